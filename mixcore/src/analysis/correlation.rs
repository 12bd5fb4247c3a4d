//! Phase correlation of two channels: over the whole, over a sliding window, in every third octave.
//!
//! A pair that cancels in mono, a flipped cable, an ambience of opposite polarity, a widener that went
//! too far: all show as a negative correlation, often in one part of the spectrum only, which the
//! broadband reading hides.
//!
//! > r = Σ l·r / √(Σ l² · Σ r²), over a window that ends at a multiple of 10 ms
//!
//! Sources: the formula is the trade's ([`super::PairReadings`] has all of them). Values from 0.2 to
//! 0.7 stand for ordinary stereo, negative ones for trouble in mono (BET-Fachwörterbuch,
//! "Korrelationsgradmesser"; RTW's manuals say 0.3 to 0.7). Bands: [`super::ThirdOctave`]. The default
//! window is the momentary one of BS.1770-5, 0.4 s.
//! Cost: with bands the filters of [`super::ThirdOctaveBank`] for both channels; without, three products
//! a frame.
//! Latency: windows follow the last whole 10 ms; [`Correlation::measurement`] counts every frame in
//! its `whole`. A band lags by its filter's group delay.
//! Limits: a window should hold several periods of a band's width: 0.4 s is short below 100 Hz.

use super::pair::{ChannelPair, PairReadings, PairRows, correlation};
use super::sliding::SlidingSums;
use super::third_octave::{BAND_SLOTS, PairState, THIRD_OCTAVES, ThirdOctave, ThirdOctaveBank};
use crate::audio::{Block, Sample, Store};
use crate::error::Error;
use crate::kernels::{PairSums, dot3};
use crate::loudness::{MeterStorage, SUB_BLOCKS_PER_S, longest_sub_block, sub_block_start};
use crate::math;
use crate::stream::Stream;
use crate::units::{Reading, db_to_power};

/// Shortest window: one sub-block, s.
const MIN_WINDOW_S: f64 = 0.01;
/// Longest window, s: beyond it, read the whole of a part instead.
const MAX_WINDOW_S: f64 = 10.0;
/// Lowest floor, dBFS: below the noise of 24 bits (−144).
const MIN_FLOOR_DBFS: f64 = -150.0;
/// Slots of a row: the bands, and the broadband sums in the slot that no band needs.
const SLOTS: usize = BAND_SLOTS;
const _: () = assert!(THIRD_OCTAVES < SLOTS, "the broadband sums have a slot of their own");

/// What is correlated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CorrelationSetup {
    /// The channels; `None` for left and right front.
    pub pair: Option<ChannelPair>,
    /// Length of the sliding window, s: 0.01 to 10, taken to the nearest 10 ms.
    pub window_s: f64,
    /// Third octaves too.
    pub bands: bool,
    /// Mean power at or below which a channel is silent, dBFS: −150 to 0. A band's floor is lower by
    /// 14.9 dB, its share of pink noise at the floor.
    pub floor_dbfs: f64,
}

impl Default for CorrelationSetup {
    /// Left and right, 0.4 s, with bands, silent at or below −70 dBFS (BS.1770's absolute gate taken as a
    /// plain level).
    fn default() -> Self {
        Self { pair: None, window_s: 0.4, bands: true, floor_dbfs: -70.0 }
    }
}

impl CorrelationSetup {
    fn validate(&self) -> Result<(), Error> {
        Error::check_range("window_s", self.window_s, MIN_WINDOW_S, MAX_WINDOW_S)?;
        Error::check_range("floor_dbfs", self.floor_dbfs, MIN_FLOOR_DBFS, 0.0).map(|_| ())
    }

    /// Sub-blocks of a window.
    fn window(&self) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "1 to 1000; NaN becomes 1 and is refused by the constructor"
        )]
        {
            math::round(self.window_s.clamp(MIN_WINDOW_S, MAX_WINDOW_S) * SUB_BLOCKS_PER_S).max(1.0)
                as usize
        }
    }

    fn slots(&self) -> usize {
        if self.bands { SLOTS } else { 1 }
    }
}

