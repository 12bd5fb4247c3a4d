//! The taps: their response against the curve, their phase, their limits.

use mixcore::analysis::{EqMatch, FirPhase, MatchSetup, taps_response_db};
use mixcore::{Error, math};

use super::{comb, read};

const RATE_HZ: f64 = 48_000.0;
/// From 100 Hz on, with 2047 taps: the window averages over 47 Hz, nearly two bands there, so it takes some
/// off a step of 3 dB from one band to the next.
const LOW_END_DB: f64 = 0.3;
/// From 250 Hz on.
const DB: f64 = 0.05;

/// Taps in memory of their own, whatever the feature set.
fn taps(found: &EqMatch, phase: FirPhase, count: usize) -> Vec<f64> {
    let mut taps = vec![1.0; count];
    let mut work = vec![1.0; EqMatch::fir_work_len(count).unwrap()];
    found.fir_taps_in(phase, &mut taps, &mut work).unwrap();
    taps
}

/// A bump, a dip and lost treble.
fn example(setup: MatchSetup) -> EqMatch {
    let voice = |hz: f64| -40.0 - 6.0 * math::log2(hz / 500.0).abs().max(1.0);
    let quiet = |_: f64| -110.0;
    let change = |hz: f64| match hz {
        160.0 | 250.0 => 3.0,
        200.0 => 5.0,
        1000.0 => -4.0,
        800.0 | 1250.0 => -2.0,
        hz if hz > 4500.0 => -5.0,
        _ => 0.0,
    };
    let reference = read(&comb(RATE_HZ, voice, quiet), RATE_HZ);
    let candidate = read(&comb(RATE_HZ, |hz| voice(hz) + change(hz), quiet), RATE_HZ);
    EqMatch::new(&reference, &candidate, setup).unwrap()
}

#[test]
fn taps_have_the_response_of_the_curve() {
    for setup in [MatchSetup::default(), MatchSetup { low_cut: true, ..MatchSetup::default() }] {
        let found = example(setup);
        for (phase, count) in [
            (FirPhase::Minimum, 2048),
            (FirPhase::Minimum, 4096),
            (FirPhase::Linear, 2047),
            (FirPhase::Linear, 4095),
        ] {
            let taps = taps(&found, phase, count);
            for step in 0..200 {
                let hz = 100.0 * math::exp10(f64::from(step) * math::log10(230.0) / 199.0);
                let apart = taps_response_db(&taps, RATE_HZ, hz) - found.response_db(hz);
                let allowed = if hz < 250.0 { LOW_END_DB } else { DB };
                assert!(apart.abs() < allowed, "{phase:?} {count} {hz}: {apart}");
            }
        }
    }
}

/// The winding of the response counts its zeros outside the unit circle: none.
#[test]
fn minimum_phase_has_no_zero_outside_the_unit_circle() {
    let found = example(MatchSetup::default());
    for (phase, count, turns) in [
        (FirPhase::Minimum, 512, 0.0),
        (FirPhase::Minimum, 2048, 0.0),
        (FirPhase::Linear, 511, 255.0),
    ] {
        let taps = taps(&found, phase, count);
        let (mut total, mut last) = (0.0, 0.0);
        // Steps so small that the linear phase turns by less than a quarter.
        let steps = 4 * count;
        for step in 0..=steps {
            let w = math::PI * step as f64 / steps as f64;
            let (mut re, mut im) = (0.0, 0.0);
            for (n, tap) in taps.iter().enumerate() {
                re += tap * math::cos(w * n as f64);
                im -= tap * math::sin(w * n as f64);
            }
            let angle = math::atan2(im, re);
            let change = angle - last;
            total += change - 2.0 * math::PI * math::round(change / (2.0 * math::PI));
            last = angle;
        }
        // Half turns from 0 Hz to half the rate: one for each zero outside.
        let half_turns = -total / math::PI;
        assert!((half_turns - turns).abs() < 1e-6, "{phase:?} {count}: {half_turns}");
    }
}

#[test]
fn linear_phase_is_symmetric_about_a_whole_frame() {
    let taps = taps(&example(MatchSetup::default()), FirPhase::Linear, 1023);
    for (first, last) in taps.iter().zip(taps.iter().rev()) {
        assert_eq!(first.to_bits(), last.to_bits());
    }
    let largest = taps.iter().fold(0.0_f64, |max, tap| max.max(tap.abs()));
    assert_eq!(taps[511].abs(), largest);
}

#[test]
fn nothing_to_do_is_one_tap() {
    let found = example(MatchSetup { tone: false, ..MatchSetup::default() });
    for (phase, count, at) in [(FirPhase::Minimum, 256, 0), (FirPhase::Linear, 255, 127)] {
        let taps = taps(&found, phase, count);
        for (n, tap) in taps.iter().enumerate() {
            let expected = if n == at { 1.0 } else { 0.0 };
            assert!((tap - expected).abs() < 1e-12, "{phase:?} {n}: {tap}");
        }
    }
}

#[test]
fn lengths_and_memory_that_do_not_fit_are_refused() {
    let found = example(MatchSetup::default());
    let mut work = vec![0.0; EqMatch::fir_work_len(1024).unwrap()];
    for count in [0, 15, 8193, usize::MAX] {
        assert!(matches!(
            EqMatch::fir_work_len(count),
            Err(Error::OutOfRange { field: "taps", .. })
        ));
    }
    let refused = found.fir_taps_in(FirPhase::Minimum, &mut [0.0; 15], &mut work);
    assert!(matches!(refused, Err(Error::OutOfRange { field: "taps", .. })));
    let refused = found.fir_taps_in(FirPhase::Linear, &mut [0.0; 64], &mut work);
    let text = refused.unwrap_err().to_string();
    assert!(text.starts_with("taps is 64, allowed is an odd number"), "{text}");
    assert!(text.ends_with("take one tap more"), "{text}");
    let short = work.len() - 1;
    let refused = found.fir_taps_in(FirPhase::Minimum, &mut [0.0; 1024], &mut work[..short]);
    assert!(matches!(refused, Err(Error::Storage { .. })));
    // More than enough is enough.
    assert!(found.fir_taps_in(FirPhase::Linear, &mut [0.0; 101], &mut work).is_ok());
}

#[cfg(feature = "alloc")]
#[test]
fn owned_taps_are_the_lent_ones() {
    let found = example(MatchSetup::default());
    let owned = found.fir_taps(FirPhase::Minimum, 300).unwrap();
    assert_eq!(owned, taps(&found, FirPhase::Minimum, 300));
    assert!(found.fir_taps(FirPhase::Linear, 300).is_err());
}
