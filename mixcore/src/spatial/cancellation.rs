//! What a fold-down cancels, band by band and 400 ms at a time.
//!
//! A row of a fold-down adds the source channels X_k with gains m_k. Against what unrelated channels
//! would add up to, the sum is
//!
//! > C = 10·log10(|Σ m_k·X_k|² / Σ m_k²·|X_k|²) dB
//!
//! 0 for unrelated channels, +10·log10 n for n equal ones in phase, far below 0 where they cancel. It is
//! computed in third octaves from Fourier transforms of 85 ms (4096 frames at 48 kHz), two in every
//! 100 ms, and read over the last 400 ms. So a fold-down with a 90° shift (Lt/Rt) is computed exactly:
//! its surround is j·X.
//!
//! A place is found where C stays below a threshold for longer than a shortest duration in a band that
//! carries energy: at most 25 dB below the row's whole (10 dB below a band's share of pink noise), and
//! above a floor. Bands side by side that cancel at the same time are one place.
//!
//! Source: the index is ours (spatial audio has no standard for it); [`ThirdOctave`]'s bands; the
//! window of 400 ms is BS.1770-5's momentary one.
//! Cost: an FFT of every channel every 50 ms, and 4 operations a bin for each coefficient of the
//! matrices. Limits: bands narrower than a bin are left out, below 50 Hz at 48 kHz; a window smears
//! what changes within 85 ms.

use alloc::vec;
use alloc::vec::Vec;

use crate::analysis::ThirdOctave;
use crate::audio::{Block, Sample};
use crate::error::Error;
use crate::filters::RealFft;
use crate::math;
use crate::stream::Stream;
use crate::units::{DB_FLOOR, db_to_power, power_to_db};

/// Steps of 100 ms in a window of 400 ms.
const WINDOW_STEPS: usize = 4;
/// Steps in a second.
const STEPS_PER_S: f64 = 10.0;
/// Transforms in a step.
const PER_STEP: usize = 2;
/// Share of the row's power that makes a band count.
///
/// Ours: of pink noise in 30 bands each holds −14.8 dB; 10 dB below that a band no longer carries the
/// sound, because what is 10 dB under its neighbours adds 0.4 dB to them.
const BAND_SHARE_DB: f64 = -25.0;

/// One source channel in a row of a fold-down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Term {
    pub(super) channel: usize,
    pub(super) gain: f64,
    /// Turned by +90°.
    pub(super) quadrature: bool,
}

/// One output channel of a fold-down.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) output: usize,
    pub(super) terms: Vec<Term>,
}

/// When a place counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Thresholds {
    pub(super) index_db: f64,
    pub(super) duration_s: f64,
    pub(super) floor_dbfs: f64,
}

/// Numerator and denominator of C.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Powers {
    sum: f64,
    parts: f64,
}

impl Powers {
    fn add(&mut self, other: Self) {
        self.sum += other.sum;
        self.parts += other.parts;
    }

    /// What unrelated channels would add up to.
    pub(super) const fn parts(self) -> f64 {
        self.parts
    }

    /// C, or nothing for silence; what cancels altogether is at the floor of all such readings.
    pub(super) fn index_db(self) -> Option<f64> {
        (self.parts > 0.0).then(|| power_to_db(self.sum / self.parts).max(DB_FLOOR))
    }
}

/// A stretch of time and of bands in which a row cancels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    /// Index of the row.
    pub(super) row: usize,
    pub(super) low: ThirdOctave,
    pub(super) high: ThirdOctave,
    pub(super) start_frame: u64,
    pub(super) end_frame: u64,
    pub(super) powers: Powers,
    /// The lowest C of all windows.
    pub(super) lowest_db: f64,
}

/// What the rows of a fold-down do to a programme.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Over all bands and the whole time, per row.
    pub(super) whole: Vec<Powers>,
    pub(super) places: Vec<Place>,
}

/// The steps of a stream, and the bins of every band.
struct Grid {
    step: f64,
    length: usize,
    bands: Vec<(ThirdOctave, usize, usize)>,
    window: Vec<f64>,
    /// Σ w² · N / 2: |X|² of a mean square of 1.
    norm: f64,
}

