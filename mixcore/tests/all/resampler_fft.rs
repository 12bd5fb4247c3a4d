//! The resampler's FFT method against what it promises: the figures of the polyphase method, with
//! impulses in every part of a block; the same schedule of outputs, latency, and the same bits for any
//! split.

use mixcore::audio::Sample;
use mixcore::filters::{F32_FFT_NOISE_DB, Quality, Resampler, ResamplerMethod, ResamplerSetup};
use mixcore::kernels::Isa;
use mixcore::{Block, BlockMut, Layout, Stream};

use crate::reference::fir::{resampled, windowed_sinc};
use crate::resampler::{
    Figures, PAIRS_HZ, QUALITIES, RATES_HZ, db, figures, pairs, render, steady_peak, stream_out,
};
use crate::signals::{Noise, noise};

fn setup(to: f64, quality: Quality) -> ResamplerSetup {
    ResamplerSetup { output_rate_hz: to, quality, method: ResamplerMethod::Fft }
}

fn make<S: Sample>(from: f64, to: f64, quality: Quality, layout: Layout) -> Resampler<'static, S> {
    Resampler::new(setup(to, quality), Stream::new(from, layout).unwrap()).unwrap()
}

/// Power of the difference over the power of `b`, dB.
fn apart_db<A: Sample, B: Sample>(a: &[A], b: &[B]) -> f64 {
    let (mut error, mut power) = (0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        error += (a.as_f64() - b.as_f64()).powi(2);
        power += b.as_f64() * b.as_f64();
    }
    10.0 * (error / power).log10()
}

#[test]
fn pass_band_and_rejection_are_as_promised_in_every_part_of_a_block() {
    for quality in QUALITIES {
        for (from, to) in pairs() {
            let mut resampler = make::<f64>(from, to, quality, Layout::MONO);
            let (up, down) = resampler.ratio();
            // The latency is a hop and the reach: impulses at the start, in the middle and at the
            // end of a hop, and where two blocks meet it.
            let hop = resampler.latency_frames() / up;
            let long = std::env::var_os("MIXCORE_LONG").is_some();
            let places = [hop.saturating_sub(1), 0, hop / 2];
            for periods in places.into_iter().take(if long { 3 } else { 1 }) {
                // Fast has the low-pass of Standard.
                let at = (periods * down, 1.0);
                let Figures { ripple_db, rejection_db } = figures(&mut resampler, from, to, at);
                if std::env::var_os("MIXCORE_LONG").is_some() {
                    println!(
                        "{from} to {to} Hz, {quality:?}, period {periods}: ripple {ripple_db:.4} dB, rejection {rejection_db:.1} dB"
                    );
                }
                assert!(ripple_db <= Quality::RIPPLE_DB, "{quality:?} {from} {to}: {ripple_db} dB");
                assert!(
                    rejection_db >= quality.rejection_db(),
                    "{quality:?} {from} {to} {periods}: {rejection_db} dB"
                );
            }
        }
    }
}

#[test]
fn every_output_is_the_sum_of_the_definition() {
    for (quality, cutoff, half_width, beta) in [
        (Quality::Fast, 0.4751, 72.0, 10.6),
        (Quality::Standard, 0.4751, 72.0, 10.6),
        (Quality::Best, 0.4734, 96.0, 15.2),
    ] {
        for (from, to) in [(44.1e3, 48e3), (48e3, 44.1e3), (96e3, 48e3), (16e3, 48e3)] {
            let mut resampler = make::<f64>(from, to, quality, Layout::MONO);
            let ratio = resampler.ratio();
            let scale = (ratio.1 as f64 / ratio.0 as f64).max(1.0);
            let low_pass = |t: f64| windowed_sinc(t / scale, cutoff, half_width, beta);
            // The sum is dear: longer clips with the long set.
            let longest = if std::env::var_os("MIXCORE_LONG").is_some() { 6000 } else { 2500 };
            for frames in [1, 5, 700, longest] {
                let clip = noise::<f64>(1, frames, 1.0, 3).remove(0);
                let out = render(&mut resampler, &clip);
                let expected: Vec<f64> = (0..out.len())
                    .map(|m| resampled(&clip, m, ratio, low_pass, half_width * scale))
                    .collect();
                // What the stop-band lets through there and not here.
                let level_db = apart_db(&out, &expected);
                assert!(
                    level_db < -quality.rejection_db(),
                    "{quality:?} {from} {to}, {frames}: {level_db} dB"
                );
            }
        }
    }
}

