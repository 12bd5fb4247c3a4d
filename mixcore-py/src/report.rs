//! Verdicts: findings, the report around them, and its forms.

use std::sync::Arc;

use mixcore::delivery::report::{Column, Document, Group, csv, html, junit, text};
use mixcore::delivery::{self, Reading, Verdict};
use pyo3::prelude::*;

use crate::measurement::{Measurement, escape, shown_title};
use crate::spec::Spec;

/// What became of one rule of a specification.
#[pyclass(frozen, get_all, module = "mixcore")]
#[derive(Clone)]
pub(crate) struct Finding {
    /// Name of the rule inside its specification.
    rule: String,
    /// The rule for people.
    title: String,
    /// Key of what was read, or ``None`` for layout, rate and bit depth.
    quantity: Option<&'static str>,
    /// Of what: "programme", "channel 1", "fold-down mono".
    of: String,
    /// ``"pass"``, ``"warn"``, ``"fail"`` or ``"not evaluated"``.
    verdict: String,
    /// The reading, or ``None``.
    measured: Option<f64>,
    /// The reading as it was compared, with its unit.
    measured_text: String,
    /// Why the rule was not judged, or ``None`` if it was.
    reason: Option<String>,
    /// The limit in words.
    limit: String,
    /// Distance to the nearer limit: positive inside, negative outside.
    margin: Option<f64>,
    /// Whether it takes part in the verdict.
    counts: bool,
    /// Timecode of the first place, or ``None``.
    timecode: Option<String>,
    /// Where the limit is written.
    citation: String,
    /// The way out; empty if nothing is to be done.
    hint: String,
    /// The same finding has the same fingerprint in every report.
    fingerprint: String,
}

impl Finding {
    fn new(finding: &delivery::Finding) -> Self {
        let reason = Some(finding.reason_text()).filter(|reason| !reason.is_empty());
        Self {
            rule: finding.rule_id.clone(),
            title: finding.title.clone(),
            quantity: finding.quantity.map(delivery::Quantity::key),
            of: finding.of.clone(),
            verdict: words(finding.verdict),
            measured: match finding.measured {
                Reading::Value(value) => Some(value),
                _ => None,
            },
            measured_text: finding.measured_text.clone(),
            reason,
            limit: finding.limit.clone(),
            margin: finding.margin,
            counts: finding.counts,
            timecode: finding.places.first().map(|place| place.in_timecode.to_string()),
            citation: finding.citation.to_string(),
            hint: finding.hint.clone(),
            fingerprint: finding.fingerprint.clone(),
        }
    }
}

#[pymethods]
impl Finding {
    fn __repr__(&self) -> String {
        format!(
            "<mixcore.Finding {}: {}, {}, limit {}>",
            self.verdict.to_uppercase(),
            self.title,
            self.measured_text,
            self.limit
        )
    }
}

fn words(verdict: Verdict) -> String {
    verdict.words().to_lowercase()
}

/// The verdict on a measurement by a specification, with everything behind it.
///
/// ``print(report)`` shows it as text; in a notebook it is a table.
#[pyclass(frozen, module = "mixcore")]
pub(crate) struct Report {
    spec: Arc<delivery::Spec>,
    measurement: Arc<delivery::Measurement>,
    report: delivery::Report,
}

impl Report {
    /// A form of the report.
    fn written(
        &self,
        form: fn(&mut dyn std::fmt::Write, &Document<'_>) -> std::fmt::Result,
    ) -> String {
        let title = shown_title(&self.measurement);
        let columns = [Column::new(title, &self.measurement, &self.report)];
        let groups = [Group { title: &self.spec.name, note: "", columns: &columns }];
        let mut out = String::new();
        // A String takes everything.
        let _ = form(&mut out, &Document { title, intro: "", groups: &groups });
        out
    }
}

#[pymethods]
impl Report {
    /// Whether the delivery passes, with or without a warning.
    #[getter]
    fn passed(&self) -> bool {
        self.report.passed()
    }

