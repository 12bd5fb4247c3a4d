//! Whatever comes in, nothing panics and nothing is a pass by accident.

use mixcore::delivery::report::{Column, Document, Group, csv, figure, html, json, junit, text};
use mixcore::delivery::{
    Citation, Confidence, Excursion, Header, History, Measurement, Of, PhraseReading, Profile,
    Quantity, Reading, Role, Rule, Select, Spec, Verdict, When, profile, specs, verify,
};
use mixcore::units::{FrameRate, Timecode};
use mixcore::{Layout, delivery};
use proptest::prelude::*;
use serde_json::Value;

fn any_json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "id",
        "name",
        "rules",
        "quantity",
        "low",
        "high",
        "when",
        "any_of",
        "citation",
        "of",
        "integrated_lufs",
        "every:phrase",
        "confidence",
        "schema",
        "basis",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        names.clone().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..6).prop_map(|entries| {
                entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
        ]
    })
}

fn any_reading() -> impl Strategy<Value = Reading> {
    prop_oneof![
        any::<f64>().prop_map(Reading::Value),
        (-60.0..10.0).prop_map(Reading::Value),
        Just(Reading::BelowGate),
        Just(Reading::NotApplicable),
        (any::<f64>(), any::<f64>())
            .prop_map(|(have_s, need_s)| Reading::TooShort { have_s, need_s }),
    ]
}

fn any_quantity() -> impl Strategy<Value = Quantity> {
    prop::sample::select(Quantity::ALL.to_vec())
}

fn any_of_one() -> impl Strategy<Value = Of> {
    prop_oneof![
        Just(Of::Programme),
        prop::sample::select(Role::ALL.to_vec()).prop_map(Of::Stem),
        ".{0,8}".prop_map(Of::FoldDown),
        any::<usize>().prop_map(Of::Channel),
        (0_usize..8).prop_map(Of::Channel),
        (0_usize..8).prop_map(Of::Phrase),
    ]
}

prop_compose! {
    fn any_measurement()(
        frames in any::<u64>(),
        rate_hz in 8_000.0..384_000.0_f64,
        start in any::<u64>(),
        title in ".{0,20}",
        layout in prop::sample::select(Layout::all().collect::<Vec<_>>()),
        readings in prop::collection::vec((any_of_one(), any_quantity(), any_reading(), any::<u64>()), 0..30),
        phrases in prop::collection::vec((any::<u64>(), any::<u64>(), any_reading(), any_reading()), 0..6),
        excursions in prop::collection::vec((any::<u64>(), any::<u64>(), any::<f64>()), 0..6),
        history in prop::collection::vec(any::<f32>(), 0..40),
    ) -> Measurement {
        let start = Timecode { frame: start, frame_rate: FrameRate::F2997Drop };
        let header = Header::new(&title, layout, rate_hz, frames).unwrap().with_start(start);
        let mut measurement = Measurement::new(header);
        measurement.push_fold_down(&title, &title).unwrap();
        for (of, quantity, reading, frame) in readings {
            let _ = measurement.set_at(&of, quantity, reading, frame);
        }
        for (start, end, dialogue, music) in phrases {
            if let Ok(phrase) = PhraseReading::new(start, end, dialogue, music) {
                measurement.push_phrase(phrase);
            }
        }
        for (start, end, peak) in excursions {
            if let Ok(excursion) = Excursion::new(start, end, None, peak, -1.0) {
                measurement.push_excursion(excursion);
            }
        }
        measurement.set_history(History::new(history.clone(), history.clone(), history));
        measurement
    }
}

prop_compose! {
    fn any_rule()(
        quantity in any_quantity(),
        low in prop::option::of(any::<f64>()),
        high in prop::option::of(any::<f64>()),
        of in prop_oneof![
            any_of_one().prop_map(Select::One),
            Just(Select::EveryChannel), Just(Select::EveryFoldDown),
            Just(Select::EveryPhrase), Just(Select::EveryStem),
        ],
        decimals in prop::option::of(any::<u8>()),
        inclusive in any::<bool>(),
        when in prop::option::of((any_quantity(), prop::option::of(any::<f64>()))),
    ) -> Rule {
        let mut rule = Rule::new("any", quantity, low, high, Citation::of("any"));
        rule.of = of;
        rule.compare_decimals = decimals;
        rule.inclusive = inclusive;
        rule.when = when.map(|(quantity, least)| When::new(quantity, least, None));
        rule
    }
}

