//! The reverse case: the voice's low-mids hide the ambience. A capped cut, in the voice.
//!
//! A boomy voice covers what is under it between 150 and 500 Hz, where it has far more level than its
//! words need. The main signal is the voice, the key what lies under it (ambience, or the whole
//! background). Every 10 ms, in each ERB band i whose centre lies between 150 and 500 Hz:
//!
//! > wanted_i = how far the key lies below the level at which the voice hides it, dB; 0 where it is not
//! > hidden or not there; at most `max_depth_db` ≤ 4 dB
//! > limit_i = the largest cut ≤ wanted_i with which Σ_j I_j·(A_j − A'_j) ≤ 0.00005·k/n, over all bands j
//! > that carry words, A' with the cuts so far: bands k = 1 … n from the lowest up
//! > reduction(t) = min over u of limit(u) + slew·max(|u − t| − 2 frames, 0)
//!
//! **Intelligibility is not lowered**, as finely as the index can say ([`super::audibility`]: importances
//! I, audibilities A). A voice 15 dB and more above the background is audible in full and stays so under a
//! cut that it can spare; one that is inaudible anyway (below −15 dB) has nothing to lose. What a cut takes
//! of the rest, by spread alone, is never quite nothing (e^−20 of it in a model without a floor), but an
//! index with weights of four decimals has four decimals: less than half of the last one, 0.00005, is no
//! change. Every frame keeps to that, so every mean does ([`LowMidReport`] measures it). Frames overlap: the
//! gains of the two before and after one act in it too, hence the 2 (the third's share of its energy is
//! below 0.0004, the integral of the windows' product). In the signal of the shipped cue it is so
//! (`tests/all/masking_ducker_cue.rs`).
//!
//! **With the whole background as key** it does next to nothing under a loud score, and rightly. In the
//! phrases of the shipped cue music and effects alone hide 93 % of the ambience's energy between 150 and
//! 500 Hz, the voice alone 69 %, both 97 %; in 2 % of the bands and frames the voice hides it and the
//! others do not. Thinning the voice would open next to nothing. What the voice hides of music and effects
//! (37 % of the bands and frames) it hides by standing little above them, with nothing to spare. Give it
//! the ambience as key to hear the ambience once the music is ducked; give it everything to be sure of the
//! words as the mix stands (`tests/all/masking_ducker_cue.rs` measures both).
//!
//! Sources: own design. From 150 to 500 Hz a voice is strongest and its words depend on little of it
//! (third octaves 160 to 400 Hz: 0.106 of their importance); a voice cut by more than 4 dB would sound thin.
//! Audibility: ANSI S3.5-1997 as in [`super::audibility`]; masked threshold: [`crate::analysis::Masking`].
//! Cost, latency: as [`super::MaskingDucker`].
//! Limits: a cut of 4 dB opens a masked ambience by 4 dB at most; under a voice 20 dB above it, it stays
//! hidden. The voice gets thinner; its loudness change is reported.

use core::ops::Range;

use super::audibility::{audible, importance};
use super::band_core::{BandCore, Decide, band_processor};
use super::band_follower::{bands_of, k_weights, weighted};
use super::band_unit::{BandDuckerSetup, BandDuckerStorage, KEY, Leaving, MAIN, STAYS};
use super::key_filter::KeyFilter;
use super::reduction::{ReductionStats, mixed_db};
use crate::analysis::{ERB_BANDS, ErbBands, MaskingFrame};
use crate::audio::{Sample, Store};
use crate::error::Error;
use crate::loudness::SUB_BLOCKS_PER_S;
use crate::stream::{Field, Io, Process, Processor, Stream, params};
use crate::units::{Reading, db_to_power, power_to_db};

/// Bands that may be cut: those with their centres in here, Hz.
const RANGE_HZ: (f64, f64) = (150.0, 500.0);
/// Most bands that may be cut: six ERB bands lie in the range.
const MAX_CUT: usize = 8;

