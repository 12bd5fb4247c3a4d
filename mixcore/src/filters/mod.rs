//! Filters that the floors above stand on: delay, resampling and equalisation.

mod biquad;
mod delay;

pub use biquad::Biquad;
pub use delay::Delay;
