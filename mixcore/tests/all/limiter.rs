//! The limiter as an engineer would check it: curve, transparency, link, ceiling moves, bypass.

use mixcore::audio::Sample;
use mixcore::dynamics::{Limiter, LimiterMode, LimiterParams, LimiterRelease, LimiterSetup};
use mixcore::math::PI;
use mixcore::ramp::{GainRamp, ramp_frames};
use mixcore::units::{db_to_gain, gain_to_db};
use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream};

use crate::reference::judge::Judge;
use crate::signals::{Noise, noise, sine};

/// Upper edge of DESIGN promise 3: the ceiling holds.
pub const ABOVE_DB: f64 = 0.01;
/// Lower edge of DESIGN promise 3: the ceiling is used.
pub const BELOW_DB: f64 = 0.1;
/// The default ceiling.
pub const CEILING_DBTP: f64 = -1.0;

/// Runs a limiter over channels and flushes it: input frames + latency of output.
pub fn flushed<S: Sample>(limiter: &mut Limiter<'_, S>, input: &[Vec<S>]) -> Vec<Vec<S>> {
    let mut audio = input.to_vec();
    for channel in &mut audio {
        channel.resize(channel.len() + limiter.tail_frames(), S::zero());
    }
    limiter.process(Io::new(BlockMut::new(&mut audio).unwrap())).unwrap();
    audio
}

/// A limiter at the defaults.
pub fn limiter<S: Sample>(rate_hz: f64, layout: Layout) -> Limiter<'static, S> {
    let stream = Stream::new(rate_hz, layout).unwrap();
    Limiter::new(LimiterSetup::default(), LimiterParams::default(), stream).unwrap()
}

fn assert_used_and_held(read: f64, what: &str) {
    let excess = read - CEILING_DBTP;
    assert!((-BELOW_DB..=ABOVE_DB).contains(&excess), "{what}: {excess:+.4} dB");
}

/// Chords with a beat, a bass and noise bursts: an image of music with a crest factor.
pub fn music<S: Sample>(rate_hz: f64, frames: usize) -> Vec<Vec<S>> {
    let hiss = noise::<f64>(2, frames, 1.0, 77);
    (0..2)
        .map(|side| {
            (0..frames)
                .map(|n| {
                    let t = n as f64 / rate_hz;
                    let tone = |hz: f64| mixcore::math::sin(2.0 * mixcore::math::PI * hz * t);
                    let beat = mixcore::math::exp(-(t * 4.0 % 1.0) * 6.0);
                    let chord = tone(220.0) + tone(277.2) + tone(329.6 + side as f64) + tone(880.0);
                    let drums = hiss[side][n] * beat * beat;
                    S::from_f64(0.2 * chord * (0.4 + 0.6 * beat) + 0.3 * tone(55.0) + 0.5 * drums)
                })
                .collect()
        })
        .collect()
}

fn scaled<S: Sample>(channels: &[Vec<S>], gain: f64) -> Vec<Vec<S>> {
    channels
        .iter()
        .map(|channel| channel.iter().map(|x| S::from_f64(x.as_f64() * gain)).collect())
        .collect()
}

/// What is below the ceiling passes bit for bit; what is 6 dB above uses it.
fn programme<S: Sample>(rate_hz: f64) {
    let judge = Judge::new();
    let frames = (rate_hz * 0.7) as usize;
    let tone = vec![sine::<S>(997.0, rate_hz, frames, 1.0); 2];
    for (what, source) in [("tone", tone), ("music", music(rate_hz, frames))] {
        let level = judge.dbtp(&source);
        // The margin of DESIGN promise 3, with 0.001 dB for the rounding of the samples.
        let quiet = scaled(&source, db_to_gain(CEILING_DBTP - BELOW_DB - 0.001 - level));
        let mut limiter = limiter::<S>(rate_hz, Layout::STEREO);
        let out = flushed(&mut limiter, &quiet);
        let latency = limiter.latency_frames();
        for (out, quiet) in out.iter().zip(&quiet) {
            assert!(out[..latency].iter().all(|x| x.as_f64().to_bits() == 0));
            assert!(out[latency..] == quiet[..], "{what}");
        }
        assert_eq!(limiter.max_gain_reduction_db(), 0.0);

        limiter.reset();
        let loud = scaled(&source, db_to_gain(CEILING_DBTP + 6.0 - level));
        let read = judge.dbtp(&flushed(&mut limiter, &loud));
        println!("{what} 6 dB too loud at {rate_hz} Hz: {:+.4} dB", read - CEILING_DBTP);
        assert_used_and_held(read, what);
    }
}

