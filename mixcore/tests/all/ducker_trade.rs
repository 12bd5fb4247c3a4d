//! What the trade asks of every dynamics processor, on the duckers: key filter, key listen, areas,
//! mix, the reduction as a curve and as statistics, the phrases with their reasons, clear errors.

use mixcore::audio::{Block, BlockMut};
use mixcore::dynamics::{
    BandDuckerSetup, DuckOutcome, DuckPlan, DuckedAreas, Ducker, DuckerParams, DuckerSetup,
    KeyFilter, LowMidCut, LowMidCutParams, MaskingDucker, MaskingDuckerParams,
};
use mixcore::filters::EqBand;
use mixcore::filters::design::Shape;
use mixcore::loudness::{Meter, MeterSetup, Region, SpeechRegions, SubBlocks};
use mixcore::{Io, Layout, Process, Processor, Stream};

use crate::signals::{noise, sine};

const RATE_HZ: f64 = 48_000.0;

type Audio = Vec<Vec<f32>>;

fn stream(layout: Layout) -> Stream {
    Stream::new(RATE_HZ, layout).unwrap()
}

fn ducker(setup: DuckerSetup, params: DuckerParams, layout: Layout) -> Ducker<'static, f32> {
    Ducker::new(setup, params, stream(layout)).unwrap()
}

/// The whole signal in blocks of a length; what is behind it stays inside.
fn run(unit: &mut dyn Process<f32>, main: &Audio, key: &Audio, block: usize) -> Audio {
    let mut audio = main.clone();
    let frames = key[0].len();
    for at in (0..frames).step_by(block) {
        let end = (at + block).min(frames);
        let mut all = BlockMut::new(&mut audio).unwrap();
        let key = Block::new(key).unwrap();
        unit.process(Io::with_key(all.range(at, end), key.range(at, end))).unwrap();
    }
    audio
}

/// Noise from one second to another, else silence.
fn words(seconds: usize, level: f64, spans: &[(f64, f64)]) -> Vec<f32> {
    let mut voice = noise::<f32>(1, seconds * 48_000, level, 5).remove(0);
    for (n, x) in voice.iter_mut().enumerate() {
        let t = n as f64 / RATE_HZ;
        if !spans.iter().any(|&(from, to)| (from..to).contains(&t)) {
            *x = 0.0;
        }
    }
    voice
}

fn high_pass() -> KeyFilter {
    KeyFilter::of_bands(&[EqBand::new(Shape::HighPass, 150.0, 0.0, 0.707)], RATE_HZ).unwrap()
}

