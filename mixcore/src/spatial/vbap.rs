//! Vector base amplitude panning for any rig: loudspeakers anywhere round the listener.
//!
//! A direction p between three loudspeakers l₁ l₂ l₃ is p = g₁l₁ + g₂l₂ + g₃l₃ (two on a ring); the
//! gains are brought to (Σ gᵖ)^(1/p) = 1, with p = 2 for a room and 1 for low frequencies or a dead
//! room. The threes are the faces of the convex hull of the directions.
//!
//! No direction is silent. Where a face is so large that its circle spans more than 151° (below a
//! dome, above a ring, behind a stage), a virtual loudspeaker is put into its middle and gives 1/√n
//! to each of its n neighbours. A face of more than three corners gets one in its middle too, so that
//! a rig that is its own mirror image pans as its mirror image does.
//!
//! Spread (multiple-direction amplitude panning): the mean of 17 directions inside a circle.
//!
//! Sources: V. Pulkki, "Virtual sound source positioning using vector base amplitude panning",
//! J. Audio Eng. Soc. 45 (1997), 456; V. Pulkki, "Uniform spreading of amplitude panned virtual
//! sources", IEEE WASPAA 1999. The virtual loudspeakers follow ITU-R BS.2127's way with its poles.
//! Cost: four dot products for the face ([`super::cells`]) and three per part of it; 17 times that with
//! spread.
//! Latency: none (a pure function).
//! Limits: directions only, up to 48 loudspeakers at the same distance (delay and level of the others
//! are aligned before); for named layouts [`super::PointSource`] is the standard's way.

use super::cells::Cells;
use super::geometry::{
    Facet, MAX_POINTS, Vector, add, around, axes, check_direction, cross, direction, dot, facets,
    members, radians, sub, times, unit,
};
use super::{Direction, MAX_RIG, RigGains};
use crate::error::Error;
use crate::math;

/// Faces of the largest hull.
const MAX_FACES: usize = 2 * MAX_POINTS - 4;
/// Parts of faces: a triangle is one, a face of n corners is n, where two triangles less would do.
const MAX_PARTS: usize = 2 * MAX_FACES;
/// Virtual loudspeakers of the most irregular rig.
const MAX_VIRTUAL: usize = MAX_POINTS - MAX_RIG;
/// Smallest distance of a face from the listener: below it its circle spans more than 151°. Ours: with
/// equal gains the velocity vector in the middle of a face is as long as this distance, and because one
/// of less than a quarter points nowhere, a virtual loudspeaker loses nothing there.
const MIN_OFFSET: f64 = 0.25;
/// How far below 0 a gain may be: the rounding at an edge.
const EDGE: f64 = -1e-11;
/// Loudspeakers nearer than this (their vectors' distance) are one.
const SAME: f64 = 1e-3;
/// The largest gap of a ring, degrees; more is filled. Ours: the same limit, because between two it is
/// cos 75° = 0.26 in the middle; the rear of 5.0, 140°, stays a pair.
const MAX_GAP_DEG: f64 = 150.0;

/// Whether loudspeakers stand on a ring or on a sphere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
pub enum VbapShape {
    /// All round: elevations count.
    #[default]
    Sphere,
    /// A ring: elevations of loudspeakers and sources are left aside.
    Ring,
}

/// How a source is panned.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct VbapParams {
    /// Diameter of the source, degrees, 0 to 180.
    pub spread_deg: f64,
    /// Exponent of the norm that is kept at 1: 2 is power, 1 is the sum.
    pub norm: f64,
}

impl Default for VbapParams {
    /// A point at constant power.
    fn default() -> Self {
        Self { spread_deg: 0.0, norm: 2.0 }
    }
}

impl VbapParams {
    /// Checks both.
    ///
    /// # Errors
    /// The first one that is out of range or not finite.
    pub fn validate(&self) -> Result<(), Error> {
        Error::check_range("spread_deg", self.spread_deg, 0.0, 180.0)?;
        Error::check_range("norm", self.norm, 1.0, 2.0)?;
        Ok(())
    }
}

/// A corner of a part.
#[derive(Clone, Copy, Debug)]
enum Corner {
    /// A point of the hull: a loudspeaker, or a virtual one after them.
    Point(u8),
    /// The middle of the face.
    Middle,
}

