//! What was measured, and with which choices: the head of every report.

use alloc::borrow::ToOwned;
use alloc::string::String;

use crate::audio::Layout;
use crate::error::Error;
use crate::loudness::{DETECTOR_STATEMENT, Detector, Edition, LICENSED_STATEMENT};
use crate::stream::{MAX_RATE_HZ, MIN_RATE_HZ};
use crate::units::{FrameRate, Timecode};

/// What was measured, and with which choices. Without it a number means nothing.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Header {
    /// Name of the version, for people.
    pub title: String,
    /// The file or render that was read.
    pub source: String,
    layout: Layout,
    rate_hz: f64,
    frames: u64,
    /// Bits per sample of the file; `None` while it is no file yet.
    pub bit_depth: Option<u16>,
    start_timecode: Timecode,
    frame_rate: FrameRate,
    /// A mono version was measured as it is played, on both loudspeakers (+3.01 LU).
    pub dual_mono: bool,
    /// The interpolator behind `true_peak_dbtp`.
    pub true_peak_method: String,
    /// The edition of BS.1770 that `integrated_lufs` follows.
    #[cfg_attr(feature = "json", serde(serialize_with = "edition_name"))]
    pub loudness_edition: Edition,
    /// What decided when there is dialogue; `None` without dialogue readings.
    pub dialogue_detector: Option<String>,
    /// That is the licensed speech gate that some platforms use, by the caller's word.
    pub dialogue_detector_licensed: bool,
    /// The program and version that measured.
    pub produced_by: String,
}

#[cfg(feature = "json")]
fn edition_name<W: serde::Serializer>(edition: &Edition, to: W) -> Result<W::Ok, W::Error> {
    to.serialize_str(edition.name())
}

impl Header {
    /// A version of `frames` frames at `rate_hz`, starting at 00:00:00:00 of 25 frames a second.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz.
    pub fn new(title: &str, layout: Layout, rate_hz: f64, frames: u64) -> Result<Self, Error> {
        Error::check_range("rate_hz", rate_hz, MIN_RATE_HZ, MAX_RATE_HZ)?;
        let frame_rate = FrameRate::default();
        Ok(Self {
            title: title.to_owned(),
            source: String::new(),
            layout,
            rate_hz,
            frames,
            bit_depth: None,
            start_timecode: Timecode { frame: 0, frame_rate },
            frame_rate,
            dual_mono: false,
            true_peak_method: String::new(),
            loudness_edition: Edition::default(),
            dialogue_detector: None,
            dialogue_detector_licensed: false,
            produced_by: concat!("mixcore ", env!("CARGO_PKG_VERSION")).to_owned(),
        })
    }

    /// Sets the timecode of the first frame (taken modulo 24 hours).
    #[must_use]
    pub fn with_start(mut self, start: Timecode) -> Self {
        let day = start.frame_rate.nominal() * 86_400;
        self.frame_rate = start.frame_rate;
        self.start_timecode = Timecode { frame: start.frame % day, frame_rate: start.frame_rate };
        self
    }

    /// Sets the file or render that was read.
    #[must_use]
    pub fn with_source(mut self, source: &str) -> Self {
        self.source = source.to_owned();
        self
    }

    /// Sets the bits per sample of the file.
    #[must_use]
    pub fn with_bit_depth(mut self, bits: u16) -> Self {
        self.bit_depth = Some(bits);
        self
    }

    /// States that a mono version was measured as played on both loudspeakers.
    #[must_use]
    pub fn with_dual_mono(mut self, dual_mono: bool) -> Self {
        self.dual_mono = dual_mono;
        self
    }

    /// Names the interpolator behind `true_peak_dbtp`.
    #[must_use]
    pub fn with_true_peak_method(mut self, method: &str) -> Self {
        self.true_peak_method = method.to_owned();
        self
    }

    /// Names the edition of BS.1770 that `integrated_lufs` follows.
    #[must_use]
    pub fn with_loudness_edition(mut self, edition: Edition) -> Self {
        self.loudness_edition = edition;
        self
    }

    /// Names what decided when there is dialogue.
    #[must_use]
    pub fn with_dialogue_detector(mut self, detector: Detector) -> Self {
        self.dialogue_detector = Some(detector.name.to_owned());
        self.dialogue_detector_licensed = detector.is_licensed;
        self
    }

    /// What every report says when dialogue was measured: whether that was the licensed speech gate
    /// that some platforms use.
    #[must_use]
    pub fn detector_statement(&self) -> &'static str {
        if self.dialogue_detector_licensed { LICENSED_STATEMENT } else { DETECTOR_STATEMENT }
    }

    /// The channels and their meaning.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Sample rate, Hz.
    #[must_use]
    pub fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    /// Frames per channel.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Timecode of the first frame.
    #[must_use]
    pub fn start_timecode(&self) -> Timecode {
        self.start_timecode
    }

    /// Length, seconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "frames of a programme fit into 53 bits")]
    pub fn duration_s(&self) -> f64 {
        self.frames as f64 / self.rate_hz
    }

    /// Timecode of an audio frame counted from the first.
    #[must_use]
    pub fn timecode(&self, frame: u64) -> Timecode {
        Timecode::of_audio_frame(frame, self.rate_hz, self.start_timecode)
    }
}
