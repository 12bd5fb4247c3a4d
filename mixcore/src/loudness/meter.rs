//! The loudness meter: momentary, short-term and integrated loudness, loudness range, true peak.
//!
//! A mix is judged by these figures in every delivery. The meter stores one thing, the weighted
//! energy of each 10 ms sub-block; all loudness is read from that list ([`SubBlocks`]), of the
//! whole programme or of any part of it.
//!
//! The samples are read once: cleaning, the counts of faults and clipped samples, the peaks and the
//! filter all work on the 10 ms in hand. Every channel's sub-block fills the lanes by itself
//! ([`crate::kernels::k_energy`]), so the work is the same in small and in large blocks, and the bits
//! do not depend on how the programme is cut. Maxima of M and S are held on the 10 ms grid.
//! NOTE: meters that look every 100 ms read EBU Tech 3341's case 13 up to 0.46 LU low.
//!
//! # Pause
//! While a meter stands by, M and S go on; I, the range, the maxima and the peaks stand still. The
//! programme is then what was measured, spliced at whole sub-blocks: one that was paused in part does
//! not count. Windows reach over a splice. The filter hears everything, so a splice is no click; where
//! the sub-blocks of a rate differ in length, a window over one may be a frame longer or shorter
//! (0.0005 LU). To the true-peak filter
//! each stretch is a programme of its own, with silence around.
//!
//! Sources: ITU-R BS.1770-5; EBU Tech 3341 (2023), clause 2.6 for pause, continue and reset; EBU
//! Tech 3342 (2023).
//! Latency: readings follow the last whole sub-block; peaks follow the last sample.
//! Limits: the list has a fixed length, [`MeterSetup::max_duration_s`] (8 bytes per 10 ms; with
//! [`MeterSetup::every_channel`] as much again for each channel).

use super::excursions::ExcursionLog;
use super::gating::{
    MOMENTARY_SUB_BLOCKS, SHORT_TERM_SUB_BLOCKS, SubBlocks, loudness, sub_block_start,
};
use super::meter_setup::{MeterSetup, MeterStorage, check, history_len};
use super::readings::{Held, LoudnessReadings};
use super::recent::Recent;
use super::sub_block_filter::{SubBlockFilter, Taken};
use super::true_peak::TruePeakMeter;
use crate::audio::{Block, Sample, Store, check_frames};
use crate::error::Error;
use crate::stream::Stream;
use crate::units::Reading;

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
    pub(super) setup: MeterSetup,
    pub(super) stream: Stream,
    pub(super) filter: SubBlockFilter<'a, S>,
    history: Store<'a, f64>,
    /// One row per channel, as long as the history.
    channel_history: Store<'a, f64>,
    pub(super) true_peak: TruePeakMeter<'a, S>,
    momentary_max: Held,
    short_term_max: Held,
    /// Sub-blocks in the history.
    done: usize,
    clipped: u64,
    recent: Recent,
    running: bool,
    /// A part of the current sub-block was not measured.
    spoiled: bool,
    /// The last frame was not measured.
    cut: bool,
    measured_frames: u64,
}

impl<S: Sample> Meter<'static, S> {
    /// A meter with memory of its own.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, or a duration outside 0.4 to 360,000 s.
    #[cfg(feature = "alloc")]
    pub fn new(setup: MeterSetup, stream: Stream) -> Result<Self, Error> {
        check(setup.max_duration_s, &stream)?;
        let (rows, numbers) = SubBlockFilter::<S>::required_len(&stream);
        let history = history_len(setup.max_duration_s);
        Self::with_parts(
            setup,
            stream,
            Store::owned(rows, S::zero()),
            Store::owned(numbers, 0.0),
            Store::owned(history, 0.0),
            Store::owned(setup.channel_history_len(&stream, history), 0.0),
            TruePeakMeter::new(setup.true_peak, stream)?,
        )
    }
}

