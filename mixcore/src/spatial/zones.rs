//! Zones that a source must not sound from: which loudspeakers lie in them, and who plays instead.
//!
//! With polar positions the power of an excluded loudspeaker goes to those that are left: to the
//! nearest layer (up before down), there to those on the same side of the listener, there to the
//! nearest; what is equally good shares it. With Cartesian positions excluded loudspeakers are as if
//! they were not there, and with one at a side wall goes its whole row.
//!
//! Sources: ITU-R BS.2127-1, clause 7.3.12, "zone exclusion", as the EBU ADM Renderer 2.1.0
//! (BSD-3-Clause-Clear) holds it; runs of that program in the ten layouts of BS.2051 are the test.

use super::geometry::{Vector, direction, length, sub};
use super::room::inside;
use super::{Allocentric, PanGains};
use crate::audio::{Layout, MAX_LAYOUT_CHANNELS};
use crate::error::Error;
use crate::math;

/// BS.2127: how near to a zone's edge a loudspeaker is still in it, degrees or coordinates; nearer to
/// each other than this two priorities are the same.
const NEAR: f64 = 1e-6;

/// A part of the sphere or of the room.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum Zone {
    /// By angles.
    Polar {
        /// From this azimuth, degrees, -360 to 360, anticlockwise …
        min_azimuth_deg: f64,
        /// … to this one.
        max_azimuth_deg: f64,
        /// From this elevation, degrees, -90 to 90 …
        min_elevation_deg: f64,
        /// … up to this one.
        max_elevation_deg: f64,
    },
    /// By coordinates of the loudspeakers' nominal directions on the unit sphere: x to the right, y to
    /// the front, z up.
    Cartesian {
        /// Lowest x, y and z, within ±10.
        min: [f64; 3],
        /// Highest x, y and z, within ±10.
        max: [f64; 3],
    },
}

impl Zone {
    /// Checks every number.
    ///
    /// # Errors
    /// The first one that is out of range or not finite.
    pub fn validate(&self) -> Result<(), Error> {
        match *self {
            Self::Polar {
                min_azimuth_deg,
                max_azimuth_deg,
                min_elevation_deg,
                max_elevation_deg,
            } => {
                Error::check_range("min_azimuth_deg", min_azimuth_deg, -360.0, 360.0)?;
                Error::check_range("max_azimuth_deg", max_azimuth_deg, -360.0, 360.0)?;
                Error::check_range("min_elevation_deg", min_elevation_deg, -90.0, 90.0)?;
                Error::check_range("max_elevation_deg", max_elevation_deg, -90.0, 90.0)?;
            }
            Self::Cartesian { min, max } => {
                for corner in min.into_iter().chain(max) {
                    Error::check_range("corner of a zone", corner, -10.0, 10.0)?;
                }
            }
        }
        Ok(())
    }

    /// Whether a nominal direction lies in it.
    fn holds(&self, azimuth_deg: f64, elevation_deg: f64) -> bool {
        match *self {
            Self::Polar {
                min_azimuth_deg,
                max_azimuth_deg,
                min_elevation_deg,
                max_elevation_deg,
            } => {
                elevation_deg - NEAR < max_elevation_deg
                    && elevation_deg + NEAR > min_elevation_deg
                    && (elevation_deg.abs() > 90.0 - NEAR
                        || inside(azimuth_deg, min_azimuth_deg, max_azimuth_deg, NEAR))
            }
            Self::Cartesian { min, max } => {
                let at = direction(azimuth_deg, elevation_deg);
                let sides = at.iter().zip(min.iter().zip(&max));
                sides.into_iter().all(|(at, (min, max))| at - NEAR < *max && at + NEAR > *min)
            }
        }
    }
}

/// Channels whose loudspeakers lie in a zone, as bits.
pub(super) fn excluded(layout: Layout, zones: &[Zone]) -> u32 {
    let mut set = 0;
    for (channel, speaker) in layout.speakers().iter().enumerate() {
        let holds = |zone: &Zone| zone.holds(speaker.azimuth_deg, speaker.elevation_deg);
        if !speaker.lfe && zones.iter().any(holds) {
            set |= 1 << channel;
        }
    }
    set
}