/// A face of three corners, or two corners and the middle of a larger one.
#[derive(Clone, Copy, Debug)]
struct Part {
    /// Gain i is planes\[i\]·p.
    planes: [Vector; 3],
    corners: [Corner; 3],
    /// The corners where all are loudspeakers, in rising order.
    loudspeakers: Option<[u8; 3]>,
    face: u8,
}

/// A face of the hull.
#[derive(Clone, Copy, Debug)]
struct Face {
    corners: u64,
    first: u8,
    parts: u8,
}

/// The panner of a rig.
///
/// About 40 kB of tables.
///
/// # Example
/// ```
/// use mixcore::spatial::{Direction, Vbap, VbapParams, VbapShape};
/// let at = |azimuth_deg, elevation_deg| Direction { azimuth_deg, elevation_deg };
/// // Four corners and one above.
/// let rig = [at(45.0, 0.0), at(-45.0, 0.0), at(135.0, 0.0), at(-135.0, 0.0), at(0.0, 90.0)];
/// let panner = Vbap::new(&rig, VbapShape::Sphere)?;
/// let gains = panner.gains(0.0, 0.0, VbapParams::default())?;
/// assert!((gains[0] - 0.5_f64.sqrt()).abs() < 1e-12 && (gains[1] - gains[0]).abs() < 1e-12);
/// // Below the rig nothing stands, and yet it sounds.
/// let below = panner.gains(0.0, -90.0, VbapParams::default())?;
/// assert!(below[..4].iter().all(|g| (g - 0.5).abs() < 1e-12));
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Vbap {
    shape: VbapShape,
    loudspeakers: usize,
    faces: [Face; MAX_FACES],
    face_count: usize,
    /// n·x = 1 on each face; as many as a power of two.
    planes: [Vector; 2 * MAX_POINTS],
    cells: Cells,
    parts: [Part; MAX_PARTS],
    part_count: usize,
    /// What every virtual loudspeaker gives to the others.
    folds: [RigGains; MAX_VIRTUAL],
}

impl Vbap {
    /// A panner for loudspeakers at these directions.
    ///
    /// # Errors
    /// None or more than 48 loudspeakers; by its index, one whose direction is out of range or the
    /// same as an earlier one's (name one of them, and feed the other one from it); or a rig too
    /// irregular for the tables.
    pub fn new(rig: &[Direction], shape: VbapShape) -> Result<Self, Error> {
        let mut hull = Hull::new(rig, shape)?;
        if shape == VbapShape::Ring {
            hull.close_ring(rig)?;
        }
        hull.close()?;
        let corners = [Corner::Middle; 3];
        let part = Part { planes: [[0.0; 3]; 3], corners, loudspeakers: None, face: 0 };
        let mut vbap = Self {
            shape,
            loudspeakers: rig.len(),
            faces: [Face { corners: 0, first: 0, parts: 0 }; MAX_FACES],
            face_count: 0,
            planes: [[0.0; 3]; 2 * MAX_POINTS],
            cells: Cells::new(),
            parts: [part; MAX_PARTS],
            part_count: 0,
            folds: [RigGains::silent(rig.len()); MAX_VIRTUAL],
        };
        for facet in facets(hull.points()) {
            vbap.add_face(hull.points(), &facet)?;
        }
        vbap.cells.fill(vbap.planes.get(..vbap.face_count).unwrap_or_default());
        vbap.fold(hull.count);
        Ok(vbap)
    }

    /// Loudspeakers of the rig.
    #[must_use]
    pub fn loudspeaker_count(&self) -> usize {
        self.loudspeakers
    }

    /// The gains of a source: one per loudspeaker, none of them negative.
    ///
    /// # Units and range
    /// Degrees; azimuth -180 to 180, positive to the left; elevation -90 to 90.
    ///
    /// # Errors
    /// A number out of range or not finite.
    pub fn gains(
        &self,
        azimuth_deg: f64,
        elevation_deg: f64,
        params: VbapParams,
    ) -> Result<RigGains, Error> {
        check_direction(azimuth_deg, elevation_deg)?;
        params.validate()?;
        let elevation_deg = if self.shape == VbapShape::Ring { 0.0 } else { elevation_deg };
        let at = direction(azimuth_deg, elevation_deg);
        let (part, weights) = self.part(at);
        if let Some(loudspeakers) = part.loudspeakers
            && params == VbapParams::default()
        {
            // What follows does, for three gains alone.
            let gains = at_power_one(at_power_one(weights));
            return Ok(self.three(loudspeakers, gains));
        }
        let mut gains = self.shared(part, weights);
        if params.spread_deg > 0.0 {
            let frame = axes(azimuth_deg, elevation_deg);
            for share in [0.25, 0.5] {
                let radius = radians(params.spread_deg * share);
                for turn in 0..8_u8 {
                    let round = radians(f64::from(turn) * 45.0);
                    gains.add_all(&self.point(self.aside(&frame, radius, round)), 1.0);
                }
            }
        }
        gains.normalise(params.norm);
        Ok(gains)
    }

