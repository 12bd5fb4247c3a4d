//! From "this frame is that much too loud" to a smooth gain that is down in time.
//!
//! With o\[k\] ≥ 1 the factor by which frame k exceeds its limit, L the look-ahead and A + B = L + 2:
//!
//! 1. hold:    m\[k\] = max(o\[k − L − 1\], …, o\[k\])
//! 2. release: u\[k\] = max(1 − 1/m\[k\], r·u\[k − 1\]),  r = exp(−1/τ), or 1 while the bass holds
//! 3. slow:    v\[k\] = v\[k − 1\] + (1 − q)·(u\[k\] − v\[k − 1\]),  z\[k\] = 1 − max(u\[k\], v\[k\]);
//!    one-stage: z\[k\] = 1 − u\[k\]
//! 4. smooth:  s = box of A frames, then box of B frames, over z\[n\] … z\[n + L\]
//!
//! so that s\[n\] ≤ 1/o\[n\] and s\[n\] ≤ 1/o\[n − 1\]: each z\[k\] with n ≤ k ≤ n + L lies below both, and
//! s\[n\] is a weighted mean of these. Where nothing exceeds its limit the gain is exactly 1.
//! τ is the time in which a reduction falls to 36.8 %. With two stages a short peak is released
//! with τ; under sustained limiting v, the mean reduction over the slow time constant, has come up,
//! and the gain returns to that level with τ and from there with the slow one.
//!
//! A window longer than a chunk is the end of one chunk, whole chunks, and the start of the newest:
//! each part is kept as a running maximum or sum from that chunk's end or start, so a chunk costs the
//! same whatever the look-ahead. Chunks lie on the absolute grid and sums are trees, so nothing
//! drifts and no block split shows.
//!
//! Source: the chain of a windowed maximum, an instant-attack release and a cascade of two boxes
//! whose lengths share the look-ahead, 58 % and 42 %, follows the ideas of G. Luff, "Designing a
//! straightforward limiter" (Signalsmith Audio, 2022).
//!
//! Latency: L frames.

use super::line::{Region, advance, append};
use super::peak_detector::CHUNK;
use crate::kernels::{self, Isa, ReleasePowers, WindowParts};
use crate::math;

/// Share of the second box in the look-ahead: G. Luff splits it 58 % and 42 %.
const SECOND_SHARE: f64 = 0.42;

/// Below this a reduction leaves an f32 gain at 1, so that clearing it changes no bit.
const NOTHING: f64 = 1.0 / (1_u64 << 26) as f64;

/// How a reduction is let go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ReleaseTimes {
    /// Factor per frame, with its powers.
    pub(super) fast: ReleasePowers,
    /// Factor per frame of the slow stage; 0 without one.
    pub(super) slow: f64,
}

/// What every step of a chunk needs.
#[derive(Debug)]
pub(super) struct Work<'w> {
    pub(super) isa: Isa,
    /// Where the lines stand.
    pub(super) place: usize,
    pub(super) scratch: &'w mut [f32],
}

/// A window over the values of the past, the newest included.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Window {
    length: usize,
}

/// The lengths of one gain curve; its memory lies with the caller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LookAhead {
    /// L.
    frames: usize,
    hold: Window,
    /// A and B.
    boxes: [Window; 2],
}

/// What a gain curve remembers besides its history.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LookAheadState {
    /// u and v.
    reduction: f64,
    slow: f64,
    /// Frames since anything exceeded its limit or was still released, counted up to the history.
    idle: usize,
    /// The history holds nothing but ones.
    cleared: bool,
}

impl LookAheadState {
    /// u.
    pub(super) fn reduction(&self) -> f64 {
        self.reduction
    }
}

/// Factor per frame of a release with time constant `frames`.
pub(super) fn release_factor(frames: f64) -> f64 {
    math::exp(-1.0 / frames)
}

impl Window {
    /// Whether the window starts in another chunk than the one it ends in, wherever it ends.
    fn is_long(self) -> bool {
        self.length > CHUNK
    }

    /// The chunks that a window touches, or what a short one looks back on.
    fn region(self) -> Region {
        let past = self.length - 1;
        Region::new(if self.is_long() { past.next_multiple_of(CHUNK) } else { past } + CHUNK)
    }

