//! The way out of tools that take something out: the signal without it, or what was taken, to listen to.
//!
//! With x the signal that leaves, r what is taken out of it, a the amount and l 1 while one listens to it,
//!
//! > y = (1 − l)·(x − a·r) + l·a·r
//!
//! At l = 0 this is a parallel mix of x and x − r, with the dry part in step. Where nothing is taken every
//! bit passes.

use super::cells::CHUNK;
use crate::audio::Sample;
use crate::ramp::{Glide, ramp_frames};
use crate::units::power_to_db;

/// Amount and listening, and the energy that was taken.
#[derive(Debug)]
pub(super) struct Taken {
    amount: Glide<f64>,
    listen: Glide<f64>,
    energy: f64,
}

/// Amount and listening of the frames of a piece.
pub(super) struct Shares {
    amounts: [f64; CHUNK],
    listens: [f64; CHUNK],
}

impl Taken {
    pub(super) fn new(amount_percent: f64, rate_hz: f64) -> Self {
        let frames = ramp_frames(rate_hz);
        let (amount, listen) =
            (Glide::new(amount_percent / 100.0, frames), Glide::new(0.0, frames));
        Self { amount, listen, energy: 0.0 }
    }

    /// Moves the amount over 20 ms from a frame on.
    pub(super) fn set_amount(&mut self, amount_percent: f64, now: u64) {
        self.amount.move_to(amount_percent / 100.0, now);
    }

    /// Listens to what is taken, or not, over 20 ms from a frame on.
    pub(super) fn set_listen(&mut self, listen: bool, now: u64) {
        self.listen.move_to(if listen { 1.0 } else { 0.0 }, now);
    }

    pub(super) fn listens(&self) -> bool {
        self.listen.target() != 0.0
    }

    pub(super) fn reset(&mut self) {
        self.amount.settle();
        self.listen.settle();
        self.energy = 0.0;
    }

    /// The shares of a piece of at most [`CHUNK`] frames that begins at a frame.
    pub(super) fn shares(&self, now: u64) -> Shares {
        let mut shares = Shares { amounts: [0.0; CHUNK], listens: [0.0; CHUNK] };
        self.amount.fill(now, &mut shares.amounts);
        self.listen.fill(now, &mut shares.listens);
        shares
    }

    /// Writes what leaves of a channel's piece: `pieces` are the shares, `taken` gives r of each frame.
    pub(super) fn leave<S: Sample>(
        &mut self,
        shares: &Shares,
        samples: &mut [S],
        mut taken: impl FnMut(&mut S) -> f64,
    ) {
        let Shares { amounts, listens } = shares;
        for ((sample, amount), listen) in samples.iter_mut().zip(amounts).zip(listens) {
            let out = amount * taken(sample);
            self.energy += out * out;
            if *listen == 0.0 && out == 0.0 {
                continue;
            }
            let rest = sample.as_f64() - out;
            *sample = S::from_f64(if *listen == 0.0 {
                rest
            } else {
                (1.0 - listen) * rest + listen * out
            });
        }
    }

    /// Mean level of what was taken out of all channels in so many frames, dBFS of the mean square; -inf
    /// where it was nothing.
    pub(super) fn level_dbfs(&self, frames: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a mean")]
        let frames = frames.max(1) as f64;
        power_to_db(self.energy / frames)
    }
}
