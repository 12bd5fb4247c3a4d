//! The Haas effect: a pair becomes wide, or leans to a side, by delaying the other one.
//!
//! Of two equal sounds that are 1 to 35 ms apart the ear hears one, where the first one comes from,
//! even if the later one is up to 10 dB louder (the law of the first wavefront). One side of the pair
//! gets a delay τ and a gain g.
//!
//! **It costs mono.** With the same source in both sides the mono sum (L + R)/2 is a comb: from
//! (1 + g)/2 at 0, 1/τ, 2/τ … down to |1 − g|/2 at 1/2τ, 3/2τ …, so it is
//! 20·log10((1 + g)/|1 − g|) dB deep: [`MonoComb`], whose text is the warning.
//!
//! Sources: H. Haas, "Über den Einfluss eines Einfachechos auf die Hörsamkeit von Sprache", Acustica
//! 1 (1951), 49; the comb follows from 1 + g·e^(−jωτ).
//! Cost: a delay of every channel, and 48 products a frame where τ is no whole number of frames.
//! Latency: 23 frames, which the fractional delay needs of what comes after.
//! Limits: a change of τ runs at 1 % of a frame per frame ([`crate::filters::FractionalDelay`]), which
//! is a pitch of 17 cents so long; a change of g takes 20 ms.

use core::fmt;

use super::Pair;
use super::stereo::PASS_FRAMES;
use crate::audio::{BlockMut, Layout, Sample};
use crate::error::Error;
use crate::filters::{Delay, FractionalDelay, FractionalDelayParams, FractionalDelaySetup};
use crate::ramp::{GainRamp, ramp_frames};
use crate::stream::{Field, Io, Process, Processor, Stream, params};
use crate::units::{db_to_gain, gain_to_db};

/// What the fractional delay needs of what comes after, frames: its own latency, asserted by the
/// latency test.
const LATENCY: usize = 23;

/// Longest delay, ms: the end of the range above.
const MAX_DELAY_MS: f64 = 35.0;

/// A side of a pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
pub enum PairSide {
    /// The left one.
    Left,
    /// The right one.
    #[default]
    Right,
}

/// What is fixed for life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct HaasSetup {
    /// The pair; the other channels pass, as late as it.
    pub pair: Pair,
    /// The side that comes later: the source is heard at the other one.
    pub later: PairSide,
}

params! {
    /// What may move.
    pub struct HaasParams {
        /// Delay of the later side; moves by 1 % of a frame per frame.
        delay_ms: "ms", 1.0 => MAX_DELAY_MS, 15.0, Linear, smoothed;
        /// Level of the later side.
        gain_db: "dB", -24.0 => 12.0, 0.0, Decibel, smoothed;
    }
}

impl HaasParams {
    /// What becomes of a source that is the same in both sides in a mono sum (L + R)/2.
    ///
    /// # Errors
    /// A parameter out of range or not finite.
    ///
    /// # Example
    /// ```
    /// use mixcore::spatial::HaasParams;
    /// let comb = HaasParams { delay_ms: 10.0, gain_db: -6.0 }.mono_comb()?;
    /// assert_eq!((comb.first_notch_hz, comb.spacing_hz), (50.0, 100.0));
    /// assert!((comb.depth_db() - 9.57).abs() < 0.01);
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn mono_comb(&self) -> Result<MonoComb, Error> {
        self.validate()?;
        let gain = db_to_gain(self.gain_db);
        Ok(MonoComb {
            first_notch_hz: 500.0 / self.delay_ms,
            spacing_hz: 1000.0 / self.delay_ms,
            peak_db: gain_to_db((1.0 + gain) * 0.5),
            notch_db: gain_to_db((1.0 - gain).abs() * 0.5),
        })
    }
}

/// The comb that a delayed side leaves in the mono sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MonoComb {
    /// Lowest frequency that cancels, Hz.
    pub first_notch_hz: f64,
    /// From one notch, or peak, to the next, Hz.
    pub spacing_hz: f64,
    /// Level at the peaks (0 Hz is one), dB.
    pub peak_db: f64,
    /// Level at the notches, dB; -inf where both sides are equally loud.
    pub notch_db: f64,
}

