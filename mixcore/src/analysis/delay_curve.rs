//! The correlation of two channels as a function of their delay, and what it says.

use super::channel_delay::DelaySetup;
use crate::math;
use crate::units::{Reading, db_to_power};

/// Lags beyond the longest delay on either side, for the interpolation; it has twice as many taps and one.
pub(super) const MARGIN: usize = 32;
/// Kaiser β of the interpolation: −80 dB of ripple, flat up to 0.46 of the rate with 65 taps (Kaiser's
/// formula). The ripple must be far below the bend of a broad peak.
const KAISER_BETA: f64 = 8.0;
/// Points that are tried per frame before the parabola.
const STEPS: i32 = 16;
/// Whether there is an answer, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DelayVerdict {
    /// One peak stands out.
    Found,
    /// No window is complete.
    TooShort,
    /// A channel is silent.
    Silent,
    /// No peak reaches the lowest correlation.
    Unrelated,
    /// Another peak is nearly as high: a tone or a pattern that repeats itself.
    Ambiguous,
    /// The correlation still rises at the end of the range.
    OutOfRange,
}

impl DelayVerdict {
    /// The reason in words, for reports.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Found => "one peak stands out",
            Self::TooShort => "no window is complete",
            Self::Silent => "a channel is silent",
            Self::Unrelated => "the channels are unrelated",
            Self::Ambiguous => "the sound repeats itself, several delays fit",
            Self::OutOfRange => "the delay is longer than the range",
        }
    }
}

/// The delay of the second channel, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct DelayReadings {
    /// Whether there is an answer.
    pub verdict: DelayVerdict,
    /// How far the second channel lags behind the first, frames; negative where it leads. A value only
    /// where the verdict is [`DelayVerdict::Found`].
    pub delay_frames: Reading,
    /// The same in ms.
    pub delay_ms: Reading,
    /// The second channel has the opposite polarity; `false` without an answer.
    pub inverted: bool,
    /// c at the highest peak of |c|, −1 to 1.
    pub correlation: Reading,
    /// |c| at the highest other peak.
    pub rival: Reading,
    /// How far the peak stands above its rival, 0 to 1.
    pub confidence: Reading,
}

impl DelayReadings {
    pub(super) fn none(verdict: DelayVerdict, answer: Reading) -> Self {
        Self {
            verdict,
            delay_frames: answer,
            delay_ms: answer,
            inverted: false,
            correlation: answer,
            rival: answer,
            confidence: answer,
        }
    }
}

/// c over the lags from −`half` to `half`.
pub(super) struct Curve<'c> {
    /// Σ a·b of each lag.
    pub(super) sums: &'c [f64],
    /// Σ b² of each lag.
    pub(super) energies: &'c [f64],
    /// Σ a².
    pub(super) energy: f64,
    /// Lags on either side.
    pub(super) half: usize,
}

