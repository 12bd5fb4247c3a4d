//! The points between the samples of one channel: which are computed, and what they reach.

use super::excursions::ChannelLog;
use super::interpolator::Interpolator;
use crate::audio::Sample;
use crate::kernels::{Isa, PEAK_PIECE as PIECE};

/// What one channel has reached, linear, with the first frame that did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Track {
    /// Largest magnitude of the frames that are kept for context.
    pub(super) recent: f64,
    pub(super) peak: f64,
    pub(super) frame: u64,
    pub(super) sample_peak: f64,
    pub(super) sample_frame: u64,
}

impl Track {
    /// The same for what is no part of the programme: nothing exceeds what it has reached.
    pub(super) fn standing_by(&self) -> Self {
        let (peak, sample_peak) = (f64::INFINITY, f64::INFINITY);
        Self { peak, sample_peak, ..*self }
    }

    /// Holds the peak of the frames from `first` on, and returns it; `pieces` are their peaks.
    pub(super) fn hold_samples<S: Sample>(&mut self, fresh: &[S], pieces: &[S], first: u64) -> f64 {
        let mut largest = 0.0;
        for (n, &piece) in pieces.iter().enumerate() {
            let at = n * PIECE;
            let peak =
                self.hold_peak(fresh.get(at..).unwrap_or_default(), piece, first + at as u64);
            if peak > largest {
                largest = peak;
            }
        }
        largest
    }

    /// Holds a peak that is reached among the frames from `first` on, and returns it.
    pub(super) fn hold_peak<S: Sample>(&mut self, fresh: &[S], peak: S, first: u64) -> f64 {
        let peak = peak.as_f64();
        if peak > self.sample_peak {
            self.sample_peak = peak;
            self.sample_frame = first + position(fresh, peak);
        }
        peak
    }
}

/// Finds the points between the samples, where they may matter.
pub(super) struct Scan<'s, S> {
    pub(super) isa: Isa,
    pub(super) interpolator: &'s Interpolator<S>,
    /// First frame of the stretch.
    pub(super) begin: u64,
    pub(super) mids: &'s mut [S],
    pub(super) out: &'s mut [S],
}

impl<S: Sample> Scan<'_, S> {
    /// Runs the outputs that `line` allows. Its newest samples begin at the absolute frame `first`;
    /// `pieces` are their peaks.
    pub(super) fn run(
        &mut self,
        line: &[S],
        pieces: &[S],
        first: u64,
        track: &mut Track,
        interval_peak: &mut f64,
        mut log: Option<&mut ChannelLog<'_>>,
    ) {
        if self.interpolator.is_off() && log.is_none() {
            return;
        }
        let limit = log.as_ref().map_or(f64::INFINITY, |log| log.limit);
        let before = self.interpolator.span() - 1;
        let after = self.interpolator.context().1 as u64;
        let outputs = line.len().saturating_sub(before);
        // What the outputs of a piece look at begins in the piece before it.
        let reach = |piece: usize| {
            let peak = |piece: usize| pieces.get(piece).map_or(0.0, |peak| peak.as_f64());
            piece.checked_sub(1).map_or(track.recent, peak).max(peak(piece))
        };
        let mut piece = 0;
        while piece < pieces.len() {
            let floor = track.peak.min(*interval_peak).min(limit);
            let matters = |piece: usize| self.interpolator.bound * reach(piece) > floor;
            let start = piece;
            while piece < pieces.len() && matters(piece) {
                piece += 1;
            }
            if piece == start {
                piece += 1;
                continue;
            }
            let (at, end) = (start * PIECE, outputs.min(piece * PIECE));
            let out = self.out.get_mut(..end - at).unwrap_or_default();
            let line = line.get(at..end + before).unwrap_or_default();
            let peak = self.interpolator.run(self.isa, line, self.mids, out);
            let peak = peak.as_f64();
            *interval_peak = interval_peak.max(peak);
            // Points before the first frame belong to it.
            let frame = |n: u64| (first + at as u64 + n).saturating_sub(after).max(self.begin);
            if peak > track.peak {
                track.peak = peak;
                track.frame = frame(position(out, peak));
            }
            if let Some(log) = log.as_mut().filter(|_| peak > limit) {
                for (n, x) in (0..).zip(out.iter()).filter(|(_, x)| x.as_f64() > limit) {
                    log.note(frame(n), x.as_f64());
                }
            }
        }
    }
}

/// Index of the first sample of that magnitude.
fn position<S: Sample>(samples: &[S], magnitude: f64) -> u64 {
    samples.iter().position(|x| x.as_f64().abs() == magnitude).unwrap_or(0) as u64
}
