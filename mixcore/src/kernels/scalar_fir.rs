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

/// Twin of [`super::fir`], and what short outputs are worked out with.
pub fn fir<S: Sample>(input: &[S], taps: &[S], out: &mut [S]) {
    if taps.is_empty() {
        return;
    }
    for (n, out) in out.iter_mut().enumerate() {
        let Some(x) = input.get(n..).and_then(|x| x.get(..taps.len())) else { return };
        let (x, taps) = (x.chunks_exact(4 * S::HALF), taps.chunks_exact(4 * S::HALF));
        let left = x.remainder().iter().zip(taps.remainder());
        let mut sum = S::zero();
        for (x, taps) in x.zip(taps) {
            let mut part = S::zero();
            for k in 0..S::HALF {
                for (&x, &tap) in x.iter().zip(taps).skip(k).step_by(S::HALF) {
                    part += x * tap;
                }
            }
            sum += part;
        }
        let mut part = S::zero();
        for (&x, &tap) in left {
            part += x * tap;
        }
        *out = sum + part;
    }
}

/// Twin of [`super::mirrored_fir`], and what short outputs are worked out with.
pub fn mirrored_fir<S: Sample>(input: &[S], half: &[S], out: &mut [S]) {
    if half.is_empty() {
        return;
    }
    let block = 2 * S::HALF;
    let blocks = half.len() - half.len() % block;
    for (n, out) in out.iter_mut().enumerate() {
        let Some(x) = input.get(n..).and_then(|x| x.get(..2 * half.len())) else { return };
        let pairs = x.iter().zip(x.iter().rev()).zip(half);
        *out = S::zero();
        for first in (0..blocks).step_by(block) {
            for k in 0..S::HALF {
                for ((&old, &new), &tap) in
                    pairs.clone().skip(first + k).step_by(S::HALF).take(block / S::HALF)
                {
                    *out += (old + new) * tap;
                }
            }
        }
        for ((&old, &new), &tap) in pairs.skip(blocks) {
            *out += (old + new) * tap;
        }
    }
}

/// Twin of [`super::weave`].
pub fn weave<S: Sample>(even: &[S], odd: &[S], out: &mut [S]) {
    for ((pair, &a), &b) in out.as_chunks_mut::<2>().0.iter_mut().zip(even).zip(odd) {
        *pair = [a, b];
    }
}

/// Twin of [`super::unweave`].
pub fn unweave<S: Sample>(input: &[S], even: &mut [S], odd: &mut [S]) {
    for ((&[a, b], even), odd) in input.as_chunks::<2>().0.iter().zip(even).zip(odd) {
        (*even, *odd) = (a, b);
    }
}
