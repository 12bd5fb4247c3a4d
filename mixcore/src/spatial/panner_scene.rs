//! What a panner is built for, what of it may move, and what both become: directions and gains.

use core::f64::consts::FRAC_1_SQRT_2;

use super::dialogue_anchor::{Centre, Rig, within_front};
use super::geometry::{add, axes, direction, position_angles, sin_cos_deg, times};
use super::lfe_send::lfe_channels;
use super::pan_engine::{Engine, PanPlace};
use super::panner_motion::{SOURCES, Target, shortest};
use super::{DialogueAnchor, PanEngine, PanGains};
use crate::audio::Layout;
use crate::error::Error;
use crate::stream::params;

/// What is panned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
pub enum PanSource {
    /// One channel.
    #[default]
    Mono,
    /// Left and right.
    Stereo,
}

impl PanSource {
    /// Channels of the input.
    #[must_use]
    pub const fn channel_count(self) -> usize {
        match self {
            Self::Mono => 1,
            Self::Stereo => 2,
        }
    }
}

/// What is fixed for life.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct PannerSetup {
    /// What is panned.
    pub source: PanSource,
    /// The law.
    pub engine: PanEngine,
    /// Where it may be.
    pub anchor: DialogueAnchor,
}

params! {
    /// What may move. [`PanEngine::uses`] says which fields an engine leaves aside.
    pub struct PannerParams {
        /// Direction, positive to the left.
        azimuth_deg: "deg", -180.0 => 180.0, 0.0, Linear, smoothed;
        /// Direction, positive upwards.
        elevation_deg: "deg", -90.0 => 90.0, 0.0, Linear, smoothed;
        /// Distance; 1 is where the loudspeakers stand. It changes the size that is seen.
        distance: "x", 0.0 => 1000.0, 1.0, Linear, smoothed;
        /// Size of each source, from its left to its right edge.
        width_deg: "deg", 0.0 => 360.0, 0.0, Linear, smoothed;
        /// Size of each source, from its lower to its upper edge.
        height_deg: "deg", 0.0 => 360.0, 0.0, Linear, smoothed;
        /// Size of each source, from its near to its far end, in distances of the loudspeakers.
        depth: "x", 0.0 => 1.0, 0.0, Linear, smoothed;
        /// Angle between both sides of a stereo source; negative swaps them.
        spread_deg: "deg", -360.0 => 360.0, 60.0, Linear, smoothed;
        /// Turn of a stereo source about its position; positive lifts its left side.
        rotation_deg: "deg", -180.0 => 180.0, 0.0, Linear, smoothed;
        /// BS.2127's divergence of each source: 0 is it alone, 0.5 three equal ones, 1 both sides alone.
        divergence: "1", 0.0 => 1.0, 0.0, Linear, smoothed;
        /// How far the sides of a divided source stand from it.
        divergence_range_deg: "deg", 0.0 => 180.0, 45.0, Linear, smoothed;
        /// Level; -144 dB is exact zero.
        gain_db: "dB", -144.0 => 24.0, 0.0, Decibel, smoothed;
        /// Level of the send to the LFE, under the gain; -144 dB is exact zero.
        lfe_send_db: "dB", -144.0 => 10.0, -144.0, Decibel, smoothed;
    }
}

/// What does not move: the law and the room.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) layout: Layout,
    pub(super) engine: Engine<'a>,
    pub(super) rig: Rig,
    pub(super) centre: Centre,
    pub(super) setup: PannerSetup,
    /// Share of the send that each LFE gets.
    pub(super) lfe_share: f64,
}

