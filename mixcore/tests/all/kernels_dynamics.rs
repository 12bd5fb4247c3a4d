//! The gain computer at every SIMD level against its plain twin, and against the textbook.

use mixcore::audio::Sample;
use mixcore::kernels::{
    self, CurveSection, Isa, Knee, SQUARE_CHUNK, SQUARE_LANES, SquareWindow, Squares, scalar,
};
use mixcore::units::{db_to_gain, gain_to_db, power_to_db};

use crate::signals::noise;

const LENGTHS: [usize; 12] = [0, 1, 7, 8, 15, 16, 17, 31, 33, 64, 130, 1023];

/// Worst error of a level: half an ulp of 40 octaves (1.1e-5 dB), half an ulp of 240 dB (8e-6 dB),
/// the constant's own rounding (7e-8 of 240 dB) and the polynomial's 3e-7 dB.
const LEVEL_DB: f64 = 3e-5;
/// Worst error of a gain: half an ulp of 40 octaves as an exponent (1.1e-5 dB), f32's own 5e-7 dB,
/// the constant's rounding and the polynomial's 8e-7 dB.
const GAIN_DB: f64 = 2.5e-5;
/// What the issue allows from amplitude to gain.
const COMPUTER_DB: f64 = 1e-4;

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

/// A compressor with boost, expander and every limit at work.
fn sections() -> [CurveSection; 3] {
    let bend = |edge: f32, direction: f32, slope: f32, sign: f32, limit: f32| CurveSection {
        edge,
        direction,
        slope,
        sign,
        knee: Knee::new(6.0),
        limit,
        limit_knee: Knee::new(6.0 * f64::from(slope)),
    };
    [
        bend(-20.0, 1.0, 0.75, -1.0, 12.0),
        bend(-50.0, -1.0, 0.5, 1.0, 6.0),
        bend(-70.0, -1.0, 2.0, -1.0, 20.0),
    ]
}

fn magnitudes<S: Sample>() {
    for isa in Isa::available() {
        for length in LENGTHS {
            let source = noise::<S>(1, length, 3.0, 1).remove(0);
            let start: Vec<f32> = noise::<f32>(1, length, 1.0, 2).remove(0);
            let start: Vec<f32> = start.iter().map(|x| x.abs()).collect();
            let (mut row, mut twin) = (start.clone(), start);
            kernels::raise_to_magnitude(isa, &source, &mut row);
            scalar::raise_to_magnitude(&source, &mut twin);
            assert_eq!(bits(&row), bits(&twin));
        }
    }
}

#[test]
fn the_gain_computer_has_the_same_bits_at_every_level() {
    magnitudes::<f32>();
    magnitudes::<f64>();
    let sections = sections();
    for isa in Isa::available() {
        for length in LENGTHS {
            let mut row: Vec<f32> = noise::<f32>(1, length, 1.0, 3).remove(0);
            for (n, x) in row.iter_mut().enumerate() {
                *x = x.abs() * [1.0, 1e-3, 1e-9, 0.0, 1e6, 1e-30][n % 6];
            }
            let mut twin = row.clone();
            kernels::levels_db(isa, &mut row, kernels::AMPLITUDE_DB, kernels::AMPLITUDE_FLOOR);
            scalar::levels_db(&mut twin, kernels::AMPLITUDE_DB, kernels::AMPLITUDE_FLOOR);
            assert_eq!(bits(&row), bits(&twin), "levels at {isa:?}");
            for used in 0..=3 {
                let (mut gains, mut gain_twins) = (vec![1.0; length], vec![1.0; length]);
                kernels::gain_curve(isa, &sections[..used], &row, &mut gains);
                scalar::gain_curve(&sections[..used], &twin, &mut gain_twins);
                assert_eq!(bits(&gains), bits(&gain_twins), "{used} sections at {isa:?}");
                kernels::gains_of_db(isa, &mut gains);
                scalar::gains_of_db(&mut gain_twins);
                assert_eq!(bits(&gains), bits(&gain_twins), "gains at {isa:?}");
            }
        }
    }
}

#[test]
fn windows_of_four_signals_have_the_same_bits_at_every_level() {
    let four = |count: usize, seed| -> Vec<Squares> {
        let rows = noise::<f64>(SQUARE_LANES, count, 1.0, seed);
        (0..count).map(|n| core::array::from_fn(|lane| rows[lane][n].powi(2))).collect()
    };
    for isa in Isa::available() {
        // Windows of 2 chunks and more; `offset` frames of the oldest one are not held.
        for (between, offset) in
            [([0, 0], 0), ([1, 0], 31), ([3, 4], 17), ([8, 9], 1), ([40, 2], 0)]
        {
            let mut window = SquareWindow {
                older: core::array::from_fn(|_| [9.0; SQUARE_LANES]),
                left: four(SQUARE_CHUNK, 1).try_into().unwrap(),
                newer: [0.0; SQUARE_LANES],
            };
            let mut twin = window;
            let second = four(SQUARE_CHUNK, 2);
            let runs = [four(between[0], 3), four(between[1], 4)];
            let runs = [&runs[0][..], &runs[1]];
            kernels::begin_windows(isa, &mut window, &second, runs, offset);
            scalar::begin_windows(&mut twin, &second, runs, offset);
            assert_eq!(window, twin, "{between:?} at {isa:?}");
            // A chunk in pieces.
            let mut place = 0;
            let mut chunks = [[[0.0; SQUARE_LANES]; SQUARE_CHUNK]; 2];
            for count in [1, 4, 0, 7, 12, 8, 5] {
                let pairs: [Vec<[f64; 2]>; 2] = core::array::from_fn(|pair| {
                    let rows = noise::<f64>(2, count, 1.0, 5 + (place + 40 * pair) as u32);
                    (0..count).map(|n| [rows[0][n], rows[1][n]]).collect()
                });
                let pairs = [&pairs[0][..], &pairs[1]];
                let mut rows = [[[7.0_f32; 9]; SQUARE_LANES]; 2];
                let [rows_here, rows_twin] = &mut rows;
                let [chunk, chunk_twin] = &mut chunks;
                let (chunk, chunk_twin) = (&mut chunk[place..], &mut chunk_twin[place..]);
                let rows_here = rows_here.each_mut().map(|row| &mut row[..]);
                let rows_twin = rows_twin.each_mut().map(|row| &mut row[..]);
                kernels::window_squares(isa, &mut window, place, pairs, 0.01, chunk, rows_here);
                scalar::window_squares(&mut twin, place, pairs, 0.01, chunk_twin, rows_twin);
                assert_eq!(window, twin, "{place} at {isa:?}");
                assert_eq!(rows[0], rows[1], "{place} at {isa:?}");
                assert_eq!(chunks[0], chunks[1], "{place} at {isa:?}");
                place = (place + count.min(9)).min(SQUARE_CHUNK);
            }
        }
    }
}

