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
//! is a group of its own.
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
use super::reduction::{ReductionLog, ReductionStats, mixed_db};
use super::side_chain::{PIECE, Row, SideChain, Span, Wanted};
use super::travel::Travel;
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

/// A compressor for any layout, with soft knee, boost and expander, look-ahead, link and key.
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
/// let params = CompressorParams { threshold_db: -20.0, ratio: 4.0, ..CompressorParams::default() };
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

#[cfg(feature = "alloc")]
impl<S: Sample> Compressor<'static, S> {
    /// A compressor with memory of its own.
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds.
    pub fn new(
        setup: CompressorSetup,
        params: CompressorParams,
        stream: Stream,
    ) -> Result<Self, Error> {
        let memory = Self::required_len(setup, stream)?;
        let samples = Store::owned(memory.samples, S::zero());
        let squares = Store::owned(memory.squares, 0.0);
        Self::build(setup, params, stream, samples, squares)
    }
}

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

    /// A compressor in lent memory of at least [`Compressor::required_len`].
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, or too little memory.
    pub fn new_in(
        setup: CompressorSetup,
        params: CompressorParams,
        stream: Stream,
        samples: &'a mut [S],
        squares: &'a mut [f64],
    ) -> Result<Self, Error> {
        let memory = Self::required_len(setup, stream)?;
        let samples = Store::lent("compressor sample", samples, memory.samples, S::zero())?;
        let squares = Store::lent("compressor window", squares, memory.squares, 0.0)?;
        Self::build(setup, params, stream, samples, squares)
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

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> CompressorSetup {
        self.setup
    }

    /// The parameters it stands at or moves to.
    #[must_use]
    pub fn params(&self) -> CompressorParams {
        self.travel.to
    }

    /// Moves to other parameters over 20 ms from the next frame; the times (attack, release, hold)
    /// change at once.
    ///
    /// # Errors
    /// A value outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: CompressorParams) -> Result<(), Error> {
        params.validate()?;
        if params != self.travel.to {
            let from = self.travel.to.after(&self.travel.from, self.travel.share_at(self.now));
            self.travel.move_to(from, params, self.now);
            self.target = Point::design(&params);
            self.ballistics = ballistics(&self.setup, &params, &self.stream);
        }
        Ok(())
    }

    /// What the key passes before it is listened to, from the next frame on.
    pub fn set_key_filter(&mut self, filter: KeyFilter) {
        self.chain.set_filter(filter);
    }

    /// What the key passes before it is listened to.
    #[must_use]
    pub fn key_filter(&self) -> KeyFilter {
        self.chain.filter()
    }

    /// Lets the filtered key be heard in place of the signal, with the same latency and without
    /// gain; a cross-fade of 20 ms from the next input frame on.
    pub fn set_key_listen(&mut self, listen: bool) {
        self.chain.listen.move_to(if listen { 1.0 } else { 0.0 }, self.now);
    }

    /// Lets the signal pass (cleaned, else unchanged) with the same latency: a cross-fade of 20 ms
    /// from the next output frame on. The gain computer goes on meanwhile.
    pub fn set_bypass(&mut self, bypass: bool) {
        self.wet.move_to(if bypass { 0.0 } else { 1.0 }, self.now);
    }

    /// Whether the compressor is set to let the signal pass.
    #[must_use]
    pub fn bypass(&self) -> bool {
        self.wet.target() == 0.0
    }

    /// The largest gain reduction of any channel at the last frame, dB, without make-up and mix;
    /// negative where every gain is raised.
    #[must_use]
    pub fn gain_reduction_db(&self) -> f64 {
        let all = self.voices.iter().map(|voice| f64::from(voice.now));
        all.fold(f64::NEG_INFINITY, f64::max)
    }

    /// The gain reduction of one channel at the last frame, dB; none for a channel that is not there.
    #[must_use]
    pub fn channel_reduction_db(&self, channel: usize) -> Option<f64> {
        self.voices.get(channel).map(|voice| f64::from(voice.now))
    }

    /// The gain reduction since the last reset; none before the first frame.
    #[must_use]
    pub fn reduction_stats(&self) -> Option<ReductionStats> {
        self.log.stats()
    }

    /// Output level for a steady input level, dB, at the target parameters, with make-up and mix; the
    /// gain of a make-up that matches the loudness comes on top ([`Self::matched_makeup_db`]).
    #[must_use]
    pub fn static_curve_db(&self, input_db: f64) -> f64 {
        let point = &self.target;
        input_db + mixed_db(point.curve.gain_db(input_db) + point.makeup_db, point.mix)
    }

    /// [`Process::process`], and the gain reduction of every frame of the block, dB, of the channel
    /// that is reduced most.
    ///
    /// # Errors
    /// As `process`, and a row of another length than the block.
    pub fn process_with_reduction(
        &mut self,
        io: Io<'_, S>,
        reduction_db: &mut [f32],
    ) -> Result<(), Error> {
        check_frames("reduction_db", reduction_db.len(), io.main.frames())?;
        self.run(io, Some(reduction_db))
    }

    fn run(&mut self, mut io: Io<'_, S>, mut trace: Option<&mut [f32]>) -> Result<(), Error> {
        let Io { main, key } = &mut io;
        main.check_channels("block", self.stream.channel_count())?;
        let frames = main.frames();
        if let Some(key) = key {
            self.chain.check_key(key, frames)?;
        }
        let target = self.target;
        let mut at = 0;
        while at < frames {
            let limit = self.chain.reach(self.now).min(frames - at).max(1);
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
        let shares = self.wet_shares(span, settings);
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
                            for (to, from) in reductions.iter_mut().zip(&*linked) {
                                *to = *from;
                            }
                        }
                        let mut rests = false;
                        if in_loop {
                            let own = if wanted.own { &lane.level } else { &*level };
                            let loudest = if wanted.linked { &*level } else { own };
                            settings.run_loop(&ballistics, voice, [own, loudest], reductions);
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
                                ballistics.run(&mut voice.envelope, reductions);
                            }
                        }
                        if span.ends_at_multiple_of(PIECE as u64) {
                            voice.envelope.settle();
                        }
                        voice.now = last(reductions);
                        for (most, reduction) in most.iter_mut().zip(&*reductions) {
                            *most = if *reduction > *most { *reduction } else { *most };
                        }
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
        for (to, from) in trace.iter_mut().zip(&*most) {
            *to = *from;
        }
        self.match_loudness(main, span);
    }

    /// Makes the output as loud as the input, where the setup asks for it.
    fn match_loudness(&mut self, main: &mut BlockMut<'_, S>, span: Span) {
        let Some(matched) = &mut self.matched else { return };
        let mut row = Row::default();
        let gains = row.of(span.frames);
        if matched.gains_db(span, gains).is_some() {
            kernels::gains_of_db(self.stream.isa, gains);
            for (n, gain) in gains.iter_mut().enumerate() {
                let share = self.chain.processed_share(&self.wet, span.now + n as u64);
                *gain = if share == 1.0 { *gain } else { 1.0 + (*gain - 1.0) * share };
            }
            for samples in main.channels_mut() {
                kernels::apply_gains(self.stream.isa, span.of(samples), gains);
            }
        }
        if span.ends_at_multiple_of(PIECE as u64) {
            let start = (span.now + span.frames as u64).saturating_sub(PIECE as u64);
            matched.finish_chunk(self.chain.is_processed(&self.wet, start));
        }
    }

    /// The gain that keeps the loudness, dB; 0 where the setup does not ask for it.
    #[must_use]
    pub fn matched_makeup_db(&self) -> f64 {
        self.matched.as_ref().map_or(0.0, LoudnessMatch::gain_db)
    }

    /// Share of the compressed signal in each frame; none where it is 1 throughout.
    fn wet_shares(&self, span: Span, settings: &Settings<'_>) -> Option<Row> {
        if settings.all_are(|point| point.mix, 1.0) && self.chain.is_processed(&self.wet, span.now)
        {
            return None;
        }
        let mut shares = Row::default();
        let [a, b] = settings.ends;
        for (n, share) in shares.of(span.frames).iter_mut().enumerate() {
            #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
            let mix = settings.line.between(a.mix, b.mix, n) as f32;
            *share = mix * self.chain.processed_share(&self.wet, span.now + n as u64);
        }
        Some(shares)
    }
}

impl<S: Sample> Processor for Compressor<'_, S> {
    fn latency_frames(&self) -> usize {
        self.chain.lookahead_frames()
    }

    fn tail_frames(&self) -> usize {
        self.latency_frames()
    }

    fn reset(&mut self) {
        self.chain.reset();
        self.travel.settle();
        self.wet.settle();
        if let Some(matched) = &mut self.matched {
            matched.reset();
        }
        for voice in self.voices.iter_mut() {
            *voice = Voice::default();
        }
        self.log = ReductionLog::new();
        self.now = 0;
    }

    fn fields(&self) -> &'static [Field] {
        CompressorParams::FIELDS
    }

    fn field(&self, name: &str) -> Option<f64> {
        self.travel.to.get(name)
    }

    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        self.set_params(self.travel.to.with(name, value)?)
    }

    fn faults(&self) -> u64 {
        self.chain.faults
    }
}

impl<S: Sample> Process<S> for Compressor<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        self.run(io, None)
    }
}