impl Grid {
    fn new(stream: &Stream) -> Self {
        let step = stream.rate_hz / STEPS_PER_S;
        let mut length = 16;
        #[expect(clippy::cast_precision_loss, reason = "powers of two to 65,536")]
        while 2.0 * length as f64 <= step && length < 65_536 {
            length *= 2;
        }
        #[expect(clippy::cast_precision_loss, reason = "as above")]
        let bin_hz = stream.rate_hz / length as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "bins below half of the length"
        )]
        let bin = |hz: f64| math::ceil(hz / bin_hz) as usize;
        let bands = ThirdOctave::at_rate(stream.rate_hz)
            .map(|band| (band, bin(band.lower_hz()), bin(band.upper_hz())))
            .filter(|(_, low, high)| high > low)
            .collect();
        #[expect(clippy::cast_precision_loss, reason = "as above")]
        let window: Vec<f64> = (0..length)
            .map(|n| 0.5 - 0.5 * math::cos(2.0 * math::PI * (n as f64 + 0.5) / length as f64))
            .collect();
        let energy: f64 = window.iter().map(|w| w * w).sum();
        #[expect(clippy::cast_precision_loss, reason = "as above")]
        let norm = 0.5 * energy * length as f64;
        Self { step, length, bands, window, norm }
    }

    fn frame(&self, step: usize) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "frames of a programme in memory"
        )]
        {
            math::round(step as f64 * self.step) as u64
        }
    }

    /// Where a transform begins; before the start there is silence.
    fn begin(&self, step: usize, part: usize) -> i64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "frames of a programme in memory"
        )]
        {
            let middle = (step as f64 + (part as f64 + 0.5) / PER_STEP as f64) * self.step;
            math::round(middle) as i64 - self.length as i64 / 2
        }
    }
}

/// The spectra of all channels of one moment.
struct Spectra {
    fft: RealFft<'static, f64>,
    time: Vec<f64>,
    re: Vec<Vec<f64>>,
    im: Vec<Vec<f64>>,
}

impl Spectra {
    fn new(grid: &Grid, channels: usize, stream: &Stream) -> Result<Self, Error> {
        let fft = RealFft::new(grid.length, stream.isa)?;
        let bins = fft.bins();
        Ok(Self {
            fft,
            time: vec![0.0; grid.length],
            re: vec![vec![0.0; bins]; channels],
            im: vec![vec![0.0; bins]; channels],
        })
    }

    fn read<S: Sample>(
        &mut self,
        grid: &Grid,
        audio: &Block<'_, S>,
        begin: i64,
    ) -> Result<(), Error> {
        for ((samples, re), im) in audio.channels().zip(&mut self.re).zip(&mut self.im) {
            for (n, (slot, w)) in self.time.iter_mut().zip(&grid.window).enumerate() {
                let at = usize::try_from(begin + n as i64).ok();
                let x = at.and_then(|at| samples.get(at)).map_or(0.0, |x| x.as_f64());
                // What is not finite counts as silence, as in anything that has memory.
                *slot = if x.abs() <= crate::kernels::SAMPLE_LIMIT { x * w } else { 0.0 };
            }
            self.fft.forward(&self.time, re, im)?;
        }
        Ok(())
    }

    /// Both powers of a row over the bins of a band.
    fn powers(&self, terms: &[Term], low: usize, high: usize) -> Powers {
        let mut powers = Powers::default();
        for bin in low..high {
            let (mut re, mut im) = (0.0, 0.0);
            for term in terms {
                let at = |rows: &[Vec<f64>]| {
                    rows.get(term.channel).and_then(|row| row.get(bin)).copied().unwrap_or(0.0)
                };
                let (mut x, mut y) = (term.gain * at(&self.re), term.gain * at(&self.im));
                powers.parts += x * x + y * y;
                if term.quadrature {
                    (x, y) = (-y, x);
                }
                re += x;
                im += y;
            }
            powers.sum += re * re + im * im;
        }
        powers
    }
}

/// A place that may still grow.
#[derive(Clone, Copy, Debug)]
struct Growing {
    first_step: usize,
    last_step: usize,
    powers: Powers,
    lowest_db: f64,
}

