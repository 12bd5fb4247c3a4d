//! What a limiter's gain curve is made of: running maxima and sums, and a release. Lane axis: time.
//!
//! Everything runs over blocks of eight (four for the release): within a block by doubling, then from
//! block to block. A sum is a tree of three levels and a chain of the blocks: nothing drifts, and the
//! bits depend on the values of the slice alone.

use fearless_simd::{Simd, f32x8, f64x4, prelude::*};

use super::isa::{Isa, dispatch};
use super::scalar;

/// Values of a block.
pub(super) const BLOCK: usize = 8;
/// Values of a block of [`release`].
pub(super) const RELEASE_BLOCK: usize = 4;

/// `io[n] = max(io[0], …, io[n])`. The values are magnitudes: neither NaN nor −0.
pub fn running_max(isa: Isa, io: &mut [f32]) {
    dispatch!(isa, simd => forward::<_, true>(simd, io));
}

/// `io[n] = max(io[n], …, io[last])`. The values are magnitudes: neither NaN nor −0.
pub fn running_max_back(isa: Isa, io: &mut [f32]) {
    dispatch!(isa, simd => backward::<_, true>(simd, io));
}

/// `io[n] = io[0] + … + io[n]`. In each block of eight values for s = 1, 2, 4 `io[n] += io[n − s]`; to that
/// the sum of the blocks before is added, which grows block by block. The values are not −0.
pub fn running_sum(isa: Isa, io: &mut [f32]) {
    dispatch!(isa, simd => forward::<_, false>(simd, io));
}

/// `io[n] = io[n] + … + io[last]`, as [`running_sum`] from the other end; the length is a multiple of 8, or
/// the first values count as a short block.
pub fn running_sum_back(isa: Isa, io: &mut [f32]) {
    dispatch!(isa, simd => backward::<_, false>(simd, io));
}

#[inline(always)]
fn join<I: Simd, const MAX: bool>(here: f32x8<I>, there: f32x8<I>) -> f32x8<I> {
    if MAX { here.max(there) } else { here + there }
}

#[inline(always)]
fn forward<I: Simd, const MAX: bool>(simd: I, io: &mut [f32]) {
    let none = f32x8::splat(simd, 0.0);
    let (blocks, rest) = io.as_chunks_mut::<BLOCK>();
    for block in &mut *blocks {
        let mut x = f32x8::load_array_ref(simd, block);
        x = join::<I, MAX>(x, none.slide::<7>(x));
        x = join::<I, MAX>(x, none.slide::<6>(x));
        x = join::<I, MAX>(x, none.slide::<4>(x));
        x.store_array(block);
    }
    scalar::running_block::<MAX>(rest);
    let mut before = 0.0;
    for block in blocks {
        let [.., last] = *block;
        let x = f32x8::load_array_ref(simd, block);
        join::<I, MAX>(x, f32x8::splat(simd, before)).store_array(block);
        before = scalar::join::<MAX>(last, before);
    }
    rest.iter_mut().for_each(|x| *x = scalar::join::<MAX>(*x, before));
}

#[inline(always)]
fn backward<I: Simd, const MAX: bool>(simd: I, io: &mut [f32]) {
    let none = f32x8::splat(simd, 0.0);
    let (rest, blocks) = io.as_rchunks_mut::<BLOCK>();
    for block in &mut *blocks {
        let mut x = f32x8::load_array_ref(simd, block);
        x = join::<I, MAX>(x, x.slide::<1>(none));
        x = join::<I, MAX>(x, x.slide::<2>(none));
        x = join::<I, MAX>(x, x.slide::<4>(none));
        x.store_array(block);
    }
    scalar::running_block_back::<MAX>(rest);
    let mut behind = 0.0;
    for block in blocks.iter_mut().rev() {
        let [first, ..] = *block;
        let x = f32x8::load_array_ref(simd, block);
        join::<I, MAX>(x, f32x8::splat(simd, behind)).store_array(block);
        behind = scalar::join::<MAX>(first, behind);
    }
    rest.iter_mut().for_each(|x| *x = scalar::join::<MAX>(*x, behind));
}

/// The factor of a release over one to four frames.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReleasePowers(pub(super) [f64; RELEASE_BLOCK]);

impl ReleasePowers {
    /// r, r², r³ and r⁴.
    #[must_use]
    pub fn new(factor: f64) -> Self {
        let square = factor * factor;
        Self([factor, square, square * factor, square * square])
    }

    /// r.
    #[must_use]
    pub fn factor(&self) -> f64 {
        let [factor, ..] = self.0;
        factor
    }
}

/// Reductions with instant attack: `u[n] = max(1 − 1/over[n], r·u[n − 1])`, `z[n] = 1 − u[n]`; returns the
/// last u. `before` is the u before the first; the shorter of both slices counts.
///
/// In each block of four for s = 1, 2 `u[n] = max(u[n], r^s·u[n − s])`, then `max(u[n], r^(n + 1)·v)` with v
/// the last u of the block before.
pub fn release(isa: Isa, over: &[f32], before: f64, powers: &ReleasePowers, z: &mut [f32]) -> f64 {
    dispatch!(isa, simd => release_lanes(simd, over, before, powers, z))
}

#[inline(always)]
fn release_lanes<I: Simd>(
    simd: I,
    over: &[f32],
    before: f64,
    powers: &ReleasePowers,
    z: &mut [f32],
) -> f64 {
    let (blocks, rest) = over.as_chunks::<{ 2 * RELEASE_BLOCK }>();
    let (z_blocks, z_rest) = z.as_chunks_mut::<{ 2 * RELEASE_BLOCK }>();
    if blocks.len() != z_blocks.len() {
        return scalar::release(over, before, powers, z);
    }
    let (none, one) = (f64x4::splat(simd, 0.0), f64x4::splat(simd, 1.0));
    let all = f64x4::load_array_ref(simd, &powers.0);
    let [first, second, ..] = powers.0.map(|power| f64x4::splat(simd, power));
    let [.., fourth] = powers.0;
    let mut last = before;
    for (over, z) in blocks.iter().zip(z_blocks) {
        let (low, high) = f32x8::load_array_ref(simd, over).widen();
        let mut u = [one - one / low, one - one / high];
        for u in &mut u {
            *u = u.max(none.slide::<3>(*u) * first);
            *u = u.max(none.slide::<2>(*u) * second);
        }
        let [low, high] = u;
        let low_end = low.as_slice()[RELEASE_BLOCK - 1];
        let high_end = high.as_slice()[RELEASE_BLOCK - 1];
        let low = low.max(all * f64x4::splat(simd, last));
        last = scalar::higher(low_end, fourth * last);
        let high = high.max(all * f64x4::splat(simd, last));
        last = scalar::higher(high_end, fourth * last);
        (one - low).narrow(one - high).store_array(z);
    }
    scalar::release(rest, last, powers, z_rest)
}
