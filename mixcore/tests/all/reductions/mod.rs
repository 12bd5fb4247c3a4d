//! The gain reduction of every processor of dynamics: as an array it is what happens to the audio, its
//! statistics are those of the array, and no split of the signal changes either.

mod cases;

use std::panic::{AssertUnwindSafe, catch_unwind};

use mixcore::audio::{Block, BlockMut};
use mixcore::dynamics::{
    Automixer, AutomixerParams, AutomixerSetup, BandDuckerSetup, GainReduction, Leveller,
    LevellerParams, LevellerSetup, LowMidCut, LowMidCutParams, MaskingDucker, MaskingDuckerParams,
    ReductionStats, Suppressor, SuppressorParams, SuppressorSetup,
};
use mixcore::{Io, Layout, Stream};

use cases::all;

use crate::signals::Noise;

const RATE_HZ: f64 = 48_000.0;
/// Levels and gains in dB go through f32 polynomials: below 1e-4 dB each way.
const EXACT_DB: f64 = 2e-4;

type Planar = Vec<Vec<f64>>;
type Unit = Box<dyn GainReduction<f64>>;

/// How the statistics look at the curve.
#[derive(Clone, Copy, PartialEq)]
enum Looks {
    /// Every 32nd frame, of the row that is reduced most.
    EachRow,
    /// The same, of the row that is reduced most but for the last one, which is added.
    RowAndLast,
    /// The same, either way.
    EitherWay,
    /// A limiter's: twice the largest of each chunk of 64 frames, from the second one on, and one ahead.
    Chunks,
}

/// What the curve says of the audio.
#[derive(Clone, Copy, PartialEq)]
enum Effect {
    /// Every sample is the delayed one times the gain of its row.
    EverySample,
    /// One gain for all channels, every sample, from a frame on.
    FromFrame(usize),
    /// Where signal and gain stand still, the level of a tone (0 Hz: of a constant) goes down by the
    /// curve, in these frames of the output, to a tolerance.
    Tone { hz: f64, frames: (usize, usize), tolerance_db: f64 },
}

struct Case {
    name: &'static str,
    make: Box<dyn Fn() -> Unit>,
    audio: Planar,
    key: Option<Planar>,
    looks: Looks,
    effect: Effect,
}

fn stream(layout: Layout) -> Stream {
    Stream::new(RATE_HZ, layout).unwrap()
}

fn mono() -> Stream {
    stream(Layout::MONO)
}

fn frames(s: f64) -> usize {
    (s * RATE_HZ).round() as usize
}

/// The whole signal, then flushed; its curve and the statistics before the last 64 frames.
struct Run {
    out: Planar,
    curve: Vec<Vec<f32>>,
    stats: ReductionStats,
    end: ReductionStats,
    last_db: f64,
    latency: usize,
}

fn run(case: &Case, mut size: impl FnMut() -> usize) -> Run {
    let mut unit = (case.make)();
    let (rows, all) = (unit.reduction_rows(), case.audio[0].len());
    let before = all - 64;
    assert!(unit.reduction_stats().is_none(), "{}", case.name);
    let (mut out, mut curve) = (case.audio.clone(), vec![vec![9.0_f32; all]; rows]);
    let (mut at, mut stats) = (0, None);
    while at < all {
        let stop = if at < before { before } else { all };
        let end = (at + size()).min(stop);
        let mut whole = BlockMut::new(&mut out).unwrap();
        let main = whole.range(at, end);
        let key = case.key.as_ref().map(|key| Block::new(key).unwrap().range(at, end));
        let mut part = vec![9.0_f32; rows * (end - at)];
        unit.process_with_reduction(Io { main, key }, &mut part).unwrap();
        for (row, part) in curve.iter_mut().zip(part.chunks(end.saturating_sub(at).max(1))) {
            row[at..end].copy_from_slice(part);
        }
        at = end;
        if at == before {
            stats = unit.reduction_stats();
        }
    }
    let last_db = unit.gain_reduction_db();
    let end = unit.reduction_stats().unwrap();
    a_row_too_short_is_refused(&mut *unit, &mut out.clone());
    let latency = unit.latency_frames();
    unit.reset();
    assert!(unit.reduction_stats().is_none(), "{}", case.name);
    Run { out, curve, stats: stats.unwrap(), end, last_db, latency }
}

/// A curve of another length is refused, and nothing happens.
fn a_row_too_short_is_refused(unit: &mut dyn GainReduction<f64>, out: &mut Planar) {
    let rows = unit.reduction_rows();
    let mut short = vec![0.0_f32; rows * out[0].len() - 1];
    let before = out.clone();
    let io = Io::new(BlockMut::new(out).unwrap());
    assert!(unit.process_with_reduction(io, &mut short).is_err());
    assert!(*out == before);
}

