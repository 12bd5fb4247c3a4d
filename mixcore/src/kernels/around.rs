//! Points around a half-way point, on any grid, and bounds on what lies between points. Lane axis:
//! time.
//!
//! The larger magnitude of two points that mirror each other around a half-way point is |P| + |Q|,
//! as in `true_peak.rs`; here the points see six values on either side, and there is any number of
//! them. Vectors are half as wide as elsewhere, so that what is in hand fits into 16 registers; a
//! last vector that is not full is moved back over outputs that are already there, which a maximum
//! forgives. No operand of a maximum is NaN, and none is −0 behind an absolute value.

use fearless_simd::{Simd, prelude::*};

use super::isa::Isa;
use super::reduce::largest;
use super::sample::Sample;
use super::scalar;

/// Coefficients of a pair of points: E for the half-way point and for the pairs of values 1/2 to 3
/// frames around it in half frames, then O for these pairs.
pub const AROUND_TAPS: usize = 13;
/// Pairs of values around a half-way point.
pub(super) const SIDES: usize = AROUND_TAPS / 2;
/// Values of [`around_peaks`] in `samples` for one output: two frames before, three after.
pub const AROUND_SAMPLES: usize = 6;
/// Values of [`around_peaks`] in `mids` for one output: three before, three after.
pub const AROUND_MIDS: usize = 7;

#[inline(always)]
fn load<I: Simd, S: Sample>(simd: I, samples: &[S], at: usize) -> S::H<I> {
    match samples.get(at..at + S::HALF) {
        Some(samples) => S::H::<I>::from_slice(simd, samples),
        None => S::H::<I>::splat(simd, S::zero()),
    }
}

/// `out[n]` = the largest of `out[n]` and the magnitudes of the points of all pairs in `taps`
/// ([`AROUND_TAPS`] each) around the point half-way between frames n and n + 1.
///
/// `samples[n + 2]` is frame n, `mids[n + 3]` the half-way point behind it; none is NaN. With e, o the
/// coefficients, s and d the sums and differences of the values j/2 frames before and after, a pair
/// is |P| + |Q|, P = ((e0·m + e1·s1) + (e2·s2 + e3·s3)) + ((e4·s4 + e5·s5) + e6·s6), Q = ((o1·d1 +
/// o2·d2) + (o3·d3 + o4·d4)) + (o5·d5 + o6·d6). Outputs for which the slices do not hold
/// [`AROUND_SAMPLES`] and [`AROUND_MIDS`] values from n on stay as they are.
pub fn around_peaks<S: Sample>(isa: Isa, samples: &[S], mids: &[S], taps: &[S], out: &mut [S]) {
    S::around_peaks(isa, samples, mids, taps, out);
}

#[inline(always)]
pub(super) fn around_peaks_lanes<I: Simd, S: Sample>(
    simd: I,
    samples: &[S],
    mids: &[S],
    taps: &[S],
    out: &mut [S],
) {
    let frames = scalar::reach(samples.len(), AROUND_SAMPLES, out.len());
    let frames = scalar::reach(mids.len(), AROUND_MIDS, frames);
    if frames < S::HALF {
        return scalar::around_peaks(samples, mids, taps, out);
    }
    let (pairs, _) = taps.as_chunks::<AROUND_TAPS>();
    let mut done = 0;
    while done < frames {
        let at = done.min(frames - S::HALF);
        let x: [S::H<I>; AROUND_SAMPLES] = core::array::from_fn(|k| load(simd, samples, at + k));
        let m: [S::H<I>; AROUND_MIDS] = core::array::from_fn(|k| load(simd, mids, at + k));
        let s = [x[2] + x[3], m[2] + m[4], x[1] + x[4], m[1] + m[5], x[0] + x[5], m[0] + m[6]];
        let d = [x[2] - x[3], m[2] - m[4], x[1] - x[4], m[1] - m[5], x[0] - x[5], m[0] - m[6]];
        let mut best = load(simd, out, at);
        for pair in pairs {
            let e: [S::H<I>; SIDES + 1] = core::array::from_fn(|k| S::H::<I>::splat(simd, pair[k]));
            let near = (m[3] * e[0] + s[0] * e[1]) + (s[1] * e[2] + s[2] * e[3]);
            let p = near + ((s[3] * e[4] + s[4] * e[5]) + s[5] * e[6]);
            let o: [S::H<I>; SIDES] =
                core::array::from_fn(|k| S::H::<I>::splat(simd, pair[SIDES + 1 + k]));
            let near = (d[0] * o[0] + d[1] * o[1]) + (d[2] * o[2] + d[3] * o[3]);
            let q = near + (d[4] * o[4] + d[5] * o[5]);
            best = best.max(p.abs() + q.abs());
        }
        if let Some(out) = out.get_mut(at..at + S::HALF) {
            best.store_slice(out);
        }
        done = at + S::HALF;
    }
}

