//! Parameters on their way from one set to another, on the 32-frame grid of [`crate::ramp`].

use crate::math;
use crate::ramp::GRID_FRAMES;

/// A set of parameters that moves over a fixed time, as a whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Travel<P> {
    pub(super) from: P,
    pub(super) to: P,
    start: u64,
    end: u64,
    frames: u64,
}

/// A straight piece: settings are designed at its two ends and run straight between.
#[derive(Clone, Copy, Debug)]
pub(super) struct Straight {
    /// Frames of this piece, at least 1.
    pub(super) frames: usize,
    /// Share of the way at the ends of the line; equal where nothing moves.
    pub(super) ends: [f64; 2],
    /// Frames between the start of the line and the first one.
    first: usize,
    /// Way per frame, 0 to 1.
    step: f64,
}

impl<P: Copy> Travel<P> {
    /// Stands at `params`; a later move takes `frames` frames.
    pub(super) fn new(params: P, frames: usize) -> Self {
        Self { from: params, to: params, start: 0, end: 0, frames: frames as u64 }
    }

    /// Starts a move at an absolute frame; `from` is what holds there.
    fn move_to(&mut self, from: P, to: P, now: u64) {
        *self = Self { from, to, start: now, end: now.saturating_add(self.frames), ..*self };
    }

    /// Starts a move to other parameters from where the running one is; `after` is a set a share of the
    /// way from one to the other. Whether there is anything to move.
    pub(super) fn turn(&mut self, to: P, now: u64, after: impl Fn(&P, &P, f64) -> P) -> bool
    where
        P: PartialEq,
    {
        if to == self.to {
            return false;
        }
        self.move_to(after(&self.to, &self.from, self.share_at(now)), to, now);
        true
    }

    /// Ends a running move.
    pub(super) fn settle(&mut self) {
        *self = Self { from: self.to, start: 0, end: 0, ..*self };
    }

    /// Share of the way that lies behind at an absolute frame.
    pub(super) fn share_at(&self, frame: u64) -> f64 {
        if frame >= self.end {
            return 1.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "a ramp of at most 7680 frames")]
        {
            frame.saturating_sub(self.start) as f64 / self.frames.max(1) as f64
        }
    }

    /// The next straight piece from the absolute frame `now`, at most `limit` frames (≥ 1) long.
    pub(super) fn piece(&self, now: u64, limit: usize) -> Straight {
        if now >= self.end {
            return Straight { frames: limit, ends: [1.0; 2], first: 0, step: 0.0 };
        }
        let origin = (now - now % GRID_FRAMES).max(self.start);
        let end = (origin - origin % GRID_FRAMES).saturating_add(GRID_FRAMES).min(self.end);
        let length = end.saturating_sub(origin).max(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "both are at most GRID_FRAMES"
        )]
        {
            let step = 1.0 / length as f64;
            Straight {
                frames: (end.saturating_sub(now) as usize).min(limit).max(1),
                ends: [self.share_at(origin), self.share_at(end)],
                first: now.saturating_sub(origin) as usize,
                step,
            }
        }
    }
}

impl Straight {
    /// Nothing moves.
    pub(super) fn is_still(&self) -> bool {
        self.step == 0.0
    }

    /// Place of frame `n` of the piece on the line, 0 to 1.
    pub(super) fn place(&self, n: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "at most GRID_FRAMES")]
        {
            self.step * (self.first + n) as f64
        }
    }

    /// The value at frame `n` between those of the two ends; exactly `a` where both are equal.
    pub(super) fn between(&self, a: f64, b: f64, n: usize) -> f64 {
        a + (b - a) * self.place(n)
    }

    /// A row of a channel's own values and, in `io`, that of its group become one, in the shares of the
    /// link at both ends.
    pub(super) fn blend(&self, [from, to]: [f64; 2], own: &[f32], io: &mut [f32]) {
        for (n, (io, own)) in io.iter_mut().zip(own).enumerate() {
            #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
            let share = self.between(from, to, n) as f32;
            *io = own * (1.0 - share) + *io * share;
        }
    }
}

/// Between two values, in their own scale.
pub(super) fn linear(from: f64, to: f64, share: f64) -> f64 {
    if share >= 1.0 { to } else { from + (to - from) * share }
}

/// Between two positive values, on a logarithmic scale.
pub(super) fn logarithmic(from: f64, to: f64, share: f64) -> f64 {
    if from == to || share >= 1.0 {
        to
    } else {
        math::exp2(linear(math::log2(from), math::log2(to), share))
    }
}
