//! Clean samples of every channel, gathered to whole 10 ms sub-blocks: what all loudness meters work
//! on.
//!
//! The caller's samples are read once, here: cleaned and counted on their way into a row per channel
//! that holds the current sub-block. What follows (peaks, filters, levels) reads the rows, which lie
//! in the nearest cache.

use super::gating::{SUB_BLOCKS_PER_S, sub_block_start};
use crate::audio::{Block, Sample, Store};
use crate::kernels;
use crate::math;
use crate::stream::{MAX_RATE_HZ, Stream};

/// Frames of the longest sub-block.
pub(crate) fn longest_sub_block(stream: &Stream) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "80 to 3840 for a valid stream; an invalid one is refused by the constructor"
    )]
    {
        math::ceil(stream.rate_hz.clamp(0.0, MAX_RATE_HZ) / SUB_BLOCKS_PER_S) as usize
    }
}

/// Frames of the shortest sub-block.
pub(super) fn shortest_sub_block(stream: &Stream) -> usize {
    let longest = longest_sub_block(stream);
    #[expect(clippy::cast_precision_loss, reason = "at most 3840 frames")]
    let all_alike = longest as f64 * SUB_BLOCKS_PER_S == stream.rate_hz;
    if all_alike { longest } else { longest.saturating_sub(1) }
}

/// One sub-block of a stream, as far as it has come.
#[derive(Debug)]
pub(super) struct SubBlockRows<'a, S> {
    stream: Stream,
    longest: usize,
    rows: Store<'a, S>,
    done: usize,
    frames: u64,
    /// The sub-block at hand, from and up to.
    start: u64,
    end: u64,
    /// Where in the rows the last take lies.
    fresh: (usize, usize),
    faults: u64,
    clipped: u64,
}

impl<'a, S: Sample> SubBlockRows<'a, S> {
    /// Samples that it needs.
    pub(super) fn required_len(stream: &Stream) -> usize {
        stream.channel_count() * longest_sub_block(stream)
    }

    /// An empty sub-block; the store has the required length.
    pub(super) fn new(stream: Stream, rows: Store<'a, S>) -> Self {
        let mut rows = Self {
            stream,
            longest: longest_sub_block(&stream),
            rows,
            done: 0,
            frames: 0,
            start: 0,
            end: 0,
            fresh: (0, 0),
            faults: 0,
            clipped: 0,
        };
        rows.reset();
        rows
    }

    /// Empty again, at frame 0.
    pub(super) fn reset(&mut self) {
        self.go_to(0);
        self.faults = 0;
        self.clipped = 0;
    }

    /// Empty, at the start of that sub-block.
    pub(super) fn go_to(&mut self, sub_block: usize) {
        self.done = sub_block;
        self.start = sub_block_start(sub_block, self.stream.rate_hz);
        self.end = sub_block_start(sub_block + 1, self.stream.rate_hz);
        self.frames = self.start;
        self.fresh = (0, 0);
    }

    /// Takes what belongs to the sub-block at hand of the frames from `from` on: how many frames, and
    /// whether it is complete.
    ///
    /// A complete sub-block is used up by [`SubBlockRows::advance`] before the next call.
    pub(super) fn take(&mut self, block: &Block<'_, S>, from: usize) -> (usize, bool) {
        let take = self.claim(block.frames().saturating_sub(from));
        let (start, end) = self.fresh;
        for (row, input) in self.rows.chunks_exact_mut(self.longest.max(1)).zip(block.channels()) {
            if let (Some(row), Some(input)) =
                (row.get_mut(start..end), input.get(from..from + take))
            {
                row.copy_from_slice(input);
                let found = kernels::intake(self.stream.isa, row);
                self.faults += found.faults as u64;
                self.clipped += found.clipped as u64;
            }
        }
        (take, self.frames == self.end)
    }

    /// [`SubBlockRows::take`] of whole interleaved frames.
    pub(super) fn take_interleaved(&mut self, samples: &[S]) -> (usize, bool) {
        let channels = self.stream.channel_count().max(1);
        let take = self.claim(samples.len() / channels);
        let (start, end) = self.fresh;
        for (channel, row) in self.rows.chunks_exact_mut(self.longest.max(1)).enumerate() {
            let row = row.get_mut(start..end).unwrap_or_default();
            for (to, frame) in row.iter_mut().zip(samples.chunks_exact(channels)) {
                *to = frame.get(channel).copied().unwrap_or_default();
            }
            let found = kernels::intake(self.stream.isa, row);
            self.faults += found.faults as u64;
            self.clipped += found.clipped as u64;
        }
        (take, self.frames == self.end)
    }

    /// Makes room for up to `frames` frames; how many of them belong to the sub-block.
    fn claim(&mut self, frames: usize) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "at most a sub-block, 3840 frames")]
        let take = ((self.end - self.frames) as usize).min(frames);
        let fill = self.fill();
        self.fresh = (fill, fill + take);
        self.frames += take as u64;
        take
    }

    /// The next sub-block begins.
    pub(super) fn advance(&mut self) {
        self.done += 1;
        self.start = self.end;
        self.end = sub_block_start(self.done + 1, self.stream.rate_hz);
    }

    /// Goes on where another one of the same stream is; the counts add up.
    pub(super) fn follow(&mut self, other: &SubBlockRows<'_, S>) {
        for (to, from) in self.rows.iter_mut().zip(other.rows.iter()) {
            *to = *from;
        }
        (self.done, self.frames) = (other.done, other.frames);
        (self.start, self.end) = (other.start, other.end);
        self.fresh = (0, 0);
        self.faults += other.faults;
        self.clipped += other.clipped;
    }

    /// Frames of the sub-block so far.
    pub(super) fn fill(&self) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "at most a sub-block, 3840 frames")]
        {
            (self.frames - self.start) as usize
        }
    }

    /// The sub-block so far, channel by channel.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[S]> {
        let fill = self.fill();
        self.rows
            .chunks_exact(self.longest.max(1))
            .map(move |row| row.get(..fill).unwrap_or_default())
    }

    /// The clean samples of the last take, every channel.
    pub(super) fn fresh(&self) -> Block<'_, S> {
        Block::of_rows(&self.rows, self.longest, self.fresh.0, self.fresh.1)
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

    /// Samples so far at or over full scale.
    pub(super) fn clipped(&self) -> u64 {
        self.clipped
    }
}
