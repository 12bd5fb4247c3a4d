//! Extent, distance, divergence and the Cartesian panner of BS.2127 against the EBU ADM Renderer.

use mixcore::Layout;
use mixcore::spatial::{Allocentric, Divergence, Extent, ObjectPlace, PanGains};
use proptest::prelude::*;

/// Sums of a few products.
const ROUNDING: f64 = 1e-12;

/// Runs of the EBU ADM Renderer: layout; place; size; gains without LFEs in 12 digits.
const ALLOCENTRIC: &str = include_str!("data/ear_allocentric.csv");
/// Likewise, 40 sources for each of the ten layouts of BS.2051: corners, walls, loudspeakers, the border
/// of the weight of the inside; the least sizes, those that blend with the point, the whole room.
const ALLOCENTRIC_ALL: &str = include_str!("data/ear_allocentric_all.csv");

/// Likewise: kind of the source; place; width, height, depth; the same in the other kind.
const CONVERTED: &str = include_str!("data/ear_place_conversion.csv");

/// The numbers of a line between its layout and its gains.
pub fn numbers(fields: &[&str]) -> Vec<f64> {
    fields.iter().map(|field| field.parse().unwrap()).collect()
}

/// A line's gains: "n*" stands for n zeros.
pub fn gains_of(text: &str, count: usize) -> Vec<f64> {
    let mut gains = Vec::new();
    for part in text.split(' ').filter(|part| !part.is_empty()) {
        match part.strip_suffix('*') {
            Some(zeros) => gains.extend(vec![0.0; zeros.parse().unwrap()]),
            None => gains.push(part.parse().unwrap()),
        }
    }
    gains.resize(count, 0.0);
    gains
}

/// Gains without those of LFEs.
pub fn loudspeakers(gains: &PanGains, layout: Layout) -> Vec<f64> {
    let both = gains.iter().zip(layout.speakers());
    both.filter(|(_, speaker)| !speaker.lfe).map(|(gain, _)| *gain).collect()
}

/// The largest difference of two lists.
pub fn difference(ours: &[f64], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn power(gains: &[f64]) -> f64 {
    gains.iter().map(|g| g * g).sum()
}

/// Checks every line of a file; points and sized sources.
fn check_room(text: &str) -> [usize; 2] {
    /// The bound; the files have 12 digits.
    const BOUND: f64 = 1e-9;
    let (mut points, mut sized, mut worst) = (0, 0, 0.0_f64);
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(';').collect();
        let &[x, y, z, width, height, depth] = &numbers(&fields[1..7])[..] else {
            panic!("{line}")
        };
        let layout = Layout::named(fields[0]).unwrap();
        let room = Allocentric::new(layout);
        let check = |ours: PanGains| {
            let ours = loudspeakers(&ours, layout);
            let off = difference(&ours, &gains_of(fields[7], ours.len()));
            assert!(off <= BOUND, "{line}: {off} {ours:?}");
            off
        };
        worst = worst.max(check(room.sized_gains([x, y, z], [width, height, depth]).unwrap()));
        if width + height + depth > 0.0 {
            sized += 1;
        } else {
            check(room.gains([x, y, z]).unwrap());
            points += 1;
        }
    }
    println!("largest difference {worst:e}");
    [points, sized]
}

#[test]
fn places_and_sizes_in_the_room_are_panned_as_the_ebu_does() {
    assert_eq!(check_room(ALLOCENTRIC), [2 * 180, 2 * 3 * 30]);
}

#[test]
fn the_rooms_of_all_ten_layouts_are_the_ebus() {
    assert_eq!(check_room(ALLOCENTRIC_ALL), [10 * 5, 10 * 35]);
}

