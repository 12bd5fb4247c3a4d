//! A delivery specification as data: what a client asks for, with where it is written.
//!
//! Presets and a user's own contract are the same JSON ([`Spec::from_json`]); nothing about a
//! platform is in code. What a document does not state (layout, rate, bit depth) is reported as
//! not checked, never as met.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Clause, Kind, Measurement, Of, Quantity, Rule, Select};
use crate::audio::Layout;
use crate::units::Reading;

/// How well the numbers of a spec are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[cfg_attr(feature = "json", serde(rename_all = "lowercase"))]
pub enum Confidence {
    /// Third-party or conflicting sources: shown, never judged.
    Low,
    /// One secondary source.
    Medium,
    /// The primary page, or several sources that cite the clause; a user's own contract.
    High,
}

/// What a client asks for.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Spec {
    /// Name for programs: "ebu-r128".
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Who asks.
    pub issuer: String,
    /// The document.
    pub document: String,
    /// Its version.
    pub version: String,
    /// Its date (ISO 8601, as far as it is known); empty if it has none.
    pub date: String,
    /// What it is for: kind of programme.
    pub scope: String,
    /// Layouts, the preferred one first; empty: not stated, not checked.
    pub channel_configs: Vec<Layout>,
    /// Sample rates, hertz; empty: not stated, not checked.
    pub sample_rates_hz: Vec<u32>,
    /// Bits per sample; empty: not stated, not checked.
    pub bit_depth: Vec<u16>,
    /// What is compared.
    pub rules: Vec<Clause>,
    /// What the numbers do not say.
    pub notes: Vec<String>,
    /// Where the numbers were found.
    pub sources: Vec<String>,
    /// How well they are known.
    pub confidence: Confidence,
}

/// What the solver steers to, and between which limits it may end.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Target {
    /// The rule that it comes from.
    pub rule_id: String,
    /// What is steered.
    pub quantity: Quantity,
    /// Of what.
    pub of: Of,
    /// The value to aim at.
    pub aim: f64,
    /// Lower limit.
    pub low: Option<f64>,
    /// Upper limit.
    pub high: Option<f64>,
}

impl Target {
    /// What a measurement reads there.
    #[must_use]
    pub fn read(&self, measurement: &Measurement) -> Reading {
        measurement.get_of(&self.of, self.quantity)
    }
}

impl Spec {
    /// How far below a true-peak limit versions are made, so that every meter reads them inside, dB.
    ///
    /// Source: Netflix's own advice of -2.3 dBTP under a limit of -2.0 (Sound Mix
    /// Specifications 1.6, as cited by the preset's sources).
    pub const TRUE_PEAK_MARGIN_DB: f64 = 0.3;

    /// A spec without rules: it checks nothing until some are added.
    #[must_use]
    pub fn new(id: &str, name: &str) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            issuer: String::new(),
            document: String::new(),
            version: String::new(),
            date: String::new(),
            scope: String::new(),
            channel_configs: Vec::new(),
            sample_rates_hz: Vec::new(),
            bit_depth: Vec::new(),
            rules: Vec::new(),
            notes: Vec::new(),
            sources: Vec::new(),
            confidence: Confidence::High,
        }
    }

    /// Adds a rule.
    #[must_use]
    pub fn with_rule(mut self, rule: Rule) -> Self {
        self.rules.push(Clause::Rule(rule));
        self
    }

    /// Every rule, those of alternatives included.
    pub fn all_rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().flat_map(Clause::rules)
    }

    /// The layout to deliver: the preferred one, or stereo where the spec does not say.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.channel_configs.first().copied().unwrap_or(Layout::STEREO)
    }

    /// What to steer to: the first normative rule of one thing with an aim whose condition holds.
    ///
    /// Without a condition that can be decided (nothing measured yet, no dialogue) rules with a
    /// condition are passed over.
    #[must_use]
    pub fn target_for(&self, measurement: &Measurement) -> Option<Target> {
        let normative =
            self.all_rules().filter(|rule| rule.kind == Kind::Normative && rule.verified);
        let mut applying = normative.filter(|rule| {
            rule.when.as_ref().is_none_or(|when| when.holds(measurement) == Ok(true))
        });
        applying.find_map(|rule| match (&rule.of, rule.aim) {
            (Select::One(of), Some(aim)) => Some(Target {
                rule_id: rule.id.clone(),
                quantity: rule.quantity,
                of: of.clone(),
                aim,
                low: rule.low,
                high: rule.high,
            }),
            _ => None,
        })
    }

    /// The lowest upper limit that a quantity of the programme must keep, conditions aside.
    #[must_use]
    pub fn limit_of(&self, quantity: Quantity) -> Option<f64> {
        self.all_rules()
            .filter(|rule| {
                rule.quantity == quantity
                    && rule.kind == Kind::Normative
                    && rule.verified
                    && rule.of == Select::One(Of::Programme)
            })
            .filter_map(|rule| rule.high)
            .reduce(f64::min)
    }

    /// The true peak to limit to: the limit less [`TRUE_PEAK_MARGIN_DB`](Self::TRUE_PEAK_MARGIN_DB).
    #[must_use]
    pub fn true_peak_aim_dbtp(&self) -> Option<f64> {
        self.limit_of(Quantity::TruePeakDbtp).map(|limit| limit - Self::TRUE_PEAK_MARGIN_DB)
    }
}
