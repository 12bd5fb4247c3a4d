//! What a loudness meter is made for, and the memory that it takes.

use super::gating::SUB_BLOCKS_PER_S;
use super::interpolator::TruePeakMethod;
use crate::error::Error;
use crate::math;
use crate::stream::Stream;

/// Shortest history: one gating block, s.
const MIN_DURATION_S: f64 = 0.4;
/// Longest history: 100 hours (288 MB), s.
const MAX_DURATION_S: f64 = 360_000.0;

/// What a meter is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeterSetup {
    /// How true peaks are found.
    pub true_peak: TruePeakMethod,
    /// A mono programme is heard from two loudspeakers: it reads 3.01 LU more.
    ///
    /// Layouts other than mono do not change.
    pub dual_mono: bool,
    /// Programme duration that the history holds, s: 0.4 to 360,000.
    pub max_duration_s: f64,
    /// The loudness of every channel is kept too: [`super::Meter::channel_sub_blocks`].
    ///
    /// It takes 8 bytes more for every 10 ms and channel, and LFE is filtered too.
    pub every_channel: bool,
}

impl Default for MeterSetup {
    /// The default interpolator, mono as one loudspeaker, four hours, the programme alone.
    fn default() -> Self {
        Self {
            true_peak: TruePeakMethod::default(),
            dual_mono: false,
            max_duration_s: 14_400.0,
            every_channel: false,
        }
    }
}

impl MeterSetup {
    /// Numbers of the history of every channel, for so many sub-blocks.
    pub(super) fn channel_history_len(&self, stream: &Stream, sub_blocks: usize) -> usize {
        if self.every_channel { stream.channel_count() * sub_blocks } else { 0 }
    }
}

/// Sub-blocks of a history for that duration.
pub(super) fn history_len(max_duration_s: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the allowed range; NaN becomes 0 and is refused by the constructor"
    )]
    {
        math::ceil(max_duration_s.clamp(0.0, MAX_DURATION_S) * SUB_BLOCKS_PER_S) as usize
    }
}

pub(super) fn check(max_duration_s: f64, stream: &Stream) -> Result<(), Error> {
    stream.validate()?;
    Error::check_range("max_duration_s", max_duration_s, MIN_DURATION_S, MAX_DURATION_S).map(|_| ())
}

/// Elements of lent memory that a meter needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MeterStorage {
    /// Samples, for the sub-block in hand and for the true-peak lines.
    pub samples: usize,
    /// f64 numbers, for the history, the filter's table and its work.
    pub history: usize,
}
