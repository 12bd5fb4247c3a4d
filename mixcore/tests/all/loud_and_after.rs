//! Something far too loud, and what comes after it: whatever listens for a voice finds the next one, and
//! says when (`voice_mean.rs`: 5 s of doubt at the most, then 3 dB/s).

use mixcore::audio::Block;
use mixcore::dynamics::{
    BandDuckerSetup, Compressor, CompressorParams, CompressorSetup, Ducker, DuckerParams,
    DuckerSetup, Leveller, LevellerParams, LevellerSetup, MakeUp, MaskingDucker,
    MaskingDuckerParams, PlosiveTamer, PlosiveTamerParams, PlosiveTamerSetup,
};
use mixcore::loudness::{Meter, MeterSetup};
use mixcore::units::Lufs;
use mixcore::{BlockMut, Io, Layout, Process, Stream};

use crate::signals::{noise, sine};

const RATE_HZ: f64 = 48_000.0;
/// The largest that is no fault.
const STRAY: f32 = 9.9e5;

fn mono() -> Stream {
    Stream::new(RATE_HZ, Layout::MONO).unwrap()
}

fn frames(s: f64) -> usize {
    (s * RATE_HZ) as usize
}

/// White noise of a power, dB; about 3 LU louder than that.
fn hiss(s: f64, db: f64, seed: u32) -> Vec<f32> {
    noise::<f32>(1, frames(s), 10_f64.powf(db / 20.0) * 3_f64.sqrt(), seed).remove(0)
}

/// A loud head, the level of the voice behind it, dB, and the time after which that is to be heard, s.
struct Case {
    name: &'static str,
    head: Vec<f32>,
    voice_db: f64,
    heard_s: f64,
}

/// Share of a voice that is no breath: what falls in the strong parts alone takes so much longer.
const SPOKEN: f64 = 0.95;

/// The same with breaths, 0.2 s every 4 s: what tells a voice from a steady noise.
fn breathing(mut voice: Vec<f32>) -> Vec<f32> {
    for (n, x) in voice.iter_mut().enumerate() {
        if n % frames(4.0) >= frames(4.0 * SPOKEN) {
            *x = 0.0;
        }
    }
    voice
}

fn cases() -> Vec<Case> {
    // The mean of a few cells is in doubt after ten times as many, 0.5 s, and has 8 dB to fall, 2.7 s; 1 s
    // of look-ahead and half a second for the way down.
    let clap = Case { name: "clap", head: hiss(0.03, -8.0, 1), voice_db: -30.0, heard_s: 5.0 };
    let stray = Case { name: "stray", head: vec![STRAY], voice_db: -30.0, heard_s: 5.0 };
    // Ten times as long, 10 s, of doubt; the rest as above.
    let scream = Case { name: "scream", head: hiss(1.0, -13.0, 2), voice_db: -36.0, heard_s: 15.0 };
    // A voice, in the midst of which lies a stray.
    let mut head = breathing(hiss(10.0, -30.0, 3));
    head.push(STRAY);
    let midst = Case { name: "midst", head, voice_db: -30.0, heard_s: 5.0 };
    vec![clap, stray, scream, midst]
}

/// A background that is as loud as the voice, to the time at which that is to be heard.
fn duck(unit: &mut dyn Process<f32>, case: &Case) {
    let mut key = case.head.clone();
    key.extend(breathing(hiss(case.heard_s / SPOKEN, case.voice_db, 4)));
    let mut music = hiss(key.len() as f64 / RATE_HZ + 1.0, case.voice_db, 5);
    music.truncate(key.len());
    unit.process(Io::with_key(BlockMut::mono(&mut music), Block::mono(&key))).unwrap();
}

#[test]
fn the_duckers_duck_again() {
    /// Less than the need, 10 dB by default for the one, 6 dB in every band for the other, of which noise
    /// shows more or less.
    const LEAST_DB: f64 = 4.0;
    for case in cases() {
        let mut unit =
            Ducker::<f32>::new(DuckerSetup::default(), DuckerParams::default(), mono()).unwrap();
        duck(&mut unit, &case);
        let ducker = unit.gain_reduction_db();
        let params = MaskingDuckerParams::default();
        let mut unit =
            MaskingDucker::<f32>::new(BandDuckerSetup::default(), params, mono()).unwrap();
        duck(&mut unit, &case);
        let masking = unit.gain_reduction_db();
        println!("{}: {ducker:.1} {masking:.1}", case.name);
        assert!(ducker > LEAST_DB && masking > LEAST_DB, "{}: {ducker} {masking}", case.name);
    }
}

