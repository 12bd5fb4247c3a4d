//! The passes of the FFT over vectors. Lane axis: the index that a pass leaves together.
//!
//! A pass of radix R and stride s over M values: with n = M/s, for all columns p < n/R and q < s,
//! y\[s·(R·p + k) + q\] = e^(−2πi·kp/n) · (DFT of x\[s·(p + j·n/R) + q\] over j)\[k\]. The next pass has the
//! stride R·s. Lanes run along q; in the first pass, where s is 1, along p.
//!
//! All lengths are counted in groups of eight values, of which every level has one, two or four
//! vectors.

use fearless_simd::{Simd, SimdBase, SimdFloatElement};

use super::fft::{FIRST_FACTORS, GROUP, HALF_ROOT, plan};
use super::fft_butterfly::{Complex, radix2, radix4, radix8};
use super::sample::Sample;
use super::scalar;

/// Eight values that lie together.
type Group<S> = [S; GROUP];

/// The vector of the level.
type Native<I, S> = <S as SimdFloatElement>::Native<I>;

/// Real and imaginary parts of eight values.
type Eight<'a, S> = (&'a Group<S>, &'a Group<S>);

/// Real and imaginary parts.
#[derive(Clone, Copy)]
struct Parts<'a, S> {
    re: &'a [Group<S>],
    im: &'a [Group<S>],
}

/// Real and imaginary parts, to be written.
struct PartsMut<'a, S> {
    re: &'a mut [Group<S>],
    im: &'a mut [Group<S>],
}

impl<'a, S> PartsMut<'a, S> {
    #[inline(always)]
    fn new(re: &'a mut [S], im: &'a mut [S]) -> Self {
        Self { re: re.as_chunks_mut().0, im: im.as_chunks_mut().0 }
    }

    #[inline(always)]
    fn again(&mut self) -> PartsMut<'_, S> {
        PartsMut { re: self.re, im: self.im }
    }

    #[inline(always)]
    fn view(&self) -> Parts<'_, S> {
        Parts { re: self.re, im: self.im }
    }
}

/// `COUNT` parts of `len` elements each, one after the other.
#[inline(always)]
fn rows<T, const COUNT: usize>(x: &[T], len: usize) -> Option<[&[T]; COUNT]> {
    let mut rest = x;
    let mut rows = [&x[..0]; COUNT];
    for row in &mut rows {
        (*row, rest) = rest.split_at_checked(len)?;
    }
    Some(rows)
}

/// `COUNT` parts of `len` elements each, one after the other, to be written.
#[inline(always)]
fn rows_mut<T, const COUNT: usize>(x: &mut [T], len: usize) -> Option<[&mut [T]; COUNT]> {
    let mut rest = x;
    let mut rows: [&mut [T]; COUNT] = core::array::from_fn(|_| Default::default());
    for row in &mut rows {
        (*row, rest) = rest.split_at_mut_checked(len)?;
    }
    Some(rows)
}

/// A vector of a group, from `at` on.
#[inline(always)]
fn load<I: Simd, S: Sample>(simd: I, re: &[S], im: &[S], at: usize) -> Complex<Native<I, S>> {
    let width = Native::<I, S>::LEN;
    Complex::new(
        Native::<I, S>::from_slice(simd, &re[at..at + width]),
        Native::<I, S>::from_slice(simd, &im[at..at + width]),
    )
}

#[inline(always)]
fn store<I: Simd, S: Sample>(
    y: Complex<Native<I, S>>,
    re: &mut Group<S>,
    im: &mut Group<S>,
    at: usize,
) {
    let width = Native::<I, S>::LEN;
    y.re.store_slice(&mut re[at..at + width]);
    y.im.store_slice(&mut im[at..at + width]);
}

/// Eight vectors such that the values of each come one after the other: `x[0][0]`, `x[1][0]`, …
#[inline(always)]
fn turn<I: Simd, V: SimdBase<I>>(x: [V; 8]) -> [V; 8] {
    let ((a0, a1), (b0, b1)) = (x[0].interleave(x[4]), x[1].interleave(x[5]));
    let ((c0, c1), (d0, d1)) = (x[2].interleave(x[6]), x[3].interleave(x[7]));
    let ((e0, e1), (e2, e3)) = (a0.interleave(c0), a1.interleave(c1));
    let ((f0, f1), (f2, f3)) = (b0.interleave(d0), b1.interleave(d1));
    let ((y0, y1), (y2, y3)) = (e0.interleave(f0), e1.interleave(f1));
    let ((y4, y5), (y6, y7)) = (e2.interleave(f2), e3.interleave(f3));
    [y0, y1, y2, y3, y4, y5, y6, y7]
}

