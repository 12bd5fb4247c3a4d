//! Any layout into any other: the conversion rules of ITU-R BS.2127.
//!
//! Each source loudspeaker goes by the first rule whose loudspeakers the target has: to its own
//! place, else to one neighbour, else to several with powers that add up to 1, else (beside and
//! behind a listener who has only a front) with half of its power, so that the surround does not
//! drown the screen. What follows is written for the left; the right is its mirror. LFEs go to LFEs
//! only: one to one where both layouts have as many, two into one at 1/√2 each, none where there
//! is none.
//!
//! NOTE on M±SC (system G's screen edges), which have no rule: BS.2127 pans them at their nominal
//! 15°. That is halfway between centre and side; where there is no centre, its panner for two
//! loudspeakers folds that centre at √⅓ and restores the power, hence (4 + 2√3) : 1 in power.
//!
//! NOTE on layouts that BS.2051 does not name: the rules go by labels, so they hold there too. One is
//! ours: where the only height is a pair above the sides (7.1.2), that pair stands for the whole
//! ceiling and takes each height loudspeaker of its side at unity. Mono is heard through stereo:
//! (Lo + Ro)/2 on both loudspeakers (see [`super::downmix_matrix`]).
//!
//! Source: ITU-R BS.2127-1, DirectSpeakers, rules for loudspeaker labels, as held by the EBU ADM
//! Renderer 2.1.0; 100 of its matrices are compared in `tests/all/conversion.rs`.

use super::DownmixMatrix;
use crate::audio::{Layout, Speaker};
use crate::math;

const BS2127: &str = "ITU-R BS.2127-1, DirectSpeakers conversion rules (EBU ADM Renderer 2.1.0)";
const BS2127_BY_LABEL: &str =
    "ITU-R BS.2127-1, DirectSpeakers conversion rules by label, for a layout outside BS.2051";
const BS2127_MONO: &str = "ITU-R BS.2127-1, DirectSpeakers conversion rules to stereo, then (Lo + Ro)/2 for playback as dual mono";

/// Powers of a phantom source: halves, thirds, quarters.
const HALF: f64 = 1.0 / 2.0;
const THIRD: f64 = 1.0 / 3.0;
const TWO_THIRDS: f64 = 2.0 / 3.0;
const QUARTER: f64 = 1.0 / 4.0;
const SQRT_3: f64 = 1.732_050_807_568_877_2;
/// M+SC between two loudspeakers: l : r = 1 + √⅓ : √⅓, l² + r² = 1.
const SCREEN_NEAR: f64 = (4.0 + 2.0 * SQRT_3) / (5.0 + 2.0 * SQRT_3);
const SCREEN_FAR: f64 = 1.0 / (5.0 + 2.0 * SQRT_3);

/// Where a loudspeaker goes, as shares of its power.
struct Rule {
    input: &'static str,
    /// Only from 22.2.
    only_22_2: bool,
    outputs: &'static [(&'static str, f64)],
}

