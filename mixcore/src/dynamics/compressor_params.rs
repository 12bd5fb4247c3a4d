//! What a compressor is built with and what may move.

use super::ballistics::{Ballistics, Release, Smoothing, Times};
use super::curve::{Curve, Shape};
use super::detector::Detector;
use super::link::LinkGroups;
use super::makeup::MakeUp;
use super::side_chain::ChainSetup;
use super::travel::{linear, logarithmic};
use crate::error::Error;
use crate::stream::{Stream, params};

/// Level for which the automatic make-up stands, dBFS: full scale, for which the Web Audio API
/// takes it too (DynamicsCompressorNode, "full range gain": the curve at 1.0).
const MAKEUP_REFERENCE_DBFS: f64 = 0.0;

/// What is fixed for life.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct CompressorSetup {
    /// Time by which the gain is ahead of the audio, 0 to
    /// [`super::MAX_DYNAMICS_LOOKAHEAD_MS`]; it is the latency.
    pub lookahead_ms: f64,
    /// What it listens for.
    pub detector: Detector,
    /// How attack and release are put together; with feed-back it is always branching.
    pub smoothing: Smoothing,
    /// How the release depends on the programme.
    pub release: Release,
    /// Which channels move together, as far as `link_percent` says.
    pub groups: LinkGroups,
    /// Where the make-up gain comes from.
    pub makeup: MakeUp,
}

impl CompressorSetup {
    /// Checks the look-ahead and the detector's window.
    ///
    /// # Errors
    /// A look-ahead or window outside its bounds.
    pub fn validate(&self) -> Result<(), Error> {
        self.chain().validate()
    }

    pub(super) fn chain(&self) -> ChainSetup {
        ChainSetup { lookahead_ms: self.lookahead_ms, detector: self.detector, groups: self.groups }
    }
}

params! {
    /// What may move.
    ///
    /// Times are to 63.2 % of a step in dB: the attack where the gain falls, the release where it
    /// rises.
    pub struct CompressorParams {
        /// Level above which the gain falls.
        threshold_dbfs: "dBFS", -100.0 => 24.0, -20.0, Linear, smoothed;
        /// Decibels of input for one of output above the threshold; 1 is off.
        ratio: ":1", 1.0 => 100.0, 3.0, Log, smoothed;
        /// Width of the round corner of every threshold.
        knee_db: "dB", 0.0 => 40.0, 6.0, Linear, smoothed;
        /// The most that the gain falls above the threshold.
        range_db: "dB", 0.0 => 120.0, 120.0, Linear, smoothed;
        /// Time constant of a falling gain.
        attack_ms: "ms", 0.02 => 1000.0, 10.0, Log, fixed;
        /// Time constant of a rising gain.
        release_ms: "ms", 1.0 => 10000.0, 100.0, Log, fixed;
        /// Time constant of the release after long passages, where it depends on the programme.
        slow_release_ms: "ms", 10.0 => 30000.0, 1000.0, Log, fixed;
        /// Time for which the release waits.
        hold_ms: "ms", 0.0 => 2000.0, 0.0, Linear, fixed;
        /// Level below which the gain rises.
        upward_threshold_dbfs: "dBFS", -120.0 => 24.0, -50.0, Linear, smoothed;
        /// Decibels of input for one of output below the upward threshold; 1 is off.
        upward_ratio: ":1", 1.0 => 20.0, 1.0, Log, smoothed;
        /// The most that the gain rises.
        upward_range_db: "dB", 0.0 => 40.0, 6.0, Linear, smoothed;
        /// Level below which the gain falls.
        expander_threshold_dbfs: "dBFS", -120.0 => 24.0, -60.0, Linear, smoothed;
        /// Decibels of output for one of input below the expander's threshold; 1 is off.
        expander_ratio: ":1", 1.0 => 20.0, 1.0, Log, smoothed;
        /// The most that the gain falls below the expander's threshold.
        expander_range_db: "dB", 0.0 => 80.0, 20.0, Linear, smoothed;
        /// Share of the output in what the detector hears: 0 is feed-forward, 100 feed-back.
        feedback_percent: "%", 0.0 => 100.0, 0.0, Linear, smoothed;
        /// How far the channels of a group move with the loudest of them.
        link_percent: "%", 0.0 => 100.0, 100.0, Linear, smoothed;
        /// Gain behind the compressor.
        makeup_db: "dB", -40.0 => 40.0, 0.0, Linear, smoothed;
        /// Share of the reduction at 0 dBFS that is given back.
        auto_makeup_percent: "%", 0.0 => 100.0, 0.0, Linear, smoothed;
        /// Share of the compressed signal; the rest is dry and in step with it.
        mix_percent: "%", 0.0 => 100.0, 100.0, Linear, smoothed;
    }
}

