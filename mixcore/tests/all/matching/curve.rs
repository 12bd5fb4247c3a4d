//! The curve between two voices of tones, whose difference is known band by band.

use mixcore::analysis::{BandVerdict, EqMatch, MatchSetup, ThirdOctave, VoiceSpectrum};
use mixcore::math;
use mixcore::units::Reading;

use super::{band, comb, read, value};

/// Both voices have the same phrases, so only rounding differs; but a gate that lies elsewhere by a
/// window takes another edge in, and windows leak.
const SAME_DB: f64 = 0.02;
const RATE_HZ: f64 = 48_000.0;

fn quiet(_: f64) -> f64 {
    -95.0
}

fn plain() -> VoiceSpectrum {
    read(&comb(RATE_HZ, |_| -40.0, quiet), RATE_HZ)
}

/// The voice with a difference in dB at each frequency.
fn changed(rate_hz: f64, change_db: impl Fn(f64) -> f64) -> VoiceSpectrum {
    read(&comb(rate_hz, |hz| -40.0 + change_db(hz), quiet), rate_hz)
}

fn matched(candidate: &VoiceSpectrum, setup: MatchSetup) -> EqMatch {
    EqMatch::new(&plain(), candidate, setup).unwrap()
}

#[test]
fn a_recording_needs_nothing_to_match_itself() {
    let found = matched(&plain(), MatchSetup::default());
    assert_eq!(value(found.gain_db()), 0.0);
    assert_eq!(value(found.offset_db()), 0.0);
    for one in found.bands() {
        assert_eq!(one.correction_db, 0.0);
        let inside = (80.0..=12_500.0).contains(&one.band.nominal_hz());
        let expected = if inside { BandVerdict::Matched } else { BandVerdict::OutsideRange };
        assert_eq!(one.verdict, expected, "{}", one.band);
    }
}

/// A bump of one band stays a bump of one band; level and tone are apart.
#[test]
fn a_bump_is_cut_where_it_is_and_the_level_is_a_gain() {
    let candidate = changed(RATE_HZ, |hz| if hz == 250.0 { -12.0 + 5.0 } else { -12.0 });
    let found = matched(&candidate, MatchSetup::default());
    assert!((value(found.offset_db()) - 12.0).abs() < SAME_DB);
    for one in found.bands() {
        let expected = if one.band == band(250.0) { -5.0 } else { 0.0 };
        assert!((one.correction_db - expected).abs() < SAME_DB, "{one:?}");
    }
    // A tone in the centre of its band is corrected by the value there, so the gain is 12 dB; as the
    // module takes power as even within a band, the band's mean is 0.5 dB less deep. One band of 22.
    assert!((value(found.gain_db()) - 12.0).abs() < 0.03, "{:?}", found.gain_db());
    // What is left by a filter that does nothing is the bump itself.
    let left = value(found.residual_db(band(250.0), |_| 0.0));
    assert!((left + 5.0).abs() < 0.5, "{left}");
}

#[test]
fn strength_scales_the_tone_and_not_the_level() {
    let candidate = changed(RATE_HZ, |hz| if hz > 3000.0 { -16.0 } else { -12.0 });
    for strength_percent in [0.0, 25.0, 50.0, 100.0] {
        let found = matched(&candidate, MatchSetup { strength_percent, ..MatchSetup::default() });
        let step = found.band(band(5000.0)).correction_db - found.band(band(1000.0)).correction_db;
        assert!((step - 4.0 * strength_percent / 100.0).abs() < SAME_DB, "{strength_percent}");
        // The levels are alike whatever of the tone is left.
        assert!((11.9..13.8).contains(&value(found.gain_db())), "{:?}", found.gain_db());
    }
}

#[test]
fn limits_are_kept_and_named() {
    let candidate = changed(RATE_HZ, |hz| match hz {
        160.0 => 20.0,
        4000.0 => -20.0,
        _ => 0.0,
    });
    for (max_boost_db, max_cut_db) in [(6.0, 12.0), (3.0, 4.0), (0.0, 0.0), (24.0, 48.0)] {
        let setup = MatchSetup { max_boost_db, max_cut_db, ..MatchSetup::default() };
        let found = matched(&candidate, setup);
        let (low, high) = (found.band(band(160.0)), found.band(band(4000.0)));
        assert!((low.correction_db + max_cut_db.min(20.0)).abs() < SAME_DB, "{low:?}");
        assert!((high.correction_db - max_boost_db.min(20.0)).abs() < SAME_DB, "{high:?}");
        let limited = max_boost_db < 20.0;
        assert_eq!(low.verdict == BandVerdict::CutLimited, limited);
        assert_eq!(high.verdict == BandVerdict::BoostLimited, limited);
        assert!(found.band(band(1000.0)).verdict.counts());
        // The curve between the bands does not pass the limits, at any frequency.
        for step in 0..2000 {
            let hz = 10.0 * math::exp10(f64::from(step) / 600.0);
            let db = found.response_db(hz);
            assert!(db <= max_boost_db && db >= -max_cut_db, "{hz}: {db}");
        }
    }
}

