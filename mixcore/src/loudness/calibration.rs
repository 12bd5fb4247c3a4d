//! Which level in a room a level in the file stands for: the calibration of a cinema.

use core::fmt;

use super::rms_convention::RmsConvention;
use crate::audio::{Layout, MAX_LAYOUT_CHANNELS, Speaker};
use crate::error::Error;

/// Replay level of the loudspeakers in front, dB (ISO 21727:2016, Table 2).
const FRONT_DB: f64 = 85.0;
/// Replay level of each surround channel, dB (ISO 21727:2016, Table 2).
const SURROUND_DB: f64 = 82.0;
/// Replay level of the LFE, dB: 10 dB of in-band gain (ISO 21727:2016, Table 2).
const LFE_DB: f64 = 95.0;
/// Reference level: a steady tone at −20 dB of full scale (ISO 21727:2016, 3.1).
const REFERENCE_DBFS: f64 = -20.0;
/// Loudspeakers are in front up to this angle; beyond, they are surrounds.
const FRONT_DEG: f64 = 60.0;
/// Levels that a calibration may have, dB.
const LEVEL_LIMIT_DB: f64 = 200.0;

/// Level that the reference level has in each channel, dB.
///
/// # Example
/// ```
/// use mixcore::Layout;
/// use mixcore::loudness::Calibration;
/// let room = Calibration::cinema(Layout::SURROUND_5_1)?;
/// assert_eq!(room.levels_db(), [85.0, 85.0, 85.0, 95.0, 82.0, 82.0]);
/// assert_eq!(
///     room.to_string(),
///     "L 85, R 85, C 85, LFE 95, Ls 82, Rs 82 dB for -20 dBFS; \
///      a full-scale sine is 0 dBFS RMS (AES17)"
/// );
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    layout: Layout,
    levels_db: [f64; MAX_LAYOUT_CHANNELS],
    reference_dbfs: f64,
    convention: RmsConvention,
}

impl Calibration {
    /// A room with a level of its own for each channel: that of a tone of `reference_dbfs`.
    ///
    /// # Units and range
    /// Levels -200 to 200 dB, the reference -100 to 0 dBFS.
    ///
    /// # Errors
    /// Another number of levels than the layout has channels, or a number out of its range.
    pub fn new(
        layout: Layout,
        levels_db: &[f64],
        reference_dbfs: f64,
        convention: RmsConvention,
    ) -> Result<Self, Error> {
        let expected = layout.channel_count();
        if levels_db.len() != expected {
            let given = levels_db.len();
            return Err(Error::ChannelCount { what: "calibration", given, expected });
        }
        Error::check_range("reference_dbfs", reference_dbfs, -100.0, 0.0)?;
        let mut calibration = Self::full_scale(layout, convention);
        calibration.reference_dbfs = reference_dbfs;
        for (slot, &level_db) in calibration.levels_db.iter_mut().zip(levels_db) {
            *slot = Error::check_range("levels_db", level_db, -LEVEL_LIMIT_DB, LEVEL_LIMIT_DB)?;
        }
        Ok(calibration)
    }

    /// No room: levels in dB relative to full scale, 0 dB for 0 dBFS in every channel.
    #[must_use]
    pub fn full_scale(layout: Layout, convention: RmsConvention) -> Self {
        let levels_db = [0.0; MAX_LAYOUT_CHANNELS];
        Self { layout, levels_db, reference_dbfs: 0.0, convention }
    }

    /// A cinema: 85 dB in front, 82 dB for each surround channel, 95 dB for the LFE, for a tone of
    /// -20 dBFS; a sine that reaches full scale is 0 dBFS.
    ///
    /// The standard lists the six channels of 5.1. Other layouts without heights follow the same
    /// rule, 82 dB for every channel at the sides and behind.
    ///
    /// # Errors
    /// A layout with loudspeakers above or below the ear, whose levels the standard does not have.
    ///
    /// # Source
    /// ISO 21727:2016, 3.1 (reference level, measured with a steady tone) and Table 2, by way of
    /// pforret/leqm-nrt's documentation.
    pub fn cinema(layout: Layout) -> Result<Self, Error> {
        let mut calibration = Self::full_scale(layout, RmsConvention::Aes17);
        calibration.reference_dbfs = REFERENCE_DBFS;
        for (slot, speaker) in calibration.levels_db.iter_mut().zip(layout.speakers()) {
            *slot = cinema_level_db(speaker)?;
        }
        Ok(calibration)
    }

    /// The same levels by another convention.
    #[must_use]
    pub fn with_convention(self, convention: RmsConvention) -> Self {
        Self { convention, ..self }
    }

    /// The layout that it is for.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Level of each channel for the reference level, dB.
    #[must_use]
    pub fn levels_db(&self) -> &[f64] {
        self.levels_db.get(..self.layout.channel_count()).unwrap_or_default()
    }

    /// The reference level, dBFS.
    #[must_use]
    pub fn reference_dbfs(&self) -> f64 {
        self.reference_dbfs
    }

    /// What 0 dBFS is.
    #[must_use]
    pub fn convention(&self) -> RmsConvention {
        self.convention
    }

    /// Mean square of the reference level, full scale = 1.
    pub(super) fn reference_power(&self) -> f64 {
        self.convention.power(self.reference_dbfs)
    }
}

fn cinema_level_db(speaker: &Speaker) -> Result<f64, Error> {
    if speaker.lfe {
        Ok(LFE_DB)
    } else if speaker.elevation_deg != 0.0 {
        Err(Error::Unsupported {
            what: "a cinema calibration for heights",
            hint: "ISO 21727 lists L, R, C, Ls, Rs and LFE: give the levels with Calibration::new",
        })
    } else if speaker.azimuth_deg.abs() < FRONT_DEG {
        Ok(FRONT_DB)
    } else {
        Ok(SURROUND_DB)
    }
}

impl fmt::Display for Calibration {
    /// Every level, the reference and the convention.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (speaker, level)) in self.layout.speakers().iter().zip(self.levels_db()).enumerate()
        {
            let comma = if n > 0 { ", " } else { "" };
            write!(f, "{comma}{} {level}", speaker.short_name())?;
        }
        write!(f, " dB for {} dBFS; {}", self.reference_dbfs, self.convention)
    }
}
