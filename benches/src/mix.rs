//! The mixer's own work: fader, fold-down, matrix, bus, against the loops one would write first.
//!
//! The naive side does the same arithmetic in the same order, so matrix and bus must agree bit for
//! bit; the ramp must agree within [`RAMP_SHARE`]. Every kernel is also timed at the lowest SIMD
//! level of the machine, where it must not be slower than the naive loop.

use std::hint::black_box;

use mixcore::kernels::{self, Isa};
use mixcore::level::{Fader, FaderParams, FaderSetup};
use mixcore::ramp::{GRID_FRAMES, RAMP_MS};
use mixcore::spatial::FoldDown;
use mixcore::units::db_to_gain;
use mixcore::{Block, BlockMut, Convert, Io, Layout, Process, Stream};

use crate::{BLOCKS, Case, Goal, RATE_HZ, Rival, Run, signals};

/// The naive ramp adds its step in f32, so it drifts by some units of the last place in 32 frames.
pub const RAMP_SHARE: f64 = 1e-5;
/// Sources of the bus.
const BUS_SOURCES: usize = 24;

/// The levels that are timed: the best and the lowest of this CPU.
pub(crate) fn levels() -> impl Iterator<Item = Isa> {
    let (best, lowest) = (Isa::detect(), Isa::baseline());
    [Some(best), (best != lowest).then_some(lowest)].into_iter().flatten()
}

fn goal(isa: Isa) -> Goal {
    if isa == Isa::detect() { Goal::None } else { Goal::NotSlower }
}

fn case(name: String, units: usize, ours: Run, rival: Run, goal: Goal) -> Case {
    Case {
        name,
        units: units as u64,
        unit: "sample",
        ours,
        rivals: vec![Rival::new("naive loop", rival, goal)],
        limit: None,
    }
}

fn copy(from: &[Vec<f32>], to: &mut [Vec<f32>]) {
    for (to, from) in to.iter_mut().zip(from) {
        to.copy_from_slice(from);
    }
}

/// A constant gain; both sides copy the block in first.
fn fader_constant(isa: Isa, block: usize) -> Case {
    const GAIN_DB: f64 = -6.0;
    let stream = Stream::with_isa(RATE_HZ, Layout::STEREO, isa).expect("48 kHz is in range");
    let params = FaderParams { gain_db: GAIN_DB };
    let mut fader = Fader::new(FaderSetup::default(), params, stream).expect("a level in range");
    let input = signals::noise(2, block, 0.0);
    let gain = db_to_gain(GAIN_DB) as f32;

    let mut ours = input.clone();
    fader.process(Io::new(BlockMut::new(&mut ours).expect("two channels"))).expect("stereo");
    for (ours, input) in ours.iter().zip(&input) {
        assert!(ours.iter().zip(input).all(|(y, x)| *y == x * gain), "the fader's gain differs");
    }
    let theirs = input.clone();
    let mut naive = input.clone();
    case(
        format!("fader, constant, stereo, {:?}, blocks of {block}", isa.level()),
        2 * block,
        Box::new(move || {
            copy(&input, &mut ours);
            let whole = BlockMut::new(black_box(&mut ours)).expect("two channels");
            fader.process(Io::new(whole)).expect("stereo");
        }),
        Box::new(move || {
            copy(&theirs, &mut naive);
            let gain = black_box(gain);
            for channel in black_box(&mut naive) {
                for x in channel.iter_mut() {
                    *x *= gain;
                }
            }
        }),
        goal(isa),
    )
}

/// The fader's law as one would write it: a level in dB at every 32nd frame, `gain += step`.
fn naive_ramp(audio: &mut [Vec<f32>], from_db: f64, to_db: f64, ramp_frames: usize) {
    let grid = GRID_FRAMES as usize;
    let gain_at = |frame: usize| {
        let t = (frame.min(ramp_frames)) as f64 / ramp_frames as f64;
        10_f64.powf((from_db + (to_db - from_db) * t) / 20.0)
    };
    for channel in audio {
        for (index, piece) in channel.chunks_mut(grid).enumerate() {
            let (start, end) = (gain_at(index * grid), gain_at((index + 1) * grid));
            let step = ((end - start) / grid as f64) as f32;
            let mut gain = start as f32;
            for x in piece {
                *x *= gain;
                gain += step;
            }
        }
    }
}

