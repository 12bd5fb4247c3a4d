//! The levels of two channels in two signals each: a filter and a mean square ([`super::detector`]) in
//! four lanes, so that four recursions wait for one another no longer than one. The bits are those of one
//! signal at a time.

use super::detector::{DETECTOR_CHUNK, MeanSquare};
use super::key_filter::MAX_KEY_SECTIONS;
use crate::kernels::{self, Isa, PairState, SQUARE_LANES, SquareWindow, Squares};

/// What is remembered of a pair of channels, besides the squares.
#[derive(Clone, Debug, Default)]
pub(super) struct PairEars {
    /// Of the filter over the first signal.
    pub(super) filter: [PairState; MAX_KEY_SECTIONS],
    pub(super) window: SquareWindow,
}

impl MeanSquare {
    /// Values of memory of a pair: squares of all slots, then the sum of each.
    pub(super) fn pair_memory_len(&self) -> usize {
        SQUARE_LANES * self.memory_len()
    }

    /// Mean squares of the first signal of both channels, then of the second, a row for each. `slot` and
    /// `place` are the first frame's chunk and its place there.
    pub(super) fn run_pair(
        &self,
        isa: Isa,
        window: &mut SquareWindow,
        memory: &mut [f64],
        (slot, place): (usize, usize),
        [one, two]: [&[[f64; 2]]; 2],
        mut rows: [&mut [f32]; SQUARE_LANES],
    ) {
        let memory = memory.as_chunks_mut().0;
        let Some((squares, sums)) = memory.split_at_mut_checked(self.slots() * DETECTOR_CHUNK)
        else {
            return;
        };
        let (mut slot, mut place, mut at) = (slot, place.min(DETECTOR_CHUNK - 1), 0);
        while at < one.len() {
            if place == 0 {
                self.begin_pair(isa, window, squares, sums, slot);
            }
            let end = one.len().min(at + DETECTOR_CHUNK - place);
            let chunk = squares.chunks_exact_mut(DETECTOR_CHUNK).nth(slot).unwrap_or_default();
            let chunk = chunk.get_mut(place..).unwrap_or_default();
            let pair = [one, two].map(|signal| signal.get(at..end).unwrap_or_default());
            let parts = rows.each_mut().map(|row| row.get_mut(at..end).unwrap_or_default());
            kernels::window_squares(isa, window, place, pair, self.share, chunk, parts);
            place += end - at;
            at = end;
            if place == DETECTOR_CHUNK {
                if let Some(sum) = sums.get_mut(slot) {
                    *sum = window.newer;
                }
                window.newer = [0.0; SQUARE_LANES];
                (slot, place) = (self.next(slot), 0);
            }
        }
    }

    /// The part of each window that lies before the chunk in `slot`.
    fn begin_pair(
        &self,
        isa: Isa,
        window: &mut SquareWindow,
        squares: &[Squares],
        sums: &[Squares],
        slot: usize,
    ) {
        let second = self.ago(slot, self.chunks.saturating_sub(1));
        let second = squares.chunks_exact(DETECTOR_CHUNK).nth(second).unwrap_or_default();
        let between = self.between(slot).map(|run| sums.get(run).unwrap_or_default());
        kernels::begin_windows(isa, window, second, between, self.offset());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::detector::Ear;

    /// Frames of a block, as they come.
    const BLOCKS: [usize; 8] = [64, 1, 31, 32, 64, 7, 60, 3];
    /// Memory of a window of 1000 frames: 33 chunks and their sums.
    const MOST: usize = 33 * 33;

    #[test]
    fn a_pair_has_the_bits_of_one_signal_at_a_time() {
        let isa = Isa::detect();
        for frames in [1, 64, 65, 96, 97, 240, 1000] {
            let window = MeanSquare::new(frames);
            assert!(window.memory_len() <= MOST);
            let mut ears = [0; SQUARE_LANES].map(|_| Ear::default());
            let mut apart = [[0.0; MOST]; SQUARE_LANES];
            let (mut state, mut memory) = (SquareWindow::default(), [0.0; SQUARE_LANES * MOST]);
            let (mut seed, mut slot, mut now) = (1_u32, 0, 0);
            for block in BLOCKS.into_iter().cycle().take(100) {
                let mut signals = [[[0.0; 2]; 64]; 2];
                for x in signals.as_flattened_mut().as_flattened_mut() {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    *x = f64::from(seed) - 2e9;
                }
                let place = (slot, now % DETECTOR_CHUNK);
                let mut rows = [[0.0; 64]; SQUARE_LANES];
                let parts = rows.each_mut().map(|row| &mut row[..block]);
                let pair = signals.each_ref().map(|signal| &signal[..block]);
                window.run_pair(isa, &mut state, &mut memory, place, pair, parts);
                for (lane, (ear, memory)) in ears.iter_mut().zip(&mut apart).enumerate() {
                    let alone = signals[lane / 2].map(|frame| frame[lane % 2]);
                    let mut row = [0.0; 64];
                    let row = &mut row[..block];
                    window.run(isa, ear, memory, place, &alone[..block], row);
                    assert_eq!(row, &rows[lane][..block], "{frames} {lane} {now}");
                }
                for _ in 0..(now + block) / DETECTOR_CHUNK - now / DETECTOR_CHUNK {
                    slot = window.next(slot);
                }
                now += block;
            }
        }
    }
}
