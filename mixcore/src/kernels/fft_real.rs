//! The ends of the real FFT: its passes in order, and the step between pairs and real signal. Lane
//! axis: the bins.
//!
//! The DFT Z of M = N/2 pairs and the spectrum X of the N real samples give each other:
//!
//! > X\[k\] = E + w·O, X\[M−k\] = (E − w·O)*, w = e^(−2πik/N)
//! > E = ½(Z\[k\] + Z*\[M−k\]), O = −½i(Z\[k\] − Z*\[M−k\])

use fearless_simd::{Simd, SimdBase};

use super::fft::{FIRST_FACTORS, GROUP, plan};
use super::fft_butterfly::Complex;
use super::fft_passes::{
    Eight, Group, Native, PartsMut, first_pass, last_pass, load, middle_passes, rows, store,
};
use super::sample::Sample;
use super::scalar;

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
    let (roots, from, to) = middle_passes(simd, tables, from, to)?;
    last_pass(simd, from.view(), to)?;
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
    let z = PartsMut::new(z_im.get_mut(..half)?, z_re.get_mut(..half)?);
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
    let (_, from, _) = middle_passes(simd, middle, other, z)?;
    last_pass(simd, from.view(), time.as_chunks_mut::<{ 2 * GROUP }>().0)
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
