//! What the tools for dialogue and the ducker share: a grid of short cells, K-weighted energies on it,
//! and the gain that runs straight from one of its points to the next.

use super::voice_mean::bounded;
use crate::audio::{Block, Layout, PerChannel, Sample, Speaker};
use crate::error::Error;
use crate::kernels::{self, Isa, KState, KWeight};
use crate::loudness::{KWeighting, channel_weight};
use crate::stream::Stream;

/// Most frames that are worked on at a time.
pub(super) const CHUNK: usize = 64;

/// Memory that a tool for dialogue asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DialogueStorage {
    /// Samples.
    pub samples: usize,
    /// f64 numbers.
    pub numbers: usize,
}

/// The grid: cells of equal length, counted from the first frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cells {
    frames: usize,
    place: usize,
}

impl Cells {
    /// Cells of at least one frame.
    pub(super) fn new(frames: usize) -> Self {
        Self { frames: frames.max(1), place: 0 }
    }

    /// Frames of a cell.
    pub(super) fn frames(&self) -> usize {
        self.frames
    }

    /// Frames of the running cell so far.
    pub(super) fn place(&self) -> usize {
        self.place
    }

    /// Frames of the next piece, of `left` at the most: it ends with the cell at the latest.
    pub(super) fn piece(&self, left: usize) -> usize {
        (self.frames - self.place).min(CHUNK).min(left)
    }

    /// What runs straight from the first number to the second over the whole cell, at its next frames.
    pub(super) fn line(&self, [from, to]: [f64; 2], row: &mut [f32]) {
        let step = (to - from) / self.length();
        for (place, value) in (self.place..).zip(row) {
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                reason = "a control signal within a cell"
            )]
            {
                *value = (from + step * place as f64) as f32;
            }
        }
    }

    /// A piece is done; whether its cell is complete.
    pub(super) fn pass(&mut self, frames: usize) -> bool {
        self.place += frames;
        let complete = self.place >= self.frames;
        if complete {
            self.place = 0;
        }
        complete
    }

    pub(super) fn reset(&mut self) {
        self.place = 0;
    }

    /// Frames of a cell, as a number.
    pub(super) fn length(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "some thousand frames")]
        {
            self.frames as f64
        }
    }

    /// Multiplies frames of the running cell, from its place on, by the gain that goes straight from
    /// the first number to the second over the whole cell. Gains of 1 keep every bit.
    pub(super) fn apply<S: Sample>(&self, isa: Isa, samples: &mut [S], [from, to]: [f64; 2]) {
        if from != to {
            let step = S::from_f64((to - from) / self.length());
            kernels::gain_ramp(isa, samples, S::from_f64(from), step, self.place);
        } else if from != 1.0 {
            kernels::gain(isa, samples, S::from_f64(from));
        }
    }
}

/// One channel: BS.1770's weight, the filter and Σ y² of the cell at hand.
#[derive(Clone, Copy, Debug, Default)]
struct EarChannel {
    weight: f64,
    state: KState,
    sum: f64,
}

/// K-weighted energies of a signal, cell by cell. A channel of weight 0 is not listened to.
#[derive(Debug)]
pub(super) struct Ear {
    k: KWeight,
    channels: PerChannel<EarChannel>,
}

impl Ear {
    /// For all channels together, each with its weight.
    pub(super) fn new(layout: Layout, rate_hz: f64) -> Result<Self, Error> {
        Self::weighted(layout, rate_hz, channel_weight)
    }

    /// For each channel on its own, wherever it lies.
    pub(super) fn of_each(layout: Layout, rate_hz: f64) -> Result<Self, Error> {
        Self::weighted(layout, rate_hz, |_| 1.0)
    }

    fn weighted(
        layout: Layout,
        rate_hz: f64,
        weight: impl Fn(&Speaker) -> f64,
    ) -> Result<Self, Error> {
        let mut channels = PerChannel::<EarChannel>::new(layout.channel_count())?;
        for (channel, speaker) in channels.iter_mut().zip(layout.speakers()) {
            channel.weight = weight(speaker);
        }
        Ok(Self { k: KWeighting::design(rate_hz)?.kernel(), channels })
    }

    /// Listens to at most [`CHUNK`] frames, beyond +20 dBFS as at +20 dBFS; the samples that were taken as
    /// 0. The sums run serially, so every split gives the same bits.
    pub(super) fn hear<S: Sample>(&mut self, block: &Block<'_, S>, stream: &Stream) -> usize {
        let mut faults = 0;
        for (channel, samples) in self.channels.iter_mut().zip(block.channels()) {
            let mut clean = [S::zero(); CHUNK];
            let Some(clean) = clean.get_mut(..samples.len()) else { continue };
            faults += kernels::clean(stream.isa, samples, clean);
            if channel.weight == 0.0 {
                continue;
            }
            for x in clean {
                let (y, next) = self.k.step(channel.state, bounded(x.as_f64()));
                channel.state = next;
                channel.sum += y * y;
            }
        }
        faults
    }

    /// Weighted energy of all channels since the last call.
    pub(super) fn take(&mut self) -> f64 {
        let mut energy = 0.0;
        for channel in self.channels.iter_mut() {
            energy += channel.weight * take(channel);
        }
        energy
    }

    /// Energy of each channel since the last call.
    pub(super) fn take_each(&mut self) -> impl Iterator<Item = f64> {
        self.channels.iter_mut().map(take)
    }

    pub(super) fn reset(&mut self) {
        for channel in self.channels.iter_mut() {
            *channel = EarChannel { weight: channel.weight, ..EarChannel::default() };
        }
    }
}

/// Energy of a channel since the last call; filters whose states are tiny come to rest.
fn take(channel: &mut EarChannel) -> f64 {
    channel.state = kernels::settled_k(channel.state);
    core::mem::take(&mut channel.sum)
}

impl Ear {
    /// Deaf to the channels that `hears` denies.
    pub(super) fn deaf_but(mut self, hears: impl Fn(usize) -> bool) -> Self {
        for (index, channel) in self.channels.iter_mut().enumerate() {
            if !hears(index) {
                channel.weight = 0.0;
            }
        }
        self
    }
}
