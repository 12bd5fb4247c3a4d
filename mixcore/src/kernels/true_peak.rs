//! Peaks between the samples by mirrored pairs of interpolation phases. Lane axis: time.
//!
//! Two phases that mirror each other share their products: with sums s and differences d of the
//! samples that mirror each other, P = Σ E·s and Q = Σ O·d, the two outputs are P + Q and P − Q,
//! and the larger magnitude of both is |P| + |Q|. That form is the definition at every level.

use fearless_simd::{Simd, prelude::*};

use super::isa::Isa;
use super::lanes::Lanes;
use super::sample::Sample;
use super::scalar;

/// Taps of a phase of [`mirrored_peaks`], halved.
pub const MIRRORED_HALF: usize = 6;

/// Frames of context of [`quarter_peaks`] in `samples`: one before, two after.
pub const QUARTER_SAMPLES: usize = 4;

/// Frames of context of [`quarter_peaks`] in `mids`: two before, two after.
pub const QUARTER_MIDS: usize = 5;

/// `out[n] = Σ_k half[k] · (input[n + k] + input[n + 2·half.len() − 1 − k])`: a symmetric FIR of even
/// length, as far as `input` fills the window; what lies beyond in `out` stays as it is.
pub fn symmetric_fir<S: Sample>(isa: Isa, input: &[S], half: &[S], out: &mut [S]) {
    S::symmetric_fir(isa, input, half, out);
}

#[inline(always)]
pub(super) fn symmetric_fir_lanes<I: Simd, S: Sample>(
    simd: I,
    input: &[S],
    half: &[S],
    out: &mut [S],
) {
    let taps = 2 * half.len();
    let frames = scalar::reach(input.len(), taps, out.len());
    let whole = frames - frames % S::LANES;
    let (chunks, tail) = out[..frames].split_at_mut(whole);
    for (window, chunk) in windows(input, taps).zip(chunks.chunks_exact_mut(S::LANES)) {
        let mut sum = S::V::<I>::splat(simd, S::zero());
        let loads = window.windows(S::LANES);
        for ((old, new), &tap) in loads.clone().zip(loads.rev()).zip(half) {
            sum += (<S as Lanes>::load(simd, old) + <S as Lanes>::load(simd, new)) * tap;
        }
        sum.store_slice(chunk);
    }
    scalar::symmetric_fir(input.get(whole..).unwrap_or_default(), half, tail);
}

/// The inputs of every [`Lanes::LANES`] outputs in turn, where an output looks at `span` of them.
#[inline(always)]
fn windows<S: Sample>(input: &[S], span: usize) -> impl Iterator<Item = &[S]> {
    input.windows(S::LANES + span - 1).step_by(S::LANES)
}

/// Even and odd parts of two pairs of mirrored phases of 12 taps: the 4x12 form of BS.1770.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MirroredTaps<S> {
    /// E of both pairs.
    pub even: [[S; MIRRORED_HALF]; 2],
    /// O of both pairs.
    pub odd: [[S; MIRRORED_HALF]; 2],
}

/// `out[n]` = largest magnitude of the four phases over `input[n..n + 12]` and of the sample
/// `input[n + 5]` itself, as far as `input`, which is without NaN, fills these 12.
pub fn mirrored_peaks<S: Sample>(isa: Isa, input: &[S], taps: &MirroredTaps<S>, out: &mut [S]) {
    S::mirrored_peaks(isa, input, taps, out);
}

#[inline(always)]
pub(super) fn mirrored_peaks_lanes<I: Simd, S: Sample>(
    simd: I,
    input: &[S],
    taps: &MirroredTaps<S>,
    out: &mut [S],
) {
    let zero = S::V::<I>::splat(simd, S::zero());
    let frames = scalar::reach(input.len(), 2 * MIRRORED_HALF, out.len());
    let whole = frames - frames % S::LANES;
    let (chunks, tail) = out[..frames].split_at_mut(whole);
    let windows = windows(input, 2 * MIRRORED_HALF);
    for (window, chunk) in windows.zip(chunks.chunks_exact_mut(S::LANES)) {
        let load = |from: usize| S::V::<I>::from_slice(simd, &window[from..from + S::LANES]);
        let (mut p, mut q) = ([zero; 2], [zero; 2]);
        for k in 0..MIRRORED_HALF {
            let (old, new) = (load(k), load(2 * MIRRORED_HALF - 1 - k));
            let (sum, difference) = (old + new, old - new);
            for pair in 0..2 {
                p[pair] += sum * taps.even[pair][k];
                q[pair] += difference * taps.odd[pair][k];
            }
        }
        let mut best = load(MIRRORED_HALF - 1).abs();
        for pair in 0..2 {
            best = (p[pair].abs() + q[pair].abs()).max_precise(best);
        }
        best.store_slice(chunk);
    }
    scalar::mirrored_peaks(input.get(whole..).unwrap_or_default(), taps, tail);
}

