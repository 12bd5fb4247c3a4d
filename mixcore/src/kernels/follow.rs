//! A follower with two time constants over a row of wanted gains, and the gains that come of it. Lane
//! axis: time, but for the recursion.
//!
//! > c = −G, y = p·y + (1 − p)·c with p of the attack while c > y, else of the release
//! > g = 10^((m − y)/20)
//!
//! With the faster pole the attack's, the right branch is the larger of the two, else the smaller: no
//! comparison stands in the way of the recursion, which is one product, one sum and one choice long
//! (7 cycles of latency on Zen 5, 10 to 12 on cores with 4 cycles for a sum or a product). Sixteen
//! frames at a time, so that a core that executes out of order reckons the next frames' curve and the
//! last frames' gains while it waits for the recursion.
//!
//! Control signals are f32 (house rule); the state of the recursion is f64.

use fearless_simd::{Simd, f32x16, prelude::*};

use super::gain_computer::{CurveSection, gain_curve_lanes, gains_of};
use super::isa::{Isa, dispatch};
use super::scalar;

/// Frames of a turn: their recursion, and the passes before and behind it, fit into the window of a core
/// that executes out of order (some 400 operations). Slices whose length the compiler does not know keep
/// it from putting both branches of a step into one vector, which waits for shuffles.
const PART: usize = 16;

/// A static curve and the levels that it is taken of, dB.
pub type FollowedCurve<'a> = (&'a [CurveSection], &'a [f32]);

/// One pole: the share of what was and the share of what comes, which sum to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FollowPole {
    /// Share of the value before: exp(−1/(τ·fs)).
    pub stay: f64,
    /// Share of the new value.
    pub come: f64,
}

impl FollowPole {
    /// Its next value, from the one before and from what comes.
    #[inline(always)]
    #[must_use]
    pub fn step(self, y: f64, x: f64) -> f64 {
        self.stay * y + self.come * x
    }
}

/// `io` holds wanted gains in dB, or gets those of a curve, and gets the smoothed reductions; `gains` gets
/// the linear gains of `makeup_db` less those. The shortest length counts. `[attack, release]`, and `y` the
/// reduction before the first frame; returns that of the last.
pub fn follow(
    isa: Isa,
    poles: [FollowPole; 2],
    y: f64,
    makeup_db: f32,
    curve: Option<FollowedCurve<'_>>,
    io: &mut [f32],
    gains: &mut [f32],
) -> f64 {
    dispatch!(isa, simd => follow_lanes(simd, poles, y, makeup_db, curve, io, gains))
}

#[inline(always)]
fn follow_lanes<I: Simd>(
    simd: I,
    poles: [FollowPole; 2],
    y: f64,
    makeup_db: f32,
    curve: Option<FollowedCurve<'_>>,
    io: &mut [f32],
    gains: &mut [f32],
) -> f64 {
    let frames = io.len().min(gains.len());
    let frames = curve.map_or(frames, |(_, levels)| frames.min(levels.len()));
    let (io, gains) = (&mut io[..frames], &mut gains[..frames]);
    let [attack, release] = poles;
    if attack.stay <= release.stay {
        follow_by::<I, true>(simd, poles, y, makeup_db, curve, io, gains)
    } else {
        follow_by::<I, false>(simd, poles, y, makeup_db, curve, io, gains)
    }
}

/// With the larger of both branches, or with the smaller.
#[inline(always)]
fn follow_by<I: Simd, const LARGER: bool>(
    simd: I,
    poles: [FollowPole; 2],
    y: f64,
    makeup_db: f32,
    curve: Option<FollowedCurve<'_>>,
    io: &mut [f32],
    gains: &mut [f32],
) -> f64 {
    let [attack, release] = poles;
    let (sections, levels) = curve.unwrap_or_default();
    let makeup = f32x16::splat(simd, makeup_db);
    let (mut up, mut down) = ([0.0; PART], [0.0; PART]);
    let mut levels = levels.chunks(PART);
    let mut y = y;
    for (io, gains) in io.chunks_mut(PART).zip(gains.chunks_mut(PART)) {
        if let Some(levels) = levels.next() {
            gain_curve_lanes(simd, sections, levels, io);
        }
        for ((value, up), down) in io.iter().zip(&mut up).zip(&mut down) {
            let c = -f64::from(*value);
            (*up, *down) = (attack.come * c, release.come * c);
        }
        for ((value, up), down) in io.iter_mut().zip(&up).zip(&down) {
            let (a, b) = (attack.stay * y + *up, release.stay * y + *down);
            let takes_a = if LARGER { a > b } else { a < b };
            y = if takes_a { a } else { b };
            #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
            {
                *value = y as f32;
            }
        }
        if let (Ok(from), Ok(to)) =
            (<&[f32; PART]>::try_from(&*io), <&mut [f32; PART]>::try_from(&mut *gains))
        {
            gains_of(simd, makeup - f32x16::load_array_ref(simd, from)).store_slice(to);
        } else {
            for (from, to) in io.iter().zip(&mut *gains) {
                *to = makeup_db - *from;
            }
            scalar::gains_of_db(gains);
        }
    }
    y
}