/// The reductions that the statistics look at, and the largest of every frame.
fn looked_at(case: &Case, curve: &[Vec<f32>]) -> (Vec<f32>, f32) {
    let all = curve[0].len();
    let most = |rows: &[Vec<f32>], n: usize| {
        rows.iter().map(|row| row[n]).fold(f32::NEG_INFINITY, f32::max)
    };
    let at = |n: usize| match (case.looks, curve.split_last()) {
        (Looks::RowAndLast, Some((last, rows))) => most(rows, n) + last[n],
        (Looks::EitherWay, _) => curve[0][n].abs(),
        _ => most(curve, n),
    };
    if case.looks == Looks::Chunks {
        let chunks: Vec<f32> = (64..all)
            .step_by(64)
            .map(|n| (n..n + 64).map(at).fold(f32::NEG_INFINITY, f32::max))
            .collect();
        let largest = chunks.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        return (chunks.into_iter().flat_map(|x| [x, x]).collect(), largest);
    }
    let end = all - 64;
    ((0..end).step_by(32).map(at).collect(), (0..end).map(at).fold(f32::NEG_INFINITY, f32::max))
}

fn statistics_are_those_of_the_array(case: &Case, run: &Run) {
    /// Sums of thousands of numbers in f64.
    const ROUNDING: f64 = 1e-9;
    let (looks, largest) = looked_at(case, &run.curve);
    let (name, stats, count) = (case.name, run.stats, looks.len() as f64);
    assert_eq!(stats.max_db, f64::from(largest), "{name}");
    let mean = looks.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
    assert!((stats.mean_db - mean).abs() < ROUNDING, "{name}: {} {mean}", stats.mean_db);
    // Bins of a tenth of a dB: a raised gain counts as none, more than 40 dB as 40.
    let bin = |x: f32| (f64::from(x) * 10.0).clamp(0.0, 400.0) as usize;
    let mut bins: Vec<usize> = looks.iter().map(|x| bin(*x)).collect();
    bins.sort_unstable();
    let percentile = |share: f64| {
        let at = (share * count).ceil().max(1.0) as usize;
        bins[at - 1] as f64 / 10.0
    };
    assert!((stats.median_db - percentile(0.5)).abs() < ROUNDING, "{name}: {stats:?}");
    assert!((stats.p95_db - percentile(0.95)).abs() < ROUNDING, "{name}: {stats:?}");
    let over =
        |least: usize| 100.0 * bins.iter().filter(|bin| **bin >= least).count() as f64 / count;
    for (given, least) in
        [(stats.active_percent, 1), (stats.over_3_db_percent, 30), (stats.over_6_db_percent, 60)]
    {
        assert!((given - over(least)).abs() < ROUNDING, "{name}: {stats:?} {}", over(least));
    }
    assert!(stats.active_percent > 0.0, "{name} does nothing");
}

/// Amplitude of a tone in whole periods.
fn amplitude(audio: &[f64], hz: f64) -> f64 {
    if hz == 0.0 {
        return audio.iter().sum::<f64>() / audio.len() as f64;
    }
    let sum = |f: fn(f64) -> f64| -> f64 {
        let at = |n: usize| f(std::f64::consts::TAU * hz / RATE_HZ * n as f64);
        audio.iter().enumerate().map(|(n, x)| x * at(n)).sum()
    };
    sum(f64::cos).hypot(sum(f64::sin)) * 2.0 / audio.len() as f64
}

/// The largest difference between the curve and what happened, dB.
fn the_array_is_the_effect(case: &Case, run: &Run) {
    let (latency, all) = (run.latency, case.audio[0].len());
    let row_of = |channel: usize| {
        if run.curve.len() == case.audio.len() { channel } else { 0 }
    };
    let from = match case.effect {
        Effect::EverySample => latency,
        Effect::FromFrame(from) => from,
        Effect::Tone { hz, frames: (from, to), tolerance_db } => {
            let before = amplitude(&case.audio[0][from - latency..to - latency], hz);
            let after = amplitude(&run.out[0][from..to], hz);
            let down = 20.0 * (before / after).log10();
            let last = |row: &Vec<f32>| f64::from(row[to - 1]);
            let said = match case.looks {
                Looks::RowAndLast => run.curve.iter().map(last).sum(),
                _ => run.curve.iter().map(last).fold(0.0, f64::max),
            };
            println!("{}: {down:.4} dB down, the array says {said:.4} dB", case.name);
            assert!(said.abs() > 1.0, "{} does nothing: {said}", case.name);
            assert!((down - said).abs() < tolerance_db, "{}: {down} {said}", case.name);
            return;
        }
    };
    let (mut worst, mut most) = (0.0_f64, 0.0_f64);
    for (channel, (out, source)) in run.out.iter().zip(&case.audio).enumerate() {
        for n in from..all {
            let (x, y) = (source[n - latency], out[n]);
            if x.abs() > 1e-6 {
                let said = f64::from(run.curve[row_of(channel)][n]);
                worst = worst.max((20.0 * (x / y).log10() - said).abs());
                most = most.max(said.abs());
            }
        }
    }
    println!("{}: up to {most:.2} dB, the array is off by {worst:.1e} dB", case.name);
    assert!(most > 1.0 && worst < EXACT_DB, "{}: {most} {worst}", case.name);
}

