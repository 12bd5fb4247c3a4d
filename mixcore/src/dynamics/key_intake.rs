//! The way into processors that listen to bands: clean samples, the key beside them, and the audio
//! delayed by the look-ahead.
//!
//! Works in pieces that do not leave a chunk of 64 frames of the absolute counter, at whose end recursive
//! states settle, so that every split of a block gives the same bits.

use super::curve::Curve;
use super::key_filter::{KeyFilter, KeyState};
use super::side_chain::{Span, check_io, stands_at};
use super::travel::Straight;
use crate::audio::{Block, BlockMut, PerChannel, Sample, Store};
use crate::error::Error;
use crate::filters::DelayLine;
use crate::kernels::{self, Isa};
use crate::ramp::Glide;
use crate::stream::Stream;

/// Frames of a piece at most: two chunks of a detector's window.
pub(super) const CHUNK: usize = 64;

/// Recursive states settle at multiples of so many frames.
pub(super) const SETTLE_FRAMES: u64 = CHUNK as u64;

/// A row of control values, one per frame of a piece.
pub(super) type Short = [f32; CHUNK];

/// A row that an object keeps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept(pub(super) Short);

impl Default for Kept {
    fn default() -> Self {
        Self([0.0; CHUNK])
    }
}

/// The first values of a row.
pub(super) fn part<T>(row: &mut [T; CHUNK], frames: usize) -> &mut [T] {
    row.get_mut(..frames).unwrap_or_default()
}

