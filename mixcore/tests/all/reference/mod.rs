//! Literal f64 transcriptions of the standards, slow and plain: what the fast paths must agree with.

mod loudness;
