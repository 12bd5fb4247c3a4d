//! Where there is speech in a live key: phrases, as far as the look-ahead shows them.
//!
//! The rules are in the module doc of [`super::ducker`].

use super::ducker_params::DuckerParams;
use super::voice_mean::{VoiceGates, VoiceMean};
use crate::loudness::SUB_BLOCKS_PER_S;
use crate::units::{Lufs, db_to_power};

/// What is no speech whatever the voice, LUFS: the lower of the absolute gates of the trade's
/// levellers, −50 to −70.
const ABSOLUTE_LUFS: f64 = -50.0;
/// Speech counts down to this far below the mean of strong speech, as a power ratio: 40 dB, the 30 dB of
/// [`crate::loudness::Activity`] below the mean of all speech and 10 dB for what strong speech lies
/// above that.
const COUNTING: f64 = 1e-4;
/// Sub-blocks of strong speech after which the mean has forgotten 63 %: 30 s.
const MEMORY: f64 = 3000.0;
/// A phrase opens when so many of the last sub-blocks are strong: 0.15 s, a short syllable, in 0.2 s.
const OPENING: u32 = 15;
const OPENING_WINDOW: u32 = 20;

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

/// Listens to the power of a voice, sub-block by sub-block.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SpeechWatch {
    /// Mean of strong powers.
    voice: VoiceMean,
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
            kept: 1.0 - 1.0 / MEMORY,
            cells_per_s: SUB_BLOCKS_PER_S,
        };
        let counts = power >= COUNTING * absolute.max(self.voice.power());
        let strong = self.voice.push(power, &gates);
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
