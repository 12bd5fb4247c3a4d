//! Literal, slow f64 forms of what the library does fast, written apart from it.

pub mod annex2;
mod dialogue;
pub mod fir;
pub mod judge;
mod loudness;
pub mod printed;
#[cfg(feature = "json")]
pub mod speech_index;
mod trade;
