//! What a soft clipper takes away, and its antiderivative.
//!
//! With the threshold t, the ceiling c, w = c − t, u = (|x| − t)/w and a shape s that begins with
//! the slope 1 and ends at 1:
//!
//! > f(x) = x for |x| ≤ t, else ±(t + w·s(u)); ρ(x) = x − f(x) is what is taken away
//! > P(x) = ∫ρ = w²·Q(u), Q(u) = ∫(u − s(u)); 0 for |x| ≤ t
//!
//! | shape | s(u) | Q(u) |
//! |---|---|---|
//! | cubic | u − 4u³/27, 1 from u = 3/2 on | u⁴/27, then u²/2 − u + 9/16 |
//! | algebraic | u/√(1 + u²) | (√(1 + u²) − 1)²/2 |
//! | tanh | tanh u | u²/2 − ln cosh u |
//! | hard | min(u, 1) with w → 0 | P = (\|x\| − c)²/2 |
//!
//! # Antiderivative anti-aliasing
//! > r\[n − ½\] = (P(x\[n\]) − P(x\[n − 1\]))/(x\[n\] − x\[n − 1\])
//!
//! is the mean of ρ over the straight line between two samples: the line is clipped in continuous
//! time and then sampled, so what folds back is that much weaker. Where the samples are too close
//! for the difference, r is ρ of their middle.
//!
//! Source: J. D. Parker, V. Zavalishin, E. Le Bivic, "Reducing the Aliasing of Nonlinear Waveshaping
//! Using Continuous-Time Convolution", DAFx-16, 2016, for the first-order form.

use crate::math;

/// How what exceeds the threshold bends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ClipShape {
    /// A cubic that reaches the ceiling at one and a half times its room: overtones end early.
    #[default]
    Cubic,
    /// u/√(1 + u²): approaches the ceiling slowly.
    Algebraic,
    /// The hyperbolic tangent: approaches it faster.
    Tanh,
    /// A corner at the ceiling, whatever the softness.
    Hard,
}

/// Samples this close for their size have their middle taken: the difference of P has lost half of
/// its digits there, and the middle is as exact.
pub(super) const CLOSE: f64 = 1e-6;

/// A shape with its threshold and ceiling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Clip {
    pub(super) shape: ClipShape,
    pub(super) threshold: f64,
    pub(super) ceiling: f64,
}

impl Clip {
    /// The room between threshold and ceiling.
    pub(super) fn room(&self) -> f64 {
        self.ceiling - self.threshold
    }

    /// u and w; none where nothing bends.
    fn bend(&self, x: f64) -> Option<(f64, f64)> {
        let w = self.room();
        (w > 0.0 && self.shape != ClipShape::Hard).then(|| ((x.abs() - self.threshold) / w, w))
    }

    /// Where it begins to take away.
    pub(super) fn begins(&self) -> f64 {
        if self.shape == ClipShape::Hard { self.ceiling } else { self.threshold }
    }

    /// What is taken away from a sample, with its sign.
    pub(super) fn excess(&self, x: f64) -> f64 {
        let over = x.abs() - self.begins();
        if over <= 0.0 {
            return 0.0;
        }
        let taken = match self.bend(x) {
            None => over,
            Some((u, w)) => {
                w * match self.shape {
                    ClipShape::Cubic if u < 1.5 => 4.0 / 27.0 * u * u * u,
                    ClipShape::Cubic | ClipShape::Hard => u - 1.0,
                    ClipShape::Algebraic => u - u / math::sqrt(1.0 + u * u),
                    ClipShape::Tanh => {
                        let e = math::exp(-2.0 * u);
                        u - (1.0 - e) / (1.0 + e)
                    }
                }
            }
        };
        if x < 0.0 { -taken } else { taken }
    }

