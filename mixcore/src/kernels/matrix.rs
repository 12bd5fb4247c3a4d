//! A dense mix of channels into channels. Lane axis: time.

use fearless_simd::{Simd, f64x8};

use super::isa::{Isa, dispatch};
use crate::audio::lanes::Lanes;
use crate::audio::{Block, BlockMut, MAX_CHANNELS, Sample};

/// Inputs of one output that count: their samples and coefficients, in declared order.
#[derive(Clone, Copy)]
struct Terms<'a, S> {
    list: [(&'a [S], f64); MAX_CHANNELS],
    count: usize,
}

impl<'a, S> Terms<'a, S> {
    /// The terms of a row whose coefficient is not 0.
    fn new(input: &Block<'a, S>, row: &[f64]) -> Self {
        let mut terms = Self { list: [(&[], 0.0); MAX_CHANNELS], count: 0 };
        for (channel, &coefficient) in input.channels().zip(row) {
            if coefficient != 0.0 {
                terms.list[terms.count] = (channel, coefficient);
                terms.count += 1;
            }
        }
        terms
    }

    fn as_slice(&self) -> &[(&'a [S], f64)] {
        &self.list[..self.count]
    }
}

/// `output[r][n] = Σ_c coefficients[r][c] · input[c][n]`.
///
/// The coefficients are row-major, one row of `input.channel_count()` per output channel. The sum
/// is made in f64 in the order of the inputs, without fused multiply-add, and rounded to the
/// sample type once. A term whose coefficient is 0 is absent, so what is not finite in that input
/// does not come through; a row of zeros gives 0, and a single coefficient of 1 keeps every value.
///
/// Outputs without a whole row of coefficients stay as they are; of the frames, the shorter block's
/// count.
pub fn matrix<S: Sample>(
    isa: Isa,
    input: &Block<'_, S>,
    coefficients: &[f64],
    output: &mut BlockMut<'_, S>,
) {
    dispatch!(isa, simd => matrix_lanes(simd, input, coefficients, output));
}

#[inline(always)]
fn matrix_lanes<I: Simd, S: Sample>(
    simd: I,
    input: &Block<'_, S>,
    coefficients: &[f64],
    output: &mut BlockMut<'_, S>,
) {
    let rows = coefficients.chunks_exact(input.channel_count());
    let frames = input.frames().min(output.frames());
    for (row, out) in rows.zip(output.channels_mut()) {
        let terms = Terms::new(input, row);
        let out = &mut out[..frames];
        match terms.as_slice().split_first() {
            Some((first, rest)) => row_lanes(simd, *first, rest, out),
            None => out.fill(S::zero()),
        }
    }
}

#[inline(always)]
fn row_lanes<I: Simd, S: Sample>(simd: I, first: (&[S], f64), rest: &[(&[S], f64)], out: &mut [S]) {
    let whole = out.len() - out.len() % 8;
    let (chunks, tail) = out.as_chunks_mut();
    for (index, chunk) in chunks.iter_mut().enumerate() {
        let load = |source: &[S]| <S as Lanes>::load_f64(simd, &source.as_chunks().0[index]);
        let mut sum: f64x8<I> = load(first.0) * first.1;
        for (source, coefficient) in rest {
            sum += load(source) * *coefficient;
        }
        <S as Lanes>::store_f64(simd, sum, chunk);
    }
    for (n, y) in (whole..).zip(tail) {
        let mut sum = first.0[n].as_f64() * first.1;
        for (source, coefficient) in rest {
            sum += source[n].as_f64() * coefficient;
        }
        *y = S::from_f64(sum);
    }
}
