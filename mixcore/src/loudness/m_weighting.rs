//! The M-weighting of cinema sound: what annoys at high level.
//!
//! It is the network of ITU-R BS.468 with 6.6 instead of 12.2 dB at 6.3 kHz, the one frequency at
//! which the tables of both standards allow no deviation: one zero at 0 Hz and six poles, two of them
//! real. AES17 puts the same curve 5.63 dB lower, which is 0.03 dB apart.
//!
//! Sources: ISO 21727:2016, Table 1, as reported from pforret/leqm-nrt's documentation (values and
//! tolerances; its code was not read). Poles of the network: computed from the components of BS.468-4,
//! Fig. 1a, by two projects apart, in factors (endolith/waveform-analysis and its derivatives) and as
//! polynomials (Wikipedia, "ITU-R 468 noise weighting"); that both are the same curve is a test here.
//! The tolerances agree with those that phonometry holds of BS.468-4, Table 1.

use super::weighting_fit::Prototype;

/// The analogue curve.
pub(super) const M_WEIGHTING: Prototype = Prototype {
    zeros: 1,
    real_poles: &[25_903.701_047_816_28, 62_675.170_058_467_9],
    pole_pairs: &[
        (23_615.535_213_635_28, 36_379.908_937_329_29),
        (18_743.746_690_721_36, 62_460.156_452_506_49),
    ],
    anchor_hz: 6300.0,
    anchor_db: 6.6,
    degree: 5,
};

#[cfg(test)]
mod tests {
    use crate::loudness::weighting::tests::RATES_HZ;
    use crate::loudness::{Weighting, WeightingFilter};
    use crate::math;

    /// ISO 21727:2016, Table 1: frequency in Hz, weighting and tolerance in dB.
    const TABLE_1: [(f64, f64, f64); 21] = [
        (31.5, -35.5, 2.0),
        (63.0, -29.5, 1.4),
        (100.0, -25.4, 1.0),
        (200.0, -19.4, 0.85),
        (400.0, -13.4, 0.7),
        (800.0, -7.5, 0.55),
        (1000.0, -5.6, 0.5),
        (2000.0, 0.0, 0.5),
        (3150.0, 3.4, 0.5),
        (4000.0, 4.9, 0.5),
        (5000.0, 6.1, 0.5),
        (6300.0, 6.6, 0.0),
        (7100.0, 6.4, 0.2),
        (8000.0, 5.8, 0.4),
        (9000.0, 4.5, 0.6),
        (10_000.0, 2.5, 0.8),
        (12_500.0, -5.6, 1.2),
        (14_000.0, -10.9, 1.4),
        (16_000.0, -17.3, 1.6),
        (20_000.0, -27.8, 2.0),
        (31_500.0, -48.3, 2.8),
    ];

    /// The network lies within half a decimal of BS.468's table (0.0503 dB at 100 Hz), and ISO 21727
    /// has shifted that table after it was rounded.
    const NETWORK_DB: f64 = 0.07;
    /// "No deviation" at 6.3 kHz: what rounding leaves.
    const NONE_DB: f64 = 1e-9;

    #[test]
    fn table_1_of_iso_21727_at_every_rate() {
        let mut rows = 0;
        for rate_hz in RATES_HZ {
            let filter = WeightingFilter::design(Weighting::M, rate_hz).unwrap();
            for (hz, weight, tolerance) in TABLE_1 {
                let curve = Weighting::M.response_db(hz);
                assert!((curve - weight).abs() < NETWORK_DB, "{hz}: {curve}");
                if hz < 0.5 * rate_hz {
                    let off = (filter.response_db(hz) - weight).abs();
                    // Where 6.3 kHz is too near to half the rate the gain is exact lower down.
                    let none = if 6300.0 < 0.25 * rate_hz { NONE_DB } else { 0.003 };
                    assert!(off <= tolerance.max(none), "{rate_hz} {hz}: {off}");
                    rows += 1;
                }
            }
        }
        // Below half of 8, 16 and 32 kHz; all but one at 44.1 and 48 kHz; all from 88.2 kHz up.
        assert_eq!(rows, 9 + 13 + 18 + 2 * 20 + 4 * 21);
    }

    #[test]
    fn the_poles_and_the_published_polynomials_are_one_curve() {
        let polynomials_db = |f: f64| {
            let f2 = f * f;
            let even = ((-4.737_338_981_378_384e-24 * f2 + 2.043_828_333_606_125e-15) * f2
                - 1.363_894_795_463_638e-7)
                * f2
                + 1.0;
            let odd = ((1.306_612_257_412_824e-19 * f2 - 2.118_150_887_518_656e-11) * f2
                + 5.559_488_023_498_642e-4)
                * f;
            20.0 * math::log10(f / math::hypot(even, odd))
        };
        let shift = polynomials_db(6300.0) - 6.6;
        for hz in [20.0, 31.5, 100.0, 1e3, 2e3, 6.3e3, 1e4, 2e4, 3.15e4, 1e5] {
            let off = polynomials_db(hz) - shift - Weighting::M.response_db(hz);
            // Both have 16 digits.
            assert!(off.abs() < 1e-9, "{hz}: {off}");
        }
    }
}
