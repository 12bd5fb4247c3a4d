//! The fold-downs of IAMF: a chain of steps with the weights of a mode.
//!
//! > Ls5 = α·Lss + β·Lrs; Ltf2 = Ltf4 + γ·Ltb4; L3 = L5 + δ·Ls5; Ltf3 = Ltf2 + w·γ·Ls5;
//! > L2 = L3 + 0.707·C; M = (L2 + R2)/2
//!
//! A stream names one of six modes; each frame it also moves the weight w of the surrounds in the
//! heights of 3.1.2, by one step of a table of eleven, down in modes 1 to 3 and up in 5 to 7. The LFE
//! passes where both sides have one. Heights are folded into heights only: from a layout with heights
//! to one without, IAMF renders otherwise, and so there is no matrix here ([`super::conversion_matrix`]
//! has one).
//!
//! Limits: our 7.1.2 has its pair above the sides, IAMF's in front, so it is none of IAMF's layouts.
//! 0.707 is IAMF's own number and not 1/√2.
//!
//! Source: AOMedia, IAMF 1.1, down-mix parameter and mechanism; AOMediaCodec/libiamf,
//! `IAMF_utils.c` (weights), `downmix_renderer.c` (steps; it uses γ in the step to 3.1.2, and γ = δ in
//! every mode).

use super::DownmixMatrix;
use super::downmix::undefined;
use crate::audio::Layout;
use crate::error::Error;

const IAMF: &str = "AOMedia IAMF 1.1, down-mix mechanism (as libiamf)";
const DEFINED: &str = "7.1.4, 5.1.4, 5.1.2 to a smaller one of 5.1.4, 5.1.2, 3.1.2; 7.1, 5.1, stereo to a smaller one of 5.1, stereo, mono";
/// C into two loudspeakers.
const CENTRE: f64 = 0.707;

/// Weights of the surrounds in the heights of 3.1.2, by index.
#[expect(clippy::approx_constant, reason = "IAMF's own four digits")]
pub const IAMF_HEIGHT_WEIGHTS: [f64; 11] =
    [0.0, 0.0179, 0.0391, 0.0658, 0.1038, 0.25, 0.3962, 0.4342, 0.4609, 0.4821, 0.5];

/// A down-mix mode of IAMF, by libiamf's number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
pub enum IamfMode {
    /// α = β = 1, γ = δ = 0.707, w falls.
    #[default]
    Mode1,
    /// All 0.707, w falls.
    Mode2,
    /// α = 1, the rest 0.866, w falls.
    Mode3,
    /// As mode 1, w rises.
    Mode5,
    /// As mode 2, w rises.
    Mode6,
    /// As mode 3, w rises.
    Mode7,
}

impl IamfMode {
    /// Every mode.
    pub const ALL: [Self; 6] =
        [Self::Mode1, Self::Mode2, Self::Mode3, Self::Mode5, Self::Mode6, Self::Mode7];

    /// α, β, γ, δ.
    #[must_use]
    pub const fn weights(self) -> [f64; 4] {
        match self {
            Self::Mode1 | Self::Mode5 => [1.0, 1.0, 0.707, 0.707],
            Self::Mode2 | Self::Mode6 => [0.707; 4],
            Self::Mode3 | Self::Mode7 => [1.0, 0.866, 0.866, 0.866],
        }
    }

    /// The index of w in the next frame.
    #[must_use]
    pub const fn next_height_index(self, index: usize) -> usize {
        let last = IAMF_HEIGHT_WEIGHTS.len() - 1;
        match self {
            Self::Mode1 | Self::Mode2 | Self::Mode3 => {
                if index > last {
                    last
                } else {
                    index.saturating_sub(1)
                }
            }
            Self::Mode5 | Self::Mode6 | Self::Mode7 => {
                if index >= last {
                    last
                } else {
                    index + 1
                }
            }
        }
    }
}

/// Channels of a side that IAMF folds, and the centre: their gains from the source.
#[derive(Clone, Copy)]
enum Place {
    Front,
    Centre,
    Surround,
    Height,
    HeightRear,
    Lfe,
}

/// Loudspeakers beside the listener, pairs of heights.
fn size(layout: Layout) -> Option<(u32, u32)> {
    Some(match layout.name() {
        "mono" => (1, 0),
        "stereo" => (2, 0),
        "5.1" => (5, 0),
        "7.1" => (7, 0),
        "3.1.2" => (3, 1),
        "5.1.2" => (5, 1),
        "5.1.4" => (5, 2),
        "7.1.4" => (7, 2),
        _ => return None,
    })
}

