//! Literal, slow f64 forms of what the library does fast, written apart from it.

pub mod annex2;
pub mod judge;
mod loudness;