#[test]
fn f32_audio_has_rounding_noise_as_stated() {
    for quality in QUALITIES {
        for (from, to) in PAIRS_HZ {
            let clip = noise::<f32>(1, 20_000, 1.0, 17).remove(0);
            let exact: Vec<f64> = clip.iter().map(|&x| f64::from(x)).collect();
            let rough = render(&mut make::<f32>(from, to, quality, Layout::MONO), &clip);
            let fine = render(&mut make::<f64>(from, to, quality, Layout::MONO), &exact);
            let level_db = apart_db(&rough, &fine);
            if std::env::var_os("MIXCORE_LONG").is_some() {
                println!("{from} to {to} Hz, {quality:?}: f32 noise {level_db:.1} dB");
            }
            assert!(level_db < -F32_FFT_NOISE_DB, "{quality:?} {from} {to}: {level_db} dB");
        }
    }
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
                let clip: Vec<f64> = (0..30_000)
                    .map(|n| (std::f64::consts::TAU * hz * n as f64 / from + 0.7).sin())
                    .collect();
                let out = render(&mut resampler, &clip);
                let level_db = db(steady_peak(&out, 200));
                assert!(level_db <= -quality.rejection_db(), "{quality:?} {hz}: {level_db} dB");
            }
        }
    }
}

#[test]
fn tones_in_the_pass_band_come_out_alone() {
    for quality in QUALITIES {
        for (from, to) in PAIRS_HZ {
            let hz = 0.9 * from.min(to) / 2.0;
            let tone = |n: usize, rate: f64| (std::f64::consts::TAU * hz * n as f64 / rate).sin();
            let mut resampler = make::<f64>(from, to, quality, Layout::MONO);
            let frames = 3 * resampler.latency_frames() * resampler.ratio().1 / resampler.ratio().0;
            let clip: Vec<f64> = (0..frames).map(|n| tone(n, from)).collect();
            let out = render(&mut resampler, &clip);
            // Away from the ends, where the switching on and off rings.
            let edge = 200 * (to / from.min(to)) as usize;
            let (mut gain, mut power) = (0.0, 0.0);
            let last = out.len() - edge;
            for (n, x) in out.iter().enumerate().take(last).skip(edge) {
                gain += x * tone(n, to);
                power += tone(n, to) * tone(n, to);
            }
            let gain = gain / power;
            assert!(db(gain).abs() <= Quality::RIPPLE_DB, "{quality:?} {from} {to}: {gain}");
            let rest: Vec<f64> = (0..out.len()).map(|n| out[n] - gain * tone(n, to)).collect();
            let rest_db = db(steady_peak(&rest, edge));
            assert!(rest_db <= -quality.rejection_db(), "{quality:?} {from} {to}: {rest_db} dB");
        }
    }
}

#[test]
fn the_gain_at_zero_hertz_is_one() {
    fn worst<S: Sample>(quality: Quality, from: f64, to: f64) -> f64 {
        let mut resampler = make::<S>(from, to, quality, Layout::MONO);
        let (up, down) = resampler.ratio();
        let clip = vec![S::one(); 3 * resampler.latency_frames() * down / up];
        let out = render(&mut resampler, &clip);
        let edge = 3 * 96 * up.div_ceil(down);
        let middle = &out[edge..out.len() - edge];
        middle.iter().fold(0.0, |worst: f64, x| worst.max((x.as_f64() - 1.0).abs()))
    }
    for quality in QUALITIES {
        for (from, to) in PAIRS_HZ {
            let (f32, f64) = (worst::<f32>(quality, from, to), worst::<f64>(quality, from, to));
            // Rounding; and what the cut of the spectrum leaves of the step where a block ends that
            // meets an end of the clip: a fortieth of the stop-band's level; measured 2.1 %.
            let cut = 10_f64.powf(-quality.rejection_db() / 20.0) / 40.0;
            assert!(f32 < 1e-6 + cut, "{quality:?} {from} {to}: {f32:e}");
            assert!(f64 < 2e-15 + cut, "{quality:?} {from} {to}: {f64:e}");
        }
    }
}

/// The middle of a response that is even about it, near `about`, in output frames.
fn middle_of<S: Sample>(out: &[S], about: usize, reach: usize) -> f64 {
    let (mut sum, mut moment) = (0.0, 0.0);
    for (m, y) in out.iter().enumerate().take(about + reach + 1).skip(about.saturating_sub(reach)) {
        sum += y.as_f64();
        moment += m as f64 * y.as_f64();
    }
    moment / sum
}

