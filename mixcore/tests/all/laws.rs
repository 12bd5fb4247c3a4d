//! Fader laws against their tables, and against themselves backwards.

use mixcore::level::{Fader, FaderLaw, FaderParams, FaderSetup};
use mixcore::{Layout, Stream};

/// Every law, and how many dB of slope a position can have at most: what a rounding of the position
/// in its last place moves the level by.
const LAWS: [FaderLaw; 8] = [
    FaderLaw::ConsoleTaper,
    FaderLaw::Ardour,
    FaderLaw::X32,
    FaderLaw::X32Style,
    FaderLaw::Cubic,
    FaderLaw::LinearDb { low_db: -60.0, high_db: 12.0 },
    FaderLaw::LinearDb { low_db: -144.0, high_db: 120.0 },
    FaderLaw::Iec60268Scale,
];

/// The bound of an inverse; the laws are within some units of the last place.
const INVERSE: f64 = 1e-12;

fn check(law: FaderLaw, table: &[(f64, f64)], tolerance_db: f64) {
    for &(position, db) in table {
        let found = law.db_at(position).unwrap();
        assert!((found - db).abs() <= tolerance_db, "{law:?} at {position}: {found} dB, not {db}");
    }
}

#[test]
fn the_console_taper_is_mccartneys_table() {
    let law = FaderLaw::ConsoleTaper;
    // +10 dB at 100 mm, 5 dB per 12 mm to 52 mm, 10 dB per 12 mm to 16 mm, 20 dB per 12 mm to 4 mm.
    let table = [
        (100.0, 10.0),
        (88.0, 5.0),
        (76.0, 0.0),
        (64.0, -5.0),
        (52.0, -10.0),
        (40.0, -20.0),
        (28.0, -30.0),
        (16.0, -40.0),
        (10.0, -50.0),
        (4.0, -60.0),
    ];
    for (mm, db) in table {
        assert!((law.db_at_mm(mm).unwrap() - db).abs() <= INVERSE * 100.0, "{mm} mm");
        assert!((law.mm_of(db).unwrap() - mm).abs() <= INVERSE * 100.0, "{db} dB");
    }
    for (mm, db) in [(100.0, 10.0), (76.0, 0.0), (52.0, -10.0), (16.0, -40.0), (4.0, -60.0)] {
        assert_eq!((law.db_at_mm(mm).unwrap(), law.mm_of(db).unwrap()), (db, mm));
    }
}

#[test]
fn ardours_law_has_unity_at_0_782() {
    /// The table has three places of the position.
    const PLACES: f64 = 0.0005;
    let law = FaderLaw::Ardour;
    assert!((law.position_of(0.0).unwrap() - 0.782).abs() < PLACES);
    assert!((law.position_of(-20.0).unwrap() - 0.325).abs() < PLACES);
    // Gain 2, and 2^-32 where the eighth power begins.
    assert_eq!(law.db_at(1.0).unwrap(), 20.0 * 2.0_f64.log10());
    assert!((law.db_at(1e-300).unwrap() + 32.0 * 20.0 * 2.0_f64.log10()).abs() < 1e-9);
    // The formula over gains: ((6·log2(g) + 192)/198)^8.
    for db in [-120.0_f64, -60.0, -33.3, -6.0, 3.0] {
        let gain = 10.0_f64.powf(db / 20.0);
        let formula = ((6.0 * gain.log2() + 192.0) / 198.0).powi(8);
        assert!((law.position_of(db).unwrap() - formula).abs() < INVERSE);
    }
}

#[test]
fn x32_laws_meet_at_unity_and_top() {
    check(
        FaderLaw::X32,
        &[(1.0, 10.0), (0.75, 0.0), (0.5, -10.0), (0.25, -30.0), (0.0625, -60.0)],
        0.0,
    );
    // Inside the four lines: 40p − 30, 80p − 50, 160p − 70, 480p − 90.
    check(FaderLaw::X32, &[(0.9, 6.0), (0.4, -18.0), (0.1, -54.0), (0.03, -75.6)], INVERSE * 100.0);
    let style = FaderLaw::X32Style;
    check(style, &[(1.0, 10.0), (0.75, 0.0)], 0.0);
    check(style, &[(0.875, 5.0), (0.075, -40.0), (0.0075, -80.0)], INVERSE * 100.0);
    let apart_db = |p| style.db_at(p).unwrap() - FaderLaw::X32.db_at(p).unwrap();
    assert!((apart_db(0.5) - 3.0).abs() < 0.5 && (apart_db(0.0625) - 17.0).abs() < 0.5);
}

