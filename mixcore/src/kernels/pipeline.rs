//! Up to eight biquads in series for a pair of channels or for one. Lane axis: bands x channels.
//!
//! A cascade waits: band 1 needs what band 0 has just computed. Here band b works on sample n − b
//! while band 0 works on sample n, so all bands are independent within a step, and one step of four
//! vectors moves 8 bands x 2 channels on by one frame; with one channel the vectors are half as wide
//! (`kernels/pipeline_form.rs`). What leaves the last band belongs to the
//! sample that came in bands − 1 steps ago; the steps before the first and after the last sample
//! are run with the lanes that have none standing still, so nothing is delayed and every split of
//! a signal gives the same bits. Per band, transposed direct form II:
//!
//! > y = b0·x + s1, s1' = (b1·x + s2) − a1·y, s2' = b2·x − a2·y
//!
//! While a band moves, its coefficients run straight, c = start + step·p at p frames from the
//! segment's origin, and y + dry·(x − y) goes on to the next band.

use fearless_simd::{Simd, f64x4, prelude::*};

use super::cascade::Section;
use super::isa::{Isa, dispatch};
use super::pipeline_form::{Form, One, Pair, Quad};
use super::settle::settled_lanes;

/// Bands that run side by side.
pub const PIPE_BANDS: usize = 8;
/// Two bands of two channels share a vector.
const VECTORS: usize = PIPE_BANDS / 2;
/// b0, b1, b2, a1, a2 and the dry share.
const COEFFICIENTS: usize = 6;

/// States of a pair of channels: s1 and s2 of every vector.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PipeState([[Quad; 2]; VECTORS]);

impl PipeState {
    /// Forgets what a band has heard.
    pub fn clear(&mut self, band: usize) {
        if let Some(vector) = self.0.get_mut(band / 2) {
            for quad in vector {
                for (lane, state) in quad.iter_mut().enumerate() {
                    if lane / 2 == band % 2 {
                        *state = 0.0;
                    }
                }
            }
        }
    }

    /// s1 and s2 of a band and channel.
    pub(super) fn of(&mut self, band: usize, channel: usize) -> Option<[&mut f64; 2]> {
        let [s1, s2] = self.0.get_mut(band / 2)?;
        let lane = 2 * (band % 2) + channel;
        Some([s1.get_mut(lane)?, s2.get_mut(lane)?])
    }
}

/// Up to eight bands: coefficients, and how they move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PipeBands {
    start: [[Quad; COEFFICIENTS]; VECTORS],
    step: [[Quad; COEFFICIENTS]; VECTORS],
    bands: usize,
    moving: bool,
}

/// What a band is, or by how much it changes per frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PipeBand {
    /// The filter.
    pub section: Section,
    /// Share of the band's input in what it gives on; 0 is the filter alone.
    pub dry: f64,
}

impl PipeBand {
    /// Lets everything through, bit for bit.
    pub const OFF: Self = Self { section: Section { b: [1.0, 0.0, 0.0], a: [0.0, 0.0] }, dry: 0.0 };
    /// Stands still.
    pub const STILL: Self =
        Self { section: Section { b: [0.0, 0.0, 0.0], a: [0.0, 0.0] }, dry: 0.0 };

    fn coefficients(&self) -> [f64; COEFFICIENTS] {
        let Section { b, a } = self.section;
        [b[0], b[1], b[2], a[0], a[1], self.dry]
    }

    fn of([b0, b1, b2, a1, a2, dry]: [f64; COEFFICIENTS]) -> Self {
        Self { section: Section { b: [b0, b1, b2], a: [a1, a2] }, dry }
    }
}

impl PipeBands {
    /// `bands` bands (at most [`PIPE_BANDS`]) that let everything through.
    #[must_use]
    pub fn new(bands: usize) -> Self {
        let mut new = Self {
            start: [[[0.0; 4]; COEFFICIENTS]; VECTORS],
            step: [[[0.0; 4]; COEFFICIENTS]; VECTORS],
            bands: bands.min(PIPE_BANDS),
            moving: false,
        };
        for band in 0..PIPE_BANDS {
            new.set(band, &PipeBand::OFF, &PipeBand::STILL);
        }
        new
    }

