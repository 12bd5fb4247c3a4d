//! The caller's audio, pulled block by block: memory, file or host.

use crate::audio::{Block, BlockMut, Sample};
use crate::error::Error;

/// Where the renderer gets its audio from.
pub trait Sources<S: Sample> {
    /// Fills `output` with source `id` from the session frame `frame` on.
    ///
    /// The block has the channels of the strip's source layout. Frames before the start or past
    /// the end of the material are silence: write zeros there.
    ///
    /// # Errors
    /// [`Error::Source`] when the material cannot be read; rendering stops with that error.
    fn read(&mut self, id: u32, frame: u64, output: BlockMut<'_, S>) -> Result<(), Error>;
}

/// Sources that lie in memory: source `id` is the block at that index.
#[derive(Clone, Copy, Debug)]
pub struct InMemory<'a, S> {
    blocks: &'a [Block<'a, S>],
}

impl<'a, S> InMemory<'a, S> {
    /// Sources over the caller's blocks.
    #[must_use]
    pub fn new(blocks: &'a [Block<'a, S>]) -> Self {
        Self { blocks }
    }
}

impl<S: Sample> Sources<S> for InMemory<'_, S> {
    fn read(&mut self, id: u32, frame: u64, mut output: BlockMut<'_, S>) -> Result<(), Error> {
        let index = usize::try_from(id).unwrap_or(usize::MAX);
        let block = self.blocks.get(index).ok_or(Error::Source { index, code: 0 })?;
        block.check_channels("source", output.channel_count())?;
        let start = usize::try_from(frame).unwrap_or(usize::MAX).min(block.frames());
        let frames = output.frames().min(block.frames() - start);
        for (to, from) in output.channels_mut().zip(block.channels()) {
            to[..frames].copy_from_slice(&from[start..start + frames]);
            to[frames..].fill(S::zero());
        }
        Ok(())
    }
}
