//! Equivalent level, RMS, noise floor, peak to short-term loudness, albums and short clips by the
//! letter, against the meters, on noise of random levels.

use mixcore::audio::{Block, Sample};
use mixcore::loudness::{
    Album, Calibration, LeqMeter, LeqSetup, Meter, MeterSetup, PeakToShortTerm, RmsConvention,
    RmsMeter, Weighting, WeightingFilter,
};
use mixcore::{Layout, Stream, math};

use crate::signals::Noise;

/// f64 on both sides, a few hundred thousand roundings in another order.
const TOLERANCE_DB: f64 = 1e-9;

/// Noise whose level jumps every 0.2 s within 60 dB, rounded to `S`.
fn programme<S: Sample>(channels: usize, frames: usize, rate_hz: f64, seed: u32) -> Vec<Vec<S>> {
    (0..channels)
        .map(|channel| {
            let mut noise = Noise::new(seed + 31 * channel as u32);
            let mut gain = 0.0;
            (0..frames)
                .map(|n| {
                    if n % (0.2 * rate_hz) as usize == 0 {
                        gain = 0.5 * math::exp10(1.5 * (noise.next_f64() - 1.0));
                    }
                    S::from_f64(gain * noise.next_f64())
                })
                .collect()
        })
        .collect()
}

fn close(ours: f64, literal: f64, what: &str) {
    assert!((ours - literal).abs() < TOLERANCE_DB, "{what}: {ours} {literal}");
}

fn mean_square(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64
}

/// The weighting as direct form I with the design's coefficients, section by section over the whole.
fn weigh(weighting: Weighting, rate_hz: f64, x: Vec<f64>) -> Vec<f64> {
    WeightingFilter::design(weighting, rate_hz).unwrap().sections.iter().fold(x, |x, section| {
        let (b, a) = (section.b, section.a);
        let (mut x1, mut x2, mut y1, mut y2) = (0.0, 0.0, 0.0, 0.0);
        x.into_iter()
            .map(|x| {
                let y = b[0] * x + b[1] * x1 + b[2] * x2 - a[0] * y1 - a[1] * y2;
                (x2, x1, y2, y1) = (x1, x, y1, y);
                y
            })
            .collect()
    })
}

fn leq_and_rms<S: Sample>(rate_hz: f64, layout: Layout, seconds: f64, seed: u32) {
    let stream = Stream::new(rate_hz, layout).unwrap();
    let frames = (seconds * rate_hz) as usize;
    let audio = programme::<S>(layout.channel_count(), frames, rate_hz, seed);
    let block = Block::new(&audio).unwrap();
    let exact: Vec<Vec<f64>> =
        audio.iter().map(|c| c.iter().map(|x| x.as_f64()).collect()).collect();
    let calibration = Calibration::cinema(layout).unwrap();
    for weighting in [Weighting::A, Weighting::M, Weighting::Z] {
        let mut meter = LeqMeter::new(LeqSetup { weighting, calibration }, stream).unwrap();
        meter.push(block).unwrap();
        // -20 dBFS as a sine has the mean square 0.005.
        let mut sum = 0.0;
        for (x, level_db) in exact.iter().zip(calibration.levels_db()) {
            let z = mean_square(&weigh(weighting, rate_hz, x.clone()));
            sum += 10_f64.powf(level_db / 10.0) * z / 0.005;
        }
        close(meter.measurement().leq_db.value().unwrap(), 10.0 * sum.log10(), "Leq");
    }
    let mut meter = RmsMeter::new(RmsConvention::Square, stream).unwrap();
    meter.push(block).unwrap();
    let at = |hundredths: usize| (hundredths as f64 * rate_hz / 100.0).round() as usize;
    for (channel, x) in exact.iter().enumerate() {
        let found = meter.channel_measurement(channel);
        close(found.rms_dbfs.value().unwrap(), 10.0 * mean_square(x).log10(), "RMS");
        let mut floor = (f64::INFINITY, 0);
        let mut k = 0;
        while at(k + 50) <= frames {
            let power = mean_square(&x[at(k)..at(k + 50)]);
            if power < floor.0 {
                floor = (power, at(k));
            }
            k += 1;
        }
        close(found.noise_floor_dbfs.value().unwrap(), 10.0 * floor.0.log10(), "floor");
        assert_eq!(found.noise_floor_frame, floor.1 as u64);
        let peak = x.iter().fold(0.0, |peak: f64, x| peak.max(x.abs()));
        close(found.sample_peak_dbfs.value().unwrap(), 20.0 * peak.log10(), "peak");
    }
}

#[test]
fn equivalent_level_and_rms_are_those_of_their_definitions() {
    leq_and_rms::<f32>(48e3, Layout::STEREO, 2.345, 1);
    leq_and_rms::<f64>(44.1e3, Layout::SURROUND_5_1, 1.5, 2);
    leq_and_rms::<f32>(11_025.0, Layout::MONO, 3.3, 3);
    leq_and_rms::<f64>(192e3, Layout::SURROUND_7_1, 0.6, 4);
}

/// Meters 100 ms at a time; the true peaks of the intervals.
fn metered(audio: &[Vec<f64>], rate_hz: f64, layout: Layout) -> (Meter<'static, f64>, Vec<f64>) {
    let setup = MeterSetup { max_duration_s: 60.0, ..MeterSetup::default() };
    let mut meter = Meter::new(setup, Stream::new(rate_hz, layout).unwrap()).unwrap();
    let block = Block::new(audio).unwrap();
    let mut peaks = Vec::new();
    let hop = (0.1 * rate_hz) as usize;
    for start in (0..block.frames()).step_by(hop) {
        meter.push(block.range(start, start + hop)).unwrap();
        peaks.push(meter.take_interval_peak());
    }
    (meter, peaks)
}

