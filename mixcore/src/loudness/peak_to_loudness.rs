//! Peak to loudness: how far the peaks of a mix stand above its loudness.
//!
//! > PLR = true peak − I, of the whole programme
//! > PSR(t) = highest true peak of the 3 s that end at t − short-term loudness S(t) of the same 3 s
//!
//! A limiter that works hard lowers both; PSR shows where. It is read every 100 ms. Its low end is
//! the tenth percentile over the windows that the loudness range counts, those at or above −70 LUFS
//! and at or above their mean − 20 LU: fades and room tone say nothing of a limiter. The tenth and not
//! the lowest, because windows overlap by 97 %: a tenth of half a minute is one window of its own; and
//! the index of the percentile is that of EBU Tech 3342, so that both "low ends" mean the same.
//!
//! Sources: PLR and PSR as the trade uses them. The AES convention paper that proposes PSR (I. Shepherd
//! et al., "Measuring Micro-Dynamics", AES 143, 2017) was not read [unverified]: that its peak is a
//! true peak over the same 3 s is what its authors' meters say. The gate and the percentile are ours.
//! Limits: a peak in the last 19 frames of an interval belongs to the next one
//! ([`super::TruePeakMeter::take_interval_peak`]).
//! Cost: on demand, per 100 ms one sum of 300 sub-blocks and one maximum of 30 intervals, three times.

use super::gating::{ABSOLUTE_GATE_LUFS, HOP_SUB_BLOCKS, SHORT_TERM_SUB_BLOCKS, SubBlocks, mean};
use super::range::{RELATIVE_GATE, low_and_high};
use super::readings::LoudnessReadings;
use crate::error::Error;
use crate::units::{Lufs, Power, Reading};

/// Intervals of 100 ms in a window.
const WINDOW_INTERVALS: usize = SHORT_TERM_SUB_BLOCKS / HOP_SUB_BLOCKS;

impl LoudnessReadings {
    /// Peak-to-loudness ratio: true peak minus integrated loudness, dB.
    #[must_use]
    pub fn plr_db(&self) -> Reading {
        self.true_peak_dbtp.zip(self.integrated_lufs, |peak, loudness| peak - loudness)
    }
}

/// Peak to short-term loudness over time, from the two things that a meter's history is made of.
///
/// # Example
/// ```
/// use mixcore::loudness::{PeakToShortTerm, SubBlocks};
/// // 6 s at a weighted power of 0.01 (-20.691 LUFS) with peaks of 0.5 (-6.02 dBTP).
/// let (energies, peaks) = ([4.8; 600], [0.5; 60]);
/// let psr = PeakToShortTerm::new(SubBlocks::new(&energies, 48_000.0)?, &peaks)?;
/// let readings = psr.measurement();
/// assert!((readings.low_percentile_db.value().unwrap() - 14.67).abs() < 0.01);
/// assert_eq!(readings.windows, 31);
/// assert_eq!(psr.psr_db(28).value(), None); // 2.9 s are no window yet
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PeakToShortTerm<'a> {
    blocks: SubBlocks<'a>,
    interval_peaks: &'a [f64],
}

/// What the peak to short-term loudness of a programme comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct PsrReadings {
    /// Tenth percentile of the windows that count, dB.
    pub low_percentile_db: Reading,
    /// Lowest of the windows that count, dB.
    pub min_db: Reading,
    /// The frame at which the lowest window ends.
    pub min_frame: u64,
    /// Windows that count.
    pub windows: usize,
}

