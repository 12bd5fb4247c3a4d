//! A multiband compressor: what is loud in one band moves that band alone.
//!
//! > bands = crossover(x), y = Σ_b g_b·band_b
//!
//! The crossover has compensating all-passes, so the sum of bands that nothing changes is all-pass
//! and flat in magnitude ([`super::band_split`]); every band has a [`super::Compressor`] of its own
//! with the same look-ahead, so all stay in step.
//!
//! # Mix, bypass, solo
//! What is mixed with the compressed bands are the same bands without their gain: both have the
//! phase of the crossover, and nothing can comb. A bypass leaves the flat sum, per band or for all.
//! Solo and mute fade over 20 ms and change what is heard only: the bands go on compressing.
//!
//! # Make-up
//! A gain of each band, a share of the band's reduction at 0 dBFS, or a gain behind the sum that keeps
//! the loudness ([`super::MakeUp`]): one for all bands, so that the change of tone stays. It compares the
//! output with the input as it came, ahead by the look-ahead (20 ms of a mean over 3 s at most), and
//! stands still while bands are solo or mute.
//!
//! # Key
//! An external key passes a crossover of its own with the same crossings; each band listens to its
//! band of the key. A key of one channel is every channel's. A key filter stands in front of each band's
//! detector, behind the crossover.
//!
//! Sources: those of [`crate::filters::Crossover`] and [`super::Compressor`].
//!
//! Cost: the crossover, one compressor a band; with a key a second crossover. Latency: the
//! look-ahead, 0 by default.
//!
//! Limits: bands x channels are at most 64. Upward compression lifts what one band hides in another, so a
//! limiter belongs behind the sum.

use super::band_split::{BandSplit, halves, pieces_len};
use super::compressor::Compressor;
use super::gain_trace::{GainTrace, Rows};
use super::key_filter::KeyFilter;
use super::makeup::{LoudnessMatch, MakeUp};
use super::multiband_params::{MultibandParams, MultibandSetup, Place};
use super::reduction::{ReductionStats, copy_row, raise_row};
use super::side_chain::{PIECE, Span, piece_reach, stands_at};
use crate::audio::{Sample, Store, check_frames};
use crate::error::Error;
use crate::filters::Crossover;
use crate::kernels;
use crate::ramp::{self, Glide};
use crate::stream::{Field, Io, Process, Processor, Stream, unknown_field};

/// Memory that [`Multiband::new_in`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MultibandStorage {
    /// Samples: the look-ahead of every band, and a piece of every band of signal and key.
    pub samples: usize,
    /// Values: the detectors' windows.
    pub squares: usize,
    /// Values: the crossovers of signal and key.
    pub crossovers: usize,
    /// Bands.
    pub bands: usize,
}

/// Memory to lend, as much as [`MultibandStorage`] says.
#[derive(Debug)]
pub struct MultibandMemory<'a, S> {
    /// For the look-ahead and the pieces.
    pub samples: &'a mut [S],
    /// For the detectors' windows.
    pub squares: &'a mut [f64],
    /// For the crossovers.
    pub crossovers: &'a mut [f64],
    /// For the compressors of the bands.
    pub bands: &'a mut [MultibandSlot<'a, S>],
}

/// Room for the compressor of one band.
#[derive(Debug)]
pub struct MultibandSlot<'a, S>(Option<Compressor<'a, S>>);

impl<S> Default for MultibandSlot<'_, S> {
    fn default() -> Self {
        Self(None)
    }
}

/// A compressor of two to six bands for any layout, with look-ahead, link, key, solo and mute.
///
/// It takes an external key of one channel or of as many as the stream has.
///
/// # Latency
/// `lookahead_ms`, 0 by default.
///
/// # Real time
/// `process`, `set_params`, `set_key_filter` and `reset` neither allocate nor wait.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::dynamics::{Multiband, MultibandParams, MultibandSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Stream};
///
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let mut params = MultibandParams::default();
/// params.bands[0].threshold_dbfs = -30.0;
/// params.bands[0].ratio = 4.0;
/// let mut multiband = Multiband::<f32>::new(MultibandSetup::default(), params, stream)?;
/// let mut audio = vec![1.0_f32; 48_000]; // lies in the lowest of three bands
/// multiband.process(Io::new(BlockMut::mono(&mut audio)))?;
/// let [low, high] = [0, 2].map(|band| multiband.band(band).unwrap().gain_reduction_db());
/// assert!((low - 22.5).abs() < 1e-2 && high < 1e-2); // 30 dB over the threshold become 7.5
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Multiband<'a, S> {
    setup: MultibandSetup,
    params: MultibandParams,
    split: BandSplit<'a, S>,
    bands: Store<'a, MultibandSlot<'a, S>>,
    matched: Option<LoudnessMatch>,
    /// Shares of what is processed and of the key that is heard, as in every band.
    wet: Glide<f32>,
    listen: Glide<f32>,
    trace: GainTrace,
    /// Absolute frame of the next input.
    now: u64,
    faults: u64,
}

