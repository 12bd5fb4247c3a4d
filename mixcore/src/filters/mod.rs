//! Filters: designs and what runs them, the equaliser, delay lines and the real Fourier transform.

mod biquad;
mod cascade;
mod delay;
pub mod design;
mod eq;
mod fft;
mod pipes;
mod svf;

pub use biquad::Biquad;
pub use cascade::Cascade;
pub use delay::Delay;
pub use eq::{Eq, EqBand, EqParams, EqSetup, MAX_BANDS};
pub use fft::RealFft;
pub use svf::{Svf, SvfParams, SvfSetup};
