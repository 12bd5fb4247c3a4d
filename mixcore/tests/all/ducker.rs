//! The duckers' properties: curve, slews and caps, keys, any split, any memory, any number.

use mixcore::audio::{Block, BlockMut};
use mixcore::dynamics::{
    DuckOutcome, DuckPlan, DuckedPhrase, Ducker, DuckerParams, DuckerSetup,
    MAX_DUCKER_LOOKAHEAD_MS, MIN_DUCKER_LOOKAHEAD_MS,
};
use mixcore::kernels::Isa;
use mixcore::loudness::{Region, SpeechRegions, SubBlocks};
use mixcore::{Io, Layout, Process, Processor, Stream};
use proptest::prelude::*;

use crate::signals::{Noise, noise};

const RATE_HZ: f64 = 48_000.0;

fn plan(
    key: &[f64],
    music: &[f64],
    regions: &[(u64, u64)],
    params: DuckerParams,
) -> DuckPlan<'static> {
    let (key, music) =
        (SubBlocks::new(key, RATE_HZ).unwrap(), SubBlocks::new(music, RATE_HZ).unwrap());
    let mut list: Vec<Region> = regions
        .iter()
        .map(|&(start, end)| Region { start_frame: start * 480, end_frame: end * 480 })
        .collect();
    let speech = SpeechRegions::new_in(&mut list, RATE_HZ).unwrap();
    DuckPlan::new(key, music, &speech, params).unwrap()
}

/// Two lines that need 6 and 10 dB, 1.5 s apart, and one 3 s later that needs 20 dB.
fn three_lines(params: DuckerParams) -> DuckPlan<'static> {
    let (mut key, music) = ([0.0; 1500], [1.0; 1500]);
    key[200..300].fill(10_f64.powf(0.4));
    key[450..600].fill(1.0);
    key[900..1000].fill(0.1);
    plan(&key, &music, &[(200, 300), (450, 600), (900, 1000)], params)
}

#[test]
fn the_curve_is_the_least_that_is_deep_enough_and_slow_enough() {
    let params = DuckerParams { max_depth_db: 15.0, ..DuckerParams::default() };
    let plan = three_lines(params);
    // By hand: depths with lead 50 ms and hold 800 ms, cones of 40 and 8 dB/s, the highest of them.
    let lines = [(195.0, 380.0, 6.0), (445.0, 680.0, 10.0), (895.0, 1080.0, 15.0)];
    for k in 0..=1500 {
        let t = f64::from(k);
        let expected = lines
            .iter()
            .map(|&(start, end, depth)| {
                depth - 0.4 * (start - t).max(0.0) - 0.08 * (t - end).max(0.0)
            })
            .fold(0.0, f64::max);
        let found = plan.reduction_db(k as usize);
        assert!((found - expected).abs() < 1e-9, "{k}: {found} {expected}");
    }
    let outcomes: Vec<DuckOutcome> = plan.phrases().iter().map(|p| p.outcome).collect();
    assert_eq!(outcomes, [DuckOutcome::Met, DuckOutcome::Met, DuckOutcome::DepthCap]);
    let buried: Vec<&DuckedPhrase> = plan.buried().collect();
    assert_eq!(buried.len(), 1);
    assert!((buried[0].needed_db - 20.0).abs() < 1e-9);
    assert!((buried[0].after_lu.value().unwrap() - 5.0).abs() < 1e-9);
    // The release of the second line reaches into none of the third; the first has no excess.
    assert!(plan.mean_excess_lu().value().unwrap().abs() < 1e-9);
    // Between points of the automation the curve is straight: read it back.
    let points: Vec<_> = plan.breakpoints().collect();
    for k in 0..=1500_usize {
        let frame = k as u64 * 480;
        let next = points.iter().position(|p| p.frame >= frame).unwrap_or(points.len() - 1);
        let (a, b) = (points[next.saturating_sub(1)], points[next]);
        let t = if b.frame > a.frame {
            frame.saturating_sub(a.frame) as f64 / (b.frame - a.frame) as f64
        } else {
            0.0
        };
        let db = if frame >= b.frame { b.gain_db } else { a.gain_db + (b.gain_db - a.gain_db) * t };
        assert!((db + plan.reduction_db(k)).abs() < 1e-6, "{k}: {db}");
    }
    assert!(points.len() < 20, "{}", points.len());
}

