//! Which loudspeaker of a real layout stands where its name does not let it stand.
//!
//! The facets of the hull of the nominal directions are the neighbours that BS.2127 gives to a
//! direction. They hold where every corner turns the same way at the real directions: else
//! loudspeakers changed places, or more than half a circle lies open between them.

use super::Direction;
use super::geometry::{Vector, cross, dot, length, sub};
use super::point_source::Stand;
use super::real_layout::{RealLayout, is_screen, screen_range};
use crate::audio::{Layout, Speaker};
use crate::error::Error;

/// Least product of the nominal and the real turn at a corner, per distance between its neighbours at the
/// nominal directions: above the rounding of three products, far below any turn of real loudspeakers.
const TURN: f64 = 1e-6;
/// Vectors of directions nearer than this are one direction: above their rounding, far below a degree.
const SAME: f64 = 1e-6;

/// Facets that are kept: the hull of 64 points has at most 124, and a pole's rim as many pieces as it
/// has neighbours.
const MAX_FACETS: usize = 160;

/// The nominal facets: corners in their order, poles included.
pub(super) struct Facets {
    orders: [[u8; 4]; MAX_FACETS],
    counts: [u8; MAX_FACETS],
    count: usize,
}

impl Facets {
    pub(super) fn new() -> Self {
        Self { orders: [[0; 4]; MAX_FACETS], counts: [0; MAX_FACETS], count: 0 }
    }

    /// Adds three or four corners in their order at the nominal directions.
    pub(super) fn push(&mut self, order: &[usize]) {
        let slots = self.orders.get_mut(self.count).zip(self.counts.get_mut(self.count));
        let Some((slot, count)) = slots else { return };
        for (to, &from) in slot.iter_mut().zip(order) {
            #[expect(clippy::cast_possible_truncation, reason = "below 64")]
            let from = from as u8;
            (*to, *count) = (from, *count + 1);
        }
        self.count += 1;
    }

    /// The first facet that does not hold.
    pub(super) fn broken(&self, nominal: &[Vector], real: &[Vector]) -> Option<&[u8]> {
        let facets = self.orders.iter().zip(&self.counts).take(self.count);
        let mut orders = facets.filter_map(|(order, &count)| order.get(..usize::from(count)));
        orders.find(|order| !holds(order, nominal, real))
    }
}

/// Every corner turns from its neighbour before to the one after as at the nominal directions.
fn holds(order: &[u8], nominal: &[Vector], real: &[Vector]) -> bool {
    let at = |points: &[Vector], corner: u8| points.get(usize::from(corner)).copied();
    let turn = |points: &[Vector], [a, b, c]: [u8; 3]| {
        let (a, b, c) = (at(points, a)?, at(points, b)?, at(points, c)?);
        Some((dot(a, cross(b, c)), length(sub(a, c))))
    };
    let round = order.iter().cycle();
    let threes = round.clone().zip(round.clone().skip(1)).zip(round.skip(2)).take(order.len());
    threes.into_iter().all(|((&a, &b), &c)| {
        let both = turn(nominal, [a, b, c]).zip(turn(real, [a, b, c]));
        both.is_some_and(|((nominal, edge), (real, _))| nominal * real > TURN * edge)
    })
}

/// An angle of a direction.
#[derive(Clone, Copy, PartialEq)]
enum Angle {
    Azimuth,
    Elevation,
}

impl Angle {
    fn of(self, at: &Direction) -> f64 {
        if self == Self::Azimuth { at.azimuth_deg } else { at.elevation_deg }
    }

    fn field(self) -> &'static str {
        if self == Self::Azimuth { "azimuth_deg" } else { "elevation_deg" }
    }

    /// The direction with this angle, if there is such a direction.
    fn set(self, at: Direction, deg: f64) -> Option<Direction> {
        match self {
            Self::Azimuth => Some(Direction { azimuth_deg: wrapped(deg), ..at }),
            Self::Elevation => {
                (deg.abs() <= 90.0).then_some(Direction { elevation_deg: deg, ..at })
            }
        }
    }
}

