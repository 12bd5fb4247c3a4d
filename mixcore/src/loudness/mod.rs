//! Loudness and true peak as the standards define them, and nothing that judges them.
//!
//! [`Meter`] takes a programme in blocks of any size. Its one intermediate result is the list of
//! weighted energies per 10 ms ([`SubBlocks`]); integrated loudness, loudness range and every other
//! reading is a pure function of that list, of the whole of it or of a part (a reel, a phrase).
//! [`TruePeakMeter`] finds the peaks between the samples. [`StemActivity`] finds the phrases of a
//! dialogue stem, over which dialogue loudness and separation are read.
//!
//! The figures of single trades stand beside them: peak to loudness ([`PeakToShortTerm`]), ReplayGain
//! and albums ([`Album`]), cinema and sound level meters ([`LeqMeter`]), audiobooks ([`RmsMeter`]), and
//! clips too short for a gate ([`ShortClip`]).

mod a_weighting;
mod album;
mod audiobook;
mod calibration;
mod dialogue;
mod gating;
mod interpolator;
mod k_weighting;
mod leq;
mod m_weighting;
mod meter;
mod peak_to_loudness;
mod power;
mod range;
mod rms_convention;
mod short_clip;
mod sub_block_filter;
mod sub_block_rows;
mod true_peak;
mod weighting;
mod weighting_fit;

pub use album::{Album, REPLAY_GAIN_REFERENCE_LUFS, ReplayGain};
pub use audiobook::{RmsMeter, RmsReadings};
pub use calibration::Calibration;
pub use dialogue::{Activity, DialogueReadings, Phrase, StemActivity, separation};
pub use gating::{
    Edition, Gates, MOMENTARY_SUB_BLOCKS, SHORT_TERM_SUB_BLOCKS, SUB_BLOCKS_PER_S, SubBlocks,
    sub_block_start,
};
pub use interpolator::TruePeakMethod;
pub use k_weighting::KWeighting;
pub use leq::{LeqMeter, LeqReadings, LeqSetup};
pub use meter::{LoudnessReadings, Meter, MeterSetup, MeterStorage};
pub use peak_to_loudness::{PeakToShortTerm, PsrReadings};
pub use power::{channel_weight, position_weight};
pub use range::{LoudnessRange, RangeGrid};
pub use rms_convention::RmsConvention;
pub use short_clip::{ShortClip, ShortClipMeasure};
pub use true_peak::{PeakReadings, TruePeakMeter};
pub use weighting::{Weighting, WeightingFilter};
