//! Filters that the floors above stand on: second-order sections, delay lines and the real Fourier
//! transform.

mod biquad;
mod delay;
pub mod design;
mod fft;
mod fir;
mod oversampler;
mod rate_plan;
mod resampler;

pub use biquad::Biquad;
pub use delay::Delay;
pub use fft::RealFft;
pub use fir::{Fir, FirSetup, MAX_TAPS};
pub use oversampler::{Oversampler, OversamplerSetup};
pub use rate_plan::{MAX_RATIO_TERM, Quality, ResamplerSetup};
pub use resampler::{F32_NOISE_DB, Resampler};
