//! The duckers against what is used in their place: a compressor whose key is the voice.
//!
//! No library that installs from the registries has a ducker by separation, so the rival is a textbook's
//! compressor, keyed, written down frame by frame: peak of the key, log10, one follower, powf. It knows no
//! target, no phrase and no look-ahead; the figure says what the difference costs.

use std::hint::black_box;

use mixcore::dynamics::{
    BandDuckerSetup, Ducker, DuckerParams, DuckerSetup, LowMidCut, LowMidCutParams, MaskingDucker,
    MaskingDuckerParams,
};
use mixcore::{Block, BlockMut, Io, Layout, Process, Stream};

use crate::{BLOCKS, Case, Goal, RATE_HZ, Rival, Run, signals};

/// Length of the material, s: three words and the pauses between them.
const SECONDS: f64 = 6.0;

/// A voice that speaks in every second second.
fn voice() -> Vec<f32> {
    let mut voice = signals::programme(1, SECONDS, 0.0).remove(0);
    for (n, x) in voice.iter_mut().enumerate() {
        let speaks = (n as f64 / RATE_HZ) % 2.0 >= 1.0;
        *x *= if speaks { 1.0 } else { 0.0 };
    }
    voice
}

fn feed(
    unit: &mut dyn Process<f32>,
    (main, key): (&[Vec<f32>], &[f32]),
    block: usize,
    work: &mut [Vec<f32>],
    mut each: impl FnMut(&[Vec<f32>], usize, usize),
) {
    unit.reset();
    for at in (0..key.len()).step_by(block) {
        let length = block.min(key.len() - at);
        for (work, main) in work.iter_mut().zip(main) {
            work[..length].copy_from_slice(&main[at..at + length]);
        }
        let mut whole = BlockMut::new(work).expect("two channels");
        let key = Block::mono(&key[at..at + length]);
        unit.process(Io::with_key(whole.range(0, length), key)).expect("as it was built for");
        each(work, at, length);
    }
}

/// A compressor with a key: above the threshold the background goes down 9 dB for each 10 dB of voice.
struct Keyed {
    attack: f64,
    release: f64,
    reduction_db: f64,
}

impl Keyed {
    const THRESHOLD_DB: f64 = -40.0;
    const RATIO: f64 = 10.0;
    const RANGE_DB: f64 = 12.0;

    fn new() -> Self {
        let pole = |ms: f64| (-1000.0 / (ms * RATE_HZ)).exp();
        Self { attack: pole(20.0), release: pole(400.0), reduction_db: 0.0 }
    }

    fn process(&mut self, io: &mut [Vec<f32>], key: &[f32]) {
        for (n, key) in key.iter().enumerate() {
            let level = 20.0 * f64::from(key.abs().max(1e-12)).log10();
            let over = (level - Self::THRESHOLD_DB).max(0.0);
            let wanted = (over * (1.0 - 1.0 / Self::RATIO)).min(Self::RANGE_DB);
            let pole = if wanted > self.reduction_db { self.attack } else { self.release };
            self.reduction_db = pole * self.reduction_db + (1.0 - pole) * wanted;
            let gain = 10.0_f64.powf(-self.reduction_db / 20.0) as f32;
            for channel in io.iter_mut() {
                channel[n] *= gain;
            }
        }
    }
}

/// By how much a stretch of seconds of the first channel has gone down, dB.
fn lowered_db(out: &[f32], input: &[f32], delay: usize, (from, to): (f64, f64)) -> f64 {
    let frame = |s: f64| (s * RATE_HZ) as usize;
    let energy = |samples: &[f32]| samples.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
    let (a, b) = (frame(from), frame(to));
    10.0 * (energy(&input[a..b]) / energy(&out[a + delay..b + delay])).log10()
}

/// Under a word a good deal, before the first one nothing.
fn check(name: &str, out: &[f32], input: &[f32], delay: usize) {
    let (under, between) =
        (lowered_db(out, input, delay, (1.4, 1.9)), lowered_db(out, input, delay, (0.0, 0.5)));
    assert!(under > 1.0 && between < 0.1, "{name}: {under} dB under a word, {between} before");
}

