//! Frequency bands as the ear and the trade count them, and their powers in a spectrum.
//!
//! The ear's filters have the equivalent rectangular bandwidth ERB; counted in it, frequency becomes
//! the ERB-rate E (unit Cam), F in kHz:
//!
//! > ERB = 24.7·(4.37·F + 1) Hz,  E = 21.4·log10(4.37·F + 1)
//!
//! Band b of [`ErbBands`] reaches from E = b + 1 to b + 2, so the first one begins at 26 Hz and the
//! 40th ends at 18.6 kHz. Third octaves are [`super::ThirdOctave`].
//!
//! A bin of a spectrum counts as the piece of frequency half a bin to either side of it; what of it
//! lies in a band counts there, so bands that touch add up to the power of all their bins.
//!
//! Sources: B. R. Glasberg and B. C. J. Moore, "Derivation of auditory filter shapes from
//! notched-noise data", Hearing Research 47, 1990 (ERB, E).
//! Limits: a band narrower than a few bins takes what the window smears into it.

use crate::error::Error;
use crate::math;
use crate::stream::{MAX_RATE_HZ, MIN_RATE_HZ};

/// Most ERB bands.
pub const ERB_BANDS: usize = 40;

/// ERB at 0 Hz, Hz (Glasberg and Moore 1990, equation 3).
const ERB_BASE_HZ: f64 = 24.7;
/// Its growth, per kHz (the same).
const ERB_GROWTH: f64 = 4.37;
/// Cams per decade of 4.37·F + 1 (the same, equation 4).
const CAMS_PER_DECADE: f64 = 21.4;

/// A band of frequencies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// Lower edge, Hz.
    pub low_hz: f64,
    /// Centre, Hz.
    pub centre_hz: f64,
    /// Upper edge, Hz.
    pub high_hz: f64,
}

/// Equivalent rectangular bandwidth of the ear's filter at a frequency, Hz.
#[must_use]
pub fn erb_hz(hz: f64) -> f64 {
    ERB_BASE_HZ * (ERB_GROWTH * 1e-3 * hz + 1.0)
}

/// ERB-rate of a frequency, Cams; 0 at 0 Hz.
///
/// # Example
/// ```
/// use mixcore::analysis::{erb_hz, erb_rate, erb_rate_to_hz};
/// assert!((erb_hz(1000.0) - 132.639).abs() < 1e-9);
/// assert!((erb_rate(1000.0) - 15.6214).abs() < 1e-4);
/// assert!((erb_rate_to_hz(erb_rate(440.0)) - 440.0).abs() < 1e-9);
/// ```
#[must_use]
pub fn erb_rate(hz: f64) -> f64 {
    CAMS_PER_DECADE * math::log10(ERB_GROWTH * 1e-3 * hz + 1.0)
}

/// The frequency of an ERB-rate, Hz.
#[must_use]
pub fn erb_rate_to_hz(cams: f64) -> f64 {
    (math::exp10(cams / CAMS_PER_DECADE) - 1.0) / (ERB_GROWTH * 1e-3)
}

/// Bins of a band with the shares that count of the first and the last.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct BinRange {
    first: usize,
    last: usize,
    first_share: f64,
    last_share: f64,
}

impl BinRange {
    pub(super) fn new(low_hz: f64, high_hz: f64, bin_hz: f64) -> Self {
        // Bin k reaches from k to k + 1 on this scale.
        let (low, high) = ((low_hz / bin_hz + 0.5).max(0.0), (high_hz / bin_hz + 0.5).max(0.0));
        let (first, last) = (math::floor(low), math::floor(high));
        let (first_share, last_share) =
            if first >= last { (high - low, 0.0) } else { (first + 1.0 - low, high - last) };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "neither negative nor above a spectrum's length by more than a rate allows"
        )]
        Self { first: first as usize, last: last as usize, first_share, last_share }
    }

    /// Power of the band in a spectrum of powers per bin; bins beyond its end count as 0.
    pub(super) fn power(&self, powers: &[f64]) -> f64 {
        let at = |index: usize| powers.get(index).copied().unwrap_or(0.0);
        let mut sum = at(self.first) * self.first_share;
        if self.last > self.first {
            let end = self.last.min(powers.len());
            for power in powers.get(self.first + 1..end).unwrap_or_default() {
                sum += power;
            }
            sum += at(self.last) * self.last_share;
        }
        sum
    }
}

