//! What a loudness meter says, in numbers.

use crate::units::Reading;

/// A held maximum: power and the frame at which its window ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    pub(super) power: f64,
    pub(super) frame: u64,
}

impl Held {
    pub(super) fn hold(&mut self, power: f64, frame: u64) {
        if power > self.power {
            *self = Self { power, frame };
        }
    }
}

/// Everything a loudness meter reads at one moment.
///
/// A reading that needs more material is [`Reading::TooShort`], digital silence and material that
/// never passes the gate are [`Reading::BelowGate`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LoudnessReadings {
    /// Programme loudness with both gates, LUFS.
    pub integrated_lufs: Reading,
    /// Largest momentary loudness (0.4 s), LUFS.
    pub momentary_max_lufs: Reading,
    /// The frame at which its window ends.
    pub momentary_max_frame: u64,
    /// Largest short-term loudness (3 s), LUFS.
    pub short_term_max_lufs: Reading,
    /// The frame at which its window ends.
    pub short_term_max_frame: u64,
    /// Loudness range, LU. Not stable while `duration_s` is below 60 (EBU Tech 3341, clause 2.4).
    pub loudness_range_lu: Reading,
    /// Quiet end of the loudness range, LUFS.
    pub loudness_range_low_lufs: Reading,
    /// Loud end of the loudness range, LUFS.
    pub loudness_range_high_lufs: Reading,
    /// Largest true peak of all channels, dBTP.
    pub true_peak_dbtp: Reading,
    /// The frame at or before it.
    pub true_peak_frame: u64,
    /// Largest sample of all channels, dBFS.
    pub sample_peak_dbfs: Reading,
    /// Its frame.
    pub sample_peak_frame: u64,
    /// Duration measured so far, s: without what was pushed while the meter stood by.
    pub duration_s: f64,
    /// Samples that were not finite or beyond 1e6 and were taken as 0.
    pub faults: u64,
    /// Samples of all channels at or over full scale, ±1: what clips in a fixed-point file.
    pub clipped: u64,
}
