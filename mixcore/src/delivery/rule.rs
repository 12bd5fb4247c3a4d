//! A rule: one quantity, of one thing, inside its limits, under a condition, with its source.
//!
//! A rule without limits is a reminder and is never judged; neither is one whose limit is not
//! verified. A rule with `aim` is a target that the solver steers to; one without is a limit only
//! (a ceiling is never aimed at).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{Measurement, Of, Quantity, Role};
use crate::units::Reading;

/// What a rule is of: one thing, or each of a kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Select {
    /// One thing. JSON: `"programme"`, `"stem:AMB"`, `"fold_down:mono"`, `"channel:1"`.
    One(Of),
    /// Each channel of the layout. JSON: `"every:channel"`.
    EveryChannel,
    /// Each fold-down that was measured. JSON: `"every:fold_down"`.
    EveryFoldDown,
    /// Each phrase of dialogue. JSON: `"every:phrase"`.
    EveryPhrase,
    /// Each stem that was measured. JSON: `"every:stem"`.
    EveryStem,
}

impl Select {
    /// The forms that [`parse`](Self::parse) understands.
    pub const FORMS: &'static str = "programme, stem:ROLE (DX, NARR, MX, AMB, FX, FOLEY, CROWD, OPT), fold_down:NAME, channel:NUMBER (from 1), phrase:NUMBER (from 1), every:channel, every:fold_down, every:phrase, every:stem";

    /// Reads the text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let counted = |number: &str| number.parse::<usize>().ok()?.checked_sub(1);
        Some(match text.split_once(':') {
            None if text == "programme" => Self::One(Of::Programme),
            Some(("stem", role)) => Self::One(Of::Stem(Role::named(role).ok()?)),
            Some(("fold_down", name)) if !name.is_empty() => Self::One(Of::FoldDown(name.into())),
            Some(("channel", number)) => Self::One(Of::Channel(counted(number)?)),
            Some(("phrase", number)) => Self::One(Of::Phrase(counted(number)?)),
            Some(("every", "channel")) => Self::EveryChannel,
            Some(("every", "fold_down")) => Self::EveryFoldDown,
            Some(("every", "phrase")) => Self::EveryPhrase,
            Some(("every", "stem")) => Self::EveryStem,
            _ => return None,
        })
    }

    /// The things of a measurement that are meant, in the order of time or layout.
    #[must_use]
    pub fn things(&self, measurement: &Measurement) -> Vec<Of> {
        match self {
            Self::One(of) => alloc::vec![of.clone()],
            Self::EveryChannel => (0..measurement.channels().len()).map(Of::Channel).collect(),
            Self::EveryFoldDown => measurement
                .fold_downs()
                .iter()
                .map(|fold_down| Of::FoldDown(fold_down.name.clone()))
                .collect(),
            Self::EveryPhrase => (0..measurement.phrases().len()).map(Of::Phrase).collect(),
            Self::EveryStem => measurement.stems().iter().map(|stem| Of::Stem(stem.role)).collect(),
        }
    }
}

impl fmt::Display for Select {
    /// The text form that [`parse`](Self::parse) reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(Of::Programme) => f.write_str("programme"),
            Self::One(Of::Stem(role)) => write!(f, "stem:{role}"),
            Self::One(Of::FoldDown(name)) => write!(f, "fold_down:{name}"),
            Self::One(Of::Channel(index)) => write!(f, "channel:{}", index.saturating_add(1)),
            Self::One(Of::Phrase(index)) => write!(f, "phrase:{}", index.saturating_add(1)),
            Self::EveryChannel => f.write_str("every:channel"),
            Self::EveryFoldDown => f.write_str("every:fold_down"),
            Self::EveryPhrase => f.write_str("every:phrase"),
            Self::EveryStem => f.write_str("every:stem"),
        }
    }
}

#[cfg(feature = "json")]
impl serde::Serialize for Select {
    fn serialize<Z: serde::Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        serializer.collect_str(self)
    }
}

/// What breaking a rule means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[cfg_attr(feature = "json", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Kind {
    /// A contract rule: the delivery is rejected.
    #[default]
    Normative,
    /// The document's advice: worth a look, never a rejection.
    Advice,
    /// What a player will do with it: information.
    Playback,
}

