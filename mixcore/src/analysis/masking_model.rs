//! What hides what: excitation of the ear's filters, the threshold in quiet, the masked threshold.
//!
//! With P_i the power of band i of a frame, f_i its centre, ERB_j the bandwidth at f_j, K_j the masking
//! index and Q_j the threshold in quiet:
//!
//! > E_j = Σ_i P_i·(1 + r·d)·e^(−r·d),  d = 4·|f_i − f_j| / ERB_j
//! > r = 1 for f_i ≥ f_j,  r = 1 − 0.35/30.16·(X − 51) for f_i < f_j
//! > T_j = K_j·E_j(masker) + Q_j;  the target is heard in band j where E_j(target) ≥ T_j
//!
//! d is the rounded-exponential filter of the ear; r widens its lower skirt with the level X per ERB,
//! so that loud low bands reach up. X is one fixed level here, so excitation is linear and the same
//! gain on all stems changes no ratio.
//!
//! > K = 2.025 + 0.175·z dB below a noise-like masker, 6.025 + 0.275·z dB below a tone, z in Bark
//! > Q = 3.64·F^−0.8 − 6.5·e^(−0.6·(F − 3.3)²) + 10^−3·F⁴ dB SPL, F in kHz
//!
//! Sources: B. R. Glasberg and B. C. J. Moore, Hearing Research 47, 1990 (filter, its level
//! dependence); ISO/IEC 11172-3:1993, Annex D.1, psychoacoustic model 1 (K), as two independent
//! programs give it; E. Terhardt, "Calculating virtual pitch", Hearing Research 1, 1979 (Q);
//! E. Zwicker and E. Terhardt, J. Acoust. Soc. Am. 68, 1980 (z).
//! NOTE: J. D. Johnston, IEEE J. Sel. Areas Commun. 6(2), 1988, has 5.5 dB below noise and
//! 14.5 + z dB below a tone at every frequency, so less is masked there.

use super::bands::{ERB_BANDS, ErbBands, erb_hz};
use crate::audio::Store;
use crate::math;
use crate::units::{db_to_power, power_to_db};

/// Skirt of the filter: p = 4·f/ERB (Glasberg and Moore 1990, equation 5).
const SKIRT: f64 = 4.0;
/// Change of the lower skirt per dB (the same, equation 6).
const SKIRT_PER_DB: f64 = 0.35;
/// Level per ERB at which both skirts are alike, dB SPL (the same).
const EVEN_DB_SPL: f64 = 51.0;
/// Masking index at 0 Bark, dB, and its growth per Bark (ISO/IEC 11172-3, D.1, step 6): noise, tone.
const NOISE_INDEX: (f64, f64) = (2.025, 0.175);
const TONE_INDEX: (f64, f64) = (6.025, 0.275);

/// Most stems.
pub(super) const MAX_STEMS: usize = 8;

/// What maskers are taken to be like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MaskerKind {
    /// Noise: speech, dense music, ambience. Hides more than a tone does.
    #[default]
    Noise,
    /// A single tone.
    Tone,
}

/// What hides a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Masker {
    /// One other stem, by its index.
    Stem(usize),
    /// All other stems together.
    Others,
}

/// Critical-band rate of a frequency, Bark.
#[must_use]
pub fn bark(hz: f64) -> f64 {
    let high = hz / 7500.0;
    13.0 * math::atan2(0.76e-3 * hz, 1.0) + 3.5 * math::atan2(high * high, 1.0)
}

/// Threshold of hearing in quiet for a tone, dB SPL, of a young listener in a free field.
///
/// # Example
/// ```
/// use mixcore::analysis::quiet_threshold_db_spl;
/// assert!((quiet_threshold_db_spl(1000.0) - 3.37).abs() < 0.01);
/// assert!(quiet_threshold_db_spl(3300.0) < -4.9 && quiet_threshold_db_spl(50.0) > 39.0);
/// ```
#[must_use]
pub fn quiet_threshold_db_spl(hz: f64) -> f64 {
    let khz = hz * 1e-3;
    let dip = khz - 3.3;
    3.64 * math::pow(khz, -0.8) - 6.5 * math::exp(-0.6 * dip * dip) + 1e-3 * math::powi(khz, 4)
}

/// The bands' constants.
#[derive(Debug)]
pub(super) struct Model<'a> {
    bands: ErbBands,
    /// Weight of source band i for the filter j at `j · bands + i`.
    spread: Store<'a, f64>,
    /// K_j as a power ratio below 1.
    index: [f64; ERB_BANDS],
    /// Q_j as a mean square.
    quiet: [f64; ERB_BANDS],
}

/// Numbers of [`Model`]'s memory.
pub(super) const SPREAD_LEN: usize = ERB_BANDS * ERB_BANDS;

