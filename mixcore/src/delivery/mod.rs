//! From numbers to a verdict: specifications as data, measurements, rules and reports.
//!
//! Measure once, judge many: a [`Measurement`] holds what was read, a [`Spec`] what a client
//! asks for, a [`Profile`] what the craft asks for; [`verify`] compares them without touching
//! audio and says for every rule what was read, what is allowed and by how much.
//! DELIVERY (the contract) and MIX (the craft) are two verdicts that never mix.
//!
//! Everything but the tables of roles and quantities needs `alloc`; specs as text need `json`.

#[cfg(feature = "alloc")]
mod compare;
#[cfg(feature = "alloc")]
mod finding;
#[cfg(feature = "alloc")]
mod header;
#[cfg(feature = "alloc")]
mod hint;
#[cfg(feature = "alloc")]
mod history;
#[cfg(feature = "alloc")]
mod measure;
#[cfg(feature = "alloc")]
mod measurement;
#[cfg(feature = "json")]
mod measurement_json;
#[cfg(feature = "alloc")]
mod places;
#[cfg(feature = "json")]
mod presets;
#[cfg(feature = "alloc")]
mod profile;
mod quantity;
#[cfg(feature = "alloc")]
pub mod report;
mod role;
#[cfg(feature = "alloc")]
mod rule;
#[cfg(feature = "alloc")]
mod solve;
#[cfg(feature = "alloc")]
mod spec;
#[cfg(feature = "json")]
mod spec_json;
#[cfg(feature = "alloc")]
mod verify;

#[cfg(feature = "alloc")]
pub use compare::{round_to, within};
#[cfg(feature = "alloc")]
pub use finding::{
    Finding, NotEvaluated, OtherMeter, Place, Report, Section, Severity, SpecSummary, Verdict,
};
#[cfg(feature = "alloc")]
pub use header::Header;
#[cfg(feature = "alloc")]
pub use history::{Excursion, History};
#[cfg(feature = "alloc")]
pub use measure::{MeasureSetup, Measurer};
#[cfg(feature = "alloc")]
pub use measurement::{
    ChannelReading, FoldDownReading, Measurement, Of, PhraseReading, Readings, StemReading,
};
#[cfg(feature = "json")]
pub use presets::{profile, profiles, spec, specs};
#[cfg(feature = "alloc")]
pub use profile::Profile;
pub use quantity::{Quantity, QuantityInfo, QuantityKind};
pub use role::{Role, Stem};
#[cfg(feature = "alloc")]
pub use rule::{AnyOf, Basis, Citation, Clause, Kind, Rule, Select, When};
#[cfg(feature = "alloc")]
pub use solve::{AIM_TOLERANCE_LU, Caps, Controls, End, Outcome, Pass, Plant, Solution, solve};
#[cfg(feature = "alloc")]
pub use spec::{Confidence, Spec, Target};
#[cfg(feature = "alloc")]
pub use verify::verify;

pub use crate::units::Reading;
