//! How far one channel lags behind another, and whether its polarity is turned.
//!
//! A copy that is late combs in the fold-down; a spaced pair does so a little; a polarity that is turned
//! cancels. What to do differs, so the two must be told apart: the correlation alone cannot.
//!
//! > c(τ) = Σ a\[n\]·b\[n + τ\] / √(Σ a\[n\]² · Σ b\[n + τ\]²), |τ| ≤ the longest delay
//!
//! over the frames n of a window, a and b the two channels after one fixed filter: a shelf that lifts
//! what lies above 2 kHz by 12 dB over what lies below 500 Hz, for speech and music fall about so and
//! an even spectrum has a narrow peak, and a zero at the Nyquist frequency. The delay is where |c| is
//! largest; a negative peak is a turned polarity. Between the lags c is interpolated with a windowed
//! sinc, for the correlation of band-limited signals is band-limited too.
//!
//! There is no answer where the question has none: the peak is low (unrelated channels), another peak
//! is nearly as high (a tone, a rhythm), it lies at the end of the range, or a channel is silent.
//!
//! Sources: C. Knapp and G. Carter, "The generalized correlation method for estimation of time delay",
//! IEEE Trans. ASSP 24(4), 1976 (pre-filters of the correlation; here one fixed pre-filter).
//! Error: below 0.01 frames for copies with energy up to 0.45 of the rate, at fractions of a frame too
//! (`tests/all/analysis`).
//! Cost: 2·(longest delay)·rate + 65 products a frame, in registers: about 0.15 µs at 20 ms and 48 kHz.
//! Latency: the longest delay and 32 frames, in chunks of 256; [`ChannelDelay::finish`] lets silence follow.
//! Limits: one delay, the same at all frequencies. Where a piece repeats itself within the range, a delay
//! beyond the range may look like one inside it, at a lower correlation: of 13 seconds of the shipped
//! music, 1.2 times the range late, 3 are mistaken at the default thresholds, but not the whole of it.

use super::delay_curve::{Curve, DelayReadings, DelayVerdict, MARGIN};
use super::pair::{ChannelPair, PairRows};
use crate::audio::{Block, Sample, Store, move_to_front};
use crate::error::Error;
use crate::kernels::{self, lag_products};
use crate::loudness::MeterStorage;
use crate::math;
use crate::stream::Stream;
use crate::units::Reading;

/// Frames that are correlated in one go.
const CHUNK: usize = 256;
/// Corners of the filter's shelf, Hz. Tried on the shipped cue's stems, delayed, with noise and with other
/// stems under them: without the shelf 8 of 13 windows of music are ambiguous, up to 5 kHz and
/// higher noise under the music hides the answer.
const SHELF_HZ: [f64; 2] = [500.0, 2000.0];
/// Lowest floor, dBFS.
const MIN_FLOOR_DBFS: f64 = -150.0;

/// What is compared, and when there is an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DelaySetup {
    /// The channels; `None` for left and right front.
    pub pair: Option<ChannelPair>,
    /// Longest delay either way, ms: 0.1 to 100.
    pub max_delay_ms: f64,
    /// Length of a window, s: 0.1 to 60, and at least four times the longest delay.
    pub window_s: f64,
    /// Lowest |c| that is an answer, 0 to 1.
    pub min_correlation: f64,
    /// Largest |c| of another peak that still leaves an answer, as a share of the peak's: 0 to 1.
    pub max_rival: f64,
    /// Mean power (after the filter) at or below which a channel is silent, dBFS: −150 to 0.
    pub floor_dbfs: f64,
}

impl Default for DelaySetup {
    /// Left and right, 20 ms (7 m of air), windows of 3 s, 0.4 and 0.75 (see the limits above), −90 dBFS.
    fn default() -> Self {
        Self {
            pair: None,
            max_delay_ms: 20.0,
            window_s: 3.0,
            min_correlation: 0.4,
            max_rival: 0.75,
            floor_dbfs: -90.0,
        }
    }
}

impl DelaySetup {
    fn validate(&self) -> Result<(), Error> {
        Error::check_range("max_delay_ms", self.max_delay_ms, 0.1, 100.0)?;
        let shortest = (4e-3 * self.max_delay_ms).max(0.1);
        Error::check_range("window_s", self.window_s, shortest, 60.0)?;
        Error::check_range("min_correlation", self.min_correlation, 0.0, 1.0)?;
        Error::check_range("max_rival", self.max_rival, 0.0, 1.0)?;
        Error::check_range("floor_dbfs", self.floor_dbfs, MIN_FLOOR_DBFS, 0.0).map(|_| ())
    }

