//! What a limiter can be built with: mode, link, release, bass hold, room for dither; and whole clips.

use mixcore::audio::Sample;
use mixcore::dynamics::{
    ClipLimiter, Limiter, LimiterMode, LimiterParams, LimiterRelease, LimiterSetup, LinkGroups,
    MAX_PASSES,
};
use mixcore::level::{Dither, DitherKind, DitherSetup};
use mixcore::units::{db_to_gain, gain_to_db};
use mixcore::{Block, BlockMut, Error, Io, Layout, Process, Processor, Stream};

use crate::limiter::{ABOVE_DB, CEILING_DBTP, flushed, music};
use crate::programmes::{hostile, random};
use crate::reference::judge::Judge;
use crate::signals::{Noise, noise, sine};

const RATE_HZ: f64 = 48_000.0;

fn built<S: Sample>(setup: LimiterSetup, layout: Layout) -> Limiter<'static, S> {
    let stream = Stream::new(RATE_HZ, layout).unwrap();
    Limiter::new(setup, LimiterParams::default(), stream).unwrap()
}

fn sample_peaks<S: Sample>() {
    let ceiling = S::from_f64(db_to_gain(CEILING_DBTP));
    for rate_hz in [44_100.0, 48_000.0, 96_000.0] {
        for lookahead_ms in [0.5, 1.4, 5.0, 20.0] {
            let stream = Stream::new(rate_hz, Layout::STEREO).unwrap();
            let mode = LimiterMode::SamplePeak;
            let measure_output = true;
            let setup =
                LimiterSetup { mode, lookahead_ms, measure_output, ..LimiterSetup::default() };
            let mut limiter = Limiter::<S>::new(setup, LimiterParams::default(), stream).unwrap();
            let frames = (lookahead_ms * 1e-3 * rate_hz).round() as usize;
            assert_eq!(limiter.latency_frames(), 64 + frames);
            for (name, signal) in hostile(rate_hz, 3) {
                let left: Vec<S> = signal.iter().map(|&x| S::from_f64(x)).collect();
                let right = left.iter().map(|&x| x * S::from_f64(0.3)).collect();
                limiter.reset();
                let out = flushed(&mut limiter, &[left, right]);
                assert!(out.iter().flatten().all(|x| x.abs() <= ceiling), "{name} {lookahead_ms}");
                let most = out.iter().flatten().fold(S::zero(), |a, x| a.max(x.abs()));
                assert_eq!(limiter.output_peak_dbtp(), Some(gain_to_db(most.as_f64())));
            }
        }
    }
}

#[test]
fn no_sample_exceeds_the_ceiling_of_the_sample_peak_mode() {
    sample_peaks::<f32>();
    sample_peaks::<f64>();
}

#[test]
fn the_sample_peak_mode_uses_its_ceiling_and_lets_the_rest_pass() {
    let mode = LimiterMode::SamplePeak;
    let mut limiter = built::<f32>(LimiterSetup { mode, ..Default::default() }, Layout::MONO);
    // 1 kHz at 48 kHz has its crests on samples.
    let loud = sine::<f32>(1000.0, RATE_HZ, 9600, 2.0);
    let out = flushed(&mut limiter, &[loud]);
    let top = out[0].iter().fold(0.0_f32, |top, x| top.max(x.abs()));
    // 2^-16 below the ceiling, and f32 roundings.
    assert!((gain_to_db(f64::from(top)) - CEILING_DBTP).abs() < 2e-4, "{top}");
    limiter.reset();
    let quiet = noise::<f32>(1, 9600, 0.891, 5);
    let out = flushed(&mut limiter, &quiet);
    assert!(out[0][limiter.latency_frames()..] == quiet[0][..]);
}

/// The gain at a frame of a mono output.
fn gain_at(limiter: &Limiter<'_, f64>, input: &[f64], out: &[f64], frame: usize) -> f64 {
    out[frame + limiter.latency_frames()] / input[frame]
}