/// What the first pass reads: eight columns of a row.
trait Input<I: Simd, S: Sample>: Copy {
    fn get(self, simd: I, at: usize) -> Complex<Native<I, S>>;
}

/// Real and imaginary parts apart.
impl<I: Simd, S: Sample> Input<I, S> for Eight<'_, S> {
    #[inline(always)]
    fn get(self, simd: I, at: usize) -> Complex<Native<I, S>> {
        load(simd, self.0, self.1, at)
    }
}

/// Real and imaginary parts in turn.
impl<I: Simd, S: Sample> Input<I, S> for &[S; 2 * GROUP] {
    #[inline(always)]
    fn get(self, simd: I, at: usize) -> Complex<Native<I, S>> {
        let both = load(simd, self, &self[Native::<I, S>::LEN..], 2 * at);
        let (re, im) = both.re.deinterleave(both.im);
        Complex::new(re, im)
    }
}

/// Eight columns of the first pass: radix 8, stride 1.
#[inline(always)]
fn first_columns<I: Simd, S: Sample, X: Input<I, S>>(
    simd: I,
    x: [X; 8],
    factors: &[[Group<S>; 2]; 7],
    re: &mut [Group<S>; 8],
    im: &mut [Group<S>; 8],
) {
    let width = Native::<I, S>::LEN;
    let half_root = S::from_f64(HALF_ROOT);
    for at in (0..GROUP).step_by(width) {
        let a = [
            x[0].get(simd, at),
            x[1].get(simd, at),
            x[2].get(simd, at),
            x[3].get(simd, at),
            x[4].get(simd, at),
            x[5].get(simd, at),
            x[6].get(simd, at),
            x[7].get(simd, at),
        ];
        let mut y = radix8(a, half_root);
        for (y, [re, im]) in y[1..].iter_mut().zip(factors) {
            *y = y.times(load::<I, S>(simd, re, im, at));
        }
        // The values of one column come to lie together.
        let y_re = turn([y[0].re, y[1].re, y[2].re, y[3].re, y[4].re, y[5].re, y[6].re, y[7].re]);
        let y_im = turn([y[0].im, y[1].im, y[2].im, y[3].im, y[4].im, y[5].im, y[6].im, y[7].im]);
        for (index, (y_re, y_im)) in y_re.into_iter().zip(y_im).enumerate() {
            let place = at * GROUP + index * width;
            let (group, at) = (place / GROUP, place % GROUP);
            store::<I, S>(Complex::new(y_re, y_im), &mut re[group], &mut im[group], at);
        }
    }
}

/// The first pass; `x` gives eight columns of a row.
#[inline(always)]
fn first_pass<I: Simd, S: Sample, X: Input<I, S>>(
    simd: I,
    x: impl Fn(usize, usize) -> Option<X>,
    table: &[S],
    y: &mut PartsMut<'_, S>,
) -> Option<()> {
    let outputs = y.re.as_chunks_mut::<8>().0.iter_mut().zip(y.im.as_chunks_mut::<8>().0);
    let table = table.as_chunks::<GROUP>().0.as_chunks::<2>().0.as_chunks::<FIRST_FACTORS>().0;
    for (i, (factors, (re, im))) in table.iter().zip(outputs).enumerate() {
        let x = [x(0, i)?, x(1, i)?, x(2, i)?, x(3, i)?, x(4, i)?, x(5, i)?, x(6, i)?, x(7, i)?];
        first_columns(simd, x, factors, re, im);
    }
    Some(())
}

