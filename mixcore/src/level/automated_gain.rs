//! The processor that applies an automation lane.
//!
//! y\[n\] = g(n) · x\[n\], with g the gain of the lane ([`super::automation`]) at the absolute frame n.
//! The counter starts at 0, or where [`AutomatedGain::seek`] puts it: a render may start anywhere in
//! the programme and gives the same bits there.
//!
//! Cost: one multiplication per sample; two powers or cosines per 32 frames while a dB-linear or
//! smooth segment runs. Latency: none.
//! Limits: one lane for all channels. A step of the lane is a step of the signal.

use super::automation::Automation;
use super::lane::AutomationLane;
use crate::audio::Sample;
use crate::error::Error;
use crate::stream::{Field, Io, Process, Processor, Stream, unknown_field};

/// A gain on all channels of a stream that follows a lane.
///
/// Memoryless: samples that are not finite pass through, except where the lane is at zero, which
/// lets nothing through. At 0 dB every bit is kept.
///
/// # Example
/// ```
/// use mixcore::level::{AutomatedGain, AutomationLane, Breakpoint, SegmentShape};
/// use mixcore::{BlockMut, Io, Layout, Process, Stream};
/// # #[cfg(feature = "alloc")] {
/// let fade_out = [
///     Breakpoint::new(0, 0.0, SegmentShape::Linear),
///     Breakpoint::new(4, -144.0, SegmentShape::Step),
/// ];
/// let lane = AutomationLane::new(&fade_out)?;
/// let mut gain = AutomatedGain::new(lane, Stream::new(48_000.0, Layout::MONO)?)?;
/// let mut audio = [1.0_f32; 6];
/// gain.process(Io::new(BlockMut::mono(&mut audio)))?;
/// assert_eq!(audio, [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct AutomatedGain<'a> {
    lane: AutomationLane<'a>,
    stream: Stream,
    /// Absolute frame of the next sample.
    frame: u64,
}

impl<'a> AutomatedGain<'a> {
    /// A gain that follows `lane` from frame 0 on.
    ///
    /// # Errors
    /// A stream out of range.
    pub fn new(lane: AutomationLane<'a>, stream: Stream) -> Result<Self, Error> {
        stream.validate()?;
        Ok(Self { lane, stream, frame: 0 })
    }

    /// Goes on at another absolute frame.
    ///
    /// # Real time
    /// Does not allocate, lock, log or panic.
    pub fn seek(&mut self, frame: u64) {
        self.frame = frame;
    }

    /// The absolute frame of the next sample.
    #[must_use]
    pub fn frame(&self) -> u64 {
        self.frame
    }

    /// What it follows.
    #[must_use]
    pub fn automation(&self) -> Automation<'_> {
        self.lane.automation()
    }

    /// The lane, to be edited: the change is heard from the next frame on.
    pub fn lane_mut(&mut self) -> &mut AutomationLane<'a> {
        &mut self.lane
    }

    /// The level at the next frame by the laws of the lane ([`Automation::db_at`]), dB; -inf is zero.
    #[must_use]
    pub fn gain_db_now(&self) -> f64 {
        self.automation().db_at(self.frame)
    }
}

impl Processor for AutomatedGain<'_> {
    fn latency_frames(&self) -> usize {
        0
    }

    fn tail_frames(&self) -> usize {
        0
    }

    fn reset(&mut self) {
        self.frame = 0;
    }

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

impl<S: Sample> Process<S> for AutomatedGain<'_> {
    fn process(&mut self, mut io: Io<'_, S>) -> Result<(), Error> {
        let main = io.main_without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        let frames = main.frames();
        let automation = self.lane.automation();
        let mut line = automation.line(self.frame);
        let mut done = 0;
        while done < frames {
            if self.frame >= line.end {
                line = automation.line_after(self.frame, Some(&line));
            }
            let piece = line.segment(self.frame, frames - done);
            for samples in main.channels_mut() {
                if let Some(part) = samples.get_mut(done..done + piece.frames) {
                    piece.apply(self.stream.isa, part, 1.0);
                }
            }
            done += piece.frames;
            self.frame = self.frame.saturating_add(piece.frames as u64);
        }
        Ok(())
    }
}
