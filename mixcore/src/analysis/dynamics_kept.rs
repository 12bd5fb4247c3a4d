//! What processing did to a performance: dynamics before against dynamics after.
//!
//! A compressor that meets its target may have flattened the scene. This listens to both sides of a
//! processor, or of a whole chain, and says what is left: loudness range, peak to loudness (of the
//! programme and of its 3 s windows), the contour of levels with its gain reduction
//! ([`ContourReadings`]), and how deeply syllables modulate each octave.
//!
//! Both sides are compared over the frames that both have: the latency, stated in the setup, is taken
//! off, and after it everything ends with the last whole 100 ms. Before anything is read, the side
//! after is brought to the mean power of the side before, so that gates see both alike:
//!
//! > g = Σ E_before / Σ E_after, E the K-weighted energies of the sub-blocks; E_after·g is read
//!
//! So a pure gain and a pure delay change nothing. What is left of them is rounding: 1e-6 dB for f32
//! samples (their own step is 5e-7 dB), nothing at all for a gain of a power of two.
//!
//! Read a change, not a verdict: a loudness range 3 LU smaller may be what a delivery asks for. As
//! rules of thumb, a correlation of the contour under 0.95 or less than half of the modulation means
//! that the performance was changed [own proposal].
//!
//! Sources: EBU Tech 3342 (2023) for the range; the module docs of [`crate::loudness::PeakToShortTerm`],
//! [`ContourReadings`] and the modulation depth for theirs.
//! Limits: a processor that changes the waveform without changing levels (phase, width, distortion)
//! is not seen. Latencies of up to 2 s; a latency that moves is read as a change. All readings fall with the
//! ratio where a compressor's gain stands before the peak (look-ahead); one that lets the attack through
//! lowers the loudness more than the peak, and the peak-to-loudness readings rise, as the depth of modulation
//! may with its onsets; range, slope and correlation fall in either case.
//! Cost: two meters with true peak and 31 third-octave filters a channel, twice.

use super::level_contour::{ContourReadings, STEP, contour};
use super::modulation::{MODULATION_LEN, MODULATION_OCTAVES, Modulation};
use crate::audio::{Block, Sample, Store};
use crate::error::Error;
use crate::loudness::{
    Meter, MeterSetup, MeterStorage, PeakToShortTerm, SUB_BLOCKS_PER_S, SpeechActivity, SubBlocks,
    phrases, sub_block_start,
};
use crate::math;
use crate::stream::Stream;
use crate::units::{Reading, gain_to_db, power_to_db};

/// Longest latency, s.
const MAX_LATENCY_S: f64 = 2.0;

/// What a comparison is made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DynamicsSetup {
    /// Frames by which the side after lags, 0 to 2 s: the processor's `latency_frames()`.
    pub latency_frames: usize,
    /// Programme duration that the histories hold, s: 0.4 to 360,000.
    pub max_duration_s: f64,
}

impl Default for DynamicsSetup {
    /// No latency, four hours.
    fn default() -> Self {
        Self { latency_frames: 0, max_duration_s: 14_400.0 }
    }
}

impl DynamicsSetup {
    fn meter(&self) -> MeterSetup {
        MeterSetup { max_duration_s: self.max_duration_s, ..MeterSetup::default() }
    }

    fn check(&self, stream: &Stream) -> Result<(), Error> {
        stream.validate()?;
        #[expect(clippy::cast_precision_loss, reason = "only compared with a bound")]
        let latency = self.latency_frames as f64;
        Error::check_range("latency_frames", latency, 0.0, MAX_LATENCY_S * stream.rate_hz)
            .map(|_| ())
    }

    /// Sub-blocks and steps that fit.
    fn lengths(&self) -> (usize, usize) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates; the meter refuses what is out of range"
        )]
        let sub_blocks =
            math::ceil(self.max_duration_s.clamp(0.0, 360e3) * SUB_BLOCKS_PER_S) as usize;
        (sub_blocks, sub_blocks / STEP + 1)
    }

    /// Numbers besides those of the two meters: the matched history, gains, slews, and for each side
    /// peaks and modulation.
    fn numbers(&self) -> [usize; 7] {
        let (sub_blocks, steps) = self.lengths();
        [sub_blocks, steps, steps, steps, steps, MODULATION_LEN, MODULATION_LEN]
    }
}

