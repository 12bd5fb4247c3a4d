//! A ducker for live use: the background goes down under speech by as much as the target needs.
//!
//! The key is the dialogue, the main signal the background. Both are K-weighted; every 10 ms sub-block
//! gives an energy of each (D and B). The background leaves after the look-ahead, so the gain is down
//! before speech begins.
//!
//! **Speech.** Sub-block k is strong where D_k ≥ the running mean of strong sub-blocks (time constant
//! 30 s of speech) − `gate_lu`, ≥ −50 LUFS and ≥ 6 dB over its floor, the least that 0.1 s had within the
//! last 5 to 6 s (a room is steady, a voice is not), and counts where it is within 40 dB of that mean. A
//! phrase opens when 15 of the last 20 sub-blocks are strong (a breath is weaker, a click shorter), from
//! the first of them on; it goes on for the hold after the last strong one, so pauses shorter than the
//! hold are part of it. A key filter ([`Ducker::set_key_filter`]) stands before this question and no
//! other: how loud the speech is, the unfiltered key says.
//!
//! **Depth.** Over the sub-blocks of the phrase that count, those of the look-ahead included, with R the
//! energy of the background that has left (as it left), F that of what is still to leave, S that of
//! channels that stay as they are ([`super::DuckedAreas`]), and d̄, b̄, s̄ the means of D, B and S:
//!
//! > need = target − 10 log10(Σ D / Σ (B + S))
//! > g² = ((Σ D + 0.4·h·d̄) / 10^(target/10) − (Σ S + h·s̄) − R) / (F + h·b), h = 100 sub-blocks
//! > depth = −10 log10 g², from 0 to `max_depth_db`; 0 where need ≤ 0
//!
//! It makes up for what was not known, over about a second, in a line and not by syllables. The second that
//! is not known is reckoned with at 0.4 of the power of the voice so far (−4 dB), as a line falls off, and
//! with a background b that is b̄ or the mean of what is still to leave, whichever is weaker: a hit that has
//! died away is not to come again.
//!
//! **Gain.** On the grid of sub-blocks, reduction r, straight in decibels:
//!
//! > r_j = max over i ≥ j of (depth_i − attack·(i − j)·10 ms), limited to r_{j−1} − release·10 ms from
//! > below and r_{j−1} + attack·10 ms from above
//!
//! In the 10 ms between two points the gain moves straight in amplitude, 0.002 dB beside the line at
//! 40 dB/s. At 0 dB every bit passes.
//!
//! **Mix.** y = (m·g + 1 − m)·x with the same delayed x: nothing can comb.
//!
//! Sources: [`super::DuckerParams`] for target and depth; the rules of speech, horizon and gain: own
//! design.
//! Cost: two K-weightings of every channel, sample by sample, and a gain. Latency: the look-ahead.
//! Limits: what a phrase needs is known for the look-ahead only. Over phrases in three languages under
//! music and noises apart from those that the constants were chosen on (one run on them came before the
//! last choice), the mean excess was 0.8 LU (0.7 under music, 0.6 under ambience, 1.54 under single
//! explosions; 2.0 under the shipped cue's effects alone) and none ended short
//! (`tests/all/duck_held_out.rs`). Under the explosions no causal ducker with this look-ahead that keeps
//! the target wherever a line may end has less than 0.7 LU, however it moves: what comes of a line after a
//! hit was paid for in advance (`tests/all/duck_classes.rs`). Where the largest depth stops the end of a
//! phrase, it is short though its mean need lay below that depth ([`super::DuckOutcome::Late`]). A phrase
//! shorter than 0.15 s is none. [`super::DuckPlan`], which sees the whole clip, gives every phrase its
//! exact depth. Until the first 0.2 s of speech have come, everything above −50 LUFS that is not steady may
//! be speech: nothing tells a breath from a soft voice before there is a voice to compare it with, so one
//! that comes more than the look-ahead before the first word may duck as a phrase does, by the largest
//! depth at the most, until the hold and the way up after it; so may everything where for a minute (or ten
//! times the length of a shorter loud sound) such things lie between −50 LUFS and the gate: the mean then
//! falls by 3 dB/s, so that a voice after something louder is found. A noise that sets in is taken for
//! speech for 5 to 6 s at the most, until its floor is known; a tone that is held for longer than that is
//! taken for noise. A noise narrower than about 1 kHz (rumble, wind) above −50 LUFS swings by more than 6
//! dB and may still be taken for speech; a key filter keeps it out. A sample of the key or of the
//! background beyond +20 dBFS is heard as one at +20 dBFS. Single effects may move it, by the largest depth
//! at most, where none is needed: one in the first words is a need until the rest of the phrase is known.
//! Under held-out explosions, the background 26 dB lower, it did not move (0.00 dB).

