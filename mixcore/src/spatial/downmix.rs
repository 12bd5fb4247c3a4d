//! Fold-down matrices: what a listener with fewer loudspeakers hears.
//!
//! y_r = Σ_c m_rc · x_c, one row per target channel, one column per source channel.
//! - to stereo (Lo/Ro): Lo = L + (C + Ls)/√2, Ro = R + (C + Rs)/√2, without the LFE
//!   (ITU-R BS.775-3, Annex 4, clause 1);
//! - to mono: M = (Lo + Ro)/2, meant to be played by both loudspeakers (dual mono);
//! - any other pair: the conversion rules of ITU-R BS.2127 ([`super::conversion_matrix`]), which say
//!   the same where BS.775-3 speaks.
//!
//! Levels of AC-3, the modes of IAMF, Lt/Rt and what bass management does are asked for by name
//! ([`super::lo_ro_matrix`], [`super::iamf_matrix`], [`super::LtRt`], [`super::BassManager`]); a
//! matrix of one's own is [`DownmixMatrix::new`].
//!
//! NOTE on mono: (L + R)/√2 + C + (Ls + Rs)/2, as BS.775-3 and broadcast monitors have it (Studio
//! Technologies, Model 780-03 guide, appendix C), is for ONE loudspeaker and 3.01 dB more. Played
//! by two, it would make what is equal on both sides 3 dB louder than in stereo; the half keeps
//! it: L = R = x gives x. So a mono loss measured through it is the mix's own.
//!
//! NOTE on mono to stereo (and to quad, which has no centre either): unity to both sides, as an editor
//! places a mono file. Folding it back gives the input bit for bit; a panner in the centre is 3 dB
//! below that.

use core::fmt::{self, Write};

use super::conversion_matrix;
use crate::audio::{Layout, MAX_LAYOUT_CHANNELS};
use crate::error::{Error, Text};
use crate::math;
use crate::units::gain_to_db;

/// Largest coefficient of a matrix of one's own, linear (+20 dB): more is a wrong unit.
const MAX_COEFFICIENT: f64 = 10.0;

const BS775: &str = "ITU-R BS.775-3, Annex 4, clause 1 (Lo/Ro, LFE left out)";
const BS775_MONO: &str = "ITU-R BS.775-3, Annex 4, clause 1 (Lo/Ro, LFE left out), then (Lo + Ro)/2 for playback as dual mono";
const DUAL_MONO: &str = "(L + R)/2 for playback as dual mono; ITU-R BS.775-3's mono less 3.01 dB";
const MONO_BOTH: &str = "mono at unity to both sides (editing practice)";
const IDENTITY: &str = "identity";

/// A matrix from one layout into another, with the document that it comes from.
#[derive(Clone, Copy, PartialEq)]
pub struct DownmixMatrix {
    source: Layout,
    target: Layout,
    /// Row-major, one row of `columns()` per target channel; the rest is 0.
    coefficients: [f64; MAX_LAYOUT_CHANNELS * MAX_LAYOUT_CHANNELS],
    citation: &'static str,
}

impl DownmixMatrix {
    /// A matrix of one's own: row-major, one row of source channels per target channel.
    ///
    /// # Units and range
    /// Linear, -10 to 10.
    ///
    /// # Errors
    /// A number of coefficients that is not rows times columns, or a coefficient out of range.
    ///
    /// # Example
    /// ```
    /// use mixcore::Layout;
    /// use mixcore::spatial::DownmixMatrix;
    /// // Sides swapped.
    /// let swap = DownmixMatrix::new(Layout::STEREO, Layout::STEREO, &[0., 1., 1., 0.], "house")?;
    /// assert_eq!((swap.gain(0, 1), swap.peak_bound_db()), (Some(1.0), 0.0));
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn new(
        source: Layout,
        target: Layout,
        coefficients: &[f64],
        citation: &'static str,
    ) -> Result<Self, Error> {
        #[expect(clippy::cast_precision_loss, reason = "no slice of coefficients is that long")]
        let (given, needed) =
            (coefficients.len() as f64, (source.channel_count() * target.channel_count()) as f64);
        Error::check_range("coefficients.len()", given, needed, needed)?;
        let mut matrix = Self::empty(source, target, citation);
        for (index, (slot, &given)) in matrix.coefficients.iter_mut().zip(coefficients).enumerate()
        {
            let item = ("coefficient", index);
            *slot = Error::check_item(item, "value", given, -MAX_COEFFICIENT, MAX_COEFFICIENT)?;
        }
        Ok(matrix)
    }

    pub(super) fn empty(source: Layout, target: Layout, citation: &'static str) -> Self {
        Self {
            source,
            target,
            coefficients: [0.0; MAX_LAYOUT_CHANNELS * MAX_LAYOUT_CHANNELS],
            citation,
        }
    }

    /// Sets a coefficient; nothing happens outside the matrix.
    pub(super) fn set(&mut self, output: usize, input: usize, coefficient: f64) {
        let columns = self.columns();
        if input < columns
            && output < self.rows()
            && let Some(slot) = self.coefficients.get_mut(output * columns + input)
        {
            *slot = coefficient;
        }
    }

    /// Every coefficient times `gain`, from a document that is named anew.
    pub(super) fn times(mut self, gain: f64) -> Self {
        self.coefficients.iter_mut().for_each(|coefficient| *coefficient *= gain);
        self
    }

