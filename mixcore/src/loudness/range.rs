//! Loudness range: how far the loud and the quiet parts of a programme lie apart.
//!
//! > LRA = P95 − P10 of the short-term loudness (3 s windows every 100 ms) of all windows at or
//! > above −70 LUFS and at or above the mean of those − 20 LU
//!
//! The percentiles are elements of the sorted list: index round((n − 1)·p + 1), counted from 1, ties
//! away from zero. NOTE: libebur128 and crate ebur128 hop by 1 s. A programme that is 14 dB lower for
//! 5.2 s of every 20 s has a range of 14.00 LU, and 7.75 LU by that hop
//! (`tests/all/standards/tech3342.rs`); others read higher by it. The hop here is the 100 ms that
//! Tech 3342 asks for.
//!
//! Limits: under 60 s of material the figure is not stable (EBU Tech 3341, clause 2.4); under 3 s
//! there is none. Tech 3342 appends at least 1.5 s of silence to a file before the final value: that is
//! [`SubBlocks::loudness_range_of_file`].
//! Sources: EBU Tech 3342 (2023), clauses 2 and 3 and its reference code.
//! Cost: on demand, n windows and one sort (with `alloc`), or 64 passes for each end (without).

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::gating::{
    ABSOLUTE_GATE_LUFS, HOP_SUB_BLOCKS, SHORT_TERM_SUB_BLOCKS, SubBlocks, loudness, mean,
};
use crate::math;
use crate::units::{Lufs, Reading};

/// Relative gate as a power ratio: −20 LU (EBU Tech 3342).
pub(super) const RELATIVE_GATE: f64 = 0.01;
/// Silence after the end of a file, 1.5 s (EBU Tech 3342, clause 3).
const TAIL_SUB_BLOCKS: usize = 150;
/// Percentile of the quiet end (EBU Tech 3342).
pub(super) const LOW_PERCENT: f64 = 10.0;
/// Percentile of the loud end (EBU Tech 3342).
pub(super) const HIGH_PERCENT: f64 = 95.0;

/// The loudness range and its two ends.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LoudnessRange {
    /// Distance of the two ends, LU.
    pub range_lu: Reading,
    /// Tenth percentile of short-term loudness, LUFS.
    pub low_lufs: Reading,
    /// 95th percentile of short-term loudness, LUFS.
    pub high_lufs: Reading,
    /// The gate: windows below it do not count, LUFS.
    pub gate_lufs: Reading,
    /// Windows that count.
    pub windows: usize,
}

impl LoudnessRange {
    /// No range, for a reason.
    pub(super) fn none(reason: Reading) -> Self {
        Self::between(reason, reason, reason, 0)
    }

    pub(super) fn between(low: Reading, high: Reading, gate: Reading, windows: usize) -> Self {
        Self {
            range_lu: high.zip(low, |h, l| h - l),
            low_lufs: low,
            high_lufs: high,
            gate_lufs: gate,
            windows,
        }
    }
}

/// How often the loudness range looks at the programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RangeGrid {
    /// Every 100 ms, as EBU Tech 3342 asks for (at least 10 Hz).
    #[default]
    TenthSecond,
    /// Every second, as libebur128 and crate ebur128 do: what other meters would read.
    Second,
}

