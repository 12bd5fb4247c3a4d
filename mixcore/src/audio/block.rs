//! Planar views: channels of equal length, wherever each lies, built without allocation.

use core::fmt;

use super::rows::{FEW, List, ListMut};
use crate::error::Error;

/// The most channels a block can hold: seventh-order ambisonics.
pub const MAX_CHANNELS: usize = 64;

/// A borrowed planar block: up to [`MAX_CHANNELS`] channel slices of equal length.
pub struct Block<'a, S> {
    channels: List<'a, S>,
    count: usize,
    frames: usize,
}

impl<S> Clone for Block<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Block<'_, S> {}

impl<'a, S> Block<'a, S> {
    /// A block over anything that is a list of slices: `&[Vec<S>]`, `&[&[S]]`, `&[[S; N]]`.
    ///
    /// # Errors
    /// No channels, more than [`MAX_CHANNELS`], or channels of unequal length.
    #[inline]
    pub fn new<C: AsRef<[S]> + Sync>(channels: &'a [C]) -> Result<Self, Error> {
        let frames = check_shape(channels.len(), channels.iter().map(|c| c.as_ref().len()))?;
        Ok(Self { channels: List::of(channels), count: channels.len(), frames })
    }

    /// A block of one channel.
    #[must_use]
    #[inline]
    pub fn mono(channel: &'a [S]) -> Self {
        let mut list: [&[S]; FEW] = [&[]; FEW];
        list[0] = channel;
        Self { channels: List::Few(list), count: 1, frames: channel.len() }
    }

    /// A block of two channels.
    ///
    /// # Errors
    /// Channels of unequal length.
    #[inline]
    pub fn stereo(left: &'a [S], right: &'a [S]) -> Result<Self, Error> {
        let frames = check_shape(2, [left.len(), right.len()].into_iter())?;
        let mut list: [&[S]; FEW] = [&[]; FEW];
        list[0] = left;
        list[1] = right;
        Ok(Self { channels: List::Few(list), count: 2, frames })
    }

    /// A block over one contiguous planar buffer: channel 0's frames, then channel 1's, and so on.
    ///
    /// # Errors
    /// No channels, more than [`MAX_CHANNELS`], or a length that is no multiple of `channels`.
    pub fn contiguous(data: &'a [S], channels: usize) -> Result<Self, Error> {
        let frames = check_contiguous(data.len(), channels)?;
        Ok(Self::over(data, channels, frames))
    }

    /// The frames `start..end` of rows that lie `row_len` apart, cut to what exists; of the first
    /// [`MAX_CHANNELS`] rows.
    pub(crate) fn of_rows(rows: &'a [S], row_len: usize, start: usize, end: usize) -> Self {
        let end = end.min(row_len);
        let start = start.min(end);
        let (count, frames) = ((rows.len() / row_len.max(1)).min(MAX_CHANNELS), end - start);
        Self { channels: List::spread(rows, row_len, start, frames), count, frames }
    }

    /// As [`Block::contiguous`], of a shape that was checked.
    pub(super) fn over(data: &'a [S], channels: usize, frames: usize) -> Self {
        Self { channels: List::spread(data, frames, 0, frames), count: channels, frames }
    }

    /// Channels in this block.
    #[must_use]
    pub fn channel_count(&self) -> usize {
        self.count
    }

    /// Frames (samples per channel) in this block; 0 is legal everywhere.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// One channel's samples.
    ///
    /// # Panics
    /// If `index` is not below [`Block::channel_count`].
    #[must_use]
    pub fn channel(&self, index: usize) -> &'a [S] {
        assert!(index < self.count, "channel {index} of {}", self.count);
        self.channels.row([self.count, index], self.frames)
    }

    /// The channels in order.
    pub fn channels(&self) -> impl ExactSizeIterator<Item = &'a [S]> + '_ {
        Channels { block: self, at: 0 }
    }

    /// The frames `start..end` of every channel, cut to what exists.
    #[must_use]
    pub fn range(&self, start: usize, end: usize) -> Self {
        let end = end.min(self.frames);
        let start = start.min(end);
        let mut part = *self;
        part.channels.cut(self.count, start, end);
        part.frames = end - start;
        part
    }

    /// Checks that this block has `expected` channels; `what` names it in the error.
    ///
    /// # Errors
    /// [`Error::ChannelCount`].
    pub fn check_channels(&self, what: &'static str, expected: usize) -> Result<(), Error> {
        check_count(what, self.count, expected)
    }
}