    /// Frames of history on either side of a lag of 0.
    fn half(&self, stream: &Stream) -> usize {
        stream.frames_of_ms(self.max_delay_ms.clamp(0.0, 100.0)).max(1) + MARGIN
    }
}

/// Finds the delay between two channels of a stream.
///
/// # Example
/// ```
/// use mixcore::analysis::{ChannelDelay, DelaySetup, DelayVerdict};
/// use mixcore::audio::Block;
/// use mixcore::{Layout, Stream};
///
/// // Noise, and the same noise 100 frames later with its polarity turned.
/// let mut seed = 1_u32;
/// let noise: Vec<f32> = (0..96_000)
///     .map(|_| {
///         seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
///         (seed >> 8) as f32 / 8_388_608.0 - 1.0
///     })
///     .collect();
/// let mut late = vec![0.0; 100];
/// late.extend(noise[..95_900].iter().map(|x| -0.5 * x));
/// let stream = Stream::new(48_000.0, Layout::STEREO)?;
/// let mut meter = ChannelDelay::new(DelaySetup::default(), stream)?;
/// meter.push(Block::stereo(&noise, &late)?)?;
/// meter.finish();
/// let whole = meter.measurement();
/// assert_eq!((whole.verdict, whole.inverted), (DelayVerdict::Found, true));
/// assert!((whole.delay_frames.value().unwrap() - 100.0).abs() < 0.01);
/// assert!(whole.confidence.value().unwrap() > 0.5);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct ChannelDelay<'a, S> {
    setup: DelaySetup,
    stream: Stream,
    half: usize,
    window_frames: usize,
    /// The shelf: zero and pole.
    shelf: [f64; 2],
    rows: PairRows<'a, S>,
    memory: Store<'a, f64>,
    /// What the filter of each channel remembers: the last sample, and two states.
    filters: [[f64; 3]; 2],
    /// Frames of the first channel that were compared: they lag by `half` behind what came in.
    compared: u64,
    /// Frames before the first of them that are still in the line.
    ahead: usize,
    filled: usize,
    energy: f64,
    core: f64,
    whole_energy: f64,
    whole_frames: u64,
    window: DelayReadings,
}

/// The parts of the memory in their order: `P` is a slice of f64, to write or to read.
struct Parts<P> {
    /// The first channel: `half` frames of history and a chunk.
    line_a: P,
    /// The second: twice as many, and a chunk.
    line_b: P,
    /// Σ a·b of the window, by lag.
    sums: P,
    /// Σ b² over the frames that a lag of the window looks at.
    energies: P,
    /// The same of all windows.
    whole_sums: P,
    whole_energies: P,
    /// b² around the start of the window.
    head: P,
}

impl<P> Parts<P> {
    /// How long each is.
    fn lengths(half: usize) -> [usize; 7] {
        let lags = 2 * half + 1;
        [half + CHUNK, 2 * half + CHUNK, lags, lags, lags, lags, 2 * half]
    }

    fn of([line_a, line_b, sums, energies, whole_sums, whole_energies, head]: [P; 7]) -> Self {
        Self { line_a, line_b, sums, energies, whole_sums, whole_energies, head }
    }
}

impl<'m> Parts<&'m mut [f64]> {
    fn new(memory: &'m mut [f64], half: usize) -> Self {
        let mut rest = memory;
        Self::of(Self::lengths(half).map(|length| {
            let length = length.min(rest.len());
            let (part, tail) = core::mem::take(&mut rest).split_at_mut(length);
            rest = tail;
            part
        }))
    }
}

impl<'m> Parts<&'m [f64]> {
    fn new(memory: &'m [f64], half: usize) -> Self {
        let mut rest = memory;
        Self::of(Self::lengths(half).map(|length| {
            let (part, tail) = rest.split_at(length.min(rest.len()));
            rest = tail;
            part
        }))
    }
}

impl<S: Sample> ChannelDelay<'static, S> {
    /// A meter with memory of its own.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, a setup outside its ranges, or a pair that the layout does not
    /// have.
    #[cfg(feature = "alloc")]
    pub fn new(setup: DelaySetup, stream: Stream) -> Result<Self, Error> {
        setup.validate()?;
        stream.validate()?;
        let need = Self::required_len(&setup, &stream);
        let (rows, memory) =
            (Store::owned(need.samples, S::zero()), Store::owned(need.history, 0.0));
        Self::with_stores(setup, stream, rows, memory)
    }
}

impl<'a, S: Sample> ChannelDelay<'a, S> {
    /// Memory that [`ChannelDelay::new_in`] needs: samples for what waits, f64 numbers for lines and
    /// lags.
    #[must_use]
    pub fn required_len(setup: &DelaySetup, stream: &Stream) -> MeterStorage {
        MeterStorage {
            samples: 2 * CHUNK,
            history: Parts::<&[f64]>::lengths(setup.half(stream)).iter().sum(),
        }
    }

