//! What a hum comb is made for, and what may move.

use super::hum_models::LANES;
use crate::error::Error;
use crate::stream::params;

/// Most harmonics of a hum comb: up to 2 kHz at 50 Hz, below half of the lowest rate.
pub const MAX_HUM_HARMONICS: usize = 40;

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct HumCombSetup {
    /// Nominal mains frequency, 45 to 65 Hz: 50 or 60, or another one for a recording at a wrong speed.
    pub mains_hz: f64,
    /// Harmonics, the fundamental included: 1 to 40.
    pub harmonics: usize,
}

impl Default for HumCombSetup {
    /// 50 Hz and 20 harmonics, up to 1 kHz: above, hum of rectifiers and dimmers dies away.
    fn default() -> Self {
        Self { mains_hz: 50.0, harmonics: 20 }
    }
}

impl HumCombSetup {
    /// Checks the mains and the number of harmonics.
    ///
    /// # Errors
    /// One of them outside its bounds.
    pub fn validate(&self) -> Result<(), Error> {
        Error::check_range("mains_hz", self.mains_hz, 45.0, 65.0)?;
        #[expect(clippy::cast_precision_loss, reason = "only compared with small bounds")]
        let (given, most) = (self.harmonics as f64, MAX_HUM_HARMONICS as f64);
        Error::check_range("harmonics", given, 1.0, most).map(|_| ())
    }

    /// Groups of harmonics side by side.
    pub(super) fn groups(&self) -> usize {
        self.harmonics.div_ceil(LANES)
    }
}

params! {
    /// What may move.
    pub struct HumCombParams {
        /// Width of each notch between its -3 dB points.
        width_hz: "Hz", 0.2 => 10.0, 1.0, Log, fixed;
        /// How far the mains may stray from the nominal; 0 holds it.
        drift_hz: "Hz", 0.0 => 2.0, 0.5, Linear, fixed;
        /// Share of the hum that is taken out.
        amount_percent: "%", 0.0 => 100.0, 100.0, Linear, smoothed;
    }
}
