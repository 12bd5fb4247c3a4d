//! What a de-esser is built with, what may move, and what that means.

use super::ballistics::{Ballistics, Release, Smoothing, Times};
use super::curve::{Curve, Shape as CurveShape};
use super::detector::{MAX_WINDOW_MS, MIN_WINDOW_MS};
use super::key_filter::KeyFilter;
use super::link::LinkGroups;
use super::moving_band::Corner;
use super::side_chain::MAX_DYNAMICS_LOOKAHEAD_MS;
use super::travel::{linear, logarithmic};
use crate::error::Error;
use crate::filters::design::{CrossoverSlope, Method, Shape, linkwitz_riley, second_order};
use crate::stream::{Stream, params};

/// How a de-esser turns sibilants down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum DeEsserMode {
    /// All above `hz`, split off by a crossover of 24 dB/oct whose sum is flat.
    #[default]
    Split,
    /// A bell around `hz`: what is not touched keeps its phase, and every bit while it rests.
    Bell,
}

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct DeEsserSetup {
    /// How it turns down.
    pub mode: DeEsserMode,
    /// Time by which the gain is ahead of the audio, 0 to [`MAX_DYNAMICS_LOOKAHEAD_MS`]; it is the
    /// latency.
    pub lookahead_ms: f64,
    /// Length of the window in which both levels are taken, [`MIN_WINDOW_MS`] to
    /// [`MAX_WINDOW_MS`].
    pub window_ms: f64,
    /// Which channels move together, as far as `link_percent` says.
    pub groups: LinkGroups,
}

impl Default for DeEsserSetup {
    fn default() -> Self {
        Self {
            mode: DeEsserMode::default(),
            lookahead_ms: 2.0,
            window_ms: MIN_WINDOW_MS,
            groups: LinkGroups::default(),
        }
    }
}

impl DeEsserSetup {
    /// Checks the look-ahead and the window.
    ///
    /// # Errors
    /// A value outside its bounds.
    pub fn validate(&self) -> Result<(), Error> {
        Error::check_range("lookahead_ms", self.lookahead_ms, 0.0, MAX_DYNAMICS_LOOKAHEAD_MS)?;
        Error::check_range("window_ms", self.window_ms, MIN_WINDOW_MS, MAX_WINDOW_MS).map(|_| ())
    }
}

params! {
    /// What may move. Times are to 63.2 % of a step in dB.
    pub struct DeEsserParams {
        /// Where the sibilants begin (split), or their centre (bell).
        hz: "Hz", 1000.0 => 16_000.0, 5000.0, Log, smoothed;
        /// Quality of the bell and of what it listens to: the higher, the narrower.
        q: "1", 0.3 => 10.0, 1.0, Log, smoothed;
        /// Level of the sibilants, relative to that of the whole, above which they are turned down.
        threshold_db: "dB", -60.0 => 0.0, -10.0, Linear, smoothed;
        /// Level of the sibilants below which nothing is turned down: hiss in pauses.
        floor_dbfs: "dBFS", -120.0 => 0.0, -60.0, Linear, smoothed;
        /// Decibels of input for one of output above the threshold.
        ratio: ":1", 1.0 => 100.0, 4.0, Log, smoothed;
        /// Width of the round corner at the threshold.
        knee_db: "dB", 0.0 => 24.0, 4.0, Linear, smoothed;
        /// The most that it turns down.
        range_db: "dB", 0.0 => 40.0, 8.0, Linear, smoothed;
        /// Time constant of a falling gain.
        attack_ms: "ms", 0.02 => 100.0, 0.5, Log, fixed;
        /// Time constant of a rising gain.
        release_ms: "ms", 1.0 => 1000.0, 30.0, Log, fixed;
        /// Time for which the release waits.
        hold_ms: "ms", 0.0 => 500.0, 0.0, Linear, fixed;
        /// How far the channels of a group move with the loudest of them.
        link_percent: "%", 0.0 => 100.0, 100.0, Linear, smoothed;
        /// Share of the processed signal; the rest is dry and in step with it.
        mix_percent: "%", 0.0 => 100.0, 100.0, Linear, smoothed;
    }
}