/// What a loudspeaker of a target is in the chain; -1 for the right.
fn place(label: &str) -> Option<(Place, f64)> {
    let side = if label.contains('-') { -1.0 } else { 1.0 };
    Some(match label {
        "M+030" | "M-030" => (Place::Front, side),
        "M+000" => (Place::Centre, 0.0),
        "LFE1" => (Place::Lfe, 0.0),
        "M+110" | "M-110" => (Place::Surround, side),
        "U+030" | "U-030" | "U+045" | "U-045" => (Place::Height, side),
        "U+110" | "U-110" | "U+135" | "U-135" => (Place::HeightRear, side),
        _ => return None,
    })
}

/// The fold-down from one layout of IAMF to a smaller one. `height_index` chooses w, 0 to 10; it
/// matters for 3.1.2 alone.
///
/// # Errors
/// A pair for which IAMF's mechanism has no path, or an index above 10.
///
/// # Example
/// ```
/// use mixcore::Layout;
/// use mixcore::spatial::{IamfMode, iamf_matrix};
/// let matrix = iamf_matrix(Layout::SURROUND_7_1, Layout::STEREO, IamfMode::Mode1, 0)?;
/// assert_eq!((matrix.gain(0, 2), matrix.gain(0, 4)), (Some(0.707), Some(0.707)));
/// # Ok::<(), mixcore::Error>(())
/// ```
pub fn iamf_matrix(
    source: Layout,
    target: Layout,
    mode: IamfMode,
    height_index: usize,
) -> Result<DownmixMatrix, Error> {
    let no_path = Err(undefined("IAMF fold-down", source, target, DEFINED));
    let (Some(from), Some(to)) = (size(source), size(target)) else { return no_path };
    let smaller = to.0 <= from.0 && to.1 <= from.1 && to != from;
    if !smaller || (from.1 > 0) != (to.1 > 0) {
        return no_path;
    }
    let Some(&weight) = IAMF_HEIGHT_WEIGHTS.get(height_index) else {
        #[expect(clippy::cast_precision_loss, reason = "only printed")]
        let given = height_index as f64;
        return Err(Error::OutOfRange { field: "height_index", given, min: 0.0, max: 10.0 });
    };
    let chain = Chain { weights: mode.weights(), height: weight, to };
    let mut matrix = DownmixMatrix::empty(source, target, IAMF);
    for (output, heard) in target.speakers().iter().enumerate() {
        let Some((place, side)) = place(heard.label) else { continue };
        for (input, speaker) in source.speakers().iter().enumerate() {
            let own = if speaker.label.contains('-') { -1.0 } else { 1.0 };
            let gain = if to.0 == 1 {
                // Both sides at half, the centre by both.
                let both =
                    [1.0, -1.0].map(|side| chain.gain(Place::Front, side, speaker.label, own));
                0.5 * (both[0] + both[1])
            } else {
                chain.gain(place, side, speaker.label, own)
            };
            matrix.set(output, input, gain);
        }
    }
    Ok(matrix)
}

/// The steps between two layouts.
struct Chain {
    weights: [f64; 4],
    height: f64,
    to: (u32, u32),
}

impl Chain {
    /// The gain of a source loudspeaker, which stands at the side `own`, at a place of the target.
    fn gain(&self, place: Place, side: f64, label: &str, own: f64) -> f64 {
        let [alpha, beta, gamma, delta] = self.weights;
        let here = f64::from(side == own);
        // Ls5 in the words of the source.
        let surround = match label {
            "M+110" | "M-110" => 1.0,
            "M+090" | "M-090" => alpha,
            "M+135" | "M-135" => beta,
            _ => 0.0,
        };
        match place {
            Place::Front => match label {
                "M+030" | "M-030" => here,
                "M+000" if self.to.0 <= 2 => CENTRE,
                _ if self.to.0 <= 3 => here * delta * surround,
                _ => 0.0,
            },
            Place::Centre => f64::from(label == "M+000"),
            Place::Lfe => f64::from(label == "LFE1"),
            Place::Surround => here * surround,
            Place::Height => match label {
                "U+030" | "U-030" | "U+045" | "U-045" => here,
                "U+110" | "U-110" | "U+135" | "U-135" if self.to.1 == 1 => here * gamma,
                _ if self.to.0 == 3 => here * self.height * gamma * surround,
                _ => 0.0,
            },
            Place::HeightRear => {
                here * f64::from(matches!(label, "U+110" | "U-110" | "U+135" | "U-135"))
            }
        }
    }
}
