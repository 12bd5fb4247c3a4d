//! From two spectra to the correction that makes one voice sound like the other's recording.
//!
//! A line that was recorded again (ADR), or comes from another supplier, has another microphone, another
//! distance and another desk: its voice is darker, thinner or boomier than the lines around it. What
//! differs on average can be equalised:
//!
//! > d_b = R_b − C_b (dB; reference less candidate, third octave b, where both are voice)
//! > s_b = Σ_j w_j·d_(b+j) / Σ_j w_j, w_j = max(0, 1 − |j| / (3·smoothing in octaves))
//! > c_b = clamp(strength·(s_b − median of s over 125 Hz to 8 kHz), −cut, +boost)
//! > gain = L_R − 10 log10 Σ_b K_b·10^((C_b + c_b)/10)
//!
//! **Tone and level** are apart: the median is what is left of the level in the tone, so a bump of
//! one octave stays a bump, and bands that are lost (a telephone) do not pull all others down, as they
//! would with the mean. The gain makes the K-weighted levels alike after the tone is corrected.
//! Both are switches, and the low cut a third one.
//!
//! **What is left out**: bands outside the range, that a rate does not have, or in which one of the
//! recordings is at its noise ([`super::VoiceSpectrum::stands_clear`]). There a neighbour's cut goes on
//! and nothing is boosted; each such band says why.
//!
//! **Limits of the curve**: +9 and −12 dB by default. A boost raises hiss and the room as much as the
//! voice: 9 dB give back the treble that clothes take from a lavalier, more mostly lifts noise. A cut
//! raises nothing; 12 dB take down any chest or boom that is still the same voice.
//!
//! Between the centres the curve is a monotone cubic over the logarithm of frequency (F. N. Fritsch and
//! J. Butland, "A method for constructing local monotone piecewise cubic interpolants", SIAM J. Sci.
//! Stat. Comput. 5(2), 1984: slopes are harmonic means), so it never overshoots a limit.
//!
//! Sources: IEC 61260-1:2014 (bands). Median, limits and range are choices of this module, with the
//! reasons above.
//! It is realised as taps ([`EqMatch::fir_taps`]) or as bells and shelves ([`EqMatch::eq_bands`]); the gain
//! is apart from both.
//!
//! Cost: a few thousand operations. Latency: none.
//! Limits: it corrects an average linear difference, nothing else: not reverberation (a closer
//! microphone stays dry), not distortion, compression or noise, and it does not turn one voice into
//! another. Different words have different spectra: 7 s and 9 s of one reader differ by 2.3 dB rms from
//! band to band without any filter, smoothed by an octave by 1.1 dB (`tests/all/matching`). So for a
//! line of ADR smooth by an octave, or take half a minute of each, and believe no band to 1 dB; the same
//! words through a filter are matched to 0.5 dB.

use super::third_octave::{THIRD_OCTAVES, ThirdOctave};
use super::voice_spectrum::VoiceSpectrum;
use crate::error::Error;
use crate::loudness::KWeighting;
use crate::math;
use crate::units::{Reading, db_to_gain, db_to_power, power_to_db};

/// Indices of the bands of the speech range, 125 Hz to 8 kHz.
const SPEECH: core::ops::RangeInclusive<usize> = 8..=26;
/// Places in a band at which a response is read to get its mean.
const PLACES: u32 = 8;
/// Lowest and highest corner of a low cut, Hz.
const LOW_CUT_HZ: [f64; 2] = [20.0, 120.0];

/// What is matched, and how far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MatchSetup {
    /// The tone is matched: the curve.
    pub tone: bool,
    /// The level is matched: the gain.
    pub level: bool,
    /// What lies below the reference's voice is cut, see [`EqMatch::low_cut_hz`].
    pub low_cut: bool,
    /// How much of the difference in tone is corrected, percent: 0 to 100.
    pub strength_percent: f64,
    /// Largest boost of a band, dB: 0 to 24.
    pub max_boost_db: f64,
    /// Largest cut of a band, dB: 0 to 48.
    pub max_cut_db: f64,
    /// Width of the smoothing (a triangle at half its height), octaves: 0 to 3. Up to 1/3, the width of
    /// the bands, there is none.
    pub smoothing_octaves: f64,
    /// Bands whose centre lies below this are left out, Hz: 20 to 20,000.
    pub lowest_hz: f64,
    /// Bands whose centre lies above this are left out, Hz: 20 to 20,000, not below the lowest.
    pub highest_hz: f64,
}