impl<S> fmt::Debug for Block<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, "Block", self.count, self.frames)
    }
}

/// The channels of a block in order.
struct Channels<'b, 'a, S> {
    block: &'b Block<'a, S>,
    at: usize,
}

impl<'a, S> Iterator for Channels<'_, 'a, S> {
    type Item = &'a [S];

    #[inline]
    fn next(&mut self) -> Option<&'a [S]> {
        self.nth(0)
    }

    #[inline]
    fn nth(&mut self, skipped: usize) -> Option<&'a [S]> {
        let Block { channels, count, frames } = self.block;
        let at = self.at.saturating_add(skipped);
        if at >= *count {
            self.at = *count;
            return None;
        }
        self.at = at + 1;
        Some(channels.row([*count, at], *frames))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.block.count.saturating_sub(self.at);
        (left, Some(left))
    }
}

impl<S> ExactSizeIterator for Channels<'_, '_, S> {}

/// A mutable planar block: up to [`MAX_CHANNELS`] channel slices of equal length.
pub struct BlockMut<'a, S> {
    channels: ListMut<'a, S>,
    count: usize,
    frames: usize,
}

impl<'a, S> BlockMut<'a, S> {
    /// A block over anything that is a list of mutable slices: `&mut [Vec<S>]`,
    /// `&mut [&mut [S]]`, `&mut [[S; N]]`.
    ///
    /// # Errors
    /// No channels, more than [`MAX_CHANNELS`], or channels of unequal length.
    #[inline]
    pub fn new<C>(channels: &'a mut [C]) -> Result<Self, Error>
    where
        C: AsRef<[S]> + AsMut<[S]> + Send + Sync,
    {
        let count = channels.len();
        let frames = check_shape(count, channels.iter_mut().map(|c| c.as_mut().len()))?;
        Ok(Self { channels: ListMut::of(channels), count, frames })
    }

    /// A block of one channel.
    #[must_use]
    #[inline]
    pub fn mono(channel: &'a mut [S]) -> Self {
        let frames = channel.len();
        let mut list = [const { None }; FEW];
        list[0] = Some(channel);
        Self { channels: ListMut::Few(list), count: 1, frames }
    }

    /// A block of two channels.
    ///
    /// # Errors
    /// Channels of unequal length.
    #[inline]
    pub fn stereo(left: &'a mut [S], right: &'a mut [S]) -> Result<Self, Error> {
        let frames = check_shape(2, [left.len(), right.len()].into_iter())?;
        let mut list = [const { None }; FEW];
        list[0] = Some(left);
        list[1] = Some(right);
        Ok(Self { channels: ListMut::Few(list), count: 2, frames })
    }

    /// A block over one contiguous planar buffer: channel 0's frames, then channel 1's, and so on.
    ///
    /// # Errors
    /// No channels, more than [`MAX_CHANNELS`], or a length that is no multiple of `channels`.
    pub fn contiguous(data: &'a mut [S], channels: usize) -> Result<Self, Error> {
        let frames = check_contiguous(data.len(), channels)?;
        Ok(Self::over(data, channels, frames))
    }

    /// As [`BlockMut::contiguous`], of a shape that was checked.
    pub(super) fn over(data: &'a mut [S], channels: usize, frames: usize) -> Self {
        Self { channels: ListMut::spread(data, frames), count: channels, frames }
    }

    /// Channels in this block.
    #[must_use]
    pub fn channel_count(&self) -> usize {
        self.count
    }

    /// Frames (samples per channel) in this block; 0 is legal everywhere.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// One channel's samples, read only.
    ///
    /// # Panics
    /// If `index` is not below [`BlockMut::channel_count`].
    #[must_use]
    pub fn channel(&self, index: usize) -> &[S] {
        assert!(index < self.count, "channel {index} of {}", self.count);
        self.channels.row([self.count, index], self.frames)
    }

    /// One channel's samples.
    ///
    /// # Panics
    /// If `index` is not below [`BlockMut::channel_count`].
    pub fn channel_mut(&mut self, index: usize) -> &mut [S] {
        assert!(index < self.count, "channel {index} of {}", self.count);
        self.channels.row_mut([self.count, index], self.frames)
    }

    /// The channels in order.
    #[inline]
    pub fn channels_mut(
        &mut self,
    ) -> impl ExactSizeIterator<Item = &mut [S]> + DoubleEndedIterator {
        self.channels.rows_mut(self.count, self.frames)
    }

    /// This block, read only.
    #[must_use]
    pub fn as_block(&self) -> Block<'_, S> {
        Block { channels: self.channels.shared(), count: self.count, frames: self.frames }
    }

