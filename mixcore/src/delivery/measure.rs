//! Measures one version while it is rendered: programme, stems, phrases and fold-downs in one go.
//!
//! The measurer is fed blocks of the finished version together with its stems as they were
//! rendered. Afterwards [`Measurer::finish`] gives the [`Measurement`] that any number of
//! specifications is judged by.
//!
//! Sources: what each quantity names in its table row. Dialogue activity is that of the dialogue
//! stem ([`crate::loudness::StemActivity`]), unless the caller says where speech is
//! ([`Measurer::with_speech`]); the measurement names it and says whether it is the licensed gate that
//! some platforms use.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::{Excursion, Header, History, Measurement, Of, PhraseReading, Quantity, Role, Stem};
use crate::audio::{Block, Buffer, Layout, Sample, check_frames};
use crate::error::Error;
use crate::kernels::{self, Isa};
use crate::loudness::{
    DialogueDefinition, DialogueSetup, Edition, ExcursionLog, ExcursionSetup, HistoryRow,
    LoudnessHistory, Meter, MeterSetup, NarrowSections, PeakReadings, PeakToShortTerm, Phrase,
    RangeGrid, RmsConvention, RmsMeter, RmsReadings, SpeechActivity, SpeechRegions, StemActivity,
    TruePeakMeter, TruePeakMethod, dialogue, dialogue_range, narrow_range, phrases, wide_range,
};
use crate::spatial::{FoldDown, downmix_matrix};
use crate::stream::{Convert, Stream};
use crate::units::{Reading, Timecode, db_to_gain};

/// What is measured, and what it is called.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureSetup {
    /// Name of the version or file.
    pub title: String,
    /// Timecode of its first frame.
    pub start: Timecode,
    /// A mono version is measured as it will be heard from two loudspeakers (+3.01 LU).
    pub dual_mono: bool,
    /// The edition of BS.1770 that integrated loudness follows, of the programme, its stems and its
    /// fold-downs; [`Edition::default`] unless a contract names an older one.
    pub edition: Edition,
    /// Roles whose stems will be pushed.
    pub roles: Vec<Role>,
    /// Frames that will be pushed, at most.
    pub frames: u64,
    /// Bits of a sample in the file, if it is a file with whole-number samples.
    pub bit_depth: Option<u16>,
}

/// Frames that are measured in one go: it bounds the scratch memory.
const CHUNK_FRAMES: usize = 4096;

/// Mono loss of a stem that cancels altogether, LU: a finite number stands for "all of it".
const TOTAL_LOSS_LU: f64 = 100.0;

/// A fold-down with its own meter.
struct Folded<S: Sample> {
    fold: FoldDown,
    audio: Buffer<S>,
    meter: Meter<'static, S>,
}

impl<S: Sample> Folded<S> {
    /// A fold-down of `stream`, or nothing where no matrix is defined or none is needed.
    fn new(target: Layout, stream: Stream, setup: MeterSetup) -> Result<Option<Self>, Error> {
        if stream.layout == target || downmix_matrix(stream.layout, target).is_err() {
            return Ok(None);
        }
        let heard = Stream { layout: target, ..stream };
        Ok(Some(Self {
            fold: FoldDown::new(target, stream)?,
            audio: Buffer::new(target.channel_count(), CHUNK_FRAMES)?,
            meter: Meter::new(setup, heard)?,
        }))
    }

    fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        let frames = block.frames();
        self.fold.convert(block, self.audio.range_mut(0, frames))?;
        self.meter.push(self.audio.range(0, frames))
    }
}

/// Something that is heard in stereo and in mono: the programme, or one role's stem.
struct Heard<S: Sample> {
    meter: Meter<'static, S>,
    stereo: Option<Folded<S>>,
    mono: Option<Folded<S>>,
}

impl<S: Sample> Heard<S> {
    fn new(stream: Stream, setup: MeterSetup) -> Result<Self, Error> {
        Ok(Self {
            meter: Meter::new(setup, stream)?,
            stereo: Folded::new(Layout::STEREO, stream, setup)?,
            // (L+R)/2 on both loudspeakers.
            mono: Folded::new(Layout::MONO, stream, MeterSetup { dual_mono: true, ..setup })?,
        })
    }

    fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        self.meter.push(block)?;
        self.push_folded(block)
    }

    fn push_folded(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        for folded in [&mut self.stereo, &mut self.mono].into_iter().flatten() {
            folded.push(block)?;
        }
        Ok(())
    }

    /// What is lost when the stereo form is folded to mono: ungated, so that a stem that cancels
    /// below any gate still has an answer.
    fn mono_loss_lu(&self) -> Reading {
        let Some(mono) = &self.mono else { return Reading::NotApplicable };
        let stereo = self.stereo.as_ref().map_or(&self.meter, |folded| &folded.meter);
        let stereo = stereo.sub_blocks().ungated_lufs();
        match (stereo, mono.meter.sub_blocks().ungated_lufs()) {
            (Reading::Value(stereo), Reading::Value(mono)) => {
                Reading::Value((stereo - mono).min(TOTAL_LOSS_LU))
            }
            (Reading::Value(_), Reading::BelowGate) => Reading::Value(TOTAL_LOSS_LU),
            (Reading::Value(_), other) | (other, _) => other,
        }
    }
}

/// The sum of all stems of one kind, and its meter.
struct Bus<S: Sample> {
    stem: Stem,
    sum: Vec<f64>,
    audio: Buffer<S>,
    meter: Meter<'static, S>,
}

impl<S: Sample> Bus<S> {
    fn new(stem: Stem, stream: Stream, setup: MeterSetup) -> Result<Self, Error> {
        Ok(Self {
            stem,
            sum: vec![0.0; CHUNK_FRAMES],
            audio: Buffer::new(stream.channel_count(), CHUNK_FRAMES)?,
            meter: Meter::new(setup, stream)?,
        })
    }

