//! Bass management: small loudspeakers leave their bottom to the subwoofer. For monitoring only.
//!
//! > main_c = HP(x_c), sub = Σ LP(x_c) + g·A(LFE), A = LP + HP
//!
//! The halves are Linkwitz-Riley's of 24 dB/oct, so HP + LP is an all-pass A: a main loudspeaker and
//! its bottom from the subwoofer add to the level they had, in phase. What is not split goes through A
//! alone, so that it stays in step: the LFE, and channels that are full-range.
//!
//! The LFE is replayed 10 dB louder than a main channel (g = +10 dB). This is a monitor's work: what
//! is rendered to a file is never bass-managed, and never has those 10 dB.
//!
//! Sources: ITU-R BS.775-3, Annex 5 (LFE, +10 dB); Dolby, 5.1-Channel Production Guidelines, chapter on
//! bass management (80 Hz); Linkwitz-Riley as in [`crate::filters::Crossover`].
//! Cost: one crossing of every channel. Latency: none. Limits: one corner for all channels.

use super::DownmixMatrix;
use super::lfe_send::{lfe_channels, with_lfe};
use crate::audio::{Block, BlockMut, Layout, MAX_LAYOUT_CHANNELS, Sample, Store, in_chunks};
use crate::error::Error;
use crate::filters::{Crossover, CrossoverParams, CrossoverSetup, design::CrossoverSlope};
use crate::kernels;
use crate::level::{Fader, FaderParams, FaderSetup};
use crate::stream::{Convert, Field, Io, Process, Processor, Stream, params};
use crate::units::db_to_gain;

/// What replay adds to the LFE, dB (ITU-R BS.775-3, Annex 5). For monitoring only.
pub const LFE_REPLAY_GAIN_DB: f64 = 10.0;

const REPLAY: &str = "ITU-R BS.775-3, Annex 5: LFE +10 dB; for monitoring only";
/// Frames that are worked on in one go.
const CHUNK: usize = 64;
const SPLIT: CrossoverSetup = CrossoverSetup { bands: 2, slope: CrossoverSlope::Db24 };

/// The replay of a layout without bass management: every channel as it is, its LFEs at +10 dB. For
/// monitoring only.
///
/// # Example
/// ```
/// use mixcore::Layout;
/// use mixcore::spatial::lfe_replay_matrix;
/// let monitor = lfe_replay_matrix(Layout::SURROUND_5_1);
/// assert!((monitor.peak_bound_db() - 10.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn lfe_replay_matrix(layout: Layout) -> DownmixMatrix {
    let mut matrix = DownmixMatrix::empty(layout, layout, REPLAY);
    for (channel, speaker) in layout.speakers().iter().enumerate() {
        let gain = if speaker.lfe { db_to_gain(LFE_REPLAY_GAIN_DB) } else { 1.0 };
        matrix.set(channel, channel, gain);
    }
    matrix
}

/// What is fixed for life: which loudspeakers need no help.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BassManagerSetup {
    /// Bit n: channel n.
    full_range: u32,
}

impl BassManagerSetup {
    /// A copy in which one more channel keeps its bottom.
    ///
    /// # Errors
    /// A channel that no layout has (24 or more).
    pub fn with_full_range(self, channel: usize) -> Result<Self, Error> {
        if channel >= MAX_LAYOUT_CHANNELS {
            return Err(Error::BlockChannels {
                given: channel.saturating_add(1),
                max: MAX_LAYOUT_CHANNELS,
            });
        }
        Ok(Self { full_range: self.full_range | 1 << channel })
    }

    /// Whether a channel keeps its bottom.
    #[must_use]
    pub fn is_full_range(&self, channel: usize) -> bool {
        channel < MAX_LAYOUT_CHANNELS && self.full_range >> channel & 1 == 1
    }
}

params! {
    /// What may move.
    pub struct BassManagerParams {
        /// Where the small loudspeakers end and the subwoofer begins.
        crossing_hz: "Hz", 40.0 => 200.0, 80.0, Log, smoothed;
        /// Replay gain of the LFE; -144 dB is exact zero.
        lfe_gain_db: "dB", -144.0 => 10.0, LFE_REPLAY_GAIN_DB, Decibel, smoothed;
    }
}

