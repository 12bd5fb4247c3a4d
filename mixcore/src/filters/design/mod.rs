//! Filter designs: pure f64 functions from what a mixer sets to coefficients, each with its source.
//!
//! [`second_order`] makes every kind of equaliser band, [`first_order`] the gentle slopes. Each has
//! two methods: [`Method::Matched`], whose magnitude follows the analogue prototype up to the top
//! of the band, is the default everywhere; [`Method::Cookbook`], the bilinear transform of the
//! "Audio EQ Cookbook", is there for sessions that were mixed with it. [`prototype`] holds the
//! analogue responses themselves: the truth that both are measured against. [`butterworth`] makes
//! steeper low- and high-passes, [`linkwitz_riley`] the halves of a crossing whose sum is flat,
//! [`WindowedSinc`] the taps of linear-phase low-passes.

mod butterworth;
mod cookbook;
mod first_order;
mod least_max;
mod linkwitz_riley;
mod matched;
pub mod prototype;
mod second_order;
mod sections;
mod windowed_sinc;

pub(crate) use butterworth::MAX_SHARE;
pub use butterworth::{MAX_ORDER, Pass, butterworth};
pub use first_order::{FirstOrder, first_order};
pub use linkwitz_riley::{CrossoverSlope, LinkwitzRiley, linkwitz_riley};
pub use second_order::{
    MAX_GAIN_DB, MAX_OCTAVES, MAX_Q, MIN_OCTAVES, MIN_Q, MIN_SLOPE, Method, Shape, Width,
    second_order,
};
pub use sections::{MAX_SECTIONS, Sections};
pub use windowed_sinc::{WindowedSinc, fir_gain_at, kaiser_beta, kaiser_order};
