//! A ducker that lowers the background only in the bands in which it hides the voice.
//!
//! A broadband duck takes the whole background down by what the worst band needs. Here every ERB band is
//! brought, over a phrase, to a ratio of voice to background in the ear's excitation, or all masked bands
//! go down by the one depth that makes the voice as audible, whichever costs less loudness; bass and air
//! stay.
//!
//! The key is the dialogue. Every 10 ms [`crate::analysis::Masking`] gives the excitations E_v and E_b of
//! 40 bands; phrases are those of [`super::Ducker`]. Over the frames of the phrase that count, those of
//! the look-ahead included, in each band i that carries words (importance above 0: 140 Hz to 9 kHz):
//!
//! > ratio_i = 10 log10(Σ E_v / Σ E_b),  depth_i = target − ratio_i, from 0 to `max_depth_db`
//!
//! (what stays of a background where not all channels go down is taken off what the target allows), and
//! 0 where the background is inaudible or where the largest depth would leave the voice
//! inaudible all the same (ratio + depth below −15 dB).
//!
//! **Flat where that is cheaper.** What a band asks for grows with the background in it, and so does what a
//! decibel there costs; the audibility that a decibel brings does not. Over music that is loud in a few of
//! the voice's bands one depth for all masked bands (a background that is heard, and a ratio below
//! the 15 dB from which the voice is audible in full) gives the same audibility for less: then that is what
//! they get ([`super::band_trade`]). It changes within a phrase for no less than a tenth of a LU.
//!
//! The reductions move by the slews, straight in decibels, and
//! are down when a phrase begins. [`super::band_gain`] applies them: at rest every bit passes.
//!
//! **The report** ([`MaskingDucker::report`]) says what it brought and what it cost: the audibility of the
//! voice before and after ([`super::audibility`]), the loudness that the background lost under speech, and
//! the loudness saved over the broadband duck that gives the same audibility. How much that is depends on
//! how background and voice overlap; it is next to nothing where the background lies in the voice's bands
//! alone and its lows are no part of its loudness.
//!
//! Sources: own design. ERB bands, as a sound hides another within the ear's filters; one depth a band and
//! phrase, as gains that followed syllables would be heard in the background; a largest depth, as a deeper
//! hole is heard as one. D. Ronan et al. (2018) and the glimpse proportion (Y. Tang, 2016) for the idea of
//! band-wise audibility.
//! Cost: an analysis of both signals (one FFT a hop and channel each) and two FFTs while gains move.
//! Latency: look-ahead + 40 ms (540 ms by default). Limits: those of the masking model; a key or background
//! beyond +20 dBFS is heard as at +20 dBFS, and what [`super::Ducker`] says of a weaker voice after
//! something loud holds here too; the report's loudness is that of the bands, 26 Hz to 18.6 kHz, by their
//! centres.

use super::audibility::FULL_DB;
use super::band_core::{BandCore, band_processor};
use super::band_follower::{BandDuckReport, BandFollower};
use super::band_unit::{BandDuckerSetup, BandDuckerStorage};
use super::key_filter::KeyFilter;
use super::reduction::{ReductionStats, mixed_db};
use crate::analysis::ERB_BANDS;
use crate::audio::Sample;
use crate::error::Error;
use crate::stream::{Field, Io, Process, Processor, Stream, params};

params! {
    /// What each band is brought to, and how the gains may move.
    pub struct MaskingDuckerParams {
        /// Excitation of the ear by the voice over that by the background that a band is brought to.
        target_db: "dB", -10.0 => 20.0, 6.0, Linear, fixed;
        /// Largest reduction of a band.
        max_depth_db: "dB", 0.0 => 40.0, 12.0, Decibel, fixed;
        /// Fastest way down.
        attack_db_per_s: "dB/s", 1.0 => 400.0, 40.0, Log, fixed;
        /// Fastest way up.
        release_db_per_s: "dB/s", 1.0 => 400.0, 8.0, Log, fixed;
        /// Time for which the gains stay down after speech.
        hold_ms: "ms", 0.0 => 10000.0, 800.0, Linear, fixed;
        /// What lies this far below the speech is a breath: no gain moves for it.
        gate_lu: "LU", 3.0 => 40.0, 15.0, Linear, fixed;
        /// Share of the ducked signal; the rest is dry and in step with it.
        mix_percent: "%", 0.0 => 100.0, 100.0, Linear, smoothed;
    }
}

