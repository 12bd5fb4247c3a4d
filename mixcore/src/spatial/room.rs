//! Between directions and places in the room: the conversion of ITU-R BS.2127, clause 10.
//!
//! The room's front corners stand at azimuth ±30°, its rear ones at ±110°; its upper edge is elevation
//! 30°, which is 45° in the room. Within a sector between two corners the azimuth runs along the wall
//! by the tangent law and the sine/cosine law: with α from the middle of the sector and β half of it,
//! r = ½ + ½·tan α/tan β is the share of the right corner, and the wall's is (2/π)·atan2(r, 1 − r).
//!
//! A size is seen from the source, whose x is to its right, y away from the listener, z up. A width w is
//! sin(w/2) of x (1 from 180° on), a height that of z; y is the largest of the depth and (1 − cos(w/2))/2
//! of width and height, what their arcs span along it. Turned to the room, an axis of it has the root of
//! the sum of the squares of what the three axes of the source put along it, and back likewise. From x
//! and y (z and y) comes a width w_x + x·max(0, w_y − w_x), where w_x and w_y are those that x and y alone
//! would mean; the depth is what y has beyond these arcs.
//!
//! Neither way is the inverse of the other for sizes: three numbers on axes that turn are not the body.
//!
//! Sources: ITU-R BS.2127-1, clause 10, as the EBU ADM Renderer 2.1.0 (BSD-3-Clause-Clear) holds it; runs
//! of that program are the test.
//! Cost: some ten sines and tangents. Latency: none (pure functions).

use super::extent::MAX_DISTANCE;
use super::geometry::{Vector, axes, degrees, radians};
use super::{Divergence, Extent, ObjectPlace};
use crate::error::Error;
use crate::math;

/// Elevation of the upper edge of the walls, degrees, and what it is in the room.
const EDGE_DEG: f64 = 30.0;
const EDGE_ROOM_DEG: f64 = 45.0;

/// A sector between two corners: azimuth and place of the left one, then of the right one.
type Sector = [(f64, [f64; 2]); 2];

/// From the front to the right and round: azimuth, place.
const CORNERS: [(f64, [f64; 2]); 5] = [
    (0.0, [0.0, 1.0]),
    (-30.0, [1.0, 1.0]),
    (-110.0, [1.0, -1.0]),
    (110.0, [-1.0, -1.0]),
    (30.0, [-1.0, 1.0]),
];

/// An angle brought to `from` ≤ angle < `from` + 360°.
pub(super) fn above(from_deg: f64, angle_deg: f64) -> f64 {
    let turns = math::floor((angle_deg - from_deg) / 360.0);
    let angle_deg = angle_deg - turns * 360.0;
    // Rounding of the quotient.
    if angle_deg < from_deg { angle_deg + 360.0 } else { angle_deg }
}

/// BS.2127: whether an angle lies between two, anticlockwise from the first one, within a tolerance. A
/// range from −180° to 180° is any angle, one from 180° to 180° a single one.
pub(super) fn inside(angle_deg: f64, start_deg: f64, end_deg: f64, tolerance_deg: f64) -> bool {
    let mut end_deg = end_deg;
    while end_deg - 360.0 > start_deg {
        end_deg -= 360.0;
    }
    while end_deg < start_deg {
        end_deg += 360.0;
    }
    above(start_deg - tolerance_deg, angle_deg) <= end_deg + tolerance_deg
}

/// The sector that an angle lies in, by the corners' angles.
fn sector(angle_deg: f64, corner_deg: impl Fn(&(f64, [f64; 2])) -> f64) -> Sector {
    let mut pairs = CORNERS.iter().zip(CORNERS.iter().cycle().skip(1));
    let found =
        pairs.find(|(left, right)| inside(angle_deg, corner_deg(right), corner_deg(left), 0.0));
    found.map_or([CORNERS[0], CORNERS[1]], |(left, right)| [*left, *right])
}

/// The place of a direction at a distance.
pub(super) fn to_cartesian(azimuth_deg: f64, elevation_deg: f64, distance: f64) -> Vector {
    let height_deg = elevation_deg.abs();
    let (z, radius) = if height_deg > EDGE_DEG {
        let room_deg =
            EDGE_ROOM_DEG + (90.0 - EDGE_ROOM_DEG) * (height_deg - EDGE_DEG) / (90.0 - EDGE_DEG);
        (distance * elevation_deg.signum(), distance * math::tan(radians(90.0 - room_deg)))
    } else {
        let room_deg = EDGE_ROOM_DEG * elevation_deg / EDGE_DEG;
        (math::tan(radians(room_deg)) * distance, distance)
    };
    let [(left_deg, left), (right_deg, right)] = sector(azimuth_deg, |corner| corner.0);
    let (left_deg, azimuth_deg) = (above(right_deg, left_deg), above(right_deg, azimuth_deg));
    let middle_deg = (left_deg + right_deg) * 0.5;
    let half = math::tan(radians(right_deg - middle_deg));
    let gain = 0.5 + 0.5 * math::tan(radians(azimuth_deg - middle_deg)) / half;
    let share = math::atan2(gain, 1.0 - gain) * (2.0 / math::PI);
    let on_wall = |axis: usize| radius * (left[axis] + (right[axis] - left[axis]) * share);
    [on_wall(0), on_wall(1), z]
}

