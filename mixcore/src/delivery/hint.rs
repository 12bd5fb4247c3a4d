//! The way out of a finding, in a sentence of the trade.

use alloc::format;
use alloc::string::String;

use super::{Quantity, QuantityKind, Rule, Spec};

/// What to do about a reading outside its limits; `excess` is how far, always positive.
pub(super) fn hint(rule: &Rule, value: f64, excess: f64) -> String {
    if !rule.hint.is_empty() {
        return rule.hint.clone();
    }
    let too_high = rule.high.is_some_and(|high| value > high);
    let away = rule.aim.map_or(excess, |aim| (value - aim).abs());
    match (rule.quantity, too_high) {
        (Quantity::IntegratedLufs, true) => format!("lower the programme by {away:.1} dB"),
        (Quantity::IntegratedLufs, false) => {
            format!("raise the programme by {away:.1} dB and limit the true peak again")
        }
        (Quantity::DialogueLufs, true) => format!("lower the whole mix by {away:.1} dB"),
        (Quantity::DialogueLufs, false) => {
            format!("raise the whole mix by {away:.1} dB and limit the true peak again")
        }
        (
            Quantity::TruePeakDbtp | Quantity::TruePeakAnnex2Dbtp | Quantity::TruePeak49TapDbtp,
            _,
        ) => {
            let ceiling = rule.high.unwrap_or_default() - Spec::TRUE_PEAK_MARGIN_DB;
            format!("limit to {ceiling:.1} dBTP at the places named, then measure again")
        }
        (Quantity::SamplePeakDbfs, _) => {
            format!("lower or limit the peaks by {excess:.1} dB at the places named")
        }
        (Quantity::MomentaryMaxLufs | Quantity::ShortTermMaxLufs, true) => {
            format!("ride the named places down by {excess:.1} LU; do not limit the whole")
        }
        (Quantity::LoudnessRangeLu | Quantity::DialogueRangeLu, true) => {
            format!("lift the quiet or ride the loud passages: {excess:.1} LU too wide")
        }
        (Quantity::LdrLu, true) => {
            format!("raise the dialogue or lower the background by {excess:.1} LU")
        }
        (Quantity::DialogueOverMusicLu, false) => {
            format!("lower the music by {excess:.1} LU here, or raise the dialogue")
        }
        (Quantity::MonoLossLu, true) => {
            "check the polarity of one channel and the delay between them; narrow the stem if neither is wrong".into()
        }
        (quantity, _) => {
            let word = if too_high { "too high" } else { "too low" };
            let unit = quantity.unit();
            match quantity.info().kind {
                QuantityKind::Count => format!("{word}: find where they come from"),
                _ => format!("{word} by {excess:.1} {unit}"),
            }
        }
    }
}
