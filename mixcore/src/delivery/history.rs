//! What happened when: loudness and peaks over time, for plots and for places in time.

use alloc::vec::Vec;

use crate::error::Error;

/// Readings on a 100 ms grid. Entry k belongs to the 100 ms that end at (k + 1)·0.1 s.
///
/// A value that does not exist yet (the window is not full) or is digital silence is not finite;
/// JSON has null there. The three lists may differ in length; a missing one is empty.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct History {
    /// Momentary loudness, LUFS.
    pub momentary_lufs: Vec<f32>,
    /// Short-term loudness, LUFS.
    pub short_term_lufs: Vec<f32>,
    /// Highest true peak of all channels in the 100 ms, dBTP.
    pub true_peak_dbtp: Vec<f32>,
}

impl History {
    /// Seconds from one entry to the next (EBU Tech 3341: at least 10 Hz).
    pub const HOP_S: f64 = 0.1;

    /// Puts the three lists together.
    #[must_use]
    pub fn new(
        momentary_lufs: Vec<f32>,
        short_term_lufs: Vec<f32>,
        true_peak_dbtp: Vec<f32>,
    ) -> Self {
        Self { momentary_lufs, short_term_lufs, true_peak_dbtp }
    }

    /// Entries of the longest list.
    #[must_use]
    pub fn len(&self) -> usize {
        self.momentary_lufs.len().max(self.short_term_lufs.len()).max(self.true_peak_dbtp.len())
    }

    /// No entry at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A stretch in which a peak lies over a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Excursion {
    /// First frame over the limit.
    pub start_frame: u64,
    /// Frame after the last one.
    pub end_frame: u64,
    /// Channel with the highest peak, if it is known.
    pub channel: Option<usize>,
    /// Highest true peak inside, dBTP.
    pub peak_dbtp: f64,
    /// The limit that was exceeded, dBTP.
    pub over_dbtp: f64,
}

impl Excursion {
    /// A stretch from `start_frame` up to, not including, `end_frame`.
    ///
    /// # Errors
    /// An empty stretch, or levels that are not finite.
    pub fn new(
        start_frame: u64,
        end_frame: u64,
        channel: Option<usize>,
        peak_dbtp: f64,
        over_dbtp: f64,
    ) -> Result<Self, Error> {
        check_stretch(start_frame, end_frame)?;
        Error::check_range("peak_dbtp", peak_dbtp, -1000.0, 1000.0)?;
        Error::check_range("over_dbtp", over_dbtp, -1000.0, 1000.0)?;
        Ok(Self { start_frame, end_frame, channel, peak_dbtp, over_dbtp })
    }
}

/// A stretch of time has at least one frame.
pub(super) fn check_stretch(start_frame: u64, end_frame: u64) -> Result<(), Error> {
    if start_frame < end_frame {
        Ok(())
    } else {
        Err(Error::Unsupported {
            what: "a stretch that ends before it begins",
            hint: "end_frame is the frame after the last one: make it larger than start_frame",
        })
    }
}
