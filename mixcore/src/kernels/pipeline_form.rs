//! What the lanes of the band pipeline hold: two bands of two channels, or two bands of one. Lane
//! axis: bands x channels.

use fearless_simd::{Simd, f64x2, f64x4, prelude::*};

/// Two bands of two channels: band 2v left and right, band 2v + 1 left and right.
pub(super) type Quad = [f64; 4];

/// How a vector holds an even band and the odd one after it.
pub(super) trait Form<I: Simd> {
    /// One sample of every channel.
    type Frame: Copy + Default;
    /// A vector in memory.
    type Lanes: Copy + Default;
    /// A vector.
    type V: SimdFloat<I, Element = f64>;

    /// The lanes of this form.
    fn pick<const N: usize>(quads: &[Quad; N]) -> [Self::Lanes; N];
    /// A vector from memory.
    fn load(simd: I, lanes: &Self::Lanes) -> Self::V;
    /// A vector back to its lanes; those of a channel that is not there stay.
    fn put(v: Self::V, quad: &mut Quad);
    /// A number for the even and one for the odd band.
    fn bands(simd: I, even_odd: [f64; 2]) -> Self::V;
    /// A frame where [`Form::moved_up`] looks for what comes before.
    fn entering(simd: I, frame: &Self::Frame) -> Self::V;
    /// The odd band of the vector before, then the even band of this one.
    fn moved_up(before: Self::V, this: Self::V) -> Self::V;
    /// The even band of one vector and the odd band of another.
    fn even_odd(even: Self::V, odd: Self::V) -> Self::V;
    /// The odd band.
    fn given(v: Self::V) -> Self::Frame;
}

/// A pair of channels.
pub(super) struct Pair;

impl<I: Simd> Form<I> for Pair {
    type Frame = [f64; 2];
    type Lanes = Quad;
    type V = f64x4<I>;

    #[inline(always)]
    fn pick<const N: usize>(quads: &[Quad; N]) -> [Quad; N] {
        *quads
    }

    #[inline(always)]
    fn load(simd: I, lanes: &Quad) -> f64x4<I> {
        f64x4::load_array_ref(simd, lanes)
    }

    #[inline(always)]
    fn put(v: f64x4<I>, quad: &mut Quad) {
        v.store_array(quad);
    }

    #[inline(always)]
    fn bands(simd: I, [even, odd]: [f64; 2]) -> f64x4<I> {
        f64x4::load_array(simd, [even, even, odd, odd])
    }

    #[inline(always)]
    fn entering(simd: I, frame: &[f64; 2]) -> f64x4<I> {
        let frame = f64x2::load_array_ref(simd, frame);
        frame.combine(frame)
    }

    #[inline(always)]
    fn moved_up(before: f64x4<I>, this: f64x4<I>) -> f64x4<I> {
        before.split().1.combine(this.split().0)
    }

    #[inline(always)]
    fn even_odd(even: f64x4<I>, odd: f64x4<I>) -> f64x4<I> {
        even.split().0.combine(odd.split().1)
    }

    #[inline(always)]
    fn given(v: f64x4<I>) -> [f64; 2] {
        let mut frame = [0.0; 2];
        v.split().1.store_array(&mut frame);
        frame
    }
}

/// One channel, in the lanes of a pair's first.
pub(super) struct One;

impl<I: Simd> Form<I> for One {
    type Frame = f64;
    type Lanes = [f64; 2];
    type V = f64x2<I>;

    #[inline(always)]
    fn pick<const N: usize>(quads: &[Quad; N]) -> [[f64; 2]; N] {
        quads.map(
            #[inline(always)]
            |[even, _, odd, _]| [even, odd],
        )
    }

    #[inline(always)]
    fn load(simd: I, lanes: &[f64; 2]) -> f64x2<I> {
        f64x2::load_array_ref(simd, lanes)
    }

    #[inline(always)]
    fn put(v: f64x2<I>, [even, _, odd, _]: &mut Quad) {
        let mut lanes = [0.0; 2];
        v.store_array(&mut lanes);
        [*even, *odd] = lanes;
    }

    #[inline(always)]
    fn bands(simd: I, even_odd: [f64; 2]) -> f64x2<I> {
        f64x2::load_array(simd, even_odd)
    }

    #[inline(always)]
    fn entering(simd: I, frame: &f64) -> f64x2<I> {
        f64x2::splat(simd, *frame)
    }

    #[inline(always)]
    fn moved_up(before: f64x2<I>, this: f64x2<I>) -> f64x2<I> {
        before.slide::<1>(this)
    }

    #[inline(always)]
    fn even_odd(even: f64x2<I>, odd: f64x2<I>) -> f64x2<I> {
        // Twice the odd band of the one and the even band of the other, then their odd and even.
        even.slide::<1>(even).slide::<1>(odd.slide::<1>(odd))
    }

    #[inline(always)]
    fn given(v: f64x2<I>) -> f64 {
        let mut lanes = [0.0; 2];
        v.store_array(&mut lanes);
        let [_, odd] = lanes;
        odd
    }
}
