//! Directions and convex hulls: what the panners on the sphere share.
//!
//! The frame is that of the ADM: x to the right, y to the front, z up; azimuth positive to the left,
//! elevation upwards.
//!
//! The hull is found by trying every plane through three points, which costs n³/6 planes of which
//! most fall at their first few points: for the 30 points of a layout less than a millisecond, once.

use crate::error::Error;
use crate::math;

/// Most points of a hull: their sets are 64-bit masks.
pub(super) const MAX_POINTS: usize = 64;

/// How far a point may lie off a plane and still be a corner of its facet: far above the rounding of
/// sines and products (1e-15), far below a tenth of a degree (1.7e-3).
const COPLANAR: f64 = 1e-6;

pub(super) type Vector = [f64; 3];

#[inline]
pub(super) fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub(super) fn add(a: Vector, b: Vector) -> Vector {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub(super) fn sub(a: Vector, b: Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(super) fn times(a: Vector, by: f64) -> Vector {
    [a[0] * by, a[1] * by, a[2] * by]
}

pub(super) fn length(a: Vector) -> f64 {
    math::sqrt(dot(a, a))
}

/// A vector of length 1; straight ahead where there is no direction.
pub(super) fn unit(a: Vector) -> Vector {
    let length = length(a);
    if length < 1e-10 { [0.0, 1.0, 0.0] } else { times(a, 1.0 / length) }
}

pub(super) fn radians(degrees: f64) -> f64 {
    degrees * (math::PI / 180.0)
}

pub(super) fn degrees(radians: f64) -> f64 {
    radians * (180.0 / math::PI)
}

/// Sine and cosine of an angle in degrees: the angle is brought to ±45°, where the degrees are still
/// exact, and there it is Taylor's series up to x¹⁷ and x¹⁶. What is left out is below 1e-17; with the
/// roundings the error is below 4e-16 (tested). At multiples of 90° it is exact.
#[inline]
pub(super) fn sin_cos_deg(degrees: f64) -> (f64, f64) {
    // The nearest whole number, ties to even: the sum has no fraction, and the number in its last bits.
    let whole = degrees * (1.0 / 90.0) + WHOLE;
    let quarter = whole - WHOLE;
    let x = radians(degrees - quarter * 90.0);
    let y = x * x;
    // In pairs, so that the chain of additions is short.
    let series = |c: &[f64; 8]| {
        let (y2, y4) = (y * y, y * y * (y * y));
        let [a, b, c, d] = [c[0] + c[1] * y, c[2] + c[3] * y, c[4] + c[5] * y, c[6] + c[7] * y];
        (a + b * y2) + (c + d * y2) * y4
    };
    let (sin, cos) = (x + x * y * series(&SIN), 1.0 + y * series(&COS));
    // Without branches, which would be guessed wrong for every other direction: at odd quarters the two
    // change places, and two quarters of the turn change each one's sign.
    let (sin, cos, quarter) = (sin.to_bits(), cos.to_bits(), whole.to_bits());
    let swap = (sin ^ cos) & 0_u64.wrapping_sub(quarter & 1);
    let sin = f64::from_bits(sin ^ swap ^ ((quarter & 2) << 62));
    let cos = f64::from_bits(cos ^ swap ^ ((quarter.wrapping_add(1) & 2) << 62));
    // No -0.
    (sin + 0.0, cos + 0.0)
}

/// 1.5·2⁵²: numbers beside it are whole.
pub(super) const WHOLE: f64 = 6_755_399_441_055_744.0;
/// 1/n! of the series of the sine after x, alternating.
const SIN: [f64; 8] = [
    -1.0 / 6.0,
    1.0 / 120.0,
    -1.0 / 5_040.0,
    1.0 / 362_880.0,
    -1.0 / 39_916_800.0,
    1.0 / 6_227_020_800.0,
    -1.0 / 1_307_674_368_000.0,
    1.0 / 355_687_428_096_000.0,
];
/// 1/n! of the series of the cosine after 1, alternating.
const COS: [f64; 8] = [
    -1.0 / 2.0,
    1.0 / 24.0,
    -1.0 / 720.0,
    1.0 / 40_320.0,
    -1.0 / 3_628_800.0,
    1.0 / 479_001_600.0,
    -1.0 / 87_178_291_200.0,
    1.0 / 20_922_789_888_000.0,
];

/// The unit vector of a direction in degrees.
#[inline]
pub(super) fn direction(azimuth_deg: f64, elevation_deg: f64) -> Vector {
    let (sin, cos) = sin_cos_deg(azimuth_deg);
    let (up, level) = sin_cos_deg(elevation_deg);
    [0.0 - sin * level, cos * level, up]
}

/// Azimuth and elevation of a vector, degrees; 0 where there is no direction.
pub(super) fn position_angles(of: Vector) -> (f64, f64) {
    // Without -0, which would be behind.
    let azimuth_deg = 0.0 - degrees(math::atan2(of[0] + 0.0, of[1] + 0.0));
    (azimuth_deg, degrees(math::atan2(of[2], math::hypot(of[0], of[1]))))
}

/// Checks a direction: azimuth -180 to 180, elevation -90 to 90.
#[inline]
pub(super) fn check_direction(azimuth_deg: f64, elevation_deg: f64) -> Result<(), Error> {
    if azimuth_deg.abs() <= 180.0 && elevation_deg.abs() <= 90.0 {
        return Ok(());
    }
    Error::check_range("azimuth_deg", azimuth_deg, -180.0, 180.0)?;
    Error::check_range("elevation_deg", elevation_deg, -90.0, 90.0)?;
    Ok(())
}

/// The axes that point right, ahead and up for a listener who looks at a direction.
pub(super) fn axes(azimuth_deg: f64, elevation_deg: f64) -> [Vector; 3] {
    [
        direction(azimuth_deg - 90.0, 0.0),
        direction(azimuth_deg, elevation_deg),
        direction(azimuth_deg, elevation_deg + 90.0),
    ]
}

/// A face of a convex hull: `normal`·x = `offset` on it, less inside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facet {
    pub(super) normal: Vector,
    pub(super) offset: f64,
    /// Bit n: point n is a corner.
    pub(super) corners: u64,
}

/// The facets of the convex hull of different points on the unit sphere, coplanar corners merged.
/// At most [`MAX_POINTS`] points count.
pub(super) fn facets(points: &[Vector]) -> impl Iterator<Item = Facet> + '_ {
    let count = points.len().min(MAX_POINTS);
    (0..count).flat_map(move |i| {
        (i + 1..count)
            .flat_map(move |j| (j + 1..count).filter_map(move |k| facet(points, [i, j, k])))
    })
}

