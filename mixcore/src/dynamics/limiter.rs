//! A look-ahead limiter whose output stays below a ceiling, whatever comes in.
//!
//! The last processor of a delivery: it takes the peaks that a contract forbids, also those
//! between the samples, and leaves everything else alone, bit for bit.
//!
//! # The chain
//! For true peaks three stages, each a detector ([`super::peak_detector`]), a gain curve
//! ([`super::lookahead`]) and a gain on the delayed samples. The first has the look-ahead and the
//! release that the user chose. The other two are trims: they take what the moving gain of the stage
//! before them has added between the samples. C is the ceiling, less what the dither behind may add;
//! T = C − 0.06 dB what the stages aim at. For sample peaks the first stage alone, with the sample for
//! a detector and T = C·(1 − 2^-16).
//!
//! Notation: x\[k\] samples before a stage, y\[k\] = g\[k\]·x\[k\] after it, g = 1 − s; h the kernel of
//! the detector, X(t) = Σ x\[k\]·h(t − k), Y(t) = Σ y\[k\]·h(t − k); L a stage's look-ahead.
//!
//! # The samples stay below T
//! The detector reads e\[n\] ≥ |x\[n\]| where that exceeds T, so o\[n\] = e\[n\]/T ≥ |x\[n\]|/T. Each value
//! z\[k\], n ≤ k ≤ n + L, of the gain curve lies below 1/m\[k\] ≤ 1/o\[n\], because the window of m\[k\]
//! contains n and the release, of one stage or two, only holds the gain down. The gain g\[n\] is a
//! mean of just these z\[k\], with weights that are not negative and sum to 1. So |y\[n\]| ≤
//! |x\[n\]|/o\[n\] ≤ T. A link only raises o.
//!
//! *In floating point* the gain is relative to that bound too high by at most: 2^-24 each for o, z,
//! the two divisions by the lengths and the product with the sample, and for each of two sums 2^-24
//! times the additions that a term goes through, 11 in either end of the window and one for each whole
//! chunk in it, at most 120 in both for 20 ms at 384 kHz. Together less than 180·2^-24 < 2^-16: with the aim
//! of the sample-peak limiter no sample exceeds C itself.
//!
//! # Between the samples
//! A gain that moves inside the reach of h changes the waveform. Let n = floor(t) and d = 1 −
//! T/|X(t)| the reduction that t needs (0 if none); as above, s\[n\] ≥ d. From
//!
//! Y(t) = g\[n\]·X(t) + Σ_i (g\[n + i\] − g\[n\])·x\[n + i\]·h(t − n − i)
//!
//! **after the first stage** nothing more is used than |y| ≤ T: |Y(t)| ≤ λ·T, where λ = max Σ|h| =
//! 3.235. **A trim** knows |x| ≤ T and |X| ≤ (1 + ε)·T, so all its reductions, z included, lie
//! within 0 … D = ε/(1 + ε). It has one box of A = L + 1 frames, s\[n\] = (1/A)·Σ u\[n … n + L\], and
//! a release that falls by at most a share r per frame. All u in that window are ≥ d; call V the
//! sum of what they have beyond d, so s\[n\] = d + V/A. Then for i > 0
//!
//! −i·r·D ≤ s\[n + i\] − s\[n\] ≤ i·(D − d)/A and
//! −i·r·D ≤ s\[n\] − s\[n − i\] ≤ (i·d + min(i·(D − d), V))/A.
//!
//! With one-sided moments M₊ = Σ i·|h(i − τ)|, M₋ = Σ i·|h(i + τ)|, the tail S₋ = Σ |h(i + τ)|
//! (i ≥ 1) and τ = t − n,
//!
//! |Y(t)| ≤ (1 − d)·|X(t)| − T·V/A + T·((D − d)·M₊ + d·M₋ + S₋·V)/A + T·r·D·(M₊ + M₋)
//!
//! and as S₋ ≤ 0.986 < 1 at every τ, what stands with V is negative: |Y(t)| ≤ T·(1 + ρ·D) with
//! ρ = max(M₊, M₋)/A + r·max(M₊ + M₋). (Where |X| < T the missing part of it outweighs V in the
//! same way.) For A = 112 and r = 1/4096 this is ρ = 0.0866. So ε goes from λ − 1 to at most 0.060
//! after the first trim and to 0.0051 (0.044 dB) after the second; in both are the 0.0002 by which a
//! trim leaves frames alone ([`super::stages`]). Add 0.0014 dB for the detector's kernel and 0.0115 dB
//! for what its grid of 1/32 misses: 0.0572 dB together, below 0.060, so the true peak stays below C for
//! any input, as long as C does not move. The test `the_residual_bound` recomputes these figures. Measured
//! excess over T is far smaller, because programmes do not conspire.
//!
//! # Exactness
//! Zero reduction is a gain of exactly 1, so material whose true peak stays below T passes bit for
//! bit, delayed. A steady peak that is too loud comes out at T: 0.06 dB under the ceiling. Control
//! signals are f32 gains, not reductions: their relative error stays 1e-7 at any depth. Only the
//! release state is f64, since 1 − u needs its digits when a +120 dB sample takes u to 0.999999.
//!
//! Sources: the windowed maximum with instant attack and box cascade after G. Luff, "Designing a
//! straightforward limiter" (Signalsmith Audio, 2022); true peak after ITU-R BS.1770-5 Annex 2,
//! with a longer kernel; the residual bound and the two trims are derived here.
//!
//! Cost: quiet chunks cost copies, a peak search and a search for the sharpest bend; a chunk whose
//! bound reaches the ceiling one interpolated point per frame, groups of 16 frames up to 31 where it
//! matters. A trim sleeps while the gain before it stands still, and looks at those frames only that
//! the gain has not taken well below the ceiling.
//!
//! Latency: 478 frames plus the look-ahead (14.96 ms at 48 kHz with 5 ms), for sample peaks 64 frames
//! plus the look-ahead; the same for life.
//!
//! Limits: the ceiling is a true peak by a long kernel. Meters with short kernels may read higher
//! on content within 10 % of fs/2, and a codec may add peaks of its own (a delivery check). While
//! the ceiling falls, each output frame obeys the ceiling of its input frame. No key, no parallel mix and no
//! hold of the caller's: the ceiling is held for the signal itself, dry signal would break it, and the
//! look-ahead (which holds every reduction for as long again), the bass hold and the two-stage release do
//! what a hold is for.

