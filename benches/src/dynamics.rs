//! Gate, de-esser, multiband compressor and limiter, dynamic equaliser, transient shaper and soft clipper,
//! where they can be against a textbook's version of themselves; the limiter of sample peaks against crate
//! `fundsp`.
//!
//! Before a case is timed the outputs agree: what differs lies `SAME_DB` below the signal. The limiters
//! of several bands and the oversampled clipper have no short textbook; they keep their ceiling. `fundsp`
//! limits to 1 and to 0.91 where it has time, so ours is given the ceiling at which it sounds as loud.

use std::hint::black_box;

use fundsp::prelude64::{AudioUnit, limiter_stereo};
use mixcore::dynamics::{
    ClipShape, DeEsser, DeEsserParams, DeEsserSetup, DynamicEq, DynamicEqBand, DynamicEqParams,
    DynamicEqSetup, Gate, GateParams, GateSetup, Limiter, LimiterMode, LimiterParams, LimiterSetup,
    Multiband, MultibandBand, MultibandLimiter, MultibandLimiterParams, MultibandLimiterSetup,
    MultibandParams, MultibandSetup, SoftClipper, SoftClipperParams, SoftClipperSetup,
    TransientShaper, TransientShaperParams, TransientShaperSetup,
};
use mixcore::filters::CrossoverParams;
use mixcore::units::{db_to_gain, power_to_db};
use mixcore::{Layout, Process, Stream};

use crate::compressor::{feed, in_blocks};
use crate::textbook::{self, Side};
use crate::{BLOCKS, Case, Goal, Limit, RATE_HZ, Rival, Run, signals};

/// Length of the material, s: with a pause and a tutti.
const SECONDS: f64 = 5.0;
/// 0.01 dB of gain are 1.15e-3 of the signal.
const SAME_DB: f64 = -58.8;
/// Where three bands meet, Hz.
const CROSSINGS_HZ: [f64; 2] = [200.0, 2_000.0];
/// Window of the detectors, ms.
const WINDOW_MS: f64 = 10.0;

type Unit = Box<dyn Process<f32>>;

fn stereo() -> Stream {
    Stream::new(RATE_HZ, Layout::STEREO).expect("48 kHz is in range")
}

/// A unit's output for the material, in blocks.
fn output(unit: &mut dyn Process<f32>, input: &[Vec<f32>], block: usize) -> Vec<Vec<f32>> {
    let mut work = vec![vec![0.0; block]; input.len()];
    let mut out = vec![Vec::new(); input.len()];
    feed(unit, input, block, &mut work, |work, _, length| {
        for (out, work) in out.iter_mut().zip(work) {
            out.extend_from_slice(&work[..length]);
        }
    });
    out
}

/// Power of the difference relative to that of the first, dB.
fn apart_db(ours: &[Vec<f32>], theirs: &[Vec<f32>]) -> f64 {
    let power = |of: &dyn Fn(f64, f64) -> f64| {
        let samples = ours.iter().flatten().zip(theirs.iter().flatten());
        samples.map(|(a, b)| of(f64::from(*a), f64::from(*b)).powi(2)).sum::<f64>()
    };
    power_to_db(power(&|a, b| a - b) / power(&|a, _| a))
}

/// A case on a stereo programme that peaks at 0 dBFS, beside a textbook where there is one.
fn case(what: &str, block: usize, mut unit: Unit, side: Option<&dyn Fn() -> Side>) -> Case {
    let input = signals::programme(2, SECONDS, 0.0);
    let frames = input[0].len();
    let ours = output(&mut *unit, &input, block);
    assert!(ours != input, "{what} does nothing");
    let mut rivals = Vec::new();
    if let Some(side) = side {
        let mut theirs = input.clone();
        side()(&mut theirs, frames);
        let apart = apart_db(&ours, &theirs);
        assert!(apart < SAME_DB, "{what}: the textbook is {apart:.1} dB apart");
        let run = in_blocks(&input, block, side());
        rivals.push(Rival::new("textbook, frame by frame", run, Goal::NotSlower));
    }
    let mut work = vec![vec![0.0; block]; 2];
    let run: Run = Box::new(move || {
        feed(&mut *unit, &input, block, &mut work, |work, _, _| {
            black_box(work);
        });
    });
    Case {
        name: format!("{what}, stereo, blocks of {block}"),
        units: frames as u64,
        unit: "frame",
        ours: run,
        rivals,
        limit: None,
    }
}

