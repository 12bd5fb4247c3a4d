//! BS.1770-5 and EBU Tech 3342 by the letter, against the meter, on random programmes.

use mixcore::audio::{Block, Sample};
use mixcore::filters::Biquad;
use mixcore::loudness::{KWeighting, Meter, MeterSetup};
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
    integrated: Option<f64>,
    momentary_max: f64,
    short_term_max: f64,
    range: f64,
}

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

    let mut blocks = windows(40, 10);
    blocks.retain(|&power| lufs(power) > -70.0);
    let gate = lufs(mean(&blocks)) - 10.0;
    blocks.retain(|&power| lufs(power) > gate);

    let mut range = windows(300, 10);
    range.retain(|&power| lufs(power) >= -70.0);
    let gate = lufs(mean(&range)) - 20.0;
    range.retain(|&power| lufs(power) >= gate);
    range.sort_by(f64::total_cmp);
    let percentile = |p: f64| {
        let n = range.len() as f64;
        lufs(range[((n - 1.0) * p / 100.0 + 1.0).round() as usize - 1])
    };
    Reference {
        integrated: (!blocks.is_empty()).then(|| lufs(mean(&blocks))),
        momentary_max: largest(windows(40, 1)),
        short_term_max: largest(windows(300, 1)),
        range: percentile(95.0) - percentile(10.0),
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
    for (what, ours, reference) in [
        ("I", ours.integrated_lufs, reference.integrated.unwrap()),
        ("max M", ours.momentary_max_lufs, reference.momentary_max),
        ("max S", ours.short_term_max_lufs, reference.short_term_max),
        ("LRA", ours.loudness_range_lu, reference.range),
    ] {
        let error = ours.value().unwrap() - reference;
        assert!(error.abs() < TOLERANCE_LU, "{what} at {rate_hz} Hz, {layout}: {error:e}");
    }
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
