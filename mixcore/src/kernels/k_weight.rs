//! K-weighting of whole sub-blocks. Lane axis: eight consecutive segments of one channel's sub-block.
//!
//! A recursion is serial in time, so the work is cut where it can be. For m samples x and the
//! filter's state equation s' = A·s + B·x, the end state is
//!
//! > s(m) = A^m · s(0) + e, e = Σ_n A^(m−1−n)·B · x_n
//!
//! The e of eight segments are found side by side, four products a sample with a fixed table and no
//! recursion ([`k_carry`]). A scan over the segments, in halves, makes of them the start state of
//! each; then the true recursion of all eight runs side by side ([`k_energy`]). What is left behind
//! the eight segments, at most eight samples, is filtered one by one. So one sub-block of one channel
//! fills the lanes: nothing waits, and the result depends on the samples of the sub-block and its
//! start state alone.
//!
//! The high-pass is written as two integrators: y = v + s, s' = s + d − q·y, d' = d − g·y with
//! q = 2 + a1 and g = 1 + a1 + a2, both exact. With the poles so close to 1 that form keeps the states
//! small and their powers true to the last bits: 1e-15 of the energy against 1e-10 at 192 kHz for
//! the transposed direct form.
//!
//! Cost: 4 products and sums a sample for e, 8 products and 9 sums for the recursion; at AVX2 11
//! instructions a sample (480 samples, f32).

use fearless_simd::{Simd, SimdFloat, f64x2, f64x4, f64x8, prelude::*};

use super::isa::Isa;
use super::lanes::Lanes;
use super::reduce::fold_sum;
use super::sample::Sample;
use super::scalar;
use super::settle::settled;

/// Segments of a sub-block.
pub const K_LANES: usize = 8;

/// The segment in each lane: its number with the bits reversed, so that neighbours lie in the two
/// halves of a vector at every step of the scan.
pub(super) const SEGMENT_OF_LANE: [usize; K_LANES] = [0, 4, 2, 6, 1, 5, 3, 7];
/// The lane of the last segment.
pub(super) const LAST_LANE: usize = 7;

/// Samples of a segment that are turned into lanes at a time; a shorter segment is not worth it.
const TILE: usize = 4;

/// The two cascaded biquads of the K-weighting.
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

/// State of a [`KWeight`]: two of the shelf, then s and d of the high-pass.
pub type KState = [f64; 4];

impl KWeight {
    /// q and g of the high-pass.
    #[inline(always)]
    pub(super) fn integrators(&self) -> [f64; 2] {
        let [a1, a2] = self.high_pass_a;
        [2.0 + a1, (1.0 + a1) + a2]
    }

    /// One sample: the output and the next state.
    #[must_use]
    #[inline(always)]
    pub fn step(&self, state: KState, x: f64) -> (f64, KState) {
        let ([b0, b1, b2], [a1, a2], [q, g]) = (self.shelf_b, self.shelf_a, self.integrators());
        let v = x * b0 + state[0];
        let y = v + state[2];
        let next = [
            (x * b1 + state[1]) - v * a1,
            x * b2 - v * a2,
            (state[2] + state[3]) - y * q,
            state[3] - y * g,
        ];
        (y, next)
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

    /// The start state of the next sub-block: decay · start + carry, and each filter at rest whose
    /// states are tiny (`kernels/settle.rs`).
    #[must_use]
    pub fn hand_over(decay: &[KState; 4], start: &KState, carry: &KState) -> KState {
        settled_k(onward(decay, start, carry))
    }
}

/// The states of both filters, each filter at rest whose states are tiny (`kernels/settle.rs`).
pub(crate) fn settled_k([s1, s2, s, d]: KState) -> KState {
    let ([s1, s2], [s, d]) = (settled([s1, s2]), settled([s, d]));
    [s1, s2, s, d]
}

/// carry + decay · start; the shelf does not hear the high-pass.
#[inline(always)]
pub(super) fn onward(decay: &[KState; 4], start: &KState, carry: &KState) -> KState {
    let part =
        |m: &KState| (m[0] * start[0] + m[1] * start[1]) + (m[2] * start[2] + m[3] * start[3]);
    let shelf = |m: &KState| m[0] * start[0] + m[1] * start[1];
    [
        carry[0] + shelf(&decay[0]),
        carry[1] + shelf(&decay[1]),
        carry[2] + part(&decay[2]),
        carry[3] + part(&decay[3]),
    ]
}

/// A K-weighting whose sub-blocks are cut into eight segments.
#[derive(Clone, Debug)]
pub struct KSegments {
    pub(super) filter: KWeight,
    /// Samples of a segment, m.
    pub(super) frames: usize,
    /// A^(m·segment) in the lanes, row by row.
    pub(super) from_start: [[[f64; K_LANES]; 4]; 4],
    /// A^m, A^(2m), A^(4m).
    pub(super) decays: [[KState; 4]; 3],
}

impl KSegments {
    /// For sub-blocks of at least `shortest` samples.
    #[must_use]
    pub fn new(filter: KWeight, shortest: usize) -> Self {
        let frames = shortest / K_LANES;
        let mut from_start = [[[0.0; K_LANES]; 4]; 4];
        for (lane, segment) in SEGMENT_OF_LANE.into_iter().enumerate() {
            let decay = filter.decay(segment * frames);
            for (lanes, values) in from_start.iter_mut().zip(decay) {
                for (lanes, value) in lanes.iter_mut().zip(values) {
                    lanes[lane] = value;
                }
            }
        }
        let decays = [frames, 2 * frames, 4 * frames].map(|frames| filter.decay(frames));
        Self { filter, frames, from_start, decays }
    }

