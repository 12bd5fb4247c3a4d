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
//! Cost: see [`crate::kernels::quarter_peaks`]. A piece whose largest sample times the filters' gain
//! bound cannot exceed the peak so far (and that of the interval) is not computed; no bit changes.
//! Limits: a point grid reads a tone low by up to 20 log10 cos(π f/(n fs)) for n points a frame.

use super::interpolator::{Interpolator, MAX_SPAN, PIECE, TruePeakMethod};
use crate::audio::{Block, PerChannel, Sample, Store, move_to_front};
use crate::error::Error;
use crate::kernels::{self, Isa};
use crate::stream::Stream;
use crate::units::{Reading, gain_to_db};

/// Frames that a channel's line takes at a time.
const CHUNK: usize = 256;

/// What one channel has reached, linear, with the first frame that did.
#[derive(Clone, Copy, Debug, Default)]
struct Track {
    peak: f64,
    frame: u64,
    sample_peak: f64,
    sample_frame: u64,
}

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
    lines: Store<'a, S>,
    tracks: PerChannel<Track>,
    /// Largest magnitude of all channels since [`TruePeakMeter::take_interval_peak`].
    interval_peak: f64,
    frames: u64,
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
        let span = Interpolator::<S>::design(method, stream.rate_hz).span();
        stream.channel_count() * (span - 1 + CHUNK)
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
        lines: Store<'a, S>,
    ) -> Result<Self, Error> {
        stream.validate()?;
        Ok(Self {
            isa: stream.isa,
            rate_hz: stream.rate_hz,
            interpolator: Interpolator::design(method, stream.rate_hz),
            lines,
            tracks: PerChannel::new(stream.channel_count())?,
            interval_peak: 0.0,
            frames: 0,
            faults: 0,
        })
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
        self.push_cleaned(&block, 0);
        Ok(())
    }

    /// Measures rows that somebody else has cleaned, who found `faults`; as many rows as channels.
    pub(super) fn push_cleaned(&mut self, rows: &Block<'_, S>, faults: u64) {
        self.faults += faults;
        for at in (0..rows.frames()).step_by(CHUNK) {
            self.push_chunk(&rows.range(at, at + CHUNK));
        }
    }

    /// Lets rows pass without measuring them: only the context of what follows rolls on.
    pub(super) fn pass_by(&mut self, rows: &Block<'_, S>, faults: u64) {
        let history = self.interpolator.span() - 1;
        let rolled = rows.frames().min(history);
        for (line, row) in self.lines.chunks_exact_mut(history + CHUNK).zip(rows.channels()) {
            let line = line.get_mut(..history).unwrap_or_default();
            move_to_front(line, rolled);
            let fresh = row.get(row.len() - rolled..).unwrap_or_default();
            if let Some(end) = line.get_mut(history - rolled..) {
                end.copy_from_slice(fresh);
            }
        }
        self.faults += faults;
        self.frames += rows.frames() as u64;
    }

    fn push_chunk(&mut self, block: &Block<'_, S>) {
        let history = self.interpolator.span() - 1;
        let take = block.frames();
        let Self { isa, interpolator, lines, tracks, interval_peak, frames, faults, .. } = self;
        for ((line, track), input) in
            lines.chunks_exact_mut(history + CHUNK).zip(tracks.iter_mut()).zip(block.channels())
        {
            let Some(fresh) = line.get_mut(history..history + take) else { continue };
            *faults += kernels::clean(*isa, input, fresh) as u64;
            let peak = kernels::peak(*isa, fresh).as_f64();
            if peak > track.sample_peak {
                track.sample_peak = peak;
                track.sample_frame = *frames + position(fresh, peak);
            }
            *interval_peak = interval_peak.max(peak);
            let line = line.get_mut(..history + take).unwrap_or_default();
            scan(*isa, interpolator, line, *frames, track, interval_peak);
            move_to_front(line, take);
        }
        self.frames += take as u64;
    }

    /// Starts anew; the memory is kept.
    pub fn reset(&mut self) {
        self.lines.fill(S::zero());
        self.tracks.fill(Track::default());
        self.interval_peak = 0.0;
        self.frames = 0;
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
    /// For histories: a peak in the last few frames (at most 22) falls into the next interval. The
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
        self.readings(&self.finished(channel), channel, channel)
    }

    fn readings(&self, track: &Track, channel: usize, sample_channel: usize) -> PeakReadings {
        let reading = |peak: f64| {
            if self.frames == 0 {
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
        let span = self.interpolator.span();
        let after = self.interpolator.context().1;
        let mut track = self.tracks[channel];
        let mut line = [S::zero(); 2 * MAX_SPAN];
        let history = &self.lines[channel * (span - 1 + CHUNK)..][..span - 1];
        line[..span - 1].copy_from_slice(history);
        let line = &line[..span - 1 + after];
        // The interval does not matter here: at infinity the track alone decides what is computed.
        let mut interval_peak = f64::INFINITY;
        scan(self.isa, &self.interpolator, line, self.frames, &mut track, &mut interval_peak);
        track
    }
}

/// Runs the outputs that `line` allows; its newest samples begin at the absolute frame `frames`.
fn scan<S: Sample>(
    isa: Isa,
    interpolator: &Interpolator<S>,
    line: &[S],
    frames: u64,
    track: &mut Track,
    interval_peak: &mut f64,
) {
    if interpolator.is_off() {
        return;
    }
    let span = interpolator.span();
    let after = interpolator.context().1 as u64;
    let outputs = (line.len() + 1).saturating_sub(span);
    let mut out = [S::zero(); PIECE];
    for at in (0..outputs).step_by(PIECE) {
        let out = &mut out[..PIECE.min(outputs - at)];
        let window = line.get(at..at + out.len() + span - 1).unwrap_or_default();
        let floor = track.peak.min(*interval_peak);
        if interpolator.bound * kernels::peak(isa, window).as_f64() > floor {
            interpolator.run(isa, window, out);
            let peak = kernels::peak(isa, out).as_f64();
            *interval_peak = interval_peak.max(peak);
            if peak > track.peak {
                track.peak = peak;
                // Points before the first frame belong to it.
                track.frame = (frames + at as u64 + position(out, peak)).saturating_sub(after);
            }
        }
    }
}

/// Index of the first sample of that magnitude.
fn position<S: Sample>(samples: &[S], magnitude: f64) -> u64 {
    samples.iter().position(|x| x.as_f64().abs() == magnitude).unwrap_or(0) as u64
}
