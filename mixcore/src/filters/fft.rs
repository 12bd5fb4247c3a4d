//! The discrete Fourier transform of real signals.
//!
//! What convolves with long responses, reads spectra and matches recordings stands on it:
//!
//! > X\[k\] = Σ_n x\[n\]·e^(−2πi·kn/N), k = 0 … N/2; x\[n\] = 1/N · Σ_k X\[k\]·e^(2πi·kn/N)
//!
//! The forward transform has no factor, the inverse divides by N, so both together give back what
//! went in. Bins beyond N/2 are the conjugates of those given and are left out.
//!
//! Relative root-mean-square error against a DFT in f64 (N to 65,536, asserted in `tests/all/fft.rs`):
//! below 2e-7 for f32, below 5e-16 for f64 (6e-16 where the length is no power of two). NaN and infinite samples spread over the spectrum; the
//! transform has no memory, so the next one is not touched.
//!
//! Cost: 8 to 10 instructions a sample (AVX2, f32, N = 128 to 4096). Latency: none of its own.
//! Limits: 16·2^a·3^b·5^c·7^d from 16 to 65,536, of which powers of two are the fastest; below 128 plain
//! code runs, a few times slower a sample.

use crate::audio::{Sample, Store};
use crate::error::Error;
use crate::kernels::{
    self, FFT_MAX, FFT_MIN, Isa, fft_tables_len, fft_work_len, fill_fft_tables, is_fft_length,
};

/// A real FFT of one length: its tables and its work space.
#[derive(Debug)]
pub struct RealFft<'a, S> {
    /// The tables, then the work space.
    memory: Store<'a, S>,
    length: usize,
    isa: Isa,
}

#[cfg(feature = "alloc")]
impl<S: Sample> RealFft<'static, S> {
    /// A transform of `length` samples in memory of its own.
    ///
    /// # Errors
    /// A length that is not 16·2^a·3^b·5^c·7^d from 16 to 65,536.
    ///
    /// # Example
    /// ```
    /// use mixcore::filters::RealFft;
    /// use mixcore::Isa;
    /// // Two turns of a cosine in 16 samples are all in bin 2.
    /// let mut fft = RealFft::new(16, Isa::detect())?;
    /// let time: Vec<f64> = (0..16).map(|n| (std::f64::consts::PI * f64::from(n) / 4.0).cos()).collect();
    /// let (mut re, mut im) = ([0.0; 9], [0.0; 9]);
    /// fft.forward(&time, &mut re, &mut im)?;
    /// assert!((re[2] - 8.0).abs() < 1e-14 && re[3].abs() < 1e-14);
    /// let mut back = [0.0; 16];
    /// fft.inverse(&re, &im, &mut back)?;
    /// assert!(back.iter().zip(&time).all(|(a, b)| (a - b).abs() < 1e-15));
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn new(length: usize, isa: Isa) -> Result<Self, Error> {
        let len = Self::required_len(length)?;
        Ok(Self::over(Store::owned(len, S::zero()), length, isa))
    }
}

impl<'a, S: Sample> RealFft<'a, S> {
    /// A transform of `length` samples in lent memory of [`RealFft::required_len`] or more.
    ///
    /// # Errors
    /// A length that is not 16·2^a·3^b·5^c·7^d from 16 to 65,536, or too little memory.
    pub fn new_in(length: usize, isa: Isa, memory: &'a mut [S]) -> Result<Self, Error> {
        let len = Self::required_len(length)?;
        Ok(Self::over(Store::lent("FFT", memory, len, S::zero())?, length, isa))
    }

    /// Samples of memory that a transform of `length` needs: at most 3.5 times its length, 4.2 times where
    /// it is no power of two.
    ///
    /// # Errors
    /// A length that is not 16·2^a·3^b·5^c·7^d from 16 to 65,536.
    pub fn required_len(length: usize) -> Result<usize, Error> {
        #[expect(clippy::cast_precision_loss, reason = "only compared with small bounds")]
        let given =
            Error::check_range("fft_length", length as f64, FFT_MIN as f64, FFT_MAX as f64)?;
        if !is_fft_length(length) {
            return Err(Error::NotAllowed {
                field: "fft_length",
                given,
                allowed: "16·2^a·3^b·5^c·7^d up to 65536 (16, 32, 48, 64, 80, 96, 112, 128 …)",
                hint: "take the next one above and fill up with zeros",
            });
        }
        Ok(fft_tables_len(length) + fft_work_len(length))
    }

    fn over(mut memory: Store<'a, S>, length: usize, isa: Isa) -> Self {
        let tables = fft_tables_len(length).min(memory.len());
        fill_fft_tables(length, &mut memory[..tables]);
        Self { memory, length, isa }
    }

    /// Samples of the signal, N.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Bins of the spectrum, N/2 + 1: bin k lies at k/N of the sample rate.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.length / 2 + 1
    }

    /// The spectrum of `time`. `im` of the first and the last bin is 0.
    ///
    /// # Shape
    /// `time` has [`RealFft::length`] samples, `re` and `im` [`RealFft::bins`].
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// Slices of other lengths; nothing is written then.
    pub fn forward(&mut self, time: &[S], re: &mut [S], im: &mut [S]) -> Result<(), Error> {
        self.check(time.len(), re.len(), im.len())?;
        if let Some((tables, work)) = self.memory.split_at_mut_checked(fft_tables_len(self.length))
        {
            kernels::rfft(self.isa, tables, time, work, re, im);
        }
        Ok(())
    }

    /// The signal of a spectrum, divided by N. `im` of the first and the last bin counts as 0.
    ///
    /// # Shape
    /// As for [`RealFft::forward`].
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// Slices of other lengths; nothing is written then.
    pub fn inverse(&mut self, re: &[S], im: &[S], time: &mut [S]) -> Result<(), Error> {
        self.check(time.len(), re.len(), im.len())?;
        if let Some((tables, work)) = self.memory.split_at_mut_checked(fft_tables_len(self.length))
        {
            kernels::irfft(self.isa, tables, re, im, work, time);
        }
        Ok(())
    }

    fn check(&self, time: usize, re: usize, im: usize) -> Result<(), Error> {
        for (what, given, expected) in
            [("time", time, self.length), ("re", re, self.bins()), ("im", im, self.bins())]
        {
            if given != expected {
                return Err(Error::FrameCount { what, given, expected });
            }
        }
        Ok(())
    }
}