use super::limiter_setup::{
    AIM_DB, CLIP_AIM_DB, LimiterMode, LimiterParams, LimiterRelease, LimiterSetup, SAMPLE_AIM,
};
use super::lookahead::{ReleaseTimes, release_factor};
use super::peak_detector::CHUNK;
use super::plan::Plan;
use super::reduction::ReductionStats;
use super::stages::{Orders, Stages};
use super::unit;
use crate::audio::{BlockMut, Sample, Store, check_frames};
use crate::error::Error;
use crate::kernels::{self, AMPLITUDE_DB, AMPLITUDE_FLOOR, ReleasePowers};
use crate::ramp::{self, GainRamp, Glide};
use crate::stream::{Field, Io, Process, Processor, Stream};
use crate::units::{db_to_gain, gain_to_db};

/// Memory that [`Limiter::new_in`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimiterStorage {
    /// Samples: interpolation bank and delay lines.
    pub samples: usize,
    /// Control values: settings, gain curves and their histories.
    pub control: usize,
}

/// A look-ahead limiter: what comes out stays below the ceiling, whatever comes in.
///
/// Material whose true peak lies more than 0.06 dB under the ceiling passes bit for bit, delayed;
/// what is louder comes out 0.06 dB under it. The ceiling holds by the judge of 64x oversampling
/// with a windowed sinc of 64 taps a side; the source file derives why.
///
/// # Latency
/// 478 frames plus the look-ahead (718 frames, 14.96 ms, at 48 kHz with the default 5 ms); 64 frames
/// plus the look-ahead in [`LimiterMode::SamplePeak`].
///
/// # Real time
/// `process`, `set_params`, `set_bypass` and `reset` neither allocate nor wait. A chunk of work
/// falls due every 64 frames.
///
/// # Source
/// ITU-R BS.1770-5 Annex 2 (true peak); Signalsmith Audio, "Designing a straightforward limiter"
/// (2022), for windowed maximum, release and box cascade.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::dynamics::{Limiter, LimiterParams, LimiterSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream};
///
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let mut limiter = Limiter::<f32>::new(LimiterSetup::default(), LimiterParams::default(), stream)?;
/// let mut audio = vec![2.0_f32; 4800]; // +6 dBFS, the ceiling is -1 dBTP
/// limiter.process(Io::new(BlockMut::mono(&mut audio)))?;
/// let peak = audio.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
/// assert!(peak <= 0.8913);
/// assert_eq!(limiter.latency_frames(), 718);
/// assert!((limiter.gain_reduction_db() - 7.08).abs() < 0.01);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Limiter<'a, S> {
    stream: Stream,
    setup: LimiterSetup,
    params: LimiterParams,
    pub(super) stages: Stages<S>,
    pub(super) samples: Store<'a, S>,
    control: Store<'a, f32>,
    ceiling: GainRamp,
    /// Share of the limited signal.
    wet: Glide<f32>,
    release: ReleaseTimes,
    /// What the stages aim at is (ceiling − reserve)·margin, linear.
    reserve: f64,
    margin: f64,
    /// Settings of the chunk that is coming in, and the last ones of the chunk before.
    pub(super) aims: [f32; CHUNK],
    wets: [f32; CHUNK],
    pub(super) last_aim: f32,
    /// Chunks since the aim last moved, and since anything but the limited signal was heard; the number
    /// after which that holds for every frame in the lines.
    aim_rests: usize,
    wet_rests: usize,
    rests: usize,
    /// Both have stood since the start of the chunk; they have been noted for all of it.
    stands: bool,
    pub(super) noted: bool,
    /// Absolute frame of the next input.
    now: u64,
    pub(super) faults: u64,
}