#[cfg(feature = "alloc")]
impl<S: Sample> Multiband<'static, S> {
    /// A multiband compressor with memory of its own.
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, crossings out of order, or more than 64
    /// bands x channels.
    pub fn new(
        setup: MultibandSetup,
        params: MultibandParams,
        stream: Stream,
    ) -> Result<Self, Error> {
        Self::required_len(setup, stream)?;
        params.check(setup.crossover.bands)?;
        let crossover = || Crossover::new(setup.crossover, params.crossover, stream);
        let bands = (0..setup.crossover.bands).map(|band| {
            let unit = Compressor::new(setup.compressor(), params.compressor(band), stream)?;
            Ok(MultibandSlot(Some(unit)))
        });
        let bands = Store::Owned(bands.collect::<Result<_, Error>>()?);
        let pieces = Store::owned(pieces_len(&setup.crossover, &stream, 2), S::zero());
        let split = BandSplit::new(stream, crossover()?, Some(crossover()?), pieces);
        Self::build(setup, params, stream, split, bands)
    }
}

impl<'a, S: Sample> Multiband<'a, S> {
    /// The memory that [`Multiband::new_in`] needs.
    ///
    /// # Errors
    /// A setup or rate outside its bounds, or more than 64 bands x channels.
    pub fn required_len(setup: MultibandSetup, stream: Stream) -> Result<MultibandStorage, Error> {
        setup.validate()?;
        let crossover = Crossover::required_len(&setup.crossover, &stream)?;
        let of_a_band = Compressor::<S>::required_len(setup.compressor(), stream)?;
        let bands = setup.crossover.bands;
        Ok(MultibandStorage {
            samples: bands * of_a_band.samples + pieces_len(&setup.crossover, &stream, 2),
            squares: bands * of_a_band.squares,
            crossovers: 2 * crossover,
            bands,
        })
    }

    /// A multiband compressor in lent memory of at least [`Multiband::required_len`].
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, crossings out of order, more than 64 bands x
    /// channels, or too little memory.
    pub fn new_in(
        setup: MultibandSetup,
        params: MultibandParams,
        stream: Stream,
        memory: MultibandMemory<'a, S>,
    ) -> Result<Self, Error> {
        let need = Self::required_len(setup, stream)?;
        params.check(setup.crossover.bands)?;
        let MultibandMemory { samples, squares, crossovers, bands } = memory;
        let given = bands.len();
        let bands = bands.get_mut(..need.bands).ok_or(Error::Storage {
            what: "multiband slot",
            given,
            required: need.bands,
        })?;
        let (main, key) = halves("multiband crossover", crossovers, need.crossovers / 2)?;
        let main = Crossover::new_in(setup.crossover, params.crossover, stream, main)?;
        let key = Crossover::new_in(setup.crossover, params.crossover, stream, key)?;
        let of_a_band = Compressor::<S>::required_len(setup.compressor(), stream)?;
        let (pieces, mut samples) =
            halves("multiband sample", samples, pieces_len(&setup.crossover, &stream, 2))?;
        let pieces = Store::lent(
            "multiband sample",
            pieces,
            pieces_len(&setup.crossover, &stream, 2),
            S::zero(),
        )?;
        let mut squares = squares;
        for (band, slot) in bands.iter_mut().enumerate() {
            let (own, rest) = halves("multiband sample", samples, of_a_band.samples)?;
            let (window, windows) = halves("multiband window", squares, of_a_band.squares)?;
            (samples, squares) = (rest, windows);
            let params = params.compressor(band);
            *slot = MultibandSlot(Some(Compressor::new_in(
                setup.compressor(),
                params,
                stream,
                own,
                window,
            )?));
        }
        let split = BandSplit::new(stream, main, Some(key), pieces);
        Self::build(setup, params, stream, split, Store::Lent(bands))
    }