/// Vectors of outputs that [`half_points`] has in hand at a time: as many as 16 registers hold, and a
/// group of 16 frames with its neighbours, and one alone.
const TILES: [usize; 4] = [9, 3, 2, 1];

/// The points half-way between two frames: `out[n] = Σ_k half[k]·(input[n + k] + input[n + 2·t − 1 − k])`,
/// t being the length of `half`, in order from the outermost tap, as far as `input` fills the windows;
/// the rest of `out` stays as it is.
pub fn half_points<S: Sample>(isa: Isa, input: &[S], half: &[S], out: &mut [S]) {
    S::half_points(isa, input, half, out);
}

#[inline(always)]
pub(super) fn half_points_lanes<I: Simd, S: Sample>(
    simd: I,
    input: &[S],
    half: &[S],
    out: &mut [S],
) {
    let frames = scalar::reach(input.len(), 2 * half.len(), out.len());
    if frames < S::HALF || half.is_empty() {
        return scalar::half_points(input, half, out);
    }
    let mut done = 0;
    while done < frames {
        let left = (frames - done).div_ceil(S::HALF);
        let fits = |tile: &usize| *tile <= left && tile * S::HALF <= frames;
        let tile = TILES.into_iter().find(fits).unwrap_or(1);
        let length = tile * S::HALF;
        let at = done.min(frames - length);
        let window = input.get(at..at + length + 2 * half.len() - 1).unwrap_or_default();
        let part = out.get_mut(at..at + length).unwrap_or_default();
        match tile {
            9 => half_tile::<I, S, 9>(simd, window, half, part),
            3 => half_tile::<I, S, 3>(simd, window, half, part),
            2 => half_tile::<I, S, 2>(simd, window, half, part),
            _ => half_tile::<I, S, 1>(simd, window, half, part),
        }
        done = at + length;
    }
}

/// `T` vectors in a row.
#[inline(always)]
fn half_tile<I: Simd, S: Sample, const T: usize>(simd: I, window: &[S], half: &[S], out: &mut [S]) {
    let mut sums = [S::H::<I>::splat(simd, S::zero()); T];
    let length = T * S::HALF;
    for (k, &tap) in half.iter().enumerate() {
        let tap = S::H::<I>::splat(simd, tap);
        let old = window.get(k..k + length).unwrap_or_default();
        let last = 2 * half.len() - 1 - k;
        let new = window.get(last..last + length).unwrap_or_default();
        let pairs = old.chunks_exact(S::HALF).zip(new.chunks_exact(S::HALF));
        for (sum, (old, new)) in sums.iter_mut().zip(pairs) {
            *sum += (S::H::<I>::from_slice(simd, old) + S::H::<I>::from_slice(simd, new)) * tap;
        }
    }
    for (sum, out) in sums.iter().zip(out.chunks_exact_mut(S::HALF)) {
        sum.store_slice(out);
    }
}

