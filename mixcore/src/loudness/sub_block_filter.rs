//! K-weighting of a stream, sub-block by sub-block: what a loudness meter's history is made of.
//!
//! Samples wait until their sub-block is complete; complete ones of all channels are then filtered
//! eight at a time. The weighted energy of a sub-block is summed in channel order, however the lanes
//! were packed.
//!
//! Sources: ITU-R BS.1770-5, Annex 1. Cost: see [`crate::kernels::k_energy`]; blocks of 80 ms and
//! more fill all lanes, smaller ones only as many as they complete.

use super::gating::{SUB_BLOCKS_PER_S, sub_block_start};
use super::k_weighting::KWeighting;
use super::power::channel_weight;
use crate::audio::{Block, Layout, PerChannel, Sample, Store, move_to_front};
use crate::error::Error;
use crate::kernels::{self, Isa, K_LANES, KState, KWeight, k_carry, k_energy};
use crate::math;
use crate::stream::{MAX_RATE_HZ, Stream};

/// Most sub-blocks that are filtered in one go: so many fill the lanes for any channel count.
pub(super) const QUANTUM: usize = K_LANES;

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

/// What one weighted channel carries on.
#[derive(Clone, Copy, Debug, Default)]
struct ChannelState {
    /// Channel of the stream.
    index: usize,
    weight: f64,
    state: KState,
}

/// Sub-blocks of any channel that are filtered side by side.
///
/// They come in channel order, so the weighted sum of a sub-block has one order however they are
/// packed.
struct Batch<'a, S> {
    segments: [&'a [S]; K_LANES],
    starts: [KState; K_LANES],
    /// Sub-block of the quantum, and weight.
    slots: [(usize, f64); K_LANES],
    len: usize,
}

impl<S> Default for Batch<'_, S> {
    fn default() -> Self {
        Self {
            segments: [&[]; K_LANES],
            starts: [[0.0; 4]; K_LANES],
            slots: [(0, 0.0); K_LANES],
            len: 0,
        }
    }
}

impl<'a, S: Sample> Batch<'a, S> {
    fn add(&mut self, segment: &'a [S], start: KState, slot: (usize, f64)) {
        let mut lanes = self.segments.iter_mut().zip(&mut self.starts).zip(&mut self.slots);
        if let Some(((free_segment, free_start), free_slot)) = lanes.nth(self.len) {
            (*free_segment, *free_start, *free_slot) = (segment, start, slot);
            self.len += 1;
        }
    }

    /// Filters what there is, adds it to the sums, and is empty again.
    fn run(&mut self, isa: Isa, filter: &KWeight, sums: &mut [f64; QUANTUM]) {
        let mut energies = [0.0; K_LANES];
        let segments = self.segments.get(..self.len).unwrap_or_default();
        k_energy(isa, filter, segments, &self.starts, &mut energies);
        for ((k, weight), energy) in self.slots.iter().zip(energies).take(self.len) {
            if let Some(sum) = sums.get_mut(*k) {
                *sum += weight * energy;
            }
        }
        self.len = 0;
    }
}

/// The filter of one stream.
#[derive(Debug)]
pub(super) struct SubBlockFilter<'a, S> {
    stream: Stream,
    filter: KWeight,
    /// Decay over a sub-block of the shorter and of the longer length.
    decays: [[KState; 4]; 2],
    table: Store<'a, f64>,
    /// One row per weighted channel: what has not been filtered yet.
    pending: Store<'a, S>,
    channels: PerChannel<ChannelState>,
    weighted: usize,
    done: usize,
    frames: u64,
}

impl<'a, S: Sample> SubBlockFilter<'a, S> {
    /// Lengths of `pending` and of `table`.
    pub(super) fn required_len(stream: &Stream) -> (usize, usize) {
        let longest = longest_sub_block(stream);
        let weighted =
            stream.layout.speakers().iter().filter(|speaker| channel_weight(speaker) > 0.0).count();
        (weighted * longest * QUANTUM, 4 * longest)
    }

