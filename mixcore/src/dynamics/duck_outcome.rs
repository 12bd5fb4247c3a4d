//! How phrases come off under a ducker, planned or live, and the live one's list of them.

use super::ducker_params::DuckerParams;
use crate::audio::Store;
use crate::loudness::Phrase;
use crate::units::{Reading, power_to_db};

/// Fewest sub-blocks of speech that make a phrase, 0.2 s: what a separation is read from.
pub(super) const LEAST_SPEECH: usize = 20;
/// A separation is judged to a tenth, as loudness is: below this it rounds to less than the target, LU.
const TENTH_LU: f64 = 0.05;

/// How a phrase came off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DuckOutcome {
    /// It stands at or above the target as it is.
    #[default]
    NoneNeeded,
    /// It has its target, to the tenth of a LU.
    Met,
    /// It needs more than the largest reduction: this needs a remix here.
    DepthCap,
    /// The dry share of the mix lets too much through.
    DryMix,
    /// Its mean need lies within the largest reduction, and it is short all the same (live alone): part
    /// of it had left before the rest was known and depth and slews did not allow to make up for that, or
    /// the channels that stay are too loud alone. A longer look-ahead helps the former, or a plan.
    Late,
    /// Dialogue or background is silent under it: nothing to compare.
    Silent,
    /// Less than 0.2 s of speech, or a breath: it moves nothing.
    NoSpeech,
}

impl DuckOutcome {
    /// Whether the target is missed: dialogue is buried there.
    #[must_use]
    pub fn is_unmet(self) -> bool {
        matches!(self, Self::DepthCap | Self::DryMix | Self::Late)
    }

    /// The verdict on a phrase with speech.
    pub(super) fn judge(before: Reading, after: Reading, params: &DuckerParams) -> Self {
        let (Reading::Value(before), Reading::Value(after)) = (before, after) else {
            return Self::Silent;
        };
        let needed = params.target_lu - before;
        if needed <= 0.0 {
            Self::NoneNeeded
        } else if needed > params.max_depth_db {
            Self::DepthCap
        } else if after >= params.target_lu - TENTH_LU {
            Self::Met
        } else if params.mix_percent < 100.0 {
            Self::DryMix
        } else {
            Self::Late
        }
    }
}

/// One phrase under a ducker.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct DuckedPhrase {
    /// Where it is, without breaths at its ends.
    pub phrase: Phrase,
    /// Speech over background as it is, LU.
    pub before_lu: Reading,
    /// Speech over background with the gain, LU.
    pub after_lu: Reading,
    /// Reduction that the target needs, dB ≥ 0.
    pub needed_db: f64,
    /// Least reduction inside the phrase, dB, without the mix.
    pub depth_db: f64,
    /// How it came off.
    pub outcome: DuckOutcome,
}

impl Default for DuckedPhrase {
    fn default() -> Self {
        Self {
            phrase: Phrase { start: 0, end: 0, start_frame: 0, end_frame: 0 },
            before_lu: Reading::NotApplicable,
            after_lu: Reading::NotApplicable,
            needed_db: 0.0,
            depth_db: 0.0,
            outcome: DuckOutcome::NoneNeeded,
        }
    }
}

impl DuckedPhrase {
    /// Separation beyond what the target asks for, LU: by how much it is ducked too far. 0 or less
    /// where the target is not exceeded; none for a phrase that needs nothing.
    #[must_use]
    pub fn excess_lu(&self, params: &DuckerParams) -> Reading {
        if self.needed_db > 0.0 {
            self.after_lu.map(|lu| lu - params.target_lu)
        } else {
            Reading::NotApplicable
        }
    }
}

/// How many phrases came off how, since the last reset.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct DuckReport {
    /// Phrases that have left, all of those below.
    pub phrases: u64,
    /// Those that needed nothing.
    pub none_needed: u64,
    /// Those that have their target.
    pub met: u64,
    /// Those that need more than the largest reduction.
    pub depth_cap: u64,
    /// Those for which the dry share is too large.
    pub dry_mix: u64,
    /// Those whose need came too late.
    pub late: u64,
    /// Those with nothing to compare.
    pub silent: u64,
    /// Those that are too short.
    pub no_speech: u64,
    /// Phrases that are counted here and that the list had no room for.
    pub unlisted: u64,
    /// Mean excess over the needed reduction, over those that have their target, LU.
    pub mean_excess_lu: Reading,
}

/// Counts of phrases that have left.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    by_outcome: [u64; 7],
    unlisted: u64,
    excess_lu: f64,
}

/// Sums over sub-blocks that count: key, background as it came and as it left; how many; and the least
/// reduction of all.
#[derive(Clone, Copy, Debug)]
struct Sums {
    key: f64,
    before: f64,
    after: f64,
    count: usize,
    least_db: f64,
}

impl Sums {
    const NONE: Self =
        Self { key: 0.0, before: 0.0, after: 0.0, count: 0, least_db: f64::INFINITY };

    fn and(self, other: Self) -> Self {
        Self {
            key: self.key + other.key,
            before: self.before + other.before,
            after: self.after + other.after,
            count: self.count + other.count,
            least_db: self.least_db.min(other.least_db),
        }
    }
}

/// A sub-block that leaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    pub(super) index: u64,
    /// The phrase that it belongs to, by its first sub-block.
    pub(super) phrase: Option<u64>,
    pub(super) strong: bool,
    pub(super) counts: bool,
    /// Powers of key and background, and of the background with its gain.
    pub(super) key: f64,
    pub(super) before: f64,
    pub(super) after: f64,
    /// The lesser of the reductions at its two ends, dB.
    pub(super) least_db: f64,
}

