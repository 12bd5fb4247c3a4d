//! Loudness and peaks over time: what a meter read every 100 ms, for plots and for places in time.
//!
//! A history stands in front of a meter: it cuts every block at the edges of a 100 ms grid, pushes the
//! pieces, and notes M, S and the true peak at each edge. So a row does not depend on how the programme
//! comes in blocks.
//!
//! > row k: the frames round(k · rate/10) up to round((k+1) · rate/10) of the meter's counter;
//! > M and S of the windows that end with it, the highest true peak of all channels inside it
//!
//! The peak comes out of the interpolation filter up to 19 frames late (0.4 ms at 48 kHz) and may fall
//! into the next row; what is still in the filter at the end of a programme is in the meter's readings
//! and in no row, like an incomplete last row.
//!
//! While the meter stands by the rows go on: they are of what is heard, its readings of the programme.
//!
//! The memory holds a stated duration. When it is full, the oldest rows make place: a plot of the last
//! minute of a day, or all of a programme that is not longer.
//!
//! Sources: EBU Tech 3341 (2023), clause 2.5: at least 10 Hz.
//! Cost: two readings (340 additions, 3 logarithms) every 100 ms beside the meter's.

use super::gating::{
    HOP_SUB_BLOCKS, MOMENTARY_SUB_BLOCKS, SHORT_TERM_SUB_BLOCKS, SUB_BLOCKS_PER_S, SubBlocks,
    sub_block_start,
};
use super::interpolator::TruePeakMethod;
use super::live::LiveMeter;
use super::meter::Meter;
use super::meter_setup::{check, history_len};
use crate::audio::{Block, Sample, Store};
use crate::error::Error;
use crate::stream::Stream;
use crate::units::{Reading, gain_to_db};

/// f64 numbers of a row.
const ROW: usize = 3;

/// A meter that a [`LoudnessHistory`] can be kept of.
pub trait Levels<S>: sealed::Sealed {
    /// The stream it measures.
    fn stream(&self) -> Stream;
    /// Frames pushed so far.
    fn frames(&self) -> u64;
    /// How true peaks are found.
    fn true_peak_method(&self) -> TruePeakMethod;
    /// Whether a block can be pushed.
    ///
    /// # Errors
    /// Those of its `push`.
    fn check(&self, block: &Block<'_, S>) -> Result<(), Error>;
    /// Measures one block.
    ///
    /// # Errors
    /// Another number of channels than the stream's, or no room.
    fn push(&mut self, block: Block<'_, S>) -> Result<(), Error>;
    /// Loudness of the last 0.4 s, LUFS.
    fn momentary_lufs(&self) -> Reading;
    /// Loudness of the last 3 s, LUFS.
    fn short_term_lufs(&self) -> Reading;
    /// Largest true peak of all channels since the last call, linear.
    fn take_interval_peak(&mut self) -> f64;
}

mod sealed {
    pub trait Sealed {}
    impl<S> Sealed for super::Meter<'_, S> {}
    impl<S> Sealed for super::LiveMeter<'_, S> {}
}

macro_rules! levels {
    ($meter:ident, $room:expr) => {
        impl<S: Sample> Levels<S> for $meter<'_, S> {
            fn stream(&self) -> Stream {
                self.stream()
            }
            fn frames(&self) -> u64 {
                self.frames()
            }
            fn true_peak_method(&self) -> TruePeakMethod {
                self.setup().true_peak
            }
            fn check(&self, block: &Block<'_, S>) -> Result<(), Error> {
                block.check_channels("block", self.stream().channel_count())?;
                $room(self, block.frames() as u64)
            }
            fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
                self.push(block)
            }
            fn momentary_lufs(&self) -> Reading {
                self.momentary_lufs()
            }
            fn short_term_lufs(&self) -> Reading {
                self.short_term_lufs()
            }
            fn take_interval_peak(&mut self) -> f64 {
                self.take_interval_peak()
            }
        }
    };
}

