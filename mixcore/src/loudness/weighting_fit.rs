//! A frequency weighting at any sample rate: the digital filter of an analogue prototype.
//!
//! > p = e^(s/fs) for every pole s of the prototype (the same decay in seconds)
//! > B = (4u)^z·P(u), u = sin²(ω/2): minimum over P of Σ (P / (T·A) − 1)²
//!
//! with z the zeros at 0 Hz, 1/A the squared magnitude of the poles and T the wanted one without its
//! zeros, over 64 frequencies from 0 to 0.45 fs. Two more poles, at −0.4 and −0.7, bend the response
//! to the level tangent that every digital filter has at half the rate: with them a P of degree 4
//! (A) or 5 (M) stays within 0.0015 dB, without them it would be 0.042 and 0.016 dB off. Pole pairs
//! above half the rate are left out. The zeros are the minimum-phase roots of B (an energy has no
//! phase), and the gain is exact at one frequency. The method is that of [`super::KWeighting`]'s shelf.
//!
//! NOTE: the bilinear transform, which many meters use, reads the A-weighting 2.67 dB low at 12.5 kHz
//! at 48 kHz.

use super::least_squares::LeastSquares;
use crate::filters::Biquad;
use crate::kernels::CASCADE_SECTIONS;
use crate::math;

/// The fit ends here, as a share of the rate.
const FIT_TOP: f64 = 0.45;
/// Frequencies of the fit: four times as many change the response by less than 1e-9 dB.
const FIT_POINTS: u32 = 64;
/// Highest degree of P.
const MAX_DEGREE: usize = 5;
/// The two additional poles: of the pairs tried between −0.4 and −0.75 these leave least.
const NYQUIST_POLES: [f64; 2] = [-0.4, -0.7];
/// The frequency at which the gain is exact lies at most here, as a share of the rate.
const ANCHOR_TOP: f64 = 0.25;

/// An analogue weighting: zeros at 0 Hz, poles, and its gain at one frequency.
#[derive(Debug)]
pub(super) struct Prototype {
    /// Zeros at 0 Hz.
    pub(super) zeros: usize,
    /// Decays of the real poles, 1/s; an even number.
    pub(super) real_poles: &'static [f64],
    /// Decay and angular frequency of the pole pairs, 1/s.
    pub(super) pole_pairs: &'static [(f64, f64)],
    /// Where the gain is given, Hz.
    pub(super) anchor_hz: f64,
    /// The gain there, dB.
    pub(super) anchor_db: f64,
    /// Degree of P.
    pub(super) degree: usize,
}

/// Two poles of a section.
#[derive(Clone, Copy)]
enum Poles {
    Real(f64, f64),
    /// Radius and angle.
    Pair(f64, f64),
}

impl Poles {
    fn denominator(self) -> [f64; 2] {
        match self {
            Self::Real(p, q) => [-(p + q), p * q],
            Self::Pair(radius, angle) => [-2.0 * radius * math::cos(angle), radius * radius],
        }
    }

    /// Squared magnitude of the denominator at the angle `w`, without cancellation.
    fn distance(self, w: f64) -> f64 {
        // |1 − r e^(i(w − φ))|² = (1 − r)² + 4 r sin²((w − φ)/2).
        let from = |radius: f64, w: f64| {
            (1.0 - radius) * (1.0 - radius) + 4.0 * radius * half_sine_squared(w)
        };
        match self {
            Self::Real(p, q) => from(p, w) * from(q, w),
            Self::Pair(radius, angle) => from(radius, w - angle) * from(radius, w + angle),
        }
    }
}

impl Prototype {
    /// Squared magnitude without the gain, at an angular frequency; both that and the poles are
    /// measured in `unit`, 1/s.
    fn shape(&self, w: f64, unit: f64) -> f64 {
        let zeros: f64 = (0..self.zeros).map(|_| w * w).product();
        let real: f64 = self.real_poles.iter().map(|s| w * w + (s / unit) * (s / unit)).product();
        let pairs: f64 = self
            .pole_pairs
            .iter()
            .map(|&(s, v)| {
                let (s, v) = (s / unit, v / unit);
                (s * s + (w - v) * (w - v)) * (s * s + (w + v) * (w + v))
            })
            .product();
        zeros / (real * pairs)
    }