#[cfg(feature = "alloc")]
impl<S: Sample> Limiter<'static, S> {
    /// A limiter with memory of its own.
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds.
    pub fn new(setup: LimiterSetup, params: LimiterParams, stream: Stream) -> Result<Self, Error> {
        let memory = Self::required_len(setup, stream)?;
        let samples = Store::owned(memory.samples, S::zero());
        let control = Store::owned(memory.control, 0.0);
        Self::with_memory(setup, params, stream, (samples, control))
    }
}

impl<'a, S: Sample> Limiter<'a, S> {
    /// The memory that [`Limiter::new_in`] needs.
    ///
    /// # Errors
    /// A setup or rate outside its bounds.
    pub fn required_len(setup: LimiterSetup, stream: Stream) -> Result<LimiterStorage, Error> {
        let plan = setup.plan(&stream, false)?;
        Ok(LimiterStorage { samples: plan.samples_len(), control: plan.control_len() })
    }

    /// A limiter in lent memory of at least [`Limiter::required_len`].
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, or too little memory.
    pub fn new_in(
        setup: LimiterSetup,
        params: LimiterParams,
        stream: Stream,
        samples: &'a mut [S],
        control: &'a mut [f32],
    ) -> Result<Self, Error> {
        let memory = Self::required_len(setup, stream)?;
        let samples = Store::lent("limiter sample", samples, memory.samples, S::zero())?;
        let control = Store::lent("limiter control", control, memory.control, 0.0)?;
        Self::with_memory(setup, params, stream, (samples, control))
    }

    pub(super) fn with_memory(
        setup: LimiterSetup,
        params: LimiterParams,
        stream: Stream,
        memory: (Store<'a, S>, Store<'a, f32>),
    ) -> Result<Self, Error> {
        let margin = match setup.mode {
            LimiterMode::TruePeak => db_to_gain(AIM_DB),
            LimiterMode::SamplePeak => SAMPLE_AIM,
        };
        Self::build(setup, params, stream, (setup.plan(&stream, false)?, margin), memory)
    }

