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
//! each of 12 x 12 x 12 cells of space: in nearly all four or fewer, so four dot products find the
//! region.

use super::PanGains;
use super::geometry::{Vector, WHOLE, add, cross, dot, length, sub, times};
use crate::audio::MAX_LAYOUT_CHANNELS;
use crate::error::Error;
use crate::math;

/// Most regions of a layout: 22.2 has 46.
pub(super) const MAX_REGIONS: usize = 64;

/// Columns: 24 channels and 2 rims, rounded up to a power of two.
const COLUMNS: usize = 32;
/// How far below 0 a gain of a triplet may be: the rounding at an edge.
const EDGE: f64 = -1e-11;
/// How far outside 0 to 1 a share of a quad may be.
const SHARE: f64 = 1e-10;
/// Cells along an axis, from -1 to 1.
const CELLS: usize = 12;
/// Cells to a unit: a little less than half of them, so that both ends of an axis have theirs.
const PER_AXIS: f64 = 5.999;
/// Where 0 stands among the middles of cells.
const MIDDLE: f64 = 5.5;
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

/// A region: what its corners give comes from dot products with six vectors.
#[derive(Clone, Copy, Debug)]
struct Region {
    /// Of a triplet, gain i is x\[i\]·p; of a quad, the coefficients of the quadratic equation of x.
    x: [Vector; 3],
    /// Of a quad, the coefficients of the equation of y.
    y: [Vector; 3],
    /// Columns of [`Regions`]; the fourth of a triplet is the third again, without a gain.
    corners: [u8; 4],
    quad: bool,
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
    /// What a corner gives to every channel: a loudspeaker of its own 1 to itself, then the rims.
    columns: [[f64; MAX_LAYOUT_CHANNELS]; COLUMNS],
}

impl Regions {
    pub(super) fn new() -> Self {
        let none = [[0.0; 3]; 3];
        let region = Region { x: none, y: none, corners: [0; 4], quad: false };
        let mut columns = [[0.0; MAX_LAYOUT_CHANNELS]; COLUMNS];
        for (channel, column) in columns.iter_mut().enumerate() {
            if let Some(own) = column.get_mut(channel) {
                *own = 1.0;
            }
        }
        Self {
            planes: [[0.0; 3]; MAX_REGIONS],
            cells: [[ALL; LISTED]; CELLS * CELLS * CELLS],
            regions: [region; MAX_REGIONS],
            count: 0,
            columns,
        }
    }

