//! An equaliser of up to 16 bands in one object.
//!
//! The bands work in series, each a second-order section designed after its analogue prototype
//! ([`crate::filters::design`]), so that a bell at 16 kHz is a bell. Moves are smooth: frequency and Q travel
//! in their logarithms, the gain in decibels, over 20 ms from the frame of the change; the filter
//! is designed anew at every multiple of 32 frames of the absolute counter and its coefficients run
//! straight in between. A change of shape travels the same way from the old coefficients to the new
//! ones; on and off are a fade between the band and what it takes in. All bands off: every clean
//! sample passes with its own bits.
//!
//! Coefficients and states are f64 (transposed direct form II); each channel is rounded once, at
//! the end. [`Eq::response_db`] reads the coefficients that are in use.
//!
//! Sources: those of the designs; the band pipeline is derived in [`crate::kernels::pipeline`].
//!
//! Cost: all bands of two channels side by side, one frame a step. A frame of stereo f32 in blocks of 480 at
//! AVX2: 45 instructions with one band and 86 with eight (cachegrind, with the copy of the samples in); in time,
//! indicative, on a 2-core AMD EPYC machine, 4.7 ns with one, 7.1 with eight, 12.3 with 16; of eight bells 26 ns while one
//! moves and 106 while all do, with their designs (31 in 20 ms at 48 kHz; a low-pass that is judged takes
//! up to 5.4 µs a design and a shelf with a Q above 1.2 up to 40 µs, 6 % of a core while it moves at
//! 48 kHz, so 16 of them at once are not for real time:
//! [`crate::filters::design::second_order`]). Latency: none.
//! Limits: the same curve on all channels; minimum phase.

use super::band::{Band, step_between};
use super::params::{EqBand, EqParams, EqSetup, MAX_EQ_BANDS};
use crate::audio::Sample;
use crate::error::Error;
use crate::filters::Biquad;
use crate::filters::design::MAX_SECTIONS;
use crate::filters::pipes::Pipes;
use crate::kernels::{self, PipeBand};
use crate::ramp::{GRID_FRAMES, ramp_frames};
use crate::stream::{Field, Io, Process, Processor, Stream, unknown_field};
use crate::units::gain_to_db;

const _: () = assert!(MAX_EQ_BANDS <= MAX_SECTIONS);

/// An equaliser: bands in series, the same on every channel of a stream.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and
/// are counted. At rest a band gives less than 10^4 times its input, whatever that is, so 16 of them
/// give less than 10^70: no number runs over, and what exceeds an f32 is held at its largest. Bands
/// that move without rest have no such bound (none is known to run over): should one, its output is 0
/// and counted, and it starts anew at the next multiple of 64 frames.
///
/// # Real time
/// `process`, `set_band`, `set_params`, `set_field` and `reset` neither allocate nor wait.
///
/// # Example
/// ```
/// use mixcore::filters::design::Shape;
/// use mixcore::filters::{Eq, EqBand, EqParams, EqSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream};
/// let params = EqParams::new(&[
///     EqBand::new(Shape::HighPass, 80.0, 0.0, 0.71),
///     EqBand::new(Shape::Bell, 250.0, -4.0, 1.4),
///     EqBand::new(Shape::HighShelf, 8000.0, 3.0, 0.7),
/// ]);
/// let setup = EqSetup { bands: 3, ..EqSetup::default() };
/// let mut eq = Eq::new(setup, params, Stream::new(48_000.0, Layout::STEREO)?)?;
/// assert!((eq.response_db(250.0) + 4.0).abs() < 0.1);
/// eq.set_field("band2_gain_db", 0.0)?; // moves over 20 ms of audio
/// let (mut left, mut right) = ([0.25_f32; 992], [0.25; 992]);
/// eq.process(Io::new(BlockMut::stereo(&mut left, &mut right)?))?;
/// assert!(eq.response_db(250.0).abs() < 0.1);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Eq {
    setup: EqSetup,
    params: EqParams,
    stream: Stream,
    bands: [Band; MAX_EQ_BANDS],
    pipes: Pipes,
    /// The frames between which the coefficients run straight: origin, and where the next begins.
    origin: u64,
    end: u64,
    /// All bands are off: samples pass.
    idle: bool,
    /// Absolute frame of the next input.
    now: u64,
    faults: u64,
}

