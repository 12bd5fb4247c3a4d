//! Which of two shapes of a duck costs less loudness: band by band, or one depth for all bands that are
//! masked.
//!
//! Over a phrase, with P_i the powers of the background's bands, K_i their K-weights, I_i the importances
//! and A_i(d) the mean audibility of band i with its background d lower:
//!
//! > audibility(d_1 … d_n) = Σ I_i·A_i(d'_i), d'_i what depths d make of the excitation in band i
//! > loudness(d_1 … d_n) = Σ K_i·P_i·10^(−d_i/10)
//!
//! To bring every band to one ratio takes most where the background is loudest, and there each decibel
//! costs most, while the index rewards a decibel by the importance of its band, loud or not. So the flat
//! shape, which asks every masked band for the same, is cheaper where the background is loud in a few of
//! the voice's bands; where it lies in bands that the voice does not need, band by band is.
//!
//! Sources: own design; the index is that of [`super::audibility`]. On the development material of
//! `tests/all/data/duck` band by band alone cost up to 0.8 LU more than a broadband duck of the same
//! audibility; the flat shape alone cost 0.9 LU more than band by band on the shipped cue.

use super::audibility::audible;
use crate::analysis::{ERB_BANDS, MaskingFrame};
use crate::units::{db_to_power, power_to_db};

pub(super) type Bands = [f64; ERB_BANDS];

/// Depths at which the audibility in a phrase is known, 0 to 40 dB, the largest that may be asked for, in
/// steps of 2 dB; straight between, where the audibility of a frame is so but for its ends.
pub(super) const STEPS: usize = 21;
const STEP_DB: f64 = 2.0;
/// Halvings in which the flat depth is looked for before the straight line: 40 dB to 0.16 dB.
const HALVINGS: usize = 8;
/// A shape gives way to one that leaves the background this much louder: less, a reading of loudness to
/// the tenth does not show, and a duck that changed shape for it would move for nothing.
const TENTH_LU: f64 = 0.1;

/// Adds a frame to the sums of audibility, for every step of depth.
pub(super) fn add_audibility(
    sums: &mut [Bands],
    [voice, background, stays]: [&Bands; 3],
    importance: &Bands,
    frame: &MaskingFrame<'_>,
) {
    let (mut lower, step) = (1.0, db_to_power(-STEP_DB));
    for sums in sums.iter_mut().take(STEPS) {
        let bands = sums.iter_mut().zip(importance).zip(voice).zip(background).zip(stays);
        for (band, ((((sum, importance), voice), background), stays)) in bands.enumerate() {
            if *importance > 0.0 && *voice > 0.0 {
                *sum += audible(*voice, background * lower + stays + frame.quiet(band));
            }
        }
        lower *= step;
    }
}

/// What is known of a phrase.
pub(super) struct Known<'k> {
    /// Sums of audibility, for every step of depth.
    pub(super) audibility: &'k [Bands],
    /// Sums of excitations and powers of the background that goes down.
    pub(super) background: &'k Bands,
    pub(super) powers: &'k Bands,
    /// K-weights and importances.
    pub(super) weights: &'k Bands,
    pub(super) importance: &'k Bands,
    pub(super) frame: &'k MaskingFrame<'k>,
}

impl Known<'_> {
    /// Audibility where the excitations by the background are no longer what they were.
    fn audibility(&self, left: &Bands) -> f64 {
        let mut sum = 0.0;
        let bands = self.importance.iter().zip(self.background).zip(left).enumerate();
        for (band, ((importance, background), left)) in bands {
            if *importance == 0.0 || *left <= 0.0 {
                continue;
            }
            let steps = power_to_db(background / left) / STEP_DB;
            // Not `clamp`, which would keep a NaN.
            let steps = steps.max(0.0).min((STEPS - 1) as f64);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 20")]
            let step = (steps as usize).min(STEPS - 2);
            let at = |step: usize| self.audibility.get(step).and_then(|sums| sums.get(band));
            if let (Some(from), Some(to)) = (at(step), at(step + 1)) {
                sum += importance * (from + (to - from) * (steps - step as f64));
            }
        }
        sum
    }

    fn excitations(&self, powers: &Bands) -> Bands {
        let mut excitations = [0.0; ERB_BANDS];
        self.frame.excite(powers, &mut excitations);
        excitations
    }

    fn loudness(&self, depths: &Bands) -> f64 {
        let bands = self.weights.iter().zip(self.powers).zip(depths);
        bands.fold(0.0, |sum, ((weight, power), db)| sum + weight * power * db_to_power(-db))
    }

    /// One depth for the `masked` bands that gives the audibility of depths band by band; none where it
    /// would be larger than `max_db`.
    fn flat(&self, depths: &Bands, masked: &[bool; ERB_BANDS], max_db: f64) -> Option<Bands> {
        let mut lowered = *self.powers;
        for (power, db) in lowered.iter_mut().zip(depths) {
            *power *= db_to_power(-db);
        }
        let wanted = self.audibility(&self.excitations(&lowered));
        let mut inside = [0.0; ERB_BANDS];
        for ((inside, power), masked) in inside.iter_mut().zip(self.powers).zip(masked) {
            *inside = if *masked { *power } else { 0.0 };
        }
        let inside = self.excitations(&inside);
        let at = |db: f64| {
            let less = 1.0 - db_to_power(-db);
            let mut left = *self.background;
            for (left, inside) in left.iter_mut().zip(&inside) {
                *left -= less * inside;
            }
            self.audibility(&left)
        };
        let (mut low, mut high) = (0.0, max_db);
        let (mut below, mut above) = (at(low), at(high));
        if above < wanted || above <= below {
            return None;
        }
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            let found = at(middle);
            if found >= wanted {
                (high, above) = (middle, found);
            } else {
                (low, below) = (middle, found);
            }
        }
        let share = if above > below { (wanted - below) / (above - below) } else { 1.0 };
        let db = low + (high - low) * share.clamp(0.0, 1.0);
        Some(masked.map(|masked| if masked { db } else { 0.0 }))
    }

    /// The depths band by band, or the flat ones where those leave the background louder. `is_flat` is what
    /// was chosen last, and what is now.
    pub(super) fn cheaper(
        &self,
        depths: &Bands,
        masked: &[bool; ERB_BANDS],
        max_db: f64,
        is_flat: &mut bool,
    ) -> Bands {
        if depths.iter().all(|db| *db == 0.0) {
            return *depths;
        }
        let Some(flat) = self.flat(depths, masked, max_db) else {
            *is_flat = false;
            return *depths;
        };
        let [flat_loudness, band_loudness] = [self.loudness(&flat), self.loudness(depths)];
        let more = db_to_power(TENTH_LU);
        *is_flat = if *is_flat {
            band_loudness <= flat_loudness * more
        } else {
            flat_loudness > band_loudness * more
        };
        if *is_flat { flat } else { *depths }
    }
}
