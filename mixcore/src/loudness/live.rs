//! The live meter: every loudness and peak reading of a programme that never ends, at any moment.
//!
//! A meter on a desk, a server or a transmitter runs for days. [`super::Meter`] keeps every 10 ms of
//! them; this one keeps what the readings need: the last 3 s, two histograms, the maxima. Its memory is
//! fixed when it is made, and no reading costs more after a day than after a minute.
//!
//! M, S, their maxima and the peaks have the bits of [`super::Meter`]. I and LRA are read from bins of
//! 0.01, 0.05 or 0.1 LU; how far they can be off is derived and measured in `histogram.rs` and told by
//! [`LiveLoudness::integrated_bounds_lufs`].
//!
//! # Pause, restart, reset
//! While it stands by ([`LiveMeter::pause`]) M and S go on; I, LRA, the maxima and the peaks stand
//! still. The calls act from the frame at which they are made: a sub-block (10 ms) counts if it lies
//! wholly in a stretch that is measured, and peaks are those of the stretches, each with silence around.
//! The K-weighting runs on through a pause, and windows reach over the splice, as in [`super::Meter`].
//! [`LiveMeter::restart`] is the button of an operator: the measurement begins anew while M and S go
//! on. [`LiveMeter::reset`] is as good as new, the filters at rest.
//!
//! Sources: ITU-R BS.1770-5; EBU Tech 3341 (2023), clause 2.6, and 3342.
//! Cost: per block that of [`super::Meter`], of which it has the parts; per reading see
//! [`LiveLoudness`].
//! Latency: readings follow the last whole sub-block; peaks follow the last sample.

use super::excursions::ExcursionLog;
use super::gating::sub_block_start;
use super::histogram::BinWidth;
use super::interpolator::TruePeakMethod;
use super::live_loudness::LiveLoudness;
use super::meter_setup::MeterStorage;
use super::readings::LoudnessReadings;
use super::sub_block_filter::{SubBlockFilter, Taken};
use super::true_peak::{PeakReadings, TruePeakMeter};
use crate::audio::{Block, Sample, Store, check_frames};
use crate::error::Error;
use crate::stream::Stream;
use crate::units::Reading;

/// What a live meter is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveMeterSetup {
    /// How true peaks are found.
    pub true_peak: TruePeakMethod,
    /// A mono programme is heard from two loudspeakers: it reads 3.01 LU more.
    ///
    /// Layouts other than mono do not change.
    pub dual_mono: bool,
    /// Width of the bins for I and LRA.
    pub bins: BinWidth,
}

/// A loudness and true-peak meter for one stream of any length.
///
/// # Example
/// ```
/// use mixcore::audio::Block;
/// use mixcore::loudness::{LiveMeter, LiveMeterSetup};
/// use mixcore::{Layout, Stream, math};
///
/// let tone: Vec<f32> = (0..48_000)
///     .map(|n| (0.0708 * math::sin(math::PI * f64::from(n) / 24.0)) as f32)
///     .collect();
/// let stream = Stream::new(48_000.0, Layout::STEREO)?;
/// let mut meter = LiveMeter::new(LiveMeterSetup::default(), stream)?;
/// for _ in 0..60 {
///     meter.push(Block::stereo(&tone, &tone)?)?;
/// }
/// let readings = meter.measurement();
/// assert!((readings.integrated_lufs.value().unwrap() + 23.0).abs() < 0.1);
/// assert!((meter.momentary_lufs().value().unwrap() + 23.0).abs() < 0.1);
/// meter.pause();
/// meter.push(Block::stereo(&[0.9; 48_000], &[0.9; 48_000])?)?;
/// assert_eq!(meter.measurement(), readings);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct LiveMeter<'a, S> {
    setup: LiveMeterSetup,
    stream: Stream,
    filter: SubBlockFilter<'a, S>,
    loudness: LiveLoudness<'a>,
    true_peak: TruePeakMeter<'a, S>,
    /// It measures from the next frame on.
    running: bool,
    measured_frames: u64,
    clipped: u64,
}

impl<S: Sample> LiveMeter<'static, S> {
    /// A meter with memory of its own.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz.
    #[cfg(feature = "alloc")]
    pub fn new(setup: LiveMeterSetup, stream: Stream) -> Result<Self, Error> {
        stream.validate()?;
        let (pending, table) = SubBlockFilter::<S>::required_len(&stream);
        Self::with_parts(
            setup,
            stream,
            Store::owned(pending, S::zero()),
            Store::owned(table, 0.0),
            LiveLoudness::new(setup.bins, stream.rate_hz)?,
            TruePeakMeter::new(setup.true_peak, stream)?,
        )
    }
}

