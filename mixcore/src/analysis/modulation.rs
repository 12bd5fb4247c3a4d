//! How deeply syllables, notes and strokes modulate a programme: the modulation depth per octave.
//!
//! With I\[n\] the power of an octave band in the 10 ms sub-block n, w a von Hann window of N = 200
//! sub-blocks (2 s, one a second) and X_k the transform of w·I at k/(2 s):
//!
//! > d = √(Σ_k 4·|X_k·c_k|² / (N²·⅜)), k = 4 … 32 (2 to 16 Hz),  c_k = (π·k/N) / sin(π·k/N)
//! > m = Σ d / Σ w̄·I: the depth of each window, weighted by its energy
//!
//! so an intensity 1 + m·cos(2πFt) reads m for 2 Hz < F < 16 Hz, and noise reads what its own
//! fluctuation comes to. c_k makes up for the mean over a sub-block. A von Hann window keeps what does
//! not move to k ≤ 1, so the mean does not leak in.
//!
//! Sources: the depth of modulation of the intensity in octaves from 125 Hz to 8 kHz as IEC 60268-16
//! has it for the speech transmission index (T. Houtgast and H. J. M. Steeneken, J. Acoust. Soc. Am.
//! 77(3), 1985), which takes 0.63 to 12.5 Hz [clauses not read]. 2 to 16 Hz is the rate of syllables
//! and phonemes: R. Drullman et al., J. Acoust. Soc. Am. 95, 1994 (limits of 4 and 16 Hz) [abstract].
//! Windows and weights are ours.
//! Limits: a band's own width passes no faster modulation than it is wide: a third octave at 125 Hz
//! is 29 Hz wide, so above some 10 Hz the lowest octave reads low.
//! Cost: the filters of [`super::ThirdOctaveBank`]; 81,000 products a second for the depth.

use super::third_octave::{ThirdOctaveBank, ThirdOctaveState};
use crate::audio::{Block, PerChannel, Sample, Store};
use crate::error::Error;
use crate::kernels;
use crate::loudness::sub_block_start;
use crate::math;
use crate::stream::Stream;

/// Octave bands, 125 Hz to 8 kHz (IEC 60268-16).
pub const MODULATION_OCTAVES: usize = 7;
/// Centres of the octaves, Hz.
pub const MODULATION_OCTAVES_HZ: [f64; MODULATION_OCTAVES] =
    [125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0];
/// Third octave at which the lowest octave begins: 100 Hz.
const FIRST_THIRD: usize = 7;
/// Sub-blocks of a window, 2 s: four periods of the slowest modulation.
const WINDOW: usize = 200;
/// Sub-blocks between windows, 1 s.
const HOP: usize = 100;
/// First and last line of the transform: 2 and 16 Hz.
const LINES: (usize, usize) = (4, 32);
/// Mean square of the von Hann window; its mean is a half.
const WINDOW_SQUARE: f64 = 0.375;
/// Frames that are cleaned at a time.
const PIECE: usize = 64;
/// Sums that are kept: the side that is ahead by a latency of up to 2 s is ahead by 3 windows at most.
const KEPT: usize = 4;

/// Numbers of memory: powers of a window per octave, its rearranged copy, and a turn of the cosine.
pub(super) const MODULATION_LEN: usize = (MODULATION_OCTAVES + 2) * WINDOW;

/// Σ d and Σ w̄·I of each octave.
type Sums = [[f64; 2]; MODULATION_OCTAVES];

/// Listens to one programme.
#[derive(Debug)]
pub(super) struct Modulation<'a> {
    stream: Stream,
    bank: ThirdOctaveBank,
    states: PerChannel<ThirdOctaveState>,
    memory: Store<'a, f64>,
    /// Sums after each of the last windows.
    sums: [Sums; KEPT],
    windows: usize,
    frames: u64,
    done: usize,
}

