//! The fractional delay: exact on whole frames, flat and in phase between them, silent on the move.

use mixcore::audio::Sample;
use mixcore::filters::{
    DelayTime, FractionalDelay, FractionalDelayParams, FractionalDelaySetup, speed_of_sound_m_s,
};
use mixcore::kernels::{self, FRACTIONAL_TAPS, FractionalPlace, Isa, scalar};
use mixcore::{BlockMut, Error, Io, Layout, Process, Processor, Stream, math};
use proptest::prelude::*;

use crate::click::{CLICK_DBFS, PASSAGE, left_above_5_khz, tone};
use crate::signals::{Noise, noise};

/// What the delay states of itself.
const LATENCY: usize = 23;

fn stream(layout: Layout) -> Stream {
    Stream::new(48_000.0, layout).unwrap()
}

/// A delay in lent memory, as all feature sets have it.
fn delay<S: Sample>(
    setup: FractionalDelaySetup,
    delay_ms: f64,
    stream: Stream,
) -> Result<FractionalDelay<'static, S>, Error> {
    let len = FractionalDelay::<S>::required_len(&setup, &stream)?;
    let memory = Box::leak(vec![S::one(); len].into_boxed_slice());
    FractionalDelay::new_in(setup, FractionalDelayParams { delay_ms }, stream, memory)
}

/// A delay of so many frames at 48 kHz, of at most 100 ms.
fn of_frames<S: Sample>(frames: f64, max_slew: f64, layout: Layout) -> FractionalDelay<'static, S> {
    delay(FractionalDelaySetup { max_delay_ms: 100.0, max_slew }, frames / 48.0, stream(layout))
        .unwrap()
}

/// Runs `audio` through a delay in blocks of random length.
fn run<S: Sample>(delay: &mut FractionalDelay<'_, S>, audio: &mut [Vec<S>], seed: u32) {
    let frames = audio[0].len();
    let mut pick = Noise::new(seed);
    let mut at = 0;
    while at < frames {
        let count = pick.below(300).min(frames - at);
        let mut block = BlockMut::new(audio).unwrap();
        delay.process(Io::new(block.range(at, at + count))).unwrap();
        at += count;
    }
}

fn exact<S: Sample>() {
    for frames in [0, 1, 2, 63, 64, 65, 100, 1000, 4799, 4800] {
        let mut delay = of_frames::<S>(frames as f64, 0.01, Layout::SURROUND_5_1);
        assert_eq!((delay.latency_frames(), delay.delay_frames_now()), (LATENCY, frames as f64));
        let input = noise::<S>(6, 7000, 1.0, 5);
        for seed in [1, 2] {
            let mut output = input.clone();
            run(&mut delay, &mut output, seed);
            let late = LATENCY + frames;
            for (output, input) in output.iter().zip(&input) {
                assert!(output[..late].iter().all(|&x| x == S::zero()));
                assert_eq!(output[late..], input[..input.len() - late]);
            }
            delay.reset();
        }
    }
}

#[test]
fn at_rest_on_a_whole_frame_every_bit_passes() {
    exact::<f32>();
    exact::<f64>();
}

/// Up to 20 kHz at 48 kHz, dB and rad, as the delay states them.
const RIPPLE_DB: f64 = 1e-4;
const PHASE_RAD: f64 = 1e-5;
const PASS_BAND: f64 = 20.0 / 48.0;

/// Magnitude in dB and error of the phase at a share of the rate, of a response that is delayed by
/// `late` frames.
fn at(response: &[f64], share: f64, late: f64) -> (f64, f64) {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, h) in response.iter().enumerate() {
        let angle = 2.0 * math::PI * share * (n as f64 - late);
        re += h * math::cos(angle);
        im -= h * math::sin(angle);
    }
    (20.0 * re.hypot(im).log10(), im.atan2(re))
}

