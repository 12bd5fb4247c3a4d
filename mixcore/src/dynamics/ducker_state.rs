//! What the live ducker knows of the sub-blocks of its look-ahead, and the reduction that follows.
//!
//! The rules are in the module doc of [`super::ducker`].

use super::ducker_params::DuckerParams;
use crate::audio::Store;
use crate::loudness::SUB_BLOCKS_PER_S;
use crate::units::{Lufs, db_to_power, power_to_db};

/// What is no speech whatever the voice, LUFS: the lower of the absolute gates of the trade's
/// levellers, −50 to −70.
const ABSOLUTE_LUFS: f64 = -50.0;
/// Speech counts down to this far below its mean, as a power ratio: 30 dB, the activity of
/// [`crate::loudness::Activity`].
const COUNTING: f64 = 1e-3;
/// Sub-blocks of strong speech after which the mean has forgotten 63 %: 30 s.
const MEMORY: f64 = 3000.0;
/// A phrase opens when so many of the last sub-blocks are strong: 0.15 s, a short syllable, in 0.2 s.
const OPENING: usize = 15;
const OPENING_WINDOW: usize = 20;
/// Sub-blocks over which what was not known is made up for, 3 s: a short-term window.
const HORIZON: f64 = 300.0;
/// Sub-blocks before speech at which the gain is down, as in the plan.
const LEAD: usize = 5;

/// One sub-block: mean powers, and what was made of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entry {
    /// K-weighted power of the key.
    key: f64,
    /// K-weighted power of the background.
    main: f64,
    depth: f64,
    strong: bool,
    counts: bool,
}

/// Numbers of an entry.
const ENTRY: usize = 5;

impl Entry {
    /// A sub-block that was heard.
    pub(super) fn new(key: f64, main: f64) -> Self {
        Self { key, main, ..Self::default() }
    }

    fn write(&self, slot: &mut [f64; ENTRY]) {
        *slot = [self.key, self.main, self.depth, f64::from(self.strong), f64::from(self.counts)];
    }

    fn read([key, main, depth, strong, counts]: [f64; ENTRY]) -> Self {
        Self { key, main, depth, strong: strong > 0.0, counts: counts > 0.0 }
    }
}

/// The phrase that is open.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// First sub-block, and the last strong one.
    start: u64,
    strong: u64,
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
        let allowed = (self.key + ahead * self.key) * db_to_power(-params.target_lu) - self.left;
        let asked = to_leave + ahead * self.main;
        if asked <= 0.0 || allowed >= asked {
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
    /// Forgetful sum of strong powers, and of ones.
    voice: [f64; 2],
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
            voice: [0.0; 2],
            reduction: 0.0,
            largest: 0.0,
        }
    }

    pub(super) fn reset(&mut self) {
        self.ring.fill(0.0);
        self.pushed = 0;
        self.open = None;
        self.voice = [0.0; 2];
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
        self.classify(&mut entry, params);
        self.set(index, &entry);
        self.pushed += 1;
        self.follow_phrase(index, &entry, params);
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

    /// Whether a sub-block is strong and whether it counts; the voice's mean goes on.
    fn classify(&mut self, entry: &mut Entry, params: &DuckerParams) {
        let [sum, weight] = self.voice;
        let mean = if weight > 0.0 { sum / weight } else { 0.0 };
        let absolute = Lufs::new(ABSOLUTE_LUFS).power().value();
        entry.strong = entry.key >= absolute.max(mean * db_to_power(-params.gate_lu));
        entry.counts = entry.key >= (absolute * COUNTING).max(mean * COUNTING);
        if entry.strong {
            let kept = 1.0 - 1.0 / MEMORY;
            self.voice = [sum * kept + entry.key, weight * kept + 1.0];
        }
    }

    /// Opens, continues and closes the phrase.
    fn follow_phrase(&mut self, index: u64, entry: &Entry, params: &DuckerParams) {
        if let Some(open) = &mut self.open {
            open.add(entry);
            if entry.strong {
                open.strong = index;
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "0 to 10 s in sub-blocks"
            )]
            let hold = (params.hold_ms * 1e-3 * SUB_BLOCKS_PER_S) as u64;
            if index - open.strong > hold {
                self.open = None;
            }
            return;
        }
        let window =
            || self.first().max(self.pushed.saturating_sub(OPENING_WINDOW as u64))..self.pushed;
        let strong = |index: &u64| self.entry(*index).strong;
        if !entry.strong || window().filter(strong).count() < OPENING {
            return;
        }
        let start = window().find(strong).unwrap_or(index);
        let mut open = Open { start, strong: index, key: 0.0, main: 0.0, left: 0.0, count: 0.0 };
        for index in start..self.pushed {
            open.add(&self.entry(index));
        }
        self.open = Some(open);
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
