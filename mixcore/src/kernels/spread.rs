//! The weighted sum of a spread source: many directions, each with its gains. Lane axis: direction
//! for the weights, loudspeaker for the sums.
//!
//! The weight of a direction is 1 inside a shape and falls straight with the angle to 0 outside
//! ([`SpreadShape`]). Four directions are weighed at once, and all four are added: to look which of
//! them count would be guessed wrong at every edge, for more than the additions cost.

use fearless_simd::{Select, Simd, f64x4, prelude::*};

use super::isa::{Isa, dispatch};

/// Directions of a block.
pub const SPREAD_BLOCK: usize = 4;
/// Numbers of a block's directions: x, y and z of all four.
pub const SPREAD_AXES: usize = 3 * SPREAD_BLOCK;
/// Most groups of four loudspeakers.
pub const SPREAD_GROUPS: usize = 6;

/// Taylor's series of asin(d)/d − 1 over d², for |d| ≤ sin 10°: the first term left out is below
/// 1e-14 of the angle.
pub(super) const ARC_SINE: [f64; 7] = [
    1.0 / 6.0,
    3.0 / 40.0,
    15.0 / 336.0,
    105.0 / 3_456.0,
    945.0 / 42_240.0,
    10_395.0 / 599_040.0,
    135_135.0 / 9_676_800.0,
];

/// A band along one axis with round ends, as sines and cosines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpreadShape {
    /// Along the long side, ahead, across it: unit vectors.
    pub axes: [[f64; 3]; 3],
    /// Sine and cosine of the angle from the middle to where the centre of an end stands.
    pub centre: [f64; 2],
    /// A direction belongs to an end if it is turned beyond the centre of an end, within the plane of
    /// the long side: if the sine of the angle between the two is not below this. 0, or 2 where both
    /// ends meet.
    pub end_sin: f64,
    /// Sine and cosine of the half width.
    pub radius: [f64; 2],
    /// Minus these two where the half width is below 90°, else zeros: what tells a direction that is more
    /// than 90° beyond the edge, whose sine falls again, from one that is near.
    pub behind: [f64; 2],
    /// One over the width of the fade, 1/rad: at least 1/(10°).
    pub per_fade: f64,
}

/// Adds to `sums` (`groups`·4 numbers) the weighted gains of the blocks in `ranges` (first block and
/// how many). A block is [`SPREAD_AXES`] numbers of directions and the gains of each direction, in
/// groups of four. What does not fit together is left out.
pub fn spread(
    isa: Isa,
    shape: &SpreadShape,
    table: &[f64],
    ranges: &[[u16; 2]],
    sums: &mut [[f64; 4]],
) {
    dispatch!(isa, simd => spread_lanes(simd, shape, table, ranges, sums));
}

#[inline(always)]
fn spread_lanes<I: Simd>(
    simd: I,
    shape: &SpreadShape,
    table: &[f64],
    ranges: &[[u16; 2]],
    sums: &mut [[f64; 4]],
) {
    match sums.len() {
        1 => pass_of::<I, 1>(simd, shape, table, ranges, sums),
        2 => pass_of::<I, 2>(simd, shape, table, ranges, sums),
        3 => pass_of::<I, 3>(simd, shape, table, ranges, sums),
        4 => pass_of::<I, 4>(simd, shape, table, ranges, sums),
        5 => pass_of::<I, 5>(simd, shape, table, ranges, sums),
        SPREAD_GROUPS => pass_of::<I, 6>(simd, shape, table, ranges, sums),
        _ => {}
    }
}

#[inline(always)]
fn pass_of<I: Simd, const N: usize>(
    simd: I,
    shape: &SpreadShape,
    table: &[f64],
    ranges: &[[u16; 2]],
    sums: &mut [[f64; 4]],
) {
    let Some(sums) = sums.first_chunk_mut::<N>() else { return };
    let mut total: [f64x4<I>; N] = core::array::from_fn(|n| f64x4::load_array(simd, sums[n]));
    let groups = table.as_chunks::<4>().0;
    // Groups of a block: directions, and the gains of each.
    let block = 3 + SPREAD_BLOCK * N;
    for &[first, count] in ranges {
        let (first, count) = (usize::from(first) * block, usize::from(count) * block);
        let Some(part) = groups.get(first..first + count) else { continue };
        for block in part.chunks_exact(block) {
            let Some(([x, y, z], gains)) = block.split_first_chunk::<3>() else { continue };
            let directions = [
                f64x4::load_array_ref(simd, x),
                f64x4::load_array_ref(simd, y),
                f64x4::load_array_ref(simd, z),
            ];
            let mut weights = [0.0; SPREAD_BLOCK];
            weigh::<I>(simd, shape, directions).store_array(&mut weights);
            for (gains, &weight) in gains.as_chunks::<N>().0.iter().zip(&weights) {
                let weight = f64x4::splat(simd, weight);
                for (total, gains) in total.iter_mut().zip(gains) {
                    *total += f64x4::load_array_ref(simd, gains) * weight;
                }
            }
        }
    }
    for (sum, total) in sums.iter_mut().zip(total) {
        total.store_array(sum);
    }
}

#[inline(always)]
fn weigh<I: Simd>(simd: I, shape: &SpreadShape, [x, y, z]: [f64x4<I>; 3]) -> f64x4<I> {
    let (one, zero) = (f64x4::splat(simd, 1.0), f64x4::splat(simd, 0.0));
    let [[rx, ry, rz], [ax, ay, az], [ux, uy, uz]] = shape.axes;
    let right = ((x * rx + y * ry) + z * rz).abs();
    let ahead = (x * ax + y * ay) + z * az;
    let up = ((x * ux + y * uy) + z * uz).abs();
    let beyond = right * shape.centre[1] - ahead * shape.centre[0];
    let beside = beyond.simd_ge(f64x4::splat(simd, shape.end_sin));
    let near = right * shape.centre[0] + ahead * shape.centre[1];
    // The sine of the angle across, or the cosine of the angle to the centre of an end.
    let of = beside.select(near, up);
    let other = (one - of * of).max(zero).sqrt();
    let (sin, cos) = (beside.select(other, of), beside.select(of, other));
    // Sine of the angle beyond the edge (from 90° on minus its cosine), and the angle: the series in
    // pairs, so that the chain is short.
    let d = (sin * shape.radius[1] - cos * shape.radius[0])
        .max(sin * shape.behind[0] + cos * shape.behind[1]);
    let square = d * d;
    let fourth = square * square;
    let low = (square * ARC_SINE[1] + ARC_SINE[0]) + (square * ARC_SINE[3] + ARC_SINE[2]) * fourth;
    let high = (square * ARC_SINE[5] + ARC_SINE[4]) + fourth * ARC_SINE[6];
    let series = low + high * (fourth * fourth);
    let angle = d + d * square * series;
    (one - angle * shape.per_fade).max(zero).min(one)
}
