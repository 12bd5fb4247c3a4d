//! The gain of a tool or of several bands, frame by frame, on its way into the statistics and into the
//! rows that a caller asked for: one piece for all of them.

use super::cells::{CHUNK, Cells};
use super::reduction::{ReductionLog, ReductionStats, copy_row};
use crate::kernels::{self, AMPLITUDE_DB, AMPLITUDE_FLOOR, Isa};
use crate::units::gain_to_db;

/// Where the frames of a piece lie in the rows of a whole block; nowhere if nobody asked for rows.
#[derive(Debug)]
pub(super) struct Rows<'t> {
    all: &'t mut [f32],
    /// Frames of the block, those before the piece, and those of the piece.
    block: usize,
    at: usize,
    take: usize,
}

impl<'t> Rows<'t> {
    /// The rows of a block of so many frames: row by row.
    pub(super) fn new(all: Option<&'t mut [f32]>, block: usize) -> Self {
        Self { all: all.unwrap_or_default(), block, at: 0, take: block }
    }

    /// The same for the piece of `take` frames from frame `at` on.
    pub(super) fn piece(&mut self, at: usize, take: usize) -> &mut Self {
        (self.at, self.take) = (at, take);
        self
    }

    /// The piece's part of a row; empty if nobody asked for it.
    pub(super) fn row(&mut self, index: usize) -> &mut [f32] {
        let start = index.saturating_mul(self.block).saturating_add(self.at);
        self.all.get_mut(start..start.saturating_add(self.take)).unwrap_or_default()
    }
}

/// Gains in dB below 0 are reductions; no negative zero.
fn reductions_of(isa: Isa, gains: &mut [f32]) {
    kernels::levels_db(isa, gains, AMPLITUDE_DB, AMPLITUDE_FLOOR);
    gains.iter_mut().for_each(|db| *db = 0.0 - *db);
}

/// Statistics of a gain, and its last value.
#[derive(Clone, Debug)]
pub(super) struct GainTrace {
    log: ReductionLog,
    /// Reduction of the last frame, dB.
    last: f32,
    /// Absolute frame of the next one.
    now: u64,
}

impl GainTrace {
    pub(super) fn new() -> Self {
        Self { log: ReductionLog::new(), last: 0.0, now: 0 }
    }

    /// The figures; none before the first frame.
    pub(super) fn stats(&self) -> Option<ReductionStats> {
        self.log.stats()
    }

    /// Reduction of the last frame, dB.
    pub(super) fn last_db(&self) -> f64 {
        f64::from(self.last)
    }

    /// Reductions of the next frames, dB.
    pub(super) fn take(&mut self, isa: Isa, reductions: &[f32]) {
        self.log.take(isa, self.now, reductions);
        self.last = reductions.last().copied().unwrap_or(self.last);
        self.now += reductions.len() as u64;
    }

    /// Linear gains of the next frames; `row` gets their reductions, dB.
    pub(super) fn take_gains(&mut self, isa: Isa, gains: &mut [f32], row: &mut [f32]) {
        reductions_of(isa, gains);
        copy_row(row, gains);
        self.take(isa, gains);
    }

    /// A linear gain that stands still for the next frames.
    pub(super) fn hold(&mut self, gain: f64, frames: usize, row: &mut [f32]) {
        #[expect(clippy::cast_possible_truncation, reason = "a read-out")]
        let reduction = if gain == 1.0 { 0.0 } else { (0.0 - gain_to_db(gain)) as f32 };
        row.fill(reduction);
        self.log.hold(self.now, frames, reduction);
        self.last = reduction;
        self.now += frames as u64;
    }

    /// A linear gain that runs straight over the cell at hand, whose next frames these are.
    pub(super) fn line(
        &mut self,
        isa: Isa,
        cells: &Cells,
        ends: [f64; 2],
        frames: usize,
        row: &mut [f32],
    ) {
        let [from, to] = ends;
        if from == to {
            return self.hold(from, frames, row);
        }
        let mut gains = [0.0; CHUNK];
        let gains = gains.get_mut(..frames).unwrap_or_default();
        cells.line(ends, gains);
        self.take_gains(isa, gains, row);
    }
}

/// Linear gains of one row of several: as reductions, dB, for who asked for them.
pub(super) fn write_row(isa: Isa, gains: &mut [f32], row: &mut [f32]) {
    if !row.is_empty() {
        reductions_of(isa, gains);
        copy_row(row, gains);
    }
}
