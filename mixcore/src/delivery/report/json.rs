//! The report for programs: every measurement and every finding.

use alloc::string::{String, ToString};
use core::fmt::{self, Write};

use serde::Serialize;

use super::super::{Controls, End, Measurement, Pass, Report, Solution};
use super::Document;

/// Name and version of the schema of a whole document.
const SCHEMA: &str = "mixcore-document-1";

#[derive(Serialize)]
struct Version<'a> {
    label: &'a str,
    report: &'a Report,
    measurement: &'a Measurement,
    solution: Option<Way<'a>>,
}

/// The solver's way, without the outcome: that is the version's own measurement.
#[derive(Serialize)]
struct Way<'a> {
    end: End,
    end_text: String,
    controls: Controls,
    max_limiting_db: f64,
    trace: &'a [Pass],
}

impl<'a> Way<'a> {
    fn of(solution: &'a Solution) -> Self {
        Self {
            end: solution.end,
            end_text: solution.end.to_string(),
            controls: solution.controls,
            max_limiting_db: solution.outcome.max_limiting_db,
            trace: &solution.trace,
        }
    }
}

#[derive(Serialize)]
struct Group<'a> {
    title: &'a str,
    note: &'a str,
    columns: alloc::vec::Vec<Version<'a>>,
}

#[derive(Serialize)]
struct Root<'a> {
    schema: &'static str,
    title: &'a str,
    intro: &'a str,
    groups: alloc::vec::Vec<Group<'a>>,
}

/// Writes the document as JSON, histories included.
///
/// # Errors
/// Only what `out` itself reports.
pub fn json(out: &mut dyn Write, document: &Document<'_>) -> fmt::Result {
    let groups = document.groups.iter().map(|group| Group {
        title: group.title,
        note: group.note,
        columns: group
            .columns
            .iter()
            .map(|column| Version {
                label: column.label,
                report: column.report,
                measurement: column.measurement,
                solution: column.solution.map(Way::of),
            })
            .collect(),
    });
    let root = Root {
        schema: SCHEMA,
        title: document.title,
        intro: document.intro,
        groups: groups.collect(),
    };
    out.write_str(&serde_json::to_string_pretty(&root).map_err(|_| fmt::Error)?)?;
    out.write_str("\n")
}
