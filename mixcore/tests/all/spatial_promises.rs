//! What the spatial layer promises of every layout and every panner: sound from everywhere, power,
//! no jump on any great circle, errors for angles that are none.

use mixcore::Layout;
use mixcore::spatial::{
    Allocentric, Bounded, DirectSpeaker, DirectSpeakerPlace, DirectSpeakers, Direction, Divergence,
    Extent, ObjectMetadata, ObjectPanner, ObjectPlace, PointSource, PolarExtent, ScreenEdgeLock,
    Vbap, VbapParams, VbapShape, pan_gains,
};

/// Sums of a few products.
const ROUNDING: f64 = 1e-12;
/// The bound: a gain's step for a tenth of a degree of a great circle.
const STEP: f64 = 0.02;

fn power(gains: &[f64]) -> f64 {
    gains.iter().map(|g| g * g).sum()
}

/// A panner in lent memory, which every feature set has; a test's leak ends with the test.
fn objects(layout: Layout) -> ObjectPanner<'static> {
    let memory = Box::leak(vec![1.0; PolarExtent::required_len(layout)].into_boxed_slice());
    ObjectPanner::new_in(layout, None, memory).unwrap()
}

fn polar(azimuth_deg: f64, elevation_deg: f64, extent: Extent, value: f64) -> ObjectMetadata {
    let divergence = Divergence { value, azimuth_range_deg: 45.0 };
    let place =
        ObjectPlace::Polar { azimuth_deg, elevation_deg, distance: 1.0, extent, divergence };
    ObjectMetadata { place, ..ObjectMetadata::default() }
}

/// A great circle in steps of a tenth of a degree, the n-th of many that look in all directions
/// (turned by golden angles).
fn great_circle(n: u32) -> impl Iterator<Item = [f64; 3]> {
    let turn = f64::from(n) * 2.399_963_229_728_653;
    let z = 1.0 - (2.0 * f64::from(n) + 1.0) / 40.0;
    let level = (1.0 - z * z).sqrt();
    let axis = [level * turn.cos(), level * turn.sin(), z];
    let across = [-turn.sin(), turn.cos(), 0.0];
    let up = [
        axis[1] * across[2] - axis[2] * across[1],
        axis[2] * across[0] - axis[0] * across[2],
        axis[0] * across[1] - axis[1] * across[0],
    ];
    (0..=3600).map(move |step| {
        let (sin, cos) = (f64::from(step) * 0.1).to_radians().sin_cos();
        [0, 1, 2].map(|i| across[i] * cos + up[i] * sin)
    })
}

fn angles([x, y, z]: [f64; 3]) -> (f64, f64) {
    (0.0 - x.atan2(y).to_degrees(), z.atan2(x.hypot(y)).to_degrees())
}

#[test]
fn every_named_layout_is_served_by_the_point_source_and_by_vbap() {
    let mut served = 0;
    for layout in Layout::all() {
        let point_source = PointSource::new(layout).unwrap_or_else(|e| panic!("{layout}: {e}"));
        let rig: Vec<Direction> =
            layout.speakers().iter().filter(|s| !s.lfe).map(Direction::nominal).collect();
        let vbap = Vbap::new(&rig, VbapShape::Sphere).unwrap_or_else(|e| panic!("{layout}: {e}"));
        for n in 0..20 {
            for at in great_circle(n).step_by(25) {
                let (azimuth_deg, elevation_deg) = angles(at);
                let gains = point_source.gains(azimuth_deg, elevation_deg).unwrap();
                let least = if layout == Layout::STEREO { 0.5 } else { 1.0 };
                assert!(power(&gains) >= least - ROUNDING, "{layout} {at:?}");
                assert!(gains.iter().all(|g| (0.0..=1.0 + ROUNDING).contains(g)));
                let lfes = gains.iter().zip(layout.speakers()).filter(|(_, s)| s.lfe);
                assert!(lfes.map(|(gain, _)| *gain).all(|gain| gain == 0.0));
                let gains = vbap.gains(azimuth_deg, elevation_deg, VbapParams::default()).unwrap();
                assert!((power(&gains) - 1.0).abs() <= ROUNDING, "{layout} {at:?}");
            }
        }
        served += 1;
    }
    assert_eq!(served, 17);
}

#[test]
fn stereo_follows_its_front_back_law_everywhere() {
    // BS.2127: 0.5^(0.5·b/(f + b)) of the largest gains in front and behind in 5.0.
    let (stereo, five) = (
        PointSource::new(Layout::STEREO).unwrap(),
        PointSource::new(Layout::SURROUND_5_0).unwrap(),
    );
    for n in 0..20 {
        for at in great_circle(n).step_by(10) {
            let of_five = five.gains_of(at).unwrap();
            let front = of_five[0].max(of_five[1]).max(of_five[2]);
            let back = of_five[3].max(of_five[4]);
            let law = 0.5_f64.powf(back / (front + back));
            assert!((power(&stereo.gains_of(at).unwrap()) - law).abs() <= ROUNDING, "{at:?}");
        }
    }
}

