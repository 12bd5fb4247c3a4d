//! The cells know the region of every direction.

use super::*;
use crate::audio::Layout;
use crate::spatial::cells::leaving_any;
use crate::spatial::geometry::{direction, length, unit};
use crate::spatial::{Direction, PointSource};

/// Numbers from -1 to 1: a linear congruential generator (Knuth's MMIX constants).
struct Pick(u64);

impl Pick {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 32).unwrap_or(0)) / f64::from(u32::MAX / 2) - 1.0
    }
}

fn compare(regions: &Regions, pick: &mut Pick) {
    let by_cells = |at| regions.cells.leaving(&regions.planes, regions.count, at);
    let by_all = |at| leaving_any(&regions.planes, regions.count, at);
    for _ in 0..20_000 {
        let at = [pick.next(), pick.next(), pick.next()];
        if length(at) > 1e-3 {
            let at = unit(at);
            assert_eq!(by_cells(at), by_all(at), "{at:?}");
        }
    }
    // Edges of cells, poles and the loudspeakers' own directions.
    for azimuth in -36..=36 {
        for elevation in -18..=18 {
            let at = direction(f64::from(azimuth) * 5.0, f64::from(elevation) * 5.0);
            // Where planes meet rounding decides; the height is the same.
            let of = |index| regions.height(index, at);
            assert_eq!(of(by_cells(at)), of(by_all(at)), "{at:?}");
        }
    }
}

#[test]
fn the_cells_find_the_region_that_all_planes_find() {
    let mut pick = Pick(3);
    let (mut nominal, mut rooms) = (0, 0);
    for layout in Layout::all().filter(|layout| *layout != Layout::MONO) {
        compare(&PointSource::new(layout).unwrap().regions, &mut pick);
        nominal += 1;
        for _ in 0..4 {
            let mut real =
                [Direction { azimuth_deg: 0.0, elevation_deg: 0.0 }; MAX_LAYOUT_CHANNELS];
            for (real, speaker) in real.iter_mut().zip(layout.speakers()) {
                *real = Direction::nominal(speaker);
                // Up to 4 degrees aside, but for what stands in the median plane or above.
                let aside = real.azimuth_deg.abs();
                if !speaker.lfe && aside > 0.0 && aside < 180.0 {
                    real.azimuth_deg += 4.0 * pick.next();
                }
            }
            let real = &real[..layout.channel_count()];
            if let Ok(room) = PointSource::with_positions(layout, real) {
                compare(&room.regions, &mut pick);
                rooms += 1;
            }
        }
    }
    assert_eq!(nominal, 16);
    assert!(rooms >= 20, "{rooms}");
}