fn keyed(main: &[Vec<f32>], key: &[f32], block: usize) -> Rival {
    let (material, key) = (main.to_vec(), key.to_vec());
    let mut rival = Keyed::new();
    let mut whole = material.clone();
    rival.process(&mut whole, &key);
    check("keyed compressor", &whole[0], &material[0], 0);
    let mut place = vec![vec![0.0; block]; material.len()];
    let run = move || {
        for at in (0..key.len()).step_by(block) {
            let length = block.min(key.len() - at);
            for (place, material) in place.iter_mut().zip(&material) {
                place[..length].copy_from_slice(&material[at..at + length]);
            }
            rival.process(&mut place, &key[at..at + length]);
            black_box(&place);
        }
    };
    Rival::new("keyed compressor, frame by frame", run, Goal::None)
}

fn case(
    name: &str,
    mut unit: Box<dyn Process<f32>>,
    main: Vec<Vec<f32>>,
    key: Vec<f32>,
    block: usize,
    rivals: Vec<Rival>,
    moves: impl Fn(&dyn Process<f32>, &[f32], &[f32]),
) -> Case {
    let mut work = vec![vec![0.0; block]; main.len()];
    let mut out = vec![0.0; main[0].len()];
    feed(&mut *unit, (&main, &key), block, &mut work, |work, at, length| {
        out[at..at + length].copy_from_slice(&work[0][..length]);
    });
    moves(&*unit, &out, &main[0]);
    let units = key.len() as u64;
    let run: Run = Box::new(move || {
        feed(&mut *unit, (&main, &key), block, &mut work, |work, _, _| {
            black_box(work);
        });
    });
    Case {
        name: format!("{name}, stereo, mono key, blocks of {block}"),
        units,
        unit: "frame",
        ours: run,
        rivals,
        limit: None,
    }
}

/// The cases, each checked before it is returned.
///
/// # Panics
/// If a side does not do what it is for.
#[must_use]
pub fn cases() -> Vec<Case> {
    let stream = Stream::new(RATE_HZ, Layout::STEREO).expect("48 kHz is in range");
    let mut cases = Vec::new();
    for block in BLOCKS {
        let music = || signals::programme(2, SECONDS, -6.0);
        let ducks = |unit: &dyn Process<f32>, out: &[f32], input: &[f32]| {
            check("ducker", out, input, unit.latency_frames());
        };
        let unit = Ducker::new(DuckerSetup::default(), DuckerParams::default(), stream);
        let unit = Box::new(unit.expect("in range"));
        let rival = || vec![keyed(&music(), &voice(), block)];
        cases.push(case("ducker by separation", unit, music(), voice(), block, rival(), ducks));
        let setup = BandDuckerSetup::default();
        let unit = MaskingDucker::new(setup, MaskingDuckerParams::default(), stream);
        let unit = Box::new(unit.expect("in range"));
        cases.push(case("masking-aware ducker", unit, music(), voice(), block, rival(), ducks));
        // The cut's main signal is the voice, its key what lies far below: a keyed compressor does nothing
        // of the kind, so it is no rival.
        let both = || vec![voice(); 2];
        let cuts = |unit: &dyn Process<f32>, out: &[f32], input: &[f32]| {
            let lowered = lowered_db(out, input, unit.latency_frames(), (1.2, 1.8));
            assert!(lowered > 0.05, "the cut moves nothing: {lowered} dB");
        };
        let ambience: Vec<f32> =
            signals::noise(1, SECONDS as usize * RATE_HZ as usize, -40.0).remove(0);
        let unit = LowMidCut::new(setup, LowMidCutParams::default(), stream);
        let unit = Box::new(unit.expect("in range"));
        cases.push(case("low-mid cut", unit, both(), ambience, block, Vec::new(), cuts));
    }
    cases
}
