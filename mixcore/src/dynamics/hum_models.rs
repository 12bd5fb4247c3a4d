//! The models of a mains' harmonics in a hum comb: rotating numbers, four side by side.

use super::hum_comb_params::MAX_HUM_HARMONICS;
use crate::math;

/// Harmonics side by side.
pub(super) const LANES: usize = 4;
/// A group of them: real parts, then imaginary parts.
pub(super) type Group = [f64; 2 * LANES];
/// Most groups.
pub(super) const GROUPS: usize = MAX_HUM_HARMONICS / LANES;

/// A harmonic's number.
pub(super) fn count(harmonic: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "at most 40")]
    {
        harmonic as f64
    }
}

/// |H|² at so many radians a sample of the poles above whose corner a voice is listened for:
/// (1 − z⁻¹)/(1 − (1 − k)·z⁻¹) each, as often as there are poles.
pub(super) fn leak_of(pole: f64, angle: f64) -> f64 {
    let (c, kept) = (math::cos(angle), 1.0 - pole);
    let each = 2.0 * (1.0 - c) / (1.0 - 2.0 * kept * c + kept * kept);
    (each * each) * (each * each)
}

pub(super) fn part_of(group: &Group, index: usize) -> f64 {
    group.get(index).copied().unwrap_or(0.0)
}

pub(super) fn put(group: &mut Group, index: usize, part: f64) {
    if let Some(slot) = group.get_mut(index) {
        *slot = part;
    }
}

/// One sample through the models of a channel: the hum that they stand for. Sums in four lanes, then
/// (0 + 2) + (1 + 3).
#[inline(always)]
pub(super) fn follow(states: &mut [Group], steps: &[Group], x: f64, mu: f64) -> f64 {
    let mut sums = [0.0; LANES];
    for state in states.iter() {
        for (sum, re) in sums.iter_mut().zip(state) {
            *sum += re;
        }
    }
    let hum = (sums[0] + sums[2]) + (sums[1] + sums[3]);
    let pull = mu * (x - hum);
    for (state, step) in states.iter_mut().zip(steps) {
        let [r0, r1, r2, r3, i0, i1, i2, i3] = *state;
        let [c0, c1, c2, c3, s0, s1, s2, s3] = *step;
        let r = [r0 + pull, r1 + pull, r2 + pull, r3 + pull];
        let (i, c, s) = ([i0, i1, i2, i3], [c0, c1, c2, c3], [s0, s1, s2, s3]);
        let re: [f64; LANES] = core::array::from_fn(|k| r[k] * c[k] - i[k] * s[k]);
        let im: [f64; LANES] = core::array::from_fn(|k| r[k] * s[k] + i[k] * c[k]);
        let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (re, im);
        *state = [a0, a1, a2, a3, b0, b1, b2, b3];
    }
    hum
}
