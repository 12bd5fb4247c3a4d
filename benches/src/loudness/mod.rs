//! Meters side by side: a programme is measured from reset to reading, for what is asked and for
//! nothing else.
//!
//! The rows: I, I + LRA, true peak, I + LRA + TP, the last two with the printed 4x12 form and with
//! the default interpolator. Goals are asked of a tone whose every piece has a crest, so that every
//! point between the samples is computed. What the early-out for a running maximum saves is shown
//! apart, on the demo cue, without goals.
//!
//! Before a row is timed, the readings of every side on its material are compared, and once more on
//! a longer programme and on a tone whose samples miss its crest by 3 dB:
//! - integrated loudness within [`SAME_LU`];
//! - LRA within [`SAME_LU`], ours by the rival's hop and percentiles: a hop of 1 s errs in both
//!   directions, and this programme reads 1.6 to 1.8 LU higher with it than at the 100 ms of Tech 3342
//!   (pauses every 20 s read lower: `tests/all/standards/tech3342.rs`);
//! - true peak within [`PEAK_DB`].

mod material;
mod sides;

use std::hint::black_box;
use std::rc::Rc;

use mixcore::Layout;
use mixcore::loudness::{SHORT_TERM_SUB_BLOCKS, SubBlocks, TruePeakMethod};
use mixcore::units::{db_to_gain, db_to_power, power_to_db};

use self::material::{Material, Wave};
use self::sides::{Ask, Ours, RangeRule, Readings, Side, rivals};
use crate::{BLOCKS, Case, Goal, RATE_HZ, Rival, cue, signals};

/// All follow BS.1770; what differs is rounding, and filters in f32 in two of the rivals.
pub const SAME_LU: f64 = 0.01;
/// Known difference of the interpolators at 12 kHz and below. The errors at 0.25 fs: the printed
/// table of Annex 2 reads up to 0.22 dB high, ours of 8 points at most 0.07 dB low, the 4 points of
/// libebur128 and its port (Hann sinc of 49 taps) up to 0.17 dB low by their grid alone. A meter of
/// samples fails by 3 dB.
pub const PEAK_DB: f64 = 0.3;

/// Length of what is compared besides, s: two turns of the level cycle.
const COMPARED_S: f64 = 10.0;
/// Length of what is timed, s: range has windows, a run is short enough for a best-of-N.
const TIMED_S: f64 = 4.0;
/// Length of the long file, s.
const HOURS_S: f64 = 7200.0;
/// The long file repeats so much of a programme, s, each time at another level.
const HOURS_CYCLE_S: f64 = 60.0;
/// A minute of the long file lies so much lower at most, dB.
const HOURS_LOWER_DB: f64 = 12.0;

/// Which rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// Stereo in both block lengths and sample types, 5.1, and the demo cue.
    Chosen,
    /// Every layout, sample type and block length, and the demo cue.
    All,
    /// Two hours of stereo from memory: 2.8 GB, twice that with libebur128.
    Hours,
}

const ANNEX2: TruePeakMethod = TruePeakMethod::Annex2;
const FINE: TruePeakMethod = TruePeakMethod::Fine;

/// What is timed: `method` counts where peaks are asked for.
#[derive(Clone, Copy)]
struct Row(Ask, TruePeakMethod);

/// Loudness, on the synthetic programme.
const LOUDNESS: [Row; 2] = [Row(Ask::Integrated, ANNEX2), Row(Ask::Range, ANNEX2)];
/// Peaks, on the tone and on the cue.
const PEAKS: [Row; 4] =
    [Row(Ask::Peak, ANNEX2), Row(Ask::All, ANNEX2), Row(Ask::Peak, FINE), Row(Ask::All, FINE)];
const HOURS: [Row; 4] = [
    Row(Ask::Integrated, ANNEX2),
    Row(Ask::Range, ANNEX2),
    Row(Ask::All, ANNEX2),
    Row(Ask::All, FINE),
];

