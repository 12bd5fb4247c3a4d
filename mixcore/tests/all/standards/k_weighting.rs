//! The K-weighting against the filter that BS.1770 prints, at every rate from 8 to 384 kHz.
//!
//! The reference is the response of the printed coefficients at 48 kHz, taken from the tables by the
//! definition of a biquad's response. The document asks for the same response at other rates.

use mixcore::loudness::{KWeighting, TruePeakMethod};
use mixcore::units::gain_to_db;
use mixcore::{Layout, math};

use super::{RATES_HZ, meter, push_all};
use crate::reference::printed::k_gain_db;

/// Rates of files and interfaces, Hz.
const COMMON_HZ: [f64; 13] = [
    8e3, 11_025.0, 16e3, 22_050.0, 32e3, 44_100.0, 48e3, 88_200.0, 96e3, 176_400.0, 192e3,
    352_800.0, 384e3,
];

/// Largest deviation from the printed filter that a rate may have between 10 Hz and 0.45 of it or
/// 20 kHz, dB. The table in `k_weighting.rs` of the library prints each rate's own; these are its
/// figures, rounded up. A loudness is printed with 0.1.
fn allowed_db(rate_hz: f64) -> f64 {
    match rate_hz {
        r if r >= 32e3 => 0.000_15,
        r if r >= 22_050.0 => 0.000_3,
        r if r >= 16e3 => 0.001,
        r if r >= 11_025.0 => 0.004_5,
        _ => 0.013_5,
    }
}

/// The deviation of the largest magnitude, dB, and its frequency.
fn worst_db(rate_hz: f64) -> (f64, f64) {
    let k = KWeighting::design(rate_hz).unwrap();
    let top = (0.45 * rate_hz).min(20e3);
    (0..=400)
        .map(|step| 10.0 * math::pow(top / 10.0, f64::from(step) / 400.0))
        .map(|hz| (k.response_db(hz) - k_gain_db(hz), hz))
        .fold((0.0, 0.0), |worst, point| if point.0.abs() > worst.0.abs() { point } else { worst })
}

#[test]
fn the_response_is_the_printed_one_at_every_rate() {
    for rate_hz in COMMON_HZ {
        let (worst, hz) = worst_db(rate_hz);
        let at = |hz: f64| KWeighting::design(rate_hz).unwrap().response_db(hz) - k_gain_db(hz);
        println!(
            "{rate_hz:>8} Hz: 100 Hz {:+.4}, 997 Hz {:+.4}, 2 kHz {:+.4}, 3 kHz {:+.4}, largest {worst:+.4} dB at {hz:.0} Hz",
            at(100.0),
            at(997.0),
            at(2e3),
            at(3e3),
        );
        assert!(worst.abs() < allowed_db(rate_hz), "{rate_hz} Hz: {worst} dB at {hz} Hz");
    }
    // No rate in between is worse than its neighbours: 8 to 384 kHz in steps of 0.8 %.
    for step in 0..=480 {
        let rate_hz = 8e3 * math::pow(48.0, f64::from(step) / 480.0);
        let (worst, hz) = worst_db(rate_hz);
        assert!(worst.abs() < allowed_db(rate_hz), "{rate_hz} Hz: {worst} dB at {hz} Hz");
    }
}

