//! Samples from between the samples, each at its own place. Lane axis: tap.

use fearless_simd::{Simd, prelude::*};

use super::isa::Isa;
use super::sample::Sample;

/// Taps of an interpolating filter: a multiple of the lanes of both sample types.
pub const FRACTIONAL_TAPS: usize = 48;

/// Where a sample is read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FractionalPlace {
    /// The first sample of the window.
    pub at: usize,
    /// The filter before it, a row of the table.
    pub row: usize,
    /// Share of the next filter.
    pub share: f64,
}

/// `out[n] = Σ_k (a[k] + (b[k] − a[k])·share)·line[at + k]`, where a and b are the rows `row` and `row +
/// 1` of the table; the sums of every lane from the first tap on, then the lanes in halves.
///
/// A place whose window or filters lie outside gives 0; the shorter of `places` and `out` counts.
pub fn fractional<S: Sample>(
    isa: Isa,
    table: &[S],
    line: &[S],
    places: &[FractionalPlace],
    out: &mut [S],
) {
    S::fractional(isa, table, line, places, out);
}

#[inline(always)]
pub(super) fn fractional_lanes<I: Simd, S: Sample>(
    simd: I,
    table: &[S],
    line: &[S],
    places: &[FractionalPlace],
    out: &mut [S],
) {
    let rows = table.as_chunks::<FRACTIONAL_TAPS>().0;
    for (place, out) in places.iter().zip(out) {
        let window = line.get(place.at..).unwrap_or_default().first_chunk::<FRACTIONAL_TAPS>();
        let filters = rows.get(place.row..).unwrap_or_default().first_chunk::<2>();
        let (Some(window), Some([a, b])) = (window, filters) else {
            *out = S::zero();
            continue;
        };
        let share = S::V::<I>::splat(simd, S::from_f64(place.share));
        let mut sum = S::V::<I>::splat(simd, S::zero());
        let filters = a.chunks_exact(S::LANES).zip(b.chunks_exact(S::LANES));
        for (x, (a, b)) in window.chunks_exact(S::LANES).zip(filters) {
            let (a, b) = (S::V::<I>::from_slice(simd, a), S::V::<I>::from_slice(simd, b));
            sum += (a + (b - a) * share) * S::V::<I>::from_slice(simd, x);
        }
        *out = fold(sum.as_slice());
    }
}

/// Adds up to sixteen lanes, a power of two, in halves.
#[inline(always)]
pub(super) fn fold<S: Sample>(lanes: &[S]) -> S {
    let mut sums = [S::zero(); 16];
    for (sum, lane) in sums.iter_mut().zip(lanes) {
        *sum = *lane;
    }
    let mut half = 8;
    while half > 0 {
        let (low, high) = sums.split_at_mut(half);
        for (low, high) in low.iter_mut().zip(high) {
            *low += *high;
        }
        half /= 2;
    }
    let [sum, ..] = sums;
    sum
}
