//! Tames clicks: those of mouths, and short disturbances of a line.
//!
//! A click is short and alone. What lies above the corner is split off with linear phase, by a Hann window
//! w of the length 1/corner (its −6 dB point lies at the corner):
//!
//! > b\[n\] = x\[n − c\] − Σ_k w\[k\]·x\[n − k\], c = half of the window
//!
//! In cells of 1/2 ms the power of b is p. A cell j is part of a click where it stands out of all that is
//! near on both sides, the g cells of `max_click_ms` and of half of the window left out on each:
//!
//! > p_j ≥ 10^(threshold/10) · max over g < |i − j| ≤ g + 24 of p_i, and p_j ≥ `floor_dbfs`
//!
//! 24 cells are 12 ms: the pulses of a voice down to 80 Hz have their like among them, and a consonant,
//! which lasts longer than twice g, has itself. Such a cell and those up to two before and behind it are
//! lowered to the mean power of their surroundings, by `max_reduction_db` at the most,
//!
//! > y = x − (1 − g)·b, delayed
//!
//! with g straight from cell to cell and at a cell's own value in the whole of it. Where nothing is
//! found every bit passes. In digital silence (surroundings below −100 dBFS) nothing is judged: a lone
//! sample there is a mark, not a fault.
//!
//! Sources: own design. Cost: an FIR of rate/corner taps and some comparisons a cell. Latency: half of the
//! window and the neighbourhood, 20 ms with the defaults. Limits: each channel for itself; what a click has
//! below the corner stays; of two clicks within 12 ms each hides the other.

use super::cells::{CHUNK, Cells, DialogueStorage};
use super::tamed::{TamedLog, TamedPlace, TamerReport};
use crate::audio::{BlockMut, MAX_LAYOUT_CHANNELS, PerChannel, Sample, Store};
use crate::error::Error;
use crate::filters::{Fir, FirSetup, MAX_TAPS};
use crate::kernels;
use crate::math;
use crate::stream::{Field, Io, Process, Processor, Stream, params};
use crate::units::{db_to_gain, db_to_power, power_to_db};

/// Time of a cell, ms.
const CELL_MS: f64 = 0.5;
/// Cells that surround a click on either side: 12 ms, a period of 80 Hz.
const CONTEXT: usize = 24;
/// Cells on either side that belong to a click: its rise and its ring.
const BESIDE: usize = 2;
/// −100 dBFS: below a bit of 16.
const SILENCE: f64 = 1e-10;
/// Most cells of the neighbourhood that is left out on either side: 10 ms, and half of the longest window
/// with its rounding.
const MAX_GUARD: usize = 20 + 6;
/// Cells that are kept: both neighbourhoods and the cell between them.
const KEPT: usize = 2 * (CONTEXT + MAX_GUARD) + 1;

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct ClickTamerSetup {
    /// Longest click, 0.5 to 10 ms, to whole cells of 1/2 ms.
    pub max_click_ms: f64,
    /// Where the split-off band begins, 200 to 2000 Hz.
    pub corner_hz: f64,
}

impl Default for ClickTamerSetup {
    /// 4 ms, a mouth's click with its ring; 700 Hz, above the voice's fundamental.
    fn default() -> Self {
        Self { max_click_ms: 4.0, corner_hz: 700.0 }
    }
}

/// Frames of a cell, cells of the guard, taps.
#[derive(Clone, Copy)]
struct Sizes {
    cell: usize,
    guard: usize,
    taps: usize,
}

impl Sizes {
    /// Frames from a cell's own until it leaves.
    fn hold(&self) -> usize {
        (self.guard + CONTEXT + BESIDE + 2) * self.cell
    }

    fn latency(&self) -> usize {
        self.taps / 2 + self.hold()
    }
}

impl ClickTamerSetup {
    /// Checks length and corner.
    ///
    /// # Errors
    /// One of them outside its bounds.
    pub fn validate(&self) -> Result<(), Error> {
        Error::check_range("max_click_ms", self.max_click_ms, 0.5, 10.0)?;
        Error::check_range("corner_hz", self.corner_hz, 200.0, 2000.0).map(|_| ())
    }

