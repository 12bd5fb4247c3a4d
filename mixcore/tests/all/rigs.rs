//! VBAP and DBAP: any rig, no silent direction, the laws of the papers.

use mixcore::Layout;
use mixcore::spatial::{
    Dbap, DbapParams, Direction, MAX_RIG, Placed, RigGains, Vbap, VbapParams, VbapShape,
};
use proptest::prelude::*;

/// Sums of a few products.
const ROUNDING: f64 = 1e-12;

fn at(azimuth_deg: f64, elevation_deg: f64) -> Direction {
    Direction { azimuth_deg, elevation_deg }
}

/// The loudspeakers of a layout.
fn rig_of(layout: Layout) -> Vec<Direction> {
    layout.speakers().iter().filter(|s| !s.lfe).map(Direction::nominal).collect()
}

fn power(gains: &[f64]) -> f64 {
    gains.iter().map(|g| g * g).sum()
}

/// Directions 3° apart in elevation and as much in azimuth.
fn sphere() -> impl Iterator<Item = (f64, f64)> {
    (-30..=30).flat_map(|e| (-60..60).map(move |a| (f64::from(a) * 3.0, f64::from(e) * 3.0)))
}

fn point(vbap: &Vbap, azimuth_deg: f64, elevation_deg: f64) -> RigGains {
    vbap.gains(azimuth_deg, elevation_deg, VbapParams::default()).unwrap()
}

#[test]
fn no_direction_of_any_layout_is_silent_and_each_loudspeaker_sounds_alone_at_itself() {
    for layout in Layout::all() {
        let rig = rig_of(layout);
        let vbap = Vbap::new(&rig, VbapShape::Sphere).unwrap_or_else(|e| panic!("{layout}: {e}"));
        assert_eq!(vbap.loudspeaker_count(), rig.len());
        for (azimuth_deg, elevation_deg) in sphere() {
            let gains = point(&vbap, azimuth_deg, elevation_deg);
            assert!(
                (power(&gains) - 1.0).abs() <= ROUNDING,
                "{layout} {azimuth_deg} {elevation_deg}"
            );
            assert!(gains.iter().all(|&g| g >= 0.0));
        }
        for (index, here) in rig.iter().enumerate() {
            let gains = point(&vbap, here.azimuth_deg, here.elevation_deg);
            assert!((gains[index] - 1.0).abs() <= 1e-9, "{layout} {here:?}");
        }
    }
}

#[test]
fn nothing_jumps() {
    /// The bound of the spatial layer for a tenth of a degree of a great circle.
    const STEP: f64 = 0.02;
    for layout in Layout::all() {
        let vbap = Vbap::new(&rig_of(layout), VbapShape::Sphere).unwrap();
        for (azimuth_deg, elevation_deg) in sphere() {
            let here = point(&vbap, azimuth_deg, elevation_deg);
            let aside = (azimuth_deg + 0.1 / elevation_deg.to_radians().cos().max(0.05)).min(180.0);
            for (a, e) in [(aside, elevation_deg), (azimuth_deg, (elevation_deg + 0.1).min(90.0))] {
                for (x, y) in here.iter().zip(point(&vbap, a, e).iter()) {
                    assert!(
                        (x - y).abs() <= STEP,
                        "{layout} {azimuth_deg} {elevation_deg}: {x} {y}"
                    );
                }
            }
        }
    }
}

#[test]
fn between_three_loudspeakers_the_gains_point_at_the_source() {
    let rig = [at(30.0, 0.0), at(-30.0, 0.0), at(0.0, 40.0), at(120.0, 0.0), at(-120.0, 0.0)];
    let vbap = Vbap::new(&rig, VbapShape::Sphere).unwrap();
    for (azimuth_deg, elevation_deg) in [(0.0, 10.0), (10.0, 5.0), (-5.0, 25.0)] {
        let gains = point(&vbap, azimuth_deg, elevation_deg);
        let mut sum = [0.0; 3];
        for (gain, loudspeaker) in gains.iter().zip(&rig) {
            for (sum, axis) in sum.iter_mut().zip(loudspeaker.vector()) {
                *sum += gain * axis;
            }
        }
        let length = power(&sum).sqrt();
        for (a, b) in sum.iter().zip(at(azimuth_deg, elevation_deg).vector()) {
            assert!((a / length - b).abs() <= ROUNDING);
        }
    }
}

