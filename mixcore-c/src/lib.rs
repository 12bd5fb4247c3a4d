//! C ABI of mixcore: what stands in `include/mixcore.h`.
//!
//! Every function checks its pointers, counts and integers, works behind a panic guard, and answers
//! with a status; the text of the last error is kept for each thread. Handles are opaque and belong
//! to one call at a time, which an atomic flag enforces. All unsafe code is in `handle.rs`,
//! `pointers.rs` and the thin functions that call them.
#![allow(non_camel_case_types, reason = "the names are those of the C header")]

mod handle;
mod limiter;
mod meter;
mod pointers;
mod status;
mod verify;

pub use limiter::*;
pub use meter::*;
pub use status::*;
pub use verify::*;
