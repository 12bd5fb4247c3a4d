//! What a file is made of, apart from its loudness: level statistics and technical faults, the
//! relation of two channels, bands.
//!
//! [`LevelStats`] finds clipping, flat tops, silence, dropouts and stuck samples and says where they
//! are. [`Correlation`] tells how two channels go together, over the whole spectrum and in every
//! third octave; [`ChannelDelay`] how far one lags behind the other; [`Goniometer`] gives the picture
//! of both. [`ThirdOctave`] names the bands, [`ThirdOctaveBank`] filters them.

mod third_octave;

pub use third_octave::{THIRD_OCTAVES, ThirdOctave, ThirdOctaveBank, ThirdOctaveState};
