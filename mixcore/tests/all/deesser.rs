//! The de-esser as an engineer would check it: quiet esses like loud ones, hiss left alone, phase.

use mixcore::dynamics::{DeEsser, DeEsserMode, DeEsserParams, DeEsserSetup, KeyFilter, LinkGroups};
use mixcore::filters::design::Shape;
use mixcore::filters::{Crossover, CrossoverParams, CrossoverSetup, EqBand};
use mixcore::units::{db_to_gain, gain_to_db};
use mixcore::{Block, BlockMut, Convert, Io, Layout, Process, Processor, Stream};

use crate::signals::{Noise, noise, sine};

const RATE_HZ: f64 = 48_000.0;
const ESS_HZ: f64 = 7000.0;
/// What the split at 5 kHz leaves of an ess at 7 kHz: r⁴/(1 + r⁴), r = tan(π·7/48)/tan(π·5/48).
const SPLIT_DB: f64 = -1.735;
const MODES: [DeEsserMode; 2] = [DeEsserMode::Split, DeEsserMode::Bell];

fn deesser(mode: DeEsserMode, params: DeEsserParams, layout: Layout) -> DeEsser<'static, f64> {
    let setup = DeEsserSetup { mode, ..DeEsserSetup::default() };
    // A bell stands on the ess, a split below it.
    let hz = if mode == DeEsserMode::Bell { ESS_HZ } else { params.hz };
    let params = DeEsserParams { hz, ..params };
    DeEsser::new(setup, params, Stream::new(RATE_HZ, layout).unwrap()).unwrap()
}

fn run(unit: &mut DeEsser<'_, f64>, audio: &mut [Vec<f64>]) {
    unit.process(Io::new(BlockMut::new(audio).unwrap())).unwrap();
}

/// A vowel at 200 Hz and a sibilant.
fn speech(vowel_db: f64, ess_db: f64, frames: usize) -> Vec<f64> {
    let vowel = sine::<f64>(200.0, RATE_HZ, frames, db_to_gain(vowel_db));
    let ess = sine::<f64>(ESS_HZ, RATE_HZ, frames, db_to_gain(ess_db));
    vowel.iter().zip(&ess).map(|(a, b)| a + b).collect()
}

fn params() -> DeEsserParams {
    DeEsserParams { hz: 5000.0, floor_dbfs: -90.0, ..DeEsserParams::default() }
}

#[test]
fn a_quiet_ess_is_turned_down_like_a_loud_one() {
    /// f32 levels of a window that does not hold whole periods.
    const SAME_DB: f64 = 0.02;
    for mode in MODES {
        let at = |db: f64| {
            let mut unit = deesser(mode, params(), Layout::MONO);
            run(&mut unit, &mut [speech(-20.0 + db, -14.0 + db, 24_000)]);
            unit.gain_reduction_db()
        };
        let loud = at(0.0);
        assert!(loud > 3.0, "{mode:?}: {loud}");
        for db in [-20.0, -40.0] {
            assert!((at(db) - loud).abs() < SAME_DB, "{mode:?} {db}: {} {loud}", at(db));
        }
    }
}

#[test]
fn vowels_and_hiss_below_the_floor_are_left_alone() {
    for mode in MODES {
        let mut unit = deesser(mode, params(), Layout::MONO);
        run(&mut unit, &mut [speech(-12.0, -40.0, 24_000)]);
        // But for the first milliseconds, in which there is no vowel yet.
        let stats = unit.reduction_stats().unwrap();
        assert_eq!((unit.gain_reduction_db(), stats.p95_db), (0.0, 0.0), "{mode:?}");
        // Hiss in a pause: all of it is sibilant, and far down.
        let params = DeEsserParams { floor_dbfs: -60.0, knee_db: 0.0, ..params() };
        let mut unit = deesser(mode, params, Layout::MONO);
        run(&mut unit, &mut noise::<f64>(1, 24_000, db_to_gain(-62.0), 3));
        assert_eq!(unit.gain_reduction_db(), 0.0, "{mode:?}");
    }
}

