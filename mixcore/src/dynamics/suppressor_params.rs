//! What a suppressor is made for, what may move, and what it says of itself.

use crate::error::Error;
use crate::stream::params;

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct SuppressorSetup {
    /// Learning time, 0.1 to 60 s.
    pub learning_s: f64,
}

impl Default for SuppressorSetup {
    /// 8 s: stretches of an eighth of a second, as the closures of consonants and the pauses between words
    /// are.
    fn default() -> Self {
        Self { learning_s: 8.0 }
    }
}

impl SuppressorSetup {
    /// Checks the learning time.
    ///
    /// # Errors
    /// A time outside 0.1 to 60 s.
    pub fn validate(&self) -> Result<(), Error> {
        Error::check_range("learning_s", self.learning_s, 0.1, 60.0).map(|_| ())
    }
}

params! {
    /// What may move.
    ///
    /// A change counts from the next frame of about 20 ms on; the amount moves over 20 ms.
    pub struct SuppressorParams {
        /// How far above the floor a band is still taken for noise.
        threshold_db: "dB", 0.0 => 30.0, 12.0, Decibel, fixed;
        /// Slope of the expansion: decibels out for decibels in.
        ratio: ":1", 1.0 => 10.0, 4.0, Linear, fixed;
        /// Largest reduction.
        range_db: "dB", 0.0 => 40.0, 12.0, Decibel, fixed;
        /// Time constant of a band's level on its way down.
        release_ms: "ms", 10.0 => 1000.0, 80.0, Log, fixed;
        /// Share of it that is taken out: below 100 % a parallel mix.
        amount_percent: "%", 0.0 => 100.0, 100.0, Linear, smoothed;
    }
}

impl SuppressorParams {
    /// Gain of a band by its level above the floor, dB ≤ 0.
    ///
    /// # Example
    /// ```
    /// use mixcore::dynamics::SuppressorParams;
    /// let params = SuppressorParams::default(); // 12 dB, 4, 12 dB
    /// assert_eq!(params.static_gain_db(13.0), 0.0);
    /// assert_eq!(params.static_gain_db(10.0), -6.0);
    /// assert_eq!(params.static_gain_db(0.0), -12.0);
    /// ```
    #[must_use]
    pub fn static_gain_db(&self, above_floor_db: f64) -> f64 {
        let below = self.threshold_db - above_floor_db;
        if below > 0.0 { 0.0 - ((self.ratio - 1.0) * below).min(self.range_db) } else { 0.0 }
    }
}

/// What a suppressor did since its last reset.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SuppressorReport {
    /// Mean reduction over time and bands, dB ≥ 0.
    pub mean_reduction_db: f64,
    /// Mean level of what was taken out, dBFS of the mean square of all channels; -inf where it was
    /// nothing.
    pub removed_dbfs: f64,
}
