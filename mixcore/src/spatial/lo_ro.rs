//! Lo/Ro with the levels that AC-3 carries.
//!
//! > Lo = L + c·C + s·Ls, Ro = R + c·C + s·Rs, without the LFE
//!
//! c is one of eight levels, s one of five, in steps of 1.5 dB, as 2^(k/4): the documents print three
//! digits of that. -3 dB for both is ITU-R BS.775.
//!
//! Source: ATSC A/52:2012, 7.8 and tables 5.9, 5.10, D2.6, D2.7; Dolby, DP570 user's manual, D.7.

use core::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use super::DownmixMatrix;
use super::downmix::undefined;
use crate::audio::Layout;
use crate::error::Error;

const AC3: &str = "ATSC A/52:2012, 7.8 (Lo/Ro at the stream's mix levels, LFE left out)";
const SOURCES: &str = "3.0, quad, 5.0 or 5.1 to stereo; a larger layout first to 5.1";
/// 2^(1/4) and 2^(-1/4), ±1.5 dB.
const UP_1_5_DB: f64 = 1.189_207_115_002_721;
const DOWN_1_5_DB: f64 = 0.840_896_415_253_714_6;

/// The level at which the centre goes to both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
pub enum CentreMix {
    /// +3 dB: for a mix whose centre is low.
    Plus3,
    /// +1.5 dB.
    Plus1_5,
    /// 0 dB.
    Zero,
    /// -1.5 dB.
    Minus1_5,
    /// -3 dB: the centre keeps its power.
    #[default]
    Minus3,
    /// -4.5 dB.
    Minus4_5,
    /// -6 dB: the centre keeps its amplitude.
    Minus6,
    /// Left out.
    Off,
}

impl CentreMix {
    /// The levels from high to low, in the order of their codes.
    pub const ALL: [Self; 8] = [
        Self::Plus3,
        Self::Plus1_5,
        Self::Zero,
        Self::Minus1_5,
        Self::Minus3,
        Self::Minus4_5,
        Self::Minus6,
        Self::Off,
    ];

    /// Linear gain.
    #[must_use]
    pub const fn gain(self) -> f64 {
        match self {
            Self::Plus3 => SQRT_2,
            Self::Plus1_5 => UP_1_5_DB,
            Self::Zero => 1.0,
            Self::Minus1_5 => DOWN_1_5_DB,
            Self::Minus3 => FRAC_1_SQRT_2,
            Self::Minus4_5 => 0.5 * UP_1_5_DB,
            Self::Minus6 => 0.5,
            Self::Off => 0.0,
        }
    }
}

/// The level at which a surround goes to its side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
pub enum SurroundMix {
    /// -1.5 dB.
    Minus1_5,
    /// -3 dB.
    #[default]
    Minus3,
    /// -4.5 dB.
    Minus4_5,
    /// -6 dB.
    Minus6,
    /// Left out.
    Off,
}

impl SurroundMix {
    /// The levels from high to low, in the order of their codes.
    pub const ALL: [Self; 5] =
        [Self::Minus1_5, Self::Minus3, Self::Minus4_5, Self::Minus6, Self::Off];

    /// Linear gain.
    #[must_use]
    pub const fn gain(self) -> f64 {
        match self {
            Self::Minus1_5 => DOWN_1_5_DB,
            Self::Minus3 => FRAC_1_SQRT_2,
            Self::Minus4_5 => 0.5 * UP_1_5_DB,
            Self::Minus6 => 0.5,
            Self::Off => 0.0,
        }
    }
}

/// Lo/Ro of 3.0, quad, 5.0 or 5.1 at given levels.
///
/// # Errors
/// Another source; the error lists those that exist.
///
/// # Example
/// ```
/// use mixcore::Layout;
/// use mixcore::spatial::{CentreMix, SurroundMix, lo_ro_matrix};
/// let matrix = lo_ro_matrix(Layout::SURROUND_5_1, CentreMix::Zero, SurroundMix::Off)?;
/// assert_eq!((matrix.gain(0, 2), matrix.gain(0, 4)), (Some(1.0), Some(0.0)));
/// # Ok::<(), mixcore::Error>(())
/// ```
pub fn lo_ro_matrix(
    source: Layout,
    centre: CentreMix,
    surround: SurroundMix,
) -> Result<DownmixMatrix, Error> {
    if !matches!(source.name(), "3.0" | "quad" | "5.0" | "5.1") {
        return Err(undefined("Lo/Ro", source, Layout::STEREO, SOURCES));
    }
    let mut matrix = DownmixMatrix::empty(source, Layout::STEREO, AC3);
    for (input, speaker) in source.speakers().iter().enumerate() {
        let [left, right] = match speaker.label {
            "M+030" => [1.0, 0.0],
            "M-030" => [0.0, 1.0],
            "M+000" => [centre.gain(); 2],
            "M+110" => [surround.gain(), 0.0],
            "M-110" => [0.0, surround.gain()],
            _ => [0.0; 2],
        };
        matrix.set(0, input, left);
        matrix.set(1, input, right);
    }
    Ok(matrix)
}
