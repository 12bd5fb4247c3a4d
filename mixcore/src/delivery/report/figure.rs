//! The columns of a group side by side in one SVG file, for a README or a mail.

use core::fmt::{self, Write};

use super::super::{Of, Quantity, Role, round_to};
use super::bars::{Area, draw, range_lu};
use super::markup::{Esc, Minus};
use super::style::{self, Sign};
use super::{Column, Group};

/// Width of a column and the gap between two, pixels.
const COLUMN: (f64, f64) = (372.0, 14.0);
/// Height of the figure, pixels.
const HEIGHT: f64 = 386.0;
/// Margin inside a column, pixels.
const INSET: f64 = 16.0;
/// Letters of a heading that fit into a column.
const HEADING: usize = 40;
/// More columns would be unreadable.
const MOST_COLUMNS: usize = 4;

/// Writes the figure: verdicts, key readings and the bars of dialogue over music.
///
/// Shows the first four columns; light and dark follow the viewer.
///
/// # Errors
/// Only what `out` itself reports.
pub fn figure(out: &mut dyn Write, group: &Group<'_>) -> fmt::Result {
    let columns = &group.columns[..group.columns.len().min(MOST_COLUMNS)];
    #[expect(clippy::cast_precision_loss, reason = "at most four")]
    let width = columns.len().max(1) as f64 * (COLUMN.0 + COLUMN.1) + COLUMN.1;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {HEIGHT}\" width=\"{width}\" height=\"{HEIGHT}\" role=\"img\"><title>{}</title>",
        Esc(group.title)
    )?;
    writeln!(out, "<style>{}{}</style>", style::COLOURS, style::SVG)?;
    let range = range_lu(group);
    for (index, column) in columns.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "at most four")]
        let left = COLUMN.1 + index as f64 * (COLUMN.0 + COLUMN.1);
        write_column(out, column, left, range)?;
    }
    writeln!(out, "</svg>")
}

fn write_column(
    out: &mut dyn Write,
    column: &Column<'_>,
    left: f64,
    range: (f64, f64),
) -> fmt::Result {
    let inner = left + INSET;
    let heading = match column.label.char_indices().nth(HEADING) {
        Some((end, _)) => alloc::format!("{}\u{2026}", &column.label[..end]),
        None => column.label.into(),
    };
    writeln!(
        out,
        "<rect class=\"card\" x=\"{left}\" y=\"8\" width=\"{}\" height=\"{}\" rx=\"6\"/><text class=\"bold\" x=\"{inner}\" y=\"36\" font-size=\"16\">{}</text>",
        COLUMN.0,
        HEIGHT - 16.0,
        Esc(&heading)
    )?;
    let badge = (COLUMN.0 - 2.0 * INSET - 8.0) / 2.0;
    for (index, (name, section)) in column.sections().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "0 or 1")]
        let x = inner + index as f64 * (badge + 8.0);
        let class = style::class(section.verdict);
        writeln!(
            out,
            "<rect class=\"s-{class}\" x=\"{x}\" y=\"50\" width=\"{badge}\" height=\"48\" rx=\"5\" stroke-width=\"1.5\"/><text class=\"{class}\" x=\"{}\" y=\"68\" font-size=\"11\" letter-spacing=\".8\">{name}</text><text class=\"{class} bold\" x=\"{}\" y=\"88\" font-size=\"16\">{}</text>",
            x + 10.0,
            x + 10.0,
            Sign(section.verdict),
        )?;
    }
    for (index, (name, value)) in key_readings(column).iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let y = 122.0 + index as f64 * 20.0;
        writeln!(
            out,
            "<text class=\"soft\" x=\"{inner}\" y=\"{y}\" font-size=\"13\">{}</text><text class=\"end bold\" x=\"{}\" y=\"{y}\" font-size=\"13\">{}</text>",
            Esc(name),
            left + COLUMN.0 - INSET,
            Minus(value),
        )?;
    }
    if column.measurement.phrases().is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<text class=\"soft\" x=\"{inner}\" y=\"210\">Dialogue over music, phrase by phrase</text>"
    )?;
    draw(out, column, range, Area(left + 4.0, 214.0, COLUMN.0 - 8.0, 156.0))?;
    writeln!(out)
}

/// The four numbers that tell a mix: loudness, true peak, worst phrase, ambience in mono.
pub(super) fn key_readings(column: &Column<'_>) -> [(&'static str, alloc::string::String); 4] {
    let reading = |of: &Of, quantity: Quantity| {
        let reading = column.measurement.get_of(of, quantity);
        let decimals = quantity.info().decimals;
        match reading.value() {
            Some(value) => quantity.show(round_to(value, decimals), usize::from(decimals)),
            None => alloc::format!("{reading}"),
        }
    };
    let programme = Of::Programme;
    [
        ("Integrated loudness", reading(&programme, Quantity::IntegratedLufs)),
        ("True peak", reading(&programme, Quantity::TruePeakDbtp)),
        ("Dialogue over music, worst phrase", reading(&programme, Quantity::DialogueOverMusicLu)),
        ("Ambience lost in mono", reading(&Of::Stem(Role::Amb), Quantity::MonoLossLu)),
    ]
}
