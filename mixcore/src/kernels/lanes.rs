//! The vector type of each sample type: 16 lanes of f32 or 8 lanes of f64 on every level.
//!
//! `Sample` has this trait as a hidden supertrait, so kernels are written once for both types and
//! the SIMD crate never shows in a public signature.

use fearless_simd::{Simd, SimdFloat, SimdFloatElement, f32x8, f32x16, f64x4, f64x8, prelude::*};

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
}
