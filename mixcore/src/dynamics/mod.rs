//! The second layer of a mix: peaks controlled, passages evened out, the performance kept.

mod ballistics;
mod bass;
mod clip_limiter;
mod compressor;
mod compressor_gains;
mod compressor_params;
mod curve;
mod detector;
mod gate;
mod gate_params;
mod key_filter;
mod limiter;
mod limiter_setup;
mod line;
mod link;
mod lookahead;
mod makeup;
mod owner;
mod peak_detector;
mod plan;
mod reduction;
mod side_chain;
mod stages;
mod travel;

pub use ballistics::{Release, Smoothing};
pub use clip_limiter::{ClipLimiter, ClipReport, MAX_PASSES};
pub use compressor::{Compressor, CompressorStorage};
pub use compressor_params::{CompressorParams, CompressorSetup};
pub use detector::{Detector, MAX_WINDOW_MS, MIN_WINDOW_MS};
pub use gate::{Gate, GateStorage};
pub use gate_params::{GateParams, GateSetup};
pub use key_filter::{KeyFilter, MAX_KEY_SECTIONS};
pub use limiter::{Limiter, LimiterStorage};
pub use limiter_setup::{
    LimiterMode, LimiterParams, LimiterRelease, LimiterSetup, MAX_LOOKAHEAD_MS, MIN_LOOKAHEAD_MS,
};
pub use link::LinkGroups;
pub use makeup::MakeUp;
pub use reduction::ReductionStats;
pub use side_chain::MAX_DYNAMICS_LOOKAHEAD_MS;
