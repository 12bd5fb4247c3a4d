//! Oversampling against what it promises: pass-band, images and aliases of both ways, a delay of whole
//! frames around the whole, the sums of the definition, the same bits for any split.

use mixcore::audio::Sample;
use mixcore::filters::{Delay, Oversampler, OversamplerSetup};
use mixcore::kernels::Isa;
use mixcore::{Block, BlockMut, Error, Layout, Stream};

use proptest::prelude::*;

use crate::reference::fir::{doubled, half_band, halved, magnitudes};
use crate::signals::{Noise, noise, sine};

const FACTORS: [usize; 4] = [2, 4, 8, 16];

/// What the module's documentation promises, in shares of the low rate.
const PASS_BAND: f64 = 0.4536;
const STOP_BAND: f64 = 1.0 - PASS_BAND;
const RIPPLE_DB: f64 = 0.001;
const REJECTION_DB: f64 = 100.0;

/// The half-bands of the stages, as the documentation and the sources state them.
const HALF_BANDS: [(usize, f64, f64); 4] =
    [(36, 71.4, 10.4), (7, 14.8, 11.95), (5, 10.0, 11.15), (4, 8.9, 9.3)];

const BINS: usize = 1 << 16;

fn stream(layout: Layout) -> Stream {
    Stream::new(48_000.0, layout).unwrap()
}

fn make<S: Sample>(factor: usize, max_frames: usize) -> Oversampler<'static, S> {
    Oversampler::new(OversamplerSetup::new(factor, max_frames), stream(Layout::MONO)).unwrap()
}

fn db(gain: f64) -> f64 {
    20.0 * gain.log10()
}

/// Ripple up to the pass-band's end and rejection from the stop-band on, of a response of `points`
/// per low frame whose gain at 0 Hz should be `unit`.
fn figures(response: &[f64], points: usize, unit: f64) -> (f64, f64) {
    let (mut ripple_db, mut over): (f64, f64) = (0.0, 1e-30);
    for (k, magnitude) in magnitudes(response, BINS).iter().enumerate() {
        let share = k as f64 * points as f64 / BINS as f64;
        let gain = magnitude / unit;
        if share <= PASS_BAND {
            ripple_db = ripple_db.max(db(gain).abs());
        }
        if share >= STOP_BAND {
            over = over.max(gain);
        }
    }
    (ripple_db, -db(over))
}

/// An impulse through the way up: every frame of the high rate.
fn up_response<S: Sample>(factor: usize) -> Vec<f64> {
    let mut over = make::<S>(factor, 400);
    let mut clip = vec![S::zero(); 400];
    clip[0] = S::one();
    over.up(Block::mono(&clip)).unwrap().channel(0).iter().map(|y| y.as_f64()).collect()
}

/// Impulses through the way down, one at each place between two low frames, put together again.
fn down_response<S: Sample>(factor: usize) -> Vec<f64> {
    let mut response = vec![0.0; 401 * factor];
    for place in 0..factor {
        let mut over = make::<S>(factor, 400);
        let mut out = vec![S::zero(); 400];
        over.up(Block::mono(&out)).unwrap().channel_mut(0)[place] = S::one();
        over.down(BlockMut::mono(&mut out)).unwrap();
        for (m, y) in out.iter().enumerate() {
            response[(m + 1) * factor - place] = y.as_f64();
        }
    }
    response
}

fn both_ways<S: Sample>() {
    for factor in FACTORS {
        let (up, down) = (up_response::<S>(factor), down_response::<S>(factor));
        let (up_ripple_db, up_rejection_db) = figures(&up, factor, factor as f64);
        let (down_ripple_db, down_rejection_db) = figures(&down, factor, 1.0);
        if std::env::var_os("MIXCORE_LONG").is_some() {
            println!(
                "{factor}x, f{}: ripple {up_ripple_db:.5} and {down_ripple_db:.5} dB, rejection {up_rejection_db:.1} and {down_rejection_db:.1} dB",
                8 * size_of::<S>()
            );
        }
        assert!(up_rejection_db >= REJECTION_DB, "{factor}x up: {up_rejection_db} dB");
        assert!(down_rejection_db >= REJECTION_DB, "{factor}x down: {down_rejection_db} dB");
        assert!(up_ripple_db + down_ripple_db <= RIPPLE_DB);
        // Linear phase: even about the stated latency.
        let middle = make::<S>(factor, 1).up_latency_frames();
        for away in 0..=middle {
            assert!((up[middle - away] - up[middle + away]).abs() < 1e-7, "{factor}x {away}");
        }
        assert_eq!(up[middle], 1.0);
    }
}