/// A fader that never rests: every block is the first part of a new 20 ms ramp.
fn fader_ramp(isa: Isa) -> Case {
    // Half a ramp: a longer block would be constant in its second part.
    const BLOCK: usize = 480;
    let ramp_frames = (RAMP_MS * 1e-3 * RATE_HZ) as usize;
    let stream = Stream::with_isa(RATE_HZ, Layout::STEREO, isa).expect("48 kHz is in range");
    let build = || Fader::new(FaderSetup::default(), FaderParams::default(), stream);
    let input = signals::noise(2, BLOCK, 0.0);

    let mut ours = input.clone();
    let mut fader = build().expect("a level in range");
    fader.set_params(FaderParams { gain_db: -12.0 }).expect("a level in range");
    fader.process(Io::new(BlockMut::new(&mut ours).expect("two channels"))).expect("stereo");
    let mut naive = input.clone();
    naive_ramp(&mut naive, 0.0, -12.0, ramp_frames);
    for (ours, naive) in ours.iter().flatten().zip(naive.iter().flatten()) {
        let apart = f64::from((ours - naive).abs());
        assert!(apart <= RAMP_SHARE * f64::from(naive.abs()) + f64::EPSILON, "{ours} {naive}");
    }

    let theirs = input.clone();
    let mut down = false;
    case(
        format!("fader, always moving, stereo, {:?}, blocks of {BLOCK}", isa.level()),
        2 * BLOCK,
        Box::new(move || {
            copy(&input, &mut ours);
            down = !down;
            let gain_db = if down { -12.0 } else { 0.0 };
            fader.set_params(FaderParams { gain_db }).expect("a level in range");
            let whole = BlockMut::new(black_box(&mut ours)).expect("two channels");
            fader.process(Io::new(whole)).expect("stereo");
        }),
        Box::new(move || {
            copy(&theirs, &mut naive);
            naive_ramp(black_box(&mut naive), 0.0, -12.0, ramp_frames);
        }),
        goal(isa),
    )
}

/// Frame by frame, output by output, input by input: the matrix as it is written in a textbook.
fn naive_matrix(input: &[Vec<f32>], coefficients: &[f64], output: &mut [Vec<f32>]) {
    let columns = input.len();
    for n in 0..input[0].len() {
        for (row, output) in coefficients.chunks(columns).zip(output.iter_mut()) {
            let mut sum = 0.0;
            for (input, coefficient) in input.iter().zip(row) {
                sum += f64::from(input[n]) * coefficient;
            }
            output[n] = sum as f32;
        }
    }
}

/// A dense matrix of `inputs` to two, ns per input sample.
fn matrix(isa: Isa, inputs: usize, block: usize) -> Case {
    let coefficients: Vec<f64> = (0..2 * inputs)
        .map(|index| 0.3 + 0.02 * index as f64 * if index % 3 == 0 { -1.0 } else { 1.0 })
        .collect();
    let input = signals::noise(inputs, block, 0.0);
    let mut ours = vec![vec![0.0; block]; 2];
    let run = {
        let coefficients = coefficients.clone();
        move |input: &[Vec<f32>], output: &mut [Vec<f32>]| {
            let from = Block::new(input).expect("at most 64 channels");
            let mut to = BlockMut::new(output).expect("two channels");
            mixcore::audio::matrix(isa, &from, &coefficients, &mut to);
        }
    };
    run(&input, &mut ours);
    let mut naive = vec![vec![0.0; block]; 2];
    naive_matrix(&input, &coefficients, &mut naive);
    assert!(ours == naive, "the matrix differs from the naive loop");
    let theirs = input.clone();
    case(
        format!("matrix {inputs} to 2, dense, {:?}, blocks of {block}", isa.level()),
        inputs * block,
        Box::new(move || run(black_box(&input), black_box(&mut ours))),
        Box::new(move || naive_matrix(black_box(&theirs), &coefficients, black_box(&mut naive))),
        goal(isa),
    )
}

