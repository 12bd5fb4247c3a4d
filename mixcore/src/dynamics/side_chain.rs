//! The way into a dynamics processor: clean samples, the key and its filter, levels per channel and
//! per linked group, and the audio delayed by the look-ahead.
//!
//! Works in pieces of at most 256 frames. Where something remembers (a key filter, a window), they do not
//! leave a chunk of 256 frames of the absolute counter, at whose end it settles: so every split of a block
//! gives the same bits.

use super::detector::{DETECTOR_CHUNK, Detector, Ear, Listening, raise};
use super::key_filter::{KeyFilter, KeyState};
use super::link::LinkGroups;
use super::reduction::copy_row;
use super::travel::Straight;
use crate::audio::{Block, BlockMut, PerChannel, Sample, Store, check_frames};
use crate::error::Error;
use crate::filters::DelayLine;
use crate::kernels::{self, Isa};
use crate::ramp::Glide;
use crate::stream::Stream;

/// Frames of a piece at most: a multiple of 64, long enough that what a pass costs to begin is small
/// against its work.
pub(super) const PIECE: usize = 256;

/// Longest look-ahead, ms: the trade's (LSP compressor and gate: 0 to 20 ms).
pub const MAX_DYNAMICS_LOOKAHEAD_MS: f64 = 20.0;

/// A row of control values, one per frame of a piece.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row(pub(super) [f32; PIECE]);

impl Default for Row {
    fn default() -> Self {
        Self([0.0; PIECE])
    }
}

impl Row {
    pub(super) fn of(&mut self, frames: usize) -> &mut [f32] {
        self.0.get_mut(..frames).unwrap_or_default()
    }
}

/// What is fixed for life.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChainSetup {
    pub(super) lookahead_ms: f64,
    pub(super) detector: Detector,
    pub(super) groups: LinkGroups,
}

/// The part of a block that is worked on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// First frame in the block.
    pub(super) at: usize,
    pub(super) frames: usize,
    /// Absolute frame of the first one.
    pub(super) now: u64,
}

impl Span {
    /// This part of a channel.
    pub(super) fn of<'s, T>(&self, channel: &'s mut [T]) -> &'s mut [T] {
        channel.get_mut(self.at..self.at.saturating_add(self.frames)).unwrap_or_default()
    }

    /// This part of a channel, read only.
    fn in_key<'s, T>(&self, channel: &'s [T]) -> &'s [T] {
        channel.get(self.at..self.at.saturating_add(self.frames)).unwrap_or_default()
    }

    /// How many chunks of an absolute grid end in this part.
    pub(super) fn ends_of(&self, grid: u64) -> u64 {
        let end = self.now + self.frames as u64;
        let chunks = |frame: u64| frame.checked_div(grid).unwrap_or_default();
        chunks(end).saturating_sub(chunks(self.now))
    }

    /// Whether a grid of absolute frames has a point right after this part.
    pub(super) fn ends_at_multiple_of(&self, grid: u64) -> bool {
        grid != 0 && (self.now + self.frames as u64).is_multiple_of(grid)
    }
}

/// Which levels a processor asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Of every channel.
    pub(super) own: bool,
    /// Of every group: of its loudest channel, or its loudness.
    pub(super) linked: bool,
}

/// One channel.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    pub(super) group: usize,
    /// Level of this channel's key, dB, if it was wanted.
    pub(super) level: Row,
    /// How much it counts for its group.
    weight: f32,
    filter: KeyState,
    ear: Ear,
}

/// Rows for one channel of a piece; nothing stays in them.
#[derive(Debug)]
struct Scratch<S> {
    /// What came in, clean.
    fresh: [S; PIECE],
    /// The key, clean.
    foreign: [S; PIECE],
    /// The key behind its filter, and that behind the detector's weighting.
    passed: [f64; PIECE],
    weighted: [f64; PIECE],
    /// Magnitudes or mean squares.
    found: Row,
}

