//! A crossover of two to six bands whose sum is flat: the ground of multiband dynamics.
//!
//! A Linkwitz-Riley crossing ([`crate::filters::design::linkwitz_riley`]) cuts a signal into a low
//! and a high band whose sum is all-pass, A = L + H. The high band is cut again at the next crossing,
//! and so on upwards; what lies below a crossing goes through its all-pass, so that it stays in step
//! with what lies above:
//!
//! > band 0 = A_n ⋯ A_3·A_2·L_1·x, band 1 = A_n ⋯ A_3·L_2·H_1·x, … band n = H_n ⋯ H_2·H_1·x
//! > band 0 + … + band n = A_n ⋯ A_2·A_1·x
//!
//! So the plain sum has the phase of all-passes and the magnitude of the input, to 1e-5 from 20 Hz to
//! 20 kHz (tested; of the coefficients' rounding 1e-9 is left). At 12 and 36 dB/oct the high half of
//! each crossing is inverted for that, so every other band comes out inverted. The states and all that
//! lies between the sections are f64; a band is rounded to the sample type once. For f32 that is
//! 6e-8 of the band, so what is left where bands cancel each other in a sum is that much of the bands,
//! not of the sum.
//!
//! Sources: S. H. Linkwitz, JAES 24(1), 1976; P. Garde, "All-Pass Crossover Systems", JAES 28(9), 1980,
//! for the sum of more than two ways; transposed direct form II.
//!
//! Cost: for two channels and n crossings of m sections, n·m + ⌊n²/4⌋·⌈m/2⌉ sections in four lanes.
//! Latency: none. Limits: bands x channels are at most 64; at rest a crossing has to lie below 0.499
//! of the rate.

use crate::audio::{Block, BlockMut, MAX_CHANNELS, Sample, Store, check_frames};
use crate::error::Error;
use crate::filters::crossing::{Movement, Stretch};
use crate::filters::design::{CrossoverSlope, MAX_SHARE, linkwitz_riley};
use crate::filters::pipes::without_overflow;
use crate::kernels::{self, Isa, PairState};
use crate::math;
use crate::stream::{Convert, Field, Processor, Stream, params, unknown_field};
use crate::units::gain_to_db;

/// Fewest bands.
pub const MIN_CROSSOVER_BANDS: usize = 2;
/// Most bands.
pub const MAX_CROSSOVER_BANDS: usize = 6;

/// Most crossings.
pub(super) const CROSSINGS: usize = MAX_CROSSOVER_BANDS - 1;
/// Frames that are processed in one go; at multiples of it the states settle.
const CHUNK: usize = 64;
/// A chunk of two channels.
type Frames = [[f64; 2]; CHUNK];
/// Numbers of a [`PairState`].
const STATE_LEN: usize = 8;
/// Numbers of a chunk of two channels.
const FRAMES_LEN: usize = 2 * CHUNK;

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct CrossoverSetup {
    /// Bands, [`MIN_CROSSOVER_BANDS`] to [`MAX_CROSSOVER_BANDS`].
    pub bands: usize,
    /// Slope of every crossing.
    pub slope: CrossoverSlope,
}

impl Default for CrossoverSetup {
    fn default() -> Self {
        Self { bands: 3, slope: CrossoverSlope::Db24 }
    }
}

impl CrossoverSetup {
    /// Checks the number of bands.
    ///
    /// # Errors
    /// Fewer than two or more than six bands.
    pub fn validate(&self) -> Result<(), Error> {
        #[expect(clippy::cast_precision_loss, reason = "only compared with small bounds")]
        Error::check_range(
            "bands",
            self.bands as f64,
            MIN_CROSSOVER_BANDS as f64,
            MAX_CROSSOVER_BANDS as f64,
        )
        .map(|_| ())
    }

    pub(super) fn crossings(&self) -> usize {
        self.bands.saturating_sub(1)
    }

    /// Sections of a low or high band.
    pub(super) fn sections(&self) -> usize {
        self.slope.butterworth_order()
    }

