//! A gain curve on the grid of sub-blocks as points of an automation.

#[cfg(feature = "alloc")]
use crate::error::Error;
#[cfg(feature = "alloc")]
use crate::level::AutomationLane;
use crate::level::{Breakpoint, SegmentShape};
use crate::loudness::sub_block_start;

/// Two slopes per sub-block that differ by less are one line, dB: far below any step of a fader.
const SAME_SLOPE_DB: f64 = 1e-9;

/// Value at the start of sub-block `index`; that at the end for all beyond it, 0 where there is none.
pub(super) fn at_or_last(curve: &[f64], index: usize) -> f64 {
    curve.get(index).or(curve.last()).copied().unwrap_or(0.0)
}

/// Points as an automation lane.
#[cfg(feature = "alloc")]
pub(super) fn lane(
    points: impl Iterator<Item = Breakpoint>,
) -> Result<AutomationLane<'static>, Error> {
    let points: alloc::vec::Vec<Breakpoint> = points.collect();
    AutomationLane::new(&points)
}

/// The points where a curve bends, one value at the start of every sub-block and one at the end of the
/// last, in dB times `sign`; straight in decibels between them.
pub(super) fn bends(
    curve: &[f64],
    sign: f64,
    rate_hz: f64,
) -> impl Iterator<Item = Breakpoint> + '_ {
    let last = curve.len().saturating_sub(1);
    let at = move |k: usize| curve.get(k).copied().unwrap_or(0.0);
    let moves = |step: f64| step.abs() > SAME_SLOPE_DB;
    let is_bend = move |k: &usize| {
        let k = *k;
        k == 0
            || (k == last && moves(at(k) - at(k - 1)))
            || (k < last && moves((at(k + 1) - at(k)) - (at(k) - at(k - 1))))
    };
    (0..curve.len()).filter(is_bend).map(move |k| {
        let db = sign * at(k);
        // No negative zero in a file.
        Breakpoint::new(sub_block_start(k, rate_hz), db + 0.0, SegmentShape::DbLinear)
    })
}
