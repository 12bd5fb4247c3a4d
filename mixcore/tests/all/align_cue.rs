//! Alignment on real material: the dialogue of the shipped cue, as two microphones or two suppliers
//! would have it, and its other stems, which have nothing in common with it.

use mixcore::analysis::DelayVerdict;
use mixcore::level::Polarity;

use crate::align::{RATE_HZ, boom_and_lavalier, delay, measure, moved, with_noise, within_ms};
use crate::cue;

fn stem(name: &str, channel: usize) -> Vec<f64> {
    cue::decode(name).remove(channel).iter().map(|&x| f64::from(x)).collect()
}

/// As a file of 16 bits would hold it.
fn words(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| (x * 32_768.0).round() / 32_768.0).collect()
}

#[test]
fn two_suppliers_of_one_dialogue() {
    /// Two roundings to 16 bits under speech at −24 LUFS.
    const WORDS_FRAMES: f64 = 0.01;
    /// Noise at so many dB under both; measured 0.002, 0.005, 0.03 frames, and the double.
    const NOISE_FRAMES: [(f64, f64); 3] = [(20.0, 0.005), (10.0, 0.01), (0.0, 0.06)];
    let dialogue = stem("dx.flac", 0);
    let put = -23_456.78;
    let late = moved(&dialogue, put, 0.0);
    let found = measure(within_ms(2000.0), RATE_HZ, &words(&dialogue), &words(&late));
    assert!((delay(&found) - put).abs() < WORDS_FRAMES, "{found:?}");
    assert_eq!(found.polarity, Polarity::Same);
    assert!(!found.drifts(), "{found:?}");
    for (snr_db, bound) in NOISE_FRAMES {
        let (x, y) = (with_noise(&dialogue, snr_db, 1), with_noise(&late, snr_db, 2));
        let found = measure(within_ms(600.0), RATE_HZ, &x, &y);
        assert!((delay(&found) - put).abs() < bound, "{snr_db}: {found:?}");
    }
}

#[test]
fn boom_and_lavalier_of_one_dialogue() {
    /// The boom's low-pass filter delays by 1.4 frames, the lavalier's bass leads; 4 frames are 83 µs,
    /// 3 cm of air.
    const MICROPHONE_FRAMES: f64 = 4.0;
    let dialogue = stem("dx.flac", 0);
    let put = 215.3;
    let [boom, lavalier] = boom_and_lavalier(&moved(&dialogue, put, 0.0), &dialogue);
    for snr_db in [50.0, 20.0, 10.0, 0.0] {
        let (x, y) = (with_noise(&lavalier, snr_db, 3), with_noise(&boom, snr_db, 4));
        let found = measure(within_ms(50.0), RATE_HZ, &x, &y);
        assert!((delay(&found) - put).abs() < MICROPHONE_FRAMES, "{snr_db}: {found:?}");
        assert_eq!(found.polarity, Polarity::Inverted, "{snr_db}: {found:?}");
        let correction = found.correction().unwrap();
        assert!(correction.delay_reference_frames > 211.0 && correction.delay_other_frames == 0.0);
    }
}

#[test]
fn a_recorder_whose_clock_runs_fast() {
    let dialogue = stem("dx.flac", 0);
    for ppm in [30.0, -100.0] {
        let other = with_noise(&moved(&dialogue, 100.0, ppm), 0.0, 4);
        let found = measure(within_ms(500.0), RATE_HZ, &dialogue, &other);
        let error = (found.drift_ppm.value().unwrap() - ppm).abs();
        assert!(error < 0.2 && error < found.drift_error_ppm.value().unwrap(), "{found:?}");
        assert!(found.drifts());
        let middle = 100.0 + 1e-6 * ppm * found.middle_frame;
        assert!((delay(&found) - middle).abs() < 0.05, "{found:?}");
    }
}

#[test]
fn other_stems_and_other_lines_have_no_delay() {
    let (dialogue, music) = (stem("dx.flac", 0), stem("mx.flac", 0));
    let half = dialogue.len() / 2;
    for (x, y) in [
        (&dialogue[..], &music[..]),
        (&dialogue, &stem("amb.flac", 0)),
        (&music, &stem("fx.flac", 1)),
        (&dialogue[..half], &dialogue[half..]),
    ] {
        let found = measure(within_ms(2000.0), RATE_HZ, x, y);
        assert_eq!(found.verdict, DelayVerdict::Unrelated, "{found:?}");
        assert!(found.significance.value().unwrap() < 7.0, "{found:?}");
    }
}