/// The way in.
#[derive(Debug)]
pub(super) struct SideChain<'a, S> {
    isa: Isa,
    listening: Listening,
    filter: KeyFilter,
    /// Share of the key in what is delayed: key listen.
    pub(super) listen: Glide<f32>,
    /// The look-ahead: what leaves it is wet and dry at once.
    line: DelayLine,
    /// A ring per channel.
    delays: Store<'a, S>,
    /// What the detector's window needs, per channel.
    squares: Store<'a, f64>,
    pub(super) lanes: PerChannel<Lane>,
    /// Level of each group's keys, dB, if it was wanted.
    pub(super) groups: PerChannel<Row>,
    /// The window's current chunk.
    slot: usize,
    /// The last key had one channel, which the first lane heard for all.
    one_key: bool,
    pub(super) faults: u64,
    scratch: Scratch<S>,
}

impl ChainSetup {
    pub(super) fn validate(&self) -> Result<(), Error> {
        self.detector.validate()?;
        Error::check_range("lookahead_ms", self.lookahead_ms, 0.0, MAX_DYNAMICS_LOOKAHEAD_MS)
            .map(|_| ())
    }

    /// Samples and values that the rings need.
    pub(super) fn memory(&self, stream: &Stream) -> Result<(usize, usize), Error> {
        self.validate()?;
        stream.validate()?;
        let listening = self.detector.listening(stream)?;
        let channels = stream.channel_count();
        let lookahead = stream.frames_of_ms(self.lookahead_ms);
        Ok((channels * lookahead, channels * listening.memory_len()))
    }
}

impl<'a, S: Sample> SideChain<'a, S> {
    pub(super) fn new(
        setup: &ChainSetup,
        stream: &Stream,
        fade_frames: usize,
        delays: Store<'a, S>,
        squares: Store<'a, f64>,
    ) -> Result<Self, Error> {
        let listening = setup.detector.listening(stream)?;
        let mut lanes = PerChannel::<Lane>::new(stream.channel_count())?;
        for (index, lane) in lanes.iter_mut().enumerate() {
            lane.group = setup.groups.group_of(stream.layout, index);
            lane.weight = listening.weight(stream.layout, index);
        }
        Ok(Self {
            isa: stream.isa,
            listening,
            filter: KeyFilter::NONE,
            listen: Glide::new(0.0, fade_frames),
            line: DelayLine::new(stream.frames_of_ms(setup.lookahead_ms)),
            delays,
            squares,
            lanes,
            groups: PerChannel::new(setup.groups.count(stream.layout))?,
            slot: 0,
            one_key: false,
            faults: 0,
            scratch: Scratch {
                fresh: [S::zero(); PIECE],
                foreign: [S::zero(); PIECE],
                passed: [0.0; PIECE],
                weighted: [0.0; PIECE],
                found: Row::default(),
            },
        })
    }

    pub(super) fn reset(&mut self) {
        self.delays.fill(S::zero());
        self.squares.fill(0.0);
        for lane in self.lanes.iter_mut() {
            lane.filter = KeyState::default();
            lane.ear = Ear::default();
        }
        self.listen.settle();
        self.line.reset();
        self.slot = 0;
        self.one_key = false;
        self.faults = 0;
    }

    pub(super) fn lookahead_frames(&self) -> usize {
        self.line.frames()
    }

    /// Whether all that leaves from a frame on is the processed signal: no bypass, no key heard.
    pub(super) fn is_processed(&self, wet: &Glide<f32>, frame: u64) -> bool {
        stands_at(wet, 1.0, frame) && stands_at(&self.listen, 0.0, self.entered(frame))
    }

    /// Share of the processed signal in what leaves at a frame.
    pub(super) fn processed_share(&self, wet: &Glide<f32>, frame: u64) -> f32 {
        wet.at(frame) * (1.0 - self.listen.at(self.entered(frame)))
    }