/// A line through the bands: the triangle leaves it, and halves a single bump.
#[test]
fn smoothing_leaves_a_tilt_and_spreads_a_bump() {
    let tilt = |hz: f64| 3.0 * math::log10(hz / 1000.0);
    let candidate = changed(RATE_HZ, |hz| tilt(hz) + if hz == 1000.0 { 4.0 } else { 0.0 });
    let setup = MatchSetup { smoothing_octaves: 2.0 / 3.0, ..MatchSetup::default() };
    let found = matched(&candidate, setup);
    let offset = value(found.offset_db());
    for one in found.bands().filter(|one| (250.0..8000.0).contains(&one.band.nominal_hz())) {
        // Weights 1/4, 1/2, 1/4.
        let bump = match one.band.nominal_hz() {
            1000.0 => 2.0,
            800.0 | 1250.0 => 1.0,
            _ => 0.0,
        };
        let expected = -tilt(one.band.nominal_hz()) - bump - offset;
        // The nominal frequencies are not evenly spaced: 0.05 dB of the tilt.
        assert!((one.correction_db - expected).abs() < 0.05 + SAME_DB, "{one:?} {expected}");
    }
    for smoothing_octaves in [0.0, 0.2, 1.0 / 3.0] {
        let found = matched(&candidate, MatchSetup { smoothing_octaves, ..MatchSetup::default() });
        let one = found.band(band(1000.0));
        assert!((one.correction_db + 4.0 + value(found.offset_db())).abs() < SAME_DB, "{one:?}");
    }
}

#[test]
fn parts_are_switched_by_themselves() {
    let candidate = changed(RATE_HZ, |hz| if hz > 3000.0 { -16.0 } else { -12.0 });
    let tone = matched(&candidate, MatchSetup { level: false, ..MatchSetup::default() });
    assert_eq!(tone.gain_db(), Reading::Value(0.0));
    assert!(tone.band(band(5000.0)).correction_db > 1.0);
    let level = matched(&candidate, MatchSetup { tone: false, ..MatchSetup::default() });
    assert!(level.bands().all(|one| one.correction_db == 0.0));
    assert!((12.0..14.5).contains(&value(level.gain_db())));
    let none =
        matched(&candidate, MatchSetup { tone: false, level: false, ..MatchSetup::default() });
    assert_eq!((none.gain_db(), none.response_db(5000.0)), (Reading::Value(0.0), 0.0));
    assert_eq!(none.low_cut_hz(), None);
    let low_cut = MatchSetup { tone: false, level: false, low_cut: true, ..MatchSetup::default() };
    let found = matched(&candidate, low_cut);
    // 80 Hz is the lowest band that is read.
    let corner = found.low_cut_hz().unwrap();
    assert!((corner - 39.8).abs() < 0.1, "{corner}");
    // Butterworth of second order: −3.01 dB at the corner, −0.26 dB an octave above, −12.3 below.
    for (octaves, db) in [(0.0, -3.01), (1.0, -0.263), (-1.0, -12.30)] {
        let hz = corner * math::exp2(octaves);
        assert!((found.response_db(hz) - db).abs() < 0.01, "{octaves}");
    }
}

/// The voice of the reference begins at 200 Hz (a woman's, on a wind-cut boom): what lies below is cut.
#[test]
fn the_low_cut_lies_an_octave_below_the_voice() {
    let audio = comb(
        RATE_HZ,
        |hz| if hz < 180.0 { -75.0 } else { -40.0 },
        |hz| if hz < 180.0 { -75.0 } else { -95.0 },
    );
    let setup = MatchSetup { low_cut: true, ..MatchSetup::default() };
    let found = EqMatch::new(&read(&audio, RATE_HZ), &plain(), setup).unwrap();
    assert!((found.low_cut_hz().unwrap() - 99.8).abs() < 0.1, "{:?}", found.low_cut_hz());
}

#[test]
fn what_is_noise_is_not_boosted_and_says_so() {
    // The candidate hisses from 5 kHz on, as loud in the pauses as in the phrases, and below the voice
    // of the reference; at 200 Hz the reference hums.
    let hiss = |hz: f64| hz > 4500.0;
    let candidate = comb(
        RATE_HZ,
        |hz| if hiss(hz) { -50.0 } else { -42.0 },
        |hz| if hiss(hz) { -50.0 } else { -95.0 },
    );
    let reference = comb(
        RATE_HZ,
        |hz| if hz == 200.0 { -70.0 } else { -40.0 },
        |hz| if hz == 200.0 { -70.0 } else { -95.0 },
    );
    let (reference, candidate) = (read(&reference, RATE_HZ), read(&candidate, RATE_HZ));
    let found = EqMatch::new(&reference, &candidate, MatchSetup::default()).unwrap();
    for one in found.bands().filter(|one| one.verdict != BandVerdict::OutsideRange) {
        let expected = match one.band.nominal_hz() {
            200.0 => BandVerdict::ReferenceNoise,
            hz if hiss(hz) => BandVerdict::CandidateNoise,
            _ => BandVerdict::Matched,
        };
        assert_eq!(one.verdict, expected, "{one:?}");
        if !one.verdict.counts() {
            assert!(one.correction_db <= 0.0, "{one:?}");
            // What was measured is there to be seen.
            assert!(one.difference_db.value().is_some());
        }
    }
    let both = EqMatch::new(&candidate, &candidate, MatchSetup::default()).unwrap();
    assert_eq!(both.band(band(8000.0)).verdict, BandVerdict::BothNoise);
}

