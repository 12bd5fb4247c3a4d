//! DESIGN promise 6 and the largest sample: 1e6 is no fault, so it moves whatever listens, and after it
//! every unit comes back by its release to what it does without it, and to no less; what exceeds 1e6 is
//! silence. (What learns a voice: `loud_and_after.rs`. Time constants after it: `dynamics_figures.rs`.)

use mixcore::dynamics::{
    Automixer, AutomixerParams, AutomixerSetup, BandDuckerSetup, ClickTamer, ClickTamerParams,
    ClickTamerSetup, Compressor, CompressorParams, CompressorSetup, DeEsser, DeEsserMode,
    DeEsserParams, DeEsserSetup, Detector, DynamicEq, DynamicEqBand, DynamicEqParams,
    DynamicEqSetup, Gate, GateParams, GateSetup, HumComb, HumCombParams, HumCombSetup, Limiter,
    LimiterMode, LimiterParams, LimiterRelease, LimiterSetup, LowMidCut, LowMidCutParams,
    Multiband, MultibandBand, MultibandLimiter, MultibandLimiterParams, MultibandLimiterSetup,
    MultibandParams, MultibandSetup, NoiseLearning, Release, SoftClipper, SoftClipperParams,
    SoftClipperSetup, Suppressor, SuppressorParams, SuppressorSetup, TransientShaper,
    TransientShaperParams, TransientShaperSetup,
};
use mixcore::{Block, BlockMut, Io, Layout, Process, Stream};

use crate::signals::{noise, sine};

const RATE_HZ: f64 = 48_000.0;
/// Frame of the stray in most cases.
const AT: usize = 86_400;
/// What is left of it by then, relative to the output: 0.01 dB, the bound for a static curve.
const LEFT: f64 = 1.15e-3;
/// 0.1 s over which the difference is taken: shorter than any of the releases below.
const WINDOW: usize = 4800;

type Unit = Box<dyn Process<f64>>;

struct Case {
    name: &'static str,
    make: Box<dyn Fn() -> Unit>,
    /// After the stray, s.
    back_s: f64,
    key: bool,
    /// No loud passages.
    steady: bool,
}

impl Case {
    /// Frame of the stray: in a soft passage, where what opens by it was closed; of what listens to a key in a
    /// loud one, where there is something to mask.
    fn at(&self) -> usize {
        if self.key { 72_000 } else { AT }
    }
}

fn stereo() -> Stream {
    Stream::new(RATE_HZ, Layout::STEREO).unwrap()
}

/// A reduction in decibels, 120 dB at the most, falls to 0.001 dB in so many time constants.
fn of_decibels(tau_ms: f64) -> f64 {
    tau_ms * 1e-3 * (120.0_f64 / 1e-3).ln()
}

/// An amplitude, 1e6 at the most, falls to 1 % of the softest passage, 0.001, to which a tenth of what
/// is allowed to be left is left of it, in so many.
fn of_amplitude(tau_ms: f64) -> f64 {
    tau_ms * 1e-3 * (1e6_f64 / (1e-3 * 0.1 * LEFT)).ln()
}

/// A power falls by twice the decibels.
fn of_power(tau_ms: f64) -> f64 {
    2.0 * of_amplitude(tau_ms)
}

fn case(name: &'static str, back_s: f64, make: impl Fn() -> Unit + 'static) -> Case {
    Case { name, make: Box::new(make), back_s, key: false, steady: false }
}

