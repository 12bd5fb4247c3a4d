//! The noise floor of a dialogue stem, found in the stem itself: room tone, hiss, hum.
//!
//! Speech is never still. The level of 10 ms of it wanders over 40 dB, and what lies between the
//! words is the room. So a floor shows as a narrow heap at the quiet end of the levels:
//!
//! > window: 10 s of sub-blocks, those at or below −90 dBFS left out
//! > heap: where 1.5 dB hold most sub-blocks; sought up to the 10th percentile of the window, then
//! >   followed upwards as long as it gets denser
//! > ν = median of the heap; σ = ν − the 32nd percentile of what lies below ν (one standard
//! >   deviation of a normal heap), and half a level more
//! > it is a floor if σ ≤ 3 dB, if what lies below ν is 2 % of the window, and if ν lies 10 dB below
//! >   the loudest second of the stem
//! > closes at ν + max(2 dB, 2σ); opens at ν + max(3 dB, 4σ)
//!
//! Levels above ν say nothing about the noise, speech is among them: the spread is that of the lower
//! half. A floor holds for 2 s; it is the highest of three windows that contain those 2 s (to
//! their left, around, to their right), so a cut to a quieter room does not hide the noise before
//! it. Without contrast of 10 dB a stretch of noise alone would pass for speech; it is a floor
//! nevertheless if it goes on for 6 s within 12 dB, which no speech does.
//!
//! Sources: own design; the constants were set on the demo's voice, eight synthetic ones in four
//! languages and a Russian announcer, with white, pink and low-pass noise, river, rain, waterfall
//! and machine 15 to 40 dB below the speech. Minimum statistics (R. Martin, IEEE Trans. Speech and
//! Audio Processing 9(5), 2001) look for the floor in the same place, per band.
//! Cost: three passes over 10 s for each 2 s, each a few integer operations per sub-block.
//! Limits: a background that talks (babble, a television) is no floor. Noise that comes and goes
//! within seconds is found as far as a window holds it for 0.4 s.

use super::super::gating::SUB_BLOCKS_PER_S;
use crate::math;
use crate::units::db_to_power;

/// Sub-blocks at or below this are silence, dBFS: just above the dither of 16 bits (TPDF and the
/// quantisation: 10 log10(2^-30 / 4) = -96 dBFS).
const SILENCE_DBFS: f64 = -90.0;
/// Sub-blocks of a window, 10 s: breathing pauses come every few seconds.
const WINDOW: usize = 1000;
/// Sub-blocks for which a floor holds, 2 s.
const SEGMENT: usize = 200;
/// Fewest sub-blocks above silence from which a floor is read, 1 s.
const HEARD: usize = 100;
/// Levels are sorted into eighths of an octave of power.
const PER_OCTAVE: usize = 8;
/// Lowest octave: 2^-31 is -93.3 dBFS, just below silence.
const LOWEST_OCTAVE: i64 = -31;
/// 39 octaves: up to +24 dBFS; what is louder counts as that loud.
const LEVELS: usize = 39 * PER_OCTAVE;
/// Width of an eighth of an octave of power, dB: 10 log10(2) / 8.
const LEVEL_DB: f64 = 0.376_287_494_579_847_6;
/// Lower edges of the eighths of an octave: 2^(1/8) to 2^(7/8).
const EIGHTHS: [f64; PER_OCTAVE - 1] = [
    1.090_507_732_665_257_7,
    1.189_207_115_002_721,
    1.296_839_554_651_009_6,
    core::f64::consts::SQRT_2,
    1.542_210_825_407_940_7,
    1.681_792_830_507_429,
    1.834_008_086_409_342_4,
];
/// Levels over which the density of the heap is looked at: 1.5 dB.
const HEAP: usize = 4;
/// How far above a denser place is looked for: 3 dB.
const CLIMB: usize = 8;
/// The heap is sought up to this percentile.
const QUIET_PERCENT: usize = 10;
/// Share of the window that the heap (twice what lies below its median) holds at least, percent.
const HEAP_PERCENT: usize = 4;
/// Percentile of the heap's lower half that lies one standard deviation below its middle.
const SIGMA_PERCENT: usize = 32;
/// Widest heap, in levels: 3 dB.
const WIDEST: f64 = 8.0;
/// A floor lies this many levels below the loudest second: 10 dB.
const CONTRAST: usize = 27;
/// Levels between the 2nd and the 98th percentile of what is steady: 12 dB.
const STEADY: usize = 32;
/// Sub-blocks that a steady sound lasts at least: 6 s. A stem shorter than a window has to be steady
/// from end to end, and 3 s long.
const STEADY_SUB_BLOCKS: usize = 600;
const SHORTEST_STEADY: usize = 300;
/// What closes a run lies this far above the floor, dB, and at least this many σ.
const CLOSE_DB: f64 = 2.0;
const CLOSE_SIGMAS: f64 = 2.0;
/// What opens a run lies this far above the floor, dB, and at least this many σ.
const OPEN_DB: f64 = 3.0;
const OPEN_SIGMAS: f64 = 4.0;

