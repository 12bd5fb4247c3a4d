//! Loudness and true peak as the standards define them, and nothing that judges them.
//!
//! [`Meter`] takes a programme in blocks of any size. Its one intermediate result is the list of
//! weighted energies per 10 ms ([`SubBlocks`]); integrated loudness, loudness range and every other
//! reading is a pure function of that list, of the whole of it or of a part (a reel, a phrase).
//! [`TruePeakMeter`] finds the peaks between the samples. [`StemActivity`] finds the phrases of a
//! dialogue stem, over which dialogue loudness and separation are read.

mod dialogue;
mod gating;
mod interpolator;
mod k_weighting;
mod meter;
mod power;
mod range;
mod recent;
mod sub_block_filter;
mod true_peak;

pub use dialogue::{Activity, DialogueReadings, Phrase, StemActivity, separation};
pub use gating::{
    Edition, Gates, MOMENTARY_SUB_BLOCKS, SHORT_TERM_SUB_BLOCKS, SUB_BLOCKS_PER_S, SubBlocks,
    sub_block_start,
};
pub use interpolator::TruePeakMethod;
pub use k_weighting::KWeighting;
pub use meter::{LoudnessReadings, Meter, MeterSetup, MeterStorage};
pub use power::{channel_weight, position_weight};
pub use range::{LoudnessRange, RangeGrid};
pub use true_peak::{PeakReadings, TruePeakMeter};
