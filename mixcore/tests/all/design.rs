//! Filter designs: against the analogue prototypes, and against published coefficients.

use mixcore::filters::Biquad;
use mixcore::filters::design::{
    FirstOrder, MAX_Q, MIN_Q, Method, Shape, Width, first_order, prototype, second_order,
};
use mixcore::{Error, math, units};
use proptest::prelude::*;

use crate::signals::Noise;

/// The table in the documentation of `second_order`.
pub const ACCURACY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/filters/design/accuracy.md");

const RATE_HZ: f64 = 48_000.0;
const NYQUIST_HZ: f64 = RATE_HZ / 2.0;
/// 20 kHz at 44.1 kHz: up to here the matched designs follow the prototype.
const TOP: f64 = 0.907;
/// Below this level a deviation in dB says nothing: zeros of notches and far skirts.
const DEEP_DB: f64 = -90.0;

/// Largest deviation from the prototype between 0 and `top` of Nyquist, dB.
fn deviation_db(found: &Biquad, top: f64, truth: impl Fn(f64) -> f64) -> f64 {
    // Half of them up to the top in even steps, half from 0.002 of Nyquist in even ratios.
    let even = (1..=100).map(|n| top * f64::from(n) / 100.0);
    let ratios = (0..100).map(|n| top * math::pow(0.002 / top, f64::from(n) / 100.0));
    let points = even.chain(ratios).map(|share| share * NYQUIST_HZ);
    points.fold(0.0, |worst: f64, hz| {
        let truth = truth(hz);
        if truth < DEEP_DB {
            worst
        } else {
            worst.max((found.response_db(hz, RATE_HZ) - truth).abs())
        }
    })
}

fn matched_db(shape: Shape, r: f64, q: f64, gain_db: f64, top: f64) -> f64 {
    let hz = r * NYQUIST_HZ;
    let found = second_order(Method::Matched, shape, hz, q, gain_db, RATE_HZ).unwrap();
    deviation_db(&found, top, |at| prototype::second_order_db(shape, hz, q, gain_db, at))
}

fn matched_first_db(shape: FirstOrder, r: f64, gain_db: f64) -> f64 {
    let hz = r * NYQUIST_HZ;
    let found = first_order(Method::Matched, shape, hz, gain_db, RATE_HZ).unwrap();
    deviation_db(&found, TOP, |at| prototype::first_order_db(shape, hz, gain_db, at))
}

/// The goal of the issue and far beyond: ±18 dB, any usual width.
#[test]
fn a_bell_at_16_khz_follows_the_prototype_to_20_khz() {
    const GOAL_DB: f64 = 0.3;
    for q in [0.1, 0.3, 0.5, 0.71, 1.0, 2.0, 5.0, 10.0, 40.0] {
        for gain_db in [-18.0, -12.0, -6.0, -1.0, 1.0, 3.0, 6.0, 9.0, 12.0, 18.0] {
            let worst = matched_db(Shape::Bell, 16.0 / 24.0, q, gain_db, 20.0 / 24.0);
            assert!(worst < GOAL_DB, "Q {q}, {gain_db} dB: {worst:.3} dB");
        }
    }
    // The bilinear one misses by decibels: the measure sees what it is for.
    let squeezed =
        second_order(Method::Cookbook, Shape::Bell, 16_000.0, 1.0, 12.0, RATE_HZ).unwrap();
    let truth = |hz| prototype::second_order_db(Shape::Bell, 16_000.0, 1.0, 12.0, hz);
    assert!(deviation_db(&squeezed, 20.0 / 24.0, truth) > 2.0);
}

