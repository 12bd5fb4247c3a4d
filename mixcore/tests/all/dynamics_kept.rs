//! What is left of a performance's dynamics: nothing changes under a gain and a delay, and everything
//! falls with the ratio of a compressor.

use mixcore::analysis::{
    Compared, DynamicsKept, DynamicsReadings, DynamicsSetup, MODULATION_OCTAVES_HZ,
};
use mixcore::dynamics::{Compressor, CompressorParams, CompressorSetup};
use mixcore::filters::Cascade;
use mixcore::filters::design::{Method, Shape, second_order};
use mixcore::loudness::{Region, SpeechRegions};
use mixcore::{Block, BlockMut, Io, Layout, Process, Processor, Reading, Stream};
use proptest::prelude::*;

use crate::dialogue_tools::{level_db, reader};
use crate::signals::{Noise, noise};

const RATE_HZ: f64 = 48_000.0;
/// Rounding of f32 samples to 24 bits is 5e-7 dB; percentiles and ratios of many of them stay below
/// this, and it is far below the 0.01 dB that any reading is shown with.
const F32_TOLERANCE: f64 = 1e-5;

type Planar = Vec<Vec<f32>>;

/// 24 s in stereo: noise whose level goes in words (4 Hz), sentences (0.4 Hz) and scenes, 30 dB in all.
fn performance() -> Planar {
    let mut audio = noise::<f32>(2, 24 * 48_000, 1.0, 5);
    for channel in &mut audio {
        for (n, sample) in channel.iter_mut().enumerate() {
            let t = n as f64 / RATE_HZ;
            let turn = |hz: f64| (std::f64::consts::TAU * hz * t).sin();
            let db = -27.0 + 6.0 * turn(4.1) + 4.0 * turn(0.41) + if t < 12.0 { -5.0 } else { 5.0 };
            *sample *= 10_f64.powf(db / 20.0) as f32;
        }
    }
    audio
}

/// A compressor without attack and release: its level is the highest sample within 5 ms on either
/// side, its gain the mean over as much.
fn compress(audio: &Planar, threshold_dbfs: f64, ratio: f64) -> Planar {
    const REACH: usize = 240;
    let frames = audio[0].len();
    let loudest: Vec<f64> = (0..frames)
        .map(|n| audio.iter().map(|channel| f64::from(channel[n].abs())).fold(0.0, f64::max))
        .collect();
    let blocks: Vec<f64> =
        loudest.chunks(REACH).map(|b| b.iter().copied().fold(0.0, f64::max)).collect();
    let gain_db: Vec<f64> = (0..blocks.len())
        .map(|b| {
            let level = blocks[b.saturating_sub(1)..(b + 2).min(blocks.len())].iter().copied();
            let over = 20.0 * level.fold(1e-9, f64::max).log10() - threshold_dbfs;
            (1.0 / ratio - 1.0) * over.max(0.0)
        })
        .collect();
    let at = |n: usize| {
        let place = n as f64 / REACH as f64;
        let (low, share) = (place as usize, place.fract());
        let next = gain_db[(low + 1).min(gain_db.len() - 1)];
        10_f64.powf((gain_db[low] * (1.0 - share) + next * share) / 20.0) as f32
    };
    audio
        .iter()
        .map(|channel| channel.iter().enumerate().map(|(n, x)| x * at(n)).collect())
        .collect()
}

fn kept(latency_frames: usize) -> DynamicsKept<'static, f32> {
    let setup = DynamicsSetup { latency_frames, max_duration_s: 60.0 };
    DynamicsKept::new(setup, Stream::new(RATE_HZ, Layout::STEREO).unwrap()).unwrap()
}

fn read(before: &Planar, after: &Planar, latency_frames: usize) -> DynamicsReadings {
    let mut kept = kept(latency_frames);
    kept.push(Block::new(before).unwrap(), Block::new(after).unwrap()).unwrap();
    kept.measurement(None)
}

fn value(reading: Reading) -> f64 {
    reading.value().unwrap()
}

