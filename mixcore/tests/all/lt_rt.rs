//! Lt/Rt: levels, polarity, the right angle at every frequency, and what is left in mono.

use mixcore::spatial::{CentreMix, LtRtSetup, SurroundMix};
use mixcore::{Block, BlockMut, Convert, Layout, Processor, Stream, math};

use crate::roster::prelude::lt_rt;
use crate::signals::noise;

const RATE_HZ: f64 = 48_000.0;

fn fold(setup: LtRtSetup, layout: Layout, rate_hz: f64, input: &[Vec<f64>]) -> [Vec<f64>; 2] {
    let mut unit = lt_rt::<f64>(setup, Stream::new(rate_hz, layout).unwrap()).unwrap();
    let latency = unit.latency_frames();
    let mut fed = input.to_vec();
    fed.iter_mut().for_each(|channel| channel.resize(channel.len() + latency, 0.0));
    let mut out = [vec![9.0; fed[0].len()], vec![9.0; fed[0].len()]];
    unit.convert(Block::new(&fed).unwrap(), BlockMut::new(&mut out).unwrap()).unwrap();
    out.map(|channel| channel[latency..].to_vec())
}

/// Cosine and sine parts over whole periods within the middle.
fn phasor(audio: &[f64], hz: f64, rate_hz: f64, skip: usize) -> [f64; 2] {
    let period = rate_hz / hz;
    // The lengths and frequencies here make it a whole number; a quotient may fall short of it.
    let count = ((audio.len() - 2 * skip) as f64 / period + 1e-6).floor() * period;
    let mut parts = [0.0; 2];
    for (n, x) in audio[skip..skip + count.round() as usize].iter().enumerate() {
        let angle = 2.0 * math::PI * hz * (n + skip) as f64 / rate_hz;
        parts[0] += x * math::cos(angle) * 2.0 / count;
        parts[1] += x * math::sin(angle) * 2.0 / count;
    }
    parts
}

/// Where `channel` of 5.1 carries a cosine: [cosine, sine] parts of Lt and Rt.
fn response(channel: usize, hz: f64, rate_hz: f64) -> [[f64; 2]; 2] {
    let frames = rate_hz as usize;
    let mut input = vec![vec![0.0; frames]; 6];
    for (n, x) in input[channel].iter_mut().enumerate() {
        *x = math::cos(2.0 * math::PI * hz * n as f64 / rate_hz);
    }
    let out = fold(LtRtSetup::default(), Layout::SURROUND_5_1, rate_hz, &input);
    // The window of the shift is 46 ms.
    out.map(|audio| phasor(&audio, hz, rate_hz, (0.05 * rate_hz) as usize))
}

#[test]
fn the_surround_is_3_db_down_on_both_sides_at_a_right_angle_and_opposite() {
    /// 2·10^(−60/20): the ripple of the window, dB.
    const RIPPLE_DB: f64 = 0.018;
    /// Sums over 40,000 frames; the angle itself is exact.
    const ANGLE: f64 = 1e-6;
    for rate_hz in [8_000.0, 44_100.0, 48_000.0] {
        for hz in [40.0, 50.0, 100.0, 1_000.0, 0.25 * rate_hz, 0.5 * rate_hz - 50.0] {
            for channel in [4, 5] {
                let [lt, rt] = response(channel, hz, rate_hz);
                // cos(x + 90°) = −sin x: plus in Rt, minus in Lt.
                let level_db = 20.0 * (-rt[1]).log10() + 10.0 * 2_f64.log10();
                assert!(level_db.abs() <= RIPPLE_DB, "{rate_hz} {hz}: {level_db}");
                assert!(rt[0].abs() <= ANGLE && (lt[1] + rt[1]).abs() <= ANGLE, "{rt:?} {lt:?}");
            }
        }
    }
}

#[test]
fn the_front_passes_as_it_is() {
    let front = noise::<f64>(3, 4_000, 0.5, 3);
    let mut input = vec![vec![0.0; 4_000]; 6];
    input[..3].clone_from_slice(&front);
    let [lt, rt] = fold(LtRtSetup::default(), Layout::SURROUND_5_1, RATE_HZ, &input);
    let half = 0.5_f64.sqrt();
    for (n, (lt, rt)) in lt.iter().zip(&rt).enumerate() {
        assert_eq!(*lt, front[0][n] + half * front[2][n]);
        assert_eq!(*rt, front[1][n] + half * front[2][n]);
    }
}

