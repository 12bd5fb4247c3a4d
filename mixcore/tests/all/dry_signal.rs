//! The latency-matched dry signal of every processor that mixes or can be bypassed: at 0 % and behind
//! a bypass the output is the input, `latency_frames` late, bit for bit. Only the sign of a zero is not
//! kept by all: what adds something to its delayed input adds +0 then, and −0 + 0 is +0. In bands it is
//! the sum of the crossover's bands, an all-pass of the input.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mixcore::audio::{Block, BlockMut, Sample};
use mixcore::dynamics::{AutomixerParams, AutomixerSetup, SoftClipperSetup};
use mixcore::dynamics::{CompressorSetup, DeEsserMode, Detector, GateSetup, MultibandSetup};
use mixcore::kernels::Isa;
use mixcore::stream::{Io, Process, Processor, Stream};
use mixcore::{Error, Layout};

use crate::conformance::{FRAMES, Planar, RATE_HZ, Unit, more_streams, programme};
use crate::roster::each_processor;
use crate::roster::prelude as roster;
use crate::signals::noise;

/// Fields that say how much of the processed signal is in the output.
const MIXES: [&str; 2] = ["mix_percent", "amount_percent"];

/// Processors whose dry signal is their bands without a gain: with no phase against the wet ones, so that
/// no mix combs, an all-pass of the input and not the input itself.
const IN_BANDS: [&str; 2] = ["deesser_split", "multiband"];

/// A limiter behind the mix lets the programme's loud parts through neither wet nor dry: heard 20 dB
/// lower, below its ceiling of -1 dBTP.
const GUARDED: &str = "soft_clipper";

/// Whether the key moves it: it is fed one as well.
const KEYED: [&str; 8] = [
    "compressor",
    "ducker",
    "dynamic_eq",
    "gate",
    "low_mid_cut",
    "masking_ducker",
    "multiband",
    "transient_shaper",
];

/// The programme, with the latency behind it.
fn input<S: Sample>(channels: usize, latency: usize, gain: f64) -> Planar<S> {
    let mut audio = programme::<S>(channels, FRAMES + latency);
    audio.iter_mut().flatten().for_each(|x| *x *= S::from_f64(gain));
    audio
}

/// Runs a clip through in blocks of another length each.
fn run<S: Sample>(unit: &mut dyn Process<S>, input: &[Vec<S>], with_key: bool) -> Planar<S> {
    let frames = input[0].len();
    let key = noise::<S>(1, frames, 1.0, 4711);
    let mut audio = input.to_vec();
    let (mut at, mut sizes) = (0, [480, 1, 64, 333, 7, 4096].into_iter().cycle());
    while at < frames {
        let end = (at + sizes.next().unwrap()).min(frames);
        let mut whole = BlockMut::new(&mut audio).unwrap();
        let main = whole.range(at, end);
        let key = Block::new(&key).unwrap();
        let io = if with_key { Io::with_key(main, key.range(at, end)) } else { Io::new(main) };
        unit.process(io).unwrap();
        at = end;
    }
    audio
}

/// Frame n is frame n − latency of the input, or silence.
fn assert_late<S: Sample>(output: &[Vec<S>], input: &[Vec<S>], latency: usize, what: &str) {
    for (output, input) in output.iter().zip(input) {
        let (before, behind) = output.split_at(latency);
        assert!(before.iter().all(|&x| x == S::zero()), "{what}: sound before the latency");
        for (n, (y, x)) in behind.iter().zip(input).enumerate() {
            assert!(y == x, "{what}, {n}: {y:?} for {x:?}");
        }
    }
}

/// As [`assert_late`], at every SIMD level and layout; `make` gives a processor that is all dry.
fn is_dry<S: Sample>(
    name: &str,
    gain: f64,
    keyed: bool,
    make: impl Fn(Stream) -> Box<dyn Process<S>>,
) {
    for stream in Isa::available().flat_map(more_streams) {
        for with_key in [false, true] {
            if with_key && !keyed {
                continue;
            }
            let mut unit = make(stream);
            let latency = unit.latency_frames();
            let input = input::<S>(stream.channel_count(), latency, gain);
            let output = run(&mut *unit, &input, with_key);
            let what = format!("{name}, {}, {:?}, key {with_key}", stream.layout, stream.isa);
            assert_late(&output, &input, latency, &what);
        }
    }
}

fn process<S: Sample>(unit: Result<Unit<S>, Error>) -> Option<Box<dyn Process<S>>> {
    match unit.unwrap() {
        Unit::Process(process) => Some(process),
        Unit::Convert(_) => None,
    }
}

fn mix_of<S: Sample>(unit: &dyn Process<S>) -> Option<&'static str> {
    unit.fields().iter().map(|field| field.name).find(|name| MIXES.contains(name))
}

