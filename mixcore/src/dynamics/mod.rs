//! The second layer of a mix: peaks controlled, passages evened out, the performance kept.

mod automixer;
mod cells;
mod leveller;
mod leveller_ride;
mod limiter;
mod lookahead;
mod peak_detector;
mod stages;

pub use automixer::{Automixer, AutomixerParams, AutomixerSetup, MAX_AUTOMIXER_GROUPS};
pub use cells::DialogueStorage;
pub use leveller::{
    Leveller, LevellerParams, LevellerReport, LevellerSetup, MAX_LEVELLER_LOOKAHEAD_MS,
    MIN_LEVELLER_LOOKAHEAD_MS,
};
pub use limiter::{
    Limiter, LimiterParams, LimiterSetup, LimiterStorage, Link, MAX_LOOKAHEAD_MS, MIN_LOOKAHEAD_MS,
};