impl SubBlocks<'_> {
    /// Loudness range of these sub-blocks. Windows begin with the first sub-block.
    ///
    /// # Source
    /// EBU Tech 3342 (2023).
    #[must_use]
    pub fn loudness_range(&self) -> LoudnessRange {
        self.loudness_range_on(RangeGrid::default())
    }

    /// [`SubBlocks::loudness_range`] on a chosen grid.
    #[must_use]
    pub fn loudness_range_on(&self, grid: RangeGrid) -> LoudnessRange {
        self.range_of(grid, 0)
    }

    /// Loudness range of a whole file: 1.5 s of silence are taken to follow, so that its last second
    /// counts like every other (EBU Tech 3342, clause 3).
    #[must_use]
    pub fn loudness_range_of_file(&self) -> LoudnessRange {
        self.range_of(RangeGrid::default(), TAIL_SUB_BLOCKS)
    }

    /// The range over these sub-blocks and `tail` silent ones.
    fn range_of(&self, grid: RangeGrid, tail: usize) -> LoudnessRange {
        let hop = match grid {
            RangeGrid::TenthSecond => HOP_SUB_BLOCKS,
            RangeGrid::Second => 10 * HOP_SUB_BLOCKS,
        };
        if self.len() < SHORT_TERM_SUB_BLOCKS {
            return LoudnessRange::none(self.too_short(SHORT_TERM_SUB_BLOCKS));
        }
        range_over(|| self.windows_before_silence(hop, SHORT_TERM_SUB_BLOCKS, tail))
    }
}

/// The range of the powers of short-term windows.
pub(super) fn range_over<I: Iterator<Item = f64>>(windows: impl Fn() -> I) -> LoudnessRange {
    let windows = &windows;
    let absolute = Lufs::new(ABSOLUTE_GATE_LUFS).power().value();
    // Energies beyond all audio can sum up to infinity, which no window would reach.
    let ungated = mean(windows().filter(|&power| power >= absolute));
    let Some(ungated) = ungated.filter(|mean| mean.is_finite()) else {
        return LoudnessRange::none(Reading::BelowGate);
    };
    let threshold = absolute.max(ungated * RELATIVE_GATE);
    let passed = || windows().filter(move |&power| power >= threshold);
    let (low, high) = low_and_high(passed);
    let windows = passed().count();
    LoudnessRange::between(loudness(low), loudness(high), loudness(threshold), windows)
}

/// Index from 0 of a percentile in a sorted list of `count` ≥ 1 elements.
pub(super) fn rank(count: usize, percent: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a rank is a small whole number"
    )]
    {
        math::round((count - 1) as f64 * percent / 100.0 + 1.0) as usize - 1
    }
}

/// The percentiles of Tech 3342 of positive numbers, of which there is at least one.
pub(super) fn low_and_high<I: Iterator<Item = f64>>(values: impl Fn() -> I) -> (f64, f64) {
    #[cfg(feature = "alloc")]
    return by_sorting(values());
    #[cfg(not(feature = "alloc"))]
    by_bisection(values)
}

/// Both percentiles of positive numbers, by sorting.
#[cfg(feature = "alloc")]
fn by_sorting(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = |percent| sorted[rank(sorted.len(), percent)];
    (at(LOW_PERCENT), at(HIGH_PERCENT))
}