/// Channels that have a loudspeaker, as bits.
fn present(layout: Layout) -> u32 {
    let speakers = layout.speakers().iter().enumerate().filter(|(_, speaker)| !speaker.lfe);
    speakers.fold(0, |set, (channel, _)| set | 1 << channel)
}

/// Plays the power of excluded loudspeakers by others; nothing happens where all are excluded.
pub(super) fn replace(layout: Layout, gains: &mut PanGains, excluded: u32) {
    let left = present(layout) & !excluded;
    if excluded == 0 || left == 0 {
        return;
    }
    let mut powers = [0.0; MAX_LAYOUT_CHANNELS];
    for (channel, gain) in gains.gains.iter().enumerate().take(gains.count) {
        let power = gain * gain;
        if power == 0.0 {
            continue;
        }
        let takers =
            if left >> channel & 1 == 1 { 1 << channel } else { takers(layout, channel, left) };
        let share = power / f64::from(takers.count_ones().max(1));
        for (taker, power) in powers.iter_mut().enumerate() {
            if takers >> taker & 1 == 1 {
                *power += share;
            }
        }
    }
    for (gain, power) in gains.gains.iter_mut().zip(powers) {
        *gain = math::sqrt(power);
    }
}

/// Who plays for a loudspeaker, of those that are left.
fn takers(layout: Layout, from: usize, left: u32) -> u32 {
    let mut best = [f64::INFINITY; 4];
    let mut takers = 0;
    for to in 0..layout.channel_count() {
        if left >> to & 1 == 0 {
            continue;
        }
        let priority = priority(layout, from, to);
        let mut order = core::cmp::Ordering::Equal;
        for (a, b) in priority.iter().zip(&best) {
            if (a - b).abs() >= NEAR {
                order = a.total_cmp(b);
                break;
            }
        }
        match order {
            core::cmp::Ordering::Less => (best, takers) = (priority, 1 << to),
            core::cmp::Ordering::Equal => takers |= 1 << to,
            core::cmp::Ordering::Greater => {}
        }
    }
    takers
}

/// BS.2127: the lower, the better, the first number first: layer, front or back, distance, distance
/// along the front-back axis.
fn priority(layout: Layout, from: usize, to: usize) -> [f64; 4] {
    /// From the layer of the row to that of the column: below, middle, upper, top.
    const LAYERS: [[f64; 4]; 4] =
        [[0.0, 1.0, 2.0, 3.0], [3.0, 0.0, 1.0, 2.0], [3.0, 2.0, 0.0, 1.0], [3.0, 2.0, 1.0, 0.0]];
    let speakers = layout.speakers();
    let (Some(from), Some(to)) = (speakers.get(from), speakers.get(to)) else {
        return [f64::INFINITY; 4];
    };
    let layer = |elevation_deg: f64| match elevation_deg {
        e if e < -10.0 => 0,
        e if e < 10.0 => 1,
        e if e < 75.0 => 2,
        _ => 3_usize,
    };
    let row: [f64; 4] = LAYERS.get(layer(from.elevation_deg)).copied().unwrap_or([0.0; 4]);
    let step = row.get(layer(to.elevation_deg)).copied().unwrap_or(0.0);
    let place = |speaker: &crate::audio::Speaker| -> Vector {
        direction(speaker.azimuth_deg, speaker.elevation_deg)
    };
    let (here, there) = (place(from), place(to));
    let side = |y: f64| if y.abs() <= NEAR { 0.0 } else { y.signum() };
    [
        step,
        (side(here[1]) - side(there[1])).abs(),
        length(sub(here, there)),
        (here[1] - there[1]).abs(),
    ]
}

/// BS.2127: with a loudspeaker at a side wall its row is excluded; if all would be, none is.
pub(super) fn excluded_in_room(room: &Allocentric, excluded: u32) -> u32 {
    let layout = room.layout();
    let mut set = excluded;
    for channel in (0..layout.channel_count()).filter(|channel| excluded >> channel & 1 == 1) {
        let Some([x, y, z]) = room.place(channel) else { continue };
        if x.abs() == 1.0 && y.abs() != 1.0 {
            for other in 0..layout.channel_count() {
                if room.place(other).is_some_and(|place| place[1] == y && place[2] == z) {
                    set |= 1 << other;
                }
            }
        }
    }
    if set & present(layout) == present(layout) { 0 } else { set }
}
