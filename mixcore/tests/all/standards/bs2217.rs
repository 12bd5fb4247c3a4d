//! Report ITU-R BS.2217: the compliance material for BS.1770, as far as it can be synthesised.
//!
//! Names and values are those of the Report's table (as transcribed beside the files in nocarryr/lupy,
//! `tests/data/bs2217/meta.csv`; openitu/STL lists the same files). Every one must read within 0.1.
//!
//! Missing, because they are recordings or noises that only the files define, and are not shipped
//! with this crate: `1770-2_Conf_6ch_{VinCntr,VinL+R,VinL-R-C}`, `1770-2_Conf_Stereo_VinL+R` and
//! `1770-2_Conf_Mono_Voice+Music`, each at -23 and -24 LKFS, and
//! `1770Conf-{23,24}LKFS-{8,10,12,24}channel`. `1770-2_Comp_18LKFS_FrequencySweep` is a sweep of
//! constant loudness whose law only the file has: `k_weighting.rs` has one of its kind. Of
//! `SummingTest` it is known that all six channels together read the target; their levels here are
//! ours. Every loudspeaker of the wider layouts is checked as the Report's channel checks do it.

use mixcore::audio::Block;
use mixcore::loudness::{TruePeakMethod, channel_weight};
use mixcore::units::Reading;
use mixcore::{Layout, math};

use super::{RATES_HZ, frames, meter};
use crate::reference::printed::k_gain_db;

/// BS.2217: ±0.1 LKFS for every file.
const TOLERANCE_LU: f64 = 0.1;
/// What these exact tones must hold beyond that: the switching-on of a tone is in the first of 287
/// blocks, at 25 Hz with a part of a period.
const EXACT_LU: f64 = 0.002;
/// The same for tones of 1 to 4 s, where it is in one of 7 to 37 blocks.
const SHORT_LU: f64 = 0.01;

/// Peak level of a tone of `hz` that reads `lufs` in channels whose weights add up to `weight`, dBFS:
/// a sine has half the power of its peak.
fn tone_dbfs(lufs: f64, hz: f64, weight: f64) -> f64 {
    lufs + 0.691 - k_gain_db(hz) + 10.0 * 2_f64.log10() - 10.0 * weight.log10()
}

/// A tone of `hz`, a multiple of 25, that repeats after 40 ms at every rate here.
fn tone(hz: u32, dbfs: f64, count: usize, rate_hz: u32) -> Vec<f32> {
    assert_eq!(hz % 25, 0, "the stretch holds whole periods");
    let gain = math::exp10(dbfs / 20.0);
    let period: Vec<f32> = (0..rate_hz / 25)
        .map(|n| {
            let turns = f64::from(hz) * f64::from(n) / f64::from(rate_hz);
            (gain * math::sin(2.0 * math::PI * turns.fract())) as f32
        })
        .collect();
    period.iter().copied().cycle().take(count).collect()
}

/// Integrated loudness of channels; a channel without a signal is silent.
fn integrated(layout: Layout, rate_hz: u32, channels: &[Option<&[f32]>]) -> Reading {
    let count = channels.iter().flatten().map(|signal| signal.len()).max().unwrap();
    let silence = vec![0.0; count];
    let channels: Vec<&[f32]> =
        channels.iter().map(|signal| signal.unwrap_or(&silence[..])).collect();
    let mut meter = meter(layout, rate_hz, TruePeakMethod::Off);
    meter.push(Block::new(&channels).unwrap()).unwrap();
    meter.measurement().integrated_lufs
}

#[track_caller]
fn reads(reading: Reading, lkfs: f64, tolerance: f64, what: &str) {
    let value = reading.value().unwrap_or(f64::NAN);
    assert!((value - lkfs).abs() <= tolerance, "{what}: {value:.4} for {lkfs}");
}

/// Length, levels and tolerance: the files' own (29 s and one frame, both levels) at 48 kHz, the rate
/// of the files, and in the long run; else 4 s at one level.
fn scale(rate_hz: u32) -> (usize, &'static [f64], f64) {
    const { assert!(EXACT_LU < SHORT_LU && SHORT_LU < TOLERANCE_LU) };
    if rate_hz == 48_000 || std::env::var_os("MIXCORE_LONG").is_some() {
        (frames(29_000, rate_hz) + 1, &[-23.0, -24.0], EXACT_LU)
    } else {
        (frames(4000, rate_hz), &[-23.0], SHORT_LU)
    }
}

#[test]
fn tones_in_two_channels() {
    for rate_hz in RATES_HZ {
        let (count, levels, exact) = scale(rate_hz);
        for hz in [25, 100, 500, 1000, 2000, 10_000] {
            for &lkfs in levels {
                let level = tone_dbfs(lkfs, f64::from(hz), 2.0);
                let signal = tone(hz, level, count, rate_hz);
                let read = integrated(Layout::STEREO, rate_hz, &[Some(&signal), Some(&signal)]);
                let what = format!("1770-2_Comp_{}LKFS_{hz}Hz_2ch at {rate_hz}", -lkfs);
                reads(read, lkfs, exact, &what);
            }
        }
    }
}

