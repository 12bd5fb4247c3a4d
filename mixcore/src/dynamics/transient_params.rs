//! What a transient shaper is built with, what may move, and the followers that this means.

use super::detector::Detector;
use super::link::LinkGroups;
use super::side_chain::ChainSetup;
use super::travel::linear;
use crate::error::Error;
use crate::math;
use crate::stream::{Stream, params};

/// Pieces of which the peak is taken: half a period of 50 Hz, ms.
const PEAK_MS: f64 = 10.0;
/// Attack of the quick follower, ms: the shortest of the 1 to 3 ms that transient shapers have.
const QUICK_ATTACK_MS: f64 = 1.0;
/// Release of the quick follower, ms: two pieces of the peak, faster than any note decays; half of it
/// would follow the steps of the pieces.
const QUICK_RELEASE_MS: f64 = 20.0;

/// What is fixed for life.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct TransientShaperSetup {
    /// Time by which the gain is ahead of the audio, 0 to
    /// [`super::MAX_DYNAMICS_LOOKAHEAD_MS`]; it is the latency.
    pub lookahead_ms: f64,
    /// Which channels move together, as far as `link_percent` says.
    pub groups: LinkGroups,
}

impl TransientShaperSetup {
    /// Checks the look-ahead.
    ///
    /// # Errors
    /// A look-ahead outside its bounds.
    pub fn validate(&self) -> Result<(), Error> {
        self.chain().validate()
    }

    pub(super) fn chain(&self) -> ChainSetup {
        let (lookahead_ms, groups) = (self.lookahead_ms, self.groups);
        ChainSetup { lookahead_ms, detector: Detector::Peak, groups }
    }
}

params! {
    /// What may move.
    pub struct TransientShaperParams {
        /// Decibels of gain for each by which an onset stands out: 100 % are one for one.
        attack_percent: "%", -100.0 => 100.0, 0.0, Linear, smoothed;
        /// Decibels of gain for each by which a tail stands out.
        sustain_percent: "%", -100.0 => 100.0, 0.0, Linear, smoothed;
        /// How long an onset stands out.
        attack_ms: "ms", 3.0 => 200.0, 20.0, Log, fixed;
        /// How long a tail stands out.
        sustain_ms: "ms", 30.0 => 5000.0, 300.0, Log, fixed;
        /// The most that the gain moves either way.
        range_db: "dB", 0.0 => 24.0, 12.0, Linear, smoothed;
        /// Level below which nothing stands out.
        floor_dbfs: "dBFS", -120.0 => 0.0, -60.0, Linear, smoothed;
        /// Gain behind it.
        gain_db: "dB", -24.0 => 24.0, 0.0, Linear, smoothed;
        /// How far the channels of a group move with the loudest of them.
        link_percent: "%", 0.0 => 100.0, 100.0, Linear, smoothed;
        /// Share of the shaped signal; the rest is dry and in step with it.
        mix_percent: "%", 0.0 => 100.0, 100.0, Linear, smoothed;
    }
}

impl TransientShaperParams {
    pub(super) fn after(&self, from: &Self, share: f64) -> Self {
        let lin = |field: fn(&Self) -> f64| linear(field(from), field(self), share);
        Self {
            attack_percent: lin(|p| p.attack_percent),
            sustain_percent: lin(|p| p.sustain_percent),
            range_db: lin(|p| p.range_db),
            floor_dbfs: lin(|p| p.floor_dbfs),
            gain_db: lin(|p| p.gain_db),
            link_percent: lin(|p| p.link_percent),
            mix_percent: lin(|p| p.mix_percent),
            ..*self
        }
    }
}

/// Coefficients: what the times mean.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// Frames of a piece of which the peak is taken.
    piece: u32,
    /// Shares that stay of attack and release of q, f and s.
    poles: [[f64; 2]; 3],
}

impl Times {
    pub(super) fn design(params: &TransientShaperParams, stream: &Stream) -> Self {
        let stay = |ms: f64| math::exp(-1.0 / (ms * 1e-3 * stream.rate_hz));
        Self {
            piece: u32::try_from(stream.frames_of_ms(PEAK_MS)).unwrap_or(u32::MAX).max(1),
            poles: [
                [stay(QUICK_ATTACK_MS), stay(QUICK_RELEASE_MS)],
                [stay(params.attack_ms), stay(QUICK_RELEASE_MS)],
                [stay(QUICK_ATTACK_MS), stay(params.sustain_ms)],
            ],
        }
    }
}

/// What a channel remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Voice {
    /// Peaks of the last piece and of the current one, and the frames that are left of it.
    before: f64,
    peak: f64,
    left: u32,
    /// q, f and s.
    pub(super) followers: [f64; 3],
    /// Gain of the last frame, dB.
    pub(super) now: f32,
}

impl Voice {
    /// One frame: q/f and s/q of a magnitude that is at least the floor.
    pub(super) fn step(&mut self, times: &Times, magnitude: f64) -> [f64; 2] {
        if self.left == 0 {
            (self.before, self.peak, self.left) = (self.peak, 0.0, times.piece);
        }
        self.left -= 1;
        self.peak = self.peak.max(magnitude);
        let e = self.peak.max(self.before);
        for (y, [attack, release]) in self.followers.iter_mut().zip(times.poles) {
            let stay = if e > *y { attack } else { release };
            *y = e + (*y - e) * stay;
        }
        let [q, f, s] = self.followers;
        [q / f, s / q]
    }
}
