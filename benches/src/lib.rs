//! What is timed, and against whom: the same cases for criterion and for the table of ratios.
//!
//! A [`Case`] is one thing done on one signal by mixcore and, where there are any, by rivals. All
//! sides are run and compared before a case exists: a wrong answer is never timed.

#![deny(unsafe_code)]

mod case;
pub mod channels;
pub mod compressor;
pub mod convolve;
pub mod crossover;
mod cue;
pub mod dialogue;
pub mod duck;
pub mod dynamics;
pub mod eq;
pub mod fft;
pub mod level;
#[cfg(feature = "libebur128")]
mod libebur128;
pub mod limiter;
pub mod loudness;
pub mod mix;
pub mod record;
pub mod resample;
pub mod signals;
pub mod spatial;
mod textbook;

pub use case::{Case, Goal, Limit, Rival, Run, Seen, best};

/// Sample rate of every case, Hz.
pub const RATE_HZ: f64 = 48_000.0;

/// Block lengths of every case: a 10 ms host block and a file reader's block.
pub const BLOCKS: [usize; 2] = [480, 4096];