impl Eq {
    /// An equaliser that stands at `params`.
    ///
    /// # Errors
    /// A number of bands, a field or a rate outside its bounds; a frequency at or above Nyquist.
    pub fn new(setup: EqSetup, params: EqParams, stream: Stream) -> Result<Self, Error> {
        stream.validate()?;
        setup.validate()?;
        params.validate(setup.bands, &stream)?;
        let frames = ramp_frames(stream.rate_hz);
        let mut eq = Self {
            setup,
            params,
            stream,
            bands: params.bands.map(|band| Band::new(band, setup.method, stream.rate_hz, frames)),
            pipes: Pipes::new(setup.bands, stream.channel_count())?,
            origin: 0,
            end: 0,
            idle: false,
            now: 0,
            faults: 0,
        };
        eq.plan();
        Ok(eq)
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> EqSetup {
        self.setup
    }

    /// The parameters it stands at or moves to.
    #[must_use]
    pub fn params(&self) -> EqParams {
        self.params
    }

    /// Moves to other parameters over 20 ms from the next frame.
    ///
    /// # Errors
    /// A field outside its bounds, or a frequency at or above Nyquist; nothing changes then.
    pub fn set_params(&mut self, params: EqParams) -> Result<(), Error> {
        params.validate(self.setup.bands, &self.stream)?;
        if params != self.params {
            let position = self.position();
            let bands = self.bands.iter_mut().zip(&params.bands).take(self.setup.bands);
            for (index, (band, &target)) in bands.enumerate() {
                band.move_to(target, self.now, &self.pipes.at(index, position));
            }
            self.params = params;
            self.plan();
        }
        Ok(())
    }

    /// One band, counted from 0: what it stands at or moves to.
    ///
    /// # Errors
    /// A band that this equaliser does not have.
    pub fn band(&self, index: usize) -> Result<EqBand, Error> {
        self.check(index)?;
        Ok(self.params.bands.get(index).copied().unwrap_or_default())
    }

    /// Moves one band, counted from 0, over 20 ms from the next frame.
    ///
    /// # Errors
    /// A band that this equaliser does not have, a field outside its bounds, or a frequency at or
    /// above Nyquist; nothing changes then.
    pub fn set_band(&mut self, index: usize, band: EqBand) -> Result<(), Error> {
        self.check(index)?;
        let mut params = self.params;
        if let Some(to) = params.bands.get_mut(index) {
            *to = band;
        }
        self.set_params(params)
    }

    /// Gain at `hz` of the coefficients that the next frame meets, dB; -inf where nothing passes.
    #[must_use]
    pub fn response_db(&self, hz: f64) -> f64 {
        let bands = 0..self.setup.bands;
        let gains = bands.map(|band| self.in_use(band).gain_at(hz, self.stream.rate_hz));
        gain_to_db(gains.fold(1.0, |all, gain| all * gain))
    }

    /// Gain at `hz` of one band, counted from 0, as [`Eq::response_db`].
    ///
    /// # Errors
    /// A band that this equaliser does not have.
    pub fn band_response_db(&self, index: usize, hz: f64) -> Result<f64, Error> {
        self.check(index)?;
        Ok(self.in_use(index).response_db(hz, self.stream.rate_hz))
    }

    fn check(&self, index: usize) -> Result<(), Error> {
        #[expect(clippy::cast_precision_loss, reason = "only compared with a small bound")]
        let (given, last) = (index as f64, self.setup.bands as f64 - 1.0);
        Error::check_range("band index (from 0)", given, 0.0, last).map(|_| ())
    }

    /// A band as one filter: what it gives and what it lets by, over the same denominator.
    fn in_use(&self, band: usize) -> Biquad {
        let PipeBand { section, dry } = self.pipes.at(band, self.position());
        let ([b0, b1, b2], [a1, a2]) = (section.b, section.a);
        let mix = |wet: f64, by: f64| if dry == 0.0 { wet } else { wet + dry * (by - wet) };
        Biquad { b: [mix(b0, 1.0), mix(b1, a1), mix(b2, a2)], a: section.a }
    }

    /// Frames from the origin of the segment to the next frame. Only a moving segment counts them,
    /// and it has 32 at most.
    fn position(&self) -> usize {
        (self.now - self.origin).min(GRID_FRAMES) as usize
    }

    /// Begins a segment at the next frame.
    fn plan(&mut self) {
        let now = self.now;
        let end = (now - now % GRID_FRAMES).saturating_add(GRID_FRAMES);
        let (method, rate_hz) = (self.setup.method, self.stream.rate_hz);
        (self.origin, self.end, self.idle) = (now, u64::MAX, true);
        for (index, band) in self.bands.iter_mut().take(self.setup.bands).enumerate() {
            let (start, stop) = band.segment(now, end, method, rate_hz);
            let step = match stop {
                Some(stop) => step_between(&start, &stop, end - now),
                None => PipeBand::STILL,
            };
            self.pipes.set(index, &start, &step);
            if band.is_out() {
                self.pipes.clear(index);
            } else {
                self.idle = false;
            }
            if stop.is_some() {
                self.end = end;
            }
        }
    }
}

impl Processor for Eq {
    fn latency_frames(&self) -> usize {
        0
    }

    fn tail_frames(&self) -> usize {
        let targets = self.bands.iter().take(self.setup.bands).map(|band| {
            let settled = band.at(u64::MAX, self.setup.method, self.stream.rate_hz).section;
            Biquad { b: settled.b, a: settled.a }
        });
        let now = Pipes::tail_frames((0..self.setup.bands).map(|band| self.in_use(band)));
        now.max(Pipes::tail_frames(targets))
    }

    fn reset(&mut self) {
        self.pipes.reset();
        self.now = 0;
        self.faults = 0;
        for band in &mut self.bands {
            band.settle(self.setup.method, self.stream.rate_hz);
        }
        self.plan();
    }

    fn fields(&self) -> &'static [Field] {
        EqParams::fields(self.setup.bands)
    }

    fn field(&self, name: &str) -> Option<f64> {
        self.fields().iter().find(|field| field.name == name)?;
        self.params.get(name)
    }

    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        if self.fields().iter().all(|field| field.name != name) {
            return Err(unknown_field(name));
        }
        self.set_params(self.params.with(name, value)?)
    }

    fn faults(&self) -> u64 {
        self.faults
    }
}

impl<S: Sample> Process<S> for Eq {
    fn process(&mut self, mut io: Io<'_, S>) -> Result<(), Error> {
        let main = io.main_without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        let frames = main.frames();
        let isa = self.stream.isa;
        let mut done = 0;
        while done < frames {
            if self.now >= self.end {
                self.plan();
            }
            #[expect(clippy::cast_possible_truncation, reason = "cut to what is left")]
            let count = ((self.end - self.now).min((frames - done) as u64)) as usize;
            let mut part = main.range(done, done + count);
            if self.idle {
                for channel in part.channels_mut() {
                    self.faults += kernels::clean_in_place(isa, channel) as u64;
                }
            } else {
                let position = self.position();
                self.faults += self.pipes.run(isa, self.now, position, &mut part);
            }
            done += count;
            self.now += count as u64;
        }
        Ok(())
    }
}
