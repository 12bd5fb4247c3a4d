//! K-weighting of a stream, sub-block by sub-block: what a loudness meter's history is made of.
//!
//! When the rows ([`SubBlockRows`]) hold a whole sub-block it is filtered there, each channel by
//! itself. The weighted energy of a sub-block is summed in channel order.
//!
//! Sources: ITU-R BS.1770-5, Annex 1. Cost: see [`crate::kernels::k_energy`], the same for blocks of
//! any length.

use super::gating::sub_block_start;
use super::k_weighting::KWeighting;
use super::power::channel_weight;
use super::sub_block_rows::{SubBlockRows, longest_sub_block, shortest_sub_block};
use crate::audio::{Block, Layout, MAX_LAYOUT_CHANNELS, PerChannel, Sample, Store};
use crate::error::Error;
use crate::kernels::{KSegments, KState, KWeight, k_carry, k_energy};
use crate::stream::Stream;

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
    rows: SubBlockRows<'a, S>,
    k: KSegments,
    /// Decay over a sub-block of the shorter and of the longer length.
    decays: [[KState; 4]; 2],
    longest: usize,
    /// The table of `k`, then what it works in.
    numbers: Store<'a, f64>,
    channels: PerChannel<ChannelState>,
}

impl<'a, S: Sample> SubBlockFilter<'a, S> {
    /// Lengths of `rows` and of `numbers`.
    pub(super) fn required_len(stream: &Stream) -> (usize, usize) {
        let numbers = KSegments::required_len(shortest_sub_block(stream));
        (SubBlockRows::<S>::required_len(stream), numbers)
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
        let rows = SubBlockRows::new(stream, rows);
        Ok(Self { stream, rows, k, decays, longest, numbers, channels })
    }

    /// At rest again.
    pub(super) fn reset(&mut self) {
        for channel in self.channels.iter_mut() {
            channel.state = [0.0; 4];
        }
        self.rows.reset();
    }

    /// Goes on at the start of that sub-block, from these states and at rest where there are none;
    /// nothing is counted yet.
    pub(super) fn begin(&mut self, sub_block: usize, states: &[KState]) {
        self.reset();
        self.rows.go_to(sub_block);
        for (channel, state) in self.channels.iter_mut().zip(states) {
            channel.state = *state;
        }
    }

    /// Goes on where another filter of the same stream is.
    pub(super) fn follow(&mut self, other: &SubBlockFilter<'_, S>) {
        self.rows.follow(&other.rows);
        for (channel, other) in self.channels.iter_mut().zip(other.channels.iter()) {
            channel.state = other.state;
            channel.energy = other.energy;
        }
    }

    /// The state of every channel, filtered or not.
    pub(super) fn states(&self) -> [KState; MAX_LAYOUT_CHANNELS] {
        let mut states = [[0.0; 4]; MAX_LAYOUT_CHANNELS];
        for (state, channel) in states.iter_mut().zip(self.channels.iter()) {
            *state = channel.state;
        }
        states
    }

    /// Channels that are filtered; every layout has one.
    pub(super) fn filtered(&self) -> usize {
        self.channels.iter().filter(|channel| channel.filtered).count().max(1)
    }

    /// Frames taken so far.
    pub(super) fn frames(&self) -> u64 {
        self.rows.frames()
    }

    /// Whole sub-blocks so far.
    pub(super) fn done(&self) -> usize {
        self.rows.done()
    }

    /// Samples so far at or over full scale.
    pub(super) fn clipped(&self) -> u64 {
        self.rows.clipped()
    }

    /// The clean samples of the last take, every channel.
    pub(super) fn fresh(&self) -> Block<'_, S> {
        self.rows.fresh()
    }

    /// Takes the frames of `block` from `from` on, up to the end of the sub-block.
    pub(super) fn take(&mut self, block: &Block<'_, S>, from: usize) -> Taken {
        let before = (self.rows.faults(), self.rows.clipped());
        let (frames, complete) = self.rows.take(block, from);
        self.taken(before, frames, complete)
    }

    /// [`SubBlockFilter::take`] of whole interleaved frames.
    pub(super) fn take_interleaved(&mut self, samples: &[S]) -> Taken {
        let before = (self.rows.faults(), self.rows.clipped());
        let (frames, complete) = self.rows.take_interleaved(samples);
        self.taken(before, frames, complete)
    }

    /// As [`SubBlockFilter::take`], but does no more than [`k_carry`] when the sub-block is complete:
    /// one for each filtered channel, in order. Returns the frames taken, and whether there are
    /// carries.
    pub(super) fn take_carries(
        &mut self,
        block: &Block<'_, S>,
        from: usize,
        carries: &mut [KState],
    ) -> (usize, bool) {
        let (frames, complete) = self.rows.take(block, from);
        if complete {
            let numbers = self.numbers.split_at_mut_checked(self.k.table_len());
            let (table, work) = numbers.unwrap_or_default();
            let rows = self.channels.iter().zip(self.rows.rows());
            let rows = rows.filter(|(channel, _)| channel.filtered);
            for ((_, row), carry) in rows.zip(carries) {
                *carry = k_carry(self.stream.isa, &self.k, table, row, work);
            }
            self.rows.advance();
        }
        (frames, complete)
    }

    /// The states of every channel after that sub-block, by its carries.
    pub(super) fn hand_over(&self, sub_block: usize, carries: &[KState], states: &mut [KState]) {
        let start = |sub_block: usize| sub_block_start(sub_block, self.stream.rate_hz);
        let decay = self.decay((start(sub_block + 1) - start(sub_block)) as usize);
        let channels = self.channels.iter().zip(states).filter(|(channel, _)| channel.filtered);
        for ((_, state), carry) in channels.zip(carries) {
            *state = KWeight::hand_over(decay, state, carry);
        }
    }

    /// A^frames of a whole sub-block.
    fn decay(&self, frames: usize) -> &[KState; 4] {
        &self.decays[usize::from(frames == self.longest)]
    }

    fn taken(&mut self, before: (u64, u64), frames: usize, complete: bool) -> Taken {
        Taken {
            frames,
            faults: self.rows.faults() - before.0,
            clipped: self.rows.clipped() - before.1,
            energy: complete.then(|| self.filter_sub_block()),
        }
    }

    fn filter_sub_block(&mut self) -> f64 {
        let decay = &self.decays[usize::from(self.rows.fill() == self.longest)];
        let numbers = self.numbers.split_at_mut_checked(self.k.table_len());
        let (table, work) = numbers.unwrap_or_default();
        let mut energy = 0.0;
        for (channel, row) in self.channels.iter_mut().zip(self.rows.rows()) {
            if channel.filtered {
                let found = k_energy(self.stream.isa, &self.k, table, row, &channel.state, work);
                channel.state = KWeight::hand_over(decay, &channel.state, &found.carry);
                channel.energy = found.energy;
                energy += channel.weight * found.energy;
            }
        }
        self.rows.advance();
        energy
    }

    /// Energies of the last sub-block without the weights, channel by channel; 0 for what is not
    /// filtered.
    pub(super) fn channel_energies(&self) -> impl Iterator<Item = f64> + '_ {
        self.channels.iter().map(|channel| channel.energy)
    }
}