#[test]
fn mono_loses_the_surround_and_the_lfe_is_left_out() {
    let mut input = vec![vec![0.0; 4_000]; 6];
    let noise = noise::<f64>(3, 4_000, 0.5, 4);
    input[3..].clone_from_slice(&noise);
    let [lt, rt] = fold(LtRtSetup::default(), Layout::SURROUND_5_1, RATE_HZ, &input);
    assert!(lt.iter().zip(&rt).all(|(lt, rt)| lt + rt == 0.0));
    assert!(rt.iter().any(|x| x.abs() > 0.1));
    input[4].fill(0.0);
    input[5].fill(0.0);
    let [lt, _] = fold(LtRtSetup::default(), Layout::SURROUND_5_1, RATE_HZ, &input);
    assert!(lt.iter().all(|&x| x == 0.0));
}

#[test]
fn a_pan_from_front_to_back_never_cancels() {
    // Front left and surround left with the same sine: lengths add at a right angle.
    for share in [0.1_f64, 0.5, 0.8] {
        let frames = 48_000;
        let sine: Vec<f64> =
            (0..frames).map(|n| math::sin(2.0 * math::PI * 500.0 * n as f64 / RATE_HZ)).collect();
        let mut input = vec![vec![0.0; frames]; 6];
        input[0].clone_from(&sine);
        input[4] = sine.iter().map(|x| x * share).collect();
        let [lt, _] = fold(LtRtSetup::default(), Layout::SURROUND_5_1, RATE_HZ, &input);
        let [c, s] = phasor(&lt, 500.0, RATE_HZ, 2_400);
        let expected = (1.0 + 0.5 * share * share).sqrt();
        // The ripple of the window, 0.2 %.
        assert!((c.hypot(s) / expected - 1.0).abs() <= 0.002, "{share}");
    }
}

#[test]
fn levels_are_those_of_the_setup_and_larger_layouts_go_through_five_one() {
    let setup = LtRtSetup { centre: CentreMix::Zero, surround: SurroundMix::Off };
    let audio = noise::<f64>(8, 500, 0.2, 6);
    let [lt, rt] = fold(setup, Layout::SURROUND_7_1, RATE_HZ, &audio);
    let half = 0.5_f64.sqrt();
    for (n, (lt, rt)) in lt.iter().zip(&rt).enumerate() {
        // The sides of 7.1 share their power between front and surround.
        let expected = audio[0][n] + audio[2][n] + half * audio[4][n];
        assert!((lt - expected).abs() <= 1e-15);
        let expected = audio[1][n] + audio[2][n] + half * audio[5][n];
        assert!((rt - expected).abs() <= 1e-15);
    }
    let stereo = noise::<f64>(2, 500, 0.2, 7);
    let [lt, rt] = fold(LtRtSetup::default(), Layout::STEREO, RATE_HZ, &stereo);
    assert!(lt == stereo[0] && rt == stereo[1]);
}

#[test]
fn the_bound_holds_for_the_worst_signal() {
    let stream = Stream::new(RATE_HZ, Layout::SURROUND_5_1).unwrap();
    let mut unit = lt_rt::<f64>(LtRtSetup::default(), stream).unwrap();
    let (latency, frames) = (unit.latency_frames(), 3 * unit.latency_frames());
    // The signs of Rt's impulse response, turned round.
    let [_, response] =
        fold(LtRtSetup::default(), Layout::SURROUND_5_1, RATE_HZ, &impulse_at(latency, frames));
    let mut input = vec![vec![0.0; frames]; 6];
    for (n, h) in response.iter().enumerate().take(2 * latency + 1) {
        let sign = if *h < 0.0 { -1.0 } else { 1.0 };
        input[4][2 * latency - n] = sign;
        input[5][2 * latency - n] = sign;
    }
    input[1].fill(1.0);
    input[2].fill(1.0);
    let mut out = [vec![0.0; frames], vec![0.0; frames]];
    unit.convert(Block::new(&input).unwrap(), BlockMut::new(&mut out).unwrap()).unwrap();
    let peak = out[1].iter().fold(0.0_f64, |peak, x| peak.max(x.abs()));
    let bound = unit.peak_bound_db();
    assert!((20.0 * peak.log10() - bound).abs() <= 1e-9, "{peak} {bound}");
}

/// An impulse in Ls so late that the shift's first tap falls on frame 0 after the latency is off.
fn impulse_at(latency: usize, frames: usize) -> Vec<Vec<f64>> {
    let mut input = vec![vec![0.0; frames]; 6];
    input[4][latency] = 1.0;
    input
}
