//! Filter designs: pure f64 functions from what a mixer sets to the coefficients of a biquad.
//!
//! [`second_order`] makes every kind of equaliser band, [`first_order`] the gentle slopes. Each has
//! two methods: [`Method::Matched`], whose magnitude follows the analogue prototype up to the top
//! of the band, is the default everywhere; [`Method::Cookbook`], the bilinear transform of the
//! "Audio EQ Cookbook", is there for sessions that were mixed with it. [`prototype`] holds the
//! analogue responses themselves: the truth that both are measured against.

mod cookbook;
mod first_order;
mod matched;
pub mod prototype;
mod second_order;

pub use first_order::{FirstOrder, first_order};
pub use second_order::{
    MAX_GAIN_DB, MAX_OCTAVES, MAX_Q, MIN_OCTAVES, MIN_Q, MIN_SLOPE, Method, Shape, Width,
    second_order,
};
