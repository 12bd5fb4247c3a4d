//! Translation: the ways in which a mix is heard badly, with filters whose effect is known, and the static
//! curves of dynamic range control.

use mixcore::spatial::{
    CheckedStem, DrcProfile, FoldCheckSetup, FoldTarget, LfePolicy, Translation, check_fold_downs,
    check_translations, downmix_matrix,
};
use mixcore::{Block, Layout};

use crate::fold_check::{FRAMES, RATE_HZ, five_one, stream};
use crate::signals::sine;

/// Ratios of sums of thousands of roundings.
const ROUNDING_DB: f64 = 1e-9;

/// How many dB the power below 120 Hz falls by, by hand.
#[test]
fn without_lfe_the_low_end_falls_by_what_only_the_lfe_has() {
    let rumble = sine::<f64>(60.0, RATE_HZ, FRAMES, 0.1);
    let high = sine::<f64>(3_000.0, RATE_HZ, FRAMES, 0.1);
    let read = |channels: &[(usize, &[f64])]| {
        let mix = five_one(channels);
        let stem = CheckedStem { name: "FX", audio: Block::new(&mix).unwrap(), source: 0 };
        let ways = [Translation::NoLfe, Translation::Mono];
        let layout = stream(Layout::SURROUND_5_1);
        let reports = check_translations(stem.audio, &[stem], &ways, layout).unwrap();
        assert_eq!(reports[0].low_end_db, reports[0].stems[0].low_end_db);
        assert!(reports[1].low_end_db.value().is_none(), "{:?}", reports[1]);
        reports[0].low_end_db.value()
    };
    // In the LFE alone: all of it. What the centre has above passes 4 poles at 120 Hz with −112 dB, but
    // its start holds (0.1/2π·3000)² V²s/Hz over ±120 Hz: 6.7e-9 against 0.1 of the LFE, −72 dB.
    assert_eq!(read(&[(3, &rumble)]), Some(-100.0));
    assert!(read(&[(3, &rumble), (2, &high)]).unwrap() < -70.0);
    // The same in the centre: one part of eleven, the LFE being 10 dB up.
    let both = read(&[(3, &rumble), (2, &rumble)]).unwrap();
    assert!((both + 10.0 * 11_f64.log10()).abs() <= ROUNDING_DB, "{both}");
    // In the mains alone: nothing.
    assert_eq!(read(&[(0, &rumble), (2, &rumble)]), Some(0.0));
    assert_eq!(read(&[]), None);
}

#[test]
fn the_telephone_and_the_small_loudspeaker_take_the_low_end_and_keep_the_voice() {
    // Three tones that stand for a bed, a voice and what is above both bands.
    let tones = [(60.0, 0.4), (900.0, 0.1), (7_000.0, 0.1)]
        .map(|(hz, a)| sine::<f64>(hz, RATE_HZ, FRAMES, a));
    let mix: Vec<f64> = (0..FRAMES).map(|n| tones.iter().map(|tone| tone[n]).sum()).collect();
    let stereo = tones.each_ref().map(|tone| [tone.clone(), tone.clone()]);
    let stems = stereo.each_ref().map(|audio| CheckedStem {
        name: "",
        audio: Block::new(audio).unwrap(),
        source: 0,
    });
    let ways = [Translation::Phone, Translation::Loudspeaker { low_hz: 200.0, high_hz: 3_400.0 }];
    let block = Block::stereo(&mix, &mix).unwrap();
    let reports = check_translations(block, &stems, &ways, stream(Layout::STEREO)).unwrap();
    for (report, low_hz) in reports.iter().zip([300.0_f64, 200.0]) {
        let [bed, voice, air] = &report.stems[..] else { panic!("{report:?}") };
        // Order 4 gives 1/(1 + (low/60)^8) of the power at 60 Hz: −56 and −42 dB.
        let own_lufs = {
            let targets = FoldTarget::usual(Layout::STEREO).unwrap();
            let setup = FoldCheckSetup::default();
            check_fold_downs(stems[0].audio, &[], &targets, &setup, stream(Layout::STEREO))
                .unwrap()
                .native_lufs
        };
        let expected_db = -10.0 * (1.0 + (low_hz / 60.0).powi(8)).log10();
        // The start of the tone rings through: within a tenth of what is lost.
        let lost_db = bed.integrated_lufs.zip(own_lufs, |after, before| after - before);
        let lost_db = lost_db.value().unwrap_or(-100.0);
        assert!(lost_db < -30.0 && lost_db < 0.7 * expected_db, "{low_hz}: {lost_db}");
        // 7 kHz is more than an octave above 3.4 kHz: 24 dB and, warped towards Nyquist, more.
        assert!(air.moved_lu.value().is_none_or(|moved| moved < -20.0), "{air:?}");
        // The voice stays where it was, so it rises against a mix that loses its bed.
        let voice_lu = voice.moved_lu.zip(report.shift_lu, |moved, shift| moved + shift);
        assert!(voice_lu.value().unwrap().abs() < 0.05, "{voice_lu:?}");
        assert!(voice.moved_lu.value().unwrap() > 1.0, "{voice:?}");
    }
}

