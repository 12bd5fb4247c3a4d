//! The promises that every processor keeps, written once. `promises.rs` joins each processor.

use mixcore::audio::{Block, BlockMut, Sample};
use mixcore::kernels::Isa;
use mixcore::stream::{Convert, Io, Process, Processor, Scale, Stream};
use mixcore::{Error, Layout};

use crate::signals::{Noise, noise};

/// Block sizes of DESIGN promise 1; 0 means random sizes (0 frames among them).
const BLOCKS: [usize; 9] = [8191, 1, 2, 7, 64, 65, 480, 4096, 0];

/// Frames of the test programme: several look-aheads at 48 kHz, no multiple of 64.
pub const FRAMES: usize = 6007;

/// Frames at which parameters are changed: off every grid.
const EVENTS: [usize; 3] = [777, 2049, 2500];

pub const RATE_HZ: f64 = 48_000.0;

pub type Planar<S> = Vec<Vec<S>>;

/// Either kind of processor, fed the same way.
pub enum Unit<S: Sample> {
    Process(Box<dyn Process<S>>),
    Convert(Box<dyn Convert<S>>),
}

/// Builds a processor for a stream.
pub type Make<S> = fn(Stream) -> Result<Unit<S>, Error>;

impl<S: Sample> Unit<S> {
    pub fn processor(&mut self) -> &mut dyn Processor {
        match self {
            Self::Process(p) => &mut **p,
            Self::Convert(c) => &mut **c,
        }
    }

    pub fn channels(&self, stream: &Stream) -> (usize, usize) {
        match self {
            Self::Process(_) => (stream.channel_count(), stream.channel_count()),
            Self::Convert(c) => (c.input_channels(), c.output_channels()),
        }
    }

    pub fn run(&mut self, input: Block<'_, S>, mut output: BlockMut<'_, S>) -> Result<(), Error> {
        match self {
            Self::Process(p) => {
                output.copy_from(&input)?;
                p.process(Io::new(output))
            }
            Self::Convert(c) => c.convert(input, output),
        }
    }
}

/// A loud programme with quiet stretches, so that dynamics have something to do.
pub fn programme<S: Sample>(channels: usize, frames: usize) -> Planar<S> {
    let mut audio = noise::<S>(channels, frames, 1.0, 77);
    stretch_levels(&mut audio, frames);
    audio
}

/// The levels of the programme's eighths, and the last one for what follows.
fn stretch_levels<S: Sample>(audio: &mut [Vec<S>], frames: usize) {
    for channel in audio {
        for (n, sample) in channel.iter_mut().enumerate() {
            let level = match n * 8 / frames.max(1) {
                0 | 4 => 0.05,
                1 | 5 => 2.5,
                2 => 0.0,
                _ => 0.6,
            };
            *sample *= S::from_f64(level);
        }
    }
}

fn bits<S: Sample>(audio: &[Vec<S>]) -> Vec<u64> {
    audio.iter().flatten().map(|s| s.as_f64().to_bits()).collect()
}

/// Moves every field to another legal value, another one at every event.
pub fn disturb(processor: &mut dyn Processor, event: usize) {
    for field in processor.fields() {
        let share = [0.25, 0.6, 0.45][event % 3];
        let value = match field.scale {
            Scale::Log => field.min * (field.max / field.min).powf(share),
            _ => field.min + (field.max - field.min) * share,
        };
        processor.set_field(field.name, value).unwrap();
    }
}

fn feed<S: Sample>(
    unit: &mut Unit<S>,
    stream: &Stream,
    input: &[Vec<S>],
    block: usize,
    events: bool,
) -> Planar<S> {
    let (_, outputs) = unit.channels(stream);
    let frames = input[0].len();
    let mut output = vec![vec![S::zero(); frames]; outputs];
    let mut pick = Noise::new(4711);
    let mut at = 0;
    while at < frames {
        let mut size = if block == 0 { pick.below(300) } else { block };
        if events {
            if let Some(event) = EVENTS.iter().position(|&e| e == at)
                && (block != 0 || size > 0)
            {
                disturb(unit.processor(), event);
            }
            if let Some(next) = EVENTS.iter().find(|&&e| e > at) {
                size = size.min(next - at);
            }
        }
        let end = (at + size).min(frames);
        let from = Block::new(input).unwrap().range(at, end);
        let mut whole = BlockMut::new(&mut output).unwrap();
        unit.run(from, whole.range(at, end)).unwrap();
        at = end;
    }
    output
}