/// The table in the documentation of `second_order`, measured.
#[test]
fn the_documented_accuracy_is_what_is_measured() {
    const CORNERS: [f64; 8] = [0.05, 0.2, 0.4, 0.5, 0.667, 0.75, 0.833, 0.95];
    /// Steps from one column's corner to the next one's: both ends belong to a cell, which is a bound.
    const PARTS: usize = 4;
    /// One more: from here on low-passes are matched otherwise, and err most.
    const LATE: f64 = 0.85;
    let mut table = String::from("| shape | Q | gain |");
    table += &CORNERS.map(|r| format!(" r ≤ {r} |")).concat();
    table += "\n|---|---|---|";
    table += &CORNERS.map(|_| "---|").concat();
    table += "\n";
    let mut row = |name: &str, q: &str, gain: &str, worst: &dyn Fn(f64) -> f64| {
        let mut before = 0.02;
        let cells = CORNERS.map(|r| {
            let corners = (0..=PARTS).map(|n| before + (r - before) * n as f64 / PARTS as f64);
            let late = (before < LATE && LATE <= r).then_some(LATE);
            let most = corners.chain(late).map(worst).fold(0.0, f64::max);
            before = r;
            // Rounded up: a bound.
            format!(" {:.2} |", (most * 100.0).ceil() / 100.0)
        });
        table += &format!("| {name} | {q} | {gain} |{}\n", cells.concat());
    };
    let over = |shape: Shape, (low, high): (f64, f64), gain_db: f64| {
        move |r: f64| {
            let at = |n: f64| low * math::pow(high / low, n / 20.0);
            let mut worst = 0.0_f64;
            for gain_db in [gain_db, -gain_db] {
                let of = |n: f64| matched_db(shape, r, at(n.clamp(0.0, 20.0)), gain_db, TOP);
                let (mut n, mut most) = (0.0, 0.0);
                for step in 0..=20 {
                    let found = of(f64::from(step));
                    if found > most {
                        (n, most) = (f64::from(step), found);
                    }
                }
                // From the worst width of the grid uphill: what errs does so in narrow ridges.
                let mut step = 0.5;
                while high > low && step > 0.01 {
                    let (up, down) = (of(n + step), of(n - step));
                    if up.max(down) > most {
                        (n, most) = if up > down { (n + step, up) } else { (n - step, down) };
                    } else {
                        step /= 2.0;
                    }
                }
                worst = worst.max(most);
            }
            worst
        }
    };
    const BROAD: (f64, f64) = (0.3, 10.0);
    const GENTLE: (f64, f64) = (0.3, 1.0);
    /// Shelves with resonances.
    const PEAKED: (f64, f64) = (1.0, 3.0);
    const SHARP: (f64, f64) = (3.0, 10.0);
    for gain_db in [6.0, 12.0, 18.0, 24.0] {
        row("bell", "0.3 to 10", &format!("±{gain_db}"), &over(Shape::Bell, BROAD, gain_db));
    }
    for (q, range) in [("0.3 to 1", GENTLE), ("1 to 3", PEAKED), ("3 to 10", SHARP)] {
        for gain_db in [6.0, 12.0, 18.0] {
            let both = |r: f64| {
                let low = over(Shape::LowShelf, range, gain_db)(r);
                low.max(over(Shape::HighShelf, range, gain_db)(r))
            };
            row("shelves", q, &format!("±{gain_db}"), &both);
        }
        row("tilt", q, "±6", &over(Shape::Tilt, range, 6.0));
    }
    row("low-pass", "0.3 to 10", "", &over(Shape::LowPass, BROAD, 0.0));
    row("high-pass", "0.3 to 1", "", &over(Shape::HighPass, GENTLE, 0.0));
    row("high-pass", "1 to 3", "", &over(Shape::HighPass, (1.0, 3.0), 0.0));
    row("high-pass", "3 to 5", "", &over(Shape::HighPass, (3.0, 5.0), 0.0));
    row("high-pass", "5 to 10", "", &over(Shape::HighPass, (5.0, 10.0), 0.0));
    row("band-pass", "0.3 to 10", "", &over(Shape::BandPass, BROAD, 0.0));
    row("notch", "0.3 to 10", "", &over(Shape::Notch, BROAD, 0.0));
    for shape in FirstOrder::ALL.into_iter().filter(|&shape| shape != FirstOrder::AllPass) {
        let gain_db = if shape.has_gain() { 12.0 } else { 0.0 };
        let name = match shape {
            FirstOrder::LowPass => "low-pass, first order",
            FirstOrder::HighPass => "high-pass, first order",
            FirstOrder::LowShelf => "low shelf, first order",
            FirstOrder::HighShelf => "high shelf, first order",
            _ => "tilt, first order",
        };
        let gain = if shape.has_gain() { "±12" } else { "" };
        row(name, "", gain, &|r| {
            matched_first_db(shape, r, gain_db).max(matched_first_db(shape, r, -gain_db))
        });
    }
    let documented = std::fs::read_to_string(ACCURACY).unwrap();
    assert!(table == documented, "the table is now:\n{table}");
}

