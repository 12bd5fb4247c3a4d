//! Loudness of several programmes together (an album, a series), and ReplayGain 2.
//!
//! > album: BS.1770's two gates over the blocks of ALL programmes, none of them across a join
//!
//! So a quiet track is gated as a quiet passage of one long programme would be, and the order of the
//! programmes does not matter. Two other forms are in use and named here: the mean of the programmes'
//! loudness figures, and that of their powers weighted by duration; both let a quiet track count that
//! the album's own gate would leave out.
//!
//! > ReplayGain 2: gain = −18 LUFS − I
//!
//! Sources: BS.1770-5, Annex 1 (gates); the form over all blocks is that of libebur128's
//! `ebur128_loudness_global_multiple`. ReplayGain 2.0 specification (Hydrogenaudio, draft): reference
//! −18 LUFS; the peak is written as it is, above 1.0 too, since a capped one tells a player that there
//! is nothing to guard against (M-Igashi/mp3rgain, issues 269 and 292).

use super::gating::{Gates, MOMENTARY_SUB_BLOCKS, SubBlocks, gated_loudness, loudness, mean};
use super::readings::LoudnessReadings;
use crate::units::{Lufs, Reading, db_to_gain};

/// Loudness that ReplayGain 2 plays everything at, LUFS.
pub const REPLAY_GAIN_REFERENCE_LUFS: f64 = -18.0;

/// Programmes that belong together.
///
/// # Example
/// ```
/// use mixcore::loudness::{Album, SubBlocks};
/// // A minute at -20.7 LUFS and a minute 20 LU below.
/// let (loud, quiet) = ([4.8; 6000], [0.048; 6000]);
/// let tracks = [SubBlocks::new(&loud, 48_000.0)?, SubBlocks::new(&quiet, 48_000.0)?];
/// let album = Album::new(&tracks);
/// // The quiet one lies below the album's relative gate; a mean of figures counts it.
/// assert!((album.integrated_lufs().value().unwrap() + 20.691).abs() < 1e-9);
/// assert!((album.mean_of_loudness_lufs().value().unwrap() + 30.691).abs() < 1e-9);
/// assert!((album.mean_of_powers_lufs().value().unwrap() + 23.658).abs() < 1e-3);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Album<'a> {
    programmes: &'a [SubBlocks<'a>],
}

impl<'a> Album<'a> {
    /// An album of these programmes, at any rates.
    #[must_use]
    pub fn new(programmes: &'a [SubBlocks<'a>]) -> Self {
        Self { programmes }
    }

    /// Loudness of all programmes: both gates over the union of their blocks, LUFS.
    ///
    /// For one programme it is [`SubBlocks::integrated_lufs`], bit for bit. Programmes shorter than
    /// 0.4 s have no block.
    #[must_use]
    pub fn integrated_lufs(&self) -> Reading {
        self.counted(|| {
            let blocks = || self.programmes.iter().flat_map(|p| p.windows(MOMENTARY_SUB_BLOCKS));
            gated_loudness(blocks, Gates::default())
        })
    }

    /// Mean of the programmes' loudness figures, LUFS: what one gets from a list of readings.
    ///
    /// Programmes without a figure (silence, shorter than 0.4 s) are left out.
    #[must_use]
    pub fn mean_of_loudness_lufs(&self) -> Reading {
        self.counted(|| {
            mean(self.figures().map(|(lufs, _)| lufs)).map_or(Reading::BelowGate, Reading::Value)
        })
    }

    /// Loudness of the mean of the programmes' powers, weighted by their durations, LUFS.
    ///
    /// The power of a programme is that of its loudness figure. Programmes without one are left out.
    #[must_use]
    pub fn mean_of_powers_lufs(&self) -> Reading {
        self.counted(|| {
            let energies =
                mean(self.figures().map(|(lufs, s)| Lufs::new(lufs).power().value() * s));
            let durations = mean(self.figures().map(|(_, duration_s)| duration_s));
            energies.zip(durations).map_or(Reading::BelowGate, |(e, s)| loudness(e / s))
        })
    }

    /// ReplayGain 2 of the album from the true or sample peaks of its programmes, dB.
    #[must_use]
    pub fn replay_gain(&self, peaks_db: &[Reading]) -> ReplayGain {
        let highest = peaks_db.iter().filter_map(|peak| peak.value()).reduce(f64::max);
        let none = peaks_db.first().copied().unwrap_or(Reading::NotApplicable);
        ReplayGain::new(self.integrated_lufs(), highest.map_or(none, Reading::Value))
    }

    /// Loudness and duration of the programmes that have one.
    fn figures(&self) -> impl Iterator<Item = (f64, f64)> {
        self.programmes.iter().filter_map(|p| Some((p.integrated_lufs().value()?, p.duration_s())))
    }

    /// `read`, if any programme is long enough for a block.
    fn counted(&self, read: impl FnOnce() -> Reading) -> Reading {
        if self.programmes.iter().any(|p| p.len() >= MOMENTARY_SUB_BLOCKS) {
            return read();
        }
        match self.programmes.iter().max_by_key(|p| p.len()) {
            Some(longest) => longest.too_short(MOMENTARY_SUB_BLOCKS),
            None => Reading::NotApplicable,
        }
    }
}

/// What a ReplayGain 2 tag holds.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReplayGain {
    /// Gain to the reference, dB; not limited.
    pub gain_db: Reading,
    /// Peak, linear, full scale = 1; not capped.
    pub peak: Reading,
}

impl ReplayGain {
    /// The tag of a track or an album from its integrated loudness in LUFS and its peak in dBTP or
    /// dBFS. Material without a loudness has no gain (rather than one of +52 dB).
    ///
    /// # Example
    /// ```
    /// use mixcore::Reading;
    /// use mixcore::loudness::ReplayGain;
    /// let tag = ReplayGain::new(Reading::Value(-9.5), Reading::Value(0.8));
    /// assert_eq!(tag.gain_db, Reading::Value(-8.5));
    /// assert!((tag.peak.value().unwrap() - 1.0965).abs() < 1e-4);
    /// ```
    #[must_use]
    pub fn new(integrated_lufs: Reading, peak_db: Reading) -> Self {
        Self {
            gain_db: integrated_lufs.map(|lufs| REPLAY_GAIN_REFERENCE_LUFS - lufs),
            peak: peak_db.map(db_to_gain),
        }
    }
}

impl LoudnessReadings {
    /// ReplayGain 2 of this programme, with its true peak, or its sample peak where true peaks were
    /// not measured.
    #[must_use]
    pub fn replay_gain(&self) -> ReplayGain {
        let peak = match self.true_peak_dbtp {
            Reading::NotApplicable => self.sample_peak_dbfs,
            peak => peak,
        };
        ReplayGain::new(self.integrated_lufs, peak)
    }
}
