//! The long-term average spectrum: how a recording's power is spread over frequency, on average.
//!
//! It is what two recordings of one voice are matched by, and what tells one supplier's material from
//! another's. It is Welch's estimate: windows of N samples (von Hann, each a quarter of N after the
//! one before) are transformed and the powers of their bins averaged,
//!
//! > P\[k\] = mean over windows of Σ_channels 2·|X\[k\]|² / (N·Σw²)   (half of it at k = 0 and N/2)
//!
//! so that the bins of a window add up to its mean square. At this overlap Σw² of all windows is
//! constant: apart from the first and last N samples, every sample counts alike. LFE is left out.
//!
//! **Calibration**: levels are of the mean square, dB relative to 1. A full-scale sine reads
//! −3.01 dBFS in the third octave that holds it, spread over some bins (2/3 of it, −4.77 dBFS, in the
//! bin that it hits); a full-scale square wave 0 dBFS in all. Add 3.01 for levels in which a
//! full-scale sine is 0.
//!
//! Sources: P. D. Welch, "The use of fast Fourier transform for the estimation of power spectra",
//! IEEE Trans. Audio Electroacoust. 15(2), 1967; IEC 61260-1:2014 for the bands.
//! Cost: four transforms of N per N samples and channel. Latency: readings follow the last whole
//! window.
//! Limits: resolution is 1.5 bins (rate / N each): [`LongTermSpectrum::third_octave_dbfs`] reads no
//! band narrower than 3 bins (at 48 kHz and N = 16,384: below 40 Hz). Sharper edges than those of an
//! analogue bank: a tone on an edge counts in both bands with its share.

use super::bands::{Band, BinRange};
use super::frames::{FrameStorage, PowerFrames};
use super::third_octave::ThirdOctave;
use crate::audio::{Block, Sample, Store};
use crate::error::Error;
use crate::filters::RealFft;
use crate::stream::Stream;
use crate::units::{Reading, power_to_db};

/// Windows that overlap at any time.
pub(super) const OVERLAP: usize = 4;
/// Bins that a band must be wide to be read: twice the equivalent noise bandwidth of the window.
pub(super) const LEAST_BINS: f64 = 3.0;

/// What a spectrum is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpectrumSetup {
    /// Samples of a window, N: 16·2^a·3^b·5^c·7^d from 16 to 65,536.
    pub fft_length: usize,
}

impl Default for SpectrumSetup {
    /// 16,384: bins of 2.9 Hz at 48 kHz.
    fn default() -> Self {
        Self { fft_length: 16_384 }
    }
}

/// Elements of lent memory that a spectrum needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpectrumStorage {
    /// Samples.
    pub samples: usize,
    /// f64 numbers.
    pub numbers: usize,
}

/// The average spectrum of a stream.
///
/// # Example
/// ```
/// use mixcore::analysis::{LongTermSpectrum, SpectrumSetup, ThirdOctave};
/// use mixcore::{Block, Layout, Stream, math};
///
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let mut spectrum = LongTermSpectrum::<f32>::new(SpectrumSetup::default(), stream)?;
/// let tone: Vec<f32> = (0..48_000)
///     .map(|n| math::sin(math::PI * f64::from(n) / 24.0) as f32)
///     .collect();
/// spectrum.push(Block::mono(&tone))?;
/// // 1 kHz at full scale.
/// let level = |hz| ThirdOctave::containing(hz).map(|band| spectrum.third_octave_dbfs(band));
/// assert!((level(1000.0).unwrap().value().unwrap() + 3.01).abs() < 0.01);
/// assert!(level(2000.0).unwrap().value().unwrap() < -120.0);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct LongTermSpectrum<'a, S> {
    stream: Stream,
    frames: PowerFrames<'a, S>,
    /// Sums of the windows' powers.
    sums: Store<'a, f64>,
    windows: u64,
    /// Frames of this segment, and where its next window ends.
    segment: u64,
    next_end: u64,
    pushed: u64,
    faults: u64,
}

