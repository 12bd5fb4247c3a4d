//! The findings as JUnit XML, so that a build server shows a delivery like a test run.
//!
//! DELIVERY and MIX are separate suites; what was not judged is a skipped case, never a passed one.

use core::fmt::{self, Write};

use super::super::Verdict;
use super::Document;
use super::markup::Esc;

/// Writes one suite for each section of each version.
///
/// # Errors
/// Only what `out` itself reports.
pub fn junit(out: &mut dyn Write, document: &Document<'_>) -> fmt::Result {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"{}\">", Esc(document.title))?;
    for group in document.groups {
        for column in group.columns {
            for (name, section) in column.sections() {
                writeln!(
                    out,
                    "  <testsuite name=\"{} / {} / {name}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">",
                    Esc(group.title),
                    Esc(column.label),
                    section.findings.len(),
                    section.with_verdict(Verdict::Fail).count(),
                    section.not_judged,
                )?;
                for finding in &section.findings {
                    write!(
                        out,
                        "    <testcase classname=\"{}\" name=\"{} {}\">",
                        Esc(&section.id),
                        Esc(&finding.rule_id),
                        Esc(&finding.of),
                    )?;
                    let (reading, limit) = (Esc(&finding.measured_text), Esc(&finding.limit));
                    match finding.verdict {
                        Verdict::Fail => {
                            write!(out, "<failure message=\"{reading}, limit {limit}\">")?;
                            write!(out, "{}</failure>", Esc(&finding.hint))?;
                        }
                        Verdict::NotEvaluated => {
                            let reason = finding.reason_text();
                            write!(out, "<skipped message=\"{}\"/>", Esc(&reason))?;
                        }
                        Verdict::Warn => {
                            write!(out, "<system-out>warning: {reading}, limit {limit}")?;
                            write!(out, "; {}</system-out>", Esc(&finding.note))?;
                        }
                        Verdict::Pass => {}
                    }
                    writeln!(out, "</testcase>")?;
                }
                writeln!(out, "  </testsuite>")?;
            }
        }
    }
    writeln!(out, "</testsuites>")
}