/// What an index whose importances have four decimals cannot show: half of the last one.
const SAME_INDEX: f64 = 5e-5;

/// Halvings in which the largest harmless cut is looked for: 4 dB to 0.25 dB.
const HALVINGS: usize = 4;

/// Whether a band may be cut.
fn in_range(band: usize) -> bool {
    (RANGE_HZ.0..=RANGE_HZ.1).contains(&ErbBands::band(band).centre_hz)
}

/// The bands that may be cut, from the lowest up.
fn cut_bands() -> impl Iterator<Item = usize> {
    (0..ERB_BANDS).filter(|&band| in_range(band)).take(MAX_CUT)
}

params! {
    /// How deep the cut may be and how fast it may move.
    pub struct LowMidCutParams {
        /// Largest cut.
        max_depth_db: "dB", 0.0 => 4.0, 4.0, Decibel, fixed;
        /// Fastest move: at 40 dB/s 4 dB take 0.1 s, at 20 dB/s 0.2 s, which every look-ahead holds.
        slew_db_per_s: "dB/s", 20.0 => 400.0, 40.0, Log, fixed;
        /// Share of the cut signal; the rest is dry and in step with it.
        mix_percent: "%", 0.0 => 100.0, 100.0, Linear, smoothed;
    }
}

impl LowMidCutParams {
    /// Cut of a steady band, dB, with the mix: where the voice hides a key that lies `hidden_db` below
    /// what would be heard, and its words can spare `spare_db`.
    ///
    /// # Example
    /// ```
    /// use mixcore::dynamics::LowMidCutParams;
    /// let params = LowMidCutParams::default();
    /// let depth = |hidden_db, spare_db| params.depth_db(hidden_db, spare_db);
    /// assert_eq!([depth(9.0, 9.0), depth(2.0, 9.0), depth(9.0, 1.0)], [4.0, 2.0, 1.0]);
    /// assert_eq!([depth(-1.0, 9.0), depth(9.0, -3.0)], [0.0, 0.0]);
    /// ```
    #[must_use]
    pub fn depth_db(&self, hidden_db: f64, spare_db: f64) -> f64 {
        let depth = hidden_db.min(spare_db).min(self.max_depth_db).max(0.0);
        0.0 - mixed_db(0.0 - depth, self.mix_percent * 1e-2)
    }
}

/// What the cut cost and brought, over the frames that have left in which a cut was wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LowMidReport {
    /// Time in which the voice hid the key in at least one band of the range, s.
    pub masking_s: f64,
    /// Audibility of the voice over the key before, 0 to 1.
    pub audibility_before: Reading,
    /// The same after: not lowered, to within half of its fourth decimal.
    pub audibility_after: Reading,
    /// By how much the key came up against the level at which the voice hides it, mean over the bands
    /// and frames in which it was hidden, dB.
    pub opened_db: Reading,
    /// Change of the voice's loudness in these frames, LU ≤ 0.
    pub voice_lu: Reading,
}

type Bands = [f64; ERB_BANDS];

/// Numbers of a frame: powers of the voice that goes down, excitations by voice and key, limits, powers
/// of the voice that stays, and whether a cut is wanted.
const ROW: usize = 5 * ERB_BANDS + 1;

/// Frames before and after one whose gains act in it: windows of 40 ms that begin every 10 ms, see the
/// module doc.
const OVERLAP: usize = 2;

/// Where the numbers of a frame lie in a ring of so many frames.
fn place_of(index: usize, len: usize) -> Range<usize> {
    let at = index % len.max(1) * ROW;
    at..at + ROW
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    frames: f64,
    before: f64,
    after: f64,
    opened: f64,
    hidden: f64,
    loudness: [f64; 2],
}

