//! The answer: findings, the two sections they stand in, and the report around them.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{Citation, Confidence, Header, Kind, Quantity};
use crate::units::{Reading, Timecode};

/// What became of a rule, or of a section. Ordered by gravity: the worst one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
pub enum Verdict {
    /// Inside the limits.
    Pass,
    /// Inside, but worth a look; or outside of something that is only advice.
    Warn,
    /// Not judged. It is no pass.
    NotEvaluated,
    /// Outside the limits.
    Fail,
}

impl Verdict {
    /// As it stands on a badge.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Warn => "WARN",
            Self::NotEvaluated => "NOT EVALUATED",
            Self::Fail => "FAIL",
        }
    }

    /// Pass, with or without a warning.
    #[must_use]
    pub const fn passed(self) -> bool {
        matches!(self, Self::Pass | Self::Warn)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// What a finding asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
pub enum Severity {
    /// Nothing to do.
    Info,
    /// Have a look.
    Advice,
    /// The mix should be repaired; the delivery is not in danger.
    Repair,
    /// The client will reject the delivery.
    Reject,
}

/// Why a rule was not judged.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum NotEvaluated {
    /// The rule has no number.
    NoLimit,
    /// The number is not confirmed by its source.
    Unverified,
    /// The whole spec is known from third parties or conflicting sources only.
    LowConfidence,
    /// The quantity has no value on this material.
    NotMeasured,
    /// The rule is for other material.
    ConditionNotMet,
    /// What decides whether the rule applies could not be measured.
    ConditionUnknown,
    /// There is nothing of that kind (no phrase, no fold-down).
    NothingThere,
    /// The document does not say, so it was not checked.
    NotStated,
    /// Another alternative holds, or this one is not decided.
    OtherAlternative,
}

impl NotEvaluated {
    /// The reason in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoLimit => "the rule states no limit",
            Self::Unverified => "the limit is not verified",
            Self::LowConfidence => "the specification's numbers are not confirmed",
            Self::NotMeasured => "no reading",
            Self::ConditionNotMet => "does not apply to this material",
            Self::ConditionUnknown => "whether it applies could not be measured",
            Self::NothingThere => "nothing of this kind in the material",
            Self::NotStated => "not stated by the document, not checked",
            Self::OtherAlternative => "another alternative decides",
        }
    }
}

/// A place in time.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Place {
    /// First frame.
    pub in_frame: u64,
    /// Frame after the last one.
    pub out_frame: u64,
    /// Timecode of the first frame.
    pub in_timecode: Timecode,
    /// Timecode of the last frame.
    pub out_timecode: Timecode,
    /// What is there: "phrase 2", "over -1.0 dBTP".
    pub what: String,
    /// What was read there.
    pub value: Option<f64>,
}

impl Place {
    /// A stretch of a measurement; the out-timecode is that of its last frame.
    pub(super) fn new(
        header: &Header,
        in_frame: u64,
        out_frame: u64,
        what: String,
        value: Option<f64>,
    ) -> Self {
        let last = out_frame.saturating_sub(1).max(in_frame);
        Self {
            in_frame,
            out_frame,
            in_timecode: header.timecode(in_frame),
            out_timecode: header.timecode(last),
            what,
            value,
        }
    }
}

/// What another meter of the field reads, and what it would say.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct OtherMeter {
    /// The quantity as that meter defines it.
    pub quantity: Quantity,
    /// Its reading.
    pub reading: Reading,
    /// What the rule says of that reading.
    pub verdict: Verdict,
}

