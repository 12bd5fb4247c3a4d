//! The stereo field of a pair: middle and side, and width.
//!
//! M = (L + R)/2 is what both loudspeakers share, S = (L − R)/2 what differs; L = M + S, R = M − S.
//! [`MidSide`] converts a pair, so that an insert can work on the voice in the middle or on the
//! ambience at the sides. [`Width`] scales the side by w:
//! - L' = g·(a·L + b·R), R' = g·(b·L + a·R), with a = (1 + w)/2, b = (1 − w)/2;
//! - w = 0 is mono, 1 the source bit for bit, 2 has twice the side;
//! - g keeps the peak: 1/max(1, w), since |a| + |b| = max(1, w); or the power of sides that have
//!   nothing in common: √(2/(1 + w²)), since a² + b² = (1 + w²)/2.
//!
//! A change of width moves linearly over 20 ms; a and b are computed at the multiples of 32 frames
//! of the absolute counter and run straight between ([`crate::ramp`]).
//!
//! Sources: A. D. Blumlein, British patent 394,325 (1931), for sum and difference; the gains follow
//! from the matrix.
//! Cost: four operations a frame; nothing at width 1. Latency: none.
//! Limits: wider than 1 lowers the middle or costs headroom, and what is out of phase stays out of
//! phase in a fold-down; one width for all frequencies.

use crate::audio::{BlockMut, Sample};
use crate::error::Error;
use crate::kernels;
use crate::math;
use crate::ramp::{GRID_FRAMES, ramp_frames};
use crate::stream::{Field, Io, Process, Processor, Stream, params, unknown_field};

/// Frames of one pass over a pair: two rows on the stack.
pub(super) const PASS_FRAMES: usize = 256;

/// Two channels that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct Pair {
    /// Channel of the left side.
    pub left: usize,
    /// Channel of the right side.
    pub right: usize,
}

impl Default for Pair {
    /// The first two channels: L and R in every layout but mono, 3+7+0 and 22.2.
    fn default() -> Self {
        Self { left: 0, right: 1 }
    }
}

impl Pair {
    pub(super) fn check(self, stream: &Stream) -> Result<(), Error> {
        let expected = stream.channel_count();
        let given = self.left.max(self.right).saturating_add(1);
        if given > expected {
            return Err(Error::ChannelCount { what: "pair of channels", given, expected });
        }
        if self.left == self.right {
            return Err(Error::Unsupported {
                what: "a pair of one channel with itself",
                hint: "name two channels",
            });
        }
        Ok(())
    }

    /// Both channels of a block.
    pub(super) fn of<'a, S: Sample>(
        self,
        main: &'a mut BlockMut<'_, S>,
    ) -> (&'a mut [S], &'a mut [S]) {
        let (mut left, mut right): (&mut [S], &mut [S]) = (&mut [], &mut []);
        for (index, channel) in main.channels_mut().enumerate() {
            if index == self.left {
                left = channel;
            } else if index == self.right {
                right = channel;
            }
        }
        (left, right)
    }

    /// Cleans the channels beside the pair, as a processor with memory must; counts what was cleaned.
    pub(super) fn clean_others<S: Sample>(
        self,
        isa: kernels::Isa,
        main: &mut BlockMut<'_, S>,
    ) -> u64 {
        let others = |&(index, _): &(usize, &mut [S])| index != self.left && index != self.right;
        let others = main.channels_mut().enumerate().filter(others);
        others.map(|(_, channel)| kernels::intake(isa, channel).faults as u64).sum()
    }
}

/// Which way a [`MidSide`] converts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
pub enum MidSideDirection {
    /// Left and right become middle and side: M = (L + R)/2, S = (L − R)/2.
    #[default]
    Encode,
    /// Middle and side become left and right: L = M + S, R = M − S.
    Decode,
}

