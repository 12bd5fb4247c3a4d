//! The correction of [`super::EqMatch`] as bands of an equaliser: bells and shelves that a mixer can see
//! and change.
//!
//! > minimum over hz_i, gain_i, Q_i and e of Σ_p w_p·(Σ_i H_i(f_p) − c(f_p) − e)² + Σ_i (gain_i/20)²
//!
//! in dB, over three frequencies of every third octave; e is a constant that the gain makes good (0 if the
//! level is not matched: nothing does then), H_i the matched digital design at the candidate's rate. w is 1
//! in bands that have a say in the curve, 0.03 in those that are left out and on the side towards them:
//! enough to hold a boost down where there is noise, as far as the skirts of bells allow. The last term
//! keeps two bands from fighting each other.
//!
//! Bands come one at a time, so the list is as short as it can be: of all shapes, centres and a few
//! widths the one that leaves least, then all bands together are moved by damped Gauss-Newton steps
//! (Levenberg and Marquardt) inside their bounds. It ends when the curve is met to the tolerance or
//! the bands are used up. The same curve gives the same bands, to the bit.
//!
//! Sources: D. W. Marquardt, "An algorithm for least-squares estimation of nonlinear parameters", SIAM
//! J. Appl. Math. 11(2), 1963; the designs are [`crate::filters::design`]'s.
//! Cost: at most some two million responses at a frequency for 8 bands; 40 kB of stack, no allocation.
//! Latency: none.
//! Limits: 1 to 8 bands; centres from 30 Hz to 0.4 of the rate and 16 kHz, bells of Q 0.3 to 6, shelves of
//! Q 0.4 to 0.8 (no resonance), gains within the limits of the match and ±24 dB. A curve of third octaves that goes
//! up and down from band to band (other words, no smoothing) takes more bands than there are: smooth it,
//! or take taps.

use super::match_curve::EqMatch;
use super::third_octave::{MAX_EDGE, THIRD_OCTAVES, ThirdOctave};
use crate::error::Error;
use crate::filters::design::{Method, Shape, second_order};
use crate::filters::{Biquad, EqBand, EqParams};
use crate::math;
use crate::units::power_to_db;

/// Most bells and shelves.
pub const MAX_MATCH_BANDS: usize = 8;
/// With the low cut.
const ALL_BANDS: usize = MAX_MATCH_BANDS + 1;
/// Numbers of a band: log2 of hz, gain in dB, log2 of Q.
const NUMBERS: usize = 3;
/// Unknowns of all bands.
const UNKNOWNS: usize = NUMBERS * MAX_MATCH_BANDS;
/// Frequencies of a third octave.
const PLACES: usize = 3;
/// Frequencies of the fit.
const POINTS: usize = PLACES * THIRD_OCTAVES;
/// Weight of what is left out.
const OUTSIDE_WEIGHT: f64 = 0.03;
/// Factor of a gain in dB among the errors in dB: 12 dB count as 0.6 dB at one frequency.
const GAIN_WEIGHT: f64 = 0.05;
/// Largest gain of a band, dB.
const MAX_GAIN_DB: f64 = 24.0;
/// Lowest and highest centre, Hz, and the latter as a share of the rate.
const CENTRES_HZ: [f64; 2] = [30.0, 16_000.0];
const TOP: f64 = 0.4;
/// Q of bells and of shelves.
const BELL_Q: [f64; 2] = [0.3, 6.0];
const SHELF_Q: [f64; 2] = [0.4, 0.8];
/// Q of a Butterworth high-pass.
const LOW_CUT_Q: f64 = core::f64::consts::FRAC_1_SQRT_2;
/// Steps of one fit at most; most end after ten.
const STEPS: usize = 40;
/// A step that makes the sum of squares smaller by a lesser share is the last one.
const LEAST_GAIN: f64 = 1e-5;
/// Distance of the differences that stand for derivatives, in octaves and dB.
const NUDGE: f64 = 1e-4;

/// The equaliser that realises a match.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MatchEq {
    bands: [EqBand; ALL_BANDS],
    sections: [Biquad; ALL_BANDS],
    count: usize,
    rate_hz: f64,
    largest_error_db: f64,
}

impl MatchEq {
    /// The bands, all on: the low cut ([`Shape::HighPass`]) if there is one, then [`Shape::LowShelf`],
    /// [`Shape::Bell`] and [`Shape::HighShelf`] from low to high.
    #[must_use]
    pub fn bands(&self) -> &[EqBand] {
        self.bands.get(..self.count).unwrap_or_default()
    }