/// A reading before and after.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// Of the side before.
    pub before: Reading,
    /// Of the side after.
    pub after: Reading,
}

impl Compared {
    /// After minus before.
    #[must_use]
    pub fn change(&self) -> Reading {
        self.after.zip(self.before, |after, before| after - before)
    }

    /// After as a share of before, percent; [`Reading::BelowGate`] where there was nothing.
    #[must_use]
    pub fn kept_percent(&self) -> Reading {
        match self.after.zip(self.before, |after, before| 100.0 * after / before) {
            Reading::Value(percent) => Reading::from_level(percent),
            other => other,
        }
    }
}

/// What is left of the dynamics.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct DynamicsReadings {
    /// Mean power after over mean power before, LU: what the comparison takes off.
    pub gain_lu: Reading,
    /// Loudness range, LU.
    pub range_lu: Compared,
    /// Peak to loudness, dB: highest true peak over integrated loudness.
    pub plr_db: Compared,
    /// Tenth percentile of peak to short-term loudness, dB.
    pub psr_low_db: Compared,
    /// Contour of levels and gain reduction.
    pub contour: ContourReadings,
    /// Modulation depth, 2 to 16 Hz, of the octaves [`super::MODULATION_OCTAVES_HZ`], 0 to about 1.
    /// [`Reading::NotApplicable`] for octaves that the rate does not have.
    pub modulation: [Compared; MODULATION_OCTAVES],
    /// Time that was compared, s.
    pub duration_s: f64,
}

/// One side of the processor.
#[derive(Debug)]
struct Side<'a, S> {
    meter: Meter<'a, S>,
    modulation: Modulation<'a>,
    /// True peak of every 100 ms, linear.
    peaks: Store<'a, f64>,
    steps: usize,
}

impl<S: Sample> Side<'_, S> {
    fn push(&mut self, block: &Block<'_, S>) -> Result<(), Error> {
        let rate_hz = self.meter.stream().rate_hz;
        let mut at = 0;
        while at < block.frames() {
            let end = sub_block_start((self.steps + 1) * STEP, rate_hz);
            let left = end - self.meter.frames();
            let take = usize::try_from(left).unwrap_or(usize::MAX).min(block.frames() - at);
            let part = block.range(at, at + take);
            self.meter.push(part)?;
            self.modulation.push(&part);
            at += take;
            if self.meter.frames() == end {
                let peak = self.meter.take_interval_peak();
                if let Some(slot) = self.peaks.get_mut(self.steps) {
                    *slot = peak;
                }
                self.steps += 1;
            }
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.meter.reset();
        self.modulation.reset();
        self.steps = 0;
    }
}

/// Elements of lent memory that a comparison needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DynamicsStorage {
    /// Samples.
    pub samples: usize,
    /// f64 numbers.
    pub numbers: usize,
}

/// Compares the dynamics of a programme before and after processing.
///
/// # Example
/// ```
/// use mixcore::analysis::{DynamicsKept, DynamicsSetup};
/// use mixcore::{Block, Layout, Stream, math};
///
/// // A tone that beats at 4 Hz, and what a square-root law (2:1 in dB) makes of it.
/// let beat = |n: i32| 0.55 + 0.45 * math::cos(math::PI * f64::from(n) / 6000.0);
/// let tone = |n: i32| math::sin(0.13 * f64::from(n));
/// let before: Vec<f64> = (0..192_000).map(|n| 0.5 * beat(n) * tone(n)).collect();
/// let after: Vec<f64> = (0..192_000).map(|n| 0.5 * math::sqrt(beat(n)) * tone(n)).collect();
/// let setup = DynamicsSetup { max_duration_s: 10.0, ..DynamicsSetup::default() };
/// let mut kept = DynamicsKept::new(setup, Stream::new(48_000.0, Layout::MONO)?)?;
/// kept.push(Block::mono(&before), Block::mono(&after))?;
/// let readings = kept.measurement(None);
/// assert!((0.5..0.6).contains(&readings.contour.slope.value().unwrap()));
/// assert!(readings.plr_db.change().value().unwrap() < -1.0);
/// // 997 Hz lies in the octave of 1 kHz.
/// let modulation = readings.modulation[3].kept_percent().value().unwrap();
/// assert!((50.0..70.0).contains(&modulation));
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct DynamicsKept<'a, S> {
    setup: DynamicsSetup,
    stream: Stream,
    before: Side<'a, S>,
    after: Side<'a, S>,
    /// Frames of the side after that were left out.
    skipped: usize,
    matched: Store<'a, f64>,
    gains: Store<'a, f64>,
    slews: Store<'a, f64>,
}

