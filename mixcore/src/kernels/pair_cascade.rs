//! Second-order sections on two bands of two channels, each band with its own filter. Lane axis: channel.
//!
//! > y = b0·x + s1, s1' = (b1·x + s2) − a1·y, s2' = b2·x − a2·y, section after section
//!
//! What a crossover is made of: lanes 0 and 1 are two channels of one band, lanes 2 and 3 of another.
//! The recursion runs serially in time, so a lane's result depends on its own samples, filter and state
//! alone. s1' is summed so that a sample waits for the one before it through three operations only; that
//! wait is the cost, at any level. Frames lie side by side, so that nothing is turned in the loop: with
//! rows of time, which four wide lanes have to turn into frames and back, the states found no register,
//! and AVX2 was slower than SSE2.

use fearless_simd::{Simd, f64x2, f64x4, prelude::*};

use super::cascade::Section;
use super::isa::{Isa, dispatch};
use super::settle::settled_lanes;

/// Lanes that run side by side: two channels of two bands.
pub const PAIR_LANES: usize = 4;
/// Most sections in series.
pub const PAIR_SECTIONS: usize = 4;

/// States of a section in the four lanes: s1 and s2.
pub type PairState = [[f64; PAIR_LANES]; 2];

/// The filter of lanes 0 and 1, and that of lanes 2 and 3.
pub type SectionPair = [Section; 2];

/// Where a filter moves to: what is added to its coefficients per frame, and how many frames ago
/// the movement started.
#[derive(Clone, Copy, Debug)]
pub struct PairMove<'a> {
    /// Added per frame, section by section.
    pub steps: &'a [SectionPair],
    /// Frames from the start of the movement to the first one given.
    pub first: usize,
}

/// Two bands of two channels through up to [`PAIR_SECTIONS`] sections, in place.
///
/// As many frames count as the shorter band has, and as many sections as there are states. With a
/// `motion` the coefficients of frame n are `sections + steps·(first + n)`. A motion of fewer steps than
/// sections leaves all as it is.
pub fn pair_cascade(
    isa: Isa,
    sections: &[SectionPair],
    motion: Option<PairMove<'_>>,
    bands: [&mut [[f64; 2]]; 2],
    states: &mut [PairState],
) {
    dispatch!(isa, simd => pair_cascade_lanes(simd, sections, motion, bands, states));
}

#[inline(always)]
fn pair_cascade_lanes<I: Simd>(
    simd: I,
    sections: &[SectionPair],
    motion: Option<PairMove<'_>>,
    bands: [&mut [[f64; 2]]; 2],
    states: &mut [PairState],
) {
    let count = sections.len().min(states.len());
    match count {
        1 => pass_of::<I, 1>(simd, sections, motion, bands, states),
        2 => pass_of::<I, 2>(simd, sections, motion, bands, states),
        3 => pass_of::<I, 3>(simd, sections, motion, bands, states),
        4.. => pass_of::<I, 4>(simd, sections, motion, bands, states),
        0 => {}
    }
}

#[inline(always)]
fn pass_of<I: Simd, const N: usize>(
    simd: I,
    sections: &[SectionPair],
    motion: Option<PairMove<'_>>,
    bands: [&mut [[f64; 2]]; 2],
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
            bands,
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
                bands,
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
    /// One frame of the four lanes through all sections.
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

/// Every frame of the bands through `step`.
#[inline(always)]
fn run<I: Simd, const N: usize>(
    simd: I,
    [one, two]: [&mut [[f64; 2]]; 2],
    filter: &mut Filter<I, N>,
    mut step: impl FnMut(&mut Filter<I, N>, f64x4<I>) -> f64x4<I>,
) {
    for (one, two) in one.iter_mut().zip(two) {
        let x = f64x2::load_array_ref(simd, one).combine(f64x2::load_array_ref(simd, two));
        let (low, high) = step(filter, x).split();
        low.store_array(one);
        high.store_array(two);
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
