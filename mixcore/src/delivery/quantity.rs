//! The one table of what can be read, ruled and reported.
//!
//! A key of this table is the name of a field in JSON, an attribute in Python, a getter in C and
//! the `quantity` of a rule, so that a number is called the same everywhere and always travels
//! with its unit, its decimals and the standard that defines it.

use core::fmt;

use crate::error::{Error, Text};

/// What kind of number a quantity is: it decides how it is compared and drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuantityKind {
    /// Absolute loudness: compared after rounding to 0.1.
    Loudness,
    /// Difference of loudnesses: compared after rounding to 0.1.
    LoudnessDifference,
    /// A peak level: never rounded.
    Peak,
    /// An RMS level: never rounded.
    Level,
    /// Difference of a peak and a loudness: compared after rounding to 0.1.
    PeakToLoudness,
    /// A share in percent: never rounded.
    Percent,
    /// A number of things: whole.
    Count,
    /// A time in seconds: never rounded.
    Time,
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct QuantityInfo {
    /// Name in JSON, Python, C and rules, with its unit suffix.
    pub key: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// Unit as it is printed.
    pub unit: &'static str,
    /// Decimals as it is printed (EBU Tech 3341, clause 2.8: one for loudness).
    pub decimals: u8,
    /// How it is compared and drawn.
    pub kind: QuantityKind,
    /// What defines it.
    pub standard: &'static str,
    /// Length of its sliding window, seconds.
    pub window_s: Option<f64>,
    /// Shortest material on which it is judged, seconds.
    pub judged_from_s: Option<f64>,
}

