//! Windows by their loudness: what gates and percentiles need, in memory that does not grow.
//!
//! A bin holds how many windows fell into it and the sum of their powers, so a bin's mean is exact
//! and only the place of a window inside its bin is forgotten:
//!
//! > bin of a power p: ⌊(L(p) + 70) / w⌋, L(p) = −0.691 + 10 log10 p, w = 0.01, 0.05 or 0.1 LU
//!
//! The bins begin at the absolute gate, −70 LUFS; what lies below never counts. They end at +20 LUFS:
//! 24 channels of weight 1.41 with every sample at full scale, in the most sensitive band of the
//! K-weighting (+4.04 dB at the top of the spectrum), read −0.691 + 4.04 + 10 log10(24 · 1.41) =
//! +18.65 LUFS. Louder windows (floating-point programmes above full scale) fall into the top bin,
//! whose mean stays exact.
//!
//! # How far from exact
//! The absolute gate is applied to each window before it is binned, and the mean above it is a sum
//! over all windows: both are exact, the threshold of the relative gate too. What is not known is
//! which windows of the one bin that the threshold cuts lie above it. They count all or not at all,
//! as their mean does. So
//!
//! - **I** is the exact mean of a set of blocks that differs from the exact set in blocks of one bin:
//!   less than w from the threshold. Be q the number of these blocks over that of the blocks above,
//!   and γ ≥ 0 their mean power over that of those: the error is at most
//!   10 log10((1 + q) / (1 + γ q)) < 4.35 q LU.
//! - **LRA**: each end is the mean of the bin that holds the percentile, less than w from it; the
//!   range is less than 2 w from the exact one. The windows of the cut bin move the percentile's rank
//!   by as many places at most.
//!
//! q is not bounded by w: a programme can put most of its blocks into the cut bin (a steady tone 10 LU
//! below the mean). No meter is well-conditioned there: a change of 1e-12 LU moves the exact reading
//! by as much. The histogram says where it is: [`Bounds`] contain the exact reading always.
//!
//! Found, in LU, on 200 random programmes of 1 to 30 minutes (speech, scenes, music, fades, steady
//! mixes) and on 60 that put more than half of their blocks next to the gate (recomputed by the test
//! `a_histogram_is_as_close_as_its_documentation_says`):
//!
//! | bin width | I: worst error | widest [`Bounds`] | LRA: worst error | bound 2 w | I at the gate: worst error | widest [`Bounds`] |
//! |---|---|---|---|---|---|---|
//! | 0.01 | 0.0037 | 0.017 | 0.0165 | 0.02 | 0.17 | 0.46 |
//! | 0.05 | 0.0126 | 0.045 | 0.087 | 0.1 | 0.86 | 2.3 |
//! | 0.1 | 0.031 | 0.11 | 0.147 | 0.2 | 2.1 | 7.2 |
//!
//! In a programme of one minute a single block on the wrong side is q = 1/600, 0.007 LU; a bin that
//! holds one block, or blocks of one level, is never on the wrong side.
//!
//! Sums run in the order of time in f64: after n windows the relative error of a mean is at most
//! n · 1.1e-16, which is 4e-10 LU after a day and 2e-7 LU after a year.
//!
//! Cost: one logarithm and two additions a window. A reading adds up the bins between the gate and the
//! loudest window, whatever the programme's length: 20 to 40 LU of them, 200 at 0.1 LU and 4000 at
//! 0.01 LU.
//! Sources: ITU-R BS.1770-5, Annex 1 (gates); EBU Tech 3342 (percentiles); the rest is ours.

use super::gating::{ABSOLUTE_GATE_LUFS, loudness};
use super::range::{HIGH_PERCENT, LOW_PERCENT, LoudnessRange, rank};
use crate::audio::Store;
use crate::units::{Lufs, Power, Reading};

/// Upper end of the bins, LUFS (see the module's documentation).
const TOP_LUFS: f64 = 20.0;
/// Range of the bins, LU, a whole number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "two whole numbers, the larger one first"
)]
const SPAN_LU: usize = (TOP_LUFS - ABSOLUTE_GATE_LUFS) as usize;

/// Width of a histogram's bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum BinWidth {
    /// 0.01 LU: 9000 bins, 144 kB.
    #[default]
    OneHundredth,
    /// 0.05 LU: 1800 bins, 29 kB.
    OneTwentieth,
    /// 0.1 LU: 900 bins, 14 kB.
    OneTenth,
}

impl BinWidth {
    /// Bins in 1 LU.
    const fn per_lu(self) -> u32 {
        match self {
            Self::OneHundredth => 100,
            Self::OneTwentieth => 20,
            Self::OneTenth => 10,
        }
    }

