//! An owned planar buffer: channels x frames in one allocation.

use alloc::vec::Vec;

use super::{Block, BlockMut, MAX_CHANNELS, Sample};
use crate::error::Error;

/// Owned planar audio: channel 0's frames, then channel 1's, and so on.
#[derive(Clone, Debug, PartialEq)]
pub struct Buffer<S> {
    data: Vec<S>,
    channels: usize,
    frames: usize,
}

impl<S: Sample> Buffer<S> {
    /// Silence of the given shape.
    ///
    /// # Errors
    /// No channels, more than [`MAX_CHANNELS`], or more samples than there is memory for.
    pub fn new(channels: usize, frames: usize) -> Result<Self, Error> {
        if channels == 0 || channels > MAX_CHANNELS {
            return Err(Error::BlockChannels { given: channels, max: MAX_CHANNELS });
        }
        let too_large = Error::Unsupported {
            what: "a buffer larger than the memory",
            hint: "work through the audio in blocks",
        };
        let samples = channels.checked_mul(frames).ok_or(too_large)?;
        let mut data = Vec::new();
        data.try_reserve_exact(samples).map_err(|_| too_large)?;
        data.resize(samples, S::zero());
        Ok(Self { data, channels, frames })
    }

    /// A copy of a block.
    #[must_use]
    pub fn from_block(block: &Block<'_, S>) -> Self {
        let mut data = Vec::with_capacity(block.channel_count() * block.frames());
        for channel in block.channels() {
            data.extend_from_slice(channel);
        }
        Self { data, channels: block.channel_count(), frames: block.frames() }
    }

    /// De-interleaves `samples` (frame 0's channels, then frame 1's, and so on).
    ///
    /// # Errors
    /// No channels, more than [`MAX_CHANNELS`], or a length that is no multiple of `channels`.
    pub fn from_interleaved(samples: &[S], channels: usize) -> Result<Self, Error> {
        let shape = Block::contiguous(samples, channels)?;
        let mut buffer = Self::new(channels, shape.frames())?;
        for (index, frame) in samples.chunks_exact(channels).enumerate() {
            for (channel, &sample) in frame.iter().enumerate() {
                buffer.data[channel * buffer.frames + index] = sample;
            }
        }
        Ok(buffer)
    }

    /// Channels.
    #[must_use]
    pub fn channel_count(&self) -> usize {
        self.channels
    }

    /// Frames (samples per channel).
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// One channel's samples.
    ///
    /// # Panics
    /// If `index` is not below [`Buffer::channel_count`].
    #[must_use]
    pub fn channel(&self, index: usize) -> &[S] {
        &self.data[index * self.frames..][..self.frames]
    }

    /// One channel's samples.
    ///
    /// # Panics
    /// If `index` is not below [`Buffer::channel_count`].
    pub fn channel_mut(&mut self, index: usize) -> &mut [S] {
        &mut self.data[index * self.frames..][..self.frames]
    }

    /// The whole buffer as a block.
    #[must_use]
    pub fn block(&self) -> Block<'_, S> {
        self.range(0, self.frames)
    }

    /// The whole buffer as a mutable block.
    pub fn block_mut(&mut self) -> BlockMut<'_, S> {
        BlockMut::over(&mut self.data, self.channels, self.frames)
    }

    /// The frames `start..end` as a mutable block, cut to what exists.
    pub fn range_mut(&mut self, start: usize, end: usize) -> BlockMut<'_, S> {
        self.block_mut().into_range(start, end)
    }

    /// The frames `start..end` as a block, cut to what exists.
    #[must_use]
    pub fn range(&self, start: usize, end: usize) -> Block<'_, S> {
        Block::over(&self.data, self.channels, self.frames).range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interleaved_samples_become_planar() {
        let buffer = Buffer::from_interleaved(&[1.0_f32, 10.0, 2.0, 20.0], 2).unwrap();
        assert_eq!(buffer.channel(1), &[10.0, 20.0]);
        assert_eq!(buffer.range(1, 2).channel(0), &[2.0]);
        assert!(Buffer::from_interleaved(&[1.0_f32; 3], 2).is_err());
    }
}
