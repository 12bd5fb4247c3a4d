//! The chain of the limiter: stages of detection, gain curve and gain on delay lines.
//!
//! Everything moves in chunks of 64 frames of the absolute counter. Each channel has two lines, newest
//! sample at the end: the undisturbed one, and the one behind the first stage, on which the trims work in
//! place (`plan.rs` says why they may). A track holds a setting per frame from the input to the output,
//! so that each setting meets the frame that it was made for; one that stands is not written again.
//!
//! A trim computes peaks only where it may find any. What the stage before it has found, or bounded,
//! travels on in a line of bounds per frame, times the gain: with g the gain of that stage, which holds
//! |g\[k\]·x\[k\]| ≤ T, its output between n and n + 1 keeps
//!
//! |Y(t)| ≤ g\[n\]·|X(t)| + T·Σ|g\[k\] − g\[n\]|/g\[k\]·|h(t − k)| ≤ g\[n\]·|X(t)| + T·δ,
//! δ = min(M·steepest, λ·(highest − lowest))/lowest
//!
//! over the gains in reach of h, where M = max Σ|k − n|·|h(t − k)| = 16.8 and λ = max Σ|h|.

use super::bass::{BassSense, BassState};
use super::gain_log::GainLog;
use super::line::{advance, append, chunk, chunk_mut, next};
use super::lookahead::{ReleaseTimes, Work, release_factor};
use super::owner::{BASS_SEEN, Owner, Span, add_moved, cut, exceed, lesser, link, moved, of, tops};
use super::peak_detector::{CHUNK, Found, GROUP, GROUPS, PeakDetector, Reach};
use super::plan::Plan;
use super::reduction::ReductionStats;
use crate::audio::{PerChannel, Sample};
use crate::error::Error;
use crate::kernels::{self, Isa, ReleasePowers};

/// Time constant of a trim's release, frames (85 ms at 48 kHz): the shortest power of two for which the
/// residual bound stays below the ceiling. Half of it would exceed that by 0.001 dB; twice of it would
/// gain 0.002 dB and hold trims twice as long.
pub(super) const TRIM_RELEASE_FRAMES: f64 = 4096.0;
/// A trim leaves frames alone whose excess cannot be larger than this (linear; 0.0017 dB): of the
/// residual bound's room it takes 0.0019 dB and leaves 0.0029; twice of it would leave 0.0011.
pub(super) const TRIM_IDLE: f64 = 2e-4;
/// The output's meter does not look for a peak that exceeds the largest so far by less (0.0009 dB, which
/// no printed digit shows): else a rising tone would be searched at each crest.
const METER_STEP: f64 = 1.0 + 1e-4;

/// What a channel remembers besides its lines.
#[derive(Clone, Debug, Default)]
struct Channel<S> {
    owner: usize,
    /// What the last three chunks of input reach.
    reach: [Reach<S>; 3],
    bass: BassState,
}

/// What the processor decides for a chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Orders {
    pub(super) isa: Isa,
    /// Of the first stage.
    pub(super) release: ReleaseTimes,
    /// The release waits while the bass drives.
    pub(super) bass_hold: bool,
    /// Share of the loudest channel of a group in what moves the others, 0 to 1.
    pub(super) link: f64,
    /// The aim, where it has been the same for longer than the latency.
    pub(super) steady: Option<f32>,
    /// The output's peak is measured.
    pub(super) measure: bool,
    /// The limited signal alone has been heard for longer than the latency.
    pub(super) wet: bool,
}

/// The stages of all channels; samples and control values lie with the limiter.
#[derive(Debug)]
pub(super) struct Stages<S> {
    plan: Plan,
    trim_release: ReleaseTimes,
    detector: PeakDetector,
    bass: BassSense,
    channels: PerChannel<Channel<S>>,
    owners: PerChannel<Owner>,
    log: GainLog,
    /// Where the lines stand.
    place: usize,
    /// Every value of the tracks is the aim, or a share of 1.
    aims_rest: bool,
    wets_rest: bool,
    /// The aim for each frame, where it stands.
    steady_aims: [f32; CHUNK],
    /// Gains of a stage in hand.
    gains: [f32; CHUNK],
    /// Largest peak that the output's meter has found.
    measured: S,
}