#[test]
fn a_neighbour_that_needs_more_is_an_excess_that_is_told() {
    // The second line starts 0.5 s after the first and needs 11 dB more than it.
    let (mut key, music) = ([0.0; 600], [1.0; 600]);
    key[100..200].fill(10_f64.powf(0.9));
    key[250..400].fill(10_f64.powf(-0.2));
    let lines = [(100, 200), (250, 400)];
    let fast = DuckerParams::default();
    let plan_fast = plan(&key, &music, &lines, fast);
    assert!(plan_fast.mean_excess_lu().value().unwrap().abs() < 1e-9);
    // At 4 dB/s down, the way to the second line begins inside the first.
    let slow = DuckerParams { attack_db_per_s: 4.0, ..fast };
    let plan_slow = plan(&key, &music, &lines, slow);
    let first = plan_slow.phrases()[0];
    assert_eq!(first.outcome, DuckOutcome::Met);
    assert!(first.excess_lu(&slow).value().unwrap() > 5.0);
    assert!(plan_slow.phrases()[1].excess_lu(&slow).value().unwrap().abs() < 1e-9);
    for k in 0..600 {
        let step = plan_slow.reduction_db(k + 1) - plan_slow.reduction_db(k);
        assert!((-0.0801..=0.0401).contains(&step), "{k}: {step}");
    }
}

#[test]
fn silence_and_short_words_move_nothing() {
    let (mut key, mut music) = ([0.0; 900], [1.0; 900]);
    key[100..200].fill(1.0);
    key[400..415].fill(1.0);
    key[700..800].fill(1.0);
    music[600..900].fill(0.0);
    let found = plan(
        &key,
        &music,
        &[(100, 200), (400, 415), (500, 600), (700, 800)],
        DuckerParams::default(),
    );
    let outcomes: Vec<DuckOutcome> = found.phrases().iter().map(|p| p.outcome).collect();
    use DuckOutcome::{Met, NoSpeech, Silent};
    assert_eq!(outcomes, [Met, NoSpeech, NoSpeech, Silent]);
    assert_eq!(found.reduction_db(450), 0.0);
    assert_eq!(found.reduction_db(750), 0.0);
    assert_eq!(plan(&[], &[], &[], DuckerParams::default()).breakpoints().count(), 1);
}

#[test]
fn a_plan_in_lent_memory_is_the_same_and_errors_are_told() {
    let (mut key, music) = ([0.0; 300], [1.0; 300]);
    key[100..200].fill(1.0);
    let (key, music) =
        (SubBlocks::new(&key, RATE_HZ).unwrap(), SubBlocks::new(&music, RATE_HZ).unwrap());
    let mut list = [Region { start_frame: 48_000, end_frame: 96_000 }];
    let speech = SpeechRegions::new_in(&mut list, RATE_HZ).unwrap();
    let params = DuckerParams::default();
    let owned = DuckPlan::new(key, music, &speech, params).unwrap();
    let mut curve = vec![7.0; DuckPlan::required_len(music)];
    let mut found = vec![DuckedPhrase::default(); 1];
    let lent = DuckPlan::new_in(key, music, &speech, params, &mut curve, &mut found).unwrap();
    assert!(owned.breakpoints().eq(lent.breakpoints()));
    assert_eq!(owned.phrases(), lent.phrases());
    let mut short = vec![0.0; 300];
    assert!(DuckPlan::new_in(key, music, &speech, params, &mut short, &mut found).is_err());
    assert!(DuckPlan::new_in(key, music, &speech, params, &mut curve, &mut []).is_err());
    let other_rate = SubBlocks::new(&[1.0; 300], 44_100.0).unwrap();
    assert!(DuckPlan::new(key, other_rate, &speech, params).is_err());
    let wrong = DuckerParams { target_lu: -1.0, ..params };
    assert!(DuckPlan::new(key, music, &speech, wrong).is_err());
}