    /// There is no band.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bands == 0
    }

    /// Vectors that a step works on; those without a band let everything through.
    pub(super) fn vectors(&self) -> usize {
        if self.moving { VECTORS } else { self.bands.div_ceil(2).max(1) }
    }

    /// Sets a band at the segment's origin and its change per frame. A dry share of a band that
    /// stands still is not looked at unless another one moves.
    pub fn set(&mut self, band: usize, start: &PipeBand, step: &PipeBand) {
        let values = start.coefficients().into_iter().zip(step.coefficients());
        let quads = self.start.get_mut(band / 2).into_iter().flatten();
        let steps = self.step.get_mut(band / 2).into_iter().flatten();
        for ((start, step), (to, to_step)) in values.zip(quads.zip(steps)) {
            for (lane, (to, to_step)) in to.iter_mut().zip(to_step).enumerate() {
                if lane / 2 == band % 2 {
                    (*to, *to_step) = (start, step);
                }
            }
        }
        self.moving = self.step.as_flattened().as_flattened().iter().any(|&step| step != 0.0);
    }

    /// Whether any coefficient moves.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.moving
    }

    /// A band `position` frames from the segment's origin.
    #[must_use]
    pub fn at(&self, band: usize, position: usize) -> PipeBand {
        let lane = 2 * (band % 2);
        let (start, step) = (self.start.get(band / 2), self.step.get(band / 2));
        let (Some(start), Some(step)) = (start, step) else { return PipeBand::OFF };
        let mut found = [0.0; COEFFICIENTS];
        for ((found, start), step) in found.iter_mut().zip(start).zip(step) {
            if let (Some(start), Some(step)) = (start.get(lane), step.get(lane)) {
                *found = if self.moving { start + step * count(position) } else { *start };
            }
        }
        PipeBand::of(found)
    }
}

#[inline(always)]
pub(super) fn count(frames: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "frames of a segment")]
    {
        frames as f64
    }
}

/// Runs a pair of channels through the bands, `position` frames from the segment's origin (as many
/// frames as the shorter of both slices has).
///
/// With `settle` bands whose states are tiny or not finite come to rest first (`kernels/settle.rs`): to be asked for
/// at multiples of 64 frames of the absolute counter, which is where calls are to be cut.
pub fn pipeline(
    isa: Isa,
    bands: &PipeBands,
    settle: bool,
    position: usize,
    input: &[[f64; 2]],
    output: &mut [[f64; 2]],
    state: &mut PipeState,
) {
    dispatch!(isa, simd => pipeline_lanes::<_, Pair>(simd, bands, settle, position, input, output, state));
}

/// As [`pipeline`] for one channel, whose states lie where those of a pair's first channel do. The
/// same bits, in less time: no lane works for a channel that is not there.
pub fn pipeline_one(
    isa: Isa,
    bands: &PipeBands,
    settle: bool,
    position: usize,
    input: &[f64],
    output: &mut [f64],
    state: &mut PipeState,
) {
    dispatch!(isa, simd => pipeline_lanes::<_, One>(simd, bands, settle, position, input, output, state));
}

#[inline(always)]
fn pipeline_lanes<I: Simd, F: Form<I>>(
    simd: I,
    bands: &PipeBands,
    settle_first: bool,
    position: usize,
    input: &[F::Frame],
    output: &mut [F::Frame],
    state: &mut PipeState,
) {
    let frames = input.len().min(output.len());
    let input = input.get(..frames).unwrap_or_default();
    let output = output.get_mut(..frames).unwrap_or_default();
    if settle_first {
        settle(simd, state);
    }
    if bands.moving {
        run::<I, F, VECTORS, true>(simd, bands, position, input, output, state);
        return;
    }
    match bands.vectors() {
        1 => run::<I, F, 1, false>(simd, bands, position, input, output, state),
        2 => run::<I, F, 2, false>(simd, bands, position, input, output, state),
        3 => run::<I, F, 3, false>(simd, bands, position, input, output, state),
        _ => run::<I, F, VECTORS, false>(simd, bands, position, input, output, state),
    }
}

