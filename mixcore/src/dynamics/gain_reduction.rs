//! One set of read-outs for everything that turns a signal down: now, as a curve, as statistics.

use super::automixer::Automixer;
use super::click_tamer::ClickTamer;
use super::compressor::Compressor;
use super::deesser::DeEsser;
use super::ducker::Ducker;
use super::dynamic_eq::DynamicEq;
use super::gate::Gate;
use super::leveller::Leveller;
use super::limiter::Limiter;
use super::low_mid_cut::LowMidCut;
use super::masking_ducker::MaskingDucker;
use super::multiband::Multiband;
use super::multiband_limiter::MultibandLimiter;
use super::plosive_tamer::PlosiveTamer;
use super::reduction::ReductionStats;
use super::soft_clip::SoftClipper;
use super::suppressor::Suppressor;
use super::transient::TransientShaper;
use crate::audio::Sample;
use crate::error::Error;
use crate::stream::{Io, Process};

/// A processor whose gain reduction can be read: now, as statistics, and frame by frame.
///
/// Each has methods of the same names, so one that is known needs no trait; this is for a list of several.
/// Reductions are in dB; a raised gain counts as negative, and where a dynamic EQ raises, as positive. They
/// are without make-up and mix, and go on in a bypass that is a cross-fade.
///
/// # Shape
/// | processor | rows of the curve | static curve |
/// |---|---|---|
/// | compressor, gate, de-esser, limiter, soft clipper | one, of the channel that is reduced most | `static_curve_db` |
/// | multiband compressor, dynamic EQ | one a band | `static_curve_db` of a band |
/// | multiband limiter | one a band, then the output's | `static_curve_db` of a band |
/// | transient shaper | one, of the channel whose gain moves most | `static_curve_db` |
/// | ducker | one | `static_curve_db` |
/// | masking-aware ducker, cut of the low-mids, suppressor | one, of the band that is reduced most | `static_curve_db` |
/// | leveller | one | `static_curve_db` |
/// | automixer | one a microphone | `static_curve_db` |
/// | plosive tamer | one, of both shelves | none: what is steady is no puff |
/// | click tamer | one, of the channel and band that is reduced most | none: what is steady is no click |
///
/// The hum comb takes out a model of the hum and has no gain: [`super::HumComb`] says what it has in place
/// of these. The limiter for a whole clip gives its curve with
/// [`super::ClipLimiter::limit_with_reduction`], the planned ducker and leveller theirs by sub-block
/// ([`super::DuckPlan::reduction_db`], [`super::LevellerPlan::gain_db`]).
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::dynamics::{Compressor, GainReduction, Gate};
/// use mixcore::{BlockMut, Io, Layout, Stream};
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let mut gate = Gate::<f32>::new(Default::default(), Default::default(), stream)?;
/// let mut compressor = Compressor::<f32>::new(Default::default(), Default::default(), stream)?;
/// let (mut audio, mut curve) = ([0.5_f32; 480], [0.0_f32; 480]);
/// let chain: [&mut dyn GainReduction<f32>; 2] = [&mut gate, &mut compressor];
/// for unit in chain {
///     unit.process_with_reduction(Io::new(BlockMut::mono(&mut audio)), &mut curve)?;
///     assert!((f64::from(curve[479]) - unit.gain_reduction_db()).abs() < 1e-6);
/// }
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
pub trait GainReduction<S: Sample>: Process<S> {
    /// Rows of the curve: one, or one for each band or microphone.
    fn reduction_rows(&self) -> usize {
        1
    }

    /// The reduction at the last frame, dB, of the row that is reduced most; some say it to the cell or
    /// chunk they work in. Of a multiband limiter, of the band that is reduced most, with that of the
    /// output.
    fn gain_reduction_db(&self) -> f64;

    /// The reduction since the last reset, of the row that is reduced most; none before the first frame.
    /// Of a transient shaper, how far the gain moved, either way. Of a multiband limiter, of the band that
    /// is reduced most, with that of the output. A limiter looks at the largest of every 64 frames.
    fn reduction_stats(&self) -> Option<ReductionStats>;

    /// [`Process::process`], and the reduction of every frame of the block, dB.
    ///
    /// # Shape
    /// `reduction_db` has the frames of the first row first, then those of the next.
    ///
    /// # Real time
    /// Does not allocate, lock, log or panic.
    ///
    /// # Errors
    /// As `process`, and another length than rows x frames.
    fn process_with_reduction(
        &mut self,
        io: Io<'_, S>,
        reduction_db: &mut [f32],
    ) -> Result<(), Error>;
}

/// The trait by the unit's own methods.
macro_rules! reads {
    ($unit:ident $(<$life:lifetime, $sample:ident>)?, |$this:ident| $rows:expr) => {
        impl<S: Sample> GainReduction<S> for $unit $(<$life, $sample>)? {
            fn reduction_rows(&self) -> usize {
                let $this = self;
                $rows
            }

            fn gain_reduction_db(&self) -> f64 {
                Self::gain_reduction_db(self)
            }

            fn reduction_stats(&self) -> Option<ReductionStats> {
                Self::reduction_stats(self)
            }

            fn process_with_reduction(
                &mut self,
                io: Io<'_, S>,
                reduction_db: &mut [f32],
            ) -> Result<(), Error> {
                Self::process_with_reduction(self, io, reduction_db)
            }
        }
    };
    ($($unit:ident),*) => {
        $(reads!($unit<'_, S>, |_unit| 1);)*
    };
}

reads!(
    ClickTamer,
    Compressor,
    DeEsser,
    Ducker,
    Gate,
    Leveller,
    Limiter,
    LowMidCut,
    MaskingDucker,
    PlosiveTamer,
    SoftClipper,
    Suppressor,
    TransientShaper
);
reads!(Automixer, |unit| unit.microphone_count());
reads!(DynamicEq<'_, S>, |unit| unit.setup().bands);
reads!(Multiband<'_, S>, |unit| unit.setup().crossover.bands);
reads!(MultibandLimiter<'_, S>, |unit| unit.setup().crossover.bands + 1);