/// Both percentiles of positive numbers without memory: their bits have their order, so each bit of
/// the answer is found by counting.
#[cfg(any(not(feature = "alloc"), test))]
fn by_bisection<I: Iterator<Item = f64>>(values: impl Fn() -> I) -> (f64, f64) {
    let count = values().count();
    let at = |percent| {
        let rank = rank(count, percent);
        let mut bits = 0_u64;
        for bit in (0..64).rev() {
            let higher = bits | 1 << bit;
            if values().filter(|value| value.to_bits() < higher).count() <= rank {
                bits = higher;
            }
        }
        f64::from_bits(bits)
    };
    (at(LOW_PERCENT), at(HIGH_PERCENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_have_the_index_of_tech_3342() {
        // MATLAB: round((n-1)*PRC/100 + 1), counted from 1.
        assert_eq!((rank(1, LOW_PERCENT), rank(1, HIGH_PERCENT)), (0, 0));
        assert_eq!((rank(6, LOW_PERCENT), rank(6, HIGH_PERCENT)), (1, 5));
        assert_eq!((rank(101, LOW_PERCENT), rank(101, HIGH_PERCENT)), (10, 95));
    }

    #[test]
    fn a_window_exactly_at_a_gate_counts() {
        let absolute = Lufs::new(ABSOLUTE_GATE_LUFS).power().value();
        let read = |powers: &[f64]| range_over(|| powers.iter().copied());
        assert_eq!(read(&[absolute]).windows, 1);
        assert_eq!(read(&[absolute.next_down()]).windows, 0);
        // Eight windows of 1 and one that lies at the gate which it helps to set: x = mean / 100.
        let mut powers = [1.0; 9];
        for _ in 0..20 {
            powers[8] = mean(powers.iter().copied()).unwrap() * RELATIVE_GATE;
        }
        assert!((powers[8] - 8.0 / 899.0).abs() < 1e-12);
        assert_eq!(read(&powers).windows, 9);
        powers[8] *= 1.0 - 1e-12;
        assert_eq!(read(&powers).windows, 8);
    }

    /// Ten seconds at a loudness in LUFS, then ten at another, 48 kHz.
    fn steps(first: f64, second: f64) -> [f64; 2000] {
        let energy = |lufs: f64| Lufs::new(lufs).power().value() * 480.0;
        core::array::from_fn(|k| energy(if k < 1000 { first } else { second }))
    }

    #[test]
    fn the_gate_and_the_count_are_told() {
        let energies = steps(-20.0, -32.0);
        let range = SubBlocks::new(&energies, 48e3).unwrap().loudness_range();
        assert!((range.range_lu.value().unwrap() - 12.0).abs() < 1e-9);
        // (20 - 3) / 0.1 s + 1 windows, all of them above the gate 20 LU below their mean.
        assert_eq!(range.windows, 171);
        let gate = range.gate_lufs.value().unwrap();
        assert!((gate - (-22.7 - 20.0)).abs() < 0.1, "{gate}");
        // 30 LU below, the quiet half is gated away.
        let energies = steps(-20.0, -50.0);
        let gated = SubBlocks::new(&energies, 48e3).unwrap().loudness_range();
        assert!(gated.windows < 110 && gated.range_lu.value().unwrap() < 15.0);
        let short = SubBlocks::new(&energies[..299], 48e3).unwrap().loudness_range();
        assert_eq!((short.windows, short.gate_lufs), (0, short.range_lu));
    }

    #[test]
    fn the_silence_after_a_file_adds_its_windows() {
        let energies = steps(-20.0, -20.0);
        let blocks = SubBlocks::new(&energies, 48e3).unwrap();
        let (live, file) = (blocks.loudness_range(), blocks.loudness_range_of_file());
        // 1.5 s: 15 windows more, which hold 2.9 to 1.5 s of the programme: down to -3.01 LU.
        assert_eq!(file.windows, live.windows + 15);
        assert!(live.range_lu.value().unwrap().abs() < 1e-9);
        // 15 of 186 are less than a tenth: the low percentile stays, the range as well.
        assert!(file.range_lu.value().unwrap().abs() < 1e-9);
        let short = blocks.range(0, 500);
        let low = short.loudness_range_of_file().low_lufs.value().unwrap();
        assert!((-23.02..-20.5).contains(&low), "{low}");
        // The same as silence that was pushed.
        let mut pushed = [0.0; 650];
        pushed[..500].copy_from_slice(&energies[..500]);
        let pushed = SubBlocks::new(&pushed, 48e3).unwrap().loudness_range();
        assert_eq!(short.loudness_range_of_file(), pushed);
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn bisection_finds_the_element_that_sorting_finds() {
        let mut seed = 1_u32;
        for count in [1, 2, 3, 10, 101, 256] {
            let values: Vec<f64> = (0..count)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    // Few distinct values, so that ties are among them.
                    math::exp10(-f64::from(seed >> 25) / 16.0)
                })
                .collect();
            assert_eq!(by_bisection(|| values.iter().copied()), by_sorting(values.iter().copied()));
        }
    }
}
