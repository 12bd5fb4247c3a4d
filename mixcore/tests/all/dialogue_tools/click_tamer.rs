//! The click tamer: clicks go, consonants, voices and marks stay.

use mixcore::dynamics::{ClickTamer, ClickTamerParams, ClickTamerSetup};
use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream};
use proptest::prelude::*;

use super::{Voice, frames, hiss, level_db, loudness_lufs, mono, run};

fn tamer() -> ClickTamer<'static, f32> {
    ClickTamer::new(ClickTamerSetup::default(), ClickTamerParams::default(), mono()).unwrap()
}

/// A mouth's click: a burst of 2.5 kHz that dies away within 2 ms.
fn click(level: f32) -> Vec<f32> {
    (0..96)
        .map(|n| {
            let t = n as f32 / 48e3;
            level * (-t / 0.0005).exp() * (2.0 * std::f32::consts::PI * 2500.0 * t).sin()
        })
        .collect()
}

fn add(audio: &mut [f32], at: usize, what: &[f32]) {
    for (x, y) in audio[at..].iter_mut().zip(what) {
        *x += y;
    }
}

#[test]
fn clicks_in_room_tone_go_down_to_it_and_are_listed() {
    /// Above the room tone's level, in the 3 ms around a click.
    const LEFT_DB: f64 = 3.0;
    /// Of a sine of 2.5 kHz that dies away in 0.5 ms 0.7 % of the energy stay below 150 Hz, −21.6 dB, and
    /// the room tone.
    const BELOW_DB: f64 = 20.0;
    let mut audio = hiss(frames(4.0), -60.0, 5);
    let places: Vec<usize> = (0..20).map(|k| 4800 + 9001 * k).collect();
    for (k, at) in places.iter().enumerate() {
        add(&mut audio, *at, &click(0.02 + 0.01 * k as f32));
    }
    let input = audio.clone();
    let mut tamer = tamer();
    run(&mut tamer, &mut audio);
    let latency = tamer.latency_frames();
    let found: Vec<_> = tamer.places().collect();
    assert_eq!(found.len(), places.len(), "{found:?}");
    for (place, at) in found.iter().zip(&places) {
        assert!(place.frame.abs_diff(*at as u64) < 96 && place.frames <= 240, "{at}: {place:?}");
        assert!(place.depth_db > 10.0, "{place:?}");
        let (before, after) = (
            level_db(&input[at - 24..at + 120]),
            level_db(&audio[latency + at - 24..latency + at + 120]),
        );
        assert!(after < (before - BELOW_DB).max(-60.0 + LEFT_DB), "{at}: {before} {after}");
    }
    // Between them nothing is touched.
    for at in &places {
        let range = at + 480..at + 4800;
        assert!(audio[range.start + latency..range.end + latency] == input[range]);
    }
    let report = tamer.report();
    assert_eq!(report.places, 20);
    assert!(report.deepest_db <= 30.0 && report.removed_dbfs > -60.0, "{report:?}");
}

#[test]
fn consonants_and_the_pulses_of_a_voice_pass_bit_for_bit() {
    let mut audio = hiss(frames(3.0), -65.0, 6);
    // A consonant: 25 ms of noise.
    add(&mut audio, frames(0.5), &hiss(frames(0.025), -25.0, 7));
    // A low voice: a pulse that rings at 700 and 2500 Hz every 11 ms, for a second.
    for k in 0..90 {
        let ring: Vec<f32> = (0..1440)
            .map(|n| {
                let t = n as f32 / 48e3;
                let tone =
                    |hz: f32, s: f32| (-t / s).exp() * (2.0 * std::f32::consts::PI * hz * t).sin();
                0.3 * tone(700.0, 0.004) + 0.2 * tone(2500.0, 0.002)
            })
            .collect();
        add(&mut audio, frames(1.0) + 528 * k, &ring);
    }
    let input = audio.clone();
    let mut tamer = tamer();
    run(&mut tamer, &mut audio);
    let latency = tamer.latency_frames();
    let places: Vec<_> = tamer.places().collect();
    assert_eq!(tamer.report().places, 0, "{places:?}");
    assert!(audio[latency..] == input[..input.len() - latency]);
}

#[test]
fn a_mark_in_digital_silence_is_no_fault() {
    let mut audio = vec![0.0; 9600];
    audio[4800] = 0.5;
    let mut tamer = tamer();
    run(&mut tamer, &mut audio);
    assert_eq!(audio[4800 + tamer.latency_frames()], 0.5);
    assert_eq!(tamer.report().places, 0);
}

