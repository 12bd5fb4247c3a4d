//! The limiter's kernels at every SIMD level against their plain twins, bit for bit.

use mixcore::audio::Sample;
use mixcore::kernels::{self, Isa, ReleasePowers, WindowParts, scalar};

use crate::signals::noise;

/// Lengths around those of vectors, groups and chunks.
const LENGTHS: [usize; 19] = [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 24, 31, 40, 63, 64, 65, 72, 130];

fn bits<S: Sample>(samples: &[S]) -> Vec<u64> {
    samples.iter().map(|s| s.as_f64().to_bits()).collect()
}

fn points<S: Sample>() {
    let lines = noise::<S>(4, 400, 1.0, 21);
    for isa in Isa::available() {
        for length in LENGTHS {
            for offset in 0..3 {
                let (x, mids) = (&lines[0][offset..], &lines[1][offset..]);
                for taps in [1, 2, 18, 24, 60] {
                    let half = &lines[2][..taps];
                    let (mut out, mut twin) = (vec![S::one(); length], vec![S::one(); length]);
                    kernels::half_points(isa, x, half, &mut out);
                    scalar::half_points(x, half, &mut twin);
                    assert_eq!(bits(&out), bits(&twin), "{isa:?} {length} {taps}");
                    // An input that does not fill all windows.
                    kernels::half_points(isa, &x[..(length + taps) / 2], half, &mut out);
                    scalar::half_points(&x[..(length + taps) / 2], half, &mut twin);
                    assert_eq!(bits(&out), bits(&twin), "{isa:?} {length} {taps}");
                }
                for pairs in [0, 1, 3, 12] {
                    let taps = &lines[3][..13 * pairs];
                    for reach in [length, length + 5, length + 6, length + 20] {
                        let (mut out, mut twin) = (vec![S::one(); length], vec![S::one(); length]);
                        kernels::around_peaks(isa, &x[..reach], &mids[..reach], taps, &mut out);
                        scalar::around_peaks(&x[..reach], &mids[..reach], taps, &mut twin);
                        assert_eq!(bits(&out), bits(&twin), "{isa:?} {length} {pairs}");
                    }
                }
                let x = &x[..length];
                let single = |a: S, b: S| assert_eq!(bits(&[a]), bits(&[b]), "{isa:?} {length}");
                single(kernels::bend(isa, x), scalar::bend(x));
                single(kernels::steepest(isa, x), scalar::steepest(x));
                single(
                    kernels::woven_bend(isa, x, &mids[..length]),
                    scalar::woven_bend(x, &mids[..length]),
                );
                for groups in [0, length / 16, length / 16 + 1] {
                    let (mut out, mut twin) = (vec![S::one(); groups], vec![S::one(); groups]);
                    kernels::group_peaks(isa, x, &mut out);
                    scalar::group_peaks(x, &mut twin);
                    assert_eq!(bits(&out), bits(&twin), "{isa:?} {length}");
                }
            }
        }
    }
}

#[test]
fn points_and_bends() {
    points::<f32>();
    points::<f64>();
}

#[test]
fn windows_in_parts_and_releases() {
    let lines = noise::<f32>(3, 200, 1.0, 22);
    let lines: Vec<Vec<f32>> =
        lines.iter().map(|line| line.iter().map(|x| x.abs() * 3.0 + 1.0).collect()).collect();
    for isa in Isa::available() {
        for length in LENGTHS {
            for first in [0, 1, 8, 13, 63, 64, 500] {
                let ends = &lines[1][..length];
                let parts = WindowParts { ends, first, middle: 2.5, later: 1.5 };
                let new = &lines[0][..length.max(3) - 3];
                let run = |f: &dyn Fn(&mut [f32], &mut [f32])| {
                    let (mut back, mut out) = (vec![9.0; length], vec![9.0; length]);
                    f(&mut back, &mut out);
                    (bits(&back), bits(&out))
                };
                assert_eq!(
                    run(&|back, out| kernels::window_maxima(isa, new, &parts, back, out)),
                    run(&|back, out| scalar::window_maxima(new, &parts, back, out))
                );
                assert_eq!(
                    run(&|back, out| kernels::window_means(isa, new, &parts, 77.0, back, out)),
                    run(&|back, out| scalar::window_means(new, &parts, 77.0, back, out))
                );
            }
            for (before, factor) in [(0.0, 0.9), (0.95, 0.999), (0.3, 1.0)] {
                let powers = ReleasePowers::new(factor);
                let over = &lines[0][..length];
                let (mut out, mut twin) = (vec![9.0; length], vec![9.0; length]);
                let last = kernels::release(isa, over, before, &powers, &mut out);
                let expected = scalar::release(over, before, &powers, &mut twin);
                assert_eq!((last.to_bits(), bits(&out)), (expected.to_bits(), bits(&twin)));
                // Against the recursion itself: one rounding more or less each frame.
                let mut u: f64 = before;
                for (z, over) in out.iter().zip(over) {
                    u = (1.0 - 1.0 / f64::from(*over)).max(u * factor);
                    assert!((f64::from(*z) - (1.0 - u)).abs() < 1e-7);
                }
            }
            let (mut out, mut twin) = (lines[2][..length].to_vec(), lines[2][..length].to_vec());
            kernels::exceed(isa, &lines[0][..length], &lines[1], &mut out);
            scalar::exceed(&lines[0][..length], &lines[1], &mut twin);
            assert_eq!(bits(&out), bits(&twin));
            let fine: Vec<f64> = lines[0].iter().map(|&x| -1.1 * f64::from(x)).collect();
            kernels::exceed(isa, &fine[..length], &lines[1], &mut out);
            scalar::exceed(&fine[..length], &lines[1], &mut twin);
            assert_eq!(bits(&out), bits(&twin));
        }
    }
}
