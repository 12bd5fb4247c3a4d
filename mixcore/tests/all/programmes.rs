//! Material that breaks limiters: the hostile set and random one-second programmes.

use mixcore::math::{self, PI};
use mixcore::units::db_to_gain;

use crate::signals::Noise;

/// A named signal of one channel.
pub type Named = (&'static str, Vec<f64>);

/// Noise limited to `share` of the rate (windowed-sinc low-pass, 63 taps, Hann).
fn low_passed(noise: &mut Noise, frames: usize, share: f64) -> Vec<f64> {
    let taps: Vec<f64> = (-31..=31)
        .map(|k| {
            let window = 0.5 + 0.5 * math::cos(PI * f64::from(k) / 32.0);
            2.0 * share * math::sinc(2.0 * share * f64::from(k)) * window
        })
        .collect();
    let white: Vec<f64> = (0..frames + 62).map(|_| noise.next_f64()).collect();
    white.windows(63).map(|part| part.iter().zip(&taps).map(|(x, h)| x * h).sum()).collect()
}

/// What is known to break limiters, and worse, all around full scale.
pub fn hostile(rate_hz: f64, seed: u32) -> Vec<Named> {
    let frames = (rate_hz * 0.4) as usize;
    let mut noise = Noise::new(seed);
    let each = |f: &mut dyn FnMut(usize) -> f64| -> Vec<f64> { (0..frames).map(f).collect() };
    let sine = |share: f64, n: usize, phase: f64| math::sin(2.0 * PI * share * n as f64 + phase);
    let ms = |n: usize| n as f64 * 1e3 / rate_hz;
    let mut set: Vec<Named> = Vec::new();

    set.push(("fs/4, 45 degrees, +6 dB", each(&mut |n| 2.0 * sine(0.25, n, PI / 4.0))));
    let bursts = each(&mut |n| {
        if ms(n) % 40.0 < 10.0 { 4.0 * noise.next_f64() } else { sine(0.01, n, 0.0) }
    });
    set.push(("noise bursts, +12 dB", bursts));
    let clicks = each(&mut |n| match n % 997 {
        0 => 10.0,
        1 if n % 2 == 0 => -10.0,
        2 if n % 3 == 0 => 8.0,
        _ => 0.3 * sine(0.003, n, 0.0),
    });
    set.push(("impulses, +20 dB", clicks));
    let drums = each(&mut |n| {
        let decay = math::exp(-(ms(n) % 60.0) / 8.0);
        0.7 * sine(0.002, n, 0.0) + 0.5 * sine(0.11, n, 1.0) + 3.0 * noise.next_f64() * decay
    });
    set.push(("drums and tones", drums));
    let band = low_passed(&mut noise, frames, (20_000.0 / rate_hz).min(0.45));
    let clipped = band.iter().map(|x| 2.0 * (8.0 * x).clamp(-1.0, 1.0)).collect();
    set.push(("noise to 20 kHz, hard clipped, +6 dB", clipped));
    let mut sign = 1.0;
    let flips = each(&mut |n| {
        if noise.below(40) == 0 {
            sign = -sign;
        }
        if n % 2 == 0 { sign } else { -sign }
    });
    set.push(("sign flips at fs/2", flips));
    let edge = each(&mut |n| match ms(n) {
        t if t < 150.0 => 0.5 * sine(0.02, n, 0.0),
        t if t < 200.0 => 1e5 * noise.next_f64(),
        _ => 0.9 * noise.next_f64(),
    });
    set.push(("+100 dB edge", edge));
    let huge = each(&mut |n| if n % 7001 == 3000 { 1e6 } else { 0.9 * noise.next_f64() });
    set.push(("samples of 1e6", huge));
    let steps = each(&mut |n| if (ms(n) as usize / 23).is_multiple_of(2) { 1.7 } else { -1.5 });
    set.push(("DC steps", steps));
    let mut phases = [0.0; 24];
    phases.fill_with(|| PI * noise.next_f64());
    let near = each(&mut |n| {
        let tone = |(i, &phase): (usize, &f64)| sine(0.45 + 0.002 * (i + 1) as f64, n, phase);
        phases.iter().enumerate().map(tone).sum::<f64>() * 0.5
    });
    set.push(("random-phase multitone near fs/2", near));
    set.push(("tone cut at its crest", each(&mut |n| 1.5 * math::cos(0.3 * n as f64))));
    // The signs that add up between two samples, at steps of gain that pull the sums apart.
    let aligned = each(&mut |n| {
        let from = (n % 500) as f64 - 249.5;
        let sign = if (from.abs() as usize).is_multiple_of(2) { 1.0 } else { -1.0 };
        sign * if from < 0.0 { 1.0 } else { math::exp10(((n / 500) % 6) as f64 * 0.5) }
    });
    set.push(("aligned signs with a step", aligned));
    let swells = each(&mut |n| noise.next_f64() * math::exp10(3.0 * sine(0.004, n, 0.0)));
    set.push(("noise swelling by 120 dB in 125 frames", swells));
    set
}

/// One channel of a random programme: pieces of 5 to 205 ms of ten kinds, each at its own level.
pub fn random(rate_hz: f64, frames: usize, noise: &mut Noise) -> Vec<f64> {
    let mut out: Vec<f64> = Vec::with_capacity(frames + rate_hz as usize);
    let mut unit = {
        let noise = &mut *noise;
        move || (noise.next_f64() + 1.0) * 0.5
    };
    while out.len() < frames {
        let length = ((5.0 + 200.0 * unit()) * 1e-3 * rate_hz) as usize;
        let gain = db_to_gain(24.0 * unit());
        let share = 0.5 * unit() * unit();
        let phase = 2.0 * PI * unit();
        let kind = (unit() * 10.0) as usize;
        let mut sign = 1.0;
        for n in 0..length {
            let t = n as f64;
            let x = 2.0 * unit() - 1.0;
            let tone = |share: f64| math::sin(2.0 * PI * share * t + phase);
            out.push(match kind {
                0 => 0.0,
                1 => gain * x * (0.5 + 0.5 * tone(share * 0.05)),
                2 => gain * tone(share),
                3 => gain * (0.5 * tone(share) + 0.3 * tone(share * 0.37) + 0.2 * tone(0.31)),
                4 => {
                    if x > 0.995 {
                        gain
                    } else if x < -0.995 {
                        -gain
                    } else {
                        0.1 * tone(share)
                    }
                }
                5 => gain * (4.0 * x).clamp(-1.0, 1.0),
                6 => gain * (3.0 * tone(share) + x).clamp(-1.0, 1.0),
                7 => gain * tone(0.46 + 0.08 * share),
                8 => {
                    if x > 0.97 {
                        sign = -sign;
                    }
                    if n % 2 == 0 { gain * sign } else { -gain * sign }
                }
                _ => gain * tone(share * 0.02).signum() * 0.8 + 0.1 * x,
            });
        }
    }
    out.truncate(frames);
    out
}