/// Gain at 997 Hz of the usual bilinear design, whose high-pass keeps the numerator 1, -2, 1 at every
/// rate, dB: libebur128, crate ebur128, bs1770, pyloudnorm's "DeMan".
fn usual_gain_db(rate_hz: f64) -> f64 {
    let stage = |hz: f64, q: f64| {
        let k = (std::f64::consts::PI * hz / rate_hz).tan();
        let a0 = 1.0 + k / q + k * k;
        (k, a0, [1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0])
    };
    let (k, a0, shelf_a) = stage(1_681.974_450_955_533, 0.707_175_236_955_419_6);
    let high = 10_f64.powf(3.999_843_853_973_347 / 20.0);
    let mid = high.powf(0.499_666_774_154_541_6) * k / 0.707_175_236_955_419_6;
    let shelf_b = [(high + mid + k * k) / a0, 2.0 * (k * k - high) / a0, (high - mid + k * k) / a0];
    let (_, _, high_pass_a) = stage(38.135_470_876_024_44, 0.500_327_037_323_877_3);
    let magnitude = |c: [f64; 3]| {
        let w = 2.0 * std::f64::consts::PI * 997.0 / rate_hz;
        let (re, im) = (
            c[0] + c[1] * w.cos() + c[2] * (2.0 * w).cos(),
            c[1] * w.sin() + c[2] * (2.0 * w).sin(),
        );
        re.hypot(im)
    };
    let gain = magnitude(shelf_b) * magnitude([1.0, -2.0, 1.0]);
    gain_to_db(gain / (magnitude(shelf_a) * magnitude(high_pass_a)))
}

/// What the effect is that the design removes: gain at 997 Hz of the usual one (measured on the
/// programs named above), and what ours has at the same rate, dB.
#[test]
fn the_gain_at_997_hz_does_not_depend_on_the_rate() {
    let printed = k_gain_db(997.0);
    // BS.1770's constant is there to cancel it.
    assert!((printed - 0.691).abs() < 0.000_1, "{printed}");
    for (rate_hz, usual) in [
        (8e3, 0.7051),
        (32e3, 0.7054),
        (44_100.0, 0.6938),
        (48e3, 0.6910),
        (88_200.0, 0.6753),
        (96e3, 0.6737),
        (192e3, 0.6639),
    ] {
        let found = usual_gain_db(rate_hz);
        // Half of the last decimal printed.
        assert!((found - usual).abs() <= 0.000_051, "{rate_hz}: {found}");
        let ours = KWeighting::design(rate_hz).unwrap().response_db(997.0) - printed;
        let limit = if rate_hz < 32e3 { 0.006_5 } else { 0.000_1 };
        assert!(ours.abs() < limit, "{rate_hz}: {ours}");
    }
}

/// A window of 0.4 s that holds no whole number of half periods ripples by 1/(2 pi f 0.4 s), at 40 Hz
/// by 0.043 dB.
const SWEEP_TOLERANCE_LU: f64 = 0.05;

/// BS.2217's sweep has a constant loudness of -18 LKFS; this one has too, made by the printed
/// response: every momentary reading is -18, at every rate, so the filter that runs is the filter
/// that was designed, and that one the printed one.
#[test]
fn a_sweep_of_constant_loudness_reads_constant() {
    for rate_hz in RATES_HZ {
        let rate = f64::from(rate_hz);
        let (seconds, from, to) = (30.0, 40.0, 16e3_f64);
        let octaves = (to / from).log2();
        // f(t) = from * 2^(octaves t / seconds); the phase is its integral.
        let sweep: Vec<f32> = (0..(seconds * rate) as usize)
            .map(|n| {
                let t = n as f64 / rate;
                let hz = from * (octaves * t / seconds).exp2();
                let turns = (hz - from) * seconds / (octaves * std::f64::consts::LN_2);
                let peak_db = -18.0 + 0.691 - k_gain_db(hz) + 3.010_3;
                (math::exp10(peak_db / 20.0) * math::sin(math::PI * 2.0 * turns.fract())) as f32
            })
            .collect();
        let mut meter = meter(Layout::MONO, rate_hz, TruePeakMethod::Off);
        push_all(&mut meter, &sweep);
        let blocks = meter.sub_blocks();
        // From 1 s on: the first windows hold the switching-on.
        let off = |end| (blocks.momentary_lufs(end).value().unwrap() + 18.0).abs();
        let (worst, end) = (140..=blocks.len())
            .map(|end| (off(end), end))
            .fold((0.0, 0), |worst, window| if window.0 > worst.0 { window } else { worst });
        println!("sweep at {rate_hz}: {worst:.4} LU off at {:.2} s", end as f64 / 100.0);
        assert!(worst < SWEEP_TOLERANCE_LU, "{rate_hz}: {worst} LU off at sub-block {end}");
    }
}
