//! The third layer of a mix: where every sound stands, and what is left of it in a fold-down.

mod allocentric;
mod allocentric_extent;
mod dbap;
mod decorrelate;
mod direct_speakers;
mod downmix;
mod extent;
mod fold_down;
mod gains;
mod geometry;
mod haas;
mod mono_maker;
mod object;
mod object_mixer;
mod pan;
mod pan_law;
mod point_source;
mod regions;
mod room;
mod screen;
mod stereo;
mod vbap;
mod zones;

pub use allocentric::Allocentric;
pub use dbap::{Dbap, DbapParams, Placed};
pub use decorrelate::{
    DECORRELATION_DELAY, DECORRELATION_TAPS, decorrelation_filter, decorrelation_taps,
};
pub use direct_speakers::{Bounded, DirectSpeaker, DirectSpeakerPlace, DirectSpeakers};
pub use downmix::{DownmixMatrix, downmix_matrix};
pub use extent::{Divergence, Extent, PolarExtent};
pub use fold_down::FoldDown;
pub use gains::{MAX_RIG, PanGains, RigGains};
pub use haas::{Haas, HaasParams, HaasSetup, MonoComb, PairSide};
pub use mono_maker::{MonoMaker, MonoMakerParams, MonoMakerSetup};
pub use object::{ChannelLock, MAX_ZONES, ObjectGains, ObjectMetadata, ObjectPanner, ObjectPlace};
pub use object_mixer::{
    MAX_PENDING, ObjectMixer, ObjectMixerMemory, ObjectMixerSetup, ObjectMixerStorage, ObjectTrack,
    TimedGains,
};
pub use pan::{Panner, PannerParams, pan_gains};
pub use pan_law::{PanForm, PanLaw, StereoPan};
pub use point_source::{Direction, PointSource};
pub use screen::{HorizontalEdge, Screen, ScreenEdgeLock, VerticalEdge};
pub use stereo::{
    MidSide, MidSideDirection, Pair, Width, WidthKept, WidthParams, WidthSetup, width_gains,
};
pub use vbap::{Vbap, VbapParams, VbapShape};
pub use zones::Zone;
