//! The second layer of a mix: peaks controlled, passages evened out, the performance kept.

mod audibility;
mod automixer;
mod ballistics;
mod band_core;
mod band_follower;
mod band_gain;
mod band_split;
mod band_trade;
mod band_unit;
mod banks;
mod bass;
mod cells;
mod click_tamer;
mod click_tamer_params;
mod click_watch;
mod clip_limiter;
mod clip_rows;
mod clip_shape;
mod compressor;
mod compressor_gains;
mod compressor_params;
mod curve;
mod curve_points;
mod deesser;
mod deesser_gains;
mod deesser_params;
mod deesser_split;
mod detector;
mod duck_outcome;
mod duck_plan;
mod ducker;
mod ducker_gain;
mod ducker_params;
mod ducker_setup;
mod ducker_state;
mod dynamic_eq;
mod dynamic_eq_gains;
mod dynamic_eq_params;
mod gain_log;
mod gain_reduction;
mod gain_trace;
mod gate;
mod gate_params;
mod hum_comb;
mod hum_comb_params;
mod hum_models;
mod key_filter;
mod key_intake;
mod key_path;
mod leveller;
mod leveller_outcome;
mod leveller_plan;
mod leveller_ride;
mod limiter;
mod limiter_setup;
mod line;
mod link;
mod lookahead;
mod low_mid_cut;
mod makeup;
mod masking_ducker;
mod moving_band;
mod multiband;
mod multiband_limiter;
mod multiband_limiter_params;
mod multiband_params;
mod noise_floor;
mod owner;
mod pair_window;
mod peak_detector;
mod plan;
mod plosive_params;
mod plosive_tamer;
mod reduction;
mod side_chain;
mod soft_clip;
mod soft_clip_params;
mod soft_clip_step;
mod speech_watch;
mod stages;
mod suppressor;
mod suppressor_bands;
mod suppressor_params;
mod taken;
mod tamed;
mod tool;
mod transient;
mod transient_params;
mod travel;
mod unit;
mod voice_mean;

pub use automixer::{Automixer, AutomixerParams, AutomixerSetup, MAX_AUTOMIXER_GROUPS};
pub use ballistics::{Release, Smoothing};
pub use band_follower::BandDuckReport;
pub use band_unit::{BandDuckerSetup, BandDuckerStorage};
pub use cells::DialogueStorage;
pub use click_tamer::ClickTamer;
pub use click_tamer_params::{ClickTamerParams, ClickTamerSetup};
pub use clip_limiter::{ClipLimiter, ClipReport, MAX_PASSES};
pub use clip_shape::ClipShape;
pub use compressor::{Compressor, CompressorStorage};
pub use compressor_params::{CompressorParams, CompressorSetup};
pub use deesser::{DeEsser, DeEsserStorage};
pub use deesser_params::{DeEsserMode, DeEsserParams, DeEsserSetup};
pub use detector::{Detector, MAX_WINDOW_MS, MIN_WINDOW_MS};
pub use duck_outcome::{DuckOutcome, DuckReport, DuckedPhrase};
pub use duck_plan::DuckPlan;
pub use ducker::Ducker;
pub use ducker_params::DuckerParams;
pub use ducker_setup::{
    DuckedAreas, DuckerSetup, DuckerStorage, MAX_DUCKER_LOOKAHEAD_MS, MAX_DUCKER_PHRASES,
    MIN_DUCKER_LOOKAHEAD_MS,
};
pub use dynamic_eq::{DynamicEq, DynamicEqStorage};
pub use dynamic_eq_params::{
    DynamicEqBand, DynamicEqBandSetup, DynamicEqParams, DynamicEqSetup, MAX_DYNAMIC_BANDS, Trigger,
};
pub use gain_reduction::GainReduction;
pub use gate::{Gate, GateStorage};
pub use gate_params::{GateParams, GateSetup};
pub use hum_comb::HumComb;
pub use hum_comb_params::{HumCombParams, HumCombSetup, MAX_HUM_HARMONICS};
pub use key_filter::{KeyFilter, MAX_KEY_SECTIONS};
pub use leveller::{
    Leveller, LevellerParams, LevellerReport, LevellerSetup, MAX_LEVELLER_LOOKAHEAD_MS,
    MIN_LEVELLER_LOOKAHEAD_MS,
};
pub use leveller_outcome::{LevelOutcome, LevelledPhrase};
pub use leveller_plan::{LevellerPlan, LevellerPlanStorage};
pub use limiter::{Limiter, LimiterStorage};
pub use limiter_setup::{
    LimiterMode, LimiterParams, LimiterRelease, LimiterSetup, MAX_LOOKAHEAD_MS, MIN_LOOKAHEAD_MS,
};
pub use link::LinkGroups;
pub use low_mid_cut::{LowMidCut, LowMidCutParams, LowMidReport};
pub use makeup::MakeUp;
pub use masking_ducker::{MaskingDucker, MaskingDuckerParams};
pub use moving_band::MovingShape;
pub use multiband::{Multiband, MultibandMemory, MultibandSlot, MultibandStorage};
pub use multiband_limiter::{
    MultibandLimiter, MultibandLimiterMemory, MultibandLimiterSlot, MultibandLimiterStorage,
};
pub use multiband_limiter_params::{
    MultibandLimiterBand, MultibandLimiterParams, MultibandLimiterSetup,
};
pub use multiband_params::{MultibandBand, MultibandParams, MultibandSetup};
pub use noise_floor::NoiseLearning;
pub use plosive_params::{PlosiveTamerParams, PlosiveTamerSetup};
pub use plosive_tamer::PlosiveTamer;
pub use reduction::ReductionStats;
pub use side_chain::MAX_DYNAMICS_LOOKAHEAD_MS;
pub use soft_clip::{SoftClipper, SoftClipperStorage};
pub use soft_clip_params::{SoftClipperParams, SoftClipperSetup};
pub use suppressor::Suppressor;
pub use suppressor_params::{SuppressorParams, SuppressorReport, SuppressorSetup};
pub use tamed::{TamedPlace, TamerReport};
pub use transient::{TransientShaper, TransientShaperStorage};
pub use transient_params::{TransientShaperParams, TransientShaperSetup};
