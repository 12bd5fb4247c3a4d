//! The gate as an engineer would check it: hysteresis, hold, range, times, look-ahead.

use mixcore::dynamics::{Detector, Gate, GateParams, GateSetup, LinkGroups};
use mixcore::units::{db_to_gain, gain_to_db};
use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream};

use crate::signals::noise;

fn gate(setup: GateSetup, params: GateParams, layout: Layout) -> Gate<'static, f32> {
    Gate::new(setup, params, Stream::new(48_000.0, layout).unwrap()).unwrap()
}

fn run(gate: &mut Gate<'_, f32>, audio: &mut [Vec<f32>]) {
    gate.process(Io::new(BlockMut::new(audio).unwrap())).unwrap();
}

fn steady(db: f64, frames: usize) -> Vec<Vec<f32>> {
    vec![vec![db_to_gain(db) as f32; frames]]
}

/// Threshold -40 dBFS, 6 dB of hysteresis, 20 dB of range; a hard gate.
const PARAMS: GateParams = GateParams {
    threshold_dbfs: -40.0,
    hysteresis_db: 6.0,
    ratio: 100.0,
    knee_db: 0.0,
    range_db: 20.0,
    attack_ms: 1.0,
    hold_ms: 0.0,
    release_ms: 50.0,
    link_percent: 100.0,
    mix_percent: 100.0,
};

#[test]
fn it_opens_above_and_closes_below_its_hysteresis() {
    let mut unit = gate(GateSetup::default(), PARAMS, Layout::MONO);
    for (level_db, open) in [
        (-41.0, false),
        (-39.0, true),
        (-41.0, true),
        (-45.9, true),
        (-46.1, false),
        (-41.0, false),
    ] {
        run(&mut unit, &mut steady(level_db, 480));
        assert_eq!(unit.is_open(0), open, "{level_db} dBFS");
    }
    assert!(!unit.is_open(1));
}

#[test]
fn a_level_that_trembles_inside_the_hysteresis_does_not_chatter() {
    let mut unit = gate(GateSetup::default(), PARAMS, Layout::MONO);
    run(&mut unit, &mut steady(-30.0, 4800));
    let mut audio =
        vec![(0..48_000).map(|n| db_to_gain(-42.5 + 3.0 * f64::from(n % 2)) as f32).collect()];
    let source: Vec<Vec<f32>> = audio.clone();
    run(&mut unit, &mut audio);
    assert_eq!(audio, source);
}

#[test]
fn a_hold_bridges_a_pause() {
    let params = GateParams { hold_ms: 100.0, ..PARAMS };
    let mut unit = gate(GateSetup::default(), params, Layout::MONO);
    run(&mut unit, &mut steady(-20.0, 4800));
    run(&mut unit, &mut steady(-80.0, 4800)); // 100 ms
    assert!(unit.is_open(0) && unit.gain_reduction_db() == 0.0);
    run(&mut unit, &mut steady(-80.0, 1));
    assert!(!unit.is_open(0));
    // It begins anew when the gate is opened again.
    run(&mut unit, &mut steady(-20.0, 480));
    run(&mut unit, &mut steady(-80.0, 4800));
    assert!(unit.is_open(0));
}

#[test]
fn it_turns_down_by_its_range_and_no_more() {
    for range_db in [0.0, 10.0, 40.0, 120.0] {
        let params = GateParams { range_db, release_ms: 1.0, ..PARAMS };
        let mut unit = gate(GateSetup::default(), params, Layout::MONO);
        let mut audio = steady(-60.0, 9600);
        run(&mut unit, &mut audio);
        let got = gain_to_db(f64::from(audio[0][9599]));
        assert!((got + 60.0 + range_db).abs() < 1e-3, "{range_db}: {got}");
        assert!((unit.static_curve_db(-60.0) + 60.0 + range_db).abs() < 1e-9);
    }
}

#[test]
fn an_expander_follows_its_ratio_and_has_no_step() {
    /// f32 levels and gains.
    const LEVEL_DB: f64 = 1e-3;
    let params = GateParams {
        ratio: 2.0,
        hysteresis_db: 0.0,
        knee_db: 10.0,
        range_db: 60.0,
        release_ms: 1.0,
        ..PARAMS
    };
    let mut unit = gate(GateSetup::default(), params, Layout::MONO);
    for x in [-70.0, -60.0, -46.0, -40.0, -36.0, -34.0, -20.0] {
        // Closed form of a knee of 10 dB and a slope of 1.
        let d: f64 = -40.0 - x;
        let expected = if d >= 5.0 {
            x - d
        } else if d >= -5.0 {
            x - (d + 5.0).powi(2) / 20.0
        } else {
            x
        };
        unit.reset();
        let mut audio = steady(x, 9600);
        run(&mut unit, &mut audio);
        let got = gain_to_db(f64::from(audio[0][9599]));
        assert!((got - expected).abs() < LEVEL_DB, "{x}: {got} {expected}");
        assert!((unit.static_curve_db(x) - expected).abs() < 1e-9);
    }
    let edge = -35.0;
    assert!((unit.static_curve_db(edge + 1e-6) - unit.static_curve_db(edge - 1e-6)).abs() < 1e-5);
}

