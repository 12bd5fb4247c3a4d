//! A soft clipper that aliases little and keeps its true peaks: for peaks that are too short to be
//! heard as distortion and too many to be limited.
//!
//! > y = x − r, r = what the shape takes away, by antiderivative anti-aliasing
//!
//! The shapes and r stand in [`super::clip_shape`]. A usual clipper with that method filters the
//! whole signal (the mean of two samples is 2 dB down at 10 kHz of 48); here only what is taken
//! away passes through it, at two, four or eight times the rate if the setup asks for it, and is
//! subtracted from the delayed signal. So what stays below the threshold passes **bit for bit**,
//! flat to Nyquist. Two neighbouring means are averaged, so that r lies on the samples.
//!
//! A clipped line still has higher true peaks than samples, and r has lost what lies beyond the
//! band. The guard is a [`super::Limiter`] with the same ceiling behind the clipper, so the true peak
//! of the output obeys it; without the guard the ceiling is that of the shape alone.
//!
//! # Mix
//! The dry signal is the delayed input, undriven: y = m·(clipped) + (1 − m)·x, before the guard.
//!
//! # Aliasing
//! Measured in `tests/all/soft_clip.rs`: a sine of 4.9 kHz, 12 dB over a hard ceiling at 48 kHz;
//! power of all that is no overtone below 20 kHz, relative to the fundamental.
//!
//! | | naive | 1x | 2x | 4x | 8x |
//! |---|---|---|---|---|---|
//! | dB | −20.8 | −38.1 | −55.3 | −74.2 | −92.5 |
//!
//! Source: Parker, Zavalishin, Le Bivic, DAFx-16, 2016. That only what is taken away is
//! filtered is ours.
//!
//! Cost: the oversampler; the shape only where it bends. Latency: a frame, or that of the
//! oversampler, and that of the guard; constant.
//!
//! Limits: no link, key, range or hold, as no clipper has: it works on a sample's own size, at once.

use super::clip_rows::{drive_row, taken_row};
use super::clip_shape::Clip;
use super::limiter::Limiter;
use super::reduction::{ReductionLog, ReductionStats, copy_row};
use super::side_chain::stands_at;
use super::soft_clip_params::{PIECE, Point, SoftClipperParams, SoftClipperSetup};
use super::soft_clip_step::{DRIVEN_LIMIT, MAX_LATENCY, Plan, Settings, Voice};
use super::travel::Travel;
use super::unit;
use crate::audio::{Block, BlockMut, PerChannel, Sample, Store, check_frames};
use crate::error::Error;
use crate::filters::{DelayLine, Oversampler};
use crate::kernels::{self, AMPLITUDE_DB, AMPLITUDE_FLOOR};
use crate::ramp::{self, Glide};
use crate::stream::{Field, Io, Process, Processor, Stream};
use crate::units::{db_to_gain, gain_to_db};

/// Memory that [`SoftClipper::new_in`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SoftClipperStorage {
    /// Samples: delays, the oversampler, a piece, and the guard's.
    pub samples: usize,
    /// Control values: the guard's.
    pub control: usize,
}

/// A soft clipper with antiderivative anti-aliasing and a true-peak guard.
///
/// # Latency
/// 1 frame, or that of the oversampler (71, 77 and 79 for 2, 4 and 8 times), plus the guard's.
///
/// # Real time
/// `process`, `set_params` and `reset` neither allocate nor wait.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::dynamics::{SoftClipper, SoftClipperParams, SoftClipperSetup};
/// use mixcore::{BlockMut, Layout, Stream, stream};
///
/// let mono = Stream::new(48_000.0, Layout::MONO)?;
/// let params = SoftClipperParams { ceiling_dbtp: -3.0, ..SoftClipperParams::default() };
/// let mut clipper = SoftClipper::<f32>::new(SoftClipperSetup::default(), params, mono)?;
/// let mut loud: Vec<f32> = (0..4800).map(|n| (f64::from(n) * 0.05).sin() as f32).collect();
/// stream::render(&mut clipper, BlockMut::mono(&mut loud))?;
/// assert!(loud.iter().all(|x| x.abs() <= 0.7080)); // -3 dBTP are 0.7079
/// let mut soft = vec![0.25_f32, -0.3, 0.4];
/// stream::render(&mut clipper, BlockMut::mono(&mut soft))?;
/// assert_eq!(soft, [0.25, -0.3, 0.4]);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct SoftClipper<'a, S> {
    stream: Stream,
    setup: SoftClipperSetup,
    travel: Travel<SoftClipperParams>,
    target: Point,
    /// A ring of [`MAX_LATENCY`] of the driven and one of the dry signal for each channel, then a
    /// piece of both.
    memory: Store<'a, S>,
    /// Where the rings stand.
    line: DelayLine,
    oversampler: Option<Oversampler<'a, S>>,
    guard: Option<Limiter<'a, S>>,
    voices: PerChannel<Voice>,
    wet: Glide<f32>,
    log: ReductionLog,
    /// Reduction of the last frame, dB.
    reduction: f32,
    now: u64,
    faults: u64,
}

