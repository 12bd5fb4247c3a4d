//! The reverse case: the voice's low-mids hide the ambience. A capped cut, in the voice.
//!
//! A boomy voice covers what is under it between 150 and 500 Hz, where it has far more level than its
//! words need. The main signal is the voice, the key what lies under it (ambience, or the whole
//! background). Every 10 ms, in each ERB band i whose centre lies between 150 and 500 Hz:
//!
//! > wanted_i = how far the key lies below the level at which the voice hides it, dB; 0 where it is not
//! > hidden or not there; at most `max_depth_db` ≤ 4 dB
//! > spare_i = min over bands j of max(SNR_j − 15 dB, 0), SNR_j = 10 log10(E_v / (E_k + Q)): those of j =
//! > i − 2 … i + 4, and farther away those that a full cut would harm by its spread
//! > limit_i = min(wanted_i, spare_i)
//! > reduction(t) = min over u of limit(u) + slew·|u − t|
//!
//! so the cut never exceeds what is spare at that moment: a voice 15 dB and more above the background is
//! audible in full ([`super::audibility`]), and stays so. A band j that is inaudible anyway (SNR below
//! −15 dB) or carries no words does not count; the neighbours do, because excitation spreads to them.
//! So the audibility index is not lowered, frame by frame, but for what spreads to bands farther away: at
//! most 0.001 of it, on the shipped cue 0.000005 ([`LowMidReport`] measures it). Frames overlap, so in the
//! signal a cut reaches 10 ms beyond the frame it was meant for: less than 0.0002
//! (`tests/all/masking_ducker_cue.rs`).
//!
//! Sources: 150 to 500 Hz and 4 dB: the brief of the project's issue; audibility: ANSI S3.5-1997 as in
//! [`super::audibility`]; masked threshold: [`crate::analysis::Masking`].
//! Cost, latency: as [`super::MaskingDucker`].
//! Limits: a cut of 4 dB opens a masked ambience by 4 dB at most; under a voice 20 dB above it, it stays
//! hidden. The voice gets thinner; its loudness change is reported.

use core::ops::Range;

use super::audibility::{FULL_DB, audible, importance};
use super::band_follower::{bands_of, k_weights, weighted};
use super::band_unit::{BandDuckerSetup, BandDuckerStorage, BandUnit, KEY, MAIN};
use crate::analysis::{ERB_BANDS, ErbBands, MaskingFrame};
use crate::audio::{Sample, Store};
use crate::error::Error;
use crate::loudness::SUB_BLOCKS_PER_S;
use crate::stream::{Field, Io, Process, Processor, Stream, params};
use crate::units::{Reading, db_to_power, power_to_db};

/// Bands that may be cut: those with their centres in here, Hz.
const RANGE_HZ: (f64, f64) = (150.0, 500.0);
/// Bands below and above a cut whose audibility its spread can reach: beyond them the ear's filter passes
/// less than −40 dB of it (4·5·0.78 = 15.6: 16.6·e^−15.6, see [`crate::analysis::MaskingFrame`]).
const REACH: (usize, usize) = (2, 4);

/// Largest loss of a band's audibility by a full cut that is let pass: 0.03 dB of its SNR, so over all
/// bands at most a thousandth of the index.
const HARMLESS: f64 = 1e-3;

/// Whether a band may be cut.
fn in_range(band: usize) -> bool {
    (RANGE_HZ.0..=RANGE_HZ.1).contains(&ErbBands::band(band).centre_hz)
}

/// The lowest and the highest band that may be cut.
fn range() -> (usize, usize) {
    let cut = || (0..ERB_BANDS).filter(|&band| in_range(band));
    (cut().next().unwrap_or(0), cut().next_back().unwrap_or(0))
}