#[test]
fn a_two_stage_release_is_fast_after_a_peak_and_slow_after_a_passage() {
    let mut reductions = Vec::new();
    for (release, loud_ms) in [
        (LimiterRelease::Fixed, 2000),
        (LimiterRelease::TwoStage, 10),
        (LimiterRelease::TwoStage, 2000),
    ] {
        let setup = LimiterSetup { release, bass_hold: false, ..LimiterSetup::default() };
        let stream = Stream::new(RATE_HZ, Layout::MONO).unwrap();
        let params =
            LimiterParams { release_ms: 30.0, slow_release_ms: 1000.0, ..Default::default() };
        let mut limiter = Limiter::<f64>::new(setup, params, stream).unwrap();
        // 1 kHz at 48 kHz: whole periods, with a crest 12 frames after the start of each.
        let end = 48 * (100 + loud_ms);
        let mut input = sine::<f64>(1000.0, RATE_HZ, end + 24_000, 2.0);
        for (n, x) in input.iter_mut().enumerate() {
            *x *= if (4800..end).contains(&n) { 1.0 } else { 0.05 };
        }
        let out = flushed(&mut limiter, std::slice::from_ref(&input)).remove(0);
        // 200 ms after the passage: nearly seven times the fast constant.
        reductions.push(1.0 - gain_at(&limiter, &input, &out, end + 9600 + 12));
    }
    // 0.557 takes 2.0 to the aim. The look-ahead holds for 5 ms more; exp(-195 ms/30 ms) is left.
    assert!(reductions[0] < 2e-3, "{reductions:?}");
    // What the mean over one second has of 10 ms, the hold and 30 ms of release, some 160 ms later.
    let expected = |loud_s: f64| {
        let mean = 1.0 - mixcore::math::exp(-(loud_s + 0.005));
        0.557 * (mean * mixcore::math::exp(-0.195) + 0.03 * mixcore::math::exp(-0.17))
    };
    for (reduction, loud_s) in reductions[1..].iter().zip([0.01, 2.0]) {
        let expected = expected(loud_s);
        assert!((reduction / expected - 1.0).abs() < 0.1, "{reductions:?} {expected}");
    }
}

#[test]
fn the_bass_hold_keeps_the_gain_still_within_a_period() {
    let mut ripples = Vec::new();
    for bass_hold in [false, true] {
        let setup = LimiterSetup { bass_hold, ..LimiterSetup::default() };
        let stream = Stream::new(RATE_HZ, Layout::MONO).unwrap();
        let params = LimiterParams { release_ms: 10.0, ..LimiterParams::default() };
        let mut limiter = Limiter::<f64>::new(setup, params, stream).unwrap();
        let input = sine::<f64>(40.0, RATE_HZ, 48_000, 2.0);
        let out = flushed(&mut limiter, std::slice::from_ref(&input)).remove(0);
        let (mut low, mut high) = (1.0_f64, 0.0_f64);
        for frame in (24_000..36_000).filter(|&n: &usize| input[n].abs() > 0.1) {
            let gain = gain_at(&limiter, &input, &out, frame);
            (low, high) = (low.min(gain), high.max(gain));
        }
        ripples.push(gain_to_db(high / low));
        // Nothing above the bass: the hold changes no bit.
        let high_tone = sine::<f64>(1000.0, RATE_HZ, 9600, 2.0);
        limiter.reset();
        let held = flushed(&mut limiter, std::slice::from_ref(&high_tone));
        let setup = LimiterSetup { bass_hold: !bass_hold, ..setup };
        let mut other = Limiter::<f64>::new(setup, params, stream).unwrap();
        assert!(held == flushed(&mut other, &[high_tone]));
    }
    println!("gain ripple of 40 Hz, 10 ms release: {ripples:?} dB");
    assert!(ripples[0] > 1.0 && ripples[1] < 0.01, "{ripples:?}");
}

