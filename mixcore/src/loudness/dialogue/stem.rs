//! Listens to a dialogue stem: its power per sub-block, from which [`Activity`] says where it speaks.
//!
//! Latency: whole sub-blocks; the last incomplete one does not count.

use super::super::gating::sub_block_start;
use super::super::meter_setup::{MeterStorage, check, history_len};
use super::super::sub_block_rows::SubBlockRows;
use super::activity::Activity;
use crate::audio::{Block, Sample, Store};
use crate::error::Error;
use crate::kernels;
use crate::stream::Stream;

/// Listens to a dialogue stem and keeps its power per sub-block.
///
/// # Example
/// ```
/// use mixcore::audio::Block;
/// use mixcore::loudness::StemActivity;
/// use mixcore::{Layout, Stream, math};
///
/// let mut stem = StemActivity::<f32>::new(60.0, Stream::new(48_000.0, Layout::MONO)?)?;
/// let voice: Vec<f32> = (0..48_000)
///     .map(|n| 0.1 * math::sin(0.1 * f64::from(n)) as f32)
///     .collect();
/// stem.push(Block::mono(&[0.0; 24_000]))?;
/// stem.push(Block::mono(&voice))?;
/// stem.push(Block::mono(&[0.0; 24_000]))?;
/// let phrase = stem.activity().phrases().next().unwrap();
/// assert_eq!((phrase.start_frame, phrase.end_frame), (24_000, 72_000));
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct StemActivity<'a, S> {
    stream: Stream,
    max_duration_s: f64,
    powers: Store<'a, f64>,
    rows: SubBlockRows<'a, S>,
}

impl<S: Sample> StemActivity<'static, S> {
    /// A listener with memory of its own for `max_duration_s`.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, or a duration outside 0.4 to 360,000 s.
    #[cfg(feature = "alloc")]
    pub fn new(max_duration_s: f64, stream: Stream) -> Result<Self, Error> {
        check(max_duration_s, &stream)?;
        let need = Self::required_len(max_duration_s, &stream);
        Ok(Self::with_stores(
            max_duration_s,
            stream,
            Store::owned(need.history, 0.0),
            Store::owned(need.samples, S::zero()),
        ))
    }
}

impl<'a, S: Sample> StemActivity<'a, S> {
    /// Memory that [`StemActivity::new_in`] needs.
    #[must_use]
    pub fn required_len(max_duration_s: f64, stream: &Stream) -> MeterStorage {
        MeterStorage {
            samples: SubBlockRows::<S>::required_len(stream),
            history: history_len(max_duration_s),
        }
    }

    /// A listener in lent memory of at least [`StemActivity::required_len`].
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, a duration outside 0.4 to 360,000 s, or too little memory.
    pub fn new_in(
        max_duration_s: f64,
        stream: Stream,
        samples: &'a mut [S],
        history: &'a mut [f64],
    ) -> Result<Self, Error> {
        check(max_duration_s, &stream)?;
        let need = Self::required_len(max_duration_s, &stream);
        Ok(Self::with_stores(
            max_duration_s,
            stream,
            Store::lent("activity history", history, need.history, 0.0)?,
            Store::lent("activity sample", samples, need.samples, S::zero())?,
        ))
    }

    fn with_stores(
        max_duration_s: f64,
        stream: Stream,
        powers: Store<'a, f64>,
        rows: Store<'a, S>,
    ) -> Self {
        Self { stream, max_duration_s, powers, rows: SubBlockRows::new(stream, rows) }
    }

    /// Listens to one block of any length.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// Another number of channels than the stream's, or [`Error::HistoryFull`]; nothing of the block
    /// is recorded then.
    pub fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        block.check_channels("block", self.stream.channel_count())?;
        let end = self.frames() + block.frames() as u64;
        if end >= sub_block_start(self.powers.len() + 1, self.stream.rate_hz) {
            return Err(Error::HistoryFull { max_duration_s: self.max_duration_s });
        }
        let mut at = 0;
        while at < block.frames() {
            let (taken, complete) = self.rows.take(&block, at);
            at += taken;
            if complete {
                let power = self.power();
                if let Some(slot) = self.powers.get_mut(self.rows.done()) {
                    *slot = power;
                }
                self.rows.advance();
            }
        }
        Ok(())
    }

    /// Mean power of the sub-block at hand, LFE left out.
    fn power(&self) -> f64 {
        let speakers = self.stream.layout.speakers().iter().zip(self.rows.rows());
        let energy = speakers
            .filter(|(speaker, _)| !speaker.lfe)
            .fold(0.0, |sum, (_, row)| sum + kernels::peak_energy(self.stream.isa, row).energy);
        #[expect(clippy::cast_precision_loss, reason = "a sub-block is 10 ms")]
        {
            energy / self.rows.fill() as f64
        }
    }

    /// Starts anew; the memory is kept.
    pub fn reset(&mut self) {
        self.rows.reset();
    }

    /// Frames pushed so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.rows.frames()
    }

    /// Samples so far that were not finite or beyond 1e6 and were taken as 0, in every channel.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.rows.faults()
    }

    /// Where the stem has spoken so far. Costs a few passes over the history.
    #[must_use]
    pub fn activity(&self) -> Activity<'_> {
        let powers = self.powers.get(..self.rows.done()).unwrap_or_default();
        Activity::at_rate(powers, self.stream.rate_hz)
    }
}
