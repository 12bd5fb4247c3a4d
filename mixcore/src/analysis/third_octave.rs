//! Third-octave bands: exact frequencies, nominal names, and the filters that split them.
//!
//! Bands of equal width on a logarithmic scale are how a mixer reads a spectrum, and how masking and
//! cancellation are looked for.
//!
//! > f_m = 1000 · 10^(k/10) Hz, k = −17 … 13;  f_1 = f_m · 10^(−1/20), f_2 = f_m · 10^(1/20)
//!
//! Each filter is a Butterworth band-pass (bilinear transform, edges pre-warped): order 6, and order
//! 8 where an edge comes near the Nyquist frequency, whose warping flattens the lower slope. Class 1
//! limits hold at every rate (`tests/all/analysis`).
//!
//! Sources: IEC 61260-1:2014, clause 5.2 to 5.4 (frequencies, base 10), 5.10 and Table 1 (class 1),
//! 5.16 (summation), Annex E (nominal frequencies), as agreed on by two independent programs that
//! cite them; the standard's own text could not be opened. Butterworth poles: any filter handbook.
//! Cost: [`crate::kernels`]' five operations per section, sample and eight bands; see `benches`.
//! Latency: a filter delays its band by its group delay, about 0.9 / (f_2 − f_1) s (order 6): 0.2 s at
//! 20 Hz, 4 ms at 1 kHz.
//! Limits: bands whose upper edge lies above 0.47 of the rate (their centre above 0.419 of it) are not
//! there: at 48 kHz all 31 are, at 44.1 kHz the 20 kHz band is not, at 8 kHz 3.15 kHz is the last.

use core::fmt;

use super::bands::Band;
use crate::audio::Sample;
use crate::error::Error;
use crate::filters::Biquad;
use crate::kernels::{
    BAND_LANES, BAND_SECTIONS, BandPasses, BandProducts, BandState, Isa, band_energies,
    band_products, settle_bands,
};
use crate::math;
use crate::stream::{MAX_RATE_HZ, MIN_RATE_HZ};
use crate::units::gain_to_db;

/// Third-octave bands from 20 Hz to 20 kHz.
pub const THIRD_OCTAVES: usize = 31;

/// k of the lowest band, 20 Hz.
const LOWEST: i32 = -17;
/// Largest upper edge, as a share of the rate: above it, the pre-warped edge runs away to infinity.
pub(super) const MAX_EDGE: f64 = 0.47;
/// Largest upper edge at which order 6 meets class 1, as a share of the rate: its lower slope at
/// two octaves' breakpoint passes 40.5 dB up to 0.263 (computed; the test measures the result).
const ORDER_6_EDGE: f64 = 0.25;
/// Groups of bands that are filtered side by side.
const GROUPS: usize = THIRD_OCTAVES.div_ceil(BAND_LANES);
/// Lanes of all groups.
pub(super) const BAND_SLOTS: usize = GROUPS * BAND_LANES;
/// Multiples of this many frames are where small states become 0 (the rule of all recursions here).
const SETTLE_FRAMES: u64 = 64;

/// Nominal mid-band frequencies, Hz (IEC 61260-1:2014, Annex E; ISO 266).
const NOMINAL_HZ: [f64; THIRD_OCTAVES] = [
    20.0, 25.0, 31.5, 40.0, 50.0, 63.0, 80.0, 100.0, 125.0, 160.0, 200.0, 250.0, 315.0, 400.0,
    500.0, 630.0, 800.0, 1000.0, 1250.0, 1600.0, 2000.0, 2500.0, 3150.0, 4000.0, 5000.0, 6300.0,
    8000.0, 10_000.0, 12_500.0, 16_000.0, 20_000.0,
];

/// One of the bands from 20 Hz to 20 kHz.
///
/// # Example
/// ```
/// use mixcore::analysis::ThirdOctave;
/// let band = ThirdOctave::containing(1000.0).unwrap();
/// assert_eq!((band.index(), band.centre_hz(), band.nominal_hz()), (17, 1000.0, 1000.0));
/// assert!((band.lower_hz() - 891.25).abs() < 0.01 && (band.upper_hz() - 1122.02).abs() < 0.01);
/// assert_eq!(ThirdOctave::containing(32.0).unwrap().to_string(), "31.5 Hz");
/// assert_eq!(ThirdOctave::at_rate(44_100.0).last().unwrap().to_string(), "16 kHz");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThirdOctave(u8);