/// A noise floor as powers, full scale = 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct NoiseFloor {
    /// Middle of the noise.
    pub(super) level: f64,
    /// Speech ends where it comes down to this.
    pub(super) close: f64,
    /// Speech has to rise to this.
    pub(super) open: f64,
}

/// The level of a power above silence.
fn level_of(power: f64) -> usize {
    const MANTISSA: u64 = (1 << 52) - 1;
    let bits = power.to_bits();
    let octave = i64::from((bits >> 52) as u32 & 0x7ff) - 1023 - LOWEST_OCTAVE;
    let mantissa = f64::from_bits(bits & MANTISSA | 1023 << 52);
    let eighth = EIGHTHS.iter().filter(|&&edge| mantissa >= edge).count();
    let octave = usize::try_from(octave).unwrap_or(0);
    (octave * PER_OCTAVE + eighth).min(LEVELS - 1)
}

/// How many sub-blocks lie at each level.
struct Histogram {
    /// Up to and including each level.
    cumulative: [u32; LEVELS],
    /// Longest stretch without silence, sub-blocks.
    longest: usize,
}

impl Histogram {
    fn of(powers: &[f64]) -> Self {
        let silence = db_to_power(SILENCE_DBFS);
        let mut cumulative = [0; LEVELS];
        let (mut run, mut longest) = (0, 0);
        for &power in powers {
            if power > silence {
                cumulative[level_of(power)] += 1;
                run += 1;
                longest = longest.max(run);
            } else {
                run = 0;
            }
        }
        let mut sum = 0;
        for count in &mut cumulative {
            sum += *count;
            *count = sum;
        }
        Self { cumulative, longest }
    }

    fn up_to(&self, level: usize) -> usize {
        self.cumulative[level] as usize
    }

    /// Sub-blocks above silence.
    fn heard(&self) -> usize {
        self.up_to(LEVELS - 1)
    }

    fn below(&self, level: usize) -> usize {
        level.checked_sub(1).map_or(0, |below| self.up_to(below))
    }

    /// Sub-blocks in the heap's width from `level` on.
    fn density(&self, level: usize) -> usize {
        self.up_to(level + HEAP - 1) - self.below(level)
    }

    /// First level at which `percent` of `count` are reached.
    fn percentile(&self, percent: usize, count: usize) -> usize {
        self.cumulative.partition_point(|&sum| (sum as usize) * 100 < percent * count)
    }

    /// Within 12 dB for so long that it is no speech.
    fn is_steady(&self, stem_len: usize) -> bool {
        let heard = self.heard();
        let width = self.percentile(98, heard) - self.percentile(2, heard);
        let need = if stem_len >= WINDOW { STEADY_SUB_BLOCKS } else { stem_len };
        width <= STEADY && self.longest >= need.max(SHORTEST_STEADY)
    }

    /// The level of the heap's median, and its spread in levels.
    fn heap(&self, loudest: usize, stem_len: usize) -> Option<(usize, f64)> {
        let heard = self.heard();
        if heard < HEARD {
            return None;
        }
        let last = LEVELS - HEAP;
        let highest =
            if self.is_steady(stem_len) { LEVELS } else { loudest.saturating_sub(CONTRAST) };
        // The first of equals, so that it can be computed by hand.
        let densest = |from: usize, to: usize| {
            (from..=to).max_by_key(|&level| (self.density(level), LEVELS - level))
        };
        let mut at = densest(0, self.percentile(QUIET_PERCENT, heard).min(last))?;
        let mut found = None;
        loop {
            // Half of the heap, and what lies below all of it.
            let below = self.below(at) + self.density(at) / 2;
            let median = self.percentile(100, below);
            let quiet = self.percentile(SIGMA_PERCENT, below);
            #[expect(clippy::cast_precision_loss, reason = "levels are small numbers")]
            let sigma = (median - quiet) as f64 + 0.5;
            if median > highest || sigma > WIDEST {
                break;
            }
            found = Some((median, sigma)).filter(|_| below * 200 >= HEAP_PERCENT * heard);
            match densest(at + 1, (at + CLIMB).min(last)) {
                Some(next) if self.density(next) > self.density(at) => at = next,
                _ => break,
            }
        }
        found
    }
}

/// Finds the floors of a stem, one for each segment.
#[derive(Clone, Debug)]
pub(super) struct Floors<'a> {
    powers: &'a [f64],
    loudest: usize,
    /// The windows that segments in a row share, with their indices.
    cache: [(usize, Option<NoiseFloor>); 5],
}

impl<'a> Floors<'a> {
    /// `loudest` is [`loudest_second`] of the same stem.
    pub(super) fn new(powers: &'a [f64], loudest: usize) -> Self {
        Self { powers, loudest, cache: [(usize::MAX, None); 5] }
    }

    /// Segment of a sub-block.
    pub(super) fn segment(sub_block: usize) -> usize {
        sub_block / SEGMENT
    }

