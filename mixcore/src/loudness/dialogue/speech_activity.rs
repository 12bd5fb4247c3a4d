//! Where there is speech: the one question that every detector answers.
//!
//! > run: sub-blocks (10 ms) without a break in which there is speech
//! > phrase: runs with the pauses between them, as long as those are shorter than the detector
//! > bridges (0.4 s for detectors that look at the sound)
//!
//! Everything inside a phrase counts as dialogue, short pauses included, as they do in a listener's
//! ear (and in the 0.2 s hangover of ITU-T P.56). Where energy inside speech alone is asked for, it
//! is that of the runs.
//!
//! Source of the pause: the definition that the shipped cue's `truth.json` states.

use core::fmt;

use super::super::gating::sub_block_start;

/// Pauses shorter than this many sub-blocks are part of a phrase: 0.4 s (`truth.json`, "measure").
pub(super) const PAUSE_SUB_BLOCKS: usize = 40;

/// What every detector of this library is not; reports print it beside the detector's name.
pub const DETECTOR_STATEMENT: &str = "not the licensed speech gate that some platforms use (Dolby Dialogue Intelligence); readings near a limit may differ";
/// What reports print instead where the caller says that speech was found by that gate.
pub const LICENSED_STATEMENT: &str =
    "by the caller's word the licensed speech gate that some platforms use";

/// What decided where there is speech: every reading of dialogue carries it.
///
/// # Example
/// ```
/// use mixcore::loudness::{Region, SpeechActivity, SpeechRegions};
/// let mut list = [Region { start_frame: 0, end_frame: 48_000 }];
/// let speech = SpeechRegions::new_in(&mut list, 48_000.0)?;
/// assert!(speech.detector().statement().starts_with("not the licensed"));
/// // Regions that a licensed meter wrote.
/// let speech = speech.of_licensed_gate();
/// assert!(speech.detector().is_licensed);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Detector {
    /// Its name, in words for a report.
    pub name: &'static str,
    /// It is the licensed speech gate that some platforms use; only a caller can say so.
    pub is_licensed: bool,
}

impl Detector {
    /// A detector that is not the licensed gate.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, is_licensed: false }
    }

    /// Whether it is the licensed gate, in words for a report.
    #[must_use]
    pub const fn statement(self) -> &'static str {
        if self.is_licensed { LICENSED_STATEMENT } else { DETECTOR_STATEMENT }
    }
}

impl fmt::Display for Detector {
    /// The name and the statement.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.statement())
    }
}

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

impl Phrase {
    /// The stretch of sub-blocks `start..end` at a sample rate.
    #[must_use]
    pub fn of_sub_blocks(start: usize, end: usize, rate_hz: f64) -> Self {
        let frame = |index| sub_block_start(index, rate_hz);
        Self { start, end, start_frame: frame(start), end_frame: frame(end) }
    }

    /// Number of sub-blocks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// No sub-block at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Says where there is speech, in sub-blocks of 10 ms from the start of the programme.
///
/// A detector of one's own needs a name, its rate and [`next_run`](Self::next_run): the runs in
/// order, each of at least one sub-block. [`phrases`] and [`speech_runs`] walk through them.
///
/// # Example
/// ```
/// use mixcore::loudness::{Phrase, SpeechActivity, phrases};
///
/// /// Speech for 0.5 s of every second.
/// struct Clock;
/// impl SpeechActivity for Clock {
///     fn detector_name(&self) -> &'static str {
///         "a clock"
///     }
///     fn rate_hz(&self) -> f64 {
///         48_000.0
///     }
///     fn next_run(&self, from: usize) -> Option<Phrase> {
///         let start = if from % 100 < 50 { from } else { from.next_multiple_of(100) };
///         Some(Phrase::of_sub_blocks(start, start / 100 * 100 + 50, 48_000.0))
///     }
/// }
/// let second = phrases(&Clock).nth(1).unwrap();
/// assert_eq!((second.start_frame, second.end_frame), (48_000, 72_000));
/// ```
pub trait SpeechActivity {
    /// What decides, in words for a report.
    fn detector_name(&self) -> &'static str;

    /// It is the licensed speech gate that some platforms use: no, unless the detector says so.
    fn is_licensed(&self) -> bool {
        false
    }

