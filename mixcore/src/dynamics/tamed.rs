//! Where a tamer has been at work, and what it took out.

/// Places that are kept, the last ones: 2 KB a tamer.
const KEPT: usize = 64;

/// A place that was tamed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TamedPlace {
    /// First frame, on the clock of the input.
    pub frame: u64,
    /// Frames.
    pub frames: u64,
    /// Channel; 0 where all channels are tamed together.
    pub channel: usize,
    /// Largest reduction, dB.
    pub depth_db: f64,
}

/// What a tamer took out since its last reset.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TamerReport {
    /// Places that were tamed.
    pub places: u64,
    /// Largest reduction, dB.
    pub deepest_db: f64,
    /// Mean level of what was taken out, dBFS of the mean square of all channels; -inf where it was
    /// nothing.
    pub removed_dbfs: f64,
}

/// The last places, how many there were, and the deepest.
#[derive(Clone, Copy, Debug)]
pub(super) struct TamedLog {
    places: [TamedPlace; KEPT],
    count: u64,
    deepest_db: f64,
}

impl TamedLog {
    pub(super) fn new() -> Self {
        Self { places: [TamedPlace::default(); KEPT], count: 0, deepest_db: 0.0 }
    }

    pub(super) fn add(&mut self, place: TamedPlace) {
        let at = (self.count % KEPT as u64) as usize;
        if let Some(slot) = self.places.get_mut(at) {
            *slot = place;
        }
        self.count += 1;
        self.deepest_db = self.deepest_db.max(place.depth_db);
    }

    /// The report of a tamer that took out this mean level.
    pub(super) fn report(&self, removed_dbfs: f64) -> TamerReport {
        TamerReport { places: self.count, deepest_db: self.deepest_db, removed_dbfs }
    }

    /// The last places, oldest first.
    pub(super) fn places(&self) -> impl Iterator<Item = TamedPlace> + '_ {
        let first = self.count.saturating_sub(KEPT as u64);
        (first..self.count).filter_map(|k| self.places.get((k % KEPT as u64) as usize).copied())
    }
}
