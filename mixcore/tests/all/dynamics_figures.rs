//! The figures that are asked of all dynamics alike: static curves as they sound, times, and the release
//! after a huge sample. (The image of linked channels: `linked_image.rs`.)

use mixcore::dynamics::{
    Compressor, CompressorParams, CompressorSetup, DeEsser, DeEsserMode, DeEsserParams,
    DeEsserSetup, Detector, Ducker, DuckerParams, DuckerSetup, DynamicEq, DynamicEqBand,
    DynamicEqParams, DynamicEqSetup, Gate, GateParams, GateSetup, KeyFilter, Multiband,
    MultibandBand, MultibandParams, MultibandSetup, NoiseLearning, Suppressor, SuppressorParams,
    SuppressorSetup, TransientShaper, TransientShaperParams, TransientShaperSetup,
};
use mixcore::filters::CrossoverParams;
use mixcore::filters::design::{CrossoverSlope, Method, Shape, linkwitz_riley, second_order};
use mixcore::units::{db_to_gain, gain_to_db};
use mixcore::{Block, BlockMut, Io, Layout, Process, Processor, Stream};

use crate::signals::{noise, sine};

const RATE_HZ: f64 = 48_000.0;

/// The bound; f32 levels and gains stay below 1e-4 dB at a slope of 1, and an expander of 100:1
/// makes 99 times that of a level's error.
const CURVE_DB: f64 = 0.01;
const RATIOS: [f64; 7] = [1.0, 1.5, 2.0, 3.0, 4.0, 10.0, 100.0];
const KNEES: [f64; 5] = [0.0, 3.0, 6.0, 12.0, 24.0];

fn stream(layout: Layout) -> Stream {
    Stream::new(RATE_HZ, layout).unwrap()
}

/// Giannoulis et al. 2012, equation 4: how far d lies above 0, with a knee.
fn over(d: f64, knee: f64) -> f64 {
    if 2.0 * d < -knee {
        0.0
    } else if 2.0 * d.abs() <= knee && knee > 0.0 {
        (d + knee / 2.0).powi(2) / (2.0 * knee)
    } else {
        d.max(0.0)
    }
}

/// A reduction with a slope beyond the threshold, and a limit with a knee of its own (the module doc of
/// `curve`).
fn closed_form(d: f64, slope: f64, knee: f64, limit: f64) -> f64 {
    let r = slope * over(d, knee);
    r - over(r - limit, (slope * knee).min(2.0 * limit))
}

/// Every ratio with every knee; the largest error of what `error` finds.
fn sweep(what: &str, mut error: impl FnMut(f64, f64) -> f64) {
    let mut worst = 0.0_f64;
    for ratio in RATIOS {
        for knee in KNEES {
            worst = worst.max(error(ratio, knee));
        }
    }
    println!("largest error of the sounding static curve, {what}: {worst:.2e} dB");
    assert!(worst < CURVE_DB, "{what}: {worst}");
}

#[test]
fn a_gates_static_curve_sounds() {
    /// The most that it turns down.
    const RANGE: f64 = 60.0;
    sweep("gate", |ratio, knee_db| {
        let params = GateParams {
            threshold_dbfs: -40.0,
            hysteresis_db: 0.0,
            ratio,
            knee_db,
            range_db: RANGE,
            hold_ms: 0.0,
            release_ms: 1.0,
            ..GateParams::default()
        };
        let mut unit =
            Gate::<f32>::new(GateSetup::default(), params, stream(Layout::MONO)).unwrap();
        let mut worst = 0.0_f64;
        for step in 0..25 {
            let x = -79.7 + 2.7 * f64::from(step);
            let expected = x - closed_form(-40.0 - x, ratio - 1.0, knee_db, RANGE);
            assert!((unit.static_curve_db(x) - expected).abs() < 1e-9, "{ratio} {knee_db} {x}");
            unit.reset();
            let mut audio = vec![db_to_gain(x) as f32; 2400];
            unit.process(Io::new(BlockMut::mono(&mut audio))).unwrap();
            worst = worst.max((gain_to_db(f64::from(audio[2399])) - expected).abs());
        }
        worst
    });
}

