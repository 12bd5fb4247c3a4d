//! True peak: the largest magnitude of the waveform that the samples stand for.
//!
//! A reconstruction filter (a converter, a resampler, a lossy codec) swings between the samples;
//! what is limited at the samples can clip there. The meter computes points in between with FIR
//! phases and keeps the largest magnitude of these and of the samples, so it never reads below the
//! sample peak.
//!
//! How the points are found is [`TruePeakMethod`], in `interpolator.rs` with its error table.
//!
//! Sources: ITU-R BS.1770-5, Annex 2 (table, 12.04 dB only for integers, at least 192 kHz; any
//! method of similar or superior results, recommends 5). EBU Tech 3341, cases 15 to 23.
//! Latency: none for the caller; the last frames count in [`TruePeakMeter::measurement`], which
//! runs zeros through a copy.
//! Cost: see [`crate::kernels::pair_peaks`]. A piece of 64 frames whose largest sample times the
//! filters' gain bound cannot exceed the peak so far (and that of the interval) is not computed; no
//! bit changes.
//! Limits: a point grid reads a tone low by up to 20 log10 cos(π f/(n fs)) for n points a frame.

use super::excursions::{ChannelLog, ExcursionLog, JointExcursions, PeakExcursion, TailOvers};
use super::interpolator::{Interpolator, MAX_SPAN, TruePeakMethod};
use super::peak_scan::{Scan, Track};
use crate::audio::{Block, PerChannel, Sample, Store, move_to_front};
use crate::error::Error;
use crate::kernels::{self, Isa, PAIR_MIDS, PEAK_PIECE as PIECE};
use crate::stream::Stream;
use crate::units::{Reading, gain_to_db};

/// Frames of a channel that are in hand at a time: with the points between them they fit into the
/// nearest cache.
const CHUNK: usize = 512;
// Frames that are computed or skipped together hold the longest context: a piece and the one before
// it are everything that its outputs look at.
const _: () = assert!(MAX_SPAN <= PIECE && CHUNK.is_multiple_of(PIECE));

/// Samples that a chunk is worked out in: its frames, the points half-way, and its outputs.
const WORK: usize = CHUNK + (CHUNK + PAIR_MIDS - 1) + CHUNK;

/// Peak readings of a channel or of all channels.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct PeakReadings {
    /// Largest magnitude between and at the samples, dBTP.
    pub true_peak_dbtp: Reading,
    /// The frame at or before that point.
    pub true_peak_frame: u64,
    /// The channel that reached it first in channel order.
    pub true_peak_channel: usize,
    /// Largest magnitude of the samples, dBFS.
    pub sample_peak_dbfs: Reading,
    /// The first frame that reached it.
    pub sample_peak_frame: u64,
    /// The channel that reached it first in channel order.
    pub sample_peak_channel: usize,
}

/// A true-peak and sample-peak meter for every channel of a stream, LFE included.
///
/// # Example
/// ```
/// use mixcore::audio::Block;
/// use mixcore::loudness::{TruePeakMeter, TruePeakMethod};
/// use mixcore::{Layout, Stream, math};
///
/// // A quarter of the rate, sampled at 45 degrees: no sample meets the crest (EBU case 19).
/// let tone: Vec<f32> = (0..4800)
///     .map(|n| 1.41 * math::sin(math::PI * (0.5 * f64::from(n) + 0.25)) as f32)
///     .collect();
/// let mut meter = TruePeakMeter::new(TruePeakMethod::Fine, Stream::new(48_000.0, Layout::MONO)?)?;
/// meter.push(Block::mono(&tone[480..4320]))?;
/// let peaks = meter.measurement();
/// assert!((peaks.sample_peak_dbfs.value().unwrap() + 0.03).abs() < 0.01);
/// assert!((peaks.true_peak_dbtp.value().unwrap() - 3.0).abs() < 0.2);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct TruePeakMeter<'a, S> {
    isa: Isa,
    rate_hz: f64,
    interpolator: Interpolator<S>,
    /// The context of every channel, then what a chunk is worked out in.
    memory: Store<'a, S>,
    tracks: PerChannel<Track>,
    log: Option<ExcursionLog<'a>>,
    /// Largest magnitude of all channels since [`TruePeakMeter::take_interval_peak`].
    interval_peak: f64,
    frames: u64,
    /// First frame of this stretch: silence is taken to lie before it.
    begin: u64,
    /// Any frame was measured.
    measured: bool,
    /// What is in the lines is part of the programme.
    holds: bool,
    faults: u64,
}