const fn rule(input: &'static str, outputs: &'static [(&'static str, f64)]) -> Rule {
    Rule { input, only_22_2: false, outputs }
}

const fn rule_22_2(input: &'static str, outputs: &'static [(&'static str, f64)]) -> Rule {
    Rule { input, only_22_2: true, outputs }
}

/// The rules but for the first one, "to its own place", and their mirrors; of several for one
/// loudspeaker the first that fits counts.
const RULES: &[Rule] = &[
    rule("M+000", &[("M+030", HALF), ("M-030", HALF)]),
    rule("M+060", &[("M+030", TWO_THIRDS), ("M+110", THIRD)]),
    rule("M+060", &[("M+030", HALF), ("M+090", HALF)]),
    rule("M+060", &[("M+030", 1.0)]),
    rule_22_2("M+090", &[("M+030", THIRD), ("M+110", TWO_THIRDS)]),
    rule("M+090", &[("M+030", HALF), ("M+110", HALF)]),
    rule("M+090", &[("M+030", HALF)]),
    rule("M+110", &[("M+135", 1.0)]),
    rule("M+110", &[("M+030", HALF)]),
    rule("M+135", &[("M+110", 1.0)]),
    rule("M+135", &[("M+030", HALF)]),
    rule("M+180", &[("M+135", HALF), ("M-135", HALF)]),
    rule("M+180", &[("M+110", HALF), ("M-110", HALF)]),
    rule("M+180", &[("M+030", QUARTER), ("M-030", QUARTER)]),
    rule("M+SC", &[("M+000", HALF), ("M+030", HALF)]),
    rule("M+SC", &[("M+030", SCREEN_NEAR), ("M-030", SCREEN_FAR)]),
    rule("U+000", &[("U+030", HALF), ("U-030", HALF)]),
    rule("U+000", &[("U+045", HALF), ("U-045", HALF)]),
    rule("U+000", &[("M+000", 1.0)]),
    rule("U+000", &[("M+030", HALF), ("M-030", HALF)]),
    rule("U+030", &[("U+045", 1.0)]),
    rule("U+030", &[("U+090", 1.0)]),
    rule("U+030", &[("M+030", 1.0)]),
    rule("U+045", &[("U+030", 1.0)]),
    rule("U+045", &[("U+090", 1.0)]),
    rule("U+045", &[("M+030", 1.0)]),
    rule_22_2("U+090", &[("U+045", TWO_THIRDS), ("UH+180", THIRD)]),
    rule("U+090", &[("U+030", HALF), ("U+110", HALF)]),
    rule("U+090", &[("U+045", HALF), ("U+135", HALF)]),
    rule("U+090", &[("M+090", 1.0)]),
    rule("U+090", &[("U+030", HALF), ("M+110", HALF)]),
    rule("U+090", &[("M+030", HALF), ("M+110", HALF)]),
    rule("U+090", &[("M+030", HALF)]),
    rule("U+110", &[("U+135", 1.0)]),
    rule("U+110", &[("U+045", HALF), ("UH+180", HALF)]),
    rule("U+110", &[("U+090", 1.0)]),
    rule("U+110", &[("M+110", 1.0)]),
    rule("U+110", &[("M+135", 1.0)]),
    rule("U+110", &[("M+030", HALF)]),
    rule("U+135", &[("U+110", 1.0)]),
    rule_22_2("U+135", &[("U+045", THIRD), ("UH+180", TWO_THIRDS)]),
    rule("U+135", &[("U+045", HALF), ("UH+180", HALF)]),
    rule("U+135", &[("U+090", 1.0)]),
    rule("U+135", &[("M+135", 1.0)]),
    rule("U+135", &[("M+110", 1.0)]),
    rule("U+135", &[("M+030", HALF)]),
    rule("U+180", &[("UH+180", 1.0)]),
    rule("U+180", &[("U+135", HALF), ("U-135", HALF)]),
    rule("U+180", &[("U+110", HALF), ("U-110", HALF)]),
    rule("U+180", &[("M+135", HALF), ("M-135", HALF)]),
    rule("U+180", &[("M+110", HALF), ("M-110", HALF)]),
    rule("U+180", &[("M+030", QUARTER), ("M-030", QUARTER)]),
    rule("UH+180", &[("U+180", 1.0)]),
    rule("UH+180", &[("U+135", HALF), ("U-135", HALF)]),
    rule("UH+180", &[("U+110", HALF), ("U-110", HALF)]),
    rule("UH+180", &[("M+135", HALF), ("M-135", HALF)]),
    rule("UH+180", &[("M+110", HALF), ("M-110", HALF)]),
    rule("UH+180", &[("M+030", QUARTER), ("M-030", QUARTER)]),
    rule(
        "T+000",
        &[("U+045", QUARTER), ("U-045", QUARTER), ("U+135", QUARTER), ("U-135", QUARTER)],
    ),
    rule(
        "T+000",
        &[("U+030", QUARTER), ("U-030", QUARTER), ("U+110", QUARTER), ("U-110", QUARTER)],
    ),
    rule("T+000", &[("U+045", THIRD), ("U-045", THIRD), ("UH+180", THIRD)]),
    rule("T+000", &[("U+090", HALF), ("U-090", HALF)]),
    rule(
        "T+000",
        &[("U+045", QUARTER), ("U-045", QUARTER), ("M+135", QUARTER), ("M-135", QUARTER)],
    ),
    rule(
        "T+000",
        &[("U+030", QUARTER), ("U-030", QUARTER), ("M+110", QUARTER), ("M-110", QUARTER)],
    ),
    rule(
        "T+000",
        &[("M+030", QUARTER), ("M-030", QUARTER), ("M+135", QUARTER), ("M-135", QUARTER)],
    ),
    rule(
        "T+000",
        &[("M+030", QUARTER), ("M-030", QUARTER), ("M+110", QUARTER), ("M-110", QUARTER)],
    ),
    rule("T+000", &[("M+030", QUARTER), ("M-030", QUARTER)]),
    rule("B+000", &[("M+000", 1.0)]),
    rule("B+000", &[("M+030", HALF), ("M-030", HALF)]),
    rule("B+045", &[("M+030", 1.0)]),
];

/// Whether `label` is the one that a rule names, or its mirror.
fn is_label(label: &str, named: &str, mirrored: bool) -> bool {
    // In front, behind and above there is one loudspeaker only.
    let single = named.ends_with("000") || named.ends_with("180");
    let flip = |byte: u8| match byte {
        b'+' if mirrored && !single => b'-',
        b'-' if mirrored && !single => b'+',
        other => other,
    };
    label.len() == named.len() && label.bytes().eq(named.bytes().map(flip))
}

/// Channel of a label that a rule names, or of its mirror.
fn channel(target: Layout, named: &str, mirrored: bool) -> Option<usize> {
    target.speakers().iter().position(|speaker| is_label(speaker.label, named, mirrored))
}

/// The rule for a loudspeaker that the target lacks, and whether it is taken in the mirror.
fn applying(source: Layout, target: Layout, label: &str) -> Option<(&'static Rule, bool)> {
    let from_22_2 = source == Layout::SURROUND_22_2;
    let sides = |rule: &'static Rule| [(rule, false), (rule, true)];
    RULES.iter().filter(|rule| from_22_2 || !rule.only_22_2).flat_map(sides).find(
        |(rule, mirrored)| {
            let there = |(named, _): &(&str, f64)| channel(target, named, *mirrored).is_some();
            is_label(label, rule.input, *mirrored) && rule.outputs.iter().all(there)
        },
    )
}

fn lfes(layout: Layout) -> impl Iterator<Item = usize> {
    let channels = layout.speakers().iter().enumerate();
    channels.filter(|(_, speaker)| speaker.lfe).map(|(channel, _)| channel)
}

/// Fills the columns of the LFEs.
fn connect_lfes(matrix: &mut DownmixMatrix) {
    let (source, target) = (matrix.source(), matrix.target());
    if lfes(source).count() > lfes(target).count() {
        for (input, output) in lfes(source).flat_map(|i| lfes(target).map(move |o| (i, o))) {
            matrix.set(output, input, math::sqrt(HALF));
        }
    } else {
        for (input, output) in lfes(source).zip(lfes(target)) {
            matrix.set(output, input, 1.0);
        }
    }
}

fn connect(matrix: &mut DownmixMatrix, input: usize, speaker: &Speaker) {
    let (source, target) = (matrix.source(), matrix.target());
    if let Some(output) = target.index_of(speaker.label) {
        matrix.set(output, input, 1.0);
    } else if let Some((rule, mirrored)) = applying(source, target, speaker.label) {
        for (named, power) in rule.outputs {
            if let Some(output) = channel(target, named, mirrored) {
                matrix.set(output, input, math::sqrt(*power));
            }
        }
    }
}

/// The matrix of BS.2127's conversion rules from any layout to any other (see the module's text).
///
/// Every loudspeaker of every layout has a rule for every target, so nothing but an LFE is lost.
/// For what a viewer's receiver does ask [`super::downmix_matrix`]; it differs for mono alone, which
/// these rules send to stereo at 1/√2 each.
///
/// # Example
/// ```
/// use mixcore::Layout;
/// use mixcore::spatial::conversion_matrix;
/// let stereo = conversion_matrix(Layout::SURROUND_22_2, Layout::STEREO);
/// assert_eq!(stereo.gain(0, 8), Some(0.5)); // what is straight behind, to the left
/// assert!((stereo.peak_bound_db() - 20.38).abs() < 0.005);
/// ```
#[must_use]
pub fn conversion_matrix(source: Layout, target: Layout) -> DownmixMatrix {
    if target == Layout::MONO && source != Layout::MONO {
        let stereo = conversion_matrix(source, Layout::STEREO);
        let mut mono = DownmixMatrix::empty(source, target, BS2127_MONO);
        for input in 0..source.channel_count() {
            let both = stereo.gain(0, input).unwrap_or(0.0) + stereo.gain(1, input).unwrap_or(0.0);
            mono.set(0, input, 0.5 * both);
        }
        return mono;
    }
    let named = source.system().is_some() && target.system().is_some();
    let citation = if named { BS2127 } else { BS2127_BY_LABEL };
    let mut matrix = DownmixMatrix::empty(source, target, citation);
    for (input, speaker) in source.speakers().iter().enumerate() {
        if !speaker.lfe {
            connect(&mut matrix, input, speaker);
        }
    }
    connect_lfes(&mut matrix);
    matrix
}
