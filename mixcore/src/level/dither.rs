//! Makes 24 bits out of a mix, or 16, without distortion: dither and noise shaping.
//!
//! Rounding alone leaves an error that depends on the signal: quiet passages distort, fades end in
//! buzzing and then in silence. Noise added before the rounding makes the error a noise again. With
//! Δ = 2^(1−bits), the step of the words, and d the dither in steps,
//!
//! > y = Δ·round(v + d), v = x/Δ; e = y/Δ − v is the total error
//!
//! Triangular dither (TPDF) of ±1 step, the difference of two independent uniform numbers, is the least
//! that makes mean and power of e independent of x: the mean is 0, the power Δ²/4, the spectrum flat.
//! The reference here is amplitude 1.0 (0 dBFS is a square wave or DC at full scale): at 16 bits the
//! noise is 10·log10(2^-30/4) = −96.33 dBFS, at 20 bits −120.41, at 24 bits −144.49; 3.01 dB more
//! relative to a sine at full scale. Rounding alone has Δ²/12, 4.77 dB less, where the signal is busy.
//!
//! Noise shaping feeds the past errors back, v = x/Δ − Σ c_k·e\[n−k\], which shapes the error:
//!
//! > y/Δ − x/Δ = e\[n\] − Σ c_k·e\[n−k\], H(z) = 1 − Σ c_k·z^-k
//!
//! It cannot take noise away (the mean of log|H| over frequency is 0 dB; Gerzon and Craven), but it moves
//! it from where the ear is keen to where it is not. Against flat TPDF at 48 kHz, power of H (computed
//! from the coefficients, asserted on the output in `tests/all/dither.rs`):
//!
//! | | total | mean of 2 to 5 kHz | worst there | 1 kHz | at half the rate |
//! |---|---:|---:|---:|---:|---:|
//! | [`DitherKind::Lipshitz5`] | +12.19 dB | −18.56 dB | −15.48 dB | −15.99 dB | +19.43 dB |
//! | [`DitherKind::Wannamaker9`] | +18.40 dB | −22.06 dB | −16.99 dB | −13.18 dB | +27.00 dB |
//!
//! The dither of a channel at a frame is a hash of seed, channel and frame: no state, so any split of a
//! block gives the same bits, the channels are independent, and a master can be made again.
//!
//! Sources: S. Lipshitz, R. Wannamaker, J. Vanderkooy, "Quantization and dither: a theoretical survey",
//! JAES 40(5), 1992 (moments of the error); S. Lipshitz, J. Vanderkooy, R. Wannamaker, "Minimally audible
//! noise shaping", JAES 39(11), 1991 (five coefficients); R. Wannamaker, "Psychoacoustically optimal
//! noise shaping", JAES 40(7/8), 1992 (nine coefficients, F-weighting). The papers were not at hand: the
//! coefficients are those that all open programmes print under these names, the titles unverified;
//! that log|H| has mean 0 to 0.0004 dB is checked. G. Steele, D. Lea, C. Flood, "Fast splittable
//! pseudorandom number generators", OOPSLA 2014 (SplitMix64).
//!
//! Cost: a hash of two multiplications a sample and, shaped, 5 or 9 products, four channels side by side.
//! Latency: none.
//! Limits: the last step before a file; a gain behind it undoes it. Shaped at 40 to 50 kHz only, for the
//! curves are tied to hertz. One shaping per master: noise that was shaped twice is loud.

use crate::audio::{BlockMut, PerChannel, Sample};
use crate::error::Error;
use crate::kernels;
use crate::math;
use crate::stream::{Field, Io, Process, Processor, Stream, unknown_field};
use crate::units::power_to_db;

/// Fewest bits of a word.
pub const MIN_DITHER_BITS: u32 = 8;
/// Most bits of a word: what an f32 sample holds exactly.
pub const MAX_DITHER_BITS: u32 = 24;
/// Digital silence after which auto-blank ends the noise, ms.
pub const AUTO_BLANK_MS: f64 = 100.0;

