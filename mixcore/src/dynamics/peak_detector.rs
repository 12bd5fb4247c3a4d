//! Finds the peaks between the samples that reach a ceiling, and spends time only on those.
//!
//! The signal between the samples is Y(t) = Σ_k x[k]·h(t − k), with h(t) = sinc(t)·K(t/64) for
//! |t| < 64: a windowed sinc with cut-off fs/2, 64 taps a side, K the Kaiser window of β = 9, not
//! normalised. The detector reads it on a grid of 1/32 frame, in two steps:
//!
//! 1. the points half-way between two frames, by h itself, 60 taps a side;
//! 2. the points around each of those from the samples and half-way points up to 3 frames away. At
//!    two values a frame the signal fills half of the band, so that a short kernel is enough:
//!    sinc(2t)·K(t/3.2) with β = 10.
//!
//! As one filter over the samples each point of the grid departs from h by at most 1.6e-4 in Σ|.|
//! (0.0014 dB of the largest sample; a test computes it), and the 31 points a frame cost a fifth of
//! what 31 rows of 128 taps do.
//!
//! **Why a point may be left out.** Any point of the fine grid is a linear interpolation of its
//! neighbours on a coarse one plus a remainder ρ, and ρ is, but for a trace ε, a sum over second
//! differences. So it exceeds the larger neighbour by at most q times the largest second difference
//! in reach, plus ε times the largest value, where q = max Σ|σ|, σ the twofold running sum of ρ. The
//! detector computes q from its own kernels: 0.652 from the samples to the grid, 0.269 from samples
//! and half-way points, 0.018 from a grid of 1/8. Low frequencies hardly bend and are done with at
//! the first look; noise is done with at the second, unless it is about to be the largest peak of
//! its chunk. A group of 16 frames whose bound does not pass the limit reads 0. One whose bound does
//! not pass the largest value already found in this chunk is given that bound: the reduction is then
//! a little wider than the definition's, never deeper and never too small.
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
use crate::kernels::{self, AROUND_TAPS, Isa};
use crate::math;

/// Frames that are examined together: the absolute grid of the limiter.
pub(super) const CHUNK: usize = 64;
/// Taps of the kernel on each side.
pub(super) const SIDE: usize = 64;
/// Frames of context for one chunk: the chunk itself and [`SIDE`] frames on both sides.
pub(super) const CONTEXT: usize = SIDE + CHUNK + SIDE;
/// Values of the bank: half of the half-way filter, then the pairs around it.
pub(super) const BANK_LEN: usize = HALF + PAIRS * AROUND_TAPS;
/// Frames that are left out or refined together.
pub(super) const GROUP: usize = kernels::PEAK_GROUP;
/// Groups of a chunk.
pub(super) const GROUPS: usize = CHUNK / GROUP;

/// Points per frame of the finest grid.
pub(super) const GRID: usize = 32;
/// Shape of the Kaiser window (side lobes 90 dB down).
pub(super) const BETA: f64 = 9.0;
/// Frames around a half-way point whose values its neighbours see.
const NEAR: usize = 3;
/// Half-way points before and behind those of a chunk or group: the ones that its points see, and one
/// more, so that they fill whole vectors.
const BESIDE: usize = NEAR + 1;
/// Taps of the half-way filter on each side: as many as the context holds for the outermost of the
/// half-way points.
const HALF: usize = SIDE - BESIDE;
/// Half-way points for one chunk.
const MIDS: usize = BESIDE + CHUNK + BESIDE;
/// Half-width in frames and shape of the short kernel: the least Σ|.| of the error for values up to
/// [`NEAR`] frames away (searched in steps of 0.1 and 0.5).
const NEAR_WIDTH: f64 = 3.2;
const NEAR_BETA: f64 = 10.0;
/// Points before a half-way point, each with its mirror image behind it.
const PAIRS: usize = GRID / 2 - 1;
/// Of these, the ones on a grid of 1/8 frame come first in the bank.
const COARSE_PAIRS: usize = 3;
/// By how much a point departs from the definition's, as a share of the largest sample.
pub(super) const KERNEL_ERROR: f64 = 1.6e-4;
/// Room for the rounding of f32 sums over 128 taps (128 · 2^-24 < 1e-5).
const ROUNDING: f64 = 1.0 + 1e-5;

