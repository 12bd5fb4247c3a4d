//! Another meter on the same programmes: crate ebur128 0.1.11, a port of libebur128.
//!
//! Where it follows the standards, both must agree to rounding. Where it does not, the difference is
//! known, and a test says how large it is and whose it is:
//!
//! - K-weighting off 48 kHz: the numerator of its high-pass stays 1, -2, 1, so that all loudness is
//!   0.003 LU high at 44.1 kHz, 0.016 low at 88.2, 0.017 at 96 and 0.027 at 192; its bilinear shelf adds
//!   up to 0.006 dB, below 32 kHz far more. Ours keeps the printed response.
//! - Windows are whole multiples of a rounded 100 ms: at 11.025 kHz they are 1103 frames for 1102.5 and
//!   move away from the clock by 0.5 ms every second. Ours keep to the absolute boundary.
//! - Maxima of M and S are the caller's: polled every 100 ms they miss EBU Tech 3341's case 13.
//! - Before 0.4 s and 3 s have passed, M and S are of a window filled up with silence; ours say that
//!   it is too short.
//! - The loudness range hops by 1 s, where Tech 3342 asks for 100 ms: up to several LU.
//! - A block exactly at a threshold passes for I (greater or equal; BS.1770: greater).
//! - True peak: the last frames of a programme are never read between the samples; from 96 kHz it
//!   takes two points a frame, from 192 kHz none.
//! - A map for more than six channels is the caller's: the default leaves channels 7 and up out,
//!   silently.

use ebur128::{Channel, EbuR128, Mode};
use mixcore::audio::Block;
use mixcore::loudness::{
    MOMENTARY_SUB_BLOCKS, Meter, MeterSetup, RangeGrid, SHORT_TERM_SUB_BLOCKS, TruePeakMethod,
    channel_weight,
};
use mixcore::units::{Reading, gain_to_db};
use mixcore::{Layout, Stream, math};

use crate::signals::{Noise, sine};
use crate::standards::{tech3342::PAUSES, tone};

/// Both sum in f64, a few hundred thousand squares in another order; its filter is one section of the
/// fourth order, whose rounding weighs more: 1e-9 relative.
const SAME_LU: f64 = 1e-7;
/// It interpolates in f32: 12 products of at most 1.3 times the peak.
const SAME_PEAK_DB: f64 = 1e-4;

/// The channel of crate ebur128 for a loudspeaker.
fn theirs(label: &str) -> Channel {
    match label {
        "M+000" => Channel::Center,
        "M+030" => Channel::Left,
        "M-030" => Channel::Right,
        "M+110" => Channel::LeftSurround,
        "M-110" => Channel::RightSurround,
        "M+SC" => Channel::MpSC,
        "M-SC" => Channel::MmSC,
        "M+060" => Channel::Mp060,
        "M-060" => Channel::Mm060,
        "M+090" => Channel::Mp090,
        "M-090" => Channel::Mm090,
        "M+135" => Channel::Mp135,
        "M-135" => Channel::Mm135,
        "M+180" => Channel::Mp180,
        "U+000" => Channel::Up000,
        "U+030" => Channel::Up030,
        "U-030" => Channel::Um030,
        "U+045" => Channel::Up045,
        "U-045" => Channel::Um045,
        "U+090" => Channel::Up090,
        "U-090" => Channel::Um090,
        "U+110" => Channel::Up110,
        "U-110" => Channel::Um110,
        "U+135" => Channel::Up135,
        "U-135" => Channel::Um135,
        "U+180" | "UH+180" => Channel::Up180,
        "T+000" => Channel::Tp000,
        "B+000" => Channel::Bp000,
        "B+045" => Channel::Bp045,
        "B-045" => Channel::Bm045,
        "LFE1" | "LFE2" => Channel::Unused,
        label => panic!("{label}"),
    }
}

