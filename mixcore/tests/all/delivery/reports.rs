//! The forms of a report: escaped, complete, inside their widths, and readable by their readers.

use mixcore::delivery::report::{Column, Document, Group, csv, figure, html, json, junit, text};
use mixcore::delivery::{Measurement, Report, profile, spec, verify};
use serde_json::Value;

use super::{LINES, programme, rich};

/// Two versions with hostile names, judged by a spec and a profile.
fn versions() -> Vec<(Measurement, Report)> {
    let (r128, factual) = (spec("ebu-r128").unwrap(), profile("factual").unwrap());
    [rich(&LINES, 40.0), programme(28, -23.0, -3.0)]
        .into_iter()
        .map(|measurement| {
            let report = verify(&r128, &measurement).with_mix(&factual, &measurement);
            (measurement, report)
        })
        .collect()
}

fn with_document<T>(run: impl FnOnce(&Document<'_>) -> T) -> T {
    let versions = versions();
    let columns = [
        Column::new("<script>alert(1)</script>", &versions[0].0, &versions[0].1),
        Column::new("plain, \"quoted\"", &versions[1].0, &versions[1].1),
    ];
    let groups = [Group { title: "A & B", note: "<i>", columns: &columns }];
    run(&Document { title: "\"T\" < 'U'", intro: "</style>", groups: &groups })
}

fn written(form: impl Fn(&mut dyn core::fmt::Write, &Document<'_>) -> core::fmt::Result) -> String {
    let mut out = String::new();
    with_document(|document| form(&mut out, document).unwrap());
    out
}

/// Every tag that is opened is closed, in order; attribute values are quoted.
fn check_markup(text: &str) {
    const VOID: [&str; 2] = ["meta", "br"];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>').expect("every tag ends");
        let (tag, after) = rest.split_at(end);
        rest = after;
        if tag.starts_with(['!', '?']) {
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes in <{tag}>");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "<{tag}> closes something else");
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
        if name == "style" && !tag.starts_with('/') {
            rest = &rest[rest.find("</style>").unwrap()..];
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
}

#[test]
fn html_is_one_well_formed_file_with_nothing_foreign_in_it() {
    let page = written(html);
    check_markup(&page);
    for foreign in ["<script", "<i>", "<edit>", "<u>", "javascript:", "<link", "src=", "@import"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    for expected in [
        "&lt;script&gt;",
        "&quot;T&quot; &lt; &#39;U&#39;",
        "The &lt;edit&gt; &amp; &quot;its&quot; &#39;mix&#39;",
        "\u{2715} FAIL",
        "\u{2713} PASS",
        "\u{2013} NOT EVALUATED",
        "Not stated by the document, so not checked: channel layout, sample rate, bit depth",
        "EBU R 128, 5.0 (2023-11)",
        "not the licensed speech gate",
        "00:00:08:08",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
    assert!(!page.contains("NaN") && !page.contains("inf"));
}

#[test]
fn the_figure_is_well_formed_and_says_both_verdicts() {
    let mut out = String::new();
    with_document(|document| figure(&mut out, &document.groups[0]).unwrap());
    check_markup(&out);
    assert!(out.starts_with("<svg xmlns=") && out.contains(">DELIVERY<") && out.contains(">MIX<"));
    let mut empty = String::new();
    figure(&mut empty, &Group::new("none", &[])).unwrap();
    check_markup(&empty);
}

#[test]
fn junit_skips_what_was_not_judged() {
    let xml = written(junit);
    check_markup(&xml);
    assert_eq!(xml.matches("<testsuite ").count(), 4);
    let skipped = xml.matches("<skipped").count();
    assert!(skipped > 0 && !xml.contains("NOT EVALUATED"));
    assert!(xml.contains("<failure message=\"+0.40 dBTP, limit at most -1.0 dBTP\">"));
}

#[test]
fn text_fits_a_hundred_columns() {
    let page = written(text);
    for line in page.lines().filter(|line| !line.starts_with("DELIVERY ") && !line.is_empty()) {
        assert!(line.chars().count() <= 100, "{line}");
    }
    assert!(page.contains("DELIVERY  FAIL           EBU R 128 programme"));
    assert!(page.contains("MIX       NOT EVALUATED  Factual programme"));
}

#[test]
fn csv_has_as_many_cells_in_every_line() {
    let table = written(csv);
    let cells = |line: &str| {
        let mut quoted = false;
        line.chars()
            .filter(|c| {
                quoted ^= *c == '"';
                *c == ',' && !quoted
            })
            .count()
    };
    let lines: Vec<&str> = table.split_terminator("\r\n").collect();
    let findings: usize = versions().iter().map(|(_, report)| report.findings().count()).sum();
    assert_eq!(lines.len(), findings + 1);
    assert!(lines.iter().all(|line| cells(line) == 17));
}

#[test]
fn json_reads_back_with_null_and_a_reason_where_there_is_no_value() {
    let document: Value = serde_json::from_str(&written(json)).unwrap();
    let columns = &document["groups"][0]["columns"];
    assert_eq!(columns[0]["label"], "<script>alert(1)</script>");
    let report = &columns[0]["report"];
    assert_eq!(report["delivery"]["verdict"], "fail");
    assert_eq!(report["mix"]["id"], "factual");
    assert_eq!(report["header"]["layout"], "stereo");
    let readings = &columns[0]["measurement"]["programme"];
    assert_eq!(readings["integrated_lufs"]["value"], -23.0);
    assert_eq!(readings["true_peak_dbtp"]["at_frame"], 960_500);
    assert!(columns[0]["measurement"]["history"]["momentary_lufs"][0].is_null());

    let finding = report["delivery"]["findings"].as_array().unwrap().last().unwrap();
    assert_eq!(finding["rule_id"], "true-peak");
    assert_eq!(finding["measured"]["value"], 0.4);
    assert_eq!(finding["span"]["in_timecode"], "00:00:20:00");
    let none = &columns[1]["report"]["mix"]["findings"][0];
    assert!(none["measured"]["value"].is_null());
    assert_eq!(none["measured"]["reason"], "not_applicable");
    assert_eq!(none["reason"], "nothing_there");
}

#[test]
fn a_document_without_anything_is_still_a_document() {
    let empty = Document { title: "", intro: "", groups: &[] };
    for form in [html, text, csv, junit, json] {
        let mut out = String::new();
        form(&mut out, &empty).unwrap();
    }
    let groups = [Group::new("", &[])];
    let hollow = Document { title: "", intro: "", groups: &groups };
    for form in [html, text, csv, junit, json] {
        let mut out = String::new();
        form(&mut out, &hollow).unwrap();
    }
}
