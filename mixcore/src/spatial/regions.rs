//! The sphere cut into regions of three or four loudspeakers, and the gains inside them.
//!
//! - A triplet solves p = g₁·l₁ + g₂·l₂ + g₃·l₃, all gains positive.
//! - A quad pans along both of its directions: the share x for which p lies in the plane through the
//!   points that divide two opposite edges in the ratio x solves a quadratic equation; so does y; the
//!   gains are the bilinear products.
//! - A corner may stand for several channels (a rim): a virtual loudspeaker that is folded down.
//!
//! The region of a direction is the one whose plane the ray leaves the polyhedron through, so the one
//! with the largest n·p, where n·x = 1 is its plane. Which planes can be that is known beforehand for
//! each of 512 cells of space: in most cells four or fewer, so four dot products find the region.

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
/// Cells along an axis, from -1 to 1.
const CELLS: usize = 8;
/// Regions that a cell lists.
const LISTED: usize = 4;
/// In place of a cell's first region: more than it can list.
const ALL: u8 = u8::MAX;
/// How far a plane must stay below another one throughout a cell to be left out: far above the rounding
/// of a dot product.
const BELOW: f64 = 1e-9;
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
    /// Set if all corners are channels and no two of them the same.
    plain: Option<Plain>,
}

/// How the power of a region of single channels is added up, so that it is the power of all channels
/// ([`PanGains::power`]) without those that are silent.
#[derive(Clone, Copy, Debug)]
struct Plain {
    channels: [u8; 4],
    /// The corners in the order in which their squares are added.
    order: [u8; 4],
    /// (1 + 2) + (3 + 4), else ((1 + 2) + 3) + 4.
    pairs: bool,
}

/// All regions of a layout.
#[derive(Clone, Debug)]
pub(super) struct Regions {
    /// The planes' normals: n·x = 1.
    planes: [Vector; MAX_REGIONS],
    /// The regions that a ray through the cell can leave through, in rising order, the last repeated.
    cells: [[u8; LISTED]; CELLS * CELLS * CELLS],
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
            plain: None,
        };
        Self {
            planes: [[0.0; 3]; MAX_REGIONS],
            cells: [[ALL; LISTED]; CELLS * CELLS * CELLS],
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
        let planes = self.planes.get(..self.count).unwrap_or_default();
        for (place, cell) in self.cells.iter_mut().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "below 8")]
            let middle = [place / (CELLS * CELLS), place / CELLS % CELLS, place % CELLS]
                .map(|step| (step as f64 + 0.5) * (2.0 / CELLS as f64) - 1.0);
            *cell = candidates(planes, middle);
        }
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
        let plain = plain(&[a.corner, b.corner, c.corner]);
        self.push(plane, Region { shape: Shape::Triplet { planes }, corners, plain })
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
        let plain = plain(&corners);
        self.push(times(normal, 1.0 / height), Region { shape, corners, plain })
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
        if let Some(plain) = &region.plain {
            plain.place(weights, &mut gains);
            return gains;
        }
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
        let cell = self.cells.get(cell_of(at)).copied().unwrap_or([ALL; LISTED]);
        let (mut best, mut largest) = (cell[0], self.height(usize::from(cell[0]), at));
        if best == ALL {
            return self.leaving_any(at);
        }
        for &index in &cell[1..] {
            let height = self.height(usize::from(index), at);
            let higher = height > largest;
            best = if higher { index } else { best };
            largest = if higher { height } else { largest };
        }
        usize::from(best)
    }

    /// As [`Regions::leaving`], from all regions.
    fn leaving_any(&self, at: Vector) -> usize {
        let (mut best, mut largest) = (0, f64::NEG_INFINITY);
        for (index, &plane) in self.planes.iter().enumerate().take(self.count) {
            let height = dot(plane, at);
            if height > largest {
                (best, largest) = (index, height);
            }
        }
        best
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
    #[inline]
    fn height(&self, index: usize, at: Vector) -> f64 {
        self.planes.get(index).map_or(f64::NEG_INFINITY, |&plane| dot(plane, at))
    }
}