impl BassManagerParams {
    fn crossing(&self) -> Result<CrossoverParams, Error> {
        CrossoverParams::new(&[self.crossing_hz])
    }
}

/// Memory that [`BassManager::new_in`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BassManagerStorage {
    /// Samples: a chunk of both bands of every channel.
    pub samples: usize,
    /// Numbers: the crossings.
    pub numbers: usize,
}

/// Feeds small loudspeakers and a subwoofer from the layout of its stream. For monitoring only.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and are
/// counted.
///
/// # Shape
/// Input: the channels of the stream. Output: the same channels, the LFEs being the subwoofers; where
/// the layout has no LFE, the subwoofer is one more at the end. Two subwoofers share the mains' bottom
/// at half of the amplitude each, and each plays its own LFE.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::spatial::{BassManager, BassManagerParams, BassManagerSetup};
/// use mixcore::{Block, BlockMut, Convert, Layout, Stream};
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let (setup, params) = (BassManagerSetup::default(), BassManagerParams::default());
/// let mut monitor = BassManager::new(setup, params, stream)?;
/// let input = [0.25_f64; 9_600];
/// let (mut main, mut sub) = ([0.0; 9_600], [0.0; 9_600]);
/// monitor.convert(Block::mono(&input), BlockMut::stereo(&mut main, &mut sub)?)?;
/// assert!(main[9_599].abs() < 1e-6 && (sub[9_599] - 0.25).abs() < 1e-6);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct BassManager<'a, S> {
    setup: BassManagerSetup,
    params: BassManagerParams,
    stream: Stream,
    split: Crossover<'a>,
    /// On as many channels as there are LFEs.
    fader: Fader,
    /// A chunk of the low bands, then of the high ones.
    bands: Store<'a, S>,
}

/// Most LFEs of a layout.
const LFES: usize = 2;

fn fader(params: &BassManagerParams, stream: &Stream) -> Result<Fader, Error> {
    let level = FaderParams { gain_db: params.lfe_gain_db };
    let two = lfe_channels(stream.layout).count() == LFES;
    let layout = if two { Layout::STEREO } else { Layout::MONO };
    Fader::new(FaderSetup::default(), level, Stream { layout, ..*stream })
}

#[cfg(feature = "alloc")]
impl<S: Sample> BassManager<'static, S> {
    /// A manager in memory of its own.
    ///
    /// # Errors
    /// Parameters or a stream out of range.
    pub fn new(
        setup: BassManagerSetup,
        params: BassManagerParams,
        stream: Stream,
    ) -> Result<Self, Error> {
        params.validate()?;
        let need = Self::required_len(&stream)?;
        let split = Crossover::new(SPLIT, params.crossing()?, stream)?;
        let (fader, bands) = (fader(&params, &stream)?, Store::owned(need.samples, S::zero()));
        Ok(Self { setup, params, stream, split, fader, bands })
    }
}

impl<'a, S: Sample> BassManager<'a, S> {
    /// A manager in lent memory of [`BassManager::required_len`] or more.
    ///
    /// # Errors
    /// Parameters or a stream out of range, or too little memory.
    pub fn new_in(
        setup: BassManagerSetup,
        params: BassManagerParams,
        stream: Stream,
        samples: &'a mut [S],
        numbers: &'a mut [f64],
    ) -> Result<Self, Error> {
        params.validate()?;
        let need = Self::required_len(&stream)?;
        let split = Crossover::new_in(SPLIT, params.crossing()?, stream, numbers)?;
        let bands = Store::lent("bass manager sample", samples, need.samples, S::zero())?;
        let fader = fader(&params, &stream)?;
        Ok(Self { setup, params, stream, split, fader, bands })
    }

