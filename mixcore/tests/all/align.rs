//! Two recordings of one sound: the delay, the polarity and the drift that were put in, and no answer
//! where there is none.

use mixcore::analysis::DelayVerdict;
use mixcore::filters::Delay;
use mixcore::level::{
    AlignSetup, Aligner, Alignment, MIN_ALIGN_S, Polarity, PolarityDoubt, Recording,
};
use mixcore::{BlockMut, Io, Isa, Layout, Process, Reading, Sample, Stream, math};
use proptest::prelude::*;

use crate::signals::Noise;

pub const RATE_HZ: f64 = 48_000.0;
const TURN: f64 = 2.0 * std::f64::consts::PI;

pub fn within_ms(max_offset_ms: f64) -> AlignSetup {
    AlignSetup { max_offset_ms, ..AlignSetup::default() }
}

pub fn measure(setup: AlignSetup, rate_hz: f64, reference: &[f64], other: &[f64]) -> Alignment {
    let mut aligner = Aligner::new(setup, rate_hz, Isa::detect()).unwrap();
    let of = |samples| Recording { samples, rate_hz };
    aligner.measure(of(reference), of(other)).unwrap()
}

pub fn delay(found: &Alignment) -> f64 {
    assert_eq!(found.verdict, DelayVerdict::Found, "{found:?}");
    found.delay_frames.value().unwrap()
}

/// Syllables of pulses and noise through four resonances, with pauses: a voice as a microphone hears
/// it, and its hiss at −100 dBFS.
pub fn voice(seconds: f64, rate_hz: f64, seed: u32) -> Vec<f64> {
    const FORMANTS: [(f64, f64); 4] =
        [(500.0, 80.0), (1500.0, 120.0), (2500.0, 200.0), (3500.0, 300.0)];
    let mut pick = Noise::new(seed);
    let mut states = [[0.0; 2]; 4];
    let (mut left, mut level, mut target, mut voiced) = (0, 0.0, 0.0, true);
    let (mut phase, mut pitch_hz) = (0.0, 110.0);
    let frames = (seconds * rate_hz) as usize;
    (0..frames)
        .map(|n| {
            if left == 0 {
                left = ((0.12 + 0.075 * (pick.next_f64() + 1.0)) * rate_hz) as usize;
                voiced = pick.next_f64() > -0.4;
                let pause = pick.next_f64() > 0.6;
                target = if pause { 0.0 } else { 0.5 + 0.5 * pick.next_f64().abs() };
                pitch_hz = 110.0 + 30.0 * pick.next_f64();
            }
            left -= 1;
            level += (target - level) * 30.0 / rate_hz;
            phase += pitch_hz / rate_hz;
            let mut x = if voiced { 0.05 } else { 0.4 } * pick.next_f64();
            if voiced && phase >= 1.0 {
                x += 4.0;
            }
            phase %= 1.0;
            let seconds = n as f64 / rate_hz;
            let mut sum = 0.0;
            for (k, ((hz, width), state)) in FORMANTS.iter().zip(&mut states).enumerate() {
                let k = k as f64;
                let r = (-std::f64::consts::PI * width / rate_hz).exp();
                let hz = hz * (1.0 + 0.1 * (7.0 * seconds + k).sin());
                let y = x + 2.0 * r * (TURN * hz / rate_hz).cos() * state[0] - r * r * state[1];
                *state = [y, state[0]];
                sum += y * (1.0 - r) / (k + 1.0);
            }
            0.5 * level * sum + 1e-5 * pick.next_f64()
        })
        .collect()
}

