//! What splits the sibilants off, and the memory of a de-esser.

use super::deesser_params::{DeEsserMode, DeEsserParams, DeEsserSetup};
use super::detector::Detector;
use super::key_intake::{CHUNK, KeyIntake};
use crate::audio::Store;
use crate::error::Error;
use crate::filters::design::CrossoverSlope;
use crate::filters::{Crossover, CrossoverParams, CrossoverSetup};
use crate::stream::Stream;

/// What splits the band off.
#[derive(Debug)]
pub(super) struct Split<'a, S> {
    pub(super) crossover: Crossover<'a>,
    pub(super) bands: Store<'a, S>,
}

/// The crossover of the split.
pub(super) const TWO_BANDS: CrossoverSetup =
    CrossoverSetup { bands: 2, slope: CrossoverSlope::Db24 };

/// Where it splits.
pub(super) fn crossing(params: &DeEsserParams) -> CrossoverParams {
    CrossoverParams { crossing_1_hz: params.hz, ..CrossoverParams::default() }
}

/// Samples and values: look-ahead, pieces of the bands, windows, crossover.
pub(super) struct Plan {
    pub(super) rings: usize,
    pub(super) bands: usize,
    pub(super) squares: usize,
    pub(super) crossover: usize,
}

impl DeEsserSetup {
    pub(super) fn detector(&self) -> Detector {
        Detector::Rms { window_ms: self.window_ms }
    }

    pub(super) fn plan(&self, stream: &Stream) -> Result<Plan, Error> {
        self.validate()?;
        stream.validate()?;
        let channels = stream.channel_count();
        let splits = self.mode == DeEsserMode::Split;
        let (bands, crossover) = if splits {
            (2 * channels * CHUNK, Crossover::required_len(&TWO_BANDS, stream)?)
        } else {
            (0, 0)
        };
        Ok(Plan {
            rings: KeyIntake::<f64>::memory(self.lookahead_ms, stream),
            bands,
            squares: channels.div_ceil(2) * self.detector().listening(stream)?.pair_memory_len(),
            crossover,
        })
    }
}
