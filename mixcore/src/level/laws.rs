//! Fader laws: where a fader stands, and which level that is.
//!
//! A mixer reads travel, a processor wants decibels. Each law is a pair of functions between the
//! position p (0 = bottom, 1 = top) and the level L in dB, exact at both ends: L(0) = -inf.
//!
//! | law | L(p) | unity at p |
//! |---|---|---|
//! | [`FaderLaw::ConsoleTaper`] | straight from 100 to 52 mm (+10 to -10 dB), to 16 mm (-40 dB), to 4 mm (-60 dB), then straight in amplitude | 0.76 |
//! | [`FaderLaw::Ardour`] | 20·log10(2) · (198·p^(1/8) − 192)/6 | 0.782 |
//! | [`FaderLaw::X32`] | 40p − 30 from 0.5, 80p − 50 from 0.25, 160p − 70 from 0.0625, 480p − 90 | 0.75 |
//! | [`FaderLaw::X32Style`] | 40·(p − 0.75) from 0.75, 40·log10(p/0.75) | 0.75 |
//! | [`FaderLaw::Cubic`] | 60·log10(p) | 1 |
//! | [`FaderLaw::LinearDb`] | low + (high − low)·p | – |
//! | [`FaderLaw::Iec60268Scale`] | the meter's scale: straight between 0, -9, -20, -30, -40, -50 and -60 dB | 1 |
//!
//! NOTE: IEC 60268-18 is the scale of a peak programme meter, not a law of faders; OBS Studio offers
//! it for faders all the same, which is why it is here, under its own name. Below -60 dB the scale
//! says nothing: OBS runs on towards -150 dB and cuts at -114, we go straight in amplitude to zero.
//! The console taper's last 4 mm are a "fade to zero" at its source, which runs there in decibels
//! to -200 dB; straight in amplitude is what reaches zero. The X32 itself sends its four straight
//! lines; the curve that apps often draw instead is `X32Style`, 3 dB louder at half travel and 17 dB
//! at a sixteenth.
//!
//! Sources: J. McCartney, "Millimeter to DB (faders...)", musicdsp.org, entry 94 (taper of a
//! 100 mm console fader); Ardour, `libs/pbd/pbd/control_math.h` (the formula as a fact, no code);
//! the X32's OSC protocol as its users describe it [unverified against Behringer]; IEC 60268-18
//! as OBS Studio tabulates it [unverified against the standard's text].
//!
//! Cost: a logarithm or a power at most. Latency: none.
//! Limits: where a law jumps from its lowest level to -inf (`Ardour` at -192.7 dB, `X32` at -90,
//! `LinearDb` at its low end), all lower levels are the bottom.

use crate::error::Error;
use crate::math;
use crate::units::{db_to_gain, gain_to_db};

/// Travel of a console's long fader, mm: 1 mm is a position of 0.01.
pub const CONSOLE_TRAVEL_MM: f64 = 100.0;

/// How a fader's position becomes a level.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum FaderLaw {
    /// The taper of a 100 mm console fader: 5 dB per 12 mm around unity, +10 dB at the top.
    #[default]
    ConsoleTaper,
    /// Ardour's gain fader: an eighth power over octaves, +6.02 dB at the top.
    Ardour,
    /// Behringer X32: four straight lines in dB from -90 to +10 dB.
    X32,
    /// Twice the logarithmic taper below 0 dB at 0.75, straight in dB up to +10 dB.
    X32Style,
    /// Gain = p³, 0 dB at the top.
    Cubic,
    /// Straight in dB over the whole travel.
    LinearDb {
        /// Level that the bottom is reached from, dB: -144 to 119.
        low_db: f64,
        /// Level at the top, dB: at least 1 dB above `low_db`, at most 120.
        high_db: f64,
    },
    /// The scale of the IEC 60268-18 peak programme meter, 0 dB at the top. No fader law.
    Iec60268Scale,
}

/// A point of a law: position, level in dB.
type Knot = (f64, f64);

/// 100 − 76 mm: unity lies on the line from +10 to -10 dB, as a knot so that it is exact.
const CONSOLE: [Knot; 5] = [(0.04, -60.0), (0.16, -40.0), (0.52, -10.0), (0.76, 0.0), (1.0, 10.0)];
/// Unity is a knot here too.
const X32: [Knot; 6] =
    [(0.0, -90.0), (0.0625, -60.0), (0.25, -30.0), (0.5, -10.0), (0.75, 0.0), (1.0, 10.0)];
