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
/// what [`accumulate_ramps`] and [`super::round_into`] make of a source that is alone. For the channels
/// that both lists have, as far as `source` and all of these reach.
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
    let (groups, rest) = outs.as_chunks_mut::<GROUP>();
    let (line_groups, line_rest) = lines.as_chunks::<GROUP>();
    for (outs, lines) in groups.iter_mut().zip(line_groups) {
        group(simd, source, lines, first, outs);
    }
    // Whichever list is the shorter one, the rest begins at the same channel or not at all.
    let done = groups.len().min(line_groups.len());
    let (outs, lines) = match groups.get_mut(done) {
        Some(outs) => (outs.as_mut_slice(), line_rest),
        None => (rest, line_groups.get(done).map_or(line_rest, |lines| lines.as_slice())),
    };
    for (out, line) in outs.iter_mut().zip(lines) {
        group(simd, source, core::array::from_ref(line), first, core::array::from_mut(out));
    }
}

/// `N` channels together.
#[inline(always)]
fn group<I: Simd, S: Sample, const N: usize>(
    simd: I,
    source: &[S],
    lines: &[[f64; 2]; N],
    first: usize,
    outs: &mut [&mut [S]; N],
) {
    let iota = <f64 as Lanes>::iota(simd);
    let zero = f64x8::splat(simd, 0.0);
    let (chunks, tail) = source.as_chunks::<8>();
    let (pairs, single) = chunks.as_chunks::<2>();
    let mut at = first;
    for (n, [x, next]) in pairs.iter().enumerate() {
        let (x, next) = (<S as Lanes>::load_f64(simd, x), <S as Lanes>::load_f64(simd, next));
        let place = iota + scalar::count::<f64>(at);
        let beyond = iota + scalar::count::<f64>(at.wrapping_add(8));
        for (out, [start, step]) in outs.iter_mut().zip(lines) {
            let (out, _) = out.as_chunks_mut::<8>();
            if let Some([out, follows]) = out.as_chunks_mut::<2>().0.get_mut(n) {
                <S as Lanes>::store_f64(simd, zero + x * (place * *step + *start), out);
                <S as Lanes>::store_f64(simd, zero + next * (beyond * *step + *start), follows);
            }
        }
        at = at.wrapping_add(16);
    }
    for x in single {
        let x = <S as Lanes>::load_f64(simd, x);
        let place = iota + scalar::count::<f64>(at);
        for (out, [start, step]) in outs.iter_mut().zip(lines) {
            if let Some(out) = out.as_chunks_mut().0.get_mut(chunks.len() - 1) {
                <S as Lanes>::store_f64(simd, zero + x * (place * *step + *start), out);
            }
        }
        at = at.wrapping_add(8);
    }
    for (out, line) in outs.iter_mut().zip(lines) {
        let out = out.get_mut(source.len() - tail.len()..).unwrap_or_default();
        scalar::ramp_into(tail, line, at, out);
    }
}
