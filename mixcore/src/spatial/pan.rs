//! The constant-power law between neighbours: a source between the two loudspeakers that enclose it.
//!
//! Between neighbours of the middle layer at the angles a and b, with t the share of the way from a
//! to b: g_a = cos(πt/2), g_b = sin(πt/2), so g_a² + g_b² = 1. In stereo that is the sine/cosine
//! law, 3.01 dB down in the centre. A gap of 180° or more (behind a frontal layout) is no way to
//! pan: there the position is folded to the front (180° − |azimuth|, as Web Audio's panner does)
//! and then belongs to the nearest loudspeaker. So stereo holds L from 30° to 150°, and straight
//! behind is the phantom centre; nothing jumps anywhere. LFEs and height loudspeakers get nothing.
//!
//! [`super::Panner`] applies it in time, with [`super::PanEngine::Pairs`].
//!
//! Sources: the pairwise sine/cosine law is common practice; Web Audio API 1.0, clause on
//! "equalpower" panning, for the fold to the front.
//! Cost: one sine and one cosine. Latency: none (a pure function).
//! Limits: azimuth only. Elevation, extent, distance and the other metadata of ITU-R BS.2127
//! objects are other engines, whose gains between loudspeakers differ from these.

use core::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_2};

use super::PanGains;
use crate::audio::{Layout, Speaker};
use crate::error::Error;
use crate::math;

/// The gains of a direction in a layout: the panner's law as a pure function.
///
/// # Units and range
/// Degrees, -180 to 180, positive to the left.
///
/// # Errors
/// An azimuth outside the range or not finite.
///
/// # Example
/// ```
/// use mixcore::Layout;
/// use mixcore::spatial::pan_gains;
/// let centre = pan_gains(Layout::STEREO, 0.0)?;
/// assert_eq!(*centre, [core::f64::consts::FRAC_1_SQRT_2; 2]);
/// assert_eq!(*pan_gains(Layout::SURROUND_5_1, -110.0)?, [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
/// # Ok::<(), mixcore::Error>(())
/// ```
pub fn pan_gains(layout: Layout, azimuth_deg: f64) -> Result<PanGains, Error> {
    Ok(law(layout, Error::check_range("azimuth_deg", azimuth_deg, -180.0, 180.0)?))
}

/// Loudspeakers that a pan can use, with their channels.
fn ring(layout: Layout) -> impl Iterator<Item = (usize, &'static Speaker)> {
    let in_ring = |(_, speaker): &(usize, &Speaker)| !speaker.lfe && speaker.elevation_deg == 0.0;
    layout.speakers().iter().enumerate().filter(in_ring)
}

/// A loudspeaker next to a direction on the left half of the circle.
#[derive(Clone, Copy)]
struct Neighbour {
    azimuth_deg: f64,
    channel: usize,
}

/// The neighbours clockwise and anticlockwise of `side_deg` (0 to 180); the second one's azimuth
/// runs past 180 where it stands on the right.
fn neighbours(layout: Layout, side_deg: f64) -> (Neighbour, Neighbour) {
    let mut low = Neighbour { azimuth_deg: f64::NEG_INFINITY, channel: 0 };
    let mut high = Neighbour { azimuth_deg: f64::INFINITY, channel: 0 };
    for (channel, speaker) in ring(layout) {
        for azimuth_deg in [speaker.azimuth_deg, speaker.azimuth_deg + 360.0] {
            let this = Neighbour { azimuth_deg, channel };
            if azimuth_deg <= side_deg && azimuth_deg > low.azimuth_deg {
                low = this;
            }
            if azimuth_deg >= side_deg && azimuth_deg < high.azimuth_deg {
                high = this;
            }
        }
    }
    (low, high)
}

/// The channel that stands where `channel` stands in the mirror.
fn mirrored(layout: Layout, channel: usize) -> usize {
    let Some(Speaker { azimuth_deg, .. }) = layout.speakers().get(channel) else { return channel };
    if *azimuth_deg == 180.0 {
        return channel;
    }
    ring(layout).find(|(_, s)| s.azimuth_deg == -*azimuth_deg).map_or(channel, |(index, _)| index)
}

/// The law for an azimuth inside the range. The right half is the left one in the mirror, so that
/// both have the same bits.
pub(super) fn law(layout: Layout, azimuth_deg: f64) -> PanGains {
    let side_deg = azimuth_deg.abs();
    let (mut low, mut high) = neighbours(layout, side_deg);
    let mut at_deg = side_deg;
    if high.azimuth_deg - low.azimuth_deg >= 180.0 {
        at_deg = side_deg.min(180.0 - side_deg);
        (low, high) = neighbours(layout, at_deg);
    }
    let arc_deg = high.azimuth_deg - low.azimuth_deg;
    let (from_low, from_high) = (at_deg - low.azimuth_deg, high.azimuth_deg - at_deg);
    let (low_gain, high_gain) = if from_low == 0.0 || arc_deg >= 180.0 {
        (1.0, 0.0)
    } else if from_low == from_high {
        (FRAC_1_SQRT_2, FRAC_1_SQRT_2)
    } else {
        // From the nearer one, so that mirrored pairs use the same angle and no cosine of 90°.
        let angle = FRAC_PI_2 * (from_low.min(from_high) / arc_deg);
        let (near, far) = (math::cos(angle), math::sin(angle));
        if from_low < from_high { (near, far) } else { (far, near) }
    };
    let mut pan = PanGains::silent(layout.channel_count());
    let place = |channel| if azimuth_deg < 0.0 { mirrored(layout, channel) } else { channel };
    if high_gain != 0.0
        && let Some(gain) = pan.gains.get_mut(place(high.channel))
    {
        *gain = high_gain;
    }
    if let Some(gain) = pan.gains.get_mut(place(low.channel)) {
        *gain = low_gain;
    }
    pan
}
