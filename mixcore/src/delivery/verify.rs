//! A spec against a measurement: a pure function, no audio.
//!
//! Per rule: does it apply, was it measured, is the reading inside? A rule without a limit, with
//! an unverified limit, or on a quantity without a reading is NOT EVALUATED, and a spec that
//! checked nothing never prints PASS. If a normative rule applies but could not be measured,
//! DELIVERY as a whole is NOT EVALUATED (unless another one fails): half a check is no pass.
//! Advice and playback rules are shown and never count; a profile makes a section of its own.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::compare::{honest_decimals, margin, round_to, within};
use super::hint::hint;
use super::places::{fingerprint, places, span};
use super::{
    Citation, Clause, Confidence, Finding, Kind, Measurement, NotEvaluated, Of, OtherMeter,
    Profile, Quantity, Report, Rule, Section, Select, Severity, Spec, SpecSummary, Verdict,
};
use crate::loudness::Edition;
use crate::units::Reading;

/// Judges a measurement by a spec.
///
/// # Example
/// ```
/// use mixcore::Layout;
/// use mixcore::delivery::{Header, Measurement, Of, Quantity, Reading, Verdict, spec, verify};
///
/// let header = Header::new("master", Layout::STEREO, 48_000.0, 48_000 * 90)?;
/// let mut measurement = Measurement::new(header);
/// measurement.set(&Of::Programme, Quantity::IntegratedLufs, Reading::Value(-22.84))?;
/// measurement.set(&Of::Programme, Quantity::TruePeakDbtp, Reading::Value(-0.4))?;
/// let report = verify(&spec("ebu-r128")?, &measurement);
/// assert_eq!(report.verdict(), Verdict::Fail);
/// let peak = report.findings().find(|finding| finding.rule_id == "true-peak").unwrap();
/// assert_eq!(peak.measured_text, "-0.40 dBTP");
/// # Ok::<(), mixcore::Error>(())
/// ```
#[must_use]
pub fn verify(spec: &Spec, measurement: &Measurement) -> Report {
    let judge =
        Judge { id: &spec.id, measurement, craft: false, known: spec.confidence > Confidence::Low };
    let mut findings = judge.formats(spec);
    for clause in &spec.rules {
        match clause {
            Clause::Rule(rule) => judge.rule(rule, &mut findings),
            Clause::AnyOf(any_of) => judge.any_of(&any_of.groups, &mut findings),
        }
    }
    Report {
        schema: Report::SCHEMA,
        header: measurement.header().clone(),
        spec: summary(spec),
        delivery: Section::new(&spec.id, &spec.name, findings),
        mix: None,
        cautions: cautions(spec, measurement),
    }
}

impl Report {
    /// Adds the MIX section: the same measurement judged by a content profile.
    ///
    /// DELIVERY stays as it is, whatever the profile finds.
    #[must_use]
    pub fn with_mix(mut self, profile: &Profile, measurement: &Measurement) -> Self {
        let judge = Judge { id: &profile.id, measurement, craft: true, known: true };
        let mut findings = Vec::new();
        for rule in &profile.rules {
            judge.rule(rule, &mut findings);
        }
        self.mix = Some(Section::new(&profile.id, &profile.name, findings));
        self
    }
}

fn summary(spec: &Spec) -> SpecSummary {
    SpecSummary {
        id: spec.id.clone(),
        name: spec.name.clone(),
        issuer: spec.issuer.clone(),
        document: spec.document.clone(),
        version: spec.version.clone(),
        date: spec.date.clone(),
        confidence: spec.confidence,
        notes: spec.notes.clone(),
        sources: spec.sources.clone(),
    }
}

/// What a reader must know before trusting the numbers.
fn cautions(spec: &Spec, measurement: &Measurement) -> Vec<String> {
    let header = measurement.header();
    let mut cautions = Vec::new();
    if let Some(detector) = &header.dialogue_detector {
        cautions
            .push(format!("Dialogue was found by {detector}: {}.", header.detector_statement()));
    }
    if header.loudness_edition != Edition::default() {
        cautions.push(format!(
            "Integrated loudness was read by {}, an older edition than {}.",
            header.loudness_edition.name(),
            Edition::default().name()
        ));
    }
    if header.layout().channel_count() == 1 {
        cautions.push(String::from(if header.dual_mono {
            "Mono was measured as it is played, on both loudspeakers (dual mono, +3.01 LU)."
        } else {
            "Mono was measured as one loudspeaker; played on both it is 3.01 LU louder."
        }));
    }
    if let Some(faults) = measurement.get(Quantity::Faults).value().filter(|faults| *faults > 0.0) {
        cautions.push(format!(
            "{faults:.0} samples were not finite or beyond 1e6 and were taken as silence."
        ));
    }
    if spec.confidence == Confidence::Low {
        cautions
            .push("The numbers of this specification are not confirmed: none is judged.".into());
    }
    cautions
}

