//! Change of the sample rate by a ratio of whole numbers.
//!
//! Every source of a mix has to come to the session's rate, and every delivery to its own: music at
//! 44.1 kHz into a film at 48, a master at 96 kHz into a broadcast file. With the ratio L/M of the
//! rates in lowest terms, output m is the input's waveform at the time m·M/L − D in input frames,
//!
//! > y\[m\] = Σ_k x\[k\] · h(m·M/L − D − k), h a low-pass of linear phase, D = Λ·M/L,
//!
//! so an impulse at input frame n stands at output frame n·L/M + Λ, Λ being
//! [`Resampler::latency_frames`]. h is a windowed sinc ([`super::design::WindowedSinc`]) in the time scale of the
//! lower rate; each of its L phases is scaled to a gain of 1 at 0 Hz. Promised, and measured in
//! `tests/all/resampler.rs` and `resampler_fft.rs` with the Fourier transform of the real impulse response and with tones,
//! in shares of the lower Nyquist frequency:
//!
//! | quality | within ± 0.01 dB up to | aliases and images |
//! |---|---|---|
//! | [`Quality::Fast`] | 0.9071 (20.0 of 22.05 kHz) | ≤ −100 dB in the pass-band; what lies between 1 and 1.0929 folds into the band above it |
//! | [`Quality::Standard`] | 0.9071 | ≤ −100 dB from 1 on: nothing folds |
//! | [`Quality::Best`] | 0.9071 | ≤ −140 dB from 1 on: nothing folds |
//!
//! The two methods ([`ResamplerMethod`]) share all that is said here and the schedule of outputs. With
//! [`ResamplerMethod::Fft`] Fast is as good as Standard, and the gain at 0 Hz is 1 without a scaling.
//!
//! For f32 audio taps, products and sums are f32, in eight sums and a tree, or in the passes of two
//! transforms: an error of its own that is noise, no alias ([`F32_NOISE_DB`], [`F32_FFT_NOISE_DB`]).
//!
//! Sources: R. E. Crochiere and L. R. Rabiner, "Multirate Digital Signal Processing", 1983, chapters
//! 2 and 3 (polyphase structures); Kaiser's window, see [`super::design::WindowedSinc`]; for the FFT
//! method those of its source file.
//!
//! Cost, polyphase: per output sample a dot product of 2·W·max(1, M/L) taps, W = 33, 66 or 88, eight
//! (f32) or four (f64) at a time; two channels share the taps. Groups of eight outputs run together:
//! blocks of a few frames are correct, not fast. FFT: two transforms of 768 to 7056 frames of the
//! lower rate, in one push per hop for all channels. Measured among 44.1, 48 and 96 kHz (`benches/README.md`,
//! "Rate"), what a sample costs by FFT as a share of what it costs by sums: at AVX2 0.34 to 0.47 for
//! Standard, 0.28 to 0.40 for Best; at SSE2 (f32) 0.16 to 0.30 and 0.13 to 0.25. Best costs up to 10 % more
//! than Standard, one channel up to 9 % more a sample than two. [`ResamplerMethod`] says which to take.
//! Latency: whole output frames, constant. Polyphase ⌈W·L/M⌉ upwards, W downwards; FFT a hop and the
//! reach of a low-pass with W = 72 or 96: 10 to 52 ms among 44.1, 48 and their multiples to
//! 192 kHz; elsewhere 5 to 612 ms (8 to 11.025 kHz, whose terms are large): ask `latency_frames`.
//! Limits: L and M up to [`super::MAX_RATIO_TERM`], for the FFT method without a prime factor above 7;
//! the ratio is fixed for life, so no drift between clocks
//! is followed. A step rings W frames of the lower rate to both sides, and overshoots as any steep
//! low-pass does.

use super::phase_rate::PhaseRate;
use super::rate_plan::{Quality, Ratio, ResamplerMethod, ResamplerSetup};
use super::spectral_rate::SpectralRate;
use crate::audio::{Block, BlockMut, Sample, Store};
use crate::error::Error;
use crate::kernels;
use crate::stream::Stream;

/// Level of the rounding noise of f32 audio under the signal's that comes out, dB (root mean square,
/// white noise goes in), between the rates from 44.1 to 192 kHz. Longer sums round more: from 384 to
/// 8 kHz it is 9 dB higher.
pub const F32_NOISE_DB: f64 = 134.0;

/// The same for [`ResamplerMethod::Fft`], dB, between all rates.
pub const F32_FFT_NOISE_DB: f64 = 133.0;

/// The memory starts at a multiple of a cache line, for speed alone: bytes, and samples to get there.
const LINE_BYTES: usize = 64;
const LEAD: usize = 16;

