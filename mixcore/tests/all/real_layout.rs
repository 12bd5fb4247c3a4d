//! Real loudspeakers: the ranges of BS.2051, and the EBU ADM Renderer in rooms that use them.

use mixcore::spatial::{
    Allocentric, DirectSpeaker, DirectSpeakerPlace, DirectSpeakers, Direction, ObjectGains,
    ObjectPanner, PointSource, PolarExtent, RealLayout, Screen,
};
use mixcore::{Error, Layout};

use crate::object_metadata::{bounded, edge_lock, object};
use crate::objects::{difference, gains_of};
use crate::signals::Noise;

/// Runs of the EBU ADM Renderer in 46 rooms: every loudspeaker at an end of its range or anywhere in it;
/// the columns of `ear_objects.csv`, the room's directions in its first line.
const OBJECTS: &str = include_str!("data/ear_real_objects.csv");
/// Likewise, of channels for loudspeakers.
const SPEAKERS: &str = include_str!("data/ear_real_direct_speakers.csv");

/// The bound for the metadata of objects; the files have 12 digits.
const BOUND: f64 = 1e-6;

fn at(azimuth_deg: f64, elevation_deg: f64) -> Direction {
    Direction { azimuth_deg, elevation_deg }
}

/// A room of the files: "layout@azimuth elevation,…".
fn room(layout: &str, directions: &str) -> RealLayout {
    let mut real = Vec::new();
    for pair in directions.split(',') {
        let (azimuth, elevation) = pair.split_once(' ').unwrap();
        real.push(at(azimuth.parse().unwrap(), elevation.parse().unwrap()));
    }
    RealLayout::new(Layout::named(layout).unwrap(), &real).unwrap()
}

/// A panner in lent memory, which every feature set has; a test's leak ends with the test.
fn objects_in(room: RealLayout) -> ObjectPanner<'static> {
    let len = PolarExtent::required_len(room.layout());
    let memory = Box::leak(vec![1.0; len].into_boxed_slice());
    ObjectPanner::new_in(room, Some(Screen::default()), memory).unwrap()
}

#[test]
fn objects_in_real_rooms_are_the_ebus() {
    let (mut count, mut rooms, mut worst) = (0, 0, 0.0_f64);
    let mut last = None;
    for line in OBJECTS.lines().skip(1) {
        let fields: Vec<&str> = line.split(';').collect();
        let (layout, directions) = fields[0].split_once('@').unwrap();
        if !directions.is_empty() {
            last = Some(objects_in(room(layout, directions)));
            rooms += 1;
        }
        let gains = last.as_ref().unwrap().gains(&object(&fields)).unwrap();
        let ObjectGains { direct, diffuse } = gains;
        let off = difference(&direct, &gains_of(fields[19], direct.len()))
            .max(difference(&diffuse, &gains_of(fields[20], diffuse.len())));
        assert!(off <= BOUND, "{line}: {off} {direct:?}");
        worst = worst.max(off);
        count += 1;
    }
    assert_eq!((rooms, count), (46, 46 * 14));
    println!("largest difference {worst:e}");
}

#[test]
fn channels_for_loudspeakers_in_real_rooms_go_where_the_ebus_do() {
    let (mut count, mut last) = (0, None);
    for line in SPEAKERS.lines().skip(1) {
        let fields: Vec<&str> = line.split(';').collect();
        let (layout, directions) = fields[0].split_once('@').unwrap();
        if !directions.is_empty() {
            last = Some(DirectSpeakers::new(room(layout, directions), None).unwrap());
        }
        let coordinates = [bounded(fields[4]), bounded(fields[5]), bounded(fields[6])];
        let place = if fields[1] == "P" {
            let [azimuth_deg, elevation_deg, distance] = coordinates;
            DirectSpeakerPlace::Polar { azimuth_deg, elevation_deg, distance }
        } else {
            DirectSpeakerPlace::Cartesian { place: coordinates }
        };
        let edge_lock = edge_lock(fields[7], fields[8]);
        let speaker = DirectSpeaker { labels: &[], lfe: false, place, edge_lock };
        let gains = last.as_ref().unwrap().gains(&speaker).unwrap();
        let off = difference(&gains, &gains_of(fields[9], gains.len()));
        assert!(off <= BOUND, "{line}: {off} {gains:?}");
        count += 1;
    }
    assert_eq!(count, 46 * 3);
}

#[test]
fn nominal_directions_are_the_layout_itself() {
    for layout in Layout::all() {
        let nominal: Vec<Direction> = layout.speakers().iter().map(Direction::nominal).collect();
        let room = RealLayout::new(layout, &nominal).unwrap_or_else(|e| panic!("{layout}: {e}"));
        assert_eq!(room, RealLayout::from(layout));
        assert_eq!(room.directions(), &nominal[..]);
    }
}