params! {
    /// How deep the cut may be and how fast it may move.
    pub struct LowMidCutParams {
        /// Largest cut.
        max_depth_db: "dB", 0.0 => 4.0, 4.0, Decibel, fixed;
        /// Fastest move: at 40 dB/s 4 dB take 0.1 s, at 20 dB/s 0.2 s, which every look-ahead holds.
        slew_db_per_s: "dB/s", 20.0 => 400.0, 40.0, Log, fixed;
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
    /// The same after: not lowered, to within 0.001.
    pub audibility_after: Reading,
    /// By how much the key came up against the level at which the voice hides it, mean over the bands
    /// and frames in which it was hidden, dB.
    pub opened_db: Reading,
    /// Change of the voice's loudness in these frames, LU ≤ 0.
    pub voice_lu: Reading,
}

type Bands = [f64; ERB_BANDS];

/// Numbers of a frame: powers of the voice, excitations by voice and key, limits, and whether a cut is
/// wanted.
const ROW: usize = 4 * ERB_BANDS + 1;

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
struct CutFollower<'a> {
    len: usize,
    ring: Store<'a, f64>,
    pushed: usize,
    cuts: Bands,
    largest: f64,
    weights: Bands,
    importance: Bands,
    sums: Sums,
}

impl<'a> CutFollower<'a> {
    fn required_len(frames: usize) -> usize {
        frames * ROW
    }

    fn new(frames: usize, rate_hz: f64, ring: Store<'a, f64>) -> Result<Self, Error> {
        Ok(Self {
            len: frames.max(1),
            ring,
            pushed: 0,
            cuts: [0.0; ERB_BANDS],
            largest: 0.0,
            weights: k_weights(rate_hz)?,
            importance: importance(),
            sums: Sums::default(),
        })
    }

    fn reset(&mut self) {
        self.ring.fill(0.0);
        self.pushed = 0;
        self.cuts = [0.0; ERB_BANDS];
        self.largest = 0.0;
        self.sums = Sums::default();
    }

    /// What every band may be cut by without a word becoming less audible, dB.
    fn spare_db(&self, frame: &MaskingFrame<'_>, max_depth_db: f64) -> Bands {
        let (mut powers, mut full) = ([0.0; ERB_BANDS], [0.0; ERB_BANDS]);
        let lower = db_to_power(-max_depth_db);
        for (band, power) in powers.iter_mut().enumerate().take(bands_of(frame)) {
            *power = frame.power(MAIN, band) * if in_range(band) { lower } else { 1.0 };
        }
        frame.excite(&powers, &mut full);
        let mut spare = [f64::INFINITY; ERB_BANDS];
        let (low, high) = range();
        for j in (0..bands_of(frame)).filter(|&j| self.importance[j] > 0.0) {
            let noise = frame.excitation(KEY, j) + frame.quiet(j);
            let voice = frame.excitation(MAIN, j);
            // What the largest cut everywhere does not harm, no smaller one does.
            if audible(voice, noise) - audible(full[j], noise) <= HARMLESS {
                continue;
            }
            let left_db = (power_to_db(voice / noise) - FULL_DB).max(0.0);
            let near = low.saturating_sub(REACH.0)..=high + REACH.1;
            for (band, spare) in spare.iter_mut().enumerate() {
                let reached = (band.saturating_sub(REACH.0)..=band + REACH.1).contains(&j);
                // Farther away there is little of the voice but what spreads from below.
                if reached || !near.contains(&j) {
                    *spare = spare.min(left_db);
                }
            }
        }
        spare
    }