impl<'a> Model<'a> {
    pub(super) fn new(
        bands: ErbBands,
        kind: MaskerKind,
        full_scale_db_spl: f64,
        spread_level_db_spl: f64,
        mut spread: Store<'a, f64>,
    ) -> Self {
        let count = bands.len();
        let even = SKIRT * 1000.0 / erb_hz(1000.0);
        let reach = 1.0 - SKIRT_PER_DB / even * (spread_level_db_spl - EVEN_DB_SPL);
        let (base, growth) = match kind {
            MaskerKind::Noise => NOISE_INDEX,
            MaskerKind::Tone => TONE_INDEX,
        };
        let mut model = [(0.0, 0.0); ERB_BANDS];
        for (j, (index, quiet)) in model.iter_mut().enumerate() {
            let hz = ErbBands::band(j).centre_hz;
            *index = db_to_power(-(base + growth * bark(hz)));
            *quiet = db_to_power(quiet_threshold_db_spl(hz) - full_scale_db_spl);
        }
        for (j, weights) in spread.chunks_exact_mut(count).take(count).enumerate() {
            let hz = ErbBands::band(j).centre_hz;
            for (i, weight) in weights.iter_mut().enumerate() {
                let apart = ErbBands::band(i).centre_hz - hz;
                let skirt = if apart < 0.0 { reach } else { 1.0 };
                let d = skirt * SKIRT * apart.abs() / erb_hz(hz);
                *weight = (1.0 + d) * math::exp(-d);
            }
        }
        Self { bands, spread, index: model.map(|x| x.0), quiet: model.map(|x| x.1) }
    }

    pub(super) fn bands(&self) -> &ErbBands {
        &self.bands
    }

    /// Excitation from the powers of the bands.
    pub(super) fn excite(&self, powers: &[f64], excitation: &mut [f64]) {
        for (weights, excitation) in
            self.spread.chunks_exact(self.bands.len().max(1)).zip(excitation)
        {
            let mut sum = 0.0;
            for (weight, power) in weights.iter().zip(powers) {
                sum += weight * power;
            }
            *excitation = sum;
        }
    }

    /// Threshold in quiet, as a mean square.
    pub(super) fn quiet(&self, band: usize) -> f64 {
        self.quiet.get(band).copied().unwrap_or(f64::INFINITY)
    }

    /// The excitation that a target needs over a masker's.
    pub(super) fn threshold(&self, band: usize, masker: f64) -> f64 {
        self.index.get(band).copied().unwrap_or(0.0) * masker + self.quiet(band)
    }
}

/// The ear's view of 40 ms of all stems.
///
/// Stems and bands that are not there read as silence.
#[derive(Debug)]
pub struct MaskingFrame<'a> {
    pub(super) model: &'a Model<'a>,
    pub(super) start_frame: u64,
    pub(super) end_frame: u64,
    pub(super) stems: usize,
    /// Power and excitation, stem after stem.
    pub(super) powers: &'a [f64],
    pub(super) excitations: &'a [f64],
    pub(super) active: [bool; MAX_STEMS],
}