/// Rates for which the shaping curves were made, 44.1 and 48 kHz and what is near, Hz.
const SHAPED_RATES_HZ: [f64; 2] = [40_000.0, 50_000.0];
/// Frames that are worked on in one go.
const CHUNK: usize = 64;
/// Channels that are shaped side by side: a feedback alone waits for itself.
const LANES: usize = 4;
/// Most coefficients of a shaping filter.
const TAPS: usize = 9;

const LIPSHITZ: [f64; 5] = [2.033, -2.165, 1.959, -1.590, 0.6149];
const WANNAMAKER: [f64; TAPS] =
    [2.412, -3.370, 3.937, -4.174, 3.353, -2.205, 1.281, -0.569, 0.0847];

/// What happens to the error of rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum DitherKind {
    /// Plain rounding to the nearest word (to the even one of two): no noise, but distortion.
    Round,
    /// Triangular dither of ±1 step, flat: right for every rate and for what is processed further.
    #[default]
    Tpdf,
    /// The same, shaped by five coefficients: the mild curve.
    Lipshitz5,
    /// The same, shaped by nine coefficients: less to hear, more noise above 10 kHz.
    Wannamaker9,
}

impl DitherKind {
    /// The shaping coefficients c_1, c_2 …; none without shaping.
    #[must_use]
    pub const fn coefficients(self) -> &'static [f64] {
        match self {
            Self::Round | Self::Tpdf => &[],
            Self::Lipshitz5 => &LIPSHITZ,
            Self::Wannamaker9 => &WANNAMAKER,
        }
    }

    /// Power of the noise relative to flat TPDF, all frequencies together, dB; of rounding alone,
    /// −4.77 dB, as far as the signal is busy.
    #[must_use]
    pub fn noise_gain_db(self) -> f64 {
        let power = self.coefficients().iter().fold(1.0, |sum, c| sum + c * c);
        power_to_db(if self == Self::Round { power / 3.0 } else { power })
    }

    /// Power of the noise at `hz` relative to flat TPDF, dB.
    #[must_use]
    pub fn shaping_db(self, hz: f64, rate_hz: f64) -> f64 {
        let w = 2.0 * math::PI * hz / rate_hz;
        let (mut re, mut im, mut k) = (1.0, 0.0, 0.0);
        for c in self.coefficients() {
            k += 1.0;
            re -= c * math::cos(k * w);
            im += c * math::sin(k * w);
        }
        let rounding = if self == Self::Round { 3.0 } else { 1.0 };
        power_to_db((re * re + im * im) / rounding)
    }
}

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct DitherSetup {
    /// Bits of a word, 8 to 24.
    pub bits: u32,
    /// Rounding, dither or shaped dither.
    pub kind: DitherKind,
    /// The same seed gives the same noise.
    pub seed: u64,
    /// Exact zeros before a channel first sounds, and after [`AUTO_BLANK_MS`] of digital silence. Off by
    /// default: a noise that comes and goes is more noticeable than one that stays.
    pub auto_blank: bool,
}

impl Default for DitherSetup {
    /// 16 bits, TPDF, seed 0, no auto-blank.
    fn default() -> Self {
        Self { bits: 16, kind: DitherKind::Tpdf, seed: 0, auto_blank: false }
    }
}

impl DitherSetup {
    /// Checks the bits, and the rate where the noise is shaped.
    ///
    /// # Errors
    /// Bits outside 8 to 24, or shaping at a rate outside 40 to 50 kHz.
    pub fn validate(&self, stream: &Stream) -> Result<(), Error> {
        stream.validate()?;
        let (min, max) = (f64::from(MIN_DITHER_BITS), f64::from(MAX_DITHER_BITS));
        Error::check_range("bits", f64::from(self.bits), min, max)?;
        let [low, high] = SHAPED_RATES_HZ;
        if !self.kind.coefficients().is_empty() && !(low..=high).contains(&stream.rate_hz) {
            return Err(Error::NotAllowed {
                field: "rate_hz",
                given: stream.rate_hz,
                allowed: "40000 to 50000 with noise shaping, whose curves are made for 44.1 and 48 kHz",
                hint: "take DitherKind::Tpdf",
            });
        }
        Ok(())
    }

