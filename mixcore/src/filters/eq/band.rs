//! One band on its way: what it was, what it becomes, and its coefficients at any frame.
//!
//! Frequency and Q move straight in their logarithms, the gain in decibels, and the filter is
//! designed from them at the points of the grid. A change of shape moves the coefficients straight
//! from what they were to the new design: the poles that a second-order section may have form a
//! triangle in (a1, a2), so what lies between two stable sections is stable. On and off are a fade
//! between the filter's output and its input, so that nothing that still rings is cut.

use super::params::EqBand;
use crate::filters::Biquad;
use crate::filters::design::{Method, second_order};
use crate::filters::pipes::pipe_band;
use crate::kernels::PipeBand;
use crate::math;
use crate::ramp::Glide;

/// A band and its movements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    target: EqBand,
    log_hz: Glide<f64>,
    log_q: Glide<f64>,
    gain_db: Glide<f64>,
    /// Share of the input in what comes out: 1 where the band is off.
    dry: Glide<f64>,
    /// What the coefficients were at the last change of shape, and the share of the new design.
    before: Biquad,
    share: Glide<f64>,
    /// Coefficients at the origin of the next segment, and whether they are the target's.
    next: PipeBand,
    arrived: bool,
    /// Off, and the fade is over: nothing of it is in use.
    out: bool,
}

impl Band {
    /// A band that stands still.
    pub(super) fn new(band: EqBand, method: Method, rate_hz: f64, frames: usize) -> Self {
        let mut new = Self {
            target: band,
            log_hz: Glide::new(math::log(band.hz), frames),
            log_q: Glide::new(math::log(band.q), frames),
            gain_db: Glide::new(band.gain_db, frames),
            dry: Glide::new(if band.on { 0.0 } else { 1.0 }, frames),
            before: Biquad { b: [1.0, 0.0, 0.0], a: [0.0, 0.0] },
            share: Glide::new(1.0, frames),
            next: PipeBand::OFF,
            arrived: true,
            out: !band.on,
        };
        new.next = new.at(0, method, rate_hz);
        new
    }

    /// The segment that begins at the absolute frame `now` and ends at `end`: where it starts, and
    /// where it stops if it moves.
    pub(super) fn segment(
        &mut self,
        now: u64,
        end: u64,
        method: Method,
        rate_hz: f64,
    ) -> (PipeBand, Option<PipeBand>) {
        let comes_on = self.out && self.target.on;
        self.out = !comes_on && (self.out || (self.is_off(now) && self.next.dry == 1.0));
        if self.out {
            (self.next, self.arrived) = (PipeBand::OFF, true);
        }
        if self.arrived {
            return (self.next, None);
        }
        // A band comes on with its filter from the first frame, and all of its input.
        let start = if comes_on { self.at(now, method, rate_hz) } else { self.next };
        let mut stop = self.at(end, method, rate_hz);
        if self.is_off(end) {
            // The filter runs on while it fades; only then is it taken out.
            stop = PipeBand { section: start.section, dry: 1.0 };
        }
        (self.next, self.arrived) = (stop, self.is_settled(end));
        (start, Some(stop))
    }

    /// Off, and the fade is over: nothing of it is in use.
    pub(super) fn is_out(&self) -> bool {
        self.out
    }

    /// Off, and its share settled, at this frame.
    fn is_off(&self, frame: u64) -> bool {
        !self.target.on && self.dry.is_settled(frame)
    }

    /// No field of it moves at or after this frame.
    fn is_settled(&self, frame: u64) -> bool {
        self.is_off(frame)
            || [&self.log_hz, &self.log_q, &self.gain_db, &self.dry, &self.share]
                .iter()
                .all(|glide| glide.is_settled(frame))
    }

    /// Sets out for `band` at the absolute frame `now`; `current` is what is in use there.
    pub(super) fn move_to(&mut self, band: EqBand, now: u64, current: &PipeBand) {
        // The segment ends here, also if the band goes on to where it was going.
        self.arrived &= self.next == *current && band == self.target;
        self.next = *current;
        if band == self.target {
            return;
        }
        let (log_hz, log_q) = (math::log(band.hz), math::log(band.q));
        if self.out {
            // Nobody hears where it comes from.
            self.log_hz.jump_to(log_hz);
            self.log_q.jump_to(log_q);
            self.gain_db.jump_to(band.gain_db);
            self.share.jump_to(1.0);
        } else {
            self.log_hz.move_to(log_hz, now);
            self.log_q.move_to(log_q, now);
            self.gain_db.move_to(band.gain_db, now);
            if band.shape != self.target.shape {
                self.before = Biquad { b: current.section.b, a: current.section.a };
                self.share.jump_to(0.0);
                self.share.move_to(1.0, now);
            }
        }
        self.dry.move_to(if band.on { 0.0 } else { 1.0 }, now);
        self.target = band;
    }

    /// Ends all movements.
    pub(super) fn settle(&mut self, method: Method, rate_hz: f64) {
        for glide in
            [&mut self.log_hz, &mut self.log_q, &mut self.gain_db, &mut self.dry, &mut self.share]
        {
            glide.settle();
        }
        (self.next, self.arrived) = (self.at(0, method, rate_hz), true);
        self.out = !self.target.on;
    }

    /// What it does at an absolute frame.
    pub(super) fn at(&self, frame: u64, method: Method, rate_hz: f64) -> PipeBand {
        if self.is_off(frame) {
            return PipeBand::OFF;
        }
        // The very numbers that were asked for, once they are reached.
        let number = |glide: &Glide<f64>, target: f64| {
            if glide.is_settled(frame) { target } else { math::exp(glide.at(frame)) }
        };
        let hz = number(&self.log_hz, self.target.hz);
        let q = number(&self.log_q, self.target.q);
        let gain_db = self.gain_db.at(frame);
        let below_nyquist = (rate_hz / 2.0).next_down();
        let design =
            second_order(method, self.target.shape, hz.min(below_nyquist), q, gain_db, rate_hz)
                .unwrap_or(self.before);
        pipe_band(&between(&self.before, &design, self.share.at(frame)), self.dry.at(frame))
    }
}

/// `share` of the way from one section to another; the other one exactly at 1.
fn between(from: &Biquad, to: &Biquad, share: f64) -> Biquad {
    if share == 1.0 {
        return *to;
    }
    let mix = |from: f64, to: f64| from + (to - from) * share;
    Biquad {
        b: [mix(from.b[0], to.b[0]), mix(from.b[1], to.b[1]), mix(from.b[2], to.b[2])],
        a: [mix(from.a[0], to.a[0]), mix(from.a[1], to.a[1])],
    }
}

/// The change per frame from one set of coefficients to another.
pub(super) fn step_between(from: &PipeBand, to: &PipeBand, frames: u64) -> PipeBand {
    #[expect(clippy::cast_precision_loss, reason = "at most 32 frames")]
    let frames = frames as f64;
    let step = |from: f64, to: f64| (to - from) / frames;
    let (f, t) = (&from.section, &to.section);
    let section = Biquad {
        b: [step(f.b[0], t.b[0]), step(f.b[1], t.b[1]), step(f.b[2], t.b[2])],
        a: [step(f.a[0], t.a[0]), step(f.a[1], t.a[1])],
    };
    pipe_band(&section, step(from.dry, to.dry))
}