    /// The floor of a segment, if there is one.
    pub(super) fn of_segment(&mut self, segment: usize) -> Option<NoiseFloor> {
        let last = self.powers.len().saturating_sub(WINDOW).div_ceil(SEGMENT);
        let mut highest: Option<NoiseFloor> = None;
        for window in [segment.saturating_sub(4), segment.saturating_sub(2), segment] {
            let found = self.of_window(window.min(last));
            if found.is_some_and(|found| highest.is_none_or(|known| found.level > known.level)) {
                highest = found;
            }
        }
        highest
    }

    /// The floor of the window that begins with a segment, the last one cut to end with the stem.
    fn of_window(&mut self, window: usize) -> Option<NoiseFloor> {
        let slot = &mut self.cache[window % 5];
        if slot.0 != window {
            let start = (window * SEGMENT).min(self.powers.len().saturating_sub(WINDOW));
            let end = (start + WINDOW).min(self.powers.len());
            let heap =
                Histogram::of(&self.powers[start..end]).heap(self.loudest, self.powers.len());
            *slot = (window, heap.map(|(median, sigma)| noise_floor(median, sigma)));
        }
        slot.1
    }
}

/// The floor of a heap around the middle of a level.
fn noise_floor(median: usize, sigma: f64) -> NoiseFloor {
    #[expect(clippy::cast_precision_loss, reason = "levels are small numbers")]
    let octaves = (median as f64 + 0.5) / PER_OCTAVE as f64 + LOWEST_OCTAVE as f64;
    let level = math::exp2(octaves);
    let above = |db: f64, sigmas: f64| level * db_to_power(db.max(sigmas * sigma * LEVEL_DB));
    NoiseFloor { level, close: above(CLOSE_DB, CLOSE_SIGMAS), open: above(OPEN_DB, OPEN_SIGMAS) }
}

/// The level that the stem exceeds for one second in all, or for a tenth of its length.
pub(super) fn loudest_second(powers: &[f64]) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "100 a second")]
    let second = SUB_BLOCKS_PER_S as usize;
    let count = second.min(powers.len() / 10).max(1);
    let histogram = Histogram::of(powers);
    let heard = histogram.heard();
    if heard == 0 {
        return 0;
    }
    let below = heard.saturating_sub(count);
    histogram.cumulative.partition_point(|&sum| sum as usize <= below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_eighths_of_an_octave_of_power() {
        assert_eq!(level_of(math::exp2(-31.0)), 0);
        assert_eq!(level_of(1.0), 31 * 8);
        for (n, edge) in EIGHTHS.into_iter().enumerate() {
            assert_eq!((level_of(edge), level_of(edge * 0.999_999)), (249 + n, 248 + n));
            assert!((math::log2(edge) * 8.0 - (n + 1) as f64).abs() < 1e-14);
        }
        assert_eq!((level_of(1e12), level_of(f64::INFINITY)), (LEVELS - 1, LEVELS - 1));
    }

    #[test]
    fn the_loudest_second_is_that_of_the_hundredth_loudest() {
        let mut powers = [1e-6; 2000];
        powers[500..599].fill(1.0);
        assert_eq!(loudest_second(&powers), level_of(1e-6));
        powers[599] = 1.0;
        assert_eq!(loudest_second(&powers), level_of(1.0));
        assert_eq!(loudest_second(&[0.0; 50]), 0);
    }

    #[test]
    fn a_heap_computed_by_hand() {
        // The quiet half in one level, the rest loud: no spread but the half level.
        let mut powers = [1.0; 1000];
        powers[..500].fill(1e-6);
        let heap = |powers: &[f64]| Histogram::of(powers).heap(level_of(1.0), 1000);
        assert_eq!(heap(&powers), Some((level_of(1e-6), 0.5)));
        // 30 of 1000 are too few; 6 dB of contrast are too little in what is not steady for 6 s.
        powers[30..].fill(1.0);
        assert_eq!(heap(&powers), None);
        powers.fill(1.0);
        powers[..500].fill(0.25);
        (powers[300], powers[700]) = (0.0, 0.0);
        assert_eq!(heap(&powers), None);
        // Two heaps 12 dB apart: the spread is that of both.
        powers[..250].fill(1e-6);
        powers[250..500].fill(1.6e-5);
        assert_eq!(heap(&powers).unwrap().0, level_of(1e-6));
        powers[..250].fill(1.6e-5);
        powers[..30].fill(1e-6);
        assert_eq!(heap(&powers).unwrap().0, level_of(1.6e-5));
    }

    #[test]
    fn what_stays_within_12_db_for_six_seconds_is_a_floor_at_any_level() {
        let mut powers = [0.01; 1200];
        let floor = |powers: &[f64]| Floors::new(powers, loudest_second(powers)).of_segment(0);
        let found = floor(&powers).unwrap();
        // The middle of its level, at most half a level off; 2 and 3 dB above.
        assert!((found.level / 0.01 - 1.0).abs() < 0.045, "{found:?}");
        assert!((found.close / found.level - 1.584_893).abs() < 1e-6);
        assert!((found.open / found.level - 1.995_262).abs() < 1e-6);
        // Silence within: a voice that is steady.
        for start in [100, 500, 1000] {
            powers[start] = 0.0;
        }
        assert_eq!(floor(&powers), None);
    }
}
