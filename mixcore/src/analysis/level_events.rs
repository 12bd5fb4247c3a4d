//! Places in a channel that want an ear: their kinds, and a bounded list of them.
//!
//! Runs of one kind and channel that follow each other closely are one place: an operator wants to
//! be taken to a clipped passage once, not at each of its crests.

use core::fmt;

use crate::audio::Store;

/// What was found.
///
/// The EBU QC items (qc.ebu.io) that are about the same fault are 0005B (digital clipping), 0008B
/// (dropouts) and 0078B (silence).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LevelEventKind {
    /// Consecutive samples at or above the clipping level.
    Clipping,
    /// Equal consecutive samples at the crest of a wave below the clipping level: clipped, then turned
    /// down.
    FlatTop,
    /// Exact zeros.
    DigitalSilence,
    /// Every sample below the silence level, exact zeros or not.
    Silence,
    /// A gap in programme: near silence with programme right before and right after it.
    Dropout,
    /// The same sample, not 0, again and again.
    Stuck,
}

/// Kinds of events.
pub(super) const KINDS: usize = 6;

impl LevelEventKind {
    /// All kinds.
    pub const ALL: [Self; KINDS] = [
        Self::Clipping,
        Self::FlatTop,
        Self::DigitalSilence,
        Self::Silence,
        Self::Dropout,
        Self::Stuck,
    ];

    /// Its name, for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clipping => "clipping",
            Self::FlatTop => "flat top",
            Self::DigitalSilence => "digital silence",
            Self::Silence => "silence",
            Self::Dropout => "dropout",
            Self::Stuck => "stuck samples",
        }
    }
}

impl fmt::Display for LevelEventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A place: one or more runs of one kind in one channel.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LevelEvent {
    /// What was found.
    pub kind: LevelEventKind,
    /// Channel of the stream.
    pub channel: usize,
    /// First frame of the first run.
    pub start_frame: u64,
    /// Frame after the last run.
    pub end_frame: u64,
    /// Runs in this place.
    pub runs: u64,
    /// Length of the longest run, frames.
    pub longest_frames: u64,
    /// Largest magnitude in the runs, linear, of clipping, flat tops and stuck samples; else 0.
    pub magnitude: f64,
}

impl LevelEvent {
    /// What fills a list before anything is found.
    pub const EMPTY: Self = Self {
        kind: LevelEventKind::Clipping,
        channel: 0,
        start_frame: 0,
        end_frame: 0,
        runs: 0,
        longest_frames: 0,
        magnitude: 0.0,
    };
}

impl Default for LevelEvent {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// How often a kind was found in a channel, whether or not the list had room for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventCount {
    /// Places.
    pub places: u64,
    /// Runs in all places.
    pub runs: u64,
    /// Frames in all runs.
    pub frames: u64,
    /// Length of the longest run, frames.
    pub longest_frames: u64,
}

/// A found stretch, not yet in the list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Run {
    pub(super) kind: LevelEventKind,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) magnitude: f64,
}

/// The counts of a kind in a channel, and where its last place is.
#[derive(Clone, Copy, Debug, Default)]
struct Track {
    count: EventCount,
    last_end: u64,
    /// Its index in the list plus 1; 0 where the list had no room.
    place: usize,
}

/// The counts of all kinds in a channel.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tracks([Track; KINDS]);

impl Tracks {
    pub(super) fn count(&self, kind: LevelEventKind) -> EventCount {
        self.0.get(kind as usize).map(|track| track.count).unwrap_or_default()
    }
}

/// A list of places that cannot grow.
#[derive(Debug)]
pub(super) struct EventList<'a> {
    store: Store<'a, LevelEvent>,
    len: usize,
    lost: u64,
    coalesce_frames: u64,
}

impl<'a> EventList<'a> {
    pub(super) fn new(store: Store<'a, LevelEvent>, coalesce_frames: u64) -> Self {
        Self { store, len: 0, lost: 0, coalesce_frames }
    }

    pub(super) fn events(&self) -> &[LevelEvent] {
        self.store.get(..self.len).unwrap_or_default()
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    pub(super) fn reset(&mut self) {
        (self.len, self.lost) = (0, 0);
    }

    /// Adds a run of a channel to its last place, or makes a new one.
    pub(super) fn add(&mut self, channel: usize, tracks: &mut Tracks, run: &Run) {
        let Some(track) = tracks.0.get_mut(run.kind as usize) else { return };
        let frames = run.end - run.start;
        let near = track.count.places > 0
            && run.start.saturating_sub(track.last_end) <= self.coalesce_frames;
        track.count.runs += 1;
        track.count.frames += frames;
        track.count.longest_frames = track.count.longest_frames.max(frames);
        track.last_end = run.end;
        if near {
            let place = track.place.checked_sub(1).and_then(|index| self.store.get_mut(index));
            if let Some(event) = place {
                event.end_frame = run.end;
                event.runs += 1;
                event.longest_frames = event.longest_frames.max(frames);
                event.magnitude = event.magnitude.max(run.magnitude);
            }
            return;
        }
        track.count.places += 1;
        if let Some(free) = self.store.get_mut(self.len) {
            *free = LevelEvent {
                kind: run.kind,
                channel,
                start_frame: run.start,
                end_frame: run.end,
                runs: 1,
                longest_frames: frames,
                magnitude: run.magnitude,
            };
            self.len += 1;
            track.place = self.len;
        } else {
            self.lost += 1;
            track.place = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(start: u64, end: u64, magnitude: f64) -> Run {
        Run { kind: LevelEventKind::Clipping, start, end, magnitude }
    }

    #[test]
    fn close_runs_are_one_place_and_a_full_list_goes_on_counting() {
        let mut memory = [LevelEvent::EMPTY; 2];
        let store = Store::lent("event", &mut memory, 2, LevelEvent::EMPTY).unwrap();
        let (mut list, mut tracks) = (EventList::new(store, 100), Tracks::default());
        for (start, end) in [(10, 13), (113, 118), (219, 222), (500, 504), (550, 551)] {
            list.add(1, &mut tracks, &run(start, end, 1.0));
        }
        let places: [(u64, u64, u64, u64); 2] = core::array::from_fn(|i| {
            let event = &list.events()[i];
            (event.start_frame, event.end_frame, event.runs, event.longest_frames)
        });
        // 118 to 219 is 101 frames: a place of its own.
        assert_eq!(places, [(10, 118, 2, 5), (219, 222, 1, 3)]);
        assert_eq!(list.lost(), 1);
        let expected = EventCount { places: 3, runs: 5, frames: 16, longest_frames: 5 };
        assert_eq!(tracks.count(LevelEventKind::Clipping), expected);
        assert_eq!(tracks.count(LevelEventKind::Stuck), EventCount::default());
    }
}
