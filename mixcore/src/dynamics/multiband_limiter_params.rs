//! What a multiband limiter is built with and what may move.

use super::banks::{self, band_params};
use super::limiter_setup::{LimiterParams, LimiterSetup};
use crate::error::Error;
use crate::filters::{CrossoverParams, CrossoverSetup, MAX_CROSSOVER_BANDS};
use crate::stream::{Field, Scale, unknown_field};

/// What is fixed for life.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct MultibandLimiterSetup {
    /// Bands and slope.
    pub crossover: CrossoverSetup,
    /// The limiter of every band.
    pub bands: LimiterSetup,
    /// The limiter of the output.
    pub output: LimiterSetup,
}

impl MultibandLimiterSetup {
    /// Checks the bands and both limiters' setups.
    ///
    /// # Errors
    /// A value outside its bounds.
    pub fn validate(&self) -> Result<(), Error> {
        self.crossover.validate()?;
        self.bands.validate()?;
        self.output.validate()
    }
}

band_params! {
    /// One band.
    pub struct MultibandLimiterBand {
        /// Level that the band stays below.
        ceiling_dbtp: "dBTP", -60.0 => 0.0, -6.0, Decibel, smoothed;
        /// Time in which a gain reduction falls to 36.8 % after a peak.
        release_ms: "ms", 1.0 => 5000.0, 100.0, Log, fixed;
    }
    const BANDS: [MAX_CROSSOVER_BANDS] = [1 2 3 4 5 6];
}

/// What may move.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct MultibandLimiterParams {
    /// Where the bands meet.
    pub crossover: CrossoverParams,
    /// The bands from low to high; those beyond the setup's number do not count. As JSON a list
    /// of up to six, without those at its end that stand at their defaults.
    #[cfg_attr(feature = "json", serde(with = "banks::json"))]
    pub bands: [MultibandLimiterBand; MAX_CROSSOVER_BANDS],
    /// Level that the output stays below, -60 to 0 dBTP.
    pub ceiling_dbtp: f64,
    /// Release of the output's limiter, 1 to 5000 ms.
    pub release_ms: f64,
}

impl Default for MultibandLimiterParams {
    fn default() -> Self {
        let [ceiling, release] = OUTPUT;
        Self {
            crossover: CrossoverParams::default(),
            bands: [MultibandLimiterBand::default(); MAX_CROSSOVER_BANDS],
            ceiling_dbtp: ceiling.default,
            release_ms: release.default,
        }
    }
}

const OUTPUT: [Field; 2] = [
    Field {
        name: "ceiling_dbtp",
        unit: "dBTP",
        min: -60.0,
        max: 0.0,
        default: -1.0,
        scale: Scale::Decibel,
        smoothed: true,
        doc: "Level that the output stays below.",
    },
    Field {
        name: "release_ms",
        unit: "ms",
        min: 1.0,
        max: 5000.0,
        default: 100.0,
        scale: Scale::Log,
        smoothed: false,
        doc: "Release of the output's limiter.",
    },
];

const OF_A_BAND: usize = MultibandLimiterBand::FIELDS.len();
/// Fields of a band and of the crossing below it.
const STEP: usize = OF_A_BAND + 1;
const ALL: usize = OUTPUT.len() + MAX_CROSSOVER_BANDS * STEP - 1;

/// Those of the output, the lowest band, then each crossing with the band above it.
const FIELDS: [Field; ALL] = {
    let mut all = [OUTPUT[0]; ALL];
    all[1] = OUTPUT[1];
    let mut at = OUTPUT.len();
    let mut band = 0;
    while band < MAX_CROSSOVER_BANDS {
        if band > 0 {
            all[at] = CrossoverParams::FIELDS[band - 1];
            at += 1;
        }
        let mut n = 0;
        while n < OF_A_BAND {
            all[at] = BANDS[band][n];
            at += 1;
            n += 1;
        }
        band += 1;
    }
    all
};

impl MultibandLimiterParams {
    /// Names, units, bounds and defaults: `ceiling_dbtp`, `release_ms`, `band1_ceiling_dbtp` …,
    /// `crossing_1_hz`, `band2_ceiling_dbtp` …
    pub const FIELDS: &'static [Field] = &FIELDS;

    pub(super) fn fields(bands: usize) -> &'static [Field] {
        let count = (OUTPUT.len() + bands.saturating_mul(STEP)).saturating_sub(1);
        Self::FIELDS.get(..count).unwrap_or(Self::FIELDS)
    }

    /// The value of a field by name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        match name {
            "ceiling_dbtp" => Some(self.ceiling_dbtp),
            "release_ms" => Some(self.release_ms),
            _ => match banks::place(&BANDS, name) {
                None => self.crossover.get(name),
                Some((band, field)) => {
                    self.bands.get(band)?.get(MultibandLimiterBand::FIELDS.get(field)?.name)
                }
            },
        }
    }

    /// A copy with one field changed; its bounds are checked.
    ///
    /// # Errors
    /// An unknown name, or a value outside the bounds.
    pub fn with(mut self, name: &str, value: f64) -> Result<Self, Error> {
        let field = Self::FIELDS.iter().find(|field| field.name == name);
        field.ok_or_else(|| unknown_field(name))?.check(value)?;
        match name {
            "ceiling_dbtp" => self.ceiling_dbtp = value,
            "release_ms" => self.release_ms = value,
            _ => match banks::place(&BANDS, name) {
                None => self.crossover = self.crossover.with(name, value)?,
                Some((band, field)) => {
                    let slot = self.bands.get_mut(band);
                    if let Some((slot, field)) = slot.zip(MultibandLimiterBand::FIELDS.get(field)) {
                        *slot = slot.with(field.name, value)?;
                    }
                }
            },
        }
        Ok(self)
    }

    /// Checks what so many bands use of them, but for the crossings.
    pub(super) fn check(&self, bands: usize) -> Result<(), Error> {
        let [ceiling, release] = OUTPUT;
        ceiling.check(self.ceiling_dbtp)?;
        release.check(self.release_ms)?;
        for (row, band) in BANDS.iter().zip(&self.bands).take(bands) {
            banks::check(row, MultibandLimiterBand::FIELDS, |name| band.get(name))?;
        }
        Ok(())
    }

    pub(super) fn output(&self) -> LimiterParams {
        limiter(self.ceiling_dbtp, self.release_ms)
    }

    pub(super) fn band(&self, band: usize) -> LimiterParams {
        let band = self.bands.get(band).copied().unwrap_or_default();
        limiter(band.ceiling_dbtp, band.release_ms)
    }
}

fn limiter(ceiling_dbtp: f64, release_ms: f64) -> LimiterParams {
    let mut params = LimiterParams::default();
    (params.ceiling_dbtp, params.release_ms) = (ceiling_dbtp, release_ms);
    params
}
