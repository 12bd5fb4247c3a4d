//! Specs and profiles as JSON: one schema for presets and for a user's own contract.
//!
//! Reading collects every fault of a text; writing gives back what was read.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;
use serde_json::Value;

use super::{
    AnyOf, Basis, Citation, Clause, Confidence, Kind, Of, Profile, Quantity, QuantityKind, Rule,
    Select, Spec, When,
};
use crate::audio::Layout;
use crate::error::{Fields, Problems};

/// Name and version of the schema of specs.
const SPEC_SCHEMA: &str = "mixcore-spec-1";
/// Name and version of the schema of profiles.
const PROFILE_SCHEMA: &str = "mixcore-profile-1";
/// No level, difference, share or time of a delivery lies beyond this.
const LIMIT_RANGE: f64 = 1e6;
/// More decimals than this no meter shows.
const MAX_DECIMALS: u64 = 6;

impl Spec {
    /// Reads a spec.
    ///
    /// # Errors
    /// Every fault of the text at once.
    ///
    /// # Example
    /// ```
    /// use mixcore::delivery::Spec;
    /// let text = r#"{"id": "mine", "name": "My contract", "confidence": "high", "rules": [{
    ///     "id": "peak", "quantity": "true_peak_dbtp", "high": -1.0,
    ///     "citation": {"document": "Contract 12", "basis": "contract"}}]}"#;
    /// assert_eq!(Spec::from_json(text).unwrap().all_rules().count(), 1);
    ///
    /// let problems = Spec::from_json(&text.replace("high\": -1.0", "hihg\": -1.0")).unwrap_err();
    /// assert_eq!(problems.iter().next().unwrap().hint, "did you mean high?");
    /// ```
    pub fn from_json(text: &str) -> Result<Self, Problems> {
        Self::from_value(&Problems::parse(text)?)
    }

    /// Reads a spec from parsed JSON.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn from_value(value: &Value) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut fields = Fields::of(value, "$", &mut problems);
        schema(&mut fields, SPEC_SCHEMA);
        let spec = Self {
            id: fields.needed_text("id"),
            name: fields.needed_text("name"),
            issuer: fields.text("issuer"),
            document: fields.text("document"),
            version: fields.text("version"),
            date: fields.text("date"),
            scope: fields.text("scope"),
            channel_configs: layouts(&mut fields),
            sample_rates_hz: wholes(&mut fields, "sample_rates_hz", 8_000, 384_000),
            bit_depth: wholes(&mut fields, "bit_depth", 8, 64),
            rules: clauses(&mut fields),
            notes: fields.texts("notes"),
            sources: fields.texts("sources"),
            confidence: confidence(&mut fields),
        };
        fields.finish();
        problems.or(spec)
    }

    /// Writes the spec as JSON that [`from_json`](Self::from_json) reads back.
    #[must_use]
    pub fn to_json(&self) -> String {
        pretty(SPEC_SCHEMA, self)
    }
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// Every fault of the text at once.
    pub fn from_json(text: &str) -> Result<Self, Problems> {
        Self::from_value(&Problems::parse(text)?)
    }

    /// Reads a profile from parsed JSON.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn from_value(value: &Value) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut fields = Fields::of(value, "$", &mut problems);
        schema(&mut fields, PROFILE_SCHEMA);
        let mut ids = Vec::new();
        let profile = Self {
            id: fields.needed_text("id"),
            name: fields.needed_text("name"),
            scope: fields.text("scope"),
            rules: fields
                .list("rules")
                .iter()
                .map(|(path, item)| rule(item, path, &mut ids, fields.problems()))
                .collect(),
            notes: fields.texts("notes"),
            sources: fields.texts("sources"),
        };
        fields.finish();
        problems.or(profile)
    }

    /// Writes the profile as JSON that [`from_json`](Self::from_json) reads back.
    #[must_use]
    pub fn to_json(&self) -> String {
        pretty(PROFILE_SCHEMA, self)
    }
}

fn pretty<T: Serialize>(schema: &'static str, inner: &T) -> String {
    #[derive(Serialize)]
    struct Tagged<'a, T> {
        schema: &'static str,
        #[serde(flatten)]
        inner: &'a T,
    }
    // Text keys and plain values only: this cannot fail.
    serde_json::to_string_pretty(&Tagged { schema, inner }).unwrap_or_default()
}