    /// Gain at `hz`, dB; -inf at 0 Hz.
    pub(super) fn response_db(&self, hz: f64) -> f64 {
        let shape = |hz: f64| self.shape(2.0 * math::PI * hz, 1.0);
        self.anchor_db + 10.0 * math::log10(shape(hz) / shape(self.anchor_hz))
    }

    /// The digital filter for a sample rate, all poles and zeros inside the unit circle or at 0 Hz.
    pub(super) fn design(&self, rate_hz: f64) -> [Biquad; CASCADE_SECTIONS] {
        let poles = self.poles(rate_hz);
        let zeros = self.numerators(&self.fit(rate_hz, &poles));
        let mut sections: [Biquad; CASCADE_SECTIONS] =
            core::array::from_fn(|n| Biquad { b: zeros[n], a: poles[n].denominator() });
        let anchor_hz = self.anchor_hz.min(ANCHOR_TOP * rate_hz);
        let gain: f64 =
            sections.iter().map(|section| section.gain_at(anchor_hz, rate_hz)).product();
        let gain = math::exp10(self.response_db(anchor_hz) / 20.0) / gain;
        sections[0].b = sections[0].b.map(|b| b * gain);
        sections
    }

    /// The poles, two for each section.
    fn poles(&self, rate_hz: f64) -> [Poles; CASCADE_SECTIONS] {
        let decay = |s: f64| math::exp(-s / rate_hz);
        let real = self
            .real_poles
            .as_chunks()
            .0
            .iter()
            .map(|&[s, t]: &[f64; 2]| Poles::Real(decay(s), decay(t)));
        let pairs = self
            .pole_pairs
            .iter()
            .filter(|(_, w)| *w < math::PI * rate_hz)
            .map(|&(s, w)| Poles::Pair(decay(s), w / rate_hz));
        let [p, q] = NYQUIST_POLES;
        let mut poles = [Poles::Real(0.0, 0.0); CASCADE_SECTIONS];
        let all = real.chain(pairs).chain([Poles::Real(p, q)]);
        for (slot, pole) in poles.iter_mut().zip(all) {
            *slot = pole;
        }
        poles
    }

    /// The coefficients of P over u in units of its largest value, the constant first.
    fn fit(&self, rate_hz: f64, poles: &[Poles; CASCADE_SECTIONS]) -> [f64; MAX_DEGREE + 1] {
        let terms = self.degree + 1;
        let mut fit = LeastSquares::<{ MAX_DEGREE + 1 }, { MAX_DEGREE + 2 }>::new();
        for point in 0..FIT_POINTS {
            // Chebyshev points: close together at both ends, where a fit tends to run off.
            let turn = math::PI * (f64::from(point) + 0.5) / f64::from(FIT_POINTS);
            let w = math::PI * FIT_TOP * (1.0 - math::cos(turn));
            let u = half_sine_squared(w);
            let zeros: f64 = (0..self.zeros).map(|_| 4.0 * u).product();
            let denominator: f64 = poles.iter().map(|pole| pole.distance(w)).product();
            let wanted = self.shape(w, rate_hz) / zeros * denominator;
            // Its unused columns stay 0; the last one is the right side.
            let mut row = [0.0; MAX_DEGREE + 2];
            let mut power = 1.0 / wanted;
            for entry in row.iter_mut().take(terms) {
                *entry = power;
                power *= u / top();
            }
            row[MAX_DEGREE + 1] = 1.0;
            fit.add(row);
        }
        fit.solve(terms)
    }