#[test]
fn the_cubic_law_is_the_third_power() {
    for p in [0.01, 0.3, 0.5, 0.793_700_525_984_099_8, 1.0_f64] {
        let db = FaderLaw::Cubic.db_at(p).unwrap();
        assert!((10.0_f64.powf(db / 20.0) - p * p * p).abs() < INVERSE);
    }
    assert_eq!(FaderLaw::Cubic.db_at(1.0).unwrap(), 0.0);
}

#[test]
fn a_linear_law_spans_its_range() {
    let law = FaderLaw::linear_db(-60.0, 12.0).unwrap();
    check(law, &[(1.0, 12.0), (0.5, -24.0), (0.25, -42.0)], INVERSE * 100.0);
    assert_eq!(law.position_of(-60.0).unwrap(), 0.0);
    assert_eq!(law.position_of(-80.0).unwrap(), 0.0);
    assert!(law.db_at(1e-9).unwrap() > -60.0);
}

#[test]
fn the_iec_scale_is_the_meters() {
    let table = [
        (1.0, 0.0),
        (0.75, -9.0),
        (0.5, -20.0),
        (0.3, -30.0),
        (0.15, -40.0),
        (0.075, -50.0),
        (0.025, -60.0),
    ];
    check(FaderLaw::Iec60268Scale, &table, 0.0);
    // Half-way between two marks, and half of the last 2.5 % (straight in amplitude).
    let inside = [(0.875, -4.5), (0.625, -14.5), (0.4, -25.0), (0.0125, -60.0 - 6.020_599_913_28)];
    check(FaderLaw::Iec60268Scale, &inside, 1e-9);
}

#[test]
fn every_law_is_monotone_with_exact_ends_and_an_exact_inverse() {
    for law in LAWS {
        assert_eq!(law.db_at(0.0).unwrap(), f64::NEG_INFINITY, "{law:?}");
        assert_eq!(law.db_at(-0.0).unwrap(), f64::NEG_INFINITY, "{law:?}");
        assert_eq!(law.position_of(f64::NEG_INFINITY).unwrap(), 0.0, "{law:?}");
        assert_eq!(law.db_at(1.0).unwrap(), law.top_db(), "{law:?}");
        assert_eq!(law.position_of(law.top_db()).unwrap(), 1.0, "{law:?}");
        let mut before_db = f64::NEG_INFINITY;
        let mut before = 0.0;
        for n in 1..=20_000 {
            let position = f64::from(n) / 20_000.0;
            let db = law.db_at(position).unwrap();
            assert!(db > before_db, "{law:?} at {position}");
            before_db = db;
            let back = law.position_of(db).unwrap();
            assert!((back - position).abs() <= INVERSE, "{law:?}: {position} came back as {back}");
            assert!(back > before, "{law:?} backwards at {position}");
            before = back;
            // In decibels too, where a step of the position is no cliff of the level.
            let again = law.db_at(back).unwrap();
            assert!((again - db).abs() <= INVERSE * 500.0, "{law:?} at {db} dB: {again}");
        }
    }
}

#[test]
fn positions_and_levels_off_the_scale_are_errors_that_say_so() {
    for law in LAWS {
        for position in [-1e-9, 1.000_001, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let text = law.db_at(position).unwrap_err().to_string();
            assert!(text.contains("position") && text.contains("0 to 1"), "{text}");
        }
        for db in [law.top_db() + 1e-9, f64::NAN, f64::INFINITY] {
            let text = law.position_of(db).unwrap_err().to_string();
            assert!(text.contains("level_db"), "{text}");
        }
    }
    assert!(FaderLaw::ConsoleTaper.db_at_mm(101.0).unwrap_err().to_string().contains("0 to 100"));
    for (low, high) in [(-150.0, 0.0), (0.0, 0.5), (10.0, -10.0), (0.0, 121.0), (f64::NAN, 0.0)] {
        assert!(FaderLaw::linear_db(low, high).is_err());
        // A law put together by hand is checked where it is used.
        assert!(FaderLaw::LinearDb { low_db: low, high_db: high }.db_at(0.5).is_err());
    }
}

#[test]
fn a_position_sets_a_fader() {
    let stream = Stream::new(48_000.0, Layout::STEREO).unwrap();
    for position in [0.0, 0.2, 0.76, 1.0] {
        let db = FaderLaw::ConsoleTaper.db_at(position).unwrap();
        let params = FaderParams { gain_db: db.max(-144.0) };
        assert!(Fader::new(FaderSetup::default(), params, stream).is_ok(), "{position}");
    }
}
