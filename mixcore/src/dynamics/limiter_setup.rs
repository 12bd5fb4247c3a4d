//! What a limiter is built with and what may move.

use super::link::LinkGroups;
use super::plan::{Plan, STAGES};
use crate::error::Error;
use crate::level::{DitherKind, DitherSetup, MAX_DITHER_BITS, MIN_DITHER_BITS};
use crate::stream::{Stream, params};
use crate::units::gain_to_db;

/// Shortest look-ahead, ms: half a period of 1 kHz; what is shorter clips rather than limits.
pub const MIN_LOOKAHEAD_MS: f64 = 0.5;
/// Longest look-ahead, ms: the trade's (LSP limiter: 0.1 to 20 ms); the proof's rounding holds to there.
pub const MAX_LOOKAHEAD_MS: f64 = 20.0;

/// Where the stages aim, dB from the ceiling: room for the residual bound of the limiter's module doc
/// and the grid of the detector, and well inside the 0.1 dB below the ceiling that loud material may
/// lose.
pub(super) const AIM_DB: f64 = -0.06;
/// Where the clip limiter aims, which measures its output: room for the grid of the detector, 0.0115 dB,
/// and its kernel, 0.0014 dB.
pub(super) const CLIP_AIM_DB: f64 = -0.015;
/// How far below the ceiling the samples stay where only they count, linear: room for the rounding of
/// the gain in f32. The limiter's module doc counts it; 1.3e-4 dB.
pub(super) const SAMPLE_AIM: f64 = 1.0 - 1.0 / 65_536.0;
/// Σ|h| of the judge's kernel (`the_residual_bound` computes 3.235): no point between samples exceeds
/// this times the largest sample.
const WIDEST: f64 = 3.236;

/// Which peaks stay below the ceiling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum LimiterMode {
    /// Those between the samples too: the last processor of a delivery.
    #[default]
    TruePeak,
    /// Those of the samples alone: within a mix, with a third of the latency and of the cost.
    SamplePeak,
}

/// How a reduction is let go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum LimiterRelease {
    /// With `release_ms`, whatever came before.
    #[default]
    Fixed,
    /// With `release_ms` down to the mean reduction of the last `slow_release_ms`, from there with
    /// that: short peaks leave no hole, long loud passages do not pump.
    TwoStage,
}

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct LimiterSetup {
    /// Which peaks stay below the ceiling.
    pub mode: LimiterMode,
    /// Time in which the gain comes down before a peak, [`MIN_LOOKAHEAD_MS`] to
    /// [`MAX_LOOKAHEAD_MS`]. Longer is cleaner in the bass.
    pub lookahead_ms: f64,
    /// Which channels move together.
    pub groups: LinkGroups,
    /// How far the channels of a group move with the loudest of them, in decibels: at 100 they share
    /// one gain and the image stands still, at 0 each has its own.
    pub link_percent: f64,
    /// How a reduction is let go.
    pub release: LimiterRelease,
    /// The release waits for half a period of a low note while the band below 200 Hz makes up half
    /// of the peak, so that a short release does not bend the bass. The reduction may then stay up to a
    /// seventh (in amplitude) deeper than steady bass needs.
    pub bass_hold: bool,
    /// The peak of the output is measured, at the cost of another detector.
    pub measure_output: bool,
    /// The dither that follows: what it may add to a peak is kept free below the ceiling.
    pub dither: Option<DitherSetup>,
}

impl Default for LimiterSetup {
    fn default() -> Self {
        Self {
            mode: LimiterMode::TruePeak,
            lookahead_ms: 5.0,
            groups: LinkGroups::Mains,
            link_percent: 100.0,
            release: LimiterRelease::Fixed,
            bass_hold: false,
            measure_output: false,
            dither: None,
        }
    }
}

impl LimiterSetup {
    /// Checks the look-ahead, the link and the dither.
    ///
    /// # Errors
    /// A value outside its bounds.
    pub fn validate(&self) -> Result<(), Error> {
        Error::check_range("lookahead_ms", self.lookahead_ms, MIN_LOOKAHEAD_MS, MAX_LOOKAHEAD_MS)?;
        Error::check_range("link_percent", self.link_percent, 0.0, 100.0)?;
        if let Some(dither) = &self.dither {
            let (min, max) = (f64::from(MIN_DITHER_BITS), f64::from(MAX_DITHER_BITS));
            Error::check_range("bits", f64::from(dither.bits), min, max)?;
        }
        Ok(())
    }

    pub(super) fn is_linked(&self) -> bool {
        self.link_percent >= 100.0
    }

    /// The plan of the streaming limiter, or of its first stage alone.
    pub(super) fn plan(&self, stream: &Stream, one_stage: bool) -> Result<Plan, Error> {
        self.validate()?;
        stream.validate()?;
        if let Some(dither) = &self.dither {
            dither.validate(stream)?;
        }
        let channels = stream.channel_count();
        let groups = self.groups.count(stream.layout);
        let lookahead = stream.frames_of_ms(self.lookahead_ms).max(1);
        let owners = if self.is_linked() { groups } else { channels };
        let true_peak = self.mode == LimiterMode::TruePeak;
        let stages = if true_peak && !one_stage { STAGES } else { 1 };
        Ok(Plan::new(lookahead, (true_peak, stages), channels, owners))
    }

    /// What dither and rounding may add to a peak, linear.
    ///
    /// Triangular dither moves a word by less than one step and rounding by half of one; shaping
    /// feeds the error back, so that |e|·Σ|1, c| is the most; and as many true peaks add up as the
    /// kernel's Σ|h| allows.
    pub(super) fn reserve(&self) -> f64 {
        let Some(dither) = &self.dither else { return 0.0 };
        let steps = if dither.kind == DitherKind::Round { 0.5 } else { 1.5 };
        let shaping = dither.kind.coefficients().iter().fold(1.0, |sum, c| sum + f64::abs(*c));
        let between = if self.mode == LimiterMode::TruePeak { WIDEST } else { 1.0 };
        dither.step() * steps * shaping * between
    }

    /// Checks that a ceiling leaves room for the dither: twice what it takes, so that the signal is
    /// more than noise.
    pub(super) fn check(&self, params: &LimiterParams) -> Result<(), Error> {
        params.validate()?;
        let reserve = self.reserve();
        if reserve > 0.0 {
            let lowest = gain_to_db(2.0 * reserve).max(CEILING_MIN_DBTP);
            Error::check_range("ceiling_dbtp", params.ceiling_dbtp, lowest, 0.0)?;
        }
        Ok(())
    }
}

/// The bound: a ceiling below it is a slip of the hand.
const CEILING_MIN_DBTP: f64 = -60.0;

params! {
    /// What may move.
    pub struct LimiterParams {
        /// Level that the output stays below: a true peak, or in dBFS the sample peak, as the mode says.
        ceiling_dbtp: "dBTP", CEILING_MIN_DBTP => 0.0, -1.0, Decibel, smoothed;
        /// Time in which a gain reduction falls to 36.8 % after a peak.
        release_ms: "ms", 1.0 => 5000.0, 100.0, Log, fixed;
        /// Time constant of the slow stage of a two-stage release.
        slow_release_ms: "ms", 10.0 => 30000.0, 1000.0, Log, fixed;
    }
}
