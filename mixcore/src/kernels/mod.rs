//! The heavy loops: free functions over slices, SIMD inside, the same bits on every CPU.
//!
//! A kernel is `fn(isa, slices…)`: one dispatch per call, its body generic over the SIMD token and
//! always inlined, its lane axis named in the first line, its tail handled with the arithmetic of
//! the lanes. Only add, subtract, multiply, divide, square root and the precise minimum and
//! maximum are used (no fused multiply-add), and every reduction has one fixed tree, so all levels
//! agree bit for bit. No kernel panics: where slices do not fit together, it works as far as all of
//! them reach. Inside a kernel closures are for [`core::array::from_fn`] alone, and even these are
//! worth a look: what the compiler does not inline runs without the level's instructions. A kernel
//! of a new name is listed in `concrete.rs`, which compiles it for both sample types. [`scalar`] is
//! the plain twin of each kernel: documentation and oracle.

mod around;
mod band_pass;
mod blend;
mod cascade;
mod concrete;
mod correlate;
mod direct;
mod fft;
mod fft_butterfly;
mod fft_passes;
mod fft_radix;
mod fft_real;
mod fft_scalar;
mod fir;
mod fractional;
mod gain;
mod gain_computer;
mod gain_scalar;
mod intake;
mod interp;
mod isa;
mod k_weight;
pub(crate) mod lanes;
mod matrix;
mod mix;
mod pair_cascade;
mod pipe_io;
mod pipeline;
mod pipeline_form;
mod polyphase;
mod ramps;
mod reduce;
mod running;
mod sample;
pub mod scalar;
mod scalar_around;
mod scalar_convolve;
mod scalar_crossover;
mod scalar_fir;
mod scalar_pipeline;
mod scalar_ramps;
mod scalar_spread;
mod scalar_square;
mod screen;
mod settle;
mod spectrum_mac;
mod spread;
mod square_window;
mod svf;
mod true_peak;
mod weigh;
mod window;

/// Parts of the limiter, public for tests and benches only.
#[doc(hidden)]
pub use around::{
    AROUND_MIDS, AROUND_SAMPLES, AROUND_TAPS, PEAK_GROUP, around_peaks, bend, group_peaks,
    half_points, steepest, woven_bend,
};
/// Parts of the third-octave filters, public for tests and benches only.
#[doc(hidden)]
pub use band_pass::{
    BAND_LANES, BAND_SECTIONS, BandPasses, BandProducts, BandState, band_energies, band_products,
    settle_bands,
};
pub use blend::blend;
/// Parts of the equivalent-level meter, public for tests and benches only.
#[doc(hidden)]
pub use cascade::{CASCADE_LANES, CASCADE_SECTIONS, CascadeState, Section, cascade_energy};
pub use correlate::{PairSums, dot3, lag_products};
pub use direct::direct;
/// Parts of [`crate::filters::RealFft`], public for tests and benches only.
#[doc(hidden)]
pub use fft::{
    FFT_MAX, FFT_MIN, fft_tables_len, fft_work_len, fill_fft_tables, irfft, is_fft_length, rfft,
};
pub use fir::{fir, mirrored_fir, unweave, weave};
/// Parts of [`crate::filters::FractionalDelay`], public for tests and benches only.
#[doc(hidden)]
pub use fractional::{FRACTIONAL_TAPS, FractionalPlace, fractional};
pub use gain::{apply_gains, gain, gain_ramp, scale_into};
pub use gain_computer::{
    AMPLITUDE_DB, AMPLITUDE_FLOOR, CurveSection, Knee, POWER_DB, POWER_FLOOR, gain_curve,
    gains_of_db, levels_db, raise_to_magnitude,
};
pub use intake::{Intake, intake};
pub use interp::fir_peaks;
pub use isa::{Isa, IsaLevel};
pub(crate) use k_weight::settled_k;
/// Parts of the loudness meter, public for tests and benches only.
#[doc(hidden)]
pub use k_weight::{K_LANES, KEnergy, KSegments, KState, KWeight, k_carry, k_energy};
pub use matrix::matrix_row;
pub use mix::{accumulate, accumulate_ramp, add_scaled, round_into};
/// Parts of [`crate::filters::Crossover`], public for tests and benches only.
#[doc(hidden)]
pub use pair_cascade::{
    PAIR_LANES, PAIR_SECTIONS, PairMove, PairState, SectionPair, pair_cascade, settle_pairs,
};
/// Parts of the equaliser, public for tests and benches only.
#[doc(hidden)]
pub use pipe_io::{channel_in, channel_out, pair_in, pair_out};
/// Parts of the equaliser, public for tests and benches only.
#[doc(hidden)]
pub use pipeline::{PIPE_BANDS, PipeBand, PipeBands, PipeState, pipeline, pipeline_one};
/// Parts of [`crate::filters::Resampler`], public for tests and benches only.
#[doc(hidden)]
pub use polyphase::{PhasePlace, PhasePlan, phase_dots, phase_dots_two};
/// Parts of [`crate::spatial::ObjectMixer`] and [`crate::spatial::Panner`], public for tests and benches
/// only.
#[doc(hidden)]
pub use ramps::{RAMP_FRAMES, accumulate_ramps, pan_into, pan_onto, ramps_into};
pub use reduce::{PeakEnergy, SAMPLE_LIMIT, clean, clean_in_place, extent, peak, peak_energy, sum};
/// Parts of the limiter, public for tests and benches only.
#[doc(hidden)]
pub use running::{ReleasePowers, WindowParts, exceed, release, window_maxima, window_means};
pub use sample::Sample;
/// Parts of the level statistics, public for tests and benches only.
#[doc(hidden)]
pub use screen::{LevelScreen, SCREEN_HISTORY, level_screen};
pub(crate) use settle::{STATE_FLOOR, settled, settled_each};
pub use spectrum_mac::spectrum_mac;
/// Parts of [`crate::spatial::PolarExtent`], public for tests and benches only.
#[doc(hidden)]
pub use spread::{SPREAD_AXES, SPREAD_BLOCK, SPREAD_GROUPS, SpreadShape, spread};
/// Parts of the detectors of dynamics, public for tests and benches only.
#[doc(hidden)]
pub use square_window::{
    SQUARE_CHUNK, SQUARE_LANES, SquareWindow, Squares, begin_windows, window_squares,
};
/// Parts of the state-variable filter, public for tests and benches only.
#[doc(hidden)]
pub use svf::{SvfFrame, SvfState, svf};
/// Parts of the true-peak meters, public for tests and benches only.
#[doc(hidden)]
pub use true_peak::{
    HALF_WAY_TAPS, MIRRORED_HALF, MirroredTaps, PAIR_MIDS, PAIR_SAMPLES, PEAK_PIECE, PointPair,
    clean_peaks, half_way, mirrored_peaks, pair_peaks,
};
pub use weigh::weigh;
pub use window::{box_sums, window_max};
