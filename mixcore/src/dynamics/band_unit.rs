//! What both masking-aware duckers are made of: the analysis of key and main, the clock, the gains.

use super::band_gain::{BandGain, BandPlan, PUSH_FRAMES};
use super::ducker_setup::{DuckedAreas, MAX_OFFSET_DB, MIN_DUCKER_LOOKAHEAD_MS};
use super::key_path::KeyPath;
use super::voice_mean::bounded;
use crate::analysis::{ERB_BANDS, Masking, MaskingFrame, MaskingSetup};
use crate::audio::{Block, BlockMut, Layout, MAX_LAYOUT_CHANNELS, Sample, Store, check_frames};
use crate::error::Error;
use crate::kernels::{self, Isa};
use crate::loudness::sub_block_start;
use crate::ramp::Glide;
use crate::stream::Stream;
use crate::units::db_to_gain;

/// The stems of the analysis.
pub(super) const MAIN: usize = 0;
pub(super) const KEY: usize = 1;
/// What of the main signal stays as it is, where any does.
pub(super) const STAYS: usize = 2;

/// Which frame leaves, and by how much each of its bands goes down, dB.
pub(super) type Leaving = (usize, [f64; ERB_BANDS]);

/// What is fixed for life of either ducker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandDuckerSetup {
    /// Time by which the signal is delayed beyond the 40 ms of a frame, 250 to 2000 ms, to 10 ms.
    pub lookahead_ms: f64,
    /// Channels of the key, LFE left out at most as many as the stream has.
    pub key_layout: Layout,
    /// Gain of the key before it is measured, dB, −40 to 40: its level in the mix over its level here,
    /// 3.01 for a mono key that comes at unity from two loudspeakers.
    pub key_offset_db: f64,
    /// Which channels go down; LFEs carry no words and never do.
    pub areas: DuckedAreas,
}

impl Default for BandDuckerSetup {
    /// 500 ms; a mono key that lies in the mix as loud as it is here; all channels.
    fn default() -> Self {
        Self {
            lookahead_ms: 500.0,
            key_layout: Layout::MONO,
            key_offset_db: 0.0,
            areas: DuckedAreas::ALL,
        }
    }
}

/// Longest look-ahead of a masking-aware ducker, ms: a phrase; its memory grows by 100 frames of all bands
/// a second.
const MAX_LOOKAHEAD_MS: f64 = 2000.0;

impl BandDuckerSetup {
    /// Checks the look-ahead and the offset.
    ///
    /// # Errors
    /// One of them outside its bounds.
    pub fn validate(&self) -> Result<(), Error> {
        let min = MIN_DUCKER_LOOKAHEAD_MS;
        Error::check_range("lookahead_ms", self.lookahead_ms, min, MAX_LOOKAHEAD_MS)?;
        Error::check_range("key_offset_db", self.key_offset_db, -MAX_OFFSET_DB, MAX_OFFSET_DB)
            .map(|_| ())
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
fn masking_setup(setup: &BandDuckerSetup, layout: Layout) -> MaskingSetup {
    let stems = if setup.areas.spares_any(layout) { STAYS + 1 } else { KEY + 1 };
    MaskingSetup { stems, places: 0, ..MaskingSetup::default() }
}

type Rows<S> = [[S; PUSH_FRAMES]; MAX_LAYOUT_CHANNELS];

/// Analysis, clock and gains.
#[derive(Debug)]
pub(super) struct BandUnit<'a, S> {
    stream: Stream,
    key_layout: Layout,
    key_gain: f64,
    areas: DuckedAreas,
    spares_any: bool,
    plan: BandPlan,
    masking: Masking<'a, S>,
    gain: BandGain<'a, S>,
    pub(super) key_path: KeyPath<'a, S>,
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
        let masking = Masking::new(masking_setup(setup, stream.layout), stream)?;
        let gain = BandGain::new(plan, stream)?;
        let keys = KeyPath::<S>::required_len(setup.key_layout, plan.latency);
        let keys = Store::owned(keys, S::zero());
        let key_path = KeyPath::new(setup.key_layout, stream, plan.latency, keys)?;
        Ok(BandUnit::over(setup, stream, plan, (masking, gain, key_path)))
    }

