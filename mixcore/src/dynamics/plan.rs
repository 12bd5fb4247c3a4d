//! Where the limiter's lines and tracks lie in its two memories.

use super::line::{Region, chunk};
use super::lookahead::LookAhead;
use super::peak_detector::{BANK_LEN, CHUNK, CONTEXT, SIDE};

/// Stages of the true-peak limiter: the limiter proper and two trims.
pub(super) const STAGES: usize = 3;
/// Look-ahead of a trim, frames (fixed in frames, as is the kernel that it works against).
pub(super) const TRIM_FRAMES: usize = 111;

/// A stretch of a memory.
pub(super) type Part = core::ops::Range<usize>;

/// Where everything lies in the two memories.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    curves: [LookAhead; STAGES],
    /// Stages in use: all, or the first alone.
    stages: usize,
    /// Frames that the detector looks ahead.
    side: usize,
    /// Frames from the newest input to the newest sample of each stage's line, and to the output.
    offsets: [usize; STAGES + 1],
    channels: usize,
    /// Gain curves: one for each group of channels, or for each channel.
    owners: usize,
    /// In a channel's samples: the samples before each stage and before the output's meter.
    lines: [Part; STAGES + 1],
    /// In an owner's control values, for each stage: bounds of the peaks that wait for their gain,
    /// the gain so far along the line, the history of the curve.
    bounds: [Part; STAGES],
    totals: [Part; STAGES],
    histories: [Part; STAGES],
    owner_len: usize,
}

impl Plan {
    /// The plan for a look-ahead in frames; the shape is whether peaks between the samples count, and
    /// the number of stages, 1 to [`STAGES`].
    pub(super) fn new(
        lookahead: usize,
        shape: (bool, usize),
        channels: usize,
        owners: usize,
    ) -> Self {
        let trim = LookAhead::one_box(TRIM_FRAMES);
        let curves = [LookAhead::two_boxes(lookahead), trim, trim];
        let (true_peak, stages) = shape;
        let side = if true_peak { SIDE } else { 0 };
        let mut plan = Self {
            curves,
            stages,
            side,
            offsets: [0; STAGES + 1],
            channels,
            owners,
            lines: Default::default(),
            bounds: Default::default(),
            totals: Default::default(),
            histories: Default::default(),
            owner_len: 0,
        };
        let mut offset = 0;
        for (stage, slot) in plan.offsets.iter_mut().skip(1).enumerate() {
            offset +=
                curves.iter().take(stages).nth(stage).map_or(0, |curve| side + curve.frames());
            *slot = offset;
        }
        let mut at = CHUNK;
        for stage in 0..=stages {
            plan.lines[stage] = part(&mut at, plan.line(stage).memory_len());
        }
        let mut at = 0;
        for (stage, curve) in curves.iter().take(stages).enumerate() {
            plan.bounds[stage] = part(&mut at, plan.bounds(stage).memory_len());
            plan.totals[stage] = part(&mut at, plan.totals(stage).memory_len());
            plan.histories[stage] = part(&mut at, curve.history_len());
        }
        plan.owner_len = at;
        plan
    }

    /// The gain curves in use.
    pub(super) fn curves(&self) -> &[LookAhead] {
        self.curves.get(..self.stages).unwrap_or_default()
    }

    /// The last of the stages in use.
    pub(super) fn last_stage(&self) -> usize {
        self.stages - 1
    }

    /// Peaks between the samples count.
    pub(super) fn is_true_peak(&self) -> bool {
        self.side > 0
    }

    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    pub(super) fn owners(&self) -> usize {
        self.owners
    }

    /// Frames from the input chunk to the output chunk.
    pub(super) fn delay(&self) -> usize {
        self.offsets[STAGES]
    }

    /// Values in front of the channels: the detector's taps.
    pub(super) fn bank_len(&self) -> usize {
        if self.is_true_peak() { BANK_LEN } else { 0 }
    }

    /// Samples that all channels and the detector need.
    pub(super) fn samples_len(&self) -> usize {
        self.bank_len() + self.channels * self.channel_len()
    }

    /// Control values: two tracks, the owners, scratch.
    pub(super) fn control_len(&self) -> usize {
        2 * self.track().memory_len() + self.owners * self.owner_len + LookAhead::scratch_len()
    }

    /// A setting per frame from the output chunk to the newest input.
    pub(super) fn track(&self) -> Region {
        Region::new(self.delay() + CHUNK)
    }

    /// The samples before a stage, or (behind the last one) before the output's meter. The line of the
    /// first stage reaches back to the output: its first chunk is the undisturbed signal.
    pub(super) fn line(&self, stage: usize) -> Region {
        match self.curves().get(stage) {
            Some(_) if stage == 0 => Region::new(CONTEXT.max(self.delay() + CHUNK)),
            Some(curve) => Region::new(CONTEXT.max(SIDE + CHUNK + curve.frames())),
            None if self.side == 0 => Region::new(0),
            None => Region::new(CONTEXT),
        }
    }

    /// The chunk of the first stage's line that is in step with the output.
    pub(super) fn undisturbed<T: Copy + Default>(&self, line: &[T]) -> [T; CHUNK] {
        chunk(line, line.len().saturating_sub(self.delay() + CHUNK))
    }

    pub(super) fn line_part(&self, stage: usize) -> Part {
        self.lines.get(stage).cloned().unwrap_or_default()
    }

    /// Samples of a channel.
    pub(super) fn channel_len(&self) -> usize {
        self.line_part(self.stages).end.max(1)
    }

    /// Bounds of the peaks from the chunk that is examined to the one that gets its gain.
    pub(super) fn bounds(&self, stage: usize) -> Region {
        let frames = self.curves().get(stage).map_or(0, LookAhead::frames);
        Region::new(if self.side > 0 { CHUNK + frames } else { CHUNK })
    }

    pub(super) fn bounds_part(&self, stage: usize) -> Part {
        self.bounds.get(stage).cloned().unwrap_or_default()
    }

    /// The gain so far along the line of a stage.
    pub(super) fn totals(&self, stage: usize) -> Region {
        Region::new(self.side + CHUNK + self.curves().get(stage).map_or(0, LookAhead::frames))
    }

    pub(super) fn totals_part(&self, stage: usize) -> Part {
        self.totals.get(stage).cloned().unwrap_or_default()
    }

    pub(super) fn history_part(&self, stage: usize) -> Part {
        self.histories.get(stage).cloned().unwrap_or_default()
    }

    /// Control values of an owner.
    pub(super) fn owner_len(&self) -> usize {
        self.owner_len.max(1)
    }

    /// The chunk of a line, or of totals, that gets its gain now.
    pub(super) fn leaving<T: Copy + Default>(&self, line: &[T], stage: usize) -> [T; CHUNK] {
        let frames = self.curves().get(stage).map_or(0, LookAhead::frames);
        chunk(line, line.len().saturating_sub(self.side + CHUNK + frames))
    }

    /// The aims of the chunk that a stage examines, each for the interval that starts at its frame.
    pub(super) fn aims(&self, track: &[f32], stage: usize) -> [f32; CHUNK] {
        let offset = self.offsets.get(stage).copied().unwrap_or(0);
        let start = track.len().saturating_sub(offset + self.side + CHUNK);
        let here = chunk(track, start);
        if self.side == 0 {
            return here;
        }
        let next: [f32; CHUNK] = chunk(track, start + 1);
        core::array::from_fn(|n| if next[n] < here[n] { next[n] } else { here[n] })
    }
}

/// The next `len` values.
fn part(at: &mut usize, len: usize) -> Part {
    let start = *at;
    *at += len;
    start..*at
}
