//! What is fixed for a resampler's life: its method, its quality and the ratio of its rates.
//!
//! The figures and the equation stand in the resampler's own documentation.

use super::design::WindowedSinc;
use crate::error::Error;
use crate::math;
use crate::stream::{MAX_RATE_HZ, MIN_RATE_HZ, Stream};

/// Largest numerator and denominator of the ratio of the rates in lowest terms: 44.1 to 384 kHz is
/// 1280/147, a pull-down of 0.1 % is 1000/1001.
pub const MAX_RATIO_TERM: usize = 1280;

/// How steep and how deep the low-pass is; the figures stand in the module's table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Quality {
    /// Half the cost: what folds stays out of the pass-band, but not out of the band above it, as in
    /// a converter's half-band filter. For rates whose pass-band ends beyond what is heard.
    Fast,
    /// Nothing folds; aliases 100 dB down: below the noise of 16 bits.
    #[default]
    Standard,
    /// Nothing folds; aliases 140 dB down: at the noise of 24 bits.
    Best,
}

impl Quality {
    /// End of the pass-band as a share of the lower Nyquist frequency.
    pub const PASS_BAND: f64 = 0.9071;
    /// Largest deviation from 0 dB in the pass-band, dB.
    pub const RIPPLE_DB: f64 = 0.01;

    /// Level of whatever the change of the rate adds (aliases, images) under the signal, dB > 0.
    #[must_use]
    pub fn rejection_db(self) -> f64 {
        match self {
            Self::Fast | Self::Standard => 100.0,
            Self::Best => 140.0,
        }
    }

    /// Start of the stop-band as a share of the lower Nyquist frequency: from there on everything is
    /// as far down as [`Quality::rejection_db`] says.
    #[must_use]
    pub fn stop_band(self) -> f64 {
        match self {
            Self::Fast => 2.0 - Self::PASS_BAND,
            Self::Standard | Self::Best => 1.0,
        }
    }

    /// Frames of the lower rate from the middle of the low-pass to either end.
    pub(super) fn half_width(self) -> u32 {
        match self {
            Self::Fast => 33,
            Self::Standard => 66,
            Self::Best => 88,
        }
    }

    /// The low-pass, for an input of `ratio` times the lower rate.
    ///
    /// β and cut-off (cycles per frame of the lower rate) were searched: the cut-off as high as the
    /// start of the stop-band allows, for the pass-band may ripple far more than the stop-band.
    pub(super) fn low_pass(self, ratio: f64) -> Result<WindowedSinc, Error> {
        let (cutoff, beta) = match self {
            Self::Fast => (0.496_3, 10.4),
            Self::Standard => (0.475_1, 10.25),
            Self::Best => (0.473_4, 14.7),
        };
        WindowedSinc::new(cutoff, f64::from(self.half_width()), beta)?.stretched(ratio)
    }
}

/// How the low-pass of a resampler is computed; the quality's figures are the same.
///
/// Take `Fft` for files, whole clips and wherever some hundredths of a second do not matter; `Polyphase`
/// for live input, for picture and sound that have to meet within a frame or two of audio, and for ratios
/// that `Fft` does not take.
///
/// # Speed
/// Against crate `rubato` 5 at equal or next better figures (pass-band, aliases), like against like, 44.1 to 48,
/// 48 to 44.1 and 96 to 48 kHz, mono and stereo (`benches/README.md`, "Rate"; above 1 ours is faster):
///
/// | ours | rubato | f32, AVX2 | f64, AVX2 | f32, SSE2 |
/// |---|---|---|---|---|
/// | `Fft` | its `Fft`, which waits as ours does | 2.3x to 3.3x | 1.6x to 2.2x | 1.5x to 2.4x |
/// | `Polyphase` | its sinc type, which does not wait either | 8.5x to 14.6x | 7.6x to 15.4x | not measured |
/// | `Polyphase`, Fast | its `Fft` | 1.4x to 2.1x | 1.0x to 1.5x | 0.64x to 0.95x |
/// | `Polyphase`, Standard | its `Fft` | 0.92x to 1.4x | 0.60x to 0.85x | 0.37x to 0.58x |
/// | `Polyphase`, Best | its `Fft` | 0.64x to 0.90x | 0.45x to 0.65x | 0.23x to 0.39x |
///
/// So `Fft` is faster than rubato in every row; the default, which trades speed for a latency of a
/// tenth, is slower than rubato's `Fft` type at Best, at Standard in f64 and for one channel of f32
/// between 44.1 and 48 kHz, and at SSE2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ResamplerMethod {
    /// A sum per output: a latency of 33, 66 or 88 frames of the lower rate (0.7 to 2 ms at 44.1 kHz), a
    /// cost that grows with the quality, any ratio.
    #[default]
    Polyphase,
    /// Fourier transforms of blocks: the cheapest for files, with a latency of 10 to 52 ms among 44.1, 48
    /// and their multiples to 192 kHz, elsewhere of 5 to 612 ms. Every quality costs nearly the same. For
    /// ratios whose terms have no prime factor above 7: all between the rates of the trade, but no
    /// pull-down.
    Fft,
}

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields))]
pub struct ResamplerSetup {
    /// Sample rate of the output, Hz: 8 to 384 kHz.
    pub output_rate_hz: f64,
    /// How steep and how deep the low-pass is.
    #[cfg_attr(feature = "json", serde(default))]
    pub quality: Quality,
    /// How the low-pass is computed.
    #[cfg_attr(feature = "json", serde(default))]
    pub method: ResamplerMethod,
}

