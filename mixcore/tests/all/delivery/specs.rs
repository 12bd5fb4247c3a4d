//! Presets and texts: complete citations, lossless JSON, every fault named at once.

use mixcore::delivery::{Clause, Profile, Quantity, Spec, profile, profiles, spec, specs};
use mixcore::{Error, Layout};

#[test]
fn every_preset_cites_every_rule_and_survives_json() {
    for spec in specs() {
        assert!(spec.all_rules().count() >= 2, "{}", spec.id);
        assert!(!spec.sources.is_empty() && !spec.document.is_empty(), "{}", spec.id);
        for rule in spec.all_rules() {
            assert!(!rule.citation.document.is_empty(), "{} {}", spec.id, rule.id);
            assert!(!rule.citation.as_of.is_empty(), "{} {}", spec.id, rule.id);
            assert!(rule.low.is_some() || rule.high.is_some(), "{} {}", spec.id, rule.id);
            assert!(rule.verified, "the eight presets have no unverified field");
        }
        assert_eq!(Spec::from_json(&spec.to_json()), Ok(spec));
    }
    for profile in profiles() {
        assert!(profile.rules.iter().all(|rule| !rule.citation.document.is_empty()));
        assert_eq!(Profile::from_json(&profile.to_json()), Ok(profile));
    }
}

#[test]
fn the_presets_hold_the_published_numbers() {
    for (id, quantity, aim, tolerance, ceiling) in [
        ("ebu-r128", Quantity::IntegratedLufs, -23.0, 0.2, -1.0),
        ("ebu-r128-live", Quantity::IntegratedLufs, -23.0, 1.0, -1.0),
        ("rtl-de-longform", Quantity::IntegratedLufs, -23.0, 0.2, -1.0),
        ("atsc-a85-short", Quantity::IntegratedLufs, -24.0, 2.0, -2.0),
        ("netflix-nearfield", Quantity::DialogueLufs, -27.0, 2.0, -2.0),
        ("amazon-mgm-originals", Quantity::DialogueLufs, -27.0, 2.0, -2.0),
        ("aes77-speech", Quantity::DialogueLufs, -18.0, 2.0, -1.0),
        ("apple-podcasts", Quantity::IntegratedLufs, -16.0, 1.0, -1.0),
    ] {
        let spec = spec(id).unwrap();
        let anchor = spec.all_rules().find(|rule| rule.aim.is_some()).unwrap();
        assert_eq!((anchor.quantity, anchor.aim), (quantity, Some(aim)), "{id}");
        let limits = (anchor.low, anchor.high);
        assert_eq!(limits, (Some(aim - tolerance), Some(aim + tolerance)), "{id}");
        assert_eq!(spec.limit_of(Quantity::TruePeakDbtp), Some(ceiling), "{id}");
        assert_eq!(spec.true_peak_aim_dbtp(), Some(ceiling - 0.3), "{id}");
        assert!(spec.all_rules().any(|rule| rule.is_ceiling()), "{id}");
    }
    assert_eq!(spec("netflix-nearfield").unwrap().layout(), Layout::SURROUND_5_1);
    assert_eq!(spec("ebu-r128").unwrap().layout(), Layout::STEREO);
}

#[test]
fn an_unknown_preset_is_answered_with_the_ids_that_exist() {
    let Err(Error::UnknownName { what, allowed, .. }) = spec("netflix") else {
        panic!("no preset has that id")
    };
    assert_eq!(what, "spec");
    for spec in specs() {
        assert!(allowed.contains(&spec.id));
    }
    assert!(profile("factual").is_ok() && profile("fiction").is_err());
}

#[test]
fn every_fault_of_a_text_is_reported_at_once() {
    let text = r#"{
        "id": "", "naem": "Typo", "confidence": "sure", "channel_configs": ["5.1", "6.1", 7],
        "sample_rates_hz": [48000, 3], "bit_depth": "24",
        "rules": [
            {"id": "a", "quantity": "integrated_luffs", "low": -22.0, "high": -24.0, "citation": {"document": "D", "basis": "contract"}},
            {"id": "a", "quantity": "true_peak_dbtp", "high": "loud", "compare_decimals": 1, "citation": {}},
            {"id": "c", "quantity": "integrated_lufs", "of": "stem:BG", "when": {"quantity": "dialogue_percent"}, "aim": 1e9},
            {"id": "d", "any_of": [[]]},
            5
        ]
    }"#;
    let problems = Spec::from_json(text).unwrap_err();
    let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
    for path in [
        "$.id",
        "$.name",
        "$.naem",
        "$.confidence",
        "$.channel_configs[1]",
        "$.channel_configs[2]",
        "$.sample_rates_hz[1]",
        "$.bit_depth",
        "$.rules[0].quantity",
        "$.rules[0].low",
        "$.rules[1].id",
        "$.rules[1].high",
        "$.rules[1].compare_decimals",
        "$.rules[1].citation.document",
        "$.rules[1].citation.basis",
        "$.rules[2].of",
        "$.rules[2].when.at_least",
        "$.rules[2].aim",
        "$.rules[2].citation",
        "$.rules[3].any_of",
        "$.rules[3].any_of[0]",
        "$.rules[4]",
    ] {
        assert!(paths.contains(&path), "{path} is missing in\n{problems}");
    }
    assert_eq!(paths.len(), 22, "{problems}");
    let hint_of = |path| &problems.iter().find(|problem| problem.path == path).unwrap().hint;
    assert_eq!(hint_of("$.naem"), "did you mean name?");
    assert_eq!(hint_of("$.rules[0].quantity"), "did you mean integrated_lufs?");
    assert!(problems.to_string().lines().count() == 22);
}

#[test]
fn text_that_is_no_json_says_where() {
    let problems = Spec::from_json("{\"id\": ").unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(problems.to_string().starts_with("line 1, column"));
}

#[test]
fn alternatives_are_read_and_written() {
    let rule = |id: &str, quantity: &str| {
        format!(
            r#"{{"id": "{id}", "quantity": "{quantity}", "high": -20.0,
                 "citation": {{"document": "D", "basis": "contract"}}}}"#
        )
    };
    let text = format!(
        r#"{{"id": "x", "name": "X", "confidence": "high", "rules":
            [{{"id": "either", "any_of": [[{}], [{}]]}}]}}"#,
        rule("one", "dialogue_lufs"),
        rule("two", "integrated_lufs"),
    );
    let spec = Spec::from_json(&text).unwrap();
    let Clause::AnyOf(any_of) = &spec.rules[0] else { panic!("two groups were given") };
    assert_eq!(any_of.groups.len(), 2);
    assert_eq!(Spec::from_json(&spec.to_json()), Ok(spec));
}
