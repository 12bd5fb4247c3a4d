//! What a dynamics processor did: the gain reduction as statistics.
//!
//! The reduction is looked at every 32 frames of the absolute counter (a limiter's: the largest of each
//! chunk of 64, counted twice), so the figures do not depend on how the signal was cut into blocks. The largest one is taken over every frame.

use crate::kernels::{self, Isa};
use crate::units::{db_to_gain, gain_to_db};

/// Frames between two looks: 0.7 ms at 48 kHz, short against every release.
pub(super) const LOOK_FRAMES: usize = 32;

/// Bins of a tenth of a decibel, 0 to 40 dB and everything above.
const BINS: usize = 401;
const BINS_PER_DB: f64 = 10.0;

/// A gain in dB of which a share acts and the rest of the signal stays dry, dB.
pub(super) fn mixed_db(gain_db: f64, share: f64) -> f64 {
    if share == 1.0 {
        return gain_db;
    }
    gain_to_db(share * db_to_gain(gain_db) + (1.0 - share))
}

/// Linear gains act with a share each; the rest of the signal stays dry.
pub(super) fn mix_in(gains: &mut [f32], shares: &[f32]) {
    for (gain, &share) in gains.iter_mut().zip(shares) {
        // Exactly the gain at 1 and exactly 1 at 0, wherever a fade ends in the piece.
        *gain = if share == 1.0 { *gain } else { 1.0 + (*gain - 1.0) * share };
    }
}

/// Raises a row to another one where that is larger.
pub(super) fn raise_row(most: &mut [f32], row: &[f32]) {
    for (most, value) in most.iter_mut().zip(row) {
        *most = if *value > *most { *value } else { *most };
    }
}

/// Lowers a row to another one where that is smaller.
pub(super) fn lower_row(least: &mut [f32], row: &[f32]) {
    for (least, value) in least.iter_mut().zip(row) {
        *least = if *value < *least { *value } else { *least };
    }
}

/// Copies as far as both reach.
pub(super) fn copy_row(to: &mut [f32], from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// Gain reduction since the last reset, dB, of the channel that is reduced most.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReductionStats {
    /// The largest reduction of any frame.
    pub max_db: f64,
    /// Mean of the reductions in dB (a raised gain counts as negative).
    pub mean_db: f64,
    /// Half of the time the reduction is below this, to 0.1 dB.
    pub median_db: f64,
    /// 95 % of the time the reduction is below this, to 0.1 dB.
    pub p95_db: f64,
    /// Share of the time with more than 0.1 dB.
    pub active_percent: f64,
    /// Share of the time with more than 3 dB.
    pub over_3_db_percent: f64,
    /// Share of the time with more than 6 dB.
    pub over_6_db_percent: f64,
}

/// The figures in the making.
#[derive(Clone, Debug)]
pub(super) struct ReductionLog {
    max: f32,
    sum: f64,
    looks: u64,
    bins: [u32; BINS],
}

impl ReductionLog {
    pub(super) fn new() -> Self {
        Self { max: f32::NEG_INFINITY, sum: 0.0, looks: 0, bins: [0; BINS] }
    }

    /// The reductions of a part of the signal that begins at the absolute frame `now`.
    pub(super) fn take(&mut self, isa: Isa, now: u64, reductions: &[f32]) {
        let (_, largest) = kernels::extent(isa, reductions);
        self.largest(largest);
        #[expect(clippy::cast_possible_truncation, reason = "below LOOK_FRAMES")]
        let past = (now % LOOK_FRAMES as u64) as usize;
        let next = if past == 0 { 0 } else { LOOK_FRAMES - past };
        for reduction in reductions.iter().skip(next).step_by(LOOK_FRAMES) {
            self.look(*reduction);
        }
    }

    /// A reduction that stands still for so many frames from the absolute frame `now` on.
    pub(super) fn hold(&mut self, now: u64, frames: usize, reduction_db: f32) {
        if frames == 0 {
            return;
        }
        self.largest(reduction_db);
        // Frames of the absolute grid in here.
        let grid = LOOK_FRAMES as u64;
        for _ in now.div_ceil(grid)..(now + frames as u64).div_ceil(grid) {
            self.look(reduction_db);
        }
    }

    /// The largest reduction of some frames.
    pub(super) fn largest(&mut self, reduction_db: f32) {
        if reduction_db > self.max {
            self.max = reduction_db;
        }
    }

    /// One look.
    pub(super) fn look(&mut self, reduction_db: f32) {
        self.sum += f64::from(reduction_db);
        self.looks += 1;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates; a raised gain counts as none"
        )]
        let bin = (f64::from(reduction_db) * BINS_PER_DB) as usize;
        if let Some(count) = self.bins.get_mut(bin.min(BINS - 1)) {
            *count = count.saturating_add(1);
        }
    }

    /// The figures; none before the first frame.
    pub(super) fn stats(&self) -> Option<ReductionStats> {
        if self.looks == 0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
        let looks = self.looks as f64;
        let over = |bin: usize| {
            let below: u64 = self.bins.iter().take(bin).map(|&count| u64::from(count)).sum();
            #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
            {
                100.0 * (1.0 - below as f64 / looks)
            }
        };
        let percentile = |share: f64| {
            let mut below = 0.0;
            let mut level = 0.0;
            for &count in &self.bins {
                below += f64::from(count);
                if below >= share * looks {
                    break;
                }
                level += 1.0 / BINS_PER_DB;
            }
            level
        };
        Some(ReductionStats {
            max_db: f64::from(self.max),
            mean_db: self.sum / looks,
            median_db: percentile(0.5),
            p95_db: percentile(0.95),
            active_percent: over(1),
            over_3_db_percent: over(30),
            over_6_db_percent: over(60),
        })
    }
}