#[test]
fn a_link_of_half_moves_the_other_channel_by_half_the_decibels() {
    for (link_percent, share) in [(0.0, 0.0), (50.0, 0.5), (75.0, 0.75), (100.0, 1.0)] {
        let setup = LimiterSetup { link_percent, ..LimiterSetup::default() };
        let mut limiter = built::<f64>(setup, Layout::STEREO);
        let loud = sine::<f64>(1000.0, RATE_HZ, 9600, db_to_gain(CEILING_DBTP - 0.06 + 12.0));
        let quiet = sine::<f64>(1000.0, RATE_HZ, 9600, 0.05);
        let out = flushed(&mut limiter, &[loud, quiet.clone()]);
        let latency = limiter.latency_frames();
        let crest = |x: &[f64]| x.iter().fold(0.0_f64, |top, x| top.max(x.abs()));
        let reduction = gain_to_db(crest(&quiet[4800..6000]))
            - gain_to_db(crest(&out[1][4800 + latency..6000 + latency]));
        // Crests recur every 24 frames and the window holds them: only the grid's reading differs.
        assert!((reduction - 12.0 * share).abs() < 0.01, "{link_percent}: {reduction}");
        assert!(crest(&out[0]) <= db_to_gain(CEILING_DBTP));
    }
}

#[test]
fn areas_do_not_pull_each_other() {
    let setup = LimiterSetup { groups: LinkGroups::Areas, ..LimiterSetup::default() };
    let mut limiter = built::<f32>(setup, Layout::SURROUND_7_1_4);
    let mut input = noise::<f32>(12, 9600, 0.2, 5);
    input[0] = sine(300.0, RATE_HZ, 9600, 4.0);
    let out = flushed(&mut limiter, &input);
    let latency = limiter.latency_frames();
    for (channel, (out, input)) in out.iter().zip(&input).enumerate() {
        // L R C move, the LFE, the surrounds and the heights stand still.
        assert_eq!(out[latency..] == input[..], channel > 2, "channel {channel}");
    }
}

#[test]
fn dither_behind_the_limiter_stays_below_the_ceiling() {
    let judge = Judge::new();
    for (bits, kind) in [
        (8, DitherKind::Tpdf),
        (16, DitherKind::Round),
        (16, DitherKind::Tpdf),
        (12, DitherKind::Lipshitz5),
        (12, DitherKind::Wannamaker9),
    ] {
        let dither = DitherSetup { bits, kind, ..DitherSetup::default() };
        let setup = LimiterSetup { dither: Some(dither), ..LimiterSetup::default() };
        let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
        let mut limiter = built::<f64>(setup, Layout::STEREO);
        let mut words = Dither::new(dither, stream).unwrap();
        let mut out = flushed(&mut limiter, &noise::<f64>(2, 9600, 4.0, 8));
        words.process(Io::new(BlockMut::new(&mut out).unwrap())).unwrap();
        let read = judge.dbtp(&out) - CEILING_DBTP;
        println!("{bits} bits {kind:?}: {read:+.4} dB");
        assert!(read <= ABOVE_DB, "{bits} {kind:?}: {read:+.4}");
        // A ceiling that is hardly more than the dither.
        let low = LimiterParams { ceiling_dbtp: -60.0, ..LimiterParams::default() };
        let refused = limiter.set_params(low);
        assert_eq!(refused.is_err(), bits < 16, "{bits} {kind:?}");
    }
}