impl<S: Sample> Stages<S> {
    /// The stages of a plan; `group_of` says which channels belong together, and `linked` whether
    /// they share one gain. Writes the detector's taps into `samples`.
    pub(super) fn new(
        isa: Isa,
        rate_hz: f64,
        plan: Plan,
        group_of: impl Fn(usize) -> usize,
        linked: bool,
        samples: &mut [S],
    ) -> Result<Self, Error> {
        let mut channels = PerChannel::<Channel<S>>::new(plan.channels())?;
        let mut owners = PerChannel::<Owner>::new(plan.owners())?;
        for (index, channel) in channels.iter_mut().enumerate() {
            channel.owner = if linked { group_of(index) } else { index };
            if let Some(owner) = owners.get_mut(channel.owner) {
                owner.group = group_of(index);
            }
        }
        let bank = samples.get_mut(..plan.bank_len()).unwrap_or_default();
        let detector = PeakDetector::new(isa, bank);
        let trim_release = ReleaseTimes {
            fast: ReleasePowers::new(release_factor(TRIM_RELEASE_FRAMES)),
            slow: 0.0,
        };
        Ok(Self {
            plan,
            trim_release,
            detector,
            bass: BassSense::new(rate_hz),
            channels,
            owners,
            log: GainLog::new(),
            place: 0,
            aims_rest: false,
            wets_rest: false,
            steady_aims: [1.0; CHUNK],
            gains: [1.0; CHUNK],
            measured: S::zero(),
        })
    }

    /// Where everything lies.
    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Lowest gain of the newest 64 frames of output, over all channels.
    pub(super) fn lowest_now(&self) -> f32 {
        self.owners.iter().fold(1.0, |lowest, owner| lesser(lowest, owner.lowest_now))
    }

    /// Lowest gain since the last reset, over all channels.
    pub(super) fn lowest(&self) -> f32 {
        self.owners.iter().fold(1.0, |lowest, owner| lesser(lowest, owner.lowest))
    }

    /// Gain reduction since the last reset.
    pub(super) fn statistics(&self) -> Option<ReductionStats> {
        self.log.stats(self.detector.isa())
    }

    /// Largest peak of the output so far, linear.
    pub(super) fn measured(&self) -> S {
        self.measured
    }

    /// Silence in the lines, gains of 1; the tracks are the caller's.
    pub(super) fn reset(&mut self, samples: &mut [S], control: &mut [f32]) {
        let plan = &self.plan;
        samples.iter_mut().skip(plan.bank_len()).for_each(|x| *x = S::zero());
        let owners = control.get_mut(2 * plan.track().memory_len()..).unwrap_or_default();
        let memories = owners.chunks_exact_mut(plan.owner_len().max(1)).take(plan.owners());
        for memory in memories {
            of(memory, plan.bounds_part()).fill(0.0);
            of(memory, plan.totals_part()).fill(1.0);
            for (stage, curve) in plan.curves().iter().enumerate() {
                curve.clear(of(memory, plan.history_part(stage)));
            }
        }
        for channel in self.channels.iter_mut() {
            *channel = Channel { owner: channel.owner, ..Channel::default() };
        }
        for owner in self.owners.iter_mut() {
            *owner = Owner { group: owner.group, ..Owner::default() };
        }
        self.log = GainLog::new();
        self.place = 0;
        self.aims_rest = false;
        self.wets_rest = false;
        self.measured = S::zero();
    }

