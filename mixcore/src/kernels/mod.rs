//! The heavy loops: free functions over slices, SIMD inside, the same bits on every CPU.
//!
//! A kernel is `fn(isa, slices…)`: one dispatch per call, its body generic over the SIMD token and
//! always inlined, its lane axis named in the first line, its tail handled with the arithmetic of
//! the lanes. Only add, subtract, multiply, divide, square root and the precise minimum and
//! maximum are used (no fused multiply-add), and every reduction has one fixed tree, so all levels
//! agree bit for bit. No kernel panics: where slices do not fit together, it works as far as all of
//! them reach. Inside a kernel closures are for [`core::array::from_fn`] alone, and even these are
//! worth a look: what the compiler does not inline runs without the level's instructions. [`scalar`] is the plain twin of each kernel: documentation and oracle.

mod gain;
mod intake;
mod interp;
mod isa;
mod k_weight;
mod matrix;
mod mix;
mod reduce;
pub mod scalar;
mod true_peak;
mod window;

pub use gain::{apply_gains, gain, gain_ramp};
pub use intake::{Intake, intake};
pub use interp::fir_peaks;
pub use isa::{Isa, IsaLevel};
/// Parts of the loudness meter, public for tests and benches only.
#[doc(hidden)]
pub use k_weight::{K_LANES, KEnergy, KSegments, KState, KWeight, k_carry, k_energy};
pub use matrix::matrix;
pub use mix::{accumulate, add_scaled, round_into};
pub use reduce::{PeakEnergy, SAMPLE_LIMIT, clean, clean_in_place, extent, peak, peak_energy, sum};
/// Parts of the true-peak meters, public for tests and benches only.
#[doc(hidden)]
pub use true_peak::{
    MIRRORED_HALF, MirroredTaps, QUARTER_MIDS, QUARTER_SAMPLES, QuarterTaps, mirrored_peaks,
    quarter_peaks, symmetric_fir,
};
pub use window::{box_sums, window_max};
