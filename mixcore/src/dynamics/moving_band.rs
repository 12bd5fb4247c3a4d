//! A bell or shelf whose gain follows a level: a state-variable filter designed anew at every frame.
//!
//! With A = 10^(G/40), g = tan(π·hz/rate), k = 1/Q and the output y = m0·x + m1·v1 + m2·v2 of
//! [`crate::filters::Svf`]'s filter:
//!
//! > bell:       k' = k/A, m = (1, k'·(A² − 1), 0)
//! > low shelf:  g' = g/√A, m = (1, k·(A − 1), A² − 1)
//! > high shelf: g' = g·√A, m = (A², k·(1 − A)·A, 1 − A²)
//!
//! At G = 0 the output is the input, bit for bit. A share s of the filtered signal is a mix of m with
//! (1, 0, 0), so dry and wet have one phase and nothing can comb.
//!
//! Source: A. Simper, "Linear Trapezoidal Integrated State Variable Filter With Low Noise
//! Optimisation" (Cytomic, 2013). Limits: the bilinear transform narrows what lies near Nyquist.

use super::key_intake::{CHUNK, Short, part};
use super::travel::Straight;
use crate::kernels::{self, Isa, SvfFrame, SvfState};
use crate::math;

/// What a moving band does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum MovingShape {
    /// Raises or lowers a band around its frequency.
    #[default]
    Bell,
    /// Raises or lowers what is below its frequency, half of it there.
    LowShelf,
    /// Raises or lowers what is above its frequency, half of it there.
    HighShelf,
}

/// Where a band stands and how wide it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Corner {
    g: f64,
    k: f64,
}

/// The states of one channel.
pub(super) type BandState = [f64; 2];

impl Corner {
    /// Frequencies count up to 0.49 of the rate.
    pub(super) fn design(hz: f64, q: f64, rate_hz: f64) -> Self {
        Self { g: math::tan(math::PI * (hz / rate_hz).min(0.49)), k: 1.0 / q }
    }
}

impl MovingShape {
    /// Coefficients of a frame at A and a share of the filtered signal.
    fn frame(self, corner: Corner, a: f64, share: f64) -> SvfFrame {
        let Corner { g, k } = corner;
        let (g, k, m0, m1, m2) = match self {
            Self::Bell => (g, k / a, 1.0, k / a * (a * a - 1.0), 0.0),
            Self::LowShelf => (g / math::sqrt(a), k, 1.0, k * (a - 1.0), a * a - 1.0),
            Self::HighShelf => (g * math::sqrt(a), k, a * a, k * (1.0 - a) * a, 1.0 - a * a),
        };
        let a1 = 1.0 / (1.0 + g * (g + k));
        let a2 = g * a1;
        [a1, a2, g * a2, 1.0 + (m0 - 1.0) * share, m1 * share, m2 * share]
    }

    /// Coefficients of a piece: corners at both ends of its line, gains in dB, and shares of the
    /// filtered signal where it is not all.
    pub(super) fn frames(
        self,
        isa: Isa,
        line: &Straight,
        [a, b]: [Corner; 2],
        gains_db: &[f32],
        shares: Option<&Short>,
    ) -> [SvfFrame; CHUNK] {
        let mut roots: Short = [0.0; CHUNK];
        let roots = part(&mut roots, gains_db.len());
        for (root, gain) in roots.iter_mut().zip(gains_db) {
            *root = gain * 0.5;
        }
        kernels::gains_of_db(isa, roots);
        let mut out = [[0.0; 6]; CHUNK];
        for (n, (out, root)) in out.iter_mut().zip(&*roots).enumerate() {
            let corner = Corner { g: line.between(a.g, b.g, n), k: line.between(a.k, b.k, n) };
            let share = shares.and_then(|shares| shares.get(n)).copied().unwrap_or(1.0);
            *out = self.frame(corner, f64::from(*root), f64::from(share));
        }
        out
    }

    /// Frames in which what rings falls from the largest sample to below 1e-30, for gains up to
    /// `most_db` in either direction.
    pub(super) fn ring_frames(self, corner: Corner, most_db: f64) -> usize {
        let a = math::exp10(most_db.abs() / 40.0);
        let longest = [1.0 / a, 1.0, a].into_iter().fold(0.0_f64, |most, a| {
            let Corner { mut g, mut k } = corner;
            match self {
                Self::Bell => k /= a,
                Self::LowShelf => g /= math::sqrt(a),
                Self::HighShelf => g *= math::sqrt(a),
            }
            // Where the trapezoidal rule, z = (1 + g·s)/(1 − g·s), puts the poles of s² + k·s + 1:
            // a pair, or two on the real axis, p and 1/p.
            let half = 0.5 * k;
            let pole = if half > 1.0 {
                let p = half - math::sqrt(half * half - 1.0);
                let on_axis = |p: f64| ((1.0 - g * p) / (1.0 + g * p)).abs();
                on_axis(p).max(on_axis(1.0 / p))
            } else {
                math::sqrt((1.0 - g * k + g * g) / (1.0 + g * k + g * g))
            };
            // ln(1e6/1e-30) = 83; two equal poles hold up the decay.
            most.max(105.0 / -math::log(pole))
        });
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative; the cast saturates"
        )]
        {
            2 * CHUNK + math::ceil(longest) as usize
        }
    }

    /// Gain at `hz` of the band at a gain in dB, linear.
    pub(super) fn gain_at(self, corner: Corner, gain_db: f64, hz: f64, rate_hz: f64) -> f64 {
        let a = math::exp10(gain_db / 40.0);
        let Corner { mut g, mut k } = corner;
        let [.., m0, m1, m2] = self.frame(corner, a, 1.0);
        match self {
            Self::Bell => k /= a,
            Self::LowShelf => g /= math::sqrt(a),
            Self::HighShelf => g *= math::sqrt(a),
        }
        let s = math::tan(math::PI * (hz / rate_hz).min(0.5 - 1e-9)) / g;
        let (re, im) = (1.0 - s * s, k * s);
        math::hypot(m0 * re + m2, m0 * im + m1 * s) / math::hypot(re, im)
    }
}

/// Filters two channels, each with its own coefficients; equal ones run side by side.
pub(super) fn run_pair(
    isa: Isa,
    frames: [&[SvfFrame; CHUNK]; 2],
    settle: bool,
    io: &mut [[f64; 2]],
    states: [&mut BandState; 2],
) {
    let [first, second] = frames.map(|frames| frames.get(..io.len()).unwrap_or_default());
    let [left, right] = states;
    let mut state: SvfState = [[left[0], right[0]], [left[1], right[1]]];
    if first == second {
        kernels::svf(isa, first, settle, io, &mut state);
    } else {
        let mut other = [[0.0; 2]; CHUNK];
        let other = part(&mut other, io.len());
        for (to, from) in other.iter_mut().zip(&*io) {
            *to = *from;
        }
        let mut beside = state;
        kernels::svf(isa, first, settle, io, &mut state);
        kernels::svf(isa, second, settle, other, &mut beside);
        for (to, from) in io.iter_mut().zip(&*other) {
            to[1] = from[1];
        }
        state = [[state[0][0], beside[0][1]], [state[1][0], beside[1][1]]];
    }
    (*left, *right) = ([state[0][0], state[1][0]], [state[0][1], state[1][1]]);
}
