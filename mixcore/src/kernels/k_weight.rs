//! K-weighting of whole sub-blocks. Lane axis: time in [`k_carry`], (channel, sub-block) in
//! [`k_energy`].
//!
//! A recursion is serial in time, so the work is cut where it can be: for a sub-block of L samples
//! x and the filter's state equation s' = A·s + B·x, the end state is
//!
//! > s(L) = A^L · s(0) + e, e = Σ_n A^(L−1−n)·B · x_n
//!
//! [`k_carry`] computes e, four dot products with a fixed table, with no recursion at all. The
//! hand-over ([`KWeight::hand_over`]) chains them into the start state of every sub-block, and
//! [`k_energy`] then runs the true recursion of eight sub-blocks side by side. The result depends
//! on the samples of the sub-block and the start state alone, so neither the split into blocks nor
//! the packing of the lanes can change a bit.

use fearless_simd::{Select, Simd, f64x8, prelude::*};

use super::isa::Isa;
use super::lanes::Lanes;
use super::reduce::{fold_sum, padded};
use super::sample::Sample;

/// Sub-blocks that run side by side.
pub const K_LANES: usize = 8;

/// A state below this magnitude becomes 0 at the end of a sub-block: −600 dBFS, far above the
/// subnormal numbers that would slow the recursion down.
const STATE_FLOOR: f64 = 1e-30;

/// The two cascaded biquads of the K-weighting, transposed direct form II.
///
/// The high-pass has the numerator 1 − 2z⁻¹ + z⁻²; its gain is folded into the shelf's numerator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KWeight {
    /// Numerator of the shelf times the gain of the high-pass: b0, b1, b2.
    pub shelf_b: [f64; 3],
    /// Denominator of the shelf: a1, a2.
    pub shelf_a: [f64; 2],
    /// Denominator of the high-pass: a1, a2.
    pub high_pass_a: [f64; 2],
}

/// State of a [`KWeight`]: two of the shelf, two of the high-pass.
pub type KState = [f64; 4];

impl KWeight {
    /// One sample: the output and the next state.
    #[must_use]
    #[inline(always)]
    pub fn step(&self, state: KState, x: f64) -> (f64, KState) {
        let ([b0, b1, b2], [a1, a2], [c1, c2]) = (self.shelf_b, self.shelf_a, self.high_pass_a);
        let v = x * b0 + state[0];
        let y = v + state[2];
        let next = [
            (x * b1 - v * a1) + state[1],
            x * b2 - v * a2,
            (state[3] - (v + v)) - y * c1,
            v - y * c2,
        ];
        (y, next)
    }

    /// Fills the table of [`k_carry`]: four rows, one for each state, the m-th
    /// entry of each being that state's part of A^(longest−1−m)·B.
    ///
    /// The length of `table` is 4 times the frames of the longest sub-block.
    pub fn fill_carry_table(&self, table: &mut [f64]) {
        let longest = table.len() / 4;
        let mut state = self.step([0.0; 4], 1.0).1;
        for m in (0..longest).rev() {
            for (row, value) in state.iter().enumerate() {
                table[row * longest + m] = *value;
            }
            state = self.step(state, 0.0).1;
        }
    }

    /// A^frames, row by row: what a sub-block makes of its start state when its samples are 0.
    #[must_use]
    pub fn decay(&self, frames: usize) -> [KState; 4] {
        let mut rows = [[0.0; 4]; 4];
        for column in 0..4 {
            let mut state = [0.0; 4];
            state[column] = 1.0;
            for _ in 0..frames {
                state = self.step(state, 0.0).1;
            }
            for (row, value) in rows.iter_mut().zip(state) {
                row[column] = value;
            }
        }
        rows
    }

    /// The start state of the next sub-block: decay · start + carry.
    #[must_use]
    pub fn hand_over(decay: &[KState; 4], start: &KState, carry: &KState) -> KState {
        core::array::from_fn(|i| {
            let m = &decay[i];
            let next = ((m[0] * start[0] + m[1] * start[1]) + (m[2] * start[2] + m[3] * start[3]))
                + carry[i];
            if next.abs() < STATE_FLOOR { 0.0 } else { next }
        })
    }
}

/// The state at the end of a sub-block that starts from rest, by the table of
/// [`KWeight::fill_carry_table`]. Samples beyond the table's longest sub-block do not count.
#[must_use]
pub fn k_carry<S: Sample>(isa: Isa, samples: &[S], table: &[f64]) -> KState {
    S::k_carry(isa, samples, table)
}

#[inline(always)]
pub(super) fn k_carry_lanes<I: Simd, S: Sample>(simd: I, samples: &[S], table: &[f64]) -> KState {
    let longest = table.len() / 4;
    let frames = samples.len().min(longest);
    let mut rows = table.chunks_exact(longest.max(1));
    let rows: [&[f64]; 4] = core::array::from_fn(|_| {
        rows.next().and_then(|row| row.get(longest - frames..)).unwrap_or_default()
    });
    let (chunks, tail) = samples[..frames].as_chunks::<8>();
    let [a, b, c, d] = rows.map(|row| row.as_chunks::<8>());
    let mut sums = [f64x8::splat(simd, 0.0); 4];
    for ((((x, a), b), c), d) in chunks.iter().zip(a.0).zip(b.0).zip(c.0).zip(d.0) {
        add_weighted(simd, &mut sums, x, [a, b, c, d]);
    }
    if !tail.is_empty() {
        let [a, b, c, d] = [a, b, c, d].map(|row| padded(row.1));
        add_weighted(simd, &mut sums, &padded(tail), [&a, &b, &c, &d]);
    }
    core::array::from_fn(|row| fold_sum(sums[row].as_slice()))
}

