//! The bilinear designs of the "Audio EQ Cookbook", by name for whoever mixed with them.
//!
//! With w0 = 2π·hz/rate, α = sin(w0)/(2Q) and A = 10^(gain_db/40) the prototypes of
//! [`super::prototype`] are transformed by s → (1 − z⁻¹)/((1 + z⁻¹)·tan(w0/2)). A width in octaves
//! is the cookbook's: 1/Q = 2·sinh(ln 2/2 · octaves · w0/sin w0), so that the digital band is as
//! wide as asked for.
//!
//! Source: R. Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients"
//! (the tilt is ours: the high shelf of twice the gain, divided by 10^(gain_db/20)).

use super::second_order::q_of_octaves;
use super::{Shape, Width};
use crate::filters::Biquad;
use crate::math;

/// `share` is hz/rate, between 0 and 1/2; `q` what the width means for the prototype.
pub(super) fn design(shape: Shape, share: f64, width: Width, q: f64, gain_db: f64) -> Biquad {
    let w = 2.0 * math::PI * share;
    let (sin, cos) = (math::sin(w), math::cos(w));
    let q = match width {
        // Beyond 40 octaves (near Nyquist) sinh is nothing but large.
        Width::Octaves(octaves) if sin > 0.0 => q_of_octaves((octaves * w / sin).min(40.0)),
        _ => q,
    };
    let alpha = sin / (2.0 * q);
    // (1 − cos w)/2 without its cancellation at low frequencies.
    let low = math::sin(w / 2.0) * math::sin(w / 2.0);
    let a = math::exp10(shape.span_db(gain_db) / 40.0);
    let poles = [1.0 + alpha, -2.0 * cos, 1.0 - alpha];
    let (b, a) = match shape {
        Shape::LowPass => ([low, 2.0 * low, low], poles),
        Shape::HighPass => ([1.0 - low, -2.0 * (1.0 - low), 1.0 - low], poles),
        Shape::BandPass => ([alpha, 0.0, -alpha], poles),
        Shape::BandPassSkirt => ([sin / 2.0, 0.0, -sin / 2.0], poles),
        Shape::Notch => ([1.0, -2.0 * cos, 1.0], poles),
        Shape::AllPass => ([1.0 - alpha, -2.0 * cos, 1.0 + alpha], poles),
        Shape::Bell => (
            [1.0 + alpha * a, -2.0 * cos, 1.0 - alpha * a],
            [1.0 + alpha / a, -2.0 * cos, 1.0 - alpha / a],
        ),
        Shape::LowShelf => {
            let (numerator, denominator) = shelf(a, cos, alpha);
            (numerator.map(|b| a * b), denominator)
        }
        Shape::HighShelf => {
            let (numerator, denominator) = shelf(a, -cos, alpha);
            (mirrored(numerator.map(|b| a * b)), mirrored(denominator))
        }
        Shape::Tilt => {
            let (numerator, denominator) = shelf(a, -cos, alpha);
            (mirrored(numerator), mirrored(denominator))
        }
    };
    normalised(b, a)
}

/// The low shelf without its factor A: numerator and denominator.
fn shelf(a: f64, cos: f64, alpha: f64) -> ([f64; 3], [f64; 3]) {
    let (plus, minus, rest) = (a + 1.0, a - 1.0, 2.0 * math::sqrt(a) * alpha);
    (
        [plus - minus * cos + rest, 2.0 * (minus - plus * cos), plus - minus * cos - rest],
        [plus + minus * cos + rest, -2.0 * (minus + plus * cos), plus + minus * cos - rest],
    )
}

/// z → −z: what was low is high.
fn mirrored([c0, c1, c2]: [f64; 3]) -> [f64; 3] {
    [c0, -c1, c2]
}

/// Divided by the first coefficient of the denominator; poles that rounding has put on the unit
/// circle (a corner of some hertz at the largest gains) are put back inside.
pub(super) fn normalised(b: [f64; 3], a: [f64; 3]) -> Biquad {
    const INSIDE: f64 = 1.0 - f64::EPSILON;
    let a2 = (a[2] / a[0]).min(INSIDE);
    let edge = (1.0 + a2) * INSIDE;
    Biquad { b: b.map(|b| b / a[0]), a: [(a[1] / a[0]).min(edge).max(-edge), a2] }
}
