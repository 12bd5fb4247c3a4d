//! The plain twin of [`super::spread()`].

use super::spread::{ARC_SINE, SPREAD_BLOCK, SpreadShape};

/// As [`crate::kernels::spread()`].
pub fn spread(shape: &SpreadShape, table: &[f64], ranges: &[[u16; 2]], sums: &mut [[f64; 4]]) {
    let groups = sums.len();
    if groups == 0 || groups > super::SPREAD_GROUPS {
        return;
    }
    let table = table.as_chunks::<4>().0;
    let block = 3 + SPREAD_BLOCK * groups;
    for &[first, count] in ranges {
        let (first, count) = (usize::from(first) * block, usize::from(count) * block);
        for block in table.get(first..first + count).unwrap_or_default().chunks_exact(block) {
            let (directions, gains) = block.split_at(3);
            for (lane, gains) in gains.chunks_exact(groups).enumerate() {
                let weight = spread_weight(
                    shape,
                    [directions[0][lane], directions[1][lane], directions[2][lane]],
                );
                add(sums, gains, weight);
            }
        }
    }
}

fn add(sums: &mut [[f64; 4]], gains: &[[f64; 4]], weight: f64) {
    for (sum, gain) in sums.as_flattened_mut().iter_mut().zip(gains.as_flattened()) {
        *sum += gain * weight;
    }
}

/// The weight of a direction.
#[must_use]
pub fn spread_weight(shape: &SpreadShape, [x, y, z]: [f64; 3]) -> f64 {
    let [right, ahead, up] = shape.axes.map(|[a, b, c]| (x * a + y * b) + z * c);
    let (right, up) = (right.abs(), up.abs());
    let beside = right * shape.centre[1] - ahead * shape.centre[0] >= shape.end_sin;
    let near = right * shape.centre[0] + ahead * shape.centre[1];
    let of = if beside { near } else { up };
    let other = crate::math::sqrt((1.0 - of * of).max(0.0));
    let (sin, cos) = if beside { (other, of) } else { (of, other) };
    let edge = sin * shape.radius[1] - cos * shape.radius[0];
    let d = edge.max(sin * shape.behind[0] + cos * shape.behind[1]);
    let square = d * d;
    let fourth = square * square;
    let low = (square * ARC_SINE[1] + ARC_SINE[0]) + (square * ARC_SINE[3] + ARC_SINE[2]) * fourth;
    let high = (square * ARC_SINE[5] + ARC_SINE[4]) + fourth * ARC_SINE[6];
    let series = low + high * (fourth * fourth);
    let angle = d + d * square * series;
    (1.0 - angle * shape.per_fade).clamp(0.0, 1.0)
}
