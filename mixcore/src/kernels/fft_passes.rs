//! The passes of the FFT over vectors. Lane axis: the index that a pass leaves together.
//!
//! A pass of radix R and stride s over M values: with n = M/s, for all columns p < n/R and q < s,
//! y\[s·(R·p + k) + q\] = e^(−2πi·kp/n) · (DFT of x\[s·(p + j·n/R) + q\] over j)\[k\]. The next pass has the
//! stride R·s. Lanes run along q; in the first pass, where s is 1, along p.
//!
//! All lengths are counted in groups of eight values, of which every level has one, two or four
//! vectors. Where the columns of the first pass are no whole groups, its last group takes the last
//! eight columns, some of them once more: the passes do not write where they read.

use fearless_simd::{Simd, SimdBase, SimdFloatElement};

use super::fft::{FIRST_FACTORS, GROUP, HALF_ROOT};
use super::fft_butterfly::{Complex, radix8};
use super::sample::Sample;

/// Eight values that lie together.
pub(super) type Group<S> = [S; GROUP];

/// The vector of the level.
pub(super) type Native<I, S> = <S as SimdFloatElement>::Native<I>;

/// Real and imaginary parts of eight values.
pub(super) type Eight<'a, S> = (&'a Group<S>, &'a Group<S>);

/// Real and imaginary parts.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a, S> {
    pub(super) re: &'a [Group<S>],
    pub(super) im: &'a [Group<S>],
}

/// Real and imaginary parts, to be written.
pub(super) struct PartsMut<'a, S> {
    pub(super) re: &'a mut [Group<S>],
    pub(super) im: &'a mut [Group<S>],
}

impl<'a, S> PartsMut<'a, S> {
    #[inline(always)]
    pub(super) fn new(re: &'a mut [S], im: &'a mut [S]) -> Self {
        Self { re: re.as_chunks_mut().0, im: im.as_chunks_mut().0 }
    }

    #[inline(always)]
    pub(super) fn view(&self) -> Parts<'_, S> {
        Parts { re: self.re, im: self.im }
    }
}

/// `COUNT` parts of `len` elements each, one after the other.
#[inline(always)]
pub(super) fn rows<T, const COUNT: usize>(x: &[T], len: usize) -> Option<[&[T]; COUNT]> {
    let mut rest = x;
    let mut rows = [&x[..0]; COUNT];
    for row in &mut rows {
        (*row, rest) = rest.split_at_checked(len)?;
    }
    Some(rows)
}

/// `COUNT` parts of `len` elements each, one after the other, to be written.
#[inline(always)]
pub(super) fn rows_mut<T, const COUNT: usize>(
    x: &mut [T],
    len: usize,
) -> Option<[&mut [T]; COUNT]> {
    let mut rest = x;
    let mut rows: [&mut [T]; COUNT] = core::array::from_fn(|_| Default::default());
    for row in &mut rows {
        (*row, rest) = rest.split_at_mut_checked(len)?;
    }
    Some(rows)
}

/// A vector of a group, from `at` on.
#[inline(always)]
pub(super) fn load<I: Simd, S: Sample>(
    simd: I,
    re: &[S],
    im: &[S],
    at: usize,
) -> Complex<Native<I, S>> {
    let width = Native::<I, S>::LEN;
    Complex::new(
        Native::<I, S>::from_slice(simd, &re[at..at + width]),
        Native::<I, S>::from_slice(simd, &im[at..at + width]),
    )
}

#[inline(always)]
pub(super) fn store<I: Simd, S: Sample>(
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
pub(super) trait Input<I: Simd, S: Sample>: Copy {
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
            let (group, at) = (place / GROUP % GROUP, place % GROUP);
            store::<I, S>(Complex::new(y_re, y_im), &mut re[group], &mut im[group], at);
        }
    }
}

/// Where a group of columns of the first pass lies in a row.
#[derive(Clone, Copy)]
pub(super) enum Columns {
    /// The group of this number.
    Group(usize),
    /// The last eight columns.
    Last,
}

impl Columns {
    /// A group's `COUNT` values of a row.
    #[inline(always)]
    pub(super) fn of<S, const COUNT: usize>(self, row: &[S]) -> Option<&[S; COUNT]> {
        match self {
            Self::Group(index) => row.as_chunks().0.get(index),
            Self::Last => row.last_chunk(),
        }
    }
}