/// A pass of radix 4 with factors; the stride is counted in groups.
#[inline(always)]
fn middle_pass<I: Simd, S: Sample>(
    simd: I,
    x: Parts<'_, S>,
    table: &[S],
    stride: usize,
    y: &mut PartsMut<'_, S>,
) -> Option<()> {
    let width = Native::<I, S>::LEN;
    let len = x.re.len() / 4;
    let ([re0, re1, re2, re3], [im0, im1, im2, im3]) = (rows(x.re, len)?, rows(x.im, len)?);
    let outputs = y.re.chunks_exact_mut(4 * stride).zip(y.im.chunks_exact_mut(4 * stride));
    for (p, (w, (re, im))) in table.as_chunks::<6>().0.iter().zip(outputs).enumerate() {
        let factors = [
            Complex { re: w[0], im: w[1] },
            Complex { re: w[2], im: w[3] },
            Complex { re: w[4], im: w[5] },
        ];
        let ([a_re, b_re, c_re, d_re], [a_im, b_im, c_im, d_im]) =
            (rows_mut(re, stride)?, rows_mut(im, stride)?);
        for q in 0..stride {
            let i = p * stride + q;
            if i >= len {
                return None;
            }
            for at in (0..GROUP).step_by(width) {
                let y = radix4([
                    load::<I, S>(simd, &re0[i], &im0[i], at),
                    load::<I, S>(simd, &re1[i], &im1[i], at),
                    load::<I, S>(simd, &re2[i], &im2[i], at),
                    load::<I, S>(simd, &re3[i], &im3[i], at),
                ]);
                store::<I, S>(y[0], &mut a_re[q], &mut a_im[q], at);
                store::<I, S>(y[1].times(factors[0]), &mut b_re[q], &mut b_im[q], at);
                store::<I, S>(y[2].times(factors[1]), &mut c_re[q], &mut c_im[q], at);
                store::<I, S>(y[3].times(factors[2]), &mut d_re[q], &mut d_im[q], at);
            }
        }
    }
    Some(())
}

/// The last pass, of radix 2: one column of p, no factors.
#[inline(always)]
fn last_2<I: Simd, S: Sample>(simd: I, x: Parts<'_, S>, y: &mut PartsMut<'_, S>) -> Option<()> {
    let len = x.re.len() / 2;
    let ([re0, re1], [im0, im1]) = (rows(x.re, len)?, rows(x.im, len)?);
    let ([y0_re, y1_re], [y0_im, y1_im]) = (rows_mut(y.re, len)?, rows_mut(y.im, len)?);
    for i in 0..len {
        for at in (0..GROUP).step_by(Native::<I, S>::LEN) {
            let y = radix2([
                load::<I, S>(simd, &re0[i], &im0[i], at),
                load::<I, S>(simd, &re1[i], &im1[i], at),
            ]);
            store::<I, S>(y[0], &mut y0_re[i], &mut y0_im[i], at);
            store::<I, S>(y[1], &mut y1_re[i], &mut y1_im[i], at);
        }
    }
    Some(())
}

/// The last pass, of radix 4.
#[inline(always)]
fn last_4<I: Simd, S: Sample>(simd: I, x: Parts<'_, S>, y: &mut PartsMut<'_, S>) -> Option<()> {
    let len = x.re.len() / 4;
    let ([re0, re1, re2, re3], [im0, im1, im2, im3]) = (rows(x.re, len)?, rows(x.im, len)?);
    let ([y0_re, y1_re, y2_re, y3_re], [y0_im, y1_im, y2_im, y3_im]) =
        (rows_mut(y.re, len)?, rows_mut(y.im, len)?);
    for i in 0..len {
        for at in (0..GROUP).step_by(Native::<I, S>::LEN) {
            let y = radix4([
                load::<I, S>(simd, &re0[i], &im0[i], at),
                load::<I, S>(simd, &re1[i], &im1[i], at),
                load::<I, S>(simd, &re2[i], &im2[i], at),
                load::<I, S>(simd, &re3[i], &im3[i], at),
            ]);
            store::<I, S>(y[0], &mut y0_re[i], &mut y0_im[i], at);
            store::<I, S>(y[1], &mut y1_re[i], &mut y1_im[i], at);
            store::<I, S>(y[2], &mut y2_re[i], &mut y2_im[i], at);
            store::<I, S>(y[3], &mut y3_re[i], &mut y3_im[i], at);
        }
    }
    Some(())
}

