//! A bus: many signals, each with its own gain, summed into one.
//!
//! > y\[n\] = round( Σ_i g_i(n) · x_i\[n\] ), the sum in f64, from 0, in the order of the inputs
//!
//! Each product and each sum is rounded to f64, and the whole once to the sample type. The order is
//! the declared one, so the bits are those of the plain loop. An input whose gain is exactly zero is
//! left out, with whatever it holds: what is muted adds nothing, not even what is no number.
//!
//! The gain of an input is an [`EdgeGain`]: all that stands between a source and a bus (fader, VCAs,
//! send, mute, solo: see [`super::desk`]) as one curve. Decibels that stand still are added up and
//! turned into a gain once; what moves are automation lanes, multiplied as straight lines on the
//! absolute grid ([`crate::ramp::Line`]).
//!
//! Cost: one multiplication and addition per input sample, one rounding per output sample. Latency:
//! none.
//! Limits: at most [`MAX_EDGE_LANES`] lanes an edge. Inside a bus nothing clips.

use super::automation::{Automation, Breakpoint, SegmentShape};
use super::desk::MAX_VCA_NESTING;
use crate::audio::{Block, BlockMut, Sample};
use crate::error::Error;
use crate::kernels::{self, Isa};
use crate::ramp::Line;
use crate::units::db_to_gain;

/// Lanes that may act on one edge: the fader's, the send's, and one of each nested VCA.
pub const MAX_EDGE_LANES: usize = MAX_VCA_NESTING + 2;

/// Frames that are summed in one go, through the stack.
const CHUNK_FRAMES: usize = 256;

/// The gain of one edge of the mix, from a source into a bus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EdgeGain<'a> {
    /// Sum of all levels that stand still, dB; -inf where the edge is shut.
    gain_db: f64,
    /// The same as a gain.
    gain: f64,
    lanes: [Automation<'a>; MAX_EDGE_LANES],
    count: usize,
}

/// What stands in the places of lanes that are not there.
const NO_LANE: Automation<'static> =
    Automation::checked(&[Breakpoint::new(0, 0.0, SegmentShape::Step)]);

impl<'a> EdgeGain<'a> {
    /// 0 dB: every sample adds itself, unchanged. A bus of this edge alone has its bits, but for the
    /// sign of a zero: the sum starts from +0, so -0 comes out as +0.
    pub const UNITY: EdgeGain<'static> =
        EdgeGain { gain_db: 0.0, gain: 1.0, lanes: [NO_LANE; MAX_EDGE_LANES], count: 0 };

    /// Shut: exact zero.
    pub const SHUT: EdgeGain<'static> =
        EdgeGain { gain_db: f64::NEG_INFINITY, gain: 0.0, ..EdgeGain::UNITY };

    /// A gain that stands still.
    ///
    /// # Errors
    /// A level outside ±120 dB or not finite (a shut edge is [`EdgeGain::SHUT`]).
    pub fn constant(gain_db: f64) -> Result<Self, Error> {
        let gain_db = Error::check_range("gain_db", gain_db, -120.0, 120.0)?;
        Ok(Self::UNITY.and_db(gain_db))
    }

    /// A gain that follows a lane.
    #[must_use]
    pub fn automated(lane: Automation<'a>) -> Self {
        Self::UNITY.and_lane(lane)
    }

    /// With more decibels that stand still; -inf shuts the edge.
    pub(super) fn and_db(self, gain_db: f64) -> Self {
        let gain_db = self.gain_db + gain_db;
        Self { gain_db, gain: db_to_gain(gain_db), ..self }
    }