fn other(layout: Layout, rate_hz: u32) -> EbuR128 {
    let mode = Mode::I | Mode::LRA | Mode::TRUE_PEAK;
    let mut other = EbuR128::new(layout.channel_count() as u32, rate_hz, mode).unwrap();
    let map: Vec<Channel> = layout.speakers().iter().map(|speaker| theirs(speaker.label)).collect();
    other.set_channel_map(&map).unwrap();
    other
}

fn ours(layout: Layout, rate_hz: u32, dual_mono: bool) -> Meter<'static, f32> {
    let true_peak = TruePeakMethod::Sinc49;
    let setup = MeterSetup { true_peak, dual_mono, max_duration_s: 300.0, ..MeterSetup::default() };
    Meter::new(setup, Stream::new(f64::from(rate_hz), layout).unwrap()).unwrap()
}

/// Noise and a tone whose levels jump every 0.25 to 0.5 s over 60 dB, with stretches of silence;
/// another one for each channel.
fn programme(channels: usize, frames: usize, rate_hz: u32, seed: u32) -> Vec<Vec<f32>> {
    (0..channels as u32)
        .map(|channel| {
            let mut noise = Noise::new(seed + 977 * channel);
            let mut signal = Vec::with_capacity(frames);
            while signal.len() < frames {
                let length = rate_hz as usize / 4 + noise.below(rate_hz as usize / 4);
                let level = math::exp10(1.5 * (noise.next_f64() - 1.0));
                let gain = if noise.below(12) == 0 { 0.0 } else { level };
                let step = 0.003 * (2.0 + noise.next_f64());
                for n in 0..length {
                    let tone = math::sin(2.0 * math::PI * (step * n as f64).fract());
                    signal.push((gain * (0.6 * noise.next_f64() + 0.4 * tone)) as f32);
                }
            }
            signal.truncate(frames);
            signal
        })
        .collect()
}

/// Up to so many channels it is asked for S every 10 ms, where it sums up 3 s of every channel anew.
const POLLED_CHANNELS: usize = 6;

/// Both meters on a programme, 10 ms at a time; the largest M and S that the other one shows on the
/// way, dB, and everything it shows every 100 ms as (M, S).
struct Both {
    ours: Meter<'static, f32>,
    other: EbuR128,
    max_momentary: f64,
    max_short_term: f64,
    rows: Vec<(f64, f64)>,
}

fn both(mut ours: Meter<'static, f32>, mut other: EbuR128, audio: &[Vec<f32>]) -> Both {
    let frames = audio[0].len();
    let hop = ours.stream().rate_hz as usize / 100;
    let (mut max_momentary, mut max_short_term) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    let mut rows = Vec::new();
    for (k, at) in (0..frames).step_by(hop).enumerate() {
        let end = (at + hop).min(frames);
        let part: Vec<&[f32]> = audio.iter().map(|channel| &channel[at..end]).collect();
        other.add_frames_planar_f32(&part).unwrap();
        ours.push(Block::new(&part).unwrap()).unwrap();
        // Its windows are whole; ours begin to exist where they are.
        if end == at + hop && k + 1 >= MOMENTARY_SUB_BLOCKS {
            max_momentary = max_momentary.max(other.loudness_momentary().unwrap());
        }
        if end == at + hop && k + 1 >= SHORT_TERM_SUB_BLOCKS && audio.len() <= POLLED_CHANNELS {
            max_short_term = max_short_term.max(other.loudness_shortterm().unwrap());
        }
        if end == at + hop && (k + 1) % 10 == 0 {
            rows.push((other.loudness_momentary().unwrap(), other.loudness_shortterm().unwrap()));
        }
    }
    Both { ours, other, max_momentary, max_short_term, rows }
}

#[track_caller]
fn same(ours: Reading, theirs: f64, tolerance: f64, what: &str) {
    let ours = ours.value().unwrap_or(f64::NEG_INFINITY);
    let equal = ours == theirs || (ours - theirs).abs() < tolerance;
    assert!(equal, "{what}: {ours} and {theirs}");
}