#[test]
fn between_frames_it_is_flat_and_in_phase_to_20_khz() {
    let mut pick = Noise::new(3);
    let mut late: Vec<f64> = (0..60).map(|_| 150.0 * (1.0 + pick.next_f64())).collect();
    late.extend([0.5, 10.5, 3.25, 7.0 + 0.5 / 512.0, 8.0 - 0.5 / 512.0, 9.0 + 1e-5, 9.999_99]);
    for late in late {
        let mut delay = of_frames::<f64>(late, 0.01, Layout::MONO);
        let mut impulse = vec![vec![0.0; 500]];
        impulse[0][50] = 1.0;
        run(&mut delay, &mut impulse, 4);
        for step in 0..=100 {
            let share = PASS_BAND * f64::from(step) / 100.0;
            let (db, rad) = at(&impulse[0], share, 50.0 + LATENCY as f64 + late);
            assert!(db.abs() < RIPPLE_DB && rad.abs() < PHASE_RAD, "{late} {share}: {db} {rad}");
        }
        // And in f32 the same but for its rounding.
        let mut rounded = vec![vec![0.0_f32; 500]];
        rounded[0][50] = 1.0;
        run(&mut of_frames::<f32>(late, 0.01, Layout::MONO), &mut rounded, 5);
        for (f32, f64) in rounded[0].iter().zip(&impulse[0]) {
            assert!((f64::from(*f32) - f64).abs() < 2e-7, "{f32} {f64}");
        }
    }
}

/// Above the pass-band: what the documentation says, to its last digit. Half a frame takes the most.
#[test]
fn above_20_khz_it_falls_off_as_documented() {
    /// The figures are rounded to 0.1 dB.
    const ROUNDED_DB: f64 = 0.05;
    let response = |late: f64| {
        let mut impulse = vec![vec![0.0; 100]];
        impulse[0][30] = 1.0;
        run(&mut of_frames::<f64>(late, 0.01, Layout::MONO), &mut impulse, 6);
        impulse.remove(0)
    };
    for (share, db) in [(0.44, 0.0), (0.46, -0.7), (0.48, -4.2), (0.49, -9.5)] {
        let half = at(&response(0.5), share, 53.5).0;
        assert!((half - db).abs() <= ROUNDED_DB, "{share}: {half}");
        for late in [0.1, 0.25, 0.4, 0.45, 0.55, 0.7, 0.9] {
            let other = at(&response(late), share, 53.0 + late).0;
            assert!(half < other && other < 0.0, "{share} {late}: {other}");
        }
    }
}

#[test]
fn on_the_move_the_pitch_is_off_by_the_slew_and_the_sound_is_right() {
    /// The table's filters and 1 % of slew: the ideal is x(n − L − d(n)).
    const APART: f64 = 3e-5;
    for (hz, slew) in [(1000.0, 0.01), (15_000.0, 0.01), (1000.0, 0.2), (440.0, 0.5)] {
        let mut delay = of_frames::<f64>(100.0, slew, Layout::MONO);
        let sine = |t: f64| math::sin(2.0 * math::PI * hz * t / 48e3);
        let mut audio = vec![(0..9000).map(|n| sine(n as f64)).collect::<Vec<f64>>()];
        let mut block = BlockMut::new(&mut audio).unwrap();
        delay.process(Io::new(block.range(0, 1000))).unwrap();
        delay.set_params(FractionalDelayParams { delay_ms: 122.437 / 48.0 }).unwrap();
        delay.process(Io::new(block.range(1000, 1040))).unwrap();
        let reached = delay.delay_frames_now();
        let there = (22.437 / slew).ceil();
        assert!((reached - (100.0 + 22.437 * (40.0 / there).min(1.0))).abs() < 1e-9, "{reached}");
        delay.set_params(FractionalDelayParams { delay_ms: 80.0 / 48.0 }).unwrap();
        delay.process(Io::new(block.range(1040, 9000))).unwrap();
        let back = ((reached - 80.0) / slew).ceil();
        let law = |n: usize| match n {
            0..1000 => 100.0,
            1000..1040 => 100.0 + 22.437 * ((n - 1000) as f64 / there).min(1.0),
            _ => reached + (80.0 - reached) * ((n - 1040) as f64 / back).min(1.0),
        };
        for (n, y) in audio[0].iter().enumerate().skip(200) {
            let ideal = sine(n as f64 - LATENCY as f64 - law(n));
            assert!((y - ideal).abs() < APART, "{hz} {slew} {n}: {y} {ideal}");
            let step = law(n + 1) - law(n);
            assert!(step.abs() <= slew * (1.0 + 1e-12), "{n}: {step}");
        }
        assert_eq!(delay.delay_frames_now(), 80.0);
    }
}