/// An azimuth brought to -180° to 180°.
fn wrapped(deg: f64) -> f64 {
    if deg > 180.0 {
        deg - 360.0
    } else if deg < -180.0 {
        deg + 360.0
    } else {
        deg
    }
}

/// The error for a facet that does not hold: the loudspeaker to move, and where it may stand while the
/// others stay, in whole degrees from its nominal direction.
///
/// It is the one whose return to its nominal direction mends all; of several, or of none, a corner of the
/// facet before another one, then the one that stands farthest from it. Where none mends all alone, its
/// range is that beside others at their nominal directions. `holds` says whether all facets hold when a
/// loudspeaker stands elsewhere, and others stay or stand at their nominal directions.
pub(super) fn misplaced(
    layout: Layout,
    stands: &[Stand],
    order: &[u8],
    holds: impl Fn(&Stand, Direction, bool) -> bool,
) -> Error {
    let mut culprit: Option<((bool, bool), f64, Stand, &'static Speaker)> = None;
    for stand in stands.iter().filter(|stand| !stand.imagined) {
        let own = stand.own.and_then(|own| layout.speakers().get(usize::from(own)));
        let off = length(sub(stand.real.vector(), stand.nominal.vector()));
        // What stands where its name says is not at fault.
        let Some(speaker) = own.filter(|_| off > SAME) else { continue };
        let of_facet = order.iter().any(|&corner| {
            stands.get(usize::from(corner)).is_some_and(|other| other.channel == stand.channel)
        });
        let rank = (holds(stand, stand.nominal, false), of_facet);
        // Mirror images stand equally far off; the first one is named.
        if culprit.is_none_or(|(best, far, ..)| rank > best || (rank == best && off > far + SAME)) {
            culprit = Some((rank, off, *stand, speaker));
        }
    }
    let Some(((mended, _), _, stand, speaker)) = culprit else {
        return Error::Unsupported {
            what: "a layout whose loudspeakers do not surround the listener",
            hint: "pan this rig with Vbap",
        };
    };
    let holds_at = |to: Direction| holds(&stand, to, !mended);
    let off = |angle: Angle| wrapped(angle.of(&stand.real) - angle.of(&stand.nominal)).abs();
    let mends = |angle: Angle| {
        let to = angle.set(stand.real, angle.of(&stand.nominal));
        to.is_some_and(holds_at)
    };
    let (azimuth, elevation) = (mends(Angle::Azimuth), mends(Angle::Elevation));
    let by_azimuth =
        if azimuth == elevation { off(Angle::Azimuth) >= off(Angle::Elevation) } else { azimuth };
    let angle = if by_azimuth { Angle::Azimuth } else { Angle::Elevation };
    // If both are at fault, the range is that beside the other one's nominal value.
    let beside = if azimuth || elevation { stand.real } else { stand.nominal };
    let channel = usize::from(stand.own.unwrap_or_default());
    let allowed = |to: &Direction| {
        let standard = RealLayout::allowed(layout, channel);
        standard.is_none_or(|range| range.check(speaker.label, to).is_ok())
            && (!is_screen(speaker) || screen_range(speaker, to).check(speaker.label, to).is_ok())
    };
    let own = angle.of(&stand.nominal);
    let reach = |sign: f64| {
        let mut end = own;
        for step in 1..=180_u8 {
            let deg = own + sign * f64::from(step);
            if angle.set(beside, deg).filter(|to| allowed(to) && holds_at(*to)).is_none() {
                break;
            }
            end = deg;
        }
        if angle == Angle::Azimuth { wrapped(end) } else { end }
    };
    Error::Misplaced {
        loudspeaker: speaker.label,
        field: angle.field(),
        given: angle.of(&stand.real),
        min: reach(-1.0),
        max: reach(1.0),
    }
}
