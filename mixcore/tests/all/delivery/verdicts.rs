//! The rules of judging: rounding, limits, conditions, alternatives, and what is never a pass.

use mixcore::Layout;
use mixcore::delivery::{
    AnyOf, Citation, Clause, Confidence, Excursion, Header, Kind, Measurement, NotEvaluated, Of,
    Profile, Quantity, Reading, Role, Rule, Section, Select, Severity, Spec, Verdict, profile,
    spec, verify,
};

use super::{LINES, finding, programme, rich, set};

fn rule(quantity: Quantity, low: Option<f64>, high: Option<f64>) -> Rule {
    Rule::new(quantity.key(), quantity, low, high, Citation::of("test"))
}

fn only(rule: Rule) -> Spec {
    Spec::new("test", "Test").with_rule(rule)
}

#[test]
fn r128_rounds_loudness_to_a_tenth_and_never_a_peak() {
    let r128 = spec("ebu-r128").unwrap();
    for (integrated_lufs, verdict) in [
        (-23.0, Verdict::Pass),
        (-22.8, Verdict::Pass),
        (-22.849, Verdict::Pass),
        (-22.75, Verdict::Pass),
        (-22.749, Verdict::Fail),
        (-23.2, Verdict::Pass),
        (-23.249, Verdict::Pass),
        (-23.25, Verdict::Fail),
        (-23.15, Verdict::Pass),
        (-23.35, Verdict::Fail),
    ] {
        let report = verify(&r128, &programme(90, integrated_lufs, -3.0));
        assert_eq!(finding(&report, "loudness").verdict, verdict, "{integrated_lufs}");
        assert_eq!(report.passed(), verdict == Verdict::Pass);
    }
    for (true_peak_dbtp, verdict, shown) in [
        (-1.0, Verdict::Pass, "-1.00 dBTP"),
        (-0.999_9, Verdict::Fail, "-0.9999 dBTP"),
        (-1.000_1, Verdict::Pass, "-1.00 dBTP"),
        (-0.95, Verdict::Fail, "-0.95 dBTP"),
    ] {
        let report = verify(&r128, &programme(90, -23.0, true_peak_dbtp));
        let peak = finding(&report, "true-peak");
        assert_eq!((peak.verdict, peak.measured_text.as_str()), (verdict, shown));
    }
}

#[test]
fn limits_are_inclusive_unless_the_rule_says_otherwise() {
    let mut plr = rule(Quantity::PlrDb, None, Some(15.0));
    let measurement = programme(90, -16.0, -1.0);
    assert!(verify(&only(plr.clone()), &measurement).passed());
    plr.inclusive = false;
    let report = verify(&only(plr), &measurement);
    assert_eq!(report.verdict(), Verdict::Fail);
    assert_eq!(finding(&report, "plr_db").limit, "below 15.0 dB");
}

#[test]
fn the_margin_is_the_distance_to_the_nearer_limit() {
    let r128 = spec("ebu-r128").unwrap();
    let report = verify(&r128, &programme(90, -22.93, -3.25));
    assert_eq!(finding(&report, "loudness").margin, Some(0.1));
    assert_eq!(finding(&report, "true-peak").margin, Some(2.25));
    let report = verify(&r128, &programme(90, -20.0, 0.5));
    assert_eq!(finding(&report, "loudness").margin, Some(-2.8));
    assert_eq!(finding(&report, "true-peak").margin, Some(-1.5));
    assert_eq!(finding(&report, "true-peak").severity, Severity::Reject);
    assert!(finding(&report, "true-peak").hint.contains("-1.3 dBTP"));
    assert_eq!(finding(&report, "loudness").hint, "lower the programme by 3.0 dB");
}