#[test]
fn a_move_does_not_click() {
    for slew in [0.01, 0.1] {
        let mut delay = of_frames::<f64>(10.0, slew, Layout::MONO);
        let mut audio = vec![tone(PASSAGE)];
        let mut block = BlockMut::new(&mut audio).unwrap();
        delay.process(Io::new(block.range(0, 1800))).unwrap();
        delay.set_params(FractionalDelayParams { delay_ms: 15.3 / 48.0 }).unwrap();
        delay.process(Io::new(block.range(1800, PASSAGE))).unwrap();
        let (dbfs, _) = left_above_5_khz(&audio[0], 5.3 / slew / 48.0);
        assert!(dbfs < CLICK_DBFS, "{slew}: {dbfs:.1} dBFS");
    }
}

fn splits<S: Sample>() {
    let input = noise::<S>(2, 5000, 1.0, 7);
    let mut expected: Option<Vec<Vec<S>>> = None;
    for isa in Isa::available() {
        let stream = Stream::with_isa(48_000.0, Layout::STEREO, isa).unwrap();
        let setup = FractionalDelaySetup { max_delay_ms: 10.0, max_slew: 0.1 };
        let mut delay = delay::<S>(setup, 1.0, stream).unwrap();
        for seed in [1, 2, 3] {
            delay.set_field("delay_ms", 1.0).unwrap();
            delay.reset();
            let mut output = input.clone();
            for (start, end, ms) in
                [(0, 700, 3.0), (700, 777, 0.0), (777, 4000, 9.99), (4000, 5000, 1.0)]
            {
                let mut part: Vec<Vec<S>> = output.iter().map(|x| x[start..end].to_vec()).collect();
                run(&mut delay, &mut part, seed);
                for (output, part) in output.iter_mut().zip(part) {
                    output[start..end].copy_from_slice(&part);
                }
                delay.set_field("delay_ms", ms).unwrap();
            }
            match &expected {
                None => expected = Some(output),
                Some(expected) => assert!(*expected == output, "{isa:?} {seed}"),
            }
        }
    }
}

#[test]
fn every_split_and_level_gives_the_same_bits() {
    splits::<f32>();
    splits::<f64>();
}

fn twins<S: Sample>() {
    let data = noise::<S>(2, 6 * FRACTIONAL_TAPS, 1.0, 8);
    for isa in Isa::available() {
        let places: Vec<FractionalPlace> = [
            (0, 0, 0.0),
            (3, 1, 0.3),
            (200, 4, 1.0),
            (240, 2, 0.5),
            (241, 0, 0.5),
            (9, 5, 0.1),
            (usize::MAX, usize::MAX, 0.2),
        ]
        .map(|(at, row, share)| FractionalPlace { at, row, share })
        .to_vec();
        for count in 0..=places.len() {
            let mut out = vec![S::one(); 6];
            let mut twin = out.clone();
            kernels::fractional(isa, &data[0], &data[1], &places[..count], &mut out);
            scalar::fractional(&data[0], &data[1], &places[..count], &mut twin);
            assert!(out == twin, "{isa:?} {count}");
        }
    }
}

#[test]
fn the_kernel_is_its_plain_twin_at_every_level() {
    twins::<f32>();
    twins::<f64>();
}