    /// The same for a [`crate::filters::Eq`] of at least so many bands.
    #[must_use]
    pub fn params(&self) -> EqParams {
        EqParams::new(self.bands())
    }

    /// The same as coefficients at the candidate's rate.
    #[must_use]
    pub fn sections(&self) -> &[Biquad] {
        self.sections.get(..self.count).unwrap_or_default()
    }

    /// Response of all bands at a frequency, dB.
    #[must_use]
    pub fn response_db(&self, hz: f64) -> f64 {
        self.sections().iter().map(|section| section.response_db(hz, self.rate_hz)).sum()
    }

    /// Largest distance to the curve, dB, at three frequencies of each band that has a say in it: but for
    /// a constant, if the level is matched and the gain makes it good.
    #[must_use]
    pub fn largest_error_db(&self) -> f64 {
        self.largest_error_db
    }
}

impl EqMatch {
    /// Bells and shelves with the response of [`EqMatch::response_db`], up to `max_bands` of them, until
    /// the curve is met to `tolerance_db`; the low cut is one more.
    ///
    /// If the level is matched too, all of it may lie higher or lower by a constant: so one bump takes
    /// one bell. The gain is not in them: [`EqMatch::gain_with_db`] with [`MatchEq::response_db`] is the one that
    /// belongs to them, and [`EqMatch::residual_db`] says what they will leave.
    ///
    /// # Units and range
    /// `max_bands` 1 to 8, `tolerance_db` 0.05 to 6 dB.
    ///
    /// # Errors
    /// Arguments out of range.
    ///
    /// # Example
    /// ```
    /// use mixcore::analysis::{EqMatch, MatchSetup, MatchSpectrum, MatchSpectrumSetup};
    /// use mixcore::filters::design::{Method, Shape, second_order};
    /// use mixcore::{Block, Layout, Stream};
    ///
    /// // A voice (dark noise in bursts), and the same with a bump of 6 dB at 300 Hz.
    /// let (mut seed, mut dark) = (1_u32, 0.0);
    /// let voice: Vec<f64> = (0..480_000)
    ///     .map(|n| {
    ///         seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    ///         dark += 0.1 * (f64::from(seed >> 8) / 8_388_608.0 - 1.0 - dark);
    ///         if n / 24_000 % 4 < 3 { 0.5 * dark } else { 0.0005 * dark }
    ///     })
    ///     .collect();
    /// let bump = second_order(Method::Matched, Shape::Bell, 300.0, 1.0, 6.0, 48_000.0)?;
    /// let (mut s1, mut s2) = (0.0, 0.0);
    /// let boomy: Vec<f64> = voice
    ///     .iter()
    ///     .map(|x| {
    ///         let y = bump.b[0] * x + s1;
    ///         s1 = bump.b[1] * x - bump.a[0] * y + s2;
    ///         s2 = bump.b[2] * x - bump.a[1] * y;
    ///         y
    ///     })
    ///     .collect();
    /// let read = |audio: &[f64]| {
    ///     let stream = Stream::new(48_000.0, Layout::MONO)?;
    ///     let mut spectrum = MatchSpectrum::new(MatchSpectrumSetup::default(), stream)?;
    ///     spectrum.push(Block::mono(audio))?;
    ///     Ok::<_, mixcore::Error>(spectrum.measurement())
    /// };
    /// let found = EqMatch::new(&read(&voice)?, &read(&boomy)?, MatchSetup::default())?;
    /// let eq = found.eq_bands(4, 0.5)?;
    /// // One bell undoes it.
    /// let [bell] = eq.bands() else { panic!("{:?}", eq.bands()) };
    /// assert_eq!(bell.shape, Shape::Bell);
    /// assert!((bell.hz / 300.0 - 1.0).abs() < 0.03 && (bell.gain_db + 6.0).abs() < 0.5);
    /// assert!((0.8..1.2).contains(&bell.q));
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn eq_bands(&self, max_bands: usize, tolerance_db: f64) -> Result<MatchEq, Error> {
        #[expect(clippy::cast_precision_loss, reason = "only compared with small bounds")]
        Error::check_range("max_bands", max_bands as f64, 1.0, MAX_MATCH_BANDS as f64)?;
        Error::check_range("tolerance_db", tolerance_db, 0.05, 6.0)?;
        let mut fit = Fit::new(self);
        while fit.count < max_bands && fit.largest_error_db() > tolerance_db {
            if !fit.add() {
                break;
            }
            fit.improve();
        }
        fit.finish(self)
    }
}