    /// The numerators of the sections, each with a leading 1: the zeros at 0 Hz and the roots of P
    /// inside the unit circle, in pairs.
    fn numerators(&self, p: &[f64; MAX_DEGREE + 1]) -> [[f64; 3]; CASCADE_SECTIONS] {
        // Zeros at 0 Hz lie at 1.
        let mut real = [1.0; 2 * CASCADE_SECTIONS];
        let mut real_count = self.zeros;
        let mut numerators = [[1.0, 0.0, 0.0]; CASCADE_SECTIONS];
        let mut count = 0;
        let mut roots = roots(p, self.degree);
        let roots = &mut roots[..self.degree];
        // Conjugates lie at the same distance from both ends then.
        roots.sort_unstable_by(|a, b| b.im.total_cmp(&a.im));
        let pairs = roots.iter().filter(|root| root.im > REAL).count().min(self.degree / 2);
        for root in &roots[..pairs] {
            let zero = zero_inside(*root);
            numerators[count] = [1.0, -2.0 * zero.re, zero.re * zero.re + zero.im * zero.im];
            count += 1;
        }
        for root in &roots[pairs..self.degree - pairs] {
            real[real_count] = zero_inside(Complex { re: root.re, im: 0.0 }).re;
            real_count += 1;
        }
        let real = &mut real[..real_count];
        real.sort_unstable_by(|a, b| b.total_cmp(a));
        for pair in real.chunks(2) {
            let (a, b) = (pair[0], pair.get(1).copied().unwrap_or(0.0));
            numerators[count] = [1.0, -(a + b), a * b];
            count += 1;
        }
        // The real ones first: those at 0 Hz belong to the slowest poles.
        numerators[..count].rotate_right(real.len().div_ceil(2));
        numerators
    }
}

/// sin²(w/2).
fn half_sine_squared(w: f64) -> f64 {
    let half = math::sin(0.5 * w);
    half * half
}

/// u at the end of the fit.
fn top() -> f64 {
    half_sine_squared(2.0 * math::PI * FIT_TOP)
}

/// A complex number.
#[derive(Clone, Copy)]
struct Complex {
    re: f64,
    im: f64,
}

impl Complex {
    fn times(self, other: Self) -> Self {
        let Self { re, im } = other;
        Self { re: self.re * re - self.im * im, im: self.re * im + self.im * re }
    }

    fn over(self, other: Self) -> Self {
        let size = other.re * other.re + other.im * other.im;
        let Self { re, im } = self.times(Self { re: other.re, im: -other.im });
        Self { re: re / size, im: im / size }
    }

    fn minus(self, other: Self) -> Self {
        Self { re: self.re - other.re, im: self.im - other.im }
    }
}

/// Turns of the iteration: it was at rest after 17 at each of 600 rates; near a double root it
/// takes one turn for each bit.
const TURNS: usize = 80;
/// Imaginary parts up to this are rounding: simple roots have 1e-15, double ones 1e-8 and then a pair
/// makes no difference to two equal real ones.
const REAL: f64 = 1e-9;

/// The values 1/u at which P is 0, by the iteration of Weierstrass (Durand and Kerner).
///
/// In 1/u, because P is about 1 at u = 0, so that its degree in 1/u is sure.
fn roots(p: &[f64; MAX_DEGREE + 1], degree: usize) -> [Complex; MAX_DEGREE] {
    let mut roots = [Complex { re: 1.0, im: 0.0 }; MAX_DEGREE];
    // The usual start: powers of a number that is neither real nor of length 1.
    let mut start = Complex { re: 1.0, im: 0.0 };
    for root in &mut roots {
        *root = start;
        start = start.times(Complex { re: 0.4, im: 0.9 });
    }
    for _ in 0..TURNS {
        for n in 0..degree {
            let x = roots[n];
            let mut value = Complex { re: 1.0, im: 0.0 };
            for coefficient in &p[1..=degree] {
                value = value.times(x);
                value.re += coefficient / p[0];
            }
            for (other, root) in roots[..degree].iter().enumerate() {
                if other != n {
                    value = value.over(x.minus(*root));
                }
            }
            roots[n] = x.minus(value);
        }
    }
    roots.map(|Complex { re, im }| Complex { re: re / top(), im: im / top() })
}

/// The zero inside the unit circle that belongs to a root v = 1/u.
///
/// 4u = 2 − z − 1/z has the solution z = (q − 1)/(q + 1), q = √(1 − v).
fn zero_inside(v: Complex) -> Complex {
    let (re, im) = (1.0 - v.re, -v.im);
    let half = math::sqrt(0.5 * (math::hypot(re, im) + re));
    let q = Complex { re: half, im: if im == 0.0 { 0.0 } else { im / (2.0 * half) } };
    Complex { re: q.re - 1.0, im: q.im }.over(Complex { re: q.re + 1.0, im: q.im })
}
