//! Where in time a finding lies, neighbours joined; and its fingerprint.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::compare::within;
use super::{Header, History, Measurement, Of, Place, Quantity, Rule};
use crate::math;

/// Places closer than this are one place for whoever has to mend them, seconds.
///
/// Source: the same gap that joins two words to a phrase (mixcore's demo, `truth.json`).
const JOIN_GAP_S: f64 = 0.4;

/// Most places of one finding that are listed.
const MAX_PLACES: usize = 1000;

/// The places of a run of things, and how many more there are.
pub(super) fn places(rule: &Rule, things: &[Of], measurement: &Measurement) -> (Vec<Place>, usize) {
    let header = measurement.header();
    let mut found = Vec::new();
    for of in things {
        let before = found.len();
        match of {
            Of::Phrase(index) => {
                if let Some(phrase) = measurement.phrases().get(*index) {
                    let value = measurement.get_of(of, rule.quantity).value();
                    let (start, end) = (phrase.start_frame, phrase.end_frame);
                    found.push(Place::new(header, start, end, of.to_string(), value));
                }
            }
            Of::Programme => found.extend(over_limit(rule, measurement)),
            _ => {}
        }
        if found.len() == before
            && let Some(frame) = measurement.frame_of(of, rule.quantity)
        {
            let value = measurement.get_of(of, rule.quantity).value();
            let what = match of {
                Of::Programme => "maximum".into(),
                of => format!("maximum of {of}"),
            };
            found.push(Place::new(header, frame, frame.saturating_add(1), what, value));
        }
    }
    let left_out = found.len().saturating_sub(MAX_PLACES);
    found.truncate(MAX_PLACES);
    (found, left_out)
}

/// Where a programme's peak or sliding loudness exceeds the rule's upper limit.
fn over_limit(rule: &Rule, measurement: &Measurement) -> Vec<Place> {
    let Some(high) = rule.high else { return Vec::new() };
    let header = measurement.header();
    let what = format!("over {high:?} {}", rule.quantity.unit());
    let history = measurement.history();
    let series = match rule.quantity {
        Quantity::TruePeakDbtp => {
            let exact = measurement.excursions().iter().filter(|e| e.over_dbtp == high);
            let exact: Vec<_> = exact.map(|e| (e.start_frame, e.end_frame, e.peak_dbtp)).collect();
            if !exact.is_empty() {
                return joined(header, &what, exact.into_iter());
            }
            &history.true_peak_dbtp
        }
        Quantity::MomentaryMaxLufs => &history.momentary_lufs,
        Quantity::ShortTermMaxLufs => &history.short_term_lufs,
        _ => return Vec::new(),
    };
    let window_s = rule.quantity.info().window_s.unwrap_or(History::HOP_S);
    let stretches = series.iter().enumerate().filter_map(|(index, &value)| {
        let value = f64::from(value);
        let over =
            value.is_finite() && !within(value, None, Some(high), rule.inclusive, rule.decimals());
        #[expect(clippy::cast_precision_loss, reason = "an index of 100 ms")]
        let end_s = (index + 1) as f64 * History::HOP_S;
        over.then(|| (frame_at(header, end_s - window_s), frame_at(header, end_s), value))
    });
    joined(header, &what, stretches)
}

fn frame_at(header: &Header, seconds: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates; what lies before the start is the start"
    )]
    {
        math::round(seconds * header.rate_hz()) as u64
    }
}

/// Joins stretches (first frame, frame after the last, value) that are close; keeps the highest.
fn joined(
    header: &Header,
    what: &str,
    stretches: impl Iterator<Item = (u64, u64, f64)>,
) -> Vec<Place> {
    let gap = frame_at(header, JOIN_GAP_S);
    let mut runs: Vec<(u64, u64, f64)> = Vec::new();
    for (start, end, value) in stretches {
        match runs.last_mut() {
            Some(last) if start <= last.1.saturating_add(gap) => {
                last.1 = last.1.max(end);
                last.2 = last.2.max(value);
            }
            _ => runs.push((start, end, value)),
        }
    }
    runs.into_iter()
        .map(|(start, end, value)| Place::new(header, start, end, what.to_string(), Some(value)))
        .collect()
}

/// From the first place to the last.
pub(super) fn span(places: &[Place], header: &Header) -> Option<Place> {
    let start = places.iter().map(|place| place.in_frame).min()?;
    let end = places.iter().map(|place| place.out_frame).max()?;
    let what = match places {
        [one] => one.what.clone(),
        many => format!("{} places", many.len()),
    };
    let value = if let [one] = places { one.value } else { None };
    Some(Place::new(header, start, end, what, value))
}

/// The fingerprint of a finding, see [`super::Finding::fingerprint`].
pub(super) fn fingerprint(id: &str, rule_id: &str, of: &str, start: Option<(u64, f64)>) -> String {
    #[expect(clippy::cast_precision_loss, reason = "frames of a programme fit into 53 bits")]
    let tenth = start.map_or_else(String::new, |(frame, rate_hz)| {
        format!("{:.0}", math::floor(frame as f64 / rate_hz * 10.0 + 1e-9))
    });
    format!("{:016x}", fnv1a([id, rule_id, of, &tenth]))
}

/// 64-bit FNV-1a over texts, each followed by a zero byte.
///
/// Source: Fowler, Noll, Vo: offset basis and prime of the 64-bit variant (draft-eastlake-fnv).
fn fnv1a<'a>(texts: impl IntoIterator<Item = &'a str>) -> u64 {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    texts
        .into_iter()
        .flat_map(|text| text.bytes().chain([0]))
        .fold(OFFSET_BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        // The published vector of "a" is 0xaf63dc4c8601ec8c; a zero byte follows.
        let expected = 0xaf63_dc4c_8601_ec8c_u64.wrapping_mul(0x0000_0100_0000_01b3);
        assert_eq!(fnv1a(["a"]), expected);
    }
}
