//! The size of a source: width, height, depth and distance as ITU-R BS.2127 renders them.
//!
//! 1652 directions in 37 rings, 5° apart, each with its point-source gains; a source of some size is
//! their weighted sum, brought to power 1. The weight is 1 inside a stadium of width x height round
//! the direction (corners as round as the smaller one allows) and falls straight to 0 over 10°
//! outside. Widths over 180° are stretched, so that both ends meet behind. Below 10° the powers of
//! the point source and of the spread one are blended.
//!
//! Distance changes the angle that a size is seen at: of a source of size s (0.2 to 1 for 0° to 360°)
//! at distance d it is 4·atan(s/d), scaled so that a distance of 1 leaves it as it is; at 0 the source
//! is everywhere. Depth renders the near and the far end and takes the mean of their powers.
//!
//! Sources: ITU-R BS.2127-1, "extent panner", as the EBU ADM Renderer 2.1.0 (BSD-3-Clause-Clear)
//! holds it; gains of that program for 53 directions of 14 sizes in three layouts, and for 40 sources
//! in each of the ten layouts of BS.2051, are the test.
//! Cost: in proportion to the size: only the directions inside a cone round the source and not beyond its
//! long sides are looked at, four at a time ([`crate::kernels`]). The table is 428·(12 + 4·loudspeakers)
//! f64, loudspeakers rounded up to fours.
//! Latency: none (a pure function).
//! Limits: polar positions; the allocentric extent is another one.

use super::geometry::{
    Vector, axes, check_direction, direction, length, position_angles, radians, sin_cos_deg, times,
    unit,
};
use super::{PanGains, PointSource};
use crate::audio::{Layout, MAX_LAYOUT_CHANNELS, Store};
use crate::error::Error;
use crate::kernels::{self, Isa, SPREAD_AXES, SPREAD_BLOCK, SPREAD_GROUPS, SpreadShape};
use crate::math;

/// BS.2127: rings of directions, from straight down to straight up.
const ROWS: usize = 37;
/// Blocks of four directions in all rings (1652 directions; the last block of a ring is filled up).
const BLOCKS: usize = 428;
/// Loudspeakers that are added up together.
const LANES: usize = 4;
/// BS.2127: where the weight falls to 0, degrees outside.
const FADE_DEG: f64 = 10.0;
/// Sine and cosine of it.
const FADE_SIN: f64 = 0.173_648_177_666_930_35;
const FADE_COS: f64 = 0.984_807_753_012_208;
/// BS.2127: the size of a source of extent 0 for the law of distance.
const MIN_SIZE: f64 = 0.2;
/// Shares below this are left out, as in the EBU ADM Renderer.
const NO_SHARE: f64 = 1e-10;
/// From this distance on a source without size is seen as a point: nearer it grows by some 50° per unit
/// (the slope of [`seen`] at 0°), so that its share is below 5.1 times what is missing to 1, half of
/// [`NO_SHARE`].
const POINT_DISTANCE: f64 = 1.0 - 1e-11;
/// Nearer to a pole than this a source has no azimuth, degrees, as in that program.
const POLE_DEG: f64 = 1e-5;
/// Ours: a ring along which the angle across a source changes by less than this is seen as one angle:
/// because a quotient by more has a rounding of some 1e-16/1e-6, which [`SLACK`] covers.
const LEVEL: f64 = 1e-6;
/// Ours: what a bound may miss by rounding, because some roundings of a quotient by [`LEVEL`] or of a
/// product at magnitude 1 are less. Too much of it costs a direction of weight 0, no accuracy.
const SLACK: f64 = 1e-9;
/// Largest distance: a unit is where the loudspeakers stand.
pub(super) const MAX_DISTANCE: f64 = 1000.0;

/// How large a source is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct Extent {
    /// From its left to its right edge, degrees, 0 to 360.
    pub width_deg: f64,
    /// From its lower to its upper edge, degrees, 0 to 360.
    pub height_deg: f64,
    /// From its near to its far end, in distances of the loudspeakers, 0 to 1.
    pub depth: f64,
}

