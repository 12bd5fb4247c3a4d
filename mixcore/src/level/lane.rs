//! An automation lane that can be edited: written by hand, trimmed, thinned.
//!
//! The points lie in memory of its own, which grows with them, or in lent memory, which does not.
//!
//! - [`AutomationLane::write`] puts recorded moves over a stretch, as a console in touch or latch
//!   does: the old curve stands up to the first move and after the return.
//! - [`AutomationLane::trim`] adds decibels over a stretch, with edges that fade in and out.
//! - [`AutomationLane::thin`] (`thin.rs`) leaves out the points that a tolerance in dB can spare.
//!
//! What lies outside a stretch keeps its curve. Where an edge cuts a segment, the part outside is the
//! same function as before, with one exception: a smooth segment that is cut becomes 16 straight
//! lines, at most 0.25 % of its travel (in amplitude) beside the cosine; where it is so short that
//! whole frames make the lines uneven, the longest of them, of m in n frames, leaves (π·m/n)²/16.
//!
//! Editing is not for the audio thread: it moves memory and, in a lane of its own memory, asks for
//! more.

use super::automation::{Automation, Breakpoint, MAX_AUTOMATION_FRAME, SegmentShape};
use super::automation::{check_frames, check_point, number};
use super::fader::{FADER_FLOOR_DB, FADER_TOP_DB};
use crate::audio::Store;
use crate::error::Error;

/// Straight lines that a smooth segment becomes when it is cut.
const SMOOTH_LINES: u64 = 16;

/// Points that an edit may add beside those it is given: four cuts of smooth segments.
pub(super) const EDIT_POINTS: usize = 4 * (SMOOTH_LINES as usize + 1);

/// Most decibels of a trim: the whole way of a fader.
const MAX_TRIM_DB: f64 = 120.0;

/// A level that a hand gave at an absolute frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FaderMove {
    /// Absolute frame.
    pub frame: u64,
    /// Level, dB: -144 (exact zero) to 24.
    pub gain_db: f64,
}

/// What happens when the hand lets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteMode {
    /// The fader returns to the old curve.
    Touch,
    /// The last level is held, and written, until the transport stops at this frame.
    Latch {
        /// Absolute frame at which the pass ends.
        stop: u64,
    },
}

/// One pass of writing, as data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WritePass<'m> {
    /// What the hand did, in strictly ascending frames; the first is where it touched.
    pub moves: &'m [FaderMove],
    /// Absolute frame at which it let go: not before the last move.
    pub release: u64,
    /// What comes then.
    pub mode: WriteMode,
    /// Frames of the way back to the old curve, at least 1.
    pub return_frames: u64,
}

impl WritePass<'_> {
    /// First frame that is not held or moved by this pass.
    fn end(&self) -> u64 {
        match self.mode {
            WriteMode::Touch => self.release,
            WriteMode::Latch { stop } => stop,
        }
    }

    /// Checks the pass and gives its first and last move.
    fn validate(&self) -> Result<(FaderMove, FaderMove), Error> {
        let mut before = None;
        for (index, at) in self.moves.iter().enumerate() {
            check_point("move", index, before, at.frame, at.gain_db)?;
            before = Some(at.frame);
        }
        let (Some(&first), Some(&last)) = (self.moves.first(), self.moves.last()) else {
            return check_frames("moves", 0, 1, MAX_AUTOMATION_FRAME).map(|()| Default::default());
        };
        let latest = MAX_AUTOMATION_FRAME;
        check_frames("release", self.release, last.frame, latest)?;
        if let WriteMode::Latch { stop } = self.mode {
            check_frames("stop", stop, self.release, latest)?;
        }
        check_frames("return_frames", self.return_frames, 1, latest - self.end())?;
        Ok((first, last))
    }
}

/// Breakpoints in memory of its own or of the caller.
#[derive(Debug)]
pub struct AutomationLane<'a> {
    memory: Store<'a, Breakpoint>,
    /// Points in use, at the front of `memory`; at least one.
    len: usize,
}