/// Copies as far as both reach.
pub(super) fn copy(to: &mut [f64], from: &[f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// The way in.
#[derive(Debug)]
pub(super) struct KeyIntake<'a, S> {
    isa: Isa,
    filter: KeyFilter,
    /// Of the filter, per channel that over the signal and that over the key.
    states: PerChannel<[KeyState; 2]>,
    /// The last key had one channel, which the first state heard for all.
    one_key: bool,
    /// The look-ahead: what leaves it is wet and dry at once.
    line: DelayLine,
    rings: Store<'a, S>,
    /// Share of what is listened to in what is delayed.
    pub(super) listen: Glide<f32>,
    pub(super) faults: u64,
}

impl<'a, S: Sample> KeyIntake<'a, S> {
    /// Samples that the rings need.
    pub(super) fn memory(lookahead_ms: f64, stream: &Stream) -> usize {
        stream.channel_count().saturating_mul(stream.frames_of_ms(lookahead_ms))
    }

    /// `rings` holds [`KeyIntake::memory`] samples.
    pub(super) fn new(
        lookahead_ms: f64,
        stream: &Stream,
        fade_frames: usize,
        rings: Store<'a, S>,
    ) -> Result<Self, Error> {
        Ok(Self {
            isa: stream.isa,
            filter: KeyFilter::NONE,
            states: PerChannel::new(stream.channel_count())?,
            one_key: false,
            line: DelayLine::new(stream.frames_of_ms(lookahead_ms)),
            rings,
            listen: Glide::new(0.0, fade_frames),
            faults: 0,
        })
    }

    pub(super) fn reset(&mut self) {
        self.rings.fill(S::zero());
        self.states.fill(Default::default());
        self.one_key = false;
        self.listen.settle();
        self.line.reset();
        self.faults = 0;
    }

    pub(super) fn filter(&self) -> KeyFilter {
        self.filter
    }

    /// What is listened to passes from the next frame on; sections that stay in use go on from their
    /// state.
    pub(super) fn set_filter(&mut self, filter: KeyFilter) {
        self.filter = filter;
        self.states.iter_mut().flatten().for_each(|state| state.keep(&filter));
    }

    pub(super) fn lookahead_frames(&self) -> usize {
        self.line.frames()
    }

    /// Checks what is passed in.
    pub(super) fn check(
        &self,
        main: &BlockMut<'_, S>,
        key: Option<&Block<'_, S>>,
    ) -> Result<(), Error> {
        check_io(main, key, self.states.len())
    }

    /// Frames from `now` to where a piece must end.
    pub(super) fn reach(now: u64) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "below 64")]
        {
            CHUNK - (now % CHUNK as u64) as usize
        }
    }

    /// Share of the processed signal in each frame that leaves, with the mix at both ends of a
    /// line; none where it is 1 throughout. The key that is heard travels with the frame with which
    /// it came in.
    pub(super) fn shares(
        &self,
        wet: &Glide<f32>,
        span: Span,
        line: &Straight,
        [from, to]: [f64; 2],
    ) -> Option<Short> {
        let entered = span.now.saturating_sub(self.line.frames() as u64);
        let processed = stands_at(wet, 1.0, span.now) && stands_at(&self.listen, 0.0, entered);
        if from == 1.0 && to == 1.0 && processed {
            return None;
        }
        let mut shares = [1.0; CHUNK];
        for (n, share) in part(&mut shares, span.frames).iter_mut().enumerate() {
            let frame = span.now + n as u64;
            let entered = frame.saturating_sub(self.line.frames() as u64);
            #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
            let mix = line.between(from, to, n) as f32;
            *share = mix * (wet.at(frame) * (1.0 - self.listen.at(entered)));
        }
        shares.iter().any(|share| *share != 1.0).then_some(shares)
    }

    /// Takes a piece of the block: `hear(channel, own, key, listened)` gets what comes in, cleaned and
    /// behind the filter, and writes into `listened` what a key listen lets through; what leaves stands in the block.
    pub(super) fn take(
        &mut self,
        main: &mut BlockMut<'_, S>,
        key: Option<&Block<'_, S>>,
        span: Span,
        mut hear: impl FnMut(usize, &[f64], Option<&[f64]>, &mut [f64]),
    ) {
        let (isa, frames) = (self.isa, span.frames);
        let (listens, each) = (self.listens(span), self.hears_each(key));
        let mut fresh = [S::zero(); CHUNK];
        let (mut own, mut foreign, mut listened) = ([0.0; CHUNK], [0.0; CHUNK], [0.0; CHUNK]);
        let channels = main.channels_mut().zip(self.states.iter_mut()).enumerate();
        for (index, (channel, [own_state, key_state])) in channels {
            let io = span.of(channel);
            let fresh = part(&mut fresh, frames);
            let (own, foreign) = (part(&mut own, frames), part(&mut foreign, frames));
            let listened = part(&mut listened, frames);
            if let Some(key) = key
                && (each || index == 0)
            {
                let samples = key.channels().nth(index).unwrap_or_default();
                let samples = samples.get(span.at..span.at + frames).unwrap_or_default();
                self.faults += kernels::clean(isa, samples, fresh) as u64;
                for (to, from) in foreign.iter_mut().zip(&*fresh) {
                    *to = from.as_f64();
                }
                self.filter.run(key_state, foreign);
            }
            self.faults += kernels::clean(isa, io, fresh) as u64;
            for (to, from) in own.iter_mut().zip(&*fresh) {
                *to = from.as_f64();
            }
            self.filter.run(own_state, own);
            hear(index, own, key.map(|_| &*foreign), listened);
            if listens {
                listen_in(isa, &self.listen, span, fresh, listened.iter().copied());
            }
            self.line.exchange(self.line.ring(&mut self.rings, index), io, fresh);
        }
        self.pass(span);
    }

    /// [`KeyIntake::take`] for two channels at a time, a last one beside silence: `hear(pair, heard,
    /// listened)` gets the frames of the key, or without one of what comes in.
    pub(super) fn take_pairs(
        &mut self,
        main: &mut BlockMut<'_, S>,
        key: Option<&Block<'_, S>>,
        span: Span,
        mut hear: impl FnMut(usize, &[[f64; 2]], &mut [[f64; 2]]),
    ) {
        let (isa, frames) = (self.isa, span.frames);
        let (listens, each) = (self.listens(span), self.hears_each(key));
        let silence = [S::zero(); CHUNK];
        let silence = silence.get(..frames).unwrap_or_default();
        let (mut own, mut foreign, mut listened) =
            ([[0.0; 2]; CHUNK], [[0.0; 2]; CHUNK], [[0.0; 2]; CHUNK]);
        let (own, foreign) = (part(&mut own, frames), part(&mut foreign, frames));
        let listened = part(&mut listened, frames);
        let mut channels = main.channels_mut();
        let mut pair = 0;
        while let Some(first) = channels.next() {
            let index = 2 * pair;
            let first = span.of(first);
            let second = channels.next().map(|channel| span.of(channel));
            let beside = second.as_deref().unwrap_or(silence);
            self.faults += kernels::pair_in(isa, first, beside, own) as u64;
            let is_new = each || index == 0;
            if let Some(key) = key
                && is_new
            {
                let of = |index| {
                    let samples = key.channels().nth(index).unwrap_or(silence);
                    samples.get(span.at..span.at + frames).unwrap_or(silence)
                };
                let beside = if each && second.is_some() { of(index + 1) } else { silence };
                self.faults += kernels::pair_in(isa, of(index), beside, foreign) as u64;
            }
            if !self.filter.is_none() {
                self.filter_pair(index, key.is_some() && is_new, each, [&mut *own, &mut *foreign]);
            }
            if is_new && !each {
                foreign.iter_mut().for_each(|[first, second]| *second = *first);
            }
            hear(pair, if key.is_some() { &*foreign } else { &*own }, listened);
            for (side, io) in [Some(first), second].into_iter().flatten().enumerate() {
                kernels::clean_in_place(isa, io);
                if listens {
                    let heard = listened.iter().filter_map(|frame| frame.get(side).copied());
                    listen_in(isa, &self.listen, span, io, heard);
                }
                self.line.swap(self.line.ring(&mut self.rings, index + side), io);
            }
            pair += 1;
        }
        self.pass(span);
    }

    /// The filter over what comes in on two channels and over their keys.
    fn filter_pair(
        &mut self,
        index: usize,
        new_key: bool,
        each: bool,
        [own, foreign]: [&mut [[f64; 2]]; 2],
    ) {
        let states = self.states.get(index..).unwrap_or_default();
        let of = |channel: usize, side: usize| states.get(channel).and_then(|s| s.get(side));
        let mut all = KeyState::side_by_side([of(0, 0), of(1, 0), of(0, 1), of(1, 1)]);
        let mut unread = [[0.0; 2]; CHUNK];
        let beside = if new_key { foreign } else { part(&mut unread, own.len()) };
        self.filter.run_pairs(self.isa, &mut all, [own, beside]);
        let states = self.states.get_mut(index..).unwrap_or_default();
        for (channel, [own, key]) in states.iter_mut().take(2).enumerate() {
            *own = KeyState::of_lane(&all, channel);
            if new_key && (each || channel == 0) {
                *key = KeyState::of_lane(&all, 2 + channel);
            }
        }
    }

    /// Whether a key is heard, or about to be.
    fn listens(&self, span: Span) -> bool {
        self.listen.target() != 0.0 || !self.listen.is_settled(span.now)
    }

    /// Whether every channel is heard by itself. After a key for all, which the first one's filter
    /// heard, all filters have heard it.
    fn hears_each(&mut self, key: Option<&Block<'_, S>>) -> bool {
        let each = key.is_none_or(|key| key.channel_count() > 1);
        if core::mem::replace(&mut self.one_key, !each)
            && each
            && let Some(([_, first], others)) = self.states.split_first_mut()
        {
            others.iter_mut().for_each(|[_, state]| *state = *first);
        }
        each
    }

    /// All channels have had their turn.
    fn pass(&mut self, span: Span) {
        self.line.pass();
        if span.ends_at_multiple_of(SETTLE_FRAMES) {
            self.states.iter_mut().flatten().for_each(KeyState::settle);
        }
    }
}

