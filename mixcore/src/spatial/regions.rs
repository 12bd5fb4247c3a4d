//! The sphere cut into regions of three or four loudspeakers, and the gains inside them.
//!
//! - A triplet solves p = g₁·l₁ + g₂·l₂ + g₃·l₃, all gains positive.
//! - A quad pans along both of its directions: the share x for which p lies in the plane through the
//!   points that divide two opposite edges in the ratio x solves a quadratic equation; so does y; the
//!   gains are the bilinear products.
//! - A corner may stand for several channels (a rim): a virtual loudspeaker that is folded down.
//!
//! The region of a direction is the one whose plane the ray leaves the polyhedron through
//! ([`super::cells`]).

use super::PanGains;
use super::cells::Cells;
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
    sum: Sum,
}

/// How the weights of the corners become gains at power 1.
#[derive(Clone, Copy, Debug)]
enum Sum {
    /// Up to four channels, each with one corner or two.
    Slots(Slots),
    /// Two channels, then a rim.
    Rim { channels: [u8; 2], rim: u8 },
    /// Anything else.
    Any,
}

/// The channels of a region in the order in which [`PanGains::power`] adds their squares.
#[derive(Clone, Copy, Debug)]
struct Slots {
    channels: [u8; 4],
    /// The corners whose weights a channel gets; 4 is none.
    parts: [[u8; 2]; 4],
    /// (1 + 2) + (3 + 4), else ((1 + 2) + 3) + 4.
    pairs: bool,
}

/// All regions of a layout.
#[derive(Clone, Debug)]
pub(super) struct Regions {
    /// The planes' normals: n·x = 1.
    planes: [Vector; MAX_REGIONS],
    cells: Cells,
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
            sum: Sum::Any,
        };
        Self {
            planes: [[0.0; 3]; MAX_REGIONS],
            cells: Cells::new(),
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
        let slots = self.regions.get_mut(self.count).zip(self.planes.get_mut(self.count));
        let Some((slot, normal)) = slots else {
            return Err(unusable("more than 64 regions between loudspeakers"));
        };
        (*slot, *normal) = (region, plane);
        self.count += 1;
        Ok(())
    }

    /// Fills the cells, when all regions are there.
    pub(super) fn index(&mut self) {
        self.cells.fill(self.planes.get(..self.count).unwrap_or_default());
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
        let sum = match corners {
            [Corner::Channel(a), Corner::Channel(b), Corner::Rim(rim), _] => {
                Sum::Rim { channels: [a, b], rim }
            }
            [a, b, c, _] => slots(&[a, b, c]),
        };
        self.push(plane, Region { shape: Shape::Triplet { planes }, corners, sum })
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
        let sum = slots(&corners);
        self.push(times(normal, 1.0 / height), Region { shape, corners, sum })
    }

    /// Gains of a direction (a unit vector) in `count` channels, at power 1.
    #[inline]
    pub(super) fn gains(&self, at: Vector, count: usize) -> PanGains {
        let best = self.cells.leaving(&self.planes, self.count, at);
        let (index, weights) = match self.weights(best, at) {
            Some(weights) => (best, weights),
            None => self.other(best, at),
        };
        let mut gains = PanGains::silent(count);
        let Some(region) = self.regions.get(index) else { return gains };
        match &region.sum {
            Sum::Slots(slots) => slots.place(weights, &mut gains),
            &Sum::Rim { channels, rim } => {
                if let Some(rim) = self.rims.get(usize::from(rim)) {
                    place_rim(channels, rim, weights, &mut gains);
                }
            }
            Sum::Any => self.place(region, weights, &mut gains),
        }
        gains
    }

    /// The weights as gains, whatever the corners are.
    #[cold]
    fn place(&self, region: &Region, weights: [f64; 4], gains: &mut PanGains) {
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
    }

    /// The weights of a region's corners, if the direction lies in it.
    #[inline(always)]
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
    #[inline]
    fn height(&self, index: usize, at: Vector) -> f64 {
        self.planes.get(index).map_or(f64::NEG_INFINITY, |&plane| dot(plane, at))
    }
}

impl Slots {
    /// The weights as the channels' gains, at power 1.
    #[inline]
    fn place(&self, [a, b, c, d]: [f64; 4], gains: &mut PanGains) {
        let weights = [a, b, c, d, 0.0, 0.0, 0.0, 0.0];
        let [a, b, c, d] = self.parts.map(|[first, second]| {
            // From 0, as -0 is not to come through.
            0.0 + weights[usize::from(first & 7)] + weights[usize::from(second & 7)]
        });
        let [aa, bb, cc, dd] = [a * a, b * b, c * c, d * d];
        let power = if self.pairs { (aa + bb) + (cc + dd) } else { ((aa + bb) + cc) + dd };
        let scale = 1.0 / math::sqrt(power);
        // Backwards: what is not used stands at the first one's channel.
        for (&channel, weight) in self.channels.iter().rev().zip([d, c, b, a]) {
            if let Some(gain) = gains.gains.get_mut(usize::from(channel)) {
                *gain = weight * scale;
            }
        }
    }
}

