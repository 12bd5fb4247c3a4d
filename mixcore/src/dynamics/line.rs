//! Delay lines that move on by whole chunks and are copied only now and then.
//!
//! A line is a stretch of its memory that moves up by a chunk at a time; when it arrives at the end
//! it is copied to the front. All lines of a limiter stand at the same place, so one counter does.

use super::peak_detector::CHUNK;

/// Frames by which a line moves before it is copied: the copies cost a quarter of a line a chunk.
const TRAVEL: usize = 4 * CHUNK;

/// A line of so many values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Region {
    len: usize,
}

impl Region {
    pub(super) const fn new(len: usize) -> Self {
        Self { len }
    }

    /// Values of the line.
    pub(super) const fn len(self) -> usize {
        self.len
    }

    /// Values of its memory.
    pub(super) const fn memory_len(self) -> usize {
        self.len + TRAVEL
    }

    /// The line where it stands at `place`.
    pub(super) fn line<T>(self, memory: &[T], place: usize) -> &[T] {
        memory.get(place..place + self.len).unwrap_or_default()
    }
}

/// The chunk of a line that stands at `place` which begins where `part` does.
pub(super) fn chunk_mut<T>(
    memory: &mut [T],
    place: usize,
    part: core::ops::Range<usize>,
) -> Option<&mut [T; CHUNK]> {
    memory.get_mut(place + part.start..)?.first_chunk_mut()
}

/// The place after `place`.
pub(super) fn next(place: usize) -> usize {
    if place >= TRAVEL { 0 } else { place + CHUNK }
}

/// A line that moves on to `place`; its last chunk is not written yet.
pub(super) fn advance<T: Copy>(memory: &mut [T], region: Region, place: usize) -> &mut [T] {
    let kept = TRAVEL + CHUNK..TRAVEL + region.len;
    if place == 0 && kept.start < kept.end && kept.end <= memory.len() {
        memory.copy_within(kept, 0);
    }
    memory.get_mut(place..place + region.len).unwrap_or_default()
}

/// A chunk comes in at the end of a line that moves on to `place`; the line.
pub(super) fn append<'m, T: Copy>(
    memory: &'m mut [T],
    region: Region,
    place: usize,
    new: &[T; CHUNK],
) -> &'m [T] {
    let line = advance(memory, region, place);
    if let Some(end) = line.last_chunk_mut() {
        *end = *new;
    }
    line
}

/// The chunk that starts at a frame of a line; the plan gives every line as many.
pub(super) fn chunk<T: Copy + Default>(line: &[T], start: usize) -> [T; CHUNK] {
    match line.get(start..).and_then(|rest| rest.first_chunk()) {
        Some(chunk) => *chunk,
        None => [T::default(); CHUNK],
    }
}
