//! The cells know the face of every direction, and three gains are all gains.

use super::*;
use crate::spatial::cells::leaving_any;
use crate::spatial::gains::MAX_RIG;

/// Directions spread evenly over the sphere: a golden spiral.
fn spiral(count: u16) -> impl Iterator<Item = Direction> {
    (0..count).map(move |n| {
        let height = f64::from(2 * n + 1) / f64::from(count) - 1.0;
        let elevation_deg = crate::spatial::geometry::degrees(math::asin(height));
        let azimuth_deg = (f64::from(n) * 137.507_764) % 360.0 - 180.0;
        Direction { azimuth_deg, elevation_deg }
    })
}

#[test]
fn the_cells_find_the_face_and_three_gains_are_all() {
    let mut rig = [Direction { azimuth_deg: 0.0, elevation_deg: 0.0 }; MAX_RIG];
    let (mut asked, mut threes) = (0, 0);
    for (count, shape) in [
        (1, VbapShape::Sphere),
        (3, VbapShape::Sphere),
        (8, VbapShape::Ring),
        (12, VbapShape::Sphere),
        (29, VbapShape::Sphere),
        (48, VbapShape::Sphere),
    ] {
        for (to, from) in rig.iter_mut().zip(spiral(count)) {
            *to = from;
        }
        let panner = Vbap::new(&rig[..usize::from(count)], shape).unwrap();
        for at in spiral(5000) {
            let at = at.vector();
            let by_cells = panner.cells.leaving(&panner.planes, panner.face_count, at);
            assert_eq!(by_cells, leaving_any(&panner.planes, panner.face_count, at), "{at:?}");
            asked += 1;
            let (part, weights) = panner.part(at);
            if part.loudspeakers.is_none() {
                continue;
            }
            threes += 1;
            let mut gains = RigGains::silent(panner.loudspeakers);
            for (corner, weight) in part.corners.iter().zip(weights) {
                let Corner::Point(point) = *corner else { panic!("not a loudspeaker") };
                panner.give(&mut gains, usize::from(point), weight);
            }
            gains.normalise(2.0);
            assert_eq!(panner.point(at), gains, "{at:?}");
            gains.normalise(2.0);
            assert_eq!(panner.shared(part, at_power_one(weights)), gains, "{at:?}");
        }
    }
    assert_eq!(asked, 30_000);
    assert!(threes > 10_000, "{threes}");
}
