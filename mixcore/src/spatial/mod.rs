//! The third layer of a mix: where every sound stands, and what is left of it in a fold-down.

mod allocentric;
mod allocentric_extent;
mod dbap;
mod downmix;
mod extent;
mod fold_down;
mod gains;
mod geometry;
mod haas;
mod mono_maker;
mod pan;
mod pan_law;
mod point_source;
mod regions;
mod stereo;
mod vbap;

pub use allocentric::Allocentric;
pub use dbap::{Dbap, DbapParams, Placed};
pub use downmix::{DownmixMatrix, downmix_matrix};
pub use extent::{Divergence, Extent, PolarExtent};
pub use fold_down::FoldDown;
pub use gains::{MAX_RIG, PanGains, RigGains};
pub use haas::{Haas, HaasParams, HaasSetup, MonoComb, PairSide};
pub use mono_maker::{MonoMaker, MonoMakerParams, MonoMakerSetup};
pub use pan::{Panner, PannerParams, pan_gains};
pub use pan_law::{PanForm, PanLaw, StereoPan};
pub use point_source::{Direction, PointSource};
pub use stereo::{
    MidSide, MidSideDirection, Pair, Width, WidthKept, WidthParams, WidthSetup, width_gains,
};
pub use vbap::{Vbap, VbapParams, VbapShape};
