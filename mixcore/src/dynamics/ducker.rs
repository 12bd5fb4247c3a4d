//! A ducker for live use: the background goes down under speech by as much as the target needs.
//!
//! The key is the dialogue, the main signal the background. Both are K-weighted; every 10 ms sub-block
//! gives an energy of each (D and B). The background leaves after the look-ahead, so the gain is down
//! before speech begins.
//!
//! **Speech.** Sub-block k is strong where D_k ≥ the running mean of strong sub-blocks (time constant
//! 30 s of speech) − `gate_lu` and ≥ −50 LUFS, and counts where it is within 40 dB of that mean. A
//! phrase opens when 15 of the last 20 sub-blocks are strong (a breath is weaker, a click shorter), from
//! the first of them on; it goes on for the hold after the last strong one, so pauses shorter than the
//! hold are part of it.
//!
//! **Depth.** Over the sub-blocks of the phrase that count, those of the look-ahead included, with R the
//! energy of the background that has left (as it left), F that of what is still to leave, and d̄, b̄ the
//! means of D and B:
//!
//! > need = target − 10 log10(Σ D / Σ B), aim = target + min(max(need, 0), 1.5 LU)
//! > g² = ((Σ D + h·d̄) / 10^(aim/10) − R) / (F + h·b̄), h = 100 sub-blocks
//! > depth = −10 log10 g², from 0 to `max_depth_db`; 0 where need ≤ 0
//!
//! While nothing has left this is the plain need of the phrase as far as it is known; later it makes up
//! for what was not known, over about a second, in a line and not by syllables. The 1.5 LU are for the
//! end of a line, which falls off and is not yet known.
//!
//! **Gain.** On the grid of sub-blocks, reduction r, straight in decibels:
//!
//! > r_j = max over i ≥ j of (depth_i − attack·(i − j)·10 ms), limited to r_{j−1} − release·10 ms from
//! > below and r_{j−1} + attack·10 ms from above
//!
//! In the 10 ms between two points the gain moves straight in amplitude, 0.002 dB beside the line at
//! 40 dB/s. At 0 dB every bit passes.
//!
//! Sources: [`super::DuckerParams`] for target and depth; the rules of speech, horizon and gain: own
//! design.
//! Cost: two K-weightings of every channel, sample by sample, and a gain. Latency: the look-ahead.
//! Limits: what a phrase needs is known for the look-ahead only, so its excess is up to some 1.5 LU and
//! where the largest depth stops the end of a phrase, the phrase is short of its target though its mean
//! need lay below that depth. A phrase shorter than 0.15 s is none. [`super::DuckPlan`],
//! which sees the whole clip, gives every phrase its exact depth. Until the first 0.2 s of speech
//! have come, everything above −50 LUFS may be speech.

use super::cells::{CHUNK, Ear};
use super::ducker_params::DuckerParams;
use super::ducker_state::{Entry, Follower};
use crate::audio::{BlockMut, Layout, Sample, Store};
use crate::error::Error;
use crate::filters::Delay;
use crate::kernels;
use crate::loudness::sub_block_start;
use crate::math;
use crate::stream::{Field, Io, Process, Processor, Stream};
use crate::units::{db_to_gain, db_to_power};

/// Shortest look-ahead, ms: the 0.2 s in which speech is recognised, and a start of the way down.
pub const MIN_DUCKER_LOOKAHEAD_MS: f64 = 250.0;
/// Longest look-ahead, ms.
pub const MAX_DUCKER_LOOKAHEAD_MS: f64 = 5000.0;

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DuckerSetup {
    /// Time by which the background is delayed, 250 to 5000 ms, to whole sub-blocks of 10 ms. The
    /// longer, the more of a phrase is known before it is heard.
    pub lookahead_ms: f64,
    /// Channels of the key.
    pub key_layout: Layout,
    /// Level of the key in the mix over its level here, LU, −40 to 40: 3.01 for a mono key that comes
    /// at unity from two loudspeakers.
    pub key_offset_lu: f64,
}

