//! What is left out of the sum has no weight.

extern crate alloc;

use super::*;

/// Numbers from 0 to 1: a linear congruential generator (Knuth's MMIX constants).
struct Pick(u64);

impl Pick {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 32).unwrap_or(0)) / f64::from(u32::MAX)
    }
}

#[test]
fn the_pruned_sum_is_the_sum_over_all_directions() {
    /// Up to 1652 gains of at most 1, added up in another order.
    const ROUNDING: f64 = 1e-12;
    let mut pick = Pick(7);
    for layout in [Layout::STEREO, Layout::SURROUND_5_1, Layout::SURROUND_22_2] {
        let mut memory = alloc::vec![0.0; PolarExtent::required_len(layout)];
        let point_source = PointSource::new(layout).unwrap();
        let panner = PolarExtent::new_in(point_source, &mut memory).unwrap();
        let all = panner.rows.map(|row| [row.first, row.blocks()]);
        for n in 0..4000 {
            let azimuth_deg = pick.next() * 360.0 - 180.0;
            let elevation_deg = match n % 8 {
                0 => 0.0,
                1 => 90.0,
                2 => -90.0 + 1e-6 * pick.next(),
                3 => 1e-6 * pick.next(),
                _ => pick.next() * 180.0 - 90.0,
            };
            // Small ones most.
            let mut size = || (360.0 * pick.next() * pick.next()).max(FADE_DEG * 0.5);
            let (width_deg, height_deg) = (size(), size());
            let shape = Stadium::new(azimuth_deg, elevation_deg, width_deg, height_deg);
            let (pruned, full) = (panner.spread(&shape), panner.sum(&shape, &all));
            for (pruned, full) in pruned.iter().zip(full.iter()) {
                assert!(
                    (pruned - full).abs() <= ROUNDING,
                    "{layout} {azimuth_deg} {elevation_deg} {width_deg} {height_deg}"
                );
            }
        }
    }
}
