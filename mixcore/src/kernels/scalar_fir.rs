//! The plain twins of the FIR kernels.

use super::polyphase::{PhasePlace, PhasePlan};
use super::sample::Sample;

/// Twin of [`super::phase_dots`] and, channel by channel, of [`super::phase_dots_two`].
pub fn phase_dots<S: Sample>(
    plan: &PhasePlan,
    bank: &[S],
    place: PhasePlace,
    line: &[S],
    out: &mut [S],
) -> PhasePlace {
    let mut place = place;
    let frames = out.len().min(plan.within(place, line.len(), bank.len()));
    for to in &mut out[..frames] {
        let stretch = &line[place.start..][..plan.read_len()];
        let row = &bank[place.row * plan.read_len()..][..plan.read_len()];
        let mut lanes = [S::zero(); 8];
        for (index, (&x, &tap)) in stretch.iter().zip(row).enumerate() {
            lanes[index % S::HALF] += tap * x;
        }
        *to = fold(lanes);
        place = plan.after(place, 1);
    }
    place
}

/// Eight lanes, or four and zeros, in the fixed tree.
fn fold<S: Sample>(lanes: [S; 8]) -> S {
    let s = |n: usize| if S::HALF == 8 { lanes[n] + lanes[n + 4] } else { lanes[n] };
    (s(0) + s(2)) + (s(1) + s(3))
}
