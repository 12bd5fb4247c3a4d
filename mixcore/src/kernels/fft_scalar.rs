//! The plain twin of the FFT: the passes as their definition reads, one value at a time.
//!
//! It also runs where the transform is too short for the lanes, so it must not panic: what does not
//! fit ends the work, and lengths that fit together end none.

use super::fft::{FIRST_FACTORS, GROUP, HALF_ROOT, first_table_len, fits, radix};
use super::fft_butterfly::{Complex, radix2, radix3, radix4, radix5, radix7, radix8};
use super::sample::Sample;

/// Twin of [`super::rfft`].
pub fn rfft<S: Sample>(tables: &[S], time: &[S], work: &mut [S], re: &mut [S], im: &mut [S]) {
    if fits(time.len(), tables.len(), work.len(), re.len(), im.len()) {
        let _done = forward(tables, time, work, re, im);
    }
}

fn forward<S: Sample>(
    tables: &[S],
    time: &[S],
    work: &mut [S],
    re: &mut [S],
    im: &mut [S],
) -> Option<()> {
    let half = time.len() / 2;
    for (n, pair) in time.as_chunks::<2>().0.iter().enumerate() {
        put(work, n, pair[0])?;
        put(work, half + n, pair[1])?;
    }
    let z = passes(tables, half, work)?;
    let roots = tables.get(tables.len().checked_sub(half)?..)?;
    let h = S::from_f64(0.5);
    for k in 0..half / 2 {
        // The mirror of the first value is itself.
        let (a, b) = (z.get(k)?, z.get(if k > 0 { half - k } else { 0 })?);
        let even = Complex::new((a.re + b.re) * h, (a.im - b.im) * h);
        let odd = Complex::new(a.im + b.im, b.re - a.re);
        let odd = odd.times(Complex::new(*roots.get(k)?, *roots.get(half / 2 + k)?));
        let (low, high) = (even.add(odd), even.sub(odd));
        put(re, k, low.re)?;
        put(im, k, low.im)?;
        put(re, half - k, high.re)?;
        put(im, half - k, S::zero() - high.im)?;
    }
    let middle = z.get(half / 2)?;
    put(re, half / 2, middle.re)?;
    put(im, half / 2, S::zero() - middle.im)?;
    put(im, 0, S::zero())?;
    put(im, half, S::zero())
}

/// Twin of [`super::irfft`].
pub fn irfft<S: Sample>(tables: &[S], re: &[S], im: &[S], work: &mut [S], time: &mut [S]) {
    if fits(time.len(), tables.len(), work.len(), re.len(), im.len()) {
        let _done = backward(tables, re, im, work, time);
    }
}

fn backward<S: Sample>(
    tables: &[S],
    re: &[S],
    im: &[S],
    work: &mut [S],
    time: &mut [S],
) -> Option<()> {
    let half = time.len() / 2;
    let x = Parts { re, im };
    let roots = tables.get(tables.len().checked_sub(half)?..)?;
    let scale = S::one() / super::scalar::count::<S>(time.len());
    let twice = scale + scale;
    // Swapped: imaginary parts first.
    for k in 0..half / 2 {
        let (a, b) = (x.get(k)?, x.get(half - k)?);
        let even = Complex::new((a.re + b.re) * scale, (a.im - b.im) * scale);
        let odd = Complex::new(S::zero() - (a.im + b.im), a.re - b.re);
        let (root_re, root_im) = (*roots.get(k)?, *roots.get(half / 2 + k)?);
        let odd = odd.times(Complex::new(root_re * twice, S::zero() - root_im * twice));
        let (low, high) = (even.add(odd), even.sub(odd));
        put(work, half + k, low.re)?;
        put(work, k, low.im)?;
        if k > 0 {
            put(work, 2 * half - k, high.re)?;
            put(work, half - k, S::zero() - high.im)?;
        }
    }
    let (first, middle, last) = (x.get(0)?, x.get(half / 2)?, x.get(half)?);
    put(work, half + half / 2, middle.re * twice)?;
    put(work, half / 2, S::zero() - middle.im * twice)?;
    put(work, half, (first.re + last.re) * scale)?;
    put(work, 0, (first.re - last.re) * scale)?;
    let z = passes(tables, half, work)?;
    for (n, pair) in time.as_chunks_mut::<2>().0.iter_mut().enumerate() {
        let z = z.get(n)?;
        *pair = [z.im, z.re];
    }
    Some(())
}

