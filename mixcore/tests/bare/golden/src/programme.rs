//! The golden programme: integer noise, the same bits on every machine, with quiet and loud eighths.

use mixcore::audio::Sample;

/// Seed of the first channel, and from one channel to the next.
const SEED: u32 = 77;
const SEED_STEP: u32 = 7919;

/// White noise, uniform in [-1, 1): the 32-bit LCG of Numerical Recipes.
pub struct Noise(u32);

impl Noise {
    pub fn new(seed: u32) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(self.0 >> 8) / f64::from(1_u32 << 23) - 1.0
    }
}

/// One channel of the programme.
pub struct Programme {
    noise: Noise,
    frame: usize,
    frames: usize,
}

impl Programme {
    /// A channel from its first frame; `frames` is the length of the whole.
    pub fn new(channel: usize, frames: usize) -> Self {
        let seed = SEED.wrapping_add(channel as u32 * SEED_STEP);
        Self { noise: Noise::new(seed), frame: 0, frames }
    }

    /// The next frames.
    pub fn fill<S: Sample>(&mut self, samples: &mut [S]) {
        for sample in samples {
            let noise = self.noise.next();
            let level = match self.frame * 8 / self.frames {
                0 | 4 => 0.05,
                1 | 5 => 2.5,
                2 => 0.0,
                _ => 0.6,
            };
            *sample = S::from_f64(noise) * S::from_f64(level);
            self.frame += 1;
        }
    }
}
