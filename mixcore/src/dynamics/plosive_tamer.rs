//! Tames plosives: the puffs of air of p and b, and thumps, that a microphone turns into bass.
//!
//! A puff is bass that comes at once and has no voice with it. With two poles at `hz` the signal is split
//! into low and voice; in cells of 2/3 ms the powers of all channels add up, smoothed by one pole:
//!
//! > F = low (10 ms), S = low (1 s), V = max(voice (10 ms), voice (100 ms))
//! > above = 10 log10 F − threshold − max(10 log10 V, 10 log10 S)
//! > request = min(4·above, 10 log10 F − 10 log10 B), from 0 to `max_reduction_db`
//!
//! where 10 log10 F ≥ `floor_dbfs`, else 0: a voice has its bass, and steady rumble is not short. B is the
//! bass of the voice itself, the mean of F (time constant 3 s of speech) over cells in which it speaks and
//! there is no puff: what is a puff goes down to the level of the speech around it in its own band. The
//! signal leaves after the look-ahead of M cells: the largest request of M + 1 cells, falling with the
//! time constant `release_ms`, goes through a mean of M, so it stands when the puff comes.
//!
//! **Reduction.** Two low shelves of first order, each taking half of it, with l the one-pole low-pass of
//! their input:
//!
//! > y = x − (1 − g)·l, l ← l + k·(x − l), k = 1 − e^(−2π·hz/rate)
//! > g² = 10^(−reduction/20)·(1 + q²) − q², q = ¼, from 0 up
//!
//! which is the whole reduction at a quarter of `hz`, where |g + jq|/|1 + jq| is a shelf's gain; up to
//! 24.6 dB. Below it is more, above it goes back to none beyond `hz`. g only weighs what the filter gives, so it may move at every frame. Where nothing is requested every bit passes.
//!
//! Sources: own design; a one-pole with that k has its analogue twin's time constant.
//! Cost: six poles a sample and a few comparisons a cell. Latency: the look-ahead. Limits: one gain for
//! all channels, which keeps the image; a puff into a loud vowel is as loud as its voice and stays; where
//! speech goes on more than 15 dB below what it was, its level is known after a minute (after a short loud sound ten times its length) and 3 dB/s, its bass
//! falls by 4.3 dB in 3 s of speech from then on; a sample beyond +20 dBFS is heard as one at +20 dBFS; it has no static
//! curve, as what is steady is no puff.

use super::cells::{CHUNK, Cells, DialogueStorage};
use super::gain_trace::{GainTrace, Rows};
use super::plosive_params::{Channel, Coeffs, PlosiveTamerParams, PlosiveTamerSetup, Powers};
use super::reduction::ReductionStats;
use super::taken::Taken;
use super::tamed::{TamedLog, TamedPlace, TamerReport};
use super::tool::{OnCells, chosen, fields_of, gain_stats, grid, in_pieces, listen};
use super::unit;
use super::voice_mean::{VoiceGates, bounded, entering};
use crate::audio::{Block, BlockMut, PerChannel, Sample, Store, check_frames};
use crate::error::Error;
use crate::filters::Delay;
use crate::kernels::{self, settled, settled_each};
use crate::math;
use crate::stream::{Field, Io, Process, Processor, Stream};
use crate::units::{db_to_power, power_to_db};

/// Speech is what is within 15 dB of the voice's mean, as a power ratio: the lower of the gates that
/// levellers of the trade have (10 to 15 LU).
const SPOKEN: f64 = 0.0316;
/// Decibels of reduction for each decibel above the threshold, until the voice's own bass is reached: 18 dB
/// within 4.5 dB.
const STEEP: f64 = 4.0;
/// (f/hz)² where a reduction is defined: at a quarter of `hz`, where puffs have their power.
const AT: f64 = 0.0625;

