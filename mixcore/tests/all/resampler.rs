//! The resampler against what it promises: pass-band, aliases and images by the Fourier transform of
//! its real impulse response and by tones, its latency, its gain at 0 Hz, the same bits for any split.

use mixcore::audio::Sample;
use mixcore::filters::{
    F32_NOISE_DB, MAX_RATIO_TERM, Quality, Resampler, ResamplerMethod, ResamplerSetup,
};
use mixcore::kernels::Isa;
use mixcore::{Block, BlockMut, Error, Layout, Stream};

use proptest::prelude::*;

use crate::reference::fir::{magnitudes, resampled, windowed_sinc};
use crate::signals::{Noise, noise, sine};

pub const QUALITIES: [Quality; 3] = [Quality::Fast, Quality::Standard, Quality::Best];

/// Rates of the trade. With `MIXCORE_LONG` every pair of them is measured.
pub const RATES_HZ: [f64; 6] = [44_100.0, 48_000.0, 88_200.0, 96_000.0, 176_400.0, 192_000.0];

/// Pairs that are measured always: up and down, many phases and few, steep and far.
pub const PAIRS_HZ: [(f64, f64); 9] = [
    (44_100.0, 48_000.0),
    (48_000.0, 44_100.0),
    (96_000.0, 48_000.0),
    (48_000.0, 96_000.0),
    (192_000.0, 44_100.0),
    (44_100.0, 192_000.0),
    (88_200.0, 48_000.0),
    (16_000.0, 48_000.0),
    (384_000.0, 8_000.0),
];

pub fn pairs() -> Vec<(f64, f64)> {
    let mut pairs = PAIRS_HZ.to_vec();
    if std::env::var_os("MIXCORE_LONG").is_some() {
        for from in RATES_HZ {
            pairs.extend(RATES_HZ.iter().filter(|&&to| to != from).map(|&to| (from, to)));
        }
    }
    pairs
}

fn make<S: Sample>(from: f64, to: f64, quality: Quality, layout: Layout) -> Resampler<'static, S> {
    let setup = ResamplerSetup { quality, ..ResamplerSetup::to(to) };
    Resampler::new(setup, Stream::new(from, layout).unwrap()).unwrap()
}

pub fn db(gain: f64) -> f64 {
    20.0 * gain.log10()
}

/// Everything that comes out of a clip, latency and tail included, in blocks of random length.
pub fn stream_out<S: Sample>(
    resampler: &mut Resampler<'_, S>,
    clip: &[Vec<S>],
    mut next: impl FnMut() -> usize,
) -> Vec<Vec<S>> {
    let frames = clip[0].len();
    let (given, tail) = (resampler.clip_frames(frames), resampler.tail_frames());
    let mut out = vec![vec![S::zero(); given + tail]; clip.len()];
    let (mut at, mut written) = (0, 0);
    while at < frames {
        let end = (at + next()).min(frames);
        let input = Block::new(clip).unwrap().range(at, end);
        let expected = resampler.output_frames(end - at);
        assert!(expected <= resampler.clip_frames(end - at));
        let mut to = BlockMut::new(&mut out).unwrap();
        let count = resampler.push(input, to.range(written, written + expected)).unwrap();
        assert_eq!(count, expected);
        (at, written) = (end, written + count);
    }
    assert_eq!(written, given, "⌈N·L/M⌉ after N frames");
    while written < out[0].len() {
        let end = (written + next()).min(out[0].len());
        resampler.flush(BlockMut::new(&mut out).unwrap().range(written, end)).unwrap();
        written = end;
    }
    out
}

pub fn render<S: Sample>(resampler: &mut Resampler<'_, S>, clip: &[S]) -> Vec<S> {
    let mut out = vec![S::one(); resampler.clip_frames(clip.len())];
    resampler.render(Block::mono(clip), BlockMut::mono(&mut out)).unwrap();
    out
}

