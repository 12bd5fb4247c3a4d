//! The exact search: segments that stand in step, phases weighted by coherence, the drift.

use super::align_coarse::{CoarseParts, Spectrum, add, hann, span, transform, value};
use super::align_drift::{Drift, UNKNOWN, fit};
use super::align_plan::{Plan, Windows, count};
use crate::audio::Sample;
use crate::filters::RealFft;
use crate::math;
use crate::units::Reading;

/// Frequencies that count: from 100 Hz to this share of the rate.
const LOWEST_HZ: f64 = 100.0;
const HIGHEST: f64 = 0.45;
/// How far the coarse delay may be off: coarse frames, and ms.
const OFF_COARSE: f64 = 2.0;
const OFF_MS: f64 = 0.5;
/// γ² of noise alone is below this over the number of segments in 99.3 % of the bins (1 − e⁻⁵).
const CHANCE: f64 = 5.0;
/// Segments from which on a coherence says something.
const FEWEST: f64 = 6.0;
/// |c| from which on a window speaks for the drift.
const WINDOW_CORRELATION: f64 = 0.25;
/// Least 1 − γ² in the weights: a bin without noise counts twenty times as much as one with half.
const LEAST_NOISE: f64 = 0.05;
/// Least spread of the segments' c: what a sum over some thousand random phases has.
const LEAST_SPREAD: f64 = 0.02;
/// Rounds of the fit of the drift at most, and what a window may move until it stands still, frames.
const FITS: usize = 4;
const STANDING: f64 = 0.02;
/// Steps of Newton's method: each doubles the digits.
const NEWTON: usize = 6;

/// A delay that moves evenly.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// Frames at `middle`.
    pub(super) delay: f64,
    /// Frames per frame.
    pub(super) slope: f64,
    /// Frame of the reference.
    pub(super) middle: f64,
}

impl Line {
    fn at(&self, frame: f64) -> f64 {
        self.delay + self.slope * (frame - self.middle)
    }
}

/// What the exact search found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exact {
    pub(super) line: Line,
    /// c at the delay, with its sign.
    pub(super) correlation: f64,
    /// Height of the envelope's crest.
    pub(super) envelope: f64,
    /// Largest |c| of the other sign near by.
    pub(super) opposite: f64,
    /// Cosine of the phase at the envelope's crest.
    pub(super) cos_phase: f64,
    /// Standard deviation of the delay, frames.
    pub(super) error: f64,
    /// Largest |c| a quarter of a segment away and farther.
    pub(super) elsewhere: f64,
    /// How far the segments' mean stands above chance.
    pub(super) support: f64,
    pub(super) drift_ppm: Reading,
    pub(super) drift_error_ppm: Reading,
}

/// The crest of c near 0, frames.
#[derive(Clone, Copy, Debug)]
struct Crest {
    delay: f64,
    correlation: f64,
    envelope: f64,
    opposite: f64,
    cos_phase: f64,
    /// Standard deviation of the delay.
    error: f64,
    /// Largest |c| a quarter of a segment away and farther: what hums is as high there.
    elsewhere: f64,
}

impl Crest {
    const NONE: Self = Self {
        delay: 0.0,
        correlation: 0.0,
        envelope: 0.0,
        opposite: 0.0,
        cos_phase: 0.0,
        error: 0.0,
        elsewhere: 0.0,
    };
}

