//! Specs, measurements and verdicts, as a quality-control engineer would try them.

mod fold_downs;
mod properties;
mod reports;
mod specs;
mod verdicts;

use mixcore::Layout;
use mixcore::delivery::{
    Finding, Header, History, Measurement, Of, PhraseReading, Quantity, Reading, Report, Role,
};
use mixcore::loudness::Detector;

pub const RATE_HZ: f64 = 48_000.0;

/// A stereo programme of that many seconds that reads I and true peak.
pub fn programme(seconds: u32, integrated_lufs: f64, true_peak_dbtp: f64) -> Measurement {
    let frames = u64::from(seconds) * 48_000;
    let header = Header::new("programme", Layout::STEREO, RATE_HZ, frames).unwrap();
    let mut measurement = Measurement::new(header.with_bit_depth(24));
    set(&mut measurement, Quantity::IntegratedLufs, integrated_lufs);
    set(&mut measurement, Quantity::TruePeakDbtp, true_peak_dbtp);
    measurement
}

pub fn set(measurement: &mut Measurement, quantity: Quantity, value: f64) {
    measurement.set(&Of::Programme, quantity, Reading::Value(value)).unwrap();
}

/// The demo's dialogue over music (seconds, LU), as in its `truth.json`.
pub const LINES: [(f64, f64, f64); 5] = [
    (0.6, 7.7, 5.95),
    (8.35, 11.34, -1.0),
    (12.0, 17.3, 6.0),
    (17.96, 23.99, 0.0),
    (24.65, 27.94, 1.0),
];

/// A measurement with everything in it: phrases, stems, fold-downs, history, hostile names.
pub fn rich(over_music: &[(f64, f64, f64)], mono_loss_lu: f64) -> Measurement {
    let header = Header::new("The <edit> & \"its\" 'mix'", Layout::STEREO, RATE_HZ, 1_344_000)
        .unwrap()
        .with_bit_depth(24)
        .with_true_peak_method("8x, 32 taps")
        .with_dialogue_detector(Detector::new("stem activity"));
    let mut measurement = Measurement::new(header);
    set(&mut measurement, Quantity::IntegratedLufs, -23.0);
    set(&mut measurement, Quantity::DialogueLufs, -24.2);
    measurement
        .set_at(&Of::Programme, Quantity::TruePeakDbtp, Reading::Value(0.4), 960_500)
        .unwrap();
    let ambience = Of::Stem(Role::Amb);
    measurement.set(&ambience, Quantity::MonoLossLu, Reading::Value(mono_loss_lu)).unwrap();
    for &(start_s, end_s, over) in over_music {
        let (start, end) = ((start_s * RATE_HZ) as u64, (end_s * RATE_HZ) as u64);
        let dialogue = Reading::Value(-24.0);
        let music = Reading::Value(-24.0 - over);
        measurement.push_phrase(PhraseReading::new(start, end, dialogue, music).unwrap());
    }
    measurement.push_fold_down("mono", "(L+R)/2 on both loudspeakers <u>").unwrap();
    let mono = Of::FoldDown("mono".into());
    measurement.set(&mono, Quantity::IntegratedLufs, Reading::Value(-24.5)).unwrap();
    measurement.set(&mono, Quantity::TruePeakDbtp, Reading::Value(-2.0)).unwrap();
    let wave = |k: usize| -23.0 + 6.0 * ((k * 37 % 100) as f32 / 100.0 - 0.5);
    let momentary = (0..280).map(|k| if k < 3 { f32::NEG_INFINITY } else { wave(k) }).collect();
    let short_term = (0..280).map(|k| if k < 29 { f32::NAN } else { wave(k / 7) }).collect();
    let peaks = (0..280).map(|k| if (200..204).contains(&k) { 0.4 } else { -6.0 }).collect();
    measurement.set_history(History::new(momentary, short_term, peaks));
    measurement
}

pub fn finding<'a>(report: &'a Report, rule_id: &str) -> &'a Finding {
    report.findings().find(|finding| finding.rule_id == rule_id).unwrap()
}