/// Every number of the readings that is a comparison.
fn changes(readings: &DynamicsReadings) -> Vec<f64> {
    let compared = [readings.range_lu, readings.plr_db, readings.psr_low_db];
    let mut all: Vec<f64> =
        compared.iter().chain(&readings.modulation).map(|pair| value(pair.change())).collect();
    let contour = readings.contour;
    all.extend(
        [
            contour.mean_reduction_db,
            contour.p95_reduction_db,
            contour.max_reduction_db,
            contour.over_3_db_percent,
            contour.over_6_db_percent,
            contour.p95_slew_db_per_s,
            contour.slope.map(|slope| slope - 1.0),
            contour.correlation.map(|correlation| correlation - 1.0),
        ]
        .map(value),
    );
    all
}

#[test]
fn a_gain_and_a_latency_change_nothing() {
    let before = performance();
    for (gain, latency) in [(1.0_f32, 0_usize), (0.3, 0), (1.0, 718), (0.0317, 1), (8.0, 95_999)] {
        // Delayed, and as long as both together: the side before ends in silence.
        let mut longer = before.clone();
        let mut after = before.clone();
        for (channel, longer) in after.iter_mut().zip(&mut longer) {
            longer.extend(vec![0.0; latency]);
            *channel =
                vec![0.0; latency].into_iter().chain(channel.iter().map(|x| x * gain)).collect();
        }
        let found = read(&longer, &after, latency);
        assert!((found.duration_s - 24.0).abs() < 1e-9, "{}", found.duration_s);
        let gain_db = 20.0 * f64::from(gain).log10();
        assert!((value(found.gain_lu) - gain_db).abs() < F32_TOLERANCE);
        for (index, change) in changes(&found).into_iter().enumerate() {
            // Slew is a tenth of a second's difference: ten times the rounding of a level.
            assert!(change.abs() < 10.0 * F32_TOLERANCE, "{index}: {change} ({gain}, {latency})");
        }
        // The side before reads the same whatever comes after.
        let alone = read(&before, &before, 0);
        for (one, other) in [
            (found.range_lu.before, alone.range_lu.before),
            (found.plr_db.before, alone.plr_db.before),
            (found.modulation[3].before, alone.modulation[3].before),
        ] {
            assert_eq!(one, other);
        }
    }
    // 5 dB up and down, gated: about 10 LU; words of ±6 dB in white noise.
    let alone = read(&before, &before, 0);
    assert!((8.0..13.0).contains(&value(alone.range_lu.before)), "{:?}", alone.range_lu);
    assert!(value(alone.modulation[4].before) > 0.7);
}

/// On real programmes: a gain, a latency, both, and the polarity.
#[test]
fn real_programmes_read_the_same_under_gain_latency_and_polarity() {
    for (what, before) in programmes() {
        // 12 s are enough for every reading.
        let before: Planar = before.into_iter().map(|c| c[..12 * 48_000].to_vec()).collect();
        for (gain, latency) in [(-1.0_f32, 0_usize), (0.37, 0), (1.0, 1234), (-2.5, 70_001)] {
            let mut longer = before.clone();
            let mut after = before.clone();
            for (channel, longer) in after.iter_mut().zip(&mut longer) {
                longer.extend(vec![0.0; latency]);
                let moved = channel.iter().map(|x| x * gain);
                *channel = vec![0.0; latency].into_iter().chain(moved).collect();
            }
            let found = read(&longer, &after, latency);
            for (index, change) in changes(&found).into_iter().enumerate() {
                assert!(
                    change.abs() < 10.0 * F32_TOLERANCE,
                    "{what} {index}: {change} ({gain}, {latency})"
                );
            }
            if latency == 0 && gain == -1.0 {
                // Nothing is rounded: nothing at all.
                assert!(changes(&found).iter().all(|change| *change == 0.0), "{what}");
            }
        }
    }
}

/// The gate of the loudness range is absolute; a programme at −62 LUFS, 20 dB lower, would lose it.
#[test]
fn a_gain_that_takes_the_programme_below_the_gate_changes_nothing() {
    let before: Planar =
        performance().into_iter().map(|c| c.into_iter().map(|x| x * 0.03).collect()).collect();
    let after: Planar =
        before.iter().map(|channel| channel.iter().map(|x| x * 0.1).collect()).collect();
    for change in changes(&read(&before, &after, 0)) {
        assert!(change.abs() < 10.0 * F32_TOLERANCE, "{change}");
    }
}

