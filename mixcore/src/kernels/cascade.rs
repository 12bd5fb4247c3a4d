//! A cascade of second-order sections and the energy of what comes out of it. Lane axis: channel.
//!
//! > y = b0·x + s1, s1' = (b1·x − a1·y) + s2, s2' = b2·x − a2·y, section after section;
//! > energy = Σ_n y_n²
//!
//! The recursion and the sum run serially in time, so a lane's result depends on its own samples
//! and its own state alone: neither the number of channels nor their packing can change a bit.

use fearless_simd::{Simd, f64x4, f64x8, prelude::*};

use super::isa::Isa;
use super::lanes::Lanes;
use super::reduce::padded;
use super::sample::Sample;
use super::settle::settled_lanes;

/// Channels that run side by side.
pub const CASCADE_LANES: usize = 4;
/// Sections of the cascade.
pub const CASCADE_SECTIONS: usize = 4;

/// Coefficients of a second-order section, transposed direct form II.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Section {
    /// Numerator: b0, b1, b2.
    pub b: [f64; 3],
    /// Denominator after its leading 1: a1, a2.
    pub a: [f64; 2],
}

/// States of four channels: s1 and s2 of each section.
pub type CascadeState = [[f64; CASCADE_LANES]; 2 * CASCADE_SECTIONS];

impl Section {
    /// One sample: the output and the next state.
    #[must_use]
    #[inline(always)]
    pub fn step(&self, state: [f64; 2], x: f64) -> (f64, [f64; 2]) {
        let y = x * self.b[0] + state[0];
        (y, [(x * self.b[1] - y * self.a[0]) + state[1], x * self.b[2] - y * self.a[1]])
    }
}

/// Energies Σ y² of up to four channels, which go on from `state` and leave theirs in it, with
/// sections whose states are tiny at rest (`kernels/settle.rs`).
///
/// As many frames count as the shortest row has; rows after the fourth do not. What lanes without
/// a row leave in the state and return has no meaning.
pub fn cascade_energy<S: Sample>(
    isa: Isa,
    sections: &[Section; CASCADE_SECTIONS],
    rows: &[&[S]],
    state: &mut CascadeState,
) -> [f64; CASCADE_LANES] {
    S::cascade_energy(isa, sections, rows, state)
}

#[inline(always)]
pub(super) fn cascade_energy_lanes<I: Simd, S: Sample>(
    simd: I,
    sections: &[Section; CASCADE_SECTIONS],
    rows: &[&[S]],
    state: &mut CascadeState,
) -> [f64; CASCADE_LANES] {
    // Lanes without a row repeat the last one; what they find is not read.
    let last = rows.len().clamp(1, CASCADE_LANES) - 1;
    let rows: [&[S]; CASCADE_LANES] =
        core::array::from_fn(|lane| rows.get(lane.min(last)).copied().unwrap_or_default());
    let frames = rows.iter().fold(usize::MAX, |least, row| least.min(row.len()));
    let mut s: [f64x4<I>; 2 * CASCADE_SECTIONS] =
        core::array::from_fn(|i| f64x4::load_array(simd, state[i]));
    let mut energy = f64x4::splat(simd, 0.0);
    let mut at = 0;
    while at + 8 <= frames {
        for pair in turned(simd, rows, at) {
            let (first, second) = pair.split();
            let y = step(sections, &mut s, first);
            energy += y * y;
            let y = step(sections, &mut s, second);
            energy += y * y;
        }
        at += 8;
    }
    let left = frames - at;
    for (n, pair) in turned(simd, rows, at).into_iter().enumerate() {
        let (first, second) = pair.split();
        if 2 * n < left {
            let y = step(sections, &mut s, first);
            energy += y * y;
        }
        if 2 * n + 1 < left {
            let y = step(sections, &mut s, second);
            energy += y * y;
        }
    }
    for (to, from) in state.as_chunks_mut::<2>().0.iter_mut().zip(s.as_chunks::<2>().0) {
        let [s1, s2] = settled_lanes(simd, *from);
        s1.store_array(&mut to[0]);
        s2.store_array(&mut to[1]);
    }
    let mut energies = [0.0; CASCADE_LANES];
    energy.store_array(&mut energies);
    energies
}

/// One frame through all sections.
#[inline(always)]
fn step<I: Simd>(
    sections: &[Section; CASCADE_SECTIONS],
    s: &mut [f64x4<I>; 2 * CASCADE_SECTIONS],
    input: f64x4<I>,
) -> f64x4<I> {
    let mut x = input;
    for (section, s) in sections.iter().zip(s.as_chunks_mut::<2>().0) {
        let ([b0, b1, b2], [a1, a2]) = (section.b, section.a);
        let y = x * b0 + s[0];
        *s = [(x * b1 - y * a1) + s[1], x * b2 - y * a2];
        x = y;
    }
    x
}

/// Eight frames of four rows from frame `at`, turned so that each vector holds two frames; zeros
/// where a row has ended.
#[inline(always)]
fn turned<I: Simd, S: Sample>(simd: I, rows: [&[S]; CASCADE_LANES], at: usize) -> [f64x8<I>; 4] {
    let mut t: [f64x8<I>; 4] = core::array::from_fn(|lane| {
        let row = rows[lane].get(at..).unwrap_or_default();
        match row.first_chunk() {
            Some(frames) => <S as Lanes>::load_f64(simd, frames),
            None => <S as Lanes>::load_f64(simd, &padded(row)),
        }
    });
    // A perfect shuffle rotates the five bits of (row, column) by one: two of them turn the tile.
    for _ in 0..2 {
        let (a, b) = simd.interleave_f64x8(t[0], t[2]);
        let (c, d) = simd.interleave_f64x8(t[1], t[3]);
        t = [a, b, c, d];
    }
    t
}
