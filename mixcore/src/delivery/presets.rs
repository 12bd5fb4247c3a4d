//! The presets: specs and profiles whose numbers are known with high confidence.
//!
//! Transcribed from a checked table of 67 documents (2026-11-22); each rule carries its citation.
//! Only rows with numeric limits, a delivery purpose and confirmed numbers became presets.

use alloc::vec::Vec;

use super::{Profile, Spec};
use crate::error::{Error, Text};

macro_rules! presets {
    ($($name:ident: $allowed:ident = $folder:literal [$($id:literal),+ $(,)?];)+) => {
        $(
            const $name: &[(&str, &str)] =
                &[$(($id, include_str!(concat!($folder, $id, ".json")))),+];
            const $allowed: &str = concat!($($id, ", "),+, "or JSON of the same schema");
        )+
    };
}

presets! {
    SPECS: SPEC_IDS = "specs/" [
        "ebu-r128",
        "ebu-r128-live",
        "rtl-de-longform",
        "atsc-a85-short",
        "netflix-nearfield",
        "amazon-mgm-originals",
        "aes77-speech",
        "apple-podcasts",
    ];
    PROFILES: PROFILE_IDS = "specs/profiles/" ["factual"];
}

/// Every spec preset.
///
/// # Example
/// ```
/// assert!(mixcore::delivery::specs().iter().any(|spec| spec.id == "ebu-r128"));
/// ```
#[must_use]
pub fn specs() -> Vec<Spec> {
    SPECS.iter().filter_map(|(_, text)| Spec::from_json(text).ok()).collect()
}

/// The spec preset of that id.
///
/// # Errors
/// [`Error::UnknownName`] with the ids that exist.
///
/// # Example
/// ```
/// use mixcore::delivery::{Quantity, spec};
/// let spec = spec("ebu-r128").unwrap();
/// assert_eq!(spec.limit_of(Quantity::TruePeakDbtp), Some(-1.0));
/// assert!(mixcore::delivery::spec("ebu-128").is_err());
/// ```
pub fn spec(id: &str) -> Result<Spec, Error> {
    find(SPECS, id).and_then(|text| Spec::from_json(text).ok()).ok_or(Error::UnknownName {
        what: "spec",
        given: Text::new(id),
        allowed: SPEC_IDS,
    })
}

/// Every profile preset.
#[must_use]
pub fn profiles() -> Vec<Profile> {
    PROFILES.iter().filter_map(|(_, text)| Profile::from_json(text).ok()).collect()
}

/// The profile preset of that id.
///
/// # Errors
/// [`Error::UnknownName`] with the ids that exist.
///
/// # Example
/// ```
/// assert_eq!(mixcore::delivery::profile("factual").unwrap().rules.len(), 2);
/// ```
pub fn profile(id: &str) -> Result<Profile, Error> {
    find(PROFILES, id).and_then(|text| Profile::from_json(text).ok()).ok_or(Error::UnknownName {
        what: "profile",
        given: Text::new(id),
        allowed: PROFILE_IDS,
    })
}

fn find(table: &[(&str, &'static str)], id: &str) -> Option<&'static str> {
    table.iter().find(|(name, _)| *name == id).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_reads_without_a_problem_and_has_the_name_of_its_file() {
        for (id, text) in SPECS {
            assert_eq!(Spec::from_json(text).unwrap_or_else(|p| panic!("{id}: {p}")).id, *id);
        }
        for (id, text) in PROFILES {
            assert_eq!(Profile::from_json(text).unwrap_or_else(|p| panic!("{id}: {p}")).id, *id);
        }
        assert_eq!((specs().len(), profiles().len()), (SPECS.len(), PROFILES.len()));
    }
}
