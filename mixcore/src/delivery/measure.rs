//! Measures one version while it is rendered: programme, stems, phrases and fold-downs in one go.
//!
//! The measurer is fed blocks of the finished version together with its stems as they were
//! rendered. Afterwards [`Measurer::finish`] gives the [`Measurement`] that any number of
//! specifications is judged by.
//!
//! Sources: what each quantity names in its table row. Dialogue activity is that of the dialogue
//! stem ([`crate::loudness::StemActivity`]); it is not the licensed gate some platforms use, and the
//! measurement says so.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Header, History, Measurement, Of, PhraseReading, Quantity, Role, Stem};
use crate::audio::{Block, Buffer, Layout, Sample};
use crate::error::Error;
use crate::loudness::{
    Meter, MeterSetup, StemActivity, SubBlocks, TruePeakMeter, TruePeakMethod, dialogue_loudness,
};
use crate::spatial::{FoldDown, downmix_matrix};
use crate::stream::{Convert, Stream};
use crate::units::{Reading, Timecode};

/// What is measured, and what it is called.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureSetup {
    /// Name of the version or file.
    pub title: String,
    /// Timecode of its first frame.
    pub start: Timecode,
    /// A mono version is measured as it will be heard from two loudspeakers (+3.01 LU).
    pub dual_mono: bool,
    /// Roles whose stems will be pushed.
    pub roles: Vec<Role>,
    /// Frames that will be pushed, at most.
    pub frames: u64,
}
