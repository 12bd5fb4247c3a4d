//! Lt/Rt: two channels that a matrix decoder turns back into surround.
//!
//! > Lt = L + c·C − S⊥, Rt = R + c·C + S⊥, S = s·(Ls + Rs), ⊥ a shift of +90° at all frequencies
//!
//! The surround comes out on both sides with opposite polarity, which is how a decoder knows it, and
//! at a right angle to the front, so that a sound that pans from front to back does not cancel on one
//! side. The shift is a linear-phase FIR ([`super::quadrature`]); L, R and C wait for it as long.
//!
//! In mono the surround is gone (Lt + Rt has none): that is the system's, and what
//! [`super::downmix_matrix`] to mono is for.
//!
//! Source: ATSC A/52:2012, 7.8.2, and tables D2.3, D2.4 (levels); Dolby, DP570 user's manual, D.7.
//! NOTE: Pro Logic II's encoder sends Ls and Rs with unequal shares to both sides; what is published
//! of it does not agree (√⅔ and √⅓, √¾ and ½, √(19/25) and √(6/25)), so it is not here.
//!
//! Cost: a matrix of three rows, two delays, one convolution of 45 ms ([`crate::filters::Convolver`]).
//! Latency: 23 ms ([`LtRt::latency_frames`]). Limits: below 40 Hz the surround falls away; the LFE is
//! left out; layouts beyond 5.1 go through 5.1 ([`super::conversion_matrix`]).

use super::{CentreMix, SurroundMix, conversion_matrix, quadrature};
use crate::audio::{
    Block, BlockMut, Layout, MAX_LAYOUT_CHANNELS, Sample, Store, in_chunks, matrix,
};
use crate::error::Error;
use crate::filters::{
    Convolver, ConvolverLatency, ConvolverParams, ConvolverSetup, ConvolverStorage, Delay,
};
use crate::kernels;
use crate::stream::{Convert, Field, Io, Process, Processor, Stream, unknown_field};
use crate::units::{gain_to_db, power_to_db};

/// Frames that are worked on in one go.
const CHUNK: usize = 64;
/// Front left, front right, surround.
const ROWS: usize = 3;
/// Two partitions of it are transformed at a time, and so much is convolved directly: short, because
/// nothing may wait for a partition.
const SHIFT: ConvolverSetup =
    ConvolverSetup { partition_frames: 128, latency: ConvolverLatency::Zero };

/// What is fixed for life: the levels of A/52.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct LtRtSetup {
    /// Level of the centre on both sides.
    pub centre: CentreMix,
    /// Level of the sum of both surrounds on both sides.
    pub surround: SurroundMix,
}

impl LtRtSetup {
    /// Gains from a channel of a layout to a side (0 for Lt): as it is, and turned by +90°.
    #[cfg(feature = "alloc")]
    pub(super) fn gains(self, source: Layout, side: usize, channel: usize) -> [f64; 2] {
        let rows = self.rows(source);
        let columns = source.channel_count();
        let at = |row: usize| rows.get(row * columns + channel).copied().unwrap_or(0.0);
        [at(side), if side == 0 { -at(2) } else { at(2) }]
    }

    /// Rows of front left, front right and surround for the channels of a layout.
    fn rows(self, source: Layout) -> [f64; ROWS * MAX_LAYOUT_CHANNELS] {
        let five = conversion_matrix(source, Layout::SURROUND_5_1);
        let columns = source.channel_count();
        let mut rows = [0.0; ROWS * MAX_LAYOUT_CHANNELS];
        for (n, slot) in rows.iter_mut().take(ROWS * columns).enumerate() {
            let (row, input) = (n / columns, n % columns);
            let from = |output| five.gain(output, input).unwrap_or(0.0);
            *slot = if row < 2 {
                from(row) + self.centre.gain() * from(2)
            } else {
                self.surround.gain() * (from(4) + from(5))
            };
        }
        rows
    }
}

/// Memory that [`LtRt::new_in`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LtRtStorage {
    /// Samples: taps, delays, spectra, a chunk of every channel.
    pub samples: usize,
    /// Control values.
    pub control: usize,
}

