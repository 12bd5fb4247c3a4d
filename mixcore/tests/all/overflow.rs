//! Filters that anything may be asked of: whatever they hold in the end, silence brings them back.

use mixcore::audio::Sample;
use mixcore::filters::design::{CrossoverSlope, Shape};
use mixcore::filters::{
    Biquad, Cascade, Crossover, CrossoverParams, CrossoverSetup, Eq, EqBand, EqParams, EqSetup,
    Fir, FirSetup, MAX_EQ_BANDS, Svf, SvfParams, SvfSetup,
};
use mixcore::{Block, BlockMut, Convert, Io, Isa, Layout, Process, Processor, Stream, math};

use crate::signals::{Noise, noise};

/// The loudest samples there are: +120 dBFS.
const LOUDEST: f64 = 1e6;

fn stereo() -> Stream {
    Stream::new(48_000.0, Layout::STEREO).unwrap()
}

fn run<S: Sample>(filter: &mut impl Process<S>, audio: &mut [Vec<S>], from: usize, to: usize) {
    let mut block = BlockMut::new(audio).unwrap();
    filter.process(Io::new(block.range(from, to))).unwrap();
}

fn finite<S: Sample>(audio: &[Vec<S>]) -> bool {
    audio.iter().flatten().all(|x| x.as_f64().is_finite())
}

fn bits<S: Sample>(audio: &[Vec<S>]) -> Vec<u64> {
    audio.iter().flatten().map(|x| x.as_f64().to_bits()).collect()
}

/// From `low` to `high`, even on a logarithmic scale.
fn pick_log(pick: &mut Noise, low: f64, high: f64) -> f64 {
    low * math::pow(high / low, (pick.next_f64() + 1.0) / 2.0)
}

/// Frames between two moves: one or two, within a piece of the ramp, or beyond its end.
fn some_frames(pick: &mut Noise) -> usize {
    let most = [2, 40, 400][pick.below(3)];
    1 + pick.below(most)
}

/// 16 sections with the largest numerators and double poles near z = 1: 32 integrators in series, whose
/// answer to the loudest constant outgrows f64 within the million frames that they remember.
fn hostile() -> [Biquad; 16] {
    const POLE: f64 = 0.999_99;
    [Biquad { b: [1e9; 3], a: [-2.0 * POLE, POLE * POLE] }; 16]
}

const LOUD_FRAMES: usize = 1_200_000;

/// The loudest constant and one fault on the left, nothing on the right; what came out, and how much
/// of it was counted.
fn overflowed<S: Sample>(isa: Isa, seed: u32) -> (Cascade, Vec<Vec<S>>) {
    let stream = Stream::with_isa(48_000.0, Layout::STEREO, isa).unwrap();
    let mut cascade = Cascade::new(&hostile(), stream).unwrap();
    let mut audio = vec![vec![S::from_f64(LOUDEST); LOUD_FRAMES], vec![S::zero(); LOUD_FRAMES]];
    audio[0][7] = S::from_f64(f64::NAN);
    let (mut pick, mut at) = (Noise::new(seed), 0);
    while at < LOUD_FRAMES {
        let end = if seed == 0 { LOUD_FRAMES } else { (at + pick.below(1000)).min(LOUD_FRAMES) };
        run(&mut cascade, &mut audio, at, end);
        at = end;
    }
    assert!(finite(&audio), "{isa:?} {seed}");
    assert!(audio[1].iter().all(|&x| x == S::zero()), "the other channel hears nothing of it");
    (cascade, audio)
}

/// How many numbers the hostile sections give that are not finite, for what [`overflowed`] feeds them
/// with: the equations literally, in f64, with their rule of rest at multiples of 64 frames.
fn overruns() -> u64 {
    let sections = hostile();
    let mut states = [[0.0_f64; 2]; 16];
    let mut count = 0;
    for n in 0..LOUD_FRAMES {
        if n % 64 == 0 {
            for state in &mut states {
                let tiny = state.iter().all(|s| s.abs() < 1e-30);
                if tiny || state.iter().any(|s| !s.is_finite()) {
                    *state = [0.0; 2];
                }
            }
        }
        let mut x = if n == 7 { 0.0 } else { LOUDEST };
        for (Biquad { b, a }, [s1, s2]) in sections.iter().zip(&mut states) {
            let y = b[0] * x + *s1;
            (*s1, *s2) = ((b[1] * x + *s2) - a[0] * y, b[2] * x - a[1] * y);
            x = y;
        }
        count += u64::from(!x.is_finite());
    }
    count
}