macro_rules! quantities {
    ($(
        $(#[$doc:meta])*
        $name:ident, $key:literal, $words:literal, $unit:literal, $decimals:literal, $kind:ident,
        $standard:literal $(, window $window:literal)? $(, from $from:literal)?;
    )+) => {
        /// What is read: one row of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
        #[non_exhaustive]
        pub enum Quantity {
            $(
                $(#[$doc])*
                #[cfg_attr(feature = "json", serde(rename = $key))]
                $name,
            )+
        }

        /// Every key, for error messages.
        const KEYS: &str = concat!($($key, ", ",)+ "and no other");

        impl Quantity {
            /// Every quantity, in the order of a report.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The row of this quantity.
            #[must_use]
            pub const fn info(self) -> &'static QuantityInfo {
                match self {
                    $(Self::$name => &QuantityInfo {
                        key: $key,
                        name: $words,
                        unit: $unit,
                        decimals: $decimals,
                        kind: QuantityKind::$kind,
                        standard: $standard,
                        window_s: quantities!(@some $($window)?),
                        judged_from_s: quantities!(@some $($from)?),
                    },)+
                }
            }
        }
    };
    (@some) => { None };
    (@some $value:literal) => { Some($value) };
}

quantities! {
    /// Gated loudness of the whole programme.
    IntegratedLufs, "integrated_lufs", "Integrated loudness", "LUFS", 1, Loudness,
        "ITU-R BS.1770-5 Annex 1, EBU Tech 3341", window 0.4;
    /// Loudness of the whole programme by the first edition, which has no gates.
    UngatedLufs, "ungated_lufs", "Ungated loudness", "LUFS", 1, Loudness,
        "ITU-R BS.1770-1 (no gates)";
    /// Loudest 400 ms.
    MomentaryMaxLufs, "momentary_max_lufs", "Max momentary loudness", "LUFS", 1, Loudness,
        "EBU Tech 3341", window 0.4;
    /// Loudest 3 s.
    ShortTermMaxLufs, "short_term_max_lufs", "Max short-term loudness", "LUFS", 1, Loudness,
        "EBU Tech 3341", window 3.0;
    /// Spread of the short-term loudness, 10 Hz grid. EBU Tech 3341: unstable in the first 60 s.
    LoudnessRangeLu, "loudness_range_lu", "Loudness range", "LU", 1, LoudnessDifference,
        "EBU Tech 3342", window 3.0, from 60.0;
    /// Loudness range as meters with a 1 s grid read it.
    LoudnessRange1sLu, "loudness_range_1s_lu", "Loudness range, 1 s grid", "LU", 1,
        LoudnessDifference, "EBU Tech 3342, 1 s hop as in libebur128", window 3.0, from 60.0;
    /// True peak by our interpolator (named in the measurement's header).
    TruePeakDbtp, "true_peak_dbtp", "True peak", "dBTP", 2, Peak, "ITU-R BS.1770-5 Annex 2";
    /// True peak as the printed 4x 12-tap filter reads it.
    TruePeakAnnex2Dbtp, "true_peak_annex2_dbtp", "True peak, 4x12 form", "dBTP", 2, Peak,
        "ITU-R BS.1770-5 Annex 2, printed coefficients";
    /// True peak as the 4x 49-tap windowed sinc of common meters reads it.
    TruePeak49TapDbtp, "true_peak_49tap_dbtp", "True peak, 49-tap 4x form", "dBTP", 2, Peak,
        "4x 49-tap Hann sinc as in libebur128";
    /// Largest sample.
    SamplePeakDbfs, "sample_peak_dbfs", "Sample peak", "dBFS", 2, Peak, "AES17 (dBFS)";
    /// RMS level of the whole, unweighted; a full-scale square is 0 dBFS.
    RmsDbfs, "rms_dbfs", "RMS level", "dBFS", 1, Level,
        "root mean square, ungated, a full-scale sine is -3.01 dBFS";
    /// RMS level of the quietest 0.5 s.
    NoiseFloorDbfs, "noise_floor_dbfs", "Noise floor", "dBFS", 1, Level,
        "lowest root mean square of 0.5 s, as ACX Check reads it", window 0.5;
    /// Equivalent level with M-weighting, as a cinema replays it.
    LeqMDb, "leq_m_db", "Leq(M)", "dB", 1, Loudness,
        "ISO 21727:2016, -20 dBFS tone is 85 dB (L, C, R), 82 (surrounds), 95 (LFE)";
    /// Ungated loudness while the dialogue is active.
    DialogueLufs, "dialogue_lufs", "Dialogue loudness", "LUFS", 1, Loudness,
        "ITU-R BS.1770-1 (ungated) over the named detector's activity";
    /// Loudness of the programme's gating blocks inside dialogue: the selection is the gate.
    DialogueSelectionLufs, "dialogue_selection_lufs", "Dialogue loudness, selection as gate",
        "LUFS", 1, Loudness,
        "ITU-R BS.1770-5 blocks inside the named detector's activity, absolute gate only (ATSC A/85)",
        window 0.4;
    /// Level-gated loudness of all dialogue.
    DialogueWideLufs, "dialogue_wide_lufs", "Dialogue loudness, wide range", "LUFS", 1, Loudness,
        "EBU R 128 s4, wide range: ITU-R BS.1770-5 over the named detector's activity", window 0.4;
    /// Mean of three 30 s sections of dialogue, one in each third of the programme.
    DialogueNarrowLufs, "dialogue_narrow_lufs", "Dialogue loudness, narrow range", "LUFS", 1,
        Loudness, "EBU R 128 s4, narrow range: mean of the 30 s with most dialogue of each third",
        window 30.0;
    /// Loudness of the music over a phrase.
    MusicLufs, "music_lufs", "Music loudness", "LUFS", 1, Loudness, "ITU-R BS.1770-5 Annex 1";
    /// Share of the programme in which the dialogue is active.
    DialoguePercent, "dialogue_percent", "Dialogue share", "%", 1, Percent,
        "active time over programme duration, silence counted";
    /// Loudness range of the dialogue.
    DialogueRangeLu, "dialogue_range_lu", "Dialogue loudness range", "LU", 1, LoudnessDifference,
        "EBU Tech 3342 over the named detector's activity", window 3.0, from 60.0;
    /// Programme loudness minus dialogue loudness.
    LdrLu, "ldr_lu", "Loudness-to-dialogue ratio", "LU", 1, LoudnessDifference, "EBU R 128 s4";
    /// True peak minus integrated loudness.
    PlrDb, "plr_db", "Peak-to-loudness ratio", "dB", 1, PeakToLoudness,
        "true peak minus integrated loudness (trade convention)";
    /// Low end of peak to short-term loudness: where a limiter works hard.
    PsrLowPercentileDb, "psr_low_percentile_db", "Peak to short-term loudness, low", "dB", 1,
        PeakToLoudness,
        "tenth percentile of true peak minus short-term loudness (trade convention)", window 3.0;
    /// Gain to the reference of ReplayGain 2.
    ReplayGainDb, "replay_gain_db", "ReplayGain", "dB", 2, LoudnessDifference,
        "ReplayGain 2.0: -18 LUFS minus integrated loudness";
    /// Dialogue minus music, over a phrase; for a programme its worst phrase.
    DialogueOverMusicLu, "dialogue_over_music_lu", "Dialogue over music", "LU", 1,
        LoudnessDifference, "gated loudness (BS.1770-5 Annex 1) of both stems over the phrase";
    /// Loudness that is lost when (L+R)/2 plays on both loudspeakers; 3 dB is uncorrelated.
    MonoLossLu, "mono_loss_lu", "Mono fold-down loss", "LU", 1, LoudnessDifference,
        "K-weighted (BS.1770-5 Annex 1) stereo minus (L+R)/2 on both loudspeakers";
    /// Loudness of a fold-down minus that of the version it was made from.
    FoldDownShiftLu, "fold_down_shift_lu", "Fold-down loudness shift", "LU", 1,
        LoudnessDifference, "ITU-R BS.1770-5 Annex 1 on both";
    /// Samples that were not finite or beyond 1e6 and were taken as 0.
    Faults, "faults", "Faulty samples", "", 0, Count, "mixcore: not finite or beyond 1e6";
    /// Length of the material.
    DurationS, "duration_s", "Duration", "s", 2, Time, "frames over sample rate";
}

impl Quantity {
    /// The quantity of that key.
    ///
    /// # Errors
    /// [`Error::UnknownName`] with every key.
    ///
    /// # Example
    /// ```
    /// use mixcore::delivery::Quantity;
    /// let quantity = Quantity::from_key("true_peak_dbtp").unwrap();
    /// assert_eq!((quantity.info().unit, quantity.info().decimals), ("dBTP", 2));
    /// ```
    pub fn from_key(key: &str) -> Result<Self, Error> {
        Self::ALL.iter().copied().find(|quantity| quantity.key() == key).ok_or(Error::UnknownName {
            what: "quantity",
            given: Text::new(key),
            allowed: KEYS,
        })
    }

    /// Name in JSON, Python, C and rules.
    #[must_use]
    pub const fn key(self) -> &'static str {
        self.info().key
    }

    /// Name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.info().name
    }

    /// Unit as it is printed.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        self.info().unit
    }

    /// Decimals to which a reading is rounded before it is compared; `None` is never rounded.
    ///
    /// Source: EBU Tech 3341, clause 2.8 (loudness is read to 0.1); peaks, RMS levels,
    /// shares, counts and times are compared as they are.
    #[must_use]
    pub const fn compare_decimals(self) -> Option<u8> {
        match self.info().kind {
            QuantityKind::Loudness
            | QuantityKind::LoudnessDifference
            | QuantityKind::PeakToLoudness => Some(1),
            QuantityKind::Peak
            | QuantityKind::Level
            | QuantityKind::Percent
            | QuantityKind::Count
            | QuantityKind::Time => None,
        }
    }

    /// A value with its unit; a peak over full scale carries its plus sign.
    #[cfg(feature = "alloc")]
    pub(super) fn show(self, value: f64, decimals: usize) -> alloc::string::String {
        let sign = if self.info().kind == QuantityKind::Peak && value > 0.0 { "+" } else { "" };
        // Adding zero turns -0.0 into 0.0.
        let text = alloc::format!("{sign}{:.decimals$} {}", value + 0.0, self.unit());
        text.trim_end().into()
    }

    /// The same thing as other meters in the field read it: a report warns when they would fail.
    #[must_use]
    pub const fn other_meters(self) -> &'static [Self] {
        match self {
            Self::TruePeakDbtp => &[Self::TruePeakAnnex2Dbtp, Self::TruePeak49TapDbtp],
            Self::LoudnessRangeLu => &[Self::LoudnessRange1sLu],
            _ => &[],
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unique_and_lead_back() {
        for (i, &quantity) in Quantity::ALL.iter().enumerate() {
            assert_eq!(Quantity::from_key(quantity.key()), Ok(quantity));
            assert!(Quantity::ALL[i + 1..].iter().all(|other| other.key() != quantity.key()));
            assert!(KEYS.contains(quantity.key()));
            assert!(!quantity.info().standard.is_empty());
        }
        assert!(Quantity::from_key("loudness").is_err());
    }

    #[test]
    fn a_key_ends_with_its_unit() {
        for &quantity in Quantity::ALL {
            let suffix = match quantity.unit() {
                "%" => "percent",
                "" => continue,
                unit => unit,
            };
            let last = quantity.key().rsplit('_').next().unwrap();
            assert!(last.eq_ignore_ascii_case(suffix), "{}", quantity.key());
        }
    }
}
