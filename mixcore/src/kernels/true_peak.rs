//! Peaks between the samples by mirrored pairs of points. Lane axis: time.
//!
//! Two points that mirror each other share their products: with sums s and differences d of the
//! samples that mirror each other, P = Σ E·s and Q = Σ O·d, the two values are P + Q and P − Q, and
//! the larger magnitude of both is |P| + |Q|. That form is the definition at every level.
//!
//! The vectors are half as wide as elsewhere, so that all that is in hand fits into 16 registers.
//! A last vector that is not full is moved back over outputs that are already there. Maxima are
//! plain ones: no operand is NaN, and none is −0 behind an absolute value.

use fearless_simd::{Simd, prelude::*};

use super::isa::Isa;
use super::reduce::largest;
use super::sample::Sample;
use super::scalar;

/// Taps of [`half_way`], halved.
pub const HALF_WAY_TAPS: usize = 18;

/// Taps of a phase of [`mirrored_peaks`], halved.
pub const MIRRORED_HALF: usize = 6;

/// Frames of context of [`pair_peaks`] in `samples`: one before, two after.
pub const PAIR_SAMPLES: usize = 4;

/// Frames of context of [`pair_peaks`] in `mids`: one before, one after.
pub const PAIR_MIDS: usize = 3;

/// Frames whose peak [`clean_peaks`] finds.
pub const PEAK_PIECE: usize = 64;

/// Vectors of [`half_way`] that share their loads.
const TILE: usize = 4;

/// A coefficient for every lane, so that a product takes it straight from memory.
type Wide<S> = [S; 8];

/// `N` coefficients for every lane.
fn wide<S: Sample, const N: usize>(taps: [S; N]) -> [Wide<S>; N] {
    taps.map(|tap| [tap; 8])
}

#[inline(always)]
fn load<I: Simd, S: Sample>(simd: I, samples: &[S], at: usize) -> S::H<I> {
    match samples.get(at..at + S::HALF) {
        Some(samples) => S::H::<I>::from_slice(simd, samples),
        None => S::H::<I>::splat(simd, S::zero()),
    }
}

/// The points half-way between two frames, as far as `input` fills their windows; what lies beyond in
/// `out` stays as it is.
///
/// `out[n] = Σ_k half[k] · (input[n + k] + input[n + 2·t − 1 − k])`, k from 0 to t − 1, t being
/// [`HALF_WAY_TAPS`]: a symmetric FIR of even length. The sum takes pairs in blocks of 2·h, h = 8 for
/// f32 and 4 for f64, in the order 0, h, 1, h + 1 …, then what is left in order.
pub fn half_way<S: Sample>(isa: Isa, input: &[S], half: &[S; HALF_WAY_TAPS], out: &mut [S]) {
    S::half_way(isa, input, half, out);
}

#[inline(always)]
pub(super) fn half_way_lanes<I: Simd, S: Sample>(
    simd: I,
    input: &[S],
    half: &[S; HALF_WAY_TAPS],
    out: &mut [S],
) {
    const CONTEXT: usize = 2 * HALF_WAY_TAPS - 1;
    let frames = scalar::reach(input.len(), CONTEXT + 1, out.len());
    if frames < S::HALF {
        return scalar::half_way(input, half, out);
    }
    let input = input.get(..frames + CONTEXT).unwrap_or_default();
    let out = out.get_mut(..frames).unwrap_or_default();
    let tile = TILE * S::HALF;
    let windows = input.windows(tile + CONTEXT).step_by(tile);
    for (window, chunk) in windows.zip(out.chunks_exact_mut(tile)) {
        half_way_tile::<I, S, TILE>(simd, window, half, chunk);
    }
    let mut done = frames - frames % tile;
    while done < frames {
        // What is left over, by single vectors, the last one moved back so that it is full.
        let at = done.min(frames - S::HALF);
        let window = input.get(at..at + S::HALF + CONTEXT).unwrap_or_default();
        let chunk = out.get_mut(at..at + S::HALF).unwrap_or_default();
        half_way_tile::<I, S, 1>(simd, window, half, chunk);
        done = at + S::HALF;
    }
}