/// Changes the sample rate of all channels of a stream by a fixed ratio.
///
/// It is fed with [`Resampler::push`], which takes blocks of any length from 0 up and gives all
/// output frames m with m·M/L below the input frames so far: ⌈N·L/M⌉ after N of them, whatever the
/// split, with the same bits. [`Resampler::render`] does a whole clip without the latency.
///
/// For files and whole clips [`ResamplerMethod::Fft`] is the fast one; the default,
/// [`ResamplerMethod::Polyphase`], is for what may not wait. [`ResamplerMethod`] gives the figures.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and are
/// counted.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::filters::{Resampler, ResamplerSetup};
/// use mixcore::{Block, BlockMut, Layout, Stream};
/// // A second of 44.1 kHz: 1 kHz, half of full scale.
/// let stream = Stream::new(44_100.0, Layout::MONO)?;
/// let mut resampler = Resampler::<f64>::new(ResamplerSetup::to(48_000.0), stream)?;
/// let sine = |n: usize, rate: f64| 0.5 * (std::f64::consts::TAU * 1000.0 * n as f64 / rate).sin();
/// let clip: Vec<f64> = (0..44_100).map(|n| sine(n, 44_100.0)).collect();
/// let mut out = vec![0.0; resampler.clip_frames(clip.len())];
/// resampler.render(Block::mono(&clip), BlockMut::mono(&mut out))?;
/// assert_eq!(out.len(), 48_000);
/// // Away from the clip's ends it is the same sine.
/// assert!((200..47_800).all(|n| (out[n] - sine(n, 48_000.0)).abs() < 1e-5));
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Resampler<'a, S> {
    setup: ResamplerSetup,
    stream: Stream,
    ratio: Ratio,
    engine: Engine,
    /// A lead, what the channels share, then a part for each channel.
    memory: Store<'a, S>,
    /// Samples before what is shared, and before the channels.
    shared: usize,
    channels: usize,
    faults: u64,
}

/// What a method needs to know and to remember; of each method the same is asked.
#[derive(Clone, Copy, Debug)]
enum Engine {
    Phases(PhaseRate),
    Spectra(SpectralRate),
}

/// Asks the method that there is.
macro_rules! ask {
    ($engine:expr, $rate:ident => $answer:expr) => {
        match $engine {
            Engine::Phases($rate) => $answer,
            Engine::Spectra($rate) => $answer,
        }
    };
}

impl Engine {
    fn new<S: Sample>(setup: &ResamplerSetup, stream: &Stream) -> Result<(Ratio, Self), Error> {
        let ratio = setup.ratio(stream)?;
        let engine = match setup.method {
            ResamplerMethod::Polyphase => Self::Phases(PhaseRate::new::<S>(ratio, setup.quality)),
            ResamplerMethod::Fft => Self::Spectra(SpectralRate::new(ratio, setup.quality)?),
        };
        Ok((ratio, engine))
    }
}

#[cfg(feature = "alloc")]
impl<S: Sample> Resampler<'static, S> {
    /// A resampler from the stream's rate, in memory of its own.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, equal rates, or a ratio that the method does not take.
    pub fn new(setup: ResamplerSetup, stream: Stream) -> Result<Self, Error> {
        let len = Self::required_len(setup, &stream)?;
        Self::over(Store::owned(len, S::zero()), setup, stream)
    }
}

impl<'a, S: Sample> Resampler<'a, S> {
    /// A resampler in lent memory of [`Resampler::required_len`] samples or more.
    ///
    /// # Errors
    /// As for [`Resampler::required_len`], or too little memory.
    pub fn new_in(
        setup: ResamplerSetup,
        stream: Stream,
        memory: &'a mut [S],
    ) -> Result<Self, Error> {
        let len = Self::required_len(setup, &stream)?;
        Self::over(Store::lent("resampler", memory, len, S::zero())?, setup, stream)
    }

    /// Samples of memory that a resampler needs. Polyphase: the phases once, some 600 frames per channel
    /// (more where the rate falls to less than a half). FFT: some six blocks once, two per channel.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, equal rates, or a ratio that the method does not take.
    pub fn required_len(setup: ResamplerSetup, stream: &Stream) -> Result<usize, Error> {
        let (_, engine) = Engine::new::<S>(&setup, stream)?;
        let (shared, channel) = ask!(engine, rate => (rate.shared_len(), rate.channel_len()));
        Ok(LEAD + shared + channel * stream.channel_count())
    }

