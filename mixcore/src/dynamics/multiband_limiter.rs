//! A multiband limiter: a loud bass is held without pumping the voice above it.
//!
//! > bands = crossover(x), y = limiter(Σ_b limiter_b(band_b))
//!
//! Every band has a [`super::Limiter`] of its own with a ceiling of its own; their sum may exceed
//! each of them, so a last limiter holds the ceiling of the output. It has little left to do: what
//! would have moved everything has been held in its band. The crossover's sum is all-pass and flat
//! in magnitude ([`super::band_split`]).
//!
//! It has no key, as no limiter has one: what a ceiling is held for is the signal itself. Nor has it a
//! range or a dry share, which would let the signal over the ceiling.
//!
//! Cost: the crossover and one limiter more than there are bands. Latency: that of two limiters.
//!
//! Limits: bands x channels are at most 64. At rest the output has the phase of the crossover; where
//! every bit has to pass, take the plain limiter. Where the sum of a band's reduction and the output's is given,
//! both are those of their own clock: the output's stage is later by its latency.

use super::band_split::{BandSplit, halves, pieces_len};
use super::gain_trace::{GainTrace, Rows};
use super::limiter::Limiter;
use super::multiband_limiter_params::{MultibandLimiterParams, MultibandLimiterSetup};
use super::reduction::{ReductionStats, copy_row, raise_row};
use super::side_chain::PIECE;
use crate::audio::{Sample, Store, check_frames};
use crate::error::Error;
use crate::filters::{Crossover, CrossoverParams};
use crate::stream::{Field, Io, Process, Processor, Stream, unknown_field};

/// Memory that [`MultibandLimiter::new_in`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MultibandLimiterStorage {
    /// Samples: all limiters', and a piece of every band.
    pub samples: usize,
    /// Control values: all limiters'.
    pub control: usize,
    /// Values: the crossover.
    pub crossover: usize,
    /// Bands.
    pub bands: usize,
}

/// Memory to lend, as much as [`MultibandLimiterStorage`] says.
#[derive(Debug)]
pub struct MultibandLimiterMemory<'a, S> {
    /// For the limiters and the pieces.
    pub samples: &'a mut [S],
    /// For the limiters.
    pub control: &'a mut [f32],
    /// For the crossover.
    pub crossover: &'a mut [f64],
    /// For the limiters of the bands.
    pub bands: &'a mut [MultibandLimiterSlot<'a, S>],
}

/// Room for the limiter of one band.
#[derive(Debug)]
pub struct MultibandLimiterSlot<'a, S>(Option<Limiter<'a, S>>);

impl<S> Default for MultibandLimiterSlot<'_, S> {
    fn default() -> Self {
        Self(None)
    }
}

/// A limiter of two to six bands for any layout, with a limiter behind their sum.
///
/// # Latency
/// That of a band's limiter and that of the output's.
///
/// # Real time
/// `process`, `set_params` and `reset` neither allocate nor wait.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::dynamics::{MultibandLimiter, MultibandLimiterParams, MultibandLimiterSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Stream};
///
/// let mut params = MultibandLimiterParams::default();
/// params.bands[0].ceiling_dbtp = -12.0;
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let setup = MultibandLimiterSetup::default();
/// let mut limiter = MultibandLimiter::<f32>::new(setup, params, stream)?;
/// let mut bass: Vec<f32> = (0..48_000).map(|n| (f64::from(n) * 0.005).sin() as f32).collect();
/// limiter.process(Io::new(BlockMut::mono(&mut bass)))?; // 38 Hz lie in the lowest of three bands
/// assert!(bass[24_000..].iter().all(|x| x.abs() < 0.26)); // -12 dB are 0.251
/// assert!(limiter.band_reduction_db(0).unwrap() > 11.0);
/// assert!(limiter.output_reduction_db() < 0.1);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct MultibandLimiter<'a, S> {
    setup: MultibandLimiterSetup,
    params: MultibandLimiterParams,
    split: BandSplit<'a, S>,
    bands: Store<'a, MultibandLimiterSlot<'a, S>>,
    output: Limiter<'a, S>,
    trace: GainTrace,
}