    /// Memory that a manager of this stream needs.
    ///
    /// # Errors
    /// A stream out of range.
    pub fn required_len(stream: &Stream) -> Result<BassManagerStorage, Error> {
        let numbers = Crossover::required_len(&SPLIT, stream)?;
        Ok(BassManagerStorage { samples: 2 * CHUNK * stream.channel_count(), numbers })
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> BassManagerSetup {
        self.setup
    }

    /// The parameters it stands at or moves to.
    #[must_use]
    pub fn params(&self) -> BassManagerParams {
        self.params
    }

    /// Moves to other parameters over 20 ms from the next frame.
    ///
    /// # Errors
    /// Parameters out of range; nothing changes then.
    pub fn set_params(&mut self, params: BassManagerParams) -> Result<(), Error> {
        params.validate()?;
        self.split.set_params(params.crossing()?)?;
        self.fader.set_params(FaderParams { gain_db: params.lfe_gain_db })?;
        self.params = params;
        Ok(())
    }

    /// Gain of a small loudspeaker at `hz`, dB, at the parameters it stands at or moves to.
    #[must_use]
    pub fn main_response_db(&self, hz: f64) -> f64 {
        self.split.band_target_response_db(1, hz).unwrap_or(0.0)
    }

    /// Gain from a main channel into the subwoofer at `hz`, dB, likewise.
    #[must_use]
    pub fn subwoofer_response_db(&self, hz: f64) -> f64 {
        self.split.band_target_response_db(0, hz).unwrap_or(0.0)
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
        let speakers = self.stream.layout.speakers();
        let rows = self.bands.as_chunks_mut::<CHUNK>().0;
        let bands = BlockMut::new(rows)?.into_range(0, frames);
        self.split.convert(input.range(at, at + frames), bands)?;
        let (low, high) = rows.split_at_checked(speakers.len()).unwrap_or_default();
        let lfes = lfe_channels(self.stream.layout).count();
        let share = if lfes == LFES { 0.5 } else { 1.0 };
        let mut bottom = [0.0; CHUNK];
        let mut lfe = [[S::zero(); CHUNK]; LFES];
        let mut lfe_rows = lfe.iter_mut();
        let mut out = output.range(at, at + frames);
        let mains = out.channels_mut().zip(low.iter().zip(high)).zip(speakers).enumerate();
        for (channel, ((to, (low, high)), speaker)) in mains {
            let low = low.get(..frames).unwrap_or_default();
            to.iter_mut().zip(high).for_each(|(to, x)| *to = *x);
            if speaker.lfe {
                if let Some(row) = lfe_rows.next().and_then(|row| row.get_mut(..frames)) {
                    row.iter_mut().zip(&*to).for_each(|(row, x)| *row = *x);
                    kernels::add_scaled(isa, row, low, S::one());
                }
            } else if self.setup.is_full_range(channel) {
                kernels::add_scaled(isa, to, low, S::one());
            } else {
                let bottom = bottom.get_mut(..frames).unwrap_or_default();
                kernels::accumulate(isa, bottom, low, share);
            }
        }
        let fed = lfe.get_mut(..lfes.max(1)).unwrap_or_default();
        self.fader.process(Io::new(BlockMut::new(fed)?.into_range(0, frames)))?;
        let mut lfe_rows = lfe.iter();
        for (channel, to) in out.channels_mut().enumerate() {
            if speakers.get(channel).is_none_or(|speaker| speaker.lfe)
                && let Some(row) = lfe_rows.next()
            {
                let mut subwoofer = bottom;
                kernels::accumulate(isa, &mut subwoofer, row, 1.0);
                kernels::round_into(isa, &subwoofer, to);
            }
        }
        Ok(())
    }
}

impl<S: Sample> Processor for BassManager<'_, S> {
    fn latency_frames(&self) -> usize {
        0
    }

    fn tail_frames(&self) -> usize {
        self.split.tail_frames()
    }

    fn reset(&mut self) {
        self.split.reset();
        self.fader.reset();
    }

    fn fields(&self) -> &'static [Field] {
        BassManagerParams::FIELDS
    }

    fn field(&self, name: &str) -> Option<f64> {
        self.params.get(name)
    }

    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        self.set_params(self.params.with(name, value)?)
    }

    fn faults(&self) -> u64 {
        self.split.faults()
    }
}

impl<S: Sample> Convert<S> for BassManager<'_, S> {
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
