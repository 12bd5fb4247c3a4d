//! A ducker that has the whole clip before it: one depth for each phrase, exactly what it needs.
//!
//! Where speech is, a [`SpeechActivity`] says. With E the K-weighted energies of the sub-blocks of
//! 10 ms, summed over what is speech in a phrase p:
//!
//! > need_p = target − 10 log10(Σ E_dialogue / Σ E_background)
//! > depth_p = min(max(need_p, 0), max_depth)
//! > reduction(t) = max over p of max(depth_p − attack·(start_p − lead − t), depth_p − release·(t −
//! > end_p − hold), 0), depth_p itself from start_p − lead to end_p + hold
//!
//! This is the least reduction that is deep enough in every phrase and never moves faster than the
//! slews: straight in decibels on its way down, through pauses, and up. It is down when a phrase begins,
//! so the phrase has its target; where a phrase needs less than a neighbour that is too close, it gets
//! more than it needs, and the plan says so. A phrase that needs nothing moves nothing. A run of speech
//! more than `gate_lu` below the mean of all speech is a breath (or another room): runs like that at
//! the ends of a phrase do not belong to it, and alone they move nothing. With a mix below 100 % the
//! curve is that of the share, and phrases that stay short for it are told.
//!
//! Sources: separation and presets as in [`super::DuckerParams`]; energy inside speech as in
//! [`crate::loudness::speech_over_background`]; hold, slews and depth as editors ride them (knowledge
//! of the trade: 0.2 to 0.4 s down, 0.8 to 3 s up, 0.5 to 1.5 s hold).
//! Cost: a few passes over the histories. Latency: it needs the whole clip;
//! [`super::Ducker`] is the form for live use.
//! Limits: sub-blocks of 10 ms; points of the curve lie on their grid.

#[cfg(feature = "alloc")]
use super::curve_points::lane;
use super::curve_points::{at_or_last, bends};
use super::duck_outcome::{DuckOutcome, DuckedPhrase, LEAST_SPEECH};
use super::ducker_params::DuckerParams;
use super::ducker_state::LEAD;
use super::reduction::mixed_db;
use crate::audio::Store;
use crate::error::Error;
#[cfg(feature = "alloc")]
use crate::level::AutomationLane;
use crate::level::Breakpoint;
use crate::loudness::{
    Phrase, SUB_BLOCKS_PER_S, SpeechActivity, SubBlocks, phrases, speech_over_background,
    speech_runs,
};
use crate::units::{Reading, db_to_power, power_to_db};

/// What a ducker does to a whole clip: phrases, curve and automation.
///
/// # Example
/// ```
/// use mixcore::dynamics::{DuckOutcome, DuckPlan, DuckerParams};
/// use mixcore::loudness::{Region, SpeechRegions, SubBlocks};
/// // Music 4 LU below a voice that speaks from 2 to 4 s.
/// let (mut voice, music) = ([0.0; 800], [1.0; 800]);
/// voice[200..400].fill(2.512);
/// let (voice, music) = (SubBlocks::new(&voice, 48_000.0)?, SubBlocks::new(&music, 48_000.0)?);
/// let mut list = [Region { start_frame: 96_000, end_frame: 192_000 }];
/// let speech = SpeechRegions::new_in(&mut list, 48_000.0)?;
/// let plan = DuckPlan::new(voice, music, &speech, DuckerParams::default())?;
/// let phrase = plan.phrases()[0];
/// assert_eq!(phrase.outcome, DuckOutcome::Met);
/// assert!((phrase.needed_db - 6.0).abs() < 0.01 && (plan.reduction_db(300) - 6.0).abs() < 0.01);
/// // 0 dB again after 0.8 s of hold and 0.75 s of release.
/// assert_eq!(plan.reduction_db(556), 0.0);
/// let lane = plan.lane()?; // for mixcore::level::AutomatedGain
/// assert!(lane.automation().points().len() < 8); // only where it bends
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct DuckPlan<'a> {
    rate_hz: f64,
    params: DuckerParams,
    /// Reduction at the start of every sub-block and at the end of the last, dB.
    curve: Store<'a, f64>,
    phrases: Store<'a, DuckedPhrase>,
    count: usize,
}

#[cfg(feature = "alloc")]
impl DuckPlan<'static> {
    /// A plan in memory of its own.
    ///
    /// # Errors
    /// A parameter outside its bounds, or stems and a detector at different sample rates.
    pub fn new(
        dialogue: SubBlocks<'_>,
        background: SubBlocks<'_>,
        speech: &dyn SpeechActivity,
        params: DuckerParams,
    ) -> Result<Self, Error> {
        let curve = Store::owned(Self::required_len(background), 0.0);
        let phrases = Store::owned(phrases(speech).count(), DuckedPhrase::default());
        Self::over(dialogue, background, speech, params, curve, phrases)
    }
}

