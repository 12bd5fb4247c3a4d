//! How far the dialogue stands above a background: per phrase, and over time.
//!
//! Two answers, for two questions:
//!
//! > [`separation`]: gated loudness of the dialogue minus that of the background, both over the whole
//! >   phrase, pauses included: what a person measures who solos one stem and then the other
//! > [`speech_over_background`]: 10 log10(Σ energy of the dialogue / Σ energy of the background) over
//! >   the runs of speech alone: what is under the words
//!
//! Music that is loud in the pauses (a ducked bed that comes up) counts in the first, and rightly not
//! in the second, where the listener's ear is on a word. The curve is the second in a window that
//! moves by 100 ms.
//!
//! Sources: `separation`: the definition that the shipped cue's `truth.json` states, loudness by
//! BS.1770-5, Annex 1. Short-term speech over background on speech-active windows: M. Torcoli et al.,
//! arXiv 2405.17364 (there with windows of 3 s); energies inside speech alone are our choice.
//! Cost: a pass over the phrase and over the run that its end may cut; for the curve one pass over the
//! runs, and over a window for each point.

use super::super::gating::{
    HOP_SUB_BLOCKS, MOMENTARY_SUB_BLOCKS, SHORT_TERM_SUB_BLOCKS, SubBlocks,
};
use super::readings::check_rate;
use super::speech_activity::{Detector, Phrase, SpeechActivity, runs_inside, speech_runs};
use crate::error::Error;
use crate::units::{Reading, power_to_db};

/// Speech that a window holds at least, sub-blocks: 0.2 s, a syllable (and the hangover of ITU-T
/// P.56, which bridges no longer pause).
const LEAST_SPEECH: usize = 20;

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

/// How far the speech stands above what is under it, and what found it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SpeechOverBackground {
    /// What decided where there is speech.
    pub detector: Detector,
    /// Speech over background, LU.
    pub over_lu: Reading,
}

/// How far the speech stands above what is under it over a phrase: energy inside speech alone.
///
/// The background counts where there is speech and nowhere else. [`Reading::TooShort`] for under
/// 0.2 s of speech, [`Reading::BelowGate`] where either stem is silent there.
///
/// # Errors
/// Stems or a detector at different sample rates.
///
/// # Example
/// ```
/// use mixcore::loudness::{
///     Phrase, Region, SpeechRegions, SubBlocks, separation, speech_over_background,
/// };
/// // A word of 0.5 s in 1 s; the music is ducked by 12 dB under it.
/// let mut dialogue = [0.0; 100];
/// dialogue[..50].fill(48.0);
/// let mut music = [48.0; 100];
/// music[..50].fill(3.0);
/// let (dialogue, music) =
///     (SubBlocks::new(&dialogue, 48_000.0)?, SubBlocks::new(&music, 48_000.0)?);
/// let phrase = Phrase::of_sub_blocks(0, 100, 48_000.0);
/// let mut word = [Region { start_frame: 0, end_frame: 24_000 }];
/// let speech = SpeechRegions::new_in(&mut word, 48_000.0)?;
/// let under_it = speech_over_background(dialogue, music, &speech, &phrase)?;
/// assert!((under_it.over_lu.value().unwrap() - 12.04).abs() < 0.01);
/// // The whole phrase, pause included, is another question: 10 log10(0.7 / 0.53125).
/// assert!((separation(dialogue, music, &phrase).value().unwrap() - 1.2).abs() < 0.01);
/// # Ok::<(), mixcore::Error>(())
/// ```
pub fn speech_over_background(
    dialogue: SubBlocks<'_>,
    background: SubBlocks<'_>,
    speech: &dyn SpeechActivity,
    phrase: &Phrase,
) -> Result<SpeechOverBackground, Error> {
    check_rate(dialogue, speech)?;
    check_rate(background, speech)?;
    let end = phrase.end.min(dialogue.len()).min(background.len());
    let mut sums = Sums::default();
    for run in runs_inside(speech, phrase.start, end) {
        sums.add(dialogue, background, run.start, run.end);
    }
    Ok(SpeechOverBackground { detector: speech.detector(), over_lu: sums.over_lu(dialogue) })
}

/// Length of the window of a [`separation_curve`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SeparationWindow {
    /// 0.4 s: word by word.
    Momentary,
    /// 3 s: what the audibility of a line is judged by.
    #[default]
    ShortTerm,
}

