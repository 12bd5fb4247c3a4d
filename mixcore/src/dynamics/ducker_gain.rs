//! The live ducker's gain between two points of its grid.

use super::ducker_params::DuckerParams;
use crate::ramp::Segment;

/// A sub-block that leaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    /// Gains at its ends.
    gains: [f64; 2],
    /// Its first frame and that after its last, on the clock of the input.
    frames: [u64; 2],
}

impl Stretch {
    /// Before anything has left.
    pub(super) const STILL: Self = Self { gains: [1.0; 2], frames: [0; 2] };

    /// The next one, which begins with the gain with which this one ends.
    pub(super) fn next(&self, gain: f64, frames: [u64; 2]) -> Self {
        let [_, from] = self.gains;
        Self { gains: [from, gain], frames }
    }

    /// The straight piece of the gain from a frame on, on the clock of the input.
    pub(super) fn line(&self, frame: u64, left: usize) -> Segment {
        let ([from, to], [start, end]) = (self.gains, self.frames);
        // Up to a frame lies between the stretches where sub-blocks differ in length.
        if frame < start {
            let frames = usize::try_from(start - frame).unwrap_or(left).min(left);
            return Segment { frames, start: from, step: 0.0, first: 0 };
        }
        if frame >= end || from == to {
            return Segment { frames: left, start: to, step: 0.0, first: 0 };
        }
        #[expect(clippy::cast_precision_loss, reason = "a sub-block")]
        let step = (to - from) / (end - start) as f64;
        let frames = usize::try_from(end - frame).unwrap_or(left).min(left);
        Segment { frames, start: from, step, first: usize::try_from(frame - start).unwrap_or(0) }
    }
}

/// Share of the ducked signal.
pub(super) fn share_of(params: &DuckerParams) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
    {
        (params.mix_percent * 1e-2) as f32
    }
}

/// The gain at frame `n` of a piece.
pub(super) fn gain_at(line: &Segment, n: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a sub-block")]
    {
        line.start + line.step * (line.first + n) as f64
    }
}

/// A piece of the gain of which a share acts.
pub(super) fn mixed(line: &Segment, share: f64) -> Segment {
    if share == 1.0 {
        return *line;
    }
    Segment { start: 1.0 + (line.start - 1.0) * share, step: line.step * share, ..*line }
}