impl Default for DuckerSetup {
    /// 1 s; a mono key that lies in the mix as loud as it is here.
    fn default() -> Self {
        Self { lookahead_ms: 1000.0, key_layout: Layout::MONO, key_offset_lu: 0.0 }
    }
}

impl DuckerSetup {
    /// Checks the look-ahead and the offset.
    ///
    /// # Errors
    /// One of them outside its bounds.
    pub fn validate(&self) -> Result<(), Error> {
        let (min, max) = (MIN_DUCKER_LOOKAHEAD_MS, MAX_DUCKER_LOOKAHEAD_MS);
        Error::check_range("lookahead_ms", self.lookahead_ms, min, max)?;
        Error::check_range("key_offset_lu", self.key_offset_lu, -40.0, 40.0).map(|_| ())
    }

    /// The look-ahead in sub-blocks and in frames.
    fn lookahead(&self, stream: &Stream) -> Result<(usize, usize), Error> {
        self.validate()?;
        stream.validate()?;
        let sub_blocks = math::round(self.lookahead_ms / 10.0);
        // Sub-blocks are whole frames long: so many of them span no more than this.
        let frames = math::ceil(sub_blocks * 0.01 * stream.rate_hz);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "25 to 500 sub-blocks of up to 3840 frames"
        )]
        Ok((sub_blocks as usize, frames as usize))
    }
}

/// Memory that [`Ducker::new_in`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DuckerStorage {
    /// Samples: the delay.
    pub samples: usize,
    /// f64 numbers: what is known of the sub-blocks of the look-ahead.
    pub numbers: usize,
}

/// Lowers a background under speech until the speech stands out by a target, in LU, phrase by phrase.
///
/// The dialogue comes as the key, with [`DuckerSetup::key_layout`]'s channels and as many frames as the
/// block; without a key nobody speaks.
///
/// # Latency
/// The look-ahead.
///
/// # Real time
/// `process`, `set_params`, `set_bypass` and `reset` neither allocate nor wait.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::dynamics::{Ducker, DuckerParams, DuckerSetup};
/// use mixcore::{Block, BlockMut, Io, Layout, Process, Processor, Stream, math};
///
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let mut ducker = Ducker::new(DuckerSetup::default(), DuckerParams::default(), stream)?;
/// assert_eq!(ducker.latency_frames(), 48_000);
/// // A voice that starts after 2 s, 4 dB above the music.
/// let tone = |gain: f64| (0..240_000).map(move |n| (gain * math::sin(0.1 * f64::from(n))) as f32);
/// let mut music: Vec<f32> = tone(0.1).collect();
/// let mut voice: Vec<f32> = tone(0.1585).collect();
/// voice[..96_000].fill(0.0);
/// ducker.process(Io::with_key(BlockMut::mono(&mut music), Block::mono(&voice)))?;
/// // 6 dB for the target, and 1.5 dB for the end of a line, which falls off.
/// assert!((ducker.gain_reduction_db() - 7.5).abs() < 0.1);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Ducker<'a, S> {
    stream: Stream,
    setup: DuckerSetup,
    params: DuckerParams,
    frames: usize,
    delay: Delay<'a, S>,
    ears: [Ear; 2],
    follower: Follower<'a>,
    /// Gains at the ends of the stretch that leaves.
    gains: [f64; 2],
    /// First and last frame of that stretch, on the clock of the input.
    stretch: [u64; 2],
    key_scale: f64,
    bypass: bool,
    /// Frames so far, and the sub-block at hand.
    now: u64,
    done: usize,
    key_faults: u64,
}

#[cfg(feature = "alloc")]
impl<S: Sample> Ducker<'static, S> {
    /// A ducker with memory of its own.
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds.
    pub fn new(setup: DuckerSetup, params: DuckerParams, stream: Stream) -> Result<Self, Error> {
        let (sub_blocks, frames) = setup.lookahead(&stream)?;
        let delay = Delay::new(frames, stream)?;
        let numbers = Store::owned(Follower::required_len(sub_blocks), 0.0);
        Self::build(setup, params, stream, delay, numbers)
    }
}

