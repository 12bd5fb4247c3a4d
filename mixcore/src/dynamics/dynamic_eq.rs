//! A dynamic equaliser: bells and shelves whose gains follow the level of a band, in the signal
//! itself or in a key.
//!
//! > L = level of the key behind the band's filter, d = ±(L − T)
//! > G = gain + sign(range)·min(|range|, (1 − 1/R)·over(d)), smoothed in dB about the gain at rest
//!
//! A cut above the threshold tames a resonance; a rise above it opens a voice with its level; a rise
//! below it lifts what is soft. Keyed by the dialogue, a dip in the music makes room only where and
//! while the voice needs it. The movement follows attack and
//! release from and to its rest in either direction.
//!
//! # Bands
//! The bands work in a row on the signal, and each listens to the unprocessed input (or the key), behind
//! the key filter where there is one, so no band moves another. A bell listens through a band-pass of its place and Q, a shelf through a low-pass
//! or high-pass. At rest with a gain of 0 dB a band lets every bit pass.
//!
//! # Link
//! > M_i = (1 − k)·M(L_i) + k·M(max_j L_j) over the channels j of a group, M the movement
//!
//! With a K-weighted detector the loudness of the group takes the place of the largest level.
//!
//! # Mix
//! Each band mixes its own dry share in, with one phase, so nothing can comb.
//!
//! Sources: [`super::moving_band`] for the filters, [`super::curve`] for the curve,
//! [`super::ballistics`] for the times.
//!
//! Cost: a band costs a channel a filter and a window, serial, and half a pair's state-variable
//! filter. Latency: the look-ahead, 0 by default.
//!
//! Limits: filters are bilinear, so bells near Nyquist are narrower than their analogue models.

use super::ballistics::Ballistics;
use super::detector::{DETECTOR_CHUNK, Listening};
use super::dynamic_eq_gains::{Lane, Settings};
use super::dynamic_eq_params::{
    DynamicEqParams, DynamicEqSetup, MAX_DYNAMIC_BANDS, Point, ballistics,
};
use super::key_filter::KeyFilter;
use super::key_intake::{CHUNK, Kept, KeyIntake, SETTLE_FRAMES, Short, copy, part};
use super::moving_band::{BandState, run_pair};
use super::reduction::{ReductionLog, ReductionStats, copy_row, raise_row};
use super::side_chain::Span;
use super::travel::Travel;
use super::unit;
use crate::audio::{Block, BlockMut, PerChannel, Sample, Store, check_frames};
use crate::error::Error;
use crate::kernels;
use crate::ramp::{self, Glide};
use crate::stream::{Field, Io, Process, Processor, Stream, unknown_field};
use crate::units::gain_to_db;

/// Memory that [`DynamicEq::new_in`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DynamicEqStorage {
    /// Samples: the look-ahead.
    pub samples: usize,
    /// Values: the detectors' windows.
    pub squares: usize,
}

/// A dynamic equaliser of one to six bands for any layout, with look-ahead, link and key.
///
/// It takes an external key of one channel (which moves all) or of as many as the stream has; the
/// bands whose setup says so listen to it.
///
/// # Latency
/// `lookahead_ms`, 0 by default.
///
/// # Real time
/// `process`, `set_params`, `set_key_filter`, `set_key_listen` and `reset` neither allocate nor wait.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::dynamics::{DynamicEq, DynamicEqBand, DynamicEqParams, DynamicEqSetup};
/// use mixcore::{Block, BlockMut, Io, Layout, Process, Stream};
///
/// // The ambience gives way around 300 Hz while the voice speaks there, by 4 dB at most.
/// let dip = DynamicEqBand { hz: 300.0, q: 0.8, range_db: -4.0, ..DynamicEqBand::default() };
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let (setup, params) = (DynamicEqSetup::default(), DynamicEqParams::new(&[dip]));
/// let mut eq = DynamicEq::<f32>::new(setup, params, stream)?;
/// let voice: Vec<f32> = (0..48_000).map(|n| if n % 160 < 80 { 0.5 } else { -0.5 }).collect();
/// let mut ambience = vec![0.1_f32; 48_000];
/// eq.process(Io::with_key(BlockMut::mono(&mut ambience), Block::mono(&voice)))?;
/// assert!((eq.band_movement_db(0, 0).unwrap() + 4.0).abs() < 1e-3);
/// assert!((eq.response_db(0, 300.0).unwrap() + 4.0).abs() < 1e-3);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct DynamicEq<'a, S> {
    stream: Stream,
    setup: DynamicEqSetup,
    travel: Travel<DynamicEqParams>,
    target: Point,
    ballistics: [Ballistics; MAX_DYNAMIC_BANDS],
    listening: Listening,
    intake: KeyIntake<'a, S>,
    squares: Store<'a, f64>,
    /// The window's current chunk.
    slot: usize,
    lanes: PerChannel<Lane>,
    groups: PerChannel<[Kept; MAX_DYNAMIC_BANDS]>,
    /// The band whose key is heard.
    listens_to: usize,
    wet: Glide<f32>,
    logs: [ReductionLog; MAX_DYNAMIC_BANDS],
    /// Of the band that moves most.
    log: ReductionLog,
    now: u64,
}

