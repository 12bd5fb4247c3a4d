//! The search for clipping, flat tops, silence, dropouts and stuck samples in one channel.
//!
//! [`Scan::step`] is the definition, one sample at a time. Most stretches hold nothing: when the
//! screen of a quantum ([`crate::kernels::level_screen`]) shows neither a quiet group nor three equal
//! samples in a row nor a loud one, [`Scan::skim`] keeps only what later samples may ask for. Stretches
//! of exact zeros are counted through. All three ways find the same runs (`tests/all/analysis`).

use super::level_events::{LevelEventKind, Run};
use crate::audio::Sample;
use crate::kernels::{LevelScreen, SCREEN_HISTORY};

/// A crest is flat where its neighbours lie inside, one of them by at least this share of it.
///
/// 16 bits alone hold still a tone's crest for some frames; at −20 dBFS, the lowest floor of flat tops,
/// the next sample is then at most 4 steps of 3277 away (0.12 %), which this excludes.
const FLAT_STEP: f64 = 1.0 / 512.0;
/// Shortest run of equal samples that can be an event: what the screen looks for.
pub(super) const MIN_EQUAL_FRAMES: u64 = 3;
/// Shortest gap that the screen cannot miss: it covers a group of eight wherever it lies.
const SCREENED_GAP_FRAMES: u64 = 15;

/// Thresholds, linear and in frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) clip: f64,
    pub(super) clip_frames: u64,
    pub(super) flat: f64,
    pub(super) flat_frames: u64,
    pub(super) zero_frames: u64,
    pub(super) silence: f64,
    pub(super) silence_frames: u64,
    pub(super) gap: f64,
    pub(super) gap_min_frames: u64,
    pub(super) gap_max_frames: u64,
    pub(super) programme: f64,
    pub(super) context_frames: u64,
    pub(super) stuck: f64,
    pub(super) stuck_frames: u64,
}

/// What the search remembers of a channel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan {
    /// The last sample, how often it has been repeated, and the one before these.
    last: f64,
    equal: u64,
    before: f64,
    /// Samples at or above the clipping level, and the largest.
    clipped: u64,
    clip_peak: f64,
    /// Samples of the gap that is open, and whether programme stood before it.
    quiet: u64,
    after_programme: bool,
    /// A gap whose second neighbour has not come yet.
    gap: Option<(u64, u64)>,
    /// Frame after the last sample of programme level; 0 before there is one.
    programme_end: u64,
    /// Frame after the last sample that was not silent.
    silent_from: u64,
}

impl Default for Scan {
    fn default() -> Self {
        Self {
            last: f64::NAN,
            equal: 0,
            before: f64::NAN,
            clipped: 0,
            clip_peak: 0.0,
            quiet: 0,
            after_programme: false,
            gap: None,
            programme_end: 0,
            silent_from: 0,
        }
    }
}

impl Scan {
    /// Goes through the samples behind the history of `line`, the first of which has the absolute
    /// number `first`.
    pub(super) fn quantum<S: Sample>(
        &mut self,
        limits: &Limits,
        line: &[S],
        first: u64,
        screen: &LevelScreen,
        found: &mut impl FnMut(&Run),
    ) {
        let samples = line.get(SCREEN_HISTORY..).unwrap_or_default();
        let Some((start, rest)) = samples.split_first() else { return };
        if self.gap.is_some_and(|(_, end)| first - end > limits.context_frames) {
            // Its second neighbour would come too late.
            self.gap = None;
        }
        if screen.peak == 0.0 {
            // What is open ends or begins with the first of them; the others only count.
            self.step(limits, first, start.as_f64(), found);
            self.equal += rest.len() as u64;
            self.quiet += rest.len() as u64;
        } else if screen.repeats
            || screen.peak >= limits.clip
            || self.clipped > 0
            || self.equal >= MIN_EQUAL_FRAMES
            || self.gap_matters(limits, first, screen)
        {
            for (n, x) in (first..).zip(samples) {
                self.step(limits, n, x.as_f64(), found);
            }
        } else {
            self.skim(limits, line, first, screen, found);
        }
    }

    /// A gap in this quantum, or one that is open, may be a dropout.
    fn gap_matters(&self, limits: &Limits, first: u64, screen: &LevelScreen) -> bool {
        let after_programme = self.after_programme
            || screen.peak >= limits.programme
            || self.is_after_programme(limits, first);
        let seen = screen.quiet || limits.gap_min_frames < SCREENED_GAP_FRAMES;
        self.gap.is_some() || (after_programme && (self.quiet > 0 || seen))
    }

    /// Programme stood right before frame `n`.
    fn is_after_programme(&self, limits: &Limits, n: u64) -> bool {
        self.programme_end > 0 && n - self.programme_end <= limits.context_frames
    }

