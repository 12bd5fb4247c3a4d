//! The band pipeline at every SIMD level against its plain twin, bit for bit.

use mixcore::audio::Sample;
use mixcore::filters::design::{Method, Shape, second_order};
use mixcore::kernels::{self, Isa, PIPE_BANDS, PipeBand, PipeBands, PipeState, Section, scalar};

use crate::signals::{Noise, noise};

/// A stable section from three numbers.
fn section(pick: &mut Noise) -> Section {
    let a2 = 0.9 * pick.next_f64();
    let a1 = (1.0 + a2) * 0.9 * pick.next_f64();
    Section { b: [pick.next_f64(), pick.next_f64(), pick.next_f64()], a: [a1, a2] }
}

fn bits(frames: &[[f64; 2]]) -> Vec<u64> {
    frames.as_flattened().iter().map(|x| x.to_bits()).collect()
}

/// Two channels at once and one alone, whatever the number of bands and frames.
#[test]
fn the_pipeline_is_the_plain_cascade() {
    let mut pick = Noise::new(12);
    for bands in 1..=PIPE_BANDS {
        for moving in [false, true] {
            let mut pipe = PipeBands::new(bands);
            for band in 0..bands {
                let start = PipeBand { section: section(&mut pick), dry: 0.0 };
                let step = Section { b: [1e-4; 3], a: [1e-6, -2e-6] };
                let step = PipeBand { section: step, dry: 1e-3 };
                pipe.set(band, &start, if moving { &step } else { &PipeBand::STILL });
            }
            assert_eq!(pipe.is_moving(), moving);
            for isa in Isa::available() {
                let (mut state, mut twin_state) = (PipeState::default(), PipeState::default());
                let (mut alone, mut twin_alone) = (PipeState::default(), PipeState::default());
                for length in [0, 1, 2, 3, 5, 6, 7, 8, 9, 15, 31, 32, 64, 0, 64, 200] {
                    let source = noise::<f64>(2, length, 1.0, length as u32);
                    let input: Vec<[f64; 2]> =
                        source[0].iter().zip(&source[1]).map(|(l, r)| [*l, *r]).collect();
                    let (mut out, mut twin) = (vec![[9.0; 2]; length], vec![[9.0; 2]; length]);
                    let settle = length % 2 == 0;
                    kernels::pipeline(isa, &pipe, settle, 5, &input, &mut out, &mut state);
                    scalar::pipeline(&pipe, settle, 5, &input, &mut twin, &mut twin_state);
                    assert_eq!(bits(&out), bits(&twin), "{isa:?} {bands} bands, {length} frames");
                    assert_eq!(state, twin_state, "{isa:?} {bands} bands, {length} frames");
                    let left: Vec<f64> = input.iter().map(|frame| frame[0]).collect();
                    let (mut out, mut one) = (vec![9.0; length], vec![9.0; length]);
                    kernels::pipeline_one(isa, &pipe, settle, 5, &left, &mut out, &mut alone);
                    scalar::pipeline_one(&pipe, settle, 5, &left, &mut one, &mut twin_alone);
                    let of_pair = twin.iter().map(|frame| frame[0].to_bits());
                    assert!(
                        of_pair.eq(out.iter().map(|x| x.to_bits())),
                        "{isa:?} {bands} {length}"
                    );
                    assert!(one.iter().zip(&out).all(|(a, b)| a.to_bits() == b.to_bits()));
                    assert_eq!(alone, twin_alone, "{isa:?} {bands} bands, {length} frames");
                }
            }
        }
    }
}

