//! Dialogue: where the dialogue stem speaks, how loud the programme is there, and how far the
//! dialogue stands above what is under it.
//!
//! Dialogue is the anchor of a mix. With the stem at hand there is no need to guess where speech
//! is: the stem's own level says so.
//!
//! > p_k = mean power of the stem in sub-block k, unweighted, summed over the channels (LFE left out)
//! > active: p_k > 10^(−30/10) · m, m = mean of p over the active sub-blocks, iterated to rest
//! > phrase: active sub-blocks with pauses shorter than 0.4 s merged
//!
//! The iteration starts from the sub-blocks above −70 dBFS, so silence has no phrase; as m grows the
//! active set shrinks, so it always comes to rest. Everything inside a phrase counts as dialogue,
//! short pauses included, as they do in a listener's ear (and in the 0.2 s hangover of ITU-T P.56).
//!
//! Sources: threshold and pause: the definition that the shipped cue's `truth.json` states.
//! Dialogue loudness: BS.1770 without level gating over the dialogue (EBU Tech 3343, clause 9.4). It
//! is not Dolby's Dialogue Intelligence, which finds speech in the full mix.
//! Latency: whole sub-blocks; the last incomplete one does not count.
//! Limits: a stem with hiss or room tone less than 30 dB below its speech is active throughout.

use super::gating::{SubBlocks, loudness, mean, sub_block_start};
use super::meter::{MeterStorage, check, history_len};
use super::sub_block_filter::longest_sub_block;
use crate::audio::{Block, Sample, Speaker, Store};
use crate::error::Error;
use crate::kernels;
use crate::stream::{MAX_RATE_HZ, MIN_RATE_HZ, Stream};
use crate::units::{Reading, db_to_power, power_to_db};

/// Active sub-blocks lie above the mean active power by this, dB (`truth.json`, "measure").
const ACTIVE_DB: f64 = -30.0;
/// Sub-blocks at or below this are never active, dBFS: BS.1770's absolute gate as a plain level.
const FLOOR_DBFS: f64 = -70.0;
/// Pauses shorter than this many sub-blocks are part of a phrase: 0.4 s (`truth.json`, "measure").
const PAUSE_SUB_BLOCKS: usize = 40;

/// A stretch of dialogue: sub-blocks and frames, the end exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// First sub-block.
    pub start: usize,
    /// Sub-block after the last.
    pub end: usize,
    /// First frame.
    pub start_frame: u64,
    /// Frame after the last.
    pub end_frame: u64,
}

/// Powers of a dialogue stem per sub-block, with the threshold that they give.
#[derive(Clone, Copy, Debug)]
pub struct Activity<'a> {
    powers: &'a [f64],
    rate_hz: f64,
    threshold: f64,
}

/// Readings of the dialogue of a programme.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct DialogueReadings {
    /// Ungated loudness of the programme over the phrases, LUFS.
    pub dialogue_lufs: Reading,
    /// Duration of the phrases, percent of the programme's duration.
    pub dialogue_percent: Reading,
    /// Duration of the phrases, s.
    pub dialogue_s: f64,
}

impl<'a> Activity<'a> {
    /// Finds the threshold of a stem from its mean power per sub-block (linear, full scale = 1).
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz.
    ///
    /// # Example
    /// ```
    /// use mixcore::loudness::Activity;
    /// // Half a second of speech, a pause of 0.2 s, speech, then silence.
    /// let mut powers = vec![0.01; 50];
    /// powers.extend([1e-9; 20]);
    /// powers.extend([0.01; 30]);
    /// powers.extend([0.0; 100]);
    /// let activity = Activity::new(&powers, 48_000.0)?;
    /// let phrases: Vec<_> = activity.phrases().map(|p| (p.start_frame, p.end_frame)).collect();
    /// assert_eq!(phrases, [(0, 48_000)]);
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn new(powers: &'a [f64], rate_hz: f64) -> Result<Self, Error> {
        Error::check_range("rate_hz", rate_hz, MIN_RATE_HZ, MAX_RATE_HZ)?;
        let floor = db_to_power(FLOOR_DBFS);
        let ratio = db_to_power(ACTIVE_DB);
        let active =
            |threshold: f64| powers.iter().copied().filter(move |&power| power > threshold);
        let mut threshold = floor;
        // The active set can only shrink, so this ends; it takes a handful of turns.
        while let Some(power) = mean(active(threshold)) {
            let next = floor.max(power * ratio);
            if next <= threshold || next.is_nan() {
                break;
            }
            threshold = next;
        }
        Ok(Self { powers, rate_hz, threshold })
    }

