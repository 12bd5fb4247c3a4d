//! Where there is speech in a live key: phrases, as far as the look-ahead shows them.
//!
//! The rules are in the module doc of [`super::ducker`].

use super::ducker_params::DuckerParams;
use super::voice_mean::{MEMORY_S, VoiceGates, VoiceMean};
use crate::loudness::SUB_BLOCKS_PER_S;
use crate::units::{Lufs, db_to_power};

/// What is no speech whatever the voice, LUFS: the highest of the absolute gates that levellers have
/// (−70 to −50), so that a room below it is none.
const ABSOLUTE_LUFS: f64 = -50.0;
/// Speech counts down to this far below the mean of strong speech, as a power ratio: 40 dB, the 30 dB of
/// [`crate::loudness::Activity`] below the mean of all speech and 10 dB for what strong speech lies
/// above that.
const COUNTING: f64 = 1e-4;
/// A phrase opens when so many of the last sub-blocks are strong: 0.15 s, a short syllable, in 0.2 s.
const OPENING: u32 = 15;
const OPENING_WINDOW: u32 = 20;
/// Sub-blocks over whose mean a floor is the smallest, 0.1 s, shorter than the gap at a breath, so that one
/// lies in it whole; and how many of these make a stretch, 1 s.
const FLOOR_BLOCK: u32 = 10;
const FLOOR_BLOCKS: u32 = 10;
/// Stretches that a floor looks back on, with the one at hand 5 to 6 s: longer than people speak in one
/// breath, 3 to 4 s [unverified], so that between words or at a breath the voice was away;
/// `tests/all/duck_noise.rs` measures what it leaves.
const FLOOR_STRETCHES: usize = 5;
/// What is less than this over the floor, as a power ratio, is steady and no voice: 6 dB. The sub-blocks of
/// a noise lie 4.3·√(2/f) dB about its level (f degrees of freedom: 20 for one of 1 kHz, 1.4 dB), its
/// floor, the least of fifty means of ten, below 1 dB under it: the largest of a minute's 6000 (3.6
/// deviations, 5 dB) reaches it. A narrower one swings further (limits of [`super::ducker`]). A voice
/// falls by 15 dB and more between its words.
const STEADY: f64 = 4.0;

/// What a sub-block is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Heard {
    /// It is strong: speech for sure.
    pub(super) strong: bool,
    /// It counts where there is a phrase.
    pub(super) counts: bool,
    /// The first sub-block of the phrase that is open with this one.
    pub(super) phrase: Option<u64>,
    /// The phrase opens with this one.
    pub(super) opens: bool,
}

/// The least that a power has fallen to within some seconds; before the beginning there was silence.
///
/// After the minimum statistics of R. Martin, IEEE Trans. Speech Audio Process. 9(5), 2001: means over a
/// short time, the least of each stretch, the least of some stretches.
#[derive(Clone, Copy, Debug, Default)]
struct Floor {
    /// Of the mean at hand.
    sum: f64,
    count: u32,
    /// Of the stretch at hand.
    least: f64,
    blocks: u32,
    /// Of the stretches before it, the newest first.
    stretches: [f64; FLOOR_STRETCHES],
}

impl Floor {
    fn push(&mut self, power: f64) {
        self.sum += power;
        self.count += 1;
        if self.count < FLOOR_BLOCK {
            return;
        }
        self.least = self.least.min(self.sum / f64::from(FLOOR_BLOCK));
        (self.sum, self.count) = (0.0, 0);
        self.blocks += 1;
        if self.blocks == FLOOR_BLOCKS {
            self.stretches.rotate_right(1);
            let [newest, ..] = &mut self.stretches;
            *newest = self.least;
            (self.least, self.blocks) = (f64::INFINITY, 0);
        }
    }

    fn power(&self) -> f64 {
        self.stretches.iter().copied().fold(self.least, f64::min)
    }
}