#[cfg(feature = "alloc")]
impl<S: Sample> MultibandLimiter<'static, S> {
    /// A multiband limiter with memory of its own.
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, crossings out of order, or more than 64
    /// bands x channels.
    pub fn new(
        setup: MultibandLimiterSetup,
        params: MultibandLimiterParams,
        stream: Stream,
    ) -> Result<Self, Error> {
        Self::required_len(setup, stream)?;
        params.check(setup.crossover.bands)?;
        let bands = (0..setup.crossover.bands).map(|band| {
            let unit = Limiter::new(setup.bands, params.band(band), stream)?;
            Ok(MultibandLimiterSlot(Some(unit)))
        });
        let bands = Store::Owned(bands.collect::<Result<_, Error>>()?);
        let output = Limiter::new(setup.output, params.output(), stream)?;
        let pieces = Store::owned(pieces_len(&setup.crossover, &stream, 1), S::zero());
        let crossover = Crossover::new(setup.crossover, params.crossover, stream)?;
        let split = BandSplit::new(stream, crossover, None, pieces);
        Ok(Self { setup, params, split, bands, output, trace: GainTrace::new() })
    }
}

impl<'a, S: Sample> MultibandLimiter<'a, S> {
    /// The memory that [`MultibandLimiter::new_in`] needs.
    ///
    /// # Errors
    /// A setup or rate outside its bounds, or more than 64 bands x channels.
    pub fn required_len(
        setup: MultibandLimiterSetup,
        stream: Stream,
    ) -> Result<MultibandLimiterStorage, Error> {
        setup.validate()?;
        let crossover = Crossover::required_len(&setup.crossover, &stream)?;
        let band = Limiter::<S>::required_len(setup.bands, stream)?;
        let output = Limiter::<S>::required_len(setup.output, stream)?;
        let bands = setup.crossover.bands;
        let pieces = pieces_len(&setup.crossover, &stream, 1);
        Ok(MultibandLimiterStorage {
            samples: bands * band.samples + output.samples + pieces,
            control: bands * band.control + output.control,
            crossover,
            bands,
        })
    }

