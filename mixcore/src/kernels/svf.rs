//! A state-variable filter whose coefficients may change at every frame, for a pair of channels.
//! Lane axis: channel.
//!
//! Trapezoidal integrators, solved for the sample at hand:
//!
//! > v3 = x − c2, v1 = a1·c1 + a2·v3, v2 = c2 + (a2·c1 + a3·v3),
//! > c1' = 2·v1 − c1, c2' = 2·v2 − c2, y = (m0·x + m1·v1) + m2·v2

use fearless_simd::{Simd, f64x2, prelude::*};

use super::isa::{Isa, dispatch};
use super::settle::settled_lanes;

/// One frame's coefficients: a1, a2, a3, m0, m1, m2.
pub type SvfFrame = [f64; 6];

/// c1 and c2 of a pair of channels.
pub type SvfState = [[f64; 2]; 2];

/// Filters the frames in place, each with its own coefficients (the shorter of both slices counts).
///
/// With `settle` a channel whose states are tiny comes to rest first (`kernels/settle.rs`): to be asked
/// for at multiples of 64 frames of the absolute counter, which is where calls are to be cut.
pub fn svf(
    isa: Isa,
    coefficients: &[SvfFrame],
    settle: bool,
    frames: &mut [[f64; 2]],
    state: &mut SvfState,
) {
    dispatch!(isa, simd => svf_lanes(simd, coefficients, settle, frames, state));
}

#[inline(always)]
fn svf_lanes<I: Simd>(
    simd: I,
    coefficients: &[SvfFrame],
    settle: bool,
    frames: &mut [[f64; 2]],
    state: &mut SvfState,
) {
    let mut c = [f64x2::load_array_ref(simd, &state[0]), f64x2::load_array_ref(simd, &state[1])];
    if settle {
        c = settled_lanes(simd, c);
    }
    for (io, &[a1, a2, a3, m0, m1, m2]) in frames.iter_mut().zip(coefficients) {
        let x = f64x2::load_array_ref(simd, io);
        let v3 = x - c[1];
        let v1 = c[0] * a1 + v3 * a2;
        let v2 = c[1] + (c[0] * a2 + v3 * a3);
        c = [v1 + v1 - c[0], v2 + v2 - c[1]];
        let y = (x * m0 + v1 * m1) + v2 * m2;
        y.store_array(io);
    }
    c[0].store_array(&mut state[0]);
    c[1].store_array(&mut state[1]);
}
