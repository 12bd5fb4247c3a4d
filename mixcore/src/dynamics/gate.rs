//! A gate that opens in time and does not chatter, and an expander for what lies below a level.
//!
//! It takes room, spill and breath down between phrases. The level decides in two steps, what is
//! open stays open, and the gain moves in dB with defined times:
//!
//! > opens where X > T, closes where X < T − H for longer than the hold
//! > open: G = 0; closed: G falls by (R − 1) dB per dB below T, at most by the range
//!
//! With a knee of the width W, T stands for the knee's upper end (threshold + W/2), where the curve
//! ends in 0, so that an expander without hysteresis and hold has no step. G is smoothed in dB: the
//! attack is the time constant (63.2 %) of opening, the release that of closing.
//!
//! # Link
//! > X_i = (1 − k)·X_i + k·max_j X_j in dB over the channels j of a group
//!
//! so the loudest channel opens all (with the K-weighted detector, the loudness of the group); at 100 %
//! all gains of a group are equal, bit for bit.
//!
//! # Mix
//! > y = (m·g + 1 − m)·x
//!
//! The dry signal is the same delayed x: mixing is a gain, and nothing can comb.
//!
//! Sources: the curve is [`super::curve`]'s expander, the follower [`super::ballistics`]' branching
//! one; hysteresis, hold and range as the trade has them.
//!
//! Cost: passes over 256 frames; the state and the follower run serially, once per group with a full
//! link. Latency: the look-ahead, 0 by default.
//!
//! Limits: gains in f32 (3e-5 dB). A gate closes by its range, 20 dB by default, and never to
//! silence unless it is asked to: holes are heard.

use super::ballistics::Envelope;
use super::gate_params::{GateParams, GateSetup, Motion, Point};
use super::key_filter::KeyFilter;
use super::reduction::{ReductionLog, ReductionStats, copy_row, mix_in, mixed_db, raise_row};
use super::side_chain::{Row, SideChain, Span, Wanted};
use super::travel::{Straight, Travel};
use super::unit;
use crate::audio::{BlockMut, PerChannel, Sample, Store, check_frames};
use crate::error::Error;
use crate::kernels;
use crate::ramp::{self, Glide};
use crate::stream::{Field, Io, Process, Processor, Stream};

/// What a channel remembers of its gain.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Voice {
    open: bool,
    /// Frames that it still stays open.
    held: u32,
    envelope: Envelope,
    /// Reduction of the last frame, dB.
    now: f32,
}

/// Memory that [`Gate::new_in`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GateStorage {
    /// Samples: the look-ahead.
    pub samples: usize,
    /// Values: the detector's window.
    pub squares: usize,
}

/// A gate and expander with hysteresis, hold, range, look-ahead, link and key.
///
/// It begins closed. It takes an external key of one channel (which opens all) or of as many as the
/// stream has.
///
/// # Latency
/// `lookahead_ms`, 0 by default.
///
/// # Real time
/// `process`, `set_params`, `set_key_filter` and `reset` neither allocate nor wait.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::dynamics::{Gate, GateParams, GateSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Stream};
///
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let params = GateParams { threshold_dbfs: -40.0, range_db: 12.0, ..GateParams::default() };
/// let mut gate = Gate::<f32>::new(GateSetup::default(), params, stream)?;
/// let mut room = vec![0.001_f32; 96_000]; // -60 dBFS for two seconds
/// gate.process(Io::new(BlockMut::mono(&mut room)))?;
/// assert!(!gate.is_open(0) && (gate.gain_reduction_db() - 12.0).abs() < 1e-3);
/// let mut voice = vec![0.1_f32; 4800]; // -20 dBFS
/// gate.process(Io::new(BlockMut::mono(&mut voice)))?;
/// assert!(gate.is_open(0) && voice[4799] == 0.1);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Gate<'a, S> {
    stream: Stream,
    setup: GateSetup,
    travel: Travel<GateParams>,
    target: Point,
    motion: Motion,
    chain: SideChain<'a, S>,
    voices: PerChannel<Voice>,
    wet: Glide<f32>,
    log: ReductionLog,
    rows: Rows,
    now: u64,
}

