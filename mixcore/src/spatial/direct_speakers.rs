//! A channel that names its loudspeaker: what the ADM calls `DirectSpeakers`.
//!
//! In this order: a loudspeaker of one of its labels plays it alone; else, at its position (moved to a
//! locked screen edge), the nearest loudspeaker within its bounds plays it alone, if one is nearest; else
//! it is panned as a point. An LFE channel only ever goes to an LFE: by label, by bounds, else to LFE1; a
//! layout without one drops it (as BS.775 does).
//!
//! Where a whole programme comes in a common layout, its conversion to another one is not this but the
//! rules between layouts.
//!
//! Sources: ITU-R BS.2127-1, "rendering of DirectSpeakers"; runs of the EBU ADM Renderer 2.1.0 are the
//! test.
//! Cost: that of a point source at most. Latency: none (a pure function).

use super::geometry::{Vector, length, sub, times};
use super::room::inside;
use super::screen::ScreenRoom;
use super::{Allocentric, Direction, PanGains, PointSource, RealLayout, Screen, ScreenEdgeLock};
use crate::audio::{Layout, Speaker};
use crate::error::Error;

/// BS.2127: how far outside of its bounds a loudspeaker may stand, degrees or coordinates, and how much
/// nearer than others the nearest must be.
const TOLERANCE: f64 = 1e-5;

/// A coordinate and how far a loudspeaker that stands for it may be away.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct Bounded {
    /// The coordinate.
    pub value: f64,
    /// From here; nothing else than the value if not given.
    pub min: Option<f64>,
    /// Up to here; nothing else than the value if not given.
    pub max: Option<f64>,
}

impl Bounded {
    /// A coordinate without bounds.
    #[must_use]
    pub fn exactly(value: f64) -> Self {
        Self { value, min: None, max: None }
    }

    fn check(&self, field: &'static str, min: f64, max: f64) -> Result<(), Error> {
        for value in [Some(self.value), self.min, self.max].into_iter().flatten() {
            Error::check_range(field, value, min, max)?;
        }
        Ok(())
    }

    fn low(&self, value: f64) -> f64 {
        self.min.unwrap_or(value)
    }

    fn high(&self, value: f64) -> f64 {
        self.max.unwrap_or(value)
    }

    /// Whether a coordinate lies in the bounds, where `value` stands for those that are not given.
    fn holds(&self, value: f64, at: f64) -> bool {
        at > self.low(value) - TOLERANCE && at < self.high(value) + TOLERANCE
    }
}

/// Where the loudspeaker of a channel should stand.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum DirectSpeakerPlace {
    /// By angles.
    Polar {
        /// Degrees, -180 to 180, positive to the left; bounds anticlockwise.
        azimuth_deg: Bounded,
        /// Degrees, -90 to 90.
        elevation_deg: Bounded,
        /// 1 where the loudspeakers stand, 0 to 1000.
        distance: Bounded,
    },
    /// By coordinates in the room: x to the right, y to the front, z up, within ±10.
    Cartesian {
        /// x, y and z.
        place: [Bounded; 3],
    },
}

/// A channel for one loudspeaker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DirectSpeaker<'s> {
    /// Labels, the best first: BS.2051's ("M+030", "LFE1"), with or without their URN.
    pub labels: &'s [&'s str],
    /// The channel is a low-frequency effect by what is said of its frequencies (a low-pass of at most
    /// 200 Hz and no high-pass); a label of an LFE says so too.
    pub lfe: bool,
    /// Its position.
    pub place: DirectSpeakerPlace,
    /// Screen edges that it stands on.
    pub edge_lock: ScreenEdgeLock,
}

/// Maps channels to the loudspeakers of a layout.
///
/// # Example
/// ```
/// use mixcore::Layout;
/// use mixcore::spatial::{Bounded, DirectSpeaker, DirectSpeakerPlace, DirectSpeakers};
/// let room = DirectSpeakers::new(Layout::SURROUND_5_1, None)?;
/// let place = DirectSpeakerPlace::Polar {
///     azimuth_deg: Bounded { value: 90.0, min: Some(85.0), max: Some(120.0) },
///     elevation_deg: Bounded::exactly(0.0),
///     distance: Bounded::exactly(1.0),
/// };
/// let side = DirectSpeaker { labels: &["M+090"], lfe: false, place, edge_lock: Default::default() };
/// // 5.1 has no M+090, but Ls stands within the bounds.
/// assert_eq!(*room.gains(&side)?, [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DirectSpeakers {
    point_source: PointSource,
    room: Allocentric,
    screen: ScreenRoom,
}

impl DirectSpeakers {
    /// The map to a layout, at its nominal or its real directions ([`RealLayout`]), with the screen that
    /// hangs in the room, if one does. Bounds are compared with the nominal directions (BS.2127): a
    /// channel means a loudspeaker, not a point.
    ///
    /// # Errors
    /// A screen out of range, or real directions that [`PointSource::new`] refuses.
    pub fn new(layout: impl Into<RealLayout>, screen: Option<Screen>) -> Result<Self, Error> {
        let placed: RealLayout = layout.into();
        Ok(Self {
            point_source: PointSource::new(placed)?,
            room: Allocentric::new(placed),
            screen: ScreenRoom::new(screen, placed.layout())?,
        })
    }

