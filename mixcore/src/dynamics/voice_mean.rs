//! The running mean of a voice's power, by which a detector tells a voice from what is weaker.
//!
//! A cell is strong at or above both an absolute gate and the mean times a relative one; strong cells make
//! the mean. So that nothing loud makes it deaf for good:
//!
//! - a cell enters with full scale at the most, so that no clap or stray sample outweighs minutes of voice;
//! - where cells lie between the gates for a minute, or for ten times what made the mean, while hardly any is strong,
//!   the voice has become weaker, and the mean falls until it finds it.

use crate::units::db_to_power;

/// Time of speech after which a mean has forgotten 63 %, s: that of some lines. One of 3 s then has a tenth of
/// the weight, so that a shout 10 dB above the others moves a gate by 2.7 dB, far less than what lies between
/// a voice and its gate (3 dB at the least, by default 15).
pub(super) const MEMORY_S: f64 = 30.0;
/// Largest power that enters: a square of full scale. A voice above it keeps being strong, with a relative
/// gate that lies lower.
const LARGEST: f64 = 1.0;
/// Cells between the gates after which the mean is in doubt, s: longer than the passages between lines over
/// which a microphone stays open, in which a room above the absolute gate must not pull the mean.
const PATIENCE_S: f64 = 60.0;
/// So many of them does a strong cell outweigh: of a voice that is heard far more than a tenth is strong,
/// of one that is not, single peaks at the most.
const OUTWEIGHED: f64 = 10.0;
/// How fast the mean falls then, dB/s: the fastest that levellers of the trade raise a voice (1 to 3 dB/s, the
/// sources of [`super::leveller`]), since by as much as the mean falls a gain that follows it rises.
const FALL_DB_PER_S: f64 = 3.0;

/// What a mean goes by.
#[derive(Clone, Copy, Debug)]
pub(super) struct VoiceGates {
    /// What is no voice whatever the mean, as a power.
    pub(super) absolute: f64,
    /// Power of what is just strong over the mean.
    pub(super) relative: f64,
    /// What a strong cell leaves of the memory.
    pub(super) kept: f64,
    pub(super) cells_per_s: f64,
}

/// Forgetful sums over strong cells, and how much speaks against them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct VoiceMean {
    sum: f64,
    weight: f64,
    /// Cells between the gates, less those that strong ones outweigh.
    doubt: f64,
}

impl VoiceMean {
    /// The mean power, 0 before the first strong cell.
    pub(super) fn power(&self) -> f64 {
        if self.weight > 0.0 { self.sum / self.weight } else { 0.0 }
    }

    /// Takes the next cell; whether it is strong.
    pub(super) fn push(&mut self, power: f64, gates: &VoiceGates) -> bool {
        let strong = power >= gates.absolute.max(self.power() * gates.relative);
        if strong {
            self.sum = self.sum * gates.kept + entering(power);
            self.weight = self.weight * gates.kept + 1.0;
            self.doubt = (self.doubt - OUTWEIGHED).max(0.0);
        } else if power >= gates.absolute {
            // A mean of a few cells, a clap's, is in doubt as soon as they are outweighed.
            let patience = (PATIENCE_S * gates.cells_per_s).min(OUTWEIGHED * self.weight);
            self.doubt = (self.doubt + 1.0).min(patience);
            if self.doubt >= patience {
                self.sum *= db_to_power(-FALL_DB_PER_S / gates.cells_per_s);
            }
        }
        strong
    }
}

/// A power as it enters a mean.
pub(super) fn entering(power: f64) -> f64 {
    power.min(LARGEST)
}

/// Largest sample that levels are learned from, 20 dB above full scale, either sign: no programme reaches it, and one
/// stray sample of it weighs less than a second of a voice at −27 LUFS.
const LARGEST_SAMPLE: f64 = 10.0;

/// A sample as levels are learned from it.
pub(super) fn bounded(sample: f64) -> f64 {
    // Not `clamp`, which would keep a NaN.
    let low = sample.max(-LARGEST_SAMPLE);
    low.min(LARGEST_SAMPLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Lufs, power_to_db};

    const GATES: VoiceGates = VoiceGates {
        absolute: 1e-5,
        relative: 0.0316,
        kept: 1.0 - 1.0 / 3000.0,
        cells_per_s: 100.0,
    };

    /// Strong cells of a time at a level.
    fn strong(mean: &mut VoiceMean, s: usize, lufs: f64) -> usize {
        let power = Lufs::new(lufs).power().value();
        (0..100 * s).filter(|_| mean.push(power, &GATES)).count()
    }

    #[test]
    fn a_weaker_voice_is_found_after_a_minute_and_3_decibels_a_second() {
        let mut mean = VoiceMean::default();
        strong(&mut mean, 30, -24.0);
        strong(&mut mean, 10, -10.0);
        // The mean is -14.1, the gate -29.1; 5.9 dB to fall, 2 s.
        assert_eq!(strong(&mut mean, 60, -35.0), 0);
        assert!(strong(&mut mean, 5, -35.0) > 250);
        // A stray of 9.9e5, and at once the voice as before: nothing was lost.
        mean.push(1e9, &GATES);
        assert_eq!(strong(&mut mean, 1, -30.0), 100);
    }

    #[test]
    fn a_clap_at_the_head_is_forgotten_by_3_decibels_a_second() {
        let mut mean = VoiceMean::default();
        (0..3).for_each(|_| _ = mean.push(Lufs::new(-5.0).power().value(), &GATES));
        // 0.3 s of doubt and 7 dB to fall, 2.33 s.
        assert!((235..240).contains(&strong(&mut mean, 5, -27.0)));
    }

    #[test]
    fn pauses_of_a_conversation_do_not_pull_the_mean() {
        let mut mean = VoiceMean::default();
        strong(&mut mean, 2, -27.0);
        let before = mean.power();
        for _ in 0..20 {
            assert_eq!(strong(&mut mean, 4, -45.0), 0);
            assert_eq!(strong(&mut mean, 1, -27.0), 100);
        }
        // Two hundred roundings of a sum.
        assert!(power_to_db(mean.power() / before).abs() < 1e-9);
    }
}
