//! The cancellation index of a fold-down everywhere: for plots, and for judgements of one's own.

use alloc::vec::Vec;

use super::cancellation_spectra::{Grid, Powers, WINDOW_STEPS, scan};
use super::fold_target::FoldTarget;
use crate::analysis::ThirdOctave;
use crate::audio::{Block, Sample};
use crate::error::Error;
use crate::stream::Stream;
use crate::units::{DB_FLOOR, Reading, power_to_db};

/// The cancellation index of every output, third octave and window of 400 ms, from [`cancellation_map`].
///
/// A window begins every 100 ms. Outputs that hear one channel at most have nothing to cancel and are left
/// out, as are bands that hold no bin of the transform (20 and 40 Hz at 48 kHz); below 50 Hz a band is narrower
/// than a bin and hears its neighbours.
#[derive(Clone, Debug)]
pub struct CancellationMap {
    outputs: Vec<usize>,
    bands: Vec<ThirdOctave>,
    /// First frame and the frame after the last one.
    spans: Vec<(u64, u64)>,
    /// Window by window, in it output by output, in it band by band.
    powers: Vec<Powers>,
    /// Of a mean square of 1.
    norm: f64,
}

impl CancellationMap {
    /// The target's channels that add at least two channels of the source.
    #[must_use]
    pub fn outputs(&self) -> &[usize] {
        &self.outputs
    }

    /// The third octaves, from the lowest on.
    #[must_use]
    pub fn bands(&self) -> &[ThirdOctave] {
        &self.bands
    }

    /// First frame of each window, and the frame after its last one; none where no output adds two channels.
    #[must_use]
    pub fn windows(&self) -> &[(u64, u64)] {
        &self.spans
    }

    /// The index of an output, band and window, dB: 0 for unrelated channels, 10·log10 n for n equal ones in
    /// phase, far below 0 where they cancel; -100 stands for "all of it". Not applicable in silence, and
    /// where the map has no such output, band or window.
    #[must_use]
    pub fn index_db(&self, output: usize, band: ThirdOctave, window: usize) -> Reading {
        let index_db = self.at(output, band, window).and_then(Powers::index_db);
        index_db.map_or(Reading::NotApplicable, Reading::Value)
    }

    /// What unrelated channels would add up to there, dBFS of the mean square in the band; at least -100. What
    /// is far below the other bands has an index that nobody hears.
    #[must_use]
    pub fn parts_dbfs(&self, output: usize, band: ThirdOctave, window: usize) -> Reading {
        self.at(output, band, window).map_or(Reading::NotApplicable, |powers| {
            Reading::Value(power_to_db(powers.parts / self.norm).max(DB_FLOOR))
        })
    }

    fn at(&self, output: usize, band: ThirdOctave, window: usize) -> Option<Powers> {
        self.spans.get(window)?;
        let output = self.outputs.iter().position(|known| *known == output)?;
        let band = self.bands.iter().position(|known| *known == band)?;
        let at = (window * self.outputs.len() + output) * self.bands.len() + band;
        self.powers.get(at).copied()
    }
}

/// Reads the cancellation index of audio in a target: of a mix, or of a stem on its own.
///
/// [`super::check_fold_downs`] judges by the same numbers; its module has the formula.
///
/// # Shape
/// `audio` has the channels of the stream. Less than 400 ms give a map without windows. It takes 16 bytes for
/// each output, band and 100 ms: 34 MB for two hours of mono.
///
/// # Errors
/// A stream out of range, audio of another shape, or a target made for another layout.
///
/// # Example
/// ```
/// use mixcore::analysis::ThirdOctave;
/// use mixcore::spatial::{FoldTarget, cancellation_map};
/// use mixcore::{Block, Layout, Stream, math};
/// // 1 kHz of opposite polarity, 4 kHz alike.
/// let tone = |hz: f64, n: u32| 0.1 * math::sin(2.0 * math::PI * hz * f64::from(n) / 48_000.0);
/// let left: Vec<f64> = (0..48_000).map(|n| tone(1000.0, n) + tone(4000.0, n)).collect();
/// let right: Vec<f64> = (0..48_000).map(|n| -tone(1000.0, n) + tone(4000.0, n)).collect();
/// let stream = Stream::new(48_000.0, Layout::STEREO)?;
/// let mono = &FoldTarget::usual(Layout::STEREO)?[0];
/// let map = cancellation_map(Block::stereo(&left, &right)?, mono, stream)?;
/// let at = |hz| map.index_db(0, ThirdOctave::containing(hz).unwrap(), 3).value().unwrap();
/// assert!(at(1000.0) < -60.0 && (at(4000.0) - 3.01).abs() < 0.01);
/// # Ok::<(), mixcore::Error>(())
/// ```
pub fn cancellation_map<S: Sample>(
    audio: Block<'_, S>,
    target: &FoldTarget,
    stream: Stream,
) -> Result<CancellationMap, Error> {
    stream.validate()?;
    audio.check_channels("audio", stream.channel_count())?;
    target.fold::<S>(stream)?;
    let rows = target.rows(stream.layout);
    let grid = Grid::new(&stream);
    let mut powers = Vec::new();
    let mut spans = Vec::new();
    scan(&grid, &audio, &rows, &stream, |step, row, windows| {
        if row == 0 {
            spans.push((grid.frame(step + 1 - WINDOW_STEPS), grid.frame(step + 1)));
        }
        powers.extend_from_slice(windows);
    })?;
    Ok(CancellationMap {
        outputs: rows.iter().map(|row| row.output).collect(),
        bands: grid.bands.iter().map(|(band, ..)| *band).collect(),
        spans,
        powers,
        norm: grid.window_norm(),
    })
}
