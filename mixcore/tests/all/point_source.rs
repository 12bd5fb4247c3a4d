//! The point source of BS.2127 against the EBU's own vectors, and what it promises everywhere.

use mixcore::Layout;
use mixcore::spatial::{Direction, PointSource};
use proptest::prelude::*;

use crate::objects::{difference, gains_of, loudspeakers};

/// The promise for the power, and what the mirror may differ by: sums of a few products.
const ROUNDING: f64 = 1e-12;

/// EBU ADM Renderer's regression data: layout; elevation -90 + 180/14·n; azimuth -180 + 12·n; gains
/// of the loudspeakers without LFEs, in 13 digits.
const EBU: &str = include_str!("data/ebu_point_source.csv");

fn panner(layout: Layout) -> PointSource {
    PointSource::new(layout).unwrap()
}

/// 4+9+0 with its screen loudspeakers at an angle.
fn with_screen_at(screen_deg: f64) -> Vec<Direction> {
    let mut directions: Vec<Direction> =
        Layout::SYSTEM_G.speakers().iter().map(Direction::nominal).collect();
    for (direction, speaker) in directions.iter_mut().zip(Layout::SYSTEM_G.speakers()) {
        if speaker.label.ends_with("SC") {
            direction.azimuth_deg = screen_deg.copysign(direction.azimuth_deg);
        }
    }
    directions
}

#[test]
fn all_ten_layouts_are_the_ebus_vectors() {
    /// The bound; the file has 13 digits.
    const EBU_BOUND: f64 = 1e-9;
    let mut panners: Vec<(String, PointSource)> = Vec::new();
    let mut directions = 0;
    for line in EBU.lines().skip(1) {
        let fields: Vec<&str> = line.split(';').collect();
        if panners.last().is_none_or(|(name, _)| name != fields[0]) {
            let (name, screen) = fields[0].split_once('_').unwrap_or((fields[0], ""));
            let layout = Layout::named(name).unwrap();
            let panner = match screen {
                "" => panner(layout),
                deg => PointSource::with_positions(layout, &with_screen_at(deg.parse().unwrap()))
                    .unwrap(),
            };
            panners.push((fields[0].to_owned(), panner));
        }
        let panner = &panners.last().unwrap().1;
        let elevation_deg = -90.0 + 180.0 / 14.0 * fields[1].parse::<f64>().unwrap();
        let azimuth_deg = -180.0 + 12.0 * fields[2].parse::<f64>().unwrap();
        let ours = panner.gains(azimuth_deg, elevation_deg.min(90.0)).unwrap();
        let ours = loudspeakers(&ours, panner.layout());
        let off = difference(&ours, &gains_of(fields[3], ours.len()));
        assert!(off <= EBU_BOUND, "{line}: {off} {ours:?}");
        directions += 1;
    }
    assert_eq!((panners.len(), directions), (11, 11 * 465));
}

/// Directions 2° apart in elevation and about as much in azimuth.
fn sphere() -> impl Iterator<Item = (f64, f64)> {
    (-45..=45).flat_map(|e| (-90..90).map(move |a| (f64::from(a) * 2.0, f64::from(e) * 2.0)))
}

fn power(gains: &[f64]) -> f64 {
    gains.iter().map(|g| g * g).sum()
}

#[test]
fn the_power_is_one_everywhere_and_no_direction_is_silent() {
    for layout in Layout::all().filter(|&layout| layout != Layout::STEREO) {
        let panner = panner(layout);
        for (azimuth_deg, elevation_deg) in sphere() {
            let gains = panner.gains(azimuth_deg, elevation_deg).unwrap();
            assert_eq!(gains.len(), layout.channel_count());
            let power = power(&gains);
            assert!(
                (power - 1.0).abs() <= ROUNDING,
                "{layout} {azimuth_deg} {elevation_deg} {power}"
            );
            for (gain, speaker) in gains.iter().zip(layout.speakers()) {
                assert!((0.0..=1.0 + ROUNDING).contains(gain) && (!speaker.lfe || *gain == 0.0));
            }
        }
    }
}

