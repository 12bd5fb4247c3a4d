//! How long a delay is: in frames, in milliseconds, or as the way that sound travels meanwhile.
//!
//! A microphone at the back of a stage, delay loudspeakers in a hall, a boom and a lavalier: what is
//! measured in metres is needed in frames.
//!
//! > c = 343.2 m/s · √((θ + 273.15)/293.15)
//!
//! for air at θ °C; humidity, which adds some tenths of a percent, is left out.
//!
//! Source: ISO 9613-1:1993, annex A, for the speed (343.2 m/s at 293.15 K); the clause \[unverified\].

use crate::error::Error;
use crate::filters::delay::MAX_DELAY_S;
use crate::math;
use crate::stream::Stream;

/// Speed of sound in air at 20 °C, m/s.
const SPEED_AT_20_C: f64 = 343.2;
/// 0 °C, K.
const ZERO_C: f64 = 273.15;
/// Temperatures of the air, °C: where people work, and where the law is tabulated.
const MIN_C: f64 = -50.0;
const MAX_C: f64 = 60.0;

/// Speed of sound in air, m/s.
///
/// # Units and range
/// `temperature_c` −50 to 60 °C.
///
/// # Errors
/// A temperature outside its bounds.
///
/// # Example
/// ```
/// use mixcore::filters::speed_of_sound_m_s;
/// assert_eq!(speed_of_sound_m_s(20.0)?, 343.2);
/// assert!((speed_of_sound_m_s(0.0)? - 331.3).abs() < 0.05);
/// # Ok::<(), mixcore::Error>(())
/// ```
pub fn speed_of_sound_m_s(temperature_c: f64) -> Result<f64, Error> {
    Error::check_range("temperature_c", temperature_c, MIN_C, MAX_C)?;
    Ok(SPEED_AT_20_C * math::sqrt((temperature_c + ZERO_C) / (20.0 + ZERO_C)))
}

/// The length of a delay in the unit that it was given in; at most 60 s.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum DelayTime {
    /// Frames, whole or not.
    Frames(f64),
    /// Milliseconds.
    Ms(f64),
    /// The way of sound through air.
    Metres {
        /// Metres.
        metres: f64,
        /// Temperature of the air, −50 to 60 °C.
        temperature_c: f64,
    },
}

impl DelayTime {
    /// The delay in frames, whole or not, at a rate.
    ///
    /// # Errors
    /// A delay that is negative or longer than 60 s, by the name of its unit; a temperature or a rate
    /// outside its bounds.
    ///
    /// # Example
    /// ```
    /// use mixcore::filters::DelayTime;
    /// use mixcore::{Layout, Stream};
    /// let stream = Stream::new(48_000.0, Layout::MONO)?;
    /// // Twelve metres in a studio: 35 ms.
    /// let time = DelayTime::Metres { metres: 12.0, temperature_c: 20.0 };
    /// assert!((time.frames(&stream)? - 1678.32).abs() < 0.01);
    /// assert_eq!(time.whole_frames(&stream)?, 1678);
    /// assert_eq!(DelayTime::Ms(10.0).whole_frames(&stream)?, 480);
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn frames(&self, stream: &Stream) -> Result<f64, Error> {
        stream.validate()?;
        let rate_hz = stream.rate_hz;
        match *self {
            Self::Frames(frames) => {
                Error::check_range("frames", frames, 0.0, math::floor(MAX_DELAY_S * rate_hz))
            }
            Self::Ms(ms) => {
                let ms = Error::check_range("delay_ms", ms, 0.0, 1000.0 * MAX_DELAY_S)?;
                Ok(ms * rate_hz / 1000.0)
            }
            Self::Metres { metres, temperature_c } => {
                let speed = speed_of_sound_m_s(temperature_c)?;
                let metres = Error::check_range("metres", metres, 0.0, MAX_DELAY_S * speed)?;
                Ok(metres / speed * rate_hz)
            }
        }
    }

    /// The nearest whole number of frames, for [`super::Delay`].
    ///
    /// # Errors
    /// As [`DelayTime::frames`].
    pub fn whole_frames(&self, stream: &Stream) -> Result<usize, Error> {
        let frames = self.frames(stream)?;
        // At a rate that is no whole number the longest delay may round up beyond its bound.
        let whole = math::round(frames).min(math::floor(MAX_DELAY_S * stream.rate_hz));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked: 0 to 60 s"
        )]
        Ok(whole as usize)
    }

    /// The delay in milliseconds at a rate, for [`super::FractionalDelayParams`].
    ///
    /// # Errors
    /// As [`DelayTime::frames`].
    pub fn ms(&self, stream: &Stream) -> Result<f64, Error> {
        match *self {
            Self::Ms(ms) => self.frames(stream).map(|_| ms),
            _ => Ok(self.frames(stream)? / stream.rate_hz * 1000.0),
        }
    }
}