/// The low-pass as it really is, L points per input frame: an impulse at every frame that the grids
/// can meet differently gives every point of it once. The impulses stand from the frame `first` on.
fn impulse_response<S: Sample>(resampler: &mut Resampler<'_, S>, first: usize) -> Vec<f64> {
    let (up, down) = resampler.ratio();
    let latency = resampler.latency_frames();
    let reach = resampler.tail_frames() * down / up + 2;
    let mut points = vec![0.0; 2 * reach * up + 1];
    for n in first..first + down {
        let mut clip = vec![vec![S::zero(); n + 1]];
        clip[0][n] = S::one();
        resampler.reset();
        for (m, y) in stream_out(resampler, &clip, || 4096)[0].iter().enumerate() {
            if *y != S::zero() {
                points[reach * up + m * down - latency * down - n * up] = y.as_f64();
            }
        }
    }
    points
}

/// What an impulse response says of a quality's figures.
pub struct Figures {
    pub ripple_db: f64,
    pub rejection_db: f64,
}

/// With impulses from the frame `first` on, and the stop-band from this share on.
pub fn figures<S: Sample>(
    resampler: &mut Resampler<'_, S>,
    from: f64,
    to: f64,
    (first, stop_band): (usize, f64),
) -> Figures {
    /// At most 30 Hz apart, a tenth of the distance of two lobes, for every pair above.
    const BINS: usize = 1 << 20;
    let (up, _) = resampler.ratio();
    let spectrum = magnitudes(&impulse_response(resampler, first), BINS);
    let nyquist_hz = from.min(to) / 2.0;
    let (mut ripple_db, mut over): (f64, f64) = (0.0, 0.0);
    for (k, magnitude) in spectrum.iter().enumerate() {
        let share = k as f64 * from * up as f64 / BINS as f64 / nyquist_hz;
        let gain = magnitude / up as f64;
        if share <= Quality::PASS_BAND {
            ripple_db = ripple_db.max(db(gain).abs());
        }
        if share >= stop_band {
            over = over.max(gain);
        }
    }
    Figures { ripple_db, rejection_db: -db(over) }
}

fn as_promised<S: Sample>() {
    for quality in QUALITIES {
        for (from, to) in pairs() {
            let mut resampler = make::<S>(from, to, quality, Layout::MONO);
            let found = figures(&mut resampler, from, to, (0, quality.stop_band()));
            let Figures { ripple_db, rejection_db } = found;
            if std::env::var_os("MIXCORE_LONG").is_some() {
                let bits = 8 * size_of::<S>();
                println!(
                    "{from} to {to} Hz, {quality:?}, f{bits}: ripple {ripple_db:.4} dB, rejection {rejection_db:.1} dB"
                );
            }
            assert!(ripple_db <= Quality::RIPPLE_DB, "{quality:?} {from} {to}: {ripple_db} dB");
            assert!(
                rejection_db >= quality.rejection_db(),
                "{quality:?} {from} {to}: {rejection_db} dB"
            );
        }
    }
}

#[test]
fn pass_band_and_rejection_are_as_promised() {
    as_promised::<f32>();
    as_promised::<f64>();
}

/// Every output is the windowed sinc's sum, in f64, as its definition reads.
fn against_the_definition<S: Sample>(tolerance: f64) {
    for (quality, cutoff, half_width, beta) in [
        (Quality::Fast, 0.4963, 33.0, 10.4),
        (Quality::Standard, 0.4751, 66.0, 10.25),
        (Quality::Best, 0.4734, 88.0, 14.7),
    ] {
        for (from, to) in [(44.1e3, 48e3), (48e3, 44.1e3), (96e3, 48e3), (16e3, 48e3)] {
            let mut resampler = make::<S>(from, to, quality, Layout::MONO);
            let ratio = resampler.ratio();
            let scale = (ratio.1 as f64 / ratio.0 as f64).max(1.0);
            let low_pass = |t: f64| windowed_sinc(t / scale, cutoff, half_width, beta);
            for frames in [1, 5, 700] {
                let clip = noise::<S>(1, frames, 1.0, 3).remove(0);
                let exact: Vec<f64> = clip.iter().map(|x| x.as_f64()).collect();
                for (m, y) in render(&mut resampler, &clip).iter().enumerate() {
                    let expected = resampled(&exact, m, ratio, low_pass, half_width * scale);
                    let error = (y.as_f64() - expected).abs();
                    assert!(error < tolerance, "{quality:?} {from} {to}, {frames}, {m}: {error:e}");
                }
            }
        }
    }
}