/// Lowers the bass where it comes as a puff of air, and nowhere else.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and are
/// counted.
///
/// # Latency
/// The look-ahead, rounded to whole cells.
///
/// # Real time
/// `process`, `set_params`, `set_bypass`, `set_listen` and `reset` neither allocate nor wait.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::dynamics::{PlosiveTamer, PlosiveTamerParams, PlosiveTamerSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream, math};
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let setup = PlosiveTamerSetup::default();
/// let mut tamer = PlosiveTamer::new(setup, PlosiveTamerParams::default(), stream)?;
/// // A puff: two periods of 40 Hz out of nothing.
/// let mut audio = [0.0_f32; 9600];
/// for n in 0..2400 {
///     audio[2400 + n] = 0.5 * math::sin(2.0 * math::PI * 40.0 * n as f64 / 48_000.0) as f32;
/// }
/// tamer.process(Io::new(BlockMut::mono(&mut audio)))?;
/// assert_eq!(tamer.report().places, 1);
/// let peak = audio.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
/// assert!(peak < 0.2); // more than 8 dB down
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct PlosiveTamer<'a, S> {
    stream: Stream,
    setup: PlosiveTamerSetup,
    params: PlosiveTamerParams,
    coeffs: Coeffs,
    delay: Delay<'a, S>,
    /// The requests of the last M + 1 cells, then what the release made of their maxima, M cells.
    rings: Store<'a, f64>,
    ahead: usize,
    channels: PerChannel<Channel>,
    cells: Cells,
    powers: Powers,
    /// The last maximum with its release.
    falling: f64,
    reduction_db: f64,
    /// 1 − g at both ends of the cell that leaves.
    shares: [f64; 2],
    trace: GainTrace,
    bypass: bool,
    /// Cells so far, and frames.
    done: u64,
    now: u64,
    /// The puff at hand, and the cells since it last requested anything.
    open: Option<(TamedPlace, usize)>,
    log: TamedLog,
    taken: Taken,
}

#[cfg(feature = "alloc")]
impl<S: Sample> PlosiveTamer<'static, S> {
    /// A tamer with memory of its own.
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds.
    pub fn new(
        setup: PlosiveTamerSetup,
        params: PlosiveTamerParams,
        stream: Stream,
    ) -> Result<Self, Error> {
        let (ahead, cell) = setup.sizes(&stream)?;
        let delay = Delay::new((ahead + 1) * cell, stream)?;
        Self::build(setup, params, stream, delay, Store::owned(2 * ahead + 1, 0.0))
    }
}

impl<'a, S: Sample> PlosiveTamer<'a, S> {
    /// The memory that [`PlosiveTamer::new_in`] needs.
    ///
    /// # Errors
    /// A setup or rate outside its bounds.
    pub fn required_len(
        setup: PlosiveTamerSetup,
        stream: Stream,
    ) -> Result<DialogueStorage, Error> {
        let (ahead, cell) = setup.sizes(&stream)?;
        let samples = Delay::<S>::required_len((ahead + 1) * cell, &stream)?;
        Ok(DialogueStorage { samples, numbers: 2 * ahead + 1 })
    }

    /// A tamer in lent memory of at least [`PlosiveTamer::required_len`].
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, or too little memory.
    pub fn new_in(
        setup: PlosiveTamerSetup,
        params: PlosiveTamerParams,
        stream: Stream,
        samples: &'a mut [S],
        numbers: &'a mut [f64],
    ) -> Result<Self, Error> {
        let (ahead, cell) = setup.sizes(&stream)?;
        let delay = Delay::new_in((ahead + 1) * cell, stream, samples)?;
        let numbers = Store::lent("plosive tamer number", numbers, 2 * ahead + 1, 0.0)?;
        Self::build(setup, params, stream, delay, numbers)
    }

