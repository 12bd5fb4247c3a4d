//! The second layer of a mix: peaks controlled, passages evened out, the performance kept.

mod ballistics;
mod band_split;
mod banks;
mod clip_shape;
mod compressor;
mod compressor_gains;
mod compressor_params;
mod curve;
mod deesser;
mod deesser_gains;
mod deesser_params;
mod detector;
mod dynamic_eq;
mod dynamic_eq_gains;
mod dynamic_eq_params;
mod gate;
mod gate_params;
mod key_filter;
mod key_intake;
mod limiter;
mod link;
mod lookahead;
mod makeup;
mod moving_band;
mod multiband;
mod multiband_limiter;
mod multiband_limiter_params;
mod multiband_params;
mod peak_detector;
mod reduction;
mod side_chain;
mod soft_clip;
mod soft_clip_params;
mod stages;
mod transient;
mod transient_params;
mod travel;

pub use ballistics::{Release, Smoothing};
pub use clip_shape::ClipShape;
pub use compressor::{Compressor, CompressorStorage};
pub use compressor_params::{CompressorParams, CompressorSetup};
pub use deesser::{DeEsser, DeEsserStorage};
pub use deesser_params::{DeEsserMode, DeEsserParams, DeEsserSetup};
pub use detector::{Detector, MAX_WINDOW_MS, MIN_WINDOW_MS};
pub use dynamic_eq::{DynamicEq, DynamicEqStorage};
pub use dynamic_eq_params::{
    DynamicEqBand, DynamicEqBandSetup, DynamicEqParams, DynamicEqSetup, MAX_DYNAMIC_BANDS, Trigger,
};
pub use gate::{Gate, GateStorage};
pub use gate_params::{GateParams, GateSetup};
pub use key_filter::{KeyFilter, MAX_KEY_SECTIONS};
pub use limiter::{
    Limiter, LimiterParams, LimiterSetup, LimiterStorage, Link, MAX_LOOKAHEAD_MS, MIN_LOOKAHEAD_MS,
};
pub use link::LinkGroups;
pub use makeup::MakeUp;
pub use moving_band::MovingShape;
pub use multiband::{Multiband, MultibandMemory, MultibandSlot, MultibandStorage};
pub use multiband_limiter::{
    MultibandLimiter, MultibandLimiterMemory, MultibandLimiterSlot, MultibandLimiterStorage,
};
pub use multiband_limiter_params::{
    MultibandLimiterBand, MultibandLimiterParams, MultibandLimiterSetup,
};
pub use multiband_params::{MultibandBand, MultibandParams, MultibandSetup};
pub use reduction::ReductionStats;
pub use side_chain::MAX_DYNAMICS_LOOKAHEAD_MS;
pub use soft_clip::{SoftClipper, SoftClipperStorage};
pub use soft_clip_params::{SoftClipperParams, SoftClipperSetup};
pub use transient::{TransientShaper, TransientShaperStorage};
pub use transient_params::{TransientShaperParams, TransientShaperSetup};
