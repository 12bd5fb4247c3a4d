//! One look at a stretch of samples: level sums, and whether anything in it is worth a closer look.
//! Lane axis: time.

use fearless_simd::{Simd, f64x8, prelude::*};

use super::isa::{Isa, dispatch};
use super::reduce::{fold_sum, padded};
use crate::audio::Sample;
use crate::audio::lanes::Lanes;

/// Frames of history before the samples of [`level_screen`].
pub const SCREEN_HISTORY: usize = 2;

/// What [`level_screen`] sees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LevelScreen {
    /// Σ x.
    pub sum: f64,
    /// Σ x².
    pub energy: f64,
    /// Largest magnitude.
    pub peak: f64,
    /// Some magnitude is at or below the threshold.
    pub quiet: bool,
    /// Somewhere three consecutive samples are equal, the history included.
    pub repeats: bool,
}

/// Looks at `line` behind its first [`SCREEN_HISTORY`] samples, which count for `repeats` alone.
///
/// The sums run in eight lanes, index modulo 8, in f64, and the fixed tree of [`super::sum`]. The
/// samples are without NaN.
#[must_use]
pub fn level_screen<S: Sample>(isa: Isa, line: &[S], threshold: S) -> LevelScreen {
    dispatch!(isa, simd => level_screen_lanes(simd, line, threshold))
}

#[inline(always)]
fn level_screen_lanes<I: Simd, S: Sample>(simd: I, line: &[S], threshold: S) -> LevelScreen {
    let samples = line.get(SCREEN_HISTORY..).unwrap_or_default();
    let mut sum = f64x8::splat(simd, 0.0);
    let mut energy = f64x8::splat(simd, 0.0);
    let mut best = f64x8::splat(simd, 0.0);
    let (chunks, tail) = samples.as_chunks();
    for chunk in chunks {
        let x = <S as Lanes>::load_f64(simd, chunk);
        sum += x;
        energy += x * x;
        best = x.abs().max_precise(best);
    }
    if !tail.is_empty() {
        let x = <S as Lanes>::load_f64(simd, &padded(tail));
        sum += x;
        energy += x * x;
        best = x.abs().max_precise(best);
    }
    let mut peak = 0.0;
    for &lane in best.as_slice() {
        peak = if lane > peak { lane } else { peak };
    }
    let (quiet, repeats) = marks(simd, line, threshold);
    LevelScreen {
        sum: fold_sum(sum.as_slice()),
        energy: fold_sum(energy.as_slice()),
        peak,
        quiet,
        repeats,
    }
}

/// The two marks, in lanes of the sample type.
#[inline(always)]
fn marks<I: Simd, S: Sample>(simd: I, line: &[S], threshold: S) -> (bool, bool) {
    let limit = S::V::<I>::splat(simd, threshold);
    let zero = S::V::<I>::splat(simd, S::zero());
    let one = S::V::<I>::splat(simd, S::one());
    // Counts of marked lanes, so that the loop has no branch; a quantum is far below 2^24.
    let (mut quiet, mut repeats) = (zero, zero);
    let mut at = 0;
    while let Some(window) = line.get(at..at + S::LANES + SCREEN_HISTORY) {
        let first = <S as Lanes>::load(simd, window);
        let second = <S as Lanes>::load(simd, &window[1..]);
        let third = <S as Lanes>::load(simd, &window[SCREEN_HISTORY..]);
        quiet += third.abs().simd_le(limit).select(one, zero);
        let equal = first.simd_eq(second).select(one, zero);
        repeats += second.simd_eq(third).select(equal, zero);
        at += S::LANES;
    }
    let any = |lanes: &[S]| lanes.iter().any(|&count| count > S::zero());
    let rest = super::scalar::marks(line.get(at..).unwrap_or_default(), threshold);
    (any(quiet.as_slice()) || rest.0, any(repeats.as_slice()) || rest.1)
}
