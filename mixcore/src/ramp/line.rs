//! Straight pieces of a gain curve, on the absolute frame counter.
//!
//! > g(n) = start + step·(n − origin), step = (stop − start)/(end − origin), origin ≤ n < end
//!
//! A ramp, an automation lane and the gain of an edge of the mixer are all sequences of such pieces.
//! A piece depends on absolute frames alone, never on where a block begins, so all splits of a
//! signal give the same bits; what follows a piece starts exactly at its `stop`.

use super::{GRID_FRAMES, Segment, next_point};

/// One straight piece of a gain curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// First absolute frame of the piece.
    pub origin: u64,
    /// The frame after its last one.
    pub end: u64,
    /// Gain at `origin`.
    pub start: f64,
    /// Gain that is reached at `end`.
    pub stop: f64,
}

impl Line {
    /// The same gain for ever.
    #[must_use]
    pub fn constant(gain: f64) -> Self {
        Self { origin: 0, end: u64::MAX, start: gain, stop: gain }
    }

    /// The gain does not move.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.start == self.stop
    }

    /// Gain added per frame.
    #[must_use]
    pub fn step(&self) -> f64 {
        if self.is_constant() || self.end <= self.origin {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "frames, far below 2^53")]
        {
            (self.stop - self.start) / (self.end - self.origin) as f64
        }
    }

    /// The gain at an absolute frame, `origin` to `end`; exact at both.
    #[must_use]
    pub fn at(&self, frame: u64) -> f64 {
        if frame >= self.end {
            return self.stop;
        }
        #[expect(clippy::cast_precision_loss, reason = "frames, far below 2^53")]
        {
            self.start + self.step() * frame.saturating_sub(self.origin) as f64
        }
    }

    /// The part of this line from the absolute frame `from` to `to`.
    #[must_use]
    pub fn within(&self, from: u64, to: u64) -> Self {
        if from <= self.origin && to >= self.end {
            return *self;
        }
        let (origin, end) = (from.max(self.origin), to.min(self.end));
        Self { origin, end, start: self.at(origin), stop: self.at(end) }
    }

    /// The product with another line around the absolute frame `now`, which both hold.
    ///
    /// Where both move the product bends; it is computed at the points of the 32-frame grid and runs
    /// straight in between.
    #[must_use]
    pub fn times(&self, other: &Self, now: u64) -> Self {
        let mut origin = self.origin.max(other.origin);
        let mut end = self.end.min(other.end);
        if !self.is_constant() && !other.is_constant() {
            origin = origin.max(now - now % GRID_FRAMES);
            end = end.min(next_point(now));
        }
        Self {
            origin,
            end,
            start: self.at(origin) * other.at(origin),
            stop: self.at(end) * other.at(end),
        }
    }

    /// What a kernel is told of this line from the absolute frame `now` on, at most `limit` frames
    /// (≥ 1).
    #[must_use]
    pub fn segment(&self, now: u64, limit: usize) -> Segment {
        let left = usize::try_from(self.end.saturating_sub(now)).unwrap_or(usize::MAX);
        let first = now.saturating_sub(self.origin);
        Segment {
            frames: left.min(limit).max(1),
            start: self.start,
            step: self.step(),
            first: if self.is_constant() {
                0
            } else {
                usize::try_from(first).unwrap_or(usize::MAX)
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_exact_at_both_ends() {
        let line = Line { origin: 100, end: 107, start: 0.1, stop: 0.7 };
        assert_eq!((line.at(100), line.at(107)), (0.1, 0.7));
        assert_eq!(
            line.segment(103, 2),
            Segment { frames: 2, start: 0.1, step: line.step(), first: 3 }
        );
        assert_eq!(line.segment(103, 9).frames, 4);
    }

    #[test]
    fn a_product_bends_at_the_grid_only_where_both_move() {
        let line = Line { origin: 0, end: 4096, start: 0.0, stop: 1.0 };
        let half = Line::constant(0.5).within(10, 5000);
        let product = line.times(&half, 100);
        assert_eq!((product.origin, product.end, product.stop), (10, 4096, 0.5));
        let square = line.times(&line, 100);
        assert_eq!((square.origin, square.end), (96, 128));
        assert_eq!(square.start, (96.0 / 4096.0) * (96.0 / 4096.0));
    }
}
