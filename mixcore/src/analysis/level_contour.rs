//! What a processor did to the contour of levels: every 100 ms before against the same 100 ms after.
//!
//! With x and y the K-weighted levels of a step of 100 ms before and after, dB, over the steps that
//! count:
//!
//! > slope = Σ (x − x̄)(y − ȳ) / Σ (x − x̄)²: 1 for what is kept, 1/n for an ideal n:1 compressor
//! > correlation = Σ (x − x̄)(y − ȳ) / √(Σ (x − x̄)² · Σ (y − ȳ)²): 1 while loud stays loud
//! > reduction = g₉₅ − (y − x), g₉₅ the 95th percentile of y − x: what the gain comes down from where
//! > it works least, so a plain gain is no reduction
//!
//! Steps lie on the 100 ms grid of the absolute counter. A step counts where the level before is at or
//! above −70 LUFS and at or above the mean of those − 20 LU, the gates of the loudness range; where
//! phrases are given, those that lie inside one.
//!
//! Sources: own definitions. The gates are those of EBU Tech 3342 (2023).

use crate::loudness::{Phrase, SubBlocks};
use crate::math;
use crate::units::{Lufs, Reading, power_to_db};

/// Sub-blocks of a step, 100 ms.
pub(super) const STEP: usize = 10;
/// Seconds of a step.
const STEP_S: f64 = 0.1;
/// Absolute gate, LUFS, and relative gate as a power ratio, −20 LU (EBU Tech 3342).
const ABSOLUTE_LUFS: f64 = -70.0;
const RELATIVE: f64 = 0.01;
/// Steps from which figures are read, 3 s: a short-term window.
const LEAST_STEPS: usize = 30;
/// Levels before that differ by less than this have no slope, dB (mean square): the 0.01 dB to which
/// a static curve is held.
const STEADY_DB: f64 = 0.01;
/// Percentile of the gain from which reductions count, and of their high end.
const HIGH_PERCENT: usize = 95;

/// Slope, correlation and gain reduction between two contours.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ContourReadings {
    /// Level after per level before, dB per dB. [`Reading::NotApplicable`] where the level before
    /// stands still.
    pub slope: Reading,
    /// Correlation of the levels, −1 to 1. [`Reading::NotApplicable`] where one of them stands still.
    pub correlation: Reading,
    /// Mean gain reduction, dB.
    pub mean_reduction_db: Reading,
    /// 95 % of the time the reduction is at or below this, dB.
    pub p95_reduction_db: Reading,
    /// The largest reduction, dB.
    pub max_reduction_db: Reading,
    /// Share of the time with more than 3 dB, percent.
    pub over_3_db_percent: Reading,
    /// Share of the time with more than 6 dB, percent.
    pub over_6_db_percent: Reading,
    /// 95 % of the time the gain moves no faster than this, dB/s.
    pub p95_slew_db_per_s: Reading,
    /// Steps of 100 ms that count.
    pub steps: usize,
}

impl ContourReadings {
    fn none(reason: Reading, steps: usize) -> Self {
        Self {
            slope: reason,
            correlation: reason,
            mean_reduction_db: reason,
            p95_reduction_db: reason,
            max_reduction_db: reason,
            over_3_db_percent: reason,
            over_6_db_percent: reason,
            p95_slew_db_per_s: reason,
            steps,
        }
    }
}

/// Mean power of step `index`.
fn power(blocks: &SubBlocks<'_>, index: usize) -> f64 {
    let step = blocks.range(index * STEP, (index + 1) * STEP);
    #[expect(clippy::cast_precision_loss, reason = "0.1 s")]
    let frames = step.frames().max(1) as f64;
    step.energies().iter().sum::<f64>() / frames
}