#[test]
fn an_object_keeps_its_power_in_every_layout() {
    for layout in Layout::all() {
        let (panner, room) = (objects(layout), Allocentric::new(layout));
        for (n, at) in great_circle(7).step_by(90).enumerate() {
            let (azimuth_deg, elevation_deg) = angles(at);
            let size = [0.0, 4.0, 30.0, 200.0][n % 4];
            let extent = Extent { width_deg: size, height_deg: size * 0.5, depth: 0.2 };
            for divergence in [0.0, 0.6] {
                let object = polar(azimuth_deg, elevation_deg, extent, divergence);
                let gains = panner.gains(&object).unwrap().direct;
                if layout == Layout::STEREO {
                    // Two loudspeakers have the front/back law for points, and points of other sides
                    // share the power of a divided source.
                    assert!((0.5 - ROUNDING..=1.0 + ROUNDING).contains(&power(&gains)));
                } else {
                    assert!((power(&gains) - 1.0).abs() <= ROUNDING, "{layout} {at:?} {size}");
                }
            }
            let gains = room.sized_gains(at, [size / 360.0; 3]).unwrap();
            assert!((power(&gains) - 1.0).abs() <= ROUNDING, "{layout} {at:?} in the room");
        }
    }
}

#[test]
fn a_point_never_jumps_on_a_great_circle_of_any_layout() {
    let mut worst = 0.0_f64;
    for layout in Layout::all() {
        let panner = PointSource::new(layout).unwrap();
        for n in 0..20 {
            let mut before: Option<Vec<f64>> = None;
            for at in great_circle(n) {
                let gains = panner.gains_of(at).unwrap().to_vec();
                for (a, b) in before.iter().flatten().zip(&gains) {
                    assert!((a - b).abs() <= STEP, "{layout} {at:?}");
                    worst = worst.max((a - b).abs());
                }
                before = Some(gains);
            }
        }
    }
    println!("largest step {worst}");
}

#[test]
fn an_object_never_jumps_on_a_great_circle() {
    // A round source and a divided one; a flat one turns with its direction and so at the poles at
    // once (BS.2127), which no step of a gain can follow: it stays between -80° and 80°.
    let round = Extent { width_deg: 40.0, height_deg: 40.0, depth: 0.0 };
    let flat = Extent { width_deg: 90.0, height_deg: 10.0, depth: 0.0 };
    let mut worst = 0.0_f64;
    for layout in [Layout::STEREO, Layout::SURROUND_3_1_2, Layout::SURROUND_22_2] {
        let panner = objects(layout);
        for (extent, divergence, limit_deg) in
            [(round, 0.0, 90.0), (flat, 0.0, 80.0), (Extent::default(), 0.5, 80.0)]
        {
            for n in [0, 5, 10, 15] {
                let mut before: Option<Vec<f64>> = None;
                for at in great_circle(n) {
                    let (azimuth_deg, elevation_deg) = angles(at);
                    let object = polar(azimuth_deg, elevation_deg, extent, divergence);
                    let gains = panner.gains(&object).unwrap().direct.to_vec();
                    if elevation_deg.abs() > limit_deg {
                        before = None;
                        continue;
                    }
                    for (a, b) in before.iter().flatten().zip(&gains) {
                        assert!((a - b).abs() <= STEP, "{layout} {at:?} {extent:?} {divergence}");
                        worst = worst.max((a - b).abs());
                    }
                    before = Some(gains);
                }
            }
        }
    }
    println!("largest step {worst}");
}

/// The largest step of a gain on great circles that are mapped into the room as the panner's room
/// engine does it.
fn largest_step_in_the_room(layout: Layout) -> f64 {
    let room = Allocentric::new(layout);
    let mut worst = 0.0_f64;
    for n in 0..20 {
        let mut before: Option<Vec<f64>> = None;
        for at in great_circle(n) {
            let (azimuth_deg, elevation_deg) = angles(at);
            let seen = polar(azimuth_deg, elevation_deg, Extent::default(), 0.0).place;
            let ObjectPlace::Cartesian { place, .. } = seen.to_cartesian().unwrap() else {
                unreachable!("in the room")
            };
            let gains = room.gains(place).unwrap().to_vec();
            for (a, b) in before.iter().flatten().zip(&gains) {
                worst = worst.max((a - b).abs());
            }
            before = Some(gains);
        }
    }
    worst
}

#[test]
fn a_point_in_the_room_never_jumps_on_a_great_circle_of_any_layout() {
    for layout in Layout::all() {
        let worst = largest_step_in_the_room(layout);
        assert!(worst <= STEP, "{layout}: {worst}");
    }
}

