//! Second-order filters: every kind of equaliser band.
//!
//! What a band does is its [`Shape`], how wide it is its [`Width`]; both mean the same with every
//! [`Method`], because they are defined by the analogue prototype ([`super::prototype`]):
//!
//! > H(s) = (β2·s² + β1·s + β0) / (α2·s² + α1·s + α0), s = i·f/hz
//!
//! Sources: R. Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients"
//! (prototypes, widths and the bilinear method); the matched method is derived in `matched.rs`.
//!
//! Cost, indicative, measured at AVX2 on one core of a 2-core AMD EPYC machine, 48 kHz, corners from 100 Hz to 15 kHz: 40
//! to 60 ns (bilinear), 120 to 350 ns (matched, one solution); nothing is allocated, so a moving band may be
//! designed anew every 32 frames. Low-passes with a Q below 1.5 or from 0.85 of Nyquist on and shelves
//! above a tenth of Nyquist are judged at 14 frequencies, 1.8 µs where the first solution is within 0.1 dB,
//! and where it is not, so are three more, up to 5.4 µs; shelves with a Q above 1.2 at 32 frequencies, 4 µs
//! where the first solution will do, 22 µs where one is fitted, 40 where two are. Latency: none.
//! Limits: second order; steeper slopes are cascades.

use super::{cookbook, matched, prototype};
use crate::error::Error;
use crate::filters::Biquad;
use crate::math;
use crate::stream::{MAX_RATE_HZ, MIN_RATE_HZ};

/// Lowest Q.
pub const MIN_Q: f64 = 0.01;
/// Highest Q.
pub const MAX_Q: f64 = 1000.0;
/// Narrowest band, octaves (a Q of 721).
pub const MIN_OCTAVES: f64 = 0.002;
/// Widest band, octaves (a Q of 0.0156).
pub const MAX_OCTAVES: f64 = 12.0;
/// Gentlest shelf slope, as a share of the steepest slope without a resonance.
pub const MIN_SLOPE: f64 = 0.01;
/// Lowest frequency, Hz: as good as 0, which is none, and short to print. Far less than the millionth of
/// the rate at which designs stop, so it refuses nothing that would be another filter.
const LEAST_HZ: f64 = 1e-6;
/// Largest gain or cut, dB: more is a wrong unit, not a wish.
pub const MAX_GAIN_DB: f64 = 120.0;

/// How an analogue prototype becomes digital coefficients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Method {
    /// The magnitude follows the prototype up to 0.91 of Nyquist (20 kHz at 44.1 kHz): bands near
    /// the top keep their width and shape. The figures stand at [`second_order`].
    #[default]
    Matched,
    /// The bilinear transform of the "Audio EQ Cookbook": exact at `hz`, compressed towards
    /// Nyquist, where its response is that of the prototype at infinity.
    Cookbook,
}

/// What a second-order filter does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Shape {
    /// Lets the lows pass; 12 dB an octave above, with a gain of Q at `hz`.
    LowPass,
    /// Lets the highs pass; 12 dB an octave below, with a gain of Q at `hz`.
    HighPass,
    /// Lets a band pass, 0 dB at `hz`; 6 dB an octave to both sides.
    BandPass,
    /// The band-pass with a constant skirt: a gain of Q at `hz`.
    BandPassSkirt,
    /// Removes `hz`.
    Notch,
    /// Turns the phase by 180° at `hz` and leaves every level alone.
    AllPass,
    /// Raises or lowers a band around `hz` by `gain_db`; a cut undoes the boost of the same size.
    #[default]
    Bell,
    /// Raises or lowers what is below `hz` by `gain_db`, half of it at `hz`.
    LowShelf,
    /// Raises or lowers what is above `hz` by `gain_db`, half of it at `hz`.
    HighShelf,
    /// Raises what is above `hz` by `gain_db` and lowers what is below it by as much.
    Tilt,
}

impl Shape {
    /// Every shape, in the order of declaration.
    pub const ALL: [Self; 10] = [
        Self::LowPass,
        Self::HighPass,
        Self::BandPass,
        Self::BandPassSkirt,
        Self::Notch,
        Self::AllPass,
        Self::Bell,
        Self::LowShelf,
        Self::HighShelf,
        Self::Tilt,
    ];

    /// Whether `gain_db` has a meaning for it.
    #[must_use]
    pub const fn has_gain(self) -> bool {
        matches!(self, Self::Bell | Self::LowShelf | Self::HighShelf | Self::Tilt)
    }

    /// A shelf or a tilt: the shapes that have a slope.
    pub(super) const fn is_shelf(self) -> bool {
        matches!(self, Self::LowShelf | Self::HighShelf | Self::Tilt)
    }

