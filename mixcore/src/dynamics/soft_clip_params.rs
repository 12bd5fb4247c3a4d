//! What a soft clipper is built with, what may move, and what that means.

use super::clip_shape::ClipShape;
use super::limiter_setup::{LimiterParams, LimiterSetup};
use super::travel::linear;
use crate::error::Error;
use crate::filters::OversamplerSetup;
use crate::stream::params;
use crate::units::db_to_gain;

/// Frames that are clipped in one go: 512 at eight times the rate, 4 KB in f64, in the nearest cache.
pub(super) const PIECE: usize = 64;

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct SoftClipperSetup {
    /// How it bends.
    pub shape: ClipShape,
    /// How many times the rate it works at: 1, 2, 4 or 8.
    pub oversampling: usize,
    /// Whether a true-peak limiter stands behind it.
    pub guard: bool,
    /// Look-ahead of that limiter, ms.
    pub guard_lookahead_ms: f64,
}

impl Default for SoftClipperSetup {
    fn default() -> Self {
        // Clipping leaves little to limit: a short look-ahead is enough.
        Self { shape: ClipShape::Cubic, oversampling: 4, guard: true, guard_lookahead_ms: 1.5 }
    }
}

impl SoftClipperSetup {
    /// Checks the oversampling and the guard's look-ahead.
    ///
    /// # Errors
    /// Another factor than 1, 2, 4 and 8; a look-ahead that the limiter does not have.
    pub fn validate(&self) -> Result<(), Error> {
        if !matches!(self.oversampling, 1 | 2 | 4 | 8) {
            #[expect(clippy::cast_precision_loss, reason = "only shown")]
            return Err(Error::NotAllowed {
                field: "oversampling",
                given: self.oversampling as f64,
                allowed: "1, 2, 4 and 8",
                hint: "take one of these",
            });
        }
        self.limiter().validate()
    }

    pub(super) fn limiter(&self) -> LimiterSetup {
        LimiterSetup { lookahead_ms: self.guard_lookahead_ms, ..LimiterSetup::default() }
    }

    pub(super) fn oversampler(&self) -> OversamplerSetup {
        OversamplerSetup {
            inner_latency_frames: 1,
            ..OversamplerSetup::new(self.oversampling, PIECE)
        }
    }
}

params! {
    /// What may move.
    pub struct SoftClipperParams {
        /// Gain before the clipper.
        drive_db: "dB", -24.0 => 36.0, 0.0, Decibel, smoothed;
        /// What the shape ends at, and the guard's ceiling.
        ceiling_dbtp: "dBTP", -24.0 => 0.0, -1.0, Decibel, smoothed;
        /// How much of the way to the ceiling bends: 0 is a hard corner.
        softness_percent: "%", 0.0 => 100.0, 30.0, Linear, smoothed;
        /// Share of the clipped signal; the rest is dry, undriven and in step with it.
        mix_percent: "%", 0.0 => 100.0, 100.0, Linear, smoothed;
        /// Release of the guard.
        guard_release_ms: "ms", 1.0 => 5000.0, 50.0, Log, fixed;
    }
}

impl SoftClipperParams {
    pub(super) fn after(&self, from: &Self, share: f64) -> Self {
        let lin = |field: fn(&Self) -> f64| linear(field(from), field(self), share);
        Self {
            drive_db: lin(|p| p.drive_db),
            ceiling_dbtp: lin(|p| p.ceiling_dbtp),
            softness_percent: lin(|p| p.softness_percent),
            mix_percent: lin(|p| p.mix_percent),
            ..*self
        }
    }

    pub(super) fn limiter(&self) -> LimiterParams {
        let mut params = LimiterParams::default();
        (params.ceiling_dbtp, params.release_ms) = (self.ceiling_dbtp, self.guard_release_ms);
        params
    }
}

/// Coefficients: what the parameters mean at one frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) drive: f64,
    pub(super) ceiling: f64,
    pub(super) threshold: f64,
    /// Share, 0 to 1.
    pub(super) mix: f64,
}

impl Point {
    pub(super) fn design(params: &SoftClipperParams) -> Self {
        let ceiling = db_to_gain(params.ceiling_dbtp);
        Self {
            drive: db_to_gain(params.drive_db),
            ceiling,
            threshold: ceiling * (1.0 - 1e-2 * params.softness_percent),
            mix: 1e-2 * params.mix_percent,
        }
    }
}