    /// A chunk of input is complete: detect, turn into gains, apply, stage by stage. The exchange
    /// chunk of each channel turns from input into output. `aims` and `wets` are its settings.
    pub(super) fn run(
        &mut self,
        orders: &Orders,
        aims: &[f32; CHUNK],
        wets: &[f32; CHUNK],
        samples: &mut [S],
        control: &mut [f32],
    ) {
        self.place = next(self.place);
        let track = self.plan.track();
        let (bank, samples) = cut(samples, self.plan.bank_len());
        let (aim_track, control) = cut(control, track.memory_len());
        let (wet_track, control) = cut(control, track.memory_len());
        let (curves, scratch) = cut(control, self.plan.owners() * self.plan.owner_len());
        self.aims_rest = match orders.steady {
            Some(aim) if !self.aims_rest => {
                aim_track.fill(aim);
                self.steady_aims = [aim; CHUNK];
                true
            }
            Some(_) => true,
            None => {
                append(aim_track, track, self.place, aims);
                false
            }
        };
        let aims = track.line(aim_track, self.place);
        match orders.wet {
            true if self.wets_rest => {}
            true => wet_track.fill(1.0),
            false => {
                append(wet_track, track, self.place, wets);
            }
        }
        self.wets_rest = orders.wet;

        self.take_in(orders, samples);
        for stage in 0..=self.plan.last_stage() {
            self.detect(orders, stage, aims, bank, samples, curves);
            if orders.link < 1.0 {
                link(orders.link, &mut self.owners);
            }
            self.turn_down(orders, stage, samples, curves, scratch);
        }
        if orders.measure {
            self.meter(orders, bank, samples, curves);
        }
        self.give_out(orders, track.line(wet_track, self.place), samples);
        self.look(orders.isa, curves);
    }

    /// The exchange chunks join the lines.
    fn take_in(&mut self, orders: &Orders, samples: &mut [S]) {
        let Self { plan, detector, bass, channels, owners, place, .. } = self;
        let memories = samples.chunks_exact_mut(plan.channel_len());
        for (memory, channel) in memories.zip(channels.iter_mut()) {
            let Some((new, memory)) = memory.split_first_chunk_mut::<CHUNK>() else { return };
            let dry = plan.dry_part();
            let dry = memory.get_mut(dry.start - CHUNK..dry.end - CHUNK).unwrap_or_default();
            let line = append(dry, plan.dry(), *place, new);
            let newest = match plan.is_true_peak() {
                true => {
                    let start = line.len().saturating_sub(CHUNK + 2);
                    detector.look(line.get(start..).unwrap_or_default())
                }
                false => Reach { peak: kernels::peak(orders.isa, new), bend: S::zero() },
            };
            let [_, before, last] = channel.reach;
            channel.reach = [before, last, newest];
            if orders.bass_hold
                && bass.drives(&mut channel.bass, new, Reach::over(&channel.reach).peak)
                && let Some(owner) = owners.get_mut(channel.owner)
            {
                owner.bass = BASS_SEEN;
            }
        }
    }

