//! How the phrases of a leveller's plan come off.

use crate::loudness::Phrase;
use crate::units::Reading;

/// How a phrase came off, and what held it back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LevelOutcome {
    /// It lies within the dead zone (or the strength is 0) and is left as it is.
    #[default]
    NoneNeeded,
    /// It has the gain that the law asks for, in the whole of it.
    Met,
    /// It would need more than the largest gain.
    UpCap,
    /// It would need more than the largest reduction.
    DownCap,
    /// A neighbour stands too near: part of a way lies inside it, or its gain gives way.
    SlewLimit,
    /// Too little speech: it is given no gain of its own.
    TooShort,
}

/// One phrase of a plan.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LevelledPhrase {
    /// Where it is, from its first strong sub-block to its last.
    pub phrase: Phrase,
    /// Loudness of its speech as it is, LUFS.
    pub before_lufs: Reading,
    /// Loudness of the same sub-blocks as planned, LUFS.
    pub after_lufs: Reading,
    /// Gain that the law asks for, its caps included, dB.
    pub asked_db: f64,
    /// Gain that it is given, dB; in its middle at least.
    pub gain_db: f64,
    /// How it came off.
    pub outcome: LevelOutcome,
    /// Power from which its sub-blocks are strong.
    pub(super) gate: f64,
}

impl Default for LevelledPhrase {
    fn default() -> Self {
        Self {
            phrase: Phrase { start: 0, end: 0, start_frame: 0, end_frame: 0 },
            before_lufs: Reading::NotApplicable,
            after_lufs: Reading::NotApplicable,
            asked_db: 0.0,
            gain_db: 0.0,
            outcome: LevelOutcome::NoneNeeded,
            gate: 0.0,
        }
    }
}

impl LevelledPhrase {
    pub(super) fn counts(&self) -> bool {
        self.outcome != LevelOutcome::TooShort
    }

    pub(super) fn length(&self) -> f64 {
        number(self.phrase.len())
    }
}

/// A place or a length as a number.
pub(super) fn number(index: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "sub-blocks of days fit into 53 bits")]
    {
        index as f64
    }
}
