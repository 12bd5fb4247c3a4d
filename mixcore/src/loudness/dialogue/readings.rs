//! Dialogue loudness: three measurements that go by one name, its share and its range.
//!
//! | definition | who asks for it | what counts |
//! |---|---|---|
//! | [`SpeechGated`](DialogueDefinition::SpeechGated) | Netflix, Amazon: "dialogue-gated BS.1770-1" | all speech, no level gate |
//! | [`SelectionAsGate`](DialogueDefinition::SelectionAsGate) | ATSC A/85, Annex M | gating blocks inside speech; no relative gate |
//! | [`GatedRegions`](DialogueDefinition::GatedRegions) | EBU R 128 s4 | the speech alone, with the gates of integrated loudness |
//!
//! > speech-gated: L = −0.691 + 10 log10(Σ energy / Σ frames) over the sub-blocks of the phrases
//! > selection as gate: mean power of the programme's 0.4 s blocks (every 0.1 s) that lie wholly
//! >   inside a phrase and pass the level gates that are left
//! > gated regions: both gates of BS.1770-5 over the 0.4 s blocks of the phrases joined end to end
//! > LDR = integrated loudness of the programme − dialogue loudness
//!
//! The range is that of EBU Tech 3342 over the phrases joined end to end: 3 s windows every 0.1 s of
//! dialogue, however many phrases they take, as a meter reads it that is paused in between. (Windows
//! of the programme would hold music and effects between the lines; few of them lie inside a phrase.)
//!
//! Sources: ITU-R BS.1770-1 and -5; EBU Tech 3343 (2023), clause 9.4; EBU Tech 3342 (2023). What the
//! platforms and ATSC A/85 (2026), Annex M ask for is known to us from second hand [unverified].
//! Cost: a pass over the history for each reading; a sort, or 128 passes without `alloc`, for the
//! range. Limits: phrases under 0.4 s have no gating block of their own.

use super::super::gating::{
    Gates, HOP_SUB_BLOCKS, MOMENTARY_SUB_BLOCKS, SHORT_TERM_SUB_BLOCKS, SubBlocks, gated_loudness,
    loudness, mean,
};
use super::super::range::{LoudnessRange, range_over};
use super::joined::{joined, joined_speech, windows};
use super::speech_activity::{Detector, Phrase, SpeechActivity, phrases};
use crate::error::Error;
use crate::units::{Lufs, Reading};

/// What "dialogue loudness" means.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
#[non_exhaustive]
pub enum DialogueDefinition {
    /// Ungated loudness (BS.1770-1) of all speech: "dialogue-gated", as streaming platforms ask.
    #[default]
    SpeechGated,
    /// The selection is the gate: gating blocks of the programme that lie inside speech, with level
    /// gates only as far as these say ([`DialogueDefinition::A85`]: the absolute one).
    SelectionAsGate(Gates),
    /// Integrated loudness of the speech alone, with level gates ([`DialogueDefinition::R128_S4`]:
    /// those of BS.1770-5).
    GatedRegions(Gates),
}

impl DialogueDefinition {
    /// The selection replaces the relative gate, the absolute one stays (ATSC A/85, Annex M).
    pub const A85: Self =
        Self::SelectionAsGate(Gates { absolute_lufs: -70.0, relative_lu: f64::NEG_INFINITY });
    /// The selection replaces both gates.
    pub const SELECTION: Self = Self::SelectionAsGate(Gates {
        absolute_lufs: f64::NEG_INFINITY,
        relative_lu: f64::NEG_INFINITY,
    });
    /// Both gates of BS.1770-5 over the speech (EBU R 128 s4).
    pub const R128_S4: Self =
        Self::GatedRegions(Gates { absolute_lufs: -70.0, relative_lu: -10.0 });

    /// What is measured, in words for a report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SpeechGated => "speech gate over ungated BS.1770-1",
            Self::SelectionAsGate(_) => "gating blocks inside speech, the selection as gate",
            Self::GatedRegions(_) => "level-gated loudness of the speech alone",
        }
    }

    fn gates(self) -> Option<Gates> {
        match self {
            Self::SpeechGated => None,
            Self::SelectionAsGate(gates) | Self::GatedRegions(gates) => Some(gates),
        }
    }
}

/// What the share of dialogue is a share of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum DialogueShare {
    /// The whole programme, silence included.
    #[default]
    Programme,
    /// What lies above BS.1770's absolute gate: sub-blocks (10 ms) at or below −70 LUFS count neither
    /// in the dialogue nor in the programme.
    AboveAbsoluteGate,
}

