//! The plain twins of the pipeline's kernels.

use super::pipeline::{PIPE_BANDS, PipeBand, PipeBands, PipeState, STATE_FLOOR};
use super::sample::Sample;
use super::scalar::is_fault;

/// Twin of `kernels::pipeline`: sample by sample, band after band.
pub fn pipeline(
    bands: &PipeBands,
    settle: bool,
    position: usize,
    input: &[[f64; 2]],
    output: &mut [[f64; 2]],
    state: &mut PipeState,
) {
    if settle {
        for (band, channel) in (0..PIPE_BANDS).flat_map(|band| [(band, 0), (band, 1)]) {
            for s in state.of(band, channel).into_iter().flatten() {
                *s = if s.abs() < STATE_FLOOR { 0.0 } else { *s };
            }
        }
    }
    for (n, (input, output)) in input.iter().zip(output).enumerate() {
        *output = *input;
        for band in 0..2 * bands.vectors() {
            let PipeBand { section, dry } = bands.at(band, position + n);
            for (channel, io) in output.iter_mut().enumerate() {
                let Some([s1, s2]) = state.of(band, channel) else { continue };
                let ([b0, b1, b2], [a1, a2]) = (section.b, section.a);
                let x = *io;
                let y = b0 * x + *s1;
                (*s1, *s2) = ((b1 * x + *s2) - a1 * y, b2 * x - a2 * y);
                *io = if bands.is_moving() { y + dry * (x - y) } else { y };
            }
        }
    }
}

/// Twin of `kernels::pair_in`.
pub fn pair_in<S: Sample>(left: &[S], right: &[S], out: &mut [[f64; 2]]) -> usize {
    let mut faults = 0;
    for ((&left, &right), out) in left.iter().zip(right).zip(out) {
        for (to, x) in out.iter_mut().zip([left, right]) {
            let fault = is_fault(x);
            faults += usize::from(fault);
            *to = if fault { 0.0 } else { x.as_f64() };
        }
    }
    faults
}

/// Twin of `kernels::pair_out`.
pub fn pair_out<S: Sample>(frames: &[[f64; 2]], left: &mut [S], right: &mut [S]) {
    let top = S::max_value().as_f64();
    let rounded = |x: f64| {
        S::from_f64(if x > top {
            top
        } else if x < -top {
            -top
        } else {
            x
        })
    };
    for (frame, (left, right)) in frames.iter().zip(left.iter_mut().zip(right)) {
        (*left, *right) = (rounded(frame[0]), rounded(frame[1]));
    }
}