/// The frames of the look-ahead and the cuts.
#[derive(Debug)]
pub(super) struct CutFollower<'a> {
    /// Frames of the look-ahead, and those that are remembered.
    len: usize,
    rows: usize,
    ring: Store<'a, f64>,
    pushed: usize,
    cuts: Bands,
    weights: Bands,
    importance: Bands,
    /// What a power of 1 in each band that may be cut excites; none before the first frame.
    spread: Option<[Bands; MAX_CUT]>,
    sums: Sums,
}

impl<'a> Decide<'a> for CutFollower<'a> {
    type Params = LowMidCutParams;
    const HEARS_FILTERED: bool = true;

    fn required_len(frames: usize) -> usize {
        (frames + OVERLAP) * ROW
    }

    fn new(frames: usize, rate_hz: f64, ring: Store<'a, f64>) -> Result<Self, Error> {
        Ok(Self {
            len: frames.max(1),
            rows: frames.max(1) + OVERLAP,
            ring,
            pushed: 0,
            cuts: [0.0; ERB_BANDS],
            weights: k_weights(rate_hz)?,
            importance: importance(),
            spread: None,
            sums: Sums::default(),
        })
    }

    fn reset(&mut self) {
        self.ring.fill(0.0);
        self.pushed = 0;
        self.cuts = [0.0; ERB_BANDS];
        self.sums = Sums::default();
    }

    fn reductions(&self) -> &Bands {
        &self.cuts
    }

    fn push(
        &mut self,
        frame: &MaskingFrame<'_>,
        share: f64,
        params: &LowMidCutParams,
    ) -> Option<Leaving> {
        let (limits, wanted) = self.limits(frame, params);
        let place = place_of(self.pushed, self.rows);
        let row = self.ring.get_mut(place).unwrap_or_default();
        let (parts, _) = row.as_chunks_mut::<ERB_BANDS>();
        if let [powers, voice, key, slot, stays] = parts {
            let values = powers.iter_mut().zip(voice).zip(key.iter_mut().zip(stays));
            for (band, ((power, voice), (key, stays))) in values.enumerate() {
                *power = frame.power(MAIN, band);
                *voice = voice_at(frame, band);
                *key = frame.excitation(KEY, band);
                *stays = frame.power(STAYS, band);
            }
            *slot = limits;
        }
        if let Some(flag) = row.last_mut() {
            *flag = f64::from(wanted);
        }
        self.pushed += 1;
        let leaving = self.pushed.checked_sub(self.len)?;
        self.move_cuts(leaving, params);
        self.report(leaving, share, frame);
        Some((leaving, self.cuts))
    }
}

/// Excitation by the whole voice: what goes down and what stays.
fn voice_at(frame: &MaskingFrame<'_>, band: usize) -> f64 {
    frame.excitation(MAIN, band) + frame.excitation(STAYS, band)
}