    /// The same block, borrowed for a shorter time.
    pub fn reborrow(&mut self) -> BlockMut<'_, S> {
        let frames = self.frames;
        self.range(0, frames)
    }

    /// The frames `start..end` of every channel, cut to what exists.
    #[inline]
    pub fn range(&mut self, start: usize, end: usize) -> BlockMut<'_, S> {
        let end = end.min(self.frames);
        let start = start.min(end);
        let channels = self.channels.part(start, end);
        BlockMut { channels, count: self.count, frames: end - start }
    }

    /// The frames `start..end` of every channel, cut to what exists, for the whole borrow.
    #[must_use]
    pub fn into_range(mut self, start: usize, end: usize) -> Self {
        let end = end.min(self.frames);
        let start = start.min(end);
        self.channels.cut(start, end);
        self.frames = end - start;
        self
    }

    /// Sets every sample to `value`.
    pub fn fill(&mut self, value: S)
    where
        S: Copy,
    {
        for channel in self.channels_mut() {
            channel.fill(value);
        }
    }

    /// Copies a block of the same shape.
    ///
    /// # Errors
    /// Another number of channels or frames; nothing is written then.
    pub fn copy_from(&mut self, source: &Block<'_, S>) -> Result<(), Error>
    where
        S: Copy,
    {
        source.check_channels("source", self.count)?;
        check_frames("source", source.frames, self.frames)?;
        for (to, from) in self.channels_mut().zip(source.channels()) {
            to.copy_from_slice(from);
        }
        Ok(())
    }

    /// Checks that this block has `expected` channels; `what` names it in the error.
    ///
    /// # Errors
    /// [`Error::ChannelCount`].
    pub fn check_channels(&self, what: &'static str, expected: usize) -> Result<(), Error> {
        check_count(what, self.count, expected)
    }
}

impl<S> fmt::Debug for BlockMut<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, "BlockMut", self.count, self.frames)
    }
}

/// The shape of a view.
fn show(f: &mut fmt::Formatter<'_>, name: &str, channels: usize, frames: usize) -> fmt::Result {
    f.debug_struct(name).field("channels", &channels).field("frames", &frames).finish()
}

/// Checks that two blocks of one call have the same number of frames.
pub(crate) fn check_frames(what: &'static str, given: usize, expected: usize) -> Result<(), Error> {
    if given == expected { Ok(()) } else { Err(Error::FrameCount { what, given, expected }) }
}

