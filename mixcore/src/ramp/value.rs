//! A number that moves straight from one absolute frame to another.
//!
//! What is smoothed in its own scale (a share, decibels, the logarithm of a frequency) is a
//! [`Glide`]; what follows from it, such as the coefficients of a filter, is computed from it at
//! the points of the grid.

use crate::audio::Sample;

/// A number that moves straight between two absolute frames.
///
/// Each value depends only on the absolute frame, so every split of a block gives the same bits.
///
/// # Example
/// ```
/// use mixcore::ramp::Glide;
/// let mut share = Glide::new(0.0, 960);
/// share.move_to(1.0, 100);
/// assert_eq!((share.at(100), share.at(580), share.at(1060)), (0.0, 0.5, 1.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Glide<S> {
    from: S,
    to: S,
    start: u64,
    frames: u64,
}

impl<S: Sample> Glide<S> {
    /// A number that stands still; a later change takes `frames` frames.
    #[must_use]
    pub fn new(value: S, frames: usize) -> Self {
        Self { from: value, to: value, start: 0, frames: frames as u64 }
    }

    /// The number it stands at or moves to.
    #[must_use]
    pub fn target(&self) -> S {
        self.to
    }

    /// Starts a movement to `to` at the absolute frame `now`, from wherever the number is then.
    pub fn move_to(&mut self, to: S, now: u64) {
        if to != self.to {
            *self = Self { from: self.at(now), to, start: now, ..*self };
        }
    }

    /// As [`Glide::move_to`], but this change and the later ones take `frames` frames. In f32 a
    /// movement has a value of its own for each frame up to 2^24 frames, 5.8 min at 48 kHz; of a longer
    /// one some neighbours share theirs.
    pub fn move_to_within(&mut self, to: S, now: u64, frames: u64) {
        if to != self.to {
            *self = Self { from: self.at(now), to, start: now, frames };
        }
    }

    /// Ends a running movement at its target.
    pub fn settle(&mut self) {
        *self = Self { from: self.to, start: 0, ..*self };
    }

    /// Goes to `to` at once.
    pub fn jump_to(&mut self, to: S) {
        *self = Self { from: to, to, start: 0, ..*self };
    }

    /// No movement at or after this frame.
    #[must_use]
    pub fn is_settled(&self, frame: u64) -> bool {
        frame >= self.end()
    }

    /// The first frame at which it stands.
    #[must_use]
    pub fn end(&self) -> u64 {
        if self.from == self.to { 0 } else { self.start.saturating_add(self.frames) }
    }

    /// The numbers from the absolute frame `first` on.
    pub fn fill(&self, first: u64, numbers: &mut [S]) {
        if self.is_settled(first) {
            numbers.fill(self.to);
        } else {
            for (frame, number) in (first..).zip(numbers) {
                *number = self.at(frame);
            }
        }
    }

    /// The number at an absolute frame.
    #[must_use]
    pub fn at(&self, frame: u64) -> S {
        if self.is_settled(frame) {
            return self.to;
        }
        let count = |frames: u64| {
            #[expect(
                clippy::cast_precision_loss,
                reason = "f32 beyond 2^24: neighbours share a value"
            )]
            S::from_f64(frames as f64)
        };
        let t = count(frame.saturating_sub(self.start)) / count(self.frames);
        self.from + (self.to - self.from) * t
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_mind_starts_where_the_number_is() {
        let mut glide = Glide::new(1.0_f32, 100);
        assert!(glide.is_settled(0));
        glide.move_to(0.0, 50);
        assert!(!glide.is_settled(149) && glide.is_settled(150));
        glide.move_to(1.0, 100);
        assert_eq!((glide.at(100), glide.at(150), glide.at(200)), (0.5, 0.75, 1.0));
        glide.move_to(3.0, 120);
        glide.settle();
        assert_eq!((glide.at(0), glide.target()), (3.0, 3.0));
        glide.jump_to(-1.0);
        assert_eq!(glide.at(7), -1.0);
        glide.move_to_within(1.0, 10, 4);
        assert_eq!((glide.at(12), glide.end()), (0.0, 14));
    }
}
