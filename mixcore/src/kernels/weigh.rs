//! Products of two slices, in place. Lane axis: the bins.

use fearless_simd::{Simd, prelude::*};

use super::isa::Isa;
use super::sample::Sample;

/// `io[n] *= weights[n]` (the shorter of both counts).
pub fn weigh<S: Sample>(isa: Isa, io: &mut [S], weights: &[S]) {
    S::weigh(isa, io, weights);
}

#[inline(always)]
pub(super) fn weigh_lanes<I: Simd, S: Sample>(simd: I, io: &mut [S], weights: &[S]) {
    let count = io.len().min(weights.len());
    let whole = count - count % S::LANES;
    let (chunks, tail) = io[..count].split_at_mut(whole);
    let (weights, weights_tail) = weights[..count].split_at(whole);
    for (chunk, weights) in chunks.chunks_exact_mut(S::LANES).zip(weights.chunks_exact(S::LANES)) {
        let weights = S::V::<I>::from_slice(simd, weights);
        (S::V::<I>::from_slice(simd, chunk) * weights).store_slice(chunk);
    }
    super::scalar::weigh(tail, weights_tail);
}
