//! The point source of ITU-R BS.2127: a direction becomes gains of a loudspeaker layout, as every
//! renderer of object-based audio must do it.
//!
//! 1. Heights that a layout lacks are imagined: over (under) every middle loudspeaker whose azimuth
//!    is at least 40° beyond the widest of the upper (lower) layer, or over all of them where there
//!    is no such layer; what they get is played by the middle loudspeaker.
//! 2. Below the listener, and above where nothing hangs there (T+000, UH+180), a virtual loudspeaker
//!    gives 1/√n to each of its n neighbours.
//! 3. The convex hull of the nominal directions cuts the sphere into regions of three or four; gains
//!    inside them come from the real directions ([`super::regions`]).
//! 4. The gains are folded to the channels and brought to power 1.
//!
//! Stereo is what 5.1 would give, folded down with 1/√3 for the centre (which keeps the direction of
//! the velocity vector) and 1/√2 for the surrounds, brought to power 1 and lowered by
//! 0.5^(0.5·b/(f + b)), where f and b are the largest gain in front and behind: 0 dB in front,
//! 3.01 dB less behind.
//!
//! Sources: ITU-R BS.2127-1, "point source panner", as the EBU ADM Renderer 2.1.0
//! (BSD-3-Clause-Clear) holds it; its own vectors of 465 directions for each of the ten layouts of
//! BS.2051 are this module's test.
//! Cost: two sines and cosines, four dot products and one solution. Latency: none (a pure
//! function).
//! Limits: neither extent nor distance ([`super::PolarExtent`]). Layouts that BS.2051 does not name
//! follow the same rules (quad, 5.0, 7.1.2, 9.1.6); 3.0 is 5.0, and 3.1.2 is 5.1.2 with its heights at
//! 45°, with each surround played by its side, mono is mono: BS.2127 says nothing of these.

use core::f64::consts::FRAC_1_SQRT_2;

use super::geometry::{MAX_POINTS, Vector, around, check_direction, direction, facets, unit};
use super::misplaced::{Facets, misplaced};
use super::real_layout::is_screen;
use super::regions::{Corner, Regions, Vertex};
use super::{PanGains, RealLayout};
use crate::audio::{Layout, Speaker};
use crate::error::Error;
use crate::math;

/// BS.2127: how far beyond the widest loudspeaker of a layer heights are imagined, degrees.
const BEYOND_DEG: f64 = 40.0;
/// BS.2127's internal fold-down to stereo: the centre to each side.
const STEREO_CENTRE: f64 = 0.577_350_269_189_625_8;

/// BS.2127's virtual loudspeakers, below and above.
const POLES: [Vector; 2] = [[0.0, 0.0, -1.0], [0.0, 0.0, 1.0]];

/// Where a loudspeaker really stands.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields))]
pub struct Direction {
    /// Azimuth, degrees, -180 to 180, positive to the left.
    pub azimuth_deg: f64,
    /// Elevation, degrees, -90 to 90, positive upwards.
    pub elevation_deg: f64,
}

impl Direction {
    /// The nominal direction of a loudspeaker.
    #[must_use]
    pub fn nominal(speaker: &Speaker) -> Self {
        Self { azimuth_deg: speaker.azimuth_deg, elevation_deg: speaker.elevation_deg }
    }

    /// The unit vector: x to the right, y to the front, z up.
    #[must_use]
    pub fn vector(&self) -> [f64; 3] {
        direction(self.azimuth_deg, self.elevation_deg)
    }
}

/// How the gains of the regions become those of the channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fold {
    /// They are the channels'.
    Direct,
    /// From 5.0 to stereo, by BS.2127.
    Stereo,
    /// From 5.0 to 3.0.
    Front,
    /// From 5.1.2 to 3.1.2.
    FrontAndHeights,
    /// One loudspeaker plays everything.
    Mono,
}

/// The point-source panner of a layout.
///
/// About 20 kB of tables, built once.
///
/// # Example
/// ```
/// use mixcore::Layout;
/// use mixcore::spatial::PointSource;
/// let panner = PointSource::new(Layout::SURROUND_7_1_4)?;
/// let gains = panner.gains(30.0, 0.0)?; // at the left loudspeaker
/// assert!((gains[0] - 1.0).abs() < 1e-9 && gains[1..].iter().all(|g| g.abs() < 1e-9));
/// // Straight up: all four heights, each 6.02 dB down.
/// let above = panner.gains(0.0, 90.0)?;
/// assert!(above[8..].iter().all(|g| (g - 0.5).abs() < 1e-12));
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct PointSource {
    layout: Layout,
    fold: Fold,
    pub(super) regions: Regions,
}

