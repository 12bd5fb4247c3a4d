//! One processor over a file: our side where the rivals are other programs (`benches/process_rivals.py`,
//! which times this one from outside, like theirs).
//!
//! `apply PASSES INPUT OUTPUT CHANNELS RATE_HZ WHAT [VALUES]`: the files hold interleaved f32 without
//! a header, little-endian; OUTPUT `-` writes nothing. WHAT is
//!
//! - `eq HZ:DB:Q …`: bells of the "Audio EQ Cookbook", which is what all the rivals have,
//! - `compressor THRESHOLD_DB:RATIO:KNEE_DB:ATTACK_MS:RELEASE_MS`,
//! - `limit PEAKS CEILING_DB LOOKAHEAD_MS RELEASE_MS` (`true`, `sample`),
//! - `fundsp CEILING_DB LOOKAHEAD_MS RELEASE_MS`: not ours but the limiter of crate `fundsp`, the only
//!   one of its dynamics (it has no compressor); in stereo,
//! - `rate HZ METHOD` (`fft`, `polyphase`),
//! - `copy`: what all but `rate` do besides, the material copied block by block,
//! - `read`: what `rate` does besides, which has an output of its own.
//!
//! Every pass begins anew and goes through the whole material in blocks of [`BLOCK`] frames.

use std::fs;
use std::hint::black_box;
use std::process::ExitCode;

use fundsp::prelude64::{AudioUnit, limiter_stereo};
use mixcore::dynamics::{
    Compressor, CompressorParams, CompressorSetup, Limiter, LimiterMode, LimiterParams,
    LimiterSetup,
};
use mixcore::filters::design::{Method, Shape};
use mixcore::filters::{Eq, EqBand, EqParams, EqSetup, Resampler, ResamplerMethod, ResamplerSetup};
use mixcore::units::db_to_gain;
use mixcore::{Block, BlockMut, Io, Layout, Process, Stream};

/// Frames of a block: what pedalboard takes too.
const BLOCK: usize = 512;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("apply: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<(), String> {
    let [passes, input, output, channels, rate_hz, what, values @ ..] = words else {
        return Err("PASSES INPUT OUTPUT CHANNELS RATE_HZ WHAT [VALUES]".into());
    };
    let channels: usize = number(channels)?;
    let layout = match channels {
        1 => Layout::MONO,
        2 => Layout::STEREO,
        _ => return Err(format!("{channels} channels: 1 or 2")),
    };
    let stream = Stream::new(number(rate_hz)?, layout).map_err(text)?;
    let material = read(input, channels)?;
    let passes: usize = number(passes)?;
    let audio = match (*what, values) {
        ("read", []) => material,
        ("copy", []) => process(passes, &material, None)?,
        ("fundsp", [ceiling, lookahead, release]) => {
            let seconds = [number::<f32>(lookahead)? * 1e-3, number::<f32>(release)? * 1e-3];
            fundsp(passes, &material, stream, number(ceiling)?, seconds)?
        }
        ("rate", [to_hz, method]) => {
            let setup = ResamplerSetup {
                method: self::method(method)?,
                ..ResamplerSetup::to(number(to_hz)?)
            };
            resample(passes, &material, stream, setup)?
        }
        _ => process(passes, &material, Some(processor(what, values, stream)?))?,
    };
    if *output == "-" {
        black_box(&audio);
        return Ok(());
    }
    write(output, &audio)
}

fn process(
    passes: usize,
    material: &[Vec<f32>],
    mut processor: Option<Box<dyn Process<f32>>>,
) -> Result<Vec<Vec<f32>>, String> {
    let mut audio = material.to_vec();
    for _ in 0..passes {
        if let Some(processor) = &mut processor {
            processor.reset();
        }
        in_blocks(material, &mut audio, |block| match &mut processor {
            Some(processor) => processor.process(Io::new(block)),
            None => Ok(()),
        })?;
    }
    Ok(audio)
}

/// The limiter of crate `fundsp`. Its ceiling is 1, so the material is raised once before all passes, and
/// lowered behind them.
fn fundsp(
    passes: usize,
    material: &[Vec<f32>],
    stream: Stream,
    ceiling_db: f64,
    [lookahead_s, release_s]: [f32; 2],
) -> Result<Vec<Vec<f32>>, String> {
    let ceiling = db_to_gain(ceiling_db) as f32;
    let scaled = |audio: &[Vec<f32>], gain: f32| -> Vec<Vec<f32>> {
        audio.iter().map(|channel| channel.iter().map(|x| x * gain).collect()).collect()
    };
    let raised = scaled(material, ceiling.recip());
    let mut audio = raised.clone();
    let mut limiter = limiter_stereo(lookahead_s, release_s);
    limiter.set_sample_rate(stream.rate_hz);
    AudioUnit::allocate(&mut limiter);
    for _ in 0..passes {
        limiter.reset();
        in_blocks(&raised, &mut audio, |mut block| {
            let mut channels = block.channels_mut();
            if let (Some(left), Some(right)) = (channels.next(), channels.next()) {
                for (left, right) in left.iter_mut().zip(right) {
                    let out = limiter.tick(&[*left, *right].into());
                    (*left, *right) = (out[0], out[1]);
                }
            }
            Ok(())
        })?;
    }
    Ok(scaled(&audio, ceiling))
}

