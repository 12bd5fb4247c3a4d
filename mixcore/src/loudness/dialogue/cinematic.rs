//! Dialogue loudness of cinematic content, in both forms of EBU R 128 s4.
//!
//! > wide range: level-gated loudness of (nearly) all speech
//! > narrow range: mean of three sections of about 30 s of on-screen dialogue without music and
//! >   effects, from the beginning, the middle and the end
//! > LDR = programme loudness − dialogue loudness
//!
//! Choosing sections is a person's work: only they see what is on screen and hear what is music. If
//! the caller gives none, each third of the programme gives its 30 s with most speech, beginning with
//! a phrase (the first of equals), and of these only the speech is measured; music and effects under
//! it are not looked for.
//!
//! The mean is that of the three readings in LUFS, as somebody forms it who measures three sections;
//! Tech 3343 says "mean" and no more, as far as we know it [unverified]. The mean of the powers,
//! which is never below it, stands beside it: 1 dB more for readings of -22, -24 and -28 LUFS.
//!
//! Sources: EBU R 128 s4 and EBU Tech 3343 (2023), clause 9.4, from notes on a copy that was read
//! before; the choice of sections is ours.

use super::super::gating::{SUB_BLOCKS_PER_S, SubBlocks, loudness};
use super::readings::{DialogueDefinition, check_rate, gated_over, loudness_of};
use super::regions::Region;
use super::speech_activity::{Detector, Phrase, SpeechActivity, phrases};
use crate::error::Error;
use crate::units::{Lufs, Reading};

/// Length of a section, s (EBU Tech 3343, clause 9.4: "about 30 s").
const SECTION_S: f64 = 30.0;
/// Sections.
const SECTIONS: usize = 3;

/// Where the sections of the narrow range come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NarrowSections {
    /// From the caller: measured whole, with the gates of integrated loudness.
    Given([Region; SECTIONS]),
    /// Chosen by the amount of speech, one in each third of the programme; the speech is measured.
    MostSpeech,
}

/// The narrow-range reading of R 128 s4.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct NarrowRange {
    /// What decided where there is speech; `None` for given sections, which are measured whole.
    pub detector: Option<Detector>,
    /// Mean of the three readings, LUFS.
    pub dialogue_lufs: Reading,
    /// Loudness of the mean of their powers, LUFS.
    pub power_mean_lufs: Reading,
    /// Integrated loudness of the programme minus `dialogue_lufs`, LU.
    pub ldr_lu: Reading,
    /// The three readings, LUFS.
    pub section_lufs: [Reading; SECTIONS],
    /// Where they were read.
    pub sections: [Region; SECTIONS],
}

/// The wide-range reading of R 128 s4.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct WideRange {
    /// What decided where there is speech.
    pub detector: Detector,
    /// Loudness of all speech, with the gates of integrated loudness, LUFS.
    pub dialogue_lufs: Reading,
    /// Integrated loudness of the programme minus that, LU.
    pub ldr_lu: Reading,
}

/// Integrated loudness of the programme minus that of the dialogue.
fn ldr_lu(programme: SubBlocks<'_>, dialogue_lufs: Reading) -> Reading {
    programme.integrated_lufs().zip(dialogue_lufs, |all, dialogue| all - dialogue)
}

/// Dialogue loudness in the wide range of EBU R 128 s4: all speech.
///
/// # Errors
/// A detector at another sample rate than the programme.
pub fn wide_range(
    programme: SubBlocks<'_>,
    speech: &dyn SpeechActivity,
) -> Result<WideRange, Error> {
    let dialogue_lufs = loudness_of(programme, speech, DialogueDefinition::R128_S4)?;
    let ldr_lu = ldr_lu(programme, dialogue_lufs);
    Ok(WideRange { detector: speech.detector(), dialogue_lufs, ldr_lu })
}

