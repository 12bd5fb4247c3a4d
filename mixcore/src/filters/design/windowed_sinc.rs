//! Low-passes of linear phase: the ideal impulse response under a Kaiser window.
//!
//! What changes the sample rate stands on them, and whoever needs a steep filter that moves no
//! phase. With t in samples from the middle, the cut-off f in cycles per sample and the half width W:
//!
//! > h(t) = 2f · sinc(2f·t) · I₀(β·√(1 − (t/W)²)) / I₀(β), |t| ≤ W
//!
//! The cut-off (−6 dB) lies midway between the edges of pass-band and stop-band; both have the same
//! ripple, 10^(−A/20) for the attenuation A in dB. So 100 dB mean ±0.0001 dB in the pass-band.
//!
//! Sources: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function",
//! IEEE ISCAS 1974; A. V. Oppenheim and R. W. Schafer, "Discrete-Time Signal Processing", chapter 7,
//! the formulas for β and for the order.
//!
//! Cost: of the design one Bessel series and one sine a tap. Latency: W samples.
//! Limits: the order's formula is an estimate, the scaling to 1 at 0 Hz moves the pass-band by a ripple,
//! and where a band is narrower than the transition the ripples of a frequency and its mirror meet. So
//! [`WindowedSinc::design`] asks for more; the designs of `tests/all/windowed_sinc.rs` all keep, in
//! pass-band and stop-band, what they were asked for.

use crate::error::Error;
use crate::math;
use crate::stream::{MAX_RATE_HZ, MIN_RATE_HZ};

/// Least attenuation that the formulas hold for, dB: below it a window is not needed.
const MIN_ATTENUATION_DB: f64 = 21.0;
/// Most attenuation, dB: beyond it f64 sums are no longer exact enough.
const MAX_ATTENUATION_DB: f64 = 180.0;
/// The scaling to 1 at 0 Hz moves the pass-band by a ripple, 6 dB; the formula for the order misses some
/// more, dB.
const ESTIMATE_DB: f64 = 8.5;
/// Two ripples of the same size that meet, dB.
const MIRROR_DB: f64 = 6.1;
/// Largest half width of a design, samples: 32,769 taps.
const MAX_HALF_WIDTH: f64 = 16_384.0;

/// The β of a Kaiser window for an attenuation in dB (0 below 21 dB: a rectangle).
///
/// # Example
/// ```
/// use mixcore::filters::design::kaiser_beta;
/// assert!((kaiser_beta(60.0) - 5.653).abs() < 1e-3);
/// ```
#[must_use]
pub fn kaiser_beta(attenuation_db: f64) -> f64 {
    if attenuation_db > 50.0 {
        0.1102 * (attenuation_db - 8.7)
    } else if attenuation_db >= MIN_ATTENUATION_DB {
        let over = attenuation_db - MIN_ATTENUATION_DB;
        0.5842 * math::pow(over, 0.4) + 0.07886 * over
    } else {
        0.0
    }
}

/// The order (taps − 1) that an attenuation in dB needs for a transition of so many cycles per
/// sample, not rounded: (A − 7.95)/(14.36·Δf).
///
/// # Example
/// ```
/// use mixcore::filters::design::kaiser_order;
/// // 60 dB in a tenth of the sample rate.
/// assert!((kaiser_order(60.0, 0.1) - 36.2).abs() < 0.1);
/// ```
#[must_use]
pub fn kaiser_order(attenuation_db: f64, transition: f64) -> f64 {
    (attenuation_db - 7.95) / (14.36 * transition)
}

/// Gain of an FIR at `hz` for the sample rate `rate_hz`, linear: the magnitude of Σ h\[n\]·e^(−iωn).
#[must_use]
pub fn fir_gain_at(taps: impl IntoIterator<Item = f64>, hz: f64, rate_hz: f64) -> f64 {
    let turns = hz / rate_hz;
    let (mut re, mut im, mut at) = (0.0, 0.0, 0.0);
    for tap in taps {
        // Whole turns are taken off: the angle stays small and exact.
        let turn = turns * at;
        let angle = 2.0 * math::PI * (turn - math::floor(turn));
        re += tap * math::cos(angle);
        im += tap * math::sin(angle);
        at += 1.0;
    }
    math::hypot(re, im)
}