    /// The step between two words, Δ = 2^(1−bits); 1.0 is full scale.
    #[must_use]
    pub fn step(&self) -> f64 {
        math::powi(2.0, 1 - self.bits.min(MAX_DITHER_BITS).cast_signed())
    }

    /// Power of the noise, dBFS rms with amplitude 1.0 as the reference (see the module).
    #[must_use]
    pub fn noise_dbfs(&self) -> f64 {
        power_to_db(0.25 * self.step() * self.step()) + self.kind.noise_gain_db()
    }
}

/// What a channel remembers.
#[derive(Clone, Copy, Debug)]
struct Memory {
    /// Past errors in steps, the newest first.
    errors: [f64; TAPS],
    /// Frames of digital silence so far.
    silent: u32,
}

impl Default for Memory {
    /// No errors, and silence since ever: what has not sounded yet makes no noise.
    fn default() -> Self {
        Self { errors: [0.0; TAPS], silent: u32::MAX }
    }
}

/// Rounds samples to words of 8 to 24 bits, with dither.
///
/// Every output lies exactly on the grid k·2^(1−bits), −2^(bits−1) ≤ k < 2^(bits−1). What would lie
/// beyond stays at the end of the range, never wraps, and is counted ([`Dither::clipped`]); full
/// scale, 1.0, is one step beyond. Samples that are not finite or beyond 1e6 become 0 and are counted,
/// for no word says otherwise.
///
/// # Latency
/// None.
///
/// # Real time
/// `process` and `reset` neither allocate nor wait.
///
/// # Example
/// ```
/// use mixcore::level::{Dither, DitherSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Stream};
/// let setup = DitherSetup { seed: 2024, ..DitherSetup::default() };
/// assert!((setup.noise_dbfs() + 96.33).abs() < 0.01);
/// let mut dither = Dither::new(setup, Stream::new(48_000.0, Layout::MONO)?)?;
/// let mut audio = [0.1_f32; 1000];
/// dither.process(Io::new(BlockMut::mono(&mut audio)))?;
/// // 0.1 is 3276.8 steps: words from 3275 to 3278, and their mean is 0.1.
/// assert!(audio.iter().all(|y| (3275..=3278).any(|k| *y == k as f32 / 32768.0)));
/// let mean = audio.iter().map(|&y| f64::from(y) * 32768.0).sum::<f64>() / 1000.0;
/// assert!((mean - 3276.8).abs() < 0.05);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dither {
    setup: DitherSetup,
    stream: Stream,
    grid: Grid,
    memory: PerChannel<Memory>,
    /// Frames of silence before auto-blank.
    hold: u32,
    /// Frames since the start.
    frame: u64,
    clipped: u64,
    faults: u64,
}