/// What became of one rule (of one run of things that share a verdict).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Finding {
    /// Name of the rule inside its spec or profile.
    pub rule_id: String,
    /// The rule for people.
    pub title: String,
    /// What was read; `None` for layout, rate and bit depth.
    pub quantity: Option<Quantity>,
    /// Of what, in words.
    pub of: String,
    /// What breaking it means.
    pub kind: Kind,
    /// The limit in words, with its unit.
    pub limit: String,
    /// The condition under which it applies, in words; empty if it always does.
    pub when: String,
    /// Lower limit.
    pub low: Option<f64>,
    /// Upper limit.
    pub high: Option<f64>,
    /// The value that the rule aims at; `None` for a limit only.
    pub aim: Option<f64>,
    /// The reading as measured: of a run, the worst.
    pub measured: Reading,
    /// The reading as it was compared (rounded), with its unit; or the reason why there is none.
    pub measured_text: String,
    /// Distance to the nearer limit: positive inside, negative outside.
    pub margin: Option<f64>,
    /// What became of it.
    pub verdict: Verdict,
    /// What it asks for.
    pub severity: Severity,
    /// It takes part in the verdict of its section.
    pub counts: bool,
    /// Why it was not judged.
    pub reason: Option<NotEvaluated>,
    /// From the first place to the last.
    pub span: Option<Place>,
    /// Where it happens, neighbours joined.
    pub places: Vec<Place>,
    /// What other meters would say.
    pub other_meters: Vec<OtherMeter>,
    /// Where the limit is written.
    pub citation: Citation,
    /// What there is to add.
    pub note: String,
    /// The way out; empty if nothing is to be done.
    pub hint: String,
    /// The same finding has the same fingerprint in every report: 64-bit FNV-1a, in hexadecimal,
    /// of spec or profile id, rule id, thing and the tenth of a second where it begins, each
    /// followed by a zero byte.
    pub fingerprint: String,
}

impl Finding {
    /// Why it was not judged, in words for people; empty if it was.
    #[must_use]
    pub fn reason_text(&self) -> String {
        match (self.reason, self.measured) {
            (None, _) => String::new(),
            (Some(NotEvaluated::NotMeasured), none) if self.quantity.is_some() => {
                alloc::format!("no reading: {none}")
            }
            (Some(reason), _) => reason.words().into(),
        }
    }
}

/// One of the two verdicts with everything behind it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Section {
    /// Id of the spec or profile.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The worst verdict of the findings that count; not evaluated if nothing was judged.
    pub verdict: Verdict,
    /// Findings that were judged.
    pub judged: usize,
    /// Findings that were not judged.
    pub not_judged: usize,
    /// Findings in the order of the rules.
    pub findings: Vec<Finding>,
}

impl Section {
    /// Draws the verdict from the findings that count.
    pub(super) fn new(id: &str, name: &str, findings: Vec<Finding>) -> Self {
        let judged = |finding: &&Finding| finding.verdict != Verdict::NotEvaluated;
        let counting = || findings.iter().filter(|finding| finding.counts);
        let worst = counting().map(|finding| finding.verdict).max();
        let checked_something = counting().any(|finding| judged(&finding));
        let verdict = match worst {
            Some(worst) if checked_something => worst,
            _ => Verdict::NotEvaluated,
        };
        let count = findings.iter().filter(judged).count();
        Self {
            id: id.into(),
            name: name.into(),
            verdict,
            judged: count,
            not_judged: findings.len() - count,
            findings,
        }
    }

    /// Pass, with or without a warning.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.verdict.passed()
    }

    /// Findings with that verdict.
    pub fn with_verdict(&self, verdict: Verdict) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.verdict == verdict)
    }
}

/// Which spec was applied.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SpecSummary {
    /// Name for programs.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Who asks.
    pub issuer: String,
    /// The document.
    pub document: String,
    /// Its version.
    pub version: String,
    /// Its date.
    pub date: String,
    /// How well its numbers are known.
    pub confidence: Confidence,
    /// What the numbers do not say.
    pub notes: Vec<String>,
    /// Where they were found.
    pub sources: Vec<String>,
}

/// What a version is worth: DELIVERY (the contract) and MIX (the craft), never mixed.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Report {
    /// Name and version of this report's schema.
    pub schema: &'static str,
    /// What was measured, and how.
    pub header: Header,
    /// Which spec was applied.
    pub spec: SpecSummary,
    /// The contract's verdict.
    pub delivery: Section,
    /// The craft's verdict, if a profile was applied.
    pub mix: Option<Section>,
    /// What a reader must know before trusting the numbers.
    pub cautions: Vec<String>,
}

impl Report {
    /// Name and version of the schema.
    pub const SCHEMA: &'static str = "mixcore-report-1";

    /// The contract's verdict. MIX has no part in it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.delivery.verdict
    }

    /// DELIVERY passes, with or without a warning.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.verdict().passed()
    }

    /// The findings of DELIVERY, then those of MIX.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.delivery.findings.iter().chain(self.mix.iter().flat_map(|mix| &mix.findings))
    }

    /// The report as JSON.
    #[cfg(feature = "json")]
    #[must_use]
    pub fn to_json(&self) -> String {
        // Text keys and plain values only: this cannot fail.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}