impl SeparationWindow {
    const fn sub_blocks(self) -> usize {
        match self {
            Self::Momentary => MOMENTARY_SUB_BLOCKS,
            Self::ShortTerm => SHORT_TERM_SUB_BLOCKS,
        }
    }
}

/// One point of a [`separation_curve`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SeparationPoint {
    /// What decided where there is speech.
    pub detector: Detector,
    /// Frame at which the window ends (exclusive).
    pub end_frame: u64,
    /// Speech over background, LU: [`Reading::NotApplicable`] where the window holds less than 0.2 s
    /// of speech, [`Reading::BelowGate`] where either stem is silent while there is speech.
    pub over_lu: Reading,
    /// Speech in the window, percent of its length (of what there is of it at the start).
    pub speech_percent: f64,
}

/// Speech over background in a window that ends every 100 ms.
///
/// The first point is at 0.1 s: at the start a window is as long as there is material.
///
/// # Errors
/// Stems or a detector at different sample rates.
pub fn separation_curve<'a>(
    dialogue: SubBlocks<'a>,
    background: SubBlocks<'a>,
    speech: &'a dyn SpeechActivity,
    window: SeparationWindow,
) -> Result<impl Iterator<Item = SeparationPoint> + 'a, Error> {
    check_rate(dialogue, speech)?;
    check_rate(background, speech)?;
    let ends = (HOP_SUB_BLOCKS..=dialogue.len().min(background.len())).step_by(HOP_SUB_BLOCKS);
    let mut spoken = Spoken::new(speech_runs(speech));
    Ok(ends.map(move |end| {
        spoken.go_to(end);
        let start = end.saturating_sub(window.sub_blocks());
        let mut sums = Sums::default();
        for at in (start..end).filter(|&at| spoken.at(at)) {
            sums.add(dialogue, background, at, at + 1);
        }
        #[expect(clippy::cast_precision_loss, reason = "a window's length")]
        let speech_percent = 100.0 * sums.sub_blocks as f64 / (end - start) as f64;
        let over_lu = match sums.over_lu(dialogue) {
            Reading::TooShort { .. } => Reading::NotApplicable,
            other => other,
        };
        let end_frame = dialogue.start_frame(end);
        SeparationPoint { detector: speech.detector(), end_frame, over_lu, speech_percent }
    }))
}

/// Which of the last 3 s of sub-blocks hold speech, as time goes on.
struct Spoken<I> {
    runs: I,
    run: Option<Phrase>,
    end: usize,
    flags: [bool; SHORT_TERM_SUB_BLOCKS],
}

impl<I: Iterator<Item = Phrase>> Spoken<I> {
    fn new(mut runs: I) -> Self {
        let run = runs.next();
        Self { runs, run, end: 0, flags: [false; SHORT_TERM_SUB_BLOCKS] }
    }

    /// Goes on to the sub-block before `end`.
    fn go_to(&mut self, end: usize) {
        for at in self.end..end {
            while self.run.is_some_and(|run| run.end <= at) {
                self.run = self.runs.next();
            }
            self.flags[at % SHORT_TERM_SUB_BLOCKS] = self.run.is_some_and(|run| run.start <= at);
        }
        self.end = end;
    }

    fn at(&self, sub_block: usize) -> bool {
        self.flags[sub_block % SHORT_TERM_SUB_BLOCKS]
    }
}

/// Energies inside speech.
#[derive(Default)]
struct Sums {
    /// Sub-blocks with speech.
    sub_blocks: usize,
    over: f64,
    under: f64,
}

impl Sums {
    fn add(
        &mut self,
        dialogue: SubBlocks<'_>,
        background: SubBlocks<'_>,
        start: usize,
        end: usize,
    ) {
        let energy = |stem: SubBlocks<'_>| stem.range(start, end).energies().iter().sum::<f64>();
        self.sub_blocks += end - start;
        self.over += energy(dialogue);
        self.under += energy(background);
    }

    fn over_lu(&self, dialogue: SubBlocks<'_>) -> Reading {
        if self.sub_blocks < LEAST_SPEECH {
            return dialogue.range(0, self.sub_blocks).too_short(LEAST_SPEECH);
        }
        // Silence over or under a word has no ratio.
        Reading::from_level(power_to_db(self.over / self.under))
    }
}

#[cfg(test)]
mod tests {
    use super::super::regions::{Region, SpeechRegions};
    use super::*;

