//! Peaks between the samples: a bank of FIR phases, of which only the largest magnitude is kept.
//! Lane axis: time.

use fearless_simd::{Simd, prelude::*};

use super::isa::Isa;
use super::sample::Sample;
use super::scalar;

/// Phases that run together, so that one load of the input serves all of them.
const GROUP: usize = 4;

/// `out[n] = max(out[n], max over phases p of |Σ_k phases[p·taps + k] · input[n + k]|)`.
///
/// Outputs whose window the input does not fill stay as they are; `phases` holds rows of `taps`
/// coefficients (an incomplete last one does not count), in correlation order: the last tap meets
/// the newest sample. The sum runs over
/// k = 0, 1, 2 … in the sample type. NaN in the input is not allowed: clean it first.
pub fn fir_peaks<S: Sample>(isa: Isa, input: &[S], phases: &[S], taps: usize, out: &mut [S]) {
    S::fir_peaks(isa, input, phases, taps, out);
}

#[inline(always)]
pub(super) fn fir_peaks_lanes<I: Simd, S: Sample>(
    simd: I,
    input: &[S],
    phases: &[S],
    taps: usize,
    out: &mut [S],
) {
    let frames = scalar::reach(input.len(), taps, out.len());
    if taps == 0 || frames == 0 {
        return;
    }
    let out = &mut out[..frames];
    let phases = &phases[..phases.len() - phases.len() % taps];
    let whole = frames - frames % S::LANES;
    for group in phases.chunks(GROUP * taps) {
        let mut at = 0;
        if group.len() == taps {
            // One phase alone would wait for its own sums: four stretches of time run together.
            while at + GROUP * S::LANES <= whole {
                let window = &input[at..at + GROUP * S::LANES + taps - 1];
                row_peaks::<I, S>(simd, window, group, &mut out[at..at + GROUP * S::LANES]);
                at += GROUP * S::LANES;
            }
        }
        while at < whole {
            let window = &input[at..at + S::LANES + taps - 1];
            let chunk = &mut out[at..at + S::LANES];
            let best = match group.len() / taps {
                4 => group_peak::<I, S, 4>(simd, window, group, taps),
                3 => group_peak::<I, S, 3>(simd, window, group, taps),
                2 => group_peak::<I, S, 2>(simd, window, group, taps),
                _ => group_peak::<I, S, 1>(simd, window, group, taps),
            };
            best.max_precise(S::V::<I>::from_slice(simd, chunk)).store_slice(chunk);
            at += S::LANES;
        }
    }
    if whole < frames {
        scalar::fir_peaks(&input[whole..], phases, taps, &mut out[whole..]);
    }
}

#[inline(always)]
fn group_peak<I: Simd, S: Sample, const P: usize>(
    simd: I,
    window: &[S],
    group: &[S],
    taps: usize,
) -> S::V<I> {
    let mut sums = [S::V::<I>::splat(simd, S::zero()); P];
    for tap in 0..taps {
        let x = S::V::<I>::from_slice(simd, &window[tap..tap + S::LANES]);
        for (phase, sum) in sums.iter_mut().enumerate() {
            *sum += x * group[phase * taps + tap];
        }
    }
    let mut best = sums[0].abs();
    for sum in &sums[1..] {
        best = sum.abs().max_precise(best);
    }
    best
}

#[inline(always)]
fn row_peaks<I: Simd, S: Sample>(simd: I, window: &[S], row: &[S], out: &mut [S]) {
    let mut sums = [S::V::<I>::splat(simd, S::zero()); GROUP];
    for (tap, &h) in row.iter().enumerate() {
        for (stretch, sum) in sums.iter_mut().enumerate() {
            let at = tap + stretch * S::LANES;
            *sum += S::V::<I>::from_slice(simd, &window[at..at + S::LANES]) * h;
        }
    }
    for (sum, chunk) in sums.iter().zip(out.chunks_exact_mut(S::LANES)) {
        sum.abs().max_precise(S::V::<I>::from_slice(simd, chunk)).store_slice(chunk);
    }
}