impl Extent {
    /// Checks every field.
    ///
    /// # Errors
    /// The first one that is out of range or not finite.
    pub fn validate(&self) -> Result<(), Error> {
        Error::check_range("width_deg", self.width_deg, 0.0, 360.0)?;
        Error::check_range("height_deg", self.height_deg, 0.0, 360.0)?;
        Error::check_range("depth", self.depth, 0.0, 1.0)?;
        Ok(())
    }
}

/// One ring of directions.
#[derive(Clone, Copy, Debug)]
struct Row {
    sin: f64,
    cos: f64,
    /// 1/cos; only of rings that are not at a pole.
    per_cos: f64,
    /// First block.
    first: u16,
    /// Directions.
    count: u16,
}

impl Row {
    fn blocks(&self) -> u16 {
        self.count.div_ceil(SPREAD_BLOCK as u16)
    }
}

/// Pans sources of any size into a layout.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::Layout;
/// use mixcore::spatial::{Extent, PointSource, PolarExtent};
/// let panner = PolarExtent::new(PointSource::new(Layout::SURROUND_5_1)?)?;
/// let everywhere = Extent { width_deg: 360.0, height_deg: 360.0, depth: 0.0 };
/// let gains = panner.gains(0.0, 0.0, 1.0, everywhere)?;
/// assert!((gains[0] - gains[1]).abs() < 1e-9); // the mirror
/// let power: f64 = gains.iter().map(|g| g * g).sum();
/// assert!((power - 1.0).abs() < 1e-12);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct PolarExtent<'a> {
    point_source: PointSource,
    rows: [Row; ROWS],
    /// Channels that have a loudspeaker.
    channels: [u8; MAX_LAYOUT_CHANNELS],
    loudspeakers: usize,
    /// For each block the directions and the gains of each of them, filled up with zeros to a multiple
    /// of [`LANES`].
    table: Store<'a, f64>,
    isa: Isa,
}

#[cfg(feature = "alloc")]
impl PolarExtent<'static> {
    /// A panner in its own memory.
    ///
    /// # Errors
    /// None; as [`PolarExtent::new_in`].
    pub fn new(point_source: PointSource) -> Result<Self, Error> {
        let len = Self::required_len(point_source.layout());
        Self::with_store(point_source, Store::owned(len, 0.0))
    }
}

impl<'a> PolarExtent<'a> {
    /// Numbers that [`PolarExtent::new_in`] needs for a layout.
    #[must_use]
    pub fn required_len(layout: Layout) -> usize {
        BLOCKS * block_len(layout.speakers().iter().filter(|speaker| !speaker.lfe).count())
    }

    /// A panner in lent memory.
    ///
    /// # Errors
    /// Memory that is too small.
    pub fn new_in(point_source: PointSource, memory: &'a mut [f64]) -> Result<Self, Error> {
        let len = Self::required_len(point_source.layout());
        Self::with_store(point_source, Store::lent("extent table", memory, len, 0.0)?)
    }

