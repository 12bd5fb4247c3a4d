//! The filter bank against IEC 61260-1 and against a plain form of itself.

use mixcore::analysis::{THIRD_OCTAVES, ThirdOctave, ThirdOctaveBank, ThirdOctaveState};
use mixcore::filters::Biquad;
use mixcore::math;
use mixcore::{Error, Isa};

use crate::signals::noise;

/// Octave ratio of base 10 (IEC 61260-1:2014, clause 5.2).
const G: f64 = 1.995_262_314_968_879_5;

/// IEC 61260-1:2014, Table 1, class 1: exponent of G of the normalised frequency, least and most
/// relative attenuation, dB. As two programs that cite the standard have it (OctFilter, and one of
/// a thesis on a sound level meter); at a band edge the limits jump.
const CLASS_1: [(f64, f64, f64); 10] = [
    (0.0, -0.4, 0.4),
    (0.125, -0.4, 0.5),
    (0.25, -0.4, 0.7),
    (0.375, -0.4, 1.4),
    (0.5 - 1e-9, -0.4, 5.3),
    (0.5 + 1e-9, 1.2, f64::INFINITY),
    (1.0, 16.6, f64::INFINITY),
    (2.0, 40.5, f64::INFINITY),
    (3.0, 60.0, f64::INFINITY),
    (4.0, 70.0, f64::INFINITY),
];

/// The rates of the trade, and ones at which the highest band comes as near to the limit as it can.
fn rates() -> Vec<f64> {
    let mut rates = vec![
        8000.0, 11_025.0, 12_000.0, 16_000.0, 22_050.0, 24_000.0, 32_000.0, 44_100.0, 48_000.0,
        88_200.0, 96_000.0, 176_400.0, 192_000.0, 352_800.0, 384_000.0,
    ];
    for band in ThirdOctave::all() {
        for share in [0.47, 0.25] {
            // Just inside: the band is there, and of the lower order.
            rates.push(band.upper_hz() / share * (1.0 + 1e-12));
            rates.push(band.upper_hz() / share * (1.0 - 1e-12));
        }
    }
    rates.retain(|rate| (8000.0..=384_000.0).contains(rate));
    rates
}

/// Normalised frequency of a third octave that corresponds to an exponent of Table 1 (clause 5.10).
fn normalised(exponent: f64) -> f64 {
    1.0 + (math::pow(G, 1.0 / 6.0) - 1.0) / (math::pow(G, 0.5) - 1.0)
        * (math::pow(G, exponent) - 1.0)
}

#[test]
fn every_filter_is_of_class_1_at_every_rate() {
    let mut checked = 0;
    for rate_hz in rates() {
        let bank = ThirdOctaveBank::design(rate_hz, Isa::detect()).unwrap();
        for band in ThirdOctave::at_rate(rate_hz) {
            for (exponent, least, most) in CLASS_1 {
                for hz in [
                    band.centre_hz() * normalised(exponent),
                    band.centre_hz() / normalised(exponent),
                ] {
                    if hz < 0.5 * rate_hz {
                        let attenuation = -bank.response_db(band, hz);
                        assert!(
                            attenuation >= least && attenuation <= most,
                            "{band} at {rate_hz} Hz: {attenuation} dB at {hz} Hz"
                        );
                        checked += 1;
                    }
                }
            }
            // The centre is 0 dB where the bilinear transform does not bend the band.
            if band.upper_hz() < 0.05 * rate_hz {
                assert!(bank.response_db(band, band.centre_hz()).abs() < 0.001, "{band} {rate_hz}");
            }
        }
    }
    assert!(checked > 20_000, "{checked}");
}

#[test]
fn neighbours_add_up() {
    // IEC 61260-1:2014, clause 5.16, class 1: the sum of the outputs lies from 0.8 dB below to 1.8 dB
    // above the input.
    for rate_hz in [44_100.0, 48_000.0, 96_000.0] {
        let bank = ThirdOctaveBank::design(rate_hz, Isa::detect()).unwrap();
        let bands = bank.band_count();
        for step in 8 * 2..8 * (bands - 2) {
            let hz = 20.0 * math::exp10(step as f64 / 80.0);
            let power: f64 = ThirdOctave::at_rate(rate_hz)
                .map(|band| math::exp10(bank.response_db(band, hz) / 10.0))
                .sum();
            let sum_db = 10.0 * math::log10(power);
            assert!((-0.8..=1.8).contains(&sum_db), "{sum_db} dB at {hz} Hz, {rate_hz}");
        }
    }
}

#[test]
fn a_tone_measures_what_the_response_says() {
    let rate_hz = 48_000.0;
    let bank = ThirdOctaveBank::design(rate_hz, Isa::detect()).unwrap();
    for (band, hz) in
        [(3, 40.0), (17, 1000.0), (17, 900.0), (20, 1000.0), (28, 13_000.0), (30, 2e4)]
    {
        let band = ThirdOctave::all().nth(band).unwrap();
        let tone: Vec<f64> =
            (0..96_000).map(|n| math::sin(2.0 * math::PI * hz * f64::from(n) / rate_hz)).collect();
        let mut state = ThirdOctaveState::default();
        // The second second: the filter has swung in.
        bank.push(&mut state, &tone[..48_000]);
        state.clear_energies();
        bank.push(&mut state, &tone[48_000..]);
        let level = 10.0 * math::log10(bank.energies(&state)[band.index()] / 24_000.0);
        let expected = bank.response_db(band, hz);
        // Whole periods but for 13 kHz, and what is left of the start.
        assert!((level - expected).abs() < 2e-3, "{band} at {hz} Hz: {level} dB, {expected} dB");
    }
}