/// x at (n − delay)/(1 + drift): windowed sinc, 48 zeros a side, −90 dB; between 512 places in a frame
/// the taps run straight, −100 dB.
pub fn moved(x: &[f64], delay: f64, ppm: f64) -> Vec<f64> {
    const REACH: usize = 48;
    const TAPS: usize = 2 * REACH + 1;
    const PLACES: f64 = 512.0;
    let taps = |part: f64| -> [f64; TAPS] {
        std::array::from_fn(|k| {
            let distance = part + REACH as f64 - k as f64;
            math::sinc(distance) * math::kaiser(distance / (REACH as f64 + 1.0), 9.0)
        })
    };
    let table: Vec<_> = if ppm == 0.0 {
        vec![taps((-delay).rem_euclid(1.0))]
    } else {
        (0..=PLACES as usize).map(|place| taps(place as f64 / PLACES)).collect()
    };
    (0..x.len())
        .map(|n| {
            let at = (n as f64 - delay) / (1.0 + 1e-6 * ppm);
            let place = at.rem_euclid(1.0) * PLACES;
            let (low, share) = (place as usize, place % 1.0);
            let first = at.floor() as isize - REACH.cast_signed();
            let part = (0..TAPS).filter_map(|k| {
                let source = x.get(usize::try_from(first + k.cast_signed()).ok()?)?;
                let tap = match table.as_slice() {
                    [only] => only[k],
                    table => table[low][k] + share * (table[low + 1][k] - table[low][k]),
                };
                Some(source * tap)
            });
            part.sum()
        })
        .collect()
}

/// White noise so many dB under the whole of a recording.
pub fn with_noise(x: &[f64], snr_db: f64, seed: u32) -> Vec<f64> {
    let power = x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64;
    let level = (3.0 * power * 10_f64.powf(-0.1 * snr_db)).sqrt();
    let mut noise = Noise::new(seed);
    x.iter().map(|x| x + level * noise.next_f64()).collect()
}

/// A second-order section; b and a have the factor a0 still in them.
fn section(x: &[f64], b: [f64; 3], a: [f64; 3]) -> Vec<f64> {
    let (mut s1, mut s2) = (0.0, 0.0);
    x.iter()
        .map(|x| {
            let y = (b[0] * x + s1) / a[0];
            s1 = b[1] * x - a[1] * y + s2;
            s2 = b[2] * x - a[2] * y;
            y
        })
        .collect()
}

/// A boom far away, dull; a lavalier under cloth, without bass, with a presence peak and turned polarity
/// (Robert Bristow-Johnson's cookbook).
pub fn boom_and_lavalier(boom: &[f64], lavalier: &[f64]) -> [Vec<f64>; 2] {
    let of = |hz: f64, q: f64| {
        let w = TURN * hz / RATE_HZ;
        (w.cos(), w.sin() / (2.0 * q))
    };
    let (c, alpha) = of(7000.0, 0.7);
    let low_pass = [0.5 * (1.0 - c), 1.0 - c, 0.5 * (1.0 - c)];
    let boom = section(boom, low_pass, [1.0 + alpha, -2.0 * c, 1.0 - alpha]);
    let (c, alpha) = of(120.0, 0.7);
    let high_pass = [0.5 * (1.0 + c), -1.0 - c, 0.5 * (1.0 + c)];
    let mut lavalier = section(lavalier, high_pass, [1.0 + alpha, -2.0 * c, 1.0 - alpha]);
    for (hz, gain) in [(5000.0, 6.0), (700.0, -6.0)] {
        let (c, alpha) = of(hz, 0.9);
        let root = 10_f64.powf(gain / 40.0);
        let peak = [1.0 + alpha * root, -2.0 * c, 1.0 - alpha * root];
        lavalier = section(&lavalier, peak, [1.0 + alpha / root, -2.0 * c, 1.0 - alpha / root]);
    }
    [boom, lavalier.iter().map(|x| -x).collect()]
}

#[test]
fn a_copy_is_found_to_a_thousandth_of_a_frame() {
    /// The −90 dB of the test's own interpolation, over the spread of the frequencies.
    const EXACT_FRAMES: f64 = 1e-3;
    let x = voice(6.0, RATE_HZ, 3);
    for (turn, put) in [0.0, 0.25, 0.5, -0.37, 1234.4, -40_000.62].into_iter().enumerate() {
        let sign = if turn % 2 == 0 { 0.3 } else { -2.0 };
        let y: Vec<f64> = moved(&x, put, 0.0).iter().map(|y| sign * y).collect();
        let found = measure(within_ms(1000.0), RATE_HZ, &x, &y);
        assert!((delay(&found) - put).abs() < EXACT_FRAMES, "{put}: {found:?}");
        let ms = found.delay_ms.value().unwrap();
        assert!((ms - put / 48.0).abs() < EXACT_FRAMES);
        let polarity = if sign > 0.0 { Polarity::Same } else { Polarity::Inverted };
        assert_eq!(found.polarity, polarity);
        assert!((found.correlation.value().unwrap() - sign.signum()).abs() < 0.001);
        assert!(found.confidence.value().unwrap() > 0.9);
        assert!(!found.drifts() && found.delay_frames_at(1e5) == found.delay_frames.value());
    }
}

