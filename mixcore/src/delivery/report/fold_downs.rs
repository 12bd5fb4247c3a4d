//! What a check of fold-downs and of translations found, in the forms that people and programs read:
//! text, CSV, JSON.
//!
//! The forms follow those of a delivery's report: one line for each finding in CSV, with its rules of
//! quoting, paragraphs of 100 columns in text, everything with its reasons in JSON. Channels and stems
//! go by their names, frames by timecode and number.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::csv::line;
use super::text::wrapped;
use crate::audio::Layout;
use crate::spatial::{
    CancelCause, Cancellation, FixScope, FoldFix, FoldReport, FoldVerdict, TargetReport,
    Translation, TranslationReport, TriedFix,
};
use crate::stream::Stream;
use crate::units::{Reading, Timecode};

/// Name and version of the schema of the JSON form.
#[cfg(feature = "json")]
const SCHEMA: &str = "mixcore-fold-downs-1";

/// What is to be written.
#[derive(Clone, Copy, Debug)]
pub struct FoldDocument<'a> {
    /// Its title: the programme's name.
    pub title: &'a str,
    /// What the check of the fold-downs found.
    pub report: &'a FoldReport,
    /// What the check of the translations found; may be empty.
    pub translations: &'a [TranslationReport],
    /// Names of the stems in the order of the check; a stem without one goes by its number.
    pub stems: &'a [&'a str],
    /// Rate and layout of the mix.
    pub stream: Stream,
    /// Timecode of the first frame.
    pub start: Timecode,
}

/// What a line of the CSV form says of one finding; what does not apply stays empty.
#[derive(Default)]
struct Line {
    section: &'static str,
    target: String,
    verdict: &'static str,
    finding: &'static str,
    stem: String,
    culprit: String,
    output: String,
    channels: String,
    band_hz: Option<[f64; 2]>,
    frames: Option<[u64; 2]>,
    value: String,
    unit: &'static str,
    reason: String,
    cause: String,
    fix: Option<TriedFix>,
    citation: String,
}

