//! Mean squares of four signals over windows of whole frames. Lane axis: signal.
//!
//! What the detectors of [`crate::dynamics`] hear: two signals of each of two channels. The squares are
//! kept in chunks of 32 frames, with the sum of each chunk, and
//!
//! > Σ window = (what is left of the oldest chunk) + (sums of the chunks between) + (this chunk so far)
//!
//! Sums run serially in time, or in the tree of [`super::sum`], so a lane's result depends on its own
//! signal alone. A sum waits for the one before it; that wait is the cost, for four signals as for one.

use fearless_simd::{Simd, f64x2, f64x4, prelude::*};

use super::isa::{Isa, dispatch};
use super::lanes::turn_four;
use super::reduce::fold_sum;
use super::scalar;

/// Signals side by side.
pub const SQUARE_LANES: usize = 4;
/// Frames of a chunk.
pub const SQUARE_CHUNK: usize = 32;
/// Frames that are turned into rows together.
const TURN: usize = 4;
/// Chunks that are summed side by side: the lanes of [`super::sum`].
const TREE: usize = 8;

/// A value of each signal.
pub type Squares = [f64; SQUARE_LANES];

/// What the windows remember besides the squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SquareWindow {
    /// Sums of the windows without the current chunk, for each of its frames.
    pub older: [Squares; SQUARE_CHUNK],
    /// Sums of what is left, from each of its frames on, of the chunk that will be the oldest.
    pub left: [Squares; SQUARE_CHUNK],
    /// Sums of the current chunk so far.
    pub newer: Squares,
}

impl Default for SquareWindow {
    fn default() -> Self {
        Self {
            older: [[0.0; SQUARE_LANES]; SQUARE_CHUNK],
            left: [[0.0; SQUARE_LANES]; SQUARE_CHUNK],
            newer: [0.0; SQUARE_LANES],
        }
    }
}

/// Begins a chunk: what its windows hold of the chunks before.
///
/// `second` are the squares of the second-oldest chunk of the windows, `between` the sums of the chunks
/// between that and the new one, in two runs. The windows of the first frames begin `offset` frames and
/// more behind the start of the oldest chunk, which was the second-oldest before; those of the last
/// `offset` frames in the second-oldest.
pub fn begin_windows(
    isa: Isa,
    window: &mut SquareWindow,
    second: &[Squares],
    between: [&[Squares]; 2],
    offset: usize,
) {
    dispatch!(isa, simd => begin_windows_lanes(simd, window, second, between, offset));
}

#[inline(always)]
fn begin_windows_lanes<I: Simd>(
    simd: I,
    window: &mut SquareWindow,
    second: &[Squares],
    [one, two]: [&[Squares]; 2],
    offset: usize,
) {
    let mut next = [[0.0; SQUARE_LANES]; SQUARE_CHUNK];
    let mut whole = f64x4::splat(simd, 0.0);
    for (left, square) in next.iter_mut().zip(second).rev() {
        whole += f64x4::load_array_ref(simd, square);
        whole.store_array(left);
    }
    let between = tree(simd, one) + tree(simd, two);
    let with_oldest = whole + between;
    let mut older = window.older.iter_mut();
    // In this order: what the shorter side ends, the other one keeps for the second part.
    for (left, older) in window.left.iter().skip(offset).zip(older.by_ref()) {
        (f64x4::load_array_ref(simd, left) + with_oldest).store_array(older);
    }
    for (older, left) in older.zip(&next) {
        (f64x4::load_array_ref(simd, left) + between).store_array(older);
    }
    window.left = next;
}