/// Finds delay, drift and phase around a first guess.
pub(super) fn refine<S: Sample>(
    plan: &Plan,
    fft: &mut RealFft<'_, f64>,
    parts: &mut CoarseParts<'_>,
    guess: Line,
    a: &[S],
    b: &[S],
) -> Exact {
    let windows = plan.windows(span(plan, a, b));
    hann(parts.taper.get_mut(..plan.fine_len).unwrap_or_default());
    let mut line = guess;
    let mut drift: Option<Drift> = None;
    for _ in 0..FITS {
        // The delay of each window beside the line, and its deviation.
        for index in 0..windows.count {
            clear(parts);
            let (segments, middle) = gather(plan, fft, parts, &windows, index, &line, a, b);
            let crest = crest(plan, fft, parts, segments);
            let known = segments >= FEWEST && crest.correlation.abs() >= WINDOW_CORRELATION;
            let values = [middle, crest.delay, if known { crest.error } else { UNKNOWN }];
            for (to, from) in parts.peaks.iter_mut().skip(3 * index).zip(values) {
                *to = from;
            }
        }
        let peaks = parts.peaks.as_chunks_mut::<3>().0;
        let found = fit(peaks.get_mut(..windows.count).unwrap_or_default(), guess.middle);
        let Some(found) = found else { break };
        line.delay += found.offset;
        line.slope += found.slope;
        drift = Some(found);
        if (found.slope * count(windows.length)).abs() < STANDING {
            break;
        }
    }
    let drift = drift.map(|found| Drift { slope: line.slope, ..found });
    // Without a drift that is one, all windows have the same delay.
    let moves = |drift: &Drift| guess.slope != 0.0 || drift.slope.abs() > drift.error;
    if !drift.as_ref().is_some_and(moves) {
        line = guess;
    }
    clear(parts);
    let mut segments = 0.0;
    for index in 0..windows.count {
        segments += gather(plan, fft, parts, &windows, index, &line, a, b).0;
    }
    let crest = crest(plan, fft, parts, segments);
    line.delay += crest.delay;
    let sign = if crest.correlation < 0.0 { -1.0 } else { 1.0 };
    let support = support(plan, fft, parts, &windows, &line, sign, a, b);
    let ppm = |value: Option<f64>| {
        value.map_or(Reading::NotApplicable, |value| Reading::Value(1e6 * value))
    };
    Exact {
        line,
        correlation: crest.correlation,
        envelope: crest.envelope,
        opposite: crest.opposite,
        cos_phase: crest.cos_phase,
        // The scatter of the windows sees what the coherences do not.
        error: drift.map_or(0.0, |drift| drift.offset_error).max(crest.error),
        elsewhere: crest.elsewhere,
        support,
        drift_ppm: ppm(drift.map(|drift| drift.slope)),
        drift_error_ppm: ppm(drift.map(|drift| drift.error)),
    }
}

fn clear(parts: &mut CoarseParts<'_>) {
    let CoarseParts { cross, power_a, power_b, .. } = parts;
    for sums in [&mut *cross.re, &mut *cross.im, &mut **power_a, &mut **power_b] {
        sums.fill(0.0);
    }
}

/// Adds the segments of a window, in step along a line. How many there were, and the middle frame of
/// them all.
#[expect(clippy::too_many_arguments, reason = "a step of `refine`, which has them all")]
fn gather<S: Sample>(
    plan: &Plan,
    fft: &mut RealFft<'_, f64>,
    parts: &mut CoarseParts<'_>,
    windows: &Windows,
    index: usize,
    line: &Line,
    a: &[S],
    b: &[S],
) -> (f64, f64) {
    let (mut segments, mut middles) = (0.0, 0.0);
    for at in places(plan, windows, index) {
        if let Some(middle) = segment(plan, fft, parts, at, line, a, b) {
            add(&parts.a, &parts.b, &mut parts.cross, parts.power_a, parts.power_b);
            segments += 1.0;
            middles += middle;
        }
    }
    (segments, middles / f64::max(segments, 1.0))
}

/// First frames of a window's segments.
fn places(plan: &Plan, windows: &Windows, index: usize) -> impl Iterator<Item = usize> {
    let first = windows.start(index);
    let last = (first + windows.length).saturating_sub(plan.fine_len);
    (first..=last).step_by(plan.fine_len / 2)
}

/// The spectra of one segment, in step along a line, and its middle frame; none where the other
/// recording has not the whole of it.
fn segment<S: Sample>(
    plan: &Plan,
    fft: &mut RealFft<'_, f64>,
    parts: &mut CoarseParts<'_>,
    at: usize,
    line: &Line,
    a: &[S],
    b: &[S],
) -> Option<f64> {
    let length = plan.fine_len;
    let middle = count(at + length / 2);
    let delay = line.at(middle);
    let whole = math::round(delay);
    #[expect(clippy::cast_possible_truncation, reason = "some seconds of frames")]
    let start = at.checked_add_signed(whole as isize)?;
    let from_a = a.get(at..at + length)?;
    let from_b = b.get(start..start.checked_add(length)?)?;
    for (from, spectrum) in [(from_a, &mut parts.a), (from_b, &mut parts.b)] {
        // The difference again, so that no offset leaks; the taper is 0 where it begins.
        let mut last = from.first().map_or(0.0, |x| value(*x));
        for ((to, x), w) in parts.time.iter_mut().zip(from).zip(&*parts.taper) {
            let x = value(*x);
            *to = (x - last) * w;
            last = x;
        }
        transform(fft, parts.time, spectrum);
    }
    turn(&mut parts.b, 2.0 * math::PI * (delay - whole) / count(length), plan);
    Some(middle)
}

