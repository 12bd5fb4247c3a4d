//! Every kernel at every SIMD level against its plain twin, bit for bit.

use mixcore::audio::Sample;
use mixcore::kernels::{self, Isa, IsaLevel, KSegments, KWeight, MirroredTaps, PointPair, scalar};
use mixcore::loudness::KWeighting;

use crate::signals::{Noise, noise};

/// Lengths around every vector width, and odd large ones.
const LENGTHS: [usize; 21] =
    [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 23, 31, 32, 33, 63, 64, 65, 130, 480, 1023, 4097];

fn bits<S: Sample>(samples: &[S]) -> Vec<u64> {
    samples.iter().map(|s| s.as_f64().to_bits()).collect()
}

/// Runs `check(isa, length, offset)` for every level, length and a few misalignments.
fn everywhere(check: impl Fn(Isa, usize, usize)) {
    for isa in Isa::available() {
        for length in LENGTHS {
            for offset in [0, 1, 3] {
                check(isa, length, offset);
            }
        }
    }
}

#[test]
fn the_scalar_level_is_among_those_tested() {
    let levels: Vec<IsaLevel> = Isa::available().map(Isa::level).collect();
    assert!(levels.contains(&IsaLevel::Scalar), "{levels:?}");
    assert!(levels.windows(2).all(|pair| pair[0] < pair[1]), "{levels:?}");
}

#[cfg(target_arch = "x86_64")]
#[test]
fn avx2_is_the_cap_where_the_cpu_has_more() {
    // Without `std` nothing is detected; `mixcore/tests/bare/prove.sh` looks at the machine code.
    if cfg!(feature = "std") && std::is_x86_feature_detected!("avx512f") {
        assert_eq!(Isa::detect().level(), IsaLevel::Avx2);
        assert_eq!(Isa::available().last(), Some(Isa::detect()));
    }
}

fn in_place<S: Sample>() {
    everywhere(|isa, length, offset| {
        let source = noise::<S>(1, length + offset, 1.0, 1).remove(0);
        let control: Vec<f32> = noise::<f32>(1, length, 1.0, 2).remove(0);
        let g = S::from_f64(0.7);
        let step = S::from_f64(-1e-3);
        let run = |f: &dyn Fn(&mut [S])| {
            let mut io = source.clone();
            f(&mut io[offset..]);
            bits(&io)
        };
        assert_eq!(run(&|io| kernels::gain(isa, io, g)), run(&|io| scalar::gain(io, g)));
        assert_eq!(
            run(&|io| kernels::gain_ramp(isa, io, g, step, 5)),
            run(&|io| scalar::gain_ramp(io, g, step, 5))
        );
        assert_eq!(
            run(&|io| kernels::apply_gains(isa, io, &control)),
            run(&|io| scalar::apply_gains(io, &control))
        );
        let other = noise::<S>(1, length, 1.0, 3).remove(0);
        assert_eq!(
            run(&|io| kernels::scale_into(isa, &other, &control, io)),
            run(&|io| scalar::scale_into(&other, &control, io))
        );
        assert_eq!(
            run(&|io| kernels::add_scaled(isa, io, &other, g)),
            run(&|io| scalar::add_scaled(io, &other, g))
        );
        assert_eq!(
            run(&|io| kernels::weigh(isa, io, &other)),
            run(&|io| scalar::weigh(io, &other))
        );
    });
}

#[test]
fn gains_and_sums_in_place() {
    in_place::<f32>();
    in_place::<f64>();
}

fn buses<S: Sample>() {
    everywhere(|isa, length, offset| {
        let source = noise::<S>(1, length + offset, 1.0, 4).remove(0);
        let mut sum = noise::<f64>(1, length, 1.0, 5).remove(0);
        let mut twin = sum.clone();
        kernels::accumulate(isa, &mut sum, &source[offset..], 0.3);
        scalar::accumulate(&mut twin, &source[offset..], 0.3);
        assert_eq!(bits(&sum), bits(&twin));
        kernels::accumulate_ramp(isa, &mut sum, &source[offset..], 0.3, -1e-4, 7);
        scalar::accumulate_ramp(&mut twin, &source[offset..], 0.3, -1e-4, 7);
        assert_eq!(bits(&sum), bits(&twin));
        let mut out = vec![S::zero(); length];
        let mut out_twin = out.clone();
        kernels::round_into(isa, &sum, &mut out);
        scalar::round_into(&sum, &mut out_twin);
        assert_eq!(bits(&out), bits(&out_twin));
        assert_eq!(kernels::sum(isa, &sum).to_bits(), scalar::sum(&sum).to_bits());
    });
}

