//! Measured values with a standard's meaning, and decibels to linear and back in ONE place.
//!
//! Parameters are plain floats with a unit suffix; newtypes are for what was measured.
//! Sources: ITU-R BS.1770-5 (LKFS, dBTP), EBU Tech 3341 (LUFS, LU), EBU R 128 (LUFS = LKFS).

use core::fmt;
use core::ops::{Add, Sub};

use crate::math;

/// Below this level a fader's decibel scale ends and it moves linearly in amplitude to zero.
pub const DB_FLOOR: f64 = -100.0;

/// Amplitude ratio of a level in decibels: 10^(dB/20). Exactly 1 at 0 dB, 0 at -inf.
#[must_use]
pub fn db_to_gain(db: f64) -> f64 {
    if db == 0.0 { 1.0 } else { math::exp10(db / 20.0) }
}

/// Level in decibels of an amplitude ratio: 20·log10|gain|; -inf at 0.
#[must_use]
pub fn gain_to_db(gain: f64) -> f64 {
    20.0 * math::log10(gain.abs())
}

/// Power ratio of a level in decibels: 10^(dB/10).
#[must_use]
pub fn db_to_power(db: f64) -> f64 {
    if db == 0.0 { 1.0 } else { math::exp10(db / 10.0) }
}

/// Level in decibels of a power ratio: 10·log10(power); -inf at 0.
#[must_use]
pub fn power_to_db(power: f64) -> f64 {
    10.0 * math::log10(power)
}

macro_rules! measured {
    ($($(#[$doc:meta])* $name:ident, $unit:literal;)+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
            pub struct $name(f64);

            impl $name {
                /// Wraps a value in this unit.
                #[must_use]
                pub const fn new(value: f64) -> Self {
                    Self(value)
                }

                /// The plain number.
                #[must_use]
                pub const fn value(self) -> f64 {
                    self.0
                }
            }

            impl fmt::Display for $name {
                /// One decimal by default (EBU Tech 3341, clause 2.8); `{:.2}` for more.
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, concat!("{:.*} ", $unit), f.precision().unwrap_or(1), self.0)
                }
            }
        )+
    };
}

measured! {
    /// Loudness on the absolute scale, LUFS (= LKFS).
    Lufs, "LUFS";
    /// Loudness difference, LU.
    Lu, "LU";
    /// True-peak level, dB relative to full scale.
    DbTp, "dBTP";
    /// Sample-peak level, dB relative to full scale.
    Dbfs, "dBFS";
    /// Mean square of a (weighted) signal, full scale = 1.
    Power, "FS²";
}

impl Sub for Lufs {
    type Output = Lu;
    fn sub(self, other: Self) -> Lu {
        Lu(self.0 - other.0)
    }
}

impl Add<Lu> for Lufs {
    type Output = Self;
    fn add(self, difference: Lu) -> Self {
        Self(self.0 + difference.0)
    }
}

/// BS.1770's constant: it cancels the K-weighting's gain at 997 Hz (BS.1770-5, Annex 1, eq. 2).
const LOUDNESS_OFFSET: f64 = -0.691;

impl Power {
    /// Loudness of a K-weighted, channel-weighted mean square (BS.1770-5, Annex 1, eq. 2).
    #[must_use]
    pub fn loudness(self) -> Lufs {
        Lufs(LOUDNESS_OFFSET + power_to_db(self.0))
    }
}

impl Lufs {
    /// The K-weighted mean square that reads this loudness: the inverse of [`Power::loudness`].
    #[must_use]
    pub fn power(self) -> Power {
        Power(db_to_power(self.0 - LOUDNESS_OFFSET))
    }
}

/// The answer to "what does this quantity read?". There is never a silent `-inf`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reading {
    /// A finite value in the quantity's unit.
    Value(f64),
    /// The material is shorter than the quantity's window.
    TooShort {
        /// Seconds of material.
        have_s: f64,
        /// Seconds needed.
        need_s: f64,
    },
    /// Nothing lay above the gate, or the material is digital silence.
    BelowGate,
    /// The quantity has no meaning for this material (no dialogue stem, no such channel).
    NotApplicable,
}

impl Reading {
    /// The value, if there is one.
    #[must_use]
    pub const fn value(self) -> Option<f64> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// A level in decibels as a reading: not finite becomes [`Reading::BelowGate`].
    #[must_use]
    pub fn from_level(level: f64) -> Self {
        if level.is_finite() { Self::Value(level) } else { Self::BelowGate }
    }

    /// Applies `f` to the value; the other answers stay.
    #[must_use]
    pub fn map(self, f: impl FnOnce(f64) -> f64) -> Self {
        match self {
            Self::Value(value) => Self::Value(f(value)),
            other => other,
        }
    }

