//! The LFE send: the bottom of a mix, low-passed and added to the LFE.
//!
//! > LFE' = LFE + g · LP(Σ x_c), LP of 24 dB/oct (Linkwitz-Riley), c over all channels but LFEs
//!
//! The channels themselves stay as they are: the LFE is an effect, not a loudspeaker's missing
//! octave (that is [`super::BassManager`]). Equal bass in several channels adds in amplitude.
//!
//! NOTE: replay plays the LFE 10 dB louder than a main channel. That gain belongs to the monitor
//! ([`super::LFE_REPLAY_GAIN_DB`]) and never to the file: a send of 0 dB sounds 10 dB above the mains.
//!
//! Sources: ITU-R BS.775-3, Annex 5 (LFE: up to 120 Hz, +10 dB at replay); 80 Hz is common in
//! dubbing. Linkwitz-Riley as in [`crate::filters::Crossover`].
//! Cost: one crossing of one channel, one addition a channel. Latency: none. Limits: a low-pass turns
//! the phase, by 180° at its corner; what is in the mains as well adds with that.

use crate::audio::{Block, BlockMut, Layout, Sample, in_chunks};
use crate::error::Error;
use crate::filters::{Crossover, CrossoverParams, CrossoverSetup, design::CrossoverSlope};
use crate::kernels;
use crate::level::{Fader, FaderParams, FaderSetup};
use crate::stream::{Convert, Field, Io, Process, Processor, Stream, params};

/// Frames that are worked on in one go.
const CHUNK: usize = 64;
/// Low and high; the high band is not used.
const SPLIT: CrossoverSetup = CrossoverSetup { bands: 2, slope: CrossoverSlope::Db24 };

params! {
    /// What may move.
    pub struct LfeSendParams {
        /// Level of the send; -144 dB is exact zero.
        send_db: "dB", -144.0 => 10.0, 0.0, Decibel, smoothed;
        /// Corner of the low-pass: 6 dB down there.
        corner_hz: "Hz", 40.0 => 200.0, 120.0, Log, smoothed;
    }
}

impl LfeSendParams {
    fn crossing(&self) -> Result<CrossoverParams, Error> {
        CrossoverParams::new(&[self.corner_hz])
    }
}

/// Channels of a layout that are LFEs.
pub(super) fn lfe_channels(layout: Layout) -> impl Iterator<Item = usize> {
    let channels = layout.speakers().iter().enumerate();
    channels.filter(|(_, speaker)| speaker.lfe).map(|(channel, _)| channel)
}

/// Output channels where a layout without an LFE is given one.
pub(super) fn with_lfe(layout: Layout) -> usize {
    layout.channel_count() + usize::from(lfe_channels(layout).next().is_none())
}

/// Sends the bottom of a mix to its LFE.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and are
/// counted. The channels but the LFEs come out with their own bits.
///
/// # Shape
/// Input: the channels of the stream. Output: the same channels; where the layout has no LFE, one
/// more at the end. Two LFEs take half of the amplitude each.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::spatial::{LfeSend, LfeSendParams};
/// use mixcore::{Block, BlockMut, Convert, Layout, Stream};
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let mut send = LfeSend::new(LfeSendParams::default(), stream)?;
/// let input = [0.25_f64; 9_600];
/// let (mut main, mut lfe) = ([0.0; 9_600], [0.0; 9_600]);
/// send.convert(Block::mono(&input), BlockMut::stereo(&mut main, &mut lfe)?)?;
/// assert!(main == input && (lfe[9_599] - 0.25).abs() < 1e-6);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct LfeSend<'a> {
    params: LfeSendParams,
    stream: Stream,
    split: Crossover<'a>,
    fader: Fader,
    faults: u64,
}

#[cfg(feature = "alloc")]
impl LfeSend<'static> {
    /// A send in memory of its own.
    ///
    /// # Errors
    /// Parameters or a stream out of range.
    pub fn new(params: LfeSendParams, stream: Stream) -> Result<Self, Error> {
        params.validate()?;
        let split = Crossover::new(SPLIT, params.crossing()?, mono(&stream))?;
        Self::over(params, stream, split)
    }
}

fn mono(stream: &Stream) -> Stream {
    Stream { layout: Layout::MONO, ..*stream }
}

impl<'a> LfeSend<'a> {
    /// A send in lent memory of [`LfeSend::required_len`] numbers or more.
    ///
    /// # Errors
    /// Parameters or a stream out of range, or too little memory.
    pub fn new_in(
        params: LfeSendParams,
        stream: Stream,
        memory: &'a mut [f64],
    ) -> Result<Self, Error> {
        params.validate()?;
        let split = Crossover::new_in(SPLIT, params.crossing()?, mono(&stream), memory)?;
        Self::over(params, stream, split)
    }

