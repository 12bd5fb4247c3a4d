//! The programme window: tone, clock, black and tails stay out of a measurement.
//!
//! A tape or a file begins with line-up tone and a clock and ends with a tail; the programme lies in
//! between, from its first frame up to the one after its last. A window stands in front of a meter and
//! hands on what lies inside:
//!
//! > measured = the frames n of the recording with start ≤ n < start + frames
//!
//! BS.1770 measures the programme. So the meter begins at rest at the window's first frame and silence
//! is taken to follow its last: the reading is, bit for bit, that of the file trimmed to the window.
//! NOTE: a filter that runs from the head of the tape on lets a line-up tone ring into the first 50 ms
//! of a quiet opening; what is read then depends on what is not delivered.
//!
//! Cost: none. Latency: none.
//! Limits: frames of a meter behind a window count from the window's first; add `start_frame` for
//! places in the recording.

use crate::audio::Block;
use crate::error::Error;
use crate::stream::{MAX_RATE_HZ, MIN_RATE_HZ};
use crate::units::Timecode;

/// A stretch of a recording or of a session: what is measured, or rendered.
///
/// # Example
/// ```
/// use mixcore::audio::Block;
/// use mixcore::loudness::{Meter, MeterSetup, ProgrammeWindow};
/// use mixcore::units::FrameRate;
/// use mixcore::{Layout, Stream, Timecode};
///
/// // The file begins at 09:59:58:00, the programme at 10:00:00:00 and lasts 1 s.
/// let at = |text| Timecode::parse(text, FrameRate::F25).unwrap();
/// let (head, start, end) = (at("09:59:58:00"), at("10:00:00:00"), at("10:00:01:00"));
/// let window = ProgrammeWindow::between(start, end, head, 48_000.0)?;
/// assert_eq!((window.start_frame, window.frames), (96_000, 48_000));
///
/// let mut meter = Meter::new(MeterSetup::default(), Stream::new(48_000.0, Layout::MONO)?)?;
/// let mut first_frame = 0;
/// for block in [&[0.5_f32; 100_000][..], &[0.5; 100_000]] {
///     meter.push(window.of(Block::mono(block), first_frame))?;
///     first_frame += block.len() as u64;
/// }
/// assert_eq!(meter.frames(), 48_000);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields))]
pub struct ProgrammeWindow {
    /// First frame.
    pub start_frame: u64,
    /// Number of frames.
    pub frames: u64,
}

impl ProgrammeWindow {
    /// The window from the timecode of the first picture up to, not including, that of `end`, in a
    /// recording whose first audio frame has the timecode `head`.
    ///
    /// # Errors
    /// Timecodes of different frame rates, a window that begins before `head` or ends before it
    /// begins (add a day of frames to what lies after midnight), or a rate outside 8 to 384 kHz.
    pub fn between(
        start: Timecode,
        end: Timecode,
        head: Timecode,
        rate_hz: f64,
    ) -> Result<Self, Error> {
        Error::check_range("rate_hz", rate_hz, MIN_RATE_HZ, MAX_RATE_HZ)?;
        let at = |timecode: Timecode| timecode.audio_frame(rate_hz, head);
        match (at(start), at(end)) {
            (Some(start_frame), Some(end_frame)) if start_frame <= end_frame => {
                Ok(Self { start_frame, frames: end_frame - start_frame })
            }
            _ => Err(Error::Unsupported {
                what: "a programme window whose timecodes are not head, start and end in order",
                hint: "give all three at one frame rate; after midnight, add a day to their frame",
            }),
        }
    }

    /// The frame after the last one.
    #[must_use]
    pub fn end_frame(&self) -> u64 {
        self.start_frame.saturating_add(self.frames)
    }

    /// What of a block lies in the window, if its first frame is frame `first_frame` of the recording;
    /// a block without frames where nothing does.
    ///
    /// # Real time
    /// Does not allocate.
    #[must_use]
    pub fn of<'b, S>(&self, block: Block<'b, S>, first_frame: u64) -> Block<'b, S> {
        // What does not fit into a usize lies beyond every block.
        let within =
            |frame: u64| usize::try_from(frame.saturating_sub(first_frame)).unwrap_or(usize::MAX);
        block.range(within(self.start_frame), within(self.end_frame()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::FrameRate;

    #[test]
    fn every_cut_of_a_recording_gives_the_same_frames() {
        let audio: [u32; 50] = core::array::from_fn(|n| n as u32);
        let window = ProgrammeWindow { start_frame: 1007, frames: 31 };
        for length in 1..=50 {
            let (mut next, mut first_frame) = (7, 1000);
            for block in audio.chunks(length) {
                for &frame in window.of(Block::mono(block), first_frame).channel(0) {
                    assert_eq!(frame, next);
                    next += 1;
                }
                first_frame += block.len() as u64;
            }
            assert_eq!(next, 7 + 31);
        }
        let all = ProgrammeWindow { start_frame: 3, frames: u64::MAX };
        assert_eq!(all.end_frame(), u64::MAX);
        assert_eq!(all.of(Block::mono(&audio), 0).frames(), 47);
        assert_eq!(all.of(Block::mono(&audio), u64::MAX).frames(), 0);
        let none = ProgrammeWindow { start_frame: 20, frames: 0 };
        assert_eq!(none.of(Block::mono(&audio), 0).frames(), 0);
    }

    #[test]
    fn timecodes_are_in_order_and_of_one_kind() {
        let at = |frame, frame_rate| Timecode { frame, frame_rate };
        let pal = |frame| at(frame, FrameRate::F25);
        let between = |start, end, head| ProgrammeWindow::between(start, end, head, 48e3);
        assert_eq!(between(pal(10), pal(20), pal(0)).unwrap().end_frame(), 20 * 1920);
        assert_eq!(between(pal(10), pal(10), pal(10)).unwrap().frames, 0);
        assert!(between(pal(10), pal(9), pal(0)).is_err());
        assert!(between(pal(10), pal(20), pal(11)).is_err());
        assert!(between(pal(10), at(20, FrameRate::F24), pal(0)).is_err());
        assert!(ProgrammeWindow::between(pal(1), pal(2), pal(0), f64::NAN).is_err());
    }
}
