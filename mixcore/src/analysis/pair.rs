//! Two channels of a stream: which ones, what their sums say, and where their samples wait.
//!
//! With the sums Σ l², Σ r² and Σ l·r of a stretch, everything that a mixer asks of a pair is a plain
//! formula:
//!
//! > correlation r = Σ l·r / √(Σ l² · Σ r²), +1 for equal channels, −1 for opposite polarity
//! > balance 10 log10(Σ l² / Σ r²), mono sum 10 log10(Σ (l + r)² / (Σ l² + Σ r²))
//! > width Σ s² / (Σ m² + Σ s²) with m = (l + r)/√2, s = (l − r)/√2
//!
//! Sources: convention of the trade (no standard for correlation meters was found; IEC 60268-18, at
//! times quoted for them, is about digital peak meters). The mean is not taken off: a common DC counts
//! as correlated, as it does in the trade's meters. NOTE: those show 0 for silence and where a channel
//! is missing; here that is no reading, for 0 says that two sounds have nothing in common.

use crate::audio::{Block, Layout, Sample, Store};
use crate::error::Error;
use crate::kernels::{self, Isa, PairSums};
use crate::math;
use crate::stream::Stream;
use crate::units::{DB_FLOOR, Reading, power_to_db};

/// Two channels of a layout, by index.
///
/// # Example
/// ```
/// use mixcore::analysis::ChannelPair;
/// use mixcore::Layout;
/// assert_eq!(ChannelPair::front(Layout::STEREO)?, ChannelPair { first: 0, second: 1 });
/// let rear = ChannelPair::named(Layout::SURROUND_5_1, "Ls", "Rs")?;
/// assert_eq!(rear, ChannelPair { first: 4, second: 5 });
/// assert!(ChannelPair::front(Layout::MONO).is_err());
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelPair {
    /// The left or earlier one.
    pub first: usize,
    /// The right or later one.
    pub second: usize,
}

impl ChannelPair {
    /// Left and right front (`L` and `R`).
    ///
    /// # Errors
    /// A layout without them.
    pub fn front(layout: Layout) -> Result<Self, Error> {
        Self::named(layout, "L", "R")
    }

    /// Two channels by their trade names (`Ls`) or BS.2051 labels (`M+110`).
    ///
    /// # Errors
    /// A name that the layout does not have.
    pub fn named(layout: Layout, first: &str, second: &str) -> Result<Self, Error> {
        let find = |name: &str| {
            layout
                .speakers()
                .iter()
                .position(|speaker| speaker.label == name || speaker.short_name() == name)
                .ok_or(Error::Unsupported {
                    what: "a pair of channels that this layout does not have",
                    hint: "name two channels of the layout, as Layout::speakers lists them",
                })
        };
        Ok(Self { first: find(first)?, second: find(second)? })
    }

    /// The pair asked for, or left and right, checked against the stream.
    pub(super) fn resolve(pair: Option<Self>, stream: &Stream) -> Result<Self, Error> {
        stream.validate()?;
        let pair = match pair {
            Some(pair) => pair,
            None => Self::front(stream.layout)?,
        };
        #[expect(clippy::cast_precision_loss, reason = "a channel index")]
        for (field, index) in [("pair first", pair.first), ("pair second", pair.second)] {
            let last = stream.channel_count() - 1;
            Error::check_range(field, index as f64, 0.0, last as f64)?;
        }
        if pair.first == pair.second {
            return Err(Error::Unsupported {
                what: "a pair of one channel with itself",
                hint: "choose two different channels",
            });
        }
        Ok(pair)
    }

    /// The two channels of a block that has them.
    pub(super) fn of<'b, S>(self, block: &Block<'b, S>) -> (&'b [S], &'b [S]) {
        (
            block.channels().nth(self.first).unwrap_or_default(),
            block.channels().nth(self.second).unwrap_or_default(),
        )
    }
}

/// What the sums of a pair say.
///
/// [`Reading::BelowGate`] where a channel that counts is silent, [`Reading::TooShort`] before there
/// is anything.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct PairReadings {
    /// Phase correlation, −1 to 1; undefined unless both channels are above the floor.
    pub correlation: Reading,
    /// Level of the first channel over that of the second, dB; undefined unless both are above the
    /// floor.
    pub balance_db: Reading,
    /// Level of the sum over the level that two unrelated sounds would have, dB: 3.01 for equal
    /// channels, 0 for unrelated ones, and down to −100 (the floor of this reading) for what cancels.
    pub mono_sum_db: Reading,
    /// Share of the side signal in the energy: 0 mono, 0.5 unrelated channels of any balance, 1
    /// anti-phase.
    pub width: Reading,
}

impl PairReadings {
    /// Readings that have one answer for all.
    pub(super) fn all(answer: Reading) -> Self {
        Self { correlation: answer, balance_db: answer, mono_sum_db: answer, width: answer }
    }

