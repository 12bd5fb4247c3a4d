//! Level statistics and level faults: by hand, by the letter, and planted in the shipped music.

use mixcore::analysis::{LevelEvent, LevelEventKind, LevelSetup, LevelStats};
use mixcore::audio::{Block, Sample};
use mixcore::{Error, Layout, Reading, Stream, math};

use super::memory;
use crate::signals::{Noise, noise};
use LevelEventKind::{Clipping, DigitalSilence, Dropout, FlatTop, Silence, Stuck};

/// f64 sums in another order, dB.
const TOLERANCE_DB: f64 = 1e-9;

fn stats<S: Sample>(setup: LevelSetup, stream: Stream) -> LevelStats<'static, S> {
    let need = LevelStats::<S>::required_len(&setup, &stream);
    let events = memory(need.events, LevelEvent::EMPTY);
    LevelStats::new_in(setup, stream, memory(need.samples, S::from_f64(9.0)), events).unwrap()
}

fn run<S: Sample>(setup: LevelSetup, rate_hz: f64, audio: &[S]) -> LevelStats<'static, S> {
    let mut stats = stats::<S>(setup, Stream::new(rate_hz, Layout::MONO).unwrap());
    stats.push(Block::mono(audio)).unwrap();
    stats.finish();
    stats
}

/// Kind, first frame and frame after the last, of every place.
fn places<S: Sample>(audio: &[S]) -> Vec<(LevelEventKind, u64, u64)> {
    let stats = run(LevelSetup::default(), 48_000.0, audio);
    stats.events().iter().map(|e| (e.kind, e.start_frame, e.end_frame)).collect()
}

/// Noise between −0.1 and 0.1: programme, without two equal samples in a row.
fn programme(frames: usize) -> Vec<f64> {
    noise::<f64>(1, frames, 0.1, 71).remove(0)
}

#[test]
fn levels_by_hand() {
    let read = |audio: &[f64]| run(LevelSetup::default(), 48_000.0, audio).measurement(0);
    // A square wave with an offset of a quarter.
    let square: Vec<f64> = (0..1000).map(|n| if n % 2 == 0 { 0.75 } else { -0.25 }).collect();
    let levels = read(&square);
    assert_eq!(levels.dc, Reading::Value(0.25));
    let near = |reading: Reading, db: f64| (reading.value().unwrap() - db).abs() < TOLERANCE_DB;
    assert!(near(levels.dc_dbfs, -12.041_199_826_559_248));
    // Mean square (0.5625 + 0.0625) / 2.
    assert!(near(levels.rms_dbfs, -5.051_499_783_199_06));
    assert!(near(levels.peak_dbfs, -2.498_774_732_165_999));
    assert_eq!(levels.peak_frame, 0);
    // A sine of a whole number of periods that meets its crests: 3.01 dB.
    let sine: Vec<f64> =
        (0..4800).map(|n| 0.5 * math::sin(math::PI * f64::from(n) / 24.0)).collect();
    let levels = read(&sine);
    assert!(near(levels.crest_db, 3.010_299_956_639_812));
    assert!(levels.dc.value().unwrap().abs() < 1e-15);
    let silent = read(&[0.0; 300]);
    assert_eq!((silent.rms_dbfs, silent.peak_dbfs), (Reading::BelowGate, Reading::BelowGate));
    assert_eq!((silent.dc, silent.dc_dbfs), (Reading::Value(0.0), Reading::BelowGate));
    let none = read(&[]);
    assert!(matches!(none.rms_dbfs, Reading::TooShort { .. }));
}

#[test]
fn the_peak_is_where_it_first_was() {
    let mut audio = programme(2000);
    for frame in [700, 900, 1500] {
        audio[frame] = if frame == 900 { 0.5 } else { -0.5 };
    }
    let levels = run(LevelSetup::default(), 48_000.0, &audio).measurement(0);
    assert_eq!(levels.peak_frame, 700);
    // The last quantum, which is not complete, counts.
    audio[1999] = 0.6;
    let mut stats =
        stats::<f64>(LevelSetup::default(), Stream::new(48_000.0, Layout::MONO).unwrap());
    stats.push(Block::mono(&audio)).unwrap();
    assert_eq!(stats.measurement(0).peak_frame, 1999);
}

