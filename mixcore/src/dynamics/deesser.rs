//! A de-esser that hears how far sibilants stand out, so that quiet esses are treated like loud
//! ones.
//!
//! > d = min(L_s − L − T, L_s − F), G = −(1 − 1/R)·over(d), at least −range
//!
//! L_s is the level of the sibilants (what the split or the bell will turn down), L that of the
//! whole, both mean squares over one window; T the threshold, F the floor. As L_s − L does not
//! change with the level of the voice, neither does the reduction; below the floor there is none,
//! so hiss in pauses is left alone. The gain moves in dB with defined times, and a hold bridges esses
//! that follow one another.
//!
//! # Split and bell
//! > split: y = low + g·high, with the flat sum of [`crate::filters::Crossover`] at 24 dB/oct
//! > bell:  y = a bell at `hz` with the gain G ([`super::moving_band`])
//!
//! At rest the split is an all-pass and the bell every bit of the signal. Dry and processed signal
//! have one phase in both, so a mix cannot comb; a bypass leaves what rests leaves.
//!
//! # Link
//! > L_s and L are the highest of a group; G_i = (1 − k)·G(own) + k·G(group)
//!
//! so a channel with little but treble in it does not turn the dialogue down.
//!
//! # Key
//! An external key is judged in place of the signal. A key filter comes before both levels: what it
//! keeps out (plosives, hum) counts for neither. Key listen lets the sibilants of the key be heard,
//! which is how `hz` is found.
//!
//! Sources: split band and bell as the trade has them; the relative detector's floor and the link by
//! levels are ours.
//!
//! Cost: what is heard runs two channels at a time, the windows of both levels of both side by side; then
//! the crossover or a state-variable filter, and one follower a group of linked channels.
//! Latency: the look-ahead, 2 ms by default.
//!
//! Limits: the window is 5 ms at least, so half an ess of that length passes before the ratio is
//! full. One band; several in a row are several de-essers.

use super::ballistics::Ballistics;
use super::deesser_gains::{Levels, Settings, Voice, join, linear};
use super::deesser_params::{DeEsserMode, DeEsserParams, DeEsserSetup, Point, ballistics};
use super::deesser_split::{Split, TWO_BANDS, crossing};
use super::detector::{DETECTOR_CHUNK, Listening};
use super::key_filter::KeyFilter;
use super::key_intake::{CHUNK, KeyIntake, SETTLE_FRAMES, part};
use super::moving_band::{BandState, MovingShape, run_pair};
use super::pair_window::PairEars;
use super::reduction::{ReductionLog, ReductionStats, copy_row, mixed_db, raise_row};
use super::side_chain::Span;
use super::travel::Travel;
use super::unit;
use crate::audio::{Block, BlockMut, PerChannel, Sample, Store, check_frames};
use crate::error::Error;
use crate::filters::Crossover;
use crate::kernels;
use crate::ramp::{self, Glide};
use crate::stream::{Convert, Field, Io, Process, Processor, Stream};

/// Memory that [`DeEsser::new_in`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeEsserStorage {
    /// Samples: the look-ahead and, where the band is split off, a piece of both bands.
    pub samples: usize,
    /// Values: the windows and, where the band is split off, the crossover.
    pub values: usize,
}