    /// Takes the next frame; the frame that leaves with its cuts, once there is one.
    fn push(
        &mut self,
        frame: &MaskingFrame<'_>,
        params: &LowMidCutParams,
    ) -> Option<(usize, Bands)> {
        let mut limits = [0.0; ERB_BANDS];
        let mut wanted = false;
        let spare = self.spare_db(frame, params.max_depth_db);
        let limited = limits.iter_mut().zip(spare).enumerate();
        for (band, (limit, spare)) in limited.take(bands_of(frame)) {
            if !in_range(band) || !frame.is_present(KEY, band) {
                continue;
            }
            let threshold = frame.masked_threshold(band, frame.excitation(MAIN, band));
            let hidden_db = power_to_db(threshold / frame.excitation(KEY, band));
            if hidden_db > 0.0 {
                wanted = true;
                *limit = hidden_db.min(params.max_depth_db).min(spare);
            }
        }
        let place = place_of(self.pushed, self.len);
        let row = self.ring.get_mut(place).unwrap_or_default();
        let (parts, _) = row.as_chunks_mut::<ERB_BANDS>();
        if let [powers, voice, key, slot] = parts {
            for band in 0..bands_of(frame) {
                powers[band] = frame.power(MAIN, band);
                voice[band] = frame.excitation(MAIN, band);
                key[band] = frame.excitation(KEY, band);
            }
            *slot = limits;
        }
        if let Some(flag) = row.last_mut() {
            *flag = f64::from(wanted);
        }
        self.pushed += 1;
        let leaving = self.pushed.checked_sub(self.len)?;
        self.move_cuts(leaving, params);
        self.report(leaving, frame);
        Some((leaving, self.cuts))
    }

