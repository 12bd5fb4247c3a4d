//! RMS level and noise floor, as audiobook platforms ask for them.
//!
//! > RMS: mean square of the whole file, unweighted, no gate
//! > noise floor: the lowest mean square of any 0.5 s, moved in steps of 10 ms
//!
//! Each channel is read on its own; all channels together are the mean of their powers, so that a
//! mono file and the same file as two channels read the same. (A sum of the channels would depend on
//! their correlation; for that measure the fold-down.)
//!
//! What the platforms define: ACX asks for −23 to −18 dB RMS, a noise floor of at most −60 dB RMS and
//! peaks of at most −3 dB, and says neither over which window the floor is taken [unverified] nor
//! what 0 dB RMS is [unverified]. The window of 0.5 s and the plain root mean square
//! ([`RmsConvention::Square`]) are those of ACX Check, the Audacity plug-in that its
//! narrators use; a programme that has no pause of 0.5 s has no floor that means anything.
//!
//! Sources: ACX audio submission requirements as quoted in the Audacity forum (topic 58706) and by
//! audio-dubcheck.com; ACX Check's own description (W. McCown, 2015).
//! Cost: see [`crate::kernels::peak_energy`].

use super::gating::{SUB_BLOCKS_PER_S, sub_block_start};
use super::rms_convention::RmsConvention;
use super::sub_block_rows::SubBlockRows;
use crate::audio::{Block, PerChannel, Sample, Store};
use crate::error::Error;
use crate::kernels::{self, Isa, PeakEnergy};
use crate::stream::Stream;
use crate::units::{Reading, gain_to_db};

/// Sub-blocks of the noise floor's window: 0.5 s (ACX Check).
const FLOOR_SUB_BLOCKS: usize = 50;

/// RMS level, noise floor and peak of a channel or of all channels.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RmsReadings {
    /// RMS level of everything pushed, dBFS by the meter's convention.
    pub rms_dbfs: Reading,
    /// RMS level of the quietest 0.5 s, dBFS by the meter's convention; needs 0.5 s, and digital
    /// silence is [`Reading::BelowGate`].
    pub noise_floor_dbfs: Reading,
    /// The frame at which the quietest 0.5 s begin.
    pub noise_floor_frame: u64,
    /// Largest sample, dBFS.
    pub sample_peak_dbfs: Reading,
    /// Duration pushed so far, s.
    pub duration_s: f64,
    /// Samples of all channels that were not finite or beyond 1e6 and were taken as 0.
    pub faults: u64,
}

/// What one channel, or all together, have come to.
#[derive(Clone, Copy, Debug)]
struct Track {
    energy: f64,
    peak: f64,
    /// Energies of the last sub-blocks, the newest last.
    line: [f64; FLOOR_SUB_BLOCKS],
    /// Lowest mean square of a window, and the frame at which that begins.
    floor: f64,
    floor_frame: u64,
}

impl Default for Track {
    fn default() -> Self {
        let line = [0.0; FLOOR_SUB_BLOCKS];
        Self { energy: 0.0, peak: 0.0, line, floor: f64::INFINITY, floor_frame: 0 }
    }
}

impl Track {
    fn add(&mut self, found: PeakEnergy) {
        self.energy += found.energy;
        self.peak = self.peak.max(found.peak);
    }

    /// Adds a whole sub-block, after which there are `done`.
    fn add_sub_block(&mut self, found: PeakEnergy, done: usize, rate_hz: f64, isa: Isa) {
        self.add(found);
        self.line.rotate_left(1);
        self.line[FLOOR_SUB_BLOCKS - 1] = found.energy;
        if let Some(first) = done.checked_sub(FLOOR_SUB_BLOCKS) {
            let start = sub_block_start(first, rate_hz);
            let frames = sub_block_start(done, rate_hz) - start;
            #[expect(clippy::cast_precision_loss, reason = "half a second")]
            let power = kernels::sum(isa, &self.line) / frames as f64;
            if power < self.floor {
                (self.floor, self.floor_frame) = (power, start);
            }
        }
    }
}

/// Measures RMS level and noise floor.
///
/// # Example
/// ```
/// use mixcore::loudness::{RmsConvention, RmsMeter};
/// use mixcore::{Block, Layout, Stream};
/// // Nine seconds of "speech" at -20 dB, one of room tone at -70 dB: squares, so RMS = amplitude.
/// let square = |n: u32| if n % 200 < 100 { 1.0 } else { -1.0 };
/// let chapter: Vec<f32> = (0..441_000)
///     .map(|n| square(n) * if n < 396_900 { 0.1 } else { 0.000_316_227_77 })
///     .collect();
/// let stream = Stream::new(44_100.0, Layout::MONO)?;
/// let mut meter = RmsMeter::new(RmsConvention::Square, stream)?;
/// meter.push(Block::mono(&chapter))?;
/// let readings = meter.measurement();
/// assert!((readings.rms_dbfs.value().unwrap() + 20.458).abs() < 1e-3); // 0.9 of the power
/// assert!((readings.noise_floor_dbfs.value().unwrap() + 70.0).abs() < 1e-3);
/// assert!((readings.sample_peak_dbfs.value().unwrap() + 20.0).abs() < 1e-3);
/// assert_eq!(readings.noise_floor_frame, 396_900);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct RmsMeter<'a, S> {
    convention: RmsConvention,
    stream: Stream,
    rows: SubBlockRows<'a, S>,
    channels: PerChannel<Track>,
    all: Track,
}

