//! An automatic microphone mixer that shares one gain among all open microphones.
//!
//! Of a table of microphones each takes the part of the gain that its level is of all levels, so the sum
//! is as loud as one microphone, whoever speaks and however many are open: no thresholds, no gates that
//! chop, and room noise that stays the same. With P the K-weighted power of a channel, smoothed, p its
//! priority in dB and the sum over the channels of its group:
//!
//! > share_i = 10^(p_i/10)·(P_i + ε) / Σ_j 10^(p_j/10)·(P_j + ε), gain_i = 20 log10(share_i^(slope/2))
//!
//! With slope 1 the powers of the gains add up to 1: N microphones in the same noise, uncorrelated, give
//! the noise of one. With slope 2 the gains themselves add up to 1: N microphones with the same signal
//! give that signal once. Each halving of a share costs slope · 3.01 dB, down to `floor_db`. ε is
//! −120 dBFS, below any microphone: in silence all shares are equal.
//!
//! Powers are taken every 32 frames and smoothed by one pole, with the time constant `attack_ms` on the
//! way up (63.2 % of a step of power) and `release_ms` on the way down; between two of these points the
//! gain runs straight.
//!
//! Sources: D. Dugan, "Automatic Microphone Mixing", JAES 23(6), 1975, and his gain sharing as the
//! trade's manuals give it (own level − level of the sum, in dB); the slope and ε: own design.
//! Cost: a K-weighting of every channel, sample by sample, a power every 32 frames and a gain.
//! Latency: none. Limits: channels stay channels; their sum is the next thing's work
//! ([`crate::level::sum_bus`]). At most eight groups.

use super::cells::{CHUNK, Cells, Ear};
use super::gain_trace::{GainTrace, Rows, write_row};
use super::reduction::{ReductionStats, lower_row};
use super::tool::{OnCells, chosen, fields_of, gain_stats, grid, in_pieces};
use crate::audio::{BlockMut, MAX_CHANNELS, PerChannel, Sample, check_frames};
use crate::error::Error;
use crate::kernels::{self, settled};
use crate::math;
use crate::stream::{Field, Io, Process, Processor, Stream, params};
use crate::units::{db_to_gain, db_to_power, gain_to_db, power_to_db};

/// Most groups of an automixer: one for each of as many rooms or panels; a byte a channel stores them.
pub const MAX_AUTOMIXER_GROUPS: usize = 8;

/// Frames between two gains: 0.7 ms at 48 kHz, a fraction of the shortest attack.
const CELL: usize = 32;
/// −120 dBFS as a power: below the noise of any microphone's converter.
const SILENCE: f64 = 1e-12;
/// Largest priority, dB either way: the default floor. A priority that much higher leaves the others, at
/// equal levels and the slope 1, just that floor (−40.0 dB): a larger one moves no gain further.
const MAX_PRIORITY_DB: f64 = 40.0;

/// What is fixed for life: which channels share a gain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct AutomixerSetup {
    #[cfg_attr(feature = "json", serde(with = "super::banks::json"))]
    groups: [u8; MAX_CHANNELS],
}

impl Default for AutomixerSetup {
    /// All channels in group 0.
    fn default() -> Self {
        Self { groups: [0; MAX_CHANNELS] }
    }
}

impl AutomixerSetup {
    /// A copy with a channel in another group, 0 to 7: channels share with those of their group.
    ///
    /// # Errors
    /// A channel that no block has, or a group above 7.
    pub fn with_group(mut self, channel: usize, group: usize) -> Result<Self, Error> {
        #[expect(clippy::cast_precision_loss, reason = "only compared with a small bound")]
        Error::check_range("group", group as f64, 0.0, MAX_AUTOMIXER_GROUPS as f64 - 1.0)?;
        match (self.groups.get_mut(channel), u8::try_from(group)) {
            (Some(slot), Ok(group)) => *slot = group,
            _ => {
                let given = channel.saturating_add(1);
                return Err(Error::BlockChannels { given, max: MAX_CHANNELS });
            }
        }
        Ok(self)
    }

    /// Checks the groups, which a file may hold.
    ///
    /// # Errors
    /// A group above 7.
    pub fn validate(&self) -> Result<(), Error> {
        let largest = f64::from(self.groups.iter().copied().fold(0, u8::max));
        #[expect(clippy::cast_precision_loss, reason = "a small bound")]
        Error::check_range("group", largest, 0.0, MAX_AUTOMIXER_GROUPS as f64 - 1.0).map(|_| ())
    }

