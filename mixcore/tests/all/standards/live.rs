//! The cases of EBU Tech 3341 and 3342 through the live meter, at every bin width.
//!
//! The exact meter is checked by the letter beside this file; here the live one is held to the same
//! values, and to the exact one's bits where it promises them.

use mixcore::audio::Block;
use mixcore::loudness::Meter;
use mixcore::units::Reading;
use mixcore::{Layout, Stream};

use super::{Tone, tone};
use crate::live::{WIDTHS, agrees, exact, live};

/// Tech 3341, Table 1: ±0.1 LU.
const LOUDNESS_TOLERANCE_LU: f64 = 0.1;
/// Tech 3342, Table 1: ±1 LU.
const RANGE_TOLERANCE_LU: f64 = 1.0;

/// Sub-blocks of equal and of unequal length; the exact meter's tests have more rates.
const RATES_HZ: [u32; 2] = [44_100, 48_000];

/// What a signal must read.
#[derive(Clone, Copy)]
enum Reads {
    Integrated(f64),
    MomentaryMax(f64),
    ShortTermMax(f64),
    Range(f64),
}

#[track_caller]
fn check(layout: Layout, channels: &[&[f32]], rate_hz: u32, expected: &[Reads]) {
    let stream = Stream::new(f64::from(rate_hz), layout).unwrap();
    let block = Block::new(channels).unwrap();
    let mut meter: Meter<'static, f32> = exact(stream);
    meter.push(block).unwrap();
    for bins in WIDTHS {
        let mut live = live::<f32>(bins, stream);
        live.push(block).unwrap();
        agrees(&live, &meter);
        let readings = live.measurement();
        for &reads in expected {
            let (reading, value, tolerance): (Reading, f64, f64) = match reads {
                Reads::Integrated(x) => (readings.integrated_lufs, x, LOUDNESS_TOLERANCE_LU),
                Reads::MomentaryMax(x) => (readings.momentary_max_lufs, x, LOUDNESS_TOLERANCE_LU),
                Reads::ShortTermMax(x) => (readings.short_term_max_lufs, x, LOUDNESS_TOLERANCE_LU),
                Reads::Range(x) => (readings.loudness_range_lu, x, RANGE_TOLERANCE_LU),
            };
            let error = reading.value().unwrap_or(f64::NAN) - value;
            assert!(error.abs() <= tolerance, "{reading} for {value} at {rate_hz} Hz, {bins:?}");
        }
    }
}

#[track_caller]
fn stereo(signal: &[f32], rate_hz: u32, expected: &[Reads]) {
    check(Layout::STEREO, &[signal, signal], rate_hz, expected);
}

#[test]
fn tech_3341_cases_1_to_6() {
    let cases: [(&[(f64, u32)], f64); 5] = [
        (&[(-23.0, 20_000)], -23.0),
        (&[(-33.0, 20_000)], -33.0),
        (&[(-36.0, 10_000), (-23.0, 60_000), (-36.0, 10_000)], -23.0),
        (
            &[(-72.0, 10_000), (-36.0, 10_000), (-23.0, 60_000), (-36.0, 10_000), (-72.0, 10_000)],
            -23.0,
        ),
        (&[(-26.0, 20_000), (-20.0, 20_100), (-26.0, 20_000)], -23.0),
    ];
    for rate_hz in RATES_HZ {
        for (table, lufs) in cases {
            stereo(&tone(table, rate_hz), rate_hz, &[Reads::Integrated(lufs)]);
        }
        let at = |level| tone(&[(level, 20_000)], rate_hz);
        let (front, centre, back, lfe) = (at(-28.0), at(-24.0), at(-30.0), at(-10.0));
        let channels = [&front[..], &front, &centre, &lfe, &back, &back];
        check(Layout::SURROUND_5_1, &channels, rate_hz, &[Reads::Integrated(-23.0)]);
    }
}

#[test]
fn tech_3341_cases_9_to_14() {
    for rate_hz in RATES_HZ {
        let case_9 = tone(&[(-20.0, 1340), (-30.0, 1660)].repeat(5), rate_hz);
        stereo(&case_9, rate_hz, &[Reads::ShortTermMax(-23.0)]);
        let case_12 = tone(&[(-20.0, 180), (-30.0, 220)].repeat(25), rate_hz);
        stereo(&case_12, rate_hz, &[Reads::MomentaryMax(-23.0)]);
        let file = |table: &[(Option<f64>, u32)]| Tone::new(1000, rate_hz).render(table, rate_hz);
        for i in (0..20).step_by(3) {
            let level = -38.0 + f64::from(i);
            let case_10 = file(&[(None, i * 150), (Some(-23.0), 3000), (None, 1000)]);
            stereo(&case_10, rate_hz, &[Reads::ShortTermMax(-23.0)]);
            let case_11 = file(&[(None, i * 150), (Some(level), 3000), (None, 3000 - i * 150)]);
            stereo(&case_11, rate_hz, &[Reads::ShortTermMax(level)]);
            let case_13 = file(&[(None, i * 20), (Some(-23.0), 400), (None, 1000)]);
            stereo(&case_13, rate_hz, &[Reads::MomentaryMax(-23.0)]);
            let case_14 = file(&[(None, i * 20), (Some(level), 400), (None, 400 - i * 20)]);
            stereo(&case_14, rate_hz, &[Reads::MomentaryMax(level)]);
        }
    }
}

#[test]
fn tech_3342_cases_1_to_4() {
    let cases: [(&[f64], f64); 4] = [
        (&[-20.0, -30.0], 10.0),
        (&[-20.0, -15.0], 5.0),
        (&[-40.0, -20.0], 20.0),
        (&[-50.0, -35.0, -20.0, -35.0, -50.0], 15.0),
    ];
    for rate_hz in RATES_HZ {
        for (levels, range_lu) in cases {
            let table: Vec<_> = levels.iter().map(|&level| (level, 20_000)).collect();
            stereo(&tone(&table, rate_hz), rate_hz, &[Reads::Range(range_lu)]);
        }
    }
}