/// A phrase that is leaving.
#[derive(Clone, Copy, Debug)]
struct Leaving {
    id: u64,
    start: u64,
    /// After its last strong sub-block; the sums up to there, and those beyond.
    end: u64,
    inside: Sums,
    beyond: Sums,
}

/// The phrases that have left.
#[derive(Debug)]
pub(super) struct PhraseLog<'a> {
    rate_hz: f64,
    list: Store<'a, DuckedPhrase>,
    listed: usize,
    counts: Counts,
    leaving: Option<Leaving>,
}

impl<'a> PhraseLog<'a> {
    pub(super) fn new(rate_hz: f64, list: Store<'a, DuckedPhrase>) -> Self {
        Self { rate_hz, list, listed: 0, counts: Counts::default(), leaving: None }
    }

    pub(super) fn reset(&mut self) {
        (self.listed, self.counts, self.leaving) = (0, Counts::default(), None);
    }

    /// The next sub-block leaves.
    pub(super) fn leave(&mut self, left: &Left, params: &DuckerParams) {
        if let Some(leaving) = self.leaving
            && left.phrase != Some(leaving.id)
        {
            self.leaving = None;
            self.close(&leaving, params);
        }
        let Some(id) = left.phrase else { return };
        let leaving = self.leaving.get_or_insert(Leaving {
            id,
            start: left.index,
            end: left.index,
            inside: Sums::NONE,
            beyond: Sums::NONE,
        });
        let mut sums = Sums { least_db: left.least_db, ..Sums::NONE };
        if left.counts {
            let Left { key, before, after, .. } = *left;
            sums = Sums { key, before, after, count: 1, ..sums };
        }
        leaving.beyond = leaving.beyond.and(sums);
        if left.strong {
            leaving.inside = leaving.inside.and(leaving.beyond);
            leaving.beyond = Sums::NONE;
            leaving.end = left.index + 1;
        }
    }

    fn found(&self, leaving: &Leaving, params: &DuckerParams) -> DuckedPhrase {
        let [start, end] =
            [leaving.start, leaving.end].map(|at| usize::try_from(at).unwrap_or(usize::MAX));
        let sums = &leaving.inside;
        let over = |under: f64| Reading::from_level(power_to_db(sums.key / under));
        let phrase = Phrase::of_sub_blocks(start, end, self.rate_hz);
        if sums.count < LEAST_SPEECH {
            return DuckedPhrase {
                phrase,
                outcome: DuckOutcome::NoSpeech,
                ..DuckedPhrase::default()
            };
        }
        let (before_lu, after_lu) = (over(sums.before), over(sums.after));
        let outcome = DuckOutcome::judge(before_lu, after_lu, params);
        let needed_db = match before_lu {
            Reading::Value(lu) => (params.target_lu - lu).max(0.0),
            _ => 0.0,
        };
        let depth_db = if sums.least_db.is_finite() { sums.least_db } else { 0.0 };
        DuckedPhrase { phrase, before_lu, after_lu, needed_db, depth_db, outcome }
    }

    fn close(&mut self, leaving: &Leaving, params: &DuckerParams) {
        let found = self.found(leaving, params);
        if let Some(count) = self.counts.by_outcome.get_mut(found.outcome as usize) {
            *count += 1;
        }
        if found.outcome == DuckOutcome::Met
            && let Reading::Value(lu) = found.excess_lu(params)
        {
            self.counts.excess_lu += lu;
        }
        if self.listed == self.list.len() {
            self.counts.unlisted += 1;
            // The oldest that has its target makes room, or the oldest of all.
            let fine = self.list.iter().position(|phrase| !phrase.outcome.is_unmet());
            let Some(rest) = self.list.get_mut(fine.unwrap_or(0)..) else { return };
            if rest.is_empty() {
                return;
            }
            rest.rotate_left(1);
            self.listed -= 1;
        }
        if let Some(slot) = self.list.get_mut(self.listed) {
            *slot = found;
            self.listed += 1;
        }
    }

    /// The phrases that have left, in order of time.
    pub(super) fn phrases(&self) -> &[DuckedPhrase] {
        self.list.get(..self.listed).unwrap_or_default()
    }

    /// The phrase that is leaving, as far as it has.
    pub(super) fn leaving(&self, params: &DuckerParams) -> Option<DuckedPhrase> {
        self.leaving.as_ref().map(|leaving| self.found(leaving, params))
    }

    pub(super) fn report(&self) -> DuckReport {
        let of = |outcome: DuckOutcome| {
            self.counts.by_outcome.get(outcome as usize).copied().unwrap_or(0)
        };
        let met = of(DuckOutcome::Met);
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
        let mean_excess_lu = if met > 0 {
            Reading::Value(self.counts.excess_lu / met as f64)
        } else {
            Reading::NotApplicable
        };
        DuckReport {
            phrases: self.counts.by_outcome.iter().sum(),
            none_needed: of(DuckOutcome::NoneNeeded),
            met,
            depth_cap: of(DuckOutcome::DepthCap),
            dry_mix: of(DuckOutcome::DryMix),
            late: of(DuckOutcome::Late),
            silent: of(DuckOutcome::Silent),
            no_speech: of(DuckOutcome::NoSpeech),
            unlisted: self.counts.unlisted,
            mean_excess_lu,
        }
    }
}
