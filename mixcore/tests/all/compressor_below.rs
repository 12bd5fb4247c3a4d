//! The compressor below its thresholds: upward compression and the expander.

use mixcore::dynamics::{CompressorParams, CompressorSetup};
use mixcore::units::{db_to_gain, gain_to_db};
use mixcore::{Layout, Processor};

use crate::compressor::{CURVE_DB, compressor, run};

/// max(d, 0) with a corner w wide, case by case (Giannoulis et al. 2012, equation 4).
fn bend(d: f64, w: f64) -> f64 {
    if 2.0 * d <= -w {
        0.0
    } else if 2.0 * d < w {
        (d + w / 2.0).powi(2) / (2.0 * w)
    } else {
        d
    }
}

#[test]
fn the_static_curves_below_the_thresholds_are_the_closed_forms() {
    let edge = -40.0;
    let mut worst = [0.0_f64; 2];
    for ratio in [1.0, 1.5, 2.0, 3.0, 4.0, 10.0, 20.0] {
        for knee_db in [0.0, 3.0, 6.0, 12.0, 24.0] {
            let still = CompressorParams {
                ratio: 1.0,
                knee_db,
                attack_ms: 0.1,
                release_ms: 1.0,
                ..CompressorParams::default()
            };
            let upward = CompressorParams {
                upward_ratio: ratio,
                upward_threshold_dbfs: edge,
                upward_range_db: 20.0,
                ..still
            };
            let expander = CompressorParams {
                expander_ratio: ratio,
                expander_threshold_dbfs: edge,
                expander_range_db: 40.0,
                ..still
            };
            // Sign of the gain, its slope and its limit.
            for (worst, (params, sign, slope, range)) in worst
                .iter_mut()
                .zip([(upward, 1.0, 1.0 - 1.0 / ratio, 20.0), (expander, -1.0, ratio - 1.0, 40.0)])
            {
                let mut unit = compressor(CompressorSetup::default(), params, Layout::MONO);
                // From 10 dB above the corner to 35 dB below it: in the knees and on the straight lines.
                for step in 0..16 {
                    let x = edge + 10.0 - 3.0 * f64::from(step);
                    let gain = slope * bend(edge - x, knee_db);
                    // The limit's corner is as wide as the first in the gain, at most twice the limit.
                    let limited = gain - bend(gain - range, (slope * knee_db).min(2.0 * range));
                    let expected = x + sign * limited;
                    assert!((unit.static_curve_db(x) - expected).abs() < 1e-9, "{params:?} {x}");
                    unit.reset();
                    // 40 releases.
                    let mut audio = vec![vec![db_to_gain(x) as f32; 2000]];
                    run(&mut unit, &mut audio);
                    let reached = gain_to_db(f64::from(audio[0][1999]));
                    *worst = worst.max((reached - expected).abs());
                }
            }
        }
    }
    println!("largest errors of the sounding curve, upward and expander: {worst:?} dB");
    assert!(worst.iter().all(|db| *db < CURVE_DB), "{worst:?}");
}