    /// ``"pass"``, ``"warn"``, ``"fail"`` or ``"not evaluated"``.
    #[getter]
    fn verdict(&self) -> String {
        words(self.report.verdict())
    }

    /// Every rule with what became of it, in the order of the specification.
    #[getter]
    fn findings(&self) -> Vec<Finding> {
        self.report.findings().map(Finding::new).collect()
    }

    /// What a reader must know before trusting the numbers.
    #[getter]
    fn cautions(&self) -> Vec<String> {
        self.report.cautions.clone()
    }

    /// The specification that was applied.
    #[getter]
    fn spec(&self) -> Spec {
        Spec(Arc::clone(&self.spec))
    }

    /// The measurement that was judged.
    #[getter]
    fn measurement(&self) -> Measurement {
        Measurement(Arc::clone(&self.measurement))
    }

    /// The report as JSON (schema ``mixcore-report-1``).
    fn to_json(&self) -> String {
        self.report.to_json()
    }

    /// The report as text for a terminal.
    fn to_text(&self) -> String {
        self.written(text)
    }

    /// The report as a page of its own, with plots.
    fn to_html(&self) -> String {
        self.written(html)
    }

    /// The findings as comma-separated values.
    fn to_csv(&self) -> String {
        self.written(csv)
    }

    /// The report as JUnit XML, for a build server.
    fn to_junit(&self) -> String {
        self.written(junit)
    }

    fn __str__(&self) -> String {
        self.to_text()
    }

    fn __repr__(&self) -> String {
        format!(
            "<mixcore.Report {}: {} against {}>",
            self.report.verdict().words(),
            shown_title(&self.measurement),
            self.spec.id
        )
    }

    /// A table of the findings, for notebooks.
    fn _repr_html_(&self) -> String {
        const LEFT: &str = "text-align:left;vertical-align:top;padding:2px 12px 2px 0";
        let mut rows = String::new();
        for finding in self.report.findings() {
            let colour = match finding.verdict {
                Verdict::Pass => "#1a7f37",
                Verdict::Warn => "#9a6700",
                Verdict::Fail => "#cf222e",
                Verdict::NotEvaluated => "#6e7781",
            };
            let shown = Finding::new(finding);
            let margin = shown.margin.map_or(String::new(), |margin| format!("{margin:+.2}"));
            let note = shown.reason.as_deref().unwrap_or(&shown.hint);
            rows.push_str(&format!(
                "<tr><td style=\"{LEFT}\">{}</td><td style=\"{LEFT}\">{}</td><td style=\"{LEFT}\">{}</td><td style=\"{LEFT}\">{margin}</td><td style=\"color:{colour};font-weight:bold;{LEFT}\">{}</td><td style=\"{LEFT}\">{}</td></tr>",
                escape(&shown.title),
                escape(&shown.measured_text),
                escape(&shown.limit),
                finding.verdict.words(),
                escape(note),
            ));
        }
        format!(
            "<table><caption style=\"text-align:left;font-weight:bold\">{}: {} ({})</caption><thead><tr><th style=\"{LEFT}\">rule</th><th style=\"{LEFT}\">measured</th><th style=\"{LEFT}\">limit</th><th style=\"{LEFT}\">margin</th><th style=\"{LEFT}\">verdict</th><th style=\"{LEFT}\">why, or what to do</th></tr></thead><tbody>{rows}</tbody></table>",
            escape(shown_title(&self.measurement)),
            self.report.verdict().words(),
            escape(&self.spec.name),
        )
    }

    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, (Measurement, Spec))> {
        let core = py.import("mixcore._core")?;
        Ok((core.getattr("verify")?, (self.measurement(), self.spec())))
    }
}

/// Judge a measurement by a specification; no audio is needed any more.
#[pyfunction]
#[pyo3(signature = (measurement, spec, /))]
pub(crate) fn verify(measurement: &Measurement, spec: &Spec) -> Report {
    let (spec, measurement) = (Arc::clone(&spec.0), Arc::clone(&measurement.0));
    let report = delivery::verify(&spec, &measurement);
    Report { spec, measurement, report }
}
