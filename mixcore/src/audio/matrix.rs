//! A dense mix of the channels of one block into those of another.

use super::block::{Block, BlockMut, MAX_CHANNELS};
use crate::kernels::{self, Isa, Sample};

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
            if coefficient != 0.0
                && let Some(term) = terms.list.get_mut(terms.count)
            {
                *term = (channel, coefficient);
                terms.count += 1;
            }
        }
        terms
    }

    fn as_slice(&self) -> &[(&'a [S], f64)] {
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
    let rows = coefficients.chunks_exact(input.channel_count().max(1));
    let frames = input.frames().min(output.frames());
    for (row, out) in rows.zip(output.channels_mut()) {
        let terms = Terms::new(input, row);
        kernels::matrix_row(isa, terms.as_slice(), out.get_mut(..frames).unwrap_or_default());
    }
}