/// Dialogue loudness in the narrow range of EBU R 128 s4.
///
/// With sections of its own choice it is [`Reading::TooShort`] for a programme under 90 s.
///
/// # Errors
/// A detector at another sample rate than the programme; a given section that is shorter than 0.4 s
/// or ends after the programme.
pub fn narrow_range(
    programme: SubBlocks<'_>,
    speech: &dyn SpeechActivity,
    sections: NarrowSections,
) -> Result<NarrowRange, Error> {
    check_rate(programme, speech)?;
    let rate_hz = programme.rate_hz();
    let mut section_lufs = [Reading::NotApplicable; SECTIONS];
    let mut places = [Region { start_frame: 0, end_frame: 0 }; SECTIONS];
    match sections {
        NarrowSections::Given(given) => {
            for (index, section) in given.into_iter().enumerate() {
                let last = programme.start_frame(programme.len());
                let place = section.sub_blocks(rate_hz)?;
                if section.end_frame > last {
                    #[expect(clippy::cast_precision_loss, reason = "frames fit into 53 bits")]
                    Error::check_range(
                        "section end_frame",
                        section.end_frame as f64,
                        0.0,
                        last as f64,
                    )?;
                }
                section_lufs[index] = programme.range(place.start, place.end).integrated_lufs();
                places[index] = section;
            }
        }
        NarrowSections::MostSpeech => {
            let need_s = SECTION_S * 3.0;
            if programme.duration_s() < need_s {
                let have_s = programme.duration_s();
                section_lufs = [Reading::TooShort { have_s, need_s }; SECTIONS];
            } else {
                for index in 0..SECTIONS {
                    let third = |index| programme.len() * index / SECTIONS;
                    let Some(place) = most_speech(speech, third(index), third(index + 1)) else {
                        section_lufs[index] = Reading::BelowGate;
                        continue;
                    };
                    section_lufs[index] = gated_over(programme, cut(speech, place));
                    places[index] =
                        Region { start_frame: place.start_frame, end_frame: place.end_frame };
                }
            }
        }
    }
    let [begin, middle, end] = section_lufs;
    let of_three = |mean: &dyn Fn(f64, f64, f64) -> f64| match (begin, middle, end) {
        (Reading::Value(a), Reading::Value(b), Reading::Value(c)) => Reading::Value(mean(a, b, c)),
        (Reading::Value(_), Reading::Value(_), none)
        | (Reading::Value(_), none, _)
        | (none, _, _) => none,
    };
    let dialogue_lufs = of_three(&|a, b, c| (a + b + c) / 3.0);
    let power = |lufs: f64| Lufs::new(lufs).power().value();
    let mean_power = of_three(&|a, b, c| (power(a) + power(b) + power(c)) / 3.0);
    Ok(NarrowRange {
        detector: (sections == NarrowSections::MostSpeech).then(|| speech.detector()),
        dialogue_lufs,
        power_mean_lufs: mean_power.value().map_or(dialogue_lufs, loudness),
        ldr_lu: ldr_lu(programme, dialogue_lufs),
        section_lufs,
        sections: places,
    })
}

/// The phrases inside a stretch, cut to it.
fn cut<'a>(
    speech: &'a dyn SpeechActivity,
    place: Phrase,
) -> impl Iterator<Item = Phrase> + Clone + 'a {
    let rate_hz = speech.rate_hz();
    phrases(speech)
        .skip_while(move |phrase| phrase.end <= place.start)
        .take_while(move |phrase| phrase.start < place.end)
        .map(move |phrase| {
            Phrase::of_sub_blocks(phrase.start.max(place.start), phrase.end.min(place.end), rate_hz)
        })
}

/// The 30 s of `start..end` with most speech: those that begin with a phrase, and the last ones.
fn most_speech(speech: &dyn SpeechActivity, start: usize, end: usize) -> Option<Phrase> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "30 s")]
    let length = (SECTION_S * SUB_BLOCKS_PER_S) as usize;
    let last = end.saturating_sub(length).max(start);
    let place = |first: usize| Phrase::of_sub_blocks(first, first + length, speech.rate_hz());
    let spoken = |phrases: &mut dyn Iterator<Item = Phrase>, place: Phrase| -> usize {
        phrases
            .take_while(|phrase| phrase.start < place.end)
            .map(|phrase| phrase.end.min(place.end).saturating_sub(phrase.start.max(place.start)))
            .sum()
    };
    let mut best = (0, None);
    let mut offer = |spoken: usize, place: Phrase| {
        if spoken > best.0 {
            best = (spoken, Some(place));
        }
    };
    let mut walk = phrases(speech).skip_while(|phrase| phrase.end <= start);
    loop {
        let mut from_here = walk.clone();
        // A phrase may begin before the third.
        let Some(first) = walk.next().map(|phrase| phrase.start.max(start)) else { break };
        if first >= last {
            break;
        }
        offer(spoken(&mut from_here, place(first)), place(first));
    }
    offer(spoken(&mut cut(speech, place(last)), place(last)), place(last));
    best.1
}

#[cfg(test)]
mod tests {
    use super::super::regions::SpeechRegions;
    use super::*;

