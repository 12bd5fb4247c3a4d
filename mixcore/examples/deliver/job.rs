//! The job itself: read, compare the edit with the mix, deliver, write, read back, report.

use std::fs;
use std::path::{Path, PathBuf};

use mixcore::delivery::report::{self, Column, Document, Group};
use mixcore::delivery::{
    MeasureSetup, Measurement, Measurer, Profile, Quantity, Report, Role, Spec, profile, spec,
    verify,
};
use mixcore::level::{Dither, DitherSetup};
use mixcore::loudness::Edition;
use mixcore::session::{
    Delivery, InMemory, Session, Source, StemSource, Step, Version, compile, deliver, edit_session,
    measure, mix_session,
};
use mixcore::units::Timecode;
use mixcore::{Block, BlockMut, Io, Layout, Process, Stream};

use super::arguments::Arguments;
use super::files::{self, Audio};
use super::screen::{self, Progress};

/// Versions of the shipped cue; the mono one is what a podcast app plays on both loudspeakers.
const DEMO_SPECS: [&str; 4] =
    ["ebu-r128", "netflix-nearfield", "apple-podcasts:mono", "atsc-a85-short"];

/// MIX findings follow this content profile.
const PROFILE: &str = "factual";

/// How far a reading of the written file may lie from the one in memory: 24-bit rounding moves
/// neither loudness nor true peak of a programme above -60 LUFS by this much.
const READ_BACK_TOLERANCE_DB: f64 = 0.01;

/// The top of a version's fader: a very quiet edit is raised that far and no further.
const LOUDEST_DB: f64 = mixcore::level::FaderParams::FIELDS[0].max;

struct Stem {
    source: StemSource,
    audio: Audio,
}

/// Everything that the three columns and the versions are made from.
struct Job {
    stems: Vec<Stem>,
    rate_hz: u32,
    frames: usize,
    specs: Vec<Spec>,
    versions: Vec<Version>,
    profile: Profile,
}

/// Runs the job; true if every delivered version passes.
pub fn run(arguments: &Arguments) -> Result<bool, String> {
    let mut job = Job::load(arguments)?;
    // Before the work, so that a folder that cannot be written is known at once.
    fs::create_dir_all(&arguments.out)
        .map_err(|error| format!("{}: cannot be made ({error})", arguments.out.display()))?;
    println!(
        "{} stem(s), {:.1} s at {} Hz",
        job.stems.len(),
        job.frames as f64 / f64::from(job.rate_hz),
        job.rate_hz
    );
    job.pad();
    let columns = job.edits()?;
    let delivery = job.mix()?;
    let files = job.write(&delivery, &arguments.out)?;
    let delivered = job.read_back(&delivery, &files)?;
    report_all(&job, arguments, &columns, &delivery, &delivered)
}

/// A version or an edit: what was read, and what it is worth.
struct Judged {
    label: String,
    measurement: Measurement,
    report: Report,
}

impl Judged {
    fn new(label: &str, spec: &Spec, profile: &Profile, measurement: Measurement) -> Self {
        let report = verify(spec, &measurement).with_mix(profile, &measurement);
        Self { label: label.to_owned(), measurement, report }
    }

    fn column(&self) -> Column<'_> {
        Column::new(&self.label, &self.measurement, &self.report)
    }
}