#[test]
fn low_dialogue_falls_back_to_the_programme_below_fifteen_percent() {
    let netflix = spec("netflix-nearfield").unwrap();
    let measured = |percent: f64, dialogue: f64, integrated: f64| {
        let header = Header::new("nf", Layout::SURROUND_5_1, 48_000.0, 48_000 * 90).unwrap();
        let mut measurement = Measurement::new(header.with_bit_depth(24));
        set(&mut measurement, Quantity::DialoguePercent, percent);
        set(&mut measurement, Quantity::DialogueLufs, dialogue);
        set(&mut measurement, Quantity::IntegratedLufs, integrated);
        set(&mut measurement, Quantity::TruePeakDbtp, -2.4);
        measurement
    };
    let quiet_programme = measured(15.0, -27.0, -30.0);
    let report = verify(&netflix, &quiet_programme);
    assert!(report.passed());
    let other = finding(&report, "programme-loudness-low-dialogue");
    assert_eq!(other.reason, Some(NotEvaluated::ConditionNotMet));
    assert_eq!(other.when, "dialogue share below 15 %");
    assert_eq!(netflix.target_for(&quiet_programme).unwrap().aim, -27.0);

    let low_dialogue = measured(14.9, -40.0, -24.0);
    assert!(verify(&netflix, &low_dialogue).passed());
    let target = netflix.target_for(&low_dialogue).unwrap();
    assert_eq!((target.quantity, target.aim), (Quantity::IntegratedLufs, -24.0));
    assert!(!verify(&netflix, &measured(14.9, -27.0, -27.0)).passed());
    assert!(!verify(&netflix, &measured(15.0, -24.0, -24.0)).passed());
}

#[test]
fn without_a_dialogue_reading_a_dialogue_spec_is_not_evaluated() {
    let mut measurement = programme(90, -24.0, -3.0);
    for id in ["netflix-nearfield", "amazon-mgm-originals", "aes77-speech"] {
        let report = verify(&spec(id).unwrap(), &measurement);
        assert_eq!(report.verdict(), Verdict::NotEvaluated, "{id}");
        assert!(!report.passed());
    }
    set(&mut measurement, Quantity::TruePeakDbtp, 0.0);
    assert_eq!(verify(&spec("aes77-speech").unwrap(), &measurement).verdict(), Verdict::Fail);
}

#[test]
fn alternatives_pass_when_one_group_holds() {
    let groups = |first: f64| {
        let dialogue = Rule::new(
            "dialogue",
            Quantity::DialogueLufs,
            Some(first - 3.0),
            Some(first + 3.0),
            Citation::of("test"),
        );
        let whole = Rule::new(
            "whole",
            Quantity::IntegratedLufs,
            Some(-27.0),
            Some(-21.0),
            Citation::of("test"),
        );
        let mut spec = Spec::new("any", "Any");
        spec.rules.push(Clause::AnyOf(AnyOf::new("loudness", vec![vec![dialogue], vec![whole]])));
        spec
    };
    let mut measurement = programme(90, -24.0, -3.0);
    set(&mut measurement, Quantity::DialogueLufs, -27.0);
    assert!(verify(&groups(-27.0), &measurement).passed());

    let report = verify(&groups(-35.0), &measurement);
    assert!(report.passed());
    let missed = finding(&report, "dialogue");
    assert_eq!(missed.reason, Some(NotEvaluated::OtherAlternative));
    assert!(missed.note.contains("alternative 2 holds") && missed.margin == Some(-5.0));

    set(&mut measurement, Quantity::IntegratedLufs, -15.0);
    assert_eq!(verify(&groups(-35.0), &measurement).verdict(), Verdict::Fail);
    // One alternative fails, the other could not be measured: nobody knows.
    measurement.set(&Of::Programme, Quantity::IntegratedLufs, Reading::BelowGate).unwrap();
    assert_eq!(verify(&groups(-35.0), &measurement).verdict(), Verdict::NotEvaluated);
}