    /// Sections of an all-pass.
    pub(super) fn all_pass_sections(&self) -> usize {
        self.sections().div_ceil(2)
    }

    /// States of two channels: at each crossing its split, and the all-pass of two bands at a time.
    fn pair_states(&self) -> usize {
        let all_passes: usize = (0..self.crossings()).map(|below| below.div_ceil(2)).sum();
        self.crossings() * self.sections() + all_passes * self.all_pass_sections()
    }
}

params! {
    /// What may move: where the bands meet, from low to high.
    ///
    /// A crossover of n bands has the first n − 1 of these; the others do not count. All move over 20
    /// ms along log Hz; the coefficients are designed at every 32nd frame and run straight in between.
    pub struct CrossoverParams {
        /// Where the lowest two bands meet.
        crossing_1_hz: "Hz", 20.0 => 20_000.0, 120.0, Log, smoothed;
        /// Where the second and third band meet.
        crossing_2_hz: "Hz", 20.0 => 20_000.0, 500.0, Log, smoothed;
        /// Where the third and fourth band meet.
        crossing_3_hz: "Hz", 20.0 => 20_000.0, 2_000.0, Log, smoothed;
        /// Where the fourth and fifth band meet.
        crossing_4_hz: "Hz", 20.0 => 20_000.0, 6_000.0, Log, smoothed;
        /// Where the fifth and sixth band meet.
        crossing_5_hz: "Hz", 20.0 => 20_000.0, 12_000.0, Log, smoothed;
    }
}

impl CrossoverParams {
    /// Crossings from low to high; the rest keeps its default.
    ///
    /// # Errors
    /// More than five. What they are is checked where they are used.
    pub fn new(crossings_hz: &[f64]) -> Result<Self, Error> {
        let mut all = Self::default().crossings_hz();
        match all.get_mut(..crossings_hz.len()) {
            Some(first) => first.copy_from_slice(crossings_hz),
            None => {
                #[expect(clippy::cast_precision_loss, reason = "only printed")]
                Error::check_range("crossings", crossings_hz.len() as f64, 0.0, CROSSINGS as f64)?;
            }
        }
        Ok(Self::of(all))
    }

    /// All five crossings, Hz.
    #[must_use]
    pub fn crossings_hz(&self) -> [f64; MAX_CROSSOVER_BANDS - 1] {
        [
            self.crossing_1_hz,
            self.crossing_2_hz,
            self.crossing_3_hz,
            self.crossing_4_hz,
            self.crossing_5_hz,
        ]
    }

    fn of([one, two, three, four, five]: [f64; CROSSINGS]) -> Self {
        Self {
            crossing_1_hz: one,
            crossing_2_hz: two,
            crossing_3_hz: three,
            crossing_4_hz: four,
            crossing_5_hz: five,
        }
    }

    /// Checks what a crossover of this setup uses of them.
    fn check(&self, setup: &CrossoverSetup, rate_hz: f64) -> Result<(), Error> {
        let mut least = 0.0_f64;
        for (field, hz) in Self::FIELDS.iter().zip(self.crossings_hz()).take(setup.crossings()) {
            let most = field.max.min(MAX_SHARE * rate_hz);
            least = Error::check_range(field.name, hz, field.min.max(least), most)?;
        }
        Ok(())
    }
}

