//! The way a gain takes from one level to another.
//!
//! With t from 0 to 1 along the ramp and a, b the two gains (amplitude ratios):
//!
//! - linear: g = a + (b − a)·t
//! - dB-linear: 20·log10(g) moves in a straight line; below -100 dB g itself does, so that zero is
//!   reached and left
//! - raised cosine: g = a + (b − a)·(1 − cos πt)/2
//!
//! What is heard of a ramp as a click is what it leaves far above the signal. Measured on a
//! full-scale 100 Hz sine at 48 kHz under a step of 20 dB, above 5 kHz, the worst of several phases
//! of the sine and places on the grid (asserted in `tests/all/fader.rs`). First the energy: dBFS
//! RMS over the ramp; then the largest sample, dBFS:
//!
//! | shape | 20 ms | 10 ms | 5 ms | 20 ms, to zero |
//! |---|---|---|---|---|
//! | linear | -92.5 / -67.2 | -82.2 / -61.2 | -72.8 / -55.2 | -91.6 / -66.3 |
//! | dB-linear | -85.8 / -59.2 | -76.9 / -53.3 | -68.1 / -47.6 | -70.8 / -44.3 |
//! | raised cosine | -103.0 / -84.1 | -89.9 / -72.8 | -76.6 / -60.5 | -102.1 / -83.1 |
//!
//! The bound of the level layer, -80 dBFS above 5 kHz, is meant as **energy**, RMS over the ramp: what
//! a listener gets of a click is its energy, and the peak is a matter of the few samples around the
//! corner where a straight way starts or ends. All shapes keep it at the default 20 ms, linear and
//! raised cosine at 10 ms. The raised cosine has no corner, so it keeps -80 dBFS as a peak too, 25 dB
//! below the dB-linear way. At 5 ms no shape keeps the bound: the way itself is as fast as that.

use super::travel;
use crate::math;
use crate::units::{DB_FLOOR, db_to_gain, gain_to_db};

/// How a gain moves between two levels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum RampShape {
    /// Straight in amplitude.
    Linear,
    /// Straight in decibels, as a hand moves a fader; below -100 dB straight in amplitude.
    #[default]
    DbLinear,
    /// Half a period of a cosine in amplitude: starts and ends without a corner.
    RaisedCosine,
}

impl RampShape {
    /// The gain a share `t` (0 to 1) of the way between two levels in dB; -inf is zero.
    #[must_use]
    pub fn gain_between(self, from_db: f64, to_db: f64, t: f64) -> f64 {
        match self {
            Self::DbLinear => db_to_gain(self.db_between(from_db, to_db, t)),
            Self::Linear | Self::RaisedCosine => {
                let (from, to) = (db_to_gain(from_db), db_to_gain(to_db));
                from + (to - from) * self.way(t)
            }
        }
    }

    /// The level a share `t` (0 to 1) of the way between two levels, all in dB.
    #[must_use]
    pub fn db_between(self, from_db: f64, to_db: f64, t: f64) -> f64 {
        match self {
            Self::DbLinear if from_db.min(to_db) >= DB_FLOOR => from_db + (to_db - from_db) * t,
            Self::DbLinear => travel(from_db, to_db, t),
            Self::Linear | Self::RaisedCosine => gain_to_db(self.gain_between(from_db, to_db, t)),
        }
    }

    /// How much of the way is done when a share `t` of the time is over, in the shape's own scale.
    #[must_use]
    pub(crate) fn way(self, t: f64) -> f64 {
        match self {
            Self::Linear | Self::DbLinear => t,
            Self::RaisedCosine => math::half_cosine(t),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_shapes_agree_on_the_ends_and_differ_half_way() {
        for shape in [RampShape::Linear, RampShape::DbLinear, RampShape::RaisedCosine] {
            assert_eq!(shape.gain_between(0.0, -20.0, 0.0), 1.0);
            assert!((shape.gain_between(0.0, -20.0, 1.0) - 0.1).abs() < 1e-15);
        }
        assert_eq!(RampShape::DbLinear.db_between(0.0, -20.0, 0.5), -10.0);
        assert!((RampShape::Linear.gain_between(0.0, -20.0, 0.5) - 0.55).abs() < 1e-15);
        assert!((RampShape::RaisedCosine.gain_between(0.0, -20.0, 0.25) - 0.868_198).abs() < 1e-6);
    }
}
