//! The sphere cut into regions of three or four loudspeakers, and the gains inside them.
//!
//! - A triplet solves p = g₁·l₁ + g₂·l₂ + g₃·l₃, all gains positive.
//! - A quad pans along both of its directions: the share x for which p lies in the plane through the
//!   points that divide two opposite edges in the ratio x solves a quadratic equation; so does y; the
//!   gains are the bilinear products.
//! - A corner may stand for several channels (a rim): a virtual loudspeaker that is folded down.
//!
//! The region of a direction is the one whose plane the ray leaves the polyhedron through, so the one
//! with the largest n·p, where n·x = 1 is its plane: one pass of dot products instead of trials.

use super::PanGains;
use super::geometry::{Vector, add, cross, dot, sub, times};
use crate::audio::MAX_LAYOUT_CHANNELS;
use crate::error::Error;
use crate::math;

/// Most regions of a layout: 22.2 has 46.
pub(super) const MAX_REGIONS: usize = 64;

/// How far below 0 a gain of a triplet may be: the rounding at an edge.
const EDGE: f64 = -1e-11;
/// How far outside 0 to 1 a share of a quad may be.
const SHARE: f64 = 1e-10;
/// How far below 0 the discriminant of a share may be, in parts of its terms: some roundings.
const DOUBLE: f64 = 1e-14;
/// Planes that are looked at together.
const LANES: usize = 4;
/// Smallest determinant of a triplet: less has no room inside.
const FLAT: f64 = 1e-6;

/// Where a corner's gain goes: a channel, or the rim of that number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Corner {
    Channel(u8),
    Rim(u8),
}

/// A loudspeaker of a region.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vertex {
    pub(super) at: Vector,
    pub(super) corner: Corner,
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    /// Gain i is planes\[i\]·p.
    Triplet { planes: [Vector; 3] },
    /// Coefficients of both quadratic equations, each to be multiplied by p.
    Quad { x: [Vector; 3], y: [Vector; 3] },
}

#[derive(Clone, Copy, Debug)]
struct Region {
    shape: Shape,
    corners: [Corner; 4],
}

/// All regions of a layout.
#[derive(Clone, Debug)]
pub(super) struct Regions {
    /// The planes' normals, each axis in a row: n·x = 1.
    planes: [[f64; MAX_REGIONS]; 3],
    regions: [Region; MAX_REGIONS],
    count: usize,
    /// What a virtual loudspeaker gives to every channel.
    rims: [[f64; MAX_LAYOUT_CHANNELS]; 2],
}

impl Regions {
    pub(super) fn new() -> Self {
        let region = Region {
            shape: Shape::Triplet { planes: [[0.0; 3]; 3] },
            corners: [Corner::Channel(0); 4],
        };
        Self {
            planes: [[0.0; MAX_REGIONS]; 3],
            regions: [region; MAX_REGIONS],
            count: 0,
            rims: [[0.0; MAX_LAYOUT_CHANNELS]; 2],
        }
    }

    /// Adds to what a rim gives to a channel.
    pub(super) fn fold(&mut self, rim: usize, channel: u8, gain: f64) {
        let slot = self.rims.get_mut(rim).and_then(|rim| rim.get_mut(usize::from(channel)));
        if let Some(slot) = slot {
            *slot += gain;
        }
    }

    fn push(&mut self, plane: Vector, region: Region) -> Result<(), Error> {
        let Some(slot) = self.regions.get_mut(self.count) else {
            return Err(unusable("more than 64 regions between loudspeakers"));
        };
        *slot = region;
        for (row, axis) in self.planes.iter_mut().zip(plane) {
            if let Some(slot) = row.get_mut(self.count) {
                *slot = axis;
            }
        }
        self.count += 1;
        Ok(())
    }

    /// A region between three loudspeakers, in the order in which they stand when seen from outside
    /// or in the other one.
    pub(super) fn push_triplet(&mut self, [a, b, c]: [Vertex; 3]) -> Result<(), Error> {
        let determinant = dot(a.at, cross(b.at, c.at));
        if determinant.abs() < FLAT {
            return Err(unusable("three neighbouring loudspeakers in line with the listener"));
        }
        let scale = 1.0 / determinant;
        let planes = [
            times(cross(b.at, c.at), scale),
            times(cross(c.at, a.at), scale),
            times(cross(a.at, b.at), scale),
        ];
        // The sum of the gains is 1 on the plane through the three.
        let plane = add(planes[0], add(planes[1], planes[2]));
        let corners = [a.corner, b.corner, c.corner, c.corner];
        self.push(plane, Region { shape: Shape::Triplet { planes }, corners })
    }

    /// A region between four loudspeakers, in their order round it.
    pub(super) fn push_quad(&mut self, [a, b, c, d]: [Vertex; 4]) -> Result<(), Error> {
        let normal = cross(sub(c.at, a.at), sub(d.at, b.at));
        let centre = times(add(add(a.at, b.at), add(c.at, d.at)), 0.25);
        let height = dot(normal, centre);
        if height.abs() < FLAT {
            return Err(unusable("four neighbouring loudspeakers in line with the listener"));
        }
        let shape =
            Shape::Quad { x: axis([a.at, b.at, c.at, d.at]), y: axis([b.at, c.at, d.at, a.at]) };
        let corners = [a.corner, b.corner, c.corner, d.corner];
        self.push(times(normal, 1.0 / height), Region { shape, corners })
    }

