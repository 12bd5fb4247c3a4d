//! Second-order sections on four rows, two and two with the same filter. Lane axis: row.
//!
//! > y = b0·x + s1, s1' = (b1·x + s2) − a1·y, s2' = b2·x − a2·y, section after section
//!
//! What a crossover is made of: rows 0 and 1 are two channels of one band, rows 2 and 3 of another.
//! The recursion runs serially in time, so a lane's result depends on its own row, filter and state
//! alone. s1' is summed so that a sample waits for the one before it through three operations only.

use fearless_simd::{Simd, f64x2, f64x4, prelude::*};

use super::cascade::Section;
use super::isa::{Isa, dispatch};
use super::lanes::turn_four;
use super::settle::settled_lanes;

/// Rows that run side by side.
pub const PAIR_ROWS: usize = 4;
/// Most sections in series.
pub const PAIR_SECTIONS: usize = 4;

/// States of a section in the four lanes: s1 and s2.
pub type PairState = [[f64; PAIR_ROWS]; 2];

/// The filter of rows 0 and 1, and that of rows 2 and 3.
pub type SectionPair = [Section; 2];

/// Where a filter moves to: what is added to its coefficients per frame, and how many frames ago
/// the movement started.
#[derive(Clone, Copy, Debug)]
pub struct PairMove<'a> {
    /// Added per frame, section by section.
    pub steps: &'a [SectionPair],
    /// Frames from the start of the movement to the first of the rows.
    pub first: usize,
}

/// Four rows through up to [`PAIR_SECTIONS`] sections, in place.
///
/// As many frames count as the shortest row has, and as many sections as there are states. With a
/// `motion` the coefficients of frame n are `sections + steps·(first + n)`.
pub fn pair_cascade(
    isa: Isa,
    sections: &[SectionPair],
    motion: Option<PairMove<'_>>,
    rows: [&mut [f64]; PAIR_ROWS],
    states: &mut [PairState],
) {
    dispatch!(isa, simd => pair_cascade_lanes(simd, sections, motion, rows, states));
}

#[inline(always)]
fn pair_cascade_lanes<I: Simd>(
    simd: I,
    sections: &[SectionPair],
    motion: Option<PairMove<'_>>,
    rows: [&mut [f64]; PAIR_ROWS],
    states: &mut [PairState],
) {
    let count = sections.len().min(states.len());
    match count {
        1 => pass_of::<I, 1>(simd, sections, motion, rows, states),
        2 => pass_of::<I, 2>(simd, sections, motion, rows, states),
        3 => pass_of::<I, 3>(simd, sections, motion, rows, states),
        4.. => pass_of::<I, 4>(simd, sections, motion, rows, states),
        0 => {}
    }
}

#[inline(always)]
fn pass_of<I: Simd, const N: usize>(
    simd: I,
    sections: &[SectionPair],
    motion: Option<PairMove<'_>>,
    rows: [&mut [f64]; PAIR_ROWS],
    states: &mut [PairState],
) {
    let Some(sections) = sections.first_chunk::<N>() else { return };
    let Some(states) = states.first_chunk_mut::<N>() else { return };
    let mut filter = Filter::<I, N> {
        c: core::array::from_fn(|n| Lanes5::load(simd, &sections[n])),
        s: core::array::from_fn(|n| {
            [f64x4::load_array(simd, states[n][0]), f64x4::load_array(simd, states[n][1])]
        }),
    };
    match motion {
        None => run(
            simd,
            rows,
            &mut filter,
            #[inline(always)]
            |filter, x| filter.step(x),
        ),
        Some(motion) => {
            let Some(steps) = motion.steps.first_chunk::<N>() else { return };
            let steps: [Lanes5<I>; N] = core::array::from_fn(|n| Lanes5::load(simd, &steps[n]));
            let origin = filter.c;
            let mut at = motion.first;
            run(
                simd,
                rows,
                &mut filter,
                #[inline(always)]
                |filter, x| {
                    let frame = super::scalar::count::<f64>(at);
                    at = at.wrapping_add(1);
                    for ((c, origin), step) in filter.c.iter_mut().zip(&origin).zip(&steps) {
                        *c = origin.moved(step, frame);
                    }
                    filter.step(x)
                },
            );
        }
    }
    for (to, from) in states.iter_mut().zip(&filter.s) {
        from[0].store_array(&mut to[0]);
        from[1].store_array(&mut to[1]);
    }
}