#[test]
fn every_output_is_the_sum_of_the_definition() {
    // Taps rounded to f32 (6e-8 of each) and sums of 20 products in eight lanes, of noise at full
    // scale; a wrong tap would show at 1e-3. In f64 the same, 5e8 times smaller, and sines of angles
    // up to 300 on both sides.
    against_the_definition::<f32>(1e-6);
    against_the_definition::<f64>(1e-13);
}

#[test]
fn f32_audio_has_rounding_noise_as_stated() {
    for quality in QUALITIES {
        for (from, to) in PAIRS_HZ {
            let clip = noise::<f32>(1, 20_000, 1.0, 17).remove(0);
            let exact: Vec<f64> = clip.iter().map(|&x| f64::from(x)).collect();
            let rough = render(&mut make::<f32>(from, to, quality, Layout::MONO), &clip);
            let fine = render(&mut make::<f64>(from, to, quality, Layout::MONO), &exact);
            let (mut error, mut power) = (0.0, 0.0);
            for (a, b) in rough.iter().zip(&fine) {
                error += (f64::from(*a) - b).powi(2);
                power += b * b;
            }
            let level_db = 10.0 * (error / power).log10();
            if std::env::var_os("MIXCORE_LONG").is_some() {
                println!("{from} to {to} Hz, {quality:?}: f32 noise {level_db:.1} dB");
            }
            let bound_db = if to < 16e3 { 9.0 - F32_NOISE_DB } else { -F32_NOISE_DB };
            assert!(level_db < bound_db, "{quality:?} {from} {to}: {level_db} dB");
        }
    }
}

/// Largest magnitude of a tone's output away from its ends, where the switching on and off rings.
pub fn steady_peak(out: &[f64], edge: usize) -> f64 {
    out[edge..out.len() - edge].iter().fold(0.0, |peak, x| peak.max(x.abs()))
}

#[test]
fn tones_above_the_new_nyquist_frequency_vanish() {
    for quality in QUALITIES {
        for (from, to) in [(48e3, 44.1e3), (96e3, 48e3), (192e3, 44.1e3), (48e3, 16e3)] {
            let mut resampler = make::<f64>(from, to, quality, Layout::MONO);
            for share in [1.0, 1.02, 1.05, 1.0930, 1.3, 1.7, 2.0] {
                let hz = share * to / 2.0;
                if hz > from / 2.0 {
                    continue;
                }
                // A phase of its own: at half the rate a sine of phase 0 would be nothing.
                let clip: Vec<f64> = (0..8000)
                    .map(|n| (std::f64::consts::TAU * hz * n as f64 / from + 0.7).sin())
                    .collect();
                let out = render(&mut resampler, &clip);
                let level_db = db(steady_peak(&out, 200));
                if share >= quality.stop_band() {
                    assert!(level_db <= -quality.rejection_db(), "{quality:?} {hz}: {level_db} dB");
                } else {
                    // Quality::Fast: what is not yet down stands above the pass-band.
                    let folded = to - hz;
                    assert!(folded >= resampler.pass_band_hz());
                    assert!(level_db > -100.0, "{quality:?} {hz}: {level_db} dB");
                }
            }
        }
    }
}

/// Level of a clip in the pass-band, at frequencies up to `below_hz`, under a Blackman-Harris-like
/// window (Kaiser 20: side lobes below −150 dB).
fn level_up_to(out: &[f64], rate_hz: f64, below_hz: f64) -> f64 {
    let middle = (out.len() - 1) as f64 / 2.0;
    let windowed: Vec<f64> = out
        .iter()
        .enumerate()
        .map(|(n, x)| x * mixcore::math::kaiser((n as f64 - middle) / middle, 20.0))
        .collect();
    let bins = 1 << 15;
    let spectrum = magnitudes(&windowed, bins);
    let last = (below_hz / rate_hz * bins as f64) as usize;
    let gain: f64 = (0..out.len())
        .map(|n| mixcore::math::kaiser((n as f64 - middle) / middle, 20.0))
        .sum::<f64>()
        / 2.0;
    db(spectrum[..last].iter().fold(0.0, |a: f64, b| a.max(*b)) / gain)
}

