//! Speech activity from the level of a dialogue stem.
//!
//! With the stem at hand there is no need to guess where speech is: the stem's own level says so.
//!
//! > p_k = mean power of the stem in sub-block k, unweighted, summed over the channels (LFE left out)
//! > m = mean of p over the active sub-blocks, iterated to rest
//! > run: consecutive p_k > max(10^(−30/10)·m, close), with close and open those of the noise floor
//! > a run counts if Σ (p_k − its threshold) ≥ 15·(open − close): the energy of 0.15 s at `open`
//! > phrase: runs with pauses shorter than 0.4 s between them
//!
//! The iteration starts from the sub-blocks above −70 dBFS, so silence has no phrase; as m grows the
//! active set shrinks, so it always comes to rest. Where the stem has no noise floor, close and open
//! are zero and every run counts. A floor ([`super::floor`]) raises the threshold in its place alone:
//! two thresholds make the hysteresis (a run extends down to `close`, but has to have risen), and the
//! pauses inside a phrase are its hangover.
//!
//! Sources: −30 dB and the pause: the definition that the shipped cue's `truth.json` states. The
//! floor: own design.
//! Cost: all phrases or all runs are one pass over the history. Each question
//! ([`SpeechActivity::next_run`]) reads up to the end of its answer, and up to 18 s of history around
//! where it begins for the floor; [`SpeechActivity::next_run_before`] stops searching where it is
//! told to. Ask [`super::SpeechRegions::of`] where the same history is asked often.
//! Latency: whole sub-blocks; the last incomplete one does not count.
//! Limits: what is quieter than the noise is not found, so phrases get shorter in noise: with white
//! or pink noise 25 dB below the speech by up to 0.36 s at either end, 15 dB below by 0.5 s (the
//! demo's voice; `tests/all/dialogue.rs`). A breath counts as speech where it exceeds the thresholds,
//! as a word of that level does; one that keeps its level within a few dB for 0.4 s in a stem without
//! other noise is taken for the room. Low rumble 15 dB below the speech and louder can split phrases: the
//! power is unweighted. Nothing below −70 dBFS is speech, so of a voice whose mean lies under −40 dBFS
//! the quietest sounds are lost. A steady sound with silence around it is a voice to this detector.

use super::super::gating::{SubBlocks, mean};
use super::floor::{Floors, NoiseFloor, loudest_second};
use super::readings::{DialogueReadings, DialogueSetup, dialogue};
use super::speech_activity::{PAUSE_SUB_BLOCKS, Phrase, SpeechActivity};
use crate::error::Error;
use crate::stream::{MAX_RATE_HZ, MIN_RATE_HZ};
use crate::units::{Reading, db_to_power, power_to_db};

/// Active sub-blocks lie above the mean active power by this, dB (`truth.json`, "measure").
const ACTIVE_DB: f64 = -30.0;
/// Sub-blocks at or below this are never active, dBFS: BS.1770's absolute gate as a plain level.
const FLOOR_DBFS: f64 = -70.0;
/// Sub-blocks at the opening level whose energy makes a run in noise: 0.15 s, a short syllable. (At
/// 0.1 s pink noise alone passed for a word 4 times in 30 minutes, at 0.12 s never.)
const OPENING_SUB_BLOCKS: f64 = 15.0;

/// Powers of a dialogue stem per sub-block, with the thresholds that they give.
#[derive(Clone, Copy, Debug)]
pub struct Activity<'a> {
    powers: &'a [f64],
    rate_hz: f64,
    threshold: f64,
    loudest: usize,
}

/// Goes through a stem's sub-blocks in order of time.
struct Scan<'a> {
    powers: &'a [f64],
    threshold: f64,
    floors: Floors<'a>,
    segment: usize,
    floor: Option<NoiseFloor>,
}

impl Scan<'_> {
    /// The floor at a sub-block.
    fn floor(&mut self, at: usize) -> Option<NoiseFloor> {
        let segment = Floors::segment(at);
        if segment != self.segment {
            (self.segment, self.floor) = (segment, self.floors.of_segment(segment));
        }
        self.floor
    }

    /// What sub-block `at` has above the level at which speech ends there, if anything.
    fn excess(&mut self, at: usize) -> Option<f64> {
        let close = self.floor(at).map_or(0.0, |floor| floor.close);
        let threshold = self.threshold.max(close);
        self.powers.get(at).filter(|&&power| power > threshold).map(|power| power - threshold)
    }

    /// The first run that counts and begins in `from..before`.
    fn run(&mut self, from: usize, before: usize) -> Option<(usize, usize)> {
        let mut at = from;
        while at < before.min(self.powers.len()) {
            let start = at;
            let (mut energy, mut need) = (0.0, 0.0_f64);
            while let Some(excess) = self.excess(at) {
                energy += excess;
                need = need.max(self.floor(at).map_or(0.0, |floor| floor.open - floor.close));
                at += 1;
            }
            if at > start && energy >= OPENING_SUB_BLOCKS * need {
                return Some((start, at));
            }
            at += 1;
        }
        None
    }
}