#[test]
fn clipping_takes_three_in_a_row() {
    let mut audio = programme(96_000);
    audio[1000..1002].fill(1.0);
    audio[20_000..20_003].fill(1.0);
    // Both signs in one run, above full scale, and across a quantum.
    audio[40_190..40_195].copy_from_slice(&[-1.0, 1.0, -1.2, 1.0, 1.0]);
    // The largest positive sample of 16 bits.
    audio[60_000..60_004].fill(32_767.0 / 32_768.0);
    audio[90_000..90_004].fill(0.998);
    let found = places(&audio);
    assert_eq!(
        found,
        [
            (Clipping, 20_000, 20_003),
            (Clipping, 40_190, 40_195),
            (Clipping, 60_000, 60_004),
            // Below the level, but flat.
            (FlatTop, 90_000, 90_004),
        ]
    );
    let stats = run(LevelSetup::default(), 48_000.0, &audio);
    assert_eq!(stats.events()[1].magnitude, 1.2);
    assert_eq!(stats.count(0, Clipping).frames, 12);
}

#[test]
fn a_crest_is_flat_between_lower_neighbours_only() {
    let mut audio = programme(30_000);
    let at = |audio: &mut [f64], frame: usize, samples: &[f64]| {
        audio[frame..frame + samples.len()].copy_from_slice(samples);
    };
    at(&mut audio, 1000, &[0.3, 0.5, 0.5, 0.5, 0.5, 0.4]);
    at(&mut audio, 9000, &[-0.3, -0.5, -0.5, -0.5, -0.5, -0.4]);
    // A step is no crest, a hair lower is the rounding of a crest, three are too few, and at −26 dBFS
    // nobody clips.
    at(&mut audio, 15_000, &[0.6, 0.5, 0.5, 0.5, 0.5, 0.4]);
    at(&mut audio, 18_000, &[0.4996, 0.5, 0.5, 0.5, 0.5, 0.4996]);
    at(&mut audio, 21_000, &[0.3, 0.5, 0.5, 0.5, 0.4]);
    at(&mut audio, 24_000, &[0.03, 0.05, 0.05, 0.05, 0.05, 0.04]);
    assert_eq!(places(&audio), [(FlatTop, 1001, 1005), (FlatTop, 9001, 9005)]);
}

#[test]
fn tones_of_16_bits_are_sound() {
    // Their crests stand still for a while by themselves; down to the floors of the kinds.
    for hz in [20.0, 23.7, 31.5, 50.0, 100.0, 179.0, 441.0, 1000.0, 8000.0, 15_999.0] {
        for level_dbfs in [-0.1, -6.0, -19.9, -20.1, -30.0, -39.9, -45.0, -49.9, -50.1, -55.0] {
            let level = math::exp10(level_dbfs / 20.0) * 32_768.0;
            let tone: Vec<f32> = (0..24_000)
                .map(|n| {
                    let x = level * math::sin(2.0 * math::PI * hz * f64::from(n) / 48_000.0);
                    (math::round(x) / 32_768.0) as f32
                })
                .collect();
            assert_eq!(places(&tone), [], "{hz} Hz at {level_dbfs} dBFS");
        }
    }
}

