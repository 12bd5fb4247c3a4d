//! Pan laws between two loudspeakers, and pans of sources that are stereo themselves.
//!
//! A pan pot turns a position p (-1 = left, 0 = centre, 1 = right) into two gains. With
//! x = (p + 1)/2:
//! - sine/cosine to the power k: g_L = cos(πx/2)^k, g_R = sin(πx/2)^k; the centre is 3.01·k dB down;
//! - square root to the power k: g_L = (1 − x)^(k/2), g_R = x^(k/2); likewise;
//! - linear: g_L = 1 − x, g_R = x, 6.02 dB down;
//! - balance: g_L = min(1, 2(1 − x)), g_R = min(1, 2x), nothing down.
//!
//! How much a centre should be lowered depends on how the two loudspeakers add up: 3 dB keeps the
//! power (a live room), 6 dB keeps the sum (mono fold-downs, a dead room, low frequencies), 2.5 and
//! 4.5 dB are the desks' compromises. Every law has a second, compensated form, divided by its
//! centre gain: the centre stays at 0 dB and the extremes rise. A session that is moved from one
//! program to another changes its balance unless both the law and the form are known; so both are
//! always named here.
//!
//! A stereo source is panned by a 2 x 2 matrix ([`StereoPan`]): as a balance, with each side panned
//! for itself, by Web Audio's rule or by a rotation.
//!
//! Both sides have the same bits in the mirror, the ends are exactly 0 and 1 (or the centre's
//! inverse), and the centre's gains are equal.
//!
//! Sources: common practice (JUCE's `dsp::Panner` has six of the laws, all compensated); Web Audio
//! API 1.0, clause on "equalpower" panning of stereo input.
//! Cost: at most one sine, one cosine and two powers. Latency: none.
//! Limits: the position only; azimuths are [`super::pan_gains`]'s.

use core::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_2};

use super::DownmixMatrix;
use crate::audio::Layout;
use crate::error::{Error, Text};
use crate::math;

/// Exponent of the sine law that lowers the centre by 2.5 dB: 2.5/(20·log10 √2).
const POWER_2_5: f64 = 0.830_482_023_721_840_5;
/// The centre of the 2.5 dB law: 10^(-2.5/20).
const CENTRE_2_5: f64 = 0.749_894_209_332_455_9;
/// The centre of both 4.5 dB laws: 2^(-3/4), which is -4.515 dB.
const CENTRE_4_5: f64 = 0.594_603_557_501_360_5;

/// How a position becomes two gains; each name says the curve and what the centre loses in dB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum PanLaw {
    /// Straight lines: the sum of both gains is constant; the centre is 6.02 dB down.
    Linear6,
    /// Sine and cosine: the power is constant; the centre is 3.01 dB down.
    SinCos3,
    /// Square roots: the power is constant too, with a steeper start; 3.01 dB.
    SquareRoot3,
    /// Sine and cosine to the power 1.5: between power and sum; 4.52 dB.
    SinCos4_5,
    /// Square roots to the power 1.5; 4.52 dB.
    SquareRoot4_5,
    /// Squared sine and cosine: the sum is constant; 6.02 dB.
    SinCos6,
    /// Sine and cosine to the power 0.83: 2.5 dB, for rooms that add up less than power.
    SinCos2_5,
    /// The near side stays at unity, the far one falls straight to 0: nothing down.
    Balance0,
}

impl PanLaw {
    /// Every law there is.
    pub const ALL: [Self; 8] = [
        Self::Linear6,
        Self::SinCos3,
        Self::SquareRoot3,
        Self::SinCos4_5,
        Self::SquareRoot4_5,
        Self::SinCos6,
        Self::SinCos2_5,
        Self::Balance0,
    ];

