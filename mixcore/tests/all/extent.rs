//! The size of a source against the EBU ADM Renderer, in owned and in lent memory.

use mixcore::Layout;
use mixcore::kernels::{self, Isa, SPREAD_AXES, SPREAD_BLOCK, SpreadShape, scalar};
use mixcore::spatial::{Extent, PointSource, PolarExtent};
use proptest::prelude::*;

use crate::objects::{difference, gains_of, loudspeakers, numbers};
use crate::signals::Noise;

/// Runs of the EBU ADM Renderer: layout; direction; distance; size; gains without LFEs in 9 digits.
const EXTENT: &str = include_str!("data/ear_extent.csv");
/// Likewise, 40 sources for each of the ten layouts of BS.2051: poles, loudspeakers, middles between
/// neighbours, behind; sizes at the ends of the blend with the point, at 180° and 360°.
const EXTENT_ALL: &str = include_str!("data/ear_extent_all.csv");

/// A panner in lent memory, which every feature set has; a test's leak ends with the test.
fn panner(layout: Layout) -> PolarExtent<'static> {
    let memory = Box::leak(vec![1.0; PolarExtent::required_len(layout)].into_boxed_slice());
    PolarExtent::new_in(PointSource::new(layout).unwrap(), memory).unwrap()
}

fn power(gains: &[f64]) -> f64 {
    gains.iter().map(|g| g * g).sum()
}

/// Checks every line of a file; layouts and sources.
fn check(text: &str) -> (usize, usize) {
    /// The bound; the files have 9 digits.
    const BOUND: f64 = 1e-6;
    let (mut layouts, mut sources, mut worst) = (0, 0, 0.0_f64);
    let mut last: Option<PolarExtent<'static>> = None;
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(';').collect();
        let layout = Layout::named(fields[0]).unwrap();
        if last.as_ref().is_none_or(|panner| panner.point_source().layout() != layout) {
            last = Some(panner(layout));
            layouts += 1;
        }
        let &[azimuth_deg, elevation_deg, distance, width_deg, height_deg, depth] =
            &numbers(&fields[1..7])[..]
        else {
            panic!("{line}")
        };
        let extent = Extent { width_deg, height_deg, depth };
        let panner = last.as_ref().unwrap();
        let ours = panner.gains(azimuth_deg, elevation_deg, distance, extent).unwrap();
        let ours = loudspeakers(&ours, layout);
        let off = difference(&ours, &gains_of(fields[7], ours.len()));
        assert!(off <= BOUND, "{line}: {off} {ours:?}");
        worst = worst.max(off);
        sources += 1;
    }
    println!("largest difference {worst:e}");
    (layouts, sources)
}

#[test]
fn sizes_and_distances_are_the_ebus() {
    assert_eq!(check(EXTENT), (3, 3 * (14 * 53 + 6 * 14)));
}

#[test]
fn sizes_in_all_ten_layouts_are_the_ebus() {
    assert_eq!(check(EXTENT_ALL), (10, 10 * 40));
}

#[test]
fn a_point_is_the_point_source_bit_for_bit() {
    let panner = panner(Layout::SURROUND_5_1_4);
    for (azimuth_deg, elevation_deg) in [(0.0, 0.0), (77.0, 12.0), (-140.0, -60.0), (5.0, 90.0)] {
        let point = panner.point_source().gains(azimuth_deg, elevation_deg).unwrap();
        let sized = panner.gains(azimuth_deg, elevation_deg, 1.0, Extent::default()).unwrap();
        assert_eq!(point, sized);
    }
}