const IEC_60268: [Knot; 7] = [
    (0.025, -60.0),
    (0.075, -50.0),
    (0.15, -40.0),
    (0.3, -30.0),
    (0.5, -20.0),
    (0.75, -9.0),
    (1.0, 0.0),
];

/// 20·log10(2): decibels of an octave of gain.
const OCTAVE_DB: f64 = 6.020_599_913_279_624;
/// Ardour: sixths of an octave from the bottom (2^-32) to unity, and to the top (2).
const ARDOUR_UNITY: f64 = 192.0;
const ARDOUR_TOP: f64 = 198.0;

/// X32-style: where unity lies, and how steep the part above it is.
const STYLE_UNITY: f64 = 0.75;
const STYLE_DB: f64 = 40.0;

/// Decibels of a cubic law per decade of travel.
const CUBIC_DB: f64 = 60.0;

/// Bounds of [`FaderLaw::LinearDb`].
const LINEAR_LOW_DB: f64 = -144.0;
const LINEAR_HIGH_DB: f64 = 120.0;
const LINEAR_LEAST_DB: f64 = 1.0;

impl FaderLaw {
    /// A law that is straight in dB from `low_db` (just above the bottom, which is -inf) to
    /// `high_db`.
    ///
    /// # Errors
    /// `low_db` outside -144 to 119 dB, `high_db` less than 1 dB above it or beyond 120 dB.
    pub fn linear_db(low_db: f64, high_db: f64) -> Result<Self, Error> {
        let law = Self::LinearDb { low_db, high_db };
        law.validate()?;
        Ok(law)
    }

    /// Checks the range of a [`FaderLaw::LinearDb`]; the other laws have nothing to check.
    ///
    /// # Errors
    /// As [`FaderLaw::linear_db`].
    pub fn validate(self) -> Result<(), Error> {
        if let Self::LinearDb { low_db, high_db } = self {
            let highest = LINEAR_HIGH_DB - LINEAR_LEAST_DB;
            Error::check_range("low_db", low_db, LINEAR_LOW_DB, highest)?;
            Error::check_range("high_db", high_db, low_db + LINEAR_LEAST_DB, LINEAR_HIGH_DB)?;
        }
        Ok(())
    }

    /// The level at the top, dB.
    #[must_use]
    pub fn top_db(self) -> f64 {
        match self {
            Self::ConsoleTaper | Self::X32 | Self::X32Style => 10.0,
            Self::Ardour => OCTAVE_DB,
            Self::Cubic | Self::Iec60268Scale => 0.0,
            Self::LinearDb { high_db, .. } => high_db,
        }
    }

    /// The level at a position.
    ///
    /// # Units and range
    /// `position` 0 to 1; the level in dB, -inf at 0, never falling as the position rises.
    ///
    /// # Errors
    /// A position outside 0 to 1 or not finite; a [`FaderLaw::LinearDb`] out of range.
    ///
    /// # Source
    /// The table and the notes at the head of this file.
    ///
    /// # Example
    /// ```
    /// use mixcore::level::FaderLaw;
    /// assert_eq!(FaderLaw::ConsoleTaper.db_at_mm(52.0)?, -10.0);
    /// assert_eq!(FaderLaw::ConsoleTaper.mm_of(0.0)?, 76.0);
    /// assert_eq!(FaderLaw::Cubic.db_at(0.0)?, f64::NEG_INFINITY);
    /// assert!((FaderLaw::Ardour.position_of(-20.0)? - 0.325).abs() < 0.0005);
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn db_at(self, position: f64) -> Result<f64, Error> {
        self.validate()?;
        let p = Error::check_range("position", position, 0.0, 1.0)?;
        if p == 0.0 {
            return Ok(f64::NEG_INFINITY);
        }
        Ok(match self {
            Self::ConsoleTaper => on_knots(&CONSOLE, p),
            Self::X32 => on_knots(&X32, p),
            Self::Iec60268Scale => on_knots(&IEC_60268, p),
            Self::Ardour => {
                let eighth_root = math::sqrt(math::sqrt(math::sqrt(p)));
                OCTAVE_DB * (ARDOUR_TOP * eighth_root - ARDOUR_UNITY) / 6.0
            }
            Self::X32Style if p >= STYLE_UNITY => STYLE_DB * (p - STYLE_UNITY),
            Self::X32Style => STYLE_DB * math::log10(p / STYLE_UNITY),
            Self::Cubic => CUBIC_DB * math::log10(p),
            Self::LinearDb { low_db, high_db } => between((0.0, low_db), (1.0, high_db), p),
        })
    }

