//! Filters that the floors above stand on: delay, resampling and equalisation.

mod biquad;

pub use biquad::Biquad;