impl MaskingFrame<'_> {
    /// First frame of the stream that counts.
    #[must_use]
    pub fn start_frame(&self) -> u64 {
        self.start_frame
    }

    /// Frame after the last that counts.
    #[must_use]
    pub fn end_frame(&self) -> u64 {
        self.end_frame
    }

    /// Number of bands.
    #[must_use]
    pub fn bands(&self) -> usize {
        self.model.bands.len()
    }

    fn of<'b>(&self, list: &'b [f64], stem: usize) -> &'b [f64] {
        if stem >= self.stems {
            return &[];
        }
        list.get(stem * self.bands()..(stem + 1) * self.bands()).unwrap_or_default()
    }

    /// Mean square of a stem in a band, full scale = 1.
    #[must_use]
    pub fn power(&self, stem: usize, band: usize) -> f64 {
        self.of(self.powers, stem).get(band).copied().unwrap_or(0.0)
    }

    /// Excitation of the ear's filter at a band by a stem, as a mean square.
    #[must_use]
    pub fn excitation(&self, stem: usize, band: usize) -> f64 {
        self.of(self.excitations, stem).get(band).copied().unwrap_or(0.0)
    }

    /// Excitation by what may hide a target.
    #[must_use]
    pub fn masker_excitation(&self, target: usize, masker: Masker, band: usize) -> f64 {
        match masker {
            Masker::Stem(stem) => self.excitation(stem, band),
            Masker::Others => (0..self.stems)
                .filter(|&stem| stem != target)
                .fold(0.0, |sum, stem| sum + self.excitation(stem, band)),
        }
    }

    /// Excitation by other powers of the bands, as many as there are: those of a stem with gains on it.
    pub(crate) fn excite(&self, powers: &[f64], excitations: &mut [f64]) {
        let (powers, excitations) =
            (powers.get(..self.bands()), excitations.get_mut(..self.bands()));
        if let (Some(powers), Some(excitations)) = (powers, excitations) {
            self.model.excite(powers, excitations);
        }
    }

    /// Threshold in quiet at a band, as a mean square.
    pub(crate) fn quiet(&self, band: usize) -> f64 {
        self.model.quiet(band)
    }

    /// The excitation that a target needs at a band to be heard over a masker's.
    pub(crate) fn masked_threshold(&self, band: usize, masker: f64) -> f64 {
        self.model.threshold(band, masker)
    }

    /// Whether a stem plays: its level lies above the setup's `active_above_dbfs`.
    #[must_use]
    pub fn is_active(&self, stem: usize) -> bool {
        self.active.get(stem).copied().unwrap_or(false)
    }

    /// Whether a stem that plays would be heard in a band if it were alone.
    #[must_use]
    pub fn is_present(&self, stem: usize, band: usize) -> bool {
        self.power(stem, band) >= self.model.quiet(band) && self.is_active(stem)
    }

    /// Whether a target that is present in a band is hidden there.
    #[must_use]
    pub fn is_masked(&self, target: usize, masker: Masker, band: usize) -> bool {
        let threshold = self.model.threshold(band, self.masker_excitation(target, masker, band));
        self.is_present(target, band) && self.excitation(target, band) < threshold
    }

    /// How far the excitation by a target that is present lies below its masked threshold, dB.
    pub(super) fn depth_db(&self, target: usize, masker: Masker, band: usize) -> f64 {
        let threshold = self.model.threshold(band, self.masker_excitation(target, masker, band));
        power_to_db(threshold / self.excitation(target, band))
    }

    /// Ratio of the excitations by target and masker in every band, dB. What lies below the threshold
    /// in quiet counts as that threshold, so silence against silence is 0 dB.
    ///
    /// # Real time
    /// Does not allocate: what a ducker reads every 10 ms. `out` is filled up to the shorter of its
    /// length and [`MaskingFrame::bands`].
    pub fn target_to_masker_db(&self, target: usize, masker: Masker, out: &mut [f64]) {
        for (band, out) in (0..self.bands()).zip(out) {
            let quiet = self.model.quiet(band);
            let target_power = self.excitation(target, band).max(quiet);
            let masker_power = self.masker_excitation(target, masker, band).max(quiet);
            *out = power_to_db(target_power / masker_power);
        }
    }

    /// How far the target lies above its masked threshold in every band, dB; negative where it is
    /// hidden. What lies below the threshold in quiet counts as that threshold.
    ///
    /// # Real time
    /// As [`MaskingFrame::target_to_masker_db`].
    pub fn margin_db(&self, target: usize, masker: Masker, out: &mut [f64]) {
        for (band, out) in (0..self.bands()).zip(out) {
            let excitation = self.excitation(target, band).max(self.model.quiet(band));
            let masker = self.masker_excitation(target, masker, band);
            *out = power_to_db(excitation / self.model.threshold(band, masker));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scales_are_those_of_the_papers() {
        // Zwicker and Terhardt 1980: 1 kHz is 8.5 Bark, 100 Hz 1 Bark, 15.5 kHz 24 Bark.
        for (hz, z, tolerance) in [(1000.0, 8.5, 0.02), (100.0, 1.0, 0.02), (15_500.0, 24.0, 0.3)] {
            assert!((bark(hz) - z).abs() < tolerance, "{hz} Hz: {}", bark(hz));
        }
    }

    #[test]
    fn a_filter_a_bandwidth_away_answers_as_the_formula_says() {
        let mut memory = [0.0; SPREAD_LEN];
        let spread = Store::lent("test", &mut memory, SPREAD_LEN, 0.0).unwrap();
        let bands = ErbBands::new(48_000.0, 2048).unwrap();
        let model = Model::new(bands, MaskerKind::Noise, 99.0, 51.0, spread);
        let mut powers = [0.0; ERB_BANDS];
        powers[14] = 1.0;
        let mut excitation = [0.0; ERB_BANDS];
        model.excite(&powers, &mut excitation);
        assert_eq!(excitation[14], 1.0);
        // At 51 dB both skirts are alike: about (1 + 4)·e^−4 = -10.4 dB one band away on either side;
        // a Cam down is a little less than an ERB at the lower filter, a Cam up a little more.
        for (band, db) in [(13, -11.4), (15, -9.4)] {
            let found = power_to_db(excitation[band]);
            assert!((found - db).abs() < 0.4, "{band}: {found}");
        }
        assert!(excitation[10] < 1e-6 && excitation[25] < 1e-9);
    }
}
