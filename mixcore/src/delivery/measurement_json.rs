//! Measurements as JSON: what was measured once can be kept, and judged later.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Deserialize;

use super::{Excursion, Header, History, Measurement, Of, PhraseReading, Quantity, Role};
use crate::audio::Layout;
use crate::error::{Error, Problems, Text};
use crate::loudness::Edition;
use crate::units::{FrameRate, Reading, Timecode};

/// The text, part by part.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    header: HeaderWritten,
    programme: ReadingsWritten,
    channels: Vec<ChannelWritten>,
    fold_downs: Vec<FoldDownWritten>,
    stems: Vec<StemWritten>,
    phrases: Vec<PhraseWritten>,
    excursions: Vec<ExcursionWritten>,
    history: HistoryWritten,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderWritten {
    title: String,
    source: String,
    layout: Layout,
    rate_hz: f64,
    frames: u64,
    bit_depth: Option<u16>,
    start_timecode: String,
    frame_rate: FrameRate,
    dual_mono: bool,
    true_peak_method: String,
    /// Texts from before it was written follow the last edition.
    loudness_edition: Option<String>,
    dialogue_detector: Option<String>,
    #[serde(default)]
    dialogue_detector_licensed: bool,
    produced_by: String,
}

type ReadingsWritten = BTreeMap<Quantity, Placed>;

/// A reading, and where it was reached.
#[derive(Deserialize)]
struct Placed {
    #[serde(flatten)]
    reading: Reading,
    at_frame: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChannelWritten {
    label: String,
    readings: ReadingsWritten,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FoldDownWritten {
    name: String,
    matrix: String,
    readings: ReadingsWritten,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StemWritten {
    role: Role,
    readings: ReadingsWritten,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PhraseWritten {
    start_frame: u64,
    end_frame: u64,
    dialogue_lufs: Reading,
    music_lufs: Reading,
    #[serde(rename = "over_music_lu")]
    _derived: Reading,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExcursionWritten {
    start_frame: u64,
    end_frame: u64,
    channel: Option<usize>,
    peak_dbtp: f64,
    over_dbtp: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryWritten {
    momentary_lufs: Vec<Option<f32>>,
    short_term_lufs: Vec<Option<f32>>,
    true_peak_dbtp: Vec<Option<f32>>,
}

impl Measurement {
    /// The measurement as JSON that [`from_json`](Self::from_json) reads back.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Text keys and plain values only: this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a measurement that [`to_json`](Self::to_json) has written; every number comes back
    /// with its bits, a value of the history that is not finite as NaN.
    ///
    /// # Errors
    /// The first fault of the text.
    ///
    /// # Example
    /// ```
    /// use mixcore::Layout;
    /// use mixcore::delivery::{Header, Measurement, Of, Quantity, Reading};
    /// let header = Header::new("master", Layout::STEREO, 48_000.0, 48_000 * 90)?;
    /// let mut measurement = Measurement::new(header);
    /// measurement.set_at(&Of::Programme, Quantity::TruePeakDbtp, Reading::Value(-3.5), 9600)?;
    /// assert_eq!(Measurement::from_json(&measurement.to_json()).unwrap(), measurement);
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn from_json(text: &str) -> Result<Self, Problems> {
        let written: Written = serde_json::from_str(text).map_err(|error| {
            let mut problems = Problems::new();
            let place = alloc::format!("line {}, column {}", error.line(), error.column());
            let allowed = "a measurement as Measurement::to_json writes it";
            problems.push(&place, "something else", allowed, &error.to_string());
            problems
        })?;
        written.measurement().map_err(|error| Problems::of_error("$", error))
    }
}

impl Written {
    fn measurement(self) -> Result<Measurement, Error> {
        let mut found = Measurement::new(self.header.header()?);
        fill(&mut found, &Of::Programme, self.programme)?;
        let expected = found.channels().len();
        if self.channels.len() != expected {
            let given = self.channels.len();
            return Err(Error::ChannelCount { what: "measurement", given, expected });
        }
        for (index, channel) in self.channels.into_iter().enumerate() {
            if channel.label != found.channels()[index].label {
                return Err(Error::UnknownName {
                    what: "channel",
                    given: Text::new(&channel.label),
                    allowed: "the labels of the layout's loudspeakers, in its order",
                });
            }
            fill(&mut found, &Of::Channel(index), channel.readings)?;
        }
        for fold_down in self.fold_downs {
            found.push_fold_down(&fold_down.name, &fold_down.matrix)?;
            fill(&mut found, &Of::FoldDown(fold_down.name), fold_down.readings)?;
        }
        for stem in self.stems {
            fill(&mut found, &Of::Stem(stem.role), stem.readings)?;
        }
        for phrase in self.phrases {
            found.push_phrase(PhraseReading::new(
                phrase.start_frame,
                phrase.end_frame,
                phrase.dialogue_lufs,
                phrase.music_lufs,
            )?);
        }
        for over in self.excursions {
            found.push_excursion(Excursion::new(
                over.start_frame,
                over.end_frame,
                over.channel,
                over.peak_dbtp,
                over.over_dbtp,
            )?);
        }
        let list = |values: Vec<Option<f32>>| {
            values.into_iter().map(|value| value.unwrap_or(f32::NAN)).collect()
        };
        found.set_history(History::new(
            list(self.history.momentary_lufs),
            list(self.history.short_term_lufs),
            list(self.history.true_peak_dbtp),
        ));
        Ok(found)
    }
}

impl HeaderWritten {
    fn header(self) -> Result<Header, Error> {
        let start = Timecode::parse(&self.start_timecode, self.frame_rate);
        let start = start.ok_or(Error::UnknownName {
            what: "timecode",
            given: Text::new(&self.start_timecode),
            allowed: "HH:MM:SS:FF, with frames that the frame rate has",
        })?;
        let edition = self.loudness_edition.map_or(Ok(Edition::default()), |name| {
            let known = Edition::ALL.into_iter().find(|edition| edition.name() == name);
            known.ok_or(Error::UnknownName {
                what: "loudness edition",
                given: Text::new(&name),
                allowed: "ITU-R BS.1770-1 to ITU-R BS.1770-5",
            })
        })?;
        let mut header = Header::new(&self.title, self.layout, self.rate_hz, self.frames)?
            .with_start(start)
            .with_source(&self.source)
            .with_dual_mono(self.dual_mono)
            .with_true_peak_method(&self.true_peak_method)
            .with_loudness_edition(edition);
        header.bit_depth = self.bit_depth;
        header.dialogue_detector = self.dialogue_detector;
        header.dialogue_detector_licensed = self.dialogue_detector_licensed;
        header.produced_by = self.produced_by;
        Ok(header)
    }
}

/// Sets every reading of one thing.
fn fill(found: &mut Measurement, of: &Of, readings: ReadingsWritten) -> Result<(), Error> {
    for (quantity, Placed { reading, at_frame }) in readings {
        match at_frame {
            Some(frame) => found.set_at(of, quantity, reading, frame)?,
            None => found.set(of, quantity, reading)?,
        }
    }
    Ok(())
}
