//! BS.1770-5, Annex 3: the weights of every layout, and of any direction at the edges of the table.

use mixcore::Layout;
use mixcore::loudness::{channel_weight, position_weight};

/// The weights of a layout's channels in its own order: 1 in front, behind, above and below, 1.41
/// (`s`) at the sides, 0 (`-`) for an LFE. Written down from Table 4 for every system of BS.2051 and
/// the trade's layouts.
pub fn expected(layout: Layout) -> Vec<f64> {
    let weights = match layout.name() {
        "mono" => "1",
        "stereo" => "11",
        "3.0" => "111",
        "quad" => "11ss",
        "5.0" => "111ss",
        "5.1" => "111-ss",
        "3.1.2" => "111- 11",
        "5.1.2" => "111-ss 11",
        "5.1.4" => "111-ss 1111",
        "4+5+1" => "111-ss 1111 1",
        // C L R LH RH LS RS LB RB CH LFE1 LFE2: system F names its channels in this order.
        "3+7+0" => "111 11 ss11 1 --",
        "4+9+0" => "111-ss11 1111 11",
        "7.1" => "111-ss11",
        "7.1.2" => "111-ss11 11",
        "7.1.4" => "111-ss11 1111",
        "9.1.6" => "111-ss11 ss 111111",
        // FL FR (at 60 degrees) FC LFE1 BL BR FLc FRc BC LFE2 SiL SiR, then 9 above and 3 below.
        "22.2" => "ss1-11111-ss 111111111 111",
        name => panic!("{name} has no row"),
    };
    let weight = |c: char| match c {
        's' => 1.41,
        '-' => 0.0,
        _ => 1.0,
    };
    weights.chars().filter(|c| *c != ' ').map(weight).collect()
}

#[test]
fn every_layout_has_the_weights_of_table_4() {
    for layout in Layout::all() {
        let ours: Vec<f64> = layout.speakers().iter().map(channel_weight).collect();
        assert_eq!(ours, expected(layout), "{layout}");
    }
    assert_eq!(Layout::all().count(), 17);
}

/// Table 4: 60 to 120 degrees to the side, both included, and less than 30 degrees up or down.
#[test]
fn the_edges_of_table_4() {
    let beside = |x: f64, by: f64| (x - by, x + by);
    // The next angle there is, and one that a person would type.
    for by in [60.0 * f64::EPSILON, 1e-3, 0.5] {
        let ((out, within), (inside, beyond)) = (beside(60.0, by), beside(120.0, 2.0 * by));
        for side in [1.0, -1.0] {
            for turn in [0.0, 360.0, -360.0, 3600.0] {
                let weight = |azimuth: f64| position_weight(side * azimuth + turn, 0.0);
                assert_eq!((weight(60.0), weight(90.0), weight(120.0)), (1.41, 1.41, 1.41));
                // Turns cost the last bits of an angle.
                if turn == 0.0 || by > 1e-9 {
                    assert_eq!((weight(out), weight(within)), (1.0, 1.41), "{side} {turn} {by}");
                    assert_eq!((weight(inside), weight(beyond)), (1.41, 1.0), "{side} {turn} {by}");
                }
            }
            // Degrees of elevation, at every azimuth of the side sector.
            let (low, high) = beside(30.0, by);
            for azimuth in [60.0, 90.0, 110.0, 120.0] {
                let weight = |elevation: f64| position_weight(azimuth, side * elevation);
                assert_eq!((weight(low), weight(30.0), weight(high)), (1.41, 1.0, 1.0), "{by}");
            }
        }
    }
}

#[test]
fn any_direction_has_the_weight_of_table_4() {
    for tenth in -3600..=3600 {
        let azimuth = f64::from(tenth) / 10.0;
        // How far from the front, in tenths, by whole numbers.
        let from_front = (tenth + 7200) % 3600;
        let from_front = from_front.min(3600 - from_front);
        for elevation in -90..=90 {
            let side = (600..=1200).contains(&from_front) && (-29..=29).contains(&elevation);
            let weight = position_weight(azimuth, f64::from(elevation));
            assert_eq!(weight, if side { 1.41 } else { 1.0 }, "{azimuth} {elevation}");
        }
    }
    for nowhere in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(position_weight(nowhere, 0.0), 1.0);
        assert_eq!(position_weight(90.0, nowhere), 1.0);
    }
}
