//! Masking between the stems of a mix: which stem hides which, where and by how much, in all
//! directions.
//!
//! Dialogue is buried where music is louder in the bands that carry the words; a voice with a boomy
//! low-mid hides the ambience under it. Both are the same question, asked of every 10 ms and every
//! ERB band: does the target's excitation of the ear lie above what the masker leaves audible? The
//! answer is that of [the model](super::MaskingFrame): a window of 40 ms (von Hann) every 10 ms (each sample
//! counts alike), powers of [`ErbBands`], excitation, threshold in quiet, masked threshold.
//!
//! It is used in three ways: live, by the callback of [`Masking::push_each`] (the ratio in every
//! band, for a ducker); in sum, by [`Masking::share`], over a passage, a range of frequency, a band; and
//! by the list of the worst places with their times ([`Masking::worst`]).
//!
//! **Calibration**: levels need a loudness of replay. By default a mean square of 1 is 99 dB SPL: pink
//! noise at −20 dBFS gives 79 dB, the lower of the levels for television mixing in Dolby's 5.1-Channel
//! Production Guidelines, so dialogue at −24 LUFS is at about 75 dB. It matters where something is
//! near the threshold in quiet and nowhere else.
//!
//! **What the model leaves out.** It is simultaneous masking of what a listener with normal hearing
//! could just detect. *Temporal masking* is not in it (a sound is also hidden some 100 ms after, and a
//! few ms before a louder one, so it finds less than an ear would), nor *binaural release* (a
//! target from another direction than its masker is heard up to 15 dB better at low frequency, so it
//! finds more; channels add by power, as if all came from one place), nor *co-modulation release*
//! (a masker that fluctuates hides less). Maskers count as noise, which hides more than tones do: for
//! solo instruments set [`MaskerKind::Tone`]. One spread for all levels. Detection is not
//! intelligibility: a word can be lost before its bands are hidden, and understood though many are.
//! Below 200 Hz the window is wider in frequency than the ear's filters. The room is not in it.
//!
//! Sources: see the model. Cost: one FFT per 10 ms, stem and channel, and 1600 products per stem.
//! Latency: a frame is there as soon as its last sample is pushed; its middle is 20 ms ago.

use super::bands::{ERB_BANDS, ErbBands};
use super::frames::{FrameStorage, PowerFrames};
use super::masked_places::{MaskedPlace, Places, places_len};
use super::masked_shares::{MaskedShare, Shares, centred, shares_len, slot};
use super::masking_model::{MAX_STEMS, Masker, MaskerKind, MaskingFrame, Model, SPREAD_LEN};
use super::spectrum::lines;
use crate::audio::{Block, Sample, Store};
use crate::error::Error;
use crate::loudness::sub_block_start;
use crate::stream::Stream;
use crate::units::db_to_power;

/// Length of a window, ms: four hops.
const WINDOW_MS: f64 = 40.0;
/// Longest list of places.
const MAX_PLACES: usize = 1000;

/// What a masking analysis is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaskingSetup {
    /// Number of stems, 2 to 8.
    pub stems: usize,
    /// What maskers are taken to be like.
    pub masker_kind: MaskerKind,
    /// Sound pressure level of a mean square of 1, dB SPL: 60 to 130.
    pub full_scale_db_spl: f64,
    /// Level per ERB for which upward spread is taken, dB SPL: 30 to 100. 70 is that of the strong
    /// bands of a programme at the default calibration.
    pub spread_level_db_spl: f64,
    /// Level at or below which a stem does not play, dBFS: −120 to 0.
    pub active_above_dbfs: f64,
    /// Length of each list of worst places, 0 to 1000; 0 keeps none.
    pub places: usize,
}

impl Default for MaskingSetup {
    /// Two stems, noise-like maskers, 99 and 70 dB SPL, −70 dBFS, 16 places.
    fn default() -> Self {
        Self {
            stems: 2,
            masker_kind: MaskerKind::Noise,
            full_scale_db_spl: 99.0,
            spread_level_db_spl: 70.0,
            active_above_dbfs: -70.0,
            places: 16,
        }
    }
}

impl MaskingSetup {
    /// Checks every field against its bounds.
    ///
    /// # Errors
    /// The first field that is outside, with its bounds.
    pub fn validate(&self) -> Result<(), Error> {
        #[expect(clippy::cast_precision_loss, reason = "only compared with small bounds")]
        let (stems, places) = (self.stems as f64, self.places as f64);
        for (field, given, min, max) in [
            ("stems", stems, 2.0, MAX_STEMS as f64),
            ("full_scale_db_spl", self.full_scale_db_spl, 60.0, 130.0),
            ("spread_level_db_spl", self.spread_level_db_spl, 30.0, 100.0),
            ("active_above_dbfs", self.active_above_dbfs, -120.0, 0.0),
            ("places", places, 0.0, MAX_PLACES as f64),
        ] {
            Error::check_range(field, given, min, max)?;
        }
        Ok(())
    }
}

