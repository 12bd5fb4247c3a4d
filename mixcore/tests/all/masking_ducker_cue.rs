//! The masking-aware ducker and the cut of the voice's low-mids on the shipped cue, judged by a meter and
//! by an index that is worked out here, from excitations of the library's own masking model, and by one that
//! is worked out of third octaves without it (`reference/speech_index.rs`).

use mixcore::analysis::{ErbBands, Masker, Masking, MaskingSetup, quiet_threshold_db_spl};
use mixcore::audio::{Block, BlockMut};
use mixcore::dynamics::{
    BandDuckerSetup, LowMidCut, LowMidCutParams, MaskingDucker, MaskingDuckerParams,
};
use mixcore::loudness::{Meter, MeterSetup};
use mixcore::{Io, Layout, Process, Stream};

use crate::cue::decode;
use crate::reference::speech_index::{IMPORTANCE, flat_db, speech_indices, voice_indices};

/// The phrases of `truth.json` in sub-blocks.
const PHRASES: [(usize, usize); 5] =
    [(60, 770), (835, 1134), (1200, 1730), (1796, 2399), (2465, 2794)];
/// The index has four decimals, as its importances: less than half of the last one is no change.
const SAME_INDEX: f64 = 5e-5;
/// Speech at unity to both sides.
const KEY_OFFSET_DB: f64 = 3.0103;
/// What is saved is told to less than this, a reading of loudness to the tenth.
const TENTH_LU: f64 = 0.1;

fn stereo() -> Stream {
    Stream::new(48_000.0, Layout::STEREO).unwrap()
}

/// Importance of an ERB band: the importance density (per octave) of the third octaves, integrated.
fn weight(band: usize) -> f64 {
    let band = ErbBands::band(band);
    let steps = 200;
    let octaves = (band.high_hz / band.low_hz).log2() / f64::from(steps);
    (0..steps)
        .map(|n| {
            let hz = band.low_hz
                * (band.high_hz / band.low_hz).powf((f64::from(n) + 0.5) / f64::from(steps));
            let third = (10.0 * (hz / 1000.0).log10()).round() + 8.0;
            if (0.0..18.0).contains(&third) {
                IMPORTANCE[third as usize] * octaves / (10_f64.log2() / 10.0)
            } else {
                0.0
            }
        })
        .sum()
}

/// Audibility of a voice over a background inside the phrases, from the signals themselves.
fn audibility(voice: &[Vec<f32>], background: &[Vec<f32>]) -> f64 {
    let weights: Vec<f64> = (0..40).map(weight).collect();
    let quiet: Vec<f64> = (0..40)
        .map(|b| 10_f64.powf((quiet_threshold_db_spl(ErbBands::band(b).centre_hz) - 99.0) / 10.0))
        .collect();
    let mut masking = Masking::new(MaskingSetup::default(), stereo()).unwrap();
    let (mut sum, mut count) = (0.0, 0.0);
    let stems = [Block::new(voice).unwrap(), Block::new(background).unwrap()];
    masking
        .push_each(&stems, |frame| {
            let at = (frame.start_frame() / 480) as usize;
            // Where the voice speaks: louder than 40 dB below its mean of −24 LUFS.
            let level: f64 = (0..40).map(|b| frame.power(0, b)).sum();
            if level < 1e-6 || !PHRASES.iter().any(|p| (p.0..p.1).contains(&at)) {
                return;
            }
            count += 1.0;
            for b in 0..40 {
                let snr = frame.excitation(0, b) / (frame.excitation(1, b) + quiet[b]);
                sum += weights[b] * ((10.0 * snr.log10() + 15.0) / 30.0).clamp(0.0, 1.0);
            }
        })
        .unwrap();
    sum / count
}

/// K-weighted energy inside the phrases, LU.
fn loudness(audio: &[Vec<f32>]) -> f64 {
    let setup = MeterSetup { max_duration_s: 40.0, ..MeterSetup::default() };
    let mut meter = Meter::new(setup, stereo()).unwrap();
    meter.push(Block::new(audio).unwrap()).unwrap();
    let blocks = meter.sub_blocks();
    let sum: f64 = PHRASES.iter().flat_map(|&(a, b)| blocks.range(a, b).energies().to_vec()).sum();
    10.0 * sum.log10()
}