    /// What the history is where every value is 1.
    fn clear(self, memory: &mut [f32], maximum: bool) {
        for (n, value) in memory.iter_mut().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "up to 64")]
            let left = (CHUNK - n % CHUNK) as f32;
            *value = if maximum || !self.is_long() { 1.0 } else { left };
        }
    }

    /// The largest value, or the mean, of the window that ends at each frame of the newest chunk; a
    /// mean of ones is exactly 1.
    fn run<const MAX: bool>(
        self,
        work: &mut Work<'_>,
        memory: &mut [f32],
        new: &[f32; CHUNK],
        out: &mut [f32; CHUNK],
    ) {
        let (isa, place) = (work.isa, work.place);
        let region = self.region();
        #[expect(clippy::cast_precision_loss, reason = "a few thousand frames")]
        let length = self.length as f32;
        if !self.is_long() {
            let line = append(memory, region, place, new);
            let Some(work) = work.scratch.get_mut(..line.len()) else { return };
            work.copy_from_slice(line);
            if MAX {
                kernels::window_max(isa, work, self.length);
                out.iter_mut().zip(&*work).for_each(|(out, &value)| *out = value);
            } else {
                kernels::box_sums(isa, work, self.length, out);
                out.iter_mut().for_each(|sum| *sum /= length);
            }
            return;
        }
        let line = advance(memory, region, place);
        let (past, newest) = line.split_at_mut(line.len().saturating_sub(CHUNK));
        // Where the first windows start, and how many of them start in that chunk.
        let start = past.len().saturating_sub(self.length - 1);
        let whole = start.next_multiple_of(CHUNK);
        // A chunk's own maximum or sum stands at its start.
        let mut totals = past.get(whole..).unwrap_or_default().iter().step_by(CHUNK);
        let oldest = totals.next();
        let later = totals.fold(0.0, |sum, &total| join::<MAX>(sum, total));
        let parts = WindowParts {
            ends: past.get(start..).unwrap_or_default(),
            first: whole - start,
            middle: oldest.map_or(0.0, |&oldest| join::<MAX>(oldest, later)),
            later,
        };
        let parts = WindowParts { ends: parts.ends.get(..CHUNK).unwrap_or_default(), ..parts };
        if MAX {
            kernels::window_maxima(isa, new, &parts, newest, out);
        } else {
            kernels::window_means(isa, new, &parts, length, newest, out);
        }
    }
}

#[inline(always)]
fn join<const MAX: bool>(a: f32, b: f32) -> f32 {
    match MAX {
        true if b > a => b,
        true => a,
        false => a + b,
    }
}

