//! What an RMS level of 0 dBFS is: two conventions, 3.01 dB apart, both in use.

use core::fmt;

use crate::units::{Reading, db_to_power, power_to_db};

/// The signal whose RMS level is 0 dBFS.
///
/// Sources: AES17 and IEC 61606 for the sine. By their users' reports Audition lets one choose, Pro
/// Tools, WaveLab and Sound Forge have the square, Samplitude and the TT meter the sine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RmsConvention {
    /// A sine that reaches full scale reads 0 dBFS, a full-scale square +3.01 dBFS (AES17).
    Aes17,
    /// A full-scale square reads 0 dBFS, a sine that reaches full scale -3.01 dBFS: the plain root
    /// mean square.
    Square,
}

impl RmsConvention {
    /// Its name, for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes17 => "a full-scale sine is 0 dBFS RMS (AES17)",
            Self::Square => "a full-scale square is 0 dBFS RMS, a full-scale sine -3.01",
        }
    }

    /// Mean square (full scale = 1) of what reads 0 dBFS.
    #[must_use]
    pub const fn full_scale_power(self) -> f64 {
        match self {
            Self::Aes17 => 0.5,
            Self::Square => 1.0,
        }
    }

    /// Mean square of what reads `dbfs`.
    pub(super) fn power(self, dbfs: f64) -> f64 {
        db_to_power(dbfs) * self.full_scale_power()
    }

    /// Level of a mean square, dBFS.
    pub(super) fn level(self, mean_square: f64) -> Reading {
        Reading::from_level(power_to_db(mean_square / self.full_scale_power()))
    }
}

impl fmt::Display for RmsConvention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_scale_sine_has_half_the_power_of_a_square() {
        assert_eq!(RmsConvention::Aes17.level(0.5), Reading::Value(0.0));
        assert_eq!(RmsConvention::Square.level(1.0), Reading::Value(0.0));
        let sine = RmsConvention::Square.level(0.5).value().unwrap();
        assert!((sine + 3.010_299_956_639_812).abs() < 1e-12);
        assert!((RmsConvention::Aes17.power(-20.0) - 0.005).abs() < 1e-17);
    }
}
