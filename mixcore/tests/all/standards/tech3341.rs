//! EBU Tech 3341 (2023), Table 1: minimum requirements test signals 1 to 6 and 9 to 23.
//!
//! Cases 7 and 8 are authentic programme material and cannot be synthesised.

use mixcore::audio::Block;
use mixcore::loudness::{SHORT_TERM_SUB_BLOCKS, TruePeakMethod};
use mixcore::units::Reading;
use mixcore::{Layout, math};

use super::{RATES_HZ, Tone, frames, meter, push_all, stereo, tone};

/// Table 1: ±0.1 LU for every loudness.
const LOUDNESS_TOLERANCE_LU: f64 = 0.1;
/// Table 1: +0.2 dB for every true peak.
const PEAK_OVER_DB: f64 = 0.2;
/// Table 1: −0.4 dB for every true peak.
const PEAK_UNDER_DB: f64 = 0.4;

#[track_caller]
fn reads(reading: Reading, expected_lufs: f64, what: &str) {
    let value = reading.value().unwrap_or(f64::NAN);
    assert!((value - expected_lufs).abs() <= LOUDNESS_TOLERANCE_LU, "{what}: {value:.3}");
}

#[test]
fn cases_1_and_2_steady_tones() {
    for rate_hz in RATES_HZ {
        for level in [-23.0, -33.0] {
            let meter = stereo(&tone(&[(level, 20_000)], rate_hz), rate_hz);
            reads(meter.momentary_lufs(), level, "M");
            reads(meter.short_term_lufs(), level, "S");
            reads(meter.measurement().integrated_lufs, level, "I");
        }
    }
}

#[test]
fn cases_3_to_5_gating() {
    let cases: [&[(f64, u32)]; 3] = [
        &[(-36.0, 10_000), (-23.0, 60_000), (-36.0, 10_000)],
        &[(-72.0, 10_000), (-36.0, 10_000), (-23.0, 60_000), (-36.0, 10_000), (-72.0, 10_000)],
        &[(-26.0, 20_000), (-20.0, 20_100), (-26.0, 20_000)],
    ];
    for rate_hz in RATES_HZ {
        for (case, table) in cases.iter().enumerate() {
            let meter = stereo(&tone(table, rate_hz), rate_hz);
            let what = format!("case {} at {rate_hz}", case + 3);
            reads(meter.measurement().integrated_lufs, -23.0, &what);
        }
    }
}

#[test]
fn case_6_five_channels_with_and_without_lfe() {
    for rate_hz in RATES_HZ {
        let at = |level| tone(&[(level, 20_000)], rate_hz);
        // The LFE tone is ours: it must not count.
        let (front, centre, back, lfe) = (at(-28.0), at(-24.0), at(-30.0), at(-10.0));
        for (layout, channels) in [
            (Layout::SURROUND_5_0, vec![&front, &front, &centre, &back, &back]),
            (Layout::SURROUND_5_1, vec![&front, &front, &centre, &lfe, &back, &back]),
        ] {
            let mut meter = meter(layout, rate_hz, TruePeakMethod::Off);
            meter.push(Block::new(&channels).unwrap()).unwrap();
            reads(meter.measurement().integrated_lufs, -23.0, &format!("{layout} at {rate_hz}"));
        }
    }
}

#[test]
fn case_9_short_term_is_constant() {
    for rate_hz in RATES_HZ {
        let meter = stereo(&tone(&[(-20.0, 1340), (-30.0, 1660)].repeat(5), rate_hz), rate_hz);
        let blocks = meter.sub_blocks();
        for end in SHORT_TERM_SUB_BLOCKS..=blocks.len() {
            reads(blocks.short_term_lufs(end), -23.0, "S");
        }
        reads(meter.measurement().short_term_max_lufs, -23.0, "max S");
    }
}

#[test]
fn case_10_short_term_maximum_of_20_files() {
    for rate_hz in RATES_HZ {
        for i in 0..20 {
            let file = [(None, i * 150), (Some(-23.0), 3000), (None, 1000)];
            let meter = stereo(&Tone::new(1000, rate_hz).render(&file, rate_hz), rate_hz);
            let readings = meter.measurement();
            reads(readings.short_term_max_lufs, -23.0, &format!("file {i} at {rate_hz}"));
            // The window that holds the whole tone ends within 10 ms of the tone's end.
            let end = frames(i * 150 + 3000, rate_hz) as f64;
            let distance = (readings.short_term_max_frame as f64 - end).abs();
            assert!(distance <= f64::from(rate_hz) / 100.0, "{distance} frames");
        }
    }
}

#[test]
fn case_11_short_term_maximum_of_20_tones() {
    for rate_hz in RATES_HZ {
        let mut tone = Tone::new(1000, rate_hz);
        let mut meter = meter(Layout::STEREO, rate_hz, TruePeakMethod::Off);
        for i in 0..20 {
            let level = -38.0 + f64::from(i);
            let part = [(None, i * 150), (Some(level), 3000), (None, 3000 - i * 150)];
            push_all(&mut meter, &tone.render(&part, rate_hz));
            reads(meter.measurement().short_term_max_lufs, level, &format!("{i} at {rate_hz}"));
        }
    }
}