#[test]
fn levels_are_those_of_the_logarithm() {
    let mut worst = [0.0_f64; 2];
    // Every exponent, mantissas 1/4096 apart.
    for exponent in -40..20 {
        let amplitudes: Vec<f32> =
            (0..4096).map(|n| (1.0 + n as f32 / 4096.0) * 2.0_f32.powi(exponent)).collect();
        let mut row = amplitudes.clone();
        kernels::levels_db(Isa::detect(), &mut row, kernels::AMPLITUDE_DB, 1e-30);
        let mut powers = amplitudes.clone();
        kernels::levels_db(Isa::detect(), &mut powers, kernels::POWER_DB, 1e-30);
        for ((x, amplitude), power) in amplitudes.iter().zip(&row).zip(&powers) {
            let x = f64::from(*x);
            worst[0] = worst[0].max((f64::from(*amplitude) - gain_to_db(x)).abs());
            worst[1] = worst[1].max((f64::from(*power) - power_to_db(x)).abs());
        }
    }
    println!("worst level error: amplitude {:.2e} dB, power {:.2e} dB", worst[0], worst[1]);
    assert!(worst[0] < LEVEL_DB && worst[1] < LEVEL_DB, "{worst:?}");
    let mut row = [1.0, 0.0, 1e-20];
    kernels::levels_db(Isa::detect(), &mut row, kernels::AMPLITUDE_DB, kernels::AMPLITUDE_FLOOR);
    assert_eq!(row[0], 0.0);
    assert!(row[1] == row[2] && (f64::from(row[1]) + 240.824).abs() < 1e-3, "{row:?}");
}

#[test]
fn gains_are_those_of_the_power_function() {
    let mut worst = 0.0_f64;
    for piece in -240..120 {
        let levels: Vec<f32> = (0..1000).map(|n| piece as f32 + n as f32 * 1e-3).collect();
        let mut row = levels.clone();
        kernels::gains_of_db(Isa::detect(), &mut row);
        for (level, gain) in levels.iter().zip(&row) {
            let error = gain_to_db(f64::from(*gain)) - f64::from(*level);
            worst = worst.max(error.abs());
        }
    }
    println!("worst gain error: {worst:.2e} dB");
    assert!(worst < GAIN_DB, "{worst}");
    let mut row = [0.0, -0.0, f32::MAX, f32::MIN, 20.0];
    kernels::gains_of_db(Isa::detect(), &mut row);
    assert_eq!(row[..2], [1.0, 1.0]);
    assert!(row[2].is_finite() && row[3] > 0.0 && (row[4] - 10.0).abs() < 1e-5);
}

/// The whole computer against log10 and pow with branches, for one soft knee.
#[test]
fn the_whole_computer_is_that_of_the_textbook() {
    let (threshold, ratio, knee) = (-20.0, 4.0, 6.0);
    let section = CurveSection {
        edge: threshold as f32,
        direction: 1.0,
        slope: (1.0 - 1.0 / ratio) as f32,
        sign: -1.0,
        knee: Knee::new(knee),
        limit: 300.0,
        limit_knee: Knee::default(),
    };
    let amplitudes: Vec<f32> =
        (0..200_000).map(|n| db_to_gain(-200.0 + f64::from(n) * 1.6e-3) as f32).collect();
    let mut row = amplitudes.clone();
    let isa = Isa::detect();
    kernels::levels_db(isa, &mut row, kernels::AMPLITUDE_DB, kernels::AMPLITUDE_FLOOR);
    let levels = row.clone();
    kernels::gain_curve(isa, &[section], &levels, &mut row);
    kernels::gains_of_db(isa, &mut row);
    let mut worst = 0.0_f64;
    for (x, gain) in amplitudes.iter().zip(&row) {
        let level = 20.0 * f64::from(*x).log10();
        let d = level - threshold;
        let change = if 2.0 * d < -knee {
            0.0
        } else if 2.0 * d <= knee {
            (1.0 / ratio - 1.0) * (d + knee / 2.0).powi(2) / (2.0 * knee)
        } else {
            (1.0 / ratio - 1.0) * d
        };
        worst = worst.max((gain_to_db(f64::from(*gain)) - change).abs());
    }
    println!("worst error from amplitude to gain: {worst:.2e} dB");
    assert!(worst < COMPUTER_DB, "{worst}");
}
