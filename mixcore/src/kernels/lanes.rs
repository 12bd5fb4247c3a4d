//! The vector type of each sample type: 16 lanes of f32 or 8 lanes of f64 on every level.
//!
//! `Sample` has this trait as a hidden supertrait, so kernels are written once for both types and
//! the SIMD crate never shows in a public signature.

use fearless_simd::{
    Simd, SimdBase, SimdFloat, SimdFloatElement, f32x4, f32x8, f32x16, f64x2, f64x4, f64x8,
    prelude::*,
};

/// Hidden supertrait of [`crate::audio::Sample`].
pub trait Lanes: Sized + Copy + SimdFloatElement {
    /// The fixed-width vector of this sample type.
    type V<I: Simd>: SimdFloat<I, Element = Self>;
    /// Lanes of [`Lanes::V`].
    const LANES: usize;
    /// Half of [`Lanes::V`]: one register of AVX2, for kernels that hold many vectors at once.
    type H<I: Simd>: SimdFloat<I, Element = Self>;
    /// Lanes of [`Lanes::H`].
    const HALF: usize = Self::LANES / 2;
    /// 0, 1, 2 … in the lanes.
    fn iota<I: Simd>(simd: I) -> Self::V<I>;
    /// The first [`Lanes::LANES`] samples; zeros where there are fewer.
    fn load<I: Simd>(simd: I, samples: &[Self]) -> Self::V<I>;
    /// Eight samples as f64.
    fn load_f64<I: Simd>(simd: I, samples: &[Self; 8]) -> f64x8<I>;
    /// Eight f64 rounded to samples.
    fn store_f64<I: Simd>(simd: I, values: f64x8<I>, samples: &mut [Self; 8]);
    /// [`Lanes::LANES`] control values (f32) as samples.
    fn load_f32<I: Simd>(simd: I, control: &[f32]) -> Self::V<I>;
    /// The magnitudes of eight samples as f32.
    fn load_magnitudes<I: Simd>(simd: I, samples: &[Self; 8]) -> f32x8<I>;
    /// `to = max(to, values)` in f32 for [`Lanes::LANES`] control values.
    fn raise_f32<I: Simd>(simd: I, values: Self::V<I>, to: &mut [f32]);
    /// Four frames of eight rows as f64, turned so that each vector holds one frame.
    fn turn<I: Simd>(simd: I, rows: [&[Self; 4]; 8]) -> [f64x8<I>; 4];
    /// The sum of each vector's lanes, in one tree: with s(n) = lane n + lane n + 4 where there are
    /// eight, (s(0) + s(2)) + (s(1) + s(3)).
    fn fold<I: Simd>(simd: I, sums: [Self::H<I>; 4]) -> [Self; 4];
}

/// Turns four rows of four: a perfect shuffle rotates the four bits of (row, column) by one, so two
/// of them transpose.
#[inline(always)]
pub(super) fn turn_four<I: Simd, V: SimdBase<I>>([a, b, c, d]: [V; 4]) -> [V; 4] {
    let (ac_low, ac_high) = a.interleave(c);
    let (bd_low, bd_high) = b.interleave(d);
    let (first, second) = ac_low.interleave(bd_low);
    let (third, fourth) = ac_high.interleave(bd_high);
    [first, second, third, fourth]
}

impl Lanes for f32 {
    type V<I: Simd> = f32x16<I>;
    const LANES: usize = 16;
    type H<I: Simd> = f32x8<I>;

    #[inline(always)]
    fn iota<I: Simd>(simd: I) -> f32x16<I> {
        f32x16::load_array(
            simd,
            [0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.],
        )
    }

    #[inline(always)]
    fn load<I: Simd>(simd: I, samples: &[Self]) -> f32x16<I> {
        match samples.first_chunk() {
            Some(chunk) => f32x16::load_array_ref(simd, chunk),
            None => f32x16::splat(simd, 0.0),
        }
    }

    #[inline(always)]
    fn load_f64<I: Simd>(simd: I, samples: &[Self; 8]) -> f64x8<I> {
        let (low, high) = f32x8::load_array_ref(simd, samples).widen();
        low.combine(high)
    }

    #[inline(always)]
    fn store_f64<I: Simd>(_simd: I, values: f64x8<I>, samples: &mut [Self; 8]) {
        let (low, high): (f64x4<I>, f64x4<I>) = values.split();
        low.narrow(high).store_array(samples);
    }