/// A background 20 dB below the voice, with one stray sample after a second of the phrase: two seconds later
/// nothing of it is left in what the phrase needs, though the phrase goes on.
#[test]
fn a_stray_sample_in_the_background_does_not_duck_the_phrase() {
    /// The stray as at +20 dBFS has the energy of 0.3 s of this voice, spread over all bands and a phrase.
    const LEFT_DB: f64 = 1.0;
    let (voice_db, s) = (-20.0, 4.0);
    let voice = hiss(s, voice_db, 10);
    let mut music = hiss(s, voice_db - 26.0, 11);
    music[frames(1.0)] = STRAY;
    let mut broad =
        Ducker::<f32>::new(DuckerSetup::default(), DuckerParams::default(), mono()).unwrap();
    let mut bands = MaskingDucker::<f32>::new(
        BandDuckerSetup::default(),
        MaskingDuckerParams::default(),
        mono(),
    )
    .unwrap();
    broad.process(Io::with_key(BlockMut::mono(&mut music.clone()), Block::mono(&voice))).unwrap();
    bands.process(Io::with_key(BlockMut::mono(&mut music), Block::mono(&voice))).unwrap();
    let (broad, bands) = (broad.gain_reduction_db(), bands.gain_reduction_db());
    println!("{broad:.2} {bands:.2}");
    assert!(broad < LEFT_DB && bands < LEFT_DB, "{broad} {bands}");
}

#[test]
fn the_leveller_rides_again() {
    /// Windows of noise.
    const WINDOW_DB: f64 = 0.3;
    for case in cases() {
        let params = LevellerParams::default();
        let mut unit = Leveller::<f32>::new(LevellerSetup::default(), params, mono()).unwrap();
        // From the largest reduction to the largest raise by the slew, and the window of 3 s.
        let way_s = (params.max_down_db + params.max_up_db) / params.up_db_per_s + 3.0;
        let voice = hiss(case.heard_s + way_s, case.voice_db, 6);
        let mut meter = Meter::new(MeterSetup::default(), mono()).unwrap();
        meter.push(Block::mono(&voice)).unwrap();
        let expected = params
            .static_gain_db(meter.measurement().integrated_lufs.value().map(Lufs::new).unwrap());
        let mut audio = case.head.clone();
        audio.extend(voice);
        unit.process(Io::new(BlockMut::mono(&mut audio))).unwrap();
        let gain = unit.gain_db();
        println!("{}: {gain:.2} {expected:.2}", case.name);
        assert!(expected > 1.0 && (gain - expected).abs() < WINDOW_DB, "{}: {gain}", case.name);
    }
}

/// A puff of air: 60 ms of 35 Hz that dies away.
fn puff(level: f32) -> Vec<f32> {
    let at = |n: u16| {
        let t = f32::from(n) / 48e3;
        let swing = (2.0 * std::f32::consts::PI * 35.0 * t).sin();
        level * (t / 0.004).min(1.0) * (-t / 0.02).exp() * swing
    };
    (0..2880).map(at).collect()
}

#[test]
fn the_plosive_tamer_tames_again() {
    /// The law asks for the whole 18 dB where nothing is known of the voice's bass.
    const LEAST_DB: f64 = 12.0;
    // A scream that has its bass: 15 s until the voice is found, and then it falls by 4.3 dB in 3 s of
    // speech, from -16 dB to 13 dB below the puff's -17.
    let mut scream = hiss(1.0, -13.0, 7);
    for (x, bass) in scream.iter_mut().zip(sine::<f32>(100.0, RATE_HZ, frames(1.0), 0.3)) {
        *x += bass;
    }
    for (name, head, after_s) in [("stray", vec![STRAY], 5.0), ("scream", scream, 25.0)] {
        let setup = PlosiveTamerSetup::default();
        let mut unit =
            PlosiveTamer::<f32>::new(setup, PlosiveTamerParams::default(), mono()).unwrap();
        let at = head.len() + frames(after_s);
        let mut audio = head;
        audio.extend(hiss(after_s + 1.0, -42.0, 8));
        for (x, puff) in audio[at..].iter_mut().zip(puff(0.4)) {
            *x += puff;
        }
        unit.process(Io::new(BlockMut::mono(&mut audio))).unwrap();
        let found = unit.places().find(|place| place.frame.abs_diff(at as u64) < 480);
        println!("{name}: {found:?}");
        assert!(found.is_some_and(|place| place.depth_db > LEAST_DB), "{name}: {found:?}");
    }
}

#[test]
fn the_make_up_is_back_within_half_a_decibel_after_10_s() {
    const BACK_DB: f64 = 0.5;
    let setup = CompressorSetup { makeup: MakeUp::LoudnessMatched, ..CompressorSetup::default() };
    let gain = |stray: Option<f32>| {
        let mut unit = Compressor::new(setup, CompressorParams::default(), mono()).unwrap();
        let mut audio = hiss(20.0, -12.0, 9);
        if let Some(stray) = stray {
            audio[frames(10.0)] = stray;
        }
        unit.process(Io::new(BlockMut::mono(&mut audio))).unwrap();
        unit.matched_makeup_db()
    };
    let (expected, found) = (gain(None), gain(Some(STRAY)));
    println!("{expected:.2} {found:.2}");
    assert!(expected > 1.0 && (found - expected).abs() < BACK_DB, "{found} {expected}");
}
