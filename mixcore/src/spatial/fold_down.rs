//! The fold-down as a processor: one layout in, a smaller one out, by a fixed matrix.
//!
//! Cost: one multiplication per coefficient that is not 0, per frame. Latency: none.
//! Limits: no gain of its own; what the matrix lets grow ([`DownmixMatrix::peak_bound_db`]) is held
//! by the limiter after it.

use super::{DownmixMatrix, downmix_matrix};
use crate::audio::{Block, BlockMut, Layout, Sample, check_frames, matrix};
use crate::error::Error;
use crate::stream::{Convert, Field, Processor, Stream, unknown_field};

/// Folds the layout of its stream down into another one.
///
/// Memoryless: a sample that is not finite comes through wherever its coefficient is not 0.
#[derive(Clone, Debug)]
pub struct FoldDown {
    matrix: DownmixMatrix,
    stream: Stream,
}

impl FoldDown {
    /// Folds the stream's layout down to `target` by [`downmix_matrix`].
    ///
    /// # Errors
    /// A stream out of range.
    ///
    /// # Example
    /// ```
    /// use mixcore::spatial::FoldDown;
    /// use mixcore::{Block, BlockMut, Convert, Layout, Stream};
    /// let mut mono = FoldDown::new(Layout::MONO, Stream::new(48_000.0, Layout::STEREO)?)?;
    /// let (left, right) = ([1.0_f32, 0.5], [1.0, -0.5]);
    /// let mut out = [0.0; 2];
    /// mono.convert(Block::stereo(&left, &right)?, BlockMut::mono(&mut out))?;
    /// assert_eq!(out, [1.0, 0.0]);
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn new(target: Layout, stream: Stream) -> Result<Self, Error> {
        Self::with_matrix(downmix_matrix(stream.layout, target)?, stream)
    }

    /// Folds down by a given matrix, whose source must be the stream's layout.
    ///
    /// # Errors
    /// A matrix for another layout, or a stream out of range.
    pub fn with_matrix(matrix: DownmixMatrix, stream: Stream) -> Result<Self, Error> {
        stream.validate()?;
        if matrix.source() != stream.layout {
            return Err(Error::Unsupported {
                what: "a matrix whose source is not the stream's layout",
                hint: "build the stream with matrix.source()",
            });
        }
        Ok(Self { matrix, stream })
    }

    /// The matrix, with its citation and bounds.
    #[must_use]
    pub fn matrix(&self) -> &DownmixMatrix {
        &self.matrix
    }
}

impl Processor for FoldDown {
    fn latency_frames(&self) -> usize {
        0
    }

    fn tail_frames(&self) -> usize {
        0
    }

    fn reset(&mut self) {}

    fn fields(&self) -> &'static [Field] {
        &[]
    }

    fn field(&self, _name: &str) -> Option<f64> {
        None
    }

    fn set_field(&mut self, name: &str, _value: f64) -> Result<(), Error> {
        Err(unknown_field(name))
    }
}

impl<S: Sample> Convert<S> for FoldDown {
    fn input_channels(&self) -> usize {
        self.matrix.columns()
    }

    fn output_channels(&self) -> usize {
        self.matrix.rows()
    }

    fn convert(&mut self, input: Block<'_, S>, mut output: BlockMut<'_, S>) -> Result<(), Error> {
        input.check_channels("input", self.matrix.columns())?;
        output.check_channels("output", self.matrix.rows())?;
        check_frames("output", output.frames(), input.frames())?;
        matrix(self.stream.isa, &input, self.matrix.coefficients(), &mut output);
        Ok(())
    }
}
