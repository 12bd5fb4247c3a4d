//! What a file is made of, apart from its loudness: level statistics and technical faults, the
//! relation of two channels, bands.
//!
//! [`LevelStats`] finds clipping, flat tops, silence, dropouts and stuck samples and says where they
//! are. [`Correlation`] tells how two channels go together, over the whole spectrum and in every third
//! octave, [`ChannelDelay`] how far one lags behind the other; [`Goniometer`]
//! gives the picture of both. [`ThirdOctave`] names the bands, [`ThirdOctaveBank`] filters them.

mod channel_delay;
mod correlation;
mod delay_curve;
mod goniometer;
mod level_events;
mod level_scan;
mod level_stats;
mod pair;
mod sliding;
mod third_octave;

pub use channel_delay::{ChannelDelay, DelaySetup};
pub use correlation::{Correlation, CorrelationReadings, CorrelationSetup};
pub use delay_curve::{DelayReadings, DelayVerdict};
pub use goniometer::{Goniometer, GoniometerSetup, GoniometerStorage, ImageReadings, StereoImage};
pub use level_events::{EventCount, LevelEvent, LevelEventKind};
pub use level_stats::{LevelReadings, LevelSetup, LevelStats, LevelStorage};
pub use pair::{ChannelPair, PairReadings};
pub use third_octave::{THIRD_OCTAVES, ThirdOctave, ThirdOctaveBank, ThirdOctaveState};
