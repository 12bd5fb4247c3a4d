//! The tools for dialogue: on tones and noise with closed forms, and on the cue's real speech.

mod automixer;
mod click_tamer;
mod hum_comb;
mod leveller;
mod leveller_plan;
mod listen;
mod plosive_tamer;
mod suppressor;

use mixcore::audio::{Block, Sample};
use mixcore::loudness::{Meter, MeterSetup};
use mixcore::{BlockMut, Io, Layout, Process, Stream};

use crate::signals::noise;

pub const RATE_HZ: f64 = 48_000.0;

pub fn mono() -> Stream {
    Stream::new(RATE_HZ, Layout::MONO).unwrap()
}

/// Runs one channel through a processor, latency and all.
pub fn run<S: Sample>(processor: &mut dyn Process<S>, samples: &mut [S]) {
    processor.process(Io::new(BlockMut::mono(samples))).unwrap();
}

/// Frames of a time.
pub fn frames(s: f64) -> usize {
    (s * RATE_HZ).round() as usize
}

/// Mean power, dB.
pub fn level_db<S: Sample>(samples: &[S]) -> f64 {
    let power: f64 = samples.iter().map(|x| x.as_f64().powi(2)).sum();
    10.0 * (power / samples.len() as f64).log10()
}

/// Integrated loudness of one channel.
pub fn loudness_lufs(samples: &[f32]) -> f64 {
    let mut meter = Meter::new(MeterSetup::default(), mono()).unwrap();
    meter.push(Block::mono(samples)).unwrap();
    meter.measurement().integrated_lufs.value().unwrap()
}

/// White noise of a level, dB, from a seed.
pub fn hiss(frames: usize, db: f64, seed: u32) -> Vec<f32> {
    // Uniform noise has the power a²/3.
    noise::<f32>(1, frames, 10_f64.powf(db / 20.0) * 3_f64.sqrt(), seed).remove(0)
}

/// The dialogue of the cue.
pub fn speech() -> Vec<f32> {
    crate::cue::decode("dx.flac").remove(0)
}

/// Its five lines, s (`truth.json`).
pub const LINES_S: [(f64, f64); 5] =
    [(0.6, 7.7), (8.35, 11.34), (12.0, 17.3), (17.96, 23.99), (24.65, 27.94)];

/// 13 s of a man who reads Russian (`data/README.md`).
pub fn reader() -> Vec<f32> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/all/data/speech_ru.flac");
    crate::cue::decode_file(std::path::Path::new(path), 48_000).remove(0)
}

/// Real speech, where its lines are, and places in its pauses, s.
pub struct Voice {
    pub name: &'static str,
    pub audio: Vec<f32>,
    pub lines: Vec<(f64, f64)>,
    pub pauses: Vec<f64>,
}

impl Voice {
    /// The dialogue of the cue, by which the tools' constants were chosen.
    pub fn cue() -> Self {
        let pauses = vec![0.3, 8.0, 11.7, 17.6, 24.4];
        Self { name: "cue", audio: speech(), lines: LINES_S.to_vec(), pauses }
    }

    /// A man who reads Russian, by whom none was: two lines with a second of nothing around each, as loud
    /// as the cue's; the places in its pauses were moved once, beyond the suppressor's release.
    pub fn held_out() -> Self {
        const HALF: f32 = 0.5;
        let whole = reader();
        let silence = vec![0.0; frames(1.0)];
        let mut audio = silence.clone();
        let mut lines = Vec::new();
        // Where the reader pauses.
        for (start, end) in [(0.0, 5.9), (6.1, 12.2)] {
            lines.push((audio.len() as f64 / RATE_HZ, audio.len() as f64 / RATE_HZ + end - start));
            audio.extend(whole[frames(start)..frames(end)].iter().map(|x| x * HALF));
            audio.extend(&silence);
        }
        Self { name: "held out", audio, lines, pauses: vec![0.3, 0.6, 7.4, 7.6, 14.5, 14.7] }
    }

    pub fn both() -> [Self; 2] {
        [Self::cue(), Self::held_out()]
    }

    /// Levels of 100 ms in a line, not below a floor.
    pub fn contour(audio: &[f32], (start, end): (f64, f64), floor_db: f64) -> Vec<f64> {
        let line = &audio[frames(start)..frames(end)];
        line.chunks_exact(4800).map(|x| level_db(x).max(floor_db)).collect()
    }
}

/// Correlation of two courses.
pub fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (ma, mb) = (mean(a), mean(b));
    let sum = |x: &[f64], mx: f64, y: &[f64], my: f64| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum()
    };
    sum(a, ma, b, mb) / (sum(a, ma, a, ma) * sum(b, mb, b, mb)).sqrt()
}