    /// Combines two readings; the first that has no value wins.
    #[must_use]
    pub fn zip(self, other: Self, f: impl FnOnce(f64, f64) -> f64) -> Self {
        match (self, other) {
            (Self::Value(a), Self::Value(b)) => Self::Value(f(a, b)),
            (Self::Value(_), none) => none,
            (none, _) => none,
        }
    }
}

impl fmt::Display for Reading {
    /// The value with one decimal (or the given precision), else the reason in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Value(value) => write!(f, "{:.*}", f.precision().unwrap_or(1), value),
            Self::TooShort { have_s, need_s } => {
                write!(f, "too short ({have_s:.1} s of {need_s:.1} s)")
            }
            Self::BelowGate => f.write_str("below the gate"),
            Self::NotApplicable => f.write_str("not applicable"),
        }
    }
}

#[cfg(feature = "json")]
impl serde::Serialize for Reading {
    /// A number, or null and the reason: `{"value": null, "reason": "too_short", …}`.
    fn serialize<Z: serde::Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        match *self {
            Self::Value(value) => map.serialize_entry("value", &value)?,
            Self::TooShort { have_s, need_s } => {
                map.serialize_entry("value", &None::<f64>)?;
                map.serialize_entry("reason", "too_short")?;
                map.serialize_entry("have_s", &have_s)?;
                map.serialize_entry("need_s", &need_s)?;
            }
            Self::BelowGate => {
                map.serialize_entry("value", &None::<f64>)?;
                map.serialize_entry("reason", "below_gate")?;
            }
            Self::NotApplicable => {
                map.serialize_entry("value", &None::<f64>)?;
                map.serialize_entry("reason", "not_applicable")?;
            }
        }
        map.end()
    }
}

#[cfg(feature = "json")]
impl<'de> serde::Deserialize<'de> for Reading {
    /// As it is written; of a value that is not finite only the reason is left.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Reason {
            TooShort,
            BelowGate,
            NotApplicable,
        }
        #[derive(serde::Deserialize)]
        struct Parts {
            value: Option<f64>,
            reason: Option<Reason>,
            #[serde(default)]
            have_s: f64,
            #[serde(default)]
            need_s: f64,
        }
        let Parts { value, reason, have_s, need_s } = Parts::deserialize(deserializer)?;
        match (value, reason) {
            (Some(value), None) => Ok(Self::Value(value)),
            (None, Some(Reason::TooShort)) => Ok(Self::TooShort { have_s, need_s }),
            (None, Some(Reason::BelowGate)) => Ok(Self::BelowGate),
            (None, Some(Reason::NotApplicable)) => Ok(Self::NotApplicable),
            _ => Err(serde::de::Error::custom("a reading is either a value or null with a reason")),
        }
    }
}

#[cfg(feature = "json")]
impl serde::Serialize for Timecode {
    /// As it is printed: `"01:00:00:00"`.
    fn serialize<Z: serde::Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        serializer.collect_str(self)
    }
}

/// Frame rates of SMPTE ST 12-1 timecode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum FrameRate {
    /// 24000/1001 frames a second.
    #[cfg_attr(feature = "json", serde(rename = "23.976"))]
    F23976,
    /// 24 frames a second.
    #[cfg_attr(feature = "json", serde(rename = "24"))]
    F24,
    /// 25 frames a second.
    #[default]
    #[cfg_attr(feature = "json", serde(rename = "25"))]
    F25,
    /// 30000/1001 frames a second, non-drop.
    #[cfg_attr(feature = "json", serde(rename = "29.97"))]
    F2997,
    /// 30000/1001 frames a second, drop-frame.
    #[cfg_attr(feature = "json", serde(rename = "29.97df"))]
    F2997Drop,
    /// 30 frames a second.
    #[cfg_attr(feature = "json", serde(rename = "30"))]
    F30,
    /// 50 frames a second.
    #[cfg_attr(feature = "json", serde(rename = "50"))]
    F50,
    /// 60000/1001 frames a second, non-drop.
    #[cfg_attr(feature = "json", serde(rename = "59.94"))]
    F5994,
    /// 60000/1001 frames a second, drop-frame.
    #[cfg_attr(feature = "json", serde(rename = "59.94df"))]
    F5994Drop,
    /// 60 frames a second.
    #[cfg_attr(feature = "json", serde(rename = "60"))]
    F60,
}

impl FrameRate {
    /// Frames per second as a fraction: (numerator, denominator).
    #[must_use]
    pub const fn fraction(self) -> (u64, u64) {
        match self {
            Self::F23976 => (24_000, 1001),
            Self::F24 => (24, 1),
            Self::F25 => (25, 1),
            Self::F2997 | Self::F2997Drop => (30_000, 1001),
            Self::F30 => (30, 1),
            Self::F50 => (50, 1),
            Self::F5994 | Self::F5994Drop => (60_000, 1001),
            Self::F60 => (60, 1),
        }
    }

