//! BS.1770-5 and EBU Tech 3342 by the letter, against the meter, on random programmes.

use mixcore::audio::{Block, Sample};
use mixcore::filters::Biquad;
use mixcore::loudness::{Edition, Gates, KWeighting, Meter, MeterSetup};
use mixcore::{Layout, Stream, math};
use proptest::prelude::*;

use super::printed::K_STAGES_48K;
use crate::signals::Noise;

/// f64 on both sides, a few million roundings in another order: 1e-13 relative, 1e-12 dB; the
/// printed tables against the fitted prototypes add 1e-11 dB.
const TOLERANCE_LU: f64 = 1e-9;

/// BS.1770-5, Annex 1, Tables 1 and 2; other rates by the design function.
fn stages(rate_hz: f64) -> [Biquad; 2] {
    if rate_hz == 48_000.0 {
        K_STAGES_48K
    } else {
        let design = KWeighting::design(rate_hz).unwrap();
        [design.shelf, design.high_pass]
    }
}

/// Direct form I, one sample after the other.
fn filter(stage: &Biquad, input: &[f64]) -> Vec<f64> {
    let (b, a) = (stage.b, stage.a);
    let (mut x1, mut x2, mut y1, mut y2) = (0.0, 0.0, 0.0, 0.0);
    input
        .iter()
        .map(|&x| {
            let y = b[0] * x + b[1] * x1 + b[2] * x2 - a[0] * y1 - a[1] * y2;
            (x2, x1, y2, y1) = (x1, x, y1, y);
            y
        })
        .collect()
}

struct Reference {
    integrated: f64,
    /// With [`OWN_GATES`].
    own_gates: f64,
    ungated: f64,
    momentary_max: f64,
    short_term_max: f64,
    range: Range,
    /// With 1.5 s of silence after the end.
    range_of_file: Range,
}

struct Range {
    low: f64,
    high: f64,
    gate: f64,
    windows: usize,
}

/// A gate within the programme's levels, and one that lets most of the rest pass.
const OWN_GATES: Gates = Gates { absolute_lufs: -45.0, relative_lu: -20.0 };

fn lufs(power: f64) -> f64 {
    -0.691 + 10.0 * power.log10()
}

/// `channels` with their weights G.
fn measure(channels: &[(f64, Vec<f64>)], rate_hz: f64) -> Reference {
    let frames = channels[0].1.len();
    let mut total = vec![0.0];
    let weighted: Vec<Vec<f64>> = channels
        .iter()
        .map(|(_, x)| stages(rate_hz).iter().fold(x.clone(), |x, stage| filter(stage, &x)))
        .collect();
    for n in 0..frames {
        let power: f64 = channels.iter().zip(&weighted).map(|((g, _), y)| g * y[n] * y[n]).sum();
        total.push(total[n] + power);
    }
    // In hundredths of a second: whole numbers, so that ties are rounded as they stand.
    let at = |hundredths: usize| (hundredths as f64 * rate_hz / 100.0).round() as usize;
    let windows = |length: usize, hop: usize| {
        let mut powers = Vec::new();
        let mut from = 0;
        while at(from + length) <= frames {
            let (start, end) = (at(from), at(from + length));
            powers.push((total[end] - total[start]) / (end - start) as f64);
            from += hop;
        }
        powers
    };
    let mean = |powers: &[f64]| powers.iter().sum::<f64>() / powers.len() as f64;
    let largest = |powers: Vec<f64>| lufs(powers.into_iter().fold(0.0, f64::max));

    let gated = |gates: Gates| {
        let mut blocks = windows(40, 10);
        blocks.retain(|&power| lufs(power) > gates.absolute_lufs);
        let gate = lufs(mean(&blocks)) + gates.relative_lu;
        blocks.retain(|&power| lufs(power) > gate);
        lufs(mean(&blocks))
    };
    let range = |mut windows: Vec<f64>| {
        windows.retain(|&power| lufs(power) >= -70.0);
        let gate = (lufs(mean(&windows)) - 20.0).max(-70.0);
        windows.retain(|&power| lufs(power) >= gate);
        windows.sort_by(f64::total_cmp);
        let n = windows.len();
        let percentile =
            |p: f64| lufs(windows[((n as f64 - 1.0) * p / 100.0 + 1.0).round() as usize - 1]);
        Range { low: percentile(10.0), high: percentile(95.0), gate, windows: n }
    };
    // Whole sub-blocks of the programme, and 150 silent ones.
    let whole = (1..).take_while(|&k| at(k) <= frames).last().unwrap_or(0);
    let mut with_tail = Vec::new();
    let mut from = 0;
    while from + 300 <= whole + 150 {
        let (start, end) = (at(from), at((from + 300).min(whole)));
        with_tail.push((total[end] - total[start]) / (at(from + 300) - start) as f64);
        from += 10;
    }
    Reference {
        integrated: gated(Gates::default()),
        own_gates: gated(OWN_GATES),
        ungated: lufs(total[at(whole)] / at(whole) as f64),
        momentary_max: largest(windows(40, 1)),
        short_term_max: largest(windows(300, 1)),
        range: range(windows(300, 10)),
        range_of_file: range(with_tail),
    }
}