/// `T` vectors in a row. Two taps that are a vector apart read the same vectors, shifted by one.
#[inline(always)]
fn half_way_tile<I: Simd, S: Sample, const T: usize>(
    simd: I,
    window: &[S],
    half: &[S; HALF_WAY_TAPS],
    out: &mut [S],
) {
    let mut sums = [S::H::<I>::splat(simd, S::zero()); T];
    let blocks = half.chunks_exact(2 * S::HALF);
    let rest = blocks.remainder();
    let reach = (T + 2) * S::HALF - 1;
    for (n, block) in blocks.enumerate() {
        let first = n * 2 * S::HALF;
        let last = 2 * HALF_WAY_TAPS - first - 2 * S::HALF;
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
    }
    for (k, &tap) in (HALF_WAY_TAPS - rest.len()..).zip(rest) {
        let tap = S::H::<I>::splat(simd, tap);
        let old = window.get(k..).unwrap_or_default();
        let new = window.get(2 * HALF_WAY_TAPS - 1 - k..).unwrap_or_default();
        for (t, sum) in sums.iter_mut().enumerate() {
            *sum += (load(simd, old, t * S::HALF) + load(simd, new, t * S::HALF)) * tap;
        }
    }
    for (sum, chunk) in sums.iter().zip(out.chunks_exact_mut(S::HALF)) {
        sum.store_slice(chunk);
    }
}

/// Even and odd parts of two pairs of mirrored phases of 12 taps: the 4x12 form of BS.1770.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct MirroredTaps<S> {
    pub(super) even: [[Wide<S>; MIRRORED_HALF]; 2],
    pub(super) odd: [[Wide<S>; MIRRORED_HALF]; 2],
}

impl<S: Sample> MirroredTaps<S> {
    /// E and O of both pairs, the outermost tap first.
    #[must_use]
    pub fn new(even: [[S; MIRRORED_HALF]; 2], odd: [[S; MIRRORED_HALF]; 2]) -> Self {
        Self { even: even.map(wide), odd: odd.map(wide) }
    }
}

/// `out[n]` = largest magnitude of the four phases over `input[n..n + 12]` and of the sample
/// `input[n + 5]` itself, as far as `input`, which is without NaN, fills these 12. Returns the
/// largest of what it wrote, 0 if nothing.
pub fn mirrored_peaks<S: Sample>(
    isa: Isa,
    input: &[S],
    taps: &MirroredTaps<S>,
    out: &mut [S],
) -> S {
    S::mirrored_peaks(isa, input, taps, out)
}

#[inline(always)]
pub(super) fn mirrored_peaks_lanes<I: Simd, S: Sample>(
    simd: I,
    input: &[S],
    taps: &MirroredTaps<S>,
    out: &mut [S],
) -> S {
    let frames = scalar::reach(input.len(), 2 * MIRRORED_HALF, out.len());
    if frames < S::HALF {
        return scalar::mirrored_peaks(input, taps, out);
    }
    let input = input.get(..frames + 2 * MIRRORED_HALF - 1).unwrap_or_default();
    let out = out.get_mut(..frames).unwrap_or_default();
    let windows = input.windows(S::HALF + 2 * MIRRORED_HALF - 1);
    let mut top = S::H::<I>::splat(simd, S::zero());
    for (window, chunk) in windows.clone().step_by(S::HALF).zip(out.chunks_exact_mut(S::HALF)) {
        let best = mirrored_peak(simd, window, taps);
        best.store_slice(chunk);
        top = top.max(best);
    }
    // What is left over, by a full vector that is moved back.
    let last = out.rchunks_exact_mut(S::HALF).next().filter(|_| !frames.is_multiple_of(S::HALF));
    if let (Some(window), Some(chunk)) = (windows.last(), last) {
        let best = mirrored_peak(simd, window, taps);
        best.store_slice(chunk);
        top = top.max(best);
    }
    largest(top.as_slice())
}

