//! The fader: a gain in decibels that moves without a click, mute, and polarity per channel.
//!
//! y\[n\] = p(n) · m(n) · g(n) · x\[n\], with g(n) = 10^(L(n)/20). A change of the level L takes the
//! ramp time (20 ms if not said otherwise) from its frame, in the chosen [`RampShape`]: straight in
//! decibels by default, below -100 dB straight in amplitude, so that the floor is exact zero. Mute m
//! (1 to 0) and polarity p (1 to -1, through zero) are switches that take the same time along half
//! a cosine. Between the points of the 32-frame grid the product runs straight ([`crate::ramp`]).
//!
//! Mute leaves the level where it is set; it may move meanwhile. Zero is zero: what is no number
//! does not pass a muted fader either.
//!
//! Clicks: above 5 kHz a 20 dB step of a full-scale 100 Hz sine leaves at most -80 dBFS of energy
//! (RMS over the ramp of 20 ms) with every shape; the figures of each, peaks and shorter ramps too,
//! stand in `ramp/shape.rs`. A mute leaves -102 dBFS, a change of polarity -96 dBFS. Pulling the
//! level from 0 dB to the floor passes 120 dB in the same time and, straight in decibels, leaves
//! -70.8 dBFS, above that bound: what is to fall silent without a click is muted
//! ([`Fader::set_muted`]), or has another shape or a longer ramp.
//!
//! Cost: one multiplication per sample; nothing at 0 dB. Latency: none.
//! Limits: one gain for all channels; laws ([`super::FaderLaw`]) and automation
//! ([`super::AutomatedGain`]) stand beside it.

use super::switch::Switch;
use crate::audio::{MAX_CHANNELS, PerChannel, Sample};
use crate::error::Error;
use crate::ramp::{GainRamp, Line, RAMP_MS, RampShape, Segment};
use crate::stream::{Field, Io, Process, Processor, Stream, params};
use crate::units::gain_to_db;

/// The bottom of the fader: this level is not -144 dB but exact zero.
///
/// 24 bits end at 20·log10(2^-24) = -144.5 dB: nothing below is heard or stored.
pub const FADER_FLOOR_DB: f64 = -144.0;

/// The top of the fader, dB.
pub const FADER_TOP_DB: f64 = 24.0;

/// Shortest ramp, ms: what is shorter is a click.
pub const MIN_RAMP_MS: f64 = 1.0;
/// Longest ramp, ms: what is longer is a fade, and automation's work.
pub const MAX_RAMP_MS: f64 = 10_000.0;

/// What is fixed for life: how the fader moves, and the polarity it starts with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaderSetup {
    /// Bit n: channel n.
    inverted: u64,
    shape: RampShape,
    ramp_ms: f64,
}

impl Default for FaderSetup {
    fn default() -> Self {
        Self { inverted: 0, shape: RampShape::DbLinear, ramp_ms: RAMP_MS }
    }
}

impl FaderSetup {
    /// A copy with the polarity of one more channel inverted.
    ///
    /// # Errors
    /// A channel that no block has (64 or more).
    pub fn with_inverted(self, channel: usize) -> Result<Self, Error> {
        #[expect(clippy::cast_precision_loss, reason = "shown, and compared with 63")]
        Error::check_range("channel", channel as f64, 0.0, (MAX_CHANNELS - 1) as f64)?;
        Ok(Self { inverted: self.inverted | 1 << channel, ..self })
    }

    /// A copy whose level moves in another shape, and whose changes all take another time.
    ///
    /// # Units and range
    /// `ramp_ms` 1 to 10,000 ms, rounded to whole frames of the stream.
    ///
    /// # Errors
    /// A time out of range.
    pub fn with_ramp(self, shape: RampShape, ramp_ms: f64) -> Result<Self, Error> {
        let ramp_ms = Error::check_range("ramp_ms", ramp_ms, MIN_RAMP_MS, MAX_RAMP_MS)?;
        Ok(Self { shape, ramp_ms, ..self })
    }

    /// Whether a channel starts inverted.
    #[must_use]
    pub fn is_inverted(&self, channel: usize) -> bool {
        channel < MAX_CHANNELS && self.inverted >> channel & 1 == 1
    }

