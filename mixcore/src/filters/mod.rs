//! Filters that the floors above stand on: second-order sections and their designs, crossovers, delay
//! lines and the real Fourier transform.

mod biquad;
mod crossing;
mod crossover;
mod delay;
pub mod design;
mod dry_path;
mod fft;
mod glide;

pub use biquad::Biquad;
pub use crossover::{Crossover, CrossoverParams, CrossoverSetup, MAX_BANDS, MIN_BANDS};
pub use delay::Delay;
pub use dry_path::{DRY_PATH_FRAMES, DryPath, DryPathStorage};
pub use fft::RealFft;