/// One spec or profile at work on one measurement.
struct Judge<'a> {
    id: &'a str,
    measurement: &'a Measurement,
    /// The MIX section: breaking any rule of a profile is a fault of the mix.
    craft: bool,
    /// The numbers are known well enough to judge by.
    known: bool,
}

impl Judge<'_> {
    /// Layout, sample rate and bit depth.
    fn formats(&self, spec: &Spec) -> Vec<Finding> {
        let header = self.measurement.header();
        let layouts: Vec<String> = spec.channel_configs.iter().map(ToString::to_string).collect();
        let rates: Vec<String> =
            spec.sample_rates_hz.iter().map(|rate| format!("{rate} Hz")).collect();
        let depths: Vec<String> = spec.bit_depth.iter().map(|bits| format!("{bits} bit")).collect();
        let rate = header.rate_hz();
        let depth = header.bit_depth;
        alloc::vec![
            self.format(
                spec,
                "format.layout",
                "Channel layout",
                &layouts,
                Some((
                    header.layout().to_string(),
                    spec.channel_configs.contains(&header.layout()),
                ))
            ),
            self.format(
                spec,
                "format.sample_rate",
                "Sample rate",
                &rates,
                Some((
                    format!("{rate} Hz"),
                    spec.sample_rates_hz.iter().any(|&allowed| f64::from(allowed) == rate),
                ))
            ),
            self.format(
                spec,
                "format.bit_depth",
                "Bit depth",
                &depths,
                depth.map(|bits| { (format!("{bits} bit"), spec.bit_depth.contains(&bits)) })
            ),
        ]
    }

    fn format(
        &self,
        spec: &Spec,
        rule_id: &str,
        title: &str,
        allowed: &[String],
        have: Option<(String, bool)>,
    ) -> Finding {
        let citation = spec.all_rules().next().map_or_else(
            || Citation::of(&spec.document),
            |rule| Citation { clause: String::new(), ..rule.citation.clone() },
        );
        let mut finding = self.blank(rule_id, title, citation);
        finding.of = Of::Programme.to_string();
        finding.limit = if allowed.is_empty() { "not stated".into() } else { allowed.join(" or ") };
        let (text, fits) = have.unzip();
        finding.measured_text = text.unwrap_or_else(|| "no file yet".into());
        match (allowed.is_empty(), self.known, fits) {
            (true, _, _) => finding.reason = Some(NotEvaluated::NotStated),
            (_, false, _) => finding.reason = Some(NotEvaluated::LowConfidence),
            (_, _, None) => finding.reason = Some(NotEvaluated::NotMeasured),
            (_, _, Some(fits)) => {
                finding.verdict = if fits { Verdict::Pass } else { Verdict::Fail };
                finding.counts = true;
                if !fits {
                    finding.severity = Severity::Reject;
                    finding.hint = format!("render the version as {}", finding.limit);
                }
            }
        }
        finding
    }

    /// A finding of a rule that nothing is known of yet.
    fn blank(&self, rule_id: &str, title: &str, citation: Citation) -> Finding {
        Finding {
            rule_id: rule_id.into(),
            title: title.into(),
            quantity: None,
            of: String::new(),
            kind: Kind::Normative,
            limit: String::new(),
            when: String::new(),
            low: None,
            high: None,
            aim: None,
            measured: Reading::NotApplicable,
            measured_text: String::new(),
            margin: None,
            verdict: Verdict::NotEvaluated,
            severity: Severity::Info,
            counts: false,
            reason: None,
            span: None,
            places: Vec::new(),
            other_meters: Vec::new(),
            citation,
            note: String::new(),
            hint: String::new(),
            fingerprint: fingerprint(self.id, rule_id, "", None),
        }
    }

    /// Alternatives: the first group of which every rule passes decides.
    fn any_of(&self, groups: &[Vec<Rule>], findings: &mut Vec<Finding>) {
        let mut judged: Vec<Vec<Finding>> = groups
            .iter()
            .map(|rules| {
                let mut found = Vec::new();
                for rule in rules {
                    self.rule(rule, &mut found);
                }
                found
            })
            .collect();
        let worst = |found: &[Finding]| found.iter().filter(|f| f.counts).map(|f| f.verdict).max();
        let holds = |found: &Vec<Finding>| worst(found).is_some_and(Verdict::passed);
        let decided = judged.iter().position(holds);
        let open = judged.iter().position(|found| worst(found) == Some(Verdict::NotEvaluated));
        if let Some(chosen) = decided.or(open) {
            for (index, found) in
                judged.iter_mut().enumerate().filter(|(index, _)| *index != chosen)
            {
                for finding in found.iter_mut().filter(|finding| finding.counts) {
                    finding.counts = false;
                    finding.note = join(
                        &finding.note,
                        &format!(
                            "alternative {} does not decide: alternative {} {}",
                            index + 1,
                            chosen + 1,
                            if decided.is_some() { "holds" } else { "could not be measured" },
                        ),
                    );
                    if finding.verdict == Verdict::Fail {
                        finding.verdict = Verdict::NotEvaluated;
                        finding.reason = Some(NotEvaluated::OtherAlternative);
                        finding.severity = Severity::Info;
                        finding.hint.clear();
                    }
                }
            }
        }
        findings.extend(judged.into_iter().flatten());
    }

    /// One rule: one finding for each run of things that share a verdict.
    fn rule(&self, rule: &Rule, findings: &mut Vec<Finding>) {
        let things = rule.of.things(self.measurement);
        if let Some(reason) = self.not_judged(rule) {
            let mut finding = self.about(rule, &things);
            finding.reason = Some(reason);
            finding.counts = reason == NotEvaluated::ConditionUnknown && self.is_contract(rule);
            findings.push(finding);
            return;
        }
        if things.is_empty() {
            let mut finding = self.about(rule, &things);
            finding.reason = Some(NotEvaluated::NothingThere);
            finding.counts = self.is_contract(rule);
            findings.push(finding);
            return;
        }
        let verdicts: Vec<Verdict> = things.iter().map(|of| self.of_one(rule, of)).collect();
        let mut start = 0;
        for end in 1..=things.len() {
            if end == things.len() || verdicts[end] != verdicts[start] {
                findings.push(self.run(rule, &things[start..end], verdicts[start]));
                start = end;
            }
        }
    }

    /// A rule of the client's contract.
    fn is_contract(&self, rule: &Rule) -> bool {
        !self.craft && rule.kind == Kind::Normative
    }

    fn not_judged(&self, rule: &Rule) -> Option<NotEvaluated> {
        if rule.low.is_none() && rule.high.is_none() {
            Some(NotEvaluated::NoLimit)
        } else if !rule.verified {
            Some(NotEvaluated::Unverified)
        } else if !self.known {
            Some(NotEvaluated::LowConfidence)
        } else {
            match rule.when.as_ref()?.holds(self.measurement) {
                Ok(true) => None,
                Ok(false) => Some(NotEvaluated::ConditionNotMet),
                Err(_) => Some(NotEvaluated::ConditionUnknown),
            }
        }
    }

    /// The reading that is judged: too short where the quantity needs longer material.
    fn reading(&self, quantity: Quantity, of: &Of) -> Reading {
        let reading = self.measurement.get_of(of, quantity);
        let have_s = self.measurement.header().duration_s();
        match (reading, quantity.info().judged_from_s) {
            (Reading::Value(_), Some(need_s)) if have_s < need_s => {
                Reading::TooShort { have_s, need_s }
            }
            _ => reading,
        }
    }

    fn of_one(&self, rule: &Rule, of: &Of) -> Verdict {
        let Some(value) = self.reading(rule.quantity, of).value() else {
            return Verdict::NotEvaluated;
        };
        let judged = judged(rule, value);
        if judged == Verdict::Fail && !self.craft && rule.kind != Kind::Normative {
            return Verdict::Warn;
        }
        if judged == Verdict::Pass
            && self.other_meters(rule, of).iter().any(|other| other.verdict == Verdict::Fail)
        {
            return Verdict::Warn;
        }
        judged
    }

    fn other_meters(&self, rule: &Rule, of: &Of) -> Vec<OtherMeter> {
        rule.quantity
            .other_meters()
            .iter()
            .filter_map(|&quantity| {
                let reading = self.reading(quantity, of);
                reading.value().map(|value| OtherMeter {
                    quantity,
                    reading,
                    verdict: judged(rule, value),
                })
            })
            .collect()
    }

    /// A finding with everything that the rule itself says, and the reading of the first thing.
    fn about(&self, rule: &Rule, things: &[Of]) -> Finding {
        let of = match (things, &rule.of) {
            ([], select) => select.to_string(),
            ([one], _) => one.to_string(),
            ([first, .., last], Select::EveryStem | Select::EveryFoldDown) => {
                format!("{first} to {last}")
            }
            ([first, .., last], _) => {
                let number = last.to_string();
                format!("{first} to {}", number.rsplit(' ').next().unwrap_or_default())
            }
        };
        let mut finding = self.blank(&rule.id, rule.quantity.name(), rule.citation.clone());
        finding.quantity = Some(rule.quantity);
        finding.kind = rule.kind;
        finding.limit = limit_text(rule);
        finding.when = rule.when.as_ref().map_or_else(String::new, ToString::to_string);
        finding.low = rule.low;
        finding.high = rule.high;
        finding.aim = rule.aim;
        finding.note.clone_from(&rule.note);
        finding.measured =
            things.first().map_or(Reading::NotApplicable, |of| self.reading(rule.quantity, of));
        finding.measured_text = reading_text(rule, finding.measured);
        finding.fingerprint = fingerprint(self.id, &rule.id, &of, None);
        finding.of = of;
        finding
    }

    /// A run of things with the same verdict; its reading is the worst one's.
    fn run(&self, rule: &Rule, things: &[Of], verdict: Verdict) -> Finding {
        let mut finding = self.about(rule, things);
        finding.verdict = verdict;
        let margin_of = |value| margin(value, rule.low, rule.high, rule.decimals());
        let worst = things
            .iter()
            .filter_map(|of| {
                let value = self.reading(rule.quantity, of).value()?;
                margin_of(value).map(|margin| (margin, value, of))
            })
            .min_by(|a, b| a.0.total_cmp(&b.0));
        let contract = self.is_contract(rule);
        let Some((margin, value, of)) = worst else {
            finding.reason = Some(NotEvaluated::NotMeasured);
            finding.counts = contract;
            finding.severity = if contract { Severity::Advice } else { Severity::Info };
            return finding;
        };
        finding.measured = Reading::Value(value);
        finding.measured_text = reading_text(rule, finding.measured);
        finding.margin = Some(round_to(margin, 6));
        finding.counts = contract || (self.craft && rule.kind != Kind::Playback);
        finding.other_meters = self.other_meters(rule, of);
        finding.severity = match (verdict, self.craft) {
            (Verdict::Fail, true) => Severity::Repair,
            (Verdict::Fail, false) => Severity::Reject,
            (Verdict::Warn, _) => Severity::Advice,
            _ => Severity::Info,
        };
        if judged(rule, value) == Verdict::Fail {
            finding.hint = hint(rule, value, -margin);
        } else if verdict == Verdict::Warn {
            finding.note = join(&finding.note, &other_meters_text(&finding.other_meters, rule));
        }
        let (found, left_out) = places(rule, things, self.measurement);
        if left_out > 0 {
            finding.note = join(&finding.note, &format!("{left_out} more places are not listed"));
        }
        finding.places = found;
        finding.span = span(&finding.places, self.measurement.header());
        finding.fingerprint = fingerprint(
            self.id,
            &rule.id,
            &things.first().map(ToString::to_string).unwrap_or_default(),
            finding.span.as_ref().map(|span| (span.in_frame, self.measurement.header().rate_hz())),
        );
        finding
    }
}

