//! The first layer of a mix: how loud every element is.

mod align;
mod align_coarse;
mod align_drift;
mod align_fine;
mod align_plan;
mod automated_gain;
mod automation;
mod bus;
mod dc_blocker;
mod desk;
mod dither;
mod fader;
mod lane;
mod laws;
mod switch;
mod thin;

pub use align::{
    AlignSetup, Aligner, Alignment, Correction, MAX_ALIGN_OFFSET_MS, MIN_ALIGN_S, Polarity,
    PolarityDoubt, Recording,
};
pub use automated_gain::AutomatedGain;
pub use automation::{Automation, Breakpoint, MAX_AUTOMATION_FRAME, SegmentShape};
pub use bus::{BusInput, EdgeGain, MAX_EDGE_LANES, sum_bus};
pub use dc_blocker::{DcBlocker, DcBlockerParams};
pub use desk::{
    Desk, DeskSend, DeskStrip, DeskVca, Edge, Listen, MAX_BUSES, MAX_VCA_NESTING, Node, Resolved,
    Tap,
};
pub use dither::{
    AUTO_BLANK_MS, Dither, DitherKind, DitherSetup, MAX_DITHER_BITS, MIN_DITHER_BITS,
};
pub use fader::{
    FADER_FLOOR_DB, FADER_TOP_DB, Fader, FaderParams, FaderSetup, MAX_RAMP_MS, MIN_RAMP_MS,
};
pub use lane::{AutomationLane, FaderMove, WriteMode, WritePass};
pub use laws::{CONSOLE_TRAVEL_MM, FaderLaw};