#[test]
fn a_cascade_that_runs_over_stays_finite_and_says_so() {
    // One of the input, and what the sections run over by: the same in both sample types.
    let (faults, overruns) = (1 + overruns(), overruns());
    assert!(overruns > 0);
    assert_eq!(overflowed::<f32>(Isa::detect(), 0).0.faults(), faults);
    let (whole, expected) = overflowed::<f64>(Isa::detect(), 0);
    assert_eq!(whole.faults(), faults);
    for (isa, seed) in [(Isa::baseline(), 0), (Isa::detect(), 1)] {
        let (cascade, audio) = overflowed::<f64>(isa, seed);
        assert!(audio == expected && cascade.faults() == faults, "{isa:?} {seed}");
    }
    // Its sections ring on for millions of frames, and run over again and again; how they come to rest is
    // tested with the kernel. The other channel is as new.
    let mut cascade = whole;
    let mut audio = vec![vec![0.0; 6400], noise::<f64>(1, 6400, 0.5, 9).remove(0)];
    let mut fresh = audio.clone();
    run(&mut cascade, &mut audio, 0, 6400);
    run(&mut Cascade::new(&hostile(), stereo()).unwrap(), &mut fresh, 0, 6400);
    assert!(finite(&audio) && audio[1] == fresh[1]);
}

/// After whatever happened: as a new one that was at the same parameters all along.
fn comes_back<S: Sample, P: Process<S>>(filter: &mut P, fresh: &mut P, done: usize) {
    // Until the counter is where that of a new one is on every grid, and what was heard has died away.
    let frames = 20 * filter.tail_frames() + 960;
    let frames = frames + (64 - (done + frames) % 64) % 64;
    let mut silence = vec![vec![S::zero(); frames]; 2];
    run(filter, &mut silence, 0, frames);
    assert!(finite(&silence) && silence.iter().all(|x| x[frames - 1] == S::zero()));
    let input = noise::<S>(2, 1000, 1.0, 4);
    let (mut again, mut new) = (input.clone(), input);
    run(filter, &mut again, 0, 1000);
    run(fresh, &mut new, 0, 1000);
    assert!(bits(&again) == bits(&new));
}

/// Moves at every frame or every few, each to the ends of the ranges.
fn moved_eq<S: Sample>(seed: u32) {
    let mut pick = Noise::new(seed);
    let setup = EqSetup { bands: MAX_EQ_BANDS, ..EqSetup::default() };
    let end = EqParams::new(&[EqBand::new(Shape::Bell, 1000.0, 6.0, 1.0); MAX_EQ_BANDS]);
    let mut eq = Eq::new(setup, end, stereo()).unwrap();
    let mut done = 0;
    for _ in 0..300 {
        let band = |pick: &mut Noise| EqBand {
            on: pick.below(8) > 0,
            ..EqBand::new(
                Shape::ALL[pick.below(Shape::ALL.len())],
                if pick.below(2) == 0 { 20.0 } else { 20_000.0 },
                if pick.below(2) == 0 { 36.0 } else { -36.0 },
                if pick.below(2) == 0 { 0.1 } else { 40.0 },
            )
        };
        let bands: Vec<EqBand> = (0..MAX_EQ_BANDS).map(|_| band(&mut pick)).collect();
        eq.set_params(EqParams::new(&bands)).unwrap();
        let frames = some_frames(&mut pick);
        let mut audio = noise::<S>(2, frames, LOUDEST, pick.below(1000) as u32);
        run(&mut eq, &mut audio, 0, frames);
        assert!(finite(&audio), "{bands:?}");
        done += frames;
    }
    eq.set_params(end).unwrap();
    run(&mut eq, &mut vec![vec![S::zero(); 960]; 2], 0, 960);
    assert_eq!(eq.faults(), 0, "no move of these makes it run over");
    let mut fresh = Eq::new(setup, end, stereo()).unwrap();
    comes_back::<S, _>(&mut eq, &mut fresh, done + 960);
}

