//! The static curve: how much gain belongs to a level, dB.
//!
//! Three bends in one curve, each with a soft knee and a limit of its own:
//!
//! > above the threshold:            G falls by (1 − 1/R) dB per dB, at most by the range
//! > below the upward threshold:    G rises by (1 − 1/R) dB per dB, at most by the upward range
//! > below the expander's threshold: G falls by (R − 1) dB per dB, at most by the expander's range
//!
//! With d the distance from the corner and W the knee, over(d, W) = clamp(d + W/2, 0, W)²/(2W) +
//! max(d − W/2, 0) takes the place of max(d, 0): it starts at d = −W/2, ends on the straight line at
//! d = W/2 and has no bend between. The limit has a knee of the same kind, as wide as the first one
//! is in the gain (slope·W, at most twice the limit), so the whole curve has a continuous slope.
//!
//! # Feed-back
//! A detector that listens to the output with a share k hears X + k·G. So that the straight parts
//! keep their ratio, the slope s = 1 − 1/R of the first two bends becomes s/(1 − k·s), which for
//! k = 1 is R − 1. The knee then is W wide in what the detector hears, so it begins at the same
//! level and ends later. The expander always listens to the input: in a loop it would latch.
//!
//! Source: D. Giannoulis, M. Massberg, J. D. Reiss, "Digital Dynamic Range Compressor Design: A
//! Tutorial and Analysis", JAES 60(6), 2012 (the quadratic knee; the form without branches and the
//! limits are ours).

use crate::kernels::{CurveSection, Knee};

/// Bends of a curve: above the threshold, below the upward one, below the expander's.
const SECTIONS: usize = 3;

/// Halvings of the search for the steady state of a loop: 500 dB down to 1e-12 dB.
const HALVINGS: u32 = 50;

/// What a curve is made from; levels, ranges and knee in dB, ratios n:1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape {
    pub(super) threshold_db: f64,
    pub(super) ratio: f64,
    pub(super) range_db: f64,
    pub(super) upward_threshold_db: f64,
    pub(super) upward_ratio: f64,
    pub(super) upward_range_db: f64,
    pub(super) expander_threshold_db: f64,
    pub(super) expander_ratio: f64,
    pub(super) expander_range_db: f64,
    pub(super) knee_db: f64,
    /// Share of the output in what the detector hears, 0 to 1.
    pub(super) feedback: f64,
}

/// One bend.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Section {
    edge: f64,
    direction: f64,
    slope: f64,
    sign: f64,
    knee: f64,
    limit: f64,
    limit_knee: f64,
}

impl Section {
    fn new([edge, slope, limit, knee]: [f64; 4], direction: f64, sign: f64) -> Self {
        let limit_knee = (knee * slope).min(2.0 * limit);
        Self { edge, direction, slope, sign, knee, limit, limit_knee }
    }

    /// Gain change at a level, dB.
    #[inline]
    fn gain_db(&self, level_db: f64) -> f64 {
        let d = (level_db - self.edge) * self.direction;
        // Where nothing is asked for, or nothing limited, `over` is 0: the loops of feed-back are
        // long enough without it.
        if self.slope == 0.0 || d <= -0.5 * self.knee {
            return 0.0;
        }
        let r = over(d, self.knee) * self.slope;
        let beyond = r - self.limit;
        if beyond <= -0.5 * self.limit_knee {
            return r * self.sign;
        }
        (r - over(beyond, self.limit_knee)) * self.sign
    }

    fn kernel(&self) -> CurveSection {
        #[expect(clippy::cast_possible_truncation, reason = "control values")]
        CurveSection {
            edge: self.edge as f32,
            direction: self.direction as f32,
            slope: self.slope as f32,
            sign: self.sign as f32,
            knee: Knee::new(self.knee),
            limit: self.limit as f32,
            limit_knee: Knee::new(self.limit_knee),
        }
    }
}

/// A static curve, ready to be asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Curve {
    /// Down, up, expander; those that do nothing have no slope.
    sections: [Section; SECTIONS],
    /// Those that do something, for the kernel.
    kernel: [CurveSection; SECTIONS],
    active: usize,
    /// Share of the output in what the detector hears.
    pub(super) feedback: f64,
}

impl Curve {
    /// The curve of a shape.
    pub(super) fn design(shape: &Shape) -> Self {
        let in_loop = |ratio: f64| {
            let slope = 1.0 - 1.0 / ratio;
            slope / (1.0 - shape.feedback * slope)
        };
        let knee = shape.knee_db;
        let sections = [
            Section::new(
                [shape.threshold_db, in_loop(shape.ratio), shape.range_db, knee],
                1.0,
                -1.0,
            ),
            Section::new(
                [
                    shape.upward_threshold_db,
                    in_loop(shape.upward_ratio),
                    shape.upward_range_db,
                    knee,
                ],
                -1.0,
                1.0,
            ),
            Section::new(
                [
                    shape.expander_threshold_db,
                    shape.expander_ratio - 1.0,
                    shape.expander_range_db,
                    knee,
                ],
                -1.0,
                -1.0,
            ),
        ];
        let mut kernel = [CurveSection::default(); SECTIONS];
        let mut active = 0;
        let bends = sections.iter().filter(|section| section.slope > 0.0 && section.limit > 0.0);
        for (slot, section) in kernel.iter_mut().zip(bends) {
            *slot = section.kernel();
            active += 1;
        }
        Self { sections, kernel, active, feedback: shape.feedback }
    }

