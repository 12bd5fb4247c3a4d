//! Thinning of an automation lane: fewer points, the same curve within a tolerance.
//!
//! A hand that writes automation leaves hundreds of points a second, most of them on one line. From a
//! point that stays, the longest segment is sought that passes every point between within the
//! tolerance: each of them leaves a cone of directions (from L − tolerance to L + tolerance), and the
//! next point that stays must lie inside all cones before it.
//!
//! The bound holds for the whole curve, not only at the points: two dB-linear curves differ by a
//! straight line between their points, and the ratio of two linear ones is monotone, so both differ
//! most at a point. Only segments of one shape are joined; smooth ones stay as they are, and so does
//! what lies below -100 dB, where dB-linear segments bend. A stretch of equal levels keeps its ends.
//!
//! Like the algorithm of Ramer, Douglas and Peucker it keeps a subset of the points within a
//! tolerance; unlike it, it needs no memory, and a time in proportion to the points.
//!
//! Sources: the cone of directions after Reumann and Witkam (1974) and Imai and Iri, "Polygonal
//! approximations of a curve" (1988) [unverified: known from secondary literature]; the bound in dB is
//! derived here.

use super::automation::{Breakpoint, SegmentShape, number};
use super::lane::AutomationLane;
use crate::error::Error;
use crate::units::{DB_FLOOR, db_to_gain};

/// Largest tolerance, dB: beyond it nothing of a mix is left.
const MAX_TOLERANCE_DB: f64 = 20.0;

/// Points that are looked at beyond the farthest good one.
const LOOK_AHEAD: usize = 64;

impl AutomationLane<'_> {
    /// Leaves out points, so that no level changes by more than `tolerance_db`; says how many went.
    ///
    /// # Units and range
    /// 0 to 20 dB; 0 leaves out what lies exactly on the way.
    ///
    /// # Errors
    /// A tolerance out of range; the lane stays as it is then.
    ///
    /// # Example
    /// ```
    /// # #[cfg(feature = "alloc")] {
    /// use mixcore::level::{AutomationLane, Breakpoint, SegmentShape::DbLinear};
    /// // A fade of 10 dB in ten points that a trembling hand wrote.
    /// let points: Vec<Breakpoint> = (0..=10_u32)
    ///     .map(|n| Breakpoint::new(480 * u64::from(n), 0.1 * f64::from(n % 2) - f64::from(n), DbLinear))
    ///     .collect();
    /// let mut lane = AutomationLane::new(&points)?;
    /// assert_eq!(lane.thin(0.2)?, 9);
    /// assert_eq!(lane.automation().points(), [points[0], points[10]]);
    /// # }
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn thin(&mut self, tolerance_db: f64) -> Result<usize, Error> {
        Error::check_range("tolerance_db", tolerance_db, 0.0, MAX_TOLERANCE_DB)?;
        let (memory, len) = self.parts();
        let count = *len;
        let Some(points) = memory.get_mut(..count) else { return Ok(0) };
        let mut kept = 1;
        let mut anchor = 0;
        while anchor + 1 < count {
            anchor = farthest(points, anchor, tolerance_db).max(anchor + 1);
            points.copy_within(anchor..=anchor, kept);
            kept += 1;
        }
        *len = kept.min(count);
        Ok(count - *len)
    }
}

/// The farthest point that a segment from `anchor` may lead to.
fn farthest(points: &[Breakpoint], anchor: usize, tolerance_db: f64) -> usize {
    let Some(from) = points.get(anchor) else { return anchor };
    let rest = points.get(anchor + 1..).unwrap_or_default();
    let level = rest.iter().take_while(|point| point.gain_db == from.gain_db).count();
    if level > 1 {
        return anchor + level;
    }
    let reach = match from.shape {
        SegmentShape::Step => step_reach(from, rest, tolerance_db),
        SegmentShape::DbLinear => cone_reach(from, rest, |point| {
            let db = point.gain_db;
            (db >= DB_FLOOR).then_some([db - tolerance_db, db, db + tolerance_db])
        }),
        SegmentShape::Linear => {
            let ratio = db_to_gain(tolerance_db);
            cone_reach(from, rest, |point| {
                let gain = db_to_gain(point.level_db());
                Some([gain / ratio, gain, gain * ratio])
            })
        }
        SegmentShape::Smooth => 1,
    };
    anchor + reach
}

/// How many points on a held level may reach: those within the tolerance are left out.
fn step_reach(from: &Breakpoint, rest: &[Breakpoint], tolerance_db: f64) -> usize {
    let audible = |point: &Breakpoint| point.gain_db >= DB_FLOOR;
    let spared = |point: &&Breakpoint| {
        point.shape == SegmentShape::Step
            && (point.gain_db - from.gain_db).abs() <= tolerance_db
            && audible(point)
            && audible(from)
    };
    (rest.iter().take_while(spared).count() + 1).min(rest.len())
}

/// How many points on a straight line may reach. `band` gives the lowest, the own and the highest
/// value of a point in the scale in which the line is straight.
fn cone_reach(
    from: &Breakpoint,
    rest: &[Breakpoint],
    band: impl Fn(&Breakpoint) -> Option<[f64; 3]>,
) -> usize {
    let Some([_, start, _]) = band(from) else { return 1 };
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut reach = 1;
    for (index, point) in rest.iter().enumerate() {
        if index > reach + LOOK_AHEAD {
            break;
        }
        let Some([least, own, most]) = band(point) else { break };
        let frames = number(point.frame.saturating_sub(from.frame));
        let slope = (own - start) / frames;
        if slope >= low && slope <= high {
            reach = index + 1;
        }
        low = low.max((least - start) / frames);
        high = high.min((most - start) / frames);
        if low > high || point.shape != from.shape {
            break;
        }
    }
    reach
}
