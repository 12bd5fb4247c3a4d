//! Two, four, eight or sixteen times the sample rate and back, for what must not alias in between.
//!
//! Saturation, clipping and every fast gain make overtones; at the mix's own rate those above half of
//! it fold back between the partials. Between [`Oversampler::up`] and [`Oversampler::down`] the caller
//! works at the high rate. Each doubling is a half-band filter of linear phase: every second output
//! is an input, the others are
//!
//! > y\[n + ½\] = Σ_k 2c\[k\] · (x\[n − k\] + x\[n + 1 + k\]), k = 0 … J − 1
//!
//! and halving takes half of every second sample and Σ c\[k\] of the pairs around it; c is a windowed
//! sinc ([`WindowedSinc`]) with Σ c = ¼, so that the gain at 0 Hz is 1. From the second doubling on
//! there is room, so those are short.
//!
//! Promised, and measured in `tests/all/oversampler.rs` by the Fourier transform of impulse responses
//! and by tones, in shares of the low rate (20 kHz of 44.1 kHz are 0.4535, 20 of 48 are 0.4167):
//!
//! | | |
//! |---|---|
//! | up to 0.4536, up and down together | within ± 0.001 dB |
//! | images of it above, and what folds into it from above | ≤ −100 dB |
//! | 0.4536 to 0.5464 | transition, −6 dB at 0.5; folds above the pass-band |
//!
//! Source: half-band filters after R. E. Crochiere and L. R. Rabiner, "Multirate Digital Signal
//! Processing", 1983, section 4 and chapter 5; Kaiser's window, see [`WindowedSinc`].
//! Cost: J multiplications and 2·J additions per sample of a stage's low rate, up and again down, J =
//! 36, 7, 5 and 4 from the lowest stage on, in lanes of time.
//! Latency: whole frames of the low rate: 71, 77, 79 and 80 for 2, 4, 8 and 16 times, plus what the
//! process in between delays.
//! Limits: blocks up to the length it was built for. [`Stream`] ends at 384 kHz, so at a higher rate
//! (16 x 48 kHz) no processor of this library can be built for the process in between.

use super::design::WindowedSinc;
use crate::audio::{Block, BlockMut, Sample, Store, move_to_front};
use crate::error::Error;
use crate::kernels;
use crate::stream::{Io, Process, Stream};

/// Most doublings.
const MAX_STAGES: usize = 4;

/// Most frames of a block, a second at the highest rate.
const MAX_BLOCK: usize = 384_000;

/// Of each doubling, from the lowest one on: J, and the window's half width and β. They were searched
/// for the highest attenuation, which lies at 103, 113, 115 and 130 dB.
const HALF_BANDS: [(usize, f64, f64); MAX_STAGES] =
    [(36, 71.4, 10.4), (7, 14.8, 11.95), (5, 10.0, 11.15), (4, 8.9, 9.3)];

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OversamplerSetup {
    /// 2, 4, 8 or 16.
    pub factor: usize,
    /// Most frames of a block at the low rate.
    pub max_frames: usize,
    /// Frames **at the high rate** by which the process in between delays.
    pub inner_latency_frames: usize,
}

impl OversamplerSetup {
    /// A factor for blocks up to a length, around a process without latency.
    #[must_use]
    pub fn new(factor: usize, max_frames: usize) -> Self {
        Self { factor, max_frames, inner_latency_frames: 0 }
    }

    #[expect(clippy::cast_precision_loss, reason = "only compared with small bounds")]
    fn stages(&self) -> Result<usize, Error> {
        /// Far longer than any process.
        const MAX_LATENCY: f64 = 1e7;
        let latency = self.inner_latency_frames as f64;
        Error::check_range("inner_latency_frames", latency, 0.0, MAX_LATENCY)?;
        Error::check_range("max_frames", self.max_frames as f64, 1.0, MAX_BLOCK as f64)?;
        match self.factor {
            2 => Ok(1),
            4 => Ok(2),
            8 => Ok(3),
            16 => Ok(4),
            factor => Err(Error::NotAllowed {
                field: "factor",
                given: factor as f64,
                allowed: "2, 4, 8 and 16",
                hint: "take one of these",
            }),
        }
    }
}

