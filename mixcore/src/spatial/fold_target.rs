//! What a mix is folded down to: the ways it is heard, by name.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::cancellation_spectra::{Row, Term};
use super::{DownmixMatrix, FoldDown, LtRt, LtRtSetup, downmix_matrix};
use crate::audio::{Block, BlockMut, Layout, Sample};
use crate::error::Error;
use crate::stream::{Convert, Processor, Stream};

/// How a target is made.
#[derive(Clone, Debug, PartialEq)]
pub enum FoldPath {
    /// By a matrix.
    Matrix(Box<DownmixMatrix>),
    /// To Lt/Rt, with the surround turned by 90°.
    LtRt(LtRtSetup),
}

/// One way in which a mix is heard.
#[derive(Clone, Debug, PartialEq)]
pub struct FoldTarget {
    /// Name for the report: "mono", "Lo/Ro".
    pub name: String,
    /// How it is made.
    pub path: FoldPath,
}

impl FoldTarget {
    /// A target by a matrix.
    #[must_use]
    pub fn matrix(name: &str, matrix: DownmixMatrix) -> Self {
        Self { name: name.into(), path: FoldPath::Matrix(Box::new(matrix)) }
    }

    /// The targets that every delivery of a layout has: mono, Lo/Ro and Lt/Rt, and 5.1 from more.
    ///
    /// # Errors
    /// None; the form is that of [`downmix_matrix`].
    pub fn usual(source: Layout) -> Result<Vec<Self>, Error> {
        let mut targets = Vec::new();
        for (name, layout) in
            [("5.1", Layout::SURROUND_5_1), ("Lo/Ro", Layout::STEREO), ("mono", Layout::MONO)]
        {
            if source.channel_count() > layout.channel_count() {
                targets.push(Self::matrix(name, downmix_matrix(source, layout)?));
            }
        }
        if source.channel_count() > 2 {
            let path = FoldPath::LtRt(LtRtSetup::default());
            targets.push(Self { name: "Lt/Rt".into(), path });
        }
        Ok(targets)
    }

    /// The layout that is heard.
    #[must_use]
    pub fn layout(&self) -> Layout {
        match &self.path {
            FoldPath::Matrix(matrix) => matrix.target(),
            FoldPath::LtRt(_) => Layout::STEREO,
        }
    }

    /// Where the numbers come from.
    #[must_use]
    pub fn citation(&self) -> &'static str {
        match &self.path {
            FoldPath::Matrix(matrix) => matrix.citation(),
            FoldPath::LtRt(_) => "ATSC A/52:2012, 7.8.2 (Lt/Rt, surround at 90 degrees)",
        }
    }

    /// The rows of its outputs that add at least two channels.
    pub(super) fn rows(&self, source: Layout) -> Vec<Row> {
        let gains = |output: usize, channel: usize| match &self.path {
            FoldPath::Matrix(matrix) => [matrix.gain(output, channel).unwrap_or(0.0), 0.0],
            FoldPath::LtRt(setup) => setup.gains(source, output, channel),
        };
        let mut rows = Vec::new();
        for output in 0..self.layout().channel_count() {
            let mut terms = Vec::new();
            for channel in 0..source.channel_count() {
                for (gain, quadrature) in gains(output, channel).into_iter().zip([false, true]) {
                    if gain != 0.0 {
                        terms.push(Term { channel, gain, quadrature });
                    }
                }
            }
            if terms.len() > 1 {
                rows.push(Row { output, terms });
            }
        }
        rows
    }

    /// Largest Σ|m| and √Σm² of a row, dB.
    pub(super) fn bounds_db<S: Sample>(&self, stream: Stream) -> Result<(f64, f64), Error> {
        Ok(match &self.path {
            FoldPath::Matrix(matrix) => (matrix.peak_bound_db(), matrix.power_bound_db()),
            FoldPath::LtRt(setup) => {
                let fold = LtRt::<S>::new(*setup, stream)?;
                (fold.peak_bound_db(), fold.power_bound_db())
            }
        })
    }

    /// The processor.
    pub(super) fn fold<S: Sample>(&self, stream: Stream) -> Result<Folder<S>, Error> {
        Ok(match &self.path {
            FoldPath::Matrix(matrix) => {
                Folder::Matrix(Box::new(FoldDown::with_matrix(**matrix, stream)?))
            }
            FoldPath::LtRt(setup) => Folder::LtRt(Box::new(LtRt::new(*setup, stream)?)),
        })
    }
}

/// The processor of a target.
#[derive(Debug)]
pub(super) enum Folder<S: Sample> {
    Matrix(Box<FoldDown>),
    LtRt(Box<LtRt<'static, S>>),
}

impl<S: Sample> Folder<S> {
    pub(super) fn convert(
        &mut self,
        input: Block<'_, S>,
        output: BlockMut<'_, S>,
    ) -> Result<(), Error> {
        match self {
            Self::Matrix(fold) => fold.convert(input, output),
            Self::LtRt(fold) => fold.convert(input, output),
        }
    }

    pub(super) fn latency_frames(&self) -> usize {
        match self {
            Self::Matrix(fold) => fold.latency_frames(),
            Self::LtRt(fold) => fold.latency_frames(),
        }
    }
}
