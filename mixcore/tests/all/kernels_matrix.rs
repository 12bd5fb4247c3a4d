//! The matrix kernel and the ramps of many channels against their plain twins, bit for bit.

use mixcore::audio::{Sample, matrix};
use mixcore::kernels::{self, Isa, RAMP_FRAMES, scalar};
use mixcore::{Block, BlockMut};

use crate::signals::noise;

fn bits<S: Sample>(channels: &[Vec<S>]) -> Vec<u64> {
    channels.iter().flatten().map(|x| x.as_f64().to_bits()).collect()
}

/// Row by row with the kernel's twin, over the terms that are not 0.
pub fn plain<S: Sample>(input: &Block<'_, S>, coefficients: &[f64], output: &mut [Vec<S>]) {
    for (row, out) in coefficients.chunks_exact(input.channel_count()).zip(output) {
        let terms = input.channels().zip(row.iter().copied()).filter(|term| term.1 != 0.0);
        let frames = input.frames().min(out.len());
        scalar::matrix_row(&terms.collect::<Vec<_>>(), &mut out[..frames]);
    }
}

fn mixes<S: Sample>() {
    for (inputs, outputs) in [(1, 1), (1, 24), (6, 2), (2, 1), (12, 2), (24, 24), (64, 3)] {
        let mut coefficients = noise::<f64>(1, inputs * outputs, 1.0, 3).remove(0);
        // A third of the terms are absent.
        coefficients.iter_mut().skip(1).step_by(3).for_each(|c| *c = 0.0);
        for frames in [0, 1, 2, 7, 8, 9, 31, 64, 480, 1023] {
            let input = noise::<S>(inputs, frames, 1.0, 4);
            let input = Block::new(&input).unwrap();
            let mut twin = vec![vec![S::one(); frames]; outputs];
            plain(&input, &coefficients, &mut twin);
            for isa in Isa::available() {
                let mut out = vec![vec![S::one(); frames]; outputs];
                matrix(isa, &input, &coefficients, &mut BlockMut::new(&mut out).unwrap());
                assert_eq!(bits(&out), bits(&twin), "{isa:?} {inputs} to {outputs}, {frames}");
            }
        }
    }
}

#[test]
fn every_level_mixes_like_the_twin() {
    mixes::<f32>();
    mixes::<f64>();
}

#[test]
fn an_absent_term_keeps_out_what_is_not_finite_and_one_keeps_every_value() {
    let input = [[f32::NAN; 11], [-0.0; 11], [1.5; 11]];
    let input = Block::new(&input).unwrap();
    for isa in Isa::available() {
        let mut out = [[9.0_f32; 11]; 3];
        let coefficients = [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 2.0];
        matrix(isa, &input, &coefficients, &mut BlockMut::new(&mut out).unwrap());
        assert!(out[0].iter().all(|x| x.to_bits() == (-0.0_f32).to_bits()));
        assert!(out[1].iter().all(|x| x.to_bits() == 0));
        assert!(out[2].iter().all(|x| x.is_nan()));
    }
}

/// Lines that run, stand, and are silent.
fn lines(count: usize) -> Vec<[f64; 2]> {
    let ends = noise::<f64>(2, count, 1.0, 5);
    let line = |n: usize| match n % 5 {
        0..3 => [ends[0][n], ends[1][n] * 1e-3],
        3 => [ends[0][n], 0.0],
        _ => [0.0; 2],
    };
    (0..count).map(line).collect()
}

