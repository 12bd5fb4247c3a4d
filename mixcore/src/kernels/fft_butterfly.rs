//! The arithmetic of the FFT: complex numbers and butterflies, of one value or of a vector of them.
//!
//! What is written here is done in the same order by every level and by the plain twin, so all of
//! them have the same bits. A butterfly of radix R is the DFT of R values,
//! y\[k\] = Σ_j a\[j\]·e^(−2πi·jk/R).

use core::ops::{Add, Mul, Sub};

/// Values that can be added and subtracted: a sample or a vector of samples.
pub(super) trait Values: Copy + Add<Output = Self> + Sub<Output = Self> {}

impl<T> Values for T where T: Copy + Add<Output = Self> + Sub<Output = Self> {}

/// A complex value, real and imaginary part apart.
#[derive(Clone, Copy)]
pub(super) struct Complex<T> {
    pub(super) re: T,
    pub(super) im: T,
}

impl<T: Values> Complex<T> {
    #[inline(always)]
    pub(super) fn new(re: T, im: T) -> Self {
        Self { re, im }
    }

    #[inline(always)]
    pub(super) fn add(self, other: Self) -> Self {
        Self::new(self.re + other.re, self.im + other.im)
    }

    #[inline(always)]
    pub(super) fn sub(self, other: Self) -> Self {
        Self::new(self.re - other.re, self.im - other.im)
    }

    /// Times `by`, which has as many values or is one sample for all of them.
    #[inline(always)]
    pub(super) fn times<U: Copy>(self, by: Complex<U>) -> Self
    where
        T: Mul<U, Output = T>,
    {
        Self::new(self.re * by.re - self.im * by.im, self.re * by.im + self.im * by.re)
    }
}

/// The DFT of two values.
#[inline(always)]
pub(super) fn radix2<T: Values>(a: [Complex<T>; 2]) -> [Complex<T>; 2] {
    [a[0].add(a[1]), a[0].sub(a[1])]
}

/// The DFT of four values.
#[inline(always)]
pub(super) fn radix4<T: Values>(a: [Complex<T>; 4]) -> [Complex<T>; 4] {
    let [even_sum, even_difference] = radix2([a[0], a[2]]);
    let [odd_sum, odd] = radix2([a[1], a[3]]);
    // −i times the odd difference, without a multiplication.
    [
        even_sum.add(odd_sum),
        Complex::new(even_difference.re + odd.im, even_difference.im - odd.re),
        even_sum.sub(odd_sum),
        Complex::new(even_difference.re - odd.im, even_difference.im + odd.re),
    ]
}

/// The DFT of eight values; `half_root` is √½.
#[inline(always)]
pub(super) fn radix8<S: Copy, T: Values + Mul<S, Output = T>>(
    a: [Complex<T>; 8],
    half_root: S,
) -> [Complex<T>; 8] {
    let [s0, d0] = radix2([a[0], a[4]]);
    let [s1, d1] = radix2([a[1], a[5]]);
    let [s2, d2] = radix2([a[2], a[6]]);
    let [s3, d3] = radix2([a[3], a[7]]);
    let [y0, y2, y4, y6] = radix4([s0, s1, s2, s3]);
    // The differences times the eighth roots of unity: d1·(1 − i)·√½, −i·d2, −d3·(1 + i)·√½. The
    // signs of the last two go into the butterfly.
    let e1 = Complex::new((d1.re + d1.im) * half_root, (d1.im - d1.re) * half_root);
    let e3 = Complex::new((d3.re - d3.im) * half_root, (d3.re + d3.im) * half_root);
    let even_sum = Complex::new(d0.re + d2.im, d0.im - d2.re);
    let even_difference = Complex::new(d0.re - d2.im, d0.im + d2.re);
    let odd_sum = e1.sub(e3);
    let odd = e1.add(e3);
    [
        y0,
        even_sum.add(odd_sum),
        y2,
        Complex::new(even_difference.re + odd.im, even_difference.im - odd.re),
        y4,
        even_sum.sub(odd_sum),
        y6,
        Complex::new(even_difference.re - odd.im, even_difference.im + odd.re),
    ]
}
