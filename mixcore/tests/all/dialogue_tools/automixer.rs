//! The automixer: shares in closed form, times, and noise that stays that of one microphone.

use mixcore::dynamics::{Automixer, AutomixerParams, AutomixerSetup};
use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream};
use proptest::prelude::*;

use super::{frames, hiss, level_db, speech};
use crate::signals::{noise, sine};

/// A tone's power over 32 frames swings about its mean by 32 frames' share of a period; smoothed over
/// 15 ms and more.
const RIPPLE_DB: f64 = 0.02;

fn mixer(layout: Layout, params: AutomixerParams) -> Automixer {
    let stream = Stream::new(48e3, layout).unwrap();
    Automixer::new(AutomixerSetup::default(), params, stream).unwrap()
}

fn run(mixer: &mut Automixer, channels: &mut [Vec<f32>]) {
    mixer.process(Io::new(BlockMut::new(channels).unwrap())).unwrap();
}

fn sum(channels: &[Vec<f32>]) -> Vec<f32> {
    (0..channels[0].len()).map(|n| channels.iter().map(|c| c[n]).sum()).collect()
}

#[test]
fn noise_of_many_microphones_is_that_of_one() {
    /// The mean power of 3 s of noise is known to 0.02 dB; the shares swing with the powers over 150 ms.
    const NOISE_DB: f64 = 0.15;
    for layout in [Layout::STEREO, Layout::SURROUND_5_0, Layout::SURROUND_7_1_4] {
        let mut channels = noise::<f32>(layout.channel_count(), frames(4.0), 0.1, 5);
        let one = level_db(&channels[0]);
        let mut mixer = mixer(layout, AutomixerParams::default());
        run(&mut mixer, &mut channels);
        let all = level_db(&sum(&channels)[frames(1.0)..]);
        assert!((all - one).abs() < NOISE_DB, "{layout}: {all} {one}");
        let open = mixer.open_microphones(0);
        assert!(open > 0.9 * layout.channel_count() as f64, "{open}");
    }
}

#[test]
fn one_signal_in_many_microphones_comes_out_once_with_slope_2() {
    /// f32 gains and sums of twelve.
    const ROUNDING_DB: f64 = 1e-5;
    let one = hiss(frames(1.0), -20.0, 1);
    let mut channels = vec![one.clone(); 12];
    let params = AutomixerParams { slope: 2.0, ..AutomixerParams::default() };
    run(&mut mixer(Layout::SURROUND_7_1_4, params), &mut channels);
    assert!((level_db(&sum(&channels)) - level_db(&one)).abs() < ROUNDING_DB);
}

#[test]
fn shares_follow_levels_and_priorities() {
    let mut mixer = mixer(Layout::FRONT_3_0, AutomixerParams::default());
    let mut levels = [0.0, -6.0, -20.0];
    for priority in [0.0, 9.0] {
        mixer.set_priority_db(1, priority).unwrap();
        mixer.reset();
        let mut channels: Vec<Vec<f32>> = levels
            .iter()
            .map(|db| sine(3000.0, 48e3, frames(1.0), 0.5 * 10_f64.powf(db / 20.0)))
            .collect();
        run(&mut mixer, &mut channels);
        levels[1] += priority;
        let total: f64 = levels.iter().map(|db| 10_f64.powf(db / 10.0)).sum();
        for (channel, db) in levels.iter().enumerate() {
            let expected = db - 10.0 * total.log10();
            let gain = mixer.gain_db(channel).unwrap();
            assert!((gain - expected).abs() < RIPPLE_DB, "{channel}: {gain} {expected}");
            let mean = mixer.mean_gain_db(channel).unwrap();
            assert!((mean - expected).abs() < 1.0, "{channel}: {mean} {expected}");
        }
    }
    assert!(mixer.set_priority_db(3, 0.0).is_err() && mixer.set_priority_db(0, 41.0).is_err());
    assert!(mixer.gain_db(3).is_err() && mixer.mean_gain_db(3).is_err());
}

#[test]
fn times_are_those_of_a_step_of_power() {
    /// 1 % of the time constant (issue 6), and half of the 0.7 ms between two gains in 100 ms, in dB of the
    /// share a/(a + 1), of which the attack's a is 1 − e^(−1) and the release's e^(−1):
    /// 10·log10(e)·(Δa/a)/(a + 1) with Δa = 0.0135·e^(−1).
    const ATTACK_DB: f64 = 0.021;
    const RELEASE_DB: f64 = 0.043;
    let params =
        AutomixerParams { attack_ms: 100.0, release_ms: 100.0, ..AutomixerParams::default() };
    let mut mixer = mixer(Layout::STEREO, params);
    let tone = |s: f64| sine::<f32>(6000.0, 48e3, frames(s), 0.5);
    run(&mut mixer, &mut [vec![0.0; frames(2.0)], tone(2.0)]);
    run(&mut mixer, &mut [tone(0.1), tone(0.1)]);
    let risen = 1.0 - (-1.0_f64).exp();
    let expected = 10.0 * (risen / (1.0 + risen)).log10();
    let gain = mixer.gain_db(0).unwrap();
    assert!((gain - expected).abs() < ATTACK_DB, "{gain} {expected}");
    run(&mut mixer, &mut [tone(2.0), tone(2.0)]);
    run(&mut mixer, &mut [vec![0.0; frames(0.1)], tone(0.1)]);
    let fallen = (-1.0_f64).exp();
    let expected = 10.0 * (fallen / (1.0 + fallen)).log10();
    let gain = mixer.gain_db(0).unwrap();
    assert!((gain - expected).abs() < RELEASE_DB, "{gain} {expected}");
}

