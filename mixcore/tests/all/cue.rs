//! The shipped cue against its `truth.json`: phrases of the dialogue stem, and how far each stands
//! above the music in the plain sum.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use mixcore::audio::Block;
use mixcore::loudness::{Meter, MeterSetup, Phrase, StemActivity, separation};
use mixcore::{Layout, Stream};
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

/// `truth.json` has two decimals: half of the last one, and a little for its rounding.
const SEPARATION_TOLERANCE_LU: f64 = 0.006;
/// Phrases begin and end on the 10 ms grid that both use.
const TIME_TOLERANCE_S: f64 = 1e-6;

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/demo")
}

/// All samples of a FLAC file of the cue, channel by channel.
pub fn decode(name: &str) -> Vec<Vec<f32>> {
    decode_file(&folder().join(name))
}

/// All samples of a FLAC file at 48 kHz, channel by channel.
pub fn decode_file(path: &Path) -> Vec<Vec<f32>> {
    let file = File::open(path).unwrap();
    let stream = MediaSourceStream::new(Box::new(file), Default::default());
    let mut hint = Hint::new();
    hint.with_extension("flac");
    let mut format = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .unwrap();
    let track = format.default_track(TrackType::Audio).unwrap();
    let params = track.codec_params.as_ref().and_then(|params| params.audio()).unwrap();
    assert_eq!(params.sample_rate, Some(48_000));
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(params, &AudioDecoderOptions::default())
        .unwrap();
    let (mut channels, mut planes) = (Vec::new(), Vec::<Vec<f32>>::new());
    while let Some(packet) = format.next_packet().unwrap() {
        decoder.decode(&packet).unwrap().copy_to_vecs_planar(&mut planes);
        channels.resize_with(planes.len(), Vec::new);
        for (channel, plane) in channels.iter_mut().zip(&planes) {
            channel.extend_from_slice(plane);
        }
    }
    channels
}

#[test]
fn phrases_and_separations_are_those_of_the_truth() {
    let truth = fs::read_to_string(folder().join("truth.json")).unwrap();
    let truth: serde_json::Value = serde_json::from_str(&truth).unwrap();
    let (dialogue, music) = (decode("dx.flac").remove(0), decode("mx.flac"));

    let mono = Stream::new(48_000.0, Layout::MONO).unwrap();
    let mut stem = StemActivity::new(60.0, mono).unwrap();
    stem.push(Block::mono(&dialogue)).unwrap();
    // The plain sum: dialogue at unity to both sides, the music channel to channel.
    let stereo = Stream::new(48_000.0, Layout::STEREO).unwrap();
    let meter = |block| {
        let setup = MeterSetup { max_duration_s: 60.0, ..MeterSetup::default() };
        let mut meter = Meter::new(setup, stereo).unwrap();
        meter.push(block).unwrap();
        meter
    };
    let dialogue = meter(Block::stereo(&dialogue, &dialogue).unwrap());
    let music = meter(Block::new(&music).unwrap());

    let phrases: Vec<Phrase> = stem.activity().phrases().collect();
    let lines = truth["lines"].as_array().unwrap();
    assert_eq!(phrases.len(), lines.len());
    for (phrase, line) in phrases.iter().zip(lines) {
        let number = |key: &str| line[key].as_f64().unwrap();
        for (frame, second) in [
            (phrase.start_frame, number("phrase_start_s")),
            (phrase.end_frame, number("phrase_end_s")),
        ] {
            assert!((frame as f64 / 48e3 - second).abs() < TIME_TOLERANCE_S, "{phrase:?}");
        }
        let over_music = separation(dialogue.sub_blocks(), music.sub_blocks(), phrase);
        let error = over_music.value().unwrap() - number("over_music_lu");
        assert!(error.abs() < SEPARATION_TOLERANCE_LU, "{phrase:?}: {error}");
    }
    // 24.71 s of phrases in 28 s.
    let percent = stem.activity().dialogue(dialogue.sub_blocks()).unwrap().dialogue_percent;
    assert!((percent.value().unwrap() - 100.0 * 24.71 / 28.0).abs() < 1e-9, "{percent}");
}