/// Turns a pair into middle and side, or back; the other channels pass.
///
/// Memoryless: a sample that is not finite comes through in both channels. Encoding and decoding
/// give the source within one rounding of each step (exactly where the bits suffice).
///
/// # Example
/// ```
/// use mixcore::spatial::{MidSide, MidSideDirection, Pair};
/// use mixcore::{BlockMut, Io, Layout, Process, Stream};
/// let stream = Stream::new(48_000.0, Layout::STEREO)?;
/// let mut encode = MidSide::new(MidSideDirection::Encode, Pair::default(), stream)?;
/// let (mut left, mut right) = ([1.0_f32, 0.5], [1.0, -0.5]);
/// encode.process(Io::new(BlockMut::stereo(&mut left, &mut right)?))?;
/// assert_eq!((left, right), ([1.0, 0.0], [0.0, 0.5]));
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MidSide {
    direction: MidSideDirection,
    pair: Pair,
    stream: Stream,
}

impl MidSide {
    /// A converter for a pair of the stream's channels.
    ///
    /// # Errors
    /// A pair that the layout does not have, or a stream out of range.
    pub fn new(direction: MidSideDirection, pair: Pair, stream: Stream) -> Result<Self, Error> {
        stream.validate()?;
        pair.check(&stream)?;
        Ok(Self { direction, pair, stream })
    }
}

impl Processor for MidSide {
    fn latency_frames(&self) -> usize {
        0
    }

    fn tail_frames(&self) -> usize {
        0
    }

    fn reset(&mut self) {}

    fn fields(&self) -> &'static [Field] {
        &[]
    }

    fn field(&self, _name: &str) -> Option<f64> {
        None
    }

    fn set_field(&mut self, name: &str, _value: f64) -> Result<(), Error> {
        Err(unknown_field(name))
    }
}

impl<S: Sample> Process<S> for MidSide {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        let mut main: BlockMut<'_, S> = io.without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        let (left, right) = self.pair.of(&mut main);
        let scale = match self.direction {
            MidSideDirection::Encode => 0.5,
            MidSideDirection::Decode => 1.0,
        };
        let lines = [Line { start: scale, step: 0.0 }, Line { start: -scale, step: 0.0 }];
        let isa = self.stream.isa;
        for (left, right) in passes(left, right) {
            // S = scale·L − scale·R, M = scale·L + scale·R.
            mix_pair(isa, left, right, [[lines[0], lines[0]], [lines[0], lines[1]]], 0);
        }
        Ok(())
    }
}

/// What a width keeps the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
pub enum WidthKept {
    /// The peak: no sample grows beyond the larger one of the pair.
    #[default]
    Peak,
    /// The power of a pair whose sides have nothing in common.
    Power,
}

/// What is fixed for life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct WidthSetup {
    /// The pair; the other channels pass.
    pub pair: Pair,
    /// What is kept while the width moves.
    pub kept: WidthKept,
}

params! {
    /// What may move.
    pub struct WidthParams {
        /// Factor of the side: 0 is mono, 1 the source.
        width: "x", 0.0 => 4.0, 1.0, Linear, smoothed;
    }
}

/// Gains of a width: from a side to itself and to the other one.
///
/// # Units and range
/// Width 0 to 4; gains linear.
///
/// # Errors
/// A width outside the range or not finite.
///
/// # Example
/// ```
/// use mixcore::spatial::{WidthKept, width_gains};
/// assert_eq!(width_gains(0.0, WidthKept::Peak)?, [0.5, 0.5]);
/// assert_eq!(width_gains(1.0, WidthKept::Power)?, [1.0, 0.0]);
/// assert_eq!(width_gains(3.0, WidthKept::Peak)?, [2.0 / 3.0, -1.0 / 3.0]);
/// # Ok::<(), mixcore::Error>(())
/// ```
pub fn width_gains(width: f64, kept: WidthKept) -> Result<[f64; 2], Error> {
    Ok(design(WidthParams::FIELDS[0].check(width)?, kept))
}

fn design(width: f64, kept: WidthKept) -> [f64; 2] {
    let scale = match kept {
        WidthKept::Peak => width.max(1.0),
        WidthKept::Power => math::sqrt((1.0 + width * width) * 0.5),
    };
    [(1.0 + width) * 0.5 / scale, (1.0 - width) * 0.5 / scale]
}

/// A gain that runs straight: at the origin, and added per frame.
#[derive(Clone, Copy)]
struct Line {
    start: f64,
    step: f64,
}

