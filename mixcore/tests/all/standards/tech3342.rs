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

/// Tech 3342: "unchanged" when the signal is repeated. The windows over the joint are a sixtieth of
/// all, none of a level that was not there before.
const REPEATED_TOLERANCE_LU: f64 = 0.05;

#[test]
fn cases_1_to_4_once_and_repeated() {
    for rate_hz in RATES_HZ {
        for (case, (levels, expected)) in CASES.iter().enumerate() {
            let table: Vec<_> = levels.iter().map(|&level| (level, 20_000)).collect();
            let once = range_lu(&table, rate_hz);
            assert!((once - expected).abs() <= TOLERANCE_LU, "case {}: {once:.2}", case + 1);
            if rate_hz <= 48_000 || std::env::var_os("MIXCORE_LONG").is_some() {
                let twice = range_lu(&table.repeat(2), rate_hz);
                let same = (twice - once).abs() <= REPEATED_TOLERANCE_LU;
                assert!(same, "case {} at {rate_hz}: {twice:.3} for {once:.3}", case + 1);
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

/// A programme with a 20 s cycle at a rate: what we read, what we say that meters with a 1 s hop read,
/// and the same by the letter.
fn cycle(table: &[(f64, u32)], rate_hz: u32) -> ([f64; 2], [f64; 2]) {
    let meter = stereo(&tone(table, rate_hz), rate_hz);
    let ours = meter.measurement().loudness_range_lu.value().unwrap();
    let others = meter.sub_blocks().loudness_range_on(RangeGrid::Second).range_lu.value().unwrap();
    // Two channels of a tone have the power of its peak; the K gain cancels in a range.
    let powers: Vec<f64> = table
        .iter()
        .flat_map(|&(db, ms)| std::iter::repeat_n(math::exp10(db / 10.0), ms as usize))
        .collect();
    let (fine, coarse) = (reference_lu(&powers, 1), reference_lu(&powers, 1000));
    println!(
        "LRA at {rate_hz}: {ours:.3}, by the letter {fine:.3}; 1 s hop {others:.3}, {coarse:.3}"
    );
    ([ours, others], [fine, coarse])
}

/// Our reading and that of a 1 s hop, checked by the letter.
fn check_cycle(table: &[(f64, u32)], rate_hz: u32, apart_lu: f64) -> [f64; 2] {
    let ([ours, others], [fine, coarse]) = cycle(table, rate_hz);
    assert!((ours - fine).abs() < CYCLE_TOLERANCE_LU, "{rate_hz}: {ours} {fine}");
    // What meters with a 1 s hop read is known too.
    assert!((others - coarse).abs() < CYCLE_TOLERANCE_LU, "{rate_hz}: {others} {coarse}");
    // Both programmes read low with it.
    assert!(fine - coarse > apart_lu, "{rate_hz}: {coarse} {fine}");
    [ours, others]
}

#[test]
fn a_20_s_cycle_reads_as_with_a_1_khz_hop_and_not_as_with_a_1_s_hop() {
    let rate_hz = 48_000;
    let milliseconds = 10 * 60_000;
    let table: Vec<_> = (0..milliseconds).map(|ms| (cycle_db(f64::from(ms) + 0.5), 1)).collect();
    assert_eq!(tone(&table, rate_hz).len(), frames(milliseconds, rate_hz));
    check_cycle(&table, rate_hz, 5.0 * CYCLE_TOLERANCE_LU);
}

/// A pause 14 dB down for 5.2 s of every 20 s: 11 % of the windows lie in it, so that the low
/// percentile does too; of the windows of a 1 s hop only two in twenty do. Such a meter is outside the
/// tolerance of Tech 3342 (crate ebur128 in `differential.rs`).
pub const PAUSES: [(f64, u32); 3] = [(-23.0, 400), (-37.0, 5200), (-23.0, 14_400)];

#[test]
fn pauses_every_20_s_put_a_1_s_hop_outside_the_tolerance() {
    for rate_hz in RATES_HZ {
        let table = PAUSES.repeat(9);
        let [ours, others] = check_cycle(&table, rate_hz, TOLERANCE_LU);
        // The figures in the documentation of `loudness/range.rs`.
        assert!((ours - 14.00).abs() < CYCLE_TOLERANCE_LU, "{rate_hz}: {ours}");
        assert!((others - 7.75).abs() < CYCLE_TOLERANCE_LU, "{rate_hz}: {others}");
    }
}