    /// The name that sessions and reports show.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linear6 => "linear -6 dB",
            Self::SinCos3 => "sine/cosine -3 dB",
            Self::SquareRoot3 => "square root -3 dB",
            Self::SinCos4_5 => "sine/cosine -4.5 dB",
            Self::SquareRoot4_5 => "square root -4.5 dB",
            Self::SinCos6 => "sine/cosine -6 dB",
            Self::SinCos2_5 => "sine/cosine -2.5 dB",
            Self::Balance0 => "balance 0 dB",
        }
    }

    /// The law of that name.
    ///
    /// # Errors
    /// [`Error::UnknownName`] with the names that exist.
    pub fn named(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|law| law.name() == name).ok_or(Error::UnknownName {
            what: "pan law",
            given: Text::new(name),
            allowed: "linear -6 dB, sine/cosine -3 dB, square root -3 dB, sine/cosine -4.5 dB, square root -4.5 dB, sine/cosine -6 dB, sine/cosine -2.5 dB, balance 0 dB",
        })
    }

    /// The gain of both sides in the centre, plain form, linear.
    #[must_use]
    pub const fn centre_gain(self) -> f64 {
        match self {
            Self::Linear6 | Self::SinCos6 => 0.5,
            Self::SinCos3 | Self::SquareRoot3 => FRAC_1_SQRT_2,
            Self::SinCos4_5 | Self::SquareRoot4_5 => CENTRE_4_5,
            Self::SinCos2_5 => CENTRE_2_5,
            Self::Balance0 => 1.0,
        }
    }

    /// Left and right gain of a position, linear.
    ///
    /// # Units and range
    /// -1 (left) to 1 (right). Gains are 0 to 1, compensated 0 to 1/[`PanLaw::centre_gain`].
    ///
    /// # Errors
    /// A position outside the range or not finite.
    ///
    /// # Example
    /// ```
    /// use mixcore::spatial::{PanForm, PanLaw};
    /// let law = PanLaw::SinCos3;
    /// assert_eq!(law.gains(PanForm::Plain, -1.0)?, [1.0, 0.0]);
    /// assert_eq!(law.gains(PanForm::Compensated, 0.0)?, [1.0, 1.0]);
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn gains(self, form: PanForm, position: f64) -> Result<[f64; 2], Error> {
        let position = Error::check_range("position", position, -1.0, 1.0)?;
        let centre = self.centre_gain();
        let scale = match form {
            PanForm::Plain => 1.0,
            PanForm::Compensated => centre,
        };
        if position == 0.0 {
            return Ok([centre / scale; 2]);
        }
        let (near, far) = self.near_and_far((1.0 - position.abs()) * 0.5);
        let (near, far) = (near / scale, far / scale);
        Ok(if position < 0.0 { [near, far] } else { [far, near] })
    }

    /// Gains at a share of the way from the nearer loudspeaker to the other one, 0 to 0.5: from
    /// the nearer one, so that the end is exact and mirrored positions have the same bits.
    fn near_and_far(self, share: f64) -> (f64, f64) {
        let curve = |power: fn(f64) -> f64| {
            let angle = FRAC_PI_2 * share;
            (power(math::cos(angle)), power(math::sin(angle)))
        };
        let root =
            |power: fn(f64) -> f64| (power(math::sqrt(1.0 - share)), power(math::sqrt(share)));
        match self {
            Self::Linear6 => (1.0 - share, share),
            Self::SinCos3 => curve(|g| g),
            Self::SquareRoot3 => root(|g| g),
            Self::SinCos4_5 => curve(|g| g * math::sqrt(g)),
            Self::SquareRoot4_5 => root(|g| g * math::sqrt(g)),
            Self::SinCos6 => curve(|g| g * g),
            Self::SinCos2_5 => curve(|g| math::pow(g, POWER_2_5)),
            Self::Balance0 => (1.0, 2.0 * share),
        }
    }
}

/// Whether a law's loudest gain or its centre stands at 0 dB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
pub enum PanForm {
    /// The extremes are 0 dB and the centre is lowered.
    #[default]
    Plain,
    /// The centre is 0 dB and the extremes are raised by what the law lowers.
    Compensated,
}

