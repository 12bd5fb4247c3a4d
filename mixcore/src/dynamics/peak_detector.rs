//! Finds the peaks between the samples that reach a ceiling, and spends time only on those.
//!
//! The signal between the samples is Y(t) = Σ_k x[k]·h(t − k), with h(t) = sinc(t)·K(t/64) for
//! |t| < 64: a windowed sinc with cut-off fs/2, 64 taps a side, K the Kaiser window of β = 9, rows
//! not normalised. The detector's definition is the maximum of |Y| on a grid of 1/32 frame; five
//! passes (1/2, 1/4, 1/8, 1/16, 1/32) reach it, each for those groups of 16 frames only that can
//! still matter.
//!
//! **Why a group may be left out.** Every row r of the fine grid lies between two rows p, s of a
//! coarser one, and r = α·p + (1 − α)·s + ρ with 0 < α < 1. So no fine value exceeds the largest
//! coarse value by more than q·P, where q = max Σ|ρ_k| over the rows, computed from the bank
//! itself (0.519, 0.154, 0.041 and 0.010), and P is the largest |x| in reach. A group whose bound
//! does not pass the limit cannot need reduction: it reads 0. A group whose bound does not pass
//! the largest value already found in this chunk is given that bound: the reduction is then a
//! little wider than the definition's, never deeper and never too small. Nothing is left out
//! before the first pass unless λ·P stays below the limit, λ being the largest Σ|h| of a row
//! (3.24).
//!
//! **What a grid of 1/32 misses.** A function of exponential type τ that has its largest magnitude
//! A at t0 is at least A·cos(τ·|t − t0|) in the neighbourhood, so a grid of step δ reads at least
//! A·cos(τδ/2). The kernel's pass band ends at fs/2 plus the half-width of the Kaiser main lobe:
//! τ = π·1.047, which makes 0.0115 dB. What leaks beyond lies 90 dB below.
//!
//! Sources: R. J. Duffin, A. C. Schaeffer, "Some properties of functions of exponential type",
//! Bull. AMS 44 (1938) for the cosine bound; ITU-R BS.1770-5 Annex 2 for the measurement; J. F.
//! Kaiser, "Nonrecursive digital filter design using the I0-sinh window function", ISCAS 1974.

use crate::audio::Sample;
use crate::kernels::{self, Isa};
use crate::math;

/// Frames that are examined together: the absolute grid of the limiter.
pub(super) const CHUNK: usize = 64;
/// Taps of the kernel on each side.
pub(super) const SIDE: usize = 64;
/// Frames of context for one chunk: the chunk itself and [`SIDE`] frames on both sides.
pub(super) const CONTEXT: usize = SIDE + CHUNK + SIDE;
/// Values of the bank of rows.
pub(super) const BANK_LEN: usize = (GRID - 1) * TAPS;

/// Points per frame of the finest grid.
pub(super) const GRID: usize = 32;
/// Points per frame of the first pass.
const FIRST_GRID: usize = 2;
/// Passes: 2, 4, 8, 16, 32 points per frame.
const PASSES: usize = 5;
/// Taps of a row.
const TAPS: usize = 2 * SIDE;
/// Frames that are left out or refined together: the widest vector of the kernels.
const GROUP: usize = 16;
/// Shape of the Kaiser window (side lobes 90 dB down).
pub(super) const BETA: f64 = 9.0;
/// Room for the rounding of f32 sums over 128 taps (128 · 2^-24 < 1e-5).
const ROUNDING: f64 = 1.0 + 1e-5;

/// The bounds that decide what may be left out; the bank of rows lies in the caller's memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct PeakDetector {
    isa: Isa,
    /// Largest Σ|h| of a row: no interpolated value exceeds this times the largest sample.
    widest: f64,
    /// Per pass, how far a later pass may exceed it, as a share of the largest sample.
    slack: [f64; PASSES],
}

/// The interpolation kernel at `t` frames from a sample, |t| ≤ [`SIDE`].
pub(super) fn kernel(t: f64) -> f64 {
    math::sinc(t) * math::kaiser(t / SIDE as f64, BETA)
}

