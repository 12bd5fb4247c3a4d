//! The plain twins of the ramps of one source into many channels.

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
    let source = source.get(..frames).unwrap_or_default();
    for (out, line) in outs.iter_mut().zip(lines) {
        if *line == [0.0; 2] {
            out.get_mut(..frames).unwrap_or_default().fill(S::zero());
        } else {
            ramp_into(source, line, first, out);
        }
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

/// As [`crate::kernels::pan_into`].
pub fn pan_into<S: Sample>(source: &[S], lines: &[[f64; 2]], first: usize, outs: &mut [&mut [S]]) {
    for (out, line) in outs.iter_mut().zip(lines) {
        pan_line::<S, false>(source, line, first, out);
    }
}

/// As [`crate::kernels::pan_onto`].
pub fn pan_onto<S: Sample>(source: &[S], lines: &[[f64; 2]], first: usize, outs: &mut [&mut [S]]) {
    for (out, line) in outs.iter_mut().zip(lines) {
        pan_line::<S, true>(source, line, first, out);
    }
}

/// One channel of [`pan_into`], or with `ONTO` of [`pan_onto`].
#[inline]
pub(super) fn pan_line<S: Sample, const ONTO: bool>(
    source: &[S],
    &[start, step]: &[f64; 2],
    first: usize,
    out: &mut [S],
) {
    if ONTO && start == 0.0 && step == 0.0 {
        return;
    }
    let (start_gain, step_gain) = (S::from_f64(start), S::from_f64(step));
    for (n, (to, &from)) in out.iter_mut().zip(source).enumerate() {
        let frame = first.wrapping_add(n);
        let made = if start == 0.0 && (step == 0.0 || frame == 0) {
            S::zero()
        } else if step != 0.0 {
            from * (count::<S>(frame) * step_gain + start_gain)
        } else if start_gain == S::one() {
            from
        } else {
            from * start_gain
        };
        *to = if ONTO { *to + made } else { made };
    }
}
