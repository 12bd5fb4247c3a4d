//! One step of the soft clipper's work, and where its samples go.

use super::clip_shape::{Clip, ClipShape};
use super::limiter::{Limiter, LimiterStorage};
use super::soft_clip_params::{PIECE, Point, SoftClipperSetup};
use super::travel::Straight;
use crate::audio::Sample;
use crate::error::Error;
use crate::filters::Oversampler;
use crate::stream::Stream;

/// More frames than any oversampler delays: 8 times are 79.
pub(super) const MAX_LATENCY: usize = 128;

/// A driven sample is at most this large (100 dBFS): the oversampler's filters may overshoot it by
/// Σ|h| < 10 before its samples count as faults.
pub(super) const DRIVEN_LIMIT: f64 = 1e5;

/// One channel.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Voice {
    /// The sample before, at the rate at which it is clipped, and the mean excess up to it.
    pub(super) before: f64,
    pub(super) excess: f64,
}

impl Voice {
    /// What is taken away from the sample before.
    pub(super) fn step(&mut self, clip: &Clip, x: f64) -> f64 {
        let excess = clip.mean_excess(self.before, x);
        let taken = 0.5 * (self.excess + excess);
        (self.before, self.excess) = (x, excess);
        taken
    }
}

/// Where the samples go.
pub(super) struct Plan {
    /// Two rings and two pieces, driven and dry.
    pub(super) own: usize,
    pub(super) oversampler: usize,
    pub(super) guard: LimiterStorage,
}

impl Plan {
    pub(super) fn new<S: Sample>(setup: &SoftClipperSetup, stream: &Stream) -> Result<Self, Error> {
        setup.validate()?;
        stream.validate()?;
        let guard = Limiter::<S>::required_len(setup.limiter(), *stream)?;
        let oversampler = match setup.oversampling {
            1 => 0,
            _ => Oversampler::<S>::required_len(setup.oversampler(), stream)?,
        };
        let own = stream.channel_count().saturating_mul(2 * (MAX_LATENCY + PIECE));
        Ok(Self { own, oversampler, guard })
    }
}

/// The settings at both ends of a piece.
pub(super) struct Settings {
    pub(super) line: Straight,
    pub(super) ends: [Point; 2],
}

impl Settings {
    fn between(&self, n: usize, field: fn(&Point) -> f64) -> f64 {
        let [a, b] = &self.ends;
        self.line.between(field(a), field(b), n)
    }

    /// Drive and shape where they stand still.
    pub(super) fn steady(&self, shape: ClipShape) -> Option<(f64, Clip)> {
        self.line.is_still().then(|| self.at(0, shape))
    }

    /// Drive and shape at a frame of the piece.
    pub(super) fn at(&self, n: usize, shape: ClipShape) -> (f64, Clip) {
        let threshold = self.between(n, |point| point.threshold);
        let ceiling = self.between(n, |point| point.ceiling);
        (self.between(n, |point| point.drive), Clip { shape, threshold, ceiling })
    }

    pub(super) fn mix(&self, n: usize) -> f64 {
        self.between(n, |point| point.mix)
    }
}
