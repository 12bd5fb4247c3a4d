//! A transient shaper: onsets and tails are raised or lowered whatever their level.
//!
//! > e: the peak of the last 10 to 20 ms; q, f and s are followers of e
//! > D = dB(q) − dB(f), q with an attack of 1 ms, f with `attack_ms`, both released in 20 ms
//! > S = dB(s) − dB(q), s attacked like q and released in `sustain_ms`
//! > G = clamp(a·max(D, 0) + s·max(S, 0), ±range)
//!
//! D stands out while an onset rises, S while a tail falls; both are differences of logarithms, so
//! G does not depend on the level, and a steady tone is left alone. The peak is that of the current
//! and the last of pieces of 10 ms of the absolute counter: half a period of 50 Hz, so notes down to
//! there do not flutter. Below the floor all levels count as the floor: noise makes no onsets.
//!
//! Sources: the difference of two followers in dB, quick ones with attacks of 1 to 3 ms and slow ones
//! with 20 to 50 ms, as the trade has it; hold and floor are ours. Times are time constants (63.2 % of a step in amplitude).
//!
//! Cost: three serial followers, once per group with a full link. Latency: the look-ahead, 0 by
//! default; with 1 ms the gain is there when the onset is.
//!
//! Limits: there is no hold to set, as the peak of the last pieces is one; from 20 to 50 Hz a steady tone is
//! moved by up to half a decibel at full amounts. Raised onsets need a limiter behind them.

use super::key_filter::KeyFilter;
use super::reduction::{ReductionLog, ReductionStats, copy_row, mix_in, mixed_db};
use super::side_chain::{Row, SideChain, Span, Wanted};
use super::transient_params::{Times, TransientShaperParams, TransientShaperSetup, Voice};
use super::travel::{Straight, Travel};
use super::unit;
use crate::audio::{BlockMut, PerChannel, Sample, Store, check_frames};
use crate::error::Error;
use crate::kernels::{self, AMPLITUDE_DB, AMPLITUDE_FLOOR};
use crate::ramp::{self, Glide};
use crate::stream::{Field, Io, Process, Processor, Stream};
use crate::units::db_to_gain;

/// Memory that [`TransientShaper::new_in`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransientShaperStorage {
    /// Samples: the look-ahead.
    pub samples: usize,
}

/// A transient shaper for any layout, with look-ahead, link, range and key.
///
/// It takes an external key of one channel (which moves all) or of as many as the stream has.
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
/// use mixcore::dynamics::{TransientShaper, TransientShaperParams, TransientShaperSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Stream};
///
/// let params = TransientShaperParams { attack_percent: 50.0, ..TransientShaperParams::default() };
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let mut shaper = TransientShaper::<f32>::new(TransientShaperSetup::default(), params, stream)?;
/// let mut note = vec![0.1_f32; 48_000];
/// shaper.process(Io::new(BlockMut::mono(&mut note)))?;
/// assert!(note[96] > 0.2); // the onset is raised, here by 6 dB and more after 2 ms
/// assert!((note[47_999] - 0.1).abs() < 1e-5); // what stands is left alone
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct TransientShaper<'a, S> {
    stream: Stream,
    setup: TransientShaperSetup,
    travel: Travel<TransientShaperParams>,
    times: Times,
    chain: SideChain<'a, S>,
    voices: PerChannel<Voice>,
    wet: Glide<f32>,
    log: ReductionLog,
    now: u64,
}

#[cfg(feature = "alloc")]
impl<S: Sample> TransientShaper<'static, S> {
    /// A transient shaper with memory of its own.
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds.
    pub fn new(
        setup: TransientShaperSetup,
        params: TransientShaperParams,
        stream: Stream,
    ) -> Result<Self, Error> {
        let need = Self::required_len(setup, stream)?;
        Self::build(setup, params, stream, Store::owned(need.samples, S::zero()))
    }
}

impl<'a, S: Sample> TransientShaper<'a, S> {
    /// The memory that [`TransientShaper::new_in`] needs.
    ///
    /// # Errors
    /// A setup or rate outside its bounds.
    pub fn required_len(
        setup: TransientShaperSetup,
        stream: Stream,
    ) -> Result<TransientShaperStorage, Error> {
        let (samples, _) = setup.chain().memory(&stream)?;
        Ok(TransientShaperStorage { samples })
    }

    /// A transient shaper in lent memory of at least [`TransientShaper::required_len`].
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, or too little memory.
    pub fn new_in(
        setup: TransientShaperSetup,
        params: TransientShaperParams,
        stream: Stream,
        samples: &'a mut [S],
    ) -> Result<Self, Error> {
        let need = Self::required_len(setup, stream)?;
        let samples = Store::lent("transient shaper sample", samples, need.samples, S::zero())?;
        Self::build(setup, params, stream, samples)
    }

