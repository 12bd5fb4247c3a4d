//! Voices over music, ambience and single effects for the duckers (`data/duck/README.md`), and the duckers
//! on them.

use std::path::Path;

use mixcore::audio::{Block, BlockMut};
use mixcore::dynamics::{DuckPlan, DuckedPhrase, Ducker, DuckerParams, DuckerSetup};
use mixcore::loudness::{Meter, MeterSetup, StemActivity, speech_over_background};
use mixcore::{Io, Layout, Process, Processor, Stream};

use crate::cue::decode_file;

pub const RATE_HZ: f64 = 16_000.0;
/// The dialogue of all scenes, LUFS, and of the shipped cue.
pub const VOICE_LUFS: f64 = -24.0;
/// Speech at unity to both sides.
pub const KEY_OFFSET_DB: f64 = 3.0103;

pub type Audio = Vec<Vec<f32>>;

pub fn stereo() -> Stream {
    Stream::new(RATE_HZ, Layout::STEREO).unwrap()
}

pub fn file(name: &str) -> Audio {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/all/data/duck");
    let mut audio = decode_file(&folder.join(name).with_extension("flac"), 16_000);
    if audio.len() == 1 {
        audio.push(audio[0].clone());
    }
    audio
}

pub fn meter(audio: &Audio) -> Meter<'static, f32> {
    let setup = MeterSetup { max_duration_s: 120.0, ..MeterSetup::default() };
    let mut meter = Meter::new(setup, stereo()).unwrap();
    meter.push(Block::new(audio).unwrap()).unwrap();
    meter
}

/// Brought to an integrated loudness.
pub fn levelled(mut audio: Audio, lufs: f64) -> Audio {
    let now = meter(&audio).sub_blocks().integrated_lufs().value().unwrap();
    let gain = 10_f64.powf((lufs - now) / 20.0) as f32;
    audio.iter_mut().flatten().for_each(|x| *x *= gain);
    audio
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    Music,
    Ambience,
    Effects,
}

pub struct Scene {
    pub name: String,
    pub kind: Kind,
    pub voice: Audio,
    pub background: Audio,
    pub target_lu: f64,
}

/// Lines one after the other, with pauses before, between and after them.
pub fn lines(names: &[&str], pause_s: f64) -> Audio {
    let pause = vec![0.0; (pause_s * RATE_HZ) as usize];
    let mut voice = vec![pause.clone(); 2];
    for name in names {
        for (voice, line) in voice.iter_mut().zip(levelled(file(name), VOICE_LUFS)) {
            voice.extend(line);
            voice.extend(&pause);
        }
    }
    voice
}

/// Over and over.
pub fn bed(name: &str, frames: usize, lufs: f64) -> Audio {
    let loops = file(name).into_iter().map(|c| c.into_iter().cycle().take(frames).collect());
    levelled(loops.collect(), lufs)
}

/// At some moments.
pub fn hits(name: &str, frames: usize, at_s: &[f64], lufs: f64) -> Audio {
    let hit = levelled(file(name), lufs);
    let mut out = vec![vec![0.0; frames]; 2];
    for at in at_s.iter().map(|s| (s * RATE_HZ) as usize) {
        for (out, hit) in out.iter_mut().zip(&hit) {
            out.iter_mut().skip(at).zip(hit).for_each(|(out, x)| *out += x);
        }
    }
    out
}

pub fn scenes(
    voices: &[&[&str]],
    music: &[(&str, f64)],
    ambience: (&str, f64),
    effects: (&str, &[f64], f64),
) -> Vec<Scene> {
    let mut scenes = Vec::new();
    for names in voices {
        for pause_s in [1.0, 4.0] {
            let voice = lines(names, pause_s);
            let frames = voice[0].len();
            let mut add = |kind, what: &str, background: Audio, target_lu| {
                let name = format!("{} every {pause_s} s over {what}", names[0]);
                scenes.push(Scene { name, kind, voice: voice.clone(), background, target_lu });
            };
            for &(what, lufs) in music {
                add(Kind::Music, what, bed(what, frames, lufs), 10.0);
            }
            add(Kind::Ambience, ambience.0, bed(ambience.0, frames, ambience.1), 15.0);
            let at_s: Vec<f64> = effects.1.iter().map(|s| pause_s + s).collect();
            add(Kind::Effects, effects.0, hits(effects.0, frames, &at_s, effects.2), 10.0);
        }
    }
    scenes
}

