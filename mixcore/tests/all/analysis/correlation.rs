//! Phase correlation: by the letter, by hand, and on the shipped ambience.

use mixcore::analysis::{ChannelPair, Correlation, CorrelationSetup, PairReadings, ThirdOctave};
use mixcore::audio::{Block, Sample};
use mixcore::loudness::sub_block_start;
use mixcore::{Error, Layout, Reading, Stream, math};

use super::memory;
use super::third_octave::filtered;
use crate::signals::noise;

/// f64 on both sides; sums of a few hundred thousand products in another order.
const TOLERANCE: f64 = 1e-10;
/// The same behind a filter whose states are another form.
const BAND_TOLERANCE: f64 = 1e-8;

fn meter<S: Sample>(setup: CorrelationSetup, stream: Stream) -> Correlation<'static, S> {
    let need = Correlation::<S>::required_len(&setup, &stream);
    let samples = memory(need.samples, S::from_f64(9.0));
    Correlation::new_in(setup, stream, samples, memory(need.history, 9.0)).unwrap()
}

fn stereo(rate_hz: f64) -> Stream {
    Stream::new(rate_hz, Layout::STEREO).unwrap()
}

fn close(reading: Reading, expected: f64, tolerance: f64) -> bool {
    reading.value().is_some_and(|value| (value - expected).abs() < tolerance)
}

/// r of two stretches, straight from the definition.
fn r(left: &[f64], right: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(left, right) / (dot(left, left) * dot(right, right)).sqrt()
}

/// Two channels whose relation changes.
fn programme(frames: usize) -> [Vec<f64>; 2] {
    let parts = noise::<f64>(3, frames, 0.4, 41);
    let left = |n: usize| parts[0][n] + parts[1][n] * 0.5;
    let right =
        |n: usize| parts[0][n] * math::sin(n as f64 * 7.0 / frames as f64) + parts[2][n] * 0.5;
    [(0..frames).map(left).collect(), (0..frames).map(right).collect()]
}

#[test]
fn every_window_is_the_one_of_the_definition() {
    // Sub-blocks of 80 and 81 frames.
    let rate_hz = 8050.0;
    let audio = programme(26_413);
    for (window_s, window) in [(0.01, 1), (0.05, 5), (0.4, 40), (0.735, 74), (3.0, 300)] {
        let setup = CorrelationSetup { window_s, bands: false, ..Default::default() };
        let mut meter = meter::<f64>(setup, stereo(rate_hz));
        meter.push(Block::new(&audio).unwrap()).unwrap();
        let edge = |k: usize| sub_block_start(k, rate_hz) as usize;
        let windows: Vec<(f64, usize)> = (window..)
            .take_while(|&k| edge(k) <= audio[0].len())
            .map(|k| {
                let range = edge(k - window)..edge(k);
                (r(&audio[0][range.clone()], &audio[1][range]), edge(k))
            })
            .collect();
        let lowest = windows.iter().copied().reduce(|a, b| if b.0 < a.0 { b } else { a }).unwrap();
        let negative = windows.iter().filter(|w| w.0 < 0.0).count();
        let readings = meter.measurement();
        assert!(close(readings.whole.correlation, r(&audio[0], &audio[1]), TOLERANCE));
        assert!(close(readings.window.correlation, windows.last().unwrap().0, TOLERANCE));
        assert!(close(readings.lowest, lowest.0, TOLERANCE), "{window_s} s");
        assert_eq!(readings.lowest_frame, lowest.1 as u64, "{window_s} s");
        let percent = 100.0 * negative as f64 / windows.len() as f64;
        assert!(close(readings.negative_percent, percent, TOLERANCE), "{window_s} s");
        // Otherwise the count would say little.
        assert!(window == 300 || (percent > 5.0 && percent < 95.0), "{percent}");
    }
}

#[test]
fn every_band_is_the_filtered_pair() {
    let rate_hz = 16_000.0;
    let audio = programme(16_000);
    let setup = CorrelationSetup::default();
    let mut meter = meter::<f64>(setup, stereo(rate_hz));
    // A remainder of 77 frames is no whole sub-block: the whole counts it.
    meter.push(Block::new(&audio).unwrap().range(0, 15_917)).unwrap();
    for band in ThirdOctave::at_rate(rate_hz) {
        // Bands of the group up to 630 Hz end below a quarter of the rate.
        let sections = if band.index() < 16 { 3 } else { 4 };
        let [left, right] =
            [0, 1].map(|c: usize| filtered(band, rate_hz, sections, &audio[c][..15_917]));
        let readings = meter.band_measurement(band);
        assert!(close(readings.whole.correlation, r(&left, &right), BAND_TOLERANCE), "{band}");
        let window = 15_840 - 6400..15_840;
        let expected = r(&left[window.clone()], &right[window]);
        assert!(close(readings.window.correlation, expected, BAND_TOLERANCE), "{band}");
    }
    let gone = ThirdOctave::all().last().unwrap();
    assert_eq!(meter.band_measurement(gone).whole.correlation, Reading::NotApplicable);
    let setup = CorrelationSetup { bands: false, ..setup };
    let without = super::correlation::meter::<f64>(setup, stereo(rate_hz));
    let first = ThirdOctave::all().next().unwrap();
    assert_eq!(without.band_measurement(first).lowest, Reading::NotApplicable);
}