impl Dither {
    /// A dither at frame 0.
    ///
    /// # Errors
    /// Bits outside 8 to 24, shaping at a rate outside 40 to 50 kHz, or a stream out of range.
    pub fn new(setup: DitherSetup, stream: Stream) -> Result<Self, Error> {
        setup.validate(&stream)?;
        let hold = u32::try_from(stream.frames_of_ms(AUTO_BLANK_MS)).unwrap_or(u32::MAX);
        Ok(Self {
            setup,
            stream,
            grid: Grid::new(&setup),
            memory: PerChannel::new(stream.channel_count())?,
            hold,
            frame: 0,
            clipped: 0,
            faults: 0,
        })
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> DitherSetup {
        self.setup
    }

    /// Samples since the last reset that would have been beyond the largest or smallest word.
    #[must_use]
    pub fn clipped(&self) -> u64 {
        self.clipped
    }

    /// Reads one lane of a piece: its samples in steps, its dither, and where it sounds.
    fn read<S: Sample>(&mut self, channel: usize, samples: &[S], piece: &mut Piece) {
        if samples.is_empty() {
            return;
        }
        let mut fresh = [S::zero(); CHUNK];
        self.faults += kernels::clean(self.stream.isa, samples, &mut fresh) as u64;
        for (to, x) in piece.steps.iter_mut().zip(&fresh) {
            *to = x.as_f64() * self.grid.words;
        }
        if self.setup.kind != DitherKind::Round {
            let key = channel_key(self.setup.seed, channel);
            for (n, dither) in (0_u64..).zip(&mut piece.dither) {
                *dither = triangular(key, self.frame.wrapping_add(n));
            }
        }
        if let Some(memory) = self.memory.get_mut(channel)
            && self.setup.auto_blank
        {
            for (sounds, x) in piece.sounds.iter_mut().zip(&fresh).take(samples.len()) {
                memory.silent = if *x == S::zero() { memory.silent.saturating_add(1) } else { 0 };
                *sounds = if memory.silent > self.hold { 0.0 } else { 1.0 };
            }
        }
    }

    /// Every channel on its own: rounds a piece.
    fn flat<S: Sample>(&mut self, part: &mut BlockMut<'_, S>) {
        for (channel, samples) in part.channels_mut().enumerate() {
            let mut piece = Piece::EMPTY;
            self.read(channel, samples, &mut piece);
            let mut clipped = 0;
            let terms = piece.steps.iter().zip(&piece.dither).zip(&piece.sounds);
            for (sample, ((v, d), sounds)) in samples.iter_mut().zip(terms) {
                let word = nearest(v + d) * sounds;
                *sample = S::from_f64(self.grid.cut(word, &mut clipped));
            }
            self.clipped += clipped;
        }
    }

    /// Four channels side by side: rounds a piece with the errors of `N` frames fed back.
    fn shaped<S: Sample, const N: usize>(
        &mut self,
        part: &mut BlockMut<'_, S>,
        coefficients: &[f64; N],
    ) {
        let frames = part.frames();
        let count = self.memory.len();
        let mut channels = part.channels_mut();
        for first in (0..count).step_by(LANES) {
            let mut group: [&mut [S]; LANES] =
                core::array::from_fn(|_| channels.next().unwrap_or_default());
            let mut rows = [[[0.0; LANES]; 3]; CHUNK];
            let mut errors = [[0.0; LANES]; N];
            for (lane, samples) in group.iter().enumerate() {
                let mut piece = Piece::EMPTY;
                self.read(first + lane, samples, &mut piece);
                let lists = piece.steps.iter().zip(&piece.dither).zip(&piece.sounds);
                for (row, ((v, d), sounds)) in rows.iter_mut().zip(lists) {
                    for (to, from) in row.iter_mut().zip([v, d, sounds]) {
                        put(to, lane, *from);
                    }
                }
                if let Some(memory) = self.memory.get(first + lane) {
                    for (to, from) in errors.iter_mut().zip(&memory.errors) {
                        put(to, lane, *from);
                    }
                }
            }
            for row in rows.iter_mut().take(frames) {
                round_frame(row, &mut errors, coefficients);
            }
            let mut clipped = 0;
            for (lane, samples) in group.iter_mut().enumerate() {
                for (sample, [words, ..]) in samples.iter_mut().zip(&rows) {
                    let word = words.get(lane).copied().unwrap_or_default();
                    *sample = S::from_f64(self.grid.cut(word, &mut clipped));
                }
                if let Some(memory) = self.memory.get_mut(first + lane) {
                    for (to, from) in memory.errors.iter_mut().zip(&errors) {
                        *to = from.get(lane).copied().unwrap_or_default();
                    }
                }
            }
            self.clipped += clipped;
        }
    }
}

/// The words and where they end.
#[derive(Clone, Copy, Debug)]
struct Grid {
    /// Words on either side of zero, 2^(bits−1).
    words: f64,
    step: f64,
}

impl Grid {
    fn new(setup: &DitherSetup) -> Self {
        let step = setup.step();
        Self { words: 1.0 / step, step }
    }