#[cfg(feature = "alloc")]
impl<S: Sample> DynamicsKept<'static, S> {
    /// A comparison with memory of its own.
    ///
    /// # Errors
    /// A latency beyond 2 s, a duration outside 0.4 to 360,000 s, or a rate outside 8 to 384 kHz.
    pub fn new(setup: DynamicsSetup, stream: Stream) -> Result<Self, Error> {
        setup.check(&stream)?;
        let meters = [Meter::new(setup.meter(), stream)?, Meter::new(setup.meter(), stream)?];
        Self::over(setup, stream, meters, setup.numbers().map(|len| Store::owned(len, 0.0)))
    }
}

impl<'a, S: Sample> DynamicsKept<'a, S> {
    /// Memory that [`DynamicsKept::new_in`] needs.
    #[must_use]
    pub fn required_len(setup: &DynamicsSetup, stream: &Stream) -> DynamicsStorage {
        let MeterStorage { samples, history } = Meter::<S>::required_len(&setup.meter(), stream);
        let numbers = 2 * history + setup.numbers().iter().sum::<usize>();
        DynamicsStorage { samples: 2 * samples, numbers }
    }

    /// A comparison in lent memory of at least [`DynamicsKept::required_len`].
    ///
    /// # Errors
    /// A latency beyond 2 s, a duration outside 0.4 to 360,000 s, a rate outside 8 to 384 kHz, or too
    /// little memory.
    pub fn new_in(
        setup: DynamicsSetup,
        stream: Stream,
        samples: &'a mut [S],
        numbers: &'a mut [f64],
    ) -> Result<Self, Error> {
        const WHAT: &str = "dynamics number";
        setup.check(&stream)?;
        let need = Self::required_len(&setup, &stream);
        for (what, given, required) in
            [("dynamics sample", samples.len(), need.samples), (WHAT, numbers.len(), need.numbers)]
        {
            if given < required {
                return Err(Error::Storage { what, given, required });
            }
        }
        let MeterStorage { samples: len, history } =
            Meter::<S>::required_len(&setup.meter(), &stream);
        let (first, second) = samples.split_at_mut(len);
        let (first_history, rest) = numbers.split_at_mut(history);
        let (second_history, mut rest) = rest.split_at_mut(history);
        let meters = [
            Meter::new_in(setup.meter(), stream, first, first_history)?,
            Meter::new_in(setup.meter(), stream, second, second_history)?,
        ];
        let mut next = |len: usize| {
            let part = rest.split_off_mut(..len).unwrap_or_default();
            Store::lent(WHAT, part, len, 0.0)
        };
        let [a, b, c, d, e, f, g] = setup.numbers();
        let stores = [next(a)?, next(b)?, next(c)?, next(d)?, next(e)?, next(f)?, next(g)?];
        Self::over(setup, stream, meters, stores)
    }

