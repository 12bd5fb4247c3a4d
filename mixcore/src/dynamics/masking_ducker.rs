//! A ducker that lowers the background only in the bands in which it hides the voice.
//!
//! A broadband duck takes the whole background down by what the worst band needs. Here every ERB band is
//! brought, over a phrase, to a ratio of voice to background in the ear's excitation, and no further;
//! bass and air stay.
//!
//! The key is the dialogue. Every 10 ms [`crate::analysis::Masking`] gives the excitations E_v and E_b of
//! 40 bands; phrases are those of [`super::Ducker`]. Over the frames of the phrase that count, those of
//! the look-ahead included, in each band i that carries words (importance above 0: 140 Hz to 9 kHz):
//!
//! > ratio_i = 10 log10(Σ E_v / Σ E_b),  depth_i = target − ratio_i, from 0 to `max_depth_db`
//!
//! and 0 where the background is inaudible or where the largest depth would leave the voice inaudible
//! all the same (ratio + depth below −15 dB). The reductions move by the slews, straight in decibels, and
//! are down when a phrase begins. [`super::band_gain`] applies them: at rest every bit passes.
//!
//! **The report** ([`MaskingDucker::report`]) says what it brought and what it cost: the audibility of the
//! voice before and after ([`super::audibility`]), the loudness that the background lost under speech, and
//! the loudness saved over the broadband duck that gives the same audibility. How much that is depends on
//! how background and voice overlap; it can be negative where the background lies in the voice's bands
//! alone and its lows are no part of its loudness.
//!
//! Sources: own design, after the prototype in the project's notes (ratio in 34 ERB bands, capped); D.
//! Ronan et al. (2018) and the glimpse proportion (Y. Tang, 2016) for the idea of band-wise audibility.
//! Cost: an analysis of both signals (one FFT a hop and channel each) and two FFTs while gains move.
//! Latency: look-ahead + 40 ms (540 ms by default). Limits: those of the masking model; the report's
//! loudness is that of the bands, 26 Hz to 18.6 kHz, by their centres.

use super::band_follower::{BandDuckReport, BandFollower};
use super::band_unit::{BandDuckerSetup, BandDuckerStorage, BandUnit};
use crate::analysis::ERB_BANDS;
use crate::audio::{Sample, Store};
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
/// `process`, `set_params`, `set_bypass` and `reset` neither allocate nor wait. The work of a hop falls
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
    setup: BandDuckerSetup,
    params: MaskingDuckerParams,
    unit: BandUnit<'a, S>,
    follower: BandFollower<'a>,
    bypass: bool,
}

#[cfg(feature = "alloc")]
impl<S: Sample> MaskingDucker<'static, S> {
    /// A ducker with memory of its own.
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, or a key with more channels than the stream.
    pub fn new(
        setup: BandDuckerSetup,
        params: MaskingDuckerParams,
        stream: Stream,
    ) -> Result<Self, Error> {
        params.validate()?;
        let (frames, _) = setup.plan(&stream)?;
        let unit = BandUnit::new(&setup, stream)?;
        let ring = Store::owned(BandFollower::required_len(frames), 0.0);
        let follower = BandFollower::new(frames, stream.rate_hz, ring)?;
        Ok(Self { setup, params, unit, follower, bypass: false })
    }
}

impl<'a, S: Sample> MaskingDucker<'a, S> {
    /// The memory that [`MaskingDucker::new_in`] needs.
    ///
    /// # Errors
    /// A setup or rate outside its bounds, or a key with more channels than the stream.
    pub fn required_len(
        setup: BandDuckerSetup,
        stream: Stream,
    ) -> Result<BandDuckerStorage, Error> {
        let (frames, _) = setup.plan(&stream)?;
        let BandDuckerStorage { samples, numbers } = BandUnit::<S>::required_len(&setup, &stream)?;
        Ok(BandDuckerStorage { samples, numbers: numbers + BandFollower::required_len(frames) })
    }

    /// A ducker in lent memory of at least [`MaskingDucker::required_len`].
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, a key with more channels than the stream, or too
    /// little memory.
    pub fn new_in(
        setup: BandDuckerSetup,
        params: MaskingDuckerParams,
        stream: Stream,
        samples: &'a mut [S],
        numbers: &'a mut [f64],
    ) -> Result<Self, Error> {
        const WHAT: &str = "ducker number";
        params.validate()?;
        let (frames, _) = setup.plan(&stream)?;
        let (given, required) = (numbers.len(), BandFollower::required_len(frames));
        let Some((ring, rest)) = numbers.split_at_mut_checked(required) else {
            return Err(Error::Storage { what: WHAT, given, required });
        };
        let unit = BandUnit::new_in(&setup, stream, samples, rest)?;
        let ring = Store::lent(WHAT, ring, required, 0.0)?;
        let follower = BandFollower::new(frames, stream.rate_hz, ring)?;
        Ok(Self { setup, params, unit, follower, bypass: false })
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> BandDuckerSetup {
        self.setup
    }

    /// The parameters.
    #[must_use]
    pub fn params(&self) -> MaskingDuckerParams {
        self.params
    }

    /// Takes other parameters from the next frame of 10 ms on; the gains move by their slews.
    ///
    /// # Errors
    /// A value outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: MaskingDuckerParams) -> Result<(), Error> {
        params.validate()?;
        self.params = params;
        Ok(())
    }

    /// Whether it lets the background pass.
    #[must_use]
    pub fn bypass(&self) -> bool {
        self.bypass
    }

    /// Lets the background pass with the same latency; the gains go up, and down again, by the slews.
    pub fn set_bypass(&mut self, bypass: bool) {
        self.bypass = bypass;
    }

    /// Reduction of each ERB band ([`crate::analysis::ErbBands`]) in the newest frame that has left,
    /// dB ≥ 0.
    #[must_use]
    pub fn reductions_db(&self) -> &[f64; ERB_BANDS] {
        self.follower.reductions()
    }

    /// The largest reduction of any band since the last reset, dB ≥ 0.
    #[must_use]
    pub fn max_gain_reduction_db(&self) -> f64 {
        self.follower.largest_db()
    }

    /// What it cost and brought since the last reset.
    #[must_use]
    pub fn report(&self) -> BandDuckReport {
        self.follower.measurement()
    }
}

impl<S: Sample> Processor for MaskingDucker<'_, S> {
    fn latency_frames(&self) -> usize {
        self.unit.latency_frames()
    }

    fn tail_frames(&self) -> usize {
        self.unit.latency_frames()
    }

    fn reset(&mut self) {
        self.unit.reset();
        self.follower.reset();
    }

    fn fields(&self) -> &'static [Field] {
        MaskingDuckerParams::FIELDS
    }

    fn field(&self, name: &str) -> Option<f64> {
        self.params.get(name)
    }

    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        self.set_params(self.params.with(name, value)?)
    }

    fn faults(&self) -> u64 {
        self.unit.faults()
    }
}

impl<S: Sample> Process<S> for MaskingDucker<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        let Self { params, unit, follower, bypass, .. } = self;
        let depth = if *bypass { 0.0 } else { params.max_depth_db };
        let params = MaskingDuckerParams { max_depth_db: depth, ..*params };
        let Io { mut main, key } = io;
        unit.process(&mut main, key.as_ref(), |frame| follower.push(frame, &params))
    }
}
