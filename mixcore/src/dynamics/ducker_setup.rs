//! What a live ducker is built with.

use super::link::Area;
use crate::audio::{Layout, Speaker};
use crate::error::Error;
use crate::math;
use crate::stream::Stream;

/// Shortest look-ahead, ms: the 0.2 s in which speech is recognised, and a start of the way down.
pub const MIN_DUCKER_LOOKAHEAD_MS: f64 = 250.0;
/// Longest look-ahead, ms: a line of dialogue; beyond that [`super::DuckPlan`] sees the whole clip.
pub const MAX_DUCKER_LOOKAHEAD_MS: f64 = 5000.0;
/// Longest list of phrases: with one every second, 18 hours.
pub const MAX_DUCKER_PHRASES: usize = 65_536;
/// Largest offset of a key, dB: beyond that a stem is not at its working level.
pub(super) const MAX_OFFSET_DB: f64 = 40.0;

/// Which channels of a background go down. Those that do not pass at their level, and count as
/// background: the others go down as much more as that takes.
///
/// Within what goes down all channels have one gain, so the image stands still: how far the speech
/// stands out is a property of the whole background, and a gain of its own for each channel (a link
/// below 100 %) would answer to none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DuckedAreas {
    /// The loudspeakers in front, up to the wide ones at 60°.
    pub fronts: bool,
    /// Sides and rears.
    pub surrounds: bool,
    /// What lies above.
    pub heights: bool,
    /// What lies below.
    pub floor: bool,
    /// The LFEs, which are no part of a loudness: they go down with the rest or stay.
    pub lfe: bool,
}

impl DuckedAreas {
    /// All channels.
    pub const ALL: Self =
        Self { fronts: true, surrounds: true, heights: true, floor: true, lfe: true };

    /// Whether a loudspeaker's channel goes down.
    pub(super) fn holds(&self, speaker: &Speaker) -> bool {
        match Area::of(speaker) {
            Area::Front => self.fronts,
            Area::Surround => self.surrounds,
            Area::Height => self.heights,
            Area::Floor => self.floor,
            Area::Lfe => self.lfe,
        }
    }

    /// Whether any channel of a layout that has a loudness stays.
    pub(super) fn spares_any(&self, layout: Layout) -> bool {
        layout.speakers().iter().any(|speaker| !speaker.lfe && !self.holds(speaker))
    }
}

impl Default for DuckedAreas {
    fn default() -> Self {
        Self::ALL
    }
}

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DuckerSetup {
    /// Time by which the background is delayed, 250 to 5000 ms, to whole sub-blocks of 10 ms. The
    /// longer, the more of a phrase is known before it is heard.
    pub lookahead_ms: f64,
    /// Channels of the key.
    pub key_layout: Layout,
    /// Gain of the key before it is measured, dB, −40 to 40: its level in the mix over its level here,
    /// 3.01 for a mono key that comes at unity from two loudspeakers.
    pub key_offset_db: f64,
    /// Which channels go down.
    pub areas: DuckedAreas,
    /// Phrases that the list of [`super::Ducker::phrases`] holds, 0 to 65,536.
    pub phrases: usize,
}

impl Default for DuckerSetup {
    /// 1 s; a mono key that lies in the mix as loud as it is here; all channels; 64 phrases.
    fn default() -> Self {
        Self {
            lookahead_ms: 1000.0,
            key_layout: Layout::MONO,
            key_offset_db: 0.0,
            areas: DuckedAreas::ALL,
            phrases: 64,
        }
    }
}

impl DuckerSetup {
    /// Checks the look-ahead, the offset and the length of the list.
    ///
    /// # Errors
    /// One of them outside its bounds.
    pub fn validate(&self) -> Result<(), Error> {
        let (min, max) = (MIN_DUCKER_LOOKAHEAD_MS, MAX_DUCKER_LOOKAHEAD_MS);
        Error::check_range("lookahead_ms", self.lookahead_ms, min, max)?;
        Error::check_range("key_offset_db", self.key_offset_db, -MAX_OFFSET_DB, MAX_OFFSET_DB)?;
        #[expect(clippy::cast_precision_loss, reason = "for a message")]
        Error::check_range("phrases", self.phrases as f64, 0.0, MAX_DUCKER_PHRASES as f64)
            .map(|_| ())
    }

    /// The look-ahead in sub-blocks and in frames.
    pub(super) fn lookahead(&self, stream: &Stream) -> Result<(usize, usize), Error> {
        self.validate()?;
        stream.validate()?;
        let sub_blocks = math::round(self.lookahead_ms / 10.0);
        // Sub-blocks are whole frames long: so many of them span no more than this.
        let frames = math::ceil(sub_blocks * 0.01 * stream.rate_hz);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "25 to 500 sub-blocks of up to 3840 frames"
        )]
        Ok((sub_blocks as usize, frames as usize))
    }
}

/// Memory that [`super::Ducker::new_in`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DuckerStorage {
    /// Samples: the delay.
    pub samples: usize,
    /// f64 numbers: what is known of the sub-blocks of the look-ahead.
    pub numbers: usize,
    /// Phrases of the list.
    pub phrases: usize,
}
