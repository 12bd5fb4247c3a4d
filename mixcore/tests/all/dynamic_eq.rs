//! The dynamic equaliser as an engineer would check it: what moves, by how much, keyed by what.

use mixcore::dynamics::{
    Detector, DynamicEq, DynamicEqBand, DynamicEqBandSetup, DynamicEqParams, DynamicEqSetup,
    KeyFilter, MovingShape, Trigger,
};
use mixcore::filters::EqBand;
use mixcore::filters::design::{Method, Shape, second_order};
use mixcore::units::{db_to_gain, gain_to_db};
use mixcore::{Block, BlockMut, Io, Layout, Process, Processor, Stream};

use crate::signals::{Noise, noise, sine};

const RATE_HZ: f64 = 48_000.0;

fn stream(layout: Layout) -> Stream {
    Stream::new(RATE_HZ, layout).unwrap()
}

fn one(shape: MovingShape, trigger: Trigger) -> DynamicEqSetup {
    let mut setup = DynamicEqSetup::default();
    setup.band[0] = DynamicEqBandSetup { shape, trigger, external_key: true };
    setup
}

fn run(unit: &mut DynamicEq<'_, f64>, audio: &mut [Vec<f64>]) {
    unit.process(Io::new(BlockMut::new(audio).unwrap())).unwrap();
}

/// Level of a sine in the second half of a signal, dB of its amplitude.
fn level_db(audio: &[f64], hz: f64) -> f64 {
    let tail = &audio[audio.len() / 2..];
    let sum = |f: fn(f64) -> f64| {
        let at = |n: usize| f(2.0 * std::f64::consts::PI * hz / RATE_HZ * n as f64);
        tail.iter().enumerate().map(|(n, x)| x * at(n)).sum::<f64>()
    };
    gain_to_db(sum(f64::cos).hypot(sum(f64::sin)) * 2.0 / tail.len() as f64)
}

#[test]
fn a_bell_follows_its_static_curve_either_way() {
    /// The ripple of a mean square that does not hold whole half periods.
    const LEVEL_DB: f64 = 0.05;
    for (range_db, trigger, input_db, gain_db) in [
        (-12.0, Trigger::Above, -4.0, 0.0),
        (-3.0, Trigger::Above, -10.0, 2.0),
        (12.0, Trigger::Above, -16.0, -4.0),
        (-12.0, Trigger::Above, -60.0, 3.0),
        (9.0, Trigger::Below, -50.0, 0.0),
        (-9.0, Trigger::Below, -45.0, 0.0),
        (9.0, Trigger::Below, -20.0, 0.0),
    ] {
        let band = DynamicEqBand { range_db, gain_db, ..DynamicEqBand::default() };
        let params = DynamicEqParams::new(&[band]);
        let setup = one(MovingShape::Bell, trigger);
        let mut unit = DynamicEq::new(setup, params, stream(Layout::MONO)).unwrap();
        // 1 kHz: whole periods in the window of 10 ms. The mean square of a sine is 3.01 dB down.
        let mut audio = vec![sine::<f64>(1000.0, RATE_HZ, 96_000, db_to_gain(input_db))];
        run(&mut unit, &mut audio);
        let rms_db = input_db + 10.0 * 0.5_f64.log10();
        let expected = unit.static_curve_db(0, rms_db).unwrap() - rms_db;
        let got = level_db(&audio[0], 1000.0) - input_db;
        assert!(
            (got - expected).abs() < LEVEL_DB,
            "{range_db} {trigger:?} {input_db}: {got} {expected}"
        );
        let moved = unit.band_movement_db(0, 0).unwrap();
        assert!((moved + gain_db - expected).abs() < LEVEL_DB);
        assert!((unit.response_db(0, 1000.0).unwrap() - moved - gain_db).abs() < 1e-3);
        assert!(unit.static_curve_db(1, 0.0).is_none() && unit.band_movement_db(1, 0).is_none());
        // By hand: 3:1 over a threshold of -30 dBFS, far outside the knee of 6 dB.
        let over: f64 = if trigger == Trigger::Above { rms_db + 30.0 } else { -30.0 - rms_db };
        let size = (over.max(0.0) * 2.0 / 3.0).min(range_db.abs());
        assert!((expected - gain_db - size * range_db.signum()).abs() < 1e-9);
    }
}

