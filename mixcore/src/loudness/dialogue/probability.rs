//! Speech from the probabilities of the caller's own detector: a neural one, a licensed one, a
//! transcript.
//!
//! > value i covers the frames i·hop up to (i + 1)·hop
//! > speech begins with a value ≥ threshold, and goes on while values are ≥ threshold − hysteresis
//! > it ends `hangover` after the last of those; pauses shorter than 0.4 s are part of a phrase
//!
//! Sources: threshold 0.5 and hysteresis 0.15 are the defaults of Silero VAD (`get_speech_timestamps`:
//! `threshold`, `neg_threshold`); hangover 0.2 s: ITU-T P.56; the pause is that of stems.
//! Limits: how good the answer is, the caller's detector decides; the report says that it is the
//! caller's, and [`SpeechRegions::of_licensed_gate`] that it is the licensed one.

use super::regions::{Region, SpeechRegions};
use super::speech_activity::{Detector, PAUSE_SUB_BLOCKS};
use crate::audio::Store;
use crate::error::Error;
use crate::math;
use crate::stream::{MAX_RATE_HZ, MIN_RATE_HZ};

/// Longest hangover, s; beyond it phrases would be pauses.
const MAX_HANGOVER_MS: f64 = 5000.0;

/// Least threshold: at 0 all is speech; less than a millionth is no number that a detector gives.
const LEAST_THRESHOLD: f64 = 1e-6;

/// How probabilities become speech.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProbabilitySetup {
    /// Frames of the programme that one value covers, at least 1.
    pub hop_frames: u32,
    /// Speech begins at this probability: 1e-6 to 1.
    pub threshold: f64,
    /// It goes on while the probability lies less than this below the threshold: 0 up to it.
    pub hysteresis: f64,
    /// How long it goes on after that, ms: 0 to 5000.
    pub hangover_ms: f64,
}

impl ProbabilitySetup {
    /// Threshold 0.5, hysteresis 0.15, hangover 200 ms.
    #[must_use]
    pub const fn new(hop_frames: u32) -> Self {
        Self { hop_frames, threshold: 0.5, hysteresis: 0.15, hangover_ms: 200.0 }
    }

    fn validate(&self) -> Result<(), Error> {
        Error::check_range("hop_frames", self.hop_frames.into(), 1.0, u32::MAX.into())?;
        Error::check_range("threshold", self.threshold, LEAST_THRESHOLD, 1.0)?;
        Error::check_range("hysteresis", self.hysteresis, 0.0, self.threshold)?;
        Error::check_range("hangover_ms", self.hangover_ms, 0.0, MAX_HANGOVER_MS).map(|_| ())
    }
}

impl SpeechRegions<'static> {
    /// Speech from probabilities, one for each hop from the start of the programme.
    ///
    /// # Errors
    /// A probability that is NaN or outside 0 to 1; a setup outside the ranges of its fields; a rate
    /// outside 8 to 384 kHz.
    ///
    /// # Example
    /// ```
    /// use mixcore::loudness::{ProbabilitySetup, SpeechRegions};
    /// // One value for 32 ms, as Silero VAD gives them at 16 kHz.
    /// let mut values = vec![0.02; 100];
    /// values[10..40].fill(0.9);
    /// values[20] = 0.4; // above 0.5 - 0.15
    /// let speech =
    ///     SpeechRegions::from_probability(&values, ProbabilitySetup::new(1536), 48_000.0)?;
    /// let region = speech.regions()[0];
    /// assert_eq!((region.start_frame, region.end_frame), (15_360, 40 * 1536 + 9_600));
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    #[cfg(feature = "alloc")]
    pub fn from_probability(
        values: &[f32],
        setup: ProbabilitySetup,
        rate_hz: f64,
    ) -> Result<Self, Error> {
        let none = Region { start_frame: 0, end_frame: 0 };
        let memory = Store::owned(Self::probability_len(values.len()), none);
        Self::of_probability(values, setup, rate_hz, memory)
    }
}

impl<'a> SpeechRegions<'a> {
    /// Regions of memory that [`SpeechRegions::from_probability_in`] needs for so many values.
    #[must_use]
    pub const fn probability_len(values: usize) -> usize {
        values.div_ceil(2)
    }

    /// [`SpeechRegions::from_probability`] in lent memory of [`SpeechRegions::probability_len`].
    ///
    /// # Errors
    /// As there, or too little memory.
    pub fn from_probability_in(
        values: &[f32],
        setup: ProbabilitySetup,
        rate_hz: f64,
        regions: &'a mut [Region],
    ) -> Result<Self, Error> {
        let none = Region { start_frame: 0, end_frame: 0 };
        let need = Self::probability_len(values.len());
        let memory = Store::lent("speech region", regions, need, none)?;
        Self::of_probability(values, setup, rate_hz, memory)
    }