    /// Numbers of memory that a send needs.
    ///
    /// # Errors
    /// A stream out of range.
    pub fn required_len(stream: &Stream) -> Result<usize, Error> {
        Crossover::required_len(&SPLIT, &mono(stream))
    }

    fn over(params: LfeSendParams, stream: Stream, split: Crossover<'a>) -> Result<Self, Error> {
        let level = FaderParams { gain_db: params.send_db };
        let fader = Fader::new(FaderSetup::default(), level, mono(&stream))?;
        Ok(Self { params, stream, split, fader, faults: 0 })
    }

    /// The parameters it stands at or moves to.
    #[must_use]
    pub fn params(&self) -> LfeSendParams {
        self.params
    }

    /// Moves to other parameters over 20 ms from the next frame.
    ///
    /// # Errors
    /// Parameters out of range; nothing changes then.
    pub fn set_params(&mut self, params: LfeSendParams) -> Result<(), Error> {
        params.validate()?;
        self.split.set_params(params.crossing()?)?;
        self.fader.set_params(FaderParams { gain_db: params.send_db })?;
        self.params = params;
        Ok(())
    }

    /// Gain from a channel into the LFE at `hz`, dB, at the parameters it stands at or moves to.
    #[must_use]
    pub fn response_db(&self, hz: f64) -> f64 {
        self.params.send_db + self.split.band_target_response_db(0, hz).unwrap_or(0.0)
    }

    /// `frames` frames from `at` on, at most a chunk.
    fn run<S: Sample>(
        &mut self,
        input: &Block<'_, S>,
        output: &mut BlockMut<'_, S>,
        at: usize,
        frames: usize,
    ) -> Result<(), Error> {
        let isa = self.stream.isa;
        let speakers = self.stream.layout.speakers();
        let mut sum = [0.0; CHUNK];
        let mut out = output.range(at, at + frames);
        for ((from, to), speaker) in input.channels().zip(out.channels_mut()).zip(speakers) {
            let from = from.get(at..at + frames).unwrap_or_default();
            self.faults += kernels::clean(isa, from, to) as u64;
            if !speaker.lfe {
                kernels::accumulate(isa, sum.get_mut(..frames).unwrap_or_default(), to, 1.0);
            }
        }
        let mut row = [S::zero(); CHUNK];
        let [mut low, mut high] = [row; 2];
        kernels::round_into(isa, &sum, &mut row);
        let bands = BlockMut::stereo(&mut low, &mut high)?.into_range(0, frames);
        self.split.convert(Block::mono(&row).range(0, frames), bands)?;
        let low = low.get_mut(..frames).unwrap_or_default();
        self.fader.process(Io::new(BlockMut::mono(low)))?;
        let lfes = lfe_channels(self.stream.layout).count();
        let share = S::from_f64(if lfes > 1 { 0.5 } else { 1.0 });
        let beyond = speakers.len();
        for (channel, to) in out.channels_mut().enumerate() {
            if channel >= beyond {
                to.fill(S::zero());
            }
            if speakers.get(channel).is_none_or(|speaker| speaker.lfe) {
                kernels::add_scaled(isa, to, low, share);
            }
        }
        Ok(())
    }
}

impl Processor for LfeSend<'_> {
    fn latency_frames(&self) -> usize {
        0
    }

    fn tail_frames(&self) -> usize {
        self.split.tail_frames()
    }

    fn reset(&mut self) {
        self.split.reset();
        self.fader.reset();
        self.faults = 0;
    }

    fn fields(&self) -> &'static [Field] {
        LfeSendParams::FIELDS
    }

    fn field(&self, name: &str) -> Option<f64> {
        self.params.get(name)
    }

    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        self.set_params(self.params.with(name, value)?)
    }

    fn faults(&self) -> u64 {
        self.faults + self.split.faults()
    }
}

impl<S: Sample> Convert<S> for LfeSend<'_> {
    fn input_channels(&self) -> usize {
        self.stream.channel_count()
    }

    fn output_channels(&self) -> usize {
        with_lfe(self.stream.layout)
    }

    fn convert(&mut self, input: Block<'_, S>, mut output: BlockMut<'_, S>) -> Result<(), Error> {
        input.check_channels("input", self.stream.channel_count())?;
        output.check_channels("output", with_lfe(self.stream.layout))?;
        in_chunks(&input, &mut output, CHUNK, |input, output, at, count| {
            self.run(input, output, at, count)
        })
    }
}