use super::cells::{CHUNK, Ear};
use super::duck_outcome::{DuckReport, DuckedPhrase, PhraseLog};
use super::ducker_gain::{Stretch, gain_at, mixed, share_of};
use super::ducker_params::DuckerParams;
use super::ducker_setup::{DuckerSetup, DuckerStorage};
use super::ducker_state::{Entry, Follower};
use super::key_filter::KeyFilter;
use super::key_path::KeyPath;
use super::reduction::{LOOK_FRAMES, ReductionLog, ReductionStats};
use super::unit;
use crate::audio::{Block, BlockMut, PerChannel, Sample, Store, check_frames};
use crate::error::Error;
use crate::filters::Delay;
use crate::kernels;
use crate::loudness::sub_block_start;
use crate::ramp::{Glide, Segment, ramp_frames};
use crate::stream::{Field, Io, Process, Processor, Stream};
use crate::units::{db_to_gain, db_to_power, gain_to_db};

/// Lowers a background under speech until the speech stands out by a target, in LU, phrase by phrase.
///
/// The dialogue comes as the key, with [`DuckerSetup::key_layout`]'s channels and as many frames as the
/// block; without a key nobody speaks.
///
/// # Latency
/// The look-ahead.
///
/// # Real time
/// `process`, `set_params`, `set_key_filter` and `reset` neither allocate nor wait.
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
/// // 6 dB for the target, and a little for the end of the line, which may fall off.
/// assert!((6.0..7.0).contains(&ducker.gain_reduction_db()));
/// assert!((ducker.static_curve_db(4.0) - 10.0).abs() < 1e-9);
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
    /// Of the key, of the background that goes down, of the background that stays if any does.
    key_ear: Ear,
    main_ear: Ear,
    stays_ear: Option<Ear>,
    key_path: KeyPath<'a, S>,
    /// Of the filtered key.
    voice_ear: Ear,
    /// Channels that go down.
    ducked: PerChannel<bool>,
    follower: Follower<'a>,
    stretch: Stretch,
    key_scale: f64,
    mix: Glide<f32>,
    wet: Glide<f32>,
    log: ReductionLog,
    /// Frames so far, and the sub-block at hand.
    now: u64,
    done: usize,
    faults: u64,
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
        let keys = KeyPath::<S>::required_len(setup.key_layout, frames);
        let key_path =
            KeyPath::new(setup.key_layout, stream, frames, Store::owned(keys, S::zero()))?;
        let numbers = Store::owned(Follower::required_len(sub_blocks), 0.0);
        let phrases = Store::owned(setup.phrases, DuckedPhrase::default());
        let log = PhraseLog::new(stream.rate_hz, phrases);
        let follower = Follower::new(sub_blocks, numbers, log);
        Self::build(setup, params, stream, (delay, key_path, follower))
    }
}

impl<'a, S: Sample> Ducker<'a, S> {
    /// The memory that [`Ducker::new_in`] needs.
    ///
    /// # Errors
    /// A setup or rate outside its bounds.
    pub fn required_len(setup: DuckerSetup, stream: Stream) -> Result<DuckerStorage, Error> {
        let (sub_blocks, frames) = setup.lookahead(&stream)?;
        let samples = Delay::<S>::required_len(frames, &stream)?
            + KeyPath::<S>::required_len(setup.key_layout, frames);
        let numbers = Follower::required_len(sub_blocks);
        Ok(DuckerStorage { samples, numbers, phrases: setup.phrases })
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
        phrases: &'a mut [DuckedPhrase],
    ) -> Result<Self, Error> {
        let (sub_blocks, frames) = setup.lookahead(&stream)?;
        let (given, required) = (samples.len(), Self::required_len(setup, stream)?.samples);
        let delayed = Delay::<S>::required_len(frames, &stream)?;
        let (Some((samples, keys)), true) =
            (samples.split_at_mut_checked(delayed), given >= required)
        else {
            return Err(Error::Storage { what: "ducker sample", given, required });
        };
        let delay = Delay::new_in(frames, stream, samples)?;
        let need = KeyPath::<S>::required_len(setup.key_layout, frames);
        let keys = Store::lent("ducker sample", keys, need, S::zero())?;
        let key_path = KeyPath::new(setup.key_layout, stream, frames, keys)?;
        let need = Follower::required_len(sub_blocks);
        let numbers = Store::lent("ducker number", numbers, need, 0.0)?;
        let none = DuckedPhrase::default();
        let phrases = Store::lent("ducked phrase", phrases, setup.phrases, none)?;
        let log = PhraseLog::new(stream.rate_hz, phrases);
        let follower = Follower::new(sub_blocks, numbers, log);
        Self::build(setup, params, stream, (delay, key_path, follower))
    }