#[test]
fn fast_keeps_its_pass_band_clean() {
    // Down: 23.9 kHz in a 96 kHz master folds to 20.2 kHz of 44.1, above the pass-band of 20 kHz.
    let mut resampler = make::<f64>(96e3, 44.1e3, Quality::Fast, Layout::MONO);
    let out = render(&mut resampler, &sine::<f64>(23_900.0, 96e3, 60_000, 1.0));
    let out = &out[500..out.len() - 500];
    assert!(level_up_to(out, 44.1e3, 20_000.0) < -100.0);
    assert!(level_up_to(out, 44.1e3, 22_050.0) > -100.0, "the test hears nothing");
    // Up: 1 kHz is mirrored at 44.1 ± 1 kHz.
    let mut resampler = make::<f64>(44.1e3, 96e3, Quality::Fast, Layout::MONO);
    let tone = render(&mut resampler, &sine::<f64>(1000.0, 44.1e3, 20_000, 1.0));
    let images: Vec<f64> = tone[1000..tone.len() - 1000]
        .iter()
        .enumerate()
        .map(|(n, x)| x * (std::f64::consts::PI * n as f64).cos())
        .collect();
    // Turned round at a quarter of the rate: what stood above 22 kHz stands below 26 kHz now.
    assert!(level_up_to(&images, 96e3, 26_000.0) < -100.0);
}

#[test]
fn every_phase_has_a_gain_of_one_at_zero_hertz() {
    fn worst<S: Sample>(quality: Quality, from: f64, to: f64) -> f64 {
        let mut resampler = make::<S>(from, to, quality, Layout::MONO);
        let clip = vec![S::one(); 4000 + 20 * (from / to) as usize * 100];
        let out = render(&mut resampler, &clip);
        let edge = resampler.latency_frames() + 2;
        // Of the phases each comes several times.
        let middle = &out[edge..out.len() - edge];
        assert!(middle.len() > resampler.ratio().0);
        middle.iter().fold(0.0, |worst: f64, x| worst.max((x.as_f64() - 1.0).abs()))
    }
    // Taps and sums that are rounded; without the scaling the phases would differ by 1e-5.
    for quality in QUALITIES {
        for (from, to) in PAIRS_HZ {
            let (f32, f64) = (worst::<f32>(quality, from, to), worst::<f64>(quality, from, to));
            assert!(f32 < 5e-7, "{quality:?} {from} {to}: {f32:e}");
            assert!(f64 < 1e-14, "{quality:?} {from} {to}: {f64:e}");
        }
    }
}

/// Where the waveform of an output peaks, in output frames: the mean of the frames, weighted with a
/// response that is even about its middle.
fn middle_of<S: Sample>(out: &[S]) -> f64 {
    let sum: f64 = out.iter().map(|y| y.as_f64()).sum();
    out.iter().enumerate().map(|(m, y)| m as f64 * y.as_f64()).sum::<f64>() / sum
}

/// What the aliases at −100 dB weigh at a distance of W frames, in frames of output.
const ALIASED_FRAMES: f64 = 5e-4;

