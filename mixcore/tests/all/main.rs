//! Checks of mixcore as an engineer would make them: standards, properties, and the promises that
//! every processor keeps.
#![allow(missing_docs, reason = "tests document themselves by their names")]
#![allow(unreachable_pub, reason = "a test binary has no outside")]
#![allow(clippy::disallowed_methods, reason = "references may use the platform's maths")]

#[cfg(feature = "json")]
mod cue;
mod kernels;
#[cfg(feature = "alloc")]
mod loudness;
mod order;
#[cfg(feature = "alloc")]
mod reference;
mod signals;
#[cfg(feature = "alloc")]
mod standards;
