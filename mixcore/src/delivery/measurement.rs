//! Everything that was read from one version, ready to be judged by any number of specs.
//!
//! A measurement is filled once by the measuring code (`loudness::Meter` and the renderer) and
//! never knows a limit:
//!
//! 1. [`Header::new`] says what was measured and how; its `with_…` methods add the choices.
//! 2. [`Measurement::new`], then [`set`](Measurement::set) or [`set_at`](Measurement::set_at) for
//!    the programme, each channel and each stem.
//! 3. [`push_fold_down`](Measurement::push_fold_down), [`push_phrase`](Measurement::push_phrase),
//!    [`push_excursion`](Measurement::push_excursion), [`set_history`](Measurement::set_history).
//!
//! What follows from other readings needs no call: `duration_s`, `plr_db` (true peak − I),
//! `replay_gain_db` (−18 − I), `ldr_lu` (I − dialogue), `fold_down_shift_lu` and the programme's `dialogue_over_music_lu` (the worst
//! phrase) are computed when they are asked for and were not set.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::history::check_stretch;
use super::{Excursion, Header, History, Quantity, Role};
use crate::error::{Error, Text};
use crate::loudness::ReplayGain;
use crate::units::Reading;

/// What a reading is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Of {
    /// The whole version.
    Programme,
    /// One role's stem, as rendered into the version.
    Stem(Role),
    /// A fold-down, by the name it was pushed under.
    FoldDown(String),
    /// A channel, by its index in the layout.
    Channel(usize),
    /// A phrase of dialogue, by its index.
    Phrase(usize),
}

impl fmt::Display for Of {
    /// "programme", "stem AMB", "fold-down mono", "channel 1", "phrase 2" (counted from 1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Programme => f.write_str("programme"),
            Self::Stem(role) => write!(f, "stem {role}"),
            Self::FoldDown(name) => write!(f, "fold-down {name}"),
            Self::Channel(index) => write!(f, "channel {}", index.saturating_add(1)),
            Self::Phrase(index) => write!(f, "phrase {}", index.saturating_add(1)),
        }
    }
}

/// The readings of one thing, by quantity, each with the frame where it was reached.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Readings(BTreeMap<Quantity, (Reading, Option<u64>)>);

impl Readings {
    fn set(&mut self, quantity: Quantity, reading: Reading, frame: Option<u64>) {
        let reading = match reading {
            // "Nothing there" and a broken number alike are no value that could pass.
            Reading::Value(value) if !value.is_finite() => Reading::BelowGate,
            other => other,
        };
        self.0.insert(quantity, (reading, frame));
    }

    /// What was set, else [`Reading::NotApplicable`].
    #[must_use]
    pub fn get(&self, quantity: Quantity) -> Reading {
        self.0.get(&quantity).map_or(Reading::NotApplicable, |entry| entry.0)
    }

    /// The frame at which a maximum was reached.
    #[must_use]
    pub fn frame_of(&self, quantity: Quantity) -> Option<u64> {
        self.0.get(&quantity).and_then(|entry| entry.1)
    }

    /// Everything that was set, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (Quantity, Reading)> {
        self.0.iter().map(|(&quantity, entry)| (quantity, entry.0))
    }
}

/// The readings of one channel.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ChannelReading {
    /// Label of the loudspeaker (BS.2051).
    pub label: &'static str,
    /// Its readings.
    pub readings: Readings,
}

/// The readings of one role's stem, as rendered into the version.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct StemReading {
    /// The role.
    pub role: Role,
    /// Its readings.
    pub readings: Readings,
}

/// A fold-down of the version, re-measured.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct FoldDownReading {
    /// Its name: "Lo/Ro", "mono".
    pub name: String,
    /// The matrix and where it comes from.
    pub matrix: String,
    /// Its readings.
    pub readings: Readings,
}

/// Dialogue against music over one phrase.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct PhraseReading {
    /// First frame.
    pub start_frame: u64,
    /// Frame after the last one.
    pub end_frame: u64,
    /// Gated loudness of the dialogue, LUFS.
    pub dialogue_lufs: Reading,
    /// Gated loudness of the music, LUFS.
    pub music_lufs: Reading,
    /// Their difference, LU.
    pub over_music_lu: Reading,
}