#[test]
fn noise_costs_what_the_reading_says() {
    /// Measured for these seeds: 0.015, 0.04, 0.05 frames; and a half more.
    const ERRORS: [(f64, f64); 3] = [(20.0, 0.025), (10.0, 0.06), (0.0, 0.08)];
    let clean = voice(8.0, RATE_HZ, 3);
    let late = moved(&clean, 333.3, 0.0);
    for (snr_db, bound) in ERRORS {
        for seed in 0..3 {
            let (x, y) =
                (with_noise(&clean, snr_db, 8 + seed), with_noise(&late, snr_db, 70 + seed));
            let found = measure(within_ms(1000.0), RATE_HZ, &x, &y);
            let error = (delay(&found) - 333.3).abs();
            let stated = found.delay_error_frames.value().unwrap();
            assert!(error < bound && error < 4.0 * stated, "{snr_db} dB: {error} of {stated}");
            assert!(stated < 10.0 * bound, "{snr_db} dB: {stated}");
            assert_eq!(found.polarity, Polarity::Same);
        }
    }
}

#[test]
fn under_loud_noise_the_answer_is_right_or_none() {
    let clean = voice(8.0, RATE_HZ, 5);
    let late = moved(&clean, -4321.5, 0.0);
    let mut answers = 0;
    for snr_db in [-10.0, -15.0, -20.0, -25.0] {
        for seed in 0..2 {
            let (x, y) =
                (with_noise(&clean, snr_db, 8 + seed), with_noise(&late, snr_db, 70 + seed));
            let found = measure(within_ms(1000.0), RATE_HZ, &x, &y);
            if found.verdict == DelayVerdict::Found {
                answers += 1;
                let stated = found.delay_error_frames.value().unwrap();
                assert!((delay(&found) + 4321.5).abs() < 4.0 * stated, "{found:?}");
                assert_ne!(found.polarity, Polarity::Inverted);
            } else {
                assert!(found.delay_frames.value().is_none() && found.correction().is_none());
                assert_eq!(found.polarity, Polarity::Undecided(PolarityDoubt::NoDelay));
            }
        }
    }
    assert!(answers >= 2, "noise 10 dB above the voice is no obstacle");
}

#[test]
fn nothing_in_common_is_never_a_delay() {
    /// Unrelated noise stays below this in the search.
    const NOISE: f64 = 7.0;
    let white = |seed| {
        let mut noise = Noise::new(seed);
        (0..240_000).map(|_| 0.3 * noise.next_f64()).collect::<Vec<f64>>()
    };
    let undecided = |x: &[f64], y: &[f64]| {
        let found = measure(within_ms(1000.0), RATE_HZ, x, y);
        assert_ne!(found.verdict, DelayVerdict::Found, "{found:?}");
        found
    };
    for seed in 0..4 {
        let found = undecided(&white(10 + seed), &white(20 + seed));
        assert_eq!(found.verdict, DelayVerdict::Unrelated);
        assert!(found.significance.value().unwrap() < NOISE, "{found:?}");
    }
    // Two voices; and with the same mains buzz under both, and the same offset.
    for seed in 0..6 {
        let (x, y) = (voice(6.0, RATE_HZ, 200 + seed), voice(6.0, RATE_HZ, 100 + seed));
        undecided(&x, &y);
        let buzz = |n: usize| -> f64 {
            let at = n as f64 / RATE_HZ;
            (1..20).map(|k| (TURN * 50.0 * f64::from(k) * at).sin()).sum::<f64>() * 0.01 + 0.1
        };
        let buzzing =
            |x: &[f64]| x.iter().enumerate().map(|(n, x)| x + buzz(n)).collect::<Vec<_>>();
        undecided(&buzzing(&x), &buzzing(&y));
    }
    // Tones, steps, one click in each: what they share fits everywhere or is a single moment.
    let tone = |hz: f64| -> Vec<f64> {
        (0..240_000).map(|n| 0.3 * (TURN * hz * f64::from(n) / RATE_HZ).sin()).collect()
    };
    undecided(&tone(1000.0), &tone(1000.0));
    undecided(&tone(1000.0), &tone(1100.0));
    let step = |at: usize, seed| -> Vec<f64> {
        white(seed)
            .iter()
            .enumerate()
            .map(|(n, x)| 1e-3 * x + if n < at { 0.0 } else { 0.5 })
            .collect()
    };
    undecided(&step(1000, 1), &step(1000, 2));
    undecided(&step(70_000, 3), &step(90_000, 4));
    let click = |at: usize, seed| {
        let mut x = white(seed);
        x.iter_mut().for_each(|x| *x *= 1e-3);
        x[at] = 1.0;
        x
    };
    undecided(&click(70_000, 5), &click(80_000, 6));
}