impl LookAhead {
    /// Two boxes that share `frames` of look-ahead.
    pub(super) fn two_boxes(frames: usize) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of a few thousand frames"
        )]
        let second = (math::round(SECOND_SHARE * (frames + 2) as f64) as usize).max(1);
        Self::new(frames, [frames + 2 - second, second])
    }

    /// One box: the smallest slope that `frames` of look-ahead allow.
    pub(super) fn one_box(frames: usize) -> Self {
        Self::new(frames, [frames + 1, 1])
    }

    fn new(frames: usize, boxes: [usize; 2]) -> Self {
        let window = |length| Window { length };
        Self { frames, hold: window(frames + 2), boxes: boxes.map(window) }
    }

    /// L.
    pub(super) fn frames(&self) -> usize {
        self.frames
    }

    fn regions(&self) -> [usize; 3] {
        [self.hold, self.boxes[0], self.boxes[1]].map(|window| window.region().memory_len())
    }

    /// Values of history; see [`LookAhead::clear`].
    pub(super) fn history_len(&self) -> usize {
        self.regions().iter().sum()
    }

    /// Values of scratch.
    pub(super) fn scratch_len() -> usize {
        2 * CHUNK
    }

    fn parts<'m>(&self, history: &'m mut [f32]) -> [&'m mut [f32]; 3] {
        let [hold, first, _] = self.regions();
        let (hold, boxes) = history.split_at_mut(hold.min(history.len()));
        let (first, second) = boxes.split_at_mut(first.min(boxes.len()));
        [hold, first, second]
    }

    /// A history in which nothing happened.
    pub(super) fn clear(&self, history: &mut [f32]) {
        let [hold, first, second] = self.parts(history);
        self.hold.clear(hold, true);
        self.boxes[0].clear(first, false);
        self.boxes[1].clear(second, false);
    }

    /// Writes the gains of the chunk that lies L frames before the one that `over` describes, none for
    /// "nothing exceeds its limit"; false, and gains of 1, where nothing has exceeded it for long.
    pub(super) fn run(
        &self,
        work: &mut Work<'_>,
        state: &mut LookAheadState,
        release: ReleaseTimes,
        history: &mut [f32],
        over: Option<&[f32; CHUNK]>,
        gains: &mut [f32; CHUNK],
    ) -> bool {
        let isa = work.isa;
        if over.is_some() || state.reduction > 0.0 || state.slow > 0.0 {
            state.idle = 0;
            state.cleared = false;
        } else if state.idle > 2 * self.frames + 2 + CHUNK {
            // The whole history is 1: so is every mean of it.
            if !state.cleared {
                self.clear(history);
                state.cleared = true;
            }
            *gains = [1.0; CHUNK];
            return false;
        } else {
            state.idle += CHUNK;
        }

        let [hold, first, second] = self.parts(history);
        let (mut held, mut z) = ([1.0; CHUNK], [1.0; CHUNK]);
        self.hold.run::<true>(work, hold, over.unwrap_or(&[1.0; CHUNK]), &mut held);
        let (fast, mut slow) = (state.reduction, state.slow);
        let fast = if release.slow == 0.0 {
            slow = 0.0;
            kernels::release(isa, &held, fast, &release.fast, &mut z)
        } else {
            let mut fast = fast;
            for (z, &held) in z.iter_mut().zip(&held) {
                fast = larger(1.0 - 1.0 / f64::from(held), fast * release.fast.factor());
                slow = slow * release.slow + fast * (1.0 - release.slow);
                *z = gain(larger(fast, slow));
            }
            fast
        };
        state.reduction = if fast < NOTHING { 0.0 } else { fast };
        state.slow = if slow < NOTHING && state.reduction == 0.0 { 0.0 } else { slow };

        if self.boxes[1].length == 1 {
            self.boxes[0].run::<false>(work, first, &z, gains);
            return true;
        }
        // What was held is not needed any more.
        self.boxes[0].run::<false>(work, first, &z, &mut held);
        self.boxes[1].run::<false>(work, second, &held, gains);
        true
    }
}

#[inline(always)]
fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

#[inline(always)]
fn gain(reduction: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "the gain is a control signal")]
    let gain = (1.0 - reduction) as f32;
    gain
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows of every kind against their definition, across the places where lines move.
    #[test]
    fn a_window_is_its_definition() {
        let isa = Isa::detect();
        let mut state = 7_u32;
        for length in [1, 2, 5, 63, 64, 65, 100, 127, 128, 129, 130, 192, 241, 500] {
            let window = Window { length };
            let region = window.region();
            let mut memory = [[0.0; 4096]; 2];
            let mut scratch = [0.0; 2 * CHUNK];
            for (memory, maximum) in memory.iter_mut().zip([true, false]) {
                window.clear(&mut memory[..region.memory_len()], maximum);
            }
            let mut all = [1.0_f32; 64 * 40];
            let mut place = 0;
            for at in (640..all.len()).step_by(CHUNK) {
                let mut new = [1.0; CHUNK];
                for x in &mut new {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    *x = f32::from((state >> 20) as u16) / 256.0 + 1.0;
                }
                all[at..at + CHUNK].copy_from_slice(&new);
                place = super::super::line::next(place);
                let [largest, sums] = &mut memory;
                let mut work = Work { isa, place, scratch: &mut scratch };
                let (mut max, mut sum) = ([0.0; CHUNK], [0.0; CHUNK]);
                window.run::<true>(&mut work, largest, &new, &mut max);
                window.run::<false>(&mut work, sums, &new, &mut sum);
                for n in 0..CHUNK {
                    let part = &all[at + n + 1 - length..=at + n];
                    assert_eq!(max[n], part.iter().fold(0.0, |a: f32, &b| a.max(b)));
                    let exact: f64 = part.iter().map(|&x| f64::from(x)).sum();
                    // Multiples of 1/256 below 2^24/256: every sum is exact.
                    let mean = exact as f32 / length as f32;
                    assert_eq!(sum[n], mean, "{length} {at} {n}");
                }
            }
        }
    }
}