/// A key with lines, pauses and a breath, and a background, 12 s at a rate whose sub-blocks differ.
fn scene(rate_hz: f64) -> (Vec<f32>, Vec<Vec<f32>>) {
    let frames = (12.0 * rate_hz) as usize;
    let mut pick = Noise::new(4);
    let key = (0..frames)
        .map(|n| {
            let t = n as f64 / rate_hz;
            let level = match t {
                1.0..3.0 => 0.2,
                3.3..5.0 => 0.1,
                6.5..6.8 => 0.005,
                9.0..10.5 => 0.3,
                _ => 0.0,
            };
            (level * (0.6 + 0.4 * (25.0 * t).sin()) * pick.next_f64()) as f32
        })
        .collect();
    (key, noise(2, frames, 0.15, 9))
}

fn run(
    ducker: &mut Ducker<'_, f32>,
    key: &[f32],
    audio: &[Vec<f32>],
    mut size: impl FnMut() -> usize,
) -> Vec<Vec<f32>> {
    let mut audio = audio.to_vec();
    let frames = key.len();
    let mut at = 0;
    while at < frames {
        let end = (at + size()).min(frames);
        let mut main = BlockMut::new(&mut audio).unwrap();
        let key = Block::mono(&key[at..end]);
        ducker.process(Io::with_key(main.range(at, end), key)).unwrap();
        at = end;
        if at == frames / 2 {
            break;
        }
    }
    while at < frames {
        let end = (at + size()).min(frames);
        let mut main = BlockMut::new(&mut audio).unwrap();
        let key = Block::mono(&key[at..end]);
        ducker.process(Io::with_key(main.range(at, end), key)).unwrap();
        at = end;
    }
    audio
}

#[test]
fn with_a_key_any_split_any_isa_and_lent_memory_give_the_same_bits() {
    let setup = DuckerSetup { lookahead_ms: 400.0, ..DuckerSetup::default() };
    for rate_hz in [48_000.0, 11_025.0] {
        let (key, audio) = scene(rate_hz);
        let stream = Stream::new(rate_hz, Layout::STEREO).unwrap();
        let params = DuckerParams::default();
        let mut whole = Ducker::new(setup, params, stream).unwrap();
        let expected = run(&mut whole, &key, &audio, || usize::MAX / 2);
        assert!(whole.reduction_stats().unwrap().max_db > 3.0);
        let mut pick = Noise::new(1);
        for size in [1, 7, 64, 480, 1000] {
            whole.reset();
            assert!(run(&mut whole, &key, &audio, || size) == expected, "{size}");
        }
        whole.reset();
        assert!(run(&mut whole, &key, &audio, || pick.below(700)) == expected);
        for isa in Isa::available() {
            let stream = Stream::with_isa(rate_hz, Layout::STEREO, isa).unwrap();
            let mut ducker = Ducker::new(setup, params, stream).unwrap();
            assert!(run(&mut ducker, &key, &audio, || 333) == expected, "{isa:?}");
        }
        let need = Ducker::<f32>::required_len(setup, stream).unwrap();
        let (mut samples, mut numbers) = (vec![1.0; need.samples], vec![1.0; need.numbers]);
        let mut list = vec![DuckedPhrase::default(); need.phrases];
        let mut lent =
            Ducker::new_in(setup, params, stream, &mut samples, &mut numbers, &mut list).unwrap();
        assert!(run(&mut lent, &key, &audio, || 512) == expected);
        // The gain of every frame, read from the output: slews and cap.
        let latency = whole.latency_frames();
        let mut last = 0.0;
        for n in (latency..audio[0].len()).step_by((rate_hz / 100.0) as usize) {
            let (x, y) = (f64::from(audio[0][n - latency]), f64::from(expected[0][n]));
            if x.abs() < 0.01 {
                continue;
            }
            let db = 20.0 * (y / x).log10();
            assert!((-params.max_depth_db - 1e-3..1e-4).contains(&db), "{n}: {db}");
            last = if last == 0.0 { db } else { last };
        }
    }
}

