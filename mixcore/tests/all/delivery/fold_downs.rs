//! The forms of a check of fold-downs: complete, escaped, with names, timecodes and reasons.

use std::sync::OnceLock;

use mixcore::delivery::report::fold_downs::{FoldDocument, csv, json, text};
use mixcore::spatial::{
    CancelCause, CheckedStem, FoldCheckSetup, FoldFix, FoldReport, FoldTarget, Translation,
    TranslationReport, check_fold_downs, check_translations,
};
use mixcore::units::FrameRate;
use mixcore::{Block, Layout, Stream, Timecode};

use crate::signals::{noise, sine};

const RATE_HZ: f64 = 16_000.0;
const FRAMES: usize = 32_000;
const NAMES: [&str; 2] = ["AMB, \"the river\"", "FX"];

type Checked = (FoldReport, Vec<TranslationReport>, Stream);

/// Checked once for all tests.
fn checked() -> &'static Checked {
    static CHECKED: OnceLock<Checked> = OnceLock::new();
    CHECKED.get_or_init(check)
}

/// An ambience whose right side is inverted and a bang in the same file, twice too loud for mono.
fn check() -> Checked {
    let river = noise::<f64>(4, FRAMES, 0.1, 1).remove(0);
    let mut bang = sine::<f64>(400.0, RATE_HZ, FRAMES, 1.4);
    bang[..16_000].fill(0.0);
    bang[17_600..].fill(0.0);
    let ambience = [river.clone(), river.iter().map(|x| -x).collect::<Vec<_>>()];
    let effects = [bang.clone(), bang];
    let mix: Vec<Vec<f64>> =
        (0..2).map(|c| ambience[c].iter().zip(&effects[c]).map(|(a, b)| a + b).collect()).collect();
    let stem = |name, audio| CheckedStem { name, audio: Block::new(audio).unwrap(), source: 3 };
    let stems = [stem(NAMES[0], &ambience), stem(NAMES[1], &effects)];
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let targets = FoldTarget::usual(Layout::STEREO).unwrap();
    let mix = Block::new(&mix).unwrap();
    let setup = FoldCheckSetup { fixes: 1, ..FoldCheckSetup::default() };
    let report = check_fold_downs(mix, &stems, &targets, &setup, stream).unwrap();
    let ways = [Translation::Mono, Translation::Loudspeaker { low_hz: 200.0, high_hz: 6_000.0 }];
    (report, check_translations(mix, &stems, &ways, stream).unwrap(), stream)
}

type Form = fn(&mut dyn core::fmt::Write, &FoldDocument<'_>) -> core::fmt::Result;

fn written(form: Form) -> (String, &'static FoldReport) {
    let report = &checked().0;
    (written_of(form, report), report)
}

fn written_of(form: Form, report: &FoldReport) -> String {
    let (_, translations, stream) = checked();
    let start = Timecode::parse("10:00:00:00", FrameRate::F25).unwrap();
    let document = FoldDocument {
        title: "A \"film\"",
        report,
        translations,
        stems: &NAMES,
        stream: *stream,
        start,
    };
    let mut out = String::new();
    form(&mut out, &document).unwrap();
    out
}

/// Cells of RFC 4180: quoted ones unquoted, doubled quotes halved.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut quoted) = (vec![String::new()], false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cells.last_mut().unwrap().push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            letter => cells.last_mut().unwrap().push(letter),
        }
    }
    assert!(!quoted, "{line}");
    cells
}

#[test]
fn csv_has_a_line_for_every_finding_and_all_its_cells() {
    let (out, report) = written(csv);
    assert!(out.ends_with("\r\n"));
    let rows: Vec<Vec<String>> = out.split_terminator("\r\n").map(cells).collect();
    let at = |name: &str| rows[0].iter().position(|cell| cell == name).unwrap();
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    let mono = &report.targets[0];
    // The mix, six readings of mono and three of each stem there, its places, and for two ways two readings of the mix and each stem.
    let findings = 6 + 3 * NAMES.len() + mono.overs.len() + mono.cancellations.len();
    assert_eq!(rows.len(), 1 + 1 + findings + 2 * (2 + 2 * 2));
    let of =
        |finding: &str| rows.iter().filter(|row| row[at("finding")] == finding).collect::<Vec<_>>();
    assert_eq!((of("over").len(), of("cancellation").len()), (1, mono.cancellations.len()));
    // From 1 s to 1.1 s, after ten hours at 25 frames a second.
    let over = of("over")[0];
    assert_eq!(over[at("verdict")], "FAIL");
    assert!(["10:00:00:24", "10:00:01:00"].contains(&over[at("in")].as_str()), "{over:?}");
    assert!(over[at("out")].starts_with("10:00:01:0"));
    let frame: u64 = over[at("in_frame")].parse().unwrap();
    assert_eq!(frame, mono.overs[0].first_frame);
    let peak: f64 = over[at("value")].parse().unwrap();
    assert!(peak == mono.overs[0].peak_dbtp && over[at("unit")] == "dBTP");
    let places = of("cancellation");
    let river = places.iter().find(|row| row[at("stem")] == NAMES[0]).unwrap();
    assert_eq!(river[at("cause")], "polarity");
    assert_eq!(river[at("channels")], "L/R");
    assert_eq!(river[at("fix")], "invert R");
    assert_eq!(river[at("scope")], "in the stem alone");
    assert!(river[at("harm")].starts_with("FX -"), "{river:?}");
    assert_eq!(river[at("solved")], "yes");
    let fix = mono.cancellations.iter().find_map(|place| place.fix.as_ref()).unwrap();
    let after: f64 = river[at("true_peak_after_dbtp")].parse().unwrap();
    assert_eq!(Some(after), fix.true_peak_dbtp.value());
    let after: f64 = river[at("shift_after_lu")].parse().unwrap();
    assert_eq!(Some(after), fix.shift_lu.value());
    // Mono was over before.
    assert_eq!(river[at("newly_failing")], "");
    assert!(river[at("citation")].contains("BS.775"), "{river:?}");
    // What has no value has a reason.
    let moved = of("moved");
    let lost = moved.iter().find(|row| row[at("stem")] == NAMES[0]).unwrap();
    assert!(lost[at("value")].is_empty() && lost[at("reason")] == "below the gate", "{lost:?}");
    assert!(rows.iter().any(|row| row[at("target")] == "loudspeaker 200 to 6000 Hz"));
}

