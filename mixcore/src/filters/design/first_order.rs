//! First-order filters: the gentlest slopes, 6 dB an octave.
//!
//! Prototypes in [`super::prototype`]. `Matched`: levels at 0 Hz, at `hz` (at most 0.45 of Nyquist)
//! and at 0.82 of Nyquist, as in `matched.rs`; `Cookbook`: the bilinear transform
//! s → (1 − z⁻¹)/((1 + z⁻¹)·tan(w0/2)).
//!
//! Source: derived as the second-order ones are.
//!
//! Cost: as [`super::second_order`], half of it. Latency: none.

use super::second_order::{check_corner, share_of};
use super::{MAX_GAIN_DB, Method, matched, prototype};
use crate::error::Error;
use crate::filters::Biquad;
use crate::math;

/// What a first-order filter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum FirstOrder {
    /// Lets the lows pass; -3.01 dB at `hz`.
    LowPass,
    /// Lets the highs pass; -3.01 dB at `hz`.
    HighPass,
    /// Turns the phase by 90° at `hz` and leaves every level alone.
    AllPass,
    /// Raises or lowers what is below `hz` by `gain_db`, half of it at `hz`.
    LowShelf,
    /// Raises or lowers what is above `hz` by `gain_db`, half of it at `hz`.
    HighShelf,
    /// Raises what is above `hz` by `gain_db` and lowers what is below it by as much.
    Tilt,
}

impl FirstOrder {
    /// Every shape, in the order of declaration.
    pub const ALL: [Self; 6] =
        [Self::LowPass, Self::HighPass, Self::AllPass, Self::LowShelf, Self::HighShelf, Self::Tilt];

    /// Whether `gain_db` has a meaning for it.
    #[must_use]
    pub const fn has_gain(self) -> bool {
        matches!(self, Self::LowShelf | Self::HighShelf | Self::Tilt)
    }
}

/// Designs a first-order filter, as a biquad whose z⁻² coefficients are 0.
///
/// # Units and range
/// `hz` from 1e-6 to below `rate_hz`/2, `gain_db` -120 to 120 (shelves and tilts only), `rate_hz`
/// 8 kHz to 384 kHz. The matched all-pass is the bilinear one: it has no magnitude to match.
///
/// # Errors
/// A frequency, gain or rate outside its range.
///
/// # Example
/// ```
/// use mixcore::filters::design::{FirstOrder, Method, first_order, prototype};
/// let low = first_order(Method::Matched, FirstOrder::LowPass, 8000.0, 0.0, 48_000.0)?;
/// assert!((low.response_db(8000.0, 48_000.0) + 3.0103).abs() < 1e-4);
/// let truth = prototype::first_order_db(FirstOrder::LowPass, 8000.0, 0.0, 20_000.0);
/// assert!((low.response_db(20_000.0, 48_000.0) - truth).abs() < 0.3);
/// # Ok::<(), mixcore::Error>(())
/// ```
pub fn first_order(
    method: Method,
    shape: FirstOrder,
    hz: f64,
    gain_db: f64,
    rate_hz: f64,
) -> Result<Biquad, Error> {
    check_corner(hz, rate_hz)?;
    if shape.has_gain() {
        Error::check_range("gain_db", gain_db, -MAX_GAIN_DB, MAX_GAIN_DB)?;
    }
    let share = share_of(hz, rate_hz);
    if method == Method::Matched && shape != FirstOrder::AllPass {
        let power = prototype::first_power(shape, gain_db);
        if let Some(found) = matched::first_order(&power, share) {
            return Ok(found);
        }
    }
    Ok(bilinear(shape, share, gain_db))
}

/// (β1·s + β0)/(α1·s + α0) with s = (1 − z⁻¹)/((1 + z⁻¹)·k).
fn bilinear(shape: FirstOrder, share: f64, gain_db: f64) -> Biquad {
    let k = math::tan(math::PI * share);
    let g = math::exp10(gain_db / 20.0);
    let root = math::exp10(gain_db / 40.0);
    let ((beta1, beta0), (alpha1, alpha0)) = match shape {
        FirstOrder::LowPass => ((0.0, 1.0), (1.0, 1.0)),
        FirstOrder::HighPass => ((1.0, 0.0), (1.0, 1.0)),
        FirstOrder::AllPass => ((-1.0, 1.0), (1.0, 1.0)),
        FirstOrder::LowShelf => ((1.0, root), (1.0, 1.0 / root)),
        FirstOrder::HighShelf => ((root, 1.0), (1.0 / root, 1.0)),
        FirstOrder::Tilt => ((g, 1.0), (1.0, g)),
    };
    let first = alpha1 + alpha0 * k;
    Biquad {
        b: [(beta1 + beta0 * k) / first, (beta0 * k - beta1) / first, 0.0],
        a: [(alpha0 * k - alpha1) / first, 0.0],
    }
}