#[test]
fn a_key_filter_keeps_rumble_from_counting_as_speech() {
    // A tone of 30 Hz, by the K-weighting above −50 LUFS, behind the filter far below.
    let key = vec![sine::<f32>(30.0, RATE_HZ, 3 * 48_000, 0.1)];
    let music = noise::<f32>(2, 3 * 48_000, 0.2, 6);
    let setup = DuckerSetup { lookahead_ms: 250.0, ..DuckerSetup::default() };
    let mut unit = ducker(setup, DuckerParams::default(), Layout::STEREO);
    run(&mut unit, &music, &key, 4800);
    assert!(unit.reduction_stats().unwrap().max_db > 3.0);
    unit.reset();
    unit.set_key_filter(high_pass());
    assert_eq!(unit.key_filter(), high_pass());
    let out = run(&mut unit, &music, &key, 4800);
    let latency = unit.latency_frames();
    assert!(out[0][latency..] == music[0][..music[0].len() - latency]);
    // It does not change how loud the words are: behind a filter that takes 20 dB of them they need what
    // they needed. White noise is 20 dB weaker below 240 Hz than whole.
    let key = vec![words(4, 0.1, &[(1.0, 2.0)])];
    let music = noise::<f32>(2, 4 * 48_000, 0.05, 6);
    let depth = |filter| {
        let mut unit = ducker(setup, DuckerParams::default(), Layout::STEREO);
        unit.set_key_filter(filter);
        run(&mut unit, &music, &key, 777);
        (unit.phrases().to_vec(), unit.reduction_stats().unwrap().max_db)
    };
    let low_pass = EqBand::new(Shape::LowPass, 240.0, 0.0, 0.707);
    let low_pass = KeyFilter::of_bands(&[low_pass], RATE_HZ).unwrap();
    let (with, without) = (depth(low_pass), depth(KeyFilter::NONE));
    assert!(with.0.len() == 1 && without.0.len() == 1, "{with:?} {without:?}");
    let needed = with.0[0].needed_db - without.0[0].needed_db;
    // The filter's edges and fluctuations move the ends of the phrase by some sub-blocks.
    assert!(needed.abs() < 0.3 && (with.1 - without.1).abs() < 1.0, "{with:?} {without:?}");

    // The masking-aware ducker's question is the same.
    let setup = BandDuckerSetup { lookahead_ms: 250.0, ..BandDuckerSetup::default() };
    let params = MaskingDuckerParams { target_db: 20.0, ..MaskingDuckerParams::default() };
    let mut bands = MaskingDucker::new(setup, params, stream(Layout::STEREO)).unwrap();
    let music = noise::<f32>(2, 3 * 48_000, 0.2, 6);
    let key = vec![sine::<f32>(200.0, RATE_HZ, 3 * 48_000, 0.1)];
    run(&mut bands, &music, &key, 4800);
    assert!(bands.reduction_stats().unwrap().max_db > 3.0);
    bands.reset();
    let band = EqBand::new(Shape::HighPass, 2000.0, 0.0, 0.707);
    bands.set_key_filter(KeyFilter::of_bands(&[band, band], RATE_HZ).unwrap());
    run(&mut bands, &music, &key, 4800);
    assert_eq!(bands.reduction_stats().unwrap().max_db, 0.0);
    // The cut hears its key behind the filter: what is taken away is not missed.
    let voice = noise::<f32>(2, 3 * 48_000, 0.3, 4);
    let ambience = noise::<f32>(1, 3 * 48_000, 0.003, 3);
    let mut cut =
        LowMidCut::new(setup, LowMidCutParams::default(), stream(Layout::STEREO)).unwrap();
    run(&mut cut, &voice, &ambience, 4800);
    assert!(cut.reduction_stats().unwrap().max_db > 3.0);
    cut.reset();
    cut.set_key_filter(KeyFilter::of_bands(&[band; 4], RATE_HZ).unwrap());
    run(&mut cut, &voice, &ambience, 4800);
    assert_eq!(cut.reduction_stats().unwrap().max_db, 0.0);
}

#[test]
fn key_listen_is_the_filtered_key_in_step_and_without_gain() {
    let frames = 3 * 48_000;
    let key = vec![words(3, 0.2, &[(0.5, 2.5)])];
    let music = noise::<f32>(2, frames, 0.2, 6);
    let setup = DuckerSetup { lookahead_ms: 250.0, ..DuckerSetup::default() };
    let bands = BandDuckerSetup { lookahead_ms: 250.0, ..BandDuckerSetup::default() };
    let stereo = stream(Layout::STEREO);
    let mut broad = Ducker::new(setup, DuckerParams::default(), stereo).unwrap();
    let mut masking = MaskingDucker::new(bands, MaskingDuckerParams::default(), stereo).unwrap();
    let mut cut = LowMidCut::new(bands, LowMidCutParams::default(), stereo).unwrap();
    broad.set_key_listen(true);
    masking.set_key_listen(true);
    cut.set_key_listen(true);
    for unit in [&mut broad as &mut dyn Process<f32>, &mut masking, &mut cut] {
        let latency = unit.latency_frames();
        let out = run(unit, &music, &key, 480);
        // The cross-fade has ended after 960 frames.
        for channel in &out {
            assert!(channel[latency.max(960)..] == key[0][..frames - latency.max(960)]);
        }
    }
    // Switched on at once from rest, heard at once: 20 ms, not one look-ahead later; and off again.
    broad.set_key_listen(false);
    broad.reset();
    let out = run(&mut broad, &music, &vec![vec![0.0; frames]], 480);
    let latency = broad.latency_frames();
    assert!(out[1][latency..] == music[1][..frames - latency]);
    broad.set_key_listen(true);
    let out = run(&mut broad, &music, &vec![vec![0.0; frames]], 64);
    assert!(out[0][959] != 0.0 && out[0][960..].iter().all(|x| *x == 0.0));
    broad.set_key_listen(false);
    let out = run(&mut broad, &music, &vec![vec![0.0; frames]], 64);
    assert!(out[0][..960] != music[0][frames - latency..][..960]);
    assert!(out[0][960..latency] == music[0][frames - latency + 960..]);
    // Behind the filter, channel by channel: of a stereo key in 5.1 two are heard.
    let setup = DuckerSetup { key_layout: Layout::STEREO, ..setup };
    let mut wide = ducker(setup, DuckerParams::default(), Layout::SURROUND_5_1);
    wide.set_key_filter(high_pass());
    wide.set_key_listen(true);
    let tones =
        vec![sine::<f32>(30.0, RATE_HZ, frames, 0.5), sine::<f32>(3000.0, RATE_HZ, frames, 0.5)];
    let out = run(&mut wide, &noise(6, frames, 0.2, 6), &tones, 999);
    let level = |channel: &[f32]| {
        let energy: f64 = channel[96_000..].iter().map(|x| f64::from(*x).powi(2)).sum();
        10.0 * (energy / 48_000.0 / 0.125).log10()
    };
    for (channel, hz) in [(0, 30.0), (1, 3000.0)] {
        let expected = high_pass().response_db(hz, RATE_HZ);
        assert!((level(&out[channel]) - expected).abs() < 0.01, "{hz}: {}", level(&out[channel]));
    }
    assert!(out[2..].iter().all(|channel| channel[960..].iter().all(|x| *x == 0.0)));
}