#[test]
fn what_cannot_be_judged_is_never_a_pass() {
    let measurement = programme(90, -23.0, -3.0);
    let none = |spec: &Spec, reason: NotEvaluated| {
        let report = verify(spec, &measurement);
        assert_eq!(report.verdict(), Verdict::NotEvaluated, "{reason:?}");
        assert!(report.delivery.findings.iter().any(|f| f.reason == Some(reason)), "{reason:?}");
    };
    none(&Spec::new("empty", "Empty"), NotEvaluated::NotStated);
    none(&only(rule(Quantity::IntegratedLufs, None, None)), NotEvaluated::NoLimit);

    let mut unverified = rule(Quantity::IntegratedLufs, None, Some(-20.0));
    unverified.verified = false;
    none(&only(unverified.clone()), NotEvaluated::Unverified);
    let also = only(unverified).with_rule(rule(Quantity::TruePeakDbtp, None, Some(-1.0)));
    assert!(verify(&also, &measurement).passed(), "the verified rule is judged");

    let mut hearsay = only(rule(Quantity::IntegratedLufs, None, Some(-20.0)));
    hearsay.confidence = Confidence::Low;
    none(&hearsay, NotEvaluated::LowConfidence);

    none(&only(rule(Quantity::DialogueLufs, None, Some(-20.0))), NotEvaluated::NotMeasured);
    let mut advice = rule(Quantity::IntegratedLufs, None, Some(-20.0));
    advice.kind = Kind::Advice;
    let report = verify(&only(advice), &measurement);
    assert_eq!(report.verdict(), Verdict::NotEvaluated, "advice alone is no contract");
    assert_eq!(finding(&report, "integrated_lufs").verdict, Verdict::Pass);
}

#[test]
fn silence_has_no_loudness_and_does_not_pass() {
    let mut silence = programme(90, 0.0, 0.0);
    for quantity in [Quantity::IntegratedLufs, Quantity::TruePeakDbtp] {
        silence.set(&Of::Programme, quantity, Reading::from_level(f64::NEG_INFINITY)).unwrap();
    }
    assert_eq!(verify(&spec("ebu-r128").unwrap(), &silence).verdict(), Verdict::NotEvaluated);
}

#[test]
fn loudness_range_waits_for_a_minute() {
    let rtl = spec("rtl-de-longform").unwrap();
    let range = |seconds: u32, lu: f64| {
        let mut measurement = programme(seconds, -23.0, -3.0);
        set(&mut measurement, Quantity::LoudnessRangeLu, lu);
        verify(&rtl, &measurement)
    };
    let short = range(59, 25.0);
    let finding_short = finding(&short, "loudness-range");
    assert_eq!(finding_short.measured, Reading::TooShort { have_s: 59.0, need_s: 60.0 });
    assert_eq!(finding_short.verdict, Verdict::NotEvaluated);
    assert!(short.passed());
    let long = range(60, 25.0);
    assert_eq!(finding(&long, "loudness-range").verdict, Verdict::Warn);
    assert_eq!(long.verdict(), Verdict::Pass, "advice is shown and never counts");
}

#[test]
fn the_format_is_checked_where_it_is_stated_and_only_there() {
    let amazon = spec("amazon-mgm-originals").unwrap();
    let mut measurement = programme(90, -27.0, -3.0);
    set(&mut measurement, Quantity::DialogueLufs, -27.0);
    assert!(verify(&amazon, &measurement).passed());

    let header = Header::new("odd", Layout::SURROUND_7_1, 44_100.0, 44_100 * 90).unwrap();
    let mut odd = Measurement::new(header.with_bit_depth(16));
    set(&mut odd, Quantity::DialogueLufs, -27.0);
    set(&mut odd, Quantity::TruePeakDbtp, -3.0);
    let report = verify(&amazon, &odd);
    for id in ["format.layout", "format.sample_rate", "format.bit_depth"] {
        assert_eq!(finding(&report, id).verdict, Verdict::Fail, "{id}");
    }
    let open = verify(&spec("ebu-r128").unwrap(), &odd);
    let layout = finding(&open, "format.layout");
    assert_eq!(layout.reason, Some(NotEvaluated::NotStated));
    assert_eq!(layout.limit, "not stated");
}

#[test]
fn another_meter_that_would_fail_is_a_warning() {
    let mut measurement = programme(90, -23.0, -1.05);
    set(&mut measurement, Quantity::TruePeakAnnex2Dbtp, -0.9);
    let report = verify(&spec("ebu-r128").unwrap(), &measurement);
    assert_eq!(report.verdict(), Verdict::Warn);
    assert!(report.passed());
    let peak = finding(&report, "true-peak");
    assert!(peak.note.contains("4x12 form reads -0.90 dBTP"), "{}", peak.note);
}

