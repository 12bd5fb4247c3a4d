//! The dynamic-range-control profiles of AC-3 decoders, as data: what a viewer's receiver does.
//!
//! The encoder computes a gain from the level against the dialogue, which the decoder has brought to
//! −31 dBFS: quiet passages are raised, loud ones lowered, around a band that is left alone. In line
//! mode the dialogue stays at −31; in RF mode it is brought to −20 dBFS, 11 dB up, and the profile is
//! always applied in full.
//!
//! Sources: Dolby, "DP570 Multichannel Audio Tool User's Manual", D.3 (both modes) and D.4 (film and
//! music); the profile "speech" is in Dolby, "DP564 Multichannel Audio Decoder User's Manual", appendix
//! A, page A-9. NOTE: for "film light" D.4 prints an early cut from −26 dB although its null band ends at
//! −21; it begins at −21 here.
//! Limits: the static curves alone. Attack, hold and release are the encoder's and not published
//! there, so nothing here processes audio.

/// Where a decoder puts the dialogue in line mode, dBFS.
pub const LINE_MODE_DIALOGUE_DBFS: f64 = -31.0;
/// Where it puts it in RF mode, dBFS.
pub const RF_MODE_DIALOGUE_DBFS: f64 = -20.0;

/// A profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum DrcProfile {
    /// Film standard.
    FilmStandard,
    /// Film light.
    FilmLight,
    /// Music standard.
    MusicStandard,
    /// Music light.
    MusicLight,
    /// Speech.
    Speech,
    /// Nothing.
    Off,
}

/// Edges of a static curve, dBFS with the dialogue at −31 dBFS, and the ratios between them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct DrcCurve {
    /// Most that is raised, dB: what the manuals print.
    pub max_boost_db: f64,
    /// Below it nothing is raised further.
    pub boost_from_db: f64,
    /// From here up nothing is raised.
    pub null_from_db: f64,
    /// n : 1 between the two.
    pub boost_ratio: f64,
    /// From here up there is an early cut.
    pub early_from_db: f64,
    /// n : 1 of the early cut.
    pub early_ratio: f64,
    /// From here up there is the cut.
    pub cut_from_db: f64,
    /// n : 1 of the cut.
    pub cut_ratio: f64,
    /// The upper end of the curve.
    pub cut_to_db: f64,
}

impl DrcProfile {
    /// The curve, or nothing for [`DrcProfile::Off`].
    #[must_use]
    pub const fn curve(self) -> Option<DrcCurve> {
        let film = DrcCurve {
            max_boost_db: 6.0,
            boost_from_db: -43.0,
            null_from_db: -31.0,
            boost_ratio: 2.0,
            early_from_db: -26.0,
            early_ratio: 2.0,
            cut_from_db: -16.0,
            cut_ratio: 20.0,
            cut_to_db: 4.0,
        };
        Some(match self {
            Self::FilmStandard => film,
            Self::FilmLight => DrcCurve {
                boost_from_db: -53.0,
                null_from_db: -41.0,
                early_from_db: -21.0,
                cut_from_db: -11.0,
                ..film
            },
            Self::MusicStandard => DrcCurve { max_boost_db: 12.0, boost_from_db: -55.0, ..film },
            // No early cut: one slope of 2:1 from the null band to +9 dB.
            Self::MusicLight => DrcCurve {
                max_boost_db: 12.0,
                boost_from_db: -65.0,
                null_from_db: -41.0,
                early_from_db: -21.0,
                cut_from_db: 9.0,
                cut_to_db: 9.0,
                ..film
            },
            Self::Speech => {
                DrcCurve { max_boost_db: 15.0, boost_from_db: -50.0, boost_ratio: 5.0, ..film }
            }
            Self::Off => return None,
        })
    }

    /// Where its numbers are printed; empty for [`DrcProfile::Off`].
    #[must_use]
    pub const fn citation(self) -> &'static str {
        match self {
            Self::Speech => "Dolby, DP564 user's manual, appendix A, page A-9",
            Self::Off => "",
            _ => "Dolby, DP570 user's manual, D.4",
        }
    }

    /// The gain of the static curve for a level, both dB, the dialogue at −31 dBFS.
    ///
    /// # Example
    /// ```
    /// use mixcore::spatial::DrcProfile;
    /// let film = DrcProfile::FilmStandard;
    /// assert_eq!(film.gain_db(-31.0), 0.0); // the dialogue itself
    /// assert_eq!(film.gain_db(-60.0), 6.0);
    /// assert_eq!(film.gain_db(-16.0), -5.0); // 10 dB at 2:1
    /// assert_eq!(film.gain_db(4.0), -24.0); // and 20 dB at 20:1
    /// ```
    #[must_use]
    pub fn gain_db(self, level_db: f64) -> f64 {
        let Some(curve) = self.curve() else { return 0.0 };
        let within = |from: f64, to: f64| (level_db.min(to) - from).max(0.0);
        let boost = (curve.null_from_db - level_db.max(curve.boost_from_db)).max(0.0)
            * (1.0 - 1.0 / curve.boost_ratio);
        let early =
            within(curve.early_from_db, curve.cut_from_db) * (1.0 - 1.0 / curve.early_ratio);
        let cut = within(curve.cut_from_db, curve.cut_to_db) * (1.0 - 1.0 / curve.cut_ratio);
        boost.min(curve.max_boost_db) - early - cut
    }
}
