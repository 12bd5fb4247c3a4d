//! Tames clicks: those of mouths, and short disturbances of a line.
//!
//! A click is short and alone. Two Hann windows, u of the length 1/corner and v of 1/(150 Hz), with their
//! −6 dB points at the corner and at 150 Hz, split the signal with linear phase, c half of the longer one:
//!
//! > high\[n\] = x\[n − c\] − (u ∗ x)\[n\], mid\[n\] = (u ∗ x)\[n\] − (v ∗ x)\[n\], u centred at c as v is
//!
//! In cells of 1/2 ms their powers are p. A cell j is the core of a click where its high band stands out of
//! all that is near on both sides, the g cells of `max_click_ms` and of half of the window left out on each:
//!
//! > p_j ≥ 10^(threshold/10) · max over g < |i − j| ≤ g + 24 of p_i, and p_j ≥ `floor_dbfs`
//!
//! 24 cells are 12 ms: the pulses of a voice down to 80 Hz have their like among them, and a consonant,
//! which lasts longer than twice g, has itself. In such a cell and up to two before and behind it the high
//! band is lowered to the mean power of its surroundings, and the middle one, where the voice is at home,
//! to the largest of its surroundings; by `max_reduction_db` at the most,
//!
//! > y = x − (1 − g_high)·high − (1 − g_mid)·mid, delayed
//!
//! with the gains straight from cell to cell and at a cell's own value in the whole of it. Where nothing is
//! found every bit passes. In digital silence (surroundings below −100 dBFS) nothing is judged: a lone
//! sample there is a mark, not a fault.
//!
//! **What stays.** v ∗ click, spread over 6.7 ms. A mouth's click, a sine of 2.5 kHz that dies away in
//! 0.5 ms, has 0.7 % of its energy there, −21.5 dB; without the middle band 3.4 % would stay.
//!
//! Sources: own design. Cost: two FIRs of rate/corner and rate/150 taps and some comparisons a cell. Latency:
//! half of the longer window and the neighbourhood, 25 ms with the defaults. Limits: each channel for
//! itself; of two clicks within 12 ms each hides the other; it has no static curve, as what is steady is no click.

use super::cells::{CHUNK, Cells, DialogueStorage};
use super::click_tamer_params::{ClickTamerParams, ClickTamerSetup, Sizes, window};
use super::click_watch::{BANDS, BESIDE, ClickWatch, Spot};
use super::gain_trace::{GainTrace, Rows};
use super::reduction::{ReductionStats, lower_row};
use super::taken::Taken;
use super::tamed::{TamedLog, TamedPlace, TamerReport};
use super::tool::{chosen, fields_of, gain_stats, listen};
use super::unit;
use crate::audio::{BlockMut, MAX_LAYOUT_CHANNELS, PerChannel, Sample, Store, check_frames};
use crate::error::Error;
use crate::filters::{Delay, DelayLine, Fir, FirSetup, MAX_TAPS};
use crate::kernels;
use crate::stream::{Field, Io, Process, Processor, Stream};

/// Lowers short lone clicks to the level of what surrounds them.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and are
/// counted.
///
/// # Latency
/// Half of the window of the split, and what has to be seen behind a click.
///
/// # Real time
/// `process`, `set_params`, `set_bypass`, `set_listen` and `reset` neither allocate nor wait.
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
    split: Split<'a, S>,
    rings: Store<'a, S>,
    line: DelayLine,
    sizes: Sizes,
    channels: PerChannel<ClickWatch>,
    cells: Cells,
    bypass: bool,
    done: u64,
    now: u64,
    log: TamedLog,
    taken: Taken,
    trace: GainTrace,
    faults: u64,
}