    fn with_store(point_source: PointSource, mut table: Store<'a, f64>) -> Result<Self, Error> {
        let mut channels = [0; MAX_LAYOUT_CHANNELS];
        let mut loudspeakers = 0;
        for (channel, speaker) in point_source.layout().speakers().iter().enumerate() {
            if !speaker.lfe {
                #[expect(clippy::cast_possible_truncation, reason = "at most 24 channels")]
                let channel = channel as u8;
                channels[loudspeakers] = channel;
                loudspeakers += 1;
            }
        }
        let mut rows = [Row { sin: 0.0, cos: 0.0, per_cos: 0.0, first: 0, count: 0 }; ROWS];
        let lanes = loudspeakers.next_multiple_of(LANES);
        let mut first = 0;
        let mut blocks = table.chunks_exact_mut(block_len(loudspeakers));
        for (row, index) in rows.iter_mut().zip(0_u8..) {
            let elevation_deg = f64::from(index) * 5.0 - 90.0;
            let (sin, cos) = sin_cos_deg(elevation_deg);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "72 at most, and not negative"
            )]
            let count = (math::rint(cos * 72.0) as u16).max(1);
            *row = Row { sin, cos, per_cos: 1.0 / cos, first, count };
            let mut n = 0;
            for block in blocks.by_ref().take(usize::from(row.blocks())) {
                let (vectors, gains) = block.split_at_mut(SPREAD_AXES);
                for (lane, to) in gains.chunks_exact_mut(lanes).enumerate() {
                    // The last direction of a ring fills its block up, without gains.
                    let real = n < count;
                    let place = n.min(count - 1);
                    let at = direction(360.0 * f64::from(place) / f64::from(count), elevation_deg);
                    for (axis, coordinate) in vectors.chunks_exact_mut(SPREAD_BLOCK).zip(at) {
                        axis[lane] = coordinate;
                    }
                    let law = point_source.law(at);
                    for (to, &channel) in to.iter_mut().zip(&channels).take(loudspeakers) {
                        *to = if real { law.gains[usize::from(channel)] } else { 0.0 };
                    }
                    n += 1;
                }
            }
            first += row.blocks();
        }
        Ok(Self { point_source, rows, channels, loudspeakers, table, isa: Isa::detect() })
    }

    /// The same panner at another level of SIMD instructions than the best one of this CPU; the gains
    /// keep their bits.
    #[must_use]
    pub fn with_isa(self, isa: Isa) -> Self {
        Self { isa, ..self }
    }

    /// The panner of points.
    #[must_use]
    pub fn point_source(&self) -> &PointSource {
        &self.point_source
    }

    /// The gains of a source: one per channel, LFEs at 0.
    ///
    /// # Units and range
    /// Degrees; azimuth -180 to 180, positive to the left; elevation -90 to 90; distance 0 to 1000,
    /// 1 where the loudspeakers stand.
    ///
    /// # Errors
    /// A number out of range or not finite.
    pub fn gains(
        &self,
        azimuth_deg: f64,
        elevation_deg: f64,
        distance: f64,
        extent: Extent,
    ) -> Result<PanGains, Error> {
        check_direction(azimuth_deg, elevation_deg)?;
        Error::check_range("distance", distance, 0.0, MAX_DISTANCE)?;
        extent.validate()?;
        let at = direction(azimuth_deg, elevation_deg);
        Ok(self.law((azimuth_deg, elevation_deg, at), distance, extent))
    }

    /// The gains of a source at a position: its direction, and its length is the distance.
    pub(super) fn law_of(&self, position: Vector, extent: Extent) -> PanGains {
        if extent == Extent::default() && length(position) > POINT_DISTANCE {
            return self.point_source.law(unit(position));
        }
        let (azimuth_deg, elevation_deg) = position_angles(position);
        self.law((azimuth_deg, elevation_deg, unit(position)), length(position), extent)
    }

    fn law(&self, towards: (f64, f64, Vector), distance: f64, extent: Extent) -> PanGains {
        if extent.depth == 0.0 {
            return self.at_distance(towards, distance, extent);
        }
        let far = self.at_distance(towards, distance + extent.depth * 0.5, extent);
        let near = self.at_distance(towards, (distance - extent.depth * 0.5).max(0.0), extent);
        let mut gains = far;
        for (gain, near) in gains.gains.iter_mut().zip(near.gains) {
            *gain = math::sqrt((*gain * *gain + near * near) * 0.5);
        }
        gains
    }

    /// One end of a source.
    fn at_distance(
        &self,
        (azimuth_deg, elevation_deg, at): (f64, f64, Vector),
        distance: f64,
        extent: Extent,
    ) -> PanGains {
        let width_deg = seen(extent.width_deg, distance);
        let height_deg = seen(extent.height_deg, distance);
        let spread = (width_deg.max(height_deg) / FADE_DEG).min(1.0);
        let point = 1.0 - spread;
        if spread <= NO_SHARE {
            return self.point_source.law(at);
        }
        let shape = Stadium::new(
            azimuth_deg,
            elevation_deg,
            width_deg.max(FADE_DEG * 0.5),
            height_deg.max(FADE_DEG * 0.5),
        );
        let mut gains = self.spread(&shape);
        if point > NO_SHARE {
            let centre = self.point_source.law(at);
            for (gain, centre) in gains.gains.iter_mut().zip(centre.gains) {
                *gain = math::sqrt(point * centre * centre + spread * *gain * *gain);
            }
        }
        gains
    }

    /// The weighted sum of all directions, at power 1.
    fn spread(&self, shape: &Stadium) -> PanGains {
        let mut ranges = [[0; 2]; 2 * ROWS];
        let mut count = 0;
        let (skip, rows) = shape.rows();
        for row in self.rows.iter().skip(skip).take(rows) {
            for range in shape.arc(row).into_iter().flatten() {
                if let Some(slot) = ranges.get_mut(count) {
                    *slot = range;
                    count += 1;
                }
            }
        }
        self.sum(shape, ranges.get(..count).unwrap_or(&[]))
    }

    /// The weighted sum of the directions in some blocks (the first one and how many), at power 1.
    fn sum(&self, shape: &Stadium, ranges: &[[u16; 2]]) -> PanGains {
        let mut sums = [[0.0; LANES]; SPREAD_GROUPS];
        let groups = self.loudspeakers.div_ceil(LANES);
        let part = sums.get_mut(..groups).unwrap_or_default();
        kernels::spread(self.isa, &shape.shape, &self.table, ranges, part);
        let sums = sums.as_flattened();
        let power: f64 = sums.iter().map(|sum| sum * sum).sum();
        let scale = 1.0 / math::sqrt(power);
        let mut gains = PanGains::silent(self.point_source.layout().channel_count());
        for (sum, &channel) in sums.iter().zip(&self.channels).take(self.loudspeakers) {
            if let Some(gain) = gains.gains.get_mut(usize::from(channel)) {
                *gain = sum * scale;
            }
        }
        gains
    }
}

