//! Linkwitz-Riley crossovers: two bands in phase at every frequency, whose sum is all-pass.
//!
//! A Butterworth filter of order m, twice: both halves stand at −6.02 dB where they cross, so bands
//! that are processed apart add up without a bump. With B the Butterworth polynomial of order m,
//!
//! > low = 1/B², high = s^2m/B², and as B(s)·B(−s) = 1 + (−1)^m·s^2m,
//! > low + (−1)^m·high = B(−s)/B(s)
//!
//! So with 12 and 36 dB/oct (m odd) the high band has to be inverted. Here that is part of the high
//! band's coefficients: **the plain sum is all-pass at every slope**. The bilinear transform keeps the
//! identity, so it holds exactly for the digital filters too.
//!
//! Sources: S. H. Linkwitz, "Active Crossover Networks for Noncoincident Drivers", JAES 24(1), 1976;
//! P. Garde, "All-Pass Crossover Systems", JAES 28(9), 1980; the identity is derived above.

use super::butterworth::{Pass, butterworth};
use super::sections::Sections;
use crate::error::Error;
use crate::filters::Biquad;

/// Slope of a crossover, dB per octave on both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum CrossoverSlope {
    /// 12 dB per octave; the high band is inverted.
    Db12,
    /// 24 dB per octave, the usual one.
    #[default]
    Db24,
    /// 36 dB per octave; the high band is inverted.
    Db36,
    /// 48 dB per octave.
    Db48,
}

impl CrossoverSlope {
    /// Every slope.
    pub const ALL: [Self; 4] = [Self::Db12, Self::Db24, Self::Db36, Self::Db48];

    /// Order m of the Butterworth filter of which each band has two.
    #[must_use]
    pub const fn butterworth_order(self) -> usize {
        match self {
            Self::Db12 => 1,
            Self::Db24 => 2,
            Self::Db36 => 3,
            Self::Db48 => 4,
        }
    }
}

/// The two bands of a crossing and what they add up to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkwitzRiley {
    /// The low band: m sections, the doubled one of first order first (odd m).
    pub low: Sections,
    /// The high band: m sections; inverted with 12 and 36 dB/oct, so that the sum is all-pass.
    pub high: Sections,
    /// low + high: ⌈m/2⌉ sections with a gain of 1 at every frequency. What another path needs that
    /// has to stay in step with both bands.
    pub all_pass: Sections,
}

/// The bands of a Linkwitz-Riley crossing at `hz`.
///
/// # Units and range
/// `hz` 0.1 Hz to 0.499 of `rate_hz`, which is 8 to 384 kHz.
///
/// # Errors
/// A frequency or rate outside its bounds.
///
/// # Example
/// ```
/// use mixcore::filters::design::{CrossoverSlope, linkwitz_riley};
/// let bands = linkwitz_riley(CrossoverSlope::Db24, 120.0, 48_000.0)?;
/// assert!((bands.low.response_db(120.0, 48_000.0) + 6.0206).abs() < 1e-4);
/// assert!((bands.high.response_db(120.0, 48_000.0) + 6.0206).abs() < 1e-4);
/// assert!(bands.all_pass.response_db(120.0, 48_000.0).abs() < 1e-9);
/// # Ok::<(), mixcore::Error>(())
/// ```
pub fn linkwitz_riley(
    slope: CrossoverSlope,
    hz: f64,
    rate_hz: f64,
) -> Result<LinkwitzRiley, Error> {
    let m = slope.butterworth_order();
    let half = |pass| butterworth(pass, m, hz, rate_hz);
    let low = twice(&half(Pass::Low)?);
    let mut high = twice(&half(Pass::High)?);
    if m % 2 == 1
        && let Some(first) = high.as_mut_slice().first_mut()
    {
        first.b = first.b.map(|b| -b);
    }
    Ok(LinkwitzRiley { low, high, all_pass: half(Pass::All)? })
}

/// Each section twice; one of first order squared, as one section.
fn twice(once: &Sections) -> Sections {
    let mut both = Sections::EMPTY;
    for section in once.iter() {
        let ([b0, b1, b2], [a1, a2]) = (section.b, section.a);
        if b2 == 0.0 && a2 == 0.0 {
            both.push(Biquad { b: [b0 * b0, 2.0 * b0 * b1, b1 * b1], a: [2.0 * a1, a1 * a1] });
        } else {
            both.push(*section);
            both.push(*section);
        }
    }
    both
}