#[test]
fn an_equaliser_that_never_rests_comes_back() {
    for seed in 0..3 {
        moved_eq::<f32>(seed);
        moved_eq::<f64>(seed);
    }
}

/// Σ|h| of an answer to an impulse: at rest no input of up to 1 gives more, and one with the signs of h,
/// backwards, gives as much.
fn most(answer: &[f64]) -> f64 {
    answer.iter().map(|h| h.abs()).sum()
}

/// The input that gives the most at its last frame.
fn worst(answer: &[f64]) -> Vec<f64> {
    answer.iter().rev().map(|h| LOUDEST.copysign(*h)).collect()
}

/// What an equaliser's bands at rest give at most, over their input (its documentation): 16 of them give
/// 10^(6 + 16·4) at the loudest sample, far from the end of f64.
const BAND_MOST: f64 = 1e4;

#[test]
fn an_equaliser_at_rest_cannot_run_over() {
    const RATE_HZ: f64 = 48e3;
    let stream = Stream::new(RATE_HZ, Layout::MONO).unwrap();
    let (mut largest, mut of) = (0.0, None);
    for shape in Shape::ALL {
        for (hz, q, gain_db) in [20.0, 1000.0, 20e3].into_iter().flat_map(|hz| {
            [0.1, 1.0, 40.0].into_iter().flat_map(move |q| [-36.0, 36.0].map(|db| (hz, q, db)))
        }) {
            let band = EqBand::new(shape, hz, gain_db, q);
            let setup = EqSetup { bands: 1, ..EqSetup::default() };
            let mut eq = Eq::new(setup, EqParams::new(&[band]), stream).unwrap();
            // 20 time constants Q/(π·f) of the poles, or those of two real ones: 2e-9 is left.
            let frames = (20.0 * RATE_HZ * q.max(1.0 / q) / (math::PI * hz)) as usize + 64;
            let mut answer = vec![vec![0.0_f64; frames]];
            answer[0][0] = 1.0;
            run(&mut eq, &mut answer, 0, frames);
            let most = most(&answer[0]);
            assert!(most < BAND_MOST, "{band:?}: {most}");
            if most > largest {
                (largest, of) = (most, Some((band, frames)));
            }
        }
    }
    // Sixteen of the worst, driven by what is the worst for one and then for all.
    let (band, frames) = of.unwrap();
    let params = EqParams::new(&[band; MAX_EQ_BANDS]);
    let setup = EqSetup { bands: MAX_EQ_BANDS, ..EqSetup::default() };
    let mut answer = vec![vec![0.0_f64; 2 * frames]];
    answer[0][0] = 1.0;
    run(&mut Eq::new(setup, params, stream).unwrap(), &mut answer, 0, 2 * frames);
    let most = LOUDEST * most(&answer[0]);
    println!("{band:?}: {largest}, of 16 {most:e}");
    let mut audio = vec![worst(&answer[0])];
    let mut eq = Eq::new(setup, params, stream).unwrap();
    run(&mut eq, &mut audio, 0, 2 * frames);
    let peak = audio[0].iter().fold(0.0_f64, |peak, x| peak.max(x.abs()));
    // Roundings of a few thousand frames.
    assert!((peak / most - 1.0).abs() < 1e-9 && eq.faults() == 0, "{peak:e} {most:e}");
    assert!(most < LOUDEST * BAND_MOST.powi(16));
    // An f32 is held at its largest.
    let mut audio = vec![worst(&answer[0]).iter().map(|&x| x as f32).collect::<Vec<_>>()];
    let mut eq = Eq::new(setup, params, stream).unwrap();
    run(&mut eq, &mut audio, 0, 2 * frames);
    assert!(finite(&audio) && eq.faults() == 0);
    assert_eq!(audio[0].iter().fold(0.0_f32, |peak, x| peak.max(x.abs())), f32::MAX);
}

