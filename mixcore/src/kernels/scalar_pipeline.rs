//! The plain twins of the filters' kernels.

use super::pipeline::{PIPE_BANDS, PipeBand, PipeBands, PipeState};
use super::sample::Sample;
use super::scalar::is_fault;
use super::settle::settled;
use super::svf::{SvfFrame, SvfState};

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
        rest(state);
    }
    for (n, (input, output)) in input.iter().zip(output).enumerate() {
        *output = *input;
        for (channel, io) in output.iter_mut().enumerate() {
            cascade(bands, position + n, channel, io, state);
        }
    }
}

/// Twin of `kernels::pipeline_one`.
pub fn pipeline_one(
    bands: &PipeBands,
    settle: bool,
    position: usize,
    input: &[f64],
    output: &mut [f64],
    state: &mut PipeState,
) {
    if settle {
        rest(state);
    }
    for (n, (input, output)) in input.iter().zip(output).enumerate() {
        *output = *input;
        cascade(bands, position + n, 0, output, state);
    }
}

fn rest(state: &mut PipeState) {
    for (band, channel) in (0..PIPE_BANDS).flat_map(|band| [(band, 0), (band, 1)]) {
        if let Some([s1, s2]) = state.of(band, channel) {
            [*s1, *s2] = settled([*s1, *s2]);
        }
    }
}

/// One sample of a channel through all bands.
fn cascade(
    bands: &PipeBands,
    position: usize,
    channel: usize,
    io: &mut f64,
    state: &mut PipeState,
) {
    for band in 0..2 * bands.vectors() {
        let PipeBand { section, dry } = bands.at(band, position);
        let Some([s1, s2]) = state.of(band, channel) else { continue };
        let ([b0, b1, b2], [a1, a2]) = (section.b, section.a);
        let x = *io;
        let y = b0 * x + *s1;
        (*s1, *s2) = ((b1 * x + *s2) - a1 * y, b2 * x - a2 * y);
        *io = if bands.is_moving() { y + dry * (x - y) } else { y };
    }
}

/// Twin of `kernels::pair_in`.
pub fn pair_in<S: Sample>(left: &[S], right: &[S], out: &mut [[f64; 2]]) -> usize {
    let mut faults = 0;
    for ((&left, &right), out) in left.iter().zip(right).zip(out) {
        for (to, x) in out.iter_mut().zip([left, right]) {
            faults += usize::from(is_fault(x));
            *to = cleaned(x);
        }
    }
    faults
}

/// Twin of `kernels::channel_in`.
pub fn channel_in<S: Sample>(samples: &[S], out: &mut [f64]) -> usize {
    let mut faults = 0;
    for (&x, to) in samples.iter().zip(out) {
        faults += usize::from(is_fault(x));
        *to = cleaned(x);
    }
    faults
}

fn cleaned<S: Sample>(x: S) -> f64 {
    if is_fault(x) { 0.0 } else { x.as_f64() }
}

/// Twin of `kernels::pair_out`.
pub fn pair_out<S: Sample>(frames: &[[f64; 2]], left: &mut [S], right: &mut [S]) {
    for (frame, (left, right)) in frames.iter().zip(left.iter_mut().zip(right)) {
        (*left, *right) = (rounded(frame[0]), rounded(frame[1]));
    }
}

/// Twin of `kernels::channel_out`.
pub fn channel_out<S: Sample>(frames: &[f64], samples: &mut [S]) {
    for (&y, to) in frames.iter().zip(samples) {
        *to = rounded(y);
    }
}

fn rounded<S: Sample>(y: f64) -> S {
    let top = S::max_value().as_f64();
    S::from_f64(if y > top {
        top
    } else if y < -top {
        -top
    } else {
        y
    })
}

/// Twin of `kernels::svf`.
pub fn svf(coefficients: &[SvfFrame], settle: bool, frames: &mut [[f64; 2]], state: &mut SvfState) {
    if settle {
        let [c1, c2] = state;
        for (c1, c2) in c1.iter_mut().zip(c2) {
            [*c1, *c2] = settled([*c1, *c2]);
        }
    }
    for (io, [a1, a2, a3, m0, m1, m2]) in frames.iter_mut().zip(coefficients) {
        for (channel, io) in io.iter_mut().enumerate() {
            let (x, c1, c2) = (*io, state[0][channel], state[1][channel]);
            let v3 = x - c2;
            let v1 = a1 * c1 + a2 * v3;
            let v2 = c2 + (a2 * c1 + a3 * v3);
            (state[0][channel], state[1][channel]) = (2.0 * v1 - c1, 2.0 * v2 - c2);
            *io = (m0 * x + m1 * v1) + m2 * v2;
        }
    }
}