fn latency<S: Sample>(rounding: f64) {
    for quality in QUALITIES {
        for (from, to) in
            [(44.1e3, 48e3), (48e3, 44.1e3), (96e3, 48e3), (16e3, 48e3), (192e3, 44.1e3)]
        {
            let mut resampler = make::<S>(from, to, quality, Layout::MONO);
            let (up, down) = resampler.ratio();
            let delay = resampler.latency_frames();
            // What is even to the stop-band's level over the distance of the block's end.
            let even = rounding + 10_f64.powf(-quality.rejection_db() / 20.0);
            for frames in [1, 2, 50, down + 1, 3 * down + 7, 5000, 12_345] {
                for at in [0, 1, frames / 2, frames - 1] {
                    if at >= frames {
                        continue;
                    }
                    let mut clip = vec![vec![S::zero(); frames]];
                    clip[0][at] = S::one();
                    resampler.reset();
                    let out = stream_out(&mut resampler, &clip, || 640).remove(0);
                    let meant = (at * up) as f64 / down as f64 + delay as f64;
                    let loudest = (0..out.len())
                        .max_by(|&a, &b| out[a].as_f64().abs().total_cmp(&out[b].as_f64().abs()))
                        .unwrap();
                    let distance = loudest as f64 - meant;
                    assert!(distance.abs() <= 0.5, "{at} of {frames}: loudest at {loudest}");
                    let reach = if quality == Quality::Best { 96 } else { 72 } * up.div_ceil(down);
                    let off = (middle_of(&out, loudest, reach) - meant).abs();
                    // Bernstein's inequality: the response of a low-pass that reaches W frames to
                    // either side bends by W times its largest level at most, which among what folds
                    // is that of the stop-band. And each tap is rounded. It does not reach that bound:
                    // what `resampler` allows the other method is not exceeded either.
                    let bent = reach as f64 * 10_f64.powf(-quality.rejection_db() / 20.0);
                    let most = bent + 0.5 * rounding * reach as f64;
                    let most = most.min(5e-4 * up.div_ceil(down) as f64);
                    assert!(off < most, "{at} of {frames}: off by {off} of {most}");
                    if (at * up).is_multiple_of(down) {
                        let peak = at * up / down + delay;
                        assert_eq!(loudest, peak);
                        for away in 1..reach {
                            let (a, b) = (out[peak - away].as_f64(), out[peak + away].as_f64());
                            assert!((a - b).abs() < even, "{at} of {frames}: {away}");
                        }
                    }
                    // The whole clip stands in place, and is what the stream gives.
                    let whole = render(&mut resampler, &clip[0]);
                    assert_eq!(whole.len(), (frames * up).div_ceil(down));
                    assert!(whole[..] == out[delay..delay + whole.len()], "{at} of {frames}");
                    // After the tail nothing is left.
                    let mut after = vec![S::one(); 100];
                    resampler.reset();
                    stream_out(&mut resampler, &clip, || 5000);
                    resampler.flush(BlockMut::mono(&mut after)).unwrap();
                    assert!(after.iter().all(|x| *x == S::zero()), "{at} of {frames}");
                }
            }
        }
    }
}

#[test]
fn an_impulse_lands_where_the_ratio_and_the_latency_say() {
    latency::<f32>(1e-6);
    latency::<f64>(1e-15);
}

