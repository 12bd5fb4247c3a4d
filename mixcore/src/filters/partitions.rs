//! The parts of a [`super::Convolver`]: which taps are convolved by which transform, and when.
//!
//! A layer convolves K partitions of P taps each, the first at tap O, by spectra of 2P samples
//! (overlap-save). When period q ends at frame t = (q + 1)·P, its input and that of the period before
//! are transformed; the sum of the products of the newest K spectra with those of the partitions is
//! transformed back, and its second half is the layer's output of the frames
//!
//! > t − P + O … t + O − 1
//!
//! The first layer does all that at t, and has P = P₀, the partition that the caller chose. The second
//! takes a longer P for the long rest of the response, and spreads its work over the P/P₀ ends of the
//! first layer's periods, so that it is not due at once: the transform at the first of them, the
//! products in equal parts, the way back at the last. What it makes of the input before t is heard from
//! t + P on, so with a latency of D its first tap is O = 2P − D.
//!
//! Source: T. G. Stockham, "High-speed convolution and correlation", AFIPS 1966, for overlap-save; W. G.
//! Gardner, "Efficient Convolution without Input-Output Delay", JAES 43(3), 1995, for partitions of
//! different lengths and the direct head.

use crate::audio::Sample;
use crate::filters::RealFft;
use crate::kernels::{self, FFT_MAX, Isa};

/// Layers of a plan.
pub(super) const LAYERS: usize = 2;

/// What a layer's transforms cost a sample, counted in products of spectra (measured with f32 at AVX2,
/// partitions of 512 to 8192).
const TRANSFORM_COST: usize = 25;

/// Fewest steps over which the second layer spreads its work.
const LEAST_STEPS: usize = 4;

/// Taps that are convolved by transforms of one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layer {
    /// Taps of a partition, a power of two.
    pub(super) partition: usize,
    /// The first tap.
    pub(super) offset: usize,
    /// Partitions; 0 where there is nothing left for the layer.
    pub(super) count: usize,
    /// Ends of the first layer's periods in one of this layer's.
    steps: usize,
}

/// Which part of the response is convolved how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Taps that are convolved directly.
    pub(super) head: usize,
    pub(super) layers: [Layer; LAYERS],
    pub(super) latency: usize,
}

impl Plan {
    /// For a response of `taps` with a partition of a power of two; without latency where `zero` says
    /// so.
    pub(super) fn new(partition: usize, zero: bool, taps: usize) -> Self {
        let (latency, offset) = if zero { (0, partition) } else { (partition, 0) };
        let left = taps.saturating_sub(offset);
        let alone = Layer { partition, offset, count: left.div_ceil(partition), steps: 1 };
        let nothing = Layer { partition: 0, offset: taps, count: 0, steps: 0 };
        let mut layers = [alone, nothing];
        let mut least = alone.count;
        let mut long = partition * LEAST_STEPS;
        while 2 * long <= FFT_MAX {
            let start = 2 * long - latency;
            let count = taps.saturating_sub(start).div_ceil(long);
            let before = (start - offset) / partition;
            let cost = before + count + TRANSFORM_COST;
            if count > 0 && cost < least {
                least = cost;
                let steps = long / partition;
                let long = Layer { partition: long, offset: start, count, steps };
                layers = [Layer { count: before, ..alone }, long];
            }
            long *= 2;
        }
        Self { head: if zero { taps.min(partition) } else { 0 }, layers, latency }
    }

    /// The last frame after an impulse at which something can sound, rounding included.
    pub(super) fn tail(&self) -> usize {
        let layers = self.layers.iter().filter(|layer| layer.count > 0);
        let ends = layers.map(|layer| layer.offset + (layer.count + 1) * layer.partition);
        self.latency + ends.chain([self.head]).max().unwrap_or(0).saturating_sub(1)
    }

    /// Samples of the spectra of a response.
    pub(super) fn response_len(&self) -> usize {
        self.head + self.layers.iter().map(Layer::spectra_len).sum::<usize>()
    }

    /// Samples of the state of a channel.
    pub(super) fn channel_len(&self) -> usize {
        self.layers.iter().map(Layer::channel_len).sum()
    }

    /// Samples that every channel works in.
    pub(super) fn work_len(&self) -> usize {
        self.layers.iter().map(|layer| 2 * layer.partition).max().unwrap_or(0)
    }
}

/// The state of a channel in a layer.
pub(super) struct LayerState<'m, S> {
    /// The period before, and the one that is being filled.
    pub(super) window: &'m mut [S],
    /// The output that is heard in even periods, and that of odd ones.
    output: &'m mut [S],
    /// The spectra of the newest periods: a ring.
    spectra: &'m mut [S],
    sum: &'m mut [S],
}

impl Layer {
    /// Samples of a spectrum: real parts, then imaginary parts.
    pub(super) fn row(&self) -> usize {
        2 * self.partition + 2
    }

    pub(super) fn spectra_len(&self) -> usize {
        self.count * self.row()
    }

    fn channel_len(&self) -> usize {
        let transformed = self.spectra_len() + self.row() + 2 * self.partition;
        2 * self.partition + if self.count > 0 { transformed } else { 0 }
    }

    /// Which place of a period a frame is.
    pub(super) fn place(&self, now: u64) -> usize {
        (now & (self.partition as u64).wrapping_sub(1)) as usize
    }