/// Copies the material block by block, and does something with each block.
fn in_blocks(
    material: &[Vec<f32>],
    audio: &mut [Vec<f32>],
    mut work: impl FnMut(BlockMut<'_, f32>) -> Result<(), mixcore::Error>,
) -> Result<(), String> {
    let frames = material.first().map_or(0, Vec::len);
    for at in (0..frames).step_by(BLOCK) {
        let end = frames.min(at + BLOCK);
        for (to, from) in audio.iter_mut().zip(material) {
            to[at..end].copy_from_slice(&from[at..end]);
        }
        let mut whole = BlockMut::new(audio).map_err(text)?;
        work(black_box(whole.range(at, end))).map_err(text)?;
    }
    Ok(())
}

/// The clip at another rate, as long as it was: the latency is fed in behind and cut off in front.
fn resample(
    passes: usize,
    material: &[Vec<f32>],
    stream: Stream,
    setup: ResamplerSetup,
) -> Result<Vec<Vec<f32>>, String> {
    let mut resampler = Resampler::<f32>::new(setup, stream).map_err(text)?;
    let clip = Block::new(material).map_err(text)?;
    let latency = resampler.latency_frames();
    let frames = resampler.clip_frames(clip.frames()) + latency;
    let mut audio = vec![vec![0.0; frames]; material.len()];
    for _ in 0..passes {
        resampler.reset();
        let mut whole = BlockMut::new(&mut audio).map_err(text)?;
        let mut done = 0;
        for at in (0..clip.frames()).step_by(BLOCK) {
            let (part, room) = (clip.range(at, at + BLOCK), whole.range(done, frames));
            done += resampler.push(part, room).map_err(text)?;
        }
        resampler.flush(whole.range(done, frames)).map_err(text)?;
    }
    for channel in &mut audio {
        channel.drain(..latency);
    }
    Ok(audio)
}

fn processor(what: &str, values: &[&str], stream: Stream) -> Result<Box<dyn Process<f32>>, String> {
    match (what, values) {
        ("eq", bands) => {
            let bands = bands.iter().map(|band| bell(band)).collect::<Result<Vec<_>, _>>()?;
            let setup = EqSetup { bands: bands.len(), method: Method::Cookbook };
            let eq = Eq::new(setup, EqParams::new(&bands), stream).map_err(text)?;
            Ok(Box::new(eq))
        }
        ("compressor", [values]) => {
            let [threshold_dbfs, ratio, knee_db, attack_ms, release_ms] = numbers(values)?;
            let params = CompressorParams {
                threshold_dbfs,
                ratio,
                knee_db,
                attack_ms,
                release_ms,
                ..CompressorParams::default()
            };
            let compressor = Compressor::new(CompressorSetup::default(), params, stream);
            Ok(Box::new(compressor.map_err(text)?))
        }
        ("limit", [peaks, ceiling, lookahead, release]) => {
            let mode = match *peaks {
                "true" => LimiterMode::TruePeak,
                "sample" => LimiterMode::SamplePeak,
                _ => return Err(format!("{peaks}: true or sample")),
            };
            let lookahead_ms = number(lookahead)?;
            let setup = LimiterSetup { mode, lookahead_ms, ..LimiterSetup::default() };
            let params = LimiterParams {
                ceiling_dbtp: number(ceiling)?,
                release_ms: number(release)?,
                ..LimiterParams::default()
            };
            Ok(Box::new(Limiter::new(setup, params, stream).map_err(text)?))
        }
        _ => Err(format!("{what}: eq, compressor, limit, fundsp, rate, copy or read")),
    }
}

fn method(text: &str) -> Result<ResamplerMethod, String> {
    match text {
        "fft" => Ok(ResamplerMethod::Fft),
        "polyphase" => Ok(ResamplerMethod::Polyphase),
        _ => Err(format!("{text}: fft or polyphase")),
    }
}

fn bell(text: &str) -> Result<EqBand, String> {
    let [hz, gain_db, q] = numbers(text)?;
    Ok(EqBand::new(Shape::Bell, hz, gain_db, q))
}

/// Numbers with colons between.
fn numbers<const N: usize>(text: &str) -> Result<[f64; N], String> {
    let all = text.split(':').map(number).collect::<Result<Vec<f64>, _>>()?;
    all.try_into().map_err(|_| format!("{text}: {N} numbers with colons between"))
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

fn text(error: mixcore::Error) -> String {
    error.to_string()
}

/// The channels of a file of interleaved samples.
fn read(path: &str, channels: usize) -> Result<Vec<Vec<f32>>, String> {
    let bytes = fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    let samples = bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
    let mut planes = vec![Vec::with_capacity(bytes.len() / 4 / channels); channels];
    for (index, sample) in samples.enumerate() {
        planes[index % channels].push(sample);
    }
    Ok(planes)
}

fn write(path: &str, planes: &[Vec<f32>]) -> Result<(), String> {
    let frames = planes.first().map_or(0, Vec::len);
    let bytes: Vec<u8> = (0..frames)
        .flat_map(|frame| planes.iter().map(move |plane| plane[frame]))
        .flat_map(f32::to_le_bytes)
        .collect();
    fs::write(path, bytes).map_err(|error| format!("{path}: {error}"))
}