fn splits<S: Sample>() {
    for (from, to) in [(44.1e3, 48e3), (48e3, 44.1e3), (96e3, 48e3), (48e3, 96e3)] {
        for layout in [Layout::MONO, Layout::STEREO, Layout::named("0+5+0").unwrap()] {
            let clip = noise::<S>(layout.channel_count(), 7001, 1.0, 5);
            let mut expected: Option<Vec<Vec<S>>> = None;
            for isa in Isa::available() {
                let stream = Stream::with_isa(from, layout, isa).unwrap();
                let mut resampler = Resampler::new(setup(to, Quality::Standard), stream).unwrap();
                let mut pick = Noise::new(9);
                for block in [7001, 1, 7, 480, 0] {
                    resampler.reset();
                    let next = || if block == 0 { pick.below(3000) } else { block };
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
    let clean = noise::<f32>(2, 5000, 1.0, 8);
    let (mut dirty, mut zeroed) = (clean.clone(), clean);
    let faults = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 2e6, -1e30];
    for (n, fault) in faults.iter().enumerate() {
        let (channel, at) = (n % 2, 100 + 1037 * n);
        (dirty[channel][at], zeroed[channel][at]) = (*fault, 0.0);
    }
    let expected = stream_out(&mut resampler, &zeroed, || 100);
    assert_eq!(resampler.faults(), 0);
    resampler.reset();
    assert!(stream_out(&mut resampler, &dirty, || 77) == expected);
    assert_eq!(resampler.faults(), 5);
    let mut out = vec![vec![0.0; resampler.clip_frames(5000)]; 2];
    let whole = BlockMut::new(&mut out).unwrap();
    assert_eq!(resampler.render(Block::new(&dirty).unwrap(), whole), Ok(5));
    assert!(out.iter().flatten().all(|x| x.is_finite()));
    // As new: what lies in the lines is gone.
    assert_eq!(resampler.faults(), 0);
    assert!(stream_out(&mut resampler, &zeroed, || 1000) == expected);
}

#[test]
fn a_flush_counts_as_zeros_and_loses_nothing() {
    for method in [ResamplerMethod::Polyphase, ResamplerMethod::Fft] {
        let stream = Stream::new(16e3, Layout::MONO).unwrap();
        let setup = ResamplerSetup { method, ..ResamplerSetup::to(48e3) };
        let mut resampler = Resampler::<f64>::new(setup, stream).unwrap();
        let clip = noise::<f64>(1, 4000, 1.0, 3).remove(0);
        let mut out = vec![0.0; 12_300];
        let mut written =
            resampler.push(Block::mono(&clip[..2000]), BlockMut::mono(&mut out)).unwrap();
        // Three outputs an input: 100 of them take 34 frames of zeros, whose last two are due.
        resampler.flush(BlockMut::mono(&mut out[written..written + 100])).unwrap();
        written += 100;
        assert_eq!(resampler.output_frames(0), 2);
        let rest = Block::mono(&clip[2000..]);
        written += resampler.push(rest, BlockMut::mono(&mut out[written..])).unwrap();
        assert_eq!(written, 3 * 4034);
        let mut whole = clip[..2000].to_vec();
        whole.extend([0.0; 34]);
        whole.extend(&clip[2000..]);
        resampler.reset();
        let mut expected = vec![0.0; 12_300];
        resampler.push(Block::mono(&whole), BlockMut::mono(&mut expected)).unwrap();
        assert!(out == expected, "{method:?}");
    }
}

#[test]
fn lengths_rates_and_refusals_are_as_stated() {
    let resampler = make::<f32>(44.1e3, 48e3, Quality::Standard, Layout::STEREO);
    // 15 of 16 periods of 160 frames, and the reach.
    assert_eq!((resampler.ratio(), resampler.latency_frames()), ((160, 147), 15 * 160 + 79));
    for (frames, out) in [(0, 0), (1, 2), (146, 159), (147, 160), (148, 162), (44_100, 48_000)] {
        assert_eq!(resampler.clip_frames(frames), out);
        assert_eq!(resampler.output_frames(frames), out);
    }
    let all = [
        8e3, 11.025e3, 12e3, 16e3, 22.05e3, 24e3, 32e3, 44.1e3, 48e3, 64e3, 88.2e3, 96e3, 176.4e3,
        192e3, 384e3,
    ];
    let (mut least_ms, mut most_ms) = (f64::MAX, 0.0_f64);
    for from in all {
        for to in all.into_iter().filter(|to| *to != from) {
            let stream = Stream::new(from, Layout::MONO).unwrap();
            for quality in QUALITIES {
                let sums = ResamplerSetup { quality, ..ResamplerSetup::to(to) };
                // Some ratios, of 11.025 to 384 kHz for one, are too large for either method.
                let known = Resampler::<f32>::required_len(sums, &stream).is_ok();
                let need = Resampler::<f32>::required_len(setup(to, quality), &stream);
                assert_eq!(known, need.is_ok(), "{from} {to}");
                if known {
                    let resampler = make::<f32>(from, to, quality, Layout::MONO);
                    let ms = 1000.0 * resampler.latency_frames() as f64 / to;
                    if RATES_HZ.contains(&from) && RATES_HZ.contains(&to) {
                        assert!((9.5..52.5).contains(&ms), "{from} {to}: {ms} ms");
                    }
                    (least_ms, most_ms) = (least_ms.min(ms), most_ms.max(ms));
                }
            }
        }
    }
    // 384 to 192 kHz, and 11.025 to 8 kHz with its terms of 441.
    assert!(
        (4.5..5.0).contains(&least_ms) && (600.0..612.5).contains(&most_ms),
        "{least_ms} {most_ms}"
    );
    // 1000/1001 = 1000/(7 · 11 · 13).
    let stream = Stream::new(48e3, Layout::MONO).unwrap();
    let error = Resampler::<f32>::new(setup(48e3 / 1.001, Quality::Best), stream).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a term of output_rate_hz / rate_hz is 1001, allowed is 2^a·3^b·5^c·7^d up to 4096 with \
         ResamplerMethod::Fft: take ResamplerMethod::Polyphase, which takes any"
    );
}

#[cfg(feature = "json")]
#[test]
fn a_setup_names_its_method() {
    let parse = |text: &str| serde_json::from_str::<ResamplerSetup>(text).unwrap();
    assert_eq!(parse(r#"{"output_rate_hz": 48000.0}"#), ResamplerSetup::to(48e3));
    let text = r#"{"output_rate_hz": 48000.0, "quality": "best", "method": "fft"}"#;
    assert_eq!(parse(text), setup(48e3, Quality::Best));
}