unit::memory!(DynamicEq, DynamicEqSetup, DynamicEqParams, "dynamic EQ");

impl<'a, S: Sample> DynamicEq<'a, S> {
    /// The memory that [`DynamicEq::new_in`] needs.
    ///
    /// # Errors
    /// A setup or rate outside its bounds.
    pub fn required_len(setup: DynamicEqSetup, stream: Stream) -> Result<DynamicEqStorage, Error> {
        setup.validate()?;
        stream.validate()?;
        let window = setup.detector.listening(&stream)?.memory_len();
        Ok(DynamicEqStorage {
            samples: KeyIntake::<S>::memory(setup.lookahead_ms, &stream),
            squares: setup.bands * stream.channel_count() * window,
        })
    }

    fn build(
        setup: DynamicEqSetup,
        params: DynamicEqParams,
        stream: Stream,
        samples: Store<'a, S>,
        squares: Store<'a, f64>,
    ) -> Result<Self, Error> {
        params.check(setup.bands, &stream)?;
        let fade = ramp::ramp_frames(stream.rate_hz);
        let listening = setup.detector.listening(&stream)?;
        let mut lanes = PerChannel::<Lane>::new(stream.channel_count())?;
        for (index, lane) in lanes.iter_mut().enumerate() {
            lane.group = setup.groups.group_of(stream.layout, index);
            lane.weight = listening.weight(stream.layout, index);
        }
        Ok(Self {
            travel: Travel::new(params, fade),
            target: Point::design(&params, &setup, stream.rate_hz),
            ballistics: ballistics(&params, &stream),
            listening,
            intake: KeyIntake::new(setup.lookahead_ms, &stream, fade, samples)?,
            squares,
            slot: 0,
            lanes,
            groups: PerChannel::new(setup.groups.count(stream.layout))?,
            listens_to: 0,
            wet: Glide::new(1.0, fade),
            logs: core::array::from_fn(|_| ReductionLog::new()),
            log: ReductionLog::new(),
            now: 0,
            setup,
            stream,
        })
    }

    unit::settings!(DynamicEqSetup, DynamicEqParams);
    unit::bypass!();
    unit::key_filter!(intake);

    /// Moves to other parameters over 20 ms from the next frame; the times change at once.
    ///
    /// # Errors
    /// A value outside its bounds, a frequency above 0.49 of the rate; nothing changes then.
    pub fn set_params(&mut self, params: DynamicEqParams) -> Result<(), Error> {
        params.check(self.setup.bands, &self.stream)?;
        if self.travel.turn(params, self.now, DynamicEqParams::after) {
            self.target = Point::design(&params, &self.setup, self.stream.rate_hz);
            self.ballistics = ballistics(&params, &self.stream);
        }
        Ok(())
    }

    /// Lets the key of a band be heard in place of the signal, with the same latency; none ends it.
    /// A cross-fade of 20 ms from the next input frame on.
    ///
    /// # Errors
    /// A band that is not there.
    pub fn set_key_listen(&mut self, band: Option<usize>) -> Result<(), Error> {
        if let Some(band) = band {
            #[expect(clippy::cast_precision_loss, reason = "only compared with small bounds")]
            Error::check_range("band", band as f64, 0.0, self.setup.bands as f64 - 1.0)?;
            self.listens_to = band;
        }
        self.intake.listen.move_to(if band.is_some() { 1.0 } else { 0.0 }, self.now);
        Ok(())
    }