    fn sizes(&self, stream: &Stream) -> Result<Sizes, Error> {
        self.validate()?;
        stream.validate()?;
        let guard = math::round(self.max_click_ms / CELL_MS);
        let half = math::round(0.5 * stream.rate_hz / self.corner_hz);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "1 to 20 cells, 2 to 960 frames"
        )]
        let (guard, half) = (guard as usize, half as usize);
        let cell = stream.frames_of_ms(CELL_MS).max(1);
        Ok(Sizes { cell, guard: guard + half.div_ceil(cell), taps: 2 * half + 1 })
    }
}

/// A Hann window with the sum 1.
fn window(taps: &mut [f64]) {
    #[expect(clippy::cast_precision_loss, reason = "at most 1921 taps")]
    let turn = 2.0 * math::PI / (taps.len() + 1) as f64;
    let mut sum = 0.0;
    for (n, tap) in (1..).zip(taps.iter_mut()) {
        *tap = 0.5 - 0.5 * math::cos(turn * f64::from(n));
        sum += *tap;
    }
    for tap in taps {
        *tap /= sum;
    }
}

params! {
    /// What may move.
    ///
    /// A change counts from the next cell of 1/2 ms on.
    pub struct ClickTamerParams {
        /// How far a click stands above its surroundings.
        threshold_db: "dB", 1.0 => 40.0, 9.0, Decibel, fixed;
        /// Largest reduction.
        max_reduction_db: "dB", 0.0 => 60.0, 30.0, Decibel, fixed;
        /// Clicks that are weaker are left alone.
        floor_dbfs: "dBFS", -100.0 => 0.0, -70.0, Decibel, fixed;
    }
}

/// One channel.
#[derive(Clone, Copy, Debug)]
struct Channel {
    energy: f64,
    /// Powers of the last cells: cell k at k modulo their number.
    powers: [f64; KEPT],
    /// What the last cells that were judged stand above their surroundings, dB, and whether each is the
    /// core of a click; oldest first.
    judged: [(f64, bool); 2 * BESIDE + 1],
    /// Reduction of the cell that was decided last, dB.
    last: f64,
    /// 1 − g at both ends of the cell that leaves.
    shares: [f64; 2],
    open: Option<TamedPlace>,
}

impl Default for Channel {
    fn default() -> Self {
        Self {
            energy: 0.0,
            powers: [0.0; KEPT],
            judged: [(0.0, false); 2 * BESIDE + 1],
            last: 0.0,
            shares: [0.0; 2],
            open: None,
        }
    }
}

/// Lowers short lone clicks to the level of what surrounds them.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and are
/// counted.
///
/// # Latency
/// Half of the window of the split, and what has to be seen behind a click.
///
/// # Real time
/// `process`, `set_params`, `set_bypass` and `reset` neither allocate nor wait.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::dynamics::{ClickTamer, ClickTamerParams, ClickTamerSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream, math};
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let setup = ClickTamerSetup::default();
/// let mut tamer = ClickTamer::new(setup, ClickTamerParams::default(), stream)?;
/// let mut audio: [f32; 9600] = core::array::from_fn(|n| 0.01 * math::sin(0.3 * n as f64) as f32);
/// audio[4800] = 0.8;
/// tamer.process(Io::new(BlockMut::mono(&mut audio)))?;
/// assert_eq!(tamer.report().places, 1);
/// let peak = audio.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
/// assert!(peak < 0.08); // 20 dB down; the tone of 2.3 kHz has 0.01
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct ClickTamer<'a, S> {
    stream: Stream,
    setup: ClickTamerSetup,
    params: ClickTamerParams,
    split: Fir<'a, S>,
    /// For each channel: the input of the whole latency, and the split-off band of the hold.
    rings: Store<'a, S>,
    centre: usize,
    hold: usize,
    guard: usize,
    channels: PerChannel<Channel>,
    cells: Cells,
    bypass: bool,
    done: u64,
    now: u64,
    log: TamedLog,
    removed: f64,
    faults: u64,
}