impl<'a, S: Sample> Ducker<'a, S> {
    /// The memory that [`Ducker::new_in`] needs.
    ///
    /// # Errors
    /// A setup or rate outside its bounds.
    pub fn required_len(setup: DuckerSetup, stream: Stream) -> Result<DuckerStorage, Error> {
        let (sub_blocks, frames) = setup.lookahead(&stream)?;
        let samples = Delay::<S>::required_len(frames, &stream)?;
        Ok(DuckerStorage { samples, numbers: Follower::required_len(sub_blocks) })
    }

    /// A ducker in lent memory of at least [`Ducker::required_len`].
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, or too little memory.
    pub fn new_in(
        setup: DuckerSetup,
        params: DuckerParams,
        stream: Stream,
        samples: &'a mut [S],
        numbers: &'a mut [f64],
    ) -> Result<Self, Error> {
        let (sub_blocks, frames) = setup.lookahead(&stream)?;
        let delay = Delay::new_in(frames, stream, samples)?;
        let need = Follower::required_len(sub_blocks);
        let numbers = Store::lent("ducker number", numbers, need, 0.0)?;
        Self::build(setup, params, stream, delay, numbers)
    }

    fn build(
        setup: DuckerSetup,
        params: DuckerParams,
        stream: Stream,
        delay: Delay<'a, S>,
        numbers: Store<'a, f64>,
    ) -> Result<Self, Error> {
        params.validate()?;
        let (sub_blocks, frames) = setup.lookahead(&stream)?;
        let ears =
            [Ear::new(setup.key_layout, stream.rate_hz)?, Ear::new(stream.layout, stream.rate_hz)?];
        let mut ducker = Self {
            stream,
            setup,
            params,
            frames,
            delay,
            ears,
            follower: Follower::new(sub_blocks, numbers),
            gains: [1.0; 2],
            stretch: [0; 2],
            key_scale: db_to_power(setup.key_offset_lu),
            bypass: false,
            now: 0,
            done: 0,
            key_faults: 0,
        };
        ducker.reset();
        Ok(ducker)
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> DuckerSetup {
        self.setup
    }

    /// The parameters.
    #[must_use]
    pub fn params(&self) -> DuckerParams {
        self.params
    }

    /// Takes other parameters from the next sub-block of 10 ms on; the gain moves by their slews.
    ///
    /// # Errors
    /// A value outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: DuckerParams) -> Result<(), Error> {
        params.validate()?;
        self.params = params;
        Ok(())
    }

    /// Whether it lets the background pass.
    #[must_use]
    pub fn bypass(&self) -> bool {
        self.bypass
    }

    /// Lets the background pass with the same latency; the gain goes up, and down again, by the slews.
    pub fn set_bypass(&mut self, bypass: bool) {
        self.bypass = bypass;
    }

    /// Gain reduction of the newest frame of output, to the 10 ms, dB ≥ 0.
    #[must_use]
    pub fn gain_reduction_db(&self) -> f64 {
        self.follower.reduction_db()
    }

    /// The largest reduction since the last reset, dB ≥ 0.
    #[must_use]
    pub fn max_gain_reduction_db(&self) -> f64 {
        self.follower.largest_db()
    }

    /// A sub-block of the input is complete.
    fn end_sub_block(&mut self) {
        let start = |k: usize| sub_block_start(k, self.stream.rate_hz);
        #[expect(clippy::cast_precision_loss, reason = "a sub-block")]
        let frames = (start(self.done + 1) - start(self.done)) as f64;
        let [key, main] = self.ears.each_mut().map(|ear| ear.take() / frames);
        let entry = Entry::new(key * self.key_scale, main);
        let depth = if self.bypass { 0.0 } else { self.params.max_depth_db };
        let params = DuckerParams { max_depth_db: depth, ..self.params };
        let [_, from] = self.gains;
        self.gains = [from, db_to_gain(-self.follower.push(entry, &params))];
        self.done += 1;
        // What leaves next: the sub-block that came in one look-ahead ago.
        let leaving = (self.done + 1).saturating_sub(self.follower.len());
        self.stretch = [leaving.saturating_sub(1), leaving].map(start);
    }