/// A constant lies in the lowest band alone.
fn low_band(band: MultibandBand) -> MultibandParams {
    let mut params = MultibandParams {
        crossover: CrossoverParams::new(&[2000.0, 8000.0]).unwrap(),
        ..MultibandParams::default()
    };
    params.bands = [MultibandBand { ratio: 1.0, ..MultibandBand::default() }; 6];
    params.bands[0] = band;
    params
}

#[test]
fn a_bands_static_curve_sounds() {
    for feedback_percent in [0.0, 100.0] {
        sweep("multiband compressor", |ratio, knee_db| {
            let band = MultibandBand {
                threshold_dbfs: -24.0,
                ratio,
                knee_db,
                attack_ms: 0.1,
                release_ms: 1.0,
                ..MultibandBand::default()
            };
            let params = MultibandParams { feedback_percent, ..low_band(band) };
            let setup = MultibandSetup::default();
            let mut unit = Multiband::<f64>::new(setup, params, stream(Layout::MONO)).unwrap();
            let mut worst = 0.0_f64;
            for step in 0..12 {
                let x = -60.0 + 6.1 * f64::from(step);
                let expected = unit.static_curve_db(0, x).unwrap();
                if feedback_percent == 0.0 {
                    let closed = x - closed_form(x + 24.0, 1.0 - 1.0 / ratio, knee_db, 120.0);
                    assert!((expected - closed).abs() < 1e-9, "{ratio} {knee_db} {x}");
                }
                unit.reset();
                let mut audio = vec![db_to_gain(x); 4800];
                unit.process(Io::new(BlockMut::mono(&mut audio))).unwrap();
                worst = worst.max((gain_to_db(audio[4799]) - expected).abs());
            }
            worst
        });
    }
}

/// Amplitude of a sine in the last `frames` of a signal that hold whole periods of all there is, dB.
fn level_db(audio: &[f64], hz: f64, frames: usize) -> f64 {
    let tail = &audio[audio.len() - frames..];
    let sum = |f: fn(f64) -> f64| {
        let at = |n: usize| f(2.0 * std::f64::consts::PI * hz / RATE_HZ * n as f64);
        tail.iter().enumerate().map(|(n, x)| x * at(n)).sum::<f64>()
    };
    gain_to_db(sum(f64::cos).hypot(sum(f64::sin)) * 2.0 / frames as f64)
}

