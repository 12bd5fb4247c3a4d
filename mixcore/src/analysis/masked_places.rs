//! Where a stem is hidden longest and loudest: stretches of time in one band.

use super::masked_shares::pairs;
use super::masking_model::MaskingFrame;
use crate::audio::Store;
use crate::units::{Reading, power_to_db};

/// Frames of 10 ms without masking that do not end a stretch: as long as a window is, 40 ms.
const GAP_FRAMES: u64 = 4;

/// A stretch of time in which a target is hidden in one band.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MaskedPlace {
    band: usize,
    start_frame: u64,
    end_frame: u64,
    /// Frames since the last hidden one; meaningful while the stretch is open.
    idle: u64,
    power: f64,
    excitation: f64,
    threshold: f64,
}

impl MaskedPlace {
    /// The ERB band.
    #[must_use]
    pub fn band(&self) -> usize {
        self.band
    }

    /// First frame of the stream.
    #[must_use]
    pub fn start_frame(&self) -> u64 {
        self.start_frame
    }

    /// Frame after the last.
    #[must_use]
    pub fn end_frame(&self) -> u64 {
        self.end_frame
    }

    /// Energy of the target that is hidden here: mean square in the band, full scale = 1, times the
    /// number of 10 ms. What the list is sorted by.
    #[must_use]
    pub fn hidden_power(&self) -> f64 {
        self.power
    }

    /// How far the target lies under its masked threshold, dB, over the stretch.
    #[must_use]
    pub fn depth_db(&self) -> Reading {
        Reading::from_level(power_to_db(self.threshold / self.excitation))
    }
}

/// The open stretch of every pair and band, and the worst closed ones of every pair.
#[derive(Debug)]
pub(super) struct Places<'a> {
    /// Per pair: one open stretch per band, then the list, worst first, power 0 where there is none.
    memory: Store<'a, MaskedPlace>,
    stems: usize,
    bands: usize,
    list: usize,
}

/// Elements of memory.
pub(super) const fn places_len(stems: usize, bands: usize, list: usize) -> usize {
    if list == 0 { 0 } else { stems * stems * (bands + list) }
}

impl<'a> Places<'a> {
    pub(super) fn new(
        stems: usize,
        bands: usize,
        list: usize,
        memory: Store<'a, MaskedPlace>,
    ) -> Self {
        Self { memory, stems, bands, list }
    }

    pub(super) fn clear(&mut self) {
        self.memory.fill(MaskedPlace::default());
    }

    fn pair(&mut self, slot: usize) -> Option<(&mut [MaskedPlace], &mut [MaskedPlace])> {
        let len = self.bands + self.list;
        self.memory.get_mut(slot * len..(slot + 1) * len)?.split_at_mut_checked(self.bands)
    }

    pub(super) fn add(&mut self, frame: &MaskingFrame<'_>) {
        for (slot, target, masker) in pairs(self.stems) {
            let Some((open, list)) = self.pair(slot) else { return };
            for (band, place) in open.iter_mut().enumerate() {
                let is_open = place.power > 0.0;
                if frame.is_masked(target, masker, band) {
                    if !is_open {
                        *place = MaskedPlace {
                            band,
                            start_frame: frame.start_frame(),
                            ..MaskedPlace::default()
                        };
                    }
                    let masker = frame.masker_excitation(target, masker, band);
                    place.power += frame.power(target, band);
                    place.excitation += frame.excitation(target, band);
                    place.threshold += frame.model.threshold(band, masker);
                    place.end_frame = frame.end_frame();
                    place.idle = 0;
                } else if is_open {
                    place.idle += 1;
                    if place.idle > GAP_FRAMES {
                        insert(list, *place);
                        *place = MaskedPlace::default();
                    }
                }
            }
        }
    }

    /// Closes all stretches.
    pub(super) fn close(&mut self) {
        for (slot, _, _) in pairs(self.stems) {
            let Some((open, list)) = self.pair(slot) else { return };
            for place in open.iter_mut() {
                insert(list, *place);
                *place = MaskedPlace::default();
            }
        }
    }

    /// The worst places of a pair, worst first.
    pub(super) fn worst(&self, slot: usize) -> impl Iterator<Item = MaskedPlace> + '_ {
        let start = slot * (self.bands + self.list) + self.bands;
        let list = self.memory.get(start..start + self.list).unwrap_or_default();
        list.iter().copied().take_while(|place| place.power > 0.0)
    }
}

/// Puts a place into a list that is sorted by power; the last one falls out. Of equal ones the first
/// to come stays in front.
fn insert(list: &mut [MaskedPlace], place: MaskedPlace) {
    let at = list.partition_point(|other| other.power >= place.power);
    if let Some(behind) = list.get_mut(at..).filter(|behind| !behind.is_empty()) {
        behind.rotate_right(1);
        if let Some(first) = behind.first_mut() {
            *first = place;
        }
    }
}
