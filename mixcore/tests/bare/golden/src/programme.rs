//! The golden programme: integer noise, the same bits on every machine, with quiet and loud eighths.

use mixcore::audio::Sample;

/// Seed of the first channel, and from one channel to the next.
const SEED: u32 = 77;
const SEED_STEP: u32 = 7919;

/// One channel of the programme.
pub struct Programme {
    state: u32,
    frame: usize,
    frames: usize,
}

impl Programme {
    /// A channel from its first frame; `frames` is the length of the whole.
    pub fn new(channel: usize, frames: usize) -> Self {
        Self { state: SEED.wrapping_add(channel as u32 * SEED_STEP), frame: 0, frames }
    }

    /// The next frames.
    pub fn fill<S: Sample>(&mut self, samples: &mut [S]) {
        for sample in samples {
            // The 32-bit LCG of Numerical Recipes.
            self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = f64::from(self.state >> 8) / f64::from(1_u32 << 23) - 1.0;
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
