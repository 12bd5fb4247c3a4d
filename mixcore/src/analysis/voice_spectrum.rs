//! What [`super::MatchSpectrum`] reads: the third octaves of a voice, and of the noise behind it.

use super::third_octave::{THIRD_OCTAVES, ThirdOctave};
use crate::units::{Lufs, Power, Reading, db_to_power, power_to_db};

/// Numbers of a row: the bands, and the K-weighted power.
pub(super) const ROW: usize = THIRD_OCTAVES + 1;

/// Absolute gate, LUFS (BS.1770-5, Annex 1).
const ABSOLUTE_GATE_LUFS: f64 = -70.0;
/// Windows below this are digital silence: it lies under the step of 16 bits with dither
/// (−98 dBFS unweighted) by a margin, LUFS.
const SILENCE_LUFS: f64 = -110.0;
/// Windows to each side of a silent one that may reach into it: windows overlap by three quarters.
const EDGE: usize = 4;
/// Share of the windows that is taken as noise: short enough for a line with one breath of a pause.
const QUIET_SHARE: f64 = 0.05;
/// Fewest windows that give a noise level: 0.3 s at 48 kHz.
const QUIET_LEAST: usize = 4;
/// A band stands clear of its noise from here on, dB: the noise then adds at most 0.75 dB
/// (−10 log10(1 − 10^−0.8)) to what is read as voice.
const CLEAR_DB: f64 = 8.0;

/// How the rows are read.
pub(super) struct Gate {
    pub(super) gate_db: Option<f64>,
    pub(super) min_active_s: f64,
    pub(super) hop_s: f64,
    pub(super) rate_hz: f64,
}

/// The third octaves of a voice while it is there, and of the noise behind it.
///
/// All levels are of the mean square, dB relative to 1, as [`super::LongTermSpectrum`] has them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct VoiceSpectrum {
    /// K-weighted level of the active windows, LUFS: by third octaves from 80 Hz up, every channel with
    /// the weight 1. Its gate is the setup's, so it is not the integrated loudness of BS.1770.
    pub loudness_lufs: Reading,
    /// Active time, s.
    pub active_s: f64,
    /// Sample rate of the recording, Hz.
    pub rate_hz: f64,
    levels: [Reading; THIRD_OCTAVES],
    noise: [Reading; THIRD_OCTAVES],
}

impl VoiceSpectrum {
    /// Level of a band while the voice is there, dBFS; [`Reading::NotApplicable`] below 80 Hz and for a
    /// band that the rate does not have, [`Reading::BelowGate`] if nothing passed the gate.
    #[must_use]
    pub fn level_dbfs(&self, band: ThirdOctave) -> Reading {
        self.levels[band.index()]
    }

    /// Level of a band in the pauses, dBFS: the mean of the quietest windows. [`Reading::BelowGate`] if
    /// the pauses are digital silence, [`Reading::NotApplicable`] as for the level.
    #[must_use]
    pub fn noise_dbfs(&self, band: ThirdOctave) -> Reading {
        self.noise[band.index()]
    }

    /// The voice lies 8 dB or more above the noise in this band, so that what is read is the voice.
    #[must_use]
    pub fn stands_clear(&self, band: ThirdOctave) -> bool {
        match (self.level_dbfs(band), self.noise_dbfs(band)) {
            (Reading::Value(level), Reading::Value(noise)) => level - noise >= CLEAR_DB,
            (Reading::Value(_), _) => true,
            _ => false,
        }
    }

    pub(super) fn new(rows: &[f64], read: &[bool; THIRD_OCTAVES], gate: &Gate) -> Self {
        let (rows, _) = rows.as_chunks::<ROW>();
        let weighted = |row: &[f64; ROW]| row[THIRD_OCTAVES];
        let above = |threshold: f64| mean(rows.iter().filter(|row| weighted(row) > threshold));
        let absolute = Lufs::new(ABSOLUTE_GATE_LUFS).power().value();
        let threshold = match gate.gate_db {
            None => -1.0,
            Some(gate_db) => {
                let (ungated, _) = above(absolute);
                absolute.max(ungated[THIRD_OCTAVES] * db_to_power(gate_db))
            }
        };
        let (active, count) = above(threshold);
        #[expect(clippy::cast_precision_loss, reason = "windows of a day")]
        let active_s = count as f64 * gate.hop_s;
        #[expect(clippy::cast_precision_loss, reason = "windows of a day")]
        let have_s = rows.len() as f64 * gate.hop_s;
        let enough = if count > 0 && active_s >= gate.min_active_s {
            Reading::Value(0.0)
        } else if count == 0 && have_s >= gate.min_active_s {
            Reading::BelowGate
        } else {
            Reading::TooShort { have_s: active_s, need_s: gate.min_active_s }
        };
        let noise = quiet(rows).map_or([0.0; ROW], |threshold| {
            mean(
                rows.iter()
                    .enumerate()
                    .filter(|(index, row)| weighted(row) <= threshold && !at_silence(rows, *index))
                    .map(|(_, row)| row),
            )
            .0
        });
        let level = |powers: &[f64; ROW], index: usize| {
            if read[index] {
                enough.zip(Reading::from_level(power_to_db(powers[index])), |_, level| level)
            } else {
                Reading::NotApplicable
            }
        };
        Self {
            loudness_lufs: enough.zip(
                Reading::from_level(Power::new(active[THIRD_OCTAVES]).loudness().value()),
                |_, level| level,
            ),
            active_s,
            rate_hz: gate.rate_hz,
            levels: core::array::from_fn(|index| level(&active, index)),
            noise: core::array::from_fn(|index| level(&noise, index)),
        }
    }
}

/// The mean of rows, and how many they are.
fn mean<'r>(rows: impl Iterator<Item = &'r [f64; ROW]>) -> ([f64; ROW], usize) {
    let (mut sums, mut count) = ([0.0; ROW], 0_usize);
    for row in rows {
        for (sum, power) in sums.iter_mut().zip(row) {
            *sum += power;
        }
        count += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "windows of a day")]
    let divisor = count.max(1) as f64;
    (sums.map(|sum| sum / divisor), count)
}

/// A window that is digital silence, or may reach into one that is.
fn at_silence(rows: &[[f64; ROW]], index: usize) -> bool {
    let silence = Lufs::new(SILENCE_LUFS).power().value();
    let around = rows.get(index.saturating_sub(EDGE)..rows.len().min(index + EDGE + 1));
    around.unwrap_or_default().iter().any(|row| row[THIRD_OCTAVES] <= silence)
}

/// The K-weighted power that the quietest windows do not exceed, digital silence left out.
fn quiet(rows: &[[f64; ROW]]) -> Option<f64> {
    let real = |index: &usize| !at_silence(rows, *index);
    let total = (0..rows.len()).filter(real).count();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a count"
    )]
    let wanted = ((total as f64 * QUIET_SHARE) as usize).max(QUIET_LEAST);
    if total < wanted {
        return None;
    }
    // The wanted-th smallest by bisection of the bits, which are in order for positive numbers: no
    // memory, and exact.
    let (mut low, mut high) = (0_u64, f64::MAX.to_bits());
    while low < high {
        let middle = low + (high - low) / 2;
        let threshold = f64::from_bits(middle);
        let count = (0..rows.len())
            .filter(|index| rows[*index][THIRD_OCTAVES] <= threshold)
            .filter(real)
            .count();
        if count >= wanted { high = middle } else { low = middle + 1 }
    }
    Some(f64::from_bits(low))
}