impl<'a, S: Sample> LiveMeter<'a, S> {
    /// Memory that [`LiveMeter::new_in`] needs, whatever the programme's length: that of
    /// [`LiveLoudness::required_len`], 10 ms of samples, the filter's table and the true-peak lines.
    /// In kB, at 48 kHz and f32:
    ///
    /// | bins of | 0.01 LU | 0.05 LU | 0.1 LU |
    /// |---|---:|---:|---:|
    /// | stereo | 309 | 79 | 50 |
    /// | 5.1 | 318 | 87 | 59 |
    /// | 7.1 | 322 | 92 | 63 |
    ///
    /// The meter itself, without allocator, is one value of some kB.
    #[must_use]
    pub fn required_len(setup: &LiveMeterSetup, stream: &Stream) -> MeterStorage {
        let (pending, table) = SubBlockFilter::<S>::required_len(stream);
        MeterStorage {
            samples: pending + TruePeakMeter::<S>::required_len(setup.true_peak, stream),
            history: table + LiveLoudness::required_len(setup.bins),
        }
    }

    /// A meter in lent memory of at least [`LiveMeter::required_len`].
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, or too little memory.
    pub fn new_in(
        setup: LiveMeterSetup,
        stream: Stream,
        samples: &'a mut [S],
        history: &'a mut [f64],
    ) -> Result<Self, Error> {
        stream.validate()?;
        let need = Self::required_len(&setup, &stream);
        for (what, given, required) in [
            ("live meter sample", samples.len(), need.samples),
            ("live meter history", history.len(), need.history),
        ] {
            if given < required {
                return Err(Error::Storage { what, given, required });
            }
        }
        let (pending_len, table_len) = SubBlockFilter::<S>::required_len(&stream);
        let (pending, lines) = samples.split_at_mut(pending_len);
        let (table, history) = history.split_at_mut(table_len);
        Self::with_parts(
            setup,
            stream,
            Store::lent("live meter sample", pending, pending_len, S::zero())?,
            Store::lent("live meter history", table, table_len, 0.0)?,
            LiveLoudness::new_in(setup.bins, stream.rate_hz, history)?,
            TruePeakMeter::new_in(setup.true_peak, stream, lines)?,
        )
    }

    fn with_parts(
        setup: LiveMeterSetup,
        stream: Stream,
        pending: Store<'a, S>,
        table: Store<'a, f64>,
        loudness: LiveLoudness<'a>,
        true_peak: TruePeakMeter<'a, S>,
    ) -> Result<Self, Error> {
        Ok(Self {
            setup,
            stream,
            filter: SubBlockFilter::new(stream, setup.dual_mono, false, pending, table)?,
            loudness: loudness.on(stream.isa),
            true_peak,
            running: true,
            measured_frames: 0,
            clipped: 0,
        })
    }