impl PhraseReading {
    /// A phrase from its two loudnesses; the separation is their difference.
    ///
    /// # Errors
    /// A phrase without frames.
    pub fn new(
        start_frame: u64,
        end_frame: u64,
        dialogue_lufs: Reading,
        music_lufs: Reading,
    ) -> Result<Self, Error> {
        check_stretch(start_frame, end_frame)?;
        let clean = |reading: Reading| match reading {
            Reading::Value(value) => Reading::from_level(value),
            other => other,
        };
        let (dialogue_lufs, music_lufs) = (clean(dialogue_lufs), clean(music_lufs));
        let over_music_lu =
            clean(dialogue_lufs.zip(music_lufs, |dialogue, music| dialogue - music));
        Ok(Self { start_frame, end_frame, dialogue_lufs, music_lufs, over_music_lu })
    }
}

/// Everything that was read from one version.
///
/// # Example
/// ```
/// use mixcore::Layout;
/// use mixcore::delivery::{Header, Measurement, Of, Quantity, Reading};
///
/// let header = Header::new("master", Layout::STEREO, 48_000.0, 48_000 * 90)?;
/// let mut measurement = Measurement::new(header);
/// measurement.set(&Of::Programme, Quantity::IntegratedLufs, Reading::Value(-23.0))?;
/// measurement.set_at(&Of::Programme, Quantity::TruePeakDbtp, Reading::Value(-3.5), 96_000)?;
/// assert_eq!(measurement.get(Quantity::PlrDb), Reading::Value(19.5));
/// assert_eq!(measurement.get(Quantity::DialogueLufs), Reading::NotApplicable);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
pub struct Measurement {
    header: Header,
    programme: Readings,
    channels: Vec<ChannelReading>,
    fold_downs: Vec<FoldDownReading>,
    stems: Vec<StemReading>,
    phrases: Vec<PhraseReading>,
    excursions: Vec<Excursion>,
    history: History,
}

impl Measurement {
    /// A measurement without readings.
    #[must_use]
    pub fn new(header: Header) -> Self {
        let channels = header
            .layout()
            .speakers()
            .iter()
            .map(|speaker| ChannelReading { label: speaker.label, readings: Readings::default() })
            .collect();
        Self {
            header,
            programme: Readings::default(),
            channels,
            fold_downs: Vec::new(),
            stems: Vec::new(),
            phrases: Vec::new(),
            excursions: Vec::new(),
            history: History::default(),
        }
    }

    /// Sets a reading; one that is not finite becomes [`Reading::BelowGate`].
    ///
    /// # Errors
    /// A channel that the layout does not have, a fold-down that was not pushed, or a phrase
    /// (phrases are set whole by [`push_phrase`](Self::push_phrase)).
    pub fn set(&mut self, of: &Of, quantity: Quantity, reading: Reading) -> Result<(), Error> {
        self.place(of)?.set(quantity, reading, None);
        Ok(())
    }

    /// Sets a reading together with the frame where it was reached (a maximum, a peak).
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn set_at(
        &mut self,
        of: &Of,
        quantity: Quantity,
        reading: Reading,
        frame: u64,
    ) -> Result<(), Error> {
        self.place(of)?.set(quantity, reading, Some(frame));
        Ok(())
    }