#[test]
fn a_deessers_static_curve_sounds() {
    // Whole periods of both in the window of 5 ms: the mean squares stand still.
    const VOWEL_HZ: f64 = 200.0;
    const ESS_HZ: f64 = 7000.0;
    const VOWEL_DB: f64 = -20.0;
    for mode in [DeEsserMode::Split, DeEsserMode::Bell] {
        let hz = if mode == DeEsserMode::Bell { ESS_HZ } else { 5000.0 };
        let hears = match mode {
            DeEsserMode::Bell => {
                let pass = second_order(Method::Cookbook, Shape::BandPass, hz, 1.0, 0.0, RATE_HZ);
                KeyFilter::new(&[pass.unwrap()]).unwrap()
            }
            _ => {
                let halves = linkwitz_riley(CrossoverSlope::Db24, hz, RATE_HZ).unwrap();
                KeyFilter::new(&halves.high).unwrap()
            }
        };
        sweep("de-esser", |ratio, knee_db| {
            let params = DeEsserParams {
                hz,
                q: 1.0,
                threshold_db: -30.0,
                floor_dbfs: -120.0,
                ratio,
                knee_db,
                range_db: 40.0,
                attack_ms: 0.02,
                release_ms: 1.0,
                ..DeEsserParams::default()
            };
            let setup = DeEsserSetup { mode, ..DeEsserSetup::default() };
            let mut unit = DeEsser::<f64>::new(setup, params, stream(Layout::MONO)).unwrap();
            let mut worst = 0.0_f64;
            for step in 0..8 {
                let ess_db = -60.0 + 8.0 * f64::from(step);
                let power = |db: f64| 10_f64.powf(db / 10.0);
                let heard = |db: f64, hz: f64| power(db + hears.response_db(hz, RATE_HZ));
                let sibilants = heard(VOWEL_DB, VOWEL_HZ) + heard(ess_db, ESS_HZ);
                let relative = 10.0 * (sibilants / (power(VOWEL_DB) + power(ess_db))).log10();
                let expected = closed_form(relative + 30.0, 1.0 - 1.0 / ratio, knee_db, 40.0);
                let stated = relative - unit.static_curve_db(relative);
                assert!((stated - expected).abs() < 1e-9, "{ratio} {knee_db} {ess_db}");
                unit.reset();
                let vowel = sine::<f64>(VOWEL_HZ, RATE_HZ, 4800, db_to_gain(VOWEL_DB));
                let ess = sine::<f64>(ESS_HZ, RATE_HZ, 4800, db_to_gain(ess_db));
                let mut audio: Vec<f64> = vowel.iter().zip(&ess).map(|(a, b)| a + b).collect();
                unit.process(Io::new(BlockMut::mono(&mut audio))).unwrap();
                worst = worst.max((unit.gain_reduction_db() - expected).abs());
                if mode == DeEsserMode::Bell {
                    let got = ess_db - level_db(&audio, ESS_HZ, 960);
                    worst = worst.max((got - expected).abs());
                }
            }
            worst
        });
    }
}

#[test]
fn a_dynamic_bands_static_curve_sounds() {
    for range_db in [-24.0, 24.0_f64] {
        sweep("dynamic EQ", |ratio, knee_db| {
            let band = DynamicEqBand {
                threshold_dbfs: -40.0,
                ratio,
                knee_db,
                range_db,
                attack_ms: 0.02,
                release_ms: 1.0,
                ..DynamicEqBand::default()
            };
            let params = DynamicEqParams::new(&[band]);
            let setup = DynamicEqSetup::default();
            let mut unit = DynamicEq::<f64>::new(setup, params, stream(Layout::MONO)).unwrap();
            let mut worst = 0.0_f64;
            for step in 0..10 {
                let input_db = -60.0 + 6.3 * f64::from(step);
                // 1 kHz: ten periods in the window of 10 ms. The mean square of a sine is half its
                // peak's.
                let x = input_db + 10.0 * 0.5_f64.log10();
                let size = closed_form(x + 40.0, 1.0 - 1.0 / ratio, knee_db, 24.0);
                let expected = x + size * range_db.signum();
                let stated = unit.static_curve_db(0, x).unwrap();
                assert!((stated - expected).abs() < 1e-9, "{ratio} {knee_db} {x}");
                unit.reset();
                let mut audio = sine::<f64>(1000.0, RATE_HZ, 4800, db_to_gain(input_db));
                unit.process(Io::new(BlockMut::mono(&mut audio))).unwrap();
                let got = level_db(&audio, 1000.0, 960) - input_db;
                worst = worst.max((got - (expected - x)).abs());
            }
            worst
        });
    }
}