/// The ratio output/input in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ratio {
    /// L.
    pub(super) up: usize,
    /// M.
    pub(super) down: usize,
}

impl ResamplerSetup {
    /// A setup for this output rate at [`Quality::Standard`] with [`ResamplerMethod::Polyphase`].
    #[must_use]
    pub fn to(output_rate_hz: f64) -> Self {
        Self { output_rate_hz, quality: Quality::default(), method: ResamplerMethod::default() }
    }

    pub(super) fn ratio(&self, stream: &Stream) -> Result<Ratio, Error> {
        stream.validate()?;
        Error::check_range("output_rate_hz", self.output_rate_hz, MIN_RATE_HZ, MAX_RATE_HZ)?;
        let (up, down) = ratio(stream.rate_hz, self.output_rate_hz)?;
        if up == down {
            return Err(Error::NotAllowed {
                field: "output_rate_hz",
                given: self.output_rate_hz,
                allowed: "8000 to 384000 Hz but the rate of the stream",
                hint: "leave the audio as it is",
            });
        }
        Ok(Ratio { up, down })
    }
}

impl Ratio {
    /// Output frames of so many input frames, ⌈frames·L/M⌉.
    pub(super) fn outputs(self, frames: usize) -> usize {
        let scaled = (frames as u128).saturating_mul(self.up as u128);
        let out = scaled.saturating_add(self.down as u128 - 1).checked_div(self.down as u128);
        out.and_then(|out| usize::try_from(out).ok()).unwrap_or(usize::MAX)
    }

    /// The input frame with which an output can be given, ⌊output·M/L⌋.
    pub(super) fn frame_of(self, output: usize) -> usize {
        let scaled = (output as u128).saturating_mul(self.down as u128);
        let frame = scaled.checked_div(self.up as u128);
        frame.and_then(|frame| usize::try_from(frame).ok()).unwrap_or(usize::MAX)
    }

    /// Output frames in so many frames of the lower rate, rounded up.
    pub(super) fn reach(self, half: usize) -> usize {
        if self.up > self.down { (half * self.up).div_ceil(self.down) } else { half }
    }
}

/// The ratio output/input in lowest terms: of whole rates exactly, else by its continued fraction.
fn ratio(from_hz: f64, to_hz: f64) -> Result<(usize, usize), Error> {
    /// Two fractions of whole rates differ by more as long as the terms keep their bound; a clock
    /// that is off by this much gains 4 µs in an hour.
    const SHARE: f64 = 1e-9;
    let (up, down) = if math::floor(from_hz) == from_hz && math::floor(to_hz) == to_hz {
        let (mut divisor, mut rest) = (from_hz, to_hz);
        while rest > 0.0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        (to_hz / divisor, from_hz / divisor)
    } else {
        let mut x = to_hz / from_hz;
        let (mut before, mut last) = ((0.0, 1.0), (1.0, 0.0));
        loop {
            let whole = math::floor(x);
            let (up, down): (f64, f64) = (whole * last.0 + before.0, whole * last.1 + before.1);
            // The terms grow by Fibonacci's at least, so this ends soon.
            if (to_hz * down - from_hz * up).abs() <= SHARE * to_hz * down {
                break (up, down);
            }
            (before, last) = (last, (up, down));
            x = 1.0 / (x - whole);
        }
    };
    #[expect(clippy::cast_precision_loss, reason = "a small whole number")]
    let most = MAX_RATIO_TERM as f64;
    Error::check_range("larger term of output_rate_hz / rate_hz", up.max(down), 1.0, most)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole numbers from 1 to MAX_RATIO_TERM"
    )]
    Ok((up as usize, down as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_come_in_lowest_terms() {
        assert_eq!(ratio(44_100.0, 48_000.0), Ok((160, 147)));
        assert_eq!(ratio(192_000.0, 44_100.0), Ok((147, 640)));
        assert_eq!(ratio(16_000.0, 48_000.0), Ok((3, 1)));
        assert_eq!(ratio(384_000.0, 8_000.0), Ok((1, 48)));
        assert_eq!(ratio(44_100.0, 384_000.0), Ok((1280, 147)));
        // A pull-down, whose rate no whole number of Hz is.
        assert_eq!(ratio(48_000.0, 48_000.0 / 1.001), Ok((1000, 1001)));
        assert_eq!(ratio(48_000.0 / 1.001, 48_000.0), Ok((1001, 1000)));
    }

    #[test]
    fn a_ratio_beyond_the_bound_names_it() {
        let error = ratio(48_000.0, 47_999.0).unwrap_err();
        let Error::OutOfRange { given, max, .. } = error else { panic!("{error}") };
        assert_eq!((given, max), (48_000.0, 1280.0));
        assert!(ratio(8_000.0, 8_000.0 * math::PI).is_err());
    }
}