levels!(Meter, |meter: &Meter<'_, S>, frames| meter.check_room(frames));
levels!(LiveMeter, |_: &LiveMeter<'_, S>, _| Ok(()));

/// What was read at the end of 100 ms.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct HistoryRow {
    /// First frame of the 100 ms.
    pub start_frame: u64,
    /// The frame after their last: the windows end here.
    pub end_frame: u64,
    /// Momentary loudness, LUFS.
    pub momentary_lufs: Reading,
    /// Short-term loudness, LUFS.
    pub short_term_lufs: Reading,
    /// Highest true peak of all channels, dBTP.
    pub true_peak_dbtp: Reading,
}

/// The readings of a meter every 100 ms.
///
/// # Example
/// ```
/// use mixcore::audio::Block;
/// use mixcore::loudness::{LiveMeter, LiveMeterSetup, LoudnessHistory};
/// use mixcore::{Layout, Stream, math};
///
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let mut meter = LiveMeter::new(LiveMeterSetup::default(), stream)?;
/// let mut history = LoudnessHistory::new(60.0, stream)?;
/// let tone: Vec<f32> = (0..48_000)
///     .map(|n| 0.1 * math::sin(0.1305 * f64::from(n)) as f32)
///     .collect();
/// history.push(Block::mono(&tone), &mut meter)?;
/// assert_eq!(history.len(), 10);
/// let row = history.rows().nth(4).unwrap();
/// assert_eq!((row.start_frame, row.end_frame), (19_200, 24_000));
/// assert!((row.momentary_lufs.value().unwrap() + 23.0).abs() < 0.1);
/// assert!((row.true_peak_dbtp.value().unwrap() + 20.0).abs() < 0.1);
/// assert_eq!(row.short_term_lufs.to_string(), "too short (0.5 s of 3.0 s)");
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct LoudnessHistory<'a> {
    stream: Stream,
    /// Rows of M, S and true peak in decibels: minus infinity is silence, NaN no true peak at all.
    memory: Store<'a, f64>,
    frames: u64,
    done: usize,
}

impl LoudnessHistory<'static> {
    /// A history of the last `duration_s`, with memory of its own.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, or a duration outside 0.4 to 360,000 s.
    #[cfg(feature = "alloc")]
    pub fn new(duration_s: f64, stream: Stream) -> Result<Self, Error> {
        check(duration_s, &stream)?;
        Ok(Self::with_store(stream, Store::owned(Self::required_len(duration_s), 0.0)))
    }
}

impl<'a> LoudnessHistory<'a> {
    /// f64 numbers that [`LoudnessHistory::new_in`] needs: 3 for every 100 ms.
    #[must_use]
    pub fn required_len(duration_s: f64) -> usize {
        ROW * history_len(duration_s).div_ceil(HOP_SUB_BLOCKS)
    }

    /// A history of the last `duration_s` in lent memory of at least
    /// [`LoudnessHistory::required_len`].
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, a duration outside 0.4 to 360,000 s, or too little memory.
    pub fn new_in(duration_s: f64, stream: Stream, memory: &'a mut [f64]) -> Result<Self, Error> {
        check(duration_s, &stream)?;
        let required = Self::required_len(duration_s);
        Ok(Self::with_store(stream, Store::lent("history", memory, required, 0.0)?))
    }

    fn with_store(stream: Stream, memory: Store<'a, f64>) -> Self {
        Self { stream, memory, frames: 0, done: 0 }
    }

    /// Pushes a block of any length into the meter, and notes what it reads at the end of each 100 ms.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// What the meter's `push` refuses, and a meter that was pushed or reset without its history;
    /// nothing of the block is recorded then.
    pub fn push<S: Sample>(
        &mut self,
        block: Block<'_, S>,
        meter: &mut impl Levels<S>,
    ) -> Result<(), Error> {
        meter.check(&block)?;
        if meter.frames() != self.frames || meter.stream().rate_hz != self.stream.rate_hz {
            return Err(Error::Unsupported {
                what: "a history of a meter at another frame or sample rate",
                hint: "build both for one stream, push through the history alone, reset both",
            });
        }
        let mut at = 0;
        while at < block.frames() {
            let edge = sub_block_start((self.done + 1) * HOP_SUB_BLOCKS, self.stream.rate_hz);
            let left = usize::try_from(edge - self.frames).unwrap_or(usize::MAX);
            let piece = block.range(at, at.saturating_add(left));
            meter.push(piece)?;
            self.frames += piece.frames() as u64;
            if self.frames == edge {
                self.note(meter);
            }
            at += piece.frames();
        }
        Ok(())
    }

