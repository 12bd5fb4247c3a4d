//! The kernels of the analysis against their plain twins, bit for bit.

use mixcore::audio::Sample;
use mixcore::kernels::{self, BandPasses, Isa, SCREEN_HISTORY, scalar};

use crate::signals::{Noise, noise};

/// Lengths around every vector width, and odd large ones.
const LENGTHS: [usize; 19] =
    [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 18, 31, 32, 33, 64, 65, 130, 480, 1023];

fn everywhere(check: impl Fn(Isa, usize, usize)) {
    for isa in Isa::available() {
        for length in LENGTHS {
            for offset in [0, 1, 3] {
                check(isa, length, offset);
            }
        }
    }
}

fn pairs<S: Sample>() {
    everywhere(|isa, length, offset| {
        let audio = noise::<S>(2, length + offset, 1.0, 91);
        let (left, right) = (&audio[0][offset..], &audio[1][offset..]);
        assert_eq!(kernels::dot3(isa, left, right), scalar::dot3(left, right));
        // The shorter one counts.
        let short = &right[..length / 2];
        assert_eq!(kernels::dot3(isa, left, short), scalar::dot3(&left[..length / 2], short));
        let own = kernels::dot3(isa, left, left);
        assert_eq!((own.left, own.product), (own.right, own.right));
        assert_eq!(own.left, kernels::peak_energy(isa, left).energy);
    });
}

#[test]
fn products_of_a_pair() {
    pairs::<f32>();
    pairs::<f64>();
    let sums = kernels::dot3(Isa::detect(), &[1.0_f64, 2.0, 3.0], &[2.0, -1.0, 0.5]);
    assert_eq!((sums.left, sums.right, sums.product), (14.0, 5.25, 1.5));
}

#[test]
fn products_over_lags() {
    everywhere(|isa, lags, offset| {
        for frames in [0, 1, 5, 64, 300] {
            let a = noise::<f64>(1, frames, 1.0, 92).remove(0);
            let b = noise::<f64>(1, frames + lags + offset, 1.0, 93).remove(0);
            let mut sums = noise::<f64>(1, lags, 1.0, 94).remove(0);
            let mut twin = sums.clone();
            kernels::lag_products(isa, &a, &b[offset..], &mut sums);
            scalar::lag_products(&a, &b[offset..], &mut twin);
            assert_eq!(sums, twin, "{isa:?} {lags} lags, {frames} frames");
            // A `b` that is too short: only the frames whose every lag it reaches.
            let short = &b[..(frames / 2 + lags).saturating_sub(1)];
            kernels::lag_products(isa, &a, short, &mut sums);
            scalar::lag_products(&a, short, &mut twin);
            assert_eq!(sums, twin, "{isa:?} {lags} lags, {frames} frames, short");
        }
    });
    let mut sums = [0.0; 3];
    kernels::lag_products(Isa::detect(), &[1.0, 2.0], &[1.0, 10.0, 100.0, 1000.0], &mut sums);
    assert_eq!(sums, [21.0, 210.0, 2100.0]);
}

fn screens<S: Sample>() {
    everywhere(|isa, length, offset| {
        let mut pick = Noise::new(length as u32 + 7);
        for seed in 0..8 {
            let mut line =
                noise::<S>(1, length + SCREEN_HISTORY + offset, 1.0, 95 + seed).remove(0);
            let line = &mut line[offset..];
            if seed > 2 {
                // A quiet group, or a repetition, somewhere.
                let at = pick.below(line.len());
                for x in line[at..].iter_mut().take([2, 3, 9, 15][seed as usize % 4]) {
                    *x = S::from_f64(if seed % 2 == 0 { 0.009 } else { 0.5 });
                }
            }
            let found = kernels::level_screen(isa, line, 0.01);
            assert_eq!(found, scalar::level_screen(line, 0.01), "{isa:?} {length}");
        }
    });
}

#[test]
fn screens_of_levels() {
    screens::<f32>();
    screens::<f64>();
    let see = |line: &[f32]| kernels::level_screen(Isa::detect(), line, 0.1);
    // The history counts for repetitions alone.
    let found = see(&[0.5, 0.5, 0.5, -0.25]);
    assert_eq!((found.sum, found.energy, found.peak), (0.25, 0.3125, 0.5));
    assert!(found.repeats && !found.quiet);
    assert!(!see(&[0.4, 0.5, 0.5, -0.25]).repeats);
    // 15 quiet samples cover a group of eight wherever they lie; 7 never do.
    for at in 2..40 {
        let mut line: Vec<f32> = (0..64).map(|n| 0.2 + n as f32 * 0.001).collect();
        line[at..at + 7].fill(0.0);
        assert!(!see(&line).quiet, "{at}");
        line[at..at + 15].fill(0.0);
        assert!(see(&line).quiet, "{at}");
    }
}

fn bands<S: Sample>() {
    // Any stable sections; the standard's are tested with their design.
    let filters = |sections| BandPasses {
        a: core::array::from_fn(|section| {
            let at = |lane: usize| (section * 8 + lane) as f64;
            [
                core::array::from_fn(|lane| -1.98 + 0.05 * at(lane)),
                core::array::from_fn(|lane| 0.99 - 0.004 * at(lane)),
            ]
        }),
        sections,
    };
    everywhere(|isa, length, offset| {
        let audio = noise::<S>(2, length + offset, 1.0, 96);
        let (left, right) = (&audio[0][offset..], &audio[1][offset..]);
        for sections in [3, 4] {
            let filters = filters(sections);
            let (mut state, mut sums) = ([[[0.1; 8]; 2]; 4], [1.0; 8]);
            let (mut twin_state, mut twin_sums) = (state, sums);
            kernels::band_energies(isa, &filters, left, &mut state, &mut sums);
            scalar::band_energies(&filters, left, &mut twin_state, &mut twin_sums);
            assert_eq!((state, sums), (twin_state, twin_sums), "{isa:?} {length}");
            let (mut states, mut sums) = ([state; 2], [[0.5; 8]; 3]);
            let (mut twin_states, mut twin_sums) = (states, sums);
            kernels::band_products(isa, &filters, left, right, &mut states, &mut sums);
            scalar::band_products(&filters, left, right, &mut twin_states, &mut twin_sums);
            assert_eq!((states, sums), (twin_states, twin_sums), "{isa:?} {length}");
        }
    });
}

#[test]
fn bands_of_one_channel_and_of_a_pair() {
    bands::<f32>();
    bands::<f64>();
    let mixed = [[[2e-30, -9e-31, 0.0, 1.0, -1e-30, 1e-31, -2.0, 5e-324]; 2]; 4];
    for isa in Isa::available() {
        let (mut state, mut twin) = (mixed, mixed);
        kernels::settle_bands(isa, &mut state);
        scalar::settle_bands(&mut twin);
        assert_eq!(state, [[[2e-30, 0.0, 0.0, 1.0, -1e-30, 0.0, -2.0, 0.0]; 2]; 4]);
        assert_eq!(state, twin);
    }
}