/// The bands of a fit, and what they are to reach.
struct Fit {
    rate_hz: f64,
    /// Lowest and highest gain of a band, dB.
    gains_db: [f64; 2],
    shapes: [Shape; MAX_MATCH_BANDS],
    /// [`NUMBERS`] for each band.
    unknowns: [f64; UNKNOWNS],
    count: usize,
    /// sin²(w/2) of each point.
    squares: [f64; POINTS],
    targets: [f64; POINTS],
    weights: [f64; POINTS],
    /// What all bands together are above the target, dB.
    errors: [f64; POINTS],
    /// A constant in the response costs nothing, for a gain follows.
    any_level: bool,
}

/// The response in dB at points given by sin²(w/2).
///
/// > |b0 + b1·z⁻¹ + b2·z⁻²|² = (b0 + b1 + b2)² − 4·(b0·b1 + 4·b0·b2 + b1·b2)·x + 16·b0·b2·x²
fn response_db(section: &Biquad, square: f64) -> f64 {
    let power = |[c0, c1, c2]: [f64; 3]| {
        let sum = c0 + c1 + c2;
        sum * sum - 4.0 * square * (c0 * c1 + 4.0 * c0 * c2 + c1 * c2 - 4.0 * square * c0 * c2)
    };
    power_to_db(power(section.b) / power([1.0, section.a[0], section.a[1]]))
}

impl Fit {
    fn new(wanted: &EqMatch) -> Self {
        let rate_hz = wanted.rate_hz();
        let mut fit = Self {
            rate_hz,
            gains_db: [
                -wanted.setup().max_cut_db.min(MAX_GAIN_DB),
                wanted.setup().max_boost_db.min(MAX_GAIN_DB),
            ],
            shapes: [Shape::Bell; MAX_MATCH_BANDS],
            unknowns: [0.0; UNKNOWNS],
            count: 0,
            squares: [0.0; POINTS],
            targets: [0.0; POINTS],
            weights: [0.0; POINTS],
            errors: [0.0; POINTS],
            any_level: wanted.setup().level,
        };
        let points = ThirdOctave::all()
            .flat_map(|band| [-1.0, 0.0, 1.0].map(|place: f64| (band, place / 30.0)));
        for (index, (band, place)) in points.enumerate() {
            let hz = band.centre_hz() * math::exp10(place);
            // Beyond the last edge that a third octave may have nothing was measured.
            if hz < MAX_EDGE * rate_hz {
                let half = math::sin(math::PI * hz / rate_hz);
                fit.squares[index] = half * half;
                fit.targets[index] = wanted.tone_db(hz);
                // Towards a band that is left out the curve may step: that side is none of the voice's.
                let beside = band.centre_hz() * math::exp10(3.0 * place);
                let counts = [band.centre_hz(), beside].iter().all(|hz| {
                    ThirdOctave::containing(*hz)
                        .is_some_and(|band| wanted.band(band).verdict.counts())
                });
                fit.weights[index] = if counts { 1.0 } else { OUTSIDE_WEIGHT };
            }
        }
        fit.errors = fit.cost(&fit.unknowns).0;
        fit
    }

    /// Takes the weighted mean out if the level does not matter: what is left after the best constant.
    fn level(&self, values: &mut [f64; POINTS]) {
        if !self.any_level {
            return;
        }
        let (mut sum, mut weights) = (0.0, 0.0);
        for (value, weight) in values.iter().zip(&self.weights) {
            sum += weight * value;
            weights += weight;
        }
        let mean = if weights > 0.0 { sum / weights } else { 0.0 };
        for value in values {
            *value -= mean;
        }
    }

    /// The response of a section at all points, dB.
    fn responses(&self, section: &Biquad) -> [f64; POINTS] {
        self.squares.map(|square| response_db(section, square))
    }

    /// Lowest and highest value of each number of a band.
    fn bounds(&self, shape: Shape) -> [[f64; 2]; NUMBERS] {
        let top = CENTRES_HZ[1].min(TOP * self.rate_hz);
        let q = if shape == Shape::Bell { BELL_Q } else { SHELF_Q };
        [[math::log2(CENTRES_HZ[0]), math::log2(top)], self.gains_db, q.map(math::log2)]
    }

    fn section(&self, shape: Shape, [octave, gain_db, q]: [f64; NUMBERS]) -> Option<Biquad> {
        let (hz, q) = (math::exp2(octave), math::exp2(q));
        second_order(Method::Matched, shape, hz, q, gain_db, self.rate_hz).ok()
    }