/// All that has one release in decibels.
fn by_decibels() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, detector, feedback_percent, release) in [
        ("compressor", Detector::Peak, 0.0, Release::Fixed),
        ("compressor, feed-back", Detector::Peak, 100.0, Release::Fixed),
        ("compressor, two releases", Detector::Peak, 0.0, Release::ProgramDependent),
        ("compressor, RMS", Detector::Rms { window_ms: 20.0 }, 0.0, Release::Fixed),
        ("compressor, K-weighted", Detector::KWeighted { window_ms: 20.0 }, 0.0, Release::Fixed),
    ] {
        let slow = release == Release::ProgramDependent;
        all.push(case(name, of_decibels(if slow { 1000.0 } else { 100.0 }) + 0.2, move || {
            let setup = CompressorSetup { detector, release, ..Default::default() };
            let params = CompressorParams {
                threshold_dbfs: -40.0,
                attack_ms: 0.02,
                feedback_percent,
                ..Default::default()
            };
            Box::new(Compressor::new(setup, params, stereo()).unwrap())
        }));
    }
    all.push(case("gate", of_decibels(150.0) + 0.1, || {
        let params = GateParams { threshold_dbfs: -34.0, ..Default::default() };
        Box::new(Gate::new(GateSetup::default(), params, stereo()).unwrap())
    }));
    for mode in [DeEsserMode::Split, DeEsserMode::Bell] {
        all.push(case("de-esser", of_decibels(30.0) + 0.2, move || {
            let setup = DeEsserSetup { mode, ..Default::default() };
            let params =
                DeEsserParams { threshold_db: -20.0, attack_ms: 0.02, ..Default::default() };
            Box::new(DeEsser::new(setup, params, stereo()).unwrap())
        }));
    }
    all.push(case("multiband compressor", of_decibels(100.0) + 0.2, || {
        let band = MultibandBand { threshold_dbfs: -50.0, attack_ms: 0.02, ..Default::default() };
        let params = MultibandParams { bands: [band; 6], ..Default::default() };
        Box::new(Multiband::new(MultibandSetup::default(), params, stereo()).unwrap())
    }));
    for range_db in [-12.0, 12.0] {
        all.push(case("dynamic EQ", of_decibels(150.0) + 0.2, move || {
            let band = DynamicEqBand {
                threshold_dbfs: -60.0,
                range_db,
                attack_ms: 0.02,
                ..Default::default()
            };
            let params = DynamicEqParams::new(&[band]);
            Box::new(DynamicEq::new(DynamicEqSetup::default(), params, stereo()).unwrap())
        }));
    }
    all
}

/// Limiters, whose releases are those of a gain, which is no slower.
fn limiters() -> Vec<Case> {
    let mut all = Vec::new();
    for mode in [LimiterMode::TruePeak, LimiterMode::SamplePeak] {
        for release in [LimiterRelease::Fixed, LimiterRelease::TwoStage] {
            let two = release == LimiterRelease::TwoStage;
            all.push(case("limiter", of_decibels(if two { 1000.0 } else { 100.0 }), move || {
                let setup = LimiterSetup { mode, release, ..Default::default() };
                let params = LimiterParams { ceiling_dbtp: -20.0, ..Default::default() };
                Box::new(Limiter::new(setup, params, stereo()).unwrap())
            }));
        }
    }
    // One stage after the other.
    all.push(case("multiband limiter", 2.0 * of_decibels(100.0), || {
        let mut params = MultibandLimiterParams { ceiling_dbtp: -20.0, ..Default::default() };
        params.bands.iter_mut().for_each(|band| band.ceiling_dbtp = -26.0);
        Box::new(MultibandLimiter::new(MultibandLimiterSetup::default(), params, stereo()).unwrap())
    }));
    for guard in [false, true] {
        // The guard's 50 ms; without it nothing remembers but the oversampler.
        all.push(case("soft clipper", if guard { of_decibels(50.0) } else { 0.01 }, move || {
            let setup = SoftClipperSetup { guard, ..Default::default() };
            let params = SoftClipperParams { ceiling_dbtp: -20.0, ..Default::default() };
            Box::new(SoftClipper::new(setup, params, stereo()).unwrap())
        }));
    }
    all
}

