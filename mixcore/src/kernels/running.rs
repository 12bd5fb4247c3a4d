//! What a limiter's gain curve is made of: windows in parts, and a release. Lane axis: time.
//!
//! Everything runs over blocks of eight (four for the release): within a block by doubling, then from
//! block to block. A sum is a tree of three levels and a chain of the blocks: nothing drifts, and the
//! bits depend on the values of the slice alone.

use fearless_simd::{Simd, f32x8, f64x4, prelude::*};

use super::isa::{Isa, dispatch};
use super::sample::Sample;
use super::scalar;

/// Values of a block.
pub(super) const BLOCK: usize = 8;
/// Values of a block of [`release`].
pub(super) const RELEASE_BLOCK: usize = 4;

/// The parts of a window that starts in one chunk and ends in another, longer than a chunk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowParts<'s> {
    /// For each window what its first chunk has from the window's start on.
    pub ends: &'s [f32],
    /// So many windows, the first ones, hold `middle` between that and the newest chunk, the others
    /// `later`.
    pub first: usize,
    /// What the chunks between have together.
    pub middle: f32,
    /// What they have without the oldest of them.
    pub later: f32,
}

/// Largest values of windows that end in `new`: `out[n]` = max of `ends[n]`, of what lies between, and of
/// `new[0] … new[n]`; `back[n]` = max(new\[n\], …, new\[last\]). The values are magnitudes. Only whole blocks
/// of eight count, as far as all slices reach.
pub fn window_maxima(
    isa: Isa,
    new: &[f32],
    parts: &WindowParts<'_>,
    back: &mut [f32],
    out: &mut [f32],
) {
    dispatch!(isa, simd => window_lanes::<_, true>(simd, new, parts, 1.0, back, out));
}

/// Means over windows of `length` values that end in `new`: `out[n]` = ((`ends[n]` + what lies between) +
/// (new\[0\] + … + new\[n\]))/length, `back[n]` = new\[n\] + … + new\[last\]. Within a block of eight the sums go by
/// doubling, for s = 1, 2, 4 `x[n] += x[n − s]` (or `n + s`), and from block to block in turn. The values are
/// not −0. Only whole blocks count, as far as all slices reach.
pub fn window_means(
    isa: Isa,
    new: &[f32],
    parts: &WindowParts<'_>,
    length: f32,
    back: &mut [f32],
    out: &mut [f32],
) {
    dispatch!(isa, simd => window_lanes::<_, false>(simd, new, parts, length, back, out));
}

#[inline(always)]
fn join<I: Simd, const MAX: bool>(here: f32x8<I>, there: f32x8<I>) -> f32x8<I> {
    if MAX { here.max(there) } else { here + there }
}

#[inline(always)]
fn window_lanes<I: Simd, const MAX: bool>(
    simd: I,
    new: &[f32],
    parts: &WindowParts<'_>,
    length: f32,
    back: &mut [f32],
    out: &mut [f32],
) {
    let none = f32x8::splat(simd, 0.0);
    let length = f32x8::splat(simd, length);
    let (new, ends) = (new.as_chunks::<BLOCK>().0, parts.ends.as_chunks::<BLOCK>().0);
    let (back, out) = (back.as_chunks_mut::<BLOCK>().0, out.as_chunks_mut::<BLOCK>().0);
    let blocks = new.len().min(ends.len()).min(back.len()).min(out.len());
    let mut before = 0.0;
    for (n, ((x, end), (back, out))) in
        new.iter().zip(ends).zip(back.iter_mut().zip(out)).enumerate()
    {
        let x = f32x8::load_array_ref(simd, x);
        let mut forward = join::<I, MAX>(x, none.slide::<7>(x));
        forward = join::<I, MAX>(forward, none.slide::<6>(forward));
        forward = join::<I, MAX>(forward, none.slide::<4>(forward));
        let mut backward = join::<I, MAX>(x, x.slide::<1>(none));
        backward = join::<I, MAX>(backward, backward.slide::<2>(none));
        backward = join::<I, MAX>(backward, backward.slide::<4>(none));
        backward.store_array(back);
        let last = forward.as_slice()[BLOCK - 1];
        forward = join::<I, MAX>(forward, f32x8::splat(simd, before));
        before = scalar::join::<MAX>(last, before);

        let end = f32x8::load_array_ref(simd, end);
        let between: f32x8<I> = match parts.first.saturating_sub(n * BLOCK) {
            0 => f32x8::splat(simd, parts.later),
            BLOCK.. => f32x8::splat(simd, parts.middle),
            first => f32x8::load_array(
                simd,
                core::array::from_fn(|lane| if lane < first { parts.middle } else { parts.later }),
            ),
        };
        let all = join::<I, MAX>(join::<I, MAX>(end, between), forward);
        if MAX { all } else { all / length }.store_array(out);
    }
    let mut behind = 0.0;
    for back in back.iter_mut().take(blocks).rev() {
        let [first, ..] = *back;
        let x = f32x8::load_array_ref(simd, back);
        join::<I, MAX>(x, f32x8::splat(simd, behind)).store_array(back);
        behind = scalar::join::<MAX>(first, behind);
    }
}

/// `over[n] = max(over[n], |samples[n]|/aims[n])`, the magnitude as f32, as far as all slices reach. None
/// is NaN.
pub fn exceed<S: Sample>(isa: Isa, samples: &[S], aims: &[f32], over: &mut [f32]) {
    S::exceed(isa, samples, aims, over);
}

#[inline(always)]
pub(super) fn exceed_lanes<I: Simd, S: Sample>(
    simd: I,
    samples: &[S],
    aims: &[f32],
    over: &mut [f32],
) {
    let frames = samples.len().min(aims.len()).min(over.len());
    let whole = frames - frames % BLOCK;
    let blocks = samples.as_chunks::<BLOCK>().0.iter().zip(aims.as_chunks::<BLOCK>().0);
    for ((samples, aim), over) in blocks.zip(over.as_chunks_mut::<BLOCK>().0) {
        let ratio = S::load_magnitudes(simd, samples) / f32x8::load_array_ref(simd, aim);
        f32x8::load_array_ref(simd, over).max(ratio).store_array(over);
    }
    scalar::exceed(
        samples.get(whole..).unwrap_or_default(),
        aims.get(whole..).unwrap_or_default(),
        over.get_mut(whole..).unwrap_or_default(),
    );
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