#[test]
fn the_ceiling_is_used_and_what_is_below_passes_bit_for_bit() {
    for rate_hz in [44_100.0, 48_000.0, 96_000.0] {
        programme::<f32>(rate_hz);
    }
    programme::<f64>(48_000.0);
}

#[test]
fn the_static_curve_is_what_a_steady_tone_gets() {
    /// The judge reads a tone's crest on a grid of 1/64 frame, the detector on one of 1/32.
    const READING_DB: f64 = 0.002;
    let judge = Judge::new();
    let mut limiter = limiter::<f64>(48_000.0, Layout::MONO);
    for level_db in [-40.0, -6.0, -1.2, -1.0, -0.5, 0.0, 3.0, 12.0, 24.0] {
        // 1 kHz at 48 kHz has its crests on samples.
        let tone = sine::<f64>(1000.0, 48_000.0, 9600, db_to_gain(level_db));
        limiter.reset();
        let out = flushed(&mut limiter, &[tone]);
        let steady = judge.dbtp(&[out[0][2400..8400].to_vec()]);
        // The cut is a peak of its own; a sample at a crest is not.
        let crest = out[0][2400..8400].iter().fold(0.0_f64, |top, x| top.max(x.abs()));
        let read = gain_to_db(crest);
        assert!(steady >= read);
        let curve = limiter.static_curve_db(level_db);
        assert!((read - curve).abs() < READING_DB, "{level_db} dB: {read} against {curve}");
        let reduction = limiter.max_gain_reduction_db();
        assert!((reduction - (level_db - curve)).abs() < READING_DB, "{reduction}");
    }
}

#[test]
fn an_lfe_and_the_mains_do_not_pull_each_other() {
    let frames = 9600;
    for loud in [0, 3] {
        let mut limiter = limiter::<f32>(48_000.0, Layout::SURROUND_5_1);
        let mut input = noise::<f32>(6, frames, 0.2, 5);
        input[loud] = sine(60.0, 48_000.0, frames, 4.0);
        let out = flushed(&mut limiter, &input);
        let latency = limiter.latency_frames();
        let lfe_is_loud = loud == 3;
        for (channel, (out, input)) in out.iter().zip(&input).enumerate() {
            let same = out[latency..] == input[..];
            assert_eq!(same, (channel == 3) != lfe_is_loud, "channel {channel}, loud {loud}");
        }
    }
}

#[test]
fn a_full_link_keeps_the_image_and_no_link_does_not() {
    /// Both sides get the same f32 gains: what differs is one rounding per stage and side and one per
    /// quotient below, eight of 2^-24, 4.1e-6 dB.
    const IMAGE_DB: f64 = 5e-6;
    let rate_hz = 48_000.0;
    let mut input = scaled(&music::<f32>(rate_hz, 24_000), db_to_gain(6.0));
    input[1] = input[1].iter().map(|x| 0.3 * x).collect();
    let mut widest = [0.0_f64; 2];
    for (widest, link_percent) in widest.iter_mut().zip([100.0, 0.0]) {
        let setup = LimiterSetup { link_percent, ..LimiterSetup::default() };
        let stream = Stream::new(rate_hz, Layout::STEREO).unwrap();
        let mut limiter = Limiter::<f32>::new(setup, LimiterParams::default(), stream).unwrap();
        let out = flushed(&mut limiter, &input);
        let latency = limiter.latency_frames();
        for n in (0..24_000).filter(|&n| input.iter().all(|x| x[n].abs() > 1e-3)) {
            let gain = |c: usize| gain_to_db(f64::from(out[c][n + latency] / input[c][n]));
            *widest = widest.max((gain(0) - gain(1)).abs());
        }
    }
    assert!(widest[0] < IMAGE_DB, "{widest:?}");
    assert!(widest[1] > 1.0, "without a link the loud side moves alone: {widest:?}");
}