    /// A direction at an angle from the one that a frame looks at. On a ring the circle is seen from
    /// the side.
    fn aside(&self, [right, ahead, up]: &[Vector; 3], radius: f64, round: f64) -> Vector {
        let (sin, cos) = (math::sin(round), math::cos(round));
        let (radius, up_share) = match self.shape {
            VbapShape::Sphere => (radius, sin),
            VbapShape::Ring => (radius * cos, 0.0),
        };
        let right_share = if self.shape == VbapShape::Ring { 1.0 } else { cos };
        let across = add(times(*right, right_share), times(*up, up_share));
        add(times(*ahead, math::cos(radius)), times(across, math::sin(radius)))
    }

    /// Gains of a point at power 1.
    fn point(&self, at: Vector) -> RigGains {
        let (part, weights) = self.part(at);
        self.shared(part, weights)
    }

    /// The part that a direction lies in, and the weights of its corners, none of them negative.
    #[inline]
    fn part(&self, at: Vector) -> (&Part, [f64; 3]) {
        let best = self.cells.leaving(&self.planes, self.face_count, at);
        let parts = self.parts.get(..self.part_count).unwrap_or(&[]);
        let (first, count) = self
            .faces
            .get(best)
            .map_or((0, 0), |face| (usize::from(face.first), usize::from(face.parts)));
        let of_face = parts.iter().skip(first).take(count);
        let weights = |part: &Part| part.planes.map(|plane| dot(plane, at));
        // Rounding at an edge may choose the neighbour: then every part is asked.
        let inside = of_face.chain(parts).find_map(|part| {
            let gains = weights(part);
            gains.iter().all(|&gain| gain >= EDGE).then_some((part, gains))
        });
        let (part, weights) = inside.unwrap_or_else(|| {
            let [none, ..] = &self.parts;
            let nearest = parts.get(first).unwrap_or(none);
            (nearest, weights(nearest))
        });
        (part, weights.map(|weight| weight.max(0.0)))
    }

    /// Gains at power 1 from the weights of a part's corners.
    fn shared(&self, part: &Part, weights: [f64; 3]) -> RigGains {
        if let Some(loudspeakers) = part.loudspeakers {
            return self.three(loudspeakers, at_power_one(weights));
        }
        let mut gains = RigGains::silent(self.loudspeakers);
        for (corner, weight) in part.corners.iter().zip(weights) {
            match *corner {
                Corner::Point(point) => self.give(&mut gains, usize::from(point), weight),
                Corner::Middle => {
                    let face = self.faces.get(usize::from(part.face));
                    let set = face.map_or(0, |face| face.corners);
                    let share = weight / math::sqrt(f64::from(set.count_ones()));
                    for point in members(set) {
                        self.give(&mut gains, point, share);
                    }
                }
            }
        }
        gains.normalise(2.0);
        gains
    }

    /// Gains of three loudspeakers.
    #[inline]
    fn three(&self, loudspeakers: [u8; 3], weights: [f64; 3]) -> RigGains {
        let mut gains = RigGains::silent(self.loudspeakers);
        for (loudspeaker, weight) in loudspeakers.into_iter().zip(weights) {
            if let Some(gain) = gains.gains.get_mut(usize::from(loudspeaker)) {
                *gain = weight;
            }
        }
        gains
    }

    /// Gives a weight to a point of the hull.
    fn give(&self, gains: &mut RigGains, point: usize, weight: f64) {
        if point < self.loudspeakers {
            gains.add(point, weight);
        } else if let Some(fold) = self.folds.get(point - self.loudspeakers) {
            gains.add_all(fold, weight);
        }
    }

