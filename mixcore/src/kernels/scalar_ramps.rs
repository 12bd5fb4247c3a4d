//! The plain twins of [`super::accumulate_ramps`] and [`super::ramps_into`].

use super::ramps::RAMP_FRAMES;
use super::sample::Sample;
use super::scalar::{accumulate, accumulate_ramp, count};

/// As [`crate::kernels::accumulate_ramps`].
pub fn accumulate_ramps<S: Sample>(
    source: &[S],
    lines: &[[f64; 2]],
    first: usize,
    sums: &mut [[f64; RAMP_FRAMES]],
) {
    for (sum, &[start, step]) in sums.iter_mut().zip(lines) {
        if step != 0.0 {
            accumulate_ramp(sum, source, start, step, first);
        } else if start != 0.0 {
            accumulate(sum, source, start);
        }
    }
}

/// As [`crate::kernels::ramps_into`].
pub fn ramps_into<S: Sample>(
    source: &[S],
    lines: &[[f64; 2]],
    first: usize,
    outs: &mut [&mut [S]],
) {
    let lengths = outs.iter().zip(lines).map(|(out, _)| out.len());
    let frames = lengths.fold(source.len(), usize::min);
    for (out, line) in outs.iter_mut().zip(lines) {
        ramp_into(source.get(..frames).unwrap_or_default(), line, first, out);
    }
}

/// One channel of [`ramps_into`].
pub(super) fn ramp_into<S: Sample>(
    source: &[S],
    &[start, step]: &[f64; 2],
    first: usize,
    out: &mut [S],
) {
    for (n, (to, from)) in out.iter_mut().zip(source).enumerate() {
        let gain = count::<f64>(first.wrapping_add(n)) * step + start;
        *to = S::from_f64(0.0 + from.as_f64() * gain);
    }
}