impl Job {
    fn load(arguments: &Arguments) -> Result<Self, String> {
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/demo");
        let own = arguments.dialogue.is_some();
        let mut paths: Vec<(Role, &str, PathBuf)> = Vec::new();
        for (role, id, given, shipped) in [
            (Role::Dx, "dialogue", &arguments.dialogue, "dx.flac"),
            (Role::Mx, "music", &arguments.music, "mx.flac"),
            (Role::Amb, "ambience", &arguments.ambience, "amb.flac"),
            (Role::Fx, "effects", &arguments.effects, "fx.flac"),
        ] {
            match given {
                Some(path) => paths.push((role, id, path.clone())),
                None if !own => paths.push((role, id, demo.join(shipped))),
                None => {}
            }
        }
        let mut stems: Vec<Stem> = Vec::new();
        for (index, (role, id, path)) in paths.into_iter().enumerate() {
            let audio = files::read(&path)?;
            if let Some(first) = stems.first()
                && first.audio.rate_hz != audio.rate_hz
            {
                return Err(format!(
                    "{}: {} Hz, but the {} stem has {} Hz; convert the stems to one sample rate first",
                    path.display(),
                    audio.rate_hz,
                    first.source.id,
                    first.audio.rate_hz
                ));
            }
            let source = Source { id: index as u32, layout: audio.layout };
            stems.push(Stem { source: StemSource { id: id.to_owned(), role, source }, audio });
        }
        let rate_hz = stems[0].audio.rate_hz;
        let frames = stems.iter().map(|stem| stem.audio.frames()).max().unwrap_or(0);
        let names: Vec<&str> = match (arguments.specs.is_empty(), own) {
            (true, false) => DEMO_SPECS.to_vec(),
            (true, true) => vec!["ebu-r128"],
            (false, _) => arguments.specs.iter().map(String::as_str).collect(),
        };
        let mut specs = Vec::new();
        let mut versions: Vec<Version> = Vec::new();
        for name in names {
            let (id, layout) = name.split_once(':').map_or((name, None), |(a, b)| (a, Some(b)));
            let spec = load_spec(id).map_err(|error| format!("--spec {name}: {error}"))?;
            let layout = match layout {
                Some(layout) => {
                    Layout::named(layout).map_err(|error| format!("--spec {name}: {error}"))?
                }
                None => spec.layout(),
            };
            if !files::can_write(layout) {
                return Err(format!(
                    "--spec {name}: {layout} cannot be written as a WAV file with its channels named; take mono, stereo, 3.0 or 5.1"
                ));
            }
            let name = format!("{}_{}", spec.id, layout.name());
            if versions.iter().any(|version| version.name == name) {
                return Err(format!("--spec {id}: given twice for the layout {layout}"));
            }
            versions.push(Version {
                name,
                layout,
                spec: Some(spec.id.clone()),
                dual_mono: layout == Layout::MONO,
                gain_db: 0.0,
                limiter: None,
            });
            specs.push(spec);
        }
        let profile = profile(PROFILE).map_err(|error| error.to_string())?;
        Ok(Self { stems, rate_hz, frames, specs, versions, profile })
    }

    /// Stems of other lengths are continued with silence to the longest.
    fn pad(&mut self) {
        for stem in &mut self.stems {
            let missing = self.frames - stem.audio.frames();
            if missing > 0 {
                println!(
                    "  {}: {:.2} s shorter than the longest stem, continued with silence",
                    stem.source.id,
                    missing as f64 / f64::from(self.rate_hz)
                );
            }
            for channel in &mut stem.audio.channels {
                channel.resize(self.frames, 0.0);
            }
        }
    }