    /// The memory of [`Limiter::one_stage`].
    pub(super) fn one_stage_len(
        setup: LimiterSetup,
        stream: Stream,
    ) -> Result<LimiterStorage, Error> {
        let plan = setup.plan(&stream, true)?;
        Ok(LimiterStorage { samples: plan.samples_len(), control: plan.control_len() })
    }

    /// The first stage alone, for [`Limiter::pass`].
    pub(super) fn one_stage(
        setup: LimiterSetup,
        params: LimiterParams,
        stream: Stream,
        memory: (Store<'a, S>, Store<'a, f32>),
    ) -> Result<Self, Error> {
        let shape = (setup.plan(&stream, true)?, db_to_gain(CLIP_AIM_DB));
        Self::build(setup, params, stream, shape, memory)
    }

    fn build(
        setup: LimiterSetup,
        params: LimiterParams,
        stream: Stream,
        (plan, margin): (Plan, f64),
        (mut samples, control): (Store<'a, S>, Store<'a, f32>),
    ) -> Result<Self, Error> {
        setup.check(&params)?;
        let group_of = |channel| setup.groups.group_of(stream.layout, channel);
        let linked = setup.is_linked();
        let (isa, rate_hz) = (stream.isa, stream.rate_hz);
        let stages = Stages::new(isa, rate_hz, plan, group_of, linked, &mut samples)?;
        let ramp_frames = ramp::ramp_frames(stream.rate_hz);
        let rests = stages.plan().track().len().div_ceil(CHUNK) + 1;
        let mut limiter = Self {
            ceiling: GainRamp::new(params.ceiling_dbtp, ramp_frames),
            wet: Glide::new(1.0, ramp_frames),
            release: release(&setup, &params, &stream),
            reserve: setup.reserve(),
            margin,
            aims: [1.0; CHUNK],
            wets: [1.0; CHUNK],
            last_aim: 1.0,
            aim_rests: 0,
            wet_rests: 0,
            rests,
            stands: false,
            noted: false,
            stream,
            setup,
            params,
            stages,
            samples,
            control,
            now: 0,
            faults: 0,
        };
        limiter.reset();
        Ok(limiter)
    }

    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> LimiterSetup {
        self.setup
    }

    /// The parameters it stands at or moves to.
    #[must_use]
    pub fn params(&self) -> LimiterParams {
        self.params
    }

