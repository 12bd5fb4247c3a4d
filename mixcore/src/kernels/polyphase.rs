//! Outputs between the samples by a bank of FIR phases, for a rational change of the sample rate.
//! Lane axis: taps.
//!
//! Outputs come in groups of eight, counted from the start of the stream. A group reads one stretch of
//! the line, and the bank has the eight rows that it needs one after the other, each with its taps
//! moved to where its own window lies in that stretch: loads of the line serve all of them. An output
//! is a sum of products in as many lanes as a half vector has, 8 of f32 or 4 of f64 (lane: the index
//! in the stretch modulo their number), folded by one fixed tree. Which group an output belongs to
//! depends on its number alone, so no split of the stream changes a bit.

use fearless_simd::{Simd, prelude::*};

use super::isa::Isa;
use super::lanes::Lanes;
use super::sample::Sample;

/// Outputs of a group.
const GROUP: usize = 8;
/// Outputs that run together for two channels: half a group.
const QUAD: usize = 4;

/// A bank must have a row for every output of a period, and whole groups: with fewer phases than this
/// several turns of them make a period.
const FEW: usize = 16;

/// How a bank lies in memory and how far an output is from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhasePlan {
    up: usize,
    down: usize,
    taps: usize,
    /// Rows after which everything repeats, and the samples that pass meanwhile.
    period: usize,
    advance: usize,
    /// Samples that a group reads: the length of a row.
    read: usize,
}

/// Where an output stands: the first sample of the line that its group reads, and its row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhasePlace {
    /// Index of the sample.
    pub start: usize,
    /// Row of the bank.
    pub row: usize,
}

impl PhasePlan {
    /// `up` phases of `taps` taps, an output every `down/up` samples of type `S`; 0 counts as 1.
    #[must_use]
    pub fn new<S: Sample>(up: usize, down: usize, taps: usize) -> Self {
        let (up, down, taps) = (up.max(1), down.max(1), taps.max(1));
        let turns = if up < FEW { GROUP } else { 1 };
        let reach = taps + ((GROUP - 1) * down).div_ceil(up);
        let read = reach.next_multiple_of(S::HALF);
        Self { up, down, taps, period: up * turns, advance: down * turns, read }
    }

    /// Taps of a row.
    #[must_use]
    pub fn taps(&self) -> usize {
        self.taps
    }

    /// Rows that a bank has to be filled with.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.period
    }

    /// Samples that must lie in the line from the start of a place on.
    #[must_use]
    pub fn read_len(&self) -> usize {
        self.read
    }

    /// Samples of a bank.
    #[must_use]
    pub fn bank_len(&self) -> usize {
        self.period.next_multiple_of(GROUP) * self.read
    }

    /// The phase of a row: `up` of them make a sample.
    #[must_use]
    pub fn phase(&self, row: usize) -> usize {
        (row * self.down).checked_rem(self.up).unwrap_or(0)
    }

    /// The taps of a row in a bank, in correlation order: the last one meets the newest sample.
    pub fn row_mut<'a, S>(&self, bank: &'a mut [S], row: usize) -> Option<&'a mut [S]> {
        let shift = self.start(row) - self.group_start(row);
        let from = row * self.read + shift;
        bank.get_mut(from..from + self.taps)
    }

    /// The sample after the window of the output `count` places further.
    #[must_use]
    pub fn end_of(&self, place: PhasePlace, count: usize) -> usize {
        let row = place.row.saturating_add(count);
        let way = self.start(row).saturating_sub(self.group_start(place.row));
        place.start.saturating_add(way).saturating_add(self.taps)
    }

    /// The place `count` outputs further.
    #[must_use]
    pub fn after(&self, place: PhasePlace, count: usize) -> PhasePlace {
        let row = place.row.saturating_add(count);
        let turns = row.checked_div(self.period).unwrap_or(0);
        let left = row.checked_rem(self.period).unwrap_or(0);
        let way = turns.saturating_mul(self.advance).saturating_add(self.group_start(left));
        let way = way.saturating_sub(self.group_start(place.row));
        PhasePlace { start: place.start.saturating_add(way), row: left }
    }

    /// How many windows from `place` on start at or before the sample `last`.
    #[must_use]
    pub fn outputs_until(&self, place: PhasePlace, last: usize) -> usize {
        let Some(samples) = last.checked_sub(place.start) else { return 0 };
        // ⌊row·down/up⌋ ≤ samples from the start of the period.
        let samples = samples.saturating_add(self.group_start(place.row)).saturating_add(1);
        let room = samples.saturating_mul(self.up).saturating_add(self.down - 1);
        room.checked_div(self.down).unwrap_or(0).saturating_sub(place.row)
    }

    /// How many outputs from `place` on find all that they read in the line and the bank.
    pub(super) fn within(&self, place: PhasePlace, line: usize, bank: usize) -> usize {
        if bank < self.bank_len() || place.row >= self.period {
            return 0;
        }
        line.checked_sub(self.read).map_or(0, |last| self.outputs_until(place, last))
    }

    /// Samples from the start of a period to the first one of a row's window.
    fn start(&self, row: usize) -> usize {
        row.saturating_mul(self.down).checked_div(self.up).unwrap_or(0)
    }

    /// The same for the first row of a row's group.
    fn group_start(&self, row: usize) -> usize {
        self.start(row - row % GROUP)
    }

    /// The rows from `row` on, of which `U` run together.
    #[inline(always)]
    fn rows_of<'a, S, const U: usize>(&self, bank: &'a [S], row: usize) -> Option<[&'a [S]; U]> {
        let mut rest = bank.get(row.wrapping_mul(self.read)..)?;
        let mut rows: [&[S]; U] = [&[]; U];
        for row in &mut rows {
            (*row, rest) = rest.split_at_checked(self.read)?;
        }
        Some(rows)
    }
}

