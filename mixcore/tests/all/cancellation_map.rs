//! The cancellation index everywhere: analytic cases, and the check's places read back from it.

use mixcore::analysis::ThirdOctave;
use mixcore::spatial::{
    CancellationMap, DownmixMatrix, FoldCheckSetup, FoldTarget, cancellation_map, check_fold_downs,
};
use mixcore::{Block, Layout};

use crate::fold_check::{FRAMES, RATE_HZ, five_one, stream};
use crate::signals::{noise, sine};

/// Ratios of sums of thousands of roundings.
const ROUNDING_DB: f64 = 1e-9;
/// Steps of 100 ms in 2 s, less those that the first window waits for.
const WINDOWS: usize = 17;

fn band(hz: f64) -> ThirdOctave {
    ThirdOctave::containing(hz).unwrap()
}

fn mono(left: &[f64], right: &[f64]) -> CancellationMap {
    let target = &FoldTarget::usual(Layout::STEREO).unwrap()[0];
    cancellation_map(Block::stereo(left, right).unwrap(), target, stream(Layout::STEREO)).unwrap()
}

#[test]
fn each_band_and_window_has_its_own_index() {
    let low: Vec<f64> = sine(500.0, RATE_HZ, FRAMES, 0.1);
    let high: Vec<f64> = sine(4000.0, RATE_HZ, FRAMES, 0.1);
    // The low tone of opposite polarity in the first second, alike in the other; the high one on one side.
    let left: Vec<f64> = low.iter().zip(&high).map(|(low, high)| low + high).collect();
    let turn = |n: usize| if n < FRAMES / 2 { -1.0 } else { 1.0 };
    let right: Vec<f64> = low.iter().enumerate().map(|(n, low)| turn(n) * low).collect();
    let map = mono(&left, &right);
    assert_eq!((map.outputs(), map.windows().len()), (&[0][..], WINDOWS));
    assert_eq!(map.windows()[0], (0, 6400));
    assert_eq!(map.windows()[WINDOWS - 1], (25_600, 32_000));
    for (index, (from, to)) in map.windows().iter().enumerate() {
        let found = map.index_db(0, band(500.0), index).value().unwrap();
        // A transform of 64 ms reaches by as much over the edges of a window.
        if *to <= 15_000 {
            assert!(found < -60.0, "{index}: {found}");
        } else if *from >= 17_000 {
            assert!((found - 10.0 * 2_f64.log10()).abs() < 1e-4, "{index}: {found}");
        }
        // The skirts of the other tone's window are what is left of the right channel there.
        let alone = map.index_db(0, band(4000.0), index).value().unwrap();
        assert!(alone.abs() < 1e-3, "{index}: {alone}");
        if index > 0 && index + 1 < WINDOWS {
            // 0.5·0.1 a side in mono: two sides of -29.03 dBFS for the low tone, one for the high.
            let side = 10.0 * (0.5_f64 * 0.05 * 0.05).log10();
            let parts = |hz| map.parts_dbfs(0, band(hz), index).value().unwrap();
            assert!((parts(4000.0) - side).abs() < 0.01, "{index}: {}", parts(4000.0));
            let both = side + 10.0 * 2_f64.log10();
            assert!((parts(500.0) - both).abs() < 0.01, "{index}: {}", parts(500.0));
        }
    }
}

#[test]
fn silence_and_what_is_not_there_have_no_index() {
    let map = mono(&[0.0; FRAMES], &[0.0; FRAMES]);
    assert_eq!(map.windows().len(), WINDOWS);
    assert!(map.index_db(0, band(1000.0), 3).value().is_none());
    assert_eq!(map.parts_dbfs(0, band(1000.0), 3).value(), Some(-100.0));
    let sound = noise::<f64>(2, FRAMES, 0.1, 4);
    let map = mono(&sound[0], &sound[1]);
    assert!(map.index_db(0, band(1000.0), WINDOWS - 1).value().is_some());
    for window in [WINDOWS, usize::MAX] {
        assert!(map.index_db(0, band(1000.0), window).value().is_none());
    }
    assert!(map.index_db(1, band(1000.0), 0).value().is_none());
    // Above half of 16 kHz.
    assert!(map.bands().iter().all(|band| band.lower_hz() < RATE_HZ / 2.0));
    assert!(map.index_db(0, band(16_000.0), 0).value().is_none());
    let short = mono(&sound[0][..6000], &sound[1][..6000]);
    assert!(short.windows().is_empty() && !short.bands().is_empty());
    // One channel in each output: nothing is added.
    let same = DownmixMatrix::new(Layout::STEREO, Layout::STEREO, &[1.0, 0.0, 0.0, 1.0], "none");
    let plain = FoldTarget::matrix("plain", same.unwrap());
    let audio = Block::stereo(&sound[0], &sound[1]).unwrap();
    let plain = cancellation_map(audio, &plain, stream(Layout::STEREO)).unwrap();
    assert!(plain.outputs().is_empty());
    let text = cancellation_map(
        Block::mono(&sound[0]),
        &FoldTarget::usual(Layout::STEREO).unwrap()[0],
        stream(Layout::STEREO),
    )
    .unwrap_err()
    .to_string();
    assert!(text.contains("audio"), "{text}");
}