/// The two windows, the shorter one after a wait.
#[derive(Debug)]
struct Split<'a, S> {
    wait: Delay<'a, S>,
    short: Fir<'a, S>,
    long: Fir<'a, S>,
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
        let [short, long] = sizes.halves;
        let split = Split {
            wait: Delay::new(sizes.wait(), stream)?,
            short: Fir::new(FirSetup::all(window(&mut memory, short)), stream)?,
            long: Fir::new(FirSetup::all(window(&mut memory, long)), stream)?,
        };
        let rings = Store::owned(sizes.ring_len(&stream), S::zero());
        Self::build(setup, params, stream, split, rings)
    }
}

impl<'a, S: Sample> ClickTamer<'a, S> {
    /// The memory that [`ClickTamer::new_in`] needs: samples only.
    ///
    /// # Errors
    /// A setup or rate outside its bounds.
    pub fn required_len(setup: ClickTamerSetup, stream: Stream) -> Result<DialogueStorage, Error> {
        let parts = Self::parts(&setup.sizes(&stream)?, &stream)?;
        Ok(DialogueStorage { samples: parts.iter().sum(), numbers: 0 })
    }

    /// Samples of the rings, the wait, and both windows.
    fn parts(sizes: &Sizes, stream: &Stream) -> Result<[usize; 4], Error> {
        let taps = [0.0; MAX_TAPS];
        let fir = |half: usize| {
            let taps = taps.get(..2 * half + 1).unwrap_or_default();
            Fir::<S>::required_len(&FirSetup::all(taps), stream)
        };
        let [short, long] = sizes.halves;
        let wait = Delay::<S>::required_len(sizes.wait(), stream)?;
        Ok([sizes.ring_len(stream), wait, fir(short)?, fir(long)?])
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
        let parts = Self::parts(&sizes, &stream)?;
        let (given, required) = (samples.len(), parts.iter().sum());
        let mut rest = samples;
        let mut next = |len: usize| {
            rest.split_off_mut(..len).ok_or(Error::Storage { what: WHAT, given, required })
        };
        let [ring_len, wait, short, long] = parts;
        let (rings, wait, short, long) = (next(ring_len)?, next(wait)?, next(short)?, next(long)?);
        let mut memory = [0.0; MAX_TAPS];
        let [short_half, long_half] = sizes.halves;
        let split = Split {
            wait: Delay::new_in(sizes.wait(), stream, wait)?,
            short: Fir::new_in(FirSetup::all(window(&mut memory, short_half)), stream, short)?,
            long: Fir::new_in(FirSetup::all(window(&mut memory, long_half)), stream, long)?,
        };
        Self::build(setup, params, stream, split, Store::lent(WHAT, rings, ring_len, S::zero())?)
    }

