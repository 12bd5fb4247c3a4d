//! The mono-maker: below a frequency both sides of a pair play the same.
//!
//! For vinyl, for a subwoofer that is fed with the sum, and for low ends that would cancel in a mono
//! fold-down. The side S = (L − R)/2 loses what lies below the crossing, by the high half H of a
//! Linkwitz-Riley crossing of fourth order; the middle M = (L + R)/2 goes through the all-pass A = low
//! + high half of the same crossing, so that both stay in step:
//!
//! > L' = A·M + H·S, R' = A·M − H·S
//!
//! The mono sum keeps its level at every frequency; a source on one side keeps its level above the
//! crossing and stands in the middle below it, at half of its amplitude in both.
//!
//! Sources: S. H. Linkwitz, JAES 24(1), 1976 ([`crate::filters::Crossover`]); the matrix is Blumlein's.
//! Cost: that of a crossover of two bands on two channels, and ten operations a frame. Latency: none.
//! Limits: one pair; the phase of the all-pass turns by 360° through the crossing.

use super::Pair;
use super::stereo::{PASS_FRAMES, passes};
use crate::audio::{Block, BlockMut, Layout, Sample};
use crate::error::Error;
use crate::filters::{Crossover, CrossoverParams, CrossoverSetup};
use crate::kernels;
use crate::stream::{Convert, Field, Io, Process, Processor, Stream, params};

/// What is fixed for life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct MonoMakerSetup {
    /// The pair; the other channels pass.
    pub pair: Pair,
}

params! {
    /// What may move: over 20 ms along log Hz.
    pub struct MonoMakerParams {
        /// Below it the pair is mono (6 dB down in the side at it).
        crossing_hz: "Hz", 20.0 => 1000.0, 120.0, Log, smoothed;
    }
}

/// Two bands at 24 dB/oct, whose halves add up without inversion.
const SETUP: CrossoverSetup =
    CrossoverSetup { bands: 2, slope: crate::filters::design::CrossoverSlope::Db24 };

/// Makes a pair mono below a frequency.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and are
/// counted.
///
/// # Latency
/// None.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::spatial::{MonoMaker, MonoMakerParams, MonoMakerSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Stream};
/// let stream = Stream::new(48_000.0, Layout::STEREO)?;
/// let mut maker = MonoMaker::new(MonoMakerSetup::default(), MonoMakerParams::default(), stream)?;
/// let (mut left, mut right) = ([1.0_f64; 9_600], [0.0; 9_600]); // what is steady is low
/// maker.process(Io::new(BlockMut::stereo(&mut left, &mut right)?))?;
/// assert!((left[9_599] - 0.5).abs() < 1e-9 && (right[9_599] - 0.5).abs() < 1e-9);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct MonoMaker<'a> {
    setup: MonoMakerSetup,
    params: MonoMakerParams,
    stream: Stream,
    /// Of the middle and the side.
    crossover: Crossover<'a>,
    faults: u64,
}

#[cfg(feature = "alloc")]
impl MonoMaker<'static> {
    /// A mono-maker in memory of its own.
    ///
    /// # Errors
    /// As [`MonoMaker::new_in`], but for the memory.
    pub fn new(
        setup: MonoMakerSetup,
        params: MonoMakerParams,
        stream: Stream,
    ) -> Result<Self, Error> {
        let inner = check(setup, params, stream)?;
        Ok(Self::over(setup, params, stream, Crossover::new(SETUP, of(params)?, inner)?))
    }
}

impl<'a> MonoMaker<'a> {
    /// A mono-maker in lent memory of [`MonoMaker::required_len`] numbers or more.
    ///
    /// # Errors
    /// A crossing outside 20 Hz to 1 kHz, a pair that the layout does not have, a stream out of range,
    /// or too little memory.
    pub fn new_in(
        setup: MonoMakerSetup,
        params: MonoMakerParams,
        stream: Stream,
        memory: &'a mut [f64],
    ) -> Result<Self, Error> {
        let inner = check(setup, params, stream)?;
        let crossover = Crossover::new_in(SETUP, of(params)?, inner, memory)?;
        Ok(Self::over(setup, params, stream, crossover))
    }

