//! The crossings of a [`super::Crossover`] as the kernel takes them, at rest and on the move.
//!
//! A crossing moves along log Hz over 20 ms. Its sections are designed at the frame of the change, at
//! every multiple of 32 frames and at the end, and every coefficient runs straight in between: the
//! stable sections of second order are a convex set (a triangle in a1 and a2), so what lies between
//! two of them is stable too.

use crate::filters::Biquad;
use crate::filters::crossover::{CROSSINGS, CrossoverParams, CrossoverSetup};
use crate::filters::design::{LinkwitzRiley, linkwitz_riley};
use crate::kernels::{PAIR_SECTIONS, PairMove, Section, SectionPair};
use crate::math;
use crate::ramp::{GRID_FRAMES, Glide, ramp_frames};
use crate::stream::Stream;

/// Most all-pass sections of a crossing.
const ALL_PASS_SECTIONS: usize = PAIR_SECTIONS / 2;

/// The coefficients of a crossing, as the kernel takes them: low and high side by side, and twice
/// the all-pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crossing {
    split: [SectionPair; PAIR_SECTIONS],
    all_pass: [SectionPair; ALL_PASS_SECTIONS],
}

impl Crossing {
    const NOTHING: Self = {
        let section = Section { b: [0.0; 3], a: [0.0; 2] };
        Self { split: [[section; 2]; PAIR_SECTIONS], all_pass: [[section; 2]; ALL_PASS_SECTIONS] }
    };

    fn new(design: &LinkwitzRiley) -> Self {
        let section = |biquad: &Biquad| Section { b: biquad.b, a: biquad.a };
        let mut crossing = Self::NOTHING;
        for (to, (low, high)) in crossing.split.iter_mut().zip(design.low.iter().zip(&*design.high))
        {
            *to = [section(low), section(high)];
        }
        for (to, all_pass) in crossing.all_pass.iter_mut().zip(&*design.all_pass) {
            *to = [section(all_pass); 2];
        }
        crossing
    }

    /// `f` of every coefficient of both.
    fn with(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let section = |a: Section, b: Section| Section {
            b: [f(a.b[0], b.b[0]), f(a.b[1], b.b[1]), f(a.b[2], b.b[2])],
            a: [f(a.a[0], b.a[0]), f(a.a[1], b.a[1])],
        };
        let mut out = *self;
        let pairs = out.split.iter_mut().chain(&mut out.all_pass);
        for (to, from) in pairs.zip(other.split.iter().chain(&other.all_pass)) {
            *to = [section(to[0], from[0]), section(to[1], from[1])];
        }
        out
    }

    /// Largest magnitude of a pole.
    fn slowest_pole(&self) -> f64 {
        let square = self.split.iter().flatten().fold(0.0_f64, |most, s| most.max(s.a[1]));
        math::sqrt(square)
    }
}

/// A stretch of sections, and how they move from its first frame on.
pub(super) type Stretch<'a> = (&'a [SectionPair], Option<PairMove<'a>>);

/// Where every crossing stands, and the straight piece of its way that is being travelled.
#[derive(Debug)]
pub(super) struct Movement {
    /// log2 Hz.
    glides: [Glide<f64>; CROSSINGS],
    start: [Crossing; CROSSINGS],
    step: [Crossing; CROSSINGS],
    /// Frames of the piece; equal where nothing moves.
    origin: u64,
    end: u64,
    setup: CrossoverSetup,
    targets: [f64; CROSSINGS],
    rate_hz: f64,
}

impl Movement {
    pub(super) fn new(setup: &CrossoverSetup, params: &CrossoverParams, stream: &Stream) -> Self {
        let frames = ramp_frames(stream.rate_hz);
        let mut movement = Self {
            glides: params.crossings_hz().map(|hz| Glide::new(math::log2(hz), frames)),
            start: [Crossing::NOTHING; CROSSINGS],
            step: [Crossing::NOTHING; CROSSINGS],
            origin: 0,
            end: 0,
            setup: *setup,
            targets: params.crossings_hz(),
            rate_hz: stream.rate_hz,
        };
        movement.settle();
        movement
    }