/// At the rate of the printed tables everything agrees that follows the standard, and its 1 s hop
/// reads what we say that such meters read.
fn agree_at_48k(layout: Layout, seconds: f64, seed: u32) {
    let rate_hz = 48_000;
    let frames = (seconds * f64::from(rate_hz)) as usize;
    let audio = programme(layout.channel_count(), frames, rate_hz, seed);
    let Both { ours, mut other, max_momentary, max_short_term, rows } =
        both(ours(layout, rate_hz, false), other(layout, rate_hz), &audio);
    let (readings, blocks) = (ours.measurement(), ours.sub_blocks());
    let what = |quantity: &str| format!("{quantity} of {layout}, seed {seed}");
    same(readings.integrated_lufs, other.loudness_global().unwrap(), SAME_LU, &what("I"));
    same(readings.momentary_max_lufs, max_momentary, SAME_LU, &what("max M"));
    if audio.len() <= POLLED_CHANNELS {
        same(readings.short_term_max_lufs, max_short_term, SAME_LU, &what("max S"));
    }
    for (n, (momentary, short_term)) in rows.into_iter().enumerate() {
        let end = 10 * (n + 1);
        if end >= MOMENTARY_SUB_BLOCKS {
            same(blocks.momentary_lufs(end), momentary, SAME_LU, &what("M"));
        }
        if end >= SHORT_TERM_SUB_BLOCKS {
            same(blocks.short_term_lufs(end), short_term, SAME_LU, &what("S"));
        }
    }
    let second = blocks.loudness_range_on(RangeGrid::Second);
    same(second.range_lu, other.loudness_range().unwrap(), SAME_LU, &what("LRA, 1 s hop"));
    // The tail of its interpolator has to be pushed.
    other.add_frames_planar_f32(&vec![&[0.0; 12][..]; audio.len()]).unwrap();
    for channel in 0..audio.len() {
        let peaks = ours.true_peak().channel_measurement(channel);
        let sample = gain_to_db(other.sample_peak(channel as u32).unwrap());
        same(peaks.sample_peak_dbfs, sample, 1e-12, &what("sample peak"));
        let peak = gain_to_db(other.true_peak(channel as u32).unwrap());
        same(peaks.true_peak_dbtp, peak, SAME_PEAK_DB, &what("true peak"));
    }
}

#[test]
fn both_agree_at_48_khz_in_every_layout() {
    for (n, layout) in Layout::all().enumerate() {
        agree_at_48k(layout, 3.2 + 0.023 * n as f64, 100 + n as u32);
    }
}

#[test]
fn both_agree_on_random_stereo_programmes() {
    let count = if std::env::var_os("MIXCORE_LONG").is_some() { 200 } else { 12 };
    for seed in 0..count {
        agree_at_48k(Layout::STEREO, 3.0 + 0.731 * f64::from(seed % 23), seed);
    }
}

#[test]
fn dual_mono_is_the_same_choice() {
    let audio = programme(1, 48_000 * 5, 48_000, 7);
    let mut other = other(Layout::MONO, 48_000);
    other.set_channel(0, Channel::DualMono).unwrap();
    let Both { ours, other, .. } = both(ours(Layout::MONO, 48_000, true), other, &audio);
    let integrated = ours.measurement().integrated_lufs;
    same(integrated, other.loudness_global().unwrap(), SAME_LU, "dual mono");
}

/// Gain of its high-pass at a rate over that at 48 kHz, dB, which it leaves in.
fn left_in_db(rate_hz: u32) -> f64 {
    let a0 = |rate_hz: f64| {
        let k = (std::f64::consts::PI * 38.135_470_876_024_44 / rate_hz).tan();
        1.0 + k / 0.500_327_037_323_877_3 + k * k
    };
    gain_to_db(a0(f64::from(rate_hz)) / a0(48e3))
}

/// What is left when the gain of the high-pass is made up for: its shelf, by the bilinear transform,
/// departs from the printed one by at most so much at these rates, dB.
const SHELF_DB: f64 = 0.006;

