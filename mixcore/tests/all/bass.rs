//! The LFE send and bass management: responses, alignment, and that the monitor's gain stays there.

use mixcore::spatial::{BassManagerParams, BassManagerSetup, LfeSendParams};
use mixcore::{Block, BlockMut, Convert, Layout, Stream, math};

use crate::roster::prelude::{bass_manager, lfe_send};
use crate::signals::noise;

const RATE_HZ: f64 = 48_000.0;

fn run(unit: &mut dyn Convert<f64>, input: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut out = vec![vec![9.0; input[0].len()]; unit.output_channels()];
    unit.convert(Block::new(input).unwrap(), BlockMut::new(&mut out).unwrap()).unwrap();
    out
}

/// Response of an impulse response at `hz`.
fn at(audio: &[f64], hz: f64, rate_hz: f64) -> [f64; 2] {
    audio.iter().enumerate().fold([0.0; 2], |[re, im], (n, x)| {
        let angle = 2.0 * math::PI * hz * n as f64 / rate_hz;
        [re + x * math::cos(angle), im - x * math::sin(angle)]
    })
}

fn db([re, im]: [f64; 2]) -> f64 {
    20.0 * re.hypot(im).log10()
}

fn impulse(channels: usize, channel: usize, frames: usize) -> Vec<Vec<f64>> {
    let mut input = vec![vec![0.0; frames]; channels];
    input[channel][0] = 1.0;
    input
}

fn five_one(rate_hz: f64) -> Stream {
    Stream::new(rate_hz, Layout::SURROUND_5_1).unwrap()
}

#[cfg(feature = "json")]
#[test]
fn both_halves_are_the_golden_linkwitz_rileys() {
    /// SciPy's sections and ours differ by their rounding over w² at 10 Hz (96 kHz: 4e-7), and what
    /// rings on after 4 s is below that.
    const ROUNDING_DB: f64 = 1e-6;
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("data/lr4_crossover.json")).unwrap();
    let list = |row: &serde_json::Value, name: &str| -> Vec<f64> {
        row[name].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    };
    for (corner_hz, rate_hz) in [(80.0, 44_100.0), (80.0, 48_000.0), (120.0, 96_000.0)] {
        let row = &golden[format!("{corner_hz}_{rate_hz}")];
        let params = BassManagerParams { crossing_hz: corner_hz, ..BassManagerParams::default() };
        let stream = five_one(rate_hz);
        let mut manager = bass_manager::<f64>(BassManagerSetup::default(), params, stream).unwrap();
        let out = run(&mut manager, &impulse(6, 0, 30_000));
        let params = LfeSendParams { corner_hz, ..LfeSendParams::default() };
        let mut send = lfe_send(params, stream).unwrap();
        let sent = run(&mut send, &impulse(6, 0, 30_000));
        let values = list(row, "f").into_iter().zip(list(row, "lp_db")).zip(list(row, "hp_db"));
        for ((hz, low_db), high_db) in values {
            // Stop-bands end in the rounding of the sums.
            for (ours, theirs) in [(&out[3], low_db), (&out[0], high_db), (&sent[3], low_db)] {
                let found = db(at(ours, hz, rate_hz));
                let slack = ROUNDING_DB.max(1e-13 * 10_f64.powf(-theirs / 20.0) * 8.7);
                assert!((found - theirs).abs() <= slack, "{hz} Hz: {found} {theirs}");
            }
            assert!((manager.main_response_db(hz) - high_db).abs() <= ROUNDING_DB);
            assert!((manager.subwoofer_response_db(hz) - low_db).abs() <= ROUNDING_DB);
            assert!((send.response_db(hz) - low_db).abs() <= ROUNDING_DB);
        }
    }
}

