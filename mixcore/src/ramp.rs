//! Click-free ramps on the absolute frame counter.
//!
//! A smoothed field moves linearly in its own scale over 20 ms from the frame of the call. What it
//! drives (a gain, a coefficient) is computed at the start of the ramp, at every multiple of 32
//! frames of the absolute counter and at the end, and runs straight between those points. Each
//! point depends only on absolute frames, so every split of a block gives the same bits.
//! What a gain does on its way is its [`RampShape`]; a [`Line`] is one straight piece of it.

mod line;
mod shape;

pub use line::Line;
pub use shape::RampShape;

mod value;

use crate::audio::Sample;
use crate::kernels::{self, Isa};
use crate::math;
use crate::units::{DB_FLOOR, db_to_gain, gain_to_db};

pub use value::Glide;

/// Frames between two points at which a moving field is evaluated.
pub const GRID_FRAMES: u64 = 32;

/// Duration of a smoothed change, ms.
pub const RAMP_MS: f64 = 20.0;

/// A gain that moves click-free between values given in decibels.
///
/// If not said otherwise it moves as [`RampShape::DbLinear`]: between [`DB_FLOOR`] and the top
/// linear in decibels, below linear in amplitude, so that a fade to -inf reaches exact zero.
#[derive(Clone, Copy, Debug)]
pub struct GainRamp {
    shape: RampShape,
    from_db: f64,
    to_db: f64,
    /// `to_db` as a gain: a standing fader asks for it in every block.
    to_gain: f64,
    start: u64,
    end: u64,
    frames: u64,
}

/// A straight piece of a gain curve: frames that share one line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Frames of this piece, at least 1.
    pub frames: usize,
    /// Gain at the piece's origin.
    pub start: f64,
    /// Gain added per frame.
    pub step: f64,
    /// Frames between the origin and the first frame of this piece.
    pub first: usize,
}

impl Segment {
    /// Frames at the front of a moving piece whose gain is exactly zero: its origin, where a fade
    /// opens. They let nothing through, while 0 times what is no number would.
    #[must_use]
    pub(crate) fn zeros(&self) -> usize {
        usize::from(self.start == 0.0 && self.first == 0)
    }

    /// The gain, times `sign`, on samples that share it. Where it is zero they become 0, whatever they
    /// were; where it is 1 they keep their bits.
    pub(crate) fn apply<S: Sample>(&self, isa: Isa, samples: &mut [S], sign: f64) {
        let start = S::from_f64(sign * self.start);
        if self.step != 0.0 {
            let step = S::from_f64(sign * self.step);
            let zeros = self.zeros();
            samples.iter_mut().take(zeros).for_each(|sample| *sample = S::zero());
            let Some(rest) = samples.get_mut(zeros..) else { return };
            kernels::gain_ramp(isa, rest, start, step, self.first.max(zeros));
        } else if self.start == 0.0 {
            samples.fill(S::zero());
        } else if start != S::one() {
            kernels::gain(isa, samples, start);
        }
    }
}

impl GainRamp {
    /// A constant gain; a later change takes `frames` frames.
    #[must_use]
    pub fn new(db: f64, frames: usize) -> Self {
        Self::with_shape(db, frames, RampShape::DbLinear)
    }

    /// A constant gain; a later change takes `frames` frames in this shape.
    #[must_use]
    pub fn with_shape(db: f64, frames: usize, shape: RampShape) -> Self {
        Self {
            shape,
            from_db: db,
            to_db: db,
            to_gain: db_to_gain(db),
            start: 0,
            end: 0,
            frames: frames as u64,
        }
    }

    /// The gain it stands at or moves to, dB.
    #[must_use]
    pub fn target_db(&self) -> f64 {
        self.to_db
    }

    /// The gain it stands at or moves to.
    pub(crate) fn target_gain(&self) -> f64 {
        self.to_gain
    }

    /// Starts a movement to `db` at the absolute frame `now`, from wherever the gain is then.
    pub fn move_to(&mut self, db: f64, now: u64) {
        if db == self.to_db {
            return;
        }
        // From the gain that was applied, which between grid points lies on the chord, not on the
        // curve: the difference would be a click.
        self.from_db =
            if self.is_settled(now) { self.to_db } else { gain_to_db(self.gain_at(now)) };
        self.to_db = db;
        self.to_gain = db_to_gain(db);
        self.start = now;
        self.end = now.saturating_add(self.frames);
    }

    /// Ends a running movement at its target.
    pub fn settle(&mut self) {
        *self = Self { frames: self.frames, ..Self::with_shape(self.to_db, 0, self.shape) };
    }

    /// No movement at or after this frame.
    #[must_use]
    pub fn is_settled(&self, frame: u64) -> bool {
        frame >= self.end
    }

    /// Level at an absolute frame by the law of the shape, dB.
    #[must_use]
    pub fn db_at(&self, frame: u64) -> f64 {
        match self.share(frame) {
            Share::Before => self.from_db,
            Share::Within(t) => self.shape.db_between(self.from_db, self.to_db, t),
            Share::After => self.to_db,
        }
    }

    /// The gain that is applied at an absolute frame.
    #[must_use]
    pub fn gain_at(&self, frame: u64) -> f64 {
        let piece = self.segment(frame, 1);
        #[expect(clippy::cast_precision_loss, reason = "at most GRID_FRAMES")]
        {
            piece.start + piece.step * piece.first as f64
        }
    }