    fn over(
        setup: DynamicsSetup,
        stream: Stream,
        [before, after]: [Meter<'a, S>; 2],
        [matched, gains, slews, peaks, other_peaks, memory, other]: [Store<'a, f64>; 7],
    ) -> Result<Self, Error> {
        let side = |meter, peaks, memory| {
            Ok(Side { meter, modulation: Modulation::new(stream, memory)?, peaks, steps: 0 })
        };
        Ok(Self {
            setup,
            stream,
            before: side(before, peaks, memory)?,
            after: side(after, other_peaks, other)?,
            skipped: 0,
            matched,
            gains,
            slews,
        })
    }

    /// Listens to one block of both sides, of any length; every split gives the same bits.
    ///
    /// To hear the last frames of the side before come out, go on with as much silence before as the
    /// latency is long.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// Another number of channels than the stream's, blocks of different lengths, or
    /// [`Error::HistoryFull`]; nothing is recorded then.
    pub fn push(&mut self, before: Block<'_, S>, after: Block<'_, S>) -> Result<(), Error> {
        for block in [&before, &after] {
            block.check_channels("block", self.stream.channel_count())?;
        }
        let (given, expected) = (after.frames(), before.frames());
        if given != expected {
            return Err(Error::FrameCount { what: "block after", given, expected });
        }
        self.before.meter.check_room(expected as u64)?;
        let skip = (self.setup.latency_frames - self.skipped).min(expected);
        self.skipped += skip;
        self.before.push(&before)?;
        self.after.push(&after.range(skip, expected))
    }

    /// Starts anew; the memory is kept.
    ///
    /// # Real time
    /// Does not allocate.
    pub fn reset(&mut self) {
        self.before.reset();
        self.after.reset();
        self.skipped = 0;
    }

    /// What it was made for.
    #[must_use]
    pub fn setup(&self) -> DynamicsSetup {
        self.setup
    }

    /// Samples so far that were not finite or beyond 1e6 and were taken as 0, on both sides.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.before.meter.faults() + self.after.meter.faults()
    }

    /// What is left of the dynamics so far; pushing may go on. With `speech` the contour is that
    /// inside its phrases (sub-blocks of the side before); everything else is of the programme.
    ///
    /// Costs a few passes over the histories and two sorts.
    pub fn measurement(&mut self, speech: Option<&dyn SpeechActivity>) -> DynamicsReadings {
        let steps = self.before.steps.min(self.after.steps);
        let len = steps * STEP;
        let before = self.before.meter.sub_blocks().range(0, len);
        let raw = self.after.meter.sub_blocks().range(0, len);
        let total = |blocks: &SubBlocks<'_>| blocks.energies().iter().sum::<f64>();
        let ratio = total(&before) / total(&raw);
        // Silence, or sums beyond all numbers: there is nothing to match.
        let ratio = if ratio.is_finite() && ratio > 0.0 { ratio } else { 1.0 };
        let matched = self.matched.get_mut(..len).unwrap_or_default();
        for (to, energy) in matched.iter_mut().zip(raw.energies()) {
            *to = energy * ratio;
        }
        let after = raw.with_energies(matched);
        let gain = math::sqrt(ratio);
        let both = |of: &dyn Fn(&SubBlocks<'_>, &[f64], f64) -> Reading| Compared {
            before: of(&before, self.before.peaks.get(..steps).unwrap_or_default(), 1.0),
            after: of(&after, self.after.peaks.get(..steps).unwrap_or_default(), gain),
        };
        let highest = |peaks: &[f64]| peaks.iter().fold(0.0, |peak: f64, &next| peak.max(next));
        let range_lu = both(&|blocks, _, _| blocks.loudness_range().range_lu);
        let plr_db = both(&|blocks, peaks, gain| {
            let peak = Reading::from_level(gain_to_db(highest(peaks) * gain));
            blocks.integrated_lufs().zip(peak, |loudness, peak| peak - loudness)
        });
        // PSR of peaks and powers that are both lower by the gain is that of both as they are; but the
        // gate is on loudness, so the powers are the matched ones and the reading moves by the gain.
        let psr_low_db = both(&|blocks, peaks, gain| {
            let psr = PeakToShortTerm::new(*blocks, peaks);
            let low = psr.map_or(Reading::BelowGate, |psr| psr.measurement().low_percentile_db);
            low.map(|db| db + gain_to_db(gain))
        });
        let windows = self.before.modulation.windows().min(self.after.modulation.windows());
        let octaves = self.before.modulation.octaves();
        let modulation = core::array::from_fn(|octave| {
            let of = |side: &Modulation<'_>| match side.depth(octave, windows) {
                Some(depth) => Reading::Value(depth),
                None if octave >= octaves => Reading::NotApplicable,
                None if windows == 0 => {
                    Reading::TooShort { have_s: before.duration_s(), need_s: 2.0 }
                }
                None => Reading::BelowGate,
            };
            Compared { before: of(&self.before.modulation), after: of(&self.after.modulation) }
        });
        let (gains, slews) = (&mut self.gains, &mut self.slews);
        let contour = match speech {
            None => contour(&before, &after, None, gains, slews),
            Some(speech) => contour(&before, &after, Some(&mut phrases(speech)), gains, slews),
        };
        DynamicsReadings {
            gain_lu: Reading::from_level(power_to_db(total(&raw) / total(&before))),
            range_lu,
            plr_db,
            psr_low_db,
            contour,
            modulation,
            duration_s: before.duration_s(),
        }
    }
}
