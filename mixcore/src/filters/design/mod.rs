//! Filter designs: pure functions from frequencies to the coefficients of second-order sections, in
//! f64, each with its source.

mod butterworth;
mod linkwitz_riley;
mod sections;

pub(crate) use butterworth::MAX_SHARE;
pub use butterworth::{MAX_ORDER, Pass, butterworth};
pub use linkwitz_riley::{CrossoverSlope, LinkwitzRiley, linkwitz_riley};
pub use sections::{MAX_SECTIONS, Sections};