#[test]
fn clocks_that_differ_are_told_in_parts_per_million() {
    /// Eight seconds at fractions of a frame: 0.002 frames from end to end are 0.005 ppm; more the more
    /// the delay moves within a segment.
    const CLEAN_PPM: f64 = 0.02;
    let x = voice(8.0, RATE_HZ, 3);
    for ppm in [20.0, -50.0, 100.0, 300.0] {
        let found = measure(within_ms(500.0), RATE_HZ, &x, &moved(&x, 100.0, ppm));
        assert!((found.drift_ppm.value().unwrap() - ppm).abs() < CLEAN_PPM, "{found:?}");
        assert!(found.drifts());
        // x(n) is found at n·(1 + drift) + delay.
        for frame in [0.0, 1e5, 3e5] {
            let put = 100.0 + 1e-6 * ppm * frame;
            assert!((found.delay_frames_at(frame).unwrap() - put).abs() < 0.01, "{ppm} at {frame}");
        }
        let noisy = with_noise(&moved(&x, 100.0, ppm), 10.0, 4);
        let found = measure(within_ms(500.0), RATE_HZ, &x, &noisy);
        let error = (found.drift_ppm.value().unwrap() - ppm).abs();
        assert!(error < found.drift_error_ppm.value().unwrap() && error < 1.0, "{found:?}");
    }
    // Three windows are needed.
    let found = measure(within_ms(100.0), RATE_HZ, &x[..40_000], &x[..40_000]);
    assert_eq!((found.verdict, found.drift_ppm), (DelayVerdict::Found, Reading::NotApplicable));
}

#[test]
fn filters_of_linear_phase_move_nothing_and_others_little() {
    /// Different magnitudes, equal phases, noise 30 dB under both.
    const LINEAR_FRAMES: f64 = 0.02;
    /// What the two microphones turn: the low-pass filter at 7 kHz delays by 1.4 frames, the bass of
    /// the lavalier leads.
    const MICROPHONE_FRAMES: f64 = 4.0;
    let x = voice(8.0, RATE_HZ, 7);
    let put = 777.7;
    let y = moved(&x, put, 0.0);
    let smooth = |x: &[f64], side: f64| -> Vec<f64> {
        x.windows(3).map(|x| side * (x[0] + x[2]) + x[1]).collect()
    };
    let (bright, dull) = (smooth(&x, -0.35), smooth(&y, 0.4));
    let found = measure(
        within_ms(200.0),
        RATE_HZ,
        &with_noise(&bright, 30.0, 1),
        &with_noise(&dull, 30.0, 2),
    );
    assert!((delay(&found) - put).abs() < LINEAR_FRAMES, "{found:?}");
    for snr_db in [60.0, 20.0, 10.0, 0.0] {
        let [boom, lavalier] = boom_and_lavalier(&x, &y);
        let (boom, lavalier) = (with_noise(&boom, snr_db, 3), with_noise(&lavalier, snr_db, 4));
        let found = measure(within_ms(200.0), RATE_HZ, &boom, &lavalier);
        assert!((delay(&found) - put).abs() < MICROPHONE_FRAMES, "{snr_db}: {found:?}");
        assert_eq!(found.polarity, Polarity::Inverted, "{snr_db}: {found:?}");
    }
}

