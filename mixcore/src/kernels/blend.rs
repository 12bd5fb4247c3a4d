//! A processed signal and its dry one, mixed by a control signal. Lane axis: time.

use fearless_simd::{Select, Simd, prelude::*};

use super::isa::Isa;
use super::lanes::Lanes;
use super::sample::Sample;

/// `io[n] = dry[n] + (io[n] − dry[n])·shares[n]`; where a share is 1 or 0, `io[n]` or `dry[n]` itself,
/// bit for bit (the shortest of the lengths counts).
pub fn blend<S: Sample>(isa: Isa, io: &mut [S], dry: &[S], shares: &[f32]) {
    S::blend(isa, io, dry, shares);
}

#[inline(always)]
pub(super) fn blend_lanes<I: Simd, S: Sample>(simd: I, io: &mut [S], dry: &[S], shares: &[f32]) {
    let frames = io.len().min(dry.len()).min(shares.len());
    let whole = frames - frames % S::LANES;
    let (zero, one) = (S::V::<I>::splat(simd, S::zero()), S::V::<I>::splat(simd, S::one()));
    let (io, io_tail) = io[..frames].split_at_mut(whole);
    let (dry, dry_tail) = dry[..frames].split_at(whole);
    let (shares, shares_tail) = shares[..frames].split_at(whole);
    let inputs = dry.chunks_exact(S::LANES).zip(shares.chunks_exact(S::LANES));
    for (io, (dry, shares)) in io.chunks_exact_mut(S::LANES).zip(inputs) {
        let (wet, dry) = (S::V::<I>::from_slice(simd, io), S::V::<I>::from_slice(simd, dry));
        let share = <S as Lanes>::load_f32(simd, shares);
        let mixed = dry + (wet - dry) * share;
        let mixed = share.simd_eq(zero).select(dry, mixed);
        share.simd_eq(one).select(wet, mixed).store_slice(io);
    }
    super::scalar::blend(io_tail, dry_tail, shares_tail);
}
