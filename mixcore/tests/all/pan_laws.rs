//! The pan laws and the pans of stereo sources: exact ends, known centres, the same in the mirror.

use mixcore::spatial::{PanForm, PanLaw, StereoPan};
use mixcore::units::gain_to_db;
use proptest::prelude::*;

/// Rounding of one sine or root, and of the table's position: a few ulp of 1.
const ROUNDING: f64 = 1e-15;

/// Positions of a pan pot in steps of 1/200.
fn positions() -> impl Iterator<Item = f64> {
    (-200..=200).map(|n| f64::from(n) / 200.0)
}

#[cfg(feature = "json")]
fn golden() -> serde_json::Value {
    serde_json::from_str(include_str!("data/pan_laws.json")).unwrap()
}

#[cfg(feature = "json")]
#[test]
fn all_eight_laws_are_the_golden_table() {
    /// Where ours is exactly 0 the table has the cosine of a rounded 90° to the power 0.83.
    const TABLE: f64 = 1e-13;
    let (golden, mut found) = (golden(), 0);
    for (law, name) in [
        (PanLaw::Linear6, "linear_-6"),
        (PanLaw::SinCos3, "sincos_-3"),
        (PanLaw::SquareRoot3, "sqrt_-3"),
        (PanLaw::SinCos4_5, "sin_-4.5"),
        (PanLaw::SquareRoot4_5, "sqrt_-4.5"),
        (PanLaw::SinCos6, "sin2_-6"),
        (PanLaw::SinCos2_5, "sin_-2.5"),
        (PanLaw::Balance0, "balance_0"),
    ] {
        let table = &golden["laws"][name];
        for (n, position) in golden["pan"].as_array().unwrap().iter().enumerate() {
            let position = position.as_f64().unwrap();
            let [left, right] = law.gains(PanForm::Plain, position).unwrap();
            let bound = if (position.abs() - 1.0).abs() < 1e-9 { TABLE } else { ROUNDING };
            for (ours, side) in [(left, "L"), (right, "R")] {
                let theirs = table[side][n].as_f64().unwrap();
                assert!((ours - theirs).abs() <= bound, "{name} {position}: {ours} {theirs}");
                found += 1;
            }
        }
    }
    assert_eq!(found, 8 * 41 * 2);
    assert_eq!(golden["laws"].as_object().unwrap().len(), PanLaw::ALL.len());
}

#[cfg(feature = "json")]
#[test]
fn web_audio_is_the_golden_matrices() {
    let golden = golden();
    let matrices = golden["web_audio_stereo_input_matrix"].as_array().unwrap();
    for (position, matrix) in golden["pan"].as_array().unwrap().iter().zip(matrices) {
        let position = position.as_f64().unwrap();
        let ours = StereoPan::WebAudio { position }.matrix().unwrap();
        for (row, theirs) in ours.iter().zip(matrix.as_array().unwrap()) {
            for (gain, theirs) in row.iter().zip(theirs.as_array().unwrap()) {
                assert!((gain - theirs.as_f64().unwrap()).abs() <= ROUNDING, "{position}");
            }
        }
    }
}

#[test]
fn the_ends_and_the_centre_are_exact() {
    for law in PanLaw::ALL {
        for (form, loud) in [(PanForm::Plain, 1.0), (PanForm::Compensated, 1.0 / law.centre_gain())]
        {
            let ends = [law.gains(form, -1.0).unwrap(), law.gains(form, 1.0).unwrap()];
            for (ours, exact) in ends.concat().iter().zip([loud, 0.0, 0.0, loud]) {
                assert_eq!(ours.to_bits(), f64::to_bits(exact), "{} {form:?}", law.name());
            }
            let [left, right] = law.gains(form, 0.0).unwrap();
            assert_eq!(left.to_bits(), right.to_bits());
            assert_eq!(left, if form == PanForm::Plain { law.centre_gain() } else { 1.0 });
            let minus_zero = law.gains(form, -0.0).unwrap();
            assert_eq!(minus_zero, [left, right]);
        }
    }
}

#[test]
fn the_names_say_what_the_centre_loses() {
    /// Names round to half a decibel: 4.52 is called 4.5, 6.02 is called 6, 3.01 is called 3.
    const NAME_DB: f64 = 0.025;
    for law in PanLaw::ALL {
        let db: f64 = law.name().split(' ').rev().nth(1).unwrap().parse().unwrap();
        assert!((gain_to_db(law.centre_gain()) - db).abs() < NAME_DB, "{}", law.name());
        assert_eq!(PanLaw::named(law.name()), Ok(law));
    }
    let error = PanLaw::named("sine -3").unwrap_err().to_string();
    assert!(error.contains("sine/cosine -3 dB"), "{error}");
}

#[test]
fn what_a_law_is_for_it_keeps() {
    for position in positions() {
        let at = |law: PanLaw| law.gains(PanForm::Plain, position).unwrap();
        for law in [PanLaw::SinCos3, PanLaw::SquareRoot3] {
            let [l, r] = at(law);
            assert!((l * l + r * r - 1.0).abs() <= ROUNDING, "the power of {}", law.name());
        }
        for law in [PanLaw::Linear6, PanLaw::SinCos6] {
            let [l, r] = at(law);
            assert!((l + r - 1.0).abs() <= ROUNDING, "the sum of {}", law.name());
        }
        let [l, r] = at(PanLaw::Balance0);
        assert_eq!(l.max(r), 1.0);
    }
}