    /// With one more lane: there is room for as many as `desk` lets act on an edge.
    pub(super) fn and_lane<'b>(self, lane: Automation<'b>) -> EdgeGain<'b>
    where
        'a: 'b,
    {
        let mut more: EdgeGain<'b> = self;
        if let Some(slot) = more.lanes.get_mut(more.count) {
            *slot = lane;
            more.count += 1;
        }
        more
    }

    /// The lanes that act on this edge.
    pub fn lanes(&self) -> impl Iterator<Item = &Automation<'a>> {
        self.lanes.iter().take(self.count)
    }

    /// The edge is shut for good: it adds nothing, ever.
    #[must_use]
    pub fn is_shut(&self) -> bool {
        self.gain == 0.0
    }

    /// The level at an absolute frame by the laws of its lanes, dB; -inf is zero.
    #[must_use]
    pub fn db_at(&self, frame: u64) -> f64 {
        self.lanes().fold(self.gain_db, |db, lane| db + lane.db_at(frame))
    }

    /// The gain that is applied at an absolute frame.
    #[must_use]
    pub fn gain_at(&self, frame: u64) -> f64 {
        self.line(frame).at(frame)
    }

    /// The straight piece of the gain that holds an absolute frame.
    #[must_use]
    pub fn line(&self, frame: u64) -> Line {
        let standing = Line::constant(self.gain);
        if self.is_shut() {
            return standing;
        }
        self.lanes().fold(standing, |line, lane| line.times(&lane.line(frame), frame))
    }

    /// As [`EdgeGain::line`] with what is known of the line before it.
    fn line_after(&self, frame: u64, before: &Line) -> Line {
        match self.lanes.first() {
            // At 0 dB the edge's line is the lane's own.
            Some(lane) if self.count == 1 && self.gain == 1.0 => {
                lane.line_after(frame, Some(before))
            }
            _ => self.line(frame),
        }
    }

    /// Adds a channel's samples, the first of which is that of `frame`, to a sum under this gain.
    fn add<S: Sample>(&self, isa: Isa, frame: u64, source: &[S], sum: &mut [f64]) {
        let (mut from, mut to, mut now) = (source, sum, frame);
        let mut line = self.line(now);
        while !from.is_empty() {
            if now >= line.end {
                line = self.line_after(now, &line);
            }
            let piece = line.segment(now, from.len());
            let Some((source, from_rest)) = from.split_at_checked(piece.frames) else { return };
            let Some((sum, to_rest)) = to.split_at_mut_checked(piece.frames) else { return };
            if piece.step != 0.0 {
                let zeros = piece.zeros();
                let (Some(sum), Some(source)) = (sum.get_mut(zeros..), source.get(zeros..)) else {
                    return;
                };
                let first = piece.first.max(zeros);
                kernels::accumulate_ramp(isa, sum, source, piece.start, piece.step, first);
            } else if piece.start != 0.0 {
                kernels::accumulate(isa, sum, source, piece.start);
            }
            now = now.saturating_add(piece.frames as u64);
            (from, to) = (from_rest, to_rest);
        }
    }
}

/// One input of a bus.
#[derive(Clone, Copy, Debug)]
pub struct BusInput<'a, S> {
    /// Its audio, of the bus's channels and frames.
    pub audio: Block<'a, S>,
    /// What stands between it and the bus.
    pub gain: EdgeGain<'a>,
}

/// Sums inputs in their order into `out`, whose first frame is the absolute frame `frame`.
///
/// # Shape
/// All inputs have the channels and frames of `out`, which is overwritten.
///
/// # Real time
/// Does not allocate, lock, log or panic.
///
/// # Errors
/// An input of another number of channels or frames; `out` is untouched then.
///
/// # Example
/// ```
/// use mixcore::level::{BusInput, EdgeGain, sum_bus};
/// use mixcore::{Block, BlockMut, Isa};
/// let (dialogue, music) = ([0.5_f32, 0.5], [0.25_f32, 0.5]);
/// let inputs = [
///     BusInput { audio: Block::mono(&dialogue), gain: EdgeGain::UNITY },
///     BusInput { audio: Block::mono(&music), gain: EdgeGain::constant(-20.0)? },
/// ];
/// let mut bus = [0.0_f32; 2];
/// sum_bus(Isa::detect(), 0, &inputs, BlockMut::mono(&mut bus))?;
/// assert_eq!(bus, [0.525, 0.55]);
/// # Ok::<(), mixcore::Error>(())
/// ```
pub fn sum_bus<S: Sample>(
    isa: Isa,
    frame: u64,
    inputs: &[BusInput<'_, S>],
    mut out: BlockMut<'_, S>,
) -> Result<(), Error> {
    for input in inputs {
        input.audio.check_channels("input", out.channel_count())?;
        if input.audio.frames() != out.frames() {
            return Err(Error::FrameCount {
                what: "input",
                given: input.audio.frames(),
                expected: out.frames(),
            });
        }
    }
    let mut sum = [0.0; CHUNK_FRAMES];
    for (channel, to) in out.channels_mut().enumerate() {
        let mut now = frame;
        for (index, to) in to.chunks_mut(CHUNK_FRAMES).enumerate() {
            let Some(sum) = sum.get_mut(..to.len()) else { continue };
            sum.fill(0.0);
            for input in inputs {
                let source = input.audio.channels().nth(channel).unwrap_or_default();
                let at = index * CHUNK_FRAMES;
                if let Some(source) = source.get(at..at + to.len()) {
                    input.gain.add(isa, now, source, sum);
                }
            }
            kernels::round_into(isa, sum, to);
            now = now.saturating_add(to.len() as u64);
        }
    }
    Ok(())
}
