//! Checks of mixcore as an engineer would make them: standards, properties, and the promises that
//! every processor keeps.
//!
//! The promises hold in every feature set: without `alloc` the same objects work in lent memory and
//! give the same golden hashes.
#![allow(missing_docs, reason = "tests document themselves by their names")]
#![allow(unreachable_pub, reason = "a test binary has no outside")]
#![allow(clippy::disallowed_methods, reason = "references may use the platform's maths")]

mod analysis;
mod bass;
mod block;
mod click;
#[cfg_attr(
    all(feature = "alloc", not(feature = "std")),
    allow(dead_code, reason = "promises.rs asks for the rest in the other two sets")
)]
mod conformance;
mod conversion;
mod convolver;
mod cookbook;
mod crossover;
mod dialogue;
mod dry_path;
mod dry_signal;
mod extent;
mod fft;
mod fractional_delay;
mod golden;
mod haas;
mod kernels;
mod kernels_analysis;
mod kernels_dynamics;
mod kernels_fir;
mod kernels_limiter;
mod kernels_matrix;
mod kernels_pipeline;
mod laws;
mod layouts;
mod lt_rt;
mod masking;
mod object_metadata;
mod object_mixer;
mod objects;
mod order;
mod pan;
mod pan_laws;
mod panner;
mod panner_anchor;
mod point_source;
mod promises;
mod properties;
mod properties_bands;
mod properties_dynamics;
mod properties_fold;
mod properties_lent;
mod properties_level;
mod rate_lent;
mod real_layout;
mod rigs;
mod roster;
mod signals;
mod spatial_promises;
mod spectrum;
mod stereo;
mod trade;

// Measured figures that take long stand with `std` alone: in the other feature sets the golden hashes say
// that nothing changed.
#[cfg(feature = "std")]
mod align;
#[cfg(feature = "json")]
mod align_cue;
#[cfg(feature = "std")]
mod automation;
#[cfg(feature = "alloc")]
mod bus;
#[cfg(feature = "std")]
mod cancellation_map;
#[cfg(feature = "std")]
mod compressor;
#[cfg(feature = "std")]
mod compressor_below;
#[cfg(feature = "json")]
mod cue;
#[cfg(feature = "alloc")]
mod dc_blocker;
#[cfg(feature = "std")]
mod deesser;
#[cfg(feature = "alloc")]
mod delay;
#[cfg(feature = "json")]
mod deliver;
#[cfg(feature = "json")]
mod delivery;
#[cfg(feature = "std")]
mod design;
#[cfg(feature = "std")]
mod detectors;
#[cfg(feature = "json")]
mod dialogue_tools;
#[cfg(feature = "std")]
mod differential;
#[cfg(feature = "alloc")]
mod dither;
#[cfg(feature = "json")]
mod duck_classes;
#[cfg(feature = "json")]
mod duck_cue;
#[cfg(feature = "json")]
mod duck_held_out;
#[cfg(feature = "json")]
mod duck_noise;
#[cfg(feature = "json")]
mod duck_scenes;
#[cfg(feature = "std")]
mod ducker;
#[cfg(feature = "alloc")]
mod ducker_trade;
#[cfg(feature = "std")]
mod dynamic_eq;
#[cfg(feature = "std")]
mod dynamics_figures;
#[cfg(all(feature = "std", feature = "json"))]
mod dynamics_kept;
#[cfg(feature = "alloc")]
mod dynamics_refusals;
#[cfg(feature = "alloc")]
mod eq;
#[cfg(feature = "std")]
mod eq_accuracy;
#[cfg(feature = "alloc")]
mod excursions;
#[cfg(feature = "alloc")]
mod fader;
#[cfg(feature = "alloc")]
mod fir;
#[cfg(feature = "std")]
mod fold_check;
#[cfg(feature = "alloc")]
mod fold_down;
#[cfg(feature = "std")]
mod gate;
#[cfg(feature = "std")]
mod huge_and_after;
#[cfg(feature = "alloc")]
mod limiter;
#[cfg(feature = "std")]
mod transient;
#[cfg(feature = "std")]
mod translation;
// The judge takes a minute.
#[cfg(feature = "std")]
mod limiter_ceiling;
#[cfg(feature = "std")]
mod limiter_clip;
#[cfg(feature = "std")]
mod limiter_modes;
#[cfg(feature = "std")]
mod limiter_surround;
#[cfg(feature = "std")]
mod linked_image;
#[cfg(feature = "std")]
mod live;
#[cfg(feature = "std")]
mod loud_and_after;
#[cfg(feature = "alloc")]
mod loudness;
#[cfg(feature = "json")]
mod masking_cue;
#[cfg(feature = "std")]
mod masking_ducker;
#[cfg(feature = "json")]
mod masking_ducker_cue;
#[cfg(feature = "std")]
mod matching;
#[cfg(feature = "alloc")]
mod meter_forms;
#[cfg(feature = "alloc")]
mod meters;
#[cfg(feature = "std")]
mod multiband;
#[cfg(feature = "std")]
mod multiband_limiter;
#[cfg(feature = "std")]
mod overflow;
#[cfg(feature = "alloc")]
mod oversampler;
#[cfg(feature = "std")]
mod programmes;
#[cfg(feature = "std")]
mod reductions;
#[cfg(feature = "alloc")]
#[cfg_attr(
    not(feature = "std"),
    allow(dead_code, reason = "some of it is asked for with `std` alone")
)]
mod reference;
#[cfg(feature = "json")]
mod reported;
#[cfg(feature = "std")]
mod resampler;
#[cfg(feature = "std")]
mod resampler_fft;
#[cfg(feature = "std")]
mod room_extent;
#[cfg(feature = "alloc")]
mod session;
#[cfg(feature = "std")]
mod side_chain;
#[cfg(feature = "std")]
mod soft_clip;
#[cfg(feature = "json")]
mod solve;
#[cfg(feature = "std")]
mod standards;
#[cfg(feature = "alloc")]
mod svf;
#[cfg(feature = "std")]
mod tool_times;
#[cfg(feature = "alloc")]
mod true_peak;
#[cfg(feature = "alloc")]
mod windowed_sinc;
