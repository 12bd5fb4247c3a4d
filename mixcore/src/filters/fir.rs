//! A finite impulse response: the caller's taps on every channel.
//!
//! For what is designed elsewhere: matched equalisation of two recordings, a steep low-pass of linear
//! phase, the inverse of a microphone's response. With the taps h of a channel,
//!
//! > y\[n\] = Σ_k h\[k\] · x\[n − k\]
//!
//! Sums are in the sample type, in blocks ([`crate::kernels::fir`]). For f32 the error of white noise
//! through up to [`MAX_TAPS`] random taps was measured 134 dB and more below the output (root mean
//! square, `tests/all/fir.rs`); for f64 −295 dB.
//!
//! Source: the direct form, e.g. A. V. Oppenheim and R. W. Schafer, "Discrete-Time Signal
//! Processing", chapter 6.
//! Cost: one product per tap and sample, eight (f32) or four (f64) samples at a time; from some
//! hundreds of taps on a convolution by FFT is cheaper.
//! Latency: what the caller says; (N − 1)/2 frames for an odd number of symmetric taps; else none.
//! Limits: taps are fixed for life, at most [`MAX_TAPS`], all rows of the same length.

use super::design::fir_gain_at;
use crate::audio::{Sample, Store, move_to_front};
use crate::error::Error;
use crate::kernels;
use crate::stream::{Field, Io, Process, Processor, Stream, unknown_field};
use crate::units::gain_to_db;

/// Most taps of a channel.
pub const MAX_TAPS: usize = 4096;

/// Largest Σ|h| of a channel, +120 dB: what no sample can make infinite.
const MAX_GAIN: f64 = 1e6;

/// Frames that are worked out in one go: whole tiles of the kernel for both sample types.
const CHUNK: usize = 384;

/// The taps, and what their latency is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FirSetup<'t> {
    /// Taps in time order, the first one meets the newest sample: one row for all channels, or one
    /// row after the other for each channel.
    taps: &'t [f64],
    rows: usize,
    latency: Option<usize>,
}

impl<'t> FirSetup<'t> {
    /// The same taps for all channels.
    #[must_use]
    pub fn all(taps: &'t [f64]) -> Self {
        Self { taps, rows: 1, latency: None }
    }

    /// Taps of each channel, one row after the other.
    #[must_use]
    pub fn per_channel(taps: &'t [f64], channels: usize) -> Self {
        Self { taps, rows: channels, latency: None }
    }

    /// States the latency of the response, for taps that are not symmetric (a room, a minimum phase
    /// response with a lead): frames from the first tap to what counts as the sound itself.
    #[must_use]
    pub fn with_latency(self, frames: usize) -> Self {
        Self { latency: Some(frames), ..self }
    }

    /// Taps of a channel.
    ///
    /// # Errors
    /// No taps or more than [`MAX_TAPS`], rows that are not one for all or one per channel, or of
    /// unequal length, taps that are not finite or add up to more than +120 dB, or a latency beyond
    /// the taps.
    fn validate(&self, stream: &Stream) -> Result<usize, Error> {
        stream.validate()?;
        if self.rows != 1 && self.rows != stream.channel_count() {
            return Err(Error::ChannelCount {
                what: "list of taps",
                given: self.rows,
                expected: stream.channel_count(),
            });
        }
        let count = self.taps.len().checked_div(self.rows).unwrap_or(0);
        #[expect(clippy::cast_precision_loss, reason = "only compared with small bounds")]
        Error::check_range("taps", count as f64, 1.0, MAX_TAPS as f64)?;
        if count * self.rows != self.taps.len() {
            return Err(Error::FrameCount {
                what: "list of taps",
                given: self.taps.len(),
                expected: count * self.rows,
            });
        }
        for row in self.taps.chunks_exact(count) {
            let sum: f64 = row.iter().map(|tap| tap.abs()).sum();
            Error::check_range("sum of the taps' magnitudes", sum, 0.0, MAX_GAIN)?;
        }
        #[expect(clippy::cast_precision_loss, reason = "only compared with small bounds")]
        Error::check_range(
            "latency_frames",
            self.latency.unwrap_or(0) as f64,
            0.0,
            (count - 1) as f64,
        )?;
        Ok(count)
    }

    /// What the caller says, or half of the taps if all rows are symmetric about a tap.
    fn latency_frames(&self, count: usize) -> usize {
        let mut rows = self.taps.chunks_exact(count.max(1));
        let linear = count % 2 == 1 && rows.all(|row| row.iter().eq(row.iter().rev()));
        self.latency.unwrap_or(if linear { count / 2 } else { 0 })
    }
}