#[test]
fn mix_never_turns_delivery_red_nor_delivery_mix() {
    let factual = profile("factual").unwrap();
    let r128 = spec("ebu-r128").unwrap();
    let verdicts = |measurement: &Measurement| {
        let report = verify(&r128, measurement).with_mix(&factual, measurement);
        (report.verdict(), report.mix.unwrap().verdict)
    };
    let mut normalised = rich(&LINES, 40.0);
    set(&mut normalised, Quantity::TruePeakDbtp, -1.3);
    assert_eq!(verdicts(&normalised), (Verdict::Pass, Verdict::Fail));

    let mut mix = rich(&[(0.6, 7.7, 6.0), (8.35, 11.34, 4.0)], 3.0);
    assert_eq!(verdicts(&mix), (Verdict::Fail, Verdict::Pass));
    set(&mut mix, Quantity::TruePeakDbtp, -1.3);
    assert_eq!(verdicts(&mix), (Verdict::Pass, Verdict::Pass));

    // Dialogue and music alone: no ambience to lose, the phrases are judged.
    let mut two_stems = programme(28, -23.0, -3.0);
    for phrase in rich(&[(0.6, 7.7, 6.0)], 3.0).phrases() {
        two_stems.push_phrase(*phrase);
    }
    assert_eq!(verdicts(&two_stems), (Verdict::Pass, Verdict::Pass));
    // No phrase either: nothing was checked.
    let nothing = programme(28, -23.0, -3.0);
    assert_eq!(verdicts(&nothing), (Verdict::Pass, Verdict::NotEvaluated));
}

#[test]
fn buried_phrases_are_named_and_neighbours_joined() {
    let measurement = rich(&LINES, 40.0);
    let report = verify(&spec("ebu-r128").unwrap(), &measurement)
        .with_mix(&profile("factual").unwrap(), &measurement);
    let mix: &Section = report.mix.as_ref().unwrap();
    let phrases: Vec<(&str, Verdict)> = mix
        .findings
        .iter()
        .filter(|finding| finding.rule_id == "dialogue-over-music")
        .map(|finding| (finding.of.as_str(), finding.verdict))
        .collect();
    let expected = [
        ("phrase 1", Verdict::Pass),
        ("phrase 2", Verdict::Fail),
        ("phrase 3", Verdict::Pass),
        ("phrase 4 to 5", Verdict::Fail),
    ];
    assert_eq!(phrases, expected);
    let buried = mix.with_verdict(Verdict::Fail).next().unwrap();
    assert_eq!(buried.margin, Some(-5.0));
    assert_eq!(buried.severity, Severity::Repair);
    assert_eq!(buried.hint, "lower the music by 5.0 LU here, or raise the dialogue");
    let place = buried.span.as_ref().unwrap();
    assert_eq!(place.in_timecode.to_string(), "00:00:08:08");
    assert_eq!(place.out_timecode.to_string(), "00:00:11:08");
    let both = mix.with_verdict(Verdict::Fail).nth(1).unwrap();
    assert_eq!((both.places.len(), both.measured), (2, Reading::Value(0.0)));
    let ambience = mix.with_verdict(Verdict::Fail).nth(2).unwrap();
    assert_eq!((ambience.of.as_str(), ambience.margin), ("stem AMB", Some(-34.0)));
}

#[test]
fn peaks_over_the_limit_are_one_place_with_timecodes() {
    let measurement = rich(&LINES, 3.0);
    let report = verify(&spec("ebu-r128").unwrap(), &measurement);
    let peak = finding(&report, "true-peak");
    assert_eq!(peak.places.len(), 1, "four neighbours of 100 ms are joined");
    let place = peak.span.as_ref().unwrap();
    assert_eq!((place.in_frame, place.out_frame), (960_000, 979_200));
    assert_eq!(place.in_timecode.to_string(), "00:00:20:00");
    assert_eq!(place.out_timecode.to_string(), "00:00:20:09");
}

#[test]
fn exact_excursions_come_before_the_history() {
    let mut measurement = rich(&LINES, 3.0);
    for (start, end) in [(957_601, 958_000), (970_000, 970_001), (1_200_000, 1_200_480)] {
        let excursion = Excursion::new(start, end, Some(0), 0.4, -1.0).unwrap();
        measurement.push_excursion(excursion);
    }
    measurement.push_excursion(Excursion::new(1, 2, None, 0.4, 0.0).unwrap());
    let report = verify(&spec("ebu-r128").unwrap(), &measurement);
    let places: Vec<(u64, u64)> = finding(&report, "true-peak")
        .places
        .iter()
        .map(|place| (place.in_frame, place.out_frame))
        .collect();
    assert_eq!(places, [(957_601, 970_001), (1_200_000, 1_200_480)]);
}