    /// P(x).
    pub(super) fn primitive(&self, x: f64) -> f64 {
        let over = x.abs() - self.begins();
        if over <= 0.0 {
            return 0.0;
        }
        match self.bend(x) {
            None => 0.5 * over * over,
            Some((u, w)) => {
                w * w
                    * match self.shape {
                        ClipShape::Cubic if u < 1.5 => (u * u) * (u * u) / 27.0,
                        ClipShape::Cubic | ClipShape::Hard => 0.5 * u * u - u + 0.5625,
                        ClipShape::Algebraic => {
                            let root = u * u / (1.0 + math::sqrt(1.0 + u * u));
                            0.5 * root * root
                        }
                        // ln cosh u = u + ln(1 + e^(−2u)) − ln 2
                        ClipShape::Tanh => {
                            let ln_cosh = u + math::log(1.0 + math::exp(-2.0 * u)) - LN_2;
                            0.5 * u * u - ln_cosh
                        }
                    }
            }
        }
    }

    /// The mean of what is taken away on the line between two samples.
    pub(super) fn mean_excess(&self, x0: f64, x1: f64) -> f64 {
        let begins = self.begins();
        if x0.abs() <= begins && x1.abs() <= begins {
            return 0.0;
        }
        let step = x1 - x0;
        if step.abs() <= CLOSE * (x0.abs() + x1.abs()) {
            return self.excess(0.5 * (x0 + x1));
        }
        (self.primitive(x1) - self.primitive(x0)) / step
    }
}

/// ln 2.
const LN_2: f64 = core::f64::consts::LN_2;

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPES: [ClipShape; 4] =
        [ClipShape::Cubic, ClipShape::Algebraic, ClipShape::Tanh, ClipShape::Hard];

    #[test]
    fn the_primitive_is_the_integral() {
        /// Simpson's rule over 2000 steps; the corner of the hard shape lies between two of them.
        const QUADRATURE: f64 = 1e-6;
        for shape in SHAPES {
            let clip = Clip { shape, threshold: 0.5, ceiling: 0.9 };
            for (a, b) in [(-1.4, 2.0), (0.2, 0.7), (0.45, 0.55), (0.95, 3.0), (-0.3, 0.3)] {
                let n = 2000;
                let h = (b - a) / f64::from(n);
                let sum: f64 = (0..=n)
                    .map(|k| {
                        let weight =
                            if k == 0 || k == n { 1.0 } else { f64::from(2 + 2 * (k % 2)) };
                        weight * clip.excess(a + f64::from(k) * h)
                    })
                    .sum();
                let mean = sum * h / 3.0 / (b - a);
                let got = clip.mean_excess(a, b);
                assert!((got - mean).abs() < QUADRATURE, "{shape:?} {a} {b}: {got} {mean}");
            }
        }
    }

    #[test]
    fn close_samples_and_distant_ones_agree() {
        /// CLOSE² and half the digits of P.
        const HALF_THE_DIGITS: f64 = 1e-9;
        for shape in SHAPES {
            let clip = Clip { shape, threshold: 0.4, ceiling: 0.8 };
            for x in [0.5, 0.95, 1.1, 3.0, -0.7] {
                for step in [1e-7, 1e-6, 3e-6, 1e-5] {
                    let got = clip.mean_excess(x, x + step);
                    let expected = clip.excess(x + 0.5 * step);
                    assert!((got - expected).abs() < HALF_THE_DIGITS, "{shape:?} {x} {step}");
                }
            }
        }
    }

    #[test]
    fn by_hand() {
        let cubic = Clip { shape: ClipShape::Cubic, threshold: 0.5, ceiling: 1.0 };
        // u = 1: 4/27 of the room of 0.5.
        assert!((cubic.excess(1.0) - 2.0 / 27.0).abs() < 1e-15);
        assert_eq!(cubic.excess(-2.0), -1.0);
        assert_eq!(cubic.excess(0.5), 0.0);
        let hard = Clip { shape: ClipShape::Hard, ..cubic };
        assert_eq!((hard.excess(0.9), hard.excess(1.25)), (0.0, 0.25));
        // From 0 to 2: half of the line is 0.5 over on average.
        assert_eq!(hard.mean_excess(0.0, 2.0), 0.25);
    }
}