#[cfg(feature = "json")]
#[test]
fn the_ranges_are_those_of_the_golden_table() {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("data/bs2051_layouts.json")).unwrap();
    let mut ranges = 0;
    for (name, speakers) in golden.as_object().unwrap() {
        let layout = Layout::named(name).unwrap();
        for (channel, speaker) in speakers.as_array().unwrap().iter().enumerate() {
            let label = speaker["label"].as_str().unwrap();
            let allowed = RealLayout::allowed(layout, channel);
            assert_eq!(allowed.is_none(), speaker["is_lfe"].as_bool().unwrap(), "{name} {label}");
            let Some(allowed) = allowed else { continue };
            let pair = |key: &str| [0, 1].map(|end| speaker[key][end].as_f64().unwrap());
            assert_eq!(allowed.azimuth_deg, pair("az_range"), "{name} {label}");
            assert_eq!(allowed.elevation_deg, pair("el_range"), "{name} {label}");
            ranges += 1;
        }
    }
    assert_eq!(ranges, 96);
}

#[test]
fn a_loudspeaker_outside_of_its_range_is_named_with_what_is_allowed() {
    let mut refused = 0;
    for layout in Layout::all() {
        let nominal: Vec<Direction> = layout.speakers().iter().map(Direction::nominal).collect();
        for (channel, speaker) in layout.speakers().iter().enumerate() {
            let Some(allowed) = RealLayout::allowed(layout, channel) else { continue };
            let moved = |to: Direction| {
                let mut real = nominal.clone();
                real[channel] = to;
                RealLayout::new(layout, &real)
            };
            let ([from, to], [low, high]) = (allowed.azimuth_deg, allowed.elevation_deg);
            for azimuth_deg in [from, to] {
                for elevation_deg in [low, high] {
                    assert!(moved(at(azimuth_deg, elevation_deg)).is_ok(), "{layout} {speaker:?}");
                }
            }
            for (off, field) in [
                (at(from, low - 0.01), "elevation_deg"),
                (at(from, high + 0.01), "elevation_deg"),
                (at(from - 0.01, low), "azimuth_deg"),
                (at(to + 0.01, low), "azimuth_deg"),
            ] {
                // Straight above there is no azimuth, and beyond 90° or 180° no angle.
                let nowhere = off.elevation_deg > 90.0 || off.azimuth_deg > 180.0;
                if nowhere || (field == "azimuth_deg" && low == 90.0) {
                    continue;
                }
                let error = moved(off).unwrap_err();
                let Error::Misplaced { loudspeaker, field: named, given, min, max } = error else {
                    panic!("{layout}: {error}");
                };
                assert_eq!((loudspeaker, named), (speaker.label, field));
                let (wanted, ends) = match field {
                    "azimuth_deg" => (off.azimuth_deg, [min, max]),
                    _ => (off.elevation_deg, [min, max]),
                };
                assert_eq!(given, wanted);
                let screen = speaker.label.ends_with("SC") && field == "azimuth_deg";
                let whole = if field == "azimuth_deg" { [from, to] } else { [low, high] };
                assert!(ends == whole || screen, "{error}");
                let text = error.to_string();
                assert!(text.contains(speaker.label) && text.contains("Vbap"), "{text}");
                refused += 1;
            }
        }
    }
    assert!(refused > 380, "{refused}");
    // Behind, both signs are the same direction.
    let mut behind: Vec<Direction> =
        Layout::SURROUND_22_2.speakers().iter().map(Direction::nominal).collect();
    behind[8] = at(-180.0, 10.0);
    assert!(RealLayout::new(Layout::SURROUND_22_2, &behind).is_ok());
    // Between the two ranges of the screen loudspeakers there is no place for them.
    let mut screen: Vec<Direction> =
        Layout::SYSTEM_G.speakers().iter().map(Direction::nominal).collect();
    screen[13] = at(-30.0, 0.0);
    let error = RealLayout::anywhere(Layout::SYSTEM_G, &screen).unwrap_err().to_string();
    assert!(error.contains("M-SC: azimuth_deg is -30, allowed is -25 to -5"), "{error}");
    assert!(RealLayout::new(Layout::STEREO, &[at(30.0, 0.0)]).is_err());
    assert!(RealLayout::anywhere(Layout::MONO, &[at(f64::NAN, 0.0)]).is_err());
}

#[test]
fn a_room_that_leaves_a_hole_within_its_ranges_names_the_loudspeaker_to_move() {
    // System F lets sides and rears stand anywhere from 60° to 150°. With its rears at 80° more than
    // half a circle is open behind, where the EBU ADM Renderer 2.1.0 finds no gains; and they may change
    // places.
    let room = |side_deg: f64, rear_deg: f64| {
        let mut real: Vec<Direction> =
            Layout::SYSTEM_F.speakers().iter().map(Direction::nominal).collect();
        (real[5], real[6]) = (at(side_deg, 0.0), at(-side_deg, 0.0));
        (real[7], real[8]) = (at(rear_deg, 0.0), at(-rear_deg, 0.0));
        PointSource::new(RealLayout::new(Layout::SYSTEM_F, &real).unwrap())
    };
    let error = room(65.0, 80.0).unwrap_err().to_string();
    let wanted = "loudspeaker M+135: azimuth_deg is 80, allowed is 101 to 150:";
    assert!(error.starts_with(wanted) && error.contains("Vbap"), "{error}");
    // Both rears are out of place: beside all others at their nominal directions, the sides' 90°.
    let error = room(107.0, 80.0).unwrap_err().to_string();
    let wanted = "loudspeaker M-135: azimuth_deg is -80, allowed is -150 to -91:";
    assert!(error.starts_with(wanted), "{error}");
    assert!(room(65.0, 101.0).is_ok() && room(107.0, 120.0).is_ok());
}