/// How far the mean of the segments' own c stands above chance, in standard deviations of that mean.
/// What fits in a few loud segments only, as the pulses of two unrelated voices may, has none: a few
/// outliers widen the deviation as much as they lift the mean.
#[expect(clippy::too_many_arguments, reason = "a step of `refine`, which has them all")]
fn support<S: Sample>(
    plan: &Plan,
    fft: &mut RealFft<'_, f64>,
    parts: &mut CoarseParts<'_>,
    windows: &Windows,
    line: &Line,
    sign: f64,
    a: &[S],
    b: &[S],
) -> f64 {
    let weights = parts.cross.re.iter().zip(&*parts.cross.im);
    for (to, (re, im)) in parts.power_a.iter_mut().zip(weights) {
        *to = sign * math::hypot(*re, *im);
    }
    let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for index in 0..windows.count {
        for at in places(plan, windows, index) {
            if segment(plan, fft, parts, at, line, a, b).is_none() {
                continue;
            }
            let (a, b) = (&parts.a, &parts.b);
            let bins = a.re.iter().zip(&*a.im).zip(b.re.iter().zip(&*b.im));
            let (mut c, mut sounds) = (0.0, false);
            for (((a_re, a_im), (b_re, b_im)), w) in bins.zip(&*parts.power_a) {
                let (re, im) = (a_re * b_re + a_im * b_im, a_re * b_im - a_im * b_re);
                let magnitude = math::sqrt(re * re + im * im);
                if *w != 0.0 && magnitude > 0.0 {
                    c += w * re / magnitude;
                    sounds = true;
                }
            }
            if sounds {
                n += 1.0;
                sum += c;
                squares += c * c;
            }
        }
    }
    if n < 2.0 {
        return 0.0;
    }
    let mean = sum / n;
    let variance = ((squares - n * mean * mean) / (n - 1.0)).max(LEAST_SPREAD * LEAST_SPREAD);
    mean * math::sqrt(n / variance)
}

/// Multiplies bin k by e^(i·k·step).
fn turn(spectrum: &mut Spectrum<'_>, step: f64, plan: &Plan) {
    if step == 0.0 {
        return;
    }
    let mut phasor = Phasor::new(step);
    let bins = spectrum.re.iter_mut().zip(&mut *spectrum.im).take(plan.fine_len / 2 + 1);
    for (re, im) in bins {
        (*re, *im) = (*re * phasor.cos - *im * phasor.sin, *re * phasor.sin + *im * phasor.cos);
        phasor.next();
    }
}

/// e^(i·k·step), k = 0, 1 …, by one product a step: after 8192 of them it is off by 1e-12.
struct Phasor {
    cos: f64,
    sin: f64,
    step: (f64, f64),
}

impl Phasor {
    fn new(step: f64) -> Self {
        Self { cos: 1.0, sin: 0.0, step: (math::cos(step), math::sin(step)) }
    }

    fn next(&mut self) {
        let (cos, sin) = self.step;
        (self.cos, self.sin) = (self.cos * cos - self.sin * sin, self.cos * sin + self.sin * cos);
    }
}