/// The facet through three points, if there is one whose first three corners they are: on a sphere
/// no three points lie in a line, so every facet is found once.
fn facet(points: &[Vector], [i, j, k]: [usize; 3]) -> Option<Facet> {
    let (&a, &b, &c) = (points.get(i)?, points.get(j)?, points.get(k)?);
    let normal = cross(sub(b, a), sub(c, a));
    let size = length(normal);
    if size < 1e-9 {
        return None;
    }
    let normal = times(normal, 1.0 / size);
    let offset = dot(normal, a);
    let (mut above, mut below, mut corners) = (false, false, 0_u64);
    for (index, &point) in points.iter().enumerate().take(MAX_POINTS) {
        let height = dot(normal, point) - offset;
        if height.abs() <= COPLANAR {
            if index < k && index != i && index != j {
                return None;
            }
            corners |= 1 << index;
        } else {
            above |= height > 0.0;
            below |= height < 0.0;
            if above && below {
                return None;
            }
        }
    }
    if above {
        Some(Facet { normal: times(normal, -1.0), offset: -offset, corners })
    } else {
        Some(Facet { normal, offset, corners })
    }
}

/// The indices of the bits of a set.
pub(super) fn members(mut set: u64) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        (set != 0).then(|| {
            let index = set.trailing_zeros() as usize;
            set &= set - 1;
            index
        })
    })
}

/// The members of a set in their order round an axis, and how many they are.
pub(super) fn around(points: &[Vector], set: u64, axis: Vector) -> ([usize; MAX_POINTS], usize) {
    // Any direction that is not along the axis starts the turn.
    let across = if axis[2].abs() < 0.8 { [0.0, 0.0, 1.0] } else { [0.0, 1.0, 0.0] };
    let right = unit(cross(axis, across));
    let up = cross(unit(axis), right);
    let mut order = [0; MAX_POINTS];
    let mut angles = [0.0; MAX_POINTS];
    let mut count = 0;
    for index in members(set) {
        let Some(&point) = points.get(index) else { continue };
        let angle = math::atan2(dot(point, up), dot(point, right));
        let mut place = count;
        while place > 0 && angles[place - 1] > angle {
            angles[place] = angles[place - 1];
            order[place] = order[place - 1];
            place -= 1;
        }
        angles[place] = angle;
        order[place] = index;
        count += 1;
    }
    (order, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_and_cosine_are_exact_at_right_angles_and_near_elsewhere() {
        /// What the doc promises; ten thousandths of a degree in a row of 720.
        const BOUND: f64 = 4e-16;
        for (degrees, expected) in [(0.0, (0.0, 1.0)), (90.0, (1.0, 0.0)), (-180.0, (0.0, -1.0))] {
            assert_eq!(sin_cos_deg(degrees), expected);
        }
        for n in -36_000..=36_000 {
            let degrees = f64::from(n) * 0.01;
            let (sin, cos) = sin_cos_deg(degrees);
            // The reference's own rounding of the angle is up to 4.4e-16 at 2π: brought near 0 first.
            let turns = math::rint(degrees / 90.0);
            let near = radians(degrees - turns * 90.0);
            let (s, c) = (math::sin(near), math::cos(near));
            let (s, c) = match (turns as i32).rem_euclid(4) {
                0 => (s, c),
                1 => (c, -s),
                2 => (-s, -c),
                _ => (-c, s),
            };
            assert!((sin - s).abs() <= BOUND && (cos - c).abs() <= BOUND, "{degrees}");
        }
    }
}