impl CompressorParams {
    /// The parameters a share of the way from `from` to these, each in its own scale; the times are
    /// these at once.
    pub(super) fn after(&self, from: &Self, share: f64) -> Self {
        let lin = |field: fn(&Self) -> f64| linear(field(from), field(self), share);
        let log = |field: fn(&Self) -> f64| logarithmic(field(from), field(self), share);
        Self {
            threshold_dbfs: lin(|p| p.threshold_dbfs),
            ratio: log(|p| p.ratio),
            knee_db: lin(|p| p.knee_db),
            range_db: lin(|p| p.range_db),
            upward_threshold_dbfs: lin(|p| p.upward_threshold_dbfs),
            upward_ratio: log(|p| p.upward_ratio),
            upward_range_db: lin(|p| p.upward_range_db),
            expander_threshold_dbfs: lin(|p| p.expander_threshold_dbfs),
            expander_ratio: log(|p| p.expander_ratio),
            expander_range_db: lin(|p| p.expander_range_db),
            feedback_percent: lin(|p| p.feedback_percent),
            link_percent: lin(|p| p.link_percent),
            makeup_db: lin(|p| p.makeup_db),
            auto_makeup_percent: lin(|p| p.auto_makeup_percent),
            mix_percent: lin(|p| p.mix_percent),
            ..*self
        }
    }
}

/// Coefficients: what the parameters mean at one frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) curve: Curve,
    /// Make-up, the automatic one included, dB.
    pub(super) makeup_db: f64,
    /// Shares, 0 to 1.
    pub(super) link: f64,
    pub(super) mix: f64,
}

impl Point {
    pub(super) fn design(params: &CompressorParams) -> Self {
        let curve = Curve::design(&Shape {
            threshold_db: params.threshold_dbfs,
            ratio: params.ratio,
            range_db: params.range_db,
            upward_threshold_db: params.upward_threshold_dbfs,
            upward_ratio: params.upward_ratio,
            upward_range_db: params.upward_range_db,
            expander_threshold_db: params.expander_threshold_dbfs,
            expander_ratio: params.expander_ratio,
            expander_range_db: params.expander_range_db,
            knee_db: params.knee_db,
            feedback: params.feedback_percent * 1e-2,
        });
        let given_back = params.auto_makeup_percent * 1e-2;
        let automatic = if given_back == 0.0 {
            0.0
        } else {
            -given_back * curve.gain_db(MAKEUP_REFERENCE_DBFS)
        };
        Self {
            curve,
            makeup_db: params.makeup_db + automatic,
            link: params.link_percent * 1e-2,
            mix: params.mix_percent * 1e-2,
        }
    }
}

/// The followers of a set of parameters.
pub(super) fn ballistics(
    setup: &CompressorSetup,
    params: &CompressorParams,
    stream: &Stream,
) -> Ballistics {
    let frames = |ms: f64| ms * 1e-3 * stream.rate_hz;
    let times = Times {
        attack: frames(params.attack_ms),
        release: frames(params.release_ms),
        slow_release: frames(params.slow_release_ms),
        hold: u32::try_from(stream.frames_of_ms(params.hold_ms)).unwrap_or(u32::MAX),
    };
    Ballistics::design(&times, setup.smoothing, setup.release)
}
