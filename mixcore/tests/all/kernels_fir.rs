//! The FIR kernels at every SIMD level against their plain twins, bit for bit.

use mixcore::audio::Sample;
use mixcore::kernels::{self, Isa, PhasePlace, PhasePlan, scalar};

use proptest::prelude::*;

use crate::signals::noise;

fn bits<S: Sample>(samples: &[S]) -> Vec<u64> {
    samples.iter().map(|s| s.as_f64().to_bits()).collect()
}

/// A bank of noise: what does not belong to the rows is zero.
fn bank<S: Sample>(plan: &PhasePlan) -> Vec<S> {
    let mut bank = vec![S::zero(); plan.bank_len()];
    for row in 0..plan.rows() {
        let taps = noise::<S>(1, plan.taps(), 1.0, row as u32).remove(0);
        plan.row_mut(&mut bank, row).unwrap().copy_from_slice(&taps);
    }
    bank
}

fn phases<S: Sample>() {
    for (up, down) in [(160, 147), (147, 160), (1, 2), (2, 1), (3, 1), (20, 147), (1, 48), (17, 5)]
    {
        for taps in [1, 7, 33] {
            let plan = PhasePlan::new::<S>(up, down, taps);
            let bank = bank::<S>(&plan);
            let lines = noise::<S>(2, 900, 1.0, 77);
            for (start, row) in [(0, 0), (3, 1 % plan.rows()), (5, plan.rows() - 1)] {
                let place = PhasePlace { start, row };
                for length in [0, 1, 3, 4, 7, 8, 9, 30, 170, 5000] {
                    let run = |f: &dyn Fn(&mut [S], &mut [S]) -> PhasePlace| {
                        let (mut a, mut b) = (vec![S::one(); length], vec![S::one(); length]);
                        let next = f(&mut a, &mut b);
                        (bits(&a), bits(&b), next)
                    };
                    let expected = run(&|a, b| {
                        scalar::phase_dots(&plan, &bank, place, &lines[1], b);
                        scalar::phase_dots(&plan, &bank, place, &lines[0], a)
                    });
                    for isa in Isa::available() {
                        let alone = run(&|a, b| {
                            kernels::phase_dots(isa, &plan, &bank, place, &lines[1], b);
                            kernels::phase_dots(isa, &plan, &bank, place, &lines[0], a)
                        });
                        assert_eq!(alone, expected, "{isa:?} {up}/{down} {taps} {length}");
                        let both = run(&|a, b| {
                            let lines = [&lines[0][..], &lines[1]];
                            kernels::phase_dots_two(isa, &plan, &bank, place, lines, [a, b])
                        });
                        assert_eq!(both, expected, "{isa:?} {up}/{down} {taps} {length}");
                    }
                }
            }
        }
    }
}

#[test]
fn outputs_of_a_bank_of_phases() {
    phases::<f32>();
    phases::<f64>();
}

/// The sums themselves, as the definition reads: window after window, phase after phase.
#[test]
fn a_bank_of_phases_is_a_sum_of_products() {
    let (up, down, taps) = (7, 5, 12);
    let plan = PhasePlan::new::<f64>(up, down, taps);
    let mut bank = bank::<f64>(&plan);
    let line = noise::<f64>(1, 400, 1.0, 3).remove(0);
    let mut out = vec![0.0; 300];
    let next =
        kernels::phase_dots(Isa::detect(), &plan, &bank, PhasePlace::default(), &line, &mut out);
    for (m, y) in out.iter().enumerate() {
        let row = m % plan.rows();
        assert_eq!(plan.phase(row), m * down % up);
        let row = plan.row_mut(&mut bank, row).unwrap();
        let sum: f64 = row.iter().zip(&line[m * down / up..]).map(|(h, x)| h * x).sum();
        assert!((y - sum).abs() < 1e-13, "{m}: {y} {sum}");
    }
    assert_eq!(next, plan.after(PhasePlace::default(), 300));
    assert_eq!(plan.end_of(PhasePlace::default(), 300), 300 * down / up + taps);
    // Windows that start at or before sample 10: 0, 0, 1, 2, 2, 3 … of five samples every seven.
    assert_eq!(plan.outputs_until(PhasePlace::default(), 10), 16);
}