    /// The gain of the shelf inside a shape, dB: a tilt spans twice its gain.
    pub(crate) fn span_db(self, gain_db: f64) -> f64 {
        match self {
            Self::Tilt => 2.0 * gain_db,
            Self::Bell | Self::LowShelf | Self::HighShelf => gain_db,
            _ => 0.0,
        }
    }
}

/// How wide a band is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Width {
    /// The quality of the prototype's poles, [`MIN_Q`] to [`MAX_Q`]; of a bell the geometric mean
    /// of the quality of poles and zeros.
    Q(f64),
    /// Bandwidth in octaves, [`MIN_OCTAVES`] to [`MAX_OCTAVES`]: between the points 3 dB below the
    /// top of a band-pass or beside a notch, and of half the gain (in dB) of a bell.
    Octaves(f64),
    /// Slope of a shelf or tilt, [`MIN_SLOPE`] to 1, in shares of the steepest that rises or falls
    /// throughout.
    Slope(f64),
}

/// A bare number is a Q.
impl From<f64> for Width {
    fn from(q: f64) -> Self {
        Self::Q(q)
    }
}

impl Width {
    /// The Q of the prototype.
    ///
    /// # Errors
    /// A width outside its bounds, or a slope of a shape that has none.
    pub fn to_q(self, shape: Shape, gain_db: f64) -> Result<f64, Error> {
        match self {
            Self::Q(q) => Error::check_range("q", q, MIN_Q, MAX_Q),
            Self::Octaves(octaves) => {
                Error::check_range("octaves", octaves, MIN_OCTAVES, MAX_OCTAVES)?;
                Ok(q_of_octaves(octaves))
            }
            Self::Slope(_) if !shape.is_shelf() => Err(Error::Unsupported {
                what: "a slope for a shape that is no shelf and no tilt",
                hint: "give its width as Q or in octaves",
            }),
            Self::Slope(slope) => {
                Error::check_range("slope", slope, MIN_SLOPE, 1.0)?;
                let a = math::exp10(shape.span_db(gain_db) / 40.0);
                Ok(1.0 / math::sqrt((a + 1.0 / a) * (1.0 / slope - 1.0) + 2.0))
            }
        }
    }
}

/// 1/Q = 2·sinh(ln 2/2 · octaves).
pub(super) fn q_of_octaves(octaves: f64) -> f64 {
    let half = math::exp2(octaves / 2.0);
    1.0 / (half - 1.0 / half)
}

