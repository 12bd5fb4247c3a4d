//! The second layer of a mix: peaks controlled, passages evened out, the performance kept.

mod audibility;
mod band_follower;
mod band_gain;
mod band_unit;
mod duck_plan;
mod ducker;
mod ducker_params;
mod ducker_state;
mod limiter;
mod lookahead;
mod low_mid_cut;
mod masking_ducker;
mod peak_detector;
mod speech_watch;
mod stages;

pub use band_follower::BandDuckReport;
pub use band_unit::{BandDuckerSetup, BandDuckerStorage};
pub use duck_plan::{DuckOutcome, DuckPlan, DuckedPhrase};
pub use ducker::{
    Ducker, DuckerSetup, DuckerStorage, MAX_DUCKER_LOOKAHEAD_MS, MIN_DUCKER_LOOKAHEAD_MS,
};
pub use ducker_params::DuckerParams;
pub use limiter::{
    Limiter, LimiterParams, LimiterSetup, LimiterStorage, Link, MAX_LOOKAHEAD_MS, MIN_LOOKAHEAD_MS,
};
pub use low_mid_cut::{LowMidCut, LowMidCutParams, LowMidReport};
pub use masking_ducker::{MaskingDucker, MaskingDuckerParams};
