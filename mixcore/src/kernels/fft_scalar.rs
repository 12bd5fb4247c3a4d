//! The plain twin of the FFT: the passes as their definition reads, one value at a time.

use super::fft::{FIRST_FACTORS, GROUP, HALF_ROOT, fits, plan};
use super::fft_butterfly::{Complex, radix2, radix4, radix8};
use super::sample::Sample;

/// Twin of [`super::rfft`].
pub fn rfft<S: Sample>(tables: &[S], time: &[S], work: &mut [S], re: &mut [S], im: &mut [S]) {
    let half = time.len() / 2;
    if !fits(time.len(), tables.len(), work.len(), re.len(), im.len()) {
        return;
    }
    for (n, pair) in time.as_chunks::<2>().0.iter().enumerate() {
        work[n] = pair[0];
        work[half + n] = pair[1];
    }
    let z = passes(tables, half, work);
    let roots = &tables[tables.len() - half..];
    let h = S::from_f64(0.5);
    for k in 0..half / 2 {
        let (a, b) = (z.get(k), z.get((half - k) % half));
        let even = Complex::new((a.re + b.re) * h, (a.im - b.im) * h);
        let odd = Complex::new(a.im + b.im, b.re - a.re);
        let odd = odd.times(Complex::new(roots[k], roots[half / 2 + k]));
        let (low, high) = (even.add(odd), even.sub(odd));
        (re[k], im[k]) = (low.re, low.im);
        (re[half - k], im[half - k]) = (high.re, S::zero() - high.im);
    }
    let middle = z.get(half / 2);
    (re[half / 2], im[half / 2]) = (middle.re, S::zero() - middle.im);
    (im[0], im[half]) = (S::zero(), S::zero());
}

/// Twin of [`super::irfft`].
pub fn irfft<S: Sample>(tables: &[S], re: &[S], im: &[S], work: &mut [S], time: &mut [S]) {
    let half = time.len() / 2;
    if !fits(time.len(), tables.len(), work.len(), re.len(), im.len()) {
        return;
    }
    let roots = &tables[tables.len() - half..];
    let scale = S::one() / super::scalar::count::<S>(time.len());
    let twice = scale + scale;
    // Swapped: imaginary parts first.
    for k in 0..half / 2 {
        let (a, b) = (Complex::new(re[k], im[k]), Complex::new(re[half - k], im[half - k]));
        let even = Complex::new((a.re + b.re) * scale, (a.im - b.im) * scale);
        let odd = Complex::new(S::zero() - (a.im + b.im), a.re - b.re);
        let root = Complex::new(roots[k] * twice, S::zero() - roots[half / 2 + k] * twice);
        let odd = odd.times(root);
        let (low, high) = (even.add(odd), even.sub(odd));
        (work[half + k], work[k]) = (low.re, low.im);
        if k > 0 {
            (work[2 * half - k], work[half - k]) = (high.re, S::zero() - high.im);
        }
    }
    let middle = half / 2;
    work[half + middle] = re[middle] * twice;
    work[middle] = S::zero() - im[middle] * twice;
    work[half] = (re[0] + re[half]) * scale;
    work[0] = (re[0] - re[half]) * scale;
    let z = passes(tables, half, work);
    for (n, pair) in time.as_chunks_mut::<2>().0.iter_mut().enumerate() {
        *pair = [z.im[n], z.re[n]];
    }
}

/// Real and imaginary parts of the same values.
struct Parts<'a, S> {
    re: &'a [S],
    im: &'a [S],
}

impl<S: Sample> Parts<'_, S> {
    fn get(&self, index: usize) -> Complex<S> {
        Complex::new(self.re[index], self.im[index])
    }
}

/// The DFT of the `half` complex values at the front of `work`, which holds two such sets.
fn passes<'a, S: Sample>(tables: &[S], half: usize, work: &'a mut [S]) -> Parts<'a, S> {
    let (mut from, mut to) = work.split_at_mut(2 * half);
    let half_root = S::from_f64(HALF_ROOT);
    let (fours, last) = plan(half);
    let width = GROUP.min(half / 8);
    pass(
        half,
        1,
        from,
        to,
        |x| radix8(x, half_root),
        |k, p| {
            let at = 2 * width * (FIRST_FACTORS * (p / width) + k - 1) + p % width;
            Some(Complex::new(tables[at], tables[at + width]))
        },
    );
    let mut rest = &tables[2 * FIRST_FACTORS * (half / 8)..];
    let mut stride = 8;
    for _ in 0..fours {
        core::mem::swap(&mut from, &mut to);
        pass(half, stride, from, to, radix4, |k, p| {
            let at = 6 * p + 2 * (k - 1);
            Some(Complex::new(rest[at], rest[at + 1]))
        });
        rest = &rest[6 * (half / stride / 4)..];
        stride *= 4;
    }
    if last > 1 {
        core::mem::swap(&mut from, &mut to);
    }
    match last {
        2 => pass(half, stride, from, to, radix2, |_, _| None),
        4 => pass(half, stride, from, to, radix4, |_, _| None),
        8 => pass(half, stride, from, to, |x| radix8(x, half_root), |_, _| None),
        _ => {}
    }
    Parts { re: &to[..half], im: &to[half..2 * half] }
}

/// One pass of radix R.
fn pass<S: Sample, const R: usize>(
    half: usize,
    stride: usize,
    from: &[S],
    to: &mut [S],
    butterfly: impl Fn([Complex<S>; R]) -> [Complex<S>; R],
    factor: impl Fn(usize, usize) -> Option<Complex<S>>,
) {
    let columns = half / stride / R;
    for p in 0..columns {
        for q in 0..stride {
            let y = butterfly(core::array::from_fn(|j| {
                let at = stride * (p + j * columns) + q;
                Complex::new(from[at], from[half + at])
            }));
            for (k, y) in y.into_iter().enumerate() {
                let y = match factor(k.max(1), p) {
                    Some(factor) if k > 0 => y.times(factor),
                    _ => y,
                };
                let at = stride * (R * p + k) + q;
                (to[at], to[half + at]) = (y.re, y.im);
            }
        }
    }
}