    /// Readings of sums whose channels count above an energy of `floor`.
    pub(super) fn new(sums: &PairSums, floor: f64) -> Self {
        let both = sums.left + sums.right;
        let any = if both > floor && both > 0.0 { Some(both) } else { None };
        let gated = |value: Option<f64>| value.map_or(Reading::BelowGate, Reading::Value);
        let pair = correlation(sums, floor);
        Self {
            correlation: gated(pair),
            balance_db: gated(pair.map(|_| power_to_db(sums.left / sums.right))),
            mono_sum_db: gated(any.map(|both| {
                // Rounding may leave a sum below zero.
                let sum = (both + 2.0 * sums.product).max(0.0);
                power_to_db(sum / both).max(DB_FLOOR)
            })),
            width: gated(
                any.map(|both| ((both - 2.0 * sums.product) / (2.0 * both)).clamp(0.0, 1.0)),
            ),
        }
    }
}

/// r of the sums, where both channels have an energy above `floor`.
pub(super) fn correlation(sums: &PairSums, floor: f64) -> Option<f64> {
    (sums.left > floor && sums.right > floor).then(|| {
        // The root of a square is exact, so equal channels give 1: energies lie between 1e-15 and 1e23.
        (sums.product / math::sqrt(sums.left * sums.right)).clamp(-1.0, 1.0)
    })
}

/// Cleaned samples of a pair, waiting until a stretch of fixed length is full.
#[derive(Debug)]
pub(super) struct PairRows<'a, S> {
    pair: ChannelPair,
    isa: Isa,
    /// Two rows of equal length.
    rows: Store<'a, S>,
    fill: usize,
    frames: u64,
    faults: u64,
}

impl<'a, S: Sample> PairRows<'a, S> {
    /// Rows in a store of twice the longest stretch.
    pub(super) fn new(pair: ChannelPair, isa: Isa, rows: Store<'a, S>) -> Self {
        Self { pair, isa, rows, fill: 0, frames: 0, faults: 0 }
    }

    /// Takes frames of `block` from `at` on until `length` wait; returns how many it took.
    pub(super) fn take(&mut self, block: &Block<'_, S>, at: usize, length: usize) -> usize {
        let take = (length - self.fill).min(block.frames() - at);
        let (first, second) = self.pair.of(block);
        let half = self.rows.len() / 2;
        let (left, right) = self.rows.split_at_mut(half);
        for (row, input) in [(left, first), (right, second)] {
            let input = input.get(at..at + take).unwrap_or_default();
            let free = row.get_mut(self.fill..self.fill + take).unwrap_or_default();
            self.faults += kernels::clean(self.isa, input, free) as u64;
        }
        self.fill += take;
        self.frames += take as u64;
        take
    }

    /// What waits.
    pub(super) fn rows(&self) -> (&[S], &[S]) {
        let (left, right) = self.rows.split_at(self.rows.len() / 2);
        (left.get(..self.fill).unwrap_or_default(), right.get(..self.fill).unwrap_or_default())
    }

    /// Frames that wait.
    pub(super) fn fill(&self) -> usize {
        self.fill
    }

    /// Nothing waits any more.
    pub(super) fn clear(&mut self) {
        self.fill = 0;
    }

    /// Starts anew.
    pub(super) fn reset(&mut self) {
        (self.fill, self.frames, self.faults) = (0, 0, 0);
    }

    /// Frames taken so far.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// Samples of the pair that were not finite or beyond 1e6 and were taken as 0.
    pub(super) fn faults(&self) -> u64 {
        self.faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(left: &[f64], right: &[f64]) -> PairReadings {
        PairReadings::new(&kernels::dot3(Isa::detect(), left, right), 0.0)
    }

    #[test]
    fn the_formulas_by_hand() {
        let x = [0.5, -0.25, 0.125, -1.0];
        let same = of(&x, &x);
        assert_eq!(same.correlation, Reading::Value(1.0));
        assert_eq!((same.balance_db, same.width), (Reading::Value(0.0), Reading::Value(0.0)));
        assert!((same.mono_sum_db.value().unwrap() - 3.010_299_956_639_812).abs() < 1e-12);
        let flipped = of(&x, &x.map(|x| -x));
        assert_eq!(flipped.correlation, Reading::Value(-1.0));
        assert_eq!(
            (flipped.mono_sum_db, flipped.width),
            (Reading::Value(-100.0), Reading::Value(1.0))
        );
        // Σ l² = 5, Σ r² = 5, Σ l·r = 4.
        let some = of(&[1.0, 2.0], &[2.0, 1.0]);
        assert!((some.correlation.value().unwrap() - 0.8).abs() < 1e-15);
        assert!((some.width.value().unwrap() - 0.1).abs() < 1e-15);
        // 6 dB of balance do not change the correlation.
        let louder = of(&[2.0, 4.0], &[2.0, 1.0]);
        assert!((louder.correlation.value().unwrap() - 0.8).abs() < 1e-15);
        assert!((louder.balance_db.value().unwrap() - 6.020_599_913_279_624).abs() < 1e-12);
    }

    #[test]
    fn what_is_silent_has_no_correlation() {
        let one_sided = of(&[1.0, -1.0], &[0.0, 0.0]);
        assert_eq!(one_sided.correlation, Reading::BelowGate);
        assert_eq!(one_sided.balance_db, Reading::BelowGate);
        assert_eq!(one_sided.width, Reading::Value(0.5));
        assert_eq!(one_sided.mono_sum_db, Reading::Value(0.0));
        assert_eq!(of(&[0.0; 3], &[0.0; 3]), PairReadings::all(Reading::BelowGate));
    }
}