    #[inline(always)]
    fn load_f32<I: Simd>(simd: I, control: &[f32]) -> f32x16<I> {
        f32x16::from_slice(simd, control)
    }

    #[inline(always)]
    fn load_magnitudes<I: Simd>(simd: I, samples: &[Self; 8]) -> f32x8<I> {
        f32x8::load_array_ref(simd, samples).abs()
    }

    #[inline(always)]
    fn raise_f32<I: Simd>(simd: I, values: f32x16<I>, to: &mut [f32]) {
        values.max_precise(f32x16::from_slice(simd, to)).store_slice(to);
    }

    #[inline(always)]
    fn turn<I: Simd>(simd: I, rows: [&[Self; 4]; 8]) -> [f64x8<I>; 4] {
        let t: [f32x4<I>; 8] = core::array::from_fn(|row| f32x4::load_array_ref(simd, rows[row]));
        let low = turn_four([t[0], t[1], t[2], t[3]]);
        let high = turn_four([t[4], t[5], t[6], t[7]]);
        core::array::from_fn(|n| {
            let (a, b) = low[n].combine(high[n]).widen();
            a.combine(b)
        })
    }

    #[inline(always)]
    fn fold<I: Simd>(_simd: I, sums: [f32x8<I>; 4]) -> [Self; 4] {
        let four: [f32x4<I>; 4] = core::array::from_fn(|n| {
            let (low, high) = sums[n].split();
            low + high
        });
        let [a, b, c, d] = turn_four(four);
        let mut folded = [0.0; 4];
        ((a + c) + (b + d)).store_array(&mut folded);
        folded
    }
}

impl Lanes for f64 {
    type V<I: Simd> = f64x8<I>;
    const LANES: usize = 8;
    type H<I: Simd> = f64x4<I>;

    #[inline(always)]
    fn iota<I: Simd>(simd: I) -> f64x8<I> {
        f64x8::load_array(simd, [0., 1., 2., 3., 4., 5., 6., 7.])
    }

    #[inline(always)]
    fn load<I: Simd>(simd: I, samples: &[Self]) -> f64x8<I> {
        match samples.first_chunk() {
            Some(chunk) => f64x8::load_array_ref(simd, chunk),
            None => f64x8::splat(simd, 0.0),
        }
    }

    #[inline(always)]
    fn load_f64<I: Simd>(simd: I, samples: &[Self; 8]) -> f64x8<I> {
        f64x8::load_array_ref(simd, samples)
    }

    #[inline(always)]
    fn store_f64<I: Simd>(_simd: I, values: f64x8<I>, samples: &mut [Self; 8]) {
        values.store_array(samples);
    }

    #[inline(always)]
    fn load_f32<I: Simd>(simd: I, control: &[f32]) -> f64x8<I> {
        let (low, high) = f32x8::from_slice(simd, control).widen();
        low.combine(high)
    }

    #[inline(always)]
    fn load_magnitudes<I: Simd>(simd: I, samples: &[Self; 8]) -> f32x8<I> {
        let (low, high): (f64x4<I>, f64x4<I>) = f64x8::load_array_ref(simd, samples).split();
        low.narrow(high).abs()
    }

    #[inline(always)]
    fn raise_f32<I: Simd>(simd: I, values: f64x8<I>, to: &mut [f32]) {
        let (low, high): (f64x4<I>, f64x4<I>) = values.split();
        low.narrow(high).max_precise(f32x8::from_slice(simd, to)).store_slice(to);
    }

    #[inline(always)]
    fn turn<I: Simd>(simd: I, rows: [&[Self; 4]; 8]) -> [f64x8<I>; 4] {
        let t: [f64x4<I>; 8] = core::array::from_fn(|row| f64x4::load_array_ref(simd, rows[row]));
        let low = turn_four([t[0], t[1], t[2], t[3]]);
        let high = turn_four([t[4], t[5], t[6], t[7]]);
        core::array::from_fn(|n| low[n].combine(high[n]))
    }

    #[inline(always)]
    fn fold<I: Simd>(_simd: I, sums: [f64x4<I>; 4]) -> [Self; 4] {
        let two: [f64x2<I>; 4] = core::array::from_fn(|n| {
            let (low, high) = sums[n].split();
            low + high
        });
        let (a, b) = two[0].interleave(two[1]);
        let (c, d) = two[2].interleave(two[3]);
        let mut folded = [0.0; 4];
        (a + b).combine(c + d).store_array(&mut folded);
        folded
    }
}