#[test]
fn a_dropout_is_a_hole_in_programme() {
    let mut audio = programme(200_000);
    // 0.96 ms is too short, then 2 ms, 100 ms, and 110 ms, which is a digital silence too.
    for (start, frames) in [(10_000, 46), (30_000, 96), (60_000, 4800), (100_000, 5280)] {
        audio[start..start + frames].fill(0.0);
    }
    // Not exactly 0, but −86 dBFS.
    for n in 0..480 {
        audio[150_000 + n] = if n % 2 == 0 { 5e-5 } else { -4e-5 };
    }
    let found = places(&audio);
    let kinds = |kind| -> Vec<(u64, u64)> {
        found.iter().filter(|place| place.0 == kind).map(|place| (place.1, place.2)).collect()
    };
    assert_eq!(
        kinds(Dropout),
        [(30_000, 30_096), (60_000, 64_800), (100_000, 105_280), (150_000, 150_480)]
    );
    assert_eq!(kinds(DigitalSilence), [(60_000, 64_800), (100_000, 105_280)]);
    assert_eq!(found.len(), 6);

    // The end of a phrase, with a natural decay before the pause, is none.
    let mut decay = programme(48_000);
    for n in 0..24_000 {
        // 60 dB in 0.1 s.
        decay[10_000 + n] *= math::exp10(-3.0 * n as f64 / 4800.0);
    }
    decay[19_000..22_000].fill(0.0);
    assert!(places(&decay).iter().all(|place| place.0 != Dropout), "{:?}", places(&decay));
}

/// A hole that an editor's dither filled is found at every length: up to 3 s as a dropout, from there
/// on as a silence.
#[test]
fn a_hole_of_dither_is_found_at_every_length() {
    let mut noise = Noise::new(9);
    for (ms, kind) in
        [(2, Dropout), (99, Dropout), (101, Dropout), (2999, Dropout), (3001, Silence)]
    {
        let mut audio = programme(240_000);
        for x in &mut audio[48_000..48_000 + 48 * ms] {
            // Triangular, two steps of 16 bits at most: -84 dBFS.
            *x = (noise.next_f64() + noise.next_f64()) / 32_768.0;
        }
        let found = places(&audio);
        assert_eq!(found.len(), 1, "{ms} ms: {found:?}");
        assert_eq!(found[0].0, kind, "{ms} ms");
        let (start, end) = (found[0].1, found[0].2);
        // Programme beside the hole may lie below the level for some samples.
        assert!((47_900..=48_000).contains(&start), "{start}");
        assert!((48_000 + 48 * ms as u64..48_100 + 48 * ms as u64).contains(&end), "{end}");
    }
}

#[test]
fn silence_is_long_and_may_be_noise() {
    // 3.5 s below −60 dBFS with hiss, then 2.9 s of it.
    let mut audio = programme(480_000);
    for x in &mut audio[48_000..216_000] {
        *x *= 0.005;
    }
    for x in &mut audio[264_000..403_000] {
        *x *= 0.005;
    }
    let found = places(&audio);
    assert_eq!(found.len(), 1, "{found:?}");
    let (kind, start, end) = found[0];
    // The samples around it may be below the level too.
    assert!(
        kind == Silence && start <= 48_000 && start > 47_900 && (216_000..216_100).contains(&end)
    );
}

#[test]
fn stuck_samples_do_not_move() {
    let mut audio = programme(48_000);
    audio[5000..5095].fill(0.07);
    audio[20_000..20_096].fill(0.07);
    audio[30_000..30_200].fill(-0.002);
    let found = places(&audio);
    assert_eq!(found, [(Stuck, 20_000, 20_096)]);
}

#[test]
fn what_is_open_ends_with_the_programme() {
    let mut audio = programme(20_000);
    audio[0..5000].fill(0.0);
    audio[19_990..].fill(1.0);
    let stream = Stream::new(48_000.0, Layout::MONO).unwrap();
    let mut stats = stats::<f64>(LevelSetup::default(), stream);
    stats.push(Block::mono(&audio)).unwrap();
    assert_eq!(stats.events().len(), 1);
    stats.finish();
    let last = stats.events()[1];
    assert_eq!((last.kind, last.start_frame, last.end_frame), (Clipping, 19_990, 20_000));
    assert_eq!(stats.events()[0].kind, DigitalSilence);
    assert_eq!((stats.events()[0].start_frame, stats.events()[0].end_frame), (0, 5000));
}