impl Default for MatchSetup {
    /// Tone and level, all of it, +9 and −12 dB, third octaves from 75 Hz (80) to 13 kHz (12.5 kHz).
    fn default() -> Self {
        Self {
            tone: true,
            level: true,
            low_cut: false,
            strength_percent: 100.0,
            max_boost_db: 9.0,
            max_cut_db: 12.0,
            smoothing_octaves: 1.0 / 3.0,
            lowest_hz: 75.0,
            highest_hz: 13_000.0,
        }
    }
}

impl MatchSetup {
    fn validate(&self) -> Result<(), Error> {
        Error::check_range("strength_percent", self.strength_percent, 0.0, 100.0)?;
        Error::check_range("max_boost_db", self.max_boost_db, 0.0, 24.0)?;
        Error::check_range("max_cut_db", self.max_cut_db, 0.0, 48.0)?;
        Error::check_range("smoothing_octaves", self.smoothing_octaves, 0.0, 3.0)?;
        Error::check_range("lowest_hz", self.lowest_hz, 20.0, 20_000.0)?;
        Error::check_range("highest_hz", self.highest_hz, self.lowest_hz, 20_000.0).map(|_| ())
    }
}

/// What became of a band.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BandVerdict {
    /// Corrected as wanted.
    Matched,
    /// It wanted more boost than is allowed.
    BoostLimited,
    /// It wanted more cut than is allowed.
    CutLimited,
    /// Left out: outside the range of the setup.
    OutsideRange,
    /// Left out: one of the recordings does not have it (too low a rate, or too low a band).
    NotThere,
    /// Left out: one of the recordings has no level there (too short, silent).
    NoSignal,
    /// Left out: the reference is at its noise there.
    ReferenceNoise,
    /// Left out: the candidate is at its noise there, a boost would raise nothing else.
    CandidateNoise,
    /// Left out: both are at their noise there.
    BothNoise,
}

impl BandVerdict {
    /// The band had a say in the curve.
    #[must_use]
    pub fn counts(self) -> bool {
        matches!(self, Self::Matched | Self::BoostLimited | Self::CutLimited)
    }
}

/// One band of a match.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct BandMatch {
    /// The band.
    pub band: ThirdOctave,
    /// Level of the reference over that of the candidate, dB, as they were measured.
    pub difference_db: Reading,
    /// The curve at its centre, dB: without the gain and the low cut.
    pub correction_db: f64,
    /// What became of it.
    pub verdict: BandVerdict,
}

/// The correction of a candidate towards a reference.
///
/// # Example
/// ```
/// use mixcore::analysis::{EqMatch, MatchSetup, MatchSpectrum, MatchSpectrumSetup, ThirdOctave};
/// use mixcore::{Block, Layout, Stream};
///
/// // Dark noise in bursts stands for a voice; the candidate is 6.02 dB softer and has lost treble to
/// // the mean of two neighbours: 0.2 dB at 3.15 kHz, 1.3 dB at 8 kHz, 3.4 dB at 12.5 kHz.
/// let (mut seed, mut dark) = (1_u32, 0.0);
/// let voice: Vec<f32> = (0..480_000)
///     .map(|n| {
///         seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
///         dark += 0.1 * ((seed >> 8) as f32 / 8_388_608.0 - 1.0 - dark);
///         if n / 24_000 % 4 < 3 { 0.5 * dark } else { 0.0005 * dark }
///     })
///     .collect();
/// let dull: Vec<f32> = voice.windows(2).map(|x| 0.25 * (x[0] + x[1])).collect();
/// let read = |audio: &[f32]| {
///     let stream = Stream::new(48_000.0, Layout::MONO)?;
///     let mut spectrum = MatchSpectrum::new(MatchSpectrumSetup::default(), stream)?;
///     spectrum.push(Block::mono(audio))?;
///     Ok::<_, mixcore::Error>(spectrum.measurement())
/// };
/// let found = EqMatch::new(&read(&voice)?, &read(&dull)?, MatchSetup::default())?;
/// let at = |hz| found.band(ThirdOctave::containing(hz).unwrap()).correction_db;
/// assert!((at(12_500.0) - at(1000.0) - 3.4).abs() < 0.1);
/// assert!((at(8000.0) - at(3150.0) - 1.0).abs() < 0.1);
/// // The curve is what differs from the middle of the speech range, so the gain is the 6 dB, and 0.2 dB
/// // for what is missing above 13 kHz, where the default setup ends.
/// assert!((found.gain_db().value().unwrap() - 6.2).abs() < 0.1);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EqMatch {
    setup: MatchSetup,
    rate_hz: f64,
    reference: VoiceSpectrum,
    candidate: VoiceSpectrum,
    /// dB at the centres.
    curve: [f64; THIRD_OCTAVES],
    verdicts: [BandVerdict; THIRD_OCTAVES],
    offset_db: Reading,
    low_cut_hz: Option<f64>,
    weights: [f64; THIRD_OCTAVES],
}