    /// Frame numbers counted in a second of timecode.
    #[must_use]
    pub const fn nominal(self) -> u64 {
        let (numerator, denominator) = self.fraction();
        numerator.div_ceil(denominator)
    }

    /// Frame numbers dropped each minute but every tenth (0 = non-drop).
    #[must_use]
    pub const fn dropped(self) -> u64 {
        match self {
            Self::F2997Drop => 2,
            Self::F5994Drop => 4,
            _ => 0,
        }
    }
}

/// What rounding may take from a video frame number, frames: far below an audio frame (1e-4 video
/// frames and more), far above the rounding of f64 over a day.
const FRAME_SLACK: f64 = 1e-9;

/// A point in time as `HH:MM:SS:FF` (`;FF` for drop-frame).
///
/// Source: SMPTE ST 12-1:2014, clauses 5 and 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timecode {
    /// Video frames since midnight.
    pub frame: u64,
    /// The rate that counts them.
    pub frame_rate: FrameRate,
}

impl Timecode {
    /// The timecode of an audio frame at `rate_hz`, counted from `start` (the session's first).
    ///
    /// The video frame is the one that the audio frame falls into (rounded down).
    #[must_use]
    pub fn of_audio_frame(audio_frame: u64, rate_hz: f64, start: Self) -> Self {
        let (numerator, denominator) = start.frame_rate.fraction();
        #[expect(clippy::cast_precision_loss, reason = "frames of a day fit into 53 bits")]
        let video = math::floor(
            audio_frame as f64 * numerator as f64 / (rate_hz * denominator as f64) + FRAME_SLACK,
        );
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a frame count of a programme, not negative"
        )]
        Self { frame: start.frame.saturating_add(video as u64), frame_rate: start.frame_rate }
    }

    /// The first audio frame of this timecode's video frame, counted from `start` like that of
    /// [`Timecode::of_audio_frame`], whose inverse it is.
    ///
    /// None before `start`, and at another frame rate than that of `start`.
    #[must_use]
    pub fn audio_frame(self, rate_hz: f64, start: Self) -> Option<u64> {
        let video = self.frame.checked_sub(start.frame)?;
        let (numerator, denominator) = self.frame_rate.fraction();
        #[expect(clippy::cast_precision_loss, reason = "frames of a day fit into 53 bits")]
        let audio = math::ceil(
            (video as f64 - FRAME_SLACK) * (rate_hz * denominator as f64) / numerator as f64,
        );
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a frame count of a programme, not negative"
        )]
        (self.frame_rate == start.frame_rate).then_some(audio as u64)
    }

    /// The timecode that a text shows, as [`Timecode`] prints it: `01:00:00:00`, `;` or `:` before
    /// the frames.
    ///
    /// None for another form, hours above 23, minutes or seconds above 59, or a frame number that
    /// the frame rate does not have (drop-frame skips two or four of them a minute).
    ///
    /// # Example
    /// ```
    /// use mixcore::Timecode;
    /// use mixcore::units::FrameRate;
    /// let start = Timecode::parse("00:01:00;02", FrameRate::F2997Drop).unwrap();
    /// assert_eq!(start.frame, 1800);
    /// assert_eq!(Timecode::parse("00:01:00;00", FrameRate::F2997Drop), None); // skipped
    /// ```
    #[must_use]
    pub fn parse(text: &str, frame_rate: FrameRate) -> Option<Self> {
        let mut numbers = [0_u64; 4];
        let mut parts = text.split([':', ';']);
        for number in &mut numbers {
            let part = parts.next().filter(|part| part.len() == 2)?;
            *number =
                part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())??;
        }
        let [hours, minutes, seconds, frames] = numbers;
        let all_minutes = hours * 60 + minutes;
        let number = (all_minutes * 60 + seconds) * frame_rate.nominal() + frames;
        let skipped = frame_rate.dropped() * (all_minutes - all_minutes / 10);
        let timecode = Self { frame: number.saturating_sub(skipped), frame_rate };
        // What does not come back as it was given is out of range, or skipped.
        let same = timecode.fields() == (hours, minutes, seconds, frames);
        (same && parts.next().is_none()).then_some(timecode)
    }

    /// Hours (modulo 24), minutes, seconds and frames.
    #[must_use]
    pub const fn fields(self) -> (u64, u64, u64, u64) {
        let fps = self.frame_rate.nominal();
        let dropped = self.frame_rate.dropped();
        let per_minute = fps * 60 - dropped;
        let per_ten_minutes = per_minute * 10 + dropped;
        // A day has 144 times ten minutes; the count starts anew at midnight.
        let mut number = self.frame % (per_ten_minutes * 144);
        if dropped > 0 {
            let tens = number / per_ten_minutes;
            let rest = number % per_ten_minutes;
            number += dropped * 9 * tens;
            if rest >= fps * 60 {
                number += dropped * ((rest - dropped) / per_minute);
            }
        }
        let seconds = number / fps;
        (seconds / 3600, seconds / 60 % 60, seconds % 60, number % fps)
    }
}

