//! The first layer of a mix: how loud every element is.

mod dc_blocker;
mod dither;
mod fader;
mod laws;
mod switch;

pub use dc_blocker::{DcBlocker, DcBlockerParams};
pub use dither::{
    AUTO_BLANK_MS, Dither, DitherKind, DitherSetup, MAX_DITHER_BITS, MIN_DITHER_BITS,
};
pub use fader::{FADER_FLOOR_DB, Fader, FaderParams, FaderSetup, MAX_RAMP_MS, MIN_RAMP_MS};
pub use laws::{CONSOLE_TRAVEL_MM, FaderLaw};