macro_rules! dry_at_zero {
    ($name:ident, $type:ident, memory: $memory:expr, $make:expr) => {
        mod $name {
            use crate::conformance::Unit;
            #[allow(
                unused_imports,
                reason = "not every processor needs all of the roster's names"
            )]
            use crate::roster::prelude::*;
            use mixcore::Error;
            use mixcore::audio::Sample;
            use mixcore::stream::Stream;

            fn make<S: Sample>(stream: Stream) -> Result<Unit<S>, Error> {
                ($make)(stream)
            }

            /// Its name, where it mixes.
            pub fn mixes(stream: Stream) -> Option<&'static str> {
                let unit = super::process::<f32>(make(stream))?;
                super::mix_of(&*unit).map(|_| stringify!($name))
            }

            pub fn at_zero<S: Sample>() {
                super::dry_at_zero::<S>(stringify!($name), make);
            }

            #[test]
            fn is_dry_at_0_percent() {
                at_zero::<f32>();
                at_zero::<f64>();
            }
        }
    };
}
each_processor!(dry_at_zero);

fn dry_at_zero<S: Sample>(name: &str, make: fn(Stream) -> Result<Unit<S>, Error>) {
    let some = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let Some(field) = process(make(some)).and_then(|unit| mix_of(&*unit)) else { return };
    if IN_BANDS.contains(&name) {
        return;
    }
    let gain = if name == GUARDED { 0.1 } else { 1.0 };
    is_dry(name, gain, KEYED.contains(&name), |stream| {
        let mut unit = process(make(stream)).unwrap();
        unit.set_field(field, 0.0).unwrap();
        unit.reset();
        unit
    });
}

/// The list that the test above goes through, found through `fields()`.
#[test]
fn these_mix() {
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let mut found = Vec::new();
    macro_rules! add {
        ($name:ident, $type:ident, memory: $memory:expr, $make:expr) => {
            found.extend($name::mixes(stream));
        };
    }
    each_processor!(add);
    let expected = [
        "click_tamer",
        "compressor",
        "compressor_k",
        "compressor_rms",
        "convolver",
        "deesser_bell",
        "deesser_split",
        "ducker",
        "dynamic_eq",
        "dynamic_eq_peak",
        "gate",
        "hum_comb",
        "low_mid_cut",
        "masking_ducker",
        "multiband",
        "plosive_tamer",
        "soft_clipper",
        "soft_clipper_bare",
        "suppressor",
        "transient_shaper",
    ];
    let found = BTreeSet::from_iter(found);
    assert_eq!(found, BTreeSet::from(expected));
}

/// A processor that was bypassed and reset: no cross-fade is left.
macro_rules! bypassed {
    ($($file:literal $name:ident, gain $gain:expr, |$stream:ident| $make:expr;)+) => {
        /// The files of the types that are bypassed here.
        const BYPASSED: &[&str] = &[$($file),+];

        mod bypassed {
            $(
                #[test]
                fn $name() {
                    super::$name::<f32>();
                    super::$name::<f64>();
                }
            )+
        }

        $(
            fn $name<S: Sample>() {
                is_dry::<S>(stringify!($name), $gain, KEYED.contains(&stringify!($name)), |$stream| {
                    let mut unit = $make.unwrap();
                    unit.set_bypass(true);
                    assert!(unit.bypass());
                    unit.reset();
                    assert!(unit.bypass(), "a reset ended the bypass");
                    Box::new(unit)
                });
            }
        )+
    };
}

bypassed! {
    "automixer" automixer, gain 1.0, |stream| mixcore::dynamics::Automixer::new(
        AutomixerSetup::default(), AutomixerParams::default(), stream);
    "band_core" low_mid_cut, gain 1.0, |stream| roster::low_mid_cut::<S>(stream);
    "band_core" masking_ducker, gain 1.0, |stream| roster::masking_ducker::<S>(stream);
    "click_tamer" click_tamer, gain 1.0, |stream| roster::click_tamer::<S>(stream);
    "compressor" compressor, gain 1.0, |stream| roster::compressor::<S>(
        CompressorSetup { lookahead_ms: 2.0, ..CompressorSetup::default() }, stream);
    "convolver" convolver, gain 1.0, |stream| roster::convolver::<S>(stream);
    "deesser" deesser_bell, gain 1.0, |stream| roster::deesser::<S>(DeEsserMode::Bell, stream);
    "ducker" ducker, gain 1.0, |stream| roster::ducker::<S>(stream);
    "dynamic_eq" dynamic_eq, gain 1.0, |stream| roster::dynamic_eq::<S>(Detector::Peak, stream);
    "gate" gate, gain 1.0, |stream| roster::gate::<S>(
        GateSetup { lookahead_ms: 1.5, ..GateSetup::default() }, stream);
    "leveller" leveller, gain 1.0, |stream| roster::leveller::<S>(stream);
    "limiter" limiter, gain 1.0, |stream| roster::limiter::<S>(stream);
    "plosive_tamer" plosive_tamer, gain 1.0, |stream| roster::plosive_tamer::<S>(stream);
    "soft_clip" soft_clipper, gain 1.0, |stream| roster::soft_clipper::<S>(
        SoftClipperSetup::default(), stream);
    "suppressor" suppressor, gain 1.0, |stream| roster::suppressor::<S>(stream);
    "transient" transient_shaper, gain 1.0, |stream| roster::transient_shaper::<S>(stream);
}

