//! The plain twin of every kernel: what it computes, one sample at a time.
//!
//! Tests compare each kernel at each level with its twin, bit for bit.

use super::band_pass::{BAND_LANES, BandPasses, BandProducts, BandState};
use super::cascade::{CASCADE_LANES, CASCADE_SECTIONS, CascadeState, Section};
use super::correlate::PairSums;
pub use super::fft_scalar::{irfft, rfft};
pub use super::gain_scalar::{gain_curve, gains_of_db, levels_db, raise_to_magnitude};
use super::intake::Intake;
use super::k_weight::{
    K_LANES, KEnergy, KSegments, KState, KWeight, LAST_LANE, SEGMENT_OF_LANE, onward,
};
use super::reduce::{PeakEnergy, SAMPLE_LIMIT, fold_sum};
use super::sample::Sample;
pub use super::scalar_around::{
    around_peaks, bend, exceed, group_peaks, half_points, release, steepest, window_maxima,
    window_means, woven_bend,
};
pub(super) use super::scalar_around::{higher, join};
pub use super::scalar_convolve::{blend, direct, fractional, spectrum_mac};
pub use super::scalar_crossover::{pair_cascade, settle_pairs};
pub use super::scalar_fir::{fir, mirrored_fir, phase_dots, unweave, weave};
pub use super::scalar_pipeline::{
    channel_in, channel_out, pair_in, pair_out, pipeline, pipeline_one, svf,
};
pub use super::scalar_ramps::{accumulate_ramps, pan_into, pan_onto, ramps_into};
pub(super) use super::scalar_ramps::{pan_line, ramp_into};
pub use super::scalar_spread::{spread, spread_weight};
pub(super) use super::scalar_square::squares;
pub use super::scalar_square::{begin_windows, window_squares};
use super::screen::{LevelScreen, SCREEN_HISTORY};
use super::settle::settled;
use super::true_peak::{
    HALF_WAY_TAPS, MIRRORED_HALF, MirroredTaps, PAIR_MIDS, PAIR_SAMPLES, PEAK_PIECE, PointPair,
};

/// A frame count as a sample value (exact to 2^24 for f32).
#[inline(always)]
pub(super) fn count<S: Sample>(frames: usize) -> S {
    #[expect(clippy::cast_precision_loss, reason = "ramps are far shorter than 2^24 frames")]
    S::from_f64(frames as f64)
}