impl EqMatch {
    /// The correction of `candidate` towards `reference`. Their rates may differ.
    ///
    /// Recordings that are too short or silent, or share no band of the speech range, are no error: the
    /// curve is 0 everywhere, [`EqMatch::gain_db`] says why, and so does every band.
    ///
    /// # Errors
    /// A setup out of range.
    pub fn new(
        reference: &VoiceSpectrum,
        candidate: &VoiceSpectrum,
        setup: MatchSetup,
    ) -> Result<Self, Error> {
        setup.validate()?;
        let weighting = KWeighting::design(candidate.rate_hz)?;
        let mut found = Self {
            setup,
            rate_hz: candidate.rate_hz,
            reference: *reference,
            candidate: *candidate,
            curve: [0.0; THIRD_OCTAVES],
            verdicts: [BandVerdict::NoSignal; THIRD_OCTAVES],
            offset_db: Reading::NotApplicable,
            low_cut_hz: None,
            weights: [0.0; THIRD_OCTAVES],
        };
        for band in ThirdOctave::all() {
            found.verdicts[band.index()] = found.first_verdict(band);
            if band.centre_hz() < 0.5 * candidate.rate_hz {
                found.weights[band.index()] = db_to_power(weighting.response_db(band.centre_hz()));
            }
        }
        let smooth: [Option<f64>; THIRD_OCTAVES] =
            core::array::from_fn(|index| found.smoothed(index));
        found.offset_db = match (reference.loudness_lufs, candidate.loudness_lufs) {
            (Reading::Value(_), Reading::Value(_)) => {
                median(&smooth).map_or(Reading::NotApplicable, Reading::Value)
            }
            (Reading::Value(_), none) => none,
            (none, _) => none,
        };
        if let Reading::Value(offset_db) = found.offset_db {
            if setup.tone {
                found.shape(&smooth, offset_db);
            }
            if setup.low_cut {
                found.low_cut_hz = found.find_low_cut();
            }
        }
        Ok(found)
    }

    /// Whether a band counts, before any limit.
    fn first_verdict(&self, band: ThirdOctave) -> BandVerdict {
        let levels = [self.reference.level_dbfs(band), self.candidate.level_dbfs(band)];
        if band.centre_hz() < self.setup.lowest_hz || band.centre_hz() > self.setup.highest_hz {
            BandVerdict::OutsideRange
        } else if levels.contains(&Reading::NotApplicable) {
            BandVerdict::NotThere
        } else if levels.iter().any(|level| level.value().is_none()) {
            BandVerdict::NoSignal
        } else {
            match (self.reference.stands_clear(band), self.candidate.stands_clear(band)) {
                (true, true) => BandVerdict::Matched,
                (true, false) => BandVerdict::CandidateNoise,
                (false, true) => BandVerdict::ReferenceNoise,
                (false, false) => BandVerdict::BothNoise,
            }
        }
    }

    fn difference_db(&self, band: ThirdOctave) -> Reading {
        self.reference.level_dbfs(band).zip(self.candidate.level_dbfs(band), |r, c| r - c)
    }