    fn sources(&self) -> Result<Vec<Block<'_, f64>>, String> {
        self.stems
            .iter()
            .map(|stem| Block::new(&stem.audio.channels).map_err(|error| error.to_string()))
            .collect()
    }

    fn stem_sources(&self) -> Vec<StemSource> {
        self.stems.iter().map(|stem| stem.source.clone()).collect()
    }

    /// The first two columns: the plain sum as it is, and lowered or raised by one gain.
    fn edits(&self) -> Result<Vec<Judged>, String> {
        let spec = &self.specs[0];
        let blocks = self.sources()?;
        let mut sources = InMemory::new(&blocks);
        let mut run = |label: &'static str, gain_db: f64| {
            let mut version = self.versions[0].clone();
            version.name = label.to_owned();
            version.gain_db = gain_db.min(LOUDEST_DB);
            let session = edit_session(
                &self.stem_sources(),
                f64::from(self.rate_hz),
                self.frames as u64,
                &[version],
            );
            let mut progress = Progress::new(label);
            let measured =
                measure(&session, &mut sources, &mut |done, all| progress.show(done, all))
                    .map_err(|problems| problems.to_string())?
                    .swap_remove(0);
            progress.done();
            Ok::<_, String>(Judged::new(label, spec, &self.profile, measured))
        };
        let edit = run("the edit as delivered", 0.0)?;
        let gain_db = spec
            .target_for(&edit.measurement)
            .and_then(|target| Some(target.aim - target.read(&edit.measurement).value()?))
            .unwrap_or(0.0);
        let normalised = run("the edit normalised", gain_db)?;
        Ok(vec![edit, normalised])
    }

    fn mix(&self) -> Result<Delivery, String> {
        let session = mix_session(
            &self.stem_sources(),
            f64::from(self.rate_hz),
            self.frames as u64,
            &self.versions,
        );
        let specs: Vec<&Spec> = self.specs.iter().collect();
        let blocks = self.sources()?;
        let mut sources = InMemory::new(&blocks);
        let mut progress = Progress::new("the mix");
        let delivery = deliver(&session, &mut sources, &specs, &self.profile, &mut |done, all| {
            progress.show(done, all);
        })
        .map_err(|problems| problems.to_string())?;
        progress.done();
        Ok(delivery)
    }

    /// Renders the solved session once more and writes each version as a 24-bit WAV file.
    fn write(&self, delivery: &Delivery, out: &Path) -> Result<Vec<PathBuf>, String> {
        let mut audios: Vec<Audio> = self
            .versions
            .iter()
            .map(|version| Audio {
                rate_hz: self.rate_hz,
                layout: version.layout,
                channels: vec![Vec::with_capacity(self.frames); version.layout.channel_count()],
            })
            .collect();
        let mut progress = Progress::new("writing");
        let all = self.frames as u64;
        self.render(&delivery.session, |step| {
            for (index, audio) in audios.iter_mut().enumerate() {
                for (to, from) in audio.channels.iter_mut().zip(step.version(index).channels()) {
                    to.extend_from_slice(from);
                }
            }
            progress.show(step.frame() + step.frames() as u64, all);
            Ok(())
        })?;
        progress.done();
        let mut paths = Vec::new();
        for (version, audio) in self.versions.iter().zip(&mut audios) {
            dither_24(audio).map_err(|error| error.to_string())?;
            let path = out.join(format!("{}.wav", version.name));
            files::write_wav_24(&path, audio)?;
            paths.push(path);
        }
        Ok(paths)
    }

    fn render(
        &self,
        session: &Session,
        mut each: impl FnMut(&Step<'_, f64>) -> Result<(), String>,
    ) -> Result<(), String> {
        let blocks = self.sources()?;
        let mut sources = InMemory::new(&blocks);
        let mut renderer =
            compile::<f64>(session, 4096).map_err(|problems| problems.to_string())?;
        while let Some(step) = renderer.next(&mut sources).map_err(|error| error.to_string())? {
            each(&step)?;
        }
        Ok(())
    }

    /// Measures the written bytes, read by another program and in other blocks, and judges them.
    fn read_back(&self, delivery: &Delivery, paths: &[PathBuf]) -> Result<Vec<Judged>, String> {
        let mut files = Vec::new();
        let mut measurers = Vec::new();
        let text = |error: mixcore::Error| error.to_string();
        for ((version, spec), path) in self.versions.iter().zip(&self.specs).zip(paths) {
            let audio = files::read_back(path, version.layout)?;
            if audio.frames() != self.frames || audio.rate_hz != self.rate_hz {
                return Err(format!("{}: another length or rate than was written", path.display()));
            }
            let stream = Stream::new(f64::from(audio.rate_hz), version.layout).map_err(text)?;
            let setup = MeasureSetup {
                title: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                start: Timecode { frame: 0, frame_rate: delivery.session.frame_rate },
                dual_mono: version.dual_mono,
                edition: Edition::default(),
                roles: self.stems.iter().map(|stem| stem.source.role).collect(),
                frames: audio.frames() as u64,
                bit_depth: Some(24),
            };
            let mut measurer = Measurer::new(setup, stream).map_err(text)?;
            if let Some(limit_dbtp) = spec.limit_of(Quantity::TruePeakDbtp) {
                measurer = measurer.with_peak_limit(limit_dbtp).map_err(text)?;
            }
            measurers.push(measurer);
            files.push(audio);
        }
        let mut progress = Progress::new("measuring the files");
        self.render(&delivery.session, |step| {
            let start = usize::try_from(step.frame()).unwrap_or(usize::MAX);
            for (index, (measurer, file)) in measurers.iter_mut().zip(&files).enumerate() {
                let block = Block::new(&file.channels).map_err(text)?;
                let block = block.range(start, start + step.frames());
                measurer.push(block, step.stems(index)).map_err(text)?;
            }
            progress.show(step.frame() + step.frames() as u64, self.frames as u64);
            Ok(())
        })?;
        progress.done();
        let mut judged = Vec::new();
        for (index, measurer) in measurers.into_iter().enumerate() {
            let mut measured = measurer.finish().map_err(text)?;
            let memory = &delivery.solutions[index].outcome.measurement;
            same(memory, &measured, &paths[index])?;
            // The file has silence where the stems were faulty: the report must say so.
            measured.add_faults(faults(memory));
            let label = &self.versions[index].name;
            judged.push(Judged::new(label, &self.specs[index], &self.profile, measured));
        }
        Ok(judged)
    }
}

/// Rounds to words of 24 bits with dither; a channel that is silent stays so.
fn dither_24(audio: &mut Audio) -> Result<(), mixcore::Error> {
    let stream = Stream::new(f64::from(audio.rate_hz), audio.layout)?;
    let setup = DitherSetup { bits: 24, auto_blank: true, ..DitherSetup::default() };
    let mut dither = Dither::new(setup, stream)?;
    dither.process(Io::new(BlockMut::new(&mut audio.channels)?))
}

