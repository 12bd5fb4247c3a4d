//! A limiter for a whole clip, which measures what comes out and limits again where it must.
//!
//! The streaming limiter takes 0.06 dB more than it must, because its trims have to hold for any input.
//! Where the whole clip is at hand its output can be measured instead. Here one stage works with the
//! chosen look-ahead and release and aims at T = C − 0.015 dB: room for what the grid of the detector
//! (0.0115 dB) and its kernel (0.0014 dB) miss, and nothing else. Then
//!
//! 1. the points of the output between frames n and n + 1 are measured; where the largest of them, p,
//!    exceeds T, the aim of that frame is lowered by T/p, from the fourth pass on by (T/p)², (T/p)⁴ …;
//! 2. the stage runs again over the clip, until nothing exceeds T.
//!
//! Two to four passes are usual. What [`MAX_PASSES`] of them leave over, as made-up signals may, goes to
//! the streaming limiter, which holds the ceiling by proof. So the ceiling holds in any case, and what
//! was needed is reported.
//!
//! **Never more than a stream.** A gain falls with the aims before it, and the trims only add to it. So where
//! no aim has been lowered by more than the 0.045 dB between T and the stream's own aim, the stream reduces
//! more. Where one has, as steep powers do to made-up signals, the stream runs too, and of the two results
//! that with the smaller mean reduction stays.
//!
//! Cost: a streaming limiter's first stage and a full measurement for each pass; where aims were lowered by more
//! than 0.045 dB, the streaming limiter and a last pass.

use super::limiter::{Limiter, LimiterStorage};
use super::limiter_setup::{AIM_DB, CLIP_AIM_DB, LimiterMode, LimiterParams, LimiterSetup};
use super::peak_detector::CHUNK;
use super::reduction::ReductionStats;
use crate::audio::{BlockMut, Sample, Store, check_frames};
use crate::error::Error;
use crate::kernels;
use crate::math;
use crate::stream::{Processor, Stream};
use crate::units::db_to_gain;

/// Passes after which the streaming limiter takes over: by then the aim of a frame has been lowered by
/// more than 500 times what it exceeded at first.
pub const MAX_PASSES: usize = 12;

/// Passes that lower an aim by just what is exceeded: programmes need two to four passes in all, and a
/// plain one takes no more than it must.
const PLAIN_PASSES: usize = 3;

/// What a clip needed.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClipReport {
    /// Largest peak of the result, as the mode says a true peak (on the detector's grid, which reads at
    /// most 0.013 dB low) or a sample peak; −∞ for silence.
    pub output_peak_dbtp: f64,
    /// Gain reduction of the channel that is reduced most; none for an empty clip.
    pub reduction: Option<ReductionStats>,
    /// Passes over the clip, those of the streaming limiter and of a last one included: at most [`MAX_PASSES`]
    /// and two.
    pub passes: usize,
    /// The result is that of the refining passes; else it is the streaming limiter's.
    pub refined: bool,
    /// Samples that were not finite or beyond 1e6, and became 0.
    pub faults: u64,
}

/// Limits whole clips to a ceiling with as little reduction as that takes.
///
/// # Errors
/// As for [`Limiter`].
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::dynamics::{ClipLimiter, LimiterParams, LimiterSetup};
/// use mixcore::{BlockMut, Layout, Stream};
///
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let (setup, params) = (LimiterSetup::default(), LimiterParams::default());
/// let mut limiter = ClipLimiter::<f32>::new(setup, params, stream, 4800)?;
/// let mut clip = vec![2.0_f32; 4800];
/// let report = limiter.limit(BlockMut::mono(&mut clip))?;
/// assert!(report.output_peak_dbtp <= -1.0 && report.output_peak_dbtp > -1.03);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct ClipLimiter<'a, S> {
    one_stage: Limiter<'a, S>,
    streaming: Limiter<'a, S>,
    source: Store<'a, S>,
    /// What the aim of each frame is lowered by.
    factors: Store<'a, f32>,
    max_frames: usize,
}

