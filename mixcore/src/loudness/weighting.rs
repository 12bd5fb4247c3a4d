//! Frequency weightings: how a level counts low, middle and high frequencies.
//!
//! A names the ear at low levels (IEC 61672-1), M the annoyance of cinema sound (ISO 21727, the
//! ITU-R BS.468 network 5.6 dB lower), Z nothing at all. The K-weighting of loudness is
//! [`super::KWeighting`].
//!
//! The filters are fitted to the analogue curves at every rate (`weighting_fit.rs`): within 0.003 dB
//! from 10 Hz to 0.45 of the rate, at every rate from 8 to 384 kHz.
//!
//! Limits: between 0.45 of the rate and its half the deviation grows to 1.3 dB.

use super::a_weighting::A_WEIGHTING;
use super::m_weighting::M_WEIGHTING;
use super::weighting_fit::Prototype;
use crate::error::Error;
use crate::filters::Biquad;
use crate::kernels::{CASCADE_SECTIONS, Section};
use crate::stream::{MAX_RATE_HZ, MIN_RATE_HZ};

/// A frequency weighting of levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weighting {
    /// A-weighting of sound level meters.
    A,
    /// M-weighting of cinema sound.
    M,
    /// No weighting.
    Z,
}

impl Weighting {
    /// Its letter, as in `Leq(M)`.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::A => 'A',
            Self::M => 'M',
            Self::Z => 'Z',
        }
    }

    /// What defines it.
    #[must_use]
    pub const fn standard(self) -> &'static str {
        match self {
            Self::A => "IEC 61672-1:2013",
            Self::M => "ISO 21727:2016, Table 1",
            Self::Z => "IEC 61672-1:2013, no weighting",
        }
    }

    fn prototype(self) -> Option<&'static Prototype> {
        match self {
            Self::A => Some(&A_WEIGHTING),
            Self::M => Some(&M_WEIGHTING),
            Self::Z => None,
        }
    }

    /// Gain of the analogue curve at `hz`, dB; -inf at 0 Hz.
    ///
    /// # Example
    /// ```
    /// use mixcore::loudness::Weighting;
    /// assert!((Weighting::M.response_db(6300.0) - 6.6).abs() < 1e-9);
    /// assert!((Weighting::A.response_db(100.0) + 19.1).abs() < 0.1);
    /// assert_eq!(Weighting::Z.response_db(31.5), 0.0);
    /// ```
    #[must_use]
    pub fn response_db(self, hz: f64) -> f64 {
        self.prototype().map_or(0.0, |prototype| prototype.response_db(hz))
    }
}

/// The digital filter of a [`Weighting`] at one sample rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightingFilter {
    /// Four second-order sections, one after the other.
    pub sections: [Biquad; CASCADE_SECTIONS],
    rate_hz: f64,
}

impl WeightingFilter {
    /// Designs a weighting for a sample rate.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz.
    ///
    /// # Example
    /// ```
    /// use mixcore::loudness::{Weighting, WeightingFilter};
    /// for rate_hz in [44_100.0, 192_000.0] {
    ///     let filter = WeightingFilter::design(Weighting::M, rate_hz)?;
    ///     let off_db = filter.response_db(16_000.0) - Weighting::M.response_db(16_000.0);
    ///     assert!(off_db.abs() < 0.003);
    /// }
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn design(weighting: Weighting, rate_hz: f64) -> Result<Self, Error> {
        Error::check_range("rate_hz", rate_hz, MIN_RATE_HZ, MAX_RATE_HZ)?;
        let through = Biquad { b: [1.0, 0.0, 0.0], a: [0.0, 0.0] };
        let sections = weighting
            .prototype()
            .map_or([through; CASCADE_SECTIONS], |prototype| prototype.design(rate_hz));
        Ok(Self { sections, rate_hz })
    }

    /// Gain at `hz`, dB; -inf at 0 Hz unless there is no weighting.
    #[must_use]
    pub fn response_db(&self, hz: f64) -> f64 {
        self.sections.iter().map(|section| section.response_db(hz, self.rate_hz)).sum()
    }

    /// The sections as the kernels want them.
    pub(super) fn kernel(&self) -> [Section; CASCADE_SECTIONS] {
        self.sections.map(|Biquad { b, a }| Section { b, a })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::math;

    /// The rates of the tables below and of the two weightings' own tests, Hz.
    pub(in crate::loudness) const RATES_HZ: [f64; 9] =
        [8e3, 16e3, 32e3, 44.1e3, 48e3, 88.2e3, 96e3, 192e3, 384e3];

    /// Largest deviation of a filter from its curve from 10 Hz to 0.45 of the rate, dB.
    fn worst_db(weighting: Weighting, rate_hz: f64) -> f64 {
        let filter = WeightingFilter::design(weighting, rate_hz).unwrap();
        (0..=200)
            .map(|i| 10.0 * math::pow(0.045 * rate_hz, f64::from(i) / 200.0))
            .map(|hz| (filter.response_db(hz) - weighting.response_db(hz)).abs())
            .fold(0.0, f64::max)
    }

    #[test]
    fn the_curves_are_met_at_every_rate() {
        // The module's documentation says 0.003 dB.
        for step in 0..=120 {
            let rate_hz = 8e3 * math::pow(48.0, f64::from(step) / 120.0);
            for weighting in [Weighting::A, Weighting::M] {
                let worst = worst_db(weighting, rate_hz);
                assert!(worst < 0.003, "{weighting:?} {rate_hz}: {worst}");
            }
        }
        assert_eq!(worst_db(Weighting::Z, 48e3), 0.0);
        // The limit that the module's documentation prints.
        for rate_hz in RATES_HZ {
            for weighting in [Weighting::A, Weighting::M] {
                let filter = WeightingFilter::design(weighting, rate_hz).unwrap();
                for step in 0..=50 {
                    let hz = (0.45 + f64::from(step) * 0.001) * rate_hz;
                    let off = filter.response_db(hz) - weighting.response_db(hz);
                    assert!(off.abs() < 1.3, "{weighting:?} {rate_hz} {hz}: {off}");
                }
            }
        }
    }

    #[test]
    fn the_filters_are_stable_and_of_minimum_phase() {
        for step in 0..=120 {
            let rate_hz = 8e3 * math::pow(48.0, f64::from(step) / 120.0);
            for weighting in [Weighting::A, Weighting::M] {
                for section in WeightingFilter::design(weighting, rate_hz).unwrap().sections {
                    let [a1, a2] = section.a;
                    // Jury: strictly inside for poles, at most on the circle (0 Hz) for zeros.
                    assert!(a2.abs() < 1.0 && a1.abs() < 1.0 + a2, "{rate_hz}: {section:?}");
                    let [b0, b1, b2] = section.b.map(|b| b / section.b[0]);
                    let rounding = 1e-15;
                    assert!(b2.abs() <= b0 && b1.abs() <= b0 + b2 + rounding, "{section:?}");
                }
            }
        }
        assert!(WeightingFilter::design(Weighting::A, 7999.0).is_err());
    }
}