impl<'a, S: Sample> Meter<'a, S> {
    /// Memory that [`Meter::new_in`] needs.
    #[must_use]
    pub fn required_len(setup: &MeterSetup, stream: &Stream) -> MeterStorage {
        let (rows, numbers) = SubBlockFilter::<S>::required_len(stream);
        let history = history_len(setup.max_duration_s);
        MeterStorage {
            samples: rows + TruePeakMeter::<S>::required_len(setup.true_peak, stream),
            history: numbers + history + setup.channel_history_len(stream, history),
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
        let need = Self::required_len(&setup, &stream);
        for (what, given, required) in [
            ("meter sample", samples.len(), need.samples),
            ("meter history", history.len(), need.history),
        ] {
            if given < required {
                return Err(Error::Storage { what, given, required });
            }
        }
        let (rows_len, numbers_len) = SubBlockFilter::<S>::required_len(&stream);
        let history_len = history_len(setup.max_duration_s);
        let (rows, lines) = samples.split_at_mut(rows_len);
        let (numbers, history) = history.split_at_mut(numbers_len);
        let (history, channel_history) = history.split_at_mut(history_len);
        let channel_history_len = setup.channel_history_len(&stream, history_len);
        Self::with_parts(
            setup,
            stream,
            Store::lent("meter sample", rows, rows_len, S::zero())?,
            Store::lent("meter history", numbers, numbers_len, 0.0)?,
            Store::lent("meter history", history, history_len, 0.0)?,
            Store::lent("meter history", channel_history, channel_history_len, 0.0)?,
            TruePeakMeter::new_in(setup.true_peak, stream, lines)?,
        )
    }

    fn with_parts(
        setup: MeterSetup,
        stream: Stream,
        rows: Store<'a, S>,
        numbers: Store<'a, f64>,
        history: Store<'a, f64>,
        channel_history: Store<'a, f64>,
        true_peak: TruePeakMeter<'a, S>,
    ) -> Result<Self, Error> {
        let every_channel = setup.every_channel;
        Ok(Self {
            setup,
            stream,
            filter: SubBlockFilter::new(stream, setup.dual_mono, every_channel, rows, numbers)?,
            history,
            channel_history,
            true_peak,
            momentary_max: Held::default(),
            short_term_max: Held::default(),
            done: 0,
            clipped: 0,
            recent: Recent::new(),
            running: true,
            spoiled: false,
            cut: false,
            measured_frames: 0,
        })
    }

    /// Gives it a log of the places where true peaks exceed a limit, see
    /// [`TruePeakMeter::with_log`]; it is read at [`Meter::true_peak`].
    ///
    /// # Errors
    /// A log for another number of channels.
    pub fn with_peak_log(mut self, log: ExcursionLog<'a>) -> Result<Self, Error> {
        self.true_peak.set_log(log)?;
        Ok(self)
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
        self.check_room(block.frames() as u64)?;
        let mut at = 0;
        while at < block.frames() {
            let taken = self.filter.take(&block, at);
            self.measure(&taken);
            at += taken.frames;
        }
        Ok(())
    }

    /// Measures one block of interleaved samples: frame after frame, one sample for each channel.
    ///
    /// The bits are those of [`Meter::push`].
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// A length that is no multiple of the channels, or [`Error::HistoryFull`]; nothing of the block
    /// is recorded then.
    ///
    /// # Example
    /// ```
    /// use mixcore::loudness::{Meter, MeterSetup};
    /// use mixcore::{Block, Layout, Stream};
    /// let stream = Stream::new(48_000.0, Layout::STEREO)?;
    /// let (mut planar, mut interleaved) =
    ///     (Meter::new(MeterSetup::default(), stream)?, Meter::new(MeterSetup::default(), stream)?);
    /// planar.push(Block::stereo(&[0.5_f32, 0.25], &[-0.5, 1.0])?)?;
    /// interleaved.push_interleaved(&[0.5_f32, -0.5, 0.25, 1.0])?;
    /// assert_eq!(interleaved.measurement(), planar.measurement());
    /// assert_eq!(interleaved.clipped(), 1);
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn push_interleaved(&mut self, samples: &[S]) -> Result<(), Error> {
        let channels = self.stream.channel_count().max(1);
        let frames = samples.len() / channels;
        check_frames("interleaved buffer", samples.len(), frames * channels)?;
        self.check_room(frames as u64)?;
        let mut rest = samples;
        while !rest.is_empty() {
            let taken = self.filter.take_interleaved(rest);
            self.measure(&taken);
            rest = rest.get(taken.frames * channels..).unwrap_or_default();
        }
        Ok(())
    }

    /// Begins what the last pause or resume has asked for; each is a cut between two stretches.
    fn settle(&mut self) {
        if self.cut == self.running {
            self.true_peak.run_all_out(!self.cut);
        }
        self.cut = !self.running;
    }

    /// Measures what the filter has taken.
    fn measure(&mut self, taken: &Taken) {
        self.settle();
        if self.running {
            self.true_peak.push_cleaned(&self.filter.fresh(), taken.faults);
            self.measured_frames += taken.frames as u64;
            self.clipped += taken.clipped;
        } else {
            self.true_peak.push_standing_by(&self.filter.fresh(), taken.faults);
            self.spoiled = true;
        }
        if let Some(energy) = taken.energy {
            let index = self.filter.done().saturating_sub(1);
            self.recent.hear(index, energy);
            if !core::mem::take(&mut self.spoiled) {
                let (done, row) = (self.done, self.history.len());
                record_channels(
                    &mut self.channel_history,
                    row,
                    done,
                    self.filter.channel_energies(),
                );
                self.record(index, energy);
            }
        }
    }

    /// Whether so many frames more can be pushed; always while the meter stands by.
    ///
    /// # Errors
    /// [`Error::HistoryFull`] if they do not fit.
    pub fn check_room(&self, frames: u64) -> Result<(), Error> {
        let left_out = self.filter.done() - self.done + usize::from(self.spoiled);
        let full = sub_block_start(self.history.len() + left_out + 1, self.stream.rate_hz);
        if self.running && self.frames().saturating_add(frames) >= full {
            return Err(Error::HistoryFull { max_duration_s: self.setup.max_duration_s });
        }
        Ok(())
    }

    /// Takes over what others have found of sub-block `index` of the stream.
    pub(super) fn append(
        &mut self,
        index: usize,
        energy: f64,
        channels: impl Iterator<Item = f64>,
    ) {
        self.recent.hear(index, energy);
        record_channels(&mut self.channel_history, self.history.len(), self.done, channels);
        self.record(index, energy);
    }

    /// Goes on where a filter and a peak meter are that have followed this one's.
    pub(super) fn take_over(
        &mut self,
        filter: &SubBlockFilter<'_, S>,
        true_peak: &TruePeakMeter<'_, S>,
    ) {
        self.settle();
        self.measured_frames += filter.frames() - self.filter.frames();
        self.clipped += filter.clipped();
        self.filter.follow(filter);
        self.true_peak.absorb(true_peak);
    }

    /// Appends sub-block `index` of the stream to the programme, and holds the maxima of the windows
    /// that it completes.
    fn record(&mut self, index: usize, energy: f64) {
        if let Some(slot) = self.history.get_mut(self.done) {
            *slot = energy;
            self.done += 1;
        }
        let done = self.done;
        let blocks = self.sub_blocks();
        let frame = sub_block_start(index + 1, self.stream.rate_hz);
        let power = |len: usize| (done >= len).then(|| blocks.window_power(done - len, len));
        let (momentary, short_term) = (power(MOMENTARY_SUB_BLOCKS), power(SHORT_TERM_SUB_BLOCKS));
        if let Some(power) = momentary {
            self.momentary_max.hold(power, frame);
        }
        if let Some(power) = short_term {
            self.short_term_max.hold(power, frame);
        }
    }

    /// Stands by. What is pushed from here on moves M and S alone, and is no part of the programme;
    /// [`Meter::faults`] go on.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Source
    /// EBU Tech 3341 (2023), clause 2.6.
    ///
    /// # Example
    /// ```
    /// use mixcore::loudness::{Meter, MeterSetup};
    /// use mixcore::{Block, Layout, Stream, math};
    /// let tone = |gain: f64| -> Vec<f32> {
    ///     (0..48_000).map(|n| (gain * math::sin(math::PI * f64::from(n) / 24.0)) as f32).collect()
    /// };
    /// let mut meter = Meter::new(MeterSetup::default(), Stream::new(48_000.0, Layout::MONO)?)?;
    /// meter.push(Block::mono(&tone(0.1)))?;
    /// meter.pause();
    /// meter.push(Block::mono(&tone(0.8)))?;
    /// let (read, now) = (meter.measurement(), meter.momentary_lufs());
    /// assert!((now.value().unwrap() - read.momentary_max_lufs.value().unwrap() - 18.06).abs() < 0.1);
    /// assert_eq!((read.duration_s, meter.frames()), (1.0, 96_000));
    /// meter.resume();
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn pause(&mut self) {
        self.running = false;
    }

    /// Goes on measuring: the programme continues with the next whole sub-block.
    ///
    /// # Real time
    /// Does not allocate.
    pub fn resume(&mut self) {
        self.running = true;
    }

    /// Whether it measures (else it stands by).
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// As good as new, and running: I, LRA, the maxima and the peaks start anew together (EBU Tech
    /// 3341, clause 2.6).
    pub fn reset(&mut self) {
        self.filter.reset();
        self.true_peak.reset();
        self.momentary_max = Held::default();
        self.short_term_max = Held::default();
        self.done = 0;
        self.clipped = 0;
        self.recent = Recent::new();
        self.running = true;
        (self.spoiled, self.cut) = (false, false);
        self.measured_frames = 0;
    }

    /// What it was made for.
    #[must_use]
    pub fn setup(&self) -> MeterSetup {
        self.setup
    }

    /// The stream it measures.
    #[must_use]
    pub fn stream(&self) -> Stream {
        self.stream
    }

    /// Frames pushed so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.filter.frames()
    }

