//! A content profile: what the craft asks of a mix of that kind. It makes the MIX verdict.
//!
//! A profile is guidance with sources, never a contract: it cannot turn DELIVERY red.

use alloc::string::String;
use alloc::vec::Vec;

use super::Rule;

/// What a mix of one kind should keep.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Profile {
    /// Name for programs: "factual".
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What it is for.
    pub scope: String,
    /// What is compared; [`Rule::kind`] has no meaning here.
    pub rules: Vec<Rule>,
    /// What the numbers do not say.
    pub notes: Vec<String>,
    /// Where they were found.
    pub sources: Vec<String>,
}

impl Profile {
    /// A profile without rules.
    #[must_use]
    pub fn new(id: &str, name: &str) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            scope: String::new(),
            rules: Vec::new(),
            notes: Vec::new(),
            sources: Vec::new(),
        }
    }

    /// Adds a rule.
    #[must_use]
    pub fn with_rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }
}