/// K-weighted energy over energy, LU, in a stretch of seconds, of 5.1.
fn over(voice: &Audio, background: &Audio, from: usize, to: usize) -> f64 {
    let energy = |audio: &Audio| {
        let mut meter = Meter::new(MeterSetup::default(), stream(Layout::SURROUND_5_1)).unwrap();
        meter.push(Block::new(audio).unwrap()).unwrap();
        meter.sub_blocks().range(from * 100, to * 100).energies().iter().sum::<f64>()
    };
    10.0 * (energy(voice) / energy(background)).log10()
}

#[test]
fn what_stays_passes_and_the_rest_makes_up_for_it() {
    let frames = 8 * 48_000;
    let speech = words(8, 0.2, &[(1.0, 5.0)]);
    let mut voice = vec![vec![0.0_f32; frames]; 6];
    voice[2] = speech.clone();
    // The surrounds alone stand 12 LU below the voice, all together 6.
    let mut background = noise::<f32>(6, frames, 0.05, 9);
    for channel in [4, 5] {
        background[channel].iter_mut().for_each(|x| *x *= 0.6);
    }
    let params = DuckerParams { max_depth_db: 30.0, ..DuckerParams::default() };
    let setup = DuckerSetup { lookahead_ms: 500.0, ..DuckerSetup::default() };
    let areas = DuckedAreas { surrounds: false, lfe: false, ..DuckedAreas::ALL };
    let mut depths = Vec::new();
    for areas in [DuckedAreas::ALL, areas] {
        let setup = DuckerSetup { areas, ..setup };
        let mut unit = ducker(setup, params, Layout::SURROUND_5_1);
        let out = run(&mut unit, &background, &vec![speech.clone()], 960);
        let latency = unit.latency_frames();
        for channel in [3, 4, 5] {
            let same = out[channel][latency..] == background[channel][..frames - latency];
            assert_eq!(same, areas != DuckedAreas::ALL, "{channel}");
        }
        let shifted: Audio = out
            .iter()
            .map(|c| c[latency..].iter().copied().chain(vec![0.0; latency]).collect())
            .collect();
        let before = over(&voice, &background, 1, 5);
        let after = over(&voice, &shifted, 1, 5);
        assert!(before < 9.0 && (9.95..10.8).contains(&after), "{before} {after}");
        depths.push(unit.reduction_stats().unwrap().max_db);
        let found = unit.phrases()[0];
        assert_eq!(found.outcome, DuckOutcome::Met);
        assert!((found.before_lu.value().unwrap() - before).abs() < 0.1, "{found:?}");
        assert!((found.after_lu.value().unwrap() - after).abs() < 0.1, "{found:?} {after}");
    }
    assert!(depths[1] > depths[0] + 2.0, "{depths:?}");
    // Where what stays is too loud alone, the rest goes as far as it may, and the reason is told.
    background[4].iter_mut().for_each(|x| *x *= 20.0);
    let mut unit = ducker(DuckerSetup { areas, ..setup }, params, Layout::SURROUND_5_1);
    run(&mut unit, &background, &vec![speech.clone()], 960);
    assert_eq!(unit.unmet().count(), 1);
    assert!((unit.reduction_stats().unwrap().max_db - 30.0).abs() < 1e-5);

    // The same for the bands: what stays has its bits, the others are brought down further.
    let setup = BandDuckerSetup { lookahead_ms: 250.0, areas, ..BandDuckerSetup::default() };
    let mut background = noise::<f32>(6, frames, 0.2, 9);
    for channel in [4, 5] {
        background[channel].iter_mut().for_each(|x| *x *= 0.3);
    }
    let mut means = Vec::new();
    for areas in [DuckedAreas::ALL, areas] {
        let setup = BandDuckerSetup { areas, ..setup };
        let stream = stream(Layout::SURROUND_5_1);
        let mut unit = MaskingDucker::new(setup, MaskingDuckerParams::default(), stream).unwrap();
        let out = run(&mut unit, &background, &vec![speech.clone()], 960);
        let latency = unit.latency_frames();
        for channel in 0..6 {
            let same = out[channel][latency..] == background[channel][..frames - latency];
            let stays = channel == 3 || (channel > 3 && areas != DuckedAreas::ALL);
            assert_eq!(same, stays, "{channel}");
        }
        let report = unit.report();
        assert!(report.audibility_after.value() > report.audibility_before.value());
        means.push(unit.reduction_stats().unwrap().mean_db);
        assert!(report.background_lu.value().unwrap() < -0.5, "{report:?}");
    }
    assert!(means[1] > means[0], "{means:?}");
}

