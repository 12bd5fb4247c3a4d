//! Gains of directions, sizes and rigs, beside the figures that libear has been measured at.
//!
//! No rival runs here: libear is C++ and was timed apart, on another machine of the same kind; the
//! goals are DESIGN's. Before a case exists its gains are looked at: power 1 in every direction.

use std::hint::black_box;

use mixcore::Layout;
use mixcore::spatial::{Direction, Extent, PointSource, PolarExtent, Vbap, VbapParams, VbapShape};

use crate::{Case, Limit};

/// Directions of a run.
const DIRECTIONS: usize = 1000;

/// Directions spread evenly over the sphere: a golden spiral.
fn directions() -> Vec<(f64, f64)> {
    let height = |n: usize| (2 * n + 1) as f64 / DIRECTIONS as f64 - 1.0;
    (0..DIRECTIONS)
        .map(|n| ((n as f64 * 137.507_764) % 360.0 - 180.0, height(n).asin().to_degrees()))
        .collect()
}

fn check(name: &str, gains: &[f64]) {
    let power: f64 = gains.iter().map(|gain| gain * gain).sum();
    assert!((power - 1.0).abs() < 1e-9, "{name}: the power is {power}");
}

fn case(
    name: String,
    limit: Option<Limit>,
    mut gain: impl FnMut(f64, f64) -> f64 + 'static,
) -> Case {
    let directions = directions();
    Case {
        name,
        units: DIRECTIONS as u64,
        unit: "direction",
        ours: Box::new(move || {
            let mut sum = 0.0;
            for &(azimuth_deg, elevation_deg) in black_box(&directions) {
                sum += gain(azimuth_deg, elevation_deg);
            }
            black_box(sum);
        }),
        rivals: Vec::new(),
        limit,
    }
}

fn point(layout: Layout, limit: Option<Limit>) -> Case {
    let panner = PointSource::new(layout).expect("a named layout");
    let name = format!("BS.2127 point source, {layout}");
    for (azimuth_deg, elevation_deg) in directions() {
        check(&name, &panner.gains(azimuth_deg, elevation_deg).expect("a direction"));
    }
    case(name, limit, move |azimuth_deg, elevation_deg| {
        panner.gains(azimuth_deg, elevation_deg).map_or(f64::NAN, |gains| gains[0])
    })
}

fn extent(width_deg: f64, limit: Option<Limit>) -> Case {
    let layout = Layout::SURROUND_7_1_4;
    let point_source = PointSource::new(layout).expect("a named layout");
    let panner = PolarExtent::new(point_source).expect("owned memory");
    let size = Extent { width_deg, height_deg: width_deg / 2.0, depth: 0.0 };
    let name = format!("BS.2127 extent, {layout}, {width_deg} x {}°", width_deg / 2.0);
    for (azimuth_deg, elevation_deg) in directions() {
        check(&name, &panner.gains(azimuth_deg, elevation_deg, 1.0, size).expect("a direction"));
    }
    case(name, limit, move |azimuth_deg, elevation_deg| {
        let gains = panner.gains(azimuth_deg, elevation_deg, 1.0, size);
        gains.map_or(f64::NAN, |gains| gains[0])
    })
}

fn vbap(layout: Layout) -> Case {
    let loudspeakers = layout.speakers().iter().filter(|speaker| !speaker.lfe);
    let rig: Vec<Direction> = loudspeakers.map(Direction::nominal).collect();
    let panner = Vbap::new(&rig, VbapShape::Sphere).expect("a rig that can be closed");
    let name = format!("VBAP, {layout}");
    let params = VbapParams::default();
    for (azimuth_deg, elevation_deg) in directions() {
        check(&name, &panner.gains(azimuth_deg, elevation_deg, params).expect("a direction"));
    }
    case(name, None, move |azimuth_deg, elevation_deg| {
        panner.gains(azimuth_deg, elevation_deg, params).map_or(f64::NAN, |gains| gains[0])
    })
}

/// Every case.
#[must_use]
pub fn cases() -> Vec<Case> {
    let limit = |must_ns, stretch_ns, quoted| Some(Limit { must_ns, stretch_ns, quoted });
    vec![
        point(Layout::SURROUND_5_1, limit(100.0, 60.0, "libear 459 ns")),
        point(Layout::SURROUND_7_1_4, limit(100.0, 60.0, "libear 498 ns")),
        point(Layout::SURROUND_22_2, limit(160.0, 100.0, "libear 645 ns")),
        extent(20.0, limit(1000.0, 1000.0, "libear 2000 ns (AVX-512, f32)")),
        extent(90.0, limit(1000.0, 1000.0, "libear 2000 ns (AVX-512, f32)")),
        vbap(Layout::SURROUND_7_1_4),
    ]
}