    /// Level above which a sub-block is active, dBFS; [`Reading::BelowGate`] for a silent stem.
    #[must_use]
    pub fn threshold_dbfs(&self) -> Reading {
        if self.powers.iter().any(|&power| power > self.threshold) {
            Reading::from_level(power_to_db(self.threshold))
        } else {
            Reading::BelowGate
        }
    }

    /// Mean power of each sub-block.
    #[must_use]
    pub fn powers(&self) -> &'a [f64] {
        self.powers
    }

    /// The phrases in order of time.
    pub fn phrases(&self) -> impl Iterator<Item = Phrase> + use<'a> {
        let Self { powers, rate_hz, threshold } = *self;
        let mut at = 0;
        core::iter::from_fn(move || {
            let start = at + powers[at..].iter().position(|&power| power > threshold)?;
            let mut end = start + 1;
            let mut next = end;
            while next < powers.len() && next - end < PAUSE_SUB_BLOCKS {
                if powers[next] > threshold {
                    end = next + 1;
                }
                next += 1;
            }
            at = end;
            Some(Phrase {
                start,
                end,
                start_frame: sub_block_start(start, rate_hz),
                end_frame: sub_block_start(end, rate_hz),
            })
        })
    }

    /// Loudness of a programme over the phrases of this stem, and their share of it.
    ///
    /// Stem and programme begin at the same frame. Phrases beyond the programme's end do not count.
    ///
    /// # Errors
    /// A programme at another sample rate than the stem.
    pub fn dialogue(&self, programme: SubBlocks<'_>) -> Result<DialogueReadings, Error> {
        Error::check_range("programme rate_hz", programme.rate_hz(), self.rate_hz, self.rate_hz)?;
        let spoken = || self.phrases().map(|phrase| programme.range(phrase.start, phrase.end));
        let frames: u64 = spoken().map(|part| part.frames()).sum();
        let energies = spoken().flat_map(|part| part.energies().iter().copied());
        let sub_blocks = spoken().map(|part| part.len()).sum::<usize>();
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        let (frames, per_block, all) =
            (frames as f64, sub_blocks as f64, programme.frames() as f64);
        Ok(DialogueReadings {
            dialogue_lufs: mean(energies)
                .map_or(Reading::BelowGate, |energy| loudness(energy * per_block / frames)),
            dialogue_percent: if programme.is_empty() {
                programme.too_short(1)
            } else {
                Reading::Value(100.0 * frames / all)
            },
            dialogue_s: frames / self.rate_hz,
        })
    }
}

/// How far the dialogue stands above a background over a phrase, LU: gated integrated loudness of
/// the one minus that of the other, both as rendered.
///
/// [`Reading::TooShort`] for a phrase under 0.4 s, [`Reading::BelowGate`] where either is silent.
///
/// # Source
/// The definition that the shipped cue's `truth.json` states; loudness by BS.1770-5, Annex 1.
#[must_use]
pub fn separation(dialogue: SubBlocks<'_>, background: SubBlocks<'_>, phrase: &Phrase) -> Reading {
    let over = |stem: SubBlocks<'_>| stem.range(phrase.start, phrase.end).integrated_lufs();
    over(dialogue).zip(over(background), |dialogue, background| dialogue - background)
}

/// Listens to a dialogue stem and keeps its power per sub-block.
///
/// # Example
/// ```
/// use mixcore::audio::Block;
/// use mixcore::loudness::StemActivity;
/// use mixcore::{Layout, Stream, math};
///
/// let mut stem = StemActivity::<f32>::new(60.0, Stream::new(48_000.0, Layout::MONO)?)?;
/// let voice: Vec<f32> = (0..48_000)
///     .map(|n| 0.1 * math::sin(0.1 * f64::from(n)) as f32)
///     .collect();
/// stem.push(Block::mono(&[0.0; 24_000]))?;
/// stem.push(Block::mono(&voice))?;
/// stem.push(Block::mono(&[0.0; 24_000]))?;
/// let phrase = stem.activity().phrases().next().unwrap();
/// assert_eq!((phrase.start_frame, phrase.end_frame), (24_000, 72_000));
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct StemActivity<'a, S> {
    stream: Stream,
    max_duration_s: f64,
    powers: Store<'a, f64>,
    /// One row per channel that counts: the sub-block that is not complete.
    pending: Store<'a, S>,
    longest: usize,
    done: usize,
    frames: u64,
    faults: u64,
}

