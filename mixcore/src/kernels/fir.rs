//! FIR filters over slices, and what doubling and halving a sample rate needs. Lane axis: time.
//!
//! Sums are in the sample type, in an order that depends on the taps alone, so an output's bits depend
//! on its own window alone. Long sums go by blocks: the error of a sum of N products grows with the
//! root of the block's length and of the number of blocks, not with the root of N.
//!
//! A last vector that is not full is moved back over outputs that are already there.

use fearless_simd::{Simd, prelude::*};

use super::isa::Isa;
use super::sample::Sample;
use super::scalar;

/// Vectors of outputs that run together in [`fir`], and in [`mirrored_fir`].
const TILE: usize = 6;
const MIRRORED_TILE: usize = 4;

#[inline(always)]
fn load<I: Simd, S: Sample>(simd: I, samples: &[S], at: usize) -> S::H<I> {
    match samples.get(at..at + S::HALF) {
        Some(samples) => S::H::<I>::from_slice(simd, samples),
        None => S::H::<I>::splat(simd, S::zero()),
    }
}

/// `out[n] = Σ_k taps[k] · input[n + k]`, as far as `input` fills the windows; the rest of `out` stays as
/// it is, all of it where there are no taps.
///
/// The taps are in correlation order: the last one meets the newest sample. With h = 8 for f32 and 4
/// for f64, the sum goes by blocks of 4·h taps, each in the order 0, h, 2h, 3h, 1, h + 1 … from zero;
/// what is left over is a last block in order; the blocks are added in turn.
pub fn fir<S: Sample>(isa: Isa, input: &[S], taps: &[S], out: &mut [S]) {
    S::fir(isa, input, taps, out);
}

#[inline(always)]
pub(super) fn fir_lanes<I: Simd, S: Sample>(simd: I, input: &[S], taps: &[S], out: &mut [S]) {
    let frames = scalar::reach(input.len(), taps.len(), out.len());
    if frames < S::HALF || taps.is_empty() {
        return scalar::fir(input, taps, out);
    }
    let context = taps.len() - 1;
    let out = out.get_mut(..frames).unwrap_or_default();
    let tile = TILE * S::HALF;
    let mut done = 0;
    for chunk in out.chunks_exact_mut(tile) {
        let window = input.get(done..done + tile + context).unwrap_or_default();
        fir_tile::<I, S, TILE>(simd, window, taps, chunk);
        done += tile;
    }
    while done < frames {
        let at = done.min(frames - S::HALF);
        let window = input.get(at..at + S::HALF + context).unwrap_or_default();
        let chunk = out.get_mut(at..at + S::HALF).unwrap_or_default();
        fir_tile::<I, S, 1>(simd, window, taps, chunk);
        done = at + S::HALF;
    }
}

/// `T` vectors in a row. Taps that are a vector apart read the same vectors, shifted by one.
#[inline(always)]
fn fir_tile<I: Simd, S: Sample, const T: usize>(simd: I, window: &[S], taps: &[S], out: &mut [S]) {
    let zero = S::H::<I>::splat(simd, S::zero());
    let mut sums = [zero; T];
    let blocks = taps.chunks_exact(4 * S::HALF);
    let rest = blocks.remainder();
    let reach = (T + 4) * S::HALF - 1;
    let mut at = 0;
    for block in blocks {
        let x = window.get(at..at + reach).unwrap_or_default();
        let mut part = [zero; T];
        let (near, far) = block.split_at_checked(2 * S::HALF).unwrap_or_default();
        let (a, b) = near.split_at_checked(S::HALF).unwrap_or_default();
        let (c, d) = far.split_at_checked(S::HALF).unwrap_or_default();
        for (k, (((a, b), c), d)) in a.iter().zip(b).zip(c).zip(d).enumerate() {
            let a = S::H::<I>::splat(simd, *a);
            let b = S::H::<I>::splat(simd, *b);
            let c = S::H::<I>::splat(simd, *c);
            let d = S::H::<I>::splat(simd, *d);
            let mut first = load(simd, x, k);
            let mut second = load(simd, x, k + S::HALF);
            let mut third = load(simd, x, k + 2 * S::HALF);
            for (t, part) in part.iter_mut().enumerate() {
                let fourth = load(simd, x, k + (t + 3) * S::HALF);
                *part += first * a;
                *part += second * b;
                *part += third * c;
                *part += fourth * d;
                (first, second, third) = (second, third, fourth);
            }
        }
        for (sum, part) in sums.iter_mut().zip(part) {
            *sum += part;
        }
        at += 4 * S::HALF;
    }
    let x = window.get(at..).unwrap_or_default();
    let mut part = [zero; T];
    for (k, &tap) in rest.iter().enumerate() {
        let tap = S::H::<I>::splat(simd, tap);
        for (t, part) in part.iter_mut().enumerate() {
            *part += load(simd, x, k + t * S::HALF) * tap;
        }
    }
    for ((sum, part), chunk) in sums.iter().zip(part).zip(out.chunks_exact_mut(S::HALF)) {
        (*sum + part).store_slice(chunk);
    }
}

/// `out[n] = Σ_k half[k] · (input[n + k] + input[n + 2·t − 1 − k])`, t being the length of `half`: a
/// symmetric FIR of even length, as far as `input` fills the windows; the rest of `out` stays as it is,
/// all of it where there are no taps.
///
/// The sum takes pairs in blocks of 2·h, h = 8 for f32 and 4 for f64, in the order 0, h, 1, h + 1 …, then
/// what is left in order.
pub fn mirrored_fir<S: Sample>(isa: Isa, input: &[S], half: &[S], out: &mut [S]) {
    S::mirrored_fir(isa, input, half, out);
}