/// Frames of a group in [`group_peaks`].
pub const PEAK_GROUP: usize = 16;

/// Largest magnitude of each [`PEAK_GROUP`] values, as far as both slices reach. None is NaN.
pub fn group_peaks<S: Sample>(isa: Isa, values: &[S], out: &mut [S]) {
    S::group_peaks(isa, values, out);
}

#[inline(always)]
pub(super) fn group_peaks_lanes<I: Simd, S: Sample>(simd: I, values: &[S], out: &mut [S]) {
    for (group, out) in values.chunks_exact(PEAK_GROUP).zip(out) {
        let mut best = S::H::<I>::splat(simd, S::zero());
        for part in group.chunks_exact(S::HALF) {
            best = best.max(S::H::<I>::from_slice(simd, part).abs());
        }
        *out = largest(best.as_slice());
    }
}

/// The largest |x\[n\] − 2·x\[n + 1\] + x\[n + 2\]|, as (x\[n\] − x\[n + 1\]) + (x\[n + 2\] −
/// x\[n + 1\]); 0 below three values.
#[must_use]
pub fn bend<S: Sample>(isa: Isa, values: &[S]) -> S {
    S::bend(isa, values)
}

#[inline(always)]
pub(super) fn bend_lanes<I: Simd, S: Sample>(simd: I, values: &[S]) -> S {
    let frames = scalar::reach(values.len(), 3, values.len());
    if frames < S::HALF {
        return scalar::bend(values);
    }
    let mut best = S::H::<I>::splat(simd, S::zero());
    let mut done = 0;
    while done < frames {
        let at = done.min(frames - S::HALF);
        let here = load(simd, values, at + 1);
        let bend = (load(simd, values, at) - here) + (load(simd, values, at + 2) - here);
        best = best.max(bend.abs());
        done = at + S::HALF;
    }
    largest(best.as_slice())
}

/// [`bend`] of samples and the points half-way behind them, in turn: `mids[n]` lies between
/// `samples[n]` and `samples[n + 1]`.
#[must_use]
pub fn woven_bend<S: Sample>(isa: Isa, samples: &[S], mids: &[S]) -> S {
    S::woven_bend(isa, samples, mids)
}

#[inline(always)]
pub(super) fn woven_bend_lanes<I: Simd, S: Sample>(simd: I, samples: &[S], mids: &[S]) -> S {
    let frames = scalar::reach(samples.len(), 2, mids.len());
    let frames = scalar::reach(mids.len(), 2, frames);
    if frames < S::HALF {
        return scalar::woven_bend(samples, mids);
    }
    let mut best = S::H::<I>::splat(simd, S::zero());
    let mut done = 0;
    while done < frames {
        let at = done.min(frames - S::HALF);
        let (before, after) = (load(simd, samples, at), load(simd, samples, at + 1));
        let (mid, next) = (load(simd, mids, at), load(simd, mids, at + 1));
        best = best.max(((before - mid) + (after - mid)).abs());
        best = best.max(((mid - after) + (next - after)).abs());
        done = at + S::HALF;
    }
    largest(best.as_slice())
}

/// The largest |x\[n + 1\] − x\[n\]|; 0 below two values.
#[must_use]
pub fn steepest<S: Sample>(isa: Isa, values: &[S]) -> S {
    S::steepest(isa, values)
}

#[inline(always)]
pub(super) fn steepest_lanes<I: Simd, S: Sample>(simd: I, values: &[S]) -> S {
    let frames = scalar::reach(values.len(), 2, values.len());
    if frames < S::HALF {
        return scalar::steepest(values);
    }
    let mut best = S::H::<I>::splat(simd, S::zero());
    let mut done = 0;
    while done < frames {
        let at = done.min(frames - S::HALF);
        best = best.max((load(simd, values, at + 1) - load(simd, values, at)).abs());
        done = at + S::HALF;
    }
    largest(best.as_slice())
}
