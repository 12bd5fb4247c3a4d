//! The arithmetic of the FFT: complex numbers and butterflies, of one value or of a vector of them.
//!
//! What is written here is done in the same order by every level and by the plain twin, so all of
//! them have the same bits. A butterfly of radix R is the DFT of R values,
//! y\[k\] = Σ_j a\[j\]·e^(−2πi·jk/R).

use core::ops::{Add, Mul, Sub};

use super::sample::Sample;

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

/// cos(2π/3) is −½; sin(2π/3).
const SIN_3: f64 = 0.866_025_403_784_438_6;
/// cos(2πk/5), k = 1, 2.
const COS_5: [f64; 2] = [0.309_016_994_374_947_45, -0.809_016_994_374_947_5];
/// sin(2πk/5), k = 1, 2.
const SIN_5: [f64; 2] = [0.951_056_516_295_153_5, 0.587_785_252_292_473_1];
/// cos(2πk/7), k = 1 to 3.
const COS_7: [f64; 3] =
    [0.623_489_801_858_733_5, -0.222_520_933_956_314_4, -0.900_968_867_902_419_1];
/// sin(2πk/7), k = 1 to 3.
const SIN_7: [f64; 3] = [0.781_831_482_468_029_8, 0.974_927_912_181_823_6, 0.433_883_739_117_558_1];

/// `even` − i·`odd` and its mirror, `even` + i·`odd`.
#[inline(always)]
fn mirrored<T: Values>(even: Complex<T>, odd: Complex<T>) -> [Complex<T>; 2] {
    [
        Complex::new(even.re + odd.im, even.im - odd.re),
        Complex::new(even.re - odd.im, even.im + odd.re),
    ]
}

/// Both parts times a real factor.
#[inline(always)]
fn scaled<S: Copy, T: Values + Mul<S, Output = T>>(x: Complex<T>, by: S) -> Complex<T> {
    Complex::new(x.re * by, x.im * by)
}

/// The DFT of three values.
#[inline(always)]
pub(super) fn radix3<S: Sample, T: Values + Mul<S, Output = T>>(
    a: [Complex<T>; 3],
) -> [Complex<T>; 3] {
    let [sum, difference] = radix2([a[1], a[2]]);
    let even = a[0].sub(scaled(sum, S::from_f64(0.5)));
    let [y1, y2] = mirrored(even, scaled(difference, S::from_f64(SIN_3)));
    [a[0].add(sum), y1, y2]
}

/// The DFT of five values.
#[inline(always)]
pub(super) fn radix5<S: Sample, T: Values + Mul<S, Output = T>>(
    a: [Complex<T>; 5],
) -> [Complex<T>; 5] {
    let [s1, d1] = radix2([a[1], a[4]]);
    let [s2, d2] = radix2([a[2], a[3]]);
    let (c1, c2) = (S::from_f64(COS_5[0]), S::from_f64(COS_5[1]));
    let (n1, n2) = (S::from_f64(SIN_5[0]), S::from_f64(SIN_5[1]));
    let [y1, y4] =
        mirrored(a[0].add(scaled(s1, c1).add(scaled(s2, c2))), scaled(d1, n1).add(scaled(d2, n2)));
    let [y2, y3] =
        mirrored(a[0].add(scaled(s1, c2).add(scaled(s2, c1))), scaled(d1, n2).sub(scaled(d2, n1)));
    [a[0].add(s1.add(s2)), y1, y2, y3, y4]
}

/// The DFT of seven values.
#[inline(always)]
pub(super) fn radix7<S: Sample, T: Values + Mul<S, Output = T>>(
    a: [Complex<T>; 7],
) -> [Complex<T>; 7] {
    let [s1, d1] = radix2([a[1], a[6]]);
    let [s2, d2] = radix2([a[2], a[5]]);
    let [s3, d3] = radix2([a[3], a[4]]);
    let (c1, c2, c3) = (S::from_f64(COS_7[0]), S::from_f64(COS_7[1]), S::from_f64(COS_7[2]));
    let (n1, n2, n3) = (S::from_f64(SIN_7[0]), S::from_f64(SIN_7[1]), S::from_f64(SIN_7[2]));
    let [y1, y6] = mirrored(
        a[0].add(scaled(s1, c1).add(scaled(s2, c2)).add(scaled(s3, c3))),
        scaled(d1, n1).add(scaled(d2, n2)).add(scaled(d3, n3)),
    );
    let [y2, y5] = mirrored(
        a[0].add(scaled(s1, c2).add(scaled(s2, c3)).add(scaled(s3, c1))),
        scaled(d1, n2).sub(scaled(d2, n3)).sub(scaled(d3, n1)),
    );
    let [y3, y4] = mirrored(
        a[0].add(scaled(s1, c3).add(scaled(s2, c1)).add(scaled(s3, c2))),
        scaled(d1, n3).sub(scaled(d2, n1)).add(scaled(d3, n2)),
    );
    [a[0].add(s1.add(s2).add(s3)), y1, y2, y3, y4, y5, y6]
}

/// What a pair of bins of the DFT of pairs says of the real signal's spectrum: E + w·O and E − w·O,
/// see `fft_real`. `root` is w/2, `half` ½.
#[inline(always)]
pub(super) fn split<S: Copy, T: Values + Mul<S, Output = T> + Mul<T, Output = T>>(
    a: Complex<T>,
    b: Complex<T>,
    root: Complex<T>,
    half: S,
) -> [Complex<T>; 2] {
    let even = Complex::new((a.re + b.re) * half, (a.im - b.im) * half);
    // −i times the difference; its half is in the factor.
    let odd = Complex::new(a.im + b.im, b.re - a.re).times(root);
    [even.add(odd), even.sub(odd)]
}

/// The way back, times `scale`: E + w·O and E − w·O. `root` is the conjugate of w/2, times twice the
/// scale.
#[inline(always)]
pub(super) fn join<S: Copy, T: Values + Mul<S, Output = T> + Mul<T, Output = T>>(
    a: Complex<T>,
    b: Complex<T>,
    root: Complex<T>,
    scale: S,
    zero: T,
) -> [Complex<T>; 2] {
    let even = Complex::new((a.re + b.re) * scale, (a.im - b.im) * scale);
    // i times the difference, times the conjugate of the root.
    let odd = Complex::new(zero - (a.im + b.im), a.re - b.re).times(root);
    [even.add(odd), even.sub(odd)]
}