#[test]
fn channel_checks_of_five_one_and_its_sum() {
    let layout = Layout::SURROUND_5_1;
    for rate_hz in RATES_HZ {
        let (count, levels, exact) = scale(rate_hz);
        for &lkfs in levels {
            for channel in 0..6 {
                let weight = channel_weight(&layout.speakers()[channel]);
                let level = tone_dbfs(lkfs, 1000.0, if weight > 0.0 { weight } else { 1.0 });
                let signal = tone(1000, level, count, rate_hz);
                let mut channels = [None; 6];
                channels[channel] = Some(&signal[..]);
                let read = integrated(layout, rate_hz, &channels);
                let what = ["Left", "Right", "Centre", "LFE", "Ls", "Rs"][channel];
                let what = format!("1770-2_Comp_{}LKFS_ChannelCheck{what} at {rate_hz}", -lkfs);
                if channel == 3 {
                    // The Report: the lowest value there is, or minus infinity.
                    assert_eq!(read, Reading::BelowGate, "{what}");
                } else {
                    reads(read, lkfs, exact, &what);
                }
            }
            // Five weights: 3 in front and twice 1.41; the LFE plays the same and does not count.
            let level = tone_dbfs(lkfs, 1000.0, 3.0 + 2.0 * 1.41);
            let signal = tone(1000, level, count, rate_hz);
            let read = integrated(layout, rate_hz, &[Some(&signal[..]); 6]);
            reads(read, lkfs, exact, &format!("{}LKFS_SummingTest at {rate_hz}", -lkfs));
        }
    }
}

/// As the Report checks the channels of 5.1: one loudspeaker after the other, alone, then all. The
/// weights are Table 4's by label, written down in `weights.rs`.
#[test]
fn channel_checks_of_every_layout() {
    let rate_hz = 48_000;
    for layout in Layout::all() {
        let weights = super::weights::expected(layout);
        for (channel, &weight) in weights.iter().enumerate() {
            let level = tone_dbfs(-23.0, 1000.0, if weight > 0.0 { weight } else { 1.0 });
            let signal = tone(1000, level, frames(1000, rate_hz), rate_hz);
            let mut channels = vec![None; weights.len()];
            channels[channel] = Some(&signal[..]);
            let read = integrated(layout, rate_hz, &channels);
            let what = format!("{} in {layout}", layout.speakers()[channel].label);
            if weight == 0.0 {
                assert_eq!(read, Reading::BelowGate, "{what}");
            } else {
                reads(read, -23.0, SHORT_LU, &what);
            }
        }
        let level = tone_dbfs(-23.0, 1000.0, weights.iter().sum());
        let signal = tone(1000, level, frames(1000, rate_hz), rate_hz);
        let read = integrated(layout, rate_hz, &vec![Some(&signal[..]); weights.len()]);
        reads(read, -23.0, SHORT_LU, &format!("the sum of {layout}"));
    }
}

/// A stereo tone of 1 kHz by a table of (peak dBFS or one least bit of 16, until s).
fn gate_test(table: &[(Option<f64>, f64)], rate_hz: u32) -> f64 {
    let mut signal: Vec<f32> = Vec::new();
    let until = table.last().unwrap().1;
    let whole = tone(1000, 0.0, (until * f64::from(rate_hz)) as usize, rate_hz);
    for &(dbfs, until_s) in table {
        let gain = dbfs.map_or(1.0 / 32_768.0, |dbfs| math::exp10(dbfs / 20.0)) as f32;
        let end = (until_s * f64::from(rate_hz)).round() as usize;
        signal.extend(whole[signal.len()..end].iter().map(|x| gain * x));
    }
    integrated(Layout::STEREO, rate_hz, &[Some(&signal), Some(&signal)]).value().unwrap()
}

/// The signals as measured on the files, to a tenth of a second; the readings of crate ebur128 on
/// the files are -10.029 and -69.452.
#[test]
fn gate_tests() {
    for rate_hz in RATES_HZ {
        let relative = gate_test(
            &[(None, 0.5), (Some(-19.9), 1.4), (Some(-7.1), 2.7), (Some(-19.9), 3.5), (None, 4.0)],
            rate_hz,
        );
        let burst = Some(-69.48);
        let absolute = gate_test(
            &[
                (None, 0.8),
                (burst, 1.3),
                (None, 1.8),
                (burst, 2.3),
                (None, 2.8),
                (burst, 3.3),
                (None, 4.0),
            ],
            rate_hz,
        );
        println!("gate tests at {rate_hz}: relative {relative:.3}, absolute {absolute:.3}");
        assert!((relative + 10.0).abs() <= TOLERANCE_LU, "RelGateTest: {relative}");
        assert!((absolute + 69.5).abs() <= TOLERANCE_LU, "AbsGateTest: {absolute}");
    }
}
