//! The heavy loops: free functions over slices, SIMD inside, the same bits on every CPU.
//!
//! A kernel is `fn(isa, slices…)`: one dispatch per call, its body generic over the SIMD token and
//! always inlined, its lane axis named in the first line, its tail handled with the arithmetic of
//! the lanes. Only add, subtract, multiply, divide, square root and the precise minimum and
//! maximum are used (no fused multiply-add), and every reduction has one fixed tree, so all levels
//! agree bit for bit. [`scalar`] is the plain twin of each kernel: documentation and oracle.

mod gain;
mod interp;
mod isa;

mod mix;
mod reduce;
pub mod scalar;
mod window;

pub use gain::{apply_gains, gain, gain_ramp};
pub use interp::fir_peaks;
pub use isa::{Isa, IsaLevel};
pub use mix::{accumulate, add_scaled, round_into};
pub use reduce::{PeakEnergy, SAMPLE_LIMIT, clean, extent, peak, peak_energy, sum};
pub use window::{box_sums, window_max};
