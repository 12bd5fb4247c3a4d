//! A share between 0 and 1 that is switched without a click: bypass, key listen.

/// A change that runs straight between two absolute frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fade {
    pub(super) from: f32,
    pub(super) to: f32,
    pub(super) start: u64,
    pub(super) frames: u64,
}

impl Fade {
    /// A share that stands still; a later change takes `frames` frames.
    pub(super) fn new(share: f32, frames: usize) -> Self {
        Self { from: share, to: share, start: 0, frames: frames as u64 }
    }

    /// No movement at or after this frame.
    pub(super) fn is_settled(&self, frame: u64) -> bool {
        frame >= self.start + self.frames
    }

    /// The share at an absolute frame.
    pub(super) fn at(&self, frame: u64) -> f32 {
        if self.is_settled(frame) {
            return self.to;
        }
        #[expect(clippy::cast_precision_loss, reason = "a ramp of at most 7680 frames")]
        let t = frame.saturating_sub(self.start) as f32 / self.frames as f32;
        self.from + (self.to - self.from) * t
    }

    /// Starts a change at an absolute frame, from wherever the share is then.
    pub(super) fn move_to(&mut self, to: f32, now: u64) {
        if to != self.to {
            *self = Self { from: self.at(now), to, start: now, ..*self };
        }
    }

    /// Ends a running change.
    pub(super) fn settle(&mut self) {
        *self = Self { from: self.to, start: 0, ..*self };
    }

    /// Stands at `share` from the start to the end of a piece of `frames` frames.
    pub(super) fn stands_at(&self, share: f32, now: u64) -> bool {
        self.to == share && (self.from == share || self.is_settled(now))
    }
}
