//! The ends of the real FFT: its passes in order, and the step between pairs and real signal. Lane
//! axis: the bins.
//!
//! The DFT Z of M = N/2 pairs and the spectrum X of the N real samples give each other:
//!
//! > X\[k\] = E + w·O, X\[M−k\] = (E − w·O)*, w = e^(−2πik/N)
//! > E = ½(Z\[k\] + Z*\[M−k\]), O = −½i(Z\[k\] − Z*\[M−k\])

use fearless_simd::{Simd, SimdBase};

use super::fft::{GROUP, first_table_len, middle_count};
use super::fft_butterfly::{Complex, join, split};
use super::fft_passes::{Columns, Eight, Group, Native, PartsMut, first_pass, load, rows, store};
use super::fft_radix::{Middle, last_pass, middle_passes};
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
    let (table, tables) = tables.split_at_checked(first_table_len(half))?;
    let (work_re, work_im) = work.split_at_mut_checked(half)?;
    let mut from = PartsMut::new(work_re, work_im.get_mut(..half)?);
    let mut to = PartsMut::new(re.get_mut(..half)?, im.get_mut(..half)?);
    // The passes go to and fro between two places; the last one ends in the spectrum.
    if middle_count(half) % 2 == 1 {
        core::mem::swap(&mut from, &mut to);
    }
    let x: [_; 8] = rows(time, half / 4)?;
    first_pass(
        simd,
        #[inline(always)]
        |row, i: Columns| i.of::<S, { 2 * GROUP }>(x[row]),
        table,
        &mut from,
    )?;
    let Middle { tables: roots, radix, from, to } = middle_passes(simd, tables, from, to)?;
    last_pass(simd, radix, from.view(), to)?;
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
    let ((low_re, rest_re), (low_im, rest_im)) = (low_re.as_chunks_mut(), low_im.as_chunks_mut());
    // The mirrors of whole groups end with the last value.
    let ((back_re, high_re), (back_im, high_im)) =
        (high_re.as_rchunks_mut(), high_im.as_rchunks_mut());
    let ((w_re, last_re), (w_im, last_im)) = (w_re.as_chunks(), w_im.as_chunks());
    let pairs = low_re.iter_mut().zip(low_im).zip(high_re.iter_mut().zip(high_im).rev());
    for (((low_re, low_im), (high_re, high_im)), roots) in pairs.zip(w_re.iter().zip(w_im)) {
        split_group(simd, low_re, low_im, high_re, high_im, roots);
    }
    let low = rest_re.iter_mut().zip(rest_im);
    let high = back_re.iter_mut().zip(back_im).rev();
    for (((low_re, low_im), (high_re, high_im)), (w_re, w_im)) in
        low.zip(high).zip(last_re.iter().zip(last_im))
    {
        let (a, b) = (Complex::new(*low_re, *low_im), Complex::new(*high_re, *high_im));
        let [low, high] = split(a, b, Complex::new(*w_re, *w_im), S::from_f64(0.5));
        (*low_re, *low_im) = (low.re, low.im);
        (*high_re, *high_im) = (high.re, S::zero() - high.im);
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
        let [low, y] = split(a, b, load::<I, S>(simd, roots.0, roots.1, at), half);
        store::<I, S>(low, low_re, low_im, at);
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
    let (table, middle) = tables.split_at_checked(first_table_len(half))?;
    let roots = tables.get(tables.len().checked_sub(half)?..)?;
    let (z, behind) = work.split_at_mut_checked(time.len() + 2)?;
    let (z_re, z_im) = z.split_at_mut_checked(half + 1)?;
    join_spectrum(simd, roots, (re, im), (z_re, z_im))?;
    // With real and imaginary parts swapped, the forward passes are the inverse ones.
    let (z_re, z_im) = (z_im.get_mut(..half)?, z_re.get_mut(..half)?);
    let (other_re, other_im) = behind.split_at_mut_checked(half)?;
    let mut other = PartsMut::new(other_re, other_im.get_mut(..half)?);
    let (x_re, x_im): ([_; 8], [_; 8]) = (rows(z_re, half / 8)?, rows(z_im, half / 8)?);
    first_pass(
        simd,
        #[inline(always)]
        |row, i: Columns| Some((i.of(x_re[row])?, i.of(x_im[row])?)),
        table,
        &mut other,
    )?;
    let Middle { radix, from, .. } = middle_passes(simd, middle, other, PartsMut::new(z_re, z_im))?;
    last_pass(simd, radix, from.view(), time.as_chunks_mut::<{ 2 * GROUP }>().0)
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
    let ((w_re, last_re), (w_im, last_im)) = (w_re.as_chunks(), w_im.as_chunks());
    let ((x_low_re, x_rest_re), (x_low_im, x_rest_im)) =
        (x_low_re.as_chunks(), x_low_im.as_chunks());
    // The mirrors of whole groups end with the last value.
    let ((x_back_re, x_high_re), (x_back_im, x_high_im)) =
        (x_high_re.get(1..)?.as_rchunks(), x_high_im.get(1..)?.as_rchunks());
    let ((low_re, rest_re), (low_im, rest_im)) = (low_re.as_chunks_mut(), low_im.as_chunks_mut());
    let ((back_re, high_re), (back_im, high_im)) =
        (high_re.get_mut(1..)?.as_rchunks_mut(), high_im.get_mut(1..)?.as_rchunks_mut());
    let x_low = x_low_re.iter().zip(x_low_im);
    let x_high = x_high_re.iter().zip(x_high_im).rev();
    let low = low_re.iter_mut().zip(low_im);
    let high = high_re.iter_mut().zip(high_im).rev();
    let roots = w_re.iter().zip(w_im);
    for (((x_low, x_high), (low, high)), roots) in x_low.zip(x_high).zip(low.zip(high)).zip(roots) {
        join_group(simd, (x_low, x_high), roots, scale, low, high);
    }
    let x_low = x_rest_re.iter().zip(x_rest_im);
    let x_high = x_back_re.iter().zip(x_back_im).rev();
    let low = rest_re.iter_mut().zip(rest_im);
    let high = back_re.iter_mut().zip(back_im).rev();
    let roots = last_re.iter().zip(last_im);
    for (((a, b), (low, high)), root) in x_low.zip(x_high).zip(low.zip(high)).zip(roots) {
        let (a, b) = (Complex::new(*a.0, *a.1), Complex::new(*b.0, *b.1));
        let root = Complex::new(*root.0 * twice, S::zero() - *root.1 * twice);
        let [y, mirror] = join(a, b, root, scale, S::zero());
        (*low.0, *low.1) = (y.re, y.im);
        (*high.0, *high.1) = (mirror.re, S::zero() - mirror.im);
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
        let root = load::<I, S>(simd, roots.0, roots.1, at);
        let twice = scale + scale;
        let root = Complex::new(root.re * twice, zero - root.im * twice);
        let [y_low, y] = join(a, b, root, scale, zero);
        store::<I, S>(y_low, low.0, low.1, at);
        let y = Complex::new(y.re.reverse(), (zero - y.im).reverse());
        store::<I, S>(y, high.0, high.1, mirrored);
    }
}
