//! How a reading is held against limits.
//!
//! Loudness is rounded to 0.1 first, because that is what a meter shows and what a contract
//! quotes (EBU Tech 3341, clause 2.8); peaks are compared as they are. A tie rounds away from zero on the **decimal** value: -22.85 is a tie
//! for a reader although its nearest double is -22.850000000000001. So a value closer than
//! 5e-7 of the last decimal to a tie counts as the tie; a meter's own error is thousands of times
//! larger. Limits are inclusive unless the rule says otherwise.

use crate::math;

/// Grid on which a scaled value is looked at before it is rounded: removes the binary residue.
const DECIMAL_GRID: f64 = 1e6;

/// A scaled number without its binary residue.
fn decimal(scaled: f64) -> f64 {
    let near = math::round(scaled * DECIMAL_GRID) / DECIMAL_GRID;
    if near.is_finite() { near } else { scaled }
}

/// Rounds to a number of decimals, ties away from zero on the decimal value.
///
/// # Example
/// ```
/// use mixcore::delivery::round_to;
/// assert_eq!(round_to(-22.85, 1), -22.9);
/// assert_eq!(round_to(-22.849, 1), -22.8);
/// ```
#[must_use]
pub fn round_to(value: f64, decimals: u8) -> f64 {
    let scale = math::powi(10.0, i32::from(decimals));
    let rounded = math::round(decimal(value * scale)) / scale;
    if rounded.is_finite() { rounded } else { value }
}

/// Whether a value lies inside its limits, after rounding to `decimals` if there are any.
///
/// A value that is not finite lies inside no limit.
///
/// # Example
/// ```
/// use mixcore::delivery::within;
/// assert!(within(-23.249, Some(-23.2), Some(-22.8), true, Some(1)));
/// assert!(!within(-23.25, Some(-23.2), Some(-22.8), true, Some(1)));
/// assert!(!within(-0.999_999, None, Some(-1.0), true, None));
/// ```
#[must_use]
pub fn within(
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
    inclusive: bool,
    decimals: Option<u8>,
) -> bool {
    margin(value, low, high, decimals)
        .is_some_and(|margin| margin > 0.0 || (inclusive && margin == 0.0))
}

/// Distance to the nearer limit after rounding: positive inside, negative outside.
///
/// `None` for a value that is not finite; infinite without limits.
pub(super) fn margin(
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
    decimals: Option<u8>,
) -> Option<f64> {
    if !value.is_finite() {
        return None;
    }
    let scale = decimals.map_or(1.0, |decimals| math::powi(10.0, i32::from(decimals)));
    let place = |number: f64| if decimals.is_some() { decimal(number * scale) } else { number };
    let value = if decimals.is_some() { math::round(place(value)) } else { value };
    let above = low.map_or(f64::INFINITY, |low| value - place(low));
    let below = high.map_or(f64::INFINITY, |high| place(high) - value);
    Some(above.min(below) / scale)
}

/// Decimals that show a value on the side of its limits on which it was judged.
///
/// -0.996 dBTP over a limit of -1.0 must not be printed as -1.00.
pub(super) fn honest_decimals(value: f64, low: Option<f64>, high: Option<f64>, usual: u8) -> usize {
    const MOST: u8 = 9;
    let side = |value: f64| (low.is_some_and(|low| value < low), high.is_some_and(|h| value > h));
    let decimals = (usual..MOST)
        .find(|&decimals| side(round_to(value, decimals)) == side(value))
        .unwrap_or(MOST);
    usize::from(decimals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_round_away_from_zero_on_the_decimal_value() {
        for (value, rounded) in [
            (-22.75, -22.8),
            (-22.85, -22.9),
            (-22.849_999, -22.8),
            (-23.25, -23.3),
            (-23.249_999, -23.2),
            (-23.15, -23.2),
            (-23.35, -23.4),
            (0.05, 0.1),
            (-0.05, -0.1),
            (1.005, 1.0),
        ] {
            assert_eq!(round_to(value, 1), rounded, "{value}");
        }
        assert_eq!(round_to(1.005, 2), 1.01);
        assert_eq!(round_to(f64::INFINITY, 1), f64::INFINITY);
        assert_eq!(round_to(1e300, 6), 1e300);
    }

    #[test]
    fn a_peak_over_its_limit_is_never_shown_on_it() {
        assert_eq!(honest_decimals(-0.996, None, Some(-1.0), 2), 3);
        assert_eq!(honest_decimals(-0.99, None, Some(-1.0), 2), 2);
        assert_eq!(honest_decimals(-1.0, None, Some(-1.0), 2), 2);
    }
}