#[test]
fn case_12_momentary_is_constant() {
    for rate_hz in RATES_HZ {
        let meter = stereo(&tone(&[(-20.0, 180), (-30.0, 220)].repeat(25), rate_hz), rate_hz);
        let blocks = meter.sub_blocks();
        // Constant after 1 s.
        for end in 100..=blocks.len() {
            reads(blocks.momentary_lufs(end), -23.0, "M");
        }
    }
}

#[test]
fn case_13_momentary_maximum_of_20_files() {
    for rate_hz in RATES_HZ {
        for i in 0..20 {
            let file = [(None, i * 20), (Some(-23.0), 400), (None, 1000)];
            let meter = stereo(&Tone::new(1000, rate_hz).render(&file, rate_hz), rate_hz);
            let reading = meter.measurement().momentary_max_lufs;
            reads(reading, -23.0, &format!("file {i} at {rate_hz}"));
        }
    }
}

#[test]
fn case_14_momentary_maximum_of_20_tones() {
    for rate_hz in RATES_HZ {
        let mut tone = Tone::new(1000, rate_hz);
        let mut meter = meter(Layout::STEREO, rate_hz, TruePeakMethod::Off);
        for i in 0..20 {
            let level = -38.0 + f64::from(i);
            let part = [(None, i * 20), (Some(level), 400), (None, 400 - i * 20)];
            push_all(&mut meter, &tone.render(&part, rate_hz));
            reads(meter.measurement().momentary_max_lufs, level, &format!("{i} at {rate_hz}"));
        }
    }
}

#[track_caller]
fn peaks_at(signal: &[f32], expected_dbtp: f64, what: &str) {
    for rate_hz in RATES_HZ {
        for method in [TruePeakMethod::Annex2, TruePeakMethod::Fine] {
            let mut meter = meter(Layout::MONO, rate_hz, method);
            push_all(&mut meter, signal);
            let peak = meter.measurement().true_peak_dbtp.value().unwrap();
            let error = peak - expected_dbtp;
            assert!(
                (-PEAK_UNDER_DB..=PEAK_OVER_DB).contains(&error),
                "{what}, {method:?} at {rate_hz}: {peak:.3} dBTP"
            );
        }
    }
}

/// A linear fade in and out of the given frames, as the EBU's files have it.
fn faded(signal: impl ExactSizeIterator<Item = f64>, fade: usize) -> Vec<f32> {
    let frames = signal.len();
    signal
        .enumerate()
        .map(|(n, x)| {
            let edge = n.min(frames - 1 - n) as f64 / fade as f64;
            (x * edge.min(1.0)) as f32
        })
        .collect()
}

#[test]
fn cases_15_to_19_tones_between_the_samples() {
    // Case, period in frames, amplitude, phase in degrees, dBTP.
    for (case, period, amplitude, phase_deg, expected_dbtp) in [
        (15, 4.0, 0.50, 0.0, -6.0),
        (16, 4.0, 0.50, 45.0, -6.0),
        (17, 6.0, 0.50, 60.0, -6.0),
        (18, 8.0, 0.50, 67.5, -6.0),
        (19, 4.0, 1.41, 45.0, 3.0),
    ] {
        let turn = 2.0 * math::PI;
        let tone = (0..24_000_u32)
            .map(|n| amplitude * math::sin(turn * (f64::from(n) / period + phase_deg / 360.0)));
        let signal: Vec<f64> = tone.collect();
        peaks_at(&faded(signal.into_iter(), 4800), expected_dbtp, &format!("case {case}"));
    }
}

/// One period of fs/4 at full scale inside fs/6 at half scale, at four times the rate, phase and
/// sign of the slope continuous; t counts from the middle.
fn burst(t: f64) -> f64 {
    let turn = 2.0 * math::PI;
    if t.abs() <= 8.0 {
        -math::sin(turn * t / 16.0)
    } else {
        0.5 * math::sin(turn * (t - 8.0 * t.signum()) / 24.0)
    }
}

/// Half the length of the low-pass, in samples at four times the rate: its transition is then
/// 0.006 fs wide, next to a brick wall.
const LOW_PASS_HALF: i32 = 4000;

/// [`burst`], low-passed at fs/2 and decimated to fs with an offset of `offset` quarter samples.
fn decimated_burst(offset: i32) -> Vec<f64> {
    let kernel: Vec<f64> = (-LOW_PASS_HALF..=LOW_PASS_HALF)
        .map(|k| {
            let k = f64::from(k);
            0.25 * math::sinc(k / 4.0) * math::kaiser(k / f64::from(LOW_PASS_HALF), 9.0)
        })
        .collect();
    (-600..600)
        .map(|n| {
            let centre = 4 * n + offset;
            kernel
                .iter()
                .zip(centre - LOW_PASS_HALF..)
                .map(|(tap, t)| tap * burst(f64::from(t)))
                .sum()
        })
        .collect()
}

#[test]
fn cases_20_to_23_a_burst_at_four_offsets() {
    for offset in 0..4 {
        let signal = decimated_burst(offset);
        peaks_at(&faded(signal.into_iter(), 200), 0.0, &format!("case {}", 20 + offset));
    }
}
