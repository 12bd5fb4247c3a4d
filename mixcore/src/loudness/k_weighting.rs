//! The K-weighting: how the ear weighs a programme before its energy is counted.
//!
//! Two biquads: a shelf for the acoustic effect of the head (+4 dB above about 1.7 kHz) and a
//! high-pass for the ear's weakness at low frequencies (38 Hz).
//!
//! BS.1770 prints coefficients for 48 kHz only and asks for the same response at other rates.
//!
//! The shelf at another rate keeps its poles and has its zeros fitted:
//!
//! > p = p48^(48 kHz / fs) (the same decay in seconds)
//! > B = c0 + c1 u + c2 u², u = sin²(ω/2): minimum over c of Σ (B / (T·A) − 1)²
//!
//! with T the squared magnitude at 48 kHz and 1/A that of the poles alone, over 64 frequencies from
//! 0 to 0.45 fs or 20 kHz; the numerator is the minimum-phase root of B. The high-pass lies so low
//! that its bilinear transform is exact:
//!
//! > K = tan(π f0 / fs), a0 = 1 + K/Q + K², a1 = 2 (K² − 1)/a0, a2 = (1 − K/Q + K²)/a0
//! > b = g (1, −2, 1), g = a0(48 kHz)/a0(fs)
//!
//! The factor g keeps the loudness of one programme the same at every rate: the printed high-pass
//! has the numerator 1, −2, 1 and with it a pass-band gain of a0, which depends on the rate.
//! NOTE: libebur128, crate ebur128, bs1770 and pyloudnorm's "DeMan" filters leave g out, so they
//! read 0.017 LU low at 96 kHz and 0.027 LU low at 192 kHz; and their bilinear shelf is up to
//! 0.29 dB off at 8 kHz.
//!
//! Sources: ITU-R BS.1770-5, Annex 1, Tables 1 and 2 (coefficients at 48 kHz). The prototypes'
//! parameters (f0, Q, Vh, Vb) are those that reproduce the tables, as published with libebur128 and
//! pyloudnorm; that they do is a test here.
//!
//! Limits: deviation from the 48 kHz response, dB (recomputed by a test):
//!
//! | rate | 100 Hz | 997 Hz | 2 kHz | 3 kHz | largest, 20 Hz to 20 kHz or 0.45 fs |
//! |---|---|---|---|---|---|
//! | 8 kHz | 0.0043 | -0.0064 | 0.0101 | 0.0055 | -0.0134 |
//! | 11.025 kHz | 0.0015 | -0.0017 | 0.0023 | 0.0038 | -0.0041 |
//! | 16 kHz | 0.0004 | -0.0002 | 0.0005 | 0.0009 | 0.0009 |
//! | 22.05 kHz | 0.0001 | 0.0001 | 0.0002 | 0.0002 | 0.0002 |
//! | 32 kHz | 0.0000 | 0.0000 | 0.0000 | 0.0000 | 0.0000 |
//! | 44.1 kHz | 0.0000 | 0.0000 | 0.0000 | 0.0000 | 0.0000 |
//! | 88.2 kHz | 0.0000 | 0.0000 | 0.0000 | 0.0000 | 0.0000 |
//! | 96 kHz | 0.0000 | 0.0000 | 0.0000 | 0.0000 | 0.0000 |
//! | 176.4 kHz | 0.0000 | 0.0000 | 0.0000 | 0.0000 | 0.0000 |
//! | 192 kHz | 0.0000 | 0.0000 | 0.0000 | 0.0000 | -0.0001 |
//! | 384 kHz | 0.0000 | 0.0000 | 0.0000 | 0.0000 | -0.0001 |
//!
//! Cost: see [`crate::kernels::k_energy`].

use super::least_squares::LeastSquares;
use crate::error::Error;
use crate::filters::Biquad;
use crate::kernels::KWeight;
use crate::math;
use crate::stream::{MAX_RATE_HZ, MIN_RATE_HZ};

