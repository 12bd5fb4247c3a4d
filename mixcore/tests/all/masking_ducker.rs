//! The masking-aware ducker and the cut of a voice's low-mids: gains, keys, any split, any memory.

use mixcore::analysis::ErbBands;
use mixcore::audio::{Block, BlockMut};
use mixcore::dynamics::{
    BandDuckerSetup, LowMidCut, LowMidCutParams, MaskingDucker, MaskingDuckerParams,
};
use mixcore::kernels::Isa;
use mixcore::{Error, Io, Layout, Process, Processor, Reading, Stream};
use proptest::prelude::*;

use crate::signals::{Noise, noise, sine};

const RATE_HZ: f64 = 48_000.0;
/// A gain that stands still in neighbouring bands is exact; between bands it is straight, and a 40 ms
/// window spreads a tone over 50 Hz: 0.2 dB at the edge of a band.
const GAIN_TOLERANCE_DB: f64 = 0.2;

/// The index has four decimals, as its importances: less than half of the last one is no change.
const SAME_INDEX: f64 = 5e-5;

type Unit = Box<dyn Process<f32>>;

fn make(cut: bool, setup: BandDuckerSetup, stream: Stream) -> Result<Unit, Error> {
    Ok(if cut {
        Box::new(LowMidCut::new(setup, LowMidCutParams::default(), stream)?)
    } else {
        Box::new(MaskingDucker::new(setup, MaskingDuckerParams::default(), stream)?)
    })
}

fn setup() -> BandDuckerSetup {
    BandDuckerSetup { lookahead_ms: 250.0, ..BandDuckerSetup::default() }
}

/// A voice with pauses and something under it, 3 s; the first is the key of the ducker.
fn scene(rate_hz: f64) -> (Vec<f32>, Vec<Vec<f32>>) {
    let frames = (3.0 * rate_hz) as usize;
    let mut pick = Noise::new(4);
    let mut smooth = 0.0;
    let key = (0..frames)
        .map(|n| {
            let t = n as f64 / rate_hz;
            let level = if (0.5..1.2).contains(&t) || t > 2.0 { 0.8 } else { 0.0 };
            // Noise with its weight below 1 kHz, in syllables.
            smooth += 0.1 * (pick.next_f64() - smooth);
            (level * (0.6 + 0.4 * (25.0 * t).sin()) * smooth) as f32
        })
        .collect();
    (key, noise(2, frames, 0.02, 9))
}

fn run(
    unit: &mut dyn Process<f32>,
    main: &[Vec<f32>],
    key: &[f32],
    mut size: impl FnMut() -> usize,
) -> Vec<Vec<f32>> {
    let mut audio = main.to_vec();
    let mut at = 0;
    while at < key.len() {
        let end = at.saturating_add(size()).min(key.len());
        let mut block = BlockMut::new(&mut audio).unwrap();
        let key = Block::mono(&key[at..end]);
        unit.process(Io::with_key(block.range(at, end), key)).unwrap();
        at = end;
    }
    audio
}