    /// The straight piece of the gain that holds the absolute frame `now`.
    #[must_use]
    pub fn line(&self, now: u64) -> Line {
        if self.is_settled(now) {
            return Line::constant(self.to_gain).within(self.end, u64::MAX);
        }
        if now < self.start {
            return Line::constant(db_to_gain(self.from_db)).within(0, self.start);
        }
        let origin = (now - now % GRID_FRAMES).max(self.start);
        let end = next_point(origin).min(self.end);
        Line { origin, end, start: self.law(origin), stop: self.law(end) }
    }

    /// The next straight piece from the absolute frame `now`, at most `limit` frames (≥ 1) long.
    #[must_use]
    pub fn segment(&self, now: u64, limit: usize) -> Segment {
        self.line(now).segment(now, limit)
    }

    /// The gain at an absolute frame by the law of the shape.
    fn law(&self, frame: u64) -> f64 {
        match self.share(frame) {
            Share::Before => db_to_gain(self.from_db),
            Share::Within(t) => self.shape.gain_between(self.from_db, self.to_db, t),
            Share::After => self.to_gain,
        }
    }

    fn share(&self, frame: u64) -> Share {
        if frame >= self.end {
            return Share::After;
        }
        if frame <= self.start {
            return Share::Before;
        }
        #[expect(clippy::cast_precision_loss, reason = "a ramp of at most 10 s")]
        Share::Within((frame - self.start) as f64 / (self.end - self.start) as f64)
    }
}

/// Where on its way a ramp is.
enum Share {
    Before,
    Within(f64),
    After,
}

/// The first point of the grid after an absolute frame.
fn next_point(frame: u64) -> u64 {
    (frame - frame % GRID_FRAMES).saturating_add(GRID_FRAMES)
}

/// The level a share `t` of the way between two levels of which at least one lies below
/// [`DB_FLOOR`]: the part above the floor is travelled in decibels, the part below in amplitude,
/// each in proportion to its length (amplitude below the floor counts as 20 dB).
fn travel(from_db: f64, to_db: f64, t: f64) -> f64 {
    /// Decibels that the way from the floor to zero counts as.
    const BELOW_DB: f64 = 20.0;
    let floor = db_to_gain(DB_FLOOR);
    let position = |db: f64| {
        if db >= DB_FLOOR { db - DB_FLOOR } else { (db_to_gain(db) / floor - 1.0) * BELOW_DB }
    };
    let (a, b) = (position(from_db), position(to_db));
    let at = a + (b - a) * t;
    if at >= 0.0 { DB_FLOOR + at } else { gain_to_db(floor * (1.0 + at / BELOW_DB).max(0.0)) }
}

/// Nearest whole number of frames of [`RAMP_MS`] at a rate, at least 1.
#[must_use]
pub fn ramp_frames(rate_hz: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 7680 frames at 384 kHz"
    )]
    {
        math::round(RAMP_MS * 1e-3 * rate_hz).max(1.0) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_starts_and_ends_exactly() {
        let mut ramp = GainRamp::new(0.0, 960);
        ramp.move_to(-20.0, 100);
        assert_eq!(ramp.db_at(100), 0.0);
        assert_eq!(ramp.db_at(580), -10.0);
        assert_eq!(ramp.db_at(1060), -20.0);
        assert!(ramp.is_settled(1060) && !ramp.is_settled(1059));
    }

    #[test]
    fn segments_meet_at_the_grid() {
        let mut ramp = GainRamp::new(0.0, 960);
        ramp.move_to(-6.0, 100);
        let first = ramp.segment(100, 500);
        assert_eq!((first.frames, first.first), (28, 0));
        let next = ramp.segment(128, 500);
        let end = first.start + first.step * 28.0;
        assert!((end - next.start).abs() < 1e-15);
        assert_eq!(ramp.segment(130, 500).first, 2);
    }

    #[test]
    fn a_change_of_mind_starts_from_the_gain_that_was_applied() {
        /// Two conversions to decibels and back, a few ulp of a gain below 1.
        const ROUNDING: f64 = 1e-15;
        let mut ramp = GainRamp::new(0.0, 960);
        ramp.move_to(-60.0, 0);
        let before = ramp.gain_at(48);
        assert!(before - db_to_gain(ramp.db_at(48)) > 1e-3, "half-way between two grid points");
        ramp.move_to(0.0, 48);
        assert!((ramp.gain_at(48) - before).abs() < ROUNDING);
    }

    #[test]
    fn a_fade_to_minus_infinity_reaches_zero_and_comes_back() {
        let mut ramp = GainRamp::new(0.0, 960);
        ramp.move_to(f64::NEG_INFINITY, 0);
        assert_eq!(db_to_gain(ramp.db_at(960)), 0.0);
        // 100 dB of the 120 counted ones are in decibels: at five sixths it stands on the floor.
        assert!((ramp.db_at(800) - DB_FLOOR).abs() < 1e-9);
        assert!(ramp.db_at(959).is_finite());
        ramp.move_to(0.0, 960);
        assert_eq!(ramp.db_at(960), f64::NEG_INFINITY);
        assert_eq!(ramp.db_at(1920), 0.0);
    }
}
