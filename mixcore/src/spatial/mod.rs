//! The third layer of a mix: where every sound stands, and what is left of it in a fold-down.

mod allocentric;
mod allocentric_extent;
mod bass_manager;
#[cfg(feature = "alloc")]
mod cancellation;
#[cfg(feature = "alloc")]
mod cancellation_map;
#[cfg(feature = "alloc")]
mod cancellation_spectra;
mod cells;
mod conversion;
mod dbap;
mod decorrelate;
mod dialogue_anchor;
mod direct_speakers;
mod downmix;
mod drc_modes;
mod extent;
#[cfg(feature = "alloc")]
mod fold_check;
mod fold_down;
#[cfg(feature = "alloc")]
mod fold_fix;
#[cfg(feature = "alloc")]
mod fold_report;
#[cfg(feature = "alloc")]
mod fold_target;
mod gains;
mod geometry;
mod haas;
mod iamf;
mod lfe_send;
mod lo_ro;
mod lt_rt;
mod misplaced;
mod mono_maker;
mod near_field;
mod object;
mod object_mixer;
mod pan;
mod pan_engine;
mod pan_law;
mod panner;
mod panner_motion;
mod panner_scene;
mod point_source;
mod quadrature;
mod real_layout;
mod regions;
mod room;
mod scaling;
mod screen;
mod stereo;
#[cfg(feature = "alloc")]
mod translation;
mod vbap;
mod zones;

pub use allocentric::Allocentric;
pub use bass_manager::{
    BassManager, BassManagerParams, BassManagerSetup, BassManagerStorage, LFE_REPLAY_GAIN_DB,
    lfe_replay_matrix,
};
#[cfg(feature = "alloc")]
pub use cancellation_map::{CancellationMap, cancellation_map};
pub use conversion::conversion_matrix;
pub use dbap::{Dbap, DbapParams, Placed};
pub use decorrelate::{
    DECORRELATION_DELAY, DECORRELATION_TAPS, decorrelation_filter, decorrelation_taps,
};
pub use dialogue_anchor::{DialogueAnchor, DialogueWarnings};
pub use direct_speakers::{Bounded, DirectSpeaker, DirectSpeakerPlace, DirectSpeakers};
pub use downmix::{DownmixMatrix, downmix_matrix};
pub use drc_modes::{DrcCurve, DrcProfile, LINE_MODE_DIALOGUE_DBFS, RF_MODE_DIALOGUE_DBFS};
pub use extent::{Divergence, Extent, PolarExtent};
#[cfg(feature = "alloc")]
pub use fold_check::check_fold_downs;
pub use fold_down::FoldDown;
#[cfg(feature = "alloc")]
pub use fold_fix::{CancelCause, FoldFix};
#[cfg(feature = "alloc")]
pub use fold_report::{
    Cancellation, CheckedStem, FixHarm, FixScope, FixedTarget, FoldCheckSetup, FoldOver,
    FoldReport, FoldVerdict, StemLevels, TargetReport, TriedFix,
};
#[cfg(feature = "alloc")]
pub use fold_target::{FoldPath, FoldTarget};
pub use gains::{MAX_RIG, PanGains, RigGains};
pub use haas::{Haas, HaasParams, HaasSetup, MonoComb, PairSide};
pub use iamf::{IAMF_HEIGHT_WEIGHTS, IamfMode, iamf_matrix};
pub use lfe_send::{LfeSend, LfeSendParams};
pub use lo_ro::{CentreMix, SurroundMix, lo_ro_matrix};
pub use lt_rt::{LtRt, LtRtSetup, LtRtStorage};
pub use mono_maker::{MonoMaker, MonoMakerParams, MonoMakerSetup};
pub use near_field::theatrical_to_near_field;
pub use object::{ChannelLock, MAX_ZONES, ObjectGains, ObjectMetadata, ObjectPanner, ObjectPlace};
pub use object_mixer::{
    MAX_PENDING, ObjectMixer, ObjectMixerMemory, ObjectMixerSetup, ObjectMixerStorage, ObjectTrack,
    TimedGains,
};
pub use pan::pan_gains;
pub use pan_engine::PanEngine;
pub use pan_law::{PanForm, PanLaw, StereoPan};
pub use panner::{PanPosition, Panner};
pub use panner_scene::{PanSource, PannerParams, PannerSetup};
pub use point_source::{Direction, PointSource};
pub use real_layout::{AllowedDirection, RealLayout};
pub use scaling::{LfePolicy, Scaling};
pub use screen::{HorizontalEdge, Screen, ScreenEdgeLock, VerticalEdge};
pub use stereo::{
    MidSide, MidSideDirection, Pair, Width, WidthKept, WidthParams, WidthSetup, width_gains,
};
#[cfg(feature = "alloc")]
pub use translation::{TranslatedStem, Translation, TranslationReport, check_translations};
pub use vbap::{Vbap, VbapParams, VbapShape};
pub use zones::Zone;