impl PointSource {
    /// The panner for a layout, at its nominal or its real directions ([`RealLayout`]). Stereo, 3.0
    /// and mono are panned as if they stood at their nominal ones (BS.2127).
    ///
    /// # Errors
    /// Real directions so far from the nominal ones that loudspeakers change places or leave more
    /// than half a circle open: the loudspeaker to move and, in whole degrees, where it may stand while
    /// the others stay; where moving it alone does not help, beside the others at their nominal directions, and
    /// where neither of its angles mends it alone, at the nominal value of the other angle. None for a
    /// [`Layout`].
    pub fn new(layout: impl Into<RealLayout>) -> Result<Self, Error> {
        let placed: RealLayout = layout.into();
        let layout = placed.layout();
        let (fold, source) = match layout.name() {
            "stereo" => (Fold::Stereo, Layout::SURROUND_5_0),
            "3.0" => (Fold::Front, Layout::SURROUND_5_0),
            "3.1.2" => (Fold::FrontAndHeights, Layout::SURROUND_5_1_2),
            "mono" => return Ok(Self { layout, fold: Fold::Mono, regions: Regions::new() }),
            _ => (Fold::Direct, layout),
        };
        let mut plan = Plan::new();
        for (channel, speaker) in source.speakers().iter().enumerate() {
            let own = match fold {
                Fold::Direct => Some(channel),
                // Of L R C LFE Ls Rs and two heights all but the surrounds.
                Fold::FrontAndHeights if channel < 4 => Some(channel),
                Fold::FrontAndHeights if channel >= 6 => Some(channel - 2),
                _ => None,
            };
            let real = own.and_then(|own| placed.directions().get(own).copied());
            let real = real.unwrap_or(Direction::nominal(speaker));
            plan.add_speaker(channel, own, speaker, real)?;
        }
        plan.add_heights()?;
        let regions = plan.regions(source, layout)?;
        Ok(Self { layout, fold, regions })
    }

    /// The panner for loudspeakers at any real directions, one per channel of the layout, which BS.2051
    /// is not asked about: [`PointSource::new`] of a [`RealLayout::anywhere`].
    ///
    /// # Errors
    /// As of both.
    pub fn with_positions(layout: Layout, real: &[Direction]) -> Result<Self, Error> {
        Self::new(RealLayout::anywhere(layout, real)?)
    }

    /// The layout that is panned into.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The gains of a direction: one per channel, LFEs at 0, power 1 (stereo: 1 in front to 1/2
    /// behind).
    ///
    /// # Units and range
    /// Degrees; azimuth -180 to 180, positive to the left; elevation -90 to 90.
    ///
    /// # Errors
    /// An angle out of range or not finite.
    #[inline]
    pub fn gains(&self, azimuth_deg: f64, elevation_deg: f64) -> Result<PanGains, Error> {
        check_direction(azimuth_deg, elevation_deg)?;
        Ok(self.law(direction(azimuth_deg, elevation_deg)))
    }

    /// The gains of the direction of a vector: x to the right, y to the front, z up. Its length does
    /// not matter; without one (below 1e-10) it is straight ahead.
    ///
    /// # Errors
    /// A component beyond ±1e6 or not finite.
    #[inline]
    pub fn gains_of(&self, vector: [f64; 3]) -> Result<PanGains, Error> {
        for component in vector {
            Error::check_range("vector", component, -1e6, 1e6)?;
        }
        Ok(self.law(unit(vector)))
    }