#[test]
fn a_standing_gain_has_the_response_of_the_bilinear_design() {
    /// A is an f32 gain (3e-5 dB).
    const GAIN_DB: f64 = 1e-3;
    for (shape, design) in [
        (MovingShape::Bell, Shape::Bell),
        (MovingShape::LowShelf, Shape::LowShelf),
        (MovingShape::HighShelf, Shape::HighShelf),
    ] {
        for gain_db in [-9.0, 6.0] {
            let band = DynamicEqBand { gain_db, range_db: 0.0, q: 0.8, ..DynamicEqBand::default() };
            let setup = one(shape, Trigger::Above);
            let params = DynamicEqParams::new(&[band]);
            let mut unit = DynamicEq::new(setup, params, stream(Layout::MONO)).unwrap();
            let truth =
                second_order(Method::Cookbook, design, 1000.0, 0.8, gain_db, RATE_HZ).unwrap();
            for hz in [100.0, 700.0, 1000.0, 2500.0, 12_000.0] {
                let expected = truth.response_db(hz, RATE_HZ);
                assert!(
                    (unit.response_db(0, hz).unwrap() - expected).abs() < GAIN_DB,
                    "{shape:?} {hz}"
                );
                unit.reset();
                let mut audio = vec![sine::<f64>(hz, RATE_HZ, 48_000, 0.1)];
                run(&mut unit, &mut audio);
                let got = level_db(&audio[0], hz) + 20.0;
                assert!((got - expected).abs() < GAIN_DB, "{shape:?} {hz}: {got} {expected}");
            }
        }
    }
}

#[test]
fn at_rest_every_bit_passes() {
    let bands = [DynamicEqBand { threshold_dbfs: 20.0, ..DynamicEqBand::default() }; 6];
    let setup = DynamicEqSetup { bands: 6, lookahead_ms: 2.0, ..DynamicEqSetup::default() };
    let params = DynamicEqParams::new(&bands);
    let mut unit = DynamicEq::new(setup, params, stream(Layout::STEREO)).unwrap();
    assert_eq!(unit.latency_frames(), 96);
    let source = noise::<f64>(2, 5000, 0.5, 7);
    let mut audio = source.clone();
    run(&mut unit, &mut audio);
    for (got, source) in audio.iter().zip(&source) {
        assert_eq!(got[96..], source[..5000 - 96]);
    }
    // And with a mix of nothing, whatever moves.
    let bands = [DynamicEqBand { threshold_dbfs: -60.0, ..DynamicEqBand::default() }; 6];
    let params = DynamicEqParams { mix_percent: 0.0, ..DynamicEqParams::new(&bands) };
    let mut unit = DynamicEq::new(setup, params, stream(Layout::STEREO)).unwrap();
    let mut audio = source.clone();
    run(&mut unit, &mut audio);
    assert_eq!(audio[1][96..], source[1][..5000 - 96]);
    assert!(unit.gain_reduction_db() > 5.0);
}

