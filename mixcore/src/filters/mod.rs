//! Filters that the floors above stand on: second-order sections, delay lines and the real Fourier
//! transform.

mod biquad;
mod delay;
pub mod design;
mod fft;

pub use biquad::Biquad;
pub use delay::Delay;
pub use fft::RealFft;