/// One doubling: where its lines lie in a channel's memory, and how it is in step.
#[derive(Clone, Copy, Debug, Default)]
struct Stage {
    /// Pairs of taps.
    half: usize,
    /// Frames of a block at its low rate, at most.
    frames: usize,
    /// Where its taps lie: for the way down, and doubled for the way up.
    taps: usize,
    /// Where the line of the way up lies in a channel's memory: the frames before and a block.
    line: usize,
    /// Whether the way down is centred on the second sample of a pair, as the way up leaves them if
    /// nothing in between delays by an odd number.
    on_second: bool,
}

impl Stage {
    /// Frames before a block that the window of its first output needs.
    fn before(&self) -> usize {
        (2 * self.half).saturating_sub(1)
    }

    /// Length of each of its lines.
    fn line_len(&self) -> usize {
        self.before() + self.frames
    }

    /// The lines of the way down: what is summed in pairs, then the centre.
    fn pairs(&self) -> usize {
        self.line + self.line_len()
    }

    fn end(&self) -> usize {
        self.line + 3 * self.line_len()
    }
}

/// How the memory is divided.
#[derive(Clone, Copy, Debug)]
struct Plan {
    stages: [Stage; MAX_STAGES],
    count: usize,
    /// Frames of the low rate.
    latency: usize,
    taps: usize,
    /// Samples of a channel's lines.
    channel: usize,
    /// Samples of a channel's block at the high rate.
    high: usize,
}

impl Plan {
    fn new(setup: &OversamplerSetup, stream: &Stream) -> Result<Self, Error> {
        stream.validate()?;
        let count = setup.stages()?;
        let mut stages = [Stage::default(); MAX_STAGES];
        let (mut taps, mut line, mut frames) = (0, 0, setup.max_frames);
        for (stage, (half, ..)) in stages.iter_mut().zip(HALF_BANDS).take(count) {
            *stage = Stage { half, frames, taps, line, on_second: true };
            (taps, line, frames) = (taps + 2 * half, stage.end(), 2 * frames);
        }
        // From the inside out. Up, a sample comes 2J − 1 frames of the stage's high rate later; down,
        // 2J − 1 on the second of a pair and 2J − 2 on the first. Both together are even.
        let mut latency = setup.inner_latency_frames;
        for stage in stages.iter_mut().take(count).rev() {
            latency += 2 * stage.half - 1;
            stage.on_second = latency % 2 == 1;
            latency = (latency + 2 * stage.half - 2).div_ceil(2);
        }
        Ok(Self { stages, count, latency, taps, channel: line, high: frames })
    }

    /// Samples in all: taps, the lines of each channel, each channel's high block, a scratch row.
    fn len(&self, channels: usize) -> usize {
        self.taps + (self.channel + self.high) * channels + self.high / 2
    }

    fn fill<S: Sample>(&self, taps: &mut [S]) -> Result<(), Error> {
        for (stage, (half, half_width, beta)) in self.stages.iter().zip(HALF_BANDS).take(self.count)
        {
            #[expect(clippy::cast_precision_loss, reason = "a few taps")]
            let value = |low_pass: &WindowedSinc, k: usize| low_pass.at((2 * k + 1) as f64);
            let low_pass = WindowedSinc::new(0.25, half_width, beta)?;
            let sum: f64 = (0..half).map(|k| value(&low_pass, k)).sum();
            for k in 0..half {
                // The outermost pair comes first.
                let tap = 0.25 * value(&low_pass, half - 1 - k) / sum;
                if let Some(down) = taps.get_mut(stage.taps + k) {
                    *down = S::from_f64(tap);
                }
                if let Some(up) = taps.get_mut(stage.taps + half + k) {
                    *up = S::from_f64(2.0 * tap);
                }
            }
        }
        Ok(())
    }
}

