//! The bands of a suppressor: where they lie, what they are given, and how a spectrum is weighed by them.

use super::noise_floor::MAX_BANDS;
use crate::analysis::erb_hz;
use crate::audio::Sample;
use crate::kernels::settled;
use crate::math;
use crate::units::{db_to_gain, power_to_db};

/// Least bins of a band: its power then swings by 2 dB and not by 4.
const MIN_BINS: usize = 4;

/// One band.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NoiseBand {
    /// First bin, and the one behind the last.
    pub(super) first: usize,
    pub(super) end: usize,
    pub(super) level: f64,
    /// 1 − g.
    pub(super) share: f64,
    pub(super) gain_db: f64,
    /// Sum of its gains, dB, over the frames.
    pub(super) total_db: f64,
}

/// Bands of one ERB and at least [`MIN_BINS`] bins over the spectrum of `length` samples, the degrees of
/// freedom of their mean powers over `time_s`, and how many there are.
pub(super) fn lay_out(
    length: usize,
    bin_hz: f64,
    time_s: f64,
) -> ([NoiseBand; MAX_BANDS], [f64; MAX_BANDS], usize) {
    let (mut bands, mut freedoms) = ([NoiseBand::default(); MAX_BANDS], [1.0; MAX_BANDS]);
    let (mut first, mut count) = (1, 0);
    for (band, freedom) in bands.iter_mut().zip(&mut freedoms) {
        if first > length / 2 {
            break;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "bins of a spectrum"
        )]
        let bins = (math::round(erb_hz(first as f64 * bin_hz) / bin_hz) as usize).max(MIN_BINS);
        // What would be left above is part of the last band.
        let last = first + bins + MIN_BINS > length / 2 || count + 1 == MAX_BANDS;
        let end = if last { length / 2 + 1 } else { first + bins };
        *band = NoiseBand { first, end, ..NoiseBand::default() };
        #[expect(clippy::cast_precision_loss, reason = "bins of a spectrum")]
        let width = (end - first) as f64 * bin_hz;
        *freedom = 2.0 * width * time_s;
        (first, count) = (end, count + 1);
    }
    (bands, freedoms, count)
}

/// Levels and gains of the bands; whether nothing is to be taken out.
pub(super) fn decide(
    bands: &mut [NoiseBand],
    powers: &[f64],
    floors: &[f64],
    kept: f64,
    gain_db: impl Fn(f64) -> f64,
) -> bool {
    let mut all_pass = true;
    for ((band, power), floor) in bands.iter_mut().zip(powers).zip(floors) {
        let fallen = kept * band.level + (1.0 - kept) * power;
        [band.level] = settled([power.max(fallen)]);
        // Levels of 0 are as far below the threshold as a floor of −300 dB lets them.
        let above = band.level.max(1e-30) / floor;
        band.gain_db = if *floor > 0.0 { gain_db(power_to_db(above)) } else { 0.0 };
        band.share = 1.0 - db_to_gain(band.gain_db);
        band.total_db += band.gain_db;
        all_pass &= band.share == 0.0;
    }
    all_pass
}

/// Weighs a spectrum by 1 − g, straight over the bins from the middle of a band to that of the next.
pub(super) fn weigh<S: Sample>(bands: &[NoiseBand], spectrum: &mut [S]) {
    let mut last = bands.first().map_or(0.0, |band| band.share);
    let mut from = 0;
    for band in bands {
        let middle = (band.first + band.end) / 2;
        #[expect(clippy::cast_precision_loss, reason = "bins")]
        let step = (band.share - last) / (middle - from).max(1) as f64;
        for (k, bin) in (0..).zip(spectrum.get_mut(from..middle).unwrap_or_default()) {
            *bin *= S::from_f64(last + step * f64::from(k));
        }
        (last, from) = (band.share, middle);
    }
    for bin in spectrum.get_mut(from..).unwrap_or_default() {
        *bin *= S::from_f64(last);
    }
}
