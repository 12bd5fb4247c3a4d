//! Sums of signals. Lane axis: time.

use fearless_simd::{Simd, f64x8, prelude::*};

use super::isa::Isa;
use super::lanes::Lanes;
use super::sample::Sample;

/// `sum[n] += source[n] · gain` in the sample type (the shorter of both lengths counts).
pub fn add_scaled<S: Sample>(isa: Isa, sum: &mut [S], source: &[S], gain: S) {
    S::add_scaled(isa, sum, source, gain);
}

#[inline(always)]
pub(super) fn add_scaled_lanes<I: Simd, S: Sample>(simd: I, sum: &mut [S], source: &[S], gain: S) {
    let frames = sum.len().min(source.len());
    let whole = frames - frames % S::LANES;
    let (to, to_tail) = sum[..frames].split_at_mut(whole);
    let (from, from_tail) = source[..frames].split_at(whole);
    for (to, from) in to.chunks_exact_mut(S::LANES).zip(from.chunks_exact(S::LANES)) {
        let scaled = S::V::<I>::from_slice(simd, from) * gain;
        (S::V::<I>::from_slice(simd, to) + scaled).store_slice(to);
    }
    for (to, &from) in to_tail.iter_mut().zip(from_tail) {
        *to += from * gain;
    }
}

/// `sum[n] += source[n] · gain` in f64: the bus accumulator, rounded once by [`round_into`].
pub fn accumulate<S: Sample>(isa: Isa, sum: &mut [f64], source: &[S], gain: f64) {
    S::accumulate(isa, sum, source, gain);
}

#[inline(always)]
pub(super) fn accumulate_lanes<I: Simd, S: Sample>(
    simd: I,
    sum: &mut [f64],
    source: &[S],
    gain: f64,
) {
    let frames = sum.len().min(source.len());
    let (to, to_tail) = sum[..frames].as_chunks_mut();
    let (from, from_tail) = source[..frames].as_chunks();
    for (to, from) in to.iter_mut().zip(from) {
        let scaled = <S as Lanes>::load_f64(simd, from) * gain;
        (f64x8::load_array_ref(simd, to) + scaled).store_array(to);
    }
    for (to, from) in to_tail.iter_mut().zip(from_tail) {
        *to += from.as_f64() * gain;
    }
}

/// `sum[n] += source[n] · (start + step · (first + n))` in f64: the bus accumulator under a gain that
/// moves along a line counted from its own origin, so that every split of a block gives the same bits.
pub fn accumulate_ramp<S: Sample>(
    isa: Isa,
    sum: &mut [f64],
    source: &[S],
    start: f64,
    step: f64,
    first: usize,
) {
    S::accumulate_ramp(isa, sum, source, start, step, first);
}

#[inline(always)]
pub(super) fn accumulate_ramp_lanes<I: Simd, S: Sample>(
    simd: I,
    sum: &mut [f64],
    source: &[S],
    start: f64,
    step: f64,
    first: usize,
) {
    let iota = <f64 as Lanes>::iota(simd);
    let frames = sum.len().min(source.len());
    let (to, to_tail) = sum[..frames].as_chunks_mut();
    let (from, from_tail) = source[..frames].as_chunks();
    let mut at = first;
    for (to, from) in to.iter_mut().zip(from) {
        let gain = (iota + super::scalar::count::<f64>(at)) * step + start;
        let scaled = <S as Lanes>::load_f64(simd, from) * gain;
        (f64x8::load_array_ref(simd, to) + scaled).store_array(to);
        at = at.wrapping_add(to.len());
    }
    for (to, from) in to_tail.iter_mut().zip(from_tail) {
        *to += from.as_f64() * (super::scalar::count::<f64>(at) * step + start);
        at = at.wrapping_add(1);
    }
}

/// Rounds an f64 accumulator to samples (the shorter of both lengths counts).
///
/// Runs at the target's baseline on every CPU: at AVX2 the compiler converts with 256-bit loads into
/// 128-bit registers and leaves without `vzeroupper` (rustc 1.95), which slows the caller's scalar
/// code several times. `isa` is there because every kernel takes one.
pub fn round_into<S: Sample>(isa: Isa, sum: &[f64], out: &mut [S]) {
    let _ = isa;
    S::round_into(Isa::baseline(), sum, out);
}

#[inline(always)]
pub(super) fn round_into_lanes<I: Simd, S: Sample>(simd: I, sum: &[f64], out: &mut [S]) {
    let frames = sum.len().min(out.len());
    let (to, to_tail) = out[..frames].as_chunks_mut();
    let (from, from_tail) = sum[..frames].as_chunks();
    for (to, from) in to.iter_mut().zip(from) {
        <S as Lanes>::store_f64(simd, f64x8::load_array_ref(simd, from), to);
    }
    for (to, &from) in to_tail.iter_mut().zip(from_tail) {
        *to = S::from_f64(from);
    }
}
