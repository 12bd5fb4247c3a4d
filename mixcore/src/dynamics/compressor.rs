//! A compressor that controls passages and keeps the performance: one curve that turns down what is
//! loud, lifts what is soft and lowers what is below, with times that mean what they say.
//!
//! # The chain
//! > key → key filter → level X (detector) → G(X) (static curve) → smoothed in dB → make-up, mix → gain
//!
//! Feed-forward in the logarithmic domain with smoothing behind the gain computer: the times do not
//! depend on the level, and the curve is reached exactly. With feed-back (share k) the detector hears
//! X − k·y, where y is the reduction that acts now: in dB the level of the output is that of the
//! input less the reduction, so no second detector is needed. A loop with the slope s answers 1 + k·s
//! times as fast while the signal is above the threshold, and with its own times below it; it is kept
//! from answering faster than at once and always has the branching follower, so it does not overshoot.
//!
//! # Link
//! > G_i = (1 − k)·G(X_i) + k·G(max_j X_j) over the channels j of a group
//!
//! At 100 % all channels of a group have one gain, bit for bit, and the image stands still. Each LFE
//! is a group of its own. With the K-weighted detector the group's loudness takes the place of the
//! largest level: the sum of its mean squares with the weights of BS.1770 ([`super::Detector`]).
//!
//! # Mix
//! > y = (m·g + 1 − m)·x, with g the smoothed gain and its make-up
//!
//! As the dry signal is the same delayed x, mixing is a gain too: nothing can comb. At 0 % the
//! output is the delayed input, bit for bit.
//!
//! Sources: D. Giannoulis, M. Massberg, J. D. Reiss, "Digital Dynamic Range Compressor Design: A
//! Tutorial and Analysis", JAES 60(6), 2012, for topology, knee and followers; the others stand in
//! the files of the parts ([`super::curve`], [`super::ballistics`], [`super::detector`]).
//!
//! Cost: passes over 256 frames. With a peak detector and full link the serial part is one follower
//! per group; a key filter, a window or feed-back add their own recursions per channel.
//!
//! Latency: the look-ahead, 0 by default. The gain is ahead of the audio in both directions: with a
//! hold as long as the look-ahead no release begins before the peak that asked for it has left.
//!
//! Limits: gains are computed in f32 (3e-5 dB). While parameters move, curve and gains run straight
//! between designs on the 32-frame grid. An inter-sample peak is not seen: the ceiling of a delivery
//! is the limiter's task.

use super::ballistics::Ballistics;
use super::compressor_gains::{Gains, Settings, Voice, last};
use super::compressor_params::{CompressorParams, CompressorSetup, Point, ballistics};
use super::key_filter::KeyFilter;
use super::makeup::{LoudnessMatch, MakeUp};
use super::reduction::{ReductionLog, ReductionStats, copy_row, mixed_db, raise_row};
use super::side_chain::{PIECE, Row, SideChain, Span, Wanted};
use super::travel::Travel;
use super::unit;
use crate::audio::{BlockMut, PerChannel, Sample, Store, check_frames};
use crate::error::Error;
use crate::kernels;
use crate::ramp::{self, Glide};
use crate::stream::{Field, Io, Process, Processor, Stream};

/// Memory that [`Compressor::new_in`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompressorStorage {
    /// Samples: the look-ahead.
    pub samples: usize,
    /// Values: the detector's window.
    pub squares: usize,
}

/// A compressor for any layout, with soft knee, upward compression and expander, look-ahead, link and key.
///
/// It takes an external key of one channel (which moves all) or of as many as the stream has.
///
/// # Latency
/// `lookahead_ms`, 0 by default.
///
/// # Real time
/// `process`, `set_params`, `set_key_filter` and `reset` neither allocate nor wait.
///
/// # Source
/// Giannoulis, Massberg, Reiss, JAES 60(6), 2012; see the source file.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::dynamics::{Compressor, CompressorParams, CompressorSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Stream};
///
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let params = CompressorParams { threshold_dbfs: -20.0, ratio: 4.0, ..CompressorParams::default() };
/// let mut compressor = Compressor::<f32>::new(CompressorSetup::default(), params, stream)?;
/// assert_eq!(compressor.static_curve_db(0.0), -15.0); // 20 dB over the threshold become 5
///
/// let mut audio = vec![1.0_f32; 48_000]; // 0 dBFS for a second: settled
/// compressor.process(Io::new(BlockMut::mono(&mut audio)))?;
/// assert!((compressor.gain_reduction_db() - 15.0).abs() < 1e-3);
/// assert!((audio[47_999] - 0.177_828).abs() < 1e-5);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Compressor<'a, S> {
    stream: Stream,
    setup: CompressorSetup,
    travel: Travel<CompressorParams>,
    /// Where the travel goes to.
    target: Point,
    ballistics: Ballistics,
    chain: SideChain<'a, S>,
    matched: Option<LoudnessMatch>,
    voices: PerChannel<Voice>,
    wet: Glide<f32>,
    log: ReductionLog,
    rows: Rows,
    /// Absolute frame of the next input.
    now: u64,
}