#[test]
fn a_polarity_that_cannot_be_told_is_not() {
    // A Hilbert transformer turns all by 90°: 255 taps, 2/(πk) at odd k, Blackman's window.
    let x = voice(6.0, RATE_HZ, 8);
    let taps: Vec<f64> = (-127..=127_i32)
        .map(|k| {
            let t = std::f64::consts::PI * f64::from(k) / 128.0;
            let window = 0.42 + 0.5 * t.cos() + 0.08 * (2.0 * t).cos();
            if k % 2 == 0 { 0.0 } else { 2.0 / (std::f64::consts::PI * f64::from(k)) * window }
        })
        .collect();
    let turned: Vec<f64> =
        x.windows(255).map(|x| x.iter().rev().zip(&taps).map(|(x, h)| x * h).sum()).collect();
    let found = measure(within_ms(100.0), RATE_HZ, &x, &turned);
    assert_eq!(found.polarity, Polarity::Undecided(PolarityDoubt::Turned), "{found:?}");
    // The window's middle lies at 127: the envelope knows.
    assert!((delay(&found) + 127.0).abs() < 2.0, "{found:?}");
    // A band of a sixth of an octave, and noise everywhere else.
    let mut noise = Noise::new(9);
    let mut band: Vec<f64> = (0..288_000).map(|_| noise.next_f64()).collect();
    let w = TURN * 2000.0 / RATE_HZ;
    let alpha = w.sin() / (2.0 * 9.0);
    for _ in 0..2 {
        band = section(&band, [alpha, 0.0, -alpha], [1.0 + alpha, -2.0 * w.cos(), 1.0 - alpha]);
    }
    let (x, y) = (with_noise(&band, 10.0, 1), with_noise(&moved(&band, 10.0, 0.0), 10.0, 2));
    let found = measure(within_ms(100.0), RATE_HZ, &x, &y);
    let doubt = matches!(
        found.polarity,
        Polarity::Undecided(PolarityDoubt::HalfPeriod | PolarityDoubt::NoDelay)
    );
    assert!(doubt, "{found:?}");
    for doubt in [PolarityDoubt::NoDelay, PolarityDoubt::Turned, PolarityDoubt::HalfPeriod] {
        assert!(!doubt.text().is_empty());
    }
}

#[test]
fn the_correction_brings_both_in_step() {
    /// Whole frames of a delay of whole frames: what is left is rounding of the search.
    const LEFT_DB: f64 = -200.0;
    let x = voice(4.0, RATE_HZ, 11);
    for put in [700_isize, -900] {
        let y: Vec<f64> = (0..x.len().cast_signed())
            .map(|n| usize::try_from(n - put).ok().and_then(|n| x.get(n)).map_or(0.0, |x| -x))
            .collect();
        let correction = measure(within_ms(50.0), RATE_HZ, &x, &y).correction().unwrap();
        assert!(correction.invert_other);
        let step = |samples: &[f64], frames: f64| {
            let stream = Stream::new(RATE_HZ, Layout::MONO).unwrap();
            let mut late = samples.to_vec();
            let mut delay = Delay::new(frames.round() as usize, stream).unwrap();
            delay.process(Io::new(BlockMut::mono(&mut late))).unwrap();
            late
        };
        let (a, b) =
            (step(&x, correction.delay_reference_frames), step(&y, correction.delay_other_frames));
        let power = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>();
        let rest = power(&mut a.iter().zip(&b).skip(1000).take(180_000).map(|(a, b)| a + b));
        let whole = power(&mut a.iter().skip(1000).take(180_000).copied());
        assert!(10.0 * (rest / whole + 1e-30).log10() < LEFT_DB, "{put}: {correction:?}");
    }
}