#[test]
fn a_mix_is_a_share_of_the_gain_and_nothing_else() {
    let frames = 5 * 48_000;
    let key = vec![words(5, 0.2, &[(1.0, 3.0)])];
    let music = noise::<f32>(2, frames, 0.1, 6);
    let stereo = stream(Layout::STEREO);
    let at = |mix_percent: f64| -> Vec<(Audio, usize)> {
        let setup = DuckerSetup { lookahead_ms: 250.0, ..DuckerSetup::default() };
        let bands = BandDuckerSetup { lookahead_ms: 250.0, ..BandDuckerSetup::default() };
        let params = DuckerParams { mix_percent, ..DuckerParams::default() };
        let mut broad = Ducker::new(setup, params, stereo).unwrap();
        let params = MaskingDuckerParams { mix_percent, ..MaskingDuckerParams::default() };
        let mut masking = MaskingDucker::new(bands, params, stereo).unwrap();
        let units: [&mut dyn Process<f32>; 2] = [&mut broad, &mut masking];
        units
            .into_iter()
            .map(|unit| (run(unit, &music, &key, 999), unit.latency_frames()))
            .collect()
    };
    for ((full, latency), ((half, _), (dry, _))) in
        at(100.0).into_iter().zip(at(50.0).into_iter().zip(at(0.0)))
    {
        assert!(dry[0][latency..] == music[0][..frames - latency]);
        assert!(full[0] != half[0] && half[0] != dry[0]);
        for n in latency..frames {
            let expected = 0.5 * (full[0][n] + dry[0][n]);
            // Two roundings of f32 at most.
            assert!((half[0][n] - expected).abs() < 2e-8, "{n}");
        }
    }
    // It is a field, moves over 20 ms without a step, and what it costs is told.
    let setup = DuckerSetup { lookahead_ms: 250.0, ..DuckerSetup::default() };
    let mut unit = ducker(setup, DuckerParams::default(), Layout::STEREO);
    unit.set_field("mix_percent", 40.0).unwrap();
    assert_eq!(unit.field("mix_percent"), Some(40.0));
    run(&mut unit, &music, &key, 999);
    assert_eq!(unit.phrases()[0].outcome, DuckOutcome::DryMix);
    assert!(unit.static_curve_db(4.0) > 4.0 && unit.static_curve_db(4.0) < 10.0);
    let (mut key, music) = ([0.0; 400], [1.0; 400]);
    key[100..300].fill(1.0);
    let (key, music) =
        (SubBlocks::new(&key, RATE_HZ).unwrap(), SubBlocks::new(&music, RATE_HZ).unwrap());
    let mut list = [Region { start_frame: 48_000, end_frame: 144_000 }];
    let speech = SpeechRegions::new_in(&mut list, RATE_HZ).unwrap();
    let params = DuckerParams { mix_percent: 50.0, ..DuckerParams::default() };
    let plan = DuckPlan::new(key, music, &speech, params).unwrap();
    // 10 dB of which half acts: 20 log10(0.5·(1 + 0.3162)).
    assert!((plan.reduction_db(200) - 3.633).abs() < 1e-3, "{}", plan.reduction_db(200));
    assert_eq!(plan.buried().next().unwrap().outcome, DuckOutcome::DryMix);
    let after = plan.phrases()[0].after_lu.value().unwrap();
    assert!((after - params.static_curve_lu(0.0)).abs() < 1e-9);
}