    fn over(
        mut memory: Store<'a, S>,
        setup: ResamplerSetup,
        stream: Stream,
    ) -> Result<Self, Error> {
        let (ratio, engine) = Engine::new::<S>(&setup, &stream)?;
        let shared = memory.as_ptr().align_offset(LINE_BYTES).min(LEAD);
        let channels = shared + ask!(engine, rate => rate.shared_len());
        let part = memory.get_mut(shared..channels).unwrap_or_default();
        ask!(engine, rate => rate.fill(part)?);
        let mut resampler =
            Self { setup, stream, ratio, engine, memory, shared, channels, faults: 0 };
        resampler.reset();
        Ok(resampler)
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> ResamplerSetup {
        self.setup
    }

    /// The stream that comes out: the same layout at the other rate.
    #[must_use]
    pub fn output_stream(&self) -> Stream {
        Stream { rate_hz: self.setup.output_rate_hz, ..self.stream }
    }

    /// The ratio output/input in lowest terms: L and M.
    #[must_use]
    pub fn ratio(&self) -> (usize, usize) {
        (self.ratio.up, self.ratio.down)
    }

    /// End of the pass-band, Hz.
    #[must_use]
    pub fn pass_band_hz(&self) -> f64 {
        Quality::PASS_BAND * 0.5 * self.setup.output_rate_hz.min(self.stream.rate_hz)
    }

    /// **Output** frames by which the output lags the input, whole and constant for life: input frame
    /// n stands at output frame n·L/M + this.
    #[must_use]
    pub fn latency_frames(&self) -> usize {
        ask!(self.engine, rate => rate.latency())
    }

    /// Output frames after the last of the input that may still sound, latency included: behind them
    /// all is 0. Of the FFT method what comes later than the latency and the reach is below the
    /// stop-band's level.
    #[must_use]
    pub fn tail_frames(&self) -> usize {
        ask!(self.engine, rate => rate.tail())
    }

    /// Output frames that the next [`Resampler::push`] of so many input frames gives.
    #[must_use]
    pub fn output_frames(&self, input_frames: usize) -> usize {
        ask!(self.engine, rate => rate.output_frames(input_frames))
    }

    /// Output frames of a whole clip, ⌈frames·L/M⌉; also the most that a push of so many gives.
    #[must_use]
    pub fn clip_frames(&self, input_frames: usize) -> usize {
        self.ratio.outputs(input_frames)
    }

    /// Samples so far that were not finite or beyond 1e6 and were taken as 0.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults
    }

    /// Clears the state: the resampler is as new.
    ///
    /// # Real time
    /// Does not allocate, lock, log or panic.
    pub fn reset(&mut self) {
        self.memory.get_mut(self.channels..).unwrap_or_default().fill(S::zero());
        match &mut self.engine {
            Engine::Phases(rate) => rate.reset(),
            Engine::Spectra(rate) => {
                rate.reset(self.memory.get_mut(self.shared..self.channels).unwrap_or_default());
            }
        }
        self.faults = 0;
    }

    /// Takes a block and writes what can be given, to the front of `output`; returns how many frames
    /// that are: [`Resampler::output_frames`].
    ///
    /// # Shape
    /// Both blocks have the stream's channels; `output` has room for what comes out (never more than
    /// [`Resampler::clip_frames`] of the input's frames). What lies behind it stays as it is.
    ///
    /// # Real time
    /// Does not allocate, lock, log or panic.
    ///
    /// # Errors
    /// Another number of channels, or too little room; nothing is taken or written then.
    pub fn push(
        &mut self,
        input: Block<'_, S>,
        mut output: BlockMut<'_, S>,
    ) -> Result<usize, Error> {
        self.check(Some(&input), &output)?;
        let given = self.output_frames(input.frames());
        if output.frames() < given {
            return Err(Error::FrameCount {
                what: "output",
                given: output.frames(),
                expected: given,
            });
        }
        // What a flush has left comes first.
        let (mut taken, mut written) = (0, self.give(&mut output, 0));
        while taken < input.frames() {
            let frames = self.room().min(input.frames() - taken);
            if frames == 0 {
                break;
            }
            self.take(frames, Some(&input.range(taken, taken + frames)));
            taken += frames;
            written += self.give(&mut output, written);
        }
        Ok(written)
    }