proptest! {
    #[test]
    fn any_json_is_read_or_answered(value in any_json()) {
        if let Ok(spec) = Spec::from_value(&value) {
            prop_assert_eq!(Spec::from_json(&spec.to_json()), Ok(spec));
        }
        let _ = Profile::from_value(&value);
    }

    #[test]
    fn any_measurement_is_kept_and_read_back(measurement in any_measurement()) {
        let text = measurement.to_json();
        let back = Measurement::from_json(&text).unwrap();
        prop_assert_eq!(back.to_json(), text);
        prop_assert_eq!(back.programme(), measurement.programme());
        prop_assert_eq!(back.stems(), measurement.stems());
        prop_assert_eq!(back.phrases(), measurement.phrases());
    }

    #[test]
    fn any_text_is_read_or_answered(text in ".{0,60}") {
        prop_assert!(Spec::from_json(&text).is_err());
    }

    #[test]
    fn a_damaged_preset_is_read_or_answered(
        which in 0_usize..8, at in any::<prop::sample::Index>(), text in ".{0,3}", cut in 0_usize..9,
    ) {
        let mut letters: Vec<char> = specs()[which].to_json().chars().collect();
        let start = at.index(letters.len());
        let end = (start + cut).min(letters.len());
        letters.splice(start..end, text.chars());
        let damaged: String = letters.into_iter().collect();
        match Spec::from_json(&damaged) {
            Ok(spec) => prop_assert_eq!(Spec::from_json(&spec.to_json()), Ok(spec)),
            Err(problems) => prop_assert!(!problems.is_empty() && !problems.to_string().is_empty()),
        }
    }

    #[test]
    fn any_measurement_gets_an_answer(measurement in any_measurement()) {
        let factual = profile("factual").unwrap();
        for spec in specs() {
            let report = verify(&spec, &measurement);
            let delivery = report.delivery.clone();
            let report = report.with_mix(&factual, &measurement);
            prop_assert_eq!(&report.delivery, &delivery, "MIX must not touch DELIVERY");
            for finding in report.findings() {
                prop_assert_eq!(finding.reason.is_some(), finding.verdict == Verdict::NotEvaluated);
                if finding.verdict == Verdict::Pass && finding.quantity.is_some() {
                    prop_assert!(finding.measured.value().is_some_and(f64::is_finite));
                }
            }
            let parsed: Value = serde_json::from_str(&report.to_json()).unwrap();
            prop_assert_eq!(&parsed["schema"], "mixcore-report-1");
            let columns = [Column::new(&spec.id, &measurement, &report)];
            let groups = [Group::new(&spec.name, &columns)];
            let document = Document { title: &spec.id, intro: "", groups: &groups };
            for form in [html, text, csv, junit, json] {
                let mut out = String::new();
                form(&mut out, &document).unwrap();
                prop_assert!(!out.is_empty());
            }
            let mut out = String::new();
            figure(&mut out, &groups[0]).unwrap();
            prop_assert!(!out.contains("NaN") && !out.contains("inf"));
        }
    }

    #[test]
    fn any_rule_gets_an_answer(rule in any_rule(), measurement in any_measurement(), low in any::<bool>()) {
        let mut spec = Spec::new("any", "Any").with_rule(rule);
        if low {
            spec.confidence = Confidence::Low;
        }
        let report = verify(&spec, &measurement);
        if low {
            prop_assert_eq!(report.verdict(), Verdict::NotEvaluated);
        }
        prop_assert!(report.delivery.judged + report.delivery.not_judged >= 4);
    }

    #[test]
    fn rounding_is_idempotent_and_near(value in -200.0..200.0_f64, decimals in 0_u8..6) {
        let rounded = delivery::round_to(value, decimals);
        prop_assert_eq!(delivery::round_to(rounded, decimals), rounded);
        // Half a step, and the residue on which a tie is recognised.
        let half = 0.5 * 10_f64.powi(-i32::from(decimals));
        prop_assert!((rounded - value).abs() <= half * (1.0 + 2e-6));
    }
}