/// Rows for a piece; nothing stays in them.
#[derive(Debug, Default)]
struct Rows {
    /// The level that decides, dB.
    levels: Row,
    /// Gains of a group's first channel, and of one that stands elsewhere.
    shared: Row,
    apart: Row,
    /// The curve where moving parameters will be.
    end: Row,
    /// The largest reduction of any channel, dB.
    most: Row,
}

unit::memory!(Gate, GateSetup, GateParams, "gate");

impl<'a, S: Sample> Gate<'a, S> {
    /// The memory that [`Gate::new_in`] needs.
    ///
    /// # Errors
    /// A setup or rate outside its bounds.
    pub fn required_len(setup: GateSetup, stream: Stream) -> Result<GateStorage, Error> {
        let (samples, squares) = setup.chain().memory(&stream)?;
        Ok(GateStorage { samples, squares })
    }

    fn build(
        setup: GateSetup,
        params: GateParams,
        stream: Stream,
        samples: Store<'a, S>,
        squares: Store<'a, f64>,
    ) -> Result<Self, Error> {
        params.validate()?;
        let fade = ramp::ramp_frames(stream.rate_hz);
        Ok(Self {
            travel: Travel::new(params, fade),
            target: Point::design(&params),
            motion: Motion::design(&params, &stream),
            chain: SideChain::new(&setup.chain(), &stream, fade, samples, squares)?,
            voices: PerChannel::new(stream.channel_count())?,
            wet: Glide::new(1.0, fade),
            log: ReductionLog::new(),
            rows: Rows::default(),
            now: 0,
            setup,
            stream,
        })
    }

    unit::settings!(GateSetup, GateParams);
    unit::bypass!();
    unit::key_filter!(chain);
    unit::key_listen!(chain);
    unit::reductions!();