#[test]
fn the_lfe_has_no_weight_in_loudness_and_no_place_in_a_fold_down() {
    let (rumble, voice) =
        (sine::<f64>(60.0, RATE_HZ, FRAMES, 0.5), sine::<f64>(900.0, RATE_HZ, FRAMES, 0.1));
    let mix = five_one(&[(3, &rumble), (2, &voice)]);
    let stem = |name, audio| CheckedStem { name, audio: Block::new(audio).unwrap(), source: 0 };
    let (fx, dx) = (five_one(&[(3, &rumble)]), five_one(&[(2, &voice)]));
    let stems = [stem("FX", &fx), stem("DX", &dx)];
    let ways = [
        Translation::NoLfe,
        Translation::Mono,
        Translation::Phone,
        Translation::Loudspeaker { low_hz: 150.0, high_hz: 7_000.0 },
    ];
    let block = Block::new(&mix).unwrap();
    let reports = check_translations(block, &stems, &ways, stream(Layout::SURROUND_5_1)).unwrap();
    for report in &reports {
        // The LFE has no weight in BS.1770 and no place in a fold-down.
        assert!(report.stems[0].integrated_lufs.value().is_none(), "{:?}", report.translation);
        assert!(report.stems[1].moved_lu.value().unwrap().abs() < 1e-6);
    }
    // In mono the centre keeps its power on two loudspeakers, at 900 Hz through the telephone too.
    assert!(reports[1].shift_lu.value().unwrap().abs() < 1e-6);
    // Butterworth of order 4: (300/900)^8 of the power is 0.0007 dB, and what rings in and out takes
    // some ms of 2 s.
    assert!(reports[2].shift_lu.value().unwrap().abs() < 0.01);
    let none = [Translation::Loudspeaker { low_hz: 500.0, high_hz: 400.0 }];
    assert!(check_translations(block, &stems, &none, stream(Layout::SURROUND_5_1)).is_err());
    let with_lfe = downmix_matrix(Layout::SURROUND_5_1, Layout::STEREO)
        .unwrap()
        .with_lfe(LfePolicy::Fold { gain_db: 0.0 })
        .unwrap();
    let targets = [FoldTarget::matrix("with LFE", with_lfe)];
    let setup = FoldCheckSetup::default();
    let report =
        check_fold_downs(block, &[], &targets, &setup, stream(Layout::SURROUND_5_1)).unwrap();
    assert!(report.targets[0].shift_lu.value().unwrap() > 3.0);
}

#[test]
fn the_profiles_of_dynamic_range_control_meet_their_printed_ends() {
    for (profile, boost_db, null) in [
        (DrcProfile::FilmStandard, 6.0, -31.0..=-26.0),
        (DrcProfile::FilmLight, 6.0, -41.0..=-21.0),
        (DrcProfile::MusicStandard, 12.0, -31.0..=-26.0),
        (DrcProfile::MusicLight, 12.0, -41.0..=-21.0),
        (DrcProfile::Speech, 15.0, -31.0..=-26.0),
    ] {
        let mut last = f64::INFINITY;
        for tenth in -1000..=100 {
            let level_db = f64::from(tenth) / 10.0;
            let gain_db = profile.gain_db(level_db);
            assert!(gain_db <= last, "{profile:?} rises at {level_db}");
            // Louder in is never softer out.
            let step_db = if last.is_finite() { last - gain_db } else { 0.0 };
            assert!(step_db <= 0.1 + 1e-9, "{profile:?} {level_db}");
            assert_eq!(gain_db == 0.0, null.contains(&level_db), "{profile:?} {level_db}");
            last = gain_db;
        }
        assert_eq!(profile.gain_db(-90.0), boost_db);
        assert!(profile.citation().starts_with("Dolby, DP5"));
    }
    // 6 dB into the early cut, and 4 dB further into the cut: n:1 leaves 1/n of what comes in.
    for (profile, early_db, early_ratio, cut) in [
        (DrcProfile::FilmStandard, -26.0, 2.0, Some((-16.0, 20.0))),
        (DrcProfile::FilmLight, -21.0, 2.0, Some((-11.0, 20.0))),
        (DrcProfile::MusicStandard, -26.0, 2.0, Some((-16.0, 20.0))),
        (DrcProfile::MusicLight, -21.0, 2.0, None),
        (DrcProfile::Speech, -26.0, 2.0, Some((-16.0, 20.0))),
    ] {
        let slope = |from_db: f64, to_db: f64| {
            1.0 + (profile.gain_db(to_db) - profile.gain_db(from_db)) / (to_db - from_db)
        };
        let early = slope(early_db, early_db + 6.0);
        assert!((early - 1.0 / early_ratio).abs() <= 1e-12, "{profile:?} {early}");
        match cut {
            Some((from_db, ratio)) => {
                let cut = slope(from_db, from_db + 4.0);
                assert!((cut - 1.0 / ratio).abs() <= 1e-12, "{profile:?} {cut}");
                assert!((slope(from_db - 4.0, from_db) - 0.5).abs() <= 1e-12, "{profile:?}");
            }
            // 2:1 up to +9 dB.
            None => assert!((slope(-21.0, 9.0) - 0.5).abs() <= 1e-12, "{profile:?}"),
        }
    }
    // 10 dB below the null band at 5:1; 19 dB would be 15.2, of which 15 are printed.
    assert!((DrcProfile::Speech.gain_db(-41.0) - 8.0).abs() <= 1e-12);
    assert_eq!(DrcProfile::Speech.gain_db(-50.0), 15.0);
    assert_eq!(DrcProfile::Off.gain_db(0.0), 0.0);
}