/// Channels that count.
pub(super) fn lines(stream: &Stream) -> usize {
    stream.layout.speakers().iter().filter(|speaker| !speaker.lfe).count()
}

#[cfg(feature = "alloc")]
impl<S: Sample> LongTermSpectrum<'static, S> {
    /// A spectrum with memory of its own.
    ///
    /// # Errors
    /// A length that is not 16·2^a·3^b·5^c·7^d from 16 to 65,536, or a rate outside 8 to 384 kHz.
    pub fn new(setup: SpectrumSetup, stream: Stream) -> Result<Self, Error> {
        stream.validate()?;
        let length = setup.fft_length;
        let frames = PowerFrames::new(length, length, lines(&stream), stream.isa)?;
        Ok(Self::over(stream, frames, Store::owned(length / 2 + 1, 0.0)))
    }
}

impl<'a, S: Sample> LongTermSpectrum<'a, S> {
    /// Memory that [`LongTermSpectrum::new_in`] needs.
    ///
    /// # Errors
    /// A length that is not 16·2^a·3^b·5^c·7^d from 16 to 65,536.
    pub fn required_len(setup: &SpectrumSetup, stream: &Stream) -> Result<SpectrumStorage, Error> {
        RealFft::<S>::required_len(setup.fft_length)?;
        let parts = FrameStorage::new::<S>(setup.fft_length, setup.fft_length, lines(stream))?;
        Ok(SpectrumStorage {
            samples: parts.samples(),
            numbers: parts.numbers() + setup.fft_length / 2 + 1,
        })
    }

    /// A spectrum in lent memory of at least [`LongTermSpectrum::required_len`].
    ///
    /// # Errors
    /// As [`LongTermSpectrum::required_len`], a rate outside 8 to 384 kHz, or too little memory.
    pub fn new_in(
        setup: SpectrumSetup,
        stream: Stream,
        samples: &'a mut [S],
        numbers: &'a mut [f64],
    ) -> Result<Self, Error> {
        stream.validate()?;
        let length = setup.fft_length;
        let (given, required) = (numbers.len(), Self::required_len(&setup, &stream)?.numbers);
        let Some((powers, sums)) =
            numbers.split_at_mut_checked(length / 2 + 1).filter(|_| given >= required)
        else {
            return Err(Error::Storage { what: "spectrum number", given, required });
        };
        let frames =
            PowerFrames::new_in(length, length, lines(&stream), stream.isa, samples, powers)?;
        let sums = Store::lent("spectrum number", sums, length / 2 + 1, 0.0)?;
        Ok(Self::over(stream, frames, sums))
    }

    fn over(stream: Stream, frames: PowerFrames<'a, S>, sums: Store<'a, f64>) -> Self {
        let next_end = frames.window() as u64;
        Self { stream, frames, sums, windows: 0, segment: 0, next_end, pushed: 0, faults: 0 }
    }

