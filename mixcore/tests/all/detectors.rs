//! The detectors of the dynamics, seen through a compressor whose curve shows the level itself.

use mixcore::dynamics::{Compressor, CompressorParams, CompressorSetup, Detector};
use mixcore::units::db_to_gain;
use mixcore::{BlockMut, Io, Layout, Process, Stream};

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
        threshold_db: -100.0,
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
        threshold_db: -100.0,
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
        threshold_db: -60.0,
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
