//! The first layer of a mix: how loud every element is.

mod fader;
mod laws;
mod switch;

pub use fader::{FADER_FLOOR_DB, Fader, FaderParams, FaderSetup, MAX_RAMP_MS, MIN_RAMP_MS};
pub use laws::{CONSOLE_TRAVEL_MM, FaderLaw};