    /// What a reading says of the detector.
    fn detector(&self) -> Detector {
        Detector { name: self.detector_name(), is_licensed: self.is_licensed() }
    }

    /// Sample rate of the programme, Hz.
    fn rate_hz(&self) -> f64;

    /// The first run of speech at or after sub-block `from`.
    ///
    /// If there is speech at `from` itself, the run begins there.
    fn next_run(&self, from: usize) -> Option<Phrase>;

    /// The first run at or after `from` that begins before sub-block `before`.
    ///
    /// A detector that looks at the sound need not look further than that.
    fn next_run_before(&self, from: usize, before: usize) -> Option<Phrase> {
        self.next_run(from).filter(|run| run.start < before)
    }

    /// Pauses of fewer sub-blocks than this are part of a phrase: 40 (0.4 s) unless the detector
    /// says otherwise.
    fn bridged_sub_blocks(&self) -> usize {
        PAUSE_SUB_BLOCKS
    }

    /// The first phrase at or after sub-block `from`: runs and the short pauses between them.
    fn next_phrase(&self, from: usize) -> Option<Phrase> {
        let mut phrase = self.next_run(from)?;
        let reach = |end: usize| end.saturating_add(self.bridged_sub_blocks());
        while let Some(next) = self.next_run_before(phrase.end, reach(phrase.end)) {
            // A run that does not go on is a broken detector's: it ends the phrase.
            if next.end <= phrase.end {
                break;
            }
            phrase = Phrase { end: next.end, end_frame: next.end_frame, ..phrase };
        }
        Some(phrase)
    }
}

/// The phrases in order of time.
pub fn phrases(speech: &dyn SpeechActivity) -> impl Iterator<Item = Phrase> + Clone + '_ {
    walk(move |from| speech.next_phrase(from))
}

/// The runs of speech in order of time: phrases without their pauses.
pub fn speech_runs(speech: &dyn SpeechActivity) -> impl Iterator<Item = Phrase> + Clone + '_ {
    walk(move |from| speech.next_run(from))
}

/// The runs of speech inside a stretch, cut to it.
pub(super) fn runs_inside(
    speech: &dyn SpeechActivity,
    start: usize,
    end: usize,
) -> impl Iterator<Item = Phrase> + '_ {
    let rate_hz = speech.rate_hz();
    let mut at = start;
    core::iter::from_fn(move || {
        let run = speech.next_run_before(at, end).filter(|run| run.end > at)?;
        at = run.end;
        Some(Phrase::of_sub_blocks(run.start.max(start), run.end.min(end), rate_hz))
    })
}

/// One stretch after the other, until one does not go on.
fn walk(next: impl Fn(usize) -> Option<Phrase> + Clone) -> impl Iterator<Item = Phrase> + Clone {
    let mut at = 0;
    core::iter::from_fn(move || {
        let phrase = next(at).filter(|phrase| phrase.end > at)?;
        at = phrase.end;
        Some(phrase)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs in sub-blocks; the last one again and again.
    struct Listed(&'static [(usize, usize)], usize);

    impl SpeechActivity for Listed {
        fn detector_name(&self) -> &'static str {
            "a list"
        }
        fn rate_hz(&self) -> f64 {
            48e3
        }
        fn next_run(&self, from: usize) -> Option<Phrase> {
            let &(start, end) = self.0.iter().find(|run| run.1 > from).or(self.0.last())?;
            Some(Phrase::of_sub_blocks(start, end, 48e3))
        }
        fn bridged_sub_blocks(&self) -> usize {
            self.1
        }
    }

    #[test]
    fn pauses_shorter_than_bridged_are_part_of_a_phrase_and_a_stuck_detector_ends() {
        let list = Listed(&[(0, 5), (9, 12), (17, 30)], 5);
        let found = |list: &Listed| -> [Option<(usize, usize)>; 4] {
            let mut walk = phrases(list).map(|phrase| (phrase.start, phrase.end));
            core::array::from_fn(|_| walk.next())
        };
        assert_eq!(found(&list), [Some((0, 12)), Some((17, 30)), None, None]);
        assert_eq!(found(&Listed(list.0, 0))[2], Some((17, 30)));
        assert_eq!(speech_runs(&list).count(), 3);
        let inside: usize = runs_inside(&list, 4, 20).map(|run| run.len()).sum();
        assert_eq!(inside, 1 + 3 + 3);
    }
}