#[test]
fn the_power_is_one_at_any_size_and_growing_never_jumps() {
    /// Between sizes 1° apart.
    const STEP: f64 = 0.06;
    /// Sums over 1652 directions.
    const ROUNDING: f64 = 1e-12;
    let panner = panner(Layout::SURROUND_7_1_4);
    for (azimuth_deg, elevation_deg) in [(0.0, 0.0), (110.0, 15.0), (-40.0, 80.0), (180.0, -90.0)] {
        let mut before = panner.gains(azimuth_deg, elevation_deg, 1.0, Extent::default()).unwrap();
        for degrees in 0..=360 {
            let extent = Extent {
                width_deg: f64::from(degrees),
                height_deg: f64::from(degrees) / 3.0,
                depth: 0.0,
            };
            let gains = panner.gains(azimuth_deg, elevation_deg, 1.0, extent).unwrap();
            assert!((power(&gains) - 1.0).abs() <= ROUNDING);
            for (a, b) in before.iter().zip(gains.iter()) {
                assert!((a - b).abs() <= STEP, "{azimuth_deg} {elevation_deg} {degrees}");
            }
            before = gains;
        }
    }
}

#[test]
fn a_sized_source_moves_without_jumps_and_as_its_mirror_image() {
    /// The bound of the spatial layer for a tenth of a degree of a great circle.
    const STEP: f64 = 0.02;
    /// Sums over 1652 directions, in another order.
    const ROUNDING: f64 = 1e-9;
    for layout in [Layout::STEREO, Layout::SURROUND_5_1, Layout::SURROUND_7_1_4] {
        let panner = panner(layout);
        let twin = |at: usize| {
            let here = &layout.speakers()[at];
            layout.speakers().iter().position(|s| {
                s.lfe == here.lfe
                    && s.elevation_deg == here.elevation_deg
                    && s.azimuth_deg == -here.azimuth_deg
            })
        };
        for (width_deg, height_deg) in [(4.0, 7.0), (20.0, 10.0), (30.0, 120.0), (270.0, 60.0)] {
            let extent = Extent { width_deg, height_deg, depth: 0.3 };
            for n in 0..200 {
                let azimuth_deg = f64::from(n) * 0.9 - 90.0;
                let elevation_deg = f64::from(n * 37 % 170) - 85.0;
                let at = |a, e| panner.gains(a, e, 1.2, extent).unwrap();
                let here = at(azimuth_deg, elevation_deg);
                for there in
                    [at(azimuth_deg + 0.1, elevation_deg), at(azimuth_deg, elevation_deg + 0.1)]
                {
                    for (a, b) in here.iter().zip(there.iter()) {
                        assert!((a - b).abs() <= STEP, "{layout} {azimuth_deg} {elevation_deg}");
                    }
                }
                let mirror = at(-azimuth_deg, elevation_deg);
                for (channel, gain) in here.iter().enumerate() {
                    if let Some(twin) = twin(channel).filter(|_| *gain > 0.0) {
                        assert!((gain - mirror[twin]).abs() <= ROUNDING, "{layout} {azimuth_deg}");
                    }
                }
            }
        }
    }
}

#[test]
fn memory_that_is_too_small_is_an_error_and_owned_is_the_same() {
    let layout = Layout::SURROUND_5_1;
    let mut memory = vec![0.0; PolarExtent::required_len(layout) - 1];
    let point_source = PointSource::new(layout).unwrap();
    assert!(PolarExtent::new_in(point_source.clone(), &mut memory).is_err());
    #[cfg(feature = "alloc")]
    {
        let owned = PolarExtent::new(point_source).unwrap();
        let extent = Extent { width_deg: 60.0, height_deg: 30.0, depth: 0.5 };
        let here = owned.gains(20.0, 10.0, 1.5, extent).unwrap();
        assert_eq!(here, panner(layout).gains(20.0, 10.0, 1.5, extent).unwrap());
    }
}