    /// The bends for [`crate::kernels::gain_curve`]; right only without feed-back.
    pub(super) fn kernel(&self) -> &[CurveSection] {
        self.kernel.get(..self.active).unwrap_or_default()
    }

    /// Gain at an input level where the detector hears `heard_db`, dB.
    #[inline]
    pub(super) fn gain_in_loop_db(&self, input_db: f64, heard_db: f64) -> f64 {
        let [down, up, expander] = &self.sections;
        down.gain_db(heard_db) + up.gain_db(heard_db) + expander.gain_db(input_db)
    }

    /// By how much the loop is faster than its time constants: 1 + k·slope.
    pub(super) fn loop_speed(&self) -> f64 {
        let [down, up, _] = &self.sections;
        1.0 + self.feedback * (down.slope + up.slope)
    }

    /// Gain at a steady input level, dB.
    pub(super) fn gain_db(&self, input_db: f64) -> f64 {
        if self.feedback == 0.0 {
            return self.gain_in_loop_db(input_db, input_db);
        }
        // G − gain(X + k·G) rises with G, so there is one steady state.
        let [down, up, expander] = &self.sections;
        let (mut low, mut high) = (-down.limit - expander.limit, up.limit);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if self.gain_in_loop_db(input_db, input_db + self.feedback * middle) > middle {
                low = middle;
            } else {
                high = middle;
            }
        }
        0.5 * (low + high)
    }
}

/// How far `d` lies above 0, with a knee of a width.
#[inline]
fn over(d: f64, width: f64) -> f64 {
    let half = 0.5 * width;
    if d >= half {
        return d;
    }
    // Here width > 0: at a hard corner d is at or above its half or was not asked for.
    let u = (d + half).max(0.0);
    if width > 1e-6 { u * u / (2.0 * width) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        threshold_db: -20.0,
        ratio: 4.0,
        range_db: 60.0,
        upward_threshold_db: -50.0,
        upward_ratio: 1.0,
        upward_range_db: 6.0,
        expander_threshold_db: -60.0,
        expander_ratio: 1.0,
        expander_range_db: 20.0,
        knee_db: 6.0,
        feedback: 0.0,
    };

    #[test]
    fn four_to_one_by_hand() {
        let curve = Curve::design(&SHAPE);
        // 20 dB over the threshold come out 5 dB over it.
        assert_eq!(curve.gain_db(0.0), -15.0);
        // At the threshold: (1 − 1/4)·3²/(2·6) = 0.5625 dB of reduction.
        assert_eq!(curve.gain_db(-20.0), -0.5625);
        assert_eq!(curve.gain_db(-23.0), 0.0);
        assert_eq!(curve.kernel().len(), 1);
    }

    #[test]
    fn every_range_is_reached_and_kept() {
        /// A few roundings of numbers below 128.
        const ROUNDING_DB: f64 = 1e-12;
        let curve = Curve::design(&Shape {
            range_db: 9.0,
            upward_ratio: 3.0,
            expander_threshold_db: -80.0,
            expander_ratio: 5.0,
            ..SHAPE
        });
        for (x, expected) in [(20.0, -9.0), (-70.0, 6.0), (-150.0, 6.0 - 20.0)] {
            assert!((curve.gain_db(x) - expected).abs() < ROUNDING_DB, "{x}");
        }
        assert_eq!(curve.kernel().len(), 3);
    }

    #[test]
    fn the_slope_has_no_jump() {
        /// The slope changes by at most s²·(1/W + 1/W) per dB in the knees; in a step of 0.01 dB.
        const STEP: f64 = 0.01;
        for feedback in [0.0, 0.5, 1.0] {
            let curve = Curve::design(&Shape {
                range_db: 9.0,
                upward_ratio: 3.0,
                expander_threshold_db: -80.0,
                expander_ratio: 3.0,
                feedback,
                ..SHAPE
            });
            let mut slope = 0.0;
            for n in 1..15_000 {
                let x = 20.0 - f64::from(n) * STEP;
                let next = (curve.gain_db(x + STEP) - curve.gain_db(x)) / STEP;
                assert!((next - slope).abs() < 0.02, "{x} dB: {slope} {next}");
                slope = next;
            }
        }
    }

    #[test]
    fn a_loop_keeps_the_ratio_above_its_knee() {
        /// The bisection's last interval.
        const SEARCH_DB: f64 = 1e-9;
        for feedback in [0.25, 0.5, 1.0] {
            let curve = Curve::design(&Shape { feedback, ..SHAPE });
            for x in [0.0, 10.0, 20.0] {
                let expected = -0.75 * (x + 20.0);
                assert!((curve.gain_db(x) - expected).abs() < SEARCH_DB, "{feedback} {x}");
            }
            assert!(curve.gain_db(-30.0).abs() < SEARCH_DB);
        }
    }
}
