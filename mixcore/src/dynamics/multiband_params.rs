//! What a multiband compressor is built with and what may move.

use super::ballistics::{Release, Smoothing};
use super::banks::{self, band_params};
use super::compressor_params::{CompressorParams, CompressorSetup};
use super::detector::Detector;
use super::link::LinkGroups;
use super::makeup::MakeUp;
use crate::error::Error;
use crate::filters::{CrossoverParams, CrossoverSetup, MAX_CROSSOVER_BANDS};
use crate::stream::{Field, Scale, unknown_field};

/// What is fixed for life.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct MultibandSetup {
    /// Bands and slope.
    pub crossover: CrossoverSetup,
    /// Time by which every gain is ahead of the audio, 0 to
    /// [`super::MAX_DYNAMICS_LOOKAHEAD_MS`]; it is the latency.
    pub lookahead_ms: f64,
    /// What each band listens for.
    pub detector: Detector,
    /// How attack and release are put together; with feed-back it is always branching.
    pub smoothing: Smoothing,
    /// How the release depends on the programme.
    pub release: Release,
    /// Which channels move together in each band, as far as `link_percent` says.
    pub groups: LinkGroups,
    /// Where the make-up gain behind the sum comes from.
    pub makeup: MakeUp,
}

impl MultibandSetup {
    /// Checks the bands, the look-ahead and the detector's window.
    ///
    /// # Errors
    /// A value outside its bounds.
    pub fn validate(&self) -> Result<(), Error> {
        self.crossover.validate()?;
        self.compressor().validate()
    }

    /// The setup of every band.
    pub(super) fn compressor(&self) -> CompressorSetup {
        CompressorSetup {
            lookahead_ms: self.lookahead_ms,
            detector: self.detector,
            smoothing: self.smoothing,
            release: self.release,
            groups: self.groups,
            // The whole is matched, not each band: that would undo the change of tone.
            makeup: MakeUp::Static,
        }
    }
}

band_params! {
    /// One band. Times are to 63.2 % of a step in dB.
    pub struct MultibandBand {
        /// Level of the band above which its gain falls.
        threshold_dbfs: "dBFS", -100.0 => 24.0, -24.0, Linear, smoothed;
        /// Decibels of input for one of output above the threshold; 1 is off.
        ratio: ":1", 1.0 => 100.0, 2.0, Log, smoothed;
        /// Width of the round corner of every threshold.
        knee_db: "dB", 0.0 => 40.0, 6.0, Linear, smoothed;
        /// The most that the gain falls above the threshold.
        range_db: "dB", 0.0 => 120.0, 120.0, Linear, smoothed;
        /// Time constant of a falling gain.
        attack_ms: "ms", 0.02 => 1000.0, 10.0, Log, fixed;
        /// Time constant of a rising gain.
        release_ms: "ms", 1.0 => 10000.0, 100.0, Log, fixed;
        /// Time constant of the release after long passages, where it depends on the programme.
        slow_release_ms: "ms", 10.0 => 30000.0, 1000.0, Log, fixed;
        /// Time for which the release waits.
        hold_ms: "ms", 0.0 => 2000.0, 0.0, Linear, fixed;
        /// Level of the band below which its gain rises.
        upward_threshold_dbfs: "dBFS", -120.0 => 24.0, -60.0, Linear, smoothed;
        /// Decibels of input for one of output below the upward threshold; 1 is off.
        upward_ratio: ":1", 1.0 => 20.0, 1.0, Log, smoothed;
        /// The most that the gain rises.
        upward_range_db: "dB", 0.0 => 40.0, 6.0, Linear, smoothed;
        /// Level of the band below which its gain falls.
        expander_threshold_dbfs: "dBFS", -120.0 => 24.0, -80.0, Linear, smoothed;
        /// Decibels of output for one of input below the expander's threshold; 1 is off.
        expander_ratio: ":1", 1.0 => 20.0, 1.0, Log, smoothed;
        /// The most that the gain falls below the expander's threshold.
        expander_range_db: "dB", 0.0 => 80.0, 20.0, Linear, smoothed;
        /// Gain behind the band's compressor.
        gain_db: "dB", -40.0 => 40.0, 0.0, Linear, smoothed;
    }
    const BANDS: [MAX_CROSSOVER_BANDS] = [1 2 3 4 5 6];
}

/// What may move.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct MultibandParams {
    /// Where the bands meet.
    pub crossover: CrossoverParams,
    /// The bands from low to high; those beyond the setup's number do not count. As JSON a list
    /// of up to six, without those at its end that stand at their defaults.
    #[cfg_attr(feature = "json", serde(with = "banks::json"))]
    pub bands: [MultibandBand; MAX_CROSSOVER_BANDS],
    /// How far the channels of a group move with the loudest of them, 0 to 100 %.
    pub link_percent: f64,
    /// Share of the compressed bands, 0 to 100 %; the rest are the bands as they are, in step.
    pub mix_percent: f64,
    /// Share of a band's output in what its detector hears: 0 is feed-forward, 100 feed-back.
    pub feedback_percent: f64,
    /// Share of a band's reduction at 0 dBFS that is given back to it, 0 to 100 %.
    pub auto_makeup_percent: f64,
}

impl Default for MultibandParams {
    fn default() -> Self {
        Self {
            crossover: CrossoverParams::default(),
            bands: [MultibandBand::default(); MAX_CROSSOVER_BANDS],
            link_percent: 100.0,
            mix_percent: 100.0,
            feedback_percent: 0.0,
            auto_makeup_percent: 0.0,
        }
    }
}