/// The way of a kernel through the outputs, in units of `U` that divide a group.
struct Walk {
    place: PhasePlace,
    /// Phases that the group's stretch starts before its first output.
    phase: usize,
    /// What a group adds: whole samples and phases.
    whole: usize,
    part: usize,
    /// From the start of the last group to the next period.
    last: usize,
}

impl Walk {
    fn new(plan: &PhasePlan, place: PhasePlace) -> Self {
        Self {
            place,
            phase: plan.phase(place.row - place.row % GROUP),
            whole: plan.start(GROUP),
            part: plan.phase(GROUP),
            last: plan.advance - plan.group_start(plan.period - 1),
        }
    }

    /// The first row of the unit, and which of its outputs come next.
    #[inline(always)]
    fn unit<const U: usize>(&self, plan: &PhasePlan) -> (usize, usize, usize) {
        let skip = self.place.row % U;
        let row = self.place.row.wrapping_sub(skip);
        (row, skip, U.min(plan.period.wrapping_sub(row)))
    }

    /// Goes on by outputs of one unit.
    #[inline(always)]
    fn pass(&mut self, plan: &PhasePlan, count: usize) {
        self.place.row = self.place.row.wrapping_add(count);
        if self.place.row >= plan.period {
            self.place.start = self.place.start.wrapping_add(self.last);
            (self.place.row, self.phase) = (0, 0);
        } else if self.place.row.is_multiple_of(GROUP) {
            self.place.start = self.place.start.wrapping_add(self.whole);
            self.phase = self.phase.wrapping_add(self.part);
            if self.phase >= plan.up {
                self.phase = self.phase.wrapping_sub(plan.up);
                self.place.start = self.place.start.wrapping_add(1);
            }
        }
    }
}

/// The outputs of one channel from `place` on, as many as `out` holds; returns the next place after
/// those that were written.
///
/// An output is Σ_k taps\[k\] · line\[start + k\]. The line is finite, and holds
/// [`PhasePlan::read_len`] samples from the start of an output's window on. Outputs for which it does
/// not stay as they are, all of them where the bank is not complete or the place is none.
pub fn phase_dots<S: Sample>(
    isa: Isa,
    plan: &PhasePlan,
    bank: &[S],
    place: PhasePlace,
    line: &[S],
    out: &mut [S],
) -> PhasePlace {
    S::phase_dots(isa, plan, bank, place, line, out)
}

#[inline(always)]
pub(super) fn phase_dots_lanes<I: Simd, S: Sample>(
    simd: I,
    plan: &PhasePlan,
    bank: &[S],
    place: PhasePlace,
    line: &[S],
    out: &mut [S],
) -> PhasePlace {
    let plan = *plan;
    let frames = out.len().min(plan.within(place, line.len(), bank.len()));
    let mut out = out.get_mut(..frames).unwrap_or_default();
    if out.is_empty() {
        return place;
    }
    let mut walk = Walk::new(&plan, place);
    while !out.is_empty() {
        let (row, skip, end) = walk.unit::<GROUP>(&plan);
        let rows = plan.rows_of::<S, GROUP>(bank, row);
        let line = line.get(walk.place.start..).and_then(|line| line.get(..plan.read));
        let (Some(rows), Some(line)) = (rows, line) else { break };
        let [low, high] = one_line(simd, line, rows);
        let mut group = [S::zero(); GROUP];
        let halves = [<S as Lanes>::fold(simd, low), <S as Lanes>::fold(simd, high)];
        for (to, from) in group.as_chunks_mut::<QUAD>().0.iter_mut().zip(halves) {
            *to = from;
        }
        let count = put(&mut out, &group, skip, end);
        walk.pass(&plan, count);
    }
    walk.place
}

/// [`phase_dots`] of two channels, which share the taps they load; the shorter line and the shorter
/// output count.
pub fn phase_dots_two<S: Sample>(
    isa: Isa,
    plan: &PhasePlan,
    bank: &[S],
    place: PhasePlace,
    lines: [&[S]; 2],
    outs: [&mut [S]; 2],
) -> PhasePlace {
    S::phase_dots_two(isa, plan, bank, place, lines, outs)
}