/// Layouts in which a processor that takes `stream.layout` is tested.
pub fn streams(isa: Isa) -> impl Iterator<Item = Stream> {
    [Layout::STEREO, Layout::SURROUND_5_1]
        .into_iter()
        .map(move |layout| Stream::with_isa(RATE_HZ, layout, isa).unwrap())
}

/// The usual streams and one more that is unusual: 7.1 at a rate that is no multiple of 1000.
pub fn more_streams(isa: Isa) -> impl Iterator<Item = Stream> {
    let unusual = Stream::with_isa(11_025.0, Layout::SURROUND_7_1, isa).unwrap();
    streams(isa).chain([unusual])
}

fn input_for<S: Sample>(make: Make<S>, stream: Stream) -> Planar<S> {
    programme(make(stream).unwrap().channels(&stream).0, FRAMES)
}

/// Any block split gives the same bits, parameter changes included.
pub fn any_block_split<S: Sample>(make: Make<S>) {
    for stream in more_streams(Isa::detect()) {
        let input = input_for(make, stream);
        let expected = bits(&feed(&mut make(stream).unwrap(), &stream, &input, FRAMES, true));
        for block in BLOCKS {
            let got = bits(&feed(&mut make(stream).unwrap(), &stream, &input, block, true));
            assert!(got == expected, "blocks of {block} differ ({})", stream.layout);
        }
    }
}

/// Every SIMD level gives the same bits.
pub fn every_isa<S: Sample>(make: Make<S>) {
    let mut expected: Vec<Vec<u64>> = Vec::new();
    for isa in Isa::available() {
        for (index, stream) in more_streams(isa).enumerate() {
            let input = input_for(make, stream);
            let got = bits(&feed(&mut make(stream).unwrap(), &stream, &input, 480, true));
            match expected.get(index) {
                Some(first) => assert!(got == *first, "{isa:?} differs ({})", stream.layout),
                None => expected.push(got),
            }
        }
    }
}

/// After `reset` an object is as a new one with the same parameters.
pub fn reset_is_new<S: Sample>(make: Make<S>) {
    for stream in streams(Isa::detect()) {
        let input = input_for(make, stream);
        // Used and reset, with the parameters it was made with: as one that was never touched.
        let mut used = make(stream).unwrap();
        feed(&mut used, &stream, &input, 480, false);
        used.processor().reset();
        let untouched = bits(&feed(&mut make(stream).unwrap(), &stream, &input, 480, false));
        assert!(bits(&feed(&mut used, &stream, &input, 480, false)) == untouched);
        // Used, moved and reset: as one that was moved and reset at once.
        let mut fresh = make(stream).unwrap();
        disturb(fresh.processor(), 0);
        fresh.processor().reset();
        let mut used = make(stream).unwrap();
        feed(&mut used, &stream, &input, 480, false);
        disturb(used.processor(), 0);
        used.processor().reset();
        assert_eq!(used.processor().faults(), 0);
        let expected = bits(&feed(&mut fresh, &stream, &input, 480, false));
        assert!(bits(&feed(&mut used, &stream, &input, 480, false)) == expected);
    }
}

/// Impulses: of a usual level; so soft that gates close and upward compressors lift, -60 dBFS; and all
/// channels together just below the largest sample that is legal, so that no sum of them is beyond it.
const IMPULSES: [f64; 3] = [0.125, 1e-3, LOUD];
const LOUD: f64 = 999_999.0;

/// An impulse at frames 0, 1, middle and last, in short and long clips, lands exactly
/// `latency_frames` later, and the tail is as long as it says. Soft and loud, in the clip of 50 frames.
pub fn latency_is_exact<S: Sample>(make: Make<S>) {
    for stream in more_streams(Isa::detect()) {
        for clip in [1, 2, 50, 500, FRAMES] {
            for at in [0, 1, clip / 2, clip - 1] {
                if at >= clip {
                    continue;
                }
                let levels = if clip == 50 { &IMPULSES[..] } else { &IMPULSES[..1] };
                for &level in levels {
                    impulse_lands(make, stream, clip, at, level);
                }
            }
        }
    }
}

