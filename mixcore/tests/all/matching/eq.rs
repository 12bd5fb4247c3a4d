//! The bands of an equaliser: they meet curves that bands have made, stay in their bounds and in order.

use mixcore::analysis::{EqMatch, MAX_MATCH_BANDS, MatchEq, MatchSetup};
use mixcore::filters::design::{Method, Shape, prototype, second_order};
use mixcore::filters::{Eq, EqSetup};
use mixcore::{Layout, Stream, math};

use super::{comb, read};

const RATE_HZ: f64 = 48_000.0;
/// Between two centres the curve is a cubic, a bell is not; and levels of a comb are good to 0.02 dB.
const CURVE_DB: f64 = 0.35;

/// Bands that were put on the voice.
const PLANTED: [(Shape, f64, f64, f64); 4] = [
    (Shape::LowShelf, 160.0, 0.6, -4.0),
    (Shape::Bell, 500.0, 1.0, 5.0),
    (Shape::Bell, 2000.0, 1.2, -6.0),
    (Shape::HighShelf, 6000.0, 0.7, 4.0),
];

fn planted_db(count: usize, hz: f64) -> f64 {
    let bands = PLANTED.iter().take(count);
    bands.map(|(shape, at, q, db)| prototype::second_order_db(*shape, *at, *q, *db, hz)).sum()
}

/// The match of a voice with the first `count` bands on it.
fn example(count: usize, rate_hz: f64, setup: MatchSetup) -> EqMatch {
    let quiet = |_: f64| -110.0;
    let reference = read(&comb(rate_hz, |_| -40.0, quiet), rate_hz);
    let candidate = read(&comb(rate_hz, |hz| -40.0 + planted_db(count, hz), quiet), rate_hz);
    EqMatch::new(&reference, &candidate, setup).unwrap()
}

/// Largest distance of the response to what undoes the planted bands, level left out, 80 Hz to 10 kHz.
fn apart(eq: &MatchEq, found: &EqMatch, count: usize) -> f64 {
    // The gain takes what lies between them in level.
    let gain = found.gain_with_db(|hz| eq.response_db(hz)).value().unwrap();
    (0..200).fold(0.0_f64, |largest, step| {
        let hz = 80.0 * math::exp10(f64::from(step) * math::log10(125.0) / 199.0);
        largest.max((eq.response_db(hz) + planted_db(count, hz) + gain).abs())
    })
}

#[test]
fn bands_undo_the_bands_that_were_planted() {
    for rate_hz in [44_100.0, 48_000.0, 96_000.0] {
        for count in 1..=PLANTED.len() {
            let found = example(count, rate_hz, MatchSetup::default());
            let eq = found.eq_bands(8, 0.15).unwrap();
            assert!(eq.largest_error_db() <= 0.15, "{rate_hz} {count}: {}", eq.largest_error_db());
            let apart = apart(&eq, &found, count);
            println!("{rate_hz} {count}: {} bands, {apart:.2} dB", eq.bands().len());
            assert!(apart < CURVE_DB, "{rate_hz} {count}: {apart} {:?}", eq.bands());
        }
    }
}

#[test]
fn more_bands_leave_less_and_no_more_are_used_than_it_takes() {
    let found = example(4, RATE_HZ, MatchSetup::default());
    let mut last = f64::INFINITY;
    for max_bands in 1..=MAX_MATCH_BANDS {
        let eq = found.eq_bands(max_bands, 0.05).unwrap();
        assert!(eq.bands().len() <= max_bands);
        // The largest error is not what is made small, so it may rise a little.
        assert!(eq.largest_error_db() < 1.2 * last, "{max_bands}");
        last = eq.largest_error_db();
    }
    assert!(last < 0.15, "{last}");
    // A coarse tolerance takes fewer.
    let few = found.eq_bands(8, 2.0).unwrap().bands().len();
    assert!(few < found.eq_bands(8, 0.2).unwrap().bands().len());
    let nothing = example(0, RATE_HZ, MatchSetup::default()).eq_bands(8, 0.1).unwrap();
    assert!(nothing.bands().is_empty() && nothing.response_db(1000.0) == 0.0);
}

#[test]
fn bands_are_ordinary_ones_in_order_and_say_what_their_sections_do() {
    let setup = MatchSetup { max_boost_db: 3.0, max_cut_db: 4.0, ..MatchSetup::default() };
    let eq = example(4, RATE_HZ, setup).eq_bands(8, 0.05).unwrap();
    assert!(eq.bands().windows(2).all(|pair| pair[0].hz <= pair[1].hz));
    let mut sum = 0.0;
    for (band, section) in eq.bands().iter().zip(eq.sections()) {
        assert!((30.0..=16_000.0).contains(&band.hz), "{band:?}");
        assert!((-4.0..=3.0).contains(&band.gain_db), "{band:?}");
        let q = if band.shape == Shape::Bell { 0.3..=6.0 } else { 0.4..=0.8 };
        assert!(q.contains(&band.q), "{band:?}");
        let (shape, hz, q, db) = (band.shape, band.hz, band.q, band.gain_db);
        assert_eq!(*section, second_order(Method::Matched, shape, hz, q, db, RATE_HZ).unwrap());
        sum += section.response_db(700.0, RATE_HZ);
    }
    assert_eq!(sum, eq.response_db(700.0));
    // An equaliser takes them as they are.
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let running =
        Eq::new(EqSetup { bands: MAX_MATCH_BANDS, ..EqSetup::default() }, eq.params(), stream);
    assert!((running.unwrap().response_db(700.0) - sum).abs() < 1e-9);
    // The same again, to the bit.
    assert_eq!(eq, example(4, RATE_HZ, setup).eq_bands(8, 0.05).unwrap());
}

#[test]
fn the_low_cut_is_one_band_more() {
    let setup = MatchSetup { low_cut: true, ..MatchSetup::default() };
    let found = example(4, RATE_HZ, setup);
    let eq = found.eq_bands(8, 0.15).unwrap();
    let first = eq.bands()[0];
    assert_eq!((first.shape, first.gain_db), (Shape::HighPass, 0.0));
    assert_eq!(Some(first.hz), found.low_cut_hz());
    assert!((eq.response_db(first.hz) - found.response_db(first.hz)).abs() < 1.0);
    let plain = example(4, RATE_HZ, MatchSetup::default()).eq_bands(8, 0.15).unwrap();
    assert_eq!(plain.bands(), &eq.bands()[1..]);
    // At 20 Hz an octave below the corner: 12.3 dB less.
    let less = plain.response_db(0.5 * first.hz) - eq.response_db(0.5 * first.hz);
    assert!((less - 12.3).abs() < 0.1, "{less}");
}

#[test]
fn arguments_out_of_range_are_refused() {
    let found = example(1, RATE_HZ, MatchSetup::default());
    for (max_bands, tolerance_db, field) in [
        (0, 0.3, "max_bands"),
        (9, 0.3, "max_bands"),
        (usize::MAX, 0.3, "max_bands"),
        (8, 0.0, "tolerance_db"),
        (8, f64::NAN, "tolerance_db"),
    ] {
        let text = found.eq_bands(max_bands, tolerance_db).unwrap_err().to_string();
        assert!(text.starts_with(field) && text.contains("allowed"), "{text}");
    }
}