    /// A multiband limiter in lent memory of at least [`MultibandLimiter::required_len`].
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, crossings out of order, more than 64 bands x
    /// channels, or too little memory.
    pub fn new_in(
        setup: MultibandLimiterSetup,
        params: MultibandLimiterParams,
        stream: Stream,
        memory: MultibandLimiterMemory<'a, S>,
    ) -> Result<Self, Error> {
        const SAMPLES: &str = "multiband limiter sample";
        const CONTROL: &str = "multiband limiter control";
        let need = Self::required_len(setup, stream)?;
        params.check(setup.crossover.bands)?;
        let MultibandLimiterMemory { samples, control, crossover, bands } = memory;
        let (bands, _) = halves("multiband limiter slot", bands, need.bands)?;
        let crossover = Crossover::new_in(setup.crossover, params.crossover, stream, crossover)?;
        let of_a_band = Limiter::<S>::required_len(setup.bands, stream)?;
        let pieces_len = pieces_len(&setup.crossover, &stream, 1);
        let (pieces, mut samples) = halves(SAMPLES, samples, pieces_len)?;
        let pieces = Store::lent(SAMPLES, pieces, pieces_len, S::zero())?;
        let mut control = control;
        for (band, slot) in bands.iter_mut().enumerate() {
            let (own, rest) = halves(SAMPLES, samples, of_a_band.samples)?;
            let (row, rows) = halves(CONTROL, control, of_a_band.control)?;
            (samples, control) = (rest, rows);
            let unit = Limiter::new_in(setup.bands, params.band(band), stream, own, row)?;
            *slot = MultibandLimiterSlot(Some(unit));
        }
        let output = Limiter::new_in(setup.output, params.output(), stream, samples, control)?;
        let split = BandSplit::new(stream, crossover, None, pieces);
        let bands = Store::Lent(bands);
        Ok(Self { setup, params, split, bands, output, trace: GainTrace::new() })
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> MultibandLimiterSetup {
        self.setup
    }

    /// The parameters it stands at or moves to.
    #[must_use]
    pub fn params(&self) -> MultibandLimiterParams {
        self.params
    }

    /// Moves to other parameters over 20 ms from the next frame; the releases change at once.
    ///
    /// # Errors
    /// A value outside its bounds or crossings out of order; nothing changes then.
    pub fn set_params(&mut self, params: MultibandLimiterParams) -> Result<(), Error> {
        params.check(self.split.bands())?;
        self.split.set_params(params.crossover)?;
        for (band, unit) in self.bands.iter_mut().enumerate() {
            if let MultibandLimiterSlot(Some(unit)) = unit {
                unit.set_params(params.band(band))?;
            }
        }
        self.output.set_params(params.output())?;
        self.params = params;
        Ok(())
    }

    /// While any band is solo, only those that are solo are heard. A fade of 20 ms.
    ///
    /// # Errors
    /// A band that is not there.
    pub fn set_band_solo(&mut self, band: usize, solo: bool) -> Result<(), Error> {
        self.split.set_solo(band, solo)
    }

    /// A band that is muted is not heard. A fade of 20 ms.
    ///
    /// # Errors
    /// A band that is not there.
    pub fn set_band_mute(&mut self, band: usize, mute: bool) -> Result<(), Error> {
        self.split.set_mute(band, mute)
    }

    /// Lets a band pass its limiter, with the same latency.
    ///
    /// # Errors
    /// A band that is not there.
    pub fn set_band_bypass(&mut self, band: usize, bypass: bool) -> Result<(), Error> {
        self.split.check_band(band)?;
        if let Some(MultibandLimiterSlot(Some(unit))) = self.bands.get_mut(band) {
            unit.set_bypass(bypass);
        }
        Ok(())
    }

    /// Lets the sum of the bands pass all limiters, with the same latency and phase.
    pub fn set_bypass(&mut self, bypass: bool) {
        for unit in self.bands.iter_mut().filter_map(|slot| slot.0.as_mut()) {
            unit.set_bypass(bypass);
        }
        self.output.set_bypass(bypass);
    }

    /// Gain reduction of a band, counted from 0, at the last frame, dB; none for a band that is not
    /// there.
    #[must_use]
    pub fn band_reduction_db(&self, band: usize) -> Option<f64> {
        self.band(band).map(Limiter::gain_reduction_db)
    }

    /// Gain reduction of the output's limiter at the last frame, dB.
    #[must_use]
    pub fn output_reduction_db(&self) -> f64 {
        self.output.gain_reduction_db()
    }

    /// The largest gain reduction of a band at the last frame, with that of the output, dB.
    #[must_use]
    pub fn gain_reduction_db(&self) -> f64 {
        let bands = self.bands.iter().filter_map(|slot| slot.0.as_ref());
        let most = bands.map(Limiter::gain_reduction_db).fold(0.0, f64::max);
        most + self.output_reduction_db()
    }

    /// The gain reduction since the last reset, dB: of the band that is reduced most, with that of the output;
    /// none before the first frame. [`MultibandLimiter::band`] and [`MultibandLimiter::output`] have that of
    /// each.
    #[must_use]
    pub fn reduction_stats(&self) -> Option<ReductionStats> {
        self.trace.stats()
    }

    /// [`Process::process`], and the gain reduction of every frame of the block in every band and of the
    /// output, dB ≥ 0, of the channel that is reduced most.
    ///
    /// # Shape
    /// `reduction_db` has the frames of the lowest band first, then those of the next, and at last those of
    /// the output. A band's frames leave the block by the output's latency later.
    ///
    /// # Errors
    /// As `process`, and another length than (bands + 1) x frames.
    pub fn process_with_reduction(
        &mut self,
        io: Io<'_, S>,
        reduction_db: &mut [f32],
    ) -> Result<(), Error> {
        let expected = (self.split.bands() + 1).saturating_mul(io.main.frames());
        check_frames("reduction_db", reduction_db.len(), expected)?;
        self.run(io, Some(reduction_db))
    }

    fn run(&mut self, io: Io<'_, S>, trace: Option<&mut [f32]>) -> Result<(), Error> {
        let mut main = io.without_key()?;
        self.split.check(&main, None)?;
        let (bands, frames, count) = (&mut self.bands, main.frames(), self.split.bands());
        let mut rows = Rows::new(trace, frames);
        let mut at = 0;
        while at < frames {
            let end = frames.min(at + PIECE);
            let rows = rows.piece(at, end - at);
            let mut part = main.range(at, end);
            let (mut most, mut row) = ([0.0; PIECE], [0.0; PIECE]);
            let most = most.get_mut(..end - at).unwrap_or_default();
            let row = row.get_mut(..end - at).unwrap_or_default();
            self.split.run(&mut part, None, |band, io| {
                let Some(MultibandLimiterSlot(Some(unit))) = bands.get_mut(band) else {
                    return Ok(());
                };
                unit.process_with_reduction(io, row)?;
                raise_row(most, row);
                copy_row(rows.row(band), row);
                Ok(())
            })?;
            self.output.process_with_reduction(Io::new(part), row)?;
            copy_row(rows.row(count), row);
            for (most, output) in most.iter_mut().zip(&*row) {
                *most += output;
            }
            self.trace.take(self.split.isa(), most);
            at = end;
        }
        Ok(())
    }

    /// Output level of a band for a steady input level in it, dB, before the output's limiter; none
    /// for a band that is not there.
    #[must_use]
    pub fn static_curve_db(&self, band: usize, input_db: f64) -> Option<f64> {
        self.band(band).map(|unit| unit.static_curve_db(input_db))
    }

    /// The limiter of the output: its gain reduction, statistics and measured peak.
    #[must_use]
    pub fn output(&self) -> &Limiter<'a, S> {
        &self.output
    }

