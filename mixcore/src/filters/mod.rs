//! Filters: designs and what runs them, the equaliser, crossovers, convolution, delays, the dry
//! path, rate conversion and the real Fourier transform.

mod biquad;
mod cascade;
mod convolver;
mod crossing;
mod crossover;
mod delay;
mod delay_line;
mod delay_time;
pub mod design;
mod dry_path;
mod eq;
mod fft;
mod fir;
mod fractional_delay;
mod oversampler;
mod partitions;
mod phase_rate;
mod pipes;
mod rate_plan;
mod resampler;
mod spectral_rate;
mod svf;

pub use biquad::Biquad;
pub use cascade::Cascade;
pub use convolver::{
    Convolver, ConvolverLatency, ConvolverParams, ConvolverSetup, ConvolverStorage,
    MAX_HEAD_FRAMES, MAX_PARTITION_FRAMES, MAX_RESPONSE_S, MIN_PARTITION_FRAMES,
};
pub use crossover::{
    Crossover, CrossoverParams, CrossoverSetup, MAX_CROSSOVER_BANDS, MIN_CROSSOVER_BANDS,
};
pub use delay::Delay;
pub(crate) use delay_line::DelayLine;
pub use delay_time::{DelayTime, speed_of_sound_m_s};
pub use dry_path::{DRY_PATH_FRAMES, DryPath, DryPathStorage};
pub use eq::{Eq, EqBand, EqParams, EqSetup, MAX_EQ_BANDS};
pub use fft::RealFft;
pub use fir::{Fir, FirSetup, MAX_TAPS};
pub use fractional_delay::{
    FractionalDelay, FractionalDelayParams, FractionalDelaySetup, MAX_FRACTIONAL_DELAY_MS,
};
pub use oversampler::{Oversampler, OversamplerSetup};
pub use rate_plan::{MAX_RATIO_TERM, Quality, ResamplerMethod, ResamplerSetup};
pub use resampler::{F32_FFT_NOISE_DB, F32_NOISE_DB, Resampler};
pub use svf::{Svf, SvfParams, SvfSetup};
