//! What the terminal shows while it works and at the end.

use std::io::{IsTerminal, Write as _};
use std::path::Path;
use std::time::Instant;

use mixcore::delivery::report::Column;
use mixcore::delivery::{Quantity, Report, Solution, Verdict};
use mixcore::units::Reading;

/// A progress line that overwrites itself on a terminal and keeps quiet elsewhere.
pub struct Progress {
    label: &'static str,
    shown: Option<u64>,
    start: Instant,
}

impl Progress {
    pub fn new(label: &'static str) -> Self {
        Self { label, shown: None, start: Instant::now() }
    }

    /// Shows frames done of all frames.
    pub fn show(&mut self, done: u64, all: u64) {
        let percent = done * 100 / all.max(1);
        if std::io::stderr().is_terminal() && self.shown != Some(percent) {
            eprint!("\r  {:<28} {percent:>3} %", self.label);
            let _ = std::io::stderr().flush();
            self.shown = Some(percent);
        }
    }

    /// Ends the line with the time it took.
    pub fn done(self) {
        if std::io::stderr().is_terminal() {
            eprintln!("\r  {:<28} {:>5.1} s", self.label, self.start.elapsed().as_secs_f64());
        }
    }
}

const LABEL: usize = 34;
const CELL: usize = 21;

fn row(label: &str, cells: impl Iterator<Item = String>) {
    print!("  {label:<LABEL$}");
    for cell in cells {
        print!("{cell:<CELL$}");
    }
    println!();
}

fn verdict(verdict: Verdict) -> String {
    verdict.words().to_uppercase()
}

fn reading(reading: Reading, unit: &str, decimals: usize) -> String {
    match reading {
        Reading::Value(value) => format!("{value:.decimals$} {unit}"),
        other => other.to_string(),
    }
}

/// The three columns: verdicts, key readings, and dialogue over music line by line.
pub fn columns(columns: &[Column<'_>]) {
    println!();
    row("", columns.iter().map(|column| column.label.to_owned()));
    println!("  {}", "─".repeat(LABEL + CELL * columns.len() - 2));
    row("DELIVERY", columns.iter().map(|column| verdict(column.report.verdict())));
    row("MIX", columns.iter().map(|column| mix_verdict(column.report)));
    for (quantity, decimals) in [
        (Quantity::IntegratedLufs, 1),
        (Quantity::TruePeakDbtp, 2),
        (Quantity::LoudnessRangeLu, 1),
        (Quantity::MonoLossLu, 1),
    ] {
        row(
            quantity.name(),
            columns.iter().map(|c| reading(c.measurement.get(quantity), quantity.unit(), decimals)),
        );
    }
    let ambience = mixcore::delivery::Of::Stem(mixcore::delivery::Role::Amb);
    if columns
        .iter()
        .any(|c| c.measurement.get_of(&ambience, Quantity::MonoLossLu).value().is_some())
    {
        row(
            "Mono fold-down loss of the ambience",
            columns.iter().map(|column| {
                reading(column.measurement.get_of(&ambience, Quantity::MonoLossLu), "LU", 1)
            }),
        );
    }
    let phrases = columns.iter().map(|c| c.measurement.phrases().len()).max().unwrap_or(0);
    for phrase in 0..phrases {
        let label = columns[0].measurement.phrases().get(phrase).map_or_else(String::new, |p| {
            let header = columns[0].measurement.header();
            format!(
                "Dialogue over music, {} to {}",
                &header.timecode(p.start_frame).to_string()[3..],
                &header.timecode(p.end_frame).to_string()[3..]
            )
        });
        row(
            &label,
            columns.iter().map(|column| {
                column.measurement.phrases().get(phrase).map_or_else(String::new, |p| {
                    match p.over_music_lu {
                        Reading::Value(value) => format!("{value:+.1} LU"),
                        other => other.to_string(),
                    }
                })
            }),
        );
    }
}

fn mix_verdict(report: &Report) -> String {
    report.mix.as_ref().map_or_else(String::new, |mix| verdict(mix.verdict))
}

/// What is wrong with one column, a line a finding.
pub fn findings(label: &str, report: &Report) {
    let failed: Vec<_> = report
        .findings()
        .filter(|finding| matches!(finding.verdict, Verdict::Fail | Verdict::Warn))
        .collect();
    if failed.is_empty() {
        return;
    }
    println!("\n  {label}:");
    for finding in failed {
        let place = finding
            .span
            .as_ref()
            .map_or_else(String::new, |span| format!(" at {}", span.in_timecode));
        println!(
            "    {} {}: {} ({}){place}",
            verdict(finding.verdict),
            finding.title,
            finding.measured_text,
            finding.limit
        );
        if !finding.hint.is_empty() {
            println!("      {}", finding.hint);
        }
    }
}

/// The delivered versions, as measured from their files.
pub fn versions(columns: &[Column<'_>], solutions: &[&Solution], out: &Path) {
    println!("\n  Delivered versions, measured from the written files:");
    for (column, solution) in columns.iter().zip(solutions) {
        let measured = column.measurement;
        let aim = solution.trace.last().and_then(|pass| pass.aim);
        let anchor = aim.map_or(Quantity::IntegratedLufs, |(quantity, _)| quantity);
        println!(
            "    {:<26} DELIVERY {:<14} MIX {:<6} {} {}, {}, gain {:+.2} dB, limiting {:.1} dB",
            column.label,
            verdict(column.report.verdict()),
            mix_verdict(column.report),
            anchor.name().to_lowercase(),
            reading(measured.get(anchor), anchor.unit(), 1),
            reading(measured.get(Quantity::TruePeakDbtp), "dBTP", 2),
            solution.controls.gain_db,
            solution.outcome.max_limiting_db,
        );
        println!("      {}", out.join(format!("{}.wav", column.label)).display());
        if !matches!(solution.end, mixcore::delivery::End::Held) {
            println!("      {}", solution.end);
        }
        findings("findings", column.report);
    }
}
