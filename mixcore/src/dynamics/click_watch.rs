//! Judges the cells of one channel of a click tamer: which of them stand alone, and how far each band goes
//! down in them.
//!
//! The rules are in the module doc of [`super::click_tamer`].

use super::click_tamer_params::ClickTamerParams;
use super::tamed::{TamedLog, TamedPlace};
use crate::units::{db_to_gain, db_to_power, power_to_db};

/// Bands of the split: what lies above the corner, and what lies between the two corners.
pub(super) const BANDS: usize = 2;
/// Cells that surround a click on either side: 12 ms, a period of 80 Hz.
pub(super) const CONTEXT: usize = 24;
/// Cells on either side that belong to a click: its rise and its ring.
pub(super) const BESIDE: usize = 2;
/// Most cells of a neighbourhood that is left out on either side: 10 ms, and half of the longer window with
/// its rounding.
const MAX_GUARD: usize = 20 + 8;
/// Cells that are kept: both neighbourhoods and the cell between them.
const KEPT: usize = 2 * (CONTEXT + MAX_GUARD) + 1;
/// −100 dBFS: below a bit of 16.
const SILENCE: f64 = 1e-10;

/// How far a cell's bands stand out, dB, and whether it is the core of a click.
#[derive(Clone, Copy, Debug, Default)]
struct Judged {
    above_db: [f64; BANDS],
    core: bool,
}

/// Where a cell that is decided about lies: its frame and its length, and its channel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub(super) frame: u64,
    pub(super) frames: u64,
    pub(super) channel: usize,
}

/// One channel.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClickWatch {
    /// Energies of the cell at hand.
    pub(super) energies: [f64; BANDS],
    /// 1 − g at both ends of the cell that leaves, band by band.
    pub(super) shares: [[f64; 2]; BANDS],
    /// Powers of the last cells: cell k at k modulo their number.
    powers: [[f64; KEPT]; BANDS],
    /// The last cells that were judged, oldest first.
    judged: [Judged; 2 * BESIDE + 1],
    /// Reductions of the cell that was decided last, dB.
    last: [f64; BANDS],
    open: Option<TamedPlace>,
}

impl Default for ClickWatch {
    fn default() -> Self {
        Self {
            energies: [0.0; BANDS],
            shares: [[0.0; 2]; BANDS],
            powers: [[0.0; KEPT]; BANDS],
            judged: [Judged::default(); 2 * BESIDE + 1],
            last: [0.0; BANDS],
            open: None,
        }
    }
}

impl ClickWatch {
    /// Cells from the one that is judged to the newest, for guards of so many cells.
    pub(super) fn span(guards: &[usize; BANDS]) -> usize {
        CONTEXT + guards.iter().fold(0, |most: usize, guard| most.max(*guard)).min(MAX_GUARD)
    }

    /// The largest reduction of the cell that leaves next, dB.
    pub(super) fn reduction_db(&self) -> f64 {
        let [high, mid] = self.last;
        high.max(mid)
    }

    /// Cell `done` of that many frames is complete: judges the cell in the middle of what is known, and
    /// decides about the one at `spot`, [`BESIDE`] before it. Where `idle` nothing is found.
    pub(super) fn end_cell(
        &mut self,
        [done, length]: [u64; 2],
        guards: &[usize; BANDS],
        params: &ClickTamerParams,
        idle: bool,
        spot: Spot,
        log: &mut TamedLog,
    ) {
        let kept = 2 * Self::span(guards) + 1;
        let newest = usize::try_from(done % kept as u64).unwrap_or(0);
        #[expect(clippy::cast_precision_loss, reason = "a cell's frames")]
        let length = length.max(1) as f64;
        for (powers, energy) in self.powers.iter_mut().zip(&mut self.energies) {
            if let Some(slot) = powers.get_mut(newest) {
                *slot = core::mem::take(energy) / length;
            }
        }
        self.judged.rotate_left(1);
        let judged = if idle || done < kept as u64 {
            Judged::default()
        } else {
            self.judge(kept, newest, guards, params)
        };
        if let Some(last) = self.judged.last_mut() {
            *last = judged;
        }
        let near = self.judged.iter().any(|cell| cell.core);
        let most = if near { params.max_reduction_db } else { 0.0 };
        let decided = self.judged.get(BESIDE).copied().unwrap_or_default();
        let depths = decided.above_db.map(|above| above.max(0.0).min(most));
        let [depth_db, _] = depths;
        match &mut self.open {
            Some(open) if near => {
                open.frames += spot.frames;
                open.depth_db = open.depth_db.max(depth_db);
            }
            Some(open) => {
                log.add(*open);
                self.open = None;
            }
            None if near => {
                let Spot { frame, frames, channel } = spot;
                self.open = Some(TamedPlace { frame, frames, channel, depth_db });
            }
            None => {}
        }
        let bands = self.shares.iter_mut().zip(&mut self.last).zip(depths);
        for ((share, last), depth) in bands {
            let before = core::mem::replace(last, depth);
            let [_, from] = *share;
            *share = [from, 1.0 - db_to_gain(0.0 - before.max(depth))];
        }
    }

    /// The cell in the middle of the last `kept`, whose newest one stands at `newest`.
    fn judge(
        &self,
        kept: usize,
        newest: usize,
        guards: &[usize; BANDS],
        params: &ClickTamerParams,
    ) -> Judged {
        let [high, mid] = &self.powers;
        let [high_guard, mid_guard] = *guards;
        let high = Around::of(high.get(..kept).unwrap_or_default(), newest, high_guard);
        if high.mean < SILENCE {
            return Judged::default();
        }
        let mid = Around::of(mid.get(..kept).unwrap_or_default(), newest, mid_guard);
        let core = high.power >= high.largest * db_to_power(params.threshold_db)
            && high.power >= db_to_power(params.floor_dbfs);
        // Ratios of 0 to 0 are no click.
        let above = |power: f64, beside: f64| {
            if power > beside { power_to_db(power / beside) } else { 0.0 }
        };
        Judged { above_db: [above(high.power, high.mean), above(mid.power, mid.largest)], core }
    }
}

/// A cell's power, and the largest and the mean of the 24 on either side beyond its guard.
struct Around {
    power: f64,
    largest: f64,
    mean: f64,
}

impl Around {
    /// Of the cell in the middle of a ring of powers, whose newest one stands at `newest`.
    fn of(powers: &[f64], newest: usize, guard: usize) -> Self {
        let (newer, older) = powers.split_at_checked(newest + 1).unwrap_or_default();
        let (mut power, mut largest, mut sum) = (0.0, 0.0_f64, 0.0);
        // Oldest first.
        for (place, p) in older.iter().chain(newer).copied().enumerate() {
            let away = place.abs_diff(powers.len() / 2);
            if away == 0 {
                power = p;
            } else if away > guard && away <= guard + CONTEXT {
                largest = largest.max(p);
                sum += p;
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "48")]
        let mean = sum / (2 * CONTEXT) as f64;
        Self { power, largest, mean }
    }
}
