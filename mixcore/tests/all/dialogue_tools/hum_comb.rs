//! The hum comb: its response in closed form, how it follows the mains, and what it leaves of speech.

use mixcore::dynamics::{HumComb, HumCombParams, HumCombSetup};
use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream};
use proptest::prelude::*;

use super::{Voice, correlation, frames, level_db, mono, run};
use crate::signals::noise;

const TURN: f64 = 2.0 * std::f64::consts::PI;

fn comb(setup: HumCombSetup, params: HumCombParams) -> HumComb<'static> {
    HumComb::new(setup, params, mono()).unwrap()
}

/// Hum of `count` harmonics, each of the amplitude 0.01, of a mains whose frequency goes straight from
/// the first to the second number.
fn hum(frames: usize, [from, to]: [f64; 2], count: u32) -> Vec<f32> {
    let mut phase = 0.0_f64;
    (0..frames)
        .map(|n| {
            phase += (from + (to - from) * n as f64 / frames as f64) / 48e3;
            let tone = |h: u32| (TURN * (f64::from(h) * phase + 0.1 * f64::from(h * h))).sin();
            (0.01 * (1..=count).map(tone).sum::<f64>()) as f32
        })
        .collect()
}

/// Amplitude at `hz`, under a Hann window.
fn amplitude(audio: &[f32], hz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, x) in audio.iter().enumerate() {
        let weight = 1.0 - (TURN * n as f64 / audio.len() as f64).cos();
        let angle = TURN * hz * n as f64 / 48e3;
        re += weight * f64::from(*x) * angle.cos();
        im += weight * f64::from(*x) * angle.sin();
    }
    2.0 * re.hypot(im) / audio.len() as f64
}

#[test]
fn the_response_is_that_of_the_impulse_response() {
    /// What a model has after 1 s, e^(−10π), and f64.
    const MEASURED_DB: f64 = 1e-6;
    /// What neighbours 50 Hz away do to a width of 1 Hz.
    const WIDTH_DB: f64 = 0.15;
    let setup = HumCombSetup { mains_hz: 50.0, harmonics: 7 };
    let params = HumCombParams { width_hz: 10.0, drift_hz: 0.0, ..HumCombParams::default() };
    let mut comb = comb(setup, params);
    let mut impulse = vec![0.0_f64; 48_000];
    impulse[0] = 1.0;
    run(&mut comb, &mut impulse);
    for hz in [20.0, 45.0, 49.0, 51.5, 75.0, 97.0, 105.0, 230.0, 352.0, 400.0, 1000.0, 15_000.0] {
        let (mut re, mut im) = (0.0, 0.0);
        for (n, h) in impulse.iter().enumerate() {
            let angle = TURN * hz * n as f64 / 48e3;
            re += h * angle.cos();
            im += h * angle.sin();
        }
        let (real, stated) = (20.0 * re.hypot(im).log10(), comb.response_db(hz));
        assert!((real - stated).abs() < MEASURED_DB, "{hz}: {real} {stated}");
    }
    comb.set_field("width_hz", 1.0).unwrap();
    for harmonic in 1..=7 {
        let hz = 50.0 * f64::from(harmonic);
        // 0 but for the rounding of the pole.
        assert!(comb.response_db(hz) < -120.0, "{hz}: {}", comb.response_db(hz));
        for beside in [hz - 0.5, hz + 0.5] {
            let db = comb.response_db(beside);
            assert!((db + 3.01).abs() < WIDTH_DB, "{beside}: {db}");
        }
    }
    assert!(comb.response_db(3000.0).abs() < 0.01);
}

#[test]
fn notches_have_the_width_that_they_say() {
    // The last one, with a neighbour on one side alone, is widened most.
    for (width_hz, harmonics, narrower, wider) in
        [(0.2, 20, 0.01, 0.01), (1.0, 20, 0.01, 0.01), (10.0, 40, 0.06, 0.23)]
    {
        let setup = HumCombSetup { mains_hz: 50.0, harmonics };
        let params = HumCombParams { width_hz, drift_hz: 0.0, ..HumCombParams::default() };
        let comb = comb(setup, params);
        // Where it is 3.01 dB down, on either side.
        let side = |hz: f64, sign: f64| {
            let (mut within, mut beyond) = (0.0, 20.0);
            for _ in 0..50 {
                let middle = 0.5 * (within + beyond);
                let down = comb.response_db(hz + sign * middle) < 10.0 * 0.5_f64.log10();
                *if down { &mut within } else { &mut beyond } = middle;
            }
            within
        };
        let (mut least, mut largest) = (f64::INFINITY, 0.0_f64);
        for harmonic in 1..=harmonics {
            let hz = 50.0 * harmonic as f64;
            let off = (side(hz, 1.0) + side(hz, -1.0)) / width_hz - 1.0;
            (least, largest) = (least.min(off), largest.max(off));
        }
        println!("{width_hz} Hz, {harmonics} notches: {least:+.4} to {largest:+.4}");
        assert!(least > -narrower && largest < wider, "{width_hz}: {least} {largest}");
    }
}