/// The lowest window of a slot, and how many windows there were.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Lowest {
    value: f64,
    frame: u64,
    judged: u64,
    negative: u64,
}

impl Default for Lowest {
    fn default() -> Self {
        Self { value: f64::INFINITY, frame: 0, judged: 0, negative: 0 }
    }
}

impl Lowest {
    fn hold(&mut self, r: f64, frame: u64) {
        self.judged += 1;
        self.negative += u64::from(r < 0.0);
        if r < self.value {
            (self.value, self.frame) = (r, frame);
        }
    }
}

/// How two channels go together, over the whole spectrum or in a band.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct CorrelationReadings {
    /// Over everything that was pushed.
    pub whole: PairReadings,
    /// Over the last window.
    pub window: PairReadings,
    /// Lowest correlation of all windows in which both channels were above the floor.
    pub lowest: Reading,
    /// The frame at which that window ends.
    pub lowest_frame: u64,
    /// Windows with a correlation below 0, percent of those in which there was one.
    pub negative_percent: Reading,
}

/// A correlation meter for two channels of a stream.
///
/// # Example
/// ```
/// use mixcore::analysis::{Correlation, CorrelationSetup, ThirdOctave};
/// use mixcore::audio::Block;
/// use mixcore::{Layout, Stream, math};
///
/// // 100 Hz in phase, 2 kHz at half the level in anti-phase: the sum hides what the bands show.
/// let tone = |hz: f64, n: i32| math::sin(math::PI * hz * f64::from(n) / 24_000.0);
/// let left: Vec<f64> = (0..48_000).map(|n| 0.2 * tone(100.0, n) + 0.1 * tone(2000.0, n)).collect();
/// let right: Vec<f64> = (0..48_000).map(|n| 0.2 * tone(100.0, n) - 0.1 * tone(2000.0, n)).collect();
/// let stream = Stream::new(48_000.0, Layout::STEREO)?;
/// let mut meter = Correlation::new(CorrelationSetup::default(), stream)?;
/// meter.push(Block::stereo(&left, &right)?)?;
/// // (0.04 − 0.01) / (0.04 + 0.01)
/// assert!((meter.measurement().whole.correlation.value().unwrap() - 0.6).abs() < 1e-9);
/// let at = |hz| meter.band_measurement(ThirdOctave::containing(hz).unwrap()).whole.correlation;
/// assert!(at(100.0).value().unwrap() > 0.999 && at(2000.0).value().unwrap() < -0.999);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Correlation<'a, S> {
    setup: CorrelationSetup,
    stream: Stream,
    rows: PairRows<'a, S>,
    bank: ThirdOctaveBank,
    filters: PairState,
    sliding: SlidingSums<'a>,
    /// Σ l², Σ r² and Σ l·r of all whole sub-blocks, by slot.
    whole: [[f64; SLOTS]; 3],
    lowest: [Lowest; SLOTS],
}

impl<S: Sample> Correlation<'static, S> {
    /// A meter with memory of its own.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, a setup outside its ranges, or a pair that the layout does not
    /// have.
    #[cfg(feature = "alloc")]
    pub fn new(setup: CorrelationSetup, stream: Stream) -> Result<Self, Error> {
        setup.validate()?;
        let need = Self::required_len(&setup, &stream);
        let (samples, sums) =
            (Store::owned(need.samples, S::zero()), Store::owned(need.history, 0.0));
        Self::with_stores(setup, stream, samples, sums)
    }
}

impl<'a, S: Sample> Correlation<'a, S> {
    /// Memory that [`Correlation::new_in`] needs: samples for the sub-block that is not complete, f64
    /// numbers for the window.
    #[must_use]
    pub fn required_len(setup: &CorrelationSetup, stream: &Stream) -> MeterStorage {
        MeterStorage {
            samples: 2 * longest_sub_block(stream),
            history: SlidingSums::required_len(3 * setup.slots(), setup.window()),
        }
    }

