//! The plain twin of every kernel: what it computes, one sample at a time.
//!
//! Tests compare each kernel at each level with its twin, bit for bit.

use super::band_pass::{BAND_LANES, BandPasses, BandProducts, BandState, STATE_FLOOR};
use super::correlate::PairSums;
use super::k_weight::{KState, KWeight};
use super::reduce::{PeakEnergy, SAMPLE_LIMIT, fold_sum};
use super::screen::{LevelScreen, SCREEN_HISTORY};
use super::true_peak::{MIRRORED_HALF, MirroredTaps, QUARTER_MIDS, QUARTER_SAMPLES, QuarterTaps};
use crate::audio::{Block, BlockMut, Sample};

/// A frame count as a sample value (exact to 2^24 for f32).
#[inline(always)]
pub(super) fn count<S: Sample>(frames: usize) -> S {
    #[expect(clippy::cast_precision_loss, reason = "ramps are far shorter than 2^24 frames")]
    S::from_f64(frames as f64)
}

/// How many of `out` outputs have their whole window of `span` inputs.
#[inline(always)]
pub(super) fn reach(input: usize, span: usize, out: usize) -> usize {
    out.min((input + 1).saturating_sub(span))
}

/// The `SPAN` inputs from `at` on, where there are so many.
fn window<S, const SPAN: usize>(input: &[S], at: usize) -> Option<&[S; SPAN]> {
    input.get(at..)?.first_chunk()
}

/// NaN, infinite, or beyond [`SAMPLE_LIMIT`].
#[inline(always)]
pub fn is_fault<S: Sample>(sample: S) -> bool {
    let magnitude = sample.abs();
    // Written so that NaN is a fault.
    !matches!(
        magnitude.partial_cmp(&S::from_f64(SAMPLE_LIMIT)),
        Some(core::cmp::Ordering::Less | core::cmp::Ordering::Equal)
    )
}

/// Twin of [`super::gain`].
pub fn gain<S: Sample>(io: &mut [S], gain: S) {
    for sample in io {
        *sample *= gain;
    }
}

/// Twin of [`super::gain_ramp`].
pub fn gain_ramp<S: Sample>(io: &mut [S], start: S, step: S, first: usize) {
    for (n, sample) in io.iter_mut().enumerate() {
        *sample *= count::<S>(first.wrapping_add(n)) * step + start;
    }
}

/// Twin of [`super::apply_gains`].
pub fn apply_gains<S: Sample>(io: &mut [S], gains: &[f32]) {
    for (sample, &gain) in io.iter_mut().zip(gains) {
        *sample *= S::from_f64(f64::from(gain));
    }
}

/// Twin of [`super::add_scaled`].
pub fn add_scaled<S: Sample>(sum: &mut [S], source: &[S], gain: S) {
    for (to, &from) in sum.iter_mut().zip(source) {
        *to += from * gain;
    }
}

/// Twin of [`super::accumulate`].
pub fn accumulate<S: Sample>(sum: &mut [f64], source: &[S], gain: f64) {
    for (to, from) in sum.iter_mut().zip(source) {
        *to += from.as_f64() * gain;
    }
}

/// Twin of [`super::round_into`].
pub fn round_into<S: Sample>(sum: &[f64], out: &mut [S]) {
    for (to, &from) in out.iter_mut().zip(sum) {
        *to = S::from_f64(from);
    }
}

/// Twin of [`super::sum`].
#[must_use]
pub fn sum(values: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    for (n, value) in values.iter().enumerate() {
        lanes[n % 8] += value;
    }
    fold_sum(&lanes)
}

/// Twin of [`super::peak`].
#[must_use]
pub fn peak<S: Sample>(samples: &[S]) -> S {
    samples.iter().fold(S::zero(), |peak, x| if x.abs() > peak { x.abs() } else { peak })
}

/// Twin of [`super::extent`].
#[must_use]
pub fn extent<S: Sample>(values: &[S]) -> (S, S) {
    values.iter().fold((S::infinity(), S::neg_infinity()), |(low, high), &x| {
        (if x < low { x } else { low }, if x > high { x } else { high })
    })
}

/// Twin of [`super::peak_energy`].
#[must_use]
pub fn peak_energy<S: Sample>(samples: &[S]) -> PeakEnergy {
    let mut lanes = [0.0; 8];
    let mut peak = 0.0;
    for (n, sample) in samples.iter().enumerate() {
        let x = sample.as_f64();
        lanes[n % 8] += x * x;
        if x.abs() > peak {
            peak = x.abs();
        }
    }
    PeakEnergy { peak, energy: fold_sum(&lanes) }
}

/// Twin of [`super::clean`].
pub fn clean<S: Sample>(from: &[S], to: &mut [S]) -> usize {
    let mut faults = 0;
    for (&from, to) in from.iter().zip(to) {
        let fault = is_fault(from);
        *to = if fault { S::zero() } else { from };
        faults += usize::from(fault);
    }
    faults
}

