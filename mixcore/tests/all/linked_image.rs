//! Linked channels keep their image: in stereo and in 7.1.4 every streaming processor of dynamics with a link,
//! or with one gain for all, but the soft clipper leaves the level differences between the main channels as they came.

use mixcore::dynamics::{
    BandDuckerSetup, Compressor, CompressorParams, CompressorSetup, DeEsser, DeEsserMode,
    DeEsserParams, DeEsserSetup, Detector, Ducker, DuckerParams, DuckerSetup, DynamicEq,
    DynamicEqBand, DynamicEqParams, DynamicEqSetup, GainReduction, Gate, GateParams, GateSetup,
    Leveller, LevellerParams, LevellerSetup, Limiter, LimiterMode, LimiterParams, LimiterRelease,
    LimiterSetup, LowMidCut, LowMidCutParams, MaskingDucker, MaskingDuckerParams, MovingShape,
    Multiband, MultibandBand, MultibandLimiter, MultibandLimiterParams, MultibandLimiterSetup,
    MultibandParams, MultibandSetup, PlosiveTamer, PlosiveTamerParams, PlosiveTamerSetup, Release,
    Smoothing, Suppressor, SuppressorParams, SuppressorSetup, TransientShaper,
    TransientShaperParams, TransientShaperSetup,
};
use mixcore::units::{db_to_gain, gain_to_db};
use mixcore::{Block, BlockMut, Io, Layout, Stream};

use crate::signals::{noise, sine};

const RATE_HZ: f64 = 48_000.0;
/// The bound.
const IMAGE_DB: f64 = 0.001;

type Unit = Box<dyn GainReduction<f64>>;

/// What a unit is fed with.
#[derive(Clone, Copy, PartialEq)]
enum Feed {
    Noise,
    /// Noise, and a voice as key.
    Keyed,
    /// Puffs of air, and nothing else.
    Puffs,
}