fn counts(speaker: &&Speaker) -> bool {
    !speaker.lfe
}

impl<S: Sample> StemActivity<'static, S> {
    /// A listener with memory of its own for `max_duration_s`.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, or a duration outside 0.4 to 360,000 s.
    #[cfg(feature = "alloc")]
    pub fn new(max_duration_s: f64, stream: Stream) -> Result<Self, Error> {
        check(max_duration_s, &stream)?;
        let need = Self::required_len(max_duration_s, &stream);
        Ok(Self::with_stores(
            max_duration_s,
            stream,
            Store::owned(need.history, 0.0),
            Store::owned(need.samples, S::zero()),
        ))
    }
}

impl<'a, S: Sample> StemActivity<'a, S> {
    /// Memory that [`StemActivity::new_in`] needs.
    #[must_use]
    pub fn required_len(max_duration_s: f64, stream: &Stream) -> MeterStorage {
        let rows = stream.layout.speakers().iter().filter(counts).count();
        MeterStorage {
            samples: rows * longest_sub_block(stream),
            history: history_len(max_duration_s),
        }
    }

    /// A listener in lent memory of at least [`StemActivity::required_len`].
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, a duration outside 0.4 to 360,000 s, or too little memory.
    pub fn new_in(
        max_duration_s: f64,
        stream: Stream,
        samples: &'a mut [S],
        history: &'a mut [f64],
    ) -> Result<Self, Error> {
        check(max_duration_s, &stream)?;
        let need = Self::required_len(max_duration_s, &stream);
        Ok(Self::with_stores(
            max_duration_s,
            stream,
            Store::lent("activity history", history, need.history, 0.0)?,
            Store::lent("activity sample", samples, need.samples, S::zero())?,
        ))
    }

    fn with_stores(
        max_duration_s: f64,
        stream: Stream,
        powers: Store<'a, f64>,
        pending: Store<'a, S>,
    ) -> Self {
        let longest = longest_sub_block(&stream);
        Self { stream, max_duration_s, powers, pending, longest, done: 0, frames: 0, faults: 0 }
    }

    /// Listens to one block of any length.
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
        if end >= sub_block_start(self.powers.len() + 1, self.stream.rate_hz) {
            return Err(Error::HistoryFull { max_duration_s: self.max_duration_s });
        }
        let mut at = 0;
        while at < block.frames() {
            at += self.take(&block.range(at, block.frames()));
        }
        Ok(())
    }

    /// Takes frames up to the end of the sub-block, and records it when it is complete.
    fn take(&mut self, block: &Block<'_, S>) -> usize {
        let isa = self.stream.isa;
        let start = sub_block_start(self.done, self.stream.rate_hz);
        let end = sub_block_start(self.done + 1, self.stream.rate_hz);
        #[expect(clippy::cast_possible_truncation, reason = "a sub-block is 10 ms")]
        let (fill, length) = ((self.frames - start) as usize, (end - start) as usize);
        let take = (length - fill).min(block.frames());
        let speakers = self.stream.layout.speakers().iter().zip(block.channels());
        let rows = self.pending.chunks_exact_mut(self.longest);
        for ((_, input), row) in speakers.filter(|(speaker, _)| counts(speaker)).zip(rows) {
            let faults = kernels::clean(isa, &input[..take], &mut row[fill..fill + take]);
            self.faults += faults as u64;
        }
        self.frames += take as u64;
        if fill + take == length {
            let energy = self
                .pending
                .chunks_exact(self.longest)
                .fold(0.0, |sum, row| sum + kernels::peak_energy(isa, &row[..length]).energy);
            #[expect(clippy::cast_precision_loss, reason = "a sub-block is 10 ms")]
            {
                self.powers[self.done] = energy / length as f64;
            }
            self.done += 1;
        }
        take
    }

    /// Starts anew; the memory is kept.
    pub fn reset(&mut self) {
        self.done = 0;
        self.frames = 0;
        self.faults = 0;
    }

    /// Frames pushed so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Samples so far that were not finite or beyond 1e6 and were taken as 0 (LFE left out).
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults
    }

    /// Where the stem has spoken so far. Costs a few passes over the history.
    #[must_use]
    pub fn activity(&self) -> Activity<'_> {
        match Activity::new(&self.powers[..self.done], self.stream.rate_hz) {
            Ok(activity) => activity,
            Err(_) => unreachable!("the rate was checked when the stem was made"),
        }
    }
}