#[test]
fn buses_accumulate_in_f64_and_round_once() {
    buses::<f32>();
    buses::<f64>();
}

fn reductions<S: Sample>() {
    everywhere(|isa, length, offset| {
        let source = noise::<S>(1, length + offset, 1.0, 6).remove(0);
        let part = &source[offset..];
        assert_eq!(kernels::peak(isa, part), scalar::peak(part));
        assert_eq!(kernels::peak_energy(isa, part), scalar::peak_energy(part));
        assert_eq!(kernels::extent(isa, part), scalar::extent(part));
    });
}

#[test]
fn peak_and_energy() {
    reductions::<f32>();
    reductions::<f64>();
}

fn cleaning<S: Sample>() {
    let faults = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.1e6, -3e8];
    everywhere(|isa, length, offset| {
        let mut source = noise::<S>(1, length + offset, 1.0, 8).remove(0);
        let mut pick = Noise::new(length as u32);
        for n in 0..length / 5 {
            let at = offset + pick.below(length);
            source[at] = S::from_f64(faults[n % faults.len()]);
        }
        let mut out = vec![S::one(); length];
        let mut twin = out.clone();
        let count = kernels::clean(isa, &source[offset..], &mut out);
        assert_eq!(count, scalar::clean(&source[offset..], &mut twin));
        assert_eq!(bits(&out), bits(&twin));
        let (mut work, mut peaks) = (vec![S::one(); length], vec![S::one(); length / 64 + 2]);
        let mut twins = peaks.clone();
        let from = &source[offset..];
        assert_eq!(kernels::clean_peaks(isa, from, &mut work, &mut peaks), count);
        assert_eq!(bits(&work), bits(&out));
        scalar::clean_peaks(from, &mut work, &mut twins);
        assert_eq!(bits(&peaks), bits(&twins));
        assert_eq!(kernels::clean_in_place(isa, &mut source[offset..]), count);
        assert_eq!(bits(&source[offset..]), bits(&out));
        assert!(out.iter().all(|x| x.abs() <= S::from_f64(kernels::SAMPLE_LIMIT)));
    });
    // The limit itself is still a sample.
    let edge = [S::from_f64(1e6), S::from_f64(-1e6)];
    let mut out = [S::zero(); 2];
    assert_eq!(kernels::clean(Isa::detect(), &edge, &mut out), 0);
    assert_eq!(out, edge);
}

#[test]
fn cleaning_takes_faults_as_zero_and_counts_them() {
    cleaning::<f32>();
    cleaning::<f64>();
}

fn interpolation<S: Sample>() {
    for taps in [12, 24, 31] {
        for phases in [1, 2, 3, 4, 7] {
            let bank = noise::<S>(1, taps * phases, 1.0, 9).remove(0);
            everywhere(|isa, length, offset| {
                if length > 500 {
                    return;
                }
                let input = noise::<S>(1, length + taps + offset, 1.0, 10).remove(0);
                let mut out = vec![S::zero(); length];
                let mut twin = out.clone();
                kernels::fir_peaks(isa, &input[offset..], &bank, taps, &mut out);
                scalar::fir_peaks(&input[offset..], &bank, taps, &mut twin);
                assert_eq!(bits(&out), bits(&twin));
            });
        }
    }
}

#[test]
fn peaks_between_the_samples() {
    interpolation::<f32>();
    interpolation::<f64>();
}