#[test]
fn the_mirror_has_the_same_bits_and_nothing_turns_back() {
    for law in PanLaw::ALL {
        let mut before = [f64::INFINITY, f64::NEG_INFINITY];
        for position in positions() {
            let [l, r] = law.gains(PanForm::Plain, position).unwrap();
            let mirrored = law.gains(PanForm::Plain, -position).unwrap();
            assert_eq!([l.to_bits(), r.to_bits()], [mirrored[1].to_bits(), mirrored[0].to_bits()]);
            assert!(l <= before[0] && r >= before[1], "{} {position}", law.name());
            before = [l, r];
        }
    }
}

#[test]
fn a_stereo_source_that_is_not_panned_stays() {
    let stays = [[1.0, 0.0], [0.0, 1.0]];
    let (law, form) = (PanLaw::SinCos3, PanForm::Compensated);
    for pan in [
        StereoPan::Balance { law, form, position: 0.0 },
        StereoPan::Dual { law, form: PanForm::Plain, left: -1.0, right: 1.0 },
        StereoPan::WebAudio { position: 0.0 },
        StereoPan::Rotation { angle_deg: 0.0 },
    ] {
        assert_eq!(pan.matrix().unwrap(), stays, "{pan:?}");
        let matrix = pan.downmix_matrix().unwrap();
        assert_eq!((matrix.peak_bound_db(), matrix.power_bound_db()), (0.0, 0.0));
    }
}

#[test]
fn a_balance_lowers_one_side_and_a_dual_pan_places_each() {
    for law in PanLaw::ALL {
        for form in [PanForm::Plain, PanForm::Compensated] {
            for position in positions() {
                let [left, right] = law.gains(form, position).unwrap();
                let balance = StereoPan::Balance { law, form, position }.matrix().unwrap();
                assert_eq!(balance, [[left, 0.0], [0.0, right]], "nothing changes sides");
                let dual = StereoPan::Dual { law, form, left: position, right: -position };
                // The right input is the left one in the mirror.
                assert_eq!(dual.matrix().unwrap(), [[left, right], [right, left]]);
            }
            // Both in the middle are mono, and both at the left leave the right silent.
            let centre = law.gains(form, 0.0).unwrap()[0];
            let mono = StereoPan::Dual { law, form, left: 0.0, right: 0.0 }.matrix().unwrap();
            assert_eq!(mono, [[centre; 2]; 2]);
            let one = StereoPan::Dual { law, form, left: -1.0, right: -1.0 }.matrix().unwrap();
            assert_eq!(one[1], [0.0; 2]);
        }
    }
    // A balance of 0 dB leaves the louder side alone, wherever it stands.
    for position in positions() {
        let (law, form) = (PanLaw::Balance0, PanForm::Plain);
        let [[left, _], [_, right]] = StereoPan::Balance { law, form, position }.matrix().unwrap();
        assert_eq!(if position <= 0.0 { left } else { right }, 1.0);
    }
}

#[test]
fn a_rotation_keeps_the_power_and_moves_the_centre() {
    for tenths in -900..=900 {
        let pan = StereoPan::Rotation { angle_deg: f64::from(tenths) / 10.0 };
        let [[a, b], [c, d]] = pan.matrix().unwrap();
        assert!((a * a + c * c - 1.0).abs() <= ROUNDING && (b * b + d * d - 1.0).abs() <= ROUNDING);
        assert!((a * b + c * d).abs() <= ROUNDING, "both sides stay apart");
    }
    let [[a, b], [c, d]] = StereoPan::Rotation { angle_deg: 45.0 }.matrix().unwrap();
    assert!((a + b - 2.0_f64.sqrt()).abs() <= ROUNDING && (c + d).abs() <= ROUNDING);
    let swapped = StereoPan::Rotation { angle_deg: 90.0 }.matrix().unwrap();
    assert_eq!(swapped, [[0.0, 1.0], [-1.0, 0.0]]);
}

#[test]
fn web_audio_says_how_much_it_can_grow() {
    /// 20·log10(2), to the last bits of the logarithm.
    const DOUBLE_DB: f64 = 6.020_599_913_279_624;
    let matrix = StereoPan::WebAudio { position: 1.0 }.downmix_matrix().unwrap();
    assert!((matrix.peak_bound_db() - DOUBLE_DB).abs() < 1e-12);
    assert!((matrix.power_bound_db() - DOUBLE_DB / 2.0).abs() < 1e-12);
}

proptest! {
    #[test]
    fn any_position_gives_an_error_or_finite_gains(
        law in prop::sample::select(&PanLaw::ALL[..]),
        compensated: bool,
        (a, b) in (
            prop_oneof![any::<f64>(), -1.2..1.2],
            prop_oneof![any::<f64>(), -1.2..1.2],
        ),
    ) {
        let form = if compensated { PanForm::Compensated } else { PanForm::Plain };
        let good = |x: f64| (-1.0..=1.0).contains(&x);
        let gains = law.gains(form, a);
        prop_assert_eq!(gains.is_ok(), good(a));
        if let Ok(gains) = gains {
            prop_assert!(gains.iter().all(|g| (0.0..=2.0).contains(g)));
        }
        for (pan, fine) in [
            (StereoPan::Balance { law, form, position: a }, good(a)),
            (StereoPan::Dual { law, form, left: a, right: b }, good(a) && good(b)),
            (StereoPan::WebAudio { position: a }, good(a)),
            (StereoPan::Rotation { angle_deg: a }, (-90.0..=90.0).contains(&a)),
        ] {
            prop_assert_eq!(pan.downmix_matrix().is_ok(), fine);
            if let Ok(matrix) = pan.matrix() {
                prop_assert!(matrix.iter().flatten().all(|g| g.abs() <= 2.0));
            }
        }
    }
}