#[test]
fn a_moving_ceiling_travels_with_its_frame() {
    let rate_hz = 48_000.0;
    let (change, back, frames) = (10_007, 25_003, 40_000);
    let input = sine::<f64>(997.0, rate_hz, frames, 2.0);
    let mut limiter = limiter::<f64>(rate_hz, Layout::MONO);
    let mut audio = input.clone();
    audio.resize(frames + limiter.tail_frames(), 0.0);
    let latency = limiter.latency_frames();
    let mut ramp = GainRamp::new(CEILING_DBTP, ramp_frames(rate_hz));
    let mut ceilings = Vec::new();
    for (part, at, ceiling_dbtp) in [
        (0..change, 0, CEILING_DBTP),
        (change..back, change, -12.0),
        (back..audio.len(), back, CEILING_DBTP),
    ] {
        let params = LimiterParams { ceiling_dbtp, ..limiter.params() };
        limiter.set_params(params).unwrap();
        ramp.move_to(ceiling_dbtp, at as u64);
        ceilings.extend(part.clone().map(|n| db_to_gain(ramp.db_at(n as u64))));
        limiter.process(Io::new(BlockMut::mono(&mut audio[part]))).unwrap();
    }
    for (n, &ceiling) in ceilings.iter().enumerate().take(frames) {
        assert!(audio[n + latency].abs() <= ceiling, "frame {n}");
    }
    let judge = Judge::new();
    // What stands between the moves, faded at its cuts, which are peaks of their own.
    let mut low = audio[change + 1000 + latency..back + latency - 300].to_vec();
    let end = low.len() - 1;
    for n in 0..500 {
        let fade = mixcore::math::sin(PI * n as f64 / 1000.0);
        low[n] *= fade;
        low[end - n] *= fade;
    }
    let low = judge.dbtp(&[low]) + 12.0;
    assert!(low <= ABOVE_DB && low > -BELOW_DB, "{low}");
}

#[test]
fn a_huge_sample_holds_the_ceiling_and_recovers_by_the_release() {
    let rate_hz = 48_000.0;
    let (at, frames) = (9600, 48_000);
    let mut input = sine::<f32>(440.0, rate_hz, frames, 0.1);
    input[at] = 1e6;
    let mut limiter = limiter::<f32>(rate_hz, Layout::MONO);
    let out = flushed(&mut limiter, &[input.clone()]).remove(0);
    assert!(Judge::new().dbtp(std::slice::from_ref(&out)) <= CEILING_DBTP + ABOVE_DB);
    assert_eq!(limiter.faults(), 0);
    let latency = limiter.latency_frames();
    let release = 0.1 * rate_hz;
    // The hold of the look-ahead and the reach of the kernel come before the release.
    let start = at as f64 + 240.0 + 64.0;
    for (n, (x, y)) in input.iter().zip(&out[latency..]).enumerate().skip(at + 500) {
        if x.abs() > 0.05 {
            let expected = 1.0 - mixcore::math::exp(-(n as f64 - start) / release);
            // The mean of a convex release over the boxes lies above its middle: 0.05 is enough. Its
            // time is tested below.
            assert!((f64::from(y / x) - expected).abs() < 0.05, "frame {n}");
        }
    }
}

/// Time constants are tested to this (the bound).
const TIME: f64 = 0.01;

/// Frames, interpolated, in which the reduction at `start` falls to 36.8 % of it.
fn release_frames(reductions: &[f64], start: usize) -> f64 {
    let goal = reductions[start] * mixcore::math::exp(-1.0);
    let after = (start..).find(|&n| reductions[n] <= goal).unwrap();
    let (high, low) = (reductions[after - 1], reductions[after]);
    (after - 1 - start) as f64 + (high - goal) / (high - low)
}

