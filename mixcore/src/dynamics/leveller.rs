//! A leveller: rides the fader of a voice as an engineer would, phrase by phrase.
//!
//! The signal is K-weighted; every cell of 10 ms gives a power. The signal leaves after the look-ahead,
//! so a phrase is known before it is heard, and the window around what leaves reaches as far back as
//! ahead: the ride does not lag.
//!
//! **Gate.** A cell is strong at or above `floor_lufs`, and at or above the running mean of strong cells
//! (time constant 30 s of speech) − `gate_lu`. Breaths and room tone are not strong: they are never
//! measured, and where nothing strong is to come the gain stands still.
//!
//! **Phrase.** Strong cells with pauses of at most `pause_ms` between them, as far as the window reaches.
//! Its loudness is −0.691 + 10 log10 of the mean power of its strong cells; fewer than
//! [`LevellerSetup::min_phrase_ms`] of them are no phrase. In a pause the next phrase counts, so that
//! the gain is there when it begins.
//!
//! **Gain.** With d = target − loudness:
//!
//! > request = strength · sign(d) · max(|d| − dead zone, 0), from −max_down to +max_up
//!
//! The gain goes there straight in decibels, at `up_db_per_s` and `down_db_per_s` at the most, on the
//! grid of cells; within a cell it runs straight in amplitude. A strength below 100 % keeps that share
//! of the differences between phrases, and nothing is evened out within the dead zone. One gain for all
//! channels keeps the image. Where it is 0 dB every bit passes.
//!
//! Sources: weighting, channel weights and −0.691: BS.1770-5, Annex 1; relative gate and slews: the
//! trade's ranges (gate 10 to 15 LU below the programme, up 1 to 3 dB/s, down 3 to 6 dB/s); phrases and
//! request: own design.
//! Cost: a K-weighting of every channel, sample by sample, and a gain. Latency: the look-ahead.
//! Limits: a voice that goes on more than `gate_lu` below what it was is taken as room tone for a minute (after a short loud sound ten times its length); then
//! the mean falls by 3 dB/s until it finds it, which is the course of room tone above `floor_lufs` in long
//! pauses as well; the LFE is not heard, but moves with the rest; a sample beyond +20 dBFS is heard as one
//! at +20 dBFS. [`super::LevellerPlan`], which sees the whole clip, gives every phrase one gain.

use super::cells::{Cells, DialogueStorage, Ear};
use super::gain_trace::{GainTrace, Rows};
use super::leveller_ride::Ride;
use super::reduction::ReductionStats;
use super::tool::{OnCells, chosen, fields_of, gain_stats, grid, in_pieces};
use super::unit;
use crate::audio::{BlockMut, Sample, Store, check_frames};
use crate::error::Error;
use crate::filters::Delay;
use crate::math;
use crate::stream::{Field, Io, Process, Processor, Stream, params};
use crate::units::{Lufs, db_to_gain};

/// Shortest look-ahead of a leveller, ms: half of a window of 0.1 s, the shortest syllable.
pub const MIN_LEVELLER_LOOKAHEAD_MS: f64 = 50.0;
/// Longest look-ahead of a leveller, ms: half of a window of 10 s, longer than a line.
pub const MAX_LEVELLER_LOOKAHEAD_MS: f64 = 5000.0;

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct LevellerSetup {
    /// Time by which the signal is delayed, 50 to 5000 ms, in whole cells of 10 ms. Half of the window
    /// in which a phrase is measured.
    pub lookahead_ms: f64,
    /// Speech that makes a phrase, 10 to 1000 ms.
    pub min_phrase_ms: f64,
}

impl Default for LevellerSetup {
    /// 1.5 s, so that the window is that of the short-term loudness (EBU Tech 3341: 3 s); 0.2 s, a short
    /// word.
    fn default() -> Self {
        Self { lookahead_ms: 1500.0, min_phrase_ms: 200.0 }
    }
}