/// What a high-pass errs by is what any biquad with a double zero at 0 Hz has to err by.
///
/// Its D/N is a quadratic polynomial in 1/sin²(w/2), positive in the band, and the error is that times the
/// prototype's |H|². Where the errors of one such polynomial have alternating signs at four frequencies, no
/// other one errs by less than the least of the four (de la Vallée Poussin): the difference of the two
/// would change its sign three times, and a quadratic polynomial has two roots. So each design proves its
/// own bound.
#[test]
fn a_high_pass_errs_by_hardly_more_than_every_biquad_must() {
    /// The four frequencies are fitted, not found, so the four errors are uneven. By how much is what was
    /// found over this grid and no theory: 12.5 % (0.16 dB) at Q 10 and r = 0.8, the most where the bound is
    /// above 0.3 dB, and 0.05 dB beyond the 15 % where it is small (Q 0.3, r = 0.88). These bounds lie just
    /// above, and are what `second_order` promises.
    const SHARE: f64 = 1.15;
    const LITTLE_DB: f64 = 0.06;
    let mut bounds = Vec::new();
    for q in [0.3, 0.5, 0.71, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0] {
        for r in [0.05, 0.2, 0.4, 0.5, 0.6, 0.667, 0.75, 0.8, 0.833, 0.88] {
            let hz = r * NYQUIST_HZ;
            let found =
                second_order(Method::Matched, Shape::HighPass, hz, q, 0.0, RATE_HZ).unwrap();
            // The largest error of each stretch of one sign.
            let mut runs: Vec<f64> = Vec::new();
            for at in (1..=2000).map(|n| f64::from(n) / 2000.0 * TOP * NYQUIST_HZ) {
                let truth = prototype::second_order_db(Shape::HighPass, hz, q, 0.0, at);
                let error = found.response_db(at, RATE_HZ) - truth;
                match runs.last_mut() {
                    _ if truth < DEEP_DB => {}
                    Some(run) if *run * error >= 0.0 => {
                        if error.abs() > run.abs() {
                            *run = error;
                        }
                    }
                    _ => runs.push(error),
                }
            }
            let worst = runs.iter().fold(0.0_f64, |worst, run| worst.max(run.abs()));
            let least =
                |four: &[f64]| four.iter().fold(f64::MAX, |least, run| least.min(run.abs()));
            let bound = runs.windows(4).map(least).fold(0.0, f64::max);
            assert!(worst <= SHARE * bound + LITTLE_DB, "Q {q}, r {r}: {worst} dB, bound {bound}");
            bounds.push((q, r, bound));
        }
    }
    // Half a decibel is out of reach of any of them: Q 5 at 16 kHz and 48 kHz, Q 5 at 18 kHz.
    for place in [(5.0, 0.667), (5.0, 0.75)] {
        let (.., bound) = bounds.iter().find(|(q, r, _)| (*q, *r) == place).unwrap();
        assert!(*bound > 0.7, "{place:?}: {bound}");
    }
}

/// Where the matched frequency passes the corner, between the corners of the table, a low-pass stays within
/// its cell there (the last column), whatever its Q.
#[test]
fn a_low_pass_near_nyquist_is_as_accurate_as_documented() {
    let table = std::fs::read_to_string(ACCURACY).unwrap();
    let row = table.lines().find(|line| line.starts_with("| low-pass | 0.3 to 10")).unwrap();
    let cell: f64 = row.trim_end_matches(" |").rsplit("| ").next().unwrap().parse().unwrap();
    for r in (0..=60).map(|n| 0.834 + 0.116 * f64::from(n) / 60.0) {
        for q in (0..=40).map(|n| 0.3 * math::pow(10.0 / 0.3, f64::from(n) / 40.0)) {
            let found = matched_db(Shape::LowPass, r, q, 0.0, TOP);
            assert!(found < cell, "Q {q}, r {r}: {found} dB, documented {cell}");
        }
    }
}

