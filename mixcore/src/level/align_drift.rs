//! The drift of an alignment: a straight line through the delays of its windows.

use super::align_plan::count;
use crate::math;

/// A window whose delay is further beside the others' line than so many of their median, or so many
/// frames, does not count.
const OUTLIER: f64 = 4.0;
const OUTLIER_FRAMES: f64 = 0.25;
/// Instead of the deviation of a window whose delay does not count.
pub(super) const UNKNOWN: f64 = -1.0;
/// Student's t that 99 % stay within, by degrees of freedom from one on; beyond, 2.576 + 6/degrees.
const STUDENT: [f64; 8] = [63.66, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355];

/// A straight line through the windows' delays.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drift {
    /// At the middle frame.
    pub(super) offset: f64,
    pub(super) slope: f64,
    /// How far the slope may be off: 99 % stay within.
    pub(super) error: f64,
    /// Standard deviation of the offset.
    pub(super) offset_error: f64,
}

/// Least squares over the windows that count, without outliers; none with fewer than three.
pub(super) fn fit(peaks: &mut [[f64; 3]], middle: f64) -> Option<Drift> {
    let mut drift = least_squares(peaks, middle)?;
    for _ in 0..2 {
        let beside = |peak: &[f64; 3], drift: &Drift| {
            (peak[1] - drift.offset - drift.slope * (peak[0] - middle)).abs()
        };
        // The median: the value that as many are below as above.
        let known = || peaks.iter().filter(|peak| peak[2] >= 0.0);
        let total = known().count();
        let median = known()
            .map(|peak| beside(peak, &drift))
            .find(|one| {
                known().filter(|other| beside(other, &drift) <= *one).count() == total.div_ceil(2)
            })
            .unwrap_or(0.0);
        let bound = (OUTLIER * median).max(OUTLIER_FRAMES);
        for peak in peaks.iter_mut() {
            if beside(peak, &drift) > bound {
                peak[2] = UNKNOWN;
            }
        }
        drift = least_squares(peaks, middle)?;
    }
    Some(drift)
}

fn least_squares(peaks: &[[f64; 3]], middle: f64) -> Option<Drift> {
    let known = || peaks.iter().filter(|peak| peak[2] >= 0.0);
    let n = count(known().count());
    if n < 3.0 {
        return None;
    }
    let mean_at = known().map(|peak| peak[0]).sum::<f64>() / n;
    let mean = known().map(|peak| peak[1]).sum::<f64>() / n;
    let spread = known().map(|peak| (peak[0] - mean_at) * (peak[0] - mean_at)).sum::<f64>();
    if spread == 0.0 {
        return None;
    }
    let slope = known().map(|peak| (peak[0] - mean_at) * (peak[1] - mean)).sum::<f64>() / spread;
    let rest = known()
        .map(|peak| peak[1] - mean - slope * (peak[0] - mean_at))
        .map(|rest| rest * rest)
        .sum::<f64>();
    let variance = rest / (n - 2.0);
    // What the windows' own deviations leave: few windows may agree by chance.
    let own = known().map(|peak| (peak[0] - mean_at) * peak[2]).map(|x| x * x).sum::<f64>();
    Some(Drift {
        offset: mean + slope * (middle - mean_at),
        slope,
        error: (student(n - 2.0) * math::sqrt(variance / spread))
            .max(2.576 * math::sqrt(own) / spread),
        offset_error: math::sqrt(variance / n),
    })
}

/// What 99 % of the estimates stay within, in standard deviations that were estimated too.
fn student(degrees: f64) -> f64 {
    let beyond = 2.576 + 6.0 / degrees;
    let mut step = 0.0;
    STUDENT.iter().fold(beyond, |found, t| {
        step += 1.0;
        if step == degrees { *t } else { found }
    })
}
