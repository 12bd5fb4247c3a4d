//! The figure of two channels: points, counts, and what kind of image it is.

use mixcore::analysis::{Goniometer, GoniometerSetup, ImageReadings, StereoImage};
use mixcore::audio::{Block, Sample};
use mixcore::{Error, Layout, Reading, Stream, math};

use super::memory;
use crate::signals::noise;

fn figure<S: Sample>(setup: GoniometerSetup) -> Goniometer<'static, S> {
    let stream = Stream::new(48_000.0, Layout::STEREO).unwrap();
    let need = Goniometer::<S>::required_len(&setup);
    Goniometer::new_in(
        setup,
        stream,
        memory(need.samples, S::from_f64(9.0)),
        memory(need.points, [9.0; 2]),
        memory(need.cells, 9),
    )
    .unwrap()
}

fn read(left: &[f64], right: &[f64]) -> ImageReadings {
    let mut figure = figure::<f64>(GoniometerSetup::default());
    figure.push(Block::stereo(left, right).unwrap()).unwrap();
    figure.measurement()
}

#[test]
fn points_by_hand() {
    // Every frame is a point; the ring holds three.
    let setup = GoniometerSetup { points_per_s: 48_000.0, max_points: 3, ..Default::default() };
    let mut figure = figure::<f64>(setup);
    let (mut left, mut right) = (vec![0.0; 256], vec![0.0; 256]);
    (left[253], right[253]) = (1.0, 0.0);
    (left[254], right[254]) = (0.5, 0.5);
    (left[255], right[255]) = (0.0, -1.0);
    figure.push(Block::stereo(&left, &right).unwrap()).unwrap();
    let root = std::f64::consts::FRAC_1_SQRT_2 as f32;
    // Left alone points to the upper left; mono upwards; the negative half of the right to the lower
    // left.
    let expected = [[-root, root], [0.0, root], [-root, -root]];
    assert_eq!(figure.points().collect::<Vec<_>>(), expected);
    assert_eq!(figure.silent_frames(), 253);
    let cells: u32 = figure.density().iter().sum();
    assert_eq!((cells, figure.outside_frames()), (3, 0));
    // 64 by 64 cells from −√2 to √2: half the sum and difference, −1 to 1.
    for (column, row) in [(16, 16), (32, 16), (16, 48)] {
        assert_eq!(figure.density()[row * 64 + column], 1, "{column} {row}");
    }
}

#[test]
fn points_are_thinned_out_on_the_absolute_grid() {
    let audio = noise::<f32>(2, 4000, 0.5, 61);
    let setup = GoniometerSetup { points_per_s: 4800.0, max_points: 50, ..Default::default() };
    let mut figure = figure::<f32>(setup);
    figure.push(Block::new(&audio).unwrap().range(0, 3840)).unwrap();
    let points: Vec<_> = figure.points().collect();
    assert_eq!(points.len(), 50);
    // The last whole quantum ends at 3840: the last point is frame 3830.
    for (point, frame) in points.iter().rev().zip((0..3840_usize).rev().step_by(10)) {
        let (l, r) = (f64::from(audio[0][frame - 9]), f64::from(audio[1][frame - 9]));
        let root = std::f64::consts::FRAC_1_SQRT_2;
        assert_eq!(*point, [((r - l) * root) as f32, ((l + r) * root) as f32]);
    }
}

#[test]
fn every_frame_is_counted_once() {
    let audio = noise::<f64>(2, 256 * 20, 1.0, 62);
    for (grid, gain_db) in [(1, 0.0), (7, 0.0), (64, 6.0)] {
        let setup = GoniometerSetup { grid, gain_db, ..Default::default() };
        let mut figure = figure::<f64>(setup);
        figure.push(Block::new(&audio).unwrap()).unwrap();
        let gain = if gain_db > 0.0 { 10.0_f64.powf(gain_db / 20.0) } else { 1.0 };
        let mut expected = vec![0; grid * grid];
        let mut outside = 0;
        for (l, r) in audio[0].iter().zip(&audio[1]) {
            let cell = |x: f64| (x + 1.0) * 0.5 * grid as f64;
            let (x, y) = (cell(gain * (r - l) / 2.0), cell(-gain * (l + r) / 2.0));
            let within = 0.0..=grid as f64;
            if within.contains(&x) && within.contains(&y) {
                let place = |x: f64| (x as usize).min(grid - 1);
                expected[place(y) * grid + place(x)] += 1;
            } else {
                outside += 1;
            }
        }
        // A point within a rounding of a cell's edge may fall on either side: there is none here.
        assert_eq!(figure.density(), expected, "{grid}");
        assert_eq!(figure.outside_frames(), outside, "{grid}");
        assert_eq!(outside > 0, gain_db > 0.0);
    }
}