/// Numbers of the table per block.
const fn block_len(loudspeakers: usize) -> usize {
    SPREAD_AXES + SPREAD_BLOCK * loudspeakers.next_multiple_of(LANES)
}

/// The angle that an extent is seen at from a distance, degrees.
pub(super) fn seen(extent_deg: f64, distance: f64) -> f64 {
    if distance == 1.0 {
        return extent_deg;
    }
    let size = MIN_SIZE + (1.0 - MIN_SIZE) * (extent_deg / 360.0);
    let angle_deg = |distance| 4.0 * super::geometry::degrees(math::atan2(size, distance));
    let (here, at_one) = (angle_deg(distance), angle_deg(1.0));
    if here <= at_one {
        extent_deg * (here / at_one)
    } else if at_one >= 360.0 {
        360.0
    } else {
        extent_deg + (360.0 - extent_deg) * ((here - at_one) / (360.0 - at_one)).min(1.0)
    }
}

/// The shape of a source: a band along one axis with round ends.
struct Stadium {
    /// The right hand side lies along the long side.
    shape: SpreadShape,
    /// The direction, and the angle and the cosine of the cone that holds everything.
    azimuth: f64,
    elevation_deg: f64,
    sin: f64,
    cos: f64,
    cone_deg: f64,
    cone_cos: f64,
    /// The sine of the angle across where the fade ends; 2 beyond 90°.
    across: f64,
    /// The long side goes upwards.
    tall: bool,
    /// 1 over the cosine and the sine of the elevation; only where these are not 0.
    per_cos: f64,
    per_sin: f64,
}

