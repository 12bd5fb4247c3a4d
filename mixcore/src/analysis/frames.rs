//! Power spectra of overlapping windows over several lines of samples: what spectra and masking share.

use crate::audio::{Sample, Store};
use crate::error::Error;
use crate::filters::RealFft;
use crate::kernels::{self, Isa};
use crate::math;

/// Keeps the last `window` samples of each line and turns them into powers per bin.
#[derive(Debug)]
pub(super) struct PowerFrames<'a, S> {
    fft: RealFft<'a, S>,
    /// One ring of `window` samples per line.
    rings: Store<'a, S>,
    /// The window, the windowed samples, real and imaginary parts.
    scratch: Store<'a, S>,
    powers: Store<'a, f64>,
    window: usize,
    /// Next place to write in every ring.
    at: usize,
    /// Factor of |X|², for bins that stand for themselves and their mirror.
    scale: f64,
    isa: Isa,
}

/// Memory of the parts.
#[derive(Clone, Copy)]
pub(super) struct FrameStorage {
    fft: usize,
    rings: usize,
    scratch: usize,
    powers: usize,
}

impl FrameStorage {
    /// For `lines` of `window` samples, transformed with `fft_length`.
    pub(super) fn new<S: Sample>(
        window: usize,
        fft_length: usize,
        lines: usize,
    ) -> Result<Self, Error> {
        Ok(Self {
            fft: RealFft::<S>::required_len(fft_length)?,
            rings: window * lines,
            scratch: window + 2 * fft_length + 2,
            powers: fft_length / 2 + 1,
        })
    }

    /// Samples.
    pub(super) fn samples(&self) -> usize {
        self.fft + self.rings + self.scratch
    }

    /// f64 numbers.
    pub(super) fn numbers(&self) -> usize {
        self.powers
    }
}

impl<'a, S: Sample> PowerFrames<'a, S> {
    #[cfg(feature = "alloc")]
    pub(super) fn new(
        window: usize,
        fft_length: usize,
        lines: usize,
        isa: Isa,
    ) -> Result<Self, Error> {
        let need = FrameStorage::new::<S>(window, fft_length, lines)?;
        let fft = RealFft::new(fft_length, isa)?;
        Ok(Self::over(
            fft,
            Store::owned(need.rings, S::zero()),
            Store::owned(need.scratch, S::zero()),
            Store::owned(need.powers, 0.0),
            window,
            isa,
        ))
    }

    /// In lent memory of [`FrameStorage`].
    pub(super) fn new_in(
        window: usize,
        fft_length: usize,
        lines: usize,
        isa: Isa,
        samples: &'a mut [S],
        numbers: &'a mut [f64],
    ) -> Result<Self, Error> {
        const WHAT: &str = "spectrum sample";
        let need = FrameStorage::new::<S>(window, fft_length, lines)?;
        let (given, required) = (samples.len(), need.samples());
        let Some((fft, rest)) =
            samples.split_at_mut_checked(need.fft).filter(|_| given >= required)
        else {
            return Err(Error::Storage { what: WHAT, given, required });
        };
        let (rings, scratch) = rest.split_at_mut(need.rings);
        Ok(Self::over(
            RealFft::new_in(fft_length, isa, fft)?,
            Store::lent(WHAT, rings, need.rings, S::zero())?,
            Store::lent(WHAT, scratch, need.scratch, S::zero())?,
            Store::lent("spectrum number", numbers, need.powers, 0.0)?,
            window,
            isa,
        ))
    }

    fn over(
        fft: RealFft<'a, S>,
        rings: Store<'a, S>,
        mut scratch: Store<'a, S>,
        powers: Store<'a, f64>,
        window: usize,
        isa: Isa,
    ) -> Self {
        // A von Hann window of the period `window`, so that shifted copies add up evenly.
        let mut squares = 0.0;
        for (n, sample) in scratch.iter_mut().take(window).enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a window is shorter than 2^53")]
            let turn = n as f64 / window as f64;
            *sample = S::from_f64(0.5 - 0.5 * math::cos(2.0 * math::PI * turn));
            squares += sample.as_f64() * sample.as_f64();
        }
        #[expect(clippy::cast_precision_loss, reason = "an FFT's length is exact")]
        let scale = 2.0 / (fft.length() as f64 * squares);
        Self { fft, rings, scratch, powers, window, at: 0, scale, isa }
    }

    /// Samples of a window.
    pub(super) fn window(&self) -> usize {
        self.window
    }

    /// Powers per bin of the last call of [`PowerFrames::transform`].
    pub(super) fn powers(&self) -> &[f64] {
        &self.powers
    }

    /// Writes the next samples of one line, at most a window of them; faults become 0 and are counted.
    pub(super) fn fill(&mut self, line: usize, samples: &[S]) -> usize {
        let ring = self.rings.get_mut(line * self.window..).unwrap_or_default();
        let ring = ring.get_mut(..self.window).unwrap_or_default();
        let (front, back) = ring.split_at_mut(self.at.min(ring.len()));
        let (first, rest) = samples.split_at(samples.len().min(back.len()));
        let count = rest.len().min(front.len());
        kernels::clean(self.isa, first, &mut back[..first.len()])
            + kernels::clean(self.isa, rest, &mut front[..count])
    }

    /// All lines have got so many samples.
    pub(super) fn advance(&mut self, frames: usize) {
        self.at = (self.at + frames) % self.window.max(1);
    }

    /// Adds up the powers of some lines over the last window.
    ///
    /// Powers per bin add up to the mean square of the samples, weighted by the window's square.
    pub(super) fn transform(&mut self, lines: impl Iterator<Item = usize>) {
        self.powers.fill(0.0);
        for line in lines {
            self.add(line);
        }
        // The first and the last bin have no mirror.
        for end in [0, self.powers.len().saturating_sub(1)] {
            if let Some(power) = self.powers.get_mut(end) {
                *power *= 0.5;
            }
        }
    }

    fn add(&mut self, line: usize) {
        let Some(ring) = self.rings.get(line * self.window..(line + 1) * self.window) else {
            return;
        };
        let scratch = &mut *self.scratch;
        let (window, rest) = scratch.split_at_mut(self.window.min(scratch.len()));
        let (time, rest) = rest.split_at_mut(self.fft.length().min(rest.len()));
        let (re, im) = rest.split_at_mut(self.fft.bins().min(rest.len()));
        // Oldest first; what follows the window in `time` stays 0.
        let (newest, oldest) = ring.split_at(self.at.min(ring.len()));
        let (front, back) = time.split_at_mut(oldest.len().min(time.len()));
        let (front_window, back_window) = window.split_at(oldest.len().min(window.len()));
        for (time, samples, window) in [(front, oldest, front_window), (back, newest, back_window)]
        {
            for ((time, &sample), &weight) in time.iter_mut().zip(samples).zip(window) {
                *time = sample * weight;
            }
        }
        if self.fft.forward(time, re, im).is_err() {
            return;
        }
        for ((power, re), im) in self.powers.iter_mut().zip(re).zip(im) {
            let (re, im) = (re.as_f64(), im.as_f64());
            *power += (re * re + im * im) * self.scale;
        }
    }

    /// Forgets all samples.
    pub(super) fn clear(&mut self) {
        self.rings.fill(S::zero());
        self.at = 0;
    }
}
