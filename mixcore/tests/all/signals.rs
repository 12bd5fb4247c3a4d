//! Test signals, the same bits on every machine: integer noise and libm sines.

use mixcore::audio::Sample;
#[cfg(feature = "alloc")]
use mixcore::math;

/// White noise, uniform in [-1, 1): the 32-bit LCG of Numerical Recipes (a 1664525, c 1013904223).
pub struct Noise(u32);

impl Noise {
    pub fn new(seed: u32) -> Self {
        Self(seed)
    }

    pub fn next_f64(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(self.0 >> 8) / f64::from(1_u32 << 23) - 1.0
    }

    /// A whole number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        ((self.next_f64() + 1.0) * 0.5 * bound as f64) as usize
    }
}

/// `channels` x `frames` of noise at `level` (linear), another seed for each channel.
pub fn noise<S: Sample>(channels: usize, frames: usize, level: f64, seed: u32) -> Vec<Vec<S>> {
    (0..channels)
        .map(|channel| {
            let mut noise = Noise::new(seed.wrapping_add(channel as u32 * 7919));
            (0..frames).map(|_| S::from_f64(noise.next_f64() * level)).collect()
        })
        .collect()
}

/// A sine of `hz` and amplitude `level`, phase 0 at frame 0.
#[cfg(feature = "alloc")]
pub fn sine<S: Sample>(hz: f64, rate_hz: f64, frames: usize, level: f64) -> Vec<S> {
    (0..frames)
        .map(|n| S::from_f64(level * math::sin(2.0 * math::PI * hz * n as f64 / rate_hz)))
        .collect()
}