    /// By how much the chunk that a stage examines exceeds its aim, and what bounds it keeps.
    fn detect(
        &mut self,
        orders: &Orders,
        stage: usize,
        aim_track: &[f32],
        bank: &[S],
        samples: &[S],
        curves: &mut [f32],
    ) {
        let Self { plan, detector, channels, owners, place, steady_aims, .. } = self;
        let (isa, place) = (orders.isa, *place);
        let moving;
        let (aims, limit) = match orders.steady {
            Some(aim) => (&*steady_aims, aim),
            None => {
                moving = plan.aims(aim_track, stage);
                (&moving, kernels::extent(isa, &moving).0)
            }
        };
        let memories = curves.chunks_exact_mut(plan.owner_len());
        for (index, (owner, memory)) in owners.iter_mut().zip(memories).enumerate() {
            if owner.exceeds {
                owner.over = [1.0; CHUNK];
                owner.exceeds = false;
            }
            let members = samples.chunks_exact(plan.channel_len()).zip(channels.iter());
            let members = members.filter(|(_, channel)| channel.owner == index);
            if !plan.is_true_peak() {
                for (memory, channel) in members {
                    if channel.reach[2].peak.as_f64() > f64::from(limit)
                        && let Some(new) = memory.first_chunk::<CHUNK>()
                    {
                        exceed(isa, &mut owner.over, new, aims);
                        owner.exceeds = true;
                    }
                }
                continue;
            }
            let all_bounds = of(memory, plan.bounds_part());
            if stage == 0 {
                advance(all_bounds, plan.bounds(), place);
            }
            let Some(known) = chunk_mut(all_bounds, place, plan.examined(stage)) else { return };
            // What the stage before has bounded.
            let start = match stage.checked_sub(1) {
                None => [f64::INFINITY; GROUPS],
                Some(before) => {
                    let Some(spans) = owner.spans.get(before) else { return };
                    let moved = moved(spans, detector);
                    add_moved(known, moved, orders.steady);
                    let most = limit * (1.0 + TRIM_IDLE as f32);
                    if moved <= TRIM_IDLE || kernels::peak(isa, known) <= most {
                        continue;
                    }
                    tops(isa, known, limit)
                }
            };
            let mut found = Found::new(S::from_f64(f64::from(limit)));
            let mut learnt = [0.0; GROUPS];
            for (memory, channel) in members {
                let context = plan.seen(memory, stage, place);
                found.bounds = start;
                let reach = match stage {
                    0 => Reach::over(&channel.reach),
                    _ => detector.look(context),
                };
                if detector.scan(bank, context, reach, &mut found) {
                    exceed(isa, &mut owner.over, &found.peaks, aims);
                    owner.exceeds = true;
                }
                for (learnt, &bound) in learnt.iter_mut().zip(&found.bounds) {
                    *learnt = bound.max(*learnt);
                }
            }
            for (part, learnt) in known.chunks_exact_mut(GROUP).zip(learnt) {
                #[expect(clippy::cast_possible_truncation, reason = "the bound has room")]
                let learnt = learnt as f32;
                match stage {
                    0 => part.fill(learnt),
                    _ => part.iter_mut().for_each(|known| *known = lesser(*known, learnt)),
                }
            }
        }
    }

    /// Turns what exceeds into gains and applies them to the chunk that leaves a stage.
    fn turn_down(
        &mut self,
        orders: &Orders,
        stage: usize,
        samples: &mut [S],
        curves: &mut [f32],
        scratch: &mut [f32],
    ) {
        let Self { plan, channels, owners, place, trim_release, bass, gains, .. } = self;
        let (isa, place) = (orders.isa, *place);
        let Some(curve) = plan.curves().get(stage) else { return };
        let memories = curves.chunks_exact_mut(plan.owner_len());
        for (index, (owner, memory)) in owners.iter_mut().zip(memories).enumerate() {
            let release = match stage {
                0 if orders.bass_hold => owner.held(isa, orders.release, bass.hold_chunks()),
                0 => orders.release,
                _ => *trim_release,
            };
            let history = of(memory, plan.history_part(stage));
            let Some(state) = owner.curves.get_mut(stage) else { return };
            let mut work = Work { isa, place, scratch };
            let over = owner.exceeds.then_some(&owner.over);
            let turns = curve.run(&mut work, state, release, history, over, gains);
            let members = samples
                .chunks_exact_mut(plan.channel_len())
                .zip(channels.iter())
                .filter_map(|(memory, channel)| (channel.owner == index).then_some(memory));
            if !plan.is_true_peak() {
                owner.lowest_now = if turns { kernels::extent(isa, gains).0 } else { 1.0 };
                owner.total = *gains;
                let moves = owner.lowest_now < 1.0;
                members.for_each(|memory| {
                    plan.turn_into(isa, memory, place, moves.then_some(&*gains));
                });
                continue;
            }
            let Some(spans) = owner.spans.get_mut(stage) else { return };
            let span = match turns {
                true => Span::of(isa, gains, spans[2].last),
                false => Span::STILL,
            };
            *spans = [spans[1], spans[2], span];
            let moves = span.low < 1.0;
            if moves {
                let leaving = plan.bounds_leaving(stage);
                if let Some(bounds) = chunk_mut(of(memory, plan.bounds_part()), place, leaving) {
                    kernels::apply_gains(isa, bounds, gains);
                }
            }
            let totals = of(memory, plan.totals_part());
            if stage == 0 {
                owner.begin(plan, totals, place, moves.then_some(&*gains));
                members.for_each(|memory| {
                    plan.turn_into(isa, memory, place, moves.then_some(&*gains));
                });
            } else if moves {
                owner.rests = 0;
                if let Some(totals) = chunk_mut(totals, place, plan.leaving(plan.totals(), stage)) {
                    kernels::apply_gains(isa, totals, gains);
                }
                members.for_each(|memory| {
                    let wet = of(memory, plan.wet_part());
                    if let Some(out) = chunk_mut(wet, place, plan.leaving(plan.wet(), stage)) {
                        kernels::apply_gains(isa, out, gains);
                    }
                });
            }
        }
    }