/// Rows for a piece; nothing stays in them.
#[derive(Debug, Default)]
struct Rows {
    /// What the curve gives the loudest of a group, dB.
    linked: Row,
    /// The reductions of one channel, dB.
    reductions: Row,
    /// Gains of a group's first channel, and of one that stands elsewhere.
    shared: Row,
    apart: Row,
    /// The largest reduction of any channel, dB.
    most: Row,
}

unit::memory!(Compressor, CompressorSetup, CompressorParams, "compressor");

impl<'a, S: Sample> Compressor<'a, S> {
    /// The memory that [`Compressor::new_in`] needs.
    ///
    /// # Errors
    /// A setup or rate outside its bounds.
    pub fn required_len(
        setup: CompressorSetup,
        stream: Stream,
    ) -> Result<CompressorStorage, Error> {
        let (samples, squares) = setup.chain().memory(&stream)?;
        Ok(CompressorStorage { samples, squares })
    }

    fn build(
        setup: CompressorSetup,
        params: CompressorParams,
        stream: Stream,
        samples: Store<'a, S>,
        squares: Store<'a, f64>,
    ) -> Result<Self, Error> {
        params.validate()?;
        let fade = ramp::ramp_frames(stream.rate_hz);
        Ok(Self {
            travel: Travel::new(params, fade),
            target: Point::design(&params),
            ballistics: ballistics(&setup, &params, &stream),
            chain: SideChain::new(&setup.chain(), &stream, fade, samples, squares)?,
            matched: match setup.makeup {
                MakeUp::Static => None,
                MakeUp::LoudnessMatched => Some(LoudnessMatch::new(&stream)?),
            },
            voices: PerChannel::new(stream.channel_count())?,
            wet: Glide::new(1.0, fade),
            log: ReductionLog::new(),
            rows: Rows::default(),
            now: 0,
            setup,
            stream,
        })
    }

    unit::settings!(CompressorSetup, CompressorParams);
    unit::bypass!();
    unit::key_filter!(chain);
    unit::key_listen!(chain);
    unit::reductions!();