    fn build(
        setup: TransientShaperSetup,
        params: TransientShaperParams,
        stream: Stream,
        samples: Store<'a, S>,
    ) -> Result<Self, Error> {
        params.validate()?;
        let fade = ramp::ramp_frames(stream.rate_hz);
        let squares = Store::Lent(&mut []);
        Ok(Self {
            travel: Travel::new(params, fade),
            times: Times::design(&params, &stream),
            chain: SideChain::new(&setup.chain(), &stream, fade, samples, squares)?,
            voices: PerChannel::new(stream.channel_count())?,
            wet: Glide::new(1.0, fade),
            log: ReductionLog::new(),
            now: 0,
            setup,
            stream,
        })
    }

    unit::settings!(TransientShaperSetup, TransientShaperParams);
    unit::bypass!();
    unit::key_filter!(chain);
    unit::key_listen!(chain);

    /// Moves to other parameters over 20 ms from the next frame; the times change at once.
    ///
    /// # Errors
    /// A value outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: TransientShaperParams) -> Result<(), Error> {
        params.validate()?;
        if self.travel.turn(params, self.now, TransientShaperParams::after) {
            self.times = Times::design(&params, &self.stream);
        }
        Ok(())
    }

    /// The gain of a channel at the last frame, dB, without `gain_db` and mix; none for a channel that
    /// is not there.
    #[must_use]
    pub fn channel_gain_db(&self, channel: usize) -> Option<f64> {
        self.voices.get(channel).map(|voice| f64::from(voice.now))
    }

    /// The largest gain reduction of any channel at the last frame, dB, without `gain_db` and mix;
    /// negative where every gain is raised.
    #[must_use]
    pub fn gain_reduction_db(&self) -> f64 {
        let all = self.voices.iter().map(|voice| -f64::from(voice.now));
        all.fold(f64::NEG_INFINITY, f64::max)
    }

    /// How far the gain moved since the last reset, dB, either way, in the channel that moved most;
    /// none before the first frame.
    #[must_use]
    pub fn movement_stats(&self) -> Option<ReductionStats> {
        self.log.stats()
    }

    /// Output level for a steady input level, dB, at the target parameters: what does not change is
    /// left alone but for `gain_db` and the mix.
    #[must_use]
    pub fn static_curve_db(&self, input_db: f64) -> f64 {
        let params = &self.travel.to;
        input_db + mixed_db(params.gain_db, params.mix_percent * 1e-2)
    }

    /// [`Process::process`], and the gain of every frame of the block, dB, without `gain_db` and mix,
    /// of the channel whose gain moves most.
    ///
    /// # Errors
    /// As `process`, and a row of another length than the block.
    pub fn process_with_gain(&mut self, io: Io<'_, S>, gain_db: &mut [f32]) -> Result<(), Error> {
        check_frames("gain_db", gain_db.len(), io.main.frames())?;
        self.run(io, Some(gain_db))
    }

    /// The same as reductions, dB: a raised gain counts as negative.
    ///
    /// # Errors
    /// As `process`, and a row of another length than the block.
    pub fn process_with_reduction(
        &mut self,
        io: Io<'_, S>,
        reduction_db: &mut [f32],
    ) -> Result<(), Error> {
        self.process_with_gain(io, reduction_db)?;
        reduction_db.iter_mut().for_each(|db| *db = 0.0 - *db);
        Ok(())
    }

    /// [`TransientShaper::movement_stats`] by the name that all dynamics have.
    #[must_use]
    pub fn reduction_stats(&self) -> Option<ReductionStats> {
        self.movement_stats()
    }

    fn run(&mut self, io: Io<'_, S>, mut trace: Option<&mut [f32]>) -> Result<(), Error> {
        let Io { mut main, key } = io;
        self.chain.check(&main, key.as_ref())?;
        let frames = main.frames();
        let mut at = 0;
        while at < frames {
            let limit = self.chain.reach(self.now).min(frames - at).max(1);
            let line = self.travel.piece(self.now, limit);
            let span = Span { at, frames: line.frames, now: self.now };
            let ends = line.ends.map(|share| self.travel.to.after(&self.travel.from, share));
            let trace = trace.as_deref_mut().map(|trace| span.of(trace)).unwrap_or_default();
            let full = ends.iter().all(|params| params.link_percent == 100.0);
            let apart = ends.iter().all(|params| params.link_percent == 0.0);
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
        settings: &Settings,
        wanted: Wanted,
        trace: &mut [f32],
    ) {
        let isa = self.stream.isa;
        let mix = settings.ends.map(|params| params.mix_percent * 1e-2);
        let shares = self.chain.shares(&self.wet, span, &settings.line, mix);
        let mut most = Row::default();
        for (index, level) in self.chain.groups.iter_mut().enumerate() {
            // With a full link a channel in the state of the group's first one gets its gains.
            let mut first: Option<(Voice, Voice, Row)> = None;
            let members = main
                .channels_mut()
                .zip(self.chain.lanes.iter_mut())
                .zip(self.voices.iter_mut())
                .filter(|((_, lane), _)| lane.group == index);
            for ((channel, lane), voice) in members {
                let io = span.of(channel);
                if let Some((before, after, gains)) = &mut first
                    && !wanted.own
                    && voice == before
                {
                    *voice = *after;
                    kernels::apply_gains(isa, io, gains.of(span.frames));
                    continue;
                }
                let before = *voice;
                let mut row = if wanted.linked { *level } else { lane.level };
                if wanted.own && wanted.linked {
                    let link = settings.ends.map(|params| params.link_percent * 1e-2);
                    let own = lane.level.of(span.frames);
                    settings.line.blend(link, own, row.of(span.frames));
                }
                settings.shape(isa, &self.times, voice, row.of(span.frames));
                let gains = row.of(span.frames);
                voice.now = gains.last().copied().unwrap_or_default();
                for (most, gain) in most.of(span.frames).iter_mut().zip(&*gains) {
                    *most = if gain.abs() > most.abs() { *gain } else { *most };
                }
                settings.add_gain(gains);
                kernels::gains_of_db(isa, gains);
                if let Some(shares) = &shares {
                    mix_in(gains, &shares.0);
                }
                kernels::apply_gains(isa, io, gains);
                if first.is_none() {
                    first = Some((before, *voice, row));
                }
            }
        }
        let most = most.of(span.frames);
        copy_row(trace, most);
        for gain in &mut *most {
            *gain = gain.abs();
        }
        self.log.take(isa, span.now, most);
    }
}

