//! What is fed to every processor of dynamics, and what its curve says of it.

use mixcore::Layout;
use mixcore::dynamics::{
    Automixer, AutomixerParams, AutomixerSetup, BandDuckerSetup, ClickTamer, ClickTamerParams,
    ClickTamerSetup, Compressor, CompressorParams, CompressorSetup, DeEsser, DeEsserMode,
    DeEsserParams, DeEsserSetup, Ducker, DuckerParams, DuckerSetup, DynamicEq, DynamicEqBand,
    DynamicEqParams, DynamicEqSetup, Gate, GateParams, GateSetup, Leveller, LevellerParams,
    LevellerSetup, Limiter, LimiterMode, LimiterParams, LimiterSetup, LowMidCut, LowMidCutParams,
    MaskingDucker, MaskingDuckerParams, Multiband, MultibandBand, MultibandLimiter,
    MultibandLimiterParams, MultibandLimiterSetup, MultibandParams, MultibandSetup, NoiseLearning,
    PlosiveTamer, PlosiveTamerParams, PlosiveTamerSetup, SoftClipper, SoftClipperParams,
    SoftClipperSetup, Suppressor, SuppressorParams, SuppressorSetup, TransientShaper,
    TransientShaperParams, TransientShaperSetup,
};
use mixcore::filters::CrossoverParams;

use super::{Case, EXACT_DB, Effect, Looks, Planar, RATE_HZ, Unit, frames, mono, stream};
use crate::signals::{noise, sine};

/// Noise whose level jumps every 0.1 s, the same on every channel.
fn jumps(channels: usize, s: f64, levels: &[f64]) -> Planar {
    let mut one = noise::<f64>(1, frames(s), 1.0, 9).remove(0);
    for (part, level) in one.chunks_mut(4800).zip(levels.iter().cycle()) {
        part.iter_mut().for_each(|x| *x *= level);
    }
    vec![one; channels]
}

fn tone(hz: f64, s: f64, level: f64) -> Vec<f64> {
    sine::<f64>(hz, RATE_HZ, frames(s), level)
}

fn case(
    name: &'static str,
    make: impl Fn() -> Unit + 'static,
    audio: Planar,
    looks: Looks,
    effect: Effect,
) -> Case {
    Case { name, make: Box::new(make), audio, key: None, looks, effect }
}

/// The part of a steady signal in which everything stands.
fn steady(hz: f64, s: f64, tolerance_db: f64) -> Effect {
    Effect::Tone { hz, frames: (frames(s) - 64 - 4800, frames(s) - 64), tolerance_db }
}

/// What works on one signal with one gain.
fn gains() -> Vec<Case> {
    let loud = [0.02, 0.5, 0.1, 0.9, 0.003];
    let mut all = vec![
        case(
            "compressor",
            || {
                let params = CompressorParams { threshold_dbfs: -30.0, ..Default::default() };
                let setup = CompressorSetup { lookahead_ms: 2.0, ..Default::default() };
                Box::new(Compressor::new(setup, params, stream(Layout::STEREO)).unwrap())
            },
            jumps(2, 1.0, &loud),
            Looks::EachRow,
            Effect::EverySample,
        ),
        case(
            "gate",
            || {
                let params = GateParams { threshold_dbfs: -25.0, ..Default::default() };
                let setup = GateSetup::default();
                Box::new(Gate::new(setup, params, stream(Layout::STEREO)).unwrap())
            },
            jumps(2, 1.0, &loud),
            Looks::EachRow,
            Effect::EverySample,
        ),
        case(
            "transient shaper",
            || {
                let params = TransientShaperParams {
                    attack_percent: 80.0,
                    sustain_percent: -60.0,
                    ..Default::default()
                };
                let setup = TransientShaperSetup::default();
                Box::new(TransientShaper::new(setup, params, stream(Layout::STEREO)).unwrap())
            },
            jumps(2, 1.0, &loud),
            Looks::EitherWay,
            Effect::EverySample,
        ),
        case(
            "leveller",
            || {
                let params = LevellerParams {
                    up_db_per_s: 60.0,
                    down_db_per_s: 60.0,
                    gate_lu: 40.0,
                    pause_ms: 50.0,
                    ..Default::default()
                };
                let setup = LevellerSetup { lookahead_ms: 300.0, min_phrase_ms: 50.0 };
                Box::new(Leveller::new(setup, params, stream(Layout::STEREO)).unwrap())
            },
            jumps(2, 3.0, &[0.02, 0.02, 0.02, 0.02, 0.4, 0.4, 0.4, 0.4, 0.4, 0.0]),
            Looks::EachRow,
            Effect::EverySample,
        ),
        case(
            "automixer",
            || {
                let setup = AutomixerSetup::default();
                let params = AutomixerParams::default();
                Box::new(Automixer::new(setup, params, stream(Layout::STEREO)).unwrap())
            },
            vec![jumps(1, 1.0, &loud).remove(0), noise::<f64>(1, frames(1.0), 0.05, 4).remove(0)],
            Looks::EachRow,
            Effect::EverySample,
        ),
    ];
    for mode in [LimiterMode::TruePeak, LimiterMode::SamplePeak] {
        all.push(case(
            if mode == LimiterMode::TruePeak { "true-peak limiter" } else { "sample-peak limiter" },
            move || {
                let setup = LimiterSetup { mode, ..Default::default() };
                let params = LimiterParams { ceiling_dbtp: -6.0, ..Default::default() };
                Box::new(Limiter::new(setup, params, stream(Layout::STEREO)).unwrap())
            },
            jumps(2, 64.0 / 48.0, &loud),
            Looks::Chunks,
            Effect::EverySample,
        ));
    }
    all
}