/// A de-esser with a relative detector, split band or dynamic bell.
///
/// It takes an external key of one channel or of as many as the stream has.
///
/// # Latency
/// `lookahead_ms`, 2 ms by default.
///
/// # Real time
/// `process`, `set_params`, `set_key_filter` and `reset` neither allocate nor wait.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::dynamics::{DeEsser, DeEsserParams, DeEsserSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Stream};
///
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let (setup, params) = (DeEsserSetup::default(), DeEsserParams::default());
/// let mut deesser = DeEsser::<f32>::new(setup, params, stream)?;
/// // An ess at -46 dBFS: nearly all of it is sibilant, 9 dB over the relative threshold.
/// let mut ess: Vec<f32> = (0..4800).map(|n| if n % 6 < 3 { 0.005 } else { -0.005 }).collect();
/// deesser.process(Io::new(BlockMut::mono(&mut ess)))?;
/// assert!((deesser.gain_reduction_db() - 6.8).abs() < 0.2);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct DeEsser<'a, S> {
    stream: Stream,
    setup: DeEsserSetup,
    travel: Travel<DeEsserParams>,
    target: Point,
    ballistics: Ballistics,
    listening: Listening,
    intake: KeyIntake<'a, S>,
    /// Of each pair of channels: the filter of the sibilants, the windows of these and of the whole.
    ears: PerChannel<PairEars>,
    /// Squares of the windows, pair by pair.
    squares: Store<'a, f64>,
    /// The window's current chunk.
    slot: usize,
    split: Option<Split<'a, S>>,
    voices: PerChannel<Voice>,
    groups: PerChannel<Levels>,
    wet: Glide<f32>,
    log: ReductionLog,
    now: u64,
}

#[cfg(feature = "alloc")]
impl<S: Sample> DeEsser<'static, S> {
    /// A de-esser with memory of its own.
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds; `hz` above 0.49 of the rate.
    pub fn new(setup: DeEsserSetup, params: DeEsserParams, stream: Stream) -> Result<Self, Error> {
        let plan = setup.plan(&stream)?;
        params.check(&stream)?;
        let split = match setup.mode {
            DeEsserMode::Bell => None,
            DeEsserMode::Split => Some(Split {
                crossover: Crossover::new(TWO_BANDS, crossing(&params), stream)?,
                bands: Store::owned(plan.bands, S::zero()),
            }),
        };
        let rings = Store::owned(plan.rings, S::zero());
        let squares = Store::owned(plan.squares, 0.0);
        Self::build(setup, params, stream, (rings, squares), split)
    }
}

impl<'a, S: Sample> DeEsser<'a, S> {
    /// The memory that [`DeEsser::new_in`] needs.
    ///
    /// # Errors
    /// A setup or rate outside its bounds.
    pub fn required_len(setup: DeEsserSetup, stream: Stream) -> Result<DeEsserStorage, Error> {
        let plan = setup.plan(&stream)?;
        Ok(DeEsserStorage {
            samples: plan.rings + plan.bands,
            values: plan.squares + plan.crossover,
        })
    }

    /// A de-esser in lent memory of at least [`DeEsser::required_len`].
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, `hz` above 0.49 of the rate, or too little
    /// memory.
    pub fn new_in(
        setup: DeEsserSetup,
        params: DeEsserParams,
        stream: Stream,
        samples: &'a mut [S],
        values: &'a mut [f64],
    ) -> Result<Self, Error> {
        let plan = setup.plan(&stream)?;
        params.check(&stream)?;
        let (given, required) = (samples.len(), plan.rings + plan.bands);
        let few = Error::Storage { what: "de-esser sample", given, required };
        let (rings, bands) = samples.split_at_mut_checked(plan.rings).ok_or(few)?;
        let (given, required) = (values.len(), plan.squares + plan.crossover);
        let few = Error::Storage { what: "de-esser value", given, required };
        let (squares, crossover) = values.split_at_mut_checked(plan.squares).ok_or(few)?;
        let split = match setup.mode {
            DeEsserMode::Bell => None,
            DeEsserMode::Split => Some(Split {
                crossover: Crossover::new_in(TWO_BANDS, crossing(&params), stream, crossover)?,
                bands: Store::lent("de-esser sample", bands, plan.bands, S::zero())?,
            }),
        };
        let rings = Store::lent("de-esser sample", rings, plan.rings, S::zero())?;
        let squares = Store::lent("de-esser value", squares, plan.squares, 0.0)?;
        Self::build(setup, params, stream, (rings, squares), split)
    }