/// A low-pass of linear phase as a function of time.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::filters::design::{WindowedSinc, fir_gain_at};
/// // Flat to 18 kHz, 80 dB down from 22 kHz on, at 48 kHz.
/// let low_pass = WindowedSinc::design(18_000.0, 22_000.0, 80.0, 48_000.0)?;
/// let mut taps = vec![0.0; low_pass.len()];
/// low_pass.fill(&mut taps);
/// assert_eq!((taps.len(), low_pass.latency_frames()), (75, 37));
/// assert!((fir_gain_at(taps.iter().copied(), 18_000.0, 48_000.0) - 1.0).abs() < 1e-4);
/// assert!(fir_gain_at(taps.iter().copied(), 22_000.0, 48_000.0) < 1e-4);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowedSinc {
    cutoff: f64,
    half_width: f64,
    beta: f64,
    /// 2f/I₀(β).
    scale: f64,
}

impl WindowedSinc {
    /// The shortest low-pass of odd length that the formulas give.
    ///
    /// # Units and range
    /// `rate_hz` 8 to 384 kHz; 0 ≤ `pass_hz` < `stop_hz` ≤ half the rate; `attenuation_db` 21 to 180.
    ///
    /// # Errors
    /// A number outside these ranges, or edges so close that more than 32,769 taps are needed.
    pub fn design(
        pass_hz: f64,
        stop_hz: f64,
        attenuation_db: f64,
        rate_hz: f64,
    ) -> Result<Self, Error> {
        Error::check_range("rate_hz", rate_hz, MIN_RATE_HZ, MAX_RATE_HZ)?;
        Error::check_range("stop_hz", stop_hz, 0.0, rate_hz / 2.0)?;
        Error::check_range("pass_hz", pass_hz, 0.0, stop_hz)?;
        Error::check_range(
            "attenuation_db",
            attenuation_db,
            MIN_ATTENUATION_DB,
            MAX_ATTENUATION_DB,
        )?;
        let width_hz = stop_hz - pass_hz;
        let meets = pass_hz < width_hz || rate_hz / 2.0 - stop_hz < width_hz;
        let inside_db = attenuation_db + ESTIMATE_DB + if meets { MIRROR_DB } else { 0.0 };
        let order = kaiser_order(inside_db, width_hz / rate_hz);
        let cutoff = (pass_hz + stop_hz) / (2.0 * rate_hz);
        Self::new(cutoff, math::ceil(order / 2.0), kaiser_beta(inside_db))
    }

    /// A low-pass by its own numbers.
    ///
    /// # Units and range
    /// `cutoff` in cycles per sample, above 0 to 0.5; `half_width` in samples, 1 to 16,384; `beta`
    /// 0 to 30.
    ///
    /// # Errors
    /// A number outside these ranges.
    pub fn new(cutoff: f64, half_width: f64, beta: f64) -> Result<Self, Error> {
        /// Far below any use: 0.0001 Hz at 8 kHz.
        const MIN_CUTOFF: f64 = 1e-8;
        /// End of the range in which the Bessel series was checked.
        const MAX_BETA: f64 = 30.0;
        Error::check_range("cutoff", cutoff, MIN_CUTOFF, 0.5)?;
        Error::check_range("half_width", half_width, 1.0, MAX_HALF_WIDTH)?;
        Error::check_range("beta", beta, 0.0, MAX_BETA)?;
        Ok(Self { cutoff, half_width, beta, scale: 2.0 * cutoff / math::bessel_i0(beta) })
    }

