//! The plain twins of what a limiter is made of.

use super::around::{AROUND_MIDS, AROUND_SAMPLES, AROUND_TAPS};
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
pub(super) fn join<S: Sample, const MAX: bool>(here: S, there: S) -> S {
    if MAX { larger(here, there) } else { here + there }
}

fn running<S: Sample>(io: &mut [S], join: fn(S, S) -> S) {
    let mut shift = 1;
    while shift < io.len() {
        for n in (shift..io.len()).rev() {
            io[n] = join(io[n], io[n - shift]);
        }
        shift *= 2;
    }
}

/// Twin of [`super::running_max`].
pub fn running_max<S: Sample>(io: &mut [S]) {
    running(io, larger);
}

/// Twin of [`super::running_max_back`].
pub fn running_max_back<S: Sample>(io: &mut [S]) {
    io.reverse();
    running(io, larger);
    io.reverse();
}

/// Twin of [`super::running_sum`].
pub fn running_sum<S: Sample>(io: &mut [S]) {
    running(io, |here, there| here + there);
}

/// Twin of [`super::running_sum_back`].
pub fn running_sum_back<S: Sample>(io: &mut [S]) {
    io.reverse();
    running(io, |here, there| here + there);
    io.reverse();
}
