//! The second layer of a mix: peaks controlled, passages evened out, the performance kept.

mod bass;
mod clip_limiter;
mod limiter;
mod limiter_setup;
mod line;
mod link;
mod lookahead;
mod owner;
mod peak_detector;
mod plan;
mod reduction;
mod stages;

pub use clip_limiter::{ClipLimiter, ClipReport, MAX_PASSES};
pub use limiter::{Limiter, LimiterStorage};
pub use limiter_setup::{
    LimiterMode, LimiterParams, LimiterRelease, LimiterSetup, MAX_LOOKAHEAD_MS, MIN_LOOKAHEAD_MS,
};
pub use link::LinkGroups;
pub use reduction::ReductionStats;