#[test]
fn hum_beside_the_nominal_is_found_measured_and_taken_out() {
    /// After 8 s the frequency is known to a thousandth of the width.
    const HZ: f64 = 0.002;
    const LEVEL_DB: f64 = 0.05;
    let setup = HumCombSetup { mains_hz: 60.0, ..HumCombSetup::default() };
    let mut comb = comb(setup, HumCombParams::default());
    let mut audio = hum(frames(10.0), [59.7; 2], 10);
    run(&mut comb, &mut audio);
    assert!((comb.mains_hz() - 59.7).abs() < HZ, "{}", comb.mains_hz());
    for harmonic in 1..=10 {
        let level = comb.harmonic_dbfs(0, harmonic).unwrap();
        assert!((level + 40.0).abs() < LEVEL_DB, "{harmonic}: {level}");
    }
    assert!(comb.harmonic_dbfs(0, 15).unwrap() < -80.0);
    let left = level_db(&audio[frames(8.0)..]);
    assert!(left < -33.0 - 50.0, "{left}");
    // Ten harmonics of −43 dB, settled within the first second or two of ten.
    assert!((comb.removed_dbfs() + 33.0).abs() < 1.0, "{}", comb.removed_dbfs());
}

#[test]
fn it_follows_a_mains_that_drifts() {
    /// 0.03 Hz/s times the loop's 4τ = 1.27 s.
    const LAG_HZ: f64 = 0.045;
    let params = HumCombParams { drift_hz: 1.0, ..HumCombParams::default() };
    for mains_hz in [50.0, 60.0] {
        let setup = HumCombSetup { mains_hz, ..HumCombSetup::default() };
        let mut comb = comb(setup, params);
        let mut audio = hum(frames(20.0), [mains_hz - 0.3, mains_hz + 0.3], 10);
        let input = audio.clone();
        for (second, part) in audio.chunks_mut(48_000).enumerate() {
            run(&mut comb, part);
            let real = mains_hz - 0.3 + 0.03 * (second as f64 + 1.0);
            let off = (comb.mains_hz() - real).abs();
            assert!(second < 5 || off < LAG_HZ, "{second}: {} {real}", comb.mains_hz());
        }
        let (before, after) = (level_db(&input[frames(5.0)..]), level_db(&audio[frames(5.0)..]));
        // The lag of 0.038 Hz is 0.38 Hz at the tenth harmonic, where a notch's half width is 0.5 Hz: over
        // all ten 7.9 dB.
        assert!(after < before - 7.0, "{mains_hz}: {before} {after}");
    }
}

#[test]
fn the_bounds_of_the_drift_hold() {
    let params = HumCombParams { drift_hz: 0.2, ..HumCombParams::default() };
    let mut comb = comb(HumCombSetup::default(), params);
    run(&mut comb, &mut hum(frames(5.0), [50.4; 2], 5));
    assert!((comb.mains_hz() - 50.2).abs() < 1e-9, "{}", comb.mains_hz());
    comb.set_field("drift_hz", 0.05).unwrap();
    run(&mut comb, &mut [0.0_f32; 4800]);
    assert!(comb.mains_hz() <= 50.05);
}

#[test]
fn real_speech_loses_its_hum_and_nothing_else() {
    /// A tenth of the step that is heard in a line's level (1 dB).
    const VOICE_DB: f64 = 0.1;
    /// 1 % of the spread of the levels is not the voice's own: √(1 − 0.995²) is a tenth.
    const CONTOUR: f64 = 0.995;
    /// What of the voice goes or is added lies below the hum that went, which is 9 dB below the voice.
    const WRONG_DB: f64 = 20.0;
    for Voice { name, audio: voice, lines, .. } in Voice::both() {
        let mut audio = voice.clone();
        for (x, hum) in audio.iter_mut().zip(hum(voice.len(), [50.13; 2], 10)) {
            *x += hum;
        }
        let input = audio.clone();
        let mut comb = comb(HumCombSetup::default(), HumCombParams::default());
        run(&mut comb, &mut audio);
        assert!((comb.mains_hz() - 50.13).abs() < 0.03, "{name}: {}", comb.mains_hz());
        let late = audio.len() - frames(12.0)..audio.len();
        // Over the ten harmonics what is left of the hum, and of the voice with it, is no more than the best
        // fit of tones of these frequencies to the same 12 s would leave: what the voice itself has there.
        let part = |audio: &[f32]| -> f64 {
            let hz = (1..=10).map(|harmonic| 50.13 * f64::from(harmonic));
            hz.map(|hz| amplitude(audio, hz).powi(2)).sum::<f64>()
        };
        let left: Vec<f32> =
            audio[late.clone()].iter().zip(&voice[late.clone()]).map(|(y, v)| y - v).collect();
        let (left, fit, before) = (part(&left), part(&voice[late.clone()]), part(&input[late]));
        println!("{name}: {left} of {before}, fit {fit}");
        assert!(left < fit, "{name}: {left} of {before}, fit {fit}");
        // The first line has the time in which the mains is found.
        for line in &lines[1..] {
            let range = frames(line.0)..frames(line.1);
            let (a, b) = (&voice[range.clone()], &audio[range]);
            let off = level_db(b) - level_db(a);
            assert!(off.abs() < VOICE_DB, "{name} {line:?}: {off}");
            let wrong: Vec<f32> = b.iter().zip(a).map(|(y, v)| y - v).collect();
            let below = level_db(a) - level_db(&wrong);
            assert!(below > WRONG_DB, "{name} {line:?}: {below}");
            let contour = |audio: &[f32]| Voice::contour(audio, *line, -50.0);
            let kept = correlation(&contour(&voice), &contour(&audio));
            println!("{name} {line:?}: {off:.3} dB, wrong {below:.1} dB, contour {kept:.5}");
            assert!(kept > CONTOUR, "{name} {line:?}: {kept}");
        }
    }
}