/// Reads `audio` through the rows of a fold-down.
pub(super) fn cancellation<S: Sample>(
    audio: &Block<'_, S>,
    rows: &[Row],
    thresholds: &Thresholds,
    stream: &Stream,
) -> Result<Found, Error> {
    let grid = Grid::new(stream);
    let mut spectra = Spectra::new(&grid, audio.channel_count(), stream)?;
    let bands = grid.bands.len();
    let floor = db_to_power(thresholds.floor_dbfs) * grid.norm * (PER_STEP * WINDOW_STEPS) as f64;
    let share = db_to_power(BAND_SHARE_DB);
    let mut recent = vec![vec![[Powers::default(); WINDOW_STEPS]; bands]; rows.len()];
    let mut growing: Vec<Vec<Option<Growing>>> = vec![vec![None; bands]; rows.len()];
    let mut found = Found { whole: vec![Powers::default(); rows.len()], places: Vec::new() };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "frames of a programme in memory"
    )]
    let steps = math::floor(audio.frames() as f64 / grid.step) as usize;
    for step in 0..steps {
        let slot = step % WINDOW_STEPS;
        for recent in recent.iter_mut().flatten() {
            if let Some(slot) = recent.get_mut(slot) {
                *slot = Powers::default();
            }
        }
        for part in 0..PER_STEP {
            spectra.read(&grid, audio, grid.begin(step, part))?;
            for ((row, recent), whole) in rows.iter().zip(&mut recent).zip(&mut found.whole) {
                for ((_, low, high), recent) in grid.bands.iter().zip(recent) {
                    let powers = spectra.powers(&row.terms, *low, *high);
                    whole.add(powers);
                    if let Some(slot) = recent.get_mut(slot) {
                        slot.add(powers);
                    }
                }
            }
        }
        if step + 1 < WINDOW_STEPS {
            continue;
        }
        for (index, (recent, growing)) in recent.iter().zip(&mut growing).enumerate() {
            let windows = recent.iter().map(|steps| {
                steps.iter().fold(Powers::default(), |mut all, step| {
                    all.add(*step);
                    all
                })
            });
            let whole: f64 = windows.clone().map(|powers| powers.parts).sum();
            for ((powers, growing), band) in windows.zip(growing).zip(&grid.bands) {
                let counts = powers.parts > floor && powers.parts >= share * whole;
                let index_db = powers.index_db().filter(|db| counts && *db < thresholds.index_db);
                match (index_db, growing.as_mut()) {
                    (Some(db), Some(growing)) => {
                        growing.last_step = step;
                        growing.powers.add(powers);
                        growing.lowest_db = growing.lowest_db.min(db);
                    }
                    (Some(lowest_db), None) => {
                        let first_step = step + 1 - WINDOW_STEPS;
                        *growing = Some(Growing { first_step, last_step: step, powers, lowest_db });
                    }
                    (None, Some(_)) => close(&mut found, growing, index, band.0, &grid, thresholds),
                    (None, None) => {}
                }
            }
        }
    }
    for (index, growing) in growing.iter_mut().enumerate() {
        for (growing, band) in growing.iter_mut().zip(&grid.bands) {
            close(&mut found, growing, index, band.0, &grid, thresholds);
        }
    }
    found.places = joined(found.places);
    Ok(found)
}

fn close(
    found: &mut Found,
    growing: &mut Option<Growing>,
    row: usize,
    band: ThirdOctave,
    grid: &Grid,
    thresholds: &Thresholds,
) {
    let Some(grown) = growing.take() else { return };
    let (start_frame, end_frame) = (grid.frame(grown.first_step), grid.frame(grown.last_step + 1));
    #[expect(clippy::cast_precision_loss, reason = "frames of a programme in memory")]
    let seconds = (end_frame - start_frame) as f64 / (grid.step * STEPS_PER_S);
    if seconds >= thresholds.duration_s {
        let Growing { powers, lowest_db, .. } = grown;
        let (low, high) = (band, band);
        found.places.push(Place { row, low, high, start_frame, end_frame, powers, lowest_db });
    }
}

/// Whether two places touch: the same row, bands side by side, at the same time.
fn touch(a: &Place, b: &Place) -> bool {
    a.row == b.row
        && a.low.index() <= b.high.index() + 1
        && b.low.index() <= a.high.index() + 1
        && a.start_frame < b.end_frame
        && b.start_frame < a.end_frame
}

