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
//! holds it; gains of that program for 53 directions of 14 sizes in three layouts are the test.
//! Cost: in proportion to the size: only the directions inside a cone round the source are looked at,
//! and angles are computed only in the fade. The table is 1652·(4 + loudspeakers) f64, rounded up to
//! fours.
//! Latency: none (a pure function).
//! Limits: polar positions; the allocentric extent is another one.

use super::geometry::{Vector, axes, check_direction, direction, dot, radians, times};
use super::{PanGains, PointSource};
use crate::audio::{Layout, MAX_LAYOUT_CHANNELS, Store};
use crate::error::Error;
use crate::math;

/// BS.2127: rings of directions, from straight down to straight up.
const ROWS: usize = 37;
/// Directions in all rings.
const POINTS: usize = 1652;
/// Numbers that are added up together.
const LANES: usize = 4;
/// BS.2127: where the weight falls to 0, degrees outside.
const FADE_DEG: f64 = 10.0;
/// BS.2127: the size of a source of extent 0 for the law of distance.
const MIN_SIZE: f64 = 0.2;
/// Largest distance: a unit is where the loudspeakers stand.
const MAX_DISTANCE: f64 = 1000.0;

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
    first: usize,
    count: usize,
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
    /// Per direction: its vector and a 0, then the gain of every loudspeaker, then zeros up to a
    /// multiple of [`LANES`].
    table: Store<'a, f64>,
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
        POINTS * stride(layout.speakers().iter().filter(|speaker| !speaker.lfe).count())
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
        let mut rows = [Row { sin: 0.0, cos: 0.0, first: 0, count: 0 }; ROWS];
        let mut first = 0;
        let mut entries = table.chunks_exact_mut(stride(loudspeakers));
        for (row, index) in rows.iter_mut().zip(0_u8..) {
            let elevation_deg = f64::from(index) * 5.0 - 90.0;
            let angle = radians(elevation_deg);
            let (sin, cos) = (math::sin(angle), math::cos(angle));
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "72 at most, and not negative"
            )]
            let count = (math::rint(cos * 72.0) as usize).max(1);
            *row = Row { sin, cos, first, count };
            for n in 0..count {
                let Some(entry) = entries.next() else { break };
                #[expect(clippy::cast_precision_loss, reason = "72 at most")]
                let azimuth_deg = 360.0 * n as f64 / count as f64;
                let at = direction(azimuth_deg, elevation_deg);
                let gains = point_source.law(at);
                let (vector, to) = entry.split_at_mut(LANES);
                vector[..3].copy_from_slice(&at);
                for (to, &channel) in to.iter_mut().zip(&channels).take(loudspeakers) {
                    *to = gains.gains[usize::from(channel)];
                }
            }
            first += count;
        }
        Ok(Self { point_source, rows, channels, loudspeakers, table })
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
        let towards = (azimuth_deg, elevation_deg, at);
        if extent.depth == 0.0 {
            return Ok(self.at_distance(towards, distance, extent));
        }
        let far = self.at_distance(towards, distance + extent.depth * 0.5, extent);
        let near = self.at_distance(towards, (distance - extent.depth * 0.5).max(0.0), extent);
        let mut gains = far;
        for (gain, near) in gains.gains.iter_mut().zip(near.gains) {
            *gain = math::sqrt((*gain * *gain + near * near) * 0.5);
        }
        Ok(gains)
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
        if spread <= 1e-10 {
            return self.point_source.law(at);
        }
        let shape = Stadium::new(
            azimuth_deg,
            elevation_deg,
            width_deg.max(FADE_DEG * 0.5),
            height_deg.max(FADE_DEG * 0.5),
        );
        let mut gains = self.spread(&shape);
        if point > 1e-10 {
            let centre = self.point_source.law(at);
            for (gain, centre) in gains.gains.iter_mut().zip(centre.gains) {
                *gain = math::sqrt(point * centre * centre + spread * *gain * *gain);
            }
        }
        gains
    }

    /// The weighted sum of all directions, at power 1.
    fn spread(&self, shape: &Stadium) -> PanGains {
        let mut sums = [[0.0; LANES]; MAX_LAYOUT_CHANNELS / LANES];
        let stride = stride(self.loudspeakers);
        for row in &self.rows {
            let Some((start, count)) = shape.arc(row) else { continue };
            let entries = self.table.get(row.first * stride..(row.first + row.count) * stride);
            let Some(entries) = entries else { continue };
            let (before, after) =
                entries.split_at_checked(start * stride).unwrap_or((entries, &[]));
            let turn = after.chunks_exact(stride).chain(before.chunks_exact(stride));
            for entry in turn.take(count) {
                let (lanes, _) = entry.as_chunks::<LANES>();
                let Some((&[x, y, z, _], gains)) = lanes.split_first() else { continue };
                let weight = shape.weight([x, y, z]);
                if weight > 0.0 {
                    for (sums, gains) in sums.iter_mut().zip(gains) {
                        for (sum, gain) in sums.iter_mut().zip(gains) {
                            *sum += weight * gain;
                        }
                    }
                }
            }
        }
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

/// Numbers of the table per direction.
const fn stride(loudspeakers: usize) -> usize {
    LANES + loudspeakers.next_multiple_of(LANES)
}

/// The angle that an extent is seen at from a distance, degrees.
fn seen(extent_deg: f64, distance: f64) -> f64 {
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
    /// Right, ahead and up as the shape lies: its long side runs to the right.
    axes: [Vector; 3],
    /// Radius of the round ends.
    radius: f64,
    /// Where their centres lie from the middle.
    centre_sin: f64,
    centre_cos: f64,
    /// Both centres meet behind: everything is between them.
    closed: bool,
    /// Sines of the edge and of the end of the fade of the straight sides; 2 beyond 90°.
    band: [f64; 2],
    /// Cosines of the edge and of the end of the fade of the round ends; -2 beyond 180°.
    ends: [f64; 2],
    /// The direction and the cosine of the cone that holds everything.
    azimuth: f64,
    sin: f64,
    cos: f64,
    cone_cos: f64,
}

impl Stadium {
    fn new(azimuth_deg: f64, elevation_deg: f64, width_deg: f64, height_deg: f64) -> Self {
        let azimuth_deg = if elevation_deg.abs() > 90.0 - 1e-5 { 0.0 } else { azimuth_deg };
        let (half_width, half_height) = (radians(width_deg) * 0.5, radians(height_deg) * 0.5);
        let radius = half_width.min(half_height);
        let [right, ahead, up] = axes(azimuth_deg, elevation_deg);
        let (long, short, axes) = if half_height > half_width {
            (half_height, half_width, [up, ahead, right])
        } else {
            (half_width, half_height, [right, ahead, up])
        };
        let long = stretched(long, short);
        let centre = long - radius;
        let fade = radians(FADE_DEG);
        let sine = |angle: f64| if angle >= math::PI * 0.5 { 2.0 } else { math::sin(angle) };
        let cosine = |angle: f64| if angle >= math::PI { -2.0 } else { math::cos(angle) };
        let elevation = radians(elevation_deg);
        Self {
            axes,
            radius,
            centre_sin: math::sin(centre),
            centre_cos: math::cos(centre),
            closed: centre >= math::PI,
            band: [sine(radius), sine(radius + fade)],
            ends: [cosine(radius), cosine(radius + fade)],
            azimuth: radians(azimuth_deg),
            sin: math::sin(elevation),
            cos: math::cos(elevation),
            cone_cos: cosine(long + fade),
        }
    }

    /// 1 inside, straight to 0 over the fade.
    #[inline]
    fn weight(&self, at: Vector) -> f64 {
        let [right, ahead, up] =
            [dot(self.axes[0], at).abs(), dot(self.axes[1], at), dot(self.axes[2], at).abs()];
        let beside = ahead < self.centre_cos * math::sqrt(right * right + ahead * ahead);
        let outside = if self.closed || !beside {
            let [edge, end] = self.band;
            if up <= edge {
                return 1.0;
            }
            if up >= end {
                return 0.0;
            }
            math::asin(up.min(1.0)) - self.radius
        } else {
            let near = right * self.centre_sin + ahead * self.centre_cos;
            let [edge, end] = self.ends;
            if near >= edge {
                return 1.0;
            }
            if near <= end {
                return 0.0;
            }
            math::acos(near.clamp(-1.0, 1.0)) - self.radius
        };
        (1.0 - outside / radians(FADE_DEG)).clamp(0.0, 1.0)
    }

    /// The part of a ring inside the cone: its first direction and how many.
    fn arc(&self, row: &Row) -> Option<(usize, usize)> {
        let whole = Some((0, row.count));
        let reach = row.cos * self.cos;
        let cosine = (self.cone_cos - row.sin * self.sin) / reach;
        if reach < 1e-9 || self.cone_cos < -1.0 || cosine <= -1.0 {
            return whole;
        }
        if cosine > 1.0 {
            // The ring's nearest direction lies outside; a little more for rounding.
            return if cosine > 1.0 + 1e-9 { None } else { whole };
        }
        #[expect(clippy::cast_precision_loss, reason = "72 at most")]
        let per_radian = row.count as f64 / (2.0 * math::PI);
        let half = math::acos(cosine) * per_radian;
        let middle = self.azimuth * per_radian;
        #[expect(clippy::cast_possible_truncation, reason = "within a few turns of 72")]
        let (first, last) =
            (math::floor(middle - half) as i64 - 1, math::ceil(middle + half) as i64 + 1);
        let count = usize::try_from(last - first + 1).unwrap_or(row.count);
        if count >= row.count {
            return whole;
        }
        let turn = i64::try_from(row.count.max(1)).unwrap_or(1);
        let start = usize::try_from(first.rem_euclid(turn)).unwrap_or(0);
        Some((start, count))
    }
}

/// BS.2127: half of the long side, stretched so that 180° reach round to the back; the more the
/// flatter the source.
fn stretched(long: f64, short: f64) -> f64 {
    let quarter = math::PI * 0.5;
    let full = if long <= quarter {
        long
    } else {
        quarter + (math::PI + short - quarter) * ((long - quarter) / quarter).min(1.0)
    };
    let tall = ((short - quarter * 0.5) / (quarter * 0.5)).clamp(0.0, 1.0);
    full + (long - full) * tall
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
