//! Cleaning of input with the counts that a meter gives. Lane axis: time.

use fearless_simd::{Select, Simd, SimdMask, prelude::*};

use super::isa::Isa;
use super::reduce::SAMPLE_LIMIT;
use super::sample::Sample;
use super::scalar;

/// What was counted in a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Intake {
    /// Samples that were not finite or beyond [`SAMPLE_LIMIT`]; they are 0 now.
    pub faults: usize,
    /// Other samples of a magnitude of 1 and more: they clip in a fixed-point file.
    pub clipped: usize,
}

/// Sets every sample that is not finite or beyond [`SAMPLE_LIMIT`] to 0, and counts these and the
/// samples at or over full scale.
pub fn intake<S: Sample>(isa: Isa, io: &mut [S]) -> Intake {
    S::intake(isa, io)
}

#[inline(always)]
pub(super) fn intake_lanes<I: Simd, S: Sample>(simd: I, io: &mut [S]) -> Intake {
    let one = S::V::<I>::splat(simd, S::one());
    let zero = S::V::<I>::splat(simd, S::zero());
    let limit = S::V::<I>::splat(simd, S::from_f64(SAMPLE_LIMIT));
    let mut found = Intake::default();
    let (chunks, tail) = io.split_at_mut(io.len() - io.len() % S::LANES);
    for chunk in chunks.chunks_exact_mut(S::LANES) {
        let x = S::V::<I>::from_slice(simd, chunk);
        let magnitude = x.abs();
        // Also false where there is a NaN.
        if magnitude.simd_lt(one).all_true() {
            continue;
        }
        let good = magnitude.simd_le(limit);
        if good.all_true() {
            // Whole numbers far below 2^24.
            let over = magnitude.simd_ge(one).select(one, zero);
            for lane in over.as_slice() {
                found.clipped += usize::from(*lane != S::zero());
            }
        } else {
            let these = scalar::intake(chunk);
            found.faults += these.faults;
            found.clipped += these.clipped;
        }
    }
    let these = scalar::intake(tail);
    Intake { faults: found.faults + these.faults, clipped: found.clipped + these.clipped }
}