#[test]
fn pass_band_and_rejection_are_as_promised() {
    both_ways::<f32>();
    both_ways::<f64>();
}

/// Up and down again, in blocks of a length.
fn round_trip<S: Sample>(
    over: &mut Oversampler<'_, S>,
    clip: &mut [Vec<S>],
    mut next: impl FnMut() -> usize,
) {
    let frames = clip[0].len();
    let mut at = 0;
    while at < frames {
        let end = (at + next()).min(frames);
        let mut whole = BlockMut::new(clip).unwrap();
        let mut part = whole.range(at, end);
        assert_eq!(over.up(part.as_block()).unwrap().frames(), (end - at) * over.setup().factor);
        over.down(part.reborrow()).unwrap();
        at = end;
    }
}

#[test]
fn there_and_back_again_is_a_delay() {
    for (factor, latency) in FACTORS.into_iter().zip([71, 77, 79, 80]) {
        let mut over = make::<f64>(factor, 1000);
        assert_eq!(over.latency_frames(), latency);
        let mut clip = vec![vec![0.0; 1000]];
        clip[0][300] = 1.0;
        round_trip(&mut over, &mut clip, || 1000);
        let response = clip.remove(0);
        let at = 300 + latency;
        let loudest = (0..1000).max_by(|&a, &b| response[a].abs().total_cmp(&response[b].abs()));
        assert_eq!(loudest, Some(at));
        for away in 1..=latency {
            assert!((response[at - away] - response[at + away]).abs() < 1e-15, "{factor}x {away}");
        }
        assert!(
            response[at + latency + 1..].iter().all(|y| y.abs() < 1e-17),
            "longer than its tail"
        );
        let (ripple_db, _) = figures(&response, 1, 1.0);
        if std::env::var_os("MIXCORE_LONG").is_some() {
            println!("{factor}x there and back: ripple {ripple_db:.5} dB");
        }
        assert!(ripple_db <= RIPPLE_DB, "{factor}x: {ripple_db} dB");
    }
}

#[test]
fn a_process_in_between_may_delay_by_any_number_of_frames() {
    for factor in FACTORS {
        for inner in 0..2 * factor + 1 {
            let setup = OversamplerSetup {
                inner_latency_frames: inner,
                ..OversamplerSetup::new(factor, 64)
            };
            let mut over = Oversampler::<f64>::new(setup, stream(Layout::MONO)).unwrap();
            let mut delay = Delay::new(inner, stream(Layout::MONO)).unwrap();
            let clip = sine::<f64>(1234.0, 48_000.0, 600, 1.0);
            let mut out = clip.clone();
            over.around(BlockMut::mono(&mut out), &mut delay).unwrap();
            let latency = over.latency_frames();
            for n in 2 * latency..600 {
                // The ripple in the pass-band; half a frame off would be 8e-2.
                assert!((out[n] - clip[n - latency]).abs() < 1e-4, "{factor}x, {inner}: {n}");
            }
        }
    }
}

fn against_the_definition<S: Sample>(tolerance: f64) {
    let clip = noise::<S>(1, 300, 1.0, 12).remove(0);
    let exact: Vec<f64> = clip.iter().map(|x| x.as_f64()).collect();
    let taps = HALF_BANDS.map(|(half, width, beta)| half_band(half, width, beta));
    for (stages, factor) in FACTORS.into_iter().enumerate() {
        let mut over = make::<S>(factor, 300);
        let mut out = clip.clone();
        let high: Vec<f64> =
            over.up(Block::mono(&clip)).unwrap().channel(0).iter().map(|y| y.as_f64()).collect();
        over.down(BlockMut::mono(&mut out)).unwrap();
        let mut expected = exact.clone();
        for taps in &taps[..=stages] {
            expected = doubled(&expected, taps);
        }
        let worst = |a: &[f64], b: &[f64]| {
            a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, |a: f64, b| a.max(b))
        };
        assert!(worst(&high, &expected) < tolerance, "{factor}x: {:e}", worst(&high, &expected));
        // Down: which of two frames is kept follows from the delay so far, which has to be even.
        let mut delay = 0;
        for taps in taps[..=stages].iter().rev() {
            delay += taps.len() - 1;
            let first = delay % 2;
            expected = halved(&expected, taps, first);
            // Where the first frame is dropped, the next one stands in its place.
            delay = (delay - first) / 2;
        }
        let low: Vec<f64> = out.iter().map(|y| y.as_f64()).collect();
        let shift = over.latency_frames() - delay;
        let found = worst(&low[shift..], &expected);
        assert!(found < tolerance, "{factor}x: {found:e}");
    }
}

