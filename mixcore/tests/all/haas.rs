//! The mono-maker and the Haas delay: what they do to the sum, to the side and to time.

use mixcore::filters::design::{CrossoverSlope, linkwitz_riley};
use mixcore::spatial::{
    Haas, HaasParams, HaasSetup, MonoMaker, MonoMakerParams, MonoMakerSetup, Pair, PairSide,
};
use mixcore::{BlockMut, Io, Layout, Process, Processor, Sample, Stream};
use proptest::prelude::*;

use crate::roster::prelude::{haas, mono_maker};
use crate::signals::noise;

fn stereo() -> Stream {
    Stream::new(48_000.0, Layout::STEREO).unwrap()
}

fn run<S: Sample>(processor: &mut dyn Process<S>, audio: &mut [Vec<S>]) {
    processor.process(Io::new(BlockMut::new(audio).unwrap())).unwrap();
}

/// Gain of a frequency in a response: |Σ h·e^(−jωn)|.
fn gain_at(response: &[f64], hz: f64) -> f64 {
    let w = std::f64::consts::TAU * hz / 48_000.0;
    let sum = |f: fn(f64) -> f64| -> f64 {
        response.iter().enumerate().map(|(n, h)| h * f(w * n as f64)).sum()
    };
    sum(f64::cos).hypot(sum(f64::sin))
}

/// What comes out of (left, right) for an impulse on the left.
fn impulse(crossing_hz: f64) -> [Vec<f64>; 2] {
    let params = MonoMakerParams { crossing_hz };
    let mut maker = mono_maker(MonoMakerSetup::default(), params, stereo()).unwrap();
    let mut audio = [vec![0.0; 48_000], vec![0.0; 48_000]];
    audio[0][0] = 1.0;
    run(&mut maker, &mut audio);
    audio
}

#[test]
fn a_mono_maker_keeps_the_sum_and_drops_the_low_side() {
    /// The crossing's own figure for a flat sum (`filters::crossover`), and what is left of an impulse
    /// after a second at 80 Hz.
    const FLAT: f64 = 1e-5;
    for crossing_hz in [80.0, 120.0, 200.0] {
        let [left, right] = impulse(crossing_hz);
        let sum: Vec<f64> = left.iter().zip(&right).map(|(l, r)| l + r).collect();
        let side: Vec<f64> = left.iter().zip(&right).map(|(l, r)| l - r).collect();
        let high = linkwitz_riley(CrossoverSlope::Db24, crossing_hz, 48_000.0).unwrap().high;
        let maker =
            mono_maker(MonoMakerSetup::default(), MonoMakerParams { crossing_hz }, stereo())
                .unwrap();
        for hz in [20.0, 40.0, 79.0, 120.0, 200.0, 500.0, 4000.0, 19_000.0] {
            assert!((gain_at(&sum, hz) - 1.0).abs() < FLAT, "{crossing_hz} {hz}");
            assert!((gain_at(&side, hz) - high.gain_at(hz, 48_000.0)).abs() < FLAT);
            let stated = maker.side_response_db(hz).unwrap();
            assert!((stated - 20.0 * high.gain_at(hz, 48_000.0).log10()).abs() < 1e-9);
        }
        // 6 dB down at the crossing, and 24 dB an octave below it.
        assert!((gain_at(&side, crossing_hz) - 0.5).abs() < FLAT);
        assert!(gain_at(&side, crossing_hz / 4.0) < 0.0041);
    }
}

#[test]
fn a_mono_source_stays_mono_and_keeps_its_place_in_step() {
    let source = noise::<f64>(1, 5000, 0.5, 3).remove(0);
    let mut maker =
        mono_maker(MonoMakerSetup::default(), MonoMakerParams::default(), stereo()).unwrap();
    let mut both = [source.clone(), source];
    run(&mut maker, &mut both);
    assert!(both[0].iter().zip(&both[1]).all(|(l, r)| l == r));
    // High up the side is in step with the middle: what is on the left stays there alone.
    let [left, right] = impulse(100.0);
    assert!((gain_at(&left, 5000.0) - 1.0).abs() < 1e-3 && gain_at(&right, 5000.0) < 1e-3);
    // Low down both sides have half of it.
    assert!(
        (gain_at(&left, 10.0) - 0.5).abs() < 1e-3 && (gain_at(&right, 10.0) - 0.5).abs() < 1e-3
    );
}

