//! Second-order section as numbers: coefficients and response. What runs it is a kernel.
//!
//! > H(z) = (b0 + b1 z⁻¹ + b2 z⁻²) / (1 + a1 z⁻¹ + a2 z⁻²)

use crate::math;
use crate::units::gain_to_db;

/// Coefficients of a biquad, normalised so that a0 = 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Biquad {
    /// Numerator: b0, b1, b2.
    pub b: [f64; 3],
    /// Denominator after its leading 1: a1, a2.
    pub a: [f64; 2],
}

impl Biquad {
    /// Gain at `hz` for the sample rate `rate_hz`, linear.
    #[must_use]
    pub fn gain_at(&self, hz: f64, rate_hz: f64) -> f64 {
        let w = 2.0 * math::PI * hz / rate_hz;
        let magnitude = |c0: f64, c1: f64, c2: f64| {
            math::hypot(
                c0 + c1 * math::cos(w) + c2 * math::cos(2.0 * w),
                c1 * math::sin(w) + c2 * math::sin(2.0 * w),
            )
        };
        magnitude(self.b[0], self.b[1], self.b[2]) / magnitude(1.0, self.a[0], self.a[1])
    }

    /// Gain at `hz` for the sample rate `rate_hz`, dB; -inf at a zero on the unit circle.
    ///
    /// # Example
    /// ```
    /// use mixcore::filters::Biquad;
    /// // The mean of two samples: 0 dB at 0 Hz, half the power at a quarter of the rate.
    /// let mean = Biquad { b: [0.5, 0.5, 0.0], a: [0.0, 0.0] };
    /// assert!(mean.response_db(0.0, 48_000.0).abs() < 1e-12);
    /// assert!((mean.response_db(12_000.0, 48_000.0) + 3.0103).abs() < 1e-4);
    /// ```
    #[must_use]
    pub fn response_db(&self, hz: f64, rate_hz: f64) -> f64 {
        gain_to_db(self.gain_at(hz, rate_hz))
    }
}