/// A pan of a stereo source.
///
/// # Example
/// ```
/// use mixcore::spatial::StereoPan;
/// // Web Audio's rule sends all of the right side to the left at full left: up to 6 dB more.
/// let pan = StereoPan::WebAudio { position: -1.0 };
/// assert_eq!(pan.matrix()?, [[1.0, 1.0], [0.0, 0.0]]);
/// assert!((pan.downmix_matrix()?.peak_bound_db() - 6.02).abs() < 0.005);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case", deny_unknown_fields))]
#[non_exhaustive]
pub enum StereoPan {
    /// Each side stays where it is; the law only lowers one of them.
    Balance {
        /// The law, whose left gain is the left side's.
        law: PanLaw,
        /// Its form.
        form: PanForm,
        /// -1 (left) to 1 (right).
        position: f64,
    },
    /// Each side is panned for itself: -1 and 1 leave the source as it is, 0 and 0 make it mono.
    Dual {
        /// The law of both pans.
        law: PanLaw,
        /// Its form.
        form: PanForm,
        /// Where the left side goes, -1 to 1.
        left: f64,
        /// Where the right side goes, -1 to 1.
        right: f64,
    },
    /// Web Audio's "equalpower" rule: towards a side, the other one is panned into it. Up to
    /// 6.02 dB more where both sides are equal.
    WebAudio {
        /// -1 (left) to 1 (right).
        position: f64,
    },
    /// The stereo field is turned: its power is kept, its width too; 90° swaps the sides (and
    /// inverts one of them).
    Rotation {
        /// Positive to the left, -90 to 90; 45° turns the centre into the left.
        angle_deg: f64,
    },
}

impl StereoPan {
    /// The matrix: rows are the left and right output, columns the left and right input.
    ///
    /// # Errors
    /// A position or an angle outside its range or not finite.
    pub fn matrix(&self) -> Result<[[f64; 2]; 2], Error> {
        Ok(match *self {
            Self::Balance { law, form, position } => {
                let [left, right] = law.gains(form, position)?;
                [[left, 0.0], [0.0, right]]
            }
            Self::Dual { law, form, left, right } => {
                let (a, b) = (law.gains(form, left)?, law.gains(form, right)?);
                [[a[0], b[0]], [a[1], b[1]]]
            }
            Self::WebAudio { position } => {
                let position = Error::check_range("position", position, -1.0, 1.0)?;
                // The far side is panned between centre and near side: at the centre it stays.
                let law = PanLaw::SinCos3;
                let [near, far] = law.gains(PanForm::Plain, 1.0 - 2.0 * position.abs())?;
                if position <= 0.0 { [[1.0, near], [0.0, far]] } else { [[far, 0.0], [near, 1.0]] }
            }
            Self::Rotation { angle_deg } => {
                let angle_deg = Error::check_range("angle_deg", angle_deg, -90.0, 90.0)?;
                let (sin, cos) = quarter(angle_deg);
                // Turned to the left, what the right side had comes out on the left.
                [[cos, sin], [-sin + 0.0, cos]]
            }
        })
    }

    /// The same as a [`DownmixMatrix`] from stereo to stereo, which [`super::FoldDown`] applies and
    /// which states how far peaks and power can grow.
    ///
    /// # Errors
    /// As [`StereoPan::matrix`].
    pub fn downmix_matrix(&self) -> Result<DownmixMatrix, Error> {
        let citation = match self {
            Self::Balance { .. } => "stereo balance (pan law of both sides)",
            Self::Dual { .. } => "dual pan (a pan law for each side)",
            Self::WebAudio { .. } => "Web Audio API 1.0, equalpower panning of stereo input",
            Self::Rotation { .. } => "rotation of the stereo field",
        };
        let [[a, b], [c, d]] = self.matrix()?;
        DownmixMatrix::new(Layout::STEREO, Layout::STEREO, &[a, b, c, d], citation)
    }
}

/// Sine and cosine of -90° to 90°, exact at 0 and at both ends.
fn quarter(angle_deg: f64) -> (f64, f64) {
    if angle_deg.abs() == 90.0 {
        (angle_deg.signum(), 0.0)
    } else {
        let angle = angle_deg * (math::PI / 180.0);
        (math::sin(angle), math::cos(angle))
    }
}