#[inline(always)]
fn add_weighted<I: Simd, S: Sample>(
    simd: I,
    sums: &mut [f64x8<I>; 4],
    x: &[S; 8],
    weights: [&[f64; 8]; 4],
) {
    let x = <S as Lanes>::load_f64(simd, x);
    for (sum, weights) in sums.iter_mut().zip(weights) {
        *sum += x * f64x8::load_array_ref(simd, weights);
    }
}

/// `energies[i]` = Σ y² over `segments[i]`, filtered from the state `starts[i]` (the shortest of
/// the three lists counts). The sum runs serially in time, in f64.
pub fn k_energy<S: Sample>(
    isa: Isa,
    filter: &KWeight,
    segments: &[&[S]],
    starts: &[KState],
    energies: &mut [f64],
) {
    S::k_energy(isa, filter, segments, starts, energies);
}

#[inline(always)]
pub(super) fn k_energy_lanes<I: Simd, S: Sample>(
    simd: I,
    filter: &KWeight,
    segments: &[&[S]],
    starts: &[KState],
    energies: &mut [f64],
) {
    for ((segments, starts), energies) in
        segments.chunks(K_LANES).zip(starts.chunks(K_LANES)).zip(energies.chunks_mut(K_LANES))
    {
        let lanes = segments.len().min(starts.len()).min(energies.len());
        // Lanes without work repeat the last one; what they find is not read.
        let last = lanes.saturating_sub(1);
        let rows: [&[S]; K_LANES] =
            core::array::from_fn(|lane| segments.get(lane.min(last)).copied().unwrap_or_default());
        let state: [f64x8<I>; 4] = core::array::from_fn(|part| {
            let start = |lane: usize| starts.get(lane.min(last)).map_or(0.0, |start| start[part]);
            f64x8::load_array(simd, core::array::from_fn(start))
        });
        let sums = eight_energies(simd, filter, rows, state);
        for (energy, sum) in energies.iter_mut().zip(sums.as_slice()).take(lanes) {
            *energy = *sum;
        }
    }
}

#[inline(always)]
fn eight_energies<I: Simd, S: Sample>(
    simd: I,
    filter: &KWeight,
    rows: [&[S]; K_LANES],
    mut state: [f64x8<I>; 4],
) -> f64x8<I> {
    let ([b0, b1, b2], [a1, a2], [c1, c2]) = (filter.shelf_b, filter.shelf_a, filter.high_pass_a);
    let lengths = rows.map(<[S]>::len);
    let longest = lengths.iter().fold(0, |most, &length| most.max(length));
    let shortest = lengths.iter().fold(longest, |least, &length| least.min(length));
    #[expect(clippy::cast_precision_loss, reason = "a sub-block has at most 3841 frames")]
    let ends = f64x8::load_array(simd, lengths.map(|length| length as f64));
    let zero = f64x8::splat(simd, 0.0);
    let mut energy = zero;
    let mut at = 0;
    while at < longest {
        let all = at + 8 <= shortest;
        for (n, x) in tile(simd, rows, at, all).into_iter().enumerate() {
            let v = x * b0 + state[0];
            let y = v + state[2];
            state = [
                (x * b1 - v * a1) + state[1],
                x * b2 - v * a2,
                (state[3] - (v + v)) - y * c1,
                v - y * c2,
            ];
            let square = y * y;
            energy += if all {
                square
            } else {
                #[expect(clippy::cast_precision_loss, reason = "at most 3848 frames")]
                ends.simd_gt(f64x8::splat(simd, (at + n) as f64)).select(square, zero)
            };
        }
        at += 8;
    }
    energy
}

/// Eight frames of eight rows from frame `at`, turned so that each vector holds one frame; zeros
/// where a row has ended.
#[inline(always)]
fn tile<I: Simd, S: Sample>(simd: I, rows: [&[S]; K_LANES], at: usize, all: bool) -> [f64x8<I>; 8] {
    let mut t: [f64x8<I>; 8] = core::array::from_fn(|lane| {
        let row = rows[lane];
        if all && let Some(frames) = row.get(at..).and_then(<[S]>::first_chunk) {
            <S as Lanes>::load_f64(simd, frames)
        } else {
            <S as Lanes>::load_f64(simd, &padded(row.get(at..).unwrap_or_default()))
        }
    });
    // A perfect shuffle rotates the six bits of (row, column) by one: three of them transpose.
    for _ in 0..3 {
        let pairs: [(f64x8<I>, f64x8<I>); 4] =
            core::array::from_fn(|i| simd.interleave_f64x8(t[i], t[i + 4]));
        t = core::array::from_fn(|i| if i % 2 == 0 { pairs[i / 2].0 } else { pairs[i / 2].1 });
    }
    t
}
