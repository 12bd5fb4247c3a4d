//! Measures one version while it is rendered: programme, stems, phrases and fold-downs in one go.
//!
//! The measurer is fed blocks of the finished version together with its stems as they were
//! rendered. Afterwards [`Measurer::finish`] gives the [`Measurement`] that any number of
//! specifications is judged by.
//!
//! Sources: what each quantity names in its table row. Dialogue activity is that of the dialogue
//! stem ([`crate::loudness::StemActivity`]); it is not the licensed gate some platforms use, and the
//! measurement says so.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::{Excursion, Header, History, Measurement, Of, PhraseReading, Quantity, Role, Stem};
use crate::audio::{Block, Buffer, Layout, Sample, check_frames};
use crate::error::Error;
use crate::kernels::{self, Isa};
use crate::loudness::{
    ExcursionLog, ExcursionSetup, Meter, MeterSetup, PeakReadings, RangeGrid, StemActivity,
    SubBlocks, TruePeakMeter, TruePeakMethod,
};
use crate::spatial::{FoldDown, downmix_matrix};
use crate::stream::{Convert, Stream};
use crate::units::{Reading, Timecode, gain_to_db};

/// What is measured, and what it is called.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureSetup {
    /// Name of the version or file.
    pub title: String,
    /// Timecode of its first frame.
    pub start: Timecode,
    /// A mono version is measured as it will be heard from two loudspeakers (+3.01 LU).
    pub dual_mono: bool,
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
    peaks: PeakHistory,
    stems: Vec<(Role, Heard<S>)>,
    dialogue: Option<(Bus<S>, StemActivity<'static, S>)>,
    music: Option<Bus<S>>,
    frames: u64,
}