    /// Cut-off, where the gain is a half, cycles per sample.
    #[must_use]
    pub fn cutoff(&self) -> f64 {
        self.cutoff
    }

    /// Samples from the middle to either end.
    #[must_use]
    pub fn half_width(&self) -> f64 {
        self.half_width
    }

    /// The window's β.
    #[must_use]
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// The same low-pass for a signal of which `ratio` samples stand where one stood.
    ///
    /// # Errors
    /// A ratio that leads out of the ranges of [`WindowedSinc::new`].
    pub fn stretched(&self, ratio: f64) -> Result<Self, Error> {
        Self::new(self.cutoff / ratio, self.half_width * ratio, self.beta)
    }

    /// The impulse response `t` samples from its middle; 0 outside the window.
    #[must_use]
    pub fn at(&self, t: f64) -> f64 {
        let x = t / self.half_width;
        if x.abs() > 1.0 {
            return 0.0;
        }
        let window = math::bessel_i0(self.beta * math::sqrt(1.0 - x * x));
        self.scale * math::sinc(2.0 * self.cutoff * t) * window
    }

    /// Taps with the middle on a tap: 2·⌊W⌋ + 1.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a low-pass has at least three taps")]
    pub fn len(&self) -> usize {
        2 * self.latency_frames() + 1
    }

    /// Frames by which these taps delay: ⌊W⌋.
    #[must_use]
    pub fn latency_frames(&self) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and 16,384"
        )]
        {
            self.half_width as usize
        }
    }

    /// Writes the taps, the middle of the response in the middle of the slice, so that their sum,
    /// the gain at 0 Hz, is 1. A slice of even length has the middle between two taps.
    pub fn fill(&self, taps: &mut [f64]) {
        #[expect(clippy::cast_precision_loss, reason = "lengths far below 2^53")]
        let middle = taps.len().saturating_sub(1) as f64 / 2.0;
        let (mut sum, mut at) = (0.0, 0.0);
        for tap in &mut *taps {
            *tap = self.at(at - middle);
            sum += *tap;
            at += 1.0;
        }
        // Nothing to scale where the slice is empty.
        for tap in taps {
            *tap /= sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beta_and_order_are_those_of_the_formulas() {
        // 0.1102·(80 − 8.7); 0.5842·19^0.4 + 0.07886·19; a rectangle.
        assert!((kaiser_beta(80.0) - 7.857_26).abs() < 1e-9);
        assert!((kaiser_beta(40.0) - 3.395_321).abs() < 1e-6);
        assert_eq!(kaiser_beta(20.0), 0.0);
        assert!((kaiser_order(80.0, 0.05) - 72.05 / 0.718).abs() < 1e-9);
    }

    #[test]
    fn a_moving_average_is_known_by_hand() {
        // (1 + e^(−iω))/2: a half power at a quarter of the rate, nothing at half of it.
        assert!((fir_gain_at([0.5, 0.5], 12e3, 48e3) - math::sqrt(0.5)).abs() < 1e-15);
        assert!(fir_gain_at([0.5, 0.5], 24e3, 48e3) < 1e-16);
        assert_eq!(fir_gain_at([], 1e3, 48e3), 0.0);
    }

    #[test]
    fn edges_that_are_no_edges_are_refused() {
        let design = WindowedSinc::design;
        assert!(design(20e3, 20e3, 80.0, 48e3).is_err());
        assert!(design(20e3, 19e3, 80.0, 48e3).is_err());
        assert!(design(20e3, 24_001.0, 80.0, 48e3).is_err());
        assert!(design(-1.0, 20e3, 80.0, 48e3).is_err());
        assert!(design(18e3, 20e3, 20.0, 48e3).is_err());
        assert!(design(18e3, 20e3, f64::NAN, 48e3).is_err());
        assert!(design(19_999.9, 20e3, 80.0, 48e3).is_err());
        assert!(WindowedSinc::new(0.25, 10.0, 5.0).unwrap().stretched(0.0).is_err());
    }
}
