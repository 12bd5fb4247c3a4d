//! DSP for professional audio mixing: level, dynamics and spatial placement, with loudness
//! metering and delivery verification.
//!
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;

pub mod audio;
pub mod delivery;
pub mod dynamics;
mod error;
pub mod filters;
pub mod kernels;
pub mod level;
pub mod loudness;
pub mod math;
pub mod ramp;
#[cfg(feature = "alloc")]
pub mod session;
pub mod spatial;
pub mod stream;
pub mod units;

pub use audio::{Block, BlockMut, Layout, Sample};
pub use error::{Error, Text};
#[cfg(feature = "alloc")]
pub use error::{Problem, Problems};
pub use kernels::Isa;
pub use stream::{Convert, Io, Process, Processor, Stream};
pub use units::{Reading, Timecode};