    /// A meter in lent memory of at least [`ChannelDelay::required_len`].
    ///
    /// # Errors
    /// As [`ChannelDelay::new`], or too little memory.
    pub fn new_in(
        setup: DelaySetup,
        stream: Stream,
        samples: &'a mut [S],
        memory: &'a mut [f64],
    ) -> Result<Self, Error> {
        setup.validate()?;
        stream.validate()?;
        let need = Self::required_len(&setup, &stream);
        let rows = Store::lent("delay sample", samples, need.samples, S::zero())?;
        let memory = Store::lent("delay lag", memory, need.history, 0.0)?;
        Self::with_stores(setup, stream, rows, memory)
    }

    fn with_stores(
        setup: DelaySetup,
        stream: Stream,
        rows: Store<'a, S>,
        memory: Store<'a, f64>,
    ) -> Result<Self, Error> {
        let pair = ChannelPair::resolve(setup.pair, &stream)?;
        let half = setup.half(&stream);
        let window_frames = stream.frames_of_ms(1000.0 * setup.window_s);
        let mut meter = Self {
            setup,
            stream,
            half,
            window_frames,
            shelf: SHELF_HZ.map(|hz| math::exp(-2.0 * math::PI * hz / stream.rate_hz)),
            rows: PairRows::new(pair, stream.isa, rows),
            memory,
            filters: [[0.0; 3]; 2],
            compared: 0,
            ahead: half,
            filled: 0,
            energy: 0.0,
            core: 0.0,
            whole_energy: 0.0,
            whole_frames: 0,
            window: DelayReadings::none(DelayVerdict::TooShort, Reading::NotApplicable),
        };
        meter.window = meter.too_short();
        Ok(meter)
    }

    fn too_short(&self) -> DelayReadings {
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        let have_s = self.rows.frames() as f64 / self.stream.rate_hz;
        let need_s = self.setup.window_s + 1e-3 * self.setup.max_delay_ms;
        DelayReadings::none(DelayVerdict::TooShort, Reading::TooShort { have_s, need_s })
    }