#[test]
fn with_a_key_any_split_any_isa_and_lent_memory_give_the_same_bits() {
    for (cut, rate_hz) in [(false, 48_000.0), (true, 48_000.0), (false, 11_025.0), (true, 11_025.0)]
    {
        let (voice, quiet) = scene(rate_hz);
        let stream = Stream::new(rate_hz, Layout::STEREO).unwrap();
        // The cut's main signal is the voice.
        let (main, key) =
            if cut { (vec![voice.clone(); 2], quiet[0].clone()) } else { (quiet, voice) };
        let mut whole = make(cut, setup(), stream).unwrap();
        let expected = run(&mut *whole, &main, &key, || usize::MAX);
        let latency = whole.latency_frames();
        assert!(expected[0][latency..] != main[0][..main[0].len() - latency], "nothing moved");
        for size in [1, 64, 479, 5000] {
            whole.reset();
            assert!(run(&mut *whole, &main, &key, || size) == expected, "{cut} {size}");
        }
        let mut pick = Noise::new(1);
        whole.reset();
        assert!(run(&mut *whole, &main, &key, || pick.below(700)) == expected);
        for isa in Isa::available() {
            let stream = Stream::with_isa(rate_hz, Layout::STEREO, isa).unwrap();
            let mut unit = make(cut, setup(), stream).unwrap();
            assert!(run(&mut *unit, &main, &key, || 333) == expected, "{isa:?}");
        }
        let need = if cut {
            LowMidCut::<f32>::required_len(setup(), stream)
        } else {
            MaskingDucker::<f32>::required_len(setup(), stream)
        }
        .unwrap();
        let (mut samples, mut numbers) = (vec![1.0; need.samples], vec![1.0; need.numbers]);
        let lent = if cut {
            let params = LowMidCutParams::default();
            let mut lent =
                LowMidCut::new_in(setup(), params, stream, &mut samples, &mut numbers).unwrap();
            run(&mut lent, &main, &key, || 512)
        } else {
            let params = MaskingDuckerParams::default();
            let mut lent =
                MaskingDucker::new_in(setup(), params, stream, &mut samples, &mut numbers).unwrap();
            run(&mut lent, &main, &key, || 512)
        };
        assert!(lent == expected);
    }
}

/// Level of a tone in a stretch, dB.
fn tone_db(audio: &[f32], hz: f64, from: usize) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, x) in audio[from..from + 24_000].iter().enumerate() {
        let phase = std::f64::consts::TAU * hz * n as f64 / RATE_HZ;
        re += f64::from(*x) * phase.cos();
        im += f64::from(*x) * phase.sin();
    }
    20.0 * ((re * re + im * im).sqrt() / 12_000.0).log10()
}

#[test]
fn only_the_bands_of_the_voice_go_down_and_by_what_they_need() {
    let stream = Stream::new(RATE_HZ, Layout::MONO).unwrap();
    let frames = 4 * 48_000;
    let tones = [60.0, 500.0, 1000.0, 3000.0, 15_000.0];
    let mut music = vec![0.0_f32; frames];
    for hz in tones {
        for (sum, x) in music.iter_mut().zip(sine::<f32>(hz, RATE_HZ, frames, 0.05)) {
            *sum += x;
        }
    }
    // The voice has 500 Hz as loud as the music, 1 kHz 4 dB above it, 3 kHz 30 dB below, and 15 kHz.
    let mut voice = vec![0.0_f32; frames];
    for (hz, level) in [(500.0, 0.05), (1000.0, 0.05 * 1.585), (3000.0, 0.00158), (15_000.0, 0.05)]
    {
        for (sum, x) in voice.iter_mut().zip(sine::<f32>(hz, RATE_HZ, frames, level)) {
            *sum += x;
        }
    }
    let mut ducker = MaskingDucker::new(setup(), MaskingDuckerParams::default(), stream).unwrap();
    let out = run(&mut ducker, std::slice::from_ref(&music), &voice, || 4800).remove(0);
    let found: Vec<f64> =
        tones.iter().map(|&hz| tone_db(&out, hz, 150_000) - tone_db(&music, hz, 0)).collect();
    // 500 Hz needs 6 dB, 1 kHz 2 dB; 3 kHz would stay hidden at any allowed depth; the rest carries no
    // words.
    for (found, expected) in found.iter().zip([0.0, -6.0, -2.0, 0.0, 0.0]) {
        assert!((found - expected).abs() < GAIN_TOLERANCE_DB, "{found} {expected}");
    }
    let reductions = ducker.reductions_db();
    for (band, reduction) in reductions.iter().enumerate() {
        let hz = ErbBands::band(band).centre_hz;
        assert!((140.0..9500.0).contains(&hz) || *reduction == 0.0, "{hz} Hz: {reduction}");
    }
}

