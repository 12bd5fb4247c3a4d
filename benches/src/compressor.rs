//! The compressor against a textbook version of itself, and its gain computer against log10 and powf.
//!
//! No Rust crate has a compressor, so one rival is what a textbook's equations give when they are
//! written down frame by frame: the largest magnitude of the channels, log10, branches, one follower,
//! powf. Its output is ours to 0.01 dB before anything is timed. The other is a compressor put
//! together from the parts of crate `fundsp` (`map`, `afollow`, `shape_fn`); its follower has three
//! poles, so only its settled gain can be ours, to 0.01 dB. DESIGN section 10 quotes 17 ns a stereo
//! frame for pedalboard's compressor and 20 ns for ffmpeg's.

use std::hint::black_box;

use fundsp::prelude64::{Frame, U2, afollow, map, shape_fn};
use mixcore::dynamics::{Compressor, CompressorParams, CompressorSetup, Detector};
use mixcore::kernels::{self, CurveSection, Isa, Knee};
use mixcore::units::{db_to_gain, gain_to_db};
use mixcore::{BlockMut, Io, Layout, Process, Stream};

use crate::{BLOCKS, Case, Goal, Limit, RATE_HZ, Rival, Run, signals};

/// Length of the material, s.
const SECONDS: f64 = 5.0;

/// f32 levels and gains of both sides; the rival's are f64.
const SAME_DB: f64 = 0.01;
/// The gain computer alone (DESIGN section 10).
const COMPUTER_DB: f64 = 1e-4;

/// Copies the input block by block and processes it in place; `each` sees every block.
pub(crate) fn feed(
    unit: &mut dyn Process<f32>,
    input: &[Vec<f32>],
    block: usize,
    work: &mut [Vec<f32>],
    mut each: impl FnMut(&[Vec<f32>], usize, usize),
) {
    unit.reset();
    let frames = input[0].len();
    for at in (0..frames).step_by(block) {
        let length = block.min(frames - at);
        for (work, input) in work.iter_mut().zip(input) {
            work[..length].copy_from_slice(&input[at..at + length]);
        }
        let mut whole = BlockMut::new(work).expect("a layout's channels");
        unit.process(Io::new(whole.range(0, length))).expect("the stream's channels");
        each(work, at, length);
    }
}

/// The textbook: Giannoulis, Massberg, Reiss 2012, feed-forward, branching, linked channels.
struct Textbook {
    threshold_db: f64,
    ratio: f64,
    knee_db: f64,
    attack: f64,
    release: f64,
    reduction_db: f64,
}

impl Textbook {
    fn new(params: &CompressorParams) -> Self {
        let pole = |ms: f64| (-1000.0 / (ms * RATE_HZ)).exp();
        Self {
            threshold_db: params.threshold_dbfs,
            ratio: params.ratio,
            knee_db: params.knee_db,
            attack: pole(params.attack_ms),
            release: pole(params.release_ms),
            reduction_db: 0.0,
        }
    }

    fn process(&mut self, io: &mut [Vec<f32>], frames: usize) {
        for n in 0..frames {
            let peak = io.iter().fold(0.0_f32, |peak, channel| peak.max(channel[n].abs()));
            let level = 20.0 * f64::from(peak.max(1e-12)).log10();
            let d = level - self.threshold_db;
            let wanted = if 2.0 * d < -self.knee_db {
                0.0
            } else if 2.0 * d <= self.knee_db {
                (1.0 - 1.0 / self.ratio) * (d + self.knee_db / 2.0).powi(2) / (2.0 * self.knee_db)
            } else {
                (1.0 - 1.0 / self.ratio) * d
            };
            let pole = if wanted > self.reduction_db { self.attack } else { self.release };
            self.reduction_db = pole * self.reduction_db + (1.0 - pole) * wanted;
            let gain = 10.0_f64.powf(-self.reduction_db / 20.0) as f32;
            for channel in io.iter_mut() {
                channel[n] *= gain;
            }
        }
    }
}

/// Crate `fundsp`: magnitude, soft knee, its asymmetric follower on the reduction in dB, gain.
fn graph(params: &CompressorParams) -> impl FnMut(&mut [Vec<f32>], usize) + use<> {
    let (threshold, knee) = (params.threshold_dbfs as f32, params.knee_db as f32);
    let slope = (1.0 - 1.0 / params.ratio) as f32;
    let wanted = move |frame: &Frame<f32, U2>| {
        let d = 20.0 * frame[0].abs().max(frame[1].abs()).max(1e-12).log10() - threshold;
        let u = (d + knee / 2.0).clamp(0.0, knee);
        slope * (u * u / (2.0 * knee) + (d - knee / 2.0).max(0.0))
    };
    let halfway = |ms: f64| (ms * 1e-3 * std::f64::consts::LN_2) as f32;
    let gain = shape_fn(|reduction: f32| 10.0_f32.powf(reduction / -20.0));
    let mut chain =
        map(wanted) >> afollow(halfway(params.attack_ms), halfway(params.release_ms)) >> gain;
    chain.set_sample_rate(RATE_HZ);
    move |io, frames| {
        let [left, right] = io else { return };
        for (left, right) in left.iter_mut().zip(right).take(frames) {
            let gain = chain.tick(&[*left, *right].into())[0];
            *left *= gain;
            *right *= gain;
        }
    }
}