#[cfg(feature = "alloc")]
impl<S: Sample> SoftClipper<'static, S> {
    /// A soft clipper with memory of its own.
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds.
    pub fn new(
        setup: SoftClipperSetup,
        params: SoftClipperParams,
        stream: Stream,
    ) -> Result<Self, Error> {
        let plan = Plan::new::<S>(&setup, &stream)?;
        let oversampler = match setup.oversampling {
            1 => None,
            _ => Some(Oversampler::new(setup.oversampler(), stream)?),
        };
        let guard = match setup.guard {
            true => Some(Limiter::new(setup.limiter(), params.limiter(), stream)?),
            false => None,
        };
        let memory = Store::owned(plan.own, S::zero());
        Self::build(setup, params, stream, memory, (oversampler, guard))
    }
}

impl<'a, S: Sample> SoftClipper<'a, S> {
    /// The memory that [`SoftClipper::new_in`] needs.
    ///
    /// # Errors
    /// A setup or rate outside its bounds.
    pub fn required_len(
        setup: SoftClipperSetup,
        stream: Stream,
    ) -> Result<SoftClipperStorage, Error> {
        let plan = Plan::new::<S>(&setup, &stream)?;
        let (samples, control) =
            if setup.guard { (plan.guard.samples, plan.guard.control) } else { (0, 0) };
        Ok(SoftClipperStorage { samples: plan.own + plan.oversampler + samples, control })
    }

    /// A soft clipper in lent memory of at least [`SoftClipper::required_len`].
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, or too little memory.
    pub fn new_in(
        setup: SoftClipperSetup,
        params: SoftClipperParams,
        stream: Stream,
        samples: &'a mut [S],
        control: &'a mut [f32],
    ) -> Result<Self, Error> {
        let plan = Plan::new::<S>(&setup, &stream)?;
        let required = Self::required_len(setup, stream)?.samples;
        let few = Error::Storage { what: "soft clipper sample", given: samples.len(), required };
        if samples.len() < required {
            return Err(few);
        }
        let (own, rest) = samples.split_at_mut_checked(plan.own).ok_or(few)?;
        let (over, rest) = rest.split_at_mut_checked(plan.oversampler).ok_or(few)?;
        let oversampler = match setup.oversampling {
            1 => None,
            _ => Some(Oversampler::new_in(setup.oversampler(), stream, over)?),
        };
        let guard = match setup.guard {
            true => {
                Some(Limiter::new_in(setup.limiter(), params.limiter(), stream, rest, control)?)
            }
            false => None,
        };
        let memory = Store::lent("soft clipper sample", own, plan.own, S::zero())?;
        Self::build(setup, params, stream, memory, (oversampler, guard))
    }

    fn build(
        setup: SoftClipperSetup,
        params: SoftClipperParams,
        stream: Stream,
        memory: Store<'a, S>,
        (oversampler, guard): (Option<Oversampler<'a, S>>, Option<Limiter<'a, S>>),
    ) -> Result<Self, Error> {
        params.validate()?;
        let fade = ramp::ramp_frames(stream.rate_hz);
        let latency = oversampler.as_ref().map_or(1, Oversampler::latency_frames);
        Ok(Self {
            travel: Travel::new(params, fade),
            target: Point::design(&params),
            line: DelayLine::new(latency.min(MAX_LATENCY)),
            memory,
            oversampler,
            guard,
            voices: PerChannel::new(stream.channel_count())?,
            wet: Glide::new(1.0, fade),
            log: ReductionLog::new(),
            reduction: 0.0,
            now: 0,
            faults: 0,
            setup,
            stream,
        })
    }

    unit::settings!(SoftClipperSetup, SoftClipperParams);