    /// Numbers in the table and the work memory of sub-blocks of at least `shortest` samples.
    #[must_use]
    pub const fn required_len(shortest: usize) -> usize {
        (4 + K_LANES) * (shortest / K_LANES)
    }

    /// Numbers in the table of [`KSegments::fill_table`].
    #[must_use]
    pub fn table_len(&self) -> usize {
        4 * self.frames
    }

    /// Numbers that [`k_energy`] works in.
    #[must_use]
    pub fn work_len(&self) -> usize {
        K_LANES * self.frames
    }

    /// Fills the table of [`k_carry`]: A^(m−1−n)·B for each n, four numbers.
    pub fn fill_table(&self, table: &mut [f64]) {
        let mut state = self.filter.step([0.0; 4], 1.0).1;
        for row in table.as_chunks_mut().0.iter_mut().take(self.frames).rev() {
            *row = state;
            state = self.filter.step(state, 0.0).1;
        }
    }

    /// The samples in whole segments, and those behind them; all are behind them where a segment is
    /// too short, or the table, or the work memory.
    #[inline(always)]
    pub(super) fn cut<'s, S>(
        &self,
        samples: &'s [S],
        table: &[f64],
        work: &[f64],
    ) -> (&'s [S], &'s [S]) {
        let room = table.len() >= self.table_len() && work.len() >= self.work_len();
        let fits = self.frames >= TILE && room;
        let whole = if fits { K_LANES * self.frames } else { 0 };
        samples.split_at_checked(whole).unwrap_or((&[], samples))
    }
}

/// What [`k_energy`] finds of a sub-block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KEnergy {
    /// Σ y².
    pub energy: f64,
    /// What [`k_carry`] says of the same samples.
    pub carry: KState,
}

/// The state at the end of a sub-block that starts from rest.
///
/// What `work` holds before and after does not matter.
#[must_use]
pub fn k_carry<S: Sample>(
    isa: Isa,
    k: &KSegments,
    table: &[f64],
    samples: &[S],
    work: &mut [f64],
) -> KState {
    let (body, rest) = k.cut(samples, table, work);
    let mut carry = [0.0; 4];
    if !body.is_empty() {
        carry = S::k_carry(isa, k, table, body, work);
    }
    scalar::k_rest(&k.filter, rest, &mut carry);
    carry
}

#[inline(always)]
pub(super) fn k_carry_lanes<I: Simd, S: Sample>(
    simd: I,
    k: &KSegments,
    table: &[f64],
    body: &[S],
    work: &mut [f64],
) -> KState {
    let ends = segment_ends(simd, k, table, body, work.as_chunks_mut().0);
    Starts::scan(simd, k, ends).carry
}

/// The energy of a sub-block that starts from `start`; what `work` holds before and after does not matter.
#[must_use]
pub fn k_energy<S: Sample>(
    isa: Isa,
    k: &KSegments,
    table: &[f64],
    samples: &[S],
    start: &KState,
    work: &mut [f64],
) -> KEnergy {
    let (body, rest) = k.cut(samples, table, work);
    let mut found = KEnergy { energy: 0.0, carry: [0.0; 4] };
    let mut state = *start;
    if !body.is_empty() {
        let mut ends = [[0.0; K_LANES]; 4];
        S::k_energy(isa, k, table, body, start, (work, &mut ends, &mut found));
        state = ends.map(|lanes| lanes[LAST_LANE]);
    }
    found.energy += scalar::k_rest(&k.filter, rest, &mut state);
    scalar::k_rest(&k.filter, rest, &mut found.carry);
    found
}

/// What [`k_energy`] works in, the end state of every lane, and what it finds.
pub(super) type KWork<'w> = (&'w mut [f64], &'w mut [[f64; K_LANES]; 4], &'w mut KEnergy);

