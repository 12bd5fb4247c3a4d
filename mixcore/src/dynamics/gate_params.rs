//! What a gate is built with, what may move, and what that means.

use super::ballistics::{Ballistics, Release, Smoothing, Times};
use super::curve::{Curve, Shape};
use super::detector::Detector;
use super::link::LinkGroups;
use super::side_chain::ChainSetup;
use super::travel::{linear, logarithmic};
use crate::error::Error;
use crate::stream::{Stream, params};

/// A threshold that is never reached from below.
const NEVER_DB: f64 = -1000.0;

/// What is fixed for life.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct GateSetup {
    /// Time by which the gate opens ahead of the audio, 0 to
    /// [`super::MAX_DYNAMICS_LOOKAHEAD_MS`]; it is the latency.
    pub lookahead_ms: f64,
    /// What it listens for.
    pub detector: Detector,
    /// Which channels move together, as far as `link_percent` says.
    pub groups: LinkGroups,
}

impl GateSetup {
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
    /// What may move. Times are to 63.2 % of a step in dB.
    pub struct GateParams {
        /// Level at which it opens.
        threshold_dbfs: "dBFS", -120.0 => 24.0, -40.0, Linear, smoothed;
        /// How far below the threshold it closes.
        hysteresis_db: "dB", 0.0 => 40.0, 4.0, Linear, smoothed;
        /// Decibels of output for one of input while it is closed: 2 expands, 100 is a gate.
        ratio: ":1", 1.0 => 100.0, 10.0, Log, smoothed;
        /// Width of the round corner at the threshold.
        knee_db: "dB", 0.0 => 40.0, 0.0, Linear, smoothed;
        /// The most that it turns down.
        range_db: "dB", 0.0 => 120.0, 20.0, Linear, smoothed;
        /// Time constant of opening.
        attack_ms: "ms", 0.02 => 500.0, 1.0, Log, fixed;
        /// Time for which it stays open after the level has fallen.
        hold_ms: "ms", 0.0 => 2000.0, 100.0, Linear, fixed;
        /// Time constant of closing.
        release_ms: "ms", 1.0 => 10000.0, 150.0, Log, fixed;
        /// How far the channels of a group move with the loudest of them.
        link_percent: "%", 0.0 => 100.0, 100.0, Linear, smoothed;
        /// Share of the gated signal; the rest is dry and in step with it.
        mix_percent: "%", 0.0 => 100.0, 100.0, Linear, smoothed;
    }
}

impl GateParams {
    /// The parameters a share of the way from `from` to these; the times are these at once.
    pub(super) fn after(&self, from: &Self, share: f64) -> Self {
        let lin = |field: fn(&Self) -> f64| linear(field(from), field(self), share);
        Self {
            threshold_dbfs: lin(|p| p.threshold_dbfs),
            hysteresis_db: lin(|p| p.hysteresis_db),
            ratio: logarithmic(from.ratio, self.ratio, share),
            knee_db: lin(|p| p.knee_db),
            range_db: lin(|p| p.range_db),
            link_percent: lin(|p| p.link_percent),
            mix_percent: lin(|p| p.mix_percent),
            ..*self
        }
    }
}

/// Coefficients: what the parameters mean at one frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) curve: Curve,
    pub(super) opens_db: f64,
    pub(super) closes_db: f64,
    /// Shares, 0 to 1.
    pub(super) link: f64,
    pub(super) mix: f64,
}

impl Point {
    pub(super) fn design(params: &GateParams) -> Self {
        let opens_db = params.threshold_dbfs + 0.5 * params.knee_db;
        Self {
            curve: Curve::design(&Shape {
                threshold_db: 0.0,
                ratio: 1.0,
                range_db: 0.0,
                upward_threshold_db: NEVER_DB,
                upward_ratio: 1.0,
                upward_range_db: 0.0,
                expander_threshold_db: params.threshold_dbfs,
                expander_ratio: params.ratio,
                expander_range_db: params.range_db,
                knee_db: params.knee_db,
                feedback: 0.0,
            }),
            opens_db,
            closes_db: opens_db - params.hysteresis_db,
            link: params.link_percent * 1e-2,
            mix: params.mix_percent * 1e-2,
        }
    }
}

/// What all channels share: the follower and the hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Motion {
    pub(super) ballistics: Ballistics,
    pub(super) hold: u32,
}

impl Motion {
    pub(super) fn design(params: &GateParams, stream: &Stream) -> Self {
        let frames = |ms: f64| ms * 1e-3 * stream.rate_hz;
        // A reduction that rises is a gate that closes.
        let times = Times {
            attack: frames(params.release_ms),
            release: frames(params.attack_ms),
            slow_release: 1.0,
            hold: 0,
        };
        Self {
            ballistics: Ballistics::design(&times, Smoothing::Branching, Release::Fixed),
            hold: u32::try_from(stream.frames_of_ms(params.hold_ms)).unwrap_or(u32::MAX),
        }
    }
}