#[test]
fn an_excerpt_is_found_in_a_long_recording() {
    let long = voice(20.0, RATE_HZ, 12);
    let from = 537_601; // 11.2 s
    let excerpt = &long[from..from + 144_000];
    let found = measure(within_ms(12_000.0), RATE_HZ, excerpt, &long);
    assert!((delay(&found) - from as f64).abs() < 1e-3, "{found:?}");
    let found = measure(within_ms(12_000.0), RATE_HZ, &long, excerpt);
    assert!((delay(&found) + from as f64).abs() < 1e-3, "{found:?}");
    // Where the range ends before it, there is no other place.
    let found = measure(within_ms(8000.0), RATE_HZ, excerpt, &long);
    assert_ne!(found.verdict, DelayVerdict::Found, "{found:?}");
}

#[test]
fn what_repeats_itself_or_lies_outside_is_not_decided() {
    let bar = voice(0.5, RATE_HZ, 13);
    let loops: Vec<f64> = bar.iter().cycle().take(240_000).copied().collect();
    let found = measure(within_ms(1000.0), RATE_HZ, &loops, &loops);
    assert_eq!(found.verdict, DelayVerdict::Ambiguous, "{found:?}");
    // Less range than the loop is long: then there is one answer.
    assert!(delay(&measure(within_ms(200.0), RATE_HZ, &loops, &loops)).abs() < 1e-3);

    let x = voice(5.0, RATE_HZ, 14);
    for put in [4900.0, 5200.0, -9000.0] {
        let found = measure(within_ms(100.0), RATE_HZ, &x, &moved(&x, put, 0.0));
        assert_ne!(found.verdict, DelayVerdict::Found, "{put}: {found:?}");
    }
    let found = measure(within_ms(500.0), RATE_HZ, &x, &vec![0.0; 240_000]);
    assert_eq!((found.verdict, found.delay_frames), (DelayVerdict::Silent, Reading::BelowGate));
}

#[test]
fn every_rate_is_as_good() {
    for rate_hz in [8000.0, 16_000.0, 44_100.0, 96_000.0, 192_000.0] {
        let x = voice(2.0, rate_hz, 15);
        let put = -0.01 * rate_hz - 0.4;
        let found = measure(within_ms(100.0), rate_hz, &x, &moved(&x, put, 0.0));
        assert!((delay(&found) - put).abs() < 1e-3, "{rate_hz}: {found:?}");
    }
}

#[test]
fn bad_arguments_are_errors_that_say_so() {
    let x = voice(1.0, RATE_HZ, 16);
    let new = |setup, rate_hz| Aligner::new(setup, rate_hz, Isa::detect()).map(|_| ());
    for max_offset_ms in [0.0, 0.9, 30_001.0, -5.0, f64::NAN, f64::INFINITY] {
        let error = new(within_ms(max_offset_ms), RATE_HZ).unwrap_err().to_string();
        assert!(error.contains("max_offset_ms"), "{error}");
    }
    assert!(new(AlignSetup { max_rival: 1.1, ..AlignSetup::default() }, RATE_HZ).is_err());
    assert!(new(AlignSetup { floor_dbfs: 1.0, ..AlignSetup::default() }, RATE_HZ).is_err());
    assert!(new(AlignSetup::default(), 7999.0).is_err());
    let mut aligner = Aligner::new(within_ms(700.0), RATE_HZ, Isa::detect()).unwrap();
    let mut error = |reference: (&[f64], f64), other: (&[f64], f64)| {
        let of = |(samples, rate_hz)| Recording { samples, rate_hz };
        aligner.measure(of(reference), of(other)).unwrap_err().to_string()
    };
    assert!(error((&x, RATE_HZ), (&x, 44_100.0)).contains("rate_hz is 44100"));
    assert!(error((&[], RATE_HZ), (&x, RATE_HZ)).contains("reference_s is 0"));
    let short = &x[..(MIN_ALIGN_S * RATE_HZ) as usize - 1];
    assert!(error((&x, RATE_HZ), (short, RATE_HZ)).contains("other_s"));
    // A range at whose end a quarter of a second is not left of one second.
    let mut wide = Aligner::new(within_ms(751.0), RATE_HZ, Isa::detect()).unwrap();
    let of = |samples| Recording { samples, rate_hz: RATE_HZ };
    let error = wide.measure(of(&x), of(&x)).unwrap_err().to_string();
    assert!(error.contains("max_offset_ms is 751") && error.contains("750"), "{error}");
    let need = Aligner::required_len(&within_ms(100.0), RATE_HZ).unwrap();
    let mut memory = vec![0.0; need - 1];
    let error = Aligner::new_in(within_ms(100.0), RATE_HZ, Isa::detect(), &mut memory).unwrap_err();
    assert!(error.to_string().contains(&need.to_string()));
}