fn schema(fields: &mut Fields<'_, '_>, own: &'static str) {
    let _ = fields.choice("schema", &[(own, ())]);
}

fn confidence(fields: &mut Fields<'_, '_>) -> Confidence {
    const CHOICES: [(&str, Confidence); 3] =
        [("low", Confidence::Low), ("medium", Confidence::Medium), ("high", Confidence::High)];
    if fields.get("confidence").is_none() {
        fields.missing("confidence", "high, medium or low");
    }
    fields.choice("confidence", &CHOICES).unwrap_or(Confidence::Low)
}

fn layouts(fields: &mut Fields<'_, '_>) -> Vec<Layout> {
    let mut layouts = Vec::new();
    for (path, item) in fields.list("channel_configs") {
        match item.as_str().map(Layout::named) {
            Some(Ok(layout)) => layouts.push(layout),
            Some(Err(error)) => {
                fields.problems().about(&path, item, "a layout's name", &error.to_string());
            }
            None => fields.problems().about(&path, item, "a layout's name, such as \"5.1\"", ""),
        }
    }
    layouts
}

fn wholes<T: TryFrom<u64>>(
    fields: &mut Fields<'_, '_>,
    name: &'static str,
    min: u64,
    max: u64,
) -> Vec<T> {
    let mut numbers = Vec::new();
    for (path, item) in fields.list(name) {
        let number = item.as_u64().filter(|number| (min..=max).contains(number));
        match number.and_then(|number| T::try_from(number).ok()) {
            Some(number) => numbers.push(number),
            None => {
                let allowed = alloc::format!("a whole number from {min} to {max}");
                fields.problems().about(&path, item, &allowed, "");
            }
        }
    }
    numbers
}

fn clauses(fields: &mut Fields<'_, '_>) -> Vec<Clause> {
    let mut ids = Vec::new();
    let mut clauses = Vec::new();
    for (path, item) in fields.list("rules") {
        let problems = fields.problems();
        clauses.push(if item.get("any_of").is_some() {
            Clause::AnyOf(any_of(item, &path, &mut ids, problems))
        } else {
            Clause::Rule(rule(item, &path, &mut ids, problems))
        });
    }
    clauses
}

fn any_of(value: &Value, path: &str, ids: &mut Vec<String>, problems: &mut Problems) -> AnyOf {
    let mut fields = Fields::of(value, path, problems);
    let id = unique_id(&mut fields, ids);
    let mut groups = Vec::new();
    let items = fields.list("any_of");
    if items.len() < 2 {
        let place = fields.path("any_of");
        fields.problems().push(&place, "fewer than two groups", "two or more lists of rules", "");
    }
    for (place, item) in items {
        match item.as_array() {
            Some(rules) if !rules.is_empty() => groups.push(
                rules
                    .iter()
                    .enumerate()
                    .map(|(i, item)| {
                        rule(item, &alloc::format!("{place}[{i}]"), ids, fields.problems())
                    })
                    .collect(),
            ),
            _ => fields.problems().about(&place, item, "a list of at least one rule", ""),
        }
    }
    fields.finish();
    AnyOf { id, groups }
}

fn unique_id(fields: &mut Fields<'_, '_>, ids: &mut Vec<String>) -> String {
    let id = fields.needed_text("id");
    if !id.is_empty() && ids.contains(&id) {
        let path = fields.path("id");
        fields.problems().push(&path, &id, "an id that no other rule has", "rename one of them");
    }
    ids.push(id.clone());
    id
}

fn rule(value: &Value, path: &str, ids: &mut Vec<String>, problems: &mut Problems) -> Rule {
    const KINDS: [(&str, Kind); 3] =
        [("normative", Kind::Normative), ("advice", Kind::Advice), ("playback", Kind::Playback)];
    let mut fields = Fields::of(value, path, problems);
    let id = unique_id(&mut fields, ids);
    let quantity = quantity(&mut fields);
    let rule = Rule {
        id,
        quantity,
        of: select(&mut fields),
        low: fields.number("low", -LIMIT_RANGE, LIMIT_RANGE),
        high: fields.number("high", -LIMIT_RANGE, LIMIT_RANGE),
        inclusive: fields.flag("inclusive", true),
        aim: fields.number("aim", -LIMIT_RANGE, LIMIT_RANGE),
        compare_decimals: fields
            .whole("compare_decimals", 0, MAX_DECIMALS)
            .and_then(|decimals| u8::try_from(decimals).ok()),
        kind: fields.choice("kind", &KINDS).unwrap_or_default(),
        when: when(&mut fields),
        citation: citation(&mut fields),
        verified: fields.flag("verified", true),
        note: fields.text("note"),
        hint: fields.text("hint"),
    };
    check_limits(&rule, &mut fields);
    fields.finish();
    rule
}

