//! Convolution with long responses, against crate `fft-convolver`: its convolver with partitions of one
//! length, and its two-stage one.
//!
//! Both sides get blocks as long as the (first) partition. The rival then has no latency, ours has one
//! partition, which is what makes it give the same bits for every block length; the results are compared
//! with that taken off. Ours works in place, so it copies its input first.

use std::hint::black_box;

use fft_convolver::{FFTConvolver, TwoStageFFTConvolver};
use mixcore::filters::{Convolver, ConvolverLatency, ConvolverParams, ConvolverSetup};
use mixcore::kernels::{self, Isa};
use mixcore::units::db_to_gain;
use mixcore::{Block, BlockMut, Io, Layout, Process, Processor, Stream};

use crate::mix::levels;
use crate::{Case, Goal, RATE_HZ, Rival, signals};

/// Both round to f32 in their transforms and sums; measured 4e-7 of the largest sample.
pub const SHARE: f64 = 3e-6;
/// At most one and a half times the rival's time.
const MUST: f64 = 0.67;
/// Blocks of a run: several periods of the longest partition.
const BLOCKS: usize = 96;
/// Bins and partitions of the products that are timed alone: those of 512 frames and 1 s.
const BINS: usize = 513;
const PARTITIONS: usize = 94;

/// Noise that decays by 60 dB.
fn room(taps: usize) -> Vec<f32> {
    let mut room = signals::noise(1, taps, -20.0).remove(0);
    for (k, tap) in room.iter_mut().enumerate() {
        *tap *= db_to_gain(-60.0 * k as f64 / taps as f64) as f32;
    }
    room
}

fn check(ours: &[f32], theirs: &[f32], latency: usize, what: &str) {
    let most = theirs.iter().fold(0.0_f32, |most, y| most.max(y.abs()));
    for (ours, theirs) in ours[latency..].iter().zip(theirs) {
        assert!(f64::from((ours - theirs).abs()) <= SHARE * f64::from(most), "{what}: they differ");
    }
}

fn convolver_case(isa: Isa, partition: usize, taps: usize, latency: ConvolverLatency) -> Case {
    let stream = Stream::with_isa(RATE_HZ, Layout::MONO, isa).expect("48 kHz is in range");
    let (room, input) = (room(taps), signals::noise(1, BLOCKS * partition, -6.0).remove(0));
    let setup = ConvolverSetup { partition_frames: partition, latency };
    let response = Block::mono(&room);
    let mut ours = Convolver::new(setup, ConvolverParams::default(), response, stream)
        .expect("a partition and a response in range");
    let mut one = FFTConvolver::<f32>::default();
    one.init(partition, &room).expect("a block size");
    let mut two = TwoStageFFTConvolver::<f32>::default();
    two.init_default(partition, &room).expect("a block size");

    let mut output = input.clone();
    for block in output.chunks_exact_mut(partition) {
        ours.process(Io::new(BlockMut::mono(block))).expect("mono");
    }
    let (mut theirs, mut twos) = (vec![0.0; input.len()], vec![0.0; input.len()]);
    for at in (0..input.len()).step_by(partition) {
        let part = at..at + partition;
        one.process(&input[part.clone()], &mut theirs[part.clone()]).expect("equal lengths");
        two.process(&input[part.clone()], &mut twos[part]).expect("equal lengths");
    }
    check(&output, &theirs, ours.latency_frames(), "one stage");
    check(&output, &twos, ours.latency_frames(), "two stages");

    let goal = if isa == Isa::detect() { Goal::Ratio(MUST, 1.0) } else { Goal::None };
    let seconds = taps as f64 / RATE_HZ;
    let (inputs, more_inputs) = (input.clone(), input.clone());
    Case {
        name: format!(
            "convolver, {seconds} s, partitions of {partition}, {latency:?} latency, f32, {:?}",
            isa.level()
        ),
        units: input.len() as u64,
        unit: "sample",
        ours: Box::new(move || {
            for (block, input) in
                output.chunks_exact_mut(partition).zip(input.chunks_exact(partition))
            {
                block.copy_from_slice(input);
                ours.process(Io::new(BlockMut::mono(black_box(block)))).expect("mono");
            }
            black_box(&output);
        }),
        rivals: vec![
            Rival::new(
                "fft-convolver",
                move || {
                    for (block, input) in
                        theirs.chunks_exact_mut(partition).zip(inputs.chunks_exact(partition))
                    {
                        one.process(black_box(input), block).expect("equal lengths");
                    }
                    black_box(&theirs);
                },
                goal,
            ),
            Rival::new(
                "fft-convolver, two stages",
                move || {
                    for (block, input) in
                        twos.chunks_exact_mut(partition).zip(more_inputs.chunks_exact(partition))
                    {
                        two.process(black_box(input), block).expect("equal lengths");
                    }
                    black_box(&twos);
                },
                goal,
            ),
        ],
        limit: None,
    }
}

