//! What a recording or a mix consists of and what hides what: readings that explain, and nothing that
//! judges.
//!
//! [`LevelStats`] finds clipping, flat tops, silence, dropouts and stuck samples and says where they
//! are. [`Correlation`] tells how two channels go together, over the whole spectrum and in every third
//! octave, [`ChannelDelay`] how far one lags behind the other; [`Goniometer`] gives the picture of
//! both. [`LongTermSpectrum`] is the average spectrum of a recording. [`ErbBands`] cuts a spectrum as
//! the ear does, [`ThirdOctave`] names the standard's bands and [`ThirdOctaveBank`] filters them.
//! [`Masking`] says, band by band and every 10 ms, how far each stem of a mix stands above the level
//! at which another one hides it. [`MatchSpectrum`] reads a voice without its pauses and [`EqMatch`]
//! makes one recording's tone and level those of another. [`DynamicsKept`] tells what processing has
//! left of a performance's dynamics.

mod bands;
mod channel_delay;
mod correlation;
mod delay_curve;
mod dynamics_kept;
mod frames;
mod goniometer;
mod level_contour;
mod level_events;
mod level_scan;
mod level_stats;
mod masked_places;
mod masked_shares;
mod masking;
mod masking_model;
mod match_curve;
mod match_eq;
mod match_fir;
mod match_spectrum;
mod modulation;
mod pair;
mod sliding;
mod spectrum;
mod third_octave;
mod voice_spectrum;

pub use bands::{Band, ERB_BANDS, ErbBands, erb_hz, erb_rate, erb_rate_to_hz};
pub use channel_delay::{ChannelDelay, DelaySetup};
pub use correlation::{Correlation, CorrelationReadings, CorrelationSetup};
pub use delay_curve::{DelayReadings, DelayVerdict};
pub use dynamics_kept::{Compared, DynamicsKept, DynamicsReadings, DynamicsSetup, DynamicsStorage};
pub use goniometer::{Goniometer, GoniometerSetup, GoniometerStorage, ImageReadings, StereoImage};
pub use level_contour::ContourReadings;
pub use level_events::{EventCount, LevelEvent, LevelEventKind};
pub use level_stats::{LevelReadings, LevelSetup, LevelStats, LevelStorage};
pub use masked_places::MaskedPlace;
pub use masked_shares::MaskedShare;
pub use masking::{Masking, MaskingSetup, MaskingStorage};
pub use masking_model::{Masker, MaskerKind, MaskingFrame, bark, quiet_threshold_db_spl};
pub use match_curve::{BandMatch, BandVerdict, EqMatch, MatchSetup};
pub use match_eq::{MAX_MATCH_BANDS, MatchEq};
pub use match_fir::{FirPhase, taps_response_db};
pub use match_spectrum::{MatchSpectrum, MatchSpectrumSetup};
pub use modulation::{MODULATION_OCTAVES, MODULATION_OCTAVES_HZ};
pub use pair::{ChannelPair, PairReadings};
pub use spectrum::{LongTermSpectrum, SpectrumSetup, SpectrumStorage};
pub use third_octave::{THIRD_OCTAVES, ThirdOctave, ThirdOctaveBank, ThirdOctaveState};
pub use voice_spectrum::VoiceSpectrum;