const PERCENT: Field = Field {
    name: "link_percent",
    unit: "%",
    min: 0.0,
    max: 100.0,
    default: 100.0,
    scale: Scale::Linear,
    smoothed: true,
    doc: "How far the channels of a group move with the loudest of them.",
};
const COMMON: [Field; 4] = [
    PERCENT,
    Field {
        name: "mix_percent",
        doc: "Share of the compressed bands; the rest are the bands as they are, in step.",
        ..PERCENT
    },
    Field {
        name: "feedback_percent",
        default: 0.0,
        doc: "Share of a band's output in what its detector hears: 0 is feed-forward, 100 feed-back.",
        ..PERCENT
    },
    Field {
        name: "auto_makeup_percent",
        default: 0.0,
        doc: "Share of a band's reduction at 0 dBFS that is given back to it.",
        ..PERCENT
    },
];

const OF_A_BAND: usize = MultibandBand::FIELDS.len();
/// Fields of a band and of the crossing below it.
const STEP: usize = OF_A_BAND + 1;
const ALL: usize = COMMON.len() + MAX_CROSSOVER_BANDS * STEP - 1;

/// Common ones, the lowest band, then each crossing with the band above it: so those of any
/// number of bands stand in front.
const FIELDS: [Field; ALL] = {
    let mut all = [PERCENT; ALL];
    let mut at = 0;
    while at < COMMON.len() {
        all[at] = COMMON[at];
        at += 1;
    }
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

/// What a name stands for.
pub(super) enum Place {
    Common(usize),
    Crossing,
    Band(usize, usize),
}

impl MultibandParams {
    /// Names, units, bounds and defaults: `link_percent`, `mix_percent`, `feedback_percent`,
    /// `auto_makeup_percent`, `band1_threshold_dbfs` …,
    /// `crossing_1_hz`, `band2_threshold_dbfs` …
    pub const FIELDS: &'static [Field] = &FIELDS;

    /// The fields of so many bands.
    pub(super) fn fields(bands: usize) -> &'static [Field] {
        let count = (COMMON.len() + bands.saturating_mul(STEP)).saturating_sub(1);
        Self::FIELDS.get(..count).unwrap_or(Self::FIELDS)
    }

    /// What a name stands for, among the fields of so many bands.
    pub(super) fn place(name: &str, bands: usize) -> Option<Place> {
        Self::fields(bands).iter().find(|field| field.name == name)?;
        if let Some(field) = COMMON.iter().position(|field| field.name == name) {
            return Some(Place::Common(field));
        }
        match banks::place(&BANDS, name) {
            Some((band, field)) => Some(Place::Band(band, field)),
            None => Some(Place::Crossing),
        }
    }

    /// What stands in front of the bands, in the order of [`COMMON`].
    fn common(&self) -> [f64; COMMON.len()] {
        [self.link_percent, self.mix_percent, self.feedback_percent, self.auto_makeup_percent]
    }

    fn common_mut(&mut self) -> [&mut f64; COMMON.len()] {
        [
            &mut self.link_percent,
            &mut self.mix_percent,
            &mut self.feedback_percent,
            &mut self.auto_makeup_percent,
        ]
    }

    /// The value of a field by name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        match Self::place(name, MAX_CROSSOVER_BANDS)? {
            Place::Common(field) => self.common().get(field).copied(),
            Place::Crossing => self.crossover.get(name),
            Place::Band(band, field) => {
                self.bands.get(band)?.get(MultibandBand::FIELDS.get(field)?.name)
            }
        }
    }

    /// A copy with one field changed; its bounds are checked.
    ///
    /// # Errors
    /// An unknown name, or a value outside the bounds.
    pub fn with(mut self, name: &str, value: f64) -> Result<Self, Error> {
        let field = Self::FIELDS.iter().find(|field| field.name == name);
        field.ok_or_else(|| unknown_field(name))?.check(value)?;
        match Self::place(name, MAX_CROSSOVER_BANDS) {
            Some(Place::Common(field)) => {
                if let Some(slot) = self.common_mut().into_iter().nth(field) {
                    *slot = value;
                }
            }
            Some(Place::Crossing) => self.crossover = self.crossover.with(name, value)?,
            Some(Place::Band(band, field)) => {
                let slot = self.bands.get_mut(band).zip(MultibandBand::FIELDS.get(field));
                if let Some((slot, field)) = slot {
                    *slot = slot.with(field.name, value)?;
                }
            }
            None => {}
        }
        Ok(self)
    }

    /// Checks what so many bands use of them, but for the crossings.
    pub(super) fn check(&self, bands: usize) -> Result<(), Error> {
        for (field, value) in COMMON.iter().zip(self.common()) {
            field.check(value)?;
        }
        for (row, band) in BANDS.iter().zip(&self.bands).take(bands) {
            banks::check(row, MultibandBand::FIELDS, |name| band.get(name))?;
        }
        Ok(())
    }

    /// The parameters of a band's compressor.
    pub(super) fn compressor(&self, band: usize) -> CompressorParams {
        let band = self.bands.get(band).copied().unwrap_or_default();
        CompressorParams {
            threshold_dbfs: band.threshold_dbfs,
            ratio: band.ratio,
            knee_db: band.knee_db,
            range_db: band.range_db,
            attack_ms: band.attack_ms,
            release_ms: band.release_ms,
            slow_release_ms: band.slow_release_ms,
            hold_ms: band.hold_ms,
            upward_threshold_dbfs: band.upward_threshold_dbfs,
            upward_ratio: band.upward_ratio,
            upward_range_db: band.upward_range_db,
            expander_threshold_dbfs: band.expander_threshold_dbfs,
            expander_ratio: band.expander_ratio,
            expander_range_db: band.expander_range_db,
            feedback_percent: self.feedback_percent,
            link_percent: self.link_percent,
            makeup_db: band.gain_db,
            auto_makeup_percent: self.auto_makeup_percent,
            mix_percent: self.mix_percent,
        }
    }
}