#[inline(always)]
fn settle<I: Simd>(simd: I, state: &mut PipeState) {
    for [s1, s2] in &mut state.0 {
        let s = [f64x4::load_array_ref(simd, s1), f64x4::load_array_ref(simd, s2)];
        let [a, b] = settled_lanes(simd, s);
        a.store_array(s1);
        b.store_array(s2);
    }
}

/// On a line of the cache: what crosses one is loaded twice.
#[repr(align(64))]
struct Aligned<T>(T);

/// The coefficients of all steps.
struct Course<I: Simd, F: Form<I>, const V: usize, const MOVING: bool> {
    simd: I,
    /// Two copies, read in turn: a compiler that sees the same numbers at every step keeps them in
    /// registers, and the states, on which the next step waits, in memory.
    start: Aligned<[[[F::Lanes; COEFFICIENTS]; V]; 2]>,
    step: Aligned<[[F::Lanes; COEFFICIENTS]; V]>,
    /// Frames from the segment's origin to the sample that a lane takes at step 0.
    origin: [F::V; V],
}

impl<I: Simd, F: Form<I>, const V: usize, const MOVING: bool> Course<I, F, V, MOVING> {
    #[inline(always)]
    fn new(simd: I, bands: &PipeBands, position: usize) -> Self {
        let mut new = Self {
            simd,
            start: Aligned([[[F::Lanes::default(); COEFFICIENTS]; V]; 2]),
            step: Aligned([[F::Lanes::default(); COEFFICIENTS]; V]),
            origin: [F::V::splat(simd, 0.0); V],
        };
        for copy in &mut new.start.0 {
            for (to, from) in copy.iter_mut().zip(&bands.start) {
                *to = F::pick(from);
            }
        }
        if MOVING {
            for (to, from) in new.step.0.iter_mut().zip(&bands.step) {
                *to = F::pick(from);
            }
        }
        for (v, origin) in new.origin.iter_mut().enumerate() {
            *origin = F::V::splat(simd, count(position)) - F::bands(simd, lags(v));
        }
        new
    }

    /// A coefficient of two bands at step n.
    #[inline(always)]
    fn c<const K: usize>(&self, v: usize, n: usize) -> F::V {
        let start = F::load(self.simd, &self.start.0[n % 2][v][K]);
        if MOVING {
            let position = self.origin[v] + count(n);
            F::load(self.simd, &self.step.0[v][K]) * position + start
        } else {
            start
        }
    }

    /// Two bands at step n: what they give, and their next states.
    #[inline(always)]
    fn pair(&self, v: usize, n: usize, x: F::V, s: [F::V; 2]) -> (F::V, [F::V; 2]) {
        let y = x * self.c::<0>(v, n) + s[0];
        let next = [
            (x * self.c::<1>(v, n) + s[1]) - y * self.c::<3>(v, n),
            x * self.c::<2>(v, n) - y * self.c::<4>(v, n),
        ];
        (if MOVING { y + self.c::<5>(v, n) * (x - y) } else { y }, next)
    }
}

/// Steps by which the two bands of a vector lag the first band.
#[inline(always)]
fn lags(v: usize) -> [f64; 2] {
    [count(2 * v), count(2 * v + 1)]
}

/// What goes from step to step.
struct Pipe<I: Simd, F: Form<I>, const V: usize> {
    s: [[F::V; 2]; V],
    /// What each band gave in the last step.
    y: [F::V; V],
}

impl<I: Simd, F: Form<I>, const V: usize> Pipe<I, F, V> {
    #[inline(always)]
    fn new(simd: I, state: &PipeState) -> Self {
        let zero = F::V::splat(simd, 0.0);
        let mut new = Self { s: [[zero; 2]; V], y: [zero; V] };
        for (to, from) in new.s.iter_mut().zip(&state.0) {
            for (to, from) in to.iter_mut().zip(&F::pick(from)) {
                *to = F::load(simd, from);
            }
        }
        new
    }

    /// What two bands take: what the bands before them gave in the last step, or the new frame. To
    /// be asked for from the last bands to the first.
    #[inline(always)]
    fn taken(&self, v: usize, frame: F::V) -> F::V {
        F::moved_up(if v == 0 { frame } else { self.y[v - 1] }, self.y[v])
    }

