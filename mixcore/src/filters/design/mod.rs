//! Designs as pure numbers: from what a filter shall do to its coefficients, with sources.

mod windowed_sinc;

pub use windowed_sinc::{WindowedSinc, fir_gain_at, kaiser_beta, kaiser_order};
