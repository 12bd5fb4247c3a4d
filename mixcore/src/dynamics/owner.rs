//! A gain curve of the limiter with the channels that follow it, and what travels from stage to stage.

use super::bass::CREST;
use super::line::append;
use super::lookahead::{LookAheadState, ReleaseTimes};
use super::peak_detector::{CHUNK, GROUP, GROUPS, PeakDetector};
use super::plan::{Part, Plan, STAGES};
use super::stages::TRIM_IDLE;
use crate::audio::Sample;
use crate::kernels::{self, Isa, ReleasePowers};
use crate::math;

/// Gains of a stage in one chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) low: f32,
    pub(super) high: f32,
    /// Largest step from frame to frame, the one into the chunk included.
    pub(super) steepest: f32,
    pub(super) last: f32,
}

impl Span {
    pub(super) const STILL: Self = Self { low: 1.0, high: 1.0, steepest: 0.0, last: 1.0 };

    pub(super) fn of(isa: Isa, gains: &[f32; CHUNK], before: f32) -> Self {
        let (low, high) = kernels::extent(isa, gains);
        let [first, .., last] = *gains;
        if low == high && first == before {
            return Self { low, high, steepest: 0.0, last };
        }
        let step = (first - before).abs();
        let steepest = kernels::steepest(isa, gains);
        Self { low, high, steepest: if step > steepest { step } else { steepest }, last }
    }
}

/// A gain curve with the channels that follow it.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    /// The channels that its peaks move, as far as the link goes.
    pub(super) group: usize,
    pub(super) curves: [LookAheadState; STAGES],
    /// The last three chunks of each stage's gains.
    pub(super) spans: [[Span; 3]; STAGES],
    /// By how much the chunk under examination exceeds its aim.
    pub(super) over: [f32; CHUNK],
    /// Anything does.
    pub(super) exceeds: bool,
    /// Bounds of the peaks behind each stage: of the chunk that the next stage examines, and of the
    /// one after it.
    pub(super) waiting: [[[f32; CHUNK]; 2]; STAGES],
    /// Which of the two is written in this chunk.
    pub(super) turn: usize,
    /// Chunks since a gain along the totals of a stage was not 1, as far as it matters.
    pub(super) unity: [usize; STAGES],
    /// The gain so far of the chunk that leaves a stage.
    pub(super) total: [f32; CHUNK],
    /// Chunks for which the bass is remembered, and for which the release waits.
    pub(super) bass: u32,
    pub(super) hold: u32,
    /// Lowest gain of the newest chunk of output, and since the last reset.
    pub(super) lowest_now: f32,
    pub(super) lowest: f32,
}

impl Default for Owner {
    fn default() -> Self {
        Self {
            group: 0,
            curves: Default::default(),
            spans: [[Span::STILL; 3]; STAGES],
            over: [1.0; CHUNK],
            exceeds: false,
            waiting: [[[0.0; CHUNK]; 2]; STAGES],
            turn: 0,
            unity: [0; STAGES],
            total: [1.0; CHUNK],
            bass: 0,
            hold: 0,
            lowest_now: 1.0,
            lowest: 1.0,
        }
    }
}

/// Chunks between the one that comes in and the one that is examined, itself included: for so long
/// the bass is remembered.
pub(super) const BASS_SEEN: u32 = 2;

impl Owner {
    /// Of what left a stage before the newest chunk: the spans of its gains, and its bounds.
    pub(super) fn left(&self, stage: usize) -> Option<(&[Span; 3], &[f32; CHUNK])> {
        Some((self.spans.get(stage)?, self.waiting.get(stage)?.get(1 - self.turn)?))
    }

    /// The gain so far of what leaves a stage.
    pub(super) fn add_up(
        &mut self,
        isa: Isa,
        plan: &Plan,
        memory: &mut [f32],
        place: usize,
        stage: usize,
        gains: Option<&[f32; CHUNK]>,
    ) {
        let totals = of(memory, plan.totals_part(stage));
        let so_far = if stage == 0 { [1.0; CHUNK] } else { self.total };
        let Some(rests) = self.unity.get_mut(stage) else { return };
        if stage == 0 || so_far == [1.0; CHUNK] {
            // Where all gains of a line are 1 it stands as it is.
            if *rests * CHUNK <= plan.totals(stage).len() {
                *rests += 1;
                if *rests * CHUNK > plan.totals(stage).len() {
                    totals.fill(1.0);
                }
            }
        } else {
            *rests = 0;
        }
        self.total = if *rests * CHUNK > plan.totals(stage).len() {
            [1.0; CHUNK]
        } else {
            plan.leaving(append(totals, plan.totals(stage), place, &so_far), stage)
        };
        if let Some(gains) = gains {
            kernels::apply_gains(isa, &mut self.total, gains);
        }
    }

