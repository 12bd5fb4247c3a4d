//! The fields of a JSON text, checked one by one, so that every fault is named with its place.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::Problems;

impl Problems {
    /// Most characters of a given value that are repeated in a message.
    const GIVEN_CHARS: usize = 60;

    /// Adds a fault about a value, which is shown shortened.
    pub(crate) fn about(&mut self, path: &str, given: &Value, allowed: &str, hint: &str) {
        let text = given.to_string();
        let short = match text.char_indices().nth(Self::GIVEN_CHARS) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        };
        self.push(path, &short, allowed, hint);
    }

    /// The text as JSON, or the one fault that it is none.
    pub(crate) fn parse(text: &str) -> Result<Value, Self> {
        serde_json::from_str(text).map_err(|error| {
            let mut problems = Self::new();
            let place = format!("line {}, column {}", error.line(), error.column());
            problems.push(&place, "text that is not JSON", "JSON (RFC 8259)", &error.to_string());
            problems
        })
    }
}

/// The fields of one JSON object, read one by one; what nobody asked for is a fault at the end.
///
/// `null` counts as not given.
pub(crate) struct Fields<'v, 'p> {
    map: Option<&'v Map<String, Value>>,
    path: String,
    known: Vec<&'static str>,
    problems: &'p mut Problems,
}

impl<'v, 'p> Fields<'v, 'p> {
    pub(crate) fn of(value: &'v Value, path: &str, problems: &'p mut Problems) -> Self {
        if !value.is_object() {
            problems.about(path, value, "an object {…}", "");
        }
        Self { map: value.as_object(), path: path.to_owned(), known: Vec::new(), problems }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    pub(crate) fn problems(&mut self) -> &mut Problems {
        self.problems
    }

    /// The value of a field, marked as known.
    pub(crate) fn get(&mut self, name: &'static str) -> Option<&'v Value> {
        self.known.push(name);
        self.map?.get(name).filter(|value| !value.is_null())
    }

    fn wrong(&mut self, name: &str, given: &Value, allowed: &str) {
        let path = self.path(name);
        self.problems.about(&path, given, allowed, "");
    }

    /// Says that a field is missing (not if the whole object is).
    pub(crate) fn missing(&mut self, name: &str, allowed: &str) {
        if self.map.is_some() {
            let path = self.path(name);
            self.problems.push(&path, "nothing", allowed, "add this field");
        }
    }

    /// A text; empty if it is not given.
    pub(crate) fn text(&mut self, name: &'static str) -> String {
        match self.get(name) {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => {
                self.wrong(name, other, "a text");
                String::new()
            }
        }
    }

    /// A text that must be there and not be empty.
    pub(crate) fn needed_text(&mut self, name: &'static str) -> String {
        if self.get(name).is_none() {
            self.missing(name, "a text");
            return String::new();
        }
        let text = self.text(name);
        if text.is_empty() && self.map.is_some_and(|map| map[name].is_string()) {
            self.wrong(name, &Value::String(String::new()), "a text that is not empty");
        }
        text
    }

    /// A number inside bounds.
    pub(crate) fn number(&mut self, name: &'static str, min: f64, max: f64) -> Option<f64> {
        let value = self.get(name)?;
        let number = value.as_f64().filter(|number| *number >= min && *number <= max);
        if number.is_none() {
            self.wrong(name, value, &format!("a number from {min} to {max}"));
        }
        number
    }

    /// A whole number inside bounds.
    pub(crate) fn whole(&mut self, name: &'static str, min: u64, max: u64) -> Option<u64> {
        let value = self.get(name)?;
        let number = value.as_u64().filter(|number| (min..=max).contains(number));
        if number.is_none() {
            self.wrong(name, value, &format!("a whole number from {min} to {max}"));
        }
        number
    }

    /// True or false.
    pub(crate) fn flag(&mut self, name: &'static str, default: bool) -> bool {
        match self.get(name) {
            None => default,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => {
                self.wrong(name, other, "true or false");
                default
            }
        }
    }

    /// One of a few names.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let value = self.get(name)?;
        let chosen = value.as_str().and_then(|text| choices.iter().find(|c| c.0 == text));
        if chosen.is_none() {
            let names: Vec<&str> = choices.iter().map(|choice| choice.0).collect();
            let hint = value.as_str().map_or_else(String::new, |text| did_you_mean(text, &names));
            let path = self.path(name);
            self.problems.about(&path, value, &names.join(", "), &hint);
        }
        chosen.map(|choice| choice.1)
    }

    /// The items of a list with their paths; none if it is not given.
    pub(crate) fn list(&mut self, name: &'static str) -> Vec<(String, &'v Value)> {
        match self.get(name) {
            None => Vec::new(),
            Some(Value::Array(items)) => items
                .iter()
                .enumerate()
                .map(|(i, item)| (format!("{}.{name}[{i}]", self.path), item))
                .collect(),
            Some(other) => {
                self.wrong(name, other, "a list […]");
                Vec::new()
            }
        }
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, name: &'static str) -> Vec<String> {
        let mut texts = Vec::new();
        for (path, item) in self.list(name) {
            match item {
                Value::String(text) => texts.push(text.clone()),
                other => self.problems.about(&path, other, "a text", ""),
            }
        }
        texts
    }

    /// Names every field that nobody asked for.
    pub(crate) fn finish(self) {
        let Some(map) = self.map else { return };
        for name in map.keys().filter(|name| !self.known.contains(&name.as_str())) {
            let hint = did_you_mean(name, &self.known);
            let path = format!("{}.{name}", self.path);
            self.problems.push(&path, "an unknown field", &self.known.join(", "), &hint);
        }
    }
}

/// "did you mean …?" for the nearest name, if one is near: at most a third of the letters differ.
pub(crate) fn did_you_mean(given: &str, names: &[&str]) -> String {
    let given: Vec<char> = given.chars().take(64).collect();
    let near = |name: &str| {
        let name: Vec<char> = name.chars().collect();
        let far = given.len().max(name.len()).div_ceil(3);
        Some(edits(&given, &name)).filter(|edits| *edits <= far)
    };
    names
        .iter()
        .filter_map(|name| near(name).map(|edits| (edits, name)))
        .min_by_key(|found| found.0)
        .map_or_else(String::new, |(_, name)| format!("did you mean {name}?"))
}

/// Letters to insert, delete or replace to get from one word to the other (Levenshtein 1966).
fn edits(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_and_no_far_one() {
        assert_eq!(did_you_mean("hihg", &["low", "high"]), "did you mean high?");
        assert_eq!(did_you_mean("quantitty", &["quantity", "of"]), "did you mean quantity?");
        assert_eq!(did_you_mean("xyzzy", &["quantity", "of"]), "");
    }

    #[test]
    fn every_fault_of_an_object_is_named() {
        let value = Problems::parse(r#"{"a": 1, "b": "x", "cc": true}"#).unwrap();
        let mut problems = Problems::new();
        let mut fields = Fields::of(&value, "$", &mut problems);
        assert_eq!(fields.text("a"), "");
        assert_eq!(fields.number("b", 0.0, 1.0), None);
        assert!(fields.flag("c", true));
        fields.needed_text("d");
        fields.finish();
        let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["$.a", "$.b", "$.d", "$.cc"]);
    }
}