    /// The same in each frame of a piece, with the mix at both ends of a line; none where it is 1
    /// throughout.
    pub(super) fn shares(
        &self,
        wet: &Glide<f32>,
        span: Span,
        line: &Straight,
        [from, to]: [f64; 2],
    ) -> Option<Row> {
        if from == 1.0 && to == 1.0 && self.is_processed(wet, span.now) {
            return None;
        }
        let mut shares = Row::default();
        for (n, share) in shares.of(span.frames).iter_mut().enumerate() {
            #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
            let mix = line.between(from, to, n) as f32;
            *share = mix * self.processed_share(wet, span.now + n as u64);
        }
        Some(shares)
    }

    /// When what leaves at a frame came in: the key that is heard travels with its frame.
    fn entered(&self, frame: u64) -> u64 {
        frame.saturating_sub(self.line.frames() as u64)
    }

    pub(super) fn filter(&self) -> KeyFilter {
        self.filter
    }

    /// What the key passes from the next frame on; sections that stay in use go on from their state.
    pub(super) fn set_filter(&mut self, filter: KeyFilter) {
        self.filter = filter;
        for lane in self.lanes.iter_mut() {
            lane.filter.keep(&filter);
        }
    }

    /// Checks what is passed in.
    pub(super) fn check(
        &self,
        main: &BlockMut<'_, S>,
        key: Option<&Block<'_, S>>,
    ) -> Result<(), Error> {
        check_io(main, key, self.lanes.len())
    }

    /// Frames from `now` to where a piece must end.
    pub(super) fn reach(&self, now: u64) -> usize {
        piece_reach(now)
    }

    /// The same for an owner that settles in the midst of a piece ([`super::ballistics::Ballistics::run_on_grid`]):
    /// without a filter and a window nothing else falls due on the grid, and fewer pieces cost less.
    pub(super) fn free_reach(&self, now: u64) -> usize {
        if self.listening.is_plain() && self.filter.is_none() { PIECE } else { piece_reach(now) }
    }

    /// Takes a piece of the block: what comes in is cleaned, listened to and delayed; what leaves
    /// stands in the block, without its gain.
    pub(super) fn take(
        &mut self,
        main: &mut BlockMut<'_, S>,
        key: Option<&Block<'_, S>>,
        span: Span,
        wanted: Wanted,
    ) {
        let (isa, frames) = (self.isa, span.frames);
        let listens = !stands_at(&self.listen, 0.0, span.now);
        let plain = self.listening.is_plain() && self.filter.is_none() && !listens;
        // Nothing is delayed and no key heard: what comes in is what leaves.
        let in_place = self.line.frames() == 0 && !listens;
        let each = key.is_none_or(|key| key.channel_count() > 1);
        #[expect(clippy::cast_possible_truncation, reason = "below 32")]
        let place = (self.slot, (span.now % DETECTOR_CHUNK as u64) as usize);
        let memory = self.listening.memory_len();
        if core::mem::replace(&mut self.one_key, !each) && each {
            self.spread(memory);
        }
        if wanted.linked {
            for group in self.groups.iter_mut() {
                group.of(frames).fill(0.0);
            }
        }
        let Scratch { fresh, foreign, passed, weighted, found } = &mut self.scratch;
        let fresh = fresh.get_mut(..frames).unwrap_or_default();
        let foreign = foreign.get_mut(..frames).unwrap_or_default();
        let passed = passed.get_mut(..frames).unwrap_or_default();
        let weighted = weighted.get_mut(..frames).unwrap_or_default();
        let found = found.of(frames);
        for (index, (channel, lane)) in main.channels_mut().zip(self.lanes.iter_mut()).enumerate() {
            let io = span.of(channel);
            self.faults += if in_place {
                kernels::clean_in_place(isa, io)
            } else {
                kernels::clean(isa, io, fresh)
            } as u64;
            let is_new = each || index == 0;
            if let Some(key) = key
                && is_new
            {
                let samples = span.in_key(key.channels().nth(index).unwrap_or_default());
                self.faults += kernels::clean(isa, samples, foreign) as u64;
            }
            let heard: &[S] = match key {
                Some(_) => &*foreign,
                None if in_place => &*io,
                None => &*fresh,
            };
            let group = self.groups.get_mut(lane.group).map(|group| group.of(frames));
            if plain {
                if wanted.own {
                    lane.level.of(frames).fill(0.0);
                    raise(isa, heard, lane.level.of(frames));
                }
                if let Some(group) = group
                    && wanted.linked
                {
                    raise(isa, heard, group);
                }
            } else {
                if is_new {
                    for (to, from) in passed.iter_mut().zip(heard) {
                        *to = from.as_f64();
                    }
                    self.filter.run(&mut lane.filter, passed);
                    for (to, from) in weighted.iter_mut().zip(&*passed) {
                        *to = *from;
                    }
                    let start = index.saturating_mul(memory);
                    let squares = self.squares.get_mut(start..start.saturating_add(memory));
                    let squares = squares.unwrap_or_default();
                    self.listening.measure(isa, &mut lane.ear, squares, place, weighted, found);
                }
                let group = group.filter(|_| wanted.linked);
                self.listening.join(isa, lane.weight, !each, found, group);
                if wanted.own {
                    copy_row(lane.level.of(frames), found);
                }
                if listens {
                    for (n, (to, key)) in fresh.iter_mut().zip(&*passed).enumerate() {
                        let share = f64::from(self.listen.at(span.now + n as u64));
                        let main = to.as_f64();
                        *to = S::from_f64(main + (*key - main) * share);
                    }
                    // A filter may raise its key beyond what a sample can hold.
                    kernels::clean_in_place(isa, fresh);
                }
            }
            if in_place {
                continue;
            }
            self.line.exchange(self.line.ring(&mut self.delays, index), io, fresh);
        }
        self.line.pass();
        self.finish(span, wanted);
    }