    /// Gives it a log of the places where true peaks exceed a limit, see
    /// [`TruePeakMeter::with_log`]; it is read at [`LiveMeter::true_peak`].
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
    /// Another number of channels than the stream's; nothing of the block is recorded then.
    pub fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        block.check_channels("block", self.stream.channel_count())?;
        if block.frames() > 0 {
            self.settle();
        }
        let mut at = 0;
        while at < block.frames() {
            let taken = self.filter.take(&block, at);
            self.measure(&taken);
            at += taken.frames;
        }
        Ok(())
    }

    /// Measures one block of interleaved samples: frame after frame, one sample for each channel. The
    /// bits are those of [`LiveMeter::push`].
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// A length that is no multiple of the channels; nothing of the block is recorded then.
    pub fn push_interleaved(&mut self, samples: &[S]) -> Result<(), Error> {
        let channels = self.stream.channel_count().max(1);
        check_frames("interleaved buffer", samples.len(), samples.len() / channels * channels)?;
        if !samples.is_empty() {
            self.settle();
        }
        let mut rest = samples;
        while !rest.is_empty() {
            let taken = self.filter.take_interleaved(rest);
            self.measure(&taken);
            rest = rest.get(taken.frames * channels..).unwrap_or_default();
        }
        Ok(())
    }

    /// Measures what the filter has taken.
    fn measure(&mut self, taken: &Taken) {
        if self.running {
            self.true_peak.push_cleaned(&self.filter.fresh(), taken.faults);
            self.clipped += taken.clipped;
            self.measured_frames += taken.frames as u64;
        } else {
            self.true_peak.push_standing_by(&self.filter.fresh(), taken.faults);
        }
        if let Some(energy) = taken.energy {
            self.loudness.push(energy);
        }
    }

    /// First sub-block that begins at this frame or later: the filter gives a sub-block as soon as its
    /// last frame is there, so it is the next one or the one after.
    fn next_sub_block(&self) -> usize {
        let done = self.loudness.sub_blocks();
        let begun = sub_block_start(done, self.stream.rate_hz) < self.frames();
        done + usize::from(begun)
    }

    /// Does what the last pause or resume has asked for: they act on frames, so without one between
    /// them they are nothing.
    fn settle(&mut self) {
        match (self.running, self.loudness.is_running()) {
            (false, true) => {
                self.loudness.pause();
                self.true_peak.run_all_out(true);
            }
            (true, false) => {
                self.loudness.resume_at(self.next_sub_block());
                self.true_peak.run_all_out(false);
            }
            _ => {}
        }
    }

    /// Stands by from the next frame on: M and S go on, everything else stands still.
    ///
    /// # Real time
    /// Does not allocate; the next push runs the true-peak filters out once.
    pub fn pause(&mut self) {
        self.running = false;
    }

    /// Measures on from the next frame; nothing happens while it does.
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

    /// Starts the measurement anew from this frame, running or standing by: I, LRA, the maxima, the
    /// peaks and the faults together (EBU Tech 3341, clause 2.6). M, S and the frame counter go on.
    ///
    /// # Real time
    /// Does not allocate; sets the bins to zero (up to 288 kB).
    pub fn restart(&mut self) {
        self.settle();
        self.loudness.restart_at(self.next_sub_block());
        self.true_peak.restart(self.running);
        self.measured_frames = 0;
        self.clipped = 0;
    }

    /// As good as new, and running: the filters at rest, the frame counter at 0.
    ///
    /// # Real time
    /// Does not allocate; sets the bins to zero (up to 288 kB).
    pub fn reset(&mut self) {
        self.running = true;
        self.filter.reset();
        self.loudness.reset();
        self.true_peak.reset();
        self.measured_frames = 0;
        self.clipped = 0;
    }

    /// Adds the windows of another meter to I and LRA; see [`LiveLoudness::merge_from`].
    ///
    /// # Real time
    /// Does not allocate; one pass over the bins.
    ///
    /// # Errors
    /// Another bin width; nothing is added then.
    pub fn merge_from<T: Sample>(&mut self, other: &LiveMeter<'_, T>) -> Result<(), Error> {
        self.loudness.merge_from(&other.loudness)
    }

    /// What it was made for.
    #[must_use]
    pub fn setup(&self) -> LiveMeterSetup {
        self.setup
    }

    /// The stream it measures.
    #[must_use]
    pub fn stream(&self) -> Stream {
        self.stream
    }

    /// Frames pushed since the reset, those of pauses too.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.filter.frames()
    }

    /// Samples since the start of the measurement that were not finite or beyond 1e6 and were taken as
    /// 0, those of pauses too.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.true_peak.faults()
    }

    /// The loudness behind the readings, with gate, count and bounds.
    #[must_use]
    pub fn loudness(&self) -> &LiveLoudness<'a> {
        &self.loudness
    }

    /// Loudness of the last 0.4 s, LUFS, at the last whole sub-block.
    #[must_use]
    pub fn momentary_lufs(&self) -> Reading {
        self.loudness.momentary_lufs()
    }

    /// Loudness of the last 3 s, LUFS, at the last whole sub-block.
    #[must_use]
    pub fn short_term_lufs(&self) -> Reading {
        self.loudness.short_term_lufs()
    }

    /// Integrated loudness so far, LUFS.
    #[must_use]
    pub fn integrated_lufs(&self) -> Reading {
        self.loudness.integrated_lufs()
    }

    /// The peaks of every channel, and their log.
    #[must_use]
    pub fn true_peak(&self) -> &TruePeakMeter<'a, S> {
        &self.true_peak
    }

    /// Peaks over all channels so far.
    #[must_use]
    pub fn peaks(&self) -> PeakReadings {
        self.true_peak.measurement()
    }

    /// Peaks of one channel so far.
    ///
    /// # Panics
    /// If `channel` is not below the stream's channel count.
    #[must_use]
    pub fn channel_peaks(&self, channel: usize) -> PeakReadings {
        self.true_peak.channel_measurement(channel)
    }

    /// Largest true peak of all channels since the last call, pauses included; see
    /// [`TruePeakMeter::take_interval_peak`].
    ///
    /// # Real time
    /// Does not allocate.
    pub fn take_interval_peak(&mut self) -> f64 {
        self.true_peak.take_interval_peak()
    }

    /// All readings so far, the tail of the true-peak filter included; `duration_s` is that of what
    /// was measured. The meter itself does not change.
    #[must_use]
    pub fn measurement(&self) -> LoudnessReadings {
        let loudness = &self.loudness;
        let range = loudness.loudness_range();
        let peaks = self.peaks();
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        let duration_s = self.measured_frames as f64 / self.stream.rate_hz;
        LoudnessReadings {
            integrated_lufs: loudness.integrated_lufs(),
            momentary_max_lufs: loudness.momentary_max_lufs(),
            momentary_max_frame: loudness.momentary_max_frame(),
            short_term_max_lufs: loudness.short_term_max_lufs(),
            short_term_max_frame: loudness.short_term_max_frame(),
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
