//! Reductions: peak, energy, sum, and the cleaning of input. Lane axis: time.
//!
//! Sums use eight f64 lanes (lane = index modulo 8) and one fixed tree over the lanes, at every
//! level: ((0+4) + (2+6)) + ((1+5) + (3+7)).

use fearless_simd::{Simd, f64x8, prelude::*};

use super::isa::{Isa, dispatch};
use super::lanes::Lanes;
use super::sample::Sample;

/// Samples beyond this magnitude (+120 dBFS) count as faults, like NaN (promise 3 of the crate's
/// documentation).
pub const SAMPLE_LIMIT: f64 = 1e6;

/// Sample peak and sum of squares of a slice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PeakEnergy {
    /// Largest magnitude, linear.
    pub peak: f64,
    /// Sum of squares (divide by the frames for the mean square).
    pub energy: f64,
}

/// Adds the eight lanes in the fixed tree.
#[inline(always)]
pub(super) fn fold_sum(lanes: &[f64]) -> f64 {
    let four = [lanes[0] + lanes[4], lanes[1] + lanes[5], lanes[2] + lanes[6], lanes[3] + lanes[7]];
    (four[0] + four[2]) + (four[1] + four[3])
}

/// Up to eight values, then zeros.
#[inline(always)]
pub(super) fn padded<T: Copy + Default>(values: &[T]) -> [T; 8] {
    let mut padded = [T::default(); 8];
    for (to, from) in padded.iter_mut().zip(values) {
        *to = *from;
    }
    padded
}

/// The largest of 4, 8 or 16 lanes and 0, none NaN, by fours: a chain through all of them would take
/// longer than a short slice.
#[inline(always)]
pub(super) fn largest<S: Sample>(lanes: &[S]) -> S {
    let mut four = [S::zero(); 4];
    for lanes in lanes.as_chunks::<4>().0 {
        four = core::array::from_fn(|n| super::scalar::larger(four[n], lanes[n]));
    }
    let [a, b, c, d] = four;
    super::scalar::larger(super::scalar::larger(a, c), super::scalar::larger(b, d))
}

/// Sum of a slice of f64.
#[must_use]
pub fn sum(isa: Isa, values: &[f64]) -> f64 {
    dispatch!(isa, simd => sum_lanes(simd, values))
}

#[inline(always)]
fn sum_lanes<I: Simd>(simd: I, values: &[f64]) -> f64 {
    let mut total = f64x8::splat(simd, 0.0);
    let (chunks, tail) = values.as_chunks();
    for chunk in chunks {
        total += f64x8::load_array_ref(simd, chunk);
    }
    if !tail.is_empty() {
        total += f64x8::load_array(simd, padded(tail));
    }
    fold_sum(total.as_slice())
}

/// Largest magnitude of a slice; 0 for an empty one. NaN is ignored.
#[must_use]
pub fn peak<S: Sample>(isa: Isa, samples: &[S]) -> S {
    S::peak(isa, samples)
}

#[inline(always)]
pub(super) fn peak_lanes<I: Simd, S: Sample>(simd: I, samples: &[S]) -> S {
    let mut best = S::V::<I>::splat(simd, S::zero());
    let chunks = samples.chunks_exact(S::LANES);
    let tail = chunks.remainder();
    for chunk in chunks {
        let magnitude = S::V::<I>::from_slice(simd, chunk).abs();
        best = magnitude.max_precise(best);
    }
    let mut peak = largest(best.as_slice());
    for &sample in tail {
        let magnitude = sample.abs();
        peak = if magnitude > peak { magnitude } else { peak };
    }
    peak
}

/// Smallest and largest value of a slice; (+∞, −∞) for an empty one. NaN and −0 are not allowed.
#[must_use]
pub fn extent<S: Sample>(isa: Isa, values: &[S]) -> (S, S) {
    S::extent(isa, values)
}