    /// Samples so far that were not finite or beyond 1e6 and were taken as 0.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.true_peak.faults()
    }

    /// Samples of all channels so far at or over full scale, ±1: what clips in a fixed-point file.
    #[must_use]
    pub fn clipped(&self) -> u64 {
        self.clipped
    }

    /// The whole sub-blocks of the programme so far.
    #[must_use]
    pub fn sub_blocks(&self) -> SubBlocks<'_> {
        let energies = self.history.get(..self.done).unwrap_or_default();
        SubBlocks::with_isa(energies, self.stream.rate_hz, self.stream.isa)
    }

    /// The whole sub-blocks of one channel so far, without its weight G: what it would read as a
    /// mono programme. LFE is measured like every other channel, though no programme counts it.
    ///
    /// Nothing without [`MeterSetup::every_channel`], or if there is no such channel.
    ///
    /// # Example
    /// ```
    /// use mixcore::loudness::{Meter, MeterSetup};
    /// use mixcore::{Block, Layout, Stream, math};
    /// let setup = MeterSetup { every_channel: true, ..MeterSetup::default() };
    /// let mut meter = Meter::new(setup, Stream::new(48_000.0, Layout::STEREO)?)?;
    /// let left: Vec<f64> = (0..48_000).map(|n| 0.1 * math::sin(0.13 * f64::from(n))).collect();
    /// let right: Vec<f64> = left.iter().map(|x| 0.5 * x).collect();
    /// meter.push(Block::stereo(&left, &right)?)?;
    /// let of = |channel| meter.channel_sub_blocks(channel).unwrap().integrated_lufs();
    /// let balance_lu = of(0).value().unwrap() - of(1).value().unwrap();
    /// assert!((balance_lu - 6.0206).abs() < 1e-4);
    /// assert!(meter.channel_sub_blocks(2).is_none());
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    #[must_use]
    pub fn channel_sub_blocks(&self, channel: usize) -> Option<SubBlocks<'_>> {
        let row = self.channel_history.chunks_exact(self.history.len().max(1)).nth(channel)?;
        let energies = row.get(..self.done)?;
        Some(SubBlocks::with_isa(energies, self.stream.rate_hz, self.stream.isa))
    }

    /// The peaks of every channel.
    #[must_use]
    pub fn true_peak(&self) -> &TruePeakMeter<'a, S> {
        &self.true_peak
    }

    /// Largest true peak of all channels since the last call; see
    /// [`TruePeakMeter::take_interval_peak`].
    ///
    /// # Real time
    /// Does not allocate.
    pub fn take_interval_peak(&mut self) -> f64 {
        self.true_peak.take_interval_peak()
    }

    /// Loudness of the last 0.4 s, LUFS, at the last whole sub-block, measured or not.
    #[must_use]
    pub fn momentary_lufs(&self) -> Reading {
        let Stream { rate_hz, isa, .. } = self.stream;
        self.recent.lufs(self.filter.done(), MOMENTARY_SUB_BLOCKS, rate_hz, isa)
    }

    /// Loudness of the last 3 s, LUFS, at the last whole sub-block, measured or not.
    #[must_use]
    pub fn short_term_lufs(&self) -> Reading {
        let Stream { rate_hz, isa, .. } = self.stream;
        self.recent.lufs(self.filter.done(), SHORT_TERM_SUB_BLOCKS, rate_hz, isa)
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
        let duration_s = self.measured_frames as f64 / self.stream.rate_hz;
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
            clipped: self.clipped,
        }
    }
}

/// Writes what every channel has in that sub-block of the history; `len` is the length of a row.
fn record_channels(
    rows: &mut [f64],
    len: usize,
    sub_block: usize,
    energies: impl Iterator<Item = f64>,
) {
    for (row, energy) in rows.chunks_exact_mut(len.max(1)).zip(energies) {
        if let Some(slot) = row.get_mut(sub_block) {
            *slot = energy;
        }
    }
}