fn check_limits(rule: &Rule, fields: &mut Fields<'_, '_>) {
    if let (Some(low), Some(high)) = (rule.low, rule.high)
        && low > high
    {
        let path = fields.path("low");
        let allowed = alloc::format!("at most high ({high})");
        fields.problems().push(&path, &low.to_string(), &allowed, "swap low and high");
    }
    if let Some(aim) = rule.aim
        && (rule.low.is_some_and(|low| aim < low) || rule.high.is_some_and(|high| aim > high))
    {
        let path = fields.path("aim");
        fields.problems().push(&path, &aim.to_string(), "a value inside low and high", "");
    }
    if let Some(decimals) = rule.compare_decimals
        && rule.quantity.compare_decimals().is_none()
    {
        let path = fields.path("compare_decimals");
        let allowed = if rule.quantity.info().kind == QuantityKind::Peak {
            "nothing: a peak is never rounded in its own favour"
        } else {
            "nothing: this quantity is compared as it is"
        };
        fields.problems().push(&path, &decimals.to_string(), allowed, "remove this field");
    }
}

fn quantity(fields: &mut Fields<'_, '_>) -> Quantity {
    let choices: Vec<(&str, Quantity)> =
        Quantity::ALL.iter().map(|&quantity| (quantity.key(), quantity)).collect();
    if fields.get("quantity").is_none() {
        fields.missing("quantity", "the key of a quantity, such as \"integrated_lufs\"");
    }
    fields.choice("quantity", &choices).unwrap_or(Quantity::IntegratedLufs)
}

fn select(fields: &mut Fields<'_, '_>) -> Select {
    let programme = Select::One(Of::Programme);
    let Some(value) = fields.get("of") else { return programme };
    value.as_str().and_then(Select::parse).unwrap_or_else(|| {
        let path = fields.path("of");
        fields.problems().about(&path, value, Select::FORMS, "");
        programme
    })
}

fn when(fields: &mut Fields<'_, '_>) -> Option<When> {
    let value = fields.get("when")?;
    let path = fields.path("when");
    let mut inner = Fields::of(value, &path, fields.problems());
    let when = When {
        quantity: quantity(&mut inner),
        at_least: inner.number("at_least", -LIMIT_RANGE, LIMIT_RANGE),
        below: inner.number("below", -LIMIT_RANGE, LIMIT_RANGE),
    };
    if value.is_object() && when.at_least.is_none() && when.below.is_none() {
        inner.missing("at_least", "at_least, below or both");
    }
    if let (Some(least), Some(border)) = (when.at_least, when.below)
        && least >= border
    {
        let place = inner.path("at_least");
        inner.problems().push(&place, &least.to_string(), "less than below", "");
    }
    inner.finish();
    Some(when)
}

fn citation(fields: &mut Fields<'_, '_>) -> Citation {
    let Some(value) = fields.get("citation") else {
        fields.missing("citation", "where the limit is written: {\"document\": …, \"basis\": …}");
        return Citation::of("");
    };
    let path = fields.path("citation");
    let mut inner = Fields::of(value, &path, fields.problems());
    if inner.get("basis").is_none() {
        inner.missing("basis", "how the number is known, such as \"contract\"");
    }
    let citation = Citation {
        document: inner.needed_text("document"),
        edition: inner.text("edition"),
        clause: inner.text("clause"),
        url: inner.text("url"),
        as_of: inner.text("as_of"),
        basis: inner.choice("basis", Basis::ALL).unwrap_or(Basis::SingleOrThirdParty),
    };
    inner.finish();
    citation
}

impl<'de> serde::Deserialize<'de> for Spec {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_value(&value).map_err(|problems| serde::de::Error::custom(problems.to_string()))
    }
}

impl Serialize for Clause {
    fn serialize<Z: serde::Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        match self {
            Self::Rule(rule) => rule.serialize(serializer),
            Self::AnyOf(any_of) => any_of.serialize(serializer),
        }
    }
}