    fn build(
        setup: ClickTamerSetup,
        params: ClickTamerParams,
        stream: Stream,
        split: Split<'a, S>,
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
            line: DelayLine::new(sizes.centre() + sizes.hold()),
            sizes,
            channels: PerChannel::new(stream.channel_count())?,
            cells: Cells::new(sizes.cell),
            bypass: false,
            done: 0,
            now: 0,
            log: TamedLog::new(),
            taken: Taken::new(params.amount_percent, stream.rate_hz),
            trace: GainTrace::new(),
            faults: 0,
        })
    }

    chosen!(ClickTamerSetup, ClickTamerParams);

    /// Takes other parameters from the next cell on.
    ///
    /// # Errors
    /// A value outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: ClickTamerParams) -> Result<(), Error> {
        params.validate()?;
        self.params = params;
        self.taken.set_amount(params.amount_percent, self.now);
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

    listen!();

    /// Largest reduction of any channel and band in the newest frame of output, to the cell, dB ≥ 0.
    #[must_use]
    pub fn gain_reduction_db(&self) -> f64 {
        self.channels.iter().fold(0.0, |most, channel| most.max(channel.reduction_db()))
    }

    gain_stats! {
        /// Reduction since the last reset, dB, of the channel and band that is reduced most, without the
        /// amount; none before the first frame.
    }

    unit::traced! {
        /// [`Process::process`], and the reduction of every frame of the block, dB ≥ 0, of the channel and
        /// band that is reduced most, without the amount.
    }

    /// What it took out since the last reset, of all channels.
    #[must_use]
    pub fn report(&self) -> TamerReport {
        self.log.report(self.taken.level_dbfs(self.now))
    }

    /// The last 64 places that were tamed, oldest first, on the clock of the input.
    pub fn places(&self) -> impl Iterator<Item = TamedPlace> + '_ {
        self.log.places()
    }

    fn run(&mut self, io: Io<'_, S>, trace: Option<&mut [f32]>) -> Result<(), Error> {
        let mut main = io.without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        let mut rows = Rows::new(trace, main.frames());
        let mut at = 0;
        while at < main.frames() {
            let take = CHUNK.min(main.frames() - at);
            self.chunk(main.range(at, at + take), rows.piece(at, take).row(0))?;
            at += take;
        }
        Ok(())
    }

    /// A chunk: cleans it, splits it, and goes on cell by cell.
    fn chunk(&mut self, mut part: BlockMut<'_, S>, row: &mut [f32]) -> Result<(), Error> {
        let frames = part.frames();
        let mut rows = [[[S::zero(); CHUNK]; MAX_LAYOUT_CHANNELS]; BANDS];
        let [short, long] = &mut rows;
        let count = self.stream.channel_count();
        let short = short.get_mut(..count).unwrap_or_default();
        let long = long.get_mut(..count).unwrap_or_default();
        for ((channel, short), long) in part.channels_mut().zip(&mut *short).zip(&mut *long) {
            self.faults += kernels::clean_in_place(self.stream.isa, channel) as u64;
            for ((to, other), from) in short.iter_mut().zip(long).zip(channel.iter()) {
                (*to, *other) = (*from, *from);
            }
        }
        let Split { wait, short: short_fir, long: long_fir } = &mut self.split;
        wait.process(Io::new(BlockMut::new(short)?.range(0, frames)))?;
        short_fir.process(Io::new(BlockMut::new(short)?.range(0, frames)))?;
        long_fir.process(Io::new(BlockMut::new(long)?.range(0, frames)))?;
        let mut at = 0;
        while at < frames {
            let take = self.cells.piece(frames - at);
            self.look(take, row.get_mut(at..at + take).unwrap_or_default());
            self.piece(part.range(at, at + take), [&*short, &*long], at);
            at += take;
        }
        Ok(())
    }

    /// A piece that ends with its cell at the latest; `rows` hold what lies below the two corners, from
    /// frame `start` on.
    fn piece(&mut self, mut part: BlockMut<'_, S>, rows: [&[[S; CHUNK]]; BANDS], start: usize) {
        let frames = part.frames();
        let (hold, centre) = (self.sizes.hold(), self.sizes.centre());
        let latency = centre + hold;
        let place = |len: usize| usize::try_from(self.now % len.max(1) as u64).unwrap_or(0);
        let start_band = place(hold);
        let rings = self.rings.chunks_exact_mut((latency + BANDS * hold).max(1));
        let (length, first) = (self.cells.length(), self.cells.place());
        let shares = self.taken.shares(self.now);
        let [short, long] = rows;
        let rows = short.iter().zip(long);
        let channels = part.channels_mut().zip(rows).zip(rings).zip(self.channels.iter_mut());
        for (((samples, (short, long)), ring), watch) in channels {
            let Some((inputs, bands)) = ring.split_at_mut_checked(latency) else { continue };
            let Some((highs, mids)) = bands.split_at_mut_checked(hold) else { continue };
            self.line.swap(inputs, samples);
            // The input half a window ago.
            let [older, newer] = self.line.past(inputs, centre + frames, frames);
            let mut middles = older.iter().chain(newer);
            let mut at_band = start_band;
            let [high_share, mid_share] = watch.shares;
            let line = |[from, to]: [f64; 2], n: usize| {
                #[expect(clippy::cast_precision_loss, reason = "a cell")]
                {
                    from + (to - from) / length * n as f64
                }
            };
            let lows = short.get(start..).unwrap_or_default().iter();
            let mut lows = lows.zip(long.get(start..).unwrap_or_default());
            let mut n = first;
            self.taken.leave(&shares, samples, |_| {
                let middle = middles.next().copied().unwrap_or_default();
                let (low, lowest) = lows.next().map_or((middle, middle), |(a, b)| (*a, *b));
                let exchange = |slot: Option<&mut S>, fresh: S| {
                    slot.map_or(fresh, |slot| core::mem::replace(slot, fresh)).as_f64()
                };
                let (high, mid) = (middle - low, low - lowest);
                let [high_energy, mid_energy] = &mut watch.energies;
                *high_energy += high.as_f64() * high.as_f64();
                *mid_energy += mid.as_f64() * mid.as_f64();
                let taken = line(high_share, n) * exchange(highs.get_mut(at_band), high)
                    + line(mid_share, n) * exchange(mids.get_mut(at_band), mid);
                at_band = if at_band + 1 >= hold { 0 } else { at_band + 1 };
                n += 1;
                taken
            });
        }
        self.line.pass();
        self.now += frames as u64;
        if self.cells.pass(frames) {
            self.end_cell();
        }
    }

    /// The read-outs of a piece: the lowest gain of any channel and band.
    fn look(&mut self, frames: usize, row: &mut [f32]) {
        let mut gains = [1.0_f32; CHUNK];
        let gains = gains.get_mut(..frames).unwrap_or_default();
        let mut rests = true;
        for shares in self.channels.iter().flat_map(|watch| watch.shares) {
            if shares != [0.0; 2] {
                rests = false;
                let mut line = [1.0_f32; CHUNK];
                let line = line.get_mut(..frames).unwrap_or_default();
                self.cells.line(shares.map(|share| 1.0 - share), line);
                lower_row(gains, line);
            }
        }
        if rests {
            self.trace.hold(1.0, frames, row);
        } else {
            self.trace.take_gains(self.stream.isa, gains, row);
        }
    }

    /// A cell is complete.
    fn end_cell(&mut self) {
        let Sizes { guards, .. } = self.sizes;
        let length = self.cells.frames() as u64;
        // The windows lag: the cell that is decided about began so long ago.
        let back = (ClickWatch::span(&guards) + BESIDE) as u64;
        let began = self.done.saturating_sub(back) * length;
        let frame = began.saturating_sub(self.sizes.centre() as u64);
        let (params, idle, done) = (&self.params, self.bypass, self.done);
        for (channel, watch) in self.channels.iter_mut().enumerate() {
            let spot = Spot { frame, frames: length, channel };
            watch.end_cell([done, length], &guards, params, idle, spot, &mut self.log);
        }
        self.done += 1;
    }
}

impl<S: Sample> Processor for ClickTamer<'_, S> {
    fn latency_frames(&self) -> usize {
        self.sizes.centre() + self.sizes.hold()
    }

    /// The latency, and the other half of the longer window.
    fn tail_frames(&self) -> usize {
        2 * self.sizes.centre() + self.sizes.hold()
    }

    fn reset(&mut self) {
        self.split.wait.reset();
        self.split.short.reset();
        self.split.long.reset();
        self.rings.fill(S::zero());
        self.line.reset();
        self.channels.fill(ClickWatch::default());
        self.cells.reset();
        (self.done, self.now) = (0, 0);
        self.taken.reset();
        (self.log, self.faults) = (TamedLog::new(), 0);
        self.trace = GainTrace::new();
    }

    fields_of!(ClickTamerParams);

    fn faults(&self) -> u64 {
        self.faults
    }
}

impl<S: Sample> Process<S> for ClickTamer<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        self.run(io, None)
    }
}
