//! What the HTML form says at a glance, and how versions were brought to their specifications.

use core::fmt::{self, Write};

use super::super::Quantity;
use super::markup::{Esc, Minus, Num};
use super::tables::{chip, number};
use super::{Column, Document, Group};

/// Every version of every group in one table, where there is more than one group.
pub(super) fn overview(out: &mut dyn Write, document: &Document<'_>) -> fmt::Result {
    if document.groups.len() < 2 {
        return Ok(());
    }
    writeln!(
        out,
        "<div class=\"scroll\"><table><thead><tr><th>Version</th><th>Contract</th><th>DELIVERY</th><th>MIX</th><th class=\"num\">Loudness</th><th class=\"num\">True peak</th></tr></thead><tbody>"
    )?;
    for column in document.groups.iter().flat_map(|group| group.columns) {
        write!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>",
            Esc(column.label),
            Esc(&column.report.spec.name)
        )?;
        chip(out, column.report.delivery.verdict)?;
        write!(out, "</td><td>")?;
        if let Some(mix) = &column.report.mix {
            chip(out, mix.verdict)?;
        }
        write!(out, "</td>")?;
        for quantity in [Quantity::IntegratedLufs, Quantity::TruePeakDbtp] {
            number(out, column.measurement.get(quantity), quantity)?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div>")
}

/// The solver's renders of every version that it brought to its specification.
pub(super) fn ways(out: &mut dyn Write, group: &Group<'_>) -> fmt::Result {
    for column in group.columns {
        way(out, column)?;
    }
    Ok(())
}

fn way(out: &mut dyn Write, column: &Column<'_>) -> fmt::Result {
    let Some(solution) = column.solution else { return Ok(()) };
    write!(
        out,
        "<h3>How it was brought there</h3><p class=\"small\">{}: {}; limiter at {:.1} dBTP.</p>",
        Esc(column.label),
        Minus(&alloc::format!("{}", solution.end)),
        Num(solution.controls.ceiling_dbtp),
    )?;
    writeln!(
        out,
        "<div class=\"scroll\"><table><thead><tr><th>Render</th><th class=\"num\">Gain</th><th class=\"num\">Aim</th><th class=\"num\">Read</th><th class=\"num\">True peak</th><th class=\"num\">Most limiting</th></tr></thead><tbody>"
    )?;
    for (index, pass) in solution.trace.iter().enumerate() {
        write!(
            out,
            "<tr><th scope=\"row\">{}</th><td class=\"num\">{:+.2} dB</td>",
            index + 1,
            Num(pass.gain_db)
        )?;
        match pass.aim {
            Some((quantity, aim)) => write!(
                out,
                "<td class=\"num\">{:.1} {}<span class=\"sub\">{}</span></td>",
                Num(aim),
                quantity.unit(),
                quantity.name().to_lowercase()
            )?,
            None => write!(out, "<td class=\"num soft\">\u{2013}</td>")?,
        }
        level(out, pass.read, pass.aim.map_or("", |(quantity, _)| quantity.unit()))?;
        level(out, pass.true_peak_dbtp, Quantity::TruePeakDbtp.unit())?;
        writeln!(out, "<td class=\"num\">{:.2} dB</td></tr>", Num(pass.limiting_db))?;
    }
    writeln!(out, "</tbody></table></div>")
}

fn level(out: &mut dyn Write, value: Option<f64>, unit: &str) -> fmt::Result {
    match value {
        Some(value) => write!(out, "<td class=\"num\">{:.2} {unit}</td>", Num(value)),
        None => write!(out, "<td class=\"num soft\">\u{2013}</td>"),
    }
}