#[test]
fn a_full_list_says_what_it_lost() {
    let mut audio = programme(200_000);
    for place in 0..20 {
        audio[place * 10_000 + 100..place * 10_000 + 104].fill(1.0);
    }
    let stats = run(LevelSetup { max_events: 7, ..Default::default() }, 48_000.0, &audio);
    assert_eq!((stats.events().len(), stats.lost_events()), (7, 13));
    let count = stats.count(0, Clipping);
    assert_eq!((count.places, count.runs, count.frames, count.longest_frames), (20, 20, 80, 4));
}

/// One run: kind, start, end, magnitude.
type Run = (LevelEventKind, usize, usize, f64);

/// The stretches of `x` in which `same` holds from one sample to the next.
fn stretches(frames: usize, same: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = 0;
    for n in 1..=frames {
        if n == frames || !same(n) {
            found.push((start, n));
            start = n;
        }
    }
    found
}

/// Every definition by the letter, over the whole signal at once.
fn by_the_letter(x: &[f64], setup: &LevelSetup, rate_hz: f64) -> Vec<Run> {
    let gain = |db: f64| math::exp10(db / 20.0);
    let frames = |ms: f64| (ms * 1e-3 * rate_hz).round() as usize;
    let level = |n: usize| x[n].abs();
    let peak = |a: usize, b: usize| (a..b).map(level).fold(0.0, f64::max);
    let below = |limit: f64, or_equal: bool| {
        move |n: usize| if or_equal { level(n) <= limit } else { level(n) < limit }
    };
    let mut found: Vec<Run> = Vec::new();
    let whole = |mark: &dyn Fn(usize) -> bool| -> Vec<(usize, usize)> {
        let all = stretches(x.len(), |n| mark(n) == mark(n - 1));
        all.into_iter().filter(|&(start, _)| mark(start)).collect()
    };
    let clip = gain(setup.clip_dbfs);
    for (a, b) in whole(&|n| level(n) >= clip) {
        if b - a >= setup.clip_min_frames {
            found.push((Clipping, a, b, peak(a, b)));
        }
    }
    for (a, b) in whole(&below(gain(setup.silence_dbfs), false)) {
        if b - a >= frames(setup.silence_min_ms) {
            found.push((Silence, a, b, 0.0));
        }
    }
    let programme = gain(setup.programme_dbfs);
    let context = frames(5.0);
    let gaps: Vec<(usize, usize)> = whole(&below(gain(setup.gap_dbfs), true))
        .into_iter()
        .filter(|&(a, b)| {
            let long =
                (frames(setup.gap_min_ms).max(1)..=frames(setup.gap_max_ms)).contains(&(b - a));
            long && (a.saturating_sub(context + 1)..a).any(|n| level(n) >= programme)
        })
        .collect();
    for (index, &(a, b)) in gaps.iter().enumerate() {
        let Some(next) = (b..x.len().min(b + context + 1)).find(|&n| level(n) >= programme) else {
            continue;
        };
        // Of two gaps before the programme returns, the later one counts.
        if gaps.get(index + 1).is_none_or(|later| later.1 > next) {
            found.push((Dropout, a, b, 0.0));
        }
    }
    for (a, b) in stretches(x.len(), |n| x[n] == x[n - 1]) {
        let (long, m) = (b - a, level(a));
        if long < 3 || m >= clip {
            continue;
        }
        if m == 0.0 {
            if long >= frames(setup.zero_min_ms).max(3) {
                found.push((DigitalSilence, a, b, 0.0));
            }
        } else if long >= frames(setup.stuck_min_ms).max(3) && m >= gain(setup.stuck_dbfs) {
            found.push((Stuck, a, b, m));
        } else if long >= setup.flat_min_frames
            && m >= gain(setup.flat_dbfs)
            && a > 0
            && b < x.len()
        {
            let inside = |n: usize| m - x[n] * x[a].signum();
            let (before, after) = (inside(a - 1), inside(b));
            if before > 0.0 && after > 0.0 && before.max(after) >= m / 512.0 {
                found.push((FlatTop, a, b, m));
            }
        }
    }
    found.sort_by_key(|run| (run.0 as usize, run.1));
    found
}