    fn build(
        setup: DeEsserSetup,
        params: DeEsserParams,
        stream: Stream,
        (rings, squares): (Store<'a, S>, Store<'a, f64>),
        split: Option<Split<'a, S>>,
    ) -> Result<Self, Error> {
        let fade = ramp::ramp_frames(stream.rate_hz);
        let mut voices = PerChannel::<Voice>::new(stream.channel_count())?;
        for (index, voice) in voices.iter_mut().enumerate() {
            voice.group = setup.groups.group_of(stream.layout, index);
        }
        Ok(Self {
            travel: Travel::new(params, fade),
            target: Point::design(&params, setup.mode, stream.rate_hz),
            ballistics: ballistics(&params, &stream),
            listening: setup.detector().listening(&stream)?,
            intake: KeyIntake::new(setup.lookahead_ms, &stream, fade, rings)?,
            ears: PerChannel::new(stream.channel_count().div_ceil(2))?,
            squares,
            slot: 0,
            split,
            voices,
            groups: PerChannel::new(setup.groups.count(stream.layout))?,
            wet: Glide::new(1.0, fade),
            log: ReductionLog::new(),
            now: 0,
            setup,
            stream,
        })
    }

    unit::settings!(DeEsserSetup, DeEsserParams);
    unit::key_filter!(intake);
    unit::reductions!();

    /// Moves to other parameters over 20 ms from the next frame; the times change at once.
    ///
    /// # Errors
    /// A value outside its bounds, `hz` above 0.49 of the rate; nothing changes then.
    pub fn set_params(&mut self, params: DeEsserParams) -> Result<(), Error> {
        params.check(&self.stream)?;
        if params == self.travel.to {
            return Ok(());
        }
        if let Some(split) = &mut self.split {
            split.crossover.set_params(crossing(&params))?;
        }
        if self.travel.turn(params, self.now, DeEsserParams::after) {
            self.target = Point::design(&params, self.setup.mode, self.stream.rate_hz);
            self.ballistics = ballistics(&params, &self.stream);
        }
        Ok(())
    }

    /// Lets the sibilants of the key be heard in place of the signal, with the same latency and
    /// without gain; a cross-fade of 20 ms from the next input frame on.
    pub fn set_key_listen(&mut self, listen: bool) {
        self.intake.listen.move_to(if listen { 1.0 } else { 0.0 }, self.now);
    }

    /// Lets the signal pass without gain, with the same latency and phase: a cross-fade of 20 ms
    /// from the next output frame on. The gain computer goes on meanwhile.
    pub fn set_bypass(&mut self, bypass: bool) {
        self.wet.move_to(if bypass { 0.0 } else { 1.0 }, self.now);
    }

    /// The largest gain reduction of any channel at the last frame, dB ≥ 0, without the mix.
    #[must_use]
    pub fn gain_reduction_db(&self) -> f64 {
        self.voices.iter().map(|voice| f64::from(voice.now)).fold(0.0, f64::max)
    }

    /// Level of the sibilants relative to that of the whole as it was before, after the gain, for
    /// a steady one before it and above the floor, dB, at the target parameters, with the mix.
    #[must_use]
    pub fn static_curve_db(&self, relative_db: f64) -> f64 {
        let point = &self.target;
        let gain = point.curve.gain_db(relative_db - point.threshold_db);
        relative_db + mixed_db(gain, point.mix)
    }

    fn run(&mut self, io: Io<'_, S>, mut trace: Option<&mut [f32]>) -> Result<(), Error> {
        let Io { mut main, key } = io;
        self.intake.check(&main, key.as_ref())?;
        let frames = main.frames();
        let target = self.target;
        let mut at = 0;
        while at < frames {
            let limit = KeyIntake::<S>::reach(self.now).min(frames - at).max(1);
            let line = self.travel.piece(self.now, limit);
            let span = Span { at, frames: line.frames, now: self.now };
            let ends = if line.is_still() {
                [target; 2]
            } else {
                line.ends.map(|share| {
                    let params = self.travel.to.after(&self.travel.from, share);
                    Point::design(&params, self.setup.mode, self.stream.rate_hz)
                })
            };
            let settings = Settings { line, ends: &ends };
            self.hear(&mut main, key.as_ref(), span, &settings);
            let trace = trace.as_deref_mut().map(|trace| span.of(trace)).unwrap_or_default();
            self.apply(&mut main, span, &settings, trace)?;
            at += span.frames;
            self.now += span.frames as u64;
        }
        Ok(())
    }