/// A Linkwitz-Riley crossover of two to six bands.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and are
/// counted. At rest a band gives less than 100 times its input, whatever that is; crossings that move
/// without rest have no such bound (none is known to run over): should one, its bands are 0 and counted,
/// and it starts anew at the next multiple of 64 frames.
///
/// # Shape
/// Input: the channels of the stream. Output: the same channels once for each band, **band after
/// band from the lowest up**: channel c of band b is output channel b · channels + c.
///
/// # Latency
/// None.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::filters::{Crossover, CrossoverParams, CrossoverSetup};
/// use mixcore::{Block, BlockMut, Convert, Layout, Stream};
/// let params = CrossoverParams::new(&[200.0, 2_000.0])?;
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let mut crossover = Crossover::new(CrossoverSetup::default(), params, stream)?;
/// let input = [1.0_f64; 9_600]; // a step ends in the lowest band
/// let (mut low, mut mid, mut high) = ([0.0; 9_600], [0.0; 9_600], [0.0; 9_600]);
/// let mut bands = [&mut low[..], &mut mid[..], &mut high[..]];
/// crossover.convert(Block::mono(&input), BlockMut::new(&mut bands)?)?;
/// assert!((low[9_599] - 1.0).abs() < 1e-6 && mid[9_599].abs() < 1e-6 && high[9_599].abs() < 1e-6);
/// assert!((crossover.band_target_response_db(1, 2_000.0)? + 6.03).abs() < 0.01);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Crossover<'a> {
    setup: CrossoverSetup,
    params: CrossoverParams,
    stream: Stream,
    movement: Movement,
    /// A chunk of two channels for each band and one more; then the states, pair by pair.
    memory: Store<'a, f64>,
    /// Absolute frame of the next input.
    now: u64,
    faults: u64,
}

#[cfg(feature = "alloc")]
impl Crossover<'static> {
    /// A crossover in memory of its own.
    ///
    /// # Errors
    /// As [`Crossover::new_in`], but for the memory.
    pub fn new(
        setup: CrossoverSetup,
        params: CrossoverParams,
        stream: Stream,
    ) -> Result<Self, Error> {
        let len = Self::required_len(&setup, &stream)?;
        Self::over(Store::owned(len, 0.0), setup, params, stream)
    }
}

impl<'a> Crossover<'a> {
    /// A crossover in lent memory of [`Crossover::required_len`] numbers or more.
    ///
    /// # Errors
    /// Fewer than two or more than six bands, more than 64 output channels; crossings outside 20 Hz to
    /// 20 kHz, at or above 0.499 of the rate, or not in rising order (equal ones are in order); a stream
    /// out of range, or too little memory.
    pub fn new_in(
        setup: CrossoverSetup,
        params: CrossoverParams,
        stream: Stream,
        memory: &'a mut [f64],
    ) -> Result<Self, Error> {
        let len = Self::required_len(&setup, &stream)?;
        Self::over(Store::lent("crossover", memory, len, 0.0)?, setup, params, stream)
    }

    /// Numbers of memory that a crossover needs.
    ///
    /// # Errors
    /// A setup or stream out of range.
    pub fn required_len(setup: &CrossoverSetup, stream: &Stream) -> Result<usize, Error> {
        setup.validate()?;
        stream.validate()?;
        let outputs = setup.bands * stream.channel_count();
        if outputs > MAX_CHANNELS {
            return Err(Error::BlockChannels { given: outputs, max: MAX_CHANNELS });
        }
        let pairs = stream.channel_count().div_ceil(2);
        Ok((setup.bands + 1) * FRAMES_LEN + pairs * setup.pair_states() * STATE_LEN)
    }

