//! Checks of mixcore as an engineer would make them: standards, properties, and the promises that
//! every processor keeps.
#![allow(missing_docs, reason = "tests document themselves by their names")]
#![allow(unreachable_pub, reason = "a test binary has no outside")]
#![allow(clippy::disallowed_methods, reason = "references may use the platform's maths")]

mod delay;
mod fader;
mod fold_down;
#[cfg(feature = "json")]
mod delivery;
mod kernels;
mod kernels_matrix;
mod layouts;
mod order;
mod pan;
mod limiter;
mod limiter_ceiling;
mod order;
mod programmes;
mod reference;
mod signals;
mod standards;