/// What `second_order` says of resonant shelves beyond the table: at smaller and larger gains, and sharper.
#[test]
fn resonant_shelves_beyond_the_table_are_as_documented() {
    const PLACES: [f64; 8] = [0.05, 0.2, 0.4, 0.5, 0.667, 0.75, 0.833, 0.95];
    // Of each line: widths, gain, corners up to, the documented figure.
    for (low, high, gain_db, (from, to), most) in [
        (1.0, 3.0, 36.0, (0.02, 0.95), 0.65),
        (3.0, 10.0, 36.0, (0.02, 0.95), 4.0),
        (3.0, 10.0, 1.5, (0.833, 0.95), 0.42),
        (10.0, 30.0, 24.0, (0.02, 0.4), 5.0),
    ] {
        let mut worst = 0.0_f64;
        for r in
            PLACES.into_iter().chain((0..=40).map(|n| from + (to - from) * f64::from(n) / 40.0))
        {
            for q in (0..=12).map(|n| low * math::pow(high / low, f64::from(n) / 12.0)) {
                if (from..=to).contains(&r) {
                    worst = worst.max(matched_db(Shape::HighShelf, r, q, gain_db, TOP));
                    worst = worst.max(matched_db(Shape::LowShelf, r, q, gain_db, TOP));
                }
            }
        }
        println!("Q {low} to {high}, {gain_db} dB, r {from} to {to}: {worst:.2} dB");
        assert!(
            worst < most + 0.005 && worst > 0.4 * most,
            "{low} {high} {gain_db} {from}: {worst}"
        );
    }
}

/// Widths and corners at which a pole and a zero nearly cancel: five points alone err by up to 28 dB there.
#[test]
fn where_five_points_have_no_solution_others_do() {
    for (shape, hz, q, gain_db, most_db) in [
        (Shape::LowPass, 6855.0, 0.3714, 0.0, 0.3),
        (Shape::HighShelf, 9345.6, 0.508_94, 12.0, 0.2),
        (Shape::HighShelf, 8241.6, 0.467_30, 18.0, 0.3),
        (Shape::HighShelf, 9600.0, 0.481_751_05, 18.0, 0.3),
        (Shape::HighShelf, 9300.0, 0.44, 24.0, 0.5),
        (Shape::HighShelf, 8000.0, 0.34, 36.0, 0.8),
        (Shape::HighShelf, 8681.0, 0.345_936, 36.0, 0.8),
        (Shape::LowShelf, 9300.0, 0.44, -24.0, 0.5),
    ] {
        let found = second_order(Method::Matched, shape, hz, q, gain_db, RATE_HZ).unwrap();
        let truth = |at| prototype::second_order_db(shape, hz, q, gain_db, at);
        let apart = deviation_db(&found, 20.0 / 24.0, truth);
        assert!(apart < most_db, "{shape:?} {hz} Q {q} {gain_db} dB: {apart} dB");
    }
}

/// Far below Nyquist a digital filter is the analogue one, whatever its width.
#[test]
fn at_low_frequencies_every_design_is_its_prototype() {
    /// The bilinear axis bends by w0²/12 of 1 kHz at 192 kHz, 9e-5: 0.0016 dB of a slope of
    /// 12 dB an octave.
    const NEAR_DB: f64 = 2e-3;
    let rate_hz = 192_000.0;
    let mut pick = Noise::new(11);
    for shape in Shape::ALL {
        for method in [Method::Matched, Method::Cookbook] {
            for _ in 0..200 {
                let hz = 20.0 * (0.5 + 9.5 * unit(&mut pick));
                let q = 0.3 * math::pow(100.0, unit(&mut pick));
                let gain_db = 36.0 * unit(&mut pick) - 18.0;
                let found = second_order(method, shape, hz, q, gain_db, rate_hz).unwrap();
                let at = hz * math::pow(30.0, unit(&mut pick) - 0.5);
                let truth = prototype::second_order_db(shape, hz, q, gain_db, at);
                // Within a thousandth of a notch's centre its depth hangs on the last digits.
                if shape == Shape::Notch && truth < -40.0 {
                    continue;
                }
                let error = (found.response_db(at, rate_hz) - truth).abs();
                assert!(
                    error < NEAR_DB,
                    "{method:?} {shape:?} {hz} {q} {gain_db} at {at}: {error}"
                );
            }
        }
    }
}