/// Elements of lent memory that a masking analysis needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MaskingStorage {
    /// Samples.
    pub samples: usize,
    /// f64 numbers.
    pub numbers: usize,
    /// Places.
    pub places: usize,
}

/// Window and FFT length of a rate.
fn lengths(stream: &Stream) -> (usize, usize) {
    let window = stream.frames_of_ms(WINDOW_MS);
    (window, window.next_power_of_two())
}

/// Masking between the stems of one stream.
///
/// All stems have the stream's layout: give them as they lie in the mix (a mono voice that comes from
/// both loudspeakers on both channels). LFE is left out.
///
/// # Example
/// ```
/// use mixcore::analysis::{Masker, Masking, MaskingSetup};
/// use mixcore::{Block, Layout, Stream, math};
///
/// // A voice of one tone, and music that plays the same note 12 dB louder in the second half.
/// let tone = |level: f64| move |n: i32| (level * math::sin(0.1 * f64::from(n))) as f32;
/// let voice: Vec<f32> = (0..96_000).map(tone(0.05)).collect();
/// let music: Vec<f32> = (0..96_000).map(|n| if n < 48_000 { 0.0 } else { tone(0.2)(n) }).collect();
/// let mut masking = Masking::new(MaskingSetup::default(), Stream::new(48_000.0, Layout::MONO)?)?;
/// masking.push(&[Block::mono(&voice), Block::mono(&music)])?;
/// masking.close();
/// // Stem 0 is hidden by stem 1 half of the time, stem 1 by stem 0 never.
/// let share = |target, masker| {
///     masking.share(target, Masker::Stem(masker), 20.0, 20_000.0).energy.value().unwrap()
/// };
/// assert!((share(0, 1) - 0.5).abs() < 0.03 && share(1, 0) < 0.01);
/// let worst = masking.worst(0, Masker::Stem(1)).next().unwrap();
/// assert!(worst.start_frame().abs_diff(48_000) < 1000 && worst.end_frame() > 94_000);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Masking<'a, S> {
    setup: MaskingSetup,
    stream: Stream,
    frames: PowerFrames<'a, S>,
    model: Model<'a>,
    /// Powers of the bands, stem after stem, then excitations.
    bands: Store<'a, f64>,
    shares: Shares<'a>,
    places: Places<'a>,
    /// Windows so far, frames so far.
    done: usize,
    pushed: u64,
    faults: u64,
}

#[cfg(feature = "alloc")]
impl<S: Sample> Masking<'static, S> {
    /// An analysis with memory of its own.
    ///
    /// # Errors
    /// A field of the setup outside its bounds, or a rate outside 8 to 384 kHz.
    pub fn new(setup: MaskingSetup, stream: Stream) -> Result<Self, Error> {
        let need = Self::required_len(&setup, &stream)?;
        let (window, fft_length) = lengths(&stream);
        let all = setup.stems * lines(&stream);
        Self::over(
            setup,
            stream,
            PowerFrames::new(window, fft_length, all, stream.isa)?,
            [SPREAD_LEN, bands_len(&setup), shares_len(setup.stems)]
                .map(|len| Store::owned(len, 0.0)),
            Store::owned(need.places, MaskedPlace::default()),
        )
    }
}

/// Powers and excitations of all stems.
const fn bands_len(setup: &MaskingSetup) -> usize {
    2 * setup.stems * ERB_BANDS
}

impl<'a, S: Sample> Masking<'a, S> {
    /// Memory that [`Masking::new_in`] needs.
    ///
    /// # Errors
    /// A field of the setup outside its bounds, or a rate outside 8 to 384 kHz.
    pub fn required_len(setup: &MaskingSetup, stream: &Stream) -> Result<MaskingStorage, Error> {
        setup.validate()?;
        stream.validate()?;
        let (window, fft_length) = lengths(stream);
        let parts = FrameStorage::new::<S>(window, fft_length, setup.stems * lines(stream))?;
        let bands = ErbBands::new(stream.rate_hz, fft_length)?.len();
        Ok(MaskingStorage {
            samples: parts.samples(),
            numbers: parts.numbers() + SPREAD_LEN + bands_len(setup) + shares_len(setup.stems),
            places: places_len(setup.stems, bands, setup.places),
        })
    }