fn impulse_lands<S: Sample>(make: Make<S>, stream: Stream, clip: usize, at: usize, level: f64) {
    let mut unit = make(stream).unwrap();
    let (inputs, _) = unit.channels(&stream);
    let latency = unit.processor().latency_frames();
    let tail = unit.processor().tail_frames();
    assert!(tail >= latency);
    let mut input = vec![vec![S::zero(); clip + tail + 100]; inputs];
    for channel in &mut input {
        channel[at] = S::from_f64(if level < 1.0 { level } else { level / inputs as f64 });
    }
    let output = feed(&mut unit, &stream, &input, 64, false);
    let sounding: Vec<usize> = (0..output[0].len())
        .filter(|&n| output.iter().any(|channel| channel[n] != S::zero()))
        .collect();
    if level == LOUD {
        // 120 dB of limiting in each band leave more of the crossings' ringing than of the impulse.
        assert!(sounding.contains(&(at + latency)), "the impulse of {level} at {at} is lost");
    } else {
        let power = |&a: &usize, &b: &usize| energy(&output, a).total_cmp(&energy(&output, b));
        let loudest = sounding.iter().copied().max_by(power);
        assert_eq!(loudest, Some(at + latency), "impulse of {level} at {at} of {clip}");
    }
    assert!(sounding.iter().all(|&n| n <= at + tail), "{level}: tail longer than tail_frames");
}

fn energy<S: Sample>(audio: &[Vec<S>], n: usize) -> f64 {
    audio.iter().map(|channel| channel[n].as_f64().powi(2)).sum()
}

/// What is not finite or beyond 1e6: with memory it is taken as 0 and counted, without it passes.
pub fn faulty_samples<S: Sample>(make: Make<S>, memory: bool) {
    let faults = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 2e6, -1e30];
    for stream in streams(Isa::detect()) {
        let clean = input_for(make, stream);
        let mut dirty = clean.clone();
        let mut zeroed = clean.clone();
        let mut pick = Noise::new(99);
        let mut count = 0;
        for (channel, zeros) in dirty.iter_mut().zip(&mut zeroed) {
            for fault in faults.iter().cycle().take(23) {
                let at = pick.below(FRAMES);
                count += u64::from(channel[at].as_f64().abs() <= 1e6);
                channel[at] = S::from_f64(*fault);
                zeros[at] = S::zero();
            }
        }
        let mut unit = make(stream).unwrap();
        let got = feed(&mut unit, &stream, &dirty, 480, false);
        if memory {
            let expected = feed(&mut make(stream).unwrap(), &stream, &zeroed, 480, false);
            assert!(bits(&got) == bits(&expected), "not as with zeros ({})", stream.layout);
            assert_eq!(unit.processor().faults(), count);
            assert!(got.iter().flatten().all(|x| x.is_finite()));
        } else {
            let expected = feed(&mut make(stream).unwrap(), &stream, &clean, 480, false);
            for n in 0..FRAMES {
                let touched = (0..dirty.len()).any(|c| dirty[c][n] != clean[c][n]);
                if !touched {
                    assert!((0..got.len()).all(|c| got[c][n] == expected[c][n]));
                }
            }
            assert!(got.iter().flatten().any(|x| x.is_nan()), "NaN was swallowed silently");
        }
    }
}

/// Wrong channel counts are errors that leave the audio alone; empty blocks are legal.
pub fn bad_blocks<S: Sample>(make: Make<S>) {
    for stream in streams(Isa::detect()) {
        let mut unit = make(stream).unwrap();
        let (inputs, outputs) = unit.channels(&stream);
        let input = vec![vec![S::one(); 16]; inputs + 1];
        let mut output = vec![vec![S::one(); 16]; outputs + 1];
        let from = Block::new(&input).unwrap();
        let error = unit.run(from, BlockMut::new(&mut output[..inputs.min(outputs + 1)]).unwrap());
        assert!(error.is_err());
        let error = match &mut unit {
            Unit::Process(p) => p.process(Io::new(BlockMut::new(&mut output).unwrap())),
            Unit::Convert(c) => c.convert(from, BlockMut::new(&mut output[..outputs]).unwrap()),
        };
        let text = error.unwrap_err().to_string();
        assert!(text.contains("channel"), "{text}");
        if let Unit::Process(p) = &mut unit {
            // Shorter than the block: wrong for a processor with a key, and for one without.
            let key = from.range(0, 15);
            let main = BlockMut::new(&mut output[..outputs]).unwrap();
            assert!(p.process(Io::with_key(main, key)).is_err());
        }
        assert!(output.iter().flatten().all(|&x| x == S::one()), "the block was touched");
        let empty = vec![Vec::new(); inputs.max(outputs)];
        let mut empty_out: Planar<S> = vec![Vec::new(); outputs];
        unit.run(Block::new(&empty[..inputs]).unwrap(), BlockMut::new(&mut empty_out).unwrap())
            .unwrap();
    }
}