#[cfg(feature = "alloc")]
impl<S: Sample> ClipLimiter<'static, S> {
    /// A limiter with memory of its own, for clips of up to `max_frames`.
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, or a clip larger than the memory.
    pub fn new(
        setup: LimiterSetup,
        params: LimiterParams,
        stream: Stream,
        max_frames: usize,
    ) -> Result<Self, Error> {
        let setup = LimiterSetup { measure_output: true, ..setup };
        let samples = clip_samples(&stream, max_frames)?;
        let memory = Limiter::<S>::required_len(setup, stream)?;
        let one = Limiter::<S>::one_stage_len(setup, stream)?;
        let make = |memory: LimiterStorage| {
            (Store::owned(memory.samples, S::zero()), Store::owned(memory.control, 0.0))
        };
        Ok(Self {
            one_stage: Limiter::one_stage(setup, params, stream, make(one))?,
            streaming: Limiter::with_memory(setup, params, stream, make(memory))?,
            source: Store::owned(samples, S::zero()),
            factors: Store::owned(max_frames, 1.0),
            max_frames,
        })
    }
}

impl<'a, S: Sample> ClipLimiter<'a, S> {
    /// The memory that [`ClipLimiter::new_in`] needs for clips of up to `max_frames`.
    ///
    /// # Errors
    /// A setup or rate outside its bounds, or a clip larger than the memory.
    pub fn required_len(
        setup: LimiterSetup,
        stream: Stream,
        max_frames: usize,
    ) -> Result<LimiterStorage, Error> {
        let streaming = Limiter::<S>::required_len(setup, stream)?;
        let one = Limiter::<S>::one_stage_len(setup, stream)?;
        let samples = clip_samples(&stream, max_frames)?;
        let all = |parts: [usize; 3]| {
            parts.into_iter().try_fold(0_usize, usize::checked_add).ok_or(TOO_LARGE)
        };
        Ok(LimiterStorage {
            samples: all([streaming.samples, one.samples, samples])?,
            control: all([streaming.control, one.control, max_frames])?,
        })
    }

    /// A limiter in lent memory of at least [`ClipLimiter::required_len`].
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, or too little memory.
    pub fn new_in(
        setup: LimiterSetup,
        params: LimiterParams,
        stream: Stream,
        max_frames: usize,
        samples: &'a mut [S],
        control: &'a mut [f32],
    ) -> Result<Self, Error> {
        let setup = LimiterSetup { measure_output: true, ..setup };
        let all = Self::required_len(setup, stream, max_frames)?;
        let (given, control_given) = (samples.len(), control.len());
        let short = |what, given, required| Error::Storage { what, given, required };
        let samples = samples
            .get_mut(..all.samples)
            .ok_or_else(|| short("clip limiter sample", given, all.samples))?;
        let control = control
            .get_mut(..all.control)
            .ok_or_else(|| short("clip limiter control", control_given, all.control))?;
        let one = Limiter::<S>::one_stage_len(setup, stream)?;
        let streaming = Limiter::<S>::required_len(setup, stream)?;
        let (one_samples, samples) = samples.split_at_mut(one.samples.min(samples.len()));
        let (one_control, control) = control.split_at_mut(one.control.min(control.len()));
        let (main_samples, source) = samples.split_at_mut(streaming.samples.min(samples.len()));
        let (main_control, factors) = control.split_at_mut(streaming.control.min(control.len()));
        let one_memory = (Store::Lent(one_samples), Store::Lent(one_control));
        let main_memory = (Store::Lent(main_samples), Store::Lent(main_control));
        Ok(Self {
            one_stage: Limiter::one_stage(setup, params, stream, one_memory)?,
            streaming: Limiter::with_memory(setup, params, stream, main_memory)?,
            source: Store::Lent(source),
            factors: Store::Lent(factors),
            max_frames,
        })
    }

    /// Limits a clip in place; its latency is taken out, so frames stay where they are.
    ///
    /// # Errors
    /// Another number of channels, or more frames than the limiter was made for; nothing changes then.
    pub fn limit(&mut self, clip: BlockMut<'_, S>) -> Result<ClipReport, Error> {
        self.run(clip, &mut [])
    }

    /// [`ClipLimiter::limit`], and the gain reduction of every frame of the result, dB ≥ 0, of the channel
    /// that is reduced most.
    ///
    /// # Errors
    /// As `limit`, and a row of another length than the clip.
    pub fn limit_with_reduction(
        &mut self,
        clip: BlockMut<'_, S>,
        reduction_db: &mut [f32],
    ) -> Result<ClipReport, Error> {
        check_frames("reduction_db", reduction_db.len(), clip.frames())?;
        self.run(clip, reduction_db)
    }