    fn add_face(&mut self, points: &[Vector], facet: &Facet) -> Result<(), Error> {
        let (order, count) = around(points, facet.corners, facet.normal);
        let first = self.part_count;
        #[expect(clippy::cast_possible_truncation, reason = "at most 124")]
        let face = self.face_count as u8;
        #[expect(clippy::cast_possible_truncation, reason = "at most 64 points")]
        let corner = |index: usize| (points[index], Corner::Point(index as u8));
        if count == 3 {
            self.add_part(face, [order[0], order[1], order[2]].map(corner))?;
        } else {
            for (n, &index) in order[..count].iter().enumerate() {
                let middle = (facet.normal, Corner::Middle);
                self.add_part(face, [corner(index), corner(order[(n + 1) % count]), middle])?;
            }
        }
        let slots = self.faces.get_mut(self.face_count).zip(self.planes.get_mut(self.face_count));
        let Some((slot, plane)) = slots else { return Err(irregular()) };
        #[expect(clippy::cast_possible_truncation, reason = "at most 248 parts")]
        let (first, parts) = (first as u8, (self.part_count - first) as u8);
        *plane = times(facet.normal, 1.0 / facet.offset);
        *slot = Face { corners: facet.corners, first, parts };
        self.face_count += 1;
        Ok(())
    }

    fn add_part(&mut self, face: u8, corners: [(Vector, Corner); 3]) -> Result<(), Error> {
        let [a, b, c] = corners.map(|(at, _)| at);
        let determinant = dot(a, cross(b, c));
        let slot = self.parts.get_mut(self.part_count).filter(|_| determinant.abs() > 1e-9);
        let Some(slot) = slot else { return Err(irregular()) };
        let scale = 1.0 / determinant;
        let planes = [cross(b, c), cross(c, a), cross(a, b)].map(|plane| times(plane, scale));
        let mut sides = [0, 1, 2].map(|n| (corners[n].1, planes[n]));
        let of = |corner| match corner {
            Corner::Point(point) if usize::from(point) < self.loudspeakers => Some(point),
            _ => None,
        };
        let all = sides.iter().all(|side| of(side.0).is_some());
        if all {
            // Their powers are added up in this order.
            sides.sort_unstable_by_key(|side| of(side.0));
        }
        let corners = sides.map(|side| side.0);
        let loudspeakers = all.then(|| corners.map(|corner| of(corner).unwrap_or(0)));
        *slot = Part { planes: sides.map(|side| side.1), corners, loudspeakers, face };
        self.part_count += 1;
        Ok(())
    }

    /// What virtual loudspeakers give: to real neighbours 1/√n each; without any, what their virtual
    /// neighbours give.
    fn fold(&mut self, points: usize) {
        let mut neighbours = [0_u64; MAX_POINTS];
        for face in self.faces.iter().take(self.face_count) {
            for point in members(face.corners) {
                neighbours[point] |= face.corners & !(1 << point);
            }
        }
        let mut known = (1_u64 << self.loudspeakers) - 1;
        // One more ring of virtual ones in each turn.
        for _ in 0..MAX_VIRTUAL {
            let before = known;
            let virtual_ones = neighbours.iter().enumerate().take(points).skip(self.loudspeakers);
            for (point, &near) in virtual_ones {
                if before >> point & 1 == 1 || near & before == 0 {
                    continue;
                }
                let mut gains = RigGains::silent(self.loudspeakers);
                for neighbour in members(near & before) {
                    self.give(&mut gains, neighbour, 1.0);
                }
                gains.normalise(2.0);
                self.folds[point - self.loudspeakers] = gains;
                known |= 1 << point;
            }
        }
    }
}

/// The weights of three loudspeakers in their order, at power 1.
#[inline]
fn at_power_one([a, b, c]: [f64; 3]) -> [f64; 3] {
    let norm = math::sqrt((a * a + b * b) + c * c);
    [a / norm, b / norm, c / norm]
}

/// Directions of a rig and of what closes it.
struct Hull {
    points: [Vector; MAX_POINTS],
    count: usize,
}

impl Hull {
    fn new(rig: &[Direction], shape: VbapShape) -> Result<Self, Error> {
        #[expect(clippy::cast_precision_loss, reason = "exact far above 48")]
        Error::check_range("loudspeakers of the rig", rig.len() as f64, 1.0, MAX_RIG as f64)?;
        let mut hull = Self { points: [[0.0; 3]; MAX_POINTS], count: 0 };
        for (index, at) in rig.iter().enumerate() {
            let item = ("loudspeaker", index);
            Error::check_item(item, "azimuth_deg", at.azimuth_deg, -180.0, 180.0)?;
            Error::check_item(item, "elevation_deg", at.elevation_deg, -90.0, 90.0)?;
            let elevation_deg = if shape == VbapShape::Ring { 0.0 } else { at.elevation_deg };
            let point = direction(at.azimuth_deg, elevation_deg);
            // Of unit vectors; 2 is the opposite direction.
            let apart = hull.nearest(point).min(2.0);
            Error::check_item(item, "distance to an earlier one's direction", apart, SAME, 2.0)?;
            hull.push(point)?;
        }
        Ok(hull)
    }