    fn note<S>(&mut self, meter: &mut impl Levels<S>) {
        let peak = meter.take_interval_peak();
        let peak_db = match meter.true_peak_method() {
            TruePeakMethod::Off => f64::NAN,
            _ => gain_to_db(peak),
        };
        let level = |reading: Reading| reading.value().unwrap_or(f64::NEG_INFINITY);
        let row = [level(meter.momentary_lufs()), level(meter.short_term_lufs()), peak_db];
        let at = self.done % self.capacity();
        if let Some(slot) = self.memory.as_chunks_mut().0.get_mut(at) {
            *slot = row;
        }
        self.done += 1;
    }

    /// Rows that the memory holds, at least 1.
    #[must_use]
    pub fn capacity(&self) -> usize {
        (self.memory.len() / ROW).max(1)
    }

    /// Rows that are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.done.min(self.capacity())
    }

    /// No row at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.done == 0
    }

    /// Older rows that had to make place.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.done - self.len()
    }

    /// The rows that are kept, in order of time.
    pub fn rows(&self) -> impl Iterator<Item = HistoryRow> + '_ {
        (self.dropped()..self.done).map(|row| self.row(row))
    }

    /// The newest row.
    #[must_use]
    pub fn last(&self) -> Option<HistoryRow> {
        self.done.checked_sub(1).map(|row| self.row(row))
    }

    fn row(&self, row: usize) -> HistoryRow {
        let rows: &[[f64; ROW]] = self.memory.as_chunks().0;
        let [momentary, short_term, peak] =
            rows.get(row % self.capacity()).copied().unwrap_or_default();
        let at = at_frames(|index| sub_block_start(index, self.stream.rate_hz), row);
        #[expect(clippy::cast_precision_loss, reason = "frames of seconds")]
        let level = |value: f64, need: usize| {
            if (row + 1) * HOP_SUB_BLOCKS < need {
                let have_s = at.end_frame as f64 / self.stream.rate_hz;
                Reading::TooShort { have_s, need_s: need as f64 / SUB_BLOCKS_PER_S }
            } else {
                Reading::from_level(value)
            }
        };
        HistoryRow {
            momentary_lufs: level(momentary, MOMENTARY_SUB_BLOCKS),
            short_term_lufs: level(short_term, SHORT_TERM_SUB_BLOCKS),
            true_peak_dbtp: if peak.is_nan() {
                Reading::NotApplicable
            } else {
                Reading::from_level(peak)
            },
            ..at
        }
    }

    /// Starts anew, with the meter; the memory is kept.
    pub fn reset(&mut self) {
        self.frames = 0;
        self.done = 0;
    }
}

/// A row without readings.
fn at_frames(start_frame: impl Fn(usize) -> u64, row: usize) -> HistoryRow {
    HistoryRow {
        start_frame: start_frame(row * HOP_SUB_BLOCKS),
        end_frame: start_frame((row + 1) * HOP_SUB_BLOCKS),
        momentary_lufs: Reading::NotApplicable,
        short_term_lufs: Reading::NotApplicable,
        true_peak_dbtp: Reading::NotApplicable,
    }
}