impl fmt::Display for Timecode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (h, m, s, ff) = self.fields();
        let mark = if self.frame_rate.dropped() > 0 { ';' } else { ':' };
        write!(f, "{h:02}:{m:02}:{s:02}{mark}{ff:02}")
    }
}

#[cfg(test)]
mod tests {
    extern crate alloc;
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn decibels_and_gains_are_exact_where_it_matters() {
        assert_eq!(db_to_gain(0.0), 1.0);
        assert_eq!(db_to_gain(f64::NEG_INFINITY), 0.0);
        assert_eq!(db_to_gain(20.0), 10.0);
        assert!((gain_to_db(0.5) + 6.020_599_913_279_624).abs() < 1e-12);
    }

    #[test]
    fn loudness_and_power_are_inverse() {
        let loudness = Lufs::new(-23.0);
        assert!((loudness.power().loudness().value() + 23.0).abs() < 1e-12);
        assert_eq!((Lufs::new(-20.0) - Lufs::new(-23.0)).value(), 3.0);
        assert_eq!(Lufs::new(-23.04).to_string(), "-23.0 LUFS");
    }

    #[test]
    fn drop_frame_timecode_skips_two_numbers_a_minute_but_not_the_tenth() {
        let at = |frame| Timecode { frame, frame_rate: FrameRate::F2997Drop }.to_string();
        assert_eq!(at(1799), "00:00:59;29");
        assert_eq!(at(1800), "00:01:00;02");
        assert_eq!(at(17_981), "00:09:59;29");
        assert_eq!(at(17_982), "00:10:00;00");
        assert_eq!(at(107_892), "01:00:00;00");
        assert_eq!((at(24 * 107_892 - 1), at(24 * 107_892)), ("23:59:59;29".into(), at(0)));
    }

    #[test]
    fn a_printed_timecode_is_read_back() {
        for frame_rate in [FrameRate::F23976, FrameRate::F25, FrameRate::F2997Drop, FrameRate::F60]
        {
            for frame in [0, 1, 1799, 1800, 17_981, 17_982, 107_892, 1_234_567] {
                let timecode = Timecode { frame, frame_rate };
                assert_eq!(Timecode::parse(&timecode.to_string(), frame_rate), Some(timecode));
            }
        }
        for text in [
            "",
            "01:00:00",
            "1:00:00:00",
            "24:00:00:00",
            "00:60:00:00",
            "00:00:00:25",
            "00:00:00:00:00",
            "+1:00:00:00",
        ] {
            assert_eq!(Timecode::parse(text, FrameRate::F25), None, "{text}");
        }
    }

    #[test]
    fn an_audio_frame_falls_into_its_video_frame() {
        let start = Timecode { frame: 25 * 3600, frame_rate: FrameRate::F25 };
        assert_eq!(Timecode::of_audio_frame(1919, 48_000.0, start).to_string(), "01:00:00:00");
        assert_eq!(Timecode::of_audio_frame(1920, 48_000.0, start).to_string(), "01:00:00:01");
    }

    #[test]
    fn a_video_frame_begins_with_its_first_audio_frame() {
        for frame_rate in
            [FrameRate::F23976, FrameRate::F25, FrameRate::F2997Drop, FrameRate::F5994]
        {
            let start = Timecode { frame: 1000, frame_rate };
            for rate_hz in [8000.0, 44_100.0, 47_952.0, 48_000.0, 384_000.0] {
                for frame in [1000, 1001, 1002, 1999, 123_456, 2_592_000, 5_184_000] {
                    let timecode = Timecode { frame, frame_rate };
                    let first = timecode.audio_frame(rate_hz, start).unwrap();
                    assert_eq!(Timecode::of_audio_frame(first, rate_hz, start), timecode);
                    if frame > 1000 {
                        let before = Timecode::of_audio_frame(first - 1, rate_hz, start);
                        assert_eq!(before.frame, frame - 1);
                    }
                }
            }
            assert_eq!(Timecode { frame: 999, frame_rate }.audio_frame(48e3, start), None);
            let other = Timecode { frame: 2000, frame_rate: FrameRate::F50 };
            assert_eq!(other.audio_frame(48e3, start), None);
        }
    }
}
