//! The search over the whole range: windows, averaged cross-spectra, whitened correlation.

use super::align_plan::{BLOCK, MARGIN, MAX_WINDOWS, Plan, SLACK, Windows, count};
use crate::audio::Sample;
use crate::filters::RealFft;
use crate::kernels::scalar::is_fault;
use crate::math;

/// Frequencies that count: from 100 Hz, below which rooms rumble and mains hum, to this share of the
/// coarse rate, up to which the decimation keeps what is above out.
const LOWEST_HZ: f64 = 100.0;
const HIGHEST: f64 = 0.42;
/// A bin whose power is this far below the strongest holds leakage and rounding, not sound: −90 dB.
const BIN_FLOOR: f64 = 1e-9;
/// The least share of the bins that must count: what has fewer is a tone.
const LEAST_BINS: f64 = 1.0 / 32.0;
/// Delays within so much of the peak are the same delay (a turned phase, the first reflections), ms.
const SAME_MS: f64 = 1.0;
/// A window's own peak that may speak for a drift, in deviations.
const WINDOW_PEAK: f64 = 7.0;
/// Most drift, frames per frame.
const MAX_SLOPE: f64 = 300e-6;
/// How far a window's peak may lie beside the slope, coarse frames.
const BESIDE: f64 = 2.0;

/// What the search found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    /// Height of the peak in deviations.
    pub(super) peak: f64,
    /// Height of the highest other one.
    pub(super) rival: f64,
    /// The peak lies at the end of the range and still rises.
    pub(super) rising: bool,
    /// Hardly any frequencies: a tone.
    pub(super) narrow: bool,
    /// Delay at `middle`, frames at the full rate.
    pub(super) delay: f64,
    /// Frames by which it grows per frame.
    pub(super) slope: f64,
    /// Frame of the reference in the middle of what was compared.
    pub(super) middle: f64,
}

/// The memory, cut.
pub(super) struct CoarseParts<'m> {
    taps: &'m [f64],
    pub(super) taper: &'m mut [f64],
    line_a: &'m mut [f64],
    line_b: &'m mut [f64],
    curve: &'m mut [f64],
    whole: &'m mut [f64],
    pub(super) time: &'m mut [f64],
    pub(super) a: Spectrum<'m>,
    pub(super) b: Spectrum<'m>,
    pub(super) cross: Spectrum<'m>,
    pub(super) power_a: &'m mut [f64],
    pub(super) power_b: &'m mut [f64],
    /// Of each window: where in coarse frames, lag, height.
    pub(super) peaks: &'m mut [f64],
}

/// Real and imaginary parts.
pub(super) struct Spectrum<'m> {
    pub(super) re: &'m mut [f64],
    pub(super) im: &'m mut [f64],
}

impl<'m> CoarseParts<'m> {
    pub(super) fn new(memory: &'m mut [f64], plan: &Plan) -> Self {
        let mut rest = memory;
        let [
            taps,
            taper,
            line_a,
            line_b,
            curve,
            whole,
            time,
            a_re,
            a_im,
            b_re,
            b_im,
            re,
            im,
            power_a,
            power_b,
            peaks,
        ] = plan.lengths().map(|length| {
            let whole = core::mem::take(&mut rest);
            let cut = length.min(whole.len());
            let (part, tail) = whole.split_at_mut(cut);
            rest = tail;
            part
        });
        Self {
            taps,
            taper,
            line_a,
            line_b,
            curve,
            whole,
            time,
            a: Spectrum { re: a_re, im: a_im },
            b: Spectrum { re: b_re, im: b_im },
            cross: Spectrum { re, im },
            power_a,
            power_b,
            peaks,
        }
    }
}

/// A sample that counts, 0 for others.
pub(super) fn value<S: Sample>(x: S) -> f64 {
    if is_fault(x) { 0.0 } else { x.as_f64() }
}

/// Writes a Hann window over the whole slice.
pub(super) fn hann(window: &mut [f64]) {
    let step = 2.0 * math::PI / count(window.len().max(1));
    let mut place = 0.5;
    for w in window {
        *w = 0.5 - 0.5 * math::cos(step * place);
        place += 1.0;
    }
}