#[test]
fn both_ways_are_the_sums_of_the_definition() {
    // Sums of some 40 pairs, rounded in f32 and f64, of noise at full scale.
    against_the_definition::<f32>(2e-6);
    against_the_definition::<f64>(3e-15);
}

#[test]
fn a_clipped_sine_does_not_alias() {
    // 7 kHz, clipped: its fifth partial, 35 kHz, would fold to 13 kHz.
    let level = |out: &[f64], hz: f64| {
        let windowed: Vec<f64> = out
            .iter()
            .enumerate()
            .map(|(n, x)| x * mixcore::math::kaiser(2.0 * n as f64 / 4799.0 - 1.0, 12.0))
            .collect();
        let (mut re, mut im) = (0.0, 0.0);
        for (n, x) in windowed.iter().enumerate() {
            let angle = std::f64::consts::TAU * hz * n as f64 / 48_000.0;
            (re, im) = (re + x * angle.cos(), im + x * angle.sin());
        }
        db(re.hypot(im))
    };
    let clip = |x: f64| x.clamp(-0.3, 0.3);
    let source = sine::<f64>(7000.0, 48_000.0, 5200, 1.0);
    let plain: Vec<f64> = source.iter().map(|&x| clip(x)).collect();
    let mut out = source;
    let mut over = make::<f64>(8, 5200);
    for x in over.up(Block::mono(&out)).unwrap().channel_mut(0) {
        *x = clip(*x);
    }
    over.down(BlockMut::mono(&mut out)).unwrap();
    let (plain, out) = (&plain[400..], &out[400..]);
    let folded = |out: &[f64]| level(out, 13_000.0) - level(out, 7000.0);
    assert!(folded(plain) > -30.0, "{}", folded(plain));
    // At 384 kHz the 53rd partial is the first that folds to 13 kHz: 35 dB below the 5th.
    assert!(folded(out) < -55.0, "{}", folded(out));
}

fn splits<S: Sample>() {
    for factor in FACTORS {
        for layout in [Layout::MONO, Layout::SURROUND_5_1] {
            let clip = noise::<S>(layout.channel_count(), 1000, 1.0, 5);
            let mut expected: Option<Vec<Vec<S>>> = None;
            for isa in Isa::available() {
                let stream = Stream::with_isa(48_000.0, layout, isa).unwrap();
                let setup = OversamplerSetup::new(factor, 1000);
                let mut over = Oversampler::new(setup, stream).unwrap();
                let mut pick = Noise::new(9);
                for block in [1000, 1, 7, 64, 0] {
                    over.reset();
                    let mut out = clip.clone();
                    round_trip(&mut over, &mut out, || {
                        if block == 0 { pick.below(300) } else { block }
                    });
                    let first = expected.get_or_insert_with(|| out.clone());
                    assert!(*first == out, "{isa:?}, blocks of {block}, {layout}, {factor}x");
                }
            }
        }
    }
}

#[test]
fn any_split_and_every_level_give_the_same_bits() {
    splits::<f32>();
    splits::<f64>();
}

#[test]
fn what_is_no_sample_becomes_zero_and_is_counted() {
    let mut over = make::<f32>(4, 100);
    let mut audio = vec![0.25_f32; 100];
    audio[3] = f32::NAN;
    let mut high = over.up(Block::mono(&audio)).unwrap();
    assert!(high.channel(0).iter().all(|x| x.is_finite()));
    // What the process in between breaks does not stay in the lines either.
    high.channel_mut(0)[17] = f32::INFINITY;
    high.channel_mut(0)[18] = -3e6;
    over.down(BlockMut::mono(&mut audio)).unwrap();
    assert!(audio.iter().all(|x| x.is_finite()));
    assert_eq!(over.faults(), 3);
    over.reset();
    assert_eq!(over.faults(), 0);
    let (mut a, mut b) = (vec![vec![0.5_f32; 90]], vec![vec![0.5_f32; 90]]);
    round_trip(&mut over, &mut a, || 90);
    round_trip(&mut make(4, 100), &mut b, || 90);
    assert_eq!(a, b);
}