#[test]
fn every_loudspeaker_sounds_alone_at_its_place_and_the_power_is_one() {
    for layout in Layout::all() {
        let room = Allocentric::new(layout);
        for (channel, speaker) in layout.speakers().iter().enumerate() {
            assert_eq!(room.place(channel).is_none(), speaker.lfe, "{layout}");
            let Some(place) = room.place(channel) else { continue };
            let gains = room.gains(place).unwrap();
            for (other, gain) in gains.iter().enumerate() {
                assert_eq!(
                    *gain,
                    f64::from(u8::from(other == channel)),
                    "{layout} {}",
                    speaker.label
                );
            }
        }
        for n in 0..1000 {
            let [x, y, z] = [n % 10, n / 10 % 10, n / 100].map(|k| f64::from(k) / 4.5 - 1.0);
            let gains = room.gains([x, y, z]).unwrap();
            assert!((power(&gains) - 1.0).abs() <= ROUNDING, "{layout} {x} {y} {z}");
        }
    }
}

/// A place without divergence and what it is in the other kind: six numbers.
fn converted(polar: bool, n: &[f64]) -> Result<[f64; 6], mixcore::Error> {
    let place = if polar {
        ObjectPlace::Polar {
            azimuth_deg: n[0],
            elevation_deg: n[1],
            distance: n[2],
            extent: Extent { width_deg: n[3], height_deg: n[4], depth: n[5] },
            divergence: Divergence::default(),
        }
    } else {
        ObjectPlace::Cartesian {
            place: [n[0], n[1], n[2]],
            size: [n[3], n[4], n[5]],
            divergence: 0.0,
            divergence_range: 0.0,
        }
    };
    let other = if polar { place.to_cartesian()? } else { place.to_polar()? };
    // What comes out is a place, and one of the other kind.
    other.validate().unwrap();
    Ok(match other {
        ObjectPlace::Cartesian { place: [x, y, z], size: [w, h, d], .. } if polar => {
            [x, y, z, w, h, d]
        }
        ObjectPlace::Polar { azimuth_deg, elevation_deg, distance, extent: e, .. } if !polar => {
            [azimuth_deg, elevation_deg, distance, e.width_deg, e.height_deg, e.depth]
        }
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_place_and_its_size_are_converted_as_the_ebu_does() {
    /// The file's 12 digits of up to 360; near 0° and 360° an angle of a sine or cosine has half of the
    /// digits of its argument (√1e-16, twice and in degrees).
    const BOUND: f64 = 4e-6;
    let (mut count, mut worst) = ([0; 2], 0.0_f64);
    for line in CONVERTED.lines().skip(1) {
        let fields: Vec<&str> = line.split(';').collect();
        let polar = fields[0] == "P";
        let ours = converted(polar, &numbers(&fields[1..7])).unwrap();
        let mut off = difference(&ours, &gains_of(fields[7], 6));
        if !polar && (off - 360.0).abs() < BOUND {
            // -180° and 180° are one.
            off = difference(&ours[1..], &gains_of(fields[7], 6)[1..]);
        }
        assert!(off <= BOUND, "{line}: {off} {ours:?}");
        worst = worst.max(off);
        count[usize::from(polar)] += 1;
    }
    assert_eq!(count, [150, 150]);
    println!("largest difference {worst:e}");
}

#[test]
fn a_conversion_by_hand() {
    // 180° wide and straight ahead: the whole width, and half of the depth for the arc.
    let wide = converted(true, &[0.0, 0.0, 1.0, 180.0, 0.0, 0.0]).unwrap();
    assert!(difference(&wide, &[0.0, 1.0, 0.0, 1.0, 0.0, 0.5]) <= ROUNDING, "{wide:?}");
    // And back: x alone means 180°, y alone means 180°, so there is no depth left.
    let back = converted(false, &wide).unwrap();
    assert!(difference(&back, &[0.0, 0.0, 1.0, 180.0, 0.0, 0.0]) <= 1e-5, "{back:?}");
    // A point is a point both ways.
    assert_eq!(converted(true, &[77.0, -12.0, 0.5, 0.0, 0.0, 0.0]).unwrap()[3..], [0.0; 3]);
    assert_eq!(converted(false, &[0.3, -0.2, 0.9, 0.0, 0.0, 0.0]).unwrap()[3..], [0.0; 3]);
    // A divergence has no range of the other kind, and nothing beyond the ranges has a place.
    let divided = ObjectPlace::Cartesian {
        place: [0.0; 3],
        size: [0.0; 3],
        divergence: 0.5,
        divergence_range: 0.2,
    };
    let error = divided.to_polar().unwrap_err().to_string();
    assert!(error.contains("divergence") && error.contains("set it to 0"), "{error}");
    assert_eq!(divided.to_cartesian().unwrap(), divided);
    assert!(converted(true, &[f64::NAN, 0.0, 1.0, 0.0, 0.0, 0.0]).is_err());
    assert!(converted(false, &[2e3, 0.0, 0.0, 0.0, 0.0, 0.0]).is_err());
}

#[test]
fn a_divergence_has_its_shares_and_its_sides() {
    let parts = Divergence { value: 0.5, azimuth_range_deg: 30.0 }.parts(0.0, 0.0).unwrap();
    for (share, _) in parts {
        assert!((share - 1.0 / 3.0).abs() <= ROUNDING);
    }
    let (left, right) = (parts[0].1, parts[2].1);
    assert!((left[0] + 0.5).abs() <= ROUNDING && (right[0] - 0.5).abs() <= ROUNDING);
    assert!((left[1] - 0.75_f64.sqrt()).abs() <= ROUNDING);
    let alone = Divergence::default().parts(50.0, 20.0).unwrap();
    assert_eq!((alone[0].0, alone[1].0, alone[2].0), (0.0, 1.0, 0.0));
    let sides = Divergence { value: 1.0, ..Divergence::default() }.parts(50.0, 20.0).unwrap();
    assert_eq!((sides[0].0, sides[1].0, sides[2].0), (0.5, 0.0, 0.5));
}

proptest! {
    #[test]
    fn any_place_or_divergence_gives_an_error_or_a_source(
        layout in 0..17_usize,
        place in (any::<f64>(), -2.0..2.0, -2.0..2.0).prop_map(<[f64; 3]>::from),
        value in prop_oneof![any::<f64>(), -0.5..1.5],
        range in prop_oneof![any::<f64>(), -20.0..200.0],
        size in (prop_oneof![1 => any::<f64>(), 5 => 0.0..2.0], 0.0..2.0, 0.0..2.0)
            .prop_map(<[f64; 3]>::from),
        (azimuth_deg, elevation_deg) in (-200.0..200.0, -100.0..100.0),
    ) {
        let room = Allocentric::new(Layout::all().nth(layout).unwrap());
        let gains = room.gains(place);
        prop_assert_eq!(gains.is_ok(), place[0].abs() <= 1e6);
        if let Ok(gains) = gains {
            prop_assert!((power(&gains) - 1.0).abs() <= ROUNDING);
        }
        let sized = room.sized_gains(place, size);
        prop_assert_eq!(sized.is_ok(), place[0].abs() <= 1e6 && (0.0..=2.0).contains(&size[0]));
        if let Ok(sized) = sized {
            prop_assert!((power(&sized) - 1.0).abs() <= ROUNDING);
        }
        let good = (0.0..=1.0).contains(&value)
            && (0.0..=180.0).contains(&range)
            && f64::abs(azimuth_deg) <= 180.0
            && f64::abs(elevation_deg) <= 90.0;
        let parts = Divergence { value, azimuth_range_deg: range }.parts(azimuth_deg, elevation_deg);
        prop_assert_eq!(parts.is_ok(), good);
        for (share, vector) in parts.into_iter().flatten() {
            prop_assert!((0.0..=1.0).contains(&share));
            prop_assert!((power(&vector) - 1.0).abs() <= ROUNDING);
        }
    }

    #[test]
    fn any_place_converts_to_an_error_or_a_place(
        polar: bool,
        n in prop::collection::vec(prop_oneof![1 => any::<f64>(), 60 => -1.0..1.0], 6),
    ) {
        // `converted` asserts that what comes out is valid.
        let scale = if polar { [180.0, 90.0, 2.0, 360.0, 360.0, 1.0] } else { [2.0; 6] };
        let mut given: Vec<f64> = n.iter().zip(scale).map(|(n, scale)| n * scale).collect();
        for size in &mut given[3..] {
            *size = size.abs();
        }
        given[2] = if polar { given[2].abs() } else { given[2] };
        let inside = n.iter().all(|n| n.abs() <= 1.0);
        prop_assert_eq!(converted(polar, &given).is_ok() || !inside, true);
    }
}