#[test]
fn the_static_curve_is_met_and_the_range_kept() {
    /// The ess in the filter's skirt, and its ripple in the window.
    const LEVEL_DB: f64 = 0.1;
    for (ess_db, range_db) in [(-26.0, 20.0), (-20.0, 20.0), (-14.0, 20.0), (-10.0, 4.0)] {
        let params = DeEsserParams { range_db, ..params() };
        let mut unit = deesser(DeEsserMode::Bell, params, Layout::MONO);
        let mut audio = [speech(-20.0, ess_db, 24_000)];
        run(&mut unit, &mut audio);
        let powers = [-20.0, ess_db].map(|db: f64| 10_f64.powf(db / 10.0));
        let relative_db = 10.0 * (powers[1] / (powers[0] + powers[1])).log10();
        let expected = unit.static_curve_db(relative_db) - relative_db;
        let got = -unit.gain_reduction_db();
        assert!((got - expected).abs() < LEVEL_DB, "{ess_db}: {got} {expected}");
        assert!(got >= -range_db - 1e-6);
        // And the sound of it: a bell of that depth at its centre.
        let level = |hz: f64| {
            let tail = &audio[0][19_200..];
            let sum = |f: fn(f64) -> f64| {
                let at = |n: usize| f(2.0 * std::f64::consts::PI * hz / RATE_HZ * n as f64);
                tail.iter().enumerate().map(|(n, x)| x * at(n)).sum::<f64>()
            };
            gain_to_db(sum(f64::cos).hypot(sum(f64::sin)) * 2.0 / tail.len() as f64)
        };
        assert!((level(7000.0) - ess_db - got).abs() < LEVEL_DB, "{}", level(7000.0));
        assert!((level(200.0) + 20.0).abs() < LEVEL_DB);
    }
}

#[test]
fn at_rest_a_bell_is_every_bit_and_a_split_is_flat() {
    let quiet = DeEsserParams { range_db: 0.0, ..params() };
    let audio = noise::<f64>(2, 6000, 0.5, 4);
    let mut unit = deesser(DeEsserMode::Bell, quiet, Layout::STEREO);
    let mut got = audio.clone();
    run(&mut unit, &mut got);
    assert_eq!(unit.latency_frames(), 96);
    for (got, audio) in got.iter().zip(&audio) {
        assert_eq!(got[96..], audio[..6000 - 96]);
    }
    // Bypassed, mixed dry, or with nothing to do: the sum of the crossover's bands.
    let setup = CrossoverSetup { bands: 2, ..CrossoverSetup::default() };
    let stream = Stream::new(RATE_HZ, Layout::MONO).unwrap();
    let crossing = CrossoverParams { crossing_1_hz: 5000.0, ..CrossoverParams::default() };
    let mut crossover = Crossover::new(setup, crossing, stream).unwrap();
    let mut bands = vec![vec![0.0; 6000]; 2];
    crossover.convert(Block::mono(&audio[0]), BlockMut::new(&mut bands).unwrap()).unwrap();
    let expected: Vec<f64> = (0..6000).map(|n| bands[0][n] + bands[1][n]).collect();
    for params in [quiet, DeEsserParams { mix_percent: 0.0, ..params() }] {
        let mut unit = deesser(DeEsserMode::Split, params, Layout::MONO);
        let mut got = vec![audio[0].clone()];
        run(&mut unit, &mut got);
        assert_eq!(got[0][96..], expected[..6000 - 96]);
    }
}

#[test]
fn a_bypass_passes_the_signal_and_goes_on_listening() {
    for mode in MODES {
        let mut unit = deesser(mode, params(), Layout::MONO);
        unit.set_bypass(true);
        assert!(unit.bypass());
        let mut audio = [speech(-40.0, -12.0, 12_000)];
        let source = audio[0].clone();
        run(&mut unit, &mut audio);
        assert!(unit.gain_reduction_db() > 5.0);
        if mode == DeEsserMode::Bell {
            assert_eq!(audio[0][2000..], source[2000 - 96..12_000 - 96]);
        } else {
            let peak = audio[0][6000..].iter().fold(0.0_f64, |most, x| most.max(x.abs()));
            assert!((gain_to_db(peak) - gain_to_db(0.2512 + 0.01)).abs() < 0.1, "{peak}");
        }
    }
}

