//! The polyphase method of a [`super::Resampler`]: a bank of phases, and a line per channel.
//!
//! The equation and the figures stand in the resampler's own documentation.

use super::rate_plan::{Quality, Ratio};
use crate::audio::{BlockMut, Sample, move_to_front};
use crate::error::Error;
use crate::kernels::{self, Isa, PhasePlace, PhasePlan};

/// Input frames of a channel that are taken in at a time, at least.
const CHUNK: usize = 256;

/// Plan and place; the samples lie in the resampler's memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct PhaseRate {
    ratio: Ratio,
    quality: Quality,
    /// Output frames.
    latency: usize,
    phases: PhasePlan,
    /// Frames that a channel's line can hold: what a group reads, and new ones.
    capacity: usize,
    /// Frames in every line.
    filled: usize,
    /// Where the next output stands in the lines.
    place: PhasePlace,
}

impl PhaseRate {
    pub(super) fn new<S: Sample>(ratio: Ratio, quality: Quality) -> Self {
        let half = quality.half_width() as usize;
        let latency = ratio.reach(half);
        // W + Λ·M/L input frames, W being `half` frames of the lower rate.
        let taps = (half * ratio.up.max(ratio.down) + latency * ratio.down).div_ceil(ratio.up);
        let phases = PhasePlan::new::<S>(ratio.up, ratio.down, taps);
        let capacity = phases.read_len() + taps.max(CHUNK);
        let place = PhasePlace::default();
        Self { ratio, quality, latency, phases, capacity, filled: 0, place }
    }

    /// Samples that all channels share.
    pub(super) fn shared_len(&self) -> usize {
        self.phases.bank_len()
    }

    /// Samples of a channel: what a group reads beyond its own window lies behind the line.
    pub(super) fn channel_len(&self) -> usize {
        self.capacity + self.phases.read_len() - self.phases.taps()
    }

    pub(super) fn latency(&self) -> usize {
        self.latency
    }

    pub(super) fn tail(&self) -> usize {
        self.ratio.outputs(self.phases.taps())
    }

    /// Writes the phases: the tap that meets the sample `age` before the newest one lies at the time
    /// p/L + age − Λ·M/L of the low-pass.
    #[expect(clippy::cast_precision_loss, reason = "products far below 2^53")]
    pub(super) fn fill<S: Sample>(&self, bank: &mut [S]) -> Result<(), Error> {
        let (up, down) = (self.ratio.up as f64, self.ratio.down as f64);
        let low_pass = self.quality.low_pass((down / up).max(1.0))?;
        let value = |t: f64| if t.abs() < low_pass.half_width() { low_pass.at(t) } else { 0.0 };
        let middle = (self.latency * self.ratio.down) as f64;
        for index in 0..self.phases.rows() {
            let Some(row) = self.phases.row_mut(bank, index) else { continue };
            let phase = self.phases.phase(index);
            let newest = row.len().saturating_sub(1);
            let time = |index: usize| {
                (phase as f64 + newest.saturating_sub(index) as f64 * up - middle) / up
            };
            let sum: f64 = (0..row.len()).map(|index| value(time(index))).sum();
            for (index, tap) in row.iter_mut().enumerate() {
                *tap = S::from_f64(value(time(index)) / sum);
            }
        }
        Ok(())
    }

    pub(super) fn reset(&mut self) {
        // The window of the first output ends with the first frame.
        self.filled = self.phases.taps() - 1;
        self.place = PhasePlace::default();
    }

    pub(super) fn skip(&mut self, outputs: usize) {
        self.place = self.phases.after(self.place, outputs);
    }

    pub(super) fn output_frames(&self, input_frames: usize) -> usize {
        let filled = self.filled.saturating_add(input_frames);
        filled
            .checked_sub(self.phases.taps())
            .map_or(0, |last| self.phases.outputs_until(self.place, last))
    }

    pub(super) fn missing(&self, outputs: usize) -> usize {
        let end = self.phases.end_of(self.place, outputs.saturating_sub(1));
        end.saturating_sub(self.filled)
    }

    pub(super) fn filled(&self) -> usize {
        self.filled
    }

    pub(super) fn advance(&mut self, frames: usize) {
        self.filled = self.filled.saturating_add(frames);
    }

    pub(super) fn room<'a, S: Sample>(
        &mut self,
        channels: impl Iterator<Item = &'a mut [S]>,
    ) -> usize {
        if self.filled >= self.capacity {
            let by = self.place.start;
            for line in channels {
                move_to_front(line, by);
            }
            self.filled = self.filled.saturating_sub(by);
            self.place.start -= by;
        }
        self.capacity.saturating_sub(self.filled)
    }

    pub(super) fn give<'a, S: Sample>(
        &mut self,
        isa: Isa,
        bank: &[S],
        mut lines: impl Iterator<Item = &'a [S]>,
        part: &mut BlockMut<'_, S>,
    ) {
        let (plan, place) = (&self.phases, self.place);
        let mut outs = part.channels_mut();
        while let (Some(line), Some(out)) = (lines.next(), outs.next()) {
            self.place = match (lines.next(), outs.next()) {
                (Some(second), Some(other)) => {
                    kernels::phase_dots_two(isa, plan, bank, place, [line, second], [out, other])
                }
                _ => kernels::phase_dots(isa, plan, bank, place, line, out),
            };
        }
    }
}
