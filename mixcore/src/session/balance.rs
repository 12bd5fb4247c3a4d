//! Stem moves from what was measured: dialogue over music in every phrase, and polarity.
//!
//! The mixer's balance is the starting point: moves are few, static and capped. The music comes
//! down first, by what the worst phrase needs; only what lies beyond the cap is added to the
//! dialogue. What both caps cannot reach is named with its phrase: that place needs a remix.
//!
//! Polarity: the mono loss of a stem with one side turned over follows from the loss as it stands.
//! With P the K-weighted power of left plus right and P(m) that of (L+R)/2 on both loudspeakers,
//! turning one side over gives P − P(m), so no second render is needed:
//! `loss' = −10·log10(1 − 10^(−loss/10))`.

use alloc::string::String;
use alloc::vec::Vec;

use super::session::Session;
use crate::delivery::{Measurement, Of, Profile, Quantity, Role, Stem};
use crate::units::{db_to_power, power_to_db};

/// How far stems may move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BalanceCaps {
    /// Most that a stem moves, dB. More is a remix, not a correction: house rule.
    pub stem_db: f64,
    /// Aimed at beyond the profile's limit, LU: a phrase stays inside after limiting and rounding.
    pub margin_lu: f64,
}

impl Default for BalanceCaps {
    /// ±6 dB a stem; half an LU beyond the limit.
    fn default() -> Self {
        Self { stem_db: 6.0, margin_lu: 0.5 }
    }
}

/// One change of a strip.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Move {
    /// A strip's level.
    Gain {
        /// Index of the strip.
        strip: usize,
        /// Change, dB.
        change_db: f64,
        /// Phrase that asked for it (counted from 0).
        phrase: usize,
        /// Its separation before, LU.
        before_lu: f64,
    },
    /// The polarity of one channel of a strip.
    Invert {
        /// Index of the strip.
        strip: usize,
        /// Channel that is turned over.
        channel: usize,
        /// Mono loss before, LU.
        before_lu: f64,
        /// Mono loss after, LU.
        after_lu: f64,
    },
}

/// A phrase that static moves within the caps cannot repair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Remix {
    /// Index of the phrase.
    pub phrase: usize,
    /// Its first frame.
    pub start_frame: u64,
    /// Frame after its last one.
    pub end_frame: u64,
    /// What is missing after all moves, LU.
    pub missing_lu: f64,
}

/// The moves, and what they cannot reach.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Balance {
    /// Changes, in the order of strips.
    pub moves: Vec<Move>,
    /// Phrases that need a remix.
    pub remixes: Vec<Remix>,
}

/// Finds the moves that bring a session to a content profile, from a measurement of one version.
#[must_use]
pub fn balance(
    session: &Session,
    measured: &Measurement,
    profile: &Profile,
    caps: BalanceCaps,
) -> Balance {
    let mut found = Balance::default();
    found.separate(session, measured, profile, caps);
    found.mono(session, measured, profile);
    found
}

impl Balance {
    /// Makes the moves.
    pub fn apply(&self, session: &mut Session) {
        for change in &self.moves {
            match *change {
                Move::Gain { strip, change_db, .. } => {
                    if let Some(strip) = session.strips.get_mut(strip) {
                        strip.gain_db += change_db;
                    }
                }
                Move::Invert { strip, channel, .. } => {
                    if let Some(strip) = session.strips.get_mut(strip) {
                        if strip.invert.len() <= channel {
                            strip.invert.resize(channel + 1, false);
                        }
                        strip.invert[channel] = !strip.invert[channel];
                    }
                }
            }
        }
    }