/// The recording at the coarse rate, differentiated, from a coarse frame on (which may lie before
/// the start): `line[m] = x̄[first + m] − x̄[first + m − 1]`.
fn decimate<S: Sample>(
    plan: &Plan,
    taps: &[f64],
    stage: &mut [f64],
    x: &[S],
    first: isize,
    line: &mut [f64],
) {
    let factor = plan.factor;
    // Coarse frames that find their samples in the stage.
    let run = (stage.len().saturating_sub(taps.len()) / factor).max(1);
    let mut last = 0.0;
    // One frame more, in front: the difference needs it.
    let mut from = (first - 1) * factor.cast_signed() - plan.reach().cast_signed();
    let mut frame = 0;
    while frame <= line.len() {
        let count = run.min(line.len() + 1 - frame);
        let wanted = taps.len() + (count - 1) * factor;
        let staged = stage.get_mut(..wanted).unwrap_or_default();
        stage_samples(x, from, staged);
        for start in (0..count).map(|m| m * factor) {
            let next = filtered(taps, staged.get(start..).unwrap_or_default());
            if let Some(out) = frame.checked_sub(1).and_then(|m| line.get_mut(m)) {
                *out = next - last;
            }
            last = next;
            frame += 1;
        }
        from += (count * factor).cast_signed();
    }
}

/// The samples from a frame on, which may lie before the start; 0 where there are none.
fn stage_samples<S: Sample>(x: &[S], from: isize, stage: &mut [f64]) {
    let before = from.min(0).unsigned_abs().min(stage.len());
    let (silence, rest) = stage.split_at_mut(before);
    silence.fill(0.0);
    let there = x.get(from.max(0).unsigned_abs()..).unwrap_or_default();
    for (to, x) in rest.iter_mut().zip(there) {
        *to = value(*x);
    }
    rest.iter_mut().skip(there.len()).for_each(|to| *to = 0.0);
}

/// Σ taps·x in four sums, so that none waits for the other.
fn filtered(taps: &[f64], x: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (taps, taps_rest) = taps.as_chunks::<4>();
    let (x, x_rest) = x.split_at(4 * taps.len().min(x.len() / 4));
    for (taps, x) in taps.iter().zip(x.as_chunks::<4>().0) {
        for ((sum, tap), x) in sums.iter_mut().zip(taps).zip(x) {
            *sum += tap * x;
        }
    }
    let rest: f64 = taps_rest.iter().zip(x_rest).map(|(tap, x)| tap * x).sum();
    (sums[0] + sums[2]) + (sums[1] + sums[3]) + rest
}

/// Searches the whole range.
pub(super) fn search<S: Sample>(
    plan: &Plan,
    fft: &mut RealFft<'_, f64>,
    parts: &mut CoarseParts<'_>,
    a: &[S],
    b: &[S],
) -> Found {
    let windows = plan.windows(span(plan, a, b));
    let mut used = 0.0;
    let mut wide = false;
    parts.whole.fill(0.0);
    let middle = 0.5 * (windows.middle(0) + windows.middle(windows.count - 1));
    let even = Slope { slope: 0.0, middle };
    for index in 0..windows.count {
        let (sounds, bins) = window_curve(plan, fft, parts, &windows, index, even, a, b);
        wide |= bins >= LEAST_BINS;
        let peak = if sounds { highest(plan, parts.curve) } else { (0.0, 0) };
        note(parts.peaks, index, [windows.middle(index), lag(plan, peak.1), peak.0]);
        used += add_curve(parts, sounds);
    }
    let straight = read(plan, parts.whole, used, wide, even);
    let Some(slope) = drift(plan, parts.peaks, &windows) else { return straight };

    // The clocks differ: once more, with every segment shifted along the slope.
    let slope = Slope { slope, middle };
    parts.whole.fill(0.0);
    used = 0.0;
    for index in 0..windows.count {
        let (sounds, _) = window_curve(plan, fft, parts, &windows, index, slope, a, b);
        used += add_curve(parts, sounds);
    }
    let sloping = read(plan, parts.whole, used, wide, slope);
    if sloping.peak > straight.peak { sloping } else { straight }
}

/// A delay that grows evenly from 0 at a frame.
#[derive(Clone, Copy, Debug)]
struct Slope {
    /// Frames per frame.
    slope: f64,
    middle: f64,
}

impl Slope {
    /// Coarse frames by which the delay has grown.
    fn shift(&self, frame: f64, plan: &Plan) -> isize {
        #[expect(clippy::cast_possible_truncation, reason = "300 ppm of days are few lags")]
        {
            math::round(self.slope * (frame - self.middle) / count(plan.factor)) as isize
        }
    }
}

/// Adds a window's curve to the whole; 1 where there is one.
fn add_curve(parts: &mut CoarseParts<'_>, sounds: bool) -> f64 {
    if !sounds {
        return 0.0;
    }
    for (whole, curve) in parts.whole.iter_mut().zip(parts.curve.iter()) {
        *whole += curve;
    }
    1.0
}

/// Frames of the reference for which a partner may exist.
pub(super) fn span<S>(plan: &Plan, a: &[S], b: &[S]) -> usize {
    a.len().min(b.len().saturating_add((plan.range + 1) * plan.factor))
}

fn note(peaks: &mut [f64], index: usize, values: [f64; 3]) {
    for (to, from) in peaks.iter_mut().skip(3 * index).zip(values) {
        *to = from;
    }
}

