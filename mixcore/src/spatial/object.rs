//! An object of the ADM, complete: what its metadata become as gains of a layout.
//!
//! In this order: the position is scaled from the screen of the mix and put on locked screen edges
//! ([`Screen`]); locked to a loudspeaker ([`ChannelLock`]); divided into three ([`Divergence`]); each
//! part is panned with its size, polar ([`PolarExtent`]) or in the room ([`Allocentric`]); their powers
//! are added up; excluded zones are played by others ([`Zone`]); the gain is applied, and the result
//! split into a direct share √(1 − d) and a diffuse one √d, which goes through decorrelators
//! ([`super::decorrelation_taps`]).
//!
//! Gains are all that is computed here; [`super::ObjectMixer`] applies them in time.
//!
//! Sources: ITU-R BS.2127-1, clause 7, "rendering of objects"; tests are all 1072 of the EBU's own vectors
//! for 4+5+0, and runs of the EBU ADM Renderer 2.1.0 for the other layouts of BS.2051 and 46 real rooms.
//! Cost: that of the panner, three times with divergence; zones and locks some 10 ns a loudspeaker.
//! Latency: none (a pure function).
//! Limits: at most [`MAX_ZONES`] zones, which hold loudspeakers by their nominal directions.

use super::geometry::{
    Vector, axes, check_direction, direction, length, position_angles, radians, sub, times,
};
use super::screen::ScreenRoom;
use super::{
    Allocentric, Direction, Divergence, Extent, PanGains, PointSource, PolarExtent, RealLayout,
    Screen, ScreenEdgeLock, Zone, zones,
};
use crate::audio::{Layout, MAX_LAYOUT_CHANNELS, Speaker};
use crate::error::Error;
use crate::kernels::Isa;
use crate::math;

/// Most zones of an object. Ours: BS.2076 sets no limit, and fixed memory needs one.
pub const MAX_ZONES: usize = 8;

/// Where an object is and how large, and how it is divided.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum ObjectPlace {
    /// By angles, as seen from the listener.
    Polar {
        /// Degrees, -180 to 180, positive to the left.
        azimuth_deg: f64,
        /// Degrees, -90 to 90.
        elevation_deg: f64,
        /// 1 where the loudspeakers stand, 0 to 1000.
        distance: f64,
        /// Its size.
        extent: Extent,
        /// How it is divided.
        divergence: Divergence,
    },
    /// By a place in the room.
    Cartesian {
        /// x to the right, y to the front, z up; beyond ±1 it is the wall.
        place: [f64; 3],
        /// Width, height and depth, 0 to 2, of which the EBU ADM Renderer and so this takes the second
        /// one along y and the third one along z (see [`Allocentric::sized_gains`]), although width,
        /// depth and height lie along x, y and z for the ADM and for [`ObjectPlace::to_polar`].
        size: [f64; 3],
        /// Divergence: 0 is the source alone, 0.5 three equal ones, 1 both sides alone.
        divergence: f64,
        /// How far the sides stand from the source along x, 0 to 2.
        divergence_range: f64,
    },
}

impl Default for ObjectPlace {
    /// A point straight ahead.
    fn default() -> Self {
        Self::Polar {
            azimuth_deg: 0.0,
            elevation_deg: 0.0,
            distance: 1.0,
            extent: Extent::default(),
            divergence: Divergence::default(),
        }
    }
}

impl ObjectPlace {
    /// Checks every number.
    ///
    /// # Errors
    /// The first one that is out of range or not finite.
    pub fn validate(&self) -> Result<(), Error> {
        match *self {
            Self::Polar { azimuth_deg, elevation_deg, distance, extent, divergence } => {
                check_direction(azimuth_deg, elevation_deg)?;
                Error::check_range("distance", distance, 0.0, super::extent::MAX_DISTANCE)?;
                extent.validate()?;
                divergence.validate()?;
            }
            Self::Cartesian { place, size, divergence, divergence_range } => {
                for coordinate in place {
                    Error::check_range("place", coordinate, -1e6, 1e6)?;
                }
                for size in size {
                    Error::check_range("size", size, 0.0, 2.0)?;
                }
                Error::check_range("divergence", divergence, 0.0, 1.0)?;
                Error::check_range("divergence_range", divergence_range, 0.0, 2.0)?;
            }
        }
        Ok(())
    }
}