    /// How the level moves.
    #[must_use]
    pub fn shape(&self) -> RampShape {
        self.shape
    }

    /// Time of a move, ms.
    #[must_use]
    pub fn ramp_ms(&self) -> f64 {
        self.ramp_ms
    }
}

params! {
    /// What may move.
    ///
    /// The lowest level, -144 dB ([`FADER_FLOOR_DB`]), is exact zero.
    pub struct FaderParams {
        /// Level; -144 dB is exact zero.
        gain_db: "dB", FADER_FLOOR_DB => FADER_TOP_DB, 0.0, Decibel, smoothed;
    }
}

impl FaderParams {
    /// The fader at its floor: exact zero.
    pub const MUTED: Self = Self { gain_db: FADER_FLOOR_DB };

    /// The level that the ramp goes to: -inf at the floor.
    fn target_db(&self) -> f64 {
        level_db(self.gain_db)
    }
}

/// A fader's level: from the floor down it is -inf.
pub(super) fn level_db(gain_db: f64) -> f64 {
    if gain_db <= FADER_FLOOR_DB { f64::NEG_INFINITY } else { gain_db }
}

/// A click-free gain, mute and polarity on all channels of a stream.
///
/// Memoryless: samples that are not finite pass through, except where the gain is zero, which lets
/// nothing through. At 0 dB without inversion every bit is kept.
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
///
/// fader.set_muted(true);
/// let (mut left, mut right) = ([1.0_f64; 961], [1.0; 961]);
/// fader.process(Io::new(BlockMut::stereo(&mut left, &mut right)?))?;
/// assert_eq!((left[960], right[960]), (0.0, 0.0)); // 20 ms are 960 frames
/// assert!(fader.is_silent());
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fader {
    params: FaderParams,
    stream: Stream,
    ramp: GainRamp,
    ramp_frames: u64,
    mute: Switch,
    polarity: PerChannel<Switch>,
    /// Frames since the start: the absolute counter of the ramps.
    frame: u64,
    /// From this frame on level, mute and polarities stand.
    stands_from: u64,
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
        let ramp_frames = stream.frames_of_ms(setup.ramp_ms).max(1);
        let ramp = GainRamp::with_shape(params.target_db(), ramp_frames, setup.shape);
        let mut polarity = PerChannel::<Switch>::new(channels)?;
        for (channel, polarity) in polarity.iter_mut().enumerate() {
            polarity.move_to(sign(setup.is_inverted(channel)), 0, 0);
        }
        let (ramp_frames, mute) = (ramp_frames as u64, Switch::default());
        Ok(Self { params, stream, ramp, ramp_frames, mute, polarity, frame: 0, stands_from: 0 })
    }

    /// Moves the fader to new parameters from the next frame on. A muted fader stays silent.
    ///
    /// # Errors
    /// A level out of range; the fader stays where it is then.
    pub fn set_params(&mut self, params: FaderParams) -> Result<(), Error> {
        params.validate()?;
        self.params = params;
        self.ramp.move_to(params.target_db(), self.frame);
        self.moves();
        Ok(())
    }

    /// The parameters it stands at or moves to; mute does not change them.
    #[must_use]
    pub fn params(&self) -> FaderParams {
        self.params
    }

    /// Closes down to exact zero, or opens again, over the ramp time from the next frame on.
    pub fn set_muted(&mut self, muted: bool) {
        self.mute.move_to(if muted { 0.0 } else { 1.0 }, self.frame, self.ramp_frames);
        self.moves();
    }

    /// Whether it is muted, or on its way there.
    #[must_use]
    pub fn is_muted(&self) -> bool {
        self.mute.target() == 0.0
    }

    /// Turns the polarity of a channel over, through zero, over the ramp time from the next frame
    /// on.
    ///
    /// # Errors
    /// A channel that the layout does not have.
    pub fn set_inverted(&mut self, channel: usize, inverted: bool) -> Result<(), Error> {
        let last = self.polarity.len().saturating_sub(1);
        #[expect(clippy::cast_precision_loss, reason = "shown, and compared with 63")]
        Error::check_range("channel", channel as f64, 0.0, last as f64)?;
        if let Some(polarity) = self.polarity.get_mut(channel) {
            polarity.move_to(sign(inverted), self.frame, self.ramp_frames);
        }
        self.moves();
        Ok(())
    }

    /// Whether a channel is inverted, or on its way there.
    #[must_use]
    pub fn is_inverted(&self, channel: usize) -> bool {
        self.polarity.get(channel).is_some_and(|polarity| polarity.target() < 0.0)
    }

    /// The level that is applied at the next frame, mute included, dB; -inf when muted.
    ///
    /// On its way it lies on the straight lines between the points of the 32-frame grid, as the gain
    /// does; where the fader stands it is the level as set.
    #[must_use]
    pub fn gain_db_now(&self) -> f64 {
        let now = self.frame;
        if self.ramp.is_settled(now) && self.mute.is_settled(now) && self.mute.target() == 1.0 {
            return self.ramp.target_db();
        }
        gain_to_db(self.line(now).at(now))
    }

    /// From the next frame on every sample is exact zero, until something is changed: what feeds
    /// only this fader need not be computed.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        let down = self.ramp.is_settled(self.frame) && self.ramp.target_db() == f64::NEG_INFINITY;
        down || (self.mute.is_settled(self.frame) && self.mute.target() == 0.0)
    }

    /// Something may move from the next frame on.
    fn moves(&mut self) {
        self.stands_from = self.frame.saturating_add(self.ramp_frames);
    }

    /// Level and mute around the absolute frame `now`.
    fn line(&self, now: u64) -> Line {
        if self.mute.is_settled(now) && self.mute.target() == 1.0 {
            return self.ramp.line(now);
        }
        self.ramp.line(now).times(&self.mute.line(now), now)
    }

    /// The next piece, at most `limit` frames (≥ 1) long.
    fn segment(&self, limit: usize) -> Segment {
        self.line(self.frame).segment(self.frame, limit)
    }

    /// One channel of a piece in which its polarity moves too.
    fn apply_turning<S: Sample>(&self, polarity: &Switch, samples: &mut [S]) {
        let mut rest = samples;
        let mut now = self.frame;
        while !rest.is_empty() {
            // What is settled is told as where no polarity moves, to the bit.
            let (line, sign) = if polarity.is_settled(now) {
                (self.line(now), polarity.target())
            } else {
                (self.line(now).times(&polarity.line(now), now), 1.0)
            };
            let segment = line.segment(now, rest.len());
            let Some((part, after)) = rest.split_at_mut_checked(segment.frames) else { return };
            segment.apply(self.stream.isa, part, sign);
            now += segment.frames as u64;
            rest = after;
        }
    }
}