    fn build(
        setup: MultibandSetup,
        params: MultibandParams,
        stream: Stream,
        split: BandSplit<'a, S>,
        bands: Store<'a, MultibandSlot<'a, S>>,
    ) -> Result<Self, Error> {
        let fade = ramp::ramp_frames(stream.rate_hz);
        Ok(Self {
            matched: match setup.makeup {
                MakeUp::Static => None,
                MakeUp::LoudnessMatched => Some(LoudnessMatch::new(&stream)?),
            },
            wet: Glide::new(1.0, fade),
            listen: Glide::new(0.0, fade),
            trace: GainTrace::new(),
            now: 0,
            faults: 0,
            setup,
            params,
            split,
            bands,
        })
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> MultibandSetup {
        self.setup
    }

    /// The parameters it stands at or moves to.
    #[must_use]
    pub fn params(&self) -> MultibandParams {
        self.params
    }

    /// Moves to other parameters over 20 ms from the next frame; the times change at once.
    ///
    /// # Errors
    /// A value outside its bounds or crossings out of order; nothing changes then.
    pub fn set_params(&mut self, params: MultibandParams) -> Result<(), Error> {
        params.check(self.setup.crossover.bands)?;
        self.split.set_params(params.crossover)?;
        for (band, unit) in self.bands.iter_mut().enumerate() {
            if let MultibandSlot(Some(unit)) = unit {
                unit.set_params(params.compressor(band))?;
            }
        }
        self.params = params;
        Ok(())
    }

    /// The compressor of a band, counted from 0, lowest first: its gain reduction, statistics and
    /// static curve; none for a band that is not there.
    #[must_use]
    pub fn band(&self, band: usize) -> Option<&Compressor<'a, S>> {
        self.bands.get(band)?.0.as_ref()
    }

    /// The largest gain reduction of any band and channel at the last frame, dB, without gains and
    /// mix; negative where every gain is raised.
    #[must_use]
    pub fn gain_reduction_db(&self) -> f64 {
        self.units().map(Compressor::gain_reduction_db).fold(f64::NEG_INFINITY, f64::max)
    }

    /// Output level of a band for a steady input level in it, dB, at the target parameters, with
    /// gain and mix; none for a band that is not there.
    #[must_use]
    pub fn static_curve_db(&self, band: usize, input_db: f64) -> Option<f64> {
        self.band(band).map(|unit| unit.static_curve_db(input_db))
    }

    /// The gain reduction since the last reset, dB, of the band and channel that is reduced most; none before
    /// the first frame. [`Multiband::band`] has that of each.
    #[must_use]
    pub fn reduction_stats(&self) -> Option<ReductionStats> {
        self.trace.stats()
    }

    /// What each band of the key passes besides before it is listened to, from the next frame on.
    pub fn set_key_filter(&mut self, filter: KeyFilter) {
        self.for_each(|unit| unit.set_key_filter(filter));
    }

    /// Lets the filtered key be heard in place of the signal, with the same latency and without
    /// gain; a cross-fade of 20 ms from the next input frame on.
    pub fn set_key_listen(&mut self, listen: bool) {
        self.listen.move_to(if listen { 1.0 } else { 0.0 }, self.now);
        self.for_each(|unit| unit.set_key_listen(listen));
    }

    /// Lets the sum of the bands pass without gain, with the same latency and phase: a cross-fade
    /// of 20 ms from the next output frame on.
    pub fn set_bypass(&mut self, bypass: bool) {
        self.wet.move_to(if bypass { 0.0 } else { 1.0 }, self.now);
        self.for_each(|unit| unit.set_bypass(bypass));
    }

    /// The same for one band.
    ///
    /// # Errors
    /// A band that is not there.
    pub fn set_band_bypass(&mut self, band: usize, bypass: bool) -> Result<(), Error> {
        self.split.check_band(band)?;
        if let Some(MultibandSlot(Some(unit))) = self.bands.get_mut(band) {
            unit.set_bypass(bypass);
        }
        Ok(())
    }

    /// While any band is solo, only those that are solo are heard. A fade of 20 ms from the next
    /// output frame on.
    ///
    /// # Errors
    /// A band that is not there.
    pub fn set_band_solo(&mut self, band: usize, solo: bool) -> Result<(), Error> {
        self.split.set_solo(band, solo)
    }

    /// A band that is muted is not heard. A fade of 20 ms from the next output frame on.
    ///
    /// # Errors
    /// A band that is not there.
    pub fn set_band_mute(&mut self, band: usize, mute: bool) -> Result<(), Error> {
        self.split.set_mute(band, mute)
    }

