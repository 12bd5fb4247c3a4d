//! The loudness meter: momentary, short-term and integrated loudness, loudness range, true peak.
//!
//! A mix is judged by these figures in every delivery. The meter stores one thing, the weighted
//! energy of each 10 ms sub-block; all loudness is read from that list ([`SubBlocks`]), of the
//! whole programme or of any part of it.
//!
//! Whole sub-blocks are filtered eight at a time ([`crate::kernels::k_energy`]), so the bits do not
//! depend on how the programme is cut into blocks. Maxima of M and S are held on the 10 ms grid.
//! NOTE: meters that look every 100 ms read EBU Tech 3341's case 13 up to 0.46 LU low.
//!
//! Sources: ITU-R BS.1770-5; EBU Tech 3341 and 3342 (2023).
//! Latency: readings follow the last whole sub-block; peaks follow the last sample.
//! Limits: the list has a fixed length, [`MeterSetup::max_duration_s`] (8 bytes per 10 ms).

use super::TruePeakMethod;
use super::gating::{
    MOMENTARY_SUB_BLOCKS, SHORT_TERM_SUB_BLOCKS, SUB_BLOCKS_PER_S, SubBlocks, loudness,
    sub_block_start,
};
use super::k_weighting::KWeighting;
use super::power::channel_weight;
use super::true_peak::TruePeakMeter;
use crate::audio::{Block, Layout, PerChannel, Sample, Store};
use crate::error::Error;
use crate::kernels::{self, Isa, K_LANES, KState, KWeight, k_carry, k_energy};
use crate::math;
use crate::stream::{MAX_RATE_HZ, Stream};
use crate::units::Reading;

/// Sub-blocks that are filtered together: so many fill the lanes for any number of channels.
const QUANTUM: usize = K_LANES;

/// Shortest history: one gating block, s.
const MIN_DURATION_S: f64 = 0.4;
/// Longest history: 100 hours (288 MB), s.
const MAX_DURATION_S: f64 = 360_000.0;

/// What a meter is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeterSetup {
    /// How true peaks are found.
    pub true_peak: TruePeakMethod,
    /// A mono programme is heard from two loudspeakers: it reads 3.01 LU more.
    ///
    /// Layouts other than mono do not change.
    pub dual_mono: bool,
    /// Programme duration that the history holds, s: 0.4 to 360,000.
    pub max_duration_s: f64,
}

impl Default for MeterSetup {
    /// The default interpolator, mono as one loudspeaker, four hours.
    fn default() -> Self {
        Self { true_peak: TruePeakMethod::default(), dual_mono: false, max_duration_s: 14_400.0 }
    }
}

/// Sub-blocks of a history for that duration.
pub(super) fn history_len(max_duration_s: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the allowed range; NaN becomes 0 and is refused by the constructor"
    )]
    {
        math::ceil(max_duration_s.clamp(0.0, MAX_DURATION_S) * SUB_BLOCKS_PER_S) as usize
    }
}

/// Frames of the longest sub-block.
pub(super) fn longest_sub_block(stream: &Stream) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "80 to 3840 for a valid stream; an invalid one is refused by the constructor"
    )]
    {
        math::ceil(stream.rate_hz.clamp(0.0, MAX_RATE_HZ) / SUB_BLOCKS_PER_S) as usize
    }
}

pub(super) fn check(max_duration_s: f64, stream: &Stream) -> Result<(), Error> {
    stream.validate()?;
    Error::check_range("max_duration_s", max_duration_s, MIN_DURATION_S, MAX_DURATION_S).map(|_| ())
}

/// Elements of lent memory that a meter needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeterStorage {
    /// Samples, for what has not been filtered yet and for the true-peak lines.
    pub samples: usize,
    /// f64 numbers, for the history and the filter's table.
    pub history: usize,
}

/// What one weighted channel carries on.
#[derive(Clone, Copy, Debug, Default)]
struct ChannelState {
    /// Channel of the stream.
    index: usize,
    weight: f64,
    state: KState,
}