/// The factor of a polarity.
fn sign(inverted: bool) -> f64 {
    if inverted { -1.0 } else { 1.0 }
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
        self.mute.settle();
        for polarity in self.polarity.iter_mut() {
            polarity.settle();
        }
        self.frame = 0;
        self.stands_from = 0;
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
    fn process(&mut self, mut io: Io<'_, S>) -> Result<(), Error> {
        let main = io.main_without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        let frames = main.frames();
        if self.frame >= self.stands_from {
            let start = self.ramp.target_gain() * self.mute.target();
            let standing = Segment { frames, start, step: 0.0, first: 0 };
            for (samples, polarity) in main.channels_mut().rev().zip(self.polarity.iter().rev()) {
                standing.apply(self.stream.isa, samples, polarity.target());
            }
            self.frame += frames as u64;
            return Ok(());
        }
        let mut done = 0;
        while done < frames {
            let segment = self.segment(frames - done);
            // The last channel first: what was here before has just left it in the cache.
            let channels = main.channels_mut().rev().zip(self.polarity.iter().rev());
            for (samples, polarity) in channels {
                let Some(part) = samples.get_mut(done..done + segment.frames) else { continue };
                if polarity.is_settled(self.frame) {
                    segment.apply(self.stream.isa, part, polarity.target());
                } else {
                    self.apply_turning(polarity, part);
                }
            }
            done += segment.frames;
            self.frame += segment.frames as u64;
        }
        Ok(())
    }
}