impl<S: Sample> TruePeakMeter<'static, S> {
    /// A meter with memory of its own.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz.
    #[cfg(feature = "alloc")]
    pub fn new(method: TruePeakMethod, stream: Stream) -> Result<Self, Error> {
        let store = Store::owned(Self::required_len(method, &stream), S::zero());
        Self::with_store(method, stream, store)
    }
}

impl<'a, S: Sample> TruePeakMeter<'a, S> {
    /// Samples that [`TruePeakMeter::new_in`] needs.
    #[must_use]
    pub fn required_len(method: TruePeakMethod, stream: &Stream) -> usize {
        let before = Interpolator::<S>::design(method, stream.rate_hz).span() - 1;
        stream.channel_count() * before + before + WORK
    }

    /// A meter in lent memory of at least [`TruePeakMeter::required_len`].
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, or too little memory.
    pub fn new_in(
        method: TruePeakMethod,
        stream: Stream,
        memory: &'a mut [S],
    ) -> Result<Self, Error> {
        let required = Self::required_len(method, &stream);
        let store = Store::lent("true-peak", memory, required, S::zero())?;
        Self::with_store(method, stream, store)
    }

    fn with_store(
        method: TruePeakMethod,
        stream: Stream,
        memory: Store<'a, S>,
    ) -> Result<Self, Error> {
        stream.validate()?;
        Ok(Self {
            isa: stream.isa,
            rate_hz: stream.rate_hz,
            interpolator: Interpolator::design(method, stream.rate_hz),
            memory,
            tracks: PerChannel::new(stream.channel_count())?,
            log: None,
            interval_peak: 0.0,
            frames: 0,
            begin: 0,
            measured: false,
            holds: true,
            faults: 0,
        })
    }

    /// Gives it a log: from here on the places over its limit are kept, see
    /// [`TruePeakMeter::excursions`].
    ///
    /// # Errors
    /// A log for another number of channels.
    pub fn with_log(mut self, log: ExcursionLog<'a>) -> Result<Self, Error> {
        self.set_log(log)?;
        Ok(self)
    }

    /// [`TruePeakMeter::with_log`] for a meter that is a part of another one.
    pub(super) fn set_log(&mut self, log: ExcursionLog<'a>) -> Result<(), Error> {
        let (given, expected) = (log.channel_count(), self.tracks.len());
        if given != expected {
            return Err(Error::ChannelCount { what: "excursion log", given, expected });
        }
        self.log = Some(log);
        Ok(())
    }

