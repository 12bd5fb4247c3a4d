//! One output of a dense mix of channels into channels. Lane axis: time.

use fearless_simd::{Simd, f64x8, prelude::*};

use super::isa::Isa;
use super::lanes::Lanes;
use super::sample::Sample;

/// `out[n] = Σ_t terms[t].1 · terms[t].0[n]`; 0 without any term.
///
/// The sum is made in f64 in the order of the terms, without fused multiply-add, and rounded to the
/// sample type once; a single coefficient of 1 keeps every value. Of the frames, as many as `out` and
/// every term have: what lies beyond in `out` stays as it is.
pub fn matrix_row<S: Sample>(isa: Isa, terms: &[(&[S], f64)], out: &mut [S]) {
    S::matrix_row(isa, terms, out);
}

/// Vectors of outputs that run together: what a term costs beside its products (its slice, its
/// coefficient in every lane) is paid once for 32 frames.
const TILE: usize = 4;

#[inline(always)]
pub(super) fn matrix_row_lanes<I: Simd, S: Sample>(simd: I, terms: &[(&[S], f64)], out: &mut [S]) {
    let Some((first, rest)) = terms.split_first() else {
        out.fill(S::zero());
        return;
    };
    let frames = terms.iter().fold(out.len(), |frames, (source, _)| frames.min(source.len()));
    let out = out.get_mut(..frames).unwrap_or_default();
    let whole = out.len() - out.len() % 8;
    let (chunks, tail) = out.as_chunks_mut();
    let (tiles, chunks) = chunks.as_chunks_mut::<TILE>();
    let mut at = 0;
    for tile in tiles {
        row_tile(simd, first, rest, at, tile);
        at += TILE;
    }
    for chunk in chunks {
        row_tile(simd, first, rest, at, core::array::from_mut(chunk));
        at += 1;
    }
    for (n, y) in (whole..).zip(tail) {
        let at = |source: &[S]| source.get(n).map_or(0.0, |x| x.as_f64());
        let mut sum = at(first.0) * first.1;
        for (source, coefficient) in rest {
            sum += at(source) * coefficient;
        }
        *y = S::from_f64(sum);
    }
}

/// `T` vectors in a row, from the vector `at` of every term on.
#[inline(always)]
fn row_tile<I: Simd, S: Sample, const T: usize>(
    simd: I,
    first: &(&[S], f64),
    rest: &[(&[S], f64)],
    at: usize,
    out: &mut [[S; 8]; T],
) {
    let zero = f64x8::splat(simd, 0.0);
    let mut sums: [f64x8<I>; T] = [zero; T];
    let vectors = first.0.as_chunks().0.get(at..at + T).unwrap_or_default();
    for (sum, x) in sums.iter_mut().zip(vectors) {
        *sum = <S as Lanes>::load_f64(simd, x) * first.1;
    }
    for (source, coefficient) in rest {
        let vectors = source.as_chunks().0.get(at..at + T).unwrap_or_default();
        for (sum, x) in sums.iter_mut().zip(vectors) {
            *sum += <S as Lanes>::load_f64(simd, x) * *coefficient;
        }
    }
    for (sum, chunk) in sums.into_iter().zip(out) {
        <S as Lanes>::store_f64(simd, sum, chunk);
    }
}
