//! Speech where the caller says it is: regions from an edit, a cue sheet or a subtitle file, or from
//! the probabilities of the caller's own detector.
//!
//! Regions are sorted, those that touch or overlap become one, and their edges go to the nearest
//! sub-block (at most 5 ms away; a region takes one at least). Caller's regions are phrases as they
//! stand: no pause is bridged.
//!
//! Cost: a sort; then a binary search for each question.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::super::gating::SUB_BLOCKS_PER_S;
#[cfg(feature = "alloc")]
use super::speech_activity::speech_runs;
use super::speech_activity::{Detector, Phrase, SpeechActivity};
use crate::audio::Store;
use crate::error::Error;
use crate::math;
use crate::stream::{MAX_RATE_HZ, MIN_RATE_HZ};
use crate::units::Timecode;

/// Most frames of a programme: whole numbers in f64 end at 2^53.
const MAX_FRAME: f64 = 9_007_199_254_740_992.0;

/// A stretch of a programme in frames, the end exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First frame.
    pub start_frame: u64,
    /// Frame after the last.
    pub end_frame: u64,
}

impl Region {
    /// The region between two timecodes, the second exclusive, of a programme that starts at a third.
    ///
    /// # Errors
    /// Timecodes of another frame rate than the programme's, before its start, or without a frame
    /// between them; a rate outside 8 to 384 kHz.
    ///
    /// # Example
    /// ```
    /// use mixcore::Timecode;
    /// use mixcore::loudness::Region;
    /// use mixcore::units::FrameRate;
    /// let at = |text| Timecode::parse(text, FrameRate::F25).unwrap();
    /// let region =
    ///     Region::between(at("10:00:01:00"), at("10:00:02:05"), at("10:00:00:00"), 48_000.0)?;
    /// assert_eq!((region.start_frame, region.end_frame), (48_000, 105_600));
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn between(
        start: Timecode,
        end: Timecode,
        programme_start: Timecode,
        rate_hz: f64,
    ) -> Result<Self, Error> {
        Error::check_range("rate_hz", rate_hz, MIN_RATE_HZ, MAX_RATE_HZ)?;
        let (numerator, denominator) = programme_start.frame_rate.fraction();
        let frame = |field, timecode: Timecode| {
            if timecode.frame_rate != programme_start.frame_rate {
                return Err(Error::Unsupported {
                    what: "a region whose frame rate is not the programme's",
                    hint: "read its timecodes at the programme's frame rate",
                });
            }
            #[expect(clippy::cast_precision_loss, reason = "a day has fewer than 2^53 frames")]
            let (given, first) = (timecode.frame as f64, programme_start.frame as f64);
            Error::check_range(field, given, first, MAX_FRAME)?;
            #[expect(clippy::cast_precision_loss, reason = "60,000 and 1001 at most")]
            let frames = (given - first) * denominator as f64 / numerator as f64 * rate_hz;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "not negative; a cast saturates"
            )]
            Ok(math::round(frames) as u64)
        };
        let region = Self {
            start_frame: frame("region start timecode", start)?,
            end_frame: frame("region end timecode", end)?,
        };
        region.sub_blocks(rate_hz)?;
        Ok(region)
    }

    /// Its sub-blocks: each edge at the nearest, at least one of them.
    pub(super) fn sub_blocks(self, rate_hz: f64) -> Result<Phrase, Error> {
        #[expect(clippy::cast_precision_loss, reason = "checked against 2^53")]
        let (start, end) = (self.start_frame as f64, self.end_frame as f64);
        Error::check_range("region end_frame", end, start + 1.0, MAX_FRAME)?;
        let nearest = |frame: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "not negative, below 2^53"
            )]
            {
                math::round(frame * SUB_BLOCKS_PER_S / rate_hz) as usize
            }
        };
        let first = nearest(start);
        Ok(Phrase::of_sub_blocks(first, nearest(end).max(first + 1), rate_hz))
    }
}