/// `rounding`: of the taps of two phases that mirror each other.
fn latency<S: Sample>(rounding: f64) {
    for quality in QUALITIES {
        for (from, to) in
            [(44.1e3, 48e3), (48e3, 44.1e3), (96e3, 48e3), (16e3, 48e3), (192e3, 44.1e3)]
        {
            let mut resampler = make::<S>(from, to, quality, Layout::MONO);
            let (up, down) = resampler.ratio();
            let delay = resampler.latency_frames();
            for frames in [1, 2, 50, down + 1, 3 * down + 7, 12_345] {
                for at in [0, 1, frames / 2, frames - 1] {
                    let mut clip = vec![vec![S::zero(); frames]];
                    if at >= frames {
                        continue;
                    }
                    clip[0][at] = S::one();
                    resampler.reset();
                    let out = stream_out(&mut resampler, &clip, || 64).remove(0);
                    let meant = (at * up) as f64 / down as f64 + delay as f64;
                    let found = middle_of(&out);
                    let off = (found - meant).abs();
                    assert!(off < ALIASED_FRAMES, "{at} of {frames}: {found} {meant}");
                    let loudest = (0..out.len())
                        .max_by(|&a, &b| out[a].as_f64().abs().total_cmp(&out[b].as_f64().abs()));
                    let distance = loudest.unwrap() as f64 - meant;
                    assert!(distance.abs() <= 0.5, "{at} of {frames}: loudest at {loudest:?}");
                    if (at * up).is_multiple_of(down) {
                        // On the grid of both rates: exact, and even to both sides.
                        let peak = at * up / down + delay;
                        assert_eq!(loudest, Some(peak));
                        for away in 1..delay {
                            let (a, b) = (out[peak - away].as_f64(), out[peak + away].as_f64());
                            assert!((a - b).abs() < rounding, "{at} of {frames}: {away}");
                        }
                    }
                    // The whole clip stands in place, and is what the stream gives.
                    let whole = render(&mut resampler, &clip[0]);
                    assert_eq!(whole.len(), (frames * up).div_ceil(down));
                    assert_eq!(whole[..], out[delay..delay + whole.len()]);
                    resampler.reset();
                }
            }
        }
    }
}

#[test]
fn an_impulse_lands_where_the_ratio_and_the_latency_say() {
    latency::<f32>(1e-7);
    latency::<f64>(1e-15);
}