/// Sub-blocks of any channel that are filtered side by side.
///
/// They come in channel order, so the weighted sum of a sub-block has one order however they are
/// packed.
struct Batch<'a, S> {
    segments: [&'a [S]; K_LANES],
    starts: [KState; K_LANES],
    /// Sub-block of the quantum, and weight.
    slots: [(usize, f64); K_LANES],
    len: usize,
}

impl<S> Default for Batch<'_, S> {
    fn default() -> Self {
        Self {
            segments: [&[]; K_LANES],
            starts: [[0.0; 4]; K_LANES],
            slots: [(0, 0.0); K_LANES],
            len: 0,
        }
    }
}

impl<'a, S: Sample> Batch<'a, S> {
    fn add(&mut self, segment: &'a [S], start: KState, slot: (usize, f64)) {
        self.segments[self.len] = segment;
        self.starts[self.len] = start;
        self.slots[self.len] = slot;
        self.len += 1;
    }

    /// Filters what there is, adds it to the sums, and is empty again.
    fn run(&mut self, isa: Isa, filter: &KWeight, sums: &mut [f64; QUANTUM]) {
        let mut energies = [0.0; K_LANES];
        k_energy(isa, filter, &self.segments[..self.len], &self.starts, &mut energies);
        for ((k, weight), energy) in self.slots[..self.len].iter().zip(energies) {
            sums[*k] += weight * energy;
        }
        self.len = 0;
    }
}

/// A held maximum: power and the frame at which its window ends.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    power: f64,
    frame: u64,
}

impl Held {
    fn hold(&mut self, power: f64, frame: u64) {
        if power > self.power {
            *self = Self { power, frame };
        }
    }
}

/// Everything a loudness meter reads at one moment.
///
/// A reading that needs more material is [`Reading::TooShort`], digital silence and material that
/// never passes the gate are [`Reading::BelowGate`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LoudnessReadings {
    /// Programme loudness with both gates, LUFS.
    pub integrated_lufs: Reading,
    /// Largest momentary loudness (0.4 s), LUFS.
    pub momentary_max_lufs: Reading,
    /// The frame at which its window ends.
    pub momentary_max_frame: u64,
    /// Largest short-term loudness (3 s), LUFS.
    pub short_term_max_lufs: Reading,
    /// The frame at which its window ends.
    pub short_term_max_frame: u64,
    /// Loudness range, LU. Not stable while `duration_s` is below 60 (EBU Tech 3341, clause 2.4).
    pub loudness_range_lu: Reading,
    /// Quiet end of the loudness range, LUFS.
    pub loudness_range_low_lufs: Reading,
    /// Loud end of the loudness range, LUFS.
    pub loudness_range_high_lufs: Reading,
    /// Largest true peak of all channels, dBTP.
    pub true_peak_dbtp: Reading,
    /// The frame at or before it.
    pub true_peak_frame: u64,
    /// Largest sample of all channels, dBFS.
    pub sample_peak_dbfs: Reading,
    /// Its frame.
    pub sample_peak_frame: u64,
    /// Duration pushed so far, s.
    pub duration_s: f64,
    /// Samples that were not finite or beyond 1e6 and were taken as 0.
    pub faults: u64,
}