#[cfg(feature = "alloc")]
impl AutomationLane<'static> {
    /// A lane in memory of its own, which grows when it is edited.
    ///
    /// # Errors
    /// As [`Automation::new`].
    pub fn new(points: &[Breakpoint]) -> Result<Self, Error> {
        Automation::new(points)?;
        let memory = Store::owned(points.len(), Breakpoint::default());
        Ok(Self::over(memory, points))
    }
}

impl<'a> AutomationLane<'a> {
    /// A lane in lent memory of at least [`AutomationLane::required_len`]; what is lent beyond the
    /// points is room for edits.
    ///
    /// # Errors
    /// As [`Automation::new`], or too little memory.
    pub fn new_in(points: &[Breakpoint], memory: &'a mut [Breakpoint]) -> Result<Self, Error> {
        Automation::new(points)?;
        let required = memory.len().max(points.len());
        let memory = Store::lent("automation", memory, required, Breakpoint::default())?;
        Ok(Self::over(memory, points))
    }

    /// Breakpoints of memory for a lane of `points` into which `moves` are to be written.
    #[must_use]
    pub fn required_len(points: usize, moves: usize) -> usize {
        let edit = if moves == 0 { 0 } else { EDIT_POINTS };
        points.saturating_add(moves).saturating_add(edit)
    }

    fn over(mut memory: Store<'a, Breakpoint>, points: &[Breakpoint]) -> Self {
        for (slot, point) in memory.iter_mut().zip(points) {
            *slot = *point;
        }
        Self { memory, len: points.len() }
    }