/// How a number is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Basis {
    /// Read in the issuer's own page.
    PrimaryPage,
    /// Read in a copy of the issuer's page.
    MirrorOfPrimary,
    /// Several independent sources cite the document.
    SeveralSecondary,
    /// One source cites the document.
    SingleOrThirdParty,
    /// Derived in the rule's note.
    Derived,
    /// The user's own contract.
    Contract,
}

impl Basis {
    /// Every basis, with its JSON name.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("primary_page", Self::PrimaryPage),
        ("mirror_of_primary", Self::MirrorOfPrimary),
        ("several_secondary", Self::SeveralSecondary),
        ("single_or_third_party", Self::SingleOrThirdParty),
        ("derived", Self::Derived),
        ("contract", Self::Contract),
    ];

    /// The basis in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::PrimaryPage => "read in the issuer's page",
            Self::MirrorOfPrimary => "read in a copy of the issuer's page",
            Self::SeveralSecondary => "several sources cite it",
            Self::SingleOrThirdParty => "one source cites it",
            Self::Derived => "derived, see note",
            Self::Contract => "the contract at hand",
        }
    }
}

/// Where a number comes from. It travels with the rule into every report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Citation {
    /// The document.
    pub document: String,
    /// Its edition or version; empty if it has none.
    #[cfg_attr(feature = "json", serde(skip_serializing_if = "String::is_empty"))]
    pub edition: String,
    /// Clause, item or section; empty if it is not known.
    #[cfg_attr(feature = "json", serde(skip_serializing_if = "String::is_empty"))]
    pub clause: String,
    /// Address of the document, or of what cites it; empty if there is none.
    #[cfg_attr(feature = "json", serde(skip_serializing_if = "String::is_empty"))]
    pub url: String,
    /// The day on which the number was read (ISO 8601); empty if it is not known.
    #[cfg_attr(feature = "json", serde(skip_serializing_if = "String::is_empty"))]
    pub as_of: String,
    /// How the number is known.
    pub basis: Basis,
}

impl Citation {
    /// A citation of a document; the other fields are empty, the basis is a contract.
    #[must_use]
    pub fn of(document: &str) -> Self {
        Self {
            document: document.into(),
            edition: String::new(),
            clause: String::new(),
            url: String::new(),
            as_of: String::new(),
            basis: Basis::Contract,
        }
    }
}

impl fmt::Display for Citation {
    /// "EBU R 128, 5.0 (2023-11), items h, i".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.document)?;
        for part in [&self.edition, &self.clause] {
            if !part.is_empty() {
                write!(f, ", {part}")?;
            }
        }
        Ok(())
    }
}

/// The condition under which a rule applies; compared without rounding.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct When {
    /// The quantity of the programme that decides.
    pub quantity: Quantity,
    /// Applies from this value up (inclusive).
    #[cfg_attr(feature = "json", serde(skip_serializing_if = "Option::is_none"))]
    pub at_least: Option<f64>,
    /// Applies below this value (exclusive), so that two rules can share one border.
    #[cfg_attr(feature = "json", serde(skip_serializing_if = "Option::is_none"))]
    pub below: Option<f64>,
}

impl When {
    /// A condition on a quantity of the programme; without bounds it always holds.
    #[must_use]
    pub fn new(quantity: Quantity, at_least: Option<f64>, below: Option<f64>) -> Self {
        Self { quantity, at_least, below }
    }

    /// Whether the condition holds; `Err` carries the reading that has no value.
    ///
    /// # Errors
    /// The reading, when the quantity could not be measured.
    pub fn holds(&self, measurement: &Measurement) -> Result<bool, Reading> {
        match measurement.get(self.quantity) {
            Reading::Value(value) => Ok(self.at_least.is_none_or(|least| value >= least)
                && self.below.is_none_or(|border| value < border)),
            none => Err(none),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.quantity.name().to_lowercase())?;
        let unit = self.quantity.unit();
        match (self.at_least, self.below) {
            (Some(least), Some(border)) => write!(f, " from {least} to below {border} {unit}"),
            (Some(least), None) => write!(f, " at least {least} {unit}"),
            (None, Some(border)) => write!(f, " below {border} {unit}"),
            (None, None) => f.write_str(" of any value"),
        }
    }
}