impl<'a> Modulation<'a> {
    pub(super) fn new(stream: Stream, mut memory: Store<'a, f64>) -> Result<Self, Error> {
        let turn = memory.get_mut((MODULATION_OCTAVES + 1) * WINDOW..).unwrap_or_default();
        for (n, cosine) in turn.iter_mut().take(WINDOW).enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "at most 200")]
            {
                *cosine = math::cos(2.0 * math::PI * n as f64 / WINDOW as f64);
            }
        }
        Ok(Self {
            stream,
            bank: ThirdOctaveBank::design(stream.rate_hz, stream.isa)?,
            states: PerChannel::new(stream.channel_count())?,
            memory,
            sums: Default::default(),
            windows: 0,
            frames: 0,
            done: 0,
        })
    }

    pub(super) fn reset(&mut self) {
        self.states.fill(ThirdOctaveState::default());
        self.sums = Default::default();
        (self.windows, self.frames, self.done) = (0, 0, 0);
    }

    /// Windows so far.
    pub(super) fn windows(&self) -> usize {
        self.windows
    }

    /// Octaves that exist whole at this rate.
    pub(super) fn octaves(&self) -> usize {
        (self.bank.band_count().saturating_sub(FIRST_THIRD) / 3).min(MODULATION_OCTAVES)
    }

    /// Depth in an octave over the first `windows` windows, one of the last [`KEPT`] counts.
    pub(super) fn depth(&self, octave: usize, windows: usize) -> Option<f64> {
        if windows == 0 || windows > self.windows || octave >= self.octaves() {
            return None;
        }
        let [depth, mean] = *self.sums.get(windows % KEPT)?.get(octave)?;
        (mean > 0.0).then(|| depth / mean)
    }

    /// Listens to a block; every split gives the same bits.
    pub(super) fn push<S: Sample>(&mut self, block: &Block<'_, S>) {
        let mut at = 0;
        while at < block.frames() {
            let start = sub_block_start(self.done, self.stream.rate_hz);
            let end = sub_block_start(self.done + 1, self.stream.rate_hz);
            #[expect(clippy::cast_possible_truncation, reason = "at most a sub-block")]
            let take = ((end - self.frames) as usize).min(block.frames() - at);
            let channels = self.stream.layout.speakers().iter().zip(block.channels());
            for ((speaker, samples), state) in channels.zip(self.states.iter_mut()) {
                if !speaker.lfe {
                    filter(&self.bank, self.stream, state, samples.get(at..at + take));
                }
            }
            at += take;
            self.frames += take as u64;
            if self.frames == end {
                self.end_sub_block(end - start);
            }
        }
    }

    /// A sub-block of that many frames is complete.
    fn end_sub_block(&mut self, frames: u64) {
        let mut powers = [0.0; MODULATION_OCTAVES];
        for state in self.states.iter_mut() {
            let energies = self.bank.energies(state);
            let (thirds, _) = energies.get(FIRST_THIRD..).unwrap_or_default().as_chunks::<3>();
            for (power, thirds) in powers.iter_mut().zip(thirds) {
                #[expect(clippy::cast_precision_loss, reason = "at most a sub-block")]
                {
                    *power += (thirds[0] + thirds[1] + thirds[2]) / frames as f64;
                }
            }
            state.clear_energies();
        }
        let rings = self.memory.chunks_exact_mut(WINDOW);
        for (ring, power) in rings.zip(powers) {
            if let Some(slot) = ring.get_mut(self.done % WINDOW) {
                *slot = power;
            }
        }
        self.done += 1;
        if self.done >= WINDOW && (self.done - WINDOW).is_multiple_of(HOP) {
            self.end_window();
        }
    }

    /// Adds the last window.
    fn end_window(&mut self) {
        let mut sums = self.sums[self.windows % KEPT];
        let oldest = self.done % WINDOW;
        let memory = &mut *self.memory;
        let (rings, rest) = memory.split_at_mut((MODULATION_OCTAVES * WINDOW).min(memory.len()));
        let (line, turn) = rest.split_at_mut(WINDOW.min(rest.len()));
        for (ring, sum) in rings.chunks_exact(WINDOW).zip(&mut sums) {
            let (late, early) = ring.split_at(oldest);
            let mut total = 0.0;
            let powers = early.iter().chain(late);
            for ((slot, power), cosine) in line.iter_mut().zip(powers).zip(&*turn) {
                *slot = power * (0.5 - 0.5 * cosine);
                total += *slot;
            }
            let mut square = 0.0;
            for k in LINES.0..=LINES.1 {
                square += line_power(line, turn, k);
            }
            #[expect(clippy::cast_precision_loss, reason = "200")]
            let n = WINDOW as f64;
            sum[0] += math::sqrt(4.0 * square / (n * n * WINDOW_SQUARE));
            sum[1] += total / (0.5 * n);
        }
        self.windows += 1;
        self.sums[self.windows % KEPT] = sums;
    }
}