/// Lets what is listened to be heard in place of fresh samples.
fn listen_in<S: Sample>(
    isa: Isa,
    listen: &Glide<f32>,
    span: Span,
    fresh: &mut [S],
    heard: impl Iterator<Item = f64>,
) {
    for (n, (to, key)) in fresh.iter_mut().zip(heard).enumerate() {
        let share = f64::from(listen.at(span.now + n as u64));
        let main = to.as_f64();
        *to = S::from_f64(main + (key - main) * share);
    }
    // A filter may raise its key beyond what a sample can hold.
    kernels::clean_in_place(isa, fresh);
}

/// A curve over a row of levels in dB, moving from one end of a line to the other.
pub(super) fn curve_row(isa: Isa, line: &Straight, [a, b]: [&Curve; 2], levels: &[f32]) -> Short {
    let (mut row, mut end) = ([0.0; CHUNK], [0.0; CHUNK]);
    let gains = part(&mut row, levels.len());
    kernels::gain_curve(isa, a.kernel(), levels, gains);
    if !line.is_still() {
        kernels::gain_curve(isa, b.kernel(), levels, part(&mut end, levels.len()));
        for (n, (gain, end)) in gains.iter_mut().zip(&end).enumerate() {
            #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
            {
                *gain += (end - *gain) * line.place(n) as f32;
            }
        }
    }
    row
}