/// A bound from second differences: value ≤ largest neighbour + `bend`·(largest second difference) +
/// `trace`·(largest value).
#[derive(Clone, Copy, Debug, Default)]
struct Slack {
    bend: f64,
    trace: f64,
}

impl Slack {
    fn bound(&self, top: f64, bend: f64, reach: f64) -> f64 {
        (top + self.bend * bend + self.trace * reach) * ROUNDING
    }
}

/// What is known about the samples of one context before anything is computed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reach<S> {
    /// Largest magnitude.
    pub(super) peak: S,
    /// Largest second difference.
    pub(super) bend: S,
}

impl<S: Sample> Reach<S> {
    pub(super) fn over(parts: &[Self]) -> Self {
        let larger = |a: S, b: S| if b > a { b } else { a };
        parts.iter().fold(Self { peak: S::zero(), bend: S::zero() }, |all, part| Self {
            peak: larger(all.peak, part.peak),
            bend: larger(all.bend, part.bend),
        })
    }
}

/// The bounds that decide what may be left out; the bank of taps lies in the caller's memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct PeakDetector {
    isa: Isa,
    /// Largest Σ|h| of a point, h the definition's or the detector's: no interpolated value exceeds this times the largest sample.
    widest: f64,
    /// Largest Σ|k|·|h|, k counted from the frame before the point.
    moment: f64,
    /// From the samples to the grid.
    first: Slack,
    /// From samples and half-way points to the grid.
    second: Slack,
    /// From the grid of 1/8 to the finest one, second differences of samples and half-way points.
    third: Slack,
}

/// The interpolation kernel at `t` frames from a sample, |t| ≤ [`SIDE`].
pub(super) fn kernel(t: f64) -> f64 {
    math::sinc(t) * math::kaiser(t / SIDE as f64, BETA)
}

/// The short kernel at `t` frames from a sample or half-way point.
fn near_kernel(t: f64) -> f64 {
    let x = t / NEAR_WIDTH;
    if x.abs() < 1.0 { math::sinc(2.0 * t) * math::kaiser(x, NEAR_BETA) } else { 0.0 }
}

/// Distance of a pair's points from the half-way point, in points of the grid, in the bank's order.
fn distance(pair: usize) -> usize {
    const STEP: usize = GRID / 8;
    match pair {
        0..COARSE_PAIRS => STEP * (pair + 1),
        // 1, 2, 3, 5, 6, 7 …
        _ => {
            let rest = pair - COARSE_PAIRS;
            rest + rest / (STEP - 1) + 1
        }
    }
}

/// Weight of the value `half_frames`/2 from the half-way point in the point `distance` behind it.
fn weight(distance: usize, half_frames: i32) -> f64 {
    near_kernel(distance as f64 / GRID as f64 - f64::from(half_frames) / 2.0)
}

/// Half frames on either side that a point sees, and the values of a line of them.
const SEEN: i32 = 2 * NEAR as i32;
const LINE: usize = 2 * SEEN as usize + 5;
/// Taps of a point of the grid as one filter over the samples.
const WHOLE: usize = 2 * SIDE + 4;

/// Σ|σ| for a remainder ρ with moments, and the moments, left to the taps `at` and `at + 1`.
fn slack<const N: usize>(mut rest: [f64; N], at: usize) -> Slack {
    let mut moments = [0.0; 2];
    for (k, value) in rest.iter().enumerate() {
        moments[0] += value;
        moments[1] += value * (k as f64 - at as f64);
    }
    let [zeroth, first] = moments;
    rest[at] -= zeroth - first;
    rest[at + 1] -= first;
    let (mut once, mut twice, mut bend) = (0.0, 0.0, 0.0);
    for value in rest {
        once += value;
        twice += once;
        bend += f64::abs(twice);
    }
    Slack { bend, trace: f64::abs(zeroth - first) + f64::abs(first) }
}