/// The last pass, of radix 8.
#[inline(always)]
fn last_8<I: Simd, S: Sample>(simd: I, x: Parts<'_, S>, y: &mut PartsMut<'_, S>) -> Option<()> {
    let len = x.re.len() / 8;
    let half_root = S::from_f64(HALF_ROOT);
    let [re0, re1, re2, re3, re4, re5, re6, re7] = rows(x.re, len)?;
    let [im0, im1, im2, im3, im4, im5, im6, im7] = rows(x.im, len)?;
    let [y0_re, y1_re, y2_re, y3_re, y4_re, y5_re, y6_re, y7_re] = rows_mut(y.re, len)?;
    let [y0_im, y1_im, y2_im, y3_im, y4_im, y5_im, y6_im, y7_im] = rows_mut(y.im, len)?;
    for i in 0..len {
        for at in (0..GROUP).step_by(Native::<I, S>::LEN) {
            let a = [
                load::<I, S>(simd, &re0[i], &im0[i], at),
                load::<I, S>(simd, &re1[i], &im1[i], at),
                load::<I, S>(simd, &re2[i], &im2[i], at),
                load::<I, S>(simd, &re3[i], &im3[i], at),
                load::<I, S>(simd, &re4[i], &im4[i], at),
                load::<I, S>(simd, &re5[i], &im5[i], at),
                load::<I, S>(simd, &re6[i], &im6[i], at),
                load::<I, S>(simd, &re7[i], &im7[i], at),
            ];
            let y = radix8(a, half_root);
            store::<I, S>(y[0], &mut y0_re[i], &mut y0_im[i], at);
            store::<I, S>(y[1], &mut y1_re[i], &mut y1_im[i], at);
            store::<I, S>(y[2], &mut y2_re[i], &mut y2_im[i], at);
            store::<I, S>(y[3], &mut y3_re[i], &mut y3_im[i], at);
            store::<I, S>(y[4], &mut y4_re[i], &mut y4_im[i], at);
            store::<I, S>(y[5], &mut y5_re[i], &mut y5_im[i], at);
            store::<I, S>(y[6], &mut y6_re[i], &mut y6_im[i], at);
            store::<I, S>(y[7], &mut y7_re[i], &mut y7_im[i], at);
        }
    }
    Some(())
}

/// All passes after the first one. Ends in `to` if there is an even number of radix 4, else in `from`.
#[inline(always)]
fn more_passes<'t, 'b, I: Simd, S: Sample>(
    simd: I,
    mut tables: &'t [S],
    mut from: PartsMut<'b, S>,
    mut to: PartsMut<'b, S>,
) -> Option<&'t [S]> {
    let (fours, last) = plan(from.re.len() * GROUP);
    let mut stride = 1;
    for _ in 0..fours {
        let (table, behind) = tables.split_at_checked(6 * (from.re.len() / stride / 4))?;
        middle_pass(simd, from.view(), table, stride, &mut to)?;
        core::mem::swap(&mut from, &mut to);
        tables = behind;
        stride *= 4;
    }
    match last {
        2 => last_2(simd, from.view(), &mut to)?,
        4 => last_4(simd, from.view(), &mut to)?,
        _ => last_8(simd, from.view(), &mut to)?,
    }
    Some(tables)
}

/// The forward transform.
#[inline(always)]
pub(super) fn rfft_lanes<I: Simd, S: Sample>(
    simd: I,
    tables: &[S],
    time: &[S],
    work: &mut [S],
    re: &mut [S],
    im: &mut [S],
) -> Option<()> {
    let half = time.len() / 2;
    let (table, tables) = tables.split_at_checked(2 * FIRST_FACTORS * (half / 8))?;
    let (work_re, work_im) = work.split_at_mut_checked(half)?;
    let mut from = PartsMut::new(work_re, work_im.get_mut(..half)?);
    let mut to = PartsMut::new(re.get_mut(..half)?, im.get_mut(..half)?);
    // The passes go to and fro between two places; the last one ends in the spectrum.
    if plan(half).0 % 2 == 1 {
        core::mem::swap(&mut from, &mut to);
    }
    let time = time.as_chunks::<{ 2 * GROUP }>().0;
    let x: [_; 8] = rows(time, time.len() / 8)?;
    first_pass(
        simd,
        #[inline(always)]
        |row, i| x[row].get(i),
        table,
        &mut from,
    )?;
    let roots = more_passes(simd, tables, from, to)?;
    split_spectrum(simd, roots, re, im)
}