#[test]
fn everything_falls_with_the_ratio() {
    let before = performance();
    let all: Vec<DynamicsReadings> = [1.0, 1.5, 2.0, 3.0, 4.0, 8.0, 20.0]
        .map(|ratio| read(&before, &compress(&before, -32.0, ratio), 0))
        .to_vec();
    let falls = |what: &str, of: &dyn Fn(&DynamicsReadings) -> f64, least: f64| {
        let values: Vec<f64> = all.iter().map(of).collect();
        println!("{what}: {values:.3?}");
        assert!(values.windows(2).all(|pair| pair[1] < pair[0]), "{what}: {values:?}");
        assert!(values[0] - values[values.len() - 1] > least, "{what}: {values:?}");
    };
    falls("range", &|r| value(r.range_lu.after), 5.0);
    falls("peak to loudness", &|r| value(r.plr_db.after), 3.0);
    falls("peak to short-term", &|r| value(r.psr_low_db.after), 1.0);
    falls("slope", &|r| value(r.contour.slope), 0.6);
    falls("minus reduction", &|r| -value(r.contour.mean_reduction_db), 5.0);
    falls("minus largest reduction", &|r| -value(r.contour.max_reduction_db), 10.0);
    falls("minus slew", &|r| -value(r.contour.p95_slew_db_per_s), 20.0);
    for octave in 1..7 {
        falls("modulation", &|r| value(r.modulation[octave].kept_percent()), 20.0);
    }
    // A ratio of 1 is none.
    assert_eq!(changes(&all[0]).iter().filter(|change| **change != 0.0).count(), 0);
    // At 2:1 nearly all of it lies above the threshold: half of a level is left.
    assert!((0.5..0.62).contains(&value(all[2].contour.slope)), "{:?}", all[2].contour);
    assert!(value(all[2].contour.correlation) > 0.95);
}

/// The crate's own compressor with its latency, set so that its gain stands when a peak comes: look-ahead and
/// hold of 5 ms, the shortest attack. (With an attack of its own it lets the onsets pass and lowers what
/// follows: peaks over loudness then rise from some ratio on, and a reading that fell would be wrong.)
fn with_our_compressor(audio: &Planar, threshold_dbfs: f64, ratio: f64) -> (Planar, usize) {
    let setup = CompressorSetup { lookahead_ms: 5.0, ..CompressorSetup::default() };
    let params = CompressorParams {
        threshold_dbfs,
        ratio,
        attack_ms: 0.02,
        hold_ms: 5.0,
        release_ms: 80.0,
        ..CompressorParams::default()
    };
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let mut compressor = Compressor::new(setup, params, stream).unwrap();
    let mut after = audio.clone();
    compressor.process(Io::new(BlockMut::new(&mut after).unwrap())).unwrap();
    (after, compressor.latency_frames())
}

/// A reading's name, and how it is taken.
type Named<'a> = (&'a str, &'a dyn Fn(&DynamicsReadings) -> f64);

/// All readings over the ratios fall; prints them.
fn fall(what: &str, all: &[DynamicsReadings], readings: &[Named<'_>]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, of) in readings {
        let values: Vec<f64> = all.iter().map(of).collect();
        println!("{what}, {name}: {values:.4?}");
        if !values.windows(2).all(|pair| pair[1] < pair[0]) {
            wrong.push(format!("{what}, {name}: {values:?}"));
        }
    }
    wrong
}

