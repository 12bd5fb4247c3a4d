//! The channels of a view, however they lie in memory.
//!
//! A view is moved into every call, so it is kept small: up to eight channels are listed one by one;
//! more lie in one buffer, or in groups of up to eight of the caller's own list, which are opened
//! when they are walked through. 64 single slices would be a kilobyte a view.

use core::{array, slice};

use super::MAX_CHANNELS;

/// Channels that are listed one by one at most, and of a group.
pub(super) const FEW: usize = 8;

/// Groups at most: full ones, and a rest of 4 + 2 + 1.
const GROUPS: usize = MAX_CHANNELS / FEW - 1 + 3;

/// A group of the caller's list, whatever that is made of.
pub(super) trait Rows<S> {
    /// A row, empty if it is not there.
    fn row(&self, index: usize) -> &[S];
}

pub(super) trait RowsMut<S>: Rows<S> {
    fn row_mut(&mut self, index: usize) -> &mut [S];
    /// All rows.
    fn open(&mut self) -> [Option<&mut [S]>; FEW];
    /// How many rows there are.
    fn count(&self) -> usize;
}

impl<S, C: AsRef<[S]>, const N: usize> Rows<S> for [C; N] {
    fn row(&self, index: usize) -> &[S] {
        self.get(index).map(C::as_ref).unwrap_or_default()
    }
}

impl<S, C: AsRef<[S]> + AsMut<[S]>, const N: usize> RowsMut<S> for [C; N] {
    fn row_mut(&mut self, index: usize) -> &mut [S] {
        self.get_mut(index).map(C::as_mut).unwrap_or_default()
    }

    fn open(&mut self) -> [Option<&mut [S]>; FEW] {
        let mut rows = [const { None }; FEW];
        for (slot, row) in rows.iter_mut().zip(self) {
            *slot = Some(row.as_mut());
        }
        rows
    }

    fn count(&self) -> usize {
        N
    }
}

/// Group of a channel, and its row in there, in a list of `count`.
fn place(count: usize, channel: usize) -> (usize, usize) {
    let (mut group, mut row) = (channel / FEW, channel % FEW);
    if group == count / FEW {
        for size in [4, 2] {
            if count & size == 0 {
                continue;
            }
            if row < size {
                break;
            }
            (group, row) = (group + 1, row - size);
        }
    }
    (group, row)
}

