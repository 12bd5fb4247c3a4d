//! How a gain follows its static curve in time: attack, hold, release, in decibels.
//!
//! Smoothing comes after the gain computer and works on the reduction c = −G in dB, so its times do
//! not depend on the level, nothing lags before the threshold, and a release ends at 0. With
//! a = exp(−1/(τ·fs)):
//!
//! > branching: y = a·y + (1 − a)·c, a of the attack while c > y, else of the release
//! > decoupled: u = max(c, aR·u + (1 − aR)·c), then y = aA·y + (1 − aA)·u
//! > hold:      after the last frame with c ≥ y (c ≥ u) the release waits H frames
//! > program-dependent: max(y, slow), slow a branching follower of its own that is charged with a
//! > quarter of its release time: a short peak leaves at the fast release, a long passage at the
//! > slow one
//!
//! A time constant τ is the time to 63.2 % (1 − 1/e) of a step in dB. For the decoupled form, whose
//! release passes both stages, aR is chosen so that the two together have done 63.2 % of a release
//! after τ (a release shorter than the attack is as long as the attack).
//!
//! Source: D. Giannoulis, M. Massberg, J. D. Reiss, JAES 60(6), 2012, for "smooth, branching" and
//! "smooth, decoupled"; the solved release time and the slow follower's charge are ours.

use super::side_chain::piece_reach;
use crate::math;

/// A reduction this small is none: its gain is 1 in f32 (2^-24 is 5e-7 dB).
const NOTHING_DB: f64 = 1e-7;

/// Share of its release time in which the slow follower is charged.
///
/// Ours: no maker publishes the ratio; what they publish is that individual peaks leave with the fast
/// time and multiple ones or a high level with the slow one (Fairchild 670, instruction manual, 1959,
/// positions 5 and 6: 0.3 s and 10 s). With the slow release of 1 s a peak of 10 ms charges it to 4 %,
/// a syllable of 100 ms to 33 %, a passage of 1 s to 98 %. Half of it makes these 8, 55 and 100 %:
/// single syllables pump no more but leave their hole; twice of it 2, 18 and 86 %.
const SLOW_CHARGE: f64 = 0.25;

/// Halvings of the search for the decoupled release: a relative width of 2^-40.
const HALVINGS: u32 = 40;

/// Values of a part of a row.
const PART: usize = 64;

/// How attack and release are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Smoothing {
    /// One follower that changes its time with the direction.
    #[default]
    Branching,
    /// A release, then an attack: rounder, without a bend where the direction changes.
    Decoupled,
}

/// How the release depends on the programme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Release {
    /// Always `release_ms`.
    #[default]
    Fixed,
    /// `release_ms` after short peaks, up to `slow_release_ms` after long passages.
    ProgramDependent,
}

/// The times of a follower, in frames.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Times {
    pub(super) attack: f64,
    pub(super) release: f64,
    pub(super) slow_release: f64,
    pub(super) hold: u32,
}

/// One pole: the share that stays and the share that comes in, which sum to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Pole {
    stay: f64,
    come: f64,
}

impl Pole {
    fn new(frames: f64) -> Self {
        let stay = math::exp(-1.0 / frames);
        Self { stay, come: 1.0 - stay }
    }

    /// The pole in a loop that answers `speed` times as fast: never faster than at once, so that no
    /// loop overshoots.
    fn in_loop(self, speed: f64) -> Self {
        let come = self.come.min(1.0 / speed);
        Self { stay: 1.0 - come, come }
    }

    #[inline(always)]
    fn step(self, y: f64, x: f64) -> f64 {
        self.stay * y + self.come * x
    }
}

/// Coefficients: what all envelopes of a processor share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ballistics {
    attack: Pole,
    release: Pole,
    /// The release of the branching form.
    loop_release: Pole,
    slow: Option<[Pole; 2]>,
    hold: u32,
    smoothing: Smoothing,
}

/// State: one gain in time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Envelope {
    /// The reduction, dB; negative where the gain is raised.
    y: f64,
    /// The release stage of the decoupled form; y in the branching form, so that a change between
    /// them goes on from there.
    u: f64,
    slow: f64,
    /// Frames that the release still waits.
    held: u32,
}

impl Ballistics {
    pub(super) fn design(times: &Times, smoothing: Smoothing, release: Release) -> Self {
        let release_frames = match smoothing {
            Smoothing::Branching => times.release,
            Smoothing::Decoupled => decoupled_release(times.attack, times.release),
        };
        let slow = match release {
            Release::Fixed => None,
            Release::ProgramDependent => {
                let frames = times.slow_release.max(times.release);
                Some([Pole::new(SLOW_CHARGE * frames), Pole::new(frames)])
            }
        };
        Self {
            attack: Pole::new(times.attack),
            release: Pole::new(release_frames),
            loop_release: Pole::new(times.release),
            slow,
            hold: times.hold,
            smoothing,
        }
    }

