//! Level statistics of every channel, and the technical faults that show in single samples.
//!
//! Before a mix is judged as a mix, the file must be sound: no clipping and no crests that were
//! clipped upstream and turned down, no holes, no frozen converter, no DC. This finds them with their
//! places, and gives DC, RMS, peak and crest factor of each channel.
//!
//! > DC = mean of x;  RMS = 10 log10 of the mean of x², dBFS;  crest = peak − RMS, dB
//!
//! RMS is against a full-scale square wave, as BS.1770 counts it: a full-scale sine reads −3.01 dBFS.
//! NOTE: by AES17 it would read 0 (3.01 dB more).
//!
//! Sources: each threshold says its own. Kinds of events: [`LevelEventKind`].
//! Cost: one pass of [`crate::kernels::level_screen`]; stretches that it marks are looked at sample by
//! sample.
//! Latency: events come when their run has ended and its 256 frames are complete;
//! [`LevelStats::finish`] ends what is open.
//! Limits: flat tops that were dithered or filtered afterwards are flat no more and are not found;
//! square waves are. A gap is a dropout only where level stood within 5 ms on both sides, and only
//! down to where its own noise lies: by default a hole that is filled with noise above −80 dBFS is no
//! dropout, and below −60 dBFS a silence from 3 s on. A hole of exact zeros from 100 ms to 3 s is both
//! a dropout and a digital silence.

use super::level_events::{EventCount, EventList, LevelEvent, LevelEventKind, Tracks};
use super::level_scan::{Limits, MIN_EQUAL_FRAMES, Scan};
use crate::audio::{Block, PerChannel, Sample, Store, move_to_front};
use crate::error::Error;
use crate::kernels::{self, LevelScreen, SCREEN_HISTORY, level_screen};
use crate::stream::Stream;
use crate::units::{Reading, db_to_gain, gain_to_db, power_to_db};

/// Frames that are looked at together, at multiples of themselves.
const QUANTUM: usize = 256;
/// Samples of a channel's line.
const LINE: usize = SCREEN_HISTORY + QUANTUM;
/// How close to a gap the programme must stand on both sides, ms: the fall of 40 dB that the default
/// levels ask for takes a natural sound longer (reverberation of 0.1 s falls 3 dB in 5 ms).
const CONTEXT_MS: f64 = 5.0;
/// Lowest level of any threshold, dBFS: below the last step of 24 bits (−138).
const MIN_DBFS: f64 = -150.0;

/// What counts as a fault.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevelSetup {
    /// Magnitude at or above which a sample is clipped, dBFS: −20 to 20.
    pub clip_dbfs: f64,
    /// Clipped samples in a row that make a clipping, 1 to 1000.
    pub clip_min_frames: usize,
    /// Magnitude from which flat crests count, dBFS: −20 to 20.
    pub flat_dbfs: f64,
    /// Equal samples of a flat crest, 3 to 1000.
    pub flat_min_frames: usize,
    /// Exact zeros that make a digital silence, ms: 1 to 600,000.
    pub zero_min_ms: f64,
    /// Magnitude below which a sample is silent, dBFS: −150 to 0.
    pub silence_dbfs: f64,
    /// Silent samples that make a silence, ms: 50 to 600,000.
    pub silence_min_ms: f64,
    /// Magnitude at or below which samples belong to a gap, dBFS: −150 to 0.
    pub gap_dbfs: f64,
    /// Shortest gap that is a dropout, ms: 0.1 to 1000.
    pub gap_min_ms: f64,
    /// Longest gap that is a dropout, ms: the shortest to 600,000.
    pub gap_max_ms: f64,
    /// Magnitude that programme reaches within 5 ms before and after a dropout, dBFS: 1 dB above a gap's to 0.
    pub programme_dbfs: f64,
    /// Magnitude from which stuck samples count, dBFS: −150 to 0.
    pub stuck_dbfs: f64,
    /// Equal samples that make a stuck stretch, ms: 0.5 to 1000, and at least 3 frames.
    pub stuck_min_ms: f64,
    /// Runs of one kind closer than this are one place, ms: 0 to 60,000.
    pub coalesce_ms: f64,
    /// Places that the list holds, 1 to 1,000,000.
    pub max_events: usize,
}