fn gate_case(block: usize) -> Case {
    let params = GateParams { threshold_dbfs: -30.0, ..GateParams::default() };
    let mut gate = Gate::new(GateSetup::default(), params, stereo()).expect("in range");
    output(&mut gate, &signals::programme(2, SECONDS, 0.0), block);
    let stats = gate.reduction_stats().expect("there were frames");
    assert!(stats.active_percent > 5.0 && stats.median_db < 1.0, "open and closed: {stats:?}");
    let side = || textbook::gate(params);
    let limit = Limit { must_ns: 12.5, stretch_ns: 6.0, quoted: "pedalboard 14.8, ffmpeg 12.5" };
    Case { limit: Some(limit), ..case("gate", block, Box::new(gate), Some(&side)) }
}

fn shaper_case(block: usize) -> Case {
    let params = TransientShaperParams {
        attack_percent: 60.0,
        sustain_percent: -40.0,
        ..TransientShaperParams::default()
    };
    let unit = TransientShaper::new(TransientShaperSetup::default(), params, stereo());
    let side = || textbook::transient_shaper(params);
    case("transient shaper", block, Box::new(unit.expect("in range")), Some(&side))
}

fn deesser_case(block: usize) -> Case {
    let params = DeEsserParams { threshold_db: -24.0, ..DeEsserParams::default() };
    let setup = DeEsserSetup { lookahead_ms: 0.0, ..DeEsserSetup::default() };
    let unit = DeEsser::new(setup, params, stereo()).expect("in range");
    let side = || textbook::deesser(params, setup.window_ms, 2);
    let case = case("de-esser, split", block, Box::new(unit), Some(&side));
    let limit = Limit { must_ns: 30.6, stretch_ns: 20.0, quoted: "ffmpeg 30.6" };
    Case { limit: Some(limit), ..case }
}

fn dynamic_eq_case(bands: usize, block: usize) -> Case {
    let band = DynamicEqBand { threshold_dbfs: -36.0, ..DynamicEqBand::default() };
    let all = [250.0, 1000.0, 3500.0, 8000.0].map(|hz| DynamicEqBand { hz, ..band });
    let params = DynamicEqParams::new(if bands == 1 { &all[1..2] } else { &all });
    let setup = DynamicEqSetup { bands, ..DynamicEqSetup::default() };
    let unit = DynamicEq::new(setup, params, stereo()).expect("in range");
    let side = || textbook::dynamic_bell(band, WINDOW_MS, 2);
    let side: Option<&dyn Fn() -> Side> = if bands == 1 { Some(&side) } else { None };
    case(&format!("dynamic EQ, bands: {bands}"), block, Box::new(unit), side)
}

fn multiband_case(block: usize) -> Case {
    let band = MultibandBand::default();
    let params = MultibandParams {
        crossover: CrossoverParams::new(&CROSSINGS_HZ).expect("two crossings"),
        bands: [band; 6],
        ..MultibandParams::default()
    };
    let unit = Multiband::new(MultibandSetup::default(), params, stereo()).expect("in range");
    let side = || textbook::multiband(band, CROSSINGS_HZ, 2);
    case("multiband compressor, 3 bands", block, Box::new(unit), Some(&side))
}

fn multiband_limiter_case(mode: LimiterMode, block: usize) -> Case {
    let bands = LimiterSetup { mode: LimiterMode::SamplePeak, ..LimiterSetup::default() };
    let output_setup = LimiterSetup { mode, ..LimiterSetup::default() };
    let setup =
        MultibandLimiterSetup { bands, output: output_setup, ..MultibandLimiterSetup::default() };
    let params = MultibandLimiterParams {
        crossover: CrossoverParams::new(&CROSSINGS_HZ).expect("two crossings"),
        ..MultibandLimiterParams::default()
    };
    let mut unit = MultibandLimiter::new(setup, params, stereo()).expect("in range");
    let out = output(&mut unit, &signals::programme(2, SECONDS, 0.0), block);
    let ceiling = db_to_gain(params.ceiling_dbtp) as f32;
    assert!(out.iter().flatten().all(|x| x.abs() <= ceiling), "over the ceiling");
    let peaks = if mode == LimiterMode::TruePeak { "true" } else { "sample" };
    let what = format!("multiband limiter, 3 bands of sample peaks, output of {peaks} peaks");
    case(&what, block, Box::new(unit), None)
}