    /// The position of a level: the inverse of [`FaderLaw::db_at`], within 1e-12 of the travel.
    ///
    /// # Units and range
    /// `db` from -inf to [`FaderLaw::top_db`]. Levels below a law's lowest one are at 0.
    ///
    /// # Errors
    /// A level above the top, or NaN; a [`FaderLaw::LinearDb`] out of range.
    pub fn position_of(self, db: f64) -> Result<f64, Error> {
        self.validate()?;
        if db == f64::NEG_INFINITY {
            return Ok(0.0);
        }
        let db = Error::check_range("level_db", db, f64::NEG_INFINITY, self.top_db())?;
        Ok(match self {
            Self::ConsoleTaper => off_knots(&CONSOLE, db),
            Self::X32 => off_knots(&X32, db),
            Self::Iec60268Scale => off_knots(&IEC_60268, db),
            Self::Ardour => {
                let share = (6.0 * (db / OCTAVE_DB) + ARDOUR_UNITY) / ARDOUR_TOP;
                math::powi(share.clamp(0.0, 1.0), 8)
            }
            Self::X32Style if db >= 0.0 => STYLE_UNITY + db / STYLE_DB,
            Self::X32Style => STYLE_UNITY * math::exp10(db / STYLE_DB),
            Self::Cubic => math::exp10(db / CUBIC_DB),
            Self::LinearDb { low_db, high_db } => {
                between((low_db, 0.0), (high_db, 1.0), db.max(low_db))
            }
        })
    }

    /// The level at a place of a 100 mm fader, mm from the bottom.
    ///
    /// # Errors
    /// As [`FaderLaw::db_at`], of the position `mm` / 100.
    pub fn db_at_mm(self, mm: f64) -> Result<f64, Error> {
        Error::check_range("position_mm", mm, 0.0, CONSOLE_TRAVEL_MM)?;
        self.db_at(mm / CONSOLE_TRAVEL_MM)
    }

    /// The place of a level on a 100 mm fader, mm from the bottom.
    ///
    /// # Errors
    /// As [`FaderLaw::position_of`].
    pub fn mm_of(self, db: f64) -> Result<f64, Error> {
        Ok(self.position_of(db)? * CONSOLE_TRAVEL_MM)
    }
}

/// The line through two points, exact at both, never beyond the second.
fn between(from: Knot, to: Knot, x: f64) -> f64 {
    if x >= to.0 {
        return to.1;
    }
    (from.1 + (x - from.0) * ((to.1 - from.1) / (to.0 - from.0))).min(to.1)
}

/// The level on straight lines between knots; below the first one straight in amplitude.
fn on_knots(knots: &[Knot], p: f64) -> f64 {
    along(knots, p, |knot| knot).unwrap_or_else(|| match knots.first() {
        Some(&(position, db)) => (db + gain_to_db(p / position)).min(db),
        None => f64::NEG_INFINITY,
    })
}

/// The inverse of [`on_knots`].
fn off_knots(knots: &[Knot], db: f64) -> f64 {
    along(knots, db, |(position, db)| (db, position)).unwrap_or_else(|| match knots.first() {
        Some(&(position, lowest_db)) => position * db_to_gain(db - lowest_db),
        None => 0.0,
    })
}

/// The value at `x` on the lines through knots read by `turn`; none before the first knot.
fn along(knots: &[Knot], x: f64, turn: impl Fn(Knot) -> Knot) -> Option<f64> {
    let mut lines = knots.iter().zip(knots.iter().skip(1));
    let (from, to) = lines.find(|(_, to)| x <= turn(**to).0)?;
    let (from, to) = (turn(*from), turn(*to));
    (x >= from.0).then(|| between(from, to, x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_exact_at_both_ends() {
        assert_eq!(between((0.1, -0.7), (0.3, 0.9), 0.1), -0.7);
        assert_eq!(between((0.1, -0.7), (0.3, 0.9), 0.3), 0.9);
    }

    #[test]
    fn the_bottom_of_a_taper_is_straight_in_amplitude() {
        // Half of the last 4 mm: half the amplitude of -60 dB.
        let half = FaderLaw::ConsoleTaper.db_at_mm(2.0).unwrap();
        assert!((db_to_gain(half) - 0.0005).abs() < 1e-15);
    }
}