fn read(left: &[f64], right: &[f64]) -> PairReadings {
    let mut meter = meter::<f64>(CorrelationSetup::default(), stereo(48_000.0));
    meter.push(Block::stereo(left, right).unwrap()).unwrap();
    meter.measurement().whole
}

#[test]
fn golden_cases_of_fold_downs() {
    // What the fold-down checks rest on: L = R adds up to 3.01 dB, L = −R cancels, unrelated is 0.
    let x = noise::<f64>(2, 48_000, 0.3, 42);
    let turned: Vec<f64> = x[0].iter().map(|x| -x).collect();
    let half: Vec<f64> = x[0].iter().map(|x| 0.5 * x).collect();
    let same = read(&x[0], &x[0]);
    assert_eq!((same.correlation, same.width), (Reading::Value(1.0), Reading::Value(0.0)));
    assert!(close(same.mono_sum_db, 3.010_299_956_639_812, TOLERANCE));
    let opposed = read(&x[0], &turned);
    assert_eq!((opposed.correlation, opposed.width), (Reading::Value(-1.0), Reading::Value(1.0)));
    assert_eq!(opposed.mono_sum_db, Reading::Value(-100.0));
    let unrelated = read(&x[0], &x[1]);
    // Three standard deviations of r over 48,000 independent samples.
    assert!(close(unrelated.correlation, 0.0, 3.0 / 48_000.0_f64.sqrt()));
    assert!(close(unrelated.mono_sum_db, 0.0, 0.06) && close(unrelated.width, 0.5, 0.007));
    let panned = read(&x[0], &half);
    assert!(close(panned.correlation, 1.0, TOLERANCE));
    assert!(close(panned.balance_db, 6.020_599_913_279_624, TOLERANCE));
}

#[test]
fn silence_is_undefined_and_says_why() {
    let x = noise::<f64>(1, 48_000, 0.3, 43).remove(0);
    let silence = vec![0.0; 48_000];
    // −80 dBFS, below the floor of −70.
    let quiet: Vec<f64> = x.iter().map(|x| x * 1e-4 / 0.3 * 3.0_f64.sqrt()).collect();
    for other in [&silence, &quiet] {
        let readings = read(&x, other);
        assert_eq!(readings.correlation, Reading::BelowGate);
        assert_eq!(readings.balance_db, Reading::BelowGate);
        assert!(close(readings.width, 0.5, 1e-3));
    }
    assert_eq!(read(&silence, &silence).width, Reading::BelowGate);

    let mut meter = meter::<f64>(CorrelationSetup::default(), stereo(48_000.0));
    let empty = meter.measurement();
    assert!(matches!(empty.whole.correlation, Reading::TooShort { .. }));
    meter.push(Block::stereo(&x[..9600], &x[..9600]).unwrap()).unwrap();
    let short = meter.measurement();
    assert_eq!(short.whole.correlation, Reading::Value(1.0));
    assert_eq!(short.lowest, Reading::TooShort { have_s: 0.2, need_s: 0.4 });
    assert_eq!(short.window.correlation, Reading::TooShort { have_s: 0.2, need_s: 0.4 });
    meter.reset();
    meter.push(Block::stereo(&silence, &silence).unwrap()).unwrap();
    assert_eq!(meter.measurement().lowest, Reading::BelowGate);
    assert_eq!(meter.measurement().negative_percent, Reading::BelowGate);
}

#[test]
fn a_part_in_anti_phase_is_found_in_its_band_and_time() {
    // One second of 500 Hz in phase, with 4 kHz at −12 dB turned over from 0.4 s to 0.9 s.
    let tone = |hz: f64, n: usize| math::sin(2.0 * math::PI * hz * n as f64 / 48_000.0);
    let side = |sign: f64| -> Vec<f64> {
        (0..48_000)
            .map(|n| {
                let turn = if (19_200..43_200).contains(&n) { sign } else { 1.0 };
                0.4 * tone(500.0, n) + 0.1 * turn * tone(4000.0, n)
            })
            .collect()
    };
    let mut meter = meter::<f64>(CorrelationSetup::default(), stereo(48_000.0));
    meter.push(Block::stereo(&side(1.0), &side(-1.0)).unwrap()).unwrap();
    assert!(meter.measurement().lowest.value().unwrap() > 0.85);
    let band = meter.band_measurement(ThirdOctave::containing(4000.0).unwrap());
    assert!(band.lowest.value().unwrap() < -0.99, "{:?}", band.lowest);
    // The window of 0.4 s that lies within, and the filter's few ms.
    assert!((38_400..=43_680).contains(&band.lowest_frame), "{}", band.lowest_frame);
    assert!(close(band.whole.correlation, 0.0, 0.05), "{:?}", band.whole);
}