pub fn tune() -> Vec<Scene> {
    let voices: [&[&str]; 2] =
        [&["en_counting", "en_quick_brown_fox"], &["it_conteggio", "it_pangrama"]];
    let music = [("safari", -28.0), ("piano", -32.0)];
    let mut all = scenes(&voices, &music, ("rain", -34.0), ("thunder", &[1.2], -22.0));
    all.extend(scenes(&voices, &[], ("rain", -36.0), ("clang", &[0.5], -25.0)));
    all
}

pub fn judge() -> Vec<Scene> {
    let voices: [&[&str]; 3] =
        [&["ru_congrats"], &["fr_comptage", "fr_pangrama"], &["es_conteo", "es_pangrama"]];
    let music = [("beat", -27.0), ("guitar", -30.0), ("garzul", -26.0), ("tabla", -30.0)];
    scenes(&voices, &music, ("restaurant", -33.0), ("explosion", &[1.5, 5.0], -22.0))
}

impl Scene {
    pub fn activity(&self) -> StemActivity<'static, f32> {
        let mono = Stream::new(RATE_HZ, Layout::MONO).unwrap();
        let mut stem = StemActivity::new(120.0, mono).unwrap();
        stem.push(Block::mono(&self.voice[0])).unwrap();
        stem
    }

    pub fn plan(&self, params: DuckerParams) -> DuckPlan<'static> {
        let (stem, voice, background) =
            (self.activity(), meter(&self.voice), meter(&self.background));
        let speech = stem.activity();
        DuckPlan::new(voice.sub_blocks(), background.sub_blocks(), &speech, params).unwrap()
    }

    /// The background through the live ducker, latency removed, and the ducker.
    pub fn live(&self, params: DuckerParams) -> (Audio, Ducker<'static, f32>) {
        let setup = DuckerSetup { key_offset_db: KEY_OFFSET_DB, ..DuckerSetup::default() };
        let mut ducker = Ducker::new(setup, params, stereo()).unwrap();
        let latency = ducker.latency_frames();
        let (mut audio, mut key) = (self.background.clone(), self.voice[0].clone());
        key.resize(key.len() + latency, 0.0);
        audio.iter_mut().for_each(|channel| channel.resize(channel.len() + latency, 0.0));
        let main = BlockMut::new(&mut audio).unwrap();
        ducker.process(Io::with_key(main, Block::mono(&key))).unwrap();
        audio.iter_mut().for_each(|channel| drop(channel.drain(..latency)));
        (audio, ducker)
    }

    /// Speech over a background in every phrase of a plan, as the meter of deliveries reads it.
    pub fn separations(&self, background: &Audio, plan: &DuckPlan<'_>) -> Vec<f64> {
        let (stem, voice, background) = (self.activity(), meter(&self.voice), meter(background));
        let over = |found: &DuckedPhrase| {
            let (voice, background) = (voice.sub_blocks(), background.sub_blocks());
            let found = speech_over_background(voice, background, &stem.activity(), &found.phrase);
            found.unwrap().over_lu.value().unwrap_or(f64::NAN)
        };
        plan.phrases().iter().map(over).collect()
    }
}

/// The phrases that a live ducker found, the one that the end of the clip cut included.
pub fn listed(ducker: &Ducker<'_, f32>) -> Vec<DuckedPhrase> {
    ducker.phrases().iter().copied().chain(ducker.current_phrase()).collect()
}