/// Folds the layout of its stream down to Lt/Rt.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and are
/// counted.
///
/// # Shape
/// Input: the channels of the stream. Output: Lt, Rt.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::spatial::{LtRt, LtRtSetup};
/// use mixcore::{Block, BlockMut, Convert, Layout, Processor, Stream};
/// let stream = Stream::new(48_000.0, Layout::SURROUND_5_1)?;
/// let mut fold = LtRt::<f64>::new(LtRtSetup::default(), stream)?;
/// let mut input = vec![vec![0.0; 4_000]; 6];
/// input[2][0] = 1.0; // an impulse in the centre
/// let (mut lt, mut rt) = (vec![0.0; 4_000], vec![0.0; 4_000]);
/// fold.convert(Block::new(&input)?, BlockMut::stereo(&mut lt, &mut rt)?)?;
/// let at = fold.latency_frames();
/// assert_eq!(at, 1_089);
/// assert!((lt[at] - 0.5_f64.sqrt()).abs() < 1e-12 && lt[at] == rt[at]);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct LtRt<'a, S> {
    setup: LtRtSetup,
    stream: Stream,
    /// Rows of the stream's channels.
    rows: [f64; ROWS * MAX_LAYOUT_CHANNELS],
    half: usize,
    delay: Delay<'a, S>,
    shift: Convolver<'a, S>,
    /// A chunk of every channel, cleaned.
    chunk: Store<'a, S>,
    faults: u64,
}

/// How the memory is divided.
struct Memory {
    half: usize,
    delay: usize,
    shift: ConvolverStorage,
    chunk: usize,
    stereo: Stream,
    mono: Stream,
}

impl Memory {
    fn new<S: Sample>(stream: &Stream) -> Result<Self, Error> {
        stream.validate()?;
        let half = quadrature::half_length(stream.rate_hz);
        let stereo = Stream { layout: Layout::STEREO, ..*stream };
        let mono = Stream { layout: Layout::MONO, ..*stream };
        Ok(Self {
            half,
            delay: Delay::<S>::required_len(half, &stereo)?,
            shift: Convolver::<S>::required_len(&SHIFT, 2 * half + 1, 1, &mono)?,
            chunk: stream.channel_count() * CHUNK,
            stereo,
            mono,
        })
    }

    fn taps(&self) -> usize {
        2 * self.half + 1
    }
}

#[cfg(feature = "alloc")]
impl<S: Sample> LtRt<'static, S> {
    /// A fold-down in memory of its own.
    ///
    /// # Errors
    /// A stream out of range.
    pub fn new(setup: LtRtSetup, stream: Stream) -> Result<Self, Error> {
        let memory = Memory::new::<S>(&stream)?;
        let mut taps = alloc::vec![S::zero(); memory.taps()];
        quadrature::fill(&mut taps, memory.half);
        let params = ConvolverParams::default();
        let shift = Convolver::new(SHIFT, params, Block::mono(&taps), memory.mono)?;
        let delay = Delay::new(memory.half, memory.stereo)?;
        let chunk = Store::owned(memory.chunk, S::zero());
        Ok(Self::over(setup, stream, memory.half, delay, shift, chunk))
    }
}

impl<'a, S: Sample> LtRt<'a, S> {
    /// A fold-down in lent memory of [`LtRt::required_len`] or more.
    ///
    /// # Errors
    /// A stream out of range, or too little memory.
    pub fn new_in(
        setup: LtRtSetup,
        stream: Stream,
        samples: &'a mut [S],
        control: &'a mut [f32],
    ) -> Result<Self, Error> {
        let memory = Memory::new::<S>(&stream)?;
        let required = Self::required_len(&stream)?.samples;
        let what = "Lt/Rt sample";
        let too_little = Error::Storage { what, given: samples.len(), required };
        let mut rest = samples;
        let mut part = |len: usize| rest.split_off_mut(..len).ok_or(too_little);
        let taps = part(memory.taps())?;
        quadrature::fill(taps, memory.half);
        let (params, lent) = (ConvolverParams::default(), part(memory.shift.samples)?);
        let shift =
            Convolver::new_in(SHIFT, params, Block::mono(taps), memory.mono, lent, control)?;
        let delay = Delay::new_in(memory.half, memory.stereo, part(memory.delay)?)?;
        let chunk = Store::lent(what, part(memory.chunk)?, memory.chunk, S::zero())?;
        Ok(Self::over(setup, stream, memory.half, delay, shift, chunk))
    }

    /// Memory that a fold-down of this stream needs.
    ///
    /// # Errors
    /// A stream out of range.
    pub fn required_len(stream: &Stream) -> Result<LtRtStorage, Error> {
        let memory = Memory::new::<S>(stream)?;
        Ok(LtRtStorage {
            samples: memory.taps() + memory.delay + memory.shift.samples + memory.chunk,
            control: memory.shift.control,
        })
    }

