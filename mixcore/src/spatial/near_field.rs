//! From the dubbing stage to the living room: a conversion of level, not a fold-down.
//!
//! A cinema plays each surround 3 dB lower than a screen channel (82 dB SPL beside 85 dB), for the
//! sake of older film formats; so on the track the surrounds are 3 dB louder than in a mix for rooms
//! where all main channels play at one level. Moved there, they are brought down by those 3 dB. That
//! is all that a matrix can say: the layout stays, front and LFE stay.
//!
//! NOTE on what it is not: the loudness of the target is the balance's work, dynamics that were
//! right at 85 dB are the mixer's, and the X curve is a property of the large room (SMPTE ST 202
//! measures loudspeaker, screen and hall), which no fixed equaliser takes back; a gentle high shelf
//! ([`crate::filters::Eq`]) is chosen by ear.
//!
//! Source: Dolby, DP564 user's manual, A.5.1, "Surround 3 dB Attenuation"; SMPTE RP 200 for the
//! levels of the channels.
//! Limits: quad, 5.0, 5.1 and 7.1; for heights no document that we hold gives a level.

use core::f64::consts::FRAC_1_SQRT_2;

use super::DownmixMatrix;
use super::downmix::undefined;
use crate::audio::Layout;
use crate::error::Error;

const SURROUNDS_DOWN: &str = "theatrical to near-field: surrounds -3.01 dB (Dolby DP564 manual, A.5.1; SMPTE RP 200 levels); a conversion of level, not a fold-down";

/// The conversion of a theatrical mix to near-field levels, within its layout.
///
/// -3 dB is taken as 1/√2, -3.01 dB.
///
/// # Errors
/// A layout without surrounds, or with heights.
///
/// # Example
/// ```
/// use mixcore::Layout;
/// use mixcore::spatial::theatrical_to_near_field;
/// let home = theatrical_to_near_field(Layout::SURROUND_5_1)?;
/// assert_eq!((home.gain(3, 3), home.gain(4, 4)), (Some(1.0), Some(0.5_f64.sqrt())));
/// # Ok::<(), mixcore::Error>(())
/// ```
pub fn theatrical_to_near_field(layout: Layout) -> Result<DownmixMatrix, Error> {
    if !matches!(layout.name(), "quad" | "5.0" | "5.1" | "7.1") {
        let allowed = "quad, 5.0, 5.1, 7.1";
        return Err(undefined("near-field conversion", layout, layout, allowed));
    }
    let mut matrix = DownmixMatrix::empty(layout, layout, SURROUNDS_DOWN);
    for (channel, speaker) in layout.speakers().iter().enumerate() {
        let surround = !speaker.lfe && speaker.azimuth_deg.abs() >= 90.0;
        matrix.set(channel, channel, if surround { FRAC_1_SQRT_2 } else { 1.0 });
    }
    Ok(matrix)
}
