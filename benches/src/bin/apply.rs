//! One processor over a file, timed: our side where the rivals are other programs
//! (`benches/process_rivals.py`).
//!
//! `apply ROUNDS INPUT OUTPUT CHANNELS RATE_HZ WHAT [VALUES]`: the files hold interleaved f32 without
//! a header, little-endian. WHAT is `gain DB`, or `eq HZ:DB:Q …` (bells of the "Audio EQ Cookbook",
//! which is what all the rivals have). Prints the best of the rounds' seconds: processing in blocks of
//! [`BLOCK`] frames, which begins with a copy of the material, and nothing else.

use std::fs;
use std::process::ExitCode;
use std::time::Instant;

use mixcore::filters::design::{Method, Shape};
use mixcore::filters::{Eq, EqBand, EqParams, EqSetup};
use mixcore::level::{Fader, FaderParams, FaderSetup};
use mixcore::{BlockMut, Io, Layout, Process, Stream};

/// Frames of a block: what pedalboard takes too.
const BLOCK: usize = 512;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(seconds) => {
            println!("{seconds:e}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("apply: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<f64, String> {
    let [rounds, input, output, channels, rate_hz, what, values @ ..] = words else {
        return Err("ROUNDS INPUT OUTPUT CHANNELS RATE_HZ WHAT [VALUES]".into());
    };
    let channels: usize = number(channels)?;
    let layout = match channels {
        1 => Layout::MONO,
        2 => Layout::STEREO,
        _ => return Err(format!("{channels} channels: 1 or 2")),
    };
    let stream = Stream::new(number(rate_hz)?, layout).map_err(text)?;
    let material = read(input, channels)?;
    let mut processor = processor(what, values, stream)?;
    let mut audio = material.clone();
    let mut best = f64::INFINITY;
    for _ in 0..number::<usize>(rounds)?.max(1) {
        processor.reset();
        let start = Instant::now();
        for (to, from) in audio.iter_mut().zip(&material) {
            to.copy_from_slice(from);
        }
        let frames = material.first().map_or(0, Vec::len);
        let mut whole = BlockMut::new(&mut audio).map_err(text)?;
        for at in (0..frames).step_by(BLOCK) {
            processor.process(Io::new(whole.range(at, at + BLOCK))).map_err(text)?;
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    write(output, &audio)?;
    Ok(best)
}

fn processor(what: &str, values: &[&str], stream: Stream) -> Result<Box<dyn Process<f32>>, String> {
    match (what, values) {
        ("gain", [gain_db]) => {
            let params = FaderParams { gain_db: number(gain_db)? };
            let fader = Fader::new(FaderSetup::default(), params, stream).map_err(text)?;
            Ok(Box::new(fader))
        }
        ("eq", bands) => {
            let bands = bands.iter().map(|band| bell(band)).collect::<Result<Vec<_>, _>>()?;
            let setup = EqSetup { bands: bands.len(), method: Method::Cookbook };
            let eq = Eq::new(setup, EqParams::new(&bands), stream).map_err(text)?;
            Ok(Box::new(eq))
        }
        _ => Err(format!("{what}: gain DB or eq HZ:DB:Q …")),
    }
}

fn bell(text: &str) -> Result<EqBand, String> {
    let numbers = text.split(':').map(number).collect::<Result<Vec<f64>, _>>()?;
    match numbers[..] {
        [hz, gain_db, q] => Ok(EqBand::new(Shape::Bell, hz, gain_db, q)),
        _ => Err(format!("{text}: HZ:DB:Q")),
    }
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