fn moved_svf<S: Sample>(shape: Shape) {
    let mut pick = Noise::new(6);
    let end = SvfParams { hz: 700.0, q: 2.0, gain_db: 3.0 };
    let mut svf = Svf::new(SvfSetup { shape }, end, stereo()).unwrap();
    let mut done = 0;
    for _ in 0..300 {
        let hz = if pick.below(2) == 0 { 5.0 } else { 20_000.0 };
        let q = if pick.below(2) == 0 { 0.1 } else { 40.0 };
        let gain_db = if pick.below(2) == 0 { -36.0 } else { 36.0 };
        svf.set_params(SvfParams { hz, q, gain_db }).unwrap();
        let frames = some_frames(&mut pick);
        let mut audio = noise::<S>(2, frames, LOUDEST, pick.below(1000) as u32);
        let cutoffs: Vec<f32> = (0..frames)
            .map(|_| [0.0, 5.0, 1e9, f32::NAN, f32::INFINITY, 3e3][pick.below(6)])
            .collect();
        if pick.below(2) == 0 {
            svf.process_swept(BlockMut::new(&mut audio).unwrap(), &cutoffs).unwrap();
        } else {
            run(&mut svf, &mut audio, 0, frames);
        }
        assert!(finite(&audio), "{shape:?} {hz} {q} {gain_db}");
        done += frames;
    }
    svf.set_params(end).unwrap();
    run(&mut svf, &mut vec![vec![S::zero(); 960]; 2], 0, 960);
    // Whatever moves, the charge of its integrators only falls: it cannot run over.
    assert_eq!(svf.faults(), 0, "{shape:?}");
    let mut fresh = Svf::new(SvfSetup { shape }, end, stereo()).unwrap();
    comes_back::<S, _>(&mut svf, &mut fresh, done + 960);
}

#[test]
fn a_state_variable_filter_that_never_rests_comes_back() {
    for shape in Shape::ALL {
        moved_svf::<f32>(shape);
        moved_svf::<f64>(shape);
    }
}

fn moved_crossover<S: Sample>(slope: CrossoverSlope) {
    let setup = CrossoverSetup { bands: 4, slope };
    let end = CrossoverParams::new(&[150.0, 1000.0, 6000.0]).unwrap();
    let mut pick = Noise::new(8);
    let mut crossover = Crossover::new(setup, end, stereo()).unwrap();
    let split = |crossover: &mut Crossover<'_>, input: &[Vec<S>]| {
        let mut bands = vec![vec![S::zero(); input[0].len()]; 8];
        let output = BlockMut::new(&mut bands).unwrap();
        crossover.convert(Block::new(input).unwrap(), output).unwrap();
        bands
    };
    let mut done = 0;
    for _ in 0..600 {
        let mut hz: [f64; 3] = core::array::from_fn(|_| pick_log(&mut pick, 20.0, 20_000.0));
        if pick.below(3) > 0 {
            hz = if pick.below(2) == 0 { [20.0, 21.0, 22.0] } else { [18e3, 19e3, 20e3] };
        }
        hz.sort_by(f64::total_cmp);
        crossover.set_params(CrossoverParams::new(&hz).unwrap()).unwrap();
        let frames = some_frames(&mut pick);
        let audio = noise::<S>(2, frames, LOUDEST, pick.below(1000) as u32);
        assert!(finite(&split(&mut crossover, &audio)), "{slope:?} {hz:?}");
        done += frames;
    }
    crossover.set_params(end).unwrap();
    let frames = 20 * Processor::tail_frames(&crossover) + 9600;
    let frames = frames + (64 - (done + frames) % 64) % 64;
    let rest = split(&mut crossover, &vec![vec![S::zero(); frames]; 2]);
    assert_eq!(crossover.faults(), 0, "{slope:?}: no move of these makes it run over");
    assert!(finite(&rest) && rest.iter().all(|x| x[frames - 1] == S::zero()));
    let input = noise::<S>(2, 1000, 1.0, 4);
    let again = split(&mut crossover, &input);
    let fresh = split(&mut Crossover::new(setup, end, stereo()).unwrap(), &input);
    assert!(bits(&again) == bits(&fresh), "{slope:?}");
}