    /// The release while the bass drives: none.
    pub(super) fn held(
        &mut self,
        isa: Isa,
        release: ReleaseTimes,
        hold_chunks: u32,
    ) -> ReleaseTimes {
        if self.bass > 0 {
            self.bass -= 1;
            let [first, ..] = &self.curves;
            let over = if self.exceeds { f64::from(kernels::peak(isa, &self.over)) } else { 1.0 };
            if over > 1.0 && 1.0 - 1.0 / over >= CREST * first.reduction() {
                self.hold = hold_chunks;
            }
        }
        if self.hold == 0 {
            return release;
        }
        self.hold -= 1;
        ReleaseTimes { fast: ReleasePowers::new(1.0), ..release }
    }
}

/// δ of the module doc.
pub(super) fn moved(spans: &[Span; 3], detector: &PeakDetector) -> f64 {
    if spans.iter().all(|span| span.steepest == 0.0) {
        return 0.0;
    }
    let low = spans.iter().fold(f32::INFINITY, |low, span| lesser(low, span.low));
    let high = spans.iter().fold(0.0, |high, span| greater(high, span.high));
    let steepest = spans.iter().fold(0.0, |steepest, span| greater(steepest, span.steepest));
    let by_span = (f64::from(high) - f64::from(low)) * detector.widest();
    let by_step = f64::from(steepest) * detector.moment();
    by_span.min(by_step) / f64::from(low)
}

/// What the peaks behind a stage keep, where the aim has stood still.
pub(super) fn bounds(waiting: &[f32; CHUNK], moved: f64, steady: Option<f32>) -> [f32; CHUNK] {
    let Some(aim) = steady else { return [f32::INFINITY; CHUNK] };
    #[expect(clippy::cast_possible_truncation, reason = "TRIM_IDLE has room for the rounding")]
    let more = (f64::from(aim) * moved) as f32;
    waiting.map(|bound| bound + more)
}

/// The largest bound of each group; `limit` where it is beyond that by no more than a trim may leave
/// alone.
pub(super) fn tops(known: &[f32; CHUNK], limit: f32) -> [f64; GROUPS] {
    let mut tops = [0.0; GROUPS];
    for (top, part) in tops.iter_mut().zip(known.chunks_exact(GROUP)) {
        let most = f64::from(part.iter().fold(0.0, |most, &bound| greater(most, bound)));
        let limit = f64::from(limit);
        *top = if most <= limit * (1.0 + TRIM_IDLE) { most.min(limit) } else { most };
    }
    tops
}

/// Each channel moves with the loudest of its group by a share, in decibels.
pub(super) fn link(share: f64, owners: &mut [Owner]) {
    for index in 0..owners.len() {
        let Some(owner) = owners.get(index) else { return };
        // Each group once, from its first owner.
        let group = owner.group;
        if owners.iter().take(index).any(|before| before.group == group) {
            continue;
        }
        let mut most = [1.0_f32; CHUNK];
        for owner in owners.iter().filter(|owner| owner.group == group) {
            most.iter_mut().zip(&owner.over).for_each(|(most, &over)| *most = greater(*most, over));
        }
        if share == 0.0 || most.iter().all(|&most| most == 1.0) {
            continue;
        }
        let logs = most.map(|most| if most > 1.0 { math::log2(f64::from(most)) } else { 0.0 });
        for owner in owners.iter_mut().filter(|owner| owner.group == group) {
            owner.exceeds = true;
            for (over, &log) in owner.over.iter_mut().zip(&logs).filter(|(_, log)| **log > 0.0) {
                let own = if *over > 1.0 { math::log2(f64::from(*over)) } else { 0.0 };
                let both = math::exp2(own + share * (log - own));
                #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
                let both = both as f32;
                // Rounding must not lower what the channel itself needs.
                *over = greater(*over, both);
            }
        }
    }
}

/// `over = max(over, |peaks| / aims)`.
#[inline(always)]
pub(super) fn exceed<S: Sample>(
    isa: Isa,
    over: &mut [f32; CHUNK],
    peaks: &[S; CHUNK],
    aims: &[f32; CHUNK],
) {
    #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
    let peaks: [f32; CHUNK] = core::array::from_fn(|n| peaks[n].as_f64().abs() as f32);
    kernels::exceed(isa, &peaks, aims, over);
}

/// A stretch of a memory that the plan has made long enough.
pub(super) fn of<T>(memory: &mut [T], part: Part) -> &mut [T] {
    memory.get_mut(part).unwrap_or_default()
}

/// The first `len` values and the rest.
pub(super) fn cut<T>(memory: &mut [T], len: usize) -> (&mut [T], &mut [T]) {
    let len = len.min(memory.len());
    memory.split_at_mut(len)
}

#[inline(always)]
pub(super) fn lesser(a: f32, b: f32) -> f32 {
    if b < a { b } else { a }
}

#[inline(always)]
pub(super) fn greater(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}
