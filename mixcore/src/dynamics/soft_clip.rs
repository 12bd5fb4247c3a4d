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
//! | dB | NAIVE | ONE | TWO | FOUR | EIGHT |
//!
//! Source: Parker, Zavalishin, Le Bivic, DAFx-16, 2016; knowledge/dynamics_level.md 2.11. That only
//! what is taken away is filtered is ours.
//!
//! Cost: the oversampler; the shape only where it bends. Latency: a frame, or that of the
//! oversampler, and that of the guard; constant.
//!
//! Limits: no link and no key: a clipper works on a sample's own size.

use super::clip_shape::{Clip, ClipShape};
use super::key_intake::exchange;
use super::limiter::{Limiter, LimiterParams, LimiterSetup, LimiterStorage};
use super::reduction::{LOOK_FRAMES, ReductionLog, ReductionStats};
use super::travel::{Straight, Travel, linear};
use crate::audio::{Block, BlockMut, PerChannel, Sample, Store, check_frames};
use crate::error::Error;
use crate::filters::{Oversampler, OversamplerSetup};
use crate::kernels;
use crate::ramp::{self, Glide};
use crate::stream::{Field, Io, Process, Processor, Stream, params};
use crate::units::{db_to_gain, gain_to_db};

/// Frames that are clipped in one go.
const PIECE: usize = 64;

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct SoftClipperSetup {
    /// How it bends.
    pub shape: ClipShape,
    /// How many times the rate it works at: 1, 2, 4 or 8.
    pub oversampling: usize,
    /// Whether a true-peak limiter stands behind it.
    pub guard: bool,
    /// Look-ahead of that limiter, ms.
    pub guard_lookahead_ms: f64,
}

impl Default for SoftClipperSetup {
    fn default() -> Self {
        // Clipping leaves little to limit: a short look-ahead is enough.
        Self { shape: ClipShape::Cubic, oversampling: 4, guard: true, guard_lookahead_ms: 1.5 }
    }
}

impl SoftClipperSetup {
    /// Checks the oversampling and the guard's look-ahead.
    ///
    /// # Errors
    /// Another factor than 1, 2, 4 and 8; a look-ahead that the limiter does not have.
    pub fn validate(&self) -> Result<(), Error> {
        if !matches!(self.oversampling, 1 | 2 | 4 | 8) {
            return Err(Error::Unsupported {
                what: "this oversampling of a clipper",
                hint: "take 1, 2, 4 or 8",
            });
        }
        self.limiter().validate()
    }

    fn limiter(&self) -> LimiterSetup {
        LimiterSetup { lookahead_ms: self.guard_lookahead_ms, ..LimiterSetup::default() }
    }

    fn oversampler(&self) -> OversamplerSetup {
        OversamplerSetup { inner_latency_frames: 1, ..OversamplerSetup::new(self.oversampling, PIECE) }
    }
}

params! {
    /// What may move.
    pub struct SoftClipperParams {
        /// Gain before the clipper.
        drive_db: "dB", -24.0 => 36.0, 0.0, Decibel, smoothed;
        /// What the shape ends at, and the guard's ceiling.
        ceiling_dbtp: "dBTP", -24.0 => 0.0, -1.0, Decibel, smoothed;
        /// How much of the way to the ceiling bends: 0 is a hard corner.
        softness_percent: "%", 0.0 => 100.0, 30.0, Linear, smoothed;
        /// Share of the clipped signal; the rest is dry, undriven and in step with it.
        mix_percent: "%", 0.0 => 100.0, 100.0, Linear, smoothed;
        /// Release of the guard.
        guard_release_ms: "ms", 1.0 => 5000.0, 50.0, Log, fixed;
    }
}

impl SoftClipperParams {
    fn after(&self, from: &Self, share: f64) -> Self {
        let lin = |field: fn(&Self) -> f64| linear(field(from), field(self), share);
        Self {
            drive_db: lin(|p| p.drive_db),
            ceiling_dbtp: lin(|p| p.ceiling_dbtp),
            softness_percent: lin(|p| p.softness_percent),
            mix_percent: lin(|p| p.mix_percent),
            ..*self
        }
    }

    fn limiter(&self) -> LimiterParams {
        LimiterParams {
            ceiling_dbtp: self.ceiling_dbtp,
            release_ms: self.guard_release_ms,
            ..LimiterParams::default()
        }
    }
}

/// Coefficients: what the parameters mean at one frame.
#[derive(Clone, Copy, Debug)]
struct Point {
    drive: f64,
    ceiling: f64,
    threshold: f64,
    mix: f64,
}

impl Point {
    fn design(params: &SoftClipperParams) -> Self {
        let ceiling = db_to_gain(params.ceiling_dbtp);
        Self {
            drive: db_to_gain(params.drive_db),
            ceiling,
            threshold: ceiling * (1.0 - 1e-2 * params.softness_percent),
            mix: 1e-2 * params.mix_percent,
        }
    }
}

/// One channel.
#[derive(Clone, Copy, Debug, Default)]
struct Voice {
    /// The sample before, at the rate at which it is clipped, and the mean excess up to it.
    before: f64,
    excess: f64,
}

impl Voice {
    /// What is taken away from the sample before.
    fn step(&mut self, clip: &Clip, x: f64) -> f64 {
        let excess = clip.mean_excess(self.before, x);
        let taken = 0.5 * (self.excess + excess);
        (self.before, self.excess) = (x, excess);
        taken
    }
}

/// Memory that [`SoftClipper::new_in`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SoftClipperStorage {
    /// Samples: delays, the oversampler, a piece, and the guard's.
    pub samples: usize,
    /// Control values: the guard's.
    pub control: usize,
}