/// The first pass; `x` gives eight columns of a row.
#[inline(always)]
pub(super) fn first_pass<I: Simd, S: Sample, X: Input<I, S>>(
    simd: I,
    x: impl Fn(usize, Columns) -> Option<X>,
    table: &[S],
    y: &mut PartsMut<'_, S>,
) -> Option<()> {
    let whole = y.re.len().is_multiple_of(GROUP);
    let outputs = y.re.as_chunks_mut::<8>().0.iter_mut().zip(y.im.as_chunks_mut::<8>().0);
    let table = table.as_chunks::<GROUP>().0.as_chunks::<2>().0.as_chunks::<FIRST_FACTORS>().0;
    for (i, (factors, (re, im))) in table.iter().zip(outputs).enumerate() {
        let i = Columns::Group(i);
        let x = [x(0, i)?, x(1, i)?, x(2, i)?, x(3, i)?, x(4, i)?, x(5, i)?, x(6, i)?, x(7, i)?];
        first_columns(simd, x, factors, re, im);
    }
    if !whole {
        let i = Columns::Last;
        let x = [x(0, i)?, x(1, i)?, x(2, i)?, x(3, i)?, x(4, i)?, x(5, i)?, x(6, i)?, x(7, i)?];
        let (re, im) = (y.re.last_chunk_mut()?, y.im.last_chunk_mut()?);
        first_columns(simd, x, table.last()?, re, im);
    }
    Some(())
}

/// A row that the last pass writes.
pub(super) trait Output<I: Simd, S: Sample> {
    fn put(&mut self, group: usize, at: usize, y: Complex<Native<I, S>>);
}

/// Real and imaginary parts apart.
impl<I: Simd, S: Sample> Output<I, S> for (&mut [Group<S>], &mut [Group<S>]) {
    #[inline(always)]
    fn put(&mut self, group: usize, at: usize, y: Complex<Native<I, S>>) {
        // Always there: the rows are as long as what they are made of.
        if let (Some(re), Some(im)) = (self.0.get_mut(group), self.1.get_mut(group)) {
            store::<I, S>(y, re, im, at);
        }
    }
}

/// Imaginary and real parts in turn: what the inverse calls real it has swapped.
impl<I: Simd, S: Sample> Output<I, S> for &mut [[S; 2 * GROUP]] {
    #[inline(always)]
    fn put(&mut self, group: usize, at: usize, y: Complex<Native<I, S>>) {
        let width = Native::<I, S>::LEN;
        let (low, high) = y.im.interleave(y.re);
        let Some(pairs) = self.get_mut(group) else { return };
        let pairs = &mut pairs[2 * at..2 * at + 2 * width];
        let (low_out, high_out) = pairs.split_at_mut(width);
        low.store_slice(low_out);
        high.store_slice(high_out);
    }
}

/// Where the last pass writes: rows of a number that the plan knows.
pub(super) trait Outputs<I: Simd, S: Sample> {
    type Row: Output<I, S>;
    fn rows<const COUNT: usize>(self) -> Option<[Self::Row; COUNT]>;
}

impl<'a, I: Simd, S: Sample> Outputs<I, S> for PartsMut<'a, S> {
    type Row = (&'a mut [Group<S>], &'a mut [Group<S>]);
    #[inline(always)]
    fn rows<const COUNT: usize>(self) -> Option<[Self::Row; COUNT]> {
        let len = self.re.len() / COUNT;
        let mut im = rows_mut::<_, COUNT>(self.im, len)?.into_iter();
        let mut re = rows_mut::<_, COUNT>(self.re, len)?.into_iter();
        Some(core::array::from_fn(
            #[inline(always)]
            |_| (re.next().unwrap_or_default(), im.next().unwrap_or_default()),
        ))
    }
}

impl<'a, I: Simd, S: Sample> Outputs<I, S> for &'a mut [[S; 2 * GROUP]] {
    type Row = &'a mut [[S; 2 * GROUP]];
    #[inline(always)]
    fn rows<const COUNT: usize>(self) -> Option<[Self::Row; COUNT]> {
        let len = self.len() / COUNT;
        rows_mut(self, len)
    }
}