    /// `trace` is as long as the clip, or empty.
    fn run(&mut self, mut clip: BlockMut<'_, S>, trace: &mut [f32]) -> Result<ClipReport, Error> {
        let frames = clip.frames();
        clip.check_channels("clip", self.streaming.stream().channel_count())?;
        if frames > self.max_frames {
            let required = frames;
            return Err(Error::Storage { what: "clip frame", given: self.max_frames, required });
        }
        let rows = self.source.chunks_exact_mut(self.max_frames.max(1));
        for (channel, row) in clip.channels_mut().zip(rows) {
            row.iter_mut().zip(&*channel).for_each(|(to, from)| *to = *from);
        }
        let factors = self.factors.get_mut(..frames).unwrap_or_default();
        factors.fill(1.0);
        let source = (&*self.source, self.max_frames);
        let mut passes = 0;
        let mut refined = None;
        if self.streaming.setup().mode == LimiterMode::TruePeak {
            while passes < MAX_PASSES && refined.is_none() {
                passes += 1;
                let power = 1 << passes.saturating_sub(PLAIN_PASSES);
                let pass = self.one_stage.pass(source, &mut clip, (factors, power), trace);
                refined = (!pass.exceeds).then_some(pass.reduction_db);
            }
            let lowest = factors.iter().copied().fold(1.0, f32::min);
            if refined.is_some() && f64::from(lowest) >= db_to_gain(AIM_DB - CLIP_AIM_DB) {
                return Ok(report(&self.one_stage, passes, true));
            }
            let rows = source.0.chunks_exact(source.1.max(1));
            for (channel, row) in clip.channels_mut().zip(rows) {
                channel.iter_mut().zip(row).for_each(|(to, from)| *to = *from);
            }
        }
        // The streaming limiter, whose read-outs `render` would reset.
        passes += 1;
        let streamed_db = self.streaming.whole(&mut clip, trace);
        if refined.is_some_and(|refined_db| refined_db <= streamed_db) {
            // Nothing exceeded its aim, so the factors are those of before.
            self.one_stage.pass(source, &mut clip, (factors, 1), trace);
            return Ok(report(&self.one_stage, passes + 1, true));
        }
        Ok(report(&self.streaming, passes, false))
    }
}

/// What a pass found.
struct Pass {
    /// Something between the samples still exceeds what it aims at.
    exceeds: bool,
    /// Sum of the reductions of the clip's frames, dB.
    reduction_db: f64,
}

