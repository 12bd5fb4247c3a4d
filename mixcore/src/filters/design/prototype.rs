//! Analogue prototypes: what a filter means, independent of any sample rate.
//!
//! With s = i·f/hz and A = 10^(gain_db/40)
//!
//! | shape | H(s) |
//! |---|---|
//! | low-pass | 1 / (s² + s/Q + 1) |
//! | high-pass | s² / (s² + s/Q + 1) |
//! | band-pass, peak 0 dB | (s/Q) / (s² + s/Q + 1) |
//! | band-pass, constant skirt | s / (s² + s/Q + 1) |
//! | notch | (s² + 1) / (s² + s/Q + 1) |
//! | all-pass | (s² − s/Q + 1) / (s² + s/Q + 1) |
//! | bell | (s² + s·A/Q + 1) / (s² + s/(A·Q) + 1) |
//! | low shelf | A·(s² + s·√A/Q + A) / (A·s² + s·√A/Q + 1) |
//! | high shelf | A·(A·s² + s·√A/Q + 1) / (s² + s·√A/Q + A) |
//! | tilt | the high shelf of twice the gain, divided by 10^(gain_db/20) |
//!
//! and of first order, with G = 10^(gain_db/20), low-pass 1/(1 + s), high-pass s/(1 + s), all-pass
//! (1 − s)/(1 + s), low shelf (s + √G)/(s + 1/√G), high shelf (1 + s·√G)/(1 + s/√G), tilt
//! (1 + s·G)/(G + s).
//!
//! Source: R. Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients"
//! (second order, without the tilt); first order by the usual definitions.

use super::{FirstOrder, Shape};
use crate::math;
use crate::units::power_to_db;

/// |H|² as a ratio of two quadratic polynomials in u = (f/hz)².
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Power {
    /// Numerator: factors of 1, u, u².
    pub(super) p: [f64; 3],
    /// Denominator: factors of 1, u, u².
    pub(super) q: [f64; 3],
}

impl Power {
    /// |H|² at u.
    pub(super) fn at(&self, u: f64) -> f64 {
        value(&self.p, u) / value(&self.q, u)
    }

    /// |H|² at u and its derivative.
    pub(super) fn with_slope(&self, u: f64) -> (f64, f64) {
        let power = self.at(u);
        (power, (slope(&self.p, u) - power * slope(&self.q, u)) / value(&self.q, u))
    }
}

fn value(c: &[f64; 3], u: f64) -> f64 {
    c[0] + u * (c[1] + u * c[2])
}

fn slope(c: &[f64; 3], u: f64) -> f64 {
    c[1] + 2.0 * u * c[2]
}

/// The prototype of a second-order shape.
pub(super) fn power(shape: Shape, q: f64, gain_db: f64) -> Power {
    let damping = 1.0 / (q * q);
    let poles = [1.0, damping - 2.0, 1.0];
    let a = math::exp10(shape.span_db(gain_db) / 40.0);
    let shelf = [1.0, a * damping - 2.0 * a, a * a];
    let scaled = |c: [f64; 3], factor: f64| c.map(|x| x * factor);
    let turned = |c: [f64; 3]| [c[2], c[1], c[0]];
    match shape {
        Shape::LowPass => Power { p: [1.0, 0.0, 0.0], q: poles },
        Shape::HighPass => Power { p: [0.0, 0.0, 1.0], q: poles },
        Shape::BandPass => Power { p: [0.0, damping, 0.0], q: poles },
        Shape::BandPassSkirt => Power { p: [0.0, 1.0, 0.0], q: poles },
        Shape::Notch => Power { p: [1.0, -2.0, 1.0], q: poles },
        Shape::AllPass => Power { p: poles, q: poles },
        Shape::Bell => {
            Power { p: [1.0, a * a * damping - 2.0, 1.0], q: [1.0, damping / (a * a) - 2.0, 1.0] }
        }
        Shape::LowShelf => Power { p: scaled(turned(shelf), a * a), q: shelf },
        Shape::HighShelf => Power { p: scaled(shelf, a * a), q: turned(shelf) },
        // A² = 10^(gain_db/10): the square of what the shelf is divided by.
        Shape::Tilt => Power { p: shelf, q: turned(shelf) },
    }
}

/// The prototype of a first-order shape; no u².
pub(super) fn first_power(shape: FirstOrder, gain_db: f64) -> Power {
    let g = math::exp10(gain_db / 20.0);
    match shape {
        FirstOrder::LowPass => Power { p: [1.0, 0.0, 0.0], q: [1.0, 1.0, 0.0] },
        FirstOrder::HighPass => Power { p: [0.0, 1.0, 0.0], q: [1.0, 1.0, 0.0] },
        FirstOrder::AllPass => Power { p: [1.0, 1.0, 0.0], q: [1.0, 1.0, 0.0] },
        FirstOrder::LowShelf => Power { p: [g, 1.0, 0.0], q: [1.0 / g, 1.0, 0.0] },
        FirstOrder::HighShelf => Power { p: [1.0, g, 0.0], q: [1.0, 1.0 / g, 0.0] },
        FirstOrder::Tilt => Power { p: [1.0, g * g, 0.0], q: [g * g, 1.0, 0.0] },
    }
}

/// Level of a second-order prototype at `at_hz`, dB; -inf where it lets nothing through.
///
/// # Units and range
/// `hz` above 0, Q above 0; `gain_db` counts for bells, shelves and tilts only. Nothing is checked.
///
/// # Example
/// ```
/// use mixcore::filters::design::{Shape, prototype::second_order_db};
/// assert!((second_order_db(Shape::LowPass, 1000.0, 0.5, 0.0, 1000.0) + 6.0206).abs() < 1e-4);
/// assert!((second_order_db(Shape::HighShelf, 1000.0, 0.7, 6.0, 1000.0) - 3.0).abs() < 1e-12);
/// assert!((second_order_db(Shape::Tilt, 1000.0, 0.5, 3.0, 1.0) + 3.0).abs() < 1e-4);
/// ```
#[must_use]
pub fn second_order_db(shape: Shape, hz: f64, q: f64, gain_db: f64, at_hz: f64) -> f64 {
    let ratio = at_hz / hz;
    power_to_db(power(shape, q, gain_db).at(ratio * ratio))
}

/// Level of a first-order prototype at `at_hz`, dB; -inf where it lets nothing through.
///
/// # Units and range
/// `hz` above 0; `gain_db` counts for shelves and tilts only. Nothing is checked.
///
/// # Example
/// ```
/// use mixcore::filters::design::{FirstOrder, prototype::first_order_db};
/// assert!((first_order_db(FirstOrder::LowPass, 1000.0, 0.0, 1000.0) + 3.0103).abs() < 1e-4);
/// assert!((first_order_db(FirstOrder::LowShelf, 200.0, 8.0, 200.0) - 4.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn first_order_db(shape: FirstOrder, hz: f64, gain_db: f64, at_hz: f64) -> f64 {
    let ratio = at_hz / hz;
    power_to_db(first_power(shape, gain_db).at(ratio * ratio))
}