    fn push(
        &mut self,
        stems: &[(Role, Block<'_, S>)],
        frames: usize,
        isa: Isa,
    ) -> Result<(), Error> {
        for channel in 0..self.audio.channel_count() {
            let sum = &mut self.sum[..frames];
            sum.fill(0.0);
            for (_, block) in stems.iter().filter(|(role, _)| role.stem() == self.stem) {
                kernels::accumulate(isa, sum, block.channel(channel), 1.0);
            }
            kernels::round_into(isa, sum, &mut self.audio.channel_mut(channel)[..frames]);
        }
        self.meter.push(self.audio.range(0, frames))
    }
}

/// Measures one version: feed it with [`Measurer::push`], read it with [`Measurer::finish`].
///
/// Not for the audio thread: `finish` allocates what it returns.
pub struct Measurer<S: Sample> {
    setup: MeasureSetup,
    stream: Stream,
    programme: Heard<S>,
    annex2: TruePeakMeter<'static, S>,
    sinc49: TruePeakMeter<'static, S>,
    levels: LoudnessHistory<'static>,
    rms: RmsMeter<'static, S>,
    stems: Vec<(Role, Heard<S>)>,
    dialogue: Option<(Bus<S>, StemActivity<'static, S>)>,
    /// Where the caller says that speech is.
    speech: Option<SpeechRegions<'static>>,
    music: Option<Bus<S>>,
    frames: u64,
}

impl<S: Sample> Measurer<S> {
    /// A measurer for one version.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, a programme longer than a meter can hold (100 hours), or an
    /// edition that does not say how the layout's loudspeakers count.
    pub fn new(setup: MeasureSetup, stream: Stream) -> Result<Self, Error> {
        if !setup.edition.covers(stream.layout) {
            return Err(Error::Unsupported {
                what: "an edition of BS.1770 that knows five main channels, for this layout",
                hint: "measure by BS.1770-4 or -5, which weigh loudspeakers by their direction",
            });
        }
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        let duration_s = setup.frames as f64 / stream.rate_hz;
        let meter = MeterSetup {
            dual_mono: setup.dual_mono,
            max_duration_s: duration_s.max(SHORTEST_S),
            ..MeterSetup::default()
        };
        // Of a stem nothing but its loudness is read.
        let stem_meter = MeterSetup { true_peak: TruePeakMethod::Off, ..meter };
        let mut stems = Vec::new();
        for &role in &setup.roles {
            if stems.iter().all(|(known, _)| *known != role) {
                stems.push((role, Heard::new(stream, stem_meter)?));
            }
        }
        let has = |stem| setup.roles.iter().any(|role| role.stem() == stem);
        let dialogue = if has(Stem::Dialogue) {
            let activity = StemActivity::new(meter.max_duration_s, stream)?;
            Some((Bus::new(Stem::Dialogue, stream, stem_meter)?, activity))
        } else {
            None
        };
        let music = match has(Stem::Music) {
            true => Some(Bus::new(Stem::Music, stream, stem_meter)?),
            false => None,
        };
        Ok(Self {
            stream,
            programme: Heard::new(stream, meter)?,
            annex2: TruePeakMeter::new(TruePeakMethod::Annex2, stream)?,
            sinc49: TruePeakMeter::new(TruePeakMethod::Sinc49, stream)?,
            levels: LoudnessHistory::new(meter.max_duration_s, stream)?,
            rms: RmsMeter::new(RmsConvention::Square, stream)?,
            stems,
            dialogue,
            speech: None,
            music,
            frames: 0,
            setup,
        })
    }

    /// Takes the caller's word for where speech is, instead of the dialogue stem's activity: dialogue
    /// is read without a stem then, or of the stem in those places.
    ///
    /// # Errors
    /// Regions at another sample rate than the version.
    ///
    /// # Example
    /// ```
    /// use mixcore::audio::{Block, Layout};
    /// use mixcore::delivery::{MeasureSetup, Measurer, Quantity};
    /// use mixcore::loudness::{Edition, Region, SpeechRegions};
    /// use mixcore::units::FrameRate;
    /// use mixcore::{Stream, Timecode};
    ///
    /// let setup = MeasureSetup {
    ///     title: "mix".into(),
    ///     start: Timecode { frame: 0, frame_rate: FrameRate::F25 },
    ///     dual_mono: false,
    ///     edition: Edition::default(),
    ///     roles: Vec::new(),
    ///     frames: 96_000,
    ///     bit_depth: None,
    /// };
    /// let speech = [Region { start_frame: 24_000, end_frame: 48_000 }];
    /// let speech = SpeechRegions::new(&speech, 48_000.0)?;
    /// let stream = Stream::new(48_000.0, Layout::MONO)?;
    /// let mut measurer = Measurer::<f32>::new(setup, stream)?.with_speech(speech)?;
    /// measurer.push(Block::mono(&[0.1; 96_000]), core::iter::empty())?;
    /// let found = measurer.finish()?;
    /// assert_eq!(found.get(Quantity::DialoguePercent).value(), Some(25.0));
    /// assert!(found.header().dialogue_detector.as_ref().unwrap().contains("caller"));
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn with_speech(mut self, speech: SpeechRegions<'static>) -> Result<Self, Error> {
        let rate_hz = self.stream.rate_hz;
        Error::check_range("speech rate_hz", speech.rate_hz(), rate_hz, rate_hz)?;
        self.speech = Some(speech);
        Ok(self)
    }

    /// Keeps every place where the programme's true peak exceeds a limit, exact to the frame: the
    /// limit of the specification that it will be judged by ([`super::Spec::limit_of`]). Otherwise
    /// a report finds such places in the history, to 100 ms.
    ///
    /// # Errors
    /// A limit outside -100 to 100 dBTP.
    pub fn with_peak_limit(mut self, limit_dbtp: f64) -> Result<Self, Error> {
        let setup = ExcursionSetup { limit_dbtp, ..ExcursionSetup::default() };
        let log = ExcursionLog::new(setup, &self.stream)?;
        let Heard { meter, stereo, mono } = self.programme;
        self.programme = Heard { meter: meter.with_peak_log(log)?, stereo, mono };
        Ok(self)
    }

    /// Takes a block of the finished version and the same frames of its stems.
    ///
    /// # Errors
    /// Channel or frame counts that do not fit, stems that are not exactly the setup's roles, once
    /// each, or more frames than the setup announced; nothing is measured then.
    pub fn push<'b>(
        &mut self,
        version: Block<'b, S>,
        stems: impl Iterator<Item = (Role, Block<'b, S>)>,
    ) -> Result<(), Error> {
        version.check_channels("version", self.stream.channel_count())?;
        let stems: Vec<(Role, Block<'b, S>)> = stems.collect();
        let once = |role: &Role| stems.iter().filter(|(given, _)| given == role).count() == 1;
        if stems.len() != self.stems.len() || !self.stems.iter().all(|(role, _)| once(role)) {
            return Err(Error::Unsupported {
                what: "a block whose stems are not those of the setup",
                hint: "push exactly the setup's roles, once each; a silent stem as silence",
            });
        }
        for (_, block) in &stems {
            block.check_channels("stem", self.stream.channel_count())?;
            check_frames("stem", block.frames(), version.frames())?;
        }
        self.check_room(version.frames() as u64)?;
        for start in (0..version.frames()).step_by(CHUNK_FRAMES) {
            let end = (start + CHUNK_FRAMES).min(version.frames());
            let part: Vec<_> =
                stems.iter().map(|(role, block)| (*role, block.range(start, end))).collect();
            self.push_chunk(version.range(start, end), &part)?;
        }
        self.frames += version.frames() as u64;
        Ok(())
    }

    /// Whether so many frames more can be pushed.
    ///
    /// # Errors
    /// More frames than the setup announced.
    pub fn check_room(&self, frames: u64) -> Result<(), Error> {
        let left = self.setup.frames - self.frames;
        if frames > left {
            let count = |frames: u64| usize::try_from(frames).unwrap_or(usize::MAX);
            let (given, expected) = (count(frames), count(left));
            return Err(Error::FrameCount { what: "version", given, expected });
        }
        Ok(())
    }

    fn push_chunk(
        &mut self,
        version: Block<'_, S>,
        stems: &[(Role, Block<'_, S>)],
    ) -> Result<(), Error> {
        let frames = version.frames();
        self.levels.push(version, &mut self.programme.meter)?;
        self.programme.push_folded(version)?;
        self.annex2.push(version)?;
        self.sinc49.push(version)?;
        self.rms.push(version)?;
        for (role, heard) in &mut self.stems {
            for (_, block) in stems.iter().filter(|(given, _)| given == role) {
                heard.push(*block)?;
            }
        }
        if let Some((bus, activity)) = &mut self.dialogue {
            bus.push(stems, frames, self.stream.isa)?;
            activity.push(bus.audio.range(0, frames))?;
        }
        if let Some(bus) = &mut self.music {
            bus.push(stems, frames, self.stream.isa)?;
        }
        Ok(())
    }

    /// Everything that was read.
    ///
    /// # Errors
    /// None that its own calls can cause; they are passed on rather than hidden.
    pub fn finish(mut self) -> Result<Measurement, Error> {
        let stem = self.dialogue.as_ref().map(|(_, stem)| stem.activity());
        let speech = self.speech.take().or(stem.map(|stem| SpeechRegions::of(&stem)));
        let mut header =
            Header::new(&self.setup.title, self.stream.layout, self.stream.rate_hz, self.frames)?
                .with_start(self.setup.start)
                .with_dual_mono(self.setup.dual_mono)
                .with_true_peak_method(TruePeakMethod::default().name())
                .with_loudness_edition(self.setup.edition);
        if let Some(bits) = self.setup.bit_depth {
            header = header.with_bit_depth(bits);
        }
        if let Some(speech) = &speech {
            header = header.with_dialogue_detector(speech.detector());
        }
        let mut found = Measurement::new(header);
        self.read_programme(&mut found)?;
        self.read_fold_downs(&mut found)?;
        for (role, heard) in &self.stems {
            let of = Of::Stem(*role);
            let integrated_lufs = heard.meter.sub_blocks().loudness_by(self.setup.edition);
            found.set(&of, Quantity::IntegratedLufs, integrated_lufs)?;
            found.set(&of, Quantity::MonoLossLu, heard.mono_loss_lu())?;
        }
        if let Some(speech) = &speech {
            self.read_dialogue(&mut found, speech)?;
        }
        found.set_history(history(self.levels.rows()));
        Ok(found)
    }

    fn read_programme(&self, found: &mut Measurement) -> Result<(), Error> {
        let of = Of::Programme;
        set_loudness(found, &self.programme.meter, self.setup.edition)?;
        set_excursions(found, self.programme.meter.true_peak())?;
        found.set(&of, Quantity::MonoLossLu, self.programme.mono_loss_lu())?;
        // What other meters would read.
        for (quantity, meter) in [
            (Quantity::TruePeakAnnex2Dbtp, &self.annex2),
            (Quantity::TruePeak49TapDbtp, &self.sinc49),
        ] {
            let peaks = meter.measurement();
            found.set_at(&of, quantity, peaks.true_peak_dbtp, peaks.true_peak_frame)?;
        }
        let peak = |row: HistoryRow| row.true_peak_dbtp.value().map_or(0.0, db_to_gain);
        let peaks: Vec<f64> = self.levels.rows().map(peak).collect();
        let psr = PeakToShortTerm::new(self.programme.meter.sub_blocks(), &peaks)?;
        found.set(&of, Quantity::PsrLowPercentileDb, psr.measurement().low_percentile_db)?;
        set_rms(found, &of, self.rms.measurement())?;
        for channel in 0..self.stream.channel_count() {
            set_rms(found, &Of::Channel(channel), self.rms.channel_measurement(channel))?;
        }
        Ok(())
    }

    fn read_fold_downs(&self, found: &mut Measurement) -> Result<(), Error> {
        let programme = &self.programme;
        for (name, folded) in [("Lo/Ro", &programme.stereo), ("mono", &programme.mono)] {
            let Some(folded) = folded else { continue };
            found.push_fold_down(name, folded.fold.matrix().citation())?;
            let of = Of::FoldDown(name.into());
            let integrated_lufs = folded.meter.sub_blocks().loudness_by(self.setup.edition);
            found.set(&of, Quantity::IntegratedLufs, integrated_lufs)?;
            set_peaks(found, &of, folded.meter.true_peak().measurement())?;
        }
        Ok(())
    }

    fn read_dialogue(
        &self,
        found: &mut Measurement,
        speech: &dyn SpeechActivity,
    ) -> Result<(), Error> {
        let of = Of::Programme;
        let programme = self.programme.meter.sub_blocks();
        let readings = dialogue(programme, speech, DialogueSetup::default())?;
        let selection =
            DialogueSetup { definition: DialogueDefinition::A85, ..DialogueSetup::default() };
        let selection = dialogue(programme, speech, selection)?;
        let narrow = narrow_range(programme, speech, NarrowSections::MostSpeech)?;
        for (quantity, reading) in [
            (Quantity::DialogueLufs, readings.dialogue_lufs),
            (Quantity::DialogueSelectionLufs, selection.dialogue_lufs),
            (Quantity::DialogueWideLufs, wide_range(programme, speech)?.dialogue_lufs),
            (Quantity::DialogueNarrowLufs, narrow.dialogue_lufs),
            (Quantity::DialoguePercent, readings.dialogue_percent),
            (Quantity::DialogueRangeLu, dialogue_range(programme, speech)?.range.range_lu),
        ] {
            found.set(&of, quantity, reading)?;
        }
        let stem = self.dialogue.as_ref().map(|(bus, _)| bus);
        for phrase in phrases(speech).take_while(|phrase| phrase.start_frame < self.frames) {
            found.push_phrase(PhraseReading::new(
                phrase.start_frame,
                phrase.end_frame.min(self.frames),
                during(stem, phrase),
                during(self.music.as_ref(), phrase),
            )?);
        }
        Ok(())
    }
}

/// Gated loudness of a bus over a phrase.
fn during<S: Sample>(bus: Option<&Bus<S>>, phrase: Phrase) -> Reading {
    bus.map_or(Reading::NotApplicable, |bus| {
        bus.meter.sub_blocks().range(phrase.start, phrase.end).integrated_lufs()
    })
}

impl Measurement {
    /// What a loudness meter has read so far, so that it can be judged like a whole version.
    ///
    /// It has no fold-downs, stems and dialogue, and no peaks in its history: those take a
    /// [`Measurer`].
    ///
    /// # Errors
    /// None that a meter can cause; they are passed on rather than hidden.
    ///
    /// # Example
    /// ```
    /// use mixcore::delivery::{Measurement, Quantity};
    /// use mixcore::loudness::{Meter, MeterSetup};
    /// use mixcore::{Block, Layout, Stream};
    /// let mut meter = Meter::new(MeterSetup::default(), Stream::new(48_000.0, Layout::MONO)?)?;
    /// meter.push(Block::mono(&[0.5_f32; 4800]))?;
    /// let measurement = Measurement::of_meter("live", &meter)?;
    /// assert_eq!(measurement.get(Quantity::DurationS).value(), Some(0.1));
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn of_meter<S: Sample>(title: &str, meter: &Meter<'_, S>) -> Result<Self, Error> {
        let (stream, setup) = (meter.stream(), meter.setup());
        let header = Header::new(title, stream.layout, stream.rate_hz, meter.frames())?
            .with_dual_mono(setup.dual_mono)
            .with_true_peak_method(setup.true_peak.name());
        let mut found = Self::new(header);
        set_loudness(&mut found, meter, Edition::default())?;
        found.set_history(history(meter.sub_blocks().levels()));
        Ok(found)
    }
}

/// The places over the limit of a meter's log, all channels together.
///
/// A channel that had more places than its list holds leaves them out: then the history, which knows
/// them all, says where.
fn set_excursions<S: Sample>(
    found: &mut Measurement,
    meter: &TruePeakMeter<'_, S>,
) -> Result<(), Error> {
    let Some(log) = meter.log() else { return Ok(()) };
    let channels = found.header().layout().channel_count();
    if (0..channels).any(|channel| meter.missed_excursions(channel) > 0) {
        return Ok(());
    }
    for over in meter.joint_excursions()? {
        let (start, end) = (over.first_frame, over.last_frame + 1);
        let limit_dbtp = log.setup().limit_dbtp;
        found.push_excursion(Excursion::new(
            start,
            end,
            Some(over.channel),
            over.peak_dbtp,
            limit_dbtp,
        )?);
    }
    Ok(())
}

/// Everything that one meter reads of a programme and of its channels.
fn set_loudness<S: Sample>(
    found: &mut Measurement,
    meter: &Meter<'_, S>,
    edition: Edition,
) -> Result<(), Error> {
    let of = Of::Programme;
    let readings = meter.measurement();
    found.set(&of, Quantity::IntegratedLufs, meter.sub_blocks().loudness_by(edition))?;
    found.set(&of, Quantity::UngatedLufs, meter.sub_blocks().ungated_lufs())?;
    for (quantity, reading, frame) in [
        (Quantity::MomentaryMaxLufs, readings.momentary_max_lufs, readings.momentary_max_frame),
        (Quantity::ShortTermMaxLufs, readings.short_term_max_lufs, readings.short_term_max_frame),
    ] {
        found.set_at(&of, quantity, reading, frame)?;
    }
    found.set(&of, Quantity::LoudnessRangeLu, readings.loudness_range_lu)?;
    let second = meter.sub_blocks().loudness_range_on(RangeGrid::Second);
    found.set(&of, Quantity::LoudnessRange1sLu, second.range_lu)?;
    #[expect(clippy::cast_precision_loss, reason = "a count of faults")]
    found.set(&of, Quantity::Faults, Reading::Value(readings.faults as f64))?;
    set_peaks(found, &of, meter.true_peak().measurement())?;
    for channel in 0..meter.stream().channel_count() {
        set_peaks(found, &Of::Channel(channel), meter.true_peak().channel_measurement(channel))?;
    }
    Ok(())
}

/// The rows as lists for plots; no true peaks where the meter had none.
fn history(rows: impl Iterator<Item = HistoryRow>) -> History {
    #[expect(clippy::cast_possible_truncation, reason = "for a plot")]
    let level = |reading: Reading, none| reading.value().map_or(none, |value| value as f32);
    let mut history = History::default();
    for row in rows {
        history.momentary_lufs.push(level(row.momentary_lufs, f32::NAN));
        history.short_term_lufs.push(level(row.short_term_lufs, f32::NAN));
        if row.true_peak_dbtp != Reading::NotApplicable {
            history.true_peak_dbtp.push(level(row.true_peak_dbtp, f32::NEG_INFINITY));
        }
    }
    history
}

/// Shortest programme that a meter is built for, s (a clip of a few frames is still measured).
const SHORTEST_S: f64 = 0.4;

fn set_peaks(found: &mut Measurement, of: &Of, peaks: PeakReadings) -> Result<(), Error> {
    found.set_at(of, Quantity::TruePeakDbtp, peaks.true_peak_dbtp, peaks.true_peak_frame)?;
    found.set_at(of, Quantity::SamplePeakDbfs, peaks.sample_peak_dbfs, peaks.sample_peak_frame)
}

fn set_rms(found: &mut Measurement, of: &Of, readings: RmsReadings) -> Result<(), Error> {
    let (floor, frame) = (readings.noise_floor_dbfs, readings.noise_floor_frame);
    found.set(of, Quantity::RmsDbfs, readings.rms_dbfs)?;
    found.set_at(of, Quantity::NoiseFloorDbfs, floor, frame)
}