/// Designs a second-order filter.
///
/// `hz` is its centre or corner; `width` a [`Width`] or a bare Q; `gain_db` counts for bells,
/// shelves and tilts only.
///
/// # Units and range
/// `hz` from 1e-6 to below `rate_hz`/2 (within a millionth of `rate_hz` from either it is that
/// millionth), Q 0.01 to 1000, `gain_db` -120 to 120, `rate_hz` 8 kHz to 384 kHz.
///
/// # How well `Matched` follows the prototype
/// Largest deviation from 0 to 0.91 of Nyquist (20 kHz at 44.1 kHz), dB; r is `hz` as a share of
/// Nyquist, so 16 kHz at 48 kHz is r = 0.667; a column reaches up from the one before, the first from
/// 0.02 (below it is smaller), and holds the worst of 5 corners and, by a hill-climb, all widths.
///
#[doc = include_str!("accuracy.md")]
///
/// The all-pass has no magnitude to match: with both methods it is the bilinear one, whose phase is
/// exact at `hz`. Where no biquad of real coefficients passes through the five points the design
/// falls back to three points or to the bilinear one, whichever is closer: beyond the table these
/// are shelves of more than ±24 dB with `hz` in the topmost third. A shelf with a Q above 1.2 has a peak and
/// a dip, at hz·√A and hz/√A, which feel the bent frequency axis as the resonance of a high-pass does; it is
/// fitted so that it misses evenly (`least_max.rs`). Its rows hold at their gains: smaller ones may err more
/// where these err little (±1.5 dB by 0.42 dB from r = 0.833 on), larger ones where the peak still lies below
/// the top (Q to 3 and ±36 dB by 0.65 dB, Q to 10 by 4.0 dB); between the corners that were tried 9 % more
/// has been found (0.49 for 0.45 dB, on 300 corners and 25 widths). With a Q from 10 to 30 it errs by up to
/// 5 dB where both resonances lie below 0.8 of Nyquist, and in narrow places by tens of decibels where the
/// upper one lies near it.
///
/// A high-pass with a resonance errs by what a biquad has to. With a corner up to 0.88 of Nyquist and a Q
/// up to 10 no other one with a double zero at 0 Hz is better by more than 15 % and 0.06 dB (each design
/// proves it: `tests/all/design.rs`); at Q 5 the least possible error is 0.77 dB at r = 0.667 and 0.84 dB at
/// 0.75, at Q 10 1.31 dB at 0.8. Without the double zero it would be 0.01 to 0.02 dB less (linear programming,
/// levels down to -90 dB). What needs half a decibel there needs twice the rate, or FIR. With a Q from
/// 10 to 30 it errs by up to 0.4 dB to r = 0.4, 0.7 to 0.5, 1.5 to 0.667, 2.1 to 0.75, 2.4 to 0.833 and 3.0
/// to 0.95 (a scan of 16 corners a column and 41 widths); beyond, in the upper half of the band, by up to 4.8 at 40, 8.3 at 60, 13 at 100
/// and 24 dB from 200 on.
///
/// # Errors
/// A frequency, width, gain or rate outside its range; a slope for what is no shelf and no tilt.
///
/// # Source
/// Prototypes, widths and `Cookbook`: R. Bristow-Johnson, "Cookbook formulae for audio equalizer
/// biquad filter coefficients". `Matched`: the magnitude in powers of sin²(w/2) and the way back
/// to coefficients are those of M. Vicanek, "Matched Second Order Digital Filters" (2016); matching
/// at five frequencies instead of his impulse-invariant poles is derived here, and so are the shelves that
/// miss evenly (the iteration's sources stand in `least_max.rs`).
///
/// # Example
/// ```
/// use mixcore::filters::design::{Method, Shape, prototype, second_order};
/// // +12 dB at 16 kHz, where the bilinear transform would squeeze the upper half of the bell.
/// let bell = second_order(Method::Matched, Shape::Bell, 16_000.0, 1.0, 12.0, 48_000.0)?;
/// assert!((bell.response_db(16_000.0, 48_000.0) - 12.0).abs() < 1e-9);
/// let truth = prototype::second_order_db(Shape::Bell, 16_000.0, 1.0, 12.0, 20_000.0);
/// assert!((bell.response_db(20_000.0, 48_000.0) - truth).abs() < 0.2);
/// let squeezed = second_order(Method::Cookbook, Shape::Bell, 16_000.0, 1.0, 12.0, 48_000.0)?;
/// assert!((squeezed.response_db(20_000.0, 48_000.0) - truth).abs() > 2.0);
/// # Ok::<(), mixcore::Error>(())
/// ```
pub fn second_order(
    method: Method,
    shape: Shape,
    hz: f64,
    width: impl Into<Width>,
    gain_db: f64,
    rate_hz: f64,
) -> Result<Biquad, Error> {
    check_corner(hz, rate_hz)?;
    if shape.has_gain() {
        Error::check_range("gain_db", gain_db, -MAX_GAIN_DB, MAX_GAIN_DB)?;
    }
    let width = width.into();
    let q = width.to_q(shape, gain_db)?;
    Ok(match method {
        Method::Matched => unchecked(shape, hz, q, gain_db, rate_hz),
        Method::Cookbook => cookbook::design(shape, share_of(hz, rate_hz), width, q, gain_db),
    })
}

/// The matched design of arguments that are known to be in range: what a moving band calls.
pub(crate) fn unchecked(shape: Shape, hz: f64, q: f64, gain_db: f64, rate_hz: f64) -> Biquad {
    let share = share_of(hz, rate_hz);
    match shape {
        Shape::AllPass => cookbook::design(shape, share, Width::Q(q), q, gain_db),
        _ => matched::design(shape, &prototype::power(shape, q, gain_db), share, q, gain_db),
    }
}

/// A frequency as a share of the rate, a millionth or more from 0 and from Nyquist: nearer, f64
/// coefficients can no longer tell a pole from one on the unit circle.
pub(super) fn share_of(hz: f64, rate_hz: f64) -> f64 {
    (hz / rate_hz).clamp(1e-6, 0.5 - 1e-6)
}

/// A corner frequency of [`LEAST_HZ`] or more and below Nyquist at a rate that a stream may have.
pub(super) fn check_corner(hz: f64, rate_hz: f64) -> Result<(), Error> {
    Error::check_range("rate_hz", rate_hz, MIN_RATE_HZ, MAX_RATE_HZ)?;
    // Nyquist itself is excluded; the error shows the nearest number below.
    let below_nyquist = (rate_hz / 2.0).next_down();
    Error::check_range("hz", hz, LEAST_HZ, below_nyquist).map(|_| ())
}
