//! K-weighting of a stream, sub-block by sub-block: what a loudness meter's history is made of.
//!
//! Samples are read once, into a row per channel that holds the current sub-block: they are cleaned
//! and counted there, the true-peak meter reads them there ([`SubBlockFilter::fresh`]), and when the
//! sub-block is complete it is filtered there. Everything that is in hand at a time, 10 ms, lies in
//! the nearest cache. The weighted energy of a sub-block is summed in channel order.
//!
//! Sources: ITU-R BS.1770-5, Annex 1. Cost: see [`crate::kernels::k_energy`], the same for blocks of
//! any length.

use super::gating::{SUB_BLOCKS_PER_S, sub_block_start};
use super::k_weighting::KWeighting;
use super::power::channel_weight;
use crate::audio::{Block, Layout, PerChannel, Sample, Store};
use crate::error::Error;
use crate::kernels::{self, Intake, KSegments, KState, KWeight, k_carry, k_energy};
use crate::math;
use crate::stream::{MAX_RATE_HZ, Stream};

/// Frames of the longest sub-block.
pub(super) fn longest_sub_block(stream: &Stream) -> usize {
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
fn shortest_sub_block(stream: &Stream) -> usize {
    let longest = longest_sub_block(stream);
    #[expect(clippy::cast_precision_loss, reason = "at most 3840 frames")]
    let whole = longest as f64 * SUB_BLOCKS_PER_S == stream.rate_hz;
    if whole { longest } else { longest.saturating_sub(1) }
}

/// What one channel carries on.
#[derive(Clone, Copy, Debug, Default)]
struct ChannelState {
    /// G of BS.1770; 0 for what does not count.
    weight: f64,
    /// It is filtered.
    filtered: bool,
    state: KState,
    /// Of the last sub-block, without the weight.
    energy: f64,
}

/// What became of the frames that were taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    /// So many frames of the block, at most up to the end of the sub-block.
    pub(super) frames: usize,
    /// Samples of all channels that were not finite or beyond 1e6 and are 0 in the rows.
    pub(super) faults: u64,
    /// Samples of all channels at or over full scale.
    pub(super) clipped: u64,
    /// The weighted energy of the sub-block, if these frames completed it.
    pub(super) energy: Option<f64>,
}

/// The filter of one stream.
#[derive(Debug)]
pub(super) struct SubBlockFilter<'a, S> {
    stream: Stream,
    k: KSegments,
    /// Decay over a sub-block of the shorter and of the longer length.
    decays: [[KState; 4]; 2],
    /// The table of `k`, then what it works in.
    numbers: Store<'a, f64>,
    /// One row per channel: the current sub-block.
    rows: Store<'a, S>,
    channels: PerChannel<ChannelState>,
    longest: usize,
    done: usize,
    frames: u64,
    /// The current sub-block.
    start: u64,
    end: u64,
    /// Where in the rows the last take lies.
    fresh: (usize, usize),
}

impl<'a, S: Sample> SubBlockFilter<'a, S> {
    /// Lengths of `rows` and of `numbers`.
    pub(super) fn required_len(stream: &Stream) -> (usize, usize) {
        let numbers = KSegments::required_len(shortest_sub_block(stream));
        (stream.channel_count() * longest_sub_block(stream), numbers)
    }

    /// A filter at rest; the stores have the required lengths.
    ///
    /// With `every_channel` the channels that do not count for the loudness, LFE, are filtered too.
    pub(super) fn new(
        stream: Stream,
        dual_mono: bool,
        every_channel: bool,
        rows: Store<'a, S>,
        mut numbers: Store<'a, f64>,
    ) -> Result<Self, Error> {
        let filter = KWeighting::design(stream.rate_hz)?.kernel();
        let longest = longest_sub_block(&stream);
        let k = KSegments::new(filter, shortest_sub_block(&stream));
        k.fill_table(&mut numbers);
        let mut channels = PerChannel::<ChannelState>::new(stream.channel_count())?;
        for (channel, speaker) in channels.iter_mut().zip(stream.layout.speakers()) {
            channel.weight = channel_weight(speaker);
            if dual_mono && stream.layout == Layout::MONO {
                channel.weight *= 2.0;
            }
            channel.filtered = every_channel || channel.weight > 0.0;
        }
        let decays = [filter.decay(longest - 1), filter.decay(longest)];
        let mut filter = Self {
            stream,
            k,
            decays,
            numbers,
            rows,
            channels,
            longest,
            done: 0,
            frames: 0,
            start: 0,
            end: 0,
            fresh: (0, 0),
        };
        filter.go_to(0);
        Ok(filter)
    }

    /// At rest again.
    pub(super) fn reset(&mut self) {
        for channel in self.channels.iter_mut() {
            channel.state = [0.0; 4];
        }
        self.go_to(0);
    }

    /// Goes on at the start of that sub-block, from the states that are there.
    pub(super) fn go_to(&mut self, sub_block: usize) {
        self.done = sub_block;
        self.start = sub_block_start(sub_block, self.stream.rate_hz);
        self.end = sub_block_start(sub_block + 1, self.stream.rate_hz);
        self.frames = self.start;
        self.fresh = (0, 0);
    }

    /// Frames taken so far.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// Whole sub-blocks so far.
    pub(super) fn done(&self) -> usize {
        self.done
    }