/// A rival that gets the material block by block, as ours does.
pub(crate) fn in_blocks(
    input: &[Vec<f32>],
    block: usize,
    mut side: impl FnMut(&mut [Vec<f32>], usize) + 'static,
) -> Run {
    let material = input.to_vec();
    let mut place = vec![vec![0.0; block]; input.len()];
    Box::new(move || {
        let frames = material[0].len();
        for at in (0..frames).step_by(block) {
            let length = block.min(frames - at);
            for (place, material) in place.iter_mut().zip(&material) {
                place[..length].copy_from_slice(&material[at..at + length]);
            }
            side(&mut place, length);
            black_box(&place);
        }
    })
}

/// Checks that a steady level comes to the same gain on both sides.
fn settles_alike(params: &CompressorParams, side: &mut impl FnMut(&mut [Vec<f32>], usize)) {
    let frames = RATE_HZ as usize;
    for level_db in [-40.0, -24.0, -6.0] {
        let amplitude = db_to_gain(level_db) as f32;
        let mut theirs = vec![vec![amplitude; frames], vec![0.5 * amplitude; frames]];
        side(&mut theirs, frames);
        let stream = Stream::new(RATE_HZ, Layout::STEREO).expect("48 kHz is in range");
        let ours = Compressor::<f32>::new(CompressorSetup::default(), *params, stream);
        let expected = ours.expect("in range").static_curve_db(level_db);
        let apart = gain_to_db(f64::from(theirs[0][frames - 1])) - expected;
        assert!(apart.abs() < SAME_DB, "fundsp settles {apart} dB apart");
    }
}

/// The largest difference in dB where there is a signal.
fn difference_db(ours: &[f32], theirs: &[f32]) -> f64 {
    let differences = ours
        .iter()
        .zip(theirs)
        .filter(|(a, _)| a.abs() > 1e-6)
        .map(|(a, b)| (gain_to_db(f64::from(a.abs())) - gain_to_db(f64::from(b.abs()))).abs());
    differences.fold(0.0, f64::max)
}

fn compressor_case(title: &str, layout: Layout, block: usize) -> Case {
    let stream = Stream::new(RATE_HZ, layout).expect("48 kHz is in range");
    let params = CompressorParams { threshold_dbfs: -24.0, ..CompressorParams::default() };
    let mut ours = Compressor::new(CompressorSetup::default(), params, stream).expect("in range");
    // Over the threshold most of the time, as a mix bus is driven.
    let input = signals::programme(layout.channel_count(), SECONDS, 0.0);
    let mut work = vec![vec![0.0; block]; input.len()];
    let mut theirs = input.clone();
    // The LFE stands outside our link; the textbook has no such thing.
    let comparable = layout.speakers().iter().all(|speaker| !speaker.lfe);
    let frames = input[0].len();
    Textbook::new(&params).process(&mut theirs, frames);
    let mut worst = 0.0_f64;
    feed(&mut ours, &input, block, &mut work, |work, at, length| {
        for (work, theirs) in work.iter().zip(&theirs) {
            worst = worst.max(difference_db(&work[..length], &theirs[at..at + length]));
        }
    });
    assert!(!comparable || worst < SAME_DB, "{title}: {worst} dB apart");
    assert!(ours.reduction_stats().is_some_and(|stats| stats.p95_db > 6.0), "{title}: idle");

    let mut textbook = Textbook::new(&params);
    let plain = in_blocks(&input, block, move |io, length| textbook.process(io, length));
    let mut rivals = vec![Rival::new("textbook, frame by frame", plain, Goal::NotSlower)];
    if layout == Layout::STEREO {
        let mut parts = graph(&params);
        settles_alike(&params, &mut parts);
        let parts = in_blocks(&input, block, parts);
        rivals.push(Rival::new("fundsp, put together", parts, Goal::NotSlower));
    }
    let run: Run = Box::new(move || {
        feed(&mut ours, &input, block, &mut work, |work, _, _| {
            black_box(work);
        });
    });
    let limit = Limit { must_ns: 6.0, stretch_ns: 4.5, quoted: "pedalboard 17, ffmpeg 20" };
    Case {
        name: format!("compressor, soft knee, {title}, blocks of {block}"),
        units: frames as u64,
        unit: "frame",
        ours: run,
        rivals,
        limit: (layout == Layout::STEREO).then_some(limit),
    }
}

