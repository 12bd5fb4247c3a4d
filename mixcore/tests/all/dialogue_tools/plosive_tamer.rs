//! The plosive tamer: puffs go, voices and rumble stay.

use mixcore::dynamics::{PlosiveTamer, PlosiveTamerParams, PlosiveTamerSetup};
use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream};
use proptest::prelude::*;

use super::{Voice, frames, hiss, level_db, loudness_lufs, mono, run};
use crate::signals::sine;

fn tamer(params: PlosiveTamerParams) -> PlosiveTamer<'static, f32> {
    PlosiveTamer::new(PlosiveTamerSetup::default(), params, mono()).unwrap()
}

/// A puff of air on a membrane: 60 ms of 35 Hz that dies away, with a little of the breath's noise.
fn puff(level: f32) -> Vec<f32> {
    let noise = hiss(2880, -50.0, 17);
    (0..2880)
        .zip(noise)
        .map(|(n, noise)| {
            let t = n as f32 / 48e3;
            let rise = (t / 0.004).min(1.0);
            let swing = (2.0 * std::f32::consts::PI * 35.0 * t).sin();
            rise * (-t / 0.02).exp() * (level * swing + noise)
        })
        .collect()
}

fn add(audio: &mut [f32], at: usize, what: &[f32]) {
    for (x, y) in audio[at..].iter_mut().zip(what) {
        *x += y;
    }
}

/// Power below 200 Hz, by a mean over 2.5 ms twice, dB.
fn bass_db(audio: &[f32]) -> f64 {
    let mean =
        |x: &[f64]| -> Vec<f64> { x.windows(120).map(|w| w.iter().sum::<f64>() / 120.0).collect() };
    let audio: Vec<f64> = audio.iter().map(|x| f64::from(*x)).collect();
    level_db(&mean(&mean(&audio)))
}

/// What the whole reduction does to a puff: it comes alone, with nothing around it to come down to.
fn whole_reduction_db(puff: &[f32]) -> f64 {
    let mut audio = vec![0.0; frames(1.0)];
    add(&mut audio, frames(0.5), puff);
    let before = bass_db(&audio[frames(0.5)..frames(0.56)]);
    mixcore::stream::render(&mut tamer(PlosiveTamerParams::default()), BlockMut::mono(&mut audio))
        .unwrap();
    before - bass_db(&audio[frames(0.5)..frames(0.56)])
}

#[test]
fn puffs_go_down_to_the_bass_of_the_speech_around_them_and_are_listed() {
    /// What is left of a word's end in the 60 ms, and of the release.
    const BESIDE_DB: f64 = 0.5;
    for Voice { name, audio: voice, lines, pauses } in Voice::both() {
        let speech: Vec<f32> =
            lines.iter().flat_map(|(a, b)| voice[frames(*a)..frames(*b)].to_vec()).collect();
        let own_db = bass_db(&speech);
        for level in [0.4, 0.2, 0.1] {
            let puff = puff(level);
            let mut audio = voice.clone();
            for s in &pauses {
                add(&mut audio, frames(*s), &puff);
            }
            let input = audio.clone();
            let mut tamer = tamer(PlosiveTamerParams::default());
            run(&mut tamer, &mut audio);
            let latency = tamer.latency_frames();
            assert!((1400..=1440).contains(&latency), "{latency}");
            let found: Vec<_> = tamer.places().collect();
            let whole = whole_reduction_db(&puff);
            // At 35 Hz, with the breath's noise around it.
            assert!(whole > 15.0, "{whole}");
            for s in &pauses {
                let range = frames(*s)..frames(s + 0.06);
                let before = bass_db(&input[range.clone()]);
                let after = bass_db(&audio[range.start + latency..range.end + latency]);
                let bound = own_db.max(before - whole) + BESIDE_DB;
                println!("{name} {level} {s}: {before:.1} {after:.1} {own_db:.1} {whole:.1}");
                assert!(after < bound, "{name} {level} {s}: {before} {after} {own_db} {whole}");
                let near = |place: &&mixcore::dynamics::TamedPlace| {
                    place.frame.abs_diff(frames(*s) as u64) < 480
                };
                match found.iter().find(near) {
                    Some(place) => assert!(place.frames > 480, "{name}: {place:?}"),
                    // It is no louder than the voice's own bass.
                    None => assert!(before < own_db + BESIDE_DB, "{name} {s}: {found:?}"),
                }
            }
            let report = tamer.report();
            assert!(report.deepest_db <= 18.0 && report.deepest_db > 8.0, "{report:?}");
            assert!(report.removed_dbfs.is_finite() && report.removed_dbfs < -30.0, "{report:?}");
        }
    }
}