#[cfg(feature = "alloc")]
impl<S: Sample> ClickTamer<'static, S> {
    /// A tamer with memory of its own.
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds.
    pub fn new(
        setup: ClickTamerSetup,
        params: ClickTamerParams,
        stream: Stream,
    ) -> Result<Self, Error> {
        let sizes = setup.sizes(&stream)?;
        let mut memory = [0.0; MAX_TAPS];
        let taps = memory.get_mut(..sizes.taps).unwrap_or_default();
        window(taps);
        let split = Fir::new(FirSetup::all(taps), stream)?;
        let rings = Store::owned(Self::ring_len(&sizes, &stream), S::zero());
        Self::build(setup, params, stream, split, rings)
    }
}

impl<'a, S: Sample> ClickTamer<'a, S> {
    /// The memory that [`ClickTamer::new_in`] needs: samples only.
    ///
    /// # Errors
    /// A setup or rate outside its bounds.
    pub fn required_len(setup: ClickTamerSetup, stream: Stream) -> Result<DialogueStorage, Error> {
        let sizes = setup.sizes(&stream)?;
        let taps = [0.0; MAX_TAPS];
        let taps = taps.get(..sizes.taps).unwrap_or_default();
        let split = Fir::<S>::required_len(&FirSetup::all(taps), &stream)?;
        Ok(DialogueStorage { samples: split + Self::ring_len(&sizes, &stream), numbers: 0 })
    }

    /// A tamer in lent memory of at least [`ClickTamer::required_len`].
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, or too little memory.
    pub fn new_in(
        setup: ClickTamerSetup,
        params: ClickTamerParams,
        stream: Stream,
        samples: &'a mut [S],
    ) -> Result<Self, Error> {
        const WHAT: &str = "click tamer sample";
        let sizes = setup.sizes(&stream)?;
        let (given, required) = (samples.len(), Self::required_len(setup, stream)?.samples);
        let ring_len = Self::ring_len(&sizes, &stream);
        let Some((rings, rest)) =
            samples.split_at_mut_checked(ring_len).filter(|_| given >= required)
        else {
            return Err(Error::Storage { what: WHAT, given, required });
        };
        let mut memory = [0.0; MAX_TAPS];
        let taps = memory.get_mut(..sizes.taps).unwrap_or_default();
        window(taps);
        let split = Fir::new_in(FirSetup::all(taps), stream, rest)?;
        Self::build(setup, params, stream, split, Store::lent(WHAT, rings, ring_len, S::zero())?)
    }

    fn ring_len(sizes: &Sizes, stream: &Stream) -> usize {
        (sizes.latency() + sizes.hold()) * stream.channel_count()
    }

    fn build(
        setup: ClickTamerSetup,
        params: ClickTamerParams,
        stream: Stream,
        split: Fir<'a, S>,
        rings: Store<'a, S>,
    ) -> Result<Self, Error> {
        params.validate()?;
        let sizes = setup.sizes(&stream)?;
        Ok(Self {
            stream,
            setup,
            params,
            split,
            rings,
            centre: sizes.taps / 2,
            hold: sizes.hold(),
            guard: sizes.guard,
            channels: PerChannel::new(stream.channel_count())?,
            cells: Cells::new(sizes.cell),
            bypass: false,
            done: 0,
            now: 0,
            log: TamedLog::new(),
            removed: 0.0,
            faults: 0,
        })
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> ClickTamerSetup {
        self.setup
    }

    /// The parameters.
    #[must_use]
    pub fn params(&self) -> ClickTamerParams {
        self.params
    }

    /// Takes other parameters from the next cell on.
    ///
    /// # Errors
    /// A value outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: ClickTamerParams) -> Result<(), Error> {
        params.validate()?;
        self.params = params;
        Ok(())
    }

