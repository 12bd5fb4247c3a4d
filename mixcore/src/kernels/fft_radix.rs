//! The passes of the FFT after the first, one for each radix. Lane axis: see `fft_passes`.

use fearless_simd::{Simd, SimdBase};

use super::fft::{GROUP, HALF_ROOT, radix};
use super::fft_butterfly::{Complex, Values, radix2, radix3, radix4, radix5, radix7, radix8};
use super::fft_passes::{Native, Output, Outputs, Parts, PartsMut, load, rows, rows_mut, store};
use super::sample::Sample;

/// The DFT of eight values with the root of the sample type.
#[inline(always)]
fn radix8_of<S: Sample, T: Values + core::ops::Mul<S, Output = T>>(
    a: [Complex<T>; 8],
) -> [Complex<T>; 8] {
    radix8(a, S::from_f64(HALF_ROOT))
}

/// A pass with factors; the stride is counted in groups.
macro_rules! middle_pass {
    ($name:ident, $radix:literal, $butterfly:expr, [$($row:literal),+], [$($k:literal),+]) => {
        #[inline(always)]
        fn $name<I: Simd, S: Sample>(
            simd: I,
            x: Parts<'_, S>,
            table: &[S],
            stride: usize,
            y: &mut PartsMut<'_, S>,
        ) -> Option<()> {
            let width = Native::<I, S>::LEN;
            let len = x.re.len() / $radix;
            let (re, im): ([_; $radix], [_; $radix]) = (rows(x.re, len)?, rows(x.im, len)?);
            let (mut y_re, mut y_im) = (&mut *y.re, &mut *y.im);
            for (p, w) in table.as_chunks::<{ 2 * $radix - 2 }>().0.iter().enumerate() {
                let (out_re, out_im);
                (out_re, y_re) = y_re.split_at_mut_checked($radix * stride)?;
                (out_im, y_im) = y_im.split_at_mut_checked($radix * stride)?;
                let (out_re, out_im): ([_; $radix], [_; $radix]) =
                    (rows_mut(out_re, stride)?, rows_mut(out_im, stride)?);
                for q in 0..stride {
                    let i = p * stride + q;
                    if i >= len {
                        return None;
                    }
                    for at in (0..GROUP).step_by(width) {
                        let a = [$(load::<I, S>(simd, &re[$row][i], &im[$row][i], at)),+];
                        let y = $butterfly(a);
                        store::<I, S>(y[0], out_re[0].get_mut(q)?, out_im[0].get_mut(q)?, at);
                        $(
                            let turned = y[$k].times(Complex { re: w[2 * $k - 2], im: w[2 * $k - 1] });
                            store::<I, S>(turned, out_re[$k].get_mut(q)?, out_im[$k].get_mut(q)?, at);
                        )+
                    }
                }
            }
            Some(())
        }
    };
}

middle_pass!(middle_3, 3, radix3::<S, _>, [0, 1, 2], [1, 2]);
middle_pass!(middle_4, 4, radix4, [0, 1, 2, 3], [1, 2, 3]);
middle_pass!(middle_5, 5, radix5::<S, _>, [0, 1, 2, 3, 4], [1, 2, 3, 4]);
middle_pass!(middle_7, 7, radix7::<S, _>, [0, 1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]);

/// The last pass: one column of p, no factors.
macro_rules! last_pass {
    ($name:ident, $radix:literal, $butterfly:expr, [$($k:literal),+]) => {
        #[inline(always)]
        fn $name<I: Simd, S: Sample, Y: Output<I, S>>(
            simd: I,
            x: Parts<'_, S>,
            mut out: [Y; $radix],
        ) -> Option<()> {
            let len = x.re.len() / $radix;
            let (re, im): ([_; $radix], [_; $radix]) = (rows(x.re, len)?, rows(x.im, len)?);
            for i in 0..len {
                for at in (0..GROUP).step_by(Native::<I, S>::LEN) {
                    let a = [$(load::<I, S>(simd, re[$k].get(i)?, im[$k].get(i)?, at)),+];
                    let y = $butterfly(a);
                    $(out[$k].put(i, at, y[$k]);)+
                }
            }
            Some(())
        }
    };
}

last_pass!(last_2, 2, radix2, [0, 1]);
last_pass!(last_3, 3, radix3::<S, _>, [0, 1, 2]);
last_pass!(last_4, 4, radix4, [0, 1, 2, 3]);
last_pass!(last_5, 5, radix5::<S, _>, [0, 1, 2, 3, 4]);
last_pass!(last_7, 7, radix7::<S, _>, [0, 1, 2, 3, 4, 5, 6]);
last_pass!(last_8, 8, radix8_of::<S, _>, [0, 1, 2, 3, 4, 5, 6, 7]);

/// What the passes before the last one leave.
pub(super) struct Middle<'t, 'b, S> {
    /// The tables behind theirs.
    pub(super) tables: &'t [S],
    /// The radix of the last pass.
    pub(super) radix: usize,
    /// Where the values are.
    pub(super) from: PartsMut<'b, S>,
    /// The other place.
    pub(super) to: PartsMut<'b, S>,
}

/// The passes between the first and the last, over what the first one left in `from`.
#[inline(always)]
pub(super) fn middle_passes<'t, 'b, I: Simd, S: Sample>(
    simd: I,
    mut tables: &'t [S],
    mut from: PartsMut<'b, S>,
    mut to: PartsMut<'b, S>,
) -> Option<Middle<'t, 'b, S>> {
    // Values that are left of a column: as many as there are groups, for a group has the eight of
    // the first pass.
    let (mut part, mut stride) = (from.re.len(), 1);
    loop {
        let radix = radix(part);
        if radix >= part {
            return Some(Middle { tables, radix, from, to });
        }
        let columns = part.checked_div(radix)?;
        let (table, behind) = tables.split_at_checked(2 * (radix - 1) * columns)?;
        match radix {
            3 => middle_3(simd, from.view(), table, stride, &mut to)?,
            5 => middle_5(simd, from.view(), table, stride, &mut to)?,
            7 => middle_7(simd, from.view(), table, stride, &mut to)?,
            _ => middle_4(simd, from.view(), table, stride, &mut to)?,
        }
        core::mem::swap(&mut from, &mut to);
        tables = behind;
        part = columns;
        stride *= radix;
    }
}

/// The last pass, of the radix that [`middle_passes`] gave.
#[inline(always)]
pub(super) fn last_pass<I: Simd, S: Sample>(
    simd: I,
    radix: usize,
    x: Parts<'_, S>,
    y: impl Outputs<I, S>,
) -> Option<()> {
    match radix {
        2 => last_2(simd, x, y.rows()?),
        3 => last_3(simd, x, y.rows()?),
        4 => last_4(simd, x, y.rows()?),
        5 => last_5(simd, x, y.rows()?),
        7 => last_7(simd, x, y.rows()?),
        _ => last_8(simd, x, y.rows()?),
    }
}
