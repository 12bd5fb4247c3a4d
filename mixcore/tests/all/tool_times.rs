//! The times of what works on and around a voice, each to 1 % (issue 6). Those of the compressors, gates,
//! limiters, shapers and of the broadband ducker stand with them and in `dynamics_figures.rs`.

use mixcore::dynamics::{
    BandDuckerSetup, LowMidCut, LowMidCutParams, MaskingDucker, MaskingDuckerParams, NoiseLearning,
    PlosiveTamer, PlosiveTamerParams, PlosiveTamerSetup, Suppressor, SuppressorParams,
    SuppressorSetup,
};
use mixcore::{Block, BlockMut, Io, Layout, Process, Processor, Stream};

use crate::signals::{noise, sine};

const RATE_HZ: f64 = 48_000.0;
/// The bound.
const TIME: f64 = 0.01;

fn mono() -> Stream {
    Stream::new(RATE_HZ, Layout::MONO).unwrap()
}

/// The fastest move over a time, dB/s, of the sign.
fn fastest(row: &[f32], frames: usize, sign: f32) -> f64 {
    let moves = row.iter().zip(&row[frames..]).map(|(a, b)| f64::from(sign * (b - a)));
    moves.fold(0.0_f64, f64::max) * RATE_HZ / frames as f64
}

#[test]
fn a_plosive_tamer_is_released_in_its_time() {
    for release_ms in [30.0, 100.0] {
        let params = PlosiveTamerParams { release_ms, ..PlosiveTamerParams::default() };
        let setup = PlosiveTamerSetup::default();
        let mut unit = PlosiveTamer::<f64>::new(setup, params, mono()).unwrap();
        let mut audio = vec![0.0; 48_000];
        audio[9600..12_000].copy_from_slice(&sine::<f64>(40.0, RATE_HZ, 2400, 0.4));
        let mut row = vec![0.0; audio.len()];
        unit.process_with_reduction(Io::new(BlockMut::mono(&mut audio)), &mut row).unwrap();
        // 60 ms after the puff its power, smoothed by 10 ms, is 26 dB down: it asks for nothing more.
        let from = 12_000 + unit.latency_frames() + 2880;
        let share = f64::from(row[from + (48.0 * release_ms) as usize]) / f64::from(row[from]);
        println!("{release_ms} ms: {:.2} dB, {share:.4} of it", row[from]);
        assert!(row[from] > 1.0, "{}", row[from]);
        // 1 % of the time constant is 1 % of the share that is left after it.
        assert!((share / (-1.0_f64).exp() - 1.0).abs() < TIME, "{release_ms}: {share}");
    }
}

#[test]
fn a_suppressors_level_falls_in_its_time() {
    let params = SuppressorParams {
        threshold_db: 30.0,
        ratio: 2.0,
        range_db: 40.0,
        release_ms: 200.0,
        ..SuppressorParams::default()
    };
    let mut unit = Suppressor::<f64>::new(SuppressorSetup::default(), params, mono()).unwrap();
    unit.set_learning(NoiseLearning::Stretch);
    let mut floor = noise::<f64>(1, 96_000, 1e-4, 3);
    unit.process(Io::new(BlockMut::new(&mut floor).unwrap())).unwrap();
    unit.set_learning(NoiseLearning::Held);
    // 60 dB louder for half a second, then silence: what is left falls alone.
    let mut audio = noise::<f64>(1, 144_000, 0.1, 5);
    audio[0][24_000..].fill(0.0);
    let mut row = vec![0.0; 144_000];
    unit.process_with_reduction(Io::new(BlockMut::new(&mut audio).unwrap()), &mut row).unwrap();
    let tail = &row[24_000..];
    let reaches = |db: f32| tail.iter().position(|x| *x >= db).unwrap() as f64;
    let ms = (reaches(20.0) - reaches(5.0)) / 48.0;
    // A power with the time constant τ falls by 10·log10(e) dB in each; the ratio of 2 takes one for one.
    let expected = 15.0 / (10.0 * std::f64::consts::LOG10_E) * params.release_ms;
    println!("from 5 to 20 dB in {ms:.1} ms, expected {expected:.1}");
    assert!((ms / expected - 1.0).abs() < TIME, "{ms} {expected}");
}

#[test]
fn a_masking_duckers_bands_move_by_their_slews() {
    let frames = 384_000;
    let mut key = noise::<f64>(1, frames, 0.1, 3).remove(0);
    for (n, x) in key.iter_mut().enumerate() {
        *x *= if (96_000..192_000).contains(&n) { 1.0 } else { 0.0 };
    }
    for (attack_db_per_s, release_db_per_s) in [(40.0, 8.0), (15.0, 30.0)] {
        let params = MaskingDuckerParams {
            attack_db_per_s,
            release_db_per_s,
            ..MaskingDuckerParams::default()
        };
        let setup = BandDuckerSetup { lookahead_ms: 1000.0, ..BandDuckerSetup::default() };
        let mut unit = MaskingDucker::<f64>::new(setup, params, mono()).unwrap();
        let mut audio = noise::<f64>(1, frames, 0.15, 4);
        let mut row = vec![0.0_f32; frames];
        let io = Io::with_key(BlockMut::new(&mut audio).unwrap(), Block::mono(&key));
        unit.process_with_reduction(io, &mut row).unwrap();
        let depth = row.iter().fold(0.0_f32, |most, x| most.max(*x));
        assert!(depth > 6.0, "{depth}");
        for (sign, wanted) in [(1.0, attack_db_per_s), (-1.0, release_db_per_s)] {
            let got = fastest(&row, 4800, sign);
            println!("{got:.3} dB/s of {wanted}");
            assert!((got / wanted - 1.0).abs() < TIME, "{got} dB/s of {wanted}");
        }
    }
}

#[test]
fn a_low_mid_cut_moves_by_its_slew() {
    let frames = 240_000;
    let pulses = |level: f64, place: usize| -> Vec<f64> {
        (0..frames).map(|n| if n % 400 == place { level } else { 0.0 }).collect()
    };
    let mut key = pulses(0.03, 200);
    key[..96_000].fill(0.0);
    key[168_000..].fill(0.0);
    for slew_db_per_s in [20.0, 40.0] {
        let params = LowMidCutParams { slew_db_per_s, ..LowMidCutParams::default() };
        let setup = BandDuckerSetup { lookahead_ms: 500.0, ..BandDuckerSetup::default() };
        let mut unit = LowMidCut::<f64>::new(setup, params, mono()).unwrap();
        let mut audio = pulses(1.0, 0);
        let mut row = vec![0.0_f32; frames];
        let io = Io::with_key(BlockMut::mono(&mut audio), Block::mono(&key));
        unit.process_with_reduction(io, &mut row).unwrap();
        let depth = row.iter().fold(0.0_f32, |most, x| most.max(*x));
        assert!(depth > 2.5, "{depth}");
        for sign in [1.0, -1.0] {
            // Over five frames of 10 ms.
            let got = fastest(&row, 2400, sign);
            println!("{got:.3} dB/s of {slew_db_per_s}, {depth:.2} dB");
            assert!((got / slew_db_per_s - 1.0).abs() < TIME, "{got} dB/s of {slew_db_per_s}");
        }
    }
}