/// A cut goes on into what is left out, a boost does not.
#[test]
fn outside_the_range_a_cut_goes_on_and_a_boost_ends() {
    let setup = MatchSetup { lowest_hz: 200.0, highest_hz: 5000.0, ..MatchSetup::default() };
    let candidate = changed(RATE_HZ, |hz| {
        if hz < 300.0 {
            4.0
        } else if hz > 3000.0 {
            -4.0
        } else {
            0.0
        }
    });
    let found = matched(&candidate, setup);
    for hz in [20.0, 100.0, 160.0, 250.0] {
        assert!((found.response_db(hz) + 4.0).abs() < SAME_DB, "{hz}");
    }
    for hz in [8000.0, 16_000.0, 20_000.0, 23_999.0] {
        assert_eq!(found.response_db(hz), 0.0, "{hz}");
    }
    assert!((found.response_db(4000.0) - 4.0).abs() < 0.2);
}

#[test]
fn rates_may_differ() {
    let candidate = changed(16_000.0, |hz| if hz < 300.0 { 3.0 } else { 0.0 });
    let found = matched(&candidate, MatchSetup::default());
    assert_eq!(found.rate_hz(), 16_000.0);
    for hz in [125.0, 200.0] {
        let one = found.band(band(hz));
        assert!((one.correction_db + 3.0).abs() < 0.1, "{one:?}");
    }
    for hz in [500.0, 1000.0, 5000.0] {
        assert!(found.band(band(hz)).correction_db.abs() < 0.1);
    }
    // A recording at 16 kHz has no 8 kHz band.
    assert_eq!(found.band(band(8000.0)).verdict, BandVerdict::NotThere);
    assert_eq!(found.band(band(8000.0)).difference_db, Reading::NotApplicable);
}

#[test]
fn without_enough_of_a_voice_there_is_no_match_and_it_says_why() {
    let silence = read(&[0.0_f32; 480_000], RATE_HZ);
    let short = read(&comb(RATE_HZ, |_| -40.0, quiet)[..90_000], RATE_HZ);
    let noise = read(&comb(RATE_HZ, |_| -60.0, |_| -60.0), RATE_HZ);
    for (other, verdict) in [
        (silence, BandVerdict::NoSignal),
        (short, BandVerdict::NoSignal),
        (noise, BandVerdict::CandidateNoise),
    ] {
        let found = matched(&other, MatchSetup { low_cut: true, ..MatchSetup::default() });
        match (found.gain_db(), verdict) {
            (Reading::BelowGate | Reading::TooShort { .. }, BandVerdict::NoSignal)
            | (Reading::NotApplicable, BandVerdict::CandidateNoise) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(found.low_cut_hz(), None);
        for one in found.bands() {
            assert_eq!(one.correction_db, 0.0);
            assert!(one.verdict == verdict || one.verdict == BandVerdict::OutsideRange, "{one:?}");
        }
        // The other way round too.
        let turned = EqMatch::new(&other, &plain(), MatchSetup::default()).unwrap();
        assert!(turned.gain_db().value().is_none());
        assert!(ThirdOctave::all().all(|band| turned.band(band).correction_db == 0.0));
    }
}

#[test]
fn setups_out_of_range_are_refused() {
    let good = MatchSetup::default();
    for (setup, field) in [
        (MatchSetup { strength_percent: 101.0, ..good }, "strength_percent"),
        (MatchSetup { strength_percent: f64::NAN, ..good }, "strength_percent"),
        (MatchSetup { max_boost_db: -1.0, ..good }, "max_boost_db"),
        (MatchSetup { max_cut_db: 49.0, ..good }, "max_cut_db"),
        (MatchSetup { smoothing_octaves: 4.0, ..good }, "smoothing_octaves"),
        (MatchSetup { lowest_hz: 10.0, ..good }, "lowest_hz"),
        (MatchSetup { lowest_hz: 500.0, highest_hz: 400.0, ..good }, "highest_hz"),
    ] {
        let text = EqMatch::new(&plain(), &plain(), setup).unwrap_err().to_string();
        assert!(text.starts_with(field) && text.contains("allowed"), "{text}");
    }
}