fn put<S>(values: &mut [S], at: usize, value: S) -> Option<()> {
    *values.get_mut(at)? = value;
    Some(())
}

/// Real and imaginary parts of the same values.
struct Parts<'a, S> {
    re: &'a [S],
    im: &'a [S],
}

impl<S: Sample> Parts<'_, S> {
    fn get(&self, index: usize) -> Option<Complex<S>> {
        Some(Complex::new(*self.re.get(index)?, *self.im.get(index)?))
    }
}

/// The DFT of the `half` complex values at the front of `work`, which holds two such sets.
fn passes<'a, S: Sample>(tables: &[S], half: usize, work: &'a mut [S]) -> Option<Parts<'a, S>> {
    let (mut from, mut to) = work.split_at_mut_checked(2 * half)?;
    let half_root = S::from_f64(HALF_ROOT);
    let columns = half / 8;
    let width = GROUP.min(columns);
    pass(
        half,
        1,
        from,
        to,
        |x| radix8(x, half_root),
        |k, p| {
            // The last group takes the last columns, whether they are whole groups or not.
            let group = p.checked_div(width)?;
            let lane = p - (group * width).min(columns - width);
            let at = 2 * width * (FIRST_FACTORS * group + k - 1) + lane;
            Some(Complex::new(*tables.get(at)?, *tables.get(at + width)?))
        },
    )?;
    let mut rest = tables.get(first_table_len(half)..)?;
    let (mut part, mut stride) = (columns, 8);
    while part > 1 {
        core::mem::swap(&mut from, &mut to);
        let radix = radix(part);
        let last = radix >= part;
        let factor = |k: usize, p: usize| {
            let at = 2 * ((radix - 1) * p + k - 1);
            if last { None } else { Some(Complex::new(*rest.get(at)?, *rest.get(at + 1)?)) }
        };
        match radix {
            2 => pass(half, stride, from, to, radix2, factor)?,
            3 => pass(half, stride, from, to, radix3::<S, S>, factor)?,
            4 => pass(half, stride, from, to, radix4, factor)?,
            5 => pass(half, stride, from, to, radix5::<S, S>, factor)?,
            7 => pass(half, stride, from, to, radix7::<S, S>, factor)?,
            _ => pass(half, stride, from, to, |x| radix8(x, half_root), factor)?,
        }
        part = part.checked_div(radix)?;
        stride *= radix;
        if !last {
            rest = rest.get(2 * (radix - 1) * part..)?;
        }
    }
    let (re, im) = to.split_at_checked(half)?;
    Some(Parts { re, im: im.get(..half)? })
}

/// One pass of radix R.
fn pass<S: Sample, const R: usize>(
    half: usize,
    stride: usize,
    from: &[S],
    to: &mut [S],
    butterfly: impl Fn([Complex<S>; R]) -> [Complex<S>; R],
    factor: impl Fn(usize, usize) -> Option<Complex<S>>,
) -> Option<()> {
    let columns = half.checked_div(stride)? / R;
    let (from_re, from_im) = from.split_at_checked(half)?;
    let (to_re, to_im) = to.split_at_mut_checked(half)?;
    let x = Parts { re: from_re, im: from_im };
    for p in 0..columns {
        for q in 0..stride {
            let mut column = [Complex::new(S::zero(), S::zero()); R];
            for (j, value) in column.iter_mut().enumerate() {
                *value = x.get(stride * (p + j * columns) + q)?;
            }
            for (k, y) in butterfly(column).into_iter().enumerate() {
                let y = match factor(k.max(1), p) {
                    Some(factor) if k > 0 => y.times(factor),
                    _ => y,
                };
                let at = stride * (R * p + k) + q;
                put(to_re, at, y.re)?;
                put(to_im, at, y.im)?;
            }
        }
    }
    Some(())
}