#[inline(always)]
pub(super) fn extent_lanes<I: Simd, S: Sample>(simd: I, values: &[S]) -> (S, S) {
    let mut low = S::V::<I>::splat(simd, S::infinity());
    let mut high = S::V::<I>::splat(simd, S::neg_infinity());
    let chunks = values.chunks_exact(S::LANES);
    let tail = chunks.remainder();
    for chunk in chunks {
        let x = S::V::<I>::from_slice(simd, chunk);
        low = x.min_precise(low);
        high = x.max_precise(high);
    }
    let (mut lows, mut highs) = ([S::infinity(); 4], [S::neg_infinity(); 4]);
    let (low, high) = (low.as_slice().as_chunks::<4>().0, high.as_slice().as_chunks::<4>().0);
    for (low, high) in low.iter().zip(high) {
        lows = core::array::from_fn(|n| if low[n] < lows[n] { low[n] } else { lows[n] });
        highs = core::array::from_fn(|n| if high[n] > highs[n] { high[n] } else { highs[n] });
    }
    let mut extent = super::scalar::extent(tail);
    for (low, high) in lows.into_iter().zip(highs) {
        extent.0 = if low < extent.0 { low } else { extent.0 };
        extent.1 = if high > extent.1 { high } else { extent.1 };
    }
    extent
}

/// Sample peak and sum of squares in one read.
#[must_use]
pub fn peak_energy<S: Sample>(isa: Isa, samples: &[S]) -> PeakEnergy {
    S::peak_energy(isa, samples)
}

#[inline(always)]
pub(super) fn peak_energy_lanes<I: Simd, S: Sample>(simd: I, samples: &[S]) -> PeakEnergy {
    let mut best = f64x8::splat(simd, 0.0);
    let mut energy = f64x8::splat(simd, 0.0);
    let (chunks, tail) = samples.as_chunks();
    for chunk in chunks {
        let x = <S as Lanes>::load_f64(simd, chunk);
        best = x.abs().max_precise(best);
        energy += x * x;
    }
    if !tail.is_empty() {
        let x = <S as Lanes>::load_f64(simd, &padded(tail));
        best = x.abs().max_precise(best);
        energy += x * x;
    }
    let mut peak = 0.0;
    for &lane in best.as_slice() {
        peak = if lane > peak { lane } else { peak };
    }
    PeakEnergy { peak, energy: fold_sum(energy.as_slice()) }
}

/// Copies `from` to `to` with every sample that is not finite or beyond [`SAMPLE_LIMIT`] replaced
/// by 0; returns how many were (the shorter of both lengths counts).
pub fn clean<S: Sample>(isa: Isa, from: &[S], to: &mut [S]) -> usize {
    S::clean(isa, from, to)
}

#[inline(always)]
pub(super) fn clean_lanes<I: Simd, S: Sample>(simd: I, from: &[S], to: &mut [S]) -> usize {
    let frames = from.len().min(to.len());
    let whole = frames - frames % S::LANES;
    let limit = S::V::<I>::splat(simd, S::from_f64(SAMPLE_LIMIT));
    let zero = S::V::<I>::splat(simd, S::zero());
    let mut faults = 0;
    let (from, from_tail) = from[..frames].split_at(whole);
    let (to, to_tail) = to[..frames].split_at_mut(whole);
    for (from, to) in from.chunks_exact(S::LANES).zip(to.chunks_exact_mut(S::LANES)) {
        let x = S::V::<I>::from_slice(simd, from);
        let good = x.abs().simd_le(limit);
        good.select(x, zero).store_slice(to);
        if !good.all_true() {
            faults += from.iter().filter(|&&sample| super::scalar::is_fault(sample)).count();
        }
    }
    faults + super::scalar::clean(from_tail, to_tail)
}

/// [`clean`] in place.
pub fn clean_in_place<S: Sample>(isa: Isa, io: &mut [S]) -> usize {
    S::clean_in_place(isa, io)
}

#[inline(always)]
pub(super) fn clean_in_place_lanes<I: Simd, S: Sample>(simd: I, io: &mut [S]) -> usize {
    let limit = S::V::<I>::splat(simd, S::from_f64(SAMPLE_LIMIT));
    let mut faults = 0;
    let (chunks, tail) = io.split_at_mut(io.len() - io.len() % S::LANES);
    for chunk in chunks.chunks_exact_mut(S::LANES) {
        let good = S::V::<I>::from_slice(simd, chunk).abs().simd_le(limit);
        if !good.all_true() {
            faults += super::scalar::clean_in_place(chunk);
        }
    }
    faults + super::scalar::clean_in_place(tail)
}