fn k_weighting<S: Sample>() {
    // Any stable filter will do here; the standard's is tested with its coefficients.
    let filter =
        KWeight { shelf_b: [1.5, -2.7, 1.2], shelf_a: [-1.69, 0.73], high_pass_a: [-1.99, 0.9901] };
    let start = [0.3, -0.2, 0.1, 0.01];
    let source = noise::<S>(1, 1000, 1.0, 11).remove(0);
    for isa in Isa::available() {
        // Segments of every remainder by the tile; too short for one; nothing at all.
        for shortest in [0, 8, 31, 32, 80, 110, 220, 441, 480, 481] {
            let k = KSegments::new(filter, shortest);
            let mut memory = vec![0.5; KSegments::required_len(shortest)];
            let (table, work) = memory.split_at_mut(k.table_len());
            k.fill_table(table);
            // Shorter than the segments, as long, and with a rest behind them.
            for length in [0, 1, 79, 80, 87, 441, 480, 481, 488, 700] {
                for offset in 0..3 {
                    let x = &source[offset..offset + length];
                    let carry = kernels::k_carry(isa, &k, table, x, work);
                    let found = kernels::k_energy(isa, &k, table, x, &start, work);
                    let twin = scalar::k_energy(&k, table, x, &start, work);
                    assert_eq!(found.energy.to_bits(), twin.energy.to_bits());
                    assert_eq!(bits(&found.carry), bits(&twin.carry));
                    assert_eq!(bits(&carry), bits(&twin.carry));
                    assert_eq!(bits(&carry), bits(&scalar::k_carry(&k, table, x, work)));
                }
            }
            // Too little memory: one by one, and no panic.
            let x = &source[..480];
            let short = work.len().saturating_sub(1);
            for (table, work) in [(&table[..table.len() / 2], &mut work[..]), (&[], &mut [])] {
                let found = kernels::k_energy(isa, &k, table, x, &start, work);
                assert_eq!(found, scalar::k_energy(&k, table, x, &start, work));
            }
            let found = kernels::k_energy(isa, &k, table, x, &start, &mut work[..short]);
            assert_eq!(found, scalar::k_energy(&k, table, x, &start, &work[..short]));
        }
    }
}

#[test]
fn k_weighting_of_sub_blocks() {
    k_weighting::<f32>();
    k_weighting::<f64>();
}

/// Both sides round every sample's sum of a few products of order 1, in another order: 1e-15 each,
/// and the states keep a few thousand of them. A wrong state shows at 1e-3.
const K_TOLERANCE: f64 = 1e-12;

#[test]
fn sub_blocks_by_segments_are_those_of_the_plain_recursion() {
    // 48, 44.1, 8.05 and 192 kHz: no rest, one sample, lengths that differ, long segments.
    for (rate_hz, lengths) in
        [(48e3, [480, 480]), (44.1e3, [441, 441]), (8050.0, [80, 81]), (192e3, [1920, 1920])]
    {
        let filter = KWeighting::design(rate_hz).unwrap().kernel();
        let k = KSegments::new(filter, lengths[0]);
        let mut memory = vec![0.0; KSegments::required_len(lengths[0])];
        let (table, work) = memory.split_at_mut(k.table_len());
        k.fill_table(table);
        let source = noise::<f64>(1, 40 * lengths[1], 1.0, 13).remove(0);
        // A constant, which the high-pass must forget.
        let source: Vec<f64> = source.iter().map(|x| 0.3 * x + 0.5).collect();
        let (mut plain, mut handed, mut at) = ([0.0; 4], [0.0; 4], 0);
        for length in lengths.into_iter().cycle().take(40) {
            let sub_block = &source[at..at + length];
            let found = kernels::k_energy(Isa::detect(), &k, table, sub_block, &handed, work);
            let mut energy = 0.0;
            for &x in sub_block {
                let (y, next) = filter.step(plain, x);
                energy += y * y;
                plain = next;
            }
            handed = KWeight::hand_over(&filter.decay(length), &handed, &found.carry);
            let ratio = found.energy / energy;
            assert!((ratio - 1.0).abs() < K_TOLERANCE, "{rate_hz}: {ratio}");
            for (a, b) in plain.iter().zip(handed) {
                assert!((a - b).abs() < K_TOLERANCE, "{rate_hz}: {plain:?} {handed:?}");
            }
            at += length;
        }
    }
}