impl ThirdOctave {
    /// All bands, lowest first.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        #[expect(clippy::cast_possible_truncation, reason = "31 bands")]
        (0..THIRD_OCTAVES as u8).map(Self)
    }

    /// The bands that exist at a sample rate, lowest first: see the limits above.
    pub fn at_rate(rate_hz: f64) -> impl ExactSizeIterator<Item = Self> {
        Self::all().take(Self::count_at(rate_hz))
    }

    /// How many bands exist at a sample rate.
    #[must_use]
    pub fn count_at(rate_hz: f64) -> usize {
        Self::all().take_while(|band| band.upper_hz() <= MAX_EDGE * rate_hz).count()
    }

    /// The band that contains a frequency; an edge belongs to the band above.
    #[must_use]
    pub fn containing(hz: f64) -> Option<Self> {
        Self::all().find(|band| hz >= band.lower_hz() && hz < band.upper_hz())
    }

    /// Position among [`ThirdOctave::all`], 0 to 30.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Exact mid-band frequency, Hz.
    #[must_use]
    pub fn centre_hz(self) -> f64 {
        1000.0 * math::exp10(f64::from(i32::from(self.0) + LOWEST) / 10.0)
    }

    /// Lower edge, Hz.
    #[must_use]
    pub fn lower_hz(self) -> f64 {
        self.edge_hz(-1)
    }

    /// Upper edge, Hz: the lower edge of the next band, to the bit.
    #[must_use]
    pub fn upper_hz(self) -> f64 {
        self.edge_hz(1)
    }

    fn edge_hz(self, side: i32) -> f64 {
        1000.0 * math::exp10(f64::from(2 * (i32::from(self.0) + LOWEST) + side) / 20.0)
    }

    /// Its edges and its centre.
    #[must_use]
    pub fn band(self) -> Band {
        Band { low_hz: self.lower_hz(), centre_hz: self.centre_hz(), high_hz: self.upper_hz() }
    }

    /// The frequency that the band is named after, Hz.
    #[must_use]
    pub fn nominal_hz(self) -> f64 {
        NOMINAL_HZ.get(self.index()).copied().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for ThirdOctave {
    /// The nominal frequency: `31.5 Hz`, `1.25 kHz`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hz = self.nominal_hz();
        if hz < 1000.0 { write!(f, "{hz} Hz") } else { write!(f, "{} kHz", hz / 1000.0) }
    }
}

/// What the filters of one channel remember.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ThirdOctaveState {
    groups: [BandState; GROUPS],
    sums: [[f64; BAND_LANES]; GROUPS],
    frames: u64,
}

impl ThirdOctaveState {
    /// Starts the energies anew; the filters go on.
    pub fn clear_energies(&mut self) {
        self.sums = [[0.0; BAND_LANES]; GROUPS];
    }
}

/// Filters for all bands that exist at a rate.
///
/// # Example
/// ```
/// use mixcore::analysis::{ThirdOctave, ThirdOctaveBank, ThirdOctaveState};
/// use mixcore::{Isa, math};
///
/// let bank = ThirdOctaveBank::design(48_000.0, Isa::detect())?;
/// let tone: Vec<f32> =
///     (0..48_000).map(|n| math::sin(math::PI * f64::from(n) / 24.0) as f32).collect();
/// let mut state = ThirdOctaveState::default();
/// bank.push(&mut state, &tone);
/// let energies = bank.energies(&state);
/// // A tone of 1 kHz and full scale has half the power of a full-scale square, in one band.
/// let band = ThirdOctave::containing(1000.0).unwrap().index();
/// assert!((energies[band] / 48_000.0 - 0.5).abs() < 0.01);
/// assert!(energies[band + 2] < 1e-3 * energies[band]);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ThirdOctaveBank {
    isa: Isa,
    rate_hz: f64,
    count: usize,
    groups: [BandPasses; GROUPS],
    gains: [f64; BAND_SLOTS],
}

impl ThirdOctaveBank {
    /// Designs the filters for a rate.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz.
    pub fn design(rate_hz: f64, isa: Isa) -> Result<Self, Error> {
        Error::check_range("rate_hz", rate_hz, MIN_RATE_HZ, MAX_RATE_HZ)?;
        let count = ThirdOctave::count_at(rate_hz);
        let idle = BandPasses { a: [[[0.0; BAND_LANES]; 2]; BAND_SECTIONS], sections: 3 };
        let mut bank =
            Self { isa, rate_hz, count, groups: [idle; GROUPS], gains: [0.0; BAND_SLOTS] };
        for (index, band) in ThirdOctave::at_rate(rate_hz).enumerate() {
            let (group, lane) = (index / BAND_LANES, index % BAND_LANES);
            let top = (group * BAND_LANES + BAND_LANES).min(count) - 1;
            let edge = ThirdOctave::all().nth(top).map_or(0.0, ThirdOctave::upper_hz);
            let sections = if edge <= ORDER_6_EDGE * rate_hz { 3 } else { 4 };
            let (poles, gain) = butterworth(band.lower_hz(), band.upper_hz(), rate_hz, sections);
            let filters = &mut bank.groups[group];
            filters.sections = sections;
            for (section, a) in filters.a.iter_mut().zip(poles) {
                section[0][lane] = a[0];
                section[1][lane] = a[1];
            }
            bank.gains[index] = gain;
        }
        Ok(bank)
    }