/// One quantity inside its limits.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Rule {
    /// Name inside its spec, stable over versions of it.
    pub id: String,
    /// What is read.
    pub quantity: Quantity,
    /// Of what.
    pub of: Select,
    /// Lower limit in the quantity's unit.
    #[cfg_attr(feature = "json", serde(skip_serializing_if = "Option::is_none"))]
    pub low: Option<f64>,
    /// Upper limit in the quantity's unit.
    #[cfg_attr(feature = "json", serde(skip_serializing_if = "Option::is_none"))]
    pub high: Option<f64>,
    /// A reading on a limit passes.
    pub inclusive: bool,
    /// The value that the solver steers to; `None`: a limit only, never aimed at.
    #[cfg_attr(feature = "json", serde(skip_serializing_if = "Option::is_none"))]
    pub aim: Option<f64>,
    /// Decimals before comparing, where they differ from [`Quantity::compare_decimals`].
    #[cfg_attr(feature = "json", serde(skip_serializing_if = "Option::is_none"))]
    pub compare_decimals: Option<u8>,
    /// What breaking it means.
    pub kind: Kind,
    /// When it applies; `None`: always.
    #[cfg_attr(feature = "json", serde(skip_serializing_if = "Option::is_none"))]
    pub when: Option<When>,
    /// Where the number comes from.
    pub citation: Citation,
    /// The limit is confirmed by its source; one that is not is never judged.
    pub verified: bool,
    /// What the document adds to the number.
    #[cfg_attr(feature = "json", serde(skip_serializing_if = "String::is_empty"))]
    pub note: String,
    /// How to mend it, where the general advice does not fit.
    #[cfg_attr(feature = "json", serde(skip_serializing_if = "String::is_empty"))]
    pub hint: String,
}

impl Rule {
    /// A normative, inclusive, verified rule on the programme.
    ///
    /// # Example
    /// ```
    /// use mixcore::delivery::{Citation, Quantity, Rule};
    /// let contract = Citation::of("Festival contract 12");
    /// let rule = Rule::new("peak", Quantity::TruePeakDbtp, None, Some(-1.0), contract);
    /// assert!(rule.inclusive && rule.verified && rule.aim.is_none());
    /// ```
    #[must_use]
    pub fn new(
        id: &str,
        quantity: Quantity,
        low: Option<f64>,
        high: Option<f64>,
        citation: Citation,
    ) -> Self {
        Self {
            id: id.into(),
            quantity,
            of: Select::One(Of::Programme),
            low,
            high,
            inclusive: true,
            aim: None,
            compare_decimals: None,
            kind: Kind::Normative,
            when: None,
            citation,
            verified: true,
            note: String::new(),
            hint: String::new(),
        }
    }

    /// Decimals to which a reading is rounded before it is compared.
    #[must_use]
    pub fn decimals(&self) -> Option<u8> {
        self.quantity.compare_decimals().map(|usual| self.compare_decimals.unwrap_or(usual))
    }

    /// An upper limit that is never aimed at.
    #[must_use]
    pub fn is_ceiling(&self) -> bool {
        self.aim.is_none() && self.low.is_none() && self.high.is_some()
    }
}

/// Alternatives: it is enough that every rule of one group holds.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct AnyOf {
    /// Name inside its spec.
    pub id: String,
    /// The groups, in the order in which they are tried.
    #[cfg_attr(feature = "json", serde(rename = "any_of"))]
    pub groups: Vec<Vec<Rule>>,
}

impl AnyOf {
    /// Alternatives in the order in which they are tried.
    #[must_use]
    pub fn new(id: &str, groups: Vec<Vec<Rule>>) -> Self {
        Self { id: id.into(), groups }
    }
}

/// One entry of a spec's list of rules.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "a spec holds a dozen, nearly all of them rules")]
pub enum Clause {
    /// A rule that must hold.
    Rule(Rule),
    /// Groups of rules of which one must hold.
    AnyOf(AnyOf),
}

impl Clause {
    /// The rules inside, in order.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        let (one, many) = match self {
            Self::Rule(rule) => (Some(rule), &[][..]),
            Self::AnyOf(any) => (None, any.groups.as_slice()),
        };
        one.into_iter().chain(many.iter().flatten())
    }
}