    /// Measures one block of any length.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// Another number of channels than the stream's; nothing is measured then.
    pub fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        block.check_channels("block", self.tracks.len())?;
        self.measured |= block.frames() > 0;
        self.push_rows(&block, 0, true);
        Ok(())
    }

    /// Measures rows that somebody else has cleaned, who found `faults`; as many rows as channels.
    pub(super) fn push_cleaned(&mut self, rows: &Block<'_, S>, faults: u64) {
        self.measured |= rows.frames() > 0;
        self.push_cleaned_rows(rows, faults, true);
    }

    /// [`TruePeakMeter::push_cleaned`] of what is no part of the programme: only the interval hears it.
    pub(super) fn push_standing_by(&mut self, rows: &Block<'_, S>, faults: u64) {
        self.push_cleaned_rows(rows, faults, false);
    }

    /// Rows that are clean need no line where no point between their samples is asked for.
    fn push_cleaned_rows(&mut self, rows: &Block<'_, S>, faults: u64, holds: bool) {
        if !self.interpolator.is_off() || self.log.is_some() {
            return self.push_rows(rows, faults, holds);
        }
        for (track, row) in self.tracks.iter_mut().zip(rows.channels()) {
            let peak = kernels::peak(self.isa, row);
            let mut standing_by = track.standing_by();
            let reached = if holds { track } else { &mut standing_by };
            let peak = reached.hold_peak(row, peak, self.frames);
            self.interval_peak = self.interval_peak.max(peak);
        }
        self.faults += faults;
        self.holds = holds;
        self.frames += rows.frames() as u64;
    }

    fn push_rows(&mut self, rows: &Block<'_, S>, faults: u64, holds: bool) {
        self.faults += faults;
        self.holds = holds;
        for at in (0..rows.frames()).step_by(CHUNK) {
            self.push_chunk(rows, at, CHUNK.min(rows.frames() - at), holds);
        }
    }

    /// Lets rows pass without measuring them: only the context of what follows rolls on.
    pub(super) fn pass_by(&mut self, rows: &Block<'_, S>) {
        let before = self.interpolator.span() - 1;
        let rolled = rows.frames().min(before);
        let contexts = self.memory.chunks_exact_mut(before.max(1));
        for ((context, track), row) in contexts.zip(self.tracks.iter_mut()).zip(rows.channels()) {
            move_to_front(context, rolled);
            let fresh = row.get(rows.frames() - rolled..).unwrap_or_default();
            for (to, from) in context.iter_mut().skip(before - rolled).zip(fresh) {
                *to = *from;
            }
            track.recent = kernels::peak(self.isa, context).as_f64();
        }
        self.frames += rows.frames() as u64;
    }

    /// Lets the lines run out into silence: what follows is a stretch of its own. `holds` says whether
    /// what ends here is part of the programme.
    pub(super) fn run_all_out(&mut self, holds: bool) {
        let (mut log, mut interval_peak) = (self.log.take(), self.interval_peak);
        for channel in 0..self.tracks.len() {
            let mut track = self.tracks.get(channel).copied().unwrap_or_default();
            let mut standing_by = track.standing_by();
            let reached = if holds { &mut track } else { &mut standing_by };
            let mut log = log.as_mut().filter(|_| holds).and_then(|log| log.channel(channel));
            self.run_out(channel, reached, &mut interval_peak, log.as_mut());
            if let Some(reached) = self.tracks.get_mut(channel) {
                *reached = track;
            }
        }
        (self.log, self.interval_peak) = (log, interval_peak);
        self.silence();
    }

    /// A stretch begins here: silence lies before it.
    fn silence(&mut self) {
        let contexts = self.tracks.len() * (self.interpolator.span() - 1);
        self.memory.iter_mut().take(contexts).for_each(|x| *x = S::zero());
        for track in self.tracks.iter_mut() {
            track.recent = 0.0;
        }
        self.begin = self.frames;
        self.holds = true;
    }

    /// Forgets what was reached; the counter and the interval go on. A running meter begins a stretch.
    pub(super) fn restart(&mut self, running: bool) {
        if running {
            self.run_all_out(false);
        }
        for track in self.tracks.iter_mut() {
            *track = Track { recent: track.recent, ..Track::default() };
        }
        if let Some(log) = &mut self.log {
            log.reset();
        }
        self.measured = false;
        self.faults = 0;
    }

    /// Goes on at `frame` after the last samples of another meter of the same method and stream;
    /// nothing is reached or counted yet.
    pub(super) fn follow(&mut self, other: &TruePeakMeter<'_, S>, frame: u64) {
        self.copy_context(other);
        for track in self.tracks.iter_mut() {
            *track = Track { recent: track.recent, ..Track::default() };
        }
        self.interval_peak = 0.0;
        self.faults = 0;
        self.frames = frame;
        (self.begin, self.measured) = (other.begin, false);
        if !other.holds {
            // What the other one has heard last is no part of the programme.
            self.silence();
        }
    }

    /// Takes over what a meter has reached that has followed this one.
    pub(super) fn absorb(&mut self, later: &TruePeakMeter<'_, S>) {
        self.copy_context(later);
        for (track, later) in self.tracks.iter_mut().zip(later.tracks.iter()) {
            if later.peak > track.peak {
                (track.peak, track.frame) = (later.peak, later.frame);
            }
            if later.sample_peak > track.sample_peak {
                (track.sample_peak, track.sample_frame) = (later.sample_peak, later.sample_frame);
            }
        }
        self.interval_peak = self.interval_peak.max(later.interval_peak);
        self.faults += later.faults;
        self.frames = later.frames;
        self.begin = later.begin;
        self.measured |= later.measured;
        self.holds = later.holds;
    }

    fn copy_context(&mut self, other: &TruePeakMeter<'_, S>) {
        let contexts = self.tracks.len() * (self.interpolator.span() - 1);
        for (to, from) in self.memory.iter_mut().zip(other.memory.iter()).take(contexts) {
            *to = *from;
        }
        for (track, other) in self.tracks.iter_mut().zip(other.tracks.iter()) {
            track.recent = other.recent;
        }
    }

    /// The frames from `at` on, at most [`CHUNK`].
    fn push_chunk(&mut self, rows: &Block<'_, S>, at: usize, take: usize, holds: bool) {
        let before = self.interpolator.span() - 1;
        let contexts = self.tracks.len() * before;
        let (contexts, work) = self.memory.split_at_mut_checked(contexts).unwrap_or_default();
        // In this order no store falls a page before a load that follows it, which would hold it up.
        let (out, work) = work.split_at_mut_checked(CHUNK).unwrap_or_default();
        let (mids, line) = work.split_at_mut_checked(CHUNK + PAIR_MIDS - 1).unwrap_or_default();
        let line = line.get_mut(..before + take).unwrap_or_default();
        let (isa, interpolator, begin) = (self.isa, &self.interpolator, self.begin);
        let mut scan = Scan { isa, interpolator, begin, mids, out };
        for (channel, (track, input)) in self.tracks.iter_mut().zip(rows.channels()).enumerate() {
            let input = input.get(at..at + take).unwrap_or_default();
            let context = contexts.get_mut(channel * before..(channel + 1) * before);
            let context = context.unwrap_or_default();
            copy(line, context);
            let mut pieces = [S::zero(); CHUNK / PIECE];
            let pieces = pieces.get_mut(..take.div_ceil(PIECE)).unwrap_or_default();
            let fresh = line.get_mut(before..).unwrap_or_default();
            self.faults += kernels::clean_peaks(self.isa, input, fresh, pieces) as u64;
            let mut standing_by = track.standing_by();
            let reached = if holds { &mut *track } else { &mut standing_by };
            let peak = reached.hold_samples(fresh, pieces, self.frames);
            self.interval_peak = self.interval_peak.max(peak);
            let log = self.log.as_mut().filter(|_| holds);
            let mut log = log.and_then(|log| log.channel(channel));
            let log = log.as_mut();
            scan.run(line, pieces, self.frames, reached, &mut self.interval_peak, log);
            copy(context, line.get(take..).unwrap_or_default());
            track.recent = if take >= PIECE {
                let kept = (take - before) / PIECE;
                let newest = pieces.get(kept..).unwrap_or_default();
                newest.iter().fold(0.0, |peak: f64, &piece| peak.max(piece.as_f64()))
            } else {
                kernels::peak(self.isa, context).as_f64()
            };
        }
        self.frames += take as u64;
    }

    /// Starts anew; the memory is kept.
    pub fn reset(&mut self) {
        let contexts = self.tracks.len() * (self.interpolator.span() - 1);
        self.memory.get_mut(..contexts).unwrap_or_default().fill(S::zero());
        self.tracks.fill(Track::default());
        if let Some(log) = &mut self.log {
            log.reset();
        }
        self.interval_peak = 0.0;
        self.frames = 0;
        (self.begin, self.measured) = (0, false);
        self.faults = 0;
    }

    /// Frames measured so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Samples so far that were not finite or beyond 1e6 and were taken as 0.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults
    }

    /// Largest true peak of all channels since the last call, linear, and starts the next interval.
    ///
    /// For histories: a peak in the last few frames (at most 19) falls into the next interval. The
    /// readings of the whole are kept.
    ///
    /// # Real time
    /// Does not allocate.
    pub fn take_interval_peak(&mut self) -> f64 {
        core::mem::take(&mut self.interval_peak)
    }

    /// Readings over all channels, the last frames included (silence is taken to follow).
    #[must_use]
    pub fn measurement(&self) -> PeakReadings {
        let mut best = (self.finished(0), 0, 0);
        for channel in 1..self.tracks.len() {
            let track = self.finished(channel);
            if track.peak > best.0.peak {
                (best.0.peak, best.0.frame, best.1) = (track.peak, track.frame, channel);
            }
            if track.sample_peak > best.0.sample_peak {
                best.0.sample_peak = track.sample_peak;
                best.0.sample_frame = track.sample_frame;
                best.2 = channel;
            }
        }
        self.readings(&best.0, best.1, best.2)
    }

    /// Readings of one channel, the last frames included.
    ///
    /// # Panics
    /// If `channel` is not below the stream's channel count.
    #[must_use]
    pub fn channel_measurement(&self, channel: usize) -> PeakReadings {
        assert!(channel < self.tracks.len(), "channel {channel} of {}", self.tracks.len());
        self.channel_peaks(channel)
    }

    /// The same; of a channel that is not there, silence.
    pub(super) fn channel_peaks(&self, channel: usize) -> PeakReadings {
        self.readings(&self.finished(channel), channel, channel)
    }

    /// The log it was given.
    #[must_use]
    pub fn log(&self) -> Option<&ExcursionLog<'a>> {
        self.log.as_ref()
    }

    /// The places of one channel over the log's limit, in order, the last frames included.
    ///
    /// Empty without a log. [`TruePeakMeter::missed_excursions`] says whether it is complete.
    pub fn excursions(&self, channel: usize) -> impl Iterator<Item = PeakExcursion> + '_ {
        let kept = self.log.as_ref().map_or_else(Default::default, |log| log.kept(channel));
        let tail = self.tail(channel);
        let last = (0..).map_while(move |n| tail.list().get(n).copied());
        kept.iter().copied().chain(last)
    }

    /// Places of a channel that its list had no room for.
    #[must_use]
    pub fn missed_excursions(&self, channel: usize) -> u64 {
        self.tail(channel).missed
    }

    /// The places where any channel is over the log's limit: what lies as close as the log's gap is
    /// one place, with the highest peak of all channels in it.
    ///
    /// Complete as far as no channel missed one.
    ///
    /// # Errors
    /// Without `alloc`: more than 24 channels.
    pub fn joint_excursions(&self) -> Result<JointExcursions<'_>, Error> {
        JointExcursions::new(self.log.as_ref(), |channel| self.tail(channel))
    }

    /// What a channel's list gets if its line runs out into silence now.
    fn tail(&self, channel: usize) -> TailOvers {
        let Some(log) = &self.log else { return TailOvers::default() };
        let mut track = self.tracks.get(channel).copied().unwrap_or_default();
        log.tail(channel, |log| {
            if self.holds {
                self.run_out(channel, &mut track, &mut { f64::INFINITY }, Some(log));
            }
        })
    }

    fn readings(&self, track: &Track, channel: usize, sample_channel: usize) -> PeakReadings {
        let reading = |peak: f64| {
            if !self.measured {
                Reading::TooShort { have_s: 0.0, need_s: 1.0 / self.rate_hz }
            } else {
                Reading::from_level(gain_to_db(peak))
            }
        };
        let off = self.interpolator.is_off();
        PeakReadings {
            true_peak_dbtp: if off { Reading::NotApplicable } else { reading(track.peak) },
            true_peak_frame: track.frame,
            true_peak_channel: channel,
            sample_peak_dbfs: reading(track.sample_peak),
            sample_peak_frame: track.sample_frame,
            sample_peak_channel: sample_channel,
        }
    }

    /// The track of a channel after its line has run out into silence.
    fn finished(&self, channel: usize) -> Track {
        let mut track = self.tracks.get(channel).copied().unwrap_or_default();
        if !self.holds {
            return track;
        }
        // The interval does not matter here: at infinity the track alone decides what is computed.
        self.run_out(channel, &mut track, &mut { f64::INFINITY }, None);
        track
    }

    /// Runs zeros through the line of a channel.
    fn run_out(
        &self,
        channel: usize,
        track: &mut Track,
        interval_peak: &mut f64,
        log: Option<&mut ChannelLog<'_>>,
    ) {
        let before = self.interpolator.span() - 1;
        let after = self.interpolator.context().1;
        if after == 0 {
            return;
        }
        let mut line = [S::zero(); 2 * MAX_SPAN];
        let context = self.memory.get(channel * before..(channel + 1) * before);
        for (to, from) in line.iter_mut().zip(context.unwrap_or_default()) {
            *to = *from;
        }
        let (mut mids, mut out) = ([S::zero(); MAX_SPAN], [S::zero(); MAX_SPAN]);
        let (interpolator, begin) = (&self.interpolator, self.begin);
        let (mids, out) = (&mut mids[..], &mut out[..]);
        let mut scan = Scan { isa: self.isa, interpolator, begin, mids, out };
        let line = line.get(..before + after).unwrap_or_default();
        scan.run(line, &[S::zero()], self.frames, track, interval_peak, log);
    }
}

/// Copies as far as both reach.
fn copy<S: Sample>(to: &mut [S], from: &[S]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}
