//! What a dynamic equaliser is built with, what may move, and what that means.

use super::ballistics::{Ballistics, Release, Smoothing, Times};
use super::banks::{self, band_params};
use super::curve::Curve;
use super::deesser_params::{MOST_OF_RATE, above_zero};
use super::detector::Detector;
use super::key_filter::KeyFilter;
use super::link::LinkGroups;
use super::moving_band::{Corner, MovingShape};
use super::side_chain::MAX_DYNAMICS_LOOKAHEAD_MS;
use super::travel::{linear, logarithmic};
use crate::error::Error;
use crate::filters::design::{Method, Shape, second_order};
use crate::stream::{Field, Scale, Stream, unknown_field};

/// Most bands of a dynamic equaliser: as many as a multiband processor has.
pub const MAX_DYNAMIC_BANDS: usize = 6;

/// On which side of its threshold a band acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Trigger {
    /// While the level is above the threshold.
    #[default]
    Above,
    /// While the level is below the threshold.
    Below,
}

/// What is fixed for life of one band.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct DynamicEqBandSetup {
    /// What the band does. It listens to what a bell or shelf of its place covers: a band-pass, a
    /// low-pass or a high-pass.
    pub shape: MovingShape,
    /// On which side of the threshold it acts.
    pub trigger: Trigger,
    /// Whether it listens to an external key, where there is one.
    pub external_key: bool,
}

impl Default for DynamicEqBandSetup {
    fn default() -> Self {
        Self { shape: MovingShape::Bell, trigger: Trigger::Above, external_key: true }
    }
}

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct DynamicEqSetup {
    /// Bands, 1 to [`MAX_DYNAMIC_BANDS`].
    pub bands: usize,
    /// What each is; those beyond `bands` do not count. As JSON a list of up to six, without those
    /// at its end that stand at their defaults.
    #[cfg_attr(feature = "json", serde(with = "banks::json"))]
    pub band: [DynamicEqBandSetup; MAX_DYNAMIC_BANDS],
    /// Time by which the gains are ahead of the audio, 0 to [`MAX_DYNAMICS_LOOKAHEAD_MS`]; it is
    /// the latency.
    pub lookahead_ms: f64,
    /// What each band listens for, behind its filter.
    pub detector: Detector,
    /// Which channels move together, as far as `link_percent` says.
    pub groups: LinkGroups,
}

impl Default for DynamicEqSetup {
    fn default() -> Self {
        Self {
            bands: 1,
            band: [DynamicEqBandSetup::default(); MAX_DYNAMIC_BANDS],
            lookahead_ms: 0.0,
            detector: Detector::Rms { window_ms: 10.0 },
            groups: LinkGroups::default(),
        }
    }
}

impl DynamicEqSetup {
    /// Checks the number of bands, the look-ahead and the detector's window.
    ///
    /// # Errors
    /// A value outside its bounds.
    pub fn validate(&self) -> Result<(), Error> {
        #[expect(clippy::cast_precision_loss, reason = "only compared with small bounds")]
        Error::check_range("bands", self.bands as f64, 1.0, MAX_DYNAMIC_BANDS as f64)?;
        self.detector.validate()?;
        Error::check_range("lookahead_ms", self.lookahead_ms, 0.0, MAX_DYNAMICS_LOOKAHEAD_MS)
            .map(|_| ())
    }
}

band_params! {
    /// One band. Times are to 63.2 % of a step in dB.
    pub struct DynamicEqBand {
        /// Centre or corner.
        hz: "Hz", 20.0 => 20_000.0, 1000.0, Log, smoothed;
        /// Quality: the higher, the narrower.
        q: "1", 0.1 => 20.0, 1.0, Log, smoothed;
        /// Gain at rest.
        gain_db: "dB", -24.0 => 24.0, 0.0, Linear, smoothed;
        /// Level of the band's key beyond which the gain moves.
        threshold_dbfs: "dBFS", -100.0 => 24.0, -30.0, Linear, smoothed;
        /// Decibels of input for one of output beyond the threshold, at the centre.
        ratio: ":1", 1.0 => 100.0, 3.0, Log, smoothed;
        /// Width of the round corner at the threshold.
        knee_db: "dB", 0.0 => 40.0, 6.0, Linear, smoothed;
        /// The most that the gain moves: down where it is negative, up where it is positive.
        range_db: "dB", -24.0 => 24.0, -6.0, Linear, smoothed;
        /// Time constant of a gain that leaves its rest.
        attack_ms: "ms", 0.02 => 1000.0, 10.0, Log, fixed;
        /// Time constant of a gain that goes back to it.
        release_ms: "ms", 1.0 => 10000.0, 150.0, Log, fixed;
        /// Time for which it waits before it goes back.
        hold_ms: "ms", 0.0 => 2000.0, 0.0, Linear, fixed;
    }
    const BANDS: [MAX_DYNAMIC_BANDS] = [1 2 3 4 5 6];
}