/// Whether an object is heard from the nearest loudspeaker alone.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
pub enum ChannelLock {
    /// No.
    #[default]
    Off,
    /// Always.
    Any,
    /// If it is within this distance, 0 to 3.5 (no two places of the room are further apart than 2√3).
    Within(f64),
}

/// What the ADM says of an object at a time.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::Layout;
/// use mixcore::spatial::{ChannelLock, ObjectMetadata, ObjectPanner, ObjectPlace};
/// let panner = ObjectPanner::new(Layout::SURROUND_5_1, None)?;
/// let place = ObjectPlace::Polar {
///     azimuth_deg: 20.0,
///     elevation_deg: 5.0,
///     distance: 1.0,
///     extent: Default::default(),
///     divergence: Default::default(),
/// };
/// let locked = ObjectMetadata { place, channel_lock: ChannelLock::Any, ..Default::default() };
/// let gains = panner.gains(&locked)?;
/// assert!((gains.direct[0] - 1.0).abs() < 1e-12 && gains.diffuse.iter().all(|g| *g == 0.0));
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct ObjectMetadata {
    /// Position, size and divergence.
    pub place: ObjectPlace,
    /// Linear, 0 to 16 (+24 dB; ours: more is a wrong unit).
    pub gain: f64,
    /// Share of the power that is diffuse, 0 to 1.
    pub diffuse: f64,
    /// Lock to a loudspeaker.
    pub channel_lock: ChannelLock,
    /// Where it must not sound from.
    pub zones: [Option<Zone>; MAX_ZONES],
    /// The screen that its position refers to, if it does.
    pub screen_ref: Option<Screen>,
    /// Screen edges that it stands on.
    pub edge_lock: ScreenEdgeLock,
}

impl Default for ObjectMetadata {
    /// A point straight ahead at gain 1, and nothing else.
    fn default() -> Self {
        Self {
            place: ObjectPlace::default(),
            gain: 1.0,
            diffuse: 0.0,
            channel_lock: ChannelLock::Off,
            zones: [None; MAX_ZONES],
            screen_ref: None,
            edge_lock: ScreenEdgeLock::default(),
        }
    }
}

impl ObjectMetadata {
    /// Checks every field.
    ///
    /// # Errors
    /// The first one that is out of range or not finite.
    pub fn validate(&self) -> Result<(), Error> {
        self.place.validate()?;
        Error::check_range("gain", self.gain, 0.0, 16.0)?;
        Error::check_range("diffuse", self.diffuse, 0.0, 1.0)?;
        if let ChannelLock::Within(distance) = self.channel_lock {
            Error::check_range("distance of a channel lock", distance, 0.0, MAX_LOCK)?;
        }
        for (index, zone) in self.zones.iter().enumerate() {
            let Some(zone) = zone else { continue };
            zone.validate().map_err(|error| match error {
                Error::OutOfRange { field, given, min, max } => {
                    Error::ItemOutOfRange { item: "zone", index, field, given, min, max }
                }
                other => other,
            })?;
        }
        self.screen_ref.iter().try_for_each(Screen::validate)
    }
}

/// The diagonal of the room, 2√3, rounded up.
const MAX_LOCK: f64 = 3.5;
/// BS.2127: how much nearer a loudspeaker must be to be the nearest.
const LOCK_TOLERANCE: f64 = 1e-5;

/// What an object gives to every channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ObjectGains {
    /// Straight to the loudspeakers.
    pub direct: PanGains,
    /// To the loudspeakers' decorrelators.
    pub diffuse: PanGains,
}

/// Turns objects into gains of a layout.
#[derive(Debug)]
pub struct ObjectPanner<'a> {
    extent: PolarExtent<'a>,
    room: Allocentric,
    screen: ScreenRoom,
    /// Unit vectors of the real loudspeakers, for locks.
    real: [Vector; MAX_LAYOUT_CHANNELS],
    /// The lower, the sooner a loudspeaker is taken among equally near ones; `u8::MAX` for an LFE.
    rank: [u8; MAX_LAYOUT_CHANNELS],
}

#[cfg(feature = "alloc")]
impl ObjectPanner<'static> {
    /// A panner for a layout, at its nominal or its real directions ([`RealLayout`]), in memory of its
    /// own, with the screen that hangs in the room, if one does.
    ///
    /// # Errors
    /// A screen out of range, or real directions that [`PointSource::new`] refuses.
    pub fn new(layout: impl Into<RealLayout>, screen: Option<Screen>) -> Result<Self, Error> {
        let placed: RealLayout = layout.into();
        Self::over(PolarExtent::new(PointSource::new(placed)?)?, &placed, screen)
    }
}

