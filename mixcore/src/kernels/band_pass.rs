//! Eight band-pass filters side by side, for one channel or for a pair. Lane axis: bands.
//!
//! Each is a cascade of biquads with the numerator 1 − z⁻², so a section costs five operations:
//!
//! > y = x − u1,  u1' = u2 + a1·y,  u2' = x + a2·y
//!
//! The recursion and the sums run serially in time, so every split of a signal gives the same bits.
//! The outputs are not scaled: whoever reads the sums multiplies them by the square of the gain.

use fearless_simd::{Simd, f64x8, prelude::*};

use super::isa::{Isa, dispatch};
use super::sample::Sample;
use super::settle::settled_lanes;

/// Bands that run side by side.
pub const BAND_LANES: usize = 8;
/// Most sections of a band-pass: order 8.
pub const BAND_SECTIONS: usize = 4;

/// Eight band-passes with the same number of sections.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandPasses {
    /// a1 and a2 of each section.
    pub a: [[[f64; BAND_LANES]; 2]; BAND_SECTIONS],
    /// Sections that run, 3 or 4.
    pub sections: usize,
}

/// u1 and u2 of each section.
pub type BandState = [[[f64; BAND_LANES]; 2]; BAND_SECTIONS];

/// Sums over the outputs of a pair of channels: Σ l², Σ r² and Σ l·r of each band.
pub type BandProducts = [[f64; BAND_LANES]; 3];

/// `sums[band] += Σ y²`, serially in time.
pub fn band_energies<S: Sample>(
    isa: Isa,
    filters: &BandPasses,
    samples: &[S],
    state: &mut BandState,
    sums: &mut [f64; BAND_LANES],
) {
    S::band_energies(isa, filters, samples, state, sums);
}

#[inline(always)]
pub(super) fn band_energies_lanes<I: Simd, S: Sample>(
    simd: I,
    filters: &BandPasses,
    samples: &[S],
    state: &mut BandState,
    sums: &mut [f64; BAND_LANES],
) {
    match filters.sections {
        3 => energies::<_, S, 3>(simd, filters, samples, state, sums),
        _ => energies::<_, S, BAND_SECTIONS>(simd, filters, samples, state, sums),
    }
}

#[inline(always)]
fn energies<I: Simd, S: Sample, const N: usize>(
    simd: I,
    filters: &BandPasses,
    samples: &[S],
    state: &mut BandState,
    sums: &mut [f64; BAND_LANES],
) {
    let a = load::<I, N>(simd, &filters.a);
    let mut u = load::<I, N>(simd, state);
    let mut energy = f64x8::load_array_ref(simd, sums);
    for x in samples {
        let y = cascade(f64x8::splat(simd, x.as_f64()), &a, &mut u);
        energy += y * y;
    }
    store(&u, state);
    energy.store_array(sums);
}

/// Adds Σ l², Σ r² and Σ l·r of each band to `sums`, serially in time (the shorter of both channels
/// counts).
pub fn band_products<S: Sample>(
    isa: Isa,
    filters: &BandPasses,
    left: &[S],
    right: &[S],
    states: &mut [BandState; 2],
    sums: &mut BandProducts,
) {
    S::band_products(isa, filters, left, right, states, sums);
}

#[inline(always)]
pub(super) fn band_products_lanes<I: Simd, S: Sample>(
    simd: I,
    filters: &BandPasses,
    left: &[S],
    right: &[S],
    states: &mut [BandState; 2],
    sums: &mut BandProducts,
) {
    match filters.sections {
        3 => products::<_, S, 3>(simd, filters, left, right, states, sums),
        _ => products::<_, S, BAND_SECTIONS>(simd, filters, left, right, states, sums),
    }
}

#[inline(always)]
fn products<I: Simd, S: Sample, const N: usize>(
    simd: I,
    filters: &BandPasses,
    left: &[S],
    right: &[S],
    states: &mut [BandState; 2],
    sums: &mut BandProducts,
) {
    let a = load::<I, N>(simd, &filters.a);
    let [state_l, state_r] = states;
    let mut u = load::<I, N>(simd, state_l);
    let mut v = load::<I, N>(simd, state_r);
    let [ll, rr, lr] = sums;
    let mut sum_ll = f64x8::load_array_ref(simd, ll);
    let mut sum_rr = f64x8::load_array_ref(simd, rr);
    let mut sum_lr = f64x8::load_array_ref(simd, lr);
    for (l, r) in left.iter().zip(right) {
        let l = cascade(f64x8::splat(simd, l.as_f64()), &a, &mut u);
        let r = cascade(f64x8::splat(simd, r.as_f64()), &a, &mut v);
        sum_ll += l * l;
        sum_rr += r * r;
        sum_lr += l * r;
    }
    store(&u, state_l);
    store(&v, state_r);
    sum_ll.store_array(ll);
    sum_rr.store_array(rr);
    sum_lr.store_array(lr);
}

#[inline(always)]
fn cascade<I: Simd, const N: usize>(
    mut x: f64x8<I>,
    a: &[[f64x8<I>; 2]; N],
    u: &mut [[f64x8<I>; 2]; N],
) -> f64x8<I> {
    for (a, u) in a.iter().zip(u) {
        let y = x - u[0];
        u[0] = u[1] + a[0] * y;
        u[1] = x + a[1] * y;
        x = y;
    }
    x
}

#[inline(always)]
fn load<I: Simd, const N: usize>(simd: I, rows: &BandState) -> [[f64x8<I>; 2]; N] {
    let mut loaded = [[f64x8::splat(simd, 0.0); 2]; N];
    for (to, from) in loaded.iter_mut().zip(rows) {
        to[0] = f64x8::load_array_ref(simd, &from[0]);
        to[1] = f64x8::load_array_ref(simd, &from[1]);
    }
    loaded
}

#[inline(always)]
fn store<I: Simd, const N: usize>(loaded: &[[f64x8<I>; 2]; N], rows: &mut BandState) {
    for (from, to) in loaded.iter().zip(rows) {
        from[0].store_array(&mut to[0]);
        from[1].store_array(&mut to[1]);
    }
}

/// Sections whose states are tiny come to rest (`kernels/settle.rs`).
///
/// To be called at multiples of 64 frames of the absolute counter.
pub fn settle_bands(isa: Isa, state: &mut BandState) {
    dispatch!(isa, simd => settle(simd, state));
}

#[inline(always)]
fn settle<I: Simd>(simd: I, state: &mut BandState) {
    for [u1, u2] in state {
        let u = [f64x8::load_array_ref(simd, u1), f64x8::load_array_ref(simd, u2)];
        let [a, b] = settled_lanes(simd, u);
        a.store_array(u1);
        b.store_array(u2);
    }
}