    /// The largest peak of the output, 64 frames late: as far as a peak between the samples is known.
    fn meter(&mut self, orders: &Orders, bank: &[S], samples: &[S], curves: &mut [f32]) {
        let Self { plan, detector, channels, owners, place, measured, .. } = self;
        let curves = curves.chunks_exact_mut(plan.owner_len());
        for (index, (owner, curve)) in owners.iter().zip(curves).enumerate() {
            let memories = samples.chunks_exact(plan.channel_len()).zip(channels.iter());
            let memories = memories.filter(|(_, channel)| channel.owner == index);
            if !plan.is_true_peak() {
                for (memory, _) in memories {
                    let out = memory.get(CHUNK..2 * CHUNK).unwrap_or_default();
                    let peak = kernels::peak(orders.isa, out);
                    *measured = if peak > *measured { peak } else { *measured };
                }
                continue;
            }
            let last = plan.last_stage();
            let all_bounds = of(curve, plan.bounds_part());
            let Some(known) = chunk_mut(all_bounds, *place, plan.examined(last + 1)) else {
                return;
            };
            let Some(spans) = owner.spans.get(last) else { return };
            add_moved(known, moved(spans, detector), orders.steady);
            let limit = measured.as_f64() * METER_STEP;
            if f64::from(kernels::peak(orders.isa, known)) <= limit {
                continue;
            }
            for (memory, _) in memories {
                let mut found = Found::new(S::from_f64(measured.as_f64() * METER_STEP));
                found.bounds = tops(orders.isa, known, 0.0);
                let context = plan.seen(memory, last + 1, *place);
                detector.scan(bank, context, detector.look(context), &mut found);
                *measured = if found.largest > *measured { found.largest } else { *measured };
            }
        }
    }

    /// By how much the output of the chunk before the newest one exceeds `aim`, per frame, over all
    /// channels.
    pub(super) fn exceeding(&self, aim: f32, samples: &[S]) -> [f32; CHUNK] {
        // What reaches the aim but for rounding is no excess (0.0001 dB).
        let aim = aim * (1.0 + 1e-5);
        let plan = &self.plan;
        let (bank, samples) = samples.split_at(plan.bank_len().min(samples.len()));
        let mut over = [1.0; CHUNK];
        for memory in samples.chunks_exact(plan.channel_len()) {
            let context = plan.seen(memory, plan.last_stage() + 1, self.place);
            let mut found = Found::new(S::from_f64(f64::from(aim)));
            if self.detector.scan(bank, context, self.detector.look(context), &mut found) {
                exceed(self.detector.isa(), &mut over, &found.peaks, &[aim; CHUNK]);
            }
        }
        over
    }