impl FoldDocument<'_> {
    fn stem(&self, index: usize) -> String {
        let name = self.stems.get(index).filter(|name| !name.is_empty());
        name.map_or_else(|| format!("stem {index}"), |name| (*name).to_string())
    }

    fn timecode(&self, frame: u64) -> String {
        Timecode::of_audio_frame(frame, self.stream.rate_hz, self.start).to_string()
    }

    /// A channel of the mix.
    fn channel(&self, index: usize) -> String {
        channel_of(self.stream.layout, index)
    }

    fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::from([Line {
            section: "mix",
            verdict: words(self.report.verdict()),
            finding: "loudness",
            ..reading(self.report.native_lufs, "LUFS")
        }]);
        for target in &self.report.targets {
            self.target_lines(target, &mut lines);
        }
        for way in self.translations {
            let line = |finding, value, unit| Line {
                section: "translation",
                target: way_of(way.translation),
                finding,
                ..reading(value, unit)
            };
            lines.push(line("loudness", way.integrated_lufs, "LUFS"));
            lines.push(line("shift", way.shift_lu, "LU"));
            if way.translation == Translation::NoLfe {
                lines.push(line("low end", way.low_end_db, "dB"));
            }
            for (index, stem) in way.stems.iter().enumerate() {
                let stem_of = |line| Line { stem: self.stem(index), ..line };
                lines.push(stem_of(line("loudness", stem.integrated_lufs, "LUFS")));
                lines.push(stem_of(line("moved", stem.moved_lu, "LU")));
                if way.translation == Translation::NoLfe {
                    lines.push(stem_of(line("low end", stem.low_end_db, "dB")));
                }
            }
        }
        lines
    }

    fn target_lines(&self, target: &TargetReport, lines: &mut Vec<Line>) {
        let of_target = |finding, line| Line {
            section: "fold-down",
            target: target.name.clone(),
            verdict: words(target.verdict),
            finding,
            citation: target.citation.to_string(),
            ..line
        };
        let frame = target.true_peak_frame;
        let peak = Line {
            frames: target.true_peak_dbtp.value().map(|_| [frame, frame.saturating_add(1)]),
            ..reading(target.true_peak_dbtp, "dBTP")
        };
        lines.extend([
            of_target("peak bound", reading(Reading::from_level(target.peak_bound_db), "dB")),
            of_target("power bound", reading(Reading::from_level(target.power_bound_db), "dB")),
            of_target("true peak", peak),
            of_target("loudness", reading(target.integrated_lufs, "LUFS")),
            of_target("shift", reading(target.shift_lu, "LU")),
            of_target("index", reading(target.index_db, "dB")),
        ]);
        for (index, stem) in target.stems.iter().enumerate() {
            let of_stem = |finding, value, unit| {
                of_target(finding, Line { stem: self.stem(index), ..reading(value, unit) })
            };
            lines.extend([
                of_stem("true peak", stem.true_peak_dbtp, "dBTP"),
                of_stem("loudness", stem.integrated_lufs, "LUFS"),
                of_stem("shift", stem.shift_lu, "LU"),
            ]);
        }
        for over in &target.overs {
            let line = Line {
                output: channel_of(target.layout, over.output),
                frames: Some([over.first_frame, over.last_frame.saturating_add(1)]),
                ..reading(Reading::from_level(over.peak_dbtp), "dBTP")
            };
            lines.push(of_target("over", line));
        }
        if target.overs_missed > 0 {
            let value = target.overs_missed.to_string();
            lines.push(of_target("overs not listed", Line { value, ..Line::default() }));
        }
        for place in &target.cancellations {
            let line = Line {
                stem: place.stem.map_or_else(String::new, |stem| self.stem(stem)),
                culprit: place.culprit.map_or_else(String::new, |stem| self.stem(stem)),
                output: channel_of(target.layout, place.output),
                channels: place.channels.map_or_else(String::new, |pair| self.pair(pair)),
                band_hz: Some([place.low_hz, place.high_hz]),
                frames: Some([place.start_frame, place.end_frame]),
                cause: place.cause.as_ref().map_or_else(String::new, cause_of),
                fix: place.fix.clone(),
                ..reading(Reading::from_level(place.index_db), "dB")
            };
            lines.push(of_target("cancellation", line));
        }
    }

    fn pair(&self, [a, b]: [usize; 2]) -> String {
        format!("{}/{}", self.channel(a), self.channel(b))
    }

    fn harm(&self, fix: &TriedFix) -> String {
        let mut text = String::new();
        for harm in &fix.harm {
            let gap = if text.is_empty() { "" } else { "; " };
            text += &format!("{gap}{} {:+.1} dB", self.stem(harm.stem), harm.change_db);
        }
        text
    }

    /// The targets that a fix puts over the limit or lets cancel.
    fn newly_failing(&self, fix: &TriedFix) -> String {
        let mut text = String::new();
        for (fixed, target) in fix.targets.iter().zip(&self.report.targets) {
            let faults = [(fixed.newly_over, "over"), (fixed.newly_cancels, "cancels")];
            for (_, fault) in faults.into_iter().filter(|(fails, _)| *fails) {
                let gap = if text.is_empty() { "" } else { "; " };
                text += &format!("{gap}{} {fault}", target.name);
            }
        }
        text
    }

    fn fix(&self, fix: FoldFix) -> String {
        let channel = self.channel(fix.channel());
        match fix {
            FoldFix::Invert { .. } => format!("invert {channel}"),
            FoldFix::Delay { frames, .. } => format!("delay {channel} by {frames} frames"),
            FoldFix::QuarterTurn { .. } => format!("turn {channel} by 90 degrees"),
            FoldFix::Trim { gain_db, .. } => format!("change {channel} by {gain_db:+.1} dB"),
        }
    }

    fn cells(&self, line: &Line) -> [String; 28] {
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        let frame = |end: usize| line.frames.map(|frames| frames[end]);
        let code = |end| frame(end).map_or_else(String::new, |frame| self.timecode(frame));
        let count = |end| frame(end).map_or_else(String::new, |frame| frame.to_string());
        let fix = line.fix.as_ref();
        let of_fix = |text: &dyn Fn(&TriedFix) -> String| fix.map_or_else(String::new, text);
        [
            line.section.into(),
            line.target.clone(),
            line.verdict.into(),
            line.finding.into(),
            line.stem.clone(),
            line.culprit.clone(),
            line.output.clone(),
            line.channels.clone(),
            number(line.band_hz.map(|band| band[0])),
            number(line.band_hz.map(|band| band[1])),
            code(0),
            code(1),
            count(0),
            count(1),
            line.value.clone(),
            line.unit.into(),
            line.reason.clone(),
            line.cause.clone(),
            of_fix(&|fix| self.fix(fix.fix)),
            of_fix(&|fix| scope_of(fix.scope).into()),
            of_fix(&|fix| fix.index_db.to_string()),
            of_fix(&|fix| fix.mix_index_db.to_string()),
            of_fix(&|fix| reading(fix.true_peak_dbtp, "").value),
            of_fix(&|fix| reading(fix.shift_lu, "").value),
            of_fix(&|fix| self.newly_failing(fix)),
            of_fix(&|fix| if fix.solved { "yes" } else { "no" }.into()),
            of_fix(&|fix| self.harm(fix)),
            line.citation.clone(),
        ]
    }
}

