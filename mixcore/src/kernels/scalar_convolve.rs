//! The plain twins of the kernels of convolver, dry path and fractional delay.

use super::fractional::{FRACTIONAL_TAPS, FractionalPlace, fold};
use super::sample::Sample;
use super::scalar::reach;

/// Twin of [`super::blend`].
pub fn blend<S: Sample>(io: &mut [S], dry: &[S], shares: &[f32]) {
    for ((wet, &dry), &share) in io.iter_mut().zip(dry).zip(shares) {
        if share == 0.0 {
            *wet = dry;
        } else if share != 1.0 {
            *wet = dry + (*wet - dry) * S::from_f64(f64::from(share));
        }
    }
}

/// Twin of [`super::spectrum_mac`].
pub fn spectrum_mac<S: Sample>(x: &[S], h: &[S], sum: &mut [S]) {
    let (row, bins) = (sum.len(), sum.len() / 2);
    if bins == 0 {
        return;
    }
    for (x, h) in x.rchunks_exact(row).zip(h.chunks_exact(row)) {
        for k in 0..bins {
            let (a, b, c, d) = (x[k], x[bins + k], h[k], h[bins + k]);
            sum[k] += a * c - b * d;
            sum[bins + k] += a * d + b * c;
        }
    }
}

/// Twin of [`super::direct`].
pub fn direct<S: Sample>(input: &[S], taps: &[S], out: &mut [S]) {
    let frames = reach(input.len(), taps.len().max(1), out.len());
    for (n, out) in out.iter_mut().take(frames).enumerate() {
        *out = S::zero();
        for (&tap, &x) in taps.iter().zip(input.iter().skip(n)) {
            *out += x * tap;
        }
    }
}

/// Twin of [`super::fractional()`].
pub fn fractional<S: Sample>(table: &[S], line: &[S], places: &[FractionalPlace], out: &mut [S]) {
    for (place, out) in places.iter().zip(out) {
        *out = S::zero();
        let filters = table.get(place.row.saturating_mul(FRACTIONAL_TAPS)..).unwrap_or_default();
        let window = line.get(place.at..).unwrap_or_default();
        if window.len() < FRACTIONAL_TAPS || filters.len() < 2 * FRACTIONAL_TAPS {
            continue;
        }
        let (mut lanes, share) = ([S::zero(); 16], S::from_f64(place.share));
        for k in 0..FRACTIONAL_TAPS {
            let (a, b) = (filters[k], filters[FRACTIONAL_TAPS + k]);
            lanes[k % S::LANES] += (a + (b - a) * share) * window[k];
        }
        *out = fold(&lanes);
    }
}
