//! A text is a specification or a list of problems; a specification judges any measurement.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mixcore::delivery::report::{Column, Document, Group, csv, figure, html, json, junit, text};
use mixcore::delivery::{
    Excursion, Header, History, Measurement, Of, PhraseReading, Profile, Quantity, Reading, Report,
    Role, Spec, Verdict, profiles, specs, verify,
};
use mixcore::loudness::{Detector, Edition};
use mixcore::units::{FrameRate, Timecode};
use mixcore_fuzz::{Taken, Unstructured, bytes_after, layout, preset_or_text};

static SPECS: LazyLock<Vec<String>> = LazyLock::new(|| specs().iter().map(Spec::to_json).collect());
static PROFILES: LazyLock<Vec<String>> =
    LazyLock::new(|| profiles().iter().map(Profile::to_json).collect());

fuzz_target!(|data: &[u8]| {
    // One byte, so that a seed is a text behind a mark; then a measurement's bytes, then the text.
    let (head, tail) = data.split_at(data.len().min(1));
    let split = head.first().map_or(0, |&byte| usize::from(byte)).min(tail.len());
    let (numbers, texts) = tail.split_at(split);
    let _ = run(&mut Unstructured::new(numbers), &mut Unstructured::new(texts));
});

fn run(numbers: &mut Unstructured<'_>, texts: &mut Unstructured<'_>) -> Taken<()> {
    let measurement = measurement(numbers)?;
    let profile_too = numbers.ratio(1_u8, 4_u8)?;
    let source = preset_or_text(texts, if profile_too { &PROFILES } else { &SPECS })?;
    if profile_too {
        match Profile::from_json(&source) {
            Ok(profile) => {
                assert_eq!(Profile::from_json(&profile.to_json()), Ok(profile.clone()));
                let spec = &specs()[0];
                let report = verify(spec, &measurement);
                let delivery = report.delivery.clone();
                let report = report.with_mix(&profile, &measurement);
                assert_eq!(report.delivery, delivery, "MIX touched DELIVERY");
                write_all(spec, &measurement, &report);
            }
            Err(problems) => assert_named(&problems),
        }
        return Ok(());
    }
    match Spec::from_json(&source) {
        Ok(spec) => {
            assert_eq!(Spec::from_json(&spec.to_json()), Ok(spec.clone()));
            let report = verify(&spec, &measurement);
            for finding in report.findings() {
                assert_eq!(finding.reason.is_some(), finding.verdict == Verdict::NotEvaluated);
            }
            let judged = report.findings().any(|finding| finding.verdict == Verdict::Pass);
            assert!(judged || report.verdict() != Verdict::Pass, "a pass that checked nothing");
            let _ = (spec.target_for(&measurement), spec.layout(), spec.true_peak_aim_dbtp());
            write_all(&spec, &measurement, &report);
        }
        Err(problems) => assert_named(&problems),
    }
    Ok(())
}

fn assert_named(problems: &mixcore::Problems) {
    assert!(!problems.is_empty());
    assert!(problems.iter().all(|problem| !problem.path.is_empty()), "{problems}");
}

fn write_all(spec: &Spec, measurement: &Measurement, report: &Report) {
    let columns = [Column::new(&spec.id, measurement, report)];
    let groups = [Group::new(&spec.name, &columns)];
    let document = Document { title: &spec.id, intro: "", groups: &groups };
    for form in [html, text, csv, junit, json] {
        let mut out = String::new();
        form(&mut out, &document).expect("a String takes everything");
        assert!(!out.is_empty());
    }
    let mut out = String::new();
    figure(&mut out, &groups[0]).expect("a String takes everything");
    let parsed: serde_json::Value =
        serde_json::from_str(&report.to_json()).expect("a report is JSON");
    assert!(parsed["schema"].is_string());
}

fn reading(u: &mut Unstructured<'_>) -> Taken<Reading> {
    Ok(match u.int_in_range(0_u8..=9)? {
        0 => Reading::BelowGate,
        1 => Reading::NotApplicable,
        2 => Reading::TooShort { have_s: u.arbitrary()?, need_s: u.arbitrary()? },
        3 => Reading::Value(u.arbitrary()?),
        _ => Reading::Value(f64::from(u.arbitrary::<i16>()?) / 256.0),
    })
}

fn of(u: &mut Unstructured<'_>, title: &str) -> Taken<Of> {
    Ok(match u.int_in_range(0_u8..=9)? {
        0 => Of::Stem(*u.choose(Role::ALL)?),
        1 => Of::FoldDown(title.to_owned()),
        2 => Of::Channel(u.int_in_range(0..=25)?),
        3 => Of::Phrase(u.int_in_range(0..=3)?),
        4 => Of::Channel(u.arbitrary()?),
        _ => Of::Programme,
    })
}

/// Any measurement that the public interface can make.
fn measurement(u: &mut Unstructured<'_>) -> Taken<Measurement> {
    let rate_hz = 8_000.0 + f64::from(u.arbitrary::<u16>()?);
    let frames = if u.arbitrary()? { u.arbitrary()? } else { u64::from(u.arbitrary::<u32>()?) };
    let start = Timecode { frame: u.arbitrary()?, frame_rate: frame_rate(u)? };
    let mut header = Header::new("", layout(u)?, rate_hz, frames)
        .expect("a rate inside its bounds")
        .with_start(start)
        .with_dual_mono(u.arbitrary()?)
        .with_loudness_edition(*u.choose(&Edition::ALL)?);
    if u.arbitrary()? {
        header = header.with_bit_depth(u.arbitrary()?).with_dialogue_detector(Detector::new("a detector"));
    }
    let mut measurement = Measurement::new(header);
    measurement.push_fold_down("mono", "(L+R)/2").expect("the first of that name");
    for _ in 0..u.int_in_range(0_u8..=12)? {
        let (of, quantity) = (of(u, "mono")?, *u.choose(Quantity::ALL)?);
        // A thing that is not there is refused, which is an answer too.
        let _ = measurement.set_at(&of, quantity, reading(u)?, u.arbitrary()?);
    }
    for _ in 0..u.int_in_range(0_u8..=3)? {
        let (start, end) = (u.arbitrary()?, u.arbitrary()?);
        if let Ok(phrase) = PhraseReading::new(start, end, reading(u)?, reading(u)?) {
            measurement.push_phrase(phrase);
        }
        if let Ok(stretch) = Excursion::new(start, end, u.arbitrary()?, u.arbitrary()?, -1.0) {
            measurement.push_excursion(stretch);
        }
    }
    let levels: Vec<f32> = bytes_after(u).bytes().map(|b| f32::from(b) - 200.0).collect();
    measurement.set_history(History::new(levels.clone(), Vec::new(), levels));
    Ok(measurement)
}

fn frame_rate(u: &mut Unstructured<'_>) -> Taken<FrameRate> {
    u.choose(&[FrameRate::F25, FrameRate::F2997Drop, FrameRate::F5994Drop, FrameRate::F23976])
        .copied()
}
