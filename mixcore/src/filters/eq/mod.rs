//! The equaliser: its bands as a mixer sets them, how one moves, and the processor.

mod band;
mod params;
mod processor;

pub use params::{EqBand, EqParams, EqSetup, MAX_EQ_BANDS};
pub use processor::Eq;