/// The rate at which BS.1770 prints its coefficients, Hz.
const PRINTED_RATE_HZ: f64 = 48_000.0;

/// Corner of the shelf, Hz (fits BS.1770-5, Table 1).
const SHELF_HZ: f64 = 1_681.974_450_955_533;
/// Gain of the shelf, dB (fits Table 1).
const SHELF_GAIN_DB: f64 = 3.999_843_853_973_347;
/// Q of the shelf (fits Table 1).
const SHELF_Q: f64 = 0.707_175_236_955_419_6;
/// Exponent that gives the shelf's mid-band gain from its gain (fits Table 1).
const SHELF_MID_EXPONENT: f64 = 0.499_666_774_154_541_6;

/// The fit of the shelf ends here, as a share of the rate and in Hz: the band that is audible and
/// that a file of this rate can hold.
const FIT_TOP: f64 = 0.45;
const FIT_TOP_HZ: f64 = 20_000.0;
/// Frequencies of the fit: more of them change the response by less than 1e-6 dB from 16 kHz up.
const FIT_POINTS: u32 = 64;

/// Corner of the high-pass, Hz (fits Table 2).
const HIGH_PASS_HZ: f64 = 38.135_470_876_024_44;
/// Q of the high-pass (fits Table 2).
const HIGH_PASS_Q: f64 = 0.500_327_037_323_877_3;

/// The two stages of the K-weighting at one sample rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KWeighting {
    /// Stage 1, the shelf.
    pub shelf: Biquad,
    /// Stage 2, the high-pass, with its gain.
    pub high_pass: Biquad,
    rate_hz: f64,
}

impl KWeighting {
    /// Designs both stages for a sample rate.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz.
    ///
    /// # Source
    /// ITU-R BS.1770-5, Annex 1, Tables 1 and 2.
    ///
    /// # Example
    /// ```
    /// use mixcore::loudness::KWeighting;
    /// let at_48k = KWeighting::design(48_000.0)?;
    /// let at_192k = KWeighting::design(192_000.0)?;
    /// // BS.1770's constant -0.691 cancels the gain at 997 Hz, at every rate.
    /// assert!((at_48k.response_db(997.0) - 0.691).abs() < 1e-3);
    /// assert!((at_192k.response_db(997.0) - 0.691).abs() < 1e-3);
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn design(rate_hz: f64) -> Result<Self, Error> {
        Error::check_range("rate_hz", rate_hz, MIN_RATE_HZ, MAX_RATE_HZ)?;
        let printed = printed_shelf();
        // At 48 kHz a fit would change the last bits of the printed numbers.
        let exact = rate_hz == PRINTED_RATE_HZ;
        let shelf = if exact { printed } else { fitted_shelf(&printed, rate_hz) };
        let (_, a0, a) = denominator(HIGH_PASS_HZ, HIGH_PASS_Q, rate_hz);
        let gain = denominator(HIGH_PASS_HZ, HIGH_PASS_Q, PRINTED_RATE_HZ).1 / a0;
        let high_pass = Biquad { b: [gain, -2.0 * gain, gain], a };
        Ok(Self { shelf, high_pass, rate_hz })
    }

    /// Gain at `hz`, dB.
    #[must_use]
    pub fn response_db(&self, hz: f64) -> f64 {
        self.shelf.response_db(hz, self.rate_hz) + self.high_pass.response_db(hz, self.rate_hz)
    }

    /// The coefficients as the kernels want them: the high-pass's gain folded into the shelf.
    #[must_use]
    pub fn kernel(&self) -> KWeight {
        KWeight {
            shelf_b: self.shelf.b.map(|b| b * self.high_pass.b[0]),
            shelf_a: self.shelf.a,
            high_pass_a: self.high_pass.a,
        }
    }
}