impl Default for LevelSetup {
    /// What each threshold comes from:
    ///
    /// - clipping at −0.001 dBFS, so that the largest positive sample of 16 bits (−0.00027) counts, 3 in
    ///   a row (Audacity's "Find Clipping"; the Sony 1630's meter took 4);
    /// - flat tops of 4 samples from −20 dBFS: from there 16 bits do not make crests flat by themselves;
    ///   Netflix's inspector looks for the same ("sequential equal valued samples at the asset's greatest
    ///   volume");
    /// - digital silence of 100 ms, so that a rest of a few zeros is none;
    /// - silence below −60 dBFS (ffmpeg `silencedetect`, Etere) for 3 s (Etere's default; ffmpeg's is 2);
    /// - dropouts of 1 ms to 3 s, from where silence finds them, at or below −80 dBFS between programme
    ///   of −40 dBFS: our own; a tone of 20 Hz and −40 dBFS stays within −80 dBFS for 0.2 ms at a zero
    ///   crossing;
    /// - stuck samples of 2 ms from −50 dBFS: our own; a tone of 20 Hz, −50 dBFS and 16 bits stands still
    ///   for 1.6 ms at its crest;
    /// - places 100 ms apart, two periods of the lowest audible tone;
    /// - 1000 places.
    fn default() -> Self {
        Self {
            clip_dbfs: -0.001,
            clip_min_frames: 3,
            flat_dbfs: -20.0,
            flat_min_frames: 4,
            zero_min_ms: 100.0,
            silence_dbfs: -60.0,
            silence_min_ms: 3000.0,
            gap_dbfs: -80.0,
            gap_min_ms: 1.0,
            gap_max_ms: 3000.0,
            programme_dbfs: -40.0,
            stuck_dbfs: -50.0,
            stuck_min_ms: 2.0,
            coalesce_ms: 100.0,
            max_events: 1000,
        }
    }
}

impl LevelSetup {
    /// Checks the ranges, and turns them into magnitudes and frames.
    fn limits(&self, stream: &Stream) -> Result<Limits, Error> {
        #[expect(clippy::cast_precision_loss, reason = "checked to be at most 1,000,000")]
        for (field, given, min, max) in [
            ("clip_dbfs", self.clip_dbfs, -20.0, 20.0),
            ("clip_min_frames", self.clip_min_frames as f64, 1.0, 1000.0),
            ("flat_dbfs", self.flat_dbfs, -20.0, 20.0),
            ("flat_min_frames", self.flat_min_frames as f64, MIN_EQUAL_FRAMES as f64, 1000.0),
            ("zero_min_ms", self.zero_min_ms, 1.0, 600_000.0),
            ("silence_dbfs", self.silence_dbfs, MIN_DBFS, 0.0),
            // A silence is longer than a quantum at every rate.
            ("silence_min_ms", self.silence_min_ms, 50.0, 600_000.0),
            ("gap_dbfs", self.gap_dbfs, MIN_DBFS, 0.0),
            ("gap_min_ms", self.gap_min_ms, 0.1, 1000.0),
            ("gap_max_ms", self.gap_max_ms, self.gap_min_ms, 600_000.0),
            ("programme_dbfs", self.programme_dbfs, self.gap_dbfs + 1.0, 0.0),
            ("stuck_dbfs", self.stuck_dbfs, MIN_DBFS, 0.0),
            ("stuck_min_ms", self.stuck_min_ms, 0.5, 1000.0),
            ("coalesce_ms", self.coalesce_ms, 0.0, 60_000.0),
            ("max_events", self.max_events as f64, 1.0, 1e6),
        ] {
            Error::check_range(field, given, min, max)?;
        }
        stream.validate()?;
        let frames = |ms: f64| stream.frames_of_ms(ms) as u64;
        Ok(Limits {
            clip: db_to_gain(self.clip_dbfs),
            clip_frames: self.clip_min_frames as u64,
            flat: db_to_gain(self.flat_dbfs),
            flat_frames: self.flat_min_frames as u64,
            zero_frames: frames(self.zero_min_ms).max(MIN_EQUAL_FRAMES),
            silence: db_to_gain(self.silence_dbfs),
            silence_frames: frames(self.silence_min_ms),
            gap: db_to_gain(self.gap_dbfs),
            gap_min_frames: frames(self.gap_min_ms).max(1),
            gap_max_frames: frames(self.gap_max_ms),
            programme: db_to_gain(self.programme_dbfs),
            context_frames: frames(CONTEXT_MS),
            stuck: db_to_gain(self.stuck_dbfs),
            stuck_frames: frames(self.stuck_min_ms).max(MIN_EQUAL_FRAMES),
        })
    }
}

/// Elements of lent memory that [`LevelStats`] needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LevelStorage {
    /// Samples, for what has not been looked at yet.
    pub samples: usize,
    /// Places.
    pub events: usize,
}

/// What the samples of a channel add up to.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    sum: f64,
    energy: f64,
    peak: f64,
    peak_frame: u64,
}

