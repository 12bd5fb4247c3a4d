//! A switch in the signal path that makes no click: mute, and the polarity of a channel.
//!
//! A factor that goes between 1 and 0 (mute) or between 1 and -1 (polarity, through zero) along half
//! a period of a cosine: f = a + (b − a)·(1 − cos πt)/2. It does so whatever shape the level's ramp
//! has: decibels have no way through zero, and a straight way starts with a corner.

use crate::ramp::{GRID_FRAMES, Line, RampShape};

/// The factor, between -1 and 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Switch {
    from: f64,
    to: f64,
    start: u64,
    end: u64,
}

impl Default for Switch {
    fn default() -> Self {
        Self { from: 1.0, to: 1.0, start: 0, end: 0 }
    }
}

impl Switch {
    /// The factor it stands at or moves to.
    pub(super) fn target(&self) -> f64 {
        self.to
    }

    /// Starts a movement at the absolute frame `now`, from wherever the factor is then.
    pub(super) fn move_to(&mut self, to: f64, now: u64, frames: u64) {
        if to != self.to {
            let from = self.line(now).at(now);
            *self = Self { from, to, start: now, end: now.saturating_add(frames) };
        }
    }

    /// Ends a running movement at its target.
    pub(super) fn settle(&mut self) {
        *self = Self { from: self.to, to: self.to, start: 0, end: 0 };
    }

    /// No movement at or after this frame.
    pub(super) fn is_settled(&self, frame: u64) -> bool {
        frame >= self.end
    }

    /// The straight piece of the factor that holds the absolute frame `now`.
    pub(super) fn line(&self, now: u64) -> Line {
        if self.is_settled(now) {
            return Line::constant(self.to).within(self.end, u64::MAX);
        }
        let grid = now - now % GRID_FRAMES;
        let origin = grid.max(self.start);
        let end = grid.saturating_add(GRID_FRAMES).min(self.end);
        Line { origin, end, start: self.law(origin), stop: self.law(end) }
    }

    fn law(&self, frame: u64) -> f64 {
        if frame >= self.end {
            return self.to;
        }
        #[expect(clippy::cast_precision_loss, reason = "a ramp of at most 10 s")]
        let t = frame.saturating_sub(self.start) as f64 / (self.end - self.start) as f64;
        self.from + (self.to - self.from) * RampShape::RaisedCosine.way(t)
    }
}