#[test]
fn a_haas_delay_is_exact_and_its_comb_is_what_it_says() {
    for (later, side) in [(PairSide::Left, 0), (PairSide::Right, 1)] {
        let setup = HaasSetup { later, ..HaasSetup::default() };
        let params = HaasParams { delay_ms: 10.0, gain_db: -6.0 };
        let mut haas = haas::<f64>(setup, params, stereo()).unwrap();
        let latency = haas.latency_frames();
        let mut audio = [vec![0.0; 2000], vec![0.0; 2000]];
        (audio[0][0], audio[1][0]) = (0.5, 0.5);
        run(&mut haas, &mut audio);
        let gain = 10.0_f64.powf(-6.0 / 20.0);
        assert_eq!(audio[1 - side][latency], 0.5);
        assert!((audio[side][latency + 480] - 0.5 * gain).abs() < 1e-15);
        let sum: Vec<f64> = audio[0].iter().zip(&audio[1]).map(|(l, r)| l + r).collect();
        let comb = params.mono_comb().unwrap();
        let db = |hz: f64| 20.0 * gain_at(&sum, hz).log10();
        for n in 0..5 {
            let peak = comb.spacing_hz * f64::from(n);
            assert!((db(peak) - comb.peak_db).abs() < 1e-9);
            assert!((db(peak + comb.first_notch_hz) - comb.notch_db).abs() < 1e-9);
        }
        assert!((comb.depth_db() - 20.0 * ((1.0 + gain) / (1.0 - gain)).log10()).abs() < 1e-9);
    }
}

#[test]
fn the_warning_says_what_happens_in_mono() {
    let text = HaasParams { delay_ms: 20.0, gain_db: -6.0 }.mono_comb().unwrap().to_string();
    assert!(text.starts_with("in mono a comb 9.6 dB deep: -2.5 dB at the peaks"), "{text}");
    assert!(text.contains("-12.1 dB at 25 Hz and every 50 Hz"), "{text}");
    let equal = HaasParams { delay_ms: 1.0, gain_db: 0.0 }.mono_comb().unwrap();
    assert_eq!((equal.notch_db, equal.depth_db()), (f64::NEG_INFINITY, f64::INFINITY));
    assert_eq!(equal.peak_db, 0.0);
}

#[test]
fn only_the_pair_is_late_and_only_the_pair_is_mono() {
    let stream = Stream::new(48_000.0, Layout::SURROUND_5_1).unwrap();
    let source = noise::<f32>(6, 3000, 1.0, 10);
    let pair = Pair { left: 4, right: 5 };
    let mut audio = source.clone();
    let setup = MonoMakerSetup { pair };
    run(&mut mono_maker(setup, MonoMakerParams::default(), stream).unwrap(), &mut audio);
    assert!(audio[..4] == source[..4] && audio[4] != source[4]);
    let mut audio = source.clone();
    let setup = HaasSetup { pair, later: PairSide::Right };
    let params = HaasParams { delay_ms: 20.0, gain_db: 0.0 };
    run(&mut haas::<f32>(setup, params, stream).unwrap(), &mut audio);
    for (channel, (ours, theirs)) in audio.iter().zip(&source).enumerate() {
        let late = if channel == 5 { 23 + 960 } else { 23 };
        assert!(ours[..late].iter().all(|x| *x == 0.0) && ours[late..] == theirs[..3000 - late]);
    }
}

proptest! {
    #[test]
    fn any_arguments_give_an_error_or_a_processor(
        crossing_hz in prop_oneof![any::<f64>(), 0.0..1100.0],
        delay_ms in prop_oneof![any::<f64>(), 0.0..40.0],
        gain_db in prop_oneof![any::<f64>(), -30.0..20.0],
        (left, right) in (0..9_usize, 0..9_usize),
        layout in 0..17_usize,
        rate_hz in prop_oneof![1 => any::<f64>(), 3 => 8e3..384e3],
        frames in 0..400_usize,
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let pair = Pair { left, right };
        let channels = layout.channel_count();
        let fits = left != right && left.max(right) < channels && (8e3..=384e3).contains(&rate_hz);
        let mut audio = vec![vec![0.5_f32; frames]; channels];
        let made = mono_maker(MonoMakerSetup { pair }, MonoMakerParams { crossing_hz }, stream);
        prop_assert_eq!(made.is_ok(), fits && (20.0..=1000.0).contains(&crossing_hz));
        if let Ok(mut made) = made {
            run(&mut made, &mut audio);
        }
        let params = HaasParams { delay_ms, gain_db };
        let good = (1.0..=35.0).contains(&delay_ms) && (-24.0..=12.0).contains(&gain_db);
        prop_assert_eq!(params.mono_comb().is_ok(), good);
        let made = haas::<f32>(HaasSetup { pair, later: PairSide::Left }, params, stream);
        prop_assert_eq!(made.is_ok(), fits && good);
        if let Ok(mut made) = made {
            run(&mut made, &mut audio);
        }
        prop_assert!(audio.iter().flatten().all(|x| x.is_finite()));
    }
}

#[test]
fn lent_memory_that_is_too_small_is_an_error() {
    let stream = stereo();
    let mut memory = vec![0.0; MonoMaker::required_len(&stream).unwrap() - 1];
    let (setup, params) = (MonoMakerSetup::default(), MonoMakerParams::default());
    assert!(MonoMaker::new_in(setup, params, stream, &mut memory).is_err());
    let mut memory = vec![0.0_f32; Haas::<f32>::required_len(&stream).unwrap() - 1];
    let (setup, params) = (HaasSetup::default(), HaasParams::default());
    assert!(Haas::<f32>::new_in(setup, params, stream, &mut memory).is_err());
    memory.truncate(10);
    assert!(Haas::<f32>::new_in(setup, params, stream, &mut memory).is_err());
}
