//! The report for programs: every measurement and every finding.

use core::fmt::{self, Write};

use serde::Serialize;

use super::super::{Measurement, Report};
use super::Document;

/// Name and version of the schema of a whole document.
const SCHEMA: &str = "mixcore-document-1";

#[derive(Serialize)]
struct Version<'a> {
    label: &'a str,
    report: &'a Report,
    measurement: &'a Measurement,
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