/// A pair, at most [`PASS_FRAMES`] at a time.
pub(super) fn passes<'a, S: Sample>(
    left: &'a mut [S],
    right: &'a mut [S],
) -> impl Iterator<Item = (&'a mut [S], &'a mut [S])> {
    left.chunks_mut(PASS_FRAMES).zip(right.chunks_mut(PASS_FRAMES))
}

/// `left = rows[0]·(left, right)`, `right = rows[1]·(left, right)`, frame `first` after the lines'
/// origin; at most [`PASS_FRAMES`] frames.
fn mix_pair<S: Sample>(
    isa: kernels::Isa,
    left: &mut [S],
    right: &mut [S],
    rows: [[Line; 2]; 2],
    first: usize,
) {
    let (mut to_right, mut to_left) = ([S::zero(); PASS_FRAMES], [S::zero(); PASS_FRAMES]);
    for ((copy, other), (l, r)) in
        to_right.iter_mut().zip(&mut to_left).zip(left.iter().zip(right.iter()))
    {
        (*copy, *other) = (*l, *r);
    }
    let frames = left.len();
    let (Some(to_right), Some(to_left)) = (to_right.get_mut(..frames), to_left.get_mut(..frames))
    else {
        return;
    };
    let [[left_left, right_left], [left_right, right_right]] = rows;
    scale(isa, to_right, left_right, first);
    scale(isa, to_left, right_left, first);
    scale(isa, left, left_left, first);
    scale(isa, right, right_right, first);
    kernels::add_scaled(isa, left, to_left, S::one());
    kernels::add_scaled(isa, right, to_right, S::one());
}

fn scale<S: Sample>(isa: kernels::Isa, io: &mut [S], line: Line, first: usize) {
    if line.step == 0.0 {
        kernels::gain(isa, io, S::from_f64(line.start));
    } else {
        kernels::gain_ramp(isa, io, S::from_f64(line.start), S::from_f64(line.step), first);
    }
}

/// A movement on the absolute frame counter.
#[derive(Clone, Copy, Debug)]
struct Move {
    from: f64,
    start: u64,
    end: u64,
    /// What was applied at `start`: where a movement is turned round between two grid points, the
    /// gains lie on the chord.
    from_gains: [f64; 2],
}

/// Straight gains over some frames: to the side itself and to the other one.
struct Piece {
    frames: usize,
    first: usize,
    lines: [Line; 2],
}

/// Changes how wide a pair is; the other channels pass.
///
/// Memoryless: a sample that is not finite comes through, at width 1 in its own channel only. There
/// every bit is kept.
///
/// # Example
/// ```
/// use mixcore::spatial::{Width, WidthParams, WidthSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Stream};
/// let stream = Stream::new(48_000.0, Layout::STEREO)?;
/// let mut mono = Width::new(WidthSetup::default(), WidthParams { width: 0.0 }, stream)?;
/// let (mut left, mut right) = ([1.0_f32, 0.5], [0.0, -0.5]);
/// mono.process(Io::new(BlockMut::stereo(&mut left, &mut right)?))?;
/// assert_eq!((left, right), ([0.5, 0.0], [0.5, 0.0]));
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Width {
    setup: WidthSetup,
    params: WidthParams,
    stream: Stream,
    travel: Move,
    /// Frames since the start.
    frame: u64,
}

impl Width {
    /// A width that stands at `params`.
    ///
    /// # Errors
    /// A width out of range, a pair that the layout does not have, or a stream out of range.
    pub fn new(setup: WidthSetup, params: WidthParams, stream: Stream) -> Result<Self, Error> {
        stream.validate()?;
        params.validate()?;
        setup.pair.check(&stream)?;
        Ok(Self { setup, params, stream, travel: Self::standing(params, setup), frame: 0 })
    }

    fn standing(params: WidthParams, setup: WidthSetup) -> Move {
        let from_gains = design(params.width, setup.kept);
        Move { from: params.width, start: 0, end: 0, from_gains }
    }