/// Places that touch, as one; the strongest first.
fn joined(places: Vec<Place>) -> Vec<Place> {
    let mut all: Vec<Place> = Vec::new();
    for mut place in places {
        while let Some(index) = all.iter().position(|other| touch(other, &place)) {
            let other = all.swap_remove(index);
            place.low = place.low.min(other.low);
            place.high = place.high.max(other.high);
            place.start_frame = place.start_frame.min(other.start_frame);
            place.end_frame = place.end_frame.max(other.end_frame);
            place.powers.add(other.powers);
            place.lowest_db = place.lowest_db.min(other.lowest_db);
        }
        all.push(place);
    }
    all.sort_by(|a, b| {
        let earlier = (a.row, a.start_frame, a.low).cmp(&(b.row, b.start_frame, b.low));
        b.powers.parts.total_cmp(&a.powers.parts).then(earlier)
    });
    all
}

/// How two terms of a row stand to each other in some bands and some time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pairing {
    /// Positions in the row's list, the front one first.
    pub(super) terms: [usize; 2],
    /// Correlation of what they contribute, −1 to 1.
    pub(super) correlation: f64,
}

/// The bins of a place.
fn bins(grid: &Grid, place: &Place) -> (usize, usize) {
    let bands = grid.bands.iter().filter(|(band, ..)| (place.low..=place.high).contains(band));
    bands.fold((usize::MAX, 0), |(a, b), (_, low, high)| (a.min(*low), b.max(*high)))
}

/// Hands on the spectra of every moment of a place.
fn each_moment<S: Sample>(
    audio: &Block<'_, S>,
    place: &Place,
    stream: &Stream,
    mut read: impl FnMut(&Spectra, usize, usize),
) -> Result<(), Error> {
    let grid = Grid::new(stream);
    let mut spectra = Spectra::new(&grid, audio.channel_count(), stream)?;
    let (low, high) = bins(&grid, place);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "frames of a programme in memory"
    )]
    let step_of = |frame: u64| math::round(frame as f64 / grid.step) as usize;
    for step in step_of(place.start_frame)..step_of(place.end_frame) {
        for part in 0..PER_STEP {
            spectra.read(&grid, audio, grid.begin(step, part))?;
            read(&spectra, low, high);
        }
    }
    Ok(())
}

/// What a row does at a place.
pub(super) fn read_place<S: Sample>(
    audio: &Block<'_, S>,
    row: &Row,
    place: &Place,
    stream: &Stream,
) -> Result<Powers, Error> {
    let mut powers = Powers::default();
    each_moment(audio, place, stream, |spectra, low, high| {
        powers.add(spectra.powers(&row.terms, low, high));
    })?;
    Ok(powers)
}

/// The two terms of a row that take most from each other at a place.
pub(super) fn pairing<S: Sample>(
    audio: &Block<'_, S>,
    row: &Row,
    place: &Place,
    stream: &Stream,
) -> Result<Option<Pairing>, Error> {
    let count = row.terms.len();
    let mut own = vec![0.0; count];
    let mut both = vec![vec![0.0; count]; count];
    each_moment(audio, place, stream, |spectra, low, high| {
        for (a, (term, own)) in row.terms.iter().zip(&mut own).enumerate() {
            *own += spectra.powers(core::slice::from_ref(term), low, high).parts;
            let Some(products) = both.get_mut(a) else { continue };
            for (other, product) in row.terms.iter().zip(products).skip(a + 1) {
                // |x + y|² − |x|² − |y|² = 2·Re(x·y*).
                let powers = spectra.powers(&[*term, *other], low, high);
                *product += 0.5 * (powers.sum - powers.parts);
            }
        }
    })?;
    let mut worst: Option<(f64, Pairing)> = None;
    for (a, row) in both.iter().enumerate() {
        for (b, &product) in row.iter().enumerate().skip(a + 1) {
            let power = |n: usize| own.get(n).copied().unwrap_or(0.0);
            let scale = math::sqrt(power(a) * power(b));
            if scale > 0.0 && worst.is_none_or(|(least, _)| product < least) {
                let correlation = (product / scale).clamp(-1.0, 1.0);
                worst = Some((product, Pairing { terms: [a, b], correlation }));
            }
        }
    }
    Ok(worst.map(|(_, pairing)| pairing))
}
