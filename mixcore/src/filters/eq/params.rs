//! What an equaliser is asked for: bands, and the names under which scripts and automation know
//! their fields.

use crate::error::Error;
use crate::filters::design::{Method, Shape};
use crate::stream::{Field, Scale, Stream};

/// Most bands of an equaliser.
pub const MAX_EQ_BANDS: usize = 16;

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct EqSetup {
    /// Bands, 1 to [`MAX_EQ_BANDS`].
    pub bands: usize,
    /// How bands become coefficients.
    pub method: Method,
}

impl Default for EqSetup {
    fn default() -> Self {
        Self { bands: 8, method: Method::Matched }
    }
}

impl EqSetup {
    /// Checks the number of bands.
    ///
    /// # Errors
    /// No band, or more than [`MAX_EQ_BANDS`].
    pub fn validate(&self) -> Result<(), Error> {
        #[expect(clippy::cast_precision_loss, reason = "only compared with small bounds")]
        Error::check_range("bands", self.bands as f64, 1.0, MAX_EQ_BANDS as f64).map(|_| ())
    }
}

/// One band.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct EqBand {
    /// What it does.
    pub shape: Shape,
    /// Whether it does it.
    pub on: bool,
    /// Centre or corner, 5 Hz to 20 kHz and below Nyquist.
    pub hz: f64,
    /// Gain of bells, shelves and tilts, -36 to 36 dB.
    pub gain_db: f64,
    /// Quality, 0.1 to 40.
    pub q: f64,
}

impl Default for EqBand {
    fn default() -> Self {
        Self { shape: Shape::Bell, on: false, hz: 1000.0, gain_db: 0.0, q: 1.0 }
    }
}

impl EqBand {
    /// A band that is on.
    #[must_use]
    pub fn new(shape: Shape, hz: f64, gain_db: f64, q: f64) -> Self {
        Self { shape, on: true, hz, gain_db, q }
    }

    /// One of its four fields, as a number: on is 1.
    fn get(&self, which: usize) -> f64 {
        match which {
            0 => f64::from(u8::from(self.on)),
            1 => self.hz,
            2 => self.gain_db,
            _ => self.q,
        }
    }

    /// A copy with one of its four fields changed.
    fn with(mut self, which: usize, value: f64) -> Self {
        match which {
            0 => self.on = value >= 0.5,
            1 => self.hz = value,
            2 => self.gain_db = value,
            _ => self.q = value,
        }
        self
    }
}

/// What may move: the bands. Those beyond the setup's number are not looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct EqParams {
    /// The bands, first to last; as JSON a list of up to 16, without those at its end that stand
    /// at their defaults.
    #[cfg_attr(feature = "json", serde(with = "json"))]
    pub bands: [EqBand; MAX_EQ_BANDS],
}

#[cfg(feature = "json")]
mod json {
    use alloc::vec::Vec;

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use super::{EqBand, EqParams, MAX_EQ_BANDS};

    pub(super) fn serialize<S: Serializer>(
        bands: &[EqBand; MAX_EQ_BANDS],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let used = bands.iter().rposition(|&band| band != EqBand::default());
        bands.iter().take(used.map_or(0, |last| last + 1)).collect::<Vec<_>>().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<[EqBand; MAX_EQ_BANDS], D::Error> {
        let bands = Vec::<EqBand>::deserialize(from)?;
        if bands.len() > MAX_EQ_BANDS {
            return Err(D::Error::invalid_length(bands.len(), &"at most 16 bands"));
        }
        Ok(EqParams::new(&bands).bands)
    }
}

impl EqParams {
    /// The given bands (the first [`MAX_EQ_BANDS`]); all others are off.
    #[must_use]
    pub fn new(bands: &[EqBand]) -> Self {
        let mut params = Self::default();
        for (to, from) in params.bands.iter_mut().zip(bands) {
            *to = *from;
        }
        params
    }

    /// Names, units, bounds and defaults: `band1_on`, `band1_hz`, `band1_gain_db`, `band1_q`,
    /// `band2_on` … From a half on, `on` is on.
    pub const FIELDS: &'static [Field] = FIELDS.as_flattened();

    /// The fields of so many bands.
    pub(super) fn fields(bands: usize) -> &'static [Field] {
        Self::FIELDS.get(..bands.min(MAX_EQ_BANDS) * FIELDS_OF_A_BAND).unwrap_or_default()
    }

    /// The value of a field by name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        let (band, which) = place(name)?;
        Some(self.bands.get(band)?.get(which))
    }

    /// A copy with one field changed; its bounds are checked.
    ///
    /// # Errors
    /// An unknown name, or a value outside the bounds.
    pub fn with(mut self, name: &str, value: f64) -> Result<Self, Error> {
        let unknown = || crate::stream::unknown_field(name);
        let (index, which) = place(name).ok_or_else(unknown)?;
        let field = FIELDS.get(index).and_then(|fields| fields.get(which)).ok_or_else(unknown)?;
        field.check(value)?;
        let band = self.bands.get_mut(index).ok_or_else(unknown)?;
        *band = band.with(which, value);
        Ok(self)
    }

    /// Checks the first `bands` bands for a stream.
    pub(super) fn validate(&self, bands: usize, stream: &Stream) -> Result<(), Error> {
        for (fields, band) in FIELDS.iter().zip(&self.bands).take(bands) {
            for (which, field) in fields.iter().enumerate() {
                field.check(band.get(which))?;
                if which == 1 {
                    let below_nyquist = (stream.rate_hz / 2.0).next_down().min(field.max);
                    Error::check_range(field.name, band.hz, field.min, below_nyquist)?;
                }
            }
        }
        Ok(())
    }
}

const FIELDS_OF_A_BAND: usize = 4;

/// Band and field of a name.
fn place(name: &str) -> Option<(usize, usize)> {
    for (band, fields) in FIELDS.iter().enumerate() {
        for (which, field) in fields.iter().enumerate() {
            if field.name == name {
                return Some((band, which));
            }
        }
    }
    None
}

const fn field(
    name: &'static str,
    unit: &'static str,
    (min, max, default): (f64, f64, f64),
    scale: Scale,
    doc: &'static str,
) -> Field {
    Field { name, unit, min, max, default, scale, smoothed: true, doc }
}

macro_rules! fields {
    ($($number:literal)*) => {
        [$([
            field(
                concat!("band", $number, "_on"), "switch", (0.0, 1.0, 0.0), Scale::Linear,
                "Whether the band is on: 0 or 1.",
            ),
            field(
                concat!("band", $number, "_hz"), "Hz", (5.0, 20_000.0, 1000.0), Scale::Log,
                "Centre or corner, below Nyquist.",
            ),
            field(
                concat!("band", $number, "_gain_db"), "dB", (-36.0, 36.0, 0.0), Scale::Decibel,
                "Gain of a bell, shelf or tilt.",
            ),
            field(
                concat!("band", $number, "_q"), "1", (0.1, 40.0, 1.0), Scale::Log,
                "Quality: the higher, the narrower.",
            ),
        ]),*]
    };
}

const FIELDS: [[Field; FIELDS_OF_A_BAND]; MAX_EQ_BANDS] =
    fields!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);
