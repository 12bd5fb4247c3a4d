//! The judge of DESIGN promise 3: true peak by 64x oversampling, written apart from the limiter.
//!
//! A windowed sinc with cut-off fs/2, 64 taps a side, Kaiser β 9, phases not normalised, f64, with
//! 64 zeros at both ends, sample peak included. Other meters of the same family have other numbers.

/// Rows that are computed together.
const ROWS: usize = 8;

/// A true-peak meter.
pub struct Judge {
    side: usize,
    /// The points of a coarse grid, then all others: `ROWS` rows side by side, tap by tap.
    coarse: Vec<[f64; ROWS]>,
    others: Vec<Vec<[f64; ROWS]>>,
    /// Largest Σ|h| of a row.
    widest: f64,
    /// Largest Σ|h − (its weighted mean of the coarse rows around it)|.
    between: f64,
}

/// Modified Bessel function I0 by its power series (Abramowitz and Stegun 9.6.12).
fn bessel_i0(x: f64) -> f64 {
    let mut sum = 1.0;
    let mut term = 1.0;
    for k in 1..100 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

/// The row of the point `fraction` frames after a frame; tap k meets the sample k − (side − 1)
/// frames after that frame. Fractions 0 and 1 are the samples themselves.
fn row(fraction: f64, side: usize, beta: f64, normalised: bool) -> Vec<f64> {
    let mut row: Vec<f64> = (0..2 * side)
        .map(|k| {
            let t = fraction + (side - 1) as f64 - k as f64;
            if t == 0.0 {
                return 1.0;
            }
            if fraction == 0.0 || fraction == 1.0 {
                return 0.0;
            }
            let x = t / side as f64;
            let window = bessel_i0(beta * (1.0 - x * x).sqrt()) / bessel_i0(beta);
            (std::f64::consts::PI * t).sin() / (std::f64::consts::PI * t) * window
        })
        .collect();
    if normalised {
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|h| *h /= sum);
    }
    row
}

fn side_by_side(rows: &[&Vec<f64>]) -> Vec<[f64; ROWS]> {
    let taps = rows.first().map_or(0, |row| row.len());
    (0..taps).map(|k| std::array::from_fn(|r| rows.get(r).map_or(0.0, |row| row[k]))).collect()
}

fn largest(samples: &[f64]) -> f64 {
    samples.iter().fold(0.0, |largest: f64, x| if x.abs() > largest { x.abs() } else { largest })
}

/// The largest magnitude at the points of some rows.
fn peak_at(rows: &[[f64; ROWS]], window: &[f64]) -> f64 {
    let mut sums = [0.0; ROWS];
    for (h, x) in rows.iter().zip(window) {
        for (sum, h) in sums.iter_mut().zip(h) {
            *sum += h * x;
        }
    }
    largest(&sums)
}

impl Judge {
    /// The judge itself.
    pub fn new() -> Self {
        Self::with(64, 64, 9.0, false)
    }

    /// Another meter: `points` per frame (a multiple of 8, or fewer than 8), `side` taps a side,
    /// Kaiser `beta`, rows of sum 1 or as the formula gives them.
    pub fn with(points: usize, side: usize, beta: f64, normalised: bool) -> Self {
        let rows: Vec<Vec<f64>> = (0..=points)
            .map(|point| row(point as f64 / points as f64, side, beta, normalised))
            .collect();
        let step = (points / ROWS).max(1);
        let (coarse, others): (Vec<usize>, Vec<usize>) =
            (1..points).partition(|point| point % step == 0);
        let pick = |points: &[usize]| -> Vec<[f64; ROWS]> {
            side_by_side(&points.iter().map(|&point| &rows[point]).collect::<Vec<_>>())
        };
        let norm = |row: &Vec<f64>| row.iter().map(|h| h.abs()).sum::<f64>();
        let rest = |&point: &usize| {
            let before = point - point % step;
            let share = (point - before) as f64 / step as f64;
            let (a, b) = (&rows[before], &rows[before + step]);
            let taps = rows[point].iter().zip(a).zip(b);
            taps.map(|((h, a), b)| (h - (1.0 - share) * a - share * b).abs()).sum::<f64>()
        };
        Self {
            side,
            coarse: pick(&coarse),
            others: others.chunks(ROWS).map(pick).collect(),
            widest: rows.iter().map(norm).fold(1.0, f64::max),
            between: others.iter().map(rest).fold(0.0, f64::max),
        }
    }

    /// True peak of one channel, linear.
    ///
    /// A window is left out only where it provably cannot raise the peak: no point exceeds
    /// `widest` times the largest sample, and no point between two coarse ones exceeds the larger
    /// of them by more than `between` times the largest sample.
    pub fn true_peak(&self, channel: &[f64]) -> f64 {
        let side = self.side;
        let mut padded = vec![0.0; 2 * side];
        padded.extend_from_slice(channel);
        padded.resize(channel.len() + 4 * side, 0.0);
        // The sample peak is included.
        let mut peak = largest(&padded);
        let count = padded.len() + 1 - 2 * side;
        for first in (0..count).step_by(32) {
            let windows = &padded[first..(first + 32).min(count) + 2 * side - 1];
            let reach = largest(windows);
            if reach * self.widest <= peak {
                continue;
            }
            for window in windows.windows(2 * side) {
                let coarse = peak_at(&self.coarse, window);
                peak = peak.max(coarse);
                let ends = window[side - 1].abs().max(window[side].abs());
                if coarse.max(ends) + self.between * reach <= peak {
                    continue;
                }
                for rows in &self.others {
                    peak = peak.max(peak_at(rows, window));
                }
            }
        }
        peak
    }

    /// True peak of several channels, dBTP.
    pub fn dbtp<S: mixcore::Sample>(&self, channels: &[Vec<S>]) -> f64 {
        let peak = channels
            .iter()
            .map(|channel| {
                self.true_peak(&channel.iter().map(|x| x.as_f64()).collect::<Vec<f64>>())
            })
            .fold(0.0, f64::max);
        20.0 * peak.log10()
    }
}

#[test]
fn the_judge_reads_the_peak_between_the_samples() {
    // A sine at fs/4 whose samples lie 45 degrees off its peaks: they read -3.01 dBFS. Faded in
    // and out, because an abrupt end is a peak of its own.
    let faded: Vec<f64> = (0..4000)
        .map(|n| {
            let fade = (std::f64::consts::PI * f64::from(n) / 4000.0).sin();
            (std::f64::consts::FRAC_PI_2 * f64::from(n) + std::f64::consts::FRAC_PI_4).sin() * fade
        })
        .collect();
    let read = Judge::new().true_peak(&faded);
    assert!((read - 1.0).abs() < 1e-4, "{read}");
}

#[test]
fn leaving_windows_out_changes_nothing() {
    let judge = Judge::new();
    for seed in 0..4 {
        let noise = crate::signals::noise::<f64>(1, 600, 1.0, seed).remove(0);
        let read = judge.true_peak(&noise);
        let mut padded = vec![0.0; 128];
        padded.extend(noise);
        padded.resize(padded.len() + 128, 0.0);
        let mut every = largest(&padded);
        for point in 1..64 {
            let h = row(f64::from(point) / 64.0, 64, 9.0, false);
            for window in padded.windows(128) {
                every = every.max(h.iter().zip(window).map(|(h, x)| h * x).sum::<f64>().abs());
            }
        }
        assert_eq!(read, every);
    }
}
