//! The plain twin of every kernel: what it computes, one sample at a time.
//!
//! Tests compare each kernel at each level with its twin, bit for bit.

use super::intake::Intake;
use super::k_weight::{
    K_LANES, KEnergy, KSegments, KState, KWeight, LAST_LANE, SEGMENT_OF_LANE, onward,
};
use super::reduce::{PeakEnergy, SAMPLE_LIMIT, fold_sum};
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
