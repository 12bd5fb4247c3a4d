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
//! [`cancellation_map`](super::cancellation_map) has the index itself, everywhere.
//!
//! Source: the index is ours (spatial audio has no standard for it); [`ThirdOctave`]'s bands; the
//! window of 400 ms is BS.1770-5's momentary one.
//! Cost: an FFT of every channel every 50 ms, and 4 operations a bin for each coefficient of the
//! matrices. Limits: bands that hold no bin are left out (20 and 40 Hz at 48 kHz), and those below
//! 50 Hz, narrower than a bin, hear their neighbours; a window smears what changes within 85 ms.

use alloc::vec;
use alloc::vec::Vec;

use super::cancellation_spectra::{Grid, PER_STEP, Powers, Row, Spectra, WINDOW_STEPS, scan};
use crate::analysis::ThirdOctave;
use crate::audio::{Block, Sample};
use crate::error::Error;
use crate::math;
use crate::stream::Stream;
use crate::units::db_to_power;

/// Share of the row's power that makes a band count.
///
/// Ours: of pink noise in 30 bands each holds −14.8 dB; 10 dB below that a band no longer carries the
/// sound, because what is 10 dB under its neighbours adds 0.4 dB to them.
const BAND_SHARE_DB: f64 = -25.0;

/// When a place counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Thresholds {
    pub(super) index_db: f64,
    pub(super) duration_s: f64,
    pub(super) floor_dbfs: f64,
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
    let floor = db_to_power(thresholds.floor_dbfs) * grid.window_norm();
    let share = db_to_power(BAND_SHARE_DB);
    let mut growing: Vec<Vec<Option<Growing>>> = vec![vec![None; grid.bands.len()]; rows.len()];
    let mut places = Vec::new();
    let whole = scan(&grid, audio, rows, stream, |step, row, windows| {
        let whole: f64 = windows.iter().map(|powers| powers.parts).sum();
        let Some(growing) = growing.get_mut(row) else { return };
        for ((&powers, growing), band) in windows.iter().zip(growing).zip(&grid.bands) {
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
                (None, Some(_)) => close(&mut places, growing, row, band.0, &grid, thresholds),
                (None, None) => {}
            }
        }
    })?;
    for (row, growing) in growing.iter_mut().enumerate() {
        for (growing, band) in growing.iter_mut().zip(&grid.bands) {
            close(&mut places, growing, row, band.0, &grid, thresholds);
        }
    }
    Ok(Found { whole, places: joined(places) })
}

fn close(
    places: &mut Vec<Place>,
    growing: &mut Option<Growing>,
    row: usize,
    band: ThirdOctave,
    grid: &Grid,
    thresholds: &Thresholds,
) {
    let Some(grown) = growing.take() else { return };
    let (start_frame, end_frame) = (grid.frame(grown.first_step), grid.frame(grown.last_step + 1));
    if grid.seconds(end_frame - start_frame) >= thresholds.duration_s {
        let Growing { powers, lowest_db, .. } = grown;
        let (low, high) = (band, band);
        places.push(Place { row, low, high, start_frame, end_frame, powers, lowest_db });
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
    for step in grid.step_at(place.start_frame)..grid.step_at(place.end_frame) {
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