    /// Levels of channels and groups; the block holds what leaves.
    fn hear(
        &mut self,
        main: &mut BlockMut<'_, S>,
        key: Option<&Block<'_, S>>,
        span: Span,
        settings: &Settings<'_>,
    ) {
        let isa = self.stream.isa;
        let filter = settings.ends[0].filter;
        #[expect(clippy::cast_possible_truncation, reason = "below 32")]
        let place = (self.slot, (span.now % DETECTOR_CHUNK as u64) as usize);
        for group in self.groups.iter_mut() {
            *group = Levels::default();
        }
        let Self { intake, listening, ears, squares, voices, .. } = self;
        let memory = listening.pair_memory_len();
        let spare = &mut [[0.0; 2]; CHUNK];
        intake.take_pairs(main, key, span, |pair, heard, listened| {
            let squares = squares.chunks_exact_mut(memory.max(1)).nth(pair);
            let (Some(ears), Some(squares), Some(window)) =
                (ears.get_mut(pair), squares, &listening.window)
            else {
                return;
            };
            for (to, from) in listened.iter_mut().zip(heard) {
                *to = *from;
            }
            let beside = part(spare, span.frames);
            filter.run_pairs(isa, &mut ears.filter, [&mut *listened, beside]);
            let mut voices = voices.chunks_mut(2).nth(pair).unwrap_or_default().iter_mut();
            let mut unread = Levels::default();
            let levels = voices.next().zip(Some(voices.next()));
            let Some((first, second)) = levels else { return };
            let [a, b] = &mut first.levels;
            let [c, d] = second.map_or(&mut unread, |voice| &mut voice.levels);
            let rows = [a, c, b, d].map(|row| part(&mut row.0, span.frames));
            window.run_pair(isa, &mut ears.window, squares, place, [&*listened, heard], rows);
        });
        for voice in self.voices.iter() {
            if let Some(group) = self.groups.get_mut(voice.group) {
                for (group, own) in group.iter_mut().zip(&voice.levels) {
                    raise_row(part(&mut group.0, span.frames), &own.0);
                }
            }
        }
        // Only what the link asks for is put into dB.
        let link = settings.link();
        let own = self.voices.iter_mut().map(|voice| &mut voice.levels);
        let own = own.filter(|_| link != [1.0; 2]);
        let all = own.chain(self.groups.iter_mut().filter(|_| link != [0.0; 2]));
        for row in all.flatten() {
            self.listening.levels_db(isa, part(&mut row.0, span.frames));
        }
        self.slot = self.listening.slot_after(self.slot, span);
        if span.ends_at_multiple_of(SETTLE_FRAMES) {
            for ears in self.ears.iter_mut() {
                kernels::settle_pairs(isa, &mut ears.filter);
            }
            for voice in self.voices.iter_mut() {
                voice.envelope.settle();
            }
        }
    }