/// Doubles and halves the rate of all channels of a stream, around what the caller does in between.
///
/// It has memory, so it cleans what comes in, and what comes back from in between: samples that are not
/// finite or beyond 1e6 become 0 and are counted.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::filters::{Oversampler, OversamplerSetup};
/// use mixcore::{BlockMut, Layout, Stream};
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let mut over = Oversampler::<f64>::new(OversamplerSetup::new(4, 512), stream)?;
/// // 1 kHz, clipped at half of its level: at 192 kHz the overtones have room.
/// let sine = |n: usize| (std::f64::consts::TAU * n as f64 / 48.0).sin();
/// let mut audio: Vec<f64> = (0..512).map(sine).collect();
/// let mut high = over.up(BlockMut::mono(&mut audio).as_block())?;
/// assert_eq!(high.frames(), 2048);
/// for x in high.channel_mut(0) {
///     *x = x.clamp(-0.5, 0.5);
/// }
/// over.down(BlockMut::mono(&mut audio))?;
/// assert_eq!(over.latency_frames(), 77);
/// assert!((audio[77 + 12 + 96] - 0.5).abs() < 0.05); // the flat top of a period
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Oversampler<'a, S> {
    setup: OversamplerSetup,
    stream: Stream,
    plan: Plan,
    memory: Store<'a, S>,
    /// Frames of the block that is in between, at the low rate.
    waiting: usize,
    faults: u64,
}

#[cfg(feature = "alloc")]
impl<S: Sample> Oversampler<'static, S> {
    /// An oversampler with memory of its own.
    ///
    /// # Errors
    /// A factor other than 2, 4, 8 and 16, blocks of no or more than 384,000 frames, an inner latency
    /// beyond 10^7 frames, or a stream out of range.
    pub fn new(setup: OversamplerSetup, stream: Stream) -> Result<Self, Error> {
        let len = Self::required_len(setup, &stream)?;
        Self::over(Store::owned(len, S::zero()), setup, stream)
    }
}

impl<'a, S: Sample> Oversampler<'a, S> {
    /// An oversampler in lent memory of [`Oversampler::required_len`] samples or more.
    ///
    /// # Errors
    /// As for [`Oversampler::required_len`], or too little memory.
    pub fn new_in(
        setup: OversamplerSetup,
        stream: Stream,
        memory: &'a mut [S],
    ) -> Result<Self, Error> {
        let len = Self::required_len(setup, &stream)?;
        Self::over(Store::lent("oversampler", memory, len, S::zero())?, setup, stream)
    }

    /// Samples of memory that an oversampler needs.
    ///
    /// # Errors
    /// A factor other than 2, 4, 8 and 16, blocks of no or more than 384,000 frames, an inner latency
    /// beyond 10^7 frames, or a stream out of range.
    pub fn required_len(setup: OversamplerSetup, stream: &Stream) -> Result<usize, Error> {
        Ok(Plan::new(&setup, stream)?.len(stream.channel_count()))
    }

