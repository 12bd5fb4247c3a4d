//! Deterministic material: the same bits for every rival, on every machine.

use mixcore::math;
use mixcore::units::db_to_gain;

use crate::RATE_HZ;

/// White noise, uniform in [-1, 1): the 32-bit LCG of Numerical Recipes (a 1664525, c 1013904223).
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(self.0 >> 8) / f64::from(1_u32 << 23) - 1.0
    }
}

/// Levels of a second each, dB under the peak: speech, a pause below the relative gate, a tutti.
const CYCLE_DB: [f64; 5] = [-12.0, -8.0, -40.0, -4.0, 0.0];

/// A programme: noise that falls with frequency, a 4 Hz syllable rate, a level that changes every
/// second and passes the gates from both sides. `seconds` of every channel, sample peak `peak_db`.
#[must_use]
pub fn programme(channels: usize, seconds: f64, peak_db: f64) -> Vec<Vec<f32>> {
    let frames = (seconds * RATE_HZ) as usize;
    let mut raw: Vec<Vec<f64>> = Vec::new();
    for channel in 0..channels {
        let mut noise = Noise(1 + 7919 * channel as u32);
        let (mut low, mut lower) = (0.0, 0.0);
        raw.push(
            (0..frames)
                .map(|n| {
                    let t = n as f64 / RATE_HZ;
                    let white = noise.next();
                    // Two one-pole low-passes, 4 kHz and 300 Hz: speech-like, little near fs/2.
                    low += 0.41 * (white - low);
                    lower += 0.039 * (white - lower);
                    let syllable = 0.6 + 0.4 * math::sin(8.0 * math::PI * t + channel as f64);
                    let level = CYCLE_DB[t as usize % CYCLE_DB.len()];
                    (0.4 * low + lower) * syllable * db_to_gain(level)
                })
                .collect(),
        );
    }
    let peak = raw.iter().flatten().fold(0.0_f64, |peak, x| peak.max(x.abs()));
    let gain = db_to_gain(peak_db) / peak;
    raw.iter().map(|channel| channel.iter().map(|x| (x * gain) as f32).collect()).collect()
}

/// White noise of every channel, uniform, sample peak just below `peak_db`.
#[must_use]
pub fn noise(channels: usize, frames: usize, peak_db: f64) -> Vec<Vec<f32>> {
    let gain = db_to_gain(peak_db);
    (0..channels)
        .map(|channel| {
            let mut noise = Noise(3 + 104_729 * channel as u32);
            (0..frames).map(|_| (noise.next() * gain) as f32).collect()
        })
        .collect()
}

/// A steady tone of `hz` and amplitude `peak_db` in every channel, from the phase `turns`.
///
/// Where 64 frames hold a period, a peak meter that skips quiet stretches cannot skip any.
#[must_use]
pub fn tone(channels: usize, seconds: f64, hz: f64, turns: f64, peak_db: f64) -> Vec<Vec<f32>> {
    let gain = db_to_gain(peak_db);
    let frames = (seconds * RATE_HZ) as usize;
    let phase = |n: usize| 2.0 * math::PI * (hz * n as f64 / RATE_HZ + turns);
    vec![(0..frames).map(|n| (gain * math::sin(phase(n))) as f32).collect(); channels]
}