/// Followers of an amplitude or of a power, models, and what forgets all at once.
fn others() -> Vec<Case> {
    let shaper = case("transient shaper", of_amplitude(300.0), || {
        let params = TransientShaperParams {
            attack_percent: 80.0,
            sustain_percent: 60.0,
            ..Default::default()
        };
        Box::new(TransientShaper::new(TransientShaperSetup::default(), params, stereo()).unwrap())
    });
    let automixer = case("automixer", of_power(150.0), || {
        let setup = AutomixerSetup::default();
        Box::new(Automixer::new(setup, AutomixerParams::default(), stereo()).unwrap())
    });
    let suppressor = case("suppressor", of_power(80.0), || {
        let params = SuppressorParams { threshold_db: 20.0, ..Default::default() };
        Box::new(Suppressor::new(SuppressorSetup { learning_s: 1.0 }, params, stereo()).unwrap())
    });
    // A model's time constant, 1/(π·width), in steady noise (in loud passages it follows more slowly).
    let comb = case("hum comb", of_amplitude(1e3 / std::f64::consts::PI), || {
        Box::new(HumComb::new(HumCombSetup::default(), HumCombParams::default(), stereo()).unwrap())
    });
    let comb = Case { steady: true, ..comb };
    let click = case("click tamer", 0.1, || {
        let setup = ClickTamerSetup::default();
        Box::new(ClickTamer::new(setup, ClickTamerParams::default(), stereo()).unwrap())
    });
    // Its look-ahead, and 4 dB by its slew.
    let cut = case("low-mid cut", 3.0, || {
        let setup = BandDuckerSetup { key_offset_db: -30.0, ..Default::default() };
        Box::new(LowMidCut::new(setup, LowMidCutParams::default(), stereo()).unwrap())
    });
    vec![shaper, automixer, suppressor, comb, click, Case { key: true, ..cut }]
}

/// Noise that is loud for 0.2 s and soft for 0.3 s, with hum: other noise on either side.
fn programme(frames: usize, steady: bool) -> Vec<Vec<f64>> {
    let mut audio = noise::<f64>(2, frames, 1.0, 21);
    let hum = sine::<f64>(50.0, RATE_HZ, frames, 0.003);
    for channel in &mut audio {
        for (n, x) in channel.iter_mut().enumerate() {
            *x = *x * if n % 24_000 < 9600 && !steady { 0.2 } else { 0.002 } + hum[n];
        }
    }
    audio
}

/// Runs with a stray on one side, and in the key.
fn run(case: &Case, frames: usize, stray: Option<f64>) -> (Vec<Vec<f64>>, usize) {
    let mut unit = (case.make)();
    let mut audio = programme(frames, case.steady);
    let mut key = noise::<f64>(1, frames, 0.05, 33).remove(0);
    if let Some(stray) = stray {
        (audio[0][case.at()], key[case.at()]) = (stray, -stray);
    }
    let block = BlockMut::new(&mut audio).unwrap();
    let io = if case.key { Io::with_key(block, Block::mono(&key)) } else { Io::new(block) };
    unit.process(io).unwrap();
    let latency = unit.latency_frames();
    (audio, latency)
}

fn rms(samples: impl Iterator<Item = f64>) -> f64 {
    samples.map(|x| x * x).sum::<f64>().sqrt()
}