#[test]
fn the_reduction_as_a_curve_is_what_happened_and_the_statistics_are_its() {
    let frames = 4 * 48_000;
    let key = [words(4, 0.2, &[(1.0, 2.0)])];
    let music = noise::<f32>(2, frames, 0.2, 6);
    let setup = DuckerSetup { lookahead_ms: 250.0, ..DuckerSetup::default() };
    let trace = |block: usize| {
        let mut unit = ducker(setup, DuckerParams::default(), Layout::STEREO);
        let (mut audio, mut curve) = (music.clone(), vec![9.0_f32; frames]);
        for at in (0..frames).step_by(block) {
            let end = (at + block).min(frames);
            let mut all = BlockMut::new(&mut audio).unwrap();
            let io = Io::with_key(all.range(at, end), Block::mono(&key[0][at..end]));
            unit.process_with_reduction(io, &mut curve[at..end]).unwrap();
        }
        (audio, curve, unit.reduction_stats().unwrap(), unit.latency_frames())
    };
    let (audio, curve, stats, latency) = trace(frames);
    for block in [1, 77, 4800] {
        let other = trace(block);
        assert!(other.0 == audio && other.1 == curve && other.2 == stats, "{block}");
    }
    for n in latency..frames {
        let (x, y) = (f64::from(music[0][n - latency]), f64::from(audio[0][n]));
        if x.abs() > 0.01 {
            let db = -20.0 * (y / x).log10();
            assert!((db - f64::from(curve[n])).abs() < 1e-4, "{n}: {db} {}", curve[n]);
        }
    }
    let most = curve.iter().fold(0.0_f32, |most, x| most.max(*x));
    assert_eq!(stats.max_db, f64::from(most));
    let looks: Vec<f64> = curve.iter().step_by(32).map(|x| f64::from(*x)).collect();
    assert!((stats.mean_db - looks.iter().sum::<f64>() / looks.len() as f64).abs() < 1e-9);
    assert!(stats.active_percent > 20.0 && stats.median_db < stats.p95_db);

    let setup = BandDuckerSetup { lookahead_ms: 250.0, ..BandDuckerSetup::default() };
    let trace = |block: usize| {
        let stereo = stream(Layout::STEREO);
        let mut unit = MaskingDucker::new(setup, MaskingDuckerParams::default(), stereo).unwrap();
        let (mut audio, mut curve) = (music.clone(), vec![9.0_f32; frames]);
        for at in (0..frames).step_by(block) {
            let end = (at + block).min(frames);
            let mut all = BlockMut::new(&mut audio).unwrap();
            let io = Io::with_key(all.range(at, end), Block::mono(&key[0][at..end]));
            unit.process_with_reduction(io, &mut curve[at..end]).unwrap();
        }
        // The last frame of 10 ms may have ended with the block.
        assert!((f64::from(*curve.last().unwrap()) - unit.gain_reduction_db()).abs() < 0.1);
        let main = BlockMut::new(&mut audio).unwrap();
        let error = unit.process_with_reduction(Io::new(main), &mut curve[1..]).unwrap_err();
        assert!(error.to_string().contains("reduction_db"), "{error}");
        (curve, unit.reduction_stats().unwrap())
    };
    let whole = trace(frames);
    assert!(trace(77) == whole && trace(480) == whole && whole.1.max_db > 3.0);
}