/// How dialogue is read.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct DialogueSetup {
    /// What dialogue loudness means.
    pub definition: DialogueDefinition,
    /// What the share of dialogue is a share of.
    pub share_of: DialogueShare,
}

/// Readings of the dialogue of a programme.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct DialogueReadings {
    /// What decided where there is speech, and whether it is the licensed gate.
    pub detector: Detector,
    /// How dialogue was read.
    pub setup: DialogueSetup,
    /// Loudness of the programme while there is dialogue, LUFS.
    pub dialogue_lufs: Reading,
    /// Integrated loudness of the programme minus that, LU.
    pub ldr_lu: Reading,
    /// Share of the dialogue, percent of what the setup says.
    pub dialogue_percent: Reading,
    /// Duration of the phrases, s.
    pub dialogue_s: f64,
}

/// Reads the dialogue of a programme.
///
/// Detector and programme begin at the same frame; phrases beyond the programme's end do not count.
/// Dialogue loudness is [`Reading::BelowGate`] where there is no speech, or none above the gates.
///
/// # Errors
/// A detector at another sample rate than the programme; gates as in [`SubBlocks::gated_lufs`].
///
/// # Example
/// ```
/// use mixcore::loudness::{
///     DialogueDefinition, DialogueSetup, Region, SpeechRegions, SubBlocks, dialogue,
/// };
/// // 10 s at -20 LUFS and 10 s at -35 LUFS, 480 frames a sub-block; speech from 8 to 14 s.
/// let power = |lufs: f64| 10_f64.powf((lufs + 0.691) / 10.0) * 480.0;
/// let mut energies = vec![power(-20.0); 1000];
/// energies.extend([power(-35.0); 1000]);
/// let programme = SubBlocks::new(&energies, 48_000.0)?;
/// let mut list = [Region { start_frame: 384_000, end_frame: 672_000 }];
/// let speech = SpeechRegions::new_in(&mut list, 48_000.0)?;
/// let read = |definition| {
///     let setup = DialogueSetup { definition, ..DialogueSetup::default() };
///     dialogue(programme, &speech, setup)
/// };
/// let ungated = read(DialogueDefinition::SpeechGated)?;
/// assert_eq!(ungated.dialogue_percent.value(), Some(30.0));
/// // A third of the speech is loud, the rest adds 0.3 dB: -20 - 4.77 + 0.27.
/// assert!((ungated.dialogue_lufs.value().unwrap() + 24.5).abs() < 0.01);
/// // The relative gate leaves the loud third, and the blocks that reach into it.
/// let gated = read(DialogueDefinition::R128_S4)?;
/// assert!((gated.dialogue_lufs.value().unwrap() + 20.0).abs() < 0.4);
/// # Ok::<(), mixcore::Error>(())
/// ```
pub fn dialogue(
    programme: SubBlocks<'_>,
    speech: &dyn SpeechActivity,
    setup: DialogueSetup,
) -> Result<DialogueReadings, Error> {
    let dialogue_lufs = loudness_of(programme, speech, setup.definition)?;
    let dialogue_frames: u64 = joined_speech(programme, speech).map(|(_, frames)| frames).sum();
    #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
    let dialogue_s = dialogue_frames as f64 / programme.rate_hz();
    Ok(DialogueReadings {
        detector: speech.detector(),
        setup,
        dialogue_lufs,
        ldr_lu: programme.integrated_lufs().zip(dialogue_lufs, |all, dialogue| all - dialogue),
        dialogue_percent: share(programme, speech, setup.share_of),
        dialogue_s,
    })
}

/// The programme and its detector run at one rate.
pub(super) fn check_rate(
    programme: SubBlocks<'_>,
    speech: &dyn SpeechActivity,
) -> Result<(), Error> {
    let rate_hz = speech.rate_hz();
    Error::check_range("programme rate_hz", programme.rate_hz(), rate_hz, rate_hz).map(|_| ())
}

/// Dialogue loudness alone.
pub(super) fn loudness_of(
    programme: SubBlocks<'_>,
    speech: &dyn SpeechActivity,
    definition: DialogueDefinition,
) -> Result<Reading, Error> {
    check_rate(programme, speech)?;
    if let Some(gates) = definition.gates() {
        // The one place that knows what a gate may be; nothing is read of no sub-blocks.
        programme.range(0, 0).gated_lufs(gates)?;
    }
    Ok(match definition {
        DialogueDefinition::SpeechGated => ungated(joined_speech(programme, speech)),
        DialogueDefinition::SelectionAsGate(gates) => {
            gated_loudness(|| selected_blocks(programme, speech), gates)
        }
        DialogueDefinition::GatedRegions(gates) => gated_loudness(
            || windows(joined_speech(programme, speech), MOMENTARY_SUB_BLOCKS),
            gates,
        ),
    })
}