fn come_back(cases: &[Case]) {
    let mut wrong = Vec::new();
    for case in cases {
        let frames = case.at() + ((case.back_s + 1.5) * RATE_HZ) as usize;
        let (twin, latency) = run(case, frames, None);
        let from = case.at() + latency + (case.back_s * RATE_HZ) as usize;
        for stray in [999_999.0, -1e6] {
            let (audio, _) = run(case, frames, Some(stray));
            assert!(audio.iter().flatten().all(|x| x.is_finite()), "{}", case.name);
            // A test without a stray that is heard would be none.
            let after = case.at() + latency + 1;
            let same = (0..2).all(|c| audio[c][after..from] == twin[c][after..from]);
            assert!(!same, "{}: nothing happened", case.name);
            for channel in 0..2 {
                let windows =
                    audio[channel].chunks_exact(WINDOW).zip(twin[channel].chunks_exact(WINDOW));
                let off = windows.map(|(a, b)| {
                    rms(a.iter().zip(b).map(|(a, b)| a - b)) / rms(b.iter().copied())
                });
                let off: Vec<f64> = off.collect();
                // Before the latency is over both are silent.
                assert!(
                    off[from.div_ceil(WINDOW)..].iter().all(|x| x.is_finite()),
                    "{}",
                    case.name
                );
                let worst = off[from.div_ceil(WINDOW)..].iter().fold(0.0_f64, |m, x| m.max(*x));
                // The last window in which more than that is left.
                let last = off.iter().rposition(|x| *x > LEFT).map_or(0.0, |last| {
                    ((last + 1) * WINDOW) as f64 / RATE_HZ - (case.at() + latency) as f64 / RATE_HZ
                });
                println!(
                    "{} {stray} channel {channel}: {worst:.1e} is left after {:.2} s, {LEFT} after {last:.2} s",
                    case.name, case.back_s
                );
                if worst > LEFT {
                    wrong.push((case.name, stray, channel, worst));
                }
            }
        }
        // What exceeds it is a fault: silence in its place, bit for bit, in the key too.
        let frames = case.at() + latency + 4800;
        let (silent, _) = run(case, frames, Some(0.0));
        for fault in [1.000_001e6, -1e30, f64::NAN, f64::INFINITY] {
            assert!(run(case, frames, Some(fault)).0 == silent, "{} {fault}", case.name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_reduces_decibels_comes_back_by_its_release() {
    come_back(&by_decibels());
}

#[test]
fn limiters_and_clippers_come_back_by_their_release() {
    come_back(&limiters());
}

#[test]
fn followers_models_and_windows_come_back() {
    come_back(&others());
}

/// A model of hum is no slower to forget than to learn: what a stray makes of it must not ring above the
/// programme, as it would at 100 times full scale if it were heard as it is.
#[test]
fn a_stray_makes_no_hum() {
    /// One sample at +20 dBFS pulls each of the harmonics by μ·10 = 2π·width/rate·10.
    const PULLED: f64 = 10.0 * 2.0 * std::f64::consts::PI / RATE_HZ;
    let case = others().into_iter().find(|case| case.name == "hum comb").unwrap();
    let frames = AT + 9600;
    let (twin, _) = run(&case, frames, None);
    let (audio, _) = run(&case, frames, Some(999_999.0));
    let off = audio[0][AT + 1..].iter().zip(&twin[0][AT + 1..]);
    let most = off.fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()));
    let harmonics = HumCombSetup::default().harmonics as f64;
    println!("{most:.2e} of {:.2e}", harmonics * PULLED);
    assert!(most < harmonics * PULLED, "{most}");
}

/// A stretch that is learnt as it is takes a stray for noise; the next one knows nothing of it.
#[test]
fn a_stray_in_a_learnt_stretch_is_forgotten_with_the_next() {
    let mono = Stream::new(RATE_HZ, Layout::MONO).unwrap();
    let floors = |stray: Option<f64>| {
        let setup = SuppressorSetup::default();
        let mut unit = Suppressor::<f64>::new(setup, SuppressorParams::default(), mono).unwrap();
        let mut noise = noise::<f64>(1, 96_000, 0.002, 3).remove(0);
        if let Some(stray) = stray {
            noise[20_000] = stray;
        }
        [48_000, 48_000].map(|frames| {
            unit.set_learning(NoiseLearning::Stretch);
            let mut part: Vec<f64> = noise.drain(..frames).collect();
            unit.process(Io::new(BlockMut::mono(&mut part))).unwrap();
            unit.set_learning(NoiseLearning::Held);
            unit.floor_dbfs(1000.0)
        })
    };
    let (twin, found) = (floors(None), floors(Some(999_999.0)));
    println!("{twin:?} {found:?}");
    assert!(found[0] > twin[0] + 60.0 && found[1] == twin[1], "{twin:?} {found:?}");
}