    fn over(
        mut memory: Store<'a, S>,
        setup: OversamplerSetup,
        stream: Stream,
    ) -> Result<Self, Error> {
        let plan = Plan::new(&setup, &stream)?;
        plan.fill(&mut memory)?;
        Ok(Self { setup, stream, plan, memory, waiting: 0, faults: 0 })
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> OversamplerSetup {
        self.setup
    }

    /// The high rate, Hz.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "at most 16")]
    pub fn high_rate_hz(&self) -> f64 {
        self.stream.rate_hz * self.setup.factor as f64
    }

    /// Frames of the low rate by which what comes down lags what went up, the inner latency included;
    /// whole and constant for life.
    #[must_use]
    pub fn latency_frames(&self) -> usize {
        self.plan.latency
    }

    /// Frames **of the high rate** by which what comes up lags what goes in.
    #[must_use]
    pub fn up_latency_frames(&self) -> usize {
        let stages = self.plan.stages.iter().take(self.plan.count);
        stages.fold(0, |latency, stage| 2 * latency + 2 * stage.half - 1)
    }

    /// Frames of output that follow the last input frame, latency included.
    #[must_use]
    pub fn tail_frames(&self) -> usize {
        // Both ways a response reaches as far behind its middle as before it.
        2 * self.latency_frames()
    }

    /// Samples so far that were not finite or beyond 1e6 and were taken as 0.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults
    }

    /// Clears the state: the oversampler is as new.
    ///
    /// # Real time
    /// Does not allocate, lock, log or panic.
    pub fn reset(&mut self) {
        self.memory.get_mut(self.plan.taps..).unwrap_or_default().fill(S::zero());
        self.waiting = 0;
        self.faults = 0;
    }

