//! What a file is made of, apart from its loudness: level statistics and technical faults, the
//! relation of two channels, bands.
//!
//! [`Correlation`] tells how two channels go together, over the whole spectrum and in every third
//! octave. [`ThirdOctave`] names the bands, [`ThirdOctaveBank`] filters them.

mod correlation;
mod pair;
mod sliding;
mod third_octave;

pub use correlation::{Correlation, CorrelationReadings, CorrelationSetup};
pub use pair::{ChannelPair, PairReadings};
pub use third_octave::{THIRD_OCTAVES, ThirdOctave, ThirdOctaveBank, ThirdOctaveState};