    /// The gains of many directions at once.
    ///
    /// # Shape
    /// `gains` has one number per channel for every direction, direction after direction.
    ///
    /// # Errors
    /// Lists of unequal length, or an angle out of range or not finite, with its index; nothing is
    /// written then.
    ///
    /// # Example
    /// ```
    /// use mixcore::Layout;
    /// use mixcore::spatial::PointSource;
    /// let panner = PointSource::new(Layout::SURROUND_5_1)?;
    /// let mut gains = [0.0; 12];
    /// panner.gains_of_many(&[30.0, -110.0], &[0.0, 0.0], &mut gains)?;
    /// assert!((gains[0] - 1.0).abs() < 1e-9 && (gains[6 + 5] - 1.0).abs() < 1e-9);
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn gains_of_many(
        &self,
        azimuths_deg: &[f64],
        elevations_deg: &[f64],
        gains: &mut [f64],
    ) -> Result<(), Error> {
        let (count, channels) = (azimuths_deg.len(), self.layout.channel_count());
        for (what, given, expected) in [
            ("list of elevations", elevations_deg.len(), count),
            ("list of gains", gains.len(), count.saturating_mul(channels)),
        ] {
            if given != expected {
                return Err(Error::FrameCount { what, given, expected });
            }
        }
        let directions = || azimuths_deg.iter().zip(elevations_deg);
        for (index, (&azimuth_deg, &elevation_deg)) in directions().enumerate() {
            let item = ("direction", index);
            Error::check_item(item, "azimuth_deg", azimuth_deg, -180.0, 180.0)?;
            Error::check_item(item, "elevation_deg", elevation_deg, -90.0, 90.0)?;
        }
        let rows = gains.chunks_exact_mut(channels.max(1));
        for ((&azimuth_deg, &elevation_deg), row) in directions().zip(rows) {
            let law = self.law(direction(azimuth_deg, elevation_deg));
            for (to, from) in row.iter_mut().zip(law.gains) {
                *to = from;
            }
        }
        Ok(())
    }

    /// Gains of a unit vector.
    #[inline]
    pub(super) fn law(&self, at: Vector) -> PanGains {
        match self.fold {
            Fold::Direct => self.regions.gains(at, self.layout.channel_count()),
            Fold::Stereo => stereo(&self.regions.gains(at, 5)),
            Fold::Front => front(&self.regions.gains(at, 5)),
            Fold::FrontAndHeights => front_and_heights(&self.regions.gains(at, 8)),
            Fold::Mono => {
                let mut gains = PanGains::silent(1);
                gains.gains[0] = 1.0;
                gains
            }
        }
    }
}

/// BS.2127's stereo, from the gains of 5.0 (L R C Ls Rs).
fn stereo(five: &PanGains) -> PanGains {
    let [left, right, centre, surround_left, surround_right, ..] = five.gains;
    let mut gains = PanGains::silent(2);
    gains.gains[0] = left + STEREO_CENTRE * centre + FRAC_1_SQRT_2 * surround_left;
    gains.gains[1] = right + STEREO_CENTRE * centre + FRAC_1_SQRT_2 * surround_right;
    let (front, back) = (left.max(right).max(centre), surround_left.max(surround_right));
    let level = math::exp2(-0.5 * back / (front + back));
    gains.scale(level / math::sqrt(gains.power()));
    gains
}

/// 3.0, from the gains of 5.0: each surround by its side.
fn front(five: &PanGains) -> PanGains {
    let [left, right, centre, surround_left, surround_right, ..] = five.gains;
    let mut gains = PanGains::silent(3);
    gains.gains[0] = left + FRAC_1_SQRT_2 * surround_left;
    gains.gains[1] = right + FRAC_1_SQRT_2 * surround_right;
    gains.gains[2] = centre;
    gains.scale(1.0 / math::sqrt(gains.power()));
    gains
}

/// 3.1.2, from the gains of 5.1.2: each surround by its side.
fn front_and_heights(eight: &PanGains) -> PanGains {
    let [left, right, centre, _, surround_left, surround_right, up_left, up_right, ..] =
        eight.gains;
    let mut gains = PanGains::silent(6);
    gains.gains[0] = left + FRAC_1_SQRT_2 * surround_left;
    gains.gains[1] = right + FRAC_1_SQRT_2 * surround_right;
    gains.gains[2] = centre;
    gains.gains[4] = up_left;
    gains.gains[5] = up_right;
    gains.scale(1.0 / math::sqrt(gains.power()));
    gains
}

/// The nominal direction for the hull: screen loudspeakers stand at 15° or at 45° (BS.2127).
fn nominal(speaker: &Speaker, real: Direction) -> Direction {
    if is_screen(speaker) {
        let side = if real.azimuth_deg.abs() > 30.0 { 45.0 } else { 15.0 };
        Direction { azimuth_deg: side * real.azimuth_deg.signum(), elevation_deg: 0.0 }
    } else {
        Direction::nominal(speaker)
    }
}