/// What works on bands or on a shape: a steady signal shows it.
fn bands() -> Vec<Case> {
    let mut all = vec![
        case(
            "multiband compressor",
            || {
                let mut params = MultibandParams {
                    crossover: CrossoverParams::new(&[2000.0, 8000.0]).unwrap(),
                    ..Default::default()
                };
                params.bands = [MultibandBand { ratio: 1.0, ..Default::default() }; 6];
                params.bands[0] = MultibandBand { threshold_dbfs: -24.0, ..Default::default() };
                Box::new(Multiband::new(MultibandSetup::default(), params, mono()).unwrap())
            },
            vec![vec![0.5; frames(1.0)]],
            Looks::EachRow,
            steady(0.0, 1.0, EXACT_DB),
        ),
        case(
            "multiband limiter",
            || {
                let mut params = MultibandLimiterParams::default();
                params.bands[0].ceiling_dbtp = -6.0;
                params.ceiling_dbtp = -9.0;
                let setup = MultibandLimiterSetup::default();
                Box::new(MultibandLimiter::new(setup, params, mono()).unwrap())
            },
            // The crossover's overshoot is released by then: 19 time constants.
            vec![vec![0.9; frames(2.0)]],
            Looks::RowAndLast,
            steady(0.0, 2.0, EXACT_DB),
        ),
        case(
            "dynamic EQ",
            || {
                let band = DynamicEqBand {
                    threshold_dbfs: -40.0,
                    range_db: -24.0,
                    release_ms: 2000.0,
                    ..Default::default()
                };
                let params = DynamicEqParams::new(&[band]);
                let setup = DynamicEqSetup::default();
                Box::new(DynamicEq::new(setup, params, mono()).unwrap())
            },
            vec![tone(1000.0, 1.0, 0.3)],
            Looks::EachRow,
            // The bound for a static curve.
            steady(1000.0, 1.0, 0.01),
        ),
        case(
            "soft clipper",
            || {
                let setup =
                    SoftClipperSetup { oversampling: 1, guard: false, ..Default::default() };
                let params = SoftClipperParams::default();
                Box::new(SoftClipper::new(setup, params, mono()).unwrap())
            },
            vec![vec![1.5; frames(0.5)]],
            Looks::EachRow,
            steady(0.0, 0.5, EXACT_DB),
        ),
        case(
            "plosive tamer",
            || {
                let params = PlosiveTamerParams { threshold_db: 0.0, ..Default::default() };
                let setup = PlosiveTamerSetup::default();
                Box::new(PlosiveTamer::new(setup, params, mono()).unwrap())
            },
            {
                let mut audio = vec![0.0; frames(0.2)];
                audio.extend(tone(37.5, 0.3, 0.5));
                vec![audio]
            },
            Looks::EachRow,
            // Two periods in which the largest reduction stands. The formula is that of analogue poles; with
            // H = k/(1 − (1 − k)z⁻¹) each shelf takes 0.029 dB more at 37.5 Hz and 48 kHz.
            Effect::Tone {
                hz: 37.5,
                frames: (frames(0.2) + 2880, frames(0.2) + 2880 + 2560),
                tolerance_db: 0.06,
            },
        ),
    ];
    for mode in [DeEsserMode::Split, DeEsserMode::Bell] {
        all.push(case(
            if mode == DeEsserMode::Split { "de-esser, split" } else { "de-esser, bell" },
            move || {
                let hz = if mode == DeEsserMode::Split { 4000.0 } else { 7000.0 };
                let params = DeEsserParams { hz, threshold_db: -20.0, ..Default::default() };
                let setup = DeEsserSetup { mode, ..Default::default() };
                Box::new(DeEsser::new(setup, params, mono()).unwrap())
            },
            vec![tone(if mode == DeEsserMode::Split { 20_000.0 } else { 7000.0 }, 1.0, 0.3)],
            Looks::EachRow,
            // The bound; below 4 kHz the split leaves nothing of 20 kHz to be heard (-60 dB).
            steady(if mode == DeEsserMode::Split { 20_000.0 } else { 7000.0 }, 1.0, 0.01),
        ));
    }
    all
}