/// Look-ahead and least phrase in cells, and the frames of a cell.
struct Sizes {
    ahead: usize,
    least: usize,
    cell: usize,
}

impl LevellerSetup {
    /// Checks both times.
    ///
    /// # Errors
    /// One of them outside its bounds.
    pub fn validate(&self) -> Result<(), Error> {
        let (min, max) = (MIN_LEVELLER_LOOKAHEAD_MS, MAX_LEVELLER_LOOKAHEAD_MS);
        Error::check_range("lookahead_ms", self.lookahead_ms, min, max)?;
        Error::check_range("min_phrase_ms", self.min_phrase_ms, 10.0, 1000.0).map(|_| ())
    }

    fn sizes(&self, stream: &Stream) -> Result<Sizes, Error> {
        self.validate()?;
        stream.validate()?;
        let cells = |ms: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "1 to 500 cells"
            )]
            {
                math::round(ms / 10.0) as usize
            }
        };
        Ok(Sizes {
            ahead: cells(self.lookahead_ms),
            least: cells(self.min_phrase_ms),
            cell: stream.frames_of_ms(10.0),
        })
    }
}

params! {
    /// What may move.
    ///
    /// A change counts from the next cell of 10 ms on; the gain moves by its slews.
    pub struct LevellerParams {
        /// Loudness that phrases are brought towards.
        target_lufs: "LUFS", -60.0 => 0.0, -23.0, Linear, fixed;
        /// Most that a phrase is raised.
        max_up_db: "dB", 0.0 => 24.0, 10.0, Decibel, fixed;
        /// Most that a phrase is lowered.
        max_down_db: "dB", 0.0 => 24.0, 10.0, Decibel, fixed;
        /// Distance from the target within which nothing is done.
        dead_zone_lu: "LU", 0.0 => 12.0, 1.0, Linear, fixed;
        /// Share of what is beyond the dead zone that is evened out.
        strength_percent: "%", 0.0 => 100.0, 70.0, Linear, fixed;
        /// Fastest way up.
        up_db_per_s: "dB/s", 0.1 => 60.0, 3.0, Log, fixed;
        /// Fastest way down.
        down_db_per_s: "dB/s", 0.1 => 60.0, 6.0, Log, fixed;
        /// What is weaker than the voice's mean by more is no speech.
        gate_lu: "LU", 3.0 => 40.0, 15.0, Linear, fixed;
        /// What is weaker is no speech.
        floor_lufs: "LUFS", -80.0 => -20.0, -50.0, Linear, fixed;
        /// Longest pause within a phrase.
        pause_ms: "ms", 50.0 => 3000.0, 400.0, Log, fixed;
    }
}

impl LevellerParams {
    /// Gain that a phrase of this loudness is given, dB.
    ///
    /// # Example
    /// ```
    /// use mixcore::dynamics::LevellerParams;
    /// use mixcore::units::Lufs;
    /// let params = LevellerParams::default(); // to -23 LUFS, 1 LU dead zone, 70 %
    /// assert_eq!(params.static_gain_db(Lufs::new(-22.1)), 0.0);
    /// assert!((params.static_gain_db(Lufs::new(-29.0)) - 3.5).abs() < 1e-12);
    /// assert_eq!(params.static_gain_db(Lufs::new(-49.0)), 10.0);
    /// ```
    #[must_use]
    pub fn static_gain_db(&self, loudness: Lufs) -> f64 {
        let off = self.target_lufs - loudness.value();
        let beyond = (off.abs() - self.dead_zone_lu).max(0.0) * (self.strength_percent / 100.0);
        if off < 0.0 { 0.0 - beyond.min(self.max_down_db) } else { beyond.min(self.max_up_db) }
    }
}