impl DynamicEqBand {
    fn after(&self, from: &Self, share: f64) -> Self {
        let lin = |field: fn(&Self) -> f64| linear(field(from), field(self), share);
        let log = |field: fn(&Self) -> f64| logarithmic(field(from), field(self), share);
        Self {
            hz: log(|p| p.hz),
            q: log(|p| p.q),
            gain_db: lin(|p| p.gain_db),
            threshold_dbfs: lin(|p| p.threshold_dbfs),
            ratio: log(|p| p.ratio),
            knee_db: lin(|p| p.knee_db),
            range_db: lin(|p| p.range_db),
            ..*self
        }
    }
}

/// What may move.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct DynamicEqParams {
    /// The bands; those beyond the setup's number do not count. As JSON a list of up to six,
    /// without those at its end that stand at their defaults.
    #[cfg_attr(feature = "json", serde(with = "banks::json"))]
    pub bands: [DynamicEqBand; MAX_DYNAMIC_BANDS],
    /// How far the channels of a group move with the loudest of them, 0 to 100 %.
    pub link_percent: f64,
    /// Share of the filtered signal, 0 to 100 %; the rest is dry and in step with it.
    pub mix_percent: f64,
}

impl Default for DynamicEqParams {
    fn default() -> Self {
        Self {
            bands: [DynamicEqBand::default(); MAX_DYNAMIC_BANDS],
            link_percent: 100.0,
            mix_percent: 100.0,
        }
    }
}

const LINK: Field = Field {
    name: "link_percent",
    unit: "%",
    min: 0.0,
    max: 100.0,
    default: 100.0,
    scale: Scale::Linear,
    smoothed: true,
    doc: "How far the channels of a group move with the loudest of them.",
};
const MIX: Field = Field {
    name: "mix_percent",
    doc: "Share of the filtered signal; the rest is dry and in step with it.",
    ..LINK
};

const OF_A_BAND: usize = DynamicEqBand::FIELDS.len();
const ALL: usize = 2 + MAX_DYNAMIC_BANDS * OF_A_BAND;

const FIELDS: [Field; ALL] = {
    let mut all = [MIX; ALL];
    all[0] = LINK;
    let mut n = 0;
    while n < MAX_DYNAMIC_BANDS * OF_A_BAND {
        all[2 + n] = BANDS[n / OF_A_BAND][n % OF_A_BAND];
        n += 1;
    }
    all
};

impl DynamicEqParams {
    /// Names, units, bounds and defaults: `link_percent`, `mix_percent`, `band1_hz`, `band1_q` …
    pub const FIELDS: &'static [Field] = &FIELDS;

    /// The given bands (the first [`MAX_DYNAMIC_BANDS`]); the rest as by default.
    #[must_use]
    pub fn new(bands: &[DynamicEqBand]) -> Self {
        let mut params = Self::default();
        for (to, from) in params.bands.iter_mut().zip(bands) {
            *to = *from;
        }
        params
    }

