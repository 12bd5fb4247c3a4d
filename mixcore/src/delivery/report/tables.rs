//! The tables of the HTML form: rules against versions, fold-downs, findings to mend, facts.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::super::{
    Finding, Kind, NotEvaluated, Of, Quantity, Reading, Section, Verdict, round_to,
};
use super::markup::{Esc, Minus, Num};
use super::style::{self, Sign};
use super::{Column, Group};
use crate::loudness::Edition;

pub(super) fn chip(out: &mut dyn Write, verdict: Verdict) -> fmt::Result {
    write!(out, "<span class=\"chip v-{}\">{}</span>", style::class(verdict), Sign(verdict))
}

/// The citation; an address becomes a link only if it is one of the web.
fn cite(out: &mut dyn Write, finding: &Finding) -> fmt::Result {
    let citation = &finding.citation;
    let web = citation.url.starts_with("https://") || citation.url.starts_with("http://");
    write!(out, "<span class=\"cite\">")?;
    if web {
        write!(
            out,
            "<a href=\"{}\" rel=\"noreferrer\">{}</a>",
            Esc(&citation.url),
            Esc(&citation.to_string())
        )?;
    } else {
        write!(out, "{}", Esc(&citation.to_string()))?;
    }
    if finding.quantity.is_some() {
        write!(out, " \u{2014} {}", citation.basis.words())?;
    }
    write!(out, "</span>")
}