    /// The limiter of a band, counted from 0, lowest first; none for a band that is not there.
    #[must_use]
    pub fn band(&self, band: usize) -> Option<&Limiter<'a, S>> {
        self.bands.get(band)?.0.as_ref()
    }
}

impl<S: Sample> Processor for MultibandLimiter<'_, S> {
    fn latency_frames(&self) -> usize {
        let band = self.band(0).map_or(0, Processor::latency_frames);
        band + self.output.latency_frames()
    }

    fn tail_frames(&self) -> usize {
        let band = self.band(0).map_or(0, Processor::tail_frames);
        self.split.tail_frames().saturating_add(band + self.output.tail_frames())
    }

    fn reset(&mut self) {
        self.split.reset();
        for unit in self.bands.iter_mut().filter_map(|slot| slot.0.as_mut()) {
            unit.reset();
        }
        self.output.reset();
        self.trace = GainTrace::new();
    }

    fn fields(&self) -> &'static [Field] {
        MultibandLimiterParams::fields(self.split.bands())
    }

    fn field(&self, name: &str) -> Option<f64> {
        self.fields().iter().find(|field| field.name == name)?;
        self.params.get(name)
    }

    /// Sets a field; a crossing that is moved past others takes them along, so that their order
    /// stays.
    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        if !self.fields().iter().any(|field| field.name == name) {
            return Err(unknown_field(name));
        }
        if CrossoverParams::FIELDS.iter().any(|field| field.name == name) {
            self.split.set_field(name, value)?;
            self.params.crossover = self.split.params();
            return Ok(());
        }
        self.set_params(self.params.with(name, value)?)
    }

    fn faults(&self) -> u64 {
        self.split.faults()
    }
}

impl<S: Sample> Process<S> for MultibandLimiter<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        self.run(io, None)
    }
}