    /// Compares one block of any length.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// Another number of channels than the stream's; nothing is compared then.
    pub fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        block.check_channels("block", self.stream.channel_count())?;
        let mut at = 0;
        while at < block.frames() {
            at += self.rows.take(&block, at, CHUNK);
            if self.rows.fill() == CHUNK {
                self.compare_waiting();
            }
        }
        Ok(())
    }

    /// Lets silence follow, so that the last frames are compared too, and closes the last window.
    ///
    /// To be called once, after the last block. A last window that is shorter counts for the whole
    /// unless it is shorter than twice the range.
    ///
    /// # Real time
    /// Does not allocate.
    pub fn finish(&mut self) {
        self.compare_waiting();
        let mut left = self.half;
        while left > 0 {
            let take = left.min(CHUNK);
            self.compare(&[0.0; CHUNK][..take], &[0.0; CHUNK][..take]);
            left -= take;
        }
        if self.filled >= 2 * self.half {
            self.close_window(0);
        }
    }

    /// Compares the frames that wait.
    fn compare_waiting(&mut self) {
        let (left, right) = self.rows.rows();
        let (mut a, mut b) = ([0.0; CHUNK], [0.0; CHUNK]);
        let taken = left.len();
        for ((to, row), filter) in
            [(&mut a, left), (&mut b, right)].into_iter().zip(&mut self.filters)
        {
            let [zero, pole] = self.shelf;
            let [mut last, mut sum, mut out] = *filter;
            for (to, x) in to.iter_mut().zip(row) {
                let x = x.as_f64();
                let next = x + last;
                out = (next - zero * sum) + pole * out;
                (last, sum) = (x, next);
                *to = out;
            }
            let [out] = kernels::settled([out]);
            *filter = [last, sum, out];
        }
        self.rows.clear();
        self.compare(a.get(..taken).unwrap_or_default(), b.get(..taken).unwrap_or_default());
    }

    /// Compares a chunk of both channels, at most [`CHUNK`] frames.
    fn compare(&mut self, a: &[f64], b: &[f64]) {
        let half = self.half;
        let frames = a.len();
        let parts = Parts::<&mut [f64]>::new(&mut self.memory, half);
        for (line, history, fresh) in [(parts.line_a, half, a), (parts.line_b, 2 * half, b)] {
            if let Some(free) = line.get_mut(history..history + frames) {
                free.iter_mut().zip(fresh).for_each(|(free, fresh)| *free = *fresh);
            }
        }
        // The first frames that come out of the line lie before the start.
        let mut at = self.ahead.min(frames);
        self.ahead -= at;
        while at < frames {
            let take = (self.window_frames - self.filled).min(frames - at);
            self.compare_part(at, take);
            at += take;
            if self.filled == self.window_frames {
                self.close_window(at);
            }
        }
        let parts = Parts::<&mut [f64]>::new(&mut self.memory, half);
        for (line, history) in [(parts.line_a, half), (parts.line_b, 2 * half)] {
            move_to_front(line.get_mut(..history + frames).unwrap_or_default(), frames);
        }
    }

    /// Adds `take` frames of the lines from `at` on to the window.
    fn compare_part(&mut self, at: usize, take: usize) {
        let half = self.half;
        let Parts { line_a, line_b, sums, head, .. } =
            Parts::<&mut [f64]>::new(&mut self.memory, half);
        let a = line_a.get(at..at + take).unwrap_or_default();
        let b = line_b.get(at..at + take + 2 * half).unwrap_or_default();
        if self.filled == 0 {
            squares(b, head);
        }
        lag_products(self.stream.isa, a, b, sums);
        for (position, (a, b)) in (self.filled..).zip(a.iter().zip(b)) {
            self.energy += a * a;
            if position >= 2 * half {
                // What every lag of the window looks at, `half` frames late.
                self.core += b * b;
            }
        }
        self.filled += take;
        self.compared += take as u64;
    }

    /// Reads the window, adds it to the whole, and starts the next; the frame after its last one is at
    /// `at` in the line of the first channel.
    fn close_window(&mut self, at: usize) {
        let half = self.half;
        let Parts { line_b, sums, energies, whole_sums, whole_energies, head, .. } =
            Parts::<&mut [f64]>::new(&mut self.memory, half);
        // Σ b² of lag k: the head from k on, the core, and the tail before k.
        let mut late = 0.0;
        let from_end = [0.0].into_iter().chain(head.iter().rev().copied());
        for (energy, square) in energies.iter_mut().rev().zip(from_end) {
            late += square;
            *energy = late + self.core;
        }
        let tail = line_b.get(at..at + 2 * half).unwrap_or_default();
        let mut early = 0.0;
        for (energy, b) in energies.iter_mut().zip([0.0].iter().chain(tail)) {
            early += b * b;
            *energy += early;
        }
        for (whole, part) in whole_sums.iter_mut().zip(sums.iter()) {
            *whole += part;
        }
        for (whole, part) in whole_energies.iter_mut().zip(energies.iter()) {
            *whole += part;
        }
        self.whole_energy += self.energy;
        self.whole_frames += self.filled as u64;
        if self.filled == self.window_frames {
            let Parts { sums, energies, .. } = Parts::<&mut [f64]>::new(&mut self.memory, half);
            let curve = Curve { sums, energies, energy: self.energy, half };
            self.window = curve.read(&self.setup, self.stream.rate_hz, self.filled as u64);
        }
        Parts::<&mut [f64]>::new(&mut self.memory, half).sums.fill(0.0);
        (self.filled, self.energy, self.core) = (0, 0.0, 0.0);
    }

    /// Starts anew; the memory is kept.
    pub fn reset(&mut self) {
        self.rows.reset();
        self.memory.fill(0.0);
        self.filters = [[0.0; 3]; 2];
        (self.compared, self.ahead, self.filled) = (0, self.half, 0);
        (self.energy, self.core, self.whole_energy, self.whole_frames) = (0.0, 0.0, 0.0, 0);
        self.window = self.too_short();
    }

    /// What it was made for.
    #[must_use]
    pub fn setup(&self) -> DelaySetup {
        self.setup
    }

    /// Frames pushed so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.rows.frames()
    }

    /// Samples of the pair so far that were not finite or beyond 1e6 and were taken as 0.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.rows.faults()
    }

    /// The delay over the last whole window.
    #[must_use]
    pub fn window_measurement(&self) -> DelayReadings {
        if self.compared < self.window_frames as u64 { self.too_short() } else { self.window }
    }

    /// The delay over all windows that are closed.
    #[must_use]
    pub fn measurement(&self) -> DelayReadings {
        if self.whole_frames == 0 {
            return self.too_short();
        }
        let parts = Parts::<&[f64]>::new(&self.memory, self.half);
        let (sums, energies) = (parts.whole_sums, parts.whole_energies);
        let curve = Curve { sums, energies, energy: self.whole_energy, half: self.half };
        curve.read(&self.setup, self.stream.rate_hz, self.whole_frames)
    }
}

fn squares(from: &[f64], to: &mut [f64]) {
    for (to, x) in to.iter_mut().zip(from) {
        *to = x * x;
    }
}
