//! Room noise in the key: without a voice it is none, whatever its level; with one every line is found and
//! the background comes back between them.

use mixcore::audio::{Block, BlockMut};
use mixcore::dynamics::{
    BandDuckerSetup, DuckedPhrase, Ducker, DuckerParams, DuckerSetup, MaskingDucker,
    MaskingDuckerParams,
};
use mixcore::loudness::{StemActivity, phrases};
use mixcore::{Io, Layout, Process, Stream};

use crate::duck_scenes::{
    Audio, KEY_OFFSET_DB, RATE_HZ, bed, levelled, lines, listed, meter, stereo,
};
use crate::signals::Noise;

const LEVELS_LUFS: [f64; 3] = [-45.0, -40.0, -35.0];

fn seconds(s: f64) -> usize {
    (s * RATE_HZ) as usize
}

/// White noise, or a room's: 6 dB an octave down above 200 Hz.
fn room(s: f64, lufs: f64, dark: bool) -> Audio {
    let (mut pick, mut low) = (Noise::new(11), 0.0);
    let pole = (-std::f64::consts::TAU * 200.0 / RATE_HZ).exp();
    let noise: Vec<f32> = (0..seconds(s))
        .map(|_| {
            let x = pick.next_f64();
            low += (1.0 - pole) * (x - low);
            if dark { low as f32 } else { 0.1 * x as f32 }
        })
        .collect();
    levelled(vec![noise.clone(), noise], lufs)
}

fn live(background: &Audio, key: &[f32]) -> (Audio, Ducker<'static, f32>) {
    let setup = DuckerSetup { key_offset_db: KEY_OFFSET_DB, ..DuckerSetup::default() };
    let mut ducker = Ducker::new(setup, DuckerParams::default(), stereo()).unwrap();
    (whole(&mut ducker, background, key), ducker)
}

fn whole(unit: &mut dyn Process<f32>, background: &Audio, key: &[f32]) -> Audio {
    let latency = unit.latency_frames();
    let (mut audio, mut key) = (background.clone(), key.to_vec());
    key.resize(key.len() + latency, 0.0);
    audio.iter_mut().for_each(|channel| channel.resize(channel.len() + latency, 0.0));
    let main = BlockMut::new(&mut audio).unwrap();
    unit.process(Io::with_key(main, Block::mono(&key))).unwrap();
    audio.iter_mut().for_each(|channel| drop(channel.drain(..latency)));
    audio
}

/// 5 to 6 s for the floor, 0.8 s of hold, 1.5 s of release.
const AT_REST_S: f64 = 8.5;

#[test]
fn steady_noise_is_no_speech() {
    for dark in [false, true] {
        for lufs in LEVELS_LUFS {
            // Two minutes: after one of them a voice that has become weaker is looked for.
            let (noise, music) = (room(120.0, lufs, dark), bed("safari", seconds(120.0), -28.0));
            let (audio, ducker) = live(&music, &noise[0]);
            let from = seconds(AT_REST_S);
            let same = (0..2).all(|c| audio[c][from..] == music[c][from..]);
            println!("{lufs} dark {dark}: {:?}", listed(&ducker).len());
            assert!(same && ducker.report().phrases <= 1, "{lufs} dark {dark}");
            let setup = BandDuckerSetup { key_offset_db: KEY_OFFSET_DB, ..Default::default() };
            let mut bands =
                MaskingDucker::new(setup, MaskingDuckerParams::default(), stereo()).unwrap();
            // Half a minute: its question is the same.
            let part: Audio = music.iter().map(|c| c[..seconds(30.0)].to_vec()).collect();
            let audio = whole(&mut bands, &part, &noise[0][..seconds(30.0)]);
            assert!((0..2).all(|c| audio[c][from..] == part[c][from..]), "{lufs} dark {dark}");
        }
    }
}

#[test]
fn lines_over_a_room_are_found_and_pauses_come_back() {
    let names = ["en_counting", "en_quick_brown_fox", "it_conteggio", "it_pangrama"];
    let voice = lines(&names, 4.0);
    let length_s = voice[0].len() as f64 / RATE_HZ;
    let music = bed("safari", voice[0].len(), -28.0);
    let mono = Stream::new(RATE_HZ, Layout::MONO).unwrap();
    let mut stem = StemActivity::new(120.0, mono).unwrap();
    stem.push(Block::mono(&voice[0])).unwrap();
    let spoken: Vec<_> = phrases(&stem.activity()).collect();
    assert!(spoken.len() >= names.len());
    let clean = meter(&voice);
    let clean = clean.sub_blocks();
    // The first 0.2 s of a line of which 0.15 s stand 6 dB over a noise: before, nobody can tell.
    let stands_out = |line: &mixcore::loudness::Phrase, lufs: f64| {
        let least = 160.0 * 4.0 * 10_f64.powf((lufs + 0.691) / 10.0);
        let loud = |at: usize| clean.energies()[at..at + 20].iter().filter(|x| **x > least).count();
        (line.start..line.end - 20).find(|at| loud(*at) >= 15)
    };
    // A room that is heard for 10 s before the first line.
    let before_s = 10.0;
    for dark in [false, true] {
        for lufs in LEVELS_LUFS {
            let mut key = room(length_s + before_s, lufs, dark).remove(0);
            for (sum, x) in key[seconds(before_s)..].iter_mut().zip(&voice[0]) {
                *sum += x;
            }
            let mut background = bed("safari", seconds(before_s), -28.0);
            for (channel, music) in background.iter_mut().zip(&music) {
                channel.extend(music);
            }
            let (audio, ducker) = live(&background, &key);
            let found: Vec<DuckedPhrase> = listed(&ducker);
            let late = (before_s * 100.0) as usize;
            let mut heard = 0;
            for line in &spoken {
                let (start, end) = (line.start + late, line.end + late);
                let inside = |f: &&DuckedPhrase| f.phrase.start < end && start < f.phrase.end;
                let Some(out) = stands_out(line, lufs).map(|at| at + late) else { continue };
                heard += 1;
                let first = found.iter().find(inside).map(|f| f.phrase.start);
                assert!(first.is_some_and(|at| at <= out + 20), "{lufs} {dark} {line:?} {first:?}");
                let ducked = |f: &DuckedPhrase| {
                    let by = f.after_lu.zip(f.before_lu, |after, before| after - before);
                    by.value().is_some_and(|by| by > 1.0)
                };
                assert!(found.iter().any(|f| inside(&f) && ducked(f)), "{line:?}");
            }
            assert!(heard >= names.len(), "{lufs} {dark}: {heard}");
            let (mut at, mut rests) = (seconds(AT_REST_S), 0);
            for next in spoken.iter().map(|line| line.start + late).chain([audio[0].len() / 160]) {
                // 0.3 s and the lead before the next line.
                let to = (next * 160).saturating_sub(seconds(0.5));
                if at < to {
                    rests += 1;
                    assert!(
                        (0..2).all(|c| audio[c][at..to] == background[c][at..to]),
                        "{lufs} {dark}"
                    );
                }
                let end =
                    spoken.iter().find(|l| l.start + late == next).map_or(0, |l| l.end + late);
                at = end * 160 + seconds(2.5);
            }
            assert!(rests >= names.len(), "{rests}");
        }
    }
}