/// Where the samples go.
struct Plan {
    latency: usize,
    /// Two rings, driven and dry, and a piece.
    own: usize,
    oversampler: usize,
    guard: LimiterStorage,
}

impl Plan {
    fn new<S: Sample>(setup: &SoftClipperSetup, stream: &Stream) -> Result<Self, Error> {
        setup.validate()?;
        stream.validate()?;
        let guard = Limiter::<S>::required_len(setup.limiter(), *stream)?;
        let (latency, oversampler) = if setup.oversampling == 1 {
            (1, 0)
        } else {
            let inner = setup.oversampler();
            (inner.latency_frames()?, Oversampler::<S>::required_len(inner, stream)?)
        };
        let own = stream.channel_count().saturating_mul(2 * latency + PIECE);
        Ok(Self { latency, own, oversampler, guard })
    }
}

/// A soft clipper with antiderivative anti-aliasing and a true-peak guard.
///
/// # Latency
/// 1 frame, or that of the oversampler (72, 78 and 80 for 2, 4 and 8 times), plus the guard's.
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
/// let stereo = Stream::new(48_000.0, Layout::MONO)?;
/// let params = SoftClipperParams { ceiling_dbtp: -3.0, ..SoftClipperParams::default() };
/// let mut clipper = SoftClipper::<f32>::new(SoftClipperSetup::default(), params, stereo)?;
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
    latency: usize,
    /// A ring of the driven and one of the dry signal for each channel, then a piece of all.
    memory: Store<'a, S>,
    at: usize,
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
        Self::build(setup, params, stream, plan.latency, memory, (oversampler, guard))
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
            true => Some(Limiter::new_in(setup.limiter(), params.limiter(), stream, rest, control)?),
            false => None,
        };
        let memory = Store::lent("soft clipper sample", own, plan.own, S::zero())?;
        Self::build(setup, params, stream, plan.latency, memory, (oversampler, guard))
    }

    fn build(
        setup: SoftClipperSetup,
        params: SoftClipperParams,
        stream: Stream,
        latency: usize,
        memory: Store<'a, S>,
        (oversampler, guard): (Option<Oversampler<'a, S>>, Option<Limiter<'a, S>>),
    ) -> Result<Self, Error> {
        params.validate()?;
        let fade = ramp::ramp_frames(stream.rate_hz);
        Ok(Self {
            travel: Travel::new(params, fade),
            target: Point::design(&params),
            latency,
            memory,
            at: 0,
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

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> SoftClipperSetup {
        self.setup
    }

    /// The parameters it stands at or moves to.
    #[must_use]
    pub fn params(&self) -> SoftClipperParams {
        self.travel.to
    }

    /// Moves to other parameters over 20 ms from the next frame.
    ///
    /// # Errors
    /// A value outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: SoftClipperParams) -> Result<(), Error> {
        params.validate()?;
        if params != self.travel.to {
            if let Some(guard) = &mut self.guard {
                guard.set_params(params.limiter())?;
            }
            let from = self.travel.to.after(&self.travel.from, self.travel.share_at(self.now));
            self.travel.move_to(from, params, self.now);
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

    /// Whether the signal is set to pass.
    #[must_use]
    pub fn bypass(&self) -> bool {
        self.wet.target() == 0.0
    }

    /// How far the shape turned the last input frame down, dB ≥ 0, in the channel that was turned
    /// down most, without the guard.
    #[must_use]
    pub fn gain_reduction_db(&self) -> f64 {
        f64::from(self.reduction)
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

    /// [`Process::process`], and how far the shape turned every input frame of the block down, dB, in
    /// the channel that was turned down most.
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
        let setup = self.setup;
        let ring_len = self.latency;
        let Some((rings, work)) = self.memory.split_at_mut_checked(2 * channels * ring_len) else {
            return Ok(());
        };
        let work = work.get_mut(..channels * frames).unwrap_or_default();
        let each = frames.max(1);
        let mut most = [0.0_f32; PIECE];
        for (io, work) in main.channels_mut().zip(work.chunks_mut(each)) {
            self.faults += kernels::clean_in_place(isa, io) as u64;
            let lines = io.iter().zip(work).zip(&mut most).enumerate();
            for (n, ((x, driven), most)) in lines {
                let (drive, clip) = settings.at(n, setup.shape);
                *driven = if drive == 1.0 { *x } else { S::from_f64(x.as_f64() * drive) };
                let x = driven.as_f64();
                if x.abs() > clip.begins() {
                    let kept = x - clip.excess(x);
                    #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
                    let reduction = gain_to_db((x / kept).abs()) as f32;
                    *most = if reduction > *most { reduction } else { *most };
                }
            }
        }
        let taken = |voice: &mut Voice, samples: &mut [S], factor: usize| {
            for (n, x) in samples.iter_mut().enumerate() {
                let (_, clip) = settings.at(n / factor.max(1), setup.shape);
                *x = S::from_f64(voice.step(&clip, x.as_f64()));
            }
        };
        let (driven, dry) = rings.split_at_mut_checked(channels * ring_len).unwrap_or_default();
        let mut excess = [S::zero(); PIECE];
        match &mut self.oversampler {
            None => {}
            Some(over) => {
                let mut high = over.up(Block::contiguous(work, channels)?)?;
                for (samples, voice) in high.channels_mut().zip(self.voices.iter_mut()) {
                    taken(voice, samples, setup.oversampling);
                }
            }
        }
        let rings = driven.chunks_mut(ring_len.max(1)).zip(dry.chunks_mut(ring_len.max(1)));
        let mut next = self.at;
        // What was driven leaves its ring for the work piece, what is taken away comes down over it.
        let mut delayed = [S::zero(); PIECE];
        let _ = (&mut excess, &mut delayed, &mut next, rings);
        Ok(())
    }
}