#[test]
fn the_norm_is_what_stays_one() {
    let vbap = Vbap::new(&rig_of(Layout::SURROUND_7_1_4), VbapShape::Sphere).unwrap();
    for norm in [1.0, 1.3, 2.0] {
        let gains = vbap.gains(12.0, 20.0, VbapParams { spread_deg: 0.0, norm }).unwrap();
        let sum: f64 = gains.iter().map(|g| g.powf(norm)).sum();
        assert!((sum - 1.0).abs() <= ROUNDING, "{norm}");
    }
}

#[test]
fn a_spread_source_sounds_from_more_loudspeakers_and_stays_in_the_middle() {
    for shape in [VbapShape::Sphere, VbapShape::Ring] {
        let vbap = Vbap::new(&rig_of(Layout::SURROUND_7_1), shape).unwrap();
        let mut loudest = 1.0 + ROUNDING;
        for spread_deg in [0.0, 45.0, 90.0, 135.0, 180.0] {
            let gains = vbap.gains(0.0, 0.0, VbapParams { spread_deg, norm: 2.0 }).unwrap();
            assert!((power(&gains) - 1.0).abs() <= ROUNDING);
            assert!(gains[2] <= loudest, "the centre gives away");
            loudest = gains[2];
            for pair in [(0, 1), (3, 4), (5, 6)] {
                assert!(
                    (gains[pair.0] - gains[pair.1]).abs() <= ROUNDING,
                    "{shape:?} {spread_deg}"
                );
            }
        }
        assert!(loudest < 0.9);
    }
}

#[test]
fn a_ring_leaves_elevation_aside_and_pans_pairs() {
    let rig = rig_of(Layout::SURROUND_5_1);
    let vbap = Vbap::new(&rig, VbapShape::Ring).unwrap();
    for azimuth in -180..=180 {
        let azimuth_deg = f64::from(azimuth);
        let gains = point(&vbap, azimuth_deg, 0.0);
        assert_eq!(gains, point(&vbap, azimuth_deg, 66.0));
        assert!(gains.iter().filter(|&&g| g > 1e-9).count() <= 2, "{azimuth}");
        assert!((power(&gains) - 1.0).abs() <= ROUNDING);
    }
    // One, two and three in front: all round and never silent.
    for count in 1..=3 {
        let vbap = Vbap::new(&rig[..count], VbapShape::Ring).unwrap();
        for azimuth in -180..=180 {
            let gains = point(&vbap, f64::from(azimuth), 0.0);
            assert!((power(&gains) - 1.0).abs() <= ROUNDING, "{count} {azimuth}");
        }
    }
}

#[test]
fn an_impossible_rig_is_refused() {
    let front = at(0.0, 0.0);
    for rig in [vec![], vec![front, front], vec![at(200.0, 0.0)], vec![at(0.0, f64::NAN)]] {
        assert!(Vbap::new(&rig, VbapShape::Sphere).is_err());
    }
    assert!(Vbap::new(&vec![front; MAX_RIG + 1], VbapShape::Ring).is_err());
    assert!(Vbap::new(&[at(180.0, 0.0), at(-180.0, 0.0)], VbapShape::Ring).is_err());
    // Over each other they are one on a ring and two on a sphere.
    let pair = [at(10.0, 0.0), at(10.0, 30.0)];
    assert!(
        Vbap::new(&pair, VbapShape::Ring).is_err() && Vbap::new(&pair, VbapShape::Sphere).is_ok()
    );
}

fn placed(x: f64, y: f64, weight: f64) -> Placed {
    Placed { place_m: [x, y, 0.0], weight }
}

