//! What a click tamer is made for, what may move, and the sizes and windows that follow.

use super::click_watch::{BANDS, BESIDE, ClickWatch};
use crate::error::Error;
use crate::filters::MAX_TAPS;
use crate::math;
use crate::stream::{Stream, params};

/// Time of a cell, ms: that in which a mouth's click dies away (module doc of [`super::click_tamer`]), and the
/// shortest `max_click_ms`.
const CELL_MS: f64 = 0.5;
/// Where the middle band begins: what of a click lies below is 20 dB down.
const LOW_HZ: f64 = 150.0;

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct ClickTamerSetup {
    /// Longest click, 0.5 to 10 ms, to whole cells of 1/2 ms.
    pub max_click_ms: f64,
    /// Where the split-off band begins, 200 to 2000 Hz.
    pub corner_hz: f64,
}

impl Default for ClickTamerSetup {
    /// 4 ms, a mouth's click with its ring; 700 Hz, above the voice's fundamental.
    fn default() -> Self {
        Self { max_click_ms: 4.0, corner_hz: 700.0 }
    }
}

/// Frames of a cell; cells of the guards and halves of the windows of both bands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) cell: usize,
    pub(super) guards: [usize; BANDS],
    pub(super) halves: [usize; BANDS],
}

impl Sizes {
    /// Frames from a cell's own until it leaves.
    pub(super) fn hold(&self) -> usize {
        (ClickWatch::span(&self.guards) + BESIDE + 2) * self.cell
    }

    /// Half of the longer window.
    pub(super) fn centre(&self) -> usize {
        let [short, long] = self.halves;
        short.max(long)
    }

    /// Frames that the shorter window waits for the longer one.
    pub(super) fn wait(&self) -> usize {
        let [short, long] = self.halves;
        long.saturating_sub(short)
    }

    /// For each channel: the input of the whole latency, and the two bands of the hold.
    pub(super) fn ring_len(&self, stream: &Stream) -> usize {
        (self.centre() + (1 + BANDS) * self.hold()) * stream.channel_count()
    }
}

impl ClickTamerSetup {
    /// Checks length and corner.
    ///
    /// # Errors
    /// One of them outside its bounds.
    pub fn validate(&self) -> Result<(), Error> {
        Error::check_range("max_click_ms", self.max_click_ms, 0.5, 10.0)?;
        Error::check_range("corner_hz", self.corner_hz, 200.0, 2000.0).map(|_| ())
    }

    pub(super) fn sizes(&self, stream: &Stream) -> Result<Sizes, Error> {
        self.validate()?;
        stream.validate()?;
        let half = |hz: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "2 to 1280 frames"
            )]
            {
                math::round(0.5 * stream.rate_hz / hz) as usize
            }
        };
        let halves = [half(self.corner_hz), half(LOW_HZ)];
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "1 to 20 cells"
        )]
        let click = math::round(self.max_click_ms / CELL_MS) as usize;
        let cell = stream.frames_of_ms(CELL_MS).max(1);
        Ok(Sizes { cell, guards: halves.map(|half| click + half.div_ceil(cell)), halves })
    }
}

/// A Hann window with the sum 1, of half of its length on either side of its middle.
pub(super) fn window(memory: &mut [f64; MAX_TAPS], half: usize) -> &[f64] {
    let taps = memory.get_mut(..2 * half + 1).unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "at most 2561 taps")]
    let turn = 2.0 * math::PI / (taps.len() + 1) as f64;
    let mut sum = 0.0;
    for (n, tap) in (1..).zip(taps.iter_mut()) {
        *tap = 0.5 - 0.5 * math::cos(turn * f64::from(n));
        sum += *tap;
    }
    for tap in taps.iter_mut() {
        *tap /= sum;
    }
    taps
}

params! {
    /// What may move.
    ///
    /// A change counts from the next cell of 1/2 ms on; the amount moves over 20 ms.
    pub struct ClickTamerParams {
        /// How far a click stands above its surroundings.
        threshold_db: "dB", 1.0 => 40.0, 9.0, Decibel, fixed;
        /// Largest reduction.
        max_reduction_db: "dB", 0.0 => 60.0, 30.0, Decibel, fixed;
        /// Clicks that are weaker are left alone.
        floor_dbfs: "dBFS", -100.0 => 0.0, -70.0, Decibel, fixed;
        /// Share of it that is taken out: below 100 % a parallel mix.
        amount_percent: "%", 0.0 => 100.0, 100.0, Linear, smoothed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures of the module doc of `click_tamer`: 10 ms of a sine of 2.5 kHz that dies away in 0.5 ms.
    #[test]
    fn what_lies_below_the_bands_of_a_mouths_click() {
        const RATE_HZ: f64 = 48_000.0;
        let click: [f64; 480] = core::array::from_fn(|n| {
            #[expect(clippy::cast_precision_loss, reason = "at most 480")]
            let t = n as f64 / RATE_HZ;
            math::sin(2.0 * math::PI * 2500.0 * t) * math::exp(-t / 0.5e-3)
        });
        let energy = |row: &[f64]| row.iter().map(|x| x * x).sum::<f64>();
        for (hz, percent) in [(LOW_HZ, 0.7), (ClickTamerSetup::default().corner_hz, 3.4)] {
            let mut memory = [0.0; MAX_TAPS];
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "34, 160")]
            let taps = window(&mut memory, math::round(0.5 * RATE_HZ / hz) as usize);
            let mut low = [0.0; 1000];
            for (n, x) in click.iter().enumerate() {
                low.iter_mut().skip(n).zip(taps).for_each(|(y, h)| *y += x * h);
            }
            let found = 100.0 * energy(&low) / energy(&click);
            assert!((found - percent).abs() < 0.05, "{hz} Hz: {found} %");
        }
    }
}