    /// The crossings at a frame.
    fn design(&self, frame: u64) -> [Crossing; CROSSINGS] {
        let mut crossings = [Crossing::NOTHING; CROSSINGS];
        let glides = self.glides.iter().zip(self.targets).take(self.setup.crossings());
        for (to, (glide, hz)) in crossings.iter_mut().zip(glides) {
            let hz = if glide.is_settled(frame) { hz } else { math::exp2(glide.at(frame)) };
            // Between two frequencies that were checked.
            if let Ok(design) = linkwitz_riley(self.setup.slope, hz, self.rate_hz) {
                *to = Crossing::new(&design);
            }
        }
        crossings
    }

    /// Ends all movement.
    pub(super) fn settle(&mut self) {
        self.glides.iter_mut().for_each(Glide::settle);
        self.start = self.design(0);
        (self.origin, self.end) = (0, 0);
    }

    fn moves(&self) -> bool {
        self.end > self.origin
    }

    /// Frames from `now` on that are one piece, at most `limit`.
    pub(super) fn frames(&self, now: u64, limit: usize) -> usize {
        if self.moves() {
            limit.min(usize::try_from(self.end.saturating_sub(now)).unwrap_or(limit))
        } else {
            limit
        }
    }

    /// Turns towards other crossings at `now`, from the coefficients that are applied then.
    pub(super) fn turn(&mut self, targets: [f64; CROSSINGS], now: u64) {
        if self.moves() {
            let frames = count(now.saturating_sub(self.origin));
            for (start, step) in self.start.iter_mut().zip(&self.step) {
                *start = start.with(step, |start, step| start + step * frames);
            }
        }
        for (glide, hz) in self.glides.iter_mut().zip(targets) {
            glide.move_to(math::log2(hz), now);
        }
        self.targets = targets;
        (self.origin, self.end) = (now, now);
    }

    /// Makes the piece that holds the frame `now` the current one.
    pub(super) fn advance(&mut self, now: u64) {
        if self.moves() {
            if now < self.end {
                return;
            }
            self.start = self.design(now);
        }
        (self.origin, self.end) = (now, now);
        let glides = self.glides.iter().take(self.setup.crossings());
        let last = glides.map(Glide::end).max().unwrap_or(0);
        if last > now {
            self.end = (now - now % GRID_FRAMES).saturating_add(GRID_FRAMES).min(last);
            let share = 1.0 / count(self.end - now);
            let end = self.design(self.end);
            for ((step, start), end) in self.step.iter_mut().zip(&self.start).zip(&end) {
                *step = start.with(end, |start, end| (end - start) * share);
            }
        }
    }

    /// The split of a crossing, and its all-pass, from the frame `now` of the current piece on.
    pub(super) fn at(&self, crossing: usize, now: u64) -> Option<[Stretch<'_>; 2]> {
        let (start, step) = (self.start.get(crossing)?, self.step.get(crossing)?);
        let first = usize::try_from(now.saturating_sub(self.origin)).ok()?;
        let moves = self.moves();
        let motion = |steps| moves.then_some(PairMove { steps, first });
        Some([
            (start.split.get(..self.setup.sections())?, motion(&step.split)),
            (start.all_pass.get(..self.setup.all_pass_sections())?, motion(&step.all_pass)),
        ])
    }

    /// The slowest decay of the crossings as they are and as they will be, frames for a factor of e.
    pub(super) fn decay_frames(&self) -> f64 {
        let targets = self.design(u64::MAX);
        let all = self.start.iter().chain(&targets);
        let slowest = all.fold(0.0_f64, |most, crossing| most.max(crossing.slowest_pole()));
        -1.0 / math::log(slowest)
    }
}

/// Frames of a piece.
fn count(frames: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "at most GRID_FRAMES")]
    {
        frames as f64
    }
}
