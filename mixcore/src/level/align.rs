//! How far one recording of a sound lags behind another, and whether its polarity is turned.
//!
//! A boom and a lavalier, or one dialogue from two suppliers: before they are mixed or compared they
//! must stand in step, to a fraction of a frame, and with the same polarity. This looks at both
//! recordings whole, up to seconds apart, where [`crate::analysis::ChannelDelay`] watches two channels
//! of a running stream within milliseconds. What it says of the delay it says in the same words
//! ([`DelayVerdict`]).
//!
//! > c(τ) = Σ_k W_k·conj(A_k)·B_k·e^(iω_kτ), delay = argmax |c(τ)|, polarity = sign c(delay)
//!
//! over the frequencies ω_k of averaged cross-spectra of the reference A and the other recording B.
//! With W = 1/|A·B| only the phases count (PHAT), so that neither the timbre of a voice nor a
//! microphone's widens the peak. Two searches follow each other:
//!
//! 1. **Where?** On both recordings at about 12 kHz, after a first difference, over the whole range:
//!    windows of 1 to 8 s, each from half-overlapping segments under a Hann window, W = 1/√(Σ|A|²·Σ|B|²)
//!    (PHAT for one segment; where several are averaged, what does not keep its phase counts less).
//!    Each window's c is divided by its own root mean square, then they are added: an unrelated
//!    pair gives Gaussian noise of power 1, and there is an answer only where the peak stands nine
//!    deviations above it. Where the windows' own peaks lie on a slope (clocks that differ), the
//!    windows are shifted along it and added again.
//! 2. **Exactly?** At the full rate, in segments of about 85 ms that already stand in step, W = γ²/|A·B|
//!    with the coherence γ² = |Σ conj(A)·B|²/(Σ|A|²·Σ|B|²), less what chance gives. c is a sum of
//!    cosines, so its peak is found between the frames by Newton's method, without interpolation error.
//!    The delays of the windows give the drift; then all segments together give delay and polarity.
//!
//! **Polarity** is the phase φ of c at the crest of its envelope: *same* within 60° of 0°, *inverted*
//! within 60° of 180°, else undecided (a filter has turned it); undecided too where a peak of the other
//! sign is within a fifth as high (a narrow band: half a period later fits as well).
//!
//! **Sign**: a positive delay means that the other recording is late, other\[n + delay\] = reference\[n\].
//! To bring both in step the one that leads is delayed: [`Alignment::correction`] says which, by how many
//! frames, and whether to turn the polarity. The drift is positive where the delay grows.
//!
//! Accuracy (asserted in `tests/all/align.rs`, 6 to 8 s of a voice at 48 kHz): below 0.001 frames for
//! copies at fractions of a frame; with independent noise 20, 10 and 0 dB under both 0.025, 0.06 and
//! 0.08 frames; drift to 0.02 ppm. Filters delay: where they differ, the answer is the mean of what
//! they do to the frequencies that both have in common (a boom and a lavalier of the tests: 4 frames).
//!
//! Sources: C. Knapp and G. Carter, "The generalized correlation method for estimation of time delay",
//! IEEE Trans. ASSP 24(4), 1976 (PHAT, SCOT and the weights by coherence; the papers' text was not at
//! hand, the formulas are those in common use).
//! Cost: two transforms of 16,384 per third of a second and 0.7 s of range at 12 kHz: 55 million
//! instructions for each second of material at ±1 s and 48 kHz, counted by cachegrind at AVX2. It is no
//! real-time meter.
//! Memory: about 0.7 million numbers and 60,000 for each second of range. Works without `alloc` in lent
//! memory ([`Aligner::required_len`]).
//! Limits: one path of sound; one channel of each recording. Both clocks may differ by 300 ppm, not by
//! the 1000 ppm of a pull-down. Music that repeats itself exactly is ambiguous.

