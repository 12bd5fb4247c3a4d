//! What the leveller knows of the cells around the one that leaves, and the gain that follows.
//!
//! The rules are in the module doc of [`super::leveller`].

use super::leveller::LevellerParams;
use super::voice_mean::{MEMORY_S, VoiceGates, VoiceMean};
use crate::audio::Store;
use crate::loudness::SUB_BLOCKS_PER_S;
use crate::units::{Lufs, Power, db_to_power};

/// Numbers of a cell: its power, and 1 where it is strong.
const ENTRY: usize = 2;

/// The cells before and behind the one that leaves, and the gain.
#[derive(Debug)]
pub(super) struct Ride<'a> {
    /// Cells of the look-ahead; as many that have left are kept.
    ahead: usize,
    least: usize,
    ring: Store<'a, f64>,
    /// Cells so far.
    pushed: u64,
    /// Mean of strong powers.
    voice: VoiceMean,
    gain_db: f64,
    lowest_db: f64,
    highest_db: f64,
    travel_db: f64,
    /// Cells that have left, and those of them that belong to a phrase.
    left: [u64; 2],
}

/// A phrase around or behind a cell: powers and number of its strong cells.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    sum: f64,
    count: usize,
    /// The cell is part of it, else it is still to come.
    inside: bool,
}

impl<'a> Ride<'a> {
    pub(super) fn required_len(ahead: usize) -> usize {
        2 * ahead * ENTRY
    }

    /// `ahead` cells of look-ahead; `least` strong cells make a phrase.
    pub(super) fn new(ahead: usize, least: usize, ring: Store<'a, f64>) -> Self {
        Self {
            ahead,
            least,
            ring,
            pushed: 0,
            voice: VoiceMean::default(),
            gain_db: 0.0,
            lowest_db: 0.0,
            highest_db: 0.0,
            travel_db: 0.0,
            left: [0; 2],
        }
    }

    pub(super) fn reset(&mut self) {
        self.ring.fill(0.0);
        self.pushed = 0;
        self.voice = VoiceMean::default();
        self.gain_db = 0.0;
        self.lowest_db = 0.0;
        self.highest_db = 0.0;
        self.travel_db = 0.0;
        self.left = [0; 2];
    }

    pub(super) fn gain_db(&self) -> f64 {
        self.gain_db
    }

    /// Lowest gain, highest gain, and all ways together, dB.
    pub(super) fn course(&self) -> [f64; 3] {
        [self.lowest_db, self.highest_db, self.travel_db]
    }

    /// Cells that have left, and those of them that belong to a phrase.
    pub(super) fn left(&self) -> [u64; 2] {
        self.left
    }

    /// Power of a cell that is kept, and whether it is strong.
    fn cell(&self, index: u64) -> (f64, bool) {
        let (slots, _) = self.ring.as_chunks::<ENTRY>();
        let at = usize::try_from(index % (2 * self.ahead).max(1) as u64).unwrap_or(0);
        slots.get(at).map_or((0.0, false), |[power, strong]| (*power, *strong > 0.0))
    }

    /// Takes the power of the next cell; the gain at the end of the one that leaves next, dB.
    pub(super) fn push(&mut self, power: f64, params: &LevellerParams, bypass: bool) -> f64 {
        self.classify(power, params);
        let leaves = self.pushed.saturating_sub(self.ahead as u64);
        let found = self.phrase(leaves, params);
        if self.pushed >= self.ahead as u64 {
            let [all, inside] = self.left;
            let counts = found.is_some_and(|found| found.inside);
            self.left = [all + 1, inside + u64::from(counts)];
        }
        let known = found.filter(|found| found.count >= self.least);
        #[expect(clippy::cast_precision_loss, reason = "at most a thousand cells")]
        let asked = known
            .map(|found| Power::new(found.sum / found.count.max(1) as f64).loudness())
            .map(|loudness| params.static_gain_db(loudness));
        let asked = if bypass { Some(0.0) } else { asked };
        if let Some(asked) = asked {
            self.move_to(asked, params);
        }
        self.gain_db
    }

    /// Takes a cell in, and into the voice's mean.
    fn classify(&mut self, power: f64, params: &LevellerParams) {
        let gates = VoiceGates {
            absolute: Lufs::new(params.floor_lufs).power().value(),
            relative: db_to_power(-params.gate_lu),
            kept: 1.0 - 1.0 / (MEMORY_S * SUB_BLOCKS_PER_S),
            cells_per_s: SUB_BLOCKS_PER_S,
        };
        let strong = self.voice.push(power, &gates);
        let at = usize::try_from(self.pushed % (2 * self.ahead).max(1) as u64).unwrap_or(0);
        let (slots, _) = self.ring.as_chunks_mut::<ENTRY>();
        if let Some(slot) = slots.get_mut(at) {
            *slot = [power, f64::from(strong)];
        }
        self.pushed += 1;
    }

    /// The phrase that holds a cell, or else the next one; none if nothing strong is to come.
    fn phrase(&self, cell: u64, params: &LevellerParams) -> Option<Found> {
        let first = self.pushed.saturating_sub(2 * self.ahead as u64);
        let strong = |index: &u64| self.cell(*index).1;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 3 s in cells"
        )]
        let pause = (params.pause_ms * 1e-3 * SUB_BLOCKS_PER_S) as u64;
        let before = (first..=cell).rev().find(strong);
        let next = (cell..self.pushed).find(strong);
        let (mut found, from) = match (before, next) {
            (Some(before), Some(next)) if next - before <= pause + 1 => {
                (Found { inside: true, ..Found::default() }, next)
            }
            (_, Some(next)) => (Found::default(), next),
            _ => return None,
        };
        self.add(&mut found, from..self.pushed, pause);
        if let (true, Some(before)) = (found.inside, before)
            && before < from
        {
            self.add(&mut found, (first..=before).rev(), pause);
        } else if found.inside {
            self.add(&mut found, (first..from).rev(), pause);
        }
        Some(found)
    }

    /// Adds strong cells on the way until a pause.
    fn add(&self, found: &mut Found, way: impl Iterator<Item = u64>, pause: u64) {
        let mut gap = 0;
        for index in way {
            let (power, strong) = self.cell(index);
            if strong {
                found.sum += power;
                found.count += 1;
                gap = 0;
            } else {
                gap += 1;
                if gap > pause {
                    return;
                }
            }
        }
    }

    /// Moves the gain by the slews. Before anything has left, nobody hears how it gets where it is.
    fn move_to(&mut self, asked: f64, params: &LevellerParams) {
        let (up, down) =
            (params.up_db_per_s / SUB_BLOCKS_PER_S, params.down_db_per_s / SUB_BLOCKS_PER_S);
        let from = self.gain_db;
        if self.pushed <= self.ahead as u64 {
            self.gain_db = asked;
        } else {
            self.gain_db = asked.max(from - down).min(from + up);
            self.travel_db += (self.gain_db - from).abs();
        }
        if self.pushed >= self.ahead as u64 {
            self.lowest_db = self.lowest_db.min(self.gain_db);
            self.highest_db = self.highest_db.max(self.gain_db);
        }
    }
}
