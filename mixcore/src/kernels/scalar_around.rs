//! The plain twins of what a limiter is made of.

use super::around::{AROUND_MIDS, AROUND_SAMPLES, AROUND_TAPS, PEAK_GROUP};
use super::running::{BLOCK, RELEASE_BLOCK, ReleasePowers, WindowParts};
use super::sample::Sample;
use super::scalar::larger;

/// Twin of [`super::around_peaks`].
pub fn around_peaks<S: Sample>(samples: &[S], mids: &[S], taps: &[S], out: &mut [S]) {
    let windows = samples.windows(AROUND_SAMPLES).zip(mids.windows(AROUND_MIDS));
    let (pairs, _) = taps.as_chunks::<AROUND_TAPS>();
    for ((x, m), out) in windows.zip(out) {
        let s = [x[2] + x[3], m[2] + m[4], x[1] + x[4], m[1] + m[5], x[0] + x[5], m[0] + m[6]];
        let d = [x[2] - x[3], m[2] - m[4], x[1] - x[4], m[1] - m[5], x[0] - x[5], m[0] - m[6]];
        for [e0, e1, e2, e3, e4, e5, e6, o1, o2, o3, o4, o5, o6] in pairs {
            let near = (m[3] * *e0 + s[0] * *e1) + (s[1] * *e2 + s[2] * *e3);
            let p = near + ((s[3] * *e4 + s[4] * *e5) + s[5] * *e6);
            let near = (d[0] * *o1 + d[1] * *o2) + (d[2] * *o3 + d[3] * *o4);
            let q = near + (d[4] * *o5 + d[5] * *o6);
            *out = larger(*out, p.abs() + q.abs());
        }
    }
}

/// Twin of [`super::bend`].
#[must_use]
pub fn bend<S: Sample>(values: &[S]) -> S {
    let bends = values.windows(3).map(|x| ((x[0] - x[1]) + (x[2] - x[1])).abs());
    bends.fold(S::zero(), larger)
}

/// Twin of [`super::woven_bend`].
#[must_use]
pub fn woven_bend<S: Sample>(samples: &[S], mids: &[S]) -> S {
    samples.windows(2).zip(mids.windows(2)).fold(S::zero(), |best, (x, m)| {
        let best = larger(best, ((x[0] - m[0]) + (x[1] - m[0])).abs());
        larger(best, ((m[0] - x[1]) + (m[1] - x[1])).abs())
    })
}

/// Twin of [`super::steepest`].
#[must_use]
pub fn steepest<S: Sample>(values: &[S]) -> S {
    values.windows(2).map(|x| (x[1] - x[0]).abs()).fold(S::zero(), larger)
}

/// One step of a running maximum or sum.
#[inline(always)]
pub(super) fn join<const MAX: bool>(here: f32, there: f32) -> f32 {
    if MAX { larger(here, there) } else { here + there }
}

/// The running maximum or sum of a block, by doubling.
fn running_block<const MAX: bool>(block: &mut [f32]) {
    let mut shift = 1;
    while shift < BLOCK {
        for n in (shift..block.len()).rev() {
            block[n] = join::<MAX>(block[n], block[n - shift]);
        }
        shift *= 2;
    }
}

fn running<const MAX: bool>(io: &mut [f32]) {
    let mut before = 0.0;
    for block in io.chunks_mut(BLOCK) {
        running_block::<MAX>(block);
        let last = block.last().copied().unwrap_or(0.0);
        block.iter_mut().for_each(|x| *x = join::<MAX>(*x, before));
        before = join::<MAX>(last, before);
    }
}

fn window<const MAX: bool>(
    new: &[f32],
    parts: &WindowParts<'_>,
    length: f32,
    back: &mut [f32],
    out: &mut [f32],
) {
    let frames = new.len().min(parts.ends.len()).min(back.len()).min(out.len());
    let frames = frames - frames % BLOCK;
    let (new, back, out) = (&new[..frames], &mut back[..frames], &mut out[..frames]);
    back.copy_from_slice(new);
    back.reverse();
    running::<MAX>(back);
    back.reverse();
    out.copy_from_slice(new);
    running::<MAX>(out);
    for (n, (out, &end)) in out.iter_mut().zip(parts.ends).enumerate() {
        let between = if n < parts.first { parts.middle } else { parts.later };
        let all = join::<MAX>(join::<MAX>(end, between), *out);
        *out = if MAX { all } else { all / length };
    }
}

/// Twin of [`super::window_maxima`].
pub fn window_maxima(new: &[f32], parts: &WindowParts<'_>, back: &mut [f32], out: &mut [f32]) {
    window::<true>(new, parts, 1.0, back, out);
}

/// Twin of [`super::window_means`].
pub fn window_means(
    new: &[f32],
    parts: &WindowParts<'_>,
    length: f32,
    back: &mut [f32],
    out: &mut [f32],
) {
    window::<false>(new, parts, length, back, out);
}

/// Twin of [`super::exceed`].
pub fn exceed<S: Sample>(samples: &[S], aims: &[f32], over: &mut [f32]) {
    for ((over, sample), aim) in over.iter_mut().zip(samples).zip(aims) {
        #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
        let magnitude = sample.as_f64().abs() as f32;
        *over = larger(*over, magnitude / aim);
    }
}

/// The larger of two reductions, the second where they are equal.
#[inline(always)]
pub(super) fn higher(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// Twin of [`super::release`], and what short slices are worked out with.
pub fn release(over: &[f32], before: f64, powers: &ReleasePowers, z: &mut [f32]) -> f64 {
    let mut last = before;
    let frames = over.len().min(z.len());
    let over = over.get(..frames).unwrap_or_default();
    let z = z.get_mut(..frames).unwrap_or_default();
    let parts = over.chunks(RELEASE_BLOCK).zip(z.chunks_mut(RELEASE_BLOCK));
    for (over, z) in parts {
        let mut u = [0.0; RELEASE_BLOCK];
        for (u, &over) in u.iter_mut().zip(over) {
            *u = 1.0 - 1.0 / f64::from(over);
        }
        for (shift, power) in [1, 2].into_iter().zip(powers.0) {
            for n in (shift..RELEASE_BLOCK).rev() {
                u[n] = higher(u[n], u[n - shift] * power);
            }
        }
        for ((u, power), z) in u.iter().zip(powers.0).zip(&mut *z) {
            #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
            {
                *z = (1.0 - higher(*u, power * last)) as f32;
            }
        }
        let end = over.len().wrapping_sub(1);
        if let (Some(u), Some(power)) = (u.get(end), powers.0.get(end)) {
            last = higher(*u, power * last);
        }
    }
    last
}

/// Twin of [`super::half_points`].
pub fn half_points<S: Sample>(input: &[S], half: &[S], out: &mut [S]) {
    if half.is_empty() {
        return;
    }
    for (window, out) in input.windows(2 * half.len()).zip(out) {
        let mut sum = S::zero();
        let pairs = window.iter().zip(window.iter().rev());
        for ((&old, &new), &tap) in pairs.zip(half) {
            sum += (old + new) * tap;
        }
        *out = sum;
    }
}

/// Twin of [`super::group_peaks`].
pub fn group_peaks<S: Sample>(values: &[S], out: &mut [S]) {
    for (group, out) in values.chunks_exact(PEAK_GROUP).zip(out) {
        *out = group.iter().map(|x| x.abs()).fold(S::zero(), larger);
    }
}
