//! Where dialogue may be: the centre alone, a loudspeaker, or the front; and what leaves the front.
//!
//! Dialogue belongs to the screen: away from the front it is not understood as easily, and in a
//! fold-down its level changes. An anchor holds the position; a size or a divergence, which
//! `CentreOnly` refuses, reaches beyond it. Every panner counts the frames that reach outside of the
//! front: further from straight ahead than L and R, 30° along the great circle. Counted is
//!
//! > angle of the position + half of the larger of width and height + range of the divergence,
//!
//! at most 180°, of fields that the engine uses ([`super::PanEngine::uses`]): sizes as they are seen from
//! the near end of the source (only the polar engine has BS.2127's law of distance), the range where the
//! divergence is not 0. It is the furthest that edges can reach: those that lie another way reach less.
//!
//! `Front` does two things. A position further away than its angle is moved along the great circle
//! towards straight ahead until it is not. And where the gains g have less than the share c of their
//! power P in the centre (p), whether by position, size or divergence, the centre is blended in:
//!
//! > g'² = (1 − β)·g² + β·P·e², β = (c·P − p)/(P − p),
//!
//! with e the gains of straight ahead; then p' = c·P exactly, and P stays. In a layout without a
//! centre p is twice the smaller power of L and R, the phantom's.
//!
//! Source of the angle: ITU-R BS.775-3, figure 1, and BS.2051-3, system A: L and R stand at ±30°.

use super::PanGains;
use super::geometry::{Vector, degrees, direction, length, position_angles, sin_cos_deg, sub};
use super::pan::law;
use super::pan_engine::FRONT_DEG;
use crate::audio::{Layout, MAX_LAYOUT_CHANNELS};
use crate::error::Error;
use crate::math;

/// Where a panner lets a source be.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum DialogueAnchor {
    /// Anywhere.
    #[default]
    Free,
    /// In the centre and nowhere else: the channel C gets the source with its own bits; without one L
    /// and R get it, 3.01 dB down. Both sides of a stereo source go there 3.01 dB down. Positions, sizes
    /// and divergence are refused.
    CentreOnly,
    /// The position at the loudspeaker that is nearest to where it is put (BS.2127's channel lock without
    /// a limit). A size and a divergence spread from there.
    Lock,
    /// The position in the front, with a share in the centre. A size and a divergence spread from there.
    Front {
        /// Furthest from straight ahead, degrees, 0 to 180; 30 is L and R.
        max_angle_deg: f64,
        /// Least share of the power that the centre has, 0 to 1.
        centre_share: f64,
    },
}

impl DialogueAnchor {
    /// Checks the limits.
    ///
    /// # Errors
    /// The first one that is out of range or not finite.
    pub fn validate(&self) -> Result<(), Error> {
        if let Self::Front { max_angle_deg, centre_share } = *self {
            Error::check_range("max_angle_deg", max_angle_deg, 0.0, 180.0)?;
            Error::check_range("centre_share", centre_share, 0.0, 1.0)?;
        }
        Ok(())
    }
}

/// What dialogue did that it should not.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DialogueWarnings {
    /// Frames that reached further away than 30° from straight ahead: by the position, the size and the
    /// divergence (the module says how). While a source moves it is looked at where its gains are worked
    /// out: at multiples of 32 frames and at the frame of a call; in a cross-fade at its new place.
    pub outside_frames: u64,
    /// The first of them.
    pub first_outside_frame: Option<u64>,
    /// The furthest from straight ahead that it reached, degrees, at most 180.
    pub largest_angle_deg: f64,
    /// Frames at whose time the anchor kept the source from where it was put.
    pub held_frames: u64,
    /// The first of them.
    pub first_held_frame: Option<u64>,
}

impl DialogueWarnings {
    pub(super) fn count(&mut self, frame: u64, frames: usize, angle_deg: f64, held: bool) {
        /// What rounding makes of a loudspeaker at 30°.
        const ROUNDING_DEG: f64 = 1e-9;
        self.largest_angle_deg = self.largest_angle_deg.max(angle_deg);
        if angle_deg > FRONT_DEG + ROUNDING_DEG {
            self.outside_frames += frames as u64;
            self.first_outside_frame = self.first_outside_frame.or(Some(frame));
        }
        if held {
            self.held_frames += frames as u64;
            self.first_held_frame = self.first_held_frame.or(Some(frame));
        }
    }
}