    /// The cuts of the frame that leaves.
    fn move_cuts(&mut self, leaving: usize, params: &LowMidCutParams) {
        let slew = params.slew_db_per_s / SUB_BLOCKS_PER_S;
        let last = if leaving == 0 { [f64::INFINITY; ERB_BANDS] } else { self.cuts };
        self.cuts = last.map(|cut| cut + slew);
        for (ahead, index) in (leaving..self.pushed).enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "at most 201")]
            let way = slew * ahead as f64;
            let row = self.ring.get(place_of(index, self.len)).unwrap_or_default();
            let (parts, _) = row.as_chunks::<ERB_BANDS>();
            for (cut, limit) in self.cuts.iter_mut().zip(parts.get(3).unwrap_or(&[0.0; ERB_BANDS]))
            {
                *cut = cut.min(limit + way);
            }
        }
        self.largest = self.cuts.iter().fold(self.largest, |largest, &cut| largest.max(cut));
    }

    /// Adds the frame that leaves to the report, if a cut was wanted in it.
    fn report(&mut self, leaving: usize, frame: &MaskingFrame<'_>) {
        let row = self.ring.get(place_of(leaving, self.len)).unwrap_or_default();
        let (parts, _) = row.as_chunks::<ERB_BANDS>();
        let [powers, voice, key, _] = parts else { return };
        if row.last() != Some(&1.0) {
            return;
        }
        let mut cut = *powers;
        for (power, cut) in cut.iter_mut().zip(&self.cuts) {
            *power *= db_to_power(-cut);
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
        for (sum, powers) in sums.loudness.iter_mut().zip([powers, &cut]) {
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
/// `process`, `set_params`, `set_bypass` and `reset` neither allocate nor wait. The work of a hop falls
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
/// assert!(cut.max_gain_reduction_db() > 3.9);
/// let report = cut.report();
/// let lost = report.audibility_before.zip(report.audibility_after, |before, after| before - after);
/// assert!(lost.value().unwrap() < 1e-3);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct LowMidCut<'a, S> {
    setup: BandDuckerSetup,
    params: LowMidCutParams,
    unit: BandUnit<'a, S>,
    follower: CutFollower<'a>,
    bypass: bool,
}

#[cfg(feature = "alloc")]
impl<S: Sample> LowMidCut<'static, S> {
    /// A cut with memory of its own.
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, or a key with more channels than the stream.
    pub fn new(
        setup: BandDuckerSetup,
        params: LowMidCutParams,
        stream: Stream,
    ) -> Result<Self, Error> {
        params.validate()?;
        let (frames, _) = setup.plan(&stream)?;
        let unit = BandUnit::new(&setup, stream)?;
        let ring = Store::owned(CutFollower::required_len(frames), 0.0);
        let follower = CutFollower::new(frames, stream.rate_hz, ring)?;
        Ok(Self { setup, params, unit, follower, bypass: false })
    }
}

impl<'a, S: Sample> LowMidCut<'a, S> {
    /// The memory that [`LowMidCut::new_in`] needs.
    ///
    /// # Errors
    /// A setup or rate outside its bounds, or a key with more channels than the stream.
    pub fn required_len(
        setup: BandDuckerSetup,
        stream: Stream,
    ) -> Result<BandDuckerStorage, Error> {
        let (frames, _) = setup.plan(&stream)?;
        let BandDuckerStorage { samples, numbers } = BandUnit::<S>::required_len(&setup, &stream)?;
        Ok(BandDuckerStorage { samples, numbers: numbers + CutFollower::required_len(frames) })
    }

    /// A cut in lent memory of at least [`LowMidCut::required_len`].
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, a key with more channels than the stream, or too
    /// little memory.
    pub fn new_in(
        setup: BandDuckerSetup,
        params: LowMidCutParams,
        stream: Stream,
        samples: &'a mut [S],
        numbers: &'a mut [f64],
    ) -> Result<Self, Error> {
        const WHAT: &str = "ducker number";
        params.validate()?;
        let (frames, _) = setup.plan(&stream)?;
        let (given, required) = (numbers.len(), CutFollower::required_len(frames));
        let Some((ring, rest)) = numbers.split_at_mut_checked(required) else {
            return Err(Error::Storage { what: WHAT, given, required });
        };
        let unit = BandUnit::new_in(&setup, stream, samples, rest)?;
        let ring = Store::lent(WHAT, ring, required, 0.0)?;
        let follower = CutFollower::new(frames, stream.rate_hz, ring)?;
        Ok(Self { setup, params, unit, follower, bypass: false })
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> BandDuckerSetup {
        self.setup
    }

    /// The parameters.
    #[must_use]
    pub fn params(&self) -> LowMidCutParams {
        self.params
    }

    /// Takes other parameters from the next frame of 10 ms on; the gains move by the slew.
    ///
    /// # Errors
    /// A value outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: LowMidCutParams) -> Result<(), Error> {
        params.validate()?;
        self.params = params;
        Ok(())
    }

    /// Whether it lets the voice pass.
    #[must_use]
    pub fn bypass(&self) -> bool {
        self.bypass
    }

    /// Lets the voice pass with the same latency; the cut goes, and comes again, by the slew.
    pub fn set_bypass(&mut self, bypass: bool) {
        self.bypass = bypass;
    }

    /// Cut of each ERB band in the newest frame that has left, dB ≥ 0.
    #[must_use]
    pub fn reductions_db(&self) -> &[f64; ERB_BANDS] {
        &self.follower.cuts
    }

    /// The largest cut of any band since the last reset, dB ≥ 0.
    #[must_use]
    pub fn max_gain_reduction_db(&self) -> f64 {
        self.follower.largest
    }

    /// What it cost and brought since the last reset.
    #[must_use]
    pub fn report(&self) -> LowMidReport {
        self.follower.measurement()
    }
}

impl<S: Sample> Processor for LowMidCut<'_, S> {
    fn latency_frames(&self) -> usize {
        self.unit.latency_frames()
    }

    fn tail_frames(&self) -> usize {
        self.unit.latency_frames()
    }

    fn reset(&mut self) {
        self.unit.reset();
        self.follower.reset();
    }

    fn fields(&self) -> &'static [Field] {
        LowMidCutParams::FIELDS
    }

    fn field(&self, name: &str) -> Option<f64> {
        self.params.get(name)
    }

    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        self.set_params(self.params.with(name, value)?)
    }

    fn faults(&self) -> u64 {
        self.unit.faults()
    }
}

impl<S: Sample> Process<S> for LowMidCut<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        let Self { params, unit, follower, bypass, .. } = self;
        let depth = if *bypass { 0.0 } else { params.max_depth_db };
        let params = LowMidCutParams { max_depth_db: depth, ..*params };
        let Io { mut main, key } = io;
        unit.process(&mut main, key.as_ref(), |frame| follower.push(frame, &params))
    }
}
