//! The first layer of a mix: how loud every element is.

mod align;
mod align_coarse;
mod align_drift;
mod align_fine;
mod align_plan;
mod dc_blocker;
mod dither;
mod fader;

pub use align::{
    AlignSetup, Aligner, Alignment, Correction, MAX_ALIGN_OFFSET_MS, MIN_ALIGN_S, Polarity,
    PolarityDoubt, Recording,
};
pub use dc_blocker::{DcBlocker, DcBlockerParams};
pub use dither::{
    AUTO_BLANK_MS, Dither, DitherKind, DitherSetup, MAX_DITHER_BITS, MIN_DITHER_BITS,
};
pub use fader::{FADER_FLOOR_DB, Fader, FaderParams, FaderSetup};
