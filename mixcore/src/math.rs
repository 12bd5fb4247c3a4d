//! The only door to transcendental functions.
//!
//! Every function here calls `libm` directly, in `std` and in `no_std` builds, so one version of
//! mixcore gives the same bits on every platform (x86 without SSE2 apart, whose arithmetic
//! differs). Errors below are bounds of libm's algorithms where it states them, else measured.
//!
//! Source: crate `libm` 0.2 (a port of musl's maths, MIT).

/// Pi, as `core::f64::consts::PI`.
pub const PI: f64 = core::f64::consts::PI;

macro_rules! forward {
    ($($(#[$doc:meta])* $name:ident ( $($arg:ident),+ ) ;)+) => {
        $(
            $(#[$doc])*
            #[must_use]
            #[inline]
            pub fn $name($($arg: f64),+) -> f64 {
                libm::$name($($arg),+)
            }
        )+
    };
}

forward! {
    /// Sine of an angle in radians, any finite range, ≤ 1 ulp.
    sin(x);
    /// Cosine of an angle in radians, any finite range, ≤ 1 ulp.
    cos(x);
    /// Tangent of an angle in radians, ≤ 1 ulp.
    tan(x);
    /// Arc sine, domain [-1, 1], ≤ 1 ulp.
    asin(x);
    /// Arc cosine, domain [-1, 1], ≤ 1 ulp.
    acos(x);
    /// Angle of the point (x, y) in radians, ≤ 1 ulp.
    atan2(y, x);
    /// e to the power x, ≤ 1 ulp.
    exp(x);
    /// 2 to the power x, ≤ 1 ulp.
    exp2(x);
    /// 10 to the power x, ≤ 4 ulp (3.7 found over 200,000 values in -7.2 to 6); whole powers from
    /// -15 to 15 are the nearest f64.
    exp10(x);
    /// Natural logarithm, x > 0, ≤ 1 ulp.
    log(x);
    /// Logarithm to base 2, x > 0, ≤ 1 ulp.
    log2(x);
    /// Logarithm to base 10, x > 0, ≤ 1 ulp.
    log10(x);
    /// x to the power y, ≤ 1 ulp.
    pow(x, y);
    /// Square root, exact to half an ulp (IEEE 754).
    sqrt(x);
    /// Euclidean length of (x, y) without overflow, ≤ 1 ulp.
    hypot(x, y);
    /// Largest whole number ≤ x, exact.
    floor(x);
    /// Smallest whole number ≥ x, exact.
    ceil(x);
    /// Nearest whole number, ties to even, exact.
    rint(x);
    /// Nearest whole number, ties away from zero, exact.
    round(x);
    /// x without its fraction, exact.
    trunc(x);
}

/// x to a whole power by repeated squaring; at most 2·log2(n) roundings.
#[must_use]
pub fn powi(x: f64, n: i32) -> f64 {
    let mut base = if n < 0 { 1.0 / x } else { x };
    let mut left = n.unsigned_abs();
    let mut product = 1.0;
    while left > 0 {
        if left & 1 == 1 {
            product *= base;
        }
        base *= base;
        left >>= 1;
    }
    product
}

/// sin(πx)/(πx), with sinc(0) = 1; absolute error below 5e-16 (the rounding of πx and of π itself).
#[must_use]
pub fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else {
        let y = PI * x;
        sin(y) / y
    }
}

/// Half a period of a cosine as a way from 0 to 1: (1 − cos πt)/2 for 0 ≤ t ≤ 1.
///
/// sin²(πt/2) below the middle, by the series of the sine to its eighth term (the ninth is below
/// 5e-17 there), and its mirror image above; absolute error below 3e-16 (measured in 40
/// digits over 20,000 values), exact at 0, 1/2 and 1. No branch for large angles, which [`cos`] must have: it is for
/// real-time paths, whose machine code holds no panic.
#[must_use]
pub fn half_cosine(t: f64) -> f64 {
    /// (−1)^k/(2k + 1)!, k = 7 … 1.
    const SERIES: [f64; 7] = [
        -1.0 / 1_307_674_368_000.0,
        1.0 / 6_227_020_800.0,
        -1.0 / 39_916_800.0,
        1.0 / 362_880.0,
        -1.0 / 5_040.0,
        1.0 / 120.0,
        -1.0 / 6.0,
    ];
    let (nearer, mirrored) = if t > 0.5 { (1.0 - t, true) } else { (t, false) };
    if nearer == 0.5 {
        return 0.5;
    }
    let x = 0.5 * PI * nearer;
    let square = x * x;
    let sine = x + x * (SERIES.iter().fold(0.0, |sum, term| sum * square + term) * square);
    let way = sine * sine;
    if mirrored { 1.0 - way } else { way }
}

/// Modified Bessel function of the first kind, order 0, by its power series.
///
/// Range 0 ≤ x ≤ 30; relative error below 1e-15 (all terms are positive, the sum stops when a
/// term no longer changes it). Used by the Kaiser window.
///
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, eq. 9.6.12.
#[must_use]
pub fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x * 0.25;
    let mut term = 1.0;
    let mut sum = 1.0;
    let mut k = 1.0;
    loop {
        term *= quarter / (k * k);
        let next = sum + term;
        // Written so that NaN comes out instead of turning for ever.
        if next > sum {
            sum = next;
            k += 1.0;
        } else {
            return next;
        }
    }
}

/// Kaiser window at `x` in [-1, 1] (0 outside), `beta` ≥ 0.
///
/// Source: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function",
/// IEEE ISCAS 1974.
#[must_use]
pub fn kaiser(x: f64, beta: f64) -> f64 {
    if x.abs() > 1.0 { 0.0 } else { bessel_i0(beta * sqrt(1.0 - x * x)) / bessel_i0(beta) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_powers_match_products() {
        assert_eq!(powi(2.0, 10), 1024.0);
        assert_eq!(powi(2.0, -3), 0.125);
        assert_eq!(powi(-3.0, 3), -27.0);
        assert_eq!(powi(7.0, 0), 1.0);
    }

    #[test]
    fn half_a_cosine_is_the_cosines() {
        /// Our own 3e-16, and 2e-16 of the other side, whose π and product are rounded.
        const ROUNDED: f64 = 5e-16;
        assert_eq!([0.0, 0.5, 1.0].map(half_cosine), [0.0, 0.5, 1.0]);
        let mut before = 0.0;
        for n in 1..=100_000 {
            let t = f64::from(n) / 100_000.0;
            let way = half_cosine(t);
            assert!((way - (0.5 - 0.5 * cos(PI * t))).abs() < ROUNDED, "{t}");
            assert!(way > before, "{t}");
            before = way;
        }
        assert!(half_cosine(f64::NAN).is_nan());
    }

    #[test]
    fn bessel_matches_the_handbook() {
        // Abramowitz and Stegun, table 9.8: e^-x I0(x) at 1 and 5, and I0(0).
        assert_eq!(bessel_i0(0.0), 1.0);
        assert!(bessel_i0(f64::NAN).is_nan() && kaiser(f64::NAN, 6.0).is_nan());
        assert!((bessel_i0(1.0) * exp(-1.0) - 0.465_759_607_6).abs() < 1e-10);
        assert!((bessel_i0(5.0) * exp(-5.0) - 0.183_540_812_6).abs() < 1e-10);
    }

    #[test]
    fn sinc_is_one_at_zero_and_nothing_at_whole_numbers() {
        assert_eq!(sinc(0.0), 1.0);
        assert!(sinc(3.0).abs() < 1e-16);
        assert!((sinc(0.5) - 2.0 / PI).abs() < 1e-15);
    }
}