#[test]
fn a_crossover_that_never_rests_comes_back() {
    for slope in CrossoverSlope::ALL {
        moved_crossover::<f32>(slope);
        moved_crossover::<f64>(slope);
    }
}

/// What a band of a crossover at rest gives at most, over the input (its documentation).
const CROSSOVER_MOST: f64 = 100.0;

#[test]
fn a_crossover_at_rest_cannot_run_over() {
    // Ten time constants Q/(π·f) of the slowest poles, of 20 Hz and Q 2.6.
    const FRAMES: usize = 20_000;
    let stream = Stream::new(48e3, Layout::MONO).unwrap();
    let split = |setup, hz: &[f64], input: &[f64]| {
        let params = CrossoverParams::new(hz).unwrap();
        let mut crossover = Crossover::new(setup, params, stream).unwrap();
        let mut bands = vec![vec![0.0_f64; FRAMES]; setup.bands];
        let output = BlockMut::new(&mut bands).unwrap();
        crossover.convert(Block::mono(input), output).unwrap();
        assert_eq!(crossover.faults(), 0);
        bands
    };
    let mut impulse = vec![0.0_f64; FRAMES];
    impulse[0] = 1.0;
    let mut largest = 0.0_f64;
    for slope in CrossoverSlope::ALL {
        let setup = CrossoverSetup { bands: 6, slope };
        for hz in [
            [20.0; 5],
            [20.0, 150.0, 1000.0, 6000.0, 20e3],
            [20.0, 21.0, 22.0, 23.0, 24.0],
            [1000.0, 1100.0, 1200.0, 1300.0, 1400.0],
            [20e3; 5],
        ] {
            for (band, answer) in split(setup, &hz, &impulse).iter().enumerate() {
                let most = most(answer);
                largest = largest.max(most);
                assert!(most < CROSSOVER_MOST, "{slope:?} {hz:?} {band}: {most}");
                let peak = split(setup, &hz, &worst(answer))[band][FRAMES - 1].abs();
                // Roundings of 20,000 frames.
                assert!((peak / (LOUDEST * most) - 1.0).abs() < 1e-9, "{slope:?} {hz:?} {band}");
            }
        }
    }
    println!("a band gives at most {largest} times its input");
}

/// The largest taps there are: 1e6 in all, so 1e12 at the loudest sample, and then nothing.
fn loud_fir<S: Sample>() {
    let mut pick = Noise::new(5);
    for taps in [1, 2, 47, 4096] {
        let weights: Vec<f64> = (0..taps).map(|_| pick.next_f64()).collect();
        let sum: f64 = weights.iter().map(|w| w.abs()).sum();
        // In all just below the bound, however it is summed.
        let weights: Vec<f64> = weights.iter().map(|w| w * 0.999_999e6 / sum).collect();
        let mut fir = Fir::<S>::new(FirSetup::all(&weights), stereo()).unwrap();
        let mut audio = noise::<S>(2, 6000, LOUDEST, 7);
        audio[0][9] = S::from_f64(f64::NEG_INFINITY);
        run(&mut fir, &mut audio, 0, 6000);
        let mut silence = vec![vec![S::zero(); taps]; 2];
        run(&mut fir, &mut silence, 0, taps);
        assert_eq!(fir.faults(), 1, "{taps}");
        let peak = audio
            .iter()
            .chain(&silence)
            .flatten()
            .fold(0.0, |peak: f64, x| peak.max(x.as_f64().abs()));
        assert!(peak < 1e12, "{taps}: {peak}");
        assert!(silence.iter().all(|x| x[taps - 1] == S::zero()));
    }
}

#[test]
fn an_fir_filter_cannot_run_over() {
    loud_fir::<f32>();
    loud_fir::<f64>();
}
