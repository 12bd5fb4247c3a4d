//! The correction of [`super::EqMatch`] as the taps of a filter, for a [`crate::filters::Convolver`].
//!
//! > A\[k\] = 10^(c(f_k)/20), f_k = k·rate/N
//! > linear phase: h\[n\] = w·a\[n − (T−1)/2\], a = IDFT(A)
//! > minimum phase: ĉ = IDFT(log A); ĉ\[n\] doubled for 0 < n < N/2, 0 beyond; h = w·IDFT(exp DFT(ĉ))
//!
//! T taps of each are taken; w fades the outer half, on each side or at the end, with a raised cosine.
//!
//! The length decides what can be resolved: a bell of one third octave at f rings for about 4/f seconds,
//! so at 48 kHz 2048 taps do for corrections from 100 Hz up; [`super::EqMatch::residual_db`] with
//! [`taps_response_db`] tells what a length leaves.
//!
//! Minimum phase has no latency and rings after the sound only, as a microphone or a desk does; it is
//! the inverse of what made the difference. Linear phase keeps the waveform's symmetry and its ringing
//! comes before the sound too: half the length ahead, which is heard on consonants at 4096 taps.
//!
//! Sources: A. V. Oppenheim and R. W. Schafer, "Discrete-Time Signal Processing", 3rd edition, chapter
//! 13 (real cepstrum, minimum phase); the same, chapter 7 (windows).
//! Cost: one or three transforms of N ≥ 8·T. Latency: (T − 1)/2 or 0.
//! Limits: 16 to 8192 taps, an odd number for linear phase.

use super::match_curve::EqMatch;
use crate::error::Error;
use crate::filters::RealFft;
use crate::kernels::Isa;
use crate::math;
use crate::units::{db_to_gain, gain_to_db};

#[cfg(feature = "alloc")]
use alloc::{vec, vec::Vec};

/// Most taps.
const MAX_TAPS: usize = 8192;
/// Fewest taps.
const MIN_TAPS: usize = 16;
/// Points of the transform for each tap at least: the tail of the cepstrum, which folds back, is then
/// far shorter than the transform.
const OVERSIZE: usize = 8;
/// Shortest transform.
const MIN_LENGTH: usize = 4096;
/// The correction is not followed below this, dB: a low cut has a zero at 0 Hz.
const LEAST_DB: f64 = -80.0;

/// How the phase goes with the magnitude.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FirPhase {
    /// No latency, ringing after the sound only.
    #[default]
    Minimum,
    /// The delay (T − 1)/2 at every frequency; an odd number of taps.
    Linear,
}

/// Length of the transform for so many taps.
fn length(taps: usize) -> usize {
    (OVERSIZE * taps.min(MAX_TAPS)).next_power_of_two().max(MIN_LENGTH)
}

fn check(phase: FirPhase, taps: usize) -> Result<(), Error> {
    #[expect(clippy::cast_precision_loss, reason = "only compared with small bounds")]
    let given = Error::check_range("taps", taps as f64, MIN_TAPS as f64, MAX_TAPS as f64)?;
    if phase == FirPhase::Linear && taps.is_multiple_of(2) {
        return Err(Error::NotAllowed {
            field: "taps",
            given,
            allowed: "an odd number with linear phase, whose delay is then a whole number of frames",
            hint: "take one tap more",
        });
    }
    Ok(())
}

impl EqMatch {
    /// Taps of a filter with the response of [`EqMatch::response_db`] at the candidate's rate, without
    /// the gain.
    ///
    /// # Errors
    /// Fewer than 16 or more than 8192 taps, or an even number for linear phase.
    ///
    /// # Example
    /// See [`taps_response_db`].
    #[cfg(feature = "alloc")]
    pub fn fir_taps(&self, phase: FirPhase, taps: usize) -> Result<Vec<f64>, Error> {
        check(phase, taps)?;
        let mut result = vec![0.0; taps];
        let mut work = vec![0.0; Self::fir_work_len(taps)?];
        self.fir_taps_in(phase, &mut result, &mut work)?;
        Ok(result)
    }

    /// Numbers of work space that [`EqMatch::fir_taps_in`] needs.
    ///
    /// # Errors
    /// Fewer than 16 or more than 8192 taps.
    pub fn fir_work_len(taps: usize) -> Result<usize, Error> {
        check(FirPhase::Minimum, taps)?;
        let length = length(taps);
        Ok(RealFft::<f64>::required_len(length)? + 2 * length + 2)
    }

