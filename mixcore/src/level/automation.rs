//! Automation of a level: breakpoints on the absolute frame counter and the gain between them.
//!
//! A breakpoint has a frame, a level L in dB and the shape of the way to the next one. With t = (n −
//! a)/(b − a) between the frames a and b of two points:
//!
//! - step: L stays, and jumps at b (a jump of a signal is a click: it is what was asked for)
//! - linear: the gain g moves straight in amplitude
//! - dB-linear: L moves straight; below -100 dB the gain does, so that zero is reached
//! - smooth: g = g(a) + (g(b) − g(a))·(1 − cos πt)/2
//!
//! Before the first point and after the last one the level stands still. At every point the gain is
//! exactly the point's. In between it is applied along straight lines g = start + i·step counted from
//! their own origin: a linear segment is one line (cut at multiples of 65,536 frames, so that all
//! counts are exact in f32), dB-linear and smooth ones have a point at every multiple of 32 frames
//! of the absolute counter. So the same frames have the same bits however a signal is cut into
//! blocks, and wherever a render starts.
//!
//! [`Automation`] is a checked list that someone else keeps, [`AutomationLane`] one that can be
//! edited (written, trimmed, thinned), [`super::AutomatedGain`] the processor that applies one.
//!
//! Cost: a binary search and two powers or cosines per 32 frames. Latency: none.
//! Limits: levels as of the fader, -144 dB (exact zero) to 24 dB; frames to 2^53. Points have
//! strictly ascending frames: a jump after a movement takes one frame.

use super::fader::{FADER_FLOOR_DB, FADER_TOP_DB, level_db};
use crate::audio::Sample;
use crate::error::Error;
use crate::kernels::{self, Isa};
use crate::ramp::{GRID_FRAMES, Line, RampShape};
use crate::units::db_to_gain;

/// The last frame of a breakpoint: all up to here are exact as f64.
pub const MAX_AUTOMATION_FRAME: u64 = 1 << 53;

/// Longest straight line of a linear segment, frames.
const LINE_FRAMES: u64 = 1 << 16;

/// The way from a breakpoint to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum SegmentShape {
    /// The level stays until the next point.
    Step,
    /// Straight in amplitude.
    Linear,
    /// Straight in decibels.
    #[default]
    DbLinear,
    /// Half a period of a cosine in amplitude.
    Smooth,
}

/// A level at an absolute frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields))]
pub struct Breakpoint {
    /// Absolute frame, at most [`MAX_AUTOMATION_FRAME`].
    pub frame: u64,
    /// Level, dB: -144 (exact zero) to 24.
    pub gain_db: f64,
    /// The way to the next point; of no meaning for the last one.
    #[cfg_attr(feature = "json", serde(default))]
    pub shape: SegmentShape,
}

impl Breakpoint {
    /// A breakpoint from its parts.
    #[must_use]
    pub const fn new(frame: u64, gain_db: f64, shape: SegmentShape) -> Self {
        Self { frame, gain_db, shape }
    }

    /// The level with the floor as -inf.
    pub(super) fn level_db(&self) -> f64 {
        level_db(self.gain_db)
    }

    fn gain(&self) -> f64 {
        db_to_gain(self.level_db())
    }
}

/// A frame as a number for errors and shares.
#[expect(clippy::cast_precision_loss, reason = "at most 2^53 where it is more than a message")]
pub(super) fn number(frame: u64) -> f64 {
    frame as f64
}

/// Checks `min ≤ given ≤ max` of frames, exactly.
pub(super) fn check_frames(
    field: &'static str,
    given: u64,
    min: u64,
    max: u64,
) -> Result<(), Error> {
    if (min..=max).contains(&given) {
        return Ok(());
    }
    Err(Error::OutOfRange { field, given: number(given), min: number(min), max: number(max) })
}