    fn build(
        setup: PlosiveTamerSetup,
        params: PlosiveTamerParams,
        stream: Stream,
        delay: Delay<'a, S>,
        rings: Store<'a, f64>,
    ) -> Result<Self, Error> {
        params.validate()?;
        let (ahead, cell) = setup.sizes(&stream)?;
        let cells = Cells::new(cell);
        Ok(Self {
            stream,
            setup,
            params,
            coeffs: Coeffs::design(&params, stream.rate_hz, cells.length() / stream.rate_hz),
            delay,
            rings,
            ahead,
            channels: PerChannel::new(stream.channel_count())?,
            cells,
            powers: Powers::default(),
            falling: 0.0,
            reduction_db: 0.0,
            shares: [0.0; 2],
            trace: GainTrace::new(),
            bypass: false,
            done: 0,
            now: 0,
            open: None,
            log: TamedLog::new(),
            taken: Taken::new(params.amount_percent, stream.rate_hz),
        })
    }

    chosen!(PlosiveTamerSetup, PlosiveTamerParams);

    /// Takes other parameters from the next frame on.
    ///
    /// # Errors
    /// A value outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: PlosiveTamerParams) -> Result<(), Error> {
        params.validate()?;
        self.params = params;
        self.taken.set_amount(params.amount_percent, self.now);
        let cell_s = self.cells.length() / self.stream.rate_hz;
        self.coeffs = Coeffs::design(&params, self.stream.rate_hz, cell_s);
        Ok(())
    }

    /// Whether it requests nothing.
    #[must_use]
    pub fn bypass(&self) -> bool {
        self.bypass
    }

    /// Requests nothing from the next cell on, with the same latency; a running reduction goes back as
    /// it does.
    pub fn set_bypass(&mut self, bypass: bool) {
        self.bypass = bypass;
    }

    listen!();

    /// Reduction of the bass of the newest frame of output, to the cell, dB ≥ 0.
    #[must_use]
    pub fn gain_reduction_db(&self) -> f64 {
        self.reduction_db
    }

    gain_stats! {
        /// Reduction of the bass since the last reset, dB, at a quarter of `hz`, without the amount; none
        /// before the first frame.
    }

    unit::traced! {
        /// [`Process::process`], and the reduction of the bass of every frame of the block, dB ≥ 0, at a
        /// quarter of `hz`, without the amount.
    }

    fn run(&mut self, io: Io<'_, S>, trace: Option<&mut [f32]>) -> Result<(), Error> {
        in_pieces(self, io, trace)
    }

    /// What it took out since the last reset.
    #[must_use]
    pub fn report(&self) -> TamerReport {
        self.log.report(self.taken.level_dbfs(self.now))
    }

    /// The last 64 places that were tamed, oldest first, on the clock of the input.
    pub fn places(&self) -> impl Iterator<Item = TamedPlace> + '_ {
        self.log.places()
    }

    /// Adds a piece to the energies of its cell.
    fn hear(&mut self, block: &Block<'_, S>) {
        let k = self.coeffs.pole;
        for (channel, samples) in self.channels.iter_mut().zip(block.channels()) {
            let mut clean = [S::zero(); CHUNK];
            let Some(clean) = clean.get_mut(..samples.len()) else { continue };
            // Faults are counted by the delay.
            kernels::clean(self.stream.isa, samples, clean);
            let ([l0, l1], [h0, h1]) = (&mut channel.low, &mut channel.high);
            let [low, voice] = &mut channel.energies;
            for x in clean {
                let x = bounded(x.as_f64());
                *l0 += k * (x - *l0);
                *l1 += k * (*l0 - *l1);
                *h0 += k * (x - *h0);
                let once = x - *h0;
                *h1 += k * (once - *h1);
                let twice = once - *h1;
                *low += *l1 * *l1;
                *voice += twice * twice;
            }
        }
    }

    /// The request of the cell that is complete, dB.
    fn request_db(&mut self) -> f64 {
        let (mut low, mut voice) = (0.0, 0.0);
        for channel in self.channels.iter_mut() {
            let [channel_low, channel_voice] = core::mem::take(&mut channel.energies);
            low += channel_low;
            voice += channel_voice;
        }
        let (low, voice) = (low / self.cells.length(), voice / self.cells.length());
        let [fast, syllable, steady] = self.coeffs.smooth;
        let smooth = |power: &mut f64, now: f64, kept: f64| {
            [*power] = settled([kept * *power + (1.0 - kept) * now]);
        };
        let steady_before = self.powers.low_steady;
        smooth(&mut self.powers.low_fast, low, fast);
        smooth(&mut self.powers.low_steady, low, steady);
        smooth(&mut self.powers.voice_fast, voice, fast);
        smooth(&mut self.powers.voice_syllable, voice, syllable);
        let level_db = power_to_db(self.powers.low_fast);
        if self.bypass || level_db < self.params.floor_dbfs {
            return 0.0;
        }
        let beside = self.powers.voice_fast.max(self.powers.voice_syllable).max(steady_before);
        let above = level_db - self.params.threshold_db - power_to_db(beside);
        let [bass, ones] = self.powers.spoken;
        let over = if ones > 0.0 { level_db - power_to_db(bass / ones) } else { f64::INFINITY };
        (STEEP * above).min(over).max(0.0).min(self.params.max_reduction_db)
    }

    /// Goes on with the voice's own level and bass, where it speaks and there is no puff.
    fn know_voice(&mut self) {
        let Powers { low_fast, voice_fast, spoken: [bass, ones], .. } = self.powers;
        let kept = self.coeffs.line;
        let gates = VoiceGates {
            absolute: db_to_power(self.params.floor_dbfs),
            relative: SPOKEN,
            kept,
            cells_per_s: self.stream.rate_hz / self.cells.length(),
        };
        if self.powers.voice.push(voice_fast, &gates) {
            self.powers.spoken = [bass * kept + entering(low_fast), ones * kept + 1.0];
        }
    }

    /// A cell is complete.
    fn end_cell(&mut self) {
        let request = self.request_db();
        if request == 0.0 {
            self.know_voice();
        }
        self.note(request);
        let (requests, maxima) =
            self.rings.split_at_mut_checked(self.ahead + 1).unwrap_or_default();
        let place = |len: usize| usize::try_from(self.done % len.max(1) as u64).unwrap_or(0);
        if let Some(slot) = requests.get_mut(place(self.ahead + 1)) {
            *slot = request;
        }
        let largest = requests.iter().copied().fold(0.0, f64::max);
        // Below a millionth of a dB nothing is left of a release.
        let released = self.falling * self.coeffs.release;
        self.falling = largest.max(if released < 1e-6 { 0.0 } else { released });
        if let Some(slot) = maxima.get_mut(place(self.ahead)) {
            *slot = self.falling;
        }
        let sum: f64 = maxima.iter().sum();
        #[expect(clippy::cast_precision_loss, reason = "at most 150 cells")]
        let mean = sum / self.ahead.max(1) as f64;
        self.reduction_db = mean;
        let [_, from] = self.shares;
        self.shares = [from, 1.0 - shelf_gain(mean)];
        for channel in self.channels.iter_mut() {
            let Channel { energies, low, high, shelves } = *channel;
            *channel = Channel {
                energies,
                low: settled_each(low),
                high: settled_each(high),
                shelves: settled_each(shelves),
            };
        }
        self.done += 1;
    }

    /// The read-outs of a piece: the reduction of both shelves at a quarter of their corner.
    fn look(&mut self, frames: usize, row: &mut [f32]) {
        let [from, to] = self.shares;
        if from == 0.0 && to == 0.0 {
            return self.trace.hold(1.0, frames, row);
        }
        let mut gains = [0.0_f32; CHUNK];
        let gains = gains.get_mut(..frames).unwrap_or_default();
        self.cells.line([1.0 - from, 1.0 - to], gains);
        for gain in gains.iter_mut() {
            let g = f64::from(*gain);
            #[expect(clippy::cast_possible_truncation, reason = "a read-out")]
            {
                *gain = ((g * g + AT) / (1.0 + AT)) as f32;
            }
        }
        self.trace.take_gains(self.stream.isa, gains, row);
    }

    /// Keeps the books of puffs: what comes within a look-ahead is the same one.
    fn note(&mut self, request: f64) {
        let frames = self.cells.frames() as u64;
        let end = (self.done + 1) * frames;
        match &mut self.open {
            Some((open, idle)) if request > 0.0 => {
                open.frames = end - open.frame;
                open.depth_db = open.depth_db.max(request);
                *idle = 0;
            }
            Some((open, idle)) => {
                *idle += 1;
                if *idle > self.ahead {
                    self.log.add(*open);
                    self.open = None;
                }
            }
            None if request > 0.0 => {
                let frame = self.done * frames;
                let place = TamedPlace { frame, frames, channel: 0, depth_db: request };
                self.open = Some((place, 0));
            }
            None => {}
        }
    }
}

