//! Loudness over time: momentary and short-term, the target, the phrases, the true peaks.

use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::super::{History, Quantity, Verdict, within};
use super::markup::{Minus, Num};
use super::{Column, Group};
use crate::math;

/// Width and height of the drawing, pixels at its natural size.
const SIZE: (f64, f64) = (1160.0, 292.0);
/// Left, right, top and bottom of the loudness field.
const FIELD: (f64, f64, f64, f64) = (46.0, 1112.0, 26.0, 210.0);
/// Top and bottom of the true-peak lane.
const LANE: (f64, f64) = (226.0, 268.0);
/// Bottom of the true-peak lane, dBTP; its top is the first whole 3 dB over the highest peak.
const LANE_LOW_DBTP: f64 = -24.0;
/// Least and most loudness that a field shows, LU.
const SPAN_LU: (f64, f64) = (24.0, 54.0);
/// The quietest part of a history that may fall below the field.
const QUIETEST: f64 = 0.02;
/// Distance of the grid lines, LU.
const GRID_LU: f64 = 6.0;
/// More points than pixels show nothing: longer histories are drawn by the maximum of each pixel.
const MOST_POINTS: usize = 1066;
/// Distances of time marks that a person reads easily, seconds.
const MARKS_S: [f64; 14] =
    [0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0];