/// Speech in a list of regions.
///
/// # Example
/// ```
/// use mixcore::loudness::{Region, SpeechRegions, phrases};
/// let mut list = [
///     Region { start_frame: 96_000, end_frame: 144_000 },
///     Region { start_frame: 0, end_frame: 24_000 },
///     Region { start_frame: 120_000, end_frame: 168_000 },
/// ];
/// let speech = SpeechRegions::new_in(&mut list, 48_000.0)?;
/// let found: Vec<_> = phrases(&speech).map(|p| (p.start_frame, p.end_frame)).collect();
/// assert_eq!(found, [(0, 24_000), (96_000, 168_000)]);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct SpeechRegions<'a> {
    regions: Store<'a, Region>,
    len: usize,
    rate_hz: f64,
    detector: Detector,
    bridged_sub_blocks: usize,
}

impl SpeechRegions<'static> {
    /// Speech in `regions`, in memory of their own.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz; a region without a frame, or beyond frame 2^53.
    #[cfg(feature = "alloc")]
    pub fn new(regions: &[Region], rate_hz: f64) -> Result<Self, Error> {
        Self::sorted(Store::Owned(regions.to_vec()), rate_hz)
    }

    /// What another detector has found, kept under its name: what costs a pass there is a search
    /// here.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn of(speech: &dyn SpeechActivity) -> Self {
        let region =
            |run: Phrase| Region { start_frame: run.start_frame, end_frame: run.end_frame };
        let regions: Vec<Region> = speech_runs(speech).map(region).collect();
        let len = regions.len();
        let (rate_hz, detector) = (speech.rate_hz(), speech.detector());
        let bridged = speech.bridged_sub_blocks();
        Self::found(Store::Owned(regions), len, rate_hz, detector, bridged)
    }
}

impl<'a> SpeechRegions<'a> {
    /// Speech in `regions`, in the caller's memory: sorted and joined there.
    ///
    /// # Errors
    /// As [`SpeechRegions::new`]; the order of the regions has changed then.
    pub fn new_in(regions: &'a mut [Region], rate_hz: f64) -> Result<Self, Error> {
        Self::sorted(Store::Lent(regions), rate_hz)
    }

    fn sorted(mut regions: Store<'a, Region>, rate_hz: f64) -> Result<Self, Error> {
        Error::check_range("rate_hz", rate_hz, MIN_RATE_HZ, MAX_RATE_HZ)?;
        for region in regions.iter() {
            region.sub_blocks(rate_hz)?;
        }
        regions.sort_unstable_by_key(|region| (region.start_frame, region.end_frame));
        let len = join(&mut regions, rate_hz)?;
        let detector = Detector::new("regions given by the caller");
        Ok(Self { regions, len, rate_hz, detector, bridged_sub_blocks: 0 })
    }

    /// Regions that are sorted, apart and long enough, found by a detector.
    pub(super) fn found(
        regions: Store<'a, Region>,
        len: usize,
        rate_hz: f64,
        detector: Detector,
        bridged_sub_blocks: usize,
    ) -> Self {
        Self { regions, len, rate_hz, detector, bridged_sub_blocks }
    }

    /// States that the regions, or the probabilities behind them, are those of the licensed speech
    /// gate that some platforms use: every reading and report says so then.
    #[must_use]
    pub fn of_licensed_gate(mut self) -> Self {
        self.detector.is_licensed = true;
        self
    }

    /// The regions in order of time.
    #[must_use]
    pub fn regions(&self) -> &[Region] {
        self.regions.get(..self.len).unwrap_or_default()
    }
}

/// Joins sorted regions whose sub-blocks touch; returns how many are left at the front.
fn join(regions: &mut [Region], rate_hz: f64) -> Result<usize, Error> {
    let mut len = 0_usize;
    for index in 0..regions.len() {
        let region = regions[index];
        let last = len.checked_sub(1).map(|last| &mut regions[last]);
        match last {
            Some(last) if region.sub_blocks(rate_hz)?.start <= last.sub_blocks(rate_hz)?.end => {
                last.end_frame = last.end_frame.max(region.end_frame);
            }
            _ => {
                regions[len] = region;
                len += 1;
            }
        }
    }
    Ok(len)
}