#[test]
fn the_list_keeps_what_is_unmet_and_the_counts_keep_all() {
    // Five phrases of 0.5 s, 2.5 s apart; the second is 20 dB too quiet for the default depth.
    let spans: Vec<(f64, f64)> =
        (0..5).map(|n| (1.0 + 2.5 * f64::from(n), 1.5 + 2.5 * f64::from(n))).collect();
    let mut voice = words(15, 0.2, &spans);
    voice[3 * 48_000..5 * 48_000].iter_mut().for_each(|x| *x *= 0.25);
    let mut music = noise::<f32>(2, 15 * 48_000, 0.1, 6);
    // Under the last one nothing plays.
    music.iter_mut().for_each(|channel| channel[10 * 48_000..].fill(0.0));
    let setup = DuckerSetup { lookahead_ms: 500.0, phrases: 2, ..DuckerSetup::default() };
    let mut unit = ducker(setup, DuckerParams::default(), Layout::STEREO);
    run(&mut unit, &music, &vec![voice.clone()], 4800);
    let report = unit.report();
    assert_eq!((report.phrases, report.met, report.depth_cap, report.silent), (5, 3, 1, 1));
    assert_eq!((report.unlisted, report.none_needed, report.late, report.dry_mix), (3, 0, 0, 0));
    // Half a second is known, and one more is reckoned with at 0.4 of the power: 10 log10(1.5 / 0.9).
    let excess = report.mean_excess_lu.value().unwrap();
    assert!((0.0..2.4).contains(&excess), "{excess}");
    let outcomes: Vec<DuckOutcome> = unit.phrases().iter().map(|found| found.outcome).collect();
    assert_eq!(outcomes, [DuckOutcome::DepthCap, DuckOutcome::Silent]);
    let unmet = unit.unmet().next().unwrap();
    let start_s = unmet.phrase.start_frame as f64 / RATE_HZ;
    assert!((start_s - 3.5).abs() < 0.03 && unmet.needed_db > 12.0, "{unmet:?}");
    assert!(unmet.depth_db > 11.9 && unmet.after_lu.value().unwrap() < 10.0);
    assert!(unit.current_phrase().is_none());
    // Without a list the counts are the same.
    let mut none =
        ducker(DuckerSetup { phrases: 0, ..setup }, DuckerParams::default(), Layout::STEREO);
    run(&mut none, &music, &vec![voice.clone()], 777);
    assert!(none.phrases().is_empty() && none.report().unlisted == 5);
    unit.reset();
    assert_eq!(unit.report().phrases, 0);
    assert!(unit.phrases().is_empty());
    // A clip that ends in a phrase: what has left of it.
    let mut short = ducker(setup, DuckerParams::default(), Layout::STEREO);
    let cut = |audio: &[f32]| audio[..72_000].to_vec();
    let music: Audio = music.iter().map(|channel| cut(channel)).collect();
    run(&mut short, &music, &vec![cut(&voice)], 4800);
    run(&mut short, &vec![vec![0.0; 24_000]; 2], &vec![vec![0.0; 24_000]], 4800);
    let current = short.current_phrase().unwrap();
    assert_eq!((current.outcome, short.report().phrases), (DuckOutcome::Met, 0));
}

#[test]
fn a_need_that_comes_too_late_is_told_as_such() {
    // A line over quiet music, and a hit in its last word that needs all of 12 dB; 0.25 s ahead and
    // 4 dB/s down.
    let key = vec![words(5, 0.2, &[(1.0, 3.0)])];
    let mut music = noise::<f32>(2, 5 * 48_000, 0.04, 6);
    music.iter_mut().for_each(|c| c[134_400..144_000].iter_mut().for_each(|x| *x *= 10.0));
    let setup = DuckerSetup { lookahead_ms: 250.0, ..DuckerSetup::default() };
    let params = DuckerParams { attack_db_per_s: 4.0, ..DuckerParams::default() };
    let mut unit = ducker(setup, params, Layout::STEREO);
    run(&mut unit, &music, &key, 4800);
    let found = unit.phrases()[0];
    assert_eq!(found.outcome, DuckOutcome::Late, "{found:?}");
    assert!(found.needed_db < 12.0 && found.after_lu.value().unwrap() < 9.9, "{found:?}");
    assert_eq!(unit.report().late, 1);
    // A longer look-ahead has it.
    let setup = DuckerSetup { lookahead_ms: 5000.0, ..setup };
    let mut unit = ducker(setup, DuckerParams::default(), Layout::STEREO);
    let longer = |mut audio: Audio| {
        audio.iter_mut().for_each(|c| c.resize(c.len() + 5 * 48_000, 0.0));
        audio
    };
    run(&mut unit, &longer(music), &longer(key), 4800);
    assert_eq!(unit.phrases()[0].outcome, DuckOutcome::Met);
}

