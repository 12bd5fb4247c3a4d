//! What a report shows: groups of columns.

use alloc::vec::Vec;

use super::super::{Finding, Measurement, Quantity, Report, Section, Solution, Verdict};

/// One version: what was read, and what it is worth.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// Its heading: "the mix".
    pub label: &'a str,
    /// What was read.
    pub measurement: &'a Measurement,
    /// What it is worth.
    pub report: &'a Report,
    /// How the solver brought it to its specification, if it did.
    pub solution: Option<&'a Solution>,
}

/// Versions that are compared side by side, judged by the same spec and profile.
///
/// A table has one limit and one citation per rule: versions of different specs are groups of
/// their own.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// Its heading.
    pub title: &'a str,
    /// What is to be said below the heading, a line each; may be empty.
    pub note: &'a str,
    /// The versions, left to right; two to four are easy to compare.
    pub columns: &'a [Column<'a>],
}

/// A whole report.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// Its title: the programme's name.
    pub title: &'a str,
    /// A sentence below the title; may be empty.
    pub intro: &'a str,
    /// The groups, top to bottom.
    pub groups: &'a [Group<'a>],
}

impl<'a> Column<'a> {
    /// A version under a heading.
    #[must_use]
    pub fn new(label: &'a str, measurement: &'a Measurement, report: &'a Report) -> Self {
        Self { label, measurement, report, solution: None }
    }

    /// Adds the solver's way to this version.
    #[must_use]
    pub fn with_solution(mut self, solution: &'a Solution) -> Self {
        self.solution = Some(solution);
        self
    }

    /// Both sections with their names: DELIVERY, then MIX if there is one.
    pub(super) fn sections(&self) -> impl Iterator<Item = (&'static str, &'a Section)> {
        let mix = self.report.mix.as_ref().map(|mix| ("MIX", mix));
        core::iter::once(("DELIVERY", &self.report.delivery)).chain(mix)
    }

    /// The finding of a rule that matters most: the gravest, then the one with the least margin.
    pub(super) fn worst(&self, section: &str, rule_id: &str) -> Option<&'a Finding> {
        let (_, section) = self.sections().find(|(name, _)| *name == section)?;
        section.findings.iter().filter(|finding| finding.rule_id == rule_id).max_by(|a, b| {
            let gravity = |finding: &Finding| match finding.verdict {
                Verdict::NotEvaluated => 0,
                Verdict::Pass => 1,
                Verdict::Warn => 2,
                Verdict::Fail => 3,
            };
            let margin = |finding: &Finding| finding.margin.unwrap_or(f64::INFINITY);
            gravity(a).cmp(&gravity(b)).then(margin(b).total_cmp(&margin(a)))
        })
    }

    /// The limits of the loudness rule that counts: low, aim, high.
    pub(super) fn target(&self) -> Option<(Option<f64>, f64, Option<f64>)> {
        let findings = &self.report.delivery.findings;
        let aimed = findings.iter().filter(|finding| finding.counts);
        aimed.filter_map(|f| f.aim.map(|aim| (f.low, aim, f.high))).next()
    }

    /// The upper limit of the true peak, if it counts.
    pub(super) fn peak_limit(&self) -> Option<f64> {
        let findings = &self.report.delivery.findings;
        findings
            .iter()
            .find(|f| f.counts && f.quantity == Some(Quantity::TruePeakDbtp))
            .and_then(|finding| finding.high)
    }

    /// The least dialogue over music that the profile asks for.
    pub(super) fn least_over_music(&self) -> Option<f64> {
        self.report
            .findings()
            .find(|f| f.quantity == Some(Quantity::DialogueOverMusicLu))
            .and_then(|finding| finding.low)
    }
}

impl<'a> Group<'a> {
    /// Versions under a heading.
    #[must_use]
    pub fn new(title: &'a str, columns: &'a [Column<'a>]) -> Self {
        Self { title, note: "", columns }
    }

    /// The rules of a section in the order of the columns, each once: section, finding.
    pub(super) fn rules(&self, section: &str) -> Vec<&'a Finding> {
        let mut rules: Vec<&Finding> = Vec::new();
        for column in self.columns {
            for (_, section) in column.sections().filter(|(name, _)| *name == section) {
                for finding in &section.findings {
                    if rules.iter().all(|known| known.rule_id != finding.rule_id) {
                        rules.push(finding);
                    }
                }
            }
        }
        rules
    }
}