    /// How far the gain of a band, counted from 0, was from its rest in a channel at the last frame,
    /// dB; none for a band or channel that is not there.
    #[must_use]
    pub fn band_movement_db(&self, band: usize, channel: usize) -> Option<f64> {
        let lane = self.lanes.get(channel)?;
        let bands = lane.bands.get(..self.setup.bands)?;
        bands.get(band).map(|voice| f64::from(voice.now))
    }

    /// The largest movement of any band and channel at the last frame, dB ≥ 0, either way.
    #[must_use]
    pub fn gain_reduction_db(&self) -> f64 {
        let voices = self.lanes.iter().flat_map(|lane| &lane.bands);
        voices.map(|voice| f64::from(voice.now).abs()).fold(0.0, f64::max)
    }

    /// The movement of a band since the last reset, dB, either way, of the channel that moved most;
    /// none before the first frame and for a band that is not there.
    #[must_use]
    pub fn band_stats(&self, band: usize) -> Option<ReductionStats> {
        self.logs.get(..self.setup.bands)?.get(band)?.stats()
    }

    /// The same of the band that moved most; none before the first frame.
    #[must_use]
    pub fn reduction_stats(&self) -> Option<ReductionStats> {
        self.log.stats()
    }

    /// Level at the centre of a bell, or in the middle of a shelf's plateau, for a steady level of
    /// the band, dB, at the target parameters, without the mix; none for a band that is not there.
    #[must_use]
    pub fn static_curve_db(&self, band: usize, input_db: f64) -> Option<f64> {
        let point = self.target.bands.get(..self.setup.bands)?.get(band)?;
        Some(input_db + point.gain_db + point.movement_db(input_db))
    }

    /// Gain of all bands at `hz` in a channel, dB, with the movements of the last frame and the
    /// target parameters, without the mix; none for a channel that is not there.
    #[must_use]
    pub fn response_db(&self, channel: usize, hz: f64) -> Option<f64> {
        let lane = self.lanes.get(channel)?;
        let bands = lane.bands.iter().zip(&self.target.bands).zip(&self.setup.band);
        let gains = bands.take(self.setup.bands).map(|((voice, point), setup)| {
            let gain_db = point.gain_db + f64::from(voice.now);
            setup.shape.gain_at(point.corner, gain_db, hz, self.stream.rate_hz)
        });
        Some(gain_to_db(gains.product()))
    }

    /// [`Process::process`], and the movement of every frame of the block in every band, dB, of the
    /// channel that is moved most, either way.
    ///
    /// # Shape
    /// `movement_db` has the frames of the first band first, then those of the next.
    ///
    /// # Errors
    /// As `process`, and another length than bands x frames.
    pub fn process_with_movement(
        &mut self,
        io: Io<'_, S>,
        movement_db: &mut [f32],
    ) -> Result<(), Error> {
        let expected = self.setup.bands.saturating_mul(io.main.frames());
        check_frames("movement_db", movement_db.len(), expected)?;
        self.run(io, Some(movement_db))
    }