    fn over(
        memory: Store<'a, f64>,
        setup: CrossoverSetup,
        params: CrossoverParams,
        stream: Stream,
    ) -> Result<Self, Error> {
        params.check(&setup, stream.rate_hz)?;
        let movement = Movement::new(&setup, &params, &stream);
        Ok(Self { setup, params, stream, movement, memory, now: 0, faults: 0 })
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> CrossoverSetup {
        self.setup
    }

    /// The parameters it stands at or moves to.
    #[must_use]
    pub fn params(&self) -> CrossoverParams {
        self.params
    }

    /// Moves the crossings over 20 ms from the next frame.
    ///
    /// # Errors
    /// Crossings out of range or not in rising order; nothing changes then.
    pub fn set_params(&mut self, params: CrossoverParams) -> Result<(), Error> {
        params.check(&self.setup, self.stream.rate_hz)?;
        if params != self.params {
            self.params = params;
            self.movement.turn(params.crossings_hz(), self.now);
        }
        Ok(())
    }

    /// Gain of a band, counted from 0, at `hz`, dB, at the crossings that it stands at or moves to.
    ///
    /// # Errors
    /// A band that this crossover does not have.
    pub fn band_target_response_db(&self, band: usize, hz: f64) -> Result<f64, Error> {
        #[expect(clippy::cast_precision_loss, reason = "only compared with a small bound")]
        Error::check_range("band", band as f64, 0.0, self.setup.bands as f64 - 1.0)?;
        let (rate_hz, crossings) = (self.stream.rate_hz, self.setup.crossings());
        let mut gain = 1.0;
        for (k, crossing) in self.params.crossings_hz().into_iter().take(crossings).enumerate() {
            if let Ok(design) = linkwitz_riley(self.setup.slope, crossing, rate_hz) {
                gain *= match k.cmp(&band) {
                    core::cmp::Ordering::Less => design.high.gain_at(hz, rate_hz),
                    core::cmp::Ordering::Equal => design.low.gain_at(hz, rate_hz),
                    core::cmp::Ordering::Greater => design.all_pass.gain_at(hz, rate_hz),
                };
            }
        }
        Ok(gain_to_db(gain))
    }

    /// `frames` frames from `at` on, all within one chunk and one piece of the movement.
    fn run<S: Sample>(
        &mut self,
        input: &Block<'_, S>,
        output: &mut BlockMut<'_, S>,
        at: usize,
        frames: usize,
    ) -> Option<()> {
        let (isa, channels) = (self.stream.isa, self.stream.channel_count());
        let chunks_len = (self.setup.bands + 1) * FRAMES_LEN;
        let (chunks, states) = self.memory.split_at_mut_checked(chunks_len)?;
        let mut rest = &mut *states;
        for pair in 0..channels.div_ceil(2) {
            let (pair_states, behind) =
                rest.split_at_mut_checked(self.setup.pair_states() * STATE_LEN)?;
            rest = behind;
            let (chunks, _) = chunks.as_chunks_mut::<2>().0.as_chunks_mut::<CHUNK>();
            let first = chunks.first_mut()?.get_mut(..frames)?;
            // A last channel that has no other runs beside silence.
            let (silence, mut unread) = ([S::zero(); CHUNK], [S::zero(); CHUNK]);
            let mut inputs = input.channels().skip(2 * pair);
            let left = inputs.next()?.get(at..at + frames)?;
            let right = match inputs.next() {
                Some(right) => right.get(at..at + frames)?,
                None => silence.get(..frames)?,
            };
            self.faults += kernels::pair_in(isa, left, right, first) as u64;
            // No negative zero: a section could hand it on.
            first.as_flattened_mut().iter_mut().for_each(|x| *x += 0.0);
            let crossings = (0..self.setup.crossings()).map(|k| self.movement.at(k, self.now));
            split(isa, crossings, chunks, pair_states, frames)?;
            for (band, chunk) in chunks.iter_mut().take(self.setup.bands).enumerate() {
                let chunk = chunk.get_mut(..frames)?;
                self.faults += without_overflow(chunk.as_flattened_mut(), 2);
                let here = channels.min(2 * pair + 2) - 2 * pair;
                let mut outputs = output.channels_mut().skip(band * channels + 2 * pair).take(here);
                let left = outputs.next()?.get_mut(at..at + frames)?;
                let right = match outputs.next() {
                    Some(right) => right.get_mut(at..at + frames)?,
                    None => unread.get_mut(..frames)?,
                };
                kernels::pair_out(isa, chunk, left, right);
            }
        }
        if (self.now + frames as u64).is_multiple_of(CHUNK as u64) {
            kernels::settle_pairs(isa, states_of(states));
        }
        Some(())
    }
}

fn states_of(memory: &mut [f64]) -> &mut [PairState] {
    memory.as_chunks_mut::<4>().0.as_chunks_mut::<2>().0
}

/// The tree of two channels: `chunks` holds the signal in its first chunk, and in the end a chunk for
/// each band.
fn split<'a>(
    isa: Isa,
    crossings: impl Iterator<Item = Option<[Stretch<'a>; 2]>>,
    chunks: &mut [Frames],
    states: &mut [f64],
    frames: usize,
) -> Option<()> {
    let (spare, bands) = chunks.split_last_mut()?;
    let mut states = states_of(states);
    let mut run = |(sections, motion): Stretch<'_>, one: &mut Frames, two: &mut Frames| {
        let (part, behind) = core::mem::take(&mut states).split_at_mut_checked(sections.len())?;
        states = behind;
        let two_bands = [one.get_mut(..frames)?, two.get_mut(..frames)?];
        kernels::pair_cascade(isa, sections, motion, two_bands, part);
        Some(())
    };
    for (k, crossing) in crossings.enumerate() {
        let [halves, all_pass] = crossing?;
        let [low, high] = bands.get_mut(k..)?.first_chunk_mut::<2>()?;
        *high = *low;
        run(halves, low, high)?;
        // The bands below, two by two; an odd one comes first, beside a chunk that nobody reads.
        let (odd, twos) = bands.get_mut(..k)?.split_at_mut_checked(k % 2)?;
        if let [one] = odd {
            run(all_pass, one, spare)?;
        }
        for [one, two] in twos.as_chunks_mut::<2>().0 {
            run(all_pass, one, two)?;
        }
    }
    Some(())
}