/// A reading as value, unit and reason.
fn reading(value: Reading, unit: &'static str) -> Line {
    let (value, reason) = match value {
        Reading::Value(value) => (value.to_string(), String::new()),
        none => (String::new(), none.to_string()),
    };
    Line { value, unit, reason, ..Line::default() }
}

fn channel_of(layout: Layout, index: usize) -> String {
    let speaker = layout.speakers().get(index);
    speaker.map_or_else(|| format!("channel {index}"), |speaker| speaker.short_name().into())
}

const fn words(verdict: FoldVerdict) -> &'static str {
    match verdict {
        FoldVerdict::Pass => "PASS",
        FoldVerdict::Warn => "WARN",
        FoldVerdict::Fail => "FAIL",
    }
}

const fn scope_of(scope: FixScope) -> &'static str {
    match scope {
        FixScope::Mix => "in the mix",
        FixScope::Source => "in the source",
        FixScope::Stem => "in the stem alone",
    }
}

fn cause_of(cause: &CancelCause) -> String {
    match cause {
        CancelCause::Polarity => "polarity".into(),
        CancelCause::Delay { delay_frames, inverted, notches_hz } => {
            let mut text = format!("delay of {delay_frames:.1} frames");
            text += if *inverted { ", inverted" } else { "" };
            for (n, hz) in notches_hz.iter().enumerate() {
                text += if n == 0 { "; notches at " } else { ", " };
                text += &format!("{hz:.0}");
            }
            text += if notches_hz.is_empty() { "" } else { " Hz" };
            text
        }
        CancelCause::Decorrelation => "decorrelation".into(),
    }
}

fn way_of(way: Translation) -> String {
    match way {
        Translation::Mono => "mono".into(),
        Translation::Phone => "telephone".into(),
        Translation::Loudspeaker { low_hz, high_hz } => {
            format!("loudspeaker {low_hz} to {high_hz} Hz")
        }
        Translation::NoLfe => "without LFE".into(),
    }
}

/// Writes one line for each reading, over and cancellation, after a line of headings.
///
/// Values that are none are empty, with their reason beside them. `in` is the first frame and `out` the
/// one after the last.
///
/// # Errors
/// Only what `out` itself reports.
pub fn csv(out: &mut dyn Write, document: &FoldDocument<'_>) -> fmt::Result {
    out.write_str(
        "section,target,verdict,finding,stem,culprit,output,channels,low_hz,high_hz,in,out,\
         in_frame,out_frame,value,unit,reason,cause,fix,scope,index_after_db,mix_index_after_db,\
         true_peak_after_dbtp,shift_after_lu,newly_failing,solved,harm,citation\r\n",
    )?;
    for each in document.lines() {
        let cells = document.cells(&each);
        let cells = cells.each_ref().map(String::as_str);
        line(out, &cells)?;
    }
    Ok(())
}

/// Writes what was found as text.
///
/// # Errors
/// Only what `out` itself reports.
pub fn text(out: &mut dyn Write, document: &FoldDocument<'_>) -> fmt::Result {
    let report = document.report;
    writeln!(out, "{}", document.title)?;
    let own = unit(report.native_lufs, "LUFS");
    let facts = format!(
        "fold-downs {}; {} | {} Hz | the mix itself {own}",
        words(report.verdict()),
        document.stream.layout,
        document.stream.rate_hz,
    );
    wrapped(out, "", &facts)?;
    for target in &report.targets {
        writeln!(out, "\n{:<9} {}", target.name, words(target.verdict))?;
        wrapped(out, "    source: ", target.citation)?;
        let levels = format!(
            "{} | true peak {}{} | {} | shift {} | index {}",
            bounds_of(target),
            unit(target.true_peak_dbtp, "dBTP"),
            match target.true_peak_dbtp.value() {
                Some(_) => format!(" at {}", document.timecode(target.true_peak_frame)),
                None => String::new(),
            },
            unit(target.integrated_lufs, "LUFS"),
            unit(target.shift_lu, "LU"),
            unit(target.index_db, "dB"),
        );
        wrapped(out, "    ", &levels)?;
        for (index, stem) in target.stems.iter().enumerate() {
            let levels = format!(
                "{}: true peak {} | {} | shift {}",
                document.stem(index),
                unit(stem.true_peak_dbtp, "dBTP"),
                unit(stem.integrated_lufs, "LUFS"),
                unit(stem.shift_lu, "LU"),
            );
            wrapped(out, "    stem ", &levels)?;
        }
        for over in &target.overs {
            let over = format!(
                "{} to {}, {}: {:.1} dBTP",
                document.timecode(over.first_frame),
                document.timecode(over.last_frame.saturating_add(1)),
                channel_of(target.layout, over.output),
                over.peak_dbtp,
            );
            wrapped(out, "    over: ", &over)?;
        }
        if target.overs_missed > 0 {
            wrapped(out, "    over: ", &format!("{} more places", target.overs_missed))?;
        }
        for place in &target.cancellations {
            write_cancellation(out, document, target, place)?;
        }
    }
    for way in document.translations {
        writeln!(out, "\nheard as {}", way_of(way.translation))?;
        let low_end = |value| match way.translation {
            Translation::NoLfe => format!(", low end {}", unit(value, "dB")),
            _ => String::new(),
        };
        let mix = format!(
            "mix {}, shift {}{}",
            unit(way.integrated_lufs, "LUFS"),
            unit(way.shift_lu, "LU"),
            low_end(way.low_end_db),
        );
        wrapped(out, "    ", &mix)?;
        for (index, stem) in way.stems.iter().enumerate() {
            let (name, heard) = (document.stem(index), unit(stem.integrated_lufs, "LUFS"));
            let moved = unit(stem.moved_lu, "LU");
            wrapped(
                out,
                "    ",
                &format!("{name} {heard}, moved {moved}{}", low_end(stem.low_end_db)),
            )?;
        }
    }
    Ok(())
}