    /// [`DynamicEq::process_with_movement`] by the name that all dynamics have.
    ///
    /// # Shape
    /// `reduction_db` has the frames of the first band first, then those of the next.
    ///
    /// # Errors
    /// As `process`, and another length than bands x frames.
    pub fn process_with_reduction(
        &mut self,
        io: Io<'_, S>,
        reduction_db: &mut [f32],
    ) -> Result<(), Error> {
        self.process_with_movement(io, reduction_db)
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
                    Point::design(&params, &self.setup, self.stream.rate_hz)
                })
            };
            let settings = Settings { line, ends: &ends };
            self.hear(&mut main, key.as_ref(), span, &ends[0]);
            let most = self.apply(&mut main, span, &settings);
            let mut all = [0.0; CHUNK];
            let all = part(&mut all, span.frames);
            for (band, (row, log)) in
                most.iter().zip(&mut self.logs).enumerate().take(self.setup.bands)
            {
                let row = row.get(..span.frames).unwrap_or_default();
                log.take(self.stream.isa, span.now, row);
                raise_row(all, row);
                if let Some(trace) = trace.as_deref_mut() {
                    let start = band.saturating_mul(frames).saturating_add(at);
                    copy_row(trace.get_mut(start..).unwrap_or_default(), row);
                }
            }
            self.log.take(self.stream.isa, span.now, all);
            at += span.frames;
            self.now += span.frames as u64;
        }
        Ok(())
    }

    /// Levels of all bands, channels and groups; the block holds what leaves.
    fn hear(
        &mut self,
        main: &mut BlockMut<'_, S>,
        key: Option<&Block<'_, S>>,
        span: Span,
        point: &Point,
    ) {
        let isa = self.stream.isa;
        let (listening, slot, count) = (self.listening, self.slot, self.setup.bands);
        let (setups, listens_to) = (self.setup.band, self.listens_to);
        #[expect(clippy::cast_possible_truncation, reason = "below 32")]
        let place = (slot, (span.now % DETECTOR_CHUNK as u64) as usize);
        let memory = listening.memory_len();
        let one_key = key.is_some_and(|key| key.channel_count() == 1);
        let Self { intake, lanes, groups, squares, .. } = self;
        for row in groups.iter_mut().flatten() {
            *row = Kept::default();
        }
        intake.take(main, key, span, |channel, own, key, listened| {
            let Some(lane) = lanes.get_mut(channel) else { return };
            let mut group = groups.get_mut(lane.group);
            let bands = lane.bands.iter_mut().zip(&point.bands).zip(&setups).take(count);
            for (band, ((voice, point), setup)) in bands.enumerate() {
                let (foreign, one_key) = match key {
                    Some(key) if setup.external_key => (Some(key), one_key),
                    _ => (None, false),
                };
                let mut heard = [0.0; CHUNK];
                let heard = part(&mut heard, span.frames);
                copy(heard, foreign.unwrap_or(own));
                point.filter.run(&mut voice.filter, heard);
                if band == listens_to {
                    copy(listened, heard);
                }
                let start = (count * channel + band).saturating_mul(memory);
                let squares = squares.get_mut(start..start.saturating_add(memory));
                let squares = squares.unwrap_or_default();
                let level = part(&mut voice.level.0, span.frames);
                listening.measure(isa, &mut voice.ear, squares, place, heard, level);
                let group = group.as_mut().and_then(|group| group.get_mut(band));
                let group = group.map(|group| part(&mut group.0, span.frames));
                listening.join(isa, lane.weight, one_key, level, group);
            }
        });
        let settles = span.ends_at_multiple_of(SETTLE_FRAMES);
        for voice in lanes.iter_mut().flat_map(|lane| lane.bands.iter_mut().take(count)) {
            listening.levels_db(isa, part(&mut voice.level.0, span.frames));
            if settles {
                voice.filter.settle();
                voice.ear.settle();
                voice.envelope.settle();
            }
        }
        for row in groups.iter_mut().flat_map(|group| group.iter_mut().take(count)) {
            listening.levels_db(isa, part(&mut row.0, span.frames));
        }
        self.slot = listening.slot_after(slot, span);
    }

    /// From the levels to the gains, and the filters over the block; the movements, either way, of
    /// the channels that moved most.
    fn apply(
        &mut self,
        main: &mut BlockMut<'_, S>,
        span: Span,
        settings: &Settings<'_>,
    ) -> [Short; MAX_DYNAMIC_BANDS] {
        let isa = self.stream.isa;
        let mix = settings.ends.map(|point| point.mix);
        let shares = self.intake.shares(&self.wet, span, &settings.line, mix);
        let mut most = [[0.0; CHUNK]; MAX_DYNAMIC_BANDS];
        let count = self.setup.bands;
        let settle = span.now.is_multiple_of(SETTLE_FRAMES);
        let full = settings.ends.iter().all(|point| point.link == 1.0);
        let mut channels = main.channels_mut();
        let mut lanes = self.lanes.iter_mut();
        while let (Some(first), Some(lane)) = (channels.next(), lanes.next()) {
            let left = span.of(first);
            let mut silence = [S::zero(); CHUNK];
            let mut beside = channels.next().zip(lanes.next());
            let mut pair = [[0.0; 2]; CHUNK];
            let pair = part(&mut pair, span.frames);
            match &mut beside {
                Some((right, _)) => kernels::pair_in(isa, left, span.of(right), pair),
                None => kernels::pair_in(isa, left, part(&mut silence, span.frames), pair),
            };
            for band in 0..count {
                let (Some(ballistics), Some(setup)) =
                    (self.ballistics.get(band), self.setup.band.get(band))
                else {
                    continue;
                };
                let most = most.get_mut(band);
                let most = most.map(|most| part(most, span.frames)).unwrap_or_default();
                let mut frames = |lane: &mut Lane| {
                    let group = self.groups.get(lane.group)?.get(band)?;
                    let voice = lane.bands.get_mut(band)?;
                    settings.frames(
                        isa,
                        (band, setup.shape),
                        ballistics,
                        voice,
                        group,
                        (&mut *most, shares.as_ref()),
                    )
                };
                let before = lane.bands.get(band).map(|voice| voice.envelope);
                let Some(a) = frames(lane) else { continue };
                let mut rest = BandState::default();
                let (b, state) = match &mut beside {
                    Some((_, other)) => {
                        // With a full link a channel in the state of its neighbour gets its gains.
                        let same = full
                            && other.group == lane.group
                            && other.bands.get(band).map(|voice| voice.envelope) == before;
                        let b = if same {
                            let voices = other.bands.get_mut(band).zip(lane.bands.get(band));
                            if let Some((voice, first)) = voices {
                                (voice.envelope, voice.now) = (first.envelope, first.now);
                            }
                            Some(a)
                        } else {
                            frames(other)
                        };
                        let Some(b) = b else { continue };
                        (b, other.bands.get_mut(band).map(|voice| &mut voice.state))
                    }
                    None => (a, None),
                };
                if let Some(voice) = lane.bands.get_mut(band) {
                    let states = [&mut voice.state, state.unwrap_or(&mut rest)];
                    run_pair(isa, [&a, &b], settle, pair, states);
                }
            }
            match &mut beside {
                Some((right, _)) => kernels::pair_out(isa, pair, left, span.of(right)),
                None => kernels::pair_out(isa, pair, left, part(&mut silence, span.frames)),
            }
        }
        most
    }
}