#[test]
fn the_gain_moves_by_its_slews() {
    let (key, _) = scene(RATE_HZ);
    let audio = vec![vec![0.1_f32; key.len()]; 2];
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    // A K-weighted direct current is nothing, so there is nothing to duck …
    let params = DuckerParams { target_lu: 30.0, ..DuckerParams::default() };
    let mut ducker = Ducker::new(DuckerSetup::default(), params, stream).unwrap();
    let same = run(&mut ducker, &key, &audio, || 4096);
    assert!((same[0][200_000] - 0.1).abs() < 1e-7);
    // … and a tone has its gain in its envelope: 10 kHz, one period in 4.8 frames, five in 24.
    let tone: Vec<f32> =
        (0..key.len()).map(|n| 0.5 * (n as f32 * std::f32::consts::TAU / 4.8).sin()).collect();
    let out = run(&mut ducker, &key, &vec![tone.clone(); 2], || 4096);
    let latency = ducker.latency_frames();
    let level = |n: usize| {
        let energy: f64 = out[0][n..n + 24].iter().map(|x| f64::from(*x).powi(2)).sum();
        10.0 * (energy / 3.0).log10()
    };
    let (mut fastest_down, mut fastest_up) = (0.0_f64, 0.0_f64);
    for n in (latency + 480..key.len() - 4900).step_by(240) {
        // Over 0.1 s.
        let slew = (level(n + 4800) - level(n)) * 10.0;
        fastest_down = fastest_down.max(-slew);
        fastest_up = fastest_up.max(slew);
        // 24 frames hold five whole periods, but not of an envelope that moves: 0.05 dB.
        assert!(level(n) > -12.05 && level(n) < 0.05, "{n}: {}", level(n));
    }
    // A run that starts before the first frame is heard does not count; here speech starts at 1 s.
    // Two readings to 0.05 dB, 0.1 s apart: 1 dB/s.
    assert!((35.0..41.0).contains(&fastest_down), "{fastest_down}");
    assert!((7.0..9.0).contains(&fastest_up), "{fastest_up}");
}

#[test]
fn keys_that_do_not_fit_are_errors_and_faults_are_counted() {
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let (setup, params) = (DuckerSetup::default(), DuckerParams::default());
    let mut ducker = Ducker::<f32>::new(setup, params, stream).unwrap();
    let (mut audio, key) = (vec![vec![0.5_f32; 100]; 2], vec![vec![0.5_f32; 100]; 2]);
    let before = audio.clone();
    for key in [Block::new(&key).unwrap(), Block::mono(&key[0][..99])] {
        let main = BlockMut::new(&mut audio).unwrap();
        let error = ducker.process(Io::with_key(main, key)).unwrap_err().to_string();
        assert!(error.contains("key"), "{error}");
        assert!(audio == before);
    }
    let dirty = [f32::NAN, 1.0, f32::INFINITY, 2e6];
    let main = BlockMut::new(&mut audio).unwrap().into_range(0, 4);
    ducker.process(Io::with_key(main, Block::mono(&dirty))).unwrap();
    assert_eq!(ducker.faults(), 3);
    for lookahead_ms in [MIN_DUCKER_LOOKAHEAD_MS - 1.0, MAX_DUCKER_LOOKAHEAD_MS + 1.0, f64::NAN] {
        let setup = DuckerSetup { lookahead_ms, ..setup };
        assert!(Ducker::<f32>::new(setup, params, stream).is_err());
    }
    assert!(
        Ducker::<f32>::new(DuckerSetup { key_offset_db: 41.0, ..setup }, params, stream).is_err()
    );
    assert!(
        Ducker::<f32>::new_in(setup, params, stream, &mut [0.0; 9], &mut [0.0; 9], &mut [])
            .is_err()
    );
    // A key in 5.1 is heard by its loudness: LFE does not count.
    let setup = DuckerSetup { key_layout: Layout::SURROUND_5_1, ..setup };
    let mut ducker = Ducker::<f32>::new(setup, params, stream).unwrap();
    let mut key = vec![vec![0.0_f32; 96_000]; 6];
    key[3] = noise(1, 96_000, 0.5, 3).remove(0);
    let mut audio = noise::<f32>(2, 96_000, 0.5, 4);
    let main = BlockMut::new(&mut audio).unwrap();
    ducker.process(Io::with_key(main, Block::new(&key).unwrap())).unwrap();
    assert_eq!(ducker.reduction_stats().unwrap().max_db, 0.0);
}