use super::align_coarse::{CoarseParts, search};
use super::align_fine::{Line, refine};
use super::align_plan::Plan;
use crate::analysis::DelayVerdict;
use crate::audio::{Sample, Store};
use crate::error::Error;
use crate::filters::RealFft;
use crate::kernels::{Isa, scalar::is_fault};
use crate::stream::{MAX_RATE_HZ, MIN_RATE_HZ};
use crate::units::{Reading, db_to_power};

/// Shortest recording, s.
pub const MIN_ALIGN_S: f64 = 0.5;
/// Longest search range either way, ms.
pub const MAX_ALIGN_OFFSET_MS: f64 = 30_000.0;
/// Shortest search range, ms.
const MIN_OFFSET_MS: f64 = 1.0;
/// What the recordings must still have in common at the end of the range, s.
const MIN_OVERLAP_S: f64 = 0.25;
/// Peak of the search in standard deviations: a Gaussian noise exceeds it once in 10^18. Unrelated noise,
/// music and speech stay below 7; pulses that meet by chance, as those of two voices, may reach 15.
const MIN_SIGNIFICANCE: f64 = 9.0;
/// Least mean of the segments' own c in standard deviations of that mean. Where a few pulses met by
/// chance it stays below 4; ten seconds of speech under noise 15 dB louder have 9.
const MIN_SUPPORT: f64 = 6.0;
/// Least |c| of the exact search.
const MIN_CORRELATION: f64 = 0.2;
/// cos 60°: what is left of a peak when its phase is turned so far.
const MIN_POLARITY_COS: f64 = 0.5;
/// A peak of the other sign that is as high, as a share, leaves the polarity open.
const MAX_OPPOSITE: f64 = 0.8;

/// What is searched, and when there is an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlignSetup {
    /// Longest offset either way, ms: 1 to 30,000.
    pub max_offset_ms: f64,
    /// Largest |c| of another peak, more than 1 ms away, that still leaves an answer, as a share of
    /// the peak's: 0 to 1.
    pub max_rival: f64,
    /// Mean power at or below which a recording is silent, dBFS: −150 to 0.
    pub floor_dbfs: f64,
}

impl Default for AlignSetup {
    /// One second either way, 0.75, −90 dBFS.
    fn default() -> Self {
        Self { max_offset_ms: 1000.0, max_rival: 0.75, floor_dbfs: -90.0 }
    }
}

impl AlignSetup {
    fn validate(&self) -> Result<(), Error> {
        Error::check_range(
            "max_offset_ms",
            self.max_offset_ms,
            MIN_OFFSET_MS,
            MAX_ALIGN_OFFSET_MS,
        )?;
        Error::check_range("max_rival", self.max_rival, 0.0, 1.0)?;
        Error::check_range("floor_dbfs", self.floor_dbfs, -150.0, 0.0).map(|_| ())
    }
}

/// One channel of a recording.
#[derive(Clone, Copy, Debug)]
pub struct Recording<'r, S> {
    /// Its samples.
    pub samples: &'r [S],
    /// Its sample rate, Hz.
    pub rate_hz: f64,
}

/// Whether two recordings have the same polarity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Polarity {
    /// They go the same way.
    Same,
    /// One goes up where the other goes down.
    Inverted,
    /// Neither can be said.
    Undecided(PolarityDoubt),
}

/// Why the polarity is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolarityDoubt {
    /// There is no delay at which to compare.
    NoDelay,
    /// The phases differ by about a quarter of a period at all frequencies: a filter has turned them.
    Turned,
    /// The band is narrow: half a period later the other polarity fits as well.
    HalfPeriod,
}

impl PolarityDoubt {
    /// The reason in words, for reports.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::NoDelay => "no delay was found",
            Self::Turned => "a filter has turned the phase by about 90°",
            Self::HalfPeriod => "the band is narrow, half a period later the other polarity fits",
        }
    }
}

/// What to do to bring two recordings in step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correction {
    /// Delay to give to the reference, frames ≥ 0.
    pub delay_reference_frames: f64,
    /// Delay to give to the other recording, frames ≥ 0. One of the two is 0.
    pub delay_other_frames: f64,
    /// Turn the polarity of the other recording.
    pub invert_other: bool,
}