    fn build(
        setup: DuckerSetup,
        params: DuckerParams,
        stream: Stream,
        (delay, key_path, follower): (Delay<'a, S>, KeyPath<'a, S>, Follower<'a>),
    ) -> Result<Self, Error> {
        params.validate()?;
        let (_, frames) = setup.lookahead(&stream)?;
        let (rate_hz, layout) = (stream.rate_hz, stream.layout);
        let mut ducked = PerChannel::<bool>::new(stream.channel_count())?;
        for (ducked, speaker) in ducked.iter_mut().zip(layout.speakers()) {
            *ducked = setup.areas.holds(speaker);
        }
        let is_ducked = |index: usize| ducked.get(index).copied().unwrap_or(false);
        let main_ear = Ear::new(layout, rate_hz)?.deaf_but(is_ducked);
        let stays_ear = if setup.areas.spares_any(layout) {
            Some(Ear::new(layout, rate_hz)?.deaf_but(|index| !is_ducked(index)))
        } else {
            None
        };
        let fade = ramp_frames(rate_hz);
        let mut ducker = Self {
            stream,
            setup,
            params,
            frames,
            delay,
            key_ear: Ear::new(setup.key_layout, rate_hz)?,
            main_ear,
            stays_ear,
            key_path,
            voice_ear: Ear::new(setup.key_layout, rate_hz)?,
            ducked,
            follower,
            stretch: Stretch::STILL,
            key_scale: db_to_power(setup.key_offset_db),
            mix: Glide::new(share_of(&params), fade),
            wet: Glide::new(1.0, fade),
            log: ReductionLog::new(),
            now: 0,
            done: 0,
            faults: 0,
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

    /// Takes other parameters from the next sub-block of 10 ms on, and moves to another mix over 20 ms;
    /// the gain moves by its slews.
    ///
    /// # Errors
    /// A value outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: DuckerParams) -> Result<(), Error> {
        params.validate()?;
        self.params = params;
        self.mix.move_to(share_of(&params), self.now);
        Ok(())
    }

    /// What the key passes before it is asked whether somebody speaks, from the next frame on.
    pub fn set_key_filter(&mut self, filter: KeyFilter) {
        self.key_path.set_filter(filter);
    }

    /// What the key passes before it is asked whether somebody speaks.
    #[must_use]
    pub fn key_filter(&self) -> KeyFilter {
        self.key_path.filter()
    }

    /// Lets the filtered key be heard in place of the background, with the same latency and without
    /// gain; a cross-fade of 20 ms from the next output frame on. A key of one channel is heard in all,
    /// another one channel by channel as far as both have them.
    pub fn set_key_listen(&mut self, listen: bool) {
        self.key_path.set_listen(listen, self.now);
    }

    /// Whether it lets the background pass.
    #[must_use]
    pub fn bypass(&self) -> bool {
        self.wet.target() == 0.0
    }

    /// Lets the background pass (cleaned, else unchanged) with the same latency: a cross-fade of 20 ms
    /// from the next output frame on. The ducker goes on meanwhile.
    pub fn set_bypass(&mut self, bypass: bool) {
        self.wet.move_to(if bypass { 0.0 } else { 1.0 }, self.now);
    }

    /// Gain reduction of the newest frame of output, to the 10 ms, dB ≥ 0, without the mix.
    #[must_use]
    pub fn gain_reduction_db(&self) -> f64 {
        self.follower.reduction_db()
    }

    /// The gain reduction since the last reset, without the mix; none before the first frame.
    #[must_use]
    pub fn reduction_stats(&self) -> Option<ReductionStats> {
        self.log.stats()
    }

    /// Separation that a steady voice comes to which stands `separation_lu` over a steady background of
    /// channels that all go down, LU, with the mix: the ducker's static curve.
    #[must_use]
    pub fn static_curve_db(&self, separation_lu: f64) -> f64 {
        self.params.static_curve_lu(separation_lu)
    }

    /// The phrases that have left, with target met or the reason why not, in order of time: as many as
    /// the setup holds. Once it is full, the oldest that has its target makes room for a new one, or the
    /// oldest of all; [`Ducker::report`] counts them all.
    #[must_use]
    pub fn phrases(&self) -> &[DuckedPhrase] {
        self.follower.log.phrases()
    }

    /// The phrases of the list that miss their target: dialogue is buried there.
    pub fn unmet(&self) -> impl Iterator<Item = &DuckedPhrase> {
        self.phrases().iter().filter(|found| found.outcome.is_unmet())
    }

    /// The phrase that is leaving, as far as it has: the last one, where a clip ends inside its hold.
    #[must_use]
    pub fn current_phrase(&self) -> Option<DuckedPhrase> {
        self.follower.log.leaving(&self.params)
    }

    /// How many phrases came off how, and the mean excess over what they needed.
    #[must_use]
    pub fn report(&self) -> DuckReport {
        self.follower.log.report()
    }

    unit::traced! {
        /// [`Process::process`], and the gain reduction of every frame of the block, dB, without the mix.
    }

    fn run(&mut self, io: Io<'_, S>, mut trace: Option<&mut [f32]>) -> Result<(), Error> {
        let Io { mut main, key } = io;
        main.check_channels("block", self.stream.channel_count())?;
        if let Some(key) = &key {
            key.check_channels("key", self.setup.key_layout.channel_count())?;
            check_frames("key", key.frames(), main.frames())?;
        }
        let mut at = 0;
        while at < main.frames() {
            let end = sub_block_start(self.done + 1, self.stream.rate_hz);
            let left = usize::try_from(end - self.now).unwrap_or(CHUNK);
            let take = left.min(CHUNK).min(main.frames() - at);
            let mut part = main.range(at, at + take);
            let key = key.as_ref().map(|key| key.range(at, at + take));
            self.hear(&part.as_block(), key.as_ref());
            self.delay.process(Io::new(part.reborrow()))?;
            let trace = trace.as_deref_mut().and_then(|trace| trace.get_mut(at..at + take));
            self.apply(&mut part, trace.unwrap_or_default());
            let filtered = self.key_path.filtered(key.as_ref(), take);
            if let Some(rows) = &filtered {
                let rows = rows.block(self.setup.key_layout.channel_count())?;
                self.voice_ear.hear(&rows, &self.stream);
            }
            self.key_path.exchange(key.as_ref(), filtered.as_ref(), &mut part, self.now);
            at += take;
            self.now += take as u64;
            if self.now == end {
                self.end_sub_block();
            }
        }
        Ok(())
    }

    /// Listens to a piece of what comes in.
    fn hear(&mut self, main: &Block<'_, S>, key: Option<&Block<'_, S>>) {
        // Faults of the main signal are counted by the delay.
        self.main_ear.hear(main, &self.stream);
        if let Some(ear) = &mut self.stays_ear {
            ear.hear(main, &self.stream);
        }
        if let Some(key) = key {
            self.faults += self.key_ear.hear(key, &self.stream) as u64;
        }
    }

    /// A sub-block of the input is complete.
    fn end_sub_block(&mut self) {
        let start = |k: usize| sub_block_start(k, self.stream.rate_hz);
        #[expect(clippy::cast_precision_loss, reason = "a sub-block")]
        let frames = (start(self.done + 1) - start(self.done)) as f64;
        let key = self.key_ear.take() / frames * self.key_scale;
        let main = self.main_ear.take() / frames;
        let stays = self.stays_ear.as_mut().map_or(0.0, Ear::take) / frames;
        let passed = self.voice_ear.take() / frames * self.key_scale;
        let voice = if self.key_path.filter().is_none() { key } else { passed };
        let entry = Entry::new(key, main, stays);
        let share = f64::from(self.mix.at(self.now) * self.wet.at(self.now));
        let reduction = self.follower.push(entry, voice, share, &self.params);
        self.key_path.settle();
        self.done += 1;
        // What leaves next: the sub-block that came in one look-ahead ago.
        let leaving = (self.done + 1).saturating_sub(self.follower.len());
        let frames = [leaving.saturating_sub(1), leaving].map(start);
        self.stretch = self.stretch.next(db_to_gain(-reduction), frames);
    }

    /// Applies the gain to frames that leave, within one sub-block of input.
    fn apply(&mut self, block: &mut BlockMut<'_, S>, trace: &mut [f32]) {
        // Frame n of the input leaves at n + latency.
        let latency = self.frames as u64;
        let mut at = 0;
        while at < block.frames() {
            let now = self.now + at as u64;
            // No piece goes on beyond the end of a cross-fade.
            let ends = [self.mix.end(), self.wet.end()].into_iter().filter(|end| *end > now);
            let fade = ends.min().map_or(u64::MAX, |end| end - now);
            let left = usize::try_from(fade).unwrap_or(CHUNK).min(block.frames() - at);
            let line = self.stretch.line(now.saturating_sub(latency), left);
            let frames = line.frames.max(1);
            self.look(&line, now, trace.get_mut(at..at + frames).unwrap_or_default());
            self.lower(&line, now, |channel| channel.get_mut(at..at + frames), block);
            at += frames;
        }
    }

    /// Lowers what goes down by a piece of the gain, as far as mix and bypass let it.
    fn lower(
        &self,
        line: &Segment,
        now: u64,
        of: impl for<'s> Fn(&'s mut [S]) -> Option<&'s mut [S]>,
        block: &mut BlockMut<'_, S>,
    ) {
        if line.step == 0.0 && line.start == 1.0 {
            return;
        }
        let isa = self.stream.isa;
        let channels = block.channels_mut().zip(self.ducked.iter());
        let parts = channels.filter(|(_, ducked)| **ducked).filter_map(|(channel, _)| of(channel));
        if self.mix.is_settled(now) && self.wet.is_settled(now) {
            let share = f64::from(self.mix.target() * self.wet.target());
            let line = mixed(line, share);
            parts.for_each(|part| line.apply(isa, part, 1.0));
            return;
        }
        let mut gains = [1.0_f32; CHUNK];
        for (n, gain) in gains.iter_mut().enumerate() {
            let share = f64::from(self.mix.at(now + n as u64) * self.wet.at(now + n as u64));
            #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
            {
                *gain = (1.0 + (gain_at(line, n) - 1.0) * share) as f32;
            }
        }
        parts.for_each(|part| kernels::apply_gains(isa, part, &gains));
    }

    /// The read-outs of a piece of the gain.
    fn look(&mut self, line: &Segment, now: u64, trace: &mut [f32]) {
        #[expect(clippy::cast_possible_truncation, reason = "a read-out")]
        let at = |n: usize| {
            let gain = gain_at(line, n);
            if gain == 1.0 { 0.0 } else { (0.0 - gain_to_db(gain)) as f32 }
        };
        #[expect(clippy::cast_possible_truncation, reason = "below LOOK_FRAMES")]
        let past = (now % LOOK_FRAMES as u64) as usize;
        let next = if past == 0 { 0 } else { LOOK_FRAMES - past };
        for n in (next..line.frames).step_by(LOOK_FRAMES) {
            self.log.look(at(n));
        }
        let most = at(0);
        let last = at(line.frames.saturating_sub(1));
        self.log.largest(if last > most { last } else { most });
        for (n, to) in trace.iter_mut().enumerate() {
            *to = at(n);
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
        for ear in [&mut self.key_ear, &mut self.main_ear, &mut self.voice_ear] {
            ear.reset();
        }
        if let Some(ear) = &mut self.stays_ear {
            ear.reset();
        }
        self.key_path.reset();
        self.follower.reset();
        self.mix.settle();
        self.wet.settle();
        self.stretch = Stretch::STILL;
        self.log = ReductionLog::new();
        (self.now, self.done, self.faults) = (0, 0, 0);
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
        self.delay.faults() + self.faults
    }
}

impl<S: Sample> Process<S> for Ducker<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        self.run(io, None)
    }
}
