//! The chain of the limiter: three stages of detection, gain curve and gain on delay lines.
//!
//! Everything moves in chunks of 64 frames of the absolute counter. A line holds the last samples
//! of one channel before one stage, newest at the end; a track holds a setting per frame from the
//! input to the output, so that each setting meets the frame that it was made for.

use super::lookahead::{LookAhead, LookAheadState, release_factor};
use super::peak_detector::{BANK_LEN, CHUNK, CONTEXT, PeakDetector, SIDE};
use crate::audio::{PerChannel, Sample};
use crate::error::Error;
use crate::kernels::{self, Isa};

/// Stages: the limiter proper and two trims.
pub(super) const STAGES: usize = 3;
/// Look-ahead of a trim, frames (fixed in frames, as is the kernel that it works against).
pub(super) const TRIM_FRAMES: usize = 111;
/// Time constant of a trim's release, frames.
pub(super) const TRIM_RELEASE_FRAMES: f64 = 2048.0;
/// A trim leaves a chunk alone whose excess cannot be larger than this (linear; 0.0017 dB).
pub(super) const TRIM_IDLE: f64 = 2e-4;

/// Where everything lies in the two memories.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    curves: [LookAhead; STAGES],
    /// Frames from the newest input to the newest sample of each stage's line, and to the output.
    offsets: [usize; STAGES + 1],
    channels: usize,
    groups: usize,
}

impl Plan {
    /// The plan for a look-ahead in frames.
    pub(super) fn new(lookahead: usize, channels: usize, groups: usize) -> Self {
        let trim = LookAhead::one_box(TRIM_FRAMES);
        let curves = [LookAhead::two_boxes(lookahead), trim, trim];
        let mut offsets = [0; STAGES + 1];
        for (stage, curve) in curves.iter().enumerate() {
            offsets[stage + 1] = offsets[stage] + SIDE + curve.frames();
        }
        Self { curves, offsets, channels, groups }
    }

    /// Frames from the input chunk to the output chunk.
    pub(super) fn delay(&self) -> usize {
        self.offsets[STAGES]
    }

    /// Samples that all channels and the detector need.
    pub(super) fn samples_len(&self) -> usize {
        BANK_LEN + self.channels * self.channel_len()
    }

    /// Control values: two tracks, the groups, scratch.
    pub(super) fn control_len(&self) -> usize {
        let scratch = self.curves.iter().map(LookAhead::scratch_len).max().unwrap_or(0);
        2 * self.track_len() + self.groups * self.group_len() + scratch
    }

    /// Values of a track: everything from the output chunk to the newest input, and the chunk that
    /// is coming in.
    pub(super) fn track_len(&self) -> usize {
        self.delay() + 2 * CHUNK
    }

    /// Samples of a channel: the exchange chunk, the undisturbed signal, the lines.
    pub(super) fn channel_len(&self) -> usize {
        self.line_start(0) + self.lines_len()
    }

    /// Control values of a group: the curves' histories, and the gain so far along the lines.
    fn group_len(&self) -> usize {
        self.curves.iter().map(LookAhead::history_len).sum::<usize>() + self.lines_len()
    }

    /// Samples of a line: the detector's context, or what waits for its gain.
    fn line_len(&self, stage: usize) -> usize {
        CONTEXT.max(SIDE + CHUNK + self.curves[stage].frames())
    }

    fn lines_len(&self) -> usize {
        (0..STAGES).map(|stage| self.line_len(stage)).sum()
    }

    /// The undisturbed signal of a channel.
    fn dry(&self) -> core::ops::Range<usize> {
        CHUNK..self.delay() + 2 * CHUNK
    }

    fn line_start(&self, stage: usize) -> usize {
        self.dry().end + (0..stage).map(|before| self.line_len(before)).sum::<usize>()
    }