#[test]
fn milliseconds_and_metres_are_frames() {
    let stream = stream(Layout::MONO);
    let frames = |time: DelayTime| time.frames(&stream).unwrap();
    assert_eq!(frames(DelayTime::Frames(12.5)), 12.5);
    assert_eq!(frames(DelayTime::Ms(12.5)), 600.0);
    // Speeds of sound in dry air as printed in textbooks, m/s, to their last digit.
    for (temperature_c, speed) in
        [(-20.0, 318.9), (0.0, 331.3), (10.0, 337.3), (20.0, 343.2), (30.0, 349.0)]
    {
        assert!(
            (speed_of_sound_m_s(temperature_c).unwrap() - speed).abs() < 0.1,
            "{temperature_c}"
        );
        let time = DelayTime::Metres { metres: speed, temperature_c };
        assert!((frames(time) - 48_000.0).abs() < 15.0);
        assert_eq!(time.whole_frames(&stream).unwrap(), frames(time).round() as usize);
        assert!((time.ms(&stream).unwrap() - 1000.0).abs() < 0.3);
    }
    let text = |time: DelayTime| time.frames(&stream).unwrap_err().to_string();
    assert!(text(DelayTime::Frames(-1.0)).contains("frames is -1, allowed is 0 to 2880000"));
    assert!(text(DelayTime::Ms(60_001.0)).contains("delay_ms is 60001, allowed is 0 to 60000"));
    assert!(
        text(DelayTime::Metres { metres: 30_000.0, temperature_c: 20.0 })
            .contains("metres is 30000")
    );
    assert!(
        text(DelayTime::Metres { metres: 1.0, temperature_c: 150.0 }).contains("temperature_c")
    );
    assert!(speed_of_sound_m_s(f64::NAN).is_err());
    assert_eq!(FractionalDelayParams::of(DelayTime::Frames(24.0), &stream).unwrap().delay_ms, 0.5);
    let long = FractionalDelayParams::of(DelayTime::Ms(1001.0), &stream).unwrap_err().to_string();
    assert!(long.contains("delay_ms is 1001, allowed is 0 to 1000"), "{long}");
}

#[test]
fn absurd_delays_and_slews_are_errors() {
    let build = |max_delay_ms, max_slew, delay_ms| {
        let setup = FractionalDelaySetup { max_delay_ms, max_slew };
        delay::<f32>(setup, delay_ms, stream(Layout::STEREO)).map(|_| ()).map_err(|e| e.to_string())
    };
    assert!(build(5.0, 0.1, 5.0).is_ok() && build(0.0, 0.1, 0.0).is_ok());
    assert!(build(5.0, 0.1, 5.1).unwrap_err().contains("delay_ms is 5.1, allowed is 0 to 5"));
    assert!(build(5.0, 0.1, -0.1).unwrap_err().contains("delay_ms is -0.1"));
    assert!(build(1001.0, 0.1, 0.0).unwrap_err().contains("max_delay_ms is 1001"));
    assert!(build(5.0, 0.0, 0.0).unwrap_err().contains("max_slew is 0"));
    assert!(build(5.0, f64::NAN, 0.0).unwrap_err().contains("max_slew"));
    let (setup, params) = (FractionalDelaySetup::default(), FractionalDelayParams::default());
    let stream = stream(Layout::STEREO);
    let required = FractionalDelay::<f64>::required_len(&setup, &stream).unwrap();
    let mut memory = vec![0.0; required - 1];
    let error = FractionalDelay::<f64>::new_in(setup, params, stream, &mut memory);
    let (what, given) = ("fractional delay", required - 1);
    assert_eq!(error.unwrap_err(), Error::Storage { what, given, required });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_arguments_give_an_error_or_a_delay(
        max_delay_ms in prop_oneof![6 => 0.0..50.0, 1 => any::<f64>()],
        max_slew in prop_oneof![6 => 1e-4..0.5, 1 => any::<f64>()],
        delays in prop::collection::vec(prop_oneof![6 => 0.0..50.0, 1 => any::<f64>()], 1..6),
        rate_hz in prop_oneof![6 => 8e3..384e3, 1 => any::<f64>()],
        layout in 0..17_usize,
        audio in prop::collection::vec(prop_oneof![4 => -2.0..2.0_f32, 1 => any::<f32>()], 0..300),
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let stream = Stream { rate_hz, layout, isa: Isa::detect() };
        let setup = FractionalDelaySetup { max_delay_ms, max_slew };
        match delay::<f32>(setup, delays[0], stream) {
            Ok(mut delay) => for ms in delays {
                let mut io = vec![audio.clone(); layout.channel_count()];
                delay.process(Io::new(BlockMut::new(&mut io).unwrap())).unwrap();
                prop_assert!(io.iter().flatten().all(|y| y.is_finite()));
                let done = delay.set_field("delay_ms", ms);
                prop_assert_eq!(done.is_ok(), delay.field("delay_ms") == Some(ms));
                prop_assert!((0.0..=max_delay_ms * rate_hz / 1000.0 + 1e-6).contains(&delay.delay_frames_now()));
                let time = DelayTime::Metres { metres: ms, temperature_c: ms };
                prop_assert!(time.whole_frames(&stream).is_err() || ms >= 0.0);
            },
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