#[inline(always)]
fn mirrored_peak<I: Simd, S: Sample>(simd: I, window: &[S], taps: &MirroredTaps<S>) -> S::H<I> {
    const LAST: usize = 2 * MIRRORED_HALF - 1;
    let (old, new) = (load(simd, window, 0), load(simd, window, LAST));
    let (sum, difference) = (old + new, old - new);
    let [even, odd] = [&taps.even, &taps.odd];
    let mut p = [sum * load(simd, &even[0][0], 0), sum * load(simd, &even[1][0], 0)];
    let mut q = [difference * load(simd, &odd[0][0], 0), difference * load(simd, &odd[1][0], 0)];
    for k in 1..MIRRORED_HALF {
        let (old, new) = (load(simd, window, k), load(simd, window, LAST - k));
        let (sum, difference) = (old + new, old - new);
        for pair in 0..2 {
            p[pair] += sum * load(simd, &even[pair][k], 0);
            q[pair] += difference * load(simd, &odd[pair][k], 0);
        }
    }
    let mut best = load(simd, window, MIRRORED_HALF - 1).abs();
    for pair in 0..2 {
        best = best.max(p[pair].abs() + q[pair].abs());
    }
    best
}

/// Two points as far before a half-way point as after it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct PointPair<S> {
    pub(super) even: [Wide<S>; 4],
    pub(super) odd: [Wide<S>; 3],
}

impl<S: Sample> PointPair<S> {
    /// E for the half-way point itself and the pairs of values at 1/2 frame (samples), 1 frame
    /// (half-way points) and 3/2 frames (samples) around it, and O for these pairs.
    #[must_use]
    pub fn new(even: [S; 4], odd: [S; 3]) -> Self {
        Self { even: wide(even), odd: wide(odd) }
    }
}

/// `out[n]` = largest magnitude of frame n, of the point half-way to the next frame and of the
/// points of all `pairs` around that. Returns the largest of what it wrote, 0 if nothing.
///
/// `samples[n + 1]` is frame n, `mids[n + 1]` the point half-way to the next; both are without NaN.
/// Outputs for which they do not hold [`PAIR_SAMPLES`] and [`PAIR_MIDS`] values from n on stay as
/// they are. One and three pairs are fast.
pub fn pair_peaks<S: Sample>(
    isa: Isa,
    samples: &[S],
    mids: &[S],
    pairs: &[PointPair<S>],
    out: &mut [S],
) -> S {
    S::pair_peaks(isa, samples, mids, pairs, out)
}

#[inline(always)]
pub(super) fn pair_peaks_lanes<I: Simd, S: Sample>(
    simd: I,
    samples: &[S],
    mids: &[S],
    pairs: &[PointPair<S>],
    out: &mut [S],
) -> S {
    if let Ok(pairs) = pairs.try_into() {
        return pair_peaks_of::<I, S, 3>(simd, samples, mids, pairs, out);
    }
    if let Ok(pairs) = pairs.try_into() {
        return pair_peaks_of::<I, S, 1>(simd, samples, mids, pairs, out);
    }
    scalar::pair_peaks(samples, mids, pairs, out)
}

#[inline(always)]
fn pair_peaks_of<I: Simd, S: Sample, const PAIRS: usize>(
    simd: I,
    samples: &[S],
    mids: &[S],
    pairs: &[PointPair<S>; PAIRS],
    out: &mut [S],
) -> S {
    let frames = scalar::reach(samples.len(), PAIR_SAMPLES, out.len());
    let frames = scalar::reach(mids.len(), PAIR_MIDS, frames);
    if frames < S::HALF {
        return scalar::pair_peaks(samples, mids, pairs, out);
    }
    let samples = samples.get(..frames + PAIR_SAMPLES - 1).unwrap_or_default();
    let mids = mids.get(..frames + PAIR_MIDS - 1).unwrap_or_default();
    let out = out.get_mut(..frames).unwrap_or_default();
    let samples = samples.windows(S::HALF + PAIR_SAMPLES - 1);
    let mids = mids.windows(S::HALF + PAIR_MIDS - 1);
    let windows = samples.clone().step_by(S::HALF).zip(mids.clone().step_by(S::HALF));
    let mut top = S::H::<I>::splat(simd, S::zero());
    for ((samples, mids), chunk) in windows.zip(out.chunks_exact_mut(S::HALF)) {
        let best = pair_peak(simd, samples, mids, pairs);
        best.store_slice(chunk);
        top = top.max(best);
    }
    // What is left over, by a full vector that is moved back.
    let last = out.rchunks_exact_mut(S::HALF).next().filter(|_| !frames.is_multiple_of(S::HALF));
    if let (Some(samples), Some(mids), Some(chunk)) = (samples.last(), mids.last(), last) {
        let best = pair_peak(simd, samples, mids, pairs);
        best.store_slice(chunk);
        top = top.max(best);
    }
    largest(top.as_slice())
}

