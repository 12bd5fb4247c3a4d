//! Butterworth filters of any order: as flat as a pass band can be, −3.01 dB at the corner.
//!
//! Rumble and room noise under a voice, hiss over it, the halves of a crossover:
//!
//! > |H(jω)|² = 1/(1 + (ω/ω_c)^±2n), poles at ω_c·e^(iπ(2k+n−1)/2n), k = 1 … n
//!
//! Each pair of poles is a section s² + d·s + 1 with the damping d = 2·sin(π(2k−1)/2n); an odd order
//! has one section s + 1 more. The bilinear transform s = (1 − z⁻¹)/(K·(1 + z⁻¹)) with K =
//! tan(π·f/fs) takes the corner to its exact place and Nyquist to infinity, so near Nyquist the slope is
//! steeper than that of the analogue filter.
//!
//! Sources: S. Butterworth, "On the theory of filter amplifiers", Experimental Wireless and the
//! Wireless Engineer 7, 1930; A. V. Oppenheim and R. W. Schafer, Discrete-Time Signal Processing, on
//! the bilinear transform.
//!
//! Limits: 0.1 Hz to 0.499 of the rate; orders 1 to 32.

use super::sections::{MAX_SECTIONS, Sections};
use crate::error::Error;
use crate::filters::Biquad;
use crate::math;
use crate::stream::{MAX_RATE_HZ, MIN_RATE_HZ};

/// Highest order.
pub const MAX_ORDER: usize = 2 * MAX_SECTIONS;

/// Lowest corner, Hz. Below, 1 + a1 + a2 of the sections is lost in the rounding of f64: it is
/// (2π·f/fs)², 2.7e-12 at 384 kHz.
const MIN_HZ: f64 = 0.1;

/// Highest corner as a share of the rate: tan grows beyond all bounds towards a half.
pub(crate) const MAX_SHARE: f64 = 0.499;

/// What a filter lets pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pass {
    /// What lies below the corner.
    Low,
    /// What lies above the corner.
    High,
    /// Everything, with the phase of B(−s)/B(s), where B is the Butterworth polynomial: −n·90° at
    /// the corner, twice that far above.
    All,
}

/// A Butterworth filter as sections in series, each with a gain of 1 in its pass band: the one of
/// first order first (odd orders), then by rising resonance.
///
/// # Units and range
/// `order` 1 to [`MAX_ORDER`]; the slope is 6.02 dB an octave for each. `hz` 0.1 Hz to 0.499
/// of `rate_hz`, which is 8 to 384 kHz.
///
/// # Errors
/// An order, frequency or rate outside its bounds.
///
/// # Example
/// ```
/// use mixcore::filters::design::{Pass, butterworth};
/// let rumble = butterworth(Pass::High, 3, 80.0, 48_000.0)?;
/// assert_eq!(rumble.len(), 2);
/// assert!((rumble.response_db(80.0, 48_000.0) + 3.0103).abs() < 1e-4);
/// // 18 dB an octave.
/// assert!((rumble.response_db(10.0, 48_000.0) + 54.185).abs() < 1e-3);
/// # Ok::<(), mixcore::Error>(())
/// ```
pub fn butterworth(pass: Pass, order: usize, hz: f64, rate_hz: f64) -> Result<Sections, Error> {
    #[expect(clippy::cast_precision_loss, reason = "only compared with small bounds")]
    Error::check_range("order", order as f64, 1.0, MAX_ORDER as f64)?;
    let k = prewarped(hz, rate_hz)?;
    let mut sections = Sections::EMPTY;
    if order % 2 == 1 {
        sections.push(first_order(pass, k));
    }
    for pair in (1..=order / 2).rev() {
        sections.push(second_order(pass, damping(pair, order), k));
    }
    Ok(sections)
}

/// tan(π·f/fs), for a frequency and a rate inside their bounds.
fn prewarped(hz: f64, rate_hz: f64) -> Result<f64, Error> {
    Error::check_range("rate_hz", rate_hz, MIN_RATE_HZ, MAX_RATE_HZ)?;
    Error::check_range("hz", hz, MIN_HZ, MAX_SHARE * rate_hz)?;
    Ok(math::tan(math::PI * hz / rate_hz))
}

/// Damping of pole pair k: minus twice the real part of e^(iπ(2k+n−1)/2n).
fn damping(k: usize, n: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "both are at most 32")]
    let angle = math::PI * (2 * k - 1) as f64 / (2 * n) as f64;
    2.0 * math::sin(angle)
}

/// 1/(s + 1), s/(s + 1) or (1 − s)/(1 + s).
fn first_order(pass: Pass, k: f64) -> Biquad {
    let scale = 1.0 / (1.0 + k);
    let a1 = (k - 1.0) * scale;
    let b = match pass {
        Pass::Low => [k * scale, k * scale, 0.0],
        Pass::High => [scale, -scale, 0.0],
        Pass::All => [a1, 1.0, 0.0],
    };
    Biquad { b, a: [a1, 0.0] }
}

/// 1, s² or s² − d·s + 1 over s² + d·s + 1.
fn second_order(pass: Pass, d: f64, k: f64) -> Biquad {
    let square = k * k;
    let scale = 1.0 / (1.0 + d * k + square);
    let a = [2.0 * (square - 1.0) * scale, (1.0 - d * k + square) * scale];
    let b = match pass {
        Pass::Low => [square * scale, 2.0 * square * scale, square * scale],
        Pass::High => [scale, -2.0 * scale, scale],
        Pass::All => [a[1], a[0], 1.0],
    };
    Biquad { b, a }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The polynomials are printed with four decimals.
    const PRINTED: f64 = 0.5e-4 + 1e-12;

    #[test]
    #[allow(clippy::approx_constant, reason = "as the books print them")]
    fn the_table_of_butterworth_polynomials() {
        // Factors s² + d·s + 1 of the normalised polynomials, as in every textbook.
        let table: [(usize, &[f64]); 7] = [
            (2, &[1.4142]),
            (3, &[1.0]),
            (4, &[0.7654, 1.8478]),
            (5, &[0.6180, 1.6180]),
            (6, &[0.5176, 1.4142, 1.9319]),
            (7, &[0.4450, 1.2470, 1.8019]),
            (8, &[0.3902, 1.1111, 1.6629, 1.9616]),
        ];
        for (order, factors) in table {
            for (k, &d) in factors.iter().enumerate() {
                assert!((damping(k + 1, order) - d).abs() < PRINTED, "order {order}, pair {k}");
            }
        }
    }

    #[test]
    fn resonance_rises_from_section_to_section() {
        let sections = butterworth(Pass::Low, 7, 1000.0, 48_000.0).unwrap();
        assert_eq!((sections.len(), sections[0].a[1]), (4, 0.0));
        assert!(sections[1..].windows(2).all(|pair| pair[0].a[1] < pair[1].a[1]));
    }
}
