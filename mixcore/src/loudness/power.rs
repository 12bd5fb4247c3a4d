//! How much each loudspeaker counts: the channel weights of BS.1770.
//!
//! > L = −0.691 + 10 log10 Σ_c G_c · z_c, z_c = mean square of the K-weighted channel c
//!
//! G depends on where a loudspeaker stands, not on its name or index: 1.41 (the literal number, not
//! √2) between 60° and 120° to the side and below 30° of elevation, 1 everywhere else, 0 for an LFE.
//! So the rears of 7.1 (±135°) and every height loudspeaker count 1.
//! NOTE: FFmpeg gives every side, back and top-back channel 1.41.
//!
//! Sources: ITU-R BS.1770-5, Annex 1, Table 3, and Annex 3, Tables 4 and 5.

use crate::audio::Speaker;
use crate::math;

/// Weight of loudspeakers at the sides (BS.1770-5, Annex 3, Table 4).
const SIDE_WEIGHT: f64 = 1.41;

/// Power weight G of a sound that comes from a direction: 1.41 at the sides, 1 elsewhere.
///
/// # Units and range
/// Degrees; any azimuth (it is taken around the circle), elevation -90 to 90.
///
/// # Source
/// ITU-R BS.1770-5, Annex 3, Table 4.
///
/// # Example
/// ```
/// use mixcore::loudness::position_weight;
/// assert_eq!(position_weight(60.0, 0.0), 1.41);
/// assert_eq!(position_weight(-110.0, 29.9), 1.41);
/// assert_eq!(position_weight(250.0, 0.0), 1.41); // the same as -110
/// assert_eq!(position_weight(90.0, 30.0), 1.0);
/// assert_eq!(position_weight(135.0, 0.0), 1.0);
/// ```
#[must_use]
pub fn position_weight(azimuth_deg: f64, elevation_deg: f64) -> f64 {
    // Not `%`: without std it calls a routine of the compiler's that wants an unwinder.
    let to_the_side = (azimuth_deg - 360.0 * math::round(azimuth_deg / 360.0)).abs();
    if (60.0..=120.0).contains(&to_the_side) && elevation_deg.abs() < 30.0 {
        SIDE_WEIGHT
    } else {
        1.0
    }
}

/// Power weight G of a loudspeaker; 0 for an LFE.
///
/// # Source
/// ITU-R BS.1770-5, Annex 3, Table 4.
///
/// # Example
/// ```
/// use mixcore::Layout;
/// use mixcore::loudness::channel_weight;
/// let weights: Vec<f64> = Layout::SURROUND_7_1.speakers().iter().map(channel_weight).collect();
/// // L R C LFE Lss Rss Lrs Rrs
/// assert_eq!(weights, [1.0, 1.0, 1.0, 0.0, 1.41, 1.41, 1.0, 1.0]);
/// ```
#[must_use]
pub fn channel_weight(speaker: &Speaker) -> f64 {
    if speaker.lfe { 0.0 } else { position_weight(speaker.azimuth_deg, speaker.elevation_deg) }
}