// The end states go out through memory: a lane taken out here would be carried through the loop by
// itself, which costs a third of its speed.
#[inline(always)]
pub(super) fn k_energy_lanes<I: Simd, S: Sample>(
    simd: I,
    k: &KSegments,
    table: &[f64],
    body: &[S],
    start: &KState,
    (work, end_lanes, found): KWork<'_>,
) {
    let frames = work.as_chunks_mut().0;
    let frames = frames.get_mut(..k.frames).unwrap_or_default();
    let ends = segment_ends(simd, k, table, body, frames);
    let Starts { from_rest, carry } = Starts::scan(simd, k, ends);
    let mut s = from_rest.plus_decayed(simd, &k.from_start, start);
    let ([b0, b1, b2], [a1, a2]) = (k.filter.shelf_b, k.filter.shelf_a);
    let [q, g] = k.filter.integrators();
    let mut energy = f64x8::splat(simd, 0.0);
    for x in frames.iter() {
        let x = f64x8::load_array_ref(simd, x);
        let v = x * b0 + s.0;
        let y = v + s.2;
        s = States((x * b1 + s.1) - v * a1, x * b2 - v * a2, (s.2 + s.3) - y * q, s.3 - y * g);
        energy += y * y;
    }
    let [a, b, c, d] = end_lanes;
    s.0.store_array(a);
    s.1.store_array(b);
    s.2.store_array(c);
    s.3.store_array(d);
    *found = KEnergy { energy: fold_sum(energy.as_slice()), carry };
}

/// Four states in vectors. Named and not an array, so that they stay in registers.
#[derive(Clone, Copy)]
struct States<V>(V, V, V, V);

impl<V> States<V> {
    /// [`onward`] in lanes.
    #[inline(always)]
    fn onward<I: Simd>(self, decay: &[KState; 4], carry: Self) -> Self
    where
        V: SimdFloat<I, Element = f64>,
    {
        let [r0, r1, r2, r3] = decay;
        let Self(s0, s1, s2, s3) = self;
        Self(
            carry.0 + (s0 * r0[0] + s1 * r0[1]),
            carry.1 + (s0 * r1[0] + s1 * r1[1]),
            carry.2 + ((s0 * r2[0] + s1 * r2[1]) + (s2 * r2[2] + s3 * r2[3])),
            carry.3 + ((s0 * r3[0] + s1 * r3[1]) + (s2 * r3[2] + s3 * r3[3])),
        )
    }
}

impl<I: Simd> States<f64x8<I>> {
    #[inline(always)]
    fn split(self) -> [States<f64x4<I>>; 2] {
        let (a, b, c, d) = (self.0.split(), self.1.split(), self.2.split(), self.3.split());
        [States(a.0, b.0, c.0, d.0), States(a.1, b.1, c.1, d.1)]
    }

    #[inline(always)]
    fn plus_weighted(self, x: f64x8<I>, weights: &KState) -> Self {
        let [a, b, c, d] = *weights;
        Self(self.0 + x * a, self.1 + x * b, self.2 + x * c, self.3 + x * d)
    }

    /// These, and what the segments before leave of the sub-block's start state.
    #[inline(always)]
    fn plus_decayed(self, simd: I, decay: &[[[f64; K_LANES]; 4]; 4], start: &KState) -> Self {
        let [r0, r1, r2, r3] = decay;
        Self(
            self.0 + two_products(simd, r0, start),
            self.1 + two_products(simd, r1, start),
            self.2 + (two_products(simd, r2, start) + more_products(simd, r2, start)),
            self.3 + (two_products(simd, r3, start) + more_products(simd, r3, start)),
        )
    }
}

#[inline(always)]
fn two_products<I: Simd>(simd: I, row: &[[f64; K_LANES]; 4], start: &KState) -> f64x8<I> {
    f64x8::load_array_ref(simd, &row[0]) * start[0]
        + f64x8::load_array_ref(simd, &row[1]) * start[1]
}

#[inline(always)]
fn more_products<I: Simd>(simd: I, row: &[[f64; K_LANES]; 4], start: &KState) -> f64x8<I> {
    f64x8::load_array_ref(simd, &row[2]) * start[2]
        + f64x8::load_array_ref(simd, &row[3]) * start[3]
}

impl<I: Simd> States<f64x4<I>> {
    #[inline(always)]
    fn split(self) -> [States<f64x2<I>>; 2] {
        let (a, b, c, d) = (self.0.split(), self.1.split(), self.2.split(), self.3.split());
        [States(a.0, b.0, c.0, d.0), States(a.1, b.1, c.1, d.1)]
    }

    #[inline(always)]
    fn combine(self, high: Self) -> States<f64x8<I>> {
        States(
            self.0.combine(high.0),
            self.1.combine(high.1),
            self.2.combine(high.2),
            self.3.combine(high.3),
        )
    }
}