fn intake<S: Sample>() {
    everywhere(|isa, length, offset| {
        let mut source = noise::<S>(1, length + offset, 1.3, 14).remove(0);
        let odd = [1.0, -1.0, 1e6, -1.1e6, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0];
        for (n, x) in source.iter_mut().enumerate().filter(|(n, _)| n % 37 == 5) {
            *x = S::from_f64(odd[n / 37 % odd.len()]);
        }
        let mut twin = source[offset..].to_vec();
        let found = kernels::intake(isa, &mut source[offset..]);
        assert_eq!(found, scalar::intake(&mut twin));
        assert_eq!(bits(&source[offset..]), bits(&twin));
        let over = twin.iter().filter(|x| x.abs() >= S::one()).count();
        assert_eq!(found.clipped, over);
    });
}

#[test]
fn faults_and_clipped_samples_are_counted() {
    intake::<f32>();
    intake::<f64>();
}

fn mirrored<S: Sample>() {
    let taps = noise::<S>(1, 24, 1.0, 14).remove(0);
    let row = |n: usize| core::array::from_fn(|k| taps[n * 6 + k]);
    let annex = MirroredTaps::new([row(0), row(1)], [row(2), row(3)]);
    let pairs = core::array::from_fn::<_, 3, _>(|n| {
        PointPair::new(
            core::array::from_fn(|k| taps[n * 7 + k]),
            core::array::from_fn(|k| taps[n * 7 + 4 + k]),
        )
    });
    everywhere(|isa, length, offset| {
        let source = noise::<S>(2, length + 50 + offset, 1.0, 15);
        let (x, m) = (&source[0][offset..], &source[1][offset..]);
        let run = |f: &dyn Fn(&mut [S]) -> S| {
            let mut out = vec![S::one(); length];
            let largest = f(&mut out);
            out.push(largest);
            bits(&out)
        };
        let half = taps.first_chunk().unwrap();
        assert_eq!(
            run(&|out| {
                kernels::half_way(isa, x, half, out);
                S::zero()
            }),
            run(&|out| {
                scalar::half_way(x, half, out);
                S::zero()
            })
        );
        assert_eq!(
            run(&|out| kernels::mirrored_peaks(isa, x, &annex, out)),
            run(&|out| scalar::mirrored_peaks(x, &annex, out))
        );
        for pairs in [&pairs[..], &pairs[1..2], &pairs[..2], &[]] {
            assert_eq!(
                run(&|out| kernels::pair_peaks(isa, x, m, pairs, out)),
                run(&|out| scalar::pair_peaks(x, m, pairs, out))
            );
        }
    });
}

#[test]
fn peaks_of_mirrored_phases() {
    mirrored::<f32>();
    mirrored::<f64>();
}

fn windows<S: Sample>() {
    for window in [0, 1, 2, 3, 5, 8, 13, 64, 72, 112, 240, 241, 1000] {
        everywhere(|isa, length, offset| {
            if length > 1100 {
                return;
            }
            let mut input = noise::<S>(1, length + offset, 1.0, 11).remove(0);
            for x in &mut input {
                *x = x.abs();
            }
            let valid = (length + 1).saturating_sub(window.max(1));
            let mut twin = vec![S::zero(); valid];
            let mut work = input[offset..].to_vec();
            kernels::window_max(isa, &mut work, window);
            scalar::window_max(&input[offset..], window, &mut twin);
            assert_eq!(bits(&work[..valid]), bits(&twin), "maximum of {window}");
            if valid == 0 {
                return;
            }
            let mut work = input[offset..].to_vec();
            let mut out = twin.clone();
            kernels::box_sums(isa, &mut work, window, &mut out);
            scalar::box_sums(&input[offset..], window, &mut twin);
            assert_eq!(bits(&out), bits(&twin), "sum of {window}");
        });
    }
}

#[test]
fn sliding_maximum_and_box_sum() {
    windows::<f32>();
    windows::<f64>();
}