    /// An analysis in lent memory of at least [`Masking::required_len`].
    ///
    /// # Errors
    /// As [`Masking::required_len`], or too little memory.
    pub fn new_in(
        setup: MaskingSetup,
        stream: Stream,
        samples: &'a mut [S],
        numbers: &'a mut [f64],
        places: &'a mut [MaskedPlace],
    ) -> Result<Self, Error> {
        const WHAT: &str = "masking number";
        let need = Self::required_len(&setup, &stream)?;
        let (given, required) = (numbers.len(), need.numbers);
        if given < required {
            return Err(Error::Storage { what: WHAT, given, required });
        }
        let (window, fft_length) = lengths(&stream);
        let all = setup.stems * lines(&stream);
        let (powers, rest) = numbers.split_at_mut(fft_length / 2 + 1);
        let (spread, rest) = rest.split_at_mut(SPREAD_LEN);
        let (bands, shares) = rest.split_at_mut(bands_len(&setup));
        Self::over(
            setup,
            stream,
            PowerFrames::new_in(window, fft_length, all, stream.isa, samples, powers)?,
            [
                Store::lent(WHAT, spread, SPREAD_LEN, 0.0)?,
                Store::lent(WHAT, bands, bands_len(&setup), 0.0)?,
                Store::lent(WHAT, shares, shares_len(setup.stems), 0.0)?,
            ],
            Store::lent("masked place", places, need.places, MaskedPlace::default())?,
        )
    }