/// Where the background is loud in a few bands of the voice, one depth for all masked bands is cheaper than
/// band by band: then those move alike, and where the voice is audible in full nothing moves.
#[test]
fn masked_bands_move_alike_where_that_is_cheaper() {
    let stream = Stream::new(RATE_HZ, Layout::MONO).unwrap();
    let frames = 4 * 48_000;
    let tones = [500.0, 1000.0, 2000.0, 4000.0];
    let sum = |levels_db: [f64; 4]| {
        let mut sum = vec![0.0_f32; frames];
        for (hz, db) in tones.into_iter().zip(levels_db) {
            let tone = sine::<f32>(hz, RATE_HZ, frames, 10_f64.powf(db / 20.0));
            sum.iter_mut().zip(tone).for_each(|(sum, x)| *sum += x);
        }
        sum
    };
    // The voice stands 8 dB below the music at 500 Hz, 4 dB above it at 1 and 2 kHz and 25 dB at 4 kHz.
    let voice = sum([-30.0; 4]);
    let music = sum([-22.0, -34.0, -34.0, -55.0]);
    let mut ducker = MaskingDucker::new(setup(), MaskingDuckerParams::default(), stream).unwrap();
    run(&mut ducker, std::slice::from_ref(&music), &voice, || 4800);
    let reductions = ducker.reductions_db();
    println!("{reductions:.2?}");
    let at = |hz: f64| {
        let band = (0..40).map(ErbBands::band).position(|b| (b.low_hz..b.high_hz).contains(&hz));
        reductions[band.unwrap()]
    };
    let depth = at(500.0);
    // Band by band it would be 12 dB (14 needed), 2 dB and 2 dB; the one depth of the same audibility lies
    // between these.
    assert!(depth > 2.0 + GAIN_TOLERANCE_DB && depth < 12.0 - GAIN_TOLERANCE_DB, "{depth}");
    assert_eq!([at(1000.0), at(2000.0), at(4000.0)], [depth, depth, 0.0]);
    assert!(reductions.iter().all(|db| *db == depth || *db == 0.0), "{reductions:?}");
}

/// A phrase counts from its first syllable on, though 0.15 s of it must have come before it opens: in what
/// the bands need and in the report.
#[test]
fn the_start_of_a_phrase_counts() {
    let stream = Stream::new(RATE_HZ, Layout::MONO).unwrap();
    let (frames, start, end) = (5 * 48_000, 48_000, 96_000);
    let tone = sine::<f32>(1000.0, RATE_HZ, frames, 0.05);
    let mut voice = vec![0.0_f32; frames];
    voice[start..end].copy_from_slice(&tone[start..end]);
    // 20 dB below the voice, but 0 dB until 0.1 s after its start.
    let loud = start + 4800;
    let level = |n: usize| if n < loud { 1.0 } else { 0.1 };
    let music: Vec<f32> = tone.iter().enumerate().map(|(n, x)| level(n) * x).collect();
    // The whole phrase is seen before any of it leaves.
    let setup = BandDuckerSetup { lookahead_ms: 1500.0, ..setup() };
    // Deep enough for all that is asked of it here; the gain stays until the end of the clip.
    let params = MaskingDuckerParams {
        target_db: 16.0,
        max_depth_db: 20.0,
        attack_db_per_s: 400.0,
        hold_ms: 5000.0,
        ..MaskingDuckerParams::default()
    };
    let mut ducker = MaskingDucker::new(setup, params, stream).unwrap();
    run(&mut ducker, std::slice::from_ref(&music), &voice, || 4800);
    // Of 100 frames 10 are loud; a window of 40 ms puts the ends of either two frames aside at most.
    let need = |loud: f64| params.target_db + 10.0 * (loud + 0.01 * (1.0 - loud)).log10();
    let found = ducker.reductions_db()[14];
    assert!(found > need(0.08) && found < need(0.12), "{found}: {} {}", need(0.08), need(0.12));
    let speech_s = ducker.report().speech_s;
    assert!((speech_s - 1.0).abs() <= 0.04, "{speech_s}");
}