impl Scene<'_> {
    /// The gains of one source: one per channel.
    pub(super) fn gains(&self, place: &PanPlace, gain: f64, lfe: f64) -> PanGains {
        let mut gains = match self.setup.anchor {
            DialogueAnchor::CentreOnly => {
                let sides = self.setup.source == PanSource::Stereo;
                self.centre.gains.scaled(if sides { FRAC_1_SQRT_2 } else { 1.0 })
            }
            _ => self.engine.gains(self.layout, place),
        };
        if let DialogueAnchor::Front { centre_share, .. } = self.setup.anchor {
            self.centre.hold(&mut gains, centre_share);
        }
        gains.scale(gain);
        if lfe != 0.0 {
            for channel in lfe_channels(self.layout) {
                if let Some(slot) = gains.gains.get_mut(channel) {
                    *slot = gain * lfe * self.lfe_share;
                }
            }
        }
        gains
    }

    /// Where the anchor lets a source be that is put at a direction, and its distance.
    pub(super) fn anchored(&self, asked: [f64; 2], distance: f64) -> ([f64; 2], f64) {
        match self.setup.anchor {
            DialogueAnchor::Free | DialogueAnchor::CentreOnly => (asked, distance),
            DialogueAnchor::Front { max_angle_deg, .. } => {
                (within_front(asked, max_angle_deg), distance)
            }
            DialogueAnchor::Lock => {
                let position = times(direction(asked[0], asked[1]), distance);
                let nearest = self.rig.nearest(self.layout, self.engine.is_flat(), position);
                nearest.map_or((asked, distance), |place| (place, 1.0))
            }
        }
    }

    /// Where the sources of parameters are put.
    fn asked(&self, params: &PannerParams) -> [[f64; 2]; SOURCES] {
        let PannerParams { azimuth_deg, elevation_deg, rotation_deg, .. } = *params;
        let flat = self.engine.is_flat();
        let elevation_deg = if flat { 0.0 } else { elevation_deg };
        if self.setup.source == PanSource::Mono || self.setup.anchor == DialogueAnchor::CentreOnly {
            return [[azimuth_deg, elevation_deg]; SOURCES];
        }
        let half_deg = 0.5 * params.spread_deg;
        if flat || (elevation_deg == 0.0 && rotation_deg == 0.0) {
            return [half_deg, -half_deg].map(|deg| [shortest(azimuth_deg + deg), 0.0]);
        }
        let [right, ahead, up] = axes(azimuth_deg, elevation_deg);
        let ((up_share, level), (aside, along)) =
            (sin_cos_deg(rotation_deg), sin_cos_deg(half_deg));
        let left = add(times(right, -level), times(up, up_share));
        [1.0, -1.0].map(|side| {
            let across = times(left, side * aside);
            let (azimuth_deg, elevation_deg) = position_angles(add(times(ahead, along), across));
            [azimuth_deg, elevation_deg]
        })
    }

    /// What parameters become, and whether the anchor holds a source.
    pub(super) fn target(&self, params: &PannerParams) -> (Target, bool) {
        let mut heads = self.asked(params);
        let (mut held, mut distance) = (false, params.distance);
        let sources = self.setup.source.channel_count();
        for head in heads.iter_mut().take(sources) {
            let (place, at) = self.anchored(*head, params.distance);
            held |= place != *head;
            (*head, distance) = (place, at);
        }
        if sources == 1 {
            // The place of the right source is no one's, and must not look like a far way.
            heads = [heads[0]; SOURCES];
        }
        (Target::new(params, heads, distance), held)
    }

    /// Refuses what the anchor leaves no room for.
    pub(super) fn check(&self, params: &PannerParams) -> Result<(), Error> {
        let free = PannerParams {
            gain_db: params.gain_db,
            lfe_send_db: params.lfe_send_db,
            ..PannerParams::default()
        };
        if self.setup.anchor != DialogueAnchor::CentreOnly || *params == free {
            return Ok(());
        }
        for field in PannerParams::FIELDS {
            let given = params.get(field.name).filter(|given| free.get(field.name) != Some(*given));
            if let Some(given) = given {
                return Err(Error::NotAllowed {
                    field: field.name,
                    given,
                    allowed: "its default, as dialogue is anchored in the centre",
                    hint: "leave all fields but the levels as they are, or choose another anchor",
                });
            }
        }
        Ok(())
    }
}