impl Sums {
    fn add<S: Sample>(&mut self, screen: &LevelScreen, samples: &[S], first: u64) {
        self.sum += screen.sum;
        self.energy += screen.energy;
        if screen.peak > self.peak {
            self.peak = screen.peak;
            let at = samples.iter().position(|x| x.as_f64().abs() == screen.peak);
            self.peak_frame = first + at.unwrap_or(0) as u64;
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Channel {
    sums: Sums,
    scan: Scan,
    tracks: Tracks,
}

/// Levels of one channel.
///
/// [`Reading::TooShort`] before there is a frame, [`Reading::BelowGate`] where there is no level: digital
/// silence, or no DC at all for `dc_dbfs`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LevelReadings {
    /// Mean of the samples, full scale = 1.
    pub dc: Reading,
    /// Its level, dBFS.
    pub dc_dbfs: Reading,
    /// Mean power, dBFS against a full-scale square wave.
    pub rms_dbfs: Reading,
    /// Largest magnitude of the samples, dBFS.
    pub peak_dbfs: Reading,
    /// The first frame that reached it.
    pub peak_frame: u64,
    /// Peak over RMS, dB: 0 for a square wave, 3.01 for a sine.
    pub crest_db: Reading,
}

/// Level statistics and level faults of every channel of a stream, LFE included.
///
/// # Example
/// ```
/// use mixcore::analysis::{LevelEventKind, LevelSetup, LevelStats};
/// use mixcore::audio::Block;
/// use mixcore::{Layout, Stream, math};
///
/// // A tone, clipped at half of full scale upstream; then a hole of 10 ms.
/// let mut tone: Vec<f32> = (0..48_000)
///     .map(|n| (math::sin(math::PI * f64::from(n) / 24.0) as f32).clamp(-0.5, 0.5))
///     .collect();
/// tone[24_000..24_480].fill(0.0);
/// let mut stats = LevelStats::new(LevelSetup::default(), Stream::new(48_000.0, Layout::MONO)?)?;
/// stats.push(Block::mono(&tone))?;
/// stats.finish();
/// let levels = stats.measurement(0);
/// assert!((levels.peak_dbfs.value().unwrap() + 6.02).abs() < 0.01);
/// assert!(levels.crest_db.value().unwrap() < 1.5);
/// let (flat, dropout) = (stats.events()[0], stats.events()[1]);
/// assert_eq!((flat.kind, flat.magnitude), (LevelEventKind::FlatTop, 0.5));
/// assert_eq!((dropout.kind, dropout.start_frame), (LevelEventKind::Dropout, 24_000));
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct LevelStats<'a, S> {
    setup: LevelSetup,
    stream: Stream,
    limits: Limits,
    /// A line per channel: the end of the last quantum, then what waits.
    lines: Store<'a, S>,
    channels: PerChannel<Channel>,
    events: EventList<'a>,
    fill: usize,
    frames: u64,
    faults: u64,
}

impl<S: Sample> LevelStats<'static, S> {
    /// Statistics with memory of their own.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, or a setup outside its ranges.
    #[cfg(feature = "alloc")]
    pub fn new(setup: LevelSetup, stream: Stream) -> Result<Self, Error> {
        let limits = setup.limits(&stream)?;
        let need = Self::required_len(&setup, &stream);
        let lines = Store::owned(need.samples, S::zero());
        Self::with_stores(
            setup,
            stream,
            limits,
            lines,
            Store::owned(need.events, LevelEvent::EMPTY),
        )
    }
}

impl<'a, S: Sample> LevelStats<'a, S> {
    /// Memory that [`LevelStats::new_in`] needs.
    #[must_use]
    pub fn required_len(setup: &LevelSetup, stream: &Stream) -> LevelStorage {
        LevelStorage { samples: stream.channel_count() * LINE, events: setup.max_events }
    }

    /// Statistics in lent memory of at least [`LevelStats::required_len`].
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, a setup outside its ranges, or too little memory.
    pub fn new_in(
        setup: LevelSetup,
        stream: Stream,
        samples: &'a mut [S],
        events: &'a mut [LevelEvent],
    ) -> Result<Self, Error> {
        let limits = setup.limits(&stream)?;
        let need = Self::required_len(&setup, &stream);
        let lines = Store::lent("level sample", samples, need.samples, S::zero())?;
        let events = Store::lent("level event", events, need.events, LevelEvent::EMPTY)?;
        Self::with_stores(setup, stream, limits, lines, events)
    }