    /// The same in a loop that answers `speed` times as fast, always branching: the first stage of
    /// the decoupled form would hold what the loop wants before its second stage has answered, a
    /// multiple of what it settles at.
    pub(super) fn in_loop(&self, speed: f64) -> Self {
        Self {
            attack: self.attack.in_loop(speed),
            release: self.loop_release.in_loop(speed),
            smoothing: Smoothing::Branching,
            slow: self.slow.map(|poles| poles.map(|pole| pole.in_loop(speed))),
            ..*self
        }
    }

    /// One frame: the wanted reduction in, the smoothed one out.
    #[inline(always)]
    pub(super) fn step(&self, state: &mut Envelope, c: f64) -> f64 {
        let before = match self.smoothing {
            Smoothing::Branching => state.y,
            Smoothing::Decoupled => state.u,
        };
        let rises = c >= before;
        // A follower that has arrived stands within the rounding of c, above or below.
        if before - c < NOTHING_DB {
            state.held = self.hold;
        }
        let waits = !rises && state.held > 0;
        if waits {
            state.held = state.held.min(self.hold).saturating_sub(1);
        }
        match self.smoothing {
            Smoothing::Branching => {
                let pole = if rises { self.attack } else { self.release };
                state.y = if waits { before } else { pole.step(before, c) };
                state.u = state.y;
            }
            Smoothing::Decoupled => {
                state.u = match (rises, waits) {
                    (true, _) => c,
                    (false, true) => before,
                    (false, false) => self.release.step(before, c),
                };
                state.y = self.attack.step(state.y, state.u);
            }
        }
        match self.slow {
            None => state.y,
            Some([charge, release]) => {
                let pole = if c > state.slow { charge } else { release };
                state.slow = pole.step(state.slow, c);
                if state.slow > state.y { state.slow } else { state.y }
            }
        }
    }

    /// A row of gains in dB (0 and below reduce) becomes the row of smoothed reductions.
    pub(super) fn run(&self, state: &mut Envelope, io: &mut [f32]) {
        let plain = self.smoothing == Smoothing::Branching && self.slow.is_none() && self.hold == 0;
        if !plain {
            for value in io {
                #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
                {
                    *value = self.step(state, -f64::from(*value)) as f32;
                }
            }
            return;
        }
        state.held = 0;
        let mut y = state.y;
        let mut shares = [[0.0; PART]; 2];
        for part in io.chunks_mut(PART) {
            y = self.branch(y, part, &mut shares);
        }
        (state.y, state.u) = (y, y);
    }

    /// [`Ballistics::run`] over a row that begins at the absolute frame `now` and is at most 256 frames
    /// long; the envelope settles where a multiple of 256 frames lies behind it.
    pub(super) fn run_on_grid(&self, state: &mut Envelope, now: u64, io: &mut [f32]) {
        let Some((before, behind)) = io.split_at_mut_checked(piece_reach(now)) else {
            return self.run(state, io);
        };
        self.run(state, before);
        state.settle();
        self.run(state, behind);
    }

    /// The plain branching follower over at most [`PART`] values.
    ///
    /// With the faster pole the attack's, the right branch is the larger of the two, else the
    /// smaller: no comparison stands in the way of the recursion, which is one product, one sum and
    /// one choice long. What comes in is multiplied before, for the two branches apart, so that the
    /// compiler has no reason to put them into one vector and wait for shuffles.
    fn branch(&self, y: f64, io: &mut [f32], [up, down]: &mut [[f64; PART]; 2]) -> f64 {
        let (attack, release) = (self.attack, self.release);
        for ((value, up), down) in io.iter().zip(&mut *up).zip(&mut *down) {
            let c = -f64::from(*value);
            (*up, *down) = (attack.come * c, release.come * c);
        }
        let mut y = y;
        let steps = io.iter_mut().zip(&*up).zip(&*down);
        #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
        if attack.stay <= release.stay {
            for ((value, up), down) in steps {
                let (a, b) = (attack.stay * y + *up, release.stay * y + *down);
                y = if a > b { a } else { b };
                *value = y as f32;
            }
        } else {
            for ((value, up), down) in steps {
                let (a, b) = (attack.stay * y + *up, release.stay * y + *down);
                y = if a < b { a } else { b };
                *value = y as f32;
            }
        }
        y
    }

    /// What [`Ballistics::run`] leaves after a row of zeros where the envelope is at rest.
    pub(super) fn rest(&self, state: &mut Envelope) {
        state.held = self.hold;
    }
}

impl Envelope {
    /// No reduction, and none left to release.
    pub(super) fn is_at_rest(&self) -> bool {
        self.y == 0.0 && self.u == 0.0 && self.slow == 0.0
    }

    /// What is too small to change a gain becomes 0; called at multiples of 256 frames.
    pub(super) fn settle(&mut self) {
        for value in [&mut self.y, &mut self.u, &mut self.slow] {
            if value.abs() < NOTHING_DB {
                *value = 0.0;
            }
        }
    }
}

