//! Filters that the floors above stand on: delay, resampling and equalisation.

mod biquad;
mod delay;
mod fft;

pub use biquad::Biquad;
pub use delay::Delay;
pub use fft::RealFft;