/// Azimuth, elevation and distance of a place.
pub(super) fn to_polar([x, y, z]: Vector) -> (f64, f64, f64) {
    /// Nearer to the vertical axis than this a place has no azimuth.
    const AXIS: f64 = 1e-10;
    if x.abs() < AXIS && y.abs() < AXIS {
        return if z.abs() < AXIS { (0.0, 0.0, 0.0) } else { (0.0, z.signum() * 90.0, z.abs()) };
    }
    let azimuth_of = |[x, y]: [f64; 2]| 0.0 - degrees(math::atan2(x, y));
    let [(left_deg, left), (right_deg, right)] =
        sector(azimuth_of([x, y]), |corner| azimuth_of(corner.1));
    // (x, y) = a·left + b·right.
    let determinant = left[0] * right[1] - left[1] * right[0];
    let a = (x * right[1] - y * right[0]) / determinant;
    let b = (left[0] * y - left[1] * x) / determinant;
    let radius = a + b;
    let left_deg = above(right_deg, left_deg);
    let middle_deg = (left_deg + right_deg) * 0.5;
    let angle = b / radius * (math::PI * 0.5);
    let (sin, cos) = (math::sin(angle), math::cos(angle));
    let gain = sin / (cos + sin);
    let half = math::tan(radians(right_deg - middle_deg));
    let azimuth_deg = middle_deg + degrees(math::atan2(2.0 * (gain - 0.5) * half, 1.0));
    let room_deg = degrees(math::atan2(z, radius));
    let (elevation_deg, distance) = if room_deg.abs() > EDGE_ROOM_DEG {
        let height_deg = EDGE_DEG
            + (90.0 - EDGE_DEG) * (room_deg.abs() - EDGE_ROOM_DEG) / (90.0 - EDGE_ROOM_DEG);
        (height_deg * room_deg.signum(), z.abs())
    } else {
        (EDGE_DEG * room_deg / EDGE_ROOM_DEG, radius)
    };
    (above(-180.0, azimuth_deg), elevation_deg, distance)
}

/// BS.2127: width, height and depth as sizes along the source's axes.
fn sizes_of(extent: &Extent) -> Vector {
    let across = |deg: f64| if deg < 180.0 { math::sin(radians(deg * 0.5)) } else { 1.0 };
    let along = |deg: f64| (1.0 - math::cos(radians(deg * 0.5))) * 0.5;
    let y = along(extent.width_deg).max(along(extent.height_deg)).max(extent.depth);
    [across(extent.width_deg), y, across(extent.height_deg)]
}

/// BS.2127: sizes of at most 1 along the source's axes as width, height and depth.
fn extent_of([x, y, z]: Vector) -> Extent {
    let from_y = 2.0 * degrees(math::acos((1.0 - 2.0 * y).clamp(-1.0, 1.0)));
    let angle = |across: f64| {
        let from_across = 2.0 * degrees(math::asin(across.clamp(0.0, 1.0)));
        (from_across + across * (from_y - from_across).max(0.0)).min(360.0)
    };
    let (width_deg, height_deg) = (angle(x), angle(z));
    let arcs = sizes_of(&Extent { width_deg, height_deg, depth: 0.0 });
    Extent { width_deg, height_deg, depth: (y - arcs[1]).clamp(0.0, 1.0) }
}

/// The root of the sum of squares of what sizes along the axes of `from` put along an axis; at most
/// 1, where it is no more than rounding that goes beyond.
fn turned(from: impl Fn(usize) -> Vector) -> Vector {
    [0, 1, 2].map(|axis| {
        let [x, y, z] = from(axis);
        math::sqrt(x * x + y * y + z * z).min(1.0)
    })
}

/// BS.2127: the size along x, y and z of a size that is seen in a direction. NOTE: the EBU ADM Renderer
/// hands the converted height to y and the depth to z ([`super::Allocentric::sized_gains`]); here each
/// stays on its axis.
pub(super) fn size_in_room(azimuth_deg: f64, elevation_deg: f64, extent: &Extent) -> Vector {
    let sizes = sizes_of(extent);
    let frame = axes(azimuth_deg, elevation_deg);
    turned(|axis| [0, 1, 2].map(|own| frame[own][axis] * sizes[own]))
}