#[test]
fn a_key_makes_room_where_and_while_it_sounds() {
    let band = DynamicEqBand {
        hz: 300.0,
        q: 0.8,
        range_db: -4.0,
        threshold_dbfs: -40.0,
        ..DynamicEqBand::default()
    };
    let params = DynamicEqParams::new(&[band, band]);
    // The second band listens to the ambience itself, which is below its threshold.
    let mut setup = DynamicEqSetup { bands: 2, ..DynamicEqSetup::default() };
    setup.band[1].external_key = false;
    let mut unit = DynamicEq::new(setup, params, stream(Layout::STEREO)).unwrap();
    let voice = sine::<f64>(300.0, RATE_HZ, 48_000, 0.3);
    let mut audio = vec![sine::<f64>(300.0, RATE_HZ, 48_000, 0.001); 2];
    let io = Io::with_key(BlockMut::new(&mut audio).unwrap(), Block::mono(&voice));
    unit.process(io).unwrap();
    for channel in 0..2 {
        assert!((unit.band_movement_db(0, channel).unwrap() + 4.0).abs() < 1e-3);
        assert_eq!(unit.band_movement_db(1, channel), Some(0.0));
    }
    assert!((level_db(&audio[0], 300.0) + 64.0).abs() < 0.05);
    // The voice pauses: after its release nothing is left.
    let pause = vec![0.0; 96_000];
    let mut audio = vec![sine::<f64>(300.0, RATE_HZ, 96_000, 0.001); 2];
    let io = Io::with_key(BlockMut::new(&mut audio).unwrap(), Block::mono(&pause));
    unit.process(io).unwrap();
    assert!(unit.band_movement_db(0, 0).unwrap().abs() < 1e-4);
    // A voice elsewhere in the spectrum moves nothing.
    unit.reset();
    let voice = sine::<f64>(6000.0, RATE_HZ, 48_000, 0.02);
    let mut audio = vec![vec![0.0; 48_000]; 2];
    let io = Io::with_key(BlockMut::new(&mut audio).unwrap(), Block::mono(&voice));
    unit.process(io).unwrap();
    assert_eq!(unit.band_stats(0).unwrap().max_db, 0.0);
    assert!(unit.band_stats(2).is_none());
}

#[test]
fn the_key_of_a_band_can_be_heard() {
    let bands = [100.0, 5000.0].map(|hz| DynamicEqBand { hz, q: 3.0, ..DynamicEqBand::default() });
    let setup = DynamicEqSetup { bands: 2, ..DynamicEqSetup::default() };
    let mut unit =
        DynamicEq::new(setup, DynamicEqParams::new(&bands), stream(Layout::MONO)).unwrap();
    unit.set_key_listen(Some(1)).unwrap();
    let key = sine::<f64>(5000.0, RATE_HZ, 9600, 0.25);
    let mut audio = vec![sine::<f64>(100.0, RATE_HZ, 9600, 0.5)];
    let io = Io::with_key(BlockMut::new(&mut audio).unwrap(), Block::mono(&key));
    unit.process(io).unwrap();
    assert!((level_db(&audio[0], 5000.0) - gain_to_db(0.25)).abs() < 1e-3);
    assert!(level_db(&audio[0], 100.0) < -100.0);
    assert!(unit.set_key_listen(Some(2)).is_err());
    unit.set_key_listen(None).unwrap();
}

#[test]
fn a_key_filter_decides_what_all_bands_hear() {
    let band =
        DynamicEqBand { hz: 100.0, q: 0.7, threshold_dbfs: -40.0, ..DynamicEqBand::default() };
    let mut unit = DynamicEq::new(
        DynamicEqSetup::default(),
        DynamicEqParams::new(&[band]),
        stream(Layout::MONO),
    )
    .unwrap();
    let rumble = sine::<f64>(60.0, RATE_HZ, 24_000, 0.5);
    let moved = |unit: &mut DynamicEq<'_, f64>, keyed: bool| {
        unit.reset();
        let mut audio = vec![if keyed { vec![0.0; 24_000] } else { rumble.clone() }];
        let main = BlockMut::new(&mut audio).unwrap();
        let io = if keyed { Io::with_key(main, Block::mono(&rumble)) } else { Io::new(main) };
        unit.process(io).unwrap();
        unit.gain_reduction_db()
    };
    for keyed in [false, true] {
        unit.set_key_filter(KeyFilter::NONE);
        assert!(moved(&mut unit, keyed) > 5.9);
        let high_pass = [EqBand::new(Shape::HighPass, 600.0, 0.0, 0.7); 4];
        unit.set_key_filter(KeyFilter::of_bands(&high_pass, RATE_HZ).unwrap());
        assert!(moved(&mut unit, keyed) < 1e-3);
        assert_eq!(unit.key_filter().sections().len(), 4);
    }
}