/// Real speech, of the cue and of another reader, and real music, through the crate's own compressor.
///
/// Up to 8:1: what is stronger is called a limiter. An octave that does not lead the level is modulated by the
/// gain, so the depth is read where the programme is: 250 and 500 Hz. (Each octave under a compressor of
/// its own: the test below.)
#[test]
fn real_programmes_lose_with_every_step_of_our_compressors_ratio() {
    const RATIOS: [f64; 6] = [1.0, 1.5, 2.0, 3.0, 4.0, 8.0];
    let mut wrong = Vec::new();
    for (what, before) in programmes() {
        let threshold_dbfs = level_db(&before[0]) - 15.0;
        let all = RATIOS.map(|ratio| {
            let (after, latency) = with_our_compressor(&before, threshold_dbfs, ratio);
            read(&before, &after, latency)
        });
        wrong.extend(fall(
            what,
            &all,
            &[
                ("range", &|r| value(r.range_lu.after)),
                ("peak to loudness", &|r| value(r.plr_db.after)),
                ("peak to short-term", &|r| value(r.psr_low_db.after)),
                ("slope", &|r| value(r.contour.slope)),
                ("correlation", &|r| value(r.contour.correlation)),
                ("minus mean reduction", &|r| -value(r.contour.mean_reduction_db)),
                ("minus high reduction", &|r| -value(r.contour.p95_reduction_db)),
                ("minus largest reduction", &|r| -value(r.contour.max_reduction_db)),
                ("minus slew", &|r| -value(r.contour.p95_slew_db_per_s)),
                ("modulation at 250 Hz", &|r| value(r.modulation[1].after)),
                ("modulation at 500 Hz", &|r| value(r.modulation[2].after)),
                ("level", &|r| value(r.gain_lu)),
            ],
        ));
        // Shares of the time end at none and at all of it.
        let shares: [Named<'_>; 2] = [
            ("over 3 dB", &|r| value(r.contour.over_3_db_percent)),
            ("over 6 dB", &|r| value(r.contour.over_6_db_percent)),
        ];
        for (name, of) in shares {
            let values: Vec<f64> = all.iter().map(of).collect();
            println!("{what}, {name}: {values:.2?}");
            assert!(values.windows(2).all(|pair| pair[1] >= pair[0]), "{what} {name}: {values:?}");
            assert!(values[5] > values[0], "{what} {name}: {values:?}");
        }
        // A ratio of 1 is none.
        assert_eq!(changes(&all[0]).iter().filter(|change| **change != 0.0).count(), 0);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// An attack of 10 ms without look-ahead, as it is set on a voice: range, slope and correlation fall with the
/// ratio all the same, but the onsets pass, so peaks over loudness rise and an octave may be modulated more
/// deeply, as the module doc says.
#[test]
fn without_look_ahead_the_onsets_stand_out() {
    let mut wrong = Vec::new();
    for (what, before) in programmes().into_iter().take(2) {
        let threshold_dbfs = level_db(&before[0]) - 15.0;
        let all = [1.0, 2.0, 4.0, 8.0].map(|ratio| {
            let params = CompressorParams { threshold_dbfs, ratio, ..CompressorParams::default() };
            let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
            let setup = CompressorSetup::default();
            let mut compressor = Compressor::new(setup, params, stream).unwrap();
            let mut after = before.clone();
            compressor.process(Io::new(BlockMut::new(&mut after).unwrap())).unwrap();
            read(&before, &after, compressor.latency_frames())
        });
        wrong.extend(fall(
            what,
            &all,
            &[
                ("range", &|r| value(r.range_lu.after)),
                ("slope", &|r| value(r.contour.slope)),
                ("correlation", &|r| value(r.contour.correlation)),
            ],
        ));
        let peaks = all.map(|r| value(r.plr_db.after));
        let depths = all.map(|r| value(r.modulation[1].after));
        println!("{what}, peak to loudness: {peaks:.3?}, modulation at 250 Hz: {depths:.3?}");
        assert!(peaks[3] > peaks[0], "{what}: {peaks:?}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Every octave of real speech under a compressor of its own: its depth of modulation falls.
#[test]
fn every_octave_loses_modulation_with_the_ratio_of_its_own_compressor() {
    let [(_, cue), (_, reader), _] = programmes();
    let mut wrong = Vec::new();
    // 8 kHz is where the recordings end.
    let octaves = MODULATION_OCTAVES_HZ.into_iter().take(6).enumerate();
    // The other reader with the long set.
    let long = std::env::var_os("MIXCORE_LONG").is_some();
    let voices = if long { &[&cue, &reader][..] } else { &[&cue] };
    for ((octave, hz), voice) in octaves.flat_map(|o| voices.iter().map(move |voice| (o, *voice))) {
        let mut before = voice.clone();
        let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
        let section =
            second_order(Method::Cookbook, Shape::BandPass, hz, 1.414, 0.0, RATE_HZ).unwrap();
        let mut band = Cascade::new(&[section; 2], stream).unwrap();
        band.process(Io::new(BlockMut::new(&mut before).unwrap())).unwrap();
        let threshold_dbfs = level_db(&before[0]) - 15.0;
        let all = [1.0, 2.0, 4.0, 8.0].map(|ratio| {
            let (after, latency) = with_our_compressor(&before, threshold_dbfs, ratio);
            read(&before, &after, latency)
        });
        let depth = |r: &DynamicsReadings| value(r.modulation[octave].kept_percent());
        wrong.extend(fall(&format!("{hz} Hz"), &all, &[("modulation", &depth)]));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// In stereo: the cue's dialogue and another reader on both sides, and the cue's music.
fn programmes() -> [(&'static str, Planar); 3] {
    let voice = crate::cue::decode("dx.flac").remove(0);
    let reader = reader();
    [
        ("speech", vec![voice.clone(), voice]),
        ("reader", vec![reader.clone(), reader]),
        ("music", crate::cue::decode("mx.flac")),
    ]
}

/// A limiter of the loud scene alone shows in the gain's statistics, and inside the phrases given.
#[test]
fn the_contour_is_that_inside_the_phrases() {
    let before = performance();
    let mut after = before.clone();
    for channel in &mut after {
        // 6.02 dB from 6 s on, for 4 s.
        channel[6 * 48_000..10 * 48_000].iter_mut().for_each(|x| *x *= 0.5);
    }
    let mut kept = kept(0);
    kept.push(Block::new(&before).unwrap(), Block::new(&after).unwrap()).unwrap();
    let whole = kept.measurement(None).contour;
    assert_eq!(whole.steps, 240);
    assert!((value(whole.max_reduction_db) - 6.0206).abs() < 0.01);
    // 40 of 240 steps; the filter's memory blurs none of them by 3 dB.
    assert!((value(whole.over_3_db_percent) - 100.0 / 6.0).abs() < 1e-9, "{whole:?}");
    assert!((value(whole.mean_reduction_db) - 6.0206 / 6.0).abs() < 0.01);
    let mut list = [
        Region { start_frame: 0, end_frame: 3 * 48_000 },
        Region { start_frame: 7 * 48_000, end_frame: 10 * 48_000 },
    ];
    let speech = SpeechRegions::new_in(&mut list, RATE_HZ).unwrap();
    let inside = kept.measurement(Some(&speech)).contour;
    assert_eq!(inside.steps, 60);
    assert!((value(inside.over_3_db_percent) - 50.0).abs() < 1e-9, "{inside:?}");
    // Everything else is that of the programme.
    assert_eq!(kept.measurement(Some(&speech)).range_lu, kept.measurement(None).range_lu);
}

#[test]
fn every_split_and_lent_memory_give_the_same_bits() {
    let before: Planar = performance().into_iter().map(|c| c[..300_000].to_vec()).collect();
    let after = compress(&before, -30.0, 3.0);
    let setup = DynamicsSetup { latency_frames: 97, max_duration_s: 10.0 };
    let stream = Stream::new(44_100.0, Layout::STEREO).unwrap();
    let need = DynamicsKept::<f32>::required_len(&setup, &stream);
    let (mut samples, mut numbers) = (vec![1.0; need.samples], vec![1.0; need.numbers]);
    let mut lent = DynamicsKept::new_in(setup, stream, &mut samples, &mut numbers).unwrap();
    let (before, after) = (Block::new(&before).unwrap(), Block::new(&after).unwrap());
    lent.push(before, after).unwrap();
    let expected = lent.measurement(None);
    assert!(value(expected.contour.slope) < 0.9);
    let mut pick = Noise::new(3);
    let mut owned = DynamicsKept::new(setup, stream).unwrap();
    for _ in 0..2 {
        let mut at = 0;
        while at < before.frames() {
            let end = (at + pick.below(2000)).min(before.frames());
            owned.push(before.range(at, end), after.range(at, end)).unwrap();
            at = end;
        }
        assert_eq!(owned.measurement(None), expected);
        owned.reset();
    }
    assert!(DynamicsKept::new_in(setup, stream, &mut [0.0_f32; 10], &mut [0.0; 10]).is_err());
}

#[test]
fn errors_and_no_reading() {
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    for (latency_frames, max_duration_s) in [(96_001, 10.0), (0, 0.3), (0, f64::NAN)] {
        let setup = DynamicsSetup { latency_frames, max_duration_s };
        assert!(DynamicsKept::<f32>::new(setup, stream).is_err(), "{setup:?}");
    }
    let mut kept = kept(0);
    let audio = noise::<f32>(2, 48_000, 0.1, 1);
    let block = Block::new(&audio).unwrap();
    assert!(kept.push(block, block.range(0, 100)).is_err());
    assert!(kept.push(Block::mono(&audio[0]), Block::mono(&audio[0])).is_err());
    let none = kept.measurement(None);
    assert!(matches!(none.range_lu.before, Reading::TooShort { .. }));
    assert_eq!(none.duration_s, 0.0);
    // 1 s is too short for most of it.
    kept.push(block, block).unwrap();
    let short = kept.measurement(None);
    assert!(matches!(short.contour.slope, Reading::TooShort { .. }));
    assert!(matches!(short.modulation[0].after, Reading::TooShort { .. }));
    assert_eq!(short.plr_db.change(), Reading::Value(0.0));
    // Silence after: no reading, and none that is not a number.
    let silence = vec![vec![0.0_f32; 48_000 * 4]; 2];
    let audio = noise::<f32>(2, 48_000 * 4, 0.1, 1);
    let gone = read(&audio, &silence, 0);
    assert_eq!((gone.gain_lu, gone.contour.slope), (Reading::BelowGate, Reading::BelowGate));
    assert_eq!(gone.modulation[2].after, Reading::BelowGate);
    let nothing = read(&silence, &silence, 0);
    assert_eq!(nothing.range_lu.before, Reading::BelowGate);
    let full = DynamicsSetup { max_duration_s: 0.5, ..DynamicsSetup::default() };
    let mut full = DynamicsKept::new(full, stream).unwrap();
    assert!(full.push(block, block).is_err());
    assert_eq!(full.measurement(None).duration_s, 0.0);
    let half = Compared { before: Reading::Value(4.0), after: Reading::Value(2.0) };
    assert_eq!((half.change(), half.kept_percent()), (Reading::Value(-2.0), Reading::Value(50.0)));
    let zero = Compared { before: Reading::Value(0.0), after: Reading::Value(0.0) };
    assert_eq!(zero.kept_percent(), Reading::BelowGate);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_samples_give_readings_or_reasons(
        seed: u32,
        rate_hz in 8e3..50e3,
        latency_frames in 0..9000_usize,
        wild in proptest::collection::vec(any::<u32>(), 50),
    ) {
        let stream = Stream::new(rate_hz, Layout::SURROUND_5_1).unwrap();
        let setup = DynamicsSetup { latency_frames, max_duration_s: 20.0 };
        let mut kept = DynamicsKept::new(setup, stream).unwrap();
        let mut audio = noise::<f32>(6, 60_000, 0.3, seed);
        let mut pick = Noise::new(seed);
        for bits in wild {
            let (channel, at) = (pick.below(6), pick.below(60_000));
            audio[channel][at] = f32::from_bits(bits);
        }
        let mut after = audio.clone();
        after[0].rotate_right(77);
        kept.push(Block::new(&audio).unwrap(), Block::new(&after).unwrap()).unwrap();
        let readings = kept.measurement(None);
        for reading in readings.modulation.iter().map(Compared::change).chain([
            readings.gain_lu,
            readings.range_lu.change(),
            readings.plr_db.change(),
            readings.psr_low_db.change(),
            readings.contour.slope,
            readings.contour.max_reduction_db,
        ]) {
            prop_assert!(reading.value().is_none_or(f64::is_finite), "{readings:?}");
        }
    }
}