impl ObjectPlace {
    /// The same place and size in the room; one that is there already stays as it is.
    ///
    /// # Units and range
    /// As in [`ObjectPlace`]; sizes 0 to 1.
    ///
    /// # Errors
    /// A number out of range or not finite, or a divergence: BS.2127 has no conversion of its range.
    ///
    /// # Example
    /// ```
    /// use mixcore::spatial::{Divergence, Extent, ObjectPlace};
    /// let extent = Extent { width_deg: 180.0, height_deg: 0.0, depth: 0.0 };
    /// let left = ObjectPlace::Polar {
    ///     azimuth_deg: 30.0,
    ///     elevation_deg: 0.0,
    ///     distance: 1.0,
    ///     extent,
    ///     divergence: Divergence::default(),
    /// };
    /// let ObjectPlace::Cartesian { place, size, .. } = left.to_cartesian()? else { panic!() };
    /// assert!((place[0] + 1.0).abs() < 1e-12 && (place[1] - 1.0).abs() < 1e-12); // the front corner
    /// // 1 across the line of sight and ½ along it, turned by 30°.
    /// assert!((size[0] - (0.75_f64 + 0.0625).sqrt()).abs() < 1e-12 && size[1] == 0.0);
    /// assert!((size[2] - (0.25_f64 + 0.1875).sqrt()).abs() < 1e-12);
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn to_cartesian(&self) -> Result<Self, Error> {
        self.validate()?;
        let Self::Polar { azimuth_deg, elevation_deg, distance, extent, divergence } = *self else {
            return Ok(*self);
        };
        undivided(divergence.value)?;
        let [width, depth, height] = size_in_room(azimuth_deg, elevation_deg, &extent);
        Ok(Self::Cartesian {
            place: to_cartesian(azimuth_deg, elevation_deg, distance),
            size: [width, height, depth],
            divergence: 0.0,
            divergence_range: 0.0,
        })
    }

    /// The same place and size as seen from the listener; one that is given so already stays as it is.
    ///
    /// # Units and range
    /// As in [`ObjectPlace`]; sizes above 1 are 1, the whole room.
    ///
    /// # Errors
    /// A number out of range or not finite, a coordinate beyond ±1000, or a divergence: BS.2127 has no
    /// conversion of its range.
    ///
    /// # Example
    /// ```
    /// use mixcore::spatial::ObjectPlace;
    /// let place = [-1.0, -1.0, 0.0];
    /// let corner = ObjectPlace::Cartesian {
    ///     place,
    ///     size: [0.0; 3],
    ///     divergence: 0.0,
    ///     divergence_range: 0.0,
    /// };
    /// let ObjectPlace::Polar { azimuth_deg, distance, .. } = corner.to_polar()? else { panic!() };
    /// assert!((azimuth_deg - 110.0).abs() < 1e-9 && (distance - 1.0).abs() < 1e-12);
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn to_polar(&self) -> Result<Self, Error> {
        self.validate()?;
        let Self::Cartesian { place, size, divergence, .. } = *self else { return Ok(*self) };
        undivided(divergence)?;
        for coordinate in place {
            Error::check_range("place", coordinate, -MAX_DISTANCE, MAX_DISTANCE)?;
        }
        let (azimuth_deg, elevation_deg, distance) = to_polar(place);
        let [width, height, depth] = size.map(|size| size.min(1.0));
        let sizes = [width, depth, height];
        let frame = axes(azimuth_deg, elevation_deg);
        let own = turned(|own| [0, 1, 2].map(|axis| frame[own][axis] * sizes[axis]));
        Ok(Self::Polar {
            azimuth_deg,
            elevation_deg,
            distance,
            extent: extent_of(own),
            divergence: Divergence::default(),
        })
    }
}

fn undivided(divergence: f64) -> Result<(), Error> {
    if divergence == 0.0 {
        return Ok(());
    }
    Err(Error::Unsupported {
        what: "converting a divergence between angles and places",
        hint: "set it to 0, convert, and set it again with a range of the other kind",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_the_same_place() {
        /// Tangents of up to 80° and their inverses.
        const ROUNDING: f64 = 1e-12;
        for a in -17..=17 {
            for e in -8..=8 {
                let (azimuth_deg, elevation_deg) = (f64::from(a) * 10.0, f64::from(e) * 11.0);
                let there = to_cartesian(azimuth_deg, elevation_deg, 0.8);
                let back = to_polar(there);
                assert!((back.0 - azimuth_deg).abs() <= ROUNDING * 180.0, "{azimuth_deg} {back:?}");
                assert!(
                    (back.1 - elevation_deg).abs() <= ROUNDING * 180.0,
                    "{elevation_deg} {back:?}"
                );
                assert!((back.2 - 0.8).abs() <= ROUNDING);
            }
        }
        assert!((to_cartesian(110.0, 0.0, 1.0)[0] + 1.0).abs() <= ROUNDING);
        assert_eq!(to_polar([0.0, 0.0, -0.5]), (0.0, -90.0, 0.5));
    }
}