    /// Moves to other parameters: the ceiling over 20 ms from the next input frame, the release at
    /// once. The ceiling travels with its frame, so the output follows one latency later.
    ///
    /// # Errors
    /// A value outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: LimiterParams) -> Result<(), Error> {
        self.setup.check(&params)?;
        self.ceiling.move_to(params.ceiling_dbtp, self.now);
        self.release = release(&self.setup, &params, &self.stream);
        self.params = params;
        Ok(())
    }

    /// Whether the limiter is set to let the signal pass.
    #[must_use]
    pub fn bypass(&self) -> bool {
        self.wet.target() == 0.0
    }

    /// Lets the signal pass (cleaned, else unchanged) with the same latency, from the next input
    /// frame on. The change is a cross-fade of 20 ms that travels with the signal.
    pub fn set_bypass(&mut self, bypass: bool) {
        self.wet.move_to(if bypass { 0.0 } else { 1.0 }, self.now);
    }

    /// The largest gain reduction of any channel in the newest 64 frames of output, dB ≥ 0. It
    /// goes on while the limiter is bypassed.
    #[must_use]
    pub fn gain_reduction_db(&self) -> f64 {
        reduction_db(self.stages.lowest_now())
    }

    /// The largest gain reduction of any channel since the last reset, dB ≥ 0.
    #[must_use]
    pub fn max_gain_reduction_db(&self) -> f64 {
        reduction_db(self.stages.lowest())
    }

    /// The gain reduction since the last reset, of the channel that is reduced most; none before the
    /// first 64 frames.
    #[must_use]
    pub fn reduction_stats(&self) -> Option<ReductionStats> {
        self.stages.statistics()
    }

    /// The largest peak that the limited signal has had since the last reset, as the mode says a true
    /// peak (on the detector's grid, which reads at most 0.013 dB low) or a sample peak; −∞ for
    /// silence. A true peak counts 64 frames after it came out, so a clip's is complete when 64 frames
    /// more than its tail have been flushed. None unless the setup asks for it.
    #[must_use]
    pub fn output_peak_dbtp(&self) -> Option<f64> {
        let measured = gain_to_db(self.stages.measured().as_f64());
        self.setup.measure_output.then_some(measured)
    }

    /// Peak level of the output for a steady input of peak level `input_db`, at the target ceiling.
    #[must_use]
    pub fn static_curve_db(&self, input_db: f64) -> f64 {
        input_db.min(gain_to_db(self.aim_of(db_to_gain(self.params.ceiling_dbtp))))
    }

    /// What the stages aim at below a ceiling, linear.
    fn aim_of(&self, ceiling: f64) -> f64 {
        (ceiling - self.reserve) * self.margin
    }

    unit::traced! {
        /// [`Process::process`], and the gain reduction of every frame of output, dB ≥ 0, of the channel
        /// that is reduced most. As [`Limiter::gain_reduction_db`] it goes on while the limiter is
        /// bypassed.
    }

    fn run(&mut self, io: Io<'_, S>, mut trace: Option<&mut [f32]>) -> Result<(), Error> {
        let mut main = io.without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        let mut at = 0;
        while at < main.frames() {
            let place = (self.now % CHUNK as u64) as usize;
            let frames = (CHUNK - place).min(main.frames() - at);
            if let Some(trace) = &mut trace {
                let row = trace.get_mut(at..at + frames).unwrap_or_default();
                self.reduction_of_output(place, row);
            }
            self.exchange(&mut main, at, place, frames);
            at += frames;
            self.now += frames as u64;
            if place + frames == CHUNK {
                self.turn();
            }
        }
        Ok(())
    }

    /// The reduction of the chunk of output from `place` on, dB.
    pub(super) fn reduction_of_output(&self, place: usize, row: &mut [f32]) {
        let gains = self.stages.output_gains(&self.control);
        row.iter_mut().zip(gains.iter().skip(place)).for_each(|(to, &gain)| *to = gain);
        kernels::levels_db(self.stream.isa, row, AMPLITUDE_DB, AMPLITUDE_FLOOR);
        // +0 where nothing is reduced.
        row.iter_mut().for_each(|db| *db = 0.0 - *db);
    }

    /// Exchanges `frames` of input from `at` on for output within one chunk, and notes their settings.
    fn exchange(&mut self, main: &mut BlockMut<'_, S>, at: usize, place: usize, frames: usize) {
        let (bank, channel_len) = (self.stages.plan().bank_len(), self.stages.plan().channel_len());
        let channels = self.samples.get_mut(bank..).unwrap_or_default();
        for (io, memory) in main.channels_mut().zip(channels.chunks_exact_mut(channel_len)) {
            let Some((incoming, rest)) = memory.split_first_chunk_mut::<CHUNK>() else { return };
            let io = io.get_mut(at..at + frames);
            let outgoing = rest.get(place..place + frames);
            let incoming = incoming.get_mut(place..place + frames);
            let (Some(io), Some(outgoing), Some(incoming)) = (io, outgoing, incoming) else {
                return;
            };
            self.faults += kernels::clean(self.stream.isa, io, incoming) as u64;
            io.copy_from_slice(outgoing);
        }
        self.note(place, frames);
    }

    /// Notes the settings of `frames` from `place` in the chunk on.
    pub(super) fn note(&mut self, place: usize, frames: usize) {
        let stands = self.ceiling.is_settled(self.now) && self.wet.is_settled(self.now);
        if self.noted && stands {
            return;
        }
        // A chunk that stands from its start on is the same as the next one.
        self.noted = false;
        self.stands = stands && (place == 0 || self.stands);
        let (reserve, margin) = (self.reserve, self.margin);
        if let Some(wets) = self.wets.get_mut(place..place + frames) {
            self.wet.fill(self.now, wets);
        }
        let mut done = 0;
        while done < frames {
            let piece = self.ceiling.segment(self.now + done as u64, frames - done);
            let end = place + done + piece.frames;
            let aims = self.aims.get_mut(place + done..end).unwrap_or_default();
            for (n, aim) in aims.iter_mut().enumerate() {
                #[expect(
                    clippy::cast_precision_loss,
                    clippy::cast_possible_truncation,
                    reason = "at most 64 frames; a control signal"
                )]
                {
                    let ceiling = piece.start + piece.step * (piece.first + n) as f64;
                    *aim = ((ceiling - reserve) * margin) as f32;
                }
            }
            done += piece.frames;
        }
    }

    /// A chunk is complete.
    pub(super) fn turn(&mut self) {
        let (rests, last) = (self.rests, self.last_aim);
        let count = |rested: bool, count: usize| if rested { (count + 1).min(rests) } else { 0 };
        let [.., newest] = self.aims;
        if self.noted {
            self.aim_rests = count(true, self.aim_rests);
            self.wet_rests = count(self.wet.target() == 1.0, self.wet_rests);
        } else {
            self.aim_rests = count(self.aims.iter().all(|&aim| aim == last), self.aim_rests);
            self.wet_rests = count(self.wets.iter().all(|&wet| wet == 1.0), self.wet_rests);
            self.noted = self.stands && self.aim_rests > 0;
        }
        self.last_aim = newest;
        let orders = Orders {
            isa: self.stream.isa,
            release: self.release,
            bass_hold: self.setup.bass_hold,
            measure: self.setup.measure_output,
            link: self.setup.link_percent * 1e-2,
            steady: (self.aim_rests == rests).then_some(newest),
            wet: self.wet_rests == rests,
        };
        self.stages.run(&orders, &self.aims, &self.wets, &mut self.samples, &mut self.control);
    }
}