    fn numbers(&self, band: usize) -> [f64; NUMBERS] {
        core::array::from_fn(|number| self.unknowns[NUMBERS * band + number])
    }

    /// Largest error in dB where the curve counts.
    fn largest_error_db(&self) -> f64 {
        let counted = self.errors.iter().zip(&self.weights).filter(|(_, weight)| **weight == 1.0);
        counted.fold(0.0, |largest, (error, _)| largest.max(error.abs()))
    }

    /// What is above the target with other numbers, and the sum that is to be small.
    fn cost(&self, unknowns: &[f64; UNKNOWNS]) -> ([f64; POINTS], f64) {
        let mut errors = self.targets.map(|target| -target);
        let mut cost = 0.0;
        for band in 0..self.count {
            let numbers = core::array::from_fn(|number| unknowns[NUMBERS * band + number]);
            cost += GAIN_WEIGHT * GAIN_WEIGHT * numbers[1] * numbers[1];
            if let Some(section) = self.section(self.shapes[band], numbers) {
                for (error, response) in errors.iter_mut().zip(self.responses(&section)) {
                    *error += response;
                }
            }
        }
        self.level(&mut errors);
        for (error, weight) in errors.iter().zip(&self.weights) {
            cost += weight * error * error;
        }
        (errors, cost)
    }

    /// Adds the one band that takes most of the errors away; there may be none.
    fn add(&mut self) -> bool {
        let mut best = None;
        let mut most = 0.0;
        for centre in ThirdOctave::all() {
            for (shape, q) in [
                (Shape::LowShelf, 0.6),
                (Shape::HighShelf, 0.6),
                (Shape::Bell, 0.5),
                (Shape::Bell, 1.0),
                (Shape::Bell, 2.0),
                (Shape::Bell, 4.0),
            ] {
                // By the response of 3 dB, as if gains were linear.
                let [[low, high], ..] = self.bounds(shape);
                let numbers = [math::log2(centre.centre_hz()), 3.0, math::log2(q)];
                if numbers[0] < low || numbers[0] > high {
                    continue;
                }
                let Some(section) = self.section(shape, numbers) else {
                    continue;
                };
                let mut responses = self.responses(&section);
                self.level(&mut responses);
                let (mut product, mut square) = (0.0, 0.0);
                let points = responses.iter().zip(&self.errors).zip(&self.weights);
                for ((response, error), weight) in points {
                    product += weight * response * error;
                    square += weight * response * response;
                }
                let taken = if square > 0.0 { product * product / square } else { 0.0 };
                if taken > most {
                    most = taken;
                    let gain_db = -3.0 * product / square;
                    best = Some((shape, [numbers[0], gain_db, numbers[2]]));
                }
            }
        }
        let Some((shape, numbers)) = best else {
            return false;
        };
        let bounds = self.bounds(shape);
        self.shapes[self.count] = shape;
        for (number, (value, [low, high])) in numbers.into_iter().zip(bounds).enumerate() {
            self.unknowns[NUMBERS * self.count + number] = value.clamp(low, high);
        }
        self.count += 1;
        self.errors = self.cost(&self.unknowns).0;
        true
    }

    /// Moves all bands until it does not help any more.
    fn improve(&mut self) {
        let used = NUMBERS * self.count;
        let (_, mut cost) = self.cost(&self.unknowns);
        let mut damping = 1e-2;
        for _ in 0..STEPS {
            let (matrix, side) = self.equations();
            // More damping until a step helps.
            let mut better = None;
            while better.is_none() && damping < 1e6 {
                let step = solve(&matrix, &side, used, damping);
                let mut moved = self.unknowns;
                for band in 0..self.count {
                    for (number, [low, high]) in self.bounds(self.shapes[band]).iter().enumerate() {
                        let index = NUMBERS * band + number;
                        // Half an octave or 6 dB at a time: the model is not linear.
                        let most = if number == 1 { 6.0 } else { 0.5 };
                        let step = step[index].clamp(-most, most);
                        moved[index] = (moved[index] + step).clamp(*low, *high);
                    }
                }
                let (errors, new_cost) = self.cost(&moved);
                if new_cost < cost {
                    better = Some((moved, errors, new_cost));
                    damping = (damping * 0.3).max(1e-9);
                } else {
                    damping *= 4.0;
                }
            }
            let Some((unknowns, errors, new_cost)) = better else {
                return;
            };
            let gained = (cost - new_cost) / cost;
            (self.unknowns, self.errors, cost) = (unknowns, errors, new_cost);
            if gained < LEAST_GAIN {
                return;
            }
        }
    }