impl<S: Sample> Processor for DynamicEq<'_, S> {
    fn latency_frames(&self) -> usize {
        self.intake.lookahead_frames()
    }

    fn tail_frames(&self) -> usize {
        let bands = self.travel.to.bands.iter().zip(&self.target.bands).zip(&self.setup.band);
        let rings = bands.take(self.setup.bands).map(|((band, point), setup)| {
            let most_db = band.gain_db.abs() + band.range_db.abs();
            setup.shape.ring_frames(point.corner, most_db)
        });
        self.latency_frames().saturating_add(rings.fold(0, usize::saturating_add))
    }

    fn reset(&mut self) {
        self.intake.reset();
        self.squares.fill(0.0);
        self.slot = 0;
        self.travel.settle();
        self.wet.settle();
        for lane in self.lanes.iter_mut() {
            *lane = Lane { group: lane.group, weight: lane.weight, ..Lane::default() };
        }
        self.log = ReductionLog::new();
        for log in &mut self.logs {
            *log = ReductionLog::new();
        }
        self.now = 0;
    }

    fn fields(&self) -> &'static [Field] {
        DynamicEqParams::fields(self.setup.bands)
    }

    fn field(&self, name: &str) -> Option<f64> {
        self.fields().iter().find(|field| field.name == name)?;
        self.travel.to.get(name)
    }

    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        if !self.fields().iter().any(|field| field.name == name) {
            return Err(unknown_field(name));
        }
        self.set_params(self.travel.to.with(name, value)?)
    }

    fn faults(&self) -> u64 {
        self.intake.faults
    }
}

impl<S: Sample> Process<S> for DynamicEq<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        self.run(io, None)
    }
}