    /// The difference at a band that counts, averaged with its neighbours that do.
    fn smoothed(&self, index: usize) -> Option<f64> {
        if !self.verdicts[index].counts() {
            return None;
        }
        let reach = (3.0 * self.setup.smoothing_octaves).max(1.0);
        let (mut sum, mut weights) = (0.0, 0.0);
        for band in ThirdOctave::all().filter(|band| self.verdicts[band.index()].counts()) {
            #[expect(clippy::cast_precision_loss, reason = "31 bands")]
            let weight = (1.0 - band.index().abs_diff(index) as f64 / reach).max(0.0);
            if let (true, Reading::Value(difference)) = (weight > 0.0, self.difference_db(band)) {
                sum += weight * difference;
                weights += weight;
            }
        }
        (weights > 0.0).then(|| sum / weights)
    }

    /// Strength, limits, and the bands that are left out.
    fn shape(&mut self, smooth: &[Option<f64>; THIRD_OCTAVES], offset_db: f64) {
        let (boost, cut) = (self.setup.max_boost_db, self.setup.max_cut_db);
        let strength = self.setup.strength_percent / 100.0;
        for ((value, verdict), smooth) in self.curve.iter_mut().zip(&mut self.verdicts).zip(smooth)
        {
            if let Some(smooth) = smooth {
                let wanted = strength * (smooth - offset_db);
                *verdict = if wanted > boost {
                    BandVerdict::BoostLimited
                } else if wanted < -cut {
                    BandVerdict::CutLimited
                } else {
                    BandVerdict::Matched
                };
                *value = wanted.clamp(-cut, boost);
            }
        }
        let corrected = self.curve;
        for index in 0..THIRD_OCTAVES {
            if self.verdicts[index].counts() {
                continue;
            }
            let below = (0..index).rev().find(|&other| self.verdicts[other].counts());
            let above = (index..THIRD_OCTAVES).find(|&other| self.verdicts[other].counts());
            let between = match (below, above) {
                #[expect(clippy::cast_precision_loss, reason = "31 bands")]
                (Some(below), Some(above)) => {
                    let share = (index - below) as f64 / (above - below) as f64;
                    corrected[below] + share * (corrected[above] - corrected[below])
                }
                (Some(one), None) | (None, Some(one)) => corrected[one],
                (None, None) => 0.0,
            };
            self.curve[index] = between.min(0.0);
        }
    }

    /// Half the centre of the lowest band in which the reference has a voice, where a second-order
    /// Butterworth high-pass takes 0.26 dB from it.
    fn find_low_cut(&self) -> Option<f64> {
        let lowest = ThirdOctave::all().find(|band| self.reference.stands_clear(*band))?;
        Some((0.5 * lowest.centre_hz()).clamp(LOW_CUT_HZ[0], LOW_CUT_HZ[1]))
    }

    /// The setup that it was made with.
    #[must_use]
    pub fn setup(&self) -> MatchSetup {
        self.setup
    }

    /// Sample rate of the candidate, which is what will be corrected, Hz.
    #[must_use]
    pub fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    /// What lies between the two in level over the speech range, dB: the median of the differences,
    /// that was taken out of the curve.
    #[must_use]
    pub fn offset_db(&self) -> Reading {
        self.offset_db
    }

    /// A band of the match.
    #[must_use]
    pub fn band(&self, band: ThirdOctave) -> BandMatch {
        BandMatch {
            band,
            difference_db: self.difference_db(band),
            correction_db: self.curve[band.index()],
            verdict: self.verdicts[band.index()],
        }
    }