    /// Moves to other parameters over 20 ms from the next frame; the times (attack, release, hold)
    /// change at once.
    ///
    /// # Errors
    /// A value outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: CompressorParams) -> Result<(), Error> {
        params.validate()?;
        if self.travel.turn(params, self.now, CompressorParams::after) {
            self.target = Point::design(&params);
            self.ballistics = ballistics(&self.setup, &params, &self.stream);
        }
        Ok(())
    }

    /// The largest gain reduction of any channel at the last frame, dB, without make-up and mix;
    /// negative where every gain is raised.
    #[must_use]
    pub fn gain_reduction_db(&self) -> f64 {
        let all = self.voices.iter().map(|voice| f64::from(voice.now));
        all.fold(f64::NEG_INFINITY, f64::max)
    }

    /// Output level for a steady input level, dB, at the target parameters, with make-up and mix; the
    /// gain of a make-up that matches the loudness comes on top ([`Self::matched_makeup_db`]).
    #[must_use]
    pub fn static_curve_db(&self, input_db: f64) -> f64 {
        let point = &self.target;
        input_db + mixed_db(point.curve.gain_db(input_db) + point.makeup_db, point.mix)
    }

    fn run(&mut self, mut io: Io<'_, S>, mut trace: Option<&mut [f32]>) -> Result<(), Error> {
        let Io { main, key } = &mut io;
        self.chain.check(main, key.as_ref())?;
        let frames = main.frames();
        let target = self.target;
        let mut at = 0;
        while at < frames {
            let limit = self.reach().min(frames - at).max(1);
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
            let settings = Settings { line, ends };
            let key = key.as_ref();
            let full = settings.all_are(|point| point.link, 1.0);
            let wanted = Wanted { own: !full, linked: !settings.all_are(|point| point.link, 0.0) };
            self.chain.take(main, key, span, wanted);
            self.apply(main, span, &settings, wanted, trace);
            at += span.frames;
            self.now += span.frames as u64;
        }
        Ok(())
    }

    /// Frames to where a piece must end. Parameters that move have pieces of a grid of their own.
    fn reach(&self) -> usize {
        let free = self.matched.is_none() && self.target.curve.feedback == 0.0;
        if free { self.chain.free_reach(self.now) } else { self.chain.reach(self.now) }
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
        let speed = settings.ends[0].curve.loop_speed().max(settings.ends[1].curve.loop_speed());
        let in_loop = !settings.all_are(|point| point.curve.feedback, 0.0);
        let ballistics = if in_loop { self.ballistics.in_loop(speed) } else { self.ballistics };
        let mix = settings.ends.map(|point| point.mix);
        let shares = self.chain.shares(&self.wet, span, &settings.line, mix);
        let Rows { linked, reductions, shared, apart, most } = &mut self.rows;
        let (linked, reductions) = (linked.of(span.frames), reductions.of(span.frames));
        let most = most.of(span.frames);
        most.fill(f32::NEG_INFINITY);
        for (index, level) in self.chain.groups.iter_mut().enumerate() {
            if wanted.linked && !in_loop {
                settings.curve_db(isa, level.of(span.frames), linked);
            }
            // With a full link a channel in the state of the group's first one gets its gains.
            let mut first: Option<(Voice, Voice, Gains)> = None;
            let members = main
                .channels_mut()
                .enumerate()
                .zip(self.chain.lanes.iter_mut())
                .zip(self.voices.iter_mut())
                .filter(|((_, lane), _)| lane.group == index);
            for (((channel, samples), lane), voice) in members {
                let io = span.of(samples);
                if let Some(matched) = &mut self.matched {
                    matched.hear(channel, 0, io);
                }
                match first {
                    Some((before, after, gains)) if !wanted.own && *voice == before => {
                        *voice = after;
                        gains.apply(isa, shared, io);
                    }
                    _ => {
                        let before = *voice;
                        if !wanted.own || wanted.linked {
                            copy_row(reductions, linked);
                        }
                        let mut rests = false;
                        if in_loop {
                            let own = if wanted.own { &lane.level } else { &*level };
                            let loudest = if wanted.linked { &*level } else { own };
                            settings.run_loop(&ballistics, voice, [own, loudest], reductions);
                            if span.ends_at_multiple_of(PIECE as u64) {
                                voice.envelope.settle();
                            }
                        } else {
                            if wanted.own {
                                let own = lane.level.of(span.frames);
                                settings.blend_db(isa, own, wanted.linked, reductions);
                            }
                            // Nothing to do, nothing left to release: the gain stands still.
                            rests = voice.envelope.is_at_rest()
                                && kernels::extent(isa, &*reductions) == (0.0, 0.0);
                            if rests {
                                ballistics.rest(&mut voice.envelope);
                                reductions.fill(0.0);
                            } else {
                                ballistics.run_on_grid(&mut voice.envelope, span.now, reductions);
                            }
                        }
                        voice.now = last(reductions);
                        raise_row(most, reductions);
                        let row = if first.is_none() { &mut *shared } else { &mut *apart };
                        let gains = settings.gains(isa, reductions, rests, shares.as_ref(), row);
                        gains.apply(isa, row, io);
                        if first.is_none() {
                            first = Some((before, *voice, gains));
                        }
                    }
                }
                if let Some(matched) = &mut self.matched {
                    matched.hear(channel, 1, io);
                }
            }
        }
        self.log.take(isa, span.now, most);
        copy_row(trace, most);
        if let Some(matched) = &mut self.matched {
            let (chain, wet) = (&self.chain, &self.wet);
            let share = |frame| chain.processed_share(wet, frame);
            matched.give(isa, main, span, share, |frame| chain.is_processed(wet, frame));
        }
    }

    /// The gain that keeps the loudness, dB; 0 where the setup does not ask for it.
    #[must_use]
    pub fn matched_makeup_db(&self) -> f64 {
        self.matched.as_ref().map_or(0.0, LoudnessMatch::gain_db)
    }
}

impl<S: Sample> Processor for Compressor<'_, S> {
    unit::over_side_chain!(CompressorParams, |unit| if let Some(matched) = &mut unit.matched {
        matched.reset();
    });
}

impl<S: Sample> Process<S> for Compressor<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        self.run(io, None)
    }
}