#[test]
fn the_array_of_every_processor_is_its_effect_and_the_statistics_are_those_of_the_array() {
    let check = |case: &Case| {
        let whole = run(case, || usize::MAX / 2);
        the_array_is_the_effect(case, &whole);
        statistics_are_those_of_the_array(case, &whole);
        let last = whole.curve.iter().map(|row| f64::from(row[row.len() - 1]));
        let last = match case.looks {
            Looks::RowAndLast => last.sum(),
            _ => last.fold(f64::NEG_INFINITY, f64::max),
        };
        // To the cell: these stand at the end. A limiter speaks of its newest chunk.
        assert!(
            case.looks == Looks::Chunks || (whole.last_db - last).abs() < 0.5,
            "{}: {} {last}",
            case.name,
            whole.last_db
        );
    };
    // All of them are seen, whatever one says.
    let failed: Vec<&str> = all()
        .iter()
        .filter(|case| catch_unwind(AssertUnwindSafe(|| check(case))).is_err())
        .map(|case| case.name)
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn no_split_changes_an_array_or_its_statistics() {
    for case in all() {
        let whole = run(&case, || usize::MAX / 2);
        // The same audio as without an array.
        let mut out = case.audio.clone();
        let key = case.key.as_ref().map(|key| Block::new(key).unwrap());
        (case.make)().process(Io { main: BlockMut::new(&mut out).unwrap(), key }).unwrap();
        assert!(out == whole.out, "{}", case.name);
        let mut pick = Noise::new(3);
        let mut sizes: [Box<dyn FnMut() -> usize>; 4] =
            [Box::new(|| 1), Box::new(|| 37), Box::new(|| 480), Box::new(move || pick.below(700))];
        for (which, size) in sizes.iter_mut().enumerate() {
            let other = run(&case, size);
            assert!(other.out == whole.out, "{} {which}", case.name);
            assert!(other.curve == whole.curve, "{} {which}", case.name);
            assert_eq!((other.stats, other.end), (whole.stats, whole.end), "{}", case.name);
        }
    }
}

/// Static curves of the tools: what steady signals come to.
#[test]
fn the_tools_have_static_curves() {
    let leveller: Leveller<'_, f32> =
        Leveller::new(LevellerSetup::default(), LevellerParams::default(), mono()).unwrap();
    // 1 LU of dead zone, 70 %, at most 10 dB up.
    for (loudness, expected) in [(-23.9, -23.9), (-29.0, -25.5), (-13.0, -19.3), (-49.0, -39.0)] {
        assert!((leveller.static_curve_db(loudness) - expected).abs() < 1e-9, "{loudness}");
    }
    let setup = SuppressorSetup::default();
    let params = SuppressorParams { amount_percent: 50.0, ..Default::default() };
    let suppressor: Suppressor<'_, f32> = Suppressor::new(setup, params, mono()).unwrap();
    // 12 dB below at the most; half of it is 20 log10(0.5·10^(-12/20) + 0.5) = -4.074 dB.
    for (above, expected) in [(13.0, 13.0), (0.0, -4.0742)] {
        assert!((suppressor.static_curve_db(above) - expected).abs() < 1e-4, "{above}");
    }
    let mixer =
        Automixer::new(AutomixerSetup::default(), AutomixerParams::default(), mono()).unwrap();
    for (over, expected) in [(0.0, -3.0103), (20.0, 19.9568), (-60.0, -100.0)] {
        assert!((mixer.static_curve_db(over) - expected).abs() < 1e-4, "{over}");
    }
    let bands = BandDuckerSetup::default();
    let masking: MaskingDucker<'_, f32> =
        MaskingDucker::new(bands, MaskingDuckerParams::default(), mono()).unwrap();
    let curve = [9.0, 0.0, -10.0, -30.0].map(|ratio_db| masking.static_curve_db(ratio_db));
    assert_eq!(curve, [9.0, 6.0, 2.0, -30.0]);
    let cut: LowMidCut<'_, f32> =
        LowMidCut::new(bands, LowMidCutParams::default(), mono()).unwrap();
    let curve = [-3.0, 3.0, 9.0].map(|hidden_db| cut.static_curve_db(hidden_db));
    assert_eq!(curve, [-3.0, 0.0, 5.0]);
}
