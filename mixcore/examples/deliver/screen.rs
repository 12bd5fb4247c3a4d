//! What the terminal shows while it works and at the end.

use std::io::{IsTerminal, Write as _};
use std::path::Path;
use std::time::Instant;

use mixcore::delivery::report::Column;
use mixcore::delivery::{Measurement, Of, Quantity, QuantityKind, Report, Role, Verdict, round_to};
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

/// Space between two columns of the table.
const GAP: usize = 2;
/// More lines of one kind are left to the report.
const MOST_LINES: usize = 20;

/// A table: a label and one cell per column in each row.
struct Table {
    rows: Vec<(String, Vec<String>)>,
}

impl Table {
    fn row(&mut self, label: &str, cells: impl Iterator<Item = String>) {
        self.rows.push((label.to_owned(), cells.collect()));
    }

    /// Prints the rows with a line under the first; every column is as wide as its widest cell.
    fn print(&self) {
        let width = |text: &str| text.chars().count();
        let label = self.rows.iter().map(|row| width(&row.0)).max().unwrap_or(0);
        let count = self.rows.iter().map(|row| row.1.len()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..count)
            .map(|at| self.rows.iter().filter_map(|row| row.1.get(at)).map(|c| width(c)).max())
            .map(Option::unwrap_or_default)
            .collect();
        println!();
        for (number, (name, cells)) in self.rows.iter().enumerate() {
            let mut line = format!("  {name:<label$}");
            for (cell, width) in cells.iter().zip(&widths) {
                line += &format!("{:GAP$}{cell:<width$}", "");
            }
            println!("{}", line.trim_end());
            if number == 0 {
                println!("  {}", "─".repeat(label + widths.iter().map(|w| w + GAP).sum::<usize>()));
            }
        }
    }
}

fn verdict(verdict: Verdict) -> String {
    verdict.words().to_uppercase()
}

fn reading(measurement: &Measurement, of: &Of, quantity: Quantity) -> String {
    let info = quantity.info();
    match measurement.get_of(of, quantity) {
        Reading::Value(value) => {
            let value = round_to(value, info.decimals) + 0.0;
            let sign = if info.kind == QuantityKind::Peak && value > 0.0 { "+" } else { "" };
            let duration_s = measurement.header().duration_s();
            let early = info.judged_from_s.filter(|&from_s| duration_s < from_s);
            let mark = early.map_or_else(String::new, |from_s| format!(" (under {from_s:.0} s)"));
            format!("{sign}{value:.*} {}{mark}", usize::from(info.decimals), info.unit)
        }
        other => other.to_string(),
    }
}

/// The three columns: verdicts, key readings, and dialogue over music line by line.
pub fn columns(columns: &[Column<'_>]) {
    let mut table = Table { rows: Vec::new() };
    table.row("", columns.iter().map(|column| column.label.to_owned()));
    table.row("DELIVERY", columns.iter().map(|column| verdict(column.report.verdict())));
    table.row("MIX", columns.iter().map(|column| mix_verdict(column.report)));
    let ambience = Of::Stem(Role::Amb);
    for (label, of, quantity) in [
        (Quantity::IntegratedLufs.name(), &Of::Programme, Quantity::IntegratedLufs),
        (Quantity::TruePeakDbtp.name(), &Of::Programme, Quantity::TruePeakDbtp),
        (Quantity::LoudnessRangeLu.name(), &Of::Programme, Quantity::LoudnessRangeLu),
        (Quantity::MonoLossLu.name(), &Of::Programme, Quantity::MonoLossLu),
        ("Mono fold-down loss of the ambience", &ambience, Quantity::MonoLossLu),
    ] {
        if columns.iter().any(|c| c.measurement.get_of(of, quantity) != Reading::NotApplicable) {
            table.row(label, columns.iter().map(|c| reading(c.measurement, of, quantity)));
        }
    }
    let phrases = columns[0].measurement.phrases();
    if !phrases.is_empty() {
        table.row("Dialogue over music", core::iter::empty());
    }
    let header = columns[0].measurement.header();
    for (index, phrase) in phrases.iter().enumerate().take(MOST_LINES) {
        let label = format!(
            "  phrase {}, {} to {}",
            index + 1,
            header.timecode(phrase.start_frame),
            header.timecode(phrase.end_frame)
        );
        let of = Of::Phrase(index);
        let quantity = Quantity::DialogueOverMusicLu;
        table.row(&label, columns.iter().map(|c| reading(c.measurement, &of, quantity)));
    }
    if phrases.len() > MOST_LINES {
        let more = format!("  … and {} more in the report", phrases.len() - MOST_LINES);
        table.row(&more, core::iter::empty());
    }
    table.print();
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
    for finding in failed.iter().take(MOST_LINES) {
        let place = finding
            .span
            .as_ref()
            .map_or_else(String::new, |span| format!(" at {}", span.in_timecode));
        let of = match finding.of.as_str() {
            "" | "programme" => String::new(),
            of => format!(", {of}"),
        };
        println!(
            "    {} {}{of}: {} ({}){place}",
            verdict(finding.verdict),
            finding.title,
            finding.measured_text,
            finding.limit
        );
        if !finding.hint.is_empty() {
            println!("      {}", finding.hint);
        }
    }
    if failed.len() > MOST_LINES {
        println!("    … and {} more in the report", failed.len() - MOST_LINES);
    }
}

/// The delivered versions, as measured from their files.
pub fn versions(columns: &[Column<'_>], out: &Path) {
    println!("\n  Delivered versions, measured from the written files:");
    for column in columns {
        println!(
            "\n  {}: DELIVERY {}, MIX {}",
            column.label,
            verdict(column.report.verdict()),
            mix_verdict(column.report)
        );
        let Some(solution) = column.solution else { continue };
        let aim = solution.trace.last().and_then(|pass| pass.aim);
        let anchor = aim.map_or(Quantity::IntegratedLufs, |(quantity, _)| quantity);
        println!(
            "    {} {}, true peak {}; gain {:+.2} dB, limiting up to {:.1} dB, {} renders",
            anchor.name().to_lowercase(),
            reading(column.measurement, &Of::Programme, anchor),
            reading(column.measurement, &Of::Programme, Quantity::TruePeakDbtp),
            solution.controls.gain_db,
            solution.outcome.max_limiting_db,
            solution.trace.len(),
        );
        if !matches!(solution.end, mixcore::delivery::End::Held) {
            println!("    {}", solution.end);
        }
        println!("    {}", out.join(format!("{}.wav", column.label)).display());
        findings(&format!("{}, findings", column.label), column.report);
    }
}