#[test]
fn speech_without_puffs_keeps_its_level() {
    const VOICE_LU: f64 = 0.05;
    for Voice { name, audio: voice, .. } in Voice::both() {
        let mut audio = voice.clone();
        let mut tamer = tamer(PlosiveTamerParams::default());
        mixcore::stream::render(&mut tamer, BlockMut::mono(&mut audio)).unwrap();
        let (a, b) = (loudness_lufs(&voice), loudness_lufs(&audio));
        assert!((a - b).abs() < VOICE_LU, "{name}: {a} {b}");
        let changed = voice.iter().zip(&audio).filter(|(x, y)| x != y).count();
        assert!(changed < voice.len() / 20, "{name}: {changed} of {}", voice.len());
    }
}

#[test]
fn rumble_that_is_steady_and_voices_with_bass_pass_bit_for_bit() {
    // Rumble is a puff when it begins, for the 10 ms until it is known to stay, and release.
    let mut tamer = tamer(PlosiveTamerParams::default());
    let mut rumble: Vec<f32> = sine(45.0, 48e3, frames(6.0), 0.05);
    let input = rumble.clone();
    run(&mut tamer, &mut rumble);
    let latency = tamer.latency_frames();
    let late = frames(4.0);
    assert!(rumble[late + latency..] == input[late..input.len() - latency]);
    assert!(tamer.report().places <= 1);
    // A low voice: 90 Hz and its harmonics, from nothing.
    tamer.reset();
    let mut voice = vec![0.0; frames(3.0)];
    for harmonic in 1..20 {
        let tone = sine::<f32>(90.0 * f64::from(harmonic), 48e3, frames(2.0), 0.1);
        add(&mut voice, frames(0.5), &tone);
    }
    let input = voice.clone();
    run(&mut tamer, &mut voice);
    assert!(voice[latency..] == input[..input.len() - latency]);
    assert_eq!((tamer.report().places, tamer.report().removed_dbfs), (0, f64::NEG_INFINITY));
}

#[test]
fn the_reduction_stands_when_the_puff_comes_and_goes_back_as_set() {
    /// A tenth of the release on the grid of the look-ahead's mean.
    const RELEASE_DB: f64 = 0.5;
    let params = PlosiveTamerParams { release_ms: 100.0, ..PlosiveTamerParams::default() };
    let mut tamer = tamer(params);
    let mut audio = vec![0.0; frames(1.0)];
    add(&mut audio, frames(0.2), &sine::<f32>(40.0, 48e3, frames(0.05), 0.4));
    let mut course = Vec::new();
    for cell in audio.chunks_mut(32) {
        run(&mut tamer, cell);
        course.push(tamer.gain_reduction_db());
    }
    let at = |s: f64| course[frames(s) / 32];
    let latency = tamer.latency_frames() as f64 / 48e3;
    assert!(at(0.2 + latency) > 12.0, "{}", at(0.2 + latency));
    assert_eq!(at(0.19), 0.0);
    let (early, later) = (at(0.45), at(0.55));
    assert!((later / early - (-1.0_f64).exp()).abs() * early < RELEASE_DB, "{early} {later}");
}

#[test]
fn bypass_requests_nothing() {
    let mut tamer = tamer(PlosiveTamerParams::default());
    tamer.set_bypass(true);
    let mut audio = vec![0.0; frames(1.0)];
    add(&mut audio, frames(0.2), &puff(0.5));
    let input = audio.clone();
    run(&mut tamer, &mut audio);
    let latency = tamer.latency_frames();
    assert!(tamer.bypass() && audio[latency..] == input[..input.len() - latency]);
}

#[test]
fn bad_setups_are_errors() {
    for lookahead_ms in [4.9, 101.0, f64::NAN] {
        let setup = PlosiveTamerSetup { lookahead_ms };
        assert!(PlosiveTamer::<f32>::new(setup, PlosiveTamerParams::default(), mono()).is_err());
    }
    let (setup, params) = (PlosiveTamerSetup::default(), PlosiveTamerParams::default());
    let need = PlosiveTamer::<f32>::required_len(setup, mono()).unwrap();
    let (mut samples, mut numbers) = (vec![0.0_f32; need.samples], vec![0.0; need.numbers - 1]);
    assert!(PlosiveTamer::new_in(setup, params, mono(), &mut samples, &mut numbers).is_err());
}

proptest! {
    #[test]
    fn any_arguments_give_an_error_or_a_tamer(
        numbers in prop::array::uniform4(prop_oneof![any::<f64>(), -10.0..400.0]),
        rate_hz in prop_oneof![any::<f64>(), 8e3..2e4],
        layout in 0..17_usize,
        audio in prop::collection::vec(prop_oneof![4 => -2.0..2.0_f32, 1 => any::<f32>()], 0..900),
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let [lookahead_ms, hz, threshold_db, release_ms] = numbers;
        let params =
            PlosiveTamerParams { hz, threshold_db, release_ms, ..PlosiveTamerParams::default() };
        match PlosiveTamer::<f32>::new(PlosiveTamerSetup { lookahead_ms }, params, stream) {
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
