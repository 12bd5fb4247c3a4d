//! The matched designs: a biquad whose magnitude passes through that of the analogue prototype.
//!
//! With x = sin²(w/2), w = 2π·f/rate, the squared magnitude of a biquad is a ratio of two quadratic
//! polynomials, as that of the prototype is in u = (f/hz)². In t = x/x0 (x0 at `hz`)
//!
//! > |H|² = N(t)/D(t), N = n0 + n1·t + n2·t², D = 1 + d1·t + d2·t²
//!
//! and "at this frequency |H|² is M" is one linear equation, N(t) − M·D(t) = 0; so is a slope,
//! N'(t) − M'·D(t) − M·D'(t) = 0 with M' = dM/du·tan(w0/2)/(w0/2). Five conditions fix everything:
//! the level at 0 Hz, level and slope at `hz` (so a peak stays in its place), and the levels at one
//! frequency beside `hz` and at one near 0.87 of Nyquist. Beyond that nothing is matched: a digital
//! response is flat at Nyquist, an analogue one is not, and whoever asks for its level there pays
//! in the band below. A shelf has four levels instead, for it has no peak. Where the frequencies lie was
//! chosen by a search for the least largest error over Q, gain and `hz`.
//!
//! A high-pass has N = t² (a double zero at 0 Hz). D/N is a quadratic polynomial in 1/t then, and among
//! those the one whose error, times |H|², alternates at four frequencies with equal size is the best
//! (Chebyshev; no other errs by less at all four, de la Vallée Poussin): it is solved for that directly.
//! What it still errs by is what a bent frequency axis costs: near a resonance 1/t changes with f by
//! (π·r/2)·cot(π·r/2) as fast as at 0 Hz in proportion, and three numbers cannot serve both.
//!
//! Back to coefficients (Vicanek): in x, N = c0 + c1·x + c2·x² has
//! b0 + b1 + b2 = √N(0), b0 − b1 + b2 = √N(1), b0·b2 = c2/16, and so
//!
//! > (b0 − b2)² = (2·c0 + c1 + 2·√(N(0)·N(1)))/4
//!
//! Positive roots give the minimum-phase solution, all of whose zeros lie inside the unit circle;
//! so D gives stable poles. If the right side is negative, N has a zero inside the band: then the
//! five points ask for more than real coefficients can do, which happens where the prototype is so
//! smooth in the band that a pole and a zero nearly cancel. One of each is enough there: three
//! points. Near such places (low-passes with a Q below 1.5 or a corner near Nyquist, shelves from a
//! tenth of Nyquist on, high-passes with a Q above 100) several sets of points are solved, and the
//! solution nearest to the prototype is taken. So is it for shelves with a Q above 1.2: such a shelf
//! has a peak and a dip, at hz·√A and hz/√A, and for them `least_max.rs` has one that misses evenly.
//!
//! Source: derived here; the magnitude in powers of sin²(w/2) and the factorisation after
//! M. Vicanek, "Matched Second Order Digital Filters" (2016). Verified against the prototypes in
//! `tests/all/design.rs`.

use super::prototype::Power;
use super::{Shape, Width, cookbook, least_max};
use crate::filters::Biquad;
use crate::math;
use crate::units::power_to_db;

/// Upper frequency that is matched, as a share of Nyquist.
const EDGE: f64 = 0.88;
/// Up to here, as a share of Nyquist, the error of a high-pass is the least there is: 20 kHz at 44.1 kHz.
pub(super) const TOP: f64 = 0.907;
/// Highest corner and upper frequency that a first-order design matches.
const FIRST_ORDER: [f64; 2] = [0.45, 0.82];
/// Frequencies, as shares of Nyquist, at which candidates are judged.
pub(super) const CHECKS: [f64; 14] =
    [0.004, 0.008, 0.016, 0.03, 0.06, 0.1, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.9];
/// From this corner on the upper frequency at which a low-pass is matched lies below the corner.
const LATE: f64 = 0.85;
/// Above this Q a shelf is fitted to its resonances too. Up to it four exact places err by 0.23 dB at most (±18
/// dB, a scan of 200 corners and 17 widths from a Q of 0.9 on); above it by ever more.
const RESONANT: f64 = 1.2;
/// The first solution is taken, unjudged by others, where it deviates by less, dB: half of what the best
/// of them deviate by on the way.
const NEAR_DB: f64 = 0.1;