fn ramps<S: Sample>() {
    for (outputs, given) in [(0, 3), (1, 1), (2, 2), (4, 4), (6, 24), (12, 12), (24, 23), (9, 5)] {
        let lines = lines(given);
        for frames in [0, 1, 7, 8, 9, 63, 64, 65, 512] {
            let mut source = noise::<S>(1, frames, 1.0, 6).remove(0);
            if let Some(first) = source.first_mut() {
                *first = -S::zero();
            }
            // The last channel is longer than the source.
            let shape = |n: usize| vec![S::one(); frames + usize::from(n + 1 == outputs)];
            let fresh: Vec<Vec<S>> = (0..outputs).map(shape).collect();
            let views = |out: &mut Vec<Vec<S>>, isa: Option<Isa>| {
                let mut out: Vec<&mut [S]> = out.iter_mut().map(Vec::as_mut_slice).collect();
                match isa {
                    Some(isa) => kernels::ramps_into(isa, &source, &lines, 1000, &mut out),
                    None => scalar::ramps_into(&source, &lines, 1000, &mut out),
                }
            };
            let mut twin = fresh.clone();
            views(&mut twin, None);
            let mut sums = vec![[0.0; RAMP_FRAMES]; outputs];
            scalar::accumulate_ramps(&source, &lines, 1000, &mut sums);
            for isa in Isa::available() {
                let mut out = fresh.clone();
                views(&mut out, Some(isa));
                assert_eq!(bits(&out), bits(&twin), "{isa:?} {outputs} {frames}");
                let mut levels = vec![[0.0; RAMP_FRAMES]; outputs];
                kernels::accumulate_ramps(isa, &source, &lines, 1000, &mut levels);
                assert_eq!(levels, sums, "{isa:?} {outputs} {frames}");
            }
            // A source alone is a sum of one source.
            for (sum, out) in sums.iter().zip(&twin).take(given).filter(|_| frames <= RAMP_FRAMES) {
                for (sum, out) in sum.iter().zip(out).take(frames) {
                    assert_eq!(S::from_f64(*sum).as_f64().to_bits(), out.as_f64().to_bits());
                }
            }
        }
    }
}

#[test]
fn every_level_ramps_like_the_twin() {
    ramps::<f32>();
    ramps::<f64>();
}

fn pans<S: Sample>() {
    for (outputs, given) in [(0, 3), (1, 1), (6, 24), (12, 12), (9, 5)] {
        let mut lines = lines(given);
        if let [opens, stands, ..] = lines.as_mut_slice() {
            (*opens, *stands) = ([0.0, 1e-3], [1.0, 0.0]);
        }
        for (first, frames) in [0, 1, 15, 16, 17, 32, 65].into_iter().flat_map(|n| [(0, n), (7, n)])
        {
            let mut source = noise::<S>(1, frames, 1.0, 8).remove(0);
            if let Some(sample) = source.first_mut() {
                *sample = S::infinity();
            }
            let fresh = noise::<S>(outputs, frames + 1, 1.0, 9);
            let run = |isa: Option<Isa>, onto: bool| {
                let mut made = fresh.clone();
                let mut outs: Vec<&mut [S]> = made.iter_mut().map(Vec::as_mut_slice).collect();
                match (isa, onto) {
                    (Some(isa), false) => {
                        kernels::pan_into(isa, &source, &lines, first, &mut outs);
                    }
                    (Some(isa), true) => {
                        kernels::pan_onto(isa, &source, &lines, first, &mut outs);
                    }
                    (None, false) => scalar::pan_into(&source, &lines, first, &mut outs),
                    (None, true) => scalar::pan_onto(&source, &lines, first, &mut outs),
                }
                made
            };
            for onto in [false, true] {
                let twin = run(None, onto);
                for isa in Isa::available() {
                    assert_eq!(
                        bits(&run(Some(isa), onto)),
                        bits(&twin),
                        "{isa:?} {outputs} {frames}"
                    );
                }
            }
            // Each channel is a copy under its gain; what is beyond the source or the lines stays.
            let (into, onto) = (run(None, false), run(None, true));
            for (n, (into, (onto, fresh))) in
                into.iter().zip(onto.iter().zip(&fresh)).enumerate().take(outputs.min(given))
            {
                let (mut copy, [start, step]) = (source.clone(), lines[n]);
                let opens = start == 0.0 && (first == 0 || step == 0.0);
                let isa = Isa::detect();
                if step != 0.0 {
                    kernels::gain_ramp(
                        isa,
                        &mut copy,
                        S::from_f64(start),
                        S::from_f64(step),
                        first,
                    );
                } else {
                    kernels::gain(isa, &mut copy, S::from_f64(start));
                }
                if let Some(sample) = copy.first_mut().filter(|_| opens) {
                    *sample = S::zero();
                }
                for ((copy, into), (onto, fresh)) in
                    copy.iter().zip(into).zip(onto.iter().zip(fresh))
                {
                    assert_eq!(copy, into);
                    assert_eq!(*fresh + *copy, *onto);
                }
                assert_eq!((into[frames], onto[frames]), (fresh[frames], fresh[frames]));
            }
            assert!(outputs < given || into[given..] == fresh[given..]);
        }
    }
}

#[test]
fn every_level_pans_like_the_twin_and_like_a_gain() {
    pans::<f32>();
    pans::<f64>();
}