#[test]
fn bypass_lets_the_background_pass_and_comes_back() {
    let (key, audio) = scene(RATE_HZ);
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let setup = DuckerSetup::default();
    let mut ducker = Ducker::new(setup, DuckerParams::default(), stream).unwrap();
    ducker.set_bypass(true);
    assert!(ducker.bypass());
    let out = run(&mut ducker, &key, &audio, || 999);
    let latency = ducker.latency_frames();
    assert!(out[1][latency..] == audio[1][..audio[1].len() - latency]);
    // It goes on meanwhile.
    assert!(ducker.reduction_stats().unwrap().max_db > 3.0);
    ducker.set_bypass(false);
    let back = run(&mut ducker, &key, &audio, || 999);
    assert!(ducker.reduction_stats().unwrap().max_db > 3.0);
    ducker.reset();
    let fresh = run(&mut ducker, &key, &audio, || 999);
    assert!(back[0][latency + 960..] != audio[0][..audio[0].len() - latency - 960]);
    assert!(fresh[0][latency..] != audio[0][..audio[0].len() - latency]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_key_and_parameters_keep_the_caps(
        seed: u32,
        rate_hz in 8e3..30e3,
        target_lu in 0.0..40.0,
        max_depth_db in 0.0..40.0,
        attack_db_per_s in 1.0..400.0,
        release_db_per_s in 1.0..400.0,
        hold_ms in 0.0..10_000.0,
        gate_lu in 3.0..40.0,
        lookahead_ms in 250.0..1500.0,
        mix_percent in 0.0..100.0,
        wild in proptest::collection::vec(any::<u32>(), 20),
    ) {
        let params = DuckerParams {
            target_lu, max_depth_db, attack_db_per_s, release_db_per_s, hold_ms, gate_lu, mix_percent,
        };
        let setup = DuckerSetup { lookahead_ms, ..DuckerSetup::default() };
        let stream = Stream::new(rate_hz, Layout::STEREO).unwrap();
        let mut ducker = Ducker::new(setup, params, stream).unwrap();
        let mut key = noise::<f32>(1, 40_000, 0.2, seed).remove(0);
        key[10_000..25_000].fill(0.0);
        let mut pick = Noise::new(seed);
        for bits in wild {
            key[pick.below(40_000)] = f32::from_bits(bits);
        }
        let audio = noise::<f32>(2, 40_000, 0.2, seed.wrapping_add(1));
        let out = run(&mut ducker, &key, &audio, || 777);
        let latency = ducker.latency_frames();
        let least = 10_f64.powf(-max_depth_db / 20.0) * (1.0 - 1e-6);
        for n in latency..40_000 {
            let (x, y) = (f64::from(audio[0][n - latency]), f64::from(out[0][n]));
            prop_assert!(y.abs() <= x.abs() * (1.0 + 1e-6) && y.abs() >= x.abs() * least, "{n}: {x} {y}");
        }
    }
}