/// The point `distance`/32 behind (or before, if negative) a half-way point, over the values in half
/// frames around that; the half-way point itself lies at the middle of the line.
fn over_halves(distance: i32) -> [f64; LINE] {
    let mut line = [0.0; LINE];
    if distance == 0 {
        line[LINE / 2] = 1.0;
        return line;
    }
    for (k, slot) in line.iter_mut().enumerate() {
        let half_frames = k as i32 - (LINE / 2) as i32;
        if half_frames.abs() <= SEEN {
            *slot = weight(distance.unsigned_abs() as usize, half_frames * distance.signum());
        }
    }
    line
}

/// The same point as one filter over the samples; tap k meets the sample k − 65 frames after the
/// frame before the half-way point.
fn over_samples(distance: i32) -> [f64; WHOLE] {
    let mut whole = [0.0; WHOLE];
    let middle = WHOLE as i32 / 2 - 1;
    for (k, value) in over_halves(distance).into_iter().enumerate() {
        let half_frames = k as i32 - (LINE / 2) as i32;
        if value == 0.0 {
            continue;
        }
        if half_frames % 2 == 0 {
            // The half-way point behind frame `half_frames / 2`.
            for tap in 0..2 * HALF {
                let offset = tap as i32 - (HALF as i32 - 1);
                let at = middle + half_frames / 2 + offset;
                whole[at as usize] += value * kernel(0.5 - f64::from(offset));
            }
        } else {
            whole[(middle + (half_frames + 1) / 2) as usize] += value;
        }
    }
    whole
}

fn line_between<const N: usize>(share: f64, before: [f64; N], after: [f64; N]) -> [f64; N] {
    core::array::from_fn(|k| (1.0 - share) * before[k] + share * after[k])
}

fn worst(slacks: impl Iterator<Item = Slack>) -> Slack {
    slacks.fold(Slack::default(), |worst, slack| Slack {
        bend: worst.bend.max(slack.bend),
        trace: worst.trace.max(slack.trace),
    })
}

/// All points of the grid between two frames, as distances from the half-way point.
fn distances() -> core::ops::RangeInclusive<i32> {
    -(PAIRS as i32)..=(PAIRS as i32)
}

impl PeakDetector {
    /// Writes the taps and derives the bounds from the kernels.
    pub(super) fn new<S: Sample>(isa: Isa, bank: &mut [S]) -> Self {
        let (half, pairs) = bank.split_at_mut(HALF.min(bank.len()));
        for (k, slot) in half.iter_mut().enumerate() {
            *slot = S::from_f64(kernel(HALF as f64 - 0.5 - k as f64));
        }
        let (pairs, _) = pairs.as_chunks_mut::<AROUND_TAPS>();
        for (pair, taps) in pairs.iter_mut().enumerate() {
            for (k, slot) in taps.iter_mut().enumerate() {
                // E for 0 … 6 half frames, O for 1 … 6.
                let (half_frames, sign) =
                    if k <= SEEN as usize { (k, 1.0) } else { (k - SEEN as usize, -1.0) };
                let both = |side: i32| weight(distance(pair), side * half_frames as i32);
                let value = if k == 0 { both(0) } else { 0.5 * (both(1) + sign * both(-1)) };
                *slot = S::from_f64(value);
            }
        }
        let middle = WHOLE / 2 - 1;
        let ends: [[f64; WHOLE]; 2] =
            [0, 1].map(|end| core::array::from_fn(|k| f64::from(u8::from(k == middle + end))));
        let mut widest: f64 = 1.0;
        let (mut moment, mut first): (f64, _) = (0.0, Slack::default());
        for distance in distances() {
            let whole = over_samples(distance);
            let away = |k: usize| k.abs_diff(middle) as f64;
            moment = moment.max(whole.iter().enumerate().map(|(k, tap)| away(k) * tap.abs()).sum());
            widest = widest.max(whole.iter().map(|tap| tap.abs()).sum());
            let share = 0.5 + f64::from(distance) / GRID as f64;
            let straight = line_between(share, ends[0], ends[1]);
            let rest: [f64; WHOLE] = core::array::from_fn(|k| whole[k] - straight[k]);
            first = worst([first, slack(rest, middle)].into_iter());
        }
        let between = |step: i32| {
            worst(distances().map(|distance| {
                let before = distance.div_euclid(step) * step;
                let share = f64::from(distance - before) / f64::from(step);
                let end = |distance: i32| match distance.unsigned_abs() as usize {
                    // A frame is a value of its own.
                    d if 2 * d == GRID => core::array::from_fn(|k| {
                        f64::from(u8::from(k as i32 == (LINE / 2) as i32 + distance.signum()))
                    }),
                    _ => over_halves(distance),
                };
                let straight = line_between(share, end(before), end(before + step));
                let point = over_halves(distance);
                let rest: [f64; LINE] = core::array::from_fn(|k| point[k] - straight[k]);
                slack(rest, if distance < 0 { LINE / 2 - 1 } else { LINE / 2 })
            }))
        };
        let (second, third) = (between(GRID as i32 / 2), between(GRID as i32 / 8));
        let widest = (widest + KERNEL_ERROR) * ROUNDING;
        Self { isa, widest, moment: moment * ROUNDING, first, second, third }
    }

