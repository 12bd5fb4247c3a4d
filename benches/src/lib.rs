//! Shared helpers of the benches: signals that every rival is given.

pub use mixcore as core;
