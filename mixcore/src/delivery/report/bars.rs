//! Dialogue over music, phrase by phrase, over time.

use core::fmt::{self, Write};

use super::super::{Quantity, Reading, round_to, within};
use super::markup::Num;
use super::plot::Field;
use super::{Column, Group};

/// Differences beyond this say no more than "far", LU.
const MOST_LU: f64 = 30.0;
/// A bar narrower than this carries no number, pixels.
const LABEL_WIDTH: f64 = 21.0;

/// A place for a drawing: left, top, width, height.
#[derive(Clone, Copy)]
pub(super) struct Area(pub(super) f64, pub(super) f64, pub(super) f64, pub(super) f64);

/// Lowest and highest difference of a group, so that its drawings compare.
pub(super) fn range_lu(group: &Group<'_>) -> (f64, f64) {
    let (mut low, mut high) = (0.0_f64, 0.0_f64);
    for column in group.columns {
        let phrases = column.measurement.phrases().iter();
        let values = phrases.filter_map(|phrase| phrase.over_music_lu.value());
        for value in values.chain(column.least_over_music()) {
            low = low.min(value);
            high = high.max(value);
        }
    }
    // Room for the numbers above and below the bars.
    let room = 1.0 + (high - low).min(MOST_LU) * 0.2;
    let low = if low < 0.0 { (low - room).max(-MOST_LU) } else { 0.0 };
    (low, (high + room).min(MOST_LU))
}

/// Draws the bars of one version as an SVG of its own.
pub(super) fn bars(out: &mut dyn Write, column: &Column<'_>, range: (f64, f64)) -> fmt::Result {
    let area = Area(0.0, 0.0, 400.0, 180.0);
    writeln!(
        out,
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"Dialogue over music of each phrase\">",
        area.2, area.3
    )?;
    draw(out, column, range, area)?;
    writeln!(out, "</svg>")
}

/// Draws the bars of one version into an area.
pub(super) fn draw(
    out: &mut dyn Write,
    column: &Column<'_>,
    (low, high): (f64, f64),
    Area(left, top, width, height): Area,
) -> fmt::Result {
    let header = column.measurement.header();
    let field = Field {
        left: left + 30.0,
        right: left + width - 28.0,
        top: top + 14.0,
        bottom: top + height - 22.0,
        seconds: header.duration_s(),
        low,
        high,
    };
    let zero = field.y(0.0);
    let label = |out: &mut dyn Write, level: f64, class: &str| {
        let (x, y) = (field.left - 6.0, field.y(level) + 4.0);
        write!(
            out,
            "<text class=\"{class} end\" x=\"{x:.1}\" y=\"{y:.1}\">{:.0}</text>",
            Num(level)
        )
    };
    write!(out, "<path class=\"axis\" d=\"M{:.1} {zero:.1}H{:.1}\"/>", field.left, field.right)?;
    label(out, 0.0, "soft")?;
    write!(out, "<text class=\"soft\" x=\"{:.1}\" y=\"{:.1}\">LU</text>", left + 12.0, top + 13.0)?;
    let least = column.least_over_music();
    for (index, phrase) in column.measurement.phrases().iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
        let (start, end) = (
            field.x(phrase.start_frame as f64 / header.rate_hz()),
            field.x(phrase.end_frame as f64 / header.rate_hz()),
        );
        let width = (end - start).max(1.0);
        let middle = (start + end) / 2.0;
        if width >= LABEL_WIDTH {
            write!(
                out,
                "<text class=\"soft mid\" x=\"{middle:.1}\" y=\"{:.1}\">{}</text>",
                top + height - 6.0,
                index + 1,
            )?;
        }
        bar(out, &field, phrase.over_music_lu, (start, width), least)?;
    }
    if let Some(least) = least {
        let y = field.y(least);
        write!(
            out,
            "<path class=\"floor\" d=\"M{:.1} {y:.1}H{:.1}\"/><text class=\"bold\" x=\"{:.1}\" y=\"{:.1}\">{least:?}</text>",
            field.left,
            field.right,
            field.right + 4.0,
            y + 4.0,
        )?;
    }
    Ok(())
}

fn bar(
    out: &mut dyn Write,
    field: &Field,
    over: Reading,
    (start, width): (f64, f64),
    least: Option<f64>,
) -> fmt::Result {
    let middle = start + width / 2.0;
    let zero = field.y(0.0);
    let Some(value) = over.value() else {
        let y = zero - 6.0;
        return write!(
            out,
            "<text class=\"soft mid\" x=\"{middle:.1}\" y=\"{y:.1}\">\u{2013}</text>"
        );
    };
    let decimals = Quantity::DialogueOverMusicLu.compare_decimals();
    let misses = !within(value, least, None, true, decimals);
    let (top, bottom) = (field.y(value.max(0.0)), field.y(value.min(0.0)));
    // A difference of zero is still a bar.
    let (top, bottom) = if bottom - top < 3.0 { (zero - 3.0, zero) } else { (top, bottom) };
    let class = if misses { "miss" } else { "bar" };
    write!(
        out,
        "<rect class=\"{class}\" x=\"{start:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{:.1}\"/>",
        bottom - top,
    )?;
    if width >= LABEL_WIDTH {
        let y = if value < 0.0 { bottom + 14.0 } else { top - 5.0 };
        let shown = round_to(value, 1);
        let (class, sign) = if misses { ("fail", "\u{2715} ") } else { ("ink", "") };
        let sign = if width >= LABEL_WIDTH * 1.8 { sign } else { "" };
        write!(
            out,
            "<text class=\"mid bold {class}\" x=\"{middle:.1}\" y=\"{y:.1}\">{sign}{:+.1}</text>",
            Num(shown),
        )?;
    }
    Ok(())
}
