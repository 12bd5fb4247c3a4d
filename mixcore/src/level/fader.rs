//! The fader: a gain in decibels that moves without a click, and polarity per channel.
//!
//! y\[n\] = p · g(n) · x\[n\], with p = ±1 per channel and g(n) = 10^(L(n)/20), where the level L moves
//! linearly in dB over 20 ms from the frame of a change. Below -100 dB the movement is linear in
//! amplitude, so that it ends in exact zero. Between the points of the 32-frame grid the gain runs
//! straight ([`crate::ramp`]).
//!
//! Cost: one multiplication per sample; nothing at 0 dB. Latency: none.
//! Limits: one gain for all channels; fader laws and automation come from the caller.

use crate::audio::{BlockMut, MAX_CHANNELS, Sample};
use crate::error::Error;
use crate::kernels;
use crate::ramp::{GainRamp, Segment, ramp_frames};
use crate::stream::{Field, Io, Process, Processor, Stream, params};

/// The bottom of the fader: this level is not -144 dB but exact zero.
///
/// 24 bits end at 20·log10(2^-24) = -144.5 dB: nothing below is heard or stored.
pub const FADER_FLOOR_DB: f64 = -144.0;

/// What is fixed for life: which channels are inverted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaderSetup {
    /// Bit n: channel n.
    inverted: u64,
}

impl FaderSetup {
    /// A copy with the polarity of one more channel inverted.
    ///
    /// # Errors
    /// A channel that no block has (64 or more).
    pub fn with_inverted(self, channel: usize) -> Result<Self, Error> {
        if channel >= MAX_CHANNELS {
            return Err(Error::BlockChannels {
                given: channel.saturating_add(1),
                max: MAX_CHANNELS,
            });
        }
        Ok(Self { inverted: self.inverted | 1 << channel })
    }

    /// Whether a channel is inverted.
    #[must_use]
    pub fn is_inverted(&self, channel: usize) -> bool {
        channel < MAX_CHANNELS && self.inverted >> channel & 1 == 1
    }
}

params! {
    /// What may move.
    ///
    /// The lowest level, -144 dB ([`FADER_FLOOR_DB`]), is exact zero: mute is a fader at the floor.
    pub struct FaderParams {
        /// Level; -144 dB is exact zero.
        gain_db: "dB", FADER_FLOOR_DB => 24.0, 0.0, Decibel, smoothed;
    }
}

impl FaderParams {
    /// The fader at its floor: exact zero.
    pub const MUTED: Self = Self { gain_db: FADER_FLOOR_DB };

    /// The level that the ramp goes to: -inf at the floor.
    fn target_db(&self) -> f64 {
        if self.gain_db <= FADER_FLOOR_DB { f64::NEG_INFINITY } else { self.gain_db }
    }
}

/// A click-free gain on all channels of a stream.
///
/// Memoryless: samples that are not finite pass through, except where the fader stands at its
/// floor, which lets nothing through. At 0 dB without inversion every bit is kept.
///
/// # Example
/// ```
/// use mixcore::level::{Fader, FaderParams, FaderSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Stream};
/// let setup = FaderSetup::default().with_inverted(1)?;
/// let params = FaderParams { gain_db: 20.0 };
/// let mut fader = Fader::new(setup, params, Stream::new(48_000.0, Layout::STEREO)?)?;
/// let (mut left, mut right) = ([0.05_f64; 4], [0.05; 4]);
/// fader.process(Io::new(BlockMut::stereo(&mut left, &mut right)?))?;
/// assert_eq!((left[3], right[3]), (0.5, -0.5));
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fader {
    setup: FaderSetup,
    params: FaderParams,
    stream: Stream,
    ramp: GainRamp,
    /// Frames since the start: the absolute counter of the ramp.
    frame: u64,
}

impl Fader {
    /// A fader that stands at `params`.
    ///
    /// # Errors
    /// A level out of range, an inverted channel that the layout does not have, or a stream out of
    /// range.
    pub fn new(setup: FaderSetup, params: FaderParams, stream: Stream) -> Result<Self, Error> {
        stream.validate()?;
        params.validate()?;
        let channels = stream.channel_count();
        let highest = MAX_CHANNELS - setup.inverted.leading_zeros() as usize;
        if highest > channels {
            return Err(Error::ChannelCount {
                what: "list of inverted channels",
                given: highest,
                expected: channels,
            });
        }
        let ramp = GainRamp::new(params.target_db(), ramp_frames(stream.rate_hz));
        Ok(Self { setup, params, stream, ramp, frame: 0 })
    }

    /// Moves the fader to new parameters over 20 ms from the next frame.
    ///
    /// # Errors
    /// A level out of range; the fader stays where it is then.
    pub fn set_params(&mut self, params: FaderParams) -> Result<(), Error> {
        params.validate()?;
        self.params = params;
        self.ramp.move_to(params.target_db(), self.frame);
        Ok(())
    }

    /// The parameters it stands at or moves to.
    #[must_use]
    pub fn params(&self) -> FaderParams {
        self.params
    }

    /// The level at the next frame, dB; -inf when muted.
    #[must_use]
    pub fn gain_db_now(&self) -> f64 {
        self.ramp.db_at(self.frame)
    }

    fn apply<S: Sample>(&self, channel: usize, samples: &mut [S], segment: &Segment) {
        let isa = self.stream.isa;
        let sign = if self.setup.is_inverted(channel) { -1.0 } else { 1.0 };
        let start = S::from_f64(sign * segment.start);
        if segment.step != 0.0 {
            let step = S::from_f64(sign * segment.step);
            kernels::gain_ramp(isa, samples, start, step, segment.first);
        } else if segment.start == 0.0 {
            samples.fill(S::zero());
        } else if start != S::one() {
            kernels::gain(isa, samples, start);
        }
    }
}

impl Processor for Fader {
    fn latency_frames(&self) -> usize {
        0
    }

    fn tail_frames(&self) -> usize {
        0
    }

    fn reset(&mut self) {
        self.ramp.settle();
        self.frame = 0;
    }

    fn fields(&self) -> &'static [Field] {
        FaderParams::FIELDS
    }

    fn field(&self, name: &str) -> Option<f64> {
        self.params.get(name)
    }

    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        self.set_params(self.params.with(name, value)?)
    }
}

impl<S: Sample> Process<S> for Fader {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        let mut main: BlockMut<'_, S> = io.without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        let frames = main.frames();
        let mut done = 0;
        while done < frames {
            let segment = self.ramp.segment(self.frame, frames - done);
            for (channel, samples) in main.channels_mut().enumerate() {
                if let Some(part) = samples.get_mut(done..done + segment.frames) {
                    self.apply(channel, part, &segment);
                }
            }
            done += segment.frames;
            self.frame += segment.frames as u64;
        }
        Ok(())
    }
}