/// What the other detectors, the links and feed-back cost.
fn variant_case(what: &str, setup: CompressorSetup, params: CompressorParams) -> Case {
    let block = BLOCKS[0];
    let stream = Stream::new(RATE_HZ, Layout::STEREO).expect("48 kHz is in range");
    let mut ours = Compressor::new(setup, params, stream).expect("in range");
    let input = signals::programme(2, SECONDS, 0.0);
    let mut work = vec![vec![0.0; block]; 2];
    feed(&mut ours, &input, block, &mut work, |_, _, _| ());
    assert!(ours.reduction_stats().is_some_and(|stats| stats.max_db > 3.0), "{what}: idle");
    let units = input[0].len() as u64;
    Case {
        name: format!("compressor, {what}, stereo, blocks of {block}"),
        units,
        unit: "frame",
        ours: Box::new(move || {
            feed(&mut ours, &input, block, &mut work, |work, _, _| {
                black_box(work);
            });
        }),
        rivals: Vec::new(),
        limit: None,
    }
}

fn computer_case(isa: Isa, block: usize) -> Case {
    let (threshold, ratio, knee) = (-20.0_f32, 4.0_f32, 6.0_f32);
    let section = CurveSection {
        edge: threshold,
        direction: 1.0,
        slope: 1.0 - 1.0 / ratio,
        sign: -1.0,
        knee: Knee::new(f64::from(knee)),
        limit: 300.0,
        limit_knee: Knee::default(),
    };
    let input: Vec<f32> = signals::noise(1, block, 0.0)[0].iter().map(|x| x.abs()).collect();
    // As it stands in textbooks and plug-ins, in f32.
    let textbook = move |x: f32| {
        let d = 20.0 * x.max(1e-12).log10() - threshold;
        let change = if 2.0 * d < -knee {
            0.0
        } else if 2.0 * d <= knee {
            let u = d + knee / 2.0;
            (1.0 / ratio - 1.0) * u * u / (2.0 * knee)
        } else {
            (1.0 / ratio - 1.0) * d
        };
        10.0_f32.powf(change / 20.0)
    };
    let mut levels = input.clone();
    let mut gains = input.clone();
    let mut computer = move |input: &[f32]| {
        levels.copy_from_slice(input);
        kernels::levels_db(isa, &mut levels, kernels::AMPLITUDE_DB, kernels::AMPLITUDE_FLOOR);
        kernels::gain_curve(isa, &[section], &levels, &mut gains);
        kernels::gains_of_db(isa, &mut gains);
        black_box(&gains);
        gains.last().copied()
    };
    let mut worst = 0.0_f64;
    for part in input.chunks_exact(1).take(BLOCKS[0]) {
        let ours = computer(&part.repeat(block)).expect("a block");
        let expected = textbook(part[0]);
        let apart = gain_to_db(f64::from(ours)) - gain_to_db(f64::from(expected));
        assert!(apart.abs() < COMPUTER_DB, "{apart} dB apart at {}", part[0]);
        worst = worst.max(apart.abs());
    }
    let theirs = input.clone();
    let mut out = input.clone();
    let rival = move || {
        for (out, x) in out.iter_mut().zip(&theirs) {
            *out = textbook(*x);
        }
        black_box(&out);
    };
    let goal = if isa == Isa::detect() { Goal::Ratio(9.0, 14.0) } else { Goal::NotSlower };
    Case {
        name: format!(
            "soft-knee gain computer, {:?}, {block} at a time, {worst:.0e} dB apart",
            isa.level()
        ),
        units: block as u64,
        unit: "sample",
        ours: Box::new(move || {
            black_box(computer(&input));
        }),
        rivals: vec![Rival::new("log10 and powf, branches", rival, goal)],
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
    let layouts = [
        ("stereo", Layout::STEREO),
        ("5.1", Layout::SURROUND_5_1),
        ("7.1.4", Layout::SURROUND_7_1_4),
    ];
    for (title, layout) in layouts {
        cases.extend(BLOCKS.map(|block| compressor_case(title, layout, block)));
    }
    let setup = CompressorSetup::default();
    let params = CompressorParams { threshold_dbfs: -36.0, ..CompressorParams::default() };
    let detector = Detector::Rms { window_ms: 10.0 };
    let rms = CompressorSetup { detector, ..setup };
    cases.push(variant_case("RMS of 10 ms", rms, params));
    let detector = Detector::KWeighted { window_ms: 400.0 };
    cases.push(variant_case("K-weighted", CompressorSetup { detector, ..setup }, params));
    let apart = CompressorParams { link_percent: 0.0, ..params };
    cases.push(variant_case("no link", setup, apart));
    let back = CompressorParams { feedback_percent: 100.0, ..params };
    cases.push(variant_case("feed-back", setup, back));
    for block in BLOCKS {
        cases.extend(crate::mix::levels().map(|isa| computer_case(isa, block)));
    }
    cases
}