    fn line<'m, T>(&self, memory: &'m mut [T], stage: usize) -> &'m mut [T] {
        let start = self.line_start(stage);
        &mut memory[start..start + self.line_len(stage)]
    }

    /// The samples of a stage's line that get their gain now.
    fn leaving<T: Copy>(&self, line: &[T], stage: usize) -> [T; CHUNK] {
        chunk(&line[line.len() - SIDE - CHUNK - self.curves[stage].frames()..])
    }

    /// The aims of the chunk that a stage examines, each for the interval that starts at its frame.
    fn aims(&self, track: &[f32], stage: usize) -> [f32; CHUNK] {
        let newest = track.len() - CHUNK;
        let start = newest - self.offsets[stage] - SIDE - CHUNK;
        let (here, next) = (chunk(&track[start..]), chunk(&track[start + 1..]));
        core::array::from_fn(|n| lesser(here[n], next[n]))
    }
}

/// What a channel remembers besides its lines.
#[derive(Clone, Debug, Default)]
struct Channel<S> {
    group: usize,
    /// Largest magnitudes of the last three chunks of each line.
    peaks: [[S; 3]; STAGES],
}

impl<S: Sample> Channel<S> {
    /// A new chunk before a stage.
    fn push(&mut self, isa: Isa, line: &mut [S], stage: usize, new: &[S; CHUNK]) {
        append(line, new);
        let peaks = &mut self.peaks[stage];
        *peaks = [peaks[1], peaks[2], kernels::peak(isa, new)];
    }
}

/// What a group of linked channels remembers besides its histories.
#[derive(Clone, Debug)]
struct Group {
    curves: [LookAheadState; STAGES],
    /// Lowest and highest gain of each stage in its last three chunks.
    spans: [[(f32, f32); 3]; STAGES],
    /// Lowest gain of the newest chunk of output, and since the last reset.
    lowest_now: f32,
    lowest: f32,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            curves: Default::default(),
            spans: [[(1.0, 1.0); 3]; STAGES],
            lowest_now: 1.0,
            lowest: 1.0,
        }
    }
}

/// The three stages of all channels; samples and control values lie with the limiter.
#[derive(Debug)]
pub(super) struct Stages<S> {
    plan: Plan,
    trim_release: f64,
    detector: PeakDetector,
    channels: PerChannel<Channel<S>>,
    groups: PerChannel<Group>,
}

impl<S: Sample> Stages<S> {
    /// The stages of a plan; `group_of` says which channels share a gain. Writes the detector's
    /// bank into `samples`.
    pub(super) fn new(
        isa: Isa,
        plan: Plan,
        group_of: impl Fn(usize) -> usize,
        samples: &mut [S],
    ) -> Result<Self, Error> {
        let mut channels = PerChannel::<Channel<S>>::new(plan.channels)?;
        for (index, channel) in channels.iter_mut().enumerate() {
            channel.group = group_of(index);
        }
        let detector = PeakDetector::new(isa, &mut samples[..BANK_LEN]);
        let trim_release = release_factor(TRIM_RELEASE_FRAMES);
        Ok(Self { plan, trim_release, detector, channels, groups: PerChannel::new(plan.groups)? })
    }

    /// Where everything lies.
    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Lowest gain of the newest 64 frames of output, over all groups.
    pub(super) fn lowest_now(&self) -> f32 {
        self.groups.iter().fold(1.0, |lowest, group| lesser(lowest, group.lowest_now))
    }

    /// Lowest gain since the last reset, over all groups.
    pub(super) fn lowest(&self) -> f32 {
        self.groups.iter().fold(1.0, |lowest, group| lesser(lowest, group.lowest))
    }

    /// Silence in the lines, gains of 1; the tracks are the caller's.
    pub(super) fn reset(&mut self, samples: &mut [S], control: &mut [f32]) {
        samples[BANK_LEN..].fill(S::zero());
        control[2 * self.plan.track_len()..].fill(1.0);
        for channel in self.channels.iter_mut() {
            channel.peaks = Default::default();
        }
        self.groups.fill(Group::default());
    }