    /// Sub-blocks at a loudness, 48 kHz.
    fn energy(lufs: f64) -> f64 {
        Lufs::new(lufs).power().value() * 480.0
    }

    fn seconds(start: u64, end: u64) -> Region {
        Region { start_frame: start * 48_000, end_frame: end * 48_000 }
    }

    /// 120 s of effects at -15 LUFS; speech at -22, -24 and -28 LUFS and, between, at -40.
    fn film() -> [f64; 12_000] {
        let mut energies = [energy(-15.0); 12_000];
        for (start, end, lufs) in SPEECH {
            energies[start * 100..end * 100].fill(energy(lufs));
        }
        energies
    }
    const SPEECH: [(usize, usize, f64); 5] =
        [(2, 7, -40.0), (8, 33, -22.0), (45, 70, -24.0), (90, 92, -40.0), (95, 120, -28.0)];

    #[test]
    fn each_third_gives_the_thirty_seconds_with_most_speech() {
        let film = film();
        let programme = SubBlocks::new(&film, 48e3).unwrap();
        let mut list = SPEECH.map(|(start, end, _)| seconds(start as u64, end as u64));
        let speech = SpeechRegions::new_in(&mut list, 48e3).unwrap();
        let found = narrow_range(programme, &speech, NarrowSections::MostSpeech).unwrap();
        // From 2 s: 5 + 24 s of speech; from 45 s: 25; the last 30 s, from 90 s: 2 + 25 s.
        assert_eq!(found.sections, [seconds(2, 32), seconds(45, 75), seconds(90, 120)]);
        // The relative gate drops the -40s; the blocks across the cuts and nothing else differ.
        for (found, lufs) in found.section_lufs.into_iter().zip([-22.0, -24.0, -28.0]) {
            assert!((found.value().unwrap() - lufs).abs() < 0.05, "{found}");
        }
        assert!((found.dialogue_lufs.value().unwrap() + 74.0 / 3.0).abs() < 0.05);
        // 10 log10 of the mean of 10^-2.2, 10^-2.4, 10^-2.8: -24.01.
        assert!((found.power_mean_lufs.value().unwrap() + 24.01).abs() < 0.05);
        // 38 of 120 s are effects: -15 + 10 log10(38/120) and a little.
        let all = programme.integrated_lufs().value().unwrap();
        let ldr = found.ldr_lu.value().unwrap();
        assert!((ldr - (all - found.dialogue_lufs.value().unwrap())).abs() < 1e-12);
        assert!(ldr > 5.0, "an original mix, not an adapted one: {ldr}");
        let wide = wide_range(programme, &speech).unwrap();
        // 25 s each of the three, the rest gated away: the mean of their powers.
        let lufs = wide.dialogue_lufs.value().unwrap();
        assert!((lufs + 24.01).abs() < 0.05, "{lufs}");
        assert!((wide.ldr_lu.value().unwrap() - (all - lufs)).abs() < 1e-12);
        assert_eq!(found.detector, Some(wide.detector));
    }

    #[test]
    fn given_sections_are_measured_whole() {
        let film = film();
        let programme = SubBlocks::new(&film, 48e3).unwrap();
        let mut none = [];
        let speech = SpeechRegions::new_in(&mut none, 48e3).unwrap();
        let given = [seconds(8, 33), seconds(45, 70), seconds(95, 120)];
        let found = narrow_range(programme, &speech, NarrowSections::Given(given)).unwrap();
        let mean = found.dialogue_lufs.value().unwrap();
        assert!((mean + 74.0 / 3.0).abs() < 1e-9, "{mean}");
        assert_eq!(found.detector, None);
        // Nothing is chosen where nobody speaks.
        let chosen = narrow_range(programme, &speech, NarrowSections::MostSpeech).unwrap();
        assert_eq!(chosen.dialogue_lufs, Reading::BelowGate);
        assert_eq!(chosen.power_mean_lufs, Reading::BelowGate);
        let late = [seconds(8, 33), seconds(45, 70), seconds(95, 121)];
        let error = narrow_range(programme, &speech, NarrowSections::Given(late)).unwrap_err();
        assert!(matches!(error, Error::OutOfRange { field: "section end_frame", .. }), "{error}");
        let short = programme.range(0, 8999);
        let found = narrow_range(short, &speech, NarrowSections::MostSpeech).unwrap();
        assert_eq!(found.dialogue_lufs, Reading::TooShort { have_s: 89.99, need_s: 90.0 });
    }
}