    /// What the lane says.
    #[must_use]
    pub fn automation(&self) -> Automation<'_> {
        Automation::checked(self.memory.get(..self.len).unwrap_or_default())
    }

    /// Replaces the whole lane.
    ///
    /// # Errors
    /// As [`Automation::new`], or too little lent memory; the lane stays as it is then.
    pub fn set_points(&mut self, points: &[Breakpoint]) -> Result<(), Error> {
        Automation::new(points)?;
        self.make_room(points.len())?;
        for (slot, point) in self.memory.iter_mut().zip(points) {
            *slot = *point;
        }
        self.len = points.len();
        Ok(())
    }

    /// Writes a pass of moves over what was there.
    ///
    /// From the first move to the release (touch) or the stop (latch) the lane is what the hand did,
    /// straight in dB from move to move and holding the last one. Then it goes straight in dB, over
    /// `return_frames`, to where the old curve is by then. Up to the frame before the first move, and
    /// after the return, the old curve stands.
    ///
    /// # Errors
    /// No moves; a move with an index that is out of order or out of range; a release before the last
    /// move, a stop before the release, no frame of return; too little lent memory (an edit wants
    /// [`AutomationLane::required_len`]). The lane stays as it is then.
    ///
    /// # Example
    /// ```
    /// # #[cfg(feature = "alloc")] {
    /// use mixcore::level::{AutomationLane, Breakpoint, FaderMove, SegmentShape, WriteMode, WritePass};
    /// let mut lane = AutomationLane::new(&[Breakpoint::new(0, -6.0, SegmentShape::Step)])?;
    /// lane.write(&WritePass {
    ///     moves: &[FaderMove { frame: 1000, gain_db: 0.0 }, FaderMove { frame: 2000, gain_db: 2.0 }],
    ///     release: 3000,
    ///     mode: WriteMode::Touch,
    ///     return_frames: 480,
    /// })?;
    /// let levels = [999, 1000, 1500, 2999, 3240, 3480].map(|frame| lane.automation().db_at(frame));
    /// assert_eq!(levels, [-6.0, 0.0, 1.0, 2.0, -2.0, -6.0]);
    /// # }
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn write(&mut self, pass: &WritePass<'_>) -> Result<(), Error> {
        let (first, last) = pass.validate()?;
        self.make_room(Self::required_len(self.len, pass.moves.len()))?;
        let (end, back) = (pass.end(), pass.end() + pass.return_frames);
        if let Some(before) = first.frame.checked_sub(1) {
            self.cut(before);
        }
        self.cut(back);
        let from = self.automation().points().partition_point(|point| point.frame < first.frame);
        let to = self.automation().points().partition_point(|point| point.frame < back);
        let held = usize::from(end > last.frame);
        self.splice(from, to, pass.moves.len() + held);
        let written = self.memory.iter_mut().skip(from);
        for (slot, at) in written.zip(pass.moves) {
            *slot = Breakpoint::new(at.frame, at.gain_db, SegmentShape::DbLinear);
        }
        if let (1, Some(slot)) = (held, self.memory.get_mut(from + pass.moves.len())) {
            *slot = Breakpoint::new(end, last.gain_db, SegmentShape::DbLinear);
        }
        // The cut before the first move keeps the old shape, which would now lead to the move: over
        // the one frame between them every shape is a jump.
        Ok(())
    }

    /// Adds `trim_db` over the frames `start` to `end`, fading in and out over `edge_frames` at
    /// either end, inside the stretch.
    ///
    /// Every point of the stretch moves by its share of the trim; zero (-144 dB) stays zero, and what
    /// would fall below -144 dB becomes zero. Inside an edge a level that stands from one point to the
    /// next moves straight in dB. A level that steps to another one there keeps the share of the point
    /// it stands on, so that the trim jumps with it: only what stands through an edge fades.
    ///
    /// # Units and range
    /// `trim_db` -120 to 120 dB; `edge_frames` at least 1, at most half the stretch.
    ///
    /// # Errors
    /// A number out of range; a point that would come to lie above 24 dB (the error names it by the
    /// index that it has before); too little lent memory. The lane stays as it is then.
    pub fn trim(
        &mut self,
        start: u64,
        end: u64,
        trim_db: f64,
        edge_frames: u64,
    ) -> Result<(), Error> {
        let latest = MAX_AUTOMATION_FRAME;
        check_frames("start", start, 0, latest - 2)?;
        check_frames("end", end, start + 2, latest)?;
        Error::check_range("trim_db", trim_db, -MAX_TRIM_DB, MAX_TRIM_DB)?;
        check_frames("edge_frames", edge_frames, 1, (end - start) / 2)?;
        let share = |frame: u64| {
            let inside = frame.saturating_sub(start).min(end.saturating_sub(frame));
            (number(inside) / number(edge_frames)).min(1.0)
        };
        let cuts = [start, start + edge_frames, end - edge_frames, end];
        for frame in cuts {
            let index = self.automation().index_after(frame).saturating_sub(1);
            self.check_trimmed(index, self.automation().db_at(frame), trim_db * share(frame))?;
        }
        for (index, point) in self.automation().points().iter().enumerate() {
            self.check_trimmed(index, point.gain_db, trim_db * share(point.frame))?;
        }
        self.make_room(Self::required_len(self.len, 1))?;
        for frame in cuts {
            self.cut(frame);
        }
        let from = self.automation().points().partition_point(|point| point.frame < start);
        let to = self.automation().points().partition_point(|point| point.frame <= end);
        // Edges first, while a standing level can be told from a jump.
        for index in from..to.saturating_sub(1) {
            let next = self.memory.get(index + 1).map(|next| (next.frame, next.gain_db));
            if let (Some((frame, gain_db)), Some(point)) = (next, self.memory.get_mut(index))
                && point.gain_db == gain_db
                && share(frame) != share(point.frame)
            {
                point.shape = SegmentShape::DbLinear;
            }
        }
        for point in self.memory.iter_mut().take(to).skip(from) {
            point.gain_db = trimmed(point.gain_db, trim_db * share(point.frame));
        }
        Ok(())
    }

    fn check_trimmed(&self, index: usize, gain_db: f64, trim_db: f64) -> Result<(), Error> {
        let level = trimmed(gain_db, trim_db);
        let item = ("breakpoint", index);
        Error::check_item(item, "gain_db", level, FADER_FLOOR_DB, FADER_TOP_DB).map(|_| ())
    }

    /// Sees that `required` points fit.
    fn make_room(&mut self, required: usize) -> Result<(), Error> {
        let given = self.memory.len();
        match &mut self.memory {
            _ if required <= given => Ok(()),
            Store::Lent(_) => Err(Error::Storage { what: "automation", given, required }),
            #[cfg(feature = "alloc")]
            Store::Owned(memory) => {
                memory.resize(required, Breakpoint::default());
                Ok(())
            }
        }
    }

    /// Puts `count` points in the place of those from `from` to `to`: the caller fills them. There is
    /// room (`make_room`).
    pub(super) fn splice(&mut self, from: usize, to: usize, count: usize) {
        let after = from + count;
        if to <= self.len && after + (self.len - to) <= self.memory.len() {
            self.memory.copy_within(to..self.len, after);
            self.len = after + (self.len - to);
        }
    }

    /// Puts one point in front of the one at `index`.
    fn insert(&mut self, index: usize, point: Breakpoint) {
        self.splice(index, index, 1);
        if let Some(slot) = self.memory.get_mut(index) {
            *slot = point;
        }
    }

    /// Makes a point at `frame` without a change of the curve (a smooth segment becomes straight
    /// lines).
    fn cut(&mut self, frame: u64) {
        let automation = self.automation();
        let after = automation.index_after(frame);
        let before = after.checked_sub(1).and_then(|at| automation.points().get(at).copied());
        let next = automation.points().get(after).copied();
        let gain_db = match (before, next) {
            // A standing level stays the same number, whatever its shape.
            (Some(a), Some(b)) if a.gain_db == b.gain_db => a.gain_db,
            _ => floored(automation.db_at(frame)),
        };
        match (before, next) {
            (Some(a), _) if a.frame == frame => {}
            (None, _) => self.insert(0, Breakpoint::new(frame, gain_db, SegmentShape::Step)),
            (Some(a), Some(b)) if a.shape == SegmentShape::Smooth && a.gain_db != b.gain_db => {
                self.straighten(after, a, b, frame, gain_db);
            }
            (Some(a), _) => self.insert(after, Breakpoint::new(frame, gain_db, a.shape)),
        }
    }

    /// A smooth segment from `a` to `b`, which has the index `after`, as straight lines that meet at
    /// `frame` too.
    fn straighten(&mut self, after: usize, a: Breakpoint, b: Breakpoint, frame: u64, gain_db: f64) {
        let mut points = [Breakpoint::default(); SMOOTH_LINES as usize];
        let mut count = 0;
        let mut last = a.frame;
        let span = b.frame - a.frame;
        let mut add = |at: u64, gain_db: f64| {
            if let (true, Some(slot)) = (at > last && at < b.frame, points.get_mut(count)) {
                *slot = Breakpoint::new(at, gain_db, SegmentShape::Linear);
                count += 1;
                last = at;
            }
        };
        let mut cut = Some(frame);
        for line in 1..=SMOOTH_LINES {
            let at = a.frame + whole_share(span, line);
            if cut.is_some_and(|frame| frame <= at) {
                add(frame, gain_db);
                cut = None;
            }
            if line < SMOOTH_LINES {
                add(at, floored(self.automation().db_at(at)));
            }
        }
        self.splice(after, after, count);
        for (slot, point) in self.memory.iter_mut().skip(after).zip(points.iter().take(count)) {
            *slot = *point;
        }
        if let Some(a) = after.checked_sub(1).and_then(|before| self.memory.get_mut(before)) {
            a.shape = SegmentShape::Linear;
        }
    }

    /// The points, and how many are in use: for `thin.rs`.
    pub(super) fn parts(&mut self) -> (&mut [Breakpoint], &mut usize) {
        (&mut self.memory, &mut self.len)
    }
}

/// `line` sixteenths of a span, rounded down.
fn whole_share(span: u64, line: u64) -> u64 {
    span / SMOOTH_LINES * line + span % SMOOTH_LINES * line / SMOOTH_LINES
}

/// A level as a breakpoint has it: from the floor down it is the floor.
fn floored(db: f64) -> f64 {
    db.max(FADER_FLOOR_DB)
}

/// A level and its trim; zero stays zero.
fn trimmed(gain_db: f64, trim_db: f64) -> f64 {
    if gain_db <= FADER_FLOOR_DB { FADER_FLOOR_DB } else { floored(gain_db + trim_db) }
}