    /// The number of a frame's period.
    fn period(&self, now: u64) -> u64 {
        now >> self.partition.trailing_zeros().min(63)
    }

    /// A channel's state, and what lies behind it.
    pub(super) fn state<'m, S>(
        &self,
        memory: &'m mut [S],
    ) -> Option<(LayerState<'m, S>, &'m mut [S])> {
        let (window, rest) = memory.split_at_mut_checked(2 * self.partition)?;
        if self.count == 0 {
            return Some((
                LayerState { window, output: &mut [], spectra: &mut [], sum: &mut [] },
                rest,
            ));
        }
        let (output, rest) = rest.split_at_mut_checked(2 * self.partition)?;
        let (spectra, rest) = rest.split_at_mut_checked(self.spectra_len())?;
        let (sum, rest) = rest.split_at_mut_checked(self.row())?;
        Some((LayerState { window, output, spectra, sum }, rest))
    }

    /// Puts input into the window, from the frame `now` on.
    pub(super) fn push<S: Sample>(&self, state: &mut LayerState<'_, S>, now: u64, input: &[S]) {
        let places = state.window.get_mut(self.partition + self.place(now)..);
        for (to, from) in places.unwrap_or_default().iter_mut().zip(input) {
            *to = *from;
        }
    }

    /// The output from the frame `now` on, to the end of the period.
    pub(super) fn output<'s, S>(&self, state: &'s LayerState<'_, S>, now: u64) -> &'s [S] {
        let half = if self.period(now) & 1 == 0 { 0 } else { self.partition };
        state.output.get(half + self.place(now)..).unwrap_or_default()
    }

    /// What is due at the end of a period of the first layer, `now` frames after the start.
    pub(super) fn step<S: Sample>(
        &self,
        isa: Isa,
        now: u64,
        fft: &mut RealFft<'_, S>,
        response: &[S],
        state: &mut LayerState<'_, S>,
        work: &mut [S],
    ) -> Option<()> {
        let (p, row, period) = (self.partition, self.row(), self.period(now));
        let step = self.place(now).checked_mul(self.steps)? >> p.trailing_zeros().min(63);
        let newest = usize::try_from(period.checked_rem(self.count as u64)?).ok()?;
        if step == 0 {
            let (re, im) = state
                .spectra
                .get_mut(newest * row..)?
                .get_mut(..row)?
                .split_at_mut_checked(row / 2)?;
            fft.forward(state.window, re, im).ok()?;
            state.sum.fill(S::zero());
        }
        // The partitions of this step: from the newest spectrum back to the oldest at the front of the
        // ring, and from its end on.
        let (first, end) = (
            (self.count * step).checked_div(self.steps)?,
            (self.count * (step + 1)).checked_div(self.steps)?,
        );
        let turn = newest + 1;
        for (from, to, base) in
            [(first, end.min(turn), turn), (first.max(turn), end, turn + self.count)]
        {
            if from < to {
                let x = state.spectra.get((base - to) * row..(base - from) * row)?;
                kernels::spectrum_mac(isa, x, response.get(from * row..to * row)?, state.sum);
            }
        }
        if step + 1 == self.steps {
            let time = work.get_mut(..2 * p)?;
            let (re, im) = state.sum.split_at_checked(row / 2)?;
            fft.inverse(re, im, time).ok()?;
            // With one step it is heard at once, else in the next period.
            let odd = (period + u64::from(self.steps > 1)) & 1 == 1;
            let half = state.output.get_mut(if odd { p } else { 0 }..)?;
            for (to, from) in half.iter_mut().zip(time.get(p..)?) {
                *to = *from;
            }
        }
        Some(())
    }

    /// The window of the next period, where one has ended at `now`.
    pub(super) fn shift<S: Sample>(&self, state: &mut LayerState<'_, S>, now: u64) {
        if self.place(now) == 0
            && let Some((before, current)) = state.window.split_at_mut_checked(self.partition)
        {
            for (to, from) in before.iter_mut().zip(current) {
                *to = *from;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every tap is convolved once, and in time.
    #[test]
    fn a_plan_covers_the_response() {
        for partition in [64, 512, 16_384] {
            for zero in [false, true] {
                for taps in [1, 63, 64, 65, 1000, 48_000, 96_000, 480_000, 5_000_000] {
                    let plan = Plan::new(partition, zero, taps);
                    let mut at = plan.head;
                    for layer in plan.layers.iter().filter(|layer| layer.count > 0) {
                        assert_eq!(layer.offset, at);
                        at += layer.count * layer.partition;
                        // Heard when its first output is due at the latest.
                        let wait = if layer.steps > 1 { 2 } else { 1 };
                        assert_eq!(layer.offset + plan.latency, wait * layer.partition);
                        assert!(2 * layer.partition <= FFT_MAX);
                    }
                    assert!(at >= taps && plan.tail() >= taps - 1 + plan.latency);
                }
            }
        }
        // 1 s at 48 kHz: 15 partitions of 512 and the rest of 4096 instead of 94 of 512.
        let plan = Plan::new(512, false, 48_000);
        assert_eq!((plan.layers[0].count, plan.layers[1].count), (15, 10));
        assert_eq!(plan.layers[1].partition, 4096);
    }
}
