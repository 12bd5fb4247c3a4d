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
    for (index, chunk) in chunks.iter_mut().enumerate() {
        // Every term is as long as `out`.
        let load = |source: &[S]| match source.as_chunks().0.get(index) {
            Some(source) => <S as Lanes>::load_f64(simd, source),
            None => f64x8::splat(simd, 0.0),
        };
        let mut sum: f64x8<I> = load(first.0) * first.1;
        for (source, coefficient) in rest {
            sum += load(source) * *coefficient;
        }
        <S as Lanes>::store_f64(simd, sum, chunk);
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
