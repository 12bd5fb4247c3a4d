//! How far the bins are from the exact reading: the table at the head of `histogram.rs`.

use mixcore::loudness::{BinWidth, LiveLoudness, SubBlocks};
use mixcore::units::Lufs;
use proptest::prelude::*;

use super::{Letter, WIDTHS, lufs, value, within};
use crate::signals::Noise;

/// What `histogram.rs` documents: worst error of I and of LRA over the random programmes, LU, rounded
/// up to the last digit.
const DOCUMENTED: [(BinWidth, f64, f64); 3] = [
    (BinWidth::OneHundredth, 0.0037, 0.0165),
    (BinWidth::OneTwentieth, 0.0126, 0.087),
    (BinWidth::OneTenth, 0.031, 0.147),
];

const RATE_HZ: f64 = 48_000.0;

fn energy(lufs: f64) -> f64 {
    Lufs::new(lufs).power().value() * RATE_HZ / 100.0
}

/// A level over time by one of five recipes, LUFS per 10 ms.
fn random_programme(seed: u32) -> Vec<f64> {
    let mut noise = Noise::new(seed.wrapping_mul(2_654_435_761));
    let seconds = 60.0 + (noise.next_f64() + 1.0) * 0.5 * (1800.0 - 60.0);
    let length = (seconds * 100.0) as usize;
    let centre = -20.0 + 6.0 * noise.next_f64();
    let spread = 4.0 + 3.0 * noise.next_f64();
    let (mut level, mut left, mut target) = (centre, 0, centre);
    (0..length)
        .map(|n| {
            if left == 0 {
                left = 10 + noise.below(300);
                target = centre + 5.0 * spread * noise.next_f64() * noise.next_f64();
                if noise.below(4) == 0 {
                    target -= 25.0;
                }
            }
            left -= 1;
            let jitter = noise.next_f64();
            match seed % 5 {
                // Speech: syllables around a level, with pauses.
                0 => level += 0.1 * (target - level) + 2.0 * jitter,
                // Scenes at steady levels.
                1 => level = target,
                // Music: a slow walk.
                2 => level = (level + 0.2 * jitter).clamp(centre - 25.0, centre + 8.0),
                // A fade over the whole.
                3 => level = centre - 35.0 * n as f64 / length as f64 + jitter,
                // A steady mix.
                _ => level = centre + jitter,
            }
            energy(level.clamp(-90.0, 3.0))
        })
        .collect()
}

/// Loud and quiet scenes; the quiet ones lie at the relative gate, ±0.1 LU.
fn at_the_gate(seed: u32) -> Vec<f64> {
    let mut noise = Noise::new(seed.wrapping_mul(747_796_405) + 1);
    let loud = 0.05 + 0.45 * (noise.next_f64() + 1.0) * 0.5;
    // g = 0.1 (f + (1 - f) g): the quiet power where it is a tenth of the mean.
    let gate = 0.1 * loud / (1.0 - 0.1 * (1.0 - loud));
    let length = 60_000;
    (0..length)
        .map(|n| {
            let level = if (n as f64) < loud * f64::from(length) {
                0.0
            } else if n % 100 == 0 {
                0.1 * noise.next_f64()
            } else {
                f64::NAN
            };
            (n, level)
        })
        .scan(0.0, |held, (n, level)| {
            if !level.is_nan() {
                *held = level;
            }
            let quiet = n as f64 >= loud * f64::from(length);
            Some(energy(-15.0 + *held + if quiet { lufs(gate) + 0.691 } else { 0.0 }))
        })
        .collect()
}