/// A number in 0 to 1.
fn unit(pick: &mut Noise) -> f64 {
    pick.below(1_000_001) as f64 * 1e-6
}

/// The bilinear transform is the prototype on a warped frequency axis, for every kind.
#[test]
fn the_cookbook_is_the_prototype_on_the_bilinear_axis() {
    /// Rounding of coefficients and of the response far down a skirt.
    const ROUNDING_DB: f64 = 1e-6;
    let mut pick = Noise::new(5);
    for _ in 0..300 {
        let hz = NYQUIST_HZ * (0.001 + 0.99 * unit(&mut pick));
        let at = NYQUIST_HZ * (0.001 + 0.99 * unit(&mut pick));
        let (q, gain_db) = (0.2 + 5.0 * unit(&mut pick), 40.0 * unit(&mut pick) - 20.0);
        let axis = |hz: f64| math::tan(math::PI * hz / RATE_HZ);
        for shape in Shape::ALL {
            let truth = prototype::second_order_db(shape, axis(hz), q, gain_db, axis(at));
            if truth > -80.0 {
                let found = second_order(Method::Cookbook, shape, hz, q, gain_db, RATE_HZ).unwrap();
                let level = found.response_db(at, RATE_HZ);
                assert!(
                    (level - truth).abs() < ROUNDING_DB,
                    "{shape:?} {hz} {at}: {level} {truth}"
                );
            }
        }
        for shape in FirstOrder::ALL {
            let truth = prototype::first_order_db(shape, axis(hz), gain_db, axis(at));
            if truth > -80.0 {
                let found = first_order(Method::Cookbook, shape, hz, gain_db, RATE_HZ).unwrap();
                let level = found.response_db(at, RATE_HZ);
                assert!(
                    (level - truth).abs() < ROUNDING_DB,
                    "{shape:?} {hz} {at}: {level} {truth}"
                );
            }
        }
    }
}

fn near(found: &Biquad, b: [f64; 3], a: [f64; 2], tolerance: f64) {
    let all = found.b.iter().zip(&b).chain(found.a.iter().zip(&a));
    for (found, published) in all {
        assert!((found - published).abs() < tolerance, "{found} {published}");
    }
}

/// Coefficients that others print: SciPy 1.17.1, and ITU-R BS.1770-5.
#[test]
fn published_coefficients() {
    /// The last digits of a double near 1.
    const SCIPY: f64 = 1e-14;
    /// SciPy's notch and peak take tan(w0/(2Q)) where the cookbook takes sin(w0)/(2Q).
    const IIR: f64 = 1e-4;
    let half = core::f64::consts::FRAC_1_SQRT_2;
    let cookbook =
        |shape, hz, q, rate| second_order(Method::Cookbook, shape, hz, q, 0.0, rate).unwrap();
    // butter(2, 1000, fs=48000)
    let found = cookbook(Shape::LowPass, 1000.0, half, 48_000.0);
    let b = [0.003_916_126_660_547_369, 0.007_832_253_321_094_738, 0.003_916_126_660_547_369];
    near(&found, b, [-1.815_341_082_704_568, 0.831_005_589_346_757_5], SCIPY);
    // butter(2, 100, 'high', fs=44100)
    let found = cookbook(Shape::HighPass, 100.0, half, 44_100.0);
    let b = [0.989_976_012_680_173_9, -1.979_952_025_360_347_8, 0.989_976_012_680_173_9];
    near(&found, b, [-1.979_851_542_514_358_6, 0.980_052_508_206_335_8], SCIPY);
    // iirnotch(60, 30, fs=48000)
    let found = cookbook(Shape::Notch, 60.0, 30.0, 48_000.0);
    let b = [0.999_869_117_437_840_2, -1.999_676_558_238_712_8, 0.999_869_117_437_840_2];
    near(&found, b, [-1.999_676_558_238_712_8, 0.999_738_234_875_680_5], IIR);
    // iirpeak(1000, 5, fs=48000)
    let found = cookbook(Shape::BandPass, 1000.0, 5.0, 48_000.0);
    let b = [0.012_921_564_539_159_491, 0.0, -0.012_921_564_539_159_491];
    near(&found, b, [-1.957_267_685_221_101_3, 0.974_156_870_921_681], IIR);
    // butter(1, 5000, fs=48000)
    let found = first_order(Method::Cookbook, FirstOrder::LowPass, 5000.0, 0.0, 48_000.0).unwrap();
    let b = [0.253_427_286_984_347_97, 0.253_427_286_984_347_97, 0.0];
    near(&found, b, [-0.493_145_426_031_304_2, 0.0], SCIPY);
    // BS.1770-5 Table 2 (RLB, 48 kHz): the denominator of a high-pass at 38.135 Hz with Q 0.5003.
    let found = cookbook(Shape::HighPass, 38.135_470_876_024_44, 0.500_327_037_323_877_3, 48_000.0);
    assert!((found.a[0] + 1.990_047_454_833_98).abs() < 1e-8);
    assert!((found.a[1] - 0.990_072_250_366_21).abs() < 1e-8);
}

