//! Dialogue joined end to end: what a loudness meter sees that is paused between the phrases.
//!
//! Windows of 0.4 s or 3 s are formed of the joined sub-blocks, so each of them holds exactly that
//! much dialogue, from one phrase or from several. They are summed anew for every window, in the
//! fixed tree of the gating windows: nothing runs on.
//!
//! Source: EBU Tech 3341 (2023) asks for pause and continue of I and LRA; how the blocks at a pause
//! are formed it leaves open, as far as we know.

use super::super::gating::{HOP_SUB_BLOCKS, SHORT_TERM_SUB_BLOCKS, SubBlocks};
use super::speech_activity::{Phrase, SpeechActivity, phrases};
use crate::kernels::scalar;

/// The sub-blocks inside the phrases, cut to a stretch of the programme: (energy, frames) each.
pub(super) fn joined<'a>(
    programme: SubBlocks<'a>,
    stretches: impl Iterator<Item = Phrase> + Clone + 'a,
) -> impl Iterator<Item = (f64, u64)> + Clone + 'a {
    stretches.take_while(move |stretch| stretch.start < programme.len()).flat_map(move |stretch| {
        let part = programme.range(stretch.start, stretch.end);
        (0..part.len()).map(move |index| {
            let energy = part.energies().get(index).copied().unwrap_or_default();
            (energy, part.start_frame(index + 1) - part.start_frame(index))
        })
    })
}

/// Powers of windows of `len` sub-blocks, at most 3 s, of joined sub-blocks, one every 100 ms.
pub(super) fn windows(
    mut sub_blocks: impl Iterator<Item = (f64, u64)>,
    len: usize,
) -> impl Iterator<Item = f64> {
    let len = len.min(SHORT_TERM_SUB_BLOCKS);
    let (mut energies, mut frames) = ([0.0; SHORT_TERM_SUB_BLOCKS], [0; SHORT_TERM_SUB_BLOCKS]);
    let mut filled = 0;
    core::iter::from_fn(move || {
        while filled < len {
            (energies[filled], frames[filled]) = sub_blocks.next()?;
            filled += 1;
        }
        #[expect(clippy::cast_precision_loss, reason = "frames of 3 s")]
        let power = scalar::sum(&energies[..len]) / frames[..len].iter().sum::<u64>() as f64;
        energies.copy_within(HOP_SUB_BLOCKS..len, 0);
        frames.copy_within(HOP_SUB_BLOCKS..len, 0);
        filled = len - HOP_SUB_BLOCKS;
        Some(power)
    })
}

/// [`joined`] sub-blocks of all phrases.
pub(super) fn joined_speech<'a>(
    programme: SubBlocks<'a>,
    speech: &'a dyn SpeechActivity,
) -> impl Iterator<Item = (f64, u64)> + Clone + 'a {
    joined(programme, phrases(speech))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_takes_what_several_phrases_hold() {
        // Phrases of 30 and 30 sub-blocks: three windows of 40 with hop 10; the powers by hand.
        let mut energies = [9.0; 200];
        energies[10..40].fill(1.0);
        energies[100..130].fill(3.0);
        let programme = SubBlocks::new(&energies, 48e3).unwrap();
        let stretches =
            [(10, 40), (100, 130)].map(|(start, end)| Phrase::of_sub_blocks(start, end, 48e3));
        let mut found = windows(joined(programme, stretches.into_iter()), 40);
        for (ones, threes) in [(30.0, 10.0), (20.0, 20.0), (10.0, 30.0)] {
            assert_eq!(found.next(), Some((ones + 3.0 * threes) / (40.0 * 480.0)));
        }
        assert_eq!(found.next(), None);
    }
}
