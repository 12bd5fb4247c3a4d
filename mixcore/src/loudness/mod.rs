//! Loudness and true peak as the standards define them, and nothing that judges them.
//!
//! [`Meter`] takes a programme in blocks of any size. Its one intermediate result is the list of
//! weighted energies per 10 ms ([`SubBlocks`]); integrated loudness, loudness range and every other
//! reading is a pure function of that list, of the whole of it or of a part (a reel, a phrase).
//! [`LiveMeter`] reads the same of a programme without an end, in memory of a fixed size;
//! [`LoudnessHistory`] keeps what either read every 100 ms, and [`ProgrammeWindow`] keeps tone, clock
//! and tails out of them.
//! [`TruePeakMeter`] finds the peaks between the samples, an [`ExcursionLog`] in it every place over a
//! limit. A [`SpeechActivity`] (that of a dialogue
//! stem, or what the caller knows) says where there is dialogue, over which its loudness, its range
//! and its distance to the background are read.
//!
//! The figures of single trades stand beside them: peak to loudness ([`PeakToShortTerm`]), ReplayGain
//! and albums ([`Album`]), cinema and sound level meters ([`LeqMeter`]), audiobooks ([`RmsMeter`]), and
//! clips too short for a gate ([`ShortClip`]).

mod a_weighting;
mod album;
mod audiobook;
mod calibration;
mod dialogue;
mod excursions;
mod gating;
mod histogram;
mod history;
mod interpolator;
mod k_weighting;
mod least_squares;
mod leq;
mod live;
mod live_loudness;
mod m_weighting;
mod meter;
mod meter_setup;
mod peak_scan;
mod peak_to_loudness;
mod pieces;
mod power;
mod programme_window;
mod range;
mod readings;
mod recent;
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
pub use dialogue::{
    Activity, DETECTOR_STATEMENT, Detector, DialogueDefinition, DialogueRange, DialogueReadings,
    DialogueSetup, DialogueShare, LICENSED_STATEMENT, NarrowRange, NarrowSections, Phrase,
    ProbabilitySetup, Region, SeparationPoint, SeparationWindow, SpeechActivity, SpeechLevel,
    SpeechLevelMeter, SpeechOverBackground, SpeechRegions, StemActivity, WideRange, dialogue,
    dialogue_range, narrow_range, phrases, separation, separation_curve, speech_over_background,
    speech_runs, wide_range,
};
pub use excursions::{ExcursionLog, ExcursionSetup, JointExcursions, PeakExcursion};
pub use gating::{
    Edition, Gates, MOMENTARY_SUB_BLOCKS, SHORT_TERM_SUB_BLOCKS, SUB_BLOCKS_PER_S, SubBlocks,
    sub_block_start,
};
pub use histogram::{BinWidth, Bounds};
pub use history::{HistoryRow, Levels, LoudnessHistory};
pub use interpolator::TruePeakMethod;
pub use k_weighting::KWeighting;
pub use leq::{LeqMeter, LeqReadings, LeqSetup};
pub use live::{LiveMeter, LiveMeterSetup};
pub use live_loudness::LiveLoudness;
pub use meter::Meter;
pub use meter_setup::{MeterSetup, MeterStorage};
pub use peak_to_loudness::{PeakToShortTerm, PsrReadings};
pub use pieces::{Piece, PiecePlan};
pub use power::{channel_weight, position_weight};
pub use programme_window::ProgrammeWindow;
pub use range::{LoudnessRange, RangeGrid};
pub use readings::LoudnessReadings;
pub use rms_convention::RmsConvention;
pub use short_clip::{ShortClip, ShortClipMeasure};
pub(crate) use sub_block_rows::longest_sub_block;
pub use true_peak::{PeakReadings, TruePeakMeter};
pub use weighting::{Weighting, WeightingFilter};
