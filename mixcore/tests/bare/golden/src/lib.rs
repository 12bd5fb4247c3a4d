//! The golden programme through every processor, in lent memory, as the lines of
//! `mixcore/tests/golden/hashes.csv`.
//!
//! Written apart from the tests of mixcore, without `std` and `alloc`: what the file has and this
//! has not, or the other way round, makes the proof fail.
#![no_std]
#![forbid(unsafe_code)]

mod dialogue;
mod dynamics;
mod filters;
mod level;
mod programme;
mod spatial;

use mixcore::audio::{Block, BlockMut, Sample};
use mixcore::loudness::{Meter, MeterSetup};
use mixcore::{Convert, Error, Io, Layout, Process, Reading, Stream};
use sha2::{Digest, Sha256};

use dialogue::{
    automixer, click_tamer, ducker, ducker_keyed, hum_comb, leveller, low_mid_cut,
    low_mid_cut_keyed, masking_ducker, masking_ducker_keyed, plosive_tamer, suppressor,
};
use dynamics::{
    compressor, compressor_k, compressor_keyed, compressor_rms, deesser_bell, deesser_split,
    dynamic_eq, dynamic_eq_keyed, dynamic_eq_peak, gate, gate_keyed, limiter, multiband,
    multiband_keyed, multiband_limiter, soft_clipper, soft_clipper_bare, transient_shaper,
    transient_shaper_keyed,
};
use filters::{cascade, convolver, crossover, delay, eq, fir, fractional_delay, svf};
use level::{automated_gain, dc_blocker, dither, dither_shaped, fader};
use programme::Programme;
use spatial::{
    bass_manager, fold_down, haas, lfe_send, lt_rt, mid_side, mono_maker, object_mixer, panner,
    panner_polar, width,
};

const RATE_HZ: f64 = 48_000.0;
/// Frames of the programme of a processor.
const FRAMES: usize = 6007;
/// Frames of the programme of the meter: 4 s.
const METER_FRAMES: usize = 192_000;
/// Frames of the programme of a processor with a key: 1 s.
const KEYED_FRAMES: usize = 48_000;
/// Frames of a block.
const BLOCK: usize = 480;
/// Channels of the larger layout, 5.1.
const CHANNELS: usize = 6;
/// Most channels that come out: three bands of 5.1.
const OUTPUTS: usize = 3 * CHANNELS;

/// Memory of the meter, more than it asks for; its constructor checks.
const METER_SAMPLES: usize = 24_000;
const METER_HISTORY: usize = 4_000;

/// Writes the table, line by line.
///
/// # Errors
/// A processor that refuses its setting: the proof is wrong then.
pub fn write_csv(emit: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
    emit(b"name,sha256\n");
    macro_rules! rows {
        ($($name:ident),+) => {
            $(
                row(emit, concat!(stringify!($name), "/f32,"), $name::<f32>()?);
                row(emit, concat!(stringify!($name), "/f64,"), $name::<f64>()?);
            )+
        };
    }
    rows!(
        automated_gain,
        automixer,
        bass_manager,
        cascade,
        click_tamer,
        compressor,
        compressor_k,
        compressor_keyed,
        compressor_rms,
        convolver,
        crossover,
        dc_blocker,
        deesser_bell,
        deesser_split,
        delay,
        dither,
        dither_shaped,
        ducker,
        ducker_keyed,
        dynamic_eq,
        dynamic_eq_keyed,
        dynamic_eq_peak,
        eq,
        fader,
        fir,
        fold_down,
        fractional_delay,
        gate,
        gate_keyed,
        haas,
        hum_comb,
        leveller,
        lfe_send,
        limiter,
        low_mid_cut,
        low_mid_cut_keyed,
        lt_rt,
        masking_ducker,
        masking_ducker_keyed,
        meter,
        mid_side,
        mono_maker,
        multiband,
        multiband_keyed,
        multiband_limiter,
        object_mixer,
        panner,
        panner_polar,
        plosive_tamer,
        soft_clipper,
        soft_clipper_bare,
        suppressor,
        svf,
        transient_shaper,
        transient_shaper_keyed,
        width
    );
    Ok(())
}