impl<'a> PeakToShortTerm<'a> {
    /// Puts sub-blocks and the true peaks of the same time together: one peak for each 100 ms,
    /// linear, as [`super::Meter::take_interval_peak`] gives them. The shorter of both counts.
    ///
    /// # Errors
    /// A peak that is negative or not finite.
    pub fn new(blocks: SubBlocks<'a>, interval_peaks: &'a [f64]) -> Result<Self, Error> {
        for &peak in interval_peaks {
            Error::check_range("interval_peaks", peak, 0.0, f64::MAX)?;
        }
        let whole = interval_peaks.len().min(blocks.len() / HOP_SUB_BLOCKS);
        let interval_peaks = interval_peaks.get(..whole).unwrap_or_default();
        Ok(Self { blocks: blocks.range(0, whole * HOP_SUB_BLOCKS), interval_peaks })
    }

    /// Intervals of 100 ms.
    #[must_use]
    pub fn len(&self) -> usize {
        self.interval_peaks.len()
    }

    /// No interval at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.interval_peaks.is_empty()
    }

    /// Peak to short-term loudness of the 3 s that end with interval `index`, dB.
    ///
    /// [`Reading::TooShort`] in the first 2.9 s and beyond the end, [`Reading::BelowGate`] for
    /// digital silence; no other gate.
    #[must_use]
    pub fn psr_db(&self, index: usize) -> Reading {
        let end = index.saturating_add(1);
        let short_term = self.blocks.short_term_lufs(end.saturating_mul(HOP_SUB_BLOCKS));
        let Some(start) = end.checked_sub(WINDOW_INTERVALS) else { return short_term };
        let peaks = self.interval_peaks.get(start..end).unwrap_or_default();
        match short_term {
            Reading::Value(_) => {
                let power = self.blocks.window_power(start * HOP_SUB_BLOCKS, SHORT_TERM_SUB_BLOCKS);
                psr(ratio(peaks, power))
            }
            other => other,
        }
    }

    /// Low percentile and minimum over the windows that count.
    #[must_use]
    pub fn measurement(&self) -> PsrReadings {
        let none = |reading| PsrReadings {
            low_percentile_db: reading,
            min_db: reading,
            min_frame: 0,
            windows: 0,
        };
        if self.blocks.len() < SHORT_TERM_SUB_BLOCKS {
            return none(self.blocks.too_short(SHORT_TERM_SUB_BLOCKS));
        }
        let absolute = Lufs::new(ABSOLUTE_GATE_LUFS).power().value();
        let powers = || self.blocks.windows(SHORT_TERM_SUB_BLOCKS);
        let ungated = mean(powers().filter(|&power| power >= absolute));
        // Energies beyond all audio can sum up to infinity, which no window would reach.
        let Some(ungated) = ungated.filter(|mean| mean.is_finite()) else {
            return none(Reading::BelowGate);
        };
        let gate = absolute.max(ungated * RELATIVE_GATE);
        let windows = self.interval_peaks.windows(WINDOW_INTERVALS);
        let counting = || {
            windows
                .clone()
                .zip(powers())
                .enumerate()
                .filter(move |(_, (_, power))| *power >= gate)
                .map(|(n, (peaks, power))| (n, ratio(peaks, power)))
        };
        let (at, lowest) =
            counting().fold(
                (0, f64::INFINITY),
                |least, (n, ratio)| {
                    if ratio < least.1 { (n, ratio) } else { least }
                },
            );
        let (low, _) = low_and_high(|| counting().map(|(_, ratio)| ratio));
        PsrReadings {
            low_percentile_db: psr(low),
            min_db: psr(lowest),
            min_frame: self.blocks.start_frame(at * HOP_SUB_BLOCKS + SHORT_TERM_SUB_BLOCKS),
            windows: counting().count(),
        }
    }
}

/// Squared peak over power: it has the order of the decibels, and no logarithm.
fn ratio(peaks: &[f64], power: f64) -> f64 {
    let peak = peaks.iter().fold(0.0, |peak: f64, &next| peak.max(next));
    peak * peak / power
}

/// PSR of a squared peak over a weighted power: the loudness of the one that much below the other.
fn psr(ratio: f64) -> Reading {
    Reading::from_level(-Power::new(1.0 / ratio).loudness().value())
}