    /// Adds one block of any length; every split gives the same bits.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// Another number of channels than the stream's; nothing is recorded then.
    pub fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        block.check_channels("block", self.stream.channel_count())?;
        let mut at = 0;
        while at < block.frames() {
            at += self.take(&block.range(at, block.frames()));
        }
        Ok(())
    }

    /// Takes frames up to the end of a window.
    fn take(&mut self, block: &Block<'_, S>) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "at most a window")]
        let take = block.frames().min((self.next_end - self.segment) as usize);
        let speakers = self.stream.layout.speakers().iter().zip(block.channels());
        for (line, (_, samples)) in speakers.filter(|(speaker, _)| !speaker.lfe).enumerate() {
            let part = samples.get(..take).unwrap_or_default();
            self.faults += self.frames.fill(line, part) as u64;
        }
        self.frames.advance(take);
        self.segment += take as u64;
        self.pushed += take as u64;
        if self.segment == self.next_end {
            self.next_end += (self.frames.window() / OVERLAP) as u64;
            self.frames.transform(0..lines(&self.stream));
            for (sum, power) in self.sums.iter_mut().zip(self.frames.powers()) {
                *sum += power;
            }
            self.windows += 1;
        }
        take
    }

    /// Says that what follows does not continue what was: no window reaches over the cut. For the
    /// phrases of a recording, without its pauses.
    ///
    /// # Real time
    /// Does not allocate.
    pub fn start_segment(&mut self) {
        self.frames.clear();
        self.segment = 0;
        self.next_end = self.frames.window() as u64;
    }

    /// Starts anew.
    pub fn reset(&mut self) {
        self.start_segment();
        self.sums.fill(0.0);
        self.windows = 0;
        self.pushed = 0;
        self.faults = 0;
    }

    /// The stream it listens to.
    #[must_use]
    pub fn stream(&self) -> Stream {
        self.stream
    }

    /// Windows averaged so far.
    #[must_use]
    pub fn windows(&self) -> u64 {
        self.windows
    }

    /// Samples so far that were not finite or beyond 1e6 and were taken as 0 (LFE left out).
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults
    }

    /// Bins of the spectrum, N/2 + 1.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.sums.len()
    }

    /// Distance of the bins, Hz.
    #[must_use]
    pub fn bin_hz(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a window's length is exact")]
        {
            self.stream.rate_hz / self.frames.window() as f64
        }
    }

    /// Mean power of a bin, full scale = 1; 0 before the first window and beyond the last bin.
    #[must_use]
    pub fn bin_power(&self, bin: usize) -> f64 {
        match self.sums.get(bin) {
            Some(sum) if self.windows > 0 => self.mean(*sum),
            _ => 0.0,
        }
    }

    /// Level of a bin, dBFS; [`Reading::NotApplicable`] beyond the last one.
    #[must_use]
    pub fn bin_dbfs(&self, bin: usize) -> Reading {
        if bin < self.bins() { self.level(self.bin_power(bin)) } else { Reading::NotApplicable }
    }

    /// Level of a band, dBFS. [`Reading::NotApplicable`] for a band that is narrower than 3 bins, not
    /// in order, or reaches above half the rate.
    #[must_use]
    pub fn band_dbfs(&self, band: &Band) -> Reading {
        let enough = band.high_hz - band.low_hz >= LEAST_BINS * self.bin_hz();
        if !enough || band.low_hz < 0.0 || band.high_hz > 0.5 * self.stream.rate_hz {
            return Reading::NotApplicable;
        }
        let sum = BinRange::new(band.low_hz, band.high_hz, self.bin_hz()).power(&self.sums);
        self.level(if self.windows > 0 { self.mean(sum) } else { 0.0 })
    }

    /// Level of a third octave, dBFS; [`Reading::NotApplicable`] as for
    /// [`LongTermSpectrum::band_dbfs`].
    #[must_use]
    pub fn third_octave_dbfs(&self, third: ThirdOctave) -> Reading {
        self.band_dbfs(&third.band())
    }

    /// Frames that are missing to the end of the next window.
    pub(super) fn to_next_window(&self) -> u64 {
        self.next_end - self.segment
    }

    /// Powers per bin of the last window alone.
    pub(super) fn last_window(&self) -> &[f64] {
        self.frames.powers()
    }

    fn mean(&self, sum: f64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "windows of years fit into 53 bits")]
        {
            sum / self.windows as f64
        }
    }

    fn level(&self, power: f64) -> Reading {
        if self.windows == 0 {
            #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
            let s = |frames: u64| frames as f64 / self.stream.rate_hz;
            return Reading::TooShort {
                have_s: s(self.pushed),
                need_s: s(self.frames.window() as u64),
            };
        }
        Reading::from_level(power_to_db(power))
    }
}