#[test]
fn attack_and_release_take_their_times() {
    /// The bound.
    const TIME: f64 = 0.01;
    // Far above the window of 5 ms, which steps first.
    let params = DeEsserParams {
        attack_ms: 100.0,
        release_ms: 500.0,
        range_db: 6.0,
        knee_db: 0.0,
        ratio: 100.0,
        ..params()
    };
    let mut unit = deesser(DeEsserMode::Split, params, Layout::MONO);
    let mut reductions = |audio: Vec<f64>| {
        let mut row = vec![0.0_f32; audio.len()];
        let mut audio = [audio];
        let io = Io::new(BlockMut::new(&mut audio).unwrap());
        unit.process_with_reduction(io, &mut row).unwrap();
        row
    };
    // Nothing but sibilant from one frame on: the ratio is full at once, the range is reached.
    let goal = 6.0 * (1.0 - (-1.0_f64).exp());
    let attack = reductions(sine(9000.0, RATE_HZ, 48_000, 0.5));
    let frames = attack.iter().position(|&x| f64::from(x) >= goal).unwrap() as f64;
    assert!((frames / 4800.0 - 1.0).abs() < TIME, "{frames} frames of 4800");
    let release = reductions(vec![0.0; 96_000]);
    // The window empties first; the release begins where the level falls below the floor.
    let starts = release.iter().position(|&x| x < 5.99).unwrap();
    let left = f64::from(release[starts]) * (-1.0_f64).exp();
    let frames = release.iter().position(|&x| f64::from(x) <= left).unwrap() - starts;
    assert!((frames as f64 / 24_000.0 - 1.0).abs() < TIME, "{frames} frames of 24000");
}

#[test]
fn linked_channels_move_together_and_treble_alone_moves_no_dialogue() {
    let mut unit = deesser(DeEsserMode::Split, params(), Layout::STEREO);
    let mut audio = [speech(-20.0, -14.0, 12_000), speech(-20.0, -50.0, 12_000)];
    run(&mut unit, &mut audio);
    let [left, right] = [0, 1].map(|channel| unit.channel_reduction_db(channel).unwrap());
    assert!(left > 3.0 && left == right && unit.channel_reduction_db(2).is_none());
    // Rain in one channel, 30 dB below the voice in the other.
    let mut unit = deesser(DeEsserMode::Split, params(), Layout::STEREO);
    let mut audio = [speech(-20.0, -50.0, 48_000), sine(9000.0, RATE_HZ, 48_000, 0.003)];
    run(&mut unit, &mut audio);
    assert_eq!(unit.gain_reduction_db(), 0.0);
    // Unlinked each is judged on its own.
    let apart = DeEsserParams { link_percent: 0.0, ..params() };
    let mut unit = deesser(DeEsserMode::Split, apart, Layout::STEREO);
    let mut audio = [speech(-20.0, -50.0, 48_000), sine(9000.0, RATE_HZ, 48_000, 0.003)];
    run(&mut unit, &mut audio);
    assert_eq!(unit.channel_reduction_db(0), Some(0.0));
    assert!(unit.channel_reduction_db(1).unwrap() > 5.0);
}

#[test]
fn a_key_is_judged_in_place_of_the_signal_and_can_be_heard() {
    for mode in MODES {
        let mut unit = deesser(mode, params(), Layout::STEREO);
        let key = speech(-40.0, -14.0, 12_000);
        let mut audio = vec![sine(200.0, RATE_HZ, 12_000, 0.1); 2];
        let io = Io::with_key(BlockMut::new(&mut audio).unwrap(), Block::mono(&key));
        unit.process(io).unwrap();
        assert!(unit.gain_reduction_db() > 5.0);
        unit.reset();
        unit.set_key_listen(true);
        let io = Io::with_key(BlockMut::new(&mut audio).unwrap(), Block::mono(&key));
        unit.process(io).unwrap();
        // The ess is heard in full, of the vowel at 0.01 hardly anything.
        let peak = audio[1][6000..].iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        let ess_db = if mode == DeEsserMode::Split { -14.0 + SPLIT_DB } else { -14.0 };
        assert!((gain_to_db(peak) - ess_db).abs() < 0.2, "{mode:?} {}", gain_to_db(peak));
        let short = Block::mono(&key[..100]);
        assert!(unit.process(Io::with_key(BlockMut::new(&mut audio).unwrap(), short)).is_err());
    }
}