/// What an all-pass of a few ms still holds at the end of a programme of 0.5 s at 11 kHz.
const ALL_PASS_DB: f64 = 0.05;

/// Their files.
const BANDS: [&str; 2] = ["deesser", "multiband"];

fn energy<S: Sample>(audio: &[Vec<S>], frames: usize) -> f64 {
    audio.iter().flat_map(|x| &x[..frames]).map(|x| x.as_f64().powi(2)).sum()
}

/// Of a processor in bands the bypass is what its mix is at 0 %: the bands without a gain, an all-pass.
fn in_bands<S: Sample, P: Process<S>>(
    make: impl Fn(Stream) -> Result<P, Error>,
    bypass: impl Fn(&mut P),
) {
    for stream in Isa::available().flat_map(more_streams) {
        let (mut bypassed, mut dry) = (make(stream).unwrap(), make(stream).unwrap());
        bypass(&mut bypassed);
        dry.set_field("mix_percent", 0.0).unwrap();
        let input = input::<S>(stream.channel_count(), dry.latency_frames(), 1.0);
        let [bypassed, dry] = [&mut bypassed, &mut dry].map(|unit| {
            unit.reset();
            run(unit, &input, false)
        });
        assert!(bypassed == dry, "{} {:?}", stream.layout, stream.isa);
        let apart = 10.0 * (energy(&dry, dry[0].len()) / energy(&input, FRAMES)).log10();
        assert!(apart.abs() < ALL_PASS_DB, "{} {:?}: {apart} dB", stream.layout, stream.isa);
    }
}

fn split<S: Sample>() {
    in_bands(
        |stream| roster::deesser::<S>(DeEsserMode::Split, stream),
        |unit| unit.set_bypass(true),
    );
    let setup = MultibandSetup { lookahead_ms: 1.0, ..MultibandSetup::default() };
    in_bands(|stream| roster::multiband::<S>(setup, stream), |unit| unit.set_bypass(true));
}

#[test]
fn in_bands_a_bypass_is_the_dry_mix() {
    split::<f32>();
    split::<f64>();
}

/// The multiband limiter splits as well; it has no mix. Its file.
const SPLIT: [&str; 1] = ["multiband_limiter"];

/// Its bypass is what it gives where nothing reaches a ceiling, at any level.
fn limited_in_bands<S: Sample>() {
    /// A power of two, so exact but for what settles near 0: 42 dB below every ceiling.
    const QUIET: f64 = 1.0 / 128.0;
    const DUST: f64 = 1e-15;
    for stream in Isa::available().flat_map(more_streams) {
        let [mut bypassed, mut idle] =
            [(); 2].map(|()| roster::multiband_limiter::<S>(stream).unwrap());
        bypassed.set_bypass(true);
        bypassed.reset();
        let latency = idle.latency_frames();
        let [loud, quiet] =
            [4.0, QUIET].map(|gain| input::<S>(stream.channel_count(), latency, gain));
        let came = energy(&loud, FRAMES);
        let (loud, quiet) = (run(&mut bypassed, &loud, false), run(&mut idle, &quiet, false));
        for (loud, quiet) in loud.iter().flatten().zip(quiet.iter().flatten()) {
            let expected = quiet.as_f64() * 4.0 / QUIET;
            let apart = (loud.as_f64() - expected).abs();
            assert!(apart < DUST, "{} {:?}: {loud:?} {expected}", stream.layout, stream.isa);
        }
        let apart = 10.0 * (energy(&loud, loud[0].len()) / came).log10();
        assert!(apart.abs() < ALL_PASS_DB, "{} {:?}: {apart} dB", stream.layout, stream.isa);
    }
}

#[test]
fn a_bypassed_multiband_limiter_is_one_that_idles() {
    limited_in_bands::<f32>();
    limited_in_bands::<f64>();
}

/// Every file of the sources in which something is bypassed.
fn files(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            let text = fs::read_to_string(&path).unwrap();
            if text.contains("pub fn set_bypass(") || text.contains("unit::bypass!();") {
                found.insert(path.file_stem().unwrap().to_str().unwrap().to_owned());
            }
        }
    }
}

#[test]
fn no_bypass_is_missing() {
    let mut found = BTreeSet::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    // A part of processors that are listed, and the macro that writes the switch.
    for part in ["dry_path", "unit"] {
        assert!(found.remove(part), "{part}");
    }
    let listed = BYPASSED.iter().chain(&BANDS).chain(&SPLIT);
    assert_eq!(found, listed.map(|&name| name.to_owned()).collect());
}