/// The limits alone, without what a miss means.
fn judged(rule: &Rule, value: f64) -> Verdict {
    if within(value, rule.low, rule.high, rule.inclusive, rule.decimals()) {
        Verdict::Pass
    } else {
        Verdict::Fail
    }
}

fn join(first: &str, second: &str) -> String {
    match (first.is_empty(), second.is_empty()) {
        (true, _) => second.into(),
        (_, true) => first.into(),
        _ => format!("{}; {second}", first.trim_end_matches('.')),
    }
}

fn other_meters_text(others: &[OtherMeter], rule: &Rule) -> String {
    let failing: Vec<String> = others
        .iter()
        .filter(|other| other.verdict == Verdict::Fail)
        .map(|other| {
            format!("{} reads {}", other.quantity.name(), reading_text(rule, other.reading))
        })
        .collect();
    format!("another meter would fail it: {}", failing.join(", "))
}

/// A limit as a person writes it: "-23.2 to -22.8 LUFS", "at most -1.0 dBTP".
fn limit_text(rule: &Rule) -> String {
    let unit = rule.quantity.unit();
    let (above, below) = if rule.inclusive { ("at least", "at most") } else { ("above", "below") };
    let text = match (rule.low, rule.high) {
        (None, None) => "no limit stated".into(),
        (Some(low), None) => format!("{above} {low:?} {unit}"),
        (None, Some(high)) => format!("{below} {high:?} {unit}"),
        (Some(low), Some(high)) => format!("{low:?} to {high:?} {unit}"),
    };
    text.trim_end().into()
}

/// A reading as it is compared, with its unit; or the reason why there is none.
fn reading_text(rule: &Rule, reading: Reading) -> String {
    let quantity = rule.quantity;
    match (reading, rule.decimals()) {
        (Reading::Value(value), Some(decimals)) => {
            quantity.show(round_to(value, decimals), usize::from(decimals))
        }
        (Reading::Value(value), None) => {
            let usual = quantity.info().decimals;
            quantity.show(value, honest_decimals(value, rule.low, rule.high, usual))
        }
        (none, _) => none.to_string(),
    }
}