/// `share` is hz/rate, between 0 and 1/2.
pub(super) fn design(shape: Shape, power: &Power, share: f64, q: f64, gain_db: f64) -> Biquad {
    let match_up = Match::new(power, 2.0 * share);
    let r = match_up.corner;
    // Where a fallback of first order is matched: a falling skirt asks for more of the top.
    let smooth = if shape == Shape::LowPass { [0.6, 0.88] } else { FIRST_ORDER };
    let found = match shape {
        Shape::HighPass => match_up.high_pass(q),
        Shape::BandPass | Shape::BandPassSkirt => {
            match_up.peak((0.75 * r * lower_edge(q)).min(0.42), edge_beside(0.87, r))
        }
        Shape::Notch => {
            let near = match r < 0.3 {
                true if q < 0.6 => (1.9 * r + 0.01).min(0.36),
                true => 1.1 * r,
                false => r * (0.93 - 0.07 / q).max(0.6),
            };
            match_up.notch(near, edge_beside(EDGE, r))
        }
        Shape::LowPass => {
            let near = if r < 0.6 { 0.68 } else { (r * lower_edge(q)).min(0.68) };
            match_up.peak(near, if r < LATE { edge_beside(0.89, r) } else { 0.8 })
        }
        Shape::Bell => match_up.peak(r * lower_edge(q).min(0.93), edge_beside(0.87, r)),
        Shape::LowShelf | Shape::HighShelf | Shape::Tilt => {
            let c = r.min(0.6);
            match_up.levels([0.45 * c, 0.87 * c, 1.27 * c, 0.89])
        }
        // Its magnitude is matched by anything.
        Shape::AllPass => None,
    };
    // Where five points ask for a pole and a zero that nearly cancel, they err on the way to having
    // no solution, and where a shelf has resonances they miss them; others, or three, do better there.
    // Scanned over corners up to 0.95 (high-passes 0.999) and gains up to 24 dB, unjudged against judged:
    let may_err = match shape {
        // a Q of 0.71 errs by 1.6 instead of 0.2 dB, of 1 by 0.3; from 1.2 to 5 the worst is the same, and
        // of 10 it errs by 0.39 at 0.85, where the edge comes to lie below the corner;
        Shape::LowPass => q < 1.5 || r >= LATE,
        // up to a Q of 100 nothing is nearer than the first solution; at 200 others are, by up to 10 dB;
        Shape::HighPass => q > 100.0,
        // up to a corner of 0.1 the others are nearer by 0.07 dB at most, from 0.4 on by up to 6.
        Shape::LowShelf | Shape::HighShelf | Shape::Tilt => r > 0.1 || q > RESONANT,
        _ => false,
    };
    let bilinear = || cookbook::design(shape, share, Width::Q(q), q, gain_db);
    let resonances = match shape {
        Shape::LowShelf | Shape::HighShelf | Shape::Tilt if q > RESONANT => {
            // Poles and zeros of a shelf lie at √A and 1/√A.
            let apart = math::exp10(shape.span_db(gain_db).abs() / 80.0);
            Some([r / apart, r * apart])
        }
        _ => None,
    };
    let judged = resonances.map(|resonances| least_max::places(resonances, q, TOP));
    let error_db = |found: &Biquad| match (&judged, shape) {
        // The first of them are the check frequencies.
        (Some(places), _) => {
            match_up.error_db(found, places.get(CHECKS.len()..).unwrap_or_default())
        }
        (None, Shape::HighPass) => match_up.error_db(found, &[r.min(0.9)]),
        (None, _) => match_up.error_db(found, &[]),
    };
    let (mut best, mut least) = match found {
        Some(found) if !may_err => return found,
        Some(found) => (found, error_db(&found)),
        None => (bilinear(), error_db(&bilinear())),
    };
    if least < NEAR_DB {
        return best;
    }
    let fitted = resonances.map_or([None; 2], |resonances| {
        [Some(TOP), least_max::reach(resonances)]
            .map(|top| match_up.least_max(&least_max::places(resonances, q, top?)))
    });
    let others = match shape {
        // Nothing else comes near: with all of these a scan to a Q of 100 has the same errors.
        _ if fitted.iter().any(Option::is_some) => [None; 3],
        Shape::LowPass => [
            match_up.peak((r * lower_edge(q)).min(0.68), edge_beside(0.89, r)),
            match_up.levels([0.3, 0.6, 0.8, 0.89]),
            match_up.smooth(smooth),
        ],
        Shape::LowShelf | Shape::HighShelf | Shape::Tilt => [
            match_up.levels([0.1, 0.3, 0.6, 0.9]),
            match_up.levels([0.6, 0.97, 1.4, 0.89 / r.min(0.6)].map(|share| share * r.min(0.6))),
            match_up.smooth(smooth),
        ],
        Shape::HighPass => [Some(bilinear()), None, match_up.smooth(smooth)],
        _ => [match_up.smooth(smooth), None, None],
    };
    let candidates = fitted.into_iter().chain(others);
    for candidate in candidates.flatten() {
        let error = error_db(&candidate);
        if error < least {
            (best, least) = (candidate, error);
        }
    }
    best
}