impl MonoComb {
    /// From a peak to a notch, dB: 20·log10((1 + g)/|1 − g|); infinite where both sides are equally
    /// loud.
    #[must_use]
    pub fn depth_db(&self) -> f64 {
        self.peak_db - self.notch_db
    }
}

impl fmt::Display for MonoComb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "in mono a comb {:.1} dB deep: {:+.1} dB at the peaks, {:+.1} dB at {:.0} Hz and every {:.0} Hz above; lower the later side, or keep the source out of the mono sum",
            self.depth_db(),
            self.peak_db,
            self.notch_db,
            self.first_notch_hz,
            self.spacing_hz
        )
    }
}

/// Delays one side of a pair by 1 to 35 ms.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and are
/// counted.
///
/// # Latency
/// 23 frames, on every channel; the later side comes its delay after that.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::spatial::{Haas, HaasParams, HaasSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream};
/// let stream = Stream::new(48_000.0, Layout::STEREO)?;
/// let params = HaasParams { delay_ms: 2.0, gain_db: 0.0 };
/// let mut haas = Haas::new(HaasSetup::default(), params, stream)?;
/// let (mut left, mut right) = ([0.0_f32; 200], [0.0; 200]);
/// (left[0], right[0]) = (0.5, 0.5);
/// haas.process(Io::new(BlockMut::stereo(&mut left, &mut right)?))?;
/// assert_eq!((left[23], right[23 + 96]), (0.5, 0.5));
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Haas<'a, S> {
    setup: HaasSetup,
    params: HaasParams,
    stream: Stream,
    /// The later side.
    later: FractionalDelay<'a, S>,
    /// All channels, by the latency.
    others: Delay<'a, S>,
    ramp: GainRamp,
    /// Frames since the start.
    frame: u64,
}

/// Samples that a [`Haas`] works in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Need {
    later: usize,
    others: usize,
}

#[cfg(feature = "alloc")]
impl<S: Sample> Haas<'static, S> {
    /// A Haas delay in memory of its own.
    ///
    /// # Errors
    /// As [`Haas::new_in`], but for the memory.
    pub fn new(setup: HaasSetup, params: HaasParams, stream: Stream) -> Result<Self, Error> {
        check(setup, params, &stream)?;
        let later = FractionalDelay::new(LATER, of(params), one(stream))?;
        Ok(Self::over(setup, params, stream, later, Delay::new(LATENCY, stream)?))
    }
}

impl<'a, S: Sample> Haas<'a, S> {
    /// A Haas delay in lent memory of [`Haas::required_len`] samples or more.
    ///
    /// # Errors
    /// A parameter out of range, a pair that the layout does not have, a stream out of range, or too
    /// little memory.
    pub fn new_in(
        setup: HaasSetup,
        params: HaasParams,
        stream: Stream,
        memory: &'a mut [S],
    ) -> Result<Self, Error> {
        check(setup, params, &stream)?;
        let need = Self::need(&stream)?;
        let (given, required) = (memory.len(), need.later + need.others);
        let Some((later, others)) = memory.split_at_mut_checked(need.later) else {
            return Err(Error::Storage { what: "Haas delay", given, required });
        };
        let later = FractionalDelay::new_in(LATER, of(params), one(stream), later)?;
        Ok(Self::over(setup, params, stream, later, Delay::new_in(LATENCY, stream, others)?))
    }

    /// Samples of memory that a Haas delay needs.
    ///
    /// # Errors
    /// A stream out of range.
    pub fn required_len(stream: &Stream) -> Result<usize, Error> {
        let need = Self::need(stream)?;
        Ok(need.later + need.others)
    }

    fn need(stream: &Stream) -> Result<Need, Error> {
        Ok(Need {
            later: FractionalDelay::<S>::required_len(&LATER, &one(*stream))?,
            others: Delay::<S>::required_len(LATENCY, stream)?,
        })
    }