/// A silent input: the states run down to zero and stay there.
#[test]
fn the_pipeline_settles() {
    let mut pick = Noise::new(13);
    let mut pipe = PipeBands::new(PIPE_BANDS);
    for band in 0..PIPE_BANDS {
        pipe.set(band, &PipeBand { section: section(&mut pick), dry: 0.0 }, &PipeBand::STILL);
    }
    for isa in Isa::available() {
        let mut state = PipeState::default();
        let mut out = [[0.0; 2]; 64];
        kernels::pipeline(isa, &pipe, true, 0, &[[1.0; 2]; 64], &mut out, &mut state);
        for _ in 0..1000 {
            kernels::pipeline(isa, &pipe, true, 0, &[[0.0; 2]; 64], &mut out, &mut state);
        }
        assert!(state == PipeState::default() && out == [[0.0; 2]; 64], "{isa:?}");
        let mut out = [0.0; 64];
        kernels::pipeline_one(isa, &pipe, true, 0, &[1.0; 64], &mut out, &mut state);
        assert!(state != PipeState::default(), "{isa:?}");
        for _ in 0..1000 {
            kernels::pipeline_one(isa, &pipe, true, 0, &[0.0; 64], &mut out, &mut state);
        }
        assert!(state == PipeState::default() && out == [0.0; 64], "{isa:?}");
    }
}

/// Coming to rest makes no sound: not even where a section's states nearly cancel each other. With a
/// resonance at 5 Hz and 384 kHz, one state set to 0 alone would be heard 1/ω₀ = 12,000 times larger.
#[test]
fn a_slow_section_settles_without_a_sound() {
    let slow = second_order(Method::Cookbook, Shape::LowPass, 5.0, 40.0, 0.0, 384_000.0).unwrap();
    let section = Section { b: [1.0, 0.0, 0.0], a: slow.a };
    let mut pipe = PipeBands::new(1);
    pipe.set(0, &PipeBand { section, dry: 0.0 }, &PipeBand::STILL);
    let isa = Isa::detect();
    let heard = |settle: bool| {
        let (mut state, mut pairs) = (PipeState::default(), [[[0.0; 4]; 2]; 1]);
        let (mut out, mut peaks) = ([[0.0; 2]; 64], [0.0_f64; 2]);
        let mut input = [[0.0; 2]; 64];
        input[0] = [1e-31; 2];
        for _ in 0..20_000 {
            kernels::pipeline(isa, &pipe, settle, 0, &input, &mut out, &mut state);
            let (mut one, mut two) = ([[0.0; 2]; 64], [[0.0; 2]; 64]);
            one[0][0] = input[0][0];
            kernels::pair_cascade(isa, &[[section; 2]], None, [&mut one, &mut two], &mut pairs);
            if settle {
                kernels::settle_pairs(isa, &mut pairs);
            }
            peaks[0] = out.iter().fold(peaks[0], |peak, y| peak.max(y[0].abs()));
            peaks[1] = one.iter().fold(peaks[1], |peak, y| peak.max(y[0].abs()));
            input[0] = [0.0; 2];
        }
        peaks
    };
    let (free, settled) = (heard(false), heard(true));
    // The sine of 1e-31/ω₀, and not more for being watched.
    assert!(free[0] > 1e-27 && free[0] < 1.3e-27, "{free:?}");
    for (settled, free) in settled.into_iter().zip(free) {
        assert!(settled <= free, "{settled:e}, left alone {free:e}");
    }
}

/// What ran over is at rest at the next multiple of 64 frames, and the section is as new; what did not is
/// left as it is.
#[test]
fn what_ran_over_comes_to_rest() {
    let mut pick = Noise::new(15);
    let section = section(&mut pick);
    for moving in [false, true] {
        let mut pipe = PipeBands::new(3);
        let step = Section { b: [1e-6; 3], a: [1e-6; 2] };
        let step = if moving { PipeBand { section: step, dry: 1e-3 } } else { PipeBand::STILL };
        pipe.set(1, &PipeBand { section, dry: 0.0 }, &step);
        for isa in Isa::available() {
            for fault in [f64::INFINITY, f64::NAN] {
                let (mut state, mut fresh) = (PipeState::default(), PipeState::default());
                let run = |input: [f64; 2], state: &mut PipeState| {
                    let mut out = [[0.0; 2]; 64];
                    kernels::pipeline(isa, &pipe, true, 0, &[input; 64], &mut out, state);
                    out
                };
                let out = run([fault, 0.5], &mut state);
                assert!(!out[63][0].is_finite());
                let other = run([0.0, 0.5], &mut fresh);
                assert!(out.iter().zip(&other).all(|(a, b)| a[1] == b[1]), "{isa:?} {fault}");
                let (again, new) = (run([0.25; 2], &mut state), run([0.25; 2], &mut fresh));
                assert!(again == new && state == fresh, "{isa:?} {fault} {moving}");
            }
        }
    }
    for isa in Isa::available() {
        let mut pairs = [[[f64::NAN, 1.0, f64::INFINITY, 1e-31], [1.0, 2.0, 0.0, -1e-31]]];
        kernels::settle_pairs(isa, &mut pairs);
        assert_eq!(pairs, [[[0.0, 1.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0]]]);
        let mut state = [[f64::NAN, 0.25], [1.0, 0.5]];
        kernels::svf(isa, &[], true, &mut [], &mut state);
        assert_eq!(state, [[0.0, 0.25], [0.0, 0.5]]);
    }
}

