//! The last three seconds of a stream, whether they are measured or not: what M and S are read from.

use super::gating::{SHORT_TERM_SUB_BLOCKS, SUB_BLOCKS_PER_S, loudness, sub_block_start};
use crate::kernels::{self, Isa};
use crate::units::Reading;

/// Energies of the last sub-blocks, each at its number modulo the length.
#[derive(Clone, Debug)]
pub(super) struct Recent([f64; SHORT_TERM_SUB_BLOCKS]);

impl Recent {
    pub(super) const fn new() -> Self {
        Self([0.0; SHORT_TERM_SUB_BLOCKS])
    }

    /// Keeps the energy of sub-block `index`.
    pub(super) fn hear(&mut self, index: usize, energy: f64) {
        if let Some(slot) = self.0.get_mut(index % SHORT_TERM_SUB_BLOCKS) {
            *slot = energy;
        }
    }

    /// Loudness of the last `len` of `done` sub-blocks, at most 3 s.
    pub(super) fn lufs(&self, done: usize, len: usize, rate_hz: f64, isa: Isa) -> Reading {
        let start = |index: usize| sub_block_start(index, rate_hz);
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        let Some(first) = done.checked_sub(len) else {
            return Reading::TooShort {
                have_s: start(done) as f64 / rate_hz,
                need_s: len as f64 / SUB_BLOCKS_PER_S,
            };
        };
        let mut window = [0.0; SHORT_TERM_SUB_BLOCKS];
        let window = window.get_mut(..len).unwrap_or_default();
        for (index, slot) in (first..).zip(window.iter_mut()) {
            *slot = self.0.get(index % SHORT_TERM_SUB_BLOCKS).copied().unwrap_or_default();
        }
        #[expect(clippy::cast_precision_loss, reason = "a window has at most 3 s")]
        loudness(kernels::sum(isa, window) / (start(done) - start(first)) as f64)
    }
}