fn clipper_case(oversampling: usize, guard: bool, block: usize) -> Case {
    let setup = SoftClipperSetup {
        shape: if guard { ClipShape::Cubic } else { ClipShape::Hard },
        oversampling,
        guard,
        ..SoftClipperSetup::default()
    };
    let params = SoftClipperParams {
        drive_db: 6.0,
        softness_percent: if guard { 30.0 } else { 0.0 },
        ..SoftClipperParams::default()
    };
    let mut unit = SoftClipper::new(setup, params, stereo()).expect("in range");
    let ceiling = db_to_gain(params.ceiling_dbtp);
    let out = output(&mut unit, &signals::programme(2, SECONDS, 0.0), block);
    let held = out.iter().flatten().all(|x| f64::from(x.abs()) <= ceiling * (1.0 + 1e-6));
    assert!(held || !guard, "over the ceiling");
    let side = || textbook::hard_clipper(params.drive_db, ceiling, 2);
    let side: Option<&dyn Fn() -> Side> = if guard { None } else { Some(&side) };
    let kind = if guard { "cubic, true-peak guard" } else { "hard, no guard" };
    case(&format!("soft clipper, {kind}, {oversampling}x"), block, Box::new(unit), side)
}

/// Sample peaks, 5 ms ahead, both 6 dB over the ceiling in the loudest second.
fn limiter_case(block: usize) -> Case {
    // fundsp aims 10 % below 1.
    let params = LimiterParams { ceiling_dbtp: -0.83, ..LimiterParams::default() };
    let setup = LimiterSetup { mode: LimiterMode::SamplePeak, ..LimiterSetup::default() };
    let mut unit = Limiter::new(setup, params, stereo()).expect("in range");
    let input = signals::programme(2, SECONDS, 5.0);
    let ours = output(&mut unit, &input, block);
    let side = move || -> Side {
        let mut theirs =
            limiter_stereo((setup.lookahead_ms * 1e-3) as f32, (params.release_ms * 1e-3) as f32);
        theirs.set_sample_rate(RATE_HZ);
        AudioUnit::allocate(&mut theirs);
        Box::new(move |io, frames| {
            let [left, right] = io else { return };
            for (left, right) in left.iter_mut().zip(right).take(frames) {
                let out = theirs.tick(&[*left, *right].into());
                (*left, *right) = (out[0], out[1]);
            }
        })
    };
    let mut theirs = input.clone();
    side()(&mut theirs, input[0].len());
    let peak = |audio: &[Vec<f32>]| audio.iter().flatten().fold(0.0_f32, |m, x| m.max(x.abs()));
    let ceiling = db_to_gain(params.ceiling_dbtp) as f32;
    assert!(peak(&input) > 1.7 && peak(&ours) <= ceiling && peak(&theirs) <= 1.0, "no limits");
    // Both are as loud, to what their releases differ by.
    let power =
        |audio: &[Vec<f32>]| -> f64 { audio.iter().flatten().map(|x| f64::from(*x).powi(2)).sum() };
    let louder = power_to_db(power(&ours) / power(&theirs));
    assert!(louder.abs() < 1.0, "{louder} dB louder than fundsp");
    let rival = Rival::new("fundsp", in_blocks(&input, block, side()), Goal::NotSlower);
    let frames = input[0].len();
    let mut work = vec![vec![0.0; block]; 2];
    Case {
        name: format!("sample-peak limiter, peaks 6 dB over, stereo, blocks of {block}"),
        units: frames as u64,
        unit: "frame",
        ours: Box::new(move || {
            feed(&mut unit, &input, block, &mut work, |work, _, _| {
                black_box(work);
            });
        }),
        rivals: vec![rival],
        limit: None,
    }
}

/// The cases, each checked before it is returned.
///
/// # Panics
/// If an output is not what the material asks for, or not the rival's.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for block in BLOCKS {
        cases.extend([
            gate_case(block),
            shaper_case(block),
            deesser_case(block),
            dynamic_eq_case(1, block),
            dynamic_eq_case(4, block),
            multiband_case(block),
            multiband_limiter_case(LimiterMode::SamplePeak, block),
            multiband_limiter_case(LimiterMode::TruePeak, block),
            clipper_case(1, false, block),
            clipper_case(4, true, block),
            limiter_case(block),
        ]);
    }
    cases
}