/// Every rule of both sections, one column for each version.
pub(super) fn rules(out: &mut dyn Write, group: &Group<'_>) -> fmt::Result {
    write!(out, "<div class=\"scroll\"><table><thead><tr><th>Rule</th><th>Limit</th>")?;
    for column in group.columns {
        write!(out, "<th>{}</th>", Esc(column.label))?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for name in ["DELIVERY", "MIX"] {
        let rules = group.rules(name);
        if rules.is_empty() {
            continue;
        }
        let words = if name == "MIX" { "MIX \u{2014} craft" } else { "DELIVERY \u{2014} contract" };
        writeln!(
            out,
            "<tr class=\"name\"><td colspan=\"{}\">{words}</td></tr>",
            group.columns.len() + 2
        )?;
        let stated = |rule: &&&Finding| {
            !group.columns.iter().all(|column| {
                let finding = column.worst(name, &rule.rule_id);
                finding.is_some_and(|finding| finding.reason == Some(NotEvaluated::NotStated))
            })
        };
        let open: Vec<String> = rules
            .iter()
            .filter(|rule| !stated(rule))
            .map(|rule| rule.title.to_lowercase())
            .collect();
        if !open.is_empty() {
            writeln!(
                out,
                "<tr><td colspan=\"{}\" class=\"soft small\">Not stated by the document, so not checked: {}.</td></tr>",
                group.columns.len() + 2,
                Esc(&open.join(", "))
            )?;
        }
        for rule in rules.iter().filter(stated) {
            write!(out, "<tr><th scope=\"row\">{}", Esc(&title(rule)))?;
            cite(out, rule)?;
            write!(out, "</th><td>{}", Minus(&rule.limit))?;
            if name == "DELIVERY" && rule.kind != Kind::Normative {
                write!(out, "<span class=\"sub\">advice, never a rejection</span>")?;
            }
            if !rule.when.is_empty() {
                write!(out, "<span class=\"sub\">with {}</span>", Minus(&rule.when))?;
            }
            write!(out, "</td>")?;
            for column in group.columns {
                cell(out, column.worst(name, &rule.rule_id), &rule.limit)?;
            }
            writeln!(out, "</tr>")?;
        }
    }
    writeln!(out, "</tbody></table></div>")
}

/// A version's finding; its limit where it is not that of the row.
fn cell(out: &mut dyn Write, finding: Option<&Finding>, limit: &str) -> fmt::Result {
    let Some(finding) = finding else {
        return write!(out, "<td class=\"soft\">\u{2013}</td>");
    };
    write!(out, "<td>")?;
    chip(out, finding.verdict)?;
    let value = finding.measured.value().is_some() || finding.quantity.is_none();
    if value {
        write!(out, " <span class=\"val\">{}</span>", Minus(&finding.measured_text))?;
    }
    if let Some(margin) = finding.margin {
        let unit = finding.quantity.map_or("", Quantity::unit);
        let unit =
            if unit == "LUFS" { "LU" } else { unit.trim_end_matches("TP").trim_end_matches("FS") };
        let side = if margin < 0.0 { "outside by" } else { "margin" };
        let decimals =
            if finding.quantity.is_some_and(|q| q.compare_decimals().is_some()) { 1 } else { 2 };
        let size = Num(margin.abs());
        write!(out, "<span class=\"sub\">{side} {size:.decimals$} {unit}</span>")?;
    }
    if finding.limit != limit {
        write!(out, "<span class=\"sub\">limit {}</span>", Minus(&finding.limit))?;
    }
    if finding.reason.is_some() {
        write!(out, "<span class=\"sub\">{}</span>", Minus(&finding.reason_text()))?;
    }
    if finding.verdict == Verdict::Warn && !finding.note.is_empty() {
        write!(out, "<span class=\"sub\">{}</span>", Minus(&finding.note))?;
    }
    write!(out, "</td>")
}

/// A rule as a heading: its quantity and what it is of.
fn title(finding: &Finding) -> String {
    let of = match finding.of.as_str() {
        "" => return finding.title.clone(),
        of if of == Of::Programme.to_string() => return finding.title.clone(),
        of if of.starts_with("phrase") => "every phrase",
        of => of,
    };
    alloc::format!("{}, {of}", finding.title)
}

/// Everything to mend or to look at, with place and way out.
pub(super) fn to_mend(out: &mut dyn Write, group: &Group<'_>) -> fmt::Result {
    let needed = |section: &Section| section.findings.iter().any(|f| !f.hint.is_empty());
    if !group.columns.iter().any(|column| column.sections().any(|(_, section)| needed(section))) {
        return Ok(());
    }
    writeln!(
        out,
        "<h3>To mend</h3><div class=\"scroll\"><table><thead><tr><th>Version</th><th>Where</th><th>What</th><th>Measured</th><th>Way out</th></tr></thead><tbody>"
    )?;
    for column in group.columns {
        for (name, section) in column.sections() {
            for finding in section.findings.iter().filter(|finding| !finding.hint.is_empty()) {
                write!(
                    out,
                    "<tr><th scope=\"row\">{}<span class=\"cite\">{name} ",
                    Esc(column.label)
                )?;
                chip(out, finding.verdict)?;
                write!(out, "</span></th><td class=\"val\">")?;
                match &finding.span {
                    Some(span) => write!(
                        out,
                        "{}<span class=\"sub tc\">to {}</span>",
                        span.in_timecode, span.out_timecode
                    )?,
                    None => write!(out, "throughout")?,
                }
                write!(
                    out,
                    "</td><td>{}<span class=\"sub\">{}</span></td><td class=\"val\">{}<span class=\"sub\">limit {}</span></td><td>{}<span class=\"sub\">finding {}</span></td></tr>",
                    Esc(&finding.title),
                    Esc(&finding.of),
                    Minus(&finding.measured_text),
                    Minus(&finding.limit),
                    Minus(&finding.hint),
                    Esc(&finding.fingerprint),
                )?;
                writeln!(out)?;
            }
        }
    }
    writeln!(out, "</tbody></table></div>")
}

/// The fold-downs of every version, re-measured.
pub(super) fn fold_downs(out: &mut dyn Write, group: &Group<'_>) -> fmt::Result {
    if group.columns.iter().all(|column| column.measurement.fold_downs().is_empty()) {
        return Ok(());
    }
    writeln!(
        out,
        "<h3>Fold-downs, re-measured</h3><div class=\"scroll\"><table><thead><tr><th>Version</th><th>Fold-down</th><th class=\"num\">Loudness</th><th class=\"num\">Shift</th><th class=\"num\">True peak</th></tr></thead><tbody>"
    )?;
    for column in group.columns {
        for fold_down in column.measurement.fold_downs() {
            let of = Of::FoldDown(fold_down.name.clone());
            write!(
                out,
                "<tr><th scope=\"row\">{}</th><td>{}<span class=\"sub\">{}</span></td>",
                Esc(column.label),
                Esc(&fold_down.name),
                Esc(&fold_down.matrix)
            )?;
            for quantity in
                [Quantity::IntegratedLufs, Quantity::FoldDownShiftLu, Quantity::TruePeakDbtp]
            {
                number(out, column.measurement.get_of(&of, quantity), quantity)?;
            }
            writeln!(out, "</tr>")?;
        }
    }
    writeln!(out, "</tbody></table></div>")
}

pub(super) fn number(out: &mut dyn Write, reading: Reading, quantity: Quantity) -> fmt::Result {
    let decimals = quantity.info().decimals;
    match reading.value() {
        Some(value) => {
            let text = quantity.show(round_to(value, decimals), usize::from(decimals));
            write!(out, "<td class=\"num val\">{}</td>", Minus(&text))
        }
        None => write!(out, "<td class=\"num soft\">{}</td>", Esc(&reading.to_string())),
    }
}

/// All readings of the programme, one column for each version.
pub(super) fn readings(out: &mut dyn Write, group: &Group<'_>) -> fmt::Result {
    let known = |column: &Column<'_>, quantity: Quantity| {
        column.measurement.get(quantity) != Reading::NotApplicable
    };
    writeln!(
        out,
        "<h3>All readings</h3><div class=\"scroll\"><table><thead><tr><th>Quantity</th>"
    )?;
    for column in group.columns {
        write!(out, "<th class=\"num\">{}</th>", Esc(column.label))?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for &quantity in Quantity::ALL {
        if !group.columns.iter().any(|column| known(column, quantity)) {
            continue;
        }
        write!(out, "<tr><th scope=\"row\">{}<span class=\"cite\">", quantity.name())?;
        if quantity == Quantity::IntegratedLufs {
            editions(out, group)?;
        } else {
            write!(out, "{}", quantity.info().standard)?;
        }
        write!(out, "</span></th>")?;
        for column in group.columns {
            number(out, column.measurement.get(quantity), quantity)?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div>")
}

/// The editions that integrated loudness was read by, each once.
fn editions(out: &mut dyn Write, group: &Group<'_>) -> fmt::Result {
    let by = |column: &Column<'_>| column.measurement.header().loudness_edition;
    let used = |edition: &Edition| group.columns.iter().any(|column| by(column) == *edition);
    for (n, edition) in Edition::ALL.into_iter().filter(used).enumerate() {
        write!(out, "{}{}", if n > 0 { ", " } else { "" }, edition.name())?;
    }
    Ok(())
}

/// What was measured and how, the cautions, the notes and sources of the spec.
pub(super) fn facts(out: &mut dyn Write, group: &Group<'_>) -> fmt::Result {
    writeln!(out, "<h3>How it was measured</h3><div class=\"cols\">")?;
    for column in group.columns {
        let header = column.measurement.header();
        write!(out, "<div class=\"card small\"><h4>{}</h4><dl>", Esc(column.label))?;
        let depth =
            header.bit_depth.map_or_else(|| "no file".into(), |bits| alloc::format!("{bits} bit"));
        let rows: [(&str, String); 10] = [
            ("Title", header.title.clone()),
            ("Source", header.source.clone()),
            ("Layout", header.layout().to_string()),
            ("Format", alloc::format!("{} Hz, {depth}", header.rate_hz())),
            ("Duration", alloc::format!("{:.2} s", header.duration_s())),
            ("Start", header.start_timecode().to_string()),
            ("Loudness by", header.loudness_edition.name().into()),
            ("True peak by", header.true_peak_method.clone()),
            ("Dialogue by", header.dialogue_detector.clone().unwrap_or_default()),
            ("Produced by", header.produced_by.clone()),
        ];
        for (name, value) in rows.iter().filter(|row| !row.1.is_empty()) {
            write!(out, "<dt>{name}</dt><dd>{}</dd>", Esc(value))?;
        }
        writeln!(out, "</dl></div>")?;
    }
    writeln!(out, "</div>")?;
    let Some(first) = group.columns.first() else { return Ok(()) };
    let mut cautions: Vec<&String> = Vec::new();
    for caution in group.columns.iter().flat_map(|column| &column.report.cautions) {
        if !cautions.contains(&caution) {
            cautions.push(caution);
        }
    }
    list(out, "Read this with", cautions.into_iter().chain(&first.report.spec.notes))?;
    list(out, "Sources of the specification", first.report.spec.sources.iter())
}

fn list<'a>(
    out: &mut dyn Write,
    heading: &str,
    items: impl Iterator<Item = &'a String>,
) -> fmt::Result {
    let mut items = items.peekable();
    if items.peek().is_none() {
        return Ok(());
    }
    writeln!(out, "<h3>{heading}</h3><ul class=\"small\">")?;
    for item in items {
        writeln!(out, "<li>{}</li>", Minus(item))?;
    }
    writeln!(out, "</ul>")
}