/// An FIR filter on every channel of a stream.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and are
/// counted.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::filters::{Fir, FirSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream};
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let mut mean = Fir::new(FirSetup::all(&[0.25, 0.5, 0.25]), stream)?;
/// let mut audio = [1.0_f32, 0.0, 0.0, 4.0, 0.0];
/// mean.process(Io::new(BlockMut::mono(&mut audio)))?;
/// assert_eq!(audio, [0.25, 0.5, 0.25, 1.0, 2.0]);
/// assert_eq!(mean.latency_frames(), 1);
/// // Half at a quarter of the rate: cos² of 45 degrees.
/// assert!((mean.response_db(0, 12_000.0) + 6.0206).abs() < 1e-4);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Fir<'a, S> {
    /// The taps, row after row, in correlation order; then a line per channel: the frames before
    /// and a chunk.
    memory: Store<'a, S>,
    taps: usize,
    rows: usize,
    latency: usize,
    stream: Stream,
    faults: u64,
}

#[cfg(feature = "alloc")]
impl<S: Sample> Fir<'static, S> {
    /// A filter with memory of its own.
    ///
    /// # Errors
    /// As for [`Fir::required_len`].
    pub fn new(setup: FirSetup<'_>, stream: Stream) -> Result<Self, Error> {
        let len = Self::required_len(&setup, &stream)?;
        Self::over(Store::owned(len, S::zero()), &setup, stream)
    }
}

impl<'a, S: Sample> Fir<'a, S> {
    /// A filter in lent memory of [`Fir::required_len`] samples or more.
    ///
    /// # Errors
    /// As for [`Fir::required_len`], or too little memory.
    pub fn new_in(setup: FirSetup<'_>, stream: Stream, memory: &'a mut [S]) -> Result<Self, Error> {
        let len = Self::required_len(&setup, &stream)?;
        Self::over(Store::lent("FIR", memory, len, S::zero())?, &setup, stream)
    }

    /// Samples of memory that a filter needs.
    ///
    /// # Errors
    /// No taps or more than [`MAX_TAPS`], rows that are not one for all or one per channel, or of
    /// unequal length, taps that are not finite or add up to more than +120 dB, a latency beyond the
    /// taps, or a stream out of range.
    pub fn required_len(setup: &FirSetup<'_>, stream: &Stream) -> Result<usize, Error> {
        let taps = setup.validate(stream)?;
        Ok(setup.taps.len() + (taps - 1 + CHUNK) * stream.channel_count())
    }

    fn over(mut memory: Store<'a, S>, setup: &FirSetup<'_>, stream: Stream) -> Result<Self, Error> {
        let taps = setup.validate(&stream)?;
        let rows = memory.chunks_exact_mut(taps).zip(setup.taps.chunks_exact(taps));
        for (to, from) in rows {
            for (to, from) in to.iter_mut().zip(from.iter().rev()) {
                *to = S::from_f64(*from);
            }
        }
        let latency = setup.latency_frames(taps);
        Ok(Self { memory, taps, rows: setup.rows, latency, stream, faults: 0 })
    }

    /// Gain of a channel at `hz`, dB: the response of the taps as they are used.
    ///
    /// # Panics
    /// If the stream has no such channel.
    #[must_use]
    pub fn response_db(&self, channel: usize, hz: f64) -> f64 {
        assert!(channel < self.stream.channel_count(), "the stream has no channel {channel}");
        let row = if self.rows == 1 { 0 } else { channel };
        // Turned round the response has the same magnitude.
        let taps = self.memory.get(row * self.taps..(row + 1) * self.taps).unwrap_or_default();
        gain_to_db(fir_gain_at(taps.iter().map(|tap| tap.as_f64()), hz, self.stream.rate_hz))
    }
}

impl<S: Sample> Processor for Fir<'_, S> {
    fn latency_frames(&self) -> usize {
        self.latency
    }

    fn tail_frames(&self) -> usize {
        self.taps - 1
    }

    fn reset(&mut self) {
        let taps = self.rows * self.taps;
        self.memory.get_mut(taps..).unwrap_or_default().fill(S::zero());
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

impl<S: Sample> Process<S> for Fir<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        let mut main = io.without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        let isa = self.stream.isa;
        let before = self.taps - 1;
        let (taps, lines) =
            self.memory.split_at_mut_checked(self.rows * self.taps).unwrap_or_default();
        let mut rows = taps.chunks_exact(self.taps.max(1)).cycle();
        let lines = lines.chunks_exact_mut((before + CHUNK).max(1));
        for (samples, line) in main.channels_mut().zip(lines) {
            let row = rows.next().unwrap_or_default();
            for chunk in samples.chunks_mut(CHUNK) {
                let frames = chunk.len();
                let line = line.get_mut(..before + frames).unwrap_or_default();
                let fresh = line.get_mut(before..).unwrap_or_default();
                self.faults += kernels::clean(isa, chunk, fresh) as u64;
                kernels::fir(isa, line, row, chunk);
                move_to_front(line, frames);
            }
        }
        Ok(())
    }
}