    /// Bands that exist at this rate.
    #[must_use]
    pub fn band_count(&self) -> usize {
        self.count
    }

    /// Gain of the filter of `band` at `hz`, dB; -inf at 0 Hz and for a band that does not exist.
    #[must_use]
    pub fn response_db(&self, band: ThirdOctave, hz: f64) -> f64 {
        let (group, lane) = (band.index() / BAND_LANES, band.index() % BAND_LANES);
        let mut gain = self.gains[band.index()];
        let filters = &self.groups[group];
        for a in filters.a.iter().take(filters.sections) {
            let section = Biquad { b: [1.0, 0.0, -1.0], a: [a[0][lane], a[1][lane]] };
            gain *= section.gain_at(hz, self.rate_hz);
        }
        gain_to_db(gain)
    }

    /// Filters one channel; the energy of each band adds up in `state`.
    ///
    /// A state belongs to one channel and one bank; any split of the samples into calls gives the
    /// same bits.
    ///
    /// # Units and range
    /// Samples are finite and within ±1e6: [`crate::kernels::clean`] makes them so.
    ///
    /// # Real time
    /// Does not allocate.
    pub fn push<S: Sample>(&self, state: &mut ThirdOctaveState, samples: &[S]) {
        let mut left = samples;
        while !left.is_empty() {
            let (piece, rest) = left.split_at(to_settle(state.frames).min(left.len()));
            let groups = self.groups.iter().zip(&mut state.groups).zip(&mut state.sums);
            for ((filters, state), sums) in groups.take(self.group_count()) {
                band_energies(self.isa, filters, piece, state, sums);
            }
            state.frames += piece.len() as u64;
            if state.frames.is_multiple_of(SETTLE_FRAMES) {
                for state in &mut state.groups {
                    settle_bands(self.isa, state);
                }
            }
            left = rest;
        }
    }

    /// Σ y² of each band since the state was made or [`ThirdOctaveState::clear_energies`], by band
    /// index; 0 for bands that do not exist.
    #[must_use]
    pub fn energies(&self, state: &ThirdOctaveState) -> [f64; THIRD_OCTAVES] {
        let mut energies = [0.0; THIRD_OCTAVES];
        let sums = state.sums.iter().flatten();
        for ((energy, sum), gain) in energies.iter_mut().zip(sums).zip(&self.gains) {
            *energy = sum * (gain * gain);
        }
        energies
    }

    /// Groups in which at least one band exists.
    fn group_count(&self) -> usize {
        self.count.div_ceil(BAND_LANES)
    }

    /// Filters a pair of channels of equal length; the products of each band add up in `state`.
    pub(super) fn push_pair<S: Sample>(&self, state: &mut PairState, left: &[S], right: &[S]) {
        let mut left = left;
        let mut right = right;
        while !left.is_empty() {
            let take = to_settle(state.frames).min(left.len());
            let (l, rest_l) = left.split_at(take);
            let (r, rest_r) = right.split_at(take.min(right.len()));
            let groups = self.groups.iter().zip(&mut state.groups).zip(&mut state.sums);
            for ((filters, states), sums) in groups.take(self.group_count()) {
                band_products(self.isa, filters, l, r, states, sums);
            }
            state.frames += take as u64;
            if state.frames.is_multiple_of(SETTLE_FRAMES) {
                for state in state.groups.iter_mut().flatten() {
                    settle_bands(self.isa, state);
                }
            }
            (left, right) = (rest_l, rest_r);
        }
    }

    /// Writes Σ l², Σ r² and Σ l·r of the bands into three rows of [`BAND_SLOTS`] and starts the
    /// sums anew.
    pub(super) fn take_products(&self, state: &mut PairState, rows: &mut [f64]) {
        for (part, row) in rows.chunks_exact_mut(BAND_SLOTS).enumerate() {
            let sums = state.sums.iter().filter_map(|sums| sums.get(part)).flatten();
            for ((to, sum), gain) in row.iter_mut().zip(sums).zip(&self.gains) {
                *to = sum * (gain * gain);
            }
        }
        state.sums = [BandProducts::default(); GROUPS];
    }
}

/// Frames up to the next multiple of [`SETTLE_FRAMES`], at least 1.
fn to_settle(frames: u64) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "at most 64")]
    {
        (SETTLE_FRAMES - frames % SETTLE_FRAMES) as usize
    }
}

/// What the filters of a pair of channels remember, and the sums of their products.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PairState {
    groups: [[BandState; 2]; GROUPS],
    sums: [BandProducts; GROUPS],
    frames: u64,
}

