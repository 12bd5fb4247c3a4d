//! The findings as a table for a spreadsheet (RFC 4180, comma, UTF-8).

use alloc::string::{String, ToString};
use core::fmt::{self, Write};

use super::Document;

/// Writes one line for each finding, after a line of headings.
///
/// # Errors
/// Only what `out` itself reports.
pub fn csv(out: &mut dyn Write, document: &Document<'_>) -> fmt::Result {
    out.write_str(
        "group,version,section,section_verdict,rule_id,title,of,quantity,measured,limit,margin,\
         verdict,reason,in,out,hint,citation,fingerprint\r\n",
    )?;
    for group in document.groups {
        for column in group.columns {
            for (name, section) in column.sections() {
                for finding in &section.findings {
                    let span = finding.span.as_ref();
                    let cells: [&str; 18] = [
                        group.title,
                        column.label,
                        name,
                        section.verdict.words(),
                        &finding.rule_id,
                        &finding.title,
                        &finding.of,
                        finding.quantity.map_or("", |quantity| quantity.key()),
                        &finding.measured_text,
                        &finding.limit,
                        &finding.margin.map_or_else(String::new, |margin| margin.to_string()),
                        finding.verdict.words(),
                        &finding.reason_text(),
                        &span.map_or_else(String::new, |span| span.in_timecode.to_string()),
                        &span.map_or_else(String::new, |span| span.out_timecode.to_string()),
                        &finding.hint,
                        &finding.citation.to_string(),
                        &finding.fingerprint,
                    ];
                    line(out, &cells)?;
                }
            }
        }
    }
    Ok(())
}

/// Writes a line; what holds a comma, a quotation mark or a break is quoted.
pub(super) fn line(out: &mut dyn Write, cells: &[&str]) -> fmt::Result {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            out.write_char(',')?;
        }
        if cell.contains([',', '"', '\n', '\r']) {
            write!(out, "\"{}\"", cell.replace('"', "\"\""))?;
        } else {
            out.write_str(cell)?;
        }
    }
    out.write_str("\r\n")
}