    pub(super) fn isa(&self) -> Isa {
        self.isa
    }

    /// Largest Σ|h| of a point, rounding included.
    pub(super) fn widest(&self) -> f64 {
        self.widest
    }

    /// Largest Σ|k − n|·|h(t − k)|, n ≤ t < n + 1: by how much a gain that moves by 1 a frame may
    /// change a point.
    pub(super) fn moment(&self) -> f64 {
        self.moment
    }

    /// Peak and bend of some samples.
    pub(super) fn look<S: Sample>(&self, samples: &[S]) -> Reach<S> {
        Reach { peak: kernels::peak(self.isa, samples), bend: kernels::bend(self.isa, samples) }
    }

    /// The peaks of one chunk: `found.peaks[n]` is the largest |Y(t)|, n ≤ t < n + 1, wherever that
    /// may exceed the limit, and at most the limit elsewhere.
    ///
    /// `context` holds [`CONTEXT`] frames, the chunk in their middle; `reach` is what they reach. A
    /// group whose bound in `found` does not pass the limit is left out; the bounds become what has
    /// been learnt. Returns whether anything exceeds the limit.
    pub(super) fn scan<S: Sample>(
        &self,
        bank: &[S],
        context: &[S],
        reach: Reach<S>,
        found: &mut Found<S>,
    ) -> bool {
        let (peak, bend) = (reach.peak.as_f64(), reach.bend.as_f64());
        let limit = found.limit.as_f64();
        let all = (peak * self.widest).min(self.first.bound(peak, bend, peak));
        found.peaks = [S::zero(); CHUNK];
        if all <= limit {
            found.bounds.iter_mut().for_each(|bound| *bound = bound.min(all));
            return false;
        }
        // `around[n + 4]` is frame n.
        let Some(around) = context.get(SIDE - BESIDE..) else { return false };
        let Some((half, pairs)) = bank.split_at_checked(HALF) else { return false };
        let mut ends = [S::zero(); GROUPS];
        for (end, x) in ends.iter_mut().zip(around.iter().skip(BESIDE + GROUP).step_by(GROUP)) {
            *end = x.abs();
        }
        for (top, x) in found.peaks.iter_mut().zip(around.iter().skip(BESIDE)) {
            *top = x.abs();
        }
        let tops = self.tops(&found.peaks, &ends);
        let mut open = [false; GROUPS];
        for ((bound, open), top) in found.bounds.iter_mut().zip(&mut open).zip(tops) {
            *bound = bound.min(self.first.bound(top.as_f64(), bend, peak));
            *open = *bound > limit;
        }
        let (Some(first), Some(last)) =
            (open.iter().position(|&open| open), open.iter().rposition(|&open| open))
        else {
            found.peaks = [S::zero(); CHUNK];
            return false;
        };
        let frames = first * GROUP..(last + 1) * GROUP;

        // Step 1. `mids[n + 4]` lies behind frame n.
        let mut mids = [S::zero(); MIDS];
        let (start, end) = (frames.start, frames.end + 2 * BESIDE);
        let (Some(needed), Some(window)) =
            (mids.get_mut(start..end), context.get(start + 1..end + 2 * HALF))
        else {
            return false;
        };
        kernels::half_points(self.isa, window, half, needed);
        let reached = kernels::peak(self.isa, needed).as_f64().max(peak);
        let bend = match (around.get(start..end), mids.get(start..end)) {
            (Some(samples), Some(mids)) => kernels::woven_bend(self.isa, samples, mids).as_f64(),
            _ => return false,
        };
        for (peak, mid) in found.peaks.iter_mut().zip(&mids[BESIDE..]) {
            let mid = mid.abs();
            *peak = if mid > *peak { mid } else { *peak };
        }
        let tops = self.tops(&found.peaks, &ends);
        found.close(&mut open, tops, |top| self.second.bound(top, bend, reached));

        // Step 2, the grid of 1/8 first.
        let Some((coarse, rest)) = pairs.split_at_checked(COARSE_PAIRS * AROUND_TAPS) else {
            return false;
        };
        for (taps, slack) in [(coarse, self.third), (rest, Slack::default())] {
            if !open.iter().any(|&open| open) {
                break;
            }
            let parts = found.peaks.chunks_exact_mut(GROUP).zip(open).enumerate();
            for (group, (part, _)) in parts.filter(|(_, (_, open))| *open) {
                let at = group * GROUP;
                let x = around.get(at + 2..at + GROUP + 7).unwrap_or_default();
                let mids = mids.get(at + 1..at + GROUP + 7).unwrap_or_default();
                kernels::around_peaks(self.isa, x, mids, taps, part);
            }
            let tops = self.tops(&found.peaks, &ends);
            found.close(&mut open, tops, |top| slack.bound(top, bend, reached));
        }
        let limit = found.limit;
        found.peaks.iter().any(|&peak| peak > limit)
    }