impl<I: Simd> States<f64x2<I>> {
    #[inline(always)]
    fn from_lanes(simd: I, [low, high]: [KState; 2]) -> Self {
        Self(
            f64x2::load_array(simd, [low[0], high[0]]),
            f64x2::load_array(simd, [low[1], high[1]]),
            f64x2::load_array(simd, [low[2], high[2]]),
            f64x2::load_array(simd, [low[3], high[3]]),
        )
    }

    #[inline(always)]
    fn lanes(self) -> [KState; 2] {
        let (a, b, c, d) =
            (self.0.as_slice(), self.1.as_slice(), self.2.as_slice(), self.3.as_slice());
        [[a[0], b[0], c[0], d[0]], [a[1], b[1], c[1], d[1]]]
    }

    #[inline(always)]
    fn combine(self, high: Self) -> States<f64x4<I>> {
        States(
            self.0.combine(high.0),
            self.1.combine(high.1),
            self.2.combine(high.2),
            self.3.combine(high.3),
        )
    }
}

/// The state before each segment of a sub-block that starts from rest, and that at its end.
struct Starts<I: Simd> {
    from_rest: States<f64x8<I>>,
    carry: KState,
}

impl<I: Simd> Starts<I> {
    /// Neighbours are joined to pairs and pairs to halves; then the start of a half is that of its
    /// first pair, and of a pair that of its first segment.
    #[inline(always)]
    fn scan(simd: I, k: &KSegments, ends: States<f64x8<I>>) -> Self {
        let [one, two, four] = &k.decays;
        let [first, second] = ends.split();
        let [first_pair, second_pair] = first.onward(one, second).split();
        let halves = first_pair.onward(two, second_pair).lanes();
        let carry = onward(four, &halves[0], &halves[1]);
        let starts = States::from_lanes(simd, [[0.0; 4], halves[0]]);
        let starts = starts.combine(starts.onward(two, first_pair));
        Self { from_rest: starts.combine(starts.onward(one, first)), carry }
    }
}

/// The end state of each segment from rest. The samples are left in `frames`, turned so that each
/// entry holds one frame of every segment.
#[inline(always)]
fn segment_ends<I: Simd, S: Sample>(
    simd: I,
    k: &KSegments,
    table: &[f64],
    body: &[S],
    frames: &mut [[f64; K_LANES]],
) -> States<f64x8<I>> {
    let m = k.frames;
    let (r0, r) = cut(body, m);
    let (r1, r) = cut(r, m);
    let (r2, r) = cut(r, m);
    let (r3, r) = cut(r, m);
    let (r4, r) = cut(r, m);
    let (r5, r) = cut(r, m);
    let (r6, r7) = cut(r, m);
    let (tiles, rest) = frames.get_mut(..m).unwrap_or_default().as_chunks_mut::<TILE>();
    let (tables, table_rest) = cut(table.as_chunks().0, m).0.as_chunks::<TILE>();
    let rows = tiles_of(r0).zip(tiles_of(r4)).zip(tiles_of(r2)).zip(tiles_of(r6));
    let rows = rows.zip(tiles_of(r1)).zip(tiles_of(r5)).zip(tiles_of(r3)).zip(tiles_of(r7));
    let zero = f64x8::splat(simd, 0.0);
    let mut ends = States(zero, zero, zero, zero);
    for (((((((((r0, r4), r2), r6), r1), r5), r3), r7), tile), table) in rows.zip(tiles).zip(tables)
    {
        let x = <S as Lanes>::turn(simd, [r0, r4, r2, r6, r1, r5, r3, r7]);
        for ((&x, frame), weights) in x.iter().zip(tile).zip(table) {
            x.store_array(frame);
            ends = ends.plus_weighted(x, weights);
        }
    }
    // The tile that ends with the segment, of which the first frames have been seen.
    let seen = TILE.saturating_sub(rest.len());
    if seen < TILE
        && let (Some(r0), Some(r1), Some(r2), Some(r3)) =
            (r0.last_chunk(), r1.last_chunk(), r2.last_chunk(), r3.last_chunk())
        && let (Some(r4), Some(r5), Some(r6), Some(r7)) =
            (r4.last_chunk(), r5.last_chunk(), r6.last_chunk(), r7.last_chunk())
    {
        let x = <S as Lanes>::turn(simd, [r0, r4, r2, r6, r1, r5, r3, r7]);
        for ((&x, frame), weights) in x.iter().skip(seen).zip(rest).zip(table_rest) {
            x.store_array(frame);
            ends = ends.plus_weighted(x, weights);
        }
    }
    ends
}

#[inline(always)]
fn tiles_of<S>(row: &[S]) -> core::slice::Iter<'_, [S; TILE]> {
    row.as_chunks().0.iter()
}

/// As `split_at`, but without a panic: what is too short is all in front.
#[inline(always)]
fn cut<T>(slice: &[T], at: usize) -> (&[T], &[T]) {
    slice.split_at_checked(at).unwrap_or((slice, &[]))
}
