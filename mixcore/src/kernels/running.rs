//! Running maxima and sums of a whole slice, from either end, by doubling. Lane axis: time.
//!
//! After the pass of shift s a value covers 2·s neighbours, so log2(length) passes serve any length
//! and a sum is a balanced tree: no running sum, no drift. The parts of a window that lie in two
//! chunks are a sum from the end of one and a sum from the start of the other.

use fearless_simd::{Simd, prelude::*};

use super::isa::Isa;
use super::sample::Sample;
use super::scalar;

/// `io[n] = max(io[0], …, io[n])`. The values are magnitudes: neither NaN nor −0.
pub fn running_max<S: Sample>(isa: Isa, io: &mut [S]) {
    S::running_max(isa, io);
}

/// `io[n] = max(io[n], …, io[last])`. The values are magnitudes: neither NaN nor −0.
pub fn running_max_back<S: Sample>(isa: Isa, io: &mut [S]) {
    S::running_max_back(isa, io);
}

/// `io[n] = io[0] + … + io[n]`: for s = 1, 2, 4 … below the length, `io[n] += io[n − s]` where n ≥ s.
pub fn running_sum<S: Sample>(isa: Isa, io: &mut [S]) {
    S::running_sum(isa, io);
}

/// `io[n] = io[n] + … + io[last]`: for s = 1, 2, 4 … below the length, `io[n] += io[n + s]` where
/// n + s is inside.
pub fn running_sum_back<S: Sample>(isa: Isa, io: &mut [S]) {
    S::running_sum_back(isa, io);
}

#[inline(always)]
pub(super) fn running_max_lanes<I: Simd, S: Sample>(simd: I, io: &mut [S]) {
    forward::<I, S, true>(simd, io);
}

#[inline(always)]
pub(super) fn running_max_back_lanes<I: Simd, S: Sample>(simd: I, io: &mut [S]) {
    backward::<I, S, true>(simd, io);
}

#[inline(always)]
pub(super) fn running_sum_lanes<I: Simd, S: Sample>(simd: I, io: &mut [S]) {
    forward::<I, S, false>(simd, io);
}

#[inline(always)]
pub(super) fn running_sum_back_lanes<I: Simd, S: Sample>(simd: I, io: &mut [S]) {
    backward::<I, S, false>(simd, io);
}

#[inline(always)]
fn join<I: Simd, S: Sample, const MAX: bool>(here: S::H<I>, there: S::H<I>) -> S::H<I> {
    if MAX { here.max(there) } else { here + there }
}

/// From the end down: what is read lies below what has been written.
#[inline(always)]
fn forward<I: Simd, S: Sample, const MAX: bool>(simd: I, io: &mut [S]) {
    let mut shift = 1;
    while shift < io.len() {
        let mut end = io.len();
        while end >= shift + S::HALF {
            let at = end - S::HALF;
            let there = S::H::<I>::from_slice(simd, &io[at - shift..at - shift + S::HALF]);
            let here = S::H::<I>::from_slice(simd, &io[at..end]);
            join::<I, S, MAX>(here, there).store_slice(&mut io[at..end]);
            end = at;
        }
        for n in (shift..end).rev() {
            io[n] = scalar::join::<S, MAX>(io[n], io[n - shift]);
        }
        shift *= 2;
    }
}

/// From the start up: what is read lies above what has been written.
#[inline(always)]
fn backward<I: Simd, S: Sample, const MAX: bool>(simd: I, io: &mut [S]) {
    let mut shift = 1;
    while shift < io.len() {
        let count = io.len() - shift;
        let mut at = 0;
        while at + S::HALF <= count {
            let there = S::H::<I>::from_slice(simd, &io[at + shift..at + shift + S::HALF]);
            let here = S::H::<I>::from_slice(simd, &io[at..at + S::HALF]);
            join::<I, S, MAX>(here, there).store_slice(&mut io[at..at + S::HALF]);
            at += S::HALF;
        }
        for n in at..count {
            io[n] = scalar::join::<S, MAX>(io[n], io[n + shift]);
        }
        shift *= 2;
    }
}