/// Samples of the stems that were not finite or beyond 1e6.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
fn faults(measurement: &Measurement) -> u64 {
    measurement.get(Quantity::Faults).value().unwrap_or(0.0) as u64
}

/// A preset by its id, or a specification of the user's own as a JSON file of the same schema.
fn load_spec(id: &str) -> Result<Spec, String> {
    if !id.ends_with(".json") {
        return spec(id).map_err(|error| error.to_string());
    }
    let text = fs::read_to_string(id).map_err(|error| format!("cannot be read ({error})"))?;
    let spec = Spec::from_json(&text).map_err(|problems| problems.to_string())?;
    // The id becomes part of a file name.
    let plain = |c: char| c.is_ascii_alphanumeric() || ['-', '_'].contains(&c);
    if spec.id.chars().all(plain) {
        Ok(spec)
    } else {
        Err(format!("its id is {:?}; give it letters, digits, - and _ only", spec.id))
    }
}

/// The file reads what the memory read, or something is broken.
fn same(memory: &Measurement, file: &Measurement, path: &Path) -> Result<(), String> {
    for quantity in [Quantity::IntegratedLufs, Quantity::TruePeakDbtp] {
        if let (Some(a), Some(b)) = (memory.get(quantity).value(), file.get(quantity).value())
            && (a - b).abs() > READ_BACK_TOLERANCE_DB
        {
            return Err(format!(
                "{}: {quantity} reads {b:.3} in the file and {a:.3} before writing",
                path.display()
            ));
        }
    }
    Ok(())
}

/// Prints the table and writes the reports; true if every delivered version passes.
fn report_all(
    job: &Job,
    arguments: &Arguments,
    edits: &[Judged],
    delivery: &Delivery,
    delivered: &[Judged],
) -> Result<bool, String> {
    let mut columns: Vec<Column<'_>> = edits.iter().map(Judged::column).collect();
    let mix = &delivered[0];
    columns.push(Column::new("the mix", &mix.measurement, &mix.report));
    screen::columns(&columns);
    let faults = faults(&mix.measurement);
    if faults > 0 {
        println!(
            "\n  {faults} samples of the stems were not finite or beyond 1e6: taken as silence"
        );
    }
    for column in &columns {
        screen::findings(column.label, column.report);
    }
    let mut notes = String::new();
    for change in &delivery.balance.moves {
        notes += &format!("{}\n", change.text(&delivery.session, &delivery.before));
    }
    for remix in &delivery.balance.remixes {
        notes += &format!("{}\n", remix.text(&delivery.before));
    }
    if notes.is_empty() {
        notes += "none: the balance stays as it was";
    }
    println!("\n  Moves of the mix:\n{}", indent(notes.trim_end()).trim_end());
    let versions: Vec<Column<'_>> = delivered
        .iter()
        .zip(&delivery.solutions)
        .map(|(judged, solution)| judged.column().with_solution(solution))
        .collect();
    screen::versions(&versions, &arguments.out);

    // One group per version: each has a contract of its own.
    let titles: Vec<String> = job
        .specs
        .iter()
        .zip(&job.versions)
        .map(|(spec, version)| format!("Delivered: {}, {}", spec.name, version.layout))
        .collect();
    let title = format!("The edit and the mix against {}", job.specs[0].name);
    let mut groups = vec![Group { title: &title, note: notes.trim(), columns: &columns }];
    groups.extend(titles.iter().zip(versions.chunks(1)).map(|(title, columns)| Group {
        title,
        note: "",
        columns,
    }));
    let document = Document {
        title: "Delivery report",
        intro: "The edit against the mix, then each delivered version as measured from its written file.",
        groups: &groups,
    };
    let out = &arguments.out;
    write_text(&out.join("report.json"), |text| report::json(text, &document))?;
    write_text(&out.join("report.html"), |text| report::html(text, &document))?;
    write_text(&out.join("columns.svg"), |text| report::figure(text, &groups[0]))?;
    println!("\n  Reports: {0}/report.html, {0}/report.json", out.display());
    Ok(delivered.iter().all(|version| version.report.passed()))
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

fn write_text(
    path: &Path,
    write: impl FnOnce(&mut String) -> std::fmt::Result,
) -> Result<(), String> {
    let mut text = String::new();
    write(&mut text).map_err(|error| format!("{}: {error}", path.display()))?;
    fs::write(path, text)
        .map_err(|error| format!("{}: cannot be written ({error})", path.display()))
}