#[test]
fn distances_follow_the_rolloff() {
    // 1 m and 2 m away, no blur to speak of: the far one is R dB softer.
    let dbap = Dbap::new(&[placed(0.0, 0.0, 1.0), placed(3.0, 0.0, 1.0)]).unwrap();
    for rolloff_db in [3.0, 4.5, 6.0] {
        let params = DbapParams { rolloff_db, blur_m: 0.001 };
        let gains = dbap.gains([1.0, 0.0, 0.0], params).unwrap();
        assert!((power(&gains) - 1.0).abs() <= ROUNDING);
        // The blur of 1 mm adds 5e-7 of 1 m: 5e-6 dB.
        assert!((20.0 * (gains[0] / gains[1]).log10() - rolloff_db).abs() < 1e-5);
    }
    let half =
        Dbap::new(&[placed(0.0, 0.0, 1.0), placed(2.0, 0.0, 0.5), placed(1.0, 0.0, 0.0)]).unwrap();
    let gains = half.gains([1.0, 0.0, 0.0], DbapParams::default()).unwrap();
    assert!((gains[1] / gains[0] - 0.5).abs() <= ROUNDING && gains[2] == 0.0);
    assert!(Dbap::new(&[placed(0.0, 0.0, 0.0)]).is_err() && Dbap::new(&[]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn any_rig_is_an_error_or_sounds_everywhere(
        rig in prop::collection::vec((-180.0..=180.0_f64, -90.0..=90.0_f64), 0..24),
        low in -90.0..=90.0_f64,
        ring: bool,
        wild in prop_oneof![1 => any::<f64>(), 5 => Just(0.0)],
        spread_deg in prop_oneof![1 => any::<f64>(), 5 => 0.0..180.0],
        norm in prop_oneof![1 => any::<f64>(), 5 => 1.0..2.0],
        sources in prop::collection::vec((-180.0..=180.0_f64, -90.0..=90.0_f64), 20),
    ) {
        let rig: Vec<Direction> = rig.iter().map(|&(a, e)| at(a, e.max(low))).collect();
        let shape = if ring { VbapShape::Ring } else { VbapShape::Sphere };
        let Ok(vbap) = Vbap::new(&rig, shape) else { return Ok(()) };
        let params = VbapParams { spread_deg, norm };
        let good = (0.0..=180.0).contains(&spread_deg) && (1.0..=2.0).contains(&norm);
        for (azimuth_deg, elevation_deg) in sources {
            let gains = vbap.gains(azimuth_deg, elevation_deg, params);
            prop_assert_eq!(gains.is_ok(), good);
            if let Ok(gains) = gains {
                let sum: f64 = gains.iter().map(|g| g.powf(norm)).sum();
                prop_assert!((sum - 1.0).abs() <= 1e-9, "{sum}");
            }
            prop_assert_eq!(vbap.gains(azimuth_deg + wild, 0.0, VbapParams::default()).is_ok(),
                (-180.0..=180.0).contains(&(azimuth_deg + wild)));
        }
    }

    #[test]
    fn any_places_are_an_error_or_sound(
        rig in prop::collection::vec(
            ((any::<f64>(), -5.0..5.0, -5.0..5.0).prop_map(<[f64; 3]>::from), -0.1..1.1),
            0..6,
        ),
        tame: bool,
        place_m in (prop_oneof![1 => any::<f64>(), 5 => -9.0..9.0], -5.0..5.0, -5.0..5.0)
            .prop_map(<[f64; 3]>::from),
        rolloff_db in prop_oneof![1 => any::<f64>(), 5 => 0.0..25.0],
        blur_m in prop_oneof![1 => any::<f64>(), 5 => 0.0..2.0],
    ) {
        let rig: Vec<Placed> = rig.iter().map(|&(mut place_m, weight)| {
            if tame {
                place_m[0] = place_m[1];
            }
            Placed { place_m, weight: if tame { f64::abs(weight).min(1.0) } else { weight } }
        }).collect();
        let Ok(dbap) = Dbap::new(&rig) else { return Ok(()) };
        let good = place_m[0].abs() <= 1000.0
            && (0.5..=24.0).contains(&rolloff_db)
            && (0.001..=100.0).contains(&blur_m);
        let gains = dbap.gains(place_m, DbapParams { rolloff_db, blur_m });
        prop_assert_eq!(gains.is_ok(), good);
        if let Ok(gains) = gains {
            prop_assert!((power(&gains) - 1.0).abs() <= 1e-9);
        }
    }
}