/// How two recordings stand to each other.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Alignment {
    /// Whether there is an answer, and if not, why.
    pub verdict: DelayVerdict,
    /// How far the other recording lags behind the reference, frames; negative where it leads. A value
    /// only where the verdict is [`DelayVerdict::Found`]; with a drift it holds at `middle_frame`.
    pub delay_frames: Reading,
    /// The same in ms.
    pub delay_ms: Reading,
    /// Frame of the reference in the middle of what was compared.
    pub middle_frame: f64,
    /// Whether the polarity is the same.
    pub polarity: Polarity,
    /// c at the delay, over the frequencies that both have in common: −1 to 1.
    pub correlation: Reading,
    /// Height of the peak above chance in standard deviations; below 9 there is no answer.
    pub significance: Reading,
    /// How far the mean over the segments of the recordings stands above chance, in standard deviations
    /// of that mean; below 6 there is no answer.
    pub support: Reading,
    /// Standard deviation of the delay that the noise of the recordings leaves, frames. What filters
    /// turn is not in it.
    pub delay_error_frames: Reading,
    /// How far the peak stands above the highest other one, as a share: 0 to 1.
    pub confidence: Reading,
    /// How much faster the clock of the other recording is, parts per million: the delay grows by so
    /// much. A value from three windows on.
    pub drift_ppm: Reading,
    /// How far the drift may be off, parts per million: 99 % of such readings stay within.
    pub drift_error_ppm: Reading,
    /// Samples of both that were not finite or beyond 1e6 and were taken as 0.
    pub faults: u64,
}

impl Alignment {
    fn undecided(verdict: DelayVerdict, answer: Reading, faults: u64) -> Self {
        Self {
            verdict,
            delay_frames: answer,
            delay_ms: answer,
            middle_frame: 0.0,
            polarity: Polarity::Undecided(PolarityDoubt::NoDelay),
            correlation: answer,
            significance: answer,
            support: answer,
            delay_error_frames: answer,
            confidence: answer,
            drift_ppm: answer,
            drift_error_ppm: answer,
            faults,
        }
    }

    /// Delays and polarity that bring both in step at `middle_frame`; none without an answer. An
    /// undecided polarity is left as it is.
    ///
    /// The delays go to [`crate::filters::Delay`] where they are rounded, or to a fractional delay.
    #[must_use]
    pub fn correction(&self) -> Option<Correction> {
        let delay = self.delay_frames.value()?;
        Some(Correction {
            delay_reference_frames: delay.max(0.0),
            delay_other_frames: (-delay).max(0.0),
            invert_other: self.polarity == Polarity::Inverted,
        })
    }

    /// Whether the clocks differ: the drift is more than its error.
    #[must_use]
    pub fn drifts(&self) -> bool {
        match (self.drift_ppm, self.drift_error_ppm) {
            (Reading::Value(drift), Reading::Value(error)) => drift.abs() > error,
            _ => false,
        }
    }

    /// The delay at a frame of the reference, frames; with the drift where the clocks differ.
    #[must_use]
    pub fn delay_frames_at(&self, frame: f64) -> Option<f64> {
        let drift = self.drift_ppm.value().filter(|_| self.drifts()).unwrap_or(0.0);
        Some(self.delay_frames.value()? + 1e-6 * drift * (frame - self.middle_frame))
    }
}