#[test]
fn a_release_takes_its_time() {
    let rate_hz = 48_000.0;
    let (at, frames) = (4800, 240_000);
    for mode in [LimiterMode::SamplePeak, LimiterMode::TruePeak] {
        for (release, release_ms, slow_ms) in [
            (LimiterRelease::Fixed, 20.0, 1000.0),
            (LimiterRelease::Fixed, 100.0, 1000.0),
            (LimiterRelease::Fixed, 700.0, 1000.0),
            (LimiterRelease::TwoStage, 20.0, 900.0),
        ] {
            let setup = LimiterSetup { mode, release, ..LimiterSetup::default() };
            let params =
                LimiterParams { release_ms, slow_release_ms: slow_ms, ..LimiterParams::default() };
            let stream = Stream::new(rate_hz, Layout::MONO).unwrap();
            let mut limiter = Limiter::<f64>::new(setup, params, stream).unwrap();
            // A constant has its gain at every frame.
            let mut input = vec![0.1; frames];
            // One peak, or with two stages a passage that the slow one has settled in.
            let two_stage = release == LimiterRelease::TwoStage;
            let end = if two_stage { frames / 2 + at } else { at + 1 };
            input[at..end].fill(4.0);
            let out = flushed(&mut limiter, std::slice::from_ref(&input)).remove(0);
            let latency = limiter.latency_frames();
            let reductions: Vec<f64> =
                input.iter().zip(&out[latency..]).map(|(x, y)| 1.0 - y / x).collect();
            // Behind the look-ahead's hold and both boxes, the reach of the kernel and, with two
            // stages, eight times the fast one.
            let settled = if two_stage { 8 * 48 * 20 } else { 0 };
            let frames = release_frames(&reductions, end + 1024 + settled);
            let ms = if two_stage { slow_ms } else { release_ms };
            let off = frames / (48.0 * ms) - 1.0;
            assert!(off.abs() < TIME, "{mode:?} {release:?} {ms} ms: {off}");
        }
    }
}

#[test]
fn faults_become_silence_and_are_counted() {
    let clean = noise::<f32>(2, 4800, 2.0, 9);
    let (mut faulty, mut zeroed) = (clean.clone(), clean);
    for (n, x) in [(0, f32::NAN), (63, f32::INFINITY), (64, -2e6), (3000, f32::NEG_INFINITY)] {
        faulty[1][n] = x;
        zeroed[1][n] = 0.0;
    }
    let mut limiter = limiter::<f32>(48_000.0, Layout::STEREO);
    let out = flushed(&mut limiter, &faulty);
    assert_eq!(limiter.faults(), 4);
    limiter.reset();
    assert_eq!(out, flushed(&mut limiter, &zeroed));
    assert_eq!(limiter.faults(), 0);
}

#[test]
fn the_bypass_is_the_delayed_input_and_comes_without_a_click() {
    let rate_hz = 48_000.0;
    let frames = 24_000;
    let (off, on) = (8_001, 16_003);
    let input = sine::<f32>(100.0, rate_hz, frames, 2.0);
    let mut limiter = limiter::<f32>(rate_hz, Layout::MONO);
    let mut audio = input.clone();
    audio.resize(frames + limiter.tail_frames(), 0.0);
    let latency = limiter.latency_frames();
    let fade = ramp_frames(rate_hz);
    limiter.process(Io::new(BlockMut::mono(&mut audio[..off]))).unwrap();
    limiter.set_bypass(true);
    assert!(limiter.bypass());
    limiter.process(Io::new(BlockMut::mono(&mut audio[off..on]))).unwrap();
    limiter.set_bypass(false);
    limiter.process(Io::new(BlockMut::mono(&mut audio[on..]))).unwrap();
    let out = &audio[latency..];
    assert!(out[off + fade..on] == input[off + fade..on]);
    assert!(out[on + fade..].iter().all(|x| x.abs() < 0.8913));
    // No step beyond what the tone itself and a straight fade make.
    let slope = 2.0 * std::f32::consts::TAU * 100.0 / rate_hz as f32 + 2.0 / fade as f32;
    for pair in out[..frames].windows(2) {
        assert!((pair[1] - pair[0]).abs() <= slope);
    }
}

