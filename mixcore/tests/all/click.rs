//! The one judge of clicks: what a move leaves of a full-scale 100 Hz sine above 5 kHz.

use mixcore::filters::RealFft;
use mixcore::{Isa, math, units};

/// Rate of the passage.
pub const RATE_HZ: f64 = 48_000.0;
/// Frames of a passage: 80 ms, four times a move, which lies near the middle.
pub const PASSAGE: usize = 3840;
/// Energy above 5 kHz over the time of a move: the bound of the level layer for a step of 20 dB, which
/// nobody hears.
pub const CLICK_DBFS: f64 = -80.0;
/// The sine's lines are far below, and what the window leaks of them at 5 kHz lies under -150 dB.
const ABOVE_HZ: f64 = 5000.0;
/// A length of the FFT; the passage is followed by silence.
const LENGTH: usize = 4096;

/// A full-scale sine of 100 Hz, phase 0 at frame 0.
pub fn tone(frames: usize) -> Vec<f64> {
    let turn = |n: usize| 2.0 * math::PI * 100.0 * n as f64 / RATE_HZ;
    (0..frames).map(|n| math::sin(turn(n))).collect()
}

/// What an ideal high-pass filter at 5 kHz would leave of a passage under a Hann window, dBFS: its
/// energy over `move_ms`, the duration of a move, and its largest sample.
pub fn left_above_5_khz(passage: &[f64], move_ms: f64) -> (f64, f64) {
    assert_eq!(passage.len(), PASSAGE);
    let mut memory = vec![0.0; RealFft::<f64>::required_len(LENGTH).unwrap()];
    let mut fft = RealFft::<f64>::new_in(LENGTH, Isa::detect(), &mut memory).unwrap();
    let (mut re, mut im) = (vec![0.0; fft.bins()], vec![0.0; fft.bins()]);
    let mut time = vec![0.0; LENGTH];
    for (n, (to, x)) in time.iter_mut().zip(passage).enumerate() {
        *to = x * (0.5 - 0.5 * math::cos(2.0 * math::PI * n as f64 / PASSAGE as f64));
    }
    fft.forward(&time, &mut re, &mut im).unwrap();
    let first = (ABOVE_HZ / RATE_HZ * LENGTH as f64).ceil() as usize;
    re[..first].fill(0.0);
    im[..first].fill(0.0);
    fft.inverse(&re, &im, &mut time).unwrap();
    let energy: f64 = time.iter().map(|y| y * y).sum();
    let peak = time.iter().fold(0.0_f64, |peak, y| peak.max(y.abs()));
    (units::power_to_db(energy / (move_ms * 1e-3 * RATE_HZ)), units::gain_to_db(peak))
}

#[test]
fn it_hears_a_step_and_no_sine() {
    assert!(left_above_5_khz(&tone(PASSAGE), 20.0).1 < -150.0);
    let mut hard = tone(PASSAGE);
    hard[1800..].iter_mut().for_each(|x| *x *= 0.1);
    assert!(left_above_5_khz(&hard, 20.0).0 > -40.0);
}