    fn place(&mut self, of: &Of) -> Result<&mut Readings, Error> {
        match of {
            Of::Programme => Ok(&mut self.programme),
            Of::Stem(role) => {
                let index = match self.stems.iter().position(|stem| stem.role == *role) {
                    Some(index) => index,
                    None => {
                        self.stems.push(StemReading { role: *role, readings: Readings::default() });
                        self.stems.len() - 1
                    }
                };
                Ok(&mut self.stems[index].readings)
            }
            Of::Channel(index) => {
                let expected = self.channels.len();
                match self.channels.get_mut(*index) {
                    Some(channel) => Ok(&mut channel.readings),
                    None => Err(Error::ChannelCount {
                        what: "measurement",
                        given: index.saturating_add(1),
                        expected,
                    }),
                }
            }
            Of::FoldDown(name) => self
                .fold_downs
                .iter_mut()
                .find(|fold_down| fold_down.name == *name)
                .map(|fold_down| &mut fold_down.readings)
                .ok_or(Error::UnknownName {
                    what: "fold-down",
                    given: Text::new(name),
                    allowed: "the names given to push_fold_down",
                }),
            Of::Phrase(_) => Err(Error::Unsupported {
                what: "setting a single reading of a phrase",
                hint: "build the phrase with PhraseReading::new and push it",
            }),
        }
    }

    /// Adds samples that were taken as silence before the measured audio was made: a report warns of
    /// them wherever they were lost.
    pub fn add_faults(&mut self, count: u64) {
        let known = self.programme.get(Quantity::Faults).value().unwrap_or(0.0);
        #[expect(clippy::cast_precision_loss, reason = "a count of faults")]
        let all = known + count as f64;
        self.programme.set(Quantity::Faults, Reading::Value(all), None);
    }

    /// Declares a fold-down with its matrix and the matrix's source; then `set` its readings.
    ///
    /// # Errors
    /// A name that is already there.
    pub fn push_fold_down(&mut self, name: &str, matrix: &str) -> Result<(), Error> {
        if self.fold_downs.iter().any(|fold_down| fold_down.name == name) {
            return Err(Error::Unsupported {
                what: "a second fold-down of the same name",
                hint: "give every fold-down its own name",
            });
        }
        self.fold_downs.push(FoldDownReading {
            name: name.to_owned(),
            matrix: matrix.to_owned(),
            readings: Readings::default(),
        });
        Ok(())
    }

    /// Adds a phrase of dialogue, in the order of time.
    pub fn push_phrase(&mut self, phrase: PhraseReading) {
        self.phrases.push(phrase);
    }

    /// Adds a stretch of true peaks over a limit, in the order of time.
    ///
    /// A finding lists the stretches whose limit is its own; for other limits it falls back to
    /// the 100 ms history.
    pub fn push_excursion(&mut self, excursion: Excursion) {
        self.excursions.push(excursion);
    }

    /// Sets the readings over time.
    pub fn set_history(&mut self, history: History) {
        self.history = history;
    }

    /// What the programme reads.
    #[must_use]
    pub fn get(&self, quantity: Quantity) -> Reading {
        self.get_of(&Of::Programme, quantity)
    }

    /// What one thing reads; [`Reading::NotApplicable`] where nothing was set or derived.
    #[must_use]
    pub fn get_of(&self, of: &Of, quantity: Quantity) -> Reading {
        match of {
            Of::Programme => self.of_programme(quantity),
            Of::Stem(role) => self
                .stems
                .iter()
                .find(|stem| stem.role == *role)
                .map_or(Reading::NotApplicable, |stem| derived(&stem.readings, quantity)),
            Of::FoldDown(name) => self
                .fold_downs
                .iter()
                .find(|fold_down| fold_down.name == *name)
                .map_or(Reading::NotApplicable, |fold_down| {
                    self.of_fold_down(&fold_down.readings, quantity)
                }),
            Of::Channel(index) => self
                .channels
                .get(*index)
                .map_or(Reading::NotApplicable, |channel| derived(&channel.readings, quantity)),
            Of::Phrase(index) => {
                self.phrases.get(*index).map_or(Reading::NotApplicable, |phrase| match quantity {
                    Quantity::DialogueLufs => phrase.dialogue_lufs,
                    Quantity::MusicLufs => phrase.music_lufs,
                    Quantity::DialogueOverMusicLu => phrase.over_music_lu,
                    _ => Reading::NotApplicable,
                })
            }
        }
    }