/// A first-order design: N and D have no t².
pub(super) fn first_order(power: &Power, share: f64) -> Option<Biquad> {
    Match::new(power, 2.0 * share).smooth(FIRST_ORDER)
}

/// Lower edge of the band of a resonance, as a share of its centre.
fn lower_edge(q: f64) -> f64 {
    let half = 0.5 / q;
    // √(1 + half²) − half without its cancellation.
    1.0 / (math::sqrt(1.0 + half * half) + half)
}

/// `wished`, or `instead` where that lies too near to the corner `r` to say anything new.
fn apart(wished: f64, instead: f64, r: f64) -> f64 {
    if (wished - r).abs() < 0.02 { instead } else { wished }
}

/// Where the error of the best high-pass turns between 0 Hz and the top, as shares of Nyquist: below and
/// above the resonance, by so many of its widths. Fitted to the true places, found by linear programming
/// for corners from 0.05 to 0.9 and Q 0.25 to 10; they need not be exact, for an error is flat where it turns.
fn extremes(r: f64, q: f64) -> [f64; 2] {
    // Lower ones have two poles apart; the upper turn stays where it is then.
    let fitted = q.max(0.25);
    let lower = lower_edge(fitted);
    let below = r * (0.83 - 0.81 * lower + r * r * (3.18 * lower - 1.31));
    let above = 1.84 * lower - 0.12 - r * (2.16 * lower - 0.04);
    // The edges of bands of Q q/(2·below) and q/(2·above).
    [r * lower_edge(0.5 * q / below.max(0.0)), r / lower_edge(0.5 * fitted / above)]
}

/// The edge, 0.02 or more from the corner `r`.
fn edge_beside(edge: f64, r: f64) -> f64 {
    apart(edge, if r < edge { r + 0.02 } else { r - 0.02 }, r)
}

/// What is to be matched: a prototype with its corner at a share of Nyquist.
pub(super) struct Match<'a> {
    power: &'a Power,
    corner: f64,
    /// sin²(w0/2).
    x0: f64,
}

/// One condition as a row of a linear system: factors of the unknowns, then the right side.
pub(super) type Row<const N: usize> = ([f64; N], f64);

impl<'a> Match<'a> {
    fn new(power: &'a Power, corner: f64) -> Self {
        let sine = math::sin(math::PI / 2.0 * corner);
        Self { power, corner, x0: sine * sine }
    }

    /// t and |H|² at a share of Nyquist.
    pub(super) fn point(&self, share: f64) -> (f64, f64) {
        let sine = math::sin(math::PI / 2.0 * share);
        let ratio = share / self.corner;
        (sine * sine / self.x0, self.power.at(ratio * ratio))
    }

    /// The denominator of |H|² at a share of Nyquist.
    pub(super) fn denominator(&self, share: f64) -> f64 {
        let u = share / self.corner * (share / self.corner);
        let [q0, q1, q2] = self.power.q;
        q0 + u * (q1 + u * q2)
    }