/// Coefficient k of the row `point`/32 after a frame, in correlation order: it meets the sample
/// k − 63 frames after that frame.
fn coefficient(point: usize, k: usize) -> f64 {
    kernel(k as f64 - (SIDE - 1) as f64 - point as f64 / GRID as f64)
}

/// The points that a pass adds, in order.
fn points(pass: usize) -> impl Iterator<Item = usize> {
    let step = GRID / (FIRST_GRID << pass);
    // The first pass takes every point of its grid, the others the ones between.
    let (first, stride) = if pass == 0 { (step, step) } else { (step, 2 * step) };
    (first..GRID).step_by(stride)
}

/// Where the bank holds the row of a point.
fn row_of(point: usize) -> usize {
    let step = (1 << point.trailing_zeros()).min(GRID / FIRST_GRID);
    let before = GRID / (2 * step);
    if step == GRID / FIRST_GRID { point / step - 1 } else { before - 1 + point / (2 * step) }
}

/// The rows of a pass in the bank.
fn rows<S>(bank: &[S], pass: usize) -> &[S] {
    let end = (FIRST_GRID << pass) - 1;
    let start = if pass == 0 { 0 } else { (FIRST_GRID << (pass - 1)) - 1 };
    &bank[start * TAPS..end * TAPS]
}

impl PeakDetector {
    /// Writes the rows, coarse passes first, and derives the bounds from them.
    pub(super) fn new<S: Sample>(isa: Isa, bank: &mut [S]) -> Self {
        let mut row = bank.chunks_exact_mut(TAPS);
        let mut widest: f64 = 1.0;
        for pass in 0..PASSES {
            for point in points(pass) {
                let mut norm = 0.0;
                for (k, slot) in row.next().into_iter().flatten().enumerate() {
                    let h = coefficient(point, k);
                    *slot = S::from_f64(h);
                    norm += h.abs();
                }
                widest = widest.max(norm);
            }
        }
        // A frame's own sample and the next one are rows of the grid too.
        let value = |point: usize, k: usize| match point {
            0 => f64::from(u8::from(k == SIDE - 1)),
            GRID => f64::from(u8::from(k == SIDE)),
            _ => bank[row_of(point) * TAPS + k].as_f64(),
        };
        let slack = core::array::from_fn(|pass| {
            let step = GRID / (FIRST_GRID << pass);
            let mut worst: f64 = 0.0;
            for point in (0..GRID).filter(|point| point % step != 0) {
                let before = point - point % step;
                let share = 1.0 - (point - before) as f64 / step as f64;
                let rest: f64 = (0..TAPS)
                    .map(|k| {
                        let between =
                            share * value(before, k) + (1.0 - share) * value(before + step, k);
                        (value(point, k) - between).abs()
                    })
                    .sum();
                worst = worst.max(rest);
            }
            worst * ROUNDING
        });
        Self { isa, widest: widest * ROUNDING, slack }
    }

    /// Largest Σ|h| of a row, rounding included.
    pub(super) fn widest(&self) -> f64 {
        self.widest
    }

