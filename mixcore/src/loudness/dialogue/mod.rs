//! Dialogue: where somebody speaks, how loud the programme is there, and how far the speech stands
//! above what is under it.
//!
//! Dialogue is the anchor of a mix. Something has to say where it is: a [`SpeechActivity`]. With the
//! stem at hand its own level says so ([`StemActivity`], [`Activity`]); else the caller does, by a
//! list of regions or by the probabilities of a detector of their own ([`SpeechRegions`]). None of
//! them is the licensed speech gate that some platforms use ([`DETECTOR_STATEMENT`]), unless the
//! caller says that it gave the regions ([`SpeechRegions::of_licensed_gate`]). Every result names its
//! [`Detector`], which says the one or the other.
//!
//! Everything else is read from that: dialogue loudness in its three meanings
//! ([`DialogueDefinition`]), its share and range ([`dialogue`], [`dialogue_range`]), the two forms of
//! EBU R 128 s4 ([`wide_range`], [`narrow_range`]), and speech against background, per phrase
//! and over time ([`separation`], [`speech_over_background`], [`separation_curve`]).
//! [`SpeechLevelMeter`] is the speech voltmeter of ITU-T P.56, which needs no detector.

mod activity;
mod cinematic;
mod floor;
mod joined;
mod probability;
mod readings;
mod regions;
mod separation;
mod speech_activity;
mod speech_level;
mod stem;

pub use activity::Activity;
pub use cinematic::{NarrowRange, NarrowSections, WideRange, narrow_range, wide_range};
pub use probability::ProbabilitySetup;
pub use readings::{
    DialogueDefinition, DialogueRange, DialogueReadings, DialogueSetup, DialogueShare, dialogue,
    dialogue_range,
};
pub use regions::{Region, SpeechRegions};
pub use separation::{
    SeparationPoint, SeparationWindow, SpeechOverBackground, separation, separation_curve,
    speech_over_background,
};
pub use speech_activity::{
    DETECTOR_STATEMENT, Detector, LICENSED_STATEMENT, Phrase, SpeechActivity, phrases, speech_runs,
};
pub use speech_level::{SpeechLevel, SpeechLevelMeter};
pub use stem::StemActivity;
