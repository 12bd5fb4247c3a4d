//! The suppressor: the floor it learns, what it takes of noise, and what it leaves of speech.

use mixcore::dynamics::{NoiseLearning, Suppressor, SuppressorParams, SuppressorSetup};
use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream};
use proptest::prelude::*;

use super::{Voice, correlation, frames, hiss, level_db, loudness_lufs, mono, run};
use crate::signals::{noise, sine};

const LATENCY: usize = 1024;
const BANDS_HZ: [f64; 6] = [150.0, 400.0, 1000.0, 3000.0, 8000.0, 15_000.0];

fn suppressor() -> Suppressor<'static, f32> {
    Suppressor::new(SuppressorSetup::default(), SuppressorParams::default(), mono()).unwrap()
}

fn learnt(noise: &mut [f32], learning: NoiseLearning) -> Suppressor<'static, f32> {
    let mut suppressor = suppressor();
    suppressor.set_learning(learning);
    run(&mut suppressor, noise);
    suppressor
}

#[test]
fn the_floor_is_the_mean_square_of_a_band() {
    /// The window spreads a tone over two bins either side, all in the band or its neighbour.
    const TONE_DB: f64 = 0.2;
    let mut tone = sine(1030.0, 48e3, frames(2.0), 0.1);
    let suppressor = learnt(&mut tone, NoiseLearning::Stretch);
    let floor = suppressor.floor_dbfs(1030.0);
    assert!((floor + 23.01).abs() < TONE_DB, "{floor}");
    assert!(suppressor.floor_dbfs(5000.0) < -60.0);
    assert_eq!(self::suppressor().floor_dbfs(1000.0), f64::NEG_INFINITY);
}

/// The tolerance of a floor, dB: three standard deviations of the smallest of so many means with ν =
/// 2·bandwidth·time degrees of freedom. The cube root of such a mean is normal about 1 − 2/(9ν) with
/// √(2/(9ν)) (Wilson and Hilferty); the smallest of 9, 36 and 64 normal deviates lies 1.49, 2.12 and 2.34
/// below the mean and deviates by 0.60, 0.46 and 0.43 (Teichroew's tables; Blom beyond 20).
fn floor_tolerance_db(hz: f64, stretches: f64) -> f64 {
    // An ERB, at least four bins of 46.875 Hz; 23 hops of 256 frames.
    let width = (24.7 * (4.37 * hz / 1000.0 + 1.0)).max(187.5);
    let deviation = (2.0_f64 / (9.0 * 2.0 * width * 23.0 * 256.0 / 48e3)).sqrt();
    let (below, own) = match stretches {
        ..30.0 => (1.49, 0.6),
        ..60.0 => (2.12, 0.46),
        _ => (2.34, 0.43),
    };
    let root = 1.0 - deviation * deviation - below * deviation;
    3.0 * own * 30.0 / std::f64::consts::LN_10 * deviation / root
}

#[test]
fn the_smallest_of_stretches_finds_the_mean_of_noise() {
    for s in [1.2, 4.5, 9.0] {
        let stretch = learnt(&mut hiss(frames(60.0), -50.0, 3), NoiseLearning::Stretch);
        let running = learnt(&mut hiss(frames(s), -50.0, 4), NoiseLearning::Running);
        for hz in BANDS_HZ {
            let (a, b) = (stretch.floor_dbfs(hz), running.floor_dbfs(hz));
            let bound = floor_tolerance_db(hz, s / 0.125);
            assert!((a - b).abs() < bound, "{s} s, {hz} Hz: {a} {b} {bound}");
        }
    }
}

#[test]
fn steady_noise_goes_down_by_the_range_and_stays_smooth() {
    /// Now and then a band swings up to the threshold.
    const RANGE_DB: f64 = 0.5;
    /// Levels of 20 ms of what is left swing little more than before: no musical noise.
    const SWING_DB: f64 = 1.0;
    let mut audio = hiss(frames(12.0), -50.0, 7);
    let input = audio.clone();
    let mut suppressor = suppressor();
    run(&mut suppressor, &mut audio);
    let (before, after) = (&input[frames(6.0)..], &audio[frames(6.0)..]);
    let down = level_db(before) - level_db(after);
    assert!((down - 12.0).abs() < RANGE_DB, "{down}");
    let swing = |audio: &[f32]| {
        let levels: Vec<f64> = audio.chunks_exact(960).map(level_db).collect();
        levels.iter().copied().fold(f64::NEG_INFINITY, f64::max) - level_db(audio)
    };
    assert!(swing(after) < swing(before) + SWING_DB, "{} {}", swing(after), swing(before));
    let report = suppressor.report();
    let removed: Vec<f32> = input.iter().zip(&audio[LATENCY..]).map(|(x, y)| x - y).collect();
    assert!((report.removed_dbfs - level_db(&removed)).abs() < 0.1, "{report:?}");
    // After the second in which there is no floor yet.
    assert!((report.mean_reduction_db - 11.0).abs() < 0.5, "{report:?}");
}

#[test]
fn without_a_floor_and_in_bypass_every_bit_passes() {
    let mut suppressor = suppressor();
    assert_eq!((suppressor.latency_frames(), suppressor.tail_frames()), (LATENCY, 2 * LATENCY));
    // Running learning has no floor in the first second.
    let mut audio = hiss(frames(0.9), -30.0, 5);
    let input = audio.clone();
    run(&mut suppressor, &mut audio);
    assert!(audio[LATENCY..] == input[..input.len() - LATENCY]);
    suppressor.set_bypass(true);
    let mut audio = hiss(frames(5.0), -30.0, 6);
    let input = audio.clone();
    run(&mut suppressor, &mut audio);
    assert!(audio[LATENCY..] == input[..input.len() - LATENCY]);
    suppressor.set_bypass(false);
    run(&mut suppressor, &mut audio);
    assert!(suppressor.gain_db(1000.0) < -11.0);
}

