//! A delay of whole frames, for keeping paths of a mix in step.
//!
//! Used for latency compensation and for the latency-matched dry path of a bypass:
//! y\[n\] = x\[n − D\], with zeros before the start.
//!
//! Cost: a clean and two copies a sample. Latency: D.
//! Limits: whole frames, fixed for life; between the frames and on the move it is
//! [`super::FractionalDelay`]. Milliseconds and metres become frames by [`super::DelayTime`].

use crate::audio::{Sample, Store};
use crate::error::Error;
use crate::filters::DelayLine;
use crate::kernels;
use crate::stream::{Field, Io, Process, Processor, Stream, unknown_field};

/// Longest delay, s: longer ones are a wrong unit, not a wish.
pub(super) const MAX_DELAY_S: f64 = 60.0;

/// A delay line of whole frames on every channel.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and
/// are counted. It does so at a delay of 0 too, so that a dry path behaves the same at every
/// latency. All other samples come out with their own bits.
#[derive(Debug)]
pub struct Delay<'a, S> {
    /// One ring of `frames` samples per channel, one after the other.
    rings: Store<'a, S>,
    line: DelayLine,
    stream: Stream,
    faults: u64,
}

#[cfg(feature = "alloc")]
impl<S: Sample> Delay<'static, S> {
    /// A delay of `frames` in memory of its own.
    ///
    /// # Errors
    /// More than 60 s, or a stream out of range.
    ///
    /// # Example
    /// ```
    /// use mixcore::filters::Delay;
    /// use mixcore::{BlockMut, Io, Layout, Process, Stream};
    /// let mut delay = Delay::new(2, Stream::new(48_000.0, Layout::MONO)?)?;
    /// let mut audio = [1.0_f32, 2.0, 3.0, 4.0];
    /// delay.process(Io::new(BlockMut::mono(&mut audio)))?;
    /// assert_eq!(audio, [0.0, 0.0, 1.0, 2.0]);
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn new(frames: usize, stream: Stream) -> Result<Self, Error> {
        let len = Self::required_len(frames, &stream)?;
        Ok(Self::over(Store::owned(len, S::zero()), frames, stream))
    }
}

impl<'a, S: Sample> Delay<'a, S> {
    /// A delay of `frames` in lent memory of [`Delay::required_len`] samples or more.
    ///
    /// # Errors
    /// More than 60 s, a stream out of range, or too little memory.
    pub fn new_in(frames: usize, stream: Stream, memory: &'a mut [S]) -> Result<Self, Error> {
        let len = Self::required_len(frames, &stream)?;
        Ok(Self::over(Store::lent("delay", memory, len, S::zero())?, frames, stream))
    }

    /// Samples of memory that a delay of `frames` needs for this stream.
    ///
    /// # Errors
    /// More than 60 s, or a stream out of range.
    pub fn required_len(frames: usize, stream: &Stream) -> Result<usize, Error> {
        stream.validate()?;
        let max = crate::math::floor(MAX_DELAY_S * stream.rate_hz);
        #[expect(clippy::cast_precision_loss, reason = "only compared with a bound below 2^25")]
        Error::check_range("frames", frames as f64, 0.0, max)?;
        Ok(frames * stream.channel_count())
    }

    fn over(rings: Store<'a, S>, frames: usize, stream: Stream) -> Self {
        Self { rings, line: DelayLine::new(frames), stream, faults: 0 }
    }
}

impl<S: Sample> Processor for Delay<'_, S> {
    fn latency_frames(&self) -> usize {
        self.line.frames()
    }

    fn tail_frames(&self) -> usize {
        self.line.frames()
    }

    fn reset(&mut self) {
        self.rings.fill(S::zero());
        self.line.reset();
        self.faults = 0;
    }

    fn fields(&self) -> &'static [Field] {
        &[]
    }

    fn field(&self, _name: &str) -> Option<f64> {
        None
    }

    fn set_field(&mut self, name: &str, _value: f64) -> Result<(), Error> {
        Err(unknown_field(name))
    }

    fn faults(&self) -> u64 {
        self.faults
    }
}

impl<S: Sample> Process<S> for Delay<'_, S> {
    fn process(&mut self, mut io: Io<'_, S>) -> Result<(), Error> {
        let main = io.main_without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        for (channel, samples) in main.channels_mut().enumerate() {
            self.faults += kernels::clean_in_place(self.stream.isa, samples) as u64;
            self.line.swap(self.line.ring(&mut self.rings, channel), samples);
        }
        self.line.pass();
        Ok(())
    }
}