/// Noise whose level jumps every 0.3 s within 70 dB, with a DC offset.
fn programme(frames: usize, rate_hz: f64, seed: u32) -> Vec<f64> {
    let mut noise = Noise::new(seed);
    let stretch = (0.3 * rate_hz) as usize;
    let mut gain = 0.0;
    (0..frames)
        .map(|n| {
            if n % stretch == 0 {
                gain = math::exp10((noise.next_f64() - 1.0) * 35.0 / 20.0);
            }
            gain * noise.next_f64() + 0.001
        })
        .collect()
}

fn agree<S: Sample>(rate_hz: f64, layout: Layout, weights: &[f64], seconds: f64, seed: u32) {
    let frames = (seconds * rate_hz) as usize;
    let audio: Vec<Vec<S>> = (0..weights.len() as u32)
        .map(|c| programme(frames, rate_hz, seed + c).into_iter().map(S::from_f64).collect())
        .collect();
    let setup = MeterSetup { max_duration_s: 60.0, ..MeterSetup::default() };
    let mut meter = Meter::new(setup, Stream::new(rate_hz, layout).unwrap()).unwrap();
    let block = Block::new(&audio).unwrap();
    let mut noise = Noise::new(seed);
    let mut at = 0;
    while at < frames {
        let length = noise.below(5000);
        meter.push(block.range(at, at + length)).unwrap();
        at += length;
    }
    let ours = meter.measurement();
    let exact: Vec<(f64, Vec<f64>)> = weights
        .iter()
        .zip(&audio)
        .map(|(&g, x)| (g, x.iter().map(|x| x.as_f64()).collect()))
        .collect();
    let reference = measure(&exact, rate_hz);
    let blocks = meter.sub_blocks();
    let (live, file) = (blocks.loudness_range(), blocks.loudness_range_of_file());
    let by = |edition| blocks.loudness_by(edition);
    for (what, ours, reference) in [
        ("I", ours.integrated_lufs, reference.integrated),
        ("BS.1770-1", by(Edition::One), reference.ungated),
        ("BS.1770-2", by(Edition::Two), reference.integrated),
        ("BS.1770-5", by(Edition::Five), reference.integrated),
        ("I, own gates", blocks.gated_lufs(OWN_GATES).unwrap(), reference.own_gates),
        ("max M", ours.momentary_max_lufs, reference.momentary_max),
        ("max S", ours.short_term_max_lufs, reference.short_term_max),
        ("LRA", ours.loudness_range_lu, reference.range.high - reference.range.low),
        ("LRA low", ours.loudness_range_low_lufs, reference.range.low),
        ("LRA high", ours.loudness_range_high_lufs, reference.range.high),
        ("LRA gate", live.gate_lufs, reference.range.gate),
        ("LRA of a file, low", file.low_lufs, reference.range_of_file.low),
        ("LRA of a file, high", file.high_lufs, reference.range_of_file.high),
        ("LRA of a file, gate", file.gate_lufs, reference.range_of_file.gate),
    ] {
        // No block at all passes: 0/0 by the letter.
        let same = match ours.value() {
            Some(ours) => (ours - reference).abs() < TOLERANCE_LU,
            None => reference.is_nan(),
        };
        assert!(same, "{what} at {rate_hz} Hz, {layout}: {ours} {reference}");
    }
    assert_eq!(live.windows, reference.range.windows);
    assert_eq!(file.windows, reference.range_of_file.windows);
}

#[test]
fn the_meter_agrees_with_bs1770_by_the_letter() {
    let surround = [1.0, 1.0, 1.0, 0.0, 1.41, 1.41];
    agree::<f32>(48_000.0, Layout::STEREO, &[1.0, 1.0], 20.0, 1);
    agree::<f64>(48_000.0, Layout::SURROUND_5_1, &surround, 12.0, 2);
    agree::<f32>(44_100.0, Layout::SURROUND_5_1, &surround, 8.0, 3);
    agree::<f64>(96_000.0, Layout::MONO, &[1.0], 8.0, 4);
    // Sub-blocks of 110 and 111 frames, where windows are right to the nearest frame.
    agree::<f32>(11_025.0, Layout::STEREO, &[1.0, 1.0], 20.0, 5);
    agree::<f64>(8_000.0, Layout::STEREO, &[1.0, 1.0], 20.0, 6);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_programme_agrees_with_bs1770_by_the_letter(
        rate_hz in prop_oneof![
            prop::sample::select(vec![8_000.0, 11_025.0, 12_345.6, 22_050.0, 32_000.0, 44_100.0]),
            8_000.0..20_000.0_f64,
        ],
        (layout, weights) in prop::sample::select(vec![
            (Layout::MONO, vec![1.0]),
            (Layout::STEREO, vec![1.0, 1.0]),
            (Layout::SURROUND_5_1, vec![1.0, 1.0, 1.0, 0.0, 1.41, 1.41]),
        ]),
        seconds in 3.1..6.0_f64,
        wide: bool,
        seed: u32,
    ) {
        let agree = if wide { agree::<f64> } else { agree::<f32> };
        agree(rate_hz, layout, &weights, seconds, seed);
    }
}