    /// A meter in lent memory of at least [`Correlation::required_len`].
    ///
    /// # Errors
    /// As [`Correlation::new`], or too little memory.
    pub fn new_in(
        setup: CorrelationSetup,
        stream: Stream,
        samples: &'a mut [S],
        sums: &'a mut [f64],
    ) -> Result<Self, Error> {
        setup.validate()?;
        let need = Self::required_len(&setup, &stream);
        let samples = Store::lent("correlation sample", samples, need.samples, S::zero())?;
        let sums = Store::lent("correlation window", sums, need.history, 0.0)?;
        Self::with_stores(setup, stream, samples, sums)
    }

    fn with_stores(
        setup: CorrelationSetup,
        stream: Stream,
        samples: Store<'a, S>,
        sums: Store<'a, f64>,
    ) -> Result<Self, Error> {
        let pair = ChannelPair::resolve(setup.pair, &stream)?;
        Ok(Self {
            setup,
            stream,
            rows: PairRows::new(pair, stream.isa, samples),
            bank: ThirdOctaveBank::design(stream.rate_hz, stream.isa)?,
            filters: PairState::default(),
            sliding: SlidingSums::new(sums, 3 * setup.slots(), setup.window()),
            whole: [[0.0; SLOTS]; 3],
            lowest: [Lowest::default(); SLOTS],
        })
    }