/// Lag of a place in the curve, coarse frames.
fn lag(plan: &Plan, place: usize) -> f64 {
    count(place) - count(plan.range + MARGIN)
}

/// Writes the whitened correlation of a window in deviations. Says whether there was anything to
/// compare, and which share of the frequencies counted.
#[expect(clippy::too_many_arguments, reason = "a step of `search`, which has them all")]
fn window_curve<S: Sample>(
    plan: &Plan,
    fft: &mut RealFft<'_, f64>,
    parts: &mut CoarseParts<'_>,
    windows: &Windows,
    index: usize,
    slope: Slope,
    a: &[S],
    b: &[S],
) -> (bool, f64) {
    let start = windows.start(index) / plan.factor;
    let first = start.cast_signed();
    let frames = (windows.length / plan.factor).min(parts.line_a.len());
    let line_a = parts.line_a.get_mut(..frames).unwrap_or_default();
    decimate(plan, parts.taps, parts.time, a, first, line_a);
    // What the segments of a window move against its middle is less than the slack.
    let moved = slope.shift(windows.middle(index), plan);
    let before = (plan.range + MARGIN + SLACK).cast_signed() - moved;
    let line_b = parts.line_b.get_mut(..frames + plan.lags() + 2 * SLACK).unwrap_or_default();
    decimate(plan, parts.taps, parts.time, b, first - before, line_b);

    let segment = frames.min(BLOCK);
    let taper = parts.taper.get_mut(..segment).unwrap_or_default();
    hann(taper);
    let hop = BLOCK / 2;
    let segments = if frames > BLOCK { (frames - BLOCK) / hop + 1 } else { 1 };

    let (mut energy, mut lags, mut most) = (0.0, 0.0, 0.0_f64);
    for (partition, curve) in parts.curve.chunks_exact_mut(BLOCK).enumerate() {
        let cross = &mut parts.cross;
        for sums in [&mut *cross.re, &mut *cross.im, &mut *parts.power_a, &mut *parts.power_b] {
            sums.fill(0.0);
        }
        for n in 0..segments {
            let middle = count((start + n * hop + segment / 2) * plan.factor);
            let shift = slope.shift(middle, plan) - moved;
            let from_b = (n * hop + partition * BLOCK + SLACK)
                .checked_add_signed(shift)
                .and_then(|place| line_b.get(place..))
                .unwrap_or_default();
            let from_b = from_b.get(..2 * BLOCK).unwrap_or(from_b);
            if from_b.iter().all(|x| *x == 0.0) {
                continue;
            }
            let from_a = line_a.get(n * hop..).unwrap_or_default();
            parts.time.fill(0.0);
            for ((to, x), w) in parts.time.iter_mut().zip(from_a).zip(&*taper) {
                *to = x * w;
            }
            transform(fft, parts.time, &mut parts.a);
            parts.time.fill(0.0);
            for (to, x) in parts.time.iter_mut().zip(from_b) {
                *to = *x;
            }
            transform(fft, parts.time, &mut parts.b);
            add(&parts.a, &parts.b, cross, parts.power_a, parts.power_b);
        }
        let counted = whiten(plan, cross, parts.power_a, parts.power_b);
        if counted == 0.0 {
            curve.fill(0.0);
            continue;
        }
        most = most.max(counted);
        // The lengths are those of the plan.
        let _ = fft.inverse(cross.re, cross.im, parts.time);
        for (to, c) in curve.iter_mut().zip(parts.time.iter()) {
            *to = *c;
            energy += c * c;
        }
        lags += count(BLOCK);
    }
    if energy == 0.0 {
        return (false, most);
    }
    let scale = math::sqrt(lags / energy);
    for c in parts.curve.iter_mut() {
        *c *= scale;
    }
    (true, most)
}

pub(super) fn transform(fft: &mut RealFft<'_, f64>, time: &[f64], spectrum: &mut Spectrum<'_>) {
    let (length, bins) = (fft.length(), fft.bins());
    if let (Some(time), Some(re), Some(im)) =
        (time.get(..length), spectrum.re.get_mut(..bins), spectrum.im.get_mut(..bins))
    {
        // The lengths are those of the plan.
        let _ = fft.forward(time, re, im);
    }
}

/// Adds conj(A)·B, |A|² and |B|².
pub(super) fn add(
    a: &Spectrum<'_>,
    b: &Spectrum<'_>,
    cross: &mut Spectrum<'_>,
    power_a: &mut [f64],
    power_b: &mut [f64],
) {
    let bins = a.re.iter().zip(&*a.im).zip(b.re.iter().zip(&*b.im));
    let sums = cross.re.iter_mut().zip(&mut *cross.im).zip(power_a.iter_mut().zip(power_b));
    for (((a_re, a_im), (b_re, b_im)), ((re, im), (power_a, power_b))) in bins.zip(sums) {
        *re += a_re * b_re + a_im * b_im;
        *im += a_re * b_im - a_im * b_re;
        *power_a += a_re * a_re + a_im * a_im;
        *power_b += b_re * b_re + b_im * b_im;
    }
}