impl CutFollower<'_> {
    /// What each band may be cut by, dB, and whether a cut is wanted at all.
    fn limits(&mut self, frame: &MaskingFrame<'_>, params: &LowMidCutParams) -> (Bands, bool) {
        let mut limits = [0.0; ERB_BANDS];
        let mut wanted = false;
        for band in cut_bands().filter(|&band| frame.is_present(KEY, band)) {
            let threshold = frame.masked_threshold(band, voice_at(frame, band));
            let hidden_db = power_to_db(threshold / frame.excitation(KEY, band));
            if hidden_db > 0.0
                && let Some(limit) = limits.get_mut(band)
            {
                wanted = true;
                *limit = hidden_db.min(params.max_depth_db);
            }
        }
        if wanted {
            self.keep_words(frame, &mut limits);
        }
        (limits, wanted)
    }

    /// Lowers the limits to what does not lower the index.
    fn keep_words(&mut self, frame: &MaskingFrame<'_>, limits: &mut Bands) {
        let spread = self.spread.get_or_insert_with(|| {
            let mut spread = [[0.0; ERB_BANDS]; MAX_CUT];
            for (band, spread) in cut_bands().zip(&mut spread) {
                let powers: Bands = core::array::from_fn(|at| f64::from(at == band));
                frame.excite(&powers, spread);
            }
            spread
        });
        let importance = &self.importance;
        let noise: Bands =
            core::array::from_fn(|band| frame.excitation(KEY, band) + frame.quiet(band));
        let mut voice: Bands = core::array::from_fn(|band| voice_at(frame, band));
        let bands = bands_of(frame);
        let index = |voice: &Bands| {
            let bands = voice.iter().zip(&noise).zip(importance).take(bands);
            let words = bands.filter(|(_, importance)| **importance > 0.0);
            words.fold(0.0, |sum, ((voice, noise), importance)| {
                sum + importance * audible(*voice, *noise)
            })
        };
        let before = index(&voice);
        let count = cut_bands().count();
        for (place, (band, spread)) in cut_bands().zip(&*spread).enumerate() {
            let Some(limit) = limits.get_mut(band) else { continue };
            if *limit == 0.0 {
                continue;
            }
            #[expect(clippy::cast_precision_loss, reason = "at most 8")]
            let allowed = before - SAME_INDEX * ((place + 1) as f64 / count as f64);
            let cut_by = |db: f64| -> Bands {
                let taken = frame.power(MAIN, band) * (1.0 - db_to_power(-db));
                let mut voice = voice;
                for (voice, spread) in voice.iter_mut().zip(spread) {
                    *voice = (*voice - taken * spread).max(0.0);
                }
                voice
            };
            let (mut least, mut most) = (0.0, *limit);
            if index(&cut_by(most)) >= allowed {
                least = most;
            } else {
                for _ in 0..HALVINGS {
                    let middle = 0.5 * (least + most);
                    if index(&cut_by(middle)) >= allowed {
                        least = middle;
                    } else {
                        most = middle;
                    }
                }
            }
            *limit = least;
            voice = cut_by(least);
        }
    }

    /// The cuts of the frame that leaves.
    fn move_cuts(&mut self, leaving: usize, params: &LowMidCutParams) {
        let slew = params.slew_db_per_s / SUB_BLOCKS_PER_S;
        let last = if leaving == 0 { [f64::INFINITY; ERB_BANDS] } else { self.cuts };
        self.cuts = last.map(|cut| cut + slew);
        for index in leaving.saturating_sub(OVERLAP)..self.pushed {
            #[expect(clippy::cast_precision_loss, reason = "at most 201")]
            let way = slew * index.abs_diff(leaving).saturating_sub(OVERLAP) as f64;
            let row = self.ring.get(place_of(index, self.rows)).unwrap_or_default();
            let (parts, _) = row.as_chunks::<ERB_BANDS>();
            for (cut, limit) in self.cuts.iter_mut().zip(parts.get(3).unwrap_or(&[0.0; ERB_BANDS]))
            {
                *cut = cut.min(limit + way);
            }
        }
    }

    /// Adds the frame that leaves to the report, if a cut was wanted in it.
    fn report(&mut self, leaving: usize, share: f64, frame: &MaskingFrame<'_>) {
        let row = self.ring.get(place_of(leaving, self.rows)).unwrap_or_default();
        let (parts, _) = row.as_chunks::<ERB_BANDS>();
        let [powers, voice, key, _, stays] = parts else { return };
        if row.last() != Some(&1.0) {
            return;
        }
        let (mut whole, mut cut) = (*powers, *powers);
        for ((power, whole), (cut, stays)) in
            cut.iter_mut().zip(&mut whole).zip(self.cuts.iter().zip(stays))
        {
            *power = *power * db_to_power(mixed_db(0.0 - cut, share)) + stays;
            *whole += stays;
        }
        let mut after = [0.0; ERB_BANDS];
        frame.excite(&cut, &mut after);
        let sums = &mut self.sums;
        sums.frames += 1.0;
        for band in 0..bands_of(frame) {
            let noise = key[band] + frame.quiet(band);
            sums.before += self.importance[band] * audible(voice[band], noise);
            sums.after += self.importance[band] * audible(after[band], noise);
            let [old, new] =
                [voice[band], after[band]].map(|voice| frame.masked_threshold(band, voice));
            if in_range(band) && key[band] > 0.0 && key[band] < old {
                sums.opened += power_to_db(old / new);
                sums.hidden += 1.0;
            }
        }
        for (sum, powers) in sums.loudness.iter_mut().zip([&whole, &cut]) {
            *sum += weighted(&self.weights, powers.iter().copied());
        }
    }

    fn measurement(&self) -> LowMidReport {
        let sums = &self.sums;
        let mean = |sum: f64, count: f64| {
            if count > 0.0 { Reading::Value(sum / count) } else { Reading::NotApplicable }
        };
        let voice_lu = match mean(sums.loudness[1], sums.loudness[0]) {
            Reading::Value(ratio) => Reading::from_level(power_to_db(ratio)),
            other => other,
        };
        LowMidReport {
            masking_s: sums.frames / SUB_BLOCKS_PER_S,
            audibility_before: mean(sums.before, sums.frames),
            audibility_after: mean(sums.after, sums.frames),
            opened_db: mean(sums.opened, sums.hidden),
            voice_lu,
        }
    }
}