/// Twin of [`super::clean_in_place`].
pub fn clean_in_place<S: Sample>(io: &mut [S]) -> usize {
    let mut faults = 0;
    for sample in io {
        if is_fault(*sample) {
            *sample = S::zero();
            faults += 1;
        }
    }
    faults
}

/// Twin of [`super::fir_peaks`].
pub fn fir_peaks<S: Sample>(input: &[S], phases: &[S], taps: usize, out: &mut [S]) {
    if taps == 0 {
        return;
    }
    let frames = reach(input.len(), taps, out.len());
    for (n, out) in out[..frames].iter_mut().enumerate() {
        for phase in phases.chunks_exact(taps) {
            let mut sum = S::zero();
            for (tap, &x) in phase.iter().zip(&input[n..]) {
                sum += x * *tap;
            }
            *out = if sum.abs() > *out { sum.abs() } else { *out };
        }
    }
}

/// Twin of [`super::matrix`].
pub fn matrix<S: Sample>(input: &Block<'_, S>, coefficients: &[f64], output: &mut BlockMut<'_, S>) {
    let rows = coefficients.chunks_exact(input.channel_count());
    let frames = input.frames().min(output.frames());
    for (row, out) in rows.zip(output.channels_mut()) {
        for (n, y) in out[..frames].iter_mut().enumerate() {
            let mut sum = None;
            for (channel, &coefficient) in input.channels().zip(row) {
                if coefficient != 0.0 {
                    let term = channel[n].as_f64() * coefficient;
                    sum = Some(sum.map_or(term, |sum| sum + term));
                }
            }
            *y = S::from_f64(sum.unwrap_or(0.0));
        }
    }
}

/// Twin of [`super::k_carry`].
#[must_use]
pub fn k_carry<S: Sample>(samples: &[S], table: &[f64]) -> KState {
    let longest = table.len() / 4;
    let frames = samples.len().min(longest);
    core::array::from_fn(|row| {
        let weights = &table[row * longest..][..longest][longest - frames..];
        let mut lanes = [0.0; 8];
        for (n, (x, weight)) in samples.iter().zip(weights).enumerate() {
            lanes[n % 8] += x.as_f64() * weight;
        }
        fold_sum(&lanes)
    })
}

/// Twin of [`super::k_energy`].
pub fn k_energy<S: Sample>(
    filter: &KWeight,
    segments: &[&[S]],
    starts: &[KState],
    energies: &mut [f64],
) {
    for ((segment, start), energy) in segments.iter().zip(starts).zip(energies) {
        let mut state = *start;
        *energy = 0.0;
        for x in *segment {
            let (y, next) = filter.step(state, x.as_f64());
            *energy += y * y;
            state = next;
        }
    }
}

/// Twin of [`super::symmetric_fir`].
pub fn symmetric_fir<S: Sample>(input: &[S], half: &[S], out: &mut [S]) {
    let taps = 2 * half.len();
    let frames = reach(input.len(), taps, out.len());
    for (n, out) in out[..frames].iter_mut().enumerate() {
        let window = input.get(n..n + taps).unwrap_or_default();
        *out = S::zero();
        for ((&old, &new), &tap) in window.iter().zip(window.iter().rev()).zip(half) {
            *out += (old + new) * tap;
        }
    }
}

/// Twin of [`super::mirrored_peaks`].
pub fn mirrored_peaks<S: Sample>(input: &[S], taps: &MirroredTaps<S>, out: &mut [S]) {
    for (n, out) in out.iter_mut().enumerate() {
        let Some(x) = window::<S, { 2 * MIRRORED_HALF }>(input, n) else { return };
        *out = x[MIRRORED_HALF - 1].abs();
        for (even, odd) in taps.even.iter().zip(&taps.odd) {
            let (mut p, mut q) = (S::zero(), S::zero());
            for k in 0..MIRRORED_HALF {
                let mirror = x[2 * MIRRORED_HALF - 1 - k];
                p += (x[k] + mirror) * even[k];
                q += (x[k] - mirror) * odd[k];
            }
            let peak = p.abs() + q.abs();
            *out = if peak > *out { peak } else { *out };
        }
    }
}

/// Twin of [`super::quarter_peaks`].
pub fn quarter_peaks<S: Sample>(samples: &[S], mids: &[S], taps: &QuarterTaps<S>, out: &mut [S]) {
    let dot =
        |v: [S; 4], t: &[S; 4]| ((v[0] * t[0] + v[1] * t[1]) + (v[2] * t[2] + v[3] * t[3])).abs();
    for (n, out) in out.iter_mut().enumerate() {
        let Some(x) = window::<S, QUARTER_SAMPLES>(samples, n) else { return };
        let Some(m) = window::<S, QUARTER_MIDS>(mids, n) else { return };
        *out = x[1].abs();
        let mut hold = |peak: S| *out = if peak > *out { peak } else { *out };
        hold(m[2].abs());
        for (old, new) in [
            ([x[1], m[1], x[0], m[0]], [m[2], x[2], m[3], x[3]]),
            ([m[2], x[1], m[1], x[0]], [x[2], m[3], x[3], m[4]]),
        ] {
            let sums = core::array::from_fn(|k| old[k] + new[k]);
            hold(dot(sums, &taps.centre));
            if let Some((even, odd)) = &taps.quarters {
                let differences = core::array::from_fn(|k| old[k] - new[k]);
                hold(dot(sums, even) + dot(differences, odd));
            }
        }
    }
}