    /// The current sub-block has no frame yet.
    pub(super) fn between_sub_blocks(&self) -> bool {
        self.frames == self.start
    }

    /// Takes the frames of `block` from `at` on, up to the end of the sub-block.
    pub(super) fn take(&mut self, block: &Block<'_, S>, at: usize) -> Taken {
        let taken = self.fill(block, at);
        self.finish(taken)
    }

    /// [`SubBlockFilter::take`] of whole interleaved frames.
    pub(super) fn take_interleaved(&mut self, samples: &[S]) -> Taken {
        let channels = self.channels.len().max(1);
        let (at, frames) = self.claim(samples.len() / channels);
        let mut found = Intake::default();
        for (channel, row) in self.rows.chunks_exact_mut(self.longest).enumerate() {
            let row = row.get_mut(at..at + frames).unwrap_or_default();
            for (to, frame) in row.iter_mut().zip(samples.chunks_exact(channels)) {
                *to = frame.get(channel).copied().unwrap_or_default();
            }
            add(&mut found, kernels::intake(self.stream.isa, row));
        }
        let taken = self.taken(frames, found);
        self.finish(taken)
    }

    /// As [`SubBlockFilter::take`], but does no more than [`k_carry`] when the sub-block is complete:
    /// one for each filtered channel, in order. Returns the frames taken, and whether there are
    /// carries.
    pub(super) fn take_carries(
        &mut self,
        block: &Block<'_, S>,
        at: usize,
        carries: &mut [KState],
    ) -> (usize, bool) {
        let taken = self.fill(block, at);
        let complete = self.frames == self.end;
        if complete {
            let (isa, length) = (self.stream.isa, self.length());
            let (table, work) = self.numbers.split_at_mut(self.k.table_len());
            let rows = self.rows.chunks_exact(self.longest);
            let channels = self.channels.iter().zip(rows).filter(|(channel, _)| channel.filtered);
            for ((_, row), carry) in channels.zip(carries) {
                let row = row.get(..length).unwrap_or_default();
                *carry = k_carry(isa, &self.k, table, row, work);
            }
            self.next_sub_block();
        }
        (taken.frames, complete)
    }

    /// The place in the rows for up to `frames` frames, and how many of them fit.
    fn claim(&mut self, frames: usize) -> (usize, usize) {
        #[expect(clippy::cast_possible_truncation, reason = "a sub-block is 10 ms")]
        let (at, room) = ((self.frames - self.start) as usize, (self.end - self.frames) as usize);
        let frames = room.min(frames);
        self.fresh = (at, at + frames);
        (at, frames)
    }

    fn fill(&mut self, block: &Block<'_, S>, from: usize) -> Taken {
        let (at, frames) = self.claim(block.frames().saturating_sub(from));
        let mut found = Intake::default();
        for (row, input) in self.rows.chunks_exact_mut(self.longest).zip(block.channels()) {
            let input = input.get(from..from + frames);
            if let (Some(row), Some(input)) = (row.get_mut(at..at + frames), input) {
                row.copy_from_slice(input);
                add(&mut found, kernels::intake(self.stream.isa, row));
            }
        }
        self.taken(frames, found)
    }

    fn taken(&mut self, frames: usize, found: Intake) -> Taken {
        self.frames += frames as u64;
        Taken { frames, faults: found.faults as u64, clipped: found.clipped as u64, energy: None }
    }

    /// Filters the sub-block if it is complete.
    fn finish(&mut self, taken: Taken) -> Taken {
        let energy = (self.frames == self.end).then(|| self.filter_sub_block());
        Taken { energy, ..taken }
    }

    /// Frames of the current sub-block.
    fn length(&self) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "a sub-block is 10 ms")]
        {
            (self.end - self.start) as usize
        }
    }

    fn filter_sub_block(&mut self) -> f64 {
        let (isa, length) = (self.stream.isa, self.length());
        let decay = &self.decays[usize::from(length == self.longest)];
        let (table, work) = self.numbers.split_at_mut(self.k.table_len());
        let mut energy = 0.0;
        for (channel, row) in self.channels.iter_mut().zip(self.rows.chunks_exact(self.longest)) {
            if channel.filtered {
                let row = row.get(..length).unwrap_or_default();
                let found = k_energy(isa, &self.k, table, row, &channel.state, work);
                channel.state = KWeight::hand_over(decay, &channel.state, &found.carry);
                channel.energy = found.energy;
                energy += channel.weight * found.energy;
            }
        }
        self.next_sub_block();
        energy
    }

    fn next_sub_block(&mut self) {
        self.done += 1;
        self.start = self.end;
        self.end = sub_block_start(self.done + 1, self.stream.rate_hz);
    }

    /// The clean samples of the last take, every channel.
    pub(super) fn fresh(&self) -> Block<'_, S> {
        Block::of_rows(&self.rows, self.longest, self.fresh.0, self.fresh.1)
    }

    /// Energies of the last sub-block without the weights, channel by channel; 0 for what is not
    /// filtered.
    pub(super) fn channel_energies(&self) -> impl Iterator<Item = f64> + '_ {
        self.channels.iter().map(|channel| channel.energy)
    }
}

fn add(sum: &mut Intake, part: Intake) {
    sum.faults += part.faults;
    sum.clipped += part.clipped;
}