    fn with_stores(
        setup: LevelSetup,
        stream: Stream,
        limits: Limits,
        lines: Store<'a, S>,
        events: Store<'a, LevelEvent>,
    ) -> Result<Self, Error> {
        Ok(Self {
            setup,
            stream,
            limits,
            lines,
            channels: PerChannel::new(stream.channel_count())?,
            events: EventList::new(events, stream.frames_of_ms(setup.coalesce_ms) as u64),
            fill: 0,
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
        block.check_channels("block", self.channels.len())?;
        let mut at = 0;
        while at < block.frames() {
            let take = (QUANTUM - self.fill).min(block.frames() - at);
            for (line, input) in self.lines.chunks_exact_mut(LINE).zip(block.channels()) {
                let from = SCREEN_HISTORY + self.fill;
                let input = input.get(at..at + take).unwrap_or_default();
                let free = line.get_mut(from..from + take).unwrap_or_default();
                self.faults += kernels::clean(self.stream.isa, input, free) as u64;
            }
            self.fill += take;
            self.frames += take as u64;
            at += take;
            if self.fill == QUANTUM {
                self.look();
            }
        }
        Ok(())
    }

    /// Looks at what waits.
    fn look(&mut self) {
        let Self { stream, limits, lines, channels, events, fill, frames, .. } = self;
        let first = *frames - *fill as u64;
        let lines = lines.chunks_exact_mut(LINE).zip(channels.iter_mut());
        for (index, (line, channel)) in lines.enumerate() {
            let Channel { sums, scan, tracks } = channel;
            let filled = line.get(..SCREEN_HISTORY + *fill).unwrap_or_default();
            let screen = level_screen(stream.isa, filled, limits.gap);
            sums.add(&screen, filled.get(SCREEN_HISTORY..).unwrap_or_default(), first);
            scan.quantum(limits, filled, first, &screen, &mut |run| {
                events.add(index, tracks, run);
            });
            move_to_front(line.get_mut(..SCREEN_HISTORY + *fill).unwrap_or_default(), *fill);
        }
        *fill = 0;
    }

    /// Takes the programme as ended: looks at the last frames and ends the runs that are open.
    ///
    /// To be called once, after the last block. A run at the very end is an event only then; a dropout
    /// is none, for nothing follows it.
    ///
    /// # Real time
    /// Does not allocate.
    pub fn finish(&mut self) {
        self.look();
        let Self { limits, channels, events, frames, .. } = self;
        for (index, Channel { scan, tracks, .. }) in channels.iter_mut().enumerate() {
            scan.finish(limits, *frames, &mut |run| events.add(index, tracks, run));
        }
    }

    /// Starts anew; the memory is kept.
    pub fn reset(&mut self) {
        self.lines.fill(S::zero());
        self.channels.fill(Channel::default());
        self.events.reset();
        (self.fill, self.frames, self.faults) = (0, 0, 0);
    }

    /// What it was made for.
    #[must_use]
    pub fn setup(&self) -> LevelSetup {
        self.setup
    }

    /// Frames pushed so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Samples so far that were not finite or beyond 1e6 and were taken as 0.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults
    }

    /// The places found so far, in the order in which they ended first.
    #[must_use]
    pub fn events(&self) -> &[LevelEvent] {
        self.events.events()
    }

    /// Places for which the list had no room; [`LevelStats::count`] has them.
    #[must_use]
    pub fn lost_events(&self) -> u64 {
        self.events.lost()
    }

    /// How often a kind was found in a channel.
    ///
    /// # Panics
    /// If `channel` is not below the stream's channel count.
    #[must_use]
    pub fn count(&self, channel: usize, kind: LevelEventKind) -> EventCount {
        self.channels[channel].tracks.count(kind)
    }

    /// The levels of a channel, every frame pushed so far included.
    ///
    /// # Panics
    /// If `channel` is not below the stream's channel count.
    #[must_use]
    pub fn measurement(&self, channel: usize) -> LevelReadings {
        let mut sums = self.channels[channel].sums;
        let line = self.lines.get(channel * LINE..).unwrap_or_default();
        let line = line.get(..SCREEN_HISTORY + self.fill).unwrap_or_default();
        let screen = level_screen(self.stream.isa, line, self.limits.gap);
        let waiting = line.get(SCREEN_HISTORY..).unwrap_or_default();
        sums.add(&screen, waiting, self.frames - self.fill as u64);
        if self.frames == 0 {
            let short = Reading::TooShort { have_s: 0.0, need_s: 1.0 / self.stream.rate_hz };
            return LevelReadings {
                dc: short,
                dc_dbfs: short,
                rms_dbfs: short,
                peak_dbfs: short,
                peak_frame: 0,
                crest_db: short,
            };
        }
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        let frames = self.frames as f64;
        let dc = sums.sum / frames;
        let rms_dbfs = Reading::from_level(power_to_db(sums.energy / frames));
        let peak_dbfs = Reading::from_level(gain_to_db(sums.peak));
        LevelReadings {
            dc: Reading::Value(dc),
            dc_dbfs: Reading::from_level(gain_to_db(dc)),
            rms_dbfs,
            peak_dbfs,
            peak_frame: sums.peak_frame,
            crest_db: peak_dbfs.zip(rms_dbfs, |peak, rms| peak - rms),
        }
    }
}