/// What a leveller did since its last reset.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LevellerReport {
    /// Lowest gain that was heard, dB ≤ 0.
    pub lowest_gain_db: f64,
    /// Highest gain that was heard, dB ≥ 0.
    pub highest_gain_db: f64,
    /// All ways of the gain up and down together, dB.
    pub travel_db: f64,
    /// Share of the time that belongs to phrases, percent.
    pub phrases_percent: f64,
}

/// Brings the phrases of a voice towards a target loudness and leaves what is inside them alone.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and are
/// counted.
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
/// use mixcore::dynamics::{Leveller, LevellerParams, LevellerSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream, math};
/// let params = LevellerParams { dead_zone_lu: 0.0, strength_percent: 100.0, ..Default::default() };
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let mut leveller = Leveller::new(LevellerSetup::default(), params, stream)?;
/// assert_eq!(leveller.latency_frames(), 72_000);
/// // A tone of 997 Hz at -26.01 dBFS reads -29.0 LUFS: 6 dB below the target.
/// let tone = |n: i32| math::sin(2.0 * math::PI * 997.0 * f64::from(n) / 48_000.0);
/// let mut voice: Vec<f32> = (0..144_000).map(|n| (0.05 * tone(n)) as f32).collect();
/// leveller.process(Io::new(BlockMut::mono(&mut voice)))?;
/// assert!((leveller.gain_db() - 6.03).abs() < 0.01);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Leveller<'a, S> {
    stream: Stream,
    setup: LevellerSetup,
    params: LevellerParams,
    delay: Delay<'a, S>,
    ear: Ear,
    ride: Ride<'a>,
    cells: Cells,
    /// Gains at both ends of the cell that leaves.
    gains: [f64; 2],
    trace: GainTrace,
    bypass: bool,
    latency: usize,
}

#[cfg(feature = "alloc")]
impl<S: Sample> Leveller<'static, S> {
    /// A leveller with memory of its own.
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds.
    pub fn new(
        setup: LevellerSetup,
        params: LevellerParams,
        stream: Stream,
    ) -> Result<Self, Error> {
        let Sizes { ahead, cell, .. } = setup.sizes(&stream)?;
        let delay = Delay::new(ahead * cell, stream)?;
        let numbers = Store::owned(Ride::required_len(ahead), 0.0);
        Self::build(setup, params, stream, delay, numbers)
    }
}

impl<'a, S: Sample> Leveller<'a, S> {
    /// The memory that [`Leveller::new_in`] needs.
    ///
    /// # Errors
    /// A setup or rate outside its bounds.
    pub fn required_len(setup: LevellerSetup, stream: Stream) -> Result<DialogueStorage, Error> {
        let Sizes { ahead, cell, .. } = setup.sizes(&stream)?;
        let samples = Delay::<S>::required_len(ahead * cell, &stream)?;
        Ok(DialogueStorage { samples, numbers: Ride::required_len(ahead) })
    }

    /// A leveller in lent memory of at least [`Leveller::required_len`].
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, or too little memory.
    pub fn new_in(
        setup: LevellerSetup,
        params: LevellerParams,
        stream: Stream,
        samples: &'a mut [S],
        numbers: &'a mut [f64],
    ) -> Result<Self, Error> {
        let Sizes { ahead, cell, .. } = setup.sizes(&stream)?;
        let delay = Delay::new_in(ahead * cell, stream, samples)?;
        let need = Ride::required_len(ahead);
        let numbers = Store::lent("leveller number", numbers, need, 0.0)?;
        Self::build(setup, params, stream, delay, numbers)
    }

    fn build(
        setup: LevellerSetup,
        params: LevellerParams,
        stream: Stream,
        delay: Delay<'a, S>,
        numbers: Store<'a, f64>,
    ) -> Result<Self, Error> {
        params.validate()?;
        let Sizes { ahead, least, cell } = setup.sizes(&stream)?;
        Ok(Self {
            stream,
            setup,
            params,
            delay,
            ear: Ear::new(stream.layout, stream.rate_hz)?,
            ride: Ride::new(ahead, least, numbers),
            cells: Cells::new(cell),
            gains: [1.0; 2],
            trace: GainTrace::new(),
            bypass: false,
            latency: ahead * cell,
        })
    }