/// A loudspeaker, real or imagined, before the hull.
#[derive(Clone, Copy)]
pub(super) struct Stand {
    pub(super) nominal: Direction,
    pub(super) real: Direction,
    pub(super) channel: u8,
    /// Its channel in the layout that is panned into, which `channel` need not be.
    pub(super) own: Option<u8>,
    /// A height over or under the middle loudspeaker of the channel.
    pub(super) imagined: bool,
}

/// Corners of the hull.
struct Plan {
    stands: [Stand; MAX_POINTS],
    count: usize,
}

impl Plan {
    fn new() -> Self {
        let ahead = Direction { azimuth_deg: 0.0, elevation_deg: 0.0 };
        let (nominal, real) = (ahead, ahead);
        let stand = Stand { nominal, real, channel: 0, own: None, imagined: false };
        Self { stands: [stand; MAX_POINTS], count: 0 }
    }

    fn push(&mut self, stand: Stand) -> Result<(), Error> {
        // Two places are left for the poles.
        let place = self.stands.get_mut(self.count).filter(|_| self.count < MAX_POINTS - 2);
        let Some(place) = place else {
            return Err(Error::Unsupported {
                what: "a layout with more than 62 real and imagined loudspeakers",
                hint: "pan this rig with Vbap",
            });
        };
        *place = stand;
        self.count += 1;
        Ok(())
    }

    fn stands(&self) -> &[Stand] {
        self.stands.get(..self.count).unwrap_or(&[])
    }

