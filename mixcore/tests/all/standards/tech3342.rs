//! EBU Tech 3342 (2023), Table 1: test signals 1 to 4 (5 and 6 are authentic programmes), and a case
//! of our own that shows the error of a 1 s hop.

use mixcore::loudness::RangeGrid;
use mixcore::math;

use super::{RATES_HZ, frames, stereo, tone};

/// Table 1: ±1 LU.
const TOLERANCE_LU: f64 = 1.0;

/// The levels of the cases, dBFS, 20 s each, and the loudness range, LU.
const CASES: [(&[f64], f64); 4] = [
    (&[-20.0, -30.0], 10.0),
    (&[-20.0, -15.0], 5.0),
    (&[-40.0, -20.0], 20.0),
    (&[-50.0, -35.0, -20.0, -35.0, -50.0], 15.0),
];

fn range_lu(table: &[(f64, u32)], rate_hz: u32) -> f64 {
    stereo(&tone(table, rate_hz), rate_hz).measurement().loudness_range_lu.value().unwrap()
}

#[test]
fn cases_1_to_4() {
    for rate_hz in RATES_HZ {
        for (case, (levels, expected)) in CASES.iter().enumerate() {
            let table: Vec<_> = levels.iter().map(|&level| (level, 20_000)).collect();
            let once = range_lu(&table, rate_hz);
            assert!((once - expected).abs() <= TOLERANCE_LU, "case {}: {once:.2}", case + 1);
            // Tech 3342: unchanged when the signal is repeated. One case at each rate.
            if rate_hz == RATES_HZ[case] {
                let twice = range_lu(&table.repeat(2), rate_hz);
                assert!((twice - expected).abs() <= TOLERANCE_LU, "repeated: {twice:.2}");
            }
        }
    }
}

/// Level at a time in ms: 20 dB up and down around -30 dBFS every 20 s.
fn cycle_db(ms: f64) -> f64 {
    -30.0 + 10.0 * math::sin(2.0 * math::PI * ms / 20_000.0)
}

/// Tech 3342 by the letter on powers per ms, with one window every `hop_ms`.
fn reference_lu(powers: &[f64], hop_ms: usize) -> f64 {
    let total: Vec<f64> = std::iter::once(0.0)
        .chain(powers.iter().scan(0.0, |sum, power| {
            *sum += power;
            Some(*sum)
        }))
        .collect();
    let mut windows: Vec<f64> = (0..=powers.len() - 3000)
        .step_by(hop_ms)
        .map(|at| 10.0 * ((total[at + 3000] - total[at]) / 3000.0).log10() - 0.691)
        .filter(|&lufs| lufs >= -70.0)
        .collect();
    let mean = windows.iter().map(|lufs| 10_f64.powf(lufs / 10.0)).sum::<f64>();
    let gate = 10.0 * (mean / windows.len() as f64).log10() - 20.0;
    windows.retain(|&lufs| lufs >= gate);
    windows.sort_by(f64::total_cmp);
    let last = (windows.len() - 1) as f64;
    windows[(last * 0.95).round() as usize] - windows[(last * 0.10).round() as usize]
}

/// The reading's distance from the 1 kHz-hop reference: the tone's own ripple within 10 ms and the
/// 100 ms hop are far below it, the error of a 1 s hop far above.
const CYCLE_TOLERANCE_LU: f64 = 0.05;

#[test]
fn a_20_s_cycle_reads_as_with_a_1_khz_hop_and_not_as_with_a_1_s_hop() {
    let rate_hz = 48_000;
    let minutes = 10;
    let milliseconds = minutes * 60_000;
    let table: Vec<_> = (0..milliseconds).map(|ms| (cycle_db(f64::from(ms) + 0.5), 1)).collect();
    let signal = tone(&table, rate_hz);
    assert_eq!(signal.len(), frames(milliseconds, rate_hz));
    let meter = stereo(&signal, rate_hz);
    let ours = meter.measurement().loudness_range_lu.value().unwrap();
    let others = meter.sub_blocks().loudness_range_on(RangeGrid::Second).range_lu.value().unwrap();
    // Two channels of a tone have the power of its peak; the K gain cancels in a range.
    let powers: Vec<f64> = table.iter().map(|(db, _)| math::exp10(db / 10.0)).collect();
    let (fine, coarse) = (reference_lu(&powers, 1), reference_lu(&powers, 1000));
    println!("LRA of a 20 s cycle: ours {ours:.3}, 1 ms hop {fine:.3}, 1 s hop {coarse:.3} LU");
    assert!((ours - fine).abs() < CYCLE_TOLERANCE_LU, "{ours} {fine}");
    // What meters with a 1 s hop read is known too.
    assert!((others - coarse).abs() < CYCLE_TOLERANCE_LU, "{others} {coarse}");
    assert!((coarse - fine).abs() > 5.0 * CYCLE_TOLERANCE_LU, "{coarse} {fine}");
}
