//! DSP for professional audio mixing: level, dynamics and spatial placement, with loudness
//! metering and delivery verification.
//!
//! A mix works on three layers that act on each other: how loud every element is ([`level`]), how
//! its peaks and passages are controlled ([`dynamics`]), where it stands ([`spatial`]). Every
//! delivery has its own loudness, dynamics and channel format, so one session is rendered to
//! several versions and each version is verified against its own specification ([`session`],
//! [`delivery`]).
//!
//! # The house, from the ground up
//!
//! | module | what it is for |
//! |---|---|
//! | [`math`], [`units`] | deterministic mathematics; decibels, loudness, timecode |
//! | [`kernels`] | the heavy loops: SIMD with the same bits on every CPU |
//! | [`audio`] | samples, planar blocks, named layouts |
//! | [`ramp`], [`stream`] | click-free moves; the contract of a processor |
//! | [`filters`], [`loudness`] | equaliser, crossovers, convolver, delays, resampling, FFT; BS.1770 loudness, true peak, dialogue |
//! | [`analysis`] | level statistics and faults, correlation, delay, spectra, bands, masking, matching |
//! | [`level`], [`dynamics`], [`spatial`] | the three layers |
//! | [`delivery`] | measurements, specifications, verdicts, reports |
//! | [`session`] | a mix as data, and the renderer that turns it into versions |
//!
//! Nothing points back: a module uses only what stands above it in this table.
//!
//! # Data flow
//!
//! ```text
//! Sources → strips (gain, polarity, place) → stems → version (gain, limiter) → your file or host
//!                                              └──────────┴→ Measurer → Measurement
//!                                                            Spec, Profile ─┴→ verify → Report
//! ```
//!
//! # Promises
//!
//! 1. The same bits for any block length, any SIMD level, `std` or `no_std`.
//! 2. `process`, `convert`, `push`, `set_params` and `reset` never allocate, lock, log or panic.
//! 3. Samples that are not finite or beyond 1e6 become 0 in whatever has memory, and are counted.
//! 4. A true-peak limiter stays at or below its ceiling on any input, while the ceiling stands.
//! 5. "Not enough audio" is a value ([`Reading`]), never a silent `-inf`.
//! 6. The contract (DELIVERY) and the craft (MIX) are two verdicts that never mix.
//!
//! Indexing is as with slices: a channel that a block or meter does not have panics, and its
//! documentation says so.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `std` (default) | detection of the CPU's SIMD level; implies `alloc` |
//! | `json` (default) | specifications, sessions and reports as JSON; implies `alloc` |
//! | `alloc` | owned memory (`new`), sessions, measurements, reports |
//!
//! Without `alloc` the processors and meters work in lent memory (`new_in`, `required_len`).
//!
//! # Limits
//!
//! No audio files: the caller reads and writes them (see the example `deliver`). A session has faders,
//! panners, the limiter and fold-downs (BS.775, elsewhere the rules of BS.2127); the other processors are
//! there, and a session does not wire them yet. No ambisonics, binaural, distance or room yet.
//! Dialogue is found by the dialogue stem's own activity or where the caller says it is; unless the
//! caller states it, that is not the licensed gate that some platforms use.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;

pub mod analysis;
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

/// The README's example, compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