#[test]
fn bad_setups_blocks_and_memory_are_errors() {
    let stereo = stream(Layout::STEREO);
    let required = |setup| Oversampler::<f32>::required_len(setup, &stereo);
    for factor in [0, 1, 3, 6, 32] {
        let text = required(OversamplerSetup::new(factor, 64)).unwrap_err().to_string();
        assert!(
            text.starts_with(&format!("factor is {factor}, allowed is 2, 4, 8 and 16")),
            "{text}"
        );
    }
    assert!(required(OversamplerSetup::new(2, 0)).is_err());
    assert!(required(OversamplerSetup::new(2, 384_001)).is_err());
    let late =
        OversamplerSetup { inner_latency_frames: usize::MAX, ..OversamplerSetup::new(2, 64) };
    assert!(required(late).is_err());
    let setup = OversamplerSetup::new(2, 64);
    let len = required(setup).unwrap();
    let mut little = vec![0.0_f32; len - 1];
    assert_eq!(
        Oversampler::new_in(setup, stereo, &mut little).unwrap_err(),
        Error::Storage { what: "oversampler", given: len - 1, required: len }
    );
    let mut memory = vec![f32::NAN; len];
    let mut over = Oversampler::new_in(setup, stereo, &mut memory).unwrap();
    assert_eq!(over.high_rate_hz(), 96_000.0);
    let audio = vec![vec![1.0_f32; 65]; 3];
    let block = Block::new(&audio).unwrap();
    assert!(over.up(block).is_err());
    let two = Block::new(&audio[..2]).unwrap();
    assert!(over.up(two).unwrap_err().to_string().contains("64"));
    let mut out = vec![vec![7.0_f32; 60]; 3];
    over.up(two.range(0, 60)).unwrap();
    assert!(over.down(BlockMut::new(&mut out).unwrap()).is_err());
    assert!(over.down(BlockMut::new(&mut out[..2]).unwrap().range(0, 59)).is_err());
    assert!(out.iter().flatten().all(|&x| x == 7.0), "nothing is written");
    over.down(BlockMut::new(&mut out[..2]).unwrap()).unwrap();
    // Nothing waits any more.
    assert!(over.down(BlockMut::new(&mut out[..2]).unwrap()).is_err());
    let mut delay = Delay::<f32>::new(1, stereo).unwrap();
    assert!(over.around(BlockMut::new(&mut out).unwrap(), &mut delay).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_arguments_give_an_error_or_an_oversampler(
        factor in prop_oneof![4 => prop::sample::select(FACTORS.to_vec()), 1 => any::<usize>()],
        max_frames in prop_oneof![4 => 0..200_usize, 1 => any::<usize>()],
        inner in prop_oneof![4 => 0..50_usize, 1 => any::<usize>()],
        layout in 0..17_usize,
        short in 0..2_usize,
        (channels, frames) in (1..25_usize, 0..250_usize),
        fits: bool,
        samples in prop::collection::vec(prop_oneof![4 => -1.0..1.0_f32, 1 => any::<f32>()], 250),
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let setup = OversamplerSetup { factor, max_frames, inner_latency_frames: inner };
        let required = Oversampler::<f32>::required_len(setup, &stream(layout));
        prop_assert_eq!(
            required.is_ok(),
            FACTORS.contains(&factor) && (1..=384_000).contains(&max_frames) && inner <= 10_000_000
        );
        let Ok(required) = required else { return Ok(()) };
        if required > 10_000_000 {
            return Ok(());
        }
        let mut memory = vec![f32::NAN; required - short];
        let made = Oversampler::new_in(setup, stream(layout), &mut memory);
        prop_assert_eq!(made.is_ok(), short == 0);
        let Ok(mut over) = made else { return Ok(()) };
        let channels = if fits { layout.channel_count() } else { channels };
        let mut audio = vec![samples[..frames].to_vec(); channels];
        let good = channels == layout.channel_count() && frames <= max_frames;
        let up = over.up(Block::new(&audio).unwrap());
        prop_assert_eq!(up.is_ok(), good);
        if let Ok(mut high) = up {
            prop_assert_eq!(high.frames(), factor * frames);
            prop_assert!(high.channels_mut().all(|channel| channel.iter().all(|x| x.is_finite())));
        }
        let down = over.down(BlockMut::new(&mut audio).unwrap());
        prop_assert_eq!(down.is_ok(), good || (frames == 0 && channels == layout.channel_count()));
        prop_assert!(!good || audio.iter().flatten().all(|x| x.is_finite()));
    }
}
