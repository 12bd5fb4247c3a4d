//! Arbitrary setups and samples: an object that works and stays finite, or an error that says why.

use mixcore::analysis::{
    ChannelDelay, Correlation, CorrelationSetup, DelaySetup, Goniometer, GoniometerSetup,
    LevelEvent, LevelEventKind, LevelSetup, LevelStats, ThirdOctave,
};
use mixcore::audio::Block;
use mixcore::{Isa, Layout, Reading, Stream};
use proptest::prelude::*;

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<u64>().prop_map(f64::from_bits), -200.0..200.0]
}

/// A number that a setup may hold, or any.
fn near(low: f64, high: f64) -> impl Strategy<Value = f64> {
    prop_oneof![9 => low..high, 1 => any_number()]
}

fn finite(reading: Reading) -> bool {
    reading.value().is_none_or(f64::is_finite)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_setup_and_any_samples(
        rate_hz in near(8000.0, 50_000.0),
        (window_s, floor_dbfs, max_delay_ms) in (near(0.01, 1.0), near(-150.0, 0.0), near(0.1, 20.0)),
        (gap_dbfs, programme_dbfs, silence_dbfs) in (near(-150.0, -40.0), near(-39.0, 0.0), near(-90.0, 0.0)),
        (zero_min_ms, gap_max_ms, coalesce_ms) in (near(1.0, 10.0), near(1.0, 50.0), near(0.0, 20.0)),
        (clip_min_frames, flat_min_frames, max_events) in (0..5_usize, 2..6_usize, 0..20_usize),
        (grid, max_points, points_per_s) in (0..70_usize, 0..50_usize, near(1.0, 50_000.0)),
        samples in prop::collection::vec(
            prop_oneof![4 => -2.0..2.0_f32, 2 => Just(0.0), 1 => Just(1.0), 1 => any::<f32>()],
            0..900,
        ),
        offset in 0..40_usize,
    ) {
        let stream = Stream { rate_hz, layout: Layout::STEREO, isa: Isa::detect() };
        let offset = offset.min(samples.len());
        let (left, right) = (&samples[offset..], &samples[..samples.len() - offset]);
        let block = Block::stereo(left, right).unwrap();
        let (mut line, mut numbers) = (vec![1.0_f32; 8000], vec![1.0_f64; 200_000]);

        let setup = CorrelationSetup { window_s, floor_dbfs, ..Default::default() };
        match Correlation::new_in(setup, stream, &mut line, &mut numbers) {
            Ok(mut meter) => {
                meter.push(block).unwrap();
                let band = meter.band_measurement(ThirdOctave::containing(1000.0).unwrap());
                for readings in [meter.measurement(), band] {
                    prop_assert!(finite(readings.whole.correlation) && finite(readings.lowest));
                    prop_assert!(finite(readings.whole.mono_sum_db) && finite(readings.whole.width));
                    prop_assert!(finite(readings.whole.balance_db));
                }
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }

        let setup = DelaySetup { max_delay_ms, window_s, floor_dbfs, ..Default::default() };
        match ChannelDelay::new_in(setup, stream, &mut line, &mut numbers) {
            Ok(mut meter) => {
                meter.push(block).unwrap();
                meter.finish();
                let readings = meter.measurement();
                prop_assert!(finite(readings.delay_frames) && finite(readings.correlation));
                prop_assert!(finite(readings.rival) && finite(readings.confidence));
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }

        let setup = LevelSetup {
            clip_min_frames, flat_min_frames, zero_min_ms, silence_dbfs, gap_dbfs, gap_max_ms,
            programme_dbfs, coalesce_ms, max_events, ..Default::default()
        };
        let mut events = [LevelEvent::EMPTY; 20];
        match LevelStats::new_in(setup, stream, &mut line, &mut events) {
            Ok(mut stats) => {
                stats.push(block).unwrap();
                stats.finish();
                prop_assert!(finite(stats.measurement(0).rms_dbfs));
                let places: u64 = LevelEventKind::ALL
                    .iter()
                    .flat_map(|kind| [0, 1].map(|channel| stats.count(channel, *kind).places))
                    .sum();
                prop_assert_eq!(places, stats.events().len() as u64 + stats.lost_events());
                for event in stats.events() {
                    prop_assert!(event.start_frame < event.end_frame);
                    prop_assert!(event.end_frame <= left.len() as u64);
                }
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }

        let setup = GoniometerSetup { grid, max_points, points_per_s, floor_dbfs, ..Default::default() };
        let (mut points, mut cells) = ([[0.0; 2]; 50], [0; 70 * 70]);
        match Goniometer::new_in(setup, stream, &mut line, &mut points, &mut cells) {
            Ok(mut figure) => {
                figure.push(block).unwrap();
                prop_assert!(figure.points().all(|[x, y]| x.is_finite() && y.is_finite()));
                prop_assert!(finite(figure.measurement().axis_deg));
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