/// A tone for a floor, and the same tone louder: in every band it lies as far above it.
#[test]
fn a_suppressors_static_curve_sounds() {
    /// Of 1024 frames, the transform's length, so its power is the same in each: 100 periods.
    const HZ: f64 = 4687.5;
    const FLOOR_DB: f64 = -70.0;
    let mut worst = 0.0_f64;
    for ratio in [1.0, 1.5, 2.0, 3.0, 4.0, 10.0] {
        let params = SuppressorParams {
            threshold_db: 30.0,
            ratio,
            range_db: 40.0,
            release_ms: 10.0,
            ..SuppressorParams::default()
        };
        let mono = stream(Layout::MONO);
        let mut unit = Suppressor::<f64>::new(SuppressorSetup::default(), params, mono).unwrap();
        // Whole periods, one after the other; what its beginning spreads is not learnt.
        for learning in [NoiseLearning::Held, NoiseLearning::Stretch, NoiseLearning::Held] {
            unit.set_learning(learning);
            let mut floor = sine::<f64>(HZ, RATE_HZ, 10_240, db_to_gain(FLOOR_DB));
            unit.process(Io::new(BlockMut::mono(&mut floor))).unwrap();
        }
        for step in 0..12 {
            // Upwards, which counts at once.
            let x = 1.0 + 3.0 * f64::from(step);
            let below = (30.0 - x).max(0.0);
            let expected = -((ratio - 1.0) * below).min(40.0);
            assert!((params.static_gain_db(x) - expected).abs() < 1e-9, "{ratio} {x}");
            let mut audio = sine::<f64>(HZ, RATE_HZ, 10_240, db_to_gain(FLOOR_DB + x));
            unit.process(Io::new(BlockMut::mono(&mut audio))).unwrap();
            let got = level_db(&audio, HZ, 1024) - FLOOR_DB - x;
            worst = worst.max((got - expected).abs());
        }
    }
    println!("largest error of the sounding static curve, suppressor: {worst:.2e} dB");
    assert!(worst < CURVE_DB, "{worst}");
}

/// The bound.
const TIME: f64 = 0.01;

#[test]
fn a_bands_attack_and_release_take_their_times() {
    let (attack_ms, release_ms) = (200.0, 1000.0);
    let band = MultibandBand {
        threshold_dbfs: -40.0,
        ratio: 4.0,
        knee_db: 0.0,
        attack_ms,
        release_ms,
        ..MultibandBand::default()
    };
    let setup = MultibandSetup::default();
    let mut unit = Multiband::<f64>::new(setup, low_band(band), stream(Layout::MONO)).unwrap();
    let mut step = |level_db: f64, frames: usize| {
        let mut rows = vec![0.0_f32; 3 * frames];
        let mut audio = vec![db_to_gain(level_db); frames];
        unit.process_with_reduction(Io::new(BlockMut::mono(&mut audio)), &mut rows).unwrap();
        rows.truncate(frames);
        rows
    };
    // 40 dB over the threshold: 30 dB; 20 dB over it: 15 dB. The crossover's step takes 1 ms of them.
    let share = 1.0 - (-1.0_f64).exp();
    let attack = step(0.0, 96_000);
    let frames = attack.iter().position(|&x| f64::from(x) >= 30.0 * share).unwrap() as f64;
    assert!((frames / (48.0 * attack_ms) - 1.0).abs() < TIME, "{frames}");
    let start = f64::from(attack[95_999]);
    let release = step(-20.0, 96_000);
    let goal = start + (15.0 - start) * share;
    let frames = release.iter().position(|&x| f64::from(x) <= goal).unwrap() as f64;
    assert!((frames / (48.0 * release_ms) - 1.0).abs() < TIME, "{frames}");
}

