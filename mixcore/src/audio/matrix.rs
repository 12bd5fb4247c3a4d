//! A dense mix of the channels of one block into those of another.

use super::block::{Block, BlockMut, MAX_CHANNELS};
use super::layout::MAX_LAYOUT_CHANNELS;
use crate::kernels::{self, Isa, Sample};

/// Inputs of one output that count: their samples and coefficients, in declared order. At most `N`: a
/// list of 64 takes longer to make than the sum of a short block.
#[derive(Clone, Copy)]
struct Terms<'a, S, const N: usize> {
    list: [(&'a [S], f64); N],
    count: usize,
}

impl<'a, S, const N: usize> Terms<'a, S, N> {
    fn empty() -> Self {
        Self { list: [(&[], 0.0); N], count: 0 }
    }

    /// The terms of a row whose coefficient is not 0.
    #[inline]
    fn of(&mut self, input: &Block<'a, S>, row: &[f64]) -> &[(&'a [S], f64)] {
        self.count = 0;
        for (channel, &coefficient) in input.channels().zip(row) {
            if coefficient != 0.0
                && let Some(term) = self.list.get_mut(self.count)
            {
                *term = (channel, coefficient);
                self.count += 1;
            }
        }
        self.list.get(..self.count).unwrap_or_default()
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
    if input.channel_count() <= MAX_LAYOUT_CHANNELS {
        rows(isa, &mut Terms::<S, MAX_LAYOUT_CHANNELS>::empty(), input, coefficients, output);
    } else {
        rows(isa, &mut Terms::<S, MAX_CHANNELS>::empty(), input, coefficients, output);
    }
}

#[inline]
fn rows<'a, S: Sample, const N: usize>(
    isa: Isa,
    terms: &mut Terms<'a, S, N>,
    input: &Block<'a, S>,
    coefficients: &[f64],
    output: &mut BlockMut<'_, S>,
) {
    let rows = coefficients.chunks_exact(input.channel_count().max(1));
    let frames = input.frames().min(output.frames());
    for (row, out) in rows.zip(output.channels_mut()) {
        kernels::matrix_row(isa, terms.of(input, row), out.get_mut(..frames).unwrap_or_default());
    }
}