impl Row {
    fn name(self, place: &str) -> String {
        let Self(ask, method) = self;
        let what = match ask {
            Ask::Integrated => "K-weighting + gated loudness",
            Ask::Range => "I + LRA",
            Ask::Peak => "true peak",
            Ask::All => "I + LRA + TP",
            Ask::BesidesPeak => "besides the peak",
        };
        let form = match method {
            _ if !ask.peak() => "",
            ANNEX2 => ", 4x12 form",
            _ => ", default",
        };
        format!("{what}{form}, {place}")
    }

    /// The design's goals, for stereo loudness and for every layout's peaks.
    fn goal(self, rival: &str, layout: Layout) -> Goal {
        let of_c = rival.starts_with("libebur128");
        if !of_c && !rival.starts_with("ebur128 ") {
            return Goal::None;
        }
        match (self, of_c) {
            (Self(Ask::Integrated, _), false) if layout == Layout::STEREO => Goal::Ratio(3.5, 4.5),
            (Self(Ask::Integrated, _), true) if layout == Layout::STEREO => Goal::Ratio(6.0, 7.0),
            (Self(Ask::Peak, ANNEX2), false) => Goal::Ratio(9.0, 12.0),
            (Self(Ask::Peak, ANNEX2), true) => Goal::Ratio(25.0, 30.0),
            (Self(Ask::Peak, _), false) => Goal::Ratio(4.0, 8.0),
            (Self(Ask::Peak, _), true) => Goal::Ratio(12.0, 20.0),
            (Self(Ask::All, ANNEX2), false) => Goal::Ratio(6.0, 8.0),
            (Self(Ask::All, _), false) => Goal::Ratio(3.5, 6.0),
            _ => Goal::None,
        }
    }

    /// The row's readings by every side, compared.
    fn check<S: Wave>(self, name: &str, material: &Material<S>, block: usize) {
        let Self(ask, method) = self;
        let mut ours = Ours::new(ask, method, material);
        let read = ours.read(material, block);
        for mut rival in rivals(ask, material) {
            let theirs = rival.read(material, block);
            let name = format!("{name}: {}", rival.name());
            let agree = |what: &str,
                         asked: bool,
                         ours: Option<f64>,
                         theirs: Option<f64>,
                         within: f64| {
                if !asked {
                    return;
                }
                let near = ours.zip(theirs).is_some_and(|(a, b)| (a - b).abs() <= within);
                assert!(near, "{name}: {what} {theirs:?}, ours {ours:?}; allowed {within} apart");
            };
            let Readings { integrated_lufs, true_peak_dbtp, .. } = read;
            agree("I", ask.integrated(), integrated_lufs, theirs.integrated_lufs, SAME_LU);
            agree("peak", ask.peak(), true_peak_dbtp, theirs.true_peak_dbtp, PEAK_DB);
            let range_lu = rival
                .range_rule()
                .zip(ours.sub_blocks())
                .and_then(|(rule, blocks)| range_by_rule_lu(&blocks, rule));
            agree("LRA by its rule", ask.range(), range_lu, theirs.range_lu, SAME_LU);
        }
    }

    /// What is timed. The caller has checked it.
    fn case<S: Wave>(self, name: String, material: &Rc<Material<S>>, block: usize) -> Case {
        let Self(ask, method) = self;
        let has_goals = !name.contains("demo cue");
        let run = |mut side: Box<dyn Side<S>>| {
            let material = Rc::clone(material);
            Box::new(move || {
                black_box(side.read(black_box(&material), block));
            })
        };
        let rival = |side: Box<dyn Side<S>>| {
            let name = side.name();
            let less = if ask == Ask::Peak { side.besides_peak(material) } else { None };
            let goal = if has_goals { self.goal(name, material.layout) } else { Goal::None };
            Rival { name, less: less.map(|side| run(side) as crate::Run), run: run(side), goal }
        };
        Case {
            name,
            units: (material.channels() * material.frames()) as u64,
            unit: "sample",
            ours: run(Box::new(Ours::new(ask, method, material))),
            rivals: rivals(ask, material).into_iter().map(rival).collect(),
            limit: None,
        }
    }