/// Checks one point of a list: its level, and its frame after the one before it.
pub(super) fn check_point(
    item: &'static str,
    index: usize,
    before: Option<u64>,
    frame: u64,
    gain_db: f64,
) -> Result<(), Error> {
    let first = before.map_or(0, |before| before.saturating_add(1));
    if frame < first || frame > MAX_AUTOMATION_FRAME {
        let (given, min, max) = (number(frame), number(first), number(MAX_AUTOMATION_FRAME));
        return Err(Error::ItemOutOfRange { item, index, field: "frame", given, min, max });
    }
    Error::check_item((item, index), "gain_db", gain_db, FADER_FLOOR_DB, FADER_TOP_DB).map(|_| ())
}

/// A checked list of breakpoints that someone else keeps: what is evaluated.
///
/// # Example
/// ```
/// use mixcore::level::{Automation, Breakpoint, SegmentShape::{DbLinear, Step}};
/// let points = [
///     Breakpoint::new(48_000, 0.0, DbLinear),
///     Breakpoint::new(96_000, -20.0, Step),
/// ];
/// let automation = Automation::new(&points)?;
/// assert_eq!(automation.db_at(72_000), -10.0);
/// let mut gains = [0.0_f64; 2];
/// automation.read(95_999, &mut gains);
/// assert!(gains[0] > 0.1 && gains[1] == 0.1);
///
/// let unsorted = [points[1], points[0]];
/// let text = Automation::new(&unsorted).unwrap_err().to_string();
/// assert!(text.starts_with("breakpoint 1: frame is 48000, allowed is 96001 to"));
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Automation<'a> {
    points: &'a [Breakpoint],
}

impl<'a> Automation<'a> {
    /// Checks a list.
    ///
    /// # Errors
    /// No points; a frame that does not come after the one before it or lies beyond
    /// [`MAX_AUTOMATION_FRAME`]; a level outside -144 to 24 dB or not finite. The error names index,
    /// field, value and bounds.
    pub fn new(points: &'a [Breakpoint]) -> Result<Self, Error> {
        check_frames("breakpoints", points.len() as u64, 1, MAX_AUTOMATION_FRAME)?;
        let mut before = None;
        for (index, point) in points.iter().enumerate() {
            check_point("breakpoint", index, before, point.frame, point.gain_db)?;
            before = Some(point.frame);
        }
        Ok(Self { points })
    }

    /// A list that is known to be good.
    pub(super) const fn checked(points: &'a [Breakpoint]) -> Self {
        Self { points }
    }

    /// The points.
    #[must_use]
    pub fn points(&self) -> &'a [Breakpoint] {
        self.points
    }

    /// The level at an absolute frame by the laws at the head of this file, dB; -inf is zero.
    #[must_use]
    pub fn db_at(&self, frame: u64) -> f64 {
        let (before, after) = self.around(frame);
        match (before, after) {
            (Some(a), Some(b)) => match ramp_shape(a.shape) {
                Some(shape) if a.frame < frame => {
                    shape.db_between(a.level_db(), b.level_db(), share(a, b, frame))
                }
                _ => a.level_db(),
            },
            (Some(point), None) | (None, Some(point)) => point.level_db(),
            (None, None) => 0.0,
        }
    }

    /// The gain that is applied at an absolute frame: on the straight lines between the points of
    /// the 32-frame grid.
    #[must_use]
    pub fn gain_at(&self, frame: u64) -> f64 {
        self.line(frame).at(frame)
    }

    /// The straight piece of the gain that holds an absolute frame.
    #[must_use]
    pub fn line(&self, frame: u64) -> Line {
        self.line_after(frame, None)
    }

    /// As [`Automation::line`], where the line before it on the same lane may be known: where that
    /// ends, this one starts, and one power or cosine less is computed.
    pub(super) fn line_after(&self, frame: u64, before: Option<&Line>) -> Line {
        match self.around(frame) {
            (Some(a), Some(b)) => segment_line(a, b, frame, before),
            (Some(last), None) => Line::constant(last.gain()).within(last.frame, u64::MAX),
            (None, Some(first)) => Line::constant(first.gain()).within(0, first.frame),
            (None, None) => Line::constant(1.0),
        }
    }

    /// The gains of the frames from `frame` on, as they are applied: amplitude ratios, one per
    /// frame.
    ///
    /// # Real time
    /// Does not allocate, lock, log or panic.
    pub fn read<S: Sample>(&self, frame: u64, gains: &mut [S]) {
        gains.fill(S::one());
        let mut rest = gains;
        let mut now = frame;
        let mut line = self.line(now);
        while !rest.is_empty() {
            if now >= line.end {
                line = self.line_after(now, Some(&line));
            }
            let piece = line.segment(now, rest.len());
            let Some((part, after)) = rest.split_at_mut_checked(piece.frames) else { return };
            let start = S::from_f64(piece.start);
            if piece.step == 0.0 {
                part.fill(start);
            } else {
                let step = S::from_f64(piece.step);
                kernels::gain_ramp(Isa::baseline(), part, start, step, piece.first);
            }
            now = now.saturating_add(piece.frames as u64);
            rest = after;
        }
    }

    /// Index of the first point after a frame.
    pub(super) fn index_after(&self, frame: u64) -> usize {
        self.points.partition_point(|point| point.frame <= frame)
    }

    /// The points at or before a frame and after it.
    fn around(&self, frame: u64) -> (Option<&'a Breakpoint>, Option<&'a Breakpoint>) {
        let after = self.index_after(frame);
        let before = after.checked_sub(1).and_then(|index| self.points.get(index));
        (before, self.points.get(after))
    }
}