#[test]
fn the_same_bits_at_every_level_and_in_any_memory() {
    let x = with_noise(&voice(2.0, RATE_HZ, 17), 20.0, 1);
    let y = with_noise(&moved(&x, 55.5, 80.0), 20.0, 2);
    let of = |samples| Recording { samples, rate_hz: RATE_HZ };
    let setup = within_ms(300.0);
    let expected = format!("{:?}", measure(setup, RATE_HZ, &x, &y));
    let mut memory = vec![7.0; Aligner::required_len(&setup, RATE_HZ).unwrap() + 5];
    for isa in Isa::available() {
        let mut owned = Aligner::new(setup, RATE_HZ, isa).unwrap();
        // What was measured before leaves nothing behind.
        owned.measure(of(&y), of(&x)).unwrap();
        assert_eq!(format!("{:?}", owned.measure(of(&x), of(&y)).unwrap()), expected);
        let mut lent = Aligner::new_in(setup, RATE_HZ, isa, &mut memory).unwrap();
        assert_eq!(format!("{:?}", lent.measure(of(&x), of(&y)).unwrap()), expected);
        assert_eq!(lent.setup(), setup);
    }
}

#[test]
fn samples_that_are_none_count_as_zeros() {
    let x = voice(2.0, RATE_HZ, 18);
    let (mut dirty, mut zeroed) = (x.clone(), x.clone());
    for (at, fault) in [(500, f64::NAN), (40_000, f64::INFINITY), (60_000, -2e6)] {
        dirty[at] = fault;
        zeroed[at] = 0.0;
    }
    let mut found = measure(within_ms(100.0), RATE_HZ, &x, &dirty);
    assert_eq!((found.verdict, found.faults), (DelayVerdict::Found, 3));
    found.faults = 0;
    let clean = measure(within_ms(100.0), RATE_HZ, &x, &zeroed);
    assert_eq!(found, clean);
}

fn arbitrary<S: Sample>(setup: AlignSetup, rate_hz: f64, a: &[S], b: &[S]) -> Option<Alignment> {
    let mut aligner = Aligner::new(setup, rate_hz, Isa::detect()).ok()?;
    let of = |samples| Recording { samples, rate_hz };
    aligner.measure(of(a), of(b)).ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_arguments_give_an_error_or_a_reading(
        max_offset_ms in prop_oneof![any::<f64>(), 1.0..400.0],
        max_rival in prop_oneof![any::<f64>(), 0.0..1.0],
        rate_hz in prop_oneof![any::<f64>(), Just(8e3), 8e3..12e3],
        (first, second) in (0..9000_usize, 3900..9000_usize),
        pattern in prop::collection::vec(prop_oneof![4 => -2.0..2.0_f32, 1 => any::<f32>()], 1..300),
        shift in 0..300_usize,
    ) {
        let setup = AlignSetup { max_offset_ms, max_rival, ..AlignSetup::default() };
        let a: Vec<f32> = pattern.iter().cycle().take(first).copied().collect();
        let b: Vec<f32> = pattern.iter().cycle().skip(shift).take(second).copied().collect();
        if let Some(found) = arbitrary(setup, rate_hz, &a, &b) {
            for reading in [
                found.delay_frames, found.delay_ms, found.correlation, found.significance,
                found.support, found.delay_error_frames, found.confidence, found.drift_ppm,
                found.drift_error_ppm,
            ] {
                prop_assert!(reading.value().is_none_or(f64::is_finite), "{:?}", found);
            }
            let answer = found.verdict == DelayVerdict::Found;
            prop_assert_eq!(found.delay_frames.value().is_some(), answer);
            prop_assert_eq!(found.correction().is_some(), answer);
        }
    }
}