#[inline(always)]
pub(super) fn mirrored_fir_lanes<I: Simd, S: Sample>(
    simd: I,
    input: &[S],
    half: &[S],
    out: &mut [S],
) {
    let frames = scalar::reach(input.len(), 2 * half.len(), out.len());
    if frames < S::HALF || half.is_empty() {
        return scalar::mirrored_fir(input, half, out);
    }
    let context = 2 * half.len() - 1;
    let out = out.get_mut(..frames).unwrap_or_default();
    let tile = MIRRORED_TILE * S::HALF;
    let mut done = 0;
    for chunk in out.chunks_exact_mut(tile) {
        let window = input.get(done..done + tile + context).unwrap_or_default();
        mirrored_tile::<I, S, MIRRORED_TILE>(simd, window, half, chunk);
        done += tile;
    }
    while done < frames {
        let at = done.min(frames - S::HALF);
        let window = input.get(at..at + S::HALF + context).unwrap_or_default();
        let chunk = out.get_mut(at..at + S::HALF).unwrap_or_default();
        mirrored_tile::<I, S, 1>(simd, window, half, chunk);
        done = at + S::HALF;
    }
}

#[inline(always)]
fn mirrored_tile<I: Simd, S: Sample, const T: usize>(
    simd: I,
    window: &[S],
    half: &[S],
    out: &mut [S],
) {
    let mut sums = [S::H::<I>::splat(simd, S::zero()); T];
    let blocks = half.chunks_exact(2 * S::HALF);
    let rest = blocks.remainder();
    let reach = (T + 2) * S::HALF - 1;
    let mut first = 0;
    let mut last = 2 * half.len();
    for block in blocks {
        last -= 2 * S::HALF;
        let old = window.get(first..first + reach).unwrap_or_default();
        let new = window.get(last..last + reach).unwrap_or_default();
        let (near, far) = block.split_at_checked(S::HALF).unwrap_or_default();
        for (k, (&near, &far)) in near.iter().zip(far).enumerate() {
            let near = S::H::<I>::splat(simd, near);
            let far = S::H::<I>::splat(simd, far);
            let mut old_near = load(simd, old, k);
            let mut new_far = load(simd, new, S::HALF - 1 - k);
            for (t, sum) in sums.iter_mut().enumerate() {
                let old_far = load(simd, old, (t + 1) * S::HALF + k);
                let new_near = load(simd, new, (t + 2) * S::HALF - 1 - k);
                *sum += (old_near + new_near) * near;
                *sum += (old_far + new_far) * far;
                (old_near, new_far) = (old_far, new_near);
            }
        }
        first += 2 * S::HALF;
    }
    for &tap in rest {
        last -= 1;
        let tap = S::H::<I>::splat(simd, tap);
        let old = window.get(first..).unwrap_or_default();
        let new = window.get(last..).unwrap_or_default();
        for (t, sum) in sums.iter_mut().enumerate() {
            *sum += (load(simd, old, t * S::HALF) + load(simd, new, t * S::HALF)) * tap;
        }
        first += 1;
    }
    for (sum, chunk) in sums.iter().zip(out.chunks_exact_mut(S::HALF)) {
        sum.store_slice(chunk);
    }
}

/// `out[2n] = even[n]`, `out[2n + 1] = odd[n]`, as far as all of them reach by pairs.
pub fn weave<S: Sample>(isa: Isa, even: &[S], odd: &[S], out: &mut [S]) {
    S::weave(isa, even, odd, out);
}

#[inline(always)]
pub(super) fn weave_lanes<I: Simd, S: Sample>(simd: I, even: &[S], odd: &[S], out: &mut [S]) {
    let even_whole = even.chunks_exact(S::HALF);
    let mut done = 0;
    for ((a, b), to) in
        even_whole.zip(odd.chunks_exact(S::HALF)).zip(out.chunks_exact_mut(2 * S::HALF))
    {
        let (low, high) = S::H::<I>::from_slice(simd, a).interleave(S::H::<I>::from_slice(simd, b));
        if let Some((to_low, to_high)) = to.split_at_mut_checked(S::HALF) {
            low.store_slice(to_low);
            high.store_slice(to_high);
        }
        done += S::HALF;
    }
    let even = even.get(done..).unwrap_or_default();
    let odd = odd.get(done..).unwrap_or_default();
    scalar::weave(even, odd, out.get_mut(2 * done..).unwrap_or_default());
}

/// `even[n] = input[2n]`, `odd[n] = input[2n + 1]`, as far as all of them reach by pairs.
pub fn unweave<S: Sample>(isa: Isa, input: &[S], even: &mut [S], odd: &mut [S]) {
    S::unweave(isa, input, even, odd);
}

#[inline(always)]
pub(super) fn unweave_lanes<I: Simd, S: Sample>(
    simd: I,
    input: &[S],
    even: &mut [S],
    odd: &mut [S],
) {
    let whole = input.chunks_exact(2 * S::HALF);
    let mut done = 0;
    for ((from, a), b) in
        whole.zip(even.chunks_exact_mut(S::HALF)).zip(odd.chunks_exact_mut(S::HALF))
    {
        if let Some((low, high)) = from.split_at_checked(S::HALF) {
            let low = S::H::<I>::from_slice(simd, low);
            let (first, second) = low.deinterleave(S::H::<I>::from_slice(simd, high));
            first.store_slice(a);
            second.store_slice(b);
        }
        done += S::HALF;
    }
    let even = even.get_mut(done..).unwrap_or_default();
    let odd = odd.get_mut(done..).unwrap_or_default();
    scalar::unweave(input.get(2 * done..).unwrap_or_default(), even, odd);
}
