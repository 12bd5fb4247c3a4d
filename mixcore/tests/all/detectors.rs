//! The detectors of the dynamics, seen through a compressor whose curve shows the level itself.

use mixcore::audio::Block;
use mixcore::dynamics::{
    Compressor, CompressorParams, CompressorSetup, Detector, DynamicEq, DynamicEqBand,
    DynamicEqParams, DynamicEqSetup, LinkGroups,
};
use mixcore::loudness::{Meter, MeterSetup};
use mixcore::units::db_to_gain;
use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream};

use crate::signals::{noise, sine};

const RATE_HZ: f64 = 48_000.0;

fn compressor(
    setup: CompressorSetup,
    params: CompressorParams,
    layout: Layout,
) -> Compressor<'static, f32> {
    Compressor::new(setup, params, Stream::new(RATE_HZ, layout).unwrap()).unwrap()
}

fn run(compressor: &mut Compressor<'_, f32>, audio: &mut [Vec<f32>]) {
    compressor.process(Io::new(BlockMut::new(audio).unwrap())).unwrap();
}

#[test]
fn an_rms_window_is_the_mean_of_its_squares() {
    /// f32 levels.
    const LEVEL_DB: f64 = 1e-4;
    // A hard curve of 100:1 from -100 dBFS on shows the level itself: G = -0.99·(X + 100).
    let params = CompressorParams {
        threshold_dbfs: -100.0,
        ratio: 100.0,
        knee_db: 0.0,
        attack_ms: 0.02,
        release_ms: 1.0,
        ..CompressorParams::default()
    };
    for window_ms in [5.0, 10.0, 73.0] {
        let setup =
            CompressorSetup { detector: Detector::Rms { window_ms }, ..CompressorSetup::default() };
        let mut unit = compressor(setup, params, Layout::MONO);
        let window = (window_ms * 48.0) as usize;
        // Constant to the end of the attack, so that the follower has settled on the last level.
        let mut source = noise::<f32>(1, 20_000, 0.5, 3).remove(0);
        source[12_000..].fill(0.3);
        let mut audio = vec![source.clone()];
        run(&mut unit, &mut audio);
        let sum: f64 = source[20_000 - window..].iter().map(|x| f64::from(*x).powi(2)).sum();
        let expected = 0.99 * (10.0 * (sum / window as f64).log10() + 100.0);
        let got = unit.gain_reduction_db();
        assert!((got - expected).abs() < LEVEL_DB, "{window_ms} ms: {got} {expected}");
        // A window of silence is silence: nothing of the sums is left.
        run(&mut unit, &mut [vec![0.0; window + 48_000]]);
        assert_eq!(unit.gain_reduction_db(), 0.0);
    }
}

/// The window against a literal mean of squares, frame by frame: a follower that is at once there
/// shows it.
#[test]
fn an_rms_window_moves_with_every_frame() {
    const LEVEL_DB: f64 = 2e-3;
    let params = CompressorParams {
        threshold_dbfs: -100.0,
        ratio: 100.0,
        knee_db: 0.0,
        attack_ms: 0.02,
        release_ms: 1.0,
        ..CompressorParams::default()
    };
    let setup = CompressorSetup {
        detector: Detector::Rms { window_ms: 5.0 },
        ..CompressorSetup::default()
    };
    // 8 kHz: an attack of 0.02 ms is 0.16 frames, done to 0.2 %.
    let stream = Stream::new(8000.0, Layout::MONO).unwrap();
    let mut unit = Compressor::<f64>::new(setup, params, stream).unwrap();
    let source: Vec<f64> = (0..3000).map(|n| (f64::from(n) * 1e-3).exp() * 1e-3).collect();
    let mut audio = vec![source.clone()];
    let mut row = vec![0.0_f32; 3000];
    let io = Io::new(BlockMut::new(&mut audio).unwrap());
    unit.process_with_reduction(io, &mut row).unwrap();
    for n in (200..3000).step_by(37) {
        // At 8 kHz the window is at its least: 64 frames.
        let sum: f64 = source[n + 1 - 64..=n].iter().map(|x| x * x).sum();
        let expected = 0.99 * (10.0 * (sum / 64.0).log10() + 100.0);
        assert!((f64::from(row[n]) - expected).abs() < LEVEL_DB, "{n}: {} {expected}", row[n]);
    }
}

#[test]
fn a_k_weighted_level_is_loudness() {
    /// The ripple of a mean square over 400 periods that do not fit by a fraction, and the K-weighting
    /// at 997 Hz (0.691 dB to 1e-3).
    const LOUDNESS_DB: f64 = 0.01;
    let params = CompressorParams {
        threshold_dbfs: -60.0,
        ratio: 2.0,
        knee_db: 0.0,
        ..CompressorParams::default()
    };
    let setup = CompressorSetup {
        detector: Detector::KWeighted { window_ms: 400.0 },
        ..CompressorSetup::default()
    };
    let mut unit = compressor(setup, params, Layout::MONO);
    run(&mut unit, &mut [sine::<f32>(997.0, RATE_HZ, 96_000, db_to_gain(-20.0))]);
    // -23.01 LUFS is 36.99 dB over the threshold; half of it goes.
    assert!((unit.gain_reduction_db() - 0.5 * 36.99).abs() < LOUDNESS_DB);
}

/// The level that a hard curve of 2:1 from -60 on shows, of every channel.
fn heard(unit: &Compressor<'_, f32>, channel: usize) -> f64 {
    2.0 * unit.channel_reduction_db(channel).unwrap() - 60.0
}

