//! Where the limiter's lines and tracks lie in its two memories.

use super::line::{Region, advance, chunk};
use super::lookahead::LookAhead;
use super::peak_detector::{BANK_LEN, CHUNK, CONTEXT, SIDE};
use crate::audio::Sample;
use crate::kernels::{self, Isa};

/// Stages of the true-peak limiter: the limiter proper and two trims.
pub(super) const STAGES: usize = 3;
/// Look-ahead of a trim, frames (fixed in frames, as is the kernel that it works against): the shortest
/// with whole vectors of 16 in its box of A = 112 for which the residual bound of the limiter's module
/// doc stays below the ceiling. It leaves 0.0029 dB there; A = 104 would exceed it by 0.0033 dB, A = 96
/// by 0.011 dB, and A = 128 would leave 0.012 dB for 32 frames more of latency.
pub(super) const TRIM_FRAMES: usize = 111;
// Its gain meets samples that its detector sees no more.
const _: () = assert!(TRIM_FRAMES >= CHUNK);

/// A stretch of a memory.
pub(super) type Part = core::ops::Range<usize>;

/// Where everything lies in the two memories.
///
/// Behind the first stage all stages work on the same lines: what leaves one stage in place is the
/// newest chunk of the next one's part. A stage's gain meets samples that its own detector sees no
/// more, because a trim's look-ahead is longer than a chunk.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    curves: [LookAhead; STAGES],
    /// Stages in use: all, or the first alone.
    stages: usize,
    /// Frames that the detector looks ahead.
    side: usize,
    /// Frames from the newest input to the newest sample that each stage sees, and to the output.
    offsets: [usize; STAGES + 1],
    channels: usize,
    /// Gain curves: one for each group of channels, or for each channel.
    owners: usize,
    /// In a channel's samples: the undisturbed line, and the one behind the first stage.
    dry_part: Part,
    wet_part: Part,
    /// In an owner's control values: bounds of the peaks, gains so far, the histories of the curves.
    bounds_part: Part,
    totals_part: Part,
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
            dry_part: 0..0,
            wet_part: 0..0,
            bounds_part: 0..0,
            totals_part: 0..0,
            histories: Default::default(),
            owner_len: 0,
        };
        let mut offset = 0;
        for (stage, slot) in plan.offsets.iter_mut().skip(1).enumerate() {
            offset +=
                curves.iter().take(stages).nth(stage).map_or(0, |curve| side + curve.frames());
            *slot = offset;
        }
        let mut at = 2 * CHUNK;
        plan.dry_part = part(&mut at, plan.dry().memory_len());
        let wet = if true_peak { plan.wet().memory_len() } else { 0 };
        plan.wet_part = part(&mut at, wet);
        let mut at = 0;
        if true_peak {
            plan.bounds_part = part(&mut at, plan.bounds().memory_len());
            plan.totals_part = part(&mut at, plan.totals().memory_len());
        }
        for (stage, curve) in curves.iter().take(stages).enumerate() {
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

    /// The undisturbed samples, from the output to the newest input.
    pub(super) fn dry(&self) -> Region {
        Region::new(CONTEXT.max(self.delay() + CHUNK))
    }

    pub(super) fn dry_part(&self) -> Part {
        self.dry_part.clone()
    }

    /// The samples behind the first stage, back to what the output's meter sees.
    pub(super) fn wet(&self) -> Region {
        Region::new(self.behind(self.stages) + CONTEXT)
    }

    pub(super) fn wet_part(&self) -> Part {
        self.wet_part.clone()
    }

    /// Bounds of the peaks, from the chunk that the first stage examines to the one that the output's
    /// meter does.
    pub(super) fn bounds(&self) -> Region {
        Region::new(self.offset(self.stages) + CHUNK)
    }

    pub(super) fn bounds_part(&self) -> Part {
        self.bounds_part.clone()
    }

    /// The gains so far, from what leaves the first stage to the output.
    pub(super) fn totals(&self) -> Region {
        Region::new(self.behind(self.stages) + CHUNK)
    }

    pub(super) fn totals_part(&self) -> Part {
        self.totals_part.clone()
    }

    /// Samples of a channel: two chunks that are exchanged with the caller, and the lines.
    pub(super) fn channel_len(&self) -> usize {
        self.wet_part.end.max(1)
    }

    fn offset(&self, stage: usize) -> usize {
        self.offsets.get(stage).copied().unwrap_or(0)
    }

    /// Frames from the newest sample behind the first stage to the newest one that a stage sees.
    fn behind(&self, stage: usize) -> usize {
        self.offset(stage) - self.offset(1)
    }

    fn frames(&self, stage: usize) -> usize {
        self.curves().get(stage).map_or(0, LookAhead::frames)
    }

    pub(super) fn history_part(&self, stage: usize) -> Part {
        self.histories.get(stage).cloned().unwrap_or_default()
    }

    /// Control values of an owner.
    pub(super) fn owner_len(&self) -> usize {
        self.owner_len.max(1)
    }

    /// What a stage (or, behind the last one, the output's meter) looks at: in the undisturbed line for
    /// the first, else in the one behind that.
    pub(super) fn context(&self, stage: usize) -> Part {
        let end = match stage {
            0 => self.dry().len(),
            _ => self.wet().len() - self.behind(stage),
        };
        end.saturating_sub(CONTEXT)..end
    }

    /// In the undisturbed line, the chunk that gets the first stage's gain now.
    pub(super) fn first_leaving(&self) -> usize {
        self.dry().len().saturating_sub(self.side + CHUNK + self.frames(0))
    }

    /// The chunk of the undisturbed line that is in step with the output.
    pub(super) fn undisturbed<T: Copy + Default>(&self, line: &[T]) -> [T; CHUNK] {
        chunk(line, line.len().saturating_sub(self.delay() + CHUNK))
    }

    /// The chunk that gets the gain of a later stage now: in the line behind the first, or in the totals.
    pub(super) fn leaving(&self, line: Region, stage: usize) -> Part {
        let back = self.side + CHUNK + self.frames(stage) + self.behind(stage);
        chunk_at(line.len().saturating_sub(back))
    }

    /// What leaves the first stage, times its gains where they are not 1: into the line behind it, or
    /// where only samples count to the output.
    pub(super) fn turn_into<S: Sample>(
        &self,
        isa: Isa,
        memory: &mut [S],
        place: usize,
        gains: Option<&[f32; CHUNK]>,
    ) {
        let dry = self.dry_part();
        let from = dry.start + place + self.first_leaving();
        let Some((head, behind)) = memory.split_at_mut_checked(dry.end) else { return };
        let (to, from) = match self.is_true_peak() {
            true => {
                let to = advance(behind, self.wet(), place);
                (to.last_chunk_mut::<CHUNK>(), head.get(from..))
            }
            false => {
                let Some((ends, line)) = head.split_at_mut_checked(2 * CHUNK) else { return };
                (ends.last_chunk_mut::<CHUNK>(), line.get(from - 2 * CHUNK..))
            }
        };
        let from = from.and_then(|from| from.first_chunk::<CHUNK>());
        if let (Some(to), Some(from)) = (to, from) {
            match gains {
                Some(gains) => kernels::scale_into(isa, from, gains, to),
                None => *to = *from,
            }
        }
    }

    /// What a stage (or the output's meter) looks at in a channel's samples.
    pub(super) fn seen<'m, S>(&self, memory: &'m [S], stage: usize, place: usize) -> &'m [S] {
        let part = if stage == 0 { self.dry_part() } else { self.wet_part() };
        let Part { start, end } = self.context(stage);
        let origin = part.start + place;
        memory.get(origin + start..origin + end).unwrap_or_default()
    }

    /// The chunk that goes out, in the line behind the first stage or in the totals.
    pub(super) fn output(&self, line: Region) -> Part {
        chunk_at(line.len().saturating_sub(CHUNK + self.behind(self.stages)))
    }

    /// In the bounds, the chunk that a stage (or the output's meter) examines.
    pub(super) fn examined(&self, stage: usize) -> Part {
        chunk_at(self.bounds().len().saturating_sub(CHUNK + self.offset(stage)))
    }

    /// In the bounds, the chunk that gets the gain of a stage now.
    pub(super) fn bounds_leaving(&self, stage: usize) -> Part {
        let back = CHUNK + self.frames(stage) + self.offset(stage);
        chunk_at(self.bounds().len().saturating_sub(back))
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

fn chunk_at(start: usize) -> Part {
    start..start + CHUNK
}

/// The next `len` values.
fn part(at: &mut usize, len: usize) -> Part {
    let start = *at;
    *at += len;
    start..*at
}
