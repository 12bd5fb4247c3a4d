//! A number that runs straight from one value to another, on the absolute frame counter.

/// A movement over a fixed number of frames; its scale (log Hz, share) is the owner's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Glide {
    from: f64,
    to: f64,
    start: u64,
    end: u64,
    frames: u64,
}

impl Glide {
    /// Stands at `value`; a later move takes `frames` frames.
    pub(crate) fn new(value: f64, frames: usize) -> Self {
        Self { from: value, to: value, start: 0, end: 0, frames: frames as u64 }
    }

    /// Starts a movement at the absolute frame `now`, from where it is then.
    pub(crate) fn move_to(&mut self, to: f64, now: u64) {
        if to != self.to {
            self.from = self.at(now);
            self.to = to;
            self.start = now;
            self.end = now.saturating_add(self.frames);
        }
    }

    /// Ends a running movement at its target.
    pub(crate) fn settle(&mut self) {
        (self.from, self.start, self.end) = (self.to, 0, 0);
    }

    /// The first frame at which it stands.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// No movement at or after this frame.
    pub(crate) fn is_settled(&self, frame: u64) -> bool {
        frame >= self.end
    }

    /// The value at an absolute frame.
    pub(crate) fn at(&self, frame: u64) -> f64 {
        if frame >= self.end {
            return self.to;
        }
        #[expect(clippy::cast_precision_loss, reason = "a ramp of at most 7680 frames")]
        let t = frame.saturating_sub(self.start) as f64 / (self.end - self.start) as f64;
        self.from + (self.to - self.from) * t
    }
}