fn write_cancellation(
    out: &mut dyn Write,
    document: &FoldDocument<'_>,
    target: &TargetReport,
    place: &Cancellation,
) -> fmt::Result {
    let mut what = place.stem.map_or_else(|| "the mix".into(), |stem| document.stem(stem));
    if let Some(culprit) = place.culprit {
        what += &format!(" (by {})", document.stem(culprit));
    }
    let mut said = format!(
        "{what} in {}, {:.0} to {:.0} Hz, {} to {}: {:.1} dB, at worst {:.1} dB",
        channel_of(target.layout, place.output),
        place.low_hz,
        place.high_hz,
        document.timecode(place.start_frame),
        document.timecode(place.end_frame),
        place.index_db,
        place.lowest_db,
    );
    if let Some(pair) = place.channels {
        said += &format!(" | {} with correlation {:.2}", document.pair(pair), place.correlation);
    }
    if let Some(cause) = &place.cause {
        said += &format!(" | cause: {}", cause_of(cause));
    }
    wrapped(out, "    cancels: ", &said)?;
    let Some(fix) = &place.fix else { return Ok(()) };
    let mut done = format!(
        "{} {}: {:.1} dB, the mix {:.1} dB, true peak {}, shift {}, {}",
        document.fix(fix.fix),
        scope_of(fix.scope),
        fix.index_db,
        fix.mix_index_db,
        unit(fix.true_peak_dbtp, "dBTP"),
        unit(fix.shift_lu, "LU"),
        if fix.solved { "solved" } else { "not solved" },
    );
    let failing = document.newly_failing(fix);
    if !failing.is_empty() {
        done += &format!(" | then newly {failing}");
    }
    if !fix.harm.is_empty() {
        done += &format!(" | in the source it would change {}", document.harm(fix));
    }
    wrapped(out, "    do: ", &done)
}

/// How far a target lets peaks and power grow.
fn bounds_of(target: &TargetReport) -> String {
    if target.peak_bound_db.is_finite() {
        format!(
            "peaks grow by {:.2} dB at most, unrelated channels by {:.2} dB",
            target.peak_bound_db, target.power_bound_db
        )
    } else {
        "silent: no channel gets through".into()
    }
}

/// A reading with its unit, or why there is none.
fn unit(reading: Reading, unit: &str) -> String {
    match reading.value() {
        Some(value) => format!("{value:.1} {unit}"),
        None => reading.to_string(),
    }
}

/// Writes what was found as JSON.
///
/// # Errors
/// Only what `out` itself reports.
#[cfg(feature = "json")]
pub fn json(out: &mut dyn Write, document: &FoldDocument<'_>) -> fmt::Result {
    #[derive(serde::Serialize)]
    struct Root<'a> {
        schema: &'static str,
        title: &'a str,
        layout: Layout,
        rate_hz: f64,
        start: String,
        verdict: FoldVerdict,
        stems: &'a [&'a str],
        fold_downs: &'a FoldReport,
        translations: &'a [TranslationReport],
    }
    let root = Root {
        schema: SCHEMA,
        title: document.title,
        layout: document.stream.layout,
        rate_hz: document.stream.rate_hz,
        start: document.start.to_string(),
        verdict: document.report.verdict(),
        stems: document.stems,
        fold_downs: document.report,
        translations: document.translations,
    };
    out.write_str(&serde_json::to_string_pretty(&root).map_err(|_| fmt::Error)?)?;
    out.write_str("\n")
}