/// A whole clip through a processor with a key, latency removed.
fn whole(unit: &mut dyn Process<f32>, main: &[Vec<f32>], key: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let latency = unit.latency_frames();
    let longer = |audio: &[Vec<f32>]| -> Vec<Vec<f32>> {
        audio.iter().map(|c| c.iter().copied().chain(vec![0.0; latency]).collect()).collect()
    };
    let (mut main, key) = (longer(main), longer(key));
    let io = Io::with_key(BlockMut::new(&mut main).unwrap(), Block::new(&key).unwrap());
    unit.process(io).unwrap();
    main.iter_mut().for_each(|c| drop(c.drain(..latency)));
    main
}

#[test]
fn the_same_audibility_costs_less_loudness_than_a_broadband_duck() {
    let voice = decode("dx.flac");
    let both = vec![voice[0].clone(); 2];
    for (name, targets) in
        [("mx.flac", &[3.0, 6.0, 12.0][..]), ("amb.flac", &[6.0]), ("fx.flac", &[6.0])]
    {
        let music = decode(name);
        for &target_db in targets {
            let setup =
                BandDuckerSetup { key_offset_db: KEY_OFFSET_DB, ..BandDuckerSetup::default() };
            let params = MaskingDuckerParams { target_db, ..MaskingDuckerParams::default() };
            let mut ducker = MaskingDucker::new(setup, params, stereo()).unwrap();
            let out = whole(&mut ducker, &music, &voice);
            let report = ducker.report();
            let value = |reading: mixcore::Reading| reading.value().unwrap();
            println!("{name} {target_db}: {report:?}");
            let (before, after) = (audibility(&both, &music), audibility(&both, &out));
            let lost = loudness(&music) - loudness(&out);
            // A broadband duck of the depth that the report names, heard by the same ears.
            let gain = 10_f32.powf(-(value(report.broadband_db) as f32) / 20.0);
            let flat: Vec<Vec<f32>> =
                music.iter().map(|c| c.iter().map(|x| x * gain).collect()).collect();
            let broad = audibility(&both, &flat);
            println!("  measured {before:.4} {after:.4} broadband {broad:.4} lost {lost:.2} LU");
            // The report counts other frames (those of live phrases, the hold without) and takes gains
            // frame by frame, which the overlap of the frames smooths.
            assert!((value(report.audibility_before) - before).abs() < 0.03);
            assert!((value(report.audibility_after) - after).abs() < 0.03);
            assert!((broad - after).abs() < 0.01, "{broad} {after}");
            assert!((lost + value(report.background_lu)).abs() < 0.3, "{lost} {report:?}");
            // What is saved over the broadband duck of the same audibility: its loss, as loud as it is
            // deep, less this one's.
            let saved = value(report.broadband_db) - lost;
            println!("  saved {saved:.2} LU, told {:.2}", value(report.saved_lu));
            assert!((saved - value(report.saved_lu)).abs() < 0.3, "{saved} {report:?}");
            assert!(after >= before - 1e-6);
            // No broadband duck of the same audibility is cheaper, to what the report is exact to.
            assert!(saved > -TENTH_LU && value(report.saved_lu) > -TENTH_LU, "{saved} {report:?}");
            if name == "mx.flac" {
                assert!(after > before + 0.02);
                assert!(value(report.saved_lu) > 0.3, "{report:?}");
            }
            // By ears that know nothing of the library's model of masking.
            let found = speech_indices(&both, &[&music, &out], 48e3);
            let flat = flat_db(&both, &music, found[1], 48e3);
            println!(
                "  third octaves {found:.4?}, broadband {flat:.2} dB, saved {:.2} LU",
                flat - lost
            );
            assert!(found[1] > found[0], "{name} {target_db}: {found:?}");
            if name == "mx.flac" {
                assert!(flat - lost > 0.0, "{flat} {lost}");
            }
        }
    }
}

#[test]
fn no_band_moves_without_speech() {
    let mut voice = decode("dx.flac");
    // The first line alone: 0.6 to 7.7 s.
    voice[0][400_000..].fill(0.0);
    let music = decode("mx.flac");
    let setup = BandDuckerSetup { key_offset_db: KEY_OFFSET_DB, ..BandDuckerSetup::default() };
    let mut ducker = MaskingDucker::new(setup, MaskingDuckerParams::default(), stereo()).unwrap();
    let out = whole(&mut ducker, &music, &voice);
    // 0.8 s of hold, 1.5 s of release and a frame.
    let end = (10.4 * 48e3) as usize;
    assert!((0..2).all(|c| out[c][end..] == music[c][end..]));
    assert!(ducker.reduction_stats().unwrap().max_db > 3.0);
}