#[test]
fn the_edge_belongs_to_the_grid() {
    let setup = GoniometerSetup { grid: 4, ..Default::default() };
    let mut figure = figure::<f64>(setup);
    let (mut left, mut right) = (vec![0.0; 256], vec![0.0; 256]);
    (left[0], right[0]) = (1.0, 1.0);
    (left[1], right[1]) = (-1.0, -1.0);
    (left[2], right[2]) = (-1.0, 1.0);
    (left[3], right[3]) = (1.0, 1.001);
    figure.push(Block::stereo(&left, &right).unwrap()).unwrap();
    let mut expected = [0; 16];
    (expected[2], expected[14], expected[11]) = (1, 1, 1);
    assert_eq!(figure.density(), expected);
    assert_eq!(figure.outside_frames(), 1);
}

#[test]
fn images_and_axes() {
    let x = noise::<f64>(3, 24_000, 0.3, 63);
    let silence = vec![0.0; 24_000];
    let scaled = |gain: f64| -> Vec<f64> { x[0].iter().map(|x| gain * x).collect() };
    for (name, left, right, image, axis) in [
        ("mono", x[0].clone(), x[0].clone(), StereoImage::Mono, Some(0.0)),
        ("a hair off", x[0].clone(), scaled(0.999), StereoImage::Mono, Some(0.0)),
        ("left", x[0].clone(), silence.clone(), StereoImage::OneSided, Some(-45.0)),
        ("right", silence.clone(), x[0].clone(), StereoImage::OneSided, Some(45.0)),
        ("42 dB apart", x[0].clone(), scaled(0.008), StereoImage::OneSided, None),
        ("turned", x[0].clone(), scaled(-1.0), StereoImage::AntiPhase, Some(90.0)),
        ("half turned", x[0].clone(), scaled(-0.5), StereoImage::AntiPhase, None),
        ("two sounds", x[0].clone(), x[1].clone(), StereoImage::Stereo, None),
        ("nothing", silence.clone(), silence, StereoImage::Silent, None),
    ] {
        let found = read(&left, &right);
        assert_eq!(found.image, image, "{name}: {found:?}");
        if let Some(axis) = axis {
            // The hair is 0.03°.
            assert!((found.axis_deg.value().unwrap() - axis).abs() < 0.03, "{name}: {found:?}");
        }
    }
    // A source at an angle of the sine-cosine law leans by that angle from the middle.
    for degrees in [-30.0_f64, -10.0, 5.0, 40.0] {
        let angle = (degrees + 45.0).to_radians();
        let found = read(&scaled(angle.cos()), &scaled(angle.sin()));
        assert_eq!(found.image, StereoImage::Panned, "{degrees}");
        assert!((found.axis_deg.value().unwrap() - degrees).abs() < 1e-9, "{degrees} {found:?}");
    }
    assert_eq!(read(&[0.0; 600], &[0.0; 600]).axis_deg, Reading::BelowGate);
    let empty = figure::<f32>(GoniometerSetup::default()).measurement();
    assert!(matches!(empty.axis_deg, Reading::TooShort { .. }));
}

#[test]
fn the_numbers_count_the_last_frames_too() {
    let x = noise::<f64>(2, 1000, 0.3, 64);
    let found = read(&x[0], &x[1]);
    let (mut mid, mut side) = (0.0, 0.0);
    for (l, r) in x[0].iter().zip(&x[1]) {
        mid += (l + r) * (l + r) / 2.0;
        side += (l - r) * (l - r) / 2.0;
    }
    assert!((found.pair.width.value().unwrap() - side / (mid + side)).abs() < 1e-12);
    assert!(math::sqrt(side / mid) > 0.9);
}

#[test]
fn setups_out_of_range_are_errors() {
    let stream = Stream::new(48_000.0, Layout::STEREO).unwrap();
    let good = GoniometerSetup::default();
    for (bad, field) in [
        (GoniometerSetup { points_per_s: 0.0, ..good }, "points_per_s"),
        (GoniometerSetup { max_points: 0, ..good }, "max_points"),
        (GoniometerSetup { grid: 1025, ..good }, "grid"),
        (GoniometerSetup { gain_db: -1.0, ..good }, "gain_db"),
        (GoniometerSetup { floor_dbfs: f64::NAN, ..good }, "floor_dbfs"),
    ] {
        let made = Goniometer::<f32>::new_in(
            bad,
            stream,
            memory(512, 0.0),
            memory(2000, [0.0; 2]),
            memory(1025 * 1025, 0),
        );
        match made {
            Err(Error::OutOfRange { field: found, .. }) => assert_eq!(found, field),
            other => panic!("{bad:?}: {other:?}"),
        }
    }
}