    /// This matrix, then `next`: the product, for a fold-down in two steps.
    ///
    /// # Errors
    /// `next` does not start where this one ends.
    pub fn then(&self, next: &Self, citation: &'static str) -> Result<Self, Error> {
        if self.target != next.source {
            return Err(undefined(
                "composition",
                self.target,
                next.source,
                "a second matrix whose source is the first one's target",
            ));
        }
        let mut product = Self::empty(self.source, next.target, citation);
        for output in 0..next.rows() {
            for input in 0..self.columns() {
                let mut sum = 0.0;
                for between in 0..self.rows() {
                    sum += next.at(output, between) * self.at(between, input);
                }
                product.set(output, input, sum);
            }
        }
        Ok(product)
    }

    /// The layout that is folded down.
    #[must_use]
    pub fn source(&self) -> Layout {
        self.source
    }

    /// The layout that comes out.
    #[must_use]
    pub fn target(&self) -> Layout {
        self.target
    }

    /// Target channels.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.target.channel_count()
    }

    /// Source channels.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.source.channel_count()
    }

    /// All coefficients, row-major: [`DownmixMatrix::rows`] rows of [`DownmixMatrix::columns`].
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        self.coefficients.get(..self.rows() * self.columns()).unwrap_or_default()
    }

    /// The gain from a source channel to a target channel, linear.
    #[must_use]
    pub fn gain(&self, output: usize, input: usize) -> Option<f64> {
        (output < self.rows() && input < self.columns()).then(|| self.at(output, input))
    }

    fn at(&self, output: usize, input: usize) -> f64 {
        self.coefficients.get(output * self.columns() + input).copied().unwrap_or(0.0)
    }

    /// Where the numbers come from.
    #[must_use]
    pub fn citation(&self) -> &'static str {
        self.citation
    }

    /// How far a peak can grow at worst, dB: the largest sum of magnitudes of a row.
    ///
    /// All channels at full scale and in phase reach it.
    #[must_use]
    pub fn peak_bound_db(&self) -> f64 {
        gain_to_db(self.largest_row(|row| row.iter().map(|c| c.abs()).sum()))
    }

    /// How far the level of a channel can grow if the source channels have nothing in common, dB:
    /// the largest Euclidean norm of a row.
    #[must_use]
    pub fn power_bound_db(&self) -> f64 {
        gain_to_db(self.largest_row(|row| math::sqrt(row.iter().map(|c| c * c).sum())))
    }

    pub(super) fn largest_row(&self, norm: impl Fn(&[f64]) -> f64) -> f64 {
        self.coefficients().chunks_exact(self.columns()).map(norm).fold(0.0, f64::max)
    }
}

impl fmt::Debug for DownmixMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DownmixMatrix({} to {}, {})", self.source, self.target, self.citation)?;
        f.debug_list().entries(self.coefficients().chunks_exact(self.columns())).finish()
    }
}

/// The fold-down from one layout to another (see the module's text), with the document it comes from.
///
/// # Example
/// ```
/// use mixcore::Layout;
/// use mixcore::spatial::downmix_matrix;
/// let stereo = downmix_matrix(Layout::SURROUND_5_1, Layout::STEREO)?;
/// assert_eq!(stereo.gain(0, 2), Some(core::f64::consts::FRAC_1_SQRT_2)); // C to Lo
/// assert_eq!(stereo.gain(0, 3), Some(0.0)); // no LFE
/// assert!((stereo.peak_bound_db() - 7.66).abs() < 0.005);
/// # Ok::<(), mixcore::Error>(())
/// ```
///
/// # Errors
/// None: every pair of layouts has a matrix. The form is that of the other matrices, some of which
/// are defined for a few layouts only.
pub fn downmix_matrix(source: Layout, target: Layout) -> Result<DownmixMatrix, Error> {
    let mut matrix = conversion_matrix(source, target);
    let lo_ro = matches!(source.name(), "3.0" | "quad" | "5.0" | "5.1");
    match (source.name(), target.name()) {
        _ if source == target => matrix.citation = IDENTITY,
        ("mono", "stereo" | "quad") => {
            matrix.citation = MONO_BOTH;
            for slot in matrix.coefficients.iter_mut().take(2) {
                *slot = 1.0;
            }
        }
        ("stereo", "mono") => matrix.citation = DUAL_MONO,
        (_, "stereo") if lo_ro => matrix.citation = BS775,
        (_, "mono") if lo_ro => matrix.citation = BS775_MONO,
        _ => {}
    }
    Ok(matrix)
}

/// The error for two layouts, named in 32 bytes without allocation.
pub(super) fn undefined(
    what: &'static str,
    source: Layout,
    target: Layout,
    allowed: &'static str,
) -> Error {
    struct Line {
        bytes: [u8; 32],
        len: usize,
    }
    impl Write for Line {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let end = self.len + text.len();
            self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
            self.len = end;
            Ok(())
        }
    }
    let mut line = Line { bytes: [0; 32], len: 0 };
    // The longest pair of names has 18 bytes; if one grows, the text is only cut.
    let _ = write!(line, "{source} to {target}");
    let given = Text::new(core::str::from_utf8(&line.bytes[..line.len]).unwrap_or(""));
    Error::UnknownName { what, given, allowed }
}