    /// The width, LU.
    #[must_use]
    pub fn lu(self) -> f64 {
        1.0 / f64::from(self.per_lu())
    }

    const fn bins(self) -> usize {
        SPAN_LU * self.per_lu() as usize
    }
}

/// Between which values a reading lies that looks at every window instead of at bins.
///
/// Sums have rounding errors beside (n · 1.1e-16 of the power after n windows).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Bounds {
    /// The exact reading is not lower.
    pub low: Reading,
    /// The exact reading is not higher.
    pub high: Reading,
}

impl Bounds {
    pub(super) fn new(low: Reading, high: Reading) -> Self {
        Self { low, high }
    }

    pub(super) fn both(reading: Reading) -> Self {
        Self::new(reading, reading)
    }
}

/// A relative gate: ratio to the mean power of what passes the absolute gate, and whether a window
/// exactly at a threshold passes.
#[derive(Clone, Copy, Debug)]
pub(super) struct RelativeGate {
    pub(super) ratio: f64,
    pub(super) at_passes: bool,
}

impl RelativeGate {
    fn passes(self, power: f64, threshold: f64) -> bool {
        power > threshold || (self.at_passes && power >= threshold)
    }
}

/// Windows in a bin, and the sum of their powers.
type Bin = [f64; 2];

/// Where the threshold lies among the bins.
#[derive(Clone, Copy, Debug)]
struct Cut {
    threshold: f64,
    /// From here on all windows pass.
    sure: usize,
    /// The bin that the threshold cuts, if windows are in it, and whether they count.
    doubtful: Option<(usize, bool)>,
}

impl Cut {
    /// First bin that counts.
    fn first(&self) -> usize {
        match self.doubtful {
            Some((bin, true)) => bin,
            _ => self.sure,
        }
    }

    /// First bin that could count.
    fn lowest(&self) -> usize {
        self.doubtful.map_or(self.sure, |(bin, _)| bin)
    }
}

/// Windows that passed the absolute gate, by their loudness.
#[derive(Debug)]
pub(super) struct Histogram<'a> {
    width: BinWidth,
    gate: RelativeGate,
    /// Power at the absolute gate.
    absolute: f64,
    bins: Store<'a, f64>,
    /// All windows, those below the gate too.
    windows: u64,
    passed: u64,
    power: f64,
    largest: f64,
}

impl<'a> Histogram<'a> {
    /// f64 numbers of the memory.
    pub(super) const fn required_len(width: BinWidth) -> usize {
        width.bins() * size_of::<Bin>() / size_of::<f64>()
    }

    /// An empty histogram; the store holds zeros and has the required length.
    pub(super) fn new(width: BinWidth, gate: RelativeGate, bins: Store<'a, f64>) -> Self {
        let absolute = Lufs::new(ABSOLUTE_GATE_LUFS).power().value();
        Self { width, gate, absolute, bins, windows: 0, passed: 0, power: 0.0, largest: 0.0 }
    }

    pub(super) fn width(&self) -> BinWidth {
        self.width
    }

    pub(super) fn clear(&mut self) {
        self.bins.fill(0.0);
        (self.windows, self.passed, self.power, self.largest) = (0, 0, 0.0, 0.0);
    }

    /// No window at all, not even below the gate.
    pub(super) fn is_empty(&self) -> bool {
        self.windows == 0
    }

    fn bins(&self) -> &[Bin] {
        self.bins.as_chunks().0
    }

    fn bin(&self, index: usize) -> Bin {
        self.bins().get(index).copied().unwrap_or_default()
    }

