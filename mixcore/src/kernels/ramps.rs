//! A source into many channels, each under a gain of its own that stands or runs straight. Lane axis:
//! time.
//!
//! A gain is a line over frames that are counted from its own origin, `start + step·n`, so every split
//! of a block gives the same bits. One call serves all channels.

use fearless_simd::{Simd, f64x8, prelude::*};

use super::isa::Isa;
use super::lanes::Lanes;
use super::mix::{accumulate_lanes, accumulate_ramp_lanes};
use super::sample::Sample;
use super::scalar;

/// Frames of an accumulator in [`accumulate_ramps`].
pub const RAMP_FRAMES: usize = 64;

/// `sums[c][n] += source[n] · (lines[c][0] + lines[c][1] · (first + n))` in f64, for the channels that
/// both lists have and the frames that `source` has; channels whose line is 0 are left out.
pub fn accumulate_ramps<S: Sample>(
    isa: Isa,
    source: &[S],
    lines: &[[f64; 2]],
    first: usize,
    sums: &mut [[f64; RAMP_FRAMES]],
) {
    S::accumulate_ramps(isa, source, lines, first, sums);
}

#[inline(always)]
pub(super) fn accumulate_ramps_lanes<I: Simd, S: Sample>(
    simd: I,
    source: &[S],
    lines: &[[f64; 2]],
    first: usize,
    sums: &mut [[f64; RAMP_FRAMES]],
) {
    for (sum, &[start, step]) in sums.iter_mut().zip(lines) {
        if step != 0.0 {
            accumulate_ramp_lanes(simd, sum, source, start, step, first);
        } else if start != 0.0 {
            accumulate_lanes(simd, sum, source, start);
        }
    }
}

/// Channels that share what is loaded in [`ramps_into`].
const GROUP: usize = 4;

/// `outs[c][n] = 0 + source[n] · (lines[c][0] + lines[c][1] · (first + n))`, in f64 and rounded once:
/// what [`accumulate_ramps`] and [`super::round_into`] make of a source that is alone; channels whose
/// line is 0 get 0, whatever the source is. For the channels that both lists have, as far as `source`
/// and all of these reach.
pub fn ramps_into<S: Sample>(
    isa: Isa,
    source: &[S],
    lines: &[[f64; 2]],
    first: usize,
    outs: &mut [&mut [S]],
) {
    S::ramps_into(isa, source, lines, first, outs);
}

#[inline(always)]
pub(super) fn ramps_into_lanes<I: Simd, S: Sample>(
    simd: I,
    source: &[S],
    lines: &[[f64; 2]],
    first: usize,
    outs: &mut [&mut [S]],
) {
    let mut frames = source.len();
    for (out, _) in outs.iter().zip(lines) {
        frames = frames.min(out.len());
    }
    let source = source.get(..frames).unwrap_or_default();
    // What sounds, in groups; the rest is silence.
    let mut group_outs: [&mut [S]; GROUP] = core::array::from_fn(|_| Default::default());
    let mut group_lines = [[0.0; 2]; GROUP];
    let mut count = 0;
    for (out, line) in outs.iter_mut().zip(lines) {
        let out = out.get_mut(..frames).unwrap_or_default();
        if *line == [0.0; 2] {
            out.fill(S::zero());
            continue;
        }
        if let (Some(to), Some(of)) = (group_outs.get_mut(count), group_lines.get_mut(count)) {
            (*to, *of) = (out, *line);
        }
        count += 1;
        if count == GROUP {
            group(simd, source, &group_lines, first, &mut group_outs);
            group_outs = core::array::from_fn(|_| Default::default());
            count = 0;
        }
    }
    // Places without a channel are empty.
    if count > 0 {
        group(simd, source, &group_lines, first, &mut group_outs);
    }
}