    /// As [`EqMatch::fir_taps`], into memory of the caller; the work space holds anything before and
    /// after.
    ///
    /// # Errors
    /// As [`EqMatch::fir_taps`], or too little work space.
    pub fn fir_taps_in(
        &self,
        phase: FirPhase,
        taps: &mut [f64],
        work: &mut [f64],
    ) -> Result<(), Error> {
        check(phase, taps.len())?;
        let (given, required) = (work.len(), Self::fir_work_len(taps.len())?);
        let length = length(taps.len());
        let fft_len = RealFft::<f64>::required_len(length)?;
        let storage = Error::Storage { what: "match work", given, required };
        let (memory, rest) = work.split_at_mut_checked(fft_len).ok_or(storage)?;
        let (time, rest) = rest.split_at_mut_checked(length).ok_or(storage)?;
        let (re, rest) = rest.split_at_mut_checked(length / 2 + 1).ok_or(storage)?;
        let im = rest.get_mut(..length / 2 + 1).ok_or(storage)?;
        let mut fft = RealFft::new_in(length, Isa::detect(), memory)?;
        #[expect(clippy::cast_precision_loss, reason = "an FFT's length is exact")]
        let bin_hz = self.rate_hz() / length as f64;
        for (bin, (re, im)) in re.iter_mut().zip(im.iter_mut()).enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "an FFT's length is exact")]
            let hz = bin as f64 * bin_hz;
            *re = db_to_gain(self.response_db(hz).max(LEAST_DB));
            *im = 0.0;
        }
        match phase {
            FirPhase::Linear => {
                fft.inverse(re, im, time)?;
                linear(time, taps);
            }
            FirPhase::Minimum => {
                for re in re.iter_mut() {
                    *re = math::log(*re);
                }
                fft.inverse(re, im, time)?;
                let (first, second) = time.split_at_mut(length / 2);
                for value in first.iter_mut().skip(1) {
                    *value *= 2.0;
                }
                for value in second.iter_mut().skip(1) {
                    *value = 0.0;
                }
                fft.forward(time, re, im)?;
                for (re, im) in re.iter_mut().zip(im.iter_mut()) {
                    let (size, angle) = (math::exp(*re), *im);
                    (*re, *im) = (size * math::cos(angle), size * math::sin(angle));
                }
                fft.inverse(re, im, time)?;
                minimum(time, taps);
            }
        }
        Ok(())
    }
}

/// The middle of a symmetric response, each side faded in its outer half.
fn linear(time: &[f64], taps: &mut [f64]) {
    let middle = taps.len() / 2;
    for (n, tap) in taps.iter_mut().enumerate() {
        // By the distance from the middle, so that both sides have the same bits.
        let distance = n.abs_diff(middle);
        *tap = time.get(distance).copied().unwrap_or(0.0) * fade(distance, middle + 1);
    }
}

/// The start of a response, its last half faded.
fn minimum(time: &[f64], taps: &mut [f64]) {
    let count = taps.len();
    for (n, (tap, value)) in taps.iter_mut().zip(time).enumerate() {
        *tap = value * fade(n, count);
    }
}

/// 1 in the first half of `count`, then a raised cosine that would be 0 at `count`.
fn fade(n: usize, count: usize) -> f64 {
    let start = count / 2;
    #[expect(clippy::cast_precision_loss, reason = "few taps")]
    let share = n.saturating_sub(start) as f64 / (count - start) as f64;
    0.5 + 0.5 * math::cos(math::PI * share)
}

/// Gain of a FIR filter at `hz` for the sample rate `rate_hz`, dB.
///
/// # Example
/// ```
/// use mixcore::analysis::taps_response_db;
/// // The mean of two samples.
/// assert!(taps_response_db(&[0.5, 0.5], 48_000.0, 0.0).abs() < 1e-12);
/// assert!((taps_response_db(&[0.5, 0.5], 48_000.0, 12_000.0) + 3.0103).abs() < 1e-4);
/// ```
#[must_use]
pub fn taps_response_db(taps: &[f64], rate_hz: f64, hz: f64) -> f64 {
    let w = 2.0 * math::PI * hz / rate_hz;
    let (step_re, step_im) = (math::cos(w), math::sin(w));
    // Horner's rule over z⁻¹, from the last tap.
    let (mut re, mut im) = (0.0, 0.0);
    for tap in taps.iter().rev() {
        (re, im) = (re * step_re + im * step_im + tap, im * step_re - re * step_im);
    }
    gain_to_db(math::hypot(re, im))
}
