//! The sizes of an alignment: rates, segments, windows, memory.

use crate::math;

/// Samples of the coarse transform.
const COARSE_LEN: usize = 16_384;
/// Rate of the coarse search, about, Hz.
const COARSE_RATE_HZ: f64 = 12_000.0;
/// Frames of a segment of the coarse search, and lags of one transform.
pub(super) const BLOCK: usize = COARSE_LEN / 2;
/// Lags beyond the range on either side, to see whether a peak still rises there.
pub(super) const MARGIN: usize = 64;
/// Coarse frames by which a drift may move a segment within its window: 300 ppm of 4 s are 28 at most.
pub(super) const SLACK: usize = 32;
/// Duration of a segment of the exact search, s; the next power of two counts.
const FINE_S: f64 = 0.05;
/// Longest and shortest window, s.
const WINDOW_S: [f64; 2] = [1.0, 8.0];
/// Windows into which a recording is cut if they are long enough.
const FEWEST_WINDOWS: f64 = 4.0;
/// Most windows; of longer recordings so many are looked at, evenly spread.
pub(super) const MAX_WINDOWS: usize = 256;
/// Zeros of the decimation filter on either side, in coarse frames: 60 dB with β = 5.65 from 0.56 of the
/// coarse rate on, flat to 0.34 of it.
const DECIMATE_REACH: usize = 8;
const DECIMATE_BETA: f64 = 5.65;
/// Its middle of the edge, as a share of the coarse rate.
const DECIMATE_EDGE: f64 = 0.45;

/// What follows from the rate and the range.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) rate_hz: f64,
    /// Frames per coarse frame.
    pub(super) factor: usize,
    /// Longest offset in coarse frames.
    pub(super) range: usize,
    /// Transforms that the range asks for.
    pub(super) partitions: usize,
    pub(super) coarse_len: usize,
    pub(super) fine_len: usize,
    /// Most frames of a window.
    pub(super) longest: usize,
}

/// Windows over the reference.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    pub(super) count: usize,
    /// Frames of each.
    pub(super) length: usize,
    /// Frames that they cover together.
    pub(super) span: usize,
}

impl Windows {
    /// First frame of a window.
    pub(super) fn start(&self, index: usize) -> usize {
        let steps = self.count.saturating_sub(1).max(1);
        (self.span - self.length) / steps * index
            + (self.span - self.length) % steps * index / steps
    }

    /// Frame in the middle of a window.
    pub(super) fn middle(&self, index: usize) -> f64 {
        count(self.start(index)) + 0.5 * count(self.length)
    }
}

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
pub(super) fn count(frames: usize) -> f64 {
    frames as f64
}

/// A number that is not negative as a count.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and the callers bound it"
)]
pub(super) fn frames(number: f64) -> usize {
    math::ceil(number) as usize
}

impl Plan {
    pub(super) fn new(max_offset_ms: f64, rate_hz: f64) -> Self {
        let factor = frames(math::floor(rate_hz / COARSE_RATE_HZ)).max(1);
        let coarse_hz = rate_hz / count(factor);
        let range = frames(1e-3 * max_offset_ms * coarse_hz);
        Self {
            rate_hz,
            factor,
            range,
            partitions: (2 * (range + MARGIN) + 1).div_ceil(BLOCK),
            coarse_len: COARSE_LEN,
            fine_len: frames(FINE_S * rate_hz).next_power_of_two().clamp(512, BLOCK),
            longest: frames(WINDOW_S[1] * rate_hz),
        }
    }

    /// Rate of the coarse search, Hz.
    pub(super) fn coarse_hz(&self) -> f64 {
        self.rate_hz / count(self.factor)
    }

    /// Coarse frames of a window at most.
    pub(super) fn line_len(&self) -> usize {
        self.longest / self.factor + 1
    }

    /// Frames before the middle of the decimation filter.
    pub(super) fn reach(&self) -> usize {
        DECIMATE_REACH * self.factor
    }

    /// Lags of all transforms; the first stands for −(range + MARGIN).
    pub(super) fn lags(&self) -> usize {
        self.partitions * BLOCK
    }

    /// Lengths of the parts of the memory, in the order of `CoarseParts`.
    pub(super) fn lengths(&self) -> [usize; 16] {
        let (bins, lags) = (self.coarse_len / 2 + 1, self.lags());
        let (a, b) = (self.line_len(), self.line_len() + lags + 2 * SLACK);
        let taps = 2 * self.reach() + 1;
        [
            taps,
            BLOCK,
            a,
            b,
            lags,
            lags,
            self.coarse_len,
            bins,
            bins,
            bins,
            bins,
            bins,
            bins,
            bins,
            bins,
            3 * MAX_WINDOWS,
        ]
    }

    pub(super) fn memory_len(&self) -> usize {
        self.lengths().iter().sum()
    }

    /// Writes the decimation filter, which is at the front of the memory.
    pub(super) fn prepare(&self, memory: &mut [f64]) {
        let reach = count(self.reach());
        let scale = DECIMATE_EDGE * 2.0 / count(self.factor);
        let Some(taps) = memory.get_mut(..2 * self.reach() + 1) else { return };
        let mut place = -reach;
        let mut sum = 0.0;
        for tap in taps.iter_mut() {
            *tap = math::sinc(scale * place) * math::kaiser(place / (reach + 1.0), DECIMATE_BETA);
            sum += *tap;
            place += 1.0;
        }
        for tap in taps {
            *tap /= sum;
        }
    }

    /// Windows over so many frames of the reference.
    pub(super) fn windows(&self, span: usize) -> Windows {
        let whole_s = count(span) / self.rate_hz;
        let window_s = (whole_s / FEWEST_WINDOWS).clamp(WINDOW_S[0], WINDOW_S[1]).min(whole_s);
        let length = frames(window_s * self.rate_hz).min(span).min(self.longest);
        let windows = span.div_ceil(length.max(1)).clamp(1, MAX_WINDOWS);
        Windows { count: windows, length, span }
    }
}