fn row(emit: &mut dyn FnMut(&[u8]), name: &str, hash: Sha256) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    emit(name.as_bytes());
    for byte in hash.finalize() {
        emit(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    emit(b"\n");
}

/// Adds samples, little-endian in their own type, -0 as +0.
fn update<S: Sample>(hash: &mut Sha256, samples: &[S]) {
    for sample in samples {
        let value = sample.as_f64() + 0.0;
        if size_of::<S>() == 4 {
            hash.update((value as f32).to_le_bytes());
        } else {
            hash.update(value.to_le_bytes());
        }
    }
}

/// What feeds a processor with the programme and adds what comes out to a hash.
type Feed<S> = fn(&mut dyn Process<S>, Stream, &mut Sha256) -> Result<(), Error>;

/// The hash of what `run` adds to it in stereo and in 5.1.
fn hashed(run: impl Fn(Stream, &mut Sha256) -> Result<(), Error>) -> Result<Sha256, Error> {
    let mut hash = Sha256::new();
    for layout in [Layout::STEREO, Layout::SURROUND_5_1] {
        run(Stream::new(RATE_HZ, layout)?, &mut hash)?;
    }
    Ok(hash)
}

/// Feeds a processor without a key.
fn alone<S: Sample>(
    processor: &mut dyn Process<S>,
    stream: Stream,
    hash: &mut Sha256,
) -> Result<(), Error> {
    let mut audio = [[S::zero(); FRAMES]; CHANNELS];
    for (channel, samples) in audio.iter_mut().enumerate() {
        Programme::new(channel, FRAMES).fill(samples);
    }
    let channels = process(processor, stream, &mut audio)?;
    audio[..channels].iter().for_each(|channel| update(hash, channel));
    Ok(())
}

/// Feeds a processor with a longer programme and a key, block after block. The key is one more channel,
/// whose stretches are shorter.
fn keyed<S: Sample>(
    processor: &mut dyn Process<S>,
    stream: Stream,
    hash: &mut Sha256,
) -> Result<(), Error> {
    let channels = stream.channel_count();
    let mut programmes: [Programme; CHANNELS] =
        core::array::from_fn(|channel| Programme::new(channel, KEYED_FRAMES));
    let mut other = Programme::new(CHANNELS, KEYED_FRAMES * 3 / 4);
    for _ in 0..KEYED_FRAMES / BLOCK {
        let (mut block, mut key) = ([[S::zero(); BLOCK]; CHANNELS], [S::zero(); BLOCK]);
        for (programme, channel) in programmes.iter_mut().zip(&mut block) {
            programme.fill(channel);
        }
        other.fill(&mut key);
        let main = BlockMut::new(&mut block[..channels])?;
        processor.process(Io::with_key(main, Block::mono(&key)))?;
        block[..channels].iter().for_each(|channel| update(hash, channel));
    }
    Ok(())
}

/// The hash of what `run` leaves in the channels it counts, in stereo and in 5.1.
fn in_two_layouts<S: Sample>(
    run: impl Fn(Stream, &mut [[S; FRAMES]]) -> Result<usize, Error>,
) -> Result<Sha256, Error> {
    let mut hash = Sha256::new();
    for layout in [Layout::STEREO, Layout::SURROUND_5_1] {
        let mut audio = [[S::zero(); FRAMES]; OUTPUTS];
        for (channel, samples) in audio[..CHANNELS].iter_mut().enumerate() {
            Programme::new(channel, FRAMES).fill(samples);
        }
        let outputs = run(Stream::new(RATE_HZ, layout)?, &mut audio)?;
        for channel in &audio[..outputs] {
            update(&mut hash, channel);
        }
    }
    Ok(hash)
}

/// Runs a processor in place, block by block.
fn process<S: Sample>(
    processor: &mut dyn Process<S>,
    stream: Stream,
    audio: &mut [[S; FRAMES]],
) -> Result<usize, Error> {
    let channels = stream.channel_count();
    for at in (0..FRAMES).step_by(BLOCK) {
        let mut whole = BlockMut::new(&mut audio[..channels])?;
        processor.process(Io::new(whole.range(at, at + BLOCK)))?;
    }
    Ok(channels)
}

/// Runs a processor that changes the layout, block by block.
fn convert<S: Sample>(
    processor: &mut dyn Convert<S>,
    audio: &mut [[S; FRAMES]],
) -> Result<usize, Error> {
    let mut converted = [[S::zero(); FRAMES]; OUTPUTS];
    let (inputs, outputs) = (processor.input_channels(), processor.output_channels());
    for at in (0..FRAMES).step_by(BLOCK) {
        let input = Block::new(&audio[..inputs])?;
        let mut output = BlockMut::new(&mut converted[..outputs])?;
        processor.convert(input.range(at, at + BLOCK), output.range(at, at + BLOCK))?;
    }
    audio.copy_from_slice(&converted);
    Ok(outputs)
}

/// What a meter reads of 4 s in 5.1; NaN where it has no value.
fn meter<S: Sample>() -> Result<Sha256, Error> {
    let stream = Stream::new(RATE_HZ, Layout::SURROUND_5_1)?;
    let setup = MeterSetup { max_duration_s: 10.0, ..MeterSetup::default() };
    let (mut samples, mut history) = ([S::one(); METER_SAMPLES], [1.0; METER_HISTORY]);
    let mut meter = Meter::new_in(setup, stream, &mut samples, &mut history)?;
    let mut programmes: [Programme; CHANNELS] =
        core::array::from_fn(|channel| Programme::new(channel, METER_FRAMES));
    for _ in 0..METER_FRAMES / BLOCK {
        let mut block = [[S::zero(); BLOCK]; CHANNELS];
        for (programme, channel) in programmes.iter_mut().zip(&mut block) {
            programme.fill(channel);
        }
        meter.push(Block::new(&block)?)?;
    }
    let read = meter.measurement();
    let mut hash = Sha256::new();
    for reading in [
        read.integrated_lufs,
        read.momentary_max_lufs,
        read.short_term_max_lufs,
        read.loudness_range_lu,
        read.true_peak_dbtp,
        read.sample_peak_dbfs,
    ] {
        let value = if let Reading::Value(value) = reading { value } else { f64::NAN };
        update(&mut hash, &[value]);
    }
    Ok(hash)
}