/// Worst errors of I and LRA per bin width, with the widest bounds of I.
fn measure(programmes: impl Iterator<Item = Vec<f64>>) -> [[f64; 3]; 3] {
    let mut worst = [[0.0_f64; 3]; 3];
    let mut meters = WIDTHS.map(|bins| LiveLoudness::new(bins, RATE_HZ).unwrap());
    for energies in programmes {
        let exact = Letter::of(&[SubBlocks::new(&energies, RATE_HZ).unwrap()]);
        for (live, worst) in meters.iter_mut().zip(&mut worst) {
            live.reset();
            energies.iter().for_each(|&energy| live.push(energy));
            let (integrated, range) = within(live, &exact);
            let bounds = live.integrated_bounds_lufs();
            let width = value(bounds.high) - value(bounds.low);
            for (worst, found) in worst.iter_mut().zip([integrated, range, width]) {
                *worst = worst.max(found);
            }
        }
    }
    worst
}

#[test]
fn a_histogram_is_as_close_as_its_documentation_says() {
    let long = std::env::var_os("MIXCORE_LONG").is_some();
    // The short run is the beginning of the long one, whose figures are documented.
    let (count, hostile) = if long { (200, 60) } else { (25, 6) };
    let random = measure((0..count).map(random_programme));
    let gate = measure((0..hostile).map(at_the_gate));
    println!("| bin | I random | widest bounds | LRA random | I at the gate | widest bounds |");
    for (((bins, integrated_lu, range_lu), random), gate) in
        DOCUMENTED.into_iter().zip(random).zip(gate)
    {
        println!(
            "| {} | {:.5} | {:.5} | {:.5} | {:.3} | {:.3} |",
            bins.lu(),
            random[0],
            random[2],
            random[1],
            gate[0],
            gate[2]
        );
        assert!(random[0] <= integrated_lu, "I at {}: {}", bins.lu(), random[0]);
        assert!(random[1] <= range_lu, "LRA at {}: {}", bins.lu(), random[1]);
        // The hostile set does what it is for: its blocks lie in the cut bin.
        assert!(gate[2] > 2.0 * random[2], "{} {}", gate[2], random[2]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Energies of any kind: no panic, no reading that is not finite, bounds in order.
    #[test]
    fn arbitrary_energies_never_panic(
        energies in prop::collection::vec(
            prop_oneof![3 => 0.0..1e6_f64, 1 => any::<f64>(), 1 => 1e15..1e18_f64], 0..1200),
        rate_hz in 8_000.0..384_000.0_f64,
        pauses in prop::collection::vec((0..1200_usize, 0..5_usize), 0..6),
    ) {
        let mut live = LiveLoudness::new(BinWidth::OneTenth, rate_hz).unwrap();
        let mut other = LiveLoudness::new(BinWidth::OneTenth, rate_hz * 0.5 + 8_000.0).unwrap();
        for (n, &energy) in energies.iter().enumerate() {
            for &(_, what) in pauses.iter().filter(|(at, _)| *at == n) {
                match what {
                    0 => live.pause(),
                    1 => live.resume(),
                    2 => live.restart(),
                    3 => live.reset(),
                    _ => live.merge_from(&other).unwrap(),
                }
            }
            live.push(energy);
            other.push(energy);
        }
        let range = live.loudness_range();
        let (i, lra) = (live.integrated_bounds_lufs(), live.loudness_range_bounds_lu());
        for reading in [
            live.momentary_lufs(), live.short_term_lufs(), live.integrated_lufs(),
            live.momentary_max_lufs(), live.short_term_max_lufs(), i.low, i.high, lra.low, lra.high,
            range.range_lu, range.low_lufs, range.high_lufs, range.gate_lufs,
        ] {
            prop_assert!(reading.value().is_none_or(f64::is_finite), "{:?}", reading);
        }
        for (bounds, reading) in [(i, live.integrated_lufs()), (lra, range.range_lu)] {
            if let (Some(low), Some(is), Some(high)) =
                (bounds.low.value(), reading.value(), bounds.high.value())
            {
                prop_assert!(low <= is + 1e-9 && is <= high + 1e-9, "{low} {is} {high}");
            }
        }
        let sound = |x: &&f64| (0.0..=1e18).contains(*x);
        prop_assert_eq!(other.faults(), (energies.len() - energies.iter().filter(sound).count()) as u64);
    }
}