#[test]
fn groups_share_apart_and_floors_hold() {
    let setup = AutomixerSetup::default().with_group(2, 1).unwrap();
    assert_eq!((setup.group(0), setup.group(2), setup.group(99)), (0, 1, 0));
    assert!(setup.with_group(0, 8).is_err() && setup.with_group(64, 1).is_err());
    let params = AutomixerParams { floor_db: -25.0, ..AutomixerParams::default() };
    let stream = Stream::new(48e3, Layout::FRONT_3_0).unwrap();
    let mut mixer = Automixer::new(setup, params, stream).unwrap();
    let loud = hiss(frames(1.0), -10.0, 1);
    run(&mut mixer, &mut [loud, hiss(frames(1.0), -60.0, 2), hiss(frames(1.0), -60.0, 3)]);
    assert!(mixer.gain_db(0).unwrap() > -0.001);
    assert!((mixer.gain_db(1).unwrap() + 25.0).abs() < 1e-9);
    assert_eq!(mixer.gain_db(2).unwrap(), 0.0);
    assert!((mixer.open_microphones(1) - 1.0).abs() < 1e-12);
    assert_eq!(mixer.open_microphones(5), 0.0);
}

#[test]
fn bypass_lets_every_bit_pass() {
    let mut mixer = mixer(Layout::STEREO, AutomixerParams::default());
    mixer.set_bypass(true);
    let mut audio = noise::<f32>(2, 4800, 0.5, 9);
    let input = audio.clone();
    run(&mut mixer, &mut audio);
    // A cell in which the old gain still stands, and one of the way.
    assert!(mixer.bypass() && (0..2).all(|c| audio[c][64..] == input[c][64..]));
}

/// Two people at a table: each speaks into a microphone of their own, and 12 dB weaker and 3 ms later
/// into the other's.
#[test]
fn real_speech_at_a_table_is_kept_and_the_room_stays_that_of_one_microphone() {
    /// While one speaks, the other's share of the level that is 12 dB down, and its own part of the sum.
    const VOICE_DB: f64 = 0.6;
    /// Noise of both, shared in any way, is that of one where the shares stand.
    const ROOM_DB: f64 = 0.5;
    let voice = speech();
    let half = frames(12.0);
    let (first, second) = (&voice[..half], &voice[half..2 * half]);
    let far = |own: &[f32], n: usize| 0.25 * n.checked_sub(144).map_or(0.0, |n| own[n]);
    let room = [hiss(2 * half, -60.0, 21), hiss(2 * half, -60.0, 22)];
    let mut channels = room.clone().to_vec();
    for n in 0..half {
        channels[0][n] += first[n];
        channels[1][n] += far(first, n);
        channels[1][half + n] += second[n];
        channels[0][half + n] += far(second, n);
    }
    let mut mixer = mixer(Layout::STEREO, AutomixerParams::default());
    run(&mut mixer, &mut channels);
    let out = sum(&channels);
    for (own, part) in [(first, &out[..half]), (second, &out[half..])] {
        let (a, b) = (level_db(own), level_db(part));
        assert!((a - b).abs() < VOICE_DB, "{a} {b}");
    }
    // The first half second is room alone.
    let (one, all) = (level_db(&room[0][..24_000]), level_db(&out[..24_000]));
    assert!((one - all).abs() < ROOM_DB, "{one} {all}");
}

proptest! {
    #[test]
    fn any_arguments_give_an_error_or_a_mixer(
        numbers in prop::array::uniform4(prop_oneof![any::<f64>(), -90.0..300.0]),
        rate_hz in prop_oneof![any::<f64>(), 8e3..2e4],
        layout in 0..17_usize,
        audio in prop::collection::vec(prop_oneof![4 => -2.0..2.0_f32, 1 => any::<f32>()], 0..200),
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let [slope, floor_db, attack_ms, release_ms] = numbers;
        let params = AutomixerParams { slope, floor_db, attack_ms, release_ms };
        match Automixer::new(AutomixerSetup::default(), params, stream) {
            Ok(mut mixer) => {
                let mut channels = vec![audio; layout.channel_count()];
                mixer.process(Io::new(BlockMut::new(&mut channels).unwrap())).unwrap();
                prop_assert!(channels.iter().flatten().all(|y| y.is_finite()));
                prop_assert!(mixer.gain_db(0).unwrap() <= 1e-9);
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