    /// Numbers of memory that a mono-maker needs.
    ///
    /// # Errors
    /// A stream out of range.
    pub fn required_len(stream: &Stream) -> Result<usize, Error> {
        Crossover::required_len(&SETUP, &Stream { layout: Layout::STEREO, ..*stream })
    }

    fn over(
        setup: MonoMakerSetup,
        params: MonoMakerParams,
        stream: Stream,
        crossover: Crossover<'a>,
    ) -> Self {
        Self { setup, params, stream, crossover, faults: 0 }
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> MonoMakerSetup {
        self.setup
    }

    /// The parameters it stands at or moves to.
    #[must_use]
    pub fn params(&self) -> MonoMakerParams {
        self.params
    }

    /// Moves the crossing over 20 ms from the next frame.
    ///
    /// # Errors
    /// A crossing out of range; nothing changes then.
    pub fn set_params(&mut self, params: MonoMakerParams) -> Result<(), Error> {
        params.validate()?;
        self.crossover.set_params(of(params)?)?;
        self.params = params;
        Ok(())
    }

    /// Gain of the side at `hz`, dB, at the crossing that it stands at or moves to; the middle's is 0.
    ///
    /// # Errors
    /// None; as [`Crossover::band_target_response_db`].
    pub fn side_response_db(&self, hz: f64) -> Result<f64, Error> {
        self.crossover.band_target_response_db(1, hz)
    }

    /// At most [`PASS_FRAMES`] frames.
    fn run<S: Sample>(&mut self, left: &mut [S], right: &mut [S]) -> Result<(), Error> {
        let isa = self.stream.isa;
        let mut rows = [[S::zero(); PASS_FRAMES]; 6];
        let mut rows = rows.each_mut().map(|row| row.get_mut(..left.len()).unwrap_or_default());
        let [middle, side, bands @ ..] = &mut rows;
        self.faults +=
            (kernels::clean(isa, left, middle) + kernels::clean(isa, right, side)) as u64;
        let half = S::from_f64(0.5);
        for (m, s) in middle.iter_mut().zip(side.iter_mut()) {
            (*m, *s) = ((*m + *s) * half, (*m - *s) * half);
        }
        self.crossover.convert(Block::stereo(middle, side)?, BlockMut::new(bands)?)?;
        let [middle_low, _, middle_high, side_high] = bands;
        let middle = middle_low.iter().zip(middle_high.iter()).map(|(low, high)| *low + *high);
        let outputs = left.iter_mut().zip(right.iter_mut());
        for ((l, r), (middle, side)) in outputs.zip(middle.zip(side_high.iter())) {
            (*l, *r) = (middle + *side, middle - *side);
        }
        Ok(())
    }
}

/// The stream of the middle and the side.
fn check(setup: MonoMakerSetup, params: MonoMakerParams, stream: Stream) -> Result<Stream, Error> {
    stream.validate()?;
    params.validate()?;
    setup.pair.check(&stream)?;
    Ok(Stream { layout: Layout::STEREO, ..stream })
}

fn of(params: MonoMakerParams) -> Result<CrossoverParams, Error> {
    CrossoverParams::new(&[params.crossing_hz])
}

impl Processor for MonoMaker<'_> {
    fn latency_frames(&self) -> usize {
        0
    }

    fn tail_frames(&self) -> usize {
        self.crossover.tail_frames()
    }

    fn reset(&mut self) {
        self.crossover.reset();
        self.faults = 0;
    }

    fn fields(&self) -> &'static [Field] {
        MonoMakerParams::FIELDS
    }

    fn field(&self, name: &str) -> Option<f64> {
        self.params.get(name)
    }

    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        self.set_params(self.params.with(name, value)?)
    }

    fn faults(&self) -> u64 {
        self.faults
    }
}

impl<S: Sample> Process<S> for MonoMaker<'_> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        let mut main: BlockMut<'_, S> = io.without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        let pair = self.setup.pair;
        self.faults += pair.clean_others(self.stream.isa, &mut main);
        let (left, right) = pair.of(&mut main);
        for (left, right) in passes(left, right) {
            self.run(left, right)?;
        }
        Ok(())
    }
}