/// The lowest index of each of the check's places is the map's there, below the threshold, and what the map shows
/// far below it is in a place.
#[test]
fn the_check_finds_what_the_map_shows() {
    let ambience = noise::<f64>(1, FRAMES, 0.1, 6).remove(0);
    let negative: Vec<f64> = ambience.iter().map(|x| -0.9 * x).collect();
    let mix = five_one(&[(4, &ambience), (5, &negative)]);
    let layout = Layout::SURROUND_5_1;
    let targets = FoldTarget::usual(layout).unwrap();
    let (mix, setup) = (Block::new(&mix).unwrap(), FoldCheckSetup::default());
    let report = check_fold_downs(mix, &[], &targets, &setup, stream(layout)).unwrap();
    let mut compared = 0;
    for (target, report) in targets.iter().zip(&report.targets) {
        let map = cancellation_map(mix, target, stream(layout)).unwrap();
        for place in &report.cancellations {
            let inside = |band: &&ThirdOctave| {
                band.lower_hz() >= place.low_hz && band.upper_hz() <= place.high_hz
            };
            let mut lowest = f64::MAX;
            for band in map.bands().iter().filter(inside) {
                for (index, (from, to)) in map.windows().iter().enumerate() {
                    if *from >= place.start_frame && *to <= place.end_frame {
                        let found = map.index_db(place.output, *band, index).value().unwrap();
                        lowest = lowest.min(found);
                    }
                }
            }
            assert!((lowest - place.lowest_db).abs() <= ROUNDING_DB, "{lowest} {place:?}");
            assert!(lowest < setup.index_db);
            compared += 1;
        }
        // White noise has 20 dB less in the lowest bands; from 500 Hz on each counts.
        let heard = |band: &&ThirdOctave| (500.0..6000.0).contains(&band.centre_hz());
        for (output, band) in
            map.outputs().iter().flat_map(|o| map.bands().iter().filter(heard).map(move |b| (o, b)))
        {
            for (index, (from, to)) in map.windows().iter().enumerate() {
                let cancels = map.index_db(*output, *band, index).value();
                let found = report.cancellations.iter().any(|place| {
                    place.output == *output
                        && (place.low_hz..place.high_hz).contains(&band.centre_hz())
                        && (place.start_frame..=place.end_frame).contains(from)
                        && *to <= place.end_frame
                });
                assert_eq!(cancels.is_some_and(|db| db < setup.index_db), found, "{output} {band}");
            }
        }
    }
    assert!(compared > 0);
}

/// Of Lt/Rt, whose surrounds are turned by 90 degrees: L and Ls alike are unrelated in Lt, and add up by a
/// matrix.
#[test]
fn a_surround_at_a_right_angle_is_unrelated() {
    let audio = noise::<f64>(1, FRAMES, 0.1, 8).remove(0);
    let mix = five_one(&[(0, &audio), (4, &audio)]);
    let layout = Layout::SURROUND_5_1;
    let targets = FoldTarget::usual(layout).unwrap();
    let index_db = |name: &str| {
        let target = targets.iter().find(|target| target.name == name).unwrap();
        let map = cancellation_map(Block::new(&mix).unwrap(), target, stream(layout)).unwrap();
        map.index_db(0, band(1000.0), 5).value().unwrap()
    };
    assert!(index_db("Lt/Rt").abs() < ROUNDING_DB, "{}", index_db("Lt/Rt"));
    // 1 and 0.7071: (1.7071)^2 against 1.5.
    let half = 0.5_f64.sqrt();
    let matrix_db = 10.0 * ((1.0 + half) * (1.0 + half) / 1.5).log10();
    assert!((index_db("Lo/Ro") - matrix_db).abs() < ROUNDING_DB, "{}", index_db("Lo/Ro"));
}