#[test]
fn a_loudspeaker_and_its_bottom_add_to_one_level_in_phase() {
    /// The golden sums stay within 5e-11 dB; sums of 30,000 roundings.
    const FLAT_DB: f64 = 1e-8;
    let params = BassManagerParams { lfe_gain_db: 0.0, ..BassManagerParams::default() };
    let setup = BassManagerSetup::default().with_full_range(1).unwrap();
    let managed = |channel| {
        let mut unit = bass_manager::<f64>(setup, params, five_one(RATE_HZ)).unwrap();
        run(&mut unit, &impulse(6, channel, 30_000))
    };
    let (small, full, lfe) = (managed(0), managed(1), managed(3));
    for hz in [10.0, 40.0, 80.0, 120.0, 500.0, 5_000.0] {
        let [main, sub] = [at(&small[0], hz, RATE_HZ), at(&small[3], hz, RATE_HZ)];
        let sum = [main[0] + sub[0], main[1] + sub[1]];
        assert!(db(sum).abs() <= FLAT_DB, "{hz}");
        // What is not split has the same phase: the full-range channel and the LFE.
        for other in [at(&full[1], hz, RATE_HZ), at(&lfe[3], hz, RATE_HZ)] {
            assert!((sum[0] - other[0]).hypot(sum[1] - other[1]) <= 1e-9, "{hz}");
        }
    }
    assert!(full[3].iter().all(|&x| x == 0.0), "a full-range channel keeps its bottom");
}

#[test]
fn the_monitor_plays_the_lfe_ten_decibels_louder() {
    let mut unit = bass_manager::<f64>(
        BassManagerSetup::default(),
        BassManagerParams::default(),
        five_one(RATE_HZ),
    )
    .unwrap();
    let out = run(&mut unit, &impulse(6, 3, 30_000));
    for hz in [20.0, 60.0, 200.0] {
        assert!((db(at(&out[3], hz, RATE_HZ)) - 10.0).abs() <= 1e-8);
    }
    assert!((0..6).filter(|c| *c != 3).all(|c| out[c].iter().all(|&x| x == 0.0)));
}

#[test]
fn a_layout_without_an_lfe_gets_one_more_channel() {
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let input = noise::<f64>(2, 500, 0.5, 5);
    let mut send = lfe_send(LfeSendParams::default(), stream).unwrap();
    let out = run(&mut send, &input);
    assert_eq!(out.len(), 3);
    assert_eq!(out[..2], input);
    let mut manager = bass_manager::<f64>(
        BassManagerSetup::default(),
        BassManagerParams { crossing_hz: 120.0, ..BassManagerParams::default() },
        stream,
    )
    .unwrap();
    let managed = run(&mut manager, &input);
    assert_eq!(managed.len(), 3);
    // The same low-pass of the same sum.
    for (a, b) in out[2].iter().zip(&managed[2]) {
        assert!((a - b).abs() <= 1e-14);
    }
}

#[test]
fn two_lfes_share_the_bottom_and_keep_their_own() {
    let stream = Stream::new(RATE_HZ, Layout::SURROUND_22_2).unwrap();
    let mut input = impulse(24, 3, 4_000);
    input[9][10] = 0.5;
    let mut send = lfe_send(LfeSendParams::default(), stream).unwrap();
    assert_eq!(run(&mut send, &input), input, "LFEs are not low-passed, and not sent");
    let mains = impulse(24, 0, 4_000);
    let out = run(&mut lfe_send(LfeSendParams::default(), stream).unwrap(), &mains);
    assert!(out[3] == out[9] && out[3].iter().any(|&x| x != 0.0));
    let mut manager =
        bass_manager::<f64>(BassManagerSetup::default(), BassManagerParams::default(), stream)
            .unwrap();
    let managed = run(&mut manager, &mains);
    assert_eq!(managed[3], managed[9]);
    assert!((db(at(&managed[3], 20.0, RATE_HZ)) + 6.02).abs() < 0.05);
}

#[test]
fn a_send_at_its_floor_is_silence() {
    let params = LfeSendParams { send_db: -144.0, ..LfeSendParams::default() };
    let mut send = lfe_send(params, five_one(RATE_HZ)).unwrap();
    let input = noise::<f64>(6, 700, 0.5, 9);
    assert_eq!(run(&mut send, &input), input);
}

#[test]
fn parameters_out_of_range_change_nothing() {
    let mut send = lfe_send(LfeSendParams::default(), five_one(RATE_HZ)).unwrap();
    for params in [
        LfeSendParams { corner_hz: 300.0, ..LfeSendParams::default() },
        LfeSendParams { send_db: f64::NAN, corner_hz: 80.0 },
    ] {
        assert!(send.set_params(params).is_err());
        assert_eq!(send.params(), LfeSendParams::default());
    }
    assert!(BassManagerSetup::default().with_full_range(24).is_err());
    assert!(!BassManagerSetup::default().is_full_range(99));
}