/// Stretches of all that may happen to a file, one after the other.
fn hostile(seed: u32, frames: usize) -> Vec<f64> {
    let mut pick = Noise::new(seed);
    let mut x = Vec::with_capacity(frames);
    while x.len() < frames {
        let long = [3, 5, 17, 60, 300, 1500][pick.below(6)] + pick.below(40);
        let level = [1.0, 0.3, 0.1, 0.02, 0.009, 9e-4, 8e-5, 2e-5][pick.below(8)];
        let kind = pick.below(9);
        let constant = level * pick.next_f64();
        for n in 0..long {
            let y = pick.next_f64();
            x.push(match kind {
                0 => 0.0,
                1 => constant,
                2 => (level * y * 1.5).clamp(-level, level),
                3 => y * 1.3,
                // Coarse steps: many equal neighbours.
                4 => (y * 3.0).round() * level / 3.0,
                5 => 0.0_f64.copysign(y),
                // A tone of 16 bits.
                6 => (level * (n as f64 * 0.05).sin() * 32_768.0).round() / 32_768.0,
                _ => level * y,
            });
        }
    }
    x.truncate(frames);
    x
}

fn coalesced(runs: &[Run], gap: usize) -> Vec<(LevelEventKind, u64, u64, u64, u64, f64)> {
    let mut places: Vec<(LevelEventKind, u64, u64, u64, u64, f64)> = Vec::new();
    for &(kind, start, end, magnitude) in runs {
        let (start, end) = (start as u64, end as u64);
        match places.last_mut() {
            Some(last) if last.0 == kind && start - last.2 <= gap as u64 => {
                *last =
                    (kind, last.1, end, last.3 + 1, last.4.max(end - start), last.5.max(magnitude));
            }
            _ => places.push((kind, start, end, 1, end - start, magnitude)),
        }
    }
    places
}

fn letter<S: Sample>(rate_hz: f64, setup: LevelSetup, gap_frames: usize) -> [usize; 6] {
    let mut seen = [0; 6];
    let seeds = if std::env::var_os("MIXCORE_LONG").is_some() { 400 } else { 25 };
    for seed in 0..seeds {
        let audio: Vec<S> = hostile(seed, 30_000).iter().map(|&x| S::from_f64(x)).collect();
        let plain: Vec<f64> = audio.iter().map(|x| x.as_f64()).collect();
        let expected = coalesced(&by_the_letter(&plain, &setup, rate_hz), gap_frames);
        let stats = run(setup, rate_hz, &audio);
        let mut found: Vec<_> = stats
            .events()
            .iter()
            .map(|e| (e.kind, e.start_frame, e.end_frame, e.runs, e.longest_frames, e.magnitude))
            .collect();
        found.sort_by_key(|place| (place.0 as usize, place.1));
        assert_eq!(stats.lost_events(), 0);
        for (a, b) in found.iter().zip(&expected) {
            assert_eq!(a, b, "seed {seed} at {rate_hz}");
        }
        assert_eq!(found.len(), expected.len(), "seed {seed} at {rate_hz}");
        for place in found {
            seen[place.0 as usize] += 1;
        }
    }
    seen
}