    /// Samples and numbers of [`BandUnit::new_in`].
    pub(super) fn required_len(
        setup: &BandDuckerSetup,
        stream: &Stream,
    ) -> Result<BandDuckerStorage, Error> {
        let (_, plan) = setup.plan(stream)?;
        let masking = masking_setup(setup, stream.layout);
        let masking = Masking::<S>::required_len(&masking, stream)?;
        let keys = KeyPath::<S>::required_len(setup.key_layout, plan.latency);
        Ok(BandDuckerStorage {
            samples: plan.samples_len() + keys + masking.samples,
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
        const WHAT: &str = "ducker sample";
        let (given, required) = (samples.len(), Self::required_len(setup, &stream)?.samples);
        let keys_len = KeyPath::<S>::required_len(setup.key_layout, plan.latency);
        let short = Error::Storage { what: WHAT, given, required };
        let (gain, rest) = samples.split_at_mut_checked(plan.samples_len()).ok_or(short)?;
        let (keys, rest) = rest.split_at_mut_checked(keys_len).ok_or(short)?;
        let masking = masking_setup(setup, stream.layout);
        let masking = Masking::new_in(masking, stream, rest, numbers, &mut [])?;
        let gain = BandGain::new_in(plan, stream, gain)?;
        let keys = Store::lent(WHAT, keys, keys_len, S::zero())?;
        let key_path = KeyPath::new(setup.key_layout, stream, plan.latency, keys)?;
        Ok(Self::over(setup, stream, plan, (masking, gain, key_path)))
    }

    fn over(
        setup: &BandDuckerSetup,
        stream: Stream,
        plan: BandPlan,
        (masking, gain, key_path): (Masking<'a, S>, BandGain<'a, S>, KeyPath<'a, S>),
    ) -> Self {
        Self {
            stream,
            key_layout: setup.key_layout,
            key_gain: db_to_gain(setup.key_offset_db),
            areas: setup.areas,
            spares_any: setup.areas.spares_any(stream.layout),
            plan,
            masking,
            gain,
            key_path,
            now: 0,
            done: 0,
            key_faults: 0,
        }
    }

    pub(super) fn reset(&mut self) {
        self.masking.reset();
        self.gain.reset();
        self.key_path.reset();
        (self.now, self.done, self.key_faults) = (0, 0, 0);
    }

    pub(super) fn latency_frames(&self) -> usize {
        self.plan.latency
    }

    pub(super) fn faults(&self) -> u64 {
        self.gain.faults() + self.key_faults
    }

    /// A block for the stream, and a key for it.
    pub(super) fn check(
        &self,
        main: &BlockMut<'_, S>,
        key: Option<&Block<'_, S>>,
    ) -> Result<(), Error> {
        main.check_channels("block", self.stream.channel_count())?;
        if let Some(key) = key {
            key.check_channels("key", self.key_layout.channel_count())?;
            check_frames("key", key.frames(), main.frames())?;
        }
        Ok(())
    }

    fn window_end(&self) -> u64 {
        sub_block_start(self.done, self.stream.rate_hz) + self.plan.window as u64
    }

    /// Frames of the next piece, of `left` at the most.
    pub(super) fn reach(&self, left: usize) -> usize {
        let window = usize::try_from(self.window_end() - self.now).unwrap_or(PUSH_FRAMES);
        window.min(PUSH_FRAMES).min(left)
    }

    /// Processes a piece that ends with a frame of analysis at the latest; `each` is shown that frame
    /// and says which frame leaves by how much in each band, if one does. The product of the `shares`
    /// is that of the lowered signal.
    pub(super) fn take(
        &mut self,
        main: &mut BlockMut<'_, S>,
        key: Option<&Block<'_, S>>,
        hears_filtered: bool,
        shares: [&Glide<f32>; 2],
        each: impl FnOnce(&MaskingFrame<'_>) -> Option<Leaving>,
    ) -> Result<(), Error> {
        let frames = main.frames();
        let filtered = self.key_path.filtered(key, frames);
        let mut rows = [[S::zero(); PUSH_FRAMES]; MAX_LAYOUT_CHANNELS];
        if let Some(key) = key {
            self.key_faults += faults_of(self.stream.isa, key);
        }
        match &filtered {
            Some(passed) if hears_filtered => {
                self.lay_out(&passed.block(self.key_layout.channel_count())?, &mut rows);
            }
            _ => {
                if let Some(key) = key {
                    self.lay_out(key, &mut rows);
                }
            }
        }
        let channels = self.stream.channel_count();
        let laid_out = Block::new(rows.get(..channels).unwrap_or_default())?.range(0, frames);
        let mut leaving = None;
        let mut each = Some(each);
        let mut show = |frame: &MaskingFrame<'_>| {
            if let Some(each) = each.take() {
                leaving = each(frame);
            }
        };
        if self.spares_any {
            let [goes, stays] = self.parted(&main.as_block());
            let parts = [&goes, &stays].map(|rows| rows.get(..channels).unwrap_or_default());
            let [goes, stays] = parts.map(Block::new);
            let stems = [goes?.range(0, frames), laid_out, stays?.range(0, frames)];
            self.masking.push_each(&stems, &mut show)?;
        } else {
            let heard = self.heard(&main.as_block());
            let heard = Block::new(heard.get(..channels).unwrap_or_default())?.range(0, frames);
            self.masking.push_each(&[heard, laid_out], &mut show)?;
        }
        let window_end = self.window_end();
        self.gain.exchange(main, self.now, shares);
        self.key_path.exchange(key, filtered.as_ref(), main, self.now);
        self.now += frames as u64;
        if self.now == window_end {
            self.key_path.settle();
            self.done += 1;
            if let Some((index, reductions)) = leaving {
                self.gain.lower(index, &reductions, &self.areas);
            }
        }
        Ok(())
    }

    /// The channels that go down, and those that stay; the others silent in each.
    fn parted(&self, main: &Block<'_, S>) -> [Rows<S>; 2] {
        let mut parts = [[[S::zero(); PUSH_FRAMES]; MAX_LAYOUT_CHANNELS]; 2];
        let [goes, stays] = &mut parts;
        let speakers = self.stream.layout.speakers().iter().zip(main.channels());
        for ((speaker, samples), (goes, stays)) in speakers.zip(goes.iter_mut().zip(stays)) {
            let row = if self.areas.holds(speaker) { goes } else { stays };
            if let Some(row) = row.get_mut(..samples.len()) {
                learned(self.stream.isa, samples, row);
            }
        }
        parts
    }

    /// All channels as levels are learned from them.
    fn heard(&self, main: &Block<'_, S>) -> Rows<S> {
        let mut rows = [[S::zero(); PUSH_FRAMES]; MAX_LAYOUT_CHANNELS];
        for (samples, row) in main.channels().zip(&mut rows) {
            if let Some(row) = row.get_mut(..samples.len()) {
                learned(self.stream.isa, samples, row);
            }
        }
        rows
    }

    /// Puts the key's channels on those of the stream that are no LFE: powers add up wherever they lie.
    fn lay_out(&self, key: &Block<'_, S>, rows: &mut Rows<S>) {
        let speakers = self.key_layout.speakers().iter().zip(key.channels());
        let places = self.stream.layout.speakers().iter().zip(rows);
        let heard = speakers.filter(|(speaker, _)| !speaker.lfe);
        for ((_, samples), (_, row)) in heard.zip(places.filter(|(speaker, _)| !speaker.lfe)) {
            let Some(row) = row.get_mut(..samples.len()) else { continue };
            learned(self.stream.isa, samples, row);
            kernels::gain(self.stream.isa, row, S::from_f64(self.key_gain));
        }
    }
}

/// Samples as levels are learned from them: cleaned, and beyond +20 dBFS as at +20 dBFS.
fn learned<S: Sample>(isa: Isa, samples: &[S], row: &mut [S]) {
    kernels::clean(isa, samples, row);
    for x in row {
        *x = S::from_f64(bounded(x.as_f64()));
    }
}

/// Samples of a key that are taken as 0.
fn faults_of<S: Sample>(isa: Isa, key: &Block<'_, S>) -> u64 {
    let mut clean = [S::zero(); PUSH_FRAMES];
    let count = |samples: &[S]| {
        clean.get_mut(..samples.len()).map_or(0, |clean| kernels::clean(isa, samples, clean))
    };
    key.channels().map(count).sum::<usize>() as u64
}