    fn separate(
        &mut self,
        session: &Session,
        measured: &Measurement,
        profile: &Profile,
        caps: BalanceCaps,
    ) {
        let rule = profile.rules.iter().find(|rule| rule.quantity == Quantity::DialogueOverMusicLu);
        let Some(low) = rule.and_then(|rule| rule.low) else { return };
        let separations = || {
            measured
                .phrases()
                .iter()
                .enumerate()
                .filter_map(|(index, phrase)| Some((index, phrase.over_music_lu.value()?)))
        };
        let Some((phrase, before_lu)) = separations().min_by(|a, b| a.1.total_cmp(&b.1)) else {
            return;
        };
        let need = low + caps.margin_lu - before_lu;
        if before_lu >= low {
            return;
        }
        let music_db = -need.min(caps.stem_db);
        let dialogue_db = (need - caps.stem_db).clamp(0.0, caps.stem_db);
        for (strip, state) in session.strips.iter().enumerate() {
            let change_db = match state.role.stem() {
                Stem::Music => music_db,
                Stem::Dialogue => dialogue_db,
                Stem::Effects => 0.0,
            };
            if change_db != 0.0 {
                self.moves.push(Move::Gain { strip, change_db, phrase, before_lu });
            }
        }
        let reached = dialogue_db - music_db;
        for (phrase, separation) in separations() {
            let missing_lu = low - separation - reached;
            if missing_lu > 0.0 {
                let reading = &measured.phrases()[phrase];
                self.remixes.push(Remix {
                    phrase,
                    start_frame: reading.start_frame,
                    end_frame: reading.end_frame,
                    missing_lu,
                });
            }
        }
    }

    /// Turns the last channel of a two-channel strip over where that mends its mono loss. Only a
    /// strip that is alone in its role is touched: the measurement is of the role.
    fn mono(&mut self, session: &Session, measured: &Measurement, profile: &Profile) {
        for rule in &profile.rules {
            let Some(high) = rule.high.filter(|_| rule.quantity == Quantity::MonoLossLu) else {
                continue;
            };
            for of in rule.of.things(measured) {
                let Of::Stem(role) = of else { continue };
                let loss = measured.get_of(&of, Quantity::MonoLossLu).value();
                let Some(before_lu) = loss.filter(|&loss| loss > high) else { continue };
                let after_lu = flipped_mono_loss(before_lu);
                if let (Some(strip), true) = (alone(session, role), after_lu < high) {
                    self.moves.push(Move::Invert { strip, channel: 1, before_lu, after_lu });
                }
            }
        }
    }
}

/// Index of the one two-channel strip of a role.
fn alone(session: &Session, role: Role) -> Option<usize> {
    let mut strips = session.strips.iter().enumerate().filter(|(_, strip)| strip.role == role);
    match (strips.next(), strips.next()) {
        (Some((index, strip)), None) if strip.source.layout.channel_count() == 2 => Some(index),
        _ => None,
    }
}

/// Mono loss with one side turned over, from the loss as it stands, LU.
#[must_use]
pub fn flipped_mono_loss(loss_lu: f64) -> f64 {
    -power_to_db(1.0 - db_to_power(-loss_lu))
}

impl Move {
    /// What is moved, why and by how much, in one line.
    #[must_use]
    pub fn text(&self, session: &Session, measured: &Measurement) -> String {
        use alloc::format;
        let name = |strip: usize| session.strips.get(strip).map_or("?", |strip| strip.id.as_str());
        match *self {
            Self::Gain { strip, change_db, phrase, before_lu } => {
                let at = measured.phrases().get(phrase).map_or(0, |phrase| phrase.start_frame);
                let place = measured.header().timecode(at);
                format!(
                    "{}: {change_db:+.1} dB, asked for by phrase {} at {place} (dialogue {before_lu:+.1} LU over music)",
                    name(strip),
                    phrase + 1
                )
            }
            Self::Invert { strip, channel, before_lu, after_lu } => format!(
                "{}: polarity of channel {} turned over (mono loss {before_lu:.1} LU, then {after_lu:.1} LU)",
                name(strip),
                channel + 1
            ),
        }
    }
}

impl Remix {
    /// Where and what, in one line with timecodes.
    #[must_use]
    pub fn text(&self, measured: &Measurement) -> String {
        let header = measured.header();
        alloc::format!(
            "phrase {}, {} to {}, needs a remix: {:.1} LU are missing after all moves within the caps",
            self.phrase + 1,
            header.timecode(self.start_frame),
            header.timecode(self.end_frame),
            self.missing_lu
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_one_side_over_swaps_sum_and_difference() {
        // Uncorrelated sides lose 3.01 LU either way.
        let half = power_to_db(2.0);
        assert!((flipped_mono_loss(half) - half).abs() < 1e-12);
        // What cancels by 10 dB loses 10·log10(1/0.9) = 0.458 LU when it is turned over.
        assert!((flipped_mono_loss(10.0) - 0.457_574_905_6).abs() < 1e-9);
    }
}