    /// Moves to other parameters over 20 ms from the next frame; the times (attack, hold, release)
    /// change at once.
    ///
    /// # Errors
    /// A value outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: GateParams) -> Result<(), Error> {
        params.validate()?;
        if self.travel.turn(params, self.now, GateParams::after) {
            self.target = Point::design(&params);
            self.motion = Motion::design(&params, &self.stream);
        }
        Ok(())
    }

    /// Whether the gate of a channel stands open; false for a channel that is not there.
    #[must_use]
    pub fn is_open(&self, channel: usize) -> bool {
        self.voices.get(channel).is_some_and(|voice| voice.open)
    }

    /// The largest gain reduction of any channel at the last frame, dB ≥ 0, without the mix.
    #[must_use]
    pub fn gain_reduction_db(&self) -> f64 {
        self.voices.iter().map(|voice| f64::from(voice.now)).fold(0.0, f64::max)
    }

    /// Output level for a steady input level, dB, of a gate that was closed before, with mix.
    #[must_use]
    pub fn static_curve_db(&self, input_db: f64) -> f64 {
        let point = &self.target;
        if input_db > point.opens_db {
            return input_db;
        }
        input_db + mixed_db(point.curve.gain_db(input_db), point.mix)
    }

    fn run(&mut self, io: Io<'_, S>, mut trace: Option<&mut [f32]>) -> Result<(), Error> {
        let Io { mut main, key } = io;
        self.chain.check(&main, key.as_ref())?;
        let frames = main.frames();
        let target = self.target;
        let mut at = 0;
        while at < frames {
            let limit = self.chain.free_reach(self.now).min(frames - at).max(1);
            let line = self.travel.piece(self.now, limit);
            let span = Span { at, frames: line.frames, now: self.now };
            let moving = (!line.is_still()).then(|| {
                line.ends
                    .map(|share| Point::design(&self.travel.to.after(&self.travel.from, share)))
            });
            let ends = match &moving {
                Some([a, b]) => [a, b],
                None => [&target; 2],
            };
            let trace = trace.as_deref_mut().map(|trace| span.of(trace)).unwrap_or_default();
            let full = ends.iter().all(|point| point.link == 1.0);
            let apart = ends.iter().all(|point| point.link == 0.0);
            let wanted = Wanted { own: !full, linked: !apart };
            self.chain.take(&mut main, key.as_ref(), span, wanted);
            self.apply(&mut main, span, &Settings { line, ends }, wanted, trace);
            at += span.frames;
            self.now += span.frames as u64;
        }
        Ok(())
    }

    /// From the levels to the gains, and the gains onto the block.
    fn apply(
        &mut self,
        main: &mut BlockMut<'_, S>,
        span: Span,
        settings: &Settings<'_>,
        wanted: Wanted,
        trace: &mut [f32],
    ) {
        let isa = self.stream.isa;
        let mix = settings.ends.map(|point| point.mix);
        let shares = self.chain.shares(&self.wet, span, &settings.line, mix);
        let Rows { levels, shared, apart, end, most } = &mut self.rows;
        let most = most.of(span.frames);
        most.fill(0.0);
        for (index, level) in self.chain.groups.iter_mut().enumerate() {
            // With a full link a channel in the state of the group's first one gets its gains.
            let mut first: Option<(Voice, Voice)> = None;
            let members = main
                .channels_mut()
                .zip(self.chain.lanes.iter_mut())
                .zip(self.voices.iter_mut())
                .filter(|((_, lane), _)| lane.group == index);
            for ((channel, lane), voice) in members {
                let io = span.of(channel);
                if let Some((before, after)) = first
                    && !wanted.own
                    && *voice == before
                {
                    *voice = after;
                    kernels::apply_gains(isa, io, shared.of(span.frames));
                    continue;
                }
                let before = *voice;
                let own = lane.level.of(span.frames);
                let heard: &[f32] = if wanted.own {
                    let levels = levels.of(span.frames);
                    copy_row(levels, if wanted.linked { level.of(span.frames) } else { own });
                    if wanted.linked {
                        settings.line.blend(settings.ends.map(|point| point.link), own, levels);
                    }
                    levels
                } else {
                    level.of(span.frames)
                };
                let row = if first.is_none() { &mut *shared } else { &mut *apart };
                let row = row.of(span.frames);
                settings.gate(isa, self.motion.hold, voice, heard, end.of(span.frames), row);
                self.motion.ballistics.run_on_grid(&mut voice.envelope, span.now, row);
                voice.now = row.last().copied().unwrap_or_default();
                raise_row(most, row);
                row.iter_mut().for_each(|gain| *gain = 0.0 - *gain);
                kernels::gains_of_db(isa, row);
                if let Some(shares) = &shares {
                    mix_in(row, &shares.0);
                }
                kernels::apply_gains(isa, io, row);
                if first.is_none() {
                    first = Some((before, *voice));
                }
            }
        }
        self.log.take(isa, span.now, most);
        copy_row(trace, most);
    }
}

/// The settings at both ends of a piece.
#[derive(Clone, Copy)]
struct Settings<'p> {
    line: Straight,
    ends: [&'p Point; 2],
}

impl Settings<'_> {
    /// The wanted gains in dB: none where the gate is open, the curve where it is closed. `end` is a
    /// row to work in.
    fn gate(
        &self,
        isa: kernels::Isa,
        hold: u32,
        voice: &mut Voice,
        levels: &[f32],
        end: &mut [f32],
        gains: &mut [f32],
    ) {
        let [a, b] = self.ends;
        kernels::gain_curve(isa, a.curve.kernel(), levels, gains);
        if !self.line.is_still() {
            kernels::gain_curve(isa, b.curve.kernel(), levels, end);
        }
        voice.held = voice.held.min(hold);
        for (n, ((gain, end), level)) in gains.iter_mut().zip(&*end).zip(levels).enumerate() {
            let level = f64::from(*level);
            let opens = self.line.between(a.opens_db, b.opens_db, n);
            let closes = self.line.between(a.closes_db, b.closes_db, n);
            if level > opens || (voice.open && level >= closes) {
                voice.open = true;
                voice.held = hold;
            } else if voice.held > 0 {
                voice.held -= 1;
            } else {
                voice.open = false;
            }
            if voice.open {
                *gain = 0.0;
            } else if !self.line.is_still() {
                #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
                {
                    *gain += (end - *gain) * self.line.place(n) as f32;
                }
            }
        }
    }
}

impl<S: Sample> Processor for Gate<'_, S> {
    unit::over_side_chain!(GateParams, |_unit| ());
}

impl<S: Sample> Process<S> for Gate<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        self.run(io, None)
    }
}