#[test]
fn at_other_rates_it_differs_by_its_filter_alone() {
    for (rate_hz, known_lu) in [
        (44_100, 0.0028),
        (88_200, -0.0157),
        (96_000, -0.0173),
        (176_400, -0.0266),
        (192_000, -0.0271),
    ] {
        // The tone at which the constant of BS.1770 stands.
        let signal: Vec<f32> = sine(997.0, f64::from(rate_hz), rate_hz as usize * 4, 0.1);
        let audio = [signal.clone(), signal];
        let stereo = Layout::STEREO;
        let read = |audio: &[Vec<f32>]| {
            let (mut meter, mut other) = (ours(stereo, rate_hz, false), other(stereo, rate_hz));
            meter.push(Block::new(audio).unwrap()).unwrap();
            other.add_frames_planar_f32(&[&audio[0], &audio[1]]).unwrap();
            (meter.measurement().integrated_lufs.value().unwrap(), other.loudness_global().unwrap())
        };
        let (own, theirs) = read(&audio);
        println!("997 Hz at {rate_hz}: ours {own:.4}, crate ebur128 {theirs:.4}");
        // 0.1 in both channels: -20 + 0.0000; the constant has three decimals.
        assert!((own + 20.0).abs() < 0.000_5, "{rate_hz}: {own}");
        assert!((theirs - own - known_lu).abs() < 0.000_6, "{rate_hz}: {theirs} {own}");
        let programme = programme(2, rate_hz as usize * 4, rate_hz, rate_hz);
        let (own, theirs) = read(&programme);
        let rest = theirs - left_in_db(rate_hz) - own;
        assert!(rest.abs() < SHELF_DB, "{rate_hz}: {rest}");
        // The effect is larger than that, but for the neighbour 44.1 kHz.
        assert!(rate_hz < 48_000 || (theirs - own).abs() > SHELF_DB, "{rate_hz}: {theirs} {own}");
    }
}

/// Reads the loudness range of the pauses that `tech3342.rs` describes.
#[test]
fn its_loudness_range_misses_pauses_and_ours_does_not() {
    let signal = tone(&PAUSES.repeat(9), 48_000);
    let (mut meter, mut other) =
        (ours(Layout::STEREO, 48_000, false), other(Layout::STEREO, 48_000));
    meter.push(Block::stereo(&signal, &signal).unwrap()).unwrap();
    other.add_frames_planar_f32(&[&signal, &signal]).unwrap();
    let own = meter.measurement().loudness_range_lu.value().unwrap();
    let theirs = other.loudness_range().unwrap();
    println!("LRA of pauses: ours {own:.3}, crate ebur128 {theirs:.3}");
    // 14 dB between the two levels; ±1 LU is the tolerance of Tech 3342.
    assert!((own - 14.0).abs() < 0.05 && (theirs - 14.0).abs() > 1.0, "{own} {theirs}");
}

/// Case 13 of EBU Tech 3341: 400 ms of tone after i times 20 ms.
#[test]
fn polled_every_100_ms_it_misses_the_maximum_that_ours_holds() {
    let mut missed = 0;
    for i in 0..20 {
        let frames = |ms: usize| 48 * ms;
        let mut signal = vec![0.0; frames(20 * i)];
        signal.extend(sine::<f32>(1000.0, 48e3, frames(400), math::exp10(-23.0 / 20.0)));
        signal.resize(signal.len() + frames(1000), 0.0);
        let Both { ours, max_momentary, rows, .. } = both(
            ours(Layout::STEREO, 48_000, false),
            other(Layout::STEREO, 48_000),
            &[signal.clone(), signal],
        );
        let readings = ours.measurement();
        same(readings.momentary_max_lufs, max_momentary, SAME_LU, "max M, polled every 10 ms");
        let polled = rows.iter().map(|row| row.0).fold(f64::NEG_INFINITY, f64::max);
        missed += usize::from((polled + 23.0).abs() > 0.1);
        // A programme of 1.4 to 1.8 s has no short-term loudness.
        assert!(matches!(readings.short_term_max_lufs, Reading::TooShort { .. }));
        assert!(rows.iter().all(|row| row.1 < -31.0), "it fills its window up");
    }
    // All but those whose tone begins on its grid: i = 0, 5, 10, 15.
    assert_eq!(missed, 16);
}