    /// Moves to other parameters over 20 ms from the next frame.
    ///
    /// # Errors
    /// A value outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: SoftClipperParams) -> Result<(), Error> {
        params.validate()?;
        if params == self.travel.to {
            return Ok(());
        }
        if let Some(guard) = &mut self.guard {
            guard.set_params(params.limiter())?;
        }
        if self.travel.turn(params, self.now, SoftClipperParams::after) {
            self.target = Point::design(&params);
        }
        Ok(())
    }

    /// Lets the signal pass (cleaned, else unchanged) with the same latency: a cross-fade of 20 ms
    /// from the next output frame on.
    pub fn set_bypass(&mut self, bypass: bool) {
        self.wet.move_to(if bypass { 0.0 } else { 1.0 }, self.now);
        if let Some(guard) = &mut self.guard {
            guard.set_bypass(bypass);
        }
    }

    /// How far the shape turned the last input frame down, dB ≥ 0, in the channel that was turned
    /// down most, without the guard.
    #[must_use]
    pub fn gain_reduction_db(&self) -> f64 {
        f64::from(self.reduction)
    }

    /// The guard: its statistics and measured peak; none where the setup has none.
    #[must_use]
    pub fn guard(&self) -> Option<&Limiter<'a, S>> {
        self.guard.as_ref()
    }

    /// How far the guard turned the last frame down, dB ≥ 0; 0 without a guard.
    #[must_use]
    pub fn guard_reduction_db(&self) -> f64 {
        self.guard.as_ref().map_or(0.0, Limiter::gain_reduction_db)
    }

    /// How far the shape turned frames down since the last reset; none before the first frame.
    #[must_use]
    pub fn reduction_stats(&self) -> Option<ReductionStats> {
        self.log.stats()
    }

    /// Output level for a steady input level (of a constant, not of a sine), dB, at the target
    /// parameters, with drive and mix.
    #[must_use]
    pub fn static_curve_db(&self, input_db: f64) -> f64 {
        let point = &self.target;
        let dry = db_to_gain(input_db);
        let x = dry * point.drive;
        let clip = self.clip(point.threshold, point.ceiling);
        let wet = x - clip.excess(x);
        gain_to_db(if point.mix == 1.0 { wet } else { dry + point.mix * (wet - dry) })
    }

    fn clip(&self, threshold: f64, ceiling: f64) -> Clip {
        Clip { shape: self.setup.shape, threshold, ceiling }
    }

    unit::traced! {
        /// [`Process::process`], and how far the shape turned every input frame of the block down, dB,
        /// in the channel that was turned down most.
    }

    fn run(&mut self, io: Io<'_, S>, mut trace: Option<&mut [f32]>) -> Result<(), Error> {
        let mut main = io.without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        let frames = main.frames();
        let target = self.target;
        let mut at = 0;
        while at < frames {
            let line = self.travel.piece(self.now, PIECE.min(frames - at));
            let ends = if line.is_still() {
                [target; 2]
            } else {
                line.ends
                    .map(|share| Point::design(&self.travel.to.after(&self.travel.from, share)))
            };
            let end = at + line.frames;
            let trace = trace.as_deref_mut().and_then(|trace| trace.get_mut(at..end));
            self.piece(&mut main.range(at, end), &Settings { line, ends }, trace)?;
            at = end;
        }
        match &mut self.guard {
            Some(guard) => guard.process(Io::new(main)),
            None => Ok(()),
        }
    }

    /// At most [`PIECE`] frames, without the guard.
    fn piece(
        &mut self,
        main: &mut BlockMut<'_, S>,
        settings: &Settings,
        trace: Option<&mut [f32]>,
    ) -> Result<(), Error> {
        let (isa, frames, channels) = (self.stream.isa, main.frames(), self.voices.len());
        let (shape, factor, each) = (self.setup.shape, self.setup.oversampling, frames.max(1));
        let parts = self.memory.split_at_mut_checked(2 * channels * MAX_LATENCY);
        let (rings, pieces) = parts.unwrap_or_default();
        let parts = rings.split_at_mut_checked(channels * MAX_LATENCY);
        let (driven_rings, dry_rings) = parts.unwrap_or_default();
        let parts = pieces.split_at_mut_checked(channels * PIECE).unwrap_or_default();
        let work = parts.0.get_mut(..channels * frames).unwrap_or_default();
        let dry = parts.1.get_mut(..channels * frames).unwrap_or_default();

        let steady = settings.steady(shape);
        // How many times too large, in the channel that was turned down most.
        let mut most = [1.0_f32; PIECE];
        for (io, work) in main.channels_mut().zip(work.chunks_mut(each)) {
            self.faults += kernels::clean_in_place(isa, io) as u64;
            if let Some(steady) = steady {
                drive_row(isa, steady, io, work, &mut most);
                continue;
            }
            for (n, ((x, driven), most)) in io.iter().zip(work).zip(&mut most).enumerate() {
                let (drive, clip) = settings.at(n, shape);
                let y = (x.as_f64() * drive).clamp(-DRIVEN_LIMIT, DRIVEN_LIMIT);
                *driven = S::from_f64(y);
                let taken = clip.excess(y);
                if taken != 0.0 {
                    #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
                    let times = (y / (y - taken)) as f32;
                    *most = if times > *most { times } else { *most };
                }
            }
        }
        // What is taken away takes the place of what was driven, which leaves its ring for the block.
        let taken = |voice: &mut Voice, samples: &mut [S]| {
            if let Some((_, clip)) = steady {
                return taken_row(isa, clip, voice, samples);
            }
            for (n, part) in samples.chunks_mut(factor.max(1)).enumerate() {
                let (_, clip) = settings.at(n, shape);
                for x in part {
                    *x = S::from_f64(voice.step(&clip, x.as_f64()));
                }
            }
        };
        if let Some(over) = &mut self.oversampler {
            let mut high = over.up(Block::contiguous(work, channels)?)?;
            for (samples, voice) in high.channels_mut().zip(self.voices.iter_mut()) {
                taken(voice, samples);
            }
        }
        let driven_rings = driven_rings.chunks_mut(MAX_LATENCY);
        let rings = driven_rings.zip(dry_rings.chunks_mut(MAX_LATENCY));
        for (((io, work), dry), (driven_ring, dry_ring)) in
            main.channels_mut().zip(work.chunks(each)).zip(dry.chunks_mut(each)).zip(rings)
        {
            let ring = self.line.ring(dry_ring, 0);
            self.line.exchange(ring, dry, io);
            let ring = self.line.ring(driven_ring, 0);
            self.line.exchange(ring, io, work);
        }
        self.line.pass();
        match &mut self.oversampler {
            Some(over) => over.down(BlockMut::contiguous(work, channels)?)?,
            None => {
                for (samples, voice) in work.chunks_mut(each).zip(self.voices.iter_mut()) {
                    taken(voice, samples);
                }
            }
        }
        let full =
            steady.is_some() && settings.mix(0) == 1.0 && stands_at(&self.wet, 1.0, self.now);
        for ((io, work), dry) in main.channels_mut().zip(work.chunks(each)).zip(dry.chunks(each)) {
            if full {
                for (io, taken) in io.iter_mut().zip(work) {
                    *io -= *taken;
                }
                continue;
            }
            for (n, ((io, taken), dry)) in io.iter_mut().zip(work).zip(dry).enumerate() {
                let clipped = *io - *taken;
                let share = settings.mix(n) * f64::from(self.wet.at(self.now + n as u64));
                *io = if share == 1.0 {
                    clipped
                } else {
                    *dry + (clipped - *dry) * S::from_f64(share)
                };
            }
        }
        let most = most.get_mut(..frames).unwrap_or_default();
        kernels::levels_db(isa, most, AMPLITUDE_DB, AMPLITUDE_FLOOR);
        self.log.take(isa, self.now, most);
        self.reduction = most.last().copied().unwrap_or_default();
        copy_row(trace.unwrap_or_default(), most);
        self.now += frames as u64;
        Ok(())
    }
}

impl<S: Sample> Processor for SoftClipper<'_, S> {
    fn latency_frames(&self) -> usize {
        self.line.frames() + self.guard.as_ref().map_or(0, Processor::latency_frames)
    }

    fn tail_frames(&self) -> usize {
        let guard = self.guard.as_ref().map_or(0, Processor::tail_frames);
        self.line.frames() + self.oversampler.as_ref().map_or(1, Oversampler::tail_frames) + guard
    }

    fn reset(&mut self) {
        self.memory.fill(S::zero());
        self.line.reset();
        if let Some(over) = &mut self.oversampler {
            over.reset();
        }
        if let Some(guard) = &mut self.guard {
            guard.reset();
        }
        self.voices.fill(Voice::default());
        self.travel.settle();
        self.wet.settle();
        self.log = ReductionLog::new();
        self.reduction = 0.0;
        self.now = 0;
        self.faults = 0;
    }

    unit::fields!(SoftClipperParams);

    fn faults(&self) -> u64 {
        self.faults
    }
}

impl<S: Sample> Process<S> for SoftClipper<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        self.run(io, None)
    }
}