/// What a mixer reads off a dial, at the dial's place.
#[test]
fn marks_of_the_dial() {
    /// Rounding only: these frequencies are matched.
    const EXACT_DB: f64 = 1e-8;
    let level = |method, shape, hz: f64, width: Width, gain_db, at| {
        second_order(method, shape, hz, width, gain_db, RATE_HZ).unwrap().response_db(at, RATE_HZ)
    };
    for method in [Method::Matched, Method::Cookbook] {
        for hz in [40.0, 1000.0, 8000.0, 15_000.0] {
            let at = |shape, q, gain_db| level(method, shape, hz, Width::Q(q), gain_db, hz);
            assert!((at(Shape::Bell, 2.0, 9.0) - 9.0).abs() < EXACT_DB);
            assert!((at(Shape::LowPass, 2.0, 0.0) - units::gain_to_db(2.0)).abs() < EXACT_DB);
            assert!(at(Shape::BandPass, 3.0, 0.0).abs() < EXACT_DB);
            assert!((at(Shape::BandPassSkirt, 3.0, 0.0) - units::gain_to_db(3.0)).abs() < EXACT_DB);
            assert!(at(Shape::Notch, 1.0, 0.0) < -120.0);
            assert!(at(Shape::AllPass, 1.0, 0.0).abs() < EXACT_DB);
            let zero = |shape, gain_db| level(method, shape, hz, Width::Q(0.7), gain_db, 0.0);
            assert!((zero(Shape::LowShelf, -7.0) + 7.0).abs() < 1e-6);
            assert!(zero(Shape::HighShelf, -7.0).abs() < 1e-6);
            assert!((zero(Shape::Tilt, 4.0) + 4.0).abs() < 1e-6);
            assert!(zero(Shape::HighPass, 0.0) < -200.0 && zero(Shape::BandPass, 0.0) < -150.0);
        }
    }
    // One octave between the points of half the gain, whatever the method; S = 1 is Q = 1/√2.
    for (method, tolerance) in [(Method::Matched, 0.005), (Method::Cookbook, 0.02)] {
        for edge in [0.5, 2.0] {
            let at = 1000.0 * math::sqrt(edge);
            let half = level(method, Shape::Bell, 1000.0, Width::Octaves(1.0), 12.0, at);
            assert!((half - 6.0).abs() < tolerance, "{method:?} {half}");
        }
        let by_slope =
            second_order(method, Shape::LowShelf, 300.0, Width::Slope(1.0), 9.0, RATE_HZ);
        let half = core::f64::consts::FRAC_1_SQRT_2;
        let by_q = second_order(method, Shape::LowShelf, 300.0, half, 9.0, RATE_HZ).unwrap();
        let by_slope = by_slope.unwrap();
        near(&by_slope, by_q.b, by_q.a, 1e-12);
    }
}

