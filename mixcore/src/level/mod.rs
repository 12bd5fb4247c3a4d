//! The first layer of a mix: how loud every element is.

mod fader;

pub use fader::{FADER_FLOOR_DB, Fader, FaderParams, FaderSetup};