    /// What goes out is the limited signal where its share is 1, the undisturbed one where it is 0, a
    /// mix between.
    fn give_out(&mut self, orders: &Orders, wets: &[f32], samples: &mut [S]) {
        let (plan, place) = (&self.plan, self.place);
        let wets: Option<[f32; CHUNK]> = (!orders.wet).then(|| chunk(wets, 0));
        for memory in samples.chunks_exact_mut(plan.channel_len()) {
            let Some((ends, lines)) = memory.split_first_chunk_mut::<{ 2 * CHUNK }>() else {
                return;
            };
            let Some(out) = ends.last_chunk_mut::<CHUNK>() else { return };
            if plan.is_true_peak()
                && let wet = plan.wet_part().start - 2 * CHUNK + plan.output(plan.wet()).start
                && let Some(limited) = lines.get(wet + place..)
                && let Some(limited) = limited.first_chunk()
            {
                *out = *limited;
            }
            if let Some(wets) = &wets {
                let dry = lines.get(plan.dry_part().start - 2 * CHUNK..).unwrap_or_default();
                let dry = plan.undisturbed(plan.dry().line(dry, place));
                kernels::blend(orders.isa, out, &dry, wets);
            }
        }
    }

    /// The read-outs.
    fn look(&mut self, isa: Isa, curves: &mut [f32]) {
        let Self { plan, owners, log, place, .. } = self;
        let mut lowest = 1.0;
        let memories = curves.chunks_exact_mut(plan.owner_len());
        for (owner, memory) in owners.iter_mut().zip(memories) {
            if plan.is_true_peak() {
                let totals = of(memory, plan.totals_part());
                owner.lowest_now = match chunk_mut(totals, *place, plan.output(plan.totals())) {
                    Some(total) if !owner.all_rest(plan) => kernels::extent(isa, total).0,
                    _ => 1.0,
                };
            }
            owner.lowest = lesser(owner.lowest, owner.lowest_now);
            lowest = lesser(lowest, owner.lowest_now);
        }
        log.take(isa, lowest);
    }

    /// The gain of each frame that the newest chunk of output has had, the lowest of all channels.
    pub(super) fn output_gains(&self, control: &[f32]) -> [f32; CHUNK] {
        let plan = &self.plan;
        let curves = control.get(2 * plan.track().memory_len()..).unwrap_or_default();
        let mut lowest = [1.0; CHUNK];
        for (owner, memory) in self.owners.iter().zip(curves.chunks_exact(plan.owner_len())) {
            let mut gains = owner.total;
            if plan.is_true_peak() {
                let totals = memory.get(plan.totals_part()).unwrap_or_default();
                gains = chunk(totals, self.place + plan.output(plan.totals()).start);
            }
            lowest.iter_mut().zip(gains).for_each(|(low, gain)| *low = lesser(*low, gain));
        }
        lowest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::limiter_setup::AIM_DB;
    use crate::dynamics::peak_detector::{BETA, GRID, KERNEL_ERROR, SIDE, kernel};
    use crate::dynamics::plan::{STAGES, TRIM_FRAMES};
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
        assert!((rho - 0.0866).abs() < 1e-4, "{rho}");
        assert!((both - 16.8).abs() < 0.1, "{both}");
        let mut excess = widest - 1.0;
        for _ in 1..STAGES {
            excess = rho * excess / (1.0 + excess) + TRIM_IDLE;
        }
        // Half the main lobe of the Kaiser window widens the band beyond fs/2.
        let band = math::PI + math::sqrt(BETA * BETA + math::PI * math::PI) / SIDE as f64;
        let grid_db = -gain_to_db(math::cos(band / (2.0 * GRID as f64)));
        assert!((grid_db - 0.0115).abs() < 1e-4, "{grid_db}");
        let total_db = AIM_DB + gain_to_db(1.0 + excess + KERNEL_ERROR) + grid_db;
        assert!(total_db < 0.0, "{total_db}");
    }
}