    /// |H|² at 0 Hz.
    pub(super) fn at_zero(&self) -> f64 {
        self.power.p[0] / self.power.q[0]
    }

    /// The condition that the magnitude at t is `m`, for the unknowns n1, n2, d1, d2.
    fn level(&self, (t, m): (f64, f64)) -> Row<4> {
        scaled([t, t * t, -m * t, -m * t * t], m - self.at_zero())
    }

    /// Level and slope at the corner, levels at two more shares of Nyquist.
    fn peak(&self, near: f64, edge: f64) -> Option<Biquad> {
        let half = math::PI / 2.0 * self.corner;
        let (m, by_u) = self.power.with_slope(1.0);
        let slope = by_u * math::tan(half) / half;
        let rows = [
            self.level((1.0, m)),
            scaled([1.0, 2.0, -slope - m, -slope - 2.0 * m], slope),
            self.level(self.point(near)),
            self.level(self.point(edge)),
        ];
        self.biquad(rows)
    }

    /// Levels at four shares of Nyquist.
    fn levels(&self, shares: [f64; 4]) -> Option<Biquad> {
        self.biquad(shares.map(|share| self.level(self.point(share))))
    }

    fn biquad(&self, rows: [Row<4>; 4]) -> Option<Biquad> {
        let [n1, n2, d1, d2] = solve(rows)?;
        self.factors([self.at_zero(), n1, n2], [1.0, d1, d2])
    }

    /// N = (1 − t)², so that the zeros lie on the unit circle; two levels. From N/M = D.
    fn notch(&self, near: f64, edge: f64) -> Option<Biquad> {
        let rows = [near, edge].map(|share| {
            let (t, m) = self.point(share);
            scaled([t, t * t], (1.0 - t) * (1.0 - t) / m - 1.0)
        });
        let [d1, d2] = solve(rows)?;
        // |1 − 2·cos(w0)·z⁻¹ + z⁻²|² = 16·(x0 − x)².
        let cos = math::cos(math::PI * self.corner);
        finite(cookbook::normalised([0.25, -0.5 * cos, 0.25], self.factor([1.0, d1, d2])?))
    }

    /// N = t², so that (1 − z⁻¹)² is exact. What is left is D/N = α·v² + β·v + γ with v = 1/t: three numbers,
    /// whose best choice errs by as much up as down, in turn, at four frequencies. D/N·|H|² = 1 ± e there.
    fn high_pass(&self, q: f64) -> Option<Biquad> {
        let r = self.corner;
        // A resonance above the top is still held: by and by, for it costs accuracy below. With a corner at
        // 0.95 a Q of 1 has no peak there to miss, and would err by 0.16 instead of 0.06 dB; from a Q of 5 on
        // it is held in full: unheld, it errs by 3 dB at Q 5 and by 37 at 7, held by 0.5 and 0.8 (to 0.97).
        let top = TOP + (r.min(0.95) + 0.02 - TOP).max(0.0) * ((q - 1.0) / 4.0).clamp(0.0, 1.0);
        let [low, high] = extremes(r, q);
        let low = low.min(0.95 * (top - 0.022));
        let high = high.max(1.05 * low).min(top - 0.022);
        // At 0 Hz |H|² is u², and v is 1/u times this.
        let flat = self.x0 / (math::PI / 2.0 * r * (math::PI / 2.0 * r));
        let at = |share: f64, sign: f64| {
            let (t, m) = self.point(share);
            scaled([m / (t * t), m / t, m, sign], 1.0)
        };
        let rows = [
            scaled([flat * flat, 0.0, 0.0, -1.0], 1.0),
            at(low, 1.0),
            at(high, -1.0),
            at(top, 1.0),
        ];
        let [d0, d1, d2, e] = solve(rows)?;
        // As far up as down in dB too.
        let even = (1.0 - e) * (1.0 + e);
        let scale = if even > 0.0 { 1.0 / math::sqrt(even) } else { return None };
        let first = self.factor([0.0, 0.0, 1.0])?[0];
        let poles = self.factor([d0 * scale, d1 * scale, d2 * scale])?;
        finite(cookbook::normalised([first, -2.0 * first, first], poles))
    }