/// The channel that stands where another one stands in the mirror.
fn twin(layout: Layout, channel: usize) -> usize {
    let speakers = layout.speakers();
    let here = &speakers[channel];
    let mirrored = if here.azimuth_deg == 180.0 { 180.0 } else { -here.azimuth_deg };
    let same = |other: &mixcore::audio::Speaker| {
        (other.lfe, other.azimuth_deg, other.elevation_deg)
            == (here.lfe, mirrored, here.elevation_deg)
    };
    speakers.iter().position(same).unwrap_or(channel)
}

#[test]
fn objects_vbap_and_the_room_pan_as_their_mirror_images() {
    /// Sums over 1652 directions in another order; on an edge a share is held to 1e-10.
    const MIRROR: f64 = 1e-9;
    for layout in Layout::all() {
        let (panner, room) = (objects(layout), Allocentric::new(layout));
        let real = layout.speakers().iter().enumerate().filter(|(_, speaker)| !speaker.lfe);
        let (channels, rig): (Vec<usize>, Vec<Direction>) =
            real.map(|(channel, speaker)| (channel, Direction::nominal(speaker))).unzip();
        let vbap = Vbap::new(&rig, VbapShape::Sphere).unwrap();
        for at in great_circle(4).chain(great_circle(11)).step_by(60) {
            let (azimuth_deg, elevation_deg) = angles(at);
            let extent = Extent { width_deg: 35.0, height_deg: 20.0, depth: 0.0 };
            let of = |azimuth_deg: f64, x: f64| {
                let object = polar(azimuth_deg, elevation_deg, extent, 0.3);
                let place = [x, at[1], at[2]];
                let vbap = vbap.gains(azimuth_deg, elevation_deg, VbapParams::default()).unwrap();
                let mut by_channel = vec![0.0; layout.channel_count()];
                for (channel, gain) in channels.iter().zip(vbap.iter()) {
                    by_channel[*channel] = *gain;
                }
                [
                    panner.gains(&object).unwrap().direct.to_vec(),
                    room.sized_gains(place, [0.3, 0.2, 0.1]).unwrap().to_vec(),
                    by_channel,
                ]
            };
            let (here, there) = (of(azimuth_deg, at[0]), of(-azimuth_deg, -at[0]));
            for (here, there) in here.iter().zip(&there) {
                for (channel, gain) in here.iter().enumerate() {
                    let other = there[twin(layout, channel)];
                    assert!((gain - other).abs() <= MIRROR, "{layout} {at:?} {channel}");
                }
            }
        }
    }
}

#[test]
fn an_angle_that_is_none_is_an_error_of_every_panner() {
    let layout = Layout::SURROUND_7_1_4;
    let point_source = PointSource::new(layout).unwrap();
    let rig: Vec<Direction> =
        layout.speakers().iter().filter(|s| !s.lfe).map(Direction::nominal).collect();
    let vbap = Vbap::new(&rig, VbapShape::Sphere).unwrap();
    let (panner, room) = (objects(layout), Allocentric::new(layout));
    let channels = DirectSpeakers::new(layout, None).unwrap();
    let memory = Box::leak(vec![1.0; PolarExtent::required_len(layout)].into_boxed_slice());
    let sized = PolarExtent::new_in(point_source.clone(), memory).unwrap();
    let direct = |azimuth: f64, elevation: f64| DirectSpeaker {
        labels: &[],
        lfe: false,
        place: DirectSpeakerPlace::Polar {
            azimuth_deg: Bounded::exactly(azimuth),
            elevation_deg: Bounded::exactly(elevation),
            distance: Bounded::exactly(1.0),
        },
        edge_lock: ScreenEdgeLock::default(),
    };
    for none in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(pan_gains(layout, none).is_err());
        assert!(point_source.gains_of([none, 0.0, 0.0]).is_err());
        assert!(room.gains([0.0, none, 0.0]).is_err());
        for (azimuth, elevation) in [(none, 0.0), (0.0, none)] {
            assert!(point_source.gains(azimuth, elevation).is_err());
            assert!(point_source.gains_of_many(&[azimuth], &[elevation], &mut [0.0; 12]).is_err());
            assert!(sized.gains(azimuth, elevation, 1.0, Extent::default()).is_err());
            assert!(vbap.gains(azimuth, elevation, VbapParams::default()).is_err());
            assert!(panner.gains(&polar(azimuth, elevation, Extent::default(), 0.0)).is_err());
            assert!(channels.gains(&direct(azimuth, elevation)).is_err());
            assert!(Divergence::default().parts(azimuth, elevation).is_err());
            let off = Direction { azimuth_deg: azimuth, elevation_deg: elevation };
            assert!(Vbap::new(&[off], VbapShape::Sphere).is_err());
            assert!(PointSource::with_positions(Layout::MONO, &[off]).is_err());
        }
    }
}