type Group<'a, S> = &'a (dyn Rows<S> + Sync + 'a);
type GroupMut<'a, S> = &'a mut (dyn RowsMut<S> + Send + Sync + 'a);

/// Puts the next `N` rows of a list, if it has them, into the next slot.
fn add<'a, S, C: AsRef<[S]> + Sync, const N: usize>(
    rest: &mut &'a [C],
    slots: &mut &mut [Option<Group<'a, S>>],
) {
    if let Some((group, after)) = rest.split_first_chunk::<N>()
        && let Some((slot, left)) = core::mem::take(slots).split_first_mut()
    {
        *slot = Some(group);
        (*rest, *slots) = (after, left);
    }
}

/// As [`add`], of rows that may be written.
fn add_mut<'a, S, C: AsRef<[S]> + AsMut<[S]> + Send + Sync, const N: usize>(
    rest: &mut &'a mut [C],
    slots: &mut &mut [Option<GroupMut<'a, S>>],
) {
    if rest.len() >= N
        && let Some((group, after)) = core::mem::take(rest).split_first_chunk_mut::<N>()
        && let Some((slot, left)) = core::mem::take(slots).split_first_mut()
    {
        *slot = Some(group);
        (*rest, *slots) = (after, left);
    }
}

/// A list of channels.
pub(super) enum List<'a, S> {
    Few([&'a [S]; FEW]),
    /// Rows that lie `row_len` apart, and the first frame of each.
    Spread {
        rows: &'a [S],
        row_len: usize,
        start: usize,
    },
    /// Groups, and the first frame of each row.
    Many {
        groups: [Option<Group<'a, S>>; GROUPS],
        start: usize,
    },
}

impl<S> Clone for List<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for List<'_, S> {}

impl<'a, S> List<'a, S> {
    /// The first [`MAX_CHANNELS`] of a list.
    #[inline]
    pub(super) fn of<C: AsRef<[S]> + Sync>(channels: &'a [C]) -> Self {
        if channels.len() <= FEW {
            let mut few: [&[S]; FEW] = [&[]; FEW];
            for (slot, channel) in few.iter_mut().zip(channels) {
                *slot = channel.as_ref();
            }
            return Self::Few(few);
        }
        Self::grouped(channels)
    }

    fn grouped<C: AsRef<[S]> + Sync>(channels: &'a [C]) -> Self {
        let mut groups: [Option<Group<'a, S>>; GROUPS] = [None; GROUPS];
        let (full, mut rest) = channels.as_chunks::<FEW>();
        let (full_slots, mut slots) = groups.split_at_mut(full.len().min(GROUPS));
        for (slot, group) in full_slots.iter_mut().zip(full) {
            *slot = Some(group);
        }
        add::<S, C, 4>(&mut rest, &mut slots);
        add::<S, C, 2>(&mut rest, &mut slots);
        add::<S, C, 1>(&mut rest, &mut slots);
        Self::Many { groups, start: 0 }
    }

    /// Rows that lie `row_len` apart, up to [`MAX_CHANNELS`], from frame `start` on.
    pub(super) fn spread(rows: &'a [S], row_len: usize, start: usize, frames: usize) -> Self {
        if rows.len() / row_len.max(1) > FEW {
            return Self::Spread { rows, row_len, start };
        }
        let mut few: [&[S]; FEW] = [&[]; FEW];
        for (slot, row) in few.iter_mut().zip(rows.chunks_exact(row_len.max(1))) {
            *slot = row.get(start..start + frames).unwrap_or_default();
        }
        Self::Few(few)
    }

    /// `frames` frames of one of `count` channels, empty if it is not there.
    #[inline]
    pub(super) fn row(&self, [count, channel]: [usize; 2], frames: usize) -> &'a [S] {
        match self {
            Self::Few(few) => few.get(channel).copied().unwrap_or_default(),
            Self::Spread { rows, row_len, start } => {
                let start = channel.saturating_mul(*row_len).saturating_add(*start);
                rows.get(start..start.saturating_add(frames)).unwrap_or_default()
            }
            Self::Many { groups, start } => {
                let (group, row) = place(count, channel);
                let group = groups.get(group).copied().flatten();
                let row = group.map(|group| group.row(row)).unwrap_or_default();
                row.get(*start..start.saturating_add(frames)).unwrap_or_default()
            }
        }
    }

    /// The frames `from..end` of every channel.
    #[inline]
    pub(super) fn cut(&mut self, count: usize, from: usize, end: usize) {
        match self {
            Self::Few(few) => {
                for channel in few.iter_mut().take(count) {
                    *channel = channel.get(from..end).unwrap_or_default();
                }
            }
            Self::Spread { start, .. } | Self::Many { start, .. } => *start += from,
        }
    }
}

/// A list of channels that may be written.
pub(super) enum ListMut<'a, S> {
    /// `None` beyond the last channel.
    Few([Option<&'a mut [S]>; FEW]),
    Spread {
        rows: &'a mut [S],
        row_len: usize,
        start: usize,
    },
    Many {
        groups: [Option<GroupMut<'a, S>>; GROUPS],
        start: usize,
    },
}

/// The same group for a shorter time.
fn shorter<'b, 'a: 'b, S>(group: &'b mut Option<GroupMut<'a, S>>) -> Option<GroupMut<'b, S>> {
    match group {
        Some(group) => Some(&mut **group),
        None => None,
    }
}

impl<'a, S> ListMut<'a, S> {
    /// The first [`MAX_CHANNELS`] of a list.
    #[inline]
    pub(super) fn of<C: AsRef<[S]> + AsMut<[S]> + Send + Sync>(channels: &'a mut [C]) -> Self {
        if channels.len() <= FEW {
            let mut few = [const { None }; FEW];
            for (slot, channel) in few.iter_mut().zip(channels) {
                *slot = Some(channel.as_mut());
            }
            return Self::Few(few);
        }
        Self::grouped(channels)
    }

    fn grouped<C: AsRef<[S]> + AsMut<[S]> + Send + Sync>(channels: &'a mut [C]) -> Self {
        let mut groups: [Option<GroupMut<'a, S>>; GROUPS] = [const { None }; GROUPS];
        let (full, mut rest) = channels.as_chunks_mut::<FEW>();
        let (full_slots, mut slots) = groups.split_at_mut(full.len().min(GROUPS));
        for (slot, group) in full_slots.iter_mut().zip(full) {
            *slot = Some(group);
        }
        add_mut::<S, C, 4>(&mut rest, &mut slots);
        add_mut::<S, C, 2>(&mut rest, &mut slots);
        add_mut::<S, C, 1>(&mut rest, &mut slots);
        Self::Many { groups, start: 0 }
    }

    /// Rows that lie `row_len` apart, up to [`MAX_CHANNELS`].
    pub(super) fn spread(rows: &'a mut [S], row_len: usize) -> Self {
        if rows.len() / row_len.max(1) > FEW {
            return Self::Spread { rows, row_len, start: 0 };
        }
        let mut few = [const { None }; FEW];
        for (slot, row) in few.iter_mut().zip(rows.chunks_exact_mut(row_len.max(1))) {
            *slot = Some(row);
        }
        Self::Few(few)
    }

    /// The list, read only.
    pub(super) fn shared(&self) -> List<'_, S> {
        match self {
            Self::Few(few) => {
                let mut list: [&[S]; FEW] = [&[]; FEW];
                for (slot, channel) in list.iter_mut().zip(few) {
                    *slot = channel.as_deref().unwrap_or_default();
                }
                List::Few(list)
            }
            Self::Spread { rows, row_len, start } => {
                List::Spread { rows, row_len: *row_len, start: *start }
            }
            Self::Many { groups, start } => {
                let mut list: [Option<Group<'_, S>>; GROUPS] = [None; GROUPS];
                for (slot, group) in list.iter_mut().zip(groups) {
                    *slot = match group {
                        Some(group) => Some(&**group),
                        None => None,
                    };
                }
                List::Many { groups: list, start: *start }
            }
        }
    }

    /// `frames` frames of one of `count` channels, empty if it is not there.
    #[inline]
    pub(super) fn row(&self, [count, channel]: [usize; 2], frames: usize) -> &[S] {
        match self {
            Self::Few(few) => few.get(channel).and_then(Option::as_deref).unwrap_or_default(),
            Self::Spread { rows, row_len, start } => {
                let start = channel.saturating_mul(*row_len).saturating_add(*start);
                rows.get(start..start.saturating_add(frames)).unwrap_or_default()
            }
            Self::Many { groups, start } => {
                let (group, row) = place(count, channel);
                let Some(Some(group)) = groups.get(group) else { return &[] };
                group.row(row).get(*start..start.saturating_add(frames)).unwrap_or_default()
            }
        }
    }

    /// As [`ListMut::row`], to be written.
    #[inline]
    pub(super) fn row_mut(&mut self, [count, channel]: [usize; 2], frames: usize) -> &mut [S] {
        match self {
            Self::Few(few) => {
                few.get_mut(channel).and_then(Option::as_deref_mut).unwrap_or_default()
            }
            Self::Spread { rows, row_len, start } => {
                let start = channel.saturating_mul(*row_len).saturating_add(*start);
                rows.get_mut(start..start.saturating_add(frames)).unwrap_or_default()
            }
            Self::Many { groups, start } => {
                let (group, row) = place(count, channel);
                let Some(Some(group)) = groups.get_mut(group) else { return &mut [] };
                group.row_mut(row).get_mut(*start..start.saturating_add(frames)).unwrap_or_default()
            }
        }
    }

    /// The rows of all channels.
    #[inline]
    pub(super) fn rows_mut(&mut self, count: usize, frames: usize) -> RowsIter<'_, 'a, S> {
        let places = match self {
            Self::Few(few) => Places::Few(few.get_mut(..count).unwrap_or_default().iter_mut()),
            Self::Spread { rows, row_len, start } => {
                let len = row_len.saturating_mul(count).min(rows.len());
                let rows = rows.get_mut(..len).unwrap_or_default();
                Places::Spread { rows: rows.chunks_exact_mut((*row_len).max(1)), start: *start }
            }
            Self::Many { groups, start } => Places::Many {
                groups: groups.iter_mut(),
                ends: [const { [const { None }; FEW] }; 2].map(IntoIterator::into_iter),
                start: *start,
            },
        };
        RowsIter { places, left: count, frames }
    }

    /// The frames `from..end` of every channel, for a shorter time.
    #[inline]
    pub(super) fn part(&mut self, from: usize, end: usize) -> ListMut<'_, S> {
        match self {
            Self::Few(few) => {
                let mut list = [const { None }; FEW];
                for (slot, channel) in list.iter_mut().zip(few) {
                    *slot = channel.as_deref_mut().and_then(|channel| channel.get_mut(from..end));
                }
                ListMut::Few(list)
            }
            Self::Spread { rows, row_len, start } => {
                ListMut::Spread { rows, row_len: *row_len, start: *start + from }
            }
            Self::Many { groups, start } => {
                let mut list = [const { None }; GROUPS];
                for (slot, group) in list.iter_mut().zip(groups) {
                    *slot = shorter(group);
                }
                ListMut::Many { groups: list, start: *start + from }
            }
        }
    }

    /// The frames `from..end` of every channel.
    pub(super) fn cut(&mut self, from: usize, end: usize) {
        match self {
            Self::Few(few) => {
                for channel in few {
                    *channel = channel.take().and_then(|channel| channel.get_mut(from..end));
                }
            }
            Self::Spread { start, .. } | Self::Many { start, .. } => *start += from,
        }
    }
}

/// What is left of a group that was opened.
type Opened<'b, S> = array::IntoIter<Option<&'b mut [S]>, FEW>;

#[allow(clippy::large_enum_variant, reason = "walked through where it is made, never moved")]
enum Places<'b, 'a, S> {
    Few(slice::IterMut<'b, Option<&'a mut [S]>>),
    Spread {
        rows: slice::ChunksExactMut<'b, S>,
        start: usize,
    },
    Many {
        groups: slice::IterMut<'b, Option<GroupMut<'a, S>>>,
        /// The groups that are open at the front and at the back.
        ends: [Opened<'b, S>; 2],
        start: usize,
    },
}

/// The rows of a list, in order.
pub(super) struct RowsIter<'b, 'a, S> {
    places: Places<'b, 'a, S>,
    left: usize,
    frames: usize,
}

impl<'b, S> Iterator for RowsIter<'b, '_, S> {
    type Item = &'b mut [S];

    #[inline]
    fn next(&mut self) -> Option<&'b mut [S]> {
        self.left = self.left.checked_sub(1)?;
        let (row, start) = match &mut self.places {
            Places::Few(few) => {
                return Some(few.next().and_then(Option::as_deref_mut).unwrap_or_default());
            }
            Places::Spread { rows, start } => (rows.next(), *start),
            Places::Many { groups, ends: [front, back], start } => (
                loop {
                    if let Some(row) = front.next().flatten() {
                        break Some(row);
                    }
                    match groups.next() {
                        Some(Some(group)) => *front = group.open().into_iter(),
                        Some(None) => {}
                        None => break back.next().flatten(),
                    }
                },
                *start,
            ),
        };
        let end = start.saturating_add(self.frames);
        Some(row.and_then(|row| row.get_mut(start..end)).unwrap_or_default())
    }

    /// What is skipped is not walked through: a crossover asks for every band of every pair of channels.
    #[inline]
    fn nth(&mut self, skipped: usize) -> Option<&'b mut [S]> {
        let Some(left) = self.left.checked_sub(skipped) else {
            self.left = 0;
            return None;
        };
        self.left = left;
        match &mut self.places {
            Places::Few(few) => skip(few, skipped),
            Places::Spread { rows, .. } => skip(rows, skipped),
            Places::Many { groups, ends: [front, back], .. } => {
                let mut skipped = skipped;
                let open = front.as_slice().iter().flatten().count();
                skip(front, skipped.min(open));
                skipped = skipped.saturating_sub(open);
                while skipped > 0
                    && let Some(group) = groups.next()
                {
                    let Some(group) = group else { continue };
                    let count = group.count();
                    if count > skipped {
                        *front = group.open().into_iter();
                        skip(front, skipped);
                    }
                    skipped = skipped.saturating_sub(count);
                }
                // The rest is in the group that is open at the back.
                skip(back, skipped);
            }
        }
        self.next()
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

/// Skips so many of an iterator that knows where they end.
fn skip(iter: &mut impl Iterator, count: usize) {
    if let Some(last) = count.checked_sub(1) {
        iter.nth(last);
    }
}

impl<S> DoubleEndedIterator for RowsIter<'_, '_, S> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let (row, start) = match &mut self.places {
            Places::Few(few) => {
                return Some(few.next_back().and_then(Option::as_deref_mut).unwrap_or_default());
            }
            Places::Spread { rows, start } => (rows.next_back(), *start),
            Places::Many { groups, ends: [front, back], start } => (
                loop {
                    // A group of less than eight ends with empty places.
                    if let Some(row) = back.by_ref().rev().flatten().next() {
                        break Some(row);
                    }
                    match groups.next_back() {
                        Some(Some(group)) => *back = group.open().into_iter(),
                        Some(None) => {}
                        None => break front.by_ref().rev().flatten().next(),
                    }
                },
                *start,
            ),
        };
        let end = start.saturating_add(self.frames);
        Some(row.and_then(|row| row.get_mut(start..end)).unwrap_or_default())
    }
}

impl<S> ExactSizeIterator for RowsIter<'_, '_, S> {}