/// Loudness of (energy, frames) without any gate.
pub(super) fn ungated(sub_blocks: impl Iterator<Item = (f64, u64)> + Clone) -> Reading {
    let frames: u64 = sub_blocks.clone().map(|(_, frames)| frames).sum();
    let count = sub_blocks.clone().count();
    #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
    let (frames, count) = (frames as f64, count as f64);
    mean(sub_blocks.map(|(energy, _)| energy))
        .map_or(Reading::BelowGate, |energy| loudness(energy * count / frames))
}

/// Level-gated loudness of stretches of a programme, joined.
pub(super) fn gated_over<'a>(
    programme: SubBlocks<'a>,
    stretches: impl Iterator<Item = Phrase> + Clone + 'a,
) -> Reading {
    gated_loudness(
        || windows(joined(programme, stretches.clone()), MOMENTARY_SUB_BLOCKS),
        Gates::default(),
    )
}

/// Powers of the programme's gating blocks that lie inside a phrase.
fn selected_blocks<'a>(
    programme: SubBlocks<'a>,
    speech: &'a dyn SpeechActivity,
) -> impl Iterator<Item = f64> + 'a {
    let length = programme.len();
    phrases(speech).take_while(move |phrase| phrase.start < length).flat_map(move |phrase| {
        let first = phrase.start.div_ceil(HOP_SUB_BLOCKS) * HOP_SUB_BLOCKS;
        let end = phrase.end.min(length);
        (first..end)
            .step_by(HOP_SUB_BLOCKS)
            .take_while(move |start| start + MOMENTARY_SUB_BLOCKS <= end)
            .map(move |start| programme.window_power(start, MOMENTARY_SUB_BLOCKS))
    })
}

fn share(programme: SubBlocks<'_>, speech: &dyn SpeechActivity, of: DialogueShare) -> Reading {
    if programme.is_empty() {
        return programme.too_short(1);
    }
    let gate = Lufs::new(Gates::default().absolute_lufs).power().value();
    let counts = |&(energy, frames): &(f64, u64)| {
        #[expect(clippy::cast_precision_loss, reason = "frames of 10 ms")]
        let power = energy / frames as f64;
        of == DialogueShare::Programme || power > gate
    };
    let frames = |sub_blocks: &mut dyn Iterator<Item = (f64, u64)>| -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        {
            sub_blocks.filter(counts).map(|(_, frames)| frames).sum::<u64>() as f64
        }
    };
    let whole = Phrase::of_sub_blocks(0, programme.len(), programme.rate_hz());
    let all = frames(&mut joined(programme, core::iter::once(whole)));
    if all == 0.0 {
        return Reading::BelowGate;
    }
    Reading::Value(100.0 * frames(&mut joined_speech(programme, speech)) / all)
}

/// The loudness range of the dialogue, and what found it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct DialogueRange {
    /// What decided where there is speech.
    pub detector: Detector,
    /// The range of the joined phrases.
    pub range: LoudnessRange,
}

/// Loudness range of the programme while there is dialogue: the phrases joined end to end.
///
/// [`Reading::TooShort`] for under 3 s of dialogue; not stable under 60 s of it, as for a programme.
///
/// # Errors
/// A detector at another sample rate than the programme.
///
/// # Source
/// EBU Tech 3342 (2023) on the joined dialogue; the joining is our reading of "dialogue LRA", which
/// no document that we could read defines.
pub fn dialogue_range(
    programme: SubBlocks<'_>,
    speech: &dyn SpeechActivity,
) -> Result<DialogueRange, Error> {
    check_rate(programme, speech)?;
    let detector = speech.detector();
    let sub_blocks = || joined_speech(programme, speech);
    if sub_blocks().nth(SHORT_TERM_SUB_BLOCKS - 1).is_none() {
        let frames: u64 = sub_blocks().map(|(_, frames)| frames).sum();
        #[expect(clippy::cast_precision_loss, reason = "a window's length")]
        let (have_s, need_s) = (frames as f64 / programme.rate_hz(), 3.0);
        let range = LoudnessRange::none(Reading::TooShort { have_s, need_s });
        return Ok(DialogueRange { detector, range });
    }
    let range = range_over(|| windows(sub_blocks(), SHORT_TERM_SUB_BLOCKS));
    Ok(DialogueRange { detector, range })
}
