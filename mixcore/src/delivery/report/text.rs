//! The report for a terminal: a table of 100 columns, plain letters.

use alloc::string::{String, ToString};
use alloc::{format, vec::Vec};
use core::fmt::{self, Write};

use super::super::{Finding, Of, Verdict};
use super::{Column, Document};

/// Width of the page, characters.
const WIDTH: usize = 100;
/// Widths of the columns: rule, measured, limit, margin; the verdict takes what is left.
const COLUMNS: [usize; 4] = [36, 17, 23, 9];

/// Writes the report as text.
///
/// # Errors
/// Only what `out` itself reports.
pub fn text(out: &mut dyn Write, document: &Document<'_>) -> fmt::Result {
    writeln!(out, "{}", document.title)?;
    wrapped(out, "", document.intro)?;
    for group in document.groups {
        writeln!(out, "\n{}\n{}", group.title, "=".repeat(group.title.chars().count().min(WIDTH)))?;
        wrapped(out, "", group.note)?;
        for column in group.columns {
            write_column(out, column)?;
        }
    }
    Ok(())
}

fn write_column(out: &mut dyn Write, column: &Column<'_>) -> fmt::Result {
    let header = column.measurement.header();
    writeln!(out, "\n{}", column.label)?;
    writeln!(out, "{}", "-".repeat(column.label.chars().count().min(WIDTH)))?;
    for (name, section) in column.sections() {
        writeln!(out, "{name:<9} {:<14} {}", section.verdict.words(), section.name)?;
    }
    let facts = format!(
        "{} | {} Hz | {:.2} s from {} | {} | {}",
        header.layout(),
        header.rate_hz(),
        header.duration_s(),
        header.start_timecode(),
        header.loudness_edition.name(),
        header.produced_by,
    );
    wrapped(out, "", &facts)?;
    for (name, section) in column.sections() {
        writeln!(out)?;
        row(out, [name, "measured", "limit", "margin", "verdict"])?;
        let mut before = "";
        for finding in &section.findings {
            write_finding(out, finding, finding.rule_id != before)?;
            before = &finding.rule_id;
        }
    }
    if let Some(solution) = column.solution {
        writeln!(out)?;
        for line in solution.trace_text().lines() {
            wrapped(out, "", line)?;
        }
        wrapped(out, "end: ", &solution.end.to_string())?;
    }
    for caution in &column.report.cautions {
        wrapped(out, "note: ", caution)?;
    }
    Ok(())
}

/// A finding; note and source only with the first one of a rule.
fn write_finding(out: &mut dyn Write, finding: &Finding, first: bool) -> fmt::Result {
    let programme = Of::Programme.to_string();
    let title = if finding.of.is_empty() || finding.of == programme {
        finding.title.clone()
    } else {
        format!("{}, {}", finding.title, finding.of)
    };
    let judged = finding.verdict != Verdict::NotEvaluated;
    let shown = judged || finding.measured.value().is_some() || finding.quantity.is_none();
    let measured = if shown { finding.measured_text.as_str() } else { "-" };
    let rounded = finding.quantity.is_some_and(|quantity| quantity.compare_decimals().is_some());
    let decimals = if rounded { 1 } else { 2 };
    let margin = finding.margin.map_or_else(String::new, |margin| format!("{margin:+.decimals$}"));
    row(out, [&title, measured, &finding.limit, &margin, finding.verdict.words()])?;
    wrapped(out, "    ", &finding.reason_text())?;
    if first && !finding.when.is_empty() {
        wrapped(out, "    applies with ", &finding.when)?;
    }
    if let Some(span) = &finding.span {
        wrapped(
            out,
            "    ",
            &format!("{} to {}, {}", span.in_timecode, span.out_timecode, span.what),
        )?;
    }
    if !finding.hint.is_empty() {
        wrapped(out, "    do: ", &finding.hint)?;
    }
    if first && !finding.note.is_empty() {
        wrapped(out, "    ", &finding.note)?;
    }
    if first && finding.quantity.is_some() {
        wrapped(out, "    source: ", &finding.citation.to_string())?;
    }
    Ok(())
}

/// One line of the table; what is too long is cut.
fn row(out: &mut dyn Write, cells: [&str; 5]) -> fmt::Result {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(COLUMNS) {
        let fits = cell.chars().count() < width;
        let cut: String = cell.chars().take(width - 2).collect();
        let cell = if fits { (*cell).to_string() } else { cut + "…" };
        write!(line, "{cell:<width$}")?;
    }
    line.push_str(cells[4]);
    writeln!(out, "{}", line.trim_end())
}

/// A paragraph with a lead on its first line and the same indent below; nothing for no text.
pub(super) fn wrapped(out: &mut dyn Write, lead: &str, text: &str) -> fmt::Result {
    let indent = " ".repeat(lead.len());
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line)
                if line.chars().count() + 1 + word.chars().count() <= WIDTH - indent.len() =>
            {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    for (index, line) in lines.iter().enumerate() {
        writeln!(out, "{}{line}", if index == 0 { lead } else { &indent })?;
    }
    Ok(())
}