/// Listens to the power of a voice, sub-block by sub-block.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SpeechWatch {
    /// Mean of strong powers.
    voice: VoiceMean,
    floor: Floor,
    /// Which of the last sub-blocks were strong, the newest in bit 0.
    recent: u32,
    pushed: u64,
    /// First and last strong sub-block of the open phrase.
    open: Option<(u64, u64)>,
}

impl SpeechWatch {
    /// The next sub-block with its K-weighted power.
    pub(super) fn push(&mut self, power: f64, params: &DuckerParams) -> Heard {
        let index = self.pushed;
        self.pushed += 1;
        let absolute = Lufs::new(ABSOLUTE_LUFS).power().value();
        let gates = VoiceGates {
            absolute,
            relative: db_to_power(-params.gate_lu),
            kept: 1.0 - 1.0 / (MEMORY_S * SUB_BLOCKS_PER_S),
            cells_per_s: SUB_BLOCKS_PER_S,
        };
        let counts = power >= COUNTING * absolute.max(self.voice.power());
        self.floor.push(power);
        let steady = power < STEADY * self.floor.power();
        let strong = self.voice.push(if steady { 0.0 } else { power }, &gates);
        self.recent = (self.recent << 1 | u32::from(strong)) & ((1 << OPENING_WINDOW) - 1);
        let was_open = self.open.is_some();
        match &mut self.open {
            Some((_, last)) => {
                if strong {
                    *last = index;
                }
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "0 to 10 s in sub-blocks"
                )]
                let hold = (params.hold_ms * 1e-3 * SUB_BLOCKS_PER_S) as u64;
                if index - *last > hold {
                    self.open = None;
                }
            }
            None if strong && self.recent.count_ones() >= OPENING => {
                let back = u64::from(u32::BITS - 1 - self.recent.leading_zeros());
                self.open = Some((index - back.min(index), index));
            }
            None => {}
        }
        Heard {
            strong,
            counts,
            phrase: self.open.map(|(start, _)| start),
            opens: self.open.is_some() && !was_open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_without_a_pause_is_a_room_after_6_s() {
        let params = DuckerParams { hold_ms: 300.0, ..DuckerParams::default() };
        let mut watch = SpeechWatch::default();
        let mut push = |lufs: f64| watch.push(Lufs::new(lufs).power().value(), &params);
        let open = (0..12_000).filter(|_| push(-45.0).phrase.is_some()).count();
        assert!((500..=640).contains(&open), "{open}");
        // A voice over it is speech at once, and its pauses are none.
        assert!((0..20).any(|_| push(-24.0).opens));
        assert!((0..100).any(|_| push(-45.0).phrase.is_none()));
    }

    #[test]
    fn a_phrase_opens_after_a_syllable_and_closes_after_the_hold() {
        let params = DuckerParams { hold_ms: 300.0, ..DuckerParams::default() };
        let mut watch = SpeechWatch::default();
        let mut push = |lufs: f64| watch.push(Lufs::new(lufs).power().value(), &params);
        for _ in 0..50 {
            assert_eq!(
                push(-80.0),
                Heard { strong: false, counts: true, phrase: None, opens: false }
            );
        }
        for n in 0..14 {
            assert_eq!(push(-24.0).phrase, None, "{n}");
        }
        assert_eq!(
            push(-24.0),
            Heard { strong: true, counts: true, phrase: Some(50), opens: true }
        );
        assert!(!push(-24.0).opens);
        // 16 dB below is a breath; it does not hold the phrase open.
        for _ in 0..30 {
            assert_eq!(push(-40.0).phrase, Some(50));
        }
        for _ in 0..50 {
            assert_eq!(push(-40.0).phrase, None);
        }
        // Nor does it open one; and 41 dB below does not count.
        assert!(!push(-66.0).counts);
        for _ in 0..14 {
            push(-30.0);
        }
        assert_eq!(
            push(-30.0),
            Heard { strong: true, counts: true, phrase: Some(147), opens: true }
        );
    }
}