/// Sum of products of spectra as one would write it, real and imaginary parts side by side.
fn naive(x: &[Vec<[f32; 2]>], h: &[Vec<[f32; 2]>], sum: &mut [[f32; 2]]) {
    for (x, h) in x.iter().rev().zip(h) {
        for ((x, h), sum) in x.iter().zip(h).zip(sum.iter_mut()) {
            sum[0] += x[0] * h[0] - x[1] * h[1];
            sum[1] += x[0] * h[1] + x[1] * h[0];
        }
    }
}

fn products_case(isa: Isa) -> Case {
    let spectra = |seed: usize| -> Vec<f32> {
        signals::noise(seed + 1, PARTITIONS * 2 * BINS, -12.0).remove(seed)
    };
    let (x, h) = (spectra(0), spectra(1));
    let pairs = |all: &[f32]| -> Vec<Vec<[f32; 2]>> {
        all.chunks_exact(2 * BINS)
            .map(|row| (0..BINS).map(|k| [row[k], row[BINS + k]]).collect())
            .collect()
    };
    let (x_pairs, h_pairs) = (pairs(&x), pairs(&h));
    let (mut ours, mut theirs) = (vec![0.0; 2 * BINS], vec![[0.0; 2]; BINS]);
    kernels::spectrum_mac(isa, &x, &h, &mut ours);
    naive(&x_pairs, &h_pairs, &mut theirs);
    for (k, theirs) in theirs.iter().enumerate() {
        assert!([ours[k], ours[BINS + k]] == *theirs, "the sums differ");
    }
    Case {
        name: format!("products of {PARTITIONS} spectra of {BINS} bins, {:?}", isa.level()),
        units: (PARTITIONS * BINS) as u64,
        unit: "product",
        ours: Box::new(move || {
            kernels::spectrum_mac(isa, black_box(&x), black_box(&h), &mut ours);
            ours.fill(0.0);
            black_box(&ours);
        }),
        rivals: vec![Rival::new(
            "naive loop",
            move || {
                naive(black_box(&x_pairs), black_box(&h_pairs), &mut theirs);
                theirs.fill([0.0; 2]);
                black_box(&theirs);
            },
            if isa == Isa::detect() { Goal::None } else { Goal::NotSlower },
        )],
        limit: None,
    }
}

/// The cases, each compared with the rival's result before it is returned.
///
/// # Panics
/// If a result differs from the rival's.
#[must_use]
pub fn cases() -> Vec<Case> {
    use ConvolverLatency::{Partition, Zero};
    let mut cases = Vec::new();
    for isa in levels() {
        for (partition, taps, latency) in [
            (512, 4_800, Partition),
            (512, 48_000, Partition),
            (512, 192_000, Partition),
            (128, 96_000, Partition),
            (128, 96_000, Zero),
        ] {
            cases.push(convolver_case(isa, partition, taps, latency));
        }
        cases.push(products_case(isa));
    }
    cases
}