#[test]
fn fingerprints_hold_over_readings_and_tell_rules_apart() {
    let r128 = spec("ebu-r128").unwrap();
    let prints = |integrated: f64| -> Vec<String> {
        let report = verify(&r128, &programme(90, integrated, -3.0));
        report.findings().map(|finding| finding.fingerprint.clone()).collect()
    };
    let first = prints(-23.0);
    assert_eq!(first, prints(-20.0));
    for (index, print) in first.iter().enumerate() {
        assert_eq!(print.len(), 16);
        assert!(!first[index + 1..].contains(print));
    }
}

#[test]
fn a_rule_may_be_of_a_stem_a_channel_or_a_fold_down() {
    let mut measurement = rich(&LINES, 3.0);
    for channel in 0..2 {
        let level = Reading::Value(-3.0 - channel as f64);
        measurement.set(&Of::Channel(channel), Quantity::SamplePeakDbfs, level).unwrap();
    }
    let missing = Of::FoldDown("Lt/Rt".into());
    for (of, quantity, high, verdict) in [
        (Select::EveryChannel, Quantity::SamplePeakDbfs, -2.0, Verdict::Pass),
        (Select::EveryChannel, Quantity::SamplePeakDbfs, -3.5, Verdict::Fail),
        (Select::One(Of::Channel(1)), Quantity::SamplePeakDbfs, -3.5, Verdict::Pass),
        (Select::One(Of::Channel(7)), Quantity::SamplePeakDbfs, -3.5, Verdict::NotEvaluated),
        (Select::One(Of::Stem(Role::Amb)), Quantity::MonoLossLu, 6.0, Verdict::Pass),
        (Select::EveryStem, Quantity::MonoLossLu, 2.0, Verdict::Fail),
        (Select::EveryFoldDown, Quantity::TruePeakDbtp, -1.0, Verdict::Pass),
        (Select::EveryFoldDown, Quantity::FoldDownShiftLu, -2.0, Verdict::Fail),
        (Select::One(missing), Quantity::TruePeakDbtp, -1.0, Verdict::NotEvaluated),
    ] {
        let mut rule = rule(quantity, None, Some(high));
        rule.of = of.clone();
        assert_eq!(Select::parse(&of.to_string()), Some(of.clone()));
        assert_eq!(verify(&only(rule), &measurement).verdict(), verdict, "{of:?}");
    }
}

#[test]
fn a_profile_is_data_like_a_spec() {
    let mine = Profile::new("mine", "Mine").with_rule({
        let mut rule = rule(Quantity::DialogueOverMusicLu, Some(10.0), None);
        rule.of = Select::EveryPhrase;
        rule
    });
    let measurement = rich(&[(0.6, 7.7, 6.0)], 3.0);
    let report = verify(&Spec::new("none", "None"), &measurement).with_mix(&mine, &measurement);
    assert_eq!(report.mix.unwrap().verdict, Verdict::Fail);
    assert_eq!(measurement.get(Quantity::DialogueOverMusicLu), Reading::Value(6.0));
}

#[test]
fn a_measurement_that_was_kept_gets_the_same_report() {
    let measurement = rich(&[(1.0, 4.0, 5.5)], 8.0);
    let text = measurement.to_json();
    let back = Measurement::from_json(&text).unwrap();
    assert_eq!(back.to_json(), text);
    let spec = spec("ebu-r128").unwrap();
    assert_eq!(verify(&spec, &back), verify(&spec, &measurement));
    // Damage is named, with its place.
    for (from, to, what) in [
        ("\"stereo\"", "\"5.1\"", "measurement has 2 channel(s), 6 expected"),
        ("M+030", "M+031", "unknown channel \"M+031\""),
        ("00:00:00:00", "00:00:00:25", "unknown timecode"),
        ("\"title\"", "\"tilte\"", "unknown field `tilte`"),
    ] {
        let problems = Measurement::from_json(&text.replacen(from, to, 1)).unwrap_err();
        assert!(problems.to_string().contains(what), "{problems}");
    }
}
