//! Whether the bass drives a limiter, so that its release waits for the next crest.
//!
//! A release that is short against the period of a bass note lets the gain up between the crests and
//! pulls it down at each: the waveform is bent twice a period, which is distortion. So the release
//! waits for half a period of the lowest note behind each crest that needs nearly the reduction in
//! force, while the band below 200 Hz makes up at least half of the peak. A lower crest holds nothing, so
//! that one loud note does not keep the gain down for all that follow.
//!
//! b is the mean of each 16 frames behind two one-pole low-passes of 200 Hz. The bass drives a chunk
//! if its largest |b| is at least half of the sample peak of it and the two chunks before it, in which
//! the tail of what came before has died away.
//!
//! Sources: the idea of a second, low-passed detector that prolongs the hold is F. Adriaensen's (zita-
//! dpl1) and R. Gareus' (x42 dpl.lv2, which takes 500 Hz).

use super::peak_detector::CHUNK;
use crate::audio::Sample;
use crate::kernels::settled_each;
use crate::math;

/// Edge of the band, Hz: above it the periods (5 ms) lie within the default look-ahead, whose hold keeps
/// the gain still from crest to crest without this. (x42 dpl.lv2 takes 500 Hz, for look-aheads of 1.2 ms.)
const BASS_HZ: f64 = 200.0;
/// Lowest note whose crests are waited for, Hz: B0 of a five-string bass, 30.87.
const LOWEST_HZ: f64 = 30.87;
/// Share of the peak from which the bass drives: what makes up less than half of it is not what the gain
/// comes down for. Two low-passes leave 0.96 of a note at 40 Hz, 0.8 at 100 Hz and 0.5 at 200 Hz, so a
/// note alone drives up to the edge of the band, and with as much above it (0.48 at 40 Hz) none does.
/// At 0.6 a note alone would stop at 163 Hz, at 0.4 at 245 Hz.
const DRIVES: f64 = 0.5;
/// Share of the reduction in force that a crest must need: crests of a steady note differ by less, and
/// the gain stays at most a seventh of the reduction (in amplitude) too low.
pub(super) const CREST: f64 = 0.875;
/// Frames of a mean: a quarter of a chunk; at 44.1 kHz and 200 Hz a 14th of a period, 0.08 dB down.
const MEAN: usize = 16;

/// The factors of a rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct BassSense {
    keep: f64,
    /// Chunks for which the release waits.
    hold: u32,
}

/// What a channel remembers: two low-passes, and how much of the last chunk was bass.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BassState {
    low: [f64; 2],
    last: bool,
}

impl BassSense {
    pub(super) fn new(rate_hz: f64) -> Self {
        let keep = math::exp(-2.0 * math::PI * BASS_HZ * MEAN as f64 / rate_hz);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most 384 kHz / 60 Hz / 64"
        )]
        let hold = math::ceil(0.5 * rate_hz / LOWEST_HZ / CHUNK as f64) as u32;
        Self { keep, hold }
    }

    /// Chunks for which the release waits after one that the bass drove.
    pub(super) fn hold_chunks(&self) -> u32 {
        self.hold
    }

    /// Whether the bass drives this chunk or the one before it; `peak` is the recent sample peak.
    pub(super) fn drives<S: Sample>(
        &self,
        state: &mut BassState,
        chunk: &[S; CHUNK],
        peak: S,
    ) -> bool {
        let mut largest: f64 = 0.0;
        for part in chunk.as_chunks::<MEAN>().0 {
            let eight: [S; 8] = core::array::from_fn(|k| part[k] + part[k + 8]);
            let four: [S; 4] = core::array::from_fn(|k| eight[k] + eight[k + 4]);
            let sum = (four[0] + four[2]) + (four[1] + four[3]);
            let mut value = sum.as_f64() / MEAN as f64;
            for low in &mut state.low {
                *low = value + self.keep * (*low - value);
                value = *low;
            }
            largest = largest.max(value.abs());
        }
        state.low = settled_each(state.low);
        let now = largest >= DRIVES * peak.as_f64() && largest > 0.0;
        let drives = now || state.last;
        state.last = now;
        drives
    }
}