#[test]
fn the_cut_is_capped_and_only_takes_what_is_spare() {
    let stream = Stream::new(RATE_HZ, Layout::MONO).unwrap();
    let frames = 3 * 48_000;
    let ambience = noise::<f32>(1, frames, 0.003, 3);
    // Voices of noise, 40 and 19 dB above the ambience: the one has more than 4 dB to spare, the other
    // about as much on average, and in its weak moments nothing, which every cut around them heeds.
    for (level, deepest) in [(0.3, 4.0..=4.0), (0.028, 0.25..=3.9)] {
        let voice = noise::<f32>(1, frames, level, 4);
        let mut cut = LowMidCut::new(setup(), LowMidCutParams::default(), stream).unwrap();
        let out = run(&mut cut, &voice, &ambience[0], || 4800);
        assert!(
            deepest.contains(&cut.reduction_stats().unwrap().max_db),
            "{}",
            cut.reduction_stats().unwrap().max_db
        );
        let report = cut.report();
        let (before, after) = (report.audibility_before, report.audibility_after);
        assert!(after.value().unwrap() >= before.value().unwrap() - SAME_INDEX, "{report:?}");
        assert!(report.opened_db.value().unwrap() > 0.01, "{report:?}");
        assert!((-4.0..0.0).contains(&report.voice_lu.value().unwrap()));
        for (band, reduction) in cut.reductions_db().iter().enumerate() {
            let hz = ErbBands::band(band).centre_hz;
            assert!((150.0..=500.0).contains(&hz) || *reduction == 0.0, "{hz} Hz: {reduction}");
        }
        // A cut, and nowhere more than it says.
        let latency = cut.latency_frames();
        let energy = |x: &[f32]| x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
        let ratio = energy(&out[0][latency + 9600..]) / energy(&voice[0][9600..frames - latency]);
        assert!(ratio < 1.0 && ratio > 0.9, "{ratio}");
    }
    // No ambience, none that is hidden, or one as loud as the voice: every bit passes.
    let voice = noise::<f32>(1, frames, 0.1, 4);
    for key in [vec![0.0; frames], noise::<f32>(1, frames, 0.1, 5).remove(0)] {
        let mut cut = LowMidCut::new(setup(), LowMidCutParams::default(), stream).unwrap();
        let out = run(&mut cut, &voice, &key, || 4800);
        let latency = cut.latency_frames();
        assert!(out[0][latency..] == voice[0][..frames - latency]);
    }
}