#[test]
fn any_rig_of_a_layout_is_panned_or_names_a_loudspeaker_and_where_it_may_stand() {
    let mut pick = Noise::new(2051);
    let (mut refused, mut mended, mut single) = (0, 0, 0);
    for layout in Layout::all() {
        let nominal: Vec<Direction> = layout.speakers().iter().map(Direction::nominal).collect();
        for case in 0..12 {
            let mut real = nominal.clone();
            let moved = case % 3 * 5 + 1;
            for _ in 0..moved {
                let channel = pick.below(real.len());
                let off_deg = pick.next_f64() * 90.0;
                let azimuth_deg = real[channel].azimuth_deg + off_deg;
                let azimuth_deg = azimuth_deg - 360.0 * (azimuth_deg / 360.0).round();
                let elevation_deg = real[channel].elevation_deg + pick.next_f64() * 40.0;
                real[channel] = at(azimuth_deg, elevation_deg.clamp(-90.0, 90.0));
            }
            let Err(error) = PointSource::with_positions(layout, &real) else { continue };
            let Error::Misplaced { loudspeaker, field, given, min, max } = error else {
                panic!("{layout}: {error}")
            };
            let channel = layout.speakers().iter().position(|s| s.label == loudspeaker).unwrap();
            let here = real[channel];
            let azimuth = field == "azimuth_deg";
            assert_eq!(given, if azimuth { here.azimuth_deg } else { here.elevation_deg });
            refused += 1;
            if moved > 1 || loudspeaker.ends_with("SC") {
                continue;
            }
            // One alone is out of place: anywhere in the range that is named it is in place, if its
            // other angle is.
            single += 1;
            let width = if azimuth { (max - min).rem_euclid(360.0) } else { max - min };
            for share in [0.0, 0.3, 1.0] {
                let deg = min + share * width;
                let deg = if deg > 180.0 { deg - 360.0 } else { deg };
                mended += usize::from([here, nominal[channel]].iter().any(|other| {
                    real[channel] = if azimuth {
                        at(deg, other.elevation_deg)
                    } else {
                        at(other.azimuth_deg, deg)
                    };
                    PointSource::with_positions(layout, &real).is_ok()
                }));
            }
        }
    }
    println!("{refused} rigs refused, {single} with one loudspeaker moved, {mended} mended");
    assert!(refused > 50 && single > 5 && mended == 3 * single, "{refused} {single} {mended}");
}

#[test]
fn an_angle_that_is_none_names_the_loudspeaker() {
    let mut real: Vec<Direction> =
        Layout::SURROUND_5_1.speakers().iter().map(Direction::nominal).collect();
    real[4] = at(400.0, 0.0);
    let error = RealLayout::anywhere(Layout::SURROUND_5_1, &real).unwrap_err().to_string();
    let wanted = "loudspeaker M+110: azimuth_deg is 400, allowed is -180 to 180";
    assert!(error.starts_with(wanted), "{error}");
}

#[test]
fn a_screen_loudspeaker_stands_on_the_wall_where_it_really_is() {
    let screen_at = |deg: f64| {
        let mut real: Vec<Direction> =
            Layout::SYSTEM_G.speakers().iter().map(Direction::nominal).collect();
        (real[12], real[13]) = (at(deg, 0.0), at(-deg, 0.0));
        Allocentric::new(RealLayout::new(Layout::SYSTEM_G, &real).unwrap())
    };
    let left = |deg| screen_at(deg).place(12).unwrap();
    let right = |deg| screen_at(deg).place(13).unwrap();
    assert!(difference(&left(15.0), &[-0.5, 1.0, 0.0]) <= 1e-15);
    // On the front wall, on the side wall; the mirror has the same bits.
    assert!(left(25.0)[0] < -0.5 && left(25.0)[1] == 1.0);
    assert!(left(45.0)[0] == -1.0 && left(45.0)[1] < 1.0 && left(45.0)[1] > 0.0);
    for deg in [5.0, 15.0, 25.0, 35.0, 45.0, 60.0] {
        let ([x, y, z], mirror) = (left(deg), right(deg));
        assert_eq!([-x, y, z], mirror);
        // At its place it sounds alone.
        assert!((screen_at(deg).gains([x, y, z]).unwrap()[12] - 1.0).abs() <= 1e-12);
    }
}