/// The crest of the gathered segments. It leaves the weighted phases in `cross`, Σ of their weights 1.
fn crest(
    plan: &Plan,
    fft: &mut RealFft<'_, f64>,
    parts: &mut CoarseParts<'_>,
    segments: f64,
) -> Crest {
    let (length, bins) = (plan.fine_len, plan.fine_len / 2 + 1);
    let error = weigh(plan, parts, segments);
    let CoarseParts { cross, a, time, power_a, .. } = parts;
    let (Some(re), Some(im)) = (cross.re.get(..bins), cross.im.get(..bins)) else {
        return Crest::NONE;
    };
    // c and its Hilbert transform at whole frames: the spectrum, and −i times it.
    for ((to_re, to_im), (re, im)) in a.re.iter_mut().zip(&mut *a.im).zip(re.iter().zip(im)) {
        (*to_re, *to_im) = (*im, -*re);
    }
    let half = 0.5 * count(length);
    let row = time.get_mut(..length).unwrap_or_default();
    // The lengths are those of the plan.
    let _ = fft.inverse(re, im, row);
    let off =
        super::align_plan::frames(OFF_COARSE * count(plan.factor) + 1e-3 * OFF_MS * plan.rate_hz)
            .min(length / 4);
    let place = |delay: isize| delay.rem_euclid(length.cast_signed()).unsigned_abs();
    let off = off.cast_signed();
    let near =
        |row: &[f64], delay: isize| row.get(place(delay)).copied().unwrap_or_default() * half;
    let (mut low, mut high) = (0.0_f64, 0.0_f64);
    // What is needed of the real part goes to the front of `power_a`, which is read no more.
    for (to, delay) in power_a.iter_mut().zip(-off..=off) {
        let c = near(row, delay);
        (low, high) = (low.min(c), high.max(c));
        *to = c;
    }
    let skip = length / 4;
    let far = row.iter().skip(skip).take(length - 2 * skip);
    let elsewhere = far.fold(0.0_f64, |most, c| most.max(c.abs())) * half;
    let turned = (a.re.get(..bins).unwrap_or_default(), a.im.get(..bins).unwrap_or_default());
    let _ = fft.inverse(turned.0, turned.1, row);
    let mut best = (0.0, 0);
    for (c, delay) in power_a.iter().zip(-off..=off) {
        let q = near(row, delay);
        let envelope = c * c + q * q;
        if envelope > best.0 {
            best = (envelope, delay);
        }
    }

    // The crest of the envelope, then the nearest one of c itself.
    let sums = |delay: f64| sums(re, im, 2.0 * math::PI * delay / count(length));
    #[expect(clippy::cast_precision_loss, reason = "some hundred frames")]
    let start = best.1 as f64;
    let mut envelope = (0.0, start, 1.0);
    for step in -8_i32..=8 {
        let delay = start + f64::from(step) / 8.0;
        let at = sums(delay);
        let height = math::hypot(at.c, at.q);
        if height > envelope.0 {
            envelope = (height, delay, at.c / height);
        }
    }
    let (height, mut delay, cos_phase) = envelope;
    let sign = if cos_phase < 0.0 { -1.0 } else { 1.0 };
    let center = delay;
    for _ in 0..NEWTON {
        let at = sums(delay);
        let (slope, bend) = (sign * at.slope, sign * at.bend);
        let step = if bend < 0.0 { -slope / bend } else { 0.25 * slope.signum() };
        delay = (delay + step.clamp(-0.25, 0.25)).clamp(center - 1.5, center + 1.5);
    }
    let correlation = sums(delay).c;
    let opposite = if sign > 0.0 { -low } else { high };
    Crest {
        delay,
        correlation,
        envelope: height,
        opposite: opposite.max(0.0),
        cos_phase,
        error,
        elsewhere,
    }
}

/// Replaces the cross-spectrum by its phases, weighted by coherence; the weights' sum is 1. The
/// standard deviation of the delay that follows from the coherences, frames.
fn weigh(plan: &Plan, parts: &mut CoarseParts<'_>, segments: f64) -> f64 {
    let bin_hz = plan.rate_hz / count(plan.fine_len);
    let (low, high) = (LOWEST_HZ / bin_hz, HIGHEST * count(plan.fine_len));
    let chance = if segments >= FEWEST { CHANCE / segments } else { 0.0 };
    let (mut bin, mut sum, mut bend, mut scatter) = (0.0, 0.0, 0.0, 0.0);
    let CoarseParts { cross, power_a, power_b, .. } = parts;
    let bins = cross.re.iter_mut().zip(&mut *cross.im).zip(power_a.iter().zip(power_b.iter()));
    for ((re, im), (a, b)) in bins {
        let magnitude = math::hypot(*re, *im);
        let product = a * b;
        let mut scale = 0.0;
        if bin >= low && bin <= high && product > 0.0 && magnitude > 0.0 {
            let coherence = (magnitude * magnitude / product).min(1.0);
            let sure = coherence - chance;
            if sure > 0.0 {
                let weight = sure / (1.0 - sure).max(LEAST_NOISE);
                let w = 2.0 * math::PI * bin / count(plan.fine_len);
                sum += weight;
                bend += weight * w * w;
                scatter += weight * weight * w * w * (1.0 - coherence) / sure;
                scale = weight / magnitude;
            }
        }
        *re *= scale;
        *im *= scale;
        bin += 1.0;
    }
    if sum == 0.0 {
        return 0.0;
    }
    for value in cross.re.iter_mut().chain(&mut *cross.im) {
        *value /= sum;
    }
    math::sqrt(scatter / segments.max(1.0)) / bend
}

/// c at a delay between the frames, its quadrature, and its derivatives by phase per bin.
struct Sums {
    c: f64,
    q: f64,
    slope: f64,
    bend: f64,
}

fn sums(re: &[f64], im: &[f64], step: f64) -> Sums {
    let mut phasor = Phasor::new(step);
    let mut all = Sums { c: 0.0, q: 0.0, slope: 0.0, bend: 0.0 };
    let per_frame = 2.0 * math::PI / (2.0 * count(re.len().saturating_sub(1)));
    let mut w = 0.0;
    for (re, im) in re.iter().zip(im) {
        let (c, q) = (re * phasor.cos - im * phasor.sin, re * phasor.sin + im * phasor.cos);
        all.c += c;
        all.q += q;
        all.slope -= w * q;
        all.bend -= w * w * c;
        phasor.next();
        w += per_frame;
    }
    all
}