/// g of two shelves with this reduction at a quarter of their corner.
fn shelf_gain(reduction_db: f64) -> f64 {
    if reduction_db > 0.0 {
        // Each takes half: as an amplitude, the root of the power of half.
        math::sqrt((db_to_power(-0.5 * reduction_db) * (1.0 + AT) - AT).max(0.0))
    } else {
        1.0
    }
}

impl<S: Sample> Processor for PlosiveTamer<'_, S> {
    fn latency_frames(&self) -> usize {
        self.delay.latency_frames()
    }

    /// The look-ahead, and what the shelves still give until the largest sample there is has fallen below
    /// 1e-30.
    fn tail_frames(&self) -> usize {
        // ln(1e6/1e-30) = 83, and a quarter more for two equal poles in series.
        let frames = 1.25 * 83.0 * self.stream.rate_hz / (2.0 * math::PI * self.params.hz);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most half a second"
        )]
        {
            self.delay.latency_frames() + self.cells.frames() + math::ceil(frames) as usize
        }
    }

    fn reset(&mut self) {
        self.delay.reset();
        self.rings.fill(0.0);
        self.channels.fill(Channel::default());
        self.cells.reset();
        self.powers = Powers::default();
        (self.falling, self.reduction_db, self.shares) = (0.0, 0.0, [0.0; 2]);
        (self.done, self.now) = (0, 0);
        (self.open, self.log) = (None, TamedLog::new());
        self.taken.reset();
        self.trace = GainTrace::new();
    }

    fields_of!(PlosiveTamerParams);

    fn faults(&self) -> u64 {
        self.delay.faults()
    }
}