impl<S: Sample> RmsMeter<'static, S> {
    /// A meter with memory of its own.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz.
    #[cfg(feature = "alloc")]
    pub fn new(convention: RmsConvention, stream: Stream) -> Result<Self, Error> {
        stream.validate()?;
        let rows = Store::owned(Self::required_len(&stream), S::zero());
        Self::with_rows(convention, stream, rows)
    }
}

impl<'a, S: Sample> RmsMeter<'a, S> {
    /// Samples that [`RmsMeter::new_in`] needs: one sub-block of every channel.
    #[must_use]
    pub fn required_len(stream: &Stream) -> usize {
        SubBlockRows::<S>::required_len(stream)
    }

    /// A meter in lent memory of at least [`RmsMeter::required_len`].
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, or too little memory.
    pub fn new_in(
        convention: RmsConvention,
        stream: Stream,
        memory: &'a mut [S],
    ) -> Result<Self, Error> {
        stream.validate()?;
        let rows = Store::lent("RMS", memory, Self::required_len(&stream), S::zero())?;
        Self::with_rows(convention, stream, rows)
    }

    fn with_rows(
        convention: RmsConvention,
        stream: Stream,
        rows: Store<'a, S>,
    ) -> Result<Self, Error> {
        let channels = PerChannel::new(stream.channel_count())?;
        let rows = SubBlockRows::new(stream, rows);
        Ok(Self { convention, stream, rows, channels, all: Track::default() })
    }

    /// Measures one block of any length.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// Another number of channels than the stream's.
    pub fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        block.check_channels("block", self.stream.channel_count())?;
        let Stream { rate_hz, isa, .. } = self.stream;
        let mut at = 0;
        while at < block.frames() {
            let (taken, complete) = self.rows.take(&block, at);
            if complete {
                let done = self.rows.done() + 1;
                let mut all = PeakEnergy { peak: 0.0, energy: 0.0 };
                for (track, row) in self.channels.iter_mut().zip(self.rows.rows()) {
                    let found = kernels::peak_energy(isa, row);
                    track.add_sub_block(found, done, rate_hz, isa);
                    all = together(all, found);
                }
                self.all.add_sub_block(all, done, rate_hz, isa);
                self.rows.advance();
            }
            at += taken;
        }
        Ok(())
    }

    /// Starts anew.
    pub fn reset(&mut self) {
        self.rows.reset();
        self.channels.fill(Track::default());
        self.all = Track::default();
    }

    /// What 0 dBFS is in its readings.
    #[must_use]
    pub fn convention(&self) -> RmsConvention {
        self.convention
    }

    /// The stream it measures.
    #[must_use]
    pub fn stream(&self) -> Stream {
        self.stream
    }

    /// Frames pushed so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.rows.frames()
    }

    /// Readings of all channels together: the mean of their powers, the highest of their peaks.
    ///
    /// The last incomplete sub-block counts for level and peak; a window of the floor is whole
    /// sub-blocks.
    #[must_use]
    pub fn measurement(&self) -> RmsReadings {
        let empty = PeakEnergy { peak: 0.0, energy: 0.0 };
        let rest = self
            .rows
            .rows()
            .fold(empty, |all, row| together(all, kernels::peak_energy(self.stream.isa, row)));
        self.readings(&self.all, rest, self.stream.channel_count())
    }

    /// Readings of one channel.
    ///
    /// # Panics
    /// If `channel` is not below the stream's channel count.
    #[must_use]
    pub fn channel_measurement(&self, channel: usize) -> RmsReadings {
        let track = &self.channels[channel];
        let row = self.rows.rows().nth(channel).unwrap_or_default();
        self.readings(track, kernels::peak_energy(self.stream.isa, row), 1)
    }

    fn readings(&self, track: &Track, rest: PeakEnergy, channels: usize) -> RmsReadings {
        let mut track = *track;
        track.add(rest);
        #[expect(clippy::cast_precision_loss, reason = "a channel count; frames of days")]
        let (channels, frames) = (channels as f64, self.frames() as f64);
        let have_s = self.rows.duration_s();
        let read = |reading: Reading| match self.frames() {
            0 => Reading::TooShort { have_s, need_s: 1.0 / self.stream.rate_hz },
            _ => reading,
        };
        #[expect(clippy::cast_precision_loss, reason = "half a second")]
        let need_s = FLOOR_SUB_BLOCKS as f64 / SUB_BLOCKS_PER_S;
        let noise_floor_dbfs = if self.rows.done() < FLOOR_SUB_BLOCKS {
            Reading::TooShort { have_s, need_s }
        } else {
            self.convention.level(track.floor / channels)
        };
        RmsReadings {
            rms_dbfs: read(self.convention.level(track.energy / frames / channels)),
            noise_floor_dbfs,
            noise_floor_frame: track.floor_frame,
            sample_peak_dbfs: read(Reading::from_level(gain_to_db(track.peak))),
            duration_s: have_s,
            faults: self.rows.faults(),
        }
    }
}

/// Two channels as one: energies add, the higher peak counts.
fn together(all: PeakEnergy, one: PeakEnergy) -> PeakEnergy {
    PeakEnergy { peak: all.peak.max(one.peak), energy: all.energy + one.energy }
}