/// Finds the delay between two recordings.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::analysis::DelayVerdict;
/// use mixcore::level::{AlignSetup, Aligner, Polarity, Recording};
/// use mixcore::Isa;
///
/// // Noise, and the same noise 1000 frames later with its polarity turned.
/// let mut seed = 1_u32;
/// let noise: Vec<f32> = (0..48_000)
///     .map(|_| {
///         seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
///         (seed >> 8) as f32 / 8_388_608.0 - 1.0
///     })
///     .collect();
/// let mut late = vec![0.0; 1000];
/// late.extend(noise.iter().map(|x| -0.5 * x));
/// let setup = AlignSetup { max_offset_ms: 100.0, ..AlignSetup::default() };
/// let mut aligner = Aligner::new(setup, 48_000.0, Isa::detect())?;
/// let of = |samples| Recording { samples, rate_hz: 48_000.0 };
/// let found = aligner.measure(of(&noise), of(&late))?;
/// assert_eq!((found.verdict, found.polarity), (DelayVerdict::Found, Polarity::Inverted));
/// let correction = found.correction().unwrap();
/// assert!((correction.delay_reference_frames - 1000.0).abs() < 0.01);
/// assert!(correction.delay_other_frames == 0.0 && correction.invert_other);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Aligner<'a> {
    setup: AlignSetup,
    plan: Plan,
    coarse: RealFft<'a, f64>,
    fine: RealFft<'a, f64>,
    memory: Store<'a, f64>,
}

#[cfg(feature = "alloc")]
impl Aligner<'static> {
    /// An aligner with memory of its own.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, or a setup outside its ranges.
    pub fn new(setup: AlignSetup, rate_hz: f64, isa: Isa) -> Result<Self, Error> {
        let plan = plan(&setup, rate_hz)?;
        let mut memory = Store::owned(plan.memory_len(), 0.0);
        plan.prepare(&mut memory);
        Ok(Self {
            setup,
            coarse: RealFft::new(plan.coarse_len, isa)?,
            fine: RealFft::new(plan.fine_len, isa)?,
            memory,
            plan,
        })
    }
}

fn plan(setup: &AlignSetup, rate_hz: f64) -> Result<Plan, Error> {
    setup.validate()?;
    Error::check_range("rate_hz", rate_hz, MIN_RATE_HZ, MAX_RATE_HZ)?;
    Ok(Plan::new(setup.max_offset_ms, rate_hz))
}

impl<'a> Aligner<'a> {
    /// Numbers of memory that [`Aligner::new_in`] needs.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, or a setup outside its ranges.
    pub fn required_len(setup: &AlignSetup, rate_hz: f64) -> Result<usize, Error> {
        let plan = plan(setup, rate_hz)?;
        Ok(RealFft::<f64>::required_len(plan.coarse_len)?
            + RealFft::<f64>::required_len(plan.fine_len)?
            + plan.memory_len())
    }

    /// An aligner in lent memory of at least [`Aligner::required_len`].
    ///
    /// # Errors
    /// As [`Aligner::new`], or too little memory.
    pub fn new_in(
        setup: AlignSetup,
        rate_hz: f64,
        isa: Isa,
        memory: &'a mut [f64],
    ) -> Result<Self, Error> {
        let plan = plan(&setup, rate_hz)?;
        let (given, required) = (memory.len(), Self::required_len(&setup, rate_hz)?);
        let short = Error::Storage { what: "alignment", given, required };
        let (coarse, memory) = memory
            .split_at_mut_checked(RealFft::<f64>::required_len(plan.coarse_len)?)
            .ok_or(short)?;
        let (fine, memory) = memory
            .split_at_mut_checked(RealFft::<f64>::required_len(plan.fine_len)?)
            .ok_or(short)?;
        let mut memory =
            Store::lent("alignment", memory, plan.memory_len(), 0.0).map_err(|_| short)?;
        plan.prepare(&mut memory);
        Ok(Self {
            setup,
            coarse: RealFft::new_in(plan.coarse_len, isa, coarse)?,
            fine: RealFft::new_in(plan.fine_len, isa, fine)?,
            memory,
            plan,
        })
    }

    /// What it was made for.
    #[must_use]
    pub fn setup(&self) -> AlignSetup {
        self.setup
    }

