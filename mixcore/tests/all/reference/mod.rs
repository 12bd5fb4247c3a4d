//! Literal, slow f64 forms of what the library does fast, written apart from it.

mod dialogue;
pub mod judge;
mod loudness;
mod trade;