#[test]
fn look_ahead_meets_the_onset() {
    let first = |lookahead_ms: f64| {
        let setup = DeEsserSetup { lookahead_ms, ..DeEsserSetup::default() };
        let stream = Stream::new(RATE_HZ, Layout::MONO).unwrap();
        let mut unit = DeEsser::<f64>::new(setup, params(), stream).unwrap();
        assert_eq!(unit.latency_frames(), stream.frames_of_ms(lookahead_ms));
        let mut row = vec![0.0_f32; 4800];
        let mut audio = [sine(9000.0, RATE_HZ, 4800, 0.5)];
        let io = Io::new(BlockMut::new(&mut audio).unwrap());
        unit.process_with_reduction(io, &mut row).unwrap();
        row[unit.latency_frames()]
    };
    assert!(first(0.0) < 1.0 && first(3.0) > 6.0);
}

#[test]
fn keyed_and_moved_in_any_blocks() {
    for mode in MODES {
        let audio = noise::<f64>(6, 5000, 0.4, 11);
        let key = noise::<f64>(6, 5000, 0.8, 12);
        let filter = KeyFilter::of_bands(&[EqBand::new(Shape::Bell, 2e3, 9.0, 1.0); 2], RATE_HZ);
        let render = |sizes: &mut dyn FnMut() -> usize| {
            let setup = DeEsserSetup { mode, groups: LinkGroups::Areas, ..DeEsserSetup::default() };
            let stream = Stream::new(RATE_HZ, Layout::SURROUND_5_1).unwrap();
            let mut unit = DeEsser::new(setup, params(), stream).unwrap();
            let mut out = audio.clone();
            let mut at = 0;
            for (event, stop) in [501, 1111, 2000, 3333, 5000].into_iter().enumerate() {
                while at < stop {
                    let end = (at + sizes()).min(stop);
                    let mut main = BlockMut::new(&mut out).unwrap();
                    let main = main.range(at, end);
                    let channels = if event == 3 { 1 } else { 6 };
                    let key = Block::new(&key[..channels]).unwrap().range(at, end);
                    let io = if event == 2 { Io::new(main) } else { Io::with_key(main, key) };
                    unit.process(io).unwrap();
                    at = end;
                }
                match event {
                    0 => unit.set_field("link_percent", 40.0).unwrap(),
                    1 => {
                        unit.set_field("hz", 3000.0).unwrap();
                        unit.set_key_filter(filter.unwrap());
                    }
                    2 => unit.set_key_listen(true),
                    _ => unit.set_bypass(true),
                }
            }
            out
        };
        let expected = render(&mut || 5000);
        for size in [1, 37, 64, 480] {
            assert_eq!(render(&mut || size), expected, "{mode:?} {size}");
        }
        let mut pick = Noise::new(5);
        assert_eq!(render(&mut || pick.below(300)), expected);
    }
}

#[test]
fn lent_memory_gives_the_same_bits_and_too_little_is_named() {
    for mode in MODES {
        let setup = DeEsserSetup { mode, ..DeEsserSetup::default() };
        let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
        let need = DeEsser::<f64>::required_len(setup, stream).unwrap();
        let (mut samples, mut values) = (vec![1.0; need.samples], vec![1.0; need.values]);
        let mut lent = DeEsser::new_in(setup, params(), stream, &mut samples, &mut values).unwrap();
        let mut owned = DeEsser::new(setup, params(), stream).unwrap();
        let (mut a, mut b) = (noise::<f64>(2, 3000, 0.5, 2), noise::<f64>(2, 3000, 0.5, 2));
        run(&mut lent, &mut a);
        run(&mut owned, &mut b);
        assert_eq!(a, b);
        for (few, less) in [(1, 0), (0, 1)] {
            let mut samples = vec![0.0; need.samples - few];
            let mut values = vec![0.0; need.values - less];
            let made = DeEsser::new_in(setup, params(), stream, &mut samples, &mut values);
            assert!(made.is_err(), "{mode:?}");
        }
    }
}