    chosen!(LevellerSetup, LevellerParams);

    /// Takes other parameters from the next cell of 10 ms on; the gain moves by its slews.
    ///
    /// # Errors
    /// A value outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: LevellerParams) -> Result<(), Error> {
        params.validate()?;
        self.params = params;
        Ok(())
    }

    /// Whether it lets the voice pass.
    #[must_use]
    pub fn bypass(&self) -> bool {
        self.bypass
    }

    /// Lets the voice pass with the same latency, or rides it again; the gain goes there by its slews.
    pub fn set_bypass(&mut self, bypass: bool) {
        self.bypass = bypass;
    }

    /// Gain of the newest frame of output, to the 10 ms, dB.
    #[must_use]
    pub fn gain_db(&self) -> f64 {
        self.ride.gain_db()
    }

    /// The gain as a reduction, of the newest frame of output, dB; negative where the voice is raised.
    #[must_use]
    pub fn gain_reduction_db(&self) -> f64 {
        self.trace.last_db()
    }

    gain_stats! {
        /// The gain as a reduction since the last reset, dB; none before the first frame.
    }

    /// Loudness that a steady voice comes to which has `loudness_lufs`, LUFS.
    #[must_use]
    pub fn static_curve_db(&self, loudness_lufs: f64) -> f64 {
        loudness_lufs + self.params.static_gain_db(Lufs::new(loudness_lufs))
    }

    unit::traced! {
        /// [`Process::process`], and the gain of every frame of the block as a reduction, dB; negative where
        /// the voice is raised.
    }

    fn run(&mut self, io: Io<'_, S>, trace: Option<&mut [f32]>) -> Result<(), Error> {
        in_pieces(self, io, trace)
    }

    /// What it did since the last reset.
    #[must_use]
    pub fn report(&self) -> LevellerReport {
        let [lowest_gain_db, highest_gain_db, travel_db] = self.ride.course();
        let [all, inside] = self.ride.left();
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let phrases_percent = if all == 0 { 0.0 } else { 100.0 * inside as f64 / all as f64 };
        LevellerReport { lowest_gain_db, highest_gain_db, travel_db, phrases_percent }
    }
}

impl<S: Sample> Processor for Leveller<'_, S> {
    fn latency_frames(&self) -> usize {
        self.latency
    }

    fn tail_frames(&self) -> usize {
        self.latency
    }

    fn reset(&mut self) {
        self.delay.reset();
        self.ear.reset();
        self.ride.reset();
        self.cells.reset();
        self.gains = [1.0; 2];
        self.trace = GainTrace::new();
    }

    fields_of!(LevellerParams);

    fn faults(&self) -> u64 {
        self.delay.faults()
    }
}

impl<S: Sample> OnCells<S> for Leveller<'_, S> {
    grid!();

    fn piece(&mut self, mut part: BlockMut<'_, S>, rows: &mut Rows<'_>) -> Result<(), Error> {
        let frames = part.frames();
        // Faults are counted by the delay.
        self.ear.hear(&part.as_block(), &self.stream);
        self.delay.process(Io::new(part.reborrow()))?;
        for channel in part.channels_mut() {
            self.cells.apply(self.stream.isa, channel, self.gains);
        }
        self.trace.line(self.stream.isa, &self.cells, self.gains, frames, rows.row(0));
        if self.cells.pass(frames) {
            let power = self.ear.take() / self.cells.length();
            let [_, from] = self.gains;
            let to = self.ride.push(power, &self.params, self.bypass);
            self.gains = [from, db_to_gain(to)];
        }
        Ok(())
    }
}

impl<S: Sample> Process<S> for Leveller<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        self.run(io, None)
    }
}