#[test]
fn a_held_floor_stays_and_the_image_too() {
    let stream = Stream::new(48e3, Layout::STEREO).unwrap();
    let setup = SuppressorSetup::default();
    let mut suppressor = Suppressor::new(setup, SuppressorParams::default(), stream).unwrap();
    suppressor.set_learning(NoiseLearning::Stretch);
    let mut audio = noise::<f64>(2, frames(2.0), 0.01, 3);
    suppressor.process(Io::new(BlockMut::new(&mut audio).unwrap())).unwrap();
    suppressor.set_learning(NoiseLearning::Held);
    assert_eq!(suppressor.learning(), NoiseLearning::Held);
    let floor = suppressor.floor_dbfs(1000.0);
    let mut left = noise::<f64>(1, frames(2.0), 0.02, 8).remove(0);
    let mut right: Vec<f64> = left.iter().map(|x| x * 0.5).collect();
    suppressor.process(Io::new(BlockMut::stereo(&mut left, &mut right).unwrap())).unwrap();
    assert_eq!(suppressor.floor_dbfs(1000.0), floor);
    // What is left of the first programme has gone after two frames.
    assert!(left[4096..].iter().zip(&right[4096..]).all(|(l, r)| (l * 0.5 - r).abs() < 1e-15));
    assert!(level_db(&left) < -39.0 - 5.0);
}

#[test]
fn real_speech_loses_the_noise_of_its_pauses_and_keeps_its_level() {
    /// A tenth of the step that is heard in a line's level (1 dB).
    const VOICE_LU: f64 = 0.1;
    /// Noise and damage together are less than the noise was: it does no harm. It stands 34 dB below.
    const BELOW_DB: f64 = 30.0;
    /// 1 % of the spread of the levels is not the voice's own: √(1 − 0.995²) is a tenth.
    const CONTOUR: f64 = 0.995;
    for Voice { name, audio: voice, lines, pauses } in Voice::both() {
        let noise = hiss(voice.len(), -58.0, 11);
        let mut audio: Vec<f32> = voice.iter().zip(&noise).map(|(v, n)| v + n).collect();
        let mut suppressor = suppressor();
        mixcore::stream::render(&mut suppressor, BlockMut::mono(&mut audio)).unwrap();
        // Without the second in which there is no floor yet.
        for pause in pauses.into_iter().filter(|pause| *pause > 2.0) {
            let range = frames(pause)..frames(pause + 0.2);
            let down = level_db(&noise[range.clone()]) - level_db(&audio[range]);
            assert!(down > 10.0, "{name} {pause}: {down}");
        }
        for line in &lines[1..] {
            let range = frames(line.0)..frames(line.1);
            let (a, b) =
                (loudness_lufs(&voice[range.clone()]), loudness_lufs(&audio[range.clone()]));
            assert!((a - b).abs() < VOICE_LU, "{name} {line:?}: {a} {b}");
            let contour = |audio: &[f32]| Voice::contour(audio, *line, -50.0);
            let kept = correlation(&contour(&voice), &contour(&audio));
            assert!(kept > CONTOUR, "{name} {line:?}: {kept}");
            let wrong: Vec<f32> = audio[range.clone()]
                .iter()
                .zip(&voice[range.clone()])
                .map(|(y, v)| y - v)
                .collect();
            let below = level_db(&voice[range]) - level_db(&wrong);
            assert!(below > BELOW_DB, "{name} {line:?}: {below}");
        }
    }
}

#[test]
fn bad_setups_are_errors() {
    for learning_s in [0.09, 61.0, f64::NAN] {
        let setup = SuppressorSetup { learning_s };
        assert!(Suppressor::<f32>::new(setup, SuppressorParams::default(), mono()).is_err());
    }
    let (setup, params) = (SuppressorSetup::default(), SuppressorParams::default());
    let need = Suppressor::<f32>::required_len(setup, mono()).unwrap();
    for less in [[1, 0], [0, 1]] {
        let mut samples = vec![0.0_f32; need.samples - less[0]];
        let mut numbers = vec![0.0; need.numbers - less[1]];
        let short = Suppressor::new_in(setup, params, mono(), &mut samples, &mut numbers);
        assert!(short.unwrap_err().to_string().contains("suppressor"));
    }
}

proptest! {
    #[test]
    fn any_arguments_give_an_error_or_a_suppressor(
        numbers in prop::array::uniform4(prop_oneof![any::<f64>(), 0.0..70.0]),
        rate_hz in prop_oneof![any::<f64>(), 8e3..2e4],
        layout in 0..17_usize,
        audio in prop::collection::vec(prop_oneof![4 => -2.0..2.0_f32, 1 => any::<f32>()], 0..900),
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let [learning_s, threshold_db, ratio, range_db] = numbers;
        let params =
            SuppressorParams { threshold_db, ratio, range_db, ..SuppressorParams::default() };
        match Suppressor::<f32>::new(SuppressorSetup { learning_s }, params, stream) {
            Ok(mut suppressor) => {
                suppressor.set_learning(NoiseLearning::Stretch);
                let mut channels = vec![audio; layout.channel_count()];
                suppressor.process(Io::new(BlockMut::new(&mut channels).unwrap())).unwrap();
                prop_assert!(channels.iter().flatten().all(|y| y.is_finite()));
                prop_assert!(suppressor.gain_db(1000.0) <= 0.0);
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