    /// The normal equations of a step: JᵀWJ, and −JᵀW·errors.
    fn equations(&self) -> ([[f64; UNKNOWNS]; UNKNOWNS], [f64; UNKNOWNS]) {
        let mut slopes = [[0.0; UNKNOWNS]; POINTS];
        for index in 0..NUMBERS * self.count {
            let (band, number) = (index / NUMBERS, index % NUMBERS);
            let nudged = |side: f64| {
                let mut numbers = self.numbers(band);
                numbers[number] += side * NUDGE;
                self.section(self.shapes[band], numbers)
            };
            if let (Some(above), Some(below)) = (nudged(1.0), nudged(-1.0)) {
                let mut rises = self.responses(&above);
                for (rise, below) in rises.iter_mut().zip(self.responses(&below)) {
                    *rise -= below;
                }
                self.level(&mut rises);
                for (row, rise) in slopes.iter_mut().zip(rises) {
                    row[index] = rise / (2.0 * NUDGE);
                }
            }
        }
        let mut matrix = [[0.0; UNKNOWNS]; UNKNOWNS];
        let mut side = [0.0; UNKNOWNS];
        for ((row, error), weight) in slopes.iter().zip(&self.errors).zip(&self.weights) {
            for ((equation, side), one) in matrix.iter_mut().zip(&mut side).zip(row) {
                *side -= weight * one * error;
                for (entry, other) in equation.iter_mut().zip(row) {
                    *entry += weight * one * other;
                }
            }
        }
        for band in 0..self.count {
            let index = NUMBERS * band + 1;
            matrix[index][index] += GAIN_WEIGHT * GAIN_WEIGHT;
            side[index] -= GAIN_WEIGHT * GAIN_WEIGHT * self.unknowns[index];
        }
        (matrix, side)
    }

    /// The bands in order, with the low cut.
    fn finish(&self, wanted: &EqMatch) -> Result<MatchEq, Error> {
        let nothing = Biquad { b: [1.0, 0.0, 0.0], a: [0.0; 2] };
        let mut eq = MatchEq {
            bands: [EqBand::default(); ALL_BANDS],
            sections: [nothing; ALL_BANDS],
            count: 0,
            rate_hz: self.rate_hz,
            largest_error_db: self.largest_error_db(),
        };
        if let Some(hz) = wanted.low_cut_hz() {
            eq.bands[0] = EqBand::new(Shape::HighPass, hz, 0.0, LOW_CUT_Q);
            eq.count = 1;
        }
        let first = eq.count;
        for band in 0..self.count {
            let [octave, gain_db, q] = self.numbers(band);
            let (hz, q) = (math::exp2(octave), math::exp2(q));
            eq.bands[eq.count] = EqBand::new(self.shapes[band], hz, gain_db, q);
            eq.count += 1;
        }
        eq.bands[first..eq.count].sort_unstable_by(|a, b| a.hz.total_cmp(&b.hz));
        for (section, band) in eq.sections.iter_mut().zip(&eq.bands).take(eq.count) {
            *section = second_order(
                Method::Matched,
                band.shape,
                band.hz,
                band.q,
                band.gain_db,
                self.rate_hz,
            )?;
        }
        Ok(eq)
    }
}

/// Solves the first `used` equations, whose diagonal is raised by a share: Gauss without pivoting, for
/// the matrix is positive definite then.
fn solve(
    matrix: &[[f64; UNKNOWNS]; UNKNOWNS],
    side: &[f64; UNKNOWNS],
    used: usize,
    damping: f64,
) -> [f64; UNKNOWNS] {
    let (mut m, mut x) = (*matrix, *side);
    for (index, row) in m.iter_mut().enumerate() {
        // A number that changes nothing (a gain of 0 has no Q) stays where it is.
        row[index] += damping * row[index] + 1e-9;
    }
    for pivot in 0..used {
        let (head, right) = (m[pivot], x[pivot]);
        for row in pivot + 1..used {
            let factor = m[row][pivot] / head[pivot];
            for (entry, above) in m[row].iter_mut().zip(head) {
                *entry -= factor * above;
            }
            x[row] -= factor * right;
        }
    }
    for row in (0..used).rev() {
        let known: f64 = (row + 1..used).map(|column| m[row][column] * x[column]).sum();
        x[row] = (x[row] - known) / m[row][row];
    }
    x
}