    fn of_programme(&self, quantity: Quantity) -> Reading {
        match (self.programme.0.contains_key(&quantity), quantity) {
            (false, Quantity::DurationS) => Reading::Value(self.header.duration_s()),
            (false, Quantity::DialogueOverMusicLu) => self
                .phrases
                .iter()
                .filter_map(|phrase| phrase.over_music_lu.value())
                .reduce(f64::min)
                .map_or(Reading::NotApplicable, Reading::Value),
            _ => derived(&self.programme, quantity),
        }
    }

    fn of_fold_down(&self, readings: &Readings, quantity: Quantity) -> Reading {
        if quantity == Quantity::FoldDownShiftLu && !readings.0.contains_key(&quantity) {
            let own = readings.get(Quantity::IntegratedLufs);
            return own.zip(self.get(Quantity::IntegratedLufs), |fold, whole| fold - whole);
        }
        derived(readings, quantity)
    }

    /// The frame at which a maximum was reached.
    #[must_use]
    pub fn frame_of(&self, of: &Of, quantity: Quantity) -> Option<u64> {
        match of {
            Of::Programme => self.programme.frame_of(quantity),
            Of::Stem(role) => {
                self.stems.iter().find(|s| s.role == *role)?.readings.frame_of(quantity)
            }
            Of::FoldDown(name) => {
                self.fold_downs.iter().find(|f| f.name == *name)?.readings.frame_of(quantity)
            }
            Of::Channel(index) => self.channels.get(*index)?.readings.frame_of(quantity),
            Of::Phrase(index) => self.phrases.get(*index).map(|phrase| phrase.start_frame),
        }
    }

    /// What was measured, and with which choices.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The readings of the whole version.
    #[must_use]
    pub fn programme(&self) -> &Readings {
        &self.programme
    }

    /// The channels, in the layout's order.
    #[must_use]
    pub fn channels(&self) -> &[ChannelReading] {
        &self.channels
    }

    /// The fold-downs, in the order in which they were pushed.
    #[must_use]
    pub fn fold_downs(&self) -> &[FoldDownReading] {
        &self.fold_downs
    }

    /// The stems that have readings.
    #[must_use]
    pub fn stems(&self) -> &[StemReading] {
        &self.stems
    }

    /// The phrases of dialogue, in the order of time.
    #[must_use]
    pub fn phrases(&self) -> &[PhraseReading] {
        &self.phrases
    }

    /// The stretches of true peaks over a limit.
    #[must_use]
    pub fn excursions(&self) -> &[Excursion] {
        &self.excursions
    }

    /// The readings over time.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }
}

/// What was set, else what follows from other readings of the same thing.
fn derived(readings: &Readings, quantity: Quantity) -> Reading {
    if readings.0.contains_key(&quantity) {
        return readings.get(quantity);
    }
    let integrated = || readings.get(Quantity::IntegratedLufs);
    match quantity {
        Quantity::PlrDb => {
            readings.get(Quantity::TruePeakDbtp).zip(integrated(), |peak, loudness| peak - loudness)
        }
        Quantity::ReplayGainDb => ReplayGain::new(integrated(), Reading::NotApplicable).gain_db,
        Quantity::LdrLu => {
            integrated().zip(readings.get(Quantity::DialogueLufs), |all, dialogue| all - dialogue)
        }
        _ => Reading::NotApplicable,
    }
}

#[cfg(feature = "json")]
mod json {
    use serde::ser::{Serialize, SerializeMap, Serializer};

    use super::{Reading, Readings};

    /// A reading with its place: `{"value": -1.2, "at_frame": 48000}`.
    struct Entry(Reading, Option<u64>);

    impl Serialize for Entry {
        fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
            #[derive(serde::Serialize)]
            struct Placed {
                #[serde(flatten)]
                reading: Reading,
                #[serde(skip_serializing_if = "Option::is_none")]
                at_frame: Option<u64>,
            }
            Placed { reading: self.0, at_frame: self.1 }.serialize(serializer)
        }
    }

    impl Serialize for Readings {
        fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
            let mut map = serializer.serialize_map(Some(self.0.len()))?;
            for (quantity, &(reading, frame)) in &self.0 {
                map.serialize_entry(quantity.key(), &Entry(reading, frame))?;
            }
            map.end()
        }
    }
}
