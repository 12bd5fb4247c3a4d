//! How much of a stem is hidden, added up over time.

use super::bands::{ERB_BANDS, ErbBands};
use super::masking_model::{Masker, MaskingFrame};
use crate::audio::Store;
use crate::units::Reading;

/// The share of a target that is hidden while it plays, 0 to 1.
///
/// [`Reading::TooShort`] before the first frame; [`Reading::BelowGate`] if nothing of the target would
/// be heard if it were alone.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct MaskedShare {
    /// Of its energy in the bands and frames where it would be heard if it were alone.
    pub energy: Reading,
    /// Of those bands and frames themselves, each counted once: what is soft counts as much as what
    /// is loud.
    pub cells: Reading,
    /// How far the hidden bands and frames lie below their masked threshold, dB, on average;
    /// [`Reading::BelowGate`] if none is hidden.
    pub depth_db: Reading,
}

/// Sums of one target, masker and band: energy present and hidden, cells present and hidden, depth.
const SUMS: usize = 5;

/// Numbers of memory for so many stems.
pub(super) const fn shares_len(stems: usize) -> usize {
    stems * stems * ERB_BANDS * SUMS
}

/// The place of target and masker in lists of all pairs; a stem with itself stands for all others.
pub(super) fn slot(stems: usize, target: usize, masker: Masker) -> Option<usize> {
    let masker = match masker {
        // With two stems the others are the other one.
        Masker::Others if stems == 2 => 1_usize.checked_sub(target)?,
        Masker::Others => target,
        Masker::Stem(stem) if stem != target => stem,
        Masker::Stem(_) => return None,
    };
    (target < stems && masker < stems).then_some(target * stems + masker)
}

/// All pairs of target and masker that are kept apart, with their slots.
pub(super) fn pairs(stems: usize) -> impl Iterator<Item = (usize, usize, Masker)> {
    (0..stems * stems).filter_map(move |index| {
        let (target, stem) = (index / stems.max(1), index % stems.max(1));
        match (target == stem, stems) {
            (true, 2) => None,
            (true, _) => Some((index, target, Masker::Others)),
            (false, _) => Some((index, target, Masker::Stem(stem))),
        }
    })
}

/// Present and hidden energy and cells of every pair and band.
#[derive(Debug)]
pub(super) struct Shares<'a> {
    sums: Store<'a, f64>,
    stems: usize,
    frames: u64,
}

impl<'a> Shares<'a> {
    pub(super) fn new(stems: usize, sums: Store<'a, f64>) -> Self {
        Self { sums, stems, frames: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.sums.fill(0.0);
        self.frames = 0;
    }

    pub(super) fn add(&mut self, frame: &MaskingFrame<'_>) {
        self.frames += 1;
        for (slot, target, masker) in pairs(self.stems) {
            let sums = self.sums.as_chunks_mut::<SUMS>().0.as_chunks_mut::<ERB_BANDS>().0;
            let Some(sums) = sums.get_mut(slot) else { continue };
            for (band, sums) in (0..frame.bands()).zip(sums) {
                if frame.is_present(target, band) {
                    let power = frame.power(target, band);
                    sums[0] += power;
                    sums[2] += 1.0;
                    if frame.is_masked(target, masker, band) {
                        sums[1] += power;
                        sums[3] += 1.0;
                        sums[4] += frame.depth_db(target, masker, band);
                    }
                }
            }
        }
    }

    /// The share over the bands that `counts` says.
    pub(super) fn share(
        &self,
        target: usize,
        masker: Masker,
        need_s: f64,
        counts: impl Fn(usize) -> bool,
    ) -> MaskedShare {
        let none = |reading| MaskedShare { energy: reading, cells: reading, depth_db: reading };
        let Some(slot) = slot(self.stems, target, masker) else {
            return none(Reading::NotApplicable);
        };
        if self.frames == 0 {
            return none(Reading::TooShort { have_s: 0.0, need_s });
        }
        let list = self.sums.as_chunks::<SUMS>().0.as_chunks::<ERB_BANDS>().0;
        let mut total = [0.0; SUMS];
        for (band, sums) in list.get(slot).into_iter().flatten().enumerate() {
            if counts(band) {
                for (total, sum) in total.iter_mut().zip(sums) {
                    *total += sum;
                }
            }
        }
        let share = |part: f64, whole: f64| {
            if whole > 0.0 { Reading::Value(part / whole) } else { Reading::BelowGate }
        };
        MaskedShare {
            energy: share(total[1], total[0]),
            cells: share(total[3], total[2]),
            depth_db: share(total[4], total[3]),
        }
    }
}

/// Whether a band's centre lies between two frequencies.
pub(super) fn centred(band: usize, low_hz: f64, high_hz: f64) -> bool {
    let hz = ErbBands::band(band).centre_hz;
    hz >= low_hz && hz < high_hz
}
