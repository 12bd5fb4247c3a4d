//! The widths of the "Audio EQ Cookbook" (R. Bristow-Johnson), as it defines them, on the responses.

use mixcore::filters::Biquad;
use mixcore::filters::design::{Method, Shape, Width, prototype, second_order};
use mixcore::math;

const RATE_HZ: f64 = 48_000.0;

fn design(shape: Shape, hz: f64, width: Width, gain_db: f64) -> Biquad {
    second_order(Method::Cookbook, shape, hz, width, gain_db, RATE_HZ).unwrap()
}

/// Where the response passes a level between two frequencies, by bisection.
fn crossing(found: &Biquad, level_db: f64, [mut from, mut to]: [f64; 2]) -> f64 {
    let above = |hz| found.response_db(hz, RATE_HZ) > level_db;
    let start = above(from);
    assert!(start != above(to), "{level_db} dB is not passed");
    for _ in 0..60 {
        let middle = 0.5 * (from + to);
        if above(middle) == start {
            from = middle;
        } else {
            to = middle;
        }
    }
    from
}

/// "BW, the bandwidth in octaves (between -3 dB frequencies for BPF and notch or between midpoint
/// (dBgain/2) gain frequencies for peaking EQ)", of the digital filter: w0/sin w0 undoes the bilinear axis.
#[test]
fn a_bandwidth_is_that_of_the_digital_filter() {
    /// w0/sin w0 is the stretch of the axis at `hz`; what it misses of the band's edges grows with the cube of
    /// the width. Edges where tan(w/2) = tan(w0/2)·2^(±BW/2·w0/sin w0) lie 0.0071 to 0.0094·BW³ nearer, by
    /// hand; without the term it is 0.1 octaves of one at 6 kHz and 0.37 at 12.
    const CUBE: f64 = 0.01;
    /// Bisection of levels that are right to some 1e-12 dB.
    const ROUNDING: f64 = 1e-9;
    let half_power_db = 10.0 * math::log10(0.5);
    for hz in [6000.0, 12_000.0] {
        for octaves in [1.0, 1.0 / 3.0, 0.1] {
            for (shape, gain_db, level_db) in [
                (Shape::BandPass, 0.0, half_power_db),
                (Shape::Notch, 0.0, half_power_db),
                (Shape::Bell, 12.0, 6.0),
                (Shape::Bell, -9.0, -4.5),
            ] {
                let found = design(shape, hz, Width::Octaves(octaves), gain_db);
                let low = crossing(&found, level_db, [hz / 4.0, hz]);
                let high = crossing(&found, level_db, [hz, 23_900.0]);
                let apart = math::log2(high / low) - octaves;
                let most = CUBE * octaves * octaves * octaves + ROUNDING;
                assert!(apart.abs() < most, "{shape:?} {hz} Hz, {octaves}: {apart} octaves");
            }
        }
    }
}

/// "S, a shelf slope parameter": 1/Q = √((A + 1/A)·(1/S − 1) + 2), and "the shelf slope, in dB/octave,
/// remains proportional to S for all other values for a fixed f0/Fs and dBgain".
#[test]
fn a_shelf_slope_is_the_cookbooks() {
    /// Rounding of coefficients and of the response.
    const ROUNDING_DB: f64 = 1e-6;
    /// Half the distance of the difference that stands for the derivative, octaves, whose square it errs by.
    const STEP: f64 = 1e-3;
    /// dB an octave.
    const SLOPE: f64 = 1e-3;
    let axis = |hz: f64| math::tan(math::PI * hz / RATE_HZ);
    for hz in [200.0, 3000.0, 12_000.0] {
        for slope in [0.25, 0.5, 0.8, 1.0] {
            for (shape, sign) in [(Shape::LowShelf, -1.0), (Shape::HighShelf, 1.0)] {
                for gain_db in [-15.0, -6.0, 3.0, 12.0] {
                    let found = design(shape, hz, Width::Slope(slope), gain_db);
                    let a = math::exp10(gain_db / 40.0);
                    let q = 1.0 / math::sqrt((a + 1.0 / a) * (1.0 / slope - 1.0) + 2.0);
                    for at in (1..48).map(|n| f64::from(n) * 490.0) {
                        let truth =
                            prototype::second_order_db(shape, axis(hz), q, gain_db, axis(at));
                        let level = found.response_db(at, RATE_HZ);
                        let apart = (level - truth).abs();
                        assert!(apart < ROUNDING_DB, "{shape:?} {hz} {slope} {gain_db}: {apart}");
                    }
                    // At the midpoint, from the prototype by hand: d ln|H|²/d ln f = ∓4·S·(A² − 1)/(A² + 1),
                    // and the bilinear axis runs w0/sin w0 times as fast there.
                    let level = |octaves| found.response_db(hz * math::exp2(octaves), RATE_HZ);
                    let steep = (level(STEP) - level(-STEP)) / (2.0 * STEP);
                    let w = 2.0 * math::PI * hz / RATE_HZ;
                    let law = 10.0 * math::log10(2.0) * 4.0 * slope * (a * a - 1.0) / (a * a + 1.0);
                    let law = sign * law * w / math::sin(w);
                    let apart = (steep - law).abs();
                    assert!(apart < SLOPE, "{shape:?} {hz} {slope} {gain_db}: {steep} {law}");
                }
            }
        }
    }
}