    fn over(
        setup: HaasSetup,
        params: HaasParams,
        stream: Stream,
        later: FractionalDelay<'a, S>,
        others: Delay<'a, S>,
    ) -> Self {
        let ramp = GainRamp::new(params.gain_db, ramp_frames(stream.rate_hz));
        Self { setup, params, stream, later, others, ramp, frame: 0 }
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> HaasSetup {
        self.setup
    }

    /// The parameters it stands at or moves to.
    #[must_use]
    pub fn params(&self) -> HaasParams {
        self.params
    }

    /// Moves to other parameters from the next frame on.
    ///
    /// # Errors
    /// A parameter out of range; nothing changes then.
    pub fn set_params(&mut self, params: HaasParams) -> Result<(), Error> {
        params.validate()?;
        self.later.set_params(of(params))?;
        self.ramp.move_to(params.gain_db, self.frame);
        self.params = params;
        Ok(())
    }

    /// At most [`PASS_FRAMES`] frames.
    fn run(
        &mut self,
        main: &mut BlockMut<'_, S>,
        start: usize,
        frames: usize,
    ) -> Result<(), Error> {
        let channel = match self.setup.later {
            PairSide::Left => self.setup.pair.left,
            PairSide::Right => self.setup.pair.right,
        };
        let mut row = [S::zero(); PASS_FRAMES];
        let Some(row) = row.get_mut(..frames) else { return Ok(()) };
        copy(main.channels_mut().nth(channel), start, row);
        self.later.process(Io::new(BlockMut::mono(row)))?;
        let (mut rest, mut now) = (&mut *row, self.frame);
        while !rest.is_empty() {
            let segment = self.ramp.segment(now, rest.len());
            let Some((part, after)) = rest.split_at_mut_checked(segment.frames) else { break };
            segment.apply(self.stream.isa, part, 1.0);
            now += segment.frames as u64;
            rest = after;
        }
        self.others.process(Io::new(main.range(start, start + frames)))?;
        if let Some(to) = main.channels_mut().nth(channel) {
            for (to, from) in to.iter_mut().skip(start).zip(row) {
                *to = *from;
            }
        }
        self.frame = now;
        Ok(())
    }
}

/// What is fixed of the later side.
const LATER: FractionalDelaySetup =
    FractionalDelaySetup { max_delay_ms: MAX_DELAY_MS, max_slew: 0.01 };

fn check(setup: HaasSetup, params: HaasParams, stream: &Stream) -> Result<(), Error> {
    stream.validate()?;
    params.validate()?;
    setup.pair.check(stream)
}

fn of(params: HaasParams) -> FractionalDelayParams {
    FractionalDelayParams { delay_ms: params.delay_ms }
}

/// The stream of the later side.
fn one(stream: Stream) -> Stream {
    Stream { layout: Layout::MONO, ..stream }
}

fn copy<S: Copy>(from: Option<&mut [S]>, start: usize, to: &mut [S]) {
    for (to, from) in to.iter_mut().zip(from.into_iter().flatten().skip(start)) {
        *to = *from;
    }
}

impl<S: Sample> Processor for Haas<'_, S> {
    fn latency_frames(&self) -> usize {
        LATENCY
    }

    fn tail_frames(&self) -> usize {
        self.later.tail_frames()
    }

    fn reset(&mut self) {
        self.later.reset();
        self.others.reset();
        self.ramp.settle();
        self.frame = 0;
    }

    fn fields(&self) -> &'static [Field] {
        HaasParams::FIELDS
    }

    fn field(&self, name: &str) -> Option<f64> {
        self.params.get(name)
    }

    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        self.set_params(self.params.with(name, value)?)
    }

    /// The later side goes through both delays and is counted in one.
    fn faults(&self) -> u64 {
        self.others.faults()
    }
}

impl<S: Sample> Process<S> for Haas<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        let mut main = io.without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        let mut start = 0;
        while start < main.frames() {
            let frames = (main.frames() - start).min(PASS_FRAMES);
            self.run(&mut main, start, frames)?;
            start += frames;
        }
        Ok(())
    }
}