    fn over(
        setup: MaskingSetup,
        stream: Stream,
        frames: PowerFrames<'a, S>,
        [spread, bands, shares]: [Store<'a, f64>; 3],
        places: Store<'a, MaskedPlace>,
    ) -> Result<Self, Error> {
        let cut = ErbBands::new(stream.rate_hz, lengths(&stream).1)?;
        let model = Model::new(
            cut,
            setup.masker_kind,
            setup.full_scale_db_spl,
            setup.spread_level_db_spl,
            spread,
        );
        Ok(Self {
            setup,
            stream,
            frames,
            model,
            bands,
            shares: Shares::new(setup.stems, shares),
            places: Places::new(setup.stems, cut.len(), setup.places, places),
            done: 0,
            pushed: 0,
            faults: 0,
        })
    }

    /// Analyses one block of every stem, of any length; every split gives the same bits.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// Another number of stems, channels or frames; nothing is recorded then.
    pub fn push(&mut self, stems: &[Block<'_, S>]) -> Result<(), Error> {
        self.push_each(stems, |_| ())
    }

    /// The same, and shows every frame as soon as it is complete, one per 10 ms.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// As [`Masking::push`].
    ///
    /// # Example
    /// ```
    /// # use mixcore::analysis::{Masker, Masking, MaskingSetup};
    /// # use mixcore::{Block, Layout, Stream};
    /// # let stream = Stream::new(48_000.0, Layout::MONO)?;
    /// # let mut masking = Masking::<f32>::new(MaskingSetup::default(), stream)?;
    /// # let (voice, music) = ([0.0; 4800], [0.0; 4800]);
    /// let mut ratios_db = [0.0; 40];
    /// let mut frames = 0;
    /// masking.push_each(&[Block::mono(&voice), Block::mono(&music)], |frame| {
    ///     frame.target_to_masker_db(0, Masker::Stem(1), &mut ratios_db);
    ///     frames += 1;
    /// })?;
    /// assert_eq!(frames, 7); // 0 to 40 ms, 10 to 50 ms, … 60 to 100 ms
    /// assert_eq!(ratios_db, [0.0; 40]); // silence
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn push_each(
        &mut self,
        stems: &[Block<'_, S>],
        mut each: impl FnMut(&MaskingFrame<'_>),
    ) -> Result<(), Error> {
        let (given, expected) = (stems.len(), self.setup.stems);
        if given != expected {
            return Err(Error::ChannelCount { what: "list of stems", given, expected });
        }
        let expected = stems.first().map_or(0, Block::frames);
        for block in stems {
            block.check_channels("block", self.stream.channel_count())?;
            let given = block.frames();
            if given != expected {
                return Err(Error::FrameCount { what: "stem", given, expected });
            }
        }
        let mut at = 0;
        while at < expected {
            at += self.take(stems, at, expected, &mut each);
        }
        Ok(())
    }

    /// Takes frames up to the end of a window.
    fn take(
        &mut self,
        stems: &[Block<'_, S>],
        at: usize,
        end: usize,
        each: &mut impl FnMut(&MaskingFrame<'_>),
    ) -> usize {
        let start_frame = sub_block_start(self.done, self.stream.rate_hz);
        let window_end = start_frame + self.frames.window() as u64;
        #[expect(clippy::cast_possible_truncation, reason = "at most a window")]
        let take = (end - at).min((window_end - self.pushed) as usize);
        let lines = lines(&self.stream);
        for (stem, block) in stems.iter().enumerate() {
            let speakers = self.stream.layout.speakers().iter().zip(block.channels());
            for (line, (_, samples)) in speakers.filter(|(speaker, _)| !speaker.lfe).enumerate() {
                let part = samples.get(at..at + take).unwrap_or_default();
                self.faults += self.frames.fill(stem * lines + line, part) as u64;
            }
        }
        self.frames.advance(take);
        self.pushed += take as u64;
        if self.pushed == window_end {
            self.analyse(start_frame, each);
            self.done += 1;
        }
        take
    }

    /// Analyses the window that is complete.
    fn analyse(&mut self, window_start: u64, each: &mut impl FnMut(&MaskingFrame<'_>)) {
        let (lines, count) = (lines(&self.stream), self.model.bands().len());
        let count = count.max(1);
        let middle = self.bands.len().min(self.setup.stems * ERB_BANDS);
        let (powers, excitations) = self.bands.split_at_mut(middle);
        let stems = powers.chunks_exact_mut(count).zip(excitations.chunks_exact_mut(count));
        for (stem, (powers, excitations)) in stems.take(self.setup.stems).enumerate() {
            self.frames.transform(stem * lines..(stem + 1) * lines);
            self.model.bands().powers(self.frames.powers(), powers);
            self.model.excite(powers, excitations);
        }
        // The hop in the middle of the window is what the window stands for.
        let to_middle = (self.frames.window() / 2 - self.stream.frames_of_ms(5.0)) as u64;
        let next_start = sub_block_start(self.done + 1, self.stream.rate_hz);
        let active_power = db_to_power(self.setup.active_above_dbfs);
        let mut active = [false; MAX_STEMS];
        for (active, powers) in active.iter_mut().zip(powers.chunks_exact(count)) {
            *active = powers.iter().fold(0.0, |sum, power| sum + power) > active_power;
        }
        let frame = MaskingFrame {
            model: &self.model,
            start_frame: window_start + to_middle,
            end_frame: next_start + to_middle,
            stems: self.setup.stems,
            powers,
            excitations,
            active,
        };
        self.shares.add(&frame);
        self.places.add(&frame);
        each(&frame);
    }

    /// Ends the open stretches, so that [`Masking::worst`] knows them: at the end of a programme or a
    /// passage.
    ///
    /// # Real time
    /// Does not allocate.
    pub fn close(&mut self) {
        self.places.close();
    }

    /// Begins another passage: the shares and the lists start anew, the windows go on.
    ///
    /// # Real time
    /// Does not allocate.
    pub fn start_passage(&mut self) {
        self.shares.clear();
        self.places.clear();
    }

    /// Starts anew.
    pub fn reset(&mut self) {
        self.start_passage();
        self.frames.clear();
        self.done = 0;
        self.pushed = 0;
        self.faults = 0;
    }

    /// What it was made for.
    #[must_use]
    pub fn setup(&self) -> MaskingSetup {
        self.setup
    }

    /// The stream it listens to.
    #[must_use]
    pub fn stream(&self) -> Stream {
        self.stream
    }

    /// The bands.
    #[must_use]
    pub fn bands(&self) -> &ErbBands {
        self.model.bands()
    }

    /// Samples so far that were not finite or beyond 1e6 and were taken as 0 (LFE left out).
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults
    }

    /// How much of a target was hidden in this passage, over the bands whose centres lie from `low_hz`
    /// to below `high_hz`. [`crate::units::Reading::NotApplicable`] for a pair that does not exist.
    #[must_use]
    pub fn share(&self, target: usize, masker: Masker, low_hz: f64, high_hz: f64) -> MaskedShare {
        let counts = |band| centred(band, low_hz, high_hz);
        self.shares.share(target, masker, WINDOW_MS * 1e-3, counts)
    }

    /// How much of a target was hidden in one band in this passage.
    #[must_use]
    pub fn band_share(&self, target: usize, masker: Masker, band: usize) -> MaskedShare {
        self.shares.share(target, masker, WINDOW_MS * 1e-3, |other| other == band)
    }

    /// The places of this passage where most of a target was hidden, worst first; none for a pair that
    /// does not exist. Places that go on are not among them before [`Masking::close`].
    pub fn worst(&self, target: usize, masker: Masker) -> impl Iterator<Item = MaskedPlace> + '_ {
        slot(self.setup.stems, target, masker).into_iter().flat_map(|slot| self.places.worst(slot))
    }
}