    /// First order: levels at 0 Hz, at the corner or `below` it, and at the edge.
    fn smooth(&self, [below, edge]: [f64; 2]) -> Option<Biquad> {
        let rows = [self.corner.min(below), edge].map(|share| {
            let (t, m) = self.point(share);
            scaled([t, -m * t], m - self.at_zero())
        });
        let [n1, d1] = solve(rows)?;
        self.factors([self.at_zero(), n1, 0.0], [1.0, d1, 0.0])
    }

    /// The minimum-phase biquad of N and D.
    pub(super) fn factors(&self, n: [f64; 3], d: [f64; 3]) -> Option<Biquad> {
        finite(cookbook::normalised(self.factor(n)?, self.factor(d)?))
    }

    /// The polynomial in z⁻¹ whose squared magnitude is c0 + c1·t + c2·t², times x0.
    fn factor(&self, c: [f64; 3]) -> Option<[f64; 3]> {
        let at_zero = c[0] * self.x0 * self.x0;
        let slope = c[1] * self.x0;
        let at_nyquist = at_zero + slope + c[2];
        if !(at_zero >= 0.0 && at_nyquist >= 0.0) {
            return None;
        }
        let (even, odd) = (math::sqrt(at_zero), math::sqrt(at_nyquist));
        let difference = 2.0 * at_zero + slope + 2.0 * even * odd;
        // What is negative by rounding alone is a double zero, a notch.
        let rounding = 1e-13 * (2.0 * at_zero + slope.abs());
        if difference.is_nan() || difference < -rounding {
            return None;
        }
        let first = (even + odd + math::sqrt(difference.max(0.0))) / 4.0;
        let last = if first > 0.0 { c[2] / (16.0 * first) } else { 0.0 };
        Some([first, (even - odd) / 2.0, last])
    }

    /// Largest deviation from the prototype at the check frequencies and at some `more`, dB.
    fn error_db(&self, found: &Biquad, more: &[f64]) -> f64 {
        CHECKS.iter().chain(more).fold(0.0, |worst, &share| {
            let truth = power_to_db(self.point(share).1);
            let error = (found.response_db(share, 2.0) - truth).abs();
            if error > worst { error } else { worst }
        })
    }
}

/// The biquad, if there is one.
fn finite(found: Biquad) -> Option<Biquad> {
    found.b.iter().chain(&found.a).all(|c| c.is_finite()).then_some(found)
}

/// A row divided by its largest factor.
fn scaled<const N: usize>(factors: [f64; N], right: f64) -> Row<N> {
    let largest = factors.iter().fold(right.abs(), |most, f| most.max(f.abs()));
    if largest > 0.0 { (factors.map(|f| f / largest), right / largest) } else { (factors, right) }
}

/// Gaussian elimination with pivots by column.
pub(super) fn solve<const N: usize>(mut rows: [Row<N>; N]) -> Option<[f64; N]> {
    for column in 0..N {
        let mut best = column;
        for row in column..N {
            if factor_of(&rows, row, column)?.abs() > factor_of(&rows, best, column)?.abs() {
                best = row;
            }
        }
        let pivot = *rows.get(best)?;
        *rows.get_mut(best)? = *rows.get(column)?;
        *rows.get_mut(column)? = pivot;
        let leading = *pivot.0.get(column)?;
        for (factors, right) in rows.iter_mut().skip(column + 1) {
            let share = *factors.get(column)? / leading;
            for (to, from) in factors.iter_mut().zip(&pivot.0) {
                *to -= share * from;
            }
            *right -= share * pivot.1;
        }
    }
    let mut found = [0.0; N];
    for column in (0..N).rev() {
        let (factors, mut right) = *rows.get(column)?;
        for (factor, known) in factors.iter().zip(&found).skip(column + 1) {
            right -= factor * known;
        }
        *found.get_mut(column)? = right / *factors.get(column)?;
    }
    found.iter().all(|x| x.is_finite()).then_some(found)
}

fn factor_of<const N: usize>(rows: &[Row<N>; N], row: usize, column: usize) -> Option<f64> {
    rows.get(row)?.0.get(column).copied()
}