impl MaskingDuckerParams {
    /// Ratio of excitations to which a steady band comes that stands at `ratio_db`, dB, with the mix, band
    /// by band (or where all masked bands stand alike); as it is where the largest depth would leave the voice inaudible.
    ///
    /// # Example
    /// ```
    /// use mixcore::dynamics::MaskingDuckerParams;
    /// let params = MaskingDuckerParams::default();
    /// let curve = [9.0, 0.0, -10.0, -30.0].map(|ratio_db| params.static_curve_db(ratio_db));
    /// assert_eq!(curve, [9.0, 6.0, 2.0, -30.0]);
    /// ```
    #[must_use]
    pub fn static_curve_db(&self, ratio_db: f64) -> f64 {
        let depth = (self.target_db - ratio_db).min(self.max_depth_db).max(0.0);
        let depth = if ratio_db + self.max_depth_db > -FULL_DB { depth } else { 0.0 };
        ratio_db - mixed_db(0.0 - depth, self.mix_percent * 1e-2)
    }
}

/// Lowers a background under speech in the bands in which it hides the voice.
///
/// The dialogue comes as the key, with as many frames as the block; without a key nobody speaks.
///
/// # Latency
/// The look-ahead and 40 ms.
///
/// # Real time
/// `process`, `set_params`, `set_key_filter` and `reset` neither allocate nor wait. The work of a hop falls
/// due every 10 ms.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::dynamics::{BandDuckerSetup, MaskingDucker, MaskingDuckerParams};
/// use mixcore::{Block, BlockMut, Io, Layout, Process, Processor, Stream, math};
///
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let mut ducker =
///     MaskingDucker::new(BandDuckerSetup::default(), MaskingDuckerParams::default(), stream)?;
/// assert_eq!(ducker.latency_frames(), 25_920);
/// // A voice of 1 kHz; music of 1 kHz, as loud, and of 100 Hz.
/// let tone = |hz: f64| move |n: i32| 0.1 * math::sin(2.0 * math::PI * hz * f64::from(n) / 48e3);
/// let voice: Vec<f32> = (0..96_000).map(|n| tone(1000.0)(n) as f32).collect();
/// let mut music: Vec<f32> =
///     (0..96_000).map(|n| (tone(1000.0)(n) + tone(100.0)(n)) as f32).collect();
/// ducker.process(Io::with_key(BlockMut::mono(&mut music), Block::mono(&voice)))?;
/// let reductions = ducker.reductions_db();
/// // Band 14 holds 1 kHz, band 2 100 Hz.
/// assert!((reductions[14] - 6.0).abs() < 0.01 && reductions[2] == 0.0);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct MaskingDucker<'a, S> {
    params: MaskingDuckerParams,
    core: BandCore<'a, S, BandFollower<'a>>,
}

band_processor!(MaskingDucker, MaskingDuckerParams, BandFollower, "background");

impl<S: Sample> MaskingDucker<'_, S> {
    /// What the key passes before it is asked whether somebody speaks, from the next frame of 10 ms on;
    /// what the voice needs, the unfiltered key says.
    pub fn set_key_filter(&mut self, filter: KeyFilter) {
        self.core.set_key_filter(filter);
    }

    /// Ratio of excitations to which a steady band comes that stands at `ratio_db`, dB, with the mix:
    /// [`MaskingDuckerParams::static_curve_db`].
    #[must_use]
    pub fn static_curve_db(&self, ratio_db: f64) -> f64 {
        self.params.static_curve_db(ratio_db)
    }

    /// What it cost and brought since the last reset.
    #[must_use]
    pub fn report(&self) -> BandDuckReport {
        self.core.decide.measurement()
    }
}
