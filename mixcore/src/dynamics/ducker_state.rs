//! What the live ducker knows of the sub-blocks of its look-ahead, and the reduction that follows.
//!
//! The rules are in the module doc of [`super::ducker`].

use super::ducker_params::DuckerParams;
use super::speech_watch::{Heard, SpeechWatch};
use crate::audio::Store;
use crate::loudness::SUB_BLOCKS_PER_S;
use crate::units::{db_to_power, power_to_db};

/// Sub-blocks over which what was not known is made up for, 1 s: longer than a word.
const HORIZON: f64 = 100.0;
/// What is aimed at over the target where as much is needed, LU: a line falls off towards its end,
/// which is not yet known. Without it the cue's lines end up to 1.1 LU short; with it 0.1 LU at most
/// beside those that the caps stop (`tests/all/duck_cue.rs`).
const FALL_OFF_LU: f64 = 1.5;
/// Sub-blocks before speech at which the gain is down, as in the plan.
pub(super) const LEAD: usize = 5;

/// One sub-block: mean powers, and what was made of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entry {
    /// K-weighted power of the key.
    key: f64,
    /// K-weighted power of the background.
    main: f64,
    depth: f64,
    counts: bool,
}

/// Numbers of an entry.
const ENTRY: usize = 4;

impl Entry {
    /// A sub-block that was heard.
    pub(super) fn new(key: f64, main: f64) -> Self {
        Self { key, main, ..Self::default() }
    }

    fn write(&self, slot: &mut [f64; ENTRY]) {
        *slot = [self.key, self.main, self.depth, f64::from(self.counts)];
    }

    fn read([key, main, depth, counts]: [f64; ENTRY]) -> Self {
        Self { key, main, depth, counts: counts > 0.0 }
    }
}

/// The phrase that is open.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// First sub-block.
    start: u64,
    /// Sums over what counts: key, background as it came, background as it left; and how many.
    key: f64,
    main: f64,
    left: f64,
    count: f64,
}

impl Open {
    fn add(&mut self, entry: &Entry) {
        if entry.counts {
            self.key += entry.key;
            self.main += entry.main;
            self.count += 1.0;
        }
    }

    /// Depth, given the energy that is still to leave.
    fn depth_db(&self, to_leave: f64, params: &DuckerParams) -> f64 {
        let ahead = HORIZON / self.count.max(1.0);
        let need = power_to_db(self.main / self.key) + params.target_lu;
        let aim = params.target_lu + need.clamp(0.0, FALL_OFF_LU);
        let allowed = (self.key + ahead * self.key) * db_to_power(-aim) - self.left;
        let asked = to_leave + ahead * self.main;
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
    largest: f64,
}

impl<'a> Follower<'a> {
    pub(super) fn required_len(sub_blocks: usize) -> usize {
        sub_blocks * ENTRY
    }

    /// A follower with a look-ahead of that many sub-blocks, at least 25; the memory has the required
    /// length.
    pub(super) fn new(sub_blocks: usize, ring: Store<'a, f64>) -> Self {
        Self {
            len: sub_blocks,
            ring,
            pushed: 0,
            open: None,
            watch: SpeechWatch::default(),
            reduction: 0.0,
            largest: 0.0,
        }
    }

    pub(super) fn reset(&mut self) {
        self.ring.fill(0.0);
        self.pushed = 0;
        self.open = None;
        self.watch = SpeechWatch::default();
        self.reduction = 0.0;
        self.largest = 0.0;
    }

    /// Sub-blocks of the look-ahead.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn reduction_db(&self) -> f64 {
        self.reduction
    }

    pub(super) fn largest_db(&self) -> f64 {
        self.largest
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

    /// Takes the next sub-block; the reduction at the end of the one that leaves next, dB.
    pub(super) fn push(&mut self, mut entry: Entry, params: &DuckerParams) -> f64 {
        let index = self.pushed;
        let heard = self.watch.push(entry.key, params);
        entry.counts = heard.counts;
        self.set(index, &entry);
        self.pushed += 1;
        self.follow_phrase(&entry, heard);
        let (start, last) = self.deepen(params);
        self.move_gain(params);
        self.largest = self.largest.max(self.reduction);
        // What leaves next goes with the gain between the last point and this one.
        let leaves = self.first();
        let leaving = self.entry(leaves);
        if self.pushed >= self.len as u64
            && leaves >= start
            && leaving.counts
            && let Some(open) = &mut self.open
        {
            open.left += leaving.main * db_to_power(-0.5 * (last + self.reduction));
        }
        self.reduction
    }

    /// Opens, continues and closes the phrase.
    fn follow_phrase(&mut self, entry: &Entry, heard: Heard) {
        match (heard.phrase, &mut self.open) {
            (Some(start), _) if heard.opens => {
                let mut open = Open { start, key: 0.0, main: 0.0, left: 0.0, count: 0.0 };
                for index in start.max(self.first())..self.pushed {
                    open.add(&self.entry(index));
                }
                self.open = Some(open);
            }
            (Some(_), Some(open)) => open.add(entry),
            _ => self.open = None,
        }
    }

    /// Gives the sub-blocks of the open phrase that have not left its depth; where the phrase starts,
    /// and the reduction so far.
    fn deepen(&mut self, params: &DuckerParams) -> (u64, f64) {
        let Some(open) = self.open else { return (u64::MAX, self.reduction) };
        let indices = open.start.max(self.first())..self.pushed;
        let mut to_leave = 0.0;
        for index in indices.clone() {
            let entry = self.entry(index);
            to_leave += if entry.counts { entry.main } else { 0.0 };
        }
        let depth = open.depth_db(to_leave, params);
        for index in indices {
            let entry = Entry { depth, ..self.entry(index) };
            self.set(index, &entry);
        }
        (open.start, self.reduction)
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
