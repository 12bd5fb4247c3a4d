//! From "this frame is that much too loud" to a smooth gain that is down in time.
//!
//! With o\[k\] ≥ 1 the factor by which frame k exceeds its limit, L the look-ahead and A + B = L + 2:
//!
//! 1. hold:    m\[k\] = max(o\[k − L − 1\], …, o\[k\])
//! 2. release: u\[k\] = max(1 − 1/m\[k\], r·u\[k − 1\]),  z\[k\] = 1 − u\[k\],  r = exp(−1/τ)
//! 3. smooth:  s = box of A frames, then box of B frames, over z\[n\] … z\[n + L\]
//!
//! so that s\[n\] ≤ 1/o\[n\] and s\[n\] ≤ 1/o\[n − 1\]: each z\[k\] with n ≤ k ≤ n + L lies below both, and
//! s\[n\] is a weighted mean of these. Where nothing exceeds its limit the gain is exactly 1.
//! τ is the time in which a reduction falls to 36.8 %.
//!
//! Source: the chain of a windowed maximum, an instant-attack release and a cascade of two boxes
//! whose lengths share the look-ahead, 58 % and 42 %, follows the ideas of G. Luff, "Designing a
//! straightforward limiter" (Signalsmith Audio, 2022).
//!
//! Latency: L frames.

use super::peak_detector::CHUNK;
use crate::kernels::{self, Isa};
use crate::math;

/// Share of the second box in the look-ahead.
const SECOND_SHARE: f64 = 0.42;

/// Below this a reduction leaves an f32 gain at 1, so that clearing it changes no bit.
const NOTHING: f64 = 1.0 / (1_u64 << 26) as f64;

/// The lengths of one gain curve; its memory lies with the caller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LookAhead {
    /// L.
    frames: usize,
    /// A and B.
    boxes: [usize; 2],
}

/// What a gain curve remembers besides its history.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LookAheadState {
    /// u.
    reduction: f64,
    /// Frames since anything exceeded its limit or was still released, counted up to the history.
    idle: usize,
}

/// Factor per frame of a release with time constant `frames`.
pub(super) fn release_factor(frames: f64) -> f64 {
    math::exp(-1.0 / frames)
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
        Self { frames, boxes: [frames + 2 - second, second] }
    }

    /// One box: the smallest slope that `frames` of look-ahead allow.
    pub(super) fn one_box(frames: usize) -> Self {
        Self { frames, boxes: [frames + 1, 1] }
    }

    /// L.
    pub(super) fn frames(&self) -> usize {
        self.frames
    }

    /// Values of history between two chunks; all 1 at the start.
    pub(super) fn history_len(&self) -> usize {
        2 * self.frames + 1
    }

    /// Values of scratch.
    pub(super) fn scratch_len(&self) -> usize {
        2 * CHUNK + self.frames + 1
    }

    /// The gains of the chunk that lies L frames before the one that `over` describes.
    pub(super) fn run(
        &self,
        isa: Isa,
        state: &mut LookAheadState,
        release: f64,
        history: &mut [f32],
        scratch: &mut [f32],
        over: &[f32; CHUNK],
    ) -> [f32; CHUNK] {
        let busy = kernels::peak(isa, over) > 1.0 || state.reduction > 0.0;
        if busy {
            state.idle = 0;
        } else if state.idle > self.history_len() {
            // The whole history is 1: so is every mean of it.
            return [1.0; CHUNK];
        } else {
            state.idle += CHUNK;
        }

        let (over_past, z_past) = history.split_at_mut(self.frames + 1);
        let (first_past, second_past) = z_past.split_at_mut(self.boxes[0] - 1);
        let held = join(scratch, over_past, over);
        kernels::window_max(isa, held, self.frames + 2);

        let mut z = [1.0; CHUNK];
        for (z, &over) in z.iter_mut().zip(&*held) {
            let needed = 1.0 - 1.0 / f64::from(over);
            let kept = state.reduction * release;
            state.reduction = if needed > kept { needed } else { kept };
            #[expect(clippy::cast_possible_truncation, reason = "the gain is a control signal")]
            {
                *z = (1.0 - state.reduction) as f32;
            }
        }
        if state.reduction < NOTHING {
            state.reduction = 0.0;
        }

        let first = mean(isa, self.boxes[0], join(scratch, first_past, &z));
        if self.boxes[1] == 1 {
            return first;
        }
        mean(isa, self.boxes[1], join(scratch, second_past, &first))
    }
}

/// Past and present in one slice of scratch; the past moves on by one chunk.
fn join<'s>(scratch: &'s mut [f32], past: &mut [f32], now: &[f32; CHUNK]) -> &'s mut [f32] {
    let joined = &mut scratch[..past.len() + CHUNK];
    joined[..past.len()].copy_from_slice(past);
    joined[past.len()..].copy_from_slice(now);
    past.copy_from_slice(&joined[CHUNK..]);
    joined
}

/// The mean over `length` values from each of the first [`CHUNK`] on; exactly 1 for ones.
fn mean(isa: Isa, length: usize, work: &mut [f32]) -> [f32; CHUNK] {
    let mut sums = [0.0; CHUNK];
    kernels::box_sums(isa, work, length, &mut sums);
    #[expect(clippy::cast_precision_loss, reason = "a few thousand frames")]
    let length = length as f32;
    sums.map(|sum| sum / length)
}
