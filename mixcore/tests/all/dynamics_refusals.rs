//! What dynamics refuse, and what they say of it: ratios below 1, negative times, look-aheads beyond the
//! maximum, keys and blocks of another length or channel count, keys that nothing listens to.

use mixcore::audio::Block;
use mixcore::dynamics::{
    Compressor, CompressorParams, CompressorSetup, DeEsser, DeEsserParams, DeEsserSetup, Detector,
    DynamicEq, DynamicEqParams, DynamicEqSetup, Gate, GateParams, GateSetup, LimiterSetup,
    MAX_DYNAMICS_LOOKAHEAD_MS, Multiband, MultibandLimiter, MultibandLimiterParams,
    MultibandLimiterSetup, MultibandParams, MultibandSetup, SoftClipper, SoftClipperParams,
    SoftClipperSetup, TransientShaper, TransientShaperParams, TransientShaperSetup,
};
use mixcore::{BlockMut, Error, Io, Layout, Process, Stream};

use crate::signals::noise;

type Unit = Box<dyn Process<f64>>;

fn stereo() -> Stream {
    Stream::new(48_000.0, Layout::STEREO).unwrap()
}

/// Those that take a key, each with its name.
fn keyed() -> [(&'static str, Unit); 6] {
    let stream = stereo();
    let multiband = Multiband::new(MultibandSetup::default(), MultibandParams::default(), stream);
    let eq = DynamicEq::new(DynamicEqSetup::default(), DynamicEqParams::default(), stream);
    let (setup, params) = (TransientShaperSetup::default(), TransientShaperParams::default());
    let shaper = TransientShaper::new(setup, params, stream);
    let (setup, params) = (CompressorSetup::default(), CompressorParams::default());
    let compressor = Compressor::new(setup, params, stream);
    let gate = Gate::new(GateSetup::default(), GateParams::default(), stream);
    let deesser = DeEsser::new(DeEsserSetup::default(), DeEsserParams::default(), stream);
    [
        ("compressor", Box::new(compressor.unwrap())),
        ("gate", Box::new(gate.unwrap())),
        ("de-esser", Box::new(deesser.unwrap())),
        ("multiband compressor", Box::new(multiband.unwrap())),
        ("dynamic EQ", Box::new(eq.unwrap())),
        ("transient shaper", Box::new(shaper.unwrap())),
    ]
}

/// Those that have none: a ceiling is held for the signal itself, and a clipper sees one sample.
fn keyless() -> [(&'static str, Unit); 2] {
    let stream = stereo();
    let (setup, params) = (MultibandLimiterSetup::default(), MultibandLimiterParams::default());
    let limiter = MultibandLimiter::new(setup, params, stream);
    let clipper =
        SoftClipper::new(SoftClipperSetup::default(), SoftClipperParams::default(), stream);
    [
        ("multiband limiter", Box::new(limiter.unwrap())),
        ("soft clipper", Box::new(clipper.unwrap())),
    ]
}

/// What a field says to a value outside its range, and that it stays where it was.
#[track_caller]
fn refuses(unit: &mut Unit, name: &str, value: f64, expected: &str) {
    let before = unit.field(name);
    let text = unit.set_field(name, value).unwrap_err().to_string();
    assert!(text.contains(expected), "{text}");
    assert_eq!(unit.field(name), before, "{name}");
}

#[test]
fn a_ratio_below_1_is_refused() {
    let [mut compressor, mut gate, mut deesser, mut multiband, mut eq, _] =
        keyed().map(|(_, unit)| unit);
    refuses(&mut compressor, "ratio", 0.99, "ratio is 0.99, allowed is 1 to 100");
    refuses(&mut compressor, "upward_ratio", 0.5, "upward_ratio is 0.5, allowed is 1 to 20");
    refuses(&mut compressor, "expander_ratio", 0.5, "expander_ratio is 0.5, allowed is 1 to 20");
    refuses(&mut gate, "ratio", 0.5, "ratio is 0.5, allowed is 1 to 100");
    refuses(&mut deesser, "ratio", -1.0, "ratio is -1, allowed is 1 to 100");
    refuses(&mut multiband, "band2_ratio", 0.5, "band2_ratio is 0.5, allowed is 1 to 100");
    refuses(&mut eq, "band1_ratio", f64::NAN, "band1_ratio is NaN, allowed is 1 to 100");
}

#[test]
fn a_negative_time_is_refused() {
    for (name, mut unit) in keyed().into_iter().chain(keyless()) {
        let times: Vec<_> =
            unit.fields().iter().filter(|field| field.unit == "ms").copied().collect();
        assert!(!times.is_empty(), "{name}");
        for field in times {
            let allowed =
                format!("{} is -1, allowed is {} to {}", field.name, field.min, field.max);
            refuses(&mut unit, field.name, -1.0, &allowed);
            refuses(&mut unit, field.name, f64::INFINITY, &format!("{} is inf", field.name));
        }
    }
}

#[test]
fn a_look_ahead_beyond_its_maximum_is_refused() {
    assert_eq!(MAX_DYNAMICS_LOOKAHEAD_MS, 20.0);
    let stream = stereo();
    let text = |error: Option<Error>| error.unwrap().to_string();
    for (given, said) in [(20.1, "20.1"), (-1.0, "-1"), (f64::NAN, "NaN")] {
        let lookahead_ms = given;
        let setup = CompressorSetup { lookahead_ms, ..CompressorSetup::default() };
        let compressor = Compressor::<f64>::new(setup, CompressorParams::default(), stream);
        let setup = GateSetup { lookahead_ms, ..GateSetup::default() };
        let gate = Gate::<f64>::new(setup, GateParams::default(), stream);
        let setup = DeEsserSetup { lookahead_ms, ..DeEsserSetup::default() };
        let deesser = DeEsser::<f64>::new(setup, DeEsserParams::default(), stream);
        let setup = MultibandSetup { lookahead_ms, ..MultibandSetup::default() };
        let multiband = Multiband::<f64>::new(setup, MultibandParams::default(), stream);
        let setup = DynamicEqSetup { lookahead_ms, ..DynamicEqSetup::default() };
        let eq = DynamicEq::<f64>::new(setup, DynamicEqParams::default(), stream);
        let setup = TransientShaperSetup { lookahead_ms, ..TransientShaperSetup::default() };
        let shaper = TransientShaper::<f64>::new(setup, TransientShaperParams::default(), stream);
        let errors =
            [compressor.err(), gate.err(), deesser.err(), multiband.err(), eq.err(), shaper.err()];
        for text in errors.map(text) {
            let expected = format!("lookahead_ms is {said}, allowed is 0 to 20");
            assert!(text.contains(&expected), "{text}");
        }
        // Limiters need some.
        let bands = LimiterSetup { lookahead_ms, ..LimiterSetup::default() };
        let setup = MultibandLimiterSetup { bands, ..MultibandLimiterSetup::default() };
        let params = MultibandLimiterParams::default();
        let limiter = MultibandLimiter::<f64>::new(setup, params, stream).err();
        let setup =
            SoftClipperSetup { guard_lookahead_ms: lookahead_ms, ..SoftClipperSetup::default() };
        let clipper = SoftClipper::<f64>::new(setup, SoftClipperParams::default(), stream).err();
        for text in [limiter, clipper].map(text) {
            let expected = format!("lookahead_ms is {said}, allowed is 0.5 to 20");
            assert!(text.contains(&expected), "{text}");
        }
    }
}

#[test]
fn a_window_outside_its_bounds_is_refused() {
    let stream = stereo();
    let text = |error: Option<Error>| error.unwrap().to_string();
    for window_ms in [4.0, 1001.0] {
        let detector = Detector::KWeighted { window_ms };
        let setup = CompressorSetup { detector, ..CompressorSetup::default() };
        let compressor = Compressor::<f64>::new(setup, CompressorParams::default(), stream).err();
        let setup = GateSetup { detector, ..GateSetup::default() };
        let gate = Gate::<f64>::new(setup, GateParams::default(), stream).err();
        let setup = MultibandSetup { detector, ..MultibandSetup::default() };
        let multiband = Multiband::<f64>::new(setup, MultibandParams::default(), stream).err();
        let setup = DynamicEqSetup { detector, ..DynamicEqSetup::default() };
        let eq = DynamicEq::<f64>::new(setup, DynamicEqParams::default(), stream).err();
        let setup = DeEsserSetup { window_ms, ..DeEsserSetup::default() };
        let deesser = DeEsser::<f64>::new(setup, DeEsserParams::default(), stream).err();
        for text in [compressor, gate, multiband, eq, deesser].map(text) {
            let expected = format!("window_ms is {window_ms}, allowed is 5 to 1000");
            assert!(text.contains(&expected), "{text}");
        }
    }
}

#[test]
fn a_key_that_does_not_fit_is_refused_and_nothing_is_touched() {
    let key = vec![vec![1.0; 100]; 3];
    let main = vec![vec![0.25; 100]; 2];
    for (name, mut unit) in keyed() {
        let mut audio = main.clone();
        let mut refused = |key: Block<'_, f64>, expected: &str| {
            let io = Io::with_key(BlockMut::new(&mut audio).unwrap(), key);
            let text = unit.process(io).unwrap_err().to_string();
            assert!(text.contains(expected), "{name}: {text}");
        };
        refused(Block::new(&key).unwrap(), "key has 3 channel(s), 2 expected");
        let short = Block::new(&key[..2]).unwrap().range(0, 99);
        refused(short, "key has 99 frame(s), 100 expected");
        refused(Block::mono(&key[0][..99]), "key has 99 frame(s), 100 expected");
        assert_eq!(audio, main, "{name}");
        let mut three = key.clone();
        let text = unit.process(Io::new(BlockMut::new(&mut three).unwrap()));
        let text = text.unwrap_err().to_string();
        assert!(text.contains("block has 3 channel(s), 2 expected"), "{name}: {text}");
        assert_eq!(three, key, "{name}");
        // Keys that fit are taken.
        for channels in [1, 2] {
            let mut audio = main.clone();
            let key = Block::new(&key[..channels]).unwrap();
            unit.process(Io::with_key(BlockMut::new(&mut audio).unwrap(), key)).unwrap();
        }
    }
}

#[test]
fn a_key_that_nothing_listens_to_is_refused() {
    let key = vec![vec![1.0; 100]; 2];
    let main = vec![vec![0.25; 100]; 2];
    for (name, mut unit) in keyless() {
        let mut audio = main.clone();
        let key = Block::new(&key).unwrap();
        let io = Io::with_key(BlockMut::new(&mut audio).unwrap(), key);
        let text = unit.process(io).unwrap_err().to_string();
        assert!(text.contains("it listens to its own signal only"), "{name}: {text}");
        assert_eq!(audio, main, "{name}");
    }
}

/// DESIGN promise 6, of the key: what is no sample is silence there, and counted.
#[test]
fn a_key_that_is_not_finite_is_silent_there() {
    let mut bad = noise::<f64>(1, 2000, 0.8, 3);
    let mut clean = bad.clone();
    for (frame, x) in [(100, f64::NAN), (700, f64::INFINITY), (701, -2e6), (1500, 1e30)] {
        (bad[0][frame], clean[0][frame]) = (x, 0.0);
    }
    let main = noise::<f64>(2, 2000, 0.3, 5);
    let run = |unit: &mut Unit, key: &[Vec<f64>]| {
        let mut audio = main.clone();
        let key = Block::new(key).unwrap();
        unit.process(Io::with_key(BlockMut::new(&mut audio).unwrap(), key)).unwrap();
        (audio, unit.faults())
    };
    for ((name, mut one), (_, mut other)) in keyed().into_iter().zip(keyed()) {
        let (got, faults) = run(&mut one, &bad);
        let (expected, none) = run(&mut other, &clean);
        assert!(got == expected, "{name}");
        assert!(none == 0 && faults >= 4, "{name}: {faults}");
    }
}
