//! The A-weighting of sound level meters: the ear at low levels.
//!
//! > |H|² = k·f⁸ / ((f² + f1²)²·(f² + f2²)·(f² + f3²)·(f² + f4²)²), 0 dB at 1 kHz
//!
//! Source: IEC 61672-1:2013, Annex E (poles) and Table 3 (design goals, acceptance limits), as held
//! by phonometry (MIT) and, the poles, by every implementation looked at.

use super::weighting_fit::Prototype;
use crate::math::PI;

/// Pole frequencies f1 to f4, Hz (IEC 61672-1:2013, Annex E).
const F1_HZ: f64 = 20.598_997;
const F2_HZ: f64 = 107.652_65;
const F3_HZ: f64 = 737.862_23;
const F4_HZ: f64 = 12_194.217;

/// The analogue curve.
pub(super) const A_WEIGHTING: Prototype = Prototype {
    zeros: 4,
    real_poles: &[
        2.0 * PI * F1_HZ,
        2.0 * PI * F1_HZ,
        2.0 * PI * F2_HZ,
        2.0 * PI * F3_HZ,
        2.0 * PI * F4_HZ,
        2.0 * PI * F4_HZ,
    ],
    pole_pairs: &[],
    anchor_hz: 1000.0,
    anchor_db: 0.0,
    degree: 4,
};

#[cfg(test)]
mod tests {
    use crate::loudness::weighting::tests::RATES_HZ;
    use crate::loudness::{Weighting, WeightingFilter};
    use crate::math;

    /// IEC 61672-1:2013, Table 3: number n of the frequency 10^(n/10) Hz, design goal, and upper and
    /// lower acceptance limit of class 1, dB.
    const TABLE_3: [(i32, f64, f64, f64); 34] = {
        const NONE: f64 = f64::NEG_INFINITY;
        [
            (10, -70.4, 3.0, NONE),
            (11, -63.4, 2.5, NONE),
            (12, -56.7, 2.0, -4.0),
            (13, -50.5, 2.0, -2.0),
            (14, -44.7, 2.0, -1.5),
            (15, -39.4, 1.5, -1.5),
            (16, -34.6, 1.0, -1.0),
            (17, -30.2, 1.0, -1.0),
            (18, -26.2, 1.0, -1.0),
            (19, -22.5, 1.0, -1.0),
            (20, -19.1, 1.0, -1.0),
            (21, -16.1, 1.0, -1.0),
            (22, -13.4, 1.0, -1.0),
            (23, -10.9, 1.0, -1.0),
            (24, -8.6, 1.0, -1.0),
            (25, -6.6, 1.0, -1.0),
            (26, -4.8, 1.0, -1.0),
            (27, -3.2, 1.0, -1.0),
            (28, -1.9, 1.0, -1.0),
            (29, -0.8, 1.0, -1.0),
            (30, 0.0, 0.7, -0.7),
            (31, 0.6, 1.0, -1.0),
            (32, 1.0, 1.0, -1.0),
            (33, 1.2, 1.0, -1.0),
            (34, 1.3, 1.0, -1.0),
            (35, 1.2, 1.0, -1.0),
            (36, 1.0, 1.0, -1.0),
            (37, 0.5, 1.5, -1.5),
            (38, -0.1, 1.5, -2.0),
            (39, -1.1, 1.5, -2.5),
            (40, -2.5, 2.0, -3.0),
            (41, -4.3, 2.0, -5.0),
            (42, -6.6, 2.5, -16.0),
            (43, -9.3, 3.0, NONE),
        ]
    };

    #[test]
    fn table_3_of_iec_61672_1_within_class_1_at_every_rate() {
        for rate_hz in RATES_HZ {
            let filter = WeightingFilter::design(Weighting::A, rate_hz).unwrap();
            for (n, goal, upper, lower) in TABLE_3 {
                let hz = math::exp10(f64::from(n) / 10.0);
                // The table has one decimal.
                let curve = Weighting::A.response_db(hz);
                assert!((curve - goal).abs() < 0.0501, "{hz}: {curve} {goal}");
                if hz < 0.45 * rate_hz {
                    let off = filter.response_db(hz) - goal;
                    assert!(off < upper && off > lower, "{rate_hz} {hz}: {off}");
                }
            }
        }
    }
}