fn weighted(layout: Layout, groups: LinkGroups, link_percent: f64) -> Compressor<'static, f32> {
    let params = CompressorParams {
        threshold_dbfs: -60.0,
        ratio: 2.0,
        knee_db: 0.0,
        link_percent,
        ..CompressorParams::default()
    };
    let detector = Detector::KWeighted { window_ms: 400.0 };
    let setup = CompressorSetup { detector, groups, ..CompressorSetup::default() };
    compressor(setup, params, layout)
}

/// BS.1770-5, Annex 1, equation 2: linked channels are as loud as their weighted sum.
#[test]
fn a_k_weighted_group_is_as_loud_as_its_sum() {
    /// As above, and the weight 1.41 in f32.
    const LOUDNESS_DB: f64 = 0.01;
    let layout = Layout::SURROUND_5_1;
    let levels_db = [-20.0, -26.0, -23.0, -10.0, -30.0, -24.0];
    let audio: Vec<Vec<f32>> =
        levels_db.iter().map(|db| sine::<f32>(997.0, RATE_HZ, 96_000, db_to_gain(*db))).collect();
    // The meter's own word for it: the loudness of the same tone without the LFE.
    let mut meter =
        Meter::<f32>::new(MeterSetup::default(), Stream::new(RATE_HZ, layout).unwrap()).unwrap();
    let planes: Vec<&[f32]> = audio.iter().map(Vec::as_slice).collect();
    meter.push(Block::new(&planes).unwrap()).unwrap();
    let expected = meter.measurement().integrated_lufs.value().unwrap();
    let mut unit = weighted(layout, LinkGroups::Mains, 100.0);
    run(&mut unit, &mut audio.clone());
    for channel in [0, 1, 2, 4, 5] {
        let got = heard(&unit, channel);
        assert!((got - expected).abs() < LOUDNESS_DB, "{channel}: {got} {expected}");
    }
    // The LFE, which BS.1770 leaves out, is a group of its own and counts for itself.
    assert!((heard(&unit, 3) - (-13.01)).abs() < LOUDNESS_DB, "{}", heard(&unit, 3));
    // The surrounds alone: their sum, 1.41 times as much each.
    let mut unit = weighted(layout, LinkGroups::Areas, 100.0);
    run(&mut unit, &mut audio.clone());
    let power = |db: f64| 10_f64.powf(db / 10.0);
    let surrounds = 10.0 * (0.5 * 1.41 * (power(-30.0) + power(-24.0))).log10();
    assert!((heard(&unit, 4) - surrounds).abs() < LOUDNESS_DB, "{}", heard(&unit, 4));
    // Unlinked each channel has its own loudness.
    let mut unit = weighted(layout, LinkGroups::Mains, 0.0);
    run(&mut unit, &mut audio.clone());
    let rear = -24.0 + 10.0 * (0.5_f64 * 1.41).log10();
    assert!((heard(&unit, 0) - (-23.01)).abs() < LOUDNESS_DB, "{}", heard(&unit, 0));
    assert!((heard(&unit, 5) - rear).abs() < LOUDNESS_DB, "{}", heard(&unit, 5));
}

/// A key of one channel is heard once, wherever it goes, and has no place.
#[test]
fn a_k_weighted_key_of_one_channel_has_its_own_loudness() {
    const LOUDNESS_DB: f64 = 0.01;
    let key = sine::<f32>(997.0, RATE_HZ, 96_000, db_to_gain(-20.0));
    for link_percent in [100.0, 50.0, 0.0] {
        let mut unit = weighted(Layout::SURROUND_5_1, LinkGroups::Mains, link_percent);
        let mut audio = vec![vec![0.0_f32; 96_000]; 6];
        let io = Io::with_key(BlockMut::new(&mut audio).unwrap(), Block::mono(&key));
        unit.process(io).unwrap();
        for channel in 0..6 {
            let got = heard(&unit, channel);
            assert!((got + 23.01).abs() < LOUDNESS_DB, "{link_percent} {channel}: {got}");
        }
    }
}

/// The same in a band of the dynamic equaliser.
#[test]
fn linked_bands_are_as_loud_as_their_sum() {
    /// The band-pass at its centre, and the ripple of the window.
    const LOUDNESS_DB: f64 = 0.01;
    let band = DynamicEqBand {
        hz: 997.0,
        threshold_dbfs: -40.0,
        ratio: 2.0,
        knee_db: 0.0,
        range_db: -24.0,
        ..DynamicEqBand::default()
    };
    let detector = Detector::KWeighted { window_ms: 400.0 };
    let setup = DynamicEqSetup { detector, ..DynamicEqSetup::default() };
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let mut unit = DynamicEq::<f64>::new(setup, DynamicEqParams::new(&[band]), stream).unwrap();
    let tone = sine::<f64>(997.0, RATE_HZ, 96_000, db_to_gain(-20.0));
    let mut audio = vec![tone.clone(), tone.clone()];
    unit.process(Io::new(BlockMut::new(&mut audio).unwrap())).unwrap();
    // Both together -20 LUFS: 20 dB over the threshold, of which half goes.
    let moved = unit.band_movement_db(0, 1).unwrap();
    assert!((moved + 10.0).abs() < LOUDNESS_DB, "{moved}");
    unit.reset();
    let mut audio = vec![vec![0.0; 96_000]; 2];
    let io = Io::with_key(BlockMut::new(&mut audio).unwrap(), Block::mono(&tone));
    unit.process(io).unwrap();
    let moved = unit.band_movement_db(0, 1).unwrap();
    assert!((moved + 0.5 * 16.99).abs() < LOUDNESS_DB, "{moved}");
}