#[inline(always)]
pub(super) fn phase_dots_two_lanes<I: Simd, S: Sample>(
    simd: I,
    plan: &PhasePlan,
    bank: &[S],
    place: PhasePlace,
    lines: [&[S]; 2],
    outs: [&mut [S]; 2],
) -> PhasePlace {
    let plan = *plan;
    let [x, y] = lines;
    let [left, right] = outs;
    let frames = plan.within(place, x.len().min(y.len()), bank.len());
    let frames = frames.min(left.len()).min(right.len());
    let mut left = left.get_mut(..frames).unwrap_or_default();
    let mut right = right.get_mut(..frames).unwrap_or_default();
    if left.is_empty() {
        return place;
    }
    let mut walk = Walk::new(&plan, place);
    while !left.is_empty() {
        let (row, skip, end) = walk.unit::<QUAD>(&plan);
        let rows = plan.rows_of::<S, QUAD>(bank, row);
        let x = x.get(walk.place.start..).and_then(|line| line.get(..plan.read));
        let y = y.get(walk.place.start..).and_then(|line| line.get(..plan.read));
        let (Some(rows), Some(x), Some(y)) = (rows, x, y) else { break };
        let [a, b] = two_lines(simd, [x, y], rows);
        let count = put(&mut left, &<S as Lanes>::fold(simd, a), skip, end);
        put(&mut right, &<S as Lanes>::fold(simd, b), skip, end);
        walk.pass(&plan, count);
    }
    walk.place
}

/// Moves the values of a unit from `skip` to `end` to the front of what is left to write; returns
/// how many.
#[inline(always)]
fn put<S: Copy, const U: usize>(
    out: &mut &mut [S],
    unit: &[S; U],
    skip: usize,
    end: usize,
) -> usize {
    let left = core::mem::take(out);
    if skip == 0 && end == U && left.len() >= U {
        if let Some((to, rest)) = left.split_first_chunk_mut() {
            *to = *unit;
            *out = rest;
        }
        return U;
    }
    let values = unit.get(skip..end).unwrap_or_default();
    let count = values.len().min(left.len());
    let (to, rest) = left.split_at_mut_checked(count).unwrap_or_default();
    for (to, from) in to.iter_mut().zip(values) {
        *to = *from;
    }
    *out = rest;
    count
}

#[inline(always)]
fn one_line<I: Simd, S: Sample>(simd: I, x: &[S], rows: [&[S]; GROUP]) -> [[S::H<I>; 4]; 2] {
    let mut low = [S::H::<I>::splat(simd, S::zero()); 4];
    let mut high = low;
    let x = x.chunks_exact(S::HALF);
    let [a, b, c, d, e, f, g, h] = rows.map(|row| row.chunks_exact(S::HALF));
    let rows = a.zip(b).zip(c.zip(d)).zip(e.zip(f).zip(g.zip(h)));
    for (x, (((a, b), (c, d)), ((e, f), (g, h)))) in x.zip(rows) {
        let x = S::H::<I>::from_slice(simd, x);
        low[0] += S::H::<I>::from_slice(simd, a) * x;
        low[1] += S::H::<I>::from_slice(simd, b) * x;
        low[2] += S::H::<I>::from_slice(simd, c) * x;
        low[3] += S::H::<I>::from_slice(simd, d) * x;
        high[0] += S::H::<I>::from_slice(simd, e) * x;
        high[1] += S::H::<I>::from_slice(simd, f) * x;
        high[2] += S::H::<I>::from_slice(simd, g) * x;
        high[3] += S::H::<I>::from_slice(simd, h) * x;
    }
    [low, high]
}

#[inline(always)]
fn two_lines<I: Simd, S: Sample>(
    simd: I,
    lines: [&[S]; 2],
    rows: [&[S]; QUAD],
) -> [[S::H<I>; 4]; 2] {
    let mut left = [S::H::<I>::splat(simd, S::zero()); 4];
    let mut right = left;
    let [x, y] = lines.map(|line| line.chunks_exact(S::HALF));
    let [a, b, c, d] = rows.map(|row| row.chunks_exact(S::HALF));
    for ((x, y), ((a, b), (c, d))) in x.zip(y).zip(a.zip(b).zip(c.zip(d))) {
        let x = S::H::<I>::from_slice(simd, x);
        let y = S::H::<I>::from_slice(simd, y);
        let [a, b, c, d] = [
            S::H::<I>::from_slice(simd, a),
            S::H::<I>::from_slice(simd, b),
            S::H::<I>::from_slice(simd, c),
            S::H::<I>::from_slice(simd, d),
        ];
        left[0] += a * x;
        right[0] += a * y;
        left[1] += b * x;
        right[1] += b * y;
        left[2] += c * x;
        right[2] += c * y;
        left[3] += d * x;
        right[3] += d * y;
    }
    [left, right]
}
