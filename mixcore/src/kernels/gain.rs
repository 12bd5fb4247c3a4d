//! Gain in place. Lane axis: time.

use fearless_simd::{Simd, prelude::*};

use super::isa::Isa;
use super::lanes::Lanes;
use super::sample::Sample;

/// `io[n] *= gain`. A gain of exactly 1 keeps every bit.
pub fn gain<S: Sample>(isa: Isa, io: &mut [S], gain: S) {
    S::gain(isa, io, gain);
}

#[inline(always)]
pub(super) fn gain_lanes<I: Simd, S: Sample>(simd: I, io: &mut [S], gain: S) {
    /// Vectors of a turn: the loop's own counting would cost as much as one of them.
    const TURN: usize = 4;
    let (turns, rest) = io.split_at_mut(io.len() - io.len() % (TURN * S::LANES));
    for turn in turns.chunks_exact_mut(TURN * S::LANES) {
        for chunk in turn.chunks_exact_mut(S::LANES) {
            (S::V::<I>::from_slice(simd, chunk) * gain).store_slice(chunk);
        }
    }
    let (chunks, tail) = rest.split_at_mut(rest.len() - rest.len() % S::LANES);
    for chunk in chunks.chunks_exact_mut(S::LANES) {
        (S::V::<I>::from_slice(simd, chunk) * gain).store_slice(chunk);
    }
    for sample in tail {
        *sample *= gain;
    }
}

/// `io[n] *= start + step · (first + n)`: a linear ramp counted from its own origin, so that every
/// split of a block gives the same bits. `first + io.len()` stays below 2^24, so that every count
/// is exact in f32.
pub fn gain_ramp<S: Sample>(isa: Isa, io: &mut [S], start: S, step: S, first: usize) {
    S::gain_ramp(isa, io, start, step, first);
}

#[inline(always)]
pub(super) fn gain_ramp_lanes<I: Simd, S: Sample>(
    simd: I,
    io: &mut [S],
    start: S,
    step: S,
    first: usize,
) {
    let iota = <S as Lanes>::iota(simd);
    let mut at = first;
    let (chunks, tail) = io.split_at_mut(io.len() - io.len() % S::LANES);
    for chunk in chunks.chunks_exact_mut(S::LANES) {
        let index = iota + super::scalar::count::<S>(at);
        let ramp = index * step + start;
        (S::V::<I>::from_slice(simd, chunk) * ramp).store_slice(chunk);
        at = at.wrapping_add(S::LANES);
    }
    for sample in tail {
        *sample *= super::scalar::count::<S>(at) * step + start;
        at = at.wrapping_add(1);
    }
}

/// `io[n] *= gains[n]`: applies a control signal of the same length (the shorter of both counts).
pub fn apply_gains<S: Sample>(isa: Isa, io: &mut [S], gains: &[f32]) {
    S::apply_gains(isa, io, gains);
}

#[inline(always)]
pub(super) fn apply_gains_lanes<I: Simd, S: Sample>(simd: I, io: &mut [S], gains: &[f32]) {
    let frames = io.len().min(gains.len());
    let whole = frames - frames % S::LANES;
    let (chunks, tail) = io[..frames].split_at_mut(whole);
    let (gain_chunks, gain_tail) = gains[..frames].split_at(whole);
    for (chunk, gain) in chunks.chunks_exact_mut(S::LANES).zip(gain_chunks.chunks_exact(S::LANES)) {
        let gain = <S as Lanes>::load_f32(simd, gain);
        (S::V::<I>::from_slice(simd, chunk) * gain).store_slice(chunk);
    }
    for (sample, &gain) in tail.iter_mut().zip(gain_tail) {
        *sample *= S::from_f64(f64::from(gain));
    }
}

/// `to[n] = from[n] · gains[n]`, as far as all slices reach.
pub fn scale_into<S: Sample>(isa: Isa, from: &[S], gains: &[f32], to: &mut [S]) {
    S::scale_into(isa, from, gains, to);
}

#[inline(always)]
pub(super) fn scale_into_lanes<I: Simd, S: Sample>(
    simd: I,
    from: &[S],
    gains: &[f32],
    to: &mut [S],
) {
    let frames = from.len().min(gains.len()).min(to.len());
    let whole = frames - frames % S::LANES;
    let chunks = from.chunks_exact(S::LANES).zip(gains.chunks_exact(S::LANES));
    for ((from, gain), to) in chunks.zip(to.chunks_exact_mut(S::LANES)) {
        let gain = <S as Lanes>::load_f32(simd, gain);
        (S::V::<I>::from_slice(simd, from) * gain).store_slice(to);
    }
    super::scalar::scale_into(
        from.get(whole..).unwrap_or_default(),
        gains.get(whole..).unwrap_or_default(),
        to.get_mut(whole..).unwrap_or_default(),
    );
}