/// Divides the cross-spectrum by both magnitudes; the share of the bins that counted.
fn whiten(plan: &Plan, cross: &mut Spectrum<'_>, power_a: &[f64], power_b: &[f64]) -> f64 {
    let bin_hz = plan.coarse_hz() / count(plan.coarse_len);
    let (low, high) = (LOWEST_HZ / bin_hz, HIGHEST * count(plan.coarse_len));
    let strongest = |power: &[f64]| power.iter().fold(0.0_f64, |most, p| most.max(*p));
    let floors = [power_a, power_b].map(|power| BIN_FLOOR * strongest(power));
    let (mut bin, mut counted) = (0.0, 0.0);
    let sums = cross.re.iter_mut().zip(&mut *cross.im);
    for ((re, im), (a, b)) in sums.zip(power_a.iter().zip(power_b)) {
        let scale = if bin < low || bin > high || *a <= floors[0] || *b <= floors[1] {
            0.0
        } else {
            counted += 1.0;
            1.0 / math::sqrt(a * b)
        };
        *re *= scale;
        *im *= scale;
        bin += 1.0;
    }
    counted / (high - low)
}

/// Height and place of the highest |c| within the range.
fn highest(plan: &Plan, curve: &[f64]) -> (f64, usize) {
    let mut best = (0.0, plan.range + MARGIN);
    for (place, c) in curve.iter().enumerate().skip(MARGIN).take(2 * plan.range + 1) {
        if c.abs() > best.0 {
            best = (c.abs(), place);
        }
    }
    best
}

/// What the sum of the windows says.
fn read(plan: &Plan, whole: &[f64], used: f64, wide: bool, slope: Slope) -> Found {
    let scale = 1.0 / math::sqrt(used.max(1.0));
    let (height, place) = highest(plan, whole);
    let at = |place: usize| whole.get(place).copied().unwrap_or_default().abs();
    let (first, last) = (MARGIN, MARGIN + 2 * plan.range);
    let rising =
        (place == first && at(place - 1) > height) || (place == last && at(place + 1) > height);
    let same = super::align_plan::frames(1e-3 * SAME_MS * plan.coarse_hz());
    let others = whole.iter().enumerate().skip(first).take(last + 1 - first);
    let rival = others
        .filter(|(other, _)| other.abs_diff(place) > same)
        .fold(0.0_f64, |most, (_, c)| most.max(c.abs()));
    // A parabola through the peak: the exact search starts within a frame.
    let (before, after) = (at(place.saturating_sub(1)), at(place + 1));
    let bend = before - 2.0 * height + after;
    let shift = if bend < 0.0 { (0.5 * (before - after) / bend).clamp(-0.5, 0.5) } else { 0.0 };
    Found {
        peak: height * scale,
        rival: rival * scale,
        rising,
        narrow: used > 0.0 && !wide,
        delay: (lag(plan, place) + shift) * count(plan.factor),
        slope: slope.slope,
        middle: slope.middle,
    }
}

/// The slope on which most of the windows' own peaks lie, frames per frame; none where it is less
/// than a coarse frame from the first window to the last.
fn drift(plan: &Plan, peaks: &[f64], windows: &Windows) -> Option<f64> {
    let factor = count(plan.factor);
    let sure = || {
        let peaks = peaks.as_chunks::<3>().0.iter().take(windows.count.min(MAX_WINDOWS));
        peaks
            .filter(|peak| peak[2] >= WINDOW_PEAK)
            .map(move |[at, lag, height]| (*at, lag * factor, *height))
    };
    let mut best = (0.0, 0.0, 0.0);
    for (n, (at, delay, _)) in sure().enumerate() {
        for (later, other, _) in sure().skip(n + 1) {
            let slope = (other - delay) / (later - at);
            if slope.abs() > MAX_SLOPE {
                continue;
            }
            let beside = |at_: f64, delay_: f64| delay_ - delay - slope * (at_ - at);
            let score = sure()
                .filter(|(at, delay, _)| beside(*at, *delay).abs() <= BESIDE * factor)
                .fold(0.0, |sum, (_, _, height)| sum + height);
            if score > best.0 {
                best = (score, slope, at);
            }
        }
    }
    let reach = windows.middle(windows.count - 1) - windows.middle(0);
    (best.0 > 0.0 && best.1.abs() * reach > factor).then_some(best.1)
}