/// How the name of a field ends whose unit has a suffix (DESIGN 9).
const SUFFIXES: [(&str, &str); 10] = [
    ("dBFS", "_dbfs"),
    ("dBTP", "_dbtp"),
    ("LUFS", "_lufs"),
    ("LU", "_lu"),
    ("dB", "_db"),
    ("dB/s", "_db_per_s"),
    ("Hz", "hz"),
    ("ms", "_ms"),
    ("%", "_percent"),
    ("deg", "_deg"),
];

/// Every field is listed, named with its unit, readable, settable inside its bounds and refused
/// outside.
pub fn fields_are_honest<S: Sample>(make: Make<S>) {
    let stream = streams(Isa::detect()).next().unwrap();
    let mut unit = make(stream).unwrap();
    let processor = unit.processor();
    for field in processor.fields() {
        assert!(!field.doc.is_empty() && !field.unit.is_empty(), "{}", field.name);
        for (unit, suffix) in SUFFIXES {
            assert!(field.unit != unit || field.name.ends_with(suffix), "{} {unit}", field.name);
        }
        assert!(field.min < field.max && field.check(field.default).is_ok(), "{}", field.name);
        for value in [field.min, field.max, field.default] {
            processor.set_field(field.name, value).unwrap();
            assert_eq!(processor.field(field.name), Some(value), "{}", field.name);
        }
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, field.max * 2.0 + 1e9, -1e12] {
            assert!(processor.set_field(field.name, value).is_err(), "{} {value}", field.name);
            assert_eq!(processor.field(field.name), Some(field.default), "{}", field.name);
        }
    }
    assert!(processor.set_field("no_such_field", 0.0).is_err());
    assert_eq!(processor.field("no_such_field"), None);
}

/// A frequency that the stream does not have is refused by name and nothing changes, wherever the
/// field's own bound lies; one below it is taken.
pub fn frequencies_stay_below_nyquist<S: Sample>(make: Make<S>) {
    let stream = more_streams(Isa::detect()).last().unwrap();
    let nyquist = stream.rate_hz / 2.0;
    let mut unit = make(stream).unwrap();
    let processor = unit.processor();
    for field in processor.fields() {
        if field.unit != "Hz" || field.max < nyquist {
            continue;
        }
        let before = processor.field(field.name);
        for hz in [nyquist, nyquist + 1.0, field.max] {
            let text = processor.set_field(field.name, hz).unwrap_err().to_string();
            assert!(text.starts_with(&format!("{} is {hz}, allowed is", field.name)), "{text}");
            assert_eq!(processor.field(field.name), before, "{}", field.name);
        }
        processor.set_field(field.name, nyquist / 2.0).unwrap();
    }
}

/// The output of a fixed programme, for the golden hashes.
pub fn golden_output<S: Sample>(make: Make<S>) -> Planar<S> {
    let mut all = Vec::new();
    for stream in streams(Isa::detect()) {
        let input = input_for(make, stream);
        all.extend(feed(&mut make(stream).unwrap(), &stream, &input, 480, false));
    }
    all
}

/// Frames of the programme of a processor with a key: 1 s, of which 0.7 s come out of a ducker.
const KEYED_FRAMES: usize = 48_000;

/// The output of a fixed programme with a key, block after block, for the golden hashes. The key is one
/// channel of other noise; its stretches are shorter than the programme's, so that now the one is
/// louder and now the other.
pub fn keyed_output<S: Sample>(make: Make<S>, with_key: bool) -> Planar<S> {
    const KEY_CHANNEL: u32 = 6;
    let mut key = noise::<S>(1, KEYED_FRAMES, 1.0, 77 + KEY_CHANNEL * 7919);
    stretch_levels(&mut key, KEYED_FRAMES * 3 / 4);
    let mut all = Vec::new();
    for stream in streams(Isa::detect()) {
        let Unit::Process(mut processor) = make(stream).unwrap() else {
            panic!("keeps the layout")
        };
        let mut audio = programme::<S>(stream.channel_count(), KEYED_FRAMES);
        for at in (0..KEYED_FRAMES).step_by(480) {
            let mut whole = BlockMut::new(&mut audio).unwrap();
            let main = whole.range(at, at + 480);
            let key = Block::new(&key).unwrap();
            let io = match with_key {
                true => Io::with_key(main, key.range(at, at + 480)),
                false => Io::new(main),
            };
            processor.process(io).unwrap();
            all.extend(audio.iter().map(|channel| channel[at..at + 480].to_vec()));
        }
    }
    all
}
