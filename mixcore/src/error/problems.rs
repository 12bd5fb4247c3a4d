//! Every fault of a text at once, each with its place, what was given, what is allowed, a hint.
//!
//! Texts (specs) are checked on `serde_json::Value`, field by field with `Fields`; sessions are
//! checked as they are compiled. One reading shows everything there is to mend.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::Error;

/// One fault of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Where it is, as a JSON path: `$.rules[2].high`.
    pub path: String,
    /// What stands there, shortened.
    pub given: String,
    /// What may stand there.
    pub allowed: String,
    /// The way out; empty if `allowed` says it all.
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: given {}", self.path, self.given)?;
        if !self.allowed.is_empty() {
            write!(f, ", allowed: {}", self.allowed)?;
        }
        if self.hint.is_empty() { Ok(()) } else { write!(f, " ({})", self.hint) }
    }
}

/// Every fault of a text, in the order of reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// No fault yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault.
    pub fn push(&mut self, path: &str, given: &str, allowed: &str, hint: &str) {
        self.0.push(Problem {
            path: path.to_owned(),
            given: given.to_owned(),
            allowed: allowed.to_owned(),
            hint: hint.to_owned(),
        });
    }

    /// One failed call as a list.
    pub(crate) fn of_error(path: &str, error: Error) -> Self {
        let mut problems = Self::new();
        problems.note(path, Err::<(), _>(error));
        problems
    }

    /// Adds what a checked call said, if it failed; an error's text holds its own way out.
    pub(crate) fn note<T>(&mut self, path: &str, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                let text = error.to_string();
                let (given, allowed) = text.split_once(", allowed is ").unwrap_or((&text, ""));
                self.push(path, given, allowed, "");
                None
            }
        }
    }

    /// The faults.
    pub fn iter(&self) -> core::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// Number of faults.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// No fault.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `value`, if there was no fault.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = core::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            fmt::Display::fmt(problem, f)?;
        }
        Ok(())
    }
}

impl core::error::Error for Problems {}