/// The weights of two channels and a rim as gains, at power 1.
#[inline]
fn place_rim(
    [first, second]: [u8; 2],
    rim: &[f64; MAX_LAYOUT_CHANNELS],
    [a, b, c, _]: [f64; 4],
    gains: &mut PanGains,
) {
    let mut lanes = [0.0; 4];
    let groups = gains.count.div_ceil(4);
    let fours = gains.gains.as_chunks_mut::<4>().0.iter_mut();
    let ones = one_at(first).as_chunks::<4>().0.iter().zip(one_at(second).as_chunks::<4>().0);
    for ((four, rim), (one, two)) in fours.zip(rim.as_chunks::<4>().0).zip(ones).take(groups) {
        let four: &mut [f64; 4] = four;
        *four = core::array::from_fn(|n| (a * one[n] + b * two[n]) + c * rim[n]);
        for (lane, gain) in lanes.iter_mut().zip(four) {
            *lane += *gain * *gain;
        }
    }
    let [a, b, c, d] = lanes;
    let scale = 1.0 / math::sqrt((a + b) + (c + d));
    for four in gains.gains.as_chunks_mut::<4>().0.iter_mut().take(groups) {
        for gain in four {
            *gain *= scale;
        }
    }
}

/// 1 at one channel, 0 at all others.
#[inline]
fn one_at(channel: u8) -> &'static [f64; MAX_LAYOUT_CHANNELS] {
    const ONE: [f64; 2 * MAX_LAYOUT_CHANNELS] = {
        let mut ones = [0.0; 2 * MAX_LAYOUT_CHANNELS];
        ones[MAX_LAYOUT_CHANNELS] = 1.0;
        ones
    };
    static ONES: [f64; 2 * MAX_LAYOUT_CHANNELS] = ONE;
    let before = MAX_LAYOUT_CHANNELS - usize::from(channel).min(MAX_LAYOUT_CHANNELS);
    ONES.get(before..).and_then(|ones| ones.first_chunk()).unwrap_or(&[0.0; MAX_LAYOUT_CHANNELS])
}

/// The sum of a region of three or four corners that are channels.
///
/// [`PanGains::power`] adds the squares of every fourth channel, a to d, and then (a + b) + (c + d). A
/// silent channel changes no sum, so what remains of up to four is one of two trees: two and two where
/// there are two in each half, or two in each lane of one half; else one after the other, from the half
/// and the lane that have the most.
fn slots(corners: &[Corner]) -> Sum {
    let mut slots = Slots { channels: [0; 4], parts: [[4; 2]; 4], pairs: false };
    let mut count = 0;
    for (place, corner) in (0..).zip(corners) {
        let &Corner::Channel(channel) = corner else { return Sum::Any };
        let known = slots.channels.iter().take(count).position(|known| *known == channel);
        match known.map(|known| &mut slots.parts[known]) {
            Some([_, second]) if *second == 4 => *second = place,
            Some(_) => return Sum::Any,
            None => {
                (slots.channels[count], slots.parts[count][0]) = (channel, place);
                count += 1;
            }
        }
    }
    let used = slots.channels;
    let alike = |channel: u8, part: fn(u8) -> u8| {
        used.iter().take(count).filter(|&&other| part(other) == part(channel)).count()
    };
    let (lane, half) = (|channel: u8| channel & 3, |channel: u8| channel >> 1 & 1);
    let mut order = [0, 1, 2, 3];
    order[..count].sort_unstable_by_key(|&place: &usize| {
        let channel = used[place];
        let (halves, lanes) = (alike(channel, half), alike(channel, lane));
        (4 - halves, half(channel), 4 - lanes, lane(channel), channel)
    });
    let most = |part| used.iter().take(count).map(|&channel| alike(channel, part)).max();
    slots.pairs =
        count == 4 && (most(half) == Some(2) || most(half) == Some(4) && most(lane) == Some(2));
    slots.channels = order.map(|place| used[if place < count { place } else { order[0] }]);
    slots.parts = order.map(|place| slots.parts[place]);
    Sum::Slots(slots)
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

/// Regions that there cannot be: what calls has checked that its facets hold.
fn unusable(what: &'static str) -> Error {
    Error::Unsupported { what, hint: "place every loudspeaker near its nominal direction" }
}

#[cfg(test)]
mod tests;