/// The spectrum of the real signal from that of its pairs, in place.
#[inline(always)]
fn split_spectrum<I: Simd, S: Sample>(
    simd: I,
    roots: &[S],
    re: &mut [S],
    im: &mut [S],
) -> Option<()> {
    let quarter = re.len() / 2;
    let (low_re, high_re) = re.split_at_mut_checked(quarter)?;
    let (low_im, high_im) = im.split_at_mut_checked(quarter)?;
    let (mid_im, high_im) = high_im.split_first_mut()?;
    let high_re = high_re.get_mut(1..)?;
    *mid_im = S::zero() - *mid_im;
    // The mirror of the first value is itself.
    *high_re.last_mut()? = *low_re.first()?;
    *high_im.last_mut()? = *low_im.first()?;
    let (w_re, w_im) = roots.split_at_checked(quarter)?;
    let low = PartsMut::new(low_re, low_im);
    let high = PartsMut::new(high_re, high_im);
    let roots = w_re.as_chunks().0.iter().zip(w_im.as_chunks().0);
    let pairs = low.re.iter_mut().zip(low.im).zip(high.re.iter_mut().zip(high.im).rev());
    for (((low_re, low_im), (high_re, high_im)), (w_re, w_im)) in pairs.zip(roots) {
        split_group(simd, low_re, low_im, high_re, high_im, (w_re, w_im));
    }
    *im.first_mut()? = S::zero();
    *im.last_mut()? = S::zero();
    Some(())
}

/// Eight values and their mirrors.
#[inline(always)]
fn split_group<I: Simd, S: Sample>(
    simd: I,
    low_re: &mut Group<S>,
    low_im: &mut Group<S>,
    high_re: &mut Group<S>,
    high_im: &mut Group<S>,
    roots: (&Group<S>, &Group<S>),
) {
    let (width, half) = (Native::<I, S>::LEN, S::from_f64(0.5));
    let zero = Native::<I, S>::splat(simd, S::zero());
    for at in (0..GROUP).step_by(width) {
        let mirrored = GROUP - width - at;
        let a = load::<I, S>(simd, low_re, low_im, at);
        let b = load::<I, S>(simd, high_re, high_im, mirrored);
        let b = Complex::new(b.re.reverse(), b.im.reverse());
        let even = Complex::new((a.re + b.re) * half, (a.im - b.im) * half);
        // −i times the difference; its half is in the factor.
        let odd = Complex::new(a.im + b.im, b.re - a.re);
        let odd = odd.times(load::<I, S>(simd, roots.0, roots.1, at));
        store::<I, S>(even.add(odd), low_re, low_im, at);
        let y = even.sub(odd);
        let y = Complex::new(y.re.reverse(), (zero - y.im).reverse());
        store::<I, S>(y, high_re, high_im, mirrored);
    }
}

/// The inverse transform.
#[inline(always)]
pub(super) fn irfft_lanes<I: Simd, S: Sample>(
    simd: I,
    tables: &[S],
    re: &[S],
    im: &[S],
    work: &mut [S],
    time: &mut [S],
) -> Option<()> {
    let half = time.len() / 2;
    let (table, middle) = tables.split_at_checked(2 * FIRST_FACTORS * (half / 8))?;
    let roots = tables.get(tables.len().checked_sub(half)?..)?;
    let (z, behind) = work.split_at_mut_checked(time.len() + 2)?;
    let (z_re, z_im) = z.split_at_mut_checked(half + 1)?;
    join_spectrum(simd, roots, (re, im), (z_re, z_im))?;
    // With real and imaginary parts swapped, the forward passes are the inverse ones.
    let mut z = PartsMut::new(z_im.get_mut(..half)?, z_re.get_mut(..half)?);
    let (other_re, other_im) = behind.split_at_mut_checked(half)?;
    let mut other = PartsMut::new(other_re, other_im.get_mut(..half)?);
    let len = z.re.len() / 8;
    let (x_re, x_im): ([_; 8], [_; 8]) = (rows(z.re, len)?, rows(z.im, len)?);
    first_pass(
        simd,
        #[inline(always)]
        |row, i| Some((x_re[row].get(i)?, x_im[row].get(i)?)),
        table,
        &mut other,
    )?;
    let in_other = plan(half).0 % 2 == 1;
    more_passes(simd, middle, other.again(), z.again())?;
    let y = if in_other { other.view() } else { z.view() };
    let time = time.as_chunks_mut::<{ 2 * GROUP }>().0;
    for ((re, im), pairs) in y.re.iter().zip(y.im).zip(time) {
        for at in (0..GROUP).step_by(Native::<I, S>::LEN) {
            let y = load::<I, S>(simd, re, im, at);
            let (low, high) = y.im.interleave(y.re);
            let (low_out, high_out) =
                pairs[2 * at..2 * at + 2 * Native::<I, S>::LEN].split_at_mut(Native::<I, S>::LEN);
            low.store_slice(low_out);
            high.store_slice(high_out);
        }
    }
    Some(())
}

