//! What both masking-aware duckers are made of: the analysis of key and main, the clock, the gains.

use super::band_gain::{BandGain, BandPlan, PUSH_FRAMES};
use crate::analysis::{ERB_BANDS, Masking, MaskingFrame, MaskingSetup};
use crate::audio::{Block, BlockMut, Layout, MAX_LAYOUT_CHANNELS, Sample};
use crate::error::Error;
use crate::kernels;
use crate::loudness::sub_block_start;
use crate::stream::Stream;
use crate::units::db_to_gain;

/// The stems of the analysis.
pub(super) const MAIN: usize = 0;
pub(super) const KEY: usize = 1;

/// What is fixed for life of either ducker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandDuckerSetup {
    /// Time by which the signal is delayed beyond the 40 ms of a frame, 250 to 2000 ms, to 10 ms.
    pub lookahead_ms: f64,
    /// Channels of the key, LFE left out at most as many as the stream has.
    pub key_layout: Layout,
    /// Level of the key in the mix over its level here, dB, −40 to 40: 3.01 for a mono key that comes at
    /// unity from two loudspeakers.
    pub key_offset_db: f64,
}

impl Default for BandDuckerSetup {
    /// 500 ms; a mono key that lies in the mix as loud as it is here.
    fn default() -> Self {
        Self { lookahead_ms: 500.0, key_layout: Layout::MONO, key_offset_db: 0.0 }
    }
}

/// Longest look-ahead of a masking-aware ducker, ms.
const MAX_LOOKAHEAD_MS: f64 = 2000.0;

impl BandDuckerSetup {
    /// Checks the look-ahead and the offset.
    ///
    /// # Errors
    /// One of them outside its bounds.
    pub fn validate(&self) -> Result<(), Error> {
        let min = super::ducker::MIN_DUCKER_LOOKAHEAD_MS;
        Error::check_range("lookahead_ms", self.lookahead_ms, min, MAX_LOOKAHEAD_MS)?;
        Error::check_range("key_offset_db", self.key_offset_db, -40.0, 40.0).map(|_| ())
    }

    /// Frames of 10 ms that are known when one leaves, itself included, and the plan for them.
    pub(super) fn plan(&self, stream: &Stream) -> Result<(usize, BandPlan), Error> {
        self.validate()?;
        stream.validate()?;
        let lines = |layout: Layout| layout.speakers().iter().filter(|s| !s.lfe).count();
        let (given, expected) = (lines(self.key_layout), lines(stream.layout));
        if given > expected {
            return Err(Error::ChannelCount { what: "key", given, expected });
        }
        let frames = stream.frames_of_ms(self.lookahead_ms) / stream.frames_of_ms(10.0).max(1) + 1;
        Ok((frames, BandPlan::new(frames, stream)?))
    }
}

/// Memory that the masking-aware duckers ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BandDuckerStorage {
    /// Samples: delays, windows and transforms.
    pub samples: usize,
    /// f64 numbers: the masking model and what is known of the look-ahead.
    pub numbers: usize,
}

/// No lists of places: they are for reports.
fn masking_setup() -> MaskingSetup {
    MaskingSetup { places: 0, ..MaskingSetup::default() }
}

/// Analysis, clock and gains.
#[derive(Debug)]
pub(super) struct BandUnit<'a, S> {
    stream: Stream,
    key_layout: Layout,
    key_gain: f64,
    plan: BandPlan,
    masking: Masking<'a, S>,
    gain: BandGain<'a, S>,
    /// Frames of audio so far, frames of analysis so far.
    now: u64,
    done: usize,
    key_faults: u64,
}