#[test]
fn its_true_peak_misses_the_end_and_high_rates() {
    let peaks = |rate_hz: u32, signal: Vec<f32>| {
        let Both { ours, other, .. } =
            both(ours(Layout::MONO, rate_hz, false), other(Layout::MONO, rate_hz), &[signal]);
        let own = ours.measurement().true_peak_dbtp.value().unwrap();
        (own, gain_to_db(other.true_peak(0).unwrap()))
    };
    // Two equal samples at the end: the crest between them is 1.2 times as high, 1.6 dB at least.
    let mut end = vec![0.0; 480];
    end[478..].fill(0.5);
    let (own, theirs) = peaks(48_000, end);
    assert!(own - theirs > 1.6 && (theirs - gain_to_db(0.5)).abs() < 1e-6, "{own} {theirs}");
    // A tone of 0.25 fs between the samples, 3.01 dB above them.
    let tone: Vec<f32> = (0..4800)
        .map(|n| {
            let fade = math::sin(math::PI * f64::from(n) / 4800.0);
            (0.5 * fade * math::sin(math::PI * (0.5 * f64::from(n) + 0.25))) as f32
        })
        .collect();
    for (rate_hz, low_db) in [(48_000, 0.0), (96_000, 0.0), (192_000, 3.01)] {
        let (own, theirs) = peaks(rate_hz, tone.clone());
        println!("0.25 fs at {rate_hz}: ours {own:.3}, crate ebur128 {theirs:.3} dBTP");
        assert!((own - theirs - low_db).abs() < 0.1, "{rate_hz}: {own} {theirs}");
    }
    // A tone of 0.3 fs: two points a frame leave the crest between them.
    let tone: Vec<f32> = (0..4800)
        .map(|n| {
            let fade = math::sin(math::PI * f64::from(n) / 4800.0);
            (0.5 * fade * math::sin(2.0 * math::PI * (0.3 * f64::from(n) + 0.025))) as f32
        })
        .collect();
    let (own, theirs) = peaks(96_000, tone);
    println!("0.3 fs at 96000: ours {own:.3}, crate ebur128 {theirs:.3} dBTP");
    // 20 log10 cos(pi 0.3 / 2) is how far two points a frame can miss it: 1.0 dB.
    assert!(own - theirs > 0.1 && own - theirs < 1.01, "{own} {theirs}");
}

#[test]
fn its_default_map_leaves_the_rears_of_seven_one_out() {
    let layout = Layout::SURROUND_7_1;
    let audio = programme(8, 48_000 * 3, 48_000, 71);
    let plain = EbuR128::new(8, 48_000, Mode::I | Mode::LRA).unwrap();
    let Both { ours: meter, other: unmapped, .. } =
        both(ours(layout, 48_000, false), plain, &audio);
    let own = meter.measurement().integrated_lufs.value().unwrap();
    let theirs = unmapped.loudness_global().unwrap();
    // L, R, C and the sides alone.
    let mut cut = audio;
    cut[6..].iter_mut().for_each(|channel| channel.fill(0.0));
    let Both { ours: meter, .. } = both(ours(layout, 48_000, false), other(layout, 48_000), &cut);
    let cut = meter.measurement().integrated_lufs.value().unwrap();
    assert!((theirs - cut).abs() < SAME_LU && own - theirs > 0.3, "{own} {theirs} {cut}");
    let weights: f64 = layout.speakers().iter().map(channel_weight).sum();
    assert!((weights - 7.82).abs() < 1e-12);
}
