//! What a matrix is given on its way into a delivery: less gain, and a word about the LFE.
//!
//! - [`Scaling::PeakSafe`]: all coefficients by one factor, so that no row's Σ|m| exceeds 1: nothing
//!   that fits into full scale can clip. 5.1 to stereo loses 7.66 dB by it, which is why players that
//!   do so are found too quiet.
//! - [`Scaling::PowerKept`]: by one factor, so that Σ m² over the matrix is the number of source
//!   channels that are heard: channels of equal level that have nothing in common keep their power.
//! - [`LfePolicy`]: BS.775 and AC-3 leave the LFE out of a fold-down; where its content is nowhere
//!   else, it is folded into the front by choice.
//!
//! Sources: ITU-R BS.775-3, Annex 4 (no LFE); ATSC A/52:2012, 7.8 (the same), and its Annex E,
//! `lfemixlevcod`, whose range of LFE levels (10 − code dB) ends at +10 dB.

use super::DownmixMatrix;
use crate::error::Error;
use crate::math;
use crate::units::{db_to_gain, gain_to_db};

/// Highest level at which an LFE is folded, dB: it restores what replay adds to the LFE.
const MAX_LFE_DB: f64 = 10.0;
/// Lowest one, dB: 2^−24, the last of 24 bits; what is lower is [`LfePolicy::Drop`].
const MIN_LFE_DB: f64 = -144.0;

/// One factor for a whole matrix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Scaling {
    /// As the document has it.
    #[default]
    AsDefined,
    /// No row can exceed full scale.
    PeakSafe,
    /// Sources without anything in common keep their power.
    PowerKept,
}

/// What becomes of the LFE where the target has none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum LfePolicy {
    /// As the document has it: LFE to LFE, and left out where there is none.
    #[default]
    AsDefined,
    /// Left out everywhere: what a listener without a subwoofer hears.
    Drop,
    /// Into left and right (or mono) at this level, as the centre goes: each at 1/√2 of it. An LFE of
    /// the target still takes it at unity.
    Fold {
        /// Level, -144 to 10 dB; +10 dB is what replay adds to the LFE.
        gain_db: f64,
    },
}

impl DownmixMatrix {
    /// The gain that a scaling means for this matrix, dB. Never more than 0 for
    /// [`Scaling::PeakSafe`]: what is safe already stays.
    #[must_use]
    pub fn scaling_db(&self, scaling: Scaling) -> f64 {
        match scaling {
            Scaling::AsDefined => 0.0,
            Scaling::PeakSafe => (-self.peak_bound_db()).min(0.0),
            Scaling::PowerKept => gain_to_db(self.power_factor()),
        }
    }

    fn power_factor(&self) -> f64 {
        let mut heard = 0_u32;
        let mut power = 0.0;
        for input in 0..self.columns() {
            let column: f64 = (0..self.rows()).map(|row| self.squared(row, input)).sum();
            heard += u32::from(column > 0.0);
            power += column;
        }
        if heard == 0 { 1.0 } else { math::sqrt(f64::from(heard) / power) }
    }

    fn squared(&self, output: usize, input: usize) -> f64 {
        self.gain(output, input).map_or(0.0, |gain| gain * gain)
    }

    /// The matrix under a scaling.
    ///
    /// # Example
    /// ```
    /// use mixcore::Layout;
    /// use mixcore::spatial::{Scaling, downmix_matrix};
    /// let lo_ro = downmix_matrix(Layout::SURROUND_5_1, Layout::STEREO)?;
    /// let safe = lo_ro.with_scaling(Scaling::PeakSafe);
    /// assert!((lo_ro.scaling_db(Scaling::PeakSafe) + 7.66).abs() < 0.005);
    /// assert!(safe.peak_bound_db().abs() < 1e-12);
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    #[must_use]
    pub fn with_scaling(self, scaling: Scaling) -> Self {
        match scaling {
            Scaling::AsDefined => self,
            Scaling::PeakSafe => {
                let bound = self.largest_row(|row| row.iter().map(|c| c.abs()).sum());
                if bound > 1.0 { self.times(1.0 / bound) } else { self }
            }
            Scaling::PowerKept => {
                let factor = self.power_factor();
                self.times(factor)
            }
        }
    }

    /// The matrix under an LFE policy.
    ///
    /// # Errors
    /// A level outside -144 to 10 dB.
    ///
    /// # Example
    /// ```
    /// use mixcore::Layout;
    /// use mixcore::spatial::{LfePolicy, downmix_matrix};
    /// let lo_ro = downmix_matrix(Layout::SURROUND_5_1, Layout::STEREO)?;
    /// let with_lfe = lo_ro.with_lfe(LfePolicy::Fold { gain_db: 0.0 })?;
    /// assert_eq!(with_lfe.gain(0, 3), lo_ro.gain(0, 2)); // as the centre
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn with_lfe(mut self, policy: LfePolicy) -> Result<Self, Error> {
        let (source, target) = (self.source(), self.target());
        let lfes = source.speakers().iter().enumerate().filter(|(_, speaker)| speaker.lfe);
        match policy {
            LfePolicy::AsDefined => {}
            LfePolicy::Drop => {
                for (input, _) in lfes {
                    for output in 0..self.rows() {
                        self.set(output, input, 0.0);
                    }
                }
            }
            LfePolicy::Fold { gain_db } => {
                Error::check_range("gain_db", gain_db, MIN_LFE_DB, MAX_LFE_DB)?;
                if target.speakers().iter().any(|speaker| speaker.lfe) {
                    return Ok(self);
                }
                // Two LFEs carry half of the power each.
                let share = if lfes.clone().count() > 1 { 0.5 } else { 1.0 };
                let level = db_to_gain(gain_db) * math::sqrt(0.5 * share);
                let front = ["M+030", "M-030"].map(|label| target.index_of(label));
                let mono = if front == [None; 2] { target.index_of("M+000") } else { None };
                for (input, _) in lfes {
                    for output in front.into_iter().chain([mono]).flatten() {
                        self.set(output, input, level);
                    }
                }
            }
        }
        Ok(self)
    }
}
