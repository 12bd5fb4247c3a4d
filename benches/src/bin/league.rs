//! The overshoot league: the hostile set of the limiter's tests through limiters of the registries.
//!
//! `league` prints what ours and fundsp's leave above a ceiling of -1 dBTP at 48 kHz, by the judge of the
//! tests (64x, 64 taps a side). `league write DIR` writes the signals as raw mono f32 for other programs;
//! `league DIR` adds every `DIR/<number>.<limiter>.f32` that they have made of them.
//! `limiter_league.py` does both for pedalboard.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use fundsp::prelude32::limiter;
use mixcore::dynamics::{ClipLimiter, Limiter, LimiterMode, LimiterParams, LimiterSetup};
use mixcore::units::{db_to_gain, gain_to_db};
use mixcore::{BlockMut, Layout, Stream, stream};

#[path = "../../../mixcore/tests/all/reference/judge.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests' judge as it stands there")]
mod judge;
#[path = "../../../mixcore/tests/all/programmes.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests' programmes as they stand there")]
mod programmes;

/// What the signals are made of: as in the tests.
#[allow(unreachable_pub, reason = "used like the tests' module of this name")]
mod signals {
    /// White noise, uniform in [-1, 1): the 32-bit LCG of Numerical Recipes.
    pub struct Noise(u32);

    impl Noise {
        /// From a seed.
        pub fn new(seed: u32) -> Self {
            Self(seed)
        }

        /// The next value.
        pub fn next_f64(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(self.0 >> 8) / f64::from(1_u32 << 23) - 1.0
        }

        /// A whole number below `bound`.
        pub fn below(&mut self, bound: usize) -> usize {
            ((self.next_f64() + 1.0) * 0.5 * bound as f64) as usize
        }
    }
}

const RATE_HZ: f64 = 48_000.0;
const CEILING_DBTP: f64 = -1.0;
const SEED: u32 = 1;
/// Look-ahead and release of every limiter that lets them be chosen.
const LOOKAHEAD_MS: f64 = 5.0;
const RELEASE_MS: f64 = 100.0;

/// The set; what a converter or a codec cannot be given (+100 dB) is left to the tests.
fn signals() -> Vec<(&'static str, Vec<f32>)> {
    let set = programmes::hostile(RATE_HZ, SEED).into_iter();
    let sane = set.filter(|(_, x)| x.iter().all(|x| x.abs() <= 100.0));
    sane.map(|(name, x)| (name, x.iter().map(|&x| x as f32).collect())).collect()
}

fn ours(mode: LimiterMode, input: &[f32]) -> Vec<f32> {
    let format = Stream::new(RATE_HZ, Layout::MONO).expect("48 kHz is in range");
    let setup = LimiterSetup { mode, lookahead_ms: LOOKAHEAD_MS, ..LimiterSetup::default() };
    let params = params();
    let mut limiter = Limiter::new(setup, params, format).expect("in range");
    let mut out = input.to_vec();
    stream::render(&mut limiter, BlockMut::mono(&mut out)).expect("mono");
    out
}

fn our_clip(input: &[f32]) -> Vec<f32> {
    let format = Stream::new(RATE_HZ, Layout::MONO).expect("48 kHz is in range");
    let setup = LimiterSetup { lookahead_ms: LOOKAHEAD_MS, ..LimiterSetup::default() };
    let mut limiter = ClipLimiter::new(setup, params(), format, input.len()).expect("in range");
    let mut out = input.to_vec();
    limiter.limit(BlockMut::mono(&mut out)).expect("mono");
    out
}

fn params() -> LimiterParams {
    LimiterParams { ceiling_dbtp: CEILING_DBTP, release_ms: RELEASE_MS, ..LimiterParams::default() }
}

/// fundsp limits to 1.0, so the signal is scaled before and after.
fn fundsp(input: &[f32]) -> Vec<f32> {
    let ceiling = db_to_gain(CEILING_DBTP) as f32;
    let mut node = limiter((LOOKAHEAD_MS * 1e-3) as f32, (RELEASE_MS * 1e-3) as f32);
    node.set_sample_rate(RATE_HZ);
    let latency = (LOOKAHEAD_MS * 1e-3 * RATE_HZ) as usize;
    let fed = input.iter().copied().chain(std::iter::repeat_n(0.0, latency));
    fed.map(|x| node.tick(&[x / ceiling].into())[0] * ceiling).collect()
}

/// Sample peak and true peak above the ceiling, dB.
fn excess(judge: &judge::Judge, out: &[f32]) -> String {
    let peak = out.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
    let sample = gain_to_db(f64::from(peak)) - CEILING_DBTP;
    let true_peak = judge.dbtp(&[out.to_vec()]) - CEILING_DBTP;
    format!("{sample:+.2} / {true_peak:+.2}")
}

fn others(folder: &Path, results: &mut BTreeMap<String, BTreeMap<usize, Vec<f32>>>) {
    for entry in fs::read_dir(folder).expect("the folder can be read").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let parts: Vec<&str> = name.splitn(2, '.').collect();
        let (Ok(index), Some(limiter)) =
            (parts[0].parse(), parts.get(1).and_then(|rest| rest.strip_suffix(".f32")))
        else {
            continue;
        };
        let bytes = fs::read(entry.path()).expect("the file can be read");
        let samples = bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
        results.entry(limiter.to_owned()).or_default().insert(index, samples);
    }
}

fn main() {
    let set = signals();
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [verb, folder] = &arguments[..]
        && verb == "write"
    {
        for (index, (_, signal)) in set.iter().enumerate() {
            let bytes: Vec<u8> = signal.iter().flat_map(|x| x.to_le_bytes()).collect();
            fs::write(Path::new(folder).join(format!("{index}.f32")), bytes).expect("written");
        }
        return;
    }
    let mut results: BTreeMap<String, BTreeMap<usize, Vec<f32>>> = BTreeMap::new();
    for (index, (_, signal)) in set.iter().enumerate() {
        let mut add = |name: &str, out| {
            results.entry(name.to_owned()).or_default().insert(index, out);
        };
        add("mixcore, true peak", ours(LimiterMode::TruePeak, signal));
        add("mixcore, whole clip", our_clip(signal));
        add("mixcore, sample peak", ours(LimiterMode::SamplePeak, signal));
        add("fundsp 0.23, limiter", fundsp(signal));
    }
    if let [folder] = &arguments[..] {
        others(Path::new(folder), &mut results);
    }
    let judge = judge::Judge::new();
    println!("| limiter | {} |", set.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" | "));
    println!("|---|{}", "---|".repeat(set.len()));
    for (limiter, outs) in &results {
        let cells = (0..set.len()).map(|index| match outs.get(&index) {
            Some(out) => excess(&judge, out),
            None => String::new(),
        });
        println!("| {limiter} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
}