/// Checks that both have the same number of frames, and calls `run` with the place and length of each piece
/// of at most `chunk` frames.
pub(crate) fn in_chunks<S>(
    input: &Block<'_, S>,
    output: &mut BlockMut<'_, S>,
    chunk: usize,
    mut run: impl FnMut(&Block<'_, S>, &mut BlockMut<'_, S>, usize, usize) -> Result<(), Error>,
) -> Result<(), Error> {
    let frames = input.frames();
    check_frames("output", output.frames(), frames)?;
    let mut at = 0;
    while at < frames {
        let count = chunk.min(frames - at);
        run(input, output, at, count)?;
        at += count;
    }
    Ok(())
}

fn check_count(what: &'static str, given: usize, expected: usize) -> Result<(), Error> {
    if given == expected { Ok(()) } else { Err(Error::ChannelCount { what, given, expected }) }
}

fn check_shape(count: usize, mut lengths: impl Iterator<Item = usize>) -> Result<usize, Error> {
    if count == 0 || count > MAX_CHANNELS {
        return Err(Error::BlockChannels { given: count, max: MAX_CHANNELS });
    }
    let frames = lengths.next().unwrap_or(0);
    for length in lengths {
        check_frames("channel", length, frames)?;
    }
    Ok(frames)
}

fn check_contiguous(length: usize, channels: usize) -> Result<usize, Error> {
    if channels == 0 || channels > MAX_CHANNELS {
        return Err(Error::BlockChannels { given: channels, max: MAX_CHANNELS });
    }
    let frames = length / channels;
    check_frames("contiguous buffer", length, frames * channels)?;
    Ok(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contiguous_buffer_is_planar() {
        let data = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let block = Block::contiguous(&data, 2).unwrap();
        assert_eq!(block.channel(1), &[4.0, 5.0, 6.0]);
        assert_eq!(block.range(1, 9).channel(0), &[2.0, 3.0]);
        assert_eq!(block.range(1, 9).frames(), 2);
    }

    #[test]
    fn bad_shapes_are_errors() {
        assert!(Block::<f32>::contiguous(&[], 0).is_err());
        assert!(Block::<f32>::contiguous(&[0.0; 5], 2).is_err());
        assert!(Block::stereo(&[0.0_f32; 2], &[0.0; 3]).is_err());
        let many = [[0.0_f32; 1]; MAX_CHANNELS + 1];
        assert_eq!(
            Block::new(&many).unwrap_err(),
            Error::BlockChannels { given: 65, max: MAX_CHANNELS }
        );
        assert!(Block::<f32>::new::<[f32; 1]>(&[]).is_err());
    }

    #[test]
    fn rows_apart_are_a_block() {
        let rows: [i32; 90] = core::array::from_fn(|n| i32::try_from(n).unwrap_or(0));
        // 2 to 30 rows: a short list and a long one.
        for (row_len, count) in [(45, 2), (9, 10), (3, 30)] {
            let block = Block::of_rows(&rows, row_len, 1, 3);
            assert_eq!((block.channel_count(), block.frames()), (count, 2));
            for (channel, row) in block.channels().zip(rows.chunks(row_len)) {
                assert_eq!(channel, &row[1..3]);
            }
            assert_eq!(block.range(1, 2).channel(count - 1), &rows[90 - row_len + 2..][..1]);
            // Cut to what exists.
            assert_eq!(Block::of_rows(&rows, row_len, 2, 99).frames(), row_len - 2);
            assert_eq!(Block::of_rows(&rows, row_len, 99, 3).channel(1), &[0; 0]);
        }
        // Of more rows than a block can have, the first ones.
        assert_eq!(Block::of_rows(&rows, 1, 0, 1).channel_count(), MAX_CHANNELS);
        assert_eq!(Block::of_rows(&rows, 1, 0, 1).channel(63), &[63]);
        assert_eq!(Block::of_rows(&rows[..0], 0, 0, 0).channel_count(), 0);
    }

    #[test]
    fn an_empty_block_keeps_its_channels() {
        let block = Block::<f32>::contiguous(&[], 6).unwrap();
        assert_eq!((block.channel_count(), block.frames()), (6, 0));
        assert!(block.channel(5).is_empty());
    }
}