    /// The peaks of one chunk: `peaks[n]` is the largest |Y(t)|, n ≤ t < n + 1, wherever that may
    /// exceed `limit`, and at most `limit` elsewhere.
    ///
    /// `context` holds [`CONTEXT`] frames, the chunk in their middle; `largest` is their largest
    /// magnitude. `found` is the largest peak that linked channels have in this chunk so far.
    /// Returns whether anything exceeds the limit.
    pub(super) fn scan<S: Sample>(
        &self,
        bank: &[S],
        context: &[S],
        largest: S,
        limit: S,
        found: &mut S,
        peaks: &mut [S; CHUNK],
    ) -> bool {
        let reach = largest.as_f64();
        if reach * self.widest <= limit.as_f64() {
            return false;
        }
        let chunk = &context[SIDE..=SIDE + CHUNK];
        for (peak, x) in peaks.iter_mut().zip(chunk) {
            *peak = x.abs();
        }
        kernels::fir_peaks(self.isa, &context[1..], rows(bank, 0), TAPS, peaks);
        let mut open = [true; CHUNK / GROUP];
        for pass in 0..PASSES {
            let last = pass + 1 == PASSES;
            if pass > 0 {
                for at in (0..CHUNK).step_by(GROUP).filter(|at| open[at / GROUP]) {
                    let part = &mut peaks[at..at + GROUP];
                    kernels::fir_peaks(self.isa, &context[1 + at..], rows(bank, pass), TAPS, part);
                }
            }
            let mut tops = [S::zero(); CHUNK / GROUP];
            for (group, top) in tops.iter_mut().enumerate() {
                let at = group * GROUP;
                // The grid's next point belongs to the next frame but bounds this group too.
                *top = chunk[at + GROUP].abs();
                for &peak in &peaks[at..at + GROUP] {
                    *top = if peak > *top { peak } else { *top };
                }
                if open[group] && *top > *found {
                    *found = *top;
                }
            }
            if last {
                break;
            }
            for (group, top) in tops.iter().enumerate() {
                let bound = top.as_f64() * ROUNDING + self.slack[pass] * reach;
                if open[group] && bound <= limit.as_f64().max(found.as_f64()) {
                    let above = bound > limit.as_f64();
                    let value = if above { S::from_f64(bound) } else { S::zero() };
                    peaks[group * GROUP..][..GROUP].fill(value);
                    open[group] = false;
                }
            }
        }
        peaks.iter().any(|&peak| peak > limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_has_its_row() {
        let mut rows = [false; GRID - 1];
        for (next, point) in (0..PASSES).flat_map(points).enumerate() {
            assert_eq!(row_of(point), next);
            rows[next] = true;
        }
        assert!(rows.iter().all(|&row| row));
    }

    #[test]
    fn the_bounds_of_the_module_doc() {
        let mut bank = [0.0_f64; BANK_LEN];
        let detector = PeakDetector::new(Isa::detect(), &mut bank);
        assert!((detector.widest - 3.235).abs() < 1e-3, "{}", detector.widest);
        for (slack, doc) in detector.slack.iter().zip([0.519, 0.154, 0.041, 0.010, 0.0]) {
            assert!((slack - doc).abs() < 5e-4, "{slack}");
        }
    }

    /// What the passes leave out never matters: against every point of the grid.
    #[test]
    fn leaving_out_is_never_wrong() {
        let mut bank = [0.0_f64; BANK_LEN];
        let detector = PeakDetector::new(Isa::detect(), &mut bank);
        let mut state = 1_u32;
        for trial in 0..300 {
            let mut context = [0.0_f64; CONTEXT];
            let mut low = 0.0;
            for x in &mut context {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = f64::from(state >> 8) / f64::from(1_u32 << 23) - 1.0;
                // From white noise to low-passed noise.
                low += (noise - low) / f64::from(1 + trial % 7);
                *x = low;
            }
            let reach = kernels::peak(Isa::detect(), &context);
            let limit = reach * (0.5 + f64::from(trial % 10) * 0.1);
            let mut every = [0.0; CHUNK];
            for (peak, x) in every.iter_mut().zip(&context[SIDE..]) {
                *peak = x.abs();
            }
            kernels::fir_peaks(Isa::detect(), &context[1..], &bank, TAPS, &mut every);
            let mut peaks = [0.0; CHUNK];
            let mut found = 0.0;
            let over = detector.scan(&bank, &context, reach, limit, &mut found, &mut peaks);
            let top = kernels::peak(Isa::detect(), &every);
            assert_eq!(over, top > limit);
            for (&peak, &true_peak) in peaks.iter().zip(&every) {
                assert!(true_peak <= limit || peak >= true_peak);
            }
            // No deeper than the deepest real peak (the next frame's sample included).
            if over {
                let real = top.max(context[SIDE + CHUNK].abs());
                assert!(peaks.iter().all(|&peak| peak <= real));
            }
        }
    }
}