    /// What the first lane heard for all becomes what each of them has heard.
    fn spread(&mut self, memory: usize) {
        if let Some((first, others)) = self.lanes.split_first_mut() {
            for lane in others {
                (lane.filter, lane.ear) = (first.filter, first.ear);
            }
        }
        let Some((first, mut rest)) = self.squares.split_at_mut_checked(memory) else { return };
        while memory > 0
            && let Some((part, later)) = core::mem::take(&mut rest).split_at_mut_checked(memory)
        {
            for (to, from) in part.iter_mut().zip(&*first) {
                *to = *from;
            }
            rest = later;
        }
    }

    /// Levels in dB, and what falls due at the ends of chunks.
    fn finish(&mut self, span: Span, wanted: Wanted) {
        if wanted.own {
            for lane in self.lanes.iter_mut() {
                self.listening.levels_db(self.isa, lane.level.of(span.frames));
            }
        }
        if wanted.linked {
            for group in self.groups.iter_mut() {
                self.listening.levels_db(self.isa, group.of(span.frames));
            }
        }
        self.slot = self.listening.slot_after(self.slot, span);
        if span.ends_at_multiple_of(PIECE as u64) {
            // What is not in use stands at 0.
            let (filters, ears) = (!self.filter.is_none(), !self.listening.is_plain());
            for lane in self.lanes.iter_mut().filter(|_| filters || ears) {
                lane.filter.settle();
                lane.ear.settle();
            }
        }
    }
}

/// A block has the stream's channels; a key has one channel for all or one for each, and as many frames
/// as the block.
pub(super) fn check_io<S: Sample>(
    main: &BlockMut<'_, S>,
    key: Option<&Block<'_, S>>,
    channels: usize,
) -> Result<(), Error> {
    main.check_channels("block", channels)?;
    let Some(key) = key else { return Ok(()) };
    if key.channel_count() != 1 {
        key.check_channels("key", channels)?;
    }
    check_frames("key", key.frames(), main.frames())
}

/// Frames from an absolute frame to where a piece must end.
pub(super) fn piece_reach(now: u64) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "below PIECE")]
    {
        PIECE - (now % PIECE as u64) as usize
    }
}

/// Whether a share stands at a value from a frame on.
pub(super) fn stands_at(share: &Glide<f32>, value: f32, frame: u64) -> bool {
    share.target() == value && share.is_settled(frame)
}