/// How a ramp goes the way of a segment; none where the level stays.
pub(super) fn ramp_shape(shape: SegmentShape) -> Option<RampShape> {
    match shape {
        SegmentShape::Step => None,
        SegmentShape::Linear => Some(RampShape::Linear),
        SegmentShape::DbLinear => Some(RampShape::DbLinear),
        SegmentShape::Smooth => Some(RampShape::RaisedCosine),
    }
}

/// How much of a segment is over at a frame.
fn share(a: &Breakpoint, b: &Breakpoint, frame: u64) -> f64 {
    number(frame.saturating_sub(a.frame)) / number(b.frame.saturating_sub(a.frame))
}

/// The straight piece of a segment that holds a frame.
fn segment_line(a: &Breakpoint, b: &Breakpoint, frame: u64, before: Option<&Line>) -> Line {
    let shape = match ramp_shape(a.shape) {
        Some(shape) if a.level_db() != b.level_db() => shape,
        _ => return Line::constant(a.gain()).within(a.frame, b.frame),
    };
    if shape == RampShape::Linear {
        let cell = frame - frame % LINE_FRAMES;
        let whole = Line { origin: a.frame, end: b.frame, start: a.gain(), stop: b.gain() };
        return whole.within(cell, cell.saturating_add(LINE_FRAMES));
    }
    let law = |at: u64| {
        if at <= a.frame {
            a.gain()
        } else if at >= b.frame {
            b.gain()
        } else {
            shape.gain_between(a.level_db(), b.level_db(), share(a, b, at))
        }
    };
    let grid = frame - frame % GRID_FRAMES;
    let (origin, end) = (grid.max(a.frame), grid.saturating_add(GRID_FRAMES).min(b.frame));
    let start = match before {
        Some(line) if line.end == origin && origin > a.frame => line.stop,
        _ => law(origin),
    };
    Line { origin, end, start, stop: law(end) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_exact_at_its_ends() {
        let points = [
            Breakpoint::new(10, -3.3, SegmentShape::Linear),
            Breakpoint::new(77, -17.1, SegmentShape::Smooth),
            Breakpoint::new(1000, 4.4, SegmentShape::Step),
        ];
        let automation = Automation::new(&points).unwrap();
        for point in points {
            assert_eq!(automation.gain_at(point.frame), db_to_gain(point.gain_db));
            assert_eq!(automation.db_at(point.frame), point.gain_db);
        }
        assert_eq!(automation.line(76).at(77), automation.line(77).start);
    }

    #[test]
    fn long_lines_are_cut_where_counts_stay_exact() {
        let points = [
            Breakpoint::new(0, -144.0, SegmentShape::Linear),
            Breakpoint::new(1 << 40, 0.0, SegmentShape::Step),
        ];
        let line = Automation::new(&points).unwrap().line((1 << 39) + 5);
        assert_eq!((line.start, line.end - line.origin), (0.5, LINE_FRAMES));
    }
}