#[test]
fn stereo_is_full_in_front_and_3_db_down_behind() {
    let panner = panner(Layout::STEREO);
    let at = |azimuth_deg| panner.gains(azimuth_deg, 0.0).unwrap();
    for azimuth_deg in [0.0, 10.0, -30.0] {
        assert!((power(&at(azimuth_deg)) - 1.0).abs() <= ROUNDING);
    }
    for azimuth_deg in [110.0, 150.0, 180.0] {
        assert!((power(&at(azimuth_deg)) - 0.5).abs() <= ROUNDING);
    }
    for (azimuth_deg, elevation_deg) in sphere() {
        let power = power(&panner.gains(azimuth_deg, elevation_deg).unwrap());
        assert!((0.5 - ROUNDING..=1.0 + ROUNDING).contains(&power));
    }
    // Figures of the EBU ADM Renderer to four digits.
    for (azimuth_deg, left, right) in [
        (10.0, 0.8828, 0.4697),
        (20.0, 0.9753, 0.2211),
        (60.0, 0.8721, 0.0),
        (135.0, 0.6409, 0.2988),
    ] {
        let gains = at(azimuth_deg);
        assert!((gains[0] - left).abs() < 5e-5 && (gains[1] - right).abs() < 5e-5);
    }
}

#[test]
fn at_a_loudspeaker_it_alone_sounds() {
    for layout in Layout::all().filter(|layout| !matches!(layout.name(), "stereo" | "mono")) {
        let panner = panner(layout);
        for (channel, speaker) in layout.speakers().iter().enumerate().filter(|(_, s)| !s.lfe) {
            let gains = panner.gains(speaker.azimuth_deg, speaker.elevation_deg).unwrap();
            for (other, gain) in gains.iter().enumerate() {
                let expected = f64::from(u8::from(other == channel));
                assert!((gain - expected).abs() <= 1e-9, "{layout} {} {other}", speaker.label);
            }
        }
    }
}

#[test]
fn what_3_1_2_has_not_behind_it_plays_at_the_sides() {
    let (panner, five) = (panner(Layout::SURROUND_3_1_2), panner(Layout::SURROUND_5_1_2));
    // L R C LFE and two heights; in front it is 5.1.2 where no height has a part.
    let front = panner.gains(12.0, 0.0).unwrap();
    assert!(difference(&front[..4], &five.gains(12.0, 0.0).unwrap()[..4]) <= ROUNDING);
    // Behind, both surrounds are equally loud, and so are both sides.
    let behind = panner.gains(180.0, 0.0).unwrap();
    let half = 0.5_f64.sqrt();
    assert!(difference(&behind, &[half, half, 0.0, 0.0, 0.0, 0.0]) <= ROUNDING, "{behind:?}");
    // A surround alone is its side alone.
    assert!((panner.gains(110.0, 0.0).unwrap()[0] - 1.0).abs() <= 1e-9);
    assert!((panner.gains(45.0, 30.0).unwrap()[4] - 1.0).abs() <= 1e-9);
}

#[test]
fn the_mirror_mirrors() {
    for layout in Layout::all() {
        let panner = panner(layout);
        let twin = |at: usize| {
            let here = &layout.speakers()[at];
            layout.speakers().iter().position(|s| {
                s.lfe == here.lfe
                    && s.elevation_deg == here.elevation_deg
                    && (s.azimuth_deg == -here.azimuth_deg
                        || s.azimuth_deg == 180.0 && here.azimuth_deg == 180.0)
            })
        };
        for (azimuth_deg, elevation_deg) in sphere() {
            let here = panner.gains(azimuth_deg, elevation_deg).unwrap();
            let there = panner.gains(-azimuth_deg, elevation_deg).unwrap();
            for (channel, gain) in here.iter().enumerate().filter(|(_, gain)| **gain > 0.0) {
                let other = there[twin(channel).unwrap()];
                // On an edge a share is held to 1e-10.
                assert!((gain - other).abs() <= 1e-9, "{layout} {azimuth_deg} {elevation_deg}");
            }
        }
    }
}

#[test]
fn nothing_jumps() {
    /// The bound of the spatial layer for a tenth of a degree of a great circle.
    const STEP: f64 = 0.02;
    for layout in Layout::all() {
        let panner = panner(layout);
        for (azimuth_deg, elevation_deg) in sphere() {
            let here = panner.gains(azimuth_deg, elevation_deg).unwrap();
            let level = elevation_deg.to_radians().cos().max(0.02);
            let aside = (azimuth_deg + 0.1 / level).min(180.0);
            let above = (elevation_deg + 0.1).min(90.0);
            for (azimuth_deg, elevation_deg) in [(aside, elevation_deg), (azimuth_deg, above)] {
                let there = panner.gains(azimuth_deg, elevation_deg).unwrap();
                for (a, b) in here.iter().zip(there.iter()) {
                    assert!((a - b).abs() <= STEP, "{layout} {azimuth_deg} {elevation_deg}");
                }
            }
        }
    }
}