    fn of_probability(
        values: &[f32],
        setup: ProbabilitySetup,
        rate_hz: f64,
        mut regions: Store<'a, Region>,
    ) -> Result<Self, Error> {
        Error::check_range("rate_hz", rate_hz, MIN_RATE_HZ, MAX_RATE_HZ)?;
        setup.validate()?;
        for &value in values {
            Error::check_range("speech probability", value.into(), 0.0, 1.0)?;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "5 s at most")]
        let hangover = math::round(setup.hangover_ms * rate_hz / 1000.0) as u64;
        let hold = setup.threshold - setup.hysteresis;
        let frame = |index: usize| (index as u64).saturating_mul(setup.hop_frames.into());
        let (mut len, mut at) = (0_usize, 0);
        let next = |from: usize, to: f64| {
            values.iter().skip(from).position(|&value| f64::from(value) >= to).map(|n| from + n)
        };
        while let Some(first) = next(at, setup.threshold) {
            let lasts = values.iter().skip(first).take_while(|&&value| f64::from(value) >= hold);
            at = first + lasts.count();
            let region =
                Region { start_frame: frame(first), end_frame: frame(at).saturating_add(hangover) };
            // What the hangover of the last one reaches is part of it.
            let place = region.sub_blocks(rate_hz)?;
            match len.checked_sub(1).and_then(|last| regions.get_mut(last)) {
                Some(last) if last.sub_blocks(rate_hz)?.end >= place.start => {
                    last.end_frame = region.end_frame;
                }
                _ => {
                    if let Some(free) = regions.get_mut(len) {
                        *free = region;
                        len += 1;
                    }
                }
            }
        }
        let detector = Detector::new(
            "the caller's speech probability with threshold and hangover, gaps under 0.4 s merged",
        );
        Ok(Self::found(regions, len, rate_hz, detector, PAUSE_SUB_BLOCKS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Region = Region { start_frame: 0, end_frame: 0 };
    /// 10 ms a value.
    const SETUP: ProbabilitySetup =
        ProbabilitySetup { hop_frames: 480, threshold: 0.6, hysteresis: 0.2, hangover_ms: 20.0 };

    #[test]
    fn speech_begins_high_goes_on_low_and_hangs_over() {
        let values = [0.59, 0.6, 0.41, 0.4, 0.39, 0.5, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0];
        let mut memory = [NONE; 7];
        let speech = SpeechRegions::from_probability_in(&values, SETUP, 48e3, &mut memory).unwrap();
        // 1 to 4 and two more; 0.5 alone begins nothing; 9 reaches 12, so both are one.
        let found = speech.regions().iter().map(|r| (r.start_frame / 480, r.end_frame / 480));
        assert!(found.eq([(1, 6), (9, 15)]));
        let least = SpeechRegions::probability_len(values.len());
        assert_eq!(least, 7);
        let error = SpeechRegions::from_probability_in(&values, SETUP, 48e3, &mut memory[1..]);
        assert!(matches!(error, Err(Error::Storage { required: 7, .. })));
    }

    #[test]
    fn every_second_value_fills_the_memory_and_no_more() {
        let values: [f32; 9] = core::array::from_fn(|n| if n % 2 == 0 { 1.0 } else { 0.0 });
        let setup = ProbabilitySetup { hop_frames: 4800, hangover_ms: 0.0, ..SETUP };
        let mut memory = [NONE; 5];
        let speech = SpeechRegions::from_probability_in(&values, setup, 48e3, &mut memory).unwrap();
        assert_eq!(speech.regions().len(), 5);
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        let mut memory = [NONE; 2];
        for bad in [f32::NAN, -0.01, 1.01, f32::INFINITY] {
            let error = SpeechRegions::from_probability_in(&[0.5, bad], SETUP, 48e3, &mut memory)
                .unwrap_err();
            assert!(matches!(error, Error::OutOfRange { field: "speech probability", .. }));
        }
        for setup in [
            ProbabilitySetup { hop_frames: 0, ..SETUP },
            ProbabilitySetup { threshold: 0.0, hysteresis: 0.0, ..SETUP },
            ProbabilitySetup { threshold: f64::NAN, ..SETUP },
            ProbabilitySetup { hysteresis: 0.7, ..SETUP },
            ProbabilitySetup { hangover_ms: -1.0, ..SETUP },
        ] {
            assert!(SpeechRegions::from_probability_in(&[0.5], setup, 48e3, &mut memory).is_err());
        }
        assert!(SpeechRegions::from_probability_in(&[0.5], SETUP, 0.0, &mut memory).is_err());
    }
}