/// Interpolation between the points of a signal at twice the rate, eight taps a phase.
///
/// Index 0 is the pair of points next to the interval, 3 the farthest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuarterTaps<S> {
    /// The point in the middle of the interval.
    pub centre: [S; 4],
    /// E and O of the points a quarter from either end; without them the factor is 4, not 8.
    pub quarters: Option<([S; 4], [S; 4])>,
}

/// `out[n]` = largest magnitude between frame n and the next one, both stages of the signal
/// included.
///
/// `samples[n + 1]` is frame n, `mids[n + 2]` the point half-way to the next; both are without NaN.
/// Outputs for which they do not hold [`QUARTER_SAMPLES`] and [`QUARTER_MIDS`] values from n on stay
/// as they are.
pub fn quarter_peaks<S: Sample>(
    isa: Isa,
    samples: &[S],
    mids: &[S],
    taps: &QuarterTaps<S>,
    out: &mut [S],
) {
    S::quarter_peaks(isa, samples, mids, taps, out);
}

#[inline(always)]
pub(super) fn quarter_peaks_lanes<I: Simd, S: Sample>(
    simd: I,
    samples: &[S],
    mids: &[S],
    taps: &QuarterTaps<S>,
    out: &mut [S],
) {
    let frames = scalar::reach(samples.len(), QUARTER_SAMPLES, out.len());
    let frames = scalar::reach(mids.len(), QUARTER_MIDS, frames);
    let whole = frames - frames % S::LANES;
    let (chunks, tail) = out[..frames].split_at_mut(whole);
    let windows = windows(samples, QUARTER_SAMPLES).zip(windows(mids, QUARTER_MIDS));
    for ((samples, mids), chunk) in windows.zip(chunks.chunks_exact_mut(S::LANES)) {
        let x: [S::V<I>; QUARTER_SAMPLES] =
            core::array::from_fn(|k| S::V::<I>::from_slice(simd, &samples[k..k + S::LANES]));
        let m: [S::V<I>; QUARTER_MIDS] =
            core::array::from_fn(|k| S::V::<I>::from_slice(simd, &mids[k..k + S::LANES]));
        let mut best = m[2].abs().max_precise(x[1].abs());
        let first = interval_peak::<I, S>([x[1], m[1], x[0], m[0]], [m[2], x[2], m[3], x[3]], taps);
        best = first.max_precise(best);
        let second =
            interval_peak::<I, S>([m[2], x[1], m[1], x[0]], [x[2], m[3], x[3], m[4]], taps);
        best = second.max_precise(best);
        best.store_slice(chunk);
    }
    let samples = samples.get(whole..).unwrap_or_default();
    scalar::quarter_peaks(samples, mids.get(whole..).unwrap_or_default(), taps, tail);
}

/// The points between two neighbours of the doubled signal, `old` and `new` from the inside out.
#[inline(always)]
fn interval_peak<I: Simd, S: Sample>(
    old: [S::V<I>; 4],
    new: [S::V<I>; 4],
    taps: &QuarterTaps<S>,
) -> S::V<I> {
    let sums = [old[0] + new[0], old[1] + new[1], old[2] + new[2], old[3] + new[3]];
    let centre = dot::<I, S>(&sums, &taps.centre);
    if let Some((even, odd)) = &taps.quarters {
        let differences = [old[0] - new[0], old[1] - new[1], old[2] - new[2], old[3] - new[3]];
        let quarters = dot::<I, S>(&sums, even) + dot::<I, S>(&differences, odd);
        quarters.max_precise(centre)
    } else {
        centre
    }
}

/// |Σ v·taps|, as two pairs.
#[inline(always)]
fn dot<I: Simd, S: Sample>(v: &[S::V<I>; 4], taps: &[S; 4]) -> S::V<I> {
    ((v[0] * taps[0] + v[1] * taps[1]) + (v[2] * taps[2] + v[3] * taps[3])).abs()
}