impl<'a> ObjectPanner<'a> {
    /// A panner in lent memory of [`PolarExtent::required_len`] numbers or more.
    ///
    /// # Errors
    /// As of [`ObjectPanner::new`], or too little memory.
    pub fn new_in(
        layout: impl Into<RealLayout>,
        screen: Option<Screen>,
        memory: &'a mut [f64],
    ) -> Result<Self, Error> {
        let placed: RealLayout = layout.into();
        Self::over(PolarExtent::new_in(PointSource::new(placed)?, memory)?, &placed, screen)
    }

    /// The same panner at another level of SIMD instructions than the best one of this CPU; the gains
    /// keep their bits.
    #[must_use]
    pub fn with_isa(self, isa: Isa) -> Self {
        Self { extent: self.extent.with_isa(isa), ..self }
    }

    fn over(
        extent: PolarExtent<'a>,
        placed: &RealLayout,
        screen: Option<Screen>,
    ) -> Result<Self, Error> {
        let layout = placed.layout();
        let screen = ScreenRoom::new(screen, layout)?;
        let mut real = [[0.0; 3]; MAX_LAYOUT_CHANNELS];
        let mut rank = [u8::MAX; MAX_LAYOUT_CHANNELS];
        let speakers = || layout.speakers().iter().zip(placed.directions());
        for ((real, rank), (speaker, at)) in real.iter_mut().zip(&mut rank).zip(speakers()) {
            *real = at.vector();
            if speaker.lfe {
                continue;
            }
            // BS.2127: the lowest |elevation|, then elevation, |azimuth|, azimuth.
            let key = |at: &Direction| {
                let (azimuth, elevation) = (at.azimuth_deg, at.elevation_deg);
                [elevation.abs(), elevation, azimuth.abs(), azimuth]
            };
            let before =
                |(speaker, other): &(&Speaker, &Direction)| !speaker.lfe && key(other) < key(at);
            #[expect(clippy::cast_possible_truncation, reason = "at most 24 channels")]
            {
                *rank = speakers().filter(before).count() as u8;
            }
        }
        Ok(Self { room: Allocentric::new(*placed), extent, screen, real, rank })
    }

    /// The layout that is panned into.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.room.layout()
    }

    /// The gains of an object.
    ///
    /// # Shape
    /// One per channel and share, LFEs at 0.
    ///
    /// # Errors
    /// A field out of range or not finite.
    pub fn gains(&self, object: &ObjectMetadata) -> Result<ObjectGains, Error> {
        object.validate()?;
        let layout = self.layout();
        let mut zones = [Zone::Cartesian { min: [0.0; 3], max: [0.0; 3] }; MAX_ZONES];
        let mut count = 0;
        for (slot, zone) in zones.iter_mut().zip(object.zones.iter().flatten()) {
            *slot = *zone;
            count += 1;
        }
        let excluded = zones::excluded(layout, zones.get(..count).unwrap_or(&[]));
        let mut gains = match object.place {
            ObjectPlace::Polar { azimuth_deg, elevation_deg, distance, extent, divergence } => {
                let position = times(direction(azimuth_deg, elevation_deg), distance);
                let position = self.on_screen(object, position, false)?;
                let position = self.locked(position, object.channel_lock);
                let mut gains = self.polar(position, extent, divergence);
                zones::replace(layout, &mut gains, excluded);
                gains
            }
            ObjectPlace::Cartesian { place, size, divergence, divergence_range } => {
                let place = place.map(|coordinate| coordinate.clamp(-1.0, 1.0));
                let place = self.on_screen(object, place, true)?;
                let room = self.room.without(zones::excluded_in_room(&self.room, excluded));
                let place = locked_in_room(&room, &self.rank, place, object.channel_lock);
                in_room(&room, place, size, divergence, divergence_range)?
            }
        };
        gains.scale(object.gain);
        let (mut direct, mut diffuse) = (gains, gains);
        direct.scale(math::sqrt(1.0 - object.diffuse));
        diffuse.scale(math::sqrt(object.diffuse));
        Ok(ObjectGains { direct, diffuse })
    }

    fn on_screen(
        &self,
        object: &ObjectMetadata,
        position: Vector,
        cartesian: bool,
    ) -> Result<Vector, Error> {
        self.screen.handle(position, cartesian, object.screen_ref.as_ref(), object.edge_lock)
    }

    /// The position of the nearest loudspeaker, if the lock holds.
    fn locked(&self, position: Vector, lock: ChannelLock) -> Vector {
        let distance =
            |channel: usize| self.real.get(channel).map(|at| (*at, length(sub(position, *at))));
        nearest(&self.rank, lock, |channel| {
            distance(channel).map(|(at, distance)| (at, distance, distance))
        })
        .unwrap_or(position)
    }

    /// The parts of a source on the sphere, their powers added up.
    fn polar(&self, position: Vector, extent: Extent, divergence: Divergence) -> PanGains {
        if divergence.value == 0.0 {
            return self.extent.law_of(position, extent);
        }
        let (azimuth_deg, elevation_deg) = position_angles(position);
        let [right, ahead, _] = axes(azimuth_deg, elevation_deg);
        let distance = length(position);
        let range = radians(divergence.azimuth_range_deg);
        let shares = shares(divergence.value);
        let turned = |by: f64| {
            let (across, along) = (times(right, math::sin(by)), times(ahead, math::cos(by)));
            times(super::geometry::add(across, along), distance)
        };
        let mut sum = PanGains::silent(self.layout().channel_count());
        for (share, at) in shares.into_iter().zip([turned(-range), position, turned(range)]) {
            if share > 0.0 {
                sum.add_power(&self.extent.law_of(at, extent), share);
            }
        }
        sum.root();
        sum
    }
}