    /// A filter at rest; the stores have the required lengths.
    pub(super) fn new(
        stream: Stream,
        dual_mono: bool,
        pending: Store<'a, S>,
        mut table: Store<'a, f64>,
    ) -> Result<Self, Error> {
        let filter = KWeighting::design(stream.rate_hz)?.kernel();
        filter.fill_carry_table(&mut table);
        let longest = table.len() / 4;
        let mut channels = PerChannel::<ChannelState>::new(stream.channel_count())?;
        let mut weighted = 0;
        for (index, speaker) in stream.layout.speakers().iter().enumerate() {
            let mut weight = channel_weight(speaker);
            if dual_mono && stream.layout == Layout::MONO {
                weight *= 2.0;
            }
            if weight > 0.0 {
                channels[weighted] = ChannelState { index, weight, state: [0.0; 4] };
                weighted += 1;
            }
        }
        let decays = [filter.decay(longest - 1), filter.decay(longest)];
        Ok(Self { stream, filter, decays, table, pending, channels, weighted, done: 0, frames: 0 })
    }

    /// At rest again.
    pub(super) fn reset(&mut self) {
        for channel in self.channels.iter_mut() {
            channel.state = [0.0; 4];
        }
        self.done = 0;
        self.frames = 0;
    }

    /// Frames taken so far.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// Takes as many frames as there is room for, and writes the energies of the sub-blocks that are
    /// complete then. Returns the frames taken and the number of energies.
    pub(super) fn take(
        &mut self,
        block: &Block<'_, S>,
        energies: &mut [f64; QUANTUM],
    ) -> (usize, usize) {
        let rate_hz = self.stream.rate_hz;
        let origin = sub_block_start(self.done, rate_hz);
        let room = sub_block_start(self.done + QUANTUM, rate_hz) - self.frames;
        #[expect(clippy::cast_possible_truncation, reason = "at most a quantum, 80 ms")]
        let (fill, room) = ((self.frames - origin) as usize, room as usize);
        let take = room.min(block.frames());
        let row_len = self.row_len();
        let rows = self.pending.chunks_exact_mut(row_len);
        for (channel, row) in self.channels.iter().zip(rows).take(self.weighted) {
            let input = block.channels().nth(channel.index).unwrap_or_default();
            let free = row.get_mut(fill..fill + take).unwrap_or_default();
            kernels::clean(self.stream.isa, input, free);
        }
        self.frames += take as u64;
        let mut complete = 0;
        while complete < QUANTUM
            && sub_block_start(self.done + complete + 1, rate_hz) <= self.frames
        {
            complete += 1;
        }
        if complete > 0 {
            self.filter_sub_blocks(complete, energies);
        }
        (take, complete)
    }

    /// Pending samples of a channel, at least 1.
    fn row_len(&self) -> usize {
        (self.table.len() / 4 * QUANTUM).max(1)
    }

    /// Filters the first `count` pending sub-blocks and moves the rest to the front.
    fn filter_sub_blocks(&mut self, count: usize, energies: &mut [f64; QUANTUM]) {
        let rate_hz = self.stream.rate_hz;
        let isa = self.stream.isa;
        let origin = sub_block_start(self.done, rate_hz);
        let row_len = self.row_len();
        let longest = self.table.len() / 4;
        #[expect(clippy::cast_possible_truncation, reason = "at most a quantum, 80 ms")]
        let edge = |k: usize| (sub_block_start(self.done + k, rate_hz) - origin) as usize;
        energies.fill(0.0);
        let mut batch = Batch::default();
        let rows = self.pending.chunks_exact(row_len);
        for (channel, row) in self.channels.iter_mut().zip(rows).take(self.weighted) {
            for k in 0..count {
                let segment = row.get(edge(k)..edge(k + 1)).unwrap_or_default();
                let carry = k_carry(isa, segment, &self.table);
                let decay = &self.decays[usize::from(segment.len() == longest)];
                let start = channel.state;
                channel.state = KWeight::hand_over(decay, &start, &carry);
                batch.add(segment, start, (k, channel.weight));
                if batch.len == K_LANES {
                    batch.run(isa, &self.filter, energies);
                }
            }
        }
        batch.run(isa, &self.filter, energies);
        #[expect(clippy::cast_possible_truncation, reason = "at most a quantum, 80 ms")]
        let (used, filled) = (edge(count), (self.frames - origin) as usize);
        for row in self.pending.chunks_exact_mut(row_len) {
            move_to_front(row.get_mut(..filled).unwrap_or_default(), used);
        }
        self.done += count;
    }
}