impl<S: Sample> OnCells<S> for PlosiveTamer<'_, S> {
    grid!();

    fn piece(&mut self, mut part: BlockMut<'_, S>, rows: &mut Rows<'_>) -> Result<(), Error> {
        let frames = part.frames();
        self.hear(&part.as_block());
        self.delay.process(Io::new(part.reborrow()))?;
        let [from, to] = self.shares;
        let step = (to - from) / self.cells.length();
        let (k, first) = (self.coeffs.pole, self.cells.place());
        let leaving = self.taken.shares(self.now);
        for (channel, samples) in self.channels.iter_mut().zip(part.channels_mut()) {
            let [one, two] = &mut channel.shelves;
            let mut place = first..;
            self.taken.leave(&leaving, samples, |sample| {
                let x = sample.as_f64();
                #[expect(clippy::cast_precision_loss, reason = "a cell")]
                let share = from + step * place.next().unwrap_or(first) as f64;
                *one += k * (x - *one);
                let y = x - share * *one;
                *two += k * (y - *two);
                share * *one + share * *two
            });
        }
        self.look(frames, rows.row(0));
        self.now += frames as u64;
        if self.cells.pass(frames) {
            self.end_cell();
        }
        Ok(())
    }
}

impl<S: Sample> Process<S> for PlosiveTamer<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        self.run(io, None)
    }
}