    /// One sample.
    fn step(&mut self, limits: &Limits, n: u64, x: f64, found: &mut impl FnMut(&Run)) {
        let magnitude = x.abs();
        if x == self.last {
            self.equal += 1;
        } else {
            self.close_equal(limits, n, x, found);
            (self.before, self.last, self.equal) = (self.last, x, 1);
        }
        if magnitude >= limits.clip {
            self.clipped += 1;
            self.clip_peak = self.clip_peak.max(magnitude);
        } else {
            self.close_clip(limits, n, found);
        }
        if magnitude <= limits.gap {
            if self.quiet == 0 {
                self.after_programme = self.is_after_programme(limits, n);
            }
            self.quiet += 1;
        } else {
            let frames = self.quiet;
            if self.after_programme
                && (limits.gap_min_frames..=limits.gap_max_frames).contains(&frames)
            {
                self.gap = Some((n - frames, n));
            }
            self.quiet = 0;
            self.after_programme = false;
        }
        if magnitude >= limits.programme {
            if let Some((start, end)) = self.gap.take()
                && n - end <= limits.context_frames
            {
                found(&Run { kind: LevelEventKind::Dropout, start, end, magnitude: 0.0 });
            }
            self.programme_end = n + 1;
        }
        if magnitude >= limits.silence {
            self.close_silence(limits, n, found);
            self.silent_from = n + 1;
        }
    }

    /// The same for samples of which none is clipped or one of three equal ones, and that hold no gap.
    fn skim<S: Sample>(
        &mut self,
        limits: &Limits,
        line: &[S],
        first: u64,
        screen: &LevelScreen,
        found: &mut impl FnMut(&Run),
    ) {
        let samples = line.get(SCREEN_HISTORY..).unwrap_or_default();
        let above = |x: &S, level: f64| x.as_f64().abs() >= level;
        let last_above = |level: f64| {
            samples.iter().rposition(|x| above(x, level)).map(|at| first + at as u64 + 1)
        };
        if screen.peak >= limits.programme
            && let Some(end) = last_above(limits.programme)
        {
            self.programme_end = end;
        }
        if screen.peak >= limits.silence {
            if self.silent_from < first
                && let Some(at) = samples.iter().position(|x| above(x, limits.silence))
            {
                self.close_silence(limits, first + at as u64, found);
            }
            if let Some(from) = last_above(limits.silence) {
                self.silent_from = from;
            }
        }
        // A gap may begin at the end.
        let quiet = samples.iter().rev().take_while(|x| x.as_f64().abs() <= limits.gap).count();
        self.quiet = quiet as u64;
        let start = first + (samples.len() - quiet) as u64;
        self.after_programme = quiet > 0 && self.is_after_programme(limits, start);
        if let [.., third, second, last] = line {
            self.last = last.as_f64();
            (self.equal, self.before) =
                if last == second { (2, third.as_f64()) } else { (1, second.as_f64()) };
        }
    }

    /// The run of equal samples ends before frame `n`, where `next` stands.
    fn close_equal(&self, limits: &Limits, n: u64, next: f64, found: &mut impl FnMut(&Run)) {
        let (value, frames) = (self.last, self.equal);
        let magnitude = value.abs();
        let mut report =
            |kind, magnitude| found(&Run { kind, start: n - frames, end: n, magnitude });
        if frames < MIN_EQUAL_FRAMES || magnitude >= limits.clip {
            return;
        }
        if magnitude == 0.0 {
            if frames >= limits.zero_frames {
                report(LevelEventKind::DigitalSilence, 0.0);
            }
        } else if frames >= limits.stuck_frames && magnitude >= limits.stuck {
            report(LevelEventKind::Stuck, magnitude);
        } else if frames >= limits.flat_frames && magnitude >= limits.flat {
            // How far the neighbours lie inside; not a number where there is none.
            let (a, b) =
                (magnitude - self.before * value.signum(), magnitude - next * value.signum());
            let step = FLAT_STEP * magnitude;
            if a > 0.0 && b > 0.0 && (a >= step || b >= step) {
                report(LevelEventKind::FlatTop, magnitude);
            }
        }
    }

    fn close_clip(&mut self, limits: &Limits, n: u64, found: &mut impl FnMut(&Run)) {
        if self.clipped >= limits.clip_frames {
            let (start, magnitude) = (n - self.clipped, self.clip_peak);
            found(&Run { kind: LevelEventKind::Clipping, start, end: n, magnitude });
        }
        (self.clipped, self.clip_peak) = (0, 0.0);
    }

    fn close_silence(&self, limits: &Limits, n: u64, found: &mut impl FnMut(&Run)) {
        let start = self.silent_from;
        if n - start >= limits.silence_frames {
            found(&Run { kind: LevelEventKind::Silence, start, end: n, magnitude: 0.0 });
        }
    }

    /// The programme ends before frame `n`: what is open ends with it, but for gaps, which want
    /// programme on both sides.
    pub(super) fn finish(&mut self, limits: &Limits, n: u64, found: &mut impl FnMut(&Run)) {
        self.close_equal(limits, n, f64::NAN, found);
        self.close_clip(limits, n, found);
        self.close_silence(limits, n, found);
        *self = Self { silent_from: n, ..Self::default() };
    }
}
