//! The third layer of a mix: where every sound stands, and what is left of it in a fold-down.

mod bass_manager;
#[cfg(feature = "alloc")]
mod cancellation;
mod conversion;
mod downmix;
mod drc_modes;
#[cfg(feature = "alloc")]
mod fold_check;
mod fold_down;
#[cfg(feature = "alloc")]
mod fold_fix;
#[cfg(feature = "alloc")]
mod fold_report;
#[cfg(feature = "alloc")]
mod fold_target;
mod iamf;
mod lfe_send;
mod lo_ro;
mod lt_rt;
mod near_field;
mod pan;
mod quadrature;
mod scaling;
#[cfg(feature = "alloc")]
mod translation;

pub use bass_manager::{
    BassManager, BassManagerParams, BassManagerSetup, BassManagerStorage, LFE_REPLAY_GAIN_DB,
    lfe_replay_matrix,
};
pub use conversion::conversion_matrix;
pub use downmix::{DownmixMatrix, downmix_matrix};
pub use drc_modes::{DrcCurve, DrcProfile, LINE_MODE_DIALOGUE_DBFS, RF_MODE_DIALOGUE_DBFS};
#[cfg(feature = "alloc")]
pub use fold_check::check_fold_downs;
pub use fold_down::FoldDown;
#[cfg(feature = "alloc")]
pub use fold_fix::{CancelCause, FoldFix};
#[cfg(feature = "alloc")]
pub use fold_report::{
    Cancellation, CheckedStem, FixHarm, FixScope, FoldCheckSetup, FoldOver, FoldReport,
    FoldVerdict, TargetReport, TriedFix,
};
#[cfg(feature = "alloc")]
pub use fold_target::{FoldPath, FoldTarget};
pub use iamf::{IAMF_HEIGHT_WEIGHTS, IamfMode, iamf_matrix};
pub use lfe_send::{LfeSend, LfeSendParams};
pub use lo_ro::{CentreMix, SurroundMix, lo_ro_matrix};
pub use lt_rt::{LtRt, LtRtSetup, LtRtStorage};
pub use near_field::theatrical_to_near_field;
pub use pan::{PanGains, Panner, PannerParams, pan_gains};
pub use scaling::{LfePolicy, Scaling};
#[cfg(feature = "alloc")]
pub use translation::{TranslatedStem, Translation, TranslationReport, check_translations};