impl<'a> Activity<'a> {
    /// Finds the thresholds of a stem from its mean power per sub-block (linear, full scale = 1).
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
        Ok(Self::at_rate(powers, rate_hz))
    }

    /// As [`Activity::new`], at a rate that was checked.
    pub(super) fn at_rate(powers: &'a [f64], rate_hz: f64) -> Self {
        let silence = db_to_power(FLOOR_DBFS);
        let ratio = db_to_power(ACTIVE_DB);
        let mut activity =
            Self { powers, rate_hz, threshold: silence, loudest: loudest_second(powers) };
        // The active set can only shrink, so this ends; it takes a handful of turns.
        while let Some(power) = activity.mean_active() {
            let next = silence.max(power * ratio);
            if next <= activity.threshold || next.is_nan() {
                break;
            }
            activity.threshold = next;
        }
        activity
    }

    fn scan(&self) -> Scan<'a> {
        Scan {
            powers: self.powers,
            threshold: self.threshold,
            floors: Floors::new(self.powers, self.loudest),
            segment: usize::MAX,
            floor: None,
        }
    }

    /// Mean power of the sub-blocks above the threshold that rise out of their floor.
    fn mean_active(&self) -> Option<f64> {
        let mut scan = self.scan();
        let active = self.powers.iter().enumerate().filter_map(|(at, &power)| {
            let open = scan.floor(at).map_or(0.0, |floor| floor.open);
            (power > self.threshold.max(open)).then_some(power)
        });
        mean(active)
    }

    /// Level above which a sub-block is active where the stem has no noise floor, dBFS;
    /// [`Reading::BelowGate`] for a stem without speech.
    #[must_use]
    pub fn threshold_dbfs(&self) -> Reading {
        match self.next_run(0) {
            Some(_) => Reading::from_level(power_to_db(self.threshold)),
            None => Reading::BelowGate,
        }
    }

    /// Level of the noise that was found around a sub-block, dBFS (mean power; full scale = 1);
    /// [`Reading::BelowGate`] where none was found.
    #[must_use]
    pub fn noise_floor_dbfs(&self, sub_block: usize) -> Reading {
        match self.scan().floor(sub_block) {
            Some(floor) => Reading::from_level(power_to_db(floor.level)),
            None => Reading::BelowGate,
        }
    }

    /// Mean power of each sub-block.
    #[must_use]
    pub fn powers(&self) -> &'a [f64] {
        self.powers
    }

    /// The phrases in order of time.
    pub fn phrases(&self) -> impl Iterator<Item = Phrase> + use<'a> {
        let (mut scan, rate_hz) = (self.scan(), self.rate_hz);
        let mut at = 0;
        core::iter::from_fn(move || {
            let phrase = next_phrase(&mut scan, at, rate_hz)?;
            at = phrase.end;
            Some(phrase)
        })
    }

    /// [`dialogue`] of a programme over the phrases of this stem, ungated, of its whole duration.
    ///
    /// # Errors
    /// A programme at another sample rate than the stem.
    pub fn dialogue(&self, programme: SubBlocks<'_>) -> Result<DialogueReadings, Error> {
        dialogue(programme, self, DialogueSetup::default())
    }
}

fn next_phrase(scan: &mut Scan<'_>, from: usize, rate_hz: f64) -> Option<Phrase> {
    let (start, mut end) = scan.run(from, usize::MAX)?;
    while let Some(next) = scan.run(end, end.saturating_add(PAUSE_SUB_BLOCKS)) {
        end = next.1;
    }
    Some(Phrase::of_sub_blocks(start, end, rate_hz))
}

impl SpeechActivity for Activity<'_> {
    fn detector_name(&self) -> &'static str {
        "activity of the dialogue stem: 10 ms frames above -30 dB of its mean active power and above its own noise floor, gaps under 0.4 s merged"
    }

    fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    fn next_run(&self, from: usize) -> Option<Phrase> {
        self.next_run_before(from, usize::MAX)
    }

    fn next_run_before(&self, from: usize, before: usize) -> Option<Phrase> {
        let (start, end) = self.scan().run(from, before)?;
        Some(Phrase::of_sub_blocks(start, end, self.rate_hz))
    }

    fn next_phrase(&self, from: usize) -> Option<Phrase> {
        next_phrase(&mut self.scan(), from, self.rate_hz)
    }
}