/// A band of a bank from its response alone: the sections are not public, so the plain filter is made
/// from the textbook, pole by pole, and run in direct form I.
fn plain(band: ThirdOctave, rate_hz: f64, sections: usize) -> Vec<Biquad> {
    let warp = |hz: f64| (std::f64::consts::PI * hz / rate_hz).tan();
    let (w1, w2) = (warp(band.lower_hz()), warp(band.upper_hz()));
    let (square, width) = (w1 * w2, w2 - w1);
    let mut filters = Vec::new();
    for k in 0..sections {
        // All poles of the prototype; those below the real axis are the mirrors.
        let angle = std::f64::consts::PI * (2 * k + 1 + sections) as f64 / (2 * sections) as f64;
        let (re, im) = (width * angle.cos(), width * angle.sin());
        if im < -1e-12 * width {
            continue;
        }
        let (dr, di) = (re * re - im * im - 4.0 * square, 2.0 * re * im);
        let root = (dr * dr + di * di).sqrt().sqrt();
        let turn = di.atan2(dr) / 2.0;
        let d = (root * turn.cos(), root * turn.sin());
        let signs: &[f64] = if im.abs() < 1e-12 * width { &[1.0] } else { &[1.0, -1.0] };
        for sign in signs {
            let s = ((re + sign * d.0) / 2.0, (im + sign * d.1) / 2.0);
            let n = (1.0 - s.0).powi(2) + s.1 * s.1;
            let a1 = -2.0 * (1.0 - s.0 * s.0 - s.1 * s.1) / n;
            let a2 = ((1.0 + s.0).powi(2) + s.1 * s.1) / n;
            filters.push(Biquad { b: [width / n, 0.0, -width / n], a: [a1, a2] });
        }
    }
    filters
}

pub fn filtered(band: ThirdOctave, rate_hz: f64, sections: usize, input: &[f64]) -> Vec<f64> {
    let mut signal = input.to_vec();
    for stage in plain(band, rate_hz, sections) {
        let (mut x1, mut x2, mut y1, mut y2) = (0.0, 0.0, 0.0, 0.0);
        for x in &mut signal {
            let y = stage.b[0] * *x + stage.b[1] * x1 + stage.b[2] * x2
                - stage.a[0] * y1
                - stage.a[1] * y2;
            (x2, x1, y2, y1) = (x1, *x, y1, y);
            *x = y;
        }
    }
    signal
}

#[test]
fn the_bank_is_the_plain_cascade() {
    for (rate_hz, frames, tolerance) in [(48_000.0, 48_000, 1e-9), (384_000.0, 96_000, 1e-7)] {
        let bank = ThirdOctaveBank::design(rate_hz, Isa::detect()).unwrap();
        let input = noise::<f64>(1, frames, 0.5, 31).remove(0);
        let mut state = ThirdOctaveState::default();
        bank.push(&mut state, &input);
        let energies = bank.energies(&state);
        for index in [0, 7, 8, 15, 16, 23, 24, 30] {
            let band = ThirdOctave::all().nth(index).unwrap();
            // Bands 24 to 30 end above a quarter of 48 kHz: order 8.
            let sections = if rate_hz == 48_000.0 && index >= 24 { 4 } else { 3 };
            let expected: f64 =
                filtered(band, rate_hz, sections, &input).iter().map(|y| y * y).sum();
            // The poles of 20 Hz at 384 kHz lie 1e-5 from the unit circle: that much of f64's precision
            // is lost.
            assert!(
                (energies[index] / expected - 1.0).abs() < tolerance,
                "{band} at {rate_hz}: {} and {expected}",
                energies[index]
            );
        }
    }
}

#[test]
fn any_split_gives_the_same_bits_and_silence_comes_to_rest() {
    let input = noise::<f32>(1, 3000, 0.5, 32).remove(0);
    for rate_hz in [8000.0, 44_100.0] {
        let run = |isa: Isa, block: usize| {
            let bank = ThirdOctaveBank::design(rate_hz, isa).unwrap();
            let mut state = ThirdOctaveState::default();
            for part in input.chunks(block) {
                bank.push(&mut state, part);
            }
            (bank.energies(&state).map(f64::to_bits), state)
        };
        let expected = run(Isa::detect(), 3000);
        assert!(expected.0[..bank_count(rate_hz)].iter().all(|bits| f64::from_bits(*bits) > 0.0));
        assert!(expected.0[bank_count(rate_hz)..].iter().all(|bits| *bits == 0));
        for isa in Isa::available() {
            for block in [1, 63, 64, 65, 1000] {
                assert!(run(isa, block) == expected, "{isa:?}, blocks of {block}");
            }
        }
    }
    let bank = ThirdOctaveBank::design(8000.0, Isa::detect()).unwrap();
    let mut state = ThirdOctaveState::default();
    bank.push(&mut state, &input);
    // 20 Hz needs long: its poles fall by 60 dB in half a second, and the states span 45 decades.
    for _ in 0..40 {
        bank.push(&mut state, &[0.0_f32; 8000]);
    }
    state.clear_energies();
    bank.push(&mut state, &[0.0_f32; 8000]);
    assert_eq!(bank.energies(&state), [0.0; THIRD_OCTAVES]);
}

fn bank_count(rate_hz: f64) -> usize {
    ThirdOctaveBank::design(rate_hz, Isa::detect()).unwrap().band_count()
}

#[test]
fn a_rate_out_of_range_is_an_error() {
    for rate_hz in [7999.0, 384_001.0, f64::NAN] {
        assert!(matches!(
            ThirdOctaveBank::design(rate_hz, Isa::detect()),
            Err(Error::OutOfRange { field: "rate_hz", .. })
        ));
    }
}