#[test]
fn at_no_amount_every_bit_passes_and_the_change_does_not_click() {
    let mut comb = comb(HumCombSetup::default(), HumCombParams::default());
    let mut audio = hum(frames(8.0), [50.0; 2], 1);
    run(&mut comb, &mut audio);
    comb.set_field("amount_percent", 0.0).unwrap();
    let mut audio = hum(frames(8.0), [50.0; 2], 1);
    let input = audio.clone();
    run(&mut comb, &mut audio);
    assert!(audio[960..] == input[960..]);
    // 0.01 over 960 frames, and the tone's own 0.01·2π·50/48000 a frame.
    let largest =
        audio[..1000].windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
    assert!(largest < 9e-5, "{largest}");
}

#[test]
fn bad_setups_are_errors() {
    for setup in [
        HumCombSetup { mains_hz: 44.0, harmonics: 20 },
        HumCombSetup { mains_hz: f64::NAN, harmonics: 20 },
        HumCombSetup { mains_hz: 50.0, harmonics: 0 },
        HumCombSetup { mains_hz: 50.0, harmonics: 41 },
    ] {
        assert!(HumComb::new(setup, HumCombParams::default(), mono()).is_err());
    }
    let comb = comb(HumCombSetup::default(), HumCombParams::default());
    assert!(comb.harmonic_dbfs(1, 1).is_err() && comb.harmonic_dbfs(0, 0).is_err());
    assert!(comb.harmonic_dbfs(0, 21).is_err());
    assert_eq!(comb.harmonic_dbfs(0, 20), Ok(f64::NEG_INFINITY));
    let need = HumComb::required_len(HumCombSetup::default(), mono()).unwrap();
    let mut numbers = vec![0.0; need.numbers - 1];
    let (setup, params) = (HumCombSetup::default(), HumCombParams::default());
    assert!(HumComb::new_in(setup, params, mono(), &mut numbers).is_err());
}

#[test]
fn loud_noise_in_all_harmonics_stays_bounded() {
    // The widest notches, the most of them, at the lowest rate: where the loops are tightest.
    let stream = Stream::new(8e3, Layout::MONO).unwrap();
    let setup = HumCombSetup { mains_hz: 65.0, harmonics: 40 };
    let params = HumCombParams { width_hz: 10.0, drift_hz: 2.0, ..HumCombParams::default() };
    let mut comb = HumComb::new(setup, params, stream).unwrap();
    let mut audio = noise::<f64>(1, 80_000, 1.0, 3).remove(0);
    run(&mut comb, &mut audio);
    assert!(audio.iter().all(|y| y.abs() < 3.0));
}

proptest! {
    #[test]
    fn any_arguments_give_an_error_or_a_comb(
        numbers in prop::array::uniform4(prop_oneof![any::<f64>(), 0.0..70.0]),
        harmonics in 0..50_usize,
        rate_hz in prop_oneof![any::<f64>(), 8e3..2e4],
        layout in 0..17_usize,
        audio in prop::collection::vec(prop_oneof![4 => -2.0..2.0_f32, 1 => any::<f32>()], 0..200),
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let [mains_hz, width_hz, drift_hz, amount_percent] = numbers;
        let params = HumCombParams { width_hz, drift_hz, amount_percent };
        match HumComb::new(HumCombSetup { mains_hz, harmonics }, params, stream) {
            Ok(mut comb) => {
                let mut channels = vec![audio; layout.channel_count()];
                comb.process(Io::new(BlockMut::new(&mut channels).unwrap())).unwrap();
                prop_assert!(channels.iter().flatten().all(|y| y.is_finite()));
                prop_assert!(comb.tail_frames() > 0);
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