/// Filters one channel, cleaned.
fn filter<S: Sample>(
    bank: &ThirdOctaveBank,
    stream: Stream,
    state: &mut ThirdOctaveState,
    samples: Option<&[S]>,
) {
    for piece in samples.unwrap_or_default().chunks(PIECE) {
        let mut clean = [S::zero(); PIECE];
        if let Some(clean) = clean.get_mut(..piece.len()) {
            kernels::clean(stream.isa, piece, clean);
            bank.push(state, clean);
        }
    }
}

/// |X_k·c_k|² of a window.
fn line_power(line: &[f64], turn: &[f64], k: usize) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, value) in line.iter().enumerate() {
        // sin φ = cos(φ − 90°): a quarter of a turn earlier.
        let at = n * k % WINDOW;
        let of = |place: usize| turn.get(place % WINDOW).copied().unwrap_or(0.0);
        re += value * of(at);
        im += value * of(at + WINDOW - WINDOW / 4);
    }
    #[expect(clippy::cast_precision_loss, reason = "at most 200")]
    let angle = math::PI * k as f64 / WINDOW as f64;
    let made_up = angle / math::sin(angle);
    (re * re + im * im) * (made_up * made_up)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Layout;

    /// A tone of 1 kHz whose intensity is 1 + m·cos(2πFt), 6 s.
    fn depth_of(m: f64, modulation_hz: f64) -> f64 {
        let stream = Stream::new(48_000.0, Layout::MONO).unwrap();
        let mut memory = [0.0; MODULATION_LEN];
        let memory = Store::lent("test", &mut memory, MODULATION_LEN, 0.0).unwrap();
        let mut modulation = Modulation::new(stream, memory).unwrap();
        for n in 0..6 * 48_000_u32 {
            let t = f64::from(n) / 48e3;
            let intensity = 1.0 + m * math::cos(2.0 * math::PI * modulation_hz * t);
            let x = math::sqrt(intensity) * math::sin(2.0 * math::PI * 1000.0 * t);
            modulation.push(&Block::mono(&[0.1 * x]));
        }
        assert_eq!((modulation.windows(), modulation.octaves()), (5, MODULATION_OCTAVES));
        modulation.depth(3, 5).unwrap()
    }

    #[test]
    fn a_known_modulation_reads_its_depth() {
        // 2 %: what the third octaves (230 Hz wide, summed as energies) make of side bands at ±10 Hz.
        for (m, hz) in [(0.8, 4.0), (0.5, 5.3), (0.2, 10.0), (0.5, 15.0)] {
            let found = depth_of(m, hz);
            assert!((found / m - 1.0).abs() < 0.02, "{m} at {hz} Hz: {found}");
        }
        // Outside 2 to 16 Hz there is nothing; at rest neither.
        assert!(
            depth_of(0.5, 0.5) < 0.01 && depth_of(0.5, 25.0) < 0.01 && depth_of(0.0, 4.0) < 1e-3
        );
    }
}