/// The spectrum of the pairs from that of the real signal, divided by N.
#[inline(always)]
fn join_spectrum<I: Simd, S: Sample>(
    simd: I,
    roots: &[S],
    (re, im): (&[S], &[S]),
    (z_re, z_im): (&mut [S], &mut [S]),
) -> Option<()> {
    let (half, quarter) = (re.len() - 1, re.len() / 2);
    let scale = S::one() / scalar::count::<S>(2 * half);
    let twice = scale + scale;
    let (x_low_re, x_high_re) = re.split_at_checked(quarter)?;
    let (x_low_im, x_high_im) = im.split_at_checked(quarter)?;
    let (low_re, high_re) = z_re.split_at_mut_checked(quarter)?;
    let (low_im, high_im) = z_im.split_at_mut_checked(quarter)?;
    *high_re.first_mut()? = *x_high_re.first()? * twice;
    *high_im.first_mut()? = S::zero() - *x_high_im.first()? * twice;
    let (w_re, w_im) = roots.split_at_checked(quarter)?;
    let roots = w_re.as_chunks().0.iter().zip(w_im.as_chunks().0);
    let x_low = x_low_re.as_chunks().0.iter().zip(x_low_im.as_chunks().0);
    let x_high =
        x_high_re.get(1..)?.as_chunks().0.iter().zip(x_high_im.get(1..)?.as_chunks().0).rev();
    let low = PartsMut::new(low_re, low_im);
    let high = PartsMut::new(high_re.get_mut(1..)?, high_im.get_mut(1..)?);
    let low = low.re.iter_mut().zip(low.im);
    let high = high.re.iter_mut().zip(high.im).rev();
    for (((x_low, x_high), (low, high)), roots) in x_low.zip(x_high).zip(low.zip(high)).zip(roots) {
        join_group(simd, (x_low, x_high), roots, scale, low, high);
    }
    // Imaginary parts of the first and the last value have no meaning and count as 0.
    let (first, last) = (*re.first()?, *re.last()?);
    *z_re.first_mut()? = (first + last) * scale;
    *z_im.first_mut()? = (first - last) * scale;
    Some(())
}

/// Eight values and their mirrors.
#[inline(always)]
fn join_group<I: Simd, S: Sample>(
    simd: I,
    (x_low, x_high): (Eight<'_, S>, Eight<'_, S>),
    roots: Eight<'_, S>,
    scale: S,
    low: (&mut Group<S>, &mut Group<S>),
    high: (&mut Group<S>, &mut Group<S>),
) {
    let width = Native::<I, S>::LEN;
    let zero = Native::<I, S>::splat(simd, S::zero());
    for at in (0..GROUP).step_by(width) {
        let mirrored = GROUP - width - at;
        let a = load::<I, S>(simd, x_low.0, x_low.1, at);
        let b = load::<I, S>(simd, x_high.0, x_high.1, mirrored);
        let b = Complex::new(b.re.reverse(), b.im.reverse());
        let even = Complex::new((a.re + b.re) * scale, (a.im - b.im) * scale);
        // i times the difference, times the conjugate of the root.
        let odd = Complex::new(zero - (a.im + b.im), a.re - b.re);
        let root = load::<I, S>(simd, roots.0, roots.1, at);
        let twice = scale + scale;
        let odd = odd.times(Complex::new(root.re * twice, zero - root.im * twice));
        store::<I, S>(even.add(odd), low.0, low.1, at);
        let y = even.sub(odd);
        let y = Complex::new(y.re.reverse(), (zero - y.im).reverse());
        store::<I, S>(y, high.0, high.1, mirrored);
    }
}
