//! The gains of a limiter on their way into the statistics of its reduction.

use super::peak_detector::CHUNK;
use super::reduction::{LOOK_FRAMES, ReductionLog, ReductionStats};
use crate::kernels::{self, AMPLITUDE_DB, AMPLITUDE_FLOOR, Isa};

/// Chunks that are logged together: logarithms cost less by the vector.
const TOGETHER: usize = 16;

/// Collects the lowest gain of each chunk of output.
#[derive(Clone, Debug)]
pub(super) struct GainLog {
    log: ReductionLog,
    /// Gains that are not in the log yet.
    waiting: [f32; TOGETHER],
    count: usize,
}

impl GainLog {
    pub(super) fn new() -> Self {
        Self { log: ReductionLog::new(), waiting: [1.0; TOGETHER], count: 0 }
    }

    /// The lowest gain of a chunk, over all channels.
    pub(super) fn take(&mut self, isa: Isa, lowest: f32) {
        if let Some(slot) = self.waiting.get_mut(self.count) {
            *slot = lowest;
            self.count += 1;
        }
        if self.count == TOGETHER {
            self.settle(isa);
        }
    }

    /// The figures; none before the first chunk.
    pub(super) fn stats(&self, isa: Isa) -> Option<ReductionStats> {
        let mut all = self.clone();
        all.settle(isa);
        all.log.stats()
    }

    /// What waits joins the log.
    fn settle(&mut self, isa: Isa) {
        let gains = self.waiting.get_mut(..self.count).unwrap_or_default();
        kernels::levels_db(isa, gains, AMPLITUDE_DB, AMPLITUDE_FLOOR);
        for level_db in gains {
            let reduction_db = 0.0 - *level_db;
            // Each look sees the lowest gain of its chunk.
            for _ in 0..CHUNK / LOOK_FRAMES {
                self.log.look(reduction_db);
            }
            self.log.largest(reduction_db);
        }
        self.count = 0;
    }
}
