//! What the live ducker knows of the sub-blocks of its look-ahead, and the reduction that follows.
//!
//! The rules are in the module doc of [`super::ducker`].

use super::duck_outcome::{Left, PhraseLog};
use super::ducker_params::DuckerParams;
use super::reduction::mixed_db;
use super::speech_watch::{Heard, SpeechWatch};
use crate::audio::Store;
use crate::loudness::SUB_BLOCKS_PER_S;
use crate::units::{db_to_power, power_to_db};

/// Sub-blocks that are reckoned with beyond those that are known, 1 s: longer than a word.
const HORIZON: f64 = 100.0;
/// The voice in them over its mean in the phrase so far, as a power ratio: 4 dB below, as a line falls
/// off towards its end. Chosen on the shipped cue and on other voices and sounds (part "tune" of
/// `tests/all/data/duck`), in whole decibels, as the least with which no phrase ends short of its target
/// but those that the largest depth stops; measured on others, which had been run once at 3 dB
/// (`tests/all/duck_held_out.rs`).
const FALL_OFF: f64 = 0.4;
/// Sub-blocks before a phrase at which the gain is down, live and in a plan, 50 ms: the memory of the
/// K-weighting's high-pass (38 Hz, Q 0.5: 1/e in 4 ms) does not carry the music of before into the phrase.
pub(super) const LEAD: usize = 5;

/// One sub-block: mean powers, and what was made of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entry {
    /// K-weighted power of the key.
    key: f64,
    /// K-weighted power of the background that goes down.
    main: f64,
    /// K-weighted power of the background that stays.
    stays: f64,
    depth: f64,
    counts: bool,
    strong: bool,
    /// First sub-block of the phrase that it belongs to.
    phrase: Option<u64>,
}

/// Numbers of an entry.
const ENTRY: usize = 7;

impl Entry {
    /// A sub-block that was heard.
    pub(super) fn new(key: f64, main: f64, stays: f64) -> Self {
        Self { key, main, stays, ..Self::default() }
    }

    fn write(&self, slot: &mut [f64; ENTRY]) {
        #[expect(clippy::cast_precision_loss, reason = "sub-blocks of years fit into 53 bits")]
        let phrase = self.phrase.map_or(-1.0, |start| start as f64);
        let flags = [self.counts, self.strong].map(f64::from);
        *slot = [self.key, self.main, self.stays, self.depth, flags[0], flags[1], phrase];
    }

    fn read([key, main, stays, depth, counts, strong, phrase]: [f64; ENTRY]) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number, as it was written"
        )]
        let phrase = (phrase >= 0.0).then_some(phrase as u64);
        Self { key, main, stays, depth, counts: counts > 0.0, strong: strong > 0.0, phrase }
    }
}

/// The phrase that is open.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// First sub-block.
    start: u64,
    /// Sums over what counts: key, background that goes down, background that stays, the former as it
    /// left; and how many.
    key: f64,
    main: f64,
    stays: f64,
    left: f64,
    count: f64,
}

impl Open {
    fn new(start: u64) -> Self {
        Self { start, key: 0.0, main: 0.0, stays: 0.0, left: 0.0, count: 0.0 }
    }

    fn add(&mut self, entry: &Entry) {
        if entry.counts {
            self.key += entry.key;
            self.main += entry.main;
            self.stays += entry.stays;
            self.count += 1.0;
        }
    }

    /// Depth, given the energy that is still to leave, in so many sub-blocks.
    fn depth_db(&self, to_leave: f64, count: f64, params: &DuckerParams) -> f64 {
        let ahead = HORIZON / self.count.max(1.0);
        let need = power_to_db((self.main + self.stays) / self.key) + params.target_lu;
        let allowed = (1.0 + ahead * FALL_OFF) * self.key * db_to_power(-params.target_lu)
            - (1.0 + ahead) * self.stays
            - self.left;
        // The background beyond what is known is that of the phrase so far or that of what is still to
        // leave, whichever is weaker: a hit that has died away is not to come again, and one that has just
        // come does not stay. What is too short for the horizon, as in a pause, the phrase fills up.
        let mean = ahead * self.main;
        let latest = if count < HORIZON {
            to_leave + (1.0 - count / HORIZON) * mean
        } else {
            to_leave * (HORIZON / count)
        };
        let asked = to_leave + mean.min(latest);
        if need.is_nan() || need <= 0.0 || allowed >= asked {
            return 0.0;
        }
        if allowed <= 0.0 {
            return params.max_depth_db;
        }
        power_to_db(asked / allowed).min(params.max_depth_db)
    }
}

/// The sub-blocks of the look-ahead and the reduction.
#[derive(Debug)]
pub(super) struct Follower<'a> {
    len: usize,
    ring: Store<'a, f64>,
    /// Sub-blocks so far.
    pushed: u64,
    open: Option<Open>,
    watch: SpeechWatch,
    reduction: f64,
    pub(super) log: PhraseLog<'a>,
}

impl<'a> Follower<'a> {
    pub(super) fn required_len(sub_blocks: usize) -> usize {
        sub_blocks * ENTRY
    }