#[test]
fn the_cut_opens_the_ambience_and_takes_no_word() {
    let voice = decode("dx.flac");
    let both = vec![voice[0].clone(); 2];
    let ambience = decode("amb.flac");
    let setup = BandDuckerSetup { key_layout: Layout::STEREO, ..BandDuckerSetup::default() };
    let mut cut = LowMidCut::new(setup, LowMidCutParams::default(), stereo()).unwrap();
    let out = whole(&mut cut, &both, &ambience);
    let report = cut.report();
    let value = |reading: mixcore::Reading| reading.value().unwrap();
    println!("{report:?}");
    assert!(cut.reduction_stats().unwrap().max_db <= 4.0);
    assert!(value(report.audibility_after) >= value(report.audibility_before) - SAME_INDEX);
    assert!(value(report.opened_db) > 0.3, "{report:?}");
    // By the index worked out here, over the ambience and over everything that plays.
    let everything: Vec<Vec<f32>> = {
        let (music, effects) = (decode("mx.flac"), decode("fx.flac"));
        (0..2)
            .map(|c| {
                (0..ambience[c].len())
                    .map(|n| ambience[c][n] + music[c][n] + effects[c][n])
                    .collect()
            })
            .collect()
    };
    let (before, after) = (audibility(&both, &ambience), audibility(&out, &ambience));
    println!("audibility over the ambience {before:.6} {after:.6}");
    assert!(after > before - SAME_INDEX, "{before} {after}");
    // With everything as the key nothing is cut that music covers.
    let mut cut = LowMidCut::new(setup, LowMidCutParams::default(), stereo()).unwrap();
    let careful = whole(&mut cut, &both, &everything);
    let report = cut.report();
    println!("{report:?}");
    let (before, after) = (audibility(&both, &everything), audibility(&careful, &everything));
    println!("audibility over everything {before:.6} {after:.6}");
    assert!(after > before - SAME_INDEX, "{before} {after}");
    // By ears that know nothing of the library's model of masking.
    for (name, cut, key) in [("ambience", &out, &ambience), ("everything", &careful, &everything)] {
        let found = voice_indices(&[&both, cut], key, 48e3);
        println!("third octaves over {name} {found:.6?}, {:+.6}", found[1] - found[0]);
        // The bound of the processor is one of its own model; here a cut of 4 dB takes at most 4/30 of the
        // importance of the third octaves that it reaches, 160 to 500 Hz.
        let most = 4.0 / 30.0 * IMPORTANCE[..6].iter().sum::<f64>();
        assert!(found[1] > found[0] - most, "{name}: {found:?}");
    }
    assert!(value(report.audibility_after) >= value(report.audibility_before) - SAME_INDEX);
    // Is it right that this cut does next to nothing? What hides the ambience's low-mids in the phrases,
    // by the masking model: the voice, the other stems, both.
    let (music, effects) = (decode("mx.flac"), decode("fx.flac"));
    let others: Vec<Vec<f32>> =
        (0..2).map(|c| music[c].iter().zip(&effects[c]).map(|(a, b)| a + b).collect()).collect();
    let mut shares = Vec::new();
    for voice in [&both, &out, &careful] {
        let setup = MaskingSetup { stems: 3, ..MaskingSetup::default() };
        let mut masking = Masking::new(setup, stereo()).unwrap();
        let stems = [voice, &others, &ambience];
        for (start, end) in PHRASES {
            let part = |audio: &Vec<Vec<f32>>| -> Vec<Vec<f32>> {
                audio.iter().map(|c| c[start * 480..end * 480].to_vec()).collect()
            };
            let parts = stems.map(part);
            let blocks = parts.each_ref().map(|audio| Block::new(audio).unwrap());
            masking.push(&blocks).unwrap();
        }
        let hidden = |masker| {
            let share = masking.share(2, masker, 150.0, 500.0);
            (value(share.energy), value(share.cells), value(share.depth_db))
        };
        let found = [Masker::Stem(0), Masker::Stem(1), Masker::Others].map(hidden);
        println!("ambience hidden by voice, others, both: {found:.3?}");
        shares.push(found);
    }
    let [plain, opened, careful] = [shares[0], shares[1], shares[2]];
    // The other stems alone hide most of it, the voice adds little: opening the voice opens nothing.
    assert!(plain[1].0 > 0.9 * plain[2].0, "{plain:?}");
    assert!((plain[2].0 - careful[2].0).abs() < 0.01, "{plain:?} {careful:?}");
    // Once the others are away, as under a duck, it is the voice that hides it, and the cut opens it.
    assert!(opened[0].2 < plain[0].2 - 0.2, "{plain:?} {opened:?}");
}