    /// Measures one block of any length.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// Another number of channels than the stream's; nothing is measured then.
    pub fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        block.check_channels("block", self.stream.channel_count())?;
        let mut at = 0;
        while at < block.frames() {
            let start = sub_block_start(self.sliding.done(), self.stream.rate_hz);
            let end = sub_block_start(self.sliding.done() + 1, self.stream.rate_hz);
            #[expect(clippy::cast_possible_truncation, reason = "a sub-block is 10 ms")]
            let length = (end - start) as usize;
            at += self.rows.take(&block, at, length);
            if self.rows.fill() == length {
                self.record();
            }
        }
        Ok(())
    }

    /// Closes the sub-block that is full.
    fn record(&mut self) {
        let slots = self.setup.slots();
        let mut row = [0.0; 3 * SLOTS];
        let Some(row) = row.get_mut(..3 * slots) else { return };
        let (left, right) = self.rows.rows();
        if self.setup.bands {
            self.bank.push_pair(&mut self.filters, left, right);
            self.bank.take_products(&mut self.filters, row);
        }
        let sums = dot3(self.stream.isa, left, right);
        for (part, sum) in [sums.left, sums.right, sums.product].into_iter().enumerate() {
            if let Some(slot) = row.get_mut((part + 1) * slots - 1) {
                *slot = sum;
            }
        }
        self.rows.clear();
        for (whole, row) in self.whole.iter_mut().zip(row.chunks_exact(slots.max(1))) {
            for (whole, sum) in whole.iter_mut().zip(row) {
                *whole += sum;
            }
        }
        self.sliding.push(row);
        let mut sums = [0.0; 3 * SLOTS];
        let Some(sums) = sums.get_mut(..3 * slots) else { return };
        if self.sliding.window_sums(sums) {
            let (frame, frames) = self.window_frames();
            for slot in 0..slots {
                let floor = self.floor(slot) * frames;
                let r = correlation(&at_slot(sums, slots, slot), floor);
                if let (Some(r), Some(lowest)) = (r, self.lowest.get_mut(slot)) {
                    lowest.hold(r, frame);
                }
            }
        }
    }

    /// The frame at which the last window ends, and its length in frames.
    fn window_frames(&self) -> (u64, f64) {
        let done = self.sliding.done();
        let end = sub_block_start(done, self.stream.rate_hz);
        let start = sub_block_start(done - self.sliding.window(), self.stream.rate_hz);
        #[expect(clippy::cast_precision_loss, reason = "at most 10 s")]
        (end, (end - start) as f64)
    }

    /// Mean power at or below which a channel is silent in a slot.
    fn floor(&self, slot: usize) -> f64 {
        let floor = db_to_power(self.setup.floor_dbfs);
        #[expect(clippy::cast_precision_loss, reason = "31")]
        if slot + 1 == self.setup.slots() { floor } else { floor / THIRD_OCTAVES as f64 }
    }

    /// Starts anew; the memory is kept.
    pub fn reset(&mut self) {
        self.rows.reset();
        self.filters = PairState::default();
        self.sliding.reset();
        self.whole = [[0.0; SLOTS]; 3];
        self.lowest = [Lowest::default(); SLOTS];
    }

    /// What it was made for.
    #[must_use]
    pub fn setup(&self) -> CorrelationSetup {
        self.setup
    }

    /// Frames pushed so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.rows.frames()
    }

    /// Samples of the pair so far that were not finite or beyond 1e6 and were taken as 0.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.rows.faults()
    }

    /// All readings over the whole spectrum. The meter itself does not change: pushing may go on.
    #[must_use]
    pub fn measurement(&self) -> CorrelationReadings {
        let (left, right) = self.rows.rows();
        self.readings(self.setup.slots() - 1, &dot3(self.stream.isa, left, right))
    }

    /// All readings of one band; [`Reading::NotApplicable`] for a band that is not there at this rate,
    /// or without bands.
    #[must_use]
    pub fn band_measurement(&self, band: ThirdOctave) -> CorrelationReadings {
        if !self.setup.bands || band.index() >= self.bank.band_count() {
            let none = PairReadings::all(Reading::NotApplicable);
            return CorrelationReadings {
                whole: none,
                window: none,
                lowest: Reading::NotApplicable,
                lowest_frame: 0,
                negative_percent: Reading::NotApplicable,
            };
        }
        let (left, right) = self.rows.rows();
        let mut filters = self.filters;
        let mut row = [0.0; 3 * SLOTS];
        self.bank.push_pair(&mut filters, left, right);
        self.bank.take_products(&mut filters, &mut row);
        self.readings(band.index(), &at_slot(&row, SLOTS, band.index()))
    }

    /// The readings of a slot; `tail` are the sums of the sub-block that is not complete.
    fn readings(&self, slot: usize, tail: &PairSums) -> CorrelationReadings {
        let slots = self.setup.slots();
        let floor = self.floor(slot);
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        let frames = self.frames() as f64;
        let short =
            |need_s: f64| Reading::TooShort { have_s: frames / self.stream.rate_hz, need_s };
        let whole = PairSums {
            left: self.whole[0][slot] + tail.left,
            right: self.whole[1][slot] + tail.right,
            product: self.whole[2][slot] + tail.product,
        };
        let mut sums = [0.0; 3 * SLOTS];
        let full = self.sliding.window_sums(&mut sums[..3 * slots]);
        #[expect(clippy::cast_precision_loss, reason = "at most 1000")]
        let need = short(self.sliding.window() as f64 / SUB_BLOCKS_PER_S);
        let lowest = &self.lowest[slot];
        let judged = |value: f64| match (full, lowest.judged) {
            (false, _) => need,
            (true, 0) => Reading::BelowGate,
            (true, _) => Reading::Value(value),
        };
        #[expect(clippy::cast_precision_loss, reason = "windows of days fit into 53 bits")]
        let percent = 100.0 * lowest.negative as f64 / lowest.judged as f64;
        CorrelationReadings {
            whole: if frames > 0.0 {
                PairReadings::new(&whole, floor * frames)
            } else {
                PairReadings::all(short(1.0 / self.stream.rate_hz))
            },
            window: if full {
                let floor = floor * self.window_frames().1;
                PairReadings::new(&at_slot(&sums, slots, slot), floor)
            } else {
                PairReadings::all(need)
            },
            lowest: judged(lowest.value),
            lowest_frame: lowest.frame,
            negative_percent: judged(percent),
        }
    }
}

/// The three sums of a slot of a row.
fn at_slot(row: &[f64], slots: usize, slot: usize) -> PairSums {
    let at = |part: usize| row.get(part * slots + slot).copied().unwrap_or_default();
    PairSums { left: at(0), right: at(1), product: at(2) }
}