/// The settings at both ends of a piece.
#[derive(Clone, Copy)]
struct Settings {
    line: Straight,
    ends: [TransientShaperParams; 2],
}

impl Settings {
    /// A parameter at a frame of the piece.
    #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
    fn at(&self, n: usize, field: fn(&TransientShaperParams) -> f64) -> f32 {
        let [a, b] = &self.ends;
        self.line.between(field(a), field(b), n) as f32
    }

    /// Levels become gains, both in dB.
    fn shape(&self, isa: kernels::Isa, times: &Times, voice: &mut Voice, io: &mut [f32]) {
        let mut tails = Row::default();
        let tails = tails.of(io.len());
        for (n, level) in io.iter_mut().enumerate() {
            let floor = self.at(n, |params| params.floor_dbfs);
            *level = if *level > floor { *level } else { floor };
        }
        kernels::gains_of_db(isa, io);
        for (n, (onset, tail)) in io.iter_mut().zip(&mut *tails).enumerate() {
            let magnitude = f64::from(*onset);
            let [quick, ..] = voice.followers;
            if quick == 0.0 {
                // All begin at the floor, so that a first sound is an onset.
                let floor = db_to_gain(f64::from(self.at(n, |params| params.floor_dbfs)));
                voice.followers = [floor; 3];
            }
            #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
            {
                [*onset, *tail] = voice.step(times, magnitude).map(|ratio| ratio as f32);
            }
        }
        kernels::levels_db(isa, io, AMPLITUDE_DB, AMPLITUDE_FLOOR);
        kernels::levels_db(isa, tails, AMPLITUDE_DB, AMPLITUDE_FLOOR);
        for (n, (onset, tail)) in io.iter_mut().zip(&*tails).enumerate() {
            let [attack, sustain] = [
                self.at(n, |params| params.attack_percent * 1e-2),
                self.at(n, |params| params.sustain_percent * 1e-2),
            ];
            let range = self.at(n, |params| params.range_db);
            let above = |x: f32| if x > 0.0 { x } else { 0.0 };
            let wanted = attack * above(*onset) + sustain * above(*tail);
            let low = if wanted > -range { wanted } else { -range };
            *onset = if low < range { low } else { range };
        }
    }

    fn add_gain(&self, gains: &mut [f32]) {
        for (n, gain) in gains.iter_mut().enumerate() {
            *gain += self.at(n, |params| params.gain_db);
        }
    }
}

impl<S: Sample> Processor for TransientShaper<'_, S> {
    unit::over_side_chain!(TransientShaperParams, |_unit| ());
}

impl<S: Sample> Process<S> for TransientShaper<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        self.run(io, None)
    }
}