#[test]
fn attack_release_and_hold_take_their_times() {
    /// The bound.
    const TIME: f64 = 0.01;
    // Peak, so that no window comes first; a constant has no period: a low shelf hears it at once.
    let band = DynamicEqBand {
        hz: 20_000.0,
        q: 0.5,
        range_db: -10.0,
        knee_db: 0.0,
        ratio: 100.0,
        attack_ms: 50.0,
        release_ms: 200.0,
        hold_ms: 100.0,
        ..DynamicEqBand::default()
    };
    let setup =
        DynamicEqSetup { detector: Detector::Peak, ..one(MovingShape::LowShelf, Trigger::Above) };
    let mut unit =
        DynamicEq::new(setup, DynamicEqParams::new(&[band]), stream(Layout::MONO)).unwrap();
    let mut moves = |level: f64, frames: usize| {
        let mut row = vec![0.0_f32; frames];
        let mut audio = vec![vec![level; frames]];
        let io = Io::new(BlockMut::new(&mut audio).unwrap());
        unit.process_with_movement(io, &mut row).unwrap();
        row
    };
    let share = (-1.0_f64).exp();
    let attack = moves(0.9, 96_000);
    let frames = attack.iter().position(|&x| f64::from(x) >= 10.0 * (1.0 - share)).unwrap();
    assert!((frames as f64 / 2400.0 - 1.0).abs() < TIME, "{frames} of 2400");
    let release = moves(0.0, 96_000);
    let held = release.iter().position(|&x| x < 9.99).unwrap();
    // 100 ms, and what 0.1 % of the release takes.
    assert!((held as f64 / 4800.0 - 1.0).abs() < TIME, "{held} of 4800");
    let frames = release.iter().position(|&x| f64::from(x) <= 10.0 * share).unwrap() - 4800;
    assert!((frames as f64 / 9600.0 - 1.0).abs() < TIME, "{frames} of 9600");
}

#[test]
fn links_and_the_lfe() {
    let band = DynamicEqBand { threshold_dbfs: -40.0, ..DynamicEqBand::default() };
    let moved = |link_percent: f64| {
        let params = DynamicEqParams { link_percent, ..DynamicEqParams::new(&[band]) };
        let mut unit =
            DynamicEq::new(DynamicEqSetup::default(), params, stream(Layout::SURROUND_5_1))
                .unwrap();
        let mut audio = vec![vec![0.0; 24_000]; 6];
        audio[2] = sine(1000.0, RATE_HZ, 24_000, 0.3);
        run(&mut unit, &mut audio);
        [0, 2, 3].map(|channel| unit.band_movement_db(0, channel).unwrap())
    };
    let [left, centre, lfe] = moved(100.0);
    assert!(centre < -5.9 && left == centre && lfe == 0.0);
    let [left, centre, _] = moved(50.0);
    assert!((left - 0.5 * centre).abs() < 1e-5);
    assert_eq!(moved(0.0)[0], 0.0);
}

#[test]
fn keyed_and_moved_in_any_blocks() {
    let audio = noise::<f64>(6, 5000, 0.4, 11);
    let key = noise::<f64>(6, 5000, 0.8, 12);
    let filter = KeyFilter::of_bands(&[EqBand::new(Shape::HighPass, 150.0, 0.0, 0.7)], RATE_HZ);
    let bands = [80.0, 900.0, 7000.0].map(|hz| DynamicEqBand {
        hz,
        threshold_dbfs: -30.0,
        ..DynamicEqBand::default()
    });
    let mut setup = DynamicEqSetup { bands: 3, lookahead_ms: 1.1, ..DynamicEqSetup::default() };
    setup.band[0].shape = MovingShape::LowShelf;
    setup.band[2] = DynamicEqBandSetup {
        shape: MovingShape::HighShelf,
        trigger: Trigger::Below,
        external_key: false,
    };
    let render = |sizes: &mut dyn FnMut() -> usize| {
        let mut unit =
            DynamicEq::new(setup, DynamicEqParams::new(&bands), stream(Layout::SURROUND_5_1))
                .unwrap();
        let mut out = audio.clone();
        let mut at = 0;
        for (event, stop) in [501, 1111, 2000, 3333, 5000].into_iter().enumerate() {
            while at < stop {
                let end = (at + sizes()).min(stop);
                let mut main = BlockMut::new(&mut out).unwrap();
                let main = main.range(at, end);
                let channels = if event == 4 { 6 } else { 1 };
                let key = Block::new(&key[..channels]).unwrap().range(at, end);
                let io = if event == 2 { Io::new(main) } else { Io::with_key(main, key) };
                unit.process(io).unwrap();
                at = end;
            }
            match event {
                0 => unit.set_field("link_percent", 40.0).unwrap(),
                1 => {
                    unit.set_field("band1_range_db", 5.0).unwrap();
                    unit.set_key_filter(filter.unwrap());
                }
                2 => unit.set_key_listen(Some(1)).unwrap(),
                _ => unit.set_bypass(true),
            }
        }
        out
    };
    let expected = render(&mut || 5000);
    for size in [1, 37, 64, 480] {
        assert_eq!(render(&mut || size), expected, "{size}");
    }
    let mut pick = Noise::new(5);
    assert_eq!(render(&mut || pick.below(300)), expected);
}