impl<'a, S: Sample> BandUnit<'a, S> {
    #[cfg(feature = "alloc")]
    pub(super) fn new(
        setup: &BandDuckerSetup,
        stream: Stream,
    ) -> Result<BandUnit<'static, S>, Error> {
        let (_, plan) = setup.plan(&stream)?;
        let masking = Masking::new(masking_setup(), stream)?;
        let gain = BandGain::new(plan, stream)?;
        Ok(BandUnit::over(setup, stream, plan, masking, gain))
    }

    /// Samples and numbers of [`BandUnit::new_in`].
    pub(super) fn required_len(
        setup: &BandDuckerSetup,
        stream: &Stream,
    ) -> Result<BandDuckerStorage, Error> {
        let (_, plan) = setup.plan(stream)?;
        let masking = Masking::<S>::required_len(&masking_setup(), stream)?;
        Ok(BandDuckerStorage {
            samples: plan.samples_len() + masking.samples,
            numbers: masking.numbers,
        })
    }

    pub(super) fn new_in(
        setup: &BandDuckerSetup,
        stream: Stream,
        samples: &'a mut [S],
        numbers: &'a mut [f64],
    ) -> Result<Self, Error> {
        let (_, plan) = setup.plan(&stream)?;
        let (given, required) = (samples.len(), plan.samples_len());
        let Some((gain, rest)) = samples.split_at_mut_checked(required) else {
            return Err(Error::Storage { what: "ducker sample", given, required });
        };
        let masking = Masking::new_in(masking_setup(), stream, rest, numbers, &mut [])?;
        let gain = BandGain::new_in(plan, stream, gain)?;
        Ok(Self::over(setup, stream, plan, masking, gain))
    }

    fn over(
        setup: &BandDuckerSetup,
        stream: Stream,
        plan: BandPlan,
        masking: Masking<'a, S>,
        gain: BandGain<'a, S>,
    ) -> Self {
        Self {
            stream,
            key_layout: setup.key_layout,
            key_gain: db_to_gain(setup.key_offset_db),
            plan,
            masking,
            gain,
            now: 0,
            done: 0,
            key_faults: 0,
        }
    }

    pub(super) fn reset(&mut self) {
        self.masking.reset();
        self.gain.reset();
        (self.now, self.done, self.key_faults) = (0, 0, 0);
    }

    pub(super) fn latency_frames(&self) -> usize {
        self.plan.latency
    }

    pub(super) fn faults(&self) -> u64 {
        self.gain.faults() + self.key_faults
    }

    /// Processes a block; `each` is shown every frame of analysis and says which frame leaves by how
    /// much in each band, if one does.
    pub(super) fn process(
        &mut self,
        main: &mut BlockMut<'_, S>,
        key: Option<&Block<'_, S>>,
        mut each: impl FnMut(&MaskingFrame<'_>) -> Option<(usize, [f64; ERB_BANDS])>,
    ) -> Result<(), Error> {
        main.check_channels("block", self.stream.channel_count())?;
        if let Some(key) = key {
            key.check_channels("key", self.key_layout.channel_count())?;
            let (given, expected) = (key.frames(), main.frames());
            if given != expected {
                return Err(Error::FrameCount { what: "key", given, expected });
            }
        }
        let mut at = 0;
        while at < main.frames() {
            let window_end =
                sub_block_start(self.done, self.stream.rate_hz) + self.plan.window as u64;
            let left = usize::try_from(window_end - self.now).unwrap_or(PUSH_FRAMES);
            let take = left.min(PUSH_FRAMES).min(main.frames() - at);
            let mut part = main.range(at, at + take);
            let mut rows = [[S::zero(); PUSH_FRAMES]; MAX_LAYOUT_CHANNELS];
            if let Some(key) = key {
                self.lay_out(&key.range(at, at + take), &mut rows);
            }
            let rows = rows.get(..self.stream.channel_count()).unwrap_or_default();
            let stems = [part.as_block(), Block::new(rows)?.range(0, take)];
            let mut leaving = None;
            self.masking.push_each(&stems, |frame| leaving = each(frame))?;
            self.gain.exchange(&mut part, self.now);
            self.now += take as u64;
            at += take;
            if self.now == window_end {
                self.done += 1;
                if let Some((index, reductions)) = leaving {
                    self.gain.lower(index, &reductions);
                }
            }
        }
        Ok(())
    }

    /// Puts the key's channels on those of the stream that are no LFE: powers add up wherever they lie.
    fn lay_out(&mut self, key: &Block<'_, S>, rows: &mut [[S; PUSH_FRAMES]; MAX_LAYOUT_CHANNELS]) {
        let speakers = self.key_layout.speakers().iter().zip(key.channels());
        let places = self.stream.layout.speakers().iter().zip(rows);
        let heard = speakers.filter(|(speaker, _)| !speaker.lfe);
        for ((_, samples), (_, row)) in heard.zip(places.filter(|(speaker, _)| !speaker.lfe)) {
            let Some(row) = row.get_mut(..samples.len()) else { continue };
            self.key_faults += kernels::clean(self.stream.isa, samples, row) as u64;
            kernels::gain(self.stream.isa, row, S::from_f64(self.key_gain));
        }
    }
}
