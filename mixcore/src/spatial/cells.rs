//! Through which of a polyhedron's planes a ray from its middle leaves it.
//!
//! It is the one with the largest n·p, where n·x = 1 is the plane and p a unit vector. Which planes can
//! be that is known beforehand for each of 12 x 12 x 12 cells of space: in nearly all four or fewer, so
//! four dot products find the plane.

use super::geometry::{MAX_POINTS, Vector, WHOLE, dot, length, sub};

/// Most planes: the faces of the largest hull.
const MAX_PLANES: usize = 2 * MAX_POINTS - 4;

/// Cells along an axis, from -1 to 1.
const CELLS: usize = 12;
/// Cells to a unit: a little less than half of them, so that both ends of an axis have theirs.
const PER_AXIS: f64 = 5.999;
/// Where 0 stands among the middles of cells.
const MIDDLE: f64 = 5.5;
/// Planes that a cell lists.
const LISTED: usize = 4;
/// In place of a cell's first plane: more than it can list.
const ALL: u8 = u8::MAX;
/// How far a plane must stay below another one throughout a cell to be left out: far above the rounding
/// of a dot product.
const BELOW: f64 = 1e-9;

/// The cells of a polyhedron.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    /// The planes that a ray through the cell can leave through, in rising order, the last repeated.
    lists: [[u8; LISTED]; CELLS * CELLS * CELLS],
}

impl Cells {
    /// Cells that list nothing: all planes are looked at.
    pub(super) fn new() -> Self {
        Self { lists: [[ALL; LISTED]; CELLS * CELLS * CELLS] }
    }

    /// Fills the cells.
    pub(super) fn fill(&mut self, planes: &[Vector]) {
        for (place, cell) in self.lists.iter_mut().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "below 12")]
            let middle = [place / (CELLS * CELLS), place / CELLS % CELLS, place % CELLS]
                .map(|step| (step as f64 - MIDDLE) / PER_AXIS);
            *cell = candidates(planes, middle);
        }
    }

    /// The plane of the first `count` through which the ray leaves: of equal ones the first.
    #[inline]
    pub(super) fn leaving<const N: usize>(
        &self,
        planes: &[Vector; N],
        count: usize,
        at: Vector,
    ) -> usize {
        let cell = self.lists.get(cell_of(at)).copied().unwrap_or([ALL; LISTED]);
        let height = |index: u8| dot(planes[usize::from(index) % N], at);
        let (mut best, mut largest) = (cell[0], height(cell[0]));
        if best == ALL {
            return leaving_any(planes, count, at);
        }
        for &index in &cell[1..] {
            let height = height(index);
            let higher = height > largest;
            best = if higher { index } else { best };
            largest = if higher { height } else { largest };
        }
        usize::from(best)
    }
}

/// As [`Cells::leaving`], from all planes.
pub(super) fn leaving_any(planes: &[Vector], count: usize, at: Vector) -> usize {
    let (mut best, mut largest) = (0, f64::NEG_INFINITY);
    for (index, &plane) in planes.iter().enumerate().take(count) {
        let height = dot(plane, at);
        if height > largest {
            (best, largest) = (index, height);
        }
    }
    best
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
    let mut near = [(0, [0.0; 3]); MAX_PLANES];
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
