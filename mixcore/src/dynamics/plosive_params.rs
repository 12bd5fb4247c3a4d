//! What a plosive tamer is made for, what may move, what follows from it, and what it remembers.

use super::voice_mean::VoiceMean;
use crate::error::Error;
use crate::math;
use crate::stream::{Stream, params};

/// Time of a cell, ms: 32 frames at 48 kHz.
const CELL_MS: f64 = 2.0 / 3.0;
/// Time constants of the powers, s: a period and a half of the lowest voice, a syllable, and what is
/// steady.
const FAST_S: f64 = 0.01;
const SYLLABLE_S: f64 = 0.1;
const STEADY_S: f64 = 1.0;
/// Time constant of the voice's own level and bass, s of speech: a line.
const LINE_S: f64 = 3.0;

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct PlosiveTamerSetup {
    /// Time by which the signal is delayed, 5 to 100 ms, to whole cells of 2/3 ms.
    pub lookahead_ms: f64,
}

impl Default for PlosiveTamerSetup {
    /// 30 ms, a puff's own length: its vowel is in sight when it begins.
    fn default() -> Self {
        Self { lookahead_ms: 30.0 }
    }
}

impl PlosiveTamerSetup {
    /// Checks the look-ahead.
    ///
    /// # Errors
    /// A look-ahead outside 5 to 100 ms.
    pub fn validate(&self) -> Result<(), Error> {
        Error::check_range("lookahead_ms", self.lookahead_ms, 5.0, 100.0).map(|_| ())
    }

    /// Cells of the look-ahead, and frames of a cell.
    pub(super) fn sizes(&self, stream: &Stream) -> Result<(usize, usize), Error> {
        self.validate()?;
        stream.validate()?;
        let cell = stream.frames_of_ms(CELL_MS).max(1);
        Ok(((stream.frames_of_ms(self.lookahead_ms) / cell).max(2) - 1, cell))
    }
}

params! {
    /// What may move.
    ///
    /// A change counts at once; the reduction goes on from where it is, the amount moves over 20 ms.
    pub struct PlosiveTamerParams {
        /// Corner between bass and voice.
        hz: "Hz", 40.0 => 400.0, 150.0, Log, fixed;
        /// How far bass stands above the voice before it is a puff.
        threshold_db: "dB", 0.0 => 40.0, 6.0, Decibel, fixed;
        /// Largest reduction, at a quarter of `hz`.
        max_reduction_db: "dB", 0.0 => 24.0, 18.0, Decibel, fixed;
        /// Time constant of the way back.
        release_ms: "ms", 5.0 => 1000.0, 50.0, Log, fixed;
        /// Bass that is weaker is left alone.
        floor_dbfs: "dBFS", -90.0 => 0.0, -50.0, Decibel, fixed;
        /// Share of it that is taken out: below 100 % a parallel mix.
        amount_percent: "%", 0.0 => 100.0, 100.0, Linear, smoothed;
    }
}

/// What follows from the parameters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coeffs {
    pub(super) pole: f64,
    pub(super) release: f64,
    pub(super) smooth: [f64; 3],
    pub(super) line: f64,
}

impl Coeffs {
    pub(super) fn design(params: &PlosiveTamerParams, rate_hz: f64, cell_s: f64) -> Self {
        let kept = |time_s: f64| math::exp(-cell_s / time_s);
        Self {
            pole: 1.0 - math::exp(-2.0 * math::PI * params.hz / rate_hz),
            release: kept(params.release_ms * 1e-3),
            smooth: [FAST_S, SYLLABLE_S, STEADY_S].map(kept),
            line: kept(LINE_S),
        }
    }
}

/// One channel: the poles of the detector, and those of the shelves.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Channel {
    /// Energies of the cell at hand, low and voice: apart, so that every split adds up in one order.
    pub(super) energies: [f64; 2],
    pub(super) low: [f64; 2],
    pub(super) high: [f64; 2],
    pub(super) shelves: [f64; 2],
}

/// Smoothed powers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Powers {
    pub(super) low_fast: f64,
    pub(super) low_steady: f64,
    pub(super) voice_fast: f64,
    pub(super) voice_syllable: f64,
    /// Mean power of the voice where it speaks.
    pub(super) voice: VoiceMean,
    /// Forgetful sums over speech: bass, and ones.
    pub(super) spoken: [f64; 2],
}