    /// The layout that is mapped to.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.point_source.layout()
    }

    /// What a channel gives to every channel of the layout, LFEs included.
    ///
    /// # Errors
    /// A coordinate out of range or not finite.
    pub fn gains(&self, speaker: &DirectSpeaker<'_>) -> Result<PanGains, Error> {
        speaker.place.validate()?;
        let layout = self.layout();
        let speakers = layout.speakers();
        let labels = || speaker.labels.iter().map(|label| nominal(label));
        let lfe = speaker.lfe || labels().any(|label| matches!(label, "LFE1" | "LFE2"));
        let silent = PanGains::silent(layout.channel_count());
        let alone = |channel: usize| {
            let mut gains = silent;
            if let Some(gain) = gains.gains.get_mut(channel) {
                *gain = 1.0;
            }
            gains
        };
        let labelled = labels()
            .find_map(|label| layout.index_of(label).filter(|&at| is_lfe(speakers, at) == lfe));
        if let Some(channel) = labelled {
            return Ok(alone(channel));
        }
        let (at, values) = self.position(speaker)?;
        if let Some(channel) = self.nearest(speaker, lfe, at, values) {
            return Ok(alone(channel));
        }
        if lfe {
            // No LFE in the layout: nothing plays it.
            return Ok(layout.index_of("LFE1").map_or(silent, alone));
        }
        match speaker.place {
            DirectSpeakerPlace::Polar { .. } => self.point_source.gains_of(at),
            DirectSpeakerPlace::Cartesian { .. } => self.room.gains(at),
        }
    }

    /// The position on its locked edges: as a vector, and as the coordinates of its kind.
    fn position(&self, speaker: &DirectSpeaker<'_>) -> Result<(Vector, Vector), Error> {
        match speaker.place {
            DirectSpeakerPlace::Polar { azimuth_deg, elevation_deg, distance } => {
                let (azimuth_deg, elevation_deg) =
                    self.screen.locked(azimuth_deg.value, elevation_deg.value, speaker.edge_lock);
                let unit = Direction { azimuth_deg, elevation_deg }.vector();
                Ok((times(unit, distance.value), [azimuth_deg, elevation_deg, distance.value]))
            }
            DirectSpeakerPlace::Cartesian { place } => {
                let at = place.map(|bounded| bounded.value);
                let at = self.screen.handle(at, true, None, speaker.edge_lock)?;
                Ok((at, at))
            }
        }
    }

    /// The loudspeaker within the bounds that is nearer than all others.
    fn nearest(
        &self,
        speaker: &DirectSpeaker<'_>,
        lfe: bool,
        at: Vector,
        [a, b, c]: Vector,
    ) -> Option<usize> {
        let speakers = self.layout().speakers();
        let candidates = || {
            speakers.iter().enumerate().filter(|(_, s)| s.lfe == lfe).filter_map(|(channel, s)| {
                let place = match speaker.place {
                    DirectSpeakerPlace::Polar { azimuth_deg, elevation_deg, distance } => {
                        let (low, high) = (azimuth_deg.low(a), azimuth_deg.high(a));
                        let turned = s.elevation_deg.abs() >= 90.0 - TOLERANCE
                            || inside(s.azimuth_deg, low, high, TOLERANCE);
                        let within = turned
                            && elevation_deg.holds(b, s.elevation_deg)
                            && distance.holds(c, 1.0);
                        within.then(|| Direction::nominal(s).vector())
                    }
                    DirectSpeakerPlace::Cartesian { place } => {
                        let here = self.room.place(channel).or_else(|| lfe_place(s))?;
                        let sides = place.iter().zip([a, b, c]).zip(here);
                        let within = sides.into_iter().all(|((bounded, value), at)| {
                            at + TOLERANCE >= bounded.low(value)
                                && at - TOLERANCE <= bounded.high(value)
                        });
                        within.then_some(here)
                    }
                }?;
                Some((channel, length(sub(place, at))))
            })
        };
        let least = candidates().map(|(_, distance)| distance).fold(f64::INFINITY, f64::min);
        let mut near = candidates().filter(|(_, distance)| distance - least < TOLERANCE);
        let (channel, _) = near.next()?;
        near.next().is_none().then_some(channel)
    }
}

impl DirectSpeakerPlace {
    /// Checks every coordinate and bound.
    ///
    /// # Errors
    /// The first one that is out of range or not finite.
    pub fn validate(&self) -> Result<(), Error> {
        match self {
            Self::Polar { azimuth_deg, elevation_deg, distance } => {
                azimuth_deg.check("azimuth_deg", -180.0, 180.0)?;
                elevation_deg.check("elevation_deg", -90.0, 90.0)?;
                distance.check("distance", 0.0, super::extent::MAX_DISTANCE)
            }
            Self::Cartesian { place } => {
                place.iter().try_for_each(|bounded| bounded.check("place", -10.0, 10.0))
            }
        }
    }
}

fn is_lfe(speakers: &[Speaker], channel: usize) -> bool {
    speakers.get(channel).is_some_and(|speaker| speaker.lfe)
}

/// BS.2127's place of an LFE in the room.
fn lfe_place(speaker: &Speaker) -> Option<Vector> {
    match speaker.label {
        "LFE1" => Some([-1.0, 1.0, -1.0]),
        "LFE2" => Some([1.0, 1.0, -1.0]),
        _ => None,
    }
}

/// BS.2051's label of a label of the ADM: without the URN "urn:itu:bs:2051:n:speaker:", and LFEs by
/// their numbers.
fn nominal(label: &str) -> &str {
    let urn = || {
        // Without a search for a text, which core's searcher might panic in.
        let edition = label.strip_prefix("urn:itu:bs:2051:")?;
        let rest = edition.trim_start_matches(|digit: char| digit.is_ascii_digit());
        rest.strip_prefix(":speaker:").filter(|_| rest.len() < edition.len())
    };
    match urn().unwrap_or(label) {
        "LFE" | "LFEL" => "LFE1",
        "LFER" => "LFE2",
        name => name,
    }
}