#[test]
fn lent_memory_and_json() {
    let setup = DynamicEqSetup { bands: 2, lookahead_ms: 1.0, ..DynamicEqSetup::default() };
    let stream = stream(Layout::STEREO);
    let params = DynamicEqParams::default();
    let need = DynamicEq::<f64>::required_len(setup, stream).unwrap();
    let (mut samples, mut squares) = (vec![1.0; need.samples], vec![1.0; need.squares]);
    let mut lent = DynamicEq::new_in(setup, params, stream, &mut samples, &mut squares).unwrap();
    let mut owned = DynamicEq::new(setup, params, stream).unwrap();
    let (mut a, mut b) = (noise::<f64>(2, 3000, 0.5, 2), noise::<f64>(2, 3000, 0.5, 2));
    run(&mut lent, &mut a);
    run(&mut owned, &mut b);
    assert_eq!(a, b);
    let mut few = vec![0.0; need.squares - 1];
    assert!(DynamicEq::new_in(setup, params, stream, &mut samples, &mut few).is_err());
    #[cfg(feature = "json")]
    {
        let mut setup = setup;
        setup.band[1].trigger = Trigger::Below;
        let text = serde_json::to_string(&(setup, params)).unwrap();
        let back: (DynamicEqSetup, DynamicEqParams) = serde_json::from_str(&text).unwrap();
        assert_eq!(back, (setup, params));
    }
}

#[test]
fn impossible_bands_are_refused_with_their_names() {
    let text = |setup, params| {
        DynamicEq::<f32>::new(setup, params, stream(Layout::MONO)).unwrap_err().to_string()
    };
    let params = DynamicEqParams::default();
    let got = text(DynamicEqSetup { bands: 0, ..DynamicEqSetup::default() }, params);
    assert!(got.contains("bands is 0, allowed is 1 to 6"), "{got}");
    let got = text(DynamicEqSetup { lookahead_ms: -1.0, ..DynamicEqSetup::default() }, params);
    assert!(got.contains("lookahead_ms is -1"), "{got}");
    let mut wild = params;
    wild.bands[1].range_db = f64::NAN;
    let got = text(DynamicEqSetup { bands: 2, ..DynamicEqSetup::default() }, wild);
    assert!(got.contains("band2_range_db"), "{got}");
    assert!(DynamicEq::<f32>::new(DynamicEqSetup::default(), wild, stream(Layout::MONO)).is_ok());
    let low = Stream::new(8000.0, Layout::MONO).unwrap();
    let high = DynamicEqParams::new(&[DynamicEqBand { hz: 5000.0, ..DynamicEqBand::default() }]);
    let error = DynamicEq::<f32>::new(DynamicEqSetup::default(), high, low).unwrap_err();
    assert!(error.to_string().contains("band1_hz is 5000, allowed is 20 to 3920"), "{error}");
    let mut unit =
        DynamicEq::<f32>::new(DynamicEqSetup::default(), params, stream(Layout::MONO)).unwrap();
    assert!(unit.set_field("band2_hz", 100.0).is_err() && unit.field("band2_hz").is_none());
    assert!(unit.set_params(DynamicEqParams { mix_percent: 101.0, ..params }).is_err());
    assert_eq!(unit.params(), params);
}
