//! A day in ten seconds: memory stays what it was, sums stay right.

use mixcore::kernels::{self, Isa};
use mixcore::loudness::{BinWidth, LiveLoudness};
use mixcore::units::Lufs;

use super::{lufs, value};
use crate::signals::Noise;

/// Sub-blocks of 24 hours.
const DAY: usize = 8_640_000;

/// A sum in twice the precision of f64: the exact sum of two numbers is a number and its error
/// (D. E. Knuth, The Art of Computer Programming, volume 2, 4.2.2, theorem B).
#[derive(Default)]
struct Twice {
    high: f64,
    low: f64,
}

impl Twice {
    fn add(&mut self, x: f64) {
        let sum = self.high + x;
        let part = sum - self.high;
        self.low += (self.high - (sum - part)) + (x - part);
        self.high = sum;
    }

    fn value(&self) -> f64 {
        self.high + self.low
    }
}

/// 864,000 additions in f64: at most 9.6e-11 relative, 4.2e-10 LU (the head of `histogram.rs`).
const DAY_LU: f64 = 4.2e-10;

/// Levels between -26 and -14 LUFS: every block passes both gates, so nothing but the sum is read.
#[test]
fn after_a_day_the_sum_is_as_exact_as_documented() {
    let mut memory = vec![0.0; LiveLoudness::required_len(BinWidth::OneTenth)];
    let mut live = LiveLoudness::new_in(BinWidth::OneTenth, 48_000.0, &mut memory).unwrap();
    let levels: Vec<f64> = (0..256)
        .map(|n| Lufs::new(-26.0 + 12.0 * f64::from(n) / 255.0).power().value() * 480.0)
        .collect();
    let mut noise = Noise::new(1);
    let mut recent = [0.0; 40];
    let (mut exact, mut blocks) = (Twice::default(), 0_u32);
    let mut energy = levels[0];
    for n in 0..DAY {
        if n % 50 == 0 {
            energy = levels[noise.below(256)];
        }
        live.push(energy);
        recent.copy_within(1.., 0);
        recent[39] = energy;
        if n >= 39 && (n + 1) % 10 == 0 {
            exact.add(kernels::sum(Isa::baseline(), &recent) / 19_200.0);
            blocks += 1;
        }
    }
    let exact = lufs(exact.value() / f64::from(blocks));
    let error = (value(live.integrated_lufs()) - exact).abs();
    println!("after {blocks} blocks of a day: error of the sum {error:.1e} LU");
    assert!(error <= DAY_LU, "{error:e}");
    let bounds = live.integrated_bounds_lufs();
    assert_eq!((bounds.low, bounds.high), (live.integrated_lufs(), live.integrated_lufs()));
    assert_eq!((live.sub_blocks(), live.measured_s()), (DAY, 86_400.0));
    assert_eq!(live.loudness_range().windows, DAY / 10 - 29);
    assert_eq!(live.frames(), 86_400 * 48_000);
}