impl Plain {
    /// The weights as the channels' gains, at power 1.
    #[inline]
    fn place(&self, weights: [f64; 4], gains: &mut PanGains) {
        let square = |place: u8| {
            let weight = weights[usize::from(place & 3)];
            weight * weight
        };
        let [a, b, c, d] = self.order.map(square);
        let power = if self.pairs { (a + b) + (c + d) } else { ((a + b) + c) + d };
        let scale = 1.0 / math::sqrt(power);
        // Backwards: of a triplet the last corner stands twice, the second time without a weight.
        for (&channel, weight) in self.channels.iter().zip(weights).rev() {
            if let Some(gain) = gains.gains.get_mut(usize::from(channel)) {
                // No -0.
                *gain = (0.0 + weight) * scale;
            }
        }
    }
}

/// The sum of a region of three or four single channels; nothing if a corner is more, or a channel
/// there twice.
///
/// [`PanGains::power`] adds the squares of every fourth channel, a to d, and then (a + b) + (c + d). A
/// silent channel changes no sum, so what remains of up to four is one of two trees: two and two where
/// there are two in each half, or two in each lane of one half; else one after the other, from the half
/// and the lane that have the most.
fn plain(corners: &[Corner]) -> Option<Plain> {
    let mut channels = [0; 4];
    for (slot, corner) in channels.iter_mut().zip(corners) {
        let Corner::Channel(channel) = *corner else { return None };
        *slot = channel;
    }
    let used = channels.get(..corners.len())?;
    let alike = |channel: u8, part: fn(u8) -> u8| {
        used.iter().filter(|&&other| part(other) == part(channel)).count()
    };
    let (lane, half) = (|channel| channel & 3, |channel| channel >> 1 & 1);
    if used.iter().any(|&channel| alike(channel, |channel| channel) > 1) {
        return None;
    }
    let mut order = [0, 1, 2, 3];
    order.get_mut(..used.len())?.sort_unstable_by_key(|&place| {
        let channel = used.get(usize::from(place)).copied().unwrap_or(0);
        let (halves, lanes) = (alike(channel, half), alike(channel, lane));
        (4 - halves, half(channel), 4 - lanes, lane(channel), channel)
    });
    let most = |part| used.iter().map(|&channel| alike(channel, part)).max();
    let pairs = used.len() == 4
        && (most(half) == Some(2) || most(half) == Some(4) && most(lane) == Some(2));
    if let [.., last] = *used {
        channels[3] = last;
    }
    Some(Plain { channels, order, pairs })
}

/// The cell of a point.
#[inline]
fn cell_of(at: Vector) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast that saturates, and 7 at most"
    )]
    let [x, y, z] = at
        .map(|axis| ((axis + 1.0) * (CELLS as f64 * 0.5)) as usize)
        .map(|step| step.min(CELLS - 1));
    (x * CELLS + y) * CELLS + z
}

/// The planes that can be the highest somewhere in a cell: the one that is highest in its middle, and
/// what does not stay below that one.
fn candidates(planes: &[Vector], middle: Vector) -> [u8; LISTED] {
    let highest = planes.iter().copied().fold((f64::NEG_INFINITY, [0.0; 3]), |best, plane| {
        let height = dot(plane, middle);
        if height > best.0 { (height, plane) } else { best }
    });
    let half = 1.0 / CELLS as f64;
    let mut found = [ALL; LISTED];
    let mut count = 0;
    for (index, &plane) in (0_u8..).zip(planes) {
        let apart = sub(plane, highest.1);
        let most = dot(apart, middle) + half * (apart[0].abs() + apart[1].abs() + apart[2].abs());
        if most < -BELOW {
            continue;
        }
        if count == LISTED {
            return [ALL; LISTED];
        }
        found.iter_mut().skip(count).for_each(|slot| *slot = index);
        count += 1;
    }
    found
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
    // Without cancellation; where a is 0 the first root is infinite and the second the only one.
    let root = math::sqrt((b * b - 4.0 * a * c).max(0.0));
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
