//! The windowed sinc and what resamples by it, as the definitions read, in f64 and written apart;
//! and a Fourier transform of any power of two to look at long responses.

use std::f64::consts::PI;

/// I0 by its power series (Abramowitz and Stegun 9.6.12).
fn bessel_i0(x: f64) -> f64 {
    let mut sum = 1.0;
    let mut term = 1.0;
    for k in 1..200 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

/// The ideal low-pass of a cut-off in cycles per sample under a Kaiser window, `t` samples from the
/// middle.
pub fn windowed_sinc(t: f64, cutoff: f64, half_width: f64, beta: f64) -> f64 {
    let x = t / half_width;
    if x.abs() >= 1.0 {
        return 0.0;
    }
    let angle = 2.0 * PI * cutoff * t;
    let sinc = if t == 0.0 { 1.0 } else { angle.sin() / angle };
    2.0 * cutoff * sinc * bessel_i0(beta * (1.0 - x * x).sqrt()) / bessel_i0(beta)
}

/// Output `m` of a clip at `up/down` times its rate, latency removed: the sum over all input frames
/// that the low-pass reaches from the time m·down/up, scaled to a gain of 1 at 0 Hz.
#[cfg(feature = "std")]
pub fn resampled(
    clip: &[f64],
    m: usize,
    (up, down): (usize, usize),
    low_pass: impl Fn(f64) -> f64,
    half_width: f64,
) -> f64 {
    let whole = (m * down / up) as i64;
    let share = (m * down % up) as f64 / up as f64;
    let reach = half_width as i64 + 2;
    let (mut sum, mut gain) = (0.0, 0.0);
    for k in whole - reach..=whole + reach {
        let h = low_pass((whole - k) as f64 + share);
        gain += h;
        if let Some(x) = usize::try_from(k).ok().and_then(|k| clip.get(k)) {
            sum += x * h;
        }
    }
    sum / gain
}

/// In place, radix 2, any power of two: real parts, imaginary parts.
pub fn fft(re: &mut [f64], im: &mut [f64]) {
    let n = re.len();
    assert!(n.is_power_of_two() && n == im.len());
    let shift = usize::BITS - n.trailing_zeros();
    for i in 1..n {
        let j = i.reverse_bits() >> shift;
        if i < j {
            re.swap(i, j);
            im.swap(i, j);
        }
    }
    let roots: Vec<(f64, f64)> =
        (0..n / 2).map(|k| (-2.0 * PI * k as f64 / n as f64).sin_cos()).collect();
    let mut half = 1;
    while half < n {
        for start in (0..n).step_by(2 * half) {
            for k in 0..half {
                let (s, c) = roots[k * (n / 2 / half)];
                let (a, b) = (start + k, start + k + half);
                let (x, y) = (re[b] * c - im[b] * s, re[b] * s + im[b] * c);
                (re[b], im[b]) = (re[a] - x, im[a] - y);
                (re[a], im[a]) = (re[a] + x, im[a] + y);
            }
        }
        half *= 2;
    }
}

/// Magnitudes of the bins from 0 to half of `bins` of a real sequence, folded in time where it is
/// longer, which the bins do not see.
pub fn magnitudes(samples: &[f64], bins: usize) -> Vec<f64> {
    let (mut re, mut im) = (vec![0.0; bins], vec![0.0; bins]);
    for (n, x) in samples.iter().enumerate() {
        re[n % bins] += x;
    }
    fft(&mut re, &mut im);
    re.iter().zip(&im).take(bins / 2 + 1).map(|(re, im)| re.hypot(*im)).collect()
}

/// All 4·half − 1 taps of a half-band low-pass: a half in the middle, pairs that add up to a quarter
/// each side, nothing in between.
pub fn half_band(half: usize, half_width: f64, beta: f64) -> Vec<f64> {
    let odd: Vec<f64> =
        (0..half).map(|k| windowed_sinc((2 * k + 1) as f64, 0.25, half_width, beta)).collect();
    let sum: f64 = odd.iter().sum();
    let mut taps = vec![0.0; 4 * half - 1];
    taps[2 * half - 1] = 0.5;
    for (k, tap) in odd.iter().enumerate() {
        taps[2 * half - 1 - (2 * k + 1)] = 0.25 * tap / sum;
        taps[2 * half - 1 + (2 * k + 1)] = 0.25 * tap / sum;
    }
    taps
}

/// Σ taps\[k\] · x\[n − k\] for as many n as x has frames.
pub fn convolved(x: &[f64], taps: &[f64]) -> Vec<f64> {
    (0..x.len())
        .map(|n| taps.iter().take(n + 1).enumerate().map(|(k, tap)| tap * x[n - k]).sum())
        .collect()
}

/// Twice the rate: a zero after every frame, and a low-pass with a gain of 2.
pub fn doubled(x: &[f64], taps: &[f64]) -> Vec<f64> {
    let stuffed: Vec<f64> = x.iter().flat_map(|&x| [2.0 * x, 0.0]).collect();
    convolved(&stuffed, taps)
}

/// Half the rate: a low-pass, and every second frame from `first` on.
pub fn halved(x: &[f64], taps: &[f64], first: usize) -> Vec<f64> {
    convolved(x, taps).into_iter().skip(first).step_by(2).collect()
}