    /// A follower with a look-ahead of that many sub-blocks, at least 25; the memory has the required
    /// length.
    pub(super) fn new(sub_blocks: usize, ring: Store<'a, f64>, log: PhraseLog<'a>) -> Self {
        Self {
            len: sub_blocks,
            ring,
            pushed: 0,
            open: None,
            watch: SpeechWatch::default(),
            reduction: 0.0,
            log,
        }
    }

    pub(super) fn reset(&mut self) {
        self.ring.fill(0.0);
        self.pushed = 0;
        self.open = None;
        self.watch = SpeechWatch::default();
        self.reduction = 0.0;
        self.log.reset();
    }

    /// Sub-blocks of the look-ahead.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn reduction_db(&self) -> f64 {
        self.reduction
    }

    /// Sub-block `index`, if it is one of the last `len`.
    fn entry(&self, index: u64) -> Entry {
        let (slots, _) = self.ring.as_chunks::<ENTRY>();
        let at = usize::try_from(index % self.len.max(1) as u64).unwrap_or(0);
        slots.get(at).map_or(Entry::default(), |slot| Entry::read(*slot))
    }

    fn set(&mut self, index: u64, entry: &Entry) {
        let (slots, _) = self.ring.as_chunks_mut::<ENTRY>();
        let at = usize::try_from(index % self.len.max(1) as u64).unwrap_or(0);
        if let Some(slot) = slots.get_mut(at) {
            entry.write(slot);
        }
    }

    /// First sub-block that has not left.
    fn first(&self) -> u64 {
        self.pushed.saturating_sub(self.len as u64)
    }

    /// Takes the next sub-block, in which the power `voice` decides whether somebody speaks; the
    /// reduction at the end of the one that leaves next, dB. `share` is that of the ducked signal in
    /// what leaves.
    pub(super) fn push(
        &mut self,
        mut entry: Entry,
        voice: f64,
        share: f64,
        params: &DuckerParams,
    ) -> f64 {
        let index = self.pushed;
        let heard = self.watch.push(voice, params);
        entry.counts = heard.counts;
        entry.strong = heard.strong;
        entry.phrase = heard.phrase;
        self.set(index, &entry);
        self.pushed += 1;
        self.follow_phrase(&entry, heard);
        self.deepen(params);
        let last = self.reduction;
        self.move_gain(params);
        if self.pushed >= self.len as u64 {
            self.leave(last, share, params);
        }
        self.reduction
    }

    /// What leaves next goes with the gain between the last point and this one.
    fn leave(&mut self, last: f64, share: f64, params: &DuckerParams) {
        let index = self.first();
        let entry = self.entry(index);
        let reduction = 0.5 * (last + self.reduction);
        if let Some(open) = &mut self.open
            && index >= open.start
            && entry.counts
        {
            open.left += entry.main * db_to_power(-reduction);
        }
        let Entry { key, main, stays, counts, strong, phrase, .. } = entry;
        let after = stays + main * db_to_power(mixed_db(-reduction, share));
        let least_db = last.min(self.reduction);
        let left =
            Left { index, phrase, strong, counts, key, before: main + stays, after, least_db };
        self.log.leave(&left, params);
    }

    /// Opens, continues and closes the phrase.
    fn follow_phrase(&mut self, entry: &Entry, heard: Heard) {
        match (heard.phrase, &mut self.open) {
            (Some(start), _) if heard.opens => {
                let mut open = Open::new(start);
                for index in start.max(self.first())..self.pushed {
                    let entry = Entry { phrase: Some(start), ..self.entry(index) };
                    open.add(&entry);
                    self.set(index, &entry);
                }
                self.open = Some(open);
            }
            (Some(_), Some(open)) => open.add(entry),
            _ => self.open = None,
        }
    }

    /// Gives the sub-blocks of the open phrase that have not left its depth.
    fn deepen(&mut self, params: &DuckerParams) {
        let Some(open) = self.open else { return };
        let indices = open.start.max(self.first())..self.pushed;
        let (mut to_leave, mut count) = (0.0, 0.0);
        for index in indices.clone() {
            let entry = self.entry(index);
            if entry.counts {
                to_leave += entry.main;
                count += 1.0;
            }
        }
        let depth = open.depth_db(to_leave, count, params);
        for index in indices {
            let entry = Entry { depth, ..self.entry(index) };
            self.set(index, &entry);
        }
    }

    /// The reduction at the end of the sub-block that leaves next.
    fn move_gain(&mut self, params: &DuckerParams) {
        let (attack, release) =
            (params.attack_db_per_s / SUB_BLOCKS_PER_S, params.release_db_per_s / SUB_BLOCKS_PER_S);
        let mut asked = 0.0_f64;
        for (ahead, index) in (self.first()..self.pushed).enumerate() {
            // The sub-block that leaves and the one after it touch this point.
            #[expect(clippy::cast_precision_loss, reason = "at most 500")]
            let away = ahead.saturating_sub(1 + LEAD) as f64;
            asked = asked.max(self.entry(index).depth - attack * away);
        }
        // Before anything has left, nobody hears how the gain gets where it is.
        self.reduction = if self.pushed < self.len as u64 {
            asked
        } else {
            asked.max(self.reduction - release).min(self.reduction + attack)
        };
    }
}