impl<S: Sample> Limiter<'_, S> {
    /// A whole clip in place, latency taken out; the read-outs stay. The sum of the reductions of its
    /// frames, dB.
    fn whole(&mut self, clip: &mut BlockMut<'_, S>, trace: &mut [f32]) -> f64 {
        self.reset();
        let frames = clip.frames();
        let out_of = self.latency_frames() - CHUNK;
        let (mut at, mut sum) = (0, 0.0);
        // One chunk more than the tail, for the output's meter.
        while at < frames + out_of + CHUNK {
            let mut done = 0;
            for (channel, (incoming, _)) in clip.channels_mut().zip(self.exchange_chunks()) {
                done += fill(incoming, channel.get(at..).unwrap_or_default());
            }
            self.faults += done;
            self.note(0, CHUNK);
            self.turn();
            self.write(clip, at, out_of);
            sum += self.trace(trace, (at, out_of), frames);
            at += CHUNK;
        }
        sum
    }

    /// One pass of the clip limiter over rows of `source` into `clip`. Where anything between the samples
    /// exceeds what it aims at, the factors are lowered by that to a power, 12 dB at most.
    fn pass(
        &mut self,
        source: (&[S], usize),
        clip: &mut BlockMut<'_, S>,
        (factors, power): (&mut [f32], i32),
        trace: &mut [f32],
    ) -> Pass {
        self.reset();
        let frames = clip.frames();
        let out_of = self.latency_frames() - CHUNK;
        let aim = self.last_aim;
        let mut pass = Pass { exceeds: false, reduction_db: 0.0 };
        let mut at = 0;
        while at < frames + out_of + CHUNK {
            let mut done = 0;
            let rows = source.0.chunks_exact(source.1.max(1));
            for (row, (incoming, _)) in rows.zip(self.exchange_chunks()) {
                done += fill(incoming, row.get(at..frames).unwrap_or_default());
            }
            self.faults += done;
            self.noted = false;
            self.note(0, CHUNK);
            for (aim, factor) in self.aims.iter_mut().zip(factors.get(at..).unwrap_or_default()) {
                *aim *= factor;
            }
            self.turn();
            self.write(clip, at, out_of);
            pass.reduction_db += self.trace(trace, (at, out_of), frames);
            let over = self.stages.exceeding(aim, &self.samples);
            for (n, over) in over.into_iter().enumerate().filter(|(_, over)| *over > 1.0) {
                pass.exceeds = true;
                let frame = (at + n).checked_sub(out_of + CHUNK);
                if let Some(factor) = frame.and_then(|frame| factors.get_mut(frame)) {
                    #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
                    {
                        *factor /= math::powi(f64::from(over.min(2.0)), power).min(4.0) as f32;
                    }
                }
            }
            at += CHUNK;
        }
        pass
    }

    /// Of each channel the chunks that come in and go out.
    fn exchange_chunks(&mut self) -> impl Iterator<Item = (&mut [S], &mut [S])> {
        let (bank, channel_len) = (self.stages.plan().bank_len(), self.stages.plan().channel_len());
        let channels = self.samples.get_mut(bank..).unwrap_or_default();
        channels.chunks_exact_mut(channel_len).map(|memory| {
            let (chunks, _) = memory.split_at_mut((2 * CHUNK).min(memory.len()));
            chunks.split_at_mut(CHUNK.min(chunks.len()))
        })
    }

    /// What a run over the chunk that began at `at` has put out, `out_of` frames late.
    fn write(&mut self, clip: &mut BlockMut<'_, S>, at: usize, out_of: usize) {
        for (channel, (_, outgoing)) in clip.channels_mut().zip(self.exchange_chunks()) {
            place(outgoing, channel, at, out_of);
        }
    }

    /// The reduction of what has been put out, where a trace is asked for; its sum over the clip's frames.
    fn trace(&self, trace: &mut [f32], (at, out_of): (usize, usize), frames: usize) -> f64 {
        let mut row = [0.0; CHUNK];
        self.reduction_of_output(0, &mut row);
        place(&row, trace, at, out_of);
        let inside = |n: usize| (at + n).checked_sub(out_of).is_some_and(|frame| frame < frames);
        let reductions = row.iter().enumerate().filter(|(n, _)| inside(*n));
        reductions.fold(0.0, |sum, (_, db)| sum + f64::from(*db))
    }
}

/// Writes a chunk that began at `at` and came `out_of` frames late, as far as the row reaches.
fn place<T: Copy>(chunk: &[T], row: &mut [T], at: usize, out_of: usize) {
    for (n, &x) in chunk.iter().enumerate() {
        let frame = (at + n).checked_sub(out_of);
        if let Some(to) = frame.and_then(|frame| row.get_mut(frame)) {
            *to = x;
        }
    }
}

/// A chunk from the start of a row, cleaned, zeros behind its end; the faults.
fn fill<S: Sample>(chunk: &mut [S], row: &[S]) -> u64 {
    let taken = row.len().min(chunk.len());
    let (head, rest) = chunk.split_at_mut(taken);
    rest.fill(S::zero());
    kernels::scalar::clean(row, head) as u64
}

fn report<S: Sample>(limiter: &Limiter<'_, S>, passes: usize, refined: bool) -> ClipReport {
    ClipReport {
        output_peak_dbtp: limiter.output_peak_dbtp().unwrap_or(f64::NEG_INFINITY),
        reduction: limiter.reduction_stats(),
        passes,
        refined,
        faults: limiter.faults(),
    }
}

const TOO_LARGE: Error =
    Error::Unsupported { what: "a clip larger than the memory", hint: "limit it as a stream" };

fn clip_samples(stream: &Stream, frames: usize) -> Result<usize, Error> {
    frames.checked_mul(stream.channel_count()).ok_or(TOO_LARGE)
}