#[cfg(feature = "alloc")]
impl DuckPlan<'_> {
    /// The curve as an automation lane.
    ///
    /// # Errors
    /// None that a plan can cause.
    pub fn lane(&self) -> Result<AutomationLane<'static>, Error> {
        lane(self.breakpoints())
    }
}

impl<'a> DuckPlan<'a> {
    /// Numbers that [`DuckPlan::new_in`] needs.
    #[must_use]
    pub fn required_len(background: SubBlocks<'_>) -> usize {
        background.len() + 1
    }

    /// A plan in lent memory: [`DuckPlan::required_len`] numbers, and one phrase for each that the
    /// detector finds.
    ///
    /// # Errors
    /// A parameter outside its bounds, stems and a detector at different sample rates, or too little
    /// memory.
    pub fn new_in(
        dialogue: SubBlocks<'_>,
        background: SubBlocks<'_>,
        speech: &dyn SpeechActivity,
        params: DuckerParams,
        curve: &'a mut [f64],
        found: &'a mut [DuckedPhrase],
    ) -> Result<Self, Error> {
        let curve = Store::lent("duck curve", curve, Self::required_len(background), 0.0)?;
        let count = phrases(speech).count();
        let found = Store::lent("ducked phrase", found, count, DuckedPhrase::default())?;
        Self::over(dialogue, background, speech, params, curve, found)
    }

    fn over(
        dialogue: SubBlocks<'_>,
        background: SubBlocks<'_>,
        speech: &dyn SpeechActivity,
        params: DuckerParams,
        curve: Store<'a, f64>,
        found: Store<'a, DuckedPhrase>,
    ) -> Result<Self, Error> {
        params.validate()?;
        let rate_hz = background.rate_hz();
        let mut plan = Self { rate_hz, params, curve, phrases: found, count: 0 };
        let gate = mean_speech(dialogue, speech) * db_to_power(-params.gate_lu);
        for phrase in phrases(speech) {
            let found = plan.judge(dialogue, background, speech, phrase, gate)?;
            plan.ask(&found);
            if let Some(slot) = plan.phrases.get_mut(plan.count) {
                *slot = found;
                plan.count += 1;
            }
        }
        plan.limit_slews();
        let share = params.mix_percent * 1e-2;
        let Self { curve, phrases, count, .. } = &mut plan;
        for found in phrases.iter_mut().take(*count) {
            let inside = curve.get(found.phrase.start..=found.phrase.end).unwrap_or_default();
            found.depth_db = inside.iter().copied().fold(f64::INFINITY, f64::min);
            if !found.depth_db.is_finite() {
                found.depth_db = 0.0;
            }
        }
        for reduction in curve.iter_mut().filter(|_| share != 1.0) {
            *reduction = 0.0 - mixed_db(0.0 - *reduction, share);
        }
        for found in phrases.iter_mut().take(*count) {
            found.after_lu = after_lu(dialogue, background, speech, &found.phrase, curve);
            if found.outcome == DuckOutcome::Met {
                found.outcome = DuckOutcome::judge(found.before_lu, found.after_lu, &params);
            }
        }
        Ok(plan)
    }

    /// What a phrase needs.
    fn judge(
        &self,
        dialogue: SubBlocks<'_>,
        background: SubBlocks<'_>,
        speech: &dyn SpeechActivity,
        phrase: Phrase,
        gate: f64,
    ) -> Result<DuckedPhrase, Error> {
        let loud = |run: &Phrase| mean_power(dialogue, run).is_some_and(|power| power >= gate);
        let counting = || runs_of(speech, &phrase).filter(loud);
        let none = DuckedPhrase { phrase, outcome: DuckOutcome::NoSpeech, ..Default::default() };
        let (Some(first), Some(last)) = (counting().next(), counting().last()) else {
            return Ok(none);
        };
        if counting().map(|run| run.len()).sum::<usize>() < LEAST_SPEECH {
            return Ok(none);
        }
        let phrase = Phrase::of_sub_blocks(first.start, last.end, self.rate_hz);
        let before_lu = speech_over_background(dialogue, background, speech, &phrase)?.over_lu;
        let (needed_db, outcome) = match before_lu {
            Reading::Value(lu) if lu >= self.params.target_lu => (0.0, DuckOutcome::NoneNeeded),
            Reading::Value(lu) => {
                let needed = self.params.target_lu - lu;
                let capped = needed > self.params.max_depth_db;
                (needed, if capped { DuckOutcome::DepthCap } else { DuckOutcome::Met })
            }
            _ => (0.0, DuckOutcome::Silent),
        };
        Ok(DuckedPhrase { phrase, before_lu, needed_db, outcome, ..Default::default() })
    }

