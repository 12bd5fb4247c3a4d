//! Sliding maximum and box sum by doubling: no recursion, no running sum. Lane axis: time.
//!
//! A window of 2k is two windows of k, so log2(length) passes serve any length, the time does not
//! depend on the data, and the value at n depends only on its own window: every split of a signal
//! into blocks gives the same bits.

use fearless_simd::{Simd, prelude::*};

use super::isa::Isa;
use super::sample::Sample;

/// `io[n] = max(io[n], …, io[n + length − 1])` in place.
///
/// Valid for the first `io.len() + 1 − length` values; the rest is left over from the passes. A
/// `length` of 0 counts as 1, one beyond `io.len()` leaves no valid value. The values are
/// magnitudes: neither NaN nor −0.
pub fn window_max<S: Sample>(isa: Isa, io: &mut [S], length: usize) {
    S::window_max(isa, io, length);
}

#[inline(always)]
pub(super) fn window_max_lanes<I: Simd, S: Sample>(simd: I, io: &mut [S], length: usize) {
    let mut span = 1;
    let mut valid = io.len();
    while span < length {
        // The last pass overlaps, which a maximum forgives: any length in ceil(log2) passes.
        let shift = span.min(length - span);
        if shift >= valid {
            return;
        }
        valid -= shift;
        max_shifted(simd, io, shift, valid);
        span += shift;
    }
}

/// `io[n] = max(io[n], io[n + shift])` for n below `count`, upwards: what is read at or above n has
/// not been written yet.
#[inline(always)]
fn max_shifted<I: Simd, S: Sample>(simd: I, io: &mut [S], shift: usize, count: usize) {
    let whole = count - count % S::LANES;
    let mut at = 0;
    while at < whole {
        let Some(there) = io.get(at + shift..at + shift + S::LANES) else { return };
        let there = S::V::<I>::from_slice(simd, there);
        let Some(io) = io.get_mut(at..at + S::LANES) else { return };
        there.max_precise(S::V::<I>::from_slice(simd, io)).store_slice(io);
        at += S::LANES;
    }
    for n in whole..count {
        let Some(&there) = io.get(n + shift) else { return };
        let Some(here) = io.get_mut(n) else { return };
        *here = if there > *here { there } else { *here };
    }
}

/// `out[n] = work[n] + … + work[n + length − 1]`; `work` is used up.
///
/// The sum of a window is the sum of its power-of-two parts (the bits of `length`, lowest first),
/// each part a balanced tree. Outputs whose window `work` does not fill stay as they are; a `length`
/// of 0 counts as 1.
pub fn box_sums<S: Sample>(isa: Isa, work: &mut [S], length: usize, out: &mut [S]) {
    S::box_sums(isa, work, length, out);
}

#[inline(always)]
pub(super) fn box_sums_lanes<I: Simd, S: Sample>(
    simd: I,
    work: &mut [S],
    length: usize,
    out: &mut [S],
) {
    let length = length.max(1);
    let frames = super::scalar::reach(work.len(), length, out.len());
    if frames == 0 {
        return;
    }
    let mut valid = frames + length - 1;
    let (Some(out), Some(work)) = (out.get_mut(..frames), work.get_mut(..valid)) else { return };
    let mut span = 1;
    let mut done = 0;
    loop {
        if length & span != 0 {
            let Some(from) = work.get(done..done + out.len()) else { return };
            if done == 0 {
                out.copy_from_slice(from);
            } else {
                add_to(simd, out, from);
            }
            done += span;
        }
        if done == length {
            return;
        }
        valid -= span;
        add_shifted(simd, work, span, valid);
        span *= 2;
    }
}

/// `out[n] += from[n]`.
#[inline(always)]
fn add_to<I: Simd, S: Sample>(simd: I, out: &mut [S], from: &[S]) {
    let frames = out.len().min(from.len());
    let whole = frames - frames % S::LANES;
    let (to, to_tail) = out.split_at_mut(whole);
    let (from, from_tail) = from.split_at(whole);
    for (to, from) in to.chunks_exact_mut(S::LANES).zip(from.chunks_exact(S::LANES)) {
        (S::V::<I>::from_slice(simd, to) + S::V::<I>::from_slice(simd, from)).store_slice(to);
    }
    for (to, &from) in to_tail.iter_mut().zip(from_tail) {
        *to += from;
    }
}

/// `work[n] += work[n + shift]` for n below `count`, upwards as in [`max_shifted`].
#[inline(always)]
fn add_shifted<I: Simd, S: Sample>(simd: I, work: &mut [S], shift: usize, count: usize) {
    let whole = count - count % S::LANES;
    let mut at = 0;
    while at < whole {
        let Some(there) = work.get(at + shift..at + shift + S::LANES) else { return };
        let there = S::V::<I>::from_slice(simd, there);
        let Some(work) = work.get_mut(at..at + S::LANES) else { return };
        (S::V::<I>::from_slice(simd, work) + there).store_slice(work);
        at += S::LANES;
    }
    for n in whole..count {
        let Some(&there) = work.get(n + shift) else { return };
        if let Some(here) = work.get_mut(n) {
            *here += there;
        }
    }
}