    /// The group of a channel.
    #[must_use]
    pub fn group(&self, channel: usize) -> usize {
        self.groups.get(channel).copied().map_or(0, usize::from)
    }
}

params! {
    /// What may move.
    ///
    /// A change counts from the next of the points on that lie 32 frames apart.
    pub struct AutomixerParams {
        /// 1: the powers of the gains add up to 1, 2: the gains do.
        slope: "1", 0.0 => 2.0, 1.0, Linear, fixed;
        /// Lowest gain.
        floor_db: "dB", -80.0 => 0.0, -40.0, Decibel, fixed;
        /// Time constant of a level on its way up.
        attack_ms: "ms", 1.0 => 500.0, 15.0, Log, fixed;
        /// Time constant of a level on its way down.
        release_ms: "ms", 10.0 => 5000.0, 150.0, Log, fixed;
    }
}

impl AutomixerParams {
    /// Gain of a microphone whose level, its priority included, stands `over_db` over the sum of all others
    /// of its group, dB.
    ///
    /// # Example
    /// ```
    /// use mixcore::dynamics::AutomixerParams;
    /// let params = AutomixerParams::default(); // slope 1, floor -40 dB
    /// assert!((params.static_gain_db(0.0) + 3.0103).abs() < 1e-4);
    /// assert!((params.static_gain_db(-20.0) + 20.0432).abs() < 1e-4);
    /// assert_eq!(params.static_gain_db(-60.0), -40.0);
    /// ```
    #[must_use]
    pub fn static_gain_db(&self, over_db: f64) -> f64 {
        // -10 log10 of the share 1/(1 + 10^(-over/10)).
        let all_over_own_db = power_to_db(1.0 + db_to_power(0.0 - over_db));
        (0.0 - self.slope * all_over_own_db).max(self.floor_db)
    }
}

/// What follows from the parameters.
#[derive(Clone, Copy, Debug)]
struct Coeffs {
    exponent: f64,
    floor: f64,
    attack: f64,
    release: f64,
}

impl Coeffs {
    fn design(params: &AutomixerParams, rate_hz: f64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "32")]
        let pole = |ms: f64| math::exp(-(CELL as f64) / (ms * 1e-3 * rate_hz));
        Self {
            exponent: 0.5 * params.slope,
            floor: db_to_gain(params.floor_db),
            attack: pole(params.attack_ms),
            release: pole(params.release_ms),
        }
    }
}

/// One microphone.
#[derive(Clone, Copy, Debug)]
struct Microphone {
    /// Priority as a power ratio.
    weight: f64,
    power: f64,
    share: f64,
    /// Gains at both ends of the cell at hand.
    gains: [f64; 2],
    /// Sum of its gains in dB, over the cells.
    total_db: f64,
}

impl Default for Microphone {
    fn default() -> Self {
        Self { weight: 1.0, power: 0.0, share: 0.0, gains: [1.0; 2], total_db: 0.0 }
    }
}

/// A gain-sharing mixer of microphones: one gain for each channel of a stream.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and are
/// counted.
///
/// # Latency
/// None.
///
/// # Real time
/// `process`, `set_params`, `set_priority_db`, `set_bypass` and `reset` neither allocate nor wait.
///
/// # Example
/// ```
/// use mixcore::dynamics::{Automixer, AutomixerParams, AutomixerSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Stream, math};
/// let stream = Stream::new(48_000.0, Layout::STEREO)?;
/// let mut mixer = Automixer::new(AutomixerSetup::default(), AutomixerParams::default(), stream)?;
/// assert!((mixer.gain_db(0)? + 3.0103).abs() < 1e-4); // silence: half of the power each
/// let mut near: [f32; 24_000] = core::array::from_fn(|n| math::sin(0.1 * n as f64) as f32);
/// let mut far = near.map(|x| 0.1 * x); // the same voice, 20 dB down
/// mixer.process(Io::new(BlockMut::stereo(&mut near, &mut far)?))?;
/// assert!((mixer.gain_db(0)? + 0.043).abs() < 1e-3 && (mixer.gain_db(1)? + 20.043).abs() < 1e-3);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Automixer {
    stream: Stream,
    setup: AutomixerSetup,
    params: AutomixerParams,
    coeffs: Coeffs,
    ear: Ear,
    microphones: PerChannel<Microphone>,
    cells: Cells,
    trace: GainTrace,
    bypass: bool,
    done: u64,
    faults: u64,
}