impl<S: Sample> Measurer<S> {
    /// A measurer for one version.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, or a programme longer than a meter can hold (100 hours).
    pub fn new(setup: MeasureSetup, stream: Stream) -> Result<Self, Error> {
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
            peaks: PeakHistory { rate_hz: stream.rate_hz, peaks: Vec::new() },
            stems,
            dialogue,
            music,
            frames: 0,
            setup,
        })
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
        self.peaks.push(version, &mut self.programme.meter)?;
        self.programme.push_folded(version)?;
        self.annex2.push(version)?;
        self.sinc49.push(version)?;
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
    pub fn finish(self) -> Result<Measurement, Error> {
        let mut header =
            Header::new(&self.setup.title, self.stream.layout, self.stream.rate_hz, self.frames)?
                .with_start(self.setup.start)
                .with_dual_mono(self.setup.dual_mono)
                .with_true_peak_method(TruePeakMethod::default().name());
        if let Some(bits) = self.setup.bit_depth {
            header = header.with_bit_depth(bits);
        }
        if self.dialogue.is_some() {
            header = header.with_dialogue_detector(DETECTOR);
        }
        let mut found = Measurement::new(header);
        self.read_programme(&mut found)?;
        self.read_fold_downs(&mut found)?;
        for (role, heard) in &self.stems {
            let of = Of::Stem(*role);
            let readings = heard.meter.measurement();
            found.set(&of, Quantity::IntegratedLufs, readings.integrated_lufs)?;
            found.set(&of, Quantity::MonoLossLu, heard.mono_loss_lu())?;
        }
        self.read_dialogue(&mut found)?;
        found.set_history(history(self.programme.meter.sub_blocks(), self.peaks.levels()));
        Ok(found)
    }

    fn read_programme(&self, found: &mut Measurement) -> Result<(), Error> {
        let of = Of::Programme;
        set_loudness(found, &self.programme.meter)?;
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
        Ok(())
    }

    fn read_fold_downs(&self, found: &mut Measurement) -> Result<(), Error> {
        let programme = &self.programme;
        for (name, folded) in [("Lo/Ro", &programme.stereo), ("mono", &programme.mono)] {
            let Some(folded) = folded else { continue };
            found.push_fold_down(name, folded.fold.matrix().citation())?;
            let of = Of::FoldDown(name.into());
            let readings = folded.meter.measurement();
            found.set(&of, Quantity::IntegratedLufs, readings.integrated_lufs)?;
            set_peaks(found, &of, folded.meter.true_peak().measurement())?;
        }
        Ok(())
    }

    fn read_dialogue(&self, found: &mut Measurement) -> Result<(), Error> {
        let Some((bus, activity)) = &self.dialogue else { return Ok(()) };
        let activity = activity.activity();
        let readings = activity.dialogue(self.programme.meter.sub_blocks())?;
        let of = Of::Programme;
        found.set(&of, Quantity::DialogueLufs, readings.dialogue_lufs)?;
        found.set(&of, Quantity::DialoguePercent, readings.dialogue_percent)?;
        for phrase in activity.phrases() {
            let during =
                |blocks: SubBlocks<'_>| blocks.range(phrase.start, phrase.end).integrated_lufs();
            let music = self
                .music
                .as_ref()
                .map_or(Reading::NotApplicable, |m| during(m.meter.sub_blocks()));
            found.push_phrase(PhraseReading::new(
                phrase.start_frame,
                phrase.end_frame,
                during(bus.meter.sub_blocks()),
                music,
            )?);
        }
        Ok(())
    }
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
        set_loudness(&mut found, meter)?;
        found.set_history(history(meter.sub_blocks(), Vec::new()));
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
fn set_loudness<S: Sample>(found: &mut Measurement, meter: &Meter<'_, S>) -> Result<(), Error> {
    let of = Of::Programme;
    let readings = meter.measurement();
    found.set(&of, Quantity::IntegratedLufs, readings.integrated_lufs)?;
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

/// M and S every 100 ms, with the true peaks in between.
fn history(blocks: SubBlocks<'_>, true_peak_dbtp: Vec<f32>) -> History {
    let level = |reading: Reading| {
        #[expect(clippy::cast_possible_truncation, reason = "for a plot")]
        reading.value().map_or(f32::NAN, |value| value as f32)
    };
    let ends = || (HOP..=blocks.len()).step_by(HOP);
    History::new(
        ends().map(|end| level(blocks.momentary_lufs(end))).collect(),
        ends().map(|end| level(blocks.short_term_lufs(end))).collect(),
        true_peak_dbtp,
    )
}

/// True peaks per 100 ms.
struct PeakHistory {
    rate_hz: f64,
    peaks: Vec<f64>,
}

impl PeakHistory {
    /// Pushes a block into the programme's meter and takes its peak at the end of each 100 ms.
    fn push<S: Sample>(
        &mut self,
        block: Block<'_, S>,
        meter: &mut Meter<'static, S>,
    ) -> Result<(), Error> {
        let mut at = 0;
        while at < block.frames() {
            let hop = crate::loudness::sub_block_start((self.peaks.len() + 1) * HOP, self.rate_hz);
            let left = usize::try_from(hop - meter.frames()).unwrap_or(usize::MAX);
            let end = (at + left).min(block.frames());
            meter.push(block.range(at, end))?;
            if end - at == left {
                self.peaks.push(meter.take_interval_peak());
            }
            at = end;
        }
        Ok(())
    }

    #[expect(clippy::cast_possible_truncation, reason = "for a plot")]
    fn levels(&self) -> Vec<f32> {
        self.peaks.iter().map(|&peak| gain_to_db(peak) as f32).collect()
    }
}

/// Sub-blocks (10 ms) in an entry of the history.
const HOP: usize = 10;

/// How dialogue was found, as the measurement's header says it.
const DETECTOR: &str = "activity of the dialogue stem: 10 ms frames above -30 dB of its mean active power, gaps under 0.4 s merged";

/// Shortest programme that a meter is built for, s (a clip of a few frames is still measured).
const SHORTEST_S: f64 = 0.4;

fn set_peaks(found: &mut Measurement, of: &Of, peaks: PeakReadings) -> Result<(), Error> {
    found.set_at(of, Quantity::TruePeakDbtp, peaks.true_peak_dbtp, peaks.true_peak_frame)?;
    found.set_at(of, Quantity::SamplePeakDbfs, peaks.sample_peak_dbfs, peaks.sample_peak_frame)
}