    /// Applies the gain to frames that leave, within one sub-block of input.
    fn apply(&self, block: &mut BlockMut<'_, S>) {
        let [from, to] = self.gains;
        if from == 1.0 && to == 1.0 {
            return;
        }
        // Frame n of the input leaves at n + latency.
        let latency = self.frames as u64;
        let mut at = 0;
        while at < block.frames() {
            let frame = (self.now + at as u64).saturating_sub(latency);
            let [start, end] = self.stretch;
            let left = block.frames() - at;
            // Up to a frame lies between the stretches where sub-blocks differ in length.
            let (gain, step, first, take) = if frame < start {
                let take = usize::try_from(start - frame).unwrap_or(left);
                (from, 0.0, 0, take.min(left))
            } else if frame >= end {
                (to, 0.0, 0, left)
            } else {
                let take = usize::try_from(end - frame).unwrap_or(left);
                #[expect(clippy::cast_precision_loss, reason = "a sub-block")]
                let step = (to - from) / (end - start) as f64;
                let first = usize::try_from(frame - start).unwrap_or(0);
                (from, step, first, take.min(left))
            };
            for channel in block.channels_mut() {
                if let Some(part) = channel.get_mut(at..at + take) {
                    let (gain, step) = (S::from_f64(gain), S::from_f64(step));
                    kernels::gain_ramp(self.stream.isa, part, gain, step, first);
                }
            }
            at += take;
        }
    }
}

impl<S: Sample> Processor for Ducker<'_, S> {
    fn latency_frames(&self) -> usize {
        self.frames
    }

    fn tail_frames(&self) -> usize {
        self.frames
    }

    fn reset(&mut self) {
        self.delay.reset();
        for ear in &mut self.ears {
            ear.reset();
        }
        self.follower.reset();
        self.gains = [1.0; 2];
        self.stretch = [0; 2];
        (self.now, self.done, self.key_faults) = (0, 0, 0);
    }

    fn fields(&self) -> &'static [Field] {
        DuckerParams::FIELDS
    }

    fn field(&self, name: &str) -> Option<f64> {
        self.params.get(name)
    }

    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        self.set_params(self.params.with(name, value)?)
    }

    fn faults(&self) -> u64 {
        self.delay.faults() + self.key_faults
    }
}

impl<S: Sample> Process<S> for Ducker<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        let Io { mut main, key } = io;
        main.check_channels("block", self.stream.channel_count())?;
        if let Some(key) = &key {
            key.check_channels("key", self.setup.key_layout.channel_count())?;
            let (given, expected) = (key.frames(), main.frames());
            if given != expected {
                return Err(Error::FrameCount { what: "key", given, expected });
            }
        }
        let mut at = 0;
        while at < main.frames() {
            let end = sub_block_start(self.done + 1, self.stream.rate_hz);
            let left = usize::try_from(end - self.now).unwrap_or(CHUNK);
            let take = left.min(CHUNK).min(main.frames() - at);
            let mut part = main.range(at, at + take);
            let [key_ear, main_ear] = &mut self.ears;
            // Faults of the main signal are counted by the delay.
            main_ear.hear(&part.as_block(), &self.stream);
            if let Some(key) = &key {
                let part = key.range(at, at + take);
                self.key_faults += key_ear.hear(&part, &self.stream) as u64;
            }
            self.delay.process(Io::new(part.reborrow()))?;
            self.apply(&mut part);
            at += take;
            self.now += take as u64;
            if self.now == end {
                self.end_sub_block();
            }
        }
        Ok(())
    }
}