    fn points(&self) -> &[Vector] {
        &self.points[..self.count]
    }

    fn push(&mut self, point: Vector) -> Result<(), Error> {
        let Some(slot) = self.points.get_mut(self.count) else { return Err(irregular()) };
        *slot = point;
        self.count += 1;
        Ok(())
    }

    /// Distance of a vector from the nearest point.
    fn nearest(&self, at: Vector) -> f64 {
        let square = |&point: &Vector| {
            let way = sub(point, at);
            dot(way, way)
        };
        math::sqrt(self.points().iter().map(square).fold(f64::INFINITY, f64::min))
    }

    /// Fills gaps of a ring and puts poles above and below it, which a source on it never reaches.
    fn close_ring(&mut self, rig: &[Direction]) -> Result<(), Error> {
        for here in rig {
            let gap = |other: &Direction| {
                let way_deg = other.azimuth_deg - here.azimuth_deg;
                if way_deg > 1e-9 { way_deg } else { way_deg + 360.0 }
            };
            // -180° and 180° are one.
            let gaps = rig.iter().map(gap).map(|deg| if deg > 360.0 { 360.0 } else { deg });
            let gap_deg = gaps.fold(360.0, f64::min);
            let pieces = math::ceil(gap_deg / MAX_GAP_DEG - 1e-9);
            let mut piece = 1.0;
            while piece < pieces {
                let azimuth_deg = here.azimuth_deg + gap_deg * piece / pieces;
                self.push(direction(azimuth_deg, 0.0))?;
                piece += 1.0;
            }
        }
        self.push([0.0, 0.0, 1.0])?;
        self.push([0.0, 0.0, -1.0])
    }

    /// Puts virtual loudspeakers where a face is too large, until the listener is enclosed.
    fn close(&mut self) -> Result<(), Error> {
        /// One or two loudspeakers span nothing: the axes that are 60° or more from them.
        const AXES: [Vector; 6] = [
            [0.0, 0.0, 1.0],
            [0.0, 0.0, -1.0],
            [0.0, -1.0, 0.0],
            [1.0, 0.0, 0.0],
            [-1.0, 0.0, 0.0],
            [0.0, 1.0, 0.0],
        ];
        if self.count < 3 {
            for axis in AXES {
                if self.nearest(axis) >= 1.0 - 1e-9 {
                    self.push(axis)?;
                }
            }
        }
        loop {
            let worst = facets(self.points()).map(|f| f.offset).fold(f64::INFINITY, f64::min);
            let flat = u64::MAX >> (MAX_POINTS - self.count);
            // Directions to be filled, and of how many faces each is the sum.
            let mut found = [([0.0; 3], 0_u8); MAX_VIRTUAL];
            let mut count = 0;
            for facet in facets(self.points()) {
                if facet.corners == flat {
                    // All in one plane: both of its sides are open.
                    found[0] = (facet.normal, 1);
                    found[1] = (times(facet.normal, -1.0), 1);
                    count = 2;
                } else if facet.offset < MIN_OFFSET && facet.offset <= worst + 1e-9 {
                    // The worst one, and what mirrors it; those that look the same way have one in
                    // their middle, so that a rig that is its own mirror image stays one.
                    let near = |other: &&mut (Vector, u8)| dot(other.0, facet.normal) >= 0.5;
                    if let Some((sum, faces)) = found[..count].iter_mut().find(near) {
                        *sum = add(*sum, facet.normal);
                        *faces = faces.saturating_add(1);
                    } else if count < MAX_VIRTUAL {
                        found[count] = (facet.normal, 1);
                        count += 1;
                    }
                }
            }
            if count == 0 {
                return Ok(());
            }
            for &(sum, faces) in &found[..count] {
                let point = if faces > 1 { unit(sum) } else { sum };
                if self.nearest(point) < SAME {
                    return Err(irregular());
                }
                self.push(point)?;
            }
        }
    }
}

fn irregular() -> Error {
    Error::Unsupported {
        what: "a rig so irregular that its hull cannot be closed",
        hint: "pan it with Dbap, which needs no order of loudspeakers",
    }
}

#[cfg(test)]
mod tests;