/// Stage 1 as it is printed, for 48 kHz: the bilinear transform of its prototype.
fn printed_shelf() -> Biquad {
    let high = math::exp10(SHELF_GAIN_DB / 20.0);
    let mid = math::pow(high, SHELF_MID_EXPONENT);
    let (k, a0, a) = denominator(SHELF_HZ, SHELF_Q, PRINTED_RATE_HZ);
    let b = [
        (high + mid * k / SHELF_Q + k * k) / a0,
        2.0 * (k * k - high) / a0,
        (high - mid * k / SHELF_Q + k * k) / a0,
    ];
    Biquad { b, a }
}

/// Stage 1 at another rate: the poles of `printed`, and the zeros that come closest to its response.
fn fitted_shelf(printed: &Biquad, rate_hz: f64) -> Biquad {
    // The poles are a pair r·e^(±iφ): r² = a2, cos φ = −a1/(2r).
    let [a1, a2] = printed.a;
    let radius = math::sqrt(a2);
    let angle = math::acos(-a1 / (2.0 * radius));
    let stretch = PRINTED_RATE_HZ / rate_hz;
    let radius = math::pow(radius, stretch);
    let a = [-2.0 * radius * math::cos(angle * stretch), radius * radius];
    let poles = Biquad { b: [1.0, 0.0, 0.0], a };

    let top_hz = (FIT_TOP * rate_hz).min(FIT_TOP_HZ);
    // u in units of its largest value, so that the equations are as well conditioned at any rate.
    let u_of = |hz: f64| {
        let half = math::sin(math::PI * hz / rate_hz);
        half * half
    };
    let unit = u_of(top_hz);
    let mut fit = LeastSquares::<3, 4>::new();
    for point in 0..FIT_POINTS {
        // Chebyshev points: close together at both ends, where a fit tends to run off.
        let turn = math::PI * (f64::from(point) + 0.5) / f64::from(FIT_POINTS);
        let hz = 0.5 * (1.0 - math::cos(turn)) * top_hz;
        let ratio = printed.gain_at(hz, PRINTED_RATE_HZ) / poles.gain_at(hz, rate_hz);
        let (wanted, u) = (ratio * ratio, u_of(hz) / unit);
        fit.add([1.0 / wanted, u / wanted, u * u / wanted, 1.0]);
    }
    let [c0, c1, c2] = fit.solve(3);
    let (c1, c2) = (c1 / unit, c2 / (unit * unit));
    // b0 + b1 + b2 and b0 − b1 + b2 are the roots of B at 0 Hz and at half the rate; b0·b2 is c2/16,
    // because u² = (3 − 4 cos ω + cos 2ω)/8 and B holds 2 b0 b2 cos 2ω.
    let (dc, nyquist) = (math::sqrt(c0), math::sqrt(c0 + c1 + c2));
    let sum = 0.5 * (dc + nyquist);
    let difference = math::sqrt(sum * sum - 0.25 * c2);
    Biquad { b: [0.5 * (sum + difference), 0.5 * (dc - nyquist), 0.5 * (sum - difference)], a }
}