/// Readings of two programmes that lie frame for frame one on the other, over whole steps; `phrases`
/// in order of time, or none for all of them.
///
/// `gains` and `slews` hold one number for each step.
pub(super) fn contour<'p>(
    before: &SubBlocks<'_>,
    after: &SubBlocks<'_>,
    phrases: Option<&mut (dyn Iterator<Item = Phrase> + 'p)>,
    gains: &mut [f64],
    slews: &mut [f64],
) -> ContourReadings {
    let total = (before.len().min(after.len()) / STEP).min(gains.len()).min(slews.len());
    let absolute = Lufs::new(ABSOLUTE_LUFS).power().value();
    let (mut sum, mut count) = (0.0, 0_usize);
    for index in 0..total {
        let level = power(before, index);
        if level >= absolute {
            sum += level;
            count += 1;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    let gate = absolute.max(if count > 0 { RELATIVE * sum / count as f64 } else { f64::INFINITY });

    // Gains of the steps that count lie at the front, NaN between steps that are not neighbours.
    let mut inside = Inside::new(phrases);
    let mut sums = Sums::default();
    let mut slew_count = 0;
    let mut last: Option<(usize, f64)> = None;
    for index in 0..total {
        let (x, y) = (power(before, index), power(after, index));
        if !inside.holds(index) || x < gate || y <= 0.0 || !(x * y).is_finite() {
            continue;
        }
        let gain_db = power_to_db(y / x);
        sums.add(power_to_db(x), power_to_db(y));
        if let Some(slot) = gains.get_mut(sums.count - 1) {
            *slot = gain_db;
        }
        if let Some((before, gain)) = last
            && before + 1 == index
            && let Some(slot) = slews.get_mut(slew_count)
        {
            *slot = (gain_db - gain).abs() / STEP_S;
            slew_count += 1;
        }
        last = Some((index, gain_db));
    }
    if sums.count < LEAST_STEPS {
        #[expect(clippy::cast_precision_loss, reason = "a count")]
        let seconds = |steps: usize| steps as f64 * STEP_S;
        let reason = if total < LEAST_STEPS {
            Reading::TooShort { have_s: seconds(total), need_s: seconds(LEAST_STEPS) }
        } else if sums.count == 0 {
            Reading::BelowGate
        } else {
            Reading::TooShort { have_s: seconds(sums.count), need_s: seconds(LEAST_STEPS) }
        };
        return ContourReadings::none(reason, sums.count);
    }
    let gains = gains.get_mut(..sums.count).unwrap_or_default();
    let slews = slews.get_mut(..slew_count).unwrap_or_default();
    gains.sort_unstable_by(f64::total_cmp);
    slews.sort_unstable_by(f64::total_cmp);
    let top = percentile(gains, HIGH_PERCENT);
    let over = |db: f64| 100.0 * mean(gains.iter().map(|gain| f64::from(top - gain > db)));
    let above = |gain: f64| (top - gain).max(0.0);
    let value = Reading::from_level;
    ContourReadings {
        slope: sums.slope(),
        correlation: sums.correlation(),
        mean_reduction_db: value(mean(gains.iter().map(|&gain| above(gain)))),
        p95_reduction_db: value(above(percentile(gains, 100 - HIGH_PERCENT))),
        max_reduction_db: value(above(percentile(gains, 0))),
        over_3_db_percent: value(over(3.0)),
        over_6_db_percent: value(over(6.0)),
        p95_slew_db_per_s: match slew_count {
            0 => Reading::NotApplicable,
            _ => value(percentile(slews, HIGH_PERCENT)),
        },
        steps: sums.count,
    }
}

/// Element of a sorted list that is not empty; 0 of nothing.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last * percent + 50) / 100).copied().unwrap_or(0.0)
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    let count = values.len().max(1) as f64;
    values.sum::<f64>() / count
}

/// Which steps lie inside a phrase, asked in order of time.
struct Inside<'i, 'p> {
    phrases: Option<&'i mut (dyn Iterator<Item = Phrase> + 'p)>,
    now: Option<Phrase>,
}