/// BS.2127: what the left, the middle and the right part have of the power.
fn shares(value: f64) -> [f64; 3] {
    let (side, middle) = (value / (value + 1.0), (1.0 - value) / (value + 1.0));
    [side, middle, side]
}

/// The loudspeaker with the least weighted distance within the lock's distance: `of` gives place,
/// distance and weighted distance of a channel.
fn nearest(
    rank: &[u8; MAX_LAYOUT_CHANNELS],
    lock: ChannelLock,
    of: impl Fn(usize) -> Option<(Vector, f64, f64)>,
) -> Option<Vector> {
    let within = match lock {
        ChannelLock::Off => return None,
        ChannelLock::Any => f64::INFINITY,
        ChannelLock::Within(distance) => distance + LOCK_TOLERANCE,
    };
    let channels = || {
        let loudspeakers = rank.iter().enumerate().filter(|(_, rank)| **rank != u8::MAX);
        loudspeakers.filter_map(|(channel, rank)| {
            let (at, distance, weighted) = of(channel)?;
            (distance < within).then_some((*rank, at, weighted))
        })
    };
    let least = channels().map(|(_, _, weighted)| weighted).fold(f64::INFINITY, f64::min);
    channels()
        .filter(|(_, _, weighted)| *weighted < least + LOCK_TOLERANCE)
        .min_by_key(|(rank, _, _)| *rank)
        .map(|(_, at, _)| at)
}

/// As [`ObjectPanner::locked`] in the room, where height counts most and side least.
fn locked_in_room(
    room: &Allocentric,
    rank: &[u8; MAX_LAYOUT_CHANNELS],
    place: Vector,
    lock: ChannelLock,
) -> Vector {
    /// BS.2127: weights of the squares along x, y and z.
    const WEIGHTS: Vector = [1.0 / 16.0, 4.0, 32.0];
    nearest(rank, lock, |channel| {
        let at = room.place(channel)?;
        let way = sub(place, at);
        let squares = WEIGHTS.iter().zip(way).map(|(weight, way)| weight * way * way);
        Some((at, length(way), math::sqrt(squares.sum())))
    })
    .unwrap_or(place)
}

/// The parts of a source in the room, their powers added up.
fn in_room(
    room: &Allocentric,
    place: Vector,
    size: [f64; 3],
    divergence: f64,
    range: f64,
) -> Result<PanGains, Error> {
    if divergence == 0.0 {
        return room.sized_gains(place, size);
    }
    let mut sum = PanGains::silent(room.layout().channel_count());
    for (share, x) in shares(divergence).into_iter().zip([range, 0.0, -range]) {
        if share > 0.0 {
            let place = [place[0] + x, place[1], place[2]].map(|c| c.clamp(-1.0, 1.0));
            sum.add_power(&room.sized_gains(place, size)?, share);
        }
    }
    sum.root();
    Ok(sum)
}