    fn over(
        setup: LtRtSetup,
        stream: Stream,
        half: usize,
        delay: Delay<'a, S>,
        shift: Convolver<'a, S>,
        chunk: Store<'a, S>,
    ) -> Self {
        let rows = setup.rows(stream.layout);
        Self { setup, stream, rows, half, delay, shift, chunk, faults: 0 }
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> LtRtSetup {
        self.setup
    }

    /// How far a peak can grow at worst, dB: Σ|m| of a row, the surrounds' share times Σ|h| of the
    /// shift. Unlike a plain matrix's it is not reached by full scale in phase. −∞ where nothing comes
    /// through: mono without its centre.
    #[must_use]
    pub fn peak_bound_db(&self) -> f64 {
        let sum = |row: usize| -> f64 {
            let columns = self.stream.channel_count();
            self.rows.iter().skip(row * columns).take(columns).map(|c| c.abs()).sum()
        };
        gain_to_db(sum(0).max(sum(1)) + sum(2) * quadrature::bound(self.half))
    }

    /// How far the level of a side can grow if the channels have nothing in common, dB: √Σm² of a row;
    /// the shift keeps power.
    #[must_use]
    pub fn power_bound_db(&self) -> f64 {
        let sum = |row: usize| -> f64 {
            let columns = self.stream.channel_count();
            self.rows.iter().skip(row * columns).take(columns).map(|c| c * c).sum()
        };
        power_to_db(sum(0).max(sum(1)) + sum(2))
    }

    /// `frames` frames from `at` on, at most a chunk.
    fn run(
        &mut self,
        input: &Block<'_, S>,
        output: &mut BlockMut<'_, S>,
        at: usize,
        frames: usize,
    ) -> Result<(), Error> {
        let isa = self.stream.isa;
        for (from, to) in input.channels().zip(self.chunk.as_chunks_mut::<CHUNK>().0) {
            let from = from.get(at..at + frames).unwrap_or_default();
            let to = to.get_mut(..frames).unwrap_or_default();
            self.faults += kernels::clean(isa, from, to) as u64;
        }
        let clean = Block::of_rows(&self.chunk, CHUNK, 0, frames);
        let coefficients = self.rows.get(..ROWS * self.stream.channel_count()).unwrap_or_default();
        let mut rows = [[S::zero(); CHUNK]; ROWS];
        matrix(isa, &clean, coefficients, &mut BlockMut::new(&mut rows)?.range(0, frames));
        let [left, right, surround] = &mut rows;
        let (Some(left), Some(right), Some(surround)) =
            (left.get_mut(..frames), right.get_mut(..frames), surround.get_mut(..frames))
        else {
            return Ok(());
        };
        self.delay.process(Io::new(BlockMut::stereo(left, right)?))?;
        self.shift.process(Io::new(BlockMut::mono(surround)))?;
        kernels::add_scaled(isa, left, surround, -S::one());
        kernels::add_scaled(isa, right, surround, S::one());
        for (out, row) in output.channels_mut().zip([left, right]) {
            let out = out.get_mut(at..at + frames).unwrap_or_default();
            out.iter_mut().zip(row).for_each(|(out, x)| *out = *x);
        }
        Ok(())
    }
}

impl<S: Sample> Processor for LtRt<'_, S> {
    fn latency_frames(&self) -> usize {
        self.half
    }

    fn tail_frames(&self) -> usize {
        self.shift.tail_frames().max(self.half)
    }

    fn reset(&mut self) {
        self.delay.reset();
        self.shift.reset();
        self.faults = 0;
    }

    fn fields(&self) -> &'static [Field] {
        &[]
    }

    fn field(&self, _name: &str) -> Option<f64> {
        None
    }

    fn set_field(&mut self, name: &str, _value: f64) -> Result<(), Error> {
        Err(unknown_field(name))
    }

    fn faults(&self) -> u64 {
        self.faults + self.delay.faults() + self.shift.faults()
    }
}

impl<S: Sample> Convert<S> for LtRt<'_, S> {
    fn input_channels(&self) -> usize {
        self.stream.channel_count()
    }

    fn output_channels(&self) -> usize {
        2
    }

    fn convert(&mut self, input: Block<'_, S>, mut output: BlockMut<'_, S>) -> Result<(), Error> {
        input.check_channels("input", self.stream.channel_count())?;
        output.check_channels("output", 2)?;
        in_chunks(&input, &mut output, CHUNK, |input, output, at, count| {
            self.run(input, output, at, count)
        })
    }
}