impl<S: Sample> Processor for Limiter<'_, S> {
    fn latency_frames(&self) -> usize {
        CHUNK + self.stages.plan().delay()
    }

    fn tail_frames(&self) -> usize {
        self.latency_frames()
    }

    fn reset(&mut self) {
        self.ceiling.settle();
        self.wet.settle();
        self.now = 0;
        self.faults = 0;
        self.stages.reset(&mut self.samples, &mut self.control);
        #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
        let aim = self.aim_of(db_to_gain(self.params.ceiling_dbtp)) as f32;
        let track = self.stages.plan().track().memory_len();
        let (aims, wets) = self.control.split_at_mut_checked(track).unwrap_or_default();
        aims.fill(aim);
        wets.iter_mut().take(track).for_each(|wet| *wet = self.wet.target());
        self.last_aim = aim;
        self.aim_rests = self.rests;
        self.wet_rests = if self.wet.target() == 1.0 { self.rests } else { 0 };
        (self.stands, self.noted) = (false, false);
    }

    fn fields(&self) -> &'static [Field] {
        LimiterParams::FIELDS
    }

    fn field(&self, name: &str) -> Option<f64> {
        self.params.get(name)
    }

    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        self.set_params(self.params.with(name, value)?)
    }

    fn faults(&self) -> u64 {
        self.faults
    }
}

impl<S: Sample> Process<S> for Limiter<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        self.run(io, None)
    }
}

/// Factors per frame of the chosen release.
fn release(setup: &LimiterSetup, params: &LimiterParams, stream: &Stream) -> ReleaseTimes {
    let factor = |ms: f64| release_factor(ms * 1e-3 * stream.rate_hz);
    let slow = match setup.release {
        LimiterRelease::Fixed => 0.0,
        LimiterRelease::TwoStage => factor(params.slow_release_ms),
    };
    ReleaseTimes { fast: ReleasePowers::new(factor(params.release_ms)), slow }
}

/// A gain as a reduction; a gain of 1 is +0 dB.
fn reduction_db(gain: f32) -> f64 {
    0.0 - gain_to_db(f64::from(gain))
}