impl Curve<'_> {
    fn at(&self, index: usize) -> f64 {
        let sum = self.sums.get(index).copied().unwrap_or_default();
        let energy = self.energies.get(index).copied().unwrap_or_default();
        if energy > 0.0 && self.energy > 0.0 { sum / math::sqrt(self.energy * energy) } else { 0.0 }
    }

    /// c between the lags: `offset` frames after that of `index`, −1 to 1.
    ///
    /// The products and the energies are interpolated apart: their quotient is not band-limited where
    /// a window begins or ends in a loud sound.
    fn between(&self, index: usize, offset: f64) -> f64 {
        let (mut sum, mut energy, mut weights) = (0.0, 0.0, 0.0);
        for tap in 0..=2 * MARGIN {
            #[expect(clippy::cast_precision_loss, reason = "at most 65")]
            let (distance, reach) = (offset + MARGIN as f64 - tap as f64, MARGIN as f64 + 1.0);
            let weight = math::sinc(distance) * math::kaiser(distance / reach, KAISER_BETA);
            let lag = (index + tap).saturating_sub(MARGIN);
            sum += weight * self.sums.get(lag).copied().unwrap_or_default();
            energy += weight * self.energies.get(lag).copied().unwrap_or_default();
            weights += weight;
        }
        // So that what hardly changes from lag to lag comes out as it is.
        let (sum, energy) = (sum / weights, energy / weights);
        if energy > 0.0 && self.energy > 0.0 { sum / math::sqrt(self.energy * energy) } else { 0.0 }
    }

    /// What the curve of so many frames says.
    pub(super) fn read(&self, setup: &DelaySetup, rate_hz: f64, frames: u64) -> DelayReadings {
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        let floor = db_to_power(setup.floor_dbfs) * frames as f64;
        let other = self.energies.get(self.half).copied().unwrap_or_default();
        if self.energy <= floor || other <= floor {
            return DelayReadings::none(DelayVerdict::Silent, Reading::BelowGate);
        }
        let (first, last) = (MARGIN, 2 * self.half - MARGIN);
        let mut best = (0.0, first);
        for index in first..=last {
            let magnitude = self.at(index).abs();
            if magnitude > best.0 {
                best = (magnitude, index);
            }
        }
        let index = best.1;
        let sign = if self.at(index) < 0.0 { -1.0 } else { 1.0 };
        let (offset, peak) = self.crest(index, sign);
        let rival = self.rival(index, sign);
        let rising = (index == first && self.at(first - 1) * sign > best.0)
            || (index == last && self.at(last + 1) * sign > best.0);
        let verdict = if peak < setup.min_correlation {
            DelayVerdict::Unrelated
        } else if rising {
            DelayVerdict::OutOfRange
        } else if rival > setup.max_rival * peak {
            DelayVerdict::Ambiguous
        } else {
            DelayVerdict::Found
        };
        #[expect(clippy::cast_precision_loss, reason = "at most 38,416 lags")]
        let delay = index as f64 - self.half as f64 + offset;
        let found = verdict == DelayVerdict::Found;
        let answer =
            |value: f64| if found { Reading::Value(value) } else { Reading::NotApplicable };
        DelayReadings {
            verdict,
            delay_frames: answer(delay),
            delay_ms: answer(1000.0 * delay / rate_hz),
            inverted: found && sign < 0.0,
            correlation: Reading::Value(sign * peak),
            rival: Reading::Value(rival),
            confidence: Reading::Value((peak - rival).max(0.0)),
        }
    }

    /// Place and height of the crest around a lag: tried at every sixteenth of a frame, then by the
    /// parabola of the best three.
    fn crest(&self, index: usize, sign: f64) -> (f64, f64) {
        let at = |step: i32| sign * self.between(index, f64::from(step) / f64::from(STEPS));
        let mut best = (0, at(0));
        for step in 1 - STEPS..STEPS {
            let height = at(step);
            if height > best.1 {
                best = (step, height);
            }
        }
        let (before, after) = (at(best.0 - 1), at(best.0 + 1));
        let bend = before - 2.0 * best.1 + after;
        let shift = if bend < 0.0 { (0.5 * (before - after) / bend).clamp(-1.0, 1.0) } else { 0.0 };
        let height = best.1 - 0.25 * (before - after) * shift;
        ((f64::from(best.0) + shift) / f64::from(STEPS), height.min(1.0))
    }

    /// Largest |c| outside the lobe around a lag, which ends where c turns up again or changes sign.
    fn rival(&self, index: usize, sign: f64) -> f64 {
        let falls = |from: usize, to: usize| {
            let (from, to) = (self.at(from) * sign, self.at(to) * sign);
            to > 0.0 && to <= from
        };
        let (mut low, mut high) = (index, index);
        while low > MARGIN && falls(low, low - 1) {
            low -= 1;
        }
        while high < 2 * self.half - MARGIN && falls(high, high + 1) {
            high += 1;
        }
        let outside = (MARGIN..low).chain(high + 1..2 * self.half + 1 - MARGIN);
        outside.fold(0.0, |most, index| self.at(index).abs().max(most))
    }
}