#[test]
fn a_rendered_clip_is_the_flushed_output_without_its_latency() {
    for frames in [0, 1, 717, 718, 719, 6007] {
        let input = crate::conformance::programme::<f32>(2, frames);
        let mut limiter = limiter::<f32>(48e3, Layout::STEREO);
        let latency = limiter.latency_frames();
        let flushed = flushed(&mut limiter, &input);
        let mut clip = input.clone();
        mixcore::stream::render(&mut limiter, BlockMut::new(&mut clip).unwrap()).unwrap();
        for (clip, flushed) in clip.iter().zip(&flushed) {
            assert_eq!(clip[..], flushed[latency..], "{frames} frames");
        }
    }
}

#[test]
fn lent_memory_gives_the_same_bits() {
    let stream = Stream::new(44_100.0, Layout::SURROUND_5_1).unwrap();
    let (setup, params) = (LimiterSetup::default(), LimiterParams::default());
    let need = Limiter::<f32>::required_len(setup, stream).unwrap();
    let mut samples = vec![7.0_f32; need.samples + 1];
    let mut control = vec![7.0_f32; need.control + 1];
    let input = noise::<f32>(6, 3000, 3.0, 3);
    let mut lent = Limiter::new_in(setup, params, stream, &mut samples, &mut control).unwrap();
    let out = flushed(&mut lent, &input);
    assert_eq!(out, flushed(&mut limiter(44_100.0, Layout::SURROUND_5_1), &input));
    let short = &mut samples[..need.samples - 1];
    assert!(Limiter::new_in(setup, params, stream, short, &mut control).is_err());
}

#[test]
fn other_long_meters_agree_below_the_band_edge() {
    // Points per frame, taps a side, Kaiser beta, rows of sum 1: 24 taps and more. With 24 taps a
    // beta of 6 is the most whose transition (4.5 % of the rate) ends above 0.4535 of the rate.
    let meters =
        [(4, 24, 5.0, true), (8, 24, 6.0, false), (16, 32, 7.0, true), (32, 48, 9.0, true)];
    /// The band edge up to which DESIGN promise 3 names every meter.
    const BAND_EDGE: f64 = 0.4535;
    let rate_hz = 48_000.0;
    let frames = 24_000;
    let mut below = music::<f64>(rate_hz, frames).remove(0);
    let mut pick = Noise::new(4);
    let mut beyond = vec![0.0; frames];
    for tone in 0..40 {
        let share = BAND_EDGE * f64::from(tone + 1) / 40.0;
        let phase = PI * pick.next_f64();
        for (n, (below, beyond)) in below.iter_mut().zip(&mut beyond).enumerate() {
            // Faded in and out: an abrupt end is no band-limited signal.
            let fade = mixcore::math::sin(PI * n as f64 / frames as f64);
            *below += 0.4 * fade * mixcore::math::sin(2.0 * PI * share * n as f64 + phase);
            *beyond +=
                fade * mixcore::math::sin(2.0 * PI * (0.5 - 0.001 * share) * n as f64 + phase);
        }
    }
    let mut limiter = limiter::<f64>(rate_hz, Layout::MONO);
    let below = flushed(&mut limiter, &[below]);
    limiter.reset();
    let beyond = flushed(&mut limiter, &[beyond]);
    for (points, side, beta, normalised) in meters {
        let meter = Judge::with(points, side, beta, normalised);
        let excess = meter.dbtp(&below) - CEILING_DBTP;
        let spread = meter.dbtp(&beyond) - CEILING_DBTP;
        println!("{points}x, {side} taps a side: {excess:+.4} dB; near fs/2 {spread:+.4} dB");
        assert!(excess <= ABOVE_DB, "{points}x{side}: {excess:+.4}");
    }
}