/// Twin of [`super::weigh`].
pub fn weigh<S: Sample>(io: &mut [S], weights: &[S]) {
    for (sample, &weight) in io.iter_mut().zip(weights) {
        *sample *= weight;
    }
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

/// Twin of [`super::scale_into`].
pub fn scale_into<S: Sample>(from: &[S], gains: &[f32], to: &mut [S]) {
    for ((to, from), gain) in to.iter_mut().zip(from).zip(gains) {
        *to = *from * S::from_f64(f64::from(*gain));
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

/// Twin of [`super::accumulate_ramp`].
pub fn accumulate_ramp<S: Sample>(
    sum: &mut [f64],
    source: &[S],
    start: f64,
    step: f64,
    first: usize,
) {
    for (n, (to, from)) in sum.iter_mut().zip(source).enumerate() {
        *to += from.as_f64() * (count::<f64>(first.wrapping_add(n)) * step + start);
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

/// Twin of [`super::intake`].
pub fn intake<S: Sample>(io: &mut [S]) -> Intake {
    let mut found = Intake::default();
    for sample in io {
        if is_fault(*sample) {
            *sample = S::zero();
            found.faults += 1;
        } else if sample.abs() >= S::one() {
            found.clipped += 1;
        }
    }
    found
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

/// Twin of [`super::matrix_row`].
pub fn matrix_row<S: Sample>(terms: &[(&[S], f64)], out: &mut [S]) {
    let frames = terms.iter().fold(out.len(), |frames, (source, _)| frames.min(source.len()));
    for (n, y) in out[..frames].iter_mut().enumerate() {
        let mut sum = None;
        for (source, coefficient) in terms {
            let term = source[n].as_f64() * coefficient;
            sum = Some(sum.map_or(term, |sum| sum + term));
        }
        *y = S::from_f64(sum.unwrap_or(0.0));
    }
}

/// Filters samples one by one from `state`, which moves on; the sum of the squares.
#[inline(always)]
pub(super) fn k_rest<S: Sample>(filter: &KWeight, samples: &[S], state: &mut KState) -> f64 {
    let mut energy = 0.0;
    for x in samples {
        let (y, next) = filter.step(*state, x.as_f64());
        energy += y * y;
        *state = next;
    }
    energy
}

/// The end state from rest of each segment of `body`, and the start state of each in a sub-block
/// that starts from rest; the carry is the state at the end of the last one.
fn k_starts<S: Sample>(k: &KSegments, table: &[f64], body: &[S]) -> ([KState; K_LANES], KState) {
    let mut ends = [[0.0; 4]; K_LANES];
    for (end, segment) in ends.iter_mut().zip(body.chunks_exact(k.frames)) {
        for (x, weights) in segment.iter().zip(table.as_chunks::<4>().0) {
            for (sum, weight) in end.iter_mut().zip(weights) {
                *sum += x.as_f64() * weight;
            }
        }
    }
    let [one, two, four] = &k.decays;
    let pairs: [KState; 4] = core::array::from_fn(|n| onward(one, &ends[2 * n], &ends[2 * n + 1]));
    let halves: [KState; 2] =
        core::array::from_fn(|n| onward(two, &pairs[2 * n], &pairs[2 * n + 1]));
    let mut starts = [[0.0; 4]; K_LANES];
    starts[4] = halves[0];
    for n in [0, 4] {
        starts[n + 2] = onward(two, &starts[n], &pairs[n / 2]);
    }
    for n in [0, 2, 4, 6] {
        starts[n + 1] = onward(one, &starts[n], &ends[n]);
    }
    (starts, onward(four, &halves[0], &halves[1]))
}

/// Twin of [`super::k_carry`].
#[must_use]
pub fn k_carry<S: Sample>(k: &KSegments, table: &[f64], samples: &[S], work: &[f64]) -> KState {
    let (body, rest) = k.cut(samples, table, work);
    let mut carry = if body.is_empty() { [0.0; 4] } else { k_starts(k, table, body).1 };
    k_rest(&k.filter, rest, &mut carry);
    carry
}

/// Twin of [`super::k_energy`].
#[must_use]
pub fn k_energy<S: Sample>(
    k: &KSegments,
    table: &[f64],
    samples: &[S],
    start: &KState,
    work: &[f64],
) -> KEnergy {
    let (body, rest) = k.cut(samples, table, work);
    let mut found = KEnergy { energy: 0.0, carry: [0.0; 4] };
    let mut state = *start;
    if !body.is_empty() {
        let (starts, carry) = k_starts(k, table, body);
        let mut energies = [0.0; K_LANES];
        for (lane, segment) in SEGMENT_OF_LANE.into_iter().enumerate() {
            let decay: [KState; 4] = core::array::from_fn(|row| {
                core::array::from_fn(|column| k.from_start[row][column][lane])
            });
            let mut own = onward(&decay, start, &starts[segment]);
            let samples = body.chunks_exact(k.frames).nth(segment).unwrap_or_default();
            energies[lane] = k_rest(&k.filter, samples, &mut own);
            if lane == LAST_LANE {
                state = own;
            }
        }
        found = KEnergy { energy: fold_sum(&energies), carry };
    }
    found.energy += k_rest(&k.filter, rest, &mut state);
    k_rest(&k.filter, rest, &mut found.carry);
    found
}

/// Twin of [`super::cascade_energy`]; lanes without a row keep their state and return 0.
pub fn cascade_energy<S: Sample>(
    sections: &[Section; CASCADE_SECTIONS],
    rows: &[&[S]],
    state: &mut CascadeState,
) -> [f64; CASCADE_LANES] {
    let mut energies = [0.0; CASCADE_LANES];
    let frames = rows.iter().take(CASCADE_LANES).map(|row| row.len()).min().unwrap_or(0);
    for (lane, (row, energy)) in rows.iter().zip(&mut energies).enumerate() {
        for sample in &row[..frames] {
            let mut x = sample.as_f64();
            for (n, section) in sections.iter().enumerate() {
                let (y, [s1, s2]) = section.step([state[2 * n][lane], state[2 * n + 1][lane]], x);
                (state[2 * n][lane], state[2 * n + 1][lane], x) = (s1, s2, y);
            }
            *energy += x * x;
        }
        for [s1, s2] in state.as_chunks_mut::<2>().0 {
            [s1[lane], s2[lane]] = settled([s1[lane], s2[lane]]);
        }
    }
    energies
}

/// Twin of [`super::half_way`].
pub fn half_way<S: Sample>(input: &[S], half: &[S; HALF_WAY_TAPS], out: &mut [S]) {
    let blocks = HALF_WAY_TAPS - HALF_WAY_TAPS % (2 * S::HALF);
    for (n, out) in out.iter_mut().enumerate() {
        let Some(x) = window::<S, { 2 * HALF_WAY_TAPS }>(input, n) else { return };
        *out = S::zero();
        for k in 0..HALF_WAY_TAPS {
            // In a block 0, h, 1, h + 1 …
            let (block, place) = (k - k % (2 * S::HALF), k % (2 * S::HALF));
            let k = if k < blocks { block + place / 2 + place % 2 * S::HALF } else { k };
            *out += (x[k] + x[2 * HALF_WAY_TAPS - 1 - k]) * half[k];
        }
    }
}

/// Twin of [`super::mirrored_peaks`].
pub fn mirrored_peaks<S: Sample>(input: &[S], taps: &MirroredTaps<S>, out: &mut [S]) -> S {
    let mut top = S::zero();
    for (n, out) in out.iter_mut().enumerate() {
        let Some(x) = window::<S, { 2 * MIRRORED_HALF }>(input, n) else { break };
        *out = x[MIRRORED_HALF - 1].abs();
        for (even, odd) in taps.even.iter().zip(&taps.odd) {
            let (mut p, mut q) = (S::zero(), S::zero());
            for k in 0..MIRRORED_HALF {
                let mirror = x[2 * MIRRORED_HALF - 1 - k];
                p += (x[k] + mirror) * even[k][0];
                q += (x[k] - mirror) * odd[k][0];
            }
            *out = larger(*out, p.abs() + q.abs());
        }
        top = larger(top, *out);
    }
    top
}

/// Twin of [`super::pair_peaks`].
pub fn pair_peaks<S: Sample>(
    samples: &[S],
    mids: &[S],
    pairs: &[PointPair<S>],
    out: &mut [S],
) -> S {
    let mut top = S::zero();
    for (n, out) in out.iter_mut().enumerate() {
        let Some(x) = window::<S, PAIR_SAMPLES>(samples, n) else { break };
        let Some(m) = window::<S, PAIR_MIDS>(mids, n) else { break };
        *out = larger(x[1].abs(), m[1].abs());
        let (before, after) = ([x[1], m[0], x[0]], [x[2], m[2], x[3]]);
        let s: [S; 3] = core::array::from_fn(|k| before[k] + after[k]);
        let d: [S; 3] = core::array::from_fn(|k| before[k] - after[k]);
        for PointPair { even, odd } in pairs {
            let p =
                (m[1] * even[0][0] + s[0] * even[1][0]) + (s[1] * even[2][0] + s[2] * even[3][0]);
            let q = (d[0] * odd[0][0] + d[1] * odd[1][0]) + d[2] * odd[2][0];
            *out = larger(*out, p.abs() + q.abs());
        }
        top = larger(top, *out);
    }
    top
}

/// Twin of [`super::clean_peaks`].
pub fn clean_peaks<S: Sample>(from: &[S], to: &mut [S], peaks: &mut [S]) -> usize {
    let frames = from.len().min(to.len());
    let pieces = from[..frames].chunks(PEAK_PIECE).zip(to[..frames].chunks_mut(PEAK_PIECE));
    let mut faults = 0;
    for ((from, to), out) in pieces.zip(peaks) {
        faults += clean(from, to);
        *out = peak(to);
    }
    faults
}

/// The larger of two magnitudes.
#[inline(always)]
pub(super) fn larger<S: Sample>(a: S, b: S) -> S {
    if b > a { b } else { a }
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
    let ([state_l, state_r], [ll, rr, lr]) = (states, sums);
    for (l, r) in left.iter().zip(right) {
        for (band, ((ll, rr), lr)) in ll.iter_mut().zip(&mut *rr).zip(&mut *lr).enumerate() {
            let l = band_pass(filters, state_l, band, l.as_f64());
            let r = band_pass(filters, state_r, band, r.as_f64());
            *ll += l * l;
            *rr += r * r;
            *lr += l * r;
        }
    }
}

/// Twin of [`super::settle_bands`].
pub fn settle_bands(state: &mut BandState) {
    for [u1, u2] in state {
        for (u1, u2) in u1.iter_mut().zip(u2) {
            [*u1, *u2] = settled([*u1, *u2]);
        }
    }
}