/// A field of the drawing: time to the right, level upwards.
pub(super) struct Field {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    pub(super) seconds: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Field {
    pub(super) fn x(&self, seconds: f64) -> f64 {
        let share = (seconds / self.seconds.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
        self.left + share * (self.right - self.left)
    }

    pub(super) fn y(&self, level: f64) -> f64 {
        let share = ((level - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.bottom - share * (self.bottom - self.top)
    }

    /// Seconds between time marks, so that there are at most `most`.
    pub(super) fn mark_s(&self, most: f64) -> f64 {
        let fits = |step: &f64| self.seconds / step <= most;
        let hours = math::ceil(self.seconds / 3600.0 / most).max(1.0) * 3600.0;
        MARKS_S.iter().copied().find(fits).unwrap_or(hours)
    }
}

/// Bottom and top of the loudness fields of a group, LUFS, so that its plots compare.
pub(super) fn range_lufs(group: &Group<'_>) -> (f64, f64) {
    let momentary = group.columns.iter().flat_map(|column| {
        thinned(&column.measurement.history().momentary_lufs).into_iter().map(|point| point.1)
    });
    let targets = group.columns.iter().filter_map(Column::target);
    let targets = targets.flat_map(|(low, aim, high)| [low.unwrap_or(aim), high.unwrap_or(aim)]);
    let mut levels: Vec<f64> = momentary.filter(|level| level.is_finite()).collect();
    levels.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into the list"
    )]
    let quiet = levels.get((levels.len() as f64 * QUIETEST) as usize).copied();
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for level in quiet.into_iter().chain(levels.last().copied()).chain(targets) {
        low = low.min(level);
        high = high.max(level);
    }
    if low > high {
        (low, high) = (-36.0, -12.0);
    }
    let top = (math::ceil((high + 0.5) / GRID_LU) * GRID_LU).clamp(-120.0, 120.0);
    let bottom = math::floor((low - 0.5) / GRID_LU) * GRID_LU;
    (bottom.clamp(top - SPAN_LU.1, top - SPAN_LU.0), top)
}

/// Draws one version; nothing if it has no history.
pub(super) fn loudness(
    out: &mut dyn Write,
    column: &Column<'_>,
    (low, high): (f64, f64),
) -> fmt::Result {
    let history = column.measurement.history();
    let seconds = column.measurement.header().duration_s();
    let (left, right, top, bottom) = FIELD;
    let field = Field { left, right, top, bottom, seconds, low, high };
    writeln!(
        out,
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"Loudness and true peak over time\">",
        SIZE.0, SIZE.1
    )?;
    phrases(out, column, &field)?;
    grid(out, &field)?;
    target(out, column, &field)?;
    line(out, &field, &history.momentary_lufs, "mom")?;
    line(out, &field, &history.short_term_lufs, "short")?;
    peaks(out, column, &field)?;
    marks(out, column, &field)?;
    writeln!(out, "</svg>")
}

fn phrases(out: &mut dyn Write, column: &Column<'_>, field: &Field) -> fmt::Result {
    let rate = column.measurement.header().rate_hz();
    for (index, phrase) in column.measurement.phrases().iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
        let (start, end) =
            (field.x(phrase.start_frame as f64 / rate), field.x(phrase.end_frame as f64 / rate));
        let (width, height) = ((end - start).max(1.0), field.bottom - field.top);
        write!(
            out,
            "<rect class=\"speech\" x=\"{start:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>",
            field.top
        )?;
        if width > 22.0 {
            let (x, y) = (start + 5.0, field.top + 14.0);
            write!(out, "<text class=\"soft\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", index + 1)?;
        }
    }
    Ok(())
}

fn grid(out: &mut dyn Write, field: &Field) -> fmt::Result {
    let mut level = field.high;
    while level >= field.low {
        let y = field.y(level);
        write!(
            out,
            "<path class=\"grid\" d=\"M{:.1} {y:.1}H{:.1}\"/><text class=\"soft end\" x=\"{:.1}\" y=\"{:.1}\">{:.0}</text>",
            field.left,
            field.right,
            field.left - 8.0,
            y + 4.0,
            Num(level),
        )?;
        level -= GRID_LU;
    }
    write!(out, "<text class=\"soft\" x=\"{:.1}\" y=\"13\">LUFS</text>", field.left - 38.0)
}

fn target(out: &mut dyn Write, column: &Column<'_>, field: &Field) -> fmt::Result {
    let Some((low, aim, high)) = column.target() else { return Ok(()) };
    let (top, bottom) = (field.y(high.unwrap_or(aim)), field.y(low.unwrap_or(aim)));
    let y = field.y(aim);
    write!(
        out,
        "<rect class=\"band\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\"/><path class=\"aim\" d=\"M{:.1} {y:.1}H{:.1}\"/><text class=\"pass bold\" x=\"{:.1}\" y=\"{:.1}\">{:.1}</text>",
        field.left,
        field.right - field.left,
        (bottom - top).max(1.0),
        field.left,
        field.right,
        field.right + 6.0,
        y + 4.0,
        Num(aim),
    )
}

/// Maxima of equal pieces, and the seconds at which each piece ends.
pub(super) fn thinned(series: &[f32]) -> Vec<(f64, f64)> {
    let piece = series.len().div_ceil(MOST_POINTS).max(1);
    series
        .chunks(piece)
        .enumerate()
        .map(|(index, values)| {
            let level = values.iter().copied().filter(|v| v.is_finite());
            let level = level.fold(f32::NEG_INFINITY, f32::max);
            #[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
            let end_s = (index * piece + values.len()) as f64 * History::HOP_S;
            (end_s, f64::from(level))
        })
        .collect()
}

fn line(out: &mut dyn Write, field: &Field, series: &[f32], class: &str) -> fmt::Result {
    if series.is_empty() {
        return Ok(());
    }
    write!(out, "<path class=\"{class}\" d=\"")?;
    let mut pen = 'M';
    for (seconds, level) in thinned(series) {
        if level.is_finite() {
            write!(out, "{pen}{:.1} {:.1}", field.x(seconds), field.y(level))?;
            pen = 'L';
        } else {
            pen = 'M';
        }
    }
    write!(out, "\"/>")
}

/// The lane of true peaks; what exceeds the limit is darker and carries a mark above.
fn peaks(out: &mut dyn Write, column: &Column<'_>, field: &Field) -> fmt::Result {
    let series = thinned(&column.measurement.history().true_peak_dbtp);
    let limit = column.peak_limit();
    let highest = series.iter().map(|point| point.1).filter(|v| v.is_finite());
    let highest = highest.chain(limit).fold(0.0, f64::max).min(60.0);
    let lane = Field {
        left: field.left,
        right: field.right,
        top: LANE.0,
        bottom: LANE.1,
        seconds: field.seconds,
        low: LANE_LOW_DBTP,
        high: math::ceil((highest + 0.1) / 3.0) * 3.0,
    };
    let mut bars = [alloc::string::String::new(), alloc::string::String::new()];
    let mut before_s = 0.0;
    for (end_s, level) in series {
        if level.is_finite() {
            let over = limit.is_some_and(|limit| !within(level, None, Some(limit), true, None));
            let (x, width) = (lane.x(before_s), (lane.x(end_s) - lane.x(before_s)).max(0.5));
            let y = lane.y(level);
            let height = lane.bottom - y;
            write!(bars[usize::from(over)], "M{x:.1} {y:.1}h{width:.2}v{height:.1}h-{width:.2}z")?;
        }
        before_s = end_s;
    }
    for (bars, class) in bars.iter().zip(["tp", "over"]) {
        if !bars.is_empty() {
            write!(out, "<path class=\"{class}\" d=\"{bars}\"/>")?;
        }
    }
    write!(
        out,
        "<path class=\"axis\" d=\"M{:.1} {:.1}H{:.1}\"/><text class=\"soft end\" x=\"{:.1}\" y=\"{:.1}\">dBTP</text>",
        lane.left,
        lane.bottom,
        lane.right,
        lane.left - 8.0,
        (lane.top + lane.bottom) / 2.0 + 4.0,
    )?;
    if let Some(limit) = limit {
        let y = lane.y(limit);
        write!(
            out,
            "<path class=\"limit\" d=\"M{:.1} {y:.1}H{:.1}\"/><text class=\"fail\" x=\"{:.1}\" y=\"{:.1}\">{:.1}</text>",
            lane.left,
            lane.right,
            lane.right + 6.0,
            y + 4.0,
            Num(limit),
        )?;
    }
    over_marks(out, column, &lane)
}

fn over_marks(out: &mut dyn Write, column: &Column<'_>, lane: &Field) -> fmt::Result {
    let rate = column.measurement.header().rate_hz();
    let failing = column.report.delivery.with_verdict(Verdict::Fail);
    let of_peaks = failing.filter(|finding| finding.quantity == Some(Quantity::TruePeakDbtp));
    for place in of_peaks.flat_map(|finding| &finding.places) {
        #[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
        let middle = (place.in_frame as f64 + place.out_frame as f64) * 0.5 / rate;
        let (x, y) = (lane.x(middle), lane.top - 3.0);
        write!(out, "<path class=\"over\" d=\"M{x:.1} {y:.1}l-5 -8h10z\"/>")?;
        if let Some(value) = place.value {
            let near_end = x > lane.right - 90.0;
            let (at, class) = if near_end { (x - 8.0, " end") } else { (x + 8.0, "") };
            write!(
                out,
                "<text class=\"fail bold{class}\" x=\"{at:.1}\" y=\"{:.1}\">\u{2715} {:+.2} dBTP</text>",
                y - 1.0,
                Num(value),
            )?;
        }
    }
    Ok(())
}

fn marks(out: &mut dyn Write, column: &Column<'_>, field: &Field) -> fmt::Result {
    let header = column.measurement.header();
    let step = field.mark_s(10.0);
    let mut seconds = 0.0;
    while seconds < field.seconds {
        let x = field.x(seconds);
        if x < field.right - 34.0 || seconds == 0.0 {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the cast saturates"
            )]
            let timecode = header.timecode(math::round(seconds * header.rate_hz()) as u64);
            let class = if seconds == 0.0 { "soft" } else { "soft mid" };
            write!(
                out,
                "<path class=\"axis\" d=\"M{x:.1} {:.1}v4\"/><text class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
                LANE.1,
                SIZE.1 - 6.0,
                Minus(&alloc::format!("{timecode}")),
            )?;
        }
        seconds += step;
    }
    Ok(())
}