#[test]
fn each_channel_is_tamed_for_itself() {
    let stream = Stream::new(48e3, Layout::STEREO).unwrap();
    let setup = ClickTamerSetup::default();
    let mut tamer = ClickTamer::new(setup, ClickTamerParams::default(), stream).unwrap();
    let (mut left, mut right) = (hiss(9600, -60.0, 1), hiss(9600, -60.0, 2));
    add(&mut right, 4800, &click(0.2));
    let input = left.clone();
    tamer.process(Io::new(BlockMut::stereo(&mut left, &mut right).unwrap())).unwrap();
    let latency = tamer.latency_frames();
    assert!(left[latency..] == input[..9600 - latency]);
    let found: Vec<_> = tamer.places().collect();
    assert!(found.len() == 1 && found[0].channel == 1, "{found:?}");
}

#[test]
fn real_speech_loses_added_clicks_and_little_else() {
    const VOICE_LU: f64 = 0.05;
    for Voice { name, audio: voice, pauses, .. } in Voice::both() {
        let tone = hiss(voice.len(), -65.0, 9);
        let clean: Vec<f32> = voice.iter().zip(&tone).map(|(v, t)| v + t).collect();
        let mut alone = clean.clone();
        mixcore::stream::render(&mut tamer(), BlockMut::mono(&mut alone)).unwrap();
        let (a, b) = (loudness_lufs(&clean), loudness_lufs(&alone));
        assert!((a - b).abs() < VOICE_LU, "{name}: {a} {b}");
        let changed = clean.iter().zip(&alone).filter(|(x, y)| x != y).count();
        assert!(changed < clean.len() / 100, "{name}: {changed}");
        // In the pauses, where clicks of mouths are heard.
        let mut audio = clean.clone();
        for s in &pauses {
            add(&mut audio, frames(*s), &click(0.1));
        }
        mixcore::stream::render(&mut tamer(), BlockMut::mono(&mut audio)).unwrap();
        for s in &pauses {
            let range = frames(*s) - 24..frames(*s) + 120;
            let with = level_db(&click(0.1)) + 10.0 * (96.0_f64 / 144.0).log10();
            let down = with - level_db(&audio[range]);
            assert!(down > 20.0, "{name} {s}: {down}");
        }
    }
}

#[test]
fn bypass_finds_nothing() {
    let mut tamer = tamer();
    tamer.set_bypass(true);
    let mut audio = hiss(9600, -60.0, 5);
    add(&mut audio, 4800, &click(0.2));
    let input = audio.clone();
    run(&mut tamer, &mut audio);
    let latency = tamer.latency_frames();
    assert!(tamer.bypass() && audio[latency..] == input[..input.len() - latency]);
}

#[test]
fn bad_setups_are_errors() {
    let setups = [(0.4, 700.0), (11.0, 700.0), (4.0, 199.0), (4.0, 2001.0), (f64::NAN, 700.0)];
    for (max_click_ms, corner_hz) in setups {
        let setup = ClickTamerSetup { max_click_ms, corner_hz };
        assert!(ClickTamer::<f32>::new(setup, ClickTamerParams::default(), mono()).is_err());
    }
    let (setup, params) = (ClickTamerSetup::default(), ClickTamerParams::default());
    let need = ClickTamer::<f32>::required_len(setup, mono()).unwrap();
    let mut samples = vec![0.0_f32; need.samples - 1];
    assert!(ClickTamer::new_in(setup, params, mono(), &mut samples).is_err());
}

proptest! {
    #[test]
    fn any_arguments_give_an_error_or_a_tamer(
        numbers in prop::array::uniform4(prop_oneof![any::<f64>(), -10.0..10.0, 100.0..2100.0]),
        rate_hz in prop_oneof![any::<f64>(), 8e3..2e4],
        layout in 0..17_usize,
        audio in prop::collection::vec(prop_oneof![4 => -2.0..2.0_f32, 1 => any::<f32>()], 0..900),
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let [max_click_ms, corner_hz, threshold_db, floor_dbfs] = numbers;
        let params =
            ClickTamerParams { threshold_db, floor_dbfs, ..ClickTamerParams::default() };
        match ClickTamer::<f32>::new(ClickTamerSetup { max_click_ms, corner_hz }, params, stream) {
            Ok(mut tamer) => {
                let mut channels = vec![audio; layout.channel_count()];
                tamer.process(Io::new(BlockMut::new(&mut channels).unwrap())).unwrap();
                prop_assert!(channels.iter().flatten().all(|y| y.is_finite()));
                prop_assert!(tamer.tail_frames() >= tamer.latency_frames());
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