/// a1 and a2 of the sections of a Butterworth band-pass, and the gain that makes its centre 0 dB.
///
/// With w = tan(π f/rate), w0² = w1·w2 and B = w2 − w1, each pole p of the low-pass prototype gives
/// the poles s of s² − p·B·s + w0² = 0, and z = (1 + s)/(1 − s). The numerator of every section is
/// 1 − z⁻², so the gain is B^n over the product of |1 − s|².
fn butterworth(
    lower_hz: f64,
    upper_hz: f64,
    rate_hz: f64,
    sections: usize,
) -> ([[f64; 2]; BAND_SECTIONS], f64) {
    let warp = |hz: f64| math::tan(math::PI * hz / rate_hz);
    let (w1, w2) = (warp(lower_hz), warp(upper_hz));
    let (square, width) = (w1 * w2, w2 - w1);
    let mut a = [[0.0; 2]; BAND_SECTIONS];
    let mut gain = 1.0;
    #[expect(clippy::cast_precision_loss, reason = "at most 4")]
    let order = sections as f64;
    for (index, a) in a.iter_mut().enumerate().take(sections) {
        // The poles in the upper half-plane give two sections each, the real one gives one.
        #[expect(clippy::cast_precision_loss, reason = "at most 1")]
        let angle = math::PI * (order + 1.0 + (index / 2 * 2) as f64) / (2.0 * order);
        let p = (width * math::cos(angle), width * math::sin(angle));
        // d = sqrt(p² − 4·w0²); its real part by way of the imaginary one, which does not cancel.
        let (re, im) = (p.0 * p.0 - p.1 * p.1 - 4.0 * square, 2.0 * p.0 * p.1);
        let d1 = math::sqrt((math::hypot(re, im) - re) / 2.0);
        let d = if d1 > 0.0 { (im / (2.0 * d1), d1) } else { (math::sqrt(re.max(0.0)), 0.0) };
        let side = if index % 2 == 0 { 1.0 } else { -1.0 };
        let s = ((p.0 + side * d.0) / 2.0, (p.1 + side * d.1) / 2.0);
        let magnitude = s.0 * s.0 + s.1 * s.1;
        let bottom = (1.0 - s.0) * (1.0 - s.0) + s.1 * s.1;
        *a = [-2.0 * (1.0 - magnitude) / bottom, ((1.0 + s.0) * (1.0 + s.0) + s.1 * s.1) / bottom];
        gain *= width / bottom;
    }
    (a, gain)
}

#[cfg(test)]
mod tests {
    extern crate alloc;
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn bands_follow_each_other_without_a_gap() {
        let bands: [ThirdOctave; THIRD_OCTAVES] = core::array::from_fn(|i| {
            #[expect(clippy::cast_possible_truncation, reason = "31 bands")]
            ThirdOctave(i as u8)
        });
        for pair in bands.windows(2) {
            assert_eq!(pair[0].upper_hz(), pair[1].lower_hz());
        }
        for band in bands {
            // The nominal frequency lies within the rounding of ISO 266: 1.6 % (31.5 for 31.62 is
            // 0.4 %, 1.25 for 1.2589 0.7 %, 315 for 316.2 0.4 %).
            assert!((band.nominal_hz() / band.centre_hz() - 1.0).abs() < 0.016, "{band}");
            assert_eq!(ThirdOctave::containing(band.nominal_hz()), Some(band));
        }
        assert_eq!(bands[20].to_string(), "2 kHz");
        assert_eq!(ThirdOctave::containing(10.0), None);
    }

    #[test]
    fn the_rate_decides_how_many_there_are() {
        // Counted from the edges by hand: 0.47 of the rate against 10^((2k+1)/20) kHz.
        for (rate_hz, count) in
            [(8000.0, 23), (16_000.0, 26), (32_000.0, 29), (44_100.0, 30), (48_000.0, 31)]
        {
            assert_eq!(ThirdOctave::count_at(rate_hz), count, "{rate_hz}");
        }
    }

    #[test]
    fn a_band_pass_of_order_two_is_the_textbook_one() {
        // One section: H = B·s/(s² + B·s + w0²), so a1 = 2(w0² − 1)/n, a2 = (1 − B + w0²)/n with
        // n = 1 + B + w0².
        let (a, gain) = butterworth(3000.0, 6000.0, 48_000.0, 1);
        let (w1, w2) = (math::tan(math::PI / 16.0), math::tan(math::PI / 8.0));
        let (square, width) = (w1 * w2, w2 - w1);
        let n = 1.0 + width + square;
        assert!((a[0][0] - 2.0 * (square - 1.0) / n).abs() < 1e-15);
        assert!((a[0][1] - (1.0 - width + square) / n).abs() < 1e-15);
        assert!((gain - width / n).abs() < 1e-15);
    }
}