fn pairs<S: Sample>() {
    for isa in Isa::available() {
        for length in [0, 1, 7, 8, 9, 16, 63, 64] {
            let mut source = noise::<S>(2, length, 1.0, 8);
            for (n, fault) in [f64::NAN, f64::INFINITY, 2e6, -1e30].into_iter().enumerate() {
                if let Some(sample) = source[n % 2].get_mut(3 * n) {
                    *sample = S::from_f64(fault);
                }
            }
            let (left, right) = (&source[0], &source[1]);
            let (mut out, mut twin) = (vec![[9.0; 2]; length], vec![[9.0; 2]; length]);
            let faults = kernels::pair_in(isa, left, right, &mut out);
            assert_eq!(faults, scalar::pair_in(left, right, &mut twin));
            assert_eq!(bits(&out), bits(&twin));
            if let Some(frame) = out.get_mut(2) {
                *frame = [1e300, -1e300];
            }
            let (mut l, mut r) = (left.clone(), right.clone());
            let (mut l2, mut r2) = (left.clone(), right.clone());
            kernels::pair_out(isa, &out, &mut l, &mut r);
            scalar::pair_out(&out, &mut l2, &mut r2);
            assert!(l == l2 && r == r2);
            let (mut alone, mut twin) = (vec![9.0; length], vec![9.0; length]);
            let faults = kernels::channel_in(isa, left, &mut alone);
            assert_eq!(faults, scalar::channel_in(left, &mut twin));
            assert!(alone.iter().zip(&twin).all(|(a, b)| a.to_bits() == b.to_bits()));
            // Of each pair of channels the first: the same way in and out.
            let of_pair: Vec<f64> = out.iter().map(|frame| frame[0]).collect();
            let unheld = |n: usize| n != 2;
            assert!((0..length).filter(|&n| unheld(n)).all(|n| alone[n] == of_pair[n]));
            let (mut one, mut one2) = (left.clone(), left.clone());
            kernels::channel_out(isa, &of_pair, &mut one);
            scalar::channel_out(&of_pair, &mut one2);
            assert!(one == l && one2 == l);
            assert!(l.iter().chain(&r).all(|x| x.is_finite()));
        }
    }
}

#[test]
fn pairs_of_channels() {
    pairs::<f32>();
    pairs::<f64>();
}

#[test]
fn the_state_variable_filter() {
    let mut pick = Noise::new(14);
    for isa in Isa::available() {
        let (mut state, mut twin_state) = ([[0.0; 2]; 2], [[0.0; 2]; 2]);
        for length in [0, 1, 7, 64, 200] {
            let coefficients: Vec<_> =
                (0..length).map(|_| [0; 6].map(|_| 0.4 * pick.next_f64())).collect();
            let source = noise::<f64>(2, length, 1.0, length as u32);
            let mut io: Vec<[f64; 2]> =
                source[0].iter().zip(&source[1]).map(|(l, r)| [*l, *r]).collect();
            let mut twin = io.clone();
            kernels::svf(isa, &coefficients, true, &mut io, &mut state);
            scalar::svf(&coefficients, true, &mut twin, &mut twin_state);
            assert_eq!(bits(&io), bits(&twin), "{isa:?} {length}");
            assert_eq!(state, twin_state);
            state[1][0] = 1e-31;
            twin_state[1][0] = 1e-31;
        }
    }
}