/// A loudness and true-peak meter for one stream.
///
/// # Example
/// ```
/// use mixcore::audio::Block;
/// use mixcore::loudness::{Meter, MeterSetup};
/// use mixcore::{Layout, Stream, math};
///
/// // EBU Tech 3341, case 1: a stereo 1 kHz tone at -23 dBFS reads -23 LUFS.
/// let tone: Vec<f32> = (0..48_000 * 5)
///     .map(|n| (0.0708 * math::sin(math::PI * f64::from(n) / 24.0)) as f32)
///     .collect();
/// let mut meter = Meter::new(MeterSetup::default(), Stream::new(48_000.0, Layout::STEREO)?)?;
/// meter.push(Block::stereo(&tone, &tone)?)?;
/// let readings = meter.measurement();
/// assert!((readings.integrated_lufs.value().unwrap() + 23.0).abs() < 0.1);
/// assert!((meter.momentary_lufs().value().unwrap() + 23.0).abs() < 0.1);
/// assert!((readings.true_peak_dbtp.value().unwrap() + 23.0).abs() < 0.1);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Meter<'a, S> {
    setup: MeterSetup,
    stream: Stream,
    filter: KWeight,
    /// Decay over a sub-block of the shorter and of the longer length.
    decays: [[KState; 4]; 2],
    table: Store<'a, f64>,
    history: Store<'a, f64>,
    /// One row per weighted channel: what has not been filtered yet.
    pending: Store<'a, S>,
    channels: PerChannel<ChannelState>,
    weighted: usize,
    true_peak: TruePeakMeter<'a, S>,
    momentary_max: Held,
    short_term_max: Held,
    done: usize,
    frames: u64,
}

impl<S: Sample> Meter<'static, S> {
    /// A meter with memory of its own.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, or a duration outside 0.4 to 360,000 s.
    #[cfg(feature = "alloc")]
    pub fn new(setup: MeterSetup, stream: Stream) -> Result<Self, Error> {
        check(setup.max_duration_s, &stream)?;
        let shape = Shape::new(&stream);
        Self::with_stores(
            setup,
            stream,
            Store::owned(shape.pending, S::zero()),
            Store::owned(history_len(setup.max_duration_s), 0.0),
            Store::owned(shape.table, 0.0),
            TruePeakMeter::new(setup.true_peak, stream)?,
        )
    }
}

impl<'a, S: Sample> Meter<'a, S> {
    /// Memory that [`Meter::new_in`] needs.
    #[must_use]
    pub fn required_len(setup: &MeterSetup, stream: &Stream) -> MeterStorage {
        let shape = Shape::new(stream);
        MeterStorage {
            samples: shape.pending + TruePeakMeter::<S>::required_len(setup.true_peak, stream),
            history: history_len(setup.max_duration_s) + shape.table,
        }
    }

    /// A meter in lent memory of at least [`Meter::required_len`].
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, a duration outside 0.4 to 360,000 s, or too little memory.
    pub fn new_in(
        setup: MeterSetup,
        stream: Stream,
        samples: &'a mut [S],
        history: &'a mut [f64],
    ) -> Result<Self, Error> {
        check(setup.max_duration_s, &stream)?;
        let shape = Shape::new(&stream);
        let need = Self::required_len(&setup, &stream);
        for (what, given, required) in [
            ("meter sample", samples.len(), need.samples),
            ("meter history", history.len(), need.history),
        ] {
            if given < required {
                return Err(Error::Storage { what, given, required });
            }
        }
        let (pending, lines) = samples.split_at_mut(shape.pending);
        let (history, table) = history.split_at_mut(history_len(setup.max_duration_s));
        Self::with_stores(
            setup,
            stream,
            Store::lent("meter sample", pending, shape.pending, S::zero())?,
            Store::lent("meter history", history, history_len(setup.max_duration_s), 0.0)?,
            Store::lent("meter history", table, shape.table, 0.0)?,
            TruePeakMeter::new_in(setup.true_peak, stream, lines)?,
        )
    }

    fn with_stores(
        setup: MeterSetup,
        stream: Stream,
        pending: Store<'a, S>,
        history: Store<'a, f64>,
        mut table: Store<'a, f64>,
        true_peak: TruePeakMeter<'a, S>,
    ) -> Result<Self, Error> {
        let filter = KWeighting::design(stream.rate_hz)?.kernel();
        filter.fill_carry_table(&mut table);
        let longest = table.len() / 4;
        let mut channels = PerChannel::<ChannelState>::new(stream.channel_count())?;
        let mut weighted = 0;
        for (index, speaker) in stream.layout.speakers().iter().enumerate() {
            let mut weight = channel_weight(speaker);
            if setup.dual_mono && stream.layout == Layout::MONO {
                weight *= 2.0;
            }
            if weight > 0.0 {
                channels[weighted] = ChannelState { index, weight, state: [0.0; 4] };
                weighted += 1;
            }
        }
        Ok(Self {
            setup,
            stream,
            filter,
            decays: [filter.decay(longest - 1), filter.decay(longest)],
            table,
            history,
            pending,
            channels,
            weighted,
            true_peak,
            momentary_max: Held::default(),
            short_term_max: Held::default(),
            done: 0,
            frames: 0,
        })
    }