/// b0, b1, b2, a1, a2 in the lanes.
#[derive(Clone, Copy)]
struct Lanes5<I: Simd>([f64x4<I>; 5]);

impl<I: Simd> Lanes5<I> {
    #[inline(always)]
    fn load(simd: I, [low, high]: &SectionPair) -> Self {
        Self([
            both(simd, low.b[0], high.b[0]),
            both(simd, low.b[1], high.b[1]),
            both(simd, low.b[2], high.b[2]),
            both(simd, low.a[0], high.a[0]),
            both(simd, low.a[1], high.a[1]),
        ])
    }

    #[inline(always)]
    fn moved(&self, step: &Self, frame: f64) -> Self {
        let ([b0, b1, b2, a1, a2], s) = (self.0, step.0);
        Self([
            b0 + s[0] * frame,
            b1 + s[1] * frame,
            b2 + s[2] * frame,
            a1 + s[3] * frame,
            a2 + s[4] * frame,
        ])
    }
}

#[inline(always)]
fn both<I: Simd>(simd: I, low: f64, high: f64) -> f64x4<I> {
    f64x2::splat(simd, low).combine(f64x2::splat(simd, high))
}

/// N sections and their states.
struct Filter<I: Simd, const N: usize> {
    c: [Lanes5<I>; N],
    s: [[f64x4<I>; 2]; N],
}

impl<I: Simd, const N: usize> Filter<I, N> {
    /// One frame of the four rows through all sections.
    #[inline(always)]
    fn step(&mut self, input: f64x4<I>) -> f64x4<I> {
        let mut x = input;
        for (c, s) in self.c.iter().zip(&mut self.s) {
            let [b0, b1, b2, a1, a2] = c.0;
            let y = x * b0 + s[0];
            *s = [(x * b1 + s[1]) - y * a1, x * b2 - y * a2];
            x = y;
        }
        x
    }
}

/// Every frame of the rows through `step`, four at a time.
#[inline(always)]
fn run<I: Simd, const N: usize>(
    simd: I,
    rows: [&mut [f64]; PAIR_ROWS],
    filter: &mut Filter<I, N>,
    mut step: impl FnMut(&mut Filter<I, N>, f64x4<I>) -> f64x4<I>,
) {
    let frames = rows.iter().fold(usize::MAX, |least, row| least.min(row.len()));
    let [r0, r1, r2, r3] =
        rows.map(|row| row.get_mut(..frames).unwrap_or_default().as_chunks_mut());
    let tiles = r0.0.iter_mut().zip(r1.0).zip(r2.0.iter_mut().zip(r3.0));
    for ((r0, r1), (r2, r3)) in tiles {
        let [x0, x1, x2, x3] = turn_four([
            f64x4::load_array_ref(simd, r0),
            f64x4::load_array_ref(simd, r1),
            f64x4::load_array_ref(simd, r2),
            f64x4::load_array_ref(simd, r3),
        ]);
        let y0 = step(filter, x0);
        let y1 = step(filter, x1);
        let y2 = step(filter, x2);
        let y3 = step(filter, x3);
        let [y0, y1, y2, y3] = turn_four([y0, y1, y2, y3]);
        y0.store_array(r0);
        y1.store_array(r1);
        y2.store_array(r2);
        y3.store_array(r3);
    }
    let rest = r0.1.iter_mut().zip(r1.1).zip(r2.1.iter_mut().zip(r3.1));
    for ((r0, r1), (r2, r3)) in rest {
        let y = step(filter, f64x4::load_array(simd, [*r0, *r1, *r2, *r3]));
        let mut out = [0.0; PAIR_ROWS];
        y.store_array(&mut out);
        [*r0, *r1, *r2, *r3] = out;
    }
}

/// Sections whose states are tiny come to rest (`kernels/settle.rs`).
///
/// To be called at multiples of 64 frames of the absolute counter.
pub fn settle_pairs(isa: Isa, states: &mut [PairState]) {
    dispatch!(isa, simd => settle(simd, states));
}

#[inline(always)]
fn settle<I: Simd>(simd: I, states: &mut [PairState]) {
    for [s1, s2] in states {
        let s = [f64x4::load_array_ref(simd, s1), f64x4::load_array_ref(simd, s2)];
        let [a, b] = settled_lanes(simd, s);
        a.store_array(s1);
        b.store_array(s2);
    }
}