/// Cuts a voice's low-mids by up to 4 dB where they hide what lies under it and the words do not need
/// them.
///
/// The main signal is the voice, the key what it hides, with as many frames; without a key there is
/// nothing to hide and every bit passes.
///
/// # Latency
/// The look-ahead and 40 ms.
///
/// # Real time
/// `process`, `set_params`, `set_key_filter` and `reset` neither allocate nor wait. The work of a hop falls
/// due every 10 ms.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::dynamics::{BandDuckerSetup, LowMidCut, LowMidCutParams};
/// use mixcore::{Block, BlockMut, Io, Layout, Process, Stream};
///
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let mut cut = LowMidCut::new(BandDuckerSetup::default(), LowMidCutParams::default(), stream)?;
/// // A voice of pulses at 120 Hz, and an ambience of the same kind, 30 dB below it.
/// let pulses = |level: f32, at: usize| move |n: usize| if n % 400 == at { level } else { 0.0 };
/// let mut voice: Vec<f32> = (0..96_000).map(pulses(1.0, 0)).collect();
/// let ambience: Vec<f32> = (0..96_000).map(pulses(0.03, 200)).collect();
/// cut.process(Io::with_key(BlockMut::mono(&mut voice), Block::mono(&ambience)))?;
/// assert!(cut.reduction_stats().unwrap().max_db > 3.9);
/// let report = cut.report();
/// let lost = report.audibility_before.zip(report.audibility_after, |before, after| before - after);
/// assert!(lost.value().unwrap() < 1e-3);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct LowMidCut<'a, S> {
    params: LowMidCutParams,
    core: BandCore<'a, S, CutFollower<'a>>,
}

band_processor!(LowMidCut, LowMidCutParams, CutFollower, "voice");

impl<S: Sample> LowMidCut<'_, S> {
    /// What the key passes before it is listened to, from the next frame on: what the filter takes away
    /// nobody misses.
    pub fn set_key_filter(&mut self, filter: KeyFilter) {
        self.core.set_key_filter(filter);
    }

    /// How far a steady key still lies below what would be heard, dB, that lay `hidden_db` below it, under a
    /// voice whose words can spare the cut, with the mix ([`LowMidCutParams::depth_db`]).
    #[must_use]
    pub fn static_curve_db(&self, hidden_db: f64) -> f64 {
        hidden_db - self.params.depth_db(hidden_db, f64::INFINITY)
    }

    /// What it cost and brought since the last reset.
    #[must_use]
    pub fn report(&self) -> LowMidReport {
        self.core.decide.measurement()
    }
}
