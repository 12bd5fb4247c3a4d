//! Level statistics, correlation, delay, goniometer and third octaves: hand-computed cases, literal
//! references, the shipped stems, and the promises of all meters.

mod correlation;
mod delay;
mod goniometer;
mod levels;
mod meters;
mod properties;
mod third_octave;

/// Memory to lend, filled with what must not matter. It is never given back: a test ends soon.
pub fn memory<T: Clone>(len: usize, filling: T) -> &'static mut [T] {
    vec![filling; len].leak()
}