    /// Measures one block of any length.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// Another number of channels than the stream's, or [`Error::HistoryFull`]; nothing of the block
    /// is recorded then.
    pub fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        block.check_channels("block", self.stream.channel_count())?;
        let end = self.frames + block.frames() as u64;
        if end >= sub_block_start(self.history.len() + 1, self.stream.rate_hz) {
            return Err(Error::HistoryFull { max_duration_s: self.setup.max_duration_s });
        }
        self.true_peak.push(block)?;
        let mut at = 0;
        while at < block.frames() {
            at += self.take(&block.range(at, block.frames()));
        }
        Ok(())
    }

    /// Takes as many frames as the quantum has room for, and filters what is complete.
    fn take(&mut self, block: &Block<'_, S>) -> usize {
        let rate_hz = self.stream.rate_hz;
        let origin = sub_block_start(self.done, rate_hz);
        let room = sub_block_start(self.done + QUANTUM, rate_hz) - self.frames;
        #[expect(clippy::cast_possible_truncation, reason = "at most a quantum, 80 ms")]
        let (fill, room) = ((self.frames - origin) as usize, room as usize);
        let take = room.min(block.frames());
        let row = self.row_len();
        for (channel, row) in
            self.channels[..self.weighted].iter().zip(self.pending.chunks_exact_mut(row))
        {
            let input = &block.channel(channel.index)[..take];
            kernels::clean(self.stream.isa, input, &mut row[fill..fill + take]);
        }
        self.frames += take as u64;
        let mut complete = 0;
        while complete < QUANTUM
            && sub_block_start(self.done + complete + 1, rate_hz) <= self.frames
        {
            complete += 1;
        }
        if complete > 0 {
            self.filter_sub_blocks(complete);
        }
        take
    }

    fn row_len(&self) -> usize {
        self.table.len() / 4 * QUANTUM
    }

    /// Filters the first `count` pending sub-blocks, records them, and moves the rest to the front.
    fn filter_sub_blocks(&mut self, count: usize) {
        let rate_hz = self.stream.rate_hz;
        let isa = self.stream.isa;
        let origin = sub_block_start(self.done, rate_hz);
        let row_len = self.row_len();
        let longest = self.table.len() / 4;
        #[expect(clippy::cast_possible_truncation, reason = "at most a quantum, 80 ms")]
        let edge = |k: usize| (sub_block_start(self.done + k, rate_hz) - origin) as usize;
        let mut sums = [0.0; QUANTUM];
        let mut batch = Batch::default();
        for (channel, row) in
            self.channels[..self.weighted].iter_mut().zip(self.pending.chunks_exact(row_len))
        {
            for k in 0..count {
                let segment = &row[edge(k)..edge(k + 1)];
                let carry = k_carry(isa, segment, &self.table);
                let decay = &self.decays[usize::from(segment.len() == longest)];
                let start = channel.state;
                channel.state = KWeight::hand_over(decay, &start, &carry);
                batch.add(segment, start, (k, channel.weight));
                if batch.len == K_LANES {
                    batch.run(isa, &self.filter, &mut sums);
                }
            }
        }
        batch.run(isa, &self.filter, &mut sums);
        #[expect(clippy::cast_possible_truncation, reason = "at most a quantum, 80 ms")]
        let (used, filled) = (edge(count), (self.frames - origin) as usize);
        for row in self.pending.chunks_exact_mut(row_len) {
            row.copy_within(used..filled, 0);
        }
        for sum in &sums[..count] {
            self.record(*sum);
        }
    }

    /// Appends one sub-block and holds the maxima of the windows that it completes.
    fn record(&mut self, energy: f64) {
        self.history[self.done] = energy;
        self.done += 1;
        let done = self.done;
        let blocks = self.sub_blocks();
        let frame = blocks.start_frame(done);
        let power = |len: usize| (done >= len).then(|| blocks.window_power(done - len, len));
        let (momentary, short_term) = (power(MOMENTARY_SUB_BLOCKS), power(SHORT_TERM_SUB_BLOCKS));
        if let Some(power) = momentary {
            self.momentary_max.hold(power, frame);
        }
        if let Some(power) = short_term {
            self.short_term_max.hold(power, frame);
        }
    }

    /// Starts anew: I, LRA, the maxima and the peaks together (EBU Tech 3341, clause 2.6).
    pub fn reset(&mut self) {
        for channel in self.channels.iter_mut() {
            channel.state = [0.0; 4];
        }
        self.true_peak.reset();
        self.momentary_max = Held::default();
        self.short_term_max = Held::default();
        self.done = 0;
        self.frames = 0;
    }

    /// The stream it measures.
    #[must_use]
    pub fn stream(&self) -> Stream {
        self.stream
    }

    /// Frames pushed so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Samples so far that were not finite or beyond 1e6 and were taken as 0.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.true_peak.faults()
    }

    /// The whole sub-blocks so far.
    #[must_use]
    pub fn sub_blocks(&self) -> SubBlocks<'_> {
        SubBlocks::with_isa(&self.history[..self.done], self.stream.rate_hz, self.stream.isa)
    }

    /// The peaks of every channel.
    #[must_use]
    pub fn true_peak(&self) -> &TruePeakMeter<'a, S> {
        &self.true_peak
    }

    /// Loudness of the last 0.4 s, LUFS, at the last whole sub-block.
    #[must_use]
    pub fn momentary_lufs(&self) -> Reading {
        self.sub_blocks().momentary_lufs(self.done)
    }

    /// Loudness of the last 3 s, LUFS, at the last whole sub-block.
    #[must_use]
    pub fn short_term_lufs(&self) -> Reading {
        self.sub_blocks().short_term_lufs(self.done)
    }

    /// All readings of what was pushed, the tail of the true-peak filter included.
    ///
    /// The meter itself does not change: pushing may go on. Costs a pass over the history.
    #[must_use]
    pub fn measurement(&self) -> LoudnessReadings {
        let blocks = self.sub_blocks();
        let range = blocks.loudness_range();
        let peaks = self.true_peak.measurement();
        let held = |max: &Held, len: usize| {
            if self.done < len { blocks.too_short(len) } else { loudness(max.power) }
        };
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        let duration_s = self.frames as f64 / self.stream.rate_hz;
        LoudnessReadings {
            integrated_lufs: blocks.integrated_lufs(),
            momentary_max_lufs: held(&self.momentary_max, MOMENTARY_SUB_BLOCKS),
            momentary_max_frame: self.momentary_max.frame,
            short_term_max_lufs: held(&self.short_term_max, SHORT_TERM_SUB_BLOCKS),
            short_term_max_frame: self.short_term_max.frame,
            loudness_range_lu: range.range_lu,
            loudness_range_low_lufs: range.low_lufs,
            loudness_range_high_lufs: range.high_lufs,
            true_peak_dbtp: peaks.true_peak_dbtp,
            true_peak_frame: peaks.true_peak_frame,
            sample_peak_dbfs: peaks.sample_peak_dbfs,
            sample_peak_frame: peaks.sample_peak_frame,
            duration_s,
            faults: self.faults(),
        }
    }
}

/// Lengths of the parts of a meter's memory.
struct Shape {
    pending: usize,
    table: usize,
}

impl Shape {
    fn new(stream: &Stream) -> Self {
        let longest = longest_sub_block(stream);
        let weighted =
            stream.layout.speakers().iter().filter(|speaker| channel_weight(speaker) > 0.0).count();
        Self { pending: weighted * longest * QUANTUM, table: 4 * longest }
    }
}
