//! A mix as plain data: what is placed where, how loud, for which versions. No handles, no audio.
//!
//! Times are audio frames of the session's rate. Everything is serialisable and means the same on
//! every machine.

use alloc::string::String;
use alloc::vec::Vec;

use crate::audio::Layout;
use crate::delivery::Role;
use crate::loudness::ProgrammeWindow;
use crate::units::{FrameRate, Timecode};

/// A mix: strips in, versions out.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields))]
pub struct Session {
    /// Sample rate of every source and every version, Hz.
    pub rate_hz: f64,
    /// Frame rate of timecodes.
    #[cfg_attr(feature = "json", serde(default))]
    pub frame_rate: FrameRate,
    /// Timecode of the session's first audio frame, as a video frame number.
    #[cfg_attr(feature = "json", serde(default))]
    pub start_timecode_frame: u64,
    /// The part that is rendered and measured: tone, clock and tails stay outside.
    pub programme: ProgrammeWindow,
    /// Sources with their place in the mix. Sums run in this order.
    pub strips: Vec<Strip>,
    /// What is rendered from them.
    pub versions: Vec<Version>,
}

impl Session {
    /// Timecode of an audio frame of the session.
    #[must_use]
    pub fn timecode(&self, frame: u64) -> Timecode {
        let start = Timecode { frame: self.start_timecode_frame, frame_rate: self.frame_rate };
        Timecode::of_audio_frame(frame, self.rate_hz, start)
    }
}

/// One source in the mix.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields))]
pub struct Strip {
    /// Name, unique in the session.
    pub id: String,
    /// What it is in the mix; rolls up to dialogue, music or effects.
    pub role: Role,
    /// Which of the caller's sources, and its channels.
    pub source: Source,
    /// Level, dB.
    #[cfg_attr(feature = "json", serde(default))]
    pub gain_db: f64,
    /// Polarity per source channel: true turns it over. Shorter lists count as false.
    #[cfg_attr(feature = "json", serde(default))]
    pub invert: Vec<bool>,
    /// Where it stands.
    #[cfg_attr(feature = "json", serde(default))]
    pub place: Place,
}

/// A reference to audio that the caller holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields))]
pub struct Source {
    /// The caller's number for it, given back in [`super::Sources::read`].
    pub id: u32,
    /// Its channels.
    pub layout: Layout,
}

/// Where a strip stands in each version.
///
/// A mono version is always the stereo version folded by (L+R)/2.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Place {
    /// As an edit does it: a mono source at unity to left and right, any other channel to channel;
    /// a source wider than the version is folded down.
    #[default]
    Direct,
    /// The channels at their own directions by constant power: a mono source in the centre
    /// (-3 dB a side in stereo, the centre loudspeaker where there is one).
    Front,
    /// A mono or stereo source at ±110°, the surround pair of BS.775; in stereo that is left and
    /// right.
    Surround,
    /// A mono source at an azimuth, positive to the left, degrees, by constant power.
    Pan {
        /// Direction, -180 to 180.
        azimuth_deg: f64,
    },
}

/// One deliverable.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields))]
pub struct Version {
    /// Name, unique in the session.
    pub name: String,
    /// Its channels.
    pub layout: Layout,
    /// Id of the specification it is judged by, if any.
    #[cfg_attr(feature = "json", serde(default))]
    pub spec: Option<String>,
    /// A mono version is measured as it will be heard from two loudspeakers (+3.01 LU).
    #[cfg_attr(feature = "json", serde(default))]
    pub dual_mono: bool,
    /// One gain over everything, before the limiter, dB.
    #[cfg_attr(feature = "json", serde(default))]
    pub gain_db: f64,
    /// The true-peak limiter at the end of the chain, if any.
    #[cfg_attr(feature = "json", serde(default))]
    pub limiter: Option<crate::dynamics::LimiterParams>,
}