#[inline(always)]
fn pair_peak<I: Simd, S: Sample, const PAIRS: usize>(
    simd: I,
    samples: &[S],
    mids: &[S],
    pairs: &[PointPair<S>; PAIRS],
) -> S::H<I> {
    let x: [S::H<I>; PAIR_SAMPLES] = core::array::from_fn(|k| load(simd, samples, k));
    let m: [S::H<I>; PAIR_MIDS] = core::array::from_fn(|k| load(simd, mids, k));
    let s = [x[1] + x[2], m[0] + m[2], x[0] + x[3]];
    let d = [x[1] - x[2], m[0] - m[2], x[0] - x[3]];
    let mut best = m[1].abs().max(x[1].abs());
    for PointPair { even, odd } in pairs {
        let p = (m[1] * load(simd, &even[0], 0) + s[0] * load(simd, &even[1], 0))
            + (s[1] * load(simd, &even[2], 0) + s[2] * load(simd, &even[3], 0));
        let q = (d[0] * load(simd, &odd[0], 0) + d[1] * load(simd, &odd[1], 0))
            + d[2] * load(simd, &odd[2], 0);
        best = best.max(p.abs() + q.abs());
    }
    best
}

/// Copies `from` to `to` as [`super::clean`] does, and writes the largest magnitude of every
/// [`PEAK_PIECE`] frames of the result to `peaks`, as far as that reaches; returns how many faults
/// there were.
pub fn clean_peaks<S: Sample>(isa: Isa, from: &[S], to: &mut [S], peaks: &mut [S]) -> usize {
    S::clean_peaks(isa, from, to, peaks)
}

#[inline(always)]
pub(super) fn clean_peaks_lanes<I: Simd, S: Sample>(
    simd: I,
    from: &[S],
    to: &mut [S],
    peaks: &mut [S],
) -> usize {
    let frames = from.len().min(to.len());
    let (from, from_tail) = from.get(..frames).unwrap_or_default().as_chunks::<PEAK_PIECE>();
    let (to, to_tail) = to.get_mut(..frames).unwrap_or_default().as_chunks_mut::<PEAK_PIECE>();
    let mut peaks = peaks.iter_mut();
    let mut faults = 0;
    for ((from, to), peak) in from.iter().zip(to).zip(&mut peaks) {
        faults += clean_piece(simd, from, to, peak);
    }
    match peaks.next() {
        Some(peak) if !from_tail.is_empty() => faults + clean_piece(simd, from_tail, to_tail, peak),
        _ => faults,
    }
}

#[inline(always)]
fn clean_piece<I: Simd, S: Sample>(simd: I, from: &[S], to: &mut [S], peak: &mut S) -> usize {
    let limit = S::H::<I>::splat(simd, S::from_f64(super::SAMPLE_LIMIT));
    let mut top = S::H::<I>::splat(simd, S::zero());
    let mut good = limit.simd_le(limit);
    let whole = from.len() - from.len() % S::HALF;
    let (from, from_rest) = from.split_at_checked(whole).unwrap_or_default();
    let (to, to_rest) = to.split_at_mut_checked(whole).unwrap_or_default();
    for (from, to) in from.chunks_exact(S::HALF).zip(to.chunks_exact_mut(S::HALF)) {
        let x = S::H::<I>::from_slice(simd, from);
        x.store_slice(to);
        good &= x.abs().simd_le(limit);
        top = top.max(x.abs());
    }
    let mut faults = 0;
    *peak = largest(top.as_slice());
    if !good.all_true() {
        faults = scalar::clean_in_place(to);
        *peak = scalar::peak(to);
    }
    faults += scalar::clean(from_rest, to_rest);
    *peak = scalar::larger(*peak, scalar::peak(to_rest));
    faults
}