#[test]
fn what_is_out_of_range_is_named() {
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let named = |setup: LimiterSetup, params: LimiterParams| match Limiter::<f32>::new(
        setup, params, stream,
    ) {
        Err(Error::OutOfRange { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    let (setup, params) = (LimiterSetup::default(), LimiterParams::default());
    for ceiling_dbtp in [0.01, -60.01, f64::NAN] {
        assert_eq!(named(setup, LimiterParams { ceiling_dbtp, ..params }), "ceiling_dbtp");
    }
    for lookahead_ms in [0.4, 20.1, -5.0, f64::INFINITY] {
        assert_eq!(named(LimiterSetup { lookahead_ms, ..setup }, params), "lookahead_ms");
    }
    for link_percent in [-1.0, 101.0, f64::NAN] {
        assert_eq!(named(LimiterSetup { link_percent, ..setup }, params), "link_percent");
    }
    assert_eq!(named(setup, LimiterParams { release_ms: -1.0, ..params }), "release_ms");
    for slow_release_ms in [9.0, -1.0, f64::INFINITY] {
        let params = LimiterParams { slow_release_ms, ..params };
        assert_eq!(named(setup, params), "slow_release_ms");
    }
    // What runs is checked as well, and stays as it was.
    let mut limiter = built::<f32>(setup, Layout::STEREO);
    for moved in [
        LimiterParams { ceiling_dbtp: 0.01, ..params },
        LimiterParams { ceiling_dbtp: -60.01, ..params },
        LimiterParams { release_ms: -1.0, ..params },
    ] {
        assert!(limiter.set_params(moved).is_err());
        assert_eq!(limiter.params(), params);
    }
    // A clip limiter checks the same.
    for lookahead_ms in [-5.0, 20.1] {
        let setup = LimiterSetup { lookahead_ms, ..setup };
        assert!(ClipLimiter::<f32>::new(setup, params, stream, 100).is_err());
    }
    let params = LimiterParams { ceiling_dbtp: 0.01, ..params };
    assert!(ClipLimiter::<f32>::new(setup, params, stream, 100).is_err());
    let dither = Some(DitherSetup { bits: 7, ..DitherSetup::default() });
    assert_eq!(named(LimiterSetup { dither, ..setup }, params), "bits");
}

#[test]
fn the_read_outs_say_what_happened() {
    let mut limiter = built::<f64>(LimiterSetup::default(), Layout::MONO);
    assert_eq!(limiter.output_peak_dbtp(), None);
    let setup = LimiterSetup { measure_output: true, ..LimiterSetup::default() };
    limiter = built::<f64>(setup, Layout::MONO);
    assert!(limiter.reduction_stats().is_none());
    assert_eq!(limiter.output_peak_dbtp(), Some(f64::NEG_INFINITY));
    let mut input = sine::<f64>(1000.0, RATE_HZ, 96_000, db_to_gain(CEILING_DBTP - 0.06 + 7.0));
    input.extend(vec![0.0; 96_000]);
    let mut out = flushed(&mut limiter, &[input]);
    // The last peaks count 64 frames later.
    limiter.process(Io::new(BlockMut::mono(&mut [0.0; 64]))).unwrap();
    let stats = limiter.reduction_stats().unwrap();
    assert!((stats.max_db - 7.0).abs() < 0.01, "{stats:?}");
    assert!((stats.max_db - limiter.max_gain_reduction_db()).abs() < 1e-4);
    // Half of the time 7 dB, and a release of a few times 100 ms.
    assert!((stats.over_6_db_percent - 50.0).abs() < 1.5, "{stats:?}");
    assert!(stats.mean_db > 3.4 && stats.mean_db < 4.2, "{stats:?}");
    let judged = Judge::new().dbtp(&[out.remove(0)]);
    let read = limiter.output_peak_dbtp().unwrap();
    assert!((read - judged).abs() < 0.013, "{read} {judged}");
}

fn clip<S: Sample>(setup: LimiterSetup, layout: Layout, frames: usize) -> ClipLimiter<'static, S> {
    let stream = Stream::new(RATE_HZ, layout).unwrap();
    ClipLimiter::new(setup, LimiterParams::default(), stream, frames).unwrap()
}

#[test]
fn a_clip_reaches_the_ceiling_with_less_reduction_than_a_stream() {
    let judge = Judge::new();
    let frames = 48_000;
    let source = music::<f32>(RATE_HZ, frames);
    let gain = db_to_gain(CEILING_DBTP + 6.0 - judge.dbtp(&source)) as f32;
    let loud: Vec<Vec<f32>> =
        source.iter().map(|channel| channel.iter().map(|x| x * gain).collect()).collect();
    let measured = LimiterSetup { measure_output: true, ..LimiterSetup::default() };
    let mut stream = built::<f32>(measured, Layout::STEREO);
    let streamed = flushed(&mut stream, &loud);
    let streaming = stream.reduction_stats().unwrap();
    // The last peaks count 64 frames later.
    stream.process(Io::new(BlockMut::new(&mut vec![vec![0.0; 64]; 2]).unwrap())).unwrap();
    let stream_peak = stream.output_peak_dbtp().unwrap();
    assert!((stream_peak - judge.dbtp(&streamed)).abs() < 0.013, "{stream_peak}");

    let mut limiter = clip::<f32>(LimiterSetup::default(), Layout::STEREO, frames);
    let mut out = loud.clone();
    let report = limiter.limit(BlockMut::new(&mut out).unwrap()).unwrap();
    let read = judge.dbtp(&out) - CEILING_DBTP;
    let clipped = report.reduction.unwrap();
    println!("clip {read:+.4} dB, {report:?}; stream {streaming:?}");
    assert!(report.refined && report.passes <= MAX_PASSES);
    assert!((-0.03..=0.0).contains(&read), "{read:+.4}");
    assert!((report.output_peak_dbtp - CEILING_DBTP - read).abs() < 0.013);
    assert!(clipped.max_db < streaming.max_db && clipped.mean_db < streaming.mean_db);

    // Lent memory and a second run give the same bits.
    let (setup, params) = (LimiterSetup::default(), LimiterParams::default());
    let format = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let need = ClipLimiter::<f32>::required_len(setup, format, frames).unwrap();
    let (mut samples, mut control) = (vec![7.0; need.samples], vec![7.0; need.control]);
    let mut lent =
        ClipLimiter::new_in(setup, params, format, frames, &mut samples, &mut control).unwrap();
    for _ in 0..2 {
        let mut again = loud.clone();
        assert_eq!(lent.limit(BlockMut::new(&mut again).unwrap()).unwrap(), report);
        assert!(again == out);
    }
}

#[test]
fn clips_of_any_kind_stay_below_the_ceiling() {
    let judge = Judge::new();
    let frames = 19_200;
    let mut limiter = clip::<f64>(LimiterSetup::default(), Layout::MONO, frames);
    let mut noise = Noise::new(31);
    let mut signals: Vec<(String, Vec<f64>)> =
        hostile(RATE_HZ, 1).into_iter().map(|(name, x)| (name.to_owned(), x)).collect();
    for seed in 0..12 {
        signals.push((format!("random {seed}"), random(RATE_HZ, frames, &mut noise)));
    }
    for (name, signal) in signals {
        let mut out = vec![signal];
        let report = limiter.limit(BlockMut::new(&mut out).unwrap()).unwrap();
        let read = judge.dbtp(&out) - CEILING_DBTP;
        println!("{name}: {read:+.4} dB, {} passes, refined {}", report.passes, report.refined);
        assert!(read <= ABOVE_DB, "{name}: {read:+.4} dB");
    }
}

#[test]
fn short_quiet_and_faulty_clips() {
    let mut limiter = clip::<f32>(LimiterSetup::default(), Layout::STEREO, 1000);
    for frames in [0, 1, 63, 64, 65, 1000] {
        let quiet = noise::<f32>(2, frames, 0.2, 4);
        let mut out = quiet.clone();
        let report = limiter.limit(BlockMut::new(&mut out).unwrap()).unwrap();
        assert!(out == quiet && report.passes == 1 && report.refined, "{frames}");
    }
    let mut faulty = noise::<f32>(2, 1000, 0.2, 4);
    faulty[1][5] = f32::NAN;
    let report = limiter.limit(BlockMut::new(&mut faulty).unwrap()).unwrap();
    assert_eq!((report.faults, faulty[1][5]), (1, 0.0));
    let mut long = vec![vec![0.0; 1001]; 2];
    let refused = limiter.limit(BlockMut::new(&mut long).unwrap());
    assert!(matches!(refused, Err(Error::Storage { what: "clip frame", .. })));
    let mut mono = vec![vec![0.0; 10]];
    assert!(limiter.limit(BlockMut::new(&mut mono).unwrap()).is_err());

    let mode = LimiterMode::SamplePeak;
    let setup = LimiterSetup { mode, ..LimiterSetup::default() };
    let mut limiter = clip::<f32>(setup, Layout::MONO, 4800);
    let mut out = noise::<f32>(1, 4800, 4.0, 4);
    let report = limiter.limit(BlockMut::new(&mut out).unwrap()).unwrap();
    let top = out[0].iter().fold(0.0_f32, |top, x| top.max(x.abs()));
    assert!(top <= db_to_gain(CEILING_DBTP) as f32 && !report.refined);
    assert_eq!(report.output_peak_dbtp, gain_to_db(f64::from(top)));
}

/// The logarithm of the read-out is off by up to 2.5e-5 dB (`kernels_dynamics.rs` measures it); the totals
/// of three stages round three times by 2^-24 (5e-7 dB each).
const CURVE_DB: f64 = 3e-5;

/// Frames whose input is large enough to tell the gain from: the curve against −20·lg(out/in), the
/// channel that is reduced most.
fn assert_curve(input: &[Vec<f64>], out: &[Vec<f64>], curve: &[f32], what: &str) {
    for (n, &curve) in curve.iter().enumerate() {
        if input.iter().any(|x| x[n].abs() < 1e-3) {
            continue;
        }
        let gains = input.iter().zip(out).map(|(x, y)| y[n] / x[n]);
        let reduction = -gain_to_db(gains.fold(f64::INFINITY, f64::min));
        assert!((f64::from(curve) - reduction).abs() < CURVE_DB, "{what} {n}: {curve} {reduction}");
    }
}

#[test]
fn the_reduction_of_every_frame_can_be_had() {
    let frames = 20_000;
    let loud = music::<f64>(RATE_HZ, frames);
    let loud: Vec<Vec<f64>> =
        loud.iter().map(|channel| channel.iter().map(|x| x * 2.5).collect()).collect();
    for mode in [LimiterMode::TruePeak, LimiterMode::SamplePeak] {
        for (link_percent, lookahead_ms) in [(100.0, 5.0), (0.0, 0.5), (50.0, 20.0)] {
            let setup =
                LimiterSetup { mode, link_percent, lookahead_ms, ..LimiterSetup::default() };
            let mut limiter = built::<f64>(setup, Layout::STEREO);
            let expected = flushed(&mut limiter, &loud);
            limiter.reset();
            let latency = limiter.latency_frames();
            let mut audio = loud.clone();
            audio.iter_mut().for_each(|channel| channel.resize(frames + latency, 0.0));
            let mut curve = vec![9.0_f32; frames + latency];
            let mut at = 0;
            for length in [1, 63, 64, 65, 480, 7].into_iter().cycle() {
                let end = (at + length).min(frames + latency);
                let mut part: Vec<Vec<f64>> =
                    audio.iter().map(|channel| channel[at..end].to_vec()).collect();
                let io = Io::new(BlockMut::new(&mut part).unwrap());
                limiter.process_with_reduction(io, &mut curve[at..end]).unwrap();
                for (channel, part) in audio.iter_mut().zip(part) {
                    channel[at..end].copy_from_slice(&part);
                }
                at = end;
                if at == frames + latency {
                    break;
                }
            }
            assert!(audio == expected, "the same output as without a curve");
            let out: Vec<Vec<f64>> = audio.iter().map(|x| x[latency..].to_vec()).collect();
            let what = format!("{mode:?} {link_percent} {lookahead_ms}");
            assert_curve(&loud, &out, &curve[latency..], &what);
            assert!(curve[..latency.min(64)].iter().all(|&db| db.to_bits() == 0), "+0 at rest");
            let most = f64::from(curve.iter().fold(0.0_f32, |most, &db| most.max(db)));
            assert!((most - limiter.max_gain_reduction_db()).abs() < CURVE_DB, "{most}");
            let mut short = vec![0.0; 9];
            let mut block = vec![vec![0.0; 10]; 2];
            let io = Io::new(BlockMut::new(&mut block).unwrap());
            assert!(limiter.process_with_reduction(io, &mut short).is_err());
        }
    }
}

#[test]
fn the_reduction_of_every_frame_of_a_clip_can_be_had() {
    let frames = 20_000;
    let loud: Vec<Vec<f64>> = music::<f64>(RATE_HZ, frames)
        .iter()
        .map(|channel| channel.iter().map(|x| x * 2.5).collect())
        .collect();
    for mode in [LimiterMode::TruePeak, LimiterMode::SamplePeak] {
        let setup = LimiterSetup { mode, ..LimiterSetup::default() };
        let mut limiter = clip::<f64>(setup, Layout::STEREO, frames);
        let mut out = loud.clone();
        let report = limiter.limit(BlockMut::new(&mut out).unwrap()).unwrap();
        let mut again = loud.clone();
        let mut curve = vec![9.0_f32; frames];
        let clip = BlockMut::new(&mut again).unwrap();
        assert_eq!(limiter.limit_with_reduction(clip, &mut curve).unwrap(), report);
        assert!(again == out);
        assert_curve(&loud, &out, &curve, "clip");
        let most = f64::from(curve.iter().fold(0.0_f32, |most, &db| most.max(db)));
        let stats = report.reduction.unwrap();
        assert!((most - stats.max_db).abs() < CURVE_DB, "{most} {stats:?}");
        let clip = BlockMut::new(&mut again).unwrap();
        assert!(limiter.limit_with_reduction(clip, &mut curve[1..]).is_err());
    }
}

#[test]
fn a_key_is_refused_and_other_channels_too() {
    let mut limiter = built::<f32>(LimiterSetup::default(), Layout::STEREO);
    let (mut main, key) = (vec![vec![0.5_f32; 64]; 2], vec![vec![0.5_f32; 64]; 2]);
    let io = Io::with_key(BlockMut::new(&mut main).unwrap(), Block::new(&key).unwrap());
    assert!(matches!(limiter.process(io), Err(Error::Unsupported { .. })));
    let mut mono = vec![0.5_f32; 64];
    let refused = limiter.process(Io::new(BlockMut::mono(&mut mono)));
    assert!(refused.is_err());
    assert!(main.iter().flatten().chain(&mono).all(|&x| x == 0.5), "nothing changes");
}

/// What is not a number, not finite or beyond 1e6 is silence; what is just below is a peak. The ceiling
/// holds beside both, in every form of the limiter.
#[test]
fn the_ceiling_holds_beside_faults_and_huge_samples() {
    let judge = Judge::new();
    let frames = 9600;
    let clean = music::<f32>(RATE_HZ, frames);
    let mut input: Vec<Vec<f32>> =
        clean.iter().map(|channel| channel.iter().map(|x| 3.0 * x).collect()).collect();
    for (n, x) in [(100, f32::NAN), (101, 9.9e5), (2000, f32::INFINITY), (2064, -1e6)] {
        input[0][n] = x;
        input[1][n + 1] = -x;
    }
    input[1][5000..5100].fill(1.000_1e6);
    let faults = 2 * 2 + 100;
    let ceiling = db_to_gain(CEILING_DBTP) as f32;
    for mode in [LimiterMode::TruePeak, LimiterMode::SamplePeak] {
        for release in [LimiterRelease::Fixed, LimiterRelease::TwoStage] {
            let setup = LimiterSetup { mode, release, ..LimiterSetup::default() };
            let mut limiter = built::<f32>(setup, Layout::STEREO);
            let streamed = flushed(&mut limiter, &input);
            assert_eq!(limiter.faults(), faults);
            let mut clipped = input.clone();
            let mut limiter = clip::<f32>(setup, Layout::STEREO, frames);
            let report = limiter.limit(BlockMut::new(&mut clipped).unwrap()).unwrap();
            assert_eq!(report.faults, faults);
            for out in [streamed, clipped] {
                assert!(out.iter().flatten().all(|x| x.abs() <= ceiling), "{setup:?}");
                let read = judge.dbtp(&out) - CEILING_DBTP;
                assert!(mode == LimiterMode::SamplePeak || read <= ABOVE_DB, "{read:+.4}");
            }
        }
    }
}