    fn units(&self) -> impl Iterator<Item = &Compressor<'a, S>> {
        self.bands.iter().filter_map(|slot| slot.0.as_ref())
    }

    fn for_each(&mut self, mut act: impl FnMut(&mut Compressor<'a, S>)) {
        self.bands.iter_mut().filter_map(|slot| slot.0.as_mut()).for_each(&mut act);
    }

    /// [`Process::process`], and the gain reduction of every frame of the block in every band, dB,
    /// of the channel that is reduced most.
    ///
    /// # Shape
    /// `reduction_db` has the frames of the lowest band first, then those of the next.
    ///
    /// # Errors
    /// As `process`, and another length than bands x frames.
    pub fn process_with_reduction(
        &mut self,
        io: Io<'_, S>,
        reduction_db: &mut [f32],
    ) -> Result<(), Error> {
        let expected = self.setup.crossover.bands.saturating_mul(io.main.frames());
        check_frames("reduction_db", reduction_db.len(), expected)?;
        self.run(io, Some(reduction_db))
    }

    fn run(&mut self, io: Io<'_, S>, trace: Option<&mut [f32]>) -> Result<(), Error> {
        let Io { mut main, key } = io;
        self.split.check(&main, key.as_ref())?;
        let frames = main.frames();
        let mut rows = Rows::new(trace, frames);
        let ahead = self.latency_frames() as u64;
        let mut at = 0;
        while at < frames {
            let end = frames.min(at + piece_reach(self.now));
            let mut part = main.range(at, end);
            let rows = rows.piece(at, end - at);
            let mut most = [f32::NEG_INFINITY; PIECE];
            let most = most.get_mut(..end - at).unwrap_or_default();
            let span = Span { at: 0, frames: end - at, now: self.now };
            if let Some(matched) = &mut self.matched {
                for (channel, samples) in part.channels_mut().enumerate() {
                    self.faults += kernels::clean_in_place(self.split.isa(), samples) as u64;
                    matched.hear(channel, 0, samples);
                }
            }
            let (bands, key) = (&mut self.bands, key.as_ref().map(|key| key.range(at, end)));
            self.split.run(&mut part, key.as_ref(), |band, io| {
                let Some(MultibandSlot(Some(unit))) = bands.get_mut(band) else { return Ok(()) };
                let mut row = [0.0; PIECE];
                let row = row.get_mut(..io.main.frames()).unwrap_or_default();
                unit.process_with_reduction(io, row)?;
                raise_row(most, row);
                copy_row(rows.row(band), row);
                Ok(())
            })?;
            self.trace.take(self.split.isa(), most);
            if let Some(matched) = &mut self.matched {
                for (channel, samples) in part.channels_mut().enumerate() {
                    matched.hear(channel, 1, samples);
                }
                let (split, wet, listen) = (&self.split, &self.wet, &self.listen);
                let entered = |frame: u64| frame.saturating_sub(ahead);
                let share = |frame| wet.at(frame) * (1.0 - listen.at(entered(frame)));
                let learns = |frame| {
                    stands_at(wet, 1.0, frame)
                        && stands_at(listen, 0.0, entered(frame))
                        && split.is_all_heard(frame)
                };
                matched.give(split.isa(), &mut part, span, share, learns);
            }
            self.now += span.frames as u64;
            at = end;
        }
        Ok(())
    }

    /// The gain that keeps the loudness, dB; 0 where the setup does not ask for it.
    #[must_use]
    pub fn matched_makeup_db(&self) -> f64 {
        self.matched.as_ref().map_or(0.0, LoudnessMatch::gain_db)
    }
}

impl<S: Sample> Processor for Multiband<'_, S> {
    fn latency_frames(&self) -> usize {
        self.units().next().map_or(0, Processor::latency_frames)
    }

    fn tail_frames(&self) -> usize {
        self.latency_frames() + self.split.tail_frames()
    }

    fn reset(&mut self) {
        self.split.reset();
        self.for_each(Processor::reset);
        if let Some(matched) = &mut self.matched {
            matched.reset();
        }
        self.trace = GainTrace::new();
        self.wet.settle();
        self.listen.settle();
        self.now = 0;
        self.faults = 0;
    }

    fn fields(&self) -> &'static [Field] {
        MultibandParams::fields(self.setup.crossover.bands)
    }

    fn field(&self, name: &str) -> Option<f64> {
        MultibandParams::place(name, self.setup.crossover.bands)?;
        self.params.get(name)
    }

    /// Sets a field; a crossing that is moved past others takes them along, so that their order
    /// stays.
    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        match MultibandParams::place(name, self.setup.crossover.bands) {
            None => Err(unknown_field(name)),
            Some(Place::Crossing) => {
                self.split.set_field(name, value)?;
                self.params.crossover = self.split.params();
                Ok(())
            }
            Some(_) => self.set_params(self.params.with(name, value)?),
        }
    }

    fn faults(&self) -> u64 {
        self.faults + self.split.faults()
    }
}

impl<S: Sample> Process<S> for Multiband<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        self.run(io, None)
    }
}