impl SpeechActivity for SpeechRegions<'_> {
    fn detector_name(&self) -> &'static str {
        self.detector.name
    }

    fn is_licensed(&self) -> bool {
        self.detector.is_licensed
    }

    fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    fn next_run(&self, from: usize) -> Option<Phrase> {
        let place = |region: &Region| region.sub_blocks(self.rate_hz).ok();
        let ended = |region: &Region| place(region).is_none_or(|place| place.end <= from);
        let region = self.regions().get(self.regions().partition_point(ended))?;
        let run = place(region)?;
        Some(Phrase::of_sub_blocks(run.start.max(from), run.end, self.rate_hz))
    }

    fn bridged_sub_blocks(&self) -> usize {
        self.bridged_sub_blocks
    }
}

#[cfg(test)]
mod tests {
    use super::super::speech_activity::phrases;
    #[cfg(feature = "alloc")]
    use super::super::speech_activity::speech_runs;
    use super::*;
    use crate::units::FrameRate;

    const fn region(start_frame: u64, end_frame: u64) -> Region {
        Region { start_frame, end_frame }
    }

    #[test]
    fn regions_are_sorted_joined_and_put_on_the_grid() {
        // 110.25 frames a sub-block. The second touches the first, the third lies inside, the fourth
        // is shorter than a sub-block.
        let mut list = [region(2000, 2001), region(1000, 1100), region(0, 1000), region(10, 20)];
        let speech = SpeechRegions::new_in(&mut list, 11_025.0).unwrap();
        assert_eq!(speech.regions(), [region(0, 1100), region(2000, 2001)]);
        let found: [_; 2] = {
            let mut found = phrases(&speech).map(|phrase| (phrase.start, phrase.end));
            core::array::from_fn(|_| found.next().unwrap())
        };
        assert_eq!(found, [(0, 10), (18, 19)]);
        // From inside a region it begins there.
        assert_eq!(speech.next_run(4).unwrap().start, 4);
        assert_eq!(speech.next_run(19), None);
    }

    #[test]
    fn a_region_without_frames_is_refused() {
        for bad in [region(10, 10), region(10, 9), region(0, 1 << 60)] {
            let mut list = [region(0, 5), bad];
            let error = SpeechRegions::new_in(&mut list, 48e3).unwrap_err();
            assert!(
                matches!(error, Error::OutOfRange { field: "region end_frame", .. }),
                "{error}"
            );
        }
        assert!(SpeechRegions::new_in(&mut [], 1e3).is_err());
    }

    #[test]
    fn timecodes_are_those_of_the_programme() {
        let at = |text, rate| Timecode::parse(text, rate).unwrap();
        let drop = FrameRate::F2997Drop;
        let start = at("01:00:00;00", drop);
        // 1800 frames of 1001/30000 s: 60.06 s, though a minute of drop-frame skips two numbers.
        let region = Region::between(start, at("01:01:00;02", drop), start, 48e3).unwrap();
        assert_eq!(region, Region { start_frame: 0, end_frame: 2_882_880 });
        let early = at("00:59:59;29", drop);
        for (from, to) in [(early, start), (start, early), (start, start)] {
            assert!(Region::between(from, to, start, 48e3).is_err());
        }
        let other = at("01:00:02:00", FrameRate::F25);
        let error = Region::between(start, other, start, 48e3).unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn what_another_detector_found_is_kept_with_its_pauses_and_its_name() {
        let values = [0.9, 0.0, 0.9, 0.0, 0.0, 0.9];
        let setup = crate::loudness::ProbabilitySetup {
            hangover_ms: 0.0,
            ..crate::loudness::ProbabilitySetup::new(14_400)
        };
        let found = SpeechRegions::from_probability(&values, setup, 48e3).unwrap();
        let kept = SpeechRegions::of(&found);
        assert_eq!(kept.detector(), found.detector());
        // 0.3 s of pause are bridged, 0.6 s are not.
        for speech in [&found, &kept] {
            assert_eq!(speech_runs(speech).count(), 3);
            let list: Vec<_> = phrases(speech).map(|phrase| (phrase.start, phrase.end)).collect();
            assert_eq!(list, [(0, 90), (150, 180)]);
        }
        assert!(!kept.is_licensed());
        assert!(SpeechRegions::of(&kept.of_licensed_gate()).is_licensed());
    }
}
