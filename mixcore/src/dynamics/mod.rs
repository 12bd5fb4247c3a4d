//! The second layer of a mix: peaks controlled, passages evened out, the performance kept.

mod duck_plan;
mod ducker;
mod ducker_params;
mod ducker_state;
mod limiter;
mod lookahead;
mod peak_detector;
mod speech_watch;
mod stages;

pub use duck_plan::{DuckOutcome, DuckPlan, DuckedPhrase};
pub use ducker::{
    Ducker, DuckerSetup, DuckerStorage, MAX_DUCKER_LOOKAHEAD_MS, MIN_DUCKER_LOOKAHEAD_MS,
};
pub use ducker_params::DuckerParams;
pub use limiter::{
    Limiter, LimiterParams, LimiterSetup, LimiterStorage, Link, MAX_LOOKAHEAD_MS, MIN_LOOKAHEAD_MS,
};