/// Units that work on what they are fed with, each with its name.
fn at_work(stream: Stream) -> Vec<(&'static str, Unit, Feed)> {
    let mut all: Vec<(&'static str, Unit, Feed)> = Vec::new();
    let mut add = |name, unit: Unit| all.push((name, unit, Feed::Noise));
    let params = CompressorParams { threshold_dbfs: -30.0, ..CompressorParams::default() };
    for (name, setup, feedback_percent) in [
        ("compressor", CompressorSetup::default(), 0.0),
        ("compressor, feed-back", CompressorSetup::default(), 100.0),
        (
            "compressor, RMS, two releases",
            CompressorSetup {
                detector: Detector::Rms { window_ms: 10.0 },
                release: Release::ProgramDependent,
                smoothing: Smoothing::Decoupled,
                ..CompressorSetup::default()
            },
            50.0,
        ),
        (
            "compressor, K-weighted",
            CompressorSetup {
                detector: Detector::KWeighted { window_ms: 10.0 },
                ..CompressorSetup::default()
            },
            0.0,
        ),
    ] {
        let params = CompressorParams { feedback_percent, ..params };
        add(name, Box::new(Compressor::new(setup, params, stream).unwrap()));
    }
    let params =
        GateParams { threshold_dbfs: 6.0, ratio: 2.0, range_db: 60.0, ..GateParams::default() };
    add("gate", Box::new(Gate::new(GateSetup::default(), params, stream).unwrap()));
    let band = MultibandBand { threshold_dbfs: -40.0, ratio: 4.0, ..MultibandBand::default() };
    for feedback_percent in [0.0, 100.0] {
        let params =
            MultibandParams { bands: [band; 6], feedback_percent, ..MultibandParams::default() };
        let setup = MultibandSetup::default();
        add("multiband", Box::new(Multiband::new(setup, params, stream).unwrap()));
    }
    let params = DeEsserParams { threshold_db: -30.0, ..DeEsserParams::default() };
    for mode in [DeEsserMode::Split, DeEsserMode::Bell] {
        let setup = DeEsserSetup { mode, ..DeEsserSetup::default() };
        add("de-esser", Box::new(DeEsser::new(setup, params, stream).unwrap()));
    }
    let band = DynamicEqBand { threshold_dbfs: -40.0, ..DynamicEqBand::default() };
    for shape in [MovingShape::Bell, MovingShape::LowShelf, MovingShape::HighShelf] {
        let mut setup = DynamicEqSetup::default();
        setup.band[0].shape = shape;
        let params = DynamicEqParams::new(&[band]);
        add("dynamic EQ", Box::new(DynamicEq::new(setup, params, stream).unwrap()));
    }
    let params = TransientShaperParams {
        attack_percent: 80.0,
        sustain_percent: -50.0,
        ..TransientShaperParams::default()
    };
    let setup = TransientShaperSetup::default();
    add("transient shaper", Box::new(TransientShaper::new(setup, params, stream).unwrap()));
    for mode in [LimiterMode::TruePeak, LimiterMode::SamplePeak] {
        for release in [LimiterRelease::Fixed, LimiterRelease::TwoStage] {
            let setup = LimiterSetup { mode, release, ..LimiterSetup::default() };
            let params = LimiterParams { ceiling_dbtp: -12.0, ..LimiterParams::default() };
            add("limiter", Box::new(Limiter::new(setup, params, stream).unwrap()));
        }
    }
    let mut params =
        MultibandLimiterParams { ceiling_dbtp: -12.0, ..MultibandLimiterParams::default() };
    params.bands.iter_mut().for_each(|band| band.ceiling_dbtp = -18.0);
    let mut setup = MultibandLimiterSetup::default();
    // Bands x channels are at most 64.
    setup.crossover.bands = 3;
    add("multiband limiter", Box::new(MultibandLimiter::new(setup, params, stream).unwrap()));
    let params = SuppressorParams { threshold_db: 20.0, ..SuppressorParams::default() };
    let setup = SuppressorSetup { learning_s: 0.2 };
    add("suppressor", Box::new(Suppressor::new(setup, params, stream).unwrap()));
    let setup = LevellerSetup { lookahead_ms: 300.0, min_phrase_ms: 50.0 };
    let params = LevellerParams { up_db_per_s: 60.0, down_db_per_s: 60.0, ..Default::default() };
    add("leveller", Box::new(Leveller::new(setup, params, stream).unwrap()));

    let setup = PlosiveTamerSetup::default();
    let unit = PlosiveTamer::new(setup, PlosiveTamerParams::default(), stream).unwrap();
    all.push(("plosive tamer", Box::new(unit), Feed::Puffs));
    let setup = DuckerSetup { lookahead_ms: 250.0, ..DuckerSetup::default() };
    let unit = Ducker::new(setup, DuckerParams::default(), stream).unwrap();
    all.push(("ducker", Box::new(unit), Feed::Keyed));
    let setup = BandDuckerSetup { lookahead_ms: 250.0, ..BandDuckerSetup::default() };
    let unit = MaskingDucker::new(setup, MaskingDuckerParams::default(), stream).unwrap();
    all.push(("masking ducker", Box::new(unit), Feed::Keyed));
    let setup = BandDuckerSetup { key_offset_db: -30.0, ..setup };
    let unit = LowMidCut::new(setup, LowMidCutParams::default(), stream).unwrap();
    all.push(("low-mid cut", Box::new(unit), Feed::Keyed));
    all
}

/// The place of a main channel: 0 to 22 dB below the first, no two alike.
fn place(channel: usize) -> f64 {
    db_to_gain(-2.0 * ((channel * 5) % 12) as f64)
}

/// Gains that do the same to channels of another level: f64 samples, so nothing but the f32 of a gain,
/// which is the same for all, and what a filter rounds.
#[test]
fn a_full_link_keeps_every_image() {
    for layout in [Layout::STEREO, Layout::SURROUND_7_1_4] {
        let stream = Stream::new(RATE_HZ, layout).unwrap();
        let frames = 72_000;
        // Loud and soft in turns of 0.1 s, so that every gain moves.
        let mut source = noise::<f64>(1, frames, 0.9, 5).remove(0);
        for (n, x) in source.iter_mut().enumerate() {
            *x *= if n / 4800 % 3 == 2 { 0.05 } else { 1.0 };
        }
        // A voice with pauses.
        let mut key = noise::<f64>(1, frames, 0.2, 6).remove(0);
        for (n, x) in key.iter_mut().enumerate() {
            *x *= if n / 2400 % 4 == 3 { 0.01 } else { 1.0 };
        }
        // 60 ms of 40 Hz five times a second.
        let mut puffs = sine::<f64>(40.0, RATE_HZ, frames, 0.4);
        for (n, x) in puffs.iter_mut().enumerate() {
            *x *= if n % 9600 < 2880 { 1.0 } else { 0.0 };
        }
        let lfe = noise::<f64>(1, frames, 0.9, 7).remove(0);
        let mains: Vec<usize> = layout
            .speakers()
            .iter()
            .enumerate()
            .filter_map(|(channel, speaker)| (!speaker.lfe).then_some(channel))
            .collect();
        for (name, mut unit, feed) in at_work(stream) {
            let source = if feed == Feed::Puffs { &puffs } else { &source };
            let mut audio: Vec<Vec<f64>> = (0..layout.channel_count())
                .map(|channel| match mains.contains(&channel) {
                    true => source.iter().map(|x| x * place(channel)).collect(),
                    false if feed == Feed::Puffs => vec![0.0; frames],
                    false => lfe.clone(),
                })
                .collect();
            let plain = audio[0].clone();
            let block = BlockMut::new(&mut audio).unwrap();
            let io = if feed == Feed::Keyed {
                Io::with_key(block, Block::mono(&key))
            } else {
                Io::new(block)
            };
            unit.process(io).unwrap();
            let latency = unit.latency_frames();
            let moved = audio[0][latency..].iter().zip(&plain).filter(|(a, b)| a != b).count();
            let most = unit.reduction_stats().map(|stats| stats.max_db);
            assert!(moved > 12_000 && most.is_some_and(|db| db > 1.0), "{name} does nothing");
            let mut worst = 0.0_f64;
            for &channel in &mains[1..] {
                let pairs = audio[0].iter().zip(&audio[channel]);
                for (first, other) in pairs.filter(|(first, _)| first.abs() > 1e-4) {
                    let apart = gain_to_db(other.abs())
                        - gain_to_db(first.abs())
                        - gain_to_db(place(channel));
                    worst = worst.max(apart.abs());
                }
            }
            println!("{layout} {name}: {worst:.2e} dB");
            assert!(worst < IMAGE_DB, "{layout} {name}: {worst}");
        }
    }
}
