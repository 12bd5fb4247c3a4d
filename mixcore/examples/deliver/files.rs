//! Audio files of the main job: WAV and FLAC in, 24-bit WAV out, and a second way back in.

use std::fs::File;
use std::path::Path;

use mixcore::Layout;
use symphonia::core::audio::{Channels, Position};
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error as DecodeError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

/// A decoded file.
pub struct Audio {
    pub rate_hz: u32,
    pub layout: Layout,
    pub channels: Vec<Vec<f64>>,
}

impl Audio {
    pub fn frames(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }
}

/// Decodes a WAV or FLAC file. The error says what is wrong with the file and what would be right.
pub fn read(path: &Path) -> Result<Audio, String> {
    let name = path.display();
    let file = File::open(path).map_err(|error| format!("{name}: cannot be opened ({error})"))?;
    let stream = MediaSourceStream::new(Box::new(file), Default::default());
    let mut hint = Hint::new();
    if let Some(extension) = path.extension().and_then(|e| e.to_str()) {
        hint.with_extension(extension);
    }
    let mut format = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(|error| {
            format!("{name}: not a WAV or FLAC file that can be read ({error}); export it as WAV")
        })?;
    let no_audio = || format!("{name}: there is no audio track in it");
    let track = format.default_track(TrackType::Audio).ok_or_else(no_audio)?;
    let track_id = track.id;
    let params =
        track.codec_params.as_ref().and_then(|params| params.audio()).ok_or_else(no_audio)?;
    let rate_hz = params.sample_rate.ok_or_else(|| format!("{name}: it states no sample rate"))?;
    let positions = params.channels.clone();
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(params, &AudioDecoderOptions::default())
        .map_err(|error| format!("{name}: its coding cannot be decoded ({error})"))?;
    let mut channels: Vec<Vec<f64>> = Vec::new();
    let mut planes: Vec<Vec<f64>> = Vec::new();
    loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            Err(error) => return Err(format!("{name}: damaged, reading stopped ({error})")),
        };
        if packet.track_id != track_id {
            continue;
        }
        let decoded = decoder.decode(&packet).map_err(|error| match error {
            DecodeError::DecodeError(what) => format!("{name}: damaged audio data ({what})"),
            other => format!("{name}: cannot be decoded ({other})"),
        })?;
        decoded.copy_to_vecs_planar(&mut planes);
        channels.resize_with(planes.len(), Vec::new);
        for (channel, plane) in channels.iter_mut().zip(&planes) {
            channel.extend_from_slice(plane);
        }
    }
    if channels.first().is_none_or(Vec::is_empty) {
        return Err(format!("{name}: it holds no audio (0 frames)"));
    }
    let layout = layout_of(positions.as_ref(), channels.len())
        .map_err(|error| format!("{name}: {error}"))?;
    Ok(Audio { rate_hz, layout, channels })
}

/// What the channels of a file are: by its channel mask, or by their number where it has none.
fn layout_of(channels: Option<&Channels>, count: usize) -> Result<Layout, String> {
    let layout = match count {
        1 => Layout::MONO,
        2 => Layout::STEREO,
        3 => Layout::FRONT_3_0,
        4 => Layout::QUAD,
        5 => Layout::SURROUND_5_0,
        6 => Layout::SURROUND_5_1,
        _ => {
            return Err(format!(
                "{count} channels; stems may have 1 to 6 (mono, stereo, 3.0, quad, 5.0, 5.1): fold it down or split it first"
            ));
        }
    };
    let Some(Channels::Positioned(mask)) = channels else { return Ok(layout) };
    let front = Position::FRONT_LEFT | Position::FRONT_RIGHT;
    let surrounds =
        [Position::REAR_LEFT | Position::REAR_RIGHT, Position::SIDE_LEFT | Position::SIDE_RIGHT];
    let known = match count {
        3 => *mask == front | Position::FRONT_CENTER,
        4 => surrounds.iter().any(|&pair| *mask == front | pair),
        5 => surrounds.iter().any(|&pair| *mask == front | Position::FRONT_CENTER | pair),
        6 => surrounds
            .iter()
            .any(|&pair| *mask == front | Position::FRONT_CENTER | Position::LFE1 | pair),
        _ => true,
    };
    if known {
        Ok(layout)
    } else {
        Err(format!(
            "its channel mask ({mask:?}) is not that of {layout}: write it with the channels of {layout}"
        ))
    }
}

/// Layouts whose channels are the first of WAVE's mask, which is all that the writer can state.
pub fn can_write(layout: Layout) -> bool {
    [Layout::MONO, Layout::STEREO, Layout::FRONT_3_0, Layout::SURROUND_5_1].contains(&layout)
}

/// Largest magnitude of a 24-bit sample.
const FULL_SCALE_24: f64 = 8_388_608.0;

/// Writes a 24-bit WAV file in the layout's own channel order (for 5.1 that is WAVE's too).
pub fn write_wav_24(path: &Path, audio: &Audio) -> Result<(), String> {
    let failed = |error| format!("{}: cannot be written ({error})", path.display());
    let spec = hound::WavSpec {
        channels: u16::try_from(audio.channels.len()).unwrap_or(u16::MAX),
        sample_rate: audio.rate_hz,
        bits_per_sample: 24,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).map_err(failed)?;
    for frame in 0..audio.frames() {
        for channel in &audio.channels {
            let value = mixcore::math::rint(channel[frame] * FULL_SCALE_24);
            #[expect(clippy::cast_possible_truncation, reason = "clamped to 24 bits")]
            let value = value.clamp(-FULL_SCALE_24, FULL_SCALE_24 - 1.0) as i32;
            writer.write_sample(value).map_err(failed)?;
        }
    }
    writer.finalize().map_err(failed)
}

/// Reads a file that [`write_wav_24`] wrote, by another program than [`read`].
pub fn read_back(path: &Path, layout: Layout) -> Result<Audio, String> {
    let failed = |error| format!("{}: cannot be read back ({error})", path.display());
    let mut reader = hound::WavReader::open(path).map_err(failed)?;
    let spec = reader.spec();
    let mut channels = vec![Vec::new(); usize::from(spec.channels)];
    for (index, sample) in reader.samples::<i32>().enumerate() {
        let count = channels.len();
        channels[index % count].push(f64::from(sample.map_err(failed)?) / FULL_SCALE_24);
    }
    if spec.bits_per_sample != 24 || channels.len() != layout.channel_count() {
        return Err(format!("{}: not the file that was written", path.display()));
    }
    Ok(Audio { rate_hz: spec.sample_rate, layout, channels })
}