impl Automixer {
    /// A mixer at rest: equal shares.
    ///
    /// # Errors
    /// A group, parameter or rate outside its bounds.
    pub fn new(
        setup: AutomixerSetup,
        params: AutomixerParams,
        stream: Stream,
    ) -> Result<Self, Error> {
        stream.validate()?;
        setup.validate()?;
        params.validate()?;
        let mut mixer = Self {
            stream,
            setup,
            params,
            coeffs: Coeffs::design(&params, stream.rate_hz),
            ear: Ear::of_each(stream.layout, stream.rate_hz)?,
            microphones: PerChannel::new(stream.channel_count())?,
            cells: Cells::new(CELL),
            trace: GainTrace::new(),
            bypass: false,
            done: 0,
            faults: 0,
        };
        mixer.reset();
        Ok(mixer)
    }

    chosen!(AutomixerSetup, AutomixerParams);

    /// Takes other parameters from the next point of the grid on.
    ///
    /// # Errors
    /// A value outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: AutomixerParams) -> Result<(), Error> {
        params.validate()?;
        self.params = params;
        self.coeffs = Coeffs::design(&params, self.stream.rate_hz);
        Ok(())
    }

    /// Takes a microphone as so much louder than it is when the gain is shared, −40 to 40 dB.
    ///
    /// # Errors
    /// A channel that the stream does not have, or a priority outside its bounds.
    pub fn set_priority_db(&mut self, channel: usize, priority_db: f64) -> Result<(), Error> {
        Error::check_range("priority_db", priority_db, -MAX_PRIORITY_DB, MAX_PRIORITY_DB)?;
        let expected = self.microphones.len();
        let given = channel.saturating_add(1);
        let microphone = self.microphones.get_mut(channel).ok_or(Error::ChannelCount {
            what: "list of microphones",
            given,
            expected,
        })?;
        microphone.weight = db_to_power(priority_db);
        Ok(())
    }

    /// Whether it lets all microphones pass.
    #[must_use]
    pub fn bypass(&self) -> bool {
        self.bypass
    }

    /// Lets all microphones pass at 0 dB, or shares again: over 32 frames.
    pub fn set_bypass(&mut self, bypass: bool) {
        self.bypass = bypass;
    }

    fn microphone(&self, channel: usize) -> Result<&Microphone, Error> {
        self.microphones.get(channel).ok_or(Error::ChannelCount {
            what: "list of microphones",
            given: channel.saturating_add(1),
            expected: self.microphones.len(),
        })
    }

    /// The gain of a channel, dB.
    ///
    /// # Errors
    /// A channel that the stream does not have.
    pub fn gain_db(&self, channel: usize) -> Result<f64, Error> {
        let [_, gain] = self.microphone(channel)?.gains;
        Ok(gain_to_db(gain))
    }

    /// Mean of a channel's gain in dB since the last reset; 0 before the first 32 frames.
    ///
    /// # Errors
    /// A channel that the stream does not have.
    pub fn mean_gain_db(&self, channel: usize) -> Result<f64, Error> {
        let total = self.microphone(channel)?.total_db;
        #[expect(clippy::cast_precision_loss, reason = "a mean")]
        let cells = self.done.max(1) as f64;
        Ok(total / cells)
    }

    /// Microphones: the channels of the stream.
    #[must_use]
    pub fn microphone_count(&self) -> usize {
        self.microphones.len()
    }

    /// Reduction of the last frame, dB, of the microphone that is turned down most.
    #[must_use]
    pub fn gain_reduction_db(&self) -> f64 {
        self.trace.last_db()
    }

    gain_stats! {
        /// Reduction since the last reset, dB, of the microphone that is turned down most; none before the
        /// first frame. [`Automixer::mean_gain_db`] has the mean of each.
    }

    /// Level of a microphone over the sum of all others of its group as they come in, dB, that comes in
    /// steadily at `over_db` over them, its priority included.
    #[must_use]
    pub fn static_curve_db(&self, over_db: f64) -> f64 {
        over_db + self.params.static_gain_db(over_db)
    }

    /// [`Process::process`], and the reduction of every frame of the block for every microphone, dB.
    ///
    /// # Shape
    /// `reduction_db` has the frames of the first channel first, then those of the next.
    ///
    /// # Errors
    /// As `process`, and another length than channels x frames.
    pub fn process_with_reduction<S: Sample>(
        &mut self,
        io: Io<'_, S>,
        reduction_db: &mut [f32],
    ) -> Result<(), Error> {
        let expected = self.microphones.len().saturating_mul(io.main.frames());
        check_frames("reduction_db", reduction_db.len(), expected)?;
        in_pieces(self, io, Some(reduction_db))
    }

    /// The read-outs of a piece.
    fn look(&mut self, frames: usize, rows: &mut Rows<'_>) {
        let isa = self.stream.isa;
        let mut least = [f32::INFINITY; CHUNK];
        let least = least.get_mut(..frames).unwrap_or_default();
        for (index, microphone) in self.microphones.iter().enumerate() {
            let mut gains = [1.0_f32; CHUNK];
            let gains = gains.get_mut(..frames).unwrap_or_default();
            self.cells.line(microphone.gains, gains);
            lower_row(least, gains);
            write_row(isa, gains, rows.row(index));
        }
        self.trace.take_gains(isa, least, &mut []);
    }

    /// Number of open microphones of a group: 1/Σ share², 1 where one has it all, N where all N are
    /// equal; 0 for a group without channels.
    #[must_use]
    pub fn open_microphones(&self, group: usize) -> f64 {
        let mut squares = 0.0;
        for (channel, microphone) in self.microphones.iter().enumerate() {
            if self.setup.group(channel) == group {
                squares += microphone.share * microphone.share;
            }
        }
        if squares > 0.0 { 1.0 / squares } else { 0.0 }
    }

    /// Shares the gain by the powers as they are; the gains that follow.
    fn share(&mut self) {
        let mut sums = [0.0; MAX_AUTOMIXER_GROUPS];
        let setup = self.setup;
        for (channel, microphone) in self.microphones.iter_mut().enumerate() {
            microphone.share = microphone.weight * (microphone.power + SILENCE);
            if let Some(sum) = sums.get_mut(setup.group(channel)) {
                *sum += microphone.share;
            }
        }
        for (channel, microphone) in self.microphones.iter_mut().enumerate() {
            let sum = sums.get(setup.group(channel)).copied().unwrap_or(1.0);
            microphone.share /= sum;
            let gain = math::pow(microphone.share, self.coeffs.exponent).max(self.coeffs.floor);
            let [_, from] = microphone.gains;
            microphone.gains = [from, if self.bypass { 1.0 } else { gain }];
        }
    }
}