    /// Whether it looks for nothing.
    #[must_use]
    pub fn bypass(&self) -> bool {
        self.bypass
    }

    /// Finds nothing from the next cell on, with the same latency.
    pub fn set_bypass(&mut self, bypass: bool) {
        self.bypass = bypass;
    }

    /// What it took out since the last reset, of all channels.
    #[must_use]
    pub fn report(&self) -> TamerReport {
        self.log.report(self.removed, self.now)
    }

    /// The last 64 places that were tamed, oldest first, on the clock of the input.
    pub fn places(&self) -> impl Iterator<Item = TamedPlace> + '_ {
        self.log.places()
    }

    /// A chunk: cleans it, splits it, and goes on cell by cell.
    fn chunk(&mut self, mut part: BlockMut<'_, S>) -> Result<(), Error> {
        let frames = part.frames();
        let mut rows = [[S::zero(); CHUNK]; MAX_LAYOUT_CHANNELS];
        let rows = rows.get_mut(..self.stream.channel_count()).unwrap_or_default();
        for (channel, row) in part.channels_mut().zip(rows.iter_mut()) {
            self.faults += kernels::clean_in_place(self.stream.isa, channel) as u64;
            for (to, from) in row.iter_mut().zip(channel.iter()) {
                *to = *from;
            }
        }
        self.split.process(Io::new(BlockMut::new(rows)?.range(0, frames)))?;
        let mut at = 0;
        while at < frames {
            let take = self.cells.piece(frames - at);
            self.piece(part.range(at, at + take), rows, at);
            at += take;
        }
        Ok(())
    }

    /// A piece that ends with its cell at the latest; `rows` hold what lies below the corner, from
    /// frame `start` on.
    fn piece(&mut self, mut part: BlockMut<'_, S>, rows: &[[S; CHUNK]], start: usize) {
        let frames = part.frames();
        let latency = self.centre + self.hold;
        let place = |len: usize| usize::try_from(self.now % len.max(1) as u64).unwrap_or(0);
        let starts = [place(latency), place(self.hold)];
        let rings = self.rings.chunks_exact_mut((latency + self.hold).max(1));
        let (length, first) = (self.cells.length(), self.cells.place());
        for (((samples, row), ring), channel) in
            part.channels_mut().zip(rows.iter()).zip(rings).zip(self.channels.iter_mut())
        {
            let Some((inputs, bands)) = ring.split_at_mut_checked(latency) else { continue };
            let [mut at, mut at_band] = starts;
            let [from, to] = channel.shares;
            let step = (to - from) / length;
            let row = row.get(start..).unwrap_or_default();
            for (n, (sample, low)) in (first..).zip(samples.iter_mut().zip(row)) {
                // The input half a window ago lies `hold` places on in the ring.
                let centred = at + self.hold;
                let centred = if centred >= latency { centred - latency } else { centred };
                let x = *sample;
                let delayed = inputs.get_mut(at).map_or(x, |slot| core::mem::replace(slot, x));
                let middle = inputs.get(centred).copied().unwrap_or(x);
                let band = middle - *low;
                channel.energy += band.as_f64() * band.as_f64();
                let delayed_band =
                    bands.get_mut(at_band).map_or(band, |slot| core::mem::replace(slot, band));
                #[expect(clippy::cast_precision_loss, reason = "a cell")]
                let share = from + step * n as f64;
                *sample = if share == 0.0 {
                    delayed
                } else {
                    let taken = share * delayed_band.as_f64();
                    self.removed += taken * taken;
                    S::from_f64(delayed.as_f64() - taken)
                };
                at = if at + 1 >= latency { 0 } else { at + 1 };
                at_band = if at_band + 1 >= self.hold { 0 } else { at_band + 1 };
            }
        }
        self.now += frames as u64;
        if self.cells.pass(frames) {
            self.end_cell();
        }
    }

    /// A cell is complete: judges the one in the middle of what is known, and decides about the one
    /// [`BESIDE`] before it.
    fn end_cell(&mut self) {
        let span = self.guard + CONTEXT;
        let kept = 2 * span + 1;
        let newest = (self.done % kept as u64) as usize;
        let length = self.cells.length();
        let cell = self.cells.frames() as u64;
        // The split's window lags: the cell that is decided about began so long ago.
        let began = self.done.saturating_sub((span + BESIDE) as u64) * cell;
        let frame = began.saturating_sub(self.centre as u64);
        let known = self.done >= kept as u64 && !self.bypass;
        for (index, channel) in self.channels.iter_mut().enumerate() {
            let power = core::mem::take(&mut channel.energy) / length;
            if let Some(slot) = channel.powers.get_mut(newest) {
                *slot = power;
            }
            channel.judged.rotate_left(1);
            let [.., last] = &mut channel.judged;
            *last = if known {
                let powers = channel.powers.get(..kept).unwrap_or_default();
                judge(powers, newest, self.guard, &self.params)
            } else {
                (0.0, false)
            };
            let near = channel.judged.iter().any(|(_, core)| *core);
            let [_, _, (above_db, _), _, _] = channel.judged;
            let depth =
                if near { above_db.max(0.0).min(self.params.max_reduction_db) } else { 0.0 };
            match &mut channel.open {
                Some(open) if near => {
                    open.frames += cell;
                    open.depth_db = open.depth_db.max(depth);
                }
                Some(open) => {
                    self.log.add(*open);
                    channel.open = None;
                }
                None if near => {
                    channel.open =
                        Some(TamedPlace { frame, frames: cell, channel: index, depth_db: depth });
                }
                None => {}
            }
            let last = core::mem::replace(&mut channel.last, depth);
            let [_, from] = channel.shares;
            channel.shares = [from, 1.0 - db_to_gain(0.0 - last.max(depth))];
        }
        self.done += 1;
    }
}