fn sums<S: Sample>() {
    for isa in Isa::available() {
        for count in [0, 1, 2, 5, 15, 16, 17, 31, 32, 33, 36, 64, 70, 100] {
            let taps = noise::<S>(1, count, 1.0, 21).remove(0);
            for length in [0, 1, 3, 4, 7, 8, 9, 31, 48, 49, 97, 130] {
                for offset in [0, 1, 3] {
                    let source = noise::<S>(1, length + 2 * count + offset, 1.0, 22).remove(0);
                    let input = &source[offset..];
                    let run = |f: &dyn Fn(&mut [S])| {
                        let mut out = vec![S::one(); length];
                        f(&mut out);
                        bits(&out)
                    };
                    assert_eq!(
                        run(&|out| kernels::fir(isa, input, &taps, out)),
                        run(&|out| scalar::fir(input, &taps, out)),
                        "{isa:?} {count} {length}"
                    );
                    assert_eq!(
                        run(&|out| kernels::mirrored_fir(isa, input, &taps, out)),
                        run(&|out| scalar::mirrored_fir(input, &taps, out)),
                        "{isa:?} {count} {length}"
                    );
                    let half = length / 2;
                    assert_eq!(
                        run(&|out| kernels::weave(isa, input, &source, out)),
                        run(&|out| scalar::weave(input, &source, out))
                    );
                    assert_eq!(
                        run(&|out| {
                            let (a, b) = out.split_at_mut(half);
                            kernels::unweave(isa, input, a, b);
                        }),
                        run(&|out| {
                            let (a, b) = out.split_at_mut(half);
                            scalar::unweave(input, a, b);
                        })
                    );
                }
            }
        }
    }
}

#[test]
fn sums_of_products_in_time() {
    sums::<f32>();
    sums::<f64>();
}

#[test]
fn a_weave_is_undone() {
    let isa = Isa::detect();
    let source = noise::<f32>(2, 37, 1.0, 5);
    let mut woven = vec![0.0; 74];
    kernels::weave(isa, &source[0], &source[1], &mut woven);
    assert!((0..37).all(|n| woven[2 * n] == source[0][n] && woven[2 * n + 1] == source[1][n]));
    let mut back = vec![vec![0.0; 37]; 2];
    let (even, odd) = back.split_at_mut(1);
    kernels::unweave(isa, &woven, &mut even[0], &mut odd[0]);
    assert_eq!(back, source);
}

proptest! {
    #[test]
    fn fir_kernels_take_slices_of_any_length(
        x in prop::collection::vec(-1.0..1.0_f32, 0..130),
        y in prop::collection::vec(-1.0..1.0_f32, 0..130),
        bank in prop::collection::vec(-1.0..1.0_f32, 0..600),
        out in prop::collection::vec(0.0..1.0_f32, 0..70),
        (up, down, taps) in (0..20_usize, 0..20_usize, 0..20_usize),
        start in prop_oneof![3 => 0..60_usize, 1 => any::<usize>()],
        row in prop_oneof![3 => 0..60_usize, 1 => any::<usize>()],
    ) {
        let plan = PhasePlan::new::<f32>(up, down, taps);
        let place = PhasePlace { start, row };
        for isa in Isa::available() {
            let run = |f: &dyn Fn(&mut [f32])| {
                let mut out = out.clone();
                f(&mut out);
                bits(&out)
            };
            prop_assert_eq!(
                run(&|out| kernels::fir(isa, &x, &y, out)),
                run(&|out| scalar::fir(&x, &y, out))
            );
            prop_assert_eq!(
                run(&|out| kernels::mirrored_fir(isa, &x, &y, out)),
                run(&|out| scalar::mirrored_fir(&x, &y, out))
            );
            prop_assert_eq!(
                run(&|out| kernels::weave(isa, &x, &y, out)),
                run(&|out| scalar::weave(&x, &y, out))
            );
            prop_assert_eq!(
                run(&|out| kernels::unweave(isa, &x, out, &mut y.clone())),
                run(&|out| scalar::unweave(&x, out, &mut y.clone()))
            );
            let (mut a, mut twin) = (out.clone(), out.clone());
            let next = kernels::phase_dots(isa, &plan, &bank, place, &x, &mut a);
            prop_assert_eq!(next, scalar::phase_dots(&plan, &bank, place, &x, &mut twin));
            prop_assert_eq!(bits(&a), bits(&twin));
            let (mut a, mut b) = (out.clone(), out.clone());
            kernels::phase_dots_two(isa, &plan, &bank, place, [&x, &y], [&mut a, &mut b]);
            if x.len() <= y.len() {
                prop_assert_eq!(bits(&a), bits(&twin));
            }
        }
        std::hint::black_box((plan.after(place, start), plan.end_of(place, row)));
        std::hint::black_box(plan.outputs_until(place, start));
    }
}