#[test]
fn opening_and_closing_take_their_times() {
    /// The bound.
    const TIME: f64 = 0.01;
    let params = GateParams { attack_ms: 5.0, release_ms: 200.0, ..PARAMS };
    let mut unit = gate(GateSetup::default(), params, Layout::MONO);
    let mut reductions = |audio: &mut Vec<Vec<f32>>| {
        let mut row = vec![0.0_f32; audio[0].len()];
        let io = Io::new(BlockMut::new(audio).unwrap());
        unit.process_with_reduction(io, &mut row).unwrap();
        row
    };
    let goal = 20.0 * (-1.0_f64).exp();
    reductions(&mut steady(-80.0, 200_000));
    let opening = reductions(&mut steady(-20.0, 20_000));
    let frames = opening.iter().position(|&x| f64::from(x) <= goal).unwrap() as f64 + 1.0;
    assert!((frames / 240.0 - 1.0).abs() < TIME, "{frames} frames of 240");
    let closing = reductions(&mut steady(-80.0, 100_000));
    let frames = closing.iter().position(|&x| f64::from(x) >= 20.0 - goal).unwrap() as f64 + 1.0;
    assert!((frames / 9600.0 - 1.0).abs() < TIME, "{frames} frames of 9600");
}

#[test]
fn a_dry_share_is_added_in_step() {
    let setup = GateSetup { lookahead_ms: 2.0, ..GateSetup::default() };
    let params = GateParams { mix_percent: 50.0, release_ms: 1.0, ..PARAMS };
    let mut unit = gate(setup, params, Layout::MONO);
    let mut audio = steady(-60.0, 9600);
    run(&mut unit, &mut audio);
    // 20 dB down are a tenth: half of it and half of the signal.
    let expected = gain_to_db(0.5 * 0.1 + 0.5) - 60.0;
    let got = gain_to_db(f64::from(audio[0][9599]));
    assert!((got - expected).abs() < 1e-3, "{got} {expected}");
    assert!((unit.static_curve_db(-60.0) - expected).abs() < 1e-9);
    // Nothing of the gate: the delayed signal, bit for bit.
    let params = GateParams { mix_percent: 0.0, ..params };
    let mut unit = gate(setup, params, Layout::MONO);
    let source = noise::<f32>(1, 4000, 0.001, 9);
    let mut audio = source.clone();
    run(&mut unit, &mut audio);
    assert_eq!(audio[0][96..], source[0][..4000 - 96]);
}

#[test]
fn look_ahead_saves_the_onset() {
    let onset = |lookahead_ms: f64| {
        let setup = GateSetup { lookahead_ms, ..GateSetup::default() };
        let mut unit = gate(setup, PARAMS, Layout::MONO);
        run(&mut unit, &mut steady(-80.0, 48_000));
        let mut audio = steady(-20.0, 480);
        run(&mut unit, &mut audio);
        gain_to_db(f64::from(audio[0][unit.latency_frames()])) + 20.0
    };
    assert!(onset(0.0) < -15.0);
    // Five time constants: 0.7 % of 20 dB are left.
    assert!(onset(5.0) > -0.14);
}

#[test]
fn the_loudest_channel_opens_its_group_and_the_lfe_itself() {
    let setup = GateSetup { groups: LinkGroups::Areas, ..GateSetup::default() };
    let mut unit = gate(setup, PARAMS, Layout::SURROUND_5_1);
    let mut audio = vec![vec![0.001_f32; 480]; 6];
    audio[2].fill(0.5);
    run(&mut unit, &mut audio);
    let open: Vec<bool> = (0..6).map(|channel| unit.is_open(channel)).collect();
    assert_eq!(open, [true, true, true, false, false, false]);
    audio[3].fill(0.5);
    run(&mut unit, &mut audio);
    assert!(unit.is_open(3));
}

#[test]
fn an_open_gate_keeps_every_bit() {
    for detector in [Detector::Peak, Detector::Rms { window_ms: 20.0 }] {
        let setup = GateSetup { detector, ..GateSetup::default() };
        let params = GateParams { threshold_dbfs: -60.0, hold_ms: 50.0, ..PARAMS };
        let mut unit = gate(setup, params, Layout::STEREO);
        let mut audio = noise::<f32>(2, 20_000, 0.5, 4);
        let source = audio.clone();
        run(&mut unit, &mut audio);
        assert_eq!(audio[0][4800..], source[0][4800..]);
        assert_eq!(audio[1][4800..], source[1][4800..]);
    }
}

#[test]
fn impossible_gates_are_refused_with_their_bounds() {
    let stream = Stream::new(48_000.0, Layout::MONO).unwrap();
    let setup = GateSetup { lookahead_ms: -1.0, ..GateSetup::default() };
    let text = Gate::<f32>::new(setup, PARAMS, stream).unwrap_err().to_string();
    assert!(text.contains("lookahead_ms is -1, allowed is 0 to 20"), "{text}");
    let params = GateParams { ratio: 0.9, ..PARAMS };
    let text = Gate::<f32>::new(GateSetup::default(), params, stream).unwrap_err().to_string();
    assert!(text.contains("ratio is 0.9"), "{text}");
}