#[test]
fn a_vector_is_its_direction_and_none_is_the_front() {
    let panner = panner(Layout::SURROUND_7_1_4);
    let direction = Direction { azimuth_deg: 70.0, elevation_deg: 20.0 };
    let angles = panner.gains(70.0, 20.0).unwrap();
    let vector = panner.gains_of(direction.vector().map(|c| c * 7.5)).unwrap();
    for (a, b) in angles.iter().zip(vector.iter()) {
        assert!((a - b).abs() <= ROUNDING);
    }
    assert_eq!(panner.gains_of([0.0; 3]), panner.gains(0.0, 0.0));
}

#[test]
fn many_directions_are_each_of_them() {
    let panner = panner(Layout::SURROUND_22_2);
    let (azimuths, elevations): (Vec<f64>, Vec<f64>) = sphere().step_by(7).unzip();
    let mut gains = vec![9.0; 24 * azimuths.len()];
    panner.gains_of_many(&azimuths, &elevations, &mut gains).unwrap();
    for ((row, azimuth_deg), elevation_deg) in gains.chunks(24).zip(&azimuths).zip(&elevations) {
        assert_eq!(*row, *panner.gains(*azimuth_deg, *elevation_deg).unwrap());
    }
    let error = panner.gains_of_many(&[0.0, f64::NAN], &[0.0; 2], &mut gains[..48]).unwrap_err();
    assert!(error.to_string().contains("direction 1"), "{error}");
    assert!(panner.gains_of_many(&[0.0], &[], &mut gains[..24]).is_err());
    assert!(panner.gains_of_many(&[0.0], &[0.0], &mut gains[..25]).is_err());
}

#[test]
fn loudspeakers_that_change_places_are_refused() {
    for screen_deg in [4.0, 26.0, 30.0, 34.0, 61.0] {
        let error = PointSource::with_positions(Layout::SYSTEM_G, &with_screen_at(screen_deg));
        assert!(error.is_err(), "{screen_deg}");
    }
    let mut swapped = with_screen_at(15.0);
    swapped.swap(0, 1);
    assert!(PointSource::with_positions(Layout::SYSTEM_G, &swapped).is_err());
    assert!(PointSource::with_positions(Layout::SYSTEM_G, &swapped[1..]).is_err());
    // Real directions near the nominal ones keep the promises, inside BS.2051's ranges or not.
    let real: Vec<Direction> = Layout::SURROUND_5_1_4
        .speakers()
        .iter()
        .map(|s| Direction {
            azimuth_deg: s.azimuth_deg * 1.04,
            elevation_deg: s.elevation_deg * 1.2,
        })
        .collect();
    let panner = PointSource::with_positions(Layout::SURROUND_5_1_4, &real).unwrap();
    for (azimuth_deg, elevation_deg) in sphere() {
        let gains = panner.gains(azimuth_deg, elevation_deg).unwrap();
        assert!((power(&gains) - 1.0).abs() <= ROUNDING);
    }
}

proptest! {
    #[test]
    fn any_angle_gives_an_error_or_a_source(
        layout in 0..17_usize,
        azimuth_deg in prop_oneof![any::<f64>(), -200.0..200.0],
        elevation_deg in prop_oneof![any::<f64>(), -100.0..100.0],
        vector in (any::<f64>(), -2.0..2.0, -2.0..2.0).prop_map(<[f64; 3]>::from),
        moved in prop::collection::vec((-20.0..20.0_f64, -20.0..20.0_f64), 24),
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let real: Vec<Direction> = layout.speakers().iter().zip(&moved).map(|(s, m)| Direction {
            azimuth_deg: (s.azimuth_deg + m.0).clamp(-180.0, 180.0),
            elevation_deg: (s.elevation_deg + m.1).clamp(-90.0, 90.0),
        }).collect();
        let panners = [PointSource::new(layout), PointSource::with_positions(layout, &real)];
        for panner in panners.into_iter().flatten() {
            let good = (-180.0..=180.0).contains(&azimuth_deg) && (-90.0..=90.0).contains(&elevation_deg);
            let gains = panner.gains(azimuth_deg, elevation_deg);
            prop_assert_eq!(gains.is_ok(), good);
            let towards = panner.gains_of(vector);
            prop_assert_eq!(towards.is_ok(), vector[0].abs() <= 1e6);
            for gains in [gains, towards].into_iter().flatten() {
                prop_assert!((0.5 - ROUNDING..=1.0 + ROUNDING).contains(&power(&gains)));
            }
        }
    }
}