#[test]
fn the_weighted_sum_is_its_plain_twin_at_every_level() {
    let mut pick = Noise::new(21);
    for groups in 0..=7 {
        let block = SPREAD_AXES + SPREAD_BLOCK * 4 * groups;
        let table: Vec<f64> = (0..40 * block).map(|_| pick.next_f64()).collect();
        for case in 0..20 {
            let radius = 0.1 * f64::from(case) + 0.05;
            let centre = 0.17 * f64::from(case);
            let shape = SpreadShape {
                axes: core::array::from_fn(|_| core::array::from_fn(|_| pick.next_f64())),
                centre: [centre.sin(), centre.cos()],
                end_sin: if case == 19 { 2.0 } else { 0.0 },
                radius: [radius.sin(), radius.cos()],
                behind: [-radius.sin(), -radius.cos()].map(|x| if radius < 1.57 { x } else { 0.0 }),
                per_fade: 1.0 / 0.17,
            };
            // The last one reaches beyond the table.
            let ranges = [[0, 7], [9, 1], [20, 0], [12, 28], [39, 2]];
            let mut twin = vec![[0.5; 4]; groups];
            scalar::spread(&shape, &table, &ranges, &mut twin);
            for isa in Isa::available() {
                let mut sums = vec![[0.5; 4]; groups];
                kernels::spread(isa, &shape, &table, &ranges, &mut sums);
                assert_eq!(sums, twin, "{isa:?} {groups} groups");
            }
            assert!(groups != 3 || twin.as_flattened().iter().any(|sum| *sum != 0.5));
        }
    }
}

#[test]
fn a_weight_falls_straight_with_the_angle() {
    /// The series' last term and the rounding of an angle.
    const ROUNDING: f64 = 1e-12;
    let fade = 10.0_f64.to_radians();
    for radius in [0.05_f64, 0.4, 1.0] {
        for centre in [0.0_f64, 0.3, 1.2] {
            let shape = SpreadShape {
                axes: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
                centre: [centre.sin(), centre.cos()],
                end_sin: 0.0,
                radius: [radius.sin(), radius.cos()],
                behind: [-radius.sin(), -radius.cos()],
                per_fade: 1.0 / fade,
            };
            for n in 0..=100 {
                let beyond = f64::from(n) / 80.0 * fade;
                let expected = (1.0 - beyond / fade).clamp(0.0, 1.0);
                let across = radius + beyond;
                let up = scalar::spread_weight(&shape, [0.0, across.cos(), across.sin()]);
                let along = centre + across;
                let end = scalar::spread_weight(&shape, [-along.sin(), along.cos(), 0.0]);
                assert!((end - expected).abs() <= ROUNDING, "{radius} {centre} {n}");
                assert!(
                    centre == 0.0 || (up - expected).abs() <= ROUNDING,
                    "{radius} {centre} {n}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_arguments_give_an_error_or_a_source(
        layout in 0..17_usize,
        sources in prop::collection::vec((
            prop_oneof![1 => any::<f64>(), 9 => -190.0..190.0],
            prop_oneof![1 => any::<f64>(), 9 => -95.0..95.0],
            prop_oneof![1 => any::<f64>(), 9 => 0.0..3.0],
            prop_oneof![1 => any::<f64>(), 9 => 0.0..370.0],
            prop_oneof![1 => any::<f64>(), 9 => 0.0..370.0],
            prop_oneof![1 => any::<f64>(), 9 => 0.0..1.1],
        ), 8),
    ) {
        let panner = panner(Layout::all().nth(layout).unwrap());
        for (azimuth_deg, elevation_deg, distance, width_deg, height_deg, depth) in sources {
            let good = (-180.0..=180.0).contains(&azimuth_deg)
                && (-90.0..=90.0).contains(&elevation_deg)
                && (0.0..=1000.0).contains(&distance)
                && (0.0..=360.0).contains(&width_deg)
                && (0.0..=360.0).contains(&height_deg)
                && (0.0..=1.0).contains(&depth);
            let extent = Extent { width_deg, height_deg, depth };
            let gains = panner.gains(azimuth_deg, elevation_deg, distance, extent);
            prop_assert_eq!(gains.is_ok(), good);
            if let Ok(gains) = gains {
                prop_assert!((0.5 - 1e-9..=1.0 + 1e-9).contains(&power(&gains)));
            }
        }
    }
}