    /// Goes on as if zeros were pushed, until `output` is full. [`Resampler::latency_frames`] of it
    /// complete a clip to its length, [`Resampler::tail_frames`] let it ring out. Before another clip
    /// call [`Resampler::reset`].
    ///
    /// # Real time
    /// Does not allocate, lock, log or panic.
    ///
    /// # Errors
    /// Another number of channels; nothing is written then.
    pub fn flush(&mut self, mut output: BlockMut<'_, S>) -> Result<(), Error> {
        self.check(None, &output)?;
        let mut written = self.give(&mut output, 0);
        while written < output.frames() {
            let left = output.frames() - written;
            let missing = ask!(self.engine, rate => rate.missing(left));
            let frames = self.room().min(missing);
            self.take(frames, None);
            let given = self.give(&mut output, written);
            written += given;
            if given == 0 && frames == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Renders a whole clip of any length and returns how many faulty samples of it became 0. The
    /// latency is removed: input frame n stands at n·L/M,
    /// and what rings beyond the ends is cut off. The resampler is reset before and after.
    ///
    /// # Shape
    /// `output` has [`Resampler::clip_frames`] of the clip's frames.
    ///
    /// # Real time
    /// Does not allocate; takes as long as the clip is.
    ///
    /// # Errors
    /// Another number of channels or frames; nothing is written then.
    pub fn render(
        &mut self,
        clip: Block<'_, S>,
        mut output: BlockMut<'_, S>,
    ) -> Result<u64, Error> {
        self.check(Some(&clip), &output)?;
        let expected = self.clip_frames(clip.frames());
        if output.frames() != expected {
            return Err(Error::FrameCount { what: "output", given: output.frames(), expected });
        }
        self.reset();
        // The outputs before the clip's first frame are left out.
        let latency = self.latency_frames();
        ask!(&mut self.engine, rate => rate.skip(latency));
        let written = self.push(clip, output.reborrow())?;
        self.flush(output.range(written, expected))?;
        let faults = self.faults;
        self.reset();
        Ok(faults)
    }

    fn check(&self, input: Option<&Block<'_, S>>, output: &BlockMut<'_, S>) -> Result<(), Error> {
        let channels = self.stream.channel_count();
        if let Some(input) = input {
            input.check_channels("input", channels)?;
        }
        output.check_channels("output", channels)
    }

    /// What the channels share, and the part of each channel.
    fn parts_mut(&mut self) -> (&mut Engine, &mut [S], impl Iterator<Item = &mut [S]>) {
        let len = ask!(self.engine, rate => rate.channel_len()).max(1);
        let count = self.stream.channel_count();
        let memory = self.memory.get_mut(self.shared..).unwrap_or_default();
        let shared = self.channels.saturating_sub(self.shared);
        let (shared, channels) = memory.split_at_mut_checked(shared).unwrap_or_default();
        (&mut self.engine, shared, channels.chunks_exact_mut(len).take(count))
    }

    /// Input frames that fit in behind the others; makes room if there is none.
    fn room(&mut self) -> usize {
        let isa = self.stream.isa;
        match self.parts_mut() {
            (Engine::Phases(rate), _, channels) => rate.room(channels),
            (Engine::Spectra(rate), shared, channels) => rate.room(isa, shared, channels),
        }
    }

    /// Takes in frames for which there is room: a block's, or zeros.
    fn take(&mut self, frames: usize, input: Option<&Block<'_, S>>) {
        let start = ask!(self.engine, rate => rate.filled());
        let end = start.saturating_add(frames);
        let isa = self.stream.isa;
        let mut faults = 0;
        let (engine, _, channels) = self.parts_mut();
        match input {
            Some(input) => {
                for (line, from) in channels.zip(input.channels()) {
                    let to = line.get_mut(start..end).unwrap_or_default();
                    faults += kernels::clean(isa, from, to) as u64;
                }
            }
            None => {
                for line in channels {
                    line.get_mut(start..end).unwrap_or_default().fill(S::zero());
                }
            }
        }
        ask!(engine, rate => rate.advance(frames));
        self.faults += faults;
    }

    /// Writes the outputs that can be given to `output` from `start` on, as far as it reaches.
    fn give(&mut self, output: &mut BlockMut<'_, S>, start: usize) -> usize {
        let given = self.output_frames(0).min(output.frames().saturating_sub(start));
        if given == 0 {
            return 0;
        }
        let len = ask!(self.engine, rate => rate.channel_len()).max(1);
        let shared = self.memory.get(self.shared..self.channels).unwrap_or_default();
        let channels = self.memory.get(self.channels..).unwrap_or_default();
        let channels = channels.chunks_exact(len).take(self.stream.channel_count());
        let mut part = output.range(start, start.saturating_add(given));
        match &mut self.engine {
            Engine::Phases(rate) => rate.give(self.stream.isa, shared, channels, &mut part),
            Engine::Spectra(rate) => {
                rate.give(channels, &mut part);
                rate.given(given);
            }
        }
        given
    }
}
