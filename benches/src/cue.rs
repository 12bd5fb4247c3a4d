//! The demo cue of the examples: 28 s of real programme, stereo.

use std::fs::File;
use std::path::Path;

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

/// Dialogue, music, ambience, effects; the dialogue is mono.
const STEMS: [&str; 4] = ["dx.flac", "mx.flac", "amb.flac", "fx.flac"];

/// All samples of one stem, channel by channel.
fn decode(name: &str) -> Vec<Vec<f32>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mixcore/examples/demo").join(name);
    let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let stream = MediaSourceStream::new(Box::new(file), Default::default());
    let mut hint = Hint::new();
    hint.with_extension("flac");
    let mut format = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .expect("a FLAC file");
    let track = format.default_track(TrackType::Audio).expect("a track");
    let params = track.codec_params.as_ref().and_then(|params| params.audio()).expect("audio");
    assert_eq!(params.sample_rate, Some(crate::RATE_HZ as u32), "{name}");
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(params, &AudioDecoderOptions::default())
        .expect("a FLAC decoder");
    let (mut channels, mut planes) = (Vec::new(), Vec::<Vec<f32>>::new());
    while let Some(packet) = format.next_packet().expect("a whole file") {
        decoder.decode(&packet).expect("a good packet").copy_to_vecs_planar(&mut planes);
        channels.resize_with(planes.len(), Vec::new);
        for (channel, plane) in channels.iter_mut().zip(&planes) {
            channel.extend_from_slice(plane);
        }
    }
    channels
}

/// The dialogue.
pub(crate) fn voice() -> Vec<f32> {
    decode("dx.flac").remove(0)
}

/// The plain sum of the stems: mono to both sides, stereo side by side.
///
/// # Panics
/// If a stem is missing or cannot be decoded.
pub(crate) fn plain_sum() -> Vec<Vec<f32>> {
    let mut sum: Vec<Vec<f32>> = Vec::new();
    for stem in STEMS.map(decode) {
        sum.resize_with(2, || vec![0.0; stem[0].len()]);
        for (side, sum) in sum.iter_mut().enumerate() {
            let channel = &stem[side.min(stem.len() - 1)];
            assert_eq!(channel.len(), sum.len(), "stems of one length");
            for (sum, x) in sum.iter_mut().zip(channel) {
                *sum += x;
            }
        }
    }
    sum
}