    /// A chunk of input is complete: detect, turn into gains, apply, three times over. The exchange
    /// chunk of each channel turns from input into output.
    pub(super) fn run(&mut self, isa: Isa, release: f64, samples: &mut [S], control: &mut [f32]) {
        let Self { plan, trim_release, detector, channels, groups } = self;
        let (bank, memory) = samples.split_at_mut(BANK_LEN);
        let (tracks, rest) = control.split_at_mut(2 * plan.track_len());
        let (aims, wets) = tracks.split_at_mut(plan.track_len());
        let (curves, scratch) = rest.split_at_mut(plan.groups * plan.group_len());
        shift(aims);
        shift(wets);
        let wets = chunk(wets);

        let curves = curves.chunks_exact_mut(plan.group_len());
        for (index, (group, curves)) in groups.iter_mut().zip(curves).enumerate() {
            for (memory, channel) in members(plan, memory, channels, index) {
                let new = chunk(memory);
                append(&mut memory[plan.dry()], &new);
                channel.push(isa, plan.line(memory, 0), 0, &new);
            }
            let mut totals = &mut *curves;
            let mut histories = totals.split_off_mut(plan.lines_len()..).unwrap_or_default();
            let mut total = [1.0; CHUNK];
            for (stage, curve) in plan.curves.iter().enumerate() {
                // Detect.
                let aims = plan.aims(aims, stage);
                let mut over = [1.0; CHUNK];
                if stage == 0 || !is_still(&group.spans[stage - 1], detector.widest()) {
                    let mut found = S::zero();
                    let mut peaks = [S::zero(); CHUNK];
                    let limit = S::from_f64(f64::from(kernels::extent(isa, &aims).0));
                    for (memory, channel) in members(plan, memory, channels, index) {
                        let line = plan.line(memory, stage);
                        let context = &line[line.len() - CONTEXT..];
                        let largest = greatest(&channel.peaks[stage]);
                        if detector.scan(bank, context, largest, limit, &mut found, &mut peaks) {
                            exceed(&mut over, &peaks, &aims);
                        }
                    }
                }
                // Turn into gains.
                let history = histories.split_off_mut(..curve.history_len()).unwrap_or_default();
                let release = if stage == 0 { release } else { *trim_release };
                let state = &mut group.curves[stage];
                let gains = curve.run(isa, state, release, history, scratch, &over);
                let span = kernels::extent(isa, &gains);
                let spans = &mut group.spans[stage];
                *spans = [spans[1], spans[2], span];
                // Apply.
                for (memory, channel) in members(plan, memory, channels, index) {
                    let mut part = plan.leaving(plan.line(memory, stage), stage);
                    if span.0 < 1.0 {
                        kernels::apply_gains(isa, &mut part, &gains);
                    }
                    if stage + 1 < STAGES {
                        channel.push(isa, plan.line(memory, stage + 1), stage + 1, &part);
                    } else {
                        let dry = chunk(&memory[plan.dry()]);
                        mix(isa, &mut memory[..CHUNK], &part, &dry, &wets);
                    }
                }
                let line = totals.split_off_mut(..plan.line_len(stage)).unwrap_or_default();
                append(line, &total);
                total = plan.leaving(line, stage);
                if span.0 < 1.0 {
                    kernels::apply_gains(isa, &mut total, &gains);
                }
            }
            group.lowest_now = kernels::extent(isa, &total).0;
            group.lowest = lesser(group.lowest, group.lowest_now);
        }
    }
}

/// The channels of a group with their memory.
fn members<'m, S: Sample>(
    plan: &Plan,
    memory: &'m mut [S],
    channels: &'m mut [Channel<S>],
    group: usize,
) -> impl Iterator<Item = (&'m mut [S], &'m mut Channel<S>)> {
    let memory = memory.chunks_exact_mut(plan.channel_len());
    memory.zip(channels).filter(move |(_, channel)| channel.group == group)
}

/// Whether gains of the stage before moved so little over the context of a chunk that what it let
/// through cannot exceed the aim by more than [`TRIM_IDLE`].
///
/// With the gain g_n the stage before holds |g_n·X(t)| ≤ aim; its output differs from that by at
/// most Σ |g_k − g_n|·|x_k|·|h| ≤ aim·(highest − lowest)/lowest·Σ|h|.
fn is_still(spans: &[(f32, f32); 3], widest: f64) -> bool {
    let low = lesser(lesser(spans[0].0, spans[1].0), spans[2].0);
    let high = greatest(&[spans[0].1, spans[1].1, spans[2].1]);
    (f64::from(high) - f64::from(low)) * widest <= TRIM_IDLE * f64::from(low)
}