/// The ERB bands of a spectrum.
///
/// # Example
/// ```
/// use mixcore::analysis::ErbBands;
/// // A spectrum of 1025 bins at 48 kHz, all power in the bin at 1008 Hz.
/// let bands = ErbBands::new(48_000.0, 2048)?;
/// let mut powers = vec![0.0; 1025];
/// powers[43] = 0.5;
/// let mut found = [0.0; 40];
/// bands.powers(&powers, &mut found);
/// let band = bands.containing(1008.0).unwrap();
/// assert_eq!((bands.len(), band, found[band]), (40, 14, 0.5));
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErbBands {
    ranges: [BinRange; ERB_BANDS],
    count: usize,
}

impl ErbBands {
    /// The bands of spectra of `fft_length` at a sample rate: those that end below its half.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, or a length below 16.
    pub fn new(rate_hz: f64, fft_length: usize) -> Result<Self, Error> {
        Error::check_range("rate_hz", rate_hz, MIN_RATE_HZ, MAX_RATE_HZ)?;
        #[expect(clippy::cast_precision_loss, reason = "an FFT's length is exact")]
        let length = Error::check_range("fft_length", fft_length as f64, 16.0, 1e9)?;
        let mut bands = Self { ranges: [BinRange::default(); ERB_BANDS], count: 0 };
        for (index, range) in bands.ranges.iter_mut().enumerate() {
            let band = Self::band(index);
            if band.high_hz > 0.5 * rate_hz {
                break;
            }
            *range = BinRange::new(band.low_hz, band.high_hz, rate_hz / length);
            bands.count = index + 1;
        }
        Ok(bands)
    }

    /// Edges and centre of band `index`, whatever the rate; the centre lies in the middle in Cams.
    #[must_use]
    pub fn band(index: usize) -> Band {
        #[expect(clippy::cast_precision_loss, reason = "a band's number is small")]
        let cams = index as f64 + 1.0;
        Band {
            low_hz: erb_rate_to_hz(cams),
            centre_hz: erb_rate_to_hz(cams + 0.5),
            high_hz: erb_rate_to_hz(cams + 1.0),
        }
    }

    /// Number of bands: 40 from 37.3 kHz on, 26 at 8 kHz.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there are always bands")]
    pub fn len(&self) -> usize {
        self.count
    }

    /// The band that holds a frequency.
    #[must_use]
    pub fn containing(&self, hz: f64) -> Option<usize> {
        (0..self.count).find(|&index| {
            let band = Self::band(index);
            hz >= band.low_hz && hz < band.high_hz
        })
    }

    /// The power of each band from the power of each bin, up to the shorter of both lists.
    ///
    /// # Real time
    /// Does not allocate.
    pub fn powers(&self, bins: &[f64], bands: &mut [f64]) {
        for (range, power) in self.ranges.iter().take(self.count).zip(bands) {
            *power = range.power(bins);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_paper() {
        // By hand from equations 3 and 4.
        for (hz, erb, cams) in
            [(100.0, 35.4939, 3.3696), (500.0, 78.6695, 10.7665), (4000.0, 456.456, 27.1074)]
        {
            assert!((erb_hz(hz) - erb).abs() < 1e-4 && (erb_rate(hz) - cams).abs() < 1e-4);
        }
    }

    #[test]
    fn bands_that_touch_add_up_to_their_bins() {
        let powers: [f64; 65] = core::array::from_fn(|k| 1.0 + (k % 7) as f64);
        let edges = [3.3, 3.4, 10.0, 10.5, 11.5, 37.25, 64.5];
        let sum: f64 =
            edges.windows(2).map(|e| BinRange::new(e[0], e[1], 1.0).power(&powers)).sum();
        let whole = BinRange::new(3.3, 64.5, 1.0).power(&powers);
        assert!((sum - whole).abs() < 1e-12);
        // Bins 4 to 64 whole, and of bin 3 what lies above 3.3.
        let expected: f64 = powers[4..].iter().sum::<f64>() + 0.2 * powers[3];
        assert!((whole - expected).abs() < 1e-12);
        assert_eq!(BinRange::new(70.0, 80.0, 1.0).power(&powers), 0.0);
    }
}