    fn checked<S: Wave>(self, place: &str, material: &Rc<Material<S>>, block: usize) -> Case {
        let name = self.name(place);
        self.check(&name, material, block);
        self.case(name, material, block)
    }
}

/// LRA of our short-term windows by a rival's hop and percentiles, with the gates of Tech 3342.
fn range_by_rule_lu(blocks: &SubBlocks<'_>, rule: RangeRule) -> Option<f64> {
    /// Tech 3342: windows below it do not count, LUFS.
    const ABSOLUTE_LUFS: f64 = -70.0;
    /// Tech 3342: nor do those so much below the power mean of the rest, LU.
    const RELATIVE_LU: f64 = -20.0;
    let mut windows: Vec<f64> = (SHORT_TERM_SUB_BLOCKS..=blocks.len())
        .step_by(rule.hop)
        .filter_map(|end| blocks.short_term_lufs(end).value())
        .filter(|lufs| *lufs >= ABSOLUTE_LUFS)
        .collect();
    let power: f64 = windows.iter().map(|lufs| db_to_power(*lufs)).sum();
    let gate_lufs = power_to_db(power / windows.len() as f64) + RELATIVE_LU;
    windows.retain(|lufs| *lufs >= gate_lufs);
    windows.sort_by(f64::total_cmp);
    let last = windows.len().checked_sub(1)?;
    let percentile = |share: f64| {
        let place = last as f64 * share;
        if !rule.interpolated {
            return windows[place.round() as usize];
        }
        let below = place as usize;
        let (low, high) = (windows[below], windows[last.min(below + 1)]);
        low + (high - low) * (place - below as f64)
    };
    Some(percentile(0.95) - percentile(0.1))
}

/// Rows of one layout, sample type and block length.
fn cell<S: Wave>(layout: Layout, block: usize, filter: &str) -> Vec<Case> {
    let place = format!("{} {}, blocks of {block}", layout.name(), S::NAME);
    let tone_place = format!("every point computed, {place}");
    let wanted = |row: &Row, place: &str| row.name(place).contains(filter);
    let any = LOUDNESS.iter().any(|row| wanted(row, &place))
        || PEAKS.iter().any(|row| wanted(row, &tone_place));
    if !any {
        return Vec::new();
    }
    let channels = layout.channel_count();
    let material = |audio: Vec<Vec<f32>>| Rc::new(Material::<S>::of(layout, &audio));
    let long = material(signals::programme(channels, COMPARED_S, -1.0));
    // A quarter of the rate at 45 degrees: the case 19 of EBU Tech 3341.
    let between = material(signals::tone(channels, COMPARED_S, RATE_HZ / 4.0, 0.125, -1.0));
    for material in [long, between] {
        for row in [Row(Ask::All, ANNEX2), Row(Ask::All, FINE)] {
            row.check(&place, &material, block);
        }
    }
    let programme = material(signals::programme(channels, TIMED_S, -1.0));
    // 64 frames hold a period, so every piece that could be skipped has a crest.
    let tone = material(signals::tone(channels, TIMED_S, 997.0, 0.0, -1.0));
    let mut cases = Vec::new();
    for (rows, place, material) in
        [(&LOUDNESS[..], &place, &programme), (&PEAKS[..], &tone_place, &tone)]
    {
        let rows = rows.iter().filter(|row| wanted(row, place));
        cases.extend(rows.map(|row| row.checked(place, material, block)));
    }
    cases
}

/// Rows of one stereo material that is made only if a row is wanted.
fn rows_of(rows: &[Row], place: &str, filter: &str, make: fn() -> Vec<Vec<f32>>) -> Vec<Case> {
    let block = BLOCKS[1];
    let place = format!("{place}, stereo f32, blocks of {block}");
    let rows: Vec<&Row> = rows.iter().filter(|row| row.name(&place).contains(filter)).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let material = Rc::new(Material::new(Layout::STEREO, make()));
    rows.into_iter().map(|row| row.checked(&place, &material, block)).collect()
}

