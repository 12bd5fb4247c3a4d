//! The way of a ducker's key: its filter, the delay that keeps it in step with what leaves, and key
//! listen.

use super::cells::CHUNK;
use super::key_filter::{KeyFilter, KeyState};
use crate::audio::{Block, BlockMut, Layout, MAX_LAYOUT_CHANNELS, PerChannel, Sample, Store};
use crate::error::Error;
use crate::filters::DelayLine;
use crate::kernels;
use crate::ramp::{Glide, ramp_frames};
use crate::stream::Stream;

/// Filter, delay and listen.
#[derive(Debug)]
pub(super) struct KeyPath<'a, S> {
    stream: Stream,
    filter: KeyFilter,
    states: PerChannel<KeyState>,
    listen: Glide<f32>,
    /// A ring for each channel of the key, in step with the stream's.
    rings: Store<'a, S>,
    line: DelayLine,
}

impl<'a, S: Sample> KeyPath<'a, S> {
    /// Samples that the rings need.
    pub(super) fn required_len(layout: Layout, latency: usize) -> usize {
        layout.channel_count() * latency
    }

    /// For a key of a layout, beside a stream with this latency; `rings` has the required length.
    pub(super) fn new(
        layout: Layout,
        stream: Stream,
        latency: usize,
        rings: Store<'a, S>,
    ) -> Result<Self, Error> {
        Ok(Self {
            stream,
            filter: KeyFilter::NONE,
            states: PerChannel::new(layout.channel_count())?,
            listen: Glide::new(0.0, ramp_frames(stream.rate_hz)),
            rings,
            line: DelayLine::new(latency),
        })
    }

    pub(super) fn reset(&mut self) {
        for state in self.states.iter_mut() {
            *state = KeyState::default();
        }
        self.listen.settle();
        self.rings.fill(S::zero());
        self.line.reset();
    }

    pub(super) fn filter(&self) -> KeyFilter {
        self.filter
    }

    pub(super) fn set_filter(&mut self, filter: KeyFilter) {
        self.filter = filter;
        for state in self.states.iter_mut() {
            state.keep(&filter);
        }
    }

    pub(super) fn set_listen(&mut self, listen: bool, now: u64) {
        self.listen.move_to(if listen { 1.0 } else { 0.0 }, now);
    }

    /// Lets states that nobody hears come to rest: at points of an absolute grid.
    pub(super) fn settle(&mut self) {
        for state in self.states.iter_mut() {
            state.settle();
        }
    }

    /// Up to [`CHUNK`] frames of the key behind its filter, clean; none without a filter.
    pub(super) fn filtered(
        &mut self,
        key: Option<&Block<'_, S>>,
        frames: usize,
    ) -> Option<Rows<S>> {
        if self.filter.is_none() {
            return None;
        }
        let isa = self.stream.isa;
        let mut rows = Rows { rows: [[S::zero(); CHUNK]; MAX_LAYOUT_CHANNELS], frames };
        for ((index, state), row) in self.states.iter_mut().enumerate().zip(&mut rows.rows) {
            let row = row.get_mut(..frames).unwrap_or_default();
            if let Some(samples) = key.and_then(|key| key.channels().nth(index)) {
                kernels::clean(isa, samples, row);
            }
            let mut passed = [0.0; CHUNK];
            let passed = passed.get_mut(..frames).unwrap_or_default();
            for (to, from) in passed.iter_mut().zip(&*row) {
                *to = from.as_f64();
            }
            self.filter.run(state, passed);
            for (to, from) in row.iter_mut().zip(&*passed) {
                *to = S::from_f64(*from);
            }
            // A filter may raise its key beyond what a sample can hold.
            kernels::clean_in_place(isa, row);
        }
        Some(rows)
    }

    /// Delays the key, or what its filter made of it, from the absolute frame `now` on. `main` holds
    /// what leaves and becomes the delayed key as far as that is listened to.
    pub(super) fn exchange(
        &mut self,
        key: Option<&Block<'_, S>>,
        filtered: Option<&Rows<S>>,
        main: &mut BlockMut<'_, S>,
        now: u64,
    ) {
        let (isa, frames) = (self.stream.isa, main.frames());
        let mut shares = [1.0; CHUNK];
        let shares = shares.get_mut(..frames).unwrap_or_default();
        let listens = self.listen.target() != 0.0 || !self.listen.is_settled(now);
        if listens {
            self.listen.fill(now, shares);
            shares.iter_mut().for_each(|share| *share = 1.0 - *share);
        }
        let channels = self.states.len();
        for index in 0..channels {
            let (mut fresh, mut leaving) = ([S::zero(); CHUNK], [S::zero(); CHUNK]);
            let fresh = fresh.get_mut(..frames).unwrap_or_default();
            let leaving = leaving.get_mut(..frames).unwrap_or_default();
            if let Some(row) = filtered.and_then(|rows| rows.rows.get(index)) {
                for (to, from) in fresh.iter_mut().zip(row) {
                    *to = *from;
                }
            } else if let Some(samples) = key.and_then(|key| key.channels().nth(index)) {
                kernels::clean(isa, samples, fresh);
            }
            self.line.exchange(self.line.ring(&mut self.rings, index), leaving, fresh);
            if listens {
                let heard = main.channels_mut().enumerate();
                for (_, io) in heard.filter(|(at, _)| channels == 1 || *at == index) {
                    kernels::blend(isa, io, leaving, shares);
                }
            }
        }
        self.line.pass();
        if listens && channels > 1 {
            // No channel of the key belongs to these.
            for io in main.channels_mut().skip(channels) {
                kernels::blend(isa, io, &[S::zero(); CHUNK], shares);
            }
        }
    }
}

/// A piece of the key, channel by channel.
#[derive(Debug)]
pub(super) struct Rows<S> {
    rows: [[S; CHUNK]; MAX_LAYOUT_CHANNELS],
    frames: usize,
}

impl<S: Sample> Rows<S> {
    /// As a block of the key's channels.
    pub(super) fn block(&self, channels: usize) -> Result<Block<'_, S>, Error> {
        Ok(Block::new(self.rows.get(..channels).unwrap_or_default())?.range(0, self.frames))
    }
}