/// The shaper's times are those of followers of the amplitude: the gain of a step, frame by frame.
#[test]
fn a_shapers_followers_take_their_times() {
    /// f32 gains in dB; a time that is off by 1 % would be off by up to 0.08 dB.
    const GAIN_DB: f64 = 1e-3;
    let (attack_ms, sustain_ms) = (20.0, 300.0);
    let params = TransientShaperParams {
        attack_percent: 100.0,
        sustain_percent: 100.0,
        attack_ms,
        sustain_ms,
        range_db: 24.0,
        floor_dbfs: -60.0,
        ..TransientShaperParams::default()
    };
    let setup = TransientShaperSetup::default();
    let mut unit = TransientShaper::<f64>::new(setup, params, stream(Layout::MONO)).unwrap();
    let mut gains = |level: f64, frames: usize| {
        let mut row = vec![0.0_f32; frames];
        let mut audio = vec![level; frames];
        unit.process_with_gain(Io::new(BlockMut::mono(&mut audio)), &mut row).unwrap();
        row
    };
    let follow = |from: f64, to: f64, ms: f64, n: usize| {
        to + (from - to) * (-(n as f64 + 1.0) / (ms * 48.0)).exp()
    };
    let (floor, level) = (db_to_gain(-60.0), 0.5);
    for (n, got) in gains(level, 48_000).iter().enumerate().take(4800) {
        let ratio = follow(floor, level, 1.0, n) / follow(floor, level, attack_ms, n);
        let expected = gain_to_db(ratio).clamp(0.0, 24.0);
        assert!((f64::from(*got) - expected).abs() < GAIN_DB, "{n}: {got} {expected}");
    }
    // The peak is held for the piece of 10 ms that the step begins.
    let tail = gains(0.0, 48_000);
    for (n, got) in tail[480..].iter().enumerate().take(24_000) {
        let ratio = follow(level, floor, sustain_ms, n) / follow(level, floor, 20.0, n);
        let expected = gain_to_db(ratio).clamp(0.0, 24.0);
        assert!((f64::from(*got) - expected).abs() < GAIN_DB, "{n}: {got} {expected}");
    }
}

/// A ducker's moves are straight in decibels from sub-block to sub-block: its slews over 10 ms, down and
/// up.
#[test]
fn a_duckers_slews_are_what_they_say() {
    // A voice from 2 s to 4 s under music 10 dB louder: from its first sub-block on all of the depth is
    // asked for.
    let frames = 480_000;
    let mut key = noise::<f64>(1, frames, 0.3, 3).remove(0);
    for (n, x) in key.iter_mut().enumerate() {
        *x *= if (96_000..192_000).contains(&n) { 1.0 } else { 0.0 };
    }
    for (attack_db_per_s, release_db_per_s) in [(40.0, 8.0), (15.0, 30.0)] {
        let params = DuckerParams { attack_db_per_s, release_db_per_s, ..DuckerParams::default() };
        let mut unit =
            Ducker::<f64>::new(DuckerSetup::default(), params, stream(Layout::MONO)).unwrap();
        let mut audio = noise::<f64>(1, frames, 0.95, 4);
        let mut row = vec![0.0_f32; frames];
        let io = Io::with_key(BlockMut::new(&mut audio).unwrap(), Block::mono(&key));
        unit.process_with_reduction(io, &mut row).unwrap();
        let depth = row.iter().fold(0.0_f32, |most, x| most.max(*x));
        assert!(depth > 6.0, "{depth}");
        let fastest = |sign: f32| {
            let moves = row.iter().zip(&row[480..]).map(|(a, b)| f64::from(sign * (b - a)));
            100.0 * moves.fold(0.0_f64, f64::max)
        };
        for (got, wanted) in [(fastest(1.0), attack_db_per_s), (fastest(-1.0), release_db_per_s)] {
            assert!((got / wanted - 1.0).abs() < TIME, "{got} dB/s of {wanted}");
        }
    }
}