    /// The sample of a word, which is kept inside the range.
    fn cut(&self, word: f64, clipped: &mut u64) -> f64 {
        let (low, high) = (-self.words, self.words - 1.0);
        *clipped += u64::from(word < low || word > high);
        // The sum makes a positive zero of a negative one.
        word.max(low).min(high) * self.step + 0.0
    }
}

/// A piece of one channel.
struct Piece {
    /// Samples in steps.
    steps: [f64; CHUNK],
    /// Dither in steps.
    dither: [f64; CHUNK],
    /// 1 where the channel sounds, 0 where auto-blank holds it.
    sounds: [f64; CHUNK],
}

impl Piece {
    const EMPTY: Self = Self { steps: [0.0; CHUNK], dither: [0.0; CHUNK], sounds: [1.0; CHUNK] };
}

fn put(lanes: &mut [f64; LANES], lane: usize, value: f64) {
    if let Some(place) = lanes.get_mut(lane) {
        *place = value;
    }
}

/// One frame of four channels: samples in steps become words, and the errors move on.
#[inline(always)]
fn round_frame<const N: usize>(
    [steps, dither, sounds]: &mut [[f64; LANES]; 3],
    errors: &mut [[f64; LANES]; N],
    coefficients: &[f64; N],
) {
    let mut v = *steps;
    // The oldest first: the newest error comes last, and with it the wait.
    for (c, error) in coefficients.iter().zip(errors.iter()).rev() {
        for (v, e) in v.iter_mut().zip(error) {
            *v -= c * e;
        }
    }
    let mut error = [0.0; LANES];
    let lanes = v.iter().zip(dither.iter()).zip(sounds.iter());
    for ((word, e), ((v, d), sounds)) in steps.iter_mut().zip(&mut error).zip(lanes) {
        let nearest = nearest(v + d);
        *word = nearest * sounds;
        // Of the word before it is cut: what clips is not the noise's to make good.
        *e = (nearest - v) * sounds;
    }
    errors.rotate_right(1);
    if let Some(newest) = errors.first_mut() {
        *newest = error;
    }
}

/// The nearest whole number, the even one of two, of numbers below 2^51: what lies behind the point
/// falls off where a step of f64 is 1.
#[inline(always)]
fn nearest(x: f64) -> f64 {
    const SHIFT: f64 = 6_755_399_441_055_744.0; // 1.5 · 2^52
    (x + SHIFT) - SHIFT
}

/// SplitMix64's increment: the golden ratio as an odd number of 64 bits.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64's finaliser: every bit of the input reaches every bit of the output.
#[inline(always)]
fn mixed(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Where the sequence of a channel begins.
fn channel_key(seed: u64, channel: usize) -> u64 {
    mixed(mixed(seed).wrapping_add((channel as u64 + 1).wrapping_mul(GAMMA)))
}

/// Triangular dither of a frame, between −1 and 1: the difference of two uniform numbers of 32 bits.
#[inline(always)]
fn triangular(key: u64, frame: u64) -> f64 {
    let bits = mixed(key.wrapping_add(frame.wrapping_mul(GAMMA)));
    let halves = (bits >> 32).cast_signed() - (bits & 0xffff_ffff).cast_signed();
    #[expect(clippy::cast_precision_loss, reason = "33 bits with the sign")]
    let steps = halves as f64;
    steps * (1.0 / 4_294_967_296.0)
}

impl Processor for Dither {
    fn latency_frames(&self) -> usize {
        0
    }

    /// None of the signal; the noise goes on, with auto-blank for [`AUTO_BLANK_MS`].
    fn tail_frames(&self) -> usize {
        if self.setup.auto_blank { self.hold as usize } else { 0 }
    }

    fn reset(&mut self) {
        self.memory.fill(Memory::default());
        self.frame = 0;
        self.clipped = 0;
        self.faults = 0;
    }

    fn fields(&self) -> &'static [Field] {
        &[]
    }

    fn field(&self, _name: &str) -> Option<f64> {
        None
    }

    fn set_field(&mut self, name: &str, _value: f64) -> Result<(), Error> {
        Err(unknown_field(name))
    }

    fn faults(&self) -> u64 {
        self.faults
    }
}

impl<S: Sample> Process<S> for Dither {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        let mut main = io.without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        let mut at = 0;
        while at < main.frames() {
            let frames = CHUNK.min(main.frames() - at);
            let mut part = main.range(at, at + frames);
            match self.setup.kind {
                DitherKind::Round | DitherKind::Tpdf => self.flat(&mut part),
                DitherKind::Lipshitz5 => self.shaped(&mut part, &LIPSHITZ),
                DitherKind::Wannamaker9 => self.shaped(&mut part, &WANNAMAKER),
            }
            at += frames;
            self.frame += frames as u64;
        }
        Ok(())
    }
}