#[test]
fn any_pair_of_a_layout() {
    let stream = Stream::new(48_000.0, Layout::SURROUND_5_1).unwrap();
    let mut audio = noise::<f32>(6, 24_000, 0.3, 44);
    audio[5] = audio[4].iter().map(|x| -x).collect();
    let pair = ChannelPair::named(stream.layout, "Ls", "Rs").unwrap();
    let setup = CorrelationSetup { pair: Some(pair), ..Default::default() };
    let (mut rear, mut front) =
        (meter::<f32>(setup, stream), meter::<f32>(Default::default(), stream));
    rear.push(Block::new(&audio).unwrap()).unwrap();
    front.push(Block::new(&audio).unwrap()).unwrap();
    assert_eq!(rear.measurement().whole.correlation, Reading::Value(-1.0));
    assert!(close(front.measurement().whole.correlation, 0.0, 0.02));
    assert!(ChannelPair::named(stream.layout, "Ls", "Rb").is_err());
}

#[test]
fn setups_out_of_range_are_errors() {
    let make = |setup: CorrelationSetup, stream: Stream| {
        Correlation::<f32>::new_in(setup, stream, memory(8000, 0.0), memory(300_000, 0.0))
    };
    let good = CorrelationSetup::default();
    let stream = stereo(48_000.0);
    assert!(make(good, stream).is_ok());
    for (setup, field) in [
        (CorrelationSetup { window_s: 0.0, ..good }, "window_s"),
        (CorrelationSetup { window_s: f64::NAN, ..good }, "window_s"),
        (CorrelationSetup { floor_dbfs: 1.0, ..good }, "floor_dbfs"),
        (
            CorrelationSetup { pair: Some(ChannelPair { first: 0, second: 2 }), ..good },
            "pair second",
        ),
    ] {
        match make(setup, stream) {
            Err(Error::OutOfRange { field: found, .. }) => assert_eq!(found, field),
            other => panic!("{setup:?}: {other:?}"),
        }
    }
    let twice = CorrelationSetup { pair: Some(ChannelPair { first: 1, second: 1 }), ..good };
    assert!(make(twice, stream).is_err());
    assert!(make(good, Stream::new(48_000.0, Layout::MONO).unwrap()).is_err());
    let too_little = Correlation::<f32>::new_in(good, stream, memory(8000, 0.0), memory(99, 0.0));
    assert!(matches!(too_little, Err(Error::Storage { .. })));
    let mut meter = make(good, stream).unwrap();
    assert!(meter.push(Block::mono(&[0.0; 10])).is_err());
    assert_eq!(meter.frames(), 0);
}

/// `truth.json`: the ambience is planted as left = −right (river), with birds on top.
#[cfg(feature = "json")]
#[test]
fn the_ambience_of_the_shipped_cue_cancels_and_the_music_does_not() {
    let stream = stereo(48_000.0);
    let run = |stems: &[Vec<Vec<f32>>]| {
        let frames = stems[0][0].len();
        // Mono stems go to both sides.
        let sum: Vec<Vec<f32>> = (0..2)
            .map(|c| (0..frames).map(|n| stems.iter().map(|s| s[c % s.len()][n]).sum()).collect())
            .collect();
        let mut meter = meter::<f32>(CorrelationSetup::default(), stream);
        meter.push(Block::new(&sum).unwrap()).unwrap();
        meter
    };
    let [ambience, music, dialogue] = ["amb.flac", "mx.flac", "dx.flac"].map(crate::cue::decode);
    let amb = run(std::slice::from_ref(&ambience));
    let readings = amb.measurement();
    assert!(readings.whole.correlation.value().unwrap() < -0.98, "{readings:?}");
    assert!(readings.whole.mono_sum_db.value().unwrap() < -20.0);
    assert_eq!(readings.negative_percent, Reading::Value(100.0));
    // The river; the birds sing at 4 to 6 kHz.
    for hz in [100.0, 250.0, 1000.0, 2500.0] {
        let band = amb.band_measurement(ThirdOctave::containing(hz).unwrap());
        assert!(band.whole.correlation.value().unwrap() < -0.97, "{hz} Hz: {:?}", band.whole);
    }
    let birds = amb.band_measurement(ThirdOctave::containing(4000.0).unwrap()).whole;
    assert!(birds.correlation.value().unwrap() > -0.9);

    let mx = run(std::slice::from_ref(&music)).measurement();
    assert!(mx.whole.correlation.value().unwrap() > 0.2);
    assert!(mx.negative_percent.value().unwrap() < 5.0);

    // In the sum nothing shows over the whole spectrum.
    let all = run(&[ambience, music, dialogue]).measurement();
    assert!(all.whole.correlation.value().unwrap() > 0.3, "{all:?}");
}
