//! The report as one HTML file: no scripts, nothing to load, light, dark and paper.

use core::fmt::{self, Write};

use super::bars::{bars, range_lu};
use super::figure::key_readings;
use super::markup::{Esc, Minus};
use super::plot::{loudness, range_lufs};
use super::style::{self, Sign};
use super::{Column, Document, Group, summary, tables};

/// Writes the report as a self-contained HTML page.
///
/// # Errors
/// Only what `out` itself reports.
///
/// # Example
/// ```
/// use mixcore::Layout;
/// use mixcore::delivery::report::{Column, Document, Group, html};
/// use mixcore::delivery::{Header, Measurement, profile, spec, verify};
///
/// let measurement = Measurement::new(Header::new("cue", Layout::STEREO, 48_000.0, 48_000)?);
/// let report = verify(&spec("ebu-r128")?, &measurement).with_mix(&profile("factual")?, &measurement);
/// let columns = [Column::new("the edit", &measurement, &report)];
/// let groups = [Group::new("EBU R 128", &columns)];
/// let mut page = String::new();
/// html(&mut page, &Document { title: "Cue 3", intro: "", groups: &groups }).unwrap();
/// assert!(page.starts_with("<!DOCTYPE html>") && page.contains("NOT EVALUATED"));
/// # Ok::<(), mixcore::Error>(())
/// ```
pub fn html(out: &mut dyn Write, document: &Document<'_>) -> fmt::Result {
    let title = Esc(document.title);
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title>"
    )?;
    writeln!(
        out,
        "<style>{}{}{}</style></head><body><main>",
        style::COLOURS,
        style::PAGE,
        style::SVG
    )?;
    writeln!(
        out,
        "<header><h1>{title}</h1><p class=\"soft\">{}</p></header>",
        Esc(document.intro)
    )?;
    summary::overview(out, document)?;
    for group in document.groups {
        write_group(out, group)?;
    }
    writeln!(
        out,
        "<footer class=\"small soft\"><p>DELIVERY judges the client\u{2019}s contract, MIX the craft; neither changes the other. What could not be judged is never a pass. Loudness is compared after rounding to 0.1, peaks are never rounded; limits are inclusive unless they say otherwise.</p><p>Made by mixcore {}.</p></footer></main></body></html>",
        env!("CARGO_PKG_VERSION")
    )
}

fn write_group(out: &mut dyn Write, group: &Group<'_>) -> fmt::Result {
    writeln!(out, "<section class=\"group\"><h2>{}</h2>", Esc(group.title))?;
    for line in group.note.lines() {
        writeln!(out, "<p class=\"soft\">{}</p>", Minus(line))?;
    }
    if let Some(first) = group.columns.first() {
        let spec = &first.report.spec;
        write!(out, "<p class=\"soft small\">Contract: {}", Esc(&spec.name))?;
        for part in
            [&spec.document, &spec.version, &spec.date].into_iter().filter(|p| !p.is_empty())
        {
            write!(out, ", {}", Esc(part))?;
        }
        if let Some(mix) = &first.report.mix {
            write!(out, ". Craft profile: {}", Esc(&mix.name))?;
        }
        writeln!(out, ".</p>")?;
    }
    writeln!(out, "<div class=\"cols\">")?;
    for column in group.columns {
        write_card(out, column)?;
    }
    writeln!(out, "</div>")?;
    write_phrases(out, group)?;
    writeln!(out, "<h3>Rule by rule</h3>")?;
    tables::rules(out, group)?;
    tables::to_mend(out, group)?;
    summary::ways(out, group)?;
    write_plots(out, group)?;
    tables::fold_downs(out, group)?;
    tables::readings(out, group)?;
    tables::facts(out, group)?;
    writeln!(out, "</section>")
}

fn write_card(out: &mut dyn Write, column: &Column<'_>) -> fmt::Result {
    write!(out, "<div class=\"card\"><h4>{}</h4><div class=\"verdicts\">", Esc(column.label))?;
    for (name, section) in column.sections() {
        write!(
            out,
            "<div class=\"verdict v-{}\"><b>{name}</b><span>{}</span></div>",
            style::class(section.verdict),
            Sign(section.verdict)
        )?;
    }
    write!(out, "</div><dl>")?;
    for (name, value) in key_readings(column) {
        write!(out, "<dt>{name}</dt><dd>{}</dd>", Minus(&value))?;
    }
    writeln!(out, "</dl></div>")
}

fn write_phrases(out: &mut dyn Write, group: &Group<'_>) -> fmt::Result {
    if group.columns.iter().all(|column| column.measurement.phrases().is_empty()) {
        return Ok(());
    }
    let range = range_lu(group);
    write!(out, "<h3>Dialogue over music, phrase by phrase</h3>")?;
    if let Some(least) = group.columns.iter().find_map(Column::least_over_music) {
        write!(
            out,
            "<p class=\"legend\"><span><i style=\"border-color:var(--ink);border-top-style:dashed\"></i>at least {least:?} LU</span><span>\u{2715} below it</span></p>"
        )?;
    }
    writeln!(out, "<div class=\"cols\">")?;
    for column in group.columns {
        write!(out, "<figure><figcaption>{}</figcaption>", Esc(column.label))?;
        bars(out, column, range)?;
        writeln!(out, "</figure>")?;
    }
    writeln!(out, "</div>")
}

fn write_plots(out: &mut dyn Write, group: &Group<'_>) -> fmt::Result {
    if group.columns.iter().all(|column| column.measurement.history().is_empty()) {
        return Ok(());
    }
    writeln!(
        out,
        "<h3>Loudness and true peak over time</h3><div class=\"legend\"><span><i style=\"border-color:var(--short)\"></i>short-term (3 s)</span><span><i style=\"border-color:var(--mom)\"></i>momentary (400 ms)</span><span><i style=\"border-color:var(--target);border-top-style:dashed\"></i>target and tolerance</span><span><i style=\"border-color:var(--speech);border-top-width:11px\"></i>phrase of dialogue</span><span><i style=\"border-color:var(--fail);border-top-style:dashed\"></i>true-peak limit, \u{2715} over it</span></div>"
    )?;
    let range = range_lufs(group);
    for column in group.columns.iter().filter(|column| !column.measurement.history().is_empty()) {
        write!(out, "<figure class=\"wide\"><figcaption>{}</figcaption>", Esc(column.label))?;
        loudness(out, column, range)?;
        writeln!(out, "</figure>")?;
    }
    Ok(())
}