    /// Takes a block and gives it at the high rate, in the oversampler's own memory: work on it in
    /// place, then call [`Oversampler::down`]. A block that was not brought down is lost.
    ///
    /// # Shape
    /// The stream's channels; `factor` times the frames come out.
    ///
    /// # Real time
    /// Does not allocate, lock, log or panic.
    ///
    /// # Errors
    /// Another number of channels, or more frames than the oversampler was built for; nothing is
    /// taken then.
    pub fn up(&mut self, input: Block<'_, S>) -> Result<BlockMut<'_, S>, Error> {
        let channels = self.stream.channel_count();
        input.check_channels("input", channels)?;
        #[expect(clippy::cast_precision_loss, reason = "only compared with a small bound")]
        let (frames, most) = (input.frames() as f64, self.setup.max_frames as f64);
        Error::check_range("frames of a block", frames, 0.0, most)?;
        let (isa, plan) = (self.stream.isa, &self.plan);
        let parts = Parts::of(plan, channels, &mut self.memory);
        let rows = parts.lines.chunks_exact_mut(plan.channel.max(1));
        let highs = parts.high.chunks_exact_mut(plan.high.max(1));
        for ((from, lines), high) in input.channels().zip(rows).zip(highs) {
            let mut frames = from.len();
            let first = high.get_mut(..frames).unwrap_or_default();
            self.faults += kernels::clean(isa, from, first) as u64;
            for stage in plan.stages.iter().take(plan.count) {
                let taps = stage.taps + stage.half;
                let taps = parts.taps.get(taps..taps + stage.half).unwrap_or_default();
                let line = lines.get_mut(stage.line..stage.pairs()).unwrap_or_default();
                let line = line.get_mut(..stage.before() + frames).unwrap_or_default();
                copy(high, line.get_mut(stage.before()..).unwrap_or_default());
                let between = parts.scratch.get_mut(..frames).unwrap_or_default();
                kernels::mirrored_fir(isa, line, taps, between);
                // The later sample of the two that stand around it.
                let after = line.get(stage.half..).unwrap_or_default();
                kernels::weave(isa, between, after, high);
                move_to_front(line, frames);
                frames *= 2;
            }
        }
        self.waiting = input.frames();
        let frames = self.waiting * self.setup.factor;
        Ok(BlockMut::contiguous(parts.high, channels)?.into_range(0, frames))
    }

    /// Brings the block that is at the high rate down to the low one.
    ///
    /// # Shape
    /// The stream's channels, and as many frames as went [`Oversampler::up`].
    ///
    /// # Real time
    /// Does not allocate, lock, log or panic.
    ///
    /// # Errors
    /// Another number of channels or frames; nothing is written then.
    pub fn down(&mut self, mut output: BlockMut<'_, S>) -> Result<(), Error> {
        let channels = self.stream.channel_count();
        output.check_channels("output", channels)?;
        if output.frames() != self.waiting {
            return Err(Error::FrameCount {
                what: "output",
                given: output.frames(),
                expected: self.waiting,
            });
        }
        let (isa, plan) = (self.stream.isa, &self.plan);
        let parts = Parts::of(plan, channels, &mut self.memory);
        let rows = parts.lines.chunks_exact_mut(plan.channel.max(1));
        let highs = parts.high.chunks_exact_mut(plan.high.max(1));
        for ((to, lines), high) in output.channels_mut().zip(rows).zip(highs) {
            let mut frames = to.len() * self.setup.factor;
            let whole = high.get_mut(..frames).unwrap_or_default();
            self.faults += kernels::clean_in_place(isa, whole) as u64;
            for stage in plan.stages.iter().take(plan.count).rev() {
                let taps = parts.taps.get(stage.taps..stage.taps + stage.half).unwrap_or_default();
                frames /= 2;
                let both = lines.get_mut(stage.pairs()..stage.end()).unwrap_or_default();
                let (pairs, centre) =
                    both.split_at_mut_checked(stage.line_len()).unwrap_or_default();
                let pairs = pairs.get_mut(..stage.before() + frames).unwrap_or_default();
                let centre = centre.get_mut(..stage.before() + frames).unwrap_or_default();
                let new_pairs = pairs.get_mut(stage.before()..).unwrap_or_default();
                let new_centre = centre.get_mut(stage.before()..).unwrap_or_default();
                // Of 2J in pairs the middle lies between the J-th and the next: the centre there is
                // the second one of the J-th's pair, or the first one of the next.
                let middle = if stage.on_second {
                    kernels::unweave(isa, high, new_pairs, new_centre);
                    stage.half - 1
                } else {
                    kernels::unweave(isa, high, new_centre, new_pairs);
                    stage.half
                };
                let sum = high.get_mut(..frames).unwrap_or_default();
                kernels::mirrored_fir(isa, pairs, taps, sum);
                let half = S::from_f64(0.5);
                kernels::add_scaled(isa, sum, centre.get(middle..).unwrap_or_default(), half);
                move_to_front(pairs, frames);
                move_to_front(centre, frames);
            }
            copy(high, to);
        }
        self.waiting = 0;
        Ok(())
    }

    /// Runs a processor of the high rate on a block of any length, in place.
    ///
    /// # Real time
    /// Does not allocate, lock, log or panic, if the processor does not.
    ///
    /// # Errors
    /// Another number of channels, or the processor's own errors.
    pub fn around(
        &mut self,
        mut block: BlockMut<'_, S>,
        process: &mut dyn Process<S>,
    ) -> Result<(), Error> {
        block.check_channels("block", self.stream.channel_count())?;
        let mut at = 0;
        while at < block.frames() {
            let end = block.frames().min(at.saturating_add(self.setup.max_frames.max(1)));
            let mut part = block.range(at, end);
            process.process(Io::new(self.up(part.as_block())?))?;
            self.down(part.reborrow())?;
            at = end;
        }
        Ok(())
    }
}

/// The parts of the memory.
struct Parts<'m, S> {
    taps: &'m [S],
    lines: &'m mut [S],
    high: &'m mut [S],
    scratch: &'m mut [S],
}

impl<'m, S> Parts<'m, S> {
    fn of(plan: &Plan, channels: usize, memory: &'m mut [S]) -> Self {
        let (taps, rest) = memory.split_at_mut_checked(plan.taps).unwrap_or_default();
        let (lines, rest) = rest.split_at_mut_checked(plan.channel * channels).unwrap_or_default();
        let (high, scratch) = rest.split_at_mut_checked(plan.high * channels).unwrap_or_default();
        Self { taps, lines, high, scratch }
    }
}

/// Copies as far as both reach.
fn copy<S: Copy>(from: &[S], to: &mut [S]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}
