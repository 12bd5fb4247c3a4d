//! One look at a stretch of samples: level sums, and whether anything in it is worth a closer look.
//! Lane axis: time.

use fearless_simd::{Simd, f64x8, prelude::*};

use super::isa::Isa;
use super::lanes::Lanes;
use super::reduce::{fold_sum, padded};
use super::sample::Sample;

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
    /// A group of eight samples (index divided by 8) is wholly at or below the threshold: true for
    /// every run of 15 such samples.
    pub quiet: bool,
    /// Somewhere three consecutive samples are equal, the history included.
    pub repeats: bool,
}

/// Looks at `line` behind its first [`SCREEN_HISTORY`] samples, which count for `repeats` alone.
///
/// The sums run in eight lanes, index modulo 8, in f64, and the fixed tree of [`super::sum`]. The
/// samples are without NaN.
#[must_use]
pub fn level_screen<S: Sample>(isa: Isa, line: &[S], threshold: f64) -> LevelScreen {
    S::level_screen(isa, line, threshold)
}

#[inline(always)]
pub(super) fn level_screen_lanes<I: Simd, S: Sample>(
    simd: I,
    line: &[S],
    threshold: f64,
) -> LevelScreen {
    let samples = line.get(SCREEN_HISTORY..).unwrap_or_default();
    let zero = f64x8::splat(simd, 0.0);
    let limit = f64x8::splat(simd, threshold);
    let (mut sum, mut energy, mut best) = (zero, zero, zero);
    let mut quiet = false;
    let (chunks, tail) = samples.as_chunks();
    for chunk in chunks {
        let x = <S as Lanes>::load_f64(simd, chunk);
        let magnitude = x.abs();
        sum += x;
        energy += x * x;
        best = magnitude.max_precise(best);
        quiet |= magnitude.simd_le(limit).all_true();
    }
    if !tail.is_empty() {
        let x = <S as Lanes>::load_f64(simd, &padded(tail));
        let magnitude = x.abs();
        sum += x;
        energy += x * x;
        best = magnitude.max_precise(best);
        quiet |= magnitude.simd_le(limit).all_true();
    }
    let mut peak = 0.0;
    for &lane in best.as_slice() {
        peak = if lane > peak { lane } else { peak };
    }
    LevelScreen {
        sum: fold_sum(sum.as_slice()),
        energy: fold_sum(energy.as_slice()),
        peak,
        quiet,
        repeats: repeats(simd, line),
    }
}

/// Whether three consecutive samples are equal, in lanes of the sample type.
#[inline(always)]
fn repeats<I: Simd, S: Sample>(simd: I, line: &[S]) -> bool {
    let zero = S::V::<I>::splat(simd, S::zero());
    let one = S::V::<I>::splat(simd, S::one());
    // Marked lanes, so that the loop has no branch.
    let mut marked = zero;
    let mut at = 0;
    while let Some(window) = line.get(at..at + S::LANES + SCREEN_HISTORY) {
        let first = <S as Lanes>::load(simd, window);
        let second = <S as Lanes>::load(simd, &window[1..]);
        let third = <S as Lanes>::load(simd, &window[SCREEN_HISTORY..]);
        let equal = first.simd_eq(second).select(one, marked);
        marked = second.simd_eq(third).select(equal, marked);
        at += S::LANES;
    }
    marked.as_slice().iter().any(|&lane| lane > S::zero())
        || super::scalar::repeats(line.get(at..).unwrap_or_default())
}