/// The sum of each lane in the tree of [`super::sum`].
#[inline(always)]
fn tree<I: Simd>(simd: I, values: &[Squares]) -> f64x4<I> {
    let mut lanes = [f64x4::splat(simd, 0.0); TREE];
    let (chunks, tail) = values.as_chunks::<TREE>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += f64x4::load_array_ref(simd, value);
        }
    }
    for (lane, value) in lanes.iter_mut().zip(tail) {
        *lane += f64x4::load_array_ref(simd, value);
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// Frames of the current chunk from `place` on: their squares into `chunk`, and the mean of each window
/// (its sum times `share`) into a row for each signal. Lanes 0 and 1 are the first pair of signals, lanes
/// 2 and 3 the second; as many frames count as all slices have.
pub fn window_squares(
    isa: Isa,
    window: &mut SquareWindow,
    place: usize,
    pairs: [&[[f64; 2]]; 2],
    share: f64,
    chunk: &mut [Squares],
    rows: [&mut [f32]; SQUARE_LANES],
) {
    dispatch!(isa, simd => window_squares_lanes(simd, window, place, pairs, share, chunk, rows));
}

#[inline(always)]
fn window_squares_lanes<I: Simd>(
    simd: I,
    window: &mut SquareWindow,
    place: usize,
    [one, two]: [&[[f64; 2]]; 2],
    share: f64,
    chunk: &mut [Squares],
    rows: [&mut [f32]; SQUARE_LANES],
) {
    let older = window.older.get(place..).unwrap_or_default();
    let frames = one.len().min(two.len()).min(older.len()).min(chunk.len());
    let frames = rows.iter().fold(frames, |frames, row| frames.min(row.len()));
    let [a, b, c, d] = rows;
    let (one, one_tail) = cut(one, frames);
    let (two, two_tail) = cut(two, frames);
    let (older, older_tail) = cut(older, frames);
    let (chunk, chunk_tail) = cut_mut(chunk, frames);
    let ((a, a_tail), (b, b_tail)) = (cut_mut(a, frames), cut_mut(b, frames));
    let ((c, c_tail), (d, d_tail)) = (cut_mut(c, frames), cut_mut(d, frames));
    let mut sum = f64x4::load_array_ref(simd, &window.newer);
    let signals = one.iter().zip(two).zip(older).zip(chunk);
    let outs = a.iter_mut().zip(b).zip(c.iter_mut().zip(d));
    for ((((one, two), older), chunk), ((a, b), (c, d))) in signals.zip(outs) {
        let mut means = [f64x4::splat(simd, 0.0); TURN];
        let frames = one.iter().zip(two).zip(older).zip(chunk);
        for (mean, (((one, two), older), square)) in means.iter_mut().zip(frames) {
            let one = f64x2::load_array_ref(simd, one);
            let x: f64x4<I> = one.combine(f64x2::load_array_ref(simd, two));
            let power = x * x;
            power.store_array(square);
            sum += power;
            *mean = (f64x4::load_array_ref(simd, older) + sum) * share;
        }
        let [m0, m1, m2, m3] = turn_four(means);
        let (low, high) = m0.narrow(m1).split();
        low.store_array(a);
        high.store_array(b);
        let (low, high) = m2.narrow(m3).split();
        low.store_array(c);
        high.store_array(d);
    }
    sum.store_array(&mut window.newer);
    let pairs = [one_tail, two_tail];
    let rows = [a_tail, b_tail, c_tail, d_tail];
    scalar::squares(&mut window.newer, older_tail, pairs, share, chunk_tail, rows);
}

/// The whole turns of the first `frames` values, and what is left of these.
#[inline(always)]
fn cut<T>(values: &[T], frames: usize) -> (&[[T; TURN]], &[T]) {
    values.get(..frames).unwrap_or_default().as_chunks()
}

/// [`cut`], to write into.
#[inline(always)]
fn cut_mut<T>(values: &mut [T], frames: usize) -> (&mut [[T; TURN]], &mut [T]) {
    values.get_mut(..frames).unwrap_or_default().as_chunks_mut()
}

/// The tree of [`super::sum`] over one lane, for the plain twin.
pub(super) fn tree_of(values: &[Squares], lane: usize) -> f64 {
    let mut lanes = [0.0; TREE];
    for (n, value) in values.iter().enumerate() {
        lanes[n % TREE] += value[lane];
    }
    fold_sum(&lanes)
}