impl Processor for Automixer {
    fn latency_frames(&self) -> usize {
        0
    }

    fn tail_frames(&self) -> usize {
        0
    }

    /// Priorities are kept.
    fn reset(&mut self) {
        self.ear.reset();
        self.cells.reset();
        self.done = 0;
        self.faults = 0;
        self.trace = GainTrace::new();
        for microphone in self.microphones.iter_mut() {
            microphone.power = 0.0;
            microphone.total_db = 0.0;
        }
        self.share();
        for microphone in self.microphones.iter_mut() {
            let [_, gain] = microphone.gains;
            microphone.gains = [gain; 2];
        }
    }

    fields_of!(AutomixerParams);

    fn faults(&self) -> u64 {
        self.faults
    }
}

impl<S: Sample> OnCells<S> for Automixer {
    grid!();

    fn piece(&mut self, mut part: BlockMut<'_, S>, rows: &mut Rows<'_>) -> Result<(), Error> {
        let (isa, frames) = (self.stream.isa, part.frames());
        for channel in part.channels_mut() {
            self.faults += kernels::clean_in_place(isa, channel) as u64;
        }
        self.ear.hear(&part.as_block(), &self.stream);
        for (channel, microphone) in part.channels_mut().zip(self.microphones.iter()) {
            self.cells.apply(isa, channel, microphone.gains);
        }
        self.look(frames, rows);
        if self.cells.pass(frames) {
            let Coeffs { attack, release, .. } = self.coeffs;
            for (microphone, energy) in self.microphones.iter_mut().zip(self.ear.take_each()) {
                let (power, now) = (microphone.power, energy / self.cells.length());
                let pole = if now > power { attack } else { release };
                [microphone.power] = settled([pole * power + (1.0 - pole) * now]);
            }
            self.share();
            for microphone in self.microphones.iter_mut() {
                let [_, gain] = microphone.gains;
                microphone.total_db += gain_to_db(gain);
            }
            self.done += 1;
        }
        Ok(())
    }
}

impl<S: Sample> Process<S> for Automixer {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        in_pieces(self, io, None)
    }
}