    /// Gains of a direction (a unit vector) in `count` channels, at power 1.
    #[inline]
    pub(super) fn gains(&self, at: Vector, count: usize) -> PanGains {
        let best = self.leaving(at);
        let (index, weights) = match self.weights(best, at) {
            Some(weights) => (best, weights),
            None => self.other(best, at),
        };
        let mut gains = PanGains::silent(count);
        let Some(region) = self.regions.get(index) else { return gains };
        for (corner, weight) in region.corners.iter().zip(weights) {
            match *corner {
                Corner::Channel(channel) => {
                    if let Some(gain) = gains.gains.get_mut(usize::from(channel)) {
                        *gain += weight;
                    }
                }
                Corner::Rim(rim) => {
                    if let Some(rim) = self.rims.get(usize::from(rim)) {
                        for (gain, share) in gains.gains.iter_mut().zip(rim) {
                            *gain += weight * share;
                        }
                    }
                }
            }
        }
        gains.scale(1.0 / math::sqrt(gains.power()));
        gains
    }

    /// The region through whose plane the ray leaves: of equal ones the first.
    #[inline]
    fn leaving(&self, at: Vector) -> usize {
        let [xs, ys, zs] = &self.planes;
        let (mut heights, mut largest) = ([0.0; MAX_REGIONS], [f64::NEG_INFINITY; LANES]);
        let (xs, ys, zs) = (xs.as_chunks().0, ys.as_chunks().0, zs.as_chunks().0);
        let fours = heights.as_chunks_mut().0.iter_mut().zip(xs.iter().zip(ys).zip(zs));
        for (heights, ((xs, ys), zs)) in fours.take(self.count.div_ceil(LANES)) {
            let heights: &mut [f64; LANES] = heights;
            let (xs, ys, zs): (&[f64; LANES], &[f64; LANES], &[f64; LANES]) = (xs, ys, zs);
            let lanes = heights.iter_mut().zip(&mut largest).zip(xs.iter().zip(ys).zip(zs));
            for ((height, largest), ((x, y), z)) in lanes {
                *height = x * at[0] + y * at[1] + z * at[2];
                *largest = if *height > *largest { *height } else { *largest };
            }
        }
        // Places behind the last region have the height 0, which is never the largest.
        let largest = largest.into_iter().fold(f64::NEG_INFINITY, f64::max);
        heights.iter().position(|&height| height == largest).unwrap_or(0)
    }

    /// The weights of a region's corners, if the direction lies in it.
    #[inline]
    fn weights(&self, index: usize, at: Vector) -> Option<[f64; 4]> {
        match &self.regions.get(index)?.shape {
            Shape::Triplet { planes } => {
                let [a, b, c] = [dot(planes[0], at), dot(planes[1], at), dot(planes[2], at)];
                (a >= EDGE && b >= EDGE && c >= EDGE)
                    .then(|| [a.max(0.0), b.max(0.0), c.max(0.0), 0.0])
            }
            Shape::Quad { x, y } => Some(products(share(x, at)?, share(y, at)?)),
        }
    }

    /// Where the region whose plane the ray leaves through does not hold it: on an edge rounding may
    /// choose the neighbour, and where real positions bend a quad its plane is only near. The first
    /// one that holds it then; between all of them (by rounding) the one on the way, without what
    /// would be negative.
    #[cold]
    fn other(&self, best: usize, at: Vector) -> (usize, [f64; 4]) {
        let ahead = |&index: &usize| self.height(index, at) > 0.0;
        let holds = |index| self.weights(index, at).map(|weights| (index, weights));
        (0..self.count).filter(ahead).find_map(holds).unwrap_or_else(|| {
            let weights = match self.regions.get(best).map(|region| &region.shape) {
                Some(Shape::Triplet { planes }) => {
                    let gain = |plane| dot(plane, at).max(0.0);
                    [gain(planes[0]), gain(planes[1]), gain(planes[2]), 0.0]
                }
                _ => [0.5; 4],
            };
            (best, weights)
        })
    }

    /// n·p of a region's plane.
    fn height(&self, index: usize, at: Vector) -> f64 {
        let of = |row: &[f64; MAX_REGIONS]| row.get(index).copied().unwrap_or(0.0);
        let [x, y, z] = &self.planes;
        dot([of(x), of(y), of(z)], at)
    }
}

/// The equation of the share between the edges a-d and b-c: the direction lies in the plane through
/// the listener, a + x·(b − a) and d + x·(c − d), so its determinant with these two is 0.
fn axis([a, b, c, d]: [Vector; 4]) -> [Vector; 3] {
    let (along, against) = (sub(b, a), sub(c, d));
    [cross(along, against), add(cross(a, against), cross(along, d)), cross(a, d)]
}

/// The root between 0 and 1 of the equation of a share.
#[inline]
fn share(equation: &[Vector; 3], at: Vector) -> Option<f64> {
    let [a, b, c] = [dot(equation[0], at), dot(equation[1], at), dot(equation[2], at)];
    let inside = |root: f64| (root > -SHARE && root < 1.0 + SHARE).then(|| root.clamp(0.0, 1.0));
    // Without a real root the direction lies outside; what is only rounding is a double root.
    let (square, product) = (b * b, 4.0 * a * c);
    if square - product < -DOUBLE * (square + product.abs()) {
        return None;
    }
    // Without cancellation; where a is 0 the first root is infinite and the second the only one.
    let root = math::sqrt((square - product).max(0.0));
    let sum = -0.5 * (b + if b < 0.0 { -root } else { root });
    inside(c / sum).or_else(|| inside(sum / a))
}

/// Gains of the corners of a quad.
fn products(x: f64, y: f64) -> [f64; 4] {
    [(1.0 - x) * (1.0 - y), x * (1.0 - y), x * y, (1.0 - x) * y]
}

/// Loudspeakers that do not surround the listener as their names say.
fn unusable(what: &'static str) -> Error {
    Error::Unsupported { what, hint: "place every loudspeaker near its nominal direction" }
}
