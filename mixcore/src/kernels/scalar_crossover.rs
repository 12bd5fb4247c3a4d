//! The plain twins of the crossover's kernels.

use super::cascade::Section;
use super::pair_cascade::{PAIR_SECTIONS, PairMove, PairState, SectionPair};
use super::scalar::count;
use super::settle::settled;

/// Twin of `pair_cascade`.
pub fn pair_cascade(
    sections: &[SectionPair],
    motion: Option<PairMove<'_>>,
    bands: [&mut [[f64; 2]]; 2],
    states: &mut [PairState],
) {
    let frames = bands.iter().map(|band| band.len()).min().unwrap_or(0);
    let sections = &sections[..sections.len().min(states.len()).min(PAIR_SECTIONS)];
    if motion.is_some_and(|motion| motion.steps.len() < sections.len()) {
        return;
    }
    for (band, frames) in bands.map(|band| &mut band[..frames]).into_iter().enumerate() {
        for (n, frame) in frames.iter_mut().enumerate() {
            for (k, (pair, state)) in sections.iter().zip(&mut *states).enumerate() {
                let mut section = pair[band];
                if let Some(motion) = motion {
                    section = moved(&section, &motion.steps[k][band], motion.first.wrapping_add(n));
                }
                let ([b0, b1, b2], [a1, a2]) = (section.b, section.a);
                let [s1, s2] = state;
                for (channel, sample) in frame.iter_mut().enumerate() {
                    let (x, lane) = (*sample, 2 * band + channel);
                    let y = x * b0 + s1[lane];
                    s1[lane] = (x * b1 + s2[lane]) - y * a1;
                    s2[lane] = x * b2 - y * a2;
                    *sample = y;
                }
            }
        }
    }
}

fn moved(from: &Section, step: &Section, frames: usize) -> Section {
    let at = |from: f64, step: f64| from + step * count::<f64>(frames);
    Section {
        b: core::array::from_fn(|i| at(from.b[i], step.b[i])),
        a: core::array::from_fn(|i| at(from.a[i], step.a[i])),
    }
}

/// Twin of `settle_pairs`.
pub fn settle_pairs(states: &mut [PairState]) {
    for [s1, s2] in states {
        for (s1, s2) in s1.iter_mut().zip(s2) {
            [*s1, *s2] = settled([*s1, *s2]);
        }
    }
}