/// Twin of [`super::window_max`]: the valid values, from the definition.
pub fn window_max<S: Sample>(input: &[S], length: usize, out: &mut [S]) {
    for (window, out) in input.windows(length.max(1)).zip(out) {
        *out = window.iter().fold(S::zero(), |best, &x| if x > best { x } else { best });
    }
}

/// Twin of [`super::box_sums`]: every window summed on its own.
pub fn box_sums<S: Sample>(input: &[S], length: usize, out: &mut [S]) {
    fn tree<S: Sample>(part: &[S]) -> S {
        match part {
            [one] => *one,
            _ => {
                let (low, high) = part.split_at(part.len() / 2);
                tree(low) + tree(high)
            }
        }
    }
    let length = length.max(1);
    for (window, out) in input.windows(length).zip(out) {
        let mut done = 0;
        for bit in 0..usize::BITS {
            let span = 1 << bit;
            if length & span != 0 {
                let part = tree(&window[done..done + span]);
                *out = if done == 0 { part } else { *out + part };
                done += span;
            }
        }
    }
}

/// Twin of [`super::dot3`].
#[must_use]
pub fn dot3<S: Sample>(left: &[S], right: &[S]) -> PairSums {
    let mut lanes = [[0.0; 8]; 3];
    for (n, (l, r)) in left.iter().zip(right).enumerate() {
        let (l, r) = (l.as_f64(), r.as_f64());
        lanes[0][n % 8] += l * l;
        lanes[1][n % 8] += r * r;
        lanes[2][n % 8] += l * r;
    }
    let [left, right, product] = lanes.map(|lanes| fold_sum(&lanes));
    PairSums { left, right, product }
}

/// Twin of [`super::lag_products`].
pub fn lag_products(a: &[f64], b: &[f64], sums: &mut [f64]) {
    let frames = reach(b.len(), sums.len().max(1), a.len());
    for (lag, sum) in sums.iter_mut().enumerate() {
        for (x, y) in a[..frames].iter().zip(&b[lag..]) {
            *sum += y * x;
        }
    }
}

/// Twin of [`super::level_screen`].
#[must_use]
pub fn level_screen<S: Sample>(line: &[S], threshold: f64) -> LevelScreen {
    let samples = line.get(SCREEN_HISTORY..).unwrap_or_default();
    let PeakEnergy { peak, energy } = peak_energy(samples);
    let mut lanes = [0.0; 8];
    for (n, x) in samples.iter().enumerate() {
        lanes[n % 8] += x.as_f64();
    }
    let quiet = |group: &[S]| group.iter().all(|x| x.as_f64().abs() <= threshold);
    LevelScreen {
        sum: fold_sum(&lanes),
        energy,
        peak,
        quiet: samples.chunks(8).any(quiet),
        repeats: repeats(line),
    }
}

/// Whether three consecutive samples are equal.
pub(super) fn repeats<S: Sample>(line: &[S]) -> bool {
    line.windows(3).any(|three| three[0] == three[1] && three[1] == three[2])
}

/// One band-pass, one sample.
fn band_pass(filters: &BandPasses, state: &mut BandState, band: usize, sample: f64) -> f64 {
    let mut x = sample;
    for (a, u) in filters.a.iter().zip(state).take(filters.sections) {
        let y = x - u[0][band];
        u[0][band] = u[1][band] + a[0][band] * y;
        u[1][band] = x + a[1][band] * y;
        x = y;
    }
    x
}

/// Twin of [`super::band_energies`].
pub fn band_energies<S: Sample>(
    filters: &BandPasses,
    samples: &[S],
    state: &mut BandState,
    sums: &mut [f64; BAND_LANES],
) {
    for x in samples {
        for (band, sum) in sums.iter_mut().enumerate() {
            let y = band_pass(filters, state, band, x.as_f64());
            *sum += y * y;
        }
    }
}

/// Twin of [`super::band_products`].
pub fn band_products<S: Sample>(
    filters: &BandPasses,
    left: &[S],
    right: &[S],
    states: &mut [BandState; 2],
    sums: &mut BandProducts,
) {
    let [state_l, state_r] = states;
    for (l, r) in left.iter().zip(right) {
        for band in 0..BAND_LANES {
            let l = band_pass(filters, state_l, band, l.as_f64());
            let r = band_pass(filters, state_r, band, r.as_f64());
            sums[0][band] += l * l;
            sums[1][band] += r * r;
            sums[2][band] += l * r;
        }
    }
}

/// Twin of [`super::settle_bands`].
pub fn settle_bands(state: &mut BandState) {
    for value in state.iter_mut().flatten().flatten() {
        if value.abs() < STATE_FLOOR {
            *value = 0.0;
        }
    }
}