#[test]
fn text_stays_in_its_width_and_names_cause_fix_and_harm() {
    let (out, _) = written(text);
    for expected in [
        "A \"film\"\nfold-downs FAIL; stereo | 16000 Hz | the mix itself ",
        "\nmono      FAIL\n",
        "over: 10:00:0",
        "cancels: ",
        "cause: polarity",
        " dB, at worst -",
        "do: invert R in the stem alone: ",
        " LU, solved",
        "stem FX: true peak ",
        "in the source it would change FX -",
        "\nheard as mono\n    mix ",
        "moved below the gate",
    ] {
        let flat = out.replace("\n             ", " ").replace("\n        ", " ");
        assert!(flat.contains(expected), "{expected} in\n{out}");
    }
    assert!(out.lines().all(|line| line.chars().count() <= 100), "{out}");
}

#[test]
fn json_is_the_whole_report_with_its_schema() {
    let (out, report) = written(json);
    let root: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(root["schema"], "mixcore-fold-downs-1");
    assert_eq!((&root["start"], &root["layout"]), (&"10:00:00:00".into(), &"stereo".into()));
    assert_eq!(root["stems"][0], NAMES[0]);
    let mono = &root["fold_downs"]["targets"][0];
    assert_eq!((&mono["name"], &mono["layout"]), (&"mono".into(), &"mono".into()));
    let places = mono["cancellations"].as_array().unwrap();
    assert_eq!(places.len(), report.targets[0].cancellations.len());
    let found = |place: &&serde_json::Value| place["stem"] == 0 && !place["fix"].is_null();
    let river = places.iter().find(found).unwrap();
    assert_eq!(river["cause"]["kind"], "polarity");
    assert_eq!(
        (&river["fix"]["fix"]["kind"], &river["fix"]["fix"]["channel"]),
        (&"invert".into(), &1.into())
    );
    assert_eq!((&river["fix"]["scope"], &river["fix"]["solved"]), (&"stem".into(), &true.into()));
    assert_eq!(river["fix"]["targets"][0]["newly_over"], false);
    assert!(river["fix"]["true_peak_dbtp"]["value"].is_number(), "{river}");
    assert!(river["fix"]["shift_lu"]["value"].is_number(), "{river}");
    assert!(mono["stems"][1]["true_peak_dbtp"]["value"].is_number());
    assert_eq!((&root["verdict"], &mono["verdict"]), (&"fail".into(), &"fail".into()));
    assert_eq!(root["translations"][1]["translation"]["loudspeaker"]["low_hz"], 200.0);
    assert!(root["translations"][0]["stems"][0]["moved_lu"]["value"].is_null());
}

/// Text in one line, however it was broken.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_cause_and_fix_has_its_words() {
    let (mut report, _, _) = checked().clone();
    let place = report.targets[0].cancellations.iter_mut().find(|p| p.fix.is_some()).unwrap();
    place.cause = Some(CancelCause::Decorrelation);
    let fix = place.fix.as_mut().unwrap();
    (fix.fix, fix.solved) = (FoldFix::QuarterTurn { channel: 1 }, false);
    (fix.targets[0].newly_over, fix.targets[0].newly_cancels) = (true, true);
    let out = flat(&written_of(text, &report));
    assert!(out.contains("| cause: decorrelation do: turn R by 90 degrees in the stem"), "{out}");
    assert!(out.contains("LU, not solved | then newly mono over; mono cancels |"), "{out}");
    assert!(written_of(csv, &report).contains(",mono over; mono cancels,no,"));

    let place = report.targets[0].cancellations.iter_mut().find(|p| p.fix.is_some()).unwrap();
    let notches_hz = vec![500.0, 1_500.0];
    place.cause = Some(CancelCause::Delay { delay_frames: -16.0, inverted: true, notches_hz });
    place.fix.as_mut().unwrap().fix = FoldFix::Delay { channel: 0, frames: 16 };
    let out = flat(&written_of(text, &report));
    let cause = "cause: delay of -16.0 frames, inverted; notches at 500, 1500 Hz";
    assert!(out.contains(cause), "{out}");
    assert!(out.contains("do: delay L by 16 frames in the stem"), "{out}");
    assert!(written_of(csv, &report).contains("\"delay of -16.0 frames, inverted;"));

    let place = report.targets[0].cancellations.iter_mut().find(|p| p.fix.is_some()).unwrap();
    place.fix.as_mut().unwrap().fix = FoldFix::Trim { channel: 1, gain_db: -6.0 };
    let out = flat(&written_of(text, &report));
    assert!(out.contains("do: change R by -6.0 dB in the stem"), "{out}");
}

#[test]
fn a_target_that_lets_nothing_through_is_silent_and_not_minus_infinity() {
    let (mut report, _, _) = checked().clone();
    let target = &mut report.targets[0];
    (target.peak_bound_db, target.power_bound_db) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    let out = flat(&written_of(text, &report));
    assert!(out.contains("silent: no channel gets through | true peak"), "{out}");
    for out in [out, written_of(csv, &report), written_of(json, &report)] {
        assert!(!out.contains("-inf"), "{out}");
    }
}