/// Tools that look for something.
fn tools() -> Vec<Case> {
    let hiss = noise::<f64>(1, frames(3.0), 0.003, 8);
    let mut clicks = noise::<f64>(1, frames(0.5), 0.001, 8).remove(0);
    // 2 ms of 10 kHz: nothing of it lies below the corner.
    for (x, click) in clicks[12_000..].iter_mut().zip(tone(10_000.0, 0.002, 0.3)) {
        *x += click;
    }
    let latency = {
        let setup = ClickTamerSetup::default();
        let tamer = ClickTamer::<f64>::new(setup, ClickTamerParams::default(), mono()).unwrap();
        mixcore::Processor::latency_frames(&tamer)
    };
    vec![
        case(
            "suppressor",
            || {
                let setup = SuppressorSetup { learning_s: 1.0 };
                let params = SuppressorParams { threshold_db: 20.0, ..Default::default() };
                let mut unit = Suppressor::new(setup, params, mono()).unwrap();
                unit.set_learning(NoiseLearning::Stretch);
                Box::new(unit)
            },
            hiss,
            Looks::EachRow,
            // All bands lie 8 dB and more below the threshold by then: all have the range.
            Effect::FromFrame(frames(1.0)),
        ),
        case(
            "click tamer",
            || {
                let setup = ClickTamerSetup::default();
                let params = ClickTamerParams { max_reduction_db: 20.0, ..Default::default() };
                Box::new(ClickTamer::new(setup, params, mono()).unwrap())
            },
            vec![clicks],
            Looks::EachRow,
            // The middle of the burst, five periods; noise 50 dB below it.
            Effect::Tone {
                hz: 10_000.0,
                frames: (latency + 12_036, latency + 12_060),
                tolerance_db: 0.1,
            },
        ),
    ]
}

/// What needs a key.
fn duckers() -> Vec<Case> {
    let s = 3.0;
    let voice = || {
        let mut key = vec![0.0; frames(0.5)];
        key.extend(tone(1000.0, s - 0.5, 0.1));
        Some(vec![key])
    };
    let bands = BandDuckerSetup { lookahead_ms: 250.0, ..Default::default() };
    let pulses = |level: f64, place: usize| {
        vec![(0..frames(s)).map(|n| if n % 400 == place { level } else { 0.0 }).collect()]
    };
    let mut ducker = case(
        "ducker",
        || {
            let setup = DuckerSetup { lookahead_ms: 250.0, ..Default::default() };
            Box::new(Ducker::new(setup, DuckerParams::default(), mono()).unwrap())
        },
        vec![noise::<f64>(1, frames(s), 0.2, 6).remove(0)],
        Looks::EachRow,
        Effect::EverySample,
    );
    ducker.key = voice();
    let mut masking = case(
        "masking-aware ducker",
        move || {
            Box::new(MaskingDucker::new(bands, MaskingDuckerParams::default(), mono()).unwrap())
        },
        vec![tone(1000.0, s, 0.1)],
        Looks::EachRow,
        // Both signals are the same, so all bands that they excite go down by the same 6 dB.
        steady(1000.0, s, 0.01),
    );
    masking.key = voice();
    let mut cut = case(
        "cut of the low-mids",
        move || Box::new(LowMidCut::new(bands, LowMidCutParams::default(), mono()).unwrap()),
        pulses(1.0, 0),
        Looks::EachRow,
        // The harmonic nearest to the middle of the range; its neighbours' gains reach into it.
        steady(240.0, s, 0.1),
    );
    cut.key = Some(pulses(0.03, 200));
    vec![ducker, masking, cut]
}

pub(super) fn all() -> Vec<Case> {
    [gains(), bands(), tools(), duckers()].into_iter().flatten().collect()
}
