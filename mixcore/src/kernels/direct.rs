//! Convolution by its definition, for the few taps that cannot wait. Lane axis: time.

use fearless_simd::{Simd, prelude::*};

use super::isa::Isa;
use super::sample::Sample;

/// `out[n] = Σ_k taps[k]·input[n + k]`, from the first tap on: with a response from its last tap to its
/// first, and as many samples less one of the past in front, its convolution.
///
/// As many outputs are written as have their whole window in `input`.
pub fn direct<S: Sample>(isa: Isa, input: &[S], taps: &[S], out: &mut [S]) {
    S::direct(isa, input, taps, out);
}

#[inline(always)]
pub(super) fn direct_lanes<I: Simd, S: Sample>(simd: I, input: &[S], taps: &[S], out: &mut [S]) {
    let frames = super::scalar::reach(input.len(), taps.len().max(1), out.len());
    let out = out.get_mut(..frames).unwrap_or_default();
    let (fours, rest) = out.split_at_mut(out.len() - out.len() % (4 * S::LANES));
    let done = fours.len();
    for (n, chunk) in fours.chunks_exact_mut(4 * S::LANES).enumerate() {
        sums::<I, S, 4>(simd, input.get(n * 4 * S::LANES..).unwrap_or_default(), taps, chunk);
    }
    let (ones, tail) = rest.split_at_mut(rest.len() - rest.len() % S::LANES);
    let input = input.get(done..).unwrap_or_default();
    let done = ones.len();
    for (n, chunk) in ones.chunks_exact_mut(S::LANES).enumerate() {
        sums::<I, S, 1>(simd, input.get(n * S::LANES..).unwrap_or_default(), taps, chunk);
    }
    super::scalar::direct(input.get(done..).unwrap_or_default(), taps, tail);
}

/// N vectors of outputs, which do not wait for each other.
#[inline(always)]
fn sums<I: Simd, S: Sample, const N: usize>(simd: I, input: &[S], taps: &[S], out: &mut [S]) {
    let mut sums = [S::V::<I>::splat(simd, S::zero()); N];
    for (window, &tap) in input.windows(N * S::LANES).zip(taps) {
        for (sum, x) in sums.iter_mut().zip(window.chunks_exact(S::LANES)) {
            *sum += S::V::<I>::from_slice(simd, x) * tap;
        }
    }
    for (sum, out) in sums.iter().zip(out.chunks_exact_mut(S::LANES)) {
        sum.store_slice(out);
    }
}
