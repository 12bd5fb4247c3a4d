//! The third layer of a mix: where every sound stands, and what is left of it in a fold-down.

mod downmix;
mod fold_down;
mod pan;

pub use downmix::{DownmixMatrix, downmix_matrix};
pub use fold_down::FoldDown;
pub use pan::{PanGains, Panner, PannerParams, pan_gains};