    /// Writes a phrase's depth into the curve, lead and hold included.
    fn ask(&mut self, found: &DuckedPhrase) {
        let depth = found.needed_db.min(self.params.max_depth_db);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 10 s in sub-blocks"
        )]
        let hold = (self.params.hold_ms * 1e-3 * SUB_BLOCKS_PER_S) as usize;
        let start = found.phrase.start.saturating_sub(LEAD);
        let end = (found.phrase.end + hold + 1).min(self.curve.len());
        for slot in self.curve.get_mut(start..end).unwrap_or_default() {
            *slot = slot.max(depth);
        }
    }

    /// Raises the reduction until it moves no faster than the slews.
    fn limit_slews(&mut self) {
        let (attack, release) = (
            self.params.attack_db_per_s / SUB_BLOCKS_PER_S,
            self.params.release_db_per_s / SUB_BLOCKS_PER_S,
        );
        let mut last = 0.0_f64;
        for slot in self.curve.iter_mut() {
            last = slot.max(last - release);
            *slot = last;
        }
        let mut next = 0.0_f64;
        for slot in self.curve.iter_mut().rev() {
            next = slot.max(next - attack);
            *slot = next;
        }
    }

    /// The parameters.
    #[must_use]
    pub fn params(&self) -> DuckerParams {
        self.params
    }

    /// The phrases that the detector found, in order of time.
    #[must_use]
    pub fn phrases(&self) -> &[DuckedPhrase] {
        self.phrases.get(..self.count).unwrap_or_default()
    }

    /// The phrases that do not have their target, with the reason: dialogue is buried there.
    pub fn buried(&self) -> impl Iterator<Item = &DuckedPhrase> {
        self.phrases().iter().filter(|found| found.outcome.is_unmet())
    }

    /// Reduction at the start of sub-block `index`, dB ≥ 0; that at the end for all beyond it.
    #[must_use]
    pub fn reduction_db(&self, index: usize) -> f64 {
        at_or_last(&self.curve, index)
    }

    /// Mean excess over the needed reduction, over the phrases that need one and get it, LU.
    #[must_use]
    pub fn mean_excess_lu(&self) -> Reading {
        let (mut sum, mut count) = (0.0, 0.0);
        for found in self.phrases() {
            if let (DuckOutcome::Met, Reading::Value(lu)) =
                (found.outcome, found.excess_lu(&self.params))
            {
                sum += lu;
                count += 1.0;
            }
        }
        if count > 0.0 { Reading::Value(sum / count) } else { Reading::NotApplicable }
    }

    /// The gain as points of an automation, straight in decibels between them: only where it bends.
    pub fn breakpoints(&self) -> impl Iterator<Item = Breakpoint> + '_ {
        bends(&self.curve, -1.0, self.rate_hz)
    }
}

/// The runs of speech in a phrase.
fn runs_of(speech: &dyn SpeechActivity, phrase: &Phrase) -> impl Iterator<Item = Phrase> {
    let (mut at, end) = (phrase.start, phrase.end);
    core::iter::from_fn(move || {
        let run = speech.next_run_before(at, end).filter(|run| run.end > at)?;
        at = run.end;
        Some(run)
    })
}

/// Sum of energies over a run, and its frames.
fn energy(stem: SubBlocks<'_>, run: &Phrase) -> (f64, u64) {
    let part = stem.range(run.start, run.end);
    (part.energies().iter().sum(), part.frames())
}

fn mean_power(stem: SubBlocks<'_>, run: &Phrase) -> Option<f64> {
    let (energy, frames) = energy(stem, run);
    #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
    (frames > 0).then(|| energy / frames as f64)
}

/// Mean K-weighted power of all speech.
fn mean_speech(dialogue: SubBlocks<'_>, speech: &dyn SpeechActivity) -> f64 {
    let (mut sum, mut frames) = (0.0, 0);
    for run in speech_runs(speech) {
        let part = energy(dialogue, &run);
        sum += part.0;
        frames += part.1;
    }
    #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
    {
        sum / frames.max(1) as f64
    }
}

/// Speech over background inside a phrase with the curve applied, LU.
fn after_lu(
    dialogue: SubBlocks<'_>,
    background: SubBlocks<'_>,
    speech: &dyn SpeechActivity,
    phrase: &Phrase,
    curve: &[f64],
) -> Reading {
    let (mut over, mut under) = (0.0, 0.0);
    for run in runs_of(speech, phrase) {
        let run = Phrase { end: run.end.min(phrase.end), ..run };
        over += energy(dialogue, &run).0;
        let energies = background.range(run.start, run.end);
        let curve = curve.get(run.start..).unwrap_or_default();
        for (energy, pair) in energies.energies().iter().zip(curve.windows(2)) {
            under += energy * db_to_power(-0.5 * (pair[0] + pair[1]));
        }
    }
    Reading::from_level(power_to_db(over / under))
}