/// Nothing below 1e6 is a fault: the largest sample moves a unit, and the release after it is the one
/// that was asked for.
#[test]
fn a_huge_sample_is_released_like_any_other() {
    const FRAMES: usize = 96_000;
    const HUGE: f64 = 0.99e6;
    // By then every window is empty and every filter has rung out; 1.2 time constants are over.
    const LEFT: usize = 24_000;
    let release_ms = 400.0;
    let mono = stream(Layout::MONO);
    let mut audio = vec![1e-4; FRAMES];
    audio[1000] = HUGE;
    let check = |name: &str, row: &[f32]| {
        let share = f64::from(row[LEFT + (48.0 * release_ms) as usize]) / f64::from(row[LEFT]);
        assert!(row[LEFT] > 0.5, "{name}: {}", row[LEFT]);
        // 1 % of the time constant is 1 % of the share that is left after it.
        assert!((share / (-1.0_f64).exp() - 1.0).abs() < TIME, "{name}: {share}");
    };
    for detector in
        [Detector::Peak, Detector::Rms { window_ms: 20.0 }, Detector::KWeighted { window_ms: 20.0 }]
    {
        let params = CompressorParams { release_ms, attack_ms: 0.1, ..CompressorParams::default() };
        let setup = CompressorSetup { detector, ..CompressorSetup::default() };
        let mut unit = Compressor::<f64>::new(setup, params, mono).unwrap();
        let (mut row, mut work) = (vec![0.0; FRAMES], audio.clone());
        let io = Io::new(BlockMut::mono(&mut work));
        unit.process_with_reduction(io, &mut row).unwrap();
        assert!(unit.faults() == 0 && work.iter().all(|x| x.is_finite()));
        check(&format!("{detector:?}"), &row);
    }
    for mode in [DeEsserMode::Split, DeEsserMode::Bell] {
        let params = DeEsserParams {
            release_ms,
            threshold_db: -40.0,
            range_db: 20.0,
            attack_ms: 0.1,
            ..DeEsserParams::default()
        };
        let setup = DeEsserSetup { mode, ..DeEsserSetup::default() };
        let mut unit = DeEsser::<f64>::new(setup, params, mono).unwrap();
        let (mut row, mut work) = (vec![0.0; FRAMES], audio.clone());
        let io = Io::new(BlockMut::mono(&mut work));
        unit.process_with_reduction(io, &mut row).unwrap();
        assert!(unit.faults() == 0 && work.iter().all(|x| x.is_finite()));
        check(&format!("{mode:?}"), &row);
    }
    let band =
        DynamicEqBand { release_ms, attack_ms: 0.1, range_db: -20.0, ..DynamicEqBand::default() };
    let setup = DynamicEqSetup::default();
    let params = DynamicEqParams::new(&[band]);
    let mut unit = DynamicEq::<f64>::new(setup, params, mono).unwrap();
    let (mut row, mut work) = (vec![0.0; FRAMES], audio.clone());
    unit.process_with_movement(Io::new(BlockMut::mono(&mut work)), &mut row).unwrap();
    assert!(unit.faults() == 0 && work.iter().all(|x| x.is_finite()));
    check("dynamic EQ", &row);
    let band = MultibandBand { release_ms, attack_ms: 0.1, ..MultibandBand::default() };
    let params = MultibandParams { bands: [band; 6], ..MultibandParams::default() };
    let setup = MultibandSetup::default();
    let mut unit = Multiband::<f64>::new(setup, params, mono).unwrap();
    let (mut rows, mut work) = (vec![0.0; 3 * FRAMES], audio.clone());
    unit.process_with_reduction(Io::new(BlockMut::mono(&mut work)), &mut rows).unwrap();
    assert!(unit.faults() == 0 && work.iter().all(|x| x.is_finite()));
    for (band, row) in rows.chunks(FRAMES).enumerate() {
        check(&format!("band {band}"), row);
    }
    // A gate opens at once and closes in its time: what is missing of the range falls by 63.2 %.
    let params = GateParams { release_ms, hold_ms: 100.0, ..GateParams::default() };
    let mut unit = Gate::<f64>::new(GateSetup::default(), params, mono).unwrap();
    let (mut row, mut work) = (vec![0.0; FRAMES], audio.clone());
    unit.process_with_reduction(Io::new(BlockMut::mono(&mut work)), &mut row).unwrap();
    let missing: Vec<f32> = row.iter().map(|x| 20.0 - x).collect();
    check("gate", &missing);
}