/// K, a0 before normalisation, and the normalised denominator.
fn denominator(hz: f64, q: f64, rate_hz: f64) -> (f64, f64, [f64; 2]) {
    let k = math::tan(math::PI * hz / rate_hz);
    let a0 = 1.0 + k / q + k * k;
    (k, a0, [2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables print 14 decimals, the parameters that fit them have 16 digits; 1e-12 is far
    /// below what any reading shows (1e-11 dB).
    const TABLE_TOLERANCE: f64 = 1e-12;

    #[test]
    fn tables_1_and_2_of_bs1770_at_48_khz() {
        let k = KWeighting::design(48_000.0).unwrap();
        let printed = [
            (k.shelf.b[0], 1.535_124_859_586_97),
            (k.shelf.b[1], -2.691_696_189_406_38),
            (k.shelf.b[2], 1.198_392_810_852_85),
            (k.shelf.a[0], -1.690_659_293_182_41),
            (k.shelf.a[1], 0.732_480_774_215_85),
            (k.high_pass.b[0], 1.0),
            (k.high_pass.b[1], -2.0),
            (k.high_pass.b[2], 1.0),
            (k.high_pass.a[0], -1.990_047_454_833_98),
            (k.high_pass.a[1], 0.990_072_250_366_21),
        ];
        for (ours, printed) in printed {
            assert!((ours - printed).abs() < TABLE_TOLERANCE, "{ours} {printed}");
        }
    }

    /// The table of the module doc, which has four decimals.
    const DEVIATIONS_DB: [(f64, [f64; 5]); 11] = [
        (8000.0, [0.0043, -0.0064, 0.0101, 0.0055, -0.0134]),
        (11025.0, [0.0015, -0.0017, 0.0023, 0.0038, -0.0041]),
        (16000.0, [0.0004, -0.0002, 0.0005, 0.0009, 0.0009]),
        (22050.0, [0.0001, 0.0001, 0.0002, 0.0002, 0.0002]),
        (32000.0, [0.0000, 0.0000, 0.0000, 0.0000, 0.0000]),
        (44100.0, [0.0000, 0.0000, 0.0000, 0.0000, 0.0000]),
        (88200.0, [0.0000, 0.0000, 0.0000, 0.0000, 0.0000]),
        (96000.0, [0.0000, 0.0000, 0.0000, 0.0000, 0.0000]),
        (176400.0, [0.0000, 0.0000, 0.0000, 0.0000, 0.0000]),
        (192000.0, [0.0000, 0.0000, 0.0000, 0.0000, -0.0001]),
        (384000.0, [0.0000, 0.0000, 0.0000, 0.0000, -0.0001]),
    ];

    #[test]
    fn the_response_is_that_at_48_khz_at_every_rate() {
        let reference = KWeighting::design(PRINTED_RATE_HZ).unwrap();
        for (rate_hz, printed) in DEVIATIONS_DB {
            let k = KWeighting::design(rate_hz).unwrap();
            let deviation = |hz: f64| k.response_db(hz) - reference.response_db(hz);
            let top = (0.45 * rate_hz).min(20e3);
            let worst = (0..=300)
                .map(|i| deviation(20.0 * math::pow(top / 20.0, f64::from(i) / 300.0)))
                .fold(0.0, |worst: f64, d| if d.abs() > worst.abs() { d } else { worst });
            let ours = [deviation(100.0), deviation(997.0), deviation(2e3), deviation(3e3), worst];
            for (ours, printed) in ours.into_iter().zip(printed) {
                // Half of the last decimal printed.
                assert!((ours - printed).abs() <= 0.000_051, "{rate_hz}: {ours} {printed}");
            }
        }
    }

    #[test]
    fn the_shelf_keeps_its_gain_above_the_fit_and_its_zeros_inside_the_circle() {
        for (rate_hz, _) in DEVIATIONS_DB {
            let shelf = KWeighting::design(rate_hz).unwrap().shelf;
            // Zeros inside the unit circle: |b2| < b0 and |b1| < b0 + b2 (Jury).
            let [b0, b1, b2] = shelf.b;
            assert!(b2.abs() < b0 && b1.abs() < b0 + b2, "{rate_hz}: {shelf:?}");
            for hz in [20e3_f64, 24e3, 40e3, 180e3] {
                if hz < 0.5 * rate_hz {
                    let gain_db = shelf.response_db(hz, rate_hz);
                    // A thousandth of a decibel: a shelf, and not a fit that runs off.
                    assert!((gain_db - SHELF_GAIN_DB).abs() < 1e-3, "{rate_hz} {hz}: {gain_db}");
                }
            }
        }
    }

    #[test]
    fn the_folded_gain_is_that_of_both_stages() {
        let k = KWeighting::design(96_000.0).unwrap();
        let kernel = k.kernel();
        let shelf = Biquad { b: kernel.shelf_b, a: kernel.shelf_a };
        let high_pass = Biquad { b: [1.0, -2.0, 1.0], a: kernel.high_pass_a };
        let folded = shelf.response_db(997.0, 96e3) + high_pass.response_db(997.0, 96e3);
        assert!((folded - k.response_db(997.0)).abs() < 1e-12);
    }
}