impl Stadium {
    fn new(azimuth_deg: f64, elevation_deg: f64, width_deg: f64, height_deg: f64) -> Self {
        let azimuth_deg = if elevation_deg.abs() > 90.0 - POLE_DEG { 0.0 } else { azimuth_deg };
        let (sin, cos) = sin_cos_deg(elevation_deg);
        let (side, front) = sin_cos_deg(azimuth_deg);
        // Right, ahead and up for a listener who looks at the source.
        let right = [front, side, 0.0];
        let ahead = [-side * cos, front * cos, sin];
        let up = [side * sin, -front * sin, cos];
        let (half_width, half_height) = (width_deg * 0.5, height_deg * 0.5);
        let tall = half_height > half_width;
        let (long, short, axes) = if tall {
            (half_height, half_width, [up, ahead, right])
        } else {
            (half_width, half_height, [right, ahead, up])
        };
        let radius_deg = short;
        let centre_deg = stretched(long, short) - radius_deg;
        let cone_deg = centre_deg + radius_deg + FADE_DEG;
        let centre = sin_cos_deg(centre_deg);
        let radius = sin_cos_deg(radius_deg);
        let end = turned(radius, (FADE_SIN, FADE_COS));
        let shape = SpreadShape {
            axes,
            centre: [centre.0, centre.1],
            // Where both ends meet behind, everything is between them.
            end_sin: if centre_deg >= 180.0 { 2.0 } else { 0.0 },
            radius: [radius.0, radius.1],
            behind: if radius_deg < 90.0 { [-radius.0, -radius.1] } else { [0.0; 2] },
            per_fade: 1.0 / radians(FADE_DEG),
        };
        Self {
            shape,
            azimuth: radians(azimuth_deg),
            elevation_deg,
            sin,
            cos,
            cone_deg,
            cone_cos: if cone_deg >= 180.0 { -2.0 } else { turned(centre, end).1 },
            across: if radius_deg + FADE_DEG >= 90.0 { 2.0 } else { end.0 },
            tall,
            per_cos: 1.0 / cos,
            per_sin: 1.0 / sin,
        }
    }

    /// The rings that the cone reaches: how many lie before them, and how many they are.
    fn rows(&self) -> (usize, usize) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast that saturates: at 0 what is below the first ring"
        )]
        let index = |elevation_deg: f64| ((elevation_deg + 90.0) * 0.2) as usize;
        let first = index(self.elevation_deg - self.cone_deg);
        // One more for rounding.
        (first, index(self.elevation_deg + self.cone_deg) + 2 - first)
    }

    /// What the cosine of the angle along a ring from the source must exceed for a direction not to be
    /// beyond a long side; nothing if all of them are, within the cone.
    fn across(&self, row: &Row, least: f64) -> Option<f64> {
        let reach = self.across;
        if reach > 1.0 {
            return Some(-1.0);
        }
        if self.tall {
            // Across the source it is cos·sin(angle); what lies behind the listener is not looked at.
            let sin = reach * row.per_cos;
            return Some(if least < 0.0 || sin >= 1.0 {
                -1.0
            } else {
                math::sqrt(1.0 - sin * sin)
            });
        }
        // Across it is middle − swing·cos(angle), or the negative of that.
        let (swing, middle) = (row.cos * self.sin, row.sin * self.cos);
        if swing.abs() < LEVEL {
            // Once for the swing and once for rounding.
            return (middle.abs() <= reach + 2.0 * LEVEL).then_some(-1.0);
        }
        let per_swing = row.per_cos * self.per_sin;
        let (from, to) = (middle * per_swing, reach * per_swing.abs());
        (from - to <= 1.0 + SLACK && from + to >= least - SLACK).then_some(from - to)
    }

    /// The part of a ring inside the cone: first block and how many, twice where it goes through the
    /// ring's first direction.
    fn arc(&self, row: &Row) -> [Option<[u16; 2]>; 2] {
        let blocks = row.blocks();
        let whole = [Some([row.first, blocks]), None];
        let reach = row.cos * self.cos;
        let edge = self.cone_cos - row.sin * self.sin;
        if reach < SLACK || self.cone_cos < -1.0 || edge <= -reach {
            return whole;
        }
        if edge > reach {
            // The ring's nearest direction lies outside; a little more for rounding.
            return if edge > reach + SLACK { [None; 2] } else { whole };
        }
        let least = edge * row.per_cos * self.per_cos;
        let Some(across) = self.across(row, least) else { return [None; 2] };
        let least = least.max(across).clamp(-1.0, 1.0);
        let count = f64::from(row.count);
        let per_radian = count * (0.5 / math::PI);
        // More than what the arc cosine (8e-4 of a direction) and all rounding are off by.
        let half = arc_cosine(least) * per_radian + 0.01;
        if 2.0 * half + 1.0 >= count {
            return whole;
        }
        // From 0 up: two turns more.
        let middle = self.azimuth * per_radian + 2.0 * count;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between one and four turns of 72"
        )]
        let (first, last) = ((middle - half) as u16 + 1, (middle + half) as u16);
        if first > last {
            return [None; 2];
        }
        let (first, last) = (first % row.count.max(1), last % row.count.max(1));
        let (from, to) = (first / SPREAD_BLOCK as u16, last / SPREAD_BLOCK as u16);
        if first <= last {
            [Some([row.first + from, to + 1 - from]), None]
        } else if from > to {
            [Some([row.first + from, blocks - from]), Some([row.first, to + 1])]
        } else {
            whole
        }
    }
}