#[test]
fn what_does_not_fit_is_told() {
    let stereo = stream(Layout::STEREO);
    let (setup, params) = (DuckerSetup::default(), DuckerParams::default());
    let told = |error: mixcore::Error, parts: &[&str]| {
        let text = error.to_string();
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    };
    for (wrong, parts) in [
        (DuckerParams { attack_db_per_s: -1.0, ..params }, ["attack_db_per_s", "-1", "400"]),
        (DuckerParams { release_db_per_s: 0.0, ..params }, ["release_db_per_s", "0", "400"]),
        (DuckerParams { hold_ms: -5.0, ..params }, ["hold_ms", "-5", "10000"]),
        (DuckerParams { max_depth_db: 41.0, ..params }, ["max_depth_db", "41", "40"]),
        (DuckerParams { mix_percent: 101.0, ..params }, ["mix_percent", "101", "100"]),
        (DuckerParams { target_lu: f64::NAN, ..params }, ["target_lu", "NaN", "40"]),
    ] {
        told(Ducker::<f32>::new(setup, wrong, stereo).unwrap_err(), &parts);
        let mut unit = Ducker::<f32>::new(setup, params, stereo).unwrap();
        told(unit.set_params(wrong).unwrap_err(), &parts);
        assert_eq!(unit.params(), params);
    }
    for (wrong, parts) in [
        (DuckerSetup { lookahead_ms: 5001.0, ..setup }, ["lookahead_ms", "5001", "5000"]),
        (DuckerSetup { lookahead_ms: -1.0, ..setup }, ["lookahead_ms", "-1", "250"]),
        (DuckerSetup { key_offset_db: 40.5, ..setup }, ["key_offset_db", "40.5", "40"]),
        (DuckerSetup { phrases: 65_537, ..setup }, ["phrases", "65537", "65536"]),
    ] {
        told(Ducker::<f32>::new(wrong, params, stereo).unwrap_err(), &parts);
        told(Ducker::<f32>::required_len(wrong, stereo).unwrap_err(), &parts);
    }
    let bands = BandDuckerSetup::default();
    let masking = MaskingDuckerParams::default();
    for (wrong, parts) in [
        (MaskingDuckerParams { attack_db_per_s: -1.0, ..masking }, ["attack_db_per_s", "-1"]),
        (MaskingDuckerParams { hold_ms: -1.0, ..masking }, ["hold_ms", "-1"]),
        (MaskingDuckerParams { max_depth_db: 40.1, ..masking }, ["max_depth_db", "40.1"]),
        (MaskingDuckerParams { mix_percent: -1.0, ..masking }, ["mix_percent", "-1"]),
    ] {
        told(MaskingDucker::<f32>::new(bands, wrong, stereo).unwrap_err(), &parts);
    }
    let low = LowMidCutParams::default();
    for (wrong, parts) in [
        (LowMidCutParams { max_depth_db: 4.1, ..low }, ["max_depth_db", "4.1"]),
        (LowMidCutParams { slew_db_per_s: 19.0, ..low }, ["slew_db_per_s", "19"]),
    ] {
        told(LowMidCut::<f32>::new(bands, wrong, stereo).unwrap_err(), &parts);
    }
    let wrong = BandDuckerSetup { lookahead_ms: 2001.0, ..bands };
    told(MaskingDucker::<f32>::new(wrong, masking, stereo).unwrap_err(), &["lookahead_ms", "2000"]);
    told(LowMidCut::<f32>::new(wrong, low, stereo).unwrap_err(), &["lookahead_ms", "2000"]);
    // Keys of another length or channel count; a block of another channel count.
    let mut broad = Ducker::<f32>::new(setup, params, stereo).unwrap();
    let mut masking = MaskingDucker::<f32>::new(bands, masking, stereo).unwrap();
    let mut cut = LowMidCut::<f32>::new(bands, low, stereo).unwrap();
    for unit in [&mut broad as &mut dyn Process<f32>, &mut masking, &mut cut] {
        let (mut audio, key) = (vec![vec![0.5_f32; 100]; 2], vec![vec![0.5_f32; 100]; 2]);
        let main = BlockMut::new(&mut audio).unwrap();
        let io = Io::with_key(main, Block::mono(&key[0][..99]));
        told(unit.process(io).unwrap_err(), &["key", "99", "100"]);
        let main = BlockMut::new(&mut audio).unwrap();
        let io = Io::with_key(main, Block::new(&key).unwrap());
        told(unit.process(io).unwrap_err(), &["key", "2", "1"]);
        let main = BlockMut::new(&mut audio[..1]).unwrap();
        told(unit.process(Io::new(main)).unwrap_err(), &["1", "2"]);
        assert!(audio.iter().flatten().all(|x| *x == 0.5));
    }
}