/// A programme of two hours: a minute, again and again, each time at another level.
fn hours() -> Vec<Vec<f32>> {
    let frames = (HOURS_S * RATE_HZ) as usize;
    check_memory(frames);
    let minutes = (HOURS_S / HOURS_CYCLE_S) as usize;
    let levels = signals::noise(1, minutes, 0.0).remove(0);
    signals::programme(2, HOURS_CYCLE_S, -1.0)
        .into_iter()
        .map(|minute| {
            let mut whole = Vec::with_capacity(frames);
            for level in &levels {
                let gain = db_to_gain(-f64::from(level.abs()) * HOURS_LOWER_DB) as f32;
                whole.extend(minute.iter().map(|x| x * gain));
            }
            whole
        })
        .collect()
}

/// Stops before the machine would swap; where memory cannot be read, it goes on.
fn check_memory(frames: usize) {
    let copies = if cfg!(feature = "libebur128") { 2 } else { 1 };
    let need_kb = (copies * 2 * frames * size_of::<f32>() / 1024) as u64;
    let free_kb = crate::record::available_memory_kb().unwrap_or(u64::MAX);
    assert!(need_kb + need_kb / 8 < free_kb, "needs {need_kb} kB, {free_kb} kB are there");
}

/// The rows whose names hold `filter`, made when they are asked for; each agreed before it is
/// returned.
///
/// # Panics
/// If a reading differs from a rival's by more than is known.
pub fn cases(set: Set, filter: &str) -> impl Iterator<Item = Case> + use<> {
    type Cell = fn(Layout, usize, &str) -> Vec<Case>;
    let mut cells: Vec<(Cell, Layout, usize)> = Vec::new();
    let layouts = match set {
        Set::Chosen => &[Layout::STEREO, Layout::SURROUND_5_1][..],
        Set::All => {
            &[Layout::MONO, Layout::STEREO, Layout::SURROUND_5_1, Layout::SURROUND_7_1_4][..]
        }
        Set::Hours => &[],
    };
    for &layout in layouts {
        for (index, of_type) in [cell::<f32> as Cell, cell::<f64>].into_iter().enumerate() {
            for block in BLOCKS {
                let usual = index == 0 || block == BLOCKS[1];
                let short = layout == Layout::STEREO || (index == 0 && block == BLOCKS[1]);
                if set == Set::All || (usual && short) {
                    cells.push((of_type, layout, block));
                }
            }
        }
    }
    let filter = filter.to_owned();
    let of_cells = {
        let filter = filter.clone();
        cells.into_iter().flat_map(move |(cell, layout, block)| cell(layout, block, &filter))
    };
    // Lazily too: the long file must not exist while others are timed.
    of_cells.chain(
        std::iter::once_with(move || match set {
            Set::Hours => rows_of(&HOURS, "2 h from memory", &filter, hours),
            _ => rows_of(&PEAKS, "demo cue", &filter, cue::plain_sum),
        })
        .flatten(),
    )
}

/// The rows whose instructions are counted, without a check, which would take most of the count's
/// time: stereo f32 in blocks of 4096, every point computed.
#[must_use]
pub fn counted() -> Vec<Case> {
    let block = BLOCKS[1];
    let place = format!("stereo f32, blocks of {block}");
    let stereo = |audio| Rc::new(Material::<f32>::new(Layout::STEREO, audio));
    let programme = stereo(signals::programme(2, TIMED_S, -1.0));
    let tone = stereo(signals::tone(2, TIMED_S, 997.0, 0.0, -1.0));
    let rows = LOUDNESS.iter().map(|row| (row, &programme));
    rows.chain(PEAKS.iter().map(|row| (row, &tone)))
        .map(|(row, material)| row.case(row.name(&place), material, block))
        .collect()
}
