//! What a mix consists of and what hides what: readings that explain, and nothing that judges.
//!
//! [`LongTermSpectrum`] is the average spectrum of a recording. [`ErbBands`] cuts a spectrum as the
//! ear does. [`Masking`] says, band by band and every 10 ms, how far each stem of a mix stands above
//! the level at which another one hides it.

mod bands;
mod frames;
mod masked_places;
mod masked_shares;
mod masking;
mod masking_model;
mod spectrum;

pub use bands::{Band, ERB_BANDS, ErbBands, erb_hz, erb_rate, erb_rate_to_hz, third_octave_band};
pub use masked_places::MaskedPlace;
pub use masked_shares::MaskedShare;
pub use masking::{Masking, MaskingSetup, MaskingStorage};
pub use masking_model::{Masker, MaskerKind, MaskingFrame, bark, quiet_threshold_db_spl};
pub use spectrum::{LongTermSpectrum, SpectrumSetup, SpectrumStorage};