    fn index(&self, power: f64) -> usize {
        let above = Power::new(power).loudness().value() - ABSOLUTE_GATE_LUFS;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates: below the lowest bin is the lowest"
        )]
        let index = (above * f64::from(self.width.per_lu())) as usize;
        index.min(self.width.bins() - 1)
    }

    /// Lower edge of a bin, LUFS.
    fn edge_lufs(&self, index: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "at most 9000")]
        {
            ABSOLUTE_GATE_LUFS + index as f64 / f64::from(self.width.per_lu())
        }
    }

    /// Upper edge of what is in a bin, LUFS.
    fn upper_lufs(&self, index: usize) -> f64 {
        let loudest = Power::new(self.largest).loudness().value();
        if index + 1 < self.width.bins() { self.edge_lufs(index + 1).min(loudest) } else { loudest }
    }

    /// Counts one window.
    pub(super) fn add(&mut self, power: f64) {
        self.windows += 1;
        if !self.gate.passes(power, self.absolute) {
            return;
        }
        self.passed += 1;
        self.power += power;
        self.largest = self.largest.max(power);
        let index = self.index(power);
        if let Some([count, sum]) = self.bins.as_chunks_mut().0.get_mut(index) {
            *count += 1.0;
            *sum += power;
        }
    }

    /// Counts the windows of another histogram of the same width.
    pub(super) fn merge_from(&mut self, other: &Histogram<'_>) {
        for (bin, more) in self.bins.iter_mut().zip(other.bins.iter()) {
            *bin += more;
        }
        self.windows += other.windows;
        self.passed += other.passed;
        self.power += other.power;
        self.largest = self.largest.max(other.largest);
    }

    fn cut(&self) -> Option<Cut> {
        if self.passed == 0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "windows of days fit into 53 bits")]
        let threshold = self.power / self.passed as f64 * self.gate.ratio;
        if threshold <= self.absolute {
            return Some(Cut { threshold: self.absolute, sure: 0, doubtful: None });
        }
        let index = self.index(threshold);
        let [count, sum] = self.bin(index);
        let doubtful = (count > 0.0).then(|| (index, self.gate.passes(sum / count, threshold)));
        Some(Cut { threshold, sure: index + 1, doubtful })
    }

    /// The bins from `first` up to the loudest that holds a window.
    fn from(&self, first: usize) -> &[Bin] {
        self.bins().get(first..=self.index(self.largest)).unwrap_or_default()
    }

    /// Windows from a bin on, and the sum of their powers.
    fn total(&self, first: usize) -> Bin {
        self.from(first)
            .iter()
            .fold([0.0; 2], |[counts, sums], [count, sum]| [counts + count, sums + sum])
    }

    /// Mean power from a bin on; the largest power where no window is.
    fn mean(&self, first: usize) -> f64 {
        let [count, sum] = self.total(first);
        if count > 0.0 { sum / count } else { self.largest }
    }

    /// Loudness of the mean of what passes both gates, LUFS.
    pub(super) fn mean_lufs(&self) -> Reading {
        self.cut().map_or(Reading::BelowGate, |cut| loudness(self.mean(cut.first())))
    }

    /// Between which values the exact mean lies: windows of the cut bin only lower it.
    pub(super) fn mean_bounds_lufs(&self) -> Bounds {
        self.cut().map_or(Bounds::both(Reading::BelowGate), |cut| {
            Bounds::new(loudness(self.mean(cut.lowest())), loudness(self.mean(cut.sure)))
        })
    }

    /// The bin of an element of the sorted list of the windows from `first` on.
    fn bin_of(&self, first: usize, rank: usize) -> usize {
        #[expect(clippy::cast_precision_loss, reason = "windows of days fit into 53 bits")]
        let rank = rank as f64;
        let mut below = 0.0;
        let place = self.from(first).iter().position(|[count, _]| {
            below += count;
            below > rank
        });
        place.map_or(self.index(self.largest), |place| first + place)
    }

    /// The bins of both percentiles of the windows from `first` on, and how many these are.
    fn percentiles(&self, first: usize) -> (usize, usize, usize) {
        let [count, _] = self.total(first);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count, not negative"
        )]
        let count = count as usize;
        let at = |percent| self.bin_of(first, rank(count.max(1), percent));
        (at(LOW_PERCENT), at(HIGH_PERCENT), count)
    }

    /// The loudness range of what passes both gates.
    pub(super) fn range(&self) -> LoudnessRange {
        let Some(cut) = self.cut() else { return LoudnessRange::none(Reading::BelowGate) };
        let (low, high, windows) = self.percentiles(cut.first());
        let level = |bin| {
            let [count, sum] = self.bin(bin);
            loudness(sum / count)
        };
        LoudnessRange::between(level(low), level(high), loudness(cut.threshold), windows)
    }

    /// Between which values the exact loudness range lies: windows of the cut bin lower both ends.
    pub(super) fn range_bounds_lu(&self) -> Bounds {
        let Some(cut) = self.cut() else { return Bounds::both(Reading::BelowGate) };
        let (low_least, high_least, _) = self.percentiles(cut.lowest());
        let (low_most, high_most, _) = self.percentiles(cut.sure);
        let least = self.edge_lufs(high_least) - self.upper_lufs(low_most);
        let most = self.upper_lufs(high_most) - self.edge_lufs(low_least);
        Bounds::new(Reading::Value(least.max(0.0)), Reading::Value(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATE: RelativeGate = RelativeGate { ratio: 0.1, at_passes: false };
    const LEN: usize = Histogram::required_len(BinWidth::OneTenth);

    fn power(lufs: f64) -> f64 {
        Lufs::new(lufs).power().value()
    }

    fn value(reading: Reading) -> f64 {
        reading.value().unwrap()
    }

    fn of<'a>(
        memory: &'a mut [f64],
        gate: RelativeGate,
        windows: &[(f64, usize)],
    ) -> Histogram<'a> {
        let store = Store::lent("bin", memory, LEN, 0.0).unwrap();
        let mut histogram = Histogram::new(BinWidth::OneTenth, gate, store);
        for &(lufs, count) in windows {
            for _ in 0..count {
                histogram.add(power(lufs));
            }
        }
        histogram
    }

    #[test]
    fn bins_reach_from_the_gate_to_the_loudest_that_full_scale_can_be() {
        let widths = [BinWidth::OneHundredth, BinWidth::OneTwentieth, BinWidth::OneTenth];
        assert_eq!(widths.map(BinWidth::lu), [0.01, 0.05, 0.1]);
        assert_eq!(widths.map(Histogram::required_len), [18_000, 3600, 1800]);
        let mut memory = [0.0; LEN];
        let histogram = of(&mut memory, GATE, &[]);
        for (lufs, bin) in
            [(-70.0, 0), (-69.95, 0), (-69.85, 1), (0.05, 700), (19.95, 899), (140.0, 899)]
        {
            assert_eq!(histogram.index(power(lufs) * (1.0 + 1e-12)), bin, "{lufs}");
        }
        // The largest gain of the K-weighting, 24 channels of the largest weight, full scale.
        let loudest = -0.691 + 4.044 + 10.0 * crate::math::log10(24.0 * 1.41);
        assert!((18.6..TOP_LUFS).contains(&loudest), "{loudest}");
    }

    #[test]
    fn the_mean_is_exact_but_for_the_bin_at_the_gate() {
        let mut memory = [0.0; LEN];
        // The gate lies at -33.0; nothing is near it, and -71 never counts.
        let histogram = of(&mut memory, GATE, &[(-20.0, 100), (-50.0, 100), (-71.0, 900)]);
        assert!((value(histogram.mean_lufs()) + 20.0).abs() < 1e-9);
        let bounds = histogram.mean_bounds_lufs();
        assert_eq!((bounds.low, bounds.high), (histogram.mean_lufs(), histogram.mean_lufs()));
        // 100 windows of power 1 and 10 of power g: g is a tenth of the mean at 10/109, -10.374 dB.
        for (lufs, counts) in [(-30.344, true), (-30.396, false)] {
            let mut memory = [0.0; LEN];
            let histogram = of(&mut memory, GATE, &[(-20.0, 100), (lufs, 10)]);
            let all = power(-20.0) * 100.0 + power(lufs) * 10.0;
            let all = Power::new(all / 110.0).loudness().value();
            let exact = if counts { all } else { -20.0 };
            assert!((value(histogram.mean_lufs()) - exact).abs() < 1e-9, "{lufs}");
            let bounds = histogram.mean_bounds_lufs();
            assert!((value(bounds.low) - all).abs() < 1e-9);
            assert!((value(bounds.high) + 20.0).abs() < 1e-9);
        }
    }

    #[test]
    fn percentiles_have_their_bins_means() {
        let gate = RelativeGate { ratio: 0.01, at_passes: true };
        let mut memory = [0.0; LEN];
        // Of 100: the 11th from below is the tenth percentile, the 95th the other (Tech 3342).
        let windows = [(-30.0, 10), (-20.0, 80), (-10.0, 10), (-45.0, 50)];
        let range = of(&mut memory, gate, &windows).range();
        assert_eq!(range.windows, 100);
        for (reading, exact) in
            [(range.low_lufs, -20.0), (range.high_lufs, -10.0), (range.range_lu, 10.0)]
        {
            assert!((value(reading) - exact).abs() < 1e-9, "{reading:?}");
        }
        let bounds = of(&mut memory, gate, &windows).range_bounds_lu();
        assert!(value(bounds.low) > 9.79 && value(bounds.high) < 10.21, "{bounds:?}");
        assert!(value(bounds.low) <= 10.0 && value(bounds.high) >= 10.0, "{bounds:?}");
    }

    #[test]
    fn a_merge_is_as_if_all_had_been_added() {
        let (mut first, mut second, mut third) = ([0.0; LEN], [0.0; LEN], [0.0; LEN]);
        let mut merged = of(&mut first, GATE, &[(-20.0, 8), (-71.0, 1)]);
        merged.merge_from(&of(&mut second, GATE, &[(-25.0, 4), (-20.0, 2)]));
        let all = of(&mut third, GATE, &[(-20.0, 10), (-25.0, 4), (-71.0, 1)]);
        assert!((value(merged.mean_lufs()) - value(all.mean_lufs())).abs() < 1e-12);
        assert_eq!((merged.windows, merged.passed), (15, 14));
        merged.clear();
        assert!(merged.is_empty() && merged.mean_lufs() == Reading::BelowGate);
    }
}
