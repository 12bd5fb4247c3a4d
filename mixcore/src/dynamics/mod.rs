//! The second layer of a mix: peaks controlled, passages evened out, the performance kept.

mod limiter;
mod lookahead;
mod peak_detector;
mod stages;

pub use limiter::{
    Limiter, LimiterParams, LimiterSetup, LimiterStorage, Link, MAX_LOOKAHEAD_MS, MIN_LOOKAHEAD_MS,
};