#[test]
fn the_short_cuts_find_what_the_letter_says() {
    let short = LevelSetup {
        zero_min_ms: 2.0,
        silence_min_ms: 50.0,
        silence_dbfs: -38.0,
        gap_max_ms: 20.0,
        stuck_min_ms: 0.5,
        coalesce_ms: 0.0,
        max_events: 5000,
        ..LevelSetup::default()
    };
    for seen in [
        letter::<f64>(48_000.0, short, 0),
        letter::<f32>(48_000.0, short, 0),
        letter::<f32>(8000.0, short, 0),
        // Levels in another order, one clipped sample enough, places far apart.
        letter::<f64>(
            16_000.0,
            LevelSetup {
                clip_dbfs: -10.0,
                clip_min_frames: 1,
                flat_min_frames: 3,
                silence_dbfs: -85.0,
                gap_dbfs: -60.0,
                programme_dbfs: -55.0,
                gap_min_ms: 0.1,
                coalesce_ms: 5.0,
                ..short
            },
            80,
        ),
    ] {
        // Otherwise the test would say nothing about a kind.
        assert!(seen.iter().filter(|&&count| count > 5).count() >= 5, "{seen:?}");
    }
}

#[test]
fn setups_out_of_range_are_errors() {
    let stream = Stream::new(48_000.0, Layout::MONO).unwrap();
    let good = LevelSetup::default();
    for (bad, field) in [
        (LevelSetup { clip_dbfs: f64::NAN, ..good }, "clip_dbfs"),
        (LevelSetup { clip_min_frames: 0, ..good }, "clip_min_frames"),
        (LevelSetup { flat_min_frames: 2, ..good }, "flat_min_frames"),
        (LevelSetup { silence_min_ms: 10.0, ..good }, "silence_min_ms"),
        (LevelSetup { gap_max_ms: 0.5, ..good }, "gap_max_ms"),
        (LevelSetup { programme_dbfs: -80.0, ..good }, "programme_dbfs"),
        (LevelSetup { max_events: 0, ..good }, "max_events"),
    ] {
        let made = LevelStats::<f32>::new_in(
            bad,
            stream,
            memory(300, 0.0),
            memory(1000, LevelEvent::EMPTY),
        );
        match made {
            Err(Error::OutOfRange { field: found, .. }) => assert_eq!(found, field),
            other => panic!("{bad:?}: {other:?}"),
        }
    }
}

/// The shipped stems are sound; faults planted in the music are found, each where it is.
#[cfg(feature = "json")]
#[test]
fn faults_planted_in_the_shipped_music() {
    let setup = LevelSetup::default();
    for stem in ["dx.flac", "mx.flac", "amb.flac", "fx.flac"] {
        for channel in crate::cue::decode(stem) {
            let stats = run(setup, 48_000.0, &channel);
            for kind in [Clipping, FlatTop, Dropout, Stuck] {
                assert_eq!(stats.count(0, kind).places, 0, "{stem}: {kind}");
            }
        }
    }
    let mut music = crate::cue::decode("mx.flac").remove(0);
    music.truncate(20 * 48_000);
    // Driven into full scale from 2 s to 3 s, then turned down by 3 dB and stored in 16 bits.
    for x in &mut music[96_000..144_000] {
        *x = (*x * 20.0).clamp(-1.0, 1.0) * std::f32::consts::FRAC_1_SQRT_2;
        *x = (*x * 32_768.0).round() / 32_768.0;
    }
    music[300_000..300_240].fill(0.0);
    let stuck = music[400_000];
    music[400_000..400_144].fill(stuck);
    for x in &mut music[600_000..624_000] {
        *x = (*x * 16.0).clamp(-1.0, 1.0);
    }
    let stats = run(setup, 48_000.0, &music);
    let of = |kind| stats.events().iter().filter(move |event| event.kind == kind);
    let within = |kind, start: u64, end: u64| {
        let mut count = 0;
        for event in of(kind) {
            assert!(event.start_frame >= start && event.end_frame <= end, "{event:?}");
            count += event.runs;
        }
        count
    };
    let flat = within(FlatTop, 96_000, 144_000);
    assert!(flat > 20, "{flat}");
    assert!(of(FlatTop).all(|e| (e.magnitude - std::f64::consts::FRAC_1_SQRT_2).abs() < 1e-4));
    assert!(within(Clipping, 600_000, 624_000) > 20);
    assert_eq!(within(Dropout, 299_990, 300_250), 1);
    assert_eq!(within(Stuck, 399_990, 400_150), 1);
}