impl<'i, 'p> Inside<'i, 'p> {
    fn new(mut phrases: Option<&'i mut (dyn Iterator<Item = Phrase> + 'p)>) -> Self {
        let now = phrases.as_mut().and_then(|phrases| phrases.next());
        Self { phrases, now }
    }

    fn holds(&mut self, index: usize) -> bool {
        let Some(phrases) = &mut self.phrases else { return true };
        let end = (index + 1) * STEP;
        while self.now.is_some_and(|phrase| phrase.end < end) {
            self.now = phrases.next();
        }
        self.now.is_some_and(|phrase| phrase.start <= index * STEP)
    }
}

/// Sums over the steps, about the first one, so that nothing cancels.
#[derive(Default)]
struct Sums {
    count: usize,
    origin: (f64, f64),
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
}

impl Sums {
    fn add(&mut self, x: f64, y: f64) {
        if self.count == 0 {
            self.origin = (x, y);
        }
        let (x, y) = (x - self.origin.0, y - self.origin.1);
        self.count += 1;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.xy += x * y;
        self.yy += y * y;
    }

    /// Mean products of what differs from the means: x·x, x·y, y·y.
    fn centred(&self) -> (f64, f64, f64) {
        #[expect(clippy::cast_precision_loss, reason = "a count")]
        let n = self.count.max(1) as f64;
        let (x, y) = (self.x / n, self.y / n);
        (self.xx / n - x * x, self.xy / n - x * y, self.yy / n - y * y)
    }

    fn slope(&self) -> Reading {
        let (xx, xy, _) = self.centred();
        if xx < STEADY_DB * STEADY_DB {
            return Reading::NotApplicable;
        }
        Reading::from_level(xy / xx)
    }

    fn correlation(&self) -> Reading {
        let (xx, xy, yy) = self.centred();
        if xx.min(yy) < STEADY_DB * STEADY_DB {
            return Reading::NotApplicable;
        }
        Reading::from_level(xy / math::sqrt(xx * yy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::db_to_power;

    #[test]
    fn a_two_to_one_curve_by_hand() {
        // Steps that go through −40 … −21 dB and back; after: 2:1 above −30 dB.
        let mut before = [0.0; 600];
        let mut after = [0.0; 600];
        for n in 0..600 {
            let step = n / STEP % 40;
            let db = -40.0 + f64::from(u32::try_from(step.min(39 - step)).unwrap());
            before[n] = db_to_power(db);
            after[n] = db_to_power(if db > -30.0 { -30.0 + (db + 30.0) / 2.0 } else { db });
        }
        let (b, a) =
            (SubBlocks::new(&before, 48e3).unwrap(), SubBlocks::new(&after, 48e3).unwrap());
        let (mut gains, mut slews) = ([0.0; 60], [0.0; 60]);
        let found = contour(&b, &a, None, &mut gains, &mut slews);
        // −40 … −36 dB lie 20 LU under … no: all of them count, the mean is −27 dB.
        assert_eq!(found.steps, 60);
        // 4.5 dB at −21 dB.
        assert!((found.max_reduction_db.value().unwrap() - 4.5).abs() < 1e-9);
        // 0.5 dB a step is the fastest.
        assert!((found.p95_slew_db_per_s.value().unwrap() - 5.0).abs() < 1e-9);
        let slope = found.slope.value().unwrap();
        assert!(slope > 0.5 && slope < 1.0, "{slope}");
        let same = contour(&b, &b, None, &mut gains, &mut slews);
        assert_eq!((same.slope, same.max_reduction_db), (Reading::Value(1.0), Reading::Value(0.0)));
        // Only what lies inside a phrase counts, and 3 s of it at least.
        let phrase = Phrase::of_sub_blocks(95, 405, 48e3);
        let mut phrases = core::iter::once(phrase);
        let inside = contour(&b, &a, Some(&mut phrases), &mut gains, &mut slews);
        assert_eq!(inside.steps, 30);
        let phrase = Phrase::of_sub_blocks(95, 399, 48e3);
        let mut phrases = core::iter::once(phrase);
        let inside = contour(&b, &a, Some(&mut phrases), &mut gains, &mut slews);
        assert_eq!(inside.steps, 29);
        assert_eq!(inside.slope, Reading::TooShort { have_s: 2.9000000000000004, need_s: 3.0 });
    }
}