/// How far a direction is from straight ahead, degrees along the great circle.
pub(super) fn off_centre_deg([azimuth_deg, elevation_deg]: [f64; 2]) -> f64 {
    if elevation_deg == 0.0 {
        return azimuth_deg.abs();
    }
    let [x, y, z] = direction(azimuth_deg, elevation_deg);
    degrees(math::atan2(math::hypot(x, z), y))
}

/// The nearest direction that is not further than `max_deg` from straight ahead.
pub(super) fn within_front(place: [f64; 2], max_deg: f64) -> [f64; 2] {
    let [azimuth_deg, elevation_deg] = place;
    if off_centre_deg(place) <= max_deg {
        return place;
    }
    if elevation_deg == 0.0 {
        return [if azimuth_deg < 0.0 { 0.0 - max_deg } else { max_deg }, 0.0];
    }
    let [x, _, z] = direction(azimuth_deg, elevation_deg);
    let aside = math::hypot(x, z);
    let (sin, cos) = sin_cos_deg(max_deg);
    // Elevated and not ahead: there is a side to it.
    let (azimuth_deg, elevation_deg) = position_angles([sin * x / aside, cos, sin * z / aside]);
    [azimuth_deg, elevation_deg]
}

/// The loudspeakers that a source can be locked to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rig {
    /// Azimuth and elevation of each channel.
    pub(super) places: [[f64; 2]; MAX_LAYOUT_CHANNELS],
    pub(super) vectors: [Vector; MAX_LAYOUT_CHANNELS],
}

impl Rig {
    /// The loudspeaker that is nearest to a position; BS.2127: of equally near ones that with the lowest
    /// |elevation|, then elevation, |azimuth|, azimuth. A flat engine has those of the middle layer.
    pub(super) fn nearest(&self, layout: Layout, flat: bool, position: Vector) -> Option<[f64; 2]> {
        /// BS.2127: how much nearer a loudspeaker must be to be the nearest.
        const TOLERANCE: f64 = 1e-5;
        let heard = || {
            let all = self.places.iter().zip(&self.vectors).zip(layout.speakers());
            let heard =
                all.filter(move |((place, _), speaker)| !speaker.lfe && (!flat || place[1] == 0.0));
            heard.map(move |((place, at), _)| (*place, length(sub(position, *at))))
        };
        let least = heard().map(|(_, distance)| distance).fold(f64::INFINITY, f64::min);
        let key =
            |[azimuth, elevation]: [f64; 2]| [elevation.abs(), elevation, azimuth.abs(), azimuth];
        let mut best: Option<[f64; 2]> = None;
        for (place, distance) in heard() {
            if distance < least + TOLERANCE && best.is_none_or(|best| key(place) < key(best)) {
                best = Some(place);
            }
        }
        best
    }
}

/// The centre of a layout: where `CentreOnly` and `Front` put what they hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Centre {
    pub(super) gains: PanGains,
    /// The channel C; else L and R.
    channel: Option<usize>,
    pair: [usize; 2],
}

impl Centre {
    pub(super) fn new(layout: Layout) -> Self {
        let gains = law(layout, 0.0);
        let mut sounding = gains.iter().enumerate().filter(|(_, gain)| **gain != 0.0);
        let first = sounding.next().map_or(0, |(channel, _)| channel);
        let second = sounding.next().map(|(channel, _)| channel);
        let channel = if second.is_none() { Some(first) } else { None };
        Self { gains, channel, pair: [first, second.unwrap_or(first)] }
    }

    /// The power that gains have in the centre.
    pub(super) fn power(&self, gains: &PanGains) -> f64 {
        let power = |channel: usize| gains.gains.get(channel).map_or(0.0, |gain| gain * gain);
        match self.channel {
            Some(channel) => power(channel),
            None => 2.0 * power(self.pair[0]).min(power(self.pair[1])),
        }
    }

    /// Blends the centre in until it has its share.
    pub(super) fn hold(&self, gains: &mut PanGains, share: f64) {
        let (whole, has) = (gains.power(), self.power(gains));
        if has >= share * whole {
            return;
        }
        let blend = (share * whole - has) / (whole - has);
        for (gain, centre) in gains.gains.iter_mut().zip(self.gains.gains) {
            let power = (1.0 - blend) * *gain * *gain + blend * whole * centre * centre;
            *gain = math::sqrt(power.max(0.0));
        }
    }
}