#[test]
fn impossible_settings_are_refused_with_their_bounds() {
    let stream = Stream::new(8000.0, Layout::MONO).unwrap();
    let text =
        |setup, params, stream| DeEsser::<f32>::new(setup, params, stream).unwrap_err().to_string();
    let got = text(DeEsserSetup::default(), DeEsserParams::default(), stream);
    assert!(got.contains("hz is 5000, allowed is 1000 to 3920"), "{got}");
    let stream = Stream::new(RATE_HZ, Layout::MONO).unwrap();
    let setup = DeEsserSetup { lookahead_ms: 20.5, ..DeEsserSetup::default() };
    let got = text(setup, DeEsserParams::default(), stream);
    assert!(got.contains("lookahead_ms is 20.5, allowed is 0 to 20"), "{got}");
    let setup = DeEsserSetup { window_ms: 1.0, ..DeEsserSetup::default() };
    assert!(text(setup, DeEsserParams::default(), stream).contains("window_ms is 1"));
    let wild = DeEsserParams { ratio: 0.5, ..DeEsserParams::default() };
    assert!(text(DeEsserSetup::default(), wild, stream).contains("ratio is 0.5"));
    let mut unit = DeEsser::<f32>::new(DeEsserSetup::default(), params(), stream).unwrap();
    assert!(unit.set_params(wild).is_err());
    assert_eq!(unit.params(), params());
}

#[test]
fn what_the_key_filter_keeps_out_counts_for_neither_level() {
    // A plosive at 40 Hz would make the ess look small.
    let plosive = sine::<f64>(40.0, RATE_HZ, 24_000, db_to_gain(-6.0));
    let ess = speech(-40.0, -14.0, 24_000);
    let both: Vec<f64> = ess.iter().zip(&plosive).map(|(a, b)| a + b).collect();
    let filter =
        KeyFilter::of_bands(&[EqBand::new(Shape::HighPass, 150.0, 0.0, 0.7); 4], RATE_HZ).unwrap();
    for mode in MODES {
        let reduction = |audio: &[f64], filter: KeyFilter| {
            let mut unit = deesser(mode, params(), Layout::MONO);
            unit.set_key_filter(filter);
            assert_eq!(unit.key_filter(), filter);
            run(&mut unit, &mut [audio.to_vec()]);
            unit.gain_reduction_db()
        };
        let alone = reduction(&ess, KeyFilter::NONE);
        assert!(reduction(&both, KeyFilter::NONE) < alone - 2.0);
        // Four sections leave 1e-9 of the plosive.
        assert!((reduction(&both, filter) - reduction(&ess, filter)).abs() < 1e-3, "{mode:?}");
        // The signal itself does not pass the filter.
        let params = DeEsserParams { range_db: 0.0, ..params() };
        let mut plain = deesser(mode, params, Layout::MONO);
        let mut filtered = deesser(mode, params, Layout::MONO);
        filtered.set_key_filter(filter);
        let (mut a, mut b) = ([both.clone()], [both.clone()]);
        run(&mut plain, &mut a);
        run(&mut filtered, &mut b);
        assert_eq!(a, b);
    }
}

#[test]
fn a_hold_bridges_two_esses() {
    let reduction = |hold_ms: f64| {
        let params = DeEsserParams { hold_ms, release_ms: 5.0, ..params() };
        let mut unit = deesser(DeEsserMode::Split, params, Layout::MONO);
        let mut ess = [sine(9000.0, RATE_HZ, 4800, 0.5)];
        run(&mut unit, &mut ess);
        // The window empties in 5 ms; what is left in it while it does is sibilant too.
        run(&mut unit, &mut [vec![0.0; 480]]);
        let held = unit.gain_reduction_db();
        run(&mut unit, &mut [vec![0.0; 1440]]);
        (held, unit.gain_reduction_db())
    };
    let (before, after) = reduction(50.0);
    assert!(before > 5.0 && after == before, "{before} {after}");
    assert!(reduction(0.0).1 < 0.01);
}