    /// What the last band gave.
    #[inline(always)]
    fn given(&self) -> F::Frame {
        F::given(self.y[V - 1])
    }
}

#[inline(always)]
fn run<I: Simd, F: Form<I>, const V: usize, const MOVING: bool>(
    simd: I,
    bands: &PipeBands,
    position: usize,
    input: &[F::Frame],
    output: &mut [F::Frame],
    state: &mut PipeState,
) {
    let course = Course::<I, F, V, MOVING>::new(simd, bands, position);
    let mut pipe = Pipe::<I, F, V>::new(simd, state);
    // Steps by which the last band lags the first, and which some bands stand still at both ends.
    let last = 2 * V - 1;
    let frames = input.len();
    let (first, rest) = input.split_at_checked(last).unwrap_or_default();
    let (full, past) = match frames.checked_sub(last) {
        Some(full) => output.split_at_mut_checked(full).unwrap_or_default(),
        None => {
            few(simd, &course, &mut pipe, input, output);
            Default::default()
        }
    };
    // Band after band takes up its first sample.
    for (n, frame) in first.iter().enumerate() {
        for v in (0..V).rev() {
            let x = pipe.taken(v, F::entering(simd, frame));
            if 2 * v <= n {
                let (y, mut next) = course.pair(v, n, x, pipe.s[v]);
                if 2 * v == n {
                    for (next, s) in next.iter_mut().zip(&pipe.s[v]) {
                        *next = F::even_odd(*next, *s);
                    }
                }
                (pipe.y[v], pipe.s[v]) = (y, next);
            }
        }
    }
    let mut n = last;
    for (frame, to) in rest.iter().zip(full) {
        for v in (0..V).rev() {
            let x = pipe.taken(v, F::entering(simd, frame));
            (pipe.y[v], pipe.s[v]) = course.pair(v, n, x, pipe.s[v]);
        }
        *to = pipe.given();
        n = n.wrapping_add(1);
    }
    // Band after band has had its last sample.
    for (past, to) in past.iter_mut().enumerate() {
        for v in (0..V).rev() {
            let x = pipe.taken(v, F::V::splat(simd, 0.0));
            if 2 * v + 1 > past {
                let (y, mut next) = course.pair(v, frames + past, x, pipe.s[v]);
                if 2 * v == past {
                    for (next, s) in next.iter_mut().zip(&pipe.s[v]) {
                        *next = F::even_odd(*s, *next);
                    }
                }
                (pipe.y[v], pipe.s[v]) = (y, next);
            }
        }
        *to = pipe.given();
    }
    for (to, s) in state.0.iter_mut().zip(&pipe.s) {
        for (to, s) in to.iter_mut().zip(s) {
            F::put(*s, to);
        }
    }
}

/// Fewer frames than bands: every lane asks at every step whether it has a sample.
#[inline(always)]
fn few<I: Simd, F: Form<I>, const V: usize, const MOVING: bool>(
    simd: I,
    course: &Course<I, F, V, MOVING>,
    pipe: &mut Pipe<I, F, V>,
    input: &[F::Frame],
    output: &mut [F::Frame],
) {
    let last = 2 * V - 1;
    let (zero, end) = (F::V::splat(simd, 0.0), F::V::splat(simd, count(input.len())));
    for n in 0..input.len() + last {
        let frame = input.get(n).copied().unwrap_or_default();
        for v in (0..V).rev() {
            let x = pipe.taken(v, F::entering(simd, &frame));
            let sample = F::V::splat(simd, count(n)) - F::bands(simd, lags(v));
            let active = sample.simd_ge(zero) & sample.simd_lt(end);
            let (y, next) = course.pair(v, n, x, pipe.s[v]);
            for (s, next) in pipe.s[v].iter_mut().zip(next) {
                *s = active.select(next, *s);
            }
            pipe.y[v] = y;
        }
        if let Some(to) = n.checked_sub(last).and_then(|n| output.get_mut(n)) {
            *to = pipe.given();
        }
    }
}