    /// Compares two recordings, which may have different lengths.
    ///
    /// # Real time
    /// Does not allocate, but takes as long as the material asks for: not for an audio thread.
    ///
    /// # Errors
    /// A rate that is not the aligner's, a recording of less than [`MIN_ALIGN_S`] (also an empty one),
    /// or a range at whose end nothing in common would be left of the longer recording.
    pub fn measure<S: Sample>(
        &mut self,
        reference: Recording<'_, S>,
        other: Recording<'_, S>,
    ) -> Result<Alignment, Error> {
        let rate = self.plan.rate_hz;
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        let seconds = |recording: &Recording<'_, S>| recording.samples.len() as f64 / rate;
        for (field, recording) in [("reference_s", &reference), ("other_s", &other)] {
            Error::check_range("rate_hz", recording.rate_hz, rate, rate)?;
            Error::check_range(field, seconds(recording), MIN_ALIGN_S, f64::MAX)?;
        }
        let most = 1e3 * (seconds(&reference).max(seconds(&other)) - MIN_OVERLAP_S);
        Error::check_range("max_offset_ms", self.setup.max_offset_ms, MIN_OFFSET_MS, most)?;

        let (a, b) = (reference.samples, other.samples);
        let (power_a, faults_a) = power(a);
        let (power_b, faults_b) = power(b);
        let faults = faults_a + faults_b;
        let floor = db_to_power(self.setup.floor_dbfs);
        if power_a <= floor || power_b <= floor {
            return Ok(Alignment::undecided(DelayVerdict::Silent, Reading::BelowGate, faults));
        }

        let mut parts = CoarseParts::new(&mut self.memory, &self.plan);
        let found = search(&self.plan, &mut self.coarse, &mut parts, a, b);
        let significance = Reading::Value(found.peak);
        let confidence = Reading::Value((1.0 - found.rival / found.peak.max(1e-30)).max(0.0));
        let open = |verdict| Alignment {
            significance,
            confidence,
            ..Alignment::undecided(verdict, Reading::NotApplicable, faults)
        };
        if found.narrow {
            return Ok(open(DelayVerdict::Ambiguous));
        }
        if found.peak < MIN_SIGNIFICANCE {
            return Ok(open(DelayVerdict::Unrelated));
        }
        if found.rising {
            return Ok(open(DelayVerdict::OutOfRange));
        }
        if found.rival > self.setup.max_rival * found.peak {
            return Ok(open(DelayVerdict::Ambiguous));
        }
        let guess = Line { delay: found.delay, slope: found.slope, middle: found.middle };
        let exact = refine(&self.plan, &mut self.fine, &mut parts, guess, a, b);
        let open = |verdict| Alignment { support: Reading::Value(exact.support), ..open(verdict) };
        if exact.envelope < MIN_CORRELATION || exact.support < MIN_SUPPORT {
            return Ok(open(DelayVerdict::Unrelated));
        }
        if exact.elsewhere > self.setup.max_rival * exact.envelope {
            return Ok(open(DelayVerdict::Ambiguous));
        }
        let polarity = if exact.cos_phase.abs() < MIN_POLARITY_COS {
            Polarity::Undecided(PolarityDoubt::Turned)
        } else if exact.opposite > MAX_OPPOSITE * exact.correlation.abs() {
            Polarity::Undecided(PolarityDoubt::HalfPeriod)
        } else if exact.cos_phase < 0.0 {
            Polarity::Inverted
        } else {
            Polarity::Same
        };
        Ok(Alignment {
            delay_frames: Reading::Value(exact.line.delay),
            delay_ms: Reading::Value(1e3 * exact.line.delay / rate),
            middle_frame: exact.line.middle,
            polarity,
            correlation: Reading::Value(exact.correlation),
            delay_error_frames: Reading::Value(exact.error),
            drift_ppm: exact.drift_ppm,
            drift_error_ppm: exact.drift_error_ppm,
            ..open(DelayVerdict::Found)
        })
    }
}

/// Mean power of a recording, and its faults.
fn power<S: Sample>(samples: &[S]) -> (f64, u64) {
    let (mut sum, mut faults) = (0.0, 0);
    for x in samples {
        if is_fault(*x) {
            faults += 1;
        } else {
            sum += x.as_f64() * x.as_f64();
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
    let frames = samples.len().max(1) as f64;
    (sum / frames, faults)
}