/// What the cell in the middle of a ring of powers, whose newest one stands at `newest`, stands above its
/// surroundings, dB, and whether it is the core of a click.
fn judge(powers: &[f64], newest: usize, guard: usize, params: &ClickTamerParams) -> (f64, bool) {
    let (newer, older) = powers.split_at_checked(newest + 1).unwrap_or_default();
    let (mut power, mut largest, mut sum) = (0.0, 0.0_f64, 0.0);
    // Oldest first.
    for (place, p) in older.iter().chain(newer).copied().enumerate() {
        let away = place.abs_diff(powers.len() / 2);
        if away == 0 {
            power = p;
        } else if away > guard {
            largest = largest.max(p);
            sum += p;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "48")]
    let mean = sum / (2 * CONTEXT) as f64;
    if mean < SILENCE {
        return (0.0, false);
    }
    let core = power >= largest * db_to_power(params.threshold_db)
        && power >= db_to_power(params.floor_dbfs);
    (power_to_db(power / mean), core)
}

impl<S: Sample> Processor for ClickTamer<'_, S> {
    fn latency_frames(&self) -> usize {
        self.centre + self.hold
    }

    /// The latency, and the other half of the window.
    fn tail_frames(&self) -> usize {
        2 * self.centre + self.hold
    }

    fn reset(&mut self) {
        self.split.reset();
        self.rings.fill(S::zero());
        self.channels.fill(Channel::default());
        self.cells.reset();
        (self.done, self.now) = (0, 0);
        (self.log, self.removed, self.faults) = (TamedLog::new(), 0.0, 0);
    }

    fn fields(&self) -> &'static [Field] {
        ClickTamerParams::FIELDS
    }

    fn field(&self, name: &str) -> Option<f64> {
        self.params.get(name)
    }

    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        self.set_params(self.params.with(name, value)?)
    }

    fn faults(&self) -> u64 {
        self.faults
    }
}

impl<S: Sample> Process<S> for ClickTamer<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        let mut main = io.without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        let mut at = 0;
        while at < main.frames() {
            let take = CHUNK.min(main.frames() - at);
            self.chunk(main.range(at, at + take))?;
            at += take;
        }
        Ok(())
    }
}
