//! Where a recursion comes to rest. Lane axis: the caller's.
//!
//! The rule of the whole crate, for the states of one section (one pole, one pair of integrators):
//!
//! > where all of them lie below 1e-30, or one is no finite number, all of them become 0
//!
//! It is applied at multiples of 64 frames of the absolute counter; in meters at the ends of calls or
//! sub-blocks. Below the floor lie −600 dBFS, and far below that the subnormal numbers that would slow
//! the recursion down. A section's states go **together**: with poles near z = 1 they nearly cancel
//! each other, and were one of them set to 0 alone, the section would answer with 1/ω₀ times what was
//! taken, again and again. Numbers that have run over are what coefficients far beyond all sound leave
//! behind; without the rule they would stay for good.

use fearless_simd::{Simd, SimdFloat, prelude::*};

/// A section whose states all lie below this magnitude is at rest: −600 dBFS.
pub(crate) const STATE_FLOOR: f64 = 1e-30;

/// The states of a section as they are carried on.
#[inline(always)]
pub(crate) fn settled<const N: usize>(states: [f64; N]) -> [f64; N] {
    let (mut on, mut finite) = (false, true);
    for state in states {
        on |= state.abs() >= STATE_FLOOR;
        finite &= state.abs() <= f64::MAX;
    }
    if on && finite { states } else { [0.0; N] }
}

/// The states of sections of one state each, each on its own.
#[inline(always)]
pub(crate) fn settled_each<const N: usize>(states: [f64; N]) -> [f64; N] {
    states.map(|state| {
        let [state] = settled([state]);
        state
    })
}

/// [`settled`] lane by lane.
#[inline(always)]
pub(super) fn settled_lanes<I: Simd, V: SimdFloat<I, Element = f64>>(
    simd: I,
    [a, b]: [V; 2],
) -> [V; 2] {
    let (zero, floor) = (V::splat(simd, 0.0), V::splat(simd, STATE_FLOOR));
    let most = V::splat(simd, f64::MAX);
    let (size_a, size_b) = (a.abs(), b.abs());
    let on = size_a.simd_ge(floor) | size_b.simd_ge(floor);
    let on = on & size_a.simd_le(most) & size_b.simd_le(most);
    [on.select(a, zero), on.select(b, zero)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_rest_together_or_not_at_all() {
        assert_eq!(settled([8e-31, -9e-31]), [0.0, 0.0]);
        assert_eq!(settled([0.9e-30, -1.1e-30]), [0.9e-30, -1.1e-30]);
        assert_eq!(settled([1e-31, 1e300]), [1e-31, 1e300]);
        assert_eq!(settled([1.0, f64::NAN]), [0.0, 0.0]);
        assert_eq!(settled([f64::NEG_INFINITY]), [0.0]);
        assert_eq!(settled_each([8e-31, 1.1e-30, f64::NAN]), [0.0, 1.1e-30, 0.0]);
    }
}
