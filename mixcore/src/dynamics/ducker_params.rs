//! What the duckers are told: how far speech shall stand above the background, and how the gain may
//! move.

use super::reduction::mixed_db;
use crate::stream::params;

params! {
    /// How far speech shall stand above the background, and how the gain may move.
    ///
    /// The target's default is for music; 15 LU for ambience (M. Torcoli et al., J. Audio Eng. Soc.
    /// 67(12), 2019: at least 10 and 15 LU; listeners who are no experts chose 4 LU more).
    pub struct DuckerParams {
        /// Speech over background that is aimed at, LU, inside speech.
        target_lu: "LU", 0.0 => 40.0, 10.0, Linear, fixed;
        /// Largest reduction. What needs more is reported.
        max_depth_db: "dB", 0.0 => 40.0, 12.0, Decibel, fixed;
        /// Fastest way down: 40 dB/s takes 0.3 s for 12 dB.
        attack_db_per_s: "dB/s", 1.0 => 400.0, 40.0, Log, fixed;
        /// Fastest way up: 8 dB/s takes 1.5 s for 12 dB.
        release_db_per_s: "dB/s", 1.0 => 400.0, 8.0, Log, fixed;
        /// Time for which the gain stays down after speech, so that it does not move in short pauses.
        hold_ms: "ms", 0.0 => 10000.0, 800.0, Linear, fixed;
        /// What lies this far below the speech is a breath: the gain does not move for it.
        gate_lu: "LU", 3.0 => 40.0, 15.0, Linear, fixed;
        /// Share of the ducked signal; the rest is dry, and a phrase that stays short for it is told.
        mix_percent: "%", 0.0 => 100.0, 100.0, Linear, smoothed;
    }
}

impl DuckerParams {
    /// Reduction that a separation asks for, dB: 0 where it is at the target or above, and at most the
    /// largest.
    ///
    /// # Example
    /// ```
    /// use mixcore::dynamics::DuckerParams;
    /// let params = DuckerParams::default();
    /// assert_eq!([12.0, 6.0, -4.0].map(|lu| params.depth_db(lu)), [0.0, 4.0, 12.0]);
    /// ```
    #[must_use]
    pub fn depth_db(&self, separation_lu: f64) -> f64 {
        (self.target_lu - separation_lu).min(self.max_depth_db).max(0.0)
    }

    /// Separation that a steady voice over a steady background comes to, LU, with the mix.
    ///
    /// # Example
    /// ```
    /// use mixcore::dynamics::DuckerParams;
    /// let params = DuckerParams::default();
    /// assert_eq!([12.0, 6.0, -4.0].map(|lu| params.static_curve_lu(lu)), [12.0, 10.0, 8.0]);
    /// ```
    #[must_use]
    pub fn static_curve_lu(&self, separation_lu: f64) -> f64 {
        separation_lu - mixed_db(0.0 - self.depth_db(separation_lu), self.mix_percent * 1e-2)
    }
}