    fn add_speaker(
        &mut self,
        channel: usize,
        own: Option<usize>,
        speaker: &Speaker,
        real: Direction,
    ) -> Result<(), Error> {
        if speaker.lfe {
            return Ok(());
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 24 channels")]
        let (channel, own) = (channel as u8, own.map(|own| own as u8));
        let nominal = nominal(speaker, real);
        self.push(Stand { nominal, real, channel, own, imagined: false })
    }

    /// Imagines the heights that are missing over and under the middle layer.
    fn add_heights(&mut self) -> Result<(), Error> {
        let speakers = self.count;
        for (nominal_deg, low_deg, high_deg) in [(-30.0, -70.0, -10.0), (30.0, 10.0, 70.0)] {
            let layer =
                |stand: &&Stand| (low_deg..=high_deg).contains(&stand.nominal.elevation_deg);
            let (mut widest_deg, mut sum_deg, mut count) = (f64::NEG_INFINITY, 0.0, 0.0);
            for stand in self.stands().iter().take(speakers).filter(layer) {
                widest_deg = stand.nominal.azimuth_deg.abs().max(widest_deg);
                sum_deg += stand.real.elevation_deg;
                count += 1.0;
            }
            let (from_deg, real_deg) = if count > 0.0 {
                (widest_deg + BEYOND_DEG, sum_deg / count)
            } else {
                (0.0, nominal_deg)
            };
            for index in 0..speakers {
                let Some(&stand) = self.stands.get(index) else { continue };
                let middle = stand.nominal.elevation_deg.abs() <= 10.0;
                if middle && stand.nominal.azimuth_deg.abs() >= from_deg - 1e-5 {
                    let nominal = Direction { elevation_deg: nominal_deg, ..stand.nominal };
                    let real = Direction { elevation_deg: real_deg, ..stand.real };
                    self.push(Stand { nominal, real, imagined: true, ..stand })?;
                }
            }
        }
        Ok(())
    }

    /// The regions between all of them and the virtual poles.
    fn regions(&self, layout: Layout, target: Layout) -> Result<Regions, Error> {
        let (mut nominal, mut real) = ([[0.0; 3]; MAX_POINTS], [[0.0; 3]; MAX_POINTS]);
        for ((stand, nominal), real) in self.stands().iter().zip(&mut nominal).zip(&mut real) {
            (*nominal, *real) = (stand.nominal.vector(), stand.real.vector());
        }
        let has = |label| layout.index_of(label).is_some();
        let above = has("T+000") || has("UH+180");
        let poles: &[Vector] = if above { &POLES[..1] } else { &POLES };
        for (place, &pole) in (self.count..).zip(poles) {
            if let (Some(nominal), Some(real)) = (nominal.get_mut(place), real.get_mut(place)) {
                (*nominal, *real) = (pole, pole);
            }
        }
        let (nominal, real) =
            (&nominal[..self.count + poles.len()], &real[..self.count + poles.len()]);
        self.check(target, [nominal, real], poles)?;
        let vertex = |index: usize| Vertex {
            at: real[index],
            corner: Corner::Channel(self.stands[index].channel),
        };
        let mut regions = Regions::new();
        for (rim, (place, &pole)) in (self.count..).zip(poles).enumerate() {
            let (order, count) = around(real, neighbours(nominal, place), pole);
            #[expect(clippy::cast_precision_loss, reason = "at most 64")]
            let share = 1.0 / math::sqrt(count as f64);
            #[expect(clippy::cast_possible_truncation, reason = "two poles at most")]
            let centre = Vertex { at: pole, corner: Corner::Rim(rim as u8) };
            for (n, &index) in order.iter().enumerate().take(count) {
                regions.fold(rim, self.stands[index].channel, share);
                let next = order[(n + 1) % count];
                regions.push_triplet([vertex(index), vertex(next), centre])?;
            }
        }
        for facet in facets(nominal).filter(|facet| facet.corners >> self.count == 0) {
            let (order, count) = around(nominal, facet.corners, facet.normal);
            match order[..count] {
                [a, b, c] => regions.push_triplet([a, b, c].map(vertex))?,
                [a, b, c, d] => regions.push_quad([a, b, c, d].map(vertex))?,
                _ => return Err(irregular()),
            }
        }
        regions.index();
        Ok(regions)
    }

    /// The real corners, poles too, if a channel's loudspeaker stood elsewhere; `alone`: and all others
    /// at their nominal directions.
    fn moved(&self, channel: u8, to: Direction, alone: bool) -> [Vector; MAX_POINTS] {
        let mut plan = Self::new();
        for stand in self.stands().iter().filter(|stand| !stand.imagined) {
            let stays = if alone { stand.nominal } else { stand.real };
            let real = if stand.channel == channel { to } else { stays };
            // There was room before.
            plan.push(Stand { real, ..*stand }).unwrap_or_default();
        }
        plan.add_heights().unwrap_or_default();
        let mut points = [[0.0; 3]; MAX_POINTS];
        for (point, stand) in points.iter_mut().zip(plan.stands()) {
            *point = stand.real.vector();
        }
        for (point, pole) in points.iter_mut().skip(self.count).zip(POLES) {
            *point = pole;
        }
        points
    }

    /// Every facet of the nominal directions, rims included, holds at the real ones.
    fn check(
        &self,
        target: Layout,
        [nominal, real]: [&[Vector]; 2],
        poles: &[Vector],
    ) -> Result<(), Error> {
        let mut kept = Facets::new();
        for (place, &pole) in (self.count..).zip(poles) {
            let (order, count) = around(nominal, neighbours(nominal, place), pole);
            if count < 3 || order.iter().take(count).any(|&index| index >= self.count) {
                return Err(irregular());
            }
            for n in 0..count {
                kept.push(&[order[n], order[(n + 1) % count], place]);
            }
        }
        for facet in facets(nominal) {
            if facet.offset < 1e-6 {
                return Err(irregular());
            }
            if facet.corners >> self.count == 0 {
                let (order, count) = around(nominal, facet.corners, facet.normal);
                kept.push(&order[..count]);
            }
        }
        match kept.broken(nominal, real) {
            None => Ok(()),
            Some(order) => {
                let holds = |stand: &Stand, to, alone| {
                    let moved = self.moved(stand.channel, to, alone);
                    kept.broken(nominal, &moved).is_none()
                };
                Err(misplaced(target, self.stands(), order, holds))
            }
        }
    }
}

/// The points that share a facet with one.
fn neighbours(points: &[Vector], of: usize) -> u64 {
    let its = facets(points).filter(|facet| facet.corners >> of & 1 == 1);
    its.fold(0, |set, facet| set | facet.corners) & !(1 << of)
}

/// A layout whose nominal directions have no such regions; none of [`Layout::all`] is one.
fn irregular() -> Error {
    Error::Unsupported {
        what: "a layout whose nominal directions do not surround the listener",
        hint: "pan this rig with Vbap",
    }
}