fn splits<S: Sample>() {
    for (from, to) in [(44.1e3, 48e3), (48e3, 44.1e3), (96e3, 48e3), (48e3, 96e3), (384e3, 8e3)] {
        // Pairs of channels run together: one alone, one pair, and pairs with one left over.
        for layout in [Layout::MONO, Layout::STEREO, Layout::named("0+5+0").unwrap()] {
            let clip = noise::<S>(layout.channel_count(), 1201, 1.0, 5);
            let mut expected: Option<Vec<Vec<S>>> = None;
            for isa in Isa::available() {
                let stream = Stream::with_isa(from, layout, isa).unwrap();
                let mut resampler = Resampler::new(ResamplerSetup::to(to), stream).unwrap();
                let mut pick = Noise::new(9);
                for block in [1201, 1, 7, 480, 0] {
                    resampler.reset();
                    let next = || if block == 0 { pick.below(300) } else { block };
                    let out = stream_out(&mut resampler, &clip, next);
                    let first = expected.get_or_insert_with(|| out.clone());
                    assert!(*first == out, "{isa:?}, blocks of {block}, {layout}, {from} to {to}");
                }
            }
            // A channel alone is what it is among others.
            let mut alone = make::<S>(from, to, Quality::Standard, Layout::MONO);
            let last = clip.len() - 1;
            let out = stream_out(&mut alone, &clip[last..], || 100);
            assert!(expected.is_some_and(|all| all[last] == out[0]), "{layout}, {from} to {to}");
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
    let mut resampler = make::<f32>(44.1e3, 48e3, Quality::Standard, Layout::STEREO);
    let clean = noise::<f32>(2, 1000, 1.0, 8);
    let (mut dirty, mut zeroed) = (clean.clone(), clean);
    let faults = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 2e6, -1e30];
    for (n, fault) in faults.iter().enumerate() {
        let (channel, at) = (n % 2, 100 + 37 * n);
        (dirty[channel][at], zeroed[channel][at]) = (*fault, 0.0);
    }
    let expected = stream_out(&mut resampler, &zeroed, || 100);
    assert_eq!(resampler.faults(), 0);
    resampler.reset();
    assert!(stream_out(&mut resampler, &dirty, || 77) == expected);
    assert_eq!(resampler.faults(), 5);
    let mut out = vec![vec![0.0; resampler.clip_frames(1000)]; 2];
    let whole = BlockMut::new(&mut out).unwrap();
    assert_eq!(resampler.render(Block::new(&dirty).unwrap(), whole), Ok(5));
    assert!(out.iter().flatten().all(|x| x.is_finite()));
    // As new: what lies in the lines is gone.
    assert_eq!(resampler.faults(), 0);
    assert!(stream_out(&mut resampler, &zeroed, || 1000) == expected);
}

#[test]
fn there_and_back_again_is_the_same_signal() {
    /// Twice the ripple of 0.01 dB would be 2.3e-3; what a sine of 1 kHz meets of it is far less.
    const STANDARD: f64 = 2e-5;
    const BEST: f64 = 2e-7;
    for (quality, tolerance) in [(Quality::Standard, STANDARD), (Quality::Best, BEST)] {
        let clip = sine::<f64>(1000.0, 44.1e3, 44_100, 1.0);
        let there = render(&mut make(44.1e3, 48e3, quality, Layout::MONO), &clip);
        let back = render(&mut make(48e3, 44.1e3, quality, Layout::MONO), &there);
        assert_eq!((there.len(), back.len()), (48_000, 44_100));
        let worst = (200..back.len() - 200)
            .map(|n| (back[n] - clip[n]).abs())
            .fold(0.0, |a: f64, b| a.max(b));
        if std::env::var_os("MIXCORE_LONG").is_some() {
            println!("{quality:?}: there and back again within {worst:.1e}");
        }
        assert!(worst < tolerance, "{quality:?}: {worst:e}");
    }
}

#[test]
fn lengths_and_rates_are_those_of_the_ratio() {
    let resampler = make::<f32>(44.1e3, 48e3, Quality::Standard, Layout::STEREO);
    assert_eq!((resampler.ratio(), resampler.latency_frames()), ((160, 147), 72));
    assert_eq!(resampler.output_stream().rate_hz, 48e3);
    assert!((resampler.pass_band_hz() - 20_001.6).abs() < 0.1);
    for (frames, out) in [(0, 0), (1, 2), (146, 159), (147, 160), (148, 162), (44_100, 48_000)] {
        assert_eq!(resampler.clip_frames(frames), out);
        assert_eq!(resampler.output_frames(frames), out);
    }
    let down = make::<f64>(48e3, 44.1e3, Quality::Best, Layout::MONO);
    assert_eq!((down.latency_frames(), down.clip_frames(48_001)), (88, 44_101));
    assert_eq!(down.clip_frames(usize::MAX), (usize::MAX as u128 * 147).div_ceil(160) as usize);
}

#[test]
fn bad_rates_blocks_and_memory_are_errors() {
    let stream = Stream::new(48e3, Layout::STEREO).unwrap();
    let required =
        |to, stream: &Stream| Resampler::<f32>::required_len(ResamplerSetup::to(to), stream);
    let equal = required(48e3, &stream).unwrap_err();
    assert!(
        matches!(equal, Error::NotAllowed { field: "output_rate_hz", given: 48e3, .. }),
        "{equal}"
    );
    assert!(required(7999.0, &stream).is_err() && required(f64::NAN, &stream).is_err());
    assert!(required(44.1e3, &Stream { rate_hz: 4e3, ..stream }).is_err());
    // 47,999 to 48,000 has no smaller terms.
    let error = required(47_999.0, &stream).unwrap_err();
    assert!(error.to_string().contains("48000") && error.to_string().contains("1280"), "{error}");
    assert_eq!(MAX_RATIO_TERM, 1280);
    let len = required(44.1e3, &stream).unwrap();
    let mut little = vec![0.0_f32; len - 1];
    assert_eq!(
        Resampler::new_in(ResamplerSetup::to(44.1e3), stream, &mut little).unwrap_err(),
        Error::Storage { what: "resampler", given: len - 1, required: len }
    );

    let mut memory = vec![f32::NAN; len];
    let mut lent = Resampler::new_in(ResamplerSetup::to(44.1e3), stream, &mut memory).unwrap();
    let clip = noise::<f32>(3, 320, 1.0, 1);
    let mut out = vec![vec![7.0; 400]; 3];
    let three = Block::new(&clip).unwrap();
    assert!(lent.push(three, BlockMut::new(&mut out[..2]).unwrap()).is_err());
    let two = Block::new(&clip[..2]).unwrap();
    assert!(lent.push(two, BlockMut::new(&mut out).unwrap()).is_err());
    let mut short = BlockMut::new(&mut out[..2]).unwrap();
    assert_eq!(
        lent.push(two, short.range(0, 293)).unwrap_err(),
        Error::FrameCount { what: "output", given: 293, expected: 294 }
    );
    assert!(lent.render(two, short.range(0, 295)).is_err());
    assert!(lent.flush(BlockMut::new(&mut out).unwrap()).is_err());
    assert!(out.iter().flatten().all(|&x| x == 7.0), "nothing is written");
    // Nothing was taken either, and memory that is lent serves as well as owned memory.
    assert_eq!(lent.push(two, BlockMut::new(&mut out[..2]).unwrap()), Ok(294));
    assert!(out[0][294..].iter().all(|&x| x == 7.0));
    let mut owned = make::<f32>(48e3, 44.1e3, Quality::Standard, Layout::STEREO);
    let mut other = vec![vec![7.0; 400]; 2];
    owned.push(two, BlockMut::new(&mut other).unwrap()).unwrap();
    assert!(other == out[..2]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_arguments_give_an_error_or_a_resampler(
        from in prop_oneof![1 => any::<f64>(), 2 => 8e3..384e3, 5 => prop::sample::select(RATES_HZ.to_vec())],
        to in prop_oneof![1 => any::<f64>(), 2 => 8e3..384e3, 5 => prop::sample::select(RATES_HZ.to_vec())],
        quality in prop::sample::select(QUALITIES.to_vec()),
        method in prop::sample::select(vec![ResamplerMethod::Polyphase, ResamplerMethod::Fft]),
        layout in 0..17_usize,
        short in 0..2_usize,
        shape in (0..25_usize, 0..600_usize, 0..900_usize),
        fits: bool,
        samples in prop::collection::vec(prop_oneof![4 => -1.0..1.0_f32, 1 => any::<f32>()], 600),
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let stream = Stream { rate_hz: from, ..Stream::new(48e3, layout).unwrap() };
        let setup = ResamplerSetup { output_rate_hz: to, quality, method };
        let required = Resampler::<f32>::required_len(setup, &stream);
        let Ok(required) = required else {
            prop_assert!(!required.unwrap_err().to_string().is_empty());
            return Ok(());
        };
        let mut memory = vec![f32::NAN; required - short];
        let made = Resampler::new_in(setup, stream, &mut memory);
        prop_assert_eq!(made.is_ok(), short == 0);
        let Ok(mut resampler) = made else { return Ok(()) };
        let channels = if fits { layout.channel_count() } else { shape.0 };
        let input = vec![&samples[..shape.1]; channels];
        let mut out = vec![vec![0.0_f32; shape.2]; channels];
        let (Ok(input), Ok(block)) = (Block::new(&input), BlockMut::new(&mut out)) else { return Ok(()) };
        let expected = resampler.output_frames(shape.1);
        let done = resampler.push(input, block);
        let good = channels == layout.channel_count() && expected <= shape.2;
        prop_assert_eq!(done.is_ok(), good);
        let flushed = resampler.flush(BlockMut::new(&mut out).unwrap());
        prop_assert_eq!(flushed.is_ok(), channels == layout.channel_count());
        prop_assert!(out.iter().flatten().all(|x| x.is_finite()));
        // Past the latency, where the FFT method has transformed: what is no sample was silenced, and
        // the waveform is never raised above the sum of the low-pass's magnitudes.
        if channels == layout.channel_count() && shape.1 > 0 {
            let mut loudest = 0.0_f32;
            let ratio = resampler.ratio();
            let frames = 2 * resampler.latency_frames() * ratio.1 / ratio.0;
            for _ in 0..(frames / shape.1 + 1).min(400) {
                let mut out = vec![vec![0.0_f32; resampler.output_frames(shape.1)]; channels];
                resampler.push(input, BlockMut::new(&mut out).unwrap()).unwrap();
                prop_assert!(out.iter().flatten().all(|x| x.is_finite()));
                loudest = out.iter().flatten().fold(loudest, |most, x| most.max(x.abs()));
            }
            let given = samples[..shape.1].iter().filter(|x| x.abs() <= 1e6);
            let given = given.fold(0.0_f32, |most, x| most.max(x.abs()));
            prop_assert!(loudest <= 10.0 * given, "{loudest} of {given}");
        }
    }
}