    #[test]
    fn the_curve_says_where_it_holds() {
        // Speech from 0.5 to 1.0 s, twice as strong as the music.
        let (dialogue, music) = ([2.0; 200], [1.0; 200]);
        let dialogue = SubBlocks::new(&dialogue, 48e3).unwrap();
        let music = SubBlocks::new(&music, 48e3).unwrap();
        let mut list = [Region { start_frame: 24_000, end_frame: 48_000 }];
        let speech = SpeechRegions::new_in(&mut list, 48e3).unwrap();
        let curve = |window| separation_curve(dialogue, music, &speech, window).unwrap();
        // Windows that end at 0.6 s hold 0.1 s of speech, those at 0.7 s to 1.2 s at least 0.2 s.
        for (n, point) in curve(SeparationWindow::Momentary).enumerate() {
            let tenths = n + 1;
            assert_eq!(point.end_frame, tenths as u64 * 4800);
            if (7..=12).contains(&tenths) {
                assert!((point.over_lu.value().unwrap() - 3.0103).abs() < 1e-4);
            } else {
                assert_eq!(point.over_lu, Reading::NotApplicable, "{tenths}");
            }
        }
        let long: usize = curve(SeparationWindow::ShortTerm)
            .filter(|point| point.over_lu.value().is_some())
            .count();
        assert_eq!(long, 20 - 6);
        assert_eq!(curve(SeparationWindow::Momentary).nth(8).unwrap().speech_percent, 100.0);
        // A window that starts short holds what it holds: 0.1 of 0.6 s, 0.5 of 1 s, 0.5 of 2 s.
        for (tenths, percent) in [(6, 100.0 / 6.0), (10, 50.0), (20, 25.0)] {
            let point = curve(SeparationWindow::ShortTerm).nth(tenths - 1).unwrap();
            assert!((point.speech_percent - percent).abs() < 1e-12, "{}", point.speech_percent);
        }
    }

    /// 0.3 s of speech every 10 s; counts how often it is asked.
    struct Counting(core::cell::Cell<usize>);

    impl SpeechActivity for Counting {
        fn detector_name(&self) -> &'static str {
            "a count"
        }
        fn rate_hz(&self) -> f64 {
            48e3
        }
        fn next_run(&self, from: usize) -> Option<Phrase> {
            self.0.set(self.0.get() + 1);
            let start = from.next_multiple_of(1000);
            Some(Phrase::of_sub_blocks(start, start + 30, 48e3))
        }
    }

    #[test]
    fn the_curve_asks_once_for_each_run() {
        let energies = [1.0; 12_000];
        let stem = SubBlocks::new(&energies, 48e3).unwrap();
        let speech = Counting(core::cell::Cell::new(0));
        let points = separation_curve(stem, stem, &speech, SeparationWindow::ShortTerm).unwrap();
        // Each run is seen by the windows that end from 0.2 s to 3.1 s after its start.
        assert_eq!(points.filter(|point| point.over_lu == Reading::Value(0.0)).count(), 12 * 30);
        assert_eq!(speech.0.get(), 12 + 1);
    }

    #[test]
    fn silence_and_a_short_word_have_no_ratio() {
        let (dialogue, silence) = ([2.0; 100], [0.0; 100]);
        let dialogue = SubBlocks::new(&dialogue, 48e3).unwrap();
        let silence = SubBlocks::new(&silence, 48e3).unwrap();
        let mut list = [Region { start_frame: 0, end_frame: 24_000 }];
        let speech = SpeechRegions::new_in(&mut list, 48e3).unwrap();
        let read = |a, b, end| {
            let phrase = Phrase::of_sub_blocks(0, end, 48e3);
            speech_over_background(a, b, &speech, &phrase).unwrap().over_lu
        };
        for (a, b) in [(dialogue, silence), (silence, dialogue), (silence, silence)] {
            assert_eq!(read(a, b, 50), Reading::BelowGate);
        }
        assert_eq!(read(dialogue, dialogue, 20), Reading::Value(0.0));
        assert_eq!(read(dialogue, dialogue, 19), Reading::TooShort { have_s: 0.19, need_s: 0.2 });
        let other_rate = SubBlocks::new(&[1.0; 100], 44.1e3).unwrap();
        let phrase = Phrase::of_sub_blocks(0, 50, 48e3);
        assert!(speech_over_background(dialogue, other_rate, &speech, &phrase).is_err());
    }
}