impl Processor for Crossover<'_> {
    fn latency_frames(&self) -> usize {
        0
    }

    /// Until all that rings is below 1e-30, from the largest sample there is; longer at the next call
    /// where the crossings are moved down.
    fn tail_frames(&self) -> usize {
        // ln(1e6/1e-30) = 83, and what equal poles in series hold up the decay.
        #[expect(clippy::cast_precision_loss, reason = "at most 20")]
        let sections = (self.setup.crossings() * self.setup.sections()) as f64;
        let frames = (105.0 + 4.0 * sections) * self.movement.decay_frames();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most some hundred seconds; the cast saturates"
        )]
        {
            CHUNK + math::ceil(frames) as usize
        }
    }

    fn reset(&mut self) {
        self.memory.fill(0.0);
        self.movement.settle();
        self.now = 0;
        self.faults = 0;
    }

    fn fields(&self) -> &'static [Field] {
        CrossoverParams::FIELDS.get(..self.setup.crossings()).unwrap_or_default()
    }

    fn field(&self, name: &str) -> Option<f64> {
        self.fields().iter().find(|field| field.name == name)?;
        self.params.get(name)
    }

    /// Moves one crossing; the others give way to it, so that their order stays: those below come
    /// down to it, those above come up.
    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        let fields = self.fields();
        let Some(k) = fields.iter().position(|field| field.name == name) else {
            return Err(unknown_field(name));
        };
        let mut hz = self.params.with(name, value)?.crossings_hz();
        for (j, other) in hz.iter_mut().enumerate().take(fields.len()) {
            *other = if j < k { other.min(value) } else { other.max(value) };
        }
        self.set_params(CrossoverParams::of(hz))
    }

    fn faults(&self) -> u64 {
        self.faults
    }
}

impl<S: Sample> Convert<S> for Crossover<'_> {
    fn input_channels(&self) -> usize {
        self.stream.channel_count()
    }

    fn output_channels(&self) -> usize {
        self.setup.bands * self.stream.channel_count()
    }

    fn convert(&mut self, input: Block<'_, S>, mut output: BlockMut<'_, S>) -> Result<(), Error> {
        input.check_channels("input", self.stream.channel_count())?;
        output.check_channels("output", self.setup.bands * self.stream.channel_count())?;
        let frames = input.frames();
        check_frames("output", output.frames(), frames)?;
        let mut at = 0;
        while at < frames {
            self.movement.advance(self.now);
            let in_chunk = (self.now % CHUNK as u64) as usize;
            let count = self.movement.frames(self.now, (CHUNK - in_chunk).min(frames - at));
            // The shapes fit: they were checked, and the memory is as long as was asked for.
            let _done = self.run(&input, &mut output, at, count);
            at += count;
            self.now += count as u64;
        }
        Ok(())
    }
}
