//! Tools that take something out: listening to it, parts of it, and both in step.

use mixcore::dynamics::{
    ClickTamer, ClickTamerParams, ClickTamerSetup, HumComb, HumCombParams, HumCombSetup,
    PlosiveTamer, PlosiveTamerParams, PlosiveTamerSetup, Suppressor, SuppressorParams,
    SuppressorSetup,
};
use mixcore::{Process, Processor};

use super::{frames, hiss, level_db, mono, run};
use crate::signals::sine;

/// What each of the four takes out: hum, noise, a puff and clicks.
fn dirty() -> Vec<f64> {
    let mut audio: Vec<f64> = hiss(frames(6.0), -60.0, 4).into_iter().map(f64::from).collect();
    for (sample, hum) in audio.iter_mut().zip(sine::<f64>(50.0, 48e3, frames(6.0), 0.01)) {
        *sample += hum;
    }
    let puff = sine::<f64>(40.0, 48e3, frames(0.05), 0.4);
    for (sample, puff) in audio[frames(5.0)..].iter_mut().zip(puff) {
        *sample += puff;
    }
    audio[frames(5.5)] += 0.5;
    audio
}

/// Runs a tool with an amount, listening or not, over two turns of the material; both turns, and the level
/// that was removed.
type Turn<'t> = &'t dyn Fn(f64, bool) -> (Vec<f64>, f64);

fn parts_add_up(what: &str, latency: usize, turn: Turn<'_>) {
    /// f64 sums of three parts.
    const ROUNDING: f64 = 1e-12;
    /// Differences of samples up to 0.5 in f64 against a removed level of -60 dBFS and more.
    const SAME_DB: f64 = 1e-9;
    let dry = dirty();
    let late = |audio: &[f64]| audio[frames(7.0)..].to_vec();
    let ((wet, removed_dbfs), (taken, _)) = (turn(100.0, false), turn(100.0, true));
    let (half, _) = turn(50.0, false);
    let (none, nothing) = turn(0.0, false);
    let delayed = &dry[frames(1.0) - latency..];
    // What it says it has removed is what is missing, from the first sample on.
    let twice = [&dry[..], &dry].concat();
    let missing = wet[latency..].iter().zip(&twice).map(|(y, x)| (x - y).powi(2)).sum::<f64>();
    let missing_dbfs = 10.0 * (missing / twice.len() as f64).log10();
    assert!((removed_dbfs - missing_dbfs).abs() < SAME_DB, "{what}: {removed_dbfs} {missing_dbfs}");
    let (wet, taken, half, none) = (late(&wet), late(&taken), late(&half), late(&none));
    assert!(none.iter().zip(delayed).all(|(y, x)| y == x), "{what}");
    assert_eq!(nothing, f64::NEG_INFINITY, "{what}");
    for (((x, wet), taken), half) in delayed.iter().zip(&wet).zip(&taken).zip(&half) {
        assert!((wet + taken - x).abs() < ROUNDING, "{what}: {x} {wet} {taken}");
        assert!((half - 0.5 * (wet + x)).abs() < ROUNDING, "{what}: {x} {wet} {half}");
    }
    assert!(level_db(&taken) > -90.0 && removed_dbfs > -90.0, "{what}: {removed_dbfs}");
}

macro_rules! turn {
    ($tool:ident, $setup:expr, $params:expr, $removed:expr) => {
        &|amount_percent: f64, listen: bool| {
            let params = { $params };
            let params = params.with("amount_percent", amount_percent).unwrap();
            let mut tool = $tool::new($setup, params, mono()).unwrap();
            assert!(!tool.listen());
            tool.set_listen(listen);
            assert_eq!(tool.listen(), listen);
            let mut audio = [dirty(), dirty()].concat();
            run(&mut tool as &mut dyn Process<f64>, &mut audio);
            (audio, $removed(&tool))
        }
    };
}

#[test]
fn what_is_heard_and_what_is_taken_add_up_to_the_input() {
    let hum =
        turn!(HumComb, HumCombSetup::default(), HumCombParams::default(), |tool: &HumComb<'_>| {
            tool.removed_dbfs()
        });
    parts_add_up("hum comb", 0, hum);
    let noise = turn!(
        Suppressor,
        SuppressorSetup::default(),
        SuppressorParams::default(),
        |tool: &Suppressor<'_, f64>| tool.report().removed_dbfs
    );
    parts_add_up("suppressor", 1024, noise);
    let setup = PlosiveTamerSetup::default();
    let latency = PlosiveTamer::<f64>::new(setup, PlosiveTamerParams::default(), mono());
    let puffs = turn!(
        PlosiveTamer,
        PlosiveTamerSetup::default(),
        PlosiveTamerParams::default(),
        |tool: &PlosiveTamer<'_, f64>| tool.report().removed_dbfs
    );
    parts_add_up("plosive tamer", latency.unwrap().latency_frames(), puffs);
    let setup = ClickTamerSetup::default();
    let latency = ClickTamer::<f64>::new(setup, ClickTamerParams::default(), mono());
    let clicks = turn!(
        ClickTamer,
        ClickTamerSetup::default(),
        ClickTamerParams::default(),
        |tool: &ClickTamer<'_, f64>| tool.report().removed_dbfs
    );
    parts_add_up("click tamer", latency.unwrap().latency_frames(), clicks);
}

#[test]
fn listening_comes_and_goes_without_a_click() {
    /// A share's step of 1/960 of 0.5, and what the tone of 50 Hz moves in a frame.
    const STEP: f64 = 6e-4 + 7e-5;
    let mut comb = HumComb::new(HumCombSetup::default(), HumCombParams::default(), mono()).unwrap();
    let mut settle = sine::<f64>(50.0, 48e3, frames(4.0), 0.01);
    run(&mut comb, &mut settle);
    let mut whole = Vec::new();
    for listen in [false, true, false] {
        comb.set_listen(listen);
        let mut part = sine::<f64>(50.0, 48e3, frames(0.5), 0.01);
        run(&mut comb, &mut part);
        whole.extend(part);
    }
    let largest = whole.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f64::max);
    assert!(largest < STEP, "{largest}");
    let middle = level_db(&whole[frames(0.6)..frames(0.9)]);
    assert!((middle + 43.01).abs() < 0.1, "{middle}");
}