/// `over = max(over, peaks / aims)`.
fn exceed<S: Sample>(over: &mut [f32; CHUNK], peaks: &[S; CHUNK], aims: &[f32; CHUNK]) {
    for ((over, peak), aim) in over.iter_mut().zip(peaks).zip(aims) {
        #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
        let ratio = peak.as_f64() as f32 / aim;
        *over = if ratio > *over { ratio } else { *over };
    }
}

/// The limited signal where its share is 1, the undisturbed one where it is 0, a mix between.
fn mix<S: Sample>(
    isa: Isa,
    out: &mut [S],
    wet: &[S; CHUNK],
    dry: &[S; CHUNK],
    shares: &[f32; CHUNK],
) {
    out.copy_from_slice(wet);
    if kernels::extent(isa, shares).0 != 1.0 {
        kernels::blend(isa, out, dry, shares);
    }
}

/// The first chunk of a slice.
fn chunk<T: Copy>(from: &[T]) -> [T; CHUNK] {
    match from.first_chunk() {
        Some(chunk) => *chunk,
        None => unreachable!("the plan gives every line and track at least one chunk"),
    }
}

/// Moves a line on by a chunk; the last chunk is left as it was.
fn shift<T: Copy>(line: &mut [T]) {
    line.copy_within(CHUNK.., 0);
}

/// Moves a line on by a chunk that comes in at its end.
fn append<T: Copy>(line: &mut [T], new: &[T; CHUNK]) {
    shift(line);
    let start = line.len() - CHUNK;
    line[start..].copy_from_slice(new);
}

fn lesser(a: f32, b: f32) -> f32 {
    if b < a { b } else { a }
}

fn greatest<T: Copy + PartialOrd>(values: &[T; 3]) -> T {
    let [a, b, c] = *values;
    let best = if b > a { b } else { a };
    if c > best { c } else { best }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::limiter::AIM_DB;
    use crate::dynamics::peak_detector::{BETA, GRID, kernel};
    use crate::math;
    use crate::units::gain_to_db;

    /// The figures of the limiter's module doc, from the kernel itself: the judged true peak stays
    /// below the ceiling for any input.
    #[test]
    fn the_residual_bound() {
        let [mut rise, mut fall, mut both, mut tail, mut widest] = [0.0_f64; 5];
        for point in 0..=64 {
            let tau = f64::from(point) / 64.0;
            let sum = |f: &dyn Fn(f64) -> f64| (1..=SIDE).map(|i| f(i as f64)).sum::<f64>();
            let h = |t: f64| if t.abs() > SIDE as f64 { 0.0 } else { kernel(t).abs() };
            let plus = sum(&|i| i * h(i - tau));
            let minus = sum(&|i| i * h(i + tau));
            rise = rise.max(plus);
            fall = fall.max(minus);
            both = both.max(plus + minus);
            tail = tail.max(sum(&|i| h(i + tau)));
            widest = widest.max(h(tau) + sum(&|i| h(i - tau)) + sum(&|i| h(i + tau)));
        }
        assert!((widest - 3.235).abs() < 1e-3 && tail < 0.987, "{widest} {tail}");
        let length = (TRIM_FRAMES + 1) as f64;
        let rho = rise.max(fall) / length + both / TRIM_RELEASE_FRAMES;
        assert!((rho - 0.0907).abs() < 1e-4, "{rho}");
        let mut excess = widest - 1.0;
        for _ in 1..STAGES {
            excess = rho * excess / (1.0 + excess) + TRIM_IDLE;
        }
        // Half the main lobe of the Kaiser window widens the band beyond fs/2.
        let band = math::PI + math::sqrt(BETA * BETA + math::PI * math::PI) / SIDE as f64;
        let grid_db = -gain_to_db(math::cos(band / (2.0 * GRID as f64)));
        assert!((grid_db - 0.0115).abs() < 1e-4, "{grid_db}");
        let total_db = AIM_DB + gain_to_db(1.0 + excess) + grid_db;
        assert!(total_db < 0.0, "{total_db}");
    }
}