#[test]
fn psr_is_that_of_its_definition() {
    let audio = programme::<f64>(2, 48_000 * 14, 48e3, 7);
    let (meter, peaks) = metered(&audio, 48e3, Layout::STEREO);
    let blocks = meter.sub_blocks();
    let psr = PeakToShortTerm::new(blocks, &peaks).unwrap();
    let mut all = Vec::new();
    for end in 30..=peaks.len() {
        let peak = peaks[end - 30..end].iter().copied().fold(0.0, f64::max);
        let short_term = blocks.short_term_lufs(10 * end).value().unwrap();
        let literal = 20.0 * peak.log10() - short_term;
        close(psr.psr_db(end - 1).value().unwrap(), literal, "PSR");
        all.push((short_term, literal, 4800 * end));
    }
    let power = |lufs: f64| 10_f64.powf(lufs / 10.0);
    all.retain(|window| window.0 >= -70.0);
    let mean = all.iter().map(|window| power(window.0)).sum::<f64>() / all.len() as f64;
    all.retain(|window| window.0 >= 10.0 * mean.log10() - 20.0);
    all.sort_by(|a, b| a.1.total_cmp(&b.1));
    let found = psr.measurement();
    assert_eq!((found.windows, found.min_frame), (all.len(), all[0].2 as u64));
    close(found.min_db.value().unwrap(), all[0].1, "lowest");
    let index = ((all.len() - 1) as f64 * 0.1 + 1.0).round() as usize - 1;
    close(found.low_percentile_db.value().unwrap(), all[index].1, "low percentile");
    let readings = meter.measurement();
    let plr = readings.true_peak_dbtp.value().unwrap() - readings.integrated_lufs.value().unwrap();
    assert_eq!(readings.plr_db().value(), Some(plr));
    let gain = readings.replay_gain();
    assert_eq!(gain.gain_db.value(), Some(-18.0 - readings.integrated_lufs.value().unwrap()));
    close(
        20.0 * gain.peak.value().unwrap().log10(),
        readings.true_peak_dbtp.value().unwrap(),
        "peak",
    );
}

#[test]
fn a_mono_sine_has_a_psr_of_3_db() {
    let tone: Vec<f64> = (0..48_000 * 5)
        .map(|n| 0.1 * math::sin(2.0 * math::PI * 997.0 * n as f64 / 48e3))
        .collect();
    let (meter, peaks) = metered(&[tone], 48e3, Layout::MONO);
    let psr = PeakToShortTerm::new(meter.sub_blocks(), &peaks).unwrap().measurement();
    // The meter's interpolator is right to 0.01 dB at 997 Hz, the constant -0.691 to 0.001.
    assert!((psr.low_percentile_db.value().unwrap() - 3.01).abs() < 0.02, "{psr:?}");
}

#[test]
fn an_album_is_that_of_its_definition() {
    let programmes: Vec<Vec<Vec<f64>>> =
        (0..3).map(|n| programme(2, 48_000 * (2 + n), 48e3, 40 + n as u32)).collect();
    let meters: Vec<_> = programmes.iter().map(|p| metered(p, 48e3, Layout::STEREO).0).collect();
    let blocks: Vec<_> = meters.iter().map(Meter::sub_blocks).collect();
    // Every block of 0.4 s of every programme.
    let mut powers = Vec::new();
    for programme in &blocks {
        for start in (0..).step_by(10).take_while(|start| start + 40 <= programme.len()) {
            powers.push(programme.energies()[start..start + 40].iter().sum::<f64>() / 19_200.0);
        }
    }
    let lufs = |power: f64| -0.691 + 10.0 * power.log10();
    let mean = |powers: &[f64]| powers.iter().sum::<f64>() / powers.len() as f64;
    let all = powers.len();
    powers.retain(|&power| lufs(power) > -70.0);
    let gate = lufs(mean(&powers)) - 10.0;
    powers.retain(|&power| lufs(power) > gate);
    assert!(powers.len() < all, "the gate has something to do");
    let album = Album::new(&blocks);
    close(album.integrated_lufs().value().unwrap(), lufs(mean(&powers)), "album");
    let figures: Vec<f64> = blocks.iter().map(|b| b.integrated_lufs().value().unwrap()).collect();
    close(album.mean_of_loudness_lufs().value().unwrap(), mean(&figures), "mean of figures");
    let weighted: f64 = figures
        .iter()
        .zip([2.0, 3.0, 4.0])
        .map(|(lufs, s)| s * 10_f64.powf((lufs + 0.691) / 10.0))
        .sum();
    close(album.mean_of_powers_lufs().value().unwrap(), lufs(weighted / 9.0), "mean of powers");
    let turned = [blocks[2], blocks[0], blocks[1]];
    close(
        Album::new(&turned).integrated_lufs().value().unwrap(),
        album.integrated_lufs().value().unwrap(),
        "another order",
    );
}

#[test]
fn a_click_of_123_frames_has_all_its_energy() {
    // With 40 ms of silence after it the K-weighting has run out (38 Hz high-pass: 1e-5 of the rest).
    let mut audio = programme::<f64>(1, 123, 48e3, 3);
    audio[0].resize(123 + 4800, 0.0);
    let (meter, _) = metered(&audio, 48e3, Layout::MONO);
    let clip = meter.sub_blocks().short_clip(123).unwrap();
    let energy: f64 = meter.sub_blocks().energies().iter().sum();
    close(clip.ungated_lufs.value().unwrap(), -0.691 + 10.0 * (energy / 123.0).log10(), "ungated");
    close(
        clip.momentary_padded_lufs.value().unwrap(),
        -0.691 + 10.0 * (energy / 19_200.0).log10(),
        "padded",
    );
}