impl SubBlocks<'_> {
    /// M and S at the end of every 100 ms; true peaks are not applicable, energies do not hold them.
    ///
    /// # Example
    /// ```
    /// use mixcore::loudness::SubBlocks;
    /// let energies = [4.8; 310];
    /// let rows: Vec<_> = SubBlocks::new(&energies, 48_000.0)?.levels().collect();
    /// assert_eq!((rows.len(), rows[30].end_frame), (31, 148_800));
    /// assert!((rows[30].short_term_lufs.value().unwrap() + 20.691).abs() < 1e-9);
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn levels(&self) -> impl Iterator<Item = HistoryRow> + '_ {
        (0..self.len() / HOP_SUB_BLOCKS).map(|row| {
            let end = (row + 1) * HOP_SUB_BLOCKS;
            HistoryRow {
                momentary_lufs: self.momentary_lufs(end),
                short_term_lufs: self.short_term_lufs(end),
                ..at_frames(|index| self.start_frame(index), row)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Layout;
    use crate::loudness::{LiveMeterSetup, MeterSetup};

    #[test]
    fn the_oldest_rows_make_place() {
        let stream = Stream::new(8000.0, Layout::MONO).unwrap();
        let setup = LiveMeterSetup {
            bins: crate::loudness::BinWidth::OneTenth,
            ..LiveMeterSetup::default()
        };
        let (mut samples, mut history) = ([0.0_f32; 3000], [0.0; 5000]);
        let mut meter = LiveMeter::new_in(setup, stream, &mut samples, &mut history).unwrap();
        let mut memory = [0.0; 12];
        let mut levels = LoudnessHistory::new_in(0.4, stream, &mut memory).unwrap();
        assert_eq!((levels.capacity(), levels.len(), levels.last()), (4, 0, None));
        let mut block = [0.0_f32; 800];
        for n in 0..9_u16 {
            block[3] = f32::from(n) * 0.1;
            levels.push(Block::mono(&block), &mut meter).unwrap();
        }
        assert_eq!((levels.len(), levels.dropped()), (4, 5));
        let rows = levels.rows().map(|row| (row.start_frame, row.end_frame));
        assert!(rows.eq([(4000, 4800), (4800, 5600), (5600, 6400), (6400, 7200)]));
        let last = levels.last().unwrap();
        assert!((last.true_peak_dbtp.value().unwrap() - gain_to_db(0.8)).abs() < 0.01);
        assert_eq!(last.short_term_lufs, Reading::TooShort { have_s: 0.9, need_s: 3.0 });
        assert_eq!(last.momentary_lufs, meter.momentary_lufs());
        // A meter that was pushed on its own has no place in this history any more.
        meter.push(Block::mono(&block)).unwrap();
        assert!(levels.push(Block::mono(&block), &mut meter).is_err());
        meter.reset();
        levels.reset();
        levels.push(Block::mono(&block), &mut meter).unwrap();
        assert_eq!((levels.len(), levels.dropped()), (1, 0));
        assert!(LoudnessHistory::new_in(0.5, stream, &mut memory).is_err());
    }

    #[test]
    fn silence_and_no_true_peak_are_told_apart() {
        let stream = Stream::new(8000.0, Layout::MONO).unwrap();
        let mut memory = [0.0; 12];
        let mut read = |true_peak| {
            let setup = MeterSetup { true_peak, max_duration_s: 0.5, ..MeterSetup::default() };
            let (mut samples, mut history) = ([0.0_f32; 3000], [0.0; 1000]);
            let mut meter = Meter::new_in(setup, stream, &mut samples, &mut history).unwrap();
            let mut levels = LoudnessHistory::new_in(0.4, stream, &mut memory).unwrap();
            levels.push(Block::mono(&[0.0; 3200]), &mut meter).unwrap();
            // More than the meter holds: nothing of it is recorded.
            assert!(levels.push(Block::mono(&[0.5; 900]), &mut meter).is_err());
            assert_eq!((levels.len(), meter.frames()), (4, 3200));
            let row = levels.last().unwrap();
            (row.momentary_lufs, row.true_peak_dbtp)
        };
        assert_eq!(read(TruePeakMethod::Fine), (Reading::BelowGate, Reading::BelowGate));
        assert_eq!(read(TruePeakMethod::Off), (Reading::BelowGate, Reading::NotApplicable));
    }
}