/// Arc cosine, -1 to 1, within 7e-5: Abramowitz and Stegun, "Handbook of Mathematical Functions",
/// 4.4.45.
fn arc_cosine(x: f64) -> f64 {
    let y = x.abs();
    let series = 1.570_728_8 + y * (-0.212_114_4 + y * (0.074_261_0 - y * 0.018_729_3));
    let angle = math::sqrt((1.0 - y).max(0.0)) * series;
    if x < 0.0 { math::PI - angle } else { angle }
}

/// BS.2127: half of the long side, stretched so that 180° reach round to the back; the more the
/// flatter the source. Degrees.
fn stretched(long: f64, short: f64) -> f64 {
    let full = if long <= 90.0 {
        long
    } else {
        90.0 + (180.0 + short - 90.0) * ((long - 90.0) / 90.0).min(1.0)
    };
    let tall = ((short - 45.0) / 45.0).clamp(0.0, 1.0);
    full + (long - full) * tall
}

/// Sine and cosine of the sum of two angles.
fn turned((a_sin, a_cos): (f64, f64), (b_sin, b_cos): (f64, f64)) -> (f64, f64) {
    (a_sin * b_cos + a_cos * b_sin, a_cos * b_cos - a_sin * b_sin)
}

/// A source that is spread to both sides of itself: BS.2127's divergence.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct Divergence {
    /// 0: the source alone; 0.5: three equal ones; 1: both sides alone.
    pub value: f64,
    /// How far the sides stand from the source, degrees, 0 to 180.
    pub azimuth_range_deg: f64,
}

impl Default for Divergence {
    /// None; BS.2076-1's range of 45°.
    fn default() -> Self {
        Self { value: 0.0, azimuth_range_deg: 45.0 }
    }
}

impl Divergence {
    /// Checks both.
    ///
    /// # Errors
    /// The first one that is out of range or not finite.
    pub fn validate(&self) -> Result<(), Error> {
        Error::check_range("value", self.value, 0.0, 1.0)?;
        Error::check_range("azimuth_range_deg", self.azimuth_range_deg, 0.0, 180.0)?;
        Ok(())
    }

    /// Left, centre and right: the share of the power and the direction of each. The sides stand on
    /// the great circle through the source that is level with it.
    ///
    /// # Errors
    /// A number out of range or not finite.
    pub fn parts(
        &self,
        azimuth_deg: f64,
        elevation_deg: f64,
    ) -> Result<[(f64, [f64; 3]); 3], Error> {
        check_direction(azimuth_deg, elevation_deg)?;
        let value = Error::check_range("value", self.value, 0.0, 1.0)?;
        let range_deg = self.azimuth_range_deg;
        let range = radians(Error::check_range("azimuth_range_deg", range_deg, 0.0, 180.0)?);
        let [right, ahead, _] = axes(azimuth_deg, elevation_deg);
        let (side, centre) = (value / (value + 1.0), (1.0 - value) / (value + 1.0));
        let turned = |by: f64| {
            let (across, along) = (times(right, math::sin(by)), times(ahead, math::cos(by)));
            [across[0] + along[0], across[1] + along[1], across[2] + along[2]]
        };
        Ok([(side, turned(-range)), (centre, ahead), (side, turned(range))])
    }
}

#[cfg(test)]
mod tests;