    /// Adds to what a rim gives to a channel.
    pub(super) fn fold(&mut self, rim: usize, channel: u8, gain: f64) {
        let column = self.columns.get_mut(MAX_LAYOUT_CHANNELS + rim);
        if let Some(slot) = column.and_then(|column| column.get_mut(usize::from(channel))) {
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
            #[expect(clippy::cast_precision_loss, reason = "below 12")]
            let middle = [place / (CELLS * CELLS), place / CELLS % CELLS, place % CELLS]
                .map(|step| (step as f64 - MIDDLE) / PER_AXIS);
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
        let corners = [a.corner, b.corner, c.corner, c.corner].map(Corner::column);
        self.push(plane, Region { x: planes, y: [[0.0; 3]; 3], corners, quad: false })
    }

    /// A region between four loudspeakers, in their order round it.
    pub(super) fn push_quad(&mut self, [a, b, c, d]: [Vertex; 4]) -> Result<(), Error> {
        let normal = cross(sub(c.at, a.at), sub(d.at, b.at));
        let centre = times(add(add(a.at, b.at), add(c.at, d.at)), 0.25);
        let height = dot(normal, centre);
        if height.abs() < FLAT {
            return Err(unusable("four neighbouring loudspeakers in line with the listener"));
        }
        let corners = [a.corner, b.corner, c.corner, d.corner].map(Corner::column);
        let x = axis([a.at, b.at, c.at, d.at]);
        let y = axis([b.at, c.at, d.at, a.at]);
        self.push(times(normal, 1.0 / height), Region { x, y, corners, quad: true })
    }

    /// Gains of a direction (a unit vector) in `count` channels, at power 1.
    #[inline]
    pub(super) fn gains(&self, at: Vector, count: usize) -> PanGains {
        let best = self.leaving(at);
        let (weights, inside) = self.region(best).weights(at);
        let (index, weights) = if inside { (best, weights) } else { self.other(best, at) };
        let mut gains = PanGains::silent(count);
        let corners = self.region(index).corners;
        let [a, b, c, d] = corners
            .map(|corner| self.columns[usize::from(corner) % COLUMNS].as_chunks::<4>().0.iter());
        let mut lanes = [0.0; 4];
        let groups = count.div_ceil(4);
        let [wa, wb, wc, wd] = weights;
        let fours = gains.gains.as_chunks_mut::<4>().0.iter_mut();
        for ((four, (a, b)), (c, d)) in fours.zip(a.zip(b)).zip(c.zip(d)).take(groups) {
            let four: &mut [f64; 4] = four;
            *four = core::array::from_fn(|n| ((wa * a[n] + wb * b[n]) + wc * c[n]) + wd * d[n]);
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
        gains
    }

    #[inline]
    fn region(&self, index: usize) -> &Region {
        &self.regions[index % MAX_REGIONS]
    }

    /// The region through whose plane the ray leaves: of equal ones the first.
    #[inline]
    fn leaving(&self, at: Vector) -> usize {
        let cell = self.cells.get(cell_of(at)).copied().unwrap_or([ALL; LISTED]);
        let height = |index: u8| dot(self.planes[usize::from(index) % MAX_REGIONS], at);
        let (mut best, mut largest) = (cell[0], height(cell[0]));
        if best == ALL {
            return self.leaving_any(at);
        }
        for &index in &cell[1..] {
            let height = height(index);
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

    /// Where the region whose plane the ray leaves through does not hold it: on an edge rounding may
    /// choose the neighbour, and where real positions bend a quad its plane is only near. The first
    /// one that holds it then; between all of them (by rounding) the one on the way, without what
    /// would be negative.
    #[cold]
    fn other(&self, best: usize, at: Vector) -> (usize, [f64; 4]) {
        let ahead = |&index: &usize| self.height(index, at) > 0.0;
        let holds = |index| {
            let (weights, inside) = self.region(index).weights(at);
            inside.then_some((index, weights))
        };
        (0..self.count).filter(ahead).find_map(holds).unwrap_or_else(|| {
            let region = self.region(best);
            let [a, b, c] = region.x.map(|plane| dot(plane, at).max(0.0));
            (best, if region.quad { [0.5; 4] } else { [a, b, c, 0.0] })
        })
    }

    /// n·p of a region's plane.
    #[inline]
    fn height(&self, index: usize, at: Vector) -> f64 {
        self.planes.get(index).map_or(f64::NEG_INFINITY, |&plane| dot(plane, at))
    }
}

impl Corner {
    /// Its column.
    fn column(self) -> u8 {
        match self {
            Self::Channel(channel) => channel,
            Self::Rim(rim) => MAX_LAYOUT_CHANNELS as u8 + rim,
        }
    }
}

impl Region {
    /// The weights of the corners, and whether the direction lies inside.
    ///
    /// Both forms are worked out and one is taken: which one it is would be guessed wrong for every
    /// other direction, and that costs more.
    #[inline]
    fn weights(&self, at: Vector) -> ([f64; 4], bool) {
        let first @ [a, b, c] = self.x.map(|vector| dot(vector, at));
        let second = self.y.map(|vector| dot(vector, at));
        let three = (a >= EDGE) & (b >= EDGE) & (c >= EDGE);
        let ((x, across), (y, along)) = (share(first), share(second));
        let four = products(x, y);
        let triplet = [a.max(0.0), b.max(0.0), c.max(0.0), 0.0];
        let weights = core::array::from_fn(|n| pick(self.quad, four[n], triplet[n]));
        (weights, (self.quad & across & along) | (!self.quad & three))
    }
}

/// One of two numbers, without a branch.
#[inline]
fn pick(first: bool, a: f64, b: f64) -> f64 {
    let mask = 0_u64.wrapping_sub(u64::from(first));
    f64::from_bits((a.to_bits() & mask) | (b.to_bits() & !mask))
}

/// The cell of a point of the unit cube: of each coordinate the nearest whole number to its place among
/// the middles, 0 to 11, which stands in the last bits of the sum.
#[inline]
fn cell_of(at: Vector) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "four bits are wanted")]
    let [x, y, z] = at.map(|axis| (axis * PER_AXIS + MIDDLE + WHOLE).to_bits() as usize & 15);
    (x * CELLS + y) * CELLS + z
}

/// The planes that can be the highest somewhere in a cell; none of a cell that the sphere does not pass
/// through is listed.
fn candidates(planes: &[Vector], middle: Vector) -> [u8; LISTED] {
    let half = 0.5 / PER_AXIS;
    // No point of a cell is further from its middle than its corners.
    if (length(middle) - 1.0).abs() > 2.0 * half {
        return [ALL; LISTED];
    }
    let stays_below = |plane: Vector, other: Vector| {
        let apart = sub(plane, other);
        dot(apart, middle) + half * (apart[0].abs() + apart[1].abs() + apart[2].abs()) < -BELOW
    };
    let highest = planes.iter().copied().fold((f64::NEG_INFINITY, [0.0; 3]), |best, plane| {
        let height = dot(plane, middle);
        if height > best.0 { (height, plane) } else { best }
    });
    // Most stay below the one that is highest in the middle; the others are compared with each other.
    let mut near = [(0, [0.0; 3]); MAX_REGIONS];
    let mut count = 0;
    for (index, &plane) in (0_u8..).zip(planes) {
        if let Some(slot) = near.get_mut(count).filter(|_| !stays_below(plane, highest.1)) {
            *slot = (index, plane);
            count += 1;
        }
    }
    let near = near.get(..count).unwrap_or_default();
    let mut found = [ALL; LISTED];
    let mut listed = 0;
    for &(index, plane) in near {
        if near.iter().any(|&(_, other)| stays_below(plane, other)) {
            continue;
        }
        if listed == LISTED {
            return [ALL; LISTED];
        }
        found.iter_mut().skip(listed).for_each(|slot| *slot = index);
        listed += 1;
    }
    found
}

/// The equation of the share between the edges a-d and b-c: the direction lies in the plane through
/// the listener, a + x·(b − a) and d + x·(c − d), so its determinant with these two is 0.
fn axis([a, b, c, d]: [Vector; 4]) -> [Vector; 3] {
    let (along, against) = (sub(b, a), sub(c, d));
    [cross(along, against), add(cross(a, against), cross(along, d)), cross(a, d)]
}

/// The root between 0 and 1 of the equation of a share, and whether there is one.
#[inline]
fn share([a, b, c]: [f64; 3]) -> (f64, bool) {
    let inside = |root: f64| (root > -SHARE) & (root < 1.0 + SHARE);
    // Without cancellation; where a is 0 one of the two is infinite and the other the only one.
    let root = math::sqrt((b * b - 4.0 * a * c).max(0.0));
    let sum = -0.5 * (b + if b < 0.0 { -root } else { root });
    let (near, far) = (c / sum, sum / a);
    (pick(inside(near), near, far).clamp(0.0, 1.0), inside(near) | inside(far))
}

/// Gains of the corners of a quad.
fn products(x: f64, y: f64) -> [f64; 4] {
    [(1.0 - x) * (1.0 - y), x * (1.0 - y), x * y, (1.0 - x) * y]
}

/// Loudspeakers that do not surround the listener as their names say.
fn unusable(what: &'static str) -> Error {
    Error::Unsupported { what, hint: "place every loudspeaker near its nominal direction" }
}
