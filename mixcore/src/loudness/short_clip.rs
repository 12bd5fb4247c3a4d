//! Loudness of clips that are too short for gating: hits, clicks, words.
//!
//! Integrated loudness takes 0.4 s, and one block is no statistic yet. For one-shots game and
//! interface sound designers use the largest momentary loudness; for clips shorter than 0.4 s there
//! is none, and what is left is the plain mean over the clip itself, or the momentary loudness with
//! silence around the clip, which a meter shows that runs on and which rates short clips lower (the
//! ear does so too, up to some 0.2 s). No standard defines the last two: their names say what they are.
//!
//! > momentary padded: energy of the loudest 0.4 s, silence included, over 0.4 s
//! > ungated: energy of the clip with its filters' decay, over the duration of the clip
//!
//! Sources: BS.1770-5, Annex 1 (filter, weights); EBU Tech 3341 (M). Practice: libebur128 issue 106,
//! AOMediaCodec/iamf issue 872, where users ask for a figure and momentary is the answer.

use super::gating::{MOMENTARY_SUB_BLOCKS, SubBlocks, loudness};
use crate::error::Error;
use crate::kernels;
use crate::units::Reading;

/// What the figure of a short clip is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShortClipMeasure {
    /// Largest momentary loudness.
    MomentaryMax,
    /// Ungated mean over the clip's own duration.
    Ungated,
}

impl ShortClipMeasure {
    /// Its name, for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MomentaryMax => "max momentary loudness (0.4 s)",
            Self::Ungated => "ungated loudness over the clip (shorter than 0.4 s)",
        }
    }
}

/// Loudness of a short clip.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ShortClip {
    /// Largest momentary loudness inside the clip, LUFS; takes 0.4 s.
    pub momentary_max_lufs: Reading,
    /// Largest momentary loudness with silence before and after the clip, LUFS.
    pub momentary_padded_lufs: Reading,
    /// Ungated loudness over the clip's own duration, LUFS.
    pub ungated_lufs: Reading,
    /// Duration of the clip, s.
    pub duration_s: f64,
}

impl ShortClip {
    /// The figure for the clip, LUFS, and what it is: max M from 0.4 s up, the ungated mean below.
    #[must_use]
    pub fn short_clip_lufs(&self) -> (Reading, ShortClipMeasure) {
        match self.momentary_max_lufs {
            Reading::TooShort { .. } => (self.ungated_lufs, ShortClipMeasure::Ungated),
            reading => (reading, ShortClipMeasure::MomentaryMax),
        }
    }
}

impl SubBlocks<'_> {
    /// Loudness of a clip of `clip_frames` that these sub-blocks begin with; what follows it is
    /// silence.
    ///
    /// Push the clip, then at least 10 ms of silence (30 ms let the filters run out), so that its last
    /// frames are in a whole sub-block.
    ///
    /// # Errors
    /// The sub-blocks end before the clip does.
    ///
    /// # Example
    /// ```
    /// use mixcore::loudness::{ShortClipMeasure, SubBlocks};
    /// // 0.1 s at a weighted power of 0.01 (-20.691 LUFS), then silence.
    /// let mut energies = [0.0; 14];
    /// energies[..10].fill(4.8);
    /// let clip = SubBlocks::new(&energies, 48_000.0)?.short_clip(4800)?;
    /// let (reading, measure) = clip.short_clip_lufs();
    /// assert_eq!(measure, ShortClipMeasure::Ungated);
    /// assert!((reading.value().unwrap() + 20.691).abs() < 1e-9);
    /// // A quarter of a momentary window: 6.02 LU less.
    /// assert!((clip.momentary_padded_lufs.value().unwrap() + 26.712).abs() < 1e-3);
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn short_clip(&self, clip_frames: u64) -> Result<ShortClip, Error> {
        if clip_frames > self.frames() {
            return Err(Error::Unsupported {
                what: "a clip whose last frames are in no whole sub-block",
                hint: "push 10 ms of silence after the clip before it is read",
            });
        }
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        let frames = clip_frames as f64;
        let duration_s = frames / self.rate_hz();
        if clip_frames == 0 {
            let none = Reading::TooShort { have_s: 0.0, need_s: 1.0 / self.rate_hz() };
            return Ok(ShortClip {
                momentary_max_lufs: none,
                momentary_padded_lufs: none,
                ungated_lufs: none,
                duration_s,
            });
        }
        // The largest of the 0.4 s that end with sub-blocks 1 to `last`; what lies before the first
        // is silence.
        let window = self.start_frame(MOMENTARY_SUB_BLOCKS) - self.start_frame(0);
        let largest = |last: usize| {
            (1..=last)
                .map(|end| match end.checked_sub(MOMENTARY_SUB_BLOCKS) {
                    Some(start) => self.window_power(start, MOMENTARY_SUB_BLOCKS),
                    #[expect(clippy::cast_precision_loss, reason = "0.4 s")]
                    None => self.energy(end) / window as f64,
                })
                .fold(0.0, f64::max)
        };
        // Windows inside the clip end with its last whole sub-block.
        let whole = self.whole_sub_blocks(clip_frames);
        let momentary_max_lufs = if whole < MOMENTARY_SUB_BLOCKS {
            self.range(0, whole).too_short(MOMENTARY_SUB_BLOCKS)
        } else {
            loudness(
                (MOMENTARY_SUB_BLOCKS..=whole)
                    .map(|end| self.window_power(end - MOMENTARY_SUB_BLOCKS, MOMENTARY_SUB_BLOCKS))
                    .fold(0.0, f64::max),
            )
        };
        Ok(ShortClip {
            momentary_max_lufs,
            momentary_padded_lufs: loudness(largest(self.len())),
            ungated_lufs: loudness(self.energy(self.len()) / frames),
            duration_s,
        })
    }

    /// Energy of the first `count` sub-blocks.
    fn energy(&self, count: usize) -> f64 {
        kernels::sum(self.isa, self.energies().get(..count).unwrap_or_default())
    }

    /// Sub-blocks that end at or before a frame counted from the first one's start.
    fn whole_sub_blocks(&self, frames: u64) -> usize {
        (0..=self.len())
            .rev()
            .find(|&count| self.start_frame(count) - self.start_frame(0) <= frames)
            .unwrap_or(0)
    }
}