impl DeEsserParams {
    /// The parameters a share of the way from `from` to these; the times are these at once.
    pub(super) fn after(&self, from: &Self, share: f64) -> Self {
        let lin = |field: fn(&Self) -> f64| linear(field(from), field(self), share);
        let log = |field: fn(&Self) -> f64| logarithmic(field(from), field(self), share);
        Self {
            hz: log(|p| p.hz),
            q: log(|p| p.q),
            threshold_db: lin(|p| p.threshold_db),
            floor_dbfs: lin(|p| p.floor_dbfs),
            ratio: log(|p| p.ratio),
            knee_db: lin(|p| p.knee_db),
            range_db: lin(|p| p.range_db),
            link_percent: lin(|p| p.link_percent),
            mix_percent: lin(|p| p.mix_percent),
            ..*self
        }
    }

    /// Checks the bounds and that the frequency fits the rate.
    pub(super) fn check(&self, stream: &Stream) -> Result<(), Error> {
        self.validate()?;
        Error::check_range("hz", self.hz, 1000.0, (MOST_OF_RATE * stream.rate_hz).min(16_000.0))
            .map(|_| ())
    }
}

/// The highest frequency as a share of the rate: below where the crossover ends (0.499).
pub(super) const MOST_OF_RATE: f64 = 0.49;

/// Coefficients: what the parameters mean at one frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    /// What it listens to.
    pub(super) filter: KeyFilter,
    pub(super) corner: Corner,
    /// Over how far the sibilants stand out, dB: 0 is the threshold.
    pub(super) curve: Curve,
    pub(super) threshold_db: f64,
    pub(super) floor_dbfs: f64,
    /// Shares, 0 to 1.
    pub(super) link: f64,
    pub(super) mix: f64,
}

impl Point {
    pub(super) fn design(params: &DeEsserParams, mode: DeEsserMode, rate_hz: f64) -> Self {
        let hz = params.hz.min(MOST_OF_RATE * rate_hz);
        // Both designs hold for every frequency that `check` lets through.
        let filter = match mode {
            DeEsserMode::Split => linkwitz_riley(CrossoverSlope::Db24, hz, rate_hz)
                .and_then(|halves| KeyFilter::new(&halves.high)),
            DeEsserMode::Bell => {
                second_order(Method::Cookbook, Shape::BandPass, hz, params.q, 0.0, rate_hz)
                    .and_then(|section| KeyFilter::new(&[section]))
            }
        };
        Self {
            filter: filter.unwrap_or(KeyFilter::NONE),
            corner: Corner::design(hz, params.q, rate_hz),
            curve: above_zero(params.ratio, params.knee_db, params.range_db),
            threshold_db: params.threshold_db,
            floor_dbfs: params.floor_dbfs,
            link: params.link_percent * 1e-2,
            mix: params.mix_percent * 1e-2,
        }
    }
}

/// A curve that falls above 0 dB alone.
pub(super) fn above_zero(ratio: f64, knee_db: f64, range_db: f64) -> Curve {
    Curve::design(&CurveShape {
        threshold_db: 0.0,
        ratio,
        range_db,
        upward_threshold_db: 0.0,
        upward_ratio: 1.0,
        upward_range_db: 0.0,
        expander_threshold_db: 0.0,
        expander_ratio: 1.0,
        expander_range_db: 0.0,
        knee_db,
        feedback: 0.0,
    })
}

/// The follower of a set of parameters.
pub(super) fn ballistics(params: &DeEsserParams, stream: &Stream) -> Ballistics {
    let frames = |ms: f64| ms * 1e-3 * stream.rate_hz;
    let times = Times {
        attack: frames(params.attack_ms),
        release: frames(params.release_ms),
        slow_release: 1.0,
        hold: u32::try_from(stream.frames_of_ms(params.hold_ms)).unwrap_or(u32::MAX),
    };
    Ballistics::design(&times, Smoothing::Branching, Release::Fixed)
}