    /// From the levels to the gains, and the gains onto the block.
    fn apply(
        &mut self,
        main: &mut BlockMut<'_, S>,
        span: Span,
        settings: &Settings<'_>,
        trace: &mut [f32],
    ) -> Result<(), Error> {
        let isa = self.stream.isa;
        let mix = settings.ends.map(|point| point.mix);
        let shares = self.intake.shares(&self.wet, span, &settings.line, mix);
        let mut most = [0.0; CHUNK];
        let most = part(&mut most, span.frames);
        let mut last = None;
        let Self { split, voices, groups, ballistics, .. } = self;
        let reach = span.at..span.at + span.frames;
        match split {
            Some(split) => {
                let count = voices.len();
                let bands = split.bands.get_mut(..2 * count * span.frames).unwrap_or_default();
                let piece = main.range(reach.start, reach.end);
                let to = BlockMut::contiguous(bands, 2 * count)?;
                split.crossover.convert(piece.as_block(), to)?;
                let (low, high) =
                    bands.split_at_mut_checked(count * span.frames).unwrap_or_default();
                let frames = span.frames.max(1);
                let bands = low.chunks(frames).zip(high.chunks_mut(frames));
                let mut gains = [1.0; CHUNK];
                for ((channel, voice), bands) in
                    main.channels_mut().zip(voices.iter_mut()).zip(bands)
                {
                    let beside = (&mut *most, &mut last);
                    if let Some(row) = settings.gains_beside(isa, ballistics, voice, groups, beside)
                    {
                        gains = row;
                        linear(isa, part(&mut gains, span.frames), shares.as_ref());
                    }
                    join(isa, span.of(channel), bands, part(&mut gains, span.frames));
                }
            }
            None => {
                let corners = settings.ends.map(|point| point.corner);
                let mut frames = [[0.0; 6]; CHUNK];
                let mut bell = |voice: &mut Voice| {
                    let beside = (&mut *most, &mut last);
                    let row = settings.gains_beside(isa, ballistics, voice, groups, beside);
                    if let Some(mut gains) = row {
                        let (line, shares) = (&settings.line, shares.as_ref());
                        let gains = part(&mut gains, span.frames);
                        frames = MovingShape::Bell.frames(isa, line, corners, gains, shares);
                    }
                    frames
                };
                let mut channels = main.channels_mut();
                let mut voices = voices.iter_mut();
                while let (Some(first), Some(voice)) = (channels.next(), voices.next()) {
                    let left = span.of(first);
                    let (mut silence, mut rest) = ([S::zero(); CHUNK], BandState::default());
                    let a = bell(voice);
                    let (right, b, state) = match channels.next().zip(voices.next()) {
                        Some((channel, voice)) => {
                            let b = bell(voice);
                            (span.of(channel), b, &mut voice.bell)
                        }
                        None => (part(&mut silence, span.frames), a, &mut rest),
                    };
                    let mut pair = [[0.0; 2]; CHUNK];
                    let pair = part(&mut pair, span.frames);
                    kernels::pair_in(isa, left, right, pair);
                    let settle = span.now.is_multiple_of(SETTLE_FRAMES);
                    run_pair(isa, [&a, &b], settle, pair, [&mut voice.bell, state]);
                    kernels::pair_out(isa, pair, left, right);
                }
            }
        }
        self.log.take(isa, span.now, most);
        copy_row(trace, most);
        Ok(())
    }
}

impl<S: Sample> Processor for DeEsser<'_, S> {
    fn latency_frames(&self) -> usize {
        self.intake.lookahead_frames()
    }

    fn tail_frames(&self) -> usize {
        let rings = match &self.split {
            Some(split) => split.crossover.tail_frames(),
            None => MovingShape::Bell.ring_frames(self.target.corner, self.travel.to.range_db),
        };
        self.latency_frames() + rings
    }

    fn reset(&mut self) {
        self.intake.reset();
        self.ears.fill(PairEars::default());
        self.squares.fill(0.0);
        if let Some(split) = &mut self.split {
            split.crossover.reset();
        }
        self.slot = 0;
        self.travel.settle();
        self.wet.settle();
        for voice in self.voices.iter_mut() {
            *voice = Voice { group: voice.group, ..Voice::default() };
        }
        self.log = ReductionLog::new();
        self.now = 0;
    }

    unit::fields!(DeEsserParams);

    fn faults(&self) -> u64 {
        self.intake.faults
    }
}

impl<S: Sample> Process<S> for DeEsser<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        self.run(io, None)
    }
}
