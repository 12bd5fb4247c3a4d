//! Clean samples of every channel, gathered to whole 10 ms sub-blocks: what meters without a
//! history work on.

use super::gating::sub_block_start;
use super::sub_block_filter::longest_sub_block;
use crate::audio::{Block, Sample, Store};
use crate::kernels;
use crate::stream::Stream;

/// One sub-block of a stream, as far as it has come.
#[derive(Debug)]
pub(super) struct SubBlockRows<'a, S> {
    stream: Stream,
    longest: usize,
    rows: Store<'a, S>,
    done: usize,
    frames: u64,
    faults: u64,
}

impl<'a, S: Sample> SubBlockRows<'a, S> {
    /// Samples that it needs.
    pub(super) fn required_len(stream: &Stream) -> usize {
        stream.channel_count() * longest_sub_block(stream)
    }

    /// An empty sub-block; the store has the required length.
    pub(super) fn new(stream: Stream, rows: Store<'a, S>) -> Self {
        Self { stream, longest: longest_sub_block(&stream), rows, done: 0, frames: 0, faults: 0 }
    }

    /// Empty again, at frame 0.
    pub(super) fn reset(&mut self) {
        self.done = 0;
        self.frames = 0;
        self.faults = 0;
    }

    /// Takes what belongs to the sub-block at hand: how many frames, and whether it is complete.
    ///
    /// A complete sub-block is used up by [`SubBlockRows::advance`] before the next call.
    pub(super) fn take(&mut self, block: &Block<'_, S>) -> (usize, bool) {
        let end = sub_block_start(self.done + 1, self.stream.rate_hz);
        let fill = self.fill();
        #[expect(clippy::cast_possible_truncation, reason = "at most a sub-block, 3840 frames")]
        let take = ((end - self.frames) as usize).min(block.frames());
        for (row, input) in self.rows.chunks_exact_mut(self.longest.max(1)).zip(block.channels()) {
            let free = row.get_mut(fill..fill + take).unwrap_or_default();
            self.faults += kernels::clean(self.stream.isa, input, free) as u64;
        }
        self.frames += take as u64;
        (take, self.frames == end)
    }

    /// The next sub-block begins.
    pub(super) fn advance(&mut self) {
        self.done += 1;
    }

    /// Frames of the sub-block so far.
    pub(super) fn fill(&self) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "at most a sub-block, 3840 frames")]
        {
            (self.frames - sub_block_start(self.done, self.stream.rate_hz)) as usize
        }
    }

    /// The sub-block so far, channel by channel.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[S]> {
        let fill = self.fill();
        self.rows
            .chunks_exact(self.longest.max(1))
            .map(move |row| row.get(..fill).unwrap_or_default())
    }

    /// Whole sub-blocks that were used up.
    pub(super) fn done(&self) -> usize {
        self.done
    }

    /// Frames taken so far.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// Duration taken so far, s.
    pub(super) fn duration_s(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        {
            self.frames as f64 / self.stream.rate_hz
        }
    }

    /// Samples so far that were not finite or beyond 1e6.
    pub(super) fn faults(&self) -> u64 {
        self.faults
    }
}