    /// The largest value of each group, the frame behind it included.
    fn tops<S: Sample>(&self, peaks: &[S; CHUNK], ends: &[S; GROUPS]) -> [S; GROUPS] {
        let mut tops = [S::zero(); GROUPS];
        kernels::group_peaks(self.isa, peaks, &mut tops);
        let mut ends = *ends;
        for (end, &top) in ends.iter_mut().zip(&tops) {
            *end = if top > *end { top } else { *end };
        }
        ends
    }
}

/// What a chunk is searched for, and what is found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<S> {
    /// Nothing up to here matters.
    pub(super) limit: S,
    /// The largest peak so far, in any of the linked channels.
    pub(super) largest: S,
    /// Per frame; see [`PeakDetector::scan`].
    pub(super) peaks: [S; CHUNK],
    /// Per group: no point of the grid exceeds this.
    pub(super) bounds: [f64; GROUPS],
}

impl<S: Sample> Found<S> {
    /// Nothing found, nothing known.
    pub(super) fn new(limit: S) -> Self {
        let (largest, peaks) = (S::zero(), [S::zero(); CHUNK]);
        Self { limit, largest, peaks, bounds: [f64::INFINITY; GROUPS] }
    }

    /// Leaves out the groups that cannot matter any more.
    fn close(
        &mut self,
        open: &mut [bool; GROUPS],
        tops: [S; GROUPS],
        bound_of: impl Fn(f64) -> f64,
    ) {
        for (&top, _) in tops.iter().zip(&*open).filter(|(_, open)| **open) {
            self.largest = if top > self.largest { top } else { self.largest };
        }
        let limit = self.limit.as_f64();
        let enough = limit.max(self.largest.as_f64());
        let parts = self.peaks.chunks_exact_mut(GROUP).zip(&mut self.bounds);
        for (((part, known), open), top) in parts.zip(open).zip(tops) {
            if *open {
                let bound = bound_of(top.as_f64());
                *known = known.min(bound);
                *open = bound > enough;
                if !*open {
                    part.fill(if bound > limit { S::from_f64(bound) } else { S::zero() });
                }
            } else if *known <= limit {
                part.fill(S::zero());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_has_its_pair() {
        let mut seen = [false; PAIRS + 1];
        for pair in 0..PAIRS {
            assert!(!seen[distance(pair)], "{pair}");
            seen[distance(pair)] = true;
        }
        assert!(seen[1..].iter().all(|&seen| seen));
    }

    #[test]
    fn the_figures_of_the_module_doc() {
        let mut bank = [0.0_f64; BANK_LEN];
        let detector = PeakDetector::new(Isa::detect(), &mut bank);
        assert!((detector.widest - 3.235).abs() < 1e-3, "{}", detector.widest);
        let slacks = [detector.first, detector.second, detector.third];
        for (slack, doc) in slacks.iter().zip([0.652, 0.269, 0.018]) {
            assert!((slack.bend - doc).abs() < 1e-3 && slack.trace < 7e-4, "{slack:?}");
        }
        let mut worst: f64 = 0.0;
        for distance in distances() {
            let point = 0.5 + f64::from(distance) / GRID as f64;
            let whole = over_samples(distance);
            let error = whole.iter().enumerate().map(|(k, tap)| {
                let t = point - (k as f64 - (WHOLE / 2 - 1) as f64);
                (tap - if t.abs() < SIDE as f64 { kernel(t) } else { 0.0 }).abs()
            });
            worst = worst.max(error.sum());
        }
        assert!(worst < KERNEL_ERROR, "{worst}");
    }

    /// What is left out never matters: against every point of the grid, from the kernels themselves.
    #[test]
    fn leaving_out_is_never_wrong() {
        let mut bank = [0.0_f64; BANK_LEN];
        let detector = PeakDetector::new(Isa::detect(), &mut bank);
        let rows: [[f64; WHOLE]; 2 * PAIRS + 1] =
            core::array::from_fn(|point| over_samples(point as i32 - PAIRS as i32));
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
            let reach = Reach {
                peak: kernels::peak(Isa::detect(), &context),
                bend: kernels::bend(Isa::detect(), &context),
            };
            let limit = reach.peak * (0.5 + f64::from(trial % 10) * 0.1);
            let mut every = [0.0; CHUNK];
            for (n, peak) in every.iter_mut().enumerate() {
                *peak = context[SIDE + n].abs();
                for whole in &rows {
                    let value: f64 = whole
                        .iter()
                        .enumerate()
                        .map(|(k, tap)| {
                            let at = (SIDE + n + k + 1).checked_sub(WHOLE / 2);
                            tap * at.and_then(|at| context.get(at)).unwrap_or(&0.0)
                        })
                        .sum();
                    *peak = peak.max(value.abs());
                }
            }
            let mut found = Found::new(limit);
            let over = detector.scan(&bank, &context, reach, &mut found);
            let top = kernels::peak(Isa::detect(), &every);
            assert_eq!(over, top > limit);
            for (n, (&peak, &true_peak)) in found.peaks.iter().zip(&every).enumerate() {
                assert!(true_peak <= limit || peak >= true_peak * (1.0 - 1e-12), "{trial}");
                assert!(true_peak <= found.bounds[n / GROUP]);
            }
            // No deeper than the deepest real peak (the next frame's sample included).
            if over {
                let real = top.max(context[SIDE + CHUNK].abs());
                assert!(found.peaks.iter().all(|&peak| peak <= real * ROUNDING));
            }
        }
    }
}