    /// The fields of so many bands.
    pub(super) fn fields(bands: usize) -> &'static [Field] {
        Self::FIELDS.get(..2 + bands.saturating_mul(OF_A_BAND)).unwrap_or(Self::FIELDS)
    }

    /// The value of a field by name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        match name {
            "link_percent" => Some(self.link_percent),
            "mix_percent" => Some(self.mix_percent),
            _ => {
                let (band, field) = banks::place(&BANDS, name)?;
                self.bands.get(band)?.get(DynamicEqBand::FIELDS.get(field)?.name)
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
        match name {
            "link_percent" => self.link_percent = value,
            "mix_percent" => self.mix_percent = value,
            _ => {
                let place = banks::place(&BANDS, name).and_then(|(band, field)| {
                    self.bands.get_mut(band).zip(DynamicEqBand::FIELDS.get(field))
                });
                if let Some((band, field)) = place {
                    *band = band.with(field.name, value)?;
                }
            }
        }
        Ok(self)
    }

    /// Checks what so many bands use of them.
    pub(super) fn check(&self, bands: usize, stream: &Stream) -> Result<(), Error> {
        LINK.check(self.link_percent)?;
        MIX.check(self.mix_percent)?;
        for (row, band) in BANDS.iter().zip(&self.bands).take(bands) {
            banks::check(row, DynamicEqBand::FIELDS, |name| band.get(name))?;
            let [hz, ..] = row;
            let most = hz.max.min(MOST_OF_RATE * stream.rate_hz);
            Error::check_range(hz.name, band.hz, hz.min, most)?;
        }
        Ok(())
    }

    /// The parameters a share of the way from `from` to these; the times are these at once.
    pub(super) fn after(&self, from: &Self, share: f64) -> Self {
        let mut bands = self.bands;
        for (to, from) in bands.iter_mut().zip(&from.bands) {
            *to = to.after(from, share);
        }
        Self {
            bands,
            link_percent: linear(from.link_percent, self.link_percent, share),
            mix_percent: linear(from.mix_percent, self.mix_percent, share),
        }
    }
}

/// Coefficients: what the parameters of a band mean at one frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct BandPoint {
    /// What it listens to.
    pub(super) filter: KeyFilter,
    pub(super) corner: Corner,
    /// The curve of the movement's magnitude over the distance beyond the threshold, dB.
    pub(super) curve: Curve,
    pub(super) threshold_dbfs: f64,
    /// 1 where levels above the threshold move the gain, -1 where those below it do.
    pub(super) side: f64,
    /// 1 raises, -1 lowers.
    pub(super) sign: f64,
    pub(super) gain_db: f64,
}

/// Coefficients: what the parameters mean at one frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) bands: [BandPoint; MAX_DYNAMIC_BANDS],
    /// Shares, 0 to 1.
    pub(super) link: f64,
    pub(super) mix: f64,
}

impl BandPoint {
    fn design(band: &DynamicEqBand, setup: &DynamicEqBandSetup, rate_hz: f64) -> Self {
        let hz = band.hz.min(MOST_OF_RATE * rate_hz);
        let pass = match setup.shape {
            MovingShape::Bell => Shape::BandPass,
            MovingShape::LowShelf => Shape::LowPass,
            MovingShape::HighShelf => Shape::HighPass,
        };
        // The design holds for every frequency that `check` lets through.
        let filter = second_order(Method::Cookbook, pass, hz, band.q, 0.0, rate_hz)
            .and_then(|section| KeyFilter::new(&[section]));
        Self {
            filter: filter.unwrap_or(KeyFilter::NONE),
            corner: Corner::design(hz, band.q, rate_hz),
            curve: above_zero(band.ratio, band.knee_db, band.range_db.abs()),
            threshold_dbfs: band.threshold_dbfs,
            side: if setup.trigger == Trigger::Above { 1.0 } else { -1.0 },
            sign: if band.range_db < 0.0 { -1.0 } else { 1.0 },
            gain_db: band.gain_db,
        }
    }

    /// How far the gain moves from its rest at a steady level, dB.
    pub(super) fn movement_db(&self, level_db: f64) -> f64 {
        -self.sign * self.curve.gain_db((level_db - self.threshold_dbfs) * self.side)
    }
}

impl Point {
    pub(super) fn design(params: &DynamicEqParams, setup: &DynamicEqSetup, rate_hz: f64) -> Self {
        let bands = core::array::from_fn(|n| {
            let band = params.bands.get(n).copied().unwrap_or_default();
            let setup = setup.band.get(n).copied().unwrap_or_default();
            BandPoint::design(&band, &setup, rate_hz)
        });
        Self { bands, link: params.link_percent * 1e-2, mix: params.mix_percent * 1e-2 }
    }
}

/// The followers of a set of parameters.
pub(super) fn ballistics(
    params: &DynamicEqParams,
    stream: &Stream,
) -> [Ballistics; MAX_DYNAMIC_BANDS] {
    let frames = |ms: f64| ms * 1e-3 * stream.rate_hz;
    params.bands.map(|band| {
        let times = Times {
            attack: frames(band.attack_ms),
            release: frames(band.release_ms),
            slow_release: 1.0,
            hold: u32::try_from(stream.frames_of_ms(band.hold_ms)).unwrap_or(u32::MAX),
        };
        Ballistics::design(&times, Smoothing::Branching, Release::Fixed)
    })
}