#[test]
fn keys_setups_bypass_and_faults() {
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    for cut in [false, true] {
        let mut unit = make(cut, setup(), stream).unwrap();
        let (mut audio, key) = (vec![vec![0.5_f32; 100]; 2], vec![vec![0.5_f32; 100]; 2]);
        let before = audio.clone();
        for key in [Block::new(&key).unwrap(), Block::mono(&key[0][..99])] {
            let main = BlockMut::new(&mut audio).unwrap();
            let error = unit.process(Io::with_key(main, key)).unwrap_err().to_string();
            assert!(error.contains("key"), "{error}");
            assert!(audio == before);
        }
        let dirty = [f32::NAN, 1.0, f32::INFINITY, 2e6];
        let main = BlockMut::new(&mut audio).unwrap().into_range(0, 4);
        unit.process(Io::with_key(main, Block::mono(&dirty))).unwrap();
        assert_eq!(unit.faults(), 3);
        for wrong in [
            BandDuckerSetup { lookahead_ms: 249.0, ..setup() },
            BandDuckerSetup { lookahead_ms: 2001.0, ..setup() },
            BandDuckerSetup { key_offset_db: f64::NAN, ..setup() },
            BandDuckerSetup { key_layout: Layout::SURROUND_5_1, ..setup() },
        ] {
            assert!(make(cut, wrong, stream).is_err(), "{wrong:?}");
        }
    }
    let (voice, music) = scene(RATE_HZ);
    let mut ducker = MaskingDucker::new(setup(), MaskingDuckerParams::default(), stream).unwrap();
    ducker.set_bypass(true);
    let out = run(&mut ducker, &music, &voice, || 1000);
    let latency = ducker.latency_frames();
    assert!(ducker.bypass() && out[1][latency..] == music[1][..music[1].len() - latency]);
    let report = ducker.report();
    assert!(report.speech_s > 0.5 && ducker.gain_reduction_db() > 0.0);
    // Nothing of it is heard, to the rounding of ten thousand sums.
    for reading in [report.background_lu, report.broadband_db] {
        assert!(reading.value().unwrap().abs() < 1e-9, "{report:?}");
    }
    ducker.reset();
    assert_eq!(ducker.report().saved_lu, Reading::NotApplicable);
    assert!(
        MaskingDucker::<f32>::new_in(
            setup(),
            MaskingDuckerParams::default(),
            stream,
            &mut [0.0; 9],
            &mut [0.0; 9]
        )
        .is_err()
    );
    assert!(
        LowMidCut::<f32>::new_in(
            setup(),
            LowMidCutParams::default(),
            stream,
            &mut [0.0; 9],
            &mut [0.0; 9]
        )
        .is_err()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn any_samples_and_parameters_end(
        seed: u32,
        rate_hz in 8e3..30e3,
        target_db in -10.0..20.0,
        max_depth_db in 0.0..40.0,
        slew in 20.0..400.0,
        hold_ms in 0.0..10_000.0,
        gate_lu in 3.0..40.0,
        lookahead_ms in 250.0..900.0,
        wild in proptest::collection::vec(any::<u32>(), 20),
    ) {
        let params = MaskingDuckerParams {
            target_db, max_depth_db, attack_db_per_s: slew, release_db_per_s: slew, hold_ms, gate_lu, mix_percent: 100.0,
        };
        let setup = BandDuckerSetup { lookahead_ms, ..BandDuckerSetup::default() };
        let stream = Stream::new(rate_hz, Layout::STEREO).unwrap();
        let mut key = noise::<f32>(1, 30_000, 0.2, seed).remove(0);
        key[10_000..15_000].fill(0.0);
        let mut audio = noise::<f32>(2, 30_000, 0.1, seed.wrapping_add(1));
        let mut pick = Noise::new(seed);
        for bits in wild {
            key[pick.below(30_000)] = f32::from_bits(bits);
            audio[1][pick.below(30_000)] = f32::from_bits(bits.rotate_left(9));
        }
        let mut ducker = MaskingDucker::new(setup, params, stream).unwrap();
        let out = run(&mut ducker, &audio, &key, || 777);
        prop_assert!(out.iter().flatten().all(|x| x.is_finite()));
        prop_assert!(ducker.reduction_stats().unwrap().max_db <= max_depth_db + 1e-5);
        let report = ducker.report();
        prop_assert!(report.saved_lu.value().is_none_or(f64::is_finite), "{report:?}");
        let cut_params = LowMidCutParams {
            max_depth_db: max_depth_db / 10.0, slew_db_per_s: slew, ..LowMidCutParams::default()
        };
        let mut cut = LowMidCut::new(setup, cut_params, stream).unwrap();
        let out = run(&mut cut, &audio, &key, || 777);
        prop_assert!(out.iter().flatten().all(|x| x.is_finite()));
        prop_assert!(cut.reduction_stats().unwrap().max_db <= cut_params.max_depth_db + 1e-5);
        let report = cut.report();
        if let (Some(a), Some(b)) = (report.audibility_before.value(), report.audibility_after.value()) {
            prop_assert!(b >= a - SAME_INDEX, "{report:?}");
        }
    }
}