    /// Moves to another width over 20 ms from the next frame.
    ///
    /// # Errors
    /// A width out of range; it stays where it is then.
    pub fn set_params(&mut self, params: WidthParams) -> Result<(), Error> {
        params.validate()?;
        if params != self.params {
            let (from, from_gains) = (self.width_at(self.frame), self.gains_now());
            let end = self.frame.saturating_add(ramp_frames(self.stream.rate_hz) as u64);
            self.travel = Move { from, start: self.frame, end, from_gains };
            self.params = params;
        }
        Ok(())
    }

    /// The parameters it stands at or moves to.
    #[must_use]
    pub fn params(&self) -> WidthParams {
        self.params
    }

    /// The width at the next frame.
    #[must_use]
    pub fn width_now(&self) -> f64 {
        self.width_at(self.frame)
    }

    /// The gains that the next frame gets: from a side to itself and to the other one.
    #[must_use]
    pub fn gains_now(&self) -> [f64; 2] {
        let piece = self.piece(1);
        #[expect(clippy::cast_precision_loss, reason = "at most GRID_FRAMES")]
        piece.lines.map(|line| line.start + line.step * piece.first as f64)
    }

    fn width_at(&self, frame: u64) -> f64 {
        let travel = &self.travel;
        if frame >= travel.end {
            return self.params.width;
        }
        #[expect(clippy::cast_precision_loss, reason = "a movement of at most 7680 frames")]
        let share = frame.saturating_sub(travel.start) as f64
            / travel.end.saturating_sub(travel.start) as f64;
        travel.from + (self.params.width - travel.from) * share
    }

    /// The next straight piece, at most `limit` frames (≥ 1) long.
    fn piece(&self, limit: usize) -> Piece {
        let (travel, kept) = (&self.travel, self.setup.kept);
        if self.frame >= travel.end {
            let lines = design(self.params.width, kept).map(|start| Line { start, step: 0.0 });
            return Piece { frames: limit, first: 0, lines };
        }
        let origin = (self.frame - self.frame % GRID_FRAMES).max(travel.start);
        let end = (origin - origin % GRID_FRAMES).saturating_add(GRID_FRAMES).min(travel.end);
        let start = if origin == travel.start {
            travel.from_gains
        } else {
            design(self.width_at(origin), kept)
        };
        let stop = design(self.width_at(end), kept);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "both are at most GRID_FRAMES"
        )]
        let (frames, first, length) =
            ((end - self.frame) as usize, (self.frame - origin) as usize, (end - origin) as f64);
        let line = |start: f64, stop: f64| Line { start, step: (stop - start) / length };
        Piece {
            frames: frames.min(limit),
            first,
            lines: [line(start[0], stop[0]), line(start[1], stop[1])],
        }
    }
}

impl Processor for Width {
    fn latency_frames(&self) -> usize {
        0
    }

    fn tail_frames(&self) -> usize {
        0
    }

    fn reset(&mut self) {
        self.travel = Self::standing(self.params, self.setup);
        self.frame = 0;
    }

    fn fields(&self) -> &'static [Field] {
        WidthParams::FIELDS
    }

    fn field(&self, name: &str) -> Option<f64> {
        self.params.get(name)
    }

    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        self.set_params(self.params.with(name, value)?)
    }
}

impl<S: Sample> Process<S> for Width {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        let mut main: BlockMut<'_, S> = io.without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        let isa = self.stream.isa;
        let (mut left, mut right) = self.setup.pair.of(&mut main);
        while !left.is_empty() {
            let piece = self.piece(left.len().min(PASS_FRAMES));
            let (Some((l, rest_left)), Some((r, rest_right))) =
                (left.split_at_mut_checked(piece.frames), right.split_at_mut_checked(piece.frames))
            else {
                break;
            };
            let [own, other] = piece.lines;
            let standing = own.step == 0.0 && other.step == 0.0;
            if !(standing && own.start == 1.0 && other.start == 0.0) {
                mix_pair(isa, l, r, [[own, other], [other, own]], piece.first);
            }
            self.frame = self.frame.saturating_add(piece.frames as u64);
            (left, right) = (rest_left, rest_right);
        }
        Ok(())
    }
}