/// The time constant of the first of two poles that together reach 63.2 % after `frames`, where the
/// second has the time constant `attack`; very short where even that is too long.
fn decoupled_release(attack: f64, frames: f64) -> f64 {
    /// A pole of a thousandth of a frame is none.
    const NONE: f64 = 1e-3;
    // Share of a step that is still to come after `frames`, for poles a and b.
    let left = |a: f64| {
        let b = attack;
        if (a / b - 1.0).abs() < 1e-6 {
            (1.0 + frames / b) * math::exp(-frames / b)
        } else {
            (a * math::exp(-frames / a) - b * math::exp(-frames / b)) / (a - b)
        }
    };
    let wanted = math::exp(-1.0);
    let (mut low, mut high) = (NONE, frames.max(2.0 * NONE));
    for _ in 0..HALVINGS {
        let middle = math::sqrt(low * high);
        if left(middle) > wanted { high = middle } else { low = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: Times = Times { attack: 480.0, release: 4800.0, slow_release: 48_000.0, hold: 0 };

    /// Frames until a step from `from` to `to` has done 63.2 % of its way, interpolated.
    fn time_constant(ballistics: &Ballistics, from: f64, to: f64) -> f64 {
        let mut state = Envelope::default();
        for _ in 0..2_000_000 {
            ballistics.step(&mut state, from);
        }
        let goal = from + (to - from) * (1.0 - math::exp(-1.0));
        let mut before = from;
        for n in 0..2_000_000_u32 {
            let now = ballistics.step(&mut state, to);
            if (now - goal) * (to - from) >= 0.0 {
                return f64::from(n) + (goal - before) / (now - before);
            }
            before = now;
        }
        f64::INFINITY
    }

    #[test]
    fn a_time_constant_is_63_percent_of_a_step_in_db() {
        /// A chord over one frame of an exponential of 480 frames, and one frame of the second pole
        /// of the decoupled form, which starts with the first one's step.
        const ONE_PERCENT: f64 = 0.01;
        for smoothing in [Smoothing::Branching, Smoothing::Decoupled] {
            let ballistics = Ballistics::design(&TIMES, smoothing, Release::Fixed);
            for step_db in [1.0, 12.0, 60.0] {
                let attack = time_constant(&ballistics, 0.0, step_db);
                let release = time_constant(&ballistics, step_db, 0.0);
                assert!((attack / 480.0 - 1.0).abs() < ONE_PERCENT, "{smoothing:?} {attack}");
                assert!((release / 4800.0 - 1.0).abs() < ONE_PERCENT, "{smoothing:?} {release}");
            }
        }
    }

    #[test]
    fn a_long_passage_leaves_slowly_and_a_short_peak_fast() {
        const ONE_PERCENT: f64 = 0.01;
        /// A peak of one attack charges the slow follower to 4 %, which its release then carries.
        const SHORT_PEAK: f64 = 1.15;
        let auto = Ballistics::design(&TIMES, Smoothing::Branching, Release::ProgramDependent);
        let long = time_constant(&auto, 12.0, 0.0);
        assert!((long / 48_000.0 - 1.0).abs() < ONE_PERCENT, "{long}");
        let mut state = Envelope::default();
        let peak = (0..480).fold(0.0, |_, _| auto.step(&mut state, 12.0));
        let short = (0..).find(|_| auto.step(&mut state, 0.0) < peak * math::exp(-1.0)).unwrap();
        assert!(short as f64 / 4800.0 < SHORT_PEAK, "{short}");
    }

    #[test]
    fn a_hold_waits_and_then_releases() {
        let held = Ballistics::design(
            &Times { attack: 1e-3, hold: 100, ..TIMES },
            Smoothing::Branching,
            Release::Fixed,
        );
        let mut state = Envelope::default();
        held.step(&mut state, 6.0);
        for _ in 0..100 {
            assert_eq!(held.step(&mut state, 0.0), 6.0);
        }
        assert!(held.step(&mut state, 0.0) < 6.0);
    }

    #[test]
    fn the_quick_form_gives_the_bits_of_the_plain_one() {
        for (attack, release) in [(48.0, 4800.0), (4800.0, 48.0), (48.0, 48.0)] {
            let times = Times { attack, release, ..TIMES };
            let ballistics = Ballistics::design(&times, Smoothing::Branching, Release::Fixed);
            let (mut plain, mut quick) = (Envelope::default(), Envelope::default());
            let mut row = [0.0_f32; 64];
            for n in 0..100 {
                for (i, value) in row.iter_mut().enumerate() {
                    *value = -(((n * 64 + i) * 7919 % 97) as f32) * 0.2;
                }
                let expected = row.map(|g| ballistics.step(&mut plain, -f64::from(g)) as f32);
                ballistics.run(&mut quick, &mut row);
                assert_eq!(row, expected);
            }
        }
    }
}