/// A fold-down to stereo (8 of 12 coefficients of 5.1 are not 0, 12 of 24 of 7.1.4), ns per input
/// sample.
fn fold_down(isa: Isa, source: Layout, block: usize, goal: Goal) -> Case {
    let channels = source.channel_count();
    let stream = Stream::with_isa(RATE_HZ, source, isa).expect("48 kHz is in range");
    let mut fold = FoldDown::new(Layout::STEREO, stream).expect("every pair has a matrix");
    let coefficients = fold.matrix().coefficients().to_vec();
    let input = signals::noise(channels, block, 0.0);
    let mut ours = vec![vec![0.0; block]; 2];
    let mut run = move |input: &[Vec<f32>], output: &mut [Vec<f32>]| {
        let from = Block::new(input).expect("a layout's channels");
        fold.convert(from, BlockMut::new(output).expect("two channels")).expect("to stereo");
    };
    run(&input, &mut ours);
    let mut naive = vec![vec![0.0; block]; 2];
    naive_matrix(&input, &coefficients, &mut naive);
    assert!(ours == naive, "the fold-down differs from the naive loop");
    let theirs = input.clone();
    case(
        format!("fold-down {source} to stereo, {:?}, blocks of {block}", isa.level()),
        channels * block,
        Box::new(move || run(black_box(&input), black_box(&mut ours))),
        Box::new(move || naive_matrix(black_box(&theirs), &coefficients, black_box(&mut naive))),
        goal,
    )
}

fn naive_bus(sources: &[Vec<f32>], gains: &[f64], out: &mut [f32]) {
    for (n, out) in out.iter_mut().enumerate() {
        let mut sum = 0.0;
        for (source, gain) in sources.iter().zip(gains) {
            sum += f64::from(source[n]) * gain;
        }
        *out = sum as f32;
    }
}

/// Twenty-four sources with a gain each into one bus, summed in f64 and rounded once.
fn bus(isa: Isa, block: usize) -> Case {
    let gains: Vec<f64> = (0..BUS_SOURCES).map(|index| 0.9 - 0.03 * index as f64).collect();
    let input = signals::noise(BUS_SOURCES, block, 0.0);
    let mut sum = vec![0.0; block];
    let mut ours = vec![0.0; block];
    let ours_gains = gains.clone();
    let mut run = move |input: &[Vec<f32>], out: &mut [f32]| {
        sum.fill(0.0);
        for (source, gain) in input.iter().zip(&ours_gains) {
            kernels::accumulate(isa, &mut sum, source, *gain);
        }
        kernels::round_into(isa, &sum, out);
    };
    run(&input, &mut ours);
    let mut naive = vec![0.0; block];
    naive_bus(&input, &gains, &mut naive);
    assert!(ours == naive, "the bus differs from the naive loop");
    let theirs = input.clone();
    case(
        format!("bus of {BUS_SOURCES}, f64, {:?}, blocks of {block}", isa.level()),
        BUS_SOURCES * block,
        Box::new(move || run(black_box(&input), black_box(&mut ours))),
        Box::new(move || naive_bus(black_box(&theirs), &gains, black_box(&mut naive))),
        goal(isa),
    )
}

/// The cases, each compared with its naive loop before it is returned.
///
/// # Panics
/// If a result differs from the naive loop's.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for isa in levels() {
        cases.push(fader_ramp(isa));
        for block in BLOCKS {
            cases.push(fader_constant(isa, block));
            cases.push(fold_down(isa, Layout::SURROUND_5_1, block, goal(isa)));
            let twelve = if isa == Isa::detect() { Goal::Ratio(15.0, 20.0) } else { goal(isa) };
            cases.push(fold_down(isa, Layout::SURROUND_7_1_4, block, twelve));
            cases.push(matrix(isa, 6, block));
            cases.push(matrix(isa, 12, block));
            cases.push(bus(isa, block));
        }
    }
    cases
}
