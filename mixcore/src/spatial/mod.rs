//! The third layer of a mix: where every sound stands, and what is left of it in a fold-down.

mod bass_manager;
mod conversion;
mod downmix;
mod fold_down;
mod iamf;
mod lfe_send;
mod lo_ro;
mod lt_rt;
mod near_field;
mod pan;
mod quadrature;
mod scaling;

pub use bass_manager::{
    BassManager, BassManagerParams, BassManagerSetup, BassManagerStorage, LFE_REPLAY_GAIN_DB,
    lfe_replay_matrix,
};
pub use conversion::conversion_matrix;
pub use downmix::{DownmixMatrix, downmix_matrix};
pub use fold_down::FoldDown;
pub use iamf::{IAMF_HEIGHT_WEIGHTS, IamfMode, iamf_matrix};
pub use lfe_send::{LfeSend, LfeSendParams};
pub use lo_ro::{CentreMix, SurroundMix, lo_ro_matrix};
pub use lt_rt::{LtRt, LtRtSetup, LtRtStorage};
pub use near_field::theatrical_to_near_field;
pub use pan::{PanGains, Panner, PannerParams, pan_gains};
pub use scaling::{LfePolicy, Scaling};