/// A cut undoes a boost: the coefficients are each other's inverse.
#[test]
fn a_cut_is_the_inverse_of_the_boost() {
    for shape in [Shape::Bell, Shape::LowShelf, Shape::HighShelf, Shape::Tilt] {
        for r in [0.001, 0.1, 0.5, 0.8] {
            let design = |gain_db| {
                let hz = r * NYQUIST_HZ;
                second_order(Method::Matched, shape, hz, 0.8, gain_db, RATE_HZ).unwrap()
            };
            let (up, down) = (design(12.0), design(-12.0));
            let inverse = Biquad {
                b: [1.0, up.a[0], up.a[1]].map(|a| a / up.b[0]),
                a: [up.b[1] / up.b[0], up.b[2] / up.b[0]],
            };
            near(&down, inverse.b, inverse.a, 1e-9);
        }
    }
}

#[test]
fn errors_name_field_value_and_bounds() {
    let design = |hz, width: Width, gain_db, rate_hz| {
        second_order(Method::Matched, Shape::Bell, hz, width, gain_db, rate_hz)
    };
    let refused = |result: Result<Biquad, Error>, field: &str| {
        let text = result.unwrap_err().to_string();
        assert!(text.starts_with(field) && text.contains("allowed"), "{text}");
    };
    for hz in [0.0, -1.0, 24_000.0, 30_000.0, f64::NAN, f64::INFINITY] {
        refused(design(hz, Width::Q(1.0), 0.0, RATE_HZ), "hz is");
        refused(first_order(Method::Cookbook, FirstOrder::LowPass, hz, 0.0, RATE_HZ), "hz is");
    }
    for q in [0.0, -1.0, f64::NAN, 1e9] {
        refused(design(1e3, Width::Q(q), 0.0, RATE_HZ), "q is");
        refused(design(1e3, Width::Octaves(q), 0.0, RATE_HZ), "octaves is");
    }
    for gain_db in [120.1, -121.0, f64::NAN, f64::NEG_INFINITY] {
        refused(design(1e3, Width::Q(1.0), gain_db, RATE_HZ), "gain_db is");
        let shelf = first_order(Method::Matched, FirstOrder::LowShelf, 1e3, gain_db, RATE_HZ);
        refused(shelf, "gain_db is");
    }
    refused(design(1e3, Width::Q(1.0), 0.0, 1000.0), "rate_hz is");
    assert!(design(1e3, Width::Slope(0.5), 0.0, RATE_HZ).is_err(), "a bell has no slope");
    let shelf =
        second_order(Method::Matched, Shape::LowShelf, 1e3, Width::Slope(1.1), 6.0, RATE_HZ);
    refused(shelf, "slope is");
    // A gain that means nothing is not looked at.
    assert!(second_order(Method::Matched, Shape::Notch, 1e3, 1.0, f64::NAN, RATE_HZ).is_ok());
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<u64>().prop_map(f64::from_bits), -150.0..150.0]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Any arguments: an error, or finite coefficients whose poles lie inside the unit circle.
    #[test]
    fn every_design_is_stable_or_an_error(
        shape in prop::sample::select(Shape::ALL.to_vec()),
        first in prop::sample::select(FirstOrder::ALL.to_vec()),
        cookbook: bool,
        rate_hz in prop_oneof![any_number(), 8e3..384e3, Just(48e3)],
        hz in prop_oneof![
            any_number(), 1e-3..24e3, Just(23_999.999_999), Just(1e-300), Just(3_999.999_999_999)
        ],
        q in prop_oneof![any_number(), 0.01..20.0, Just(MIN_Q), Just(MAX_Q)],
        gain_db in prop_oneof![any_number(), Just(120.0), Just(-120.0)],
        kind in 0..3,
    ) {
        let method = if cookbook { Method::Cookbook } else { Method::Matched };
        let width = match kind {
            0 => Width::Q(q),
            1 => Width::Octaves(q),
            _ => Width::Slope(q.abs() / 20.0),
        };
        let results = [
            second_order(method, shape, hz, width, gain_db, rate_hz),
            first_order(method, first, hz, gain_db, rate_hz),
        ];
        for result in results {
            match result {
                Ok(found) => {
                    prop_assert!(found.b.iter().all(|b| b.is_finite()), "{found:?}");
                    let [a1, a2] = found.a;
                    prop_assert!(a2.abs() < 1.0 && a1.abs() < 1.0 + a2, "{found:?}");
                }
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}