    /// All bands, lowest first.
    pub fn bands(&self) -> impl ExactSizeIterator<Item = BandMatch> + '_ {
        ThirdOctave::all().map(|band| self.band(band))
    }

    /// Corner of the low cut, a second-order Butterworth high-pass (12 dB an octave), Hz: an octave
    /// below the lowest band in which the reference has a voice; `None` if it is switched off or there
    /// is no such band.
    #[must_use]
    pub fn low_cut_hz(&self) -> Option<f64> {
        self.low_cut_hz
    }

    /// The correction at a frequency, dB: curve and low cut, without the gain; -inf at 0 Hz with a low
    /// cut.
    #[must_use]
    pub fn response_db(&self, hz: f64) -> f64 {
        let low_cut = self.low_cut_hz.map_or(0.0, |corner| {
            let ratio = corner / hz;
            -power_to_db(1.0 + ratio * ratio * ratio * ratio)
        });
        self.tone_db(hz) + low_cut
    }

    /// The curve alone.
    pub(super) fn tone_db(&self, hz: f64) -> f64 {
        let top = THIRD_OCTAVES - 1;
        #[expect(clippy::cast_precision_loss, reason = "31 bands")]
        let place = (10.0 * math::log10(hz / 1000.0) + 17.0).clamp(0.0, top as f64);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped; NaN becomes 0"
        )]
        let index = (place as usize).min(top - 1);
        #[expect(clippy::cast_precision_loss, reason = "31 bands")]
        let t = place - index as f64;
        let (from, to) = (self.curve[index], self.curve[index + 1]);
        let step = |index: usize| self.curve[index + 1] - self.curve[index];
        let slope = |below: Option<usize>, above: usize| match below {
            Some(below) if above < top => {
                let (a, b) = (step(below), step(above));
                if a * b > 0.0 { 2.0 * a * b / (a + b) } else { 0.0 }
            }
            _ => 0.0,
        };
        let (start, end) = (slope(index.checked_sub(1), index), slope(Some(index), index + 1));
        // Hermite's cubic.
        let (t2, t3) = (t * t, t * t * t);
        from * (2.0 * t3 - 3.0 * t2 + 1.0)
            + start * (t3 - 2.0 * t2 + t)
            + to * (3.0 * t2 - 2.0 * t3)
            + end * (t3 - t2)
    }

    /// The gain that belongs to the curve, dB: after both, the candidate's K-weighted level is the
    /// reference's. 0 if the level is not to be matched; otherwise, without an answer, why.
    ///
    /// It makes the active levels alike ([`super::VoiceSpectrum::loudness_lufs`]), over the bands that
    /// both have.
    #[must_use]
    pub fn gain_db(&self) -> Reading {
        self.gain_with_db(|hz| self.response_db(hz))
    }

    /// The gain that belongs to another response (in dB at a frequency in Hz): that of the filter
    /// which realises the curve.
    #[must_use]
    pub fn gain_with_db(&self, response_db: impl Fn(f64) -> f64) -> Reading {
        if !self.setup.level {
            return Reading::Value(0.0);
        }
        let (mut wanted, mut given) = (0.0, 0.0);
        for band in ThirdOctave::all() {
            let levels = (self.reference.level_dbfs(band), self.candidate.level_dbfs(band));
            if let (Reading::Value(reference), Reading::Value(candidate)) = levels {
                let weight = self.weights[band.index()];
                wanted += weight * db_to_power(reference);
                given += weight * db_to_power(candidate) * mean_power(band, &response_db);
            }
        }
        self.offset_db.zip(Reading::from_level(power_to_db(wanted / given)), |_, gain| gain)
    }

    /// What will still lie between the two in a band, dB, if the candidate is filtered with a response
    /// (in dB at a frequency in Hz) and the gain that belongs to it: positive where it is too weak.
    ///
    /// It takes the power as evenly spread within the band. A reading for every band that both have,
    /// also for those that were left out; the level's own part is in it if it is not matched.
    #[must_use]
    pub fn residual_db(&self, band: ThirdOctave, response_db: impl Fn(f64) -> f64) -> Reading {
        let gain = self.gain_with_db(&response_db);
        let change = power_to_db(mean_power(band, &response_db));
        self.difference_db(band).zip(gain, |difference, gain| difference - gain - change)
    }
}

/// Mean of the power of a response over a band.
fn mean_power(band: ThirdOctave, response_db: &impl Fn(f64) -> f64) -> f64 {
    let sum: f64 = (0..PLACES)
        .map(|place| {
            let share = (f64::from(place) + 0.5) / f64::from(PLACES);
            let hz = band.lower_hz() + share * (band.upper_hz() - band.lower_hz());
            let gain = db_to_gain(response_db(hz));
            gain * gain
        })
        .sum();
    sum / f64::from(PLACES)
}

/// The median over the speech range; the mean of the middle two.
fn median(values: &[Option<f64>; THIRD_OCTAVES]) -> Option<f64> {
    let mut list = [f64::INFINITY; THIRD_OCTAVES];
    let mut count = 0;
    for (slot, value) in list.iter_mut().zip(values[SPEECH].iter().flatten()) {
        *slot = *value;
        count += 1;
    }
    list.sort_unstable_by(f64::total_cmp);
    (count > 0).then(|| 0.5 * (list[(count - 1) / 2] + list[count / 2]))
}
