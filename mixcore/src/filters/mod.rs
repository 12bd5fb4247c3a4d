//! Filters that the floors above stand on: delay, resampling and equalisation.

mod delay;

pub use delay::Delay;