/// Some channels together, each as long as the source or empty.
#[inline(always)]
fn group<I: Simd, S: Sample>(
    simd: I,
    source: &[S],
    lines: &[[f64; 2]; GROUP],
    first: usize,
    outs: &mut [&mut [S]; GROUP],
) {
    let zero = f64x8::splat(simd, 0.0);
    let (chunks, tail) = source.as_chunks::<8>();
    let (pairs, single) = chunks.as_chunks::<2>();
    // Frames as numbers: whole ones, so that adding to them is exact.
    let mut place = <f64 as Lanes>::iota(simd) + scalar::count::<f64>(first);
    for (n, [x, next]) in pairs.iter().enumerate() {
        let (x, next) = (<S as Lanes>::load_f64(simd, x), <S as Lanes>::load_f64(simd, next));
        let beyond = place + 8.0;
        for (out, [start, step]) in outs.iter_mut().zip(lines) {
            let (out, _) = out.as_chunks_mut::<8>();
            if let Some([out, follows]) = out.as_chunks_mut::<2>().0.get_mut(n) {
                <S as Lanes>::store_f64(simd, zero + x * (place * *step + *start), out);
                <S as Lanes>::store_f64(simd, zero + next * (beyond * *step + *start), follows);
            }
        }
        place += 16.0;
    }
    for x in single {
        let x = <S as Lanes>::load_f64(simd, x);
        for (out, [start, step]) in outs.iter_mut().zip(lines) {
            if let Some(out) = out.as_chunks_mut().0.get_mut(chunks.len() - 1) {
                <S as Lanes>::store_f64(simd, zero + x * (place * *step + *start), out);
            }
        }
    }
    let done = source.len() - tail.len();
    for (out, line) in outs.iter_mut().zip(lines) {
        let out = out.get_mut(done..).unwrap_or_default();
        scalar::ramp_into(tail, line, first.wrapping_add(done), out);
    }
}

/// `outs[c][n] = source[n] · (lines[c][0] + lines[c][1] · (first + n))` in the sample type: every channel
/// is a copy of the source under [`super::gain_ramp`]. A gain that is 0 throughout, or at the origin of its
/// line, gives 0 whatever the source is; one that stands at 1 keeps every bit. For the channels that both
/// lists have, as far as `source` and each of these reach; where a line moves, `first + source.len()` stays
/// below 2^24.
pub fn pan_into<S: Sample>(
    isa: Isa,
    source: &[S],
    lines: &[[f64; 2]],
    first: usize,
    outs: &mut [&mut [S]],
) {
    S::pan_into(isa, source, lines, first, outs);
}

/// As [`pan_into`], added to what the channels hold; where a gain is 0 throughout they keep their bits.
pub fn pan_onto<S: Sample>(
    isa: Isa,
    source: &[S],
    lines: &[[f64; 2]],
    first: usize,
    outs: &mut [&mut [S]],
) {
    S::pan_onto(isa, source, lines, first, outs);
}

#[inline(always)]
pub(super) fn pan_into_lanes<I: Simd, S: Sample>(
    simd: I,
    source: &[S],
    lines: &[[f64; 2]],
    first: usize,
    outs: &mut [&mut [S]],
) {
    pan_lanes::<I, S, false>(simd, source, lines, first, outs);
}

#[inline(always)]
pub(super) fn pan_onto_lanes<I: Simd, S: Sample>(
    simd: I,
    source: &[S],
    lines: &[[f64; 2]],
    first: usize,
    outs: &mut [&mut [S]],
) {
    pan_lanes::<I, S, true>(simd, source, lines, first, outs);
}

#[inline(always)]
fn pan_lanes<I: Simd, S: Sample, const ONTO: bool>(
    simd: I,
    source: &[S],
    lines: &[[f64; 2]],
    first: usize,
    outs: &mut [&mut [S]],
) {
    let iota = <S as Lanes>::iota(simd);
    for (out, line) in outs.iter_mut().zip(lines) {
        let frames = source.len().min(out.len());
        let (from, _) = source.split_at(frames);
        let (to, _) = out.split_at_mut(frames);
        let &[start, step] = line;
        if start == 0.0 && step == 0.0 {
            if !ONTO {
                to.fill(S::zero());
            }
            continue;
        }
        let before = to.first().copied().unwrap_or(S::zero());
        let (start_gain, step_gain) = (S::from_f64(start), S::from_f64(step));
        if step == 0.0 && start_gain == S::one() && !ONTO {
            to.copy_from_slice(from);
            continue;
        }
        let whole = frames - frames % S::LANES;
        let (to_lanes, to_tail) = to.split_at_mut(whole);
        let (from_lanes, from_tail) = from.split_at(whole);
        let mut at = first;
        for (to, from) in to_lanes.chunks_exact_mut(S::LANES).zip(from_lanes.chunks_exact(S::LANES))
        {
            let mut gain = S::V::<I>::splat(simd, start_gain);
            if step != 0.0 {
                gain = (iota + scalar::count::<S>(at)) * step_gain + gain;
            }
            let mut made = S::V::<I>::from_slice(simd, from) * gain;
            if ONTO {
                made = S::V::<I>::from_slice(simd, to) + made;
            }
            made.store_slice(to);
            at = at.wrapping_add(S::LANES);
        }
        scalar::pan_line::<S, ONTO>(from_tail, line, at, to_tail);
        // The exact zero at the origin lets nothing through.
        if let Some(to) = to.first_mut().filter(|_| start == 0.0 && first == 0) {
            *to = if ONTO { before + S::zero() } else { S::zero() };
        }
    }
}
